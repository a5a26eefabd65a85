//! The dispatcher: reads frozen rows from the journal, keeps as many on their way as the service bears, and stops where going
//! on would make things worse.
//!
//! Rows are looked up in the directory page by page, ahead of their turn and never more than half a minute before it; then each
//! is a small task of its own. Twice as many are begun as requests may be in flight, so that the intents of some become
//! durable while the requests of others are under way. Memory does not grow with the number of rows.

use super::check::Allowed;
use super::control::{Control, Leave, Meter};
use super::gate::Gate;
use super::report::{Counting, Report};
use super::row::{Bench, Finished, Item};
use crate::clock;
use crate::config::Policy;
use crate::error::{Error, Result};
use crate::identity::population::Schema;
use crate::identity::value::key_form;
use crate::journal::Writer;
use crate::journal::run::{Ending, FrozenRow, RowState, RunId};
use crate::mapping::{Context, Rules};
use crate::model::Action;
use crate::plan::Row;
use crate::source::Source;
use crate::target::Target;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// Rows that are looked up with one question, at most.
const PAGE: usize = 200;
/// Rows that are looked up ahead, in seconds of work.
const AHEAD: f64 = 10.0;
/// So many rows are under way for each request that may be in flight: the intents of some become durable, and the outcomes of
/// others, while the requests of others again are answered. Measured: at 2 a disk that takes 3 ms halves the rate.
const AHEAD_OF_SLOTS: usize = 12;

/// Both ends, as a run needs them.
pub struct Ends<'a> {
    /// The source.
    pub source: &'a mut Source,
    /// The target.
    pub target: &'a Target,
    /// The rules.
    pub rules: &'a Rules,
    /// The attributes that are read of entries.
    pub schema: &'a Schema,
    /// What is the same for every user.
    pub cx: Context,
}

/// Which run is sent, and under which terms.
pub struct Order<'a> {
    /// The run.
    pub run: RunId,
    /// The target's base URL.
    pub service: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The policy, as it is now.
    pub policy: &'a Policy,
    /// It takes another run back.
    pub is_undo: bool,
    /// Rows of which a request was noted before the run was interrupted: the number of the next one, and whether an earlier one
    /// may have arrived in part.
    pub begun: &'a HashMap<u32, (u32, bool)>,
}

/// Sends a frozen run. `before` has what was found out about its rows when it was picked up.
///
/// # Errors
/// Where the journal can't be written: the run is as it was left, and is picked up the next time.
pub async fn execute(
    order: &Order<'_>,
    ends: Ends<'_>,
    journal: &Writer,
    before: Counting,
    control: &Control,
    meter: &Meter,
    tell: &(dyn Fn(&Finished) + Sync),
) -> Result<Report> {
    let begun = Instant::now();
    let concurrency = ends.target.concurrency();
    let bench = bench_of(order, ends, journal, Some(control));
    let habits_before = bench.target.habits();
    // A run that was picked up has made some before.
    let run = order.run;
    let made = journal.with(move |journal| journal.created_in(run)).await??;
    if let Ok(mut known) = bench.made.lock() {
        known.extend(made);
    }
    let mut dispatcher =
        Dispatcher { bench: &bench, order, queue: VecDeque::new(), next: 0, is_drained: false, counting: before, finished: 0, begun };
    let mut told = dispatcher.run(concurrency, control, meter, tell).await;
    if matches!(told, Ok((Ending::Done, _))) && !order.is_undo {
        told = dispatcher.set_references(tell).await.map(|()| (Ending::Done, None));
    }
    let habits = bench.target.habits();
    if habits != habits_before {
        let (service, text) = (order.service.to_owned(), serde_json::to_string(&habits).unwrap_or_default());
        let _ = journal.with(move |journal| journal.set_habits(&service, &text)).await;
    }
    let (ending, why) = told?;
    let (run, reason) = (order.run, why.clone());
    journal.with(move |journal| journal.end_run(run, clock::now(), ending, reason.as_deref())).await??;
    Ok(dispatcher.counting.report(order.run, ending, why, begun.elapsed().as_secs_f64()))
}

