//! The list: who is in which situation, what would be sent, and why. Facets with their counts above, a window of rows below.

use crate::engine::snapshot::{Facets, Line as Row};
use crate::engine::view::{Filter, SortBy};
use crate::model::{Action, Situation};
use crate::text::{count, counted, width, width_of_chars};
use crate::tui::action::Verb;
use crate::tui::model::{Model, Pane};
use crate::tui::overlay::facets::Facet;
use crate::tui::theme::{Glyphs, Role};
use crate::tui::widget::grid::{Column, fit};
use crate::tui::widget::ink::{Ink, cells, shown};
use crate::tui::widget::page::{Line, wrap};
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;
use std::rc::Rc;

/// Cells before the first column: where the cursor is, and a mark.
const GUTTER: u16 = 4;

/// How a situation is written.
#[must_use]
pub fn role(situation: Situation) -> Role {
    match situation {
        Situation::Leaving => Role::Bad,
        Situation::Blocked | Situation::Ambiguous | Situation::Invalid => Role::Warn,
        Situation::InSync | Situation::Left | Situation::Skipped | Situation::Held => Role::Quiet,
        Situation::Returning | Situation::Changed | Situation::New | Situation::Unmatched => Role::Text,
    }
}

/// What would be sent, in one word.
#[must_use]
pub fn action_word(action: Action) -> &'static str {
    if action == Action::None { "·" } else { action.code() }
}

/// The situations that a step from one to the next goes through: those that somebody is in, and the chosen one.
pub fn steps(facets: &Facets, chosen: Option<Situation>) -> impl Iterator<Item = Situation> {
    Situation::WORST_FIRST.into_iter().filter(move |s| facets.of(*s) > 0 || chosen == Some(*s))
}

/// Everybody and each situation with its count, in at most two lines.
pub(in crate::tui) fn facets(model: &Model, room: u16) -> Vec<Line> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let facets = snapshot.facets();
    let chosen = model.list.spec.filter.situation;
    let everybody = std::iter::once((None, "all", facets.all()));
    let each = steps(facets, chosen).map(|s| (Some(s), s.words(), facets.of(s)));
    let mut lines: Vec<Line> = vec![Vec::new()];
    let mut used = 0;
    for (situation, word, n) in everybody.chain(each) {
        let text = format!(" {word} {} ", count(n));
        let wide = width(&text);
        if used + wide > usize::from(room) {
            if lines.len() == 2 {
                break;
            }
            lines.push(Vec::new());
            used = 0;
        }
        used += wide;
        let line = lines.last_mut().expect("there is a first line");
        if situation == chosen {
            // Brackets, so that the choice is seen without colour.
            line.push((Role::Chosen, format!("[{}]", text.trim()).into()));
        } else {
            line.push((situation.map_or(Role::Text, role), text.into()));
        }
    }
    lines
}

/// The count at a place of the pane: of everybody, or of a situation.
pub(in crate::tui) fn facet_at(model: &Model, area: Rect, place: Position) -> Option<Facet> {
    let drawn = &model.page.facets;
    let row = usize::from(place.y.checked_sub(area.y + 1)?);
    // Where others have counts by now than those that are seen, nobody knows which was meant.
    if row >= drawn.len() || *drawn != facets(model, area.width) {
        return None;
    }
    let mut right = usize::from(area.x);
    let piece = drawn[row].iter().position(|(_, text)| {
        right += width(text);
        usize::from(place.x) < right
    })?;
    let before: usize = drawn[..row].iter().map(Vec::len).sum();
    let chosen = model.list.spec.filter.situation;
    let each = steps(model.snapshot.as_ref()?.facets(), chosen).map(Facet::Situation);
    std::iter::once(Facet::All).chain(each).nth(before + piece)
}

/// The place in the list of whoever is on a line of the terminal.
pub(in crate::tui) fn row_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let first = area.y + 2 + cells(model.page.facets.len());
    let line = usize::from(y.checked_sub(first)?);
    let (subject, _) = model.page.rows.get(line)?;
    let at = model.list.top + line;
    // Another list may have come since it was drawn.
    (model.list.view.as_ref()?.rows.get(at) == Some(subject)).then_some(at)
}

