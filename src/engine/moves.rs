//! From which situation everybody moves to which by rules that are tried: counted aside, over the snapshot by the rules as they are
//! configured and the one by those that are tried.
//!
//! Snapshots share whatever is the same in both, so that only what has changed is looked at. Nobody waits for it: not the frame,
//! and not the counts that the edit itself comes to.

use super::live::{Live, spawn};
use super::news::News;
use super::picture::cell::{Bond, Cell};
use super::snapshot::{Facets, Snapshot};
use crate::identity::paged::Paged;
use crate::model::Situation;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Situations, and one place for accounts that have no row of their own, because a person's row names them.
const PLACES: usize = 13;

/// How many move from each situation to each other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moves {
    /// The generation of the snapshot before.
    pub before: u64,
    /// The generation of the snapshot after.
    pub after: u64,
    counts: [[usize; PLACES]; PLACES],
}

fn place(situation: Option<Situation>) -> usize {
    situation.map_or(PLACES - 1, |s| s as usize)
}

/// The situation of a person's row.
fn of_person(cell: &Cell) -> Option<Situation> {
    (cell.bond != Bond::Absent).then_some(cell.verdict.situation)
}

/// The situation of an account's own row.
fn of_account(cell: &Cell) -> Option<Situation> {
    cell.is_own_row().then_some(cell.verdict.situation)
}

impl Moves {
    /// True if everybody in one snapshot has the same number and the same values in the other: both are of the same readings.
    #[must_use]
    pub fn can_be_told(before: &Snapshot, after: &Snapshot) -> bool {
        let read = |s: &Snapshot| (s.era(), s.source().read_at, s.target().read_at);
        let is_quiet = |s: &Snapshot| !s.is_busy() && !s.is_reading();
        read(before) == read(after) && is_quiet(before) && is_quiet(after)
    }

    /// Counts; nothing if it is not wanted any more.
    pub(super) fn count(before: &Snapshot, after: &Snapshot, is_stale: &dyn Fn() -> bool) -> Option<Self> {
        let (old, new) = (before.picture(), after.picture());
        let mut moves = Moves { before: before.generation(), after: after.generation(), counts: [[0; PLACES]; PLACES] };
        moves.add(&old.people, &new.people, of_person, is_stale)?;
        moves.add(&old.others, &new.others, of_account, is_stale)?;
        Some(moves)
    }

    fn add<const LEAF: usize>(
        &mut self,
        old: &Paged<Cell, LEAF>,
        new: &Paged<Cell, LEAF>,
        situation: fn(&Cell) -> Option<Situation>,
        is_stale: &dyn Fn() -> bool,
    ) -> Option<()> {
        for ((before, range), (after, _)) in old.leaves().zip(new.leaves()) {
            if is_stale() {
                return None;
            }
            if Arc::ptr_eq(before, after) {
                continue;
            }
            for (before, after) in before.iter().zip(&after[..]).take(range.len()) {
                let (from, to) = (situation(before), situation(after));
                if from != to {
                    self.counts[place(from)][place(to)] += 1;
                }
            }
        }
        Some(())
    }

    /// How many move from one situation to another one; nothing stands for accounts without a row of their own.
    #[must_use]
    pub fn of(&self, from: Option<Situation>, to: Option<Situation>) -> usize {
        self.counts[place(from)][place(to)]
    }

    /// How many leave a situation.
    #[must_use]
    pub fn leave(&self, from: Option<Situation>) -> usize {
        self.counts[place(from)].iter().sum()
    }

    /// How many come to a situation.
    #[must_use]
    pub fn come(&self, to: Option<Situation>) -> usize {
        self.counts.iter().map(|row| row[place(to)]).sum()
    }

    /// How many are in another situation altogether.
    #[must_use]
    pub fn all(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// How many stay in a situation, of those who were in it.
    #[must_use]
    pub fn stay(&self, situation: Situation, before: &Facets) -> usize {
        before.of(situation).saturating_sub(self.leave(Some(situation)))
    }
}

impl Live {
    /// Asks from which situation everybody moves to which, from one snapshot to another one of the same readings; whoever asked
    /// before gets no answer.
    pub fn compare(&self, before: Arc<Snapshot>, after: Arc<Snapshot>) {
        let number = self.compared.fetch_add(1, Ordering::AcqRel) + 1;
        let (latest, tell) = (Arc::clone(&self.compared), Arc::clone(&self.aside.tell));
        spawn("moves", move || {
            if let Some(moves) = Moves::count(&before, &after, &|| latest.load(Ordering::Acquire) != number) {
                tell(News::Moved(Arc::new(moves)));
            }
        });
    }
}
