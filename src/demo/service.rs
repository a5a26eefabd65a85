//! A SCIM service in this process, over real HTTP on loopback, in either dialect, with the faults that real ones have.
//!
//! It is told by [`Faults`] what to do otherwise than it should; without any it is a plain SCIM 2.0 service.

mod accounts;
mod dialect;
mod door;
mod faults;
mod gzip;
mod listing;

pub use accounts::{Accounts, By, Refused};
pub use dialect::Envelope;
pub use faults::{Clients, Cursors, Faults, Filtering, Hiding, Throttle};

use crate::error::{Error, Result};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use dialect::{error, json};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The state of a running service.
pub(super) struct Inner {
    users: Vec<Value>,
    by_id: HashMap<String, usize>,
    /// Instead of `users`.
    crowd: Option<Arc<Accounts>>,
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
        let by_id = users.iter().enumerate().filter_map(|(i, u)| Some((u.get("id")?.as_str()?.to_owned(), i))).collect();
        let version_1 = faults.version_1;
        let inner = Arc::new(Inner {
            users,
            by_id,
            crowd,
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
            .route("/Users", get(listing::list))
            .route("/Users/{id}", get(one))
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
    if let Some(accounts) = &inner.crowd {
        return match accounts.find(By::Id, &id).pop() {
            Some(account) => dialect::json_text(&inner, 200, account),
            None => error(&inner, 404, None, "there is no such account"),
        };
    }
    let hidden = |user: &Value| inner.faults.hides_inactive.as_ref().is_some_and(|h| !h.shown_by_id) && !listing::is_active(user);
    match inner.by_id.get(&id) {
        Some(i) if !hidden(&inner.users[*i]) => json(&inner, 200, &inner.users[*i]),
        _ => error(&inner, 404, None, "there is no such account"),
    }
}

async fn announce(State(inner): State<Arc<Inner>>, _request: Request) -> Response {
    if inner.faults.silent {
        return error(&inner, 404, None, "there is no such resource");
    }
    let mut body = json!({
        "patch": {"supported": !inner.faults.version_1},
        "bulk": {"supported": false},
        "filter": {"supported": inner.faults.filtering != Filtering::Refused, "maxResults": 1000},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": false},
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
