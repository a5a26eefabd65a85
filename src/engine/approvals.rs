//! What an operator has approved, and whether it is still what was seen.
//!
//! An approval belongs to a user and to what would be done: a fingerprint of action, values from and to, account and version.
//! A row that comes to something else than it was approved for has no approval any more. What must stay true: nothing but a
//! link is approved by itself, and a copy of a million approvals costs nothing.

use super::owing::Undone;
use super::picture::Picture;
use super::snapshot::Snapshot;
use crate::identity::paged::Paged;
use crate::identity::population::RowIx;
use crate::identity::value::Datum;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, Subject};
use crate::plan::Row;
use rayon::prelude::*;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Everything that is approved, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    /// The numbering that the subjects are of.
    pub(super) era: u64,
    people: Paged<u64>,
    others: Paged<u64>,
    counts: [usize; Action::ALL.len()],
}

/// Whom an approval is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// One user.
    One(Subject),
    /// Everybody of a list.
    These(Arc<Vec<Subject>>),
    /// Those with these lasting ids.
    Named(Arc<Vec<Named>>),
    /// Those for whom a run did not do what was approved, where the same is to be done by now.
    Again(Undone),
}

/// A user by ids that outlive every numbering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The person.
    pub entry: Option<EntryId>,
    /// The account.
    pub account: Option<AccountId>,
}

/// A user by lasting ids, and what was approved.
pub(super) struct Lasting(Named, u64);

/// Drops the approvals of these users, whichever of their two ids they are known by. Gives how many there were.
pub(super) fn forget(lasting: &mut Vec<Lasting>, users: &[Named]) -> usize {
    let entries: HashSet<&EntryId> = users.iter().filter_map(|user| user.entry.as_ref()).collect();
    let accounts: HashSet<&AccountId> = users.iter().filter_map(|user| user.account.as_ref()).collect();
    let before = lasting.len();
    lasting.retain(|Lasting(named, _)| {
        let is_one = named.entry.as_ref().is_some_and(|id| entries.contains(id));
        !is_one && !named.account.as_ref().is_some_and(|id| accounts.contains(id))
    });
    before - lasting.len()
}

/// How many rows of a list there are of each action: what approving all of them would come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weight {
    /// By action, in the order of [`Action::ALL`].
    pub counts: [usize; Action::ALL.len()],
}

impl Weight {
    /// How many of an action.
    #[must_use]
    pub fn of(&self, action: Action) -> usize {
        self.counts[action as usize]
    }

    /// Accounts that would be disabled or deleted.
    #[must_use]
    pub fn deprovisions(&self) -> usize {
        self.of(Action::Disable) + self.of(Action::Delete)
    }

    /// Inactive accounts that would be enabled again: so many people get access back.
    #[must_use]
    pub fn returns(&self) -> usize {
        self.of(Action::Enable)
    }

    /// The number that has to be typed, unless it is 0: how many lose access or get it back. One who gets it back alone is no crowd.
    #[must_use]
    pub fn grave(&self) -> usize {
        match (self.deprovisions(), self.returns()) {
            (0, 1) => 0,
            (lose, return_) => lose + return_,
        }
    }

    /// Rows that need an approval.
    #[must_use]
    pub fn total(&self) -> usize {
        Action::ALL.into_iter().filter(|a| needs_approval(*a)).map(|a| self.of(a)).sum()
    }

    pub(super) fn of_list(picture: &Picture, rows: &[Subject]) -> Self {
        let mut weight = Weight::default();
        for user in rows.iter().filter_map(|s| picture.user_of(*s)) {
            weight.counts[user.verdict.action as usize] += 1;
        }
        weight
    }
}

/// True for an action that somebody has to approve: a link sends nothing and is approved from the beginning.
#[must_use]
pub fn needs_approval(action: Action) -> bool {
    !matches!(action, Action::None | Action::Link)
}

/// The bits of a fingerprint that hold the action.
const ACTION: u64 = 7;
/// Set in every fingerprint, so that none is 0: that is no approval.
const SET: u64 = 1 << 63;

impl Approvals {
    /// None, in this numbering.
    pub(super) fn none(era: u64) -> Self {
        Approvals { era, ..Approvals::default() }
    }

    /// True if a user is approved.
    #[must_use]
    pub fn has(&self, subject: Subject) -> bool {
        self.print(subject) != 0
    }

    /// How many rows of an action are approved.
    #[must_use]
    pub fn of(&self, action: Action) -> usize {
        self.counts[action as usize]
    }