/// What every row of a run needs.
pub(super) fn bench_of<'a>(order: &Order<'a>, ends: Ends<'a>, journal: &'a Writer, control: Option<&'a Control>) -> Bench<'a> {
    let allowed = Allowed {
        create: order.policy.create,
        update: order.policy.update,
        deprovision: order.policy.deprovision,
        protected: order.policy.protect.iter().map(|name| key_form(name).into_owned()).collect(),
    };
    Bench {
        run: order.run,
        service: order.service,
        channel: order.channel,
        target: ends.target,
        source: tokio::sync::Mutex::new(ends.source),
        schema: ends.schema,
        rules: ends.rules,
        cx: ends.cx,
        journal,
        gate: Gate::new(ends.target.concurrency()),
        leave: Leave::of(control),
        allowed,
        is_undo: order.is_undo,
        made: std::sync::Mutex::default(),
    }
}

struct Dispatcher<'a, 'b> {
    bench: &'a Bench<'b>,
    order: &'a Order<'b>,
    /// Rows that were looked up and wait for their turn.
    queue: VecDeque<Item>,
    /// The number of the next row in the journal.
    next: u32,
    is_drained: bool,
    counting: Counting,
    finished: usize,
    begun: Instant,
}

impl Dispatcher<'_, '_> {
    async fn run(
        &mut self,
        concurrency: usize,
        control: &Control,
        meter: &Meter,
        tell: &(dyn Fn(&Finished) + Sync),
    ) -> Result<(Ending, Option<String>)> {
        let bench = self.bench;
        let mut running = FuturesUnordered::new();
        let mut looking = None;
        loop {
            let stop = bench.leave.stopped();
            let may_begin = stop.is_none() && !control.is_cancelled() && !control.is_paused();
            while may_begin && running.len() < AHEAD_OF_SLOTS * concurrency {
                let Some(item) = self.queue.pop_front() else { break };
                running.push(bench.take(item));
            }
            meter.in_flight.store(bench.gate.inside().0, Ordering::Relaxed);
            let wants_more = stop.is_none() && !control.is_cancelled() && !self.is_drained && self.queue.len() < self.page() / 2;
            if wants_more && looking.is_none() {
                looking = Some(Box::pin(page_of(bench, self.order, self.next, self.page())));
            }
            let is_over = running.is_empty() && (stop.is_some() || control.is_cancelled() || (self.is_drained && self.queue.is_empty()));
            if is_over {
                break;
            }
            tokio::select! {
                page = async { looking.as_mut().expect("guarded").await }, if looking.is_some() => {
                    looking = None;
                    let page = page?;
                    match page.last().map(|item| item.frozen.n) {
                        None => self.is_drained = true,
                        Some(n) => self.next = n + 1,
                    }
                    self.queue.extend(page);
                }
                Some(done) = running.next(), if !running.is_empty() => {
                    let done: Finished = done?;
                    self.finished += 1;
                    if done.state != RowState::Waiting {
                        self.counting.add(&done);
                        let counter = match done.state {
                            RowState::Failed => Some(&meter.failed),
                            RowState::Stale => Some(&meter.stale),
                            RowState::Doubt => Some(&meter.doubt),
                            _ => None,
                        };
                        if let Some(counter) = counter {
                            counter.fetch_add(1, Ordering::Relaxed);
                        }
                        if let Some(place) = Action::ALL.iter().position(|a| *a == done.action) {
                            meter.ended[place].fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    if done.state != RowState::Waiting || done.stop.is_some() {
                        tell(&done);
                    }
                }
                () = control.changed() => {}
            }
        }
        Ok(match bench.leave.stopped() {
            Some(why) => (Ending::Stopped, Some(why.to_owned())),
            None if control.is_cancelled() && !(self.is_drained && self.queue.is_empty()) => {
                (Ending::Cancelled, Some("cancelled by an operator".to_owned()))
            }
            None => (Ending::Done, None),
        })
    }

    /// Whoever was created before those whom their values name is told about them now.
    async fn set_references(&mut self, tell: &(dyn Fn(&Finished) + Sync)) -> Result<()> {
        let has_references = |r: &crate::mapping::Rule| r.field.kind == crate::model::field::FieldKind::Reference;
        let has_made = self.bench.made.lock().is_ok_and(|made| !made.is_empty());
        if !has_made || !self.bench.rules.rules().iter().any(has_references) {
            return Ok(());
        }
        let mut from = 0;
        loop {
            let run = self.order.run;
            let rows = self.bench.journal.with(move |journal| {
                let rows = journal.rows_with_open_references(run, from, PAGE)?;
                let steps: Result<Vec<usize>> = rows.iter().map(|r| journal.steps(run, r.n).map(|s| s.len())).collect();
                Ok::<_, Error>(rows.into_iter().zip(steps?).collect::<Vec<_>>())
            });
            let rows = rows.await??;
            let Some(last) = rows.last().map(|(row, _)| row.n) else { return Ok(()) };
            let tasks: FuturesUnordered<_> = rows
                .into_iter()
                .map(|(frozen, steps)| {
                    let bench = self.bench;
                    async move {
                        let row: Row = serde_json::from_str(&frozen.content)
                            .map_err(|e| Error::failure(format!("row {} of run {run} in the journal is not readable: {e}", frozen.n)))?;
                        let step = u32::try_from(steps).unwrap_or(0);
                        let item =
                            Item { frozen, row, memory: crate::journal::Remembered::default(), entry: None, lost_before: false, step };
                        bench.set_references(&item).await
                    }
                })
                .collect();
            let done: Vec<Result<Option<Finished>>> = tasks.collect().await;
            for done in done {
                if let Some(done) = done? {
                    // The row was counted when it was sent; only what went wrong is new.
                    if done.state != RowState::Done {
                        self.counting.turned(&done);
                        tell(&done);
                    }
                }
            }
            from = last + 1;
        }
    }

    /// How many rows are looked up at once: what is sent in some seconds, so that no answer grows old.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rate of rows")]
    fn page(&self) -> usize {
        let rate = self.finished as f64 / self.begun.elapsed().as_secs_f64().max(0.1);
        ((rate * AHEAD) as usize).clamp(16, PAGE)
    }
}

/// The next rows that are to be sent, looked up.
async fn page_of(bench: &Bench<'_>, order: &Order<'_>, from: u32, most: usize) -> Result<Vec<Item>> {
    let (run, service) = (order.run, order.service.to_owned());
    let rows = bench.journal.with(move |journal| -> Result<Vec<(FrozenRow, crate::journal::Remembered)>> {
        let rows = journal.rows(run, Some(RowState::Waiting), from, most)?;
        let users: Vec<(Option<&str>, Option<&str>)> = rows
            .iter()
            .map(|r| (r.entry.as_ref().map(crate::identity::EntryId::as_str), r.account.as_ref().map(crate::identity::AccountId::as_str)))
            .collect();
        let remembered = journal.remembered_of(&service, clock::now(), &users)?;
        Ok(rows.into_iter().zip(remembered).collect())
    });
    let mut items = Vec::with_capacity(most);
    for (frozen, memory) in rows.await?? {
        let row: Row = serde_json::from_str(&frozen.content)
            .map_err(|e| Error::failure(format!("row {} of run {run} in the journal is not readable: {e}", frozen.n)))?;
        let (step, lost_before) = order.begun.get(&frozen.n).copied().unwrap_or((0, false));
        items.push(Item { frozen, row, memory, entry: None, lost_before, step });
    }
    let facts = bench.facts_of(&items).await;
    for (item, facts) in items.iter_mut().zip(facts) {
        item.entry = facts;
    }
    Ok(items)
}
