//! What every account has of one field, as marks that lie close together.
//!
//! While a rule is typed, each key is another rule for everybody, and whoever differed by the one before has to be held against
//! the account. The accounts lie in another order than the people, so that is a wait for memory each time; the marks of a million
//! are four megabytes, which stay near. What must stay true: a mark only ever proves that two texts differ. Where marks are equal,
//! and wherever there is more to say than that a value differs, the account itself is asked.

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
}

impl Marks {
    /// The marks for the one rule among `fields`, where they can be of use; what was known `before` is used again as far as it is
    /// of the same field and accounts.
    pub(super) fn of(picture: &Picture, fields: u64, before: Option<Marks>) -> Option<Marks> {
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
        });
        marks.catch_up(&picture.accounts);
        Some(marks)
    }

    /// Makes the marks of every part of the accounts that is another one by now.
    fn catch_up(&mut self, accounts: &Population) {
        let parts: Vec<(Version, Range<u32>)> = accounts.versions().collect();
        let is_new = |i: usize, part: &Version| self.parts.get(i).is_none_or(|known| known != part);
        let stale: Vec<Range<u32>> = parts.iter().enumerate().filter(|(i, (part, _))| is_new(*i, part)).map(|(_, p)| p.1.clone()).collect();
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
    }

    /// The mark of an account.
    #[inline]
    pub(super) fn mark(&self, account: RowIx) -> Option<Mark> {
        self.of_accounts.get(account.index()).copied()
    }

    /// The bit of the field where it surely differs for a person whose account has this mark.
    #[inline]
    pub(super) fn bit(&self, picture: &Picture, person: Row<'_>, mark: Mark) -> Option<u64> {
        let rule = &picture.rules.rules()[self.rule];
        differs_from_mark(rule, person, &picture.context, mark).then(|| field_bit(self.rule))
    }
}
