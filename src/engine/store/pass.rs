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
        for side in [Side::People, Side::Others] {
            let n = if side == Side::People { self.picture.entries.slots() } else { self.picture.accounts.slots() };
            for round in steps(n).chunks(ROUND) {
                let (matcher, picture) = (&self.matcher, &self.picture);
                let bound: Vec<Judged> = round
                    .par_iter()
                    .map(|step| {
                        let mut judged = Judged::default();
                        for row in rows(step.clone()) {
                            let (before, cell) = match side {
                                Side::People => (picture.people.at(row.index()), bound_entry(matcher, picture, row).0),
                                Side::Others => {
                                    let before = picture.others.at(row.index());
                                    // Whoever is named by the same entry as before need not be asked for.
                                    let named = before.entry().is_some_and(|e| picture.people.at(e.index()).account() == Some(row));
                                    (before, if named { before } else { bound_account(matcher, picture, row) })
                                }
                            };
                            if cell != before {
                                let mask = picture.masks.at(row.index());
                                judged.recount(side, mask, &before, &cell);
                                judged.cells.push((row, cell));
                            }
                        }
                        judged
                    })
                    .collect();
                for judged in bound {
                    self.picture.tally.add(&judged.tally);
                    let cells = if side == Side::People { &mut self.picture.people } else { &mut self.picture.others };
                    for (row, cell) in judged.cells {
                        cells.set(row.index(), cell);
                    }
                }
            }
        }
    }

    /// A pass over some people.
    pub(super) fn pass_people(&mut self, what: What, range: Range<usize>) {
        self.all_touched |= self.reading != (false, false);
        for round in steps(range.len()).chunks(ROUND) {
            let picture = &self.picture;
            let judged: Vec<Judged> =
                round.par_iter().map(|step| picture.judged(what, range.start + step.start..range.start + step.end)).collect();
            for judged in judged {
                self.picture.tally.add(&judged.tally);
                for (row, cell) in judged.cells {
                    self.picture.people.set(row.index(), cell);
                }
                for (row, mask) in judged.masks {
                    self.picture.masks.set(row.index(), mask);
                }
            }
        }
    }

    pub(super) fn pass_accounts(&mut self) {
        for round in steps(self.picture.accounts.slots()).chunks(ROUND) {
            let picture = &self.picture;
            let judged: Vec<Judged> = round
                .par_iter()
                .map(|step| {
                    let mut judged = Judged::default();
                    for row in rows(step.clone()) {
                        let before = picture.others.at(row.index());
                        let mut cell = before;
                        picture.judge_account(row, &mut cell);
                        if cell != before {
                            judged.tally.count_account(&before, -1);
                            judged.tally.count_account(&cell, 1);
                            judged.cells.push((row, cell));
                        }
                    }
                    judged
                })
                .collect();
            for judged in judged {
                self.picture.tally.add(&judged.tally);
                for (row, cell) in judged.cells {
                    self.picture.others.set(row.index(), cell);
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    People,
    Others,
}

impl Judged {
    fn recount(&mut self, side: Side, mask: u64, before: &Cell, after: &Cell) {
        for (cell, by) in [(before, -1), (after, 1)] {
            match side {
                Side::People => self.tally.count_person(cell, mask, by),
                Side::Others => self.tally.count_account(cell, by),
            }
        }
    }
}

/// What is new after a pass over some rows, and how the counts change by it.
#[derive(Default)]
struct Judged {
    tally: Tally,
    cells: Vec<(RowIx, Cell)>,
    masks: Vec<(RowIx, u64)>,
}

/// So many rows are fetched from memory at a time.
const TOGETHER: usize = 32;

impl crate::engine::picture::Picture {
    /// Partners lie anywhere in memory. They are asked for together, in loops that do nothing else, because a processor waits
    /// for a few dozen places at once as long as for one.
    fn fetch(&self, what: What, range: Range<usize>) {
        let mut partners = [RowIx(0); TOGETHER];
        let mut n = 0;
        for row in range.clone() {
            if let Some(account) = self.people.at(row).account() {
                partners[n] = account;
                n += 1;
            }
        }
        let partners = &partners[..n];
        let mut sum = partners.iter().fold(0, |sum, row| sum ^ u8::from(self.accounts.is_off(*row)));
        match what {
            What::Classify => {}
            What::Evaluate | What::OneRule(_) => {
                sum = partners.iter().fold(sum, |sum, row| sum ^ self.accounts.touch(*row));
                sum = rows(range).fold(sum, |sum, row| sum ^ self.entries.touch(row));
            }
        }
        std::hint::black_box(sum);
    }

    /// What is new about these people after a pass.
    fn judged(&self, what: What, range: Range<usize>) -> Judged {
        let mut judged = Judged::default();
        let end = range.end;
        for row in rows(range) {
            if row.index().is_multiple_of(TOGETHER) {
                self.fetch(what, row.index()..end.min(row.index() + TOGETHER));
            }
            let (before, mask_before) = (self.people.at(row.index()), self.masks.at(row.index()));
            if before.bond == Bond::Absent {
                continue;
            }
            let (mut cell, mut mask) = (before, mask_before);
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
            if (cell, mask) != (before, mask_before) {
                judged.tally.count_person(&before, mask_before, -1);
                judged.tally.count_person(&cell, mask, 1);
                if cell != before {
                    judged.cells.push((row, cell));
                }
                if mask != mask_before {
                    judged.masks.push((row, mask));
                }
            }
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
