//! The rules: one line a field; below them what is typed, whether it compiles, and what it makes of the user under the
//! cursor of the list.
//!
//! Nobody is evaluated here but that one user. How many differ is counted by the engine anyway.

use crate::engine::draft::Tried;
use crate::engine::snapshot::Facets;
use crate::model::Situation;
use crate::telemetry::redacted;
use crate::text::{clean, count, pad};
use crate::tui::action::Verb;
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widget::grid::window;
use crate::tui::widget::ink::{Ink, cells, shown};
use crate::tui::widget::page::{self, Line, labelled, plain};
use ratatui::layout::Rect;

/// Cells of the count.
const COUNT: usize = 9;
/// Cells of how many have a value, and of how many it is wrong for.
const HAVE: usize = 6;
const WRONG: usize = 5;
/// From so many cells on a rule's sign is told in words too.
const ROOMY: usize = 76;

/// From so many cells on it is told how many have a value.
const HAVING: usize = 54;

/// Cells of everything beside the count: what the sign means, the field with its sign, the expression.
struct Widths {
    sign: usize,
    name: usize,
    rule: usize,
    have: usize,
}

impl Widths {
    fn of(room: usize) -> Self {
        let (sign, name) = if room >= ROOMY { (10, 18) } else { (0, 15) };
        let gaps = if sign > 0 { 3 } else { 2 };
        let have = if room >= HAVING { HAVE + WRONG } else { 0 };
        Widths { sign, name, rule: room.saturating_sub(gaps + name + sign + have + COUNT).max(8), have }
    }
}

/// The lines of the pane.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Page {
    pub rules: Vec<Line>,
    pub below: Vec<Line>,
}

/// The expression of a rule as it stands now, or its fixed value as an expression.
pub(in crate::tui) fn expression(model: &Model, place: usize) -> Option<String> {
    if let Some(edit) = model.mapping.edits.get(&place) {
        return Some(edit.now.clone());
    }
    let rule = model.snapshot.as_ref()?.picture().rules().rules().get(place)?;
    Some(rule.program.as_ref().map_or_else(String::new, |p| p.source().to_owned()))
}

/// Composes the lines, and brings the marked rule into what is visible.
pub(in crate::tui) fn settle(model: &mut Model, area: Rect) {
    let room = usize::from(area.width.saturating_sub(2));
    let rules = rules(model, room);
    let height = usize::from(area.height.saturating_sub(2));
    // Beside the details they tell the same about the user; what is typed here has its place while keys go here.
    let has_details = model.page.layout.is_some_and(|l| l.seam.is_some());
    let mut below = if has_details && model.focus != Pane::Mapping { Vec::new() } else { below(model, room) };
    below.truncate(height.saturating_sub(3).min(if has_details { height / 2 } else { height }));
    model.mapping.at = model.mapping.at.min(rules.len().saturating_sub(1));
    model.mapping.top = window(model.mapping.top, model.mapping.at, height - below.len().min(height), rules.len());
    model.mapping.page = Page { rules, below };
}

fn rules(model: &Model, room: usize) -> Vec<Line> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let glyphs = model.setting.theme.glyphs();
    let (here, key) = (glyphs.here(), glyphs.match_rule());
    let rules = snapshot.picture().rules();
    let wide = Widths::of(room);
    let line = |(place, rule): (usize, &crate::mapping::Rule)| {
        let typed = model.mapping.typing.as_ref().filter(|t| t.rule == place).map(|t| t.field.text().to_owned());
        let is_edited = typed.is_some() || model.mapping.edits.contains_key(&place);
        let mut text = typed.or_else(|| expression(model, place)).unwrap_or_default();
        if let Some(default) = &rule.default {
            let default = if rule.masked { "•••".into() } else { default.plain() };
            let gap = if text.is_empty() { "" } else { "   " };
            text = format!("{text}{gap}(else '{default}')");
        }
        let (sign, word) = match (place == rules.match_rule(), rule.required) {
            (true, _) => (key, "match"),
            (false, true) => ("*", "required"),
            (false, false) => ("", ""),
        };
        let name = if sign.is_empty() { rule.field.name.clone() } else { format!("{} {sign}", rule.field.name) };
        let differs = snapshot.facets().fields.get(place).copied().unwrap_or(0);
        let cell = |text: &str, cells: usize| pad(&shown(text, cells, glyphs), cells);
        let n = if differs == 0 { format!("{:>COUNT$}", "·") } else { format!("{:>COUNT$}", count(differs)) };
        let covered = model.mapping.coverage.as_ref().filter(|_| wide.have > 0).and_then(|c| c.of(rules, place));
        let (have, wrong) = covered.map_or((String::new(), String::new()), |(have, wrong)| {
            (short(have), if wrong > 0 { format!(" !{}", short(wrong)) } else { String::new() })
        });
        let have = if wide.have > 0 { format!("{have:>HAVE$}") } else { have };
        let wrong = if wide.have > 0 { pad(&wrong, WRONG) } else { wrong };
        vec![
            (Role::Accent, if place == model.mapping.at { here } else { " " }.into()),
            (Role::Quiet, if wide.sign > 0 { format!("{} ", cell(word, wide.sign)) } else { String::new() }.into()),
            (if sign.is_empty() { Role::Text } else { Role::Field }, cell(&name, wide.name).into()),
            (if is_edited { Role::Warn } else { Role::Text }, format!(" {}", cell(&text, wide.rule)).into()),
            (Role::Quiet, have.into()),
            (Role::Warn, wrong.into()),
            (if differs == 0 { Role::Quiet } else { Role::Strong }, n.into()),
        ]
    };
    rules.rules().iter().enumerate().map(line).collect()
}

