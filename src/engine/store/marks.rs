//! What every account has of one field, as marks that lie close together.
//!
//! While a rule is typed, each key is another rule for everybody, and whoever differed by the one before has to be held against
//! the account. The accounts lie in another order than the people, so that is a wait for memory each time, also where of each
//! nothing but a mark is read: the marks lie in the order of the people. What must stay true: a mark only ever proves that two texts
//! differ, and is of the account that the person has now. Where marks are equal, and wherever there is more to say than that a value
//! differs, the account itself is asked.

use super::sheet::Sheet;
use crate::engine::picture::Picture;
use crate::engine::picture::cell::field_bit;
use crate::identity::population::{Population, Row, RowIx, Version};
use crate::plan::compare::{Mark, can_be_marked, differs_from_mark, mark_of};
use rayon::prelude::*;
use std::ops::Range;

/// The marks of one field. See the module's text.
pub(super) struct Marks {
    rule: usize,
    /// Letter case makes no difference.
    folds: bool,
    /// The parts of the population that the marks were made of.
    parts: Vec<Version>,
    of_accounts: Vec<Mark>,
    /// Of each person, the account when this was written, and its mark.
    of_people: Vec<(u32, Mark)>,
    /// The columns that the rule reads.
    reads: Vec<u16>,
    /// Their values.
    sheet: Option<Sheet>,
}

/// The account of whoever has none.
const NOBODY: u32 = u32::MAX;

impl Marks {
    /// The marks for the one rule among `fields`, where they can be of use; what was known `before` is used again as far as it is
    /// of the same field and accounts. `begins` where the rule is another one by now.
    pub(super) fn of(picture: &Picture, fields: u64, before: Option<Marks>, begins: bool) -> Option<Marks> {
        let rule = fields.trailing_zeros() as usize;
        // What a service is known to keep is told by the account alone.
        if !fields.is_power_of_two()
            || rule >= picture.rules.rules().len().min(63)
            || !picture.known.lessons.kept.is_empty()
            || !can_be_marked(&picture.rules, rule)
        {
            return None;
        }
        let folds = picture.rules.rules()[rule].folds();
        let mut marks = before.filter(|m| m.rule == rule && m.folds == folds).unwrap_or_else(|| Marks {
            rule,
            folds,
            parts: Vec::new(),
            of_accounts: Vec::new(),
            of_people: Vec::new(),
            reads: Vec::new(),
            sheet: None,
        });
        if marks.catch_up(&picture.accounts) || marks.of_people.len() != picture.people.len() {
            marks.lay_by_people(picture);
        }
        marks.lay_values(picture, begins);
        Some(marks)
    }

    /// Lays the values together that the rule reads, where the one before it read the same.
    fn lay_values(&mut self, picture: &Picture, begins: bool) {
        let reads = picture.rules.rules()[self.rule].program.as_ref().map_or(&[][..], |program| program.attributes());
        self.sheet = self.sheet.take().filter(|sheet| self.reads == reads && sheet.is_of(&picture.entries));
        if self.reads != reads {
            self.reads = reads.to_vec();
        } else if begins && self.sheet.is_none() {
            self.sheet = Sheet::of(&picture.entries, reads);
        }
    }

    /// Makes the marks of every part of the accounts that is another one by now; true if there is one.
    fn catch_up(&mut self, accounts: &Population) -> bool {
        let parts: Vec<(Version, Range<u32>)> = accounts.versions().collect();
        let is_new = |i: usize, part: &Version| self.parts.get(i).is_none_or(|known| known != part);
        let stale: Vec<Range<u32>> = parts.iter().enumerate().filter(|(i, (part, _))| is_new(*i, part)).map(|(_, p)| p.1.clone()).collect();
        if stale.is_empty() && parts.len() == self.parts.len() {
            return false;
        }
        let (rule, folds) = (self.rule, self.folds);
        let made: Vec<(Range<u32>, Vec<Mark>)> = stale
            .into_par_iter()
            .map(|rows| (rows.clone(), rows.map(|row| mark_of(accounts.row(RowIx(row)), rule, folds)).collect()))
            .collect();
        self.of_accounts.resize(accounts.slots(), 0);
        for (rows, marks) in made {
            self.of_accounts[rows.start as usize..rows.end as usize].copy_from_slice(&marks);
        }
        self.parts = parts.into_iter().map(|p| p.0).collect();
        true
    }

    /// Puts the marks into the order of the people.
    fn lay_by_people(&mut self, picture: &Picture) {
        let of_accounts = &self.of_accounts;
        let of = |row: usize| {
            let account = picture.people.at(row).account();
            account.map_or((NOBODY, 0), |account| (account.0, of_accounts.get(account.index()).copied().unwrap_or(0)))
        };
        self.of_people = (0..picture.people.len()).into_par_iter().map(of).collect();
    }

    /// The mark of the account that a person has.
    #[inline]
    pub(super) fn mark(&self, person: RowIx, account: RowIx) -> Option<Mark> {
        match self.of_people.get(person.index()) {
            Some((of, mark)) if *of == account.0 => Some(*mark),
            // Who belongs to whom is another question since.
            _ => self.of_accounts.get(account.index()).copied(),
        }
    }

    /// True if the field surely differs for a person with this account, by what lies at hand.
    #[inline]
    pub(super) fn differs(&self, picture: &Picture, person: RowIx, account: RowIx) -> bool {
        let values = self.sheet.as_ref().and_then(|sheet| sheet.of_person(&picture.entries, person));
        let rule = &picture.rules.rules()[self.rule];
        values.zip(self.mark(person, account)).is_some_and(|(values, mark)| differs_from_mark(rule, values, &picture.context, mark))
    }

    /// The bit of the field where it surely differs for a person whose account has this mark.
    #[inline]
    pub(super) fn bit(&self, picture: &Picture, person: Row<'_>, mark: Mark) -> Option<u64> {
        let rule = &picture.rules.rules()[self.rule];
        differs_from_mark(rule, person, &picture.context, mark).then(|| field_bit(self.rule))
    }
}
