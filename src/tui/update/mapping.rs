//! Rules that are edited: every key is tried out by the engine, and what does not compile changes nothing.

use super::{list, perform};
use crate::engine::draft::Tried;
use crate::tui::action::Verb;
use crate::tui::keymap::Chord;
use crate::tui::model::{Edit, Model, Tone, Typing};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::question::{Answer, Question, Then};
use crate::tui::theme::Role;
use crate::tui::widget::field::Field;
use ratatui::crossterm::event::KeyEvent;

/// Moves the mark in the rules.
pub(super) fn mark(model: &mut Model, by: isize) {
    let rules = model.snapshot.as_ref().map_or(0, |s| s.picture().rules().rules().len());
    model.mapping.at = model.mapping.at.saturating_add_signed(by).min(rules.saturating_sub(1));
}

/// Begins to type another expression for the marked rule.
pub(super) fn edit(model: &mut Model) {
    let rule = model.mapping.at;
    let Some(now) = crate::tui::pane::mapping::expression(model, rule) else { return };
    let was = model.mapping.edits.get(&rule).map_or_else(|| now.clone(), |edit| edit.was.clone());
    model.mapping.told = None;
    model.mapping.typing = Some(Typing { rule, field: Field::of(&now), was, before: now, closing: false });
}

/// Everything as in the configuration.
pub(super) fn revert(model: &mut Model) -> Vec<Effect> {
    model.mapping.edits.clear();
    model.mapping.told = None;
    model.say(Tone::Plain, "the rules are as in the configuration again");
    try_out(model)
}

fn try_out(model: &mut Model) -> Vec<Effect> {
    let seen = model.page.rows.iter().map(|(subject, _)| *subject).collect();
    vec![Effect::Try(model.mapping.draft(seen))]
}

/// A key while an expression is typed.
pub(super) fn in_typing(model: &mut Model, key: &KeyEvent, chord: Chord) -> Vec<Effect> {
    model.changed = true;
    let page = isize::try_from(model.page.height.max(1)).unwrap_or(1);
    match model.setting.keymap.verb_while_typing(chord) {
        Some(Verb::Choose) => keep(model),
        Some(Verb::Close) => return drop_it(model),
        // The expression is seen at work on the user before, and on the next one.
        Some(Verb::ListDown) => list::go(model, 1),
        Some(Verb::ListUp) => list::go(model, -1),
        Some(Verb::ListPageDown) => list::go(model, page),
        Some(Verb::ListPageUp) => list::go(model, -page),
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
    typing.closing = false;
    try_out(model)
}

/// Keeps what is typed, if it is known to work; once that is known if not yet.
fn keep(model: &mut Model) {
    let mapping = &mut model.mapping;
    let Some(typing) = &mut mapping.typing else { return };
    if mapping.asked != mapping.answered {
        typing.closing = true;
        return;
    }
    match &mapping.told {
        Some(Tried::Wrong { .. }) => {
            model.say(Tone::Warn, "not kept: it is no expression for this field yet; esc goes back to the rule before");
        }
        Some(Tried::Unread(_)) => model.say(Tone::Warn, "not kept: it needs what was not read; esc goes back to the rule before"),
        Some(Tried::Works) | None => {
            let Some(Typing { rule, field, was, .. }) = mapping.typing.take() else { return };
            if field.text() == was {
                mapping.edits.remove(&rule);
            } else {
                mapping.edits.insert(rule, Edit { was, now: field.text().to_owned() });
                model.say(Tone::Plain, "kept while rosterm runs, not saved: nothing can be sent by it");
            }
        }
    }
}

/// Goes back to the rule before.
fn drop_it(model: &mut Model) -> Vec<Effect> {
    let Some(typing) = model.mapping.typing.take() else { return Vec::new() };
    model.mapping.told = None;
    if typing.field.text() == typing.before && model.mapping.asked == model.mapping.answered {
        return Vec::new();
    }
    try_out(model)
}

/// The engine has tried a draft; only the last one is of interest.
pub(super) fn tried(model: &mut Model, number: u64, told: Tried) {
    if number != model.mapping.asked {
        return;
    }
    model.mapping.answered = number;
    model.mapping.told = Some(told);
    if let Some(typing) = &mut model.mapping.typing
        && std::mem::take(&mut typing.closing)
    {
        keep(model);
    }
}

/// Asks whether what was kept is to be written.
pub(super) fn ask_to_save(model: &mut Model) {
    let Some(file) = &model.setting.file else { return };
    let mut words = vec![(Role::Text, format!("In {}, comments and everything else stay:", file.display()))];
    let names: Vec<&str> = model.snapshot.as_ref().map(|s| s.fields().collect()).unwrap_or_default();
    for (place, there, now) in model.mapping.to_save() {
        words.push((Role::Strong, format!("{}: {there} → {now}", names.get(place).copied().unwrap_or_default())));
    }
    words.push((Role::Quiet, "Nothing is sent by that. To send by these rules, start rosterm again afterwards.".to_owned()));
    model.overlay = Some(Overlay::Question(Box::new(Question::new("Save the mapping", words, Answer::Yes, Then::SaveMapping))));
}

/// Has it written.
pub(super) fn save(model: &mut Model) -> Vec<Effect> {
    let edits = model.mapping.to_save().into_iter().map(|(place, _, now)| (place, now)).collect();
    model.mapping.saving = model.mapping.edits.clone();
    model.setting.file.clone().map(|file| Effect::Save(file, edits)).into_iter().collect()
}

/// It is written.
pub(super) fn saved(model: &mut Model) {
    model.mapping.saved = std::mem::take(&mut model.mapping.saving);
    model.say(Tone::Plain, "saved; start rosterm again, to send by it");
}
