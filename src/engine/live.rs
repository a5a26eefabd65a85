//! The engine at work behind a screen: it reads, matches and asks on its own threads, and tells what is new.

use super::ends::Ends;
use super::picture::Picture;
use super::progress::Progress;
use super::query::{Job, look};
use super::snapshot::{Facets, SideLine, Snapshot};
use super::view::{Filter, Spec, View};
use crate::clock::{self, Instant};
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::identity::value::key_form;
use crate::journal::Journal;
use crate::model::{Action, Situation, Subject};
use std::future::Future;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

/// What a screen hears.
pub enum News {
    /// Something is new.
    Snapshot(Arc<Snapshot>),
    /// The list that was asked for, or the same list over a newer snapshot.
    View(Arc<View>),
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
    /// Opens both ends; called for the first read and for each one after an end was lost.
    pub open: O,
    /// What is remembered.
    pub journal: Journal,
}

enum Order {
    Look(Spec),
    Read(Arc<Snapshot>),
    Failed(Error),
    Refresh,
}

/// A channel that is being worked on. Dropping it ends the work.
pub struct Live {
    orders: Sender<Order>,
}

impl Live {
    /// Begins to read both ends. `tell` is called from the engine's threads and must not block.
    pub fn start<O, F>(seat: Seat<O>, tell: impl Fn(News) + Send + 'static) -> Self
    where
        O: Fn(Instant) -> F + Send + 'static,
        F: Future<Output = Result<Ends>> + Send,
    {
        let (orders, inbox) = mpsc::channel();
        let live = Live { orders: orders.clone() };
        let spawned = std::thread::Builder::new().name("worker".to_owned()).spawn(move || work(seat, &orders, &inbox, &tell));
        debug_assert!(spawned.is_ok());
        live
    }

    /// Asks for another list.
    pub fn look(&self, spec: Spec) {
        let _ = self.orders.send(Order::Look(spec));
    }

    /// Reads both ends again.
    pub fn refresh(&self) {
        let _ = self.orders.send(Order::Refresh);
    }
}

/// The worker's thread. (For now it reads to the end and tells then.)
fn work<O, F>(seat: Seat<O>, orders: &Sender<Order>, inbox: &Receiver<Order>, tell: &(impl Fn(News) + Send))
where
    O: Fn(Instant) -> F + Send + 'static,
    F: Future<Output = Result<Ends>> + Send,
{
    let Seat { runtime, channel, others, open, journal } = seat;
    let journal = Mutex::new(journal);
    let mut spec = Spec::default();
    let mut last: Option<Arc<Snapshot>> = None;
    let mut generation = 0;
    let mut read = || {
        generation += 1;
        let now = clock::now();
        let progress = Progress::default();
        let job = Job { channel: &channel, others: &others, now, progress: &progress };
        let journal = journal.lock().map_err(|_| Error::failure("the state is not usable any more"))?;
        let picture = runtime.block_on(async { look(&job, open(now).await?, &journal).await })?;
        Ok(Arc::new(snapshot(generation, Arc::new(picture), now)))
    };
    let first = match read() {
        Ok(snapshot) => Order::Read(snapshot),
        Err(error) => Order::Failed(error),
    };
    let _ = orders.send(first);
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Refresh => {
                let order = match read() {
                    Ok(snapshot) => Order::Read(snapshot),
                    Err(error) => Order::Failed(error),
                };
                let _ = orders.send(order);
                continue;
            }
            Order::Failed(error) => {
                tell(News::Failed(error));
                continue;
            }
            Order::Look(wanted) => spec = wanted,
            Order::Read(snapshot) => {
                tell(News::Snapshot(Arc::clone(&snapshot)));
                last = Some(snapshot);
            }
        }
        if let Some(snapshot) = &last {
            tell(News::View(Arc::new(view(snapshot, &spec))));
        }
    }
}

fn snapshot(generation: u64, picture: Arc<Picture>, now: Instant) -> Snapshot {
    let mut facets =
        Facets { reasons: vec![0; 64], problems: vec![0; 16], fields: vec![0; picture.rules().rules().len()], ..Facets::default() };
    for user in picture.users() {
        let place = |found: Option<usize>| found.unwrap_or(0);
        facets.situations[place(Situation::ALL.iter().position(|s| *s == user.verdict.situation))] += 1;
        facets.actions[place(Action::ALL.iter().position(|a| *a == user.verdict.action))] += 1;
        if let Some(reason) = user.verdict.reason {
            facets.reasons[place(crate::model::Reason::ALL.iter().position(|r| *r == reason))] += 1;
        }
    }
    let side =
        |state: &crate::model::SideState, users| SideLine { state: state.clone(), reading: false, users, total: None, read_at: Some(now) };
    Snapshot {
        generation,
        source: side(picture.source_state(), picture.entries().len()),
        target: side(picture.target_state(), picture.accounts().len()),
        facets,
        asking: None,
        waiting: None,
        notes: Arc::new(picture.notes()),
        picture,
    }
}

fn view(snapshot: &Snapshot, spec: &Spec) -> View {
    let words: Vec<String> = spec.search.split_whitespace().map(|w| key_form(w).into_owned()).collect();
    let Filter { situation, action, reason, only_open, .. } = spec.filter;
    let mut rows: Vec<Subject> = snapshot
        .picture
        .users()
        .iter()
        .filter(|u| situation.is_none_or(|s| u.verdict.situation == s))
        .filter(|u| action.is_none_or(|a| u.verdict.action == a))
        .filter(|u| reason.is_none_or(|r| u.verdict.reason == Some(r)))
        .filter(|u| !only_open || u.is_worth_a_row())
        .filter_map(super::picture::User::subject)
        .filter(|s| {
            words.is_empty()
                || snapshot.line(*s).is_some_and(|l| {
                    let text = key_form(&format!("{} {}", l.user_name, l.name)).into_owned();
                    words.iter().all(|w| text.contains(w.as_str()))
                })
        })
        .collect();
    rows.sort_unstable();
    View { spec: spec.clone(), generation: snapshot.generation(), rows: Arc::new(rows), complete: true }
}
