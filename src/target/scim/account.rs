//! One account at a time: read whole, looked for by name, written to. What a service turned out not to know is remembered.

use super::super::http::{Answer, Request, Sent, encode};
use super::super::path::Path;
use super::Target;
use super::columns::{id_of, is_active, text_of};
use super::discovery::{self, Announced};
use super::lookup::{Named, Sought};
use super::write::{Dialect, path_of};
use crate::model::field::Field;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// An account as a service shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Everything that it has.
    pub object: Map<String, Value>,
    /// Its version: `ETag`, else `meta.version`.
    pub version: Option<String>,
}

impl Resource {
    /// What an answer shows, if that is an account with an id.
    #[must_use]
    pub fn of(answer: &Answer) -> Option<Self> {
        let object = answer.object().ok()?;
        let mut resource = Self::from_object(object)?;
        if let Some(etag) = &answer.etag {
            resource.version = Some(etag.clone());
        }
        Some(resource)
    }

    fn from_object(object: Map<String, Value>) -> Option<Self> {
        let id = id_of(&object)?.into_owned();
        let version = Path { schema: None, attribute: "meta".to_owned(), which: None, sub: Some("version".to_owned()) };
        let mut found = None;
        version.values(&object, |value| found = Some(value.to_owned()));
        Some(Resource { id, object, version: found })
    }

    /// The user name; empty where there is none.
    #[must_use]
    pub fn user_name(&self) -> &str {
        text_of(&self.object, "userName").unwrap_or_default()
    }

    /// `externalId`.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        text_of(&self.object, "externalId")
    }

    /// Every e-mail address.
    #[must_use]
    pub fn emails(&self) -> Vec<String> {
        let path = Path { schema: None, attribute: "emails".to_owned(), which: None, sub: Some("value".to_owned()) };
        let mut emails = Vec::new();
        path.values(&self.object, |value| emails.push(value.to_owned()));
        emails
    }

    /// Whether it is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        is_active(&self.object)
    }

    /// True if it says whether it is active.
    #[must_use]
    pub fn says_active(&self) -> bool {
        super::super::path::get(&self.object, "active").is_some()
    }

    /// The values of a field, as text.
    #[must_use]
    pub fn values(&self, field: &Field) -> Vec<String> {
        let mut values = Vec::new();
        path_of(field).values(&self.object, |value| values.push(value.to_owned()));
        values
    }
}

/// What reading one account came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// This is it.
    Found(Box<Resource>),
    /// The service says that there is none.
    NotFound,
    /// It can't be told.
    Unknown {
        /// Why.
        cause: String,
        /// The service refuses us altogether.
        refused: bool,
    },
}

/// What a service turned out to want otherwise than its connector says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// It knows no PATCH.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_patch: bool,
    /// The media type that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

impl Habits {
    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Habits::default()
    }
}

impl Target {
    /// Asks what the service announces about writing. It is good to know and never needed.
    pub async fn ask_what_it_can(&mut self) {
        let announced = discovery::ask(&self.http, self.version).await.ok().and_then(|answer| Announced::read(&answer));
        let Some(announced) = announced else { return };
        self.has_versions = announced.etag == Some(true);
        if announced.patch == Some(false) {
            self.habits_mut(|habits| habits.no_patch = true);
        }
    }

    /// True if the service announces versions: then a request can be made to hold for one version only.
    #[must_use]
    pub fn has_versions(&self) -> bool {
        self.has_versions
    }

    /// What it turned out to want.
    #[must_use]
    pub fn habits(&self) -> Habits {
        self.habits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers what it turned out to want.
    pub fn habits_mut(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.habits.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How it is written to, by its connector and by what it turned out to want.
    #[must_use]
    pub fn dialect(&self) -> Arc<Dialect> {
        let no_patch = self.habits.lock().unwrap_or_else(PoisonError::into_inner).no_patch;
        Arc::clone(&self.dialects[usize::from(no_patch)])
    }

    /// Takes in what an earlier run found out about it, as it was kept.
    pub fn learn(&self, kept: Option<&str>) {
        if let Some(habits) = kept.and_then(|text| serde_json::from_str(text).ok()) {
            self.habits_mut(|known| *known = habits);
        }
    }

    /// The media type of what is sent.
    #[must_use]
    pub fn content_type(&self) -> String {
        self.habits().content_type.unwrap_or_else(|| self.own_content_type.clone())
    }

    /// After a refusal of the media type: the other one, if that was not tried.
    #[must_use]
    pub fn other_content_type(&self) -> Option<&'static str> {
        match self.content_type().as_str() {
            "application/scim+json" => Some("application/json"),
            "application/json" => Some("application/scim+json"),
            _ => None,
        }
    }

    /// For how long the service may not know an account that it has just created.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.lag
    }

    /// Returns when nothing is to be waited any more that the service has asked for.
    pub async fn opened(&self) {
        self.http.opened().await;
    }

    /// How long a request may take before it is given up.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.http.timeout()
    }

    /// Requests in flight at most.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Sends a request that changes something, once.
    pub async fn send(&self, request: &Request) -> Sent {
        self.http.send(request, &self.content_type()).await
    }

    /// The request as it would be sent, for people: nothing in it is secret.
    #[must_use]
    pub fn shown(&self, request: &Request) -> String {
        use std::fmt::Write as _;
        let mut out = format!("{} {}{}\n", request.method.word(), self.base_url(), request.path);
        if let Some(version) = &request.if_match {
            let _ = writeln!(out, "If-Match: {version}");
        }
        if let Some(body) = &request.body {
            let _ = writeln!(out, "Content-Type: {}\n\n{}", self.content_type(), String::from_utf8_lossy(body));
        }
        out
    }

    /// Reads one account.
    pub async fn account(&self, id: &str) -> Seen {
        let answer = match self.http.get(&format!("/Users/{}", encode(id))).await {
            Ok(answer) => answer,
            Err(e) => return Seen::Unknown { cause: e.message().to_owned(), refused: false },
        };
        match answer.status {
            404 => Seen::NotFound,
            _ if answer.is_good() => match Resource::of(&answer) {
                Some(resource) if resource.id == id => Seen::Found(Box::new(resource)),
                Some(_) => Seen::Unknown { cause: "the service answered with another account".to_owned(), refused: false },
                None => Seen::Unknown { cause: "the service answered with no account".to_owned(), refused: false },
            },
            status => Seen::Unknown { cause: answer.complaint(), refused: status == 401 },
        }
    }

    /// Looks for somebody by name and by what else the service can look up.
    ///
    /// # Errors
    /// Why it can't be told whether there is somebody.
    pub async fn seek(&self, sought: &Sought) -> Result<Vec<Resource>, String> {
        match self.named(sought).await {
            Named::Accounts(accounts) => Ok(accounts.into_iter().filter_map(Resource::from_object).collect()),
            Named::Unknown { cause, .. } => Err(cause),
        }
    }
}
