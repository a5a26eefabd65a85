//! What a screen only looks at: why a user is where they are, what was done about them before, who it might be, the rows of a run.
//!
//! None of it waits for the clerk, who may be reading two ends for a minute, or sending: each kind of question has a thread of its
//! own, the directory by a connection of its own, the journal by a look beside whoever writes it. What must stay true: a newer
//! question of a kind overtakes the one before, which is given up; leaving the channel ends all of them; the directory is asked
//! by the configuration that the snapshot goes by, so that a clause and its verdict belong together.

use super::approvals::Named;
use super::clerk::Work;
use super::live::{Live, spawn};
use super::location::{OpenSource, Stop, begin};
use super::memory::Glance;
use super::news::{News, Tell};
use super::seat::Pairing;
use super::snapshot::Snapshot;
use super::watch::RunRow;
use super::why::{self, Learnt, Part};
use crate::clock;
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::explain::{Looked, Whose};
use crate::identity::{AccountId, EntryId};
use crate::journal::Journal;
use crate::journal::run::RunId;
use crate::model::Subject;
use crate::telemetry::redacted;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// So many who are alike are told in an explanation.
const ALIKE: usize = 5;
/// So many are offered to choose from.
const OFFERED: usize = 200;
/// Rows of a run that are told of.
const ROWS: usize = 5_000;
/// So long a cursor stays with somebody before it is looked what was done about them: longer than a key takes to repeat.
const REST: Duration = Duration::from_millis(120);

/// The channel as it is configured, and as it was before: a snapshot goes by the one or the other.
#[derive(Clone)]
pub(super) struct Configured(Arc<Mutex<(Arc<Channel>, Arc<Channel>)>>);

impl Configured {
    pub fn new(channel: &Arc<Channel>) -> Self {
        Configured(Arc::new(Mutex::new((Arc::clone(channel), Arc::clone(channel)))))
    }

    /// It is another one from now on.
    pub fn set(&self, channel: &Arc<Channel>) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        both.1 = std::mem::replace(&mut both.0, Arc::clone(channel));
    }

    /// As it is by now.
    pub fn now(&self) -> Arc<Channel> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// The one with this fingerprint, if it is one of the two; else the present one.
    fn of(&self, fingerprint: &str) -> Arc<Channel> {
        let both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(if both.0.fingerprint != fingerprint && both.1.fingerprint == fingerprint { &both.1 } else { &both.0 })
    }
}

/// Where questions beside the list are answered.
pub(super) struct Aside {
    pub runtime: Handle,
    pub tell: Tell,
    /// Grows with every search: an older one is not begun any more.
    pub latest: Arc<AtomicU64>,
    pub(super) glance: Glance,
    open_source: OpenSource,
    pub(super) configured: Configured,
    /// Gives up what is asked of the directory.
    asking: Stop,
    /// Grows with every user whom others might be.
    alike: Arc<AtomicU64>,
    /// Grows with every run that is looked into.
    runs: Arc<AtomicU64>,
    /// Whose past is asked for, at which service.
    pasts: Sender<(String, Named)>,
    /// Whoever ends waits until nobody holds this any more.
    leaves: Option<Sender<()>>,
}

impl Aside {
    pub fn new(runtime: Handle, tell: Tell, open_source: OpenSource, glance: Glance, configured: Configured, leaves: Sender<()>) -> Self {
        let (pasts, asked) = mpsc::channel();
        let (looks, told) = (Arc::clone(&glance), Arc::clone(&tell));
        spawn("past", move || remember(&asked, &looks, &told));
        Aside {
            runtime,
            tell,
            latest: Arc::default(),
            glance,
            open_source,
            configured,
            asking: Stop::default(),
            alike: Arc::default(),
            runs: Arc::default(),
            pasts,
            leaves: Some(leaves),
        }
    }

