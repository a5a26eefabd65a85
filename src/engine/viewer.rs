//! The thread that makes lists: of a snapshot, whoever the filter and the search let pass, in the order that was asked for.
//!
//! It works on snapshots, so nobody waits for it but who asked. A newer wish ends the work on an older one. A newer snapshot
//! with the same wish is taken up with a pause that grows with what a list costs: while rows stream in, lists take a
//! small part of one core however many people there are.

mod order;
mod search;
mod terms;

use super::picture::Picture;
use super::picture::cell::{Bond, Cell, field_bit, problem_bit};
use super::picture::is_open;
use super::snapshot::Snapshot;
use super::view::{Filter, SortBy, Spec, View};
use crate::identity::population::RowIx;
use crate::model::Subject;
use rayon::prelude::*;
use search::Book;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use terms::Terms;

/// Where the newest snapshot lies until the viewer comes for it. It never waits in a queue: whoever holds one keeps alive
/// whatever has changed since.
#[derive(Default)]
pub(super) struct Newest(Mutex<Option<Arc<Snapshot>>>);

impl Newest {
    pub(super) fn set(&self, snapshot: Arc<Snapshot>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    pub(super) fn take(&self) -> Option<Arc<Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What the viewer is told.
pub(super) enum Wish {
    /// There is a newer snapshot.
    Over,
    /// Another list is wanted; the number grows.
    For(Spec, u64),
    /// The channel is left.
    Stop,
}

/// How many times what a list took is waited before the same list is made over a newer snapshot.
const REST: u32 = 5;
/// The list of an edit that is not through takes what the edit needs, and is another one when it is: it is made only where it takes
/// so long after the last one.
const HALF: Duration = Duration::from_millis(300);
/// So many rows are shown before the rest is found.
const FIRST: usize = 300;
/// When a search has taken so long, its first rows are shown.
const SOON: Duration = Duration::from_millis(6);

/// Ends the work on a list that nobody wants any more.
struct Wanted<'w> {
    number: u64,
    latest: &'w AtomicU64,
}

impl Wanted<'_> {
    fn is_stale(&self) -> bool {
        self.latest.load(Ordering::Acquire) != self.number
    }
}

