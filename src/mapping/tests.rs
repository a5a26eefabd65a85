//! What expressions mean, as tables over one entry; and what the compiler says, word for word.

use super::{Attributes, Context, Program, Sample, Value};
use crate::clock::Instant;
use crate::identity::population::{BatchBuilder, Draft, Population, RowIx, Schema};
use std::borrow::Cow;

const CX: Context = Context { now: Instant(1_795_315_222) };

const ENTRY: &[(&str, &[&str])] = &[
    ("givenName", &["Ann"]),
    ("sn", &["Lee"]),
    ("cn", &["Zoë Lee"]),
    ("mail", &["Ann.Lee@Example.com", "ann@example.org"]),
    ("employeeNumber", &["0042"]),
    ("blank", &["  ", ""]),
    ("late", &[" ", "there"]),
    ("dn", &["an attribute"]),
    ("ms-DS-ConsistencyGuid", &["abc"]),
];

fn entry() -> (Schema, Sample) {
    let mut schema = Schema::default();
    let mut sample = Sample::new(&mut schema, ENTRY);
    sample.dn = "cn=Ann Lee,dc=example".to_owned();
    sample.id = "4711".to_owned();
    (schema, sample)
}

fn run(source: &str) -> String {
    let (mut schema, sample) = entry();
    let program = Program::compile(source, &mut schema).unwrap_or_else(|e| panic!("{}", e.into_error(source, "f")));
    match program.eval(&sample, &CX) {
        Ok(value) => value.shown(),
        Err(error) => format!("error at `{}`: {}", &source[error.span], error.message),
    }
}

