//! Everybody at once, in steps that two threads share.

use super::Store;
use super::edit::Editing;
use super::marks::Marks;
use super::update::{bound_account, bound_entry};
use crate::config::Policy;
use crate::engine::picture::cell::{Bond, Cell, field_bit};
use crate::engine::picture::{Pair, Picture, Tally};
use crate::identity::population::{Row, RowIx, TOGETHER};
use crate::mapping::{Program, Rules};
use crate::plan::compare::differs_from_before;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

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
    /// Some rules, a bit each as in a mask, and the verdict where it makes a difference; every rule of those who were bound anew.
    Rules {
        /// The rules.
        fields: u64,
        /// Accounts are known by one of them: the verdict may be another one in any case.
        telling: bool,
    },
}

impl Store {
    /// Everybody's verdict, from what is known about their rows.
    pub fn classify_all(&mut self) {
        self.pass_people(What::Classify, 0..self.picture.entries.slots());
        self.pass_accounts();
    }

    /// Everybody is judged by another policy.
    pub fn set_policy(&mut self, policy: &Policy) {
        let judges_alike = self.picture.about.policy.judges_like(policy);
        Arc::make_mut(&mut self.picture.about).set_policy(policy);
        if !judges_alike {
            self.classify_all();
        }
    }

    /// Everybody's rules and verdict.
    pub fn evaluate_all(&mut self) {
        if let Some(editing) = &mut self.editing {
            editing.old = None;
        }
        self.pass_people(What::Evaluate, 0..self.picture.entries.slots());
        self.pass_accounts();
    }

    /// Who belongs with whom, for everybody, as the matcher says now. Gives how many people belong with another one than before.
    pub(super) fn bind_all(&mut self) -> usize {
        let mut stale = 0;
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
                                Side::People => {
                                    let (mut cell, is_new) = bound_entry(matcher, picture, row);
                                    if is_new {
                                        judged.stale += 1;
                                        cell.mark_stale();
                                    }
                                    (picture.people.at(row.index()), cell)
                                }
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
                    stale += judged.stale;
                    self.picture.tally.add(&judged.tally);
                    let cells = if side == Side::People { &mut self.picture.people } else { &mut self.picture.others };
                    for (row, cell) in judged.cells {
                        cells.set(row.index(), cell);
                    }
                }
            }
        }
        stale
    }

    /// A pass over some people.
    pub(super) fn pass_people(&mut self, what: What, range: Range<usize>) {
        self.all_touched |= self.reading != (false, false);
        for round in steps(range.len()).chunks(ROUND) {
            let picture = &self.picture;
            let known = Known { editing: self.editing.as_ref(), marks: self.marks.as_deref() };
            let judged: Vec<Judged> =
                round.par_iter().map(|step| picture.judged(what, known, range.start + step.start..range.start + step.end)).collect();
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
    /// Notes a person for whom something is new.
    fn note(&mut self, row: RowIx, before: (Cell, u64), after: (Cell, u64)) {
        if after == before {
            return;
        }
        self.tally.count_person(&before.0, before.1, -1);
        self.tally.count_person(&after.0, after.1, 1);
        if after.0 != before.0 {
            self.cells.push((row, after.0));
        }
        if after.1 != before.1 {
            self.masks.push((row, after.1));
        }
    }

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
    /// People whose rules are to be asked.
    stale: usize,
    tally: Tally,
    cells: Vec<(RowIx, Cell)>,
    masks: Vec<(RowIx, u64)>,
}

/// What is known of an edit, so that less has to be asked.
#[derive(Clone, Copy)]
struct Known<'e> {
    editing: Option<&'e Editing>,
    marks: Option<&'e Marks>,
}

/// People and their accounts, fetched together.
#[derive(Default)]
struct Block<'p> {
    people: Vec<RowIx>,
    persons: Vec<Row<'p>>,
    /// Of each, whether the account was fetched.
    is_fetched: Vec<bool>,
    /// Of each, the fields that differ, where that is known without the account.
    bits: Vec<Option<u64>>,
    accounts: Vec<RowIx>,
    others: Vec<Row<'p>>,
    /// Room for a value.
    text: String,
}

