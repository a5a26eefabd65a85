//! What a service tells about itself (RFC 7643 sections 5 and 7). It is optional, sometimes wrong, and never needed.

use super::super::connector::Version;
use super::super::http::{Answer, Http};
use super::super::path::{Path, get};
use crate::error::Result;
use crate::identity::value::truth;
use serde_json::{Map, Value};

/// Asks for what the service announces.
pub(super) async fn ask(http: &Http, version: Version) -> Result<Answer> {
    http.get_once(version.config_path()).await
}

/// What a service announces; nothing where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Announced {
    pub patch: Option<bool>,
    pub filter: Option<bool>,
    pub etag: Option<bool>,
    /// Pages by cursor (RFC 9865 section 4).
    pub cursor: bool,
    /// Pages by index; announced only by services that know cursors.
    pub index: Option<bool>,
    /// `defaultPaginationMethod`.
    pub default_method: Option<String>,
}

impl Announced {
    /// Reads an answer; nothing if it is no such document.
    pub fn read(answer: &Answer) -> Option<Self> {
        if !answer.is_good() {
            return None;
        }
        let object = answer.object().ok()?;
        let flag = |object: &Map<String, Value>, name: &str| match get(object, name)? {
            Value::Bool(b) => Some(*b),
            Value::String(text) => truth(text),
            _ => None,
        };
        let supported = |name: &str| get(&object, name).and_then(Value::as_object).and_then(|o| flag(o, "supported"));
        let pagination = get(&object, "pagination").and_then(Value::as_object);
        let announced = Announced {
            patch: supported("patch"),
            filter: supported("filter"),
            etag: supported("etag"),
            cursor: pagination.and_then(|p| flag(p, "cursor")).unwrap_or(false),
            index: pagination.and_then(|p| flag(p, "index")),
            default_method: pagination.and_then(|p| get(p, "defaultPaginationMethod")).and_then(Value::as_str).map(str::to_owned),
        };
        (announced.patch.is_some() || announced.filter.is_some() || announced.etag.is_some() || pagination.is_some()).then_some(announced)
    }

    /// True where cursors are known and index pages are not, or are not the service's own way.
    pub fn prefers_cursors(&self) -> bool {
        self.cursor && (self.index == Some(false) || self.default_method.as_ref().is_some_and(|m| m.eq_ignore_ascii_case("cursor")))
    }

    /// In words: `patch yes, filter yes, etag not said, pages by index`.
    pub fn words(&self) -> String {
        let said = |name: &str, flag: Option<bool>| {
            format!(
                "{name} {}",
                match flag {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "not said",
                }
            )
        };
        let pages = match (self.cursor, self.index) {
            (true, Some(false)) => "pages by cursor",
            (true, _) if self.prefers_cursors() => "pages by cursor or index, cursor by default",
            (true, _) => "pages by index or cursor",
            (false, _) => "pages by index",
        };
        format!("{}, {}, {}, {pages}", said("patch", self.patch), said("filter", self.filter), said("etag", self.etag))
    }
}

/// The attributes that a service lists.
#[derive(Debug, Default)]
pub(super) struct Listing {
    schemas: Vec<Schema>,
}

#[derive(Debug)]
struct Schema {
    id: String,
    /// Names, each with those of its sub-attributes.
    attributes: Vec<(String, Vec<String>)>,
}

impl Listing {
    /// Reads the answer of `/Schemas` (a list, 2.0) or of `/Schemas/Users` (one schema, 1.1); nothing if there is none in it.
    pub fn read(answer: &Answer) -> Option<Self> {
        if !answer.is_good() {
            return None;
        }
        let schemas: Vec<Value> = match serde_json::from_slice(&answer.body).ok()? {
            Value::Array(list) => list,
            Value::Object(mut object) => match object.keys().find(|k| k.eq_ignore_ascii_case("Resources")).cloned() {
                Some(key) => object.swap_remove(&key)?.as_array()?.clone(),
                None => vec![Value::Object(object)],
            },
            _ => return None,
        };
        let listing = Listing { schemas: schemas.iter().filter_map(Value::as_object).filter_map(schema).collect() };
        (!listing.schemas.is_empty()).then_some(listing)
    }

