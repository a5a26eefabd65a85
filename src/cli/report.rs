//! What commands print for people: plain lines that read without colour, aligned, cleaned, the worst first.

use super::Color;
use crate::config::paths;
use crate::engine::Picture;
use crate::error::Error;
use crate::identity::value::Datum;
use crate::model::{Action, ReadEnd, SideState, Situation};
use crate::plan::Row;
use crate::telemetry::redacted;
use crate::text::{clean, count, counted, cut, pad, width};
use std::io::{self, IsTerminal, Write};

/// How text may be styled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    colour: bool,
}

impl Style {
    pub(super) fn of(color: Color) -> Self {
        let colour = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && paths::variable("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        Style { colour }
    }

    pub(super) fn bold(self, text: &str) -> String {
        if self.colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn warn(self, text: &str) -> String {
        if self.colour { format!("\x1b[1;31m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// An error, on stderr.
pub(super) fn error(error: &Error) {
    let _ = writeln!(io::stderr(), "rosterm: {}", redacted(&error.to_string()));
}

/// A sentence, on stderr.
pub(super) fn talk(sentence: &str) {
    let _ = writeln!(io::stderr(), "{}", clean(&redacted(sentence)));
}

/// How many rows of a situation are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// All.
    Whole,
    /// All that need a person's eye, the first ones of the others.
    Short,
}

impl Length {
    fn of(self, situation: Situation) -> usize {
        match (self, situation) {
            // Nobody may overlook one of these.
            (Length::Whole, _) | (Length::Short, Situation::Leaving) => usize::MAX,
            (Length::Short, Situation::InSync | Situation::Left | Situation::Skipped) => 3,
            (Length::Short, _) => 40,
        }
    }
}

/// The plan for people.
pub(super) fn text<I: Iterator<Item = Row>>(
    out: &mut dyn Write,
    picture: &Picture,
    style: Style,
    length: Length,
    rows: impl Fn() -> I,
) -> io::Result<()> {
    head(out, picture, style)?;
    counts(out, picture)?;
    let rows: Vec<Row> = rows().collect();
    for situation in Situation::WORST_FIRST {
        let of_it: Vec<&Row> = rows.iter().filter(|r| r.situation == situation).collect();
        if of_it.is_empty() {
            continue;
        }
        let approved = of_it.iter().filter(|r| r.action != Action::None && !r.approved).count();
        let waiting = if approved > 0 { format!(", {} not approved", count(approved)) } else { String::new() };
        // Above, everybody is counted; those without anything to do have no row unless they are asked for.
        let everybody = picture.counts().of(situation);
        let of = if of_it.len() < everybody {
            format!(" of {}: the others need nothing, --all lists them", count(everybody))
        } else {
            String::new()
        };
        writeln!(out, "\n{}", style.bold(&format!("{} ({}{of}{waiting})", situation.words(), count(of_it.len()))))?;
        let names = of_it.iter().map(|r| width(&clean(r.user_name.as_deref().unwrap_or("—")))).max().unwrap_or(0).clamp(8, 32);
        for (what, n) in problems(&of_it) {
            writeln!(out, "  {} for {}", clean(&what), people(n))?;
        }
        let common = common_messages(&of_it);
        for (what, n) in &common {
            writeln!(out, "  {}: {}", people(*n), clean(&redacted(what)))?;
        }
        for row in of_it.iter().take(length.of(situation)) {
            line(out, row, names, &common)?;
        }
        let more = of_it.len().saturating_sub(length.of(situation));
        if more > 0 {
            writeln!(out, "  … and {} more: add --only {} to list them all", count(more), situation.code())?;
        }
    }
    closing(out, picture)
}

/// What is wrong in several rows: field and kind of problem, with the number of people, the most frequent first.
fn problems(rows: &[&Row]) -> Vec<(String, usize)> {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for problem in rows.iter().flat_map(|r| &r.problems) {
        let Some(field) = &problem.field else { continue };
        let what = format!("{field}: {}", problem.code.reason().map_or("a problem", crate::model::Reason::words));
        match kinds.iter_mut().find(|(known, _)| *known == what) {
            Some((_, n)) => *n += 1,
            None => kinds.push((what, 1)),
        }
    }
    kinds.retain(|(_, n)| *n > 1);
    kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    kinds
}

/// What is said about several whole rows in the same words, such as why they could not be looked up: told once, not in every row.
fn common_messages<'r>(rows: &[&'r Row]) -> Vec<(&'r str, usize)> {
    let mut messages: Vec<(&str, usize)> = Vec::new();
    for problem in rows.iter().flat_map(|r| &r.problems).filter(|p| p.field.is_none()) {
        // More kinds than this are no kinds.
        let room = messages.len() < 50;
        match messages.iter_mut().find(|(known, _)| *known == problem.message) {
            Some((_, n)) => *n += 1,
            None if room => messages.push((&problem.message, 1)),
            None => {}
        }
    }
    messages.retain(|(_, n)| *n > 1);
    messages.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    messages
}

fn head(out: &mut dyn Write, picture: &Picture, style: Style) -> io::Result<()> {
    let source = picture.source();
    writeln!(
        out,
        "people    {:>9}  {}  {} ({})",
        count(picture.entries().len()),
        state(picture.source_state()),
        clean(&source.place),
        source.settings.vendor
    )?;
    writeln!(
        out,
        "accounts  {:>9}  {}  {} at {}",
        count(picture.accounts().len()),
        state(picture.target_state()),
        clean(picture.target_title()),
        clean(picture.base_url())
    )?;
    writeln!(out, "links     {:>9}  {}", count(picture.links().len()), counted(picture.holds(), "hold"))?;
    for (side, end) in [("directory", picture.source_state()), ("service", picture.target_state())] {
        if let SideState::Ended(ReadEnd::Incomplete(why)) = end {
            let sentence = format!("The {side} was not read completely: {}. {}", why.cause.words(), clean(&redacted(&why.detail)));
            writeln!(out, "{}", style.warn(sentence.trim_end()))?;
        }
    }
    if !is_whole(picture) {
        writeln!(out, "{}", crate::plan::consequence(picture.source_state().is_complete()))?;
    }
    if picture.source_state().is_complete() && picture.entries().is_empty() {
        writeln!(
            out,
            "{}",
            style.warn("Nobody is in scope. Nobody is removed because of that; check what the reader sees under the base, then the filter and the group: rosterm check counts each.")
        )?;
    }
    for note in picture.notes() {
        writeln!(out, "Note: {}", clean(&redacted(&note)))?;
    }
    Ok(())
}

fn state(state: &SideState) -> &'static str {
    match state {
        SideState::Reading => "being read ",
        SideState::Ended(ReadEnd::Complete) => "complete   ",
        SideState::Ended(ReadEnd::Incomplete(_)) => "INCOMPLETE ",
    }
}

fn counts(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    writeln!(out)?;
    for situation in Situation::WORST_FIRST {
        let n = picture.counts().of(situation);
        if n == 0 {
            continue;
        }
        let mut actions: Vec<String> = Vec::new();
        for action in [Action::Create, Action::Update, Action::Enable, Action::Disable, Action::Delete, Action::Link] {
            let of_it = picture.users().iter().filter(|u| u.verdict.situation == situation && u.verdict.action == action).count();
            if of_it > 0 {
                actions.push(format!("{} {}", action.code(), count(of_it)));
            }
        }
        let line = format!("  {}{:>9}  {}", pad(situation.words(), 11), count(n), actions.join(", "));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, row: &Row, names: usize, told: &[(&str, usize)]) -> io::Result<()> {
    let name = clean(row.user_name.as_deref().unwrap_or("—"));
    let action = if row.action == Action::None { "·" } else { row.action.code() };
    let line = format!("  {}  {}  {}", pad(&name, names), pad(action, 7), clean(&why(row, told)));
    writeln!(out, "{}", line.trim_end())
}

/// What and why, in the operator's words, without what was told for all.
fn why(row: &Row, told: &[(&str, usize)]) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(hold) = &row.hold {
        parts.push(hold.words());
    }
    if let Some(would_be) = row.would_be {
        parts.push(format!("would be {}", would_be.words()));
    }
    let changes: Vec<String> = row.changes.iter().filter(|c| row.action != Action::Create && c.field != "active").map(change).collect();
    if !changes.is_empty() {
        parts.push(changes.join("; "));
    }
    if row.action == Action::Create {
        parts.push(row.entry.as_ref().and_then(|e| e.dn.clone()).unwrap_or_default());
    }
    if let Some(reason) = row.reason {
        let plain = row.situation != Situation::Invalid || row.problems.is_empty();
        if plain && !(row.action == Action::Create && reason == crate::model::Reason::FirstSeen) {
            parts.push(reason.words().to_owned());
        }
    }
    parts.extend(row.problems.iter().filter(|p| !told.iter().any(|(what, _)| *what == p.message)).map(|p| p.message.clone()));
    if !row.candidates.is_empty() {
        let who: Vec<String> = row.candidates.iter().take(4).map(|c| format!("{} {}", c.kind, c.name)).collect();
        let more = row.candidates.len().saturating_sub(4);
        parts.push(format!("with {}{}", who.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() }));
    }
    // Whom a decision is about must be clear, also where there is no name.
    let decide = matches!(row.situation, Situation::Leaving | Situation::Invalid | Situation::Held | Situation::Blocked);
    let nameless = row.user_name.is_none();
    match row.entry.as_ref().and_then(|e| e.dn.as_ref()) {
        Some(dn) if (decide || nameless) && row.action != Action::Create => parts.push(dn.clone()),
        None if nameless => parts.extend(row.account.as_ref().map(|a| format!("account {}", a.id))),
        _ => {}
    }
    if row.action != Action::None && !row.action.is_deprovision() && !row.approved {
        parts.push("not approved".to_owned());
    }
    parts.retain(|p| !p.is_empty());
    parts.join(" · ")
}

fn change(change: &crate::model::Change) -> String {
    let shown = |value: &Datum| if value.is_unassigned() { "nothing".to_owned() } else { cut(&value.plain(), 40).into_owned() };
    format!("{}: {} → {}", change.field, shown(&change.from), shown(&change.to))
}

fn closing(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    let removals = picture.users().iter().filter(|u| u.verdict.action.is_deprovision()).count();
    if removals > 0 {
        writeln!(out, "\n{} would lose access; none of that is approved.", people(removals))?;
    }
    if picture.users().iter().all(|u| u.verdict.action == Action::None) {
        writeln!(out, "\n{}", nothing(picture))?;
    }
    Ok(())
}

fn is_whole(picture: &Picture) -> bool {
    picture.source_state().is_complete() && picture.target_state().is_complete()
}

/// Why nothing would be sent: there is nothing to do, or it is not known what, or somebody has to decide or mend something.
fn nothing(picture: &Picture) -> String {
    let waiting = [Situation::Blocked, Situation::Ambiguous, Situation::Invalid];
    let mut why: Vec<String> = waiting
        .into_iter()
        .filter(|situation| picture.counts().of(*situation) > 0)
        .map(|situation| format!("{} {}", count(picture.counts().of(situation)), situation.words()))
        .collect();
    for (side, state) in [("directory", picture.source_state()), ("service", picture.target_state())] {
        if !state.is_complete() {
            why.push(format!("the {side} was not read completely"));
        }
    }
    if why.is_empty() { "Nothing to do.".to_owned() } else { format!("Nothing can be sent: {}.", why.join(", ")) }
}

fn people(n: usize) -> String {
    if n == 1 { "1 person".to_owned() } else { format!("{} people", count(n)) }
}
