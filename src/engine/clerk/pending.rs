//! What is about to be sent: said in numbers first, lifted, played on a copy; then it is sent as it was said, or not at all.

use super::{Alone, Clerk, RUNS};
use crate::apply::choose::{Permits, Selection};
use crate::clock::{self, Instant};
use crate::config::Config;
use crate::engine::approvals::Approvals;
use crate::engine::ends::{Ends, Errand};
use crate::engine::news::News;
use crate::engine::picture::Picture;
use crate::engine::progress::Progress;
use crate::engine::proposal::{NAMED, Proposal, pace, propose};
use crate::engine::query::Job;
use crate::engine::rehearsal;
use crate::engine::run::{Planned, approved, prepare};
use crate::engine::seat::Seat;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::engine::undo;
use crate::error::{Error, Kind, Result};
use crate::journal::run::RunId;
use crate::model::{Action, Situation, Subject};
use crate::plan::Row;
use crate::plan::classify::Verdict;
use crate::plan::file::Header;
use crate::plan::guard::Lifted;
use crate::text::count;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accounts of which a copy is made for a rehearsal, at most: a copy takes about 3 KB for each.
const COPIED: usize = 200_000;

/// What may be sent next.
pub(super) struct Pending {
    pub number: u64,
    pub from: From,
    pub permits: Permits,
    /// What of it can't be taken back, and of whom.
    lasting: Vec<String>,
    /// How many get access back who have no right to it.
    unentitled: Unentitled,
    /// Who loses access although they have a right to it: their number, and the first of them.
    locked_out: (usize, Vec<String>),
    /// Of whom nothing is left to be taken back, and why.
    left_out: Vec<String>,
    /// Some of those who lose access or get it back may be so already: nobody can tell without asking.
    at_most: bool,
}

/// How many of those who are enabled again have no right to it.
#[derive(Debug, Clone, Copy, Default)]
struct Unentitled {
    number: usize,
    /// What was read says of nobody that they have one: all are counted.
    is_unsure: bool,
}

/// How the account of a row is by now, as it was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    /// As the row has it.
    AsApproved,
    /// Active, and the row has it inactive.
    Active,
    /// Inactive, and the row has it active.
    Inactive,
    /// It was not listed, or not everything was read.
    NotKnown,
}

pub(super) enum From {
    Screen { snapshot: Arc<Snapshot>, approvals: Arc<Approvals>, alone: Alone, now: Instant },
    Undo { header: Box<Header>, rows: Vec<Row> },
}

