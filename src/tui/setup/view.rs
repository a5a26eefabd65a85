//! What the first screen shows: what was answered with what came of it, the question, what there is to choose, what was
//! seen on the last try, and the keys.

use super::model::{Line, Model};
use crate::engine::setup::{Ask, worth_telling};
use crate::identity::dn;
use crate::model::step::StepVerdict;
use crate::telemetry::redacted;
use crate::text::width;
use crate::tui::layout::fits;
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::too_small;
use crate::tui::widget::grid::window;
use crate::tui::widget::ink::{Ink, cells};
use crate::tui::widget::page::wrap;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns of what was answered: its name, the answer.
const TITLE: u16 = 14;
const ANSWER: u16 = 34;

/// Draws a frame.
pub fn draw(model: &mut Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let theme = model.theme.clone();
    let mut ink = Ink::new(frame.buffer_mut(), &theme);
    ink.style(area, Role::Text);
    if !fits(area.width, area.height) {
        return too_small(&mut ink, area);
    }
    head(model, &mut ink, area);
    let inside = Rect { x: area.x + 1, y: area.y + 2, width: area.width - 2, height: area.height - 3 };
    let below = told(model, usize::from(inside.width));
    // The question is there whole; what was answered and what was seen get what is left.
    let below_height = cells(below.len()).min(inside.height / 3);
    let above = answered(model, &mut ink, inside, below_height);
    let rest = Rect { y: above, height: (inside.bottom() - above).saturating_sub(below_height), ..inside };
    let (cursor, end) = asked(model, &mut ink, rest);
    let from = (end + 1).min(inside.bottom() - below_height);
    for (y, (role, text)) in (from..inside.bottom()).zip(&below) {
        ink.put(inside.x, y, inside.width, text, *role);
    }
    foot(model, &mut ink, Rect { y: area.bottom() - 1, height: 1, ..area });
    if let Some(place) = cursor {
        frame.set_cursor_position(place);
    }
}

fn head(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let used = ink.put(area.x + 1, area.y, area.width - 1, "rosterm · ", Role::Quiet);
    let title = "there is no configuration yet: let's make one";
    let used = used + ink.put(area.x + 1 + used, area.y, area.width - 1 - used, title, Role::Strong);
    let aside = format!("{} ", model.path.display());
    let wide = cells(width(&aside)).min(area.width.saturating_sub(used + 4));
    if wide > 12 {
        ink.put(area.right() - wide, area.y, wide, &aside, Role::Quiet);
    }
    ink.rule(area.x, area.y + 1, area.width, &[(Role::Title, "Nothing is written before the last step".into())], false);
}

/// Draws what was answered, the last of it where there is no room for all; gives the line behind it.
fn answered(model: &Model, ink: &mut Ink<'_>, area: Rect, below: u16) -> u16 {
    let all = model.answered();
    let choices = cells(model.lines().len()).min(8);
    // What would be written is read before anything else.
    let file = if model.ask == Ask::File { (area.height * 3 / 4).max(16) } else { 0 };
    let needs = (6 + choices).max(file) + below;
    let room = usize::from(area.height.saturating_sub(needs)).max(2);
    let skipped = if all.len() > room { all.len() - room + 1 } else { 0 };
    let mut y = area.y;
    if skipped > 0 {
        ink.put(area.x, y, area.width, &format!("  {skipped} answers above; esc goes back"), Role::Quiet);
        y += 1;
    }
    for (ask, title, answer) in all.iter().skip(skipped) {
        let (mark, role) = match model.verdict(*ask) {
            StepVerdict::Failed => ("x", Role::Bad),
            StepVerdict::Warning => ("!", Role::Warn),
            _ if ink.glyphs() == Glyphs::Ascii => ("+", Role::Good),
            _ => ("✓", Role::Good),
        };
        ink.put(area.x, y, 2, mark, role);
        ink.put(area.x + 2, y, TITLE, title, Role::Field);
        let steps = model.steps(*ask);
        let bad = steps.iter().rev().find(|s| matches!(s.verdict, StepVerdict::Failed | StepVerdict::Warning));
        let last = bad.or(steps.iter().rev().find(|s| worth_telling(s).is_some())).and_then(worth_telling);
        let room = if last.is_some() { ANSWER.min(area.width - TITLE - 4) } else { area.width - TITLE - 4 };
        let used = ink.put(area.x + 3 + TITLE, y, room, answer, Role::Text).max(if area.width > 100 { ANSWER } else { 0 });
        if let Some(last) = last {
            let x = area.x + 5 + TITLE + used;
            ink.put(x, y, area.right().saturating_sub(x), &redacted(&last), if bad.is_some() { role } else { Role::Quiet });
        }
        y += 1;
    }
    y + u16::from(!all.is_empty())
}

