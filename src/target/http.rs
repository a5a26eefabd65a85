//! One HTTP client for one service: authenticated, verified, bounded, and never talking to another host.
//!
//! Requests that only read are repeated a few times where that can help. What a service asks us to wait (`Retry-After`) is
//! waited by all workers together, up to five minutes for one request; a longer wait ends it, with what the service said,
//! because asking earlier than we were told to would make things worse.

mod answer;
mod auth;
mod login;
mod pace;
mod send;

pub use answer::Answer;
pub use login::Login;
pub use pace::Pace;
pub use send::{Method, Request, Sent};

use super::connector::Connector;
use crate::config::{Rate, TargetConfig};
use crate::error::{Error, Result, chain};
use crate::{telemetry, tls};
use auth::{AppProof, Credential};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// How often a reading request is tried when it fails.
const TRIES: u32 = 4;
/// How often one request waits because a service asks for it.
const WAITS: u32 = 30;
/// The longest that one request waits because a service asks for it, in all.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A client for one service.
pub struct Http {
    client: reqwest::Client,
    base_url: String,
    credential: Credential,
    proof: Option<AppProof>,
    login: Login,
    timeout: u64,
    pace: Arc<Pace>,
}

impl Http {
    /// A client for the service that a configuration names. Fetches the secrets; sends nothing yet.
    ///
    /// # Errors
    /// Where a secret or the CA file can't be had.
    pub fn new(config: &TargetConfig, connector: &Connector) -> Result<Self> {
        let tls = tls::client_config(config.ca_file.as_deref())?;
        let builder = |url: &str| {
            // Without TLS a secret goes to this machine only, and not by way of a proxy.
            let direct = url.starts_with("http://");
            let builder = reqwest::Client::builder();
            if direct { builder.no_proxy() } else { builder }
                // A few services refuse who does not say who he is.
                .user_agent(concat!("rosterm/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(Duration::from_secs(config.timeout.min(15)))
                .timeout(Duration::from_secs(config.timeout))
                .tls_backend_preconfigured((*tls).clone())
        };
        let built = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|e| Error::failure(format!("the HTTP client cannot be set up: {}", chain(&e.without_url()))))
        };
        let credential = Credential::of(config, |url| built(builder(url).redirect(reqwest::redirect::Policy::none())))?;
        let proof = match &config.app_secret {
            None => None,
            Some(_) if !connector.app_secret => {
                return Err(Error::usage(format!("{} knows no app_secret", connector.title))
                    .hint("remove app_secret from the target; a connector of your own may set app_secret = true"));
            }
            Some(secret) => Some(AppProof::new(secret.fetch()?)),
        };
        let own =
            reqwest::Url::parse(&config.base_url.value).map_err(|e| config.base_url.error(format!("the base URL is not a URL: {e}")))?;
        let home = (own.scheme().to_owned(), own.host_str().map(str::to_owned), own.port_or_known_default());
        // A token must never be sent to another host, whatever a service answers.
        let redirects = reqwest::redirect::Policy::custom(move |attempt| {
            let to = attempt.url();
            let same = (to.scheme().to_owned(), to.host_str().map(str::to_owned), to.port_or_known_default()) == home;
            if same && attempt.previous().len() < 4 { attempt.follow() } else { attempt.stop() }
        });
        let client = built(builder(&config.base_url.value).default_headers(headers(connector)).redirect(redirects))?;
        let gap = match config.rate {
            Rate::Auto => None,
            Rate::PerSecond(n) => Some(Duration::from_secs_f64(1.0 / n)),
        };
        let pace = Arc::new(Pace::new(gap));
        Ok(Http {
            client,
            base_url: config.base_url.value.clone(),
            credential,
            proof,
            login: Login::of(&config.auth),
            timeout: config.timeout,
            pace,
        })
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How we log in, for messages.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// How fast requests leave, and whether they wait.
    #[must_use]
    pub fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }

    /// Makes sure that there is a token to send, where one is granted to us.
    ///
    /// # Errors
    /// Where the token endpoint does not grant one.
    pub async fn authorize(&self) -> Result<()> {
        self.credential.ticket().await.map(|_| ())
    }

    /// Gets `path_and_query` below the base URL. Repeats on 429, 5xx and lost connections.
    ///
    /// # Errors
    /// Where no answer came at all, or no token was granted; an answer with an error status is an answer.
    pub async fn get(&self, path_and_query: &str) -> Result<Answer> {
        self.ask(path_and_query, TRIES).await
    }