    /// The channel is left: nothing that was asked is answered any more.
    pub fn end(&mut self) {
        drop(self.asking.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.latest.store(u64::MAX, Ordering::Release);
        self.alike.store(u64::MAX, Ordering::Release);
        self.runs.store(u64::MAX, Ordering::Release);
        self.leaves = None;
    }
}

/// Looks what was done about whoever a cursor rests on; whoever it only passes by is not asked about.
fn remember(asked: &Receiver<(String, Named)>, glance: &Glance, tell: &Tell) {
    // Where the file can't be read where it lies, it is copied, and the copy is good until somebody writes the file. One that can be
    // is not kept open: whoever writes it and ends before us could not clear up the log beside it.
    let mut copy: Option<Journal> = None;
    while let Ok(mut last) = asked.recv() {
        loop {
            match asked.recv_timeout(REST) {
                Ok(newer) => last = newer,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let (service, of) = last;
        let journal = copy.take().filter(Journal::is_copy_of_what_is_there).map_or_else(|| glance(), Ok);
        let part = past(journal.as_ref(), &service, &of);
        copy = journal.ok().filter(Journal::is_copy_of_what_is_there);
        tell(News::Learnt(Box::new(Learnt { of, part })));
    }
}

/// What was done about a user before, as it is told.
fn past(journal: Result<&Journal, &Error>, service: &str, of: &Named) -> Part {
    let told = |error: &Error| redacted(error.message());
    Part::Past(journal.map_err(told).and_then(|journal| why::past(journal, service, of).map_err(|error| told(&error))))
}

/// Who a user might be, as it is told; nothing once nobody waits for it any more.
fn near(snapshot: &Snapshot, subject: Subject, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Part> {
    let picture = snapshot.picture();
    picture.user_of(subject).map_or_else(|| Some(Vec::new()), |user| picture.might_be(&user, ALIKE, is_stale)).map(Part::Near)
}

impl Live {
    /// Asks what an explanation of a user needs beyond what was read; the parts come one by one.
    pub fn why(&self, snapshot: Arc<Snapshot>, subject: Subject) {
        let Some(of) = snapshot.named(subject).map(|named| snapshot.whole(subject, named)) else { return };
        self.ask(&snapshot, subject, of.clone());
        let (tell, latest) = (Arc::clone(&self.aside.tell), Arc::clone(&self.aside.alike));
        let number = latest.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        // No thread of the runtime: whoever leaves the channel waits for those.
        spawn("near", move || {
            let is_stale = || latest.load(Ordering::Acquire) != number;
            if let Some(part) = near(&snapshot, subject, &is_stale) {
                tell(News::Learnt(Box::new(Learnt { of, part })));
            }
        });
    }

    /// Looks into the journal, and asks the directory where the entry is by now.
    fn ask(&self, snapshot: &Snapshot, subject: Subject, of: Named) {
        let Aside { runtime, tell, glance, open_source, configured, asking, leaves, .. } = &*self.aside;
        let Some(leaves) = leaves.clone() else { return };
        let (tell, glance, open_source) = (Arc::clone(tell), Arc::clone(glance), Arc::clone(open_source));
        let channel = configured.of(snapshot.picture().fingerprint());
        let service = snapshot.picture().base_url().to_owned();
        let ownerless = snapshot.picture().user_of(subject).and_then(|user| snapshot.picture().ownerless(&user));
        begin("why", runtime, asking, leaves, move || async move {
            let told = |part| tell(News::Learnt(Box::new(Learnt { of: of.clone(), part })));
            told(past(glance().as_ref(), &service, &of));
            let now = clock::now();
            if let Some(account) = ownerless {
                told(Part::Whose(match open_source(channel.source.clone(), now).await {
                    Ok(mut source) => why::whose(&mut source, &account, now).await,
                    Err(error) => Whose::Failed(error.message().to_owned()),
                }));
            }
            let Some(id) = &of.entry else { return };
            told(Part::Looked(match open_source(channel.source.clone(), now).await {
                Ok(mut source) => why::ask(&mut source, id, now).await,
                Err(error) => Looked::Failed(error.message().to_owned()),
            }));
        });
    }

    /// Asks what was done before about a user whom a cursor is on; it is looked for once the cursor stays there.
    pub fn past(&self, snapshot: &Snapshot, subject: Subject) {
        if let Some(of) = snapshot.named(subject).map(|named| snapshot.whole(subject, named)) {
            let _ = self.aside.pasts.send((snapshot.picture().base_url().to_owned(), of));
        }
    }

    /// Asks for the rows of a run; of several runs that are asked about only the last one is told.
    pub fn rows(&self, run: RunId) {
        let number = self.aside.runs.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        let (latest, tell, glance) = (Arc::clone(&self.aside.runs), Arc::clone(&self.aside.tell), Arc::clone(&self.aside.glance));
        spawn("rows", move || {
            let rows = glance().and_then(|journal| {
                let page = journal.rows(run, None, 0, ROWS)?;
                page.into_iter().map(|row| RunRow::of(&journal, run, &row)).collect::<Result<Vec<RunRow>>>()
            });
            if latest.load(Ordering::Acquire) == number {
                tell(rows.map_or_else(News::Refused, |rows| News::Rows(run, Arc::new(rows))));
            }
        });
    }

    /// Asks who a user could be paired with, by words that are typed. `number` comes back with the answer.
    pub fn choices(&self, snapshot: Arc<Snapshot>, subject: Subject, typed: String, number: u64) {
        let (tell, latest) = (Arc::clone(&self.aside.tell), Arc::clone(&self.aside.latest));
        latest.store(number, Ordering::Release);
        self.aside.runtime.spawn_blocking(move || {
            let is_stale = || latest.load(Ordering::Acquire) != number;
            if is_stale() {
                return;
            }
            let picture = snapshot.picture();
            let choices = picture.user_of(subject).map_or_else(|| Some(Vec::new()), |u| picture.choices(&u, &typed, OFFERED, &is_stale));
            if let Some(choices) = choices {
                tell(News::Choices(number, Arc::new(choices)));
            }
        });
    }

    /// Links two by hand, or parts them.
    pub fn pair(&self, pairing: Pairing) {
        self.order(Work::Pair(Box::new(pairing)));
    }
}

impl Snapshot {
    /// The ids of both ends, also of one that has no row of its own.
    #[must_use]
    pub fn whole(&self, subject: Subject, named: Named) -> Named {
        let picture = self.picture();
        let Some(link) = picture.user_of(subject).and_then(|user| picture.any_link(&user)) else { return named };
        Named {
            entry: named.entry.or_else(|| Some(EntryId::new(picture.links().entry(link)))),
            account: named.account.or_else(|| Some(AccountId::new(picture.links().account(link)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::{self, Plan};
    use crate::journal::Mode;
    use std::path::Path;

    #[test]
    fn whoever_a_cursor_only_passes_by_is_not_looked_for() {
        let journal = Journal::in_memory().unwrap();
        let door = journal.door();
        let glance: Glance = Arc::new(move || door.open());
        let (ask, asked) = mpsc::channel();
        let named = |id: &str| Named { entry: Some(EntryId::new(id)), account: None };
        for id in ["ann", "ben", "cat"] {
            ask.send(("s".to_owned(), named(id))).unwrap();
        }
        let (said, heard) = mpsc::channel();
        let tell: Tell = Arc::new(move |news| drop(said.send(news)));
        let looking = std::thread::spawn(move || remember(&asked, &glance, &tell));
        let News::Learnt(learnt) = heard.recv_timeout(Duration::from_secs(60)).unwrap() else { panic!() };
        assert_eq!(learnt.of, named("cat"));
        assert!(matches!(learnt.part, Part::Past(Ok(past)) if past.is_empty()));
        drop(ask);
        looking.join().unwrap();
        assert!(heard.try_recv().is_err(), "nobody else was looked for");
    }

    #[test]
    fn a_state_that_has_to_be_copied_to_be_read_is_copied_again_only_when_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        Journal::write_older(&path).unwrap();
        let (opened, place) = (Arc::new(AtomicU64::new(0)), path.clone());
        let counted = Arc::clone(&opened);
        let glance: Glance = Arc::new(move || {
            counted.fetch_add(1, Ordering::AcqRel);
            Journal::open(&place, Mode::Read)
        });
        let (ask, asked) = mpsc::channel();
        let (said, heard) = mpsc::channel();
        let tell: Tell = Arc::new(move |news| drop(said.send(news)));
        let looking = std::thread::spawn(move || remember(&asked, &glance, &tell));
        let mut learn = |id: &str| {
            ask.send(("s".to_owned(), Named { entry: Some(EntryId::new(id)), account: None })).unwrap();
            let News::Learnt(learnt) = heard.recv_timeout(Duration::from_secs(60)).unwrap() else { panic!() };
            assert!(matches!(learnt.part, Part::Past(Ok(past)) if past.is_empty()), "{id}");
            opened.load(Ordering::Acquire)
        };
        assert_eq!(["ann", "ben", "cat"].map(&mut learn), [1, 1, 1]);
        // This version writes it: from then on it is read where it lies.
        drop(Journal::open(&path, Mode::Write).unwrap());
        assert_eq!(["ann", "ben", "cat"].map(&mut learn), [2, 3, 4]);
        drop(ask);
        looking.join().unwrap();
    }

    #[test]
    fn a_snapshot_is_asked_about_by_the_configuration_that_it_goes_by() {
        let channel = |base: &str| {
            let mut channel = world::channel(Plan::of(10, 1), "http://127.0.0.1", Path::new("(in memory)")).unwrap();
            base.clone_into(&mut channel.source.location.base_dn.value);
            base.clone_into(&mut channel.fingerprint);
            Arc::new(channel)
        };
        let (first, second, third) = (channel("dc=a"), channel("dc=b"), channel("dc=c"));
        let configured = Configured::new(&first);
        configured.set(&second);
        let base = |fingerprint: &str| configured.of(fingerprint).source.location.base_dn.value.clone();
        assert_eq!((base(&first.fingerprint), base(&second.fingerprint)), ("dc=a".to_owned(), "dc=b".to_owned()));
        assert_eq!(base(&third.fingerprint), "dc=b", "nobody knows it: the present one");
    }
}
