//! The thread that owns the store: does what it is told, one thing after the other, and publishes what came of it.
//!
//! While rows stream in, a snapshot is published a few times a second; otherwise at once. A pass over everybody is done in
//! parts, and whoever has something more urgent comes in between; an edit that is overtaken by another is left where it is.

use super::draft::{Draft, Tried, Waiting};
use super::ends::compile_over;
use super::location::{self, Edits, Site};
use super::news::News;
use super::picture::Picture;
use super::progress::Progress;
use super::snapshot::{Facets, SideLine, Snapshot, Trial};
use super::store::{Dirty, EditError, Store};
use crate::config::{Channel, Clause, Policy};
use crate::mapping::Rules;
use crate::model::{ProblemCode, Reason, Situation, Subject};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What the worker is told.
pub(super) enum Order {
    /// The store, once both ends are known.
    Store(Box<Store>),
    /// Something for the store.
    Do(Box<dyn FnOnce(&mut Store) + Send>),
    /// To look at the store, which changes nothing.
    Look(Box<dyn FnOnce(&Store) + Send>),
    /// A reading has begun, or ended.
    Reading(Option<Arc<Progress>>),
    /// Other rules, and who is looked at.
    Edit(Box<Rules>, Vec<Subject>),
    /// There is a draft of the mapping.
    Draft,
    /// Clauses of the policy that are tried and are in no file; none for the policy as it is configured.
    Policy(Edits),
    /// The location is another one from now on; what was read goes by the one before, until it is read again.
    Channel(Arc<Channel>),
    /// The channel is configured otherwise; says whether its rules could be put into effect over what was read.
    Configured(Arc<Channel>, oneshot::Sender<bool>),
    /// The channel is left.
    Stop,
}

/// The least time between two snapshots while rows stream in: a screen needs no more.
const PAUSE: Duration = Duration::from_millis(60);

struct Worker<'p> {
    store: Option<Store>,
    progress: Option<Arc<Progress>>,
    notes: Arc<Vec<String>>,
    generation: u64,
    /// The first generation of the present store.
    era: u64,
    /// When the last snapshot was published.
    published: Instant,
    /// Something happened since.
    is_new: bool,
    /// An edit that is not through, and where to go on.
    redo: Option<(Dirty, usize)>,
    /// As it is configured.
    channel: Arc<Channel>,
    /// Disabled people of the last reading.
    disabled: Option<usize>,
    /// The draft that is in effect.
    draft: Option<Draft>,
    /// The policy that is tried, where somebody comes to something else by it.
    policy: Option<Policy>,
    /// The draft that was tried last, if it needs what was not read.
    waiting: Option<Draft>,
    /// It waits for nothing but the end of the reading.
    is_held: bool,
    publish: &'p dyn Fn(News),
}