pub(super) fn run(inbox: &Receiver<Wish>, newest: &Newest, latest: &AtomicU64, tell: &dyn Fn(Arc<View>)) {
    let mut book = Book::default();
    let mut over: Option<Arc<Snapshot>> = None;
    let (mut spec, mut number) = (Spec::default(), 0);
    // Whether a list is wanted at once, or only because there is a newer snapshot; and until when that may wait.
    let (mut wished, mut newer, mut rest_until) = (true, false, Instant::now());
    let mut listed = Instant::now();
    loop {
        let waits = newer && !wished;
        let heard = if waits {
            let is_half = over.as_ref().is_some_and(|over| over.half);
            let until = if is_half { rest_until.max(listed + HALF) } else { rest_until };
            inbox.recv_timeout(until.saturating_duration_since(Instant::now()))
        } else if wished && over.is_some() {
            inbox.try_recv().map_err(|_| RecvTimeoutError::Timeout)
        } else {
            inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match heard {
            Ok(Wish::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Wish::Over) => {
                if let Some(snapshot) = newest.take() {
                    let was_half = over.as_ref().is_some_and(|over| over.half);
                    if was_half && !snapshot.half {
                        // An edit is through: that is waited for.
                        rest_until = Instant::now();
                    }
                    over = Some(snapshot);
                    newer = true;
                }
                continue;
            }
            Ok(Wish::For(wish, n)) => {
                (spec, number, wished) = (wish, n, true);
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let Some(snapshot) = &over else { continue };
        let begun = Instant::now();
        (wished, newer) = (false, false);
        let wanted = Wanted { number, latest };
        if let Some(view) = make(snapshot, &spec, &mut book, &wanted, tell) {
            tell(Arc::new(view));
        }
        // What people can be found by is made ready before anybody searches.
        book.catch_up(snapshot, &|| wanted.is_stale());
        listed = Instant::now();
        rest_until = listed + begun.elapsed() * REST;
    }
}

/// The list of a snapshot; nothing if nobody wants it any more. The first rows of a long search are told before.
fn make(snapshot: &Arc<Snapshot>, spec: &Spec, book: &mut Book, wanted: &Wanted<'_>, tell: &dyn Fn(Arc<View>)) -> Option<View> {
    let picture = &snapshot.picture;
    let terms = Terms::of(&spec.search, picture);
    let wrong = terms.wrong.clone();
    let view = |rows: Vec<Subject>, complete| View {
        spec: spec.clone(),
        generation: snapshot.generation(),
        rows: Arc::new(rows),
        complete,
        wrong: wrong.clone(),
    };
    let words = &terms.words;
    let fits = |subject: Subject| passes(picture, &spec.filter, subject) && terms.fit(picture, subject);
    let mut rows = if words.is_empty() && terms.is_empty() {
        pass(picture, &|subject| passes(picture, &spec.filter, subject))
    } else if words.is_empty() {
        pass(picture, &|subject| !wanted.is_stale() && fits(subject))
    } else {
        book.catch_up(snapshot, &|| wanted.is_stale());
        let begun = Instant::now();
        let mut told = spec.sort != SortBy::Arrival || spec.descending;
        let mut told = |rows: &[Subject]| {
            if !told && rows.len() >= FIRST && begun.elapsed() > SOON {
                tell(Arc::new(view(rows[..rows.len().min(10 * FIRST)].to_vec(), false)));
                told = true;
            }
            !wanted.is_stale()
        };
        // Whoever is in the book has a row, unless somebody has left.
        if spec.filter.is_open() && terms.is_empty() && picture.entries().len() == picture.entries().slots() {
            book.find(words, &|_| true, &mut told)?
        } else {
            book.find(words, &fits, &mut told)?
        }
    };
    if wanted.is_stale() {
        return None;
    }
    rows = order::sorted(picture, rows, spec.sort, &|| wanted.is_stale())?;
    if spec.descending {
        rows.reverse();
    }
    Some(view(rows, true))
}

/// True if a filter lets somebody pass.
fn passes(picture: &Picture, filter: &Filter, subject: Subject) -> bool {
    match (subject.entry(), subject.account()) {
        (Some(row), _) => {
            let cell = picture.people.at(row.index());
            cell.bond != Bond::Absent && lets(filter, &cell, || picture.masks.at(row.index()))
        }
        (None, Some(row)) => {
            let cell = picture.others.at(row.index());
            cell.is_own_row() && lets(filter, &cell, || 0)
        }
        (None, None) => false,
    }
}

fn lets(filter: &Filter, cell: &Cell, mask: impl Fn() -> u64) -> bool {
    let verdict = &cell.verdict;
    filter.situation.is_none_or(|s| s == verdict.situation)
        && filter.action.is_none_or(|a| a == verdict.action)
        && filter.reason.is_none_or(|r| verdict.reason == Some(r))
        && filter.problem.is_none_or(|p| cell.problems & problem_bit(p) != 0)
        && filter.field.is_none_or(|f| cell.account().is_some() && mask() & field_bit(f) != 0)
        && (!filter.only_open || is_open(verdict))
}

/// Rows of a step.
const STEP: usize = 64 * 1024;

/// Everybody who may be kept, in the order in which they were read.
fn pass(picture: &Picture, keep: &(impl Fn(Subject) -> bool + Sync)) -> Vec<Subject> {
    let steps = |n: usize| (0..n).step_by(STEP).map(move |from| from..n.min(from + STEP)).collect::<Vec<_>>();
    let of = |range: std::ops::Range<usize>, subject: fn(RowIx) -> Subject| {
        let rows = range.filter_map(|row| u32::try_from(row).ok()).map(|row| subject(RowIx(row)));
        rows.filter(|s| keep(*s)).collect::<Vec<Subject>>()
    };
    let people: Vec<Vec<Subject>> = steps(picture.people.len()).into_par_iter().map(|r| of(r, Subject::of_entry)).collect();
    let others: Vec<Vec<Subject>> = steps(picture.others.len()).into_par_iter().map(|r| of(r, Subject::of_account)).collect();
    let mut rows = Vec::with_capacity(people.iter().chain(&others).map(Vec::len).sum());
    for part in people.into_iter().chain(others) {
        rows.extend(part);
    }
    rows
}
