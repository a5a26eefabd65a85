//! The engine at work behind a screen: it reads, matches and asks on its own threads, and tells what is new.
//!
//! Five threads, each asleep unless there is something to do. The *clerk* opens both ends and reads them, as often as it is
//! asked to, and sends what was approved; what it reads goes to the *worker*, which owns the store and publishes snapshots;
//! from these the *viewer* makes the list that the screen asked for, and the *approver* keeps what is approved; what
//! is only looked at has threads beside them (`aside`). None of them waits for the screen, and the screen waits for none of them.

use super::approvals::Who;
use super::approver::{self, Ask};
use super::aside::{Aside, Configured};
use super::clerk::{Clerk, Work};
use super::coverage::Coverage;
use super::draft::{Draft, Waiting};
use super::ends::{Ends, Errand};
use super::location::{Edits, Looker, Site, Stop};
use super::news::{News, Tell};
use super::remote::Remote;
use super::seat::{Held, Seat};
use super::snapshot::{Seen, Snapshot};
use super::store::Store;
use super::view::Spec;
use super::viewer::{self, Newest, Wish};
use super::worker::{self, Order};
use super::writing::{Saving, Writing};
use crate::apply::Control;
use crate::clock;
use crate::config::RuleEdit;
use crate::error::Result;
use crate::identity::AttributeName;
use crate::journal::run::RunId;
use crate::mapping::Rules;
use crate::model::Subject;
use crate::plan::guard::Lifted;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// How long the clerk is waited for at the end, at most.
const PATIENCE: Duration = Duration::from_millis(500);

/// A channel that is being worked on. Dropping it ends the work.
pub struct Live {
    orders: Sender<Order>,
    drafts: Arc<Waiting>,
    wishes: Sender<Wish>,
    /// Grows with every list that is asked for: whoever makes an older one stops.
    wanted: Arc<AtomicU64>,
    works: UnboundedSender<Work>,
    asks: Sender<Ask>,
    pub(super) aside: Box<Aside>,
    /// Where the configuration file has the state, if it says so.
    pub(super) state: Option<PathBuf>,
    /// How what waits to be written can be taken back.
    writing: Arc<Writing>,
    /// Grows with every count of what the rules come to.
    pub(super) covered: Arc<AtomicU64>,
    /// Grows with every count of who moves by an edit.
    pub(super) compared: Arc<AtomicU64>,
    pub(super) control: Arc<Mutex<Option<Arc<Control>>>>,
    /// Gives up what is looked at aside.
    looking: Stop,
    alive: Option<oneshot::Sender<()>>,
    /// Hears when the clerk has left.
    left: mpsc::Receiver<()>,
}

