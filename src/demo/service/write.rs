//! Accounts are created, changed and deleted, and every effect is noted: a client is judged by what really happened here.
//!
//! Written apart from the client's own code, by the same RFCs: what the two agree on is not one mistake made twice.

use super::dialect::{error, json};
use super::{By, Inner, Refused, status};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// What a service does otherwise when it is written to.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Writing {
    /// Each write takes so many milliseconds, half of them before its effect.
    pub delay: u64,
    /// Each write waits for a permit of these before its effect.
    pub held: Option<Arc<Semaphore>>,
    /// The connection is cut instead of an answer to every n-th write, after its effect.
    pub lose_answer: Option<usize>,
    /// The connection is cut instead of an answer to every n-th write, without effect.
    pub lose_request: Option<usize>,
    /// Writes to the user with this name fail with this status, always.
    pub fail: Option<(&'static str, u16)>,
    /// Changes of the user with this name fail with this status, always; creating them does not.
    pub fail_change: Option<(&'static str, u16)>,
    /// Every n-th write is turned away with 429 and this header.
    pub throttle: Option<(usize, &'static str, &'static str)>,
    /// After so many writes no token is good any more.
    pub revoke_after: Option<usize>,
    /// From then on nobody is read one by one either.
    pub revoke_reads: bool,
    /// A new account is not known for so many milliseconds.
    pub lag: u64,
    /// This attribute is never changed, although the answer is 200.
    pub keeps: Option<&'static str>,
    /// This attribute is kept in capital letters.
    pub raises: Option<&'static str>,
    /// This attribute does not stick on a create.
    pub drops_on_create: Option<&'static str>,
    /// PATCH answers 204 without a body.
    pub silent_patch: bool,
    /// There is no PATCH.
    pub no_patch: bool,
    /// Only this media type is taken.
    pub media_type: Option<&'static str>,
    /// PUT leaves alone what is left out.
    pub merges: bool,
    /// DELETE is refused with this status.
    pub refuses_delete: Option<u16>,
    /// DELETE makes inactive.
    pub soft_delete: bool,
    /// E-mail addresses are unique too.
    pub unique_mail: bool,
    /// Nothing is unique.
    pub twins: bool,
    /// Versions are announced, and `If-Match` is heeded.
    pub versions: bool,
    /// Every effect is written into this file, a line each, before it is answered.
    pub log: Option<PathBuf>,
    /// Hears of each write as it arrives.
    pub hook: Option<Hook>,
}

/// Somebody who hears of each write as it arrives: method, path, body.
#[derive(Clone)]
pub struct Hook(pub Arc<Hears>);

/// What is called with method, path and body.
pub type Hears = dyn Fn(&str, &str, &Value) + Send + Sync;

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Whose.
    pub id: String,
    /// The user name, afterwards (before, for a DELETE).
    pub user_name: String,
    /// What was sent.
    pub body: Value,
}

/// What was done so far.
#[derive(Default)]
pub(super) struct Done {
    pub effects: Mutex<Vec<Effect>>,
    log: Mutex<Option<std::fs::File>>,
    writes: AtomicUsize,
    /// New accounts that are not known yet, and until when.
    fresh: Mutex<Vec<(String, Instant)>>,
}

impl Done {
    /// True once no token is good any more.
    pub fn is_revoked(&self, faults: &Writing) -> bool {
        faults.revoke_after.is_some_and(|k| self.writes.load(Ordering::Relaxed) > k)
    }

    fn note(&self, inner: &Inner, effect: Effect) {
        if let Some(path) = &inner.faults.writing.log {
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.is_none() {
                *log = std::fs::OpenOptions::new().create(true).append(true).open(path).ok();
            }
            if let Some(file) = log.as_mut() {
                let line = json!({"method": effect.method, "id": effect.id, "user": effect.user_name, "body": effect.body});
                // One write, so that a line is whole or not there.
                let _ = file.write_all(format!("{line}\n").as_bytes());
            }
        }
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).push(effect);
    }

    /// True while a new account is not known yet.
    pub fn is_unknown(&self, id: &str) -> bool {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|(_, until)| *until > Instant::now());
        fresh.iter().any(|(known, _)| known == id)
    }
}