pub(super) fn run(inbox: &Receiver<Order>, drafts: &Waiting, channel: Arc<Channel>, publish: &dyn Fn(News)) {
    let mut worker = Worker {
        store: None,
        progress: None,
        notes: Arc::default(),
        generation: 0,
        era: 1,
        published: Instant::now(),
        is_new: false,
        redo: None,
        channel,
        disabled: None,
        draft: None,
        policy: None,
        waiting: None,
        is_held: false,
        publish,
    };
    loop {
        let order = match worker.next(inbox) {
            Next::Order(order) => order,
            Next::Work => {
                worker.go_on();
                continue;
            }
            Next::Publish => {
                worker.tell();
                continue;
            }
            Next::End => return,
        };
        match order {
            Order::Stop => return,
            Order::Store(store) => {
                worker.store = Some(*store);
                // What is left of an edit was for the other one.
                worker.redo = None;
                worker.era = worker.generation + 1;
                worker.disabled = None;
                worker.is_new = true;
                worker.leave_unmanaged();
                worker.judge();
                // It came with the rules of the configuration.
                let (draft, waiting) = (worker.draft.take(), worker.waiting.take());
                if let Some(draft) = draft {
                    worker.try_out(Draft { seen: Vec::new(), ..draft }, Hold::Never);
                }
                if let Some(waiting) = waiting {
                    worker.try_out(Draft { seen: Vec::new(), ..waiting }, Hold::ForReading);
                }
            }
            Order::Configured(channel, answer) => {
                let _ = answer.send(worker.configured(channel));
            }
            Order::Do(work) => {
                if let Some(store) = &mut worker.store {
                    let before = store.is_reading();
                    work(store);
                    worker.is_new = true;
                    if store.is_reading() != before {
                        // How far a side can be believed is told at once.
                        worker.tell();
                    }
                }
            }
            Order::Look(look) => {
                // Nobody is judged by half of an edit.
                while worker.redo.is_some() {
                    worker.go_on();
                }
                if let Some(store) = &worker.store {
                    look(store);
                }
            }
            Order::Reading(progress) => {
                let ended = progress.is_none();
                worker.progress = progress;
                // That something begins or ends is told at once.
                worker.published = worker.published.checked_sub(PAUSE).unwrap_or(worker.published);
                if let Some(store) = worker.store.as_ref().filter(|_| ended) {
                    worker.notes = Arc::new(store.picture().notes());
                    let entries = store.picture().entries();
                    worker.disabled = Some(entries.rows().filter(|row| entries.is_off(*row)).count());
                }
                worker.is_new = true;
                if ended && std::mem::take(&mut worker.is_held) {
                    // What everybody is by the rules as they are configured is told before.
                    worker.tell();
                    if let Some(waiting) = worker.waiting.take() {
                        worker.try_out(waiting, Hold::Never);
                    }
                }
            }
            Order::Policy(edits) => worker.try_policy(&edits),
            Order::Channel(channel) => {
                worker.undraft();
                // What was tried is written, or was for the one before.
                (worker.channel, worker.policy) = (channel, None);
                worker.judge();
                worker.is_new = true;
            }
            Order::Edit(rules, seen) => worker.edit(*rules, &seen),
            Order::Draft => {
                // Of several only the newest is there.
                if let Some(draft) = drafts.take() {
                    worker.try_out(draft, Hold::ForReading);
                }
            }
        }
        if worker.is_new && (worker.progress.is_none() || worker.published.elapsed() >= PAUSE) {
            worker.tell();
        }
    }
}

/// Whether a draft waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It does not.
    Never,
    /// If it fills a field for the first time, for the end of the reading that is under way.
    ForReading,
}

enum Next {
    Order(Order),
    /// Nothing is more urgent than what is left of an edit.
    Work,
    /// What is new has waited long enough.
    Publish,
    End,
}

