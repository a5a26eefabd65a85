//! Something is about to happen: what, in plain words, and what has to be typed or pressed for it.
//!
//! What must stay true: whoever would lose access is counted by the operator, not by a habit of pressing Enter; and what can't
//! be done is shown with its reason and has no way on.

use crate::engine::{Seen, Who};
use crate::identity::{AccountId, EntryId};
use crate::model::{Hold, HoldOn};
use crate::plan::guard::Lifted;
use crate::tui::theme::Role;
use crate::tui::widget::field::Field;
use crate::tui::widget::ink::{Ink, cells};
use crate::tui::widget::page::{Line, plain, wrap};
use ratatui::layout::Rect;
use std::path::PathBuf;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The title of the box.
    pub title: String,
    /// What is about to happen, in sentences. Not cleaned.
    pub words: Vec<(Role, String)>,
    /// What goes on with it.
    pub answer: Answer,
    /// What is done then.
    pub then: Then,
    /// What can be done instead: by this key, which answers nothing else.
    pub instead: Option<(char, &'static str, Then)>,
    /// What is typed.
    pub field: Field,
    /// What was typed did not do.
    pub wrong: Option<String>,
    /// The first visible line.
    pub top: usize,
}

/// What goes on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Enter, or y.
    Yes,
    /// This number, typed, and Enter.
    Number(usize),
    /// This number, typed, and Enter: it lifts a limit.
    Lift(usize),
    /// Any text, and Enter.
    Text(&'static str),
    /// Nothing: it can only be closed.
    Nothing,
}

/// What is done once it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// They are approved, as far as they still come to what they came to when they were weighed.
    Approve(Who, Seen),
    /// What was proposed is sent, by its number.
    Send(u64),
    /// What was proposed is looked at with limits lifted.
    Lift(u64, Lifted),
    /// What was proposed is played on a copy of the service.
    Rehearse(u64),
    /// The interrupted run is finished.
    Resume,
    /// A hold is set on those who were seen, for the reason that was typed.
    Hold(Vec<Vec<HoldOn>>, String, Seen),
    /// These two are linked by hand, or parted.
    Pair {
        /// The person.
        entry: EntryId,
        /// The account.
        account: AccountId,
        /// Linked; else parted.
        linked: bool,
        /// What they were seen in.
        seen: Seen,
    },
    /// The rules that were kept are written into the configuration file.
    SaveMapping,
    /// The clauses that were kept are written there.
    Relocate,
    /// This configuration file is gone by as it is now, if the channel in it has this fingerprint.
    Reload(PathBuf, String),
    /// The screens are closed.
    End,
    /// They are left for the list of channels.
    Channels,
    /// Nothing.
    Close,
}

impl Question {
    /// A question without anything typed.
    #[must_use]
    pub fn new(title: &str, words: Vec<(Role, String)>, answer: Answer, then: Then) -> Self {
        Question { title: title.to_owned(), words, answer, then, instead: None, field: Field::default(), wrong: None, top: 0 }
    }

