//! What is said below the rules: what is typed, whether it compiles, what holds where the rule gives nothing, and what it makes of
//! the user under the cursor of the list.

use super::{moves, said};
use crate::config::{RuleText, WhenMissing};
use crate::engine::draft::Tried;
use crate::engine::snapshot::Facets;
use crate::model::Situation;
use crate::model::field::FieldKind;
use crate::telemetry::redacted;
use crate::text::count;
use crate::tui::action::Verb;
use crate::tui::model::{Model, Part, Typing};
use crate::tui::theme::Role;
use crate::tui::widget::page::{Line, labelled, plain};

/// Lines that are kept for what is typed, how it is, and what it makes of one user.
const FOR_ONE: usize = 7;

/// Lines that are kept for the latter alone, in short.
const IN_SHORT: usize = 5;

/// What happens where the expression gives nothing, with the keys that change it.
fn instead(model: &Model, name: &str, rule: &RuleText) -> String {
    let key = |verb| model.setting.keymap.key(verb);
    let (default, other) = (key(Verb::EditDefault), key(Verb::ClearOrKeep));
    let is_required = model.rule_in_effect(name).is_some_and(|(_, rule)| rule.required);
    match (&rule.default, rule.when_missing) {
        (Some(_), _) if model.is_masked(name) => "•••".to_owned(),
        (Some(text), _) => format!("'{text}' is sent · {default} another"),
        (None, WhenMissing::Clear) if model.is_masked(name) => format!("removed in the service · {other} keep"),
        (None, WhenMissing::Clear) if is_required => format!("a problem: required · {default} default, {other} keep"),
        (None, WhenMissing::Clear) => format!("removed in the service · {default} default, {other} keep"),
        (None, WhenMissing::Keep) => format!("kept in the service · {default} default, {other} remove"),
    }
}

/// What is said of fields that were not read of the accounts.
fn unlisted(model: &Model, fields: &[String]) -> String {
    let names = fields.join(", ");
    match (fields.is_empty(), model.is_reading()) {
        (true, true) => "both ends are read by the configuration as it is now; then it is tried".to_owned(),
        (true, false) => {
            let verb = if model.mapping.typing.is_some() { Verb::Choose } else { Verb::Refresh };
            let key = model.setting.keymap.key(verb);
            format!("who is shown was read by another configuration: {key} reads both ends by this one, then it is tried")
        }
        (false, true) => format!("{names} is being read of every account; the list follows then"),
        (false, false) => format!("{names} was not read of any account: enter reads both ends again with it"),
    }
}

/// How what is typed is: whether it compiles, and what it moves.
fn state(lines: &mut Vec<Line>, model: &Model, typing: &Typing, room: usize, height: usize) {
    let mapping = &model.mapping;
    if let Some(wrong) = typing.field.wrong() {
        return labelled(lines, "wrong", room, Role::Bad, &wrong);
    }
    match &mapping.told {
        Some(Tried::Wrong { message, hint, column }) => {
            // Of what is sent instead there are no columns.
            let column = column.filter(|_| typing.part == Part::Value);
            let place = column.map(|c| format!("column {c}: ")).unwrap_or_default();
            let hint = hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
            labelled(lines, "wrong", room, Role::Bad, &redacted(&format!("{place}{message}{hint}")));
            labelled(lines, "", room, Role::Quiet, "the list is by the last rule that worked");
        }
        Some(Tried::Unread(names)) => {
            let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let text = if typing.closing {
                format!("both ends are read again, with {names}")
            } else {
                format!("{names} was not read of anybody: enter reads both ends again with it")
            };
            labelled(lines, "unread", room, Role::Warn, &text);
        }
        Some(Tried::Unlisted(fields)) => labelled(lines, "unread", room, Role::Warn, &unlisted(model, fields)),
        Some(Tried::Works) if mapping.asked == mapping.answered => {
            let told = moves::known(model).and_then(|(known, before)| {
                let table = moves::table(known, before, room, height.saturating_sub(FOR_ONE), model.setting.theme.glyphs())?;
                let n = known.all();
                let moves = if n == 1 { "row moves" } else { "rows move" };
                Some((format!("the list goes by it: {} {moves}", count(n)), table))
            });
            if let Some((text, table)) = told {
                labelled(lines, "ok", room, Role::Good, &text);
                lines.extend(table);
            } else {
                labelled(lines, "ok", room, Role::Good, &moved(model));
            }
        }
        None if typing.is_blank() && model.is_reading() => {
            let text = format!("what is typed is tried at once; {} is being read of every account", typing.rule);
            labelled(lines, "", room, Role::Quiet, &text);
        }
        Some(Tried::Works) | None => labelled(lines, "", room, Role::Quiet, "what is typed is tried at once"),
    }
}

