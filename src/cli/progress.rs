//! How far a command has come, on stderr: one line on a terminal that is rewritten and leaves nothing behind; a plain line
//! now and then where stderr is a file.
//!
//! What must stay true: nothing is drawn in the first half second, at most ten times a second after it, never on stdout,
//! and the line is gone before anything else is said. An end that does not answer is named, with the time for which it has
//! not: that is what one looks at the line for.

use crate::apply::Meter;
use crate::engine::Progress;
use crate::text::{clean, count, cut};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work that is shorter needs no line.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the line is rewritten.
const EVERY: Duration = Duration::from_millis(100);
/// How often a line is added where it can't be rewritten.
const EVERY_PLAIN: Duration = Duration::from_secs(30);
/// An end that says nothing for so long is named.
const QUIET: Duration = Duration::from_secs(5);

/// What a command does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Both ends are being opened.
    Opening,
    /// Both ends are being read, matched, and asked.
    Reading,
    /// Both ends are being checked.
    Checking,
    /// A run is under way.
    Applying,
}

/// The counters at one moment, and how long they have stood still.
#[derive(Debug, Clone)]
struct State<'a> {
    doing: Doing,
    source: &'a str,
    target: &'a str,
    entries: usize,
    source_done: bool,
    /// For how long no entry has come.
    source_quiet: Duration,
    accounts: usize,
    accounts_total: usize,
    target_done: bool,
    target_quiet: Duration,
    asked: usize,
    to_ask: usize,
    asked_quiet: Duration,
    /// For how long the service has asked us to wait.
    told_to_wait: Option<Duration>,
    /// Rows of a run: sent, in all, failed, stale or in doubt.
    rows: [usize; 4],
}

/// The line for a state; `elapsed` since this began.
fn line(state: &State<'_>, elapsed: Duration) -> String {
    let line = doing(state, elapsed);
    match state.told_to_wait {
        Some(wait) => format!("{line}; {} asks us to wait {}", state.target, duration(wait + Duration::from_millis(999))),
        None => line,
    }
}

fn doing(state: &State<'_>, elapsed: Duration) -> String {
    let both = format!("{} and {}", state.source, state.target);
    match state.doing {
        Doing::Opening => waiting("opening", &both, elapsed),
        Doing::Applying => {
            let [done, total, failed, unsure] = state.rows;
            let mut line = format!(
                "sending: {} of {} rows{}",
                count(done),
                count(total),
                pace(done, done >= total, elapsed, Some(total.saturating_sub(done)))
            );
            if failed > 0 {
                let _ = write!(line, ", {} failed", count(failed));
            }
            if unsure > 0 {
                let _ = write!(line, ", {} stale or in doubt", count(unsure));
            }
            line
        }
        Doing::Checking => waiting("checking", &both, state.source_quiet.min(elapsed)),
        Doing::Reading if state.source_done && state.target_done => {
            if state.to_ask == 0 || state.asked >= state.to_ask {
                return format!("comparing {} people with {} accounts", count(state.entries), count(state.accounts));
            }
            let mut line = format!("asking: {} of {} look-ups", count(state.asked), count(state.to_ask));
            if state.asked_quiet >= QUIET {
                let _ = write!(line, ", waiting for {both} for {}", duration(state.asked_quiet));
            }
            line
        }
        Doing::Reading => {
            let (of_source, of_target) = (elapsed.saturating_sub(state.source_quiet), elapsed.saturating_sub(state.target_quiet));
            let mut line = format!("reading: {} entries{}", count(state.entries), pace(state.entries, state.source_done, of_source, None));
            let total = state.accounts_total.max(state.accounts);
            let known = state.accounts_total > 0 && !state.target_done;
            let of = if known { format!(" of {}", count(total)) } else { String::new() };
            // Who is silent has no time left that could be told.
            let left = (known && state.target_quiet < QUIET).then(|| total - state.accounts);
            let pace = pace(state.accounts, state.target_done, of_target, left);
            let _ = write!(line, ", {}{of} accounts{pace}", count(state.accounts));
            let quiet = |done: bool, quiet: Duration, name| (!done && quiet >= QUIET).then_some((name, quiet));
            let named =
                [quiet(state.source_done, state.source_quiet, state.source), quiet(state.target_done, state.target_quiet, state.target)];
            for (name, quiet) in named.into_iter().flatten() {
                let _ = write!(line, ", waiting for {name} for {}", duration(quiet));
            }
            line
        }
    }
}

