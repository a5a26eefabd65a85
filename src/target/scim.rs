//! A SCIM 2.0 service as a target: its listing, read to a proven end, and single look-ups (RFC 7644 section 3.4).
//!
//! What is believed: pages are followed by what was received, never by what a service says it sends; the end is an empty
//! page, a page without a new account, or a refusal after the total was reached; complete means that as many different ids
//! were read as the last `totalResults` said and that the end was seen. Ids that come again in between mean that the
//! listing moved: it is read once more, and if that happens again it is incomplete.

use super::connector::Connector;
use super::http::{Answer, Http, encode};
use super::path::{Path, get};
use crate::config::TargetConfig;
use crate::error::{Error, Result};
use crate::identity::population::{Batch, BatchBuilder, Draft, Schema};
use crate::identity::value::truth;
use crate::identity::{AccountId, AttributeName};
use crate::model::field::Field;
use crate::model::step::Step;
use crate::model::{AccountEvidence, Cause, ReadEnd};
use serde_json::{Map, Value};
use std::collections::HashSet;
use tokio::sync::mpsc;

/// After so many failed look-ups in a row the service is not asked any more.
const FAILURES_IN_A_ROW: usize = 10;
/// More pages than this are not a listing.
const MAX_PAGES: usize = 1_000_000;

/// What is kept of an account: the mapped fields, in the order of the rules, and what matching needs.
#[derive(Debug, Clone)]
pub struct Columns {
    schema: Schema,
    paths: Vec<Path>,
    /// `externalId`.
    pub external_id: u16,
    /// Every e-mail address.
    pub emails: u16,
    /// `meta.version`.
    pub version: u16,
}

impl Columns {
    /// The columns for these fields: field number `i` is column `i`.
    #[must_use]
    pub fn new<'f>(fields: impl Iterator<Item = &'f Field>) -> Self {
        let mut schema = Schema::default();
        let mut paths = Vec::new();
        let mut add = |name: String, path: &str| {
            let column = schema.intern(AttributeName::new(name));
            // The paths of fields were checked when the connector and the mapping were read.
            paths.push(Path::parse(path).unwrap_or(Path { schema: None, attribute: path.to_owned(), which: None, sub: None }));
            column
        };
        for field in fields {
            add(field.path.clone(), &field.path);
        }
        // A blank can't be in a path: these never collide with a mapped field.
        let external_id = add(" externalId".to_owned(), "externalId");
        let emails = add(" emails".to_owned(), "emails.value");
        let version = add(" version".to_owned(), "meta.version");
        Columns { schema, paths, external_id, emails, version }
    }

    /// As a population's schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Puts a resource into a row; false if it has no id.
    pub fn fill(&self, draft: &mut Draft, resource: &Map<String, Value>) -> bool {
        let Some(id) = id_of(resource) else { return false };
        draft.begin(&id, get(resource, "userName").and_then(Value::as_str).unwrap_or(""));
        draft.set_off(!is_active(resource));
        for (column, path) in (0u16..).zip(&self.paths) {
            path.values(resource, |value| draft.push(column, value));
        }
        true
    }
}