    /// How many rows are approved.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Everybody who is approved.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> + '_ {
        fn side(list: &Paged<u64>, subject: fn(RowIx) -> Subject) -> impl Iterator<Item = Subject> + '_ {
            (0u32..).zip(list.iter()).filter(|(_, print)| **print != 0).map(move |(row, _)| subject(RowIx(row)))
        }
        side(&self.people, Subject::of_entry).chain(side(&self.others, Subject::of_account))
    }

    fn print(&self, subject: Subject) -> u64 {
        match (subject.entry(), subject.account()) {
            (Some(row), _) => self.people.at(row.index()),
            (None, Some(row)) => self.others.at(row.index()),
            (None, None) => 0,
        }
    }

    fn set(&mut self, subject: Subject, print: u64) {
        let before = self.print(subject);
        if before == print {
            return;
        }
        if before != 0 {
            self.counts[usize::try_from(before & ACTION).unwrap_or(0)] -= 1;
        }
        if print != 0 {
            self.counts[usize::try_from(print & ACTION).unwrap_or(0)] += 1;
        }
        match (subject.entry(), subject.account()) {
            (Some(row), _) => self.people.set(row.index(), print),
            (None, Some(row)) => self.others.set(row.index(), print),
            (None, None) => {}
        }
    }

    /// Approves what these rows come to now. Gives how many were not approved before.
    pub(super) fn approve(&mut self, snapshot: &Snapshot, rows: &[Subject]) -> usize {
        self.era = snapshot.era();
        let before = self.total();
        for (subject, print) in prints(snapshot.picture(), rows) {
            self.set(subject, print);
        }
        self.total() - before
    }

    /// Takes approvals back. Gives how many there were.
    pub(super) fn withdraw(&mut self, rows: impl Iterator<Item = Subject>) -> usize {
        let before = self.total();
        for subject in rows {
            self.set(subject, 0);
        }
        before - self.total()
    }

    /// Everybody who is approved by lasting ids, with what they were approved for: what outlives a numbering.
    pub(super) fn lasting(&self, snapshot: &Snapshot) -> Vec<Lasting> {
        self.subjects().filter_map(|subject| Some(Lasting(snapshot.named(subject)?, self.print(subject)))).collect()
    }

    /// Approves again whoever still comes to what they were approved for, in another numbering. Gives how many do not.
    pub(super) fn find_again(&mut self, snapshot: &Snapshot, lasting: &[Lasting]) -> usize {
        self.era = snapshot.era();
        let found: Vec<Option<Subject>> = lasting.iter().map(|l| snapshot.subject_of(&l.0)).collect();
        let rows: Vec<Subject> = found.iter().flatten().copied().collect();
        let mut prints = prints(snapshot.picture(), &rows).into_iter();
        let mut lost = 0;
        for (subject, Lasting(_, print)) in found.into_iter().zip(lasting) {
            let now = subject.and_then(|_| prints.next());
            match now.filter(|(_, now)| now == print) {
                Some((subject, print)) => self.set(subject, print),
                None => lost += 1,
            }
        }
        lost
    }

    /// Takes back what does not fit any more, and everything where the numbering is another one. Gives how many.
    pub(super) fn check(&mut self, snapshot: &Snapshot) -> usize {
        let before = self.total();
        if before > 0 && self.era != snapshot.era() {
            *self = Approvals::none(snapshot.era());
            return before;
        }
        let rows: Vec<Subject> = self.subjects().collect();
        let gone: Vec<Subject> =
            prints(snapshot.picture(), &rows).into_iter().filter(|(s, print)| self.print(*s) != *print).map(|(s, _)| s).collect();
        self.withdraw(gone.into_iter())
    }

    /// Only this user, of these.
    pub(super) fn only(&self, subject: Subject) -> Self {
        let mut one = Approvals::none(self.era);
        one.set(subject, self.print(subject));
        one
    }
}

/// What rows come to by now, as numbers; 0 for one that needs no approval.
fn prints(picture: &Picture, rows: &[Subject]) -> Vec<(Subject, u64)> {
    const STEP: usize = 4096;
    let of = |subject: &Subject| {
        let user = picture.user_of(*subject).filter(|u| needs_approval(u.verdict.action));
        (*subject, user.map_or(0, |user| print_of(&picture.row(&user))))
    };
    let parts: Vec<Vec<(Subject, u64)>> = rows.par_chunks(STEP).map(|part| part.iter().map(of).collect()).collect();
    parts.into_iter().flatten().collect()
}

