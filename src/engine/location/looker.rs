//! One look at a directory aside of everything else: on a thread of its own, given up as soon as another one is wanted.

use super::judged::judge;
use super::preview::{self, Baseline};
use super::{Counts, OpenSource, Previewed, count};
use crate::clock;
use crate::config::{Policy, SourceConfig};
use crate::engine::news::{News, Tell};
use std::future::Future;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Dropping it gives the look that is under way up.
pub(in crate::engine) type Stop = Arc<Mutex<Option<oneshot::Sender<()>>>>;

/// Looks, one at a time.
pub(in crate::engine) struct Looker {
    pub open: OpenSource,
    pub runtime: Handle,
    pub tell: Tell,
    pub stop: Stop,
    /// Whoever ends waits until nobody holds this any more.
    pub leaves: mpsc::Sender<()>,
}

impl Looker {
    /// Counts what the parts of a location come to.
    pub fn count(&self, number: u64, config: SourceConfig) {
        let (open, tell) = (Arc::clone(&self.open), Arc::clone(&self.tell));
        self.begin("count", move || async move {
            let told = |counts: &Counts| tell(News::Counted(number, Ok(counts.clone())));
            match open(config.clone(), clock::now()).await {
                Ok(mut source) => drop(count(&mut source, &config, told).await),
                Err(error) => tell(News::Counted(number, Err(error))),
            }
        });
    }

    /// Reads everybody in scope by a location, and compares; judges them by another policy, if there is one.
    pub fn preview(&self, number: u64, config: SourceConfig, policy: Option<Policy>, baseline: Option<Baseline>) {
        let (open, tell) = (Arc::clone(&self.open), Arc::clone(&self.tell));
        self.begin("preview", move || async move {
            let told = match open(config.clone(), clock::now()).await {
                Ok(mut source) => preview::read(&mut source, &config, policy.as_ref(), baseline).await,
                Err(error) => Previewed::Failed(error),
            };
            tell(News::Previewed(number, told));
        });
    }

    /// Judges those who were read last by another policy.
    pub fn judge(&self, number: u64, policy: Policy, baseline: Option<Baseline>) {
        let tell = Arc::clone(&self.tell);
        self.begin("judge", move || async move {
            let told = Previewed::Judged(Arc::new(judge(baseline.as_ref(), &policy)));
            tell(News::Previewed(number, told));
        });
    }

    /// Gives the look that is under way up, and begins another one.
    fn begin<F: Future<Output = ()>>(&self, name: &str, work: impl FnOnce() -> F + Send + 'static) {
        begin(name, &self.runtime, &self.stop, self.leaves.clone(), work);
    }
}

/// Begins something on a thread of its own, in place of what this would stop, which is given up.
pub(in crate::engine) fn begin<F: Future<Output = ()>>(
    name: &str,
    runtime: &Handle,
    stop: &Stop,
    leaves: mpsc::Sender<()>,
    work: impl FnOnce() -> F + Send + 'static,
) {
    let (alive, gone) = oneshot::channel();
    *stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(alive);
    let runtime = runtime.clone();
    crate::engine::live::spawn(name, move || {
        runtime.block_on(async move {
            tokio::select! {
                () = work() => {}
                _ = gone => {}
            }
        });
        drop(leaves);
    });
}
