//! Which rows of a plan are sent: selection, approval, and the numbers that an operator named. Pure.
//!
//! What must stay true: a deprovision is only ever chosen if somebody approved that row by name, or named the exact number
//! of deprovisions that were seen before.

use crate::model::{Action, Situation};
use crate::plan::Row;
use crate::plan::decision::Name;
use crate::plan::guard::{Lifted, Tally};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// Which rows are meant.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Of these situations; of any, if there are none.
    pub only: Vec<Situation>,
    /// Of these users; of any, if there are none.
    pub users: Vec<Name>,
    /// Of these alone, by the entry's id, else the account's, and with what was to be sent then; of anybody, if there are none.
    pub owed: BTreeMap<String, Action>,
}

impl Selection {
    /// True if a row is meant.
    #[must_use]
    pub fn has(&self, row: &Row) -> bool {
        (self.only.is_empty() || self.only.contains(&row.situation))
            && (self.users.is_empty() || self.users.iter().any(|n| n.fits(row)))
            && self.is_owed(row)
    }

    /// Whoever was to be created and turns out to have an account by now is not meant: whose it is, a person says.
    fn is_owed(&self, row: &Row) -> bool {
        if self.owed.is_empty() {
            return true;
        }
        let subject = row.entry.as_ref().map(|e| &e.id).or_else(|| row.account.as_ref().map(|a| &a.id));
        subject.and_then(|s| self.owed.get(s)).is_some_and(|action| *action != Action::Create || row.action == Action::Create)
    }
}

/// What an operator has allowed beside the approvals in the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permits {
    /// Everything but deprovisions.
    pub yes: bool,
    /// Numbers.
    pub lifted: Lifted,
}

/// What a first look at all rows comes to.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// What is selected and would be sent, approved or not.
    pub selected: Tally,
    /// What is selected and is approved.
    pub approved: Tally,
    /// Rows that are selected and that `--yes` does not approve either: deprovisions.
    pub removals: Removals,
    /// Deletes among what is approved: they can't be taken back.
    pub lasting: usize,
}

impl Overview {
    /// Takes a row into account.
    pub fn add(&mut self, row: &Row, selection: &Selection, permits: Permits) {
        if row.action == Action::None || !selection.has(row) {
            return;
        }
        self.selected.add(row);
        if row.action.is_deprovision() {
            self.removals.add(row);
        }
        if is_approved(row, permits) {
            self.approved.add(row);
            self.lasting += usize::from(row.action == Action::Delete);
        }
    }

    /// Selected rows that nobody has approved.
    #[must_use]
    pub fn unapproved(&self) -> usize {
        self.selected.total() - self.approved.total()
    }
}

/// True if a row that is selected is to be sent.
#[must_use]
pub fn is_approved(row: &Row, permits: Permits) -> bool {
    if row.action.is_deprovision() {
        // A number that does not fit has ended the command before anybody asks here.
        return row.approved || permits.lifted.deprovisions.is_some();
    }
    row.action != Action::None && (row.approved || permits.yes)
}

/// Accounts that would be disabled or deleted, as fingerprints: of a million leavers nobody keeps a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removals(HashSet<u64>);

impl Removals {
    /// Adds a row.
    pub fn add(&mut self, row: &Row) {
        let account = row.account.as_ref().map_or("", |a| a.id.as_str());
        let mut hash = Sha256::new();
        hash.update(row.action.code());
        hash.update([0]);
        hash.update(account);
        let digest = hash.finalize();
        self.0.insert(u64::from_be_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]]));
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if each of them is among others too.
    #[must_use]
    pub fn are_among(&self, others: &Removals) -> bool {
        self.0.is_subset(&others.0)
    }

    /// As a text to keep.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut all: Vec<u64> = self.0.iter().copied().collect();
        all.sort_unstable();
        all.iter().map(|n| format!("{n:016x}")).collect::<Vec<_>>().concat()
    }

    /// From such a text; nothing from any other.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let parts = text.as_bytes().chunks(16).map(|part| u64::from_str_radix(std::str::from_utf8(part).ok()?, 16).ok());
        text.len().is_multiple_of(16).then(|| parts.collect::<Option<HashSet<u64>>>()).flatten().map(Removals)
    }
}

