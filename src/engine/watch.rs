//! A run while it goes on, as it is told to a screen: counters a few times a second, as long as they change.

use super::news::{News, Tell};
use super::owing::Undone;
use super::run::Desk;
use crate::apply::{Control, Counting, Finished, Group, Meter, Report};
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::journal::run::{FrozenRow, RowState, RunId};
use crate::model::Action;
use crate::plan::Row;
use crate::target::http::Pace;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two words about a run: a screen needs no more.
const TICK: Duration = Duration::from_millis(150);
/// The rate is that of the last so many ticks.
const WINDOW: usize = 40;

/// The run of a screen.
#[derive(Debug, Clone, Default)]
pub enum Running {
    /// None is under way, and none was.
    #[default]
    None,
    /// One is under way.
    Going(Going),
    /// One has ended.
    Ended(Ended),
}

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Going {
    /// Rows of it; 0 while it is being prepared.
    pub total: usize,
    /// Rows that have come to an end, by action.
    pub ended: [usize; Action::ALL.len()],
    /// Rows of each action; all 0 for one that was picked up.
    pub planned: [usize; Action::ALL.len()],
    /// Requests on their way.
    pub in_flight: usize,
    /// Rows a second, by now.
    pub rate: f64,
    /// No further row is begun until somebody says so.
    pub paused: bool,
    /// No further row is begun at all.
    pub cancelled: bool,
    /// Seconds that requests wait because the service asked for it.
    pub waiting: Option<u64>,
    /// What was not done so far, by its cause.
    pub groups: Arc<Vec<Group>>,
}

impl Going {
    /// Rows that have come to an end.
    #[must_use]
    pub fn done(&self) -> usize {
        self.ended.iter().sum()
    }

    /// Seconds that are left at this rate.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of seconds")]
    pub fn left(&self) -> Option<u64> {
        let left = self.total.saturating_sub(self.done());
        (self.rate > 0.05 && left > 0 && !self.paused).then(|| (left as f64 / self.rate).ceil() as u64)
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The report.
    pub report: Report,
    /// Those for whom nothing was done: they can be tried again.
    pub again: Undone,
    /// The run that this one takes back. What it did not do is taken back once more, not approved again.
    pub undo_of: Option<RunId>,
    /// The channel.
    pub channel: String,
}

/// A row of a run, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// What was to be sent.
    pub action: Action,
    /// Whose. Not cleaned.
    pub called: String,
    /// Where it stands.
    pub state: RowState,
    /// What changed, or why nothing did. Not cleaned.
    pub what: String,
}

impl RunRow {
    pub(super) fn of(journal: &Journal, run: RunId, frozen: &FrozenRow) -> Result<Self> {
        let row: Row = serde_json::from_str(&frozen.content)
            .map_err(|e| Error::failure(format!("row {} of run {run} in the journal is not readable: {e}", frozen.n)))?;
        let cause = if frozen.state == RowState::Done {
            None
        } else {
            journal.steps(run, frozen.n)?.into_iter().rev().find_map(|step| step.outcome.and_then(|o| o.cause))
        };
        let value = |d: &crate::identity::value::Datum| if d.is_unassigned() { "nothing".to_owned() } else { d.plain().into_owned() };
        let changes =
            || row.changes.iter().map(|c| format!("{}: {} → {}", c.field, value(&c.from), value(&c.to))).collect::<Vec<_>>().join(", ");
        let what = cause.unwrap_or_else(changes);
        Ok(RunRow { action: frozen.action, called: row.called().to_owned(), state: frozen.state, what })
    }
}

/// Sends something, and tells how far it has come while that changes.
pub(super) async fn watched<F>(tell: &Tell, author: &str, control: &Control, pace: &Pace, send: F) -> Result<Report>
where
    F: AsyncFnOnce(Desk<'_>) -> Result<Report>,
{
    let meter = Meter::default();
    let counting = Mutex::new((Counting::default(), 0usize));
    let heard = |row: &Finished| {
        let mut counting = counting.lock().unwrap_or_else(PoisonError::into_inner);
        counting.0.add(row);
        counting.1 += usize::from(row.state != RowState::Done);
    };
    let desk = Desk { author, control, meter: &meter, tell: &heard };
    let mut sending = Box::pin(send(desk));
    let mut ticks = tokio::time::interval(TICK);
    let (mut last, mut known) = (Going::default(), 0);
    let mut marks: Vec<(Instant, usize)> = Vec::new();
    loop {
        tokio::select! {
            told = &mut sending => return told,
            _ = ticks.tick() => {}
        }
        let read = |counters: &[std::sync::atomic::AtomicUsize; Action::ALL.len()]| {
            let mut all = [0; Action::ALL.len()];
            for (n, counter) in all.iter_mut().zip(counters) {
                *n = counter.load(Ordering::Relaxed);
            }
            all
        };
        let mut going = Going {
            total: meter.total.load(Ordering::Relaxed),
            ended: read(&meter.ended),
            planned: read(&meter.planned),
            in_flight: meter.in_flight.load(Ordering::Relaxed),
            rate: last.rate,
            paused: control.is_paused(),
            cancelled: control.is_cancelled(),
            waiting: pace.waiting().map(|w| w.as_secs() + u64::from(w.subsec_nanos() > 0)),
            groups: Arc::clone(&last.groups),
        };
        {
            let counting = counting.lock().unwrap_or_else(PoisonError::into_inner);
            if counting.1 != known {
                known = counting.1;
                going.groups = Arc::new(counting.0.groups());
            }
        }
        if going == last {
            continue;
        }
        let (now, done) = (Instant::now(), going.done());
        marks.push((now, done));
        if marks.len() > WINDOW {
            marks.remove(0);
        }
        if let Some((since, before)) = marks.first().filter(|(since, _)| now.duration_since(*since) > TICK) {
            let n = u32::try_from(done.saturating_sub(*before)).unwrap_or(u32::MAX);
            going.rate = f64::from(n) / now.duration_since(*since).as_secs_f64();
        }
        last = going.clone();
        tell(News::Run(Box::new(Running::Going(going))));
    }
}
