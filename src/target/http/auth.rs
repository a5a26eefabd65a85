//! How we prove who we are: a token that we have, a token that is granted to us, and Workplace's proof of an app secret.
//!
//! What must stay true: each secret is known to the redaction before anything else sees it, a client secret goes to the
//! token endpoint and nowhere else, and a URL with a proof in it is never logged nor shown.

use super::answer::read;
use super::pace::backoff;
use super::{is_tls, no_answer};
use crate::config::{Auth, ClientCredentials, Located, TargetConfig};
use crate::error::{Error, Result};
use crate::target::path::get;
use crate::telemetry;
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the token endpoint is asked when it fails.
const TRIES: u32 = 3;
/// A token of unknown life is asked for anew after this.
const LIFE_IF_UNTOLD: Duration = Duration::from_secs(300);
/// A token is renewed so long before its end, or after three quarters of a short life.
const BEFORE_ITS_END: Duration = Duration::from_secs(60);
/// A proof is good for five minutes (Meta); ours are renewed well within, for clocks that differ.
const PROOF_SECONDS: i64 = 120;

/// What a request carries.
#[derive(Clone)]
pub(super) struct Ticket {
    pub header: Option<HeaderValue>,
    /// The token by itself, for a proof.
    token: Option<SecretString>,
    /// Which of the granted tokens it is.
    pub number: u64,
}

/// Where tickets come from.
pub(super) enum Credential {
    /// The same for the life of the process.
    Fixed(Ticket),
    /// Granted by a token endpoint.
    Granted(Box<Granted>),
}

/// Why no token was granted, and whether it may be once more.
struct Refusal {
    error: Error,
    passing: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal { error, passing: false }
    }
}

/// A token endpoint, and the token that it granted last.
pub(super) struct Granted {
    client: reqwest::Client,
    url: Located<String>,
    id: String,
    secret: SecretString,
    scope: Option<String>,
    in_body: bool,
    timeout: u64,
    held: tokio::sync::Mutex<Option<(Ticket, Instant)>>,
}

fn bearer(token: &str, place: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| unfit(place))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unfit(place: &str) -> Error {
    Error::usage(format!("the secret in {place} has characters that no HTTP header can hold")).hint("check it for line breaks")
}

impl Credential {
    /// Fetches what the configuration refers to; sends nothing. `client` makes a client that follows no redirect.
    pub(super) fn of(config: &TargetConfig, client: impl FnOnce(&str) -> Result<reqwest::Client>) -> Result<Self> {
        let fixed = |header, token| Credential::Fixed(Ticket { header, token, number: 0 });
        Ok(match &config.auth {
            Auth::None => fixed(None, None),
            Auth::Bearer(secret) => {
                let token = secret.fetch()?;
                fixed(Some(bearer(token.expose_secret(), &secret.place_words())?), Some(token))
            }
            Auth::Basic { user, password } => {
                let secret = password.fetch()?;
                fixed(Some(basic(user, secret.expose_secret(), &password.place_words())?), None)
            }
            Auth::ClientCredentials(granted) => {
                let ClientCredentials { token_url, client_id, client_secret, scope, in_body } = granted;
                Credential::Granted(Box::new(Granted {
                    client: client(&token_url.value)?,
                    url: token_url.clone(),
                    id: client_id.clone(),
                    secret: client_secret.fetch()?,
                    scope: scope.clone(),
                    in_body: *in_body,
                    timeout: config.timeout,
                    held: tokio::sync::Mutex::new(None),
                }))
            }
        })
    }

    /// What the next request carries; asks for a token if there is none, or the last one is near its end.
    ///
    /// # Errors
    /// Where the token endpoint does not grant one.
    pub(super) async fn ticket(&self) -> Result<Ticket> {
        match self {
            Credential::Fixed(ticket) => Ok(ticket.clone()),
            Credential::Granted(granted) => granted.ticket().await,
        }
    }

    /// The service refused this ticket: true if another one can be had.
    pub(super) async fn forget(&self, ticket: &Ticket) -> bool {
        let Credential::Granted(granted) = self else { return false };
        let mut held = granted.held.lock().await;
        if let Some((current, until)) = held.as_mut()
            && current.number == ticket.number
        {
            *until = Instant::now();
        }
        true
    }
}

