//! What follows: the situation, what would be sent, by which policy, and what it waits for.

use super::facts::Facts;
use super::{Line, Said};
use crate::config::RemoveAction;
use crate::identity::value::Datum;
use crate::model::{Action, EntryEvidence, Reason, Situation};
use crate::plan::Row;
use crate::text::{count, cut};

/// Fields that are told one by one.
const FIELDS: usize = 20;

/// Step 5.
pub(super) fn so(facts: &Facts) -> Vec<Line> {
    let Some(row) = &facts.row else {
        return vec![Line::new("not in scope here, and no account is linked to this person: nothing would be sent")];
    };
    let reason = row.reason.filter(|r| *r != Reason::FirstSeen).map(|r| format!(" ({})", why(facts, r))).unwrap_or_default();
    let action = match row.action {
        Action::None => "nothing would be sent".to_owned(),
        Action::Link => "the pair is remembered with the next run; nothing is sent".to_owned(),
        other => format!("{}{}", other.code(), by_policy(facts, row)),
    };
    let mut lines = vec![Line::new(format!("{}{reason} → {action}", row.situation.words()))];
    if let Some(would_be) = row.would_be {
        lines.push(Line::new(format!("else it would be {}", would_be.words())));
    }
    lines.extend(changes(row));
    for problem in &row.problems {
        // Most messages name the field themselves.
        let field = problem.field.as_ref().filter(|f| !problem.message.starts_with(f.as_str()));
        let field = field.map(|f| format!("{f}: ")).unwrap_or_default();
        lines.push(Line::said(format!("{field}{}", problem.message), Said::Bad("problem")));
    }
    lines.extend(waits(facts, row));
    if let Some(failure) = &row.last_failure {
        lines.push(Line::said(format!("the last time it failed: {failure}"), Said::Bad("failed")));
    }
    lines
}

fn by_policy(facts: &Facts, row: &Row) -> String {
    match (row.situation, row.action) {
        (Situation::Leaving, Action::Disable) if facts.policy.remove_action == RemoveAction::Delete => {
            ", because the pair was never linked: only a linked account is deleted".to_owned()
        }
        (Situation::Leaving, Action::Disable | Action::Delete) => {
            format!(", by the policy (remove_action = \"{}\")", row.action.code())
        }
        (Situation::New, Action::Create) if row.reason == Some(Reason::Disabled) => {
            ", inactive, by the policy (provision_disabled)".to_owned()
        }
        _ => String::new(),
    }
}

fn changes(row: &Row) -> Vec<Line> {
    let shown = |value: &Datum| if value.is_unassigned() { "nothing".to_owned() } else { cut(&value.plain(), 60).into_owned() };
    let is_create = row.action == Action::Create;
    let told = row.changes.iter().filter(|c| !(is_create && c.to.is_unassigned()));
    let mut lines: Vec<Line> = told
        .clone()
        .take(FIELDS)
        .map(|c| {
            let from = if is_create { String::new() } else { format!("{} → ", shown(&c.from)) };
            Line::new(format!("{}: {from}{}", c.field, shown(&c.to)))
        })
        .collect();
    let more = told.count().saturating_sub(FIELDS);
    if more > 0 {
        lines.push(Line::new(format!("and {} more fields", count(more))));
    }
    lines
}

/// What keeps it from being sent.
fn waits(facts: &Facts, row: &Row) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(hold) = &row.hold {
        lines.push(Line::said(format!("{} (since {})", hold.words(), &hold.since.rfc3339()[..10]), Said::Bad("held")));
        return lines;
    }
    match row.action {
        Action::None if matches!(row.situation, Situation::InSync | Situation::Left | Situation::Skipped) => {}
        Action::None => lines.extend(next(row).map(Line::new)),
        Action::Link => {}
        _ if facts.approved => lines.push(Line::said("approved: it goes with the next run", Said::Good("approved"))),
        _ => lines.push(Line::said("it waits for an approval", Said::Open("waits"))),
    }
    if let (true, Some(most)) = (row.action.is_deprovision(), facts.limits.removals) {
        let (said, why) = if facts.limits.leaving > most {
            (Said::Bad("limit"), "a run with all of them is refused")
        } else {
            (Said::Good("ok"), "that is within the limit")
        };
        let text = format!("limit: {} may lose access in one run, {} would: {why}", count(most), count(facts.limits.leaving));
        lines.push(Line::said(text, said));
    }
    lines
}

/// What somebody can do where nothing would be sent.
fn next(row: &Row) -> Option<&'static str> {
    Some(match (row.situation, row.reason) {
        (Situation::Blocked, _) => "nothing is sent while that is so; read again once it is mended",
        (Situation::Ambiguous, _) => "a person has to say who belongs to whom: link them by hand",
        (Situation::Invalid, _) => "mend the rule, or the person in the directory",
        (Situation::Unmatched, Some(Reason::OtherChannel)) => "this channel leaves it alone",
        (Situation::Unmatched, _) => "it is left alone until somebody links it, holds it, or removes it by hand",
        _ => return None,
    })
}

/// Why, as precisely as the clauses tell.
fn why(facts: &Facts, reason: Reason) -> &'static str {
    let Some(EntryEvidence::Found { verdicts, .. }) = facts.whereabouts().filter(|_| reason == Reason::OutOfScope) else {
        return reason.words();
    };
    match (verdicts.base, verdicts.filter, verdicts.group) {
        (Some(false), _, _) => "moved out of the base",
        (_, Some(false), _) => "does not match the filter any more",
        (_, _, Some(false)) => "left the group",
        _ => reason.words(),
    }
}

/// What would go over the wire.
pub(super) fn requests(facts: &Facts) -> Vec<Line> {
    let mut lines = Vec::new();
    for request in &facts.requests {
        lines.push(Line::new(format!("{} {}", request.method, request.url)));
        lines.extend(request.note.map(|note| Line::new(format!("# {note}"))));
        lines.extend(request.body.as_ref().map(|body| Line::new(body.to_string())));
    }
    lines
}
