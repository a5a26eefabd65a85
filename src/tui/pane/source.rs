//! Where people come from: one line a clause with what it comes to; below them what is typed, and who would enter and leave by it.
//!
//! Nothing is evaluated here: what was counted or read came from the engine, so that a frame costs the same however many people
//! there are.

mod below;
mod clauses;

pub(in crate::tui) use clauses::{Entry, entries};

use crate::config::Clause;
use crate::text::pad;
use crate::tui::model::{Model, Pane, SourceTyping as Typing};
use crate::tui::theme::Role;
use crate::tui::widget::field::Field;
use crate::tui::widget::grid::window;
use crate::tui::widget::ink::{Ink, cells, shown};
use crate::tui::widget::page::{self, Line};
use ratatui::layout::Rect;

/// Cells of the label and of the count.
const LABEL: usize = 10;
const COUNT: usize = 8;
/// Lines that it has room for beside the clauses that choose: its title, and what is said below them.
const ROOM: usize = 9;

/// The lines of the pane.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Page {
    pub clauses: Vec<Line>,
    pub below: Vec<Line>,
}

/// What a clause says, in words where it says nothing.
pub(in crate::tui) fn or_unset(clause: Clause, text: String) -> String {
    match (text.is_empty(), clause) {
        (false, _) => text,
        (true, Clause::BindDn) => "(nobody: an anonymous bind)".to_owned(),
        (true, Clause::Authority) => "(those that the platform trusts)".to_owned(),
        (true, _) if clause.tables().contains(&"settings") => "(as the product has it)".to_owned(),
        (true, _) => "(none)".to_owned(),
    }
}

/// Lines that it would like to have. It asks for the same whatever is said, so that nothing moves.
pub(in crate::tui) fn height(model: &Model) -> usize {
    entries(model).iter().filter(|e| e.is_first).count() + ROOM
}

/// Composes the lines, and brings the marked clause into what is visible.
pub(in crate::tui) fn settle(model: &mut Model, area: Rect) {
    let room = usize::from(area.width.saturating_sub(2));
    let entries = entries(model);
    model.source.at = model.source.at.min(entries.len().saturating_sub(1));
    let height = usize::from(area.height.saturating_sub(1));
    let mut below = below::lines(model, entries.get(model.source.at), room);
    below.truncate(height.saturating_sub(4).min((height * 3 / 5).max(3)));
    let clauses: Vec<Line> = entries.iter().enumerate().map(|(at, entry)| line(model, entry, at, room)).collect();
    model.source.top = window(model.source.top, model.source.at, height - below.len().min(height), clauses.len());
    model.source.page = Page { clauses, below };
}

fn line(model: &Model, entry: &Entry, at: usize, room: usize) -> Line {
    let glyphs = model.setting.theme.glyphs();
    let typed = model.source.typing.as_ref().filter(|t| entry.clause == Some(t.clause)).map(Typing::shown);
    let typed = typed.as_ref().map(Field::text);
    let is_edited = typed.is_some() || entry.clause.is_some_and(|clause| model.source.edits.contains_key(&clause));
    let here = at == model.source.at && model.focus == Pane::Source;
    let cell = |text: &str, cells: usize| pad(&shown(text, cells, glyphs), cells);
    let value = if is_edited {
        Role::Warn
    } else if entry.clause.is_some() {
        Role::Text
    } else {
        Role::Quiet
    };
    let wide = room.saturating_sub(1 + LABEL + entry.count.len().max(1)).max(8);
    vec![
        (Role::Accent, if here { glyphs.here() } else { " " }.into()),
        (if entry.is_total { Role::Strong } else { Role::Field }, cell(entry.label, LABEL).into()),
        (value, cell(typed.unwrap_or(&entry.value), wide).into()),
        (entry.role, entry.count.clone().into()),
    ]
}

/// Where the clauses are, and what is said below them.
fn parts(model: &Model, area: Rect) -> (Rect, Rect) {
    let body = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) };
    let below = cells(model.source.page.below.len()).min(body.height);
    let list = Rect { height: body.height - below, ..body };
    (list, Rect { y: list.bottom(), height: below, ..list })
}

/// The clause on a line of the terminal.
pub(in crate::tui) fn clause_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let (list, _) = parts(model, area);
    let at = model.source.top + usize::from(y.checked_sub(list.y).filter(|line| *line < list.height)?);
    (at < model.source.page.clauses.len()).then_some(at)
}

/// Draws the pane; gives the place of the cursor where a clause is typed.
pub(in crate::tui) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) -> Option<(u16, u16)> {
    let focused = model.focus == Pane::Source;
    let mut title = vec![(if focused { Role::TitleFocus } else { Role::Title }, "1 Source".into())];
    if model.source.typing.is_some() {
        title.push((Role::Accent, " · editing".into()));
    } else if !model.source.edits.is_empty() {
        title.push((Role::Warn, " · edited, not saved".into()));
    }
    ink.rule(area.x, area.y, area.width, &title, focused);
    let page = &model.source.page;
    let (list, rest) = parts(model, area);
    if page.clauses.is_empty() {
        ink.put(list.x, list.y, list.width, "The clauses are shown once the configuration is read.", Role::Quiet);
        return None;
    }
    page::draw(ink, list, &page.clauses, model.source.top);
    let marked = model.source.at.checked_sub(model.source.top).map(cells).filter(|l| focused && *l < list.height);
    if let Some(line) = marked {
        ink.style(Rect { y: list.y + line, height: 1, ..list }, Role::Cursor);
    }
    page::draw(ink, rest, &page.below, 0);
    let typing = model.source.typing.as_ref().filter(|_| rest.height > 0)?;
    let used = ink.put(rest.x, rest.y, rest.width, &format!("{} = ", typing.clause.name()), Role::Key);
    let column = typing.shown().draw(ink, Rect { x: rest.x + used, width: rest.width.saturating_sub(used), height: 1, ..rest });
    Some((column, rest.y))
}
