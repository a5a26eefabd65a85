//! What is kept about everybody: who they belong with, what their rules came to, and the verdict, in sixteen bytes.

use crate::identity::population::RowIx;
use crate::matching::{AccountPairing, EntryPairing};
use crate::model::{Action, ProblemCode, Reason, Situation};
use crate::plan::classify::Verdict;

/// Who a row belongs with. What `other` of its cell means follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bond {
    /// The user is not there (any more).
    #[default]
    Absent,
    /// Nobody.
    Alone,
    /// An entry: an account, by a link.
    Linked,
    /// An entry: a link whose account is not listed; `other` is the link.
    Unlisted,
    /// An entry: an account that carries its id.
    ByExternalId,
    /// An entry: the only account with its key.
    ByKey,
    /// An entry: it can't be told; `other` is the account that it has by a link or its id, if there is one.
    Ambiguous,
    /// An account: an entry, whose row names it.
    Paired,
    /// An account: a link to an entry that is not in scope; `other` is the link.
    LinkedElsewhere,
    /// An account: an ambiguous row names it.
    Contested,
}

const NONE: u32 = u32::MAX;
/// The pair is bound by a link.
const BY_LINK: u8 = 1;
/// The account that the entry was linked to is gone.
const LOST: u8 = 2;
/// A field differs that can't be changed.
const FIXED: u8 = 4;
/// The linked account looks like someone else's.
const SUSPECT: u8 = 8;
/// The linked account shows something that was remembered of it, whatever the rules say.
const FAMILIAR: u8 = 16;
/// The entry is disabled.
const DISABLED: u8 = 32;
/// The account that the row names is inactive.
const INACTIVE: u8 = 64;
/// It was bound anew by an edit, and its rules were not asked since.
const STALE: u8 = 128;

/// What is kept about one row of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Who it belongs with.
    pub bond: Bond,
    flags: u8,
    /// Why it can't be told who it belongs with.
    pub ambiguous: Option<Reason>,
    /// Why the row can't be sent.
    pub invalid: Option<Reason>,
    /// The verdict.
    pub verdict: Verdict,
    other: u32,
    /// The kinds of problems that its rules have, a bit each.
    pub problems: u16,
}

impl Default for Cell {
    fn default() -> Self {
        let verdict = Verdict { situation: Situation::Blocked, reason: None, action: Action::None, would_be: None, withheld: None };
        Cell { bond: Bond::Absent, flags: 0, ambiguous: None, invalid: None, verdict, other: NONE, problems: 0 }
    }
}

/// What the rules of a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub struct Findings {
    /// The fields that differ, a bit each by the place of the rule; the last bit stands for every rule from the 64th on.
    pub mask: u64,
    /// A field differs that can't be changed.
    pub fixed: bool,
    /// Why the row can't be sent.
    pub invalid: Option<Reason>,
    /// The kinds of problems, a bit each.
    pub problems: u16,
    /// What was matched by its hash is not the same text.
    pub mismatch: bool,
    /// The linked account looks like someone else's.
    pub suspect: bool,
    /// It shows something that was remembered of it.
    pub familiar: bool,
}

/// The bit of a rule in [`Findings::mask`].
#[must_use]
pub fn field_bit(rule: usize) -> u64 {
    1 << rule.min(63)
}

/// The bit of a kind of problem.
#[must_use]
pub fn problem_bit(code: ProblemCode) -> u16 {
    1 << (code as u16)
}

impl Cell {
    /// The account that an entry's row names.
    #[must_use]
    #[inline]
    pub fn account(&self) -> Option<RowIx> {
        matches!(self.bond, Bond::Linked | Bond::ByExternalId | Bond::ByKey | Bond::Ambiguous)
            .then_some(self.other)
            .filter(|o| *o != NONE)
            .map(RowIx)
    }

    /// The entry whose row names an account.
    #[must_use]
    pub fn entry(&self) -> Option<RowIx> {
        (self.bond == Bond::Paired).then_some(RowIx(self.other))
    }

    /// The link of which one end only is here.
    #[must_use]
    pub fn link(&self) -> Option<u32> {
        matches!(self.bond, Bond::Unlisted | Bond::LinkedElsewhere).then_some(self.other)
    }

