//! Where people come from: entries in scope, read into batches, and single look-ups by their lasting id.
//!
//! A source says how its read ended, and proves it: whatever is not a proven end is [`ReadEnd::Incomplete`], because an
//! incomplete read must never be taken for "everybody else is gone". Reading and looking up are the only verbs; nothing
//! here can write to a directory.

mod csv;
pub mod explore;
mod guard;
pub mod ldap;
pub mod ldif;
pub mod memory;
pub mod scope;
pub mod status;
mod survey;
pub mod vendor;

use crate::clock::Instant;
use crate::config::{SourceConfig, SourceKind};
use crate::error::Result;
use crate::identity::population::{Batch, Schema};
use crate::identity::{AttributeName, EntryId};
use crate::model::step::Step;
use crate::model::{EntryEvidence, Identified, ReadEnd};
use tokio::sync::mpsc;

/// A source that has been opened: its settings are known, its base and group exist.
pub enum Source {
    /// A directory server.
    Ldap(Box<ldap::Ldap>),
    /// Entries held in memory: an LDIF or CSV file, or the embedded directory.
    Memory(Box<memory::Directory>),
}

/// What is known about an open source.
#[derive(Debug, Clone)]
pub struct Facts {
    /// `ldap`, `ldif`, `csv` or `memory`.
    pub kind: &'static str,
    /// Which server or file, for a screen.
    pub place: String,
    /// The naming context that the base lies in: links belong to it.
    pub naming_context: String,
    /// The settings in use, after detection and overrides.
    pub settings: vendor::Settings,
}

/// A part of the location that is counted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything under the base, people or not.
    Base,
    /// What of it matches the filter.
    Filter,
    /// Whom the group names, in scope or not.
    Group,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// So many.
    pub n: usize,
    /// False if there may be more.
    pub is_all: bool,
}

impl Source {
    /// Opens the source that the configuration names: connects, detects the vendor, and checks that base and group exist.
    ///
    /// # Errors
    /// What is wrong, with the host, the certificate, the account, the base or the group that it is about.
    pub async fn open(config: &SourceConfig, now: Instant) -> Result<Self> {
        match &config.kind {
            SourceKind::Ldap(ldap) => Ok(Source::Ldap(Box::new(ldap::Ldap::open(ldap, config, now).await?))),
            SourceKind::Ldif { path } => Ok(Source::Memory(Box::new(memory::Directory::from_ldif(path, config, now)?))),
            SourceKind::Csv(csv) => Ok(Source::Memory(Box::new(memory::Directory::from_csv(csv, config, now)?))),
        }
    }

    /// Tries everything that a read needs, step by step: prepare (password, certificate authorities), resolve, connect, TLS,
    /// bind, vendor, base, filter, group, counts, id, status; of a file `file`, vendor, group and the last three. Tells each step as it is
    /// done, and those after a failed one as skipped; gives the source if it can be read. Reads everyone in scope once.
    pub async fn check(config: &SourceConfig, now: Instant, tell: impl FnMut(Step)) -> Option<Self> {
        let mut teller = survey::Teller(tell);
        if let SourceKind::Ldap(ldap) = &config.kind {
            return ldap::check(ldap, config, now, &mut teller).await;
        }
        match Self::open(config, now).await {
            Ok(mut source) => {
                teller.tell(Step::good("file", source.facts().place.clone()));
                let settings = &source.facts().settings;
                teller.tell(Step::good("vendor", settings.words()));
                if let Source::Memory(directory) = &source
                    && let Some(members) = directory.members()
                {
                    let told = format!("{} members; {}", crate::text::count(members.len()), members.ways().collect::<Vec<_>>().join("; "));
                    teller.tell(Step::good("group", told));
                }
                survey::survey(&mut source, &[], None, &mut teller).await.then_some(source)
            }
            Err(error) => {
                teller.tell(Step::failed("file", &error));
                teller.skip_after("group", "the file cannot be used");
                None
            }
        }
    }

