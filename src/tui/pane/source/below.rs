//! What is said below the clauses: what is typed, who would enter and leave by it, which clause removes everybody; then the marked
//! clause whole, where it comes from, and when it was counted.

use super::Entry;
use crate::config::Clause;
use crate::config::secret::typed::TYPED;
use crate::engine::Running;
use crate::engine::location::{Counts, Judged, Preview, Previewed};
use crate::telemetry::redacted;
use crate::text::{count, width};
use crate::tui::action::Verb;
use crate::tui::model::{Model, Pane};
use crate::tui::overlay::relocate::{deleted, more_deletions, not_used, removals, rows, unprotected};
use crate::tui::theme::Role;
use crate::tui::widget::page::{Line, labelled};

/// The lines; where a clause is typed the first one is left for it.
pub(super) fn lines(model: &Model, marked: Option<&Entry>, room: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(typing) = &model.source.typing {
        lines.push(Vec::new());
        match &typing.wrong {
            Some(wrong) => {
                let place = wrong.column.map(|c| format!("column {c}: ")).unwrap_or_default();
                labelled(&mut lines, "wrong", room, Role::Bad, &redacted(&format!("{place}{}", wrong.message)));
            }
            None => labelled(&mut lines, "", room, Role::Quiet, &then_enter(typing.clause)),
        }
    }
    preview(&mut lines, model, room);
    let nobody = model.snapshot.as_ref().is_some_and(|s| s.source().state.is_complete() && s.source().users == 0);
    if nobody && model.source.edits.is_empty() {
        let why = remover(&model.source.counts);
        labelled(&mut lines, "nobody", room, Role::Bad, &why.unwrap_or_else(|| "nobody is in scope".to_owned()));
    }
    if model.focus == Pane::Source
        && let Some(entry) = marked.filter(|_| model.source.typing.is_none())
    {
        about(&mut lines, model, entry, room);
    }
    lines
}

/// What Enter does with what is typed.
fn then_enter(clause: Clause) -> String {
    match clause {
        Clause::Password => format!("not the password, but where it is kept: {TYPED}"),
        Clause::Url => "several with commas, tried in order; enter connects, and looks who would enter and leave".to_owned(),
        Clause::Path => "enter reads the file, and looks who would enter and leave by it".to_owned(),
        Clause::Protect => "user names with commas between them: their accounts are never touched; enter judges everybody by it".to_owned(),
        Clause::Timeout => {
            "seconds without an answer, then a connection is lost; enter connects by it, and looks who enters and leaves".to_owned()
        }
        Clause::StartTls | Clause::Authority | Clause::BindDn | Clause::PageSize | Clause::Vendor => {
            "enter connects by it, and looks who would enter and leave".to_owned()
        }
        Clause::Shrink | Clause::Removals | Clause::Creates | Clause::Updates | Clause::Clears => {
            "20, 5%, 20 or 5% (the smaller of both), or none; enter judges everybody by it".to_owned()
        }
        _ => "enter looks who would enter and leave by it".to_owned(),
    }
}

/// Which clause removes everybody, in capitals.
fn remover(counts: &Counts) -> Option<String> {
    counts.remover().map(|r| r.to_string())
}

fn preview(lines: &mut Vec<Line>, model: &Model, room: usize) {
    let key = |verb| model.setting.keymap.key(verb);
    if model.source.previewing.is_some() {
        let is_sending = matches!(model.activity.running, Running::Going(_));
        let text = match (model.is_reading(), is_sending) {
            (_, true) => "it is looked at once the run has ended".to_owned(),
            (true, false) => "it is looked at once the reading that is under way has ended".to_owned(),
            (false, false) if model.source.edits.keys().all(|clause| clause.is_policy()) => "everybody is judged by this …".to_owned(),
            (false, false) => format!("reading the directory by this … {} stops", key(Verb::StopLooking)),
        };
        return labelled(lines, "looking", room, Role::Accent, &text);
    }
    match &model.source.previewed {
        None if model.source.edits.is_empty() => {}
        None => {
            let is_policy = model.source.edits.keys().all(|clause| clause.is_policy());
            let what = if is_policy { "how many rows come to another action" } else { "who enters and leaves" };
            let text = format!("it is not known {what}; {} looks", key(Verb::WhoMoves));
            labelled(lines, "then", room, Role::Warn, &text);
        }
        Some(Previewed::Incomplete(why)) => {
            let text = format!("INCOMPLETE, so it is not known who enters and leaves: {why}");
            labelled(lines, "then", room, Role::Bad, &redacted(&text));
        }
        Some(Previewed::Failed(error)) => {
            let hint = error.hint_text().map(|h| format!(" ({h})")).unwrap_or_default();
            labelled(lines, "then", room, Role::Bad, &redacted(&format!("it cannot be read: {}{hint}", error.message())));
        }
        Some(Previewed::Read(preview)) => {
            if let Some(unbound) = &preview.unbound {
                labelled(lines, "links", room, Role::Bad, &redacted(&not_used(unbound)));
            }
            moves(lines, model, preview, room);
        }
        Some(Previewed::Judged(_)) => {}
    }
    match model.source.judged() {
        None => {}
        Some(Ok(judged)) => {
            actions(lines, model, judged, room);
            let deletes = model.source.edits.get(&Clause::Removal).is_some_and(|text| text == "delete");
            if let Some(more) = model.source.preview().filter(|_| deletes).and_then(|preview| more_deletions(preview)) {
                labelled(lines, "", room, Role::Bad, &more);
            }
        }
        Some(Err(why)) => labelled(lines, "then", room, Role::Warn, &format!("how many rows come to another action is not known: {why}")),
    }
}

