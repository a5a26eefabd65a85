//! One user: both sides next to each other field by field, why it is so, and how the marked field's value came about.
//!
//! Composed as lines first and drawn then, so that scrolling is a number and everything can be tested without a screen.

mod sheets;

pub(in crate::tui) use sheets::{sheet_at, text};

use super::diff;
use crate::engine::snapshot::{Card, FieldLine, Mark};
use crate::identity::value::Datum;
use crate::model::{Action, Reason};
use crate::telemetry::redacted;
use crate::text::{clean, pad, width};
use crate::tui::action::Verb;
use crate::tui::model::{Model, Pane, Sheet};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::widget::grid::{Column, fit, window};
use crate::tui::widget::ink::{Ink, cells, shown};
use crate::tui::widget::page::{self, Line, labelled, plain};
use ratatui::layout::Rect;

/// From this many columns on fields and reasons stand side by side.
const SIDE_BY_SIDE: u16 = 110;

/// The heading of what the rules give.
const FROM: &str = "from the directory";

/// The lines of the pane.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Page {
    /// The fields; with everything else where there is one column only.
    pub left: Vec<Line>,
    /// What is said about the user, where there is room beside the fields.
    pub right: Vec<Line>,
    /// The line of the marked field.
    pub marked: Option<usize>,
    /// The first visible line of the left column.
    pub top: usize,
    /// Lines that are visible.
    pub height: usize,
    /// What stays below them however far they are scrolled.
    pub foot: Vec<Line>,
}

/// The glyph and the word of a mark.
fn mark(mark: Mark, glyphs: Glyphs) -> (&'static str, &'static str, Role) {
    match (mark, glyphs) {
        (Mark::Same, _) => ("=", "same", Role::Quiet),
        (Mark::Changes, Glyphs::Lines) => ("→", "changes", Role::Accent),
        (Mark::Changes, Glyphs::Ascii) => (">", "changes", Role::Accent),
        (Mark::Sets, _) => ("+", "sets", Role::Accent),
        (Mark::Clears, Glyphs::Lines) => ("−", "clears", Role::Warn),
        (Mark::Clears, Glyphs::Ascii) => ("-", "clears", Role::Warn),
        (Mark::Keeps, _) => ("~", "kept", Role::Quiet),
        (Mark::Fixed, _) => ("#", "fixed", Role::Warn),
        (Mark::Problem, _) => ("!", "problem", Role::Warn),
    }
}

/// The place of the field that is explained: the one that was marked, else the first one that is not the same.
pub(in crate::tui) fn marked(card: &Card, name: Option<&str>) -> usize {
    let named = name.and_then(|name| card.fields.iter().position(|f| f.field == name));
    named.or_else(|| card.fields.iter().position(|f| !matches!(f.mark, Mark::Same | Mark::Keeps))).unwrap_or(0)
}

/// The lines of a card in this area (without its title).
pub(in crate::tui) fn compose(model: &Model, card: &Card, area: Rect) -> Page {
    let target = model.snapshot.as_ref().map_or(String::new(), |s| clean(s.target_facts().0).into_owned());
    let glyphs = model.setting.theme.glyphs();
    if model.detail.sheet != Sheet::Fields {
        let left = sheets::lines(model, card, usize::from(area.width.saturating_sub(2)));
        return Page { left, height: usize::from(area.height), ..Page::default() };
    }
    let at = marked(card, model.detail.field.as_deref());
    let wide = area.width >= SIDE_BY_SIDE;
    let left_room = if wide { area.width * 58 / 100 } else { area.width };
    let right_room = usize::from(if wide { area.width.saturating_sub(left_room + 3) } else { area.width.saturating_sub(4) });
    let mut about = facts(model, card, right_room);
    let mut trace = card.fields.get(at).map_or_else(Vec::new, |f| explain(f, is_alone(card, f), &target, right_room));
    let fields = fields(card, at, left_room, &target, glyphs);
    let foot = sheets::foot(model, card, area);
    let height = usize::from(area.height).saturating_sub(foot.len());
    let mut page = Page { height, foot, ..Page::default() };
    if wide {
        page.marked = Some(at + 1);
        page.left = fields;
        about.push(Vec::new());
        about.append(&mut trace);
        page.right = about;
    } else {
        page.marked = Some(about.len() + 2 + at);
        about.push(Vec::new());
        about.extend(fields);
        about.push(Vec::new());
        about.append(&mut trace);
        page.left = about;
    }
    page
}

/// True where nothing is compared: there is no account and none would be made, or nobody in scope to compare it with.
fn is_alone(card: &Card, field: &FieldLine) -> bool {
    let no_account = card.row.account.is_none() && card.row.action == Action::None && field.mark == Mark::Same;
    no_account || (field.mark == Mark::Keeps && field.wanted.is_empty() && field.trace.is_empty())
}

