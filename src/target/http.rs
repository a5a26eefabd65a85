//! One HTTP client for one service: authenticated, verified, bounded, and never talking to another host.
//!
//! Requests that only read are repeated a few times where that can help; what a service asked us to wait is waited.

use crate::config::{Auth, Rate, TargetConfig};
use crate::error::{Error, Result, chain};
use crate::{telemetry, tls};
use base64::Engine as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::Duration;

/// The largest answer that is read. A page of 1,000 accounts has about 1.4 MB.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// How often a reading request is tried.
const TRIES: u32 = 4;
/// The longest that we wait because a service asks us to, in one step.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A client for one service.
pub struct Http {
    client: reqwest::Client,
    base_url: String,
    auth: Option<HeaderValue>,
    secret_place: String,
    timeout: u64,
    pause: Option<Duration>,
}

/// An answer, with its body as text.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Http {
    /// A client for the service that a configuration names. Fetches the secret; sends nothing yet.
    ///
    /// # Errors
    /// Where the secret or the CA file can't be had.
    pub fn new(config: &TargetConfig) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/scim+json, application/json"));
        let (auth, secret_place) = match &config.auth {
            Auth::None => (None, String::new()),
            Auth::Bearer(secret) => {
                let token = secret.fetch()?;
                (Some(format!("Bearer {}", token.expose_secret())), secret.place_words())
            }
            Auth::Basic { user, password } => {
                let secret = password.fetch()?;
                let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", secret.expose_secret()));
                telemetry::redact(&encoded);
                (Some(format!("Basic {encoded}")), password.place_words())
            }
        };
        let auth = auth
            .map(|text| {
                let mut value = HeaderValue::try_from(text).map_err(|_| {
                    Error::usage(format!("the secret in {secret_place} has characters that no HTTP header can hold"))
                        .hint("check it for line breaks")
                })?;
                value.set_sensitive(true);
                Ok::<_, Error>(value)
            })
            .transpose()?;
        let tls = tls::client_config(config.ca_file.as_deref())?;
        let own =
            reqwest::Url::parse(&config.base_url.value).map_err(|e| config.base_url.error(format!("the base URL is not a URL: {e}")))?;
        let home = (own.scheme().to_owned(), own.host_str().map(str::to_owned), own.port_or_known_default());
        // A token must never be sent to another host, whatever a service answers.
        let redirects = reqwest::redirect::Policy::custom(move |attempt| {
            let to = attempt.url();
            let same = (to.scheme().to_owned(), to.host_str().map(str::to_owned), to.port_or_known_default()) == home;
            if same && attempt.previous().len() < 4 { attempt.follow() } else { attempt.stop() }
        });
        let client = reqwest::Client::builder()
            .user_agent(concat!("rosterm/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirects)
            .connect_timeout(Duration::from_secs(config.timeout.min(15)))
            .timeout(Duration::from_secs(config.timeout))
            .tls_backend_preconfigured((*tls).clone())
            .build()
            .map_err(|e| Error::failure(format!("the HTTP client cannot be set up: {}", chain(&e))))?;
        let pause = match config.rate {
            Rate::Auto => None,
            Rate::PerSecond(n) => Some(Duration::from_secs_f64(1.0 / n)),
        };
        Ok(Http { client, base_url: config.base_url.value.clone(), auth, secret_place, timeout: config.timeout, pause })
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the secret is kept, for messages.
    #[must_use]
    pub fn secret_place(&self) -> &str {
        &self.secret_place
    }

    /// Gets `path_and_query` below the base URL. Repeats on 429, 5xx and lost connections.
    ///
    /// # Errors
    /// Where no answer came at all; an answer with an error status is an answer.
    pub async fn get(&self, path_and_query: &str) -> Result<Answer> {
        let url = format!("{}{path_and_query}", self.base_url);
        let mut tried = 0;
        loop {
            tried += 1;
            if let Some(pause) = self.pause {
                tokio::time::sleep(pause).await;
            }
            let mut request = self.client.get(&url);
            if let Some(auth) = &self.auth {
                request = request.header(AUTHORIZATION, auth.clone());
            }
            let outcome = match request.send().await {
                Err(e) => Err(e),
                Ok(response) => {
                    let wait = wait_asked_for(response.headers());
                    read(response).await.map(|answer| (answer, wait))
                }
            };
            match outcome {
                Ok((answer, wait)) => {
                    tracing::debug!(target: "rosterm", url = %telemetry::redacted(&url), status = answer.status, bytes = answer.body.len(), "GET");
                    let passing = matches!(answer.status, 429 | 500 | 502 | 503 | 504);
                    if !passing || tried == TRIES {
                        return Ok(answer);
                    }
                    tokio::time::sleep(wait.unwrap_or_else(|| backoff(tried)).min(LONGEST_WAIT)).await;
                }
                Err(e) if tried < TRIES && !e.is_builder() && !is_tls(&e) && !e.is_timeout() => {
                    tracing::debug!(target: "rosterm", url = %telemetry::redacted(&url), error = %telemetry::redacted(&chain(&e)), "GET failed");
                    tokio::time::sleep(backoff(tried)).await;
                }
                Err(e) => return Err(self.no_answer(&e)),
            }
        }
    }

    fn no_answer(&self, e: &reqwest::Error) -> Error {
        let host = reqwest::Url::parse(&self.base_url).ok();
        let host = host.as_ref().map_or(self.base_url.clone(), |u| match u.port_or_known_default() {
            Some(port) => format!("{}:{port}", u.host_str().unwrap_or("")),
            None => u.host_str().unwrap_or("").to_owned(),
        });
        // The first layer repeats the URL, which says nothing new.
        let why = std::error::Error::source(e).map_or_else(|| chain(e), chain);
        let why = why.strip_prefix("client error (Connect): ").unwrap_or(&why);
        if e.is_timeout() {
            return Error::failure(format!("{host} did not answer within {} s", self.timeout))
                .hint("raise timeout in the target, or ask for smaller pages with page_size");
        }
        if is_tls(e) {
            return Error::failure(format!("{host} cannot be trusted: {why}")).hint(tls::hint(why));
        }
        if why.contains("larger than") {
            return Error::failure(format!("{host}: {why}"));
        }
        let hint = if why.contains("dns") || why.contains("lookup") {
            "check the host name in base_url"
        } else {
            "check base_url, and whether the service can be reached from here"
        };
        Error::failure(format!("{host} cannot be reached: {why}")).hint(hint)
    }
}

/// True for a failed handshake. The layers between wrap the TLS library's error beyond recognition, so its words decide.
fn is_tls(e: &reqwest::Error) -> bool {
    let why = chain(e);
    ["peer certificate", "corrupt message", "peer is incompatible", "fatal alert", "handshake"].iter().any(|words| why.contains(words))
}

async fn read(mut response: reqwest::Response) -> std::result::Result<Answer, reqwest::Error> {
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > MAX_BODY {
            // Cut: what follows is not JSON any more, and is refused as such.
            break;
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, content_type, body })
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), or the header of those who invent their own.
fn wait_asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = ["retry-after", "x-retry-after"].iter().find_map(|name| headers.get(*name))?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
    u64::try_from(then - crate::clock::now().0).ok().map(Duration::from_secs)
}

