//! Keys where something is typed: the search, and what lies over the panes.

use super::{bring_to, decide, list, mapping, pairing, perform, source};
use crate::tui::action::{Scope, Verb};
use crate::tui::keymap::Chord;
use crate::tui::model::{Model, Search};
use crate::tui::msg::Effect;
use crate::tui::overlay::help::Meaning;
use crate::tui::overlay::pick::Pick;
use crate::tui::overlay::question::{Answer, Question};
use crate::tui::overlay::why::Why;
use crate::tui::overlay::{self, Overlay, facets, help};
use crate::tui::widget::field::Field;
use crate::tui::widget::picker::{Item, Picker};
use ratatui::crossterm::event::{KeyCode, KeyEvent};

/// Opens the search with what was searched for.
pub(super) fn open_search(model: &mut Model) {
    model.search = Some(Search { field: Field::of(&model.list.spec.search), before: model.list.subject });
}

/// A key while a search is typed.
pub(super) fn in_search(model: &mut Model, key: &KeyEvent, chord: Chord) -> Vec<Effect> {
    model.changed = true;
    let page = isize::try_from(model.page.height.max(1)).unwrap_or(1);
    match model.setting.keymap.verb_while_typing(chord) {
        Some(Verb::Choose) => model.search = None,
        Some(Verb::Close) => return drop_search(model),
        Some(Verb::ListDown) => list::go(model, 1),
        Some(Verb::ListUp) => list::go(model, -1),
        Some(Verb::ListPageDown) => list::go(model, page),
        Some(Verb::ListPageUp) => list::go(model, -page),
        Some(verb) => return perform(model, verb),
        None => {
            if let Some(search) = &mut model.search
                && search.field.key(key)
            {
                return searched(model);
            }
        }
    }
    Vec::new()
}

/// Takes the search away and goes back to whoever the cursor was on.
fn drop_search(model: &mut Model) -> Vec<Effect> {
    let before = model.search.take().and_then(|s| s.before);
    if model.list.spec.search.is_empty() {
        return Vec::new();
    }
    model.list.spec.search.clear();
    model.list.subject = before.or(model.list.subject);
    list::ask(model)
}

/// Asks for what is typed, if it is something else than before.
fn searched(model: &mut Model) -> Vec<Effect> {
    let text = model.search.as_ref().map_or("", |s| s.field.text()).trim();
    if text == model.list.spec.search {
        return Vec::new();
    }
    model.list.spec.search = text.to_owned();
    list::ask(model)
}

/// A pasted text: into what is being typed, else nowhere. A paste is never taken for keys.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    model.changed = true;
    match (&mut model.overlay, &mut model.search) {
        (Some(Overlay::Help(picker) | Overlay::Facets(picker) | Overlay::Fields(picker)), _) => {
            picker.field.insert(text);
            Vec::new()
        }
        (Some(Overlay::Pick(pick)), _) => {
            pick.picker.field.insert(text);
            let mut pick = pick.clone();
            let effects = pairing::typed(model, &mut pick);
            model.overlay = Some(Overlay::Pick(pick));
            effects
        }
        (Some(Overlay::Question(question)), _) if question.is_typed() => {
            question.field.insert(text);
            question.wrong = question.field.wrong();
            Vec::new()
        }
        (None, _) if model.mapping.typing.is_some() => mapping::typed(model, |field| {
            field.insert(text);
            true
        }),
        (None, _) if model.source.typing.is_some() => {
            source::pasted(model, text);
            Vec::new()
        }
        (None, Some(search)) => {
            search.field.insert(text);
            searched(model)
        }
        _ => Vec::new(),
    }
}

