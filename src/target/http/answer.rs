//! An answer of a service, and what it says in whatever shape it says it.

use super::super::path::get;
use crate::telemetry;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};
use std::time::Duration;

/// The largest answer that is read, unpacked. A page of 1,000 accounts has about 1.4 MB.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// The longest that a service's own words are repeated, in characters.
const MAX_WORDS: usize = 300;

/// An answer, with its body as it came.
#[derive(Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// How long the service asks us to wait.
    pub wait: Option<Duration>,
    /// The host that a redirect points to; nothing else of its address, which may hold a secret.
    pub points_to: Option<String>,
    /// `ETag`: the version of what was read or written.
    pub etag: Option<String>,
    /// `Location` of what was created.
    pub location: Option<String>,
    /// What the service calls this request, for its support.
    pub request_id: Option<String>,
}

/// Reads a whole answer, up to a limit.
pub(super) async fn read(mut response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
    let content_type = header("content-type").unwrap_or("").to_owned();
    let points_to = header("location").filter(|_| (300..400).contains(&status)).and_then(|to| {
        let to = response.url().join(to).ok()?;
        let host = to.host_str()?;
        Some(to.port().map_or_else(|| format!("{}://{host}", to.scheme()), |port| format!("{}://{host}:{port}", to.scheme())))
    });
    let wait = wait_asked_for(response.headers());
    let etag = header("etag").map(str::to_owned);
    let location = header("location").filter(|_| status == 201).map(str::to_owned);
    let ids = ["x-request-id", "request-id", "x-correlation-id", "x-fb-trace-id"];
    let request_id = ids.iter().find_map(|name| header(name)).map(|id| id.chars().take(80).collect());
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > MAX_BODY {
            // Cut: what is left is not JSON any more, and is refused as such.
            break;
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, content_type, body, wait, points_to, etag, location, request_id })
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

impl Answer {
    /// True for a 2xx.
    #[must_use]
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as a JSON object, under whatever content type it came.
    ///
    /// # Errors
    /// What it is instead.
    pub fn object(&self) -> Result<Map<String, Value>, String> {
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
        let text = self.beginning();
        let lower = text.to_ascii_lowercase();
        let start = lower.find("<title>")? + 7;
        let end = start + lower[start..].find("</title>")?;
        Some(text[start..end].trim().chars().take(80).collect())
    }

    fn cut(&self) -> String {
        self.beginning().trim().chars().take(160).collect()
    }

    /// The beginning of the body without secrets that we know: a gateway may echo ours. What is cut is cut afterwards, because
    /// half a secret is not recognised.
    fn beginning(&self) -> String {
        telemetry::redacted(&String::from_utf8_lossy(&self.body[..self.body.len().min(64 * 1024)]))
    }

    /// What the body is, without a word of it: where it may hold a secret that nobody knows yet.
    #[must_use]
    pub fn shape(&self) -> &'static str {
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(Value::Object(_)) => "JSON",
            Ok(_) => "JSON, but not an object",
            Err(_) if self.body.iter().all(u8::is_ascii_whitespace) => "an empty answer",
            Err(_) if self.looks_like_html() => "a web page",
            Err(_) => "not JSON",
        }
    }

    /// `scimType` of an error (RFC 7644 section 3.12), if there is one.
    #[must_use]
    pub fn scim_type(&self) -> Option<String> {
        let object = self.object().ok()?;
        get(&object, "scimType").and_then(Value::as_str).map(str::to_owned)
    }

    /// What the service says about an error: SCIM 2.0 (RFC 7644 section 3.12), SCIM 1.1, OAuth, or whatever shape it has.
    #[must_use]
    pub fn complaint(&self) -> String {
        let said = match self.object() {
            Ok(object) => words_of(&object).map_or_else(|| self.cut(), |said| telemetry::redacted(&said)),
            Err(what) if self.body.is_empty() => what,
            Err(_) if self.looks_like_html() => format!("a web page{}", self.html_title().map(|t| format!(" ({t})")).unwrap_or_default()),
            Err(_) => self.cut(),
        };
        let said: String = said.chars().take(MAX_WORDS).collect();
        let to = self.points_to.as_ref().map(|host| format!(", to {host}")).unwrap_or_default();
        let wait = self.wait.map(|wait| format!(" (asks to wait {} s)", wait.as_secs())).unwrap_or_default();
        telemetry::redacted(&format!("HTTP {}{to}: {said}{wait}", self.status))
    }
}

