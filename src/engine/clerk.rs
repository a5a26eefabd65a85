//! What a screen lets be done: the thread that reads, prepares a run, sends it, sets holds, and links by hand.
//!
//! One thing after the other, so that nothing is read while something is sent, and a run is followed by a reading that shows
//! what came of it. What is only looked at waits for none of it (`aside`). What must stay true: exactly what was shown before a
//! run is sent, from the same snapshot; a run that was interrupted is finished before another one begins.

mod hands;
mod pending;
mod place;

use super::approvals::{Approvals, Named, needs_approval};
use super::approver::Ask;
use super::aside::Configured;
use super::caveats::Caveats;
use super::ends::{Ends, Errand};
use super::location::{Edits, Looker};
use super::news::{News, Tell};
use super::owing::Undone;
use super::progress::Progress;
use super::query::Job;
use super::remote::{Remote, reading};
use super::run::{Desk, Prepared, Runner, check_fit, prepare};
use super::seat::Pairing;
use super::seat::{Held, Seat};
use super::snapshot::{Seen, Snapshot};
use super::watch::{Ended, Going, Running, watched};
use super::worker::Order;
use super::writing::{Withdrawn, Writing};
use crate::apply::choose::Selection;
use crate::apply::{Control, Report};
use crate::clock;
use crate::config::{Channel, Config, RuleEdit, paths};
use crate::error::{Error, Kind, Result};
use crate::identity::AttributeName;
use crate::journal::Journal;
use crate::journal::run::{RowState, Run, RunId};
use crate::model::{Action, Hold, Reason};
use crate::plan::guard::Lifted;
use pending::{From, Pending, overtaken};
use std::collections::VecDeque;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

/// Something to be done.
pub(super) enum Work {
    /// To read both ends.
    Read,
    /// The same, with these fields of accounts too.
    ReadFields(Vec<String>),
    /// The same, with these attributes of people too.
    ReadAlso(Vec<AttributeName>),
    /// To say what sending this would come to.
    Prepare(Arc<Snapshot>, Arc<Approvals>, Alone),
    /// To say it once more, with these limits lifted, of what was said last if it has this number.
    Lift(u64, Lifted),
    /// To play it on a copy of the service.
    Rehearse(u64),
    /// To send what was said last, if it has this number.
    Send(u64),
    /// To finish the run that was interrupted.
    Resume,
    /// To set a hold or to take it back.
    Hold(Box<Held>),
    /// To link two by hand, or to part them.
    Pair(Box<Pairing>),
    /// To write rules into the configuration file, or to take them out, by their fields.
    Save(PathBuf, Vec<(String, RuleEdit)>, Withdrawn),
    /// To count what the parts of a location come to.
    Count(u64, Edits),
    /// To read whoever would be in scope by other clauses.
    Preview(u64, Edits),
    /// To write clauses into the configuration file, and to read by them.
    Relocate(PathBuf, Edits, Withdrawn),
    /// To go by the configuration file as it is by now, if the channel in it has this fingerprint; what waits behind it is not written.
    Reload(PathBuf, String, Arc<Writing>),
    /// To go by the other channels of the file as they are by now; this one is as it was.
    Others(PathBuf, Vec<Channel>),
    /// To say what taking a run back would come to.
    Undo(RunId),
}

/// One user is meant, and links are not.
pub(super) type Alone = bool;

/// Runs that are told of.
const RUNS: usize = 50;
/// Rows of a run that are told of.
const ROWS: usize = 5_000;
/// Rows of a run that can be tried again: as many as a service is sent in a day, at twenty a second, before somebody looks.
const AGAIN: usize = 1_000_000;

/// Who does it.
pub(super) struct Clerk<O> {
    seat: Seat<O>,
    desk: Remote,
    tell: Tell,
    approver: Sender<Ask>,
    /// How the run that is under way can be stopped.
    control: Arc<Mutex<Option<Arc<Control>>>>,
    is_there: bool,
    pending: Option<Pending>,
    numbered: u64,
    looker: Looker,
    /// By what is looked at aside.
    configured: Configured,
    /// Attributes that are read for a mapping that is tried out.
    also: Vec<AttributeName>,
    /// Fields that are read for it.
    fields: Vec<String>,
    /// What was told of the last reading.
    caveats: Caveats,
    /// When the last reading ended.
    read_at: tokio::time::Instant,
}