/// What the list shows, for its title.
pub(in crate::tui) fn title(model: &Model) -> Line {
    let mut parts: Vec<String> = vec!["3 Diff".to_owned()];
    let spec = &model.list.spec;
    if let Some(snapshot) = &model.snapshot {
        let all = snapshot.facets().all();
        let more = model.list.view.as_ref().is_some_and(|v| !v.complete);
        parts.push(match model.list.is_answered() {
            false => "finding …".to_owned(),
            true if more => format!("the first {} of {}", count(model.list.len()), count(all)),
            true if model.list.len() == all => counted(all, "user"),
            true => format!("{} of {}", count(model.list.len()), counted(all, "user")),
        });
    }
    parts.extend(set(model));
    if !model.list.marks.is_empty() {
        parts.push(format!("{} marked", count(model.list.marks.len())));
    }
    if spec.sort != SortBy::Arrival || spec.descending {
        let down = if spec.descending { ", from the end" } else { "" };
        parts.push(format!("by {}{down}", spec.sort.words()));
    }
    let role = if model.focus == Pane::Diff { Role::TitleFocus } else { Role::Title };
    vec![(role, parts.join(" · ").into())]
}

/// What narrows the list, in words.
pub(in crate::tui) fn set(model: &Model) -> Vec<String> {
    let spec = &model.list.spec;
    let filter = &spec.filter;
    let mut parts = Vec::new();
    parts.extend(filter.situation.map(|s| s.words().to_owned()));
    parts.extend(filter.action.map(|a| format!("action {}", a.code())));
    parts.extend(filter.reason.map(|r| r.words().to_owned()));
    if let Some(place) = filter.field {
        let name = model.snapshot.as_ref().and_then(|s| s.fields().nth(place).map(str::to_owned)).unwrap_or_default();
        parts.push(format!("{name} differs"));
    }
    parts.extend(filter.problem.map(|p| crate::tui::overlay::facets::problem_words(p).into_owned()));
    if filter.only_open {
        parts.push("only who needs a look".to_owned());
    }
    if !spec.search.is_empty() {
        parts.push(format!("search “{}”", spec.search));
    }
    parts
}

/// What the columns of these rows need.
pub(in crate::tui) fn measure(rows: &[(crate::model::Subject, Option<Rc<Row>>)], room: u16) -> Vec<u16> {
    let widest = |part: fn(&Row) -> &str| rows.iter().flat_map(|(_, line)| line).map(|l| cells(width(part(l)))).max().unwrap_or(0);
    let name = widest(|l| &l.name);
    let columns = [
        Column { wants: widest(|l| &l.user_name), least: 10, most: 30 },
        // Where there is little room the user name has to do.
        if room < 100 || name == 0 { Column::fixed(0) } else { Column { wants: name, least: 10, most: 26 } },
        Column::fixed(9),
        Column::fixed(7),
        Column { wants: 40, least: 20, most: u16::MAX },
    ];
    fit(room.saturating_sub(GUTTER), &columns)
}

/// Draws the pane.
pub(in crate::tui) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let focused = model.focus == Pane::Diff;
    ink.rule(area.x, area.y, area.width, &title(model), focused);
    let mut y = area.y + 1;
    for line in &model.page.facets {
        ink.line(area.x, y, area.width, line);
        y += 1;
    }
    let list = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if model.page.rows.is_empty() {
        return empty(model, ink, list);
    }
    head(model, ink, list);
    for (y, (subject, line)) in (list.y + 1..list.bottom()).zip(&model.page.rows) {
        let here = model.list.subject == Some(*subject);
        match line {
            Some(line) => row(model, ink, Rect { y, height: 1, ..list }, line, here),
            None => {
                ink.put(list.x + GUTTER, y, list.width.saturating_sub(GUTTER), "(has no row any more)", Role::Quiet);
            }
        }
        if here {
            ink.style(Rect { y, height: 1, ..list }, if focused { Role::Cursor } else { Role::CursorIdle });
        }
    }
}

fn head(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let mut x = area.x + GUTTER;
    for (title, wide) in ["user", "name", "situation", "action", "what and why"].into_iter().zip(&model.page.columns) {
        if *wide > 0 {
            ink.put(x, area.y, *wide, title, Role::Quiet);
            x += wide + 2;
        }
    }
}

fn row(model: &Model, ink: &mut Ink<'_>, area: Rect, line: &Row, here: bool) {
    if here {
        ink.put(area.x, area.y, 1, if ink.glyphs() == Glyphs::Ascii { ">" } else { "▌" }, Role::Accent);
    }
    if model.approvals.has(line.subject) {
        ink.put(area.x + 1, area.y, 1, if ink.glyphs() == Glyphs::Ascii { "+" } else { "✓" }, Role::Good);
    }
    let mark = if line.held {
        "H"
    } else if line.problem {
        "!"
    } else {
        " "
    };
    ink.put(area.x + 2, area.y, 1, mark, Role::Warn);
    let marks = &model.list.marks;
    if marks.has(line.subject) || marks.from == Some(line.subject) {
        ink.put(area.x + 3, area.y, 1, if ink.glyphs() == Glyphs::Ascii { "*" } else { "•" }, Role::Accent);
    }
    let needs = matches!(role(line.situation), Role::Quiet);
    let plain = if needs { Role::Quiet } else { Role::Text };
    let action = match line.action {
        Action::Disable | Action::Delete => Role::Bad,
        Action::None | Action::Link => Role::Quiet,
        _ => Role::Text,
    };
    let name = if line.name.is_empty() { "—" } else { line.name.as_str() };
    let parts: [(&str, Role); 5] = [
        (&line.user_name, Role::Strong),
        (name, plain),
        (line.situation.words(), role(line.situation)),
        (action_word(line.action), action),
        (&line.what, plain),
    ];
    let mut x = area.x + GUTTER;
    for (i, ((text, role), wide)) in parts.into_iter().zip(&model.page.columns).enumerate() {
        if *wide > 0 {
            ink.put(x, area.y, *wide, text, role);
            if i < 2 {
                underline(ink, Rect { x, width: *wide, ..area }, text, &model.list.spec.search);
            }
            x += wide + 2;
        }
    }
}

