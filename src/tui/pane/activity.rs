//! What is being sent, what came of it, and what was sent before.
//!
//! Composed as lines first and drawn then, like the details.

use crate::engine::{Ended, Going, Owing, Running};
use crate::journal::run::{Ending, RowState, Run};
use crate::model::Action;
use crate::telemetry::redacted;
use crate::text::{clean, count, counted};
use crate::tui::action::Verb;
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widget::grid::window;
use crate::tui::widget::ink::{Ink, cells};
use crate::tui::widget::page::{self, Line, labelled, plain};
use ratatui::layout::Rect;

/// Users that are named with a cause.
const NAMED: usize = 6;

/// The lines of the pane.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Page {
    pub lines: Vec<Line>,
    /// The line of the marked run.
    pub marked: Option<usize>,
    /// The line of each earlier run.
    pub runs: Vec<usize>,
}

/// Composes the lines, and brings the marked run into what is visible.
pub(in crate::tui) fn settle(model: &mut Model, area: Rect) {
    let room = usize::from(area.width.saturating_sub(2));
    model.activity.at = model.activity.at.min(model.activity.history.len().saturating_sub(1));
    let page = compose(model, room);
    let height = usize::from(area.height.saturating_sub(1));
    let follow = page.marked.filter(|_| model.activity.at > 0).unwrap_or(0);
    model.activity.top = window(model.activity.top, follow, height, page.lines.len());
    model.activity.page = page;
}

fn compose(model: &Model, room: usize) -> Page {
    let key = |verb| model.setting.keymap.key(verb);
    let mut lines = Vec::new();
    match &model.activity.running {
        Running::Going(going) => under_way(&mut lines, going, room, &key(Verb::Pause)),
        Running::Ended(ended) => over(&mut lines, model, ended, room),
        Running::None => {
            let text = format!("Nothing is being sent from here. {} shows what sending what is approved comes to.", key(Verb::Apply));
            lines.extend(page::wrap(&text, room).into_iter().map(|l| plain(Role::Text, l)));
        }
    }
    lines.push(Vec::new());
    let mut page = Page { lines, marked: None, runs: Vec::new() };
    let history = &model.activity.history;
    if history.is_empty() {
        page.lines.push(plain(Role::Quiet, "no earlier runs"));
        return page;
    }
    page.lines.push(plain(Role::Strong, if history.len() == 1 { "one run" } else { "runs, the last one first" }));
    for (i, run) in history.iter().enumerate() {
        if i == model.activity.at {
            page.marked = Some(page.lines.len());
        }
        page.runs.push(page.lines.len());
        page.lines.push(run_line(model, run, i == model.activity.at));
        if let Some(why) = run.why.as_ref().filter(|_| i == model.activity.at) {
            labelled(&mut page.lines, "  because", room, Role::Warn, &redacted(why));
        }
    }
    page
}

/// Each action with how many of it are done.
fn by_action(done: impl Fn(Action) -> usize, of: impl Fn(Action) -> usize) -> String {
    let parts: Vec<String> = Action::ALL
        .into_iter()
        .filter(|a| done(*a) + of(*a) > 0)
        .map(|a| {
            if of(a) > 0 { format!("{} {}/{}", a.code(), count(done(a)), count(of(a))) } else { format!("{} {}", a.code(), count(done(a))) }
        })
        .collect();
    parts.join("  ")
}

