//! The first lines: which channel, how fresh and how complete both sides are, what runs; and what has to be known first.

use crate::engine::Running;
use crate::engine::snapshot::{SideLine, Snapshot};
use crate::model::{Action, ReadEnd, SideState};
use crate::plan::consequence;
use crate::plan::guard::Shrunk;
use crate::telemetry::redacted;
use crate::text::{clean, count, counted, width};
use crate::tui::action::Verb;
use crate::tui::layout::Layout;
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widget::ink::{Ink, cells};
use crate::tui::widget::page::{Line, wrap};
use ratatui::layout::Rect;

/// Lines that one sentence of the banner may take.
const SENTENCE: usize = 3;

/// The panes by the keys that lead to them.
const TABS: [(Pane, &str); 5] =
    [(Pane::Source, "1 Source"), (Pane::Mapping, "2 Map"), (Pane::Diff, "3 Diff"), (Pane::Detail, "4 Detail"), (Pane::Activity, "5 Runs")];

/// What is said where nothing can be changed from here.
const READ_ONLY: &str = "read-only ";

/// Channel and both sides, in one line, or in two where there is little room.
pub(super) fn lines(model: &Model, room: u16) -> Vec<Line> {
    // Where both panes are shown, the mark stands behind.
    let room = usize::from(if room < 120 || !model.setting.read_only { room } else { room - cells(READ_ONLY.len()) });
    for short in [false, true] {
        let parts = parts(model, short);
        let one: usize = parts.iter().map(wide).sum::<usize>() + parts.len() * 3;
        if one <= room || short {
            let mut lines: Vec<Line> = vec![Vec::new()];
            let mut used = 0;
            for part in parts {
                let cells = wide(&part) + 3;
                if used > 0 && used + cells > room && lines.len() < 2 {
                    lines.push(Vec::new());
                    used = 0;
                }
                used += cells;
                let line = lines.last_mut().expect("there is a first line");
                line.push((Role::Text, if line.is_empty() { " ".into() } else { "   ".into() }));
                line.extend(part);
            }
            return lines;
        }
    }
    Vec::new()
}

fn wide(part: &Line) -> usize {
    part.iter().map(|(_, text)| width(text)).sum()
}

fn parts(model: &Model, short: bool) -> Vec<Line> {
    let name = model.snapshot.as_ref().map_or(model.setting.channel.as_str(), |s| s.channel());
    let program = if short { String::new() } else { "rosterm · ".to_owned() };
    let mut parts: Vec<Line> = vec![vec![(Role::Quiet, program.into()), (Role::Strong, clean(name).into_owned().into())]];
    match &model.snapshot {
        None => {
            let what = if model.failed.is_some() { (Role::Bad, "nothing was read") } else { (Role::Accent, "reading") };
            parts.push(vec![(what.0, what.1.into())]);
        }
        Some(snapshot) => {
            parts.push(side(model, "people", snapshot.source(), short));
            parts.push(side(model, "accounts", snapshot.target(), short));
            parts.extend(notes(model, snapshot).filter(|_| !short));
            if let Some((done, all)) = snapshot.asking() {
                parts.push(vec![(Role::Accent, format!("looking up {} of {}", count(done), count(all)).into())]);
            }
            // Both ends are read, and what follows from it is not there yet: what waits for that has to be seen.
            if snapshot.is_busy() && !snapshot.is_reading() && snapshot.asking().is_none() {
                parts.push(vec![(Role::Accent, "evaluating".into())]);
            }
            if let Some(time) = snapshot.waiting() {
                let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
                parts.push(vec![(Role::Warn, format!("the service asks us to wait {seconds} s").into())]);
            }
        }
    }
    parts.extend(decided(model, short));
    // Where there is little room, what is approved must not be what is cut off.
    parts.extend(model.snapshot.as_ref().and_then(|s| notes(model, s)).filter(|_| short));
    parts
}

/// How many notes there are, and the key that shows them.
fn notes(model: &Model, snapshot: &Snapshot) -> Option<Line> {
    let many = snapshot.notes().len();
    let key = model.setting.keymap.key(Verb::About);
    (many > 0).then(|| vec![(Role::Warn, format!("{}: {key}", counted(many, "note")).into())])
}

/// What is approved, and what is being sent.
fn decided(model: &Model, short: bool) -> Vec<Line> {
    let mut parts: Vec<Line> = Vec::new();
    if model.approvals.total() > 0 {
        let word = |action: Action| {
            let n = model.approvals.of(action);
            (n > 0).then(|| format!("{} {}", count(n), action.code()))
        };
        let words: Vec<String> = Action::ALL.into_iter().filter_map(word).collect();
        let gap = if short { " " } else { "  " };
        parts.push(vec![(Role::Quiet, "approved: ".into()), (Role::Strong, words.join(gap).into())]);
    }
    if !model.mapping.edits.is_empty() {
        parts.push(vec![(Role::Warn, "mapping edited, not saved".into())]);
    }
    if !model.source.edits.is_empty() {
        let what = if model.source.edits.keys().all(|clause| clause.is_policy()) { "policy" } else { "location" };
        parts.push(vec![(Role::Warn, format!("{what} edited, not saved").into())]);
    }
    match &model.activity.running {
        Running::Going(going) if going.total == 0 => parts.push(vec![(Role::Accent, "a run is being prepared".into())]),
        Running::Going(going) => {
            let how = if going.paused { "paused at" } else { "sent" };
            parts.push(vec![(Role::Accent, format!("{how} {} of {}", count(going.done()), count(going.total)).into())]);
        }
        Running::None | Running::Ended(_) => {}
    }
    parts
}