/// Ids are text; some services send numbers.
fn id_of(resource: &Map<String, Value>) -> Option<String> {
    match get(resource, "id")? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// An account is active unless it says otherwise.
fn is_active(resource: &Map<String, Value>) -> bool {
    match get(resource, "active") {
        Some(Value::Bool(active)) => *active,
        Some(Value::String(text)) => truth(text).unwrap_or(true),
        Some(Value::Number(n)) => n.as_i64() != Some(0),
        _ => true,
    }
}

/// STUB
#[derive(Debug, Clone)]
pub struct OddItem {
    /// STUB
    pub user_name: Option<String>,
    /// STUB
    pub external_id: Option<String>,
    /// STUB
    pub sample: String,
}

/// What a listing sends while it is read.
#[derive(Debug)]
pub enum Listed {
    /// How many accounts there are, by the service's own word.
    Total(usize),
    /// STUB
    Odd(OddItem),
    /// Accounts.
    Accounts(Batch),
    /// What was sent so far does not count: the listing is read once more.
    Again,
}

/// STUB
#[derive(Debug, Clone)]
pub struct Sought {
    /// STUB
    pub user_name: Option<String>,
    /// STUB
    pub external_id: Option<String>,
}

/// A service that answered its first request.
pub struct Target {
    http: Http,
    columns: Columns,
    page_size: Option<u32>,
    concurrency: usize,
}

struct Page {
    resources: Vec<Value>,
    total: Option<usize>,
}

enum PageError {
    /// The service refuses this page.
    Refused(Answer),
    /// The answer is not a page, or there was none.
    Broken(Error),
}

impl Target {
    /// Connects, and reads the first page: whatever is wrong with address, certificate, token or service shows here.
    ///
    /// # Errors
    /// What is wrong, with a hint.
    pub async fn open(config: &TargetConfig, connector: &Connector, columns: Columns) -> Result<Self> {
        let http = Http::new(config)?;
        let page_size = Some(config.page_size.unwrap_or(connector.page_size));
        let mut target = Target { http, columns, page_size, concurrency: config.concurrency };
        loop {
            match target.page(1).await {
                // The page is read again with the others: opening the source may take long.
                Ok(_) => return Ok(target),
                // Some refuse a page of this size, and a few any count at all.
                Err(PageError::Refused(answer)) if matches!(answer.status, 400 | 413 | 500) && target.page_size.is_some() => {
                    target.page_size = target.page_size.and_then(|n| (n > 10).then_some(n / 2));
                    if target.page_size.is_none() && answer.status == 500 {
                        tracing::info!(target: "rosterm", "asking for pages without a count");
                    }
                }
                Err(PageError::Refused(answer)) => return Err(target.refused(&answer)),
                Err(PageError::Broken(error)) => return Err(error),
            }
        }
    }

    /// Tries everything that a read needs, step by step: service, token, one page. Tells each step as it is done; gives the
    /// target if it can be read.
    pub async fn check(config: &TargetConfig, connector: &Connector, columns: Columns, mut tell: impl FnMut(Step)) -> Option<Self> {
        match Self::open(config, connector, columns).await {
            Ok(target) => {
                tell(Step::good("service", target.base_url()));
                Some(target)
            }
            Err(error) => {
                tell(Step::failed("service", &error));
                None
            }
        }
    }

    /// The base URL.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.http.base_url()
    }

    /// The columns of its accounts.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    fn refused(&self, answer: &Answer) -> Error {
        let base = self.http.base_url();
        let said = answer.complaint();
        match answer.status {
            401 | 403 => {
                let place = self.http.secret_place();
                let hint = if place.is_empty() {
                    "the service wants a token: set token in the target".to_owned()
                } else {
                    format!("check the token in {place}: expired, revoked, or for another service?")
                };
                Error::failure(format!("{base} refuses us: {said}")).hint(hint)
            }
            404 | 405 => Error::failure(format!("{base}/Users does not exist: {said}"))
                .hint("check base_url: the part before /Users, copied from the service's provisioning page"),
            300..=399 => Error::failure(format!("{base}/Users points to another place: {said}"))
                .hint("write the address that it points to as base_url; a token is never sent to another host"),
            _ => Error::failure(format!("{base} cannot list its accounts: {said}")),
        }
    }

    async fn page(&self, start: usize) -> std::result::Result<Page, PageError> {
        let count = self.page_size.map(|n| format!("&count={n}")).unwrap_or_default();
        let answer = self.http.get(&format!("/Users?startIndex={start}{count}")).await.map_err(PageError::Broken)?;
        if !(200..300).contains(&answer.status) {
            return Err(PageError::Refused(answer));
        }
        let base = self.http.base_url();
        let broken = |what: String| {
            PageError::Broken(
                Error::failure(format!("{base}/Users does not answer as a SCIM service: {what}"))
                    .hint("check base_url: the part before /Users, copied from the service's provisioning page"),
            )
        };
        let object = answer.object().map_err(broken)?;
        let total = get(&object, "totalResults")
            .and_then(|v| v.as_u64().or_else(|| v.to_string().trim_matches('"').trim_end_matches(".0").parse().ok()))
            .and_then(|n| usize::try_from(n).ok());
        match get(&object, "Resources").cloned() {
            Some(Value::Array(resources)) => Ok(Page { resources, total }),
            None | Some(Value::Null) if total == Some(0) => Ok(Page { resources: Vec::new(), total }),
            // Past the end some leave the list out; before it, an answer with neither is no listing.
            None | Some(Value::Null) if total.is_some() && start > 1 => Ok(Page { resources: Vec::new(), total }),
            Some(_) => Err(broken("Resources is not a list".to_owned())),
            None => Err(broken(format!(
                "JSON without Resources and totalResults: {}",
                String::from_utf8_lossy(&answer.body).chars().take(120).collect::<String>()
            ))),
        }
    }

    /// Reads the whole listing into batches.
    pub async fn read(&mut self, listed: mpsc::Sender<Listed>) -> ReadEnd {
        match self.read_once(&listed).await {
            (ReadEnd::Incomplete(why), _) if why.cause == Cause::IdsRepeated => {}
            (end, _) => return end,
        }
        if listed.send(Listed::Again).await.is_err() {
            return ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest");
        }
        self.read_once(&listed).await.0
    }

    async fn read_once(&mut self, listed: &mpsc::Sender<Listed>) -> (ReadEnd, usize) {
        let mut builder = BatchBuilder::new(self.columns.schema());
        let mut draft = Draft::default();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut start = 1;
        let (mut total, mut repeated, mut without_id) = (None, 0, 0);
        let mut moved = false;
        for _ in 0..MAX_PAGES {
            let page = match self.page(start).await {
                Ok(page) => page,
                Err(PageError::Refused(answer)) if answer.status == 400 && total.is_some_and(|t| seen.len() >= t) => {
                    Page { resources: Vec::new(), total: None }
                }
                Err(error) => {
                    let said = match error {
                        PageError::Refused(answer) => answer.complaint(),
                        PageError::Broken(error) => error.message().to_owned(),
                    };
                    let end = ReadEnd::incomplete(Cause::PageMissing, format!("accounts from number {start} on: {said}"));
                    return (end, seen.len());
                }
            };
            // Somebody was added or taken away meanwhile: whoever stood between two pages may have slipped through.
            moved |= page.total.is_some() && total.is_some() && page.total != total;
            if let Some(told) = page.total.filter(|t| total != Some(*t))
                && listed.send(Listed::Total(told)).await.is_err()
            {
                return (ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest"), seen.len());
            }
            total = page.total.or(total);
            let (mut fresh, received) = (0, page.resources.len());
            let mut again = 0;
            for resource in &page.resources {
                if !resource.as_object().is_some_and(|o| self.columns.fill(&mut draft, o)) {
                    without_id += 1;
                    continue;
                }
                if seen.insert(crate::identity::value::key_hash(draft.id())) {
                    fresh += 1;
                    builder.push(&mut draft);
                } else {
                    again += 1;
                }
            }
            if !builder.is_empty() && listed.send(Listed::Accounts(builder.seal())).await.is_err() {
                return (ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest"), seen.len());
            }
            if fresh == 0 {
                return (end_of(seen.len(), total, repeated, moved, without_id, received), seen.len());
            }
            repeated += again;
            start += received;
        }
        (ReadEnd::incomplete(Cause::NoProgress, format!("more than {MAX_PAGES} pages")), seen.len())
    }

    /// Looks accounts up by their ids, one answer for each. Those that are found come as rows too, as if the listing showed
    /// them. A service that refuses us, or fails again and again, is not asked for the rest.
    pub async fn find(&self, ids: &[AccountId], told: impl Fn(usize)) -> (Vec<(AccountId, AccountEvidence)>, Batch) {
        told(0);
        let mut builder = BatchBuilder::new(self.columns.schema());
        let mut draft = Draft::default();
        let mut answers = Vec::with_capacity(ids.len());
        let mut failures = 0;
        let mut given_up: Option<String> = None;
        for some in ids.chunks(self.concurrency) {
            if let Some(cause) = &given_up {
                answers.extend(some.iter().map(|id| (id.clone(), AccountEvidence::Unknown { cause: cause.clone() })));
                continue;
            }
            let asked = some.iter().map(|id| async move { self.http.get(&format!("/Users/{}", encode(id.as_str()))).await });
            for (id, answer) in some.iter().zip(futures_util::future::join_all(asked).await) {
                let refused = answer.as_ref().is_ok_and(|a| matches!(a.status, 401 | 403));
                let evidence = self.evidence(id, answer, &mut draft);
                match &evidence {
                    AccountEvidence::Unknown { cause } => {
                        failures += 1;
                        if refused || failures >= FAILURES_IN_A_ROW {
                            given_up = Some(cause.clone());
                        }
                    }
                    AccountEvidence::Found { .. } => {
                        failures = 0;
                        builder.push(&mut draft);
                    }
                    AccountEvidence::NotFound => failures = 0,
                }
                answers.push((id.clone(), evidence));
            }
        }
        (answers, builder.seal())
    }

    /// STUB
    pub async fn find_named(&self, _sought: &[Sought], _told: impl Fn(usize)) -> (Vec<AccountEvidence>, Batch) {
        todo!()
    }

    fn evidence(&self, id: &AccountId, answer: Result<Answer>, draft: &mut Draft) -> AccountEvidence {
        let answer = match answer {
            Err(e) => return AccountEvidence::Unknown { cause: e.message().to_owned() },
            Ok(answer) if answer.status == 404 => return AccountEvidence::NotFound,
            Ok(answer) => answer,
        };
        match answer.object() {
            Ok(user) if (200..300).contains(&answer.status) => {
                if self.columns.fill(draft, &user) && draft.id() == id.as_str() {
                    AccountEvidence::Found { active: is_active(&user) }
                } else {
                    AccountEvidence::Unknown { cause: "the service answered with another account".to_owned() }
                }
            }
            _ => AccountEvidence::Unknown { cause: answer.complaint() },
        }
    }
}

/// How a listing ended whose last page brought nobody new.
fn end_of(read: usize, total: Option<usize>, repeated: usize, moved: bool, without_id: usize, received: usize) -> ReadEnd {
    if without_id > 0 {
        return ReadEnd::incomplete(Cause::PageMissing, format!("{without_id} of the items are not accounts with an id"));
    }
    let of_total = total.map_or_else(|| format!("{read} accounts"), |total| format!("{read} of {total} accounts"));
    match total {
        // Whoever came twice took the place of somebody who did not come: the listing moved.
        _ if repeated > 0 => ReadEnd::incomplete(Cause::IdsRepeated, format!("{of_total}, and {repeated} came more than once")),
        _ if moved => ReadEnd::incomplete(Cause::IdsRepeated, format!("{of_total}, and the total changed on the way")),
        Some(total) if read < total && received > 0 => {
            ReadEnd::incomplete(Cause::NoProgress, format!("{of_total}, then the same ones again"))
        }
        Some(total) if read < total => ReadEnd::incomplete(Cause::TotalNotReached, of_total),
        Some(_) => ReadEnd::Complete,
        // Without a total, a service that repeats itself looks like one that has ended.
        None if received > 0 => ReadEnd::incomplete(Cause::NoProgress, format!("{of_total}, no totalResults, then the same ones again")),
        None => {
            ReadEnd::incomplete(Cause::TotalNotReached, format!("{of_total}, and the service tells no totalResults to hold them against"))
        }
    }
}