fn fields(card: &Card, at: usize, room: u16, target: &str, glyphs: Glyphs) -> Vec<Line> {
    let there = format!("at {target}");
    let widest = |part: &dyn Fn(&FieldLine) -> usize| cells(card.fields.iter().map(part).max().unwrap_or(0));
    let columns = [
        Column::fixed(11),
        Column { wants: widest(&|f| width(&f.field) + 3), least: 8, most: 22 },
        Column { wants: widest(&|f| width(&f.wanted)).max(cells(width(FROM))), least: 12, most: 40 },
        Column { wants: widest(&|f| width(&f.has)).max(cells(width(&there))), least: 12, most: 40 },
        if room >= 90 { Column { wants: widest(&|f| width(&f.rule)), least: 12, most: 60 } } else { Column::fixed(0) },
    ];
    let widths = fit(room, &columns);
    let last = widths.iter().rposition(|w| *w > 0).unwrap_or(0);
    let cell = |text: &str, column: usize| {
        let cells = usize::from(widths[column]);
        let gap = if column < last { "  " } else { "" };
        if cells == 0 { String::new() } else { pad(&shown(text, cells, glyphs), cells) + gap }
    };
    let heading = ["", "field", FROM, &there, "rule"];
    let mut lines = vec![vec![(Role::Quiet, heading.iter().enumerate().map(|(i, t)| cell(t, i)).collect::<String>().into())]];
    for (i, field) in card.fields.iter().enumerate() {
        let alone = is_alone(card, field);
        let (glyph, word, role) = if alone { ("", "", Role::Quiet) } else { mark(field.mark, glyphs) };
        let here = match (i == at, glyphs) {
            (false, _) => " ",
            (true, Glyphs::Lines) => "▌",
            (true, Glyphs::Ascii) => ">",
        };
        let name = if field.is_match { format!("{} {}", field.field, glyphs.match_rule()) } else { field.field.clone() };
        let nothing = |value: &str| if value.is_empty() { "·".to_owned() } else { value.to_owned() };
        let wanted = match (&field.problem, field.mark) {
            (Some(problem), _) if field.wanted.is_empty() => redacted(problem),
            (_, Mark::Keeps) if field.wanted.is_empty() && !alone => "(left as it is)".to_owned(),
            _ => nothing(&field.wanted),
        };
        let differs = !matches!(field.mark, Mark::Same | Mark::Keeps);
        let value = if differs { Role::Strong } else { Role::Text };
        lines.push(vec![
            (Role::Accent, here.into()),
            (role, cell(&format!(" {glyph} {word}"), 0).chars().skip(1).collect::<String>().into()),
            (if field.is_match { Role::Field } else { Role::Text }, cell(&name, 1).into()),
            (if field.mark == Mark::Problem { Role::Warn } else { value }, cell(&wanted, 2).into()),
            (Role::Text, cell(&nothing(&field.has), 3).into()),
            (Role::Quiet, cell(&field.rule, 4).into()),
        ]);
    }
    lines
}

/// What is said about the user as a whole.
fn facts(model: &Model, card: &Card, room: usize) -> Vec<Line> {
    let row = &card.row;
    let mut lines = Vec::new();
    let approved = model.list.subject.is_some_and(|s| model.approvals.has(s));
    let sent = match row.action {
        Action::Create => "would be created",
        Action::Update => "would be updated",
        Action::Enable => "would be made active again",
        Action::Disable if approved => "would be disabled",
        Action::Disable => "would be disabled, once it is approved",
        Action::Delete if approved => "would be deleted",
        Action::Delete => "would be deleted, once it is approved",
        Action::Link => "would be linked; nothing is sent",
        Action::None => "nothing would be sent",
    };
    labelled(&mut lines, row.situation.words(), room, diff::role(row.situation), sent);
    if approved {
        let key = model.setting.keymap.key(Verb::Apply);
        labelled(&mut lines, "approved", room, Role::Good, &format!("yes; {key} shows what would be sent"));
    }
    if let Some(reason) = row.reason {
        labelled(&mut lines, "because", room, Role::Strong, reason.words());
    }
    if let Some(would_be) = row.would_be {
        labelled(&mut lines, "else", room, Role::Text, &format!("would be {}", would_be.words()));
    }
    if let Some(hold) = &row.hold {
        labelled(&mut lines, "held", room, Role::Warn, &hold.words());
    }
    for change in row.changes.iter().filter(|change| !card.fields.iter().any(|f| f.field == change.field)) {
        let value = |datum: &Datum| if datum.is_unassigned() { "nothing".to_owned() } else { datum.plain().into_owned() };
        labelled(&mut lines, "sends", room, Role::Text, &format!("{}: {} → {}", change.field, value(&change.from), value(&change.to)));
    }
    for problem in &row.problems {
        let field = problem.field.as_ref().map(|f| format!("{f}: ")).unwrap_or_default();
        labelled(&mut lines, "problem", room, Role::Warn, &redacted(&format!("{field}{}", problem.message)));
    }
    for candidate in &row.candidates {
        labelled(&mut lines, "might be", room, Role::Text, &format!("{} {} ({})", candidate.kind, candidate.name, candidate.id));
    }
    if let Some(failure) = &row.last_failure {
        labelled(&mut lines, "failed", room, Role::Bad, &redacted(failure));
    }
    if let Some(entry) = &row.entry {
        // Of somebody else's person it is not asked where they are.
        let nowhere = if row.reason == Some(Reason::Deleted) { "not found where this reader can see" } else { "not in scope here" };
        labelled(&mut lines, "person", room, Role::Text, entry.dn.as_deref().unwrap_or(nowhere));
        labelled(&mut lines, "", room, Role::Quiet, &entry.id);
    }
    if let Some(account) = &row.account {
        let name = account.user_name.as_deref().unwrap_or("(no user name)");
        labelled(&mut lines, "account", room, Role::Text, &format!("{name}, {}", if account.active { "active" } else { "inactive" }));
        labelled(&mut lines, "", room, Role::Quiet, &account.id);
    }
    lines
}

