//! How far a job has come, for whoever watches: counters that any thread may read while the job writes them.

use crate::target::http::Pace;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicUsize);

impl Counter {
    /// Its value.
    #[must_use]
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets it.
    pub fn set(&self, n: usize) {
        self.0.store(n, Ordering::Relaxed);
    }
}

/// How far a job has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Both ends are open, and are being read.
    pub begun: AtomicBool,
    /// Entries read.
    pub entries: Counter,
    /// The source has ended.
    pub source_done: AtomicBool,
    /// Accounts read.
    pub accounts: Counter,
    /// Accounts that there are by the service's own word; 0 where it is not known.
    pub accounts_total: Counter,
    /// The listing has ended.
    pub target_done: AtomicBool,
    /// Look-ups answered.
    pub asked: Counter,
    /// Look-ups to be answered.
    pub to_ask: Counter,
    pace: OnceLock<Arc<Pace>>,
}

impl Progress {
    /// From here on, the pace of the target is watched too.
    pub(super) fn watch(&self, pace: Arc<Pace>) {
        // A second target in one job is another channel's, which is not read.
        let _ = self.pace.set(pace);
    }

    /// For how long requests wait by now because the service asked for it.
    #[must_use]
    pub fn told_to_wait(&self) -> Option<Duration> {
        self.pace.get()?.waiting()
    }
}