/// A count in at most six cells.
fn short(n: usize) -> String {
    if n < 100_000 { count(n) } else { format!("{}k", n / 1_000) }
}

/// The line on which something is typed is the first one; it is drawn by itself.
fn below(model: &Model, room: usize) -> Vec<Line> {
    let mut lines = vec![Vec::new()];
    let mapping = &model.mapping;
    match (&mapping.typing, mapping.edits.get(&mapping.at)) {
        (Some(_), _) => {
            lines.push(Vec::new());
            match &mapping.told {
                Some(Tried::Wrong { message, hint, column }) => {
                    let place = column.map(|c| format!("column {c}: ")).unwrap_or_default();
                    let hint = hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
                    labelled(&mut lines, "wrong", room, Role::Bad, &redacted(&format!("{place}{message}{hint}")));
                    labelled(&mut lines, "", room, Role::Quiet, "the list is by the last rule that worked");
                }
                Some(Tried::Unread(names)) => {
                    let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    let text = if mapping.typing.as_ref().is_some_and(|t| t.closing) {
                        format!("both ends are read again, with {names}")
                    } else {
                        format!("{names} was not read of anybody: enter reads both ends again with it")
                    };
                    labelled(&mut lines, "unread", room, Role::Warn, &text);
                }
                Some(Tried::Works) if mapping.asked == mapping.answered => {
                    labelled(&mut lines, "ok", room, Role::Good, &moved(model));
                }
                Some(Tried::Works) | None => labelled(&mut lines, "", room, Role::Quiet, "what is typed is tried at once"),
            }
        }
        (None, Some(edit)) => {
            labelled(&mut lines, "was", room, Role::Quiet, &edit.was);
            let key = |verb| model.setting.keymap.key(verb);
            let text =
                format!("not saved: {} shows what saving comes to; {} takes every edit back", key(Verb::SaveMapping), key(Verb::Revert));
            labelled(&mut lines, "", room, Role::Warn, &text);
        }
        (None, None) => {}
    }
    let field = model.page.card.as_ref().and_then(|card| Some((card, card.fields.get(mapping.at)?)));
    let Some((card, field)) = field else {
        lines.push(plain(Role::Quiet, "Nobody is under the cursor of the list."));
        return lines;
    };
    let or_nothing = |value: &str| if value.is_empty() { "nothing".to_owned() } else { value.to_owned() };
    // Below a text that has no effect stands what the rule before it makes of the user: that is said.
    let is_before = mapping.typing.is_some() && matches!(mapping.told, Some(Tried::Wrong { .. } | Tried::Unread(_)));
    let by = if is_before { " · by the rule before" } else { "" };
    labelled(&mut lines, "for", room, Role::Strong, &format!("{}{by}", card.row.called()));
    if let Some(problem) = &field.problem {
        labelled(&mut lines, "problem", room, Role::Warn, &redacted(problem));
    }
    labelled(&mut lines, "gives", room, Role::Text, &or_nothing(&field.wanted));
    labelled(&mut lines, "has now", room, Role::Text, &or_nothing(&field.has));
    for step in &field.trace {
        labelled(&mut lines, "  step", room, Role::Quiet, &format!("{} is {}", step.text, step.value));
    }
    lines
}

