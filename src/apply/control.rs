//! What somebody who watches a run can see, and what they can do about it.

use super::breaker::Breaker;
use super::gate::{Gate, Pass};
use crate::journal::run::RowState;
use crate::model::Action;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;

/// Pause, go on, cancel.
#[derive(Debug, Default)]
pub struct Control {
    paused: AtomicBool,
    cancelled: AtomicBool,
    changed: Notify,
}

impl Control {
    /// No further row is begun until it is told to go on.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Release);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::Release);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// No further row is begun at all; those that are on their way come to their end.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// True while it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire) && !self.is_cancelled()
    }

    /// True once it is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Whoever waits looks again.
    pub(super) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// Returns when something else may be true.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// Leave to send: given while nobody has cancelled and nothing has stopped the run; waited for while it is paused.
#[derive(Default)]
pub(super) struct Leave<'a> {
    /// Whoever watches; nobody where an interrupted run is looked into.
    control: Option<&'a Control>,
    /// Why going on would make things worse.
    stopped: OnceLock<String>,
    breaker: Mutex<Breaker>,
}

impl<'a> Leave<'a> {
    /// Given for as long as whoever watches wants it.
    pub fn of(control: Option<&'a Control>) -> Self {
        Leave { control, ..Leave::default() }
    }

    /// What a row came to is known: nothing more leaves where it was one failure too many, or where nothing can be sent at all.
    /// Heard as soon as the service has answered. Until the outcome lies on the disk, others would leave for the same refusal.
    pub fn hear(&self, state: RowState, action: Action, cause: Option<&str>, stop: Option<&str>) {
        let broken = || self.breaker.lock().unwrap_or_else(PoisonError::into_inner).saw(state, action, cause.unwrap_or_default());
        if let Some(why) = stop.map(str::to_owned).or_else(broken) {
            let _ = self.stopped.set(why);
            if let Some(control) = self.control {
                control.wake();
            }
        }
    }

    /// Why nothing more leaves, if nothing does.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// Waits until the run goes on and there is room; nothing if nothing more leaves. Whoever waits for the one does not hold the
    /// other: what holds a pass is on its way.
    pub async fn pass<'g>(&self, gate: &'g Gate) -> Option<Pass<'g>> {
        loop {
            if !self.given().await {
                return None;
            }
            let pass = gate.enter().await;
            if self.stopped().is_none() && self.control.is_none_or(|c| !c.is_cancelled() && !c.is_paused()) {
                return Some(pass);
            }
        }
    }

    /// Waits while the run is paused; true if a request may leave.
    pub async fn given(&self) -> bool {
        loop {
            if self.stopped().is_some() {
                return false;
            }
            let Some(control) = self.control else { return true };
            let changed = control.changed.notified();
            if control.is_cancelled() {
                return false;
            }
            if !control.is_paused() {
                return true;
            }
            changed.await;
        }
    }
}

/// How far a run has come: counters that any thread may read.
#[derive(Debug, Default)]
pub struct Meter {
    /// Rows of the run.
    pub total: AtomicUsize,
    /// Rows that have come to an end, by action (in the order of `Action::ALL`).
    pub ended: [AtomicUsize; 7],
    /// Rows of each action.
    pub planned: [AtomicUsize; 7],
    /// Rows that failed.
    pub failed: AtomicUsize,
    /// Rows that were stale.
    pub stale: AtomicUsize,
    /// Rows in doubt.
    pub doubt: AtomicUsize,
    /// Requests in flight.
    pub in_flight: AtomicUsize,
}

impl Meter {
    /// Rows that have come to an end.
    #[must_use]
    pub fn done(&self) -> usize {
        self.ended.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn whoever_waits_for_a_paused_run_to_go_on_is_not_on_their_way() {
        let (control, gate) = (Control::default(), Gate::new(1));
        let leave = Leave::of(Some(&control));
        let first = leave.pass(&gate).await;
        assert!(first.is_some());
        let mut waits = Box::pin(leave.pass(&gate));
        assert!(waits.as_mut().now_or_never().is_none(), "there is no room");
        control.pause();
        drop(first);
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(gate.inside().0, 0, "there is room, and nobody is there");
        control.resume();
        assert!(waits.as_mut().now_or_never().is_some_and(|pass| pass.is_some()));
        control.pause();
        let mut waits = Box::pin(leave.pass(&gate));
        assert!(waits.as_mut().now_or_never().is_none());
        control.cancel();
        assert!(waits.as_mut().now_or_never().is_some_and(|pass| pass.is_none()));
    }
}