    /// True if an account has a row of its own.
    #[must_use]
    #[inline]
    pub fn is_own_row(&self) -> bool {
        matches!(self.bond, Bond::Alone | Bond::LinkedElsewhere)
    }

    /// True if the pair is bound by a link.
    #[must_use]
    #[inline]
    pub fn by_link(&self) -> bool {
        self.flags & BY_LINK != 0
    }

    /// True if the account that the entry was linked to is gone.
    #[must_use]
    pub fn lost_account(&self) -> bool {
        self.flags & LOST != 0
    }

    /// True if a field differs that can't be changed.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.flags & FIXED != 0
    }

    /// True if the linked account looks like someone else's.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.flags & SUSPECT != 0
    }

    /// True if the linked account shows something that was remembered of it, whatever the rules say.
    #[inline]
    #[must_use]
    pub fn is_familiar(&self) -> bool {
        self.flags & FAMILIAR != 0
    }

    /// True if the entry is disabled.
    #[inline]
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.flags & DISABLED != 0
    }

    /// True if the account that the row names is inactive.
    #[inline]
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        self.flags & INACTIVE != 0
    }

    /// True if it was bound anew by an edit, and its rules were not asked since.
    #[inline]
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.flags & STALE != 0
    }

    /// Says that its rules are to be asked.
    pub(in crate::engine) fn mark_stale(&mut self) {
        self.set(STALE, true);
    }

    /// Notes which of the two are off; true if that is new.
    pub(in crate::engine) fn note_off(&mut self, disabled: bool, inactive: bool) -> bool {
        let before = self.flags;
        self.set(DISABLED, disabled);
        self.set(INACTIVE, inactive);
        self.flags != before
    }

    fn set(&mut self, flag: u8, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    /// Notes who an entry belongs with; true if that is new.
    pub(in crate::engine) fn bind_entry(&mut self, pairing: EntryPairing, own: Option<RowIx>, by_link: bool, lost: bool) -> bool {
        let before = *self;
        let row = |row: RowIx| row.0;
        self.ambiguous = None;
        (self.bond, self.other) = match pairing {
            EntryPairing::Linked(a) => (Bond::Linked, a.0),
            EntryPairing::LinkedUnlisted(link) => (Bond::Unlisted, link),
            EntryPairing::ByExternalId(a) => (Bond::ByExternalId, a.0),
            EntryPairing::ByKey(a) => (Bond::ByKey, a.0),
            EntryPairing::Ambiguous(reason) => {
                self.ambiguous = Some(reason);
                // A linked account keeps its place in the row of its entry, also where its new name collides.
                (Bond::Ambiguous, own.map_or(NONE, row))
            }
            EntryPairing::Alone => (Bond::Alone, NONE),
        };
        self.set(BY_LINK, by_link && (self.bond == Bond::Unlisted || self.account().is_some()));
        self.set(LOST, lost);
        *self != before
    }

    /// Notes who an account belongs with; true if that is new.
    pub(in crate::engine) fn bind_account(&mut self, pairing: AccountPairing) -> bool {
        let before = *self;
        (self.bond, self.other) = match pairing {
            AccountPairing::Paired(e) => (Bond::Paired, e.0),
            AccountPairing::LinkedElsewhere(link) => (Bond::LinkedElsewhere, link),
            AccountPairing::Contested => (Bond::Contested, NONE),
            AccountPairing::Alone => (Bond::Alone, NONE),
        };
        *self != before
    }

    /// Notes what the rules came to. The mask is kept elsewhere.
    pub(in crate::engine) fn take(&mut self, findings: &Findings) {
        self.set(FIXED, findings.fixed);
        self.set(SUSPECT, findings.suspect);
        self.set(FAMILIAR, findings.familiar);
        self.set(STALE, false);
        (self.invalid, self.problems) = (findings.invalid, findings.problems);
        if findings.mismatch && matches!(self.bond, Bond::ByKey | Bond::ByExternalId) {
            self.ambiguous = Some(Reason::DuplicateInTarget);
        }
    }
}
