//! A SCIM service in this process, over real HTTP on loopback, in either dialect, with the faults that real ones have.
//!
//! It is told by [`Faults`] what to do otherwise than it should; without any it is a plain SCIM 2.0 service.

mod accounts;
mod dialect;
mod door;
mod faults;
mod gzip;
mod held;
mod listing;
mod write;

pub use accounts::{Accounts, By, Refused};
pub use dialect::Envelope;
pub use faults::{Clients, Cursors, Faults, Filtering, Hiding, Throttle};
pub use write::{Effect, Hook, Writing};

use crate::error::{Error, Result};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use dialect::{error, json};
use held::Held;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The state of a running service.
pub(super) struct Inner {
    held: RwLock<Held>,
    /// Instead of what is held.
    crowd: Option<Arc<Accounts>>,
    done: write::Done,
    faults: Faults,
    requests: AtomicUsize,
    listings: AtomicUsize,
    throttled: AtomicUsize,
    door: door::Door,
    /// How many cursors were used.
    expired: AtomicUsize,
}

/// A running service; it stops when it is dropped.
pub struct Service {
    base_url: String,
    inner: Arc<Inner>,
    task: tokio::task::JoinHandle<()>,
}

impl Service {
    /// Starts a service with these accounts on a free port of 127.0.0.1. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start(users: Vec<Value>, faults: Faults) -> Result<Self> {
        Self::listen(users, None, faults).await
    }

    /// Starts a service with the accounts of a crowd. Of the faults it has those of the door and of delay, `page_cap` and
    /// whether there are filters.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start_crowd(accounts: Arc<Accounts>, faults: Faults) -> Result<Self> {
        Self::listen(Vec::new(), Some(accounts), faults).await
    }

    async fn listen(users: Vec<Value>, crowd: Option<Arc<Accounts>>, faults: Faults) -> Result<Self> {
        let no_port = |e: std::io::Error| Error::failure(format!("the demo's service cannot listen on 127.0.0.1: {e}"));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        let users: Vec<Value> = if faults.version_1 { users.into_iter().map(dialect::in_version_1).collect() } else { users };
        let version_1 = faults.version_1;
        let inner = Arc::new(Inner {
            held: RwLock::new(Held::new(users)),
            crowd,
            done: write::Done::default(),
            faults,
            requests: AtomicUsize::new(0),
            listings: AtomicUsize::new(0),
            throttled: AtomicUsize::new(0),
            door: door::Door::default(),
            expired: AtomicUsize::new(0),
        });
        let base = if version_1 { "/scim/v1" } else { "/scim/v2" };
        let (config, schemas) =
            if version_1 { ("/ServiceProviderConfigs", "/Schemas/Users") } else { ("/ServiceProviderConfig", "/Schemas") };
        let scim = Router::new()
            .route("/Users", get(listing::list).post(write::create))
            .route("/Users/{id}", get(one).put(write::change).patch(write::change).delete(write::change))
            .route(config, get(announce))
            .route(schemas, get(schema))
            .fallback(nowhere)
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&inner), door::guard))
            .with_state(Arc::clone(&inner));
        let app = Router::new()
            .nest(base, scim)
            .route("/token", post(door::grant))
            .with_state(Arc::clone(&inner))
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&inner), gzip::pack));
        let task = tokio::spawn(async move {
            // Ends only with the process or with the task.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Service { base_url: format!("http://127.0.0.1:{port}{base}"), inner, task })
    }

    /// Where it is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it grants tokens.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.base_url.replace("/scim/v1", "/token").replace("/scim/v2", "/token")
    }

    /// How many requests it has had, those for a token left out.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// How many tokens it has granted.
    #[must_use]
    pub fn granted(&self) -> usize {
        self.inner.door.granted()
    }

    /// Everything that happened to accounts, in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        self.inner.done.effects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The accounts that are held, as they are now.
    #[must_use]
    pub fn users(&self) -> Vec<Value> {
        self.inner.held().users.clone()
    }

    /// Somebody else changes what is held.
    pub fn edit(&self, change: impl FnOnce(&mut Vec<Value>)) {
        let mut held = self.inner.held_mut();
        let mut users = std::mem::take(&mut held.users);
        change(&mut users);
        held.set(users);
    }

    /// How many requests were being answered at once, at most.
    #[must_use]
    pub fn at_once(&self) -> usize {
        self.inner.door.at_once()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn nowhere(State(inner): State<Arc<Inner>>) -> Response {
    error(&inner, 404, None, "there is no such resource")
}

async fn one(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    if let Some(status) = inner.faults.lookup_status {
        return error(&inner, status, None, "single accounts are not for you");
    }
    if inner.faults.writing.revoke_reads && inner.done.is_revoked(&inner.faults.writing) {
        return error(&inner, 401, None, "the token was revoked");
    }
    if inner.faults.writing.delay > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(inner.faults.writing.delay)).await;
    }
    if inner.done.is_unknown(&id) {
        return error(&inner, 404, None, "there is no such account");
    }
    if let Some(accounts) = inner.crowd.as_ref().filter(|_| !inner.faults.writing.versions) {
        return match accounts.find(By::Id, &id).pop() {
            Some(account) => dialect::json_text(&inner, 200, account),
            None => error(&inner, 404, None, "there is no such account"),
        };
    }
    let hides = inner.faults.hides_inactive.as_ref().is_some_and(|h| !h.shown_by_id);
    match inner.account(&id) {
        Some(user) if !hides || listing::is_active(&user) => inner.shown(200, &id),
        _ => error(&inner, 404, None, "there is no such account"),
    }
}

