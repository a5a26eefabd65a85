//! The last line: what is being typed, else what has just happened, else the keys that work now.

use crate::telemetry::redacted;
use crate::text::{count, width};
use crate::tui::action::{Scope, TABLE, Verb, scope_of};
use crate::tui::model::{Model, Tone};
use crate::tui::theme::Role;
use crate::tui::widget::ink::{Ink, cells};
use ratatui::layout::Rect;

/// Draws it; gives the place of the cursor where something is typed.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) -> Option<(u16, u16)> {
    if let Some(search) = &model.search {
        if let Some(wrong) = search.field.wrong() {
            let used = ink.put(area.x, area.y, area.width, &format!(" / {wrong}"), Role::Bad);
            return Some((area.x + used.min(area.width.saturating_sub(1)), area.y));
        }
        let aside = " enter keeps · esc takes away · up down move ";
        let wide = cells(width(aside));
        ink.put(area.right().saturating_sub(wide), area.y, wide, aside, Role::Quiet);
        let prompt = ink.put(area.x, area.y, area.width, " / ", Role::Key);
        let room = area.width.saturating_sub(wide + prompt);
        if search.field.text().is_empty() {
            let hint = "words, or title:… situation:… reason:… differs:… -action:…";
            ink.put(area.x + prompt + 2, area.y, room.saturating_sub(2), hint, Role::Quiet);
        }
        let column = search.field.draw(ink, Rect { x: area.x + prompt, width: room, ..area });
        return Some((column, area.y));
    }
    // Help always has its place.
    let help = format!(" {} every key ", model.setting.keymap.key(Verb::Help));
    let wide = cells(width(&help));
    ink.put(area.right().saturating_sub(wide), area.y, wide, &help, Role::Quiet);
    let room = area.width.saturating_sub(wide + 1);
    if let Some((tone, text)) = &model.notice {
        let role = if *tone == Tone::Warn { Role::Warn } else { Role::Accent };
        ink.put(area.x + 1, area.y, room, &redacted(text), role);
        return None;
    }
    if model.mapping.typing.is_some() {
        let text = "enter keeps · esc takes it back · up down: the user before, the next one";
        ink.put(area.x + 1, area.y, room, text, Role::Quiet);
        return None;
    }
    if model.source.typing.is_some() {
        let text = "enter looks what comes of it · esc leaves it as it was";
        ink.put(area.x + 1, area.y, room, text, Role::Quiet);
        return None;
    }
    let here = scope_of(model.focus);
    let mut entries: Vec<_> =
        TABLE.iter().filter(|e| e.footer > 0 && (e.scope == here || e.scope == Scope::Everywhere) && (e.when)(model).is_ok()).collect();
    // What is about the marked says so, and comes first: who is marked need not be seen.
    let marks = if here == Scope::Diff { model.list.marks.len() } else { 0 };
    let is_about_marks = |verb: Verb| marks > 0 && matches!(verb, Verb::Approve | Verb::Hold | Verb::Release | Verb::WithdrawAll);
    entries.sort_by_key(|e| (!is_about_marks(e.verb), e.footer));
    let mut used = 1;
    for entry in entries {
        let key = model.setting.keymap.key(entry.verb);
        let short = match entry.verb {
            verb if !is_about_marks(verb) => entry.short.to_owned(),
            Verb::WithdrawAll => format!("unapprove {} marked", count(marks)),
            _ => format!("{} {} marked", entry.short, count(marks)),
        };
        let all = cells(width(&key) + width(&short) + 4);
        if used + all > room {
            continue;
        }
        used += ink.put(area.x + used, area.y, room, &key, Role::Key) + 1;
        used += ink.put(area.x + used, area.y, room, &short, Role::Text) + 3;
    }
    None
}
