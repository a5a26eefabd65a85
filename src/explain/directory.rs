//! Where the entry is, and which clauses of the source location it meets.

use super::facts::{Facts, Looked};
use super::{Line, Said};
use crate::clock::Instant;
use crate::config::Scope;
use crate::model::{EntryEvidence, Reason, SideState};
use crate::source::status::time;
use crate::text::count;

/// Step 1: was the entry found, and can the read be believed.
pub(super) fn found(facts: &Facts) -> Vec<Line> {
    let mut lines = Vec::new();
    let id = facts.row.as_ref().and_then(|r| r.entry.as_ref()).map(|e| e.id.as_str());
    match (&facts.read, id) {
        (Some(read), _) => lines.push(Line::said(format!("in the last read: {}", read.dn), Said::Good("ok"))),
        (None, Some(id)) => match facts.whereabouts() {
            Some(EntryEvidence::Found { dn, .. }) => lines.push(Line::said(format!("found by its id: {dn}"), Said::Good("ok"))),
            Some(EntryEvidence::NotFound { base }) => {
                lines.push(Line::said(format!("not found by its id {id} anywhere under {base} that this reader can see"), Said::Bad("NO")));
            }
            Some(EntryEvidence::Unknown { cause }) => {
                lines.push(Line::said(format!("could not be looked up by its id {id}: {cause}"), Said::Open("not known")));
            }
            None => lines.push(Line::said(format!("not in the last read; its id is {id}"), Said::Bad("NO"))),
        },
        (None, None) if facts.row.is_some() => lines.push(Line::said("nobody in the last read has this account", Said::Bad("nobody"))),
        (None, None) => lines.push(match facts.whereabouts() {
            Some(EntryEvidence::Found { dn, .. }) => Line::said(format!("found: {dn}"), Said::Good("ok")),
            _ => Line::said("not found", Said::Bad("NO")),
        }),
    }
    lines.extend(answer(facts));
    lines.push(read(facts));
    lines
}

/// What the directory says by now.
fn answer(facts: &Facts) -> Option<Line> {
    match &facts.looked {
        Looked::Not => None,
        Looked::Asking => Some(Line::said("asking the directory …", Said::Open("asked"))),
        Looked::Failed(why) => Some(Line::said(format!("the directory can't be asked: {why}"), Said::Open("not known"))),
        Looked::Answer(answer) => {
            let at = moment(answer.at);
            match (&answer.evidence, &facts.read) {
                (EntryEvidence::Unknown { cause }, _) => {
                    Some(Line::said(format!("asked {at}: could not be looked up: {cause}"), Said::Open("not known")))
                }
                (EntryEvidence::NotFound { base }, Some(_)) => {
                    Some(Line::said(format!("asked {at}: not found anywhere under {base} by now; read again"), Said::Bad("gone since")))
                }
                (EntryEvidence::NotFound { .. }, None) => Some(Line::new(format!("asked {at}"))),
                (EntryEvidence::Found { dn, .. }, read) => {
                    let moved = read.as_ref().filter(|read| read.dn != *dn).map(|_| format!(", by now at {dn}")).unwrap_or_default();
                    let changed = answer.changed.as_ref().map(|c| format!(", last changed {}", time(c).map_or_else(|| c.clone(), moment)));
                    Some(Line::new(format!("asked {at}{moved}{}", changed.unwrap_or_default())))
                }
            }
        }
    }
}

fn read(facts: &Facts) -> Line {
    let people = if facts.counts.0 == 1 { "1 person".to_owned() } else { format!("{} people", count(facts.counts.0)) };
    match &facts.sides.0 {
        SideState::Reading => Line::said("the directory is still being read: nothing rests on who is not in it", Said::Open("reading")),
        SideState::Ended(end) => match end.cause() {
            None => Line::said(format!("the read was complete: {people} in scope"), Said::Good("ok")),
            Some(why) => Line::said(
                format!("the read was INCOMPLETE after {people}: {}. {}", why.cause.words(), why.detail),
                Said::Bad("INCOMPLETE"),
            ),
        },
    }
}

/// Step 2: each clause with its own verdict.
pub(super) fn scope(facts: &Facts) -> Vec<Line> {
    let location = &facts.location;
    let below = if location.scope == Scope::OneLevel { "directly under" } else { "under" };
    let base = (!facts.is_table).then(|| format!("{below} {}", location.base_dn.value));
    let own = location.filter.as_ref().map(|f| f.value.clone());
    let filter = own.or_else(|| Some(facts.settings.user_filter.clone()).filter(|f| f != "(&)"));
    let nested = if location.nested_groups { "directly or nested" } else { "directly" };
    let group = location.group_dn.as_ref().map(|g| format!("member of {}, {nested}", g.value));
    let verdicts = match facts.whereabouts() {
        Some(EntryEvidence::Found { verdicts, .. }) => Some(*verdicts),
        _ => None,
    };
    let is_read = facts.read.is_some() && verdicts.is_none();
    let nobody = facts.read.is_none() && facts.row.as_ref().is_some_and(|r| r.entry.is_none());
    let gone = matches!(facts.whereabouts(), Some(EntryEvidence::NotFound { .. }));
    let said = |holds: Option<bool>| match holds {
        Some(true) => Said::Good("yes"),
        Some(false) => Said::Bad("NO"),
        None if is_read => Said::Good("yes"),
        None if nobody || gone => Said::Open("nobody"),
        None => Said::Open("not known"),
    };
    let clauses =
        [(base, verdicts.and_then(|v| v.base)), (filter, verdicts.and_then(|v| v.filter)), (group, verdicts.and_then(|v| v.group))];
    let mut lines: Vec<Line> = clauses.into_iter().filter_map(|(text, holds)| text.map(|text| Line::said(text, said(holds)))).collect();
    if lines.is_empty() {
        lines.push(Line::said("every line of the table", said(None)));
    }
    let in_scope = verdicts.map(crate::model::Verdicts::in_scope);
    if facts.read.is_none() && in_scope == Some(true) && facts.bond.other_channel.is_none() {
        lines.push(Line::said("in scope by now, and not in the last read: read again", Said::Bad("moved")));
    }
    if let (Some(channel), true) = (&facts.bond.other_channel, facts.read.is_none()) {
        lines.push(Line::said(format!("in the scope of channel {channel}"), Said::Good("yes")));
    }
    if facts.row.as_ref().is_some_and(|r| r.reason == Some(Reason::SourceEmpty)) {
        lines.push(Line::said("nobody at all is in scope: look at the clauses before anything else", Said::Bad("empty")));
    }
    lines
}

/// A moment to the minute, UTC.
pub(super) fn moment(at: Instant) -> String {
    let text = at.rfc3339();
    text.get(..16).map_or_else(|| text.clone(), |t| format!("{} UTC", t.replace('T', " ")))
}