/// Why the number of `--allow-deprovisions` is not believed.
///
/// # Errors
/// The reason, for an operator.
pub fn check_removals(removals: &Removals, named: Option<usize>, seen: Option<&Removals>) -> Result<(), String> {
    let Some(named) = named else { return Ok(()) };
    if named != removals.len() {
        return Err(format!("{} accounts would lose access, not {named}", removals.len()));
    }
    match seen {
        _ if named == 0 => Ok(()),
        None => Err("there is no plan of this channel yet in which somebody has seen whom it takes access away from".to_owned()),
        Some(seen) if removals.are_among(seen) => Ok(()),
        Some(_) => Err("some of the accounts that would lose access were not in the last plan of this channel".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AccountRef, EntryRef};

    fn row(situation: Situation, action: Action, approved: bool, account: &str) -> Row {
        Row {
            situation,
            reason: None,
            user_name: Some(format!("u-{account}")),
            action,
            approved,
            entry: Some(EntryRef { id: format!("e-{account}"), dn: None }),
            account: Some(AccountRef { id: account.into(), user_name: None, active: true, version: None }),
            changes: Vec::new(),
            candidates: Vec::new(),
            problems: Vec::new(),
            hold: None,
            would_be: None,
            last_failure: None,
        }
    }

    #[test]
    fn a_deprovision_is_approved_by_name_or_by_number_and_never_by_yes() {
        let yes = Permits { yes: true, ..Permits::default() };
        let by_number = Permits { lifted: Lifted { deprovisions: Some(1), ..Lifted::default() }, ..Permits::default() };
        for (action, approved, permits, sent) in [
            (Action::Disable, false, Permits::default(), false),
            (Action::Disable, false, yes, false),
            (Action::Delete, false, yes, false),
            (Action::Disable, true, Permits::default(), true),
            (Action::Disable, false, by_number, true),
            (Action::Create, false, Permits::default(), false),
            (Action::Create, false, yes, true),
            (Action::Enable, false, yes, true),
            (Action::Update, true, Permits::default(), true),
            (Action::Update, false, by_number, false),
            (Action::None, false, yes, false),
        ] {
            assert_eq!(is_approved(&row(Situation::Leaving, action, approved, "a"), permits), sent, "{action:?} {approved} {permits:?}");
        }
    }

    #[test]
    fn a_number_is_believed_about_accounts_that_were_seen() {
        let of = |rows: &[(Action, &str)]| {
            let mut removals = Removals::default();
            for (action, account) in rows {
                removals.add(&row(Situation::Leaving, *action, false, account));
            }
            removals
        };
        let two = of(&[(Action::Disable, "a"), (Action::Disable, "b")]);
        let other_verb = of(&[(Action::Delete, "a"), (Action::Disable, "b")]);
        let three = of(&[(Action::Disable, "a"), (Action::Disable, "b"), (Action::Disable, "c")]);
        for (removals, named, seen, told) in [
            (&two, None, None, ""),
            (&two, Some(2), Some(&two), ""),
            (&two, Some(2), Some(&three), ""),
            (&two, Some(3), Some(&three), "not 3"),
            (&three, Some(3), Some(&two), "were not in the last plan"),
            (&two, Some(2), Some(&other_verb), "were not in the last plan"),
            (&two, Some(2), None, "no plan"),
            (&of(&[]), Some(0), None, ""),
        ] {
            match check_removals(removals, named, seen) {
                Ok(()) => assert_eq!(told, ""),
                Err(why) => assert!(!told.is_empty() && why.contains(told), "{why}"),
            }
        }
        assert_eq!(Removals::of_text(&three.to_text()), Some(three));
        assert_eq!(Removals::of_text(""), Some(Removals::default()));
        assert_eq!(Removals::of_text("abc"), None);
    }

    #[test]
    fn what_is_selected_is_counted_whether_it_is_approved_or_not() {
        let mut overview = Overview::default();
        let selection = Selection { only: vec![Situation::Leaving, Situation::Changed], users: Vec::new(), ..Selection::default() };
        for row in [
            row(Situation::Leaving, Action::Disable, false, "a"),
            row(Situation::Leaving, Action::Delete, true, "b"),
            row(Situation::Changed, Action::Update, true, "c"),
            row(Situation::New, Action::Create, true, "d"),
            row(Situation::Changed, Action::None, false, "e"),
        ] {
            overview.add(&row, &selection, Permits::default());
        }
        assert_eq!((overview.selected.total(), overview.approved.total(), overview.unapproved()), (3, 2, 1));
        assert_eq!((overview.removals.len(), overview.lasting), (2, 1));
        let one = Selection { users: vec![Name::new("u-c")], ..Selection::default() };
        assert!(
            one.has(&row(Situation::Changed, Action::Update, true, "c")) && !one.has(&row(Situation::Changed, Action::Update, true, "x"))
        );
    }
}
