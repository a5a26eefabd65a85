//! The one thread that writes: it takes whatever waits, makes it durable together, and says so to everybody who waited.
//!
//! A disk takes a few thousand durable points a second, however much each holds. So while one group is being written the
//! next one gathers; a group grows by itself with the time that the disk takes, and nobody waits longer than for two of them.

use super::{Journal, Note};
use crate::error::{Error, Result};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// So many orders are written together at most.
const MOST: usize = 512;
/// So long it is waited for more of them: each group costs a fixed price, whatever is in it. It is short beside any request.
const GATHER: Duration = Duration::from_micros(300);

enum Order {
    Note(Vec<Note>, oneshot::Sender<Result<()>>),
    With(Box<dyn FnOnce(&mut Journal) + Send>),
}

/// A journal on a thread of its own.
pub struct Writer {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<Journal>>,
}

fn gone() -> Error {
    Error::failure("the journal's thread has ended")
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub fn start(journal: Journal, service: &str, channel: &str) -> Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let (service, channel) = (service.to_owned(), channel.to_owned());
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || run(journal, &inbox, &service, &channel))
            .map_err(|e| Error::failure(format!("a thread for the journal can't be started: {e}")))?;
        Ok(Writer { orders: Some(orders), thread: Some(thread) })
    }

    fn send(&self, order: Order) -> Result<()> {
        self.orders.as_ref().ok_or_else(gone)?.send(order).map_err(|_| gone())
    }

    /// Writes these, and returns when they are durable.
    ///
    /// # Errors
    /// Where they could not be written: then nothing of them was.
    pub async fn note(&self, notes: Vec<Note>) -> Result<()> {
        let (tell, told) = oneshot::channel();
        self.send(Order::Note(notes, tell))?;
        told.await.map_err(|_| gone())?
    }

    /// Lets the journal do something else, after everything that was ordered before.
    ///
    /// # Errors
    /// Where the thread has ended.
    pub async fn with<R: Send + 'static>(&self, work: impl FnOnce(&mut Journal) -> R + Send + 'static) -> Result<R> {
        let (tell, told) = oneshot::channel();
        let work = move |journal: &mut Journal| {
            let _ = tell.send(work(journal));
        };
        self.send(Order::With(Box::new(work)))?;
        told.await.map_err(|_| gone())
    }

    /// Ends the thread, and gives the journal back.
    ///
    /// # Errors
    /// Where the thread has panicked.
    pub fn finish(mut self) -> Result<Journal> {
        self.orders = None;
        self.thread.take().ok_or_else(gone)?.join().map_err(|_| gone())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What was ordered is written before the thread ends.
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut journal: Journal, inbox: &Receiver<Order>, service: &str, channel: &str) -> Journal {
    let mut held = None;
    while let Some(first) = held.take().or_else(|| inbox.recv().ok()) {
        let (mut notes, mut waiting) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        let begun = Instant::now();
        while let Some(order) = next {
            match order {
                Order::Note(more, tell) => {
                    notes.extend(more);
                    waiting.push(tell);
                }
                Order::With(work) if waiting.is_empty() => {
                    work(&mut journal);
                    break;
                }
                other @ Order::With(_) => {
                    held = Some(other);
                    break;
                }
            }
            next = if waiting.len() < MOST { inbox.recv_timeout(GATHER.saturating_sub(begun.elapsed())).ok() } else { None };
        }
        if !waiting.is_empty() {
            let written = journal.note(service, channel, &notes);
            for tell in waiting {
                let _ = tell.send(written.clone());
            }
        }
    }
    journal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Instant as Moment;
    use crate::journal::Mode;
    use crate::journal::run::{FrozenRow, Intent, NewRun, Outcome, RowEnd, RowState, RunId, StepKind, StepResult};
    use crate::model::Action;

    fn new_run() -> NewRun {
        NewRun {
            channel: "c".into(),
            service: "s".into(),
            plan: "p".into(),
            undo_of: None,
            author: "op".into(),
            started: Moment(1),
            terms: "{}".into(),
        }
    }

    fn row(n: u32) -> FrozenRow {
        FrozenRow {
            n,
            action: Action::Create,
            user_name: Some(format!("u{n}")),
            entry: None,
            account: None,
            state: RowState::Waiting,
            content: "{}".into(),
        }
    }

    fn intent(run: RunId, n: u32) -> Intent {
        Intent { run, n, step: 0, kind: StepKind::Create, begun: 1, request: "POST /Users".into(), before: None }
    }

    #[tokio::test]
    async fn what_is_noted_is_there_for_everybody_when_it_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        let mut journal = Journal::open(&path, Mode::Write).unwrap();
        assert_eq!(journal.durability().unwrap(), 2, "FULL");
        let run = journal.begin_run(&new_run()).unwrap();
        journal.add_rows(run, &(0..300).map(row).collect::<Vec<_>>()).unwrap();
        assert_eq!(journal.unended("s").unwrap(), None, "before it is frozen there is no run");
        journal.freeze(run).unwrap();
        let writer = Writer::start(journal, "s", "c").unwrap();
        assert_eq!(writer.with(|j| j.durability()).await.unwrap().unwrap(), 2);
        let all = (0..300).map(|n| writer.note(vec![Note::Intent(intent(run, n))]));
        for done in futures_util::future::join_all(all).await {
            done.unwrap();
        }
        // Another connection sees it.
        let other = Journal::open(&path, Mode::Read).unwrap();
        assert_eq!(other.begun_rows(run).unwrap().len(), 300);
        let outcome = Outcome {
            run,
            n: 7,
            step: 0,
            ended: 2,
            result: StepResult::Done,
            status: Some(201),
            cause: None,
            request_id: None,
            after: None,
        };
        let end = RowEnd { run, n: 7, state: RowState::Done, account: Some(crate::identity::AccountId::new("a7")), learnt: Vec::new() };
        writer.note(vec![Note::Outcome(outcome), Note::End(end, Moment(3))]).await.unwrap();
        let found = other.unended("s").unwrap().unwrap();
        assert_eq!((found.open, found.of(RowState::Done), found.of(RowState::Waiting)), (299, 1, 299));
        assert_eq!(other.rows_of("s", None, Some(&crate::identity::AccountId::new("a7")), 5).unwrap().len(), 1);
        let journal = writer.finish().unwrap();
        assert_eq!(journal.steps(run, 7).unwrap().len(), 1);
    }
}
