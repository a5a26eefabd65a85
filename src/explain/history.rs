//! What was done about a user before: decisions by hand, and what runs did.

use super::facts::Facts;
use super::{Line, Said};
use crate::clock::Instant;
use crate::journal::Decision;
use crate::journal::run::{FrozenRow, RowState, Run};
use crate::model::Action;
use crate::text::count;

/// So much is told of what was done before.
pub const MOST: usize = 20;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What, by whom. Not cleaned.
    pub text: String,
    /// It went wrong.
    pub is_bad: bool,
    /// What was sent, and by whom it was begun; nothing of what was not, or was decided by hand.
    pub sent: Option<(Action, String)>,
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
            sent: (state == RowState::Done).then(|| (past.row.action, author.clone())),
        }
    };
    let by_hand = |d: &Decision| {
        let verb = if d.linked { "linked with" } else { "unlinked from" };
        Event {
            at: d.at,
            text: format!("person {} {verb} account {} by {}, by hand", d.entry, d.account, d.author),
            is_bad: false,
            sent: None,
        }
    };
    let mut events: Vec<Event> = rows.iter().map(of_run).chain(decisions.iter().map(by_hand)).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events
}

/// What is said about it.
pub(super) fn history(facts: &Facts) -> Vec<Line> {
    if facts.row.is_none() { Vec::new() } else { told(facts.past.as_ref()) }
}

/// What is said about what was done before; nothing where that is being looked for.
#[must_use]
pub fn told(past: Option<&Result<Vec<Event>, String>>) -> Vec<Line> {
    let line = |event: &Event| {
        let text = format!("{}  {}", super::directory::moment(event.at), event.text);
        Line::said(text, if event.is_bad { Said::Bad("not done") } else { Said::Nothing })
    };
    match past {
        None => vec![Line::said("looking into the journal …", Said::Open("asked"))],
        Some(Err(why)) => vec![Line::said(format!("the journal can't be read: {why}"), Said::Open("not known"))],
        Some(Ok(past)) if past.is_empty() => vec![Line::new("nothing was sent for this user before")],
        Some(Ok(past)) => past.iter().map(line).collect(),
    }
}

/// What was done in a few words: what was sent last, and how much else there is; nothing where nothing was done.
#[must_use]
pub fn in_short(past: &[Event]) -> Option<String> {
    let n = past.len();
    let entries = match n {
        0 => return None,
        1 => "1 entry in history".to_owned(),
        _ if n >= MOST => format!("at least {} entries in history", count(n)),
        _ => format!("{} entries in history", count(n)),
    };
    let last = past.iter().find_map(|event| event.sent.as_ref().map(|sent| (event.at, sent)));
    Some(match last {
        Some((at, (action, author))) => format!("last {} by {author}, {} · {entries}", action.code(), &at.rfc3339()[..10]),
        None => entries,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_last_is_told_in_short_and_what_failed_or_was_decided_is_counted() {
        let event = |sent: Option<(Action, &str)>| Event {
            at: Instant(86_400),
            text: "something".into(),
            is_bad: sent.is_none(),
            sent: sent.map(|(action, author)| (action, author.to_owned())),
        };
        let update = event(Some((Action::Update, "op")));
        for (past, short) in [
            (vec![], None),
            (vec![event(None)], Some("1 entry in history")),
            (
                vec![event(None), update.clone(), event(Some((Action::Create, "ann")))],
                Some("last update by op, 1970-01-02 · 3 entries in history"),
            ),
            (vec![update; MOST], Some("last update by op, 1970-01-02 · at least 20 entries in history")),
        ] {
            assert_eq!(in_short(&past).as_deref(), short);
        }
    }
}
