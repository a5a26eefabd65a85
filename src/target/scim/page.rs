//! One page of a listing: how it is asked for, and what is believed of the answer (RFC 7644 section 3.4.2, RFC 9865).
//!
//! A page becomes rows where it arrives, so that neither its text nor a tree of its values waits for the pages before it.

use super::super::http::{Answer, Http, encode};
use super::super::path::get;
use super::columns::Columns;
use super::tally::OddItem;
use super::walk::{Frame, walk};
use crate::error::Error;
use crate::identity::population::{Batch, BatchBuilder, Draft};
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
#[derive(Debug)]
pub(super) struct Page {
    /// The accounts, in their order. One may come twice.
    pub accounts: Batch,
    /// The items that are none.
    pub odd: Vec<OddItem>,
    /// `totalResults`.
    pub total: Option<usize>,
    /// `nextCursor`.
    pub next: Option<String>,
}

impl Page {
    /// A page without anybody.
    pub fn empty(columns: &Columns) -> Self {
        Page { accounts: BatchBuilder::new(columns.schema()).seal(), odd: Vec::new(), total: None, next: None }
    }

    /// How many items it has.
    pub fn received(&self) -> usize {
        self.accounts.len() + self.odd.len()
    }
}

/// Why there is no page.
pub(super) enum PageError {
    /// The service refuses this page.
    Refused(Box<Answer>),
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
pub(super) async fn fetch(http: &Http, columns: &Columns, place: &Place, count: Option<u32>) -> Result<Page, PageError> {
    let answer = http.get(&place.query(count)).await.map_err(PageError::Broken)?;
    if !answer.is_good() {
        return Err(PageError::Refused(Box::new(answer)));
    }
    page_of(&answer, columns, place).map_err(|what| {
        PageError::Broken(
            Error::failure(format!("{}/Users does not answer as a SCIM service: {what}", http.base_url()))
                .hint("check base_url: the part before /Users, copied from the service's provisioning page"),
        )
    })
}

/// What a listing's answer holds: walked, if it is a plain page, else taken apart as values.
fn page_of(answer: &Answer, columns: &Columns, place: &Place) -> Result<Page, String> {
    plain_page(&answer.body, columns).map_or_else(|| page_of_values(answer.object()?, columns, place), Ok)
}

fn plain_page(body: &[u8], columns: &Columns) -> Option<Page> {
    let mut rows = BatchBuilder::new(columns.schema());
    let Frame { total, next } = walk(body, columns.wanted()?, &mut rows)?;
    let next = cursor(next.as_ref()).ok()?;
    Some(Page { accounts: rows.seal(), odd: Vec::new(), total: total.as_ref().and_then(whole), next })
}

/// The accounts on a first page as the reader takes them, and how many items beside them have no id: for measuring.
///
/// # Errors
/// Why it is no page.
pub fn accounts_of(body: &[u8], columns: &Columns) -> Result<(Batch, usize), String> {
    let answer = || Answer { body: body.to_vec(), ..Answer::default() };
    let page = plain_page(body, columns).map_or_else(|| page_of(&answer(), columns, &Place::Start(1)), Ok)?;
    Ok((page.accounts, page.odd.len()))
}

/// The same over values. Names are found in any letter case: Microsoft's own server sends `resources`.
fn page_of_values(mut object: Map<String, Value>, columns: &Columns, place: &Place) -> Result<Page, String> {
    let total = get(&object, "totalResults").and_then(whole);
    let next = cursor(get(&object, "nextCursor"))?;
    let key = object.keys().find(|k| k.eq_ignore_ascii_case("Resources")).cloned();
    let mut page = Page { total, next, ..Page::empty(columns) };
    match key.and_then(|key| object.swap_remove(&key)) {
        Some(Value::Array(items)) => {
            let (mut rows, mut draft) = (BatchBuilder::new(columns.schema()), Draft::default());
            for item in items {
                match item.as_object() {
                    Some(resource) if columns.fill(&mut draft, resource) => rows.push(&mut draft),
                    _ => page.odd.push(OddItem::of(&item)),
                }
            }
            page.accounts = rows.seal();
            Ok(page)
        }
        None | Some(Value::Null) if total == Some(0) => Ok(page),
        // Past the end some leave the list out; before it, an answer with neither is no listing.
        None | Some(Value::Null) if total.is_some() && !place.is_first() => Ok(page),
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

/// Where the next page is; nothing for the end.
fn cursor(said: Option<&Value>) -> Result<Option<String>, String> {
    match said {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(cursor)) => Ok(Some(cursor.clone()).filter(|c| !c.is_empty())),
        // Not to be taken for the end.
        Some(Value::Number(cursor)) => Ok(Some(cursor.to_string())),
        Some(_) => Err("nextCursor is neither text nor a number".to_owned()),
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
    pub fn start(http: &Arc<Http>, columns: &Arc<Columns>, place: Place, count: Option<u32>) -> Self {
        let (http, columns) = (Arc::clone(http), Arc::clone(columns));
        Fetch(tokio::spawn(async move { fetch(&http, &columns, &place, count).await }))
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
        let answer = Answer { body: text.into(), ..Answer::default() };
        page_of(&answer, &Columns::new(std::iter::empty()), place).map(|p| (p.received(), p.total, p.next))
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
