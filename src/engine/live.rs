//! The engine at work behind a screen: it reads, matches and asks on its own threads, and tells what is new.
//!
//! Three threads, each asleep unless there is something to do. The *job* opens both ends and reads them, as often as it is
//! asked to; what it reads goes to the *worker*, which owns the store and publishes snapshots; from these the *viewer* makes
//! the list that the screen asked for. None of them waits for the screen, and the screen waits for none of them.

use super::desk::Desk;
use super::ends::Ends;
use super::progress::Progress;
use super::query::{self, Job};
use super::snapshot::Snapshot;
use super::store::Store;
use super::view::{Spec, View};
use super::viewer::{self, Newest, Wish};
use super::worker::{self, Order};
use crate::clock::{self, Instant};
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::identity::AttributeName;
use crate::journal::Journal;
use crate::mapping::Rules;
use crate::model::Subject;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// What a screen hears.
pub enum News {
    /// Something is new.
    Snapshot(Arc<Snapshot>),
    /// The list that was asked for, or the same list over a newer snapshot.
    View(Arc<View>),
    /// Rules took effect, or were refused; `unread` are attributes that they name and that were not read.
    Edited {
        /// They took effect.
        accepted: bool,
        /// What has to be read before they can be believed.
        unread: Vec<AttributeName>,
    },
    /// An end can't be opened or the state can't be read; what was there stays.
    Failed(Error),
}

/// What a live channel needs.
pub struct Seat<O> {
    /// Where the work that waits for servers runs.
    pub runtime: tokio::runtime::Handle,
    /// The channel.
    pub channel: Channel,
    /// The other channels of the same configuration.
    pub others: Vec<Channel>,
    /// Opens both ends; called for each reading.
    pub open: O,
    /// What is remembered.
    pub memory: Memory,
}

/// Where what is remembered comes from.
pub enum Memory {
    /// It is nowhere else.
    Kept(Journal),
    /// Opened for each reading: somebody else may have changed it.
    Opened(Box<dyn Fn() -> Result<Journal> + Send>),
}

/// A channel that is being worked on. Dropping it ends the work.
pub struct Live {
    orders: Sender<Order>,
    wishes: Sender<Wish>,
    /// Grows with every list that is asked for: whoever makes an older one stops.
    wanted: Arc<AtomicU64>,
    readings: UnboundedSender<()>,
    _alive: oneshot::Sender<()>,
}

type Tell = Arc<dyn Fn(News) + Send + Sync>;

impl Live {
    /// Begins to read both ends. `tell` is called from the engine's threads and must not block.
    pub fn start<O, F>(seat: Seat<O>, tell: impl Fn(News) + Send + Sync + 'static) -> Self
    where
        O: Fn(Instant) -> F + Send + 'static,
        F: Future<Output = Result<Ends>> + Send,
    {
        let tell: Tell = Arc::new(tell);
        let (orders, inbox) = mpsc::channel();
        let (wishes, wish) = mpsc::channel();
        let (readings, asked) = unbounded_channel();
        let (alive, gone) = oneshot::channel();
        let wanted = Arc::new(AtomicU64::new(0));
        let heard = Arc::clone(&wanted);
        let viewed = Arc::clone(&tell);
        let newest = Arc::new(Newest::default());
        let offered = Arc::clone(&newest);
        spawn("viewer", move || viewer::run(&wish, &offered, &heard, &|view| viewed(News::View(view))));
        let (to_viewer, told) = (wishes.clone(), Arc::clone(&tell));
        let publish = move |news: News| {
            let over = if let News::Snapshot(snapshot) = &news { Some(Arc::clone(snapshot)) } else { None };
            told(news);
            if let Some(snapshot) = over {
                newest.set(snapshot);
                let _ = to_viewer.send(Wish::Over);
            }
        };
        spawn("worker", move || worker::run(&inbox, &publish));
        let desk = Remote(orders.clone());
        spawn("job", move || {
            let runtime = seat.runtime.clone();
            runtime.block_on(async move {
                tokio::select! {
                    () = readings_of(seat, desk, asked, &tell) => {}
                    _ = gone => {}
                }
            });
        });
        Live { orders, wishes, wanted, readings, _alive: alive }
    }

    /// Asks for another list.
    pub fn look(&self, spec: Spec) {
        let number = self.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let _ = self.wishes.send(Wish::For(spec, number));
    }

    /// Reads both ends again.
    pub fn refresh(&self) {
        let _ = self.readings.send(());
    }

    /// Other rules for the same fields take effect; `seen` are brought up to date first. An edit that comes before the last one
    /// is through takes its place.
    pub fn edit(&self, rules: Rules, seen: Vec<Subject>) {
        let _ = self.orders.send(Order::Edit(Box::new(rules), seen));
    }

    /// Lets the store do something, between two other things that it does.
    pub fn with(&self, work: impl FnOnce(&mut Store) + Send + 'static) {
        let _ = self.orders.send(Order::Do(Box::new(work)));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.wanted.fetch_add(1, Ordering::AcqRel);
        let _ = self.orders.send(Order::Stop);
        let _ = self.wishes.send(Wish::Stop);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    if let Err(error) = spawned {
        tracing::error!(target: "rosterm", name, %error, "a thread can't be started");
    }
}

/// The store on the worker's thread.
struct Remote(Sender<Order>);

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

/// Reads once, and then each time it is asked for.
async fn readings_of<O, F>(seat: Seat<O>, mut desk: Remote, mut asked: UnboundedReceiver<()>, tell: &Tell)
where
    O: Fn(Instant) -> F,
    F: Future<Output = Result<Ends>>,
{
    let Seat { channel, others, open, memory, .. } = seat;
    let mut is_there = false;
    loop {
        let now = clock::now();
        let progress = Arc::new(Progress::default());
        let job = Job { channel: &channel, others: &others, now, progress: &progress };
        let _ = desk.0.send(Order::Reading(Some(Arc::clone(&progress))));
        let read = reading(&job, &open, &memory, &mut desk, is_there).await;
        let _ = desk.0.send(Order::Reading(None));
        match read {
            Ok(()) => is_there = true,
            Err(error) => tell(News::Failed(error)),
        }
        if asked.recv().await.is_none() {
            return;
        }
        // Whoever asked several times meanwhile gets one reading.
        while asked.try_recv().is_ok() {}
    }
}

async fn reading<F>(job: &Job<'_>, open: &impl Fn(Instant) -> F, memory: &Memory, desk: &mut Remote, is_there: bool) -> Result<()>
where
    F: Future<Output = Result<Ends>>,
{
    let mut ends = open(job.now).await?;
    let left = || Error::failure("the engine has ended");
    let opened;
    let journal = match memory {
        Memory::Kept(journal) => journal,
        Memory::Opened(open) => {
            opened = open()?;
            &opened
        }
    };
    let query::Recalled { links, holds, lessons } = query::remembered(job, &ends, journal)?;
    let (base_url, facts, schema) = (ends.target.base_url().to_owned(), ends.source.facts().clone(), query::asked_of(&ends));
    let now = job.now;
    // What is there is read into once more, unless somebody changed links meanwhile, or the ends are others.
    let again = move |store: &mut Store| {
        let fits = store.fits(&base_url, &facts, &schema, &links);
        if fits {
            store.read_again(holds, now);
            store.heed(lessons);
        }
        fits
    };
    let fits = is_there && desk.with(again).await.ok_or_else(left)?;
    if !fits {
        let store = query::set_up(job, &ends, journal)?;
        desk.0.send(Order::Store(Box::new(store))).map_err(|_| left())?;
    }
    query::read(job, &mut ends, desk).await.ok_or_else(left)
}
