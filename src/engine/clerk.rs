//! What a screen lets be done: the thread that reads, prepares a run, sends it, sets holds, and looks into the journal.
//!
//! One thing after the other, so that nothing is read while something is sent, and a run is followed by a reading that shows
//! what came of it. What must stay true: exactly what was shown before a run is sent, from the same snapshot; a run that was
//! interrupted is finished before another one begins.

use super::approvals::{Approvals, Named, needs_approval};
use super::approver::Ask;
use super::ends::Ends;
use super::live::{Held, Live, News, Remote, Seat, Tell, reading};
use super::location::{self, Baseline, Edits, Looker, Site};
use super::progress::Progress;
use super::proposal::{NAMED, Proposal, propose};
use super::query::Job;
use super::run::{Desk, Planned, Prepared, Runner, approved, check_fit, prepare};
use super::snapshot::Snapshot;
use super::store::Store;
use super::watch::{Ended, Going, RunRow, Running, watched};
use super::worker::Order;
use crate::apply::choose::{Permits, Selection};
use crate::apply::{Control, Report};
use crate::clock::{self, Instant};
use crate::config::{Channel, Clause, paths};
use crate::error::{Error, Kind, Result};
use crate::journal::run::{RowState, Run, RunId};
use crate::journal::{Belonging, Journal};
use crate::model::Hold;
use crate::plan::Row;
use crate::plan::file::Header;
use std::collections::VecDeque;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedReceiver;

/// Something to be done.
pub(super) enum Work {
    /// To read both ends.
    Read,
    /// To say what sending this would come to.
    Prepare(Arc<Snapshot>, Arc<Approvals>, Alone),
    /// To send what was said last, if it has this number.
    Send(u64),
    /// To finish the run that was interrupted.
    Resume,
    /// To set a hold or to take it back.
    Hold(Box<Held>),
    /// To write expressions into the configuration file, by the places of their rules.
    Save(PathBuf, Vec<(usize, String)>),
    /// To count what the parts of a location come to.
    Count(u64, Edits),
    /// To read whoever would be in scope by other clauses.
    Preview(u64, Edits),
    /// To write clauses into the configuration file, and to read by them.
    Relocate(PathBuf, Edits),
    /// To tell of earlier runs.
    History,
    /// To tell of the rows of a run.
    Rows(RunId),
    /// To say what taking a run back would come to.
    Undo(RunId),
}

/// One user is meant, and links are not.
pub(super) type Alone = bool;

/// Runs that are told of.
const RUNS: usize = 50;
/// Rows of a run that are told of, and that can be tried again.
const ROWS: usize = 5_000;

/// What may be sent next.
struct Pending {
    number: u64,
    from: From,
}

enum From {
    Screen { snapshot: Arc<Snapshot>, approvals: Arc<Approvals>, alone: Alone, now: Instant },
    Undo { header: Box<Header>, rows: Vec<Row> },
}

impl From {
    fn planned(&self) -> Planned<'_> {
        match self {
            From::Screen { snapshot, approvals, alone, now } => Planned::Chosen(snapshot.picture(), approvals, *now, !alone),
            From::Undo { header, rows } => Planned::Rows(header, rows),
        }
    }
}

impl From {
    /// Every row but links.
    fn approved(&self) -> Box<dyn Iterator<Item = Row> + '_> {
        match self {
            From::Screen { snapshot, approvals, .. } => Box::new(approved(snapshot.picture(), approvals)),
            From::Undo { rows, .. } => Box::new(rows.iter().cloned()),
        }
    }
}

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
    /// The channel's fingerprint as it is in the file.
    in_file: String,
    looker: Looker,
    /// The location is another one than what is there was read by.
    is_moved: bool,
}

