//! The law: the short way comes to what the rows are made by, for every rule, entry and account.

use super::*;
use crate::config::Config;
use crate::identity::AttributeName;
use crate::identity::population::{BatchBuilder, Draft, Population, RowIx, Schema};
use crate::identity::value::key_hash;
use crate::mapping::Desired;
use crate::mapping::table::no_files;
use crate::model::field::{Field, FieldFormat};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::fmt::Write as _;
use std::path::Path;

/// One turn of the loop that makes the rows.
fn slow(
    rules: &Rules,
    index: usize,
    entry: Row<'_>,
    account: Option<Row<'_>>,
    cx: &Context,
    resolve: &impl Fn(&str) -> Result<String, String>,
) -> Outcome {
    let rule = &rules.rules()[index];
    if account.is_some() && rule.create_only {
        return Outcome::Left;
    }
    if index == rules.match_rule()
        && let Err(problem) = rules.key(entry, cx)
    {
        return Outcome::Problem(problem.code);
    }
    let to = match rules.desired(index, entry, cx) {
        Desired::Keep if account.is_none() && rule.required => return Outcome::Problem(ProblemCode::MissingRequired),
        Desired::Keep => return Outcome::Left,
        Desired::Problem(problem) => return Outcome::Problem(problem.code),
        Desired::Clear => Datum::Unassigned,
        Desired::Value(datum) if rule.field.kind == FieldKind::Reference => match resolve(&datum.plain()) {
            Ok(id) => Datum::Text(id),
            Err(_) => return Outcome::Problem(ProblemCode::Unresolved),
        },
        Desired::Value(datum) => datum,
    };
    if diff::check(&rule.field, &to).is_err() {
        return Outcome::Problem(ProblemCode::InvalidValue);
    }
    let column = u16::try_from(index).unwrap();
    let from = match account {
        None => Datum::Unassigned,
        Some(account) if rule.field.path.eq_ignore_ascii_case("userName") => Datum::text(account.name()),
        Some(account) => diff::typed(&rule.field, account.all(column)),
    };
    if diff::same(&rule.field, rule.case_exact, &from, &to) {
        Outcome::Same
    } else if account.is_some() && rule.field.immutable {
        Outcome::Fixed
    } else if to.is_unassigned() {
        Outcome::Clears
    } else {
        Outcome::Differs
    }
}

fn field(name: &str) -> Field {
    let of = Field::of_path(name);
    match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "userName" => Field { required: true, case_exact: false, ..of },
        "flag" => Field { kind: FieldKind::Bool, ..of },
        "number" => Field { kind: FieldKind::Int, ..of },
        "manyFlags" => Field { kind: FieldKind::Bool, multi: true, ..of },
        "many" => Field { multi: true, ..of },
        "manyFolded" => Field { multi: true, case_exact: false, max_length: Some(4), ..of },
        "manager" => Field { kind: FieldKind::Reference, ..of },
        "managers" => Field { kind: FieldKind::Reference, multi: true, case_exact: false, ..of },
        "fixed" => Field { immutable: true, ..of },
        "fixedMany" => Field { immutable: true, multi: true, ..of },
        "folded" => Field { case_exact: false, ..of },
        "short" => Field { max_length: Some(3), min_length: Some(2), ..of },
        "mail" => Field { format: Some(FieldFormat::Email), case_exact: false, ..of },
        "url" => Field { format: Some(FieldFormat::Url), ..of },
        "country" => Field { format: Some(FieldFormat::Country), ..of },
        "chosen" => Field { choices: vec!["a".into(), "É".into()], ..of },
        "password" => Field { write_only: true, ..of },
        _ => of,
    }
}

