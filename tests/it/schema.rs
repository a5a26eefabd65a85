//! The JSON Schema of the plan document: real documents fit it, spoilt ones do not, its words are those of the code.
//!
//! The validator here knows the keywords that our schema uses and fails on any other, so that nothing in the schema goes
//! unchecked. A crate for all of JSON Schema takes minutes to compile.

use crate::commands::{Desk, accounts, with_service};
use rosterm::demo::service::Faults;
use rosterm::model::{Action, Cause, ProblemCode, Reason, Situation};
use rosterm::plan::file;
use serde_json::{Value, json};

/// Where a value does not fit a schema (draft 2020-12), if it does not.
fn misfit(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let wrong = |what: &str| Some(format!("{at}: {what}: {value}"));
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not known here"),
    };
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let rules = || rule.as_array().unwrap().iter();
        let found = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "then" => None,
            "$ref" => misfit(root, root.pointer(&rule.as_str().unwrap()[1..]).expect("the reference leads somewhere"), value, at),
            "type" if rule.is_array() => {
                if rules().any(|r| is(r.as_str().unwrap())) {
                    None
                } else {
                    wrong("type")
                }
            }
            "type" => {
                if is(rule.as_str().unwrap()) {
                    None
                } else {
                    wrong("type")
                }
            }
            "const" => {
                if value == rule {
                    None
                } else {
                    wrong("const")
                }
            }
            "enum" => {
                if rules().any(|r| r == value) {
                    None
                } else {
                    wrong("enum")
                }
            }
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                if value.as_str().is_none_or(|text| pattern.is_match(text)) { None } else { wrong("pattern") }
            }
            "minLength" => {
                if value.as_str().is_none_or(|t| t.chars().count() as u64 >= rule.as_u64().unwrap()) {
                    None
                } else {
                    wrong("minLength")
                }
            }
            "maxLength" => {
                if value.as_str().is_none_or(|t| t.chars().count() as u64 <= rule.as_u64().unwrap()) {
                    None
                } else {
                    wrong("maxLength")
                }
            }
            "minimum" => {
                if value.as_i64().is_none_or(|n| n >= rule.as_i64().unwrap()) {
                    None
                } else {
                    wrong("minimum")
                }
            }
            "required" => value
                .as_object()
                .and_then(|object| rules().find(|name| !object.contains_key(name.as_str().unwrap())))
                .map(|name| format!("{at}: {name} is missing")),
            "properties" => value.as_object().and_then(|object| {
                object
                    .iter()
                    .filter_map(|(name, v)| Some((name, v, rule.get(name)?)))
                    .find_map(|(name, v, s)| misfit(root, s, v, &format!("{at}/{name}")))
            }),
            "additionalProperties" => {
                assert_eq!(*rule, json!(false));
                let known = schema["properties"].as_object().unwrap();
                value
                    .as_object()
                    .and_then(|object| object.keys().find(|name| !known.contains_key(*name)))
                    .map(|name| format!("{at}: {name} is too much"))
            }
            "items" => {
                value.as_array().and_then(|list| list.iter().enumerate().find_map(|(i, v)| misfit(root, rule, v, &format!("{at}/{i}"))))
            }
            "anyOf" => {
                if rules().any(|s| misfit(root, s, value, at).is_none()) {
                    None
                } else {
                    wrong("anyOf")
                }
            }
            "allOf" => rules().find_map(|s| misfit(root, s, value, at)),
            "if" => {
                if misfit(root, rule, value, at).is_none() {
                    misfit(root, &schema["then"], value, at)
                } else {
                    None
                }
            }
            other => panic!("the keyword {other} is not known here"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// What is wrong with `document`, by the schema of this name below assets/schemas.
pub fn violations(name: &str, document: &Value) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schemas").join(name);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    misfit(&schema, &schema, document, "").into_iter().collect()
}

fn schema() -> Value {
    serde_json::from_str(file::SCHEMA).unwrap()
}

/// Fails unless a document fits the schema.
pub fn check(document: &Value) {
    let schema = schema();
    assert_eq!(misfit(&schema, &schema, document, ""), None);
}

