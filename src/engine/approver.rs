//! The thread that keeps approvals: takes them, counts what a list would come to, and drops what does not fit any more.
//!
//! It works on snapshots, as the viewer does, so that a screen waits for none of it. Approvals are held against a snapshot once
//! nothing is being read: while a side is, verdicts come and go that say nothing. What must stay true: what goes on from here to
//! be sent fits the snapshot that goes with it.

use super::approvals::{Approvals, Lasting, Named, Weight, Who, forget};
use super::news::{News, Tell};
use super::owing::{Owing, Undone};
use super::snapshot::{Seen, Snapshot};
use super::viewer::Newest;
use crate::journal::run::RunId;
use crate::model::Subject;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// So many approvals are found again where everybody has another number.
const MOST_MOVED: usize = 100_000;

/// What the approver is asked.
pub(super) enum Ask {
    /// There is a newer snapshot.
    Over,
    /// To approve what rows come to in the snapshot that they were seen in.
    Approve(Who, Seen),
    /// To take back, whatever numbering they were seen in; those with lasting ids were seen in none.
    Withdraw(Who, Option<Seen>),
    /// They were sent: to forget them.
    Spent(Arc<Approvals>),
    /// To tell, now and whenever that has changed, for whom of these there is still something to approve.
    Undone(RunId, Undone),
    /// What approving these comes to.
    Weigh(Who),
    /// To hand everything that is approved on, or what is approved of one user.
    Propose(Option<Subject>),
    /// The channel is left.
    Stop,
}

/// What is approved by now, and what became of approvals.
#[derive(Debug, Clone)]
pub struct Approved {
    /// What is approved.
    pub approvals: Arc<Approvals>,
    /// How many were dropped since the last word, because rows are not what they were.
    pub dropped: usize,
    /// What there is to say about what was asked for; or why they were dropped, where it is something else.
    pub remark: Option<String>,
}

/// What approving somebody would come to.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// Who was asked about.
    pub who: Who,
    /// Whose rows that are.
    pub rows: Arc<Vec<Subject>>,
    /// What they come to.
    pub weight: Weight,
    /// In which snapshot.
    pub seen: Seen,
}

struct Approver<'t> {
    snapshot: Option<Arc<Snapshot>>,
    approvals: Approvals,
    /// What was approved in a numbering before, to be found again.
    moved: Vec<Lasting>,
    /// What the last run did not do, and what was told of it last.
    undone: Option<(RunId, Undone)>,
    owing: Option<Owing>,
    /// The snapshot is newer than what approvals were held against.
    is_due: bool,
    tell: &'t Tell,
}

/// Works until it is told to stop. `hand_on` takes what is to be sent, with the snapshot that it is true of; without what is
/// approved nothing was fit to be sent, and why.
pub(super) fn run(inbox: &Receiver<Ask>, newest: &Newest, tell: &Tell, hand_on: &dyn Fn(Arc<Snapshot>, Arc<Approvals>, Option<Subject>)) {
    let mut approver =
        Approver { snapshot: None, approvals: Approvals::default(), moved: Vec::new(), undone: None, owing: None, is_due: false, tell };
    while let Ok(ask) = inbox.recv() {
        if let Some(snapshot) = newest.take() {
            approver.turn_to(&snapshot);
        }
        approver.check();
        let Some(snapshot) = approver.snapshot.clone() else { continue };
        match ask {
            Ask::Stop => return,
            Ask::Over => {}
            Ask::Approve(who, Seen(seen)) => approver.approve(&snapshot, &seen, &who),
            Ask::Withdraw(who, seen) => approver.withdraw(&snapshot, &seen.map_or_else(|| Arc::clone(&snapshot), |Seen(seen)| seen), &who),
            Ask::Spent(sent) => {
                if sent.era == approver.approvals.era {
                    approver.approvals.withdraw(sent.subjects());
                }
                approver.told(0, None);
            }
            Ask::Undone(run, undone) => {
                (approver.undone, approver.owing) = (Some((run, undone)), None);
                approver.tell_owing(&snapshot);
            }
            Ask::Weigh(who) => {
                let rows = meant(&snapshot, &who, &mut Owing::default());
                let weight = Weight::of_list(snapshot.picture(), &rows);
                tell(News::Weighed(Weighed { who, rows, weight, seen: Seen(snapshot) }));
            }
            Ask::Propose(only) => {
                let approvals = only.map_or_else(|| approver.approvals.clone(), |one| approver.approvals.only(one));
                hand_on(snapshot, Arc::new(approvals), only);
            }
        }
    }
}

/// Who is meant, by the numbers of a snapshot.
fn rows_of(snapshot: &Snapshot, who: &Who) -> Arc<Vec<Subject>> {
    match who {
        Who::One(subject) => Arc::new(vec![*subject]),
        Who::These(rows) => Arc::clone(rows),
        // Whoever was to be created and turns out to have an account is not meant: whose it is, a person says.
        Who::Named(named) => {
            let fits = |n: &&Named| n.account.is_some() || !snapshot.has_account(n);
            Arc::new(named.iter().filter(fits).filter_map(|n| snapshot.subject_of(n)).collect())
        }
        Who::Again(undone) => rows_of(snapshot, &Who::Named(Arc::clone(&undone.who))),
    }
}

/// Whose rows would be approved. Of those for whom a run did not do what was approved only they where the same is to be done by now:
/// where the others stand is counted.
fn meant(snapshot: &Snapshot, who: &Who, owing: &mut Owing) -> Arc<Vec<Subject>> {
    match who {
        Who::Again(undone) => Arc::new(undone.iter().filter_map(|(named, action)| owing.take(snapshot, named, action)).collect()),
        _ => rows_of(snapshot, who),
    }
}