impl From {
    pub fn planned(&self) -> Planned<'_> {
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

impl<O, F> Clerk<O>
where
    O: Fn(Errand) -> F,
    F: Future<Output = Result<Ends>>,
{
    /// Says what a run would come to.
    pub(super) fn prepare(&mut self, snapshot: &Arc<Snapshot>, approvals: Arc<Approvals>, alone: Alone) -> Result<()> {
        // Whatever a screen thinks: nobody is sent anything, and nobody is linked, by rules or by a policy that are only tried out, or
        // by verdicts that an edit has left behind.
        if snapshot.is_drafted() || snapshot.busy {
            let why = match (snapshot.trial.policy, snapshot.trial.rules) {
                (true, _) => "the policy is not that of the configuration",
                (false, true) => "the mapping is not that of the configuration",
                (false, false) => "the list is still being made",
            };
            return Err(Error::new(Kind::Refused, format!("{why}: nothing is sent by it")).hint("wait until it is, then look again"));
        }
        if snapshot.picture().fingerprint() != self.seat.channel.fingerprint {
            return Err(Error::new(Kind::Refused, "what is shown was read by the configuration of before: nothing is sent by it")
                .hint("read both ends again, then look again"));
        }
        let (number, now) = (self.next(), clock::now());
        let from = From::Screen { snapshot: Arc::clone(snapshot), approvals, alone, now };
        self.pending = Some(Pending {
            number,
            from,
            permits: Permits::default(),
            lasting: Vec::new(),
            unentitled: Unentitled::default(),
            locked_out: (0, Vec::new()),
            left_out: Vec::new(),
            at_most: false,
        });
        self.propose()
    }

    /// Lifts limits for what was said last; whoever knows their exact numbers has read them.
    pub(super) fn lift(&mut self, number: u64, lifted: Lifted) -> Result<()> {
        let next = self.next();
        let pending = self.pending.as_mut().filter(|p| p.number == number).ok_or_else(overtaken)?;
        pending.permits.lifted = pending.permits.lifted.and(lifted);
        pending.number = next;
        self.propose()
    }

    pub(super) async fn prepare_undo(&mut self, run: RunId) -> Result<()> {
        if !self.is_there {
            return Err(Error::new(
                Kind::Refused,
                "both ends have not been read by the configuration as it is now: nothing is taken back before",
            )
            .hint("read both ends again, then look again"));
        }
        let number = self.next();
        let channel = &self.seat.channel;
        let taken = self.seat.memory.read(|journal| undo::plan(journal, channel, run, clock::now()))?;
        // That their number is typed, or the whole is confirmed, is the approval.
        let rows: Vec<Row> = taken.rows.into_iter().map(|row| Row { approved: true, ..row }).collect();
        let now = self.accounts_now(&rows).await;
        // An account that is not as the run left it is sent nothing. Whoever is counted is asked about; so nobody else is sent anything.
        let is_there = |now: &Now| !matches!(now, Now::Active | Now::Inactive);
        let mut already: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (row, now) in rows.iter().zip(&now).filter(|(_, now)| !is_there(now)) {
            let is = if *now == Now::Active { "active" } else { "inactive" };
            already.entry(format!("the account is {is} by now, as it was read last")).or_default().push(row.called().to_owned());
        }
        let is_access = |row: &Row| row.action.is_deprovision() || row.action == Action::Enable;
        let at_most = rows.iter().zip(&now).any(|(row, now)| *now == Now::NotKnown && is_access(row));
        let rows: Vec<Row> = rows.into_iter().zip(&now).filter(|(_, now)| is_there(now)).map(|(row, _)| row).collect();
        let unentitled = self.unentitled(&rows).await;
        let locked_out = self.locked_out(&rows).await;
        let from = From::Undo { header: Box::new(taken.header), rows };
        let said = |(why, users): (&String, &Vec<String>)| {
            let named = &users[..users.len().min(NAMED)];
            let more = users.len() - named.len();
            let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
            format!("{why}: {}{more}", named.join(", "))
        };
        let lasting: Vec<String> = taken.lasting.iter().map(said).collect();
        let left_out = already.iter().map(said).collect();
        self.pending = Some(Pending { number, from, permits: Permits::default(), lasting, unentitled, locked_out, left_out, at_most });
        self.propose()
    }

    /// What the configuration file says by now, where that is not what is gone by.
    pub(super) fn file_differs(&self) -> Option<String> {
        let (file, channel) = (self.seat.file.as_ref()?, &self.seat.channel);
        let now = Config::read(file).and_then(|config| Ok(config.channel(Some(&channel.name))?.fingerprint.clone()));
        match now {
            Ok(fingerprint) if fingerprint == channel.fingerprint => None,
            Ok(_) => Some(format!("{} says something else by now", file.display())),
            Err(error) => Some(format!("{} has an error by now: {}", file.display(), error.message())),
        }
    }

    /// How the accounts of rows that change who has access are by now, as far as that was read.
    async fn accounts_now(&self, rows: &[Row]) -> Vec<Now> {
        let approved: Vec<Option<(String, bool)>> =
            rows.iter().map(|row| row.account.as_ref().map(|account| (account.id.clone(), account.active))).collect();
        let n = rows.len();
        let look = move |store: &Store| {
            let picture = store.picture();
            let is_read = picture.target_state().is_complete();
            let now = |of: &Option<(String, bool)>| {
                let (id, active) = of.as_ref()?;
                let is_active = !picture.accounts().is_off(picture.accounts().by_id(id)?);
                Some(match (is_active == *active, is_active) {
                    (true, _) => Now::AsApproved,
                    (false, true) => Now::Active,
                    (false, false) => Now::Inactive,
                })
            };
            approved.iter().map(|of| now(of).filter(|_| is_read).unwrap_or(Now::NotKnown)).collect()
        };
        self.desk.look(look).await.unwrap_or_else(|| vec![Now::NotKnown; n])
    }

    /// How many of those who would be enabled are not known to be in scope and enabled, by what was read last. Where that says nothing,
    /// because it did not come to its end or gave nobody, all are counted.
    async fn unentitled(&self, rows: &[Row]) -> Unentitled {
        let enabled = rows.iter().filter(|row| row.action == Action::Enable);
        let enabled: Vec<Option<String>> = enabled.map(|row| Some(row.account.as_ref()?.id.clone())).collect();
        let all = enabled.len();
        let all = Unentitled { number: all, is_unsure: all > 0 };
        let is_out = move |store: &Store| {
            let picture = store.picture();
            if !picture.sides.source.is_complete() || !picture.source_state().is_complete() || picture.sides.source_empty {
                return all;
            }
            // Whoever is at neither end any more has no right to anything either.
            let number = enabled.iter().filter(|id| !id.as_ref().is_some_and(|id| is_entitled_by(picture, id))).count();
            Unentitled { number, is_unsure: false }
        };
        self.desk.look(is_out).await.unwrap_or(all)
    }

    /// Who would lose access although they are in scope and enabled, by what was read last, to whatever end that came: their number, and
    /// the first of them by name.
    async fn locked_out(&self, rows: &[Row]) -> (usize, Vec<String>) {
        let removed = rows.iter().filter(|row| row.action.is_deprovision());
        let removed: Vec<(String, String)> =
            removed.filter_map(|row| Some((row.account.as_ref()?.id.clone(), row.called().to_owned()))).collect();
        let look = move |store: &Store| {
            let picture = store.picture();
            let mut entitled = removed.iter().filter(|(id, _)| is_entitled_by(picture, id)).map(|(_, called)| called);
            let first: Vec<String> = entitled.by_ref().take(NAMED).cloned().collect();
            (first.len() + entitled.count(), first)
        };
        self.desk.look(look).await.unwrap_or_default()
    }

    fn next(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// Says what sending what is pending comes to.
    fn propose(&mut self) -> Result<()> {
        let channel = &self.seat.channel;
        let Some(Pending { number, from, permits, lasting, unentitled, locked_out, left_out, at_most }) = &self.pending else {
            return Err(overtaken());
        };
        let mut planned = from.planned();
        let proposal = self.seat.memory.read(|journal| {
            let interrupted = journal.unended(&channel.target.base_url.value)?;
            let prepared = prepare(&mut planned, journal, channel, &Selection::default(), *permits)?;
            let snapshot = if let From::Screen { snapshot, .. } = from { Some(&**snapshot) } else { None };
            let pace = pace(&journal.runs(&channel.name, RUNS)?);
            Ok(propose((*number, permits.lifted), pace, from.approved(), prepared, channel, snapshot, interrupted))
        })?;
        let lasting = proposal.lasting.iter().chain(lasting).cloned().collect();
        let (Unentitled { number: unentitled, is_unsure }, left_out, at_most) = (*unentitled, left_out.clone(), *at_most);
        let (file, locked_out) = (self.file_differs(), locked_out.clone());
        let proposal = Proposal { file, lasting, unentitled, is_unsure, locked_out, left_out, at_most, ..proposal };
        (self.tell)(News::Proposed(Box::new(proposal)));
        Ok(())
    }

    /// Plays what was shown on a copy of the service, made of what was listed.
    pub(super) async fn rehearse(&mut self, number: u64) -> Result<()> {
        let Seat { channel, others, open, memory, .. } = &mut self.seat;
        let Some(Pending { from: from @ From::Screen { snapshot, .. }, permits, .. }) =
            self.pending.as_ref().filter(|p| p.number == number)
        else {
            return Err(overtaken());
        };
        let accounts = snapshot.picture().accounts().len();
        if accounts > COPIED {
            let message = format!("{} accounts are too many for a copy behind a screen", count(accounts));
            return Err(Error::new(Kind::Refused, message).hint("rehearse with rosterm apply --rehearse"));
        }
        let (progress, now) = (Arc::new(Progress::default()), clock::now());
        let job = Job { channel, others, now, progress: &progress };
        let mut ends = open(Errand::of(channel, now)).await?;
        let journal = memory.lend()?;
        let (selection, picture) = (Selection::default(), snapshot.picture());
        let played = Box::pin(rehearsal::play(&job, &mut ends, &journal, picture, &mut from.planned(), &selection, *permits)).await;
        memory.give_back(journal);
        (self.tell)(News::Rehearsed(number, Box::new(played?)));
        Ok(())
    }
}

/// True for an account whose person is in scope and enabled in this picture.
fn is_entitled_by(picture: &Picture, account: &str) -> bool {
    let verdict = || {
        let row = picture.accounts().by_id(account)?;
        let person = picture.others.at(row.index()).entry().map(Subject::of_entry);
        Some(picture.user_of(person.unwrap_or(Subject::of_account(row)))?.verdict)
    };
    verdict().is_some_and(is_entitled)
}

/// True for who is in scope and enabled, and of whom it is clear who they are: whatever a hold or an answer that is missing keeps from
/// being done about them. Nobody else is known to have a right to an account.
fn is_entitled(verdict: Verdict) -> bool {
    match verdict.would_be.unwrap_or(verdict.situation) {
        Situation::New | Situation::Changed | Situation::Returning | Situation::InSync | Situation::Invalid => true,
        Situation::Leaving
        | Situation::Left
        | Situation::Skipped
        | Situation::Unmatched
        | Situation::Ambiguous
        | Situation::Held
        | Situation::Blocked => false,
    }
}

/// What was asked about is not there any more.
pub(super) fn overtaken() -> Error {
    Error::failure("what was confirmed is not what was shown last").hint("look again; nothing was sent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_known_to_be_in_scope_and_enabled_is_counted() {
        let verdict = |situation, would_be| Verdict { situation, reason: None, action: Action::None, would_be, withheld: None };
        for (situation, would_be, entitled) in [
            (Situation::InSync, None, true),
            (Situation::Changed, None, true),
            (Situation::Returning, None, true),
            (Situation::Invalid, None, true),
            (Situation::Left, None, false),
            (Situation::Leaving, None, false),
            (Situation::Skipped, None, false),
            (Situation::Unmatched, None, false),
            (Situation::Ambiguous, None, false),
            (Situation::Blocked, Some(Situation::Left), false),
            (Situation::Blocked, Some(Situation::Unmatched), false),
            (Situation::Blocked, Some(Situation::Returning), true),
            (Situation::Blocked, None, false),
            (Situation::Held, Some(Situation::Left), false),
            (Situation::Held, Some(Situation::Blocked), false),
            (Situation::Held, Some(Situation::InSync), true),
        ] {
            assert_eq!(is_entitled(verdict(situation, would_be)), entitled, "{situation:?} {would_be:?}");
        }
    }
}
