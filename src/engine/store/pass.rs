//! Everybody at once, in steps that two threads share.

use super::Store;
use super::update::{bound_account, bound_entry};
use crate::engine::picture::Tally;
use crate::engine::picture::cell::{Bond, Cell};
use crate::identity::population::RowIx;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a step.
const STEP: usize = 16 * 1024;
/// Steps after which the results are taken over.
const ROUND: usize = 16;

fn rows(range: Range<usize>) -> impl Iterator<Item = RowIx> {
    range.map(|row| RowIx(u32::try_from(row).expect("fewer than 4 billion users")))
}

/// The steps of `n` rows.
fn steps(n: usize) -> Vec<Range<usize>> {
    (0..n).step_by(STEP).map(|from| from..n.min(from + STEP)).collect()
}

/// What a pass does for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The verdict alone.
    Classify,
    /// Every rule, and the verdict.
    Evaluate,
    /// One rule, and the verdict where it makes a difference.
    OneRule(usize),
}

impl Store {
    /// Everybody's verdict, from what is known about their rows.
    pub fn classify_all(&mut self) {
        self.pass_people(What::Classify, 0..self.picture.entries.slots());
        self.pass_accounts();
    }

    /// Everybody's rules and verdict.
    pub fn evaluate_all(&mut self) {
        self.pass_people(What::Evaluate, 0..self.picture.entries.slots());
        self.pass_accounts();
    }

    /// Who belongs with whom, for everybody, as the matcher says now.
    pub fn bind_all(&mut self) {
        let (people, others) = (self.picture.entries.slots(), self.picture.accounts.slots());
        let mut tally = Tally::default();
        for round in steps(people).chunks(ROUND) {
            let (matcher, picture) = (&self.matcher, &self.picture);
            let bound: Vec<Vec<Cell>> =
                round.par_iter().map(|step| rows(step.clone()).map(|row| bound_entry(matcher, picture, row).0).collect()).collect();
            for (step, cells) in round.iter().zip(bound) {
                for (row, cell) in step.clone().zip(cells) {
                    self.picture.people.set(row, cell);
                    tally.count_person(&cell, self.picture.masks.at(row), 1);
                }
            }
        }
        for round in steps(others).chunks(ROUND) {
            let (matcher, picture) = (&self.matcher, &self.picture);
            let bound: Vec<Vec<Cell>> =
                round.par_iter().map(|step| rows(step.clone()).map(|row| bound_account(matcher, picture, row)).collect()).collect();
            for (step, cells) in round.iter().zip(bound) {
                for (row, cell) in step.clone().zip(cells) {
                    self.picture.others.set(row, cell);
                    tally.count_account(&cell, 1);
                }
            }
        }
        self.picture.tally = tally;
    }

    /// A pass over some people.
    pub(super) fn pass_people(&mut self, what: What, range: Range<usize>) {
        for round in steps(range.len()).chunks(ROUND) {
            let picture = &self.picture;
            let judged: Vec<(Tally, Vec<(Cell, u64)>)> = round
                .par_iter()
                .map(|step| {
                    let step = range.start + step.start..range.start + step.end;
                    let mut tally = Tally::default();
                    let cells = picture.judged(what, step, &mut tally);
                    (tally, cells)
                })
                .collect();
            for (step, (tally, cells)) in round.iter().zip(judged) {
                self.picture.tally.add(&tally);
                for (row, (cell, mask)) in (range.start + step.start..).zip(cells) {
                    self.picture.people.set(row, cell);
                    self.picture.masks.set(row, mask);
                }
            }
        }
    }

    pub(super) fn pass_accounts(&mut self) {
        for round in steps(self.picture.accounts.slots()).chunks(ROUND) {
            let picture = &self.picture;
            let judged: Vec<(Tally, Vec<Cell>)> = round
                .par_iter()
                .map(|step| {
                    let mut tally = Tally::default();
                    let judge = |row: RowIx| {
                        let mut cell = picture.others.at(row.index());
                        tally.count_account(&cell, -1);
                        picture.judge_account(row, &mut cell);
                        tally.count_account(&cell, 1);
                        cell
                    };
                    let cells = rows(step.clone()).map(judge).collect();
                    (tally, cells)
                })
                .collect();
            for (step, (tally, cells)) in round.iter().zip(judged) {
                self.picture.tally.add(&tally);
                for (row, cell) in step.clone().zip(cells) {
                    self.picture.others.set(row, cell);
                }
            }
        }
    }
}

/// So many rows ahead a partner's row is asked for.
const AHEAD: usize = 12;

impl crate::engine::picture::Picture {
    /// The cells of these people after a pass, and how the counts change by it.
    fn judged(&self, what: What, range: Range<usize>, tally: &mut Tally) -> Vec<(Cell, u64)> {
        let mut judged = Vec::with_capacity(range.len());
        let end = range.end;
        for row in rows(range) {
            if row.index() + AHEAD < end && what != What::Classify {
                let ahead = self.people.at(row.index() + AHEAD);
                if let Some(account) = ahead.account() {
                    std::hint::black_box(self.accounts.touch(account));
                }
            }
            let mut cell = self.people.at(row.index());
            let mut mask = self.masks.at(row.index());
            tally.count_person(&cell, mask, -1);
            if cell.bond != Bond::Absent {
                match what {
                    What::Evaluate => {
                        let findings = self.found_out(row, &cell);
                        cell.take(&findings);
                        mask = findings.mask;
                        self.judge_person(row, &mut cell, mask);
                    }
                    What::Classify => self.judge_person(row, &mut cell, mask),
                    What::OneRule(rule) => self.judge_rule(row, rule, &mut cell, &mut mask),
                }
            }
            tally.count_person(&cell, mask, 1);
            judged.push((cell, mask));
        }
        judged
    }

    /// One rule has changed: its bit is new; where it makes no difference to anything else, nothing else is asked.
    fn judge_rule(&self, row: RowIx, rule: usize, cell: &mut Cell, mask: &mut u64) {
        let before = (*mask != 0, cell.is_fixed(), cell.problems);
        match self.bit_of(row, cell, rule) {
            // Without a problem on either side only the bit can be new.
            Some(differs) if before.2 == 0 && !before.1 => {
                let bit = crate::engine::picture::cell::field_bit(rule);
                *mask = if differs { *mask | bit } else { *mask & !bit };
                if (*mask != 0) == before.0 {
                    return;
                }
            }
            _ => {
                let findings = self.found_out(row, cell);
                cell.take(&findings);
                *mask = findings.mask;
            }
        }
        self.judge_person(row, cell, *mask);
    }
}
