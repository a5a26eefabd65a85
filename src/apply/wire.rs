//! What would go over the wire for a row, to be read before it is sent: the same requests, made by the same code.
//!
//! The token is never known here. A value that is masked is shown as that. Where parts of the account are sent back, only
//! what is changed is shown: the rest is read just before the request leaves.

use super::act::{Act, acts, goes_by_version};
use super::check::{ACTIVE, rule_of};
use crate::identity::value::Datum;
use crate::mapping::Rules;
use crate::plan::Row;
use crate::target::http::Request;
use crate::target::{Dialect, Resource, Set};
use serde::Serialize;
use serde_json::{Map, Value};

/// How a service is written to.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// Where it is.
    pub base_url: String,
    /// By its connector and by what it turned out to want.
    pub dialect: Dialect,
    /// The media type of what is sent.
    pub content_type: String,
    /// It refuses a request for another version of an account.
    pub has_versions: bool,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wire {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Its address.
    pub url: String,
    /// Its headers, the token hidden.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Option<Value>,
    /// What is worth knowing about it.
    pub note: Option<&'static str>,
}

const READ_FIRST: &str = "the account is read first: if it is not as in the plan by then, nothing is sent";
const MERGED: &str = "everything else of the account is sent back as it was read";

impl Wiring {
    /// The requests of a row, in their order. None where nothing is sent.
    #[must_use]
    pub fn wires(&self, rules: &Rules, row: &Row) -> Vec<Wire> {
        let masked = || Datum::Text("(masked)".to_owned());
        let fields: Vec<Set<'_>> = row
            .changes
            .iter()
            .filter(|c| c.field != ACTIVE)
            .filter_map(|c| rule_of(rules, &c.field).map(|(_, rule)| (c, rule)))
            .map(|(c, rule)| Set { field: &rule.field, value: if rule.masked { masked() } else { c.to.clone() } })
            .collect();
        let Some((_, act, later)) = acts(&self.dialect, row, &fields) else { return Vec::new() };
        let mut wires = Vec::new();
        let is_asked = act.id().is_some() && !goes_by_version(&self.dialect, self.has_versions, rules, row);
        if let Some(id) = act.id().filter(|_| is_asked) {
            wires.push(self.read(id));
        }
        let version = row.account.as_ref().and_then(|a| a.version.as_deref()).filter(|_| self.has_versions);
        wires.extend(self.one(&act, version));
        if !later.is_empty()
            && let Some(id) = act.id()
        {
            wires.extend(self.one(&Act::change(id, later, None), None));
        }
        wires
    }

    fn read(&self, id: &str) -> Wire {
        let path = format!("/Users/{}", crate::target::http::encode(id));
        Wire { method: "GET", url: self.url(&path), headers: vec![Self::secret()], body: None, note: Some(READ_FIRST) }
    }

    fn one(&self, act: &Act<'_>, version: Option<&str>) -> Option<Wire> {
        let needs_before = act.needs_before(&self.dialect);
        let empty = Resource { id: act.id().unwrap_or_default().to_owned(), object: Map::new(), version: None };
        let request: Request = act.request(&self.dialect, needs_before.then_some(&empty), version)?;
        let mut headers = vec![Self::secret()];
        if request.body.is_some() {
            headers.push(("Content-Type", self.content_type.clone()));
        }
        headers.extend(request.if_match.map(|version| ("If-Match", version)));
        let body = request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let url = self.url(&request.path);
        Some(Wire { method: request.method.word(), url, headers, body, note: needs_before.then_some(MERGED) })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.trim_end_matches('/'))
    }

    /// The token is not here to be shown.
    fn secret() -> (&'static str, String) {
        ("Authorization", "(hidden)".to_owned())
    }
}
