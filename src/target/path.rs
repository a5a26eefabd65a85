//! SCIM attribute paths (RFC 7644 section 3.5.2) as far as a mapping needs them: `attribute`, `attribute.sub`,
//! `attribute[type eq "work"].sub`, each with a schema URN in front if it is an extension's.
//!
//! Services spell attribute names in any letter case (RFC 7643 section 2.1), so objects are searched without regard to it.

use serde_json::{Map, Value};

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The extension's schema URN.
    pub schema: Option<String>,
    /// The attribute.
    pub attribute: String,
    /// Which element of a multi-valued attribute: sub-attribute and value.
    pub which: Option<(String, String)>,
    /// The sub-attribute.
    pub sub: Option<String>,
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (schema, rest) =
            match text.rfind(':').filter(|i| text[..*i].to_ascii_lowercase().starts_with("urn:") && !text[*i..].contains(']')) {
                Some(i) => {
                    // A version such as `2.0` belongs to the URN: the attribute begins after the last colon.
                    (Some(text[..i].to_owned()), &text[i + 1..])
                }
                None => (None, text),
            };
        let (head, sub) = match rest.find(']') {
            Some(close) => match rest[close + 1..].strip_prefix('.') {
                Some(sub) => (&rest[..=close], Some(sub)),
                None if close + 1 == rest.len() => (rest, None),
                None => return Err("after ] a dot and a sub-attribute are wanted".to_owned()),
            },
            None => rest.split_once('.').map_or((rest, None), |(head, sub)| (head, Some(sub))),
        };
        let (attribute, which) = match head.split_once('[') {
            None => (head, None),
            Some((attribute, condition)) => {
                let condition = condition.strip_suffix(']').ok_or("the bracket is not closed")?;
                let (name, value) = condition.split_once(" eq ").ok_or("a condition is written as [type eq \"work\"]")?;
                let value = value
                    .trim()
                    .strip_prefix('"')
                    .and_then(|v| v.strip_suffix('"'))
                    .ok_or("the value of a condition stands in double quotes")?;
                (attribute, Some((name.trim().to_owned(), value.to_owned())))
            }
        };
        let name = |n: &str| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
        if !name(attribute) || !sub.is_none_or(name) || !which.as_ref().is_none_or(|(n, _)| name(n)) {
            return Err("this is not a SCIM attribute path, such as name.givenName or emails[type eq \"work\"].value".to_owned());
        }
        Ok(Path { schema, attribute: attribute.to_owned(), which, sub: sub.map(str::to_owned) })
    }

    /// The values of this path in a resource, as text; nothing where it has none. Of a multi-valued attribute without
    /// condition every value counts; with a condition the matching element, else the primary one, else the first.
    pub fn values<'v>(&self, resource: &'v Map<String, Value>, mut told: impl FnMut(&str)) {
        let object = match &self.schema {
            None => Some(resource),
            Some(urn) => get(resource, urn).and_then(Value::as_object),
        };
        let Some(value) = object.and_then(|o| get(o, &self.attribute)) else { return };
        let of = |element: &'v Value| -> Option<&'v Value> {
            match (&self.sub, element) {
                (Some(sub), Value::Object(fields)) => get(fields, sub),
                // Some services shorten [{"value": x}] to [x], and {"value": x} to x.
                (Some(sub), plain) if sub.eq_ignore_ascii_case("value") && !plain.is_array() => Some(plain),
                (Some(_), _) => None,
                (None, Value::Object(fields)) => get(fields, "value"),
                (None, plain) => Some(plain),
            }
        };
        match (value, &self.which) {
            (Value::Array(elements), Some((name, wanted))) => {
                let text = |e: &'v Value, name: &str| e.as_object().and_then(|o| get(o, name)).and_then(Value::as_str);
                let matching = elements.iter().find(|e| text(e, name).is_some_and(|t| t.eq_ignore_ascii_case(wanted)));
                let primary = || elements.iter().find(|e| e.as_object().and_then(|o| get(o, "primary")) == Some(&Value::Bool(true)));
                if let Some(value) = matching.or_else(primary).or_else(|| elements.first()).and_then(of) {
                    scalar(value, &mut told);
                }
            }
            (Value::Array(elements), None) => elements.iter().filter_map(of).for_each(|v| scalar(v, &mut told)),
            (single, _) => {
                if let Some(value) = of(single) {
                    scalar(value, &mut told);
                }
            }
        }
    }
}

/// A member of an object, in any letter case; the exact spelling first.
#[must_use]
pub fn get<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| object.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

fn scalar(value: &Value, told: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if text.trim().is_empty() => {}
        Value::String(text) => told(text),
        Value::Bool(b) => told(if *b { "true" } else { "false" }),
        Value::Number(n) => told(&n.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_values_as_services_write_them() {
        let resource: Value = serde_json::from_str(
            r#"{"userName":"ann","NAME":{"givenName":"Ann"},"active":"True","title":"",
                "emails":[{"value":"h@x","type":"home"},{"value":"w@x","type":"Work"}],
                "phoneNumbers":[{"value":"1","primary":false},{"value":"2","primary":true}],
                "roles":[{"value":"a"},"b"],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","manager":{"value":"m1"}},
                "startDate":17}"#,
        )
        .unwrap();
        for (path, wanted) in [
            ("userName", &["ann"][..]),
            ("name.givenName", &["Ann"]),
            ("active", &["True"]),
            ("title", &[]),
            ("emails[type eq \"work\"].value", &["w@x"]),
            ("emails[type eq \"other\"].value", &["h@x"]),
            ("phoneNumbers[type eq \"work\"].value", &["2"]),
            ("emails.value", &["h@x", "w@x"]),
            ("roles.value", &["a", "b"]),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", &["R&D"]),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", &["m1"]),
            ("startDate", &["17"]),
            ("nothing", &[]),
        ] {
            let mut got = Vec::new();
            Path::parse(path).unwrap().values(resource.as_object().unwrap(), |v| got.push(v.to_owned()));
            assert_eq!(got, wanted, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "",
            "a b",
            "emails[type eq work].value",
            "emails[type].value",
            "emails[type eq \"work\"",
            "a..b",
            "emails[type eq \"w\"]x",
            "a.b.c",
        ] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