/// The connection ends without an answer.
fn cut() -> Response {
    let pieces: [std::io::Result<&'static str>; 1] = [Err(std::io::ErrorKind::ConnectionReset.into())];
    (status(200), [("content-length", "10")], axum::body::Body::from_stream(futures_util::stream::iter(pieces))).into_response()
}

pub(super) async fn create(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    write(&inner, &Method::POST, None, &headers, &body).await
}

pub(super) async fn change(
    State(inner): State<Arc<Inner>>,
    method: Method,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    write(&inner, &method, Some(&id), &headers, &body).await
}

async fn write(inner: &Inner, method: &Method, id: Option<&str>, headers: &HeaderMap, body: &Bytes) -> Response {
    let faults = &inner.faults.writing;
    let n = inner.done.writes.fetch_add(1, Ordering::Relaxed) + 1;
    let every = |k: Option<usize>| k.is_some_and(|k| n.is_multiple_of(k));
    let value: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or(Value::Bool(false)) };
    if let Some(hook) = &faults.hook {
        let path = id.map_or_else(|| "/Users".to_owned(), |id| format!("/Users/{id}"));
        (hook.0)(method.as_str(), &path, &value);
    }
    if faults.revoke_after.is_some_and(|k| n > k) {
        return error(inner, 401, None, "the token was revoked");
    }
    if let Some((k, name, text)) = faults.throttle
        && n.is_multiple_of(k)
    {
        let mut response = error(inner, 429, None, "slow down");
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(text));
        return response;
    }
    if every(faults.lose_request) {
        return cut();
    }
    if let Some(held) = &faults.held
        && let Ok(permit) = held.acquire().await
    {
        permit.forget();
    }
    if faults.delay > 0 {
        tokio::time::sleep(Duration::from_millis(faults.delay / 2)).await;
    }
    let response = answer(inner, method, id, headers, value);
    if faults.delay > 0 {
        tokio::time::sleep(Duration::from_millis(faults.delay - faults.delay / 2)).await;
    }
    if every(faults.lose_answer) { cut() } else { response }
}

fn answer(inner: &Inner, method: &Method, id: Option<&str>, headers: &HeaderMap, value: Value) -> Response {
    let faults = &inner.faults.writing;
    if *method == Method::PATCH && faults.no_patch {
        return error(inner, 501, None, "PATCH is not supported");
    }
    let media_type = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if *method != Method::DELETE && faults.media_type.is_some_and(|wanted| !media_type.starts_with(wanted)) {
        return error(inner, 415, None, "this media type is not for me");
    }
    let Some(id) = id else {
        let Value::Object(account) = value else { return error(inner, 400, Some("invalidSyntax"), "the body is no account") };
        return created(inner, account);
    };
    let Some(before) = inner.account(id).filter(|_| !inner.done.is_unknown(id)) else {
        return error(inner, 404, None, "there is no such account");
    };
    let name = before.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some((_, code)) = faults.fail.or(faults.fail_change).filter(|(who, _)| name.eq_ignore_ascii_case(who)) {
        return error(inner, code, None, "something is broken about this one");
    }
    let wanted = headers.get("if-match").and_then(|v| v.to_str().ok());
    if faults.versions && wanted.is_some_and(|v| v != "*" && before.pointer("/meta/version").and_then(Value::as_str) != Some(v)) {
        return error(inner, 412, None, "the version is another one by now");
    }
    if *method == Method::DELETE {
        return deleted(inner, id, &before, name);
    }
    let mut after = before.as_object().cloned().unwrap_or_default();
    let Value::Object(sent) = &value else { return error(inner, 400, Some("invalidSyntax"), "the body is no object") };
    let told = if *method == Method::PUT {
        put(&mut after, sent, faults.merges);
        Ok(())
    } else if inner.faults.version_1 {
        patch_version_1(&mut after, sent);
        Ok(())
    } else {
        patch(&mut after, sent)
    };
    if let Err((kind, why)) = told {
        return error(inner, 400, Some(kind), &why);
    }
    settle(inner, Some(&before), &mut after);
    let after = Value::Object(after);
    match inner.replace(id, after.clone()) {
        Ok(()) => {}
        Err(Refused::Taken) => return error(inner, 409, Some("uniqueness"), "the user name or an address is taken"),
        Err(Refused::Unknown) => return error(inner, 404, None, "there is no such account"),
        Err(Refused::Nameless) => return error(inner, 400, Some("invalidValue"), "userName is required"),
    }
    let user_name = after.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    inner.done.note(inner, Effect { method: method.to_string(), id: id.to_owned(), user_name, body: value });
    if *method == Method::PATCH && faults.silent_patch {
        return status(204).into_response();
    }
    inner.shown(200, id)
}

