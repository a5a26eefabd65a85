//! The rules: one line a field, and one for the fields that have none; below them what is said about the marked one.
//!
//! Nobody is evaluated here but that one user. How many differ is counted by the engine anyway.

mod below;
mod moves;

pub(in crate::tui) use below::between;

use crate::config::{RuleText, WhenMissing};
use crate::text::{clean, count, pad};
use crate::tui::model::{Model, Pane, Part, Typing};
use crate::tui::theme::Role;
use crate::tui::widget::grid::window;
use crate::tui::widget::ink::{Ink, cells, shown};
use crate::tui::widget::page::{self, Line};
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

/// Composes the lines, and brings the marked rule into what is visible.
pub(in crate::tui) fn settle(model: &mut Model, area: Rect) {
    let room = usize::from(area.width.saturating_sub(2));
    let rules = rules(model, room);
    let height = usize::from(area.height.saturating_sub(2));
    // Beside the details they tell the same about the user; what is typed here has its place while keys go here.
    let has_details = model.page.layout.is_some_and(|l| l.seam.is_some());
    let most = height.saturating_sub(3).min(if has_details { height / 2 } else { height });
    let mut below = if has_details && model.focus != Pane::Mapping { Vec::new() } else { below::lines(model, room, most) };
    below.truncate(most);
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
    let names = model.rules();
    let here_at = |at: usize| (Role::Accent, if at == model.mapping.at { here } else { " " }.into());
    let line = |(at, name): (usize, &&str)| {
        let typing = model.mapping.typing.as_ref().filter(|t| t.rule == *name);
        let is_edited = typing.is_some() || model.mapping.edits.contains_key(*name);
        let text = typing.map(Typing::now).or_else(|| model.kept_rule(name));
        let text = text.map_or_else(|| "removed, not saved".to_owned(), |rule| said(&rule, model.is_masked(name)));
        // A field that was chosen has no rule in effect before there is an expression.
        let found = model.rule_in_effect(name);
        let place = found.map(|(place, _)| place);
        let (sign, word) = match (place == Some(rules.match_rule()), found.is_some_and(|(_, rule)| rule.required)) {
            (true, _) => (key, "match"),
            (false, true) => ("*", "required"),
            (false, false) => ("", ""),
        };
        let called = found.map_or(*name, |(_, rule)| &rule.field.name);
        let called = if sign.is_empty() { called.to_owned() } else { format!("{called} {sign}") };
        let differs = place.and_then(|place| snapshot.facets().fields.get(place)).copied().unwrap_or(0);
        let cell = |text: &str, cells: usize| pad(&shown(text, cells, glyphs), cells);
        let n = if differs == 0 { format!("{:>COUNT$}", "·") } else { format!("{:>COUNT$}", count(differs)) };
        let coverage = model.mapping.coverage.as_ref().filter(|_| wide.have > 0);
        let covered = coverage.zip(place).and_then(|(coverage, place)| coverage.of(rules, place));
        let (have, wrong) = covered.map_or((String::new(), String::new()), |(have, wrong)| {
            (short(have), if wrong > 0 { format!(" !{}", short(wrong)) } else { String::new() })
        });
        let have = if wide.have > 0 { format!("{have:>HAVE$}") } else { have };
        let wrong = if wide.have > 0 { pad(&wrong, WRONG) } else { wrong };
        vec![
            here_at(at),
            (Role::Quiet, if wide.sign > 0 { format!("{} ", cell(word, wide.sign)) } else { String::new() }.into()),
            (if sign.is_empty() { Role::Text } else { Role::Field }, cell(&called, wide.name).into()),
            (if is_edited { Role::Warn } else { Role::Text }, format!(" {}", cell(&text, wide.rule)).into()),
            (Role::Quiet, have.into()),
            (Role::Warn, wrong.into()),
            (if differs == 0 { Role::Quiet } else { Role::Strong }, n.into()),
        ]
    };
    let mut lines: Vec<Line> = names.iter().enumerate().map(line).collect();
    let left = model.unmapped().len();
    if left > 0 {
        let of = clean(snapshot.target_facts().0).into_owned();
        let fields = if left == 1 { "field" } else { "fields" };
        let gap = if wide.sign > 0 { " ".repeat(wide.sign + 1) } else { String::new() };
        let text = format!("{gap}+ {left} {fields} of {of} not mapped");
        lines.push(vec![here_at(names.len()), (Role::Quiet, shown(&text, room.saturating_sub(2), glyphs).into_owned().into())]);
    }
    lines
}

/// A rule on one line: its expression, and what takes the place of a value that is missing.
fn said(rule: &RuleText, is_masked: bool) -> String {
    let mut text = rule.value.clone().unwrap_or_default();
    let gap = |text: &str| if text.is_empty() { "" } else { "   " };
    if let Some(default) = &rule.default {
        let default = if is_masked { "•••" } else { default };
        text = format!("{text}{}(else '{default}')", gap(&text));
    } else if rule.when_missing == WhenMissing::Keep {
        text = format!("{text}{}(else kept)", gap(&text));
    }
    text
}

/// A count in at most six cells.
fn short(n: usize) -> String {
    if n < 100_000 { count(n) } else { format!("{}k", n / 1_000) }
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
    let name = |field: &str| clean(model.rule_in_effect(field).map_or(field, |(_, rule)| &rule.field.name)).into_owned();
    if let Some(typing) = &model.mapping.typing {
        title.push((Role::Accent, format!(" · editing {}", name(&typing.rule)).into()));
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
    let used = ink.put(
        rest.x,
        y,
        rest.width,
        &format!("{}{} = ", name(&typing.rule), if typing.part == Part::Default { ", if empty" } else { "" }),
        Role::Key,
    );
    let column = typing.field.draw(ink, Rect { x: rest.x + used, y, width: rest.width.saturating_sub(used), height: 1 });
    Some((column, y))
}
