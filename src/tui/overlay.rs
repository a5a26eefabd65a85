//! What lies over the panes: one thing at a time, closed with one key.

pub mod about;
pub mod anew;
pub mod confirm;
pub mod facets;
mod fields;
pub mod help;
mod movers;
pub mod pick;
pub mod question;
pub mod relocate;
mod rows;
pub mod why;

use super::model::Model;
use super::widget::ink::Ink;
use super::widget::picker::{Item, Picker, WHOLE, below};
use crate::engine::RunRow;
use crate::engine::location::Preview;
use crate::journal::run::RunId;
use pick::Pick;
use question::Question;
use ratatui::layout::Rect;
use std::sync::Arc;
use why::Why;

/// What lies over the panes.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Every key and word.
    Help(Picker),
    /// Everything that is counted.
    Facets(Picker),
    /// Both ends; the first visible line.
    About(usize),
    /// Something is about to happen.
    Question(Box<Question>),
    /// The rows of a run; the first visible line.
    Rows(RunId, Arc<Vec<RunRow>>, usize),
    /// Who enters and who leaves by another location; the first visible line.
    Movers(Arc<Preview>, usize),
    /// Why a user is where they are.
    Why(Box<Why>),
    /// Who a user is to be linked with.
    Pick(Box<Pick>),
    /// The fields of the service that have no rule.
    Fields(Picker),
}

/// Where an overlay of so many lines is.
#[must_use]
pub fn place(area: Rect, lines: usize) -> Rect {
    let width = area.width.saturating_sub(4).min(110);
    let most = area.height.saturating_sub(2);
    let height = super::widget::ink::cells(lines.saturating_add(3 + usize::from(WHOLE))).clamp(8.min(most), most);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// The lines that a picker chooses from.
pub(super) fn items(model: &Model, overlay: &Overlay) -> Vec<Item> {
    match overlay {
        Overlay::Help(_) => help::items(model),
        Overlay::Facets(_) => facets::items(model),
        Overlay::Pick(pick) => pick.items(),
        Overlay::Fields(_) => fields::items(model),
        Overlay::About(_) | Overlay::Question(_) | Overlay::Rows(..) | Overlay::Movers(..) | Overlay::Why(_) => Vec::new(),
    }
}

/// Brings marks and scroll positions into what there is.
pub(super) fn settle(model: &mut Model, area: Rect) {
    let Some(mut overlay) = model.overlay.take() else { return };
    let items = items(model, &overlay);
    match &mut overlay {
        Overlay::Help(picker) | Overlay::Facets(picker) | Overlay::Fields(picker) => {
            let inside = usize::from(place(area, items.len()).height.saturating_sub(3 + below(&items)));
            picker.settle(picker.fitting(&items).len(), inside);
        }
        Overlay::About(top) => {
            let lines = about::lines(model, about::room(area)).len();
            *top = (*top).min(lines.saturating_sub(usize::from(place(area, lines).height.saturating_sub(2))));
        }
        Overlay::Question(question) => question.settle(area),
        Overlay::Rows(_, rows, top) => {
            let lines = rows.len().max(1);
            *top = (*top).min(lines.saturating_sub(usize::from(place(area, lines).height.saturating_sub(2))));
        }
        Overlay::Movers(preview, top) => {
            let lines = movers::len(preview);
            *top = (*top).min(lines.saturating_sub(usize::from(place(area, lines).height.saturating_sub(2))));
        }
        Overlay::Why(why) => {
            if let Some(snapshot) = &model.snapshot {
                let approved = why.subject.is_some_and(|s| model.approvals.has(s));
                why.settle(snapshot, approved);
            }
            let lines = why::lines(why, why::room(area)).len();
            why.top = why.top.min(lines.saturating_sub(usize::from(why::place(area, lines).height.saturating_sub(2))));
        }
        Overlay::Pick(pick) => {
            let inside = usize::from(place(area, items.len()).height.saturating_sub(3 + below(&items)));
            pick.picker.settle(pick.picker.fitting(&items).len(), inside);
        }
    }
    model.overlay = Some(overlay);
}

/// Draws it; gives the place of the cursor where something is typed.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) -> Option<(u16, u16)> {
    let overlay = model.overlay.as_ref()?;
    let items = items(model, overlay);
    match overlay {
        Overlay::Help(picker) => {
            let inside = ink.frame(place(area, items.len()), "Every key and every word", "enter does it · esc closes");
            Some(picker.draw(ink, inside, &items, "No key and no word like that."))
        }
        Overlay::Facets(picker) => {
            let inside = ink.frame(place(area, items.len()), "Show only …", "enter chooses, or takes back what is marked * · esc closes");
            Some(picker.draw(ink, inside, &items, "Nothing like that is counted."))
        }
        Overlay::Fields(picker) => {
            let inside = ink.frame(
                place(area, items.len()),
                &fields::title(model),
                "enter reads both ends with it, and a rule is typed · esc closes",
            );
            Some(picker.draw(ink, inside, &items, "No field like that is without a rule."))
        }
        Overlay::About(top) => {
            let lines = about::lines(model, about::room(area));
            let inside = ink.frame(place(area, lines.len()), "Both ends", "esc closes");
            super::widget::page::draw(ink, inside, &lines, *top);
            None
        }
        Overlay::Question(question) => question.draw(ink, area, &model.setting.keymap.key(super::action::Verb::ListPageDown)),
        Overlay::Rows(run, rows, top) => {
            let inside = ink.frame(place(area, rows.len()), &format!("Run {run}"), "up down move · esc closes");
            super::widget::page::draw(ink, inside, &rows::lines(rows), *top);
            None
        }
        Overlay::Movers(preview, top) => {
            let inside = ink.frame(place(area, movers::len(preview)), &movers::title(preview), "up down move · esc closes");
            super::widget::page::draw(ink, inside, &movers::lines(preview, *top, usize::from(inside.height)), 0);
            None
        }
        Overlay::Why(why) => {
            let lines = why::lines(why, why::room(area));
            let inside = ink.frame(why::place(area, lines.len()), why.title(), &Why::foot(&model.setting.keymap));
            super::widget::page::draw(ink, inside, &lines, why.top);
            None
        }
        Overlay::Pick(pick) => {
            let inside = ink.frame(place(area, items.len()), &pick.title(), "enter asks · esc closes");
            Some(pick.picker.draw(ink, inside, &items, pick.nothing()))
        }
    }
}
