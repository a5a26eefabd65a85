//! The source location that is edited: what was typed is looked at in the background, and in effect only once it is saved.

use super::perform;
use crate::config::secret::address::hidden;
use crate::config::secret::typed::may_be_shown;
use crate::config::{Clause, RemoveAction, status_text};
use crate::engine::location::{self, Counts, Edits, Previewed, Site, Wrong};
use crate::engine::query::id_words;
use crate::engine::{Running, Saving};
use crate::error::{Error, Result};
use crate::tui::action::Verb;
use crate::tui::keymap::Chord;
use crate::tui::model::{Model, SourceTyping, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::question::Question;
use crate::tui::overlay::{Overlay, relocate};
use crate::tui::pane::source::{Entry, entries, or_unset};
use crate::tui::widget::field::Field;
use ratatui::crossterm::event::KeyEvent;
use std::sync::Arc;

/// Moves the mark in the clauses.
pub(super) fn mark(model: &mut Model, by: isize) {
    put(model, model.source.at.saturating_add_signed(by));
}

/// Marks the line at this place.
pub(super) fn put(model: &mut Model, at: usize) {
    let entries = entries(model);
    let at = at.min(entries.len().saturating_sub(1));
    (model.source.at, model.source.marked) = (at, entries.get(at).map(|entry| entry.label));
}

/// Keeps the mark on its line where others came or went above it. Where nobody has marked one, it is on the first that decides who
/// is in scope: how the directory is reached stands above it.
pub(super) fn follow(model: &mut Model) {
    let is_it = |entry: &Entry| match model.source.marked {
        Some(label) => entry.label == label,
        None => entry.clause.is_some_and(|clause| Clause::LOCATION.contains(&clause)),
    };
    if let Some(at) = entries(model).iter().position(is_it) {
        model.source.at = at;
    }
}

/// Begins to type another text for the marked clause; one of two is simply the other one then.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(entry) = entries(model).into_iter().nth(model.source.at) else { return Vec::new() };
    let Some(clause) = entry.clause else {
        model.say(Tone::Warn, format!("edit: not here, {}", entry.elsewhere));
        return Vec::new();
    };
    let Some(text) = model.source.shown(clause) else { return Vec::new() };
    if clause == Clause::Id
        && let Some(snapshot) = &model.snapshot
        && let (links, holds) = snapshot.remembered()
        && links + holds > 0
    {
        let id = &snapshot.source_facts().settings.id_attribute;
        model.say(Tone::Warn, format!("edit: not here, {}", id_words(id.as_str(), links, holds)));
        return Vec::new();
    }
    if let Some(other) = clause.choices().iter().find(|choice| **choice != text) {
        return keep(model, clause, other);
    }
    // What the product says is begun with where nothing else is set.
    let product = model.snapshot.as_ref().filter(|_| clause == Clause::Status && text.is_empty());
    let before = product.map_or(text, |snapshot| status_text(&snapshot.source_facts().settings.status));
    model.source.typing = Some(SourceTyping { clause, field: Field::of(&before), before, wrong: None });
    Vec::new()
}

/// A key while a clause is typed.
pub(super) fn in_typing(model: &mut Model, key: &KeyEvent, chord: Chord) -> Vec<Effect> {
    model.changed = true;
    match model.setting.keymap.verb_while_typing(chord) {
        Some(Verb::Choose) => return enter(model),
        Some(Verb::Close) => model.source.typing = None,
        Some(verb @ (Verb::Quit | Verb::Suspend | Verb::Redraw)) => return perform(model, verb),
        Some(_) => {}
        None => typed(model, |field| field.key(key)),
    }
    Vec::new()
}

/// Changes what is typed. Nothing is asked for by that.
pub(super) fn typed(model: &mut Model, change: impl FnOnce(&mut Field) -> bool) {
    if let Some(typing) = &mut model.source.typing
        && change(&mut typing.field)
    {
        typing.wrong = too_long(&typing.field);
    }
}

/// Puts a pasted text in.
pub(super) fn pasted(model: &mut Model, text: &str) {
    let is_list = model.source.typing.as_ref().is_some_and(|typing| typing.clause == Clause::Protect);
    typed(model, |field| {
        if is_list {
            field.insert_names(text);
        } else {
            field.insert(text);
        }
        true
    });
}

fn too_long(field: &Field) -> Option<Wrong> {
    field.wrong().map(|message| Wrong { column: None, message })
}

/// Takes what was typed, if it can be a clause.
fn enter(model: &mut Model) -> Vec<Effect> {
    let (Some(typing), Some(site)) = (&mut model.source.typing, &model.source.site) else { return Vec::new() };
    if let Some(wrong) = too_long(&typing.field) {
        typing.wrong = Some(wrong);
        return Vec::new();
    }
    let (clause, text) = (typing.clause, typing.field.text().to_owned());
    if text == typing.before {
        model.source.typing = None;
        return Vec::new();
    }
    if let Err(wrong) = location::with_edit(site, clause, &text) {
        typing.wrong = Some(wrong);
        let may_hold_secret = match clause {
            Clause::Password => !may_be_shown(text.trim()),
            clause => Clause::SERVER.contains(&clause) && !hidden(&text, clause == Clause::Url).is_empty(),
        };
        if may_hold_secret {
            // It may be the secret: it is held nowhere.
            typing.field = Field::default();
        }
        return Vec::new();
    }
    model.source.typing = None;
    keep(model, clause, &clause.kept(&text))
}