/// Lines of memory that most rows take.
const LINES: usize = 6;

impl Picture {
    /// What is new about these people after a pass.
    fn judged(&self, what: What, known: Known<'_>, range: Range<usize>) -> Judged {
        let mut judged = Judged::default();
        let (fields, telling) = match what {
            What::Classify => {
                for row in rows(range) {
                    let before = self.people.at(row.index());
                    let (mut cell, mask) = (before, self.masks.at(row.index()));
                    self.judge_person(row, &mut cell, mask);
                    judged.note(row, (before, mask), (cell, mask));
                }
                return judged;
            }
            What::Evaluate => (u64::MAX, true),
            What::Rules { fields, telling } => (fields, telling),
        };
        let marks = known.marks.filter(|_| what != What::Evaluate);
        let mut block = Block::default();
        let mut from = range.start;
        while from < range.end {
            let start = from;
            block.people.clear();
            // Only who has to be fetched takes a place: so many of them are waited for together.
            while from < range.end && block.people.len() < TOGETHER {
                let row = RowIx(u32::try_from(from).expect("fewer than 4 billion users"));
                from += 1;
                let is_there = self.people.at(row.index()).bond != Bond::Absent;
                if is_there && !marks.is_some_and(|marks| self.differs_still(row, fields, telling, marks, &mut judged)) {
                    block.people.push(row);
                }
            }
            // Whoever was evaluated by the new rules already is not held against the old ones.
            let old = known.editing.filter(|e| what != What::Evaluate && !e.has_ahead(start..from)).and_then(|e| e.old.as_deref());
            self.fetch(what, old, marks, &mut block);
            let Block { people, persons, is_fetched, bits, others, text, .. } = &mut block;
            let mut others = others.iter();
            for (((row, person), is_fetched), bits) in people.iter().zip(persons).zip(is_fetched).zip(bits) {
                let (before, mask_before) = (self.people.at(row.index()), self.masks.at(row.index()));
                let mut pair = Pair { person: *person, other: if *is_fetched { others.next().copied() } else { None } };
                let mut known = *bits;
                if known.is_none() && is_only_bits(&before, telling) && what != What::Evaluate {
                    let is_as_before = mask_before & fields == 0;
                    known = old.filter(|_| is_as_before).and_then(|old| self.bits_by_entry(old, &pair, fields, text));
                    if known.is_none() {
                        if !*is_fetched {
                            pair = self.pair(*row, &before);
                        }
                        known = self.bits_by_both(&pair, fields);
                    }
                    // Hashes of keys were equal; whether the keys are is asked where the names differ.
                    let is_matched = matches!(before.bond, Bond::ByKey | Bond::ByExternalId);
                    known = known.filter(|bits| !is_matched || bits & field_bit(self.rules.match_rule()) == 0);
                }
                let (mut cell, mut mask) = (before, mask_before);
                if let Some(bits) = known {
                    mask = mask & !fields | bits;
                    if telling || (mask != 0) != (mask_before != 0) {
                        self.judge_person(*row, &mut cell, mask);
                    }
                } else {
                    if !*is_fetched {
                        pair = self.pair(*row, &before);
                    }
                    let findings = self.findings(*row, &pair, &cell);
                    cell.take(&findings);
                    mask = findings.mask;
                    self.judge_person(*row, &mut cell, mask);
                }
                judged.note(*row, (before, mask_before), (cell, mask));
            }
        }
        judged
    }

    /// True for somebody for whom the field differed and does so by what lies at hand, which is noted then: neither the person nor the
    /// account has to be fetched.
    fn differs_still(&self, row: RowIx, fields: u64, telling: bool, marks: &Marks, judged: &mut Judged) -> bool {
        let (before, mask) = (self.people.at(row.index()), self.masks.at(row.index()));
        let is_sure = mask & fields != 0
            && is_only_bits(&before, telling)
            && before.account().is_some_and(|account| marks.differs(self, row, account));
        if is_sure && telling {
            let mut cell = before;
            self.judge_person(row, &mut cell, mask);
            judged.note(row, (before, mask), (cell, mask));
        }
        is_sure
    }

