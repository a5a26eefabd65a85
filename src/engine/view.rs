//! Which users a list shows, in which order: filter, search and sort over subjects.

use crate::model::{Action, ProblemCode, Reason, Situation, Subject};
use std::sync::Arc;

/// Who is shown: everybody that every given part agrees to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In this situation.
    pub situation: Option<Situation>,
    /// For whom this is proposed.
    pub action: Option<Action>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// For whom this field differs, by the place of its rule.
    pub field: Option<usize>,
    /// With this kind of problem.
    pub problem: Option<ProblemCode>,
    /// Only who needs a look or gets an action: not in sync, left or skipped without action.
    pub only_open: bool,
}

impl Filter {
    /// True if it lets everybody pass.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Filter::default()
    }
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// People in the order in which the directory gave them, then accounts of nobody's: nothing has to be moved.
    #[default]
    Arrival,
    /// The user name.
    UserName,
    /// The name of the person.
    Name,
    /// The situation, those first that need a person most.
    Situation,
    /// The action.
    Action,
}

impl SortBy {
    /// Every order.
    pub const ALL: [SortBy; 5] = [SortBy::Arrival, SortBy::UserName, SortBy::Name, SortBy::Situation, SortBy::Action];

    /// The word on a screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            SortBy::Arrival => "as read",
            SortBy::UserName => "user",
            SortBy::Name => "name",
            SortBy::Situation => "situation",
            SortBy::Action => "action",
        }
    }
}

/// What a list is asked to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spec {
    /// Who.
    pub filter: Filter,
    /// Words that each of them must show somewhere, in any letter case, and terms: `title:chief`, `situation:leaving`,
    /// `action:create`, `reason:deleted`, `problem:invalid`, `differs:title`, `dn:`, `id:`, each with `-` in front for the others.
    pub search: String,
    /// The order.
    pub sort: SortBy,
    /// The other way round.
    pub descending: bool,
}

/// The users that a list shows, in order.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What was asked.
    pub spec: Spec,
    /// The snapshot that it was made from.
    pub generation: u64,
    /// Everybody, in order. While `complete` is false these are the first ones.
    pub rows: Arc<Vec<Subject>>,
    /// False for a first screen that is shown while the rest is still being found.
    pub complete: bool,
    /// What was searched for that nobody could have.
    pub wrong: Option<String>,
}

impl View {
    /// The place of a user in the list. `near` is where it was: looked at first.
    #[must_use]
    pub fn place(&self, subject: Subject, near: usize) -> Option<usize> {
        if self.rows.get(near) == Some(&subject) {
            return Some(near);
        }
        if self.spec.sort == SortBy::Arrival && !self.spec.descending {
            return self.rows.binary_search(&subject).ok();
        }
        self.rows.iter().position(|s| *s == subject)
    }
}