/// The line on which something is typed is the first one; it is drawn by itself.
pub(super) fn lines(model: &Model, room: usize, height: usize) -> Vec<Line> {
    let mut lines = vec![Vec::new()];
    let mapping = &model.mapping;
    let is_masked = model.marked_rule().is_some_and(|field| model.is_masked(field));
    let marked = model.marked_rule();
    match (&mapping.typing, marked.and_then(|field| mapping.edits.get(field))) {
        (Some(typing), _) => {
            lines.push(Vec::new());
            state(&mut lines, model, typing, room, height);
        }
        (None, Some(edit)) => {
            let was = edit.was.as_ref().map_or_else(|| "without a rule".to_owned(), |was| said(was, is_masked));
            labelled(&mut lines, "was", room, Role::Quiet, &was);
            if let (None, Some(Tried::Unlisted(fields))) = (&mapping.typing, &mapping.told) {
                labelled(&mut lines, "unread", room, Role::Warn, &unlisted(model, fields));
            }
            let key = |verb| model.setting.keymap.key(verb);
            let text =
                format!("not saved: {} shows what saving comes to; {} takes every edit back", key(Verb::SaveMapping), key(Verb::Revert));
            labelled(&mut lines, "", room, Role::Warn, &text);
            if let Some((known, before)) = moves::known(model) {
                let height = height.saturating_sub(lines.len() + IN_SHORT);
                lines.extend(moves::table(known, before, room, height, model.setting.theme.glyphs()).unwrap_or_default());
            }
        }
        (None, None) => {}
    }
    let Some(name) = marked else {
        let key = |verb| model.setting.keymap.key(verb);
        let text = format!("{} chooses one of them: both ends are read again with it, and its rule is typed", key(Verb::AddRule));
        labelled(&mut lines, "", room, Role::Quiet, &text);
        return lines;
    };
    match model.kept_rule(name) {
        // What is typed has the room.
        _ if mapping.typing.is_some() => {}
        Some(rule) => labelled(&mut lines, "if empty", room, Role::Quiet, &instead(model, name, &rule)),
        None => {
            labelled(&mut lines, "so", room, Role::Quiet, "the field is left as it is in the service, and compared with nothing");
            return lines;
        }
    }
    if mapping.typing.is_some() && model.rule_in_effect(name).is_some_and(|(_, rule)| rule.field.kind == FieldKind::Reference) {
        labelled(&mut lines, "", room, Role::Quiet, "whom it means is looked up once it is kept: both ends are read for that");
    }
    let Some(card) = &model.page.card else {
        lines.push(plain(Role::Quiet, "Nobody is under the cursor of the list."));
        return lines;
    };
    let in_effect = model.rule_in_effect(name).map(|(_, rule)| &rule.field.name);
    let Some(field) = card.fields.iter().find(|f| Some(&f.field) == in_effect) else { return lines };
    let or_nothing = |value: &str| if value.is_empty() { "nothing".to_owned() } else { value.to_owned() };
    // Below a text that has no effect stands what the rule before it makes of the user: that is said.
    let is_before = mapping.typing.is_some() && matches!(mapping.told, Some(Tried::Wrong { .. } | Tried::Unread(_)));
    let by = if is_before { " · by the rule before" } else { "" };
    labelled(&mut lines, "for", room, Role::Strong, &format!("{}{by}", card.row.called()));
    if let Some(problem) = &field.problem {
        labelled(&mut lines, "problem", room, Role::Warn, &redacted(problem));
    }
    labelled(&mut lines, "gives", room, Role::Text, &or_nothing(&field.wanted));
    labelled(&mut lines, "has now", room, Role::Text, &or_nothing(&field.has));
    for step in &field.trace {
        labelled(&mut lines, "  step", room, Role::Quiet, &format!("{} is {}", step.text, step.value));
    }
    lines
}

/// Each situation that has grown or shrunk, with how many were in it and are.
pub(in crate::tui) fn between(before: &Facets, now: &Facets) -> String {
    let steps = Situation::WORST_FIRST.into_iter().filter(|s| before.of(*s) != now.of(*s));
    let steps: Vec<String> = steps.map(|s| format!("{} {} → {}", s.words(), count(before.of(s)), count(now.of(s)))).collect();
    steps.join(", ")
}

/// What the edit has moved so far: each situation with how many were in it and are.
fn moved(model: &Model) -> String {
    let (Some(before), Some(snapshot)) = (&model.mapping.before, &model.snapshot) else { return "the list goes by it".to_owned() };
    let moved = between(before, snapshot.facets());
    if snapshot.is_busy() {
        "the list goes by it; counting …".to_owned()
    } else if moved.is_empty() {
        "the list goes by it: nobody is in another situation".to_owned()
    } else {
        format!("the list goes by it: {moved}")
    }
}