/// A quarter of a second, doubled for each try.
fn backoff(tried: u32) -> Duration {
    Duration::from_millis(250 << tried.min(6))
}

impl Answer {
    /// The body as a JSON object, under whatever content type it came.
    ///
    /// # Errors
    /// What it is instead.
    pub fn object(&self) -> std::result::Result<serde_json::Map<String, Value>, String> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err("JSON, but not an object".to_owned()),
            Err(_) if self.body.iter().all(u8::is_ascii_whitespace) => Err("an empty answer".to_owned()),
            Err(_) if self.looks_like_html() => {
                Err(format!("a web page{}", self.html_title().map(|t| format!(" ({t})")).unwrap_or_default()))
            }
            Err(e) => Err(format!("not JSON ({e}): {}", self.cut())),
        }
    }

    fn looks_like_html(&self) -> bool {
        let start: Vec<u8> =
            self.body.iter().copied().skip_while(u8::is_ascii_whitespace).take(200).map(|b| b.to_ascii_lowercase()).collect();
        start.starts_with(b"<!doctype html")
            || start.starts_with(b"<html")
            || (start.starts_with(b"<") && self.content_type.contains("html"))
    }

    fn html_title(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.body);
        let lower = text.to_ascii_lowercase();
        let start = lower.find("<title>")? + 7;
        let end = start + lower[start..].find("</title>")?;
        Some(text[start..end].trim().chars().take(80).collect())
    }

    fn cut(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().chars().take(160).collect()
    }

    /// What the service says about an error: SCIM 2.0 (RFC 7644 section 3.12), SCIM 1.1, or whatever shape it has.
    #[must_use]
    pub fn complaint(&self) -> String {
        let said = match self.object() {
            Ok(object) => {
                let text =
                    |o: &serde_json::Map<String, Value>, name: &str| super::path::get(o, name).and_then(Value::as_str).map(str::to_owned);
                let inner = |name: &str| super::path::get(&object, name).cloned();
                let first = inner("Errors").and_then(|e| e.as_array().and_then(|a| a.first().cloned()));
                let nested = [first, inner("error")].into_iter().flatten().find_map(|e| match e {
                    Value::Object(o) => text(&o, "description").or_else(|| text(&o, "message")),
                    Value::String(s) => Some(s),
                    _ => None,
                });
                let scim_type = text(&object, "scimType").map(|t| format!("{t}: ")).unwrap_or_default();
                text(&object, "detail")
                    .or(nested)
                    .or_else(|| text(&object, "message"))
                    .map_or_else(|| self.cut(), |said| format!("{scim_type}{said}"))
            }
            Err(what) if self.body.is_empty() => what,
            Err(_) if self.looks_like_html() => format!("a web page{}", self.html_title().map(|t| format!(" ({t})")).unwrap_or_default()),
            Err(_) => self.cut(),
        };
        telemetry::redacted(&format!("HTTP {}: {said}", self.status))
    }
}

