//! Putting values into a resource, where they are read from: the other direction of [`super::super::path::Path::values`].
//!
//! What must stay true: whatever a path does not name stays as it was read, elements of a list among it; and a value that was
//! put is the one that is read there afterwards.

use super::super::connector::ActiveAs;
use super::super::path::{Path, get};
use crate::identity::value::Datum;
use crate::model::field::{Field, FieldKind, Wire};
use serde_json::{Map, Value};

/// A value as it travels; nothing for an unassigned one.
pub(super) fn on_the_wire(field: &Field, value: &Datum) -> Option<Value> {
    let text = |text: &str| match field.wire {
        // Workplace writes the id of a manager as a number.
        Wire::Number => serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| Value::from(text), Value::Number),
        _ => Value::from(text),
    };
    match value {
        Datum::Unassigned => None,
        Datum::Bool(truth) if field.wire == Wire::Text => Some(Value::from(truth.to_string())),
        Datum::Int(n) if field.wire == Wire::Text => Some(Value::from(n.to_string())),
        Datum::Bool(truth) => Some(Value::Bool(*truth)),
        Datum::Int(n) => Some(Value::from(*n)),
        Datum::Text(one) if field.kind == FieldKind::Bool => Some(Value::from(one.as_str())),
        Datum::Text(one) => Some(text(one)),
        Datum::Many(values) => Some(values.iter().map(|v| text(v)).collect()),
    }
}

/// `active` as the service writes it.
pub(super) fn active(active: bool, written: ActiveAs) -> Value {
    match written {
        ActiveAs::Boolean => Value::Bool(active),
        ActiveAs::Text => Value::from(if active { "true" } else { "false" }),
    }
}

