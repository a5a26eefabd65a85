//! Laws: no text panics the parser, evaluation and trace agree, and minijinja, the language's model, yields the same on
//! what both have. Where they differ on purpose (missing values outside conditions, blanks, types) nothing is generated;
//! docs/expressions.md lists the differences.

use super::{Context, Outcome, Program, Sample, Seen, Value, functions};
use crate::clock::Instant;
use crate::identity::population::Schema;
use proptest::prelude::*;
use std::borrow::Cow;

const CX: Context = Context { now: Instant(1_795_315_222) };

/// Pieces that make texts which look like expressions, right and wrong.
const PIECES: [&str; 56] = [
    "sn",
    "mail",
    "nobody",
    "attr['x-y']",
    "dn",
    "'a'",
    "\"é\"",
    "''",
    "0",
    "1",
    "42",
    "-",
    "9223372036854775807",
    "true",
    "none",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "|",
    "~",
    "+",
    "*",
    "==",
    "!=",
    "<",
    ">=",
    " in ",
    " not in ",
    " not ",
    " and ",
    " or ",
    " if ",
    " else ",
    "lower",
    "| trim",
    "| upper",
    "| default(",
    "coalesce(",
    "replace(",
    "pad(",
    "all('mail')",
    "split(",
    "nth(",
    "switch(",
    "extract(",
    "'(.)'",
    "word(",
    "time_format(",
    "phone(",
    "country(",
    "\\",
    "\u{0}",
    "😀",
];

fn noise() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24).prop_map(|p| p.concat()),
        1 => prop::collection::vec(prop::sample::select(functions::all().map(|f| f.example.expression).collect::<Vec<_>>()), 1..3)
            .prop_map(|p| p.join(" ~ ")),
        1 => ".{0,60}",
    ]
}

/// What is seen in passing, as `eval` yields it.
fn viewed<'a>(program: &'a Program, sample: &'a Sample) -> Outcome<'a> {
    program.view(sample, &CX, |seen| {
        seen.map(|seen| match seen {
            Seen::Value(value) => value,
            Seen::Built(text) => Value::Text(Cow::Owned(text.to_owned())),
        })
    })
}

/// An entry's values, some of them with odd characters.
fn values() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-zA-ZéßΣ@. 0-9,=;-]{0,12}|\\PC{0,6}", 0..3)
}

fn sample(schema: &mut Schema, sn: &[String], mail: &[String]) -> Sample {
    let refs = |values: &[String]| values.iter().map(|v| v.as_str().to_owned()).collect::<Vec<_>>();
    let (sn, mail) = (refs(sn), refs(mail));
    let sn: Vec<&str> = sn.iter().map(String::as_str).collect();
    let mail: Vec<&str> = mail.iter().map(String::as_str).collect();
    Sample::new(schema, &[("sn", &sn), ("mail", &mail)])
}

/// Texts for conditions, where a missing value is false here and an error in the model: none is missing.
fn conditioned() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        Just("a".to_owned()),
        Just("(b | upper)".to_owned()),
        Just("c ~ 'x'".to_owned()),
        Just("a[0:1]".to_owned()),
        "[abA]{0,2}".prop_map(|t| format!("'{t}'")),
    ]
}

/// A text by an expression of the common subset.
fn texts() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(&["a", "b", "c", "A", "none_here"][..]).prop_map(str::to_owned),
        "[a-zé B]{0,4}".prop_map(|t| format!("'{t}'")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let number = -4i64..5;
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} ~ {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} ~ {b})")),
            (inner.clone(), prop::sample::select(&["lower", "upper", "trim"][..])).prop_map(|(a, f)| format!("({a}) | {f}")),
            (inner.clone(), prop::sample::select(&["lower", "upper", "trim"][..])).prop_map(|(a, f)| format!("({a} | {f})")),
            (inner.clone(), "[aAb]", "[xé]{0,2}").prop_map(|(a, from, to)| format!("({a}) | replace('{from}', '{to}')")),
            (inner.clone(), prop::option::of(number.clone()), prop::option::of(number.clone())).prop_map(|(a, from, to)| {
                let bound = |n: Option<i64>| n.map_or(String::new(), |n| n.to_string());
                format!("({a})[{}:{}]", bound(from), bound(to))
            }),
            (inner.clone(), truths(conditioned()), inner.clone()).prop_map(|(a, c, b)| format!("({a} if {c} else {b})")),
            (inner.clone(), truths(conditioned()), inner.clone(), truths(conditioned()), inner)
                .prop_map(|(a, c, b, d, e)| format!("({a} if {c} else {b} if {d} else {e})")),
            ("[abc]", "[a-z]{1,3}").prop_map(|(a, b)| format!("{a} | default('{b}')")),
            ("[a-z]{1,3}").prop_map(|b| format!("(none_here | default('{b}'))")),
            (number.clone(), number.clone(), number).prop_map(|(a, b, c)| format!("'' ~ ({a} + {b} * {c} - {a})")),
        ]
    })
    .boxed()
}