const VALUES: &[&str] = &[
    "a",
    "b",
    "a | lower",
    "a ~ b",
    "a ~ '.' ~ (b | lower)",
    "(a ~ ' ' ~ b) | lower",
    "coalesce(c, a | lower, b ~ ' ')",
    "a ~ b if present(c) else (c | lower)",
    "all('a')",
    "all('a') + all('b')",
    "all('a') | lower",
    "a == b",
    "present(a)",
    "to_int(a) + 1",
    "to_bool(a)",
    "length(a)",
    "a | upper | trim",
    "keep() if present(a) else clear()",
    "keep() if present(b) else a",
    "require(a)",
    "'  '",
    "a[0:2]",
    "(a ~ ' ')[0:0]",
    "dn",
    "a ~ keep()",
    "a ~ to_int(b)",
];

const FIELDS: &[&str] = &[
    "title",
    "flag",
    "number",
    "manyFlags",
    "many",
    "manyFolded",
    "manager",
    "managers",
    "fixed",
    "fixedMany",
    "folded",
    "short",
    "mail",
    "url",
    "country",
    "chosen",
    "password",
];

fn extras() -> impl Strategy<Value = String> {
    prop::sample::select(
        &[
            "",
            "",
            "",
            "default = 'a'",
            "default = 'true'",
            "default = '7'",
            "when_missing = 'keep'",
            "required = true",
            "required = true, when_missing = 'keep'",
            "create_only = true",
            "masked = true",
            "case_exact = true",
            "case_exact = false",
        ][..],
    )
    .prop_map(str::to_owned)
}

/// A mapping: fields, each with a value or a default and how it is treated.
fn mapping() -> impl Strategy<Value = String> {
    let rule = (prop::sample::select(FIELDS), prop::option::weighted(0.95, prop::sample::select(VALUES)), extras());
    let name = (prop::sample::select(VALUES), extras());
    (name, prop::collection::vec(rule, 1..10)).prop_map(|((value, extra), rules)| {
        let mut out = String::new();
        let mut add = |field: String, value: Option<&str>, extra: &str| {
            let value = value.map(|v| format!("value = \"{v}\"")).or_else(|| extra.is_empty().then(|| "default = 'a'".to_owned()));
            let parts: Vec<String> = value.into_iter().chain(Some(extra.to_owned()).filter(|e| !e.is_empty())).collect();
            let _ = writeln!(out, "{field} = {{ {} }}", parts.join(", "));
        };
        add("userName".to_owned(), Some(value), &extra);
        for (i, (field, value, extra)) in rules.into_iter().enumerate() {
            add(format!("{field}{i}"), value, &extra);
        }
        out
    })
}

fn compiled(mapping: &str) -> Option<Rules> {
    let text = format!(
        "[channels.x.source]\ntype = \"ldif\"\npath = \"x\"\n[channels.x.source.location]\nbase_dn = \"dc=x\"\n[channels.x.target]\nconnector = \"scim2\"\nbase_url = \"https://x\"\nauth = \"none\"\n[channels.x.mapping]\n{mapping}"
    );
    let config = Config::parse(Path::new("r.toml"), &text).ok()?;
    Rules::compile(&config.channels[0].mapping, "userName", |name| Ok(field(name)), &no_files).ok()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[aAbB]{1,2}",
        1 => "[ aÉéE\\u{301}ſ\\u{212a}k]{0,4}",
        1 => prop::sample::select(&["true", "TRUE", "0", "7", "07", "falſe", "a@b.c", "A@B.C", "a@b..c", "https://x", "DE", " ", "aaaa", "ΣΑΣ"][..])
            .prop_map(str::to_owned),
    ]
}

fn values() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![3 => prop::collection::vec(text(), 0..2), 1 => prop::collection::vec(text(), 0..4), 1 => prop::collection::vec("[ab]{5}", 15..20)]
}