fn side(model: &Model, what: &'static str, side: &SideLine, short: bool) -> Line {
    let of = side.total.filter(|t| *t != side.users).map(|t| format!(" of {}", count(t))).unwrap_or_default();
    let mut line: Line = vec![(Role::Quiet, format!("{what} ").into()), (Role::Strong, format!("{}{of}", count(side.users)).into())];
    let gap = if short { " " } else { " · " };
    match &side.state {
        SideState::Ended(ReadEnd::Complete) => line.push((Role::Good, format!("{gap}complete").into())),
        SideState::Ended(ReadEnd::Incomplete(_)) => line.push((Role::Bad, format!("{gap}INCOMPLETE").into())),
        SideState::Reading if side.reading || model.is_reading() => {}
        SideState::Reading => line.push((Role::Warn, format!("{gap}not read").into())),
    }
    if let Some(at) = side.read_at {
        let word = if short { "" } else { "read " };
        line.push((Role::Quiet, format!("{gap}{word}{}", model.setting.zone.time_of_day(at)).into()));
    }
    if side.reading || (model.asked && model.failed.is_none()) {
        let again = if side.read_at.is_some() { "reading again" } else { "reading" };
        line.push((Role::Accent, format!("{gap}{again}").into()));
    }
    line
}

/// What has to be known first, in wrapped lines.
pub(super) fn banner(model: &Model, room: usize) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    let mut say = |role: Role, text: &str| lines.extend(wrap(text, room).into_iter().take(SENTENCE).map(|l| (role, l)));
    if let Some(error) = &model.failed {
        say(Role::Bad, &redacted(&format!("FAILED: {}", error.message())));
        let hint = error.hint_text().map(|h| format!("{h} · ")).unwrap_or_default();
        let stays = if model.snapshot.is_some() { "; what was read before stays" } else { "" };
        let key = |verb| model.setting.keymap.key(verb);
        let anew =
            if model.setting.file.is_some() { format!(", {} reads the configuration file anew", key(Verb::Reread)) } else { String::new() };
        say(Role::Text, &redacted(&format!("{hint}{} tries again{anew}{stays}", key(Verb::Refresh))));
    }
    let Some(snapshot) = &model.snapshot else { return lines };
    let mut whole = true;
    for (side, state) in [("directory", &snapshot.source().state), ("service", &snapshot.target().state)] {
        if let SideState::Ended(ReadEnd::Incomplete(why)) = state {
            whole = false;
            let text = format!("INCOMPLETE: the {side} was not read to its end: {}. {}", why.cause.words(), redacted(&why.detail));
            say(Role::Bad, text.trim_end());
        }
    }
    if !whole {
        say(Role::Text, consequence(snapshot.source().state.is_complete()));
    }
    if snapshot.source().state.is_complete() && snapshot.source().users == 0 {
        let why = model.source.counts.remover().filter(|_| model.source.edits.is_empty());
        let why = why.map_or_else(|| "check base, filter and group of the source location".to_owned(), |r| r.to_string());
        let key = model.setting.keymap.key(Verb::Source);
        say(Role::Bad, &format!("Nobody is in scope. Nobody is removed because of that; {why}. {key} shows it."));
    }
    // It is about the reading that is shown, or not at all.
    let is_of = |s: &&Shrunk| s.entries > 0 && s.entries == snapshot.source().users && snapshot.source().state.is_complete();
    if let Some(Shrunk { entries, before, limit, .. }) = model.caveats.shrunk.as_ref().filter(is_of) {
        let (entries, before) = (count(*entries), count(*before));
        let text =
            format!("{entries} in scope, {before} at the last reading that was applied: removals are refused (max_source_shrink {limit})");
        say(Role::Bad, &text);
        let (source, apply) = (model.setting.keymap.key(Verb::Source), model.setting.keymap.key(Verb::Apply));
        let lifts = if model.setting.read_only { String::new() } else { format!(" If so few are right, {apply} asks for this number.") };
        say(Role::Text, &format!("Look at base, filter and group of the source location: {source} shows it.{lifts}"));
    }
    if let Some(file) = &model.caveats.file {
        let key = model.setting.keymap.key(Verb::Reread);
        say(Role::Warn, &format!("{}: what is shown goes by what was read of it before. {key} tells what is another one.", redacted(file)));
    }
    lines
}

/// Draws all of it, and the tabs.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, layout: &Layout) {
    for (y, line) in (layout.top.y..layout.top.bottom()).zip(&model.page.head) {
        ink.line(layout.top.x, y, layout.top.width, line);
    }
    let banner = layout.banner;
    for (y, (role, text)) in (banner.y..banner.bottom()).zip(&model.page.banner) {
        ink.put(banner.x + 1, y, banner.width.saturating_sub(1), text, *role);
    }
    if let Some(tabs) = layout.tabs {
        tab_line(model, ink, tabs);
    }
    if !model.setting.read_only {
        return;
    }
    let (line, wide) = (layout.tabs.unwrap_or(layout.top), cells(READ_ONLY.len()));
    ink.put(line.right().saturating_sub(wide), line.y, wide, READ_ONLY, Role::Quiet);
}

/// The pane whose name is in this column of the tabs.
pub(in crate::tui) fn tab_at(area: Rect, column: u16) -> Option<Pane> {
    let mut x = area.x + 1;
    TABS.into_iter().find_map(|(pane, name)| {
        let (from, to) = (x, x + cells(width(name)) + 2);
        x = to + 1;
        (from..to).contains(&column).then_some(pane)
    })
}

fn tab_line(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let mut x = area.x + 1;
    for (pane, name) in TABS {
        let (role, text) = if pane == model.focus { (Role::Chosen, format!("[{name}]")) } else { (Role::Text, format!(" {name} ")) };
        x += ink.put(x, area.y, area.right().saturating_sub(x), &text, role) + 1;
    }
}
