//! Rules that are edited: every key is tried out by the engine, and what does not compile changes nothing.

pub(super) mod rules;
pub(super) mod saving;

use super::{list, perform};
use crate::engine::draft::Tried;
use crate::engine::moves::Moves;
use crate::engine::{Saving, Snapshot};
use crate::model::field::FieldKind;
use crate::tui::action::{Scope, Verb};
use crate::tui::keymap::Chord;
use crate::tui::model::{Edit, Model, Part, Tone, Typing};
use crate::tui::msg::Effect;
use crate::tui::widget::field::Field;
use ratatui::crossterm::event::KeyEvent;
use std::sync::Arc;

/// Moves the mark in the rules, and to what stands behind them.
pub(super) fn mark(model: &mut Model, by: isize) {
    let lines = model.rules().len() + usize::from(!model.unmapped().is_empty());
    model.mapping.at = model.mapping.at.saturating_add_signed(by).min(lines.saturating_sub(1));
}

/// Begins to type another expression for the marked rule; behind the rules, to choose a field for one more.
pub(super) fn edit(model: &mut Model) {
    match model.marked_rule().map(str::to_owned) {
        Some(rule) => type_part(model, rule, Part::Value),
        None if !model.unmapped().is_empty() => rules::choose(model),
        None => {}
    }
}

/// Begins to type what is sent where the marked rule gives nothing.
pub(super) fn edit_default(model: &mut Model) {
    if let Some(rule) = model.marked_rule().map(str::to_owned) {
        type_part(model, rule, Part::Default);
    }
}

fn type_part(model: &mut Model, rule: String, part: Part) {
    let was = model.mapping.edits.get(&rule).map_or_else(|| model.configured_rule(&rule), |edit| edit.was.clone());
    let before = model.kept_rule(&rule);
    // A rule that was taken away is typed as it was.
    let text = before.clone().or_else(|| was.clone()).unwrap_or_default();
    let text = match part {
        Part::Value => text.value,
        Part::Default => text.default,
    };
    model.mapping.told = None;
    remember(model);
    let field = Field::of(&text.unwrap_or_default());
    model.mapping.typing = Some(Typing { rule, part, field, was, before, closing: false, to_save: false });
}

/// Remembers what everybody was in before something is edited.
fn remember(model: &mut Model) {
    model.mapping.before = model.snapshot.as_ref().map(|s| s.facets().clone());
    if model.mapping.edits.is_empty() {
        // What everybody was by a policy that is tried says nothing of what rules move by the configured one.
        let by_configured = model.snapshot.as_ref().filter(|s| !s.is_by_other_policy());
        model.mapping.base = by_configured.map(|s| s.facets().clone());
    }
}

/// Everything as in the configuration.
pub(super) fn revert(model: &mut Model) -> Vec<Effect> {
    model.mapping.edits.clear();
    model.mapping.added.clear();
    model.mapping.told = None;
    model.say(Tone::Plain, format!("the rules are {} again", model.as_configured()));
    let mut effects = try_out(model);
    // Of two that were saved the first may be in the file already: what waits is not to be told by what is remembered here.
    model.mapping.saving.clear();
    effects.push(Effect::Unsave(Saving::Mapping));
    effects
}

/// Everything as in the configuration, without a word: it is another one.
pub(super) fn forget(model: &mut Model) -> Vec<Effect> {
    let (is_edited, mapping) = (model.mapping.is_edited(), &mut model.mapping);
    mapping.edits.clear();
    mapping.added.clear();
    mapping.saving.clear();
    (mapping.typing, mapping.told, mapping.configured, mapping.moves) = (None, None, None, None);
    (mapping.before, mapping.base, mapping.coverage) = (None, None, None);
    let mut effects = if is_edited { try_out(model) } else { Vec::new() };
    effects.extend([Effect::Unsave(Saving::Mapping), Effect::Unsave(Saving::Source)]);
    effects
}