impl Worker<'_> {
    fn next(&self, inbox: &Receiver<Order>) -> Next {
        if self.redo.is_some() {
            return match inbox.try_recv() {
                Ok(order) => Next::Order(order),
                Err(TryRecvError::Empty) => Next::Work,
                Err(TryRecvError::Disconnected) => Next::End,
            };
        }
        if self.is_new {
            return match inbox.recv_timeout(PAUSE.saturating_sub(self.published.elapsed())) {
                Ok(order) => Next::Order(order),
                Err(RecvTimeoutError::Timeout) => Next::Publish,
                Err(RecvTimeoutError::Disconnected) => Next::End,
            };
        }
        inbox.recv().map_or(Next::End, Next::Order)
    }

    fn edit(&mut self, rules: Rules, seen: &[Subject]) {
        match self.replace(rules, seen) {
            Ok(()) => {
                (self.publish)(News::Edited { accepted: true, unread: Vec::new() });
                self.tell();
            }
            Err(error) => (self.publish)(News::Edited { accepted: false, unread: error.unread }),
        }
    }

    /// Other rules take effect; what is left to do for them is noted.
    fn replace(&mut self, rules: Rules, seen: &[Subject]) -> Result<(), EditError> {
        let Some(store) = &mut self.store else { return Err(EditError { unread: Vec::new() }) };
        let dirty = store.set_rules(rules)?;
        // What an overtaken edit had not come to is dirty still.
        let dirty = self.redo.take().map_or(dirty, |(left, _)| dirty.and(left));
        store.redo_first(seen);
        self.redo = (dirty != Dirty::NOTHING).then_some((dirty, 0));
        Ok(())
    }

    /// Everybody is judged by another policy, or by the configured one again; nothing is sent by it before it is written.
    fn try_policy(&mut self, edits: &[(Clause, String)]) {
        let tried = location::with_edits(&Site::of(&self.channel), edits).ok().map(|site| site.policy);
        self.policy = tried.filter(|policy| !policy.judges_like(&self.channel.policy));
        self.judge();
        self.tell();
    }

    /// Whoever is there is judged by the policy that is tried, or by the configured one.
    fn judge(&mut self) {
        if let Some(store) = &mut self.store {
            store.set_policy(self.policy.as_ref().unwrap_or(&self.channel.policy));
        }
    }

    /// Tries a draft, and says what came of it once what there is to see goes by it.
    fn try_out(&mut self, draft: Draft, hold: Hold) {
        let number = draft.number;
        (self.waiting, self.is_held) = (None, false);
        let told = self.take(&draft, hold);
        match &told {
            Tried::Works => {
                // What the configuration says by now is no draft any more.
                self.draft = draft.differs_from(&self.channel).then_some(draft);
                self.tell();
            }
            Tried::Unread(_) | Tried::Unlisted(_) => self.waiting = Some(draft),
            Tried::Wrong { .. } => {}
        }
        (self.publish)(News::Tried(number, told));
    }

    fn take(&mut self, draft: &Draft, hold: Hold) -> Tried {
        let Some(store) = &self.store else { return Tried::Works };
        let picture = store.picture();
        let rules = match draft.compile(&self.channel, picture.entries().schema().clone(), picture.fields_read()) {
            Ok(Ok(rules)) => rules,
            Ok(Err(fields)) => return Tried::Unlisted(fields),
            Err(error) => return Tried::wrong(&error),
        };
        if picture.fingerprint() != self.channel.fingerprint {
            // What was read by another configuration keeps its rules: by these nobody of them is judged before they were read by it.
            return Tried::Unlisted(Vec::new());
        }
        if hold == Hold::ForReading && self.progress.is_some() {
            // A field that is being read for it: who moves by its rule can be told once it is known what everybody is without.
            let added = draft.added_beyond(&self.channel, self.draft.as_ref());
            if !added.is_empty() {
                self.is_held = true;
                return Tried::Unlisted(added);
            }
        }
        match self.replace(rules, &draft.seen) {
            Ok(()) => Tried::Works,
            Err(EditError { unread }) if !unread.is_empty() => Tried::Unread(unread),
            Err(_) => Tried::Unlisted(Vec::new()),
        }
    }

    /// What was tried out is over, and everybody is what they were by the rules of the configuration.
    fn undraft(&mut self) {
        (self.waiting, self.is_held) = (None, false);
        let (Some(_), Some(store)) = (&self.draft, &self.store) else { return };
        if let Ok((_, rules)) = compile_over(&self.channel, store.picture().entries().schema().clone())
            && self.replace(rules, &[]).is_ok()
        {
            self.draft = None;
        }
        self.is_new = true;
    }

    /// Fields that were read beside the mapping have no rule before somebody says one.
    fn leave_unmanaged(&mut self) {
        let Some(store) = self.store.as_ref().filter(|s| s.picture().rules().rules().len() > self.channel.mapping.len()) else { return };
        if let Ok((_, rules)) = compile_over(&self.channel, store.picture().entries().schema().clone()) {
            let _ = self.replace(rules, &[]);
        }
    }

    /// The channel has other rules. Gives whether they are in effect: where they can't be, everything has to be read for them.
    fn configured(&mut self, channel: Arc<Channel>) -> bool {
        // What was read by another location, server or policy stays what it is, whatever rules it is given: a reading by the
        // present ones may have failed.
        let is_read_by_this = self.store.as_ref().is_some_and(|store| store.picture().fingerprint() == self.channel.fingerprint);
        self.channel = channel;
        (self.draft, self.waiting) = (None, None);
        let Some(store) = &self.store else { return false };
        let rules = compile_over(&self.channel, store.picture().entries().schema().clone());
        let fits = is_read_by_this && rules.is_ok_and(|(_, rules)| self.replace(rules, &[]).is_ok());
        if let Some(store) = self.store.as_mut().filter(|_| fits) {
            store.picture_mut().set_configured(&self.channel.fingerprint);
        }
        self.tell();
        fits
    }

    /// A part of what an edit left to do.
    fn go_on(&mut self) {
        if let (Some(store), Some((dirty, from))) = (&mut self.store, self.redo.take()) {
            self.redo = store.redo(dirty, from).map(|next| (dirty, next));
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.is_new = false;
        self.published = Instant::now();
        let Some(store) = &self.store else { return };
        self.generation += 1;
        let mut snapshot = snapshot(self.generation, &self.channel, store, self.progress.as_deref(), &self.notes);
        snapshot.half = self.redo.is_some();
        snapshot.busy |= snapshot.half;
        snapshot.trial = Trial { rules: self.draft.is_some(), policy: self.policy.is_some() };
        snapshot.source.disabled = self.disabled;
        snapshot.era = self.era;
        (self.publish)(News::Snapshot(Arc::new(snapshot)));
    }
}

