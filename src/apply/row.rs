//! One row of a run: checked, sent in one step or two, and noted.

mod facts;
mod later;
mod learn;

use super::act::{Act, acts, goes_by_version};
use super::check::{self, ACTIVE, Allowed, Not, rule_of};
use super::control::Leave;
use super::deliver::{Delivery, Fate, Way, not_taken};
use super::gate::Gate;
use crate::clock::{self, Instant};
use crate::error::Result;
use crate::identity::AccountId;
use crate::identity::population::{Batch, Schema};
use crate::identity::value::Datum;
use crate::journal::run::{FrozenRow, Intent, Learnt, Outcome, RowEnd, RowState, RunId, StepKind};
use crate::journal::{Note, Remembered, Writer};
use crate::mapping::{Context, Desired, Rules};
use crate::model::{Action, EntryEvidence};
use crate::plan::Row;
use crate::source::Source;
use crate::target::{Resource, Seen, Set, Sought, Target};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What was found out about an entry may be so old when its row is sent.
pub(super) const FRESH: Duration = Duration::from_secs(30);
/// So often a row is checked, at most: a service that keeps us waiting for minutes is left alone.
const ROUNDS: usize = 10;

/// What every row of a run needs.
pub(super) struct Bench<'a> {
    pub run: RunId,
    pub service: &'a str,
    pub channel: &'a str,
    pub target: &'a Target,
    /// One question at a time.
    pub source: Mutex<&'a mut Source>,
    pub schema: &'a Schema,
    pub rules: &'a Rules,
    pub cx: Context,
    pub journal: &'a Writer,
    pub gate: Gate,
    /// Whether anything else may be sent.
    pub leave: Leave<'a>,
    pub allowed: Allowed,
    /// The run takes another one back: what the directory wants is not asked.
    pub is_undo: bool,
    /// Accounts that this run has created, by the entry's id: whom references can mean now.
    pub made: std::sync::Mutex<HashMap<String, String>>,
}

/// A row on its way.
pub(super) struct Item {
    pub frozen: FrozenRow,
    pub row: Row,
    pub memory: Remembered,
    pub entry: Option<EntryFacts>,
    /// An earlier request of this row may have arrived.
    pub lost_before: bool,
    /// The number of the next request of this row.
    pub step: u32,
}

/// Which time it is that a row is checked and sent.
#[derive(Clone, Copy)]
struct Round {
    /// The number of its next request.
    step: u32,
    /// An earlier request may have arrived.
    lost: bool,
    /// It was not turned away for another version of the account.
    is_first: bool,
}

/// What was found out about an entry, and when.
#[derive(Clone)]
pub(super) struct EntryFacts {
    pub evidence: EntryEvidence,
    /// Its values, as one row of a batch.
    pub values: Option<(Arc<Batch>, usize)>,
    pub at: tokio::time::Instant,
    /// The accounts of those whom its values name, by DN.
    pub references: Arc<HashMap<String, String>>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its number.
    pub n: u32,
    /// What was to be sent.
    pub action: Action,
    /// Whose.
    pub called: String,
    /// Where it stands.
    pub state: RowState,
    /// Why, or what is worth knowing.
    pub cause: Option<String>,
    /// The account, where there is one.
    pub account: Option<String>,
    /// Nothing more can be sent at all, and why.
    pub stop: Option<String>,
    /// Fields of which the service keeps a value of its own.
    pub kept: Vec<String>,
}

/// What a row came to before it is noted.
struct End {
    state: RowState,
    cause: Option<String>,
    account: Option<String>,
    after: Option<Resource>,
    stop: Option<String>,
    learnt: Vec<Learnt>,
    outcome: Option<Outcome>,
    kept: Vec<String>,
    /// It is to be checked once more, and whether an earlier request may have arrived.
    again: Option<bool>,
}

impl End {
    fn without_request(state: RowState, cause: Option<String>) -> Self {
        End { state, cause, account: None, after: None, stop: None, learnt: Vec::new(), outcome: None, kept: Vec::new(), again: None }
    }
}