    /// What is known about it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        match self {
            Source::Ldap(ldap) => ldap.facts(),
            Source::Memory(directory) => directory.facts(),
        }
    }

    /// Reads every entry in scope, with the attributes that are columns of `schema`, into batches. Ends when everything
    /// was sent, when the read failed, or when the receiver is gone.
    pub async fn read(&mut self, schema: &Schema, batches: mpsc::Sender<Batch>) -> ReadEnd {
        match self {
            Source::Ldap(ldap) => ldap.read(schema, batches).await,
            Source::Memory(directory) => directory.read(schema, batches).await,
        }
    }

    /// Counts what a part of the location comes to; of a directory at most a million entries, and for at most a minute.
    ///
    /// # Errors
    /// Why it can't be counted. Not cleaned.
    pub async fn count(&mut self, part: Part) -> std::result::Result<Amount, String> {
        match self {
            Source::Ldap(ldap) => ldap.count(part).await,
            Source::Memory(directory) => Ok(directory.count(part).await),
        }
    }

    /// What there is to tell about the last read, if it ended complete, as sentences for people: how membership of the group
    /// was determined, which members lie outside of the base. Not cleaned: they quote DNs.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        match self {
            Source::Ldap(ldap) => ldap.notes().to_vec(),
            Source::Memory(directory) => directory.notes().to_vec(),
        }
    }

    /// The lasting ids of entries by DN, wherever they lie: for managers that are not in scope. One answer for each DN, in
    /// their order; at most 2,000 are asked for, the others are unknown.
    pub async fn identify(&mut self, dns: &[String]) -> Vec<(String, Identified)> {
        match self {
            Source::Ldap(ldap) => ldap.identify(dns).await,
            Source::Memory(directory) => directory.identify(dns),
        }
    }

    /// Looks these entries up as [`Self::find`] does; those that are found come with their values too, as rows of `schema`. An
    /// entry of which an attribute comes in parts has no row.
    pub async fn reread(&mut self, schema: &Schema, ids: &[EntryId]) -> (Vec<(EntryId, EntryEvidence)>, Batch) {
        match self {
            Source::Ldap(ldap) => ldap.reread(schema, ids).await,
            Source::Memory(directory) => directory.reread(schema, ids),
        }
    }

    /// The people below the look-up base who are called so: by user name, e-mail address or common name, in any letter case;
    /// with their DNs.
    ///
    /// # Errors
    /// Why it can't be told; also where too many are called so.
    pub async fn named(&mut self, name: &str) -> std::result::Result<Vec<(EntryId, String)>, String> {
        match self {
            Source::Ldap(ldap) => ldap.named(name).await,
            Source::Memory(directory) => directory.named(name),
        }
    }

    /// Looks these entries up under the look-up base, wherever they are now. One answer for each id.
    pub async fn find(&mut self, ids: &[EntryId]) -> Vec<(EntryId, EntryEvidence)> {
        match self {
            Source::Ldap(ldap) => ldap.find(ids).await,
            Source::Memory(directory) => directory.find(ids),
        }
    }
}

/// What people are called by. An attribute that a server does not know matches nobody (RFC 4511 section 4.5.1.7).
const NAMED_BY: [&str; 5] = ["uid", "sAMAccountName", "userPrincipalName", "mail", "cn"];
/// So many are worth to be listed.
const NAMED_MOST: u32 = 20;

/// The attributes that a read must ask for: the wanted columns, the id, and whatever the status rules look at.
#[must_use]
pub fn attributes_to_ask(schema: &Schema, settings: &vendor::Settings) -> Vec<AttributeName> {
    let mut ask = Schema::new(schema.columns().iter().cloned());
    ask.intern(settings.id_attribute.clone());
    for rule in &settings.status {
        ask.intern(rule.attribute.clone());
    }
    ask.columns().to_vec()
}