impl Live {
    /// Begins to read both ends. `tell` is called from the engine's threads and must not block.
    pub fn start<O, F>(seat: Seat<O>, tell: impl Fn(News) + Send + Sync + 'static) -> Self
    where
        O: Fn(Errand) -> F + Send + 'static,
        F: Future<Output = Result<Ends>> + Send,
    {
        let tell: Tell = Arc::new(tell);
        tell(News::Site(Arc::new(Site::of(&seat.channel))));
        let (orders, inbox) = mpsc::channel();
        let (wishes, wish) = mpsc::channel();
        let (works, told_works) = unbounded_channel();
        let (asks, asked) = mpsc::channel();
        let control: Arc<Mutex<Option<Arc<Control>>>> = Arc::default();
        let (alive, gone) = oneshot::channel();
        let wanted = Arc::new(AtomicU64::new(0));
        let heard = Arc::clone(&wanted);
        let viewed = Arc::clone(&tell);
        let newest = Arc::new(Newest::default());
        let offered = Arc::clone(&newest);
        spawn("viewer", move || viewer::run(&wish, &offered, &heard, &|view| viewed(News::View(view))));
        let (judged, answered, to_clerk) = (Arc::new(Newest::default()), Arc::clone(&tell), works.clone());
        let held = Arc::clone(&judged);
        spawn("approver", move || {
            approver::run(&asked, &held, &answered, &|snapshot, approvals, only| {
                let _ = to_clerk.send(Work::Prepare(snapshot, approvals, only.is_some()));
            });
        });
        let (to_viewer, to_approver, told) = (wishes.clone(), asks.clone(), Arc::clone(&tell));
        let publish = move |news: News| {
            let over = if let News::Snapshot(snapshot) = &news { Some(Arc::clone(snapshot)) } else { None };
            // Whoever acts on what they are told finds it there: what is sent by an older one would be refused.
            if let Some(snapshot) = &over {
                judged.set(Arc::clone(snapshot));
            }
            told(news);
            if let Some(snapshot) = over {
                let _ = to_approver.send(Ask::Over);
                newest.set(snapshot);
                let _ = to_viewer.send(Wish::Over);
            }
        };
        let drafts: Arc<Waiting> = Arc::default();
        let (drafted, channel) = (Arc::clone(&drafts), Arc::clone(&seat.channel));
        spawn("worker", move || worker::run(&inbox, &drafted, channel, &publish));
        let (leaves, left) = mpsc::channel::<()>();
        let configured = Configured::new(&seat.channel);
        let (open_source, glance) = (Arc::clone(&seat.open_source), seat.memory.glance());
        let aside = Box::new(Aside::new(seat.runtime.clone(), Arc::clone(&tell), open_source, glance, configured.clone(), leaves.clone()));
        let (looking, state) = (Stop::default(), seat.state.clone());
        let looker = Looker {
            open: Arc::clone(&seat.open_source),
            runtime: seat.runtime.clone(),
            tell: Arc::clone(&tell),
            stop: Arc::clone(&looking),
            leaves: leaves.clone(),
        };
        let clerk = (Remote(orders.clone()), asks.clone(), Arc::clone(&control));
        spawn("clerk", move || {
            let runtime = seat.runtime.clone();
            let (desk, approver, control) = clerk;
            let clerk = Clerk::new(seat, desk, tell, approver, control, looker, configured);
            runtime.block_on(async move {
                tokio::select! {
                    () = Box::pin(clerk.work(told_works)) => {}
                    _ = gone => {}
                }
            });
            drop(leaves);
        });
        Live {
            orders,
            drafts,
            wishes,
            wanted,
            works,
            asks,
            aside,
            state,
            writing: Arc::default(),
            covered: Arc::default(),
            compared: Arc::default(),
            control,
            looking,
            alive: Some(alive),
            left,
        }
    }

    /// Asks for another list.
    pub fn look(&self, spec: Spec) {
        let number = self.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let _ = self.wishes.send(Wish::For(spec, number));
    }

    /// Reads both ends again.
    pub fn refresh(&self) {
        let _ = self.works.send(Work::Read);
    }

    /// Reads both ends again, and these attributes of people too, because a mapping that is tried out names them.
    pub fn read_also(&self, names: Vec<AttributeName>) {
        let _ = self.works.send(Work::ReadAlso(names));
    }

    /// Reads both ends again, and these fields of accounts too, because a mapping that is tried out fills them.
    pub fn read_fields(&self, names: Vec<String>) {
        let _ = self.works.send(Work::ReadFields(names));
    }

    /// Approves what these users' rows come to in the snapshot that they were seen in; a list only if it comes to what was shown.
    pub fn approve(&self, who: Who, seen: Seen) {
        let _ = self.asks.send(Ask::Approve(who, seen));
    }

    /// Takes approvals back, of these users as they were seen.
    pub fn withdraw(&self, who: Who, seen: Seen) {
        let _ = self.asks.send(Ask::Withdraw(who, Some(seen)));
    }

    /// Asks what approving these would come to.
    pub fn weigh(&self, who: Who) {
        let _ = self.asks.send(Ask::Weigh(who));
    }

    /// Asks what sending everything that is approved would come to, or what is approved of one user.
    pub fn propose(&self, only: Option<Subject>) {
        let _ = self.asks.send(Ask::Propose(only));
    }

    /// Asks what sending what was proposed last would come to with these limits lifted, if it has this number.
    pub fn lift(&self, number: u64, lifted: Lifted) {
        let _ = self.works.send(Work::Lift(number, lifted));
    }

    /// Has what was proposed last played on a copy of the service, if it has this number.
    pub fn rehearse(&self, number: u64) {
        let _ = self.works.send(Work::Rehearse(number));
    }

    /// Sends what was proposed last, if it has this number.
    pub fn send(&self, number: u64) {
        let _ = self.works.send(Work::Send(number));
    }

    /// Finishes the run that was interrupted.
    pub fn resume(&self) {
        let _ = self.works.send(Work::Resume);
    }

    /// Sets a hold, or takes it back.
    pub fn hold(&self, held: Held) {
        let _ = self.works.send(Work::Hold(Box::new(held)));
    }

    /// The way to the clerk.
    pub(super) fn works(&self) -> UnboundedSender<Work> {
        self.works.clone()
    }

    /// Lets the clerk do something.
    pub(super) fn order(&self, work: Work) {
        let _ = self.works.send(work);
    }

    /// Asks for how many people the rules of a snapshot have a value; whoever asked before gets no answer.
    pub fn cover(&self, snapshot: Arc<Snapshot>) {
        let number = self.covered.fetch_add(1, Ordering::AcqRel) + 1;
        let (latest, tell) = (Arc::clone(&self.covered), Arc::clone(&self.aside.tell));
        spawn("cover", move || {
            let is_stale = || latest.load(Ordering::Acquire) != number;
            if let Some(coverage) = Coverage::count(&snapshot, clock::now(), &is_stale) {
                tell(News::Covered(Arc::new(coverage)));
            }
        });
    }

    /// Tells the run that is under way to wait, or to go on.
    pub fn pause(&self, pause: bool) {
        if let Some(control) = &*self.control.lock().unwrap_or_else(PoisonError::into_inner) {
            if pause { control.pause() } else { control.resume() }
        }
    }

    /// Tells the run that is under way to come to its end.
    pub fn cancel(&self) {
        if let Some(control) = &*self.control.lock().unwrap_or_else(PoisonError::into_inner) {
            control.cancel();
        }
    }

    /// Asks what taking a run back would come to.
    pub fn undo(&self, run: RunId) {
        let _ = self.works.send(Work::Undo(run));
    }

    /// Other rules for the same fields take effect; `seen` are brought up to date first. An edit that comes before the last one
    /// is through takes its place.
    pub fn edit(&self, rules: Rules, seen: Vec<Subject>) {
        let _ = self.orders.send(Order::Edit(Box::new(rules), seen));
    }

    /// Has other expressions tried. They take effect if they can; a draft that comes before the last one was begun with takes
    /// its place.
    pub fn try_out(&self, draft: Draft) {
        self.drafts.set(draft);
        let _ = self.orders.send(Order::Draft);
    }

    /// Writes rules into the configuration file, or takes them out, by their fields; instead of those that wait for that.
    pub fn save(&self, file: PathBuf, edits: Vec<(String, RuleEdit)>) {
        let _ = self.works.send(Work::Save(file, edits, self.writing.begin(Saving::Mapping)));
    }

    /// Takes back what waits to be written: whatever is under way comes first.
    pub fn unsave(&self, what: Saving) {
        self.writing.withdraw(what);
    }

    /// Counts what the parts of the location with these edits come to.
    pub fn count(&self, number: u64, edits: Edits) {
        let _ = self.works.send(Work::Count(number, edits));
    }

    /// Reads whoever would be in scope by these edits; nothing else changes.
    pub fn preview(&self, number: u64, edits: Edits) {
        let _ = self.works.send(Work::Preview(number, edits));
    }

    /// Has everybody judged by these clauses of the policy, which are in no file; by the configured ones where there are none.
    pub fn try_policy(&self, edits: Edits) {
        let _ = self.orders.send(Order::Policy(edits));
    }

    /// Gives up what is counted, or read to be looked at.
    pub fn stop_looking(&self) {
        drop(self.looking.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Writes clauses into the configuration file, and reads both ends by them; instead of those that wait for that.
    pub fn relocate(&self, file: PathBuf, edits: Edits) {
        let _ = self.works.send(Work::Relocate(file, edits, self.writing.begin(Saving::Source)));
    }

    /// Goes by the configuration file from now on, if the channel in it has this fingerprint, and reads both ends by it. Whatever
    /// waits to be written by then was an edit of what it said before.
    pub fn reload(&self, file: PathBuf, fingerprint: String) {
        self.writing.withdraw_all();
        let _ = self.works.send(Work::Reload(file, fingerprint, Arc::clone(&self.writing)));
    }

    /// Lets the store do something, between two other things that it does.
    pub fn with(&self, work: impl FnOnce(&mut Store) + Send + 'static) {
        let _ = self.orders.send(Order::Do(Box::new(work)));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.wanted.fetch_add(1, Ordering::AcqRel);
        self.covered.fetch_add(1, Ordering::AcqRel);
        self.compared.fetch_add(1, Ordering::AcqRel);
        let _ = self.orders.send(Order::Stop);
        let _ = self.wishes.send(Wish::Stop);
        let _ = self.asks.send(Ask::Stop);
        // The clerk works on the runtime: it should have left before that is shut down.
        self.alive = None;
        self.stop_looking();
        self.aside.end();
        let _ = self.left.recv_timeout(PATIENCE);
    }
}

pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    if let Err(error) = spawned {
        tracing::error!(target: "rosterm", name, %error, "a thread can't be started");
    }
}