/// The spelling that an object uses for a name, else the one that is given.
pub(super) fn key_of(object: &Map<String, Value>, name: &str) -> String {
    if object.contains_key(name) {
        return name.to_owned();
    }
    object.keys().find(|k| k.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

/// Takes a member out of an object, in any letter case.
pub(super) fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = key_of(object, name);
    object.shift_remove(&key)
}

/// Puts a value at a path; `None` takes away what is there.
pub(super) fn put(resource: &mut Map<String, Value>, path: &Path, value: Option<Value>) {
    let Some(urn) = &path.schema else { return put_attribute(resource, path, value) };
    let key = key_of(resource, urn);
    let extension = resource.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !extension.is_object() {
        *extension = Value::Object(Map::new());
    }
    if let Value::Object(extension) = extension {
        put_attribute(extension, path, value);
        if extension.is_empty() {
            resource.shift_remove(&key);
        }
    }
}

fn put_attribute(object: &mut Map<String, Value>, path: &Path, value: Option<Value>) {
    let key = key_of(object, &path.attribute);
    match (&path.which, &path.sub, value) {
        // One element of a list.
        (Some(which), sub, value) => {
            let sub = sub.as_deref().unwrap_or("value");
            let mut list = match object.shift_remove(&key) {
                Some(Value::Array(list)) => list,
                Some(Value::Null) | None => Vec::new(),
                Some(single) => vec![single],
            };
            put_element(&mut list, which, sub, value);
            if !list.is_empty() {
                object.insert(key, Value::Array(list));
            }
        }
        // A list as a whole, of values or of elements that hold them.
        (None, sub, Some(Value::Array(values))) => {
            let known = match object.get(&key) {
                Some(Value::Array(list)) => list.clone(),
                _ => Vec::new(),
            };
            let list = values.into_iter().map(|value| match sub {
                None => value,
                Some(sub) => {
                    let same = |e: &&Value| e.as_object().and_then(|o| get(o, sub)) == Some(&value);
                    known.iter().find(same).cloned().unwrap_or_else(|| Value::Object(Map::from_iter([(sub.clone(), value)])))
                }
            });
            let list: Value = list.collect();
            object.insert(key, list);
        }
        (None, Some(_), None) if matches!(object.get(&key), Some(Value::Array(_))) => drop(object.shift_remove(&key)),
        (None, Some(sub), value) => {
            let parent = object.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            if !parent.is_object() {
                *parent = Value::Object(Map::new());
            }
            if let Value::Object(parent) = parent {
                set(parent, sub, value);
                if parent.is_empty() {
                    object.shift_remove(&key);
                }
            }
        }
        (None, None, value) => set(object, &path.attribute, value),
    }
}

fn set(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    let key = key_of(object, name);
    match value {
        Some(value) => drop(object.insert(key, value)),
        None => drop(object.shift_remove(&key)),
    }
}

/// The element that a reader would take, unless it says that it is of another kind: then there is none yet.
fn put_element(list: &mut Vec<Value>, (name, kind): &(String, String), sub: &str, value: Option<Value>) {
    let kind_of = |element: &Value| element.as_object().and_then(|o| get(o, name)).and_then(Value::as_str).map(str::to_owned);
    let matching = list.iter().position(|e| kind_of(e).is_some_and(|k| k.eq_ignore_ascii_case(kind)));
    let is_primary = |e: &Value| e.as_object().and_then(|o| get(o, "primary")) == Some(&Value::Bool(true));
    let read = matching.or_else(|| list.iter().position(is_primary)).or((!list.is_empty()).then_some(0));
    let at = read.filter(|at| matching.is_some() || kind_of(&list[*at]).is_none());
    match (at, value) {
        (None, None) => {}
        (None, Some(value)) => {
            list.push(Value::Object(Map::from_iter([(sub.to_owned(), value), (name.clone(), Value::from(kind.as_str()))])));
        }
        (Some(at), Some(value)) => match &mut list[at] {
            Value::Object(element) => set(element, sub, Some(value)),
            plain => *plain = value,
        },
        (Some(at), None) => {
            let is_empty = match &mut list[at] {
                Value::Object(element) => {
                    set(element, sub, None);
                    // What only describes a value is nothing without it.
                    let describes =
                        |key: &String| [name.as_str(), "primary", "display", "type"].iter().any(|d| d.eq_ignore_ascii_case(key));
                    element.keys().all(describes)
                }
                _ => true,
            };
            if is_empty {
                list.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put_in(resource: &Value, path: &str, value: Option<Value>) -> Value {
        let mut resource = resource.as_object().unwrap().clone();
        put(&mut resource, &Path::parse(path).unwrap(), value);
        Value::Object(resource)
    }

    #[test]
    fn a_value_is_put_where_it_is_read_and_the_rest_stays() {
        const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for (resource, path, value, wanted) in [
            (json!({}), "title", Some(json!("Boss")), json!({"title": "Boss"})),
            (json!({"Title": "x", "a": 1}), "title", Some(json!("Boss")), json!({"Title": "Boss", "a": 1})),
            (json!({"title": "x"}), "title", None, json!({})),
            (
                json!({"name": {"familyName": "L"}}),
                "name.givenName",
                Some(json!("A")),
                json!({"name": {"familyName": "L", "givenName": "A"}}),
            ),
            (json!({"name": {"givenName": "A"}}), "name.givenName", None, json!({})),
            (json!({}), "emails[type eq \"work\"].value", Some(json!("a@x")), json!({"emails": [{"value": "a@x", "type": "work"}]})),
            (
                json!({"emails": [{"value": "h@x", "type": "home"}, {"value": "w@x", "type": "Work", "primary": true}]}),
                "emails[type eq \"work\"].value",
                Some(json!("n@x")),
                json!({"emails": [{"value": "h@x", "type": "home"}, {"value": "n@x", "type": "Work", "primary": true}]}),
            ),
            // An address of another kind stays, although a reader takes it for want of a better one.
            (
                json!({"emails": [{"value": "h@x", "type": "home"}]}),
                "emails[type eq \"work\"].value",
                Some(json!("n@x")),
                json!({"emails": [{"value": "h@x", "type": "home"}, {"value": "n@x", "type": "work"}]}),
            ),
            (
                json!({"emails": [{"value": "h@x", "type": "home"}]}),
                "emails[type eq \"work\"].value",
                None,
                json!({"emails": [{"value": "h@x", "type": "home"}]}),
            ),
            // A service that drops the kinds.
            (
                json!({"emails": [{"value": "o@x", "primary": true}]}),
                "emails[type eq \"work\"].value",
                Some(json!("n@x")),
                json!({"emails": [{"value": "n@x", "primary": true}]}),
            ),
            (json!({"emails": ["o@x"]}), "emails[type eq \"work\"].value", Some(json!("n@x")), json!({"emails": ["n@x"]})),
            (json!({"emails": [{"value": "w@x", "type": "work", "primary": true}]}), "emails[type eq \"work\"].value", None, json!({})),
            (
                json!({"addresses": [{"type": "work", "locality": "Bonn", "country": "DE"}]}),
                "addresses[type eq \"work\"].locality",
                None,
                json!({"addresses": [{"type": "work", "country": "DE"}]}),
            ),
            (
                json!({"roles": [{"value": "a", "display": "A"}]}),
                "roles.value",
                Some(json!(["a", "b"])),
                json!({"roles": [{"value": "a", "display": "A"}, {"value": "b"}]}),
            ),
            (json!({"roles": [{"value": "a"}]}), "roles.value", None, json!({})),
            (
                json!({}),
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
                Some(json!("m1")),
                json!({URN: {"manager": {"value": "m1"}}}),
            ),
            (json!({URN: {"department": "D"}}), "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", None, json!({})),
        ] {
            assert_eq!(put_in(&resource, path, value), wanted, "{path} in {resource}");
        }
    }

    #[test]
    fn what_was_put_is_what_is_read() {
        for path in [
            "userName",
            "name.givenName",
            "emails[type eq \"work\"].value",
            "urn:x:y:2.0:User:manager.value",
            "phoneNumbers[type eq \"mobile\"].value",
        ] {
            for resource in [
                json!({}),
                json!({"emails": [{"value": "h@x", "type": "home", "primary": true}], "phoneNumbers": [{"value": "1"}]}),
                json!({"urn:x:y:2.0:User": {"manager": null}, "name": null, "emails": null}),
            ] {
                let after = put_in(&resource, path, Some(json!("new")));
                let mut read = Vec::new();
                Path::parse(path).unwrap().values(after.as_object().unwrap(), |v| read.push(v.to_owned()));
                assert_eq!(read, ["new"], "{path} in {resource}");
            }
        }
    }

    #[test]
    fn values_travel_in_the_type_of_their_field() {
        let field = |kind, wire| Field { kind, wire, ..Field::of_path("x") };
        for (field, value, wanted) in [
            (field(FieldKind::Text, Wire::AsTyped), Datum::Text("7".into()), json!("7")),
            (field(FieldKind::Reference, Wire::Number), Datum::Text("100012764418780".into()), json!(100_012_764_418_780_u64)),
            (field(FieldKind::Reference, Wire::Number), Datum::Text("lucid-1".into()), json!("lucid-1")),
            (field(FieldKind::Int, Wire::AsTyped), Datum::Int(7), json!(7)),
            (field(FieldKind::Int, Wire::Text), Datum::Int(7), json!("7")),
            (field(FieldKind::Bool, Wire::Text), Datum::Bool(true), json!("true")),
            (field(FieldKind::Text, Wire::AsTyped), Datum::Many(vec!["a".into(), "b".into()]), json!(["a", "b"])),
        ] {
            assert_eq!(on_the_wire(&field, &value), Some(wanted));
        }
        assert_eq!(on_the_wire(&field(FieldKind::Text, Wire::AsTyped), &Datum::Unassigned), None);
    }
}
