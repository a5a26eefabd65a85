//! Requests that change something: sent once, and told apart by whether they can have arrived.
//!
//! A request that never left may be sent again; one whose answer is lost must be looked into first, because a create that
//! is repeated blindly makes a twin. So nothing is repeated here but what a service turned away unread: a token that has
//! run out. Everything else is decided by who knows what the request was for.

use super::{Answer, Http, answer, is_tls, no_answer};
use crate::error::{Error, chain};
use crate::telemetry;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates.
    Post,
    /// Puts a whole account in the place of another one.
    Put,
    /// Changes some fields.
    Patch,
    /// Deletes.
    Delete,
}

impl Method {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A request, without what proves who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it does.
    pub method: Method,
    /// Below the base URL, with the query.
    pub path: String,
    /// The version that the account has to have still (RFC 9110 section 13.1.1).
    pub if_match: Option<String>,
    /// The body, JSON.
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// One without a body.
    pub fn bare(method: Method, path: impl Into<String>) -> Self {
        Request { method, path: path.into(), if_match: None, body: None }
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Sent {
    /// The service answered.
    Answered(Answer),
    /// It never left: nothing can have happened.
    Unsent(Error),
    /// It may have arrived.
    Lost(Error),
}

/// The pause that is made where a service asks for one and does not say how long.
const UNTOLD_WAIT: Duration = Duration::from_secs(2);

impl Http {
    /// Sends a request once, in its turn. What the service asks all of us to wait is waited before the next one leaves.
    pub async fn send(&self, request: &Request, content_type: &str) -> Sent {
        let mut renewed = false;
        loop {
            self.pace.turn().await;
            let ticket = match self.credential.ticket().await {
                Ok(ticket) => ticket,
                Err(error) => return Sent::Unsent(error),
            };
            let proof = self.proof.as_ref().and_then(|p| p.query(&ticket, crate::clock::now().0));
            // Never shown or logged: it may hold a proof.
            let url = match proof {
                None => format!("{}{}", self.base_url, request.path),
                Some(proof) => format!("{}{}{}{proof}", self.base_url, request.path, if request.path.contains('?') { '&' } else { '?' }),
            };
            let mut built = match request.method {
                Method::Get => self.client.get(&url),
                Method::Post => self.client.post(&url),
                Method::Put => self.client.put(&url),
                Method::Patch => self.client.patch(&url),
                Method::Delete => self.client.delete(&url),
            };
            if let Some(header) = &ticket.header {
                built = built.header(AUTHORIZATION, header.clone());
            }
            if let Some(version) = request.if_match.as_ref().and_then(|v| HeaderValue::try_from(v).ok()) {
                built = built.header(IF_MATCH, version);
            }
            if let Some(body) = &request.body {
                built = built.header(CONTENT_TYPE, content_type).body(body.clone());
            }
            let path = &request.path;
            let outcome = match built.send().await {
                Err(e) => Err(e),
                Ok(response) => answer::read(response).await,
            };
            match outcome {
                Ok(answer) => {
                    tracing::debug!(target: "rosterm", method = request.method.word(), path = %telemetry::redacted(path), status = answer.status, "sent");
                    if answer.status == 401 && !renewed && self.credential.forget(&ticket).await {
                        renewed = true;
                        continue;
                    }
                    if matches!(answer.status, 429 | 503) {
                        self.pace.close_for(answer.wait.unwrap_or(UNTOLD_WAIT));
                    }
                    return Sent::Answered(answer);
                }
                Err(e) => {
                    let never_left = e.is_connect() || e.is_builder() || is_tls(&e);
                    let e = e.without_url();
                    tracing::info!(target: "rosterm", method = request.method.word(), path = %telemetry::redacted(path), error = %telemetry::redacted(&chain(&e)), never_left, "no answer");
                    let error = no_answer(&e, &self.base_url, self.timeout, "base_url");
                    return if never_left { Sent::Unsent(error) } else { Sent::Lost(error) };
                }
            }
        }
    }

    /// Returns when nothing is to be waited any more that the service has asked for.
    pub async fn opened(&self) {
        self.pace.open().await;
    }

    /// How long a request may take before it is given up.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}
