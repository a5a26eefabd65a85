//! Rules that are edited: every key is tried out by the engine, and what does not compile changes nothing.

use super::{list, perform};
use crate::engine::draft::Tried;
use crate::engine::snapshot::Facets;
use crate::model::Action;
use crate::text::count;
use crate::tui::action::{Scope, Verb};
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
    model.mapping.before = model.snapshot.as_ref().map(|s| s.facets().clone());
    if model.mapping.edits.is_empty() {
        model.mapping.base.clone_from(&model.mapping.before);
    }
    model.mapping.typing = Some(Typing { rule, field: Field::of(&now), was, before: now, closing: false, to_save: false });
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
    let mapping = &mut model.mapping;
    let Some(typing) = &mut mapping.typing else { return Vec::new() };
    if mapping.asked != mapping.answered {
        typing.closing = true;
        return Vec::new();
    }
    match &mapping.told {
        Some(Tried::Wrong { .. }) => {
            typing.to_save = false;
            model.say(Tone::Warn, "not kept: it is no expression for this field yet; esc goes back to the rule before");
        }
        Some(Tried::Unread(names)) => {
            let names = names.clone();
            if !std::mem::replace(&mut typing.closing, true) {
                return vec![Effect::ReadAlso(names)];
            }
        }
        Some(Tried::Works) | None => {
            let Some(Typing { rule, field, was, to_save, .. }) = mapping.typing.take() else { return Vec::new() };
            if field.text() == was {
                mapping.edits.remove(&rule);
            } else {
                mapping.edits.insert(rule, Edit { was, now: field.text().to_owned() });
                model.say(Tone::Plain, "kept while rosterm runs, not saved: nothing can be sent by it");
            }
            return if to_save { perform(model, Verb::SaveMapping) } else { cover(model) };
        }
    }
    Vec::new()
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

/// Asks whether what was kept is to be written.
pub(super) fn ask_to_save(model: &mut Model) {
    let Some(file) = &model.setting.file else { return };
    let mut words = vec![(Role::Text, format!("In {}, comments and everything else stay:", file.display()))];
    let names: Vec<&str> = model.snapshot.as_ref().map(|s| s.fields().collect()).unwrap_or_default();
    for (place, Edit { was, now }) in &model.mapping.edits {
        words.push((Role::Strong, format!("{}: {was} → {now}", names.get(*place).copied().unwrap_or_default())));
    }
    if let (Some(base), Some(now)) = (&model.mapping.base, model.snapshot.as_ref().map(|s| s.facets())) {
        let moved = crate::tui::pane::mapping::between(base, now);
        words.push((
            Role::Text,
            if moved.is_empty() { "Nobody is in another situation by it.".to_owned() } else { format!("People and accounts: {moved}") },
        ));
        let leaving = |facets: &Facets| Action::ALL.into_iter().filter(|a| a.is_deprovision()).map(|a| facets.for_action(a)).sum::<usize>();
        if leaving(now) > leaving(base) {
            let text = format!("{} MORE WOULD BE PROPOSED FOR REMOVAL BY IT", count(leaving(now) - leaving(base)));
            words.push((Role::Bad, text));
        }
    }
    words.push((Role::Quiet, "Nothing is sent by that; what is sent from then on goes by these rules.".to_owned()));
    model.overlay = Some(Overlay::Question(Box::new(Question::new("Save the mapping", words, Answer::Yes, Then::SaveMapping))));
}

/// Has it written.
pub(super) fn save(model: &mut Model) -> Vec<Effect> {
    let edits = model.mapping.edits.iter().map(|(place, edit)| (*place, edit.now.clone())).collect();
    model.mapping.saving = model.mapping.edits.clone();
    model.setting.file.clone().map(|file| Effect::Save(file, edits)).into_iter().collect()
}

/// It is written, and in effect.
pub(super) fn saved(model: &mut Model) -> Vec<Effect> {
    model.mapping.saved();
    model.say(Tone::Plain, "saved: what is shown and sent goes by these rules");
    // The engine begins anew with what is in the file.
    if model.mapping.is_edited() { try_out(model) } else { Vec::new() }
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
