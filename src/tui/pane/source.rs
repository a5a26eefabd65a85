//! Where people come from: server, base, filter, group, what tells who is disabled.

use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widget::ink::Ink;
use crate::tui::widget::page::{self, Line, labelled};
use ratatui::layout::Rect;

/// The lines of the pane.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Page {
    pub clauses: Vec<Line>,
}

/// Lines that it would like to have, its title included.
pub(in crate::tui) fn height(model: &Model) -> usize {
    model.page.source.clauses.len().max(11) + 1
}

/// Composes the lines.
pub(in crate::tui) fn settle(model: &mut Model, area: Rect) {
    let room = usize::from(area.width.saturating_sub(2));
    let mut clauses = Vec::new();
    if let Some(snapshot) = &model.snapshot {
        let facts = snapshot.source_facts();
        labelled(&mut clauses, "server", room, Role::Text, &facts.place);
    }
    model.page.source = Page { clauses };
}

/// Draws the pane.
pub(in crate::tui) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) -> Option<(u16, u16)> {
    let focused = model.focus == Pane::Source;
    let role = if focused { Role::TitleFocus } else { Role::Title };
    ink.rule(area.x, area.y, area.width, &[(role, "1 Source".into())], focused);
    let body = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) };
    page::draw(ink, body, &model.page.source.clauses, 0);
    None
}