fn truths(text: impl Strategy<Value = String> + Clone + 'static) -> BoxedStrategy<String> {
    let comparison = (text.clone(), prop::sample::select(&["==", "!="][..]), text.clone());
    // Ordering and `in` over what may be missing is an error or false in the model, depending on the side.
    let literal = "[a-zA-Zé]{0,3}".prop_map(|t| format!("'{t}'"));
    let present = prop_oneof![literal, prop::sample::select(&["a", "b", "c"][..]).prop_map(|n| format!("({n} | upper)"))];
    let leaf = prop_oneof![
        comparison.prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
        (present.clone(), prop::sample::select(&["<", "<=", ">", ">=", "in", "not in"][..]), present.clone())
            .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (present.clone(), present.clone(), present).prop_map(|(a, b, c)| format!("{a} in [{b}, {c}]")),
        Just("true".to_owned()),
        Just("false".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not {a}")),
        ]
    })
    .boxed()
}

/// What minijinja makes of it; `None` where an undefined value was used strictly, which is our missing value.
fn model(source: &str, values: &[(&str, &str)]) -> Result<Option<String>, minijinja::Error> {
    let mut env = minijinja::Environment::new();
    env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let context: minijinja::value::Kwargs = values.iter().map(|(k, v)| (*k, minijinja::Value::from(*v))).collect();
    let outcome = env.compile_expression(source)?.eval(minijinja::Value::from(context));
    match outcome {
        Ok(value) if value.is_undefined() => Ok(None),
        // The model writes truth as Python does.
        Ok(value) if value.kind() == minijinja::value::ValueKind::Bool => Ok(Some(value.is_true().to_string())),
        Ok(value) => Ok(Some(value.to_string())),
        Err(error) if error.kind() == minijinja::ErrorKind::UndefinedError => Ok(None),
        Err(error) => Err(error),
    }
}

