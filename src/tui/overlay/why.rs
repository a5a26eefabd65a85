//! Why a user is where they are: the steps, as far as they are known; what is asked for fills in as it comes.

use crate::engine::why::{Learnt, Part};
use crate::engine::{Named, Snapshot};
use crate::explain::{Event, Explanation, Looked, Might, Whose, explain};
use crate::model::Subject;
use crate::telemetry::redacted;
use crate::tui::action::Verb;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Role;
use crate::tui::widget::ink::cells;
use crate::tui::widget::page::Line;
use crate::tui::widget::said;
use ratatui::layout::Rect;

/// An explanation that is shown.
#[derive(Debug, Clone)]
pub struct Why {
    /// Whose, by ids that stay when everybody gets another number.
    pub named: Named,
    /// Their number now; nothing for somebody who has no row any more.
    pub subject: Option<Subject>,
    looked: Option<Looked>,
    whose: Option<Whose>,
    past: Option<Result<Vec<Event>, String>>,
    near: Option<Vec<Might>>,
    /// What is told; nothing before the first frame.
    pub told: Option<Explanation>,
    /// What it was made from: the snapshot, and whether it is approved.
    of: Option<(u64, bool)>,
    /// The first visible line.
    pub top: usize,
}

impl Why {
    /// Of a user whom nothing was asked about yet.
    #[must_use]
    pub fn new(named: Named, subject: Subject) -> Self {
        Why { named, subject: Some(subject), looked: None, whose: None, past: None, near: None, told: None, of: None, top: 0 }
    }

    /// Takes a part in that came later.
    pub fn learn(&mut self, learnt: Learnt) {
        if learnt.of != self.named {
            return;
        }
        match learnt.part {
            Part::Looked(looked) => self.looked = Some(looked),
            Part::Whose(whose) => self.whose = Some(whose),
            Part::Past(past) => self.past = Some(past),
            Part::Near(near) => self.near = Some(near),
        }
        self.of = None;
    }

    /// Brings what is told up to date with a snapshot.
    pub fn settle(&mut self, snapshot: &Snapshot, approved: bool) {
        if self.of == Some((snapshot.generation(), approved)) {
            return;
        }
        self.of = Some((snapshot.generation(), approved));
        self.subject = snapshot.subject_of(&self.named);
        let Some(user) = self.subject.and_then(|subject| snapshot.picture().user_of(subject)) else { return };
        let mut facts = snapshot.picture().facts(&user);
        facts.approved = approved;
        if let Some(looked) = &self.looked {
            facts.looked = looked.clone();
        }
        if let Some(whose) = self.whose.clone().filter(|_| facts.whose != Whose::Not) {
            facts.whose = whose;
        }
        (facts.past, facts.near) = (self.past.clone(), self.near.clone());
        self.told = Some(explain(&facts));
    }

    /// The question, for the box.
    #[must_use]
    pub fn title(&self) -> &str {
        self.told.as_ref().map_or("Why", |told| &told.title)
    }

    /// The keys that work.
    #[must_use]
    pub fn foot(keymap: &Keymap) -> String {
        let key = |verb, what: &str| format!("{} {what}", keymap.key(verb));
        [
            key(Verb::Approve, "approve"),
            key(Verb::Hold, "hold"),
            key(Verb::Link, "link"),
            key(Verb::Copy, "copy"),
            key(Verb::Close, "closes"),
        ]
        .join(" · ")
    }

    /// Everything as text, for the clipboard.
    #[must_use]
    pub fn plain(&self) -> String {
        self.told.as_ref().map_or_else(String::new, |told| told.plain().iter().map(|l| redacted(l) + "\n").collect())
    }
}

/// What stands before the text.
const LABEL: usize = 14;

/// Where the box is: as wide as a long DN, where there is room.
#[must_use]
pub fn place(area: Rect, lines: usize) -> Rect {
    let width = area.width.saturating_sub(4).min(130);
    let most = area.height.saturating_sub(2);
    let height = cells(lines.saturating_add(2)).clamp(8.min(most), most);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// How many cells a line has in a box over this area.
#[must_use]
pub fn room(area: Rect) -> usize {
    usize::from(place(area, 1).width.saturating_sub(4))
}

/// The lines, wrapped beside their labels, each verdict at the right of its first line.
#[must_use]
pub fn lines(why: &Why, room: usize) -> Vec<Line> {
    let Some(told) = &why.told else { return Vec::new() };
    let mut lines = Vec::new();
    if why.subject.is_none() {
        lines.push(vec![(Role::Warn, "this user has no row any more: what follows is how it was".into())]);
    }
    for step in &told.steps {
        // What would be sent is copied more often than read: it may use the whole line.
        let word = if step.about == "request" { 0 } else { said::WORD };
        said::put(&mut lines, &step.lines, (&step.label(), LABEL), word, room);
    }
    lines
}