/// One row of these columns.
fn population(columns: usize, name: &str, values: &[Vec<String>]) -> Population {
    let schema = Schema::new((0..columns).map(|i| AttributeName::new(format!("c{i}"))));
    let (mut builder, mut draft) = (BatchBuilder::new(&schema), Draft::default());
    draft.begin("1", name);
    for (column, values) in (0u16..).zip(values.iter().take(columns)) {
        for value in values {
            draft.push(column, value);
        }
    }
    builder.push(&mut draft);
    let mut population = Population::new(schema);
    population.absorb(&builder.seal(), |_, _| ());
    population
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]
    #[test]
    fn comparing_comes_to_what_the_rows_are_made_by(
        mapping in mapping(),
        entry in prop::collection::vec(values(), 3),
        has_account in any::<bool>(),
        name in text(),
        own in prop::collection::vec(values(), 11),
        copied in any::<bool>(),
    ) {
        let Some(rules) = compiled(&mapping) else { return Ok(()) };
        let cx = Context { now: crate::clock::Instant(0) };
        let entries = population(rules.schema().columns().len(), &name, &entry);
        let entry = entries.row(RowIx(0));
        // An account that has what the rules want, in other letters, or one that has anything.
        let stored: Vec<Vec<String>> = (0..rules.rules().len())
            .map(|index| match rules.desired(index, entry, &cx) {
                Desired::Value(Datum::Many(values)) if copied => values.iter().rev().map(|v| v.to_uppercase()).collect(),
                Desired::Value(value) if copied => vec![format!(" {}", value.plain())],
                _ => own[index].clone(),
            })
            .collect();
        let accounts = population(rules.rules().len(), &name.to_uppercase(), &stored);
        let account = has_account.then(|| accounts.row(RowIx(0)));
        let resolve = |who: &str| match who {
            "b" => Err("is nobody".to_owned()),
            "B" => Ok(" ".to_owned()),
            who => Ok(who.to_uppercase()),
        };
        for index in 0..rules.rules().len() {
            let wanted = slow(&rules, index, entry, account, &cx, &resolve);
            prop_assert_eq!(compare(&rules, index, entry, account, &cx, &resolve), wanted, "rule {} of\n{}", index, mapping);
        }
        let key = rules.key(entry, &cx).map(|key| key.map(|k| key_hash(&k))).map_err(|p| p.code);
        prop_assert_eq!(rules.key_hash(entry, &cx), key, "{}", mapping);
        for value in &own[0] {
            prop_assert_eq!(rules.form_hash(value), rules.form(value).map(|form| key_hash(&form)));
        }
    }
}

#[test]
fn most_generated_mappings_are_compared() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut all, mut right) = (0, 0);
    for _ in 0..200 {
        let mapping = mapping().new_tree(&mut runner).unwrap().current();
        all += 1;
        right += usize::from(compiled(&mapping).is_some());
    }
    assert!(right * 3 > all, "{right} of {all} compile");
}

#[test]
fn the_word_says_what_would_happen_to_the_field() {
    let rules = compiled("userName = \"a\"\ntitle1 = \"b\"\nfixed2 = \"a\"\npassword3 = \"a\"\nshort4 = \"a\"").unwrap();
    let cx = Context { now: crate::clock::Instant(0) };
    let row = |values: &[&str]| population(5, "x", &values.iter().map(|v| vec![(*v).to_owned()]).collect::<Vec<_>>());
    let (entries, accounts) = (row(&["x", ""]), row(&["", "old", "y", "z", "q"]));
    let entry = entries.row(RowIx(0));
    let told =
        |account| -> Vec<Outcome> { (0..5).map(|index| compare(&rules, index, entry, account, &cx, &|_| Err(String::new()))).collect() };
    let invalid = Outcome::Problem(ProblemCode::InvalidValue);
    assert_eq!(told(Some(accounts.row(RowIx(0)))), [Outcome::Same, Outcome::Clears, Outcome::Fixed, Outcome::Left, invalid]);
    assert_eq!(told(None), [Outcome::Differs, Outcome::Same, Outcome::Differs, Outcome::Differs, invalid]);
}