/// Keeps a text, and has it looked at.
fn keep(model: &mut Model, clause: Clause, text: &str) -> Vec<Effect> {
    let source = &mut model.source;
    let was = source.site.as_ref().map(|s| clause.text(s));
    if source.text(clause).as_deref() == Some(text) {
        return Vec::new();
    }
    if was.as_deref() == Some(text) {
        source.edits.remove(&clause);
    } else {
        source.edits.insert(clause, text.to_owned());
    }
    source.forget();
    let mut effects = if source.edits.is_empty() { vec![Effect::StopLooking] } else { look(model) };
    effects.extend(try_policy(model));
    effects
}

/// The list goes by the policy as it is edited, as far as its lines go together; by the configured one where none is.
fn try_policy(model: &mut Model) -> Option<Effect> {
    let source = &mut model.source;
    let edits: Edits = source.edits().into_iter().filter(|(clause, _)| clause.is_policy()).collect();
    let together = source.site.as_ref().is_some_and(|site| location::with_edits(site, &edits).is_ok());
    let edits = if together { edits } else { Edits::new() };
    (source.tried != edits).then(|| {
        source.tried.clone_from(&edits);
        Effect::TryPolicy(edits)
    })
}

/// Asks what would come of the edits.
fn look(model: &mut Model) -> Vec<Effect> {
    let together = model.source.site.as_ref().map(|site| location::with_edits(site, &model.source.edits()));
    if let Some(Err(wrong)) = together {
        // Each may be right by itself: it is asked for nothing until they go together.
        let error = Error::usage(wrong.message);
        (model.source.previewing, model.source.previewed, model.source.counting) = (None, Some(Previewed::Failed(error)), None);
        return vec![Effect::StopLooking];
    }
    let number = model.source.next();
    (model.source.previewing, model.source.previewed, model.source.counting) = (Some(number), None, None);
    vec![Effect::Preview(number, model.source.edits())]
}

/// Everything as in the configuration.
pub(super) fn revert(model: &mut Model) -> Vec<Effect> {
    let (policy, location) = model.source.edits.keys().partition::<Vec<Clause>, _>(|clause| clause.is_policy());
    let what = match (policy.is_empty(), location.is_empty()) {
        (false, true) => "the policy is",
        (false, false) => "the source location and the policy are",
        (true, _) => "the source location is",
    };
    model.source.edits.clear();
    model.source.saving.clear();
    model.source.forget();
    model.say(Tone::Plain, format!("{what} {} again", model.as_configured()));
    [Effect::StopLooking, Effect::Unsave(Saving::Source)].into_iter().chain(try_policy(model)).collect()
}

/// Counts what each clause comes to, by the edits where there are some.
pub(super) fn count(model: &mut Model) -> Vec<Effect> {
    let number = model.source.next();
    (model.source.counts, model.source.uncounted) = (Counts::default(), None);
    model.source.counting = Some(number);
    vec![Effect::Count(number, model.source.edits())]
}

/// Gives up what is counted or looked at.
pub(super) fn stop(model: &mut Model) -> Vec<Effect> {
    let source = &mut model.source;
    (source.counting, source.previewing, source.is_saving) = (None, None, false);
    model.say(Tone::Plain, "stopped");
    vec![Effect::StopLooking]
}

/// Who would enter and leave, by name; where that is not known, it is looked at once more.
pub(super) fn who(model: &mut Model) -> Vec<Effect> {
    match model.source.preview().filter(|preview| preview.against.is_ok()) {
        Some(preview) => {
            model.overlay = Some(Overlay::Movers(Arc::clone(preview), 0));
            Vec::new()
        }
        None => look(model),
    }
}

/// Asks whether the edits are to be written, once it is known what comes of them.
pub(super) fn ask_to_save(model: &mut Model) -> Vec<Effect> {
    if model.source.previewing.is_none()
        && is_current(model)
        && let Some(question) = question(model)
    {
        model.overlay = Some(Overlay::Question(Box::new(question)));
        return Vec::new();
    }
    let effects = if model.source.previewing.is_none() { look(model) } else { Vec::new() };
    if model.source.previewing.is_none() {
        // They do not go together.
        model.say(Tone::Warn, NOT_KNOWN);
        return effects;
    }
    model.say(Tone::Plain, "what comes of it is looked at first …");
    model.source.is_saving = true;
    effects
}

const NOT_KNOWN: &str = "not saved: what comes of it is not known";