/// How the value of a field came about, and both values whole.
fn explain(field: &FieldLine, alone: bool, target: &str, room: usize) -> Vec<Line> {
    let mut lines = vec![plain(Role::Strong, format!("{}: how it came about", clean(&field.field)))];
    if field.rule.is_empty() {
        lines.push(plain(Role::Quiet, "it has no rule"));
    } else {
        labelled(&mut lines, "rule", room, Role::Text, &field.rule);
    }
    for step in &field.trace {
        labelled(&mut lines, "", room, Role::Quiet, &step.text);
        labelled(&mut lines, "      is", room, Role::Text, &step.value);
    }
    if let Some(problem) = &field.problem {
        labelled(&mut lines, "problem", room, Role::Warn, &redacted(problem));
    }
    let whole = |value: &str| if value.is_empty() { "nothing".to_owned() } else { value.to_owned() };
    let (_, word, role) = mark(field.mark, Glyphs::Lines);
    if alone {
        labelled(&mut lines, "so", room, Role::Quiet, "there is nothing to compare it with");
    } else {
        labelled(&mut lines, "so", room, role, word);
    }
    if !field.trace.is_empty() || !field.wanted.is_empty() {
        labelled(&mut lines, "wanted", room, Role::Text, &whole(&field.wanted));
    }
    labelled(&mut lines, "there is", room, Role::Text, &format!("{} at {target}", whole(&field.has)));
    lines
}

/// Brings the scroll positions into what there is.
pub(in crate::tui) fn settle(model: &mut Model) {
    let page = &mut model.page.detail;
    let last = |lines: usize| lines.saturating_sub(page.height);
    if page.right.is_empty() {
        model.detail.scroll = model.detail.scroll.min(last(page.left.len()));
        if let (true, Some(marked)) = (model.detail.follow, page.marked) {
            model.detail.scroll = window(model.detail.scroll, marked, page.height, page.left.len());
        }
        page.top = model.detail.scroll;
    } else {
        model.detail.scroll = model.detail.scroll.min(last(page.right.len()));
        page.top = window(0, page.marked.unwrap_or(0), page.height, page.left.len());
    }
}

/// Draws the pane.
pub(in crate::tui) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let focused = model.focus == Pane::Detail;
    let role = if focused { Role::TitleFocus } else { Role::Title };
    ink.rule(area.x, area.y, area.width, &sheets::title(model, role), focused);
    let detail = &model.page.detail;
    let below = cells(detail.foot.len());
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below), ..area };
    if model.page.card.is_none() {
        ink.put(body.x + 4, body.y + 1, body.width.saturating_sub(4), "Nobody is under the cursor.", Role::Quiet);
        return;
    }
    page::draw(ink, Rect { y: body.bottom(), height: below, ..area }, &detail.foot, 0);
    if detail.right.is_empty() {
        page::draw(ink, body, &detail.left, detail.top);
    } else {
        let left = Rect { width: body.width * 58 / 100, ..body };
        let right = Rect { x: left.right() + 3, width: body.width.saturating_sub(left.width + 3), ..body };
        page::draw(ink, left, &detail.left, detail.top);
        page::draw(ink, right, &detail.right, model.detail.scroll);
        let side = if ink.glyphs() == Glyphs::Ascii { "|" } else { "│" };
        for y in body.y..body.bottom() {
            ink.put(left.right() + 1, y, 1, side, Role::Title);
        }
    }
    let line = detail.marked.and_then(|m| m.checked_sub(detail.top)).filter(|m| *m < usize::from(body.height)).map(cells);
    if let (true, Some(line)) = (focused, line) {
        let wide = if detail.right.is_empty() { body.width } else { body.width * 58 / 100 };
        ink.style(Rect { x: body.x, y: body.y + line, width: wide, height: 1 }, Role::Cursor);
    }
}
