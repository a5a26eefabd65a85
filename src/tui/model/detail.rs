//! Where one is in the details, and what was learnt about who is shown there.

use crate::engine::Named;
use crate::engine::why::{Learnt, Part};
use crate::explain::Event;
use crate::model::Subject;

/// A page of the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sheet {
    /// Both sides, field by field.
    #[default]
    Fields,
    /// What would go over the wire.
    Requests,
    /// What was done before.
    History,
}

impl Sheet {
    /// Every page, in its order.
    pub const ALL: [Sheet; 3] = [Sheet::Fields, Sheet::Requests, Sheet::History];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sheet::Fields => "Fields",
            Sheet::Requests => "Requests",
            Sheet::History => "History",
        }
    }

    /// The page behind it; the first one after the last.
    #[must_use]
    pub fn next(self) -> Sheet {
        let at = Sheet::ALL.iter().position(|s| *s == self).unwrap_or(0);
        Sheet::ALL[(at + 1) % Sheet::ALL.len()]
    }

    /// The page before it; nothing before the first one.
    #[must_use]
    pub fn before(self) -> Option<Sheet> {
        let at = Sheet::ALL.iter().position(|s| *s == self).unwrap_or(0);
        at.checked_sub(1).map(|at| Sheet::ALL[at])
    }
}

/// Where one is in the details.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct DetailAt {
    /// The page.
    pub sheet: Sheet,
    /// The field that is explained, by name: it stays while one goes from user to user.
    pub field: Option<String>,
    /// By how many lines what is said is scrolled.
    pub scroll: usize,
    /// The marked field has moved last: it must be visible.
    pub follow: bool,
    /// About whom it was asked what was done before, by the numbering that they have their number in; nothing where it is to be
    /// asked once more.
    pub asked: Option<(u64, Subject)>,
    /// The same by ids that stay.
    of: Option<Named>,
    past: Option<Result<Vec<Event>, String>>,
}

impl DetailAt {
    /// It is being asked what was done about a user. What is known of the same one stays until the answer is there.
    pub fn ask(&mut self, asked: (u64, Subject), of: Named) {
        self.asked = Some(asked);
        if self.of.as_ref() != Some(&of) {
            self.past = None;
            self.of = Some(of);
        }
    }

    /// Takes in what was asked for; what is about somebody else is left.
    pub fn learn(&mut self, learnt: &Learnt) {
        if let (true, Part::Past(past)) = (self.of.as_ref() == Some(&learnt.of), &learnt.part) {
            self.past = Some(past.clone());
        }
    }

    /// What was done about a user before, or why that can't be told; nothing while it is being asked.
    pub fn past(&self, era: u64, subject: Subject) -> Option<&Result<Vec<Event>, String>> {
        let is_theirs = self.asked.is_none_or(|asked| asked == (era, subject));
        self.past.as_ref().filter(|_| is_theirs)
    }
}