impl Inner {
    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn announce(State(inner): State<Arc<Inner>>, _request: Request) -> Response {
    if inner.faults.silent {
        return error(&inner, 404, None, "there is no such resource");
    }
    let mut body = json!({
        "patch": {"supported": !inner.faults.version_1 && !inner.faults.writing.no_patch},
        "bulk": {"supported": false},
        "filter": {"supported": inner.faults.filtering != Filtering::Refused, "maxResults": 1000},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": inner.faults.writing.versions},
    });
    if let (Some(cursors), Some(object)) = (&inner.faults.cursors, body.as_object_mut()) {
        let method = if cursors.only { "cursor" } else { "index" };
        object.insert(
            "pagination".to_owned(),
            json!({"cursor": true, "index": !cursors.only, "defaultPaginationMethod": method, "maxPageSize": 1000}),
        );
    }
    json(&inner, 200, &body)
}

async fn schema(State(inner): State<Arc<Inner>>) -> Response {
    if inner.faults.silent {
        return error(&inner, 404, None, "there is no such resource");
    }
    let plain = |names: &[&str]| names.iter().map(|n| json!({"name": n, "type": "string"})).collect::<Vec<_>>();
    let complex = |name: &str, subs: &[&str]| json!({"name": name, "type": "complex", "subAttributes": plain(subs)});
    let mut core = plain(&["userName", "displayName", "title", "active"]);
    core.push(complex("name", &["givenName", "familyName", "formatted"]));
    core.push(complex("emails", &["value", "type", "primary"]));
    core.push(complex("phoneNumbers", &["value", "type", "primary"]));
    let mut enterprise = plain(&["employeeNumber", "costCenter", "organization", "division", "department"]);
    if inner.faults.version_1 {
        return json(
            &inner,
            200,
            &json!({"id": "urn:scim:schemas:core:1.0:User", "name": "User", "endpoint": "/Users", "attributes": core}),
        );
    }
    enterprise.push(complex("manager", &["value", "displayName"]));
    json(
        &inner,
        200,
        &json!({"totalResults": 2, "Resources": [
            {"id": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": core},
            {"id": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "attributes": enterprise},
        ]}),
    )
}

/// A status that may have come from a test.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A body as it is, under any name.
fn text(code: u16, content_type: &'static str, body: impl Into<String>) -> Response {
    (status(code), [("content-type", content_type)], body.into()).into_response()
}