/// True if the list is of those who need a look, and of all of them.
fn is_open_only(model: &Model) -> bool {
    let spec = &model.list.spec;
    spec.filter == Filter { only_open: true, ..Filter::default() } && spec.search.is_empty()
}

/// Underlines what was searched for. The words are looked for letter by letter, as they are shown.
fn underline(ink: &mut Ink<'_>, area: Rect, text: &str, search: &str) {
    if search.is_empty() {
        return;
    }
    let small = |text: &str| text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect::<Vec<char>>();
    let shown = shown(text, usize::from(area.width), ink.glyphs());
    let letters = small(&shown);
    for word in search.split_whitespace().map(small) {
        for from in 0..letters.len().saturating_sub(word.len() - 1) {
            if letters[from..from + word.len()] == word[..] {
                let x = area.x + cells(width_of_chars(&shown, from));
                let wide = cells(width_of_chars(&shown, from + word.len())).saturating_sub(x - area.x);
                ink.style(Rect { x, width: wide, ..area }, Role::Match);
            }
        }
    }
}

/// Why nobody is listed, and what to do.
fn empty(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let key = |verb| model.setting.keymap.key(verb);
    let (strong, text): (String, String) = match &model.snapshot {
        None if model.failed.is_some() => (
            "Nothing could be read.".to_owned(),
            format!(
                "Above is what is wrong. {} tries again, {} shows where people come from, {} ends; rosterm check tries both ends step by step.",
                key(Verb::Refresh),
                key(Verb::Source),
                key(Verb::Quit)
            ),
        ),
        None => (
            format!("Reading {} and {} …", model.setting.source, model.setting.target),
            format!("Rows appear here as both sides are compared. {} shows every key.", key(Verb::Help)),
        ),
        Some(_) if !model.list.is_answered() => ("Finding …".to_owned(), String::new()),
        Some(snapshot) if snapshot.facets().all() == 0 && model.is_reading() => (
            format!("Reading {} and {} …", model.setting.source, model.setting.target),
            "Rows appear here as both sides are compared.".to_owned(),
        ),
        Some(snapshot) if snapshot.facets().all() == 0 => (
            "Nobody is in scope, and the service has no accounts.".to_owned(),
            format!("Check base, filter and group of the source location: {} shows which of them removes them all.", key(Verb::Source)),
        ),
        Some(snapshot) if is_open_only(model) && snapshot.source().state.is_complete() && snapshot.target().state.is_complete() => {
            let at = snapshot.target().read_at.map(|t| format!(", as of {}", model.setting.zone.time_of_day(t))).unwrap_or_default();
            (
                format!("Nothing differs{at}."),
                format!("{} shows everybody; {} reads both ends again.", key(Verb::Clear), key(Verb::Refresh)),
            )
        }
        Some(_) if model.list.view.as_ref().is_some_and(|v| v.wrong.is_some()) => (
            format!("Nobody: {}.", model.list.view.as_ref().and_then(|v| v.wrong.as_deref()).unwrap_or_default()),
            format!("{} takes the search away.", key(Verb::Clear)),
        ),
        Some(_) => (
            format!("Nobody here{}: {}.", if model.is_reading() { " so far" } else { "" }, set(model).join(", ")),
            format!("{} shows everybody; {} and {} choose something else.", key(Verb::Clear), key(Verb::NextFacet), key(Verb::Facets)),
        ),
    };
    let room = usize::from(area.width.saturating_sub(2 * GUTTER));
    let lines = wrap(&strong, room).into_iter().map(|l| (Role::Strong, l)).chain(wrap(&text, room).into_iter().map(|l| (Role::Text, l)));
    for (y, (role, line)) in (area.y + 1..area.bottom()).zip(lines) {
        ink.line(area.x + GUTTER, y, area.width.saturating_sub(GUTTER), &[(role, Cow::Owned(line))]);
    }
}