/// A key while something lies over the panes.
pub(super) fn in_overlay(model: &mut Model, key: &KeyEvent, chord: Chord) -> Vec<Effect> {
    model.changed = true;
    let Some(mut overlay) = model.overlay.take() else { return Vec::new() };
    let verb = model.setting.keymap.verb_while_typing(chord);
    match verb {
        Some(Verb::Close) => return Vec::new(),
        Some(Verb::Help) if matches!(overlay, Overlay::Help(_)) => return Vec::new(),
        Some(Verb::Choose) if matches!(overlay, Overlay::Question(_)) => return answer(model, overlay),
        Some(Verb::Choose) if matches!(overlay, Overlay::Why(_)) => return Vec::new(),
        Some(Verb::Choose) => return choose(model, &overlay),
        None | Some(Verb::ListDown | Verb::ListUp | Verb::ListPageDown | Verb::ListPageUp) => {}
        Some(verb) => {
            model.overlay = Some(overlay);
            return perform(model, verb);
        }
    }
    if let Overlay::Question(question) = &mut overlay {
        // While nothing but a number is typed, a letter is free for something else.
        if let Some((letter, _, then)) = &question.instead
            && key.code == KeyCode::Char(*letter)
            && key.modifiers.is_empty()
        {
            let then = then.clone();
            return decide::answered(model, Question { then, ..(**question).clone() });
        }
        let done = in_question(question, key, verb);
        if done {
            return answer(model, overlay);
        }
        model.overlay = Some(overlay);
        return Vec::new();
    }
    let items = overlay::items(model, &overlay);
    if let Overlay::Pick(mut pick) = overlay {
        let effects = in_pick(model, &mut pick, &items, key, verb);
        model.overlay = Some(Overlay::Pick(pick));
        return effects;
    }
    if let Overlay::Why(why) = overlay {
        return in_why(model, why, chord, verb);
    }
    match &mut overlay {
        Overlay::Help(picker) | Overlay::Facets(picker) | Overlay::Fields(picker) => {
            if !steer(picker, &items, verb) && picker.field.key(key) {
                picker.at = 0;
            }
        }
        Overlay::Question(_) | Overlay::Why(_) | Overlay::Pick(_) => {}
        Overlay::About(top) | Overlay::Rows(_, _, top) | Overlay::Movers(_, top) => {
            let page = usize::from(model.size.1 / 2).max(1);
            match verb {
                Some(Verb::ListDown) => *top += 1,
                Some(Verb::ListUp) => *top = top.saturating_sub(1),
                Some(Verb::ListPageDown) => *top += page,
                Some(Verb::ListPageUp) => *top = top.saturating_sub(page),
                // Nothing is typed here: the key that opened it and the one that ends things close it.
                _ if matches!(key.code, KeyCode::Char(_)) => {
                    let outside = model.setting.keymap.verb(crate::tui::action::Scope::Everywhere, chord);
                    if matches!(outside, Some(Verb::About | Verb::Quit)) {
                        return Vec::new();
                    }
                }
                _ => {}
            }
        }
    }
    model.overlay = Some(overlay);
    Vec::new()
}

/// The wheel over what lies over the panes; it is brought into what there is with the next frame.
pub(super) fn roll(model: &mut Model, by: isize) {
    let Some(mut overlay) = model.overlay.take() else { return };
    let items = overlay::items(model, &overlay);
    match &mut overlay {
        Overlay::Help(picker) | Overlay::Facets(picker) | Overlay::Fields(picker) => picker.go(by, picker.fitting(&items).len()),
        Overlay::Pick(pick) => pick.picker.go(by, pick.picker.fitting(&items).len()),
        Overlay::Question(question) => question.top = question.top.saturating_add_signed(by),
        Overlay::Why(why) => why.top = why.top.saturating_add_signed(by),
        Overlay::About(top) | Overlay::Rows(_, _, top) | Overlay::Movers(_, top) => *top = top.saturating_add_signed(by),
    }
    model.overlay = Some(overlay);
}

/// A key while somebody is chosen.
fn in_pick(model: &mut Model, pick: &mut Pick, items: &[Item], key: &KeyEvent, verb: Option<Verb>) -> Vec<Effect> {
    if steer(&mut pick.picker, items, verb) || !pick.picker.field.key(key) {
        return Vec::new();
    }
    pairing::typed(model, pick)
}

/// A key while somebody is explained: those of the list mean the same here.
fn in_why(model: &mut Model, mut why: Box<Why>, chord: Chord, verb: Option<Verb>) -> Vec<Effect> {
    let page = usize::from(model.size.1 / 2).max(1);
    let named = model.setting.keymap.verb(Scope::Diff, chord);
    match verb.or(named) {
        Some(Verb::ListDown | Verb::Down) => why.top += 1,
        Some(Verb::ListUp | Verb::Up) => why.top = why.top.saturating_sub(1),
        Some(Verb::ListPageDown | Verb::PageDown) => why.top += page,
        Some(Verb::ListPageUp | Verb::PageUp) => why.top = why.top.saturating_sub(page),
        Some(Verb::Top) => why.top = 0,
        Some(Verb::Bottom) => why.top = usize::MAX / 2,
        Some(verb) => return pairing::in_why(model, why, verb),
        None => {}
    }
    model.overlay = Some(Overlay::Why(why));
    Vec::new()
}

