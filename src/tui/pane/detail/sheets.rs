//! The pages of the details beside the fields, their names on the title line, and what is known of the pair below the fields.

use crate::apply::Wire;
use crate::engine::snapshot::Card;
use crate::explain::{Event, history};
use crate::model::Action;
use crate::telemetry::redacted;
use crate::text::{clean, cut, width};
use crate::tui::model::{Model, Sheet};
use crate::tui::theme::Role;
use crate::tui::widget::ink::cells;
use crate::tui::widget::page::{Line, plain, wrap};
use crate::tui::widget::said;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// What the title begins with, and where that begins in the line.
const TITLE: (&str, u16) = ("4 Detail", 2);

/// The title: the pane, its pages with the one that is shown in brackets, and who is shown.
pub(super) fn title(model: &Model, role: Role) -> Vec<(Role, Cow<'static, str>)> {
    let mut title = vec![(role, TITLE.0.into())];
    let Some(card) = &model.page.card else { return title };
    title.push((role, " ".into()));
    for sheet in Sheet::ALL {
        title.push(if sheet == model.detail.sheet {
            (role, format!("[{}]", sheet.name()).into())
        } else {
            (Role::Quiet, format!(" {} ", sheet.name()).into())
        });
    }
    let name = if card.name.is_empty() { String::new() } else { format!(" · {}", card.name) };
    title.push((role, format!(" {}{name}", card.row.called()).into()));
    title
}

/// The page whose name is at this place.
pub(in crate::tui) fn sheet_at(area: Rect, place: Position) -> Option<Sheet> {
    let mut x = area.x + TITLE.1 + cells(width(TITLE.0)) + 1;
    Sheet::ALL.into_iter().filter(|_| place.y == area.y).find(|sheet| {
        let from = x;
        x += cells(width(sheet.name())) + 2;
        (from..x).contains(&place.x)
    })
}

/// The lines of a page that has no fields.
pub(super) fn lines(model: &Model, card: &Card, room: usize) -> Vec<Line> {
    match model.detail.sheet {
        Sheet::Fields => Vec::new(),
        Sheet::Requests => requests(model, card, room),
        Sheet::History => {
            let mut lines = Vec::new();
            said::put(&mut lines, &history::told(past(model)), ("", 1), said::WORD, room);
            lines
        }
    }
}

/// What would go over the wire, with a body as it is read best.
fn requests(model: &Model, card: &Card, room: usize) -> Vec<Line> {
    let wires = model.snapshot.as_ref().map(|s| s.picture().wires(&card.row)).unwrap_or_default();
    let approved = model.list.subject.is_some_and(|s| model.approvals.has(s));
    let mut lines = Vec::new();
    let (role, first) = match card.row.action {
        Action::None => (Role::Quiet, "nothing would be sent for this user"),
        Action::Link => (Role::Quiet, "the pair is remembered with the next run; nothing is sent"),
        _ if approved => (Role::Good, "approved: this goes with the next run"),
        _ => (Role::Quiet, "this would be sent, once it is approved"),
    };
    say(&mut lines, role, first, 0, room);
    for wire in wires {
        lines.push(Vec::new());
        for (role, line) in of_wire(&wire) {
            let text = line.trim_start_matches(' ');
            say(&mut lines, role, text, (line.len() - text.len()).min(room / 4), room);
        }
    }
    lines
}

/// A page that has no fields as text, for the clipboard: whole, not as it is wrapped here. Nothing of a page with fields.
pub(in crate::tui) fn text(model: &Model, card: &Card) -> Option<String> {
    let lines: Vec<String> = match model.detail.sheet {
        Sheet::Fields => return None,
        Sheet::Requests => {
            let wires = model.snapshot.as_ref().map(|s| s.picture().wires(&card.row)).unwrap_or_default();
            wires.iter().flat_map(of_wire).map(|(_, line)| line).collect()
        }
        Sheet::History => history::told(past(model)).into_iter().map(|line| line.text).collect(),
    };
    Some(lines.iter().map(|line| redacted(&clean(line)) + "\n").collect())
}

/// The lines of a request: its head, what is worth knowing, and its body.
fn of_wire(wire: &Wire) -> Vec<(Role, String)> {
    let mut lines = vec![(Role::Strong, format!("{} {}", wire.method, wire.url))];
    lines.extend(wire.note.map(|note| (Role::Quiet, format!("# {note}"))));
    let body = wire.body.as_ref().and_then(|body| serde_json::to_string_pretty(body).ok()).unwrap_or_default();
    lines.extend(body.lines().map(|line| (Role::Text, line.to_owned())));
    lines
}

/// A text, wrapped behind so many blanks.
fn say(lines: &mut Vec<Line>, role: Role, text: &str, indent: usize, room: usize) {
    let parts = wrap(&redacted(text), room.saturating_sub(indent + 1)).into_iter();
    lines.extend(parts.map(|part| plain(role, format!(" {:indent$}{part}", ""))));
}

/// What is known of the pair without asking anybody: since when they are linked, by which key, and what was done last. It stays
/// below the fields: one line, two where there is room for them.
pub(super) fn foot(model: &Model, card: &Card, area: Rect) -> Vec<Line> {
    /// From this height on a second line is not missed among the fields.
    const HIGH: u16 = 14;
    let key = card.fields.iter().find(|f| f.is_match);
    let key = key.map(|f| if f.wanted.is_empty() { &f.has } else { &f.wanted }).filter(|key| !key.is_empty());
    let past = past(model).and_then(|past| past.as_ref().ok()).and_then(|past| history::in_short(past));
    let parts: Vec<String> = std::iter::once(card.bond.clone()).chain(key.map(|key| format!("key {key}"))).chain(past).collect();
    let text = redacted(&clean(&parts.join(" · ")));
    let room = usize::from(area.width.saturating_sub(1));
    let line = |text: String| plain(Role::Quiet, format!(" {text}"));
    if area.height < HIGH {
        return vec![line(cut(&text, room).into_owned())];
    }
    wrap(&text, room).into_iter().take(2).map(line).collect()
}

/// What was done about whoever is shown before, as far as it is known.
fn past(model: &Model) -> Option<&Result<Vec<Event>, String>> {
    let (snapshot, subject) = (model.snapshot.as_ref()?, model.list.subject?);
    model.detail.past(snapshot.era(), subject)
}
