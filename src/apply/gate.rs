//! How many requests are in flight: as many as the service bears, up to what the configuration allows.
//!
//! It begins with few, doubles while nothing is turned away, halves when something is, and goes up one by one from then on
//! (RFC 5681 does the same for connections). What a service asks to wait is waited in `target::http`, by all at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// As many to begin with.
const FIRST: usize = 4;

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    free: Notify,
    most: usize,
}

#[derive(Debug)]
struct State {
    limit: usize,
    inside: usize,
    /// Nothing was turned away so far.
    is_new: bool,
    /// Answers since the limit was raised.
    good: usize,
}

/// A request that is in flight.
pub(super) struct Pass<'g>(&'g Gate);

impl Gate {
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Gate { state: Mutex::new(State { limit: FIRST.min(most), inside: 0, is_new: true, good: 0 }), free: Notify::new(), most }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when there is room.
    pub async fn enter(&self) -> Pass<'_> {
        loop {
            let told = self.free.notified();
            {
                let mut state = self.state();
                if state.inside < state.limit {
                    state.inside += 1;
                    return Pass(self);
                }
            }
            told.await;
        }
    }

    /// The service answered in time.
    pub fn went_well(&self) {
        let mut state = self.state();
        state.good += 1;
        let enough = if state.is_new { 1 } else { state.limit };
        if state.good >= enough && state.limit < self.most {
            state.limit += 1;
            state.good = 0;
            drop(state);
            self.free.notify_one();
        }
    }

    /// The service turned a request away, or did not answer.
    pub fn was_too_much(&self) {
        let mut state = self.state();
        state.limit = (state.limit / 2).max(1);
        (state.is_new, state.good) = (false, 0);
    }

    /// Requests in flight, and how many there may be.
    pub fn inside(&self) -> (usize, usize) {
        let state = self.state();
        (state.inside, state.limit)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_opens_while_all_goes_well_and_closes_when_it_does_not() {
        let gate = Gate::new(10);
        let passes = [gate.enter().await, gate.enter().await, gate.enter().await, gate.enter().await];
        assert!(tokio::time::timeout(std::time::Duration::from_millis(10), gate.enter()).await.is_err());
        drop(passes);
        (0..20).for_each(|_| gate.went_well());
        assert_eq!(gate.inside(), (0, 10));
        gate.was_too_much();
        assert_eq!(gate.inside(), (0, 5));
        (0..4).for_each(|_| gate.went_well());
        assert_eq!(gate.inside().1, 5, "one more only after as many good answers");
        gate.went_well();
        assert_eq!(gate.inside().1, 6);
        (0..9).for_each(|_| gate.was_too_much());
        assert_eq!(gate.inside().1, 1);
    }
}
