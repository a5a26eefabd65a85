//! Who gets in: tokens, grants, the proof of an app secret, `User-Agent`, and being turned away for a while.

use super::dialect::error;
use super::{Inner, status, text};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the door remembers.
#[derive(Default)]
pub(super) struct Door {
    granted: AtomicUsize,
    /// For how many more requests the last granted token is good.
    left: AtomicUsize,
    current: Mutex<Option<String>>,
    inside: AtomicUsize,
    at_once: AtomicUsize,
}

impl Door {
    pub fn granted(&self) -> usize {
        self.granted.load(Ordering::Relaxed)
    }

    pub fn at_once(&self) -> usize {
        self.at_once.load(Ordering::Relaxed)
    }

    fn token(&self) -> Option<String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Stands before every request but those for a token.
pub(super) async fn guard(State(inner): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    inner.requests.fetch_add(1, Ordering::Relaxed);
    let faults = &inner.faults;
    if let Some((code, content_type, body)) = faults.answer {
        return text(code, content_type, body);
    }
    if let Some(to) = faults.redirect {
        return (status(302), [("location", to)]).into_response();
    }
    let headers = request.headers();
    if faults.user_agent && headers.get("user-agent").is_none() {
        return error(&inner, 400, None, "a User-Agent is required");
    }
    if let Some(throttle) = &faults.throttle
        && inner.throttled.fetch_add(1, Ordering::Relaxed) < throttle.requests
    {
        let mut response = error(&inner, throttle.status, None, "slow down");
        if let Some((name, value)) = throttle.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        return response;
    }
    if let Some(refusal) = token_trouble(&inner, headers) {
        return error(&inner, 401, None, refusal);
    }
    if let Some(secret) = &faults.app_secret
        && !is_proved(secret, bearer(headers).unwrap_or_default(), request.uri().query().unwrap_or_default())
    {
        return error(&inner, 400, None, "API calls from the server require an appsecret_proof argument");
    }
    let _inside = Inside::enter(&inner.door);
    next.run(request).await
}

/// A request that is being answered; a client that hangs up ends it too.
struct Inside<'d>(&'d Door);

impl<'d> Inside<'d> {
    fn enter(door: &'d Door) -> Self {
        let inside = door.inside.fetch_add(1, Ordering::Relaxed) + 1;
        door.at_once.fetch_max(inside, Ordering::Relaxed);
        Inside(door)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}

fn token_trouble(inner: &Inner, headers: &HeaderMap) -> Option<&'static str> {
    let given = bearer(headers);
    if let Some(clients) = &inner.faults.clients {
        if given.is_none() || given.map(str::to_owned) != inner.door.token() {
            return Some("the token is not valid");
        }
        if clients.good_for.is_some() && inner.door.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err() {
            return Some("the token was revoked");
        }
        return None;
    }
    let wanted = inner.faults.token.as_deref()?;
    (given != Some(wanted)).then_some("the token is not valid")
}

fn is_proved(secret: &str, token: &str, query: &str) -> bool {
    let query: HashMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let (Some(time), Some(proof)) = (query.get("appsecret_time"), query.get("appsecret_proof")) else { return false };
    let fresh = time.parse::<i64>().is_ok_and(|t| (crate::clock::now().0 - t).abs() < 300);
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(format!("{token}|{time}").as_bytes());
    let wanted = mac.finalize().into_bytes();
    let given: Option<Vec<u8>> = (0..proof.len()).step_by(2).map(|i| u8::from_str_radix(proof.get(i..i + 2)?, 16).ok()).collect();
    fresh && given.as_deref() == Some(&wanted[..])
}

/// The token endpoint (RFC 6749 section 4.4).
pub(super) async fn grant(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: String) -> Response {
    let refuse = |code: u16, why: &str| text(code, "application/json", json!({"error": why}).to_string());
    let Some(clients) = &inner.faults.clients else { return refuse(404, "there are no tokens here") };
    if let Some(to) = inner.faults.redirect {
        return (status(307), [("location", to)]).into_response();
    }
    let form: HashMap<String, String> =
        body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), decoded(v))).collect();
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return refuse(400, "unsupported_grant_type");
    }
    let given = if clients.in_body {
        form.get("client_id").cloned().zip(form.get("client_secret").cloned())
    } else {
        headers
            .get("authorization")
            .and_then(|v| v.to_str().ok()?.strip_prefix("Basic "))
            .and_then(|b| String::from_utf8(base64::engine::general_purpose::STANDARD.decode(b).ok()?).ok())
            .and_then(|pair| pair.split_once(':').map(|(id, secret)| (decoded(id), decoded(secret))))
    };
    if given != Some((clients.id.clone(), clients.secret.clone())) {
        return refuse(401, "invalid_client");
    }
    let number = inner.door.granted.fetch_add(1, Ordering::Relaxed) + 1;
    let token = format!("granted-token-{number}");
    inner.door.left.store(clients.good_for.unwrap_or(0), Ordering::Relaxed);
    *inner.door.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    text(
        200,
        "application/json",
        json!({"access_token": token, "token_type": "bearer", "expires_in": clients.seconds, "scope": form.get("scope")}).to_string(),
    )
}

/// A value of a form, without its percent signs.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        match (bytes[i], text.get(i + 1..i + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                i += 1;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