    /// The same, for what is good to know but not needed: a failure is not tried again.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn get_once(&self, path_and_query: &str) -> Result<Answer> {
        self.ask(path_and_query, 1).await
    }

    async fn ask(&self, path: &str, tries: u32) -> Result<Answer> {
        let (mut tried, mut waits, mut waited, mut renewed) = (0, 0, Duration::ZERO, false);
        loop {
            self.pace.turn().await;
            let ticket = self.credential.ticket().await?;
            let proof = self.proof.as_ref().and_then(|p| p.query(&ticket, crate::clock::now().0));
            // Never shown or logged: it may hold a proof.
            let url = match proof {
                None => format!("{}{path}", self.base_url),
                Some(proof) => format!("{}{path}{}{proof}", self.base_url, if path.contains('?') { '&' } else { '?' }),
            };
            let mut request = self.client.get(&url);
            if let Some(header) = &ticket.header {
                request = request.header(AUTHORIZATION, header.clone());
            }
            let outcome = match request.send().await {
                Err(e) => Err(e),
                Ok(response) => answer::read(response).await,
            };
            match outcome {
                Ok(answer) => {
                    tracing::debug!(target: "rosterm", path = %telemetry::redacted(path), status = answer.status, bytes = answer.body.len(), "GET");
                    if answer.status == 401 && !renewed && self.credential.forget(&ticket).await {
                        renewed = true;
                        continue;
                    }
                    if !matches!(answer.status, 429 | 500 | 502 | 503 | 504) {
                        return Ok(answer);
                    }
                    let asked = answer.wait.filter(|wait| matches!(answer.status, 429 | 503) && !wait.is_zero());
                    let wait = if let Some(asked) = asked {
                        waits += 1;
                        waited = waited.saturating_add(asked);
                        if tries == 1 || waits > WAITS || waited > LONGEST_WAIT {
                            return Ok(answer);
                        }
                        asked
                    } else {
                        tried += 1;
                        if tried >= tries {
                            return Ok(answer);
                        }
                        pace::backoff(tried)
                    };
                    tracing::info!(target: "rosterm", status = answer.status, seconds = wait.as_secs_f32(), asked = asked.is_some(), "waiting for the service");
                    self.pace.close_for(wait);
                }
                Err(e) => {
                    tried += 1;
                    let e = e.without_url();
                    if tried >= tries || e.is_builder() || is_tls(&e) || e.is_timeout() {
                        return Err(no_answer(&e, &self.base_url, self.timeout, "base_url"));
                    }
                    tracing::debug!(target: "rosterm", path = %telemetry::redacted(path), error = %telemetry::redacted(&chain(&e)), "GET failed");
                    tokio::time::sleep(pace::backoff(tried)).await;
                }
            }
        }
    }
}

fn headers(connector: &Connector) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(connector.version.accept()));
    for (name, value) in &connector.headers {
        // Both were checked when the connector was read.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Host and port of a URL, for messages.
fn host_of(url: &str) -> String {
    let parsed = reqwest::Url::parse(url).ok();
    parsed.as_ref().map_or_else(
        || "the service".to_owned(),
        |u| match u.port_or_known_default() {
            Some(port) => format!("{}:{port}", u.host_str().unwrap_or("")),
            None => u.host_str().unwrap_or("").to_owned(),
        },
    )
}

/// Why there was no answer from `url`, which the configuration names under `key`.
fn no_answer(e: &reqwest::Error, url: &str, timeout: u64, key: &str) -> Error {
    let host = host_of(url);
    // The first layer repeats the URL, which says nothing new.
    let why = std::error::Error::source(e).map_or_else(|| "the request could not be sent".to_owned(), chain);
    let why = why.strip_prefix("client error (Connect): ").unwrap_or(&why);
    if e.is_timeout() {
        return Error::failure(format!("{host} did not answer within {timeout} s"))
            .hint("raise timeout in the target, or ask for smaller pages with page_size");
    }
    if is_tls(e) {
        return Error::failure(format!("{host} cannot be trusted: {why}")).hint(tls::hint(why));
    }
    let hint = if why.contains("dns") || why.contains("lookup") {
        format!("check the host name in {key}")
    } else {
        format!("check {key}, and whether the service can be reached from here")
    };
    let what = if e.is_connect() { "cannot be reached" } else { "broke the connection off" };
    let why = why.strip_prefix("client error (SendRequest): ").unwrap_or(why);
    Error::failure(format!("{host} {what}: {}", telemetry::redacted(why))).hint(hint)
}

/// True for a failed handshake. The layers between wrap the TLS library's error beyond recognition, so its words decide.
fn is_tls(e: &reqwest::Error) -> bool {
    let why = chain(e);
    ["peer certificate", "corrupt message", "peer is incompatible", "fatal alert", "handshake"].iter().any(|words| why.contains(words))
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
