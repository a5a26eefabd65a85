//! A mapping that is tried out: what is typed, as it stands, is compiled where the store is, and the newest text wins.
//!
//! A draft names every rule that is not as in the configuration, so that whichever one comes through says everything: those
//! that it overtook are never looked at.

use super::ends::compile_over;
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::identity::AttributeName;
use crate::identity::population::Schema;
use crate::mapping::Rules;
use crate::model::Subject;
use std::sync::{Mutex, PoisonError};

/// Other expressions for some rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Grows with each draft: the answer has it too.
    pub number: u64,
    /// The place of each rule that is not as in the configuration, and its expression; none for the mapping as it is there.
    pub edits: Vec<(usize, String)>,
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
    /// True if some expression is not as it is configured.
    pub(super) fn differs_from(&self, channel: &Channel) -> bool {
        self.edits.iter().any(|(place, text)| {
            channel.mapping.get(*place).is_some_and(|rule| rule.value.as_ref().is_none_or(|configured| configured.value != *text))
        })
    }

    /// The rules, over the columns that were read.
    pub(super) fn compile(&self, channel: &Channel, schema: Schema) -> Result<Rules> {
        let mut channel = channel.clone();
        for (place, text) in &self.edits {
            let Some(rule) = channel.mapping.get_mut(*place) else { continue };
            let at = rule.value.take().unwrap_or_else(|| rule.field.clone());
            rule.value = Some(at.map(|_| text.clone()));
        }
        Ok(compile_over(&channel, schema)?.1)
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