#[test]
fn expressions_yield_what_the_page_says() {
    for (source, value) in [
        // names
        ("SN", "'Lee'"),
        ("attr['MS-ds-consistencyguid']", "'abc'"),
        ("late", "'there'"),
        ("all('late')", "['there']"),
        ("all(mail)", "['Ann.Lee@Example.com', 'ann@example.org']"),
        ("dn", "'cn=Ann Lee,dc=example'"),
        ("attr['dn']", "'an attribute'"),
        ("entry_id", "'4711'"),
        // precedence
        ("'a' ~ sn | upper", "'aLEE'"),
        ("('a' ~ sn) | upper", "'ALEE'"),
        ("1 + 2 * 3", "7"),
        ("'n' ~ 2 * 3", "'n6'"),
        ("-2 * -3", "6"),
        ("1 - 2 - 3", "-4"),
        ("not false and false", "false"),
        ("true or true and false", "true"),
        ("not 'a' == 'b'", "true"),
        ("'x' if false else 'y' if false else 'z'", "'z'"),
        ("-1 | pad(3, '0')", "'0-1'"),
        ("sn[0] | lower", "'l'"),
        ("(sn | lower)[0]", "'l'"),
        // text, list, places
        ("cn[2]", "'ë'"),
        ("cn[-1]", "'e'"),
        ("cn[99]", "missing"),
        ("cn[-99]", "missing"),
        ("cn[1:3]", "'oë'"),
        ("cn[-3:]", "'Lee'"),
        ("cn[:-4]", "'Zoë'"),
        ("cn[5:2]", "''"),
        ("all('mail')[1]", "'ann@example.org'"),
        ("all('mail')[1:]", "['ann@example.org']"),
        ("mail[0]", "'A'"),
        ("['a'] + ['b',]", "['a', 'b']"),
        ("'ee' in sn", "true"),
        ("'e' not in [sn, 'x']", "true"),
        ("sn < 'Lef' and 2 >= 2 and 'a' != 'b'", "true"),
        ("all('mail') | mail_domain | lower | unique", "['example.com', 'example.org']"),
        ("all('mail') | extract('^ann@(.*)')", "['example.org']"),
        ("substr(cn, -3)", "'Lee'"),
        ("substr(cn, 2, 2)", "'oë'"),
        ("right(cn, 99)", "'Zoë Lee'"),
        ("word(cn, 3)", "missing"),
        ("word('a-b.c', 2, '-.')", "'b'"),
        ("pad(sn, -5, '.')", "'Lee..'"),
        ("extract(mail, '(\\\\w+)@') ~ '/' ~ extract(mail, '@.*')", "'Lee/@Example.com'"),
        ("extract(sn, '(x)?L')", "missing"),
        ("nth(mail, -1)", "'ann@example.org'"),
        ("nth(mail, 3)", "missing"),
        ("nth(mail, -3)", "missing"),
        ("sn | default('x') | first", "'Lee'"),
        ("to_int(employeeNumber) + 1 == 43", "true"),
        ("1 ~ true ~ 'x'", "'1truex'"),
        ("switch(sn, 'lee', 1, 'Lee', 2, 3)", "2"),
        ("switch(sn, 'x', 1)", "missing"),
        ("lookup(sn, 'x', 1, 3)", "3"),
        ("if(sn == 'Lee', 'a')", "'a'"),
        // missing
        ("nobody", "missing"),
        ("blank", "missing"),
        ("sn ~ nobody", "missing"),
        ("nobody ~ fail('not reached')", "missing"),
        ("lower(nobody)", "missing"),
        ("nobody[0]", "missing"),
        ("[sn, nobody]", "missing"),
        ("sn == nobody", "missing"),
        ("nobody == 'x' or true", "missing"),
        ("true or nobody == 'x'", "true"),
        ("(nobody == 'x') | default(false)", "false"),
        ("pad(sn, to_int(nobody))", "missing"),
        ("switch(nobody, 'x', 1, 3)", "missing"),
        ("1 if nobody == 'x' else 2", "2"),
        ("1 if nobody != 'x' else 2", "1"),
        ("1 if not nobody == 'x' else 2", "1"),
        ("1 if nobody < 'x' else 2", "2"),
        ("1 if nobody in ['x'] else 2", "2"),
        ("1 if 'x' not in nobody else 2", "1"),
        ("1 if nobody == none else 2", "1"),
        ("1 if nobody == blank else 2", "1"),
        ("1 if starts(nobody, 'x') else 2", "2"),
        ("1 if not starts(nobody, 'x') else 2", "1"),
        ("1 if lower(nobody) == 'x' or sn == 'Lee' else 2", "1"),
        ("if(nobody == 'x', 1, 2)", "2"),
        ("1 if false", "missing"),
        ("coalesce(nobody, blank, remove_spaces(' '), sn)", "'Lee'"),
        ("coalesce(nobody, blank)", "missing"),
        ("(nobody ~ 'x') | default('y')", "'y'"),
        ("all('nobody')", "[]"),
        ("count(nobody)", "0"),
        ("all('nobody') | default('none')", "'none'"),
        ("in_group(nobody, 'cn=x')", "false"),
        ("join(nobody, ',')", "missing"),
        ("join([sn, '', givenName], ' ')", "'Lee Ann'"),
        ("present(blank) or empty(nobody)", "true"),
        ("trim(' ')", "''"),
        ("mail | after('#')", "missing"),
        ("mail | before('#')", "'Ann.Lee@Example.com'"),
        // keep and clear go through
        ("keep() ~ 'x'", "keep"),
        ("lower(clear())", "clear"),
        ("coalesce(nobody, clear(), sn)", "clear"),
        // failures
        ("to_int(sn)", "error at `sn`: 'Lee' is not a whole number"),
        ("only(mail)", "error at `only(mail)`: there are 2 values, one at most is allowed: 'Ann.Lee@Example.com', 'ann@example.org' ..."),
        ("coalesce(nobody, fail('why'))", "error at `fail('why')`: why"),
        ("require(blank)", "error at `require(blank)`: a required value is missing"),
        ("9223372036854775807 + 1", "error at `9223372036854775807 + 1`: the number is too large"),
        ("coalesce(1, sn) == 'x'", "error at `coalesce(1, sn) == 'x'`: a number cannot be compared with a text this way"),
        ("1 if coalesce(sn, true) else 2", "error at `coalesce(sn, true)`: true or false is wanted here, this is a text"),
        ("1 if keep() else 2", "error at `keep()`: a condition cannot be keep()"),
        ("left(sn, -1)", "error at `left(sn, -1)`: -1 is no count of characters"),
        ("substr(sn, 0)", "error at `substr(sn, 0)`: places count from 1 (or from -1 at the end)"),
        ("replace(sn, '', 'x')", "error at `replace(sn, '', 'x')`: there is nothing to look for"),
        ("pad('x', 70000)", "error at `pad('x', 70000)`: the text would be longer than 64 KiB"),
        ("'x' | pad(60000) | hex", "error at `'x' | pad(60000) | hex`: the text would be longer than 64 KiB"),
        ("pad('x', 40000) ~ pad('x', 40000)", "error at `pad('x', 40000) ~ pad('x', 40000)`: the text would be longer than 64 KiB"),
    ] {
        assert_eq!(run(source), value, "{source}");
    }
}