/// Moves the mark of a list to choose from; false if the key means nothing for that.
fn steer(picker: &mut Picker, items: &[Item], verb: Option<Verb>) -> bool {
    let fitting = picker.fitting(items).len();
    let page = isize::try_from(picker.height.max(1)).unwrap_or(1);
    match verb {
        Some(Verb::ListDown) => picker.go(1, fitting),
        Some(Verb::ListUp) => picker.go(-1, fitting),
        Some(Verb::ListPageDown) => picker.go(page, fitting),
        Some(Verb::ListPageUp) => picker.go(-page, fitting),
        _ => return false,
    }
    true
}

/// A key while something is asked; true if it stands for Enter.
fn in_question(question: &mut Question, key: &KeyEvent, verb: Option<Verb>) -> bool {
    const PAGE: usize = 8;
    question.wrong = None;
    match verb {
        Some(Verb::ListDown) => question.top += 1,
        Some(Verb::ListUp) => question.top = question.top.saturating_sub(1),
        Some(Verb::ListPageDown) => question.top += PAGE,
        Some(Verb::ListPageUp) => question.top = question.top.saturating_sub(PAGE),
        _ if question.is_typed() => {
            question.field.key(key);
            question.wrong = question.field.wrong();
        }
        _ => return question.answer == Answer::Yes && key.code == KeyCode::Char('y') && key.modifiers.is_empty(),
    }
    false
}

/// Takes an answer, or says what is missing.
fn answer(model: &mut Model, overlay: Overlay) -> Vec<Effect> {
    let Overlay::Question(mut question) = overlay else { return Vec::new() };
    match question.answered() {
        Ok(()) => decide::answered(model, *question),
        // What can only be closed is closed by this, too.
        Err(_) if question.answer == Answer::Nothing => Vec::new(),
        Err(wrong) => {
            question.wrong = Some(wrong);
            // Another number is typed from its beginning.
            if matches!(question.answer, Answer::Number(_) | Answer::Lift(_)) {
                question.field = Field::default();
            }
            model.overlay = Some(Overlay::Question(question));
            Vec::new()
        }
    }
}

/// Does what is marked.
fn choose(model: &mut Model, overlay: &Overlay) -> Vec<Effect> {
    let items = overlay::items(model, overlay);
    if let Overlay::Pick(pick) = overlay {
        // Nothing fits what is typed: it stays open to be mended.
        model.overlay = Some(overlay.clone());
        if let Some(place) = pick.picker.fitting(&items).get(pick.picker.at).copied() {
            pairing::chosen(model, pick, place);
        }
        return Vec::new();
    }
    let (Overlay::Help(picker) | Overlay::Facets(picker) | Overlay::Fields(picker)) = overlay else { return Vec::new() };
    let Some(place) = picker.fitting(&items).get(picker.at).copied() else {
        // Nothing fits what is typed: it stays open to be mended.
        model.overlay = Some(overlay.clone());
        return Vec::new();
    };
    if matches!(overlay, Overlay::Fields(_)) {
        return mapping::rules::chosen(model, place);
    }
    if matches!(overlay, Overlay::Facets(_)) {
        let Some((facet, _)) = facets::facets(model).get(place).copied() else { return Vec::new() };
        model.list.spec.filter = facet.toggled(&model.list.spec.filter);
        return list::ask(model);
    }
    match help::meanings(model).get(place) {
        Some(Meaning::Verb(verb)) => {
            bring_to(model, *verb);
            perform(model, *verb)
        }
        Some(Meaning::Situation(situation)) if model.snapshot.is_some() => {
            model.list.spec.filter.situation = Some(*situation);
            model.list.spec.filter.only_open = false;
            list::ask(model)
        }
        _ => {
            model.overlay = Some(overlay.clone());
            Vec::new()
        }
    }
}
