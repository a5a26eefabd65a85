//! How fast requests may leave: one gate for all workers of a target, so that a service that asks to be left alone is left
//! alone by all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The gate. It can be watched from another task, while the target is read.
#[derive(Debug)]
pub struct Pace {
    started: Instant,
    /// Milliseconds after `started` at which requests may leave again.
    closed_until: AtomicU64,
    /// Milliseconds that the gate was closed, in all.
    closed_for: AtomicU64,
    /// The time between two requests, and when the next may leave.
    gap: Option<(Duration, Mutex<Instant>)>,
}

impl Pace {
    /// A gate with at least `gap` between two requests.
    pub(super) fn new(gap: Option<Duration>) -> Self {
        let started = Instant::now();
        let gap = gap.map(|gap| (gap, Mutex::new(started)));
        Pace { started, closed_until: AtomicU64::new(0), closed_for: AtomicU64::new(0), gap }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns when a request may leave.
    pub(super) async fn turn(&self) {
        loop {
            self.open().await;
            // Behind the gate one after the other: whoever waited for it does not leave all at once.
            if let Some((gap, next)) = &self.gap {
                let at = {
                    let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                    let at = (*next).max(Instant::now());
                    *next = at + *gap;
                    at
                };
                tokio::time::sleep_until(at).await;
            }
            if self.closed_until.load(Ordering::Relaxed) <= self.now() {
                return;
            }
        }
    }

    /// Returns when the gate is open.
    pub(super) async fn open(&self) {
        loop {
            let until = self.closed_until.load(Ordering::Relaxed);
            if until <= self.now() {
                return;
            }
            tokio::time::sleep_until(self.started + Duration::from_millis(until)).await;
        }
    }

    /// Closes the gate for so long from now on.
    pub(super) fn close_for(&self, wait: Duration) {
        let now = self.now();
        let until = now.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let before = self.closed_until.fetch_max(until, Ordering::Relaxed);
        self.closed_for.fetch_add(until.saturating_sub(before.max(now)), Ordering::Relaxed);
    }

    /// For how long no request leaves, because the service asked for it or failed; nothing while requests may leave.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        let left = self.closed_until.load(Ordering::Relaxed).saturating_sub(self.now());
        (left > 0).then(|| Duration::from_millis(left))
    }

    /// How long was waited so far, and still will be, in all.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.closed_for.load(Ordering::Relaxed))
    }
}

/// A quarter of a second, doubled for each try, and up to a half more: workers that failed together do not return together.
pub(super) fn backoff(tried: u32) -> Duration {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let base = 250u64 << tried.min(6);
    Duration::from_millis(base + RandomState::new().build_hasher().finish() % (base / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocked(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn a_closed_gate_is_told_and_opens_again() {
        clocked(async {
            let pace = Pace::new(None);
            assert_eq!((pace.waiting(), pace.waited()), (None, Duration::ZERO));
            pace.close_for(Duration::from_millis(60));
            pace.close_for(Duration::from_millis(20));
            assert!(pace.waiting().is_some_and(|left| left <= Duration::from_millis(60)));
            pace.turn().await;
            assert_eq!(pace.waiting(), None);
            assert!(
                pace.waited() >= Duration::from_millis(60) && pace.waited() <= Duration::from_millis(80),
                "told once: {:?}",
                pace.waited()
            );
        });
    }

    #[test]
    fn the_gap_holds_for_all_workers_together() {
        clocked(async {
            let pace = Pace::new(Some(Duration::from_millis(20)));
            let from = Instant::now();
            tokio::join!(pace.turn(), pace.turn(), pace.turn(), pace.turn());
            assert!(from.elapsed() >= Duration::from_millis(60), "{:?}", from.elapsed());
        });
    }
}