/// True if what is known was compared with what was read last, or there was nothing to compare it with, as there is not now.
fn is_current(model: &Model) -> bool {
    let sides = model.snapshot.as_ref().map(|s| (s.source(), s.target()));
    let judged = match model.source.judged() {
        None => true,
        Some(Ok(judged)) => sides.is_some_and(|(source, target)| judged.read_at == (source.read_at, target.read_at)),
        Some(Err(_)) => sides.is_none_or(|(source, target)| !source.state.is_complete() || !target.state.is_complete()),
    };
    let compared = model.source.preview().is_none_or(|preview| match &preview.against {
        Ok(against) => sides.is_some_and(|(source, _)| source.read_at == against.read_at),
        Err(_) => preview.unbound.is_some() || sides.is_none_or(|(source, _)| !source.state.is_complete()),
    });
    judged && compared && model.source.is_known()
}

fn question(model: &Model) -> Option<Question> {
    let (source, site, file) = (&model.source, model.source.site.as_ref()?, model.setting.file.as_ref()?);
    if !source.is_known() {
        return None;
    }
    let changes = source.edits.keys().map(|clause| (*clause, clause.text(site), source.shown(*clause).unwrap_or_default())).collect();
    let preview = source.preview();
    let read_at = preview.and_then(|p| p.against.as_ref().ok()?.read_at).map(|at| model.setting.zone.time_of_day(at));
    let is_deleting = site.policy.remove_action == RemoveAction::Delete;
    Some(relocate::question(file, changes, preview.map(Arc::as_ref), (source.judged(), is_deleting), read_at))
}

/// Says where something that is to be written has to wait, and how it is taken back.
pub(super) fn waits(model: &mut Model, back: Verb) {
    let what = match &model.activity.running {
        Running::Going(_) => "the run has ended",
        _ if model.is_reading() => "both ends were read",
        _ => return,
    };
    let key = model.setting.keymap.key(back);
    model.say(Tone::Plain, format!("it is written once {what}; {key} takes it back until then"));
}

/// What was edited and is in no file, in sentences.
pub(super) fn unsaved(model: &Model) -> Vec<String> {
    let Some(site) = &model.source.site else { return Vec::new() };
    let said = |clause: &Clause| {
        let (was, now) = (or_unset(*clause, clause.text(site)), or_unset(*clause, model.source.shown(*clause).unwrap_or_default()));
        format!("{}: {was} → {now}", clause.name())
    };
    model.source.edits.keys().map(said).collect()
}

/// Has them written.
pub(super) fn save(model: &mut Model) -> Vec<Effect> {
    let edits = model.source.edits();
    let Some(site) = &model.source.site else { return Vec::new() };
    model.source.saving = edits.iter().map(|(clause, text)| (*clause, (clause.text(site), text.clone()))).collect();
    waits(model, Verb::RevertSource);
    model.setting.file.clone().map(|file| Effect::Relocate(file, edits)).into_iter().collect()
}

/// Where people come from by now. What was counted and looked at was by something else.
pub(super) fn sited(model: &mut Model, site: Arc<Site>) {
    model.source.site = Some(site);
    model.source.forget();
    follow(model);
}

/// They are written, and both ends are read by them.
pub(super) fn relocated(model: &mut Model) -> Vec<Effect> {
    model.source.saved();
    // Everybody is judged by what was written from here on, and by no rule that is tried.
    model.source.tried.clear();
    model.asked = true;
    // Others are in scope, or judged otherwise: what was before says nothing of what rules move.
    (model.mapping.before, model.mapping.base) = (None, None);
    let mut effects = if model.mapping.is_edited() { super::mapping::try_out(model) } else { Vec::new() };
    if model.source.edits.is_empty() {
        model.say(Tone::Plain, "saved; both ends are read again by it");
    } else {
        model.say(Tone::Plain, "saved; both ends are read again by it; what was edited since then is not saved");
        effects.extend(look(model));
        effects.extend(try_policy(model));
    }
    effects
}

/// A clause has been counted.
pub(super) fn counted(model: &mut Model, number: u64, counts: Result<Counts>) {
    let source = &mut model.source;
    // Nobody asked where nobody is in scope: that is by the clauses that are in effect.
    let is_wanted = source.counting == Some(number) || (number == 0 && source.counting.is_none() && source.edits.is_empty());
    if !is_wanted {
        return;
    }
    match counts {
        Ok(counts) => {
            source.counting = source.counting.filter(|_| !counts.done);
            source.counts = counts;
        }
        Err(error) => {
            source.counting = None;
            source.uncounted = Some(error.message().to_owned());
        }
    }
}

/// It is known what comes of the edits, or that it is not.
pub(super) fn previewed(model: &mut Model, number: u64, previewed: Previewed) {
    if model.source.previewing != Some(number) {
        return;
    }
    model.source.previewing = None;
    if let Previewed::Read(preview) = &previewed
        && let Some(counts) = &preview.counts
    {
        model.source.counts = counts.clone();
    }
    model.source.previewed = Some(previewed);
    if std::mem::take(&mut model.source.is_saving) && model.overlay.is_none() {
        match question(model) {
            Some(question) => {
                model.notice = None;
                model.overlay = Some(Overlay::Question(Box::new(question)));
            }
            None => model.say(Tone::Warn, NOT_KNOWN),
        }
    }
}

/// What was asked for was refused: nothing is under way any more.
pub(super) fn refused(model: &mut Model, _: &Error) {
    (model.source.counting, model.source.previewing, model.source.is_saving) = (None, None, false);
}
