//! What was done about a user before: decisions by hand, and what runs did.

use super::facts::Facts;
use super::{Line, Said};
use crate::clock::Instant;
use crate::journal::Decision;
use crate::journal::run::{FrozenRow, RowState, Run};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What, by whom. Not cleaned.
    pub text: String,
    /// It went wrong.
    pub is_bad: bool,
}

/// A row of an earlier run.
#[derive(Debug, Clone)]
pub struct Past {
    /// The run.
    pub run: Run,
    /// The row.
    pub row: FrozenRow,
    /// Why it was not done, or what is worth knowing.
    pub cause: Option<String>,
}

/// What was done, the last first.
#[must_use]
pub fn events(rows: &[Past], decisions: &[Decision]) -> Vec<Event> {
    let of_run = |past: &Past| {
        let state = past.row.state;
        let cause = past.cause.as_ref().map(|c| format!(": {c}")).unwrap_or_default();
        let (action, author, run) = (past.row.action.code(), &past.run.what.author, past.run.id);
        Event {
            at: past.run.what.started,
            text: format!("{action} by {author}, run {run}: {}{cause}", state.words()),
            is_bad: !matches!(state, RowState::Done | RowState::Waiting),
        }
    };
    let by_hand = |d: &Decision| {
        let verb = if d.linked { "linked with" } else { "unlinked from" };
        Event { at: d.at, text: format!("person {} {verb} account {} by {}, by hand", d.entry, d.account, d.author), is_bad: false }
    };
    let mut events: Vec<Event> = rows.iter().map(of_run).chain(decisions.iter().map(by_hand)).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events
}

/// What is said about it.
pub(super) fn history(facts: &Facts) -> Vec<Line> {
    if facts.row.is_none() {
        return Vec::new();
    }
    let line = |event: &Event| {
        let text = format!("{}  {}", super::directory::moment(event.at), event.text);
        Line::said(text, if event.is_bad { Said::Bad("not done") } else { Said::Nothing })
    };
    match &facts.past {
        None => vec![Line::said("looking into the journal …", Said::Open("asked"))],
        Some(Err(why)) => vec![Line::said(format!("the journal can't be read: {why}"), Said::Open("not known"))],
        Some(Ok(past)) if past.is_empty() => vec![Line::new("nothing was sent for this user before")],
        Some(Ok(past)) => past.iter().map(line).collect(),
    }
}
