//! One page of a listing: how it is asked for, and what is believed of the answer (RFC 7644 section 3.4.2, RFC 9865).

use super::super::http::{Answer, Http, encode};
use super::super::path::get;
use crate::error::Error;
use crate::telemetry;
use serde_json::{Map, Value};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// With this account, from 1.
    Start(usize),
    /// Where this cursor points; an empty one is the beginning.
    Cursor(String),
}

impl Place {
    /// The beginning of a listing.
    pub fn first(by_cursor: bool) -> Self {
        if by_cursor { Place::Cursor(String::new()) } else { Place::Start(1) }
    }

    fn query(&self, count: Option<u32>) -> String {
        let count = count.map(|n| format!("&count={n}")).unwrap_or_default();
        match self {
            Place::Start(start) => format!("/Users?startIndex={start}{count}"),
            Place::Cursor(cursor) => format!("/Users?cursor={}{count}", encode(cursor)),
        }
    }

    fn is_first(&self) -> bool {
        match self {
            Place::Start(start) => *start == 1,
            Place::Cursor(cursor) => cursor.is_empty(),
        }
    }
}

/// A page as it came.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The items: accounts, if all is well.
    pub items: Vec<Value>,
    /// `totalResults`.
    pub total: Option<usize>,
    /// `nextCursor`.
    pub next: Option<String>,
}

/// Why there is no page.
pub(super) enum PageError {
    /// The service refuses this page.
    Refused(Answer),
    /// The answer is not a page, or there was none.
    Broken(Error),
}

impl PageError {
    /// What the service or the network said.
    pub fn words(&self) -> String {
        match self {
            PageError::Refused(answer) => answer.complaint(),
            PageError::Broken(error) => error.message().to_owned(),
        }
    }
}

/// Asks for a page.
pub(super) async fn fetch(http: &Http, place: &Place, count: Option<u32>) -> Result<Page, PageError> {
    let answer = http.get(&place.query(count)).await.map_err(PageError::Broken)?;
    if !answer.is_good() {
        return Err(PageError::Refused(answer));
    }
    answer.object().and_then(|object| page_of(object, place)).map_err(|what| {
        PageError::Broken(
            Error::failure(format!("{}/Users does not answer as a SCIM service: {what}", http.base_url()))
                .hint("check base_url: the part before /Users, copied from the service's provisioning page"),
        )
    })
}

/// What a listing's answer holds. Names are found in any letter case: Microsoft's own server sends `resources`.
fn page_of(mut object: Map<String, Value>, place: &Place) -> Result<Page, String> {
    let total = get(&object, "totalResults").and_then(whole);
    let next = match get(&object, "nextCursor") {
        None | Some(Value::Null) => None,
        Some(Value::String(cursor)) => Some(cursor.clone()).filter(|c| !c.is_empty()),
        // Not to be taken for the end.
        Some(Value::Number(cursor)) => Some(cursor.to_string()),
        Some(_) => return Err("nextCursor is neither text nor a number".to_owned()),
    };
    let key = object.keys().find(|k| k.eq_ignore_ascii_case("Resources")).cloned();
    match key.and_then(|key| object.swap_remove(&key)) {
        Some(Value::Array(items)) => Ok(Page { items, total, next }),
        None | Some(Value::Null) if total == Some(0) => Ok(Page { items: Vec::new(), total, next }),
        // Past the end some leave the list out; before it, an answer with neither is no listing.
        None | Some(Value::Null) if total.is_some() && !place.is_first() => Ok(Page { items: Vec::new(), total, next }),
        None | Some(Value::Null) => {
            let text: String = telemetry::redacted(&Value::Object(object).to_string()).chars().take(120).collect();
            Err(if total.is_some() {
                format!("a total, but no Resources: {text}")
            } else {
                format!("JSON without Resources and totalResults: {text}")
            })
        }
        Some(_) => Err("Resources is not a list".to_owned()),
    }
}

/// A number that a service may send as text or with a fraction of nothing.
fn whole(value: &Value) -> Option<usize> {
    let number = value.as_u64().or_else(|| value.to_string().trim_matches('"').trim_end_matches(".0").parse().ok())?;
    usize::try_from(number).ok()
}

/// A page that is on its way, asked for by a task of its own; it stops when nobody wants it any more.
pub(super) struct Fetch(tokio::task::JoinHandle<Result<Page, PageError>>);

impl Fetch {
    /// Asks for a page in the background.
    pub fn start(http: &Arc<Http>, place: Place, count: Option<u32>) -> Self {
        let http = Arc::clone(http);
        Fetch(tokio::spawn(async move { fetch(&http, &place, count).await }))
    }
}

impl Future for Fetch {
    type Output = Result<Page, PageError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| match joined {
            Ok(outcome) => outcome,
            Err(e) => Err(PageError::Broken(Error::failure(format!("a page was not read: {e}")))),
        })
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, place: &Place) -> Result<(usize, Option<usize>, Option<String>), String> {
        let Value::Object(object) = serde_json::from_str(text).unwrap() else { panic!("{text}") };
        page_of(object, place).map(|p| (p.items.len(), p.total, p.next))
    }

    #[test]
    fn a_page_is_read_however_a_service_spells_it() {
        let later = Place::Start(101);
        for (text, place, wanted) in [
            (r#"{"totalResults":2,"Resources":[{},{}]}"#, &Place::Start(1), (2, Some(2), None)),
            (r#"{"totalresults":"2","resources":[{}]}"#, &Place::Start(1), (1, Some(2), None)),
            (r#"{"totalResults":2.0,"Resources":[]}"#, &Place::Start(1), (0, Some(2), None)),
            (r#"{"totalResults":0}"#, &Place::Start(1), (0, Some(0), None)),
            (r#"{"totalResults":0,"Resources":null}"#, &Place::Start(1), (0, Some(0), None)),
            (r#"{"totalResults":100}"#, &later, (0, Some(100), None)),
            (r#"{"Resources":[{}],"nextCursor":"c/1"}"#, &Place::first(true), (1, None, Some("c/1".into()))),
            (r#"{"Resources":[{}],"nextCursor":""}"#, &Place::first(true), (1, None, None)),
            (r#"{"Resources":[{}],"nextCursor":101}"#, &Place::first(true), (1, None, Some("101".into()))),
            (r#"{"Resources":[{}],"nextCursor":null}"#, &Place::first(true), (1, None, None)),
        ] {
            assert_eq!(read(text, place), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_page_is_told() {
        for (text, told) in [
            ("{}", "JSON without Resources and totalResults: {}"),
            (r#"{"totalResults":7}"#, r#"a total, but no Resources: {"totalResults":7}"#),
            (r#"{"Resources":{}}"#, "Resources is not a list"),
            (r#"{"Resources":[],"nextCursor":true}"#, "nextCursor is neither text nor a number"),
        ] {
            assert_eq!(read(text, &Place::Start(1)), Err(told.to_owned()));
        }
    }

    #[test]
    fn a_cursor_enters_the_url_encoded() {
        assert_eq!(Place::Cursor("a&b=c/é".into()).query(Some(10)), "/Users?cursor=a%26b%3Dc%2F%C3%A9&count=10");
        assert_eq!(Place::first(true).query(None), "/Users?cursor=");
        assert_eq!(Place::Start(11).query(Some(10)), "/Users?startIndex=11&count=10");
    }
}
