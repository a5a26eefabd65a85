//! How many users are in each class, kept as verdicts come and go.

use super::cell::{Bond, Cell};
use crate::model::{Action, ProblemCode, Reason, Situation};
use crate::plan::file::Counts;

/// How many users are in each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    situations: [u32; 12],
    actions: [u32; 7],
    reasons: [u32; 32],
    problems: [u32; 16],
    /// People with an account for whom a field differs, by the place of its rule.
    fields: [u32; 64],
}

impl Default for Tally {
    fn default() -> Self {
        Tally { situations: [0; 12], actions: [0; 7], reasons: [0; 32], problems: [0; 16], fields: [0; 64] }
    }
}

impl Tally {
    /// Counts a person (`by` 1), or takes one out of the count (`by` -1).
    pub(in crate::engine) fn count_person(&mut self, cell: &Cell, mask: u64, by: i32) {
        if cell.bond == Bond::Absent {
            return;
        }
        self.count(cell, by);
        if cell.account().is_some() {
            bits(mask, |field| add(&mut self.fields[field], by));
        }
    }

    /// The same for an account, which counts if it has a row of its own.
    pub(in crate::engine) fn count_account(&mut self, cell: &Cell, by: i32) {
        if cell.is_own_row() {
            self.count(cell, by);
        }
    }

    fn count(&mut self, cell: &Cell, by: i32) {
        add(&mut self.situations[cell.verdict.situation as usize], by);
        add(&mut self.actions[cell.verdict.action as usize], by);
        if let Some(reason) = cell.verdict.reason {
            add(&mut self.reasons[reason as usize], by);
        }
        bits(u64::from(cell.problems), |problem| add(&mut self.problems[problem], by));
    }

    /// Adds what another one counted.
    pub(in crate::engine) fn add(&mut self, other: &Tally) {
        let sum = |ours: &mut [u32], theirs: &[u32]| ours.iter_mut().zip(theirs).for_each(|(a, b)| *a = a.wrapping_add(*b));
        sum(&mut self.situations, &other.situations);
        sum(&mut self.actions, &other.actions);
        sum(&mut self.reasons, &other.reasons);
        sum(&mut self.problems, &other.problems);
        sum(&mut self.fields, &other.fields);
    }

    /// How many are in a situation.
    #[must_use]
    pub fn of(&self, situation: Situation) -> usize {
        self.situations[situation as usize] as usize
    }

    /// For how many an action is proposed.
    #[must_use]
    pub fn for_action(&self, action: Action) -> usize {
        self.actions[action as usize] as usize
    }

    /// For how many a reason is given.
    #[must_use]
    pub fn for_reason(&self, reason: Reason) -> usize {
        self.reasons[reason as usize] as usize
    }

    /// How many have a kind of problem.
    #[must_use]
    pub fn with_problem(&self, code: ProblemCode) -> usize {
        self.problems[code as usize] as usize
    }

    /// For how many people with an account a field differs; from the 64th rule on they are counted together.
    #[must_use]
    pub fn with_field(&self, rule: usize) -> usize {
        self.fields[rule.min(63)] as usize
    }

    /// Everybody who has a row.
    #[must_use]
    pub fn all(&self) -> usize {
        self.situations.iter().map(|n| *n as usize).sum()
    }

    /// By situation, for a document.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for situation in Situation::ALL {
            counts.set(situation, self.of(situation));
        }
        counts
    }
}

/// A tally may hold the difference between two: it is below zero in between, and never in the end.
fn add(count: &mut u32, by: i32) {
    *count = count.wrapping_add_signed(by);
}

fn bits(mut mask: u64, mut told: impl FnMut(usize)) {
    while mask != 0 {
        told(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}
