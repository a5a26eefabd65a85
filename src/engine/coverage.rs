//! For how many people each rule has a value, and for how many it is wrong: counted on demand, over a snapshot.

use super::picture::cell::Bond;
use super::snapshot::Snapshot;
use crate::clock::Instant;
use crate::identity::population::RowIx;
use crate::mapping::{Desired, Rules};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows of a step: the count is given up between two.
const STEP: u32 = 8 * 1024;

/// What the rules come to over everybody.
#[derive(Debug, Clone)]
pub struct Coverage {
    rules: Arc<Rules>,
    /// By the place of the rule: with a value, and with a problem.
    counts: Vec<(usize, usize)>,
    /// People.
    pub people: usize,
    /// When it was counted.
    pub at: Instant,
}

impl Coverage {
    /// Counts; nothing if it is not wanted any more.
    pub(super) fn count(snapshot: &Snapshot, at: Instant, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        let picture = snapshot.picture();
        let rules = Arc::clone(&picture.rules);
        let n = rules.rules().len();
        let last = u32::try_from(picture.people.len()).unwrap_or(u32::MAX);
        let steps: Vec<u32> = (0..last).step_by(STEP as usize).collect();
        let parts: Vec<(Vec<(usize, usize)>, usize)> = steps
            .into_par_iter()
            .map(|from| {
                let (mut counts, mut people) = (vec![(0, 0); n], 0);
                let rows = if is_stale() { 0..0 } else { from..last.min(from + STEP) };
                for row in rows.filter(|row| picture.people.at(*row as usize).bond != Bond::Absent) {
                    people += 1;
                    let person = picture.entries().row(RowIx(row));
                    for (place, (have, wrong)) in counts.iter_mut().enumerate() {
                        match rules.desired(place, person, &picture.context) {
                            Desired::Value(_) => *have += 1,
                            Desired::Problem(_) => *wrong += 1,
                            Desired::Keep | Desired::Clear => {}
                        }
                    }
                }
                (counts, people)
            })
            .collect();
        if is_stale() {
            return None;
        }
        let (mut counts, mut people) = (vec![(0, 0); n], 0);
        for (part, more) in parts {
            counts.iter_mut().zip(part).for_each(|(sum, part)| *sum = (sum.0 + part.0, sum.1 + part.1));
            people += more;
        }
        Some(Coverage { rules, counts, people, at })
    }

    /// For how many people a rule has a value, and for how many it is wrong; nothing where the rule was another one then.
    #[must_use]
    pub fn of(&self, rules: &Rules, place: usize) -> Option<(usize, usize)> {
        let (then, now) = (self.rules.rules().get(place)?, rules.rules().get(place)?);
        then.is_same(now).then(|| self.counts[place])
    }
}
