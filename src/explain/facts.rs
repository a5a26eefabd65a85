//! What is known about one user. The engine gathers it: from what was read, what is remembered, and a look-up on demand.

use super::history::Event;
use crate::clock::Instant;
use crate::config::{Location, Policy};
use crate::matching::near::Sign;
use crate::model::{EntryEvidence, LinkOrigin, Reason, SideState, Verdicts};
use crate::plan::Row;
use crate::source::vendor::Settings;
use serde_json::Value;

/// Everything that is known about one user.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The channel.
    pub channel: String,
    /// What the user is called where there is no row.
    pub called: String,
    /// The service's name.
    pub target: String,
    /// The row; nothing for somebody who is in no plan.
    pub row: Option<Row>,
    /// How far the sides can be believed: directory and service.
    pub sides: (SideState, SideState),
    /// How many people and accounts were read.
    pub counts: (usize, usize),
    /// Who is in scope.
    pub location: Location,
    /// It is a table: there is no tree in it.
    pub is_table: bool,
    /// The settings of the directory.
    pub settings: Settings,
    /// The entry, if it was in the last read.
    pub read: Option<Read>,
    /// What was looked up about an entry that was not.
    pub evidence: Option<EntryEvidence>,
    /// What the directory said just now.
    pub looked: Looked,
    /// Who belongs to whom.
    pub bond: Bond,
    /// Whose an account is that nobody in scope has, by the id that it carries, as far as that was known without asking.
    pub owner: Option<Owner>,
    /// The same, as the directory says it.
    pub whose: Whose,
    /// What may be done.
    pub policy: Policy,
    /// What limits a run.
    pub limits: Limits,
    /// An operator has approved it.
    pub approved: bool,
    /// Who it might be, once that was looked for.
    pub near: Option<Vec<Might>>,
    /// What was done before, the last first, or why that can't be told; once that was looked for.
    pub past: Option<Result<Vec<Event>, String>>,
    /// What would go over the wire.
    pub requests: Vec<Request>,
}

/// An entry of the last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Where it is.
    pub dn: String,
    /// It is disabled.
    pub disabled: bool,
}

/// What became of asking the directory for one entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Looked {
    /// There is nobody to ask for, or nothing was asked.
    Not,
    /// The answer is not there yet.
    Asking,
    /// The directory can't be asked: why.
    Failed(String),
    /// It has answered.
    Answer(Box<Answer>),
}

/// An answer of the directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Where the entry is, and which clauses it meets.
    pub evidence: EntryEvidence,
    /// The attributes that status rules look at, with their first values.
    pub values: Vec<(String, String)>,
    /// When the entry was changed last, as the directory writes it.
    pub changed: Option<String>,
    /// When it was asked.
    pub at: Instant,
}

/// Somebody whose an account seems to be that nobody in scope has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The lasting id.
    pub id: String,
    /// Where the entry is, if that is known.
    pub dn: Option<String>,
    /// It is disabled.
    pub disabled: bool,
    /// Which clauses it meets, if it was looked up.
    pub verdicts: Option<Verdicts>,
    /// It was in the last read.
    pub is_read: bool,
    /// Another account that it has.
    pub account: Option<String>,
    /// By what the account is theirs.
    pub by: Shown,
}

/// What an account shows of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Their lasting id, as its `externalId`.
    Id,
    /// What the match rule gives for them.
    Key,
    /// Both.
    Both,
}

/// What became of asking the directory whose an account is.
#[derive(Debug, Clone, PartialEq)]
pub enum Whose {
    /// That is known, or there is nothing to ask for.
    Not,
    /// The answer is not there yet.
    Asking,
    /// The directory can't be asked: why.
    Failed(String),
    /// It has answered.
    Answer(Box<Found>),
}

/// Who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Everybody whose it seems to be.
    pub owners: Vec<Owner>,
    /// What could not be looked up: why.
    pub failed: Option<String>,
    /// When it was asked.
    pub at: Instant,
}

/// Who belongs to whom, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bond {
    /// What binds them.
    pub tie: Tie,
    /// The link that one of them is in.
    pub link: Option<Linked>,
    /// What people and accounts are matched by.
    pub key: Key,
    /// The other channel that has this person or account.
    pub other_channel: Option<String>,
}

/// What binds a person and an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tie {
    /// A remembered link.
    Link,
    /// The account carries the entry's id.
    ExternalId,
    /// Both have the same key, and nobody else has.
    Key,
    /// It can't be told.
    Contested(Reason),
    /// Nothing.
    Nothing,
}

/// A remembered link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The account's id.
    pub account: String,
    /// Since when.
    pub since: Instant,
    /// How it came about.
    pub origin: LinkOrigin,
    /// The channel that made it.
    pub channel: String,
    /// The service lists the account.
    pub listed: bool,
}

/// The match rule and what it comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// The field.
    pub field: String,
    /// What the rule makes of the entry; nothing where it makes nothing, or it is masked.
    pub wanted: Option<String>,
    /// What the account has.
    pub has: Option<String>,
}

/// What limits a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// So many accounts may be disabled or deleted in one run, if there is a limit.
    pub removals: Option<usize>,
    /// So many would be.
    pub leaving: usize,
}

/// Somebody who it might be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Might {
    /// `person` or `account`.
    pub kind: &'static str,
    /// The lasting id.
    pub id: String,
    /// The DN or the user name.
    pub called: String,
    /// In what they are alike.
    pub signs: Vec<Sign>,
}

/// A request that would be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The address.
    pub url: String,
    /// The body.
    pub body: Option<Value>,
    /// What is worth knowing about it.
    pub note: Option<&'static str>,
}

impl Facts {
    /// What is known about where the entry is by now: what the directory said last.
    pub(super) fn whereabouts(&self) -> Option<&EntryEvidence> {
        match &self.looked {
            Looked::Answer(answer) if !matches!(answer.evidence, EntryEvidence::Unknown { .. }) => Some(&answer.evidence),
            _ if self.read.is_some() => None,
            _ => self.evidence.as_ref(),
        }
    }
}
