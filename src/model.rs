//! The types that several rooms share: who is meant, what is remembered, what was found out, what is proposed.
//!
//! Words are those of the design (section 1). Nothing here reads, asks or decides.

pub mod field;
mod situation;
pub mod step;

pub use situation::{Action, Reason, Situation};

use crate::clock::Instant;
use crate::identity::population::RowIx;
use crate::identity::value::Datum;
use crate::identity::{AccountId, EntryId};
use serde::{Deserialize, Serialize};

/// Where a side stands: an incomplete read proves nothing about who is *not* in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SideState {
    /// Not read to its end yet; blocks like an incomplete read.
    #[default]
    Reading,
    /// The read has ended.
    Ended(ReadEnd),
}

impl SideState {
    /// True only after a read that ended complete.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, SideState::Ended(ReadEnd::Complete))
    }
}

/// How a read ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadEnd {
    /// Everything that is there was read, and that was proved.
    Complete,
    /// Something may be missing.
    Incomplete(Incompleteness),
}

impl ReadEnd {
    /// An incomplete end with its cause and what the server or the guard said.
    pub fn incomplete(cause: Cause, detail: impl Into<String>) -> Self {
        ReadEnd::Incomplete(Incompleteness { cause, detail: detail.into() })
    }

    /// Why it is incomplete, if it is.
    #[must_use]
    pub fn cause(&self) -> Option<&Incompleteness> {
        match self {
            ReadEnd::Complete => None,
            ReadEnd::Incomplete(why) => Some(why),
        }
    }
}

/// Why a read can't be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incompleteness {
    /// The cause.
    pub cause: Cause,
    /// What was seen: numbers, the server's own words (not cleaned).
    pub detail: String,
}

/// The causes of an incomplete read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// LDAP result 4 (RFC 4511 appendix A).
    SizeLimit,
    /// LDAP result 3, or our own limit on the time of a read.
    TimeLimit,
    /// LDAP result 11 and other refusals in the middle of a read.
    ServerRefused,
    /// The connection ended.
    ConnectionLost,
    /// What the server sent was refused by our guard.
    Malformed,
    /// A continuation reference inside the base that was not followed.
    Reference,
    /// A page of the listing is missing or could not be read.
    PageMissing,
    /// Fewer accounts than the last `totalResults`.
    TotalNotReached,
    /// The target repeats accounts instead of going on.
    NoProgress,
    /// Accounts repeated and the second read did the same.
    IdsRepeated,
    /// An entry came without its lasting id.
    IdMissing,
    /// A ranged attribute was not read to its end.
    RangeUnfinished,
    /// An entry is in scope but was not in the read.
    MovedDuringRead,
    /// The group that defines the scope could not be read to its end.
    GroupUnread,
}

impl Cause {
    /// Every cause.
    pub const ALL: &[Cause] = &[
        Cause::SizeLimit,
        Cause::TimeLimit,
        Cause::ServerRefused,
        Cause::ConnectionLost,
        Cause::Malformed,
        Cause::Reference,
        Cause::PageMissing,
        Cause::TotalNotReached,
        Cause::NoProgress,
        Cause::IdsRepeated,
        Cause::IdMissing,
        Cause::RangeUnfinished,
        Cause::MovedDuringRead,
        Cause::GroupUnread,
    ];

    /// The code for exports.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Cause::SizeLimit => "size_limit",
            Cause::TimeLimit => "time_limit",
            Cause::ServerRefused => "server_refused",
            Cause::ConnectionLost => "connection_lost",
            Cause::Malformed => "malformed",
            Cause::Reference => "reference",
            Cause::PageMissing => "page_missing",
            Cause::TotalNotReached => "total_not_reached",
            Cause::NoProgress => "no_progress",
            Cause::IdsRepeated => "ids_repeated",
            Cause::IdMissing => "id_missing",
            Cause::RangeUnfinished => "range_unfinished",
            Cause::MovedDuringRead => "moved_during_read",
            Cause::GroupUnread => "group_unread",
        }
    }

    /// What happened, for an operator.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Cause::SizeLimit => "the directory stopped at its size limit",
            Cause::TimeLimit => "the time for the read ran out",
            Cause::ServerRefused => "the server ended the read with an error",
            Cause::ConnectionLost => "the connection was lost",
            Cause::Malformed => "the server sent something that is not valid",
            Cause::Reference => "a part of the base lies on another server and was not read",
            Cause::PageMissing => "a page of the listing is missing",
            Cause::TotalNotReached => "the listing ended before its own total",
            Cause::NoProgress => "the listing repeats itself instead of going on",
            Cause::IdsRepeated => "ids came more than once, or the total changed: somebody may be missing instead",
            Cause::IdMissing => "an entry has no lasting id",
            Cause::RangeUnfinished => "a long attribute was not read to its end",
            Cause::MovedDuringRead => "an entry is in scope but was missing from the read",
            Cause::GroupUnread => "the group was not read to its end",
        }
    }
}