/// The words of an error in one of the shapes that services use; nothing where it has none of them.
fn words_of(object: &Map<String, Value>) -> Option<String> {
    let text =
        |o: &Map<String, Value>, name: &str| get(o, name).and_then(Value::as_str).filter(|t| !t.trim().is_empty()).map(str::to_owned);
    let first = get(object, "Errors").and_then(|e| e.as_array().and_then(|a| a.first()));
    let nested = [first, get(object, "error")].into_iter().flatten().find_map(|e| match e {
        Value::Object(o) => text(o, "description").or_else(|| text(o, "message")),
        Value::String(s) => Some(text(object, "error_description").map_or_else(|| s.clone(), |more| format!("{s}: {more}"))),
        _ => None,
    });
    let scim_type = text(object, "scimType").map(|t| format!("{t}: ")).unwrap_or_default();
    text(object, "detail").or(nested).or_else(|| text(object, "message")).map(|said| format!("{scim_type}{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn an_error_in_any_shape_is_told_in_its_words() {
        for (status, content_type, body, told) in [
            (
                409,
                "application/scim+json",
                r#"{"schemas":[],"status":"409","scimType":"uniqueness","detail":"taken"}"#,
                "HTTP 409: uniqueness: taken",
            ),
            (400, "application/scim+json", r#"{"status":400,"detail":"a number as status"}"#, "HTTP 400: a number as status"),
            (400, "application/json", r#"{"Errors":[{"description":"bad name","code":"400"}]}"#, "HTTP 400: bad name"),
            (400, "application/json", r#"{"error":{"message":"(#100) no","code":100}}"#, "HTTP 400: (#100) no"),
            (401, "application/json", r#"{"error":"invalid_client","error_description":"unknown"}"#, "HTTP 401: invalid_client: unknown"),
            (429, "application/json", r#"{"message":"slow down"}"#, "HTTP 429: slow down"),
            (404, "application/json", r#"{"detail":""}"#, r#"HTTP 404: {"detail":""}"#),
            (502, "text/html", "<html><head><title>Bad Gateway</title></head></html>", "HTTP 502: a web page (Bad Gateway)"),
            (401, "text/plain", "Unauthorized", "HTTP 401: Unauthorized"),
            (500, "", "", "HTTP 500: an empty answer"),
        ] {
            let answer = Answer { status, content_type: content_type.to_owned(), body: body.into(), ..Answer::default() };
            assert_eq!(answer.complaint(), told);
        }
        let longer = Answer { status: 400, body: format!(r#"{{"detail":"{}"}}"#, "x".repeat(10_000)).into(), ..Answer::default() };
        assert_eq!(longer.complaint().len(), "HTTP 400: ".len() + MAX_WORDS);
    }

    #[test]
    fn json_is_read_under_whatever_content_type() {
        let page = Answer { status: 200, content_type: "text/html".into(), body: br#"{"totalResults":0}"#.to_vec(), ..Answer::default() };
        assert!(page.object().is_ok());
    }

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date() {
        let header = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
        };
        assert_eq!(wait_asked_for(&header("retry-after", "7")), Some(Duration::from_secs(7)));
        assert_eq!(wait_asked_for(&header("x-retry-after", "3")), Some(Duration::from_secs(3)));
        assert!(wait_asked_for(&header("retry-after", "Wed, 21 Oct 2099 07:28:00 GMT")).unwrap() > Duration::from_secs(1_000_000));
        assert_eq!(wait_asked_for(&header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")), None);
        assert_eq!(wait_asked_for(&header("retry-after", "soon")), None);
    }
}