fn under_way(lines: &mut Vec<Line>, going: &Going, room: usize, key: &str) {
    if going.total == 0 {
        let text = "A run is being prepared: both ends are opened, and what was approved is written down before anything is sent.";
        lines.extend(page::wrap(text, room).into_iter().map(|l| plain(Role::Accent, l)));
        return;
    }
    if going.done() == 0 && going.planned.iter().sum::<usize>() == 0 {
        let text = format!(
            "A run of {} is picked up: what it had sent is looked into as soon as nothing of it can still be on its way, which takes two minutes at most.",
            counted(going.total, "row")
        );
        lines.extend(page::wrap(&text, room).into_iter().map(|l| plain(Role::Accent, l)));
        return;
    }
    let left = going.left().map(|s| format!("   {} left", duration(s))).unwrap_or_default();
    let text = format!(
        "{} of {} done   {:.1}/s{left}   {} on their way",
        count(going.done()),
        count(going.total),
        going.rate,
        count(going.in_flight)
    );
    lines.push(plain(Role::Strong, text));
    lines.push(plain(Role::Text, by_action(|a| going.ended[a as usize], |a| going.planned[a as usize])));
    if going.cancelled {
        lines.push(plain(Role::Warn, "cancelled: what is on its way comes to its end"));
    } else if going.paused {
        lines.push(plain(Role::Warn, format!("paused: no further row is begun; {key} goes on")));
    }
    if let Some(seconds) = going.waiting {
        lines.push(plain(Role::Warn, format!("waiting: the service asked for {}", duration(seconds))));
    }
    groups(lines, &going.groups, None, room);
}

fn over(lines: &mut Vec<Line>, model: &Model, ended: &Ended, room: usize) {
    let report = &ended.report;
    let (role, how) = match (report.ending, &report.why) {
        (Ending::Done, _) if report.groups.is_empty() => (Role::Good, "done".to_owned()),
        (Ending::Done, _) => (Role::Warn, "done, but not everything".to_owned()),
        (ending, why) => (Role::Bad, format!("{}: {}", ending.code(), why.as_deref().unwrap_or("it is not known why"))),
    };
    let text = format!("run {}: {} ({:.1} s)", report.run, redacted(&how), report.seconds);
    lines.extend(page::wrap(&text, room).into_iter().map(|l| plain(role, l)));
    for action in Action::ALL {
        let of = |state: RowState| report.counts.iter().filter(|c| c.action == action && c.state == state).map(|c| c.rows).sum::<usize>();
        let states = [RowState::Done, RowState::Failed, RowState::Stale, RowState::Doubt, RowState::Left];
        let parts: Vec<String> = states.into_iter().filter(|s| of(*s) > 0).map(|s| format!("{} {}", count(of(s)), s.words())).collect();
        if !parts.is_empty() {
            labelled(lines, action.code(), room, Role::Text, &parts.join(", "));
        }
    }
    groups(lines, &report.groups, model.activity.owing.as_deref(), room);
    for (field, n) in &report.kept {
        let text = format!("the service keeps its own {field} for {}; it is not sent again", counted(*n, "account"));
        labelled(lines, "kept", room, Role::Text, &text);
    }
    if !ended.again.who.is_empty() {
        let (role, text) = match ended.undo_of {
            None => left(model, ended.again.who.len()),
            Some(of) => {
                let key = model.setting.keymap.key(Verb::Undo);
                let rows = counted(ended.again.who.len(), "row");
                (Role::Accent, format!("{rows} not taken back: {key} on run {of} takes back what is left"))
            }
        };
        lines.extend(page::wrap(&text, room).into_iter().map(|l| plain(role, l)));
    }
}

/// For whom there is still something to approve of so many rows that were not done.
fn left(model: &Model, undone: usize) -> (Role, String) {
    let rows = counted(undone, "row");
    let Some(owing) = &model.activity.owing else {
        let text = format!("{rows} not done; for whom there is still something to approve is known once both ends were read again");
        return (Role::Quiet, text);
    };
    let key = model.setting.keymap.key(Verb::Retry);
    let rest = std::iter::once(String::new()).chain(owing.rest()).collect::<Vec<_>>().join("; ");
    match owing.open {
        0 => (Role::Text, format!("{rows} not done, and there is nothing left to approve{rest}")),
        1 if undone == 1 => (Role::Accent, format!("{rows} not done: {key} approves it again, as it stands by now")),
        n if n == undone => (Role::Accent, format!("{rows} not done: {key} approves them again, as they stand by now")),
        1 => (Role::Accent, format!("{rows} not done: {key} approves 1 of them again, as it stands by now{rest}")),
        n => (Role::Accent, format!("{rows} not done: {key} approves {} of them again, as they stand by now{rest}", count(n))),
    }
}