pub(super) fn try_out(model: &mut Model) -> Vec<Effect> {
    // Who would enter, leave and come to another action by other clauses was told by the rules before.
    model.source.unlook();
    let seen = model.page.rows.iter().map(|(subject, _)| *subject).collect();
    vec![Effect::Try(model.mapping.draft(seen))]
}

/// A key while an expression is typed.
pub(super) fn in_typing(model: &mut Model, key: &KeyEvent, chord: Chord) -> Vec<Effect> {
    model.changed = true;
    let page = isize::try_from(model.page.height.max(1)).unwrap_or(1);
    match model.setting.keymap.verb_while_typing(chord) {
        Some(Verb::Choose) => return keep(model),
        Some(Verb::Close) => return drop_it(model),
        // The expression is seen at work on the user before, and on the next one.
        Some(Verb::ListDown) => list::go(model, 1),
        Some(Verb::ListUp) => list::go(model, -1),
        Some(Verb::ListPageDown) => list::go(model, page),
        Some(Verb::ListPageUp) => list::go(model, -page),
        // Kept and saved in one.
        None if model.setting.keymap.verb(Scope::Mapping, chord) == Some(Verb::SaveMapping) && chord.writes_nothing() => {
            if let Some(typing) = &mut model.mapping.typing {
                typing.to_save = true;
            }
            return keep(model);
        }
        Some(verb @ (Verb::Quit | Verb::Suspend | Verb::Redraw)) => return perform(model, verb),
        Some(_) => {}
        None => return typed(model, |field| field.key(key)),
    }
    Vec::new()
}

/// Changes what is typed, and has it tried if it is another text then.
pub(super) fn typed(model: &mut Model, change: impl FnOnce(&mut Field) -> bool) -> Vec<Effect> {
    let Some(typing) = &mut model.mapping.typing else { return Vec::new() };
    let before = typing.field.text().to_owned();
    if !change(&mut typing.field) || typing.field.text() == before {
        return Vec::new();
    }
    (typing.closing, typing.to_save) = (false, false);
    try_out(model)
}

/// Keeps what is typed, if it is known to work; once that is known if not yet. What was not read is read for it.
fn keep(model: &mut Model) -> Vec<Effect> {
    let is_reading = model.is_reading();
    let mapping = &mut model.mapping;
    let Some(typing) = &mut mapping.typing else { return Vec::new() };
    if let Some(wrong) = typing.field.wrong() {
        (typing.closing, typing.to_save) = (false, false);
        model.say(Tone::Warn, format!("not kept: {wrong}"));
        return Vec::new();
    }
    if mapping.asked != mapping.answered {
        typing.closing = true;
        return Vec::new();
    }
    if typing.is_blank() {
        typing.to_save = false;
        model.say(Tone::Warn, "not kept: nothing is typed yet; esc leaves the field without a rule");
        return Vec::new();
    }
    match &mapping.told {
        Some(Tried::Wrong { .. }) => {
            typing.to_save = false;
            let what = if typing.part == Part::Value { "it is no expression for this field yet" } else { "the field does not take it" };
            model.say(Tone::Warn, format!("not kept: {what}; esc goes back to the rule before"));
        }
        Some(Tried::Unread(names)) => {
            let names = names.clone();
            if !std::mem::replace(&mut typing.closing, true) {
                return vec![Effect::ReadAlso(names)];
            }
        }
        Some(Tried::Unlisted(fields)) => {
            let fields = fields.clone();
            // Reading began when the field was chosen, unless that failed.
            if !std::mem::replace(&mut typing.closing, true) && !is_reading {
                return vec![Effect::ReadFields(fields)];
            }
        }
        Some(Tried::Works) | None => {
            let Some(typing) = mapping.typing.take() else { return Vec::new() };
            let (now, to_save) = (typing.now(), typing.to_save);
            let is_new = typing.before.as_ref() != Some(&now);
            let names_people = model.rule_in_effect(&typing.rule).is_some_and(|(_, rule)| rule.field.kind == FieldKind::Reference);
            if typing.was.as_ref() == Some(&now) {
                model.mapping.edits.remove(&typing.rule);
            } else {
                model.mapping.edits.insert(typing.rule, Edit { was: typing.was, now: Some(now) });
                model.say(Tone::Plain, KEPT);
            }
            let mut effects = if to_save { perform(model, Verb::SaveMapping) } else { cover(model) };
            if is_new && names_people {
                // Whom a rule means is looked up with a reading.
                model.asked = true;
                effects.push(Effect::Refresh);
            }
            return effects;
        }
    }
    Vec::new()
}

