//! The rules as they are edited: what is kept but in no file, and what is being typed.

use crate::clock::Instant;
use crate::engine::coverage::Coverage;
use crate::engine::draft::{Draft, Tried};
use crate::engine::snapshot::Facets;
use crate::model::Subject;
use crate::tui::pane::mapping::Page;
use crate::tui::widget::field::Field;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An expression that is not as in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct Edit {
    pub was: String,
    pub now: String,
}

/// An expression that is being typed.
#[derive(Debug, Clone)]
pub(in crate::tui) struct Typing {
    /// The place of its rule.
    pub rule: usize,
    pub field: Field,
    /// As in the configuration.
    pub was: String,
    /// What was in effect before, to go back to.
    pub before: String,
    /// Enter was pressed, and the answer to the last key, or a reading that it needs, is not there yet.
    pub closing: bool,
    /// Enter meant more: to save it.
    pub to_save: bool,
}

/// The rules, and where one is in them.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Mapping {
    /// The marked rule.
    pub at: usize,
    pub top: usize,
    /// What was kept, by the place of the rule.
    pub edits: BTreeMap<usize, Edit>,
    /// What is being written into the file.
    pub saving: BTreeMap<usize, Edit>,
    pub typing: Option<Typing>,
    /// The last draft that was asked about, and the last one that was answered.
    pub asked: u64,
    pub answered: u64,
    pub told: Option<Tried>,
    pub page: Page,
    /// For how many people the rules have a value, and by which readings that was counted last.
    pub coverage: Option<Arc<Coverage>>,
    pub covered: (Option<Instant>, Option<Instant>, u64),
    /// What everybody was in before the rule that is typed was touched.
    pub before: Option<Facets>,
    /// And before the first of the rules that are not as in the file was.
    pub base: Option<Facets>,
}

impl Mapping {
    /// True if what is in effect is, or may be, something else than what the configuration says.
    pub fn is_edited(&self) -> bool {
        self.typing.is_some() || !self.edits.is_empty() || self.asked != self.answered
    }

    /// What was kept is in the file: what was kept beyond that since then is an edit of what is there now.
    pub fn saved(&mut self) {
        for (place, saved) in std::mem::take(&mut self.saving) {
            if let Some(typing) = self.typing.as_mut().filter(|t| t.rule == place) {
                typing.was.clone_from(&saved.now);
            }
            let now = self.edits.remove(&place).map_or(saved.was, |edit| edit.now);
            if now != saved.now {
                self.edits.insert(place, Edit { was: saved.now, now });
            }
        }
    }

    /// Everything that is not as in the configuration, what is being typed included.
    pub fn draft(&mut self, seen: Vec<Subject>) -> Draft {
        self.asked += 1;
        let mut edits: BTreeMap<usize, String> = self.edits.iter().map(|(rule, edit)| (*rule, edit.now.clone())).collect();
        if let Some(typing) = &self.typing {
            if typing.field.text() == typing.was {
                edits.remove(&typing.rule);
            } else {
                edits.insert(typing.rule, typing.field.text().to_owned());
            }
        }
        Draft { number: self.asked, edits: edits.into_iter().collect(), seen }
    }
}