/// Draws the question, what is typed, and what there is to choose; gives the cursor's place, and the line behind all of it.
fn asked(model: &mut Model, ink: &mut Ink<'_>, area: Rect) -> (Option<(u16, u16)>, u16) {
    let room = usize::from(area.width);
    let mut y = area.y;
    let question = &model.question;
    let used = ink.put(area.x, y, area.width, &question.title, Role::TitleFocus);
    for (i, line) in wrap(&question.words, room.saturating_sub(usize::from(used) + 2)).into_iter().enumerate() {
        y += u16::from(i > 0);
        ink.put(area.x + used + 2, y, area.width.saturating_sub(used + 2), &line, Role::Strong);
    }
    for line in wrap(&question.help, room).into_iter().take(3) {
        y += 1;
        ink.put(area.x, y, area.width, &line, Role::Quiet);
    }
    y += 1;
    if model.ask == Ask::File {
        let area = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        file(model, ink, area);
        return (None, area.bottom());
    }
    let prompt = if question.choices.is_empty() { "> " } else { "type to narrow, or something else: " };
    let used = ink.put(area.x, y, area.width, prompt, Role::Key);
    let field = model.shown();
    let place = Rect { x: area.x + used, y, width: area.width.saturating_sub(used), height: 1 };
    let column = field.draw(ink, place);
    if field.text().is_empty() && question.choices.is_empty() {
        ink.put(area.x + used + 1, y, area.width, question.empty.unwrap_or(""), Role::Quiet);
    }
    let cursor = model.testing.is_none().then_some((column, y));
    let rest = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
    let end = if question.choices.is_empty() { preview(model, ink, rest) } else { choices(model, ink, rest) };
    (cursor, end)
}

fn choices(model: &mut Model, ink: &mut Ink<'_>, area: Rect) -> u16 {
    let lines = model.lines();
    let height = usize::from(area.height);
    model.height = height;
    model.top = window(model.top, model.at, height, lines.len());
    let value = |line: &Line| match line {
        Line::Of(choice) => width(&choice.value),
        _ => 0,
    };
    let widest = cells(lines.iter().map(value).max().unwrap_or(0)).min(area.width * 2 / 3);
    for (y, (i, line)) in (area.y..area.bottom()).zip(lines.iter().enumerate().skip(model.top)) {
        let x = area.x + 2;
        let room = area.width - 2;
        match line {
            Line::Of(choice) => {
                ink.put(x, y, widest, &choice.value, Role::Text);
                ink.put(x + widest + 2, y, room.saturating_sub(widest + 2), &choice.about, Role::Quiet);
            }
            Line::Nothing(words) => drop(ink.put(x, y, room, words, Role::Text)),
            Line::Typed => drop(ink.put(x, y, room, &format!("take what is typed: {}", model.shown().text()), Role::Text)),
            Line::Seek => drop(ink.put(x, y, room, &format!("look in the directory for: {}", model.shown().text()), Role::Accent)),
        }
        if i == model.at {
            ink.put(area.x, y, 1, ">", Role::Accent);
            ink.style(Rect { y, height: 1, ..area }, Role::Cursor);
        }
    }
    (area.y + cells(lines.len())).min(area.bottom())
}

