//! What is kept of an account, and how a resource becomes a row.

use super::super::path::{Path, get};
use super::wanted::Wanted;
use crate::identity::AttributeName;
use crate::identity::population::{Draft, Row, Schema};
use crate::identity::value::truth;
use crate::model::field::Field;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What is kept of an account: the mapped fields, in the order of the rules, and what matching needs.
#[derive(Debug, Clone)]
pub struct Columns {
    schema: Schema,
    paths: Vec<Path>,
    wanted: Option<Wanted>,
    /// How many fields are mapped.
    mapped: usize,
    /// `externalId`: the mapped field where it is one.
    pub external_id: u16,
    /// E-mail addresses that stand in no mapped field.
    other_emails: u16,
    /// Mapped fields that are e-mail addresses.
    emails: Vec<u16>,
    /// `meta.version`.
    pub version: u16,
}

impl Columns {
    /// The columns for these fields: field number `i` is column `i`.
    #[must_use]
    pub fn new<'f>(fields: impl Iterator<Item = &'f Field>) -> Self {
        let mut schema = Schema::default();
        let mut paths = Vec::new();
        let mut add = |name: String, path: &str| {
            let column = schema.intern(AttributeName::new(name));
            // The paths of fields were checked when the connector and the mapping were read.
            paths.push(Path::parse(path).unwrap_or(Path { schema: None, attribute: path.to_owned(), which: None, sub: None }));
            column
        };
        let (mut mapped, mut external_id) = (0, None);
        for field in fields {
            let column = add(field.path.clone(), &field.path);
            if field.path.eq_ignore_ascii_case("externalId") {
                external_id = Some(column);
            }
            mapped += 1;
        }
        // A blank can't be in a path: these never collide with a mapped field.
        let external_id = external_id.unwrap_or_else(|| add(" externalId".to_owned(), "externalId"));
        let other_emails = add(" emails".to_owned(), "emails.value");
        let version = add(" version".to_owned(), "meta.version");
        let is_email = |path: &Path| {
            let is_value = path.sub.as_ref().is_none_or(|sub| sub.eq_ignore_ascii_case("value"));
            path.schema.is_none() && path.attribute.eq_ignore_ascii_case("emails") && is_value
        };
        let emails: Vec<u16> = (0u16..).zip(&paths[..mapped]).filter(|(_, path)| is_email(path)).map(|(column, _)| column).collect();
        let mut wanted = Wanted::of(&paths);
        if let Some(wanted) = &mut wanted {
            wanted.once = emails.iter().map(|column| (other_emails, *column)).collect();
        }
        Columns { schema, paths, wanted, mapped, external_id, other_emails, emails, version }
    }

    /// The paths of the fields, in their order.
    #[must_use]
    pub fn fields(&self) -> &[AttributeName] {
        &self.schema.columns()[..self.mapped]
    }

    /// Every e-mail address of an account.
    pub fn emails<'a>(&self, row: Row<'a>) -> impl Iterator<Item = &'a str> {
        self.emails.iter().chain([&self.other_emails]).flat_map(move |column| row.all(*column))
    }

    /// As a population's schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The paths of the mapped fields.
    pub(super) fn mapped(&self) -> &[Path] {
        &self.paths[..self.mapped]
    }

    /// The same as a tree to walk a page by; nothing where the paths can't be told apart by their names alone.
    pub(super) fn wanted(&self) -> Option<&Wanted> {
        self.wanted.as_ref()
    }

    /// Puts a resource into a row; false if it has no id.
    pub fn fill(&self, draft: &mut Draft, resource: &Map<String, Value>) -> bool {
        let Some(id) = id_of(resource) else { return false };
        draft.begin(&id, text_of(resource, "userName").unwrap_or(""));
        draft.set_off(!is_active(resource));
        for (column, path) in (0u16..).zip(&self.paths) {
            path.values(resource, |value| draft.push(column, value));
        }
        // An address that stands in a mapped field need not be kept twice.
        for column in &self.emails {
            draft.remove_repeated(self.other_emails, *column);
        }
        true
    }
}

/// Ids are text; some services send numbers.
pub(super) fn id_of(resource: &Map<String, Value>) -> Option<Cow<'_, str>> {
    match get(resource, "id")? {
        Value::String(id) if !id.is_empty() => Some(Cow::Borrowed(id)),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        _ => None,
    }
}

/// A text of a resource, if it has one that is not blank.
pub(super) fn text_of<'v>(resource: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    get(resource, name).and_then(Value::as_str).filter(|t| !t.trim().is_empty())
}

/// An account is active unless it says otherwise.
pub(super) fn is_active(resource: &Map<String, Value>) -> bool {
    match get(resource, "active") {
        Some(Value::Bool(active)) => *active,
        Some(Value::String(text)) => truth(text).unwrap_or(true),
        Some(Value::Number(n)) => n.as_i64() != Some(0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_active_unless_it_says_otherwise() {
        for (resource, active) in [
            (r#"{"id":"1"}"#, true),
            (r#"{"id":"1","active":null}"#, true),
            (r#"{"id":"1","active":true}"#, true),
            (r#"{"id":"1","active":false}"#, false),
            (r#"{"id":"1","Active":"False"}"#, false),
            (r#"{"id":"1","active":"true"}"#, true),
            (r#"{"id":"1","active":0}"#, false),
            (r#"{"id":"1","active":1}"#, true),
            (r#"{"id":"1","active":[]}"#, true),
        ] {
            let Value::Object(object) = serde_json::from_str(resource).unwrap() else { panic!() };
            assert_eq!(is_active(&object), active, "{resource}");
        }
    }

    #[test]
    fn an_id_is_text_or_a_number() {
        for (resource, id) in [
            (r#"{"id":"a/b"}"#, Some("a/b")),
            (r#"{"ID":100012764418780}"#, Some("100012764418780")),
            (r#"{"id":""}"#, None),
            (r#"{"id":null}"#, None),
            (r#"{"id":{"x":1}}"#, None),
            ("{}", None),
        ] {
            let Value::Object(object) = serde_json::from_str(resource).unwrap() else { panic!() };
            assert_eq!(id_of(&object).as_deref(), id, "{resource}");
        }
    }
}