/// `text` percent-encoded for use as one path segment or query value.
///
/// ```
/// assert_eq!(rosterm::target::http::encode("a/b c@x"), "a%2Fb%20c%40x");
/// ```
#[must_use]
pub fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(b as char);
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_any_shape_is_told_in_its_words() {
        for (status, content_type, body, told) in [
            (
                409,
                "application/scim+json",
                r#"{"schemas":[],"status":"409","scimType":"uniqueness","detail":"taken"}"#,
                "HTTP 409: uniqueness: taken",
            ),
            (400, "application/json", r#"{"Errors":[{"description":"bad name","code":"400"}]}"#, "HTTP 400: bad name"),
            (400, "application/json", r#"{"error":{"message":"(#100) no","code":100}}"#, "HTTP 400: (#100) no"),
            (429, "application/json", r#"{"message":"slow down"}"#, "HTTP 429: slow down"),
            (502, "text/html", "<html><head><title>Bad Gateway</title></head></html>", "HTTP 502: a web page (Bad Gateway)"),
            (401, "text/plain", "Unauthorized", "HTTP 401: Unauthorized"),
            (500, "", "", "HTTP 500: an empty answer"),
        ] {
            let answer = Answer { status, content_type: content_type.to_owned(), body: body.into() };
            assert_eq!(answer.complaint(), told);
        }
    }

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date() {
        let header = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
        };
        assert_eq!(wait_asked_for(&header("retry-after", "7")), Some(Duration::from_secs(7)));
        assert_eq!(wait_asked_for(&header("x-retry-after", "3")), Some(Duration::from_secs(3)));
        assert!(wait_asked_for(&header("retry-after", "Wed, 21 Oct 2099 07:28:00 GMT")).unwrap() > Duration::from_secs(1_000_000));
        assert_eq!(wait_asked_for(&header("retry-after", "soon")), None);
    }
}