fn waiting(what: &str, whom: &str, quiet: Duration) -> String {
    if quiet < QUIET { format!("{what} {whom}") } else { format!("{what} {whom}: waiting for {}", duration(quiet)) }
}

/// ` (1,450/s, about 1 min 6 s left)` for `n` that came in `elapsed`, or that it is done; nothing where nothing can be said yet.
fn pace(n: usize, done: bool, elapsed: Duration, left: Option<usize>) -> String {
    if done {
        return " (done)".to_owned();
    }
    let millis = usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX);
    if n == 0 || millis < 1000 {
        return String::new();
    }
    let rate = n.saturating_mul(1000) / millis;
    if rate == 0 {
        return String::new();
    }
    match left.map(|left| left / rate) {
        Some(seconds) if seconds > 0 => {
            format!(" ({}/s, about {} left)", count(rate), duration(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))))
        }
        _ => format!(" ({}/s)", count(rate)),
    }
}

/// A length of time as one says it: `12 s`, `1 min 6 s`, `2 h 5 min`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        // Nobody counts the seconds of an hour.
        (0, m, _) if m >= 10 => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Where the line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A terminal: rewritten.
    Terminal,
    /// A file or a pipe: a line of its own now and then.
    Plain,
}

#[derive(Debug)]
struct Shown {
    doing: Doing,
    since: Instant,
    /// A line stands on the terminal.
    line: Option<String>,
    ended: bool,
}

struct Shared {
    progress: Progress,
    meter: Arc<Meter>,
    source: String,
    target: String,
    shown: Mutex<Shown>,
}

/// Draws progress from when it is made until it is dropped.
pub(super) struct Watch {
    shared: Arc<Shared>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Watch {
    /// Starts to watch a job on these two ends. `wanted` is false for a command that shows no progress.
    pub(super) fn start(source: &str, target: &str, doing: Doing, wanted: bool) -> Self {
        let shared = Arc::new(Shared {
            progress: Progress::default(),
            meter: Arc::default(),
            source: clean(source).into_owned(),
            target: clean(target).into_owned(),
            shown: Mutex::new(Shown { doing, since: Instant::now(), line: None, ended: false }),
        });
        let dumb = crate::config::paths::variable("TERM").is_none_or(|t| t == "dumb");
        let place = if io::stderr().is_terminal() && !dumb { Place::Terminal } else { Place::Plain };
        let task = wanted.then(|| tokio::spawn(draw(Arc::clone(&shared), place)));
        Watch { shared, task }
    }

    /// The counters, for the job to fill.
    pub(super) fn progress(&self) -> &Progress {
        &self.shared.progress
    }

    /// How far a run has come, for the run to fill.
    pub(super) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.shared.meter)
    }

    /// What follows is something else.
    pub(super) fn now(&self, doing: Doing) {
        let mut shown = self.shared.shown();
        shown.doing = doing;
        shown.since = Instant::now();
    }

    /// Says something on stdout or stderr: the line makes room for it, and the silence is over.
    pub(super) fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        let mut shown = self.shared.shown();
        shown.clear();
        shown.since = Instant::now();
        say()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        let mut shown = self.shared.shown();
        shown.ended = true;
        shown.clear();
    }
}