#[test]
fn the_compiler_tells_what_is_wrong_where_and_what_to_write() {
    let table = [
        "rule of f: the expression is empty\n    \n    ^\n  hint: write '' for an empty text, none for no value",
        "rule of f: there is no function `uper`\n    sn | uper\n         ^^^^\n  hint: did you mean `upper`?",
        "rule of f: there is no function `xyzzy`\n    xyzzy(sn)\n    ^^^^^\n  hint: `rosterm functions` lists them",
        "rule of f: `left` is called with 1 arguments\n    sn | left\n         ^^^^\n  hint: write left(text, count); a piped value is the first argument",
        "rule of f: `now` is called with 1 arguments\n    now(sn)\n    ^^^\n  hint: write now(); a piped value is the first argument",
        "rule of f: `count` of left(text, count) cannot be a text\n    left(sn, '1')\n             ^^^\n  hint: write a number without quotes, or to_int(x)",
        "rule of f: `text` of starts(text, part) cannot be a list\n    starts(all('mail'), 'a')\n           ^^^^^^^^^^^\n  hint: choose one value with first(x), or make one text with join(x, ', ')",
        "rule of f: a text cannot be compared with a number this way\n    'Zoë' ~ '' == 1\n    ^^^^^^^^^^^^^^^\n  hint: attributes are texts: write the number in quotes, or to_int(x)",
        "rule of f: a text cannot be compared with true or false this way\n    'a' if lock == true\n           ^^^^^^^^^^^^\n  hint: attributes are texts: write 'TRUE' in quotes, or to_bool(x)",
        "rule of f: a condition wants true or false, this is a text\n    'a' if mail else 'b'\n           ^^^^\n  hint: write present(mail), or compare it with something",
        "rule of f: `or` wants true or false, this is a text\n    mail or sn\n    ^^^^\n  hint: for the first value that is there write coalesce(a, b)",
        "rule of f: a comparison with none is always missing here\n    sn == none\n    ^^^^^^^^^^\n  hint: write empty(sn) or present(sn)",
        "rule of f: a number is wanted here, this is a text\n    givenName + sn\n    ^^^^^^^^^\n  hint: write `~` to join texts, to_int(x) to calculate",
        "rule of f: a number is wanted here, this is a text\n    ms-DS-Guid\n    ^^\n  hint: for the attribute write attr[\"ms-DS-Guid\"]",
        "rule of f: `~` joins texts, this is a list\n    'a' ~ all('b')\n          ^^^^^^^^\n  hint: choose with first(x), or make one text with join(x, ', '); lists are put together with +",
        "rule of f: a list holds texts, this is a number\n    [1]\n     ^\n  hint: write it in quotes",
        "rule of f: the pattern '(' cannot be used: unclosed group\n    matches(sn, '(')\n                ^^^",
        "rule of f: the pattern has to be written in quotes\n    matches(sn, cn)\n                ^^",
        "rule of f: there is no account flag 'disable'\n    uac(x, 'disable')\n           ^^^^^^^^^\n  hint: did you mean 'disabled'?",
        "rule of f: this is not a DN\n    in_group(x, 'staff')\n                ^^^^^^^\n  hint: write the whole DN of the group: 'cn=staff,ou=groups,dc=example'",
        "rule of f: expected an operator or the end, found a text\n    givenName ' ' sn\n              ^^^\n  hint: write `~` to join texts, quotes around a text",
        "rule of f: expected an operator or the end, found `is`\n    sn is defined\n       ^^\n  hint: there are no tests; write present(x), empty(x) or a comparison",
        "rule of f: expected an operator or the end, found `<`\n    1 < 2 < 3\n          ^\n  hint: join two comparisons with `and`",
        "rule of f: expected an operator or the end, found `[`\n    sn | lower[0]\n              ^\n  hint: put what stands before it in parentheses",
        "rule of f: expected a value, found the end\n    sn ~ \n         ^",
        "rule of f: expected `,` or `)`, found the end\n    lower(sn\n            ^",
        "rule of f: expected `[`, found the end\n    attr\n        ^\n  hint: write attr[\"name\"]",
        "rule of f: `.` is not a part of the language\n    a.b\n     ^\n  hint: write `attr[\"name\"]` for an attribute with a dot, `~ '.' ~` to join with one",
        "rule of f: only a function can be called\n    'a'(sn)\n    ^^^",
        "rule of f: a slice has no step\n    sn[1:2:3]\n          ^\n  hint: write x[from:to]",
    ];
    for told in table {
        let source = told.lines().nth(1).unwrap_or_default().strip_prefix("    ").unwrap();
        let mut schema = Schema::default();
        let error = Program::compile(source, &mut schema).unwrap_err().into_error(source, "f");
        assert_eq!(error.to_string(), told);
        assert_eq!(error.kind(), crate::error::Kind::Usage);
        assert!(schema.columns().is_empty(), "a refused expression asks for no attribute: {source}");
    }
}

