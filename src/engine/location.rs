//! Where people come from, looked at before it is changed: what each clause comes to, who would enter and leave by others, and
//! who would come to another action by another policy.
//!
//! Whatever is read here goes nowhere else: no population, no approval and no journal changes by it. What must stay true: a read
//! that did not end complete says nothing about who enters or leaves.

mod judged;
mod looker;
mod preview;

pub use judged::Judged;
pub(super) use looker::{Looker, Stop, begin};
pub(super) use preview::Baseline;
pub use preview::{Against, Mover, Preview, Unbound};

use crate::clock::Instant;
use crate::config::{Clause, SourceConfig, SourceKind};
pub use crate::config::{Site, Wrong};
use crate::error::Error;
use crate::filter::Filter;
use crate::source::{Amount, Part, Source, vendor};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Opens a source by a configuration that need not be that of the channel.
pub type OpenSource = Arc<dyn Fn(SourceConfig, Instant) -> Pin<Box<dyn Future<Output = crate::error::Result<Source>>>> + Send + Sync>;

/// Clauses that say something else than the configuration, and what.
pub type Edits = Vec<(Clause, String)>;

/// What a channel says with other clauses.
///
/// # Errors
/// What is wrong with the first text that is, or why they do not go together.
pub fn with_edits(site: &Site, edits: &[(Clause, String)]) -> Result<Site, Wrong> {
    let mut site = site.clone();
    for (clause, text) in edits {
        site = with_edit(&site, *clause, text)?;
    }
    site.check()?;
    Ok(site)
}

/// The same with one other clause, by itself: whether it goes with the others is not looked at.
///
/// # Errors
/// What is wrong with the text, as far as that is seen without asking the directory.
pub fn with_edit(site: &Site, clause: Clause, text: &str) -> Result<Site, Wrong> {
    let mut site = site.clone();
    check(clause, text)?;
    clause.set(&mut site, text)?;
    Ok(site)
}

fn check(clause: Clause, text: &str) -> Result<(), Wrong> {
    let trimmed = text.trim();
    match clause {
        Clause::Filter if !trimmed.is_empty() => Filter::parse(trimmed).map(drop).map_err(|wrong| {
            let before = text.len() - text.trim_start().len();
            let column = text.get(..before + wrong.span.start).map(|t| t.chars().count() + 1);
            Wrong { message: wrong.message, column }
        }),
        Clause::Vendor if !trimmed.is_empty() => Ok(vendor::known(trimmed)?),
        _ => Ok(()),
    }
}

/// What a part of the location comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// How many, or why that is not known.
    pub amount: Result<Amount, String>,
    /// When it was counted.
    pub at: Instant,
}

/// What the parts of a location come to, as far as they are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries under the base.
    pub base: Option<Counted>,
    /// Of them, those that match the filter.
    pub filter: Option<Counted>,
    /// Whom the group names.
    pub group: Option<Counted>,
    /// Of a directory nothing is seen under the base, whatever it is.
    pub unseen: bool,
    /// Nothing more comes.
    pub done: bool,
}

/// The clause that removes everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remover {
    /// Nothing lies under the base.
    Base,
    /// Nothing is seen there: nobody but the directory knows whether that is because nothing is there.
    Unseen,
    /// So many lie under the base, and nobody matches.
    Filter(usize),
    /// So many match, and the group names nobody.
    EmptyGroup(usize),
    /// So many match, the group names so many, and nobody is among both.
    Group(usize, usize),
}

impl Counts {
    /// The clause that removes everybody, where nobody is in scope; nothing while that is not known.
    #[must_use]
    pub fn remover(&self) -> Option<Remover> {
        if self.unseen {
            return Some(Remover::Unseen);
        }
        let n = |counted: &Option<Counted>| counted.as_ref().and_then(|c| c.amount.as_ref().ok()).map(|a| a.n);
        let matching = n(&self.filter);
        match (n(&self.base), matching, n(&self.group)) {
            (Some(0), ..) => Some(Remover::Base),
            (Some(under), Some(0), _) => Some(Remover::Filter(under)),
            (None, Some(0), _) => Some(Remover::Filter(0)),
            (_, Some(matching), Some(0)) => Some(Remover::EmptyGroup(matching)),
            (_, Some(matching), Some(named)) => Some(Remover::Group(matching, named)),
            _ => None,
        }
    }
}

impl fmt::Display for Remover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = crate::text::count;
        match self {
            Remover::Base => f.write_str("THE BASE REMOVES THEM ALL: nothing lies under it, as far as the scope reaches"),
            Remover::Unseen => f.write_str(
                "NOTHING IS SEEN UNDER THE BASE, not even with (objectClass=*): nothing is there, or the reader may not see it. The filter is not to blame",
            ),
            Remover::Filter(0) => f.write_str("THE FILTER REMOVES THEM ALL: nobody matches it"),
            Remover::Filter(under) => write!(f, "THE FILTER REMOVES THEM ALL: {} are under the base, and none matches it", count(*under)),
            Remover::EmptyGroup(matching) => {
                write!(f, "THE GROUP REMOVES THEM ALL: {} match the filter, and the group names nobody", count(*matching))
            }
            Remover::Group(matching, named) => write!(
                f,
                "THE GROUP REMOVES THEM ALL: {} match the filter, the group names {}, and nobody is among both",
                count(*matching),
                count(*named)
            ),
        }
    }
}

/// What came of reading by other clauses.
#[derive(Debug, Clone)]
pub enum Previewed {
    /// Everybody in scope was read.
    Read(Arc<Preview>),
    /// Only the policy is another one: the directory was not asked.
    Judged(Arc<Result<Judged, String>>),
    /// It was not read to its end, and why: it says nothing.
    Incomplete(String),
    /// It can't be read by these clauses.
    Failed(Error),
}

/// Which clause removes everybody, where nobody is in scope, as far as that can be counted.
pub async fn remover(source: &mut Source, config: &SourceConfig) -> Option<Remover> {
    count(source, config, |_| ()).await.remover()
}

/// Counts the parts of a location, one after the other; `tell` hears of each.
async fn count(source: &mut Source, config: &SourceConfig, tell: impl Fn(&Counts)) -> Counts {
    let mut counts = Counts::default();
    let has_tree = Clause::Base.applies(&config.kind);
    for (part, is_there) in [(Part::Base, has_tree), (Part::Filter, true), (Part::Group, config.location.group_dn.is_some())] {
        if !is_there {
            continue;
        }
        let counted = Some(Counted { amount: source.count(part).await, at: crate::clock::now() });
        match part {
            Part::Base => {
                let seen = counted.as_ref().and_then(|c| c.amount.as_ref().ok()).map(|a| (a.n as u64, a.is_all));
                let is_directory = matches!(config.kind, SourceKind::Ldap(_));
                counts.unseen = is_directory && seen.is_some_and(|seen| config.location.scope.shows_nothing(seen));
                counts.base = counted;
            }
            Part::Filter => counts.filter = counted,
            Part::Group => counts.group = counted,
        }
        tell(&counts);
    }
    counts.done = true;
    tell(&counts);
    counts
}