impl Approver<'_> {
    /// Takes a newer snapshot. Where everybody has another number in it, nobody is approved until both ends were read; where it is of
    /// another service or directory, nobody is any more: what was approved there says nothing about what the same would do here.
    fn turn_to(&mut self, snapshot: &Arc<Snapshot>) {
        self.is_due = true;
        let era = snapshot.era();
        let Some(before) = self.snapshot.replace(Arc::clone(snapshot)).filter(|before| before.era() != era) else { return };
        if !snapshot.has_ends_of(&before) {
            let n = self.approvals.total() + self.moved.len();
            (self.approvals, self.moved, self.undone, self.owing) = (Approvals::none(era), Vec::new(), None, None);
            if n > 0 {
                self.told(n, Some("given for another service or directory".to_owned()));
            }
            return;
        }
        let n = self.approvals.total();
        if n == 0 || n > MOST_MOVED {
            // Of so many nobody keeps the ids: they are dropped when they are held against the snapshot.
            return;
        }
        self.moved.extend(self.approvals.lasting(&before));
        self.approvals = Approvals::none(era);
        self.told(0, None);
    }

    /// Holds approvals against a newer snapshot.
    fn check(&mut self) {
        let Some(snapshot) = self.snapshot.as_ref().filter(|_| self.is_due) else { return };
        // What is approved outlives a look at another policy: nothing is sent by that one, and everything is held against the next
        // snapshot that goes by the configured one.
        let says_little = snapshot.is_busy() || snapshot.is_by_other_policy();
        let is_other = self.approvals.total() > 0 && self.approvals.era != snapshot.era();
        if !is_other && says_little {
            return;
        }
        self.is_due = says_little;
        let snapshot = Arc::clone(snapshot);
        self.tell_owing(&snapshot);
        let snapshot = &*snapshot;
        let mut dropped = self.approvals.check(snapshot);
        let moved = if says_little { Vec::new() } else { std::mem::take(&mut self.moved) };
        if !moved.is_empty() {
            dropped += self.approvals.find_again(snapshot, &moved);
        }
        if dropped > 0 || !moved.is_empty() {
            self.told(dropped, None);
        }
    }

    /// Approves what was seen; whatever has changed since is dropped again right away.
    fn approve(&mut self, snapshot: &Snapshot, seen: &Snapshot, who: &Who) {
        // Whatever a screen thinks: nobody is approved by a policy that is only tried.
        if seen.is_by_other_policy() || snapshot.is_by_other_policy() {
            return self.told(0, Some("nothing was approved: the policy was changed and not saved".to_owned()));
        }
        let mut owing = Owing::default();
        let rows = meant(seen, who, &mut owing);
        if seen.era() != snapshot.era() {
            return self.told(0, Some("nothing was approved: the rows have changed meanwhile; look again".to_owned()));
        }
        let n = self.approvals.approve(seen, &rows);
        let remark = match who {
            Who::One(_) => None,
            Who::These(_) | Who::Named(_) => Some(format!("{} approved; nothing is sent yet", crate::text::counted(n, "row"))),
            Who::Again(_) => Some(owing.approved(n)),
        };
        self.told(0, remark);
        if seen.generation() != snapshot.generation() {
            // What was seen is what is approved: whether it is still so is looked at right away.
            self.is_due = true;
            self.check();
        }
    }

    /// Takes back what was approved of whoever was seen, by lasting ids where they have other numbers by now; also where approvals of a
    /// numbering before wait to be found again. At another service or directory they are somebody else's.
    fn withdraw(&mut self, snapshot: &Snapshot, seen: &Snapshot, who: &Who) {
        let mut rows = rows_of(seen, who);
        let is_other = seen.era() != snapshot.era();
        let mut n = 0;
        if is_other || !self.moved.is_empty() {
            let named: Vec<Named> = match who {
                Who::Named(named) => named.to_vec(),
                _ if !seen.has_ends_of(snapshot) => Vec::new(),
                _ => rows.iter().filter_map(|subject| seen.named(*subject)).collect(),
            };
            n = forget(&mut self.moved, &named);
            if is_other {
                rows = Arc::new(named.iter().filter_map(|named| snapshot.subject_of(named)).collect());
            }
        }
        n += self.approvals.withdraw(rows.iter().copied());
        let many = !matches!(who, Who::One(_));
        // Who was linked by hand is told only what became of an approval that was there.
        let nothing = n == 0 && matches!(who, Who::Named(_) | Who::Again(_));
        self.told(0, (many && !nothing).then(|| format!("{} taken back", crate::text::counted(n, "approval"))));
    }

    /// Tells for whom of those that the last run did nothing for there is still something to approve, if that is another word
    /// than the last one. While an end is read nothing is said: verdicts come and go.
    fn tell_owing(&mut self, snapshot: &Snapshot) {
        let Some((run, undone)) = self.undone.as_ref().filter(|_| !snapshot.is_busy()) else { return };
        let owing = Owing::count(undone, snapshot);
        if self.owing.as_ref() != Some(&owing) {
            (self.tell)(News::Owing(*run, Box::new(owing.clone())));
            self.owing = Some(owing);
        }
    }

    fn told(&self, dropped: usize, remark: Option<String>) {
        (self.tell)(News::Approved(Approved { approvals: Arc::new(self.approvals.clone()), dropped, remark }));
    }
}
