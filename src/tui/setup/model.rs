//! What the first screen knows: what was answered and found, what is asked now, what is typed and marked.

use crate::engine::setup::{self, Ask, Choice, Draft, Found, Preview, Question};
use crate::identity::value::key_form;
use crate::model::step::{Step, StepVerdict};
use crate::tui::theme::Theme;
use crate::tui::widget::field::{Field, typed_address, typed_secret};
use std::path::PathBuf;

/// Everything that the first screen knows.
pub struct Model {
    /// What things look like.
    pub theme: Theme,
    /// Where the configuration will be.
    pub path: PathBuf,
    /// What was answered.
    pub draft: Draft,
    /// What was found.
    pub found: Found,
    /// What is asked now.
    pub ask: Ask,
    /// The same in words.
    pub question: Question,
    /// What is typed.
    pub field: Field,
    /// The marked line of what there is to choose.
    pub at: usize,
    /// The line that is marked while nothing is typed.
    pub untyped: usize,
    /// The first visible line of it, or of the file.
    pub top: usize,
    /// Lines of it that were visible in the last frame.
    pub height: usize,
    /// The number of what is tried; nothing if nothing is.
    pub testing: Option<u64>,
    /// The number of what was tried last.
    pub number: u64,
    /// What came of what was tried, by what was asked before.
    pub told: Vec<(Ask, Vec<Step>)>,
    /// Why the answer did not do, and what to do.
    pub wrong: Option<String>,
    /// Something to know.
    pub notice: Option<String>,
    /// What the rule that is typed gives, or what is wrong with it.
    pub preview: Option<Result<Preview, String>>,
    /// The lines of the file that would be written.
    pub file: Vec<String>,
    /// The file is being written.
    pub writing: bool,
}

/// A line to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// One of what was found.
    Of(Choice),
    /// No answer, and what that means.
    Nothing(&'static str),
    /// What is typed.
    Typed,
    /// Look for it in the directory.
    Seek,
}

impl Model {
    /// Asks the first question, about a file at this path.
    #[must_use]
    pub fn new(theme: Theme, path: PathBuf, name: Option<&str>) -> Self {
        let draft = Draft { name: name.unwrap_or_default().to_owned(), ..Draft::default() };
        let mut model = Model {
            theme,
            path,
            draft,
            found: Found::default(),
            ask: Ask::Kind,
            question: Question::default(),
            field: Field::default(),
            at: 0,
            untyped: 0,
            top: 0,
            height: 0,
            testing: None,
            number: 0,
            told: Vec::new(),
            wrong: None,
            notice: None,
            preview: None,
            file: Vec::new(),
            writing: false,
        };
        model.put(Ask::Kind);
        model
    }

    /// Asks something, with its usual answer typed or marked.
    pub(super) fn put(&mut self, ask: Ask) {
        self.ask = ask;
        self.question = setup::question(ask, &self.draft, &self.found);
        let has_choices = !self.question.choices.is_empty();
        self.field = if has_choices { Field::default() } else { Field::of(&self.question.usual) };
        self.wrong = None;
        self.top = 0;
        self.mark_usual();
        self.look();
        if ask == Ask::File {
            let text = crate::config::create::whole(&self.path, &self.text());
            self.file = text.lines().map(|l| l.trim_end().to_owned()).collect();
        }
    }

    /// Marks the usual answer.
    pub(super) fn mark_usual(&mut self) {
        let usual = &self.question.usual;
        let is_it = |line: &Line| match line {
            Line::Of(choice) => choice.value == *usual && !usual.is_empty(),
            Line::Nothing(_) => usual.is_empty(),
            Line::Typed | Line::Seek => false,
        };
        let at = self.lines().iter().position(is_it);
        // What was typed before and is nowhere in the list.
        if at.is_none() && !usual.is_empty() && !self.question.choices.is_empty() {
            self.field = Field::of(usual);
        }
        self.at = at.unwrap_or(0);
        self.untyped = self.at;
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        setup::text(&self.draft, &self.found)
    }

    /// What is typed, as it may be seen.
    #[must_use]
    pub fn shown(&self) -> Field {
        match self.ask {
            _ if self.question.is_secret => typed_secret(&self.field),
            // A text in quotes may well be an address.
            Ask::Rule(_) => self.field.clone(),
            ask => typed_address(&self.field, setup::is_address(ask, &self.draft)),
        }
    }

    /// Tries the rule that is typed on the people who were looked at.
    pub(super) fn look(&mut self) {
        self.preview = None;
        let Ask::Rule(i) = self.ask else { return };
        let typed = self.field.text().trim();
        let (Some(rule), Ok(connector)) = (self.draft.rules.get(i), self.draft.connector()) else { return };
        if !typed.is_empty() {
            let seen = setup::preview(typed, &rule.field, &connector, &self.found.samples);
            self.preview = Some(seen.map_err(|e| e.message().to_owned()));
        }
    }

    /// What there is to choose, as far as it has what is typed in it.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        if self.question.choices.is_empty() {
            return Vec::new();
        }
        let text = key_form(self.field.text()).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let fits = |choice: &&Choice| {
            let all = key_form(&format!("{} {}", choice.value, choice.about)).into_owned();
            words.iter().all(|w| all.contains(w))
        };
        let mut lines: Vec<Line> = Vec::new();
        lines.extend(self.question.empty.filter(|_| words.is_empty()).map(Line::Nothing));
        lines.extend(self.question.choices.iter().filter(fits).cloned().map(Line::Of));
        let typed = self.field.text().trim();
        let is_there = self.question.choices.iter().any(|c| c.value == typed);
        if !typed.is_empty() && !is_there {
            lines.push(if self.ask == Ask::Group && !typed.contains('=') { Line::Seek } else { Line::Typed });
        }
        lines
    }

    /// What was answered, in the order in which it was asked.
    #[must_use]
    pub fn answered(&self) -> Vec<(Ask, String, String)> {
        let asks = setup::asks(&self.draft, &self.found);
        let before = asks.into_iter().take_while(|a| *a != self.ask);
        before
            .map(|ask| {
                let question = setup::question(ask, &self.draft, &self.found);
                let answer = if question.usual.is_empty() { question.empty.unwrap_or("").to_owned() } else { question.usual };
                (ask, question.title, answer)
            })
            .collect()
    }

    /// What came of trying an answer.
    #[must_use]
    pub fn steps(&self, ask: Ask) -> &[Step] {
        self.told.iter().find(|(a, _)| *a == ask).map_or(&[], |(_, steps)| steps)
    }

    /// The worst of it.
    #[must_use]
    pub fn verdict(&self, ask: Ask) -> StepVerdict {
        let steps = self.steps(ask).iter().map(|s| s.verdict);
        steps.reduce(crate::engine::check::worse).unwrap_or(StepVerdict::Good)
    }

    /// The question before the one that is asked now.
    #[must_use]
    pub fn before(&self) -> Option<Ask> {
        self.answered().last().map(|(ask, ..)| *ask)
    }
}