fn moves(lines: &mut Vec<Line>, model: &Model, preview: &Preview, room: usize) {
    if preview.in_scope == 0 {
        let why = preview.counts.as_ref().and_then(remover).map(|w| format!(": {w}")).unwrap_or_default();
        labelled(lines, "then", room, Role::Bad, &format!("0 IN SCOPE{why}"));
    }
    match &preview.against {
        Err(why) => {
            let text = format!("{} in scope; who enters and leaves is not known: {why}", count(preview.in_scope));
            labelled(lines, "then", room, Role::Warn, &text);
        }
        Ok(against) => {
            let with = match against.with_account {
                0 => String::new(),
                n => format!(", {} of them with an active account", count(n)),
            };
            let role = if against.leave > 0 { Role::Bad } else { Role::Good };
            let text = format!("{} enter, {} leave{with}", count(against.enter), count(against.leave));
            labelled(lines, "then", room, role, &text);
            let then = against.read_at.map(|at| format!(" when read at {}", model.setting.zone.time_of_day(at))).unwrap_or_default();
            let key = model.setting.keymap.key(Verb::WhoMoves);
            if against.disable + against.enable > 0 {
                let role = if against.disable > 0 { Role::Bad } else { Role::Warn };
                let text = format!("{} become disabled, {} enabled", count(against.disable), count(against.enable));
                labelled(lines, "", room, role, &text);
            }
            let off = if preview.disabled > 0 { format!(" ({} disabled)", count(preview.disabled)) } else { String::new() };
            let text = format!("{} in scope{off}, {}{then}; {key} shows who", count(preview.in_scope), count(against.before));
            labelled(lines, "", room, Role::Quiet, &text);
        }
    }
}

/// Who comes to another action by another policy.
fn actions(lines: &mut Vec<Line>, model: &Model, judged: &Judged, room: usize) {
    let deletions = judged.deletions() > 0;
    if deletions {
        let text = format!("{} PROPOSED FOR DELETION, none of it approved", deleted(judged));
        labelled(lines, "then", room, Role::Bad, &text);
    }
    let role = if judged.rows() > 0 { Role::Warn } else { Role::Good };
    labelled(lines, if deletions { "" } else { "then" }, room, role, &rows(judged));
    if let Some((role, text)) = removals(judged) {
        labelled(lines, "", room, role, &text);
    }
    for (role, text) in unprotected(judged) {
        labelled(lines, "", room, role, &text);
    }
    if !model.source.tried.is_empty() && judged.rows() > 0 {
        labelled(lines, "list", room, Role::Accent, "it goes by this; nothing is approved or sent by it before it is saved");
    }
    if let (Some(at), None) = (judged.read_at.0, model.source.preview()) {
        labelled(lines, "", room, Role::Quiet, &format!("as both ends were read at {}", model.setting.zone.time_of_day(at)));
    }
}

/// The marked clause: what it said, all of it where its line has no room, and when it was counted.
fn about(lines: &mut Vec<Line>, model: &Model, entry: &Entry, room: usize) {
    let source = &model.source;
    if let (Some(clause), Some(site)) = (entry.clause, &source.site)
        && source.edits.contains_key(&clause)
    {
        let was = clause.text(site);
        labelled(lines, "was", room, Role::Quiet, &super::or_unset(clause, was));
    }
    if width(&entry.value) + super::LABEL + entry.count.len() + 2 > room {
        labelled(lines, entry.label, room, Role::Text, &entry.value);
    }
    if !entry.origin.is_empty()
        && entry.clause.is_some_and(|clause| clause.is_policy() || clause == Clause::Path || Clause::SERVER.contains(&clause))
    {
        return labelled(lines, "from", room, Role::Quiet, &entry.origin);
    }
    let counts = &source.counts;
    let last = [&counts.base, &counts.filter, &counts.group].into_iter().flatten().map(|c| c.at).max();
    let failed = [&counts.base, &counts.filter, &counts.group].into_iter().flatten().find_map(|c| c.amount.as_ref().err());
    let key = |verb| model.setting.keymap.key(verb);
    match (source.counting, last, failed.or(source.uncounted.as_ref())) {
        (Some(_), ..) => labelled(lines, "counts", room, Role::Accent, &format!("counting … {} stops", key(Verb::StopLooking))),
        (None, _, Some(why)) => labelled(lines, "counts", room, Role::Bad, &redacted(&format!("not known: {why}"))),
        (None, Some(at), None) => {
            let text = format!("counted at {}; {} counts again", model.setting.zone.time_of_day(at), key(Verb::CountClauses));
            labelled(lines, "counts", room, Role::Quiet, &text);
        }
        (None, None, None) => {
            labelled(lines, "counts", room, Role::Quiet, &format!("{} asks what each clause comes to", key(Verb::CountClauses)));
        }
    }
    if !entry.origin.is_empty() {
        labelled(lines, "from", room, Role::Quiet, &entry.origin);
    }
}
