//! Who is marked: chosen one by one, as a range, or as all that a list shows, and kept while the list shows others.

use crate::engine::{Named, Snapshot};
use crate::model::Subject;
use std::collections::BTreeSet;

/// Who is marked.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Marks {
    chosen: BTreeSet<Subject>,
    /// Where a range begins that is being chosen.
    pub from: Option<Subject>,
    /// Who was marked before everybody got another number.
    lost: Vec<Named>,
}

impl Marks {
    /// More are not chosen by hand: what is meant then is a filter.
    pub const MOST: usize = 10_000;

    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    pub fn has(&self, subject: Subject) -> bool {
        self.chosen.contains(&subject)
    }

    pub fn all(&self) -> impl Iterator<Item = Subject> + '_ {
        self.chosen.iter().copied()
    }

    /// Marks one, or takes the mark away.
    pub fn toggle(&mut self, subject: Subject) {
        if !self.chosen.remove(&subject) {
            self.chosen.insert(subject);
        }
    }

    /// Marks all of these; takes the marks away where all of them have one. False if that is too many.
    pub fn toggle_all(&mut self, rows: &[Subject]) -> bool {
        if rows.len() > Self::MOST || rows.iter().filter(|s| !self.has(**s)).count() + self.len() > Self::MOST {
            return false;
        }
        if rows.iter().all(|s| self.has(*s)) {
            self.chosen.retain(|s| !rows.contains(s));
        } else {
            self.chosen.extend(rows);
        }
        true
    }

    /// Marks these.
    pub fn add(&mut self, rows: &[Subject]) -> bool {
        let fits = rows.len() <= Self::MOST && self.len() + rows.len() <= Self::MOST;
        if fits {
            self.chosen.extend(rows);
        }
        fits
    }

    /// Takes every mark away.
    pub fn clear(&mut self) {
        *self = Marks::default();
    }

    /// Everybody gets another number.
    pub fn lose(&mut self, before: &Snapshot) {
        self.lost.extend(self.chosen.iter().filter_map(|subject| before.named(*subject)));
        (self.chosen, self.from) = (BTreeSet::new(), None);
    }

    /// Finds those again who have another number, once everybody is there. Gives how many are not there any more.
    pub fn find(&mut self, now: &Snapshot) -> usize {
        if self.lost.is_empty() || now.is_busy() {
            return 0;
        }
        let lost = std::mem::take(&mut self.lost);
        let found: Vec<Subject> = lost.iter().filter_map(|named| now.subject_of(named)).collect();
        let gone = lost.len() - found.len();
        self.chosen.extend(found);
        gone
    }
}