fn created(inner: &Inner, mut account: Map<String, Value>) -> Response {
    let faults = &inner.faults.writing;
    let name = account.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some((_, code)) = faults.fail.filter(|(who, _)| name.eq_ignore_ascii_case(who)) {
        return error(inner, code, None, "something is broken about this one");
    }
    let sent = Value::Object(account.clone());
    account.remove("id");
    settle(inner, None, &mut account);
    match inner.insert(Value::Object(account)) {
        Ok(id) => {
            inner.done.note(inner, Effect { method: "POST".to_owned(), id: id.clone(), user_name: name, body: sent });
            let shown = inner.shown(201, &id);
            if faults.lag > 0 {
                let until = Instant::now() + Duration::from_millis(faults.lag);
                inner.done.fresh.lock().unwrap_or_else(PoisonError::into_inner).push((id, until));
            }
            shown
        }
        Err(Refused::Taken) => error(inner, 409, Some("uniqueness"), "the user name or an address is taken"),
        Err(_) => error(inner, 400, Some("invalidValue"), "userName is required"),
    }
}

fn deleted(inner: &Inner, id: &str, before: &Value, user_name: String) -> Response {
    let faults = &inner.faults.writing;
    if let Some(code) = faults.refuses_delete {
        return error(inner, code, None, "claimed accounts are not deleted");
    }
    let done = if faults.soft_delete {
        let mut after = before.clone();
        after["active"] = json!(false);
        inner.replace(id, after)
    } else {
        inner.remove(id)
    };
    if done.is_err() {
        return error(inner, 404, None, "there is no such account");
    }
    inner.done.note(inner, Effect { method: "DELETE".to_owned(), id: id.to_owned(), user_name, body: Value::Null });
    status(204).into_response()
}

/// What the service makes of an account before it keeps it.
fn settle(inner: &Inner, before: Option<&Value>, account: &mut Map<String, Value>) {
    let faults = &inner.faults.writing;
    match (before, faults.keeps) {
        (Some(before), Some(name)) => {
            if let Some(kept) = before.get(name) {
                account.insert(name.to_owned(), kept.clone());
            } else {
                account.shift_remove(name);
            }
        }
        (None, Some(name)) => drop(account.shift_remove(name)),
        _ => {}
    }
    if let Some(value) = faults.raises.and_then(|name| account.get_mut(name))
        && let Some(text) = value.as_str()
    {
        *value = text.to_uppercase().into();
    }
    if before.is_none()
        && let Some(name) = faults.drops_on_create
    {
        account.shift_remove(name);
    }
    let version = before.and_then(|b| b.pointer("/meta/version")).and_then(Value::as_str);
    let n: u64 = version.and_then(|v| v.trim_start_matches("W/").trim_matches('"').parse().ok()).unwrap_or(0);
    account.insert("meta".to_owned(), json!({"resourceType": "User", "version": format!("W/\"{}\"", n + 1)}));
}

/// The account that is sent takes the place of the other one (RFC 7644 section 3.5.1).
fn put(account: &mut Map<String, Value>, sent: &Map<String, Value>, merges: bool) {
    if !merges {
        account.retain(|name, _| matches!(name.as_str(), "id" | "meta" | "groups"));
    }
    for (name, value) in sent {
        if matches!(name.as_str(), "id" | "meta" | "groups") {
            continue;
        }
        let is_nothing = value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        if is_nothing {
            account.shift_remove(name);
        } else {
            account.insert(name.clone(), value.clone());
        }
    }
}