impl<O, F> Clerk<O>
where
    O: Fn(Errand) -> F,
    F: Future<Output = Result<Ends>>,
{
    pub(super) fn new(
        seat: Seat<O>,
        desk: Remote,
        tell: Tell,
        approver: Sender<Ask>,
        control: Arc<Mutex<Option<Arc<Control>>>>,
        looker: Looker,
        configured: Configured,
    ) -> Self {
        Clerk {
            seat,
            desk,
            tell,
            approver,
            control,
            is_there: false,
            pending: None,
            numbered: 0,
            looker,
            configured,
            also: Vec::new(),
            fields: Vec::new(),
            caveats: Caveats::default(),
            read_at: tokio::time::Instant::now(),
        }
    }

    /// Tells of earlier runs, reads once, and then does what it is told.
    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<Work>) {
        self.history();
        self.read().await;
        self.history();
        let mut waiting = VecDeque::new();
        loop {
            let work = match waiting.pop_front() {
                Some(work) => work,
                None => match self.next_work(&mut inbox).await {
                    Some(work) => work,
                    None => return,
                },
            };
            if matches!(work, Work::Read) {
                // Whoever asked several times meanwhile gets one reading.
                while let Ok(next) = inbox.try_recv() {
                    waiting.push_back(next);
                }
                waiting.retain(|w| !matches!(w, Work::Read));
            }
            let told = match work {
                Work::Read => {
                    self.read().await;
                    // Somebody else may have sent something meanwhile.
                    self.history();
                    Ok(())
                }
                Work::ReadAlso(names) => {
                    self.also.extend(names);
                    self.read().await;
                    Ok(())
                }
                Work::ReadFields(names) => {
                    let names: Vec<String> = names.into_iter().filter(|name| !self.fields.contains(name)).collect();
                    self.fields.extend(names);
                    self.read().await;
                    Ok(())
                }
                Work::Prepare(snapshot, approvals, alone) => self.prepare(&snapshot, approvals, alone),
                Work::Undo(run) => self.prepare_undo(run).await,
                Work::Lift(number, lifted) => self.lift(number, lifted),
                Work::Rehearse(number) => Box::pin(self.rehearse(number)).await,
                Work::Send(number) => Box::pin(self.send(number)).await,
                Work::Resume => Box::pin(self.resume()).await,
                Work::Hold(held) => {
                    let (on, called, reason, seen) =
                        (held.on.clone(), held.called.clone(), held.reason.clone(), Seen(Arc::clone(&held.snapshot)));
                    match (self.hold(*held).await, reason) {
                        (Err(error), Some(reason)) => {
                            (self.tell)(News::NotHeld { on, called, reason, seen, error });
                            Ok(())
                        }
                        (told, _) => told,
                    }
                }
                Work::Pair(pairing) => self.pair(*pairing).await,
                Work::Save(.., withdrawn) | Work::Relocate(.., withdrawn) if withdrawn.load(Ordering::Acquire) => Ok(()),
                Work::Save(file, edits, _) => self.save(&file, &edits).await,
                Work::Count(number, edits) => self.count(number, &edits),
                Work::Preview(number, edits) => self.preview(number, &edits).await,
                Work::Reload(file, fingerprint, writing) => Box::pin(self.reload(&file, &fingerprint, &writing)).await,
                Work::Others(file, others) => {
                    self.take_others(&file, others).await;
                    Ok(())
                }
                Work::Relocate(file, edits, _) => Box::pin(self.relocate(&file, &edits)).await,
            };
            if let Err(error) = told {
                (self.tell)(News::Refused(error));
            }
        }
    }

    /// What is to be done next: what somebody wants, or a reading where the channel wants one every so often.
    async fn next_work(&self, inbox: &mut UnboundedReceiver<Work>) -> Option<Work> {
        let Some(refresh) = self.seat.channel.refresh else { return inbox.recv().await };
        let due = self.read_at + refresh;
        tokio::time::timeout_at(due, inbox.recv()).await.unwrap_or(Some(Work::Read))
    }

    async fn read(&mut self) {
        let Seat { channel, others, open, memory, .. } = &self.seat;
        let progress = Arc::new(Progress::default());
        let now = clock::now();
        let job = Job { channel, others, now, progress: &progress };
        let errand = Errand { channel: Arc::clone(channel), also: self.also.clone(), fields: self.fields.clone(), now };
        self.desk.tell(Order::Reading(Some(Arc::clone(&progress))));
        let read = reading(&job, errand, open, memory, &mut self.desk, self.is_there).await;
        self.desk.tell(Order::Reading(None));
        match read {
            Ok(()) => {
                // Otherwise the file was read just now.
                let file = if self.is_there { self.file_differs() } else { None };
                self.is_there = true;
                self.look_why_nobody().await;
                self.look_for_caveats(file).await;
            }
            Err(error) => (self.tell)(News::Failed(error)),
        }
        self.read_at = tokio::time::Instant::now();
    }

    /// Sends what was shown, and reads both ends afterwards.
    async fn send(&mut self, number: u64) -> Result<()> {
        let pending = self.pending.take().filter(|p| p.number == number).ok_or_else(overtaken)?;
        let begun = AtomicBool::new(false);
        let told = self.with_runner(Some(&pending), &begun).await;
        // Where an end could not even be opened, what was decided by hand is not to be decided again.
        if let From::Screen { approvals, .. } = &pending.from
            && begun.load(Ordering::Relaxed)
            && !matches!(&told, Err(error) if error.kind() == Kind::Refused)
        {
            let _ = self.approver.send(Ask::Spent(Arc::clone(approvals)));
        }
        let told = told.map_err(|error| {
            let hint = error.hint_text().unwrap_or_default().to_owned();
            if begun.load(Ordering::Relaxed) || hint.contains("nothing was sent") {
                return error;
            }
            error.hint(if hint.is_empty() { "nothing was sent".to_owned() } else { format!("nothing was sent; {hint}") })
        });
        self.after(told).await
    }

    async fn resume(&mut self) -> Result<()> {
        self.pending = None;
        let told = self.with_runner(None, &AtomicBool::new(false)).await;
        self.after(told).await
    }

    /// Tells what came of a run, and reads both ends.
    async fn after(&mut self, told: Result<Report>) -> Result<()> {
        let mut undone = None;
        let failed = match told {
            Ok(report) => {
                let (channel, run) = (self.seat.channel.name.clone(), report.run);
                let again = self.seat.memory.read(|journal| not_done(journal, run)).unwrap_or_default();
                let again = Undone::of(again, &report.groups);
                let undo_of = self.seat.memory.read(|journal| journal.run(run)).ok().flatten().and_then(|run| run.what.undo_of);
                undone = Some((run, again.clone())).filter(|_| undo_of.is_none());
                (self.tell)(News::Run(Box::new(Running::Ended(Ended { report, again, undo_of, channel }))));
                None
            }
            Err(error) => {
                (self.tell)(News::Run(Box::new(Running::None)));
                Some(error)
            }
        };
        self.history();
        if failed.as_ref().is_none_or(|e| e.kind() != Kind::Refused) {
            self.read().await;
        }
        // What is left of it is known once both ends were read.
        if let Some((run, undone)) = undone {
            let _ = self.approver.send(Ask::Undone(run, undone));
        }
        failed.map_or(Ok(()), Err)
    }

    /// Takes the service, and sends what was approved, or finishes what was interrupted. Says when that is begun.
    async fn with_runner(&mut self, pending: Option<&Pending>, begun: &AtomicBool) -> Result<Report> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing can be sent"));
        }
        let now = clock::now();
        let author = paths::operator();
        (self.tell)(News::Run(Box::new(Running::Going(Going::default()))));
        let channel = &self.seat.channel;
        let mut ends = (self.seat.open)(Errand::of(channel, now)).await?;
        let control = Arc::new(Control::default());
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&control));
        let pace = ends.target.pace();
        let journal = self.seat.memory.write()?;
        let mut runner = Box::pin(Runner::take(channel, &mut ends, journal, &author, now)).await?;
        let told = watched(&self.tell, &author, &control, &pace, async |desk: Desk<'_>| {
            let interrupted = runner.interrupted()?;
            let refused = |message: &str| Err(Error::new(Kind::Refused, message).hint("nothing was sent"));
            let Some(Pending { from, permits, .. }) = pending else {
                let Some(run) = interrupted else { return refused("no run is left to be finished") };
                return Box::pin(runner.resume(&run, desk)).await;
            };
            if interrupted.is_some() {
                return refused("a run before this one was interrupted: it has to be finished first");
            }
            let mut planned = from.planned();
            let (selection, permits) = (Selection::default(), *permits);
            let prepared: Prepared = prepare(&mut planned, runner.journal()?, channel, &selection, permits)?;
            check_fit(&prepared.header, channel, runner.ends())?;
            if let Some(fired) = prepared.fired.first() {
                return refused(&fired.message);
            }
            begun.store(true, Ordering::Relaxed);
            Box::pin(runner.send(&mut planned, &prepared, &selection, permits, desk)).await
        })
        .await;
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let journal = runner.into_journal()?;
        self.seat.memory.give_back(journal);
        told
    }

    /// Sets a hold or takes it back, and judges whoever it is about.
    async fn hold(&mut self, held: Held) -> Result<()> {
        let Held { snapshot, on, called, reason } = held;
        let (picture, now) = (snapshot.picture(), clock::now());
        let belonging = self.belongs_here(picture).await?;
        let service = belonging.base_url.clone();
        let reason = reason.as_deref().map(Hold::parted).transpose().map_err(Error::usage)?;
        if let Some((_, Some(until))) = reason
            && until <= now
        {
            return Err(Error::usage(format!("{} is not a day to come", until.rfc3339())).hint("a hold ends on a day such as 2027-01-31"));
        }
        let mut journal = self.seat.memory.write()?;
        let name = &self.seat.channel.name;
        let is = if on.len() == 1 { "is" } else { "are" };
        let mut write = || -> Result<String> {
            if let Some((reason, until)) = reason {
                journal.set_belonging(name, &belonging)?;
                let hold = Hold { reason: reason.to_owned(), author: paths::operator(), since: now, until };
                for on in on.iter().filter_map(|on| on.first()) {
                    journal.set_hold(&service, on, &hold)?;
                }
                let end = until.map(|until| format!(", until {}", until.rfc3339())).unwrap_or_default();
                return Ok(format!("{called} {is} left alone from now on{end}: {reason}"));
            }
            let mut released = false;
            for on in on.iter().flatten() {
                released |= journal.remove_hold(&service, on)?;
            }
            Ok(if released { format!("{called} {is} not held any more") } else { format!("{called}: nobody was held") })
        };
        let told = write();
        let holds = journal.holds(&service, now);
        self.seat.memory.give_back(journal);
        let (told, holds) = (told?, holds?);
        super::desk::Desk::with(&mut self.desk, move |store| store.hold(holds)).await;
        (self.tell)(News::Told(told));
        Ok(())
    }

    /// Writes rules into the configuration file, and goes on by what is in it then. What could not be gone by is not written.
    async fn save(&mut self, file: &Path, edits: &[(String, RuleEdit)]) -> Result<()> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing is written"));
        }
        let channel = &self.seat.channel;
        let check = |channel: &Channel| super::ends::compile(channel).map(drop);
        let config = crate::config::edit::save(file, &channel.name, &channel.fingerprint, edits, check)?;
        self.configured(&config).await
    }

    /// The channel is another one from now on. What was shown before can't be sent any more; whoever was read stays, if the
    /// rules can do with what was read of them.
    async fn configured(&mut self, config: &Config) -> Result<()> {
        self.pending = None;
        let channel = Arc::new(config.channel(Some(&self.seat.channel.name))?.clone());
        self.seat.others = config.others(&channel);
        self.seat.channel = Arc::clone(&channel);
        self.configured.set(&channel);
        let (answer, answered) = oneshot::channel();
        self.desk.tell(Order::Configured(channel, answer));
        (self.tell)(News::Saved);
        let fits = answered.await.unwrap_or(true);
        // Where inactive accounts are hidden, somebody who would have another name has to be looked for by it.
        let unasked = |store: &mut super::store::Store| store.picture().tally().for_reason(Reason::LookupPending) > 0;
        let asks = fits && super::desk::Desk::with(&mut self.desk, unasked).await.unwrap_or(false);
        if !fits {
            self.is_there = false;
        }
        if asks || !fits {
            self.read().await;
        }
        Ok(())
    }

    fn history(&self) {
        let channel = &self.seat.channel.name;
        // What is wrong with the state was told by the reading.
        if let Ok(runs) = self.seat.memory.read(|journal| journal.runs(channel, RUNS)) {
            (self.tell)(News::History(Arc::new(runs)));
        }
    }
}

/// Those for whom a run did not do what was approved, with their numbers in it and what that was.
fn not_done(journal: &Journal, run: RunId) -> Result<Vec<(u32, Action, Named)>> {
    let mut found = Vec::new();
    for state in [RowState::Failed, RowState::Stale, RowState::Left] {
        let mut from = 0;
        // Links are remembered with the next run anyway.
        while found.len() < AGAIN {
            let rows = journal.rows(run, Some(state), from, ROWS)?;
            let Some(last) = rows.last().map(|row| row.n) else { break };
            let again = rows.into_iter().filter(|row| needs_approval(row.action));
            found.extend(again.map(|row| (row.n, row.action, Named { entry: row.entry, account: row.account })));
            from = last + 1;
        }
    }
    Ok(found)
}

/// The runs of a history that have not ended.
#[must_use]
pub fn unended(runs: &[Run]) -> Option<&Run> {
    runs.iter().find(|run| run.ended.is_none() && run.frozen)
}