/// What there is to see of a store now.
fn snapshot(generation: u64, channel: &Arc<Channel>, store: &Store, progress: Option<&Progress>, notes: &Arc<Vec<String>>) -> Snapshot {
    let picture = store.picture();
    let (source_at, target_at) = store.read_at();
    let (reads_source, reads_target) = store.is_reading();
    // Opening an end is a part of reading it.
    let opens = progress.is_some_and(|p| !p.begun.load(Ordering::Relaxed));
    let (reads_source, reads_target) = (reads_source || opens, reads_target || opens);
    let total = progress.map(|p| p.accounts_total.get()).filter(|n| *n > 0);
    let asking = progress.map(|p| (p.asked.get(), p.to_ask.get())).filter(|(asked, to_ask)| asked < to_ask);
    Snapshot {
        generation,
        era: 1,
        channel: Arc::clone(channel),
        source: SideLine {
            state: picture.source_state().clone(),
            reading: reads_source,
            users: picture.entries().len(),
            total: None,
            read_at: source_at,
            disabled: None,
        },
        target: SideLine {
            state: picture.target_state().clone(),
            reading: reads_target,
            users: picture.accounts().len(),
            total,
            read_at: target_at,
            disabled: None,
        },
        facets: facets(picture),
        busy: progress.is_some(),
        half: false,
        trial: Trial::default(),
        asking,
        waiting: progress.and_then(Progress::told_to_wait),
        notes: Arc::clone(notes),
        picture: picture.clone(),
    }
}

fn facets(picture: &Picture) -> Facets {
    let tally = picture.tally();
    Facets {
        situations: Situation::ALL.map(|s| tally.of(s)),
        actions: crate::model::Action::ALL.map(|a| tally.for_action(a)),
        reasons: Reason::ALL.iter().map(|r| tally.for_reason(*r)).collect(),
        problems: ProblemCode::ALL.iter().map(|c| tally.with_problem(*c)).collect(),
        fields: (0..picture.rules().rules().len()).map(|rule| tally.with_field(rule)).collect(),
    }
}