/// Whatever is described is required, and nothing else is allowed; only a plan that takes a run back has `undo_of`.
fn whole(schema: &Value) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|_| schema.get("type") == Some(&json!("object"))) {
        assert_eq!(schema["required"], json!(properties.keys().filter(|key| *key != "undo_of").collect::<Vec<_>>()));
        assert_eq!(schema["additionalProperties"], json!(false));
    }
    match schema {
        Value::Object(object) => object.values().for_each(whole),
        Value::Array(list) => list.iter().for_each(whole),
        _ => {}
    }
}

#[test]
fn the_words_of_the_schema_are_those_of_the_code() {
    let schema = schema();
    let words = |name: &str| schema["$defs"][name]["enum"].clone();
    assert_eq!(words("situation"), json!(Situation::ALL.map(Situation::code)));
    assert_eq!(words("reason"), json!(Reason::ALL.iter().map(|r| r.code()).collect::<Vec<_>>()));
    assert_eq!(words("action"), json!(Action::ALL.map(Action::code)));
    assert_eq!(words("problem_code"), json!(ProblemCode::ALL.iter().map(|c| c.code()).collect::<Vec<_>>()));
    assert_eq!(words("cause_code"), json!(Cause::ALL.iter().map(|c| c.code()).chain(["reading"]).collect::<Vec<_>>()));
    // The lists in the code are whole: a code is written as serde writes it.
    for code in ProblemCode::ALL {
        assert_eq!(json!(code), json!(code.code()));
    }
    for situation in Situation::ALL {
        assert_eq!(json!(situation), json!(situation.code()));
    }
    assert_eq!(schema["properties"]["counts"]["required"], words("situation"));
    whole(&schema);
}

#[test]
fn documents_of_every_situation_fit_the_schema() {
    let desk = Desk::new();
    let mut seen = std::collections::BTreeSet::new();
    for all in [&["--all"][..], &[]] {
        let output = desk.run(&[&["demo", "--plain", "--users", "1500", "--seed", "3", "--format", "json"], all].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        check(&document);
        seen.extend(document["rows"].as_array().unwrap().iter().map(|r| r["situation"].as_str().unwrap().to_owned()));
    }
    {
        let faults = Faults { total_off_by: 3, ..Faults::default() };
        with_service(accounts(), &faults, |desk, _| {
            let (code, out, talk) = desk.rosterm(&["plan", "--format", "json", "--all"]);
            assert_eq!(code, 5, "{talk}");
            let document: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(document["target"]["complete"], false);
            check(&document);
            seen.extend(document["rows"].as_array().unwrap().iter().map(|r| r["situation"].as_str().unwrap().to_owned()));
        });
    }
    assert_eq!(seen.len(), Situation::ALL.len(), "{seen:?}");
}

#[test]
fn a_spoilt_document_does_not_fit() {
    let desk = Desk::new();
    let output = desk.run(&["demo", "--plain", "--users", "200", "--format", "json"]);
    let good: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = schema();
    for (place, value) in [
        ("/format", json!("rosterm-plan/2")),
        ("/id", json!("xyz")),
        ("/counts/new", json!(-1)),
        ("/source/complete", json!("yes")),
        ("/source/cause", json!({"code": "other", "detail": ""})),
        ("/rows/0/situation", json!("gone")),
        ("/rows/0/approved", json!(null)),
        ("/rows/0/entry", json!({"id": "x"})),
        ("/rows/0/changes", json!([{"field": "x", "from": 1.5, "to": null}])),
        ("/rows/0/changes", json!([{"field": "x", "from": [1], "to": null}])),
        ("/rows/0/problems", json!([{"field": null, "code": "other", "message": ""}])),
        ("/created", json!("2026-11-22")),
    ] {
        let mut spoilt = good.clone();
        *spoilt.pointer_mut(place).unwrap() = value;
        assert!(misfit(&schema, &schema, &spoilt, "").is_some(), "{place}");
    }
    let mut spoilt = good.clone();
    spoilt["rows"][0].as_object_mut().unwrap().insert("note".to_owned(), json!(1));
    assert!(misfit(&schema, &schema, &spoilt, "").is_some());
    spoilt = good;
    spoilt["rows"][0].as_object_mut().unwrap().remove("hold");
    assert!(misfit(&schema, &schema, &spoilt, "").is_some());
}

#[test]
fn the_schema_is_printed_without_a_configuration() {
    let output = Desk::new().run(&["plan", "--schema"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), schema());
}
