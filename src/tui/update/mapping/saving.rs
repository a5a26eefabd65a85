//! Rules that were edited are written into the configuration file, once what that comes to was shown.

use super::try_out;
use crate::config::{RuleText, WhenMissing};
use crate::engine::draft::Tried;
use crate::engine::snapshot::Facets;
use crate::model::Action;
use crate::text::count;
use crate::tui::action::Verb;
use crate::tui::model::{Edit, Mapping, Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::question::{Answer, Question, Then};
use crate::tui::theme::Role;
use crate::tui::update::{list, source};

/// Asks whether what was kept is to be written.
pub(in crate::tui::update) fn ask_to_save(model: &mut Model) {
    let Some(file) = &model.setting.file else { return };
    let mut words = vec![(Role::Text, format!("In {}, comments and everything else stay:", file.display()))];
    for (field, _) in Mapping::changes(&model.mapping.edits, &model.mapping.added) {
        if let Some(edit) = model.mapping.edits.get(&field) {
            words.extend(told(&field, edit, model.is_masked(&field)).into_iter().map(|text| (Role::Strong, text)));
        }
    }
    // By the same readings, where that is known.
    let configured = model.mapping.configured.as_ref().map(|snapshot| snapshot.facets());
    let base = configured.or(model.mapping.base.as_ref());
    let is_tried = model.is_mapping_tried() && matches!(model.mapping.told, None | Some(Tried::Works));
    if !is_tried || model.is_reading() || model.snapshot.as_ref().is_some_and(|s| s.is_busy()) {
        // What is there so far says nothing about everybody, or is by the rules before.
        words.push((Role::Warn, "Whom it moves is still being counted: close this and ask again to see it.".to_owned()));
    } else if let (Some(base), Some(now)) = (base, model.snapshot.as_ref().map(|s| s.facets())) {
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
    } else {
        let text = "Whom it moves is not known: when the edit began, it was by another location or policy. Take it back and edit it again to see it.";
        words.push((Role::Warn, text.to_owned()));
    }
    words.push((Role::Quiet, "Nothing is sent by that; what is sent from then on goes by these rules.".to_owned()));
    model.overlay = Some(Overlay::Question(Box::new(Question::new("Save the mapping", words, Answer::Yes, Then::SaveMapping))));
}

/// What is written about a rule, in a sentence for each thing that it says.
fn told(field: &str, Edit { was, now }: &Edit, is_masked: bool) -> Vec<String> {
    let value = |rule: &RuleText| rule.value.clone().unwrap_or_else(|| "no expression".to_owned());
    let default = |rule: &RuleText| match &rule.default {
        None => "nothing".to_owned(),
        Some(_) if is_masked => "•••".to_owned(),
        Some(text) => format!("'{text}'"),
    };
    let missing = |rule: &RuleText| match rule.when_missing {
        WhenMissing::Clear => "removed",
        WhenMissing::Keep => "left as it is",
    };
    let (was, now) = match (was, now) {
        (_, None) => return vec![format!("{field}: the rule is taken out, and the field is left as it is in the service")],
        (None, Some(now)) => {
            let mut told = vec![format!("{field}: a new rule, {}", value(now))];
            if now.default.is_some() {
                told.push(format!("{field}, where that gives nothing: {}", default(now)));
            }
            if now.when_missing == WhenMissing::Keep {
                told.push(format!("{field}, where nothing is left to send: {}", missing(now)));
            }
            return told;
        }
        (Some(was), Some(now)) => (was, now),
    };
    let mut told = Vec::new();
    if was.value != now.value {
        told.push(format!("{field}: {} → {}", value(was), value(now)));
    }
    if was.default != now.default {
        told.push(format!("{field}, where that gives nothing: {} → {}", default(was), default(now)));
    }
    if was.when_missing != now.when_missing {
        told.push(format!("{field}, where nothing is left to send: {} → {}", missing(was), missing(now)));
    }
    told
}

/// What was edited and is in no file, in sentences.
pub(in crate::tui::update) fn unsaved(model: &Model) -> Vec<String> {
    let changes = Mapping::changes(&model.mapping.edits, &model.mapping.added);
    let edits = changes.iter().filter_map(|(field, _)| Some((field, model.mapping.edits.get(field)?)));
    edits.flat_map(|(field, edit)| told(field, edit, model.is_masked(field))).collect()
}

/// Has it written.
pub(in crate::tui::update) fn save(model: &mut Model) -> Vec<Effect> {
    let edits = Mapping::changes(&model.mapping.edits, &model.mapping.added);
    model.mapping.saving = model.mapping.edits.clone();
    source::waits(model, Verb::Revert);
    model.setting.file.clone().map(|file| Effect::Save(file, edits)).into_iter().collect()
}

/// It is written, and in effect.
pub(in crate::tui::update) fn saved(model: &mut Model) -> Vec<Effect> {
    let is_any_gone = model.mapping.saving.values().any(|edit| edit.now.is_none());
    model.mapping.saved();
    model.say(Tone::Plain, "saved: what is shown and sent goes by these rules");
    // The engine begins anew with what is in the file.
    let mut effects = if model.mapping.is_edited() { try_out(model) } else { Vec::new() };
    // A filter names a field by its place, and by now another one may stand there.
    if is_any_gone && model.list.spec.filter.field.take().is_some() {
        effects.extend(list::ask(model));
    }
    effects
}