/// A remembered pair: this entry is this account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The entry's lasting id.
    pub entry: EntryId,
    /// The account's id.
    pub account: AccountId,
    /// The channel that made it.
    pub channel: String,
    /// How it came about.
    pub origin: LinkOrigin,
    /// When.
    pub since: Instant,
    /// `userName`, externalId and e-mail as last seen on the account: whether an account is still the one that was linked.
    pub remembered: Vec<String>,
    /// Whether the account was active when last seen.
    pub last_active: bool,
}

/// How a link came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOrigin {
    /// We created the account.
    Created,
    /// Matched by key, and accepted by applying the row.
    Matched,
    /// Set by an operator.
    ByHand,
}

/// A decision to leave a user alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// When, RFC 3339.
    pub since: Instant,
    /// Until when, if not for ever.
    pub until: Option<Instant>,
}

impl Hold {
    /// What is typed as a reason, and the day on which the hold ends where it says so at its end: `on leave until 2027-01-31`.
    ///
    /// # Errors
    /// What follows the last `until` is no day, or nothing stands before it: whoever writes that word means an end, and a hold that never
    /// ends is not what was meant.
    pub fn parted(typed: &str) -> Result<(&str, Option<Instant>), &'static str> {
        const UNTIL: &str = "until";
        let typed = typed.trim();
        // In small letters of ASCII every byte is where it was.
        let low = typed.to_ascii_lowercase();
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let is_word = |at: &usize| is_edge(low[..*at].chars().next_back()) && is_edge(low[at + UNTIL.len()..].chars().next());
        let Some(at) = low.rmatch_indices(UNTIL).map(|(at, _)| at).find(is_word) else { return Ok((typed, None)) };
        let (reason, day) = (typed[..at].trim(), typed[at + UNTIL.len()..].trim());
        match Instant::parse(day) {
            None => Err("until what day? write until 2027-01-31, or leave the word until out"),
            Some(_) if reason.is_empty() => Err("write the reason before it, such as: on leave until 2027-01-31"),
            Some(until) => Ok((reason, Some(until))),
        }
    }

    /// Who, why and until when, in one line (not cleaned: it quotes an operator).
    #[must_use]
    pub fn words(&self) -> String {
        let until = self.until.map(|u| format!(", until {}", &u.rfc3339()[..10])).unwrap_or_default();
        format!("held by {}: {}{until}", self.author, self.reason)
    }
}

/// What a hold is set on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HoldOn {
    /// An entry.
    Entry(EntryId),
    /// An account.
    Account(AccountId),
}

/// Which clauses of the source location an entry meets; `None` where the location has no such clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// Under the base, within the scope.
    pub base: Option<bool>,
    /// Matches the filter.
    pub filter: Option<bool>,
    /// Is a member of the group.
    pub group: Option<bool>,
}

impl Verdicts {
    /// True if no clause says no.
    #[must_use]
    pub fn in_scope(self) -> bool {
        ![self.base, self.filter, self.group].contains(&Some(false))
    }
}

/// What a single look-up of an entry by its id found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryEvidence {
    /// It is there.
    Found {
        /// Where it is now.
        dn: String,
        /// Whether it is disabled.
        disabled: bool,
        /// Which clauses it meets.
        verdicts: Verdicts,
    },
    /// Not found anywhere this reader can see.
    NotFound {
        /// Where it was looked for.
        base: String,
    },
    /// The look-up was refused or failed.
    Unknown {
        /// Why.
        cause: String,
    },
}

/// The lasting id of an entry that is known by its DN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// It is there.
    Entry(EntryId),
    /// No such entry that this reader can see.
    NotFound,
    /// The question was refused or failed.
    Unknown {
        /// Why.
        cause: String,
    },
}

