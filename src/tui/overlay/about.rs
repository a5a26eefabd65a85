//! What is known about both ends: where they are, how their reads ended, and every note about the picture as a whole.

use crate::engine::snapshot::SideLine;
use crate::model::{ReadEnd, SideState};
use crate::telemetry::redacted;
use crate::text::{count, counted};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widget::page::{Line, labelled, plain};
use ratatui::layout::Rect;

/// How many cells a line has in an overlay over this area.
pub(super) fn room(area: Rect) -> usize {
    usize::from(super::place(area, 1).width.saturating_sub(4))
}

/// The lines.
pub(super) fn lines(model: &Model, room: usize) -> Vec<Line> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let mut lines = Vec::new();
    let facts = snapshot.source_facts();
    lines.push(plain(Role::Strong, "the directory"));
    labelled(&mut lines, "where", room, Role::Text, &facts.place);
    labelled(&mut lines, "product", room, Role::Text, &facts.settings.words());
    labelled(&mut lines, "context", room, Role::Text, &facts.naming_context);
    side(&mut lines, model, snapshot.source(), "person", room);
    lines.push(Vec::new());
    let (title, url) = snapshot.target_facts();
    lines.push(plain(Role::Strong, "the service"));
    labelled(&mut lines, "where", room, Role::Text, &format!("{title} at {url}"));
    side(&mut lines, model, snapshot.target(), "account", room);
    let notes = snapshot.notes();
    lines.push(Vec::new());
    lines.push(plain(Role::Strong, if notes.is_empty() { "nothing else to note".to_owned() } else { counted(notes.len(), "note") }));
    for (i, note) in notes.iter().enumerate() {
        labelled(&mut lines, &count(i + 1), room, Role::Text, &redacted(note));
    }
    lines
}

fn side(lines: &mut Vec<Line>, model: &Model, side: &SideLine, one: &str, room: usize) {
    let total = side.total.map(|n| format!(" of {}", count(n))).unwrap_or_default();
    let users = if one == "person" && side.users != 1 { format!("{} people", count(side.users)) } else { counted(side.users, one) };
    labelled(lines, "has", room, Role::Text, &format!("{users}{total}"));
    let at = side.read_at.map(|t| format!(", read {}", model.setting.zone.time_of_day(t))).unwrap_or_default();
    match &side.state {
        SideState::Reading => labelled(lines, "read", room, Role::Text, "not to its end yet"),
        SideState::Ended(ReadEnd::Complete) => labelled(lines, "read", room, Role::Good, &format!("complete{at}")),
        SideState::Ended(ReadEnd::Incomplete(why)) => {
            labelled(lines, "read", room, Role::Bad, &format!("INCOMPLETE{at}: {}. {}", why.cause.words(), redacted(&why.detail)));
        }
    }
}