/// What is said of an edit that is in no file.
const KEPT: &str = "kept while rosterm runs, not saved: nothing can be sent by it";

/// Goes back to the rule before; a field that was chosen and has none yet is left without one.
fn drop_it(model: &mut Model) -> Vec<Effect> {
    let Some(typing) = model.mapping.typing.take() else { return Vec::new() };
    model.mapping.told = None;
    let is_as_before = typing.before.as_ref().is_some_and(|before| typing.now() == *before);
    let is_as_before = is_as_before || (typing.before.is_none() && typing.is_blank());
    if typing.before.is_none() && typing.was.is_none() {
        model.mapping.added.retain(|added| *added != typing.rule);
    }
    if is_as_before && model.mapping.asked == model.mapping.answered {
        return Vec::new();
    }
    try_out(model)
}

/// The engine has tried a draft; only the last one is of interest.
pub(super) fn tried(model: &mut Model, number: u64, told: Tried) -> Vec<Effect> {
    if number != model.mapping.asked {
        return Vec::new();
    }
    model.mapping.answered = number;
    model.mapping.told = Some(told);
    if let Some(typing) = &mut model.mapping.typing
        && std::mem::take(&mut typing.closing)
    {
        return keep(model);
    }
    cover(model)
}

/// What is said while it is counted.
pub(super) const COUNTING: &str = "counting for how many people each rule has a value";

/// People for whom it is counted by itself what the rules come to: a part of a second of one core. Of more it is counted when
/// somebody asks.
const BY_ITSELF: usize = 100_000;

/// Has it counted what the rules come to, once after each reading and edit.
pub(super) fn cover(model: &mut Model) -> Vec<Effect> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let (source, target) = (snapshot.source(), snapshot.target());
    let at = (source.read_at, target.read_at, model.mapping.answered);
    let is_quiet = !snapshot.is_busy() && !source.reading && !target.reading && model.mapping.typing.is_none();
    if !is_quiet || source.users == 0 || source.users > BY_ITSELF || model.mapping.covered == at {
        return Vec::new();
    }
    model.mapping.covered = at;
    vec![Effect::Cover]
}

/// Has it counted from which situation everybody moves to which, once what is tried has come through.
pub(super) fn compare(model: &mut Model) -> Vec<Effect> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let mapping = &mut model.mapping;
    if !snapshot.is_drafted() && Moves::can_be_told(snapshot, snapshot) {
        mapping.configured = Some(Arc::clone(snapshot));
        mapping.moves = None;
        return Vec::new();
    }
    // Of other readings it says nothing, and it keeps alive whatever has changed since.
    let is_of = |before: &Arc<Snapshot>| {
        let read = |s: &Snapshot| (s.era(), s.source().read_at, s.target().read_at);
        read(before) == read(snapshot) && !snapshot.is_reading()
    };
    mapping.configured = mapping.configured.take().filter(is_of);
    // What another policy alone moves is told where it is edited.
    let Some(before) = mapping.configured.as_ref().filter(|_| mapping.is_edited()) else { return Vec::new() };
    let asked = (before.generation(), snapshot.generation());
    if !snapshot.is_drafted() || !Moves::can_be_told(before, snapshot) || mapping.compared == asked {
        return Vec::new();
    }
    mapping.compared = asked;
    vec![Effect::Compare]
}
