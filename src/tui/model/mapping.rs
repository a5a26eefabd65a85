//! The rules as they are edited: what is kept but in no file, and what is being typed.

use super::Model;
use crate::clock::Instant;
use crate::config::{RuleEdit, RuleText};
use crate::engine::coverage::Coverage;
use crate::engine::draft::{Draft, Tried};
use crate::engine::moves::Moves;
use crate::engine::snapshot::{Facets, Snapshot};
use crate::mapping::Rule;
use crate::model::Subject;
use crate::model::field::Field as ServiceField;
use crate::tui::pane::mapping::Page;
use crate::tui::widget::field::Field;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rule that is not as in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct Edit {
    /// As it was; nothing for a field without a rule.
    pub was: Option<RuleText>,
    /// As it is; nothing for a rule that is taken away.
    pub now: Option<RuleText>,
}

/// What is typed of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum Part {
    /// The expression.
    Value,
    /// What is sent where that gives nothing.
    Default,
}

/// A rule that is being typed.
#[derive(Debug, Clone)]
pub(in crate::tui) struct Typing {
    /// Its field, as the mapping calls it.
    pub rule: String,
    pub part: Part,
    pub field: Field,
    /// As in the configuration.
    pub was: Option<RuleText>,
    /// What was in effect before, to go back to.
    pub before: Option<RuleText>,
    /// Enter was pressed, and the answer to the last key, or a reading that it needs, is not there yet.
    pub closing: bool,
    /// Enter meant more: to save it.
    pub to_save: bool,
}

impl Typing {
    /// The rule with what is typed in it.
    pub fn now(&self) -> RuleText {
        let mut rule = self.before.clone().or_else(|| self.was.clone()).unwrap_or_default();
        let typed = self.field.text();
        match self.part {
            Part::Value => rule.value = (!typed.trim().is_empty()).then(|| typed.to_owned()),
            Part::Default => rule.default = (!typed.is_empty()).then(|| typed.to_owned()),
        }
        rule
    }

    /// True where a field was chosen and nothing is said about it yet.
    pub fn is_blank(&self) -> bool {
        self.was.is_none() && self.now().is_empty()
    }
}

/// The rules, and where one is in them.
#[derive(Clone, Default)]
pub(in crate::tui) struct Mapping {
    /// The marked line: a rule, or behind them the fields that have none.
    pub at: usize,
    pub top: usize,
    /// What was kept, by the field of the rule.
    pub edits: BTreeMap<String, Edit>,
    /// What is being written into the file.
    pub saving: BTreeMap<String, Edit>,
    /// Fields that have a rule here and none in the file, in the order in which they were chosen.
    pub added: Vec<String>,
    pub typing: Option<Typing>,
    /// The last draft that was asked about, and the last one that was answered.
    pub asked: u64,
    pub answered: u64,
    pub told: Option<Tried>,
    pub page: Page,
    /// For how many people the rules have a value, and by which readings that was counted last.
    pub coverage: Option<Arc<Coverage>>,
    pub covered: (Option<Instant>, Option<Instant>, u64),
    /// The last snapshot by the rules as they are configured, while it is of the present readings.
    pub configured: Option<Arc<Snapshot>>,
    /// From which situation everybody moves to which since then, and what was asked last: both generations.
    pub moves: Option<Arc<Moves>>,
    pub compared: (u64, u64),
    /// What everybody was in before the rule that is typed was touched.
    pub before: Option<Facets>,
    /// And before the first of the rules that are not as in the file was; nothing where that was by another location or policy.
    pub base: Option<Facets>,
}

impl Mapping {
    /// True if what is in effect is, or may be, something else than what the configuration says.
    pub fn is_edited(&self) -> bool {
        self.typing.is_some() || !self.edits.is_empty() || self.asked != self.answered
    }

    /// What was kept is in the file: what was kept beyond that since then is an edit of what is there now.
    pub fn saved(&mut self) {
        for (field, saved) in std::mem::take(&mut self.saving) {
            if let Some(typing) = self.typing.as_mut().filter(|t| t.rule == field) {
                typing.was.clone_from(&saved.now);
            }
            let now = self.edits.remove(&field).map_or(saved.was, |edit| edit.now);
            let is_typed = self.typing.as_ref().is_some_and(|t| t.rule == field);
            if saved.now.is_none() {
                // Whoever took it back meanwhile has a rule for a field that has none.
                self.added.retain(|added| *added != field);
                if now.is_some() || is_typed {
                    self.added.push(field.clone());
                }
            }
            if now != saved.now {
                self.edits.insert(field, Edit { was: saved.now, now });
            }
        }
    }

