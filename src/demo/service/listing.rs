//! The listing: pages by index or cursor, filters, and everything that is wrong with them.

use super::dialect::{error, json, json_text};
use super::{By, Filtering, Inner};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An account is active unless it says otherwise.
pub(super) fn is_active(user: &Value) -> bool {
    user.get("active").and_then(Value::as_bool).unwrap_or(true)
}

pub(super) async fn list(State(inner): State<Arc<Inner>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let faults = &inner.faults;
    let number = |name: &str| query.get(name).and_then(|v| v.parse::<usize>().ok());
    if faults.refuse_any_count && query.contains_key("count") {
        return error(&inner, 500, None, "count is a mystery to me");
    }
    let count = number("count").unwrap_or(100);
    if faults.refuse_count_above.is_some_and(|n| count > n) {
        return error(&inner, 400, None, "count is too large");
    }
    let count = count.min(faults.page_cap.unwrap_or(usize::MAX));
    if let Some(filter) = query.get("filter") {
        if faults.delay > 0 {
            tokio::time::sleep(Duration::from_millis(faults.delay)).await;
        }
        return filtered(&inner, filter, count);
    }
    let request = inner.listings.fetch_add(1, Ordering::Relaxed) + 1;
    if let (Some(cursors), Some(cursor)) = (&faults.cursors, query.get("cursor")) {
        let place = match cursor.split_once(' ') {
            None if cursor.is_empty() => Some((false, 0)),
            Some((kind @ ("after" | "empty"), n)) => n.parse().ok().map(|n: usize| (kind == "empty", n)),
            _ => None,
        };
        let Some((empty, from)) = place else { return error(&inner, 400, Some("invalidCursor"), "there is no such cursor") };
        if from > 0 && inner.expired.fetch_add(1, Ordering::Relaxed) < cursors.expire {
            return error(&inner, 400, Some("expiredCursor"), "the cursor has expired");
        }
        let from = if cursors.loops { from.min(count) } else { from };
        return by_cursor(&inner, from, if empty { 0 } else { count }, cursors.empty_page);
    }
    if faults.cursors.is_some_and(|c| c.only) && !query.contains_key("startIndex") {
        return by_cursor(&inner, 0, count, false);
    }
    let start = number("startIndex").unwrap_or(1).max(1);
    if faults.delay > 0 {
        // The earlier pages take longer: answers overtake one another.
        tokio::time::sleep(Duration::from_millis(faults.delay + 20 / (1 + start as u64 / 100))).await;
    }
    by_index(&inner, request, start, count)
}

/// A page of a crowd: JSON as text, because a page of a thousand accounts must cost less than it takes to read it.
fn of_crowd(inner: &Inner, start: usize, total: usize, count: usize, list: impl FnOnce(&mut String) -> usize) -> Response {
    let mut body = String::with_capacity(200 + count.min(total).min(1000) * 1400);
    body.push_str("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],");
    let _ = write!(body, "\"totalResults\":{total},\"startIndex\":{start},\"Resources\":[");
    let n = list(&mut body);
    let _ = write!(body, "],\"itemsPerPage\":{n}}}");
    json_text(inner, 200, body)
}

fn by_index(inner: &Inner, request: usize, start: usize, count: usize) -> Response {
    let faults = &inner.faults;
    if let Some(accounts) = &inner.crowd {
        return of_crowd(inner, start, accounts.len(), count, |out| accounts.page(start - 1, count, out));
    }
    if let Some((from, status)) = faults.fail_from
        && start >= from
    {
        return error(inner, status, None, "something is broken here");
    }
    if faults.cut_from.is_some_and(|from| start >= from) {
        // What a client sees when the other side dies in the middle of an answer.
        let pieces: [std::io::Result<&'static str>; 2] = [Ok("{\"totalResults\":"), Err(std::io::ErrorKind::ConnectionReset.into())];
        let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
        return (StatusCode::OK, [("content-type", "application/scim+json")], body).into_response();
    }
    let held = inner.held();
    let listed = listed(inner, &held.users);
    let mut from = if faults.ignore_start { 0 } else { start - 1 };
    if from >= listed.len() && faults.refuse_past_end {
        return error(inner, 400, Some("invalidValue"), "startIndex is too large");
    }
    if faults.repeat_past_end && from >= listed.len() {
        from = 0;
    }
    if faults.shift.is_some_and(|requests| from > 0 && request <= requests) {
        from -= 1;
    }
    let page: Vec<Value> = listed.iter().skip(from).take(count).map(|user| shown(inner, user)).collect();
    let shrunk = usize::from(faults.total_shrinks && start > 1);
    let total = (listed.len() - shrunk).saturating_add_signed(faults.total_off_by);
    answer(inner, &page, Some((start, total)), None)
}

/// A page by cursor. With `empty_page` a page with nobody on it comes after the first one.
fn by_cursor(inner: &Inner, from: usize, count: usize, empty_page: bool) -> Response {
    let held = inner.held();
    let listed = listed(inner, &held.users);
    let page: Vec<Value> = listed.iter().skip(from).take(count).map(|user| shown(inner, user)).collect();
    let end = from + page.len();
    let kind = if empty_page && from == 0 { "empty" } else { "after" };
    let total = listed.len().saturating_add_signed(inner.faults.total_off_by);
    answer(inner, &page, Some((0, total)), (end < listed.len()).then(|| format!("{kind} {end}")))
}

fn listed<'u>(inner: &Inner, users: &'u [Value]) -> Vec<&'u Value> {
    let faults = &inner.faults;
    let shown = |user: &&Value| {
        (faults.unlisted.is_none() || user.get("id").and_then(Value::as_str) != faults.unlisted)
            && (faults.hides_inactive.is_none() || is_active(user))
    };
    users.iter().filter(shown).collect()
}

