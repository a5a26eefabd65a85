//! A SCIM 2.0 service in this process, over real HTTP on loopback, with the faults that real ones have.

use crate::error::{Error, Result};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the service does otherwise than it should.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Faults {
    /// Every request must carry this bearer token.
    pub token: Option<String>,
    /// At most so many accounts a page.
    pub page_cap: Option<usize>,
    /// `totalResults` says so much more than there is (or less).
    pub total_off_by: isize,
    /// Requests for a page from this account on are answered with an error of this status.
    pub fail_from: Option<(usize, u16)>,
    /// The connection is cut in the answer to requests for a page from this account on.
    pub cut_from: Option<usize>,
    /// Past the end, the first page comes again.
    pub repeat_past_end: bool,
    /// `startIndex` is ignored: the first page comes for ever.
    pub ignore_start: bool,
    /// The listing moves between pages: each page begins so many accounts early, for the first `n` requests.
    pub shift: Option<usize>,
    /// Every answer is this text instead.
    pub answer: Option<(u16, &'static str, &'static str)>,
    /// Looking up a single account fails with this status.
    pub lookup_status: Option<u16>,
    /// The listing tells no `totalResults`.
    pub no_total: bool,
    /// `totalResults` is one less from the second page on.
    pub total_shrinks: bool,
    /// The listing leaves the account with this id out; looked up singly, it is there.
    pub unlisted: Option<&'static str>,
    /// Requests with a `count` above this get 400.
    pub refuse_count_above: Option<usize>,
}

struct Inner {
    users: Vec<Value>,
    by_id: HashMap<String, usize>,
    faults: Faults,
    requests: AtomicUsize,
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
        let no_port = |e: std::io::Error| Error::failure(format!("the demo's service cannot listen on 127.0.0.1: {e}"));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        let by_id = users.iter().enumerate().filter_map(|(i, u)| Some((u.get("id")?.as_str()?.to_owned(), i))).collect();
        let inner = Arc::new(Inner { users, by_id, faults, requests: AtomicUsize::new(0) });
        let app = Router::new().route("/scim/v2/Users", get(list)).route("/scim/v2/Users/{id}", get(one)).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            // Ends only with the process or with the task.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Service { base_url: format!("http://127.0.0.1:{port}/scim/v2"), inner, task })
    }

    /// Where it is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How many requests it has had.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn scim(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", "application/scim+json")], body.to_string()).into_response()
}

fn error(status: u16, detail: &str) -> Response {
    scim(status, &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": detail}))
}

fn refused(inner: &Inner, headers: &HeaderMap) -> Option<Response> {
    inner.requests.fetch_add(1, Ordering::Relaxed);
    if let Some((status, content_type, body)) = inner.faults.answer {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Some((status, [("content-type", content_type)], body).into_response());
    }
    let wanted = inner.faults.token.as_ref()?;
    let given = headers.get("authorization").and_then(|v| v.to_str().ok());
    (given != Some(&format!("Bearer {wanted}"))).then(|| error(401, "the token is not valid"))
}

async fn list(State(inner): State<Arc<Inner>>, Query(query): Query<HashMap<String, String>>, headers: HeaderMap) -> Response {
    if let Some(response) = refused(&inner, &headers) {
        return response;
    }
    let faults = &inner.faults;
    let number = |name: &str| query.get(name).and_then(|v| v.parse::<usize>().ok());
    let (start, count) = (number("startIndex").unwrap_or(1).max(1), number("count").unwrap_or(100));
    if faults.refuse_count_above.is_some_and(|n| count > n) {
        return error(400, "count is too large");
    }
    if let Some((from, status)) = faults.fail_from
        && start >= from
    {
        return error(status, "something is broken here");
    }
    if faults.cut_from.is_some_and(|from| start >= from) {
        // What a client sees when the other side dies in the middle of an answer.
        let pieces: [std::io::Result<&'static str>; 2] = [Ok("{\"totalResults\":"), Err(std::io::ErrorKind::ConnectionReset.into())];
        let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
        return (StatusCode::OK, [("content-type", "application/scim+json")], body).into_response();
    }
    let count = count.min(faults.page_cap.unwrap_or(usize::MAX));
    let mut from = if faults.ignore_start { 0 } else { start - 1 };
    if faults.repeat_past_end && from >= inner.users.len() {
        from = 0;
    }
    if let Some(requests) = faults.shift
        && from > 0
        && inner.requests.load(Ordering::Relaxed) <= requests
    {
        from -= 1;
    }
    let listed = || inner.users.iter().filter(|u| faults.unlisted.is_none() || u.get("id").and_then(Value::as_str) != faults.unlisted);
    let page: Vec<&Value> = listed().skip(from).take(count).collect();
    let shrunk = usize::from(faults.total_shrinks && start > 1);
    let total = (listed().count() - shrunk).saturating_add_signed(faults.total_off_by);
    if faults.no_total {
        return scim(200, &json!({"Resources": page}));
    }
    scim(
        200,
        &json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": page.len(),
            "Resources": page,
        }),
    )
}

async fn one(State(inner): State<Arc<Inner>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Some(response) = refused(&inner, &headers) {
        return response;
    }
    if let Some(status) = inner.faults.lookup_status {
        return error(status, "single accounts are not for you");
    }
    match inner.by_id.get(&id) {
        Some(i) => scim(200, &inner.users[*i]),
        None => error(404, "there is no such account"),
    }
}
