//! A check of a target, step by step and read-only: is it there, does it know us, what does it say it can, does a page come,
//! does a look-up by name find exactly whom it should.

use super::discovery::{self, Announced, Listing};
use super::lookup::Sought;
use super::page::{Page, PageError};
use super::{Columns, Target};
use crate::config::TargetConfig;
use crate::error::Error;
use crate::model::AccountEvidence;
use crate::model::step::Step;
use crate::target::connector::{Connector, Paging};
use crate::target::http::Answer;
use crate::text::count;
use std::time::Duration;
use tokio::time::Instant;

const STEPS: [&str; 6] = ["service", "login", "discovery", "schema", "page", "filter"];

impl Target {
    /// Tries everything that a read needs, step by step: `service`, `login`, `discovery`, `schema`, `page`, `filter`. Tells
    /// each step as it is done; gives the target if it can be read. Four requests, a few more where pages are refused.
    pub async fn check(config: &TargetConfig, connector: &Connector, columns: Columns, mut tell: impl FnMut(Step)) -> Option<Self> {
        let opened = Self::unopened(config, connector, columns);
        let mut target = match opened {
            Ok(target) => target,
            Err(error) => return fail("service", &error, &mut tell),
        };
        if let Err(error) = target.http.authorize().await {
            tell(Step::skipped("service", "not asked without a token"));
            return fail("login", &error, &mut tell);
        }
        let from = Instant::now();
        let said = match discovery::ask(&target.http, target.version).await {
            Ok(answer) => answer,
            Err(error) => return fail("service", &error, &mut tell),
        };
        tell(Step::good("service", format!("{} answers, after {}", target.base_url(), time(from.elapsed()))));
        let announced = Announced::read(&said);
        target.follow(announced.as_ref(), connector.paging);
        let asked = target.page_size;
        let from = Instant::now();
        let page = target.first_page(connector.paging == Paging::Auto).await;
        let took = from.elapsed();
        match &page {
            Err(PageError::Refused(answer)) if matches!(answer.status, 401 | 403) => {
                return page.err().and_then(|error| fail("login", &target.told(error), &mut tell));
            }
            Err(_) => tell(Step::skipped("login", format!("no page came: nothing tells whether {} is good", target.http.login().what()))),
            _ => tell(Step::good("login", target.http.login().good())),
        }
        tell(discovered(&said, announced.as_ref(), &target));
        tell(target.check_schema(connector).await);
        let page = match page {
            Ok(page) => page,
            Err(error) => return fail("page", &target.told(error), &mut tell),
        };
        tell(target.paged(&page, asked, took));
        tell(target.check_filter(&page).await);
        Some(target)
    }

    /// The user names on the first page, as many as it has: to see what they look like. One request.
    pub async fn some_names(&mut self) -> Vec<String> {
        let page = self.first_page(false).await;
        page.map(|page| page.accounts.iter().map(|row| row.name().to_owned()).filter(|n| !n.is_empty()).collect()).unwrap_or_default()
    }

    async fn check_schema(&self, connector: &Connector) -> Step {
        let listing = match self.http.get_once(self.version.schemas_path()).await {
            Ok(answer) => Listing::read(&answer),
            Err(_) => None,
        };
        let Some(listing) = listing else {
            return Step::good("schema", format!("{} tells no attributes: nothing to compare with", self.version.schemas_path()));
        };
        let names = self.columns.schema().columns();
        let name =
            |path: &str| connector.fields.iter().find(|f| f.path.eq_ignore_ascii_case(path)).map_or(path.to_owned(), |f| f.name.clone());
        let missing: Vec<String> = (names.iter().zip(self.columns.mapped()))
            .filter(|(_, path)| !listing.knows(path, self.version))
            .map(|(column, _)| name(column.as_str()))
            .collect();
        if missing.is_empty() {
            return Step::good("schema", format!("every mapped field is listed ({})", self.columns.mapped().len()));
        }
        Step::warning(
            "schema",
            format!("the service does not list {}", missing.join(", ")),
            "some services refuse a user with an attribute that they do not list, some drop it silently: remove the rule, or try one user first",
        )
    }

    fn paged(&self, page: &Page, asked: Option<u32>, took: Duration) -> Step {
        let accounts = page.received();
        let of = page.total.map_or_else(|| ", no total told".to_owned(), |total| format!(" of {}", count(total)));
        let size = match (asked, self.page_size) {
            (Some(asked), Some(granted)) if granted < asked => {
                format!("; pages of {} are refused, {} asked for instead", count(asked as usize), count(granted as usize))
            }
            (Some(_), None) => "; every count is refused, none is asked for".to_owned(),
            (Some(asked), _) if page.total.is_some_and(|total| total > accounts) && accounts < asked as usize => {
                format!("; {} asked for", count(asked as usize))
            }
            _ => String::new(),
        };
        let detail = format!("{} accounts{of} in {}{size}", count(accounts), time(took));
        let odd = page.odd.len();
        if odd > 0 {
            return Step::warning(
                "page",
                format!("{detail}; {odd} of them have no id"),
                "they are looked up by name; whoever can't be found that way is blocked",
            );
        }
        if page.total.is_none() && !self.by_cursor {
            return Step::warning(
                "page",
                detail,
                "without totalResults nobody can prove that a listing is whole: it will count as incomplete, and nobody is created",
            );
        }
        Step::good("page", detail)
    }

    async fn check_filter(&self, page: &Page) -> Step {
        if !self.can_filter("userName") {
            return Step::skipped("filter", "by the connector's word accounts can't be looked up by userName");
        }
        let somebody = page.accounts.iter().find(|row| !row.name().is_empty()).map(|row| (row.name().to_owned(), row.id().to_owned()));
        let Some((name, id)) = somebody else { return Step::skipped("filter", "the page has nobody to look up") };
        let sought = Sought { user_name: Some(name.clone()), external_id: None, matched: None };
        let (mut answers, found) = self.find_named(&[sought], |_| ()).await;
        let meaning = "who is not in the listing cannot be looked up by name: where inactive accounts are hidden, nobody new is created";
        match answers.pop() {
            Some(AccountEvidence::Found { .. }) if found.len() == 1 && found.iter().all(|row| row.id() == id) => {
                Step::good("filter", format!("userName eq \"{name}\" finds exactly that account"))
            }
            Some(AccountEvidence::Found { .. }) => Step::warning(
                "filter",
                format!("userName eq \"{name}\" finds {} accounts, or another one", found.len()),
                "user names are not unique at this service: whoever has a twin is ambiguous",
            ),
            Some(AccountEvidence::Unknown { cause }) => Step::warning("filter", cause, meaning),
            Some(AccountEvidence::NotFound) | None => {
                Step::warning("filter", format!("userName eq \"{name}\" finds nobody, although the listing shows this account"), meaning)
            }
        }
    }
}

/// Tells a failed step, and that those behind it were not tried.
fn fail(name: &'static str, error: &Error, tell: &mut impl FnMut(Step)) -> Option<Target> {
    tell(Step::failed(name, error));
    for step in STEPS.iter().skip_while(|step| **step != name).skip(1) {
        tell(Step::skipped(step, format!("{name} failed")));
    }
    None
}

fn discovered(said: &Answer, announced: Option<&Announced>, target: &Target) -> Step {
    let path = target.version.config_path();
    match announced {
        Some(announced) => Step::good("discovery", announced.words()),
        None if said.is_good() => Step::good("discovery", format!("{path} tells nothing: the connector's word counts")),
        None => Step::good("discovery", format!("no {path} ({}): the connector's word counts", said.complaint())),
    }
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        ms @ 0..=999 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}