/// An account as the listing shows it.
fn shown(inner: &Inner, user: &Value) -> Value {
    let mut user = user.clone();
    let has = |ids: &[&str]| user.get("id").and_then(Value::as_str).is_some_and(|id| ids.contains(&id));
    let (without_id, nameless) = (has(inner.faults.without_id), has(inner.faults.nameless));
    if let Some(object) = user.as_object_mut()
        && (without_id || nameless)
    {
        object.shift_remove("id");
        if nameless {
            object.shift_remove("userName");
            object.shift_remove("externalId");
        }
    }
    user
}

fn answer(inner: &Inner, page: &[Value], start_and_total: Option<(usize, usize)>, next: Option<String>) -> Response {
    let faults = &inner.faults;
    let name = |n: &str| if faults.lower_case { n.to_ascii_lowercase() } else { n.to_owned() };
    let mut body = Map::new();
    let urn = if faults.version_1 { "urn:scim:schemas:core:1.0" } else { "urn:ietf:params:scim:api:messages:2.0:ListResponse" };
    body.insert("schemas".to_owned(), json!([urn]));
    if let Some((start, total)) = start_and_total.filter(|_| !faults.no_total) {
        body.insert(name("totalResults"), total.into());
        if start > 0 {
            body.insert(name("startIndex"), start.into());
        }
        body.insert(name("itemsPerPage"), page.len().into());
    }
    if let Some(next) = next {
        body.insert(name("nextCursor"), next.into());
    }
    body.insert(name("Resources"), page.into());
    json(inner, 200, &Value::Object(body))
}

fn filtered(inner: &Inner, filter: &str, count: usize) -> Response {
    let faults = &inner.faults;
    let mut words = filter.splitn(3, ' ');
    let (Some(attribute), Some(operator), Some(value)) = (words.next(), words.next(), words.next()) else {
        return error(inner, 400, Some("invalidFilter"), "the filter is not valid");
    };
    let Ok(wanted) = serde_json::from_str::<String>(value) else {
        return error(inner, 400, Some("invalidFilter"), "the value is not valid");
    };
    if faults.filtering == Filtering::Refused || !operator.eq_ignore_ascii_case("eq") {
        return error(inner, 400, Some("invalidFilter"), "filters are not for you");
    }
    if let Some(accounts) = &inner.crowd {
        let by = match attribute.to_ascii_lowercase().as_str() {
            "id" => By::Id,
            "username" => By::UserName,
            "externalid" => By::ExternalId,
            "emails.value" => By::Email,
            _ => return error(inner, 400, Some("invalidFilter"), "accounts are not found by that"),
        };
        let found = accounts.find(by, &wanted);
        return of_crowd(inner, 1, found.len(), count, |out| {
            let shown = &found[..found.len().min(count)];
            out.push_str(&shown.join(","));
            shown.len()
        });
    }
    let same = |theirs: &str| match faults.filtering {
        Filtering::CaseExact => theirs == wanted,
        _ => theirs.to_lowercase() == wanted.to_lowercase(),
    };
    let matches = |user: &&Value| {
        let text = |name: &str| user.get(name).and_then(Value::as_str);
        match attribute.to_ascii_lowercase().as_str() {
            _ if faults.filtering == Filtering::Ignored => true,
            _ if faults.filtering == Filtering::Blind => false,
            "username" => text("userName").is_some_and(same),
            "externalid" => text("externalId") == Some(&wanted),
            "emails.value" => user
                .get("emails")
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|e| e.get("value").and_then(Value::as_str).is_some_and(same))),
            _ => false,
        }
    };
    let hidden = |user: &&Value| faults.hides_inactive.is_some_and(|h| !h.shown_by_filter) && !is_active(user);
    let held = inner.held();
    let found: Vec<&Value> = held.users.iter().filter(matches).filter(|u| !hidden(u)).collect();
    let page: Vec<Value> = found.iter().take(count).map(|u| (*u).clone()).collect();
    answer(inner, &page, Some((1, found.len())), None)
}
