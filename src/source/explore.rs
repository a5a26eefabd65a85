//! What a source has to offer to somebody who sets one up: bases with how many people are under them, groups, samples.
//!
//! Everything is bounded, in number and in time: this is for a person who waits, and what was not found can be typed.

use super::ldap;
use super::ldif::Record;
use super::memory::{csv_file, ldif_file};
use super::survey::Teller;
use super::vendor::Settings;
use crate::clock::Instant;
use crate::config::{SourceConfig, SourceKind};
use crate::filter::{Entry as _, Filter};
use crate::identity::dn::DnKey;
use crate::model::step::{Step, StepVerdict};
use std::time::Duration;

/// Groups that are listed at most.
pub const MOST_GROUPS: usize = 50;
/// People who are looked at.
pub const SAMPLES: usize = 20;
/// Bases that are counted at most, and for how long in all.
const MOST_BASES: usize = 24;
const LONGEST: Duration = Duration::from_secs(6);
/// How deep the bases are followed.
const LEVELS: usize = 4;

/// A base to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its DN (not cleaned).
    pub dn: String,
    /// How many people are under it, if that was counted.
    pub people: Option<People>,
}

/// How many people there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    /// So many.
    pub count: u64,
    /// False if there are more.
    pub whole: bool,
}

impl People {
    /// For a screen: `1,200 people`, `at least 20,000 people`.
    #[must_use]
    pub fn words(self) -> String {
        let count = crate::text::count(usize::try_from(self.count).unwrap_or(usize::MAX));
        let who = if self.count == 1 { "1 person".to_owned() } else { format!("{count} people") };
        if self.whole { who } else { format!("at least {who}") }
    }
}

/// Groups to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// DN, and what is said about it (not cleaned).
    pub list: Vec<(String, String)>,
    /// There are more than are listed.
    pub more: bool,
}

/// A source that is looked around in.
pub enum Explorer {
    /// A directory server.
    Ldap(Box<ldap::Explorer>),
    /// A file.
    File(Box<Held>),
}

/// A file's content.
pub struct Held {
    entries: Vec<(DnKey, Record)>,
    settings: Settings,
    filter: Filter,
}

impl Explorer {
    /// Opens the source; tells the steps as [`super::Source::check`] does, up to the vendor.
    pub async fn open(config: &SourceConfig, now: Instant, mut tell: impl FnMut(Step)) -> Option<Self> {
        let (file, records, settings) = match &config.kind {
            SourceKind::Ldap(ldap) => {
                let mut teller = Teller(|step: Step| {
                    if step.verdict != StepVerdict::Skipped {
                        tell(step);
                    }
                });
                return ldap::Explorer::open(ldap, &config.settings, now, &mut teller).await.map(|e| Explorer::Ldap(Box::new(e)));
            }
            SourceKind::Ldif { path } => match ldif_file(path, &config.settings) {
                Ok(read) => read,
                Err(error) => return failed(&mut tell, &error),
            },
            SourceKind::Csv(csv) => match csv_file(csv, &config.settings) {
                Ok((file, records, _, settings)) => (file, records, settings),
                Err(error) => return failed(&mut tell, &error),
            },
        };
        let filter = match Filter::parse(&settings.user_filter) {
            Ok(filter) => filter,
            Err(error) => return failed(&mut tell, &error.into_error(&settings.user_filter)),
        };
        tell(Step::good("file", format!("{file}: {} entries", crate::text::count(records.len()))));
        tell(Step::good("vendor", settings.words()));
        let entries = records.into_iter().map(|r| (DnKey::of(&r.dn), r)).collect();
        Some(Explorer::File(Box::new(Held { entries, settings, filter })))
    }

