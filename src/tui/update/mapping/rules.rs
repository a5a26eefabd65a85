//! Rules that are added and taken away, and what holds where one gives nothing.

use super::{KEPT, Part, remember, try_out, type_part};
use crate::config::WhenMissing;
use crate::tui::model::{Edit, Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::widget::picker::Picker;

/// Opens the fields that have no rule, to choose one.
pub(in crate::tui::update) fn choose(model: &mut Model) {
    model.overlay = Some(Overlay::Fields(Picker::default()));
}

/// A field was chosen, by its place among those without a rule: a rule is typed for it, and its values are read.
pub(in crate::tui::update) fn chosen(model: &mut Model, place: usize) -> Vec<Effect> {
    let Some((name, path)) = model.unmapped().get(place).map(|field| (field.name.clone(), field.path.clone())) else { return Vec::new() };
    model.mapping.added.push(name.clone());
    model.mapping.at = model.rules().len().saturating_sub(1);
    type_part(model, name.clone(), Part::Value);
    let is_read = model.snapshot.as_ref().is_some_and(|s| s.picture().fields_read().iter().any(|f| f.as_str().eq_ignore_ascii_case(&path)));
    if is_read {
        return Vec::new();
    }
    model.asked = true;
    model.failed = None;
    vec![Effect::ReadFields(vec![name])]
}

/// Takes the marked rule away, or takes that back.
pub(in crate::tui::update) fn remove(model: &mut Model) -> Vec<Effect> {
    let Some(rule) = model.marked_rule().map(str::to_owned) else { return Vec::new() };
    remember(model);
    model.mapping.told = None;
    let was = model.mapping.edits.get(&rule).map_or_else(|| model.configured_rule(&rule), |edit| edit.was.clone());
    if was.is_none() {
        model.mapping.edits.remove(&rule);
        model.mapping.added.retain(|added| *added != rule);
        model.say(Tone::Plain, format!("{rule} has no rule again"));
    } else if model.kept_rule(&rule).is_none() {
        model.mapping.edits.remove(&rule);
        model.say(Tone::Plain, format!("the rule for {rule} is as in the configuration again"));
    } else {
        model.say(Tone::Plain, format!("removed, not saved: {rule} is left as it is in the service; the same key takes that back"));
        model.mapping.edits.insert(rule, Edit { was, now: None });
    }
    try_out(model)
}

/// Where the marked rule gives nothing, what the service has is left instead of removed, or the other way round.
pub(in crate::tui::update) fn clear_or_keep(model: &mut Model) -> Vec<Effect> {
    let Some(rule) = model.marked_rule().map(str::to_owned) else { return Vec::new() };
    let Some(mut now) = model.kept_rule(&rule) else { return Vec::new() };
    remember(model);
    model.mapping.told = None;
    let was = model.mapping.edits.get(&rule).map_or_else(|| model.configured_rule(&rule), |edit| edit.was.clone());
    let (other, text) = match now.when_missing {
        WhenMissing::Clear => (WhenMissing::Keep, "left as it is"),
        WhenMissing::Keep => (WhenMissing::Clear, "removed"),
    };
    now.when_missing = other;
    if was.as_ref() == Some(&now) {
        model.mapping.edits.remove(&rule);
        model.say(Tone::Plain, format!("{rule} is as in the configuration again"));
    } else {
        model.mapping.edits.insert(rule, Edit { was, now: Some(now) });
        model.say(Tone::Plain, format!("where the rule gives nothing, what the service has is {text}; {KEPT}"));
    }
    try_out(model)
}
