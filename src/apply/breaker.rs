//! Stops a run in which too much fails.

use crate::journal::run::RowState;
use crate::model::Action;
use std::collections::VecDeque;

/// Outcomes that are looked at.
const LOOKED_AT: usize = 20;

/// Stops a run in which too much fails: a service that is broken is not helped by more of the same.
#[derive(Default)]
pub(super) struct Breaker {
    /// Whether the last ones failed.
    last: VecDeque<bool>,
    refused_in_a_row: usize,
}

impl Breaker {
    /// Takes into account what a row came to; gives why nothing more should be sent, if nothing should.
    pub fn saw(&mut self, state: RowState, action: Action, cause: &str) -> Option<String> {
        let failed = matches!(state, RowState::Failed | RowState::Doubt);
        // What is stale, or is to be sent later, says nothing about the service, and a link asks it nothing.
        if matches!(state, RowState::Stale | RowState::Waiting) || action == Action::Link {
            return None;
        }
        self.refused_in_a_row = if failed && cause.contains("HTTP 403") { self.refused_in_a_row + 1 } else { 0 };
        self.last.push_back(failed);
        if self.last.len() > LOOKED_AT {
            self.last.pop_front();
        }
        if self.refused_in_a_row >= 5 {
            return Some(format!("the service refuses us again and again: {cause}"));
        }
        let failures = self.last.iter().filter(|f| **f).count();
        let too_many = (self.last.len() == LOOKED_AT && failures * 2 > LOOKED_AT) || (failures >= 10 && failures == self.last.len());
        too_many.then(|| format!("{failures} of the last {} rows failed, the last one with: {cause}", self.last.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_so_at_the_tenth_failure_the_fifth_refusal_and_when_most_of_the_last_fail() {
        use RowState::{Done, Doubt, Failed, Stale, Waiting};
        let (good, bad, link) = ((Done, Action::Update, ""), (Failed, Action::Create, "HTTP 415"), (Failed, Action::Link, ""));
        let refused = (Failed, Action::Update, "HTTP 403");
        let of = |outcomes: &[(usize, (RowState, Action, &str))]| {
            let mut breaker = Breaker::default();
            let all = outcomes.iter().flat_map(|(n, outcome)| std::iter::repeat_n(*outcome, *n));
            all.map(|(state, action, cause)| breaker.saw(state, action, cause)).position(|why| why.is_some())
        };
        assert_eq!(of(&[(9, bad)]), None);
        assert_eq!(of(&[(9, bad), (1, (Doubt, Action::Update, ""))]), Some(9));
        assert_eq!(of(&[(9, bad), (50, (Stale, Action::Update, "")), (50, (Waiting, Action::Update, "")), (50, link)]), None);
        assert_eq!(of(&[(4, refused), (1, good), (4, refused)]), None);
        assert_eq!(of(&[(5, refused)]), Some(4));
        assert_eq!(of(&[(10, good), (10, bad)]), None);
        assert_eq!(of(&[(10, good), (11, bad)]), Some(20));
    }
}
