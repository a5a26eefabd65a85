//! The plan: one row a user, with its situation, its reason and what would be sent.
//!
//! Pure: what is known about a user goes in, a verdict comes out. Nothing here reads a server or the clock.

pub mod classify;
pub mod compare;
pub mod csv;
pub mod decision;
pub mod diff;
pub mod file;
pub mod guard;
pub mod page;

use crate::identity::value::Datum;
use crate::model::{Action, Change, Hold, Problem, Reason, Situation};
use serde::{Deserialize, Deserializer, Serialize};

/// What an incomplete read means for everybody, in a sentence: with the service alone unread it is known who left.
#[must_use]
pub fn consequence(source_is_complete: bool) -> &'static str {
    if source_is_complete {
        "What rests on it is blocked: nobody is created, newly linked or enabled. Linked people who left can still be approved for removal."
    } else {
        "What rests on it is blocked: nobody is removed or created, nobody is newly linked, nobody is enabled."
    }
}

/// One user of the plan, as the document has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The class.
    pub situation: Situation,
    /// Why.
    pub reason: Option<Reason>,
    /// The desired user name, else the account's.
    pub user_name: Option<String>,
    /// What would be sent.
    pub action: Action,
    /// Whether it would be, by now.
    pub approved: bool,
    /// The entry.
    pub entry: Option<EntryRef>,
    /// The account.
    pub account: Option<AccountRef>,
    /// Field by field, in the order of the mapping.
    pub changes: Vec<Change>,
    /// Who else it could be, for ambiguous rows.
    pub candidates: Vec<Candidate>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The hold that is set on it.
    pub hold: Option<Hold>,
    /// What a held or blocked row would be.
    pub would_be: Option<Situation>,
    /// The last failure that the journal knows.
    pub last_failure: Option<String>,
}

impl Row {
    /// What the user is called: the user name, else the account's, else an id, else a dash. Not cleaned.
    #[must_use]
    pub fn called(&self) -> &str {
        let account = || self.account.as_ref().map(|a| a.user_name.as_deref().unwrap_or(&a.id));
        self.user_name.as_deref().or_else(account).or_else(|| self.entry.as_ref().map(|e| e.id.as_str())).unwrap_or("—")
    }
}

/// An entry in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryRef {
    /// Its lasting id.
    pub id: String,
    /// Its DN, if it is known where it is.
    pub dn: Option<String>,
}

/// An account in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRef {
    /// Its id.
    pub id: String,
    /// Its user name.
    pub user_name: Option<String>,
    /// Whether it is active.
    pub active: bool,
    /// Its version, where the service gives one.
    pub version: Option<String>,
}

/// A word of the format. (Named, because serde takes a plain `&'static str` for one that is borrowed from the input.)
pub type Word = &'static str;

/// Somebody that an ambiguous row could be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// `entry` or `account`.
    #[serde(deserialize_with = "candidate_kind")]
    pub kind: Word,
    /// The id.
    pub id: String,
    /// The DN or the user name.
    pub name: String,
}

fn candidate_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Entry,
        Account,
    }
    Ok(match Kind::deserialize(deserializer)? {
        Kind::Entry => "entry",
        Kind::Account => "account",
    })
}

/// A create that lists every field, or the fields of an update.
#[must_use]
pub fn clears_a_value(changes: &[Change]) -> bool {
    changes.iter().any(|c| c.to == Datum::Unassigned && c.from != Datum::Unassigned)
}

/// Whether a row of a new plan starts approved (design: section 5). `disabled_by_us`: our own journal disabled the account.
#[must_use]
pub fn starts_approved(action: Action, linked: bool, changes: &[Change], disabled_by_us: bool) -> bool {
    match action {
        Action::Create | Action::Link => true,
        Action::Update => linked || !clears_a_value(changes),
        Action::Enable => disabled_by_us && (linked || !clears_a_value(changes)),
        Action::Disable | Action::Delete | Action::None => false,
    }
}