fn basic(user: &str, password: &str, place: &str) -> Result<HeaderValue> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    telemetry::redact(&encoded);
    let mut value = HeaderValue::try_from(format!("Basic {encoded}")).map_err(|_| unfit(place))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Granted {
    /// One task asks, the others wait for it.
    async fn ticket(&self) -> Result<Ticket> {
        let mut held = self.held.lock().await;
        if let Some((ticket, until)) = held.as_ref()
            && Instant::now() < *until
        {
            return Ok(ticket.clone());
        }
        let number = held.as_ref().map_or(0, |(ticket, _)| ticket.number) + 1;
        let mut tried = 1;
        let (token, life) = loop {
            match self.ask().await {
                Ok(granted) => break granted,
                Err(refusal) if refusal.passing && tried < TRIES => tokio::time::sleep(backoff(tried)).await,
                Err(refusal) => return Err(refusal.error),
            }
            tried += 1;
        };
        let header = bearer(token.expose_secret(), "the token endpoint's answer")?;
        let ticket = Ticket { header: Some(header), token: Some(token), number };
        let until = Instant::now() + life.saturating_sub(BEFORE_ITS_END).max(life * 3 / 4).min(life);
        *held = Some((ticket.clone(), until));
        Ok(ticket)
    }

    /// Asks the token endpoint (RFC 6749 section 4.4.2). Gives the token and how long it lives.
    async fn ask(&self) -> std::result::Result<(SecretString, Duration), Refusal> {
        let mut form = "grant_type=client_credentials".to_owned();
        let mut add = |name: &str, value: &str| {
            let _ = write!(form, "&{name}={}", super::encode(value));
        };
        if let Some(scope) = &self.scope {
            add("scope", scope);
        }
        let mut request = self.client.post(&self.url.value);
        if self.in_body {
            add("client_id", &self.id);
            add("client_secret", self.secret.expose_secret());
            telemetry::redact(&super::encode(self.secret.expose_secret()));
        } else {
            // Both are form-encoded before they are put together (RFC 6749 section 2.3.1).
            let (id, secret) = (super::encode(&self.id), super::encode(self.secret.expose_secret()));
            telemetry::redact(&secret);
            request = request.header(AUTHORIZATION, basic(&id, &secret, "client_secret")?);
        }
        let sent =
            request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(ACCEPT, "application/json").body(form).send().await;
        let answer = match sent {
            Ok(response) => read(response).await,
            Err(e) => Err(e),
        };
        let answer = answer.map_err(|e| {
            let e = e.without_url();
            let passing = !is_tls(&e) && !e.is_timeout() && !e.is_builder();
            Refusal { error: no_answer(&e, &self.url.value, self.timeout, "token_url"), passing }
        })?;
        let place = super::host_of(&self.url.value);
        if !answer.is_good() {
            let hint = match answer.status {
                300..=399 => "write the address that it points to as token_url; a secret is never sent to another host",
                400 | 401 => "check client_id, client_secret and scope; some endpoints want send = \"body\"",
                _ => "check token_url",
            };
            let passing = matches!(answer.status, 429 | 500 | 502 | 503 | 504);
            return Err(Refusal { error: Error::failure(format!("{place} grants no token: {}", answer.complaint())).hint(hint), passing });
        }
        let odd = |what: String| {
            let error = Error::failure(format!("{place} does not answer as a token endpoint: {what}")).hint("check token_url");
            Refusal { error, passing: false }
        };
        // Its words are not repeated: an answer in another form may hold the token.
        let object = answer.object().map_err(|_| odd(answer.shape().to_owned()))?;
        let token = get(&object, "access_token").and_then(Value::as_str).filter(|t| !t.is_empty());
        let token = token.ok_or_else(|| odd("there is no access_token in it".to_owned()))?;
        telemetry::redact(token);
        let kind = get(&object, "token_type").and_then(Value::as_str).unwrap_or("bearer");
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(odd(format!("a token of type {}", kind.chars().take(40).collect::<String>())));
        }
        let life = get(&object, "expires_in").and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()));
        tracing::debug!(target: "rosterm", endpoint = %place, seconds = ?life, "token granted");
        Ok((SecretString::from(token.to_owned()), life.map_or(LIFE_IF_UNTOLD, |s| Duration::from_secs(s.min(86_400)))))
    }
}

/// Workplace's proof that we hold the app secret too.
pub(super) struct AppProof {
    secret: SecretString,
    held: Mutex<Option<(u64, i64, String)>>,
}

impl AppProof {
    pub(super) fn new(secret: SecretString) -> Self {
        AppProof { secret, held: Mutex::new(None) }
    }

    /// What is put behind every URL: `appsecret_time=T&appsecret_proof=…`, hex HMAC-SHA256 of `token|T` with the app secret as
    /// key. Nothing without a token.
    pub(super) fn query(&self, ticket: &Ticket, now: i64) -> Option<String> {
        let token = ticket.token.as_ref()?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, time, query)) = held.as_ref()
            && *number == ticket.number
            && (*time..*time + PROOF_SECONDS).contains(&now)
        {
            return Some(query.clone());
        }
        let proof = proof(self.secret.expose_secret(), token.expose_secret(), now);
        telemetry::redact(&proof);
        let query = format!("appsecret_time={now}&appsecret_proof={proof}");
        *held = Some((ticket.number, now, query.clone()));
        Some(query)
    }
}

/// The proof by itself.
fn proof(app_secret: &str, token: &str, now: i64) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else { return String::new() };
    mac.update(format!("{token}|{now}").as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_what_openssl_makes_of_it() {
        // printf 'token|1700000000' | openssl dgst -sha256 -hmac app-secret
        assert_eq!(proof("app-secret", "token", 1_700_000_000), "8ca99c3da3fc99129818248d2d0feef9bb07fff3e7cc31eaed5536c03fbfde4e");
    }

    #[test]
    fn a_proof_is_renewed_well_within_five_minutes_and_for_another_token() {
        let ticket = |token: &str, number| Ticket { header: None, token: Some(SecretString::from(token.to_owned())), number };
        let proofs = AppProof::new(SecretString::from("app-secret".to_owned()));
        let (a, b) = (ticket("a", 1), ticket("b", 2));
        let at = |ticket, now| proofs.query(ticket, now).unwrap();
        assert!(at(&a, 1000).starts_with("appsecret_time=1000&appsecret_proof="));
        assert!(at(&a, 1119).starts_with("appsecret_time=1000&"));
        assert!(at(&a, 1120).starts_with("appsecret_time=1120&"));
        assert!(at(&a, 1000).starts_with("appsecret_time=1000&"), "a clock that was set back");
        assert_ne!(at(&a, 1000), at(&b, 1000));
        assert_eq!(proofs.query(&Ticket { header: None, token: None, number: 0 }, 1), None);
    }
}