impl Shared {
    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn clear(&mut self) {
        if self.line.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}

/// A counter and since when it has its value.
struct Still {
    value: usize,
    since: Instant,
}

impl Still {
    fn since(&mut self, value: usize, now: Instant) -> Duration {
        if value != self.value {
            *self = Still { value, since: now };
        }
        now - self.since
    }
}

async fn draw(shared: Arc<Shared>, place: Place) {
    tokio::time::sleep(PATIENCE).await;
    let every = if place == Place::Terminal { EVERY } else { EVERY_PLAIN };
    let first = if place == Place::Terminal { Duration::ZERO } else { EVERY_PLAIN.saturating_sub(PATIENCE) };
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + first, every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let begun = Instant::now();
    let mut still = [(); 3].map(|()| Still { value: 0, since: begun });
    loop {
        ticks.tick().await;
        let mut shown = shared.shown();
        if shown.ended {
            return;
        }
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(shown.since);
        let p = &shared.progress;
        // A silence is never longer than what is being done.
        let [entries, accounts, asked] = [p.entries.get(), p.accounts.get(), p.asked.get()];
        let state = State {
            doing: shown.doing,
            source: &shared.source,
            target: &shared.target,
            entries,
            source_done: p.source_done.load(Ordering::Relaxed),
            source_quiet: still[0].since(entries, now).min(elapsed),
            accounts,
            accounts_total: p.accounts_total.get(),
            target_done: p.target_done.load(Ordering::Relaxed),
            target_quiet: still[1].since(accounts, now).min(elapsed),
            asked,
            to_ask: p.to_ask.get(),
            asked_quiet: still[2].since(asked, now).min(elapsed),
            told_to_wait: p.told_to_wait(),
            rows: {
                let m = &shared.meter;
                let of = |n: &std::sync::atomic::AtomicUsize| n.load(Ordering::Relaxed);
                [m.done(), of(&m.total), of(&m.failed), of(&m.stale) + of(&m.doubt)]
            },
        };
        let text = line(&state, elapsed);
        match place {
            Place::Plain => {
                let _ = writeln!(io::stderr(), "{text}");
            }
            Place::Terminal => {
                let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
                let columns = if columns == 0 { 80 } else { columns };
                // One cell stays free: a full line would begin another one.
                let text = cut(&text, columns.saturating_sub(1)).into_owned();
                if shown.line.as_ref() != Some(&text) {
                    let _ = write!(io::stderr(), "\r\x1b[2K{text}");
                    shown.line = Some(text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn state() -> State<'static> {
        State {
            doing: Doing::Reading,
            source: "dc1",
            target: "cloud",
            entries: 12_400,
            source_done: false,
            source_quiet: S(0),
            accounts: 3_100,
            accounts_total: 99_000,
            target_done: false,
            target_quiet: S(0),
            asked: 0,
            to_ask: 0,
            asked_quiet: S(0),
            told_to_wait: None,
            rows: [0; 4],
        }
    }

    #[test]
    fn the_line_says_how_far_how_fast_how_long_and_who_is_silent() {
        let reading = state();
        let done = State { source_done: true, target_done: true, ..state() };
        for (what, elapsed, told) in [
            (reading.clone(), S(2), "reading: 12,400 entries (6,200/s), 3,100 of 99,000 accounts (1,550/s, about 1 min 1 s left)"),
            (reading.clone(), Duration::from_millis(700), "reading: 12,400 entries, 3,100 of 99,000 accounts"),
            (State { accounts_total: 0, ..state() }, S(2), "reading: 12,400 entries (6,200/s), 3,100 accounts (1,550/s)"),
            // A service that counts too low says nothing about what is left.
            (State { accounts_total: 5, ..state() }, S(2), "reading: 12,400 entries (6,200/s), 3,100 of 3,100 accounts (1,550/s)"),
            (
                State { source_done: true, accounts: 0, target_quiet: S(12), ..state() },
                S(12),
                "reading: 12,400 entries (done), 0 of 99,000 accounts, waiting for cloud for 12 s",
            ),
            (
                State { target_quiet: S(20), ..state() },
                S(22),
                "reading: 12,400 entries (563/s), 3,100 of 99,000 accounts (1,550/s), waiting for cloud for 20 s",
            ),
            (
                State { entries: 0, accounts: 0, accounts_total: 0, source_quiet: S(75), target_quiet: S(5), ..state() },
                S(75),
                "reading: 0 entries, 0 accounts, waiting for dc1 for 1 min 15 s, waiting for cloud for 5 s",
            ),
            (State { asked: 40, to_ask: 1200, ..done.clone() }, S(9), "asking: 40 of 1,200 look-ups"),
            (
                State { asked: 40, to_ask: 1200, asked_quiet: S(6), ..done.clone() },
                S(9),
                "asking: 40 of 1,200 look-ups, waiting for dc1 and cloud for 6 s",
            ),
            (done.clone(), S(9), "comparing 12,400 people with 3,100 accounts"),
            (
                State { asked: 40, to_ask: 1200, told_to_wait: Some(Duration::from_millis(29_300)), ..done.clone() },
                S(9),
                "asking: 40 of 1,200 look-ups; cloud asks us to wait 30 s",
            ),
            (State { doing: Doing::Opening, ..state() }, S(1), "opening dc1 and cloud"),
            (State { doing: Doing::Opening, ..state() }, S(12), "opening dc1 and cloud: waiting for 12 s"),
            (State { doing: Doing::Checking, source_quiet: S(60), ..state() }, S(60), "checking dc1 and cloud: waiting for 1 min"),
        ] {
            assert_eq!(line(&what, elapsed), told);
        }
    }

    #[test]
    fn a_length_of_time_is_said_in_two_words_at_most() {
        for (seconds, told) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (66, "1 min 6 s"), (754, "12 min"), (3600, "1 h"), (7510, "2 h 5 min")]
        {
            assert_eq!(duration(S(seconds)), told);
        }
    }
}
