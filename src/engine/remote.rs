//! The worker's store, seen from the clerk's thread, and what a reading tells it.

use super::desk::Desk;
use super::ends::{Ends, Errand};
use super::memory::Memory;
use super::query::{self, Job};
use super::store::Store;
use super::worker::Order;
use crate::error::{Error, Result};
use std::future::Future;
use std::sync::mpsc::Sender;
use tokio::sync::oneshot;

/// The store on the worker's thread.
pub(super) struct Remote(pub(super) Sender<Order>);

impl Remote {
    /// Tells the worker something.
    pub(super) fn tell(&self, order: Order) {
        let _ = self.0.send(order);
    }

    /// Looks at the store as it is once everything that was ordered before is done; nothing is published by that. Nothing where
    /// there is no store.
    pub(super) async fn look<R: Send + 'static>(&self, look: impl FnOnce(&Store) -> R + Send + 'static) -> Option<R> {
        let (answer, answered) = oneshot::channel();
        let look = move |store: &Store| {
            let _ = answer.send(look(store));
        };
        self.0.send(Order::Look(Box::new(look))).ok()?;
        answered.await.ok()
    }
}

impl Desk for Remote {
    async fn with<R: Send + 'static>(&mut self, work: impl FnOnce(&mut Store) -> R + Send + 'static) -> Option<R> {
        let (answer, answered) = oneshot::channel();
        let work = move |store: &mut Store| {
            // Nobody waits any more where the channel is being left.
            let _ = answer.send(work(store));
        };
        self.0.send(Order::Do(Box::new(work))).ok()?;
        answered.await.ok()
    }
}

/// Reads both ends into the store; a new one where what is there is about other links or ends.
pub(super) async fn reading<F>(
    job: &Job<'_>,
    errand: Errand,
    open: &impl Fn(Errand) -> F,
    memory: &Memory,
    desk: &mut Remote,
    is_there: bool,
) -> Result<()>
where
    F: Future<Output = Result<Ends>>,
{
    let mut ends = open(errand).await?;
    let left = || Error::failure("the engine has ended");
    let query::Recalled { links, holds, lessons } = memory.read(|journal| query::remembered(job, &ends, journal))?;
    let (base_url, facts, schema) = (ends.target.base_url().to_owned(), ends.source.facts().clone(), query::asked_of(&ends));
    let (now, columns) = (job.now, ends.target.columns().fields().to_vec());
    // What is there is read into once more, unless somebody changed links meanwhile, or the ends are others.
    let again = move |store: &mut Store| {
        let fits = store.picture().fields_read() == columns && store.fits(&base_url, &facts, &schema, &links);
        if fits {
            store.read_again(holds, now);
            store.heed(lessons);
        }
        fits
    };
    let fits = is_there && desk.with(again).await.ok_or_else(left)?;
    if !fits {
        let store = memory.read(|journal| query::set_up(job, &ends, journal))?;
        desk.0.send(Order::Store(Box::new(store))).map_err(|_| left())?;
    }
    query::read(job, &mut ends, desk).await.ok_or_else(left)
}
