//! Why a user is where they are: the steps that led to a row, in the order in which they were taken, in an operator's words.
//!
//! Pure: facts go in, steps come out; whoever gathers the facts is the engine. Both faces show the same lines. What must stay
//! true: nothing is said that was not read or remembered; what is only being asked is said to be; and what a later look-up
//! found never changes the verdict that it is shown beside.

mod directory;
pub mod doctor;
mod facts;
pub mod history;
mod owner;
mod pair;
mod status;
mod verdict;

pub use facts::{Answer, Bond, Facts, Found, Key, Limits, Linked, Looked, Might, Owner, Read, Request, Shown, Tie, Whose};
pub use history::{Event, Past, events};

use crate::model::Situation;
use crate::plan::Row;
use serde::{Serialize, Serializer};

/// The format of the document.
pub const FORMAT: &str = "rosterm-explain/1";

/// Why a user is where they are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// The channel.
    pub channel: String,
    /// The question that is answered. Not cleaned.
    pub title: String,
    /// The row as a plan would have it; nothing for somebody who is in no plan.
    pub row: Option<Row>,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its number; nothing for what only belongs to it.
    pub number: Option<u8>,
    /// What it is about, in a word.
    pub about: &'static str,
    /// What there is to say.
    pub lines: Vec<Line>,
}

/// One thing that is said. Nothing in it is cleaned: it quotes names, DNs and servers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What.
    pub text: String,
    /// What that means for the step.
    pub verdict: Said,
}

/// What a line means, in a word beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It only tells.
    Nothing,
    /// It is so, in this word.
    Good(&'static str),
    /// It is what somebody is stopped by, in this word.
    Bad(&'static str),
    /// It is not known.
    Open(&'static str),
}

impl Said {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Said::Nothing => "",
            Said::Good(word) | Said::Bad(word) | Said::Open(word) => word,
        }
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Said::Nothing => serializer.serialize_none(),
            said => serializer.serialize_str(&said.word().to_lowercase()),
        }
    }
}

impl Line {
    fn new(text: impl Into<String>) -> Self {
        Line { text: text.into(), verdict: Said::Nothing }
    }

    fn said(text: impl Into<String>, verdict: Said) -> Self {
        Line { text: text.into(), verdict }
    }
}

/// The steps that led to a row.
#[must_use]
pub fn explain(facts: &Facts) -> Explanation {
    let numbered = |number, about, lines| Step { number: Some(number), about, lines };
    let plain = |about, lines| Step { number: None, about, lines };
    let mut steps = vec![
        numbered(1, "directory", directory::found(facts)),
        numbered(2, "scope", directory::scope(facts)),
        numbered(3, "status", status::status(facts)),
        numbered(4, "match", pair::pair(facts)),
        numbered(5, "so", verdict::so(facts)),
        plain("might be", pair::might_be(facts)),
        plain("history", history::history(facts)),
        plain("request", verdict::requests(facts)),
    ];
    steps.retain(|step| !step.lines.is_empty());
    Explanation { format: FORMAT, channel: facts.channel.clone(), title: title(facts), row: facts.row.clone(), steps }
}

fn title(facts: &Facts) -> String {
    let Some(row) = &facts.row else { return format!("Why is {} not here?", facts.called) };
    let called = row.called();
    match row.situation {
        Situation::Left => format!("Why has {called} left?"),
        other => format!("Why is {called} {}?", other.words()),
    }
}

impl Explanation {
    /// Everything in plain lines, for a terminal or the clipboard: cleaned, what a line means in front of it, where nothing that
    /// is long moves it.
    #[must_use]
    pub fn plain(&self) -> Vec<String> {
        let mut lines = vec![crate::text::clean(&self.title).into_owned()];
        for step in &self.steps {
            for (i, line) in step.lines.iter().enumerate() {
                let label = if i == 0 { step.label() } else { String::new() };
                let (word, text) = (line.verdict.word(), crate::text::clean(&line.text));
                lines.push(format!("{label:<13} {word:<11} {text}").trim_end().to_owned());
            }
        }
        lines
    }
}

impl Step {
    /// Its number and what it is about.
    #[must_use]
    pub fn label(&self) -> String {
        self.number.map_or_else(|| format!("  {}", self.about), |n| format!("{n} {}", self.about))
    }
}
