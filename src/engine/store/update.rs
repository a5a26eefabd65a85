//! Brings up to date whoever a change concerns.

use super::Store;
use crate::engine::picture::Picture;
use crate::engine::picture::cell::{Bond, Cell};
use crate::identity::population::RowIx;
use crate::matching::{EntryPairing, Matcher};
use crate::plan::classify::classify;
use rayon::prelude::*;

/// Rows with new values, to be brought up to date.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub evaluate: Vec<RowIx>,
    pub accounts: Vec<RowIx>,
}

/// From so many rows on it is worth to wake a second thread.
const MANY: usize = 2048;

pub(super) fn unique(rows: &mut Vec<RowIx>) {
    rows.sort_unstable();
    rows.dedup();
}

/// The cell of an entry, bound as the matcher says now.
pub(super) fn bound_entry(matcher: &Matcher, picture: &Picture, row: RowIx) -> (Cell, bool) {
    let mut cell = picture.people.at(row.index());
    if !picture.entries.has(row) {
        let was = cell.bond != Bond::Absent;
        return (Cell::default(), was);
    }
    let pairing = matcher.entry(row);
    let own = if matches!(pairing, EntryPairing::Ambiguous(_)) { matcher.own_account(row) } else { None };
    let is_bound = cell.bind_entry(pairing, own, matcher.link_of_entry(row).is_some(), matcher.lost_account(row));
    let is_inactive = cell.account().is_some_and(|account| picture.accounts.is_off(account));
    let is_other = cell.note_off(picture.entries.is_off(row), is_inactive);
    (cell, is_bound || is_other)
}

pub(super) fn bound_account(matcher: &Matcher, picture: &Picture, row: RowIx) -> Cell {
    let mut cell = picture.others.at(row.index());
    if picture.accounts.has(row) {
        cell.bind_account(matcher.account(row));
    } else {
        cell = Cell::default();
    }
    cell
}

impl Picture {
    /// The verdict on a person whose cell is bound and evaluated.
    pub(in crate::engine) fn judge_person(&self, row: RowIx, cell: &mut Cell, mask: u64) {
        if cell.bond != Bond::Absent {
            cell.verdict = classify(&self.facts_of_person(row, cell, mask), &self.sides, &self.about.policy);
        }
    }

    /// The verdict on an account whose cell is bound.
    pub(in crate::engine) fn judge_account(&self, row: RowIx, cell: &mut Cell) {
        if cell.is_own_row() {
            cell.verdict = classify(&self.facts_of_account(row, cell), &self.sides, &self.about.policy);
        }
    }
}

impl Store {
    /// Brings everybody up to date whom the changes since the last time concern.
    pub(super) fn update(&mut self) {
        let touched = self.matcher.take_touched();
        let mut evaluate = std::mem::take(&mut self.pending.evaluate);
        let mut accounts = std::mem::take(&mut self.pending.accounts);
        let changed = accounts.len();
        accounts.extend(touched.accounts);
        accounts.extend(touched.accounts_of.iter().flat_map(|key| self.matcher.accounts_with(*key)));
        let mut entries = touched.entries;
        entries.extend(touched.entries_of.iter().flat_map(|key| self.matcher.entries_with(*key)));
        entries.extend(&evaluate);
        self.picture.others.grow(self.picture.accounts.slots());
        self.picture.people.grow(self.picture.entries.slots());
        self.picture.masks.grow(self.picture.entries.slots());
        // An account with new values is evaluated with the entry that it belongs to.
        for row in &accounts[..changed] {
            let owner = bound_account(&self.matcher, &self.picture, *row).entry();
            entries.extend(owner);
            evaluate.extend(owner);
            let naming = self.picture.named_by_owner(*row, owner);
            evaluate.extend(naming.filter(|row| self.picture.entries.has(*row)));
        }
        // Who is not there any more took a link's account along, or was somebody's manager.
        for row in &accounts[changed..] {
            let owner = self.picture.others.at(row.index()).entry();
            let naming = self.picture.named_by_owner(*row, owner);
            evaluate.extend(naming.filter(|row| self.picture.entries.has(*row)));
        }
        entries.extend(&evaluate);
        unique(&mut entries);
        unique(&mut accounts);
        // Whom others name by a reference, and who is paired otherwise now: those are evaluated too.
        let mut bound: Vec<(RowIx, Cell, bool)> = Vec::with_capacity(entries.len());
        let mut naming = Vec::new();
        for row in entries {
            let (cell, is_new) = bound_entry(&self.matcher, &self.picture, row);
            // Whether a link is believed also hangs on what the rules make of its entry.
            if is_new || cell.by_link() {
                naming.extend(self.picture.named_by(row));
            }
            bound.push((row, cell, is_new));
        }
        unique(&mut naming);
        evaluate.extend(&naming);
        naming.retain(|row| bound.binary_search_by_key(row, |b| b.0).is_err());
        bound.extend(naming.into_iter().map(|row| (row, self.picture.people.at(row.index()), false)));
        unique(&mut evaluate);
        if let Some(editing) = &mut self.editing {
            let new = bound.iter().filter(|(_, _, is_new)| *is_new).map(|b| b.0);
            let rows: Vec<RowIx> = new.chain(evaluate.iter().copied()).collect();
            editing.went_ahead(&rows);
        }
        if self.read_at != (None, None) && self.reading != (false, false) {
            self.touched.0.extend(bound.iter().map(|b| b.0));
            self.touched.1.extend(&accounts);
        }
        for (row, cell, _) in &bound {
            let mask = self.picture.masks.at(row.index());
            let before = self.picture.people.at(row.index());
            self.picture.tally.count_person(&before, mask, -1);
            self.picture.people.set(row.index(), *cell);
        }
        self.bind_accounts(&accounts);
        let picture = &self.picture;
        let judge = |(row, mut cell, is_new): (RowIx, Cell, bool)| {
            let mut mask = picture.masks.at(row.index());
            if cell.bond != Bond::Absent && (is_new || evaluate.binary_search(&row).is_ok()) {
                let findings = picture.findings(row, &picture.pair(row, &cell), &cell);
                cell.take(&findings);
                mask = findings.mask;
            }
            picture.judge_person(row, &mut cell, mask);
            (row, cell, mask)
        };
        let judged: Vec<(RowIx, Cell, u64)> =
            if bound.len() < MANY { bound.into_iter().map(judge).collect() } else { bound.into_par_iter().map(judge).collect() };
        for (row, cell, mask) in judged {
            self.picture.tally.count_person(&cell, mask, 1);
            self.picture.people.set(row.index(), cell);
            self.picture.masks.set(row.index(), mask);
        }
    }

    fn bind_accounts(&mut self, accounts: &[RowIx]) {
        let cells: Vec<Cell> = accounts.iter().map(|row| bound_account(&self.matcher, &self.picture, *row)).collect();
        for (row, cell) in accounts.iter().zip(&cells) {
            self.picture.tally.count_account(&self.picture.others.at(row.index()), -1);
            self.picture.others.set(row.index(), *cell);
        }
        for (row, mut cell) in accounts.iter().zip(cells) {
            self.picture.judge_account(*row, &mut cell);
            self.picture.tally.count_account(&cell, 1);
            self.picture.others.set(row.index(), cell);
        }
    }
}
