//! A user as a row of a table.

use super::html::{bdi, escaped};
use crate::identity::value::Datum;
use crate::model::{Action, Change, Hold, Reason, Situation};
use crate::plan::Row;
use std::io::{self, Write};

/// How many candidates are named.
const CANDIDATES: usize = 6;

/// What is said about the users of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// What changes, then why, where there is something to be said.
    Changes,
    /// Why alone.
    Reason,
}

impl Columns {
    pub(super) fn head(self, out: &mut dyn Write) -> io::Result<()> {
        let why = if self == Columns::Changes { "What changes (old → new)" } else { "Why" };
        writeln!(
            out,
            "<thead><tr><th scope=\"col\">User</th><th scope=\"col\">What would be done</th><th scope=\"col\">{why}</th>\
             <th scope=\"col\">Where</th></tr></thead>"
        )
    }

    pub(super) fn row(self, out: &mut dyn Write, row: &Row) -> io::Result<()> {
        let mut said: Vec<String> = if self == Columns::Changes { row.changes.iter().map(change).collect() } else { Vec::new() };
        said.extend(why(row));
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            user(row),
            action(row),
            stacked(&said),
            place(row)
        )
    }
}

fn user(row: &Row) -> String {
    let shown = bdi(row.called());
    match row.account.as_ref().and_then(|a| a.user_name.as_deref()) {
        Some(account) if account != row.called() => format!("{shown}<br><small>account {}</small>", bdi(account)),
        _ => shown,
    }
}

/// The action in words that a manager reads, and where its approval stands.
fn action(row: &Row) -> String {
    let what = match row.action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Enable => "make active again",
        Action::Disable => "<strong>make inactive</strong>",
        Action::Delete => "<strong>DELETE</strong>",
        Action::Link => "remember the pair",
        Action::None => return "nothing".to_owned(),
    };
    let approved = if row.approved { "approved" } else { "not approved" };
    format!("{what}<br><small>{approved}</small>")
}

fn change(change: &Change) -> String {
    let value = |value: &Datum| if value.is_unassigned() { "<i>nothing</i>".to_owned() } else { bdi(&value.plain()) };
    format!("<b>{}</b> <del>{}</del> → <ins>{}</ins>", escaped(&change.field), value(&change.from), value(&change.to))
}

/// Why, and what is wrong, line by line.
fn why(row: &Row) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(row.hold.as_ref().map(|hold: &Hold| bdi(&hold.words())));
    lines.extend(row.would_be.map(|s| format!("would be {}", s.words())));
    // An invalid row's problems say more than its reason.
    let told = row.situation == Situation::Invalid && !row.problems.is_empty();
    lines.extend(row.reason.filter(|_| !told).map(Reason::words).map(str::to_owned));
    lines.extend(row.problems.iter().map(|p| bdi(&p.message)));
    if !row.candidates.is_empty() {
        let who: Vec<String> = row
            .candidates
            .iter()
            .take(CANDIDATES)
            .map(|c| format!("{} {} <small>({})</small>", c.kind, bdi(&c.name), bdi(&c.id)))
            .collect();
        let more = row.candidates.len().saturating_sub(CANDIDATES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("with {}{more}", who.join(", ")));
    }
    lines.extend(row.last_failure.as_ref().map(|f| format!("failed last time: {}", bdi(f))));
    lines
}

fn place(row: &Row) -> String {
    let mut lines = Vec::new();
    if let Some(entry) = &row.entry {
        lines.push(bdi(entry.dn.as_deref().unwrap_or(&entry.id)));
    }
    if let Some(account) = &row.account {
        let active = if account.active { "active" } else { "inactive" };
        lines.push(format!("account {}, {active}", bdi(&account.id)));
    }
    format!("<small>{}</small>", stacked(&lines))
}

fn stacked(lines: &[String]) -> String {
    lines.iter().flat_map(|line| ["<div>", line, "</div>"]).collect()
}