#[test]
fn depth_and_length_are_limited_and_never_overflow_the_stack() {
    let deep = "the expression is nested more than 64 deep";
    for (source, message) in [
        ("(".repeat(9_000), deep),
        ("[".repeat(9_000), deep),
        ("x[".repeat(4_000), deep),
        ("not ".repeat(2_000), deep),
        ("-".repeat(9_000), deep),
        ("f(".repeat(4_000), deep),
        (format!("a{}", " if a else a".repeat(800)), deep),
        (format!("1{}", "+1".repeat(4_000)), deep),
        (format!("a{}", "|trim".repeat(1_900)), deep),
        (format!("true{}", " and true".repeat(1_000)), deep),
        ("x".repeat(10_001), "the expression is longer than 10000 bytes"),
    ] {
        assert_eq!(Program::compile(&source, &mut Schema::default()).unwrap_err().message, message);
    }
    let wide = format!("''{}", "~sn".repeat(3_000));
    assert!(Program::compile(&wide, &mut Schema::default()).is_ok(), "joining is wide, not deep");
}

#[test]
fn a_trace_tells_every_step_and_evaluates_the_same() {
    let (mut schema, sample) = entry();
    let source = "givenName ~ ' ' ~ (sn | upper) if present(mail) else fail(nobody)";
    let program = Program::compile(source, &mut schema).unwrap();
    let (result, steps) = program.trace(&sample, &CX);
    assert_eq!(result, program.eval(&sample, &CX));
    let told: Vec<_> = steps.iter().map(|s| format!("{} -> {}", s.text, s.value)).collect();
    assert_eq!(
        told,
        [
            "mail -> 'Ann.Lee@Example.com'",
            "present(mail) -> true",
            "givenName -> 'Ann'",
            "sn -> 'Lee'",
            "(sn | upper) -> 'LEE'",
            "givenName ~ ' ' ~ (sn | upper) -> 'Ann LEE'",
            "givenName ~ ' ' ~ (sn | upper) if present(mail) else fail(nobody) -> 'Ann LEE'",
        ]
    );
    let failing = Program::compile("to_int(sn) + 1", &mut schema).unwrap();
    let (_, steps) = failing.trace(&sample, &CX);
    assert_eq!(steps.last().map(|s| s.value.as_str()), Some("error: 'Lee' is not a whole number"));
}

#[test]
fn a_program_names_what_it_reads() {
    let mut schema = Schema::default();
    let program = Program::compile("coalesce(mail, MAIL, all('sn')[0], attr['x-y'], dn)", &mut schema).unwrap();
    assert_eq!(program.attributes(), [0, 1, 2]);
    assert_eq!(schema.columns().iter().map(ToString::to_string).collect::<Vec<_>>(), ["mail", "sn", "x-y"]);
    assert_eq!(program.single_attribute(), None);
    for (source, slot) in [("SN", Some(1)), ("(attr['sn'])", Some(1)), ("sn | lower", None), ("'x'", None), ("dn", None)] {
        assert_eq!(Program::compile(source, &mut schema).unwrap().single_attribute(), slot, "{source}");
    }
}

#[test]
fn what_is_a_part_of_the_entry_is_borrowed_from_the_population() {
    let mut schema = Schema::default();
    let programs: Vec<_> = [
        "mail",
        "nobody | default(mail)",
        "mail | trim | lower | mail_local",
        "mail[2:5]",
        "mail[0]",
        "extract(mail, 'a(.)')",
        "mail if present(mail) else 'x'",
        "'literal'",
        "first(mail)",
        "word(mail, 1, '@')",
        "cn(dn)",
        "'a' ~ mail if false else mail",
    ]
    .into_iter()
    .map(|source| Program::compile(source, &mut schema).unwrap())
    .collect();
    let mut builder = BatchBuilder::new(&schema);
    let mut draft = Draft::default();
    draft.begin("1", "cn=ann,dc=x");
    draft.push(schema.column("mail").unwrap(), "ann@example.com");
    builder.push(&mut draft);
    let mut population = Population::new(schema);
    population.absorb(&builder.seal(), |_, _| ());
    for program in &programs {
        // The row is a handle that ends here; the value lives as long as the population.
        let value = {
            let row = population.row(RowIx(0));
            program.eval(row, &CX)
        };
        assert!(matches!(value, Ok(Value::Text(Cow::Borrowed(_)))), "{}: {value:?}", program.source());
    }
    let row = population.row(RowIx(0));
    assert_eq!((Attributes::id(row), Attributes::dn(row)), ("1", "cn=ann,dc=x"));
}