    /// Fetches the people of a block, and their partners, who lie anywhere in memory, where these will be asked.
    fn fetch<'p>(&'p self, what: What, old: Option<&Rules>, marks: Option<&Marks>, block: &mut Block<'p>) {
        let Block { people, persons, is_fetched, bits: told, accounts, others, .. } = block;
        persons.clear();
        is_fetched.clear();
        told.clear();
        accounts.clear();
        others.clear();
        let (fields, telling) = if let What::Rules { fields, telling } = what { (fields, telling) } else { (0, true) };
        let lines = if what == What::Evaluate { LINES } else { 1 };
        self.entries.fetch(people, lines, persons);
        // The headers are here; they tell where the values are.
        let touch = |rows: &[Row<'_>], column: u16| rows.iter().fold(0, |sum, row| sum ^ row.touch(column));
        let mut sum = 0;
        for rule in bits(fields).filter(|_| what != What::Evaluate) {
            let reads = self.rules.rules()[rule].program.iter().flat_map(Program::attributes);
            sum = reads.fold(sum, |sum, column| sum ^ touch(persons, *column));
        }
        let mut asked = [None; TOGETHER];
        for (asked, row) in asked.iter_mut().zip(&*people) {
            let cell = self.people.at(row.index());
            let is_plain = is_only_bits(&cell, telling);
            let differed = self.masks.at(row.index()) & fields != 0;
            let by_entry = old.is_some() && is_plain && !differed;
            *asked = cell.account().filter(|_| !by_entry).map(|account| {
                let mark = marks.filter(|_| is_plain && differed).and_then(|marks| marks.mark(*row, account));
                (account, mark)
            });
        }
        for (asked, person) in asked.iter().zip(&*persons) {
            let bit = marks.zip(asked.and_then(|asked| asked.1)).and_then(|(marks, mark)| marks.bit(self, *person, mark));
            let account = asked.map(|asked| asked.0).filter(|_| bit.is_none());
            told.push(bit);
            is_fetched.push(account.is_some());
            accounts.extend(account);
        }
        self.accounts.fetch(accounts, lines, others);
        for rule in bits(fields).filter(|_| what != What::Evaluate) {
            sum ^= touch(others, u16::try_from(rule).unwrap_or(u16::MAX));
        }
        std::hint::black_box(sum);
    }

    /// Which of some fields differ for somebody for whom none of them did by the old rules; nothing where the account has to be
    /// asked.
    fn bits_by_entry(&self, old: &Rules, pair: &Pair<'_>, fields: u64, text: &mut String) -> Option<u64> {
        let mut differing = 0;
        for rule in bits(fields) {
            let (old, new) = (&old.rules()[rule], &self.rules.rules()[rule]);
            if differs_from_before(old, new, pair.person, &self.context, text)? {
                differing |= field_bit(rule);
            }
        }
        Some(differing)
    }

    /// Which of some fields differ; nothing where that is not all that there is to say.
    fn bits_by_both(&self, pair: &Pair<'_>, fields: u64) -> Option<u64> {
        let mut differing = 0;
        for rule in bits(fields) {
            if self.bit_of(pair, rule)? {
                differing |= field_bit(rule);
            }
        }
        Some(differing)
    }
}

/// True for somebody for whom other rules can only mean other fields that differ. Problems are told by all rules together; a
/// contested match, and a link that looks wrong, are looked at again.
fn is_only_bits(cell: &Cell, telling: bool) -> bool {
    let more = cell.is_stale() || cell.problems != 0 || cell.is_fixed() || cell.ambiguous.is_some();
    !(more || (telling && cell.by_link() && !cell.is_familiar()))
}

impl Editing {
    /// True if some of these people were evaluated by the new rules already.
    fn has_ahead(&self, range: Range<usize>) -> bool {
        let at = self.ahead.partition_point(|row| row.index() < range.start);
        self.ahead.get(at).is_some_and(|row| row.index() < range.end)
    }
}

/// The places of the bits that are set.
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (bit < 64).then_some(bit as usize)
    })
}