impl<O, F> Clerk<O>
where
    O: Fn(Channel, Instant) -> F,
    F: Future<Output = Result<Ends>>,
{
    pub(super) fn new(
        seat: Seat<O>,
        desk: Remote,
        tell: Tell,
        approver: Sender<Ask>,
        control: Arc<Mutex<Option<Arc<Control>>>>,
        looker: Looker,
    ) -> Self {
        let in_file = seat.channel.fingerprint.clone();
        let (pending, numbered) = (None, 0);
        Clerk { in_file, seat, desk, tell, approver, control, is_there: false, pending, numbered, looker, is_moved: false }
    }

    /// Reads once, and then does what it is told.
    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<Work>) {
        self.read().await;
        self.history();
        let mut waiting = VecDeque::new();
        loop {
            let work = match waiting.pop_front() {
                Some(work) => work,
                None => match inbox.recv().await {
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
                    Ok(())
                }
                Work::Prepare(snapshot, approvals, alone) => self.prepare(&snapshot, approvals, alone),
                Work::Undo(run) => self.prepare_undo(run),
                Work::Send(number) => Box::pin(self.send(number)).await,
                Work::Resume => Box::pin(self.resume()).await,
                Work::Hold(held) => self.hold(*held).await,
                Work::Save(file, edits) => self.save(&file, &edits),
                Work::Count(number, edits) => self.count(number, &edits),
                Work::Preview(number, edits) => self.preview(number, &edits).await,
                Work::Relocate(file, edits) => Box::pin(self.relocate(&file, &edits)).await,
                Work::History => {
                    self.history();
                    Ok(())
                }
                Work::Rows(run) => self.rows(run),
            };
            if let Err(error) = told {
                (self.tell)(News::Refused(error));
            }
        }
    }

    async fn read(&mut self) {
        let Seat { channel, others, open, memory, .. } = &self.seat;
        let progress = Arc::new(Progress::default());
        let job = Job { channel, others, now: clock::now(), progress: &progress };
        self.desk.tell(Order::Reading(Some(Arc::clone(&progress))));
        let read = reading(&job, open, memory, &mut self.desk, self.is_there).await;
        self.desk.tell(Order::Reading(None));
        match read {
            Ok(()) => {
                (self.is_there, self.is_moved) = (true, false);
                self.look_why_nobody().await;
            }
            Err(error) => (self.tell)(News::Failed(error)),
        }
    }

    /// Says what a run would come to.
    fn prepare(&mut self, snapshot: &Arc<Snapshot>, approvals: Arc<Approvals>, alone: Alone) -> Result<()> {
        // Whatever a screen thinks: nobody is sent anything, and nobody is linked, by rules that are only tried out, or by verdicts
        // that an edit has left behind.
        if snapshot.drafted || snapshot.busy {
            let why = if snapshot.drafted { "the mapping is not that of the configuration" } else { "the list is still being made" };
            return Err(Error::new(Kind::Refused, format!("{why}: nothing is sent by it")).hint("wait until it is, then look again"));
        }
        if self.is_moved {
            let why = "the list goes by the source location before: nothing is sent by it";
            return Err(Error::new(Kind::Refused, why).hint("read both ends again, then look again"));
        }
        let (number, now) = (self.next(), clock::now());
        let from = From::Screen { snapshot: Arc::clone(snapshot), approvals, alone, now };
        let proposal = self.proposed(number, &from)?;
        self.pending = Some(Pending { number, from });
        (self.tell)(News::Proposed(Box::new(proposal)));
        Ok(())
    }

    fn prepare_undo(&mut self, run: RunId) -> Result<()> {
        let number = self.next();
        let channel = &self.seat.channel;
        let taken = self.seat.memory.read(|journal| super::undo::plan(journal, channel, run, clock::now()))?;
        // That their number is typed, or the whole is confirmed, is the approval.
        let rows = taken.rows.into_iter().map(|row| Row { approved: true, ..row }).collect();
        let from = From::Undo { header: Box::new(taken.header), rows };
        let mut proposal = self.proposed(number, &from)?;
        proposal.lasting.extend(taken.lasting.iter().map(|(why, users)| {
            let named = &users[..users.len().min(NAMED)];
            let more = users.len() - named.len();
            let more = if more > 0 { format!(" and {} more", crate::text::count(more)) } else { String::new() };
            format!("{why}: {}{more}", named.join(", "))
        }));
        self.pending = Some(Pending { number, from });
        (self.tell)(News::Proposed(Box::new(proposal)));
        Ok(())
    }

    fn next(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    fn proposed(&self, number: u64, from: &From) -> Result<Proposal> {
        let channel = &self.seat.channel;
        let mut planned = from.planned();
        self.seat.memory.read(|journal| {
            let service = &channel.target.base_url.value;
            let interrupted = journal.unended(service)?;
            let prepared = prepare(&mut planned, journal, channel, &Selection::default(), Permits::default())?;
            let snapshot = if let From::Screen { snapshot, .. } = from { Some(&**snapshot) } else { None };
            Ok(propose(number, from.approved(), prepared, channel, snapshot, interrupted))
        })
    }

    /// Sends what was shown, and reads both ends afterwards.
    async fn send(&mut self, number: u64) -> Result<()> {
        let pending = self.pending.take().filter(|p| p.number == number);
        let Some(pending) = pending else {
            return Err(Error::failure("what was confirmed is not what was shown last").hint("look again; nothing was sent"));
        };
        let told = self.with_runner(Some(&pending.from)).await;
        if let From::Screen { approvals, .. } = &pending.from
            && !matches!(&told, Err(error) if error.kind() == Kind::Refused)
        {
            let _ = self.approver.send(Ask::Spent(Arc::clone(approvals)));
        }
        self.after(told).await
    }

    async fn resume(&mut self) -> Result<()> {
        self.pending = None;
        let told = self.with_runner(None).await;
        self.after(told).await
    }

    /// Tells what came of a run, and reads both ends.
    async fn after(&mut self, told: Result<Report>) -> Result<()> {
        let failed = match told {
            Ok(report) => {
                let channel = self.seat.channel.name.clone();
                let again = self.seat.memory.read(|journal| not_done(journal, report.run)).unwrap_or_default();
                (self.tell)(News::Run(Box::new(Running::Ended(Ended { report, again: Arc::new(again), channel }))));
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
        failed.map_or(Ok(()), Err)
    }

    /// Takes the service, and sends what was approved, or finishes what was interrupted.
    async fn with_runner(&mut self, from: Option<&From>) -> Result<Report> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing can be sent"));
        }
        let now = clock::now();
        let author = paths::operator();
        (self.tell)(News::Run(Box::new(Running::Going(Going::default()))));
        let channel = &self.seat.channel;
        let mut ends = (self.seat.open)(channel.clone(), now).await?;
        let control = Arc::new(Control::default());
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&control));
        let pace = ends.target.pace();
        let journal = self.seat.memory.write()?;
        let mut runner = Box::pin(Runner::take(channel, &mut ends, journal, &author, now)).await?;
        let told = watched(&self.tell, &author, &control, &pace, async |desk: Desk<'_>| {
            let interrupted = runner.interrupted()?;
            let refused = |message: &str| Err(Error::new(Kind::Refused, message).hint("nothing was sent"));
            let Some(from) = from else {
                let Some(run) = interrupted else { return refused("no run is left to be finished") };
                return Box::pin(runner.resume(&run, desk)).await;
            };
            if interrupted.is_some() {
                return refused("a run before this one was interrupted: it has to be finished first");
            }
            let mut planned = from.planned();
            let (selection, permits) = (Selection::default(), Permits::default());
            let prepared: Prepared = prepare(&mut planned, runner.journal()?, channel, &selection, permits)?;
            check_fit(&prepared.header, channel, runner.ends())?;
            if let Some(fired) = prepared.fired.first() {
                return refused(&fired.message);
            }
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
        let facts = picture.source();
        let service = picture.base_url().to_owned();
        let belonging = Belonging {
            base_url: service.clone(),
            naming_context: facts.naming_context.clone(),
            id_attribute: facts.settings.id_attribute.to_string(),
        };
        let mut journal = self.seat.memory.write()?;
        let name = &self.seat.channel.name;
        let write = || -> Result<String> {
            if let Some(reason) = reason {
                journal.set_belonging(name, &belonging)?;
                let hold = Hold { reason, author: paths::operator(), since: now, until: None };
                for on in on.iter().take(1) {
                    journal.set_hold(&service, on, &hold)?;
                }
                return Ok(format!("{called} is left alone from now on: {}", hold.reason));
            }
            let mut released = false;
            for on in &on {
                released |= journal.remove_hold(&service, on)?;
            }
            Ok(if released { format!("{called} is not held any more") } else { format!("{called} was not held") })
        };
        let told = write();
        let holds = journal.holds(&service, now);
        self.seat.memory.give_back(journal);
        let (told, holds) = (told?, holds?);
        super::desk::Desk::with(&mut self.desk, move |store| store.hold(holds)).await;
        (self.tell)(News::Told(told));
        Ok(())
    }

    /// Writes expressions into the configuration file. What goes on here goes on by the mapping that was read.
    fn save(&mut self, file: &Path, edits: &[(usize, String)]) -> Result<()> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing is written"));
        }
        let channel = &self.seat.channel;
        let named = |(place, text): &(usize, String)| Some((channel.mapping.get(*place)?.field.value.clone(), text.clone()));
        let edits: Vec<(String, String)> = edits.iter().filter_map(named).collect();
        self.in_file = crate::config::edit::save(file, &channel.name, &self.in_file, &edits)?;
        (self.tell)(News::Saved);
        Ok(())
    }

    fn count(&self, number: u64, edits: &[(Clause, String)]) -> Result<()> {
        self.looker.count(number, location::with_edits(&self.seat.channel.source, edits).map_err(|wrong| Error::usage(wrong.message))?);
        Ok(())
    }

    /// Reads whoever would be in scope, to be compared with what is there by now.
    async fn preview(&self, number: u64, edits: &[(Clause, String)]) -> Result<()> {
        let config = location::with_edits(&self.seat.channel.source, edits).map_err(|wrong| Error::usage(wrong.message))?;
        let there = |store: &Store| Baseline { picture: store.picture().clone(), read_at: store.read_at().0 };
        let baseline = self.desk.look(there).await;
        self.looker.preview(number, config, baseline);
        Ok(())
    }

    /// Where nobody is in scope, it is counted what each clause comes to.
    async fn look_why_nobody(&self) {
        let is_nobody = |store: &Store| store.picture().source_state().is_complete() && store.picture().entries().is_empty();
        if self.desk.look(is_nobody).await == Some(true) {
            self.looker.count(0, self.seat.channel.source.clone());
        }
    }

    /// Writes clauses into the configuration file, and goes by what is there from then on.
    async fn relocate(&mut self, file: &Path, edits: &[(Clause, String)]) -> Result<()> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing is written"));
        }
        location::with_edits(&self.seat.channel.source, edits).map_err(|wrong| Error::usage(wrong.message))?;
        let channel = crate::config::edit::save_clauses(file, &self.seat.channel.name, &self.in_file, edits)?;
        self.in_file.clone_from(&channel.fingerprint);
        // What was shown before it is not sent any more, and nobody's verdict outlives it.
        (self.pending, self.is_there, self.is_moved) = (None, false, true);
        self.desk.tell(Order::Channel(Box::new(channel.clone())));
        self.seat.channel = channel;
        (self.tell)(News::Site(Arc::new(Site::of(&self.seat.channel))));
        (self.tell)(News::Relocated);
        self.read().await;
        Ok(())
    }

    fn history(&self) {
        let channel = &self.seat.channel.name;
        // What is wrong with the state was told by the reading.
        if let Ok(runs) = self.seat.memory.read(|journal| journal.runs(channel, RUNS)) {
            (self.tell)(News::History(Arc::new(runs)));
        }
    }

    fn rows(&self, run: RunId) -> Result<()> {
        let rows = self.seat.memory.read(|journal| {
            let page = journal.rows(run, None, 0, ROWS)?;
            page.into_iter().map(|row| RunRow::of(journal, run, &row)).collect::<Result<Vec<RunRow>>>()
        })?;
        (self.tell)(News::Rows(run, Arc::new(rows)));
        Ok(())
    }
}

/// Those for whom a run did not do what was approved.
fn not_done(journal: &Journal, run: RunId) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for state in [RowState::Failed, RowState::Stale, RowState::Left] {
        let mut from = 0;
        // Links are remembered with the next run anyway, and of the others no more than a screen can be told about.
        while found.len() < ROWS {
            let rows = journal.rows(run, Some(state), from, ROWS)?;
            let Some(last) = rows.last().map(|row| row.n) else { break };
            let again = rows.into_iter().filter(|row| needs_approval(row.action));
            found.extend(again.map(|row| Named { entry: row.entry, account: row.account }));
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

impl Live {
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
}