/// A part of a user takes effect (SCIM 1.1 section 3.3.2).
fn patch_version_1(account: &mut Map<String, Value>, sent: &Map<String, Value>) {
    let gone = sent.get("meta").and_then(|m| m.get("attributes")).and_then(Value::as_array);
    for name in gone.into_iter().flatten().filter_map(Value::as_str) {
        match name.split_once('.') {
            Some((name, sub)) => {
                if let Some(Value::Object(parent)) = account.get_mut(name) {
                    parent.shift_remove(sub);
                }
            }
            None => drop(account.shift_remove(name)),
        }
    }
    for (name, value) in sent.iter().filter(|(name, _)| !matches!(name.as_str(), "schemas" | "meta" | "id")) {
        match (account.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(new)) => known.extend(new.clone()),
            _ => drop(account.insert(name.clone(), value.clone())),
        }
    }
}

type Wrong = (&'static str, String);

/// `Operations` take effect, all of them or none (RFC 7644 section 3.5.2).
fn patch(account: &mut Map<String, Value>, sent: &Map<String, Value>) -> Result<(), Wrong> {
    let operations = sent.get("Operations").and_then(Value::as_array);
    let operations = operations.ok_or(("invalidSyntax", "there are no Operations".to_owned()))?;
    if operations.is_empty() {
        return Err(("invalidSyntax", "there are no Operations".to_owned()));
    }
    for operation in operations {
        let op = operation.get("op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let value = operation.get("value").cloned();
        match (op.as_str(), operation.get("path").and_then(Value::as_str), value) {
            ("add" | "replace", None, Some(Value::Object(parts))) => account.extend(parts),
            ("add" | "replace", Some(path), Some(value)) => one(account, path, Some(value))?,
            ("remove", Some(path), None) => one(account, path, None)?,
            _ => return Err(("invalidSyntax", "an operation is not valid".to_owned())),
        }
    }
    Ok(())
}

fn one(account: &mut Map<String, Value>, path: &str, value: Option<Value>) -> Result<(), Wrong> {
    let (object, rest) = match path.rfind(':').filter(|_| path.to_ascii_lowercase().starts_with("urn:")) {
        Some(at) => {
            let extension = account.entry(path[..at].to_owned()).or_insert_with(|| json!({}));
            (extension.as_object_mut().ok_or(("invalidPath", path.to_owned()))?, &path[at + 1..])
        }
        None => (account, path),
    };
    if rest.contains('[') {
        // Like many a service, it finds no element that it would have to make.
        return Err(("noTarget", format!("{path} matches nothing")));
    }
    match rest.split_once('.') {
        None => match value {
            Some(value) => drop(object.insert(rest.to_owned(), value)),
            None => drop(object.shift_remove(rest)),
        },
        Some((parent, sub)) => {
            let parent = object.entry(parent.to_owned()).or_insert_with(|| json!({}));
            let parent = parent.as_object_mut().ok_or(("invalidPath", path.to_owned()))?;
            match value {
                Some(value) => drop(parent.insert(sub.to_owned(), value)),
                None => drop(parent.shift_remove(sub)),
            }
        }
    }
    Ok(())
}

impl Inner {
    /// An account as it is.
    pub(super) fn account(&self, id: &str) -> Option<Value> {
        match &self.crowd {
            Some(accounts) => serde_json::from_str(&accounts.find(By::Id, id).pop()?).ok(),
            None => self.held().get(id).cloned(),
        }
    }

    fn replace(&self, id: &str, account: Value) -> Result<(), Refused> {
        match &self.crowd {
            Some(accounts) => accounts.replace(id, account),
            None => self.held_mut().replace(id, account, self.faults.writing.unique_mail),
        }
    }

    fn insert(&self, account: Value) -> Result<String, Refused> {
        match &self.crowd {
            Some(accounts) => accounts.insert(account),
            None => self.held_mut().insert(account, self.faults.writing.unique_mail, self.faults.writing.twins),
        }
    }

    fn remove(&self, id: &str) -> Result<(), Refused> {
        match &self.crowd {
            Some(accounts) => accounts.remove(id),
            None => self.held_mut().remove(id),
        }
    }

    /// An account as an answer, with its version.
    pub(super) fn shown(&self, code: u16, id: &str) -> Response {
        let Some(account) = self.account(id) else { return error(self, 404, None, "there is no such account") };
        let mut response = json(self, code, &account);
        let version = account.pointer("/meta/version").and_then(Value::as_str).filter(|_| self.faults.writing.versions);
        if let Some(version) = version.and_then(|v| axum::http::HeaderValue::from_str(v).ok()) {
            response.headers_mut().insert("etag", version);
        }
        response
    }
}