    /// True if the service lists this path, or lists nothing of its schema that could say so.
    pub fn knows(&self, path: &Path, version: Version) -> bool {
        // Every resource has these, and no schema lists them (RFC 7643 section 3.1).
        if path.schema.is_none() && ["id", "externalId", "meta"].iter().any(|common| path.attribute.eq_ignore_ascii_case(common)) {
            return true;
        }
        let wanted = path.schema.as_deref().unwrap_or_else(|| version.core_schema());
        // 1.1 has one schema for everything, and some list it under an id of their own.
        let of_schema = |urn: &str| self.schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn));
        let found = match (of_schema(wanted), version, &path.schema) {
            (None, Version::V1, None) => self.schemas.first(),
            (found, _, _) => found,
        };
        let Some(schema) = found else { return false };
        let Some((_, subs)) = schema.attributes.iter().find(|(name, _)| path.attribute.eq_ignore_ascii_case(name)) else { return false };
        path.sub.as_ref().is_none_or(|sub| subs.is_empty() || subs.iter().any(|s| s.eq_ignore_ascii_case(sub)))
    }
}

fn schema(object: &Map<String, Value>) -> Option<Schema> {
    let id = get(object, "id").or_else(|| get(object, "schema"))?.as_str()?.to_owned();
    let attributes = get(object, "attributes")?.as_array()?.iter().filter_map(Value::as_object).filter_map(|attribute| {
        let name = get(attribute, "name")?.as_str()?.to_owned();
        let subs = get(attribute, "subAttributes")
            .and_then(Value::as_array)
            .map(|subs| subs.iter().filter_map(|s| Some(get(s.as_object()?, "name")?.as_str()?.to_owned())).collect());
        Some((name, subs.unwrap_or_default()))
    });
    Some(Schema { id, attributes: attributes.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer { status: 200, body: body.into(), ..Answer::default() }
    }

    #[test]
    fn what_is_announced_is_read_and_its_absence_is_no_failure() {
        let full = Announced::read(&answer(
            r#"{"patch":{"supported":true},"filter":{"supported":"true","maxResults":100},"ETAG":{"supported":false},
                "pagination":{"cursor":true,"index":true,"defaultPaginationMethod":"cursor"}}"#,
        ))
        .unwrap();
        assert!(full.prefers_cursors());
        assert_eq!(full.words(), "patch yes, filter yes, etag no, pages by cursor or index, cursor by default");
        let bare = Announced::read(&answer(r#"{"patch":{"supported":false}}"#)).unwrap();
        assert!(!bare.prefers_cursors());
        assert_eq!(bare.words(), "patch no, filter not said, etag not said, pages by index");
        for (pagination, prefers) in [
            (r#"{"cursor":true,"index":false}"#, true),
            (r#"{"cursor":true,"index":true}"#, false),
            (r#"{"cursor":true,"index":true,"defaultPaginationMethod":"index"}"#, false),
            (r#"{"cursor":false,"defaultPaginationMethod":"cursor"}"#, false),
        ] {
            let announced = Announced::read(&answer(&format!(r#"{{"pagination":{pagination}}}"#))).unwrap();
            assert_eq!(announced.prefers_cursors(), prefers, "{pagination}");
        }
        for nothing in ["{}", "[]", "<html>", "", r#"{"Resources":[]}"#] {
            assert_eq!(Announced::read(&answer(nothing)), None, "{nothing}");
        }
        assert_eq!(Announced::read(&Answer { status: 404, ..answer(r#"{"patch":{"supported":true}}"#) }), None);
    }

    #[test]
    fn listed_attributes_are_found_in_both_dialects() {
        let core = r#"{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"userName"},
            {"name":"name","subAttributes":[{"name":"givenName"}]},{"name":"emails","subAttributes":[{"name":"value"}]}]}"#;
        let listing = Listing::read(&answer(&format!(r#"{{"totalResults":1,"Resources":[{core}]}}"#))).unwrap();
        for (path, known) in [
            ("USERNAME", true),
            ("externalId", true),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:externalId", false),
            ("name.givenName", true),
            ("name.middleName", false),
            ("emails[type eq \"work\"].value", true),
            ("title", false),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", false),
        ] {
            assert_eq!(listing.knows(&Path::parse(path).unwrap(), Version::V2), known, "{path}");
        }
        let one = Listing::read(&answer(r#"{"id":"urn:scim:schemas:core:1.0:User","attributes":[{"name":"userName"}]}"#)).unwrap();
        assert!(one.knows(&Path::parse("userName").unwrap(), Version::V1));
        assert!(!one.knows(&Path::parse("title").unwrap(), Version::V1));
        for nothing in ["{}", "[]", "7", "", r#"{"Resources":7}"#] {
            assert!(Listing::read(&answer(nothing)).is_none(), "{nothing}");
        }
    }
}
