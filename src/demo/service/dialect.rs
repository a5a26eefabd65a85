//! What answers look like: the two dialects, and errors in every shape that was seen.

use super::{Inner, status, text};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// What an error looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Envelope {
    /// As the dialect says (RFC 7644 section 3.12; `Errors` in 1.1).
    #[default]
    Dialect,
    /// `{"error": {"message", "code"}}`.
    Graph,
    /// `{"message": …}`.
    Plain,
    /// A web page.
    Html,
    /// Nothing.
    Empty,
    /// A line of text.
    Text,
}

const ENTERPRISE_2: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ENTERPRISE_1: &str = "urn:scim:schemas:extension:enterprise:1.0";

/// A user of 2.0 as 1.1 writes it.
pub(super) fn in_version_1(user: Value) -> Value {
    let Value::Object(user) = user else { return user };
    let mut out = Map::new();
    for (key, value) in user {
        match (key.as_str(), value) {
            ("schemas", _) => {
                out.insert(key, json!(["urn:scim:schemas:core:1.0", ENTERPRISE_1]));
            }
            (urn, Value::Object(mut extension)) if urn == ENTERPRISE_2 => {
                if let Some(manager) = extension.get_mut("manager").and_then(Value::as_object_mut)
                    && let Some(id) = manager.shift_remove("value")
                {
                    manager.insert("managerId".to_owned(), id);
                }
                out.insert(ENTERPRISE_1.to_owned(), Value::Object(extension));
            }
            (_, value) => {
                out.insert(key, value);
            }
        }
    }
    Value::Object(out)
}

/// A good answer.
pub(super) fn json(inner: &Inner, code: u16, body: &Value) -> Response {
    json_text(inner, code, body.to_string())
}

/// The same, of what is JSON already.
pub(super) fn json_text(inner: &Inner, code: u16, body: String) -> Response {
    let own = if inner.faults.version_1 { "application/json" } else { "application/scim+json" };
    (status(code), [("content-type", inner.faults.content_type.unwrap_or(own))], body).into_response()
}

/// An error in the shape that was asked for.
pub(super) fn error(inner: &Inner, code: u16, scim_type: Option<&str>, detail: &str) -> Response {
    match inner.faults.envelope {
        Envelope::Dialect if inner.faults.version_1 => {
            json(inner, code, &json!({"Errors": [{"description": detail, "code": code.to_string()}]}))
        }
        Envelope::Dialect => {
            let mut body =
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": code.to_string(), "detail": detail});
            if let (Some(kind), Some(object)) = (scim_type, body.as_object_mut()) {
                object.insert("scimType".to_owned(), kind.into());
            }
            json(inner, code, &body)
        }
        Envelope::Graph => text(code, "application/json", json!({"error": {"message": detail, "code": code}}).to_string()),
        Envelope::Plain => text(code, "application/json", json!({"message": detail}).to_string()),
        Envelope::Html => text(code, "text/html", format!("<!DOCTYPE html><html><head><title>{detail}</title></head><body/></html>")),
        Envelope::Empty => text(code, "text/plain", ""),
        Envelope::Text => text(code, "text/plain", detail),
    }
}
