//! The rules as they are edited: what is kept but in no file, and what is being typed.

use crate::engine::draft::{Draft, Tried};
use crate::model::Subject;
use crate::tui::pane::mapping::Page;
use crate::tui::widget::field::Field;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Enter was pressed, and the answer to the last key is not there yet.
    pub closing: bool,
}

/// The rules, and where one is in them.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Mapping {
    /// The marked rule.
    pub at: usize,
    pub top: usize,
    /// What was kept, by the place of the rule.
    pub edits: BTreeMap<usize, Edit>,
    /// What of it is in the file by now, and what is being written there.
    pub saved: BTreeMap<usize, Edit>,
    pub saving: BTreeMap<usize, Edit>,
    pub typing: Option<Typing>,
    /// The last draft that was asked about, and the last one that was answered.
    pub asked: u64,
    pub answered: u64,
    pub told: Option<Tried>,
    pub page: Page,
}

impl Mapping {
    /// True if what is in effect is, or may be, something else than what the configuration says.
    pub fn is_edited(&self) -> bool {
        self.typing.is_some() || !self.edits.is_empty() || !self.saved.is_empty() || self.asked != self.answered
    }

    /// True if the file says something else than what was kept.
    pub fn is_unsaved(&self) -> bool {
        self.edits != self.saved
    }

    /// Every rule that would be another one in the file, with its expression there and the new one.
    pub fn to_save(&self) -> Vec<(usize, String, String)> {
        let places: BTreeSet<usize> = self.edits.keys().chain(self.saved.keys()).copied().collect();
        let text = |place: usize| {
            let (now, there) = (self.edits.get(&place), self.saved.get(&place));
            let was = &now.or(there)?.was;
            Some((place, there.map_or(was, |e| &e.now).clone(), now.map_or(was, |e| &e.now).clone()))
        };
        places.into_iter().filter_map(text).filter(|(_, there, now)| there != now).collect()
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
