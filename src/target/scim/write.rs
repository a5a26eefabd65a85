//! Requests that change accounts, in the dialect of the service (RFC 7644 sections 3.3 to 3.6; SCIM 1.1 sections 3.1 to 3.3).
//!
//! Pure: what is to be changed and what was read go in, a request comes out. What must stay true: nothing is sent but what
//! is to be changed and what was read; a list is sent whole, with its other elements as they were; what only the service sets is never
//! sent.

use super::super::connector::{ActiveAs, Put, Verb, Version};
use super::super::http::{Method, Request, encode};
use super::super::path::{Path, get};
use super::edit::{active, key_of, on_the_wire, put, take};
use crate::identity::value::Datum;
use crate::model::field::Field;
use serde_json::{Map, Value, json};

/// A field and what it is to be; an unassigned value is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<'f> {
    /// The field.
    pub field: &'f Field,
    /// The value.
    pub value: Datum,
}

/// What is to be done to one account with one request.
#[derive(Debug, Clone, Copy)]
pub enum Write<'w> {
    /// Create it.
    Create {
        /// What it has.
        fields: &'w [Set<'w>],
        /// Whether it is active.
        active: bool,
    },
    /// Change it.
    Change {
        /// Its id.
        id: &'w str,
        /// What changes.
        fields: &'w [Set<'w>],
        /// Whether it is active from now on, if that changes.
        active: Option<bool>,
        /// The account as it was read just before, if it was.
        before: Option<&'w Map<String, Value>>,
        /// The version that it must have still.
        version: Option<&'w str>,
    },
    /// Delete it.
    Delete {
        /// Its id.
        id: &'w str,
        /// The version that it must have still.
        version: Option<&'w str>,
    },
}

/// How a service is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Which SCIM.
    pub version: Version,
    /// How fields are sent.
    pub update: Verb,
    /// How `active` is sent.
    pub activate: Verb,
    /// What a PUT does to what it leaves out.
    pub put: Put,
    /// How `active` is written.
    pub active_as: ActiveAs,
    /// What only the service sets: never sent back.
    pub read_only: Vec<Path>,
}

/// What no PUT sends back, beside the connector's own read-only fields (RFC 7643 section 3.1, and `groups` of 4.1.2).
const SERVICES_OWN: [&str; 3] = ["id", "meta", "groups"];
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

impl Dialect {
    /// The same for a service that knows no PATCH.
    #[must_use]
    pub fn without_patch(self) -> Self {
        Dialect { update: Verb::Put, activate: Verb::Put, ..self }
    }

    /// True if fields and `active` go in one request.
    #[must_use]
    pub fn is_one_request(&self) -> bool {
        self.update == self.activate
    }

