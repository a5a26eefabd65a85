//! What is done for a row at another time: after an interruption, and at the end of a run.

use super::super::act::{Act, acts};
use super::super::check::rule_of;
use super::super::deliver::{Delivery, Fate, not_taken};
use super::{Bench, End, Finished, Item};
use crate::clock;
use crate::error::{Error, Result};
use crate::identity::value::Datum;
use crate::journal::Note;
use crate::journal::run::{Intent, Outcome, RowState, StepKind, StepResult};
use crate::mapping::Desired;
use crate::model::field::FieldKind;
use crate::model::{Action, Problem, ProblemCode};
use crate::target::{Resource, Set};

impl Bench<'_> {
    /// A request of this row may have arrived before the run was interrupted: did it? Nothing where it is known that it did not,
    /// and the row is to be sent.
    ///
    /// # Errors
    /// Where the journal can't be written.
    pub(in crate::apply) async fn settle(&self, item: &Item, intent: &Intent, may_send: bool) -> Result<Option<Finished>> {
        let facts = if item.row.changes.iter().any(|c| rule_of(self.rules, &c.field).is_some_and(|(_, rule)| rule.masked)) {
            self.facts_of(std::slice::from_ref(item)).await.pop().flatten()
        } else {
            None
        };
        let fields = self.fields(&item.row, facts.as_ref()).unwrap_or_default();
        let Some((_, act, later)) = acts(&self.target.dialect(), &item.row, &fields) else { return Ok(None) };
        let way = self.way(item, &fields);
        // Of an account that was created the fields may be what was under way.
        let whole = match &act {
            Act::Change { id, active, .. } => Act::change(id, fields.clone(), *active),
            other => other.clone(),
        };
        let Some(delivery) = way.look_into(&whole).await else {
            let outcome = Outcome {
                run: self.run,
                n: intent.n,
                step: intent.step,
                ended: clock::now_in_millis(),
                result: StepResult::Unsent,
                status: None,
                cause: Some("the run was interrupted; the whole of it did not take effect".to_owned()),
                request_id: None,
                after: None,
            };
            self.journal.note(vec![Note::Outcome(outcome)]).await?;
            return Ok(None);
        };
        if let Fate::Stop(why) = &delivery.fate {
            return Err(Error::failure(format!("it cannot be told what came of run {}: {why}", self.run)));
        }
        let later = if delivery.fate == Fate::Done { Vec::new() } else { later };
        if !may_send && self.is_unfinished(item, &fields, &delivery) {
            // What is left of it is sent by whoever may send.
            return Ok(None);
        }
        let outcome = Outcome {
            run: self.run,
            n: intent.n,
            step: intent.step,
            ended: clock::now_in_millis(),
            result: delivery.result,
            status: delivery.status,
            cause: delivery.cause.clone(),
            request_id: None,
            after: delivery.after.as_ref().and_then(|after| self.image(&item.row, Some(after))),
        };
        let end = self.finish(item, &whole, (delivery, outcome), &fields, later, way).await?;
        self.noted(item, end).await.map(Some)
    }

    /// True for an account that was made and does not show everything yet that is sent once more afterwards.
    pub(in crate::apply) fn is_unfinished(&self, item: &Item, fields: &[Set<'_>], delivery: &Delivery) -> bool {
        let missing = |after: &Resource| not_taken(self.rules, fields, after).iter().any(|(set, _)| set.field.after_create);
        item.row.action == Action::Create && delivery.fate == Fate::Done && delivery.after.as_ref().is_some_and(missing)
    }

    /// The people whom a row names have accounts by now that this run has made: says so to the service.
    ///
    /// # Errors
    /// Where the journal can't be written.
    pub(in crate::apply) async fn set_references(&self, item: &Item) -> Result<Option<Finished>> {
        let Some(facts) = self.facts_of(std::slice::from_ref(item)).await.pop().flatten() else { return Ok(None) };
        let Some(values) = facts.values.as_ref().and_then(|(batch, at)| batch.iter().nth(*at)) else { return Ok(None) };
        let Some(account) = item.frozen.account.clone() else { return Ok(None) };
        let open: Vec<usize> = (0..self.rules.rules().len())
            .filter(|i| {
                let rule = &self.rules.rules()[*i];
                let is_open = |p: &Problem| p.code == ProblemCode::Unresolved && p.field.as_ref() == Some(&rule.field.name);
                rule.field.kind == FieldKind::Reference && !rule.create_only && item.row.problems.iter().any(is_open)
            })
            .collect();
        let mut wanted = Vec::new();
        for index in open {
            if let Desired::Value(dn) = self.rules.desired(index, values, &self.cx) {
                wanted.push((index, dn.plain().into_owned()));
            }
        }
        let dns: Vec<String> = wanted.iter().map(|(_, dn)| dn.clone()).collect();
        let accounts = {
            let mut source = self.source.lock().await;
            self.accounts_of(&dns, &mut source).await
        };
        let is_ours = |id: &String| self.made.lock().is_ok_and(|made| made.values().any(|made| made == id));
        let fields: Vec<Set<'_>> = wanted
            .iter()
            .filter_map(|(index, dn)| {
                let id = accounts.get(dn).filter(|id| is_ours(id))?;
                Some(Set { field: &self.rules.rules()[*index].field, value: Datum::Text(id.clone()) })
            })
            .collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let act = Act::change(account.as_str(), fields, None);
        let mut way = self.way(item, act.fields());
        way.created = (item.row.action == Action::Create).then(tokio::time::Instant::now);
        let (delivery, outcome) = self.step(item, item.step, StepKind::Fields, &act, None, None, &way).await?;
        let end = Self::after(item, &act, delivery, outcome);
        let learnt = end.learnt.clone();
        let state = if end.state == RowState::Waiting { RowState::Failed } else { end.state };
        let end = End { state, learnt, ..end };
        self.noted(item, end).await.map(Some)
    }
}