    /// Every rule that is not as in the configuration, those that are new last, in the order in which they were chosen.
    pub fn changes(edits: &BTreeMap<String, Edit>, added: &[String]) -> Vec<(String, RuleEdit)> {
        let place = |field: &String| added.iter().position(|a| a == field).map_or(0, |at| at + 1);
        let change = |edit: &Edit| edit.now.clone().map_or(RuleEdit::Remove, RuleEdit::Write);
        let mut changes: Vec<(String, RuleEdit)> = edits.iter().map(|(field, edit)| (field.clone(), change(edit))).collect();
        changes.sort_by_key(|(field, _)| place(field));
        changes
    }

    /// Everything that is not as in the configuration, what is being typed included.
    pub fn draft(&mut self, seen: Vec<Subject>) -> Draft {
        self.asked += 1;
        let mut edits = self.edits.clone();
        if let Some(typing) = &self.typing {
            let now = Some(typing.now());
            if now == typing.was || typing.is_blank() {
                edits.remove(&typing.rule);
            } else {
                edits.insert(typing.rule.clone(), Edit { was: typing.was.clone(), now });
            }
        }
        Draft { number: self.asked, edits: Self::changes(&edits, &self.added), seen }
    }
}

impl Model {
    /// The fields that have a rule, as the mapping calls them: those of the file in its order, and then those that are new.
    pub(in crate::tui) fn rules(&self) -> Vec<&str> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let configured = snapshot.configured();
        let mut rules: Vec<&str> = configured.iter().map(|rule| rule.field.value.as_str()).collect();
        rules.extend(self.mapping.added.iter().map(String::as_str).filter(|added| !configured.iter().any(|rule| rule.is_for(added))));
        rules
    }

    /// The field of the marked rule.
    pub(in crate::tui) fn marked_rule(&self) -> Option<&str> {
        self.rules().get(self.mapping.at).copied()
    }

    /// A rule as it is in the configuration.
    pub(in crate::tui) fn configured_rule(&self, field: &str) -> Option<RuleText> {
        self.snapshot.as_ref()?.configured().iter().find(|rule| rule.is_for(field)).map(RuleText::of)
    }

    /// A rule as it was kept; nothing for one that is taken away.
    pub(in crate::tui) fn kept_rule(&self, field: &str) -> Option<RuleText> {
        self.mapping.edits.get(field).map_or_else(|| self.configured_rule(field), |edit| edit.now.clone())
    }

    /// A rule as it is in effect, with its place.
    pub(in crate::tui) fn rule_in_effect(&self, field: &str) -> Option<(usize, &Rule)> {
        let rules = self.snapshot.as_ref()?.picture().rules().rules();
        let is_it = |rule: &Rule| rule.field.name.eq_ignore_ascii_case(field) || rule.field.path.eq_ignore_ascii_case(field);
        rules.iter().enumerate().find(|(_, rule)| is_it(rule))
    }

    /// True if values of a field are never shown.
    pub(in crate::tui) fn is_masked(&self, field: &str) -> bool {
        let rule = self.rule_in_effect(field).is_some_and(|(_, rule)| rule.masked);
        let configured = self.snapshot.as_ref().and_then(|s| s.configured().iter().find(|rule| rule.is_for(field)));
        rule || configured.is_some_and(|rule| rule.masked) || self.offered(field).is_some_and(|field| field.write_only)
    }

    /// What the service's field is that a rule is for.
    pub(in crate::tui) fn offered(&self, field: &str) -> Option<&ServiceField> {
        let offered = self.snapshot.as_ref()?.picture().offered();
        offered.iter().find(|f| f.name.eq_ignore_ascii_case(field) || f.path.eq_ignore_ascii_case(field))
    }

    /// The service's fields that have no rule.
    pub(in crate::tui) fn unmapped(&self) -> Vec<&ServiceField> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let rules = self.rules();
        let is_mapped = |field: &ServiceField| {
            rules.iter().any(|rule| rule.eq_ignore_ascii_case(&field.name) || rule.eq_ignore_ascii_case(&field.path))
        };
        snapshot.picture().offered().iter().filter(|field| !is_mapped(field)).collect()
    }
}
