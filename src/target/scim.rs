//! A SCIM service as a target, in its 1.1 and 2.0 dialects: opened, listed to a proven end, looked up, checked.

mod account;
mod check;
mod columns;
mod discovery;
mod edit;
mod listing;
mod lookup;
mod page;
mod tally;
mod walk;
mod wanted;
mod write;

pub use account::{Habits, Resource, Seen};
pub use columns::Columns;
pub use listing::Listed;
pub use lookup::Sought;
pub use page::accounts_of;
pub use tally::OddItem;
pub use write::{Dialect, Set, Write};

use super::connector::{Connector, Paging, Version};
use super::http::{Http, Pace};
use crate::config::TargetConfig;
use crate::error::{Error, Result};
use discovery::Announced;
use page::{Page, PageError, Place};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A service that answered its first request.
#[expect(clippy::struct_excessive_bools, reason = "what the service announces and what the connector says of it, each by itself")]
pub struct Target {
    http: Arc<Http>,
    columns: Arc<Columns>,
    version: Version,
    filter: Vec<String>,
    stable_order: bool,
    page_size: Option<u32>,
    by_cursor: bool,
    announces_cursors: bool,
    concurrency: usize,
    /// How it is written to: by its connector, and where it turns out to know no PATCH.
    dialects: [Arc<Dialect>; 2],
    own_content_type: String,
    lag: Duration,
    has_versions: bool,
    habits: Mutex<Habits>,
}

impl Target {
    /// Connects, and reads the first page: whatever is wrong with address, certificate, token or service shows here.
    ///
    /// # Errors
    /// What is wrong, with a hint.
    pub async fn open(config: &TargetConfig, connector: &Connector, columns: Columns) -> Result<Self> {
        let mut target = Self::unopened(config, connector, columns)?;
        if connector.paging != Paging::Index {
            // Good to know, never needed: whatever is wrong with the service shows on the page.
            let announced = discovery::ask(&target.http, target.version).await.ok().and_then(|answer| Announced::read(&answer));
            target.follow(announced.as_ref(), connector.paging);
        }
        // The page is read again with the others: opening the source may take long.
        match target.first_page(connector.paging == Paging::Auto).await {
            Ok(_) => Ok(target),
            Err(error) => Err(target.told(error)),
        }
    }

    /// A target that has sent nothing yet.
    fn unopened(config: &TargetConfig, connector: &Connector, columns: Columns) -> Result<Self> {
        Ok(Target {
            http: Arc::new(Http::new(config, connector)?),
            columns: Arc::new(columns),
            version: connector.version,
            filter: connector.filter.clone(),
            stable_order: connector.stable_order,
            page_size: config.page_size.unwrap_or(connector.page_size).accounts(),
            by_cursor: connector.paging == Paging::Cursor,
            announces_cursors: false,
            concurrency: config.concurrency,
            dialects: [Arc::new(connector.dialect()), Arc::new(connector.dialect().without_patch())],
            own_content_type: connector.content_type.clone(),
            lag: Duration::from_secs(connector.lag_seconds.into()),
            has_versions: false,
            habits: Mutex::default(),
        })
    }

    /// Takes the way of paging that the service announces, where the connector leaves it open.
    fn follow(&mut self, announced: Option<&Announced>, paging: Paging) {
        self.announces_cursors = announced.is_some_and(|a| a.cursor);
        if paging == Paging::Auto {
            self.by_cursor = announced.is_some_and(Announced::prefers_cursors);
        }
    }

    /// Reads the first page, with smaller pages and in the end without a count where the service refuses what was asked for.
    async fn first_page(&mut self, may_change: bool) -> std::result::Result<Page, PageError> {
        loop {
            match page::fetch(&self.http, &self.columns, &Place::first(self.by_cursor), self.page_size).await {
                Ok(page) => return Ok(page),
                // Some refuse a page of this size, and a few any count at all.
                Err(PageError::Refused(answer)) if matches!(answer.status, 400 | 413 | 500) && self.page_size.is_some() => {
                    // A smaller number does not help against a 500.
                    self.page_size = self.page_size.filter(|n| answer.status != 500 && *n > 10).map(|n| n / 2);
                    if self.page_size.is_none() {
                        tracing::info!(target: "rosterm", status = answer.status, "asking for pages without a count");
                    }
                }
                Err(PageError::Refused(answer)) if answer.status == 400 && self.by_cursor && may_change => {
                    tracing::info!(target: "rosterm", said = answer.complaint(), "cursors are announced and refused: asking by index");
                    self.by_cursor = false;
                }
                Err(error) => return Err(error),
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

    /// How fast requests leave, and whether they wait because the service asks for it: to be watched while the target is read.
    #[must_use]
    pub fn pace(&self) -> Arc<Pace> {
        Arc::clone(self.http.pace())
    }

    /// True if accounts can be looked up by `attribute eq`, by the connector's word.
    #[must_use]
    pub fn can_filter(&self, attribute: &str) -> bool {
        self.filter.iter().any(|f| f.eq_ignore_ascii_case(attribute))
    }

    /// Why there is no first page.
    fn told(&self, error: PageError) -> Error {
        let answer = match error {
            PageError::Refused(answer) => answer,
            PageError::Broken(error) => return error,
        };
        let base = self.http.base_url();
        let said = answer.complaint();
        match answer.status {
            401 | 403 => Error::failure(format!("{base} refuses us: {said}")).hint(self.http.login().refused(answer.status)),
            404 | 405 => Error::failure(format!("{base}/Users does not exist: {said}"))
                .hint("check base_url: the part before /Users, copied from the service's provisioning page"),
            300..=399 => {
                let to = answer.points_to.as_deref().unwrap_or("another place");
                Error::failure(format!("{base}/Users points to {to}: {said}"))
                    .hint("write the address that it points to as base_url; a token is never sent to another host")
            }
            429 | 503 if answer.wait.is_some() => Error::failure(format!("{base} cannot list its accounts: {said}"))
                .hint("the service asks for a longer pause than we make within a run: come back later, or set requests_per_second"),
            _ => Error::failure(format!("{base} cannot list its accounts: {said}")),
        }
    }
}
