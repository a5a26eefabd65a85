//! The mouse, where it is wanted: it points, chooses what is shown and scrolls. Whatever decides, confirms or sends is left to
//! keys, so that no slip of a hand does it.
//!
//! What was drawn last is what is pointed at: where something has changed since, nothing is done.

use super::{decide, list, mapping, perform, source, typing};
use crate::engine::view::Filter;
use crate::tui::action::Verb;
use crate::tui::layout::Layout;
use crate::tui::model::{Model, Pane};
use crate::tui::msg::Effect;
use crate::tui::overlay::facets::Facet;
use crate::tui::pane;
use crate::tui::view::tab_at;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Lines that one step of the wheel moves a list by.
const STEP: isize = 3;

/// Takes in what the mouse did.
pub(super) fn point(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let place = Position::new(event.column, event.row);
    let steps = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => return click(model, place),
        MouseEventKind::ScrollDown => 1,
        MouseEventKind::ScrollUp => -1,
        _ => return Vec::new(),
    };
    roll(model, place, steps);
    Vec::new()
}

/// True while something is typed in a pane or for the list: a click would take it away.
fn is_typing(model: &Model) -> bool {
    model.search.is_some() || model.mapping.typing.is_some() || model.source.typing.is_some()
}

/// The pane at a place, as it was drawn last.
fn pane_at(layout: &Layout, place: Position) -> Option<Pane> {
    let panes = [
        (Pane::Source, layout.source),
        (Pane::Mapping, layout.mapping),
        (Pane::Diff, layout.diff),
        (Pane::Detail, layout.detail),
        (Pane::Activity, layout.activity),
    ];
    panes.into_iter().find(|(_, area)| area.is_some_and(|a| a.contains(place))).map(|(pane, _)| pane)
}

/// The key's verb that leads to a pane.
fn verb_of(pane: Pane) -> Verb {
    match pane {
        Pane::Source => Verb::Source,
        Pane::Mapping => Verb::Mapping,
        Pane::Diff => Verb::DiffPane,
        Pane::Detail => Verb::DetailPane,
        Pane::Activity => Verb::Activity,
    }
}

fn click(model: &mut Model, place: Position) -> Vec<Effect> {
    // What lies over the panes is answered or closed by a key.
    if model.overlay.is_some() || is_typing(model) {
        return Vec::new();
    }
    let Some(layout) = model.page.layout else { return Vec::new() };
    let tab = layout.tabs.filter(|tabs| tabs.contains(place)).and_then(|tabs| tab_at(tabs, place.x));
    let Some(pane) = tab.or_else(|| pane_at(&layout, place)) else { return Vec::new() };
    (model.notice, model.seek) = (None, None);
    let effects = perform(model, verb_of(pane));
    if tab.is_some() || model.focus != pane {
        return effects;
    }
    match pane {
        Pane::Source => {
            if let Some(at) = layout.source.and_then(|area| pane::source::clause_at(model, area, place.y)) {
                source::put(model, at);
            }
        }
        Pane::Mapping => {
            if let Some(at) = layout.mapping.and_then(|area| pane::mapping::rule_at(model, area, place.y)) {
                model.mapping.at = at;
            }
        }
        Pane::Diff => return layout.diff.map_or_else(Vec::new, |area| in_diff(model, area, place)),
        Pane::Activity => {
            if let Some(at) = layout.activity.and_then(|area| pane::activity::run_at(model, area, place.y)) {
                model.activity.at = at;
            }
        }
        Pane::Detail => {
            if let Some(sheet) = layout.detail.and_then(|area| pane::detail::sheet_at(area, place)) {
                super::detail::turn(model, sheet);
            }
        }
    }
    effects
}

/// A click in the list: on a situation with its count, or on a row.
fn in_diff(model: &mut Model, area: Rect, place: Position) -> Vec<Effect> {
    if let Some(facet) = pane::diff::facet_at(model, area, place) {
        let situation = if let Facet::Situation(situation) = facet { Some(situation) } else { None };
        model.list.spec.filter = Filter { situation, only_open: false, ..model.list.spec.filter.clone() };
        return list::ask(model);
    }
    if let Some(index) = pane::diff::row_at(model, area, place.y) {
        model.go_to(index);
    }
    Vec::new()
}

/// Scrolls what is under the pointer, or what lies over everything.
fn roll(model: &mut Model, place: Position, steps: isize) {
    if model.overlay.is_some() {
        return typing::roll(model, steps * STEP);
    }
    let Some(pane) = model.page.layout.as_ref().and_then(|layout| pane_at(layout, place)) else { return };
    model.changed = true;
    (model.notice, model.seek) = (None, None);
    match pane {
        Pane::Diff => roll_list(model, steps * STEP),
        Pane::Detail => {
            model.detail.scroll = model.detail.scroll.saturating_add_signed(steps * STEP);
            model.detail.follow = false;
        }
        Pane::Source if model.source.typing.is_none() => source::mark(model, steps),
        Pane::Mapping if model.mapping.typing.is_none() => mapping::mark(model, steps),
        Pane::Activity => decide::mark(model, steps),
        Pane::Source | Pane::Mapping => {}
    }
}

/// Moves the window of the list; the cursor stays with its user as long as that is visible.
fn roll_list(model: &mut Model, by: isize) {
    let (height, len) = (model.page.height, model.list.len());
    if height == 0 || len == 0 {
        return;
    }
    model.list.top = model.list.top.saturating_add_signed(by).min(len.saturating_sub(height));
    let (first, last) = (model.list.top, (model.list.top + height).saturating_sub(1));
    let index = model.list.index.max(first).min(last);
    if index != model.list.index {
        model.go_to(index);
    }
}