    /// True if something is typed.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        matches!(self.answer, Answer::Number(_) | Answer::Lift(_) | Answer::Text(_))
    }

    /// Whether what is typed is an answer.
    ///
    /// # Errors
    /// What is missing.
    pub fn answered(&self) -> Result<(), String> {
        let typed = self.field.text().trim();
        if let Some(wrong) = self.field.wrong() {
            return Err(wrong);
        }
        match self.answer {
            Answer::Yes => Ok(()),
            Answer::Number(n) | Answer::Lift(n) if typed == n.to_string() => Ok(()),
            Answer::Lift(n) if typed.is_empty() => Err(format!("type {n} to lift the limit, or go back")),
            Answer::Number(n) if typed.is_empty() => Err(format!("type {n} first: so many lose access or get it back by this")),
            Answer::Number(n) | Answer::Lift(n) => Err(format!("{typed} is not {n}")),
            Answer::Text(_) if !typed.is_empty() => match self.then {
                Then::Hold(..) => Hold::parted(typed).map(|_| ()).map_err(str::to_owned),
                _ => Ok(()),
            },
            Answer::Text(what) => Err(format!("type {what} first")),
            Answer::Nothing => Err("there is nothing to confirm".to_owned()),
        }
    }

    fn foot(&self) -> String {
        let foot = match self.answer {
            Answer::Nothing => "esc closes",
            Answer::Yes => "enter does it · esc back",
            Answer::Number(_) | Answer::Lift(_) | Answer::Text(_) => "type, then enter · esc back",
        };
        let instead = self.instead.as_ref().map(|(key, what, _)| format!("{key} {what} · ")).unwrap_or_default();
        format!("{instead}{foot}")
    }

    pub(super) fn lines(&self, room: usize) -> Vec<Line> {
        let wrapped = |(role, text): &(Role, String)| wrap(text, room).into_iter().map(|l| plain(*role, l)).collect::<Vec<_>>();
        self.words.iter().flat_map(wrapped).collect()
    }

    /// Lines below the words: what is typed, and what was wrong with it.
    fn below(&self) -> u16 {
        2 * u16::from(self.is_typed()) + u16::from(self.wrong.is_some())
    }

    /// Where the box is.
    fn place(&self, area: Rect) -> Rect {
        let width = area.width.saturating_sub(4).min(90);
        let lines = self.lines(usize::from(width.saturating_sub(4))).len();
        let height = cells(lines).saturating_add(2 + self.below()).min(area.height.saturating_sub(2));
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
    }

    pub(super) fn settle(&mut self, area: Rect) {
        let place = self.place(area);
        let lines = self.lines(usize::from(place.width.saturating_sub(4))).len();
        self.top = self.top.min(lines.saturating_sub(usize::from(place.height.saturating_sub(2 + self.below()))));
    }

    pub(super) fn draw(&self, ink: &mut Ink<'_>, area: Rect, scroll: &str) -> Option<(u16, u16)> {
        let inside = ink.frame(self.place(area), &self.title, &self.foot());
        let lines = self.lines(usize::from(inside.width));
        let below = self.below().min(inside.height);
        let words = Rect { height: inside.height - below, ..inside };
        crate::tui::widget::page::draw_by(ink, words, &lines, self.top, scroll);
        let mut y = words.bottom();
        let mut cursor = None;
        if self.is_typed() {
            let prompt = match self.answer {
                Answer::Number(n) => format!("Type {n} to confirm: "),
                Answer::Lift(n) => format!("Type {n} to lift this limit for this run alone: "),
                Answer::Text(what) => format!("Type {what}: "),
                Answer::Yes | Answer::Nothing => String::new(),
            };
            y += 1;
            let used = ink.put(inside.x, y, inside.width, &prompt, Role::Strong);
            let room = Rect { x: inside.x + used, y, width: inside.width.saturating_sub(used), height: 1 };
            cursor = Some((self.field.draw(ink, room), y));
            y += 1;
        }
        if let Some(wrong) = &self.wrong {
            ink.put(inside.x, y, inside.width, wrong, Role::Warn);
        }
        cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_typed_exactly_and_a_reason_is_not_empty() {
        for (answer, typed, good) in [
            (Answer::Yes, "", true),
            (Answer::Number(3), "", false),
            (Answer::Number(3), "2", false),
            (Answer::Number(3), "33", false),
            (Answer::Number(3), " 3 ", true),
            (Answer::Lift(30), "", false),
            (Answer::Lift(30), "3", false),
            (Answer::Lift(30), "30", true),
            (Answer::Text("a reason"), "  ", false),
            (Answer::Text("a reason"), "x", true),
            (Answer::Nothing, "yes", false),
        ] {
            let question = Question { field: Field::of(typed), ..Question::new("", Vec::new(), answer, Then::Close) };
            assert_eq!(question.answered().is_ok(), good, "{answer:?} {typed}");
        }
    }

    #[test]
    fn a_reason_that_names_an_end_names_a_day() {
        for (typed, good) in [
            ("on leave", true),
            ("on leave until 2027-01-31", true),
            ("on leave UNTIL 2027-01-31", true),
            ("untilled land", true),
            ("x until tomorrow", false),
            ("x Until tomorrow", false),
            ("x until 31.1.2027", false),
            ("x until 2027-02-30", false),
            ("x until: 2027-01-31", false),
            ("x until", false),
            ("until", false),
            ("until 2027-01-31", false),
            ("until 2027-01-31 he is on leave", false),
            ("\u{130}\u{130} until \u{130}", false),
        ] {
            let answered = Hold::parted(typed);
            assert_eq!(answered.is_ok(), good, "{typed}");
            assert!(answered.err().is_none_or(|why| why.contains("2027-01-31") && why.len() <= 72), "{typed}");
        }
    }
}