/// Each situation that has grown or shrunk, with how many were in it and are.
pub(in crate::tui) fn between(before: &Facets, now: &Facets) -> String {
    let steps = Situation::WORST_FIRST.into_iter().filter(|s| before.of(*s) != now.of(*s));
    let steps: Vec<String> = steps.map(|s| format!("{} {} → {}", s.words(), count(before.of(s)), count(now.of(s)))).collect();
    steps.join(", ")
}

/// What the edit has moved so far: each situation with how many were in it and are.
fn moved(model: &Model) -> String {
    let (Some(before), Some(snapshot)) = (&model.mapping.before, &model.snapshot) else { return "the list goes by it".to_owned() };
    let moved = between(before, snapshot.facets());
    if snapshot.is_busy() {
        "the list goes by it; counting …".to_owned()
    } else if moved.is_empty() {
        "the list goes by it: nobody is in another situation".to_owned()
    } else {
        format!("the list goes by it: {moved}")
    }
}

/// Where the rules are, and what is said below them.
fn parts(model: &Model, area: Rect) -> (Rect, Rect) {
    let below = cells(model.mapping.page.below.len()).min(area.height.saturating_sub(3));
    let height = area.height.saturating_sub(2 + below);
    let list = Rect { x: area.x + 1, y: area.y + 2, width: area.width.saturating_sub(2), height };
    (list, Rect { y: list.bottom(), height: below, ..list })
}

/// The rule on a line of the terminal.
pub(in crate::tui) fn rule_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let (list, _) = parts(model, area);
    let at = model.mapping.top + usize::from(y.checked_sub(list.y).filter(|line| *line < list.height)?);
    (at < model.mapping.page.rules.len()).then_some(at)
}

/// Draws the pane; gives the place of the cursor where an expression is typed.
pub(in crate::tui) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) -> Option<(u16, u16)> {
    let focused = model.focus == Pane::Mapping;
    let mut title = vec![(if focused { Role::TitleFocus } else { Role::Title }, "2 Mapping".into())];
    let name = |place: usize| {
        let rules = model.snapshot.as_ref().map(|s| s.picture().rules().rules());
        rules.and_then(|r| r.get(place)).map_or_else(String::new, |r| clean(&r.field.name).into_owned())
    };
    if let Some(typing) = &model.mapping.typing {
        title.push((Role::Accent, format!(" · editing {}", name(typing.rule)).into()));
    }
    if !model.mapping.edits.is_empty() {
        title.push((Role::Warn, " · edited, not saved".into()));
    }
    ink.rule(area.x, area.y, area.width, &title, focused);
    let page = &model.mapping.page;
    let room = area.width.saturating_sub(2);
    if page.rules.is_empty() {
        ink.put(area.x + 4, area.y + 2, area.width.saturating_sub(4), "The rules are shown once both ends are opened.", Role::Quiet);
        return None;
    }
    let Widths { sign, name: named, rule, have } = Widths::of(usize::from(room));
    let before = if sign > 0 { sign + 2 } else { 1 };
    let having = if have > 0 { format!("{:>HAVE$}{:WRONG$}", "have", "") } else { String::new() };
    let heading = format!("{:before$}{:named$} {:rule$}{having}{:>COUNT$}", "", "field", "rule", "differs");
    ink.put(area.x + 1, area.y + 1, room, &heading, Role::Quiet);
    let (list, rest) = parts(model, area);
    page::draw(ink, list, &page.rules, model.mapping.top);
    if let Some(line) = model.mapping.at.checked_sub(model.mapping.top).map(cells).filter(|l| focused && *l < list.height) {
        ink.style(Rect { y: list.y + line, height: 1, ..list }, Role::Cursor);
    }
    page::draw(ink, rest, &page.below, 0);
    let typing = model.mapping.typing.as_ref().filter(|_| rest.height > 1)?;
    let y = rest.y + 1;
    let used = ink.put(rest.x, y, rest.width, &format!("{} = ", name(typing.rule)), Role::Key);
    let column = typing.field.draw(ink, Rect { x: rest.x + used, y, width: rest.width.saturating_sub(used), height: 1 });
    Some((column, y))
}