fn groups(lines: &mut Vec<Line>, groups: &[crate::apply::Group], owing: Option<&Owing>, room: usize) {
    for (at, group) in groups.iter().enumerate() {
        let named = group.users.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = group.rows.saturating_sub(group.users.len().min(NAMED));
        let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
        let text = format!("{} {}: {}", count(group.rows), group.action.code(), redacted(&group.cause));
        labelled(lines, group.state.words(), room, Role::Bad, &text);
        labelled(lines, "", room, Role::Text, &format!("{named}{more}"));
        labelled(lines, "", room, Role::Quiet, group.advice);
        match owing.and_then(|owing| owing.by_group.get(at)).filter(|(_, all)| *all > 0) {
            Some((0, _)) => labelled(lines, "", room, Role::Quiet, "by now there is nothing left to approve of it"),
            Some((open, all)) if open < all => {
                labelled(
                    lines,
                    "",
                    room,
                    Role::Quiet,
                    &format!("by now there is something to approve for {} of {}", count(*open), count(*all)),
                );
            }
            _ => {}
        }
    }
}

fn run_line(model: &Model, run: &Run, marked: bool) -> Line {
    let states = RowState::ALL.into_iter().filter(|s| run.of(*s) > 0);
    let rows: Vec<String> = states.map(|s| format!("{} {}", count(run.of(s)), s.words())).collect();
    let going = matches!(model.activity.running, Running::Going(_));
    let (role, how) = match (run.ended, run.frozen) {
        (Some((_, Ending::Done)), _) if run.of(RowState::Done) == run.total() => (Role::Text, "done"),
        (Some((_, Ending::Done)), _) => (Role::Warn, "ended"),
        (Some((_, ending)), _) => (Role::Warn, ending.code()),
        (None, true) if !going => (Role::Warn, "not ended"),
        (None, true) => (Role::Accent, "under way"),
        (None, false) => (Role::Quiet, "not begun"),
    };
    let undo = run.what.undo_of.map(|of| format!(", takes run {of} back")).unwrap_or_default();
    let day: String = run.what.started.rfc3339().chars().take(10).collect();
    let time = model.setting.zone.time_of_day(run.what.started);
    vec![
        // A sign as well: what `u` takes back must not rest on reversed cells alone.
        (Role::Accent, format!("{} ", if marked { model.setting.theme.glyphs().here() } else { " " }).into()),
        (Role::Strong, format!("run {:<4} ", run.id.to_string()).into()),
        (Role::Quiet, format!("{day} {time}  ").into()),
        (role, format!("{how:<10} ").into()),
        (Role::Text, format!("{}{undo}  ", rows.join(", ")).into()),
        (Role::Quiet, format!("by {}", clean(&run.what.author)).into()),
    ]
}

/// So many seconds, as one says it.
pub(in crate::tui) fn duration(seconds: u64) -> String {
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5999 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// The run on a line of the terminal.
pub(in crate::tui) fn run_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let line = model.activity.top + usize::from(y.checked_sub(area.y + 1)?);
    model.activity.page.runs.iter().position(|l| *l == line)
}

/// Draws the pane.
pub(in crate::tui) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let focused = model.focus == Pane::Activity;
    let role = if focused { Role::TitleFocus } else { Role::Title };
    ink.rule(area.x, area.y, area.width, &[(role, "5 Activity".into())], focused);
    let body = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) };
    let page = &model.activity.page;
    page::draw(ink, body, &page.lines, model.activity.top);
    let line = page.marked.and_then(|m| m.checked_sub(model.activity.top)).filter(|m| *m < usize::from(body.height)).map(cells);
    if let (true, Some(line)) = (focused, line) {
        ink.style(Rect { y: body.y + line, height: 1, ..body }, Role::Cursor);
    }
}
