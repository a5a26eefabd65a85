//! A mapping that is tried out: what is typed, as it stands, is compiled where the store is, and the newest text wins.
//!
//! A draft names every rule that is not as in the configuration, so that whichever one comes through says everything: those
//! that it overtook are never looked at.
//!
//! Fields stand in the order of the file, and behind them those that were read beside it because somebody maps them here. A field
//! whose rule is taken away stays in its place, with a rule that manages nothing: places mean the same until it is saved.

use super::ends::compile_over;
use crate::config::{Channel, RuleConfig, RuleEdit, RuleText};
use crate::error::{Error, Result};
use crate::identity::AttributeName;
use crate::identity::population::Schema;
use crate::mapping::Rules;
use crate::model::Subject;
use crate::target::Connector;
use std::sync::{Mutex, PoisonError};

/// Other rules for some fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Grows with each draft: the answer has it too.
    pub number: u64,
    /// The field of each rule that is not as in the configuration, as the mapping calls it, and what becomes of the rule; none for
    /// the mapping as it is there.
    pub edits: Vec<(String, RuleEdit)>,
    /// Who is looked at, and is brought up to date first.
    pub seen: Vec<Subject>,
}

/// What came of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It is in effect.
    Works,
    /// It names attributes that were not read: what was in effect stays.
    Unread(Vec<AttributeName>),
    /// It fills fields that were not read of the accounts: what was in effect stays. None are named where a reading by the
    /// configuration as it is now is awaited.
    Unlisted(Vec<String>),
    /// It is no mapping: what was in effect stays.
    Wrong {
        /// What is wrong. Not cleaned.
        message: String,
        /// What to do about it. Not cleaned.
        hint: Option<String>,
        /// Where in the expression, from 1.
        column: Option<usize>,
    },
}

impl Tried {
    pub(super) fn wrong(error: &Error) -> Self {
        Tried::Wrong {
            message: error.message().to_owned(),
            hint: error.hint_text().map(str::to_owned),
            column: error.marked().map(|e| e.start + 1),
        }
    }
}

impl Draft {
    /// True if some rule is not as it is configured.
    pub(super) fn differs_from(&self, channel: &Channel) -> bool {
        self.edits.iter().any(|(field, edit)| match (channel.mapping.iter().find(|rule| rule.is_for(field)), edit) {
            (Some(rule), RuleEdit::Write(text)) => RuleText::of(rule) != *text,
            (rule, RuleEdit::Remove) => rule.is_some(),
            (None, RuleEdit::Write(_)) => true,
        })
    }

    /// Fields that have a rule by this draft, and none by the configuration or another draft.
    pub(super) fn added_beyond(&self, channel: &Channel, other: Option<&Draft>) -> Vec<String> {
        let has = |draft: &Draft, field: &str| draft.edits.iter().any(|(f, e)| f == field && matches!(e, RuleEdit::Write(_)));
        let is_new = |field: &str| !channel.mapping.iter().any(|rule| rule.is_for(field)) && !other.is_some_and(|o| has(o, field));
        self.edits.iter().map(|(field, _)| field).filter(|field| has(self, field) && is_new(field)).cloned().collect()
    }

    /// The rules, over the attributes and the fields that were read; or the fields that were not. What is wrong with a rule is
    /// told before anything is read for it.
    pub(super) fn compile(
        &self,
        channel: &Channel,
        schema: Schema,
        fields: &[AttributeName],
    ) -> Result<std::result::Result<Rules, Vec<String>>> {
        let mut channel = channel.clone();
        let configured = channel.mapping.len();
        let mut added = Vec::new();
        for (field, edit) in &self.edits {
            match (channel.mapping.iter_mut().find(|rule| rule.is_for(field)), edit) {
                (Some(rule), RuleEdit::Write(text)) => rule.put(text),
                (Some(rule), RuleEdit::Remove) => *rule = RuleConfig { field: rule.field.clone(), ..RuleConfig::unmanaged(field) },
                (None, RuleEdit::Write(text)) => added.push(RuleConfig::new(field, text)),
                (None, RuleEdit::Remove) => {}
            }
        }
        let mut unlisted = Vec::new();
        if !added.is_empty() {
            let connector = Connector::load(&channel.target.connector, &channel.target.folder)?;
            let behind = fields.get(configured..).unwrap_or_default();
            let mut places: Vec<Option<RuleConfig>> = vec![None; behind.len()];
            for rule in added {
                let name = &rule.field.value;
                let path = connector.field(name).map_err(|hint| Error::usage(format!("there is no field {name}")).hint(hint))?.path;
                if let Some(place) = behind.iter().position(|f| f.as_str().eq_ignore_ascii_case(&path)) {
                    places[place] = Some(rule);
                } else {
                    unlisted.push(rule);
                }
            }
            places.truncate(places.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
            let rules = places.into_iter().zip(behind);
            channel.mapping.extend(rules.map(|(rule, field)| rule.unwrap_or_else(|| RuleConfig::unmanaged(field.as_str()))));
        }
        let names: Vec<String> = unlisted.iter().map(|rule| rule.field.value.clone()).collect();
        channel.mapping.extend(unlisted);
        let rules = compile_over(&channel, schema)?.1;
        Ok(if names.is_empty() { Ok(rules) } else { Err(names) })
    }
}

/// The draft that waits to be tried: a newer one takes its place.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Option<Draft>>);

impl Waiting {
    pub(super) fn set(&self, draft: Draft) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(draft);
    }

    pub(super) fn take(&self) -> Option<Draft> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