impl Bench<'_> {
    /// Takes a row to its end.
    ///
    /// # Errors
    /// Where the journal can't be written: then nothing more may be sent.
    pub async fn take(&self, item: Item) -> Result<Finished> {
        let end = self.worked(&item).await?;
        self.leave.hear(end.state, item.row.action, end.cause.as_deref(), end.stop.as_deref());
        self.noted(&item, end).await
    }

    /// Checked and sent; and checked again where that took so long, or the account changed so, that it has to be.
    async fn worked(&self, item: &Item) -> Result<End> {
        let (mut step, mut lost, mut is_first) = (item.step, item.lost_before, true);
        for _ in 0..ROUNDS {
            let round = Round { step, lost, is_first };
            let mut end = self.once(item, round).await?;
            let Some(may_have_arrived) = end.again else { return Ok(end) };
            step = end.outcome.as_ref().map_or(step, |o| o.step) + 1;
            (lost, is_first) = (lost || may_have_arrived, false);
            self.journal.note(end.outcome.take().map(Note::Outcome).into_iter().collect()).await?;
        }
        let why = "the row could not be sent on what was checked before: the service keeps us waiting, or the account keeps changing";
        let learnt = vec![Self::owed(item, why)];
        Ok(End { learnt, ..End::without_request(RowState::Failed, Some(why.to_owned())) })
    }

    async fn once(&self, item: &Item, round: Round) -> Result<End> {
        if !self.leave.given().await {
            return Ok(End::without_request(RowState::Waiting, None));
        }
        let row = &item.row;
        if let Err(not) = check::against_memory(row, &item.memory, &self.allowed) {
            return Ok(Self::refused(item, not));
        }
        if row.action == Action::Link {
            return Ok(End { learnt: self.link(item, None).into_iter().collect(), ..End::without_request(RowState::Done, None) });
        }
        let checked = async {
            let facts = self.fresh_facts(item).await?;
            let at = facts.as_ref().map_or_else(tokio::time::Instant::now, |f| f.at);
            let account = self.account(item, round).await?;
            let fields = self.fields(row, facts.as_ref())?;
            Ok((account, fields, at))
        };
        match checked.await {
            Ok((account, fields, at)) => self.sent(item, round, account, fields, at).await,
            Err(not) => Ok(Self::refused(item, not)),
        }
    }

    /// The row is not sent.
    fn refused(item: &Item, not: Not) -> End {
        match not {
            Not::Stale(what) => End::without_request(RowState::Stale, Some(what)),
            Not::Refused(cause) => End { stop: Some(cause.clone()), ..End::without_request(RowState::Waiting, Some(cause)) },
            Not::Unknown(cause) => {
                let owed = Self::owed(item, &cause);
                End { learnt: vec![owed], ..End::without_request(RowState::Failed, Some(cause)) }
            }
            Not::Needless(note) => {
                let learnt = vec![Learnt::Settled(subject(&item.row))];
                End { learnt, ..End::without_request(RowState::Done, Some(note)) }
            }
        }
    }

    /// The facts about the entry, asked for once more where they have grown old. Checked.
    async fn fresh_facts(&self, item: &Item) -> std::result::Result<Option<EntryFacts>, Not> {
        if self.is_undo || item.row.entry.is_none() {
            return Ok(None);
        }
        let facts = match &item.entry {
            Some(facts) if facts.at.elapsed() < FRESH => facts.clone(),
            _ => self
                .facts_of(std::slice::from_ref(item))
                .await
                .pop()
                .flatten()
                .ok_or_else(|| Not::Unknown("the person was not looked up".to_owned()))?,
        };
        let values = facts.values.as_ref().and_then(|(batch, at)| batch.iter().nth(*at));
        let references = |dn: &str| facts.references.get(dn).cloned();
        check::against_entry(&item.row, &facts.evidence, values, self.rules, &self.cx, &references)?;
        Ok(Some(facts))
    }

    /// The account as it is now; nothing where its version is asked for with the request itself, or where there is none yet.
    async fn account(&self, item: &Item, round: Round) -> std::result::Result<Option<Resource>, Not> {
        let row = &item.row;
        let Some(account) = &row.account else {
            return match &item.memory.account_of_entry {
                Some(gone) if row.action == Action::Create => self.still_gone(gone).await.map(|()| None),
                _ => Ok(None),
            };
        };
        if round.is_first && goes_by_version(&self.target.dialect(), self.target.has_versions(), self.rules, row) {
            return Ok(None);
        }
        let seen = {
            let _pass = self.gate.enter().await;
            self.target.account(&account.id).await
        };
        match seen {
            Seen::Found(resource) => {
                check::against_account(row, &resource, self.rules, round.lost)?;
                Ok(Some(*resource))
            }
            Seen::NotFound if row.action.is_deprovision() => Err(Not::Needless("the account is gone already".to_owned())),
            Seen::NotFound => Err(Not::Stale("the account is gone".to_owned())),
            Seen::Unknown { cause, refused: true } => Err(Not::Refused(cause)),
            Seen::Unknown { cause, .. } => Err(Not::Unknown(format!("the account could not be read: {cause}"))),
        }
    }

    /// Somebody is to get an account anew because theirs is gone: it has to be so still.
    async fn still_gone(&self, account: &str) -> std::result::Result<(), Not> {
        let seen = {
            let _pass = self.gate.enter().await;
            self.target.account(account).await
        };
        match seen {
            Seen::NotFound => Ok(()),
            Seen::Found(_) => Err(Not::Stale(format!("the account that the person is linked to is there again ({account})"))),
            Seen::Unknown { cause, refused: true } => Err(Not::Refused(cause)),
            Seen::Unknown { cause, .. } => Err(Not::Unknown(format!("the account that was gone could not be looked up: {cause}"))),
        }
    }

    /// What is sent, field by field: as it was approved, and what is masked as the rule gives it now.
    fn fields(&self, row: &Row, facts: Option<&EntryFacts>) -> std::result::Result<Vec<Set<'_>>, Not> {
        let values = facts.and_then(|f| f.values.as_ref()).and_then(|(batch, at)| batch.iter().nth(*at));
        let mut fields = Vec::with_capacity(row.changes.len());
        for change in row.changes.iter().filter(|c| c.field != ACTIVE) {
            let Some((index, rule)) = rule_of(self.rules, &change.field) else {
                return Err(Not::Stale(format!("{} is not mapped any more", change.field)));
            };
            let value = if rule.masked {
                match values.map(|values| self.rules.desired(index, values, &self.cx)) {
                    Some(Desired::Value(value)) => value,
                    Some(Desired::Clear) => Datum::Unassigned,
                    Some(Desired::Keep) | None => continue,
                    Some(Desired::Problem(problem)) => {
                        return Err(Not::Stale(format!("the rule of {} fails by now: {}", change.field, problem.message)));
                    }
                }
            } else {
                change.to.clone()
            };
            fields.push(Set { field: &rule.field, value });
        }
        Ok(fields)
    }

    async fn sent(
        &self,
        item: &Item,
        round: Round,
        account: Option<Resource>,
        fields: Vec<Set<'_>>,
        checked: tokio::time::Instant,
    ) -> Result<End> {
        let row = &item.row;
        let version = if self.target.has_versions() {
            account.as_ref().map_or_else(|| row.account.as_ref().and_then(|a| a.version.clone()), |a| a.version.clone())
        } else {
            None
        };
        let Some((kind, act, later)) = acts(&self.target.dialect(), row, &fields) else {
            return Ok(End::without_request(RowState::Done, None));
        };
        let mut way = self.way(item, &fields);
        way.lost_before = round.lost;
        way.checked = Some(checked);
        way.leave = Some(&self.leave);
        let sent = self.step(item, round.step, kind, &act, account, version, &way).await?;
        way.checked = None;
        way.leave = None;
        self.finish(item, &act, sent, &fields, later, way).await
    }

    fn way(&self, item: &Item, fields: &[Set<'_>]) -> Way<'_> {
        Way {
            target: self.target,
            rules: self.rules,
            gate: &self.gate,
            created: None,
            checked: None,
            leave: None,
            lost_before: item.lost_before,
            sought: self.sought(&item.row, fields),
        }
    }

    /// What follows from the first request: a second one, where there is something left for it, and what is remembered.
    async fn finish(
        &self,
        item: &Item,
        act: &Act<'_>,
        (delivery, outcome): (Delivery, Outcome),
        fields: &[Set<'_>],
        later: Vec<Set<'_>>,
        mut way: Way<'_>,
    ) -> Result<End> {
        let row = &item.row;
        let step = outcome.step + 1;
        let mut end = Self::after(item, act, delivery, outcome);
        if end.state != RowState::Done {
            return Ok(end);
        }
        // What did not stick on the create, and what goes by another verb than the status.
        let mut rest = later;
        if let (Action::Create, Some(after)) = (row.action, &end.after) {
            let missing = |set: &&Set<'_>| set.field.after_create && !set.value.is_unassigned();
            rest.extend(not_taken(self.rules, fields, after).into_iter().map(|(set, _)| set).filter(missing).cloned());
            way.created = Some(tokio::time::Instant::now());
        }
        if !rest.is_empty() {
            let id = end.account.clone().unwrap_or_default();
            self.journal.note(end.outcome.take().map(Note::Outcome).into_iter().collect()).await?;
            let act = Act::change(&id, rest, None);
            let (delivery, outcome) = self.step(item, step, StepKind::Fields, &act, end.after.clone(), None, &way).await?;
            let second = Self::after(item, &act, delivery, outcome);
            let made = end.after.take();
            end = End { learnt: end.learnt.into_iter().chain(second.learnt).collect(), account: end.account.or(second.account), ..second };
            if end.state != RowState::Done && row.action == Action::Create {
                // It is theirs, whatever is missing; the row is not sent again.
                if end.state == RowState::Waiting {
                    end.state = RowState::Failed;
                    end.learnt.push(Self::owed(item, end.cause.as_deref().unwrap_or("it was created, and not everything of it was sent")));
                }
                self.remember_whose(item, end.after.as_ref().or(made.as_ref()), &mut end.learnt, end.account.as_deref());
            }
        }
        if end.state == RowState::Done {
            self.remember(item, fields, &mut end);
        }
        Ok(end)
    }

    /// One request, noted before it leaves.
    #[expect(clippy::too_many_arguments, reason = "what one request is made of")]
    async fn step(
        &self,
        item: &Item,
        step: u32,
        kind: StepKind,
        act: &Act<'_>,
        account: Option<Resource>,
        version: Option<String>,
        way: &Way<'_>,
    ) -> Result<(Delivery, Outcome)> {
        let shown = act.request(&self.target.dialect(), account.as_ref(), None).map(|r| format!("{} {}", r.method.word(), r.path));
        let intent = Intent {
            run: self.run,
            n: item.frozen.n,
            step,
            kind,
            begun: clock::now_in_millis(),
            request: shown.unwrap_or_else(|| format!("change {}", act.id().unwrap_or_default())),
            before: self.image(&item.row, account.as_ref()),
        };
        self.journal.note(vec![Note::Intent(intent)]).await?;
        let delivery = way.deliver(act, account, version).await;
        let outcome = Outcome {
            run: self.run,
            n: item.frozen.n,
            step,
            ended: clock::now_in_millis(),
            result: delivery.result,
            status: delivery.status,
            cause: delivery.cause.clone(),
            request_id: delivery.request_id.clone(),
            after: delivery.after.as_ref().and_then(|after| self.image(&item.row, Some(after))),
        };
        Ok((delivery, outcome))
    }

    fn after(item: &Item, act: &Act<'_>, delivery: Delivery, outcome: Outcome) -> End {
        let account = delivery.after.as_ref().map(|a| a.id.clone()).or_else(|| act.id().map(str::to_owned));
        let cause = delivery.cause;
        let (state, stop) = match &delivery.fate {
            Fate::Done => (RowState::Done, None),
            Fate::Failed => (RowState::Failed, None),
            Fate::Stale => (RowState::Stale, None),
            Fate::Doubt => (RowState::Doubt, None),
            Fate::Stop(why) => (if delivery.is_open { RowState::Doubt } else { RowState::Waiting }, Some(why.clone())),
            Fate::Again { .. } | Fate::NotNow => (RowState::Waiting, None),
        };
        let again = if let Fate::Again { lost } = delivery.fate { Some(lost) } else { None };
        let learnt = match state {
            RowState::Failed | RowState::Doubt => vec![Self::owed(item, cause.as_deref().unwrap_or("it failed"))],
            _ => Vec::new(),
        };
        let account = account.filter(|_| matches!(state, RowState::Done | RowState::Doubt) || item.row.account.is_some());
        End { state, cause, account, after: delivery.after, stop, learnt, outcome: Some(outcome), kept: Vec::new(), again }
    }

    async fn noted(&self, item: &Item, end: End) -> Result<Finished> {
        let at: Instant = clock::now();
        let mut notes: Vec<Note> = end.outcome.into_iter().map(Note::Outcome).collect();
        // A row that is to go on later stays as it is.
        if end.state != RowState::Waiting {
            let account = end.account.as_deref().map(AccountId::new);
            notes.push(Note::End(RowEnd { run: self.run, n: item.frozen.n, state: end.state, account, learnt: end.learnt }, at));
        }
        self.journal.note(notes).await?;
        Ok(Finished {
            n: item.frozen.n,
            action: item.row.action,
            called: item.row.called().to_owned(),
            state: end.state,
            cause: end.cause,
            account: end.account,
            stop: end.stop,
            kept: end.kept,
        })
    }

    /// What a look-up by name asks for: what the account is sent, or shows.
    pub(super) fn sought(&self, row: &Row, fields: &[Set<'_>]) -> Option<Sought> {
        let of = |rule: Option<usize>| -> Option<String> {
            let name = &self.rules.rules()[rule?].field.name;
            let set = fields.iter().find(|set| set.field.name == *name)?;
            Some(set.value.plain().into_owned()).filter(|text| !text.is_empty())
        };
        let user_name = of(self.rules.user_name()).or_else(|| row.account.as_ref().and_then(|a| a.user_name.clone()));
        let key = &self.rules.rules()[self.rules.match_rule()].field.path;
        let matched = of(Some(self.rules.match_rule())).filter(|_| !key.eq_ignore_ascii_case("userName"));
        let sought = Sought { user_name, external_id: of(self.rules.external_id()), matched: matched.map(|value| (key.clone(), value)) };
        (sought != Sought::default()).then_some(sought)
    }
}

/// Whom something is owed to: the entry's id, else the account's.
pub(super) fn subject(row: &Row) -> String {
    let entry = row.entry.as_ref().map(|e| e.id.clone());
    entry.or_else(|| row.account.as_ref().map(|a| a.id.clone())).unwrap_or_default()
}