fn ours(source: &str, values: &[(&str, &str)]) -> Option<String> {
    let mut schema = Schema::default();
    let attributes: Vec<(&str, Vec<&str>)> = values.iter().filter(|(k, _)| *k != "A").map(|(k, v)| (*k, vec![*v])).collect();
    let attributes: Vec<(&str, &[&str])> = attributes.iter().map(|(k, v)| (*k, v.as_slice())).collect();
    let sample = Sample::new(&mut schema, &attributes);
    let program = Program::compile(source, &mut schema).unwrap_or_else(|e| panic!("{}", e.into_error(source, "f")));
    let value = program.eval(&sample, &CX);
    assert_eq!(viewed(&program, &sample), value, "{source}");
    match value.unwrap_or_else(|e| panic!("{source}: {e:?}")) {
        Value::Missing => None,
        Value::Text(text) => Some(text.into_owned()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Int(n) => Some(n.to_string()),
        other => panic!("{source}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_the_trace_agrees(source in noise(), sn in values(), mail in values()) {
        let mut schema = Schema::default();
        let sample = sample(&mut schema, &sn, &mail);
        match Program::compile(&source, &mut schema) {
            Ok(program) => {
                let value = program.eval(&sample, &CX);
                prop_assert_eq!(&program.trace(&sample, &CX).0, &value);
                prop_assert_eq!(&viewed(&program, &sample), &value);
                if let Err(error) = value {
                    prop_assert!(source.get(error.span).is_some());
                }
            }
            Err(error) => {
                prop_assert!(source.get(error.span.clone()).is_some(), "{:?}", error);
                let _ = error.into_error(&source, "f").to_string();
            }
        }
    }

    #[test]
    fn texts_are_those_of_minijinja(source in texts(), a in "[a-zA-Zé]{1,5}", b in "[a-zA-Z]{1,2} [ß ]?[a-z]", c in "[abAB]{1,3}") {
        // Names in another letter case are the same attribute here, another variable there.
        let values = [("a", a.as_str()), ("b", b.as_str()), ("c", c.as_str()), ("A", a.as_str())];
        // Deeper than the limit is no expression here.
        prop_assume!(!matches!(Program::compile(&source, &mut Schema::default()), Err(e) if e.message.contains("nested")));
        match model(&source, &values) {
            Ok(told) => prop_assert_eq!(ours(&source, &values), told, "{}", source),
            Err(error) => prop_assert!(false, "{source}: {error}"),
        }
    }

    #[test]
    fn truth_is_that_of_minijinja(source in truths("[abc]|'[a-zA]{0,2}'"), a in "[a-zA-Z]{1,3}", b in "[ab]", c in "[abAB]{1,3}") {
        let values = [("a", a.as_str()), ("b", b.as_str()), ("c", c.as_str())];
        let told = model(&source, &values).map_err(|e| e.to_string());
        prop_assert_eq!(Ok(ours(&source, &values)), told, "{}", source);
    }
}

/// A line of "Different from Jinja" in docs/expressions.md, as it begins, with an expression that shows it and what both make
/// of it. Attributes: `a` is `x`, `n` is `7`, `blank` is a blank. `error` is one at compile time, `failure` one for the user.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("a missing value makes the whole missing", "a ~ nobody", "missing", "x"),
    ("in a condition, a missing value is neither less nor greater", "1 if nobody < 'x' else 2", "2", "1"),
    ("letter case of an attribute's name does not matter", "A", "x", ""),
    ("comparing a text with a number is an error", "n == 7", "error", "False"),
    ("a condition is true or false", "1 if a else 2", "error", "1"),
    ("`and`, `or` take and yield truth", "nobody or a", "error", "x"),
    ("`default` also replaces blank texts", "blank | default('y')", "y", " "),
    ("an unknown function is an error when the rule is loaded", "'a' if true else (a | uper)", "error", "a"),
    ("`title == none` only in a condition", "a == none", "error", "False"),
    ("no tests", "a is defined", "error", "True"),
    ("no tests", "1 < 2 < 3", "error", "True"),
    ("no tests", "a[::2]", "error", "x"),
    ("no tests", "7 / 2", "error", "3.5"),
    ("no tests", "{'a': 1}", "error", "{'a': 1}"),
    ("`if(c, a, b)` is a function too", "if(true, a, n)", "x", "failure"),
    ("`\\b`, `\\f`", "'\\b'", "\\b", "\u{8}"),
    ("`~` writes truth", "'' ~ true", "true", "True"),
    ("functions have their own arguments", "replace('aaa', 'a', 'b')", "bbb", "failure"),
    ("an expression is at most", "LONG", "error", "x"),
];

#[test]
fn the_page_lists_every_difference_and_each_is_one() {
    // The other engine goes down into itself for each part of a long join: without optimisation that takes more than a test has.
    let told = std::thread::Builder::new().stack_size(64 << 20).spawn(differences_are_listed).unwrap().join();
    told.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn differences_are_listed() {
    let values = [("a", "x"), ("n", "7"), ("blank", " ")];
    let long = format!("'x'{}", " ~ ''".repeat(2_500));
    let mut wrong = Vec::new();
    for (_, source, here, there) in DIFFERENT {
        let source = source.replace("LONG", &long);
        let mut schema = Schema::default();
        let attributes: Vec<(&str, &[&str])> = values.iter().map(|(k, v)| (*k, std::slice::from_ref(v))).collect();
        let sample = Sample::new(&mut schema, &attributes);
        let ours = match Program::compile(&source, &mut schema) {
            Err(_) => "error".to_owned(),
            Ok(program) => match program.eval(&sample, &CX) {
                Err(_) => "failure".to_owned(),
                Ok(Value::Text(text)) => text.into_owned(),
                Ok(value) => value.shown(),
            },
        };
        let env = minijinja::Environment::new();
        let context: minijinja::value::Kwargs = values.iter().map(|(k, v)| (*k, minijinja::Value::from(*v))).collect();
        let theirs = match env.compile_expression(&source) {
            Err(_) => "error".to_owned(),
            Ok(program) => program.eval(minijinja::Value::from(context)).map_or_else(|_| "failure".to_owned(), |v| v.to_string()),
        };
        if (ours.as_str(), theirs.as_str()) != (*here, *there) {
            wrong.push(format!("{source}: here {ours}, there {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let page = include_str!("../../docs/expressions.md");
    let table = page.split_once("## Different from Jinja\n").unwrap().1.split_once("\n## ").unwrap().0;
    let lines: Vec<&str> = table.lines().filter_map(|l| l.strip_prefix("| ")).skip(1).collect();
    for (line, ..) in DIFFERENT {
        assert!(lines.iter().any(|l| l.starts_with(line)), "the page does not say: {line}");
    }
    for line in lines {
        assert!(DIFFERENT.iter().any(|(known, ..)| line.starts_with(known)), "no expression shows: {line}");
    }
}