/// What the rule that is typed gives for real people.
fn preview(model: &Model, ink: &mut Ink<'_>, area: Rect) -> u16 {
    let mut lines: Vec<(Role, String)> = Vec::new();
    match &model.preview {
        None => {}
        Some(Err(why)) => lines.push((Role::Warn, why.clone())),
        Some(Ok(seen)) => {
            let role = if seen.have < seen.of { Role::Warn } else { Role::Good };
            lines.push((role, format!("{} of {} people who were looked at have one", seen.have, seen.of)));
            for (dn, value) in &seen.examples {
                let short = dn::parse(dn).and_then(|_| dn.split(',').next().map(str::to_owned)).unwrap_or_else(|| dn.clone());
                lines.push((Role::Text, format!("{short} → {value}")));
            }
            lines.extend(seen.failed.iter().map(|why| (Role::Warn, format!("for somebody it fails: {why}"))));
        }
    }
    let end = (area.y + cells(lines.len())).min(area.bottom());
    for (y, (role, text)) in (area.y..end).zip(lines) {
        ink.put(area.x + 2, y, area.width - 2, &redacted(&text), role);
    }
    end
}

fn file(model: &mut Model, ink: &mut Ink<'_>, area: Rect) {
    model.height = usize::from(area.height);
    model.top = model.top.min(model.file.len().saturating_sub(model.height));
    for (y, line) in (area.y..area.bottom()).zip(model.file.iter().skip(model.top)) {
        let (text, aside) = line.split_once('#').map_or((line.as_str(), None), |(text, aside)| (text, Some(aside)));
        let used = ink.put(area.x + 2, y, area.width - 2, text, Role::Text);
        if let Some(aside) = aside {
            ink.put(area.x + 2 + used, y, (area.width - 2).saturating_sub(used), &format!("#{aside}"), Role::Quiet);
        }
    }
}

/// What is wrong, and what was seen on the last try: of this question, else of the one before.
fn told(model: &Model, room: usize) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    let mut say = |role: Role, text: &str| lines.extend(wrap(&redacted(text), room).into_iter().take(3).map(|l| (role, l)));
    if let Some(wrong) = &model.wrong {
        say(Role::Bad, wrong);
    }
    if model.writing {
        say(Role::Accent, "writing …");
    }
    let own = model.steps(model.ask);
    let steps = if own.is_empty() && model.testing.is_none() { model.before().map_or(own, |ask| model.steps(ask)) } else { own };
    for step in steps {
        let Some(words) = worth_telling(step) else { continue };
        match step.verdict {
            StepVerdict::Failed => say(Role::Bad, &format!("FAILED {words}")),
            StepVerdict::Warning => say(Role::Warn, &format!("! {words}")),
            _ => say(Role::Quiet, &format!("ok {words}")),
        }
    }
    if model.testing.is_some() {
        say(Role::Accent, "trying it …");
    }
    lines
}

fn foot(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let mut x = area.x + 1;
    if let Some(notice) = &model.notice {
        ink.put(x, area.y, area.width - 1, notice, Role::Accent);
        return;
    }
    let keys: &[(&str, &str)] = if model.testing.is_some() {
        &[("esc", "break it off"), ("ctrl-c", "end")]
    } else if model.ask == Ask::File {
        &[("enter", "write it and open the screens"), ("up down", "see all"), ("esc", "back"), ("ctrl-c", "end")]
    } else if model.question.choices.is_empty() {
        &[("enter", "take it"), ("esc", "back"), ("ctrl-c", "end")]
    } else {
        &[("up down", "choose"), ("enter", "take it"), ("esc", "back"), ("ctrl-c", "end")]
    };
    for (key, words) in keys {
        if cells(width(key) + width(words) + 1) > area.right().saturating_sub(x) {
            return;
        }
        x += ink.put(x, area.y, area.right().saturating_sub(x), key, Role::Key) + 1;
        x += ink.put(x, area.y, area.right().saturating_sub(x), words, Role::Text) + 3;
    }
}