/// What a single look-up of an account by its id found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvidence {
    /// It is there although the list does not show it.
    Found {
        /// Whether it is active.
        active: bool,
    },
    /// The service says that there is no such account.
    NotFound,
    /// The look-up was refused or failed.
    Unknown {
        /// Why.
        cause: String,
    },
}

/// One field that would get another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The field.
    pub field: String,
    /// What the target has; unassigned for a create.
    pub from: Datum,
    /// What it would get; unassigned for a clear.
    pub to: Datum,
}

/// Something that is wrong with one field of one user, or with the row as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The field, if it is about one.
    pub field: Option<String>,
    /// Which kind of problem.
    pub code: ProblemCode,
    /// What is wrong, in the operator's words (not cleaned: it may quote values).
    pub message: String,
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// A rule failed.
    MappingError,
    /// A required field is empty.
    MissingRequired,
    /// The value breaks the field's rule.
    InvalidValue,
    /// The match rule gives several values.
    SeveralValues,
    /// The field can't be changed after the create.
    ImmutableChanged,
    /// A reference could not be resolved; the value at the target is kept.
    Unresolved,
    /// A look-up that the verdict rests on was refused or failed.
    LookupFailed,
    /// The policy switched this verb off.
    PolicyOff,
    /// The account is protected by the policy.
    Protected,
    /// The service does not take the value as it was sent, and keeps its own.
    KeptByTarget,
}

impl ProblemCode {
    /// Every kind of problem.
    pub const ALL: &[ProblemCode] = &[
        ProblemCode::MappingError,
        ProblemCode::MissingRequired,
        ProblemCode::InvalidValue,
        ProblemCode::SeveralValues,
        ProblemCode::ImmutableChanged,
        ProblemCode::Unresolved,
        ProblemCode::LookupFailed,
        ProblemCode::PolicyOff,
        ProblemCode::Protected,
        ProblemCode::KeptByTarget,
    ];

    /// The code for exports.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ProblemCode::MappingError => "mapping_error",
            ProblemCode::MissingRequired => "missing_required",
            ProblemCode::InvalidValue => "invalid_value",
            ProblemCode::SeveralValues => "several_values",
            ProblemCode::ImmutableChanged => "immutable_changed",
            ProblemCode::Unresolved => "unresolved",
            ProblemCode::LookupFailed => "lookup_failed",
            ProblemCode::PolicyOff => "policy_off",
            ProblemCode::Protected => "protected",
            ProblemCode::KeptByTarget => "kept_by_target",
        }
    }

    /// The reason of a row that is invalid because of this problem.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            ProblemCode::MappingError => Some(Reason::MappingError),
            ProblemCode::MissingRequired => Some(Reason::MissingRequired),
            ProblemCode::InvalidValue => Some(Reason::InvalidValue),
            ProblemCode::SeveralValues => Some(Reason::SeveralValues),
            ProblemCode::ImmutableChanged => Some(Reason::ImmutableChanged),
            ProblemCode::Unresolved
            | ProblemCode::LookupFailed
            | ProblemCode::PolicyOff
            | ProblemCode::Protected
            | ProblemCode::KeptByTarget => None,
        }
    }
}

/// A user's number for the life of the process, interned from the entry id (or from the account id where there is no entry).
/// Cursor, marks and approvals are keyed by it, so that they survive a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(u32);

impl Subject {
    /// The person of an entry.
    #[must_use]
    pub fn of_entry(row: RowIx) -> Self {
        Subject(row.0)
    }

    /// An account that no entry's row names.
    #[must_use]
    pub fn of_account(row: RowIx) -> Self {
        Subject(row.0 | ACCOUNT)
    }

    /// The row of the entry, if it is a person's.
    #[must_use]
    pub fn entry(self) -> Option<RowIx> {
        (self.0 & ACCOUNT == 0).then_some(RowIx(self.0))
    }

    /// The row of the account, if there is no entry.
    #[must_use]
    pub fn account(self) -> Option<RowIx> {
        (self.0 & ACCOUNT != 0).then_some(RowIx(self.0 & !ACCOUNT))
    }
}

/// The bit that tells accounts from people: people come first in the order of subjects.
const ACCOUNT: u32 = 1 << 31;