/// Everything of a row that is approved, as a number.
fn print_of(row: &Row) -> u64 {
    let mut hash = DefaultHasher::new();
    let account = row.account.as_ref();
    (row.entry.as_ref().map(|e| &e.id), account.map(|a| (&a.id, a.active, &a.version))).hash(&mut hash);
    for change in &row.changes {
        change.field.hash(&mut hash);
        for value in [&change.from, &change.to] {
            match value {
                Datum::Unassigned => 0u8.hash(&mut hash),
                Datum::Bool(value) => (1u8, value).hash(&mut hash),
                Datum::Int(value) => (2u8, value).hash(&mut hash),
                Datum::Text(value) => (3u8, value).hash(&mut hash),
                Datum::Many(values) => (4u8, values).hash(&mut hash),
            }
        }
    }
    (hash.finish() & !ACTION) | SET | row.action as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Situation};
    use crate::plan::{AccountRef, EntryRef};

    fn row() -> Row {
        Row {
            situation: Situation::Changed,
            reason: None,
            user_name: Some("ann".into()),
            action: Action::Update,
            approved: false,
            entry: Some(EntryRef { id: "e".into(), dn: Some("uid=ann".into()) }),
            account: Some(AccountRef { id: "a".into(), user_name: None, active: true, version: Some("1".into()) }),
            changes: vec![Change { field: "title".into(), from: Datum::Text("x".into()), to: Datum::Unassigned }],
            candidates: Vec::new(),
            problems: Vec::new(),
            hold: None,
            would_be: None,
            last_failure: None,
        }
    }

    #[test]
    fn an_approval_is_of_action_values_account_and_version_and_of_nothing_else() {
        let print = print_of(&row());
        let other = |change: fn(&mut Row)| {
            let mut row = row();
            change(&mut row);
            print_of(&row)
        };
        assert_ne!(print, 0);
        assert_ne!(other(|r| r.action = Action::Enable), print);
        assert_ne!(other(|r| r.changes[0].from = Datum::Text("y".into())), print);
        assert_ne!(other(|r| r.changes[0].to = Datum::Text(String::new())), print);
        assert_ne!(other(|r| r.account.as_mut().unwrap().id = "b".into()), print);
        assert_ne!(other(|r| r.account.as_mut().unwrap().version = Some("2".into())), print);
        assert_eq!(other(|r| r.entry.as_mut().unwrap().dn = Some("uid=ann,ou=moved".into())), print);
        assert_eq!(other(|r| r.last_failure = Some("HTTP 500".into())), print);
    }

    #[test]
    fn an_approval_of_a_numbering_before_is_forgotten_by_either_id() {
        let named =
            |entry: Option<&str>, account: Option<&str>| Named { entry: entry.map(EntryId::new), account: account.map(AccountId::new) };
        let (ann, ben, col) = (named(Some("ann"), Some("1")), named(None, Some("2")), named(Some("col"), None));
        for (taken, left) in [
            (vec![named(Some("ann"), None)], vec![&ben, &col]),
            (vec![named(None, Some("1")), col.clone()], vec![&ben]),
            (vec![named(Some("eve"), Some("2"))], vec![&ann, &col]),
            (vec![named(Some("1"), Some("col")), named(None, None)], vec![&ann, &ben, &col]),
        ] {
            let mut moved: Vec<Lasting> = [&ann, &ben, &col].map(|named| Lasting(named.clone(), SET)).into();
            assert_eq!(forget(&mut moved, &taken), 3 - left.len());
            assert_eq!(moved.iter().map(|l| &l.0).collect::<Vec<_>>(), left, "{taken:?}");
        }
    }

    #[test]
    fn counts_follow_what_is_set_and_taken_back() {
        let mut approvals = Approvals::default();
        let (ann, ben) = (Subject::of_entry(RowIx(700)), Subject::of_account(RowIx(3)));
        approvals.set(ann, SET | Action::Create as u64);
        approvals.set(ben, SET | Action::Disable as u64);
        approvals.set(ann, SET | Action::Update as u64);
        assert_eq!((approvals.of(Action::Create), approvals.of(Action::Update), approvals.of(Action::Disable)), (0, 1, 1));
        assert_eq!(approvals.subjects().collect::<Vec<_>>(), [ann, ben]);
        assert_eq!(approvals.only(ben).subjects().collect::<Vec<_>>(), [ben]);
        assert_eq!((approvals.withdraw([ann, ann].into_iter()), approvals.total()), (1, 1));
    }
}