    /// True if the account has to be read before these are sent, because parts of it are sent back.
    #[must_use]
    pub fn needs_before(&self, fields: &[Set<'_>], active: Option<bool>) -> bool {
        let verb = if fields.is_empty() { self.activate } else { self.update };
        match verb {
            Verb::Put => !(fields.is_empty() && active.is_some() && self.put == Put::Merges),
            Verb::Patch => fields.iter().any(|set| is_list(&path_of(set.field), set.field)),
        }
    }

    /// The request. Nothing where the account would have to be read first ([`Dialect::needs_before`]).
    #[must_use]
    pub fn request(&self, write: &Write<'_>) -> Option<Request> {
        let (method, path, body, version) = match write {
            Write::Create { fields, active } => (Method::Post, "/Users".to_owned(), Some(self.create(fields, *active)), None),
            Write::Delete { id, version } => (Method::Delete, user(id), None, *version),
            Write::Change { id, fields, active, before, version } => {
                let verb = if fields.is_empty() { self.activate } else { self.update };
                let body = match (verb, before) {
                    (Verb::Put, None) if !self.needs_before(fields, *active) => {
                        let active = active.map(|on| super::edit::active(on, self.active_as));
                        json!({"schemas": [self.version.core_schema()], "active": active})
                    }
                    (Verb::Put, Some(before)) => self.whole(before, fields, *active),
                    (Verb::Patch, before) if before.is_some() || !self.needs_before(fields, *active) => match self.version {
                        Version::V2 => self.operations(*before, fields, *active),
                        Version::V1 => self.partial(*before, fields, *active),
                    },
                    _ => return None,
                };
                (if verb == Verb::Put { Method::Put } else { Method::Patch }, user(id), Some(body), *version)
            }
        };
        let body = body.map(|body| body.to_string().into_bytes());
        Some(Request { method, path, if_match: version.map(str::to_owned), body })
    }

    fn create(&self, fields: &[Set<'_>], on: bool) -> Value {
        let mut account = Map::from_iter([("schemas".to_owned(), Value::Null)]);
        for set in fields {
            if let Some(value) = on_the_wire(set.field, &set.value) {
                put(&mut account, &path_of(set.field), Some(value));
            }
        }
        // An account has one address that counts; who sends only one had better say that it is the one.
        if let Some(Value::Array(emails)) = account.get_mut("emails")
            && let [Value::Object(only)] = emails.as_mut_slice()
        {
            only.insert("primary".to_owned(), Value::Bool(true));
        }
        account.insert("active".to_owned(), active(on, self.active_as));
        self.name_schemas(&mut account);
        Value::Object(account)
    }

    /// The account as it was read, with the changes in it.
    fn whole(&self, before: &Map<String, Value>, fields: &[Set<'_>], on: Option<bool>) -> Value {
        let mut account = before.clone();
        for name in SERVICES_OWN {
            take(&mut account, name);
        }
        for path in &self.read_only {
            put(&mut account, path, None);
        }
        for set in fields {
            let path = path_of(set.field);
            let value = on_the_wire(set.field, &set.value);
            if value.is_none() && self.put == Put::Merges {
                put(&mut account, &path, None);
                // What is left out stays there: that it is empty has to be said.
                let nothing = if is_list(&path, set.field) { json!([]) } else { json!("") };
                let is_gone = first(&account, &path).is_none();
                if is_gone && path.which.is_none() {
                    put(&mut account, &path, Some(nothing));
                } else if is_gone {
                    account.entry(path.attribute.clone()).or_insert(nothing);
                }
                continue;
            }
            put(&mut account, &path, value);
        }
        if let Some(on) = on {
            let key = key_of(&account, "active");
            account.insert(key, active(on, self.active_as));
        }
        self.name_schemas(&mut account);
        Value::Object(account)
    }

    /// `Operations` of RFC 7644 section 3.5.2: one an attribute, with its path, lists as a whole.
    fn operations(&self, before: Option<&Map<String, Value>>, fields: &[Set<'_>], on: Option<bool>) -> Value {
        let mut operations = Vec::new();
        if let Some(on) = on {
            operations.push(json!({"op": "replace", "path": "active", "value": active(on, self.active_as)}));
        }
        let after = before.map(|before| {
            let mut after = before.clone();
            for set in fields {
                put(&mut after, &path_of(set.field), on_the_wire(set.field, &set.value));
            }
            after
        });
        let mut whole: Vec<Path> = Vec::new();
        for set in fields {
            let path = path_of(set.field);
            let value = on_the_wire(set.field, &set.value);
            let parent = Path { which: None, sub: None, ..path.clone() };
            // What has a part that is not there yet, and every list, is sent as a whole.
            let lacks_parent = path.sub.is_some() && before.is_some_and(|b| !part(b, &parent).is_some_and(Value::is_object));
            let as_whole = is_list(&path, set.field) || (lacks_parent && value.is_some());
            let (path, value) = match &after {
                Some(after) if as_whole => {
                    if whole.contains(&parent) {
                        continue;
                    }
                    whole.push(parent.clone());
                    let value = part(after, &parent).filter(|v| !v.as_array().is_some_and(Vec::is_empty)).cloned();
                    (parent, value)
                }
                _ => (path, value),
            };
            // One attribute that is not there need not be taken away.
            if value.is_none() && before.is_some_and(|b| part(b, &path).is_none()) {
                continue;
            }
            operations.push(match value {
                Some(value) => json!({"op": "replace", "path": written(&path), "value": value}),
                None => json!({"op": "remove", "path": written(&path)}),
            });
        }
        json!({"schemas": [PATCH_OP], "Operations": operations})
    }

    /// A part of a user, as SCIM 1.1 patches (section 3.3.2): what is to be taken away is named in `meta`.
    fn partial(&self, before: Option<&Map<String, Value>>, fields: &[Set<'_>], on: Option<bool>) -> Value {
        let mut account = Map::from_iter([("schemas".to_owned(), Value::Null)]);
        let mut after = before.cloned().unwrap_or_default();
        let mut gone = Vec::new();
        for set in fields {
            let path = path_of(set.field);
            put(&mut after, &path, on_the_wire(set.field, &set.value));
            let parent = Path { which: None, sub: if is_list(&path, set.field) { None } else { path.sub.clone() }, ..path.clone() };
            match part(&after, &parent) {
                Some(value) => put(&mut account, &parent, Some(value.clone())),
                None => gone.push(Value::from(written(&parent))),
            }
        }
        if let Some(on) = on {
            account.insert("active".to_owned(), active(on, self.active_as));
        }
        if !gone.is_empty() {
            account.insert("meta".to_owned(), json!({"attributes": gone}));
        }
        self.name_schemas(&mut account);
        Value::Object(account)
    }

    /// `schemas` names the core and every extension that is there, and whatever was named before.
    fn name_schemas(&self, account: &mut Map<String, Value>) {
        let key = key_of(account, "schemas");
        let mut named: Vec<String> = match account.get(&key) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let extensions =
            account.iter().filter(|(k, v)| k.to_ascii_lowercase().starts_with("urn:") && v.is_object()).map(|(k, _)| k.as_str());
        for urn in std::iter::once(self.version.core_schema()).chain(extensions) {
            if !named.iter().any(|n| n.eq_ignore_ascii_case(urn)) {
                named.push(urn.to_owned());
            }
        }
        account.insert(key, named.into());
    }
}

fn user(id: &str) -> String {
    format!("/Users/{}", encode(id))
}

/// The path of a field. (It was checked when the connector and the mapping were read.)
pub(super) fn path_of(field: &Field) -> Path {
    Path::parse(&field.path).unwrap_or(Path { schema: None, attribute: field.path.clone(), which: None, sub: None })
}

fn is_list(path: &Path, field: &Field) -> bool {
    path.which.is_some() || field.multi
}

/// What stands at a path that chooses no element.
fn part<'v>(resource: &'v Map<String, Value>, path: &Path) -> Option<&'v Value> {
    let object = match &path.schema {
        None => resource,
        Some(urn) => get(resource, urn)?.as_object()?,
    };
    let attribute = get(object, &path.attribute).filter(|v| !v.is_null())?;
    match &path.sub {
        None => Some(attribute),
        Some(sub) => get(attribute.as_object()?, sub).filter(|v| !v.is_null()),
    }
}

fn first(resource: &Map<String, Value>, path: &Path) -> Option<String> {
    let mut found = None;
    path.values(resource, |value| {
        found.get_or_insert_with(|| value.to_owned());
    });
    found
}

/// A path as a request names it.
fn written(path: &Path) -> String {
    let schema = path.schema.as_ref().map(|urn| format!("{urn}:")).unwrap_or_default();
    let sub = path.sub.as_ref().map(|sub| format!(".{sub}")).unwrap_or_default();
    format!("{schema}{}{sub}", path.attribute)
}

#[cfg(test)]
mod tests;