    /// The settings in use.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        match self {
            Explorer::Ldap(ldap) => &ldap.settings,
            Explorer::File(held) => &held.settings,
        }
    }

    /// Where people are: naming contexts, then what lies below them and has people; and the place of the smallest one that
    /// holds them all. Those that may hold people come first.
    pub async fn bases(&mut self) -> (Vec<Base>, usize) {
        let end = tokio::time::Instant::now() + LONGEST;
        let mut bases = Vec::new();
        for dn in self.contexts().into_iter().take(MOST_BASES / 2) {
            bases.push(self.counted(dn, end).await);
        }
        let count = |base: &Base| base.people.map_or(0, |p| p.count);
        let Some(mut at) = (0..bases.len()).rev().max_by_key(|i| count(&bases[*i])) else { return (bases, 0) };
        for _ in 0..LEVELS {
            let from = bases.len();
            let below = self.containers(&bases[at].dn).await;
            for dn in below.into_iter().take(MOST_BASES.saturating_sub(from)) {
                let base = self.counted(dn, end).await;
                if base.people.is_none_or(|p| p.count > 0) {
                    bases.push(base);
                }
            }
            let all = bases[at].people;
            match (from..bases.len()).find(|i| all.is_some_and(|p| p.whole && p.count > 0) && bases[*i].people == all) {
                Some(next) => at = next,
                None => break,
            }
        }
        (bases, at)
    }

    async fn counted(&mut self, dn: String, end: tokio::time::Instant) -> Base {
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        let people = if left.is_zero() { None } else { self.people(&dn, left).await.ok() };
        Base { dn, people }
    }

    /// How many people are under a base, as far as they can be counted in so much time.
    ///
    /// # Errors
    /// Why nothing can be counted there.
    pub async fn people(&mut self, base: &str, longest: Duration) -> Result<People, String> {
        match self {
            Explorer::Ldap(ldap) => ldap.people(base, longest).await,
            Explorer::File(held) => {
                let base_key = DnKey::of(base);
                if !held.entries.iter().any(|(key, _)| key.is_under(&base_key)) {
                    return Err(format!("there is nothing at or below {base}"));
                }
                Ok(People { count: held.people(&base_key).count() as u64, whole: true })
            }
        }
    }

    fn contexts(&self) -> Vec<String> {
        match self {
            Explorer::Ldap(ldap) => ldap.contexts(),
            Explorer::File(held) => {
                let top = held.entries.iter().filter(|(key, _)| !held.entries.iter().take(2000).any(|(k, _)| k != key && key.is_under(k)));
                top.take(MOST_BASES / 2).map(|(_, record)| record.dn.clone()).collect()
            }
        }
    }

    /// What lies directly below and may hold people.
    async fn containers(&mut self, base: &str) -> Vec<String> {
        match self {
            Explorer::Ldap(ldap) => ldap.containers(base).await,
            Explorer::File(held) => {
                let key = DnKey::of(base);
                let is = |record: &Record| {
                    record.any_value("objectClass", &mut |class| CONTAINERS.iter().any(|c| c.eq_ignore_ascii_case(class)))
                };
                held.entries.iter().filter(|(k, r)| k.is_child_of(&key) && is(r)).map(|(_, r)| r.dn.clone()).collect()
            }
        }
    }

    /// Groups in the naming context of a base, whose name contains a word if one is given.
    ///
    /// # Errors
    /// Why they can't be listed.
    pub async fn groups(&mut self, base: &str, word: &str) -> Result<Groups, String> {
        match self {
            Explorer::Ldap(ldap) => ldap.groups(base, word).await,
            Explorer::File(held) => Ok(held.groups(word)),
        }
    }

    /// Some people under a base, with what they show of themselves but for passwords.
    ///
    /// # Errors
    /// Why nobody can be read.
    pub async fn samples(&mut self, base: &str) -> Result<Vec<Record>, String> {
        let people = match self {
            Explorer::Ldap(ldap) => ldap.samples(base).await?,
            Explorer::File(held) => held.people(&DnKey::of(base)).take(SAMPLES).cloned().collect(),
        };
        Ok(people.into_iter().map(without_secrets).collect())
    }
}

/// Object classes of what people are kept in.
pub(super) const CONTAINERS: [&str; 4] = ["organizationalUnit", "container", "nsContainer", "organization"];

impl Held {
    fn people(&self, base: &DnKey) -> impl Iterator<Item = &Record> {
        self.entries
            .iter()
            .filter(|(key, record)| key.is_under(base) && self.filter.matches(record) == Some(true))
            .map(|(_, record)| record)
    }

    fn groups(&self, word: &str) -> Groups {
        let settings = &self.settings;
        let word = word.to_lowercase();
        let is_group = |record: &Record| {
            let mut classes = settings.group_class.iter().chain(&settings.dynamic_group_class);
            classes.any(|g| record.any_value("objectClass", &mut |class| class.eq_ignore_ascii_case(g)))
        };
        let fits = |record: &Record| word.is_empty() || record.any_value("cn", &mut |cn| cn.to_lowercase().contains(&word));
        let mut list: Vec<(String, String)> = self
            .entries
            .iter()
            .filter(|(_, r)| is_group(r) && fits(r))
            .take(MOST_GROUPS + 1)
            .map(|(_, r)| (r.dn.clone(), r.first_text("description").unwrap_or_default().to_owned()))
            .collect();
        let more = list.len() > MOST_GROUPS;
        list.truncate(MOST_GROUPS);
        Groups { list, more }
    }
}

fn failed(tell: &mut impl FnMut(Step), error: &crate::error::Error) -> Option<Explorer> {
    tell(Step::failed("file", error));
    None
}

/// Nobody needs them here, so that they are not even held.
fn without_secrets(record: Record) -> Record {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["password", "pwd", "secret", "krbprincipalkey", "sambantpass"].iter().any(|part| name.contains(part))
    };
    Record { dn: record.dn, attributes: record.attributes.into_iter().filter(|(name, _)| !is_secret(name)).collect() }
}
