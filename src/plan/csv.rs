//! The plan as a table for a spreadsheet: RFC 4180, a line a user, with a header line.
//!
//! Values come from a directory and a service, and a spreadsheet runs what begins like a formula. So a cell is defused in
//! the way that OWASP describes ("CSV Injection"): an apostrophe goes in front. That is done at the beginning of a cell, and
//! behind every comma and semicolon within one, because a spreadsheet whose list separator is the other one splits there.
//! To undo it, take one apostrophe away where one stands first or right behind a comma or semicolon: `(^|[,;])'` is `\1`.
//! An apostrophe that stood there itself was doubled, so nothing is lost.
//!
//! Control, invisible and bidi characters are shown as `U+FFFD`, line breaks as blanks: a row is always one line. The file
//! begins with a byte order mark: without it Excel takes UTF-8 for the local code page and shows wrong names silently, while a
//! script that does not expect it fails at once (Python reads it with `utf-8-sig`). For scripts the JSON document is better.

use super::Row;
use crate::identity::value::Datum;
use crate::model::{Change, Hold, Problem};
use crate::text::clean;
use std::io::{self, Write};

/// The columns, in order. `approved`, `account_active` are `true` or `false`; what is not known is empty.
pub const COLUMNS: [&str; 15] = [
    "situation",
    "reason",
    "user_name",
    "action",
    "approved",
    "entry_id",
    "entry_dn",
    "account_id",
    "account_user_name",
    "account_active",
    "changes",
    "problems",
    "hold",
    "would_be",
    "candidates",
];

/// Writes header and rows.
///
/// # Errors
/// Where `out` can't be written to.
pub fn write(out: &mut dyn Write, rows: impl Iterator<Item = Row>) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    line(out, &COLUMNS.map(str::to_owned))?;
    for row in rows {
        line(out, &cells(&row))?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, cells: &[String; COLUMNS.len()]) -> io::Result<()> {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        out.write_all(quoted(&defused(&clean(cell))).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let entry = row.entry.as_ref();
    let account = row.account.as_ref();
    [
        row.situation.code().to_owned(),
        row.reason.map_or("", crate::model::Reason::code).to_owned(),
        row.user_name.clone().unwrap_or_default(),
        row.action.code().to_owned(),
        row.approved.to_string(),
        entry.map(|e| e.id.clone()).unwrap_or_default(),
        entry.and_then(|e| e.dn.clone()).unwrap_or_default(),
        account.map(|a| a.id.clone()).unwrap_or_default(),
        account.and_then(|a| a.user_name.clone()).unwrap_or_default(),
        account.map(|a| a.active.to_string()).unwrap_or_default(),
        joined(row.changes.iter().map(change)),
        joined(row.problems.iter().map(problem)),
        row.hold.as_ref().map(Hold::words).unwrap_or_default(),
        row.would_be.map_or("", crate::model::Situation::code).to_owned(),
        joined(row.candidates.iter().map(|c| format!("{} {} ({})", c.kind, c.id, c.name))),
    ]
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

fn change(change: &Change) -> String {
    let shown = |value: &Datum| if value.is_unassigned() { "(nothing)".to_owned() } else { value.plain().into_owned() };
    format!("{}: {} -> {}", change.field, shown(&change.from), shown(&change.to))
}

fn problem(problem: &Problem) -> String {
    format!("{} ({})", problem.message, problem.code.code())
}

/// True for what makes a formula of a cell, in half and full width; tab and line ends are blanks by then.
fn is_dangerous(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '﹢' | '﹣' | '﹦' | '﹫')
}

/// What a spreadsheet may drop before it looks for a formula.
fn is_skipped(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '\u{FFFD}')
}

/// `text` with an apostrophe wherever a cell could begin with a formula (see the module).
#[must_use]
pub fn defused(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for part in text.split_inclusive([',', ';']) {
        let first = part.trim_start_matches(is_skipped).chars().next();
        // Behind a separator, an apostrophe of its own is doubled; elsewhere it is no sign of anything.
        if part.starts_with('\'') || first.is_some_and(is_dangerous) {
            out.push('\'');
        }
        out.push_str(part);
    }
    out
}

fn quoted(cell: &str) -> String {
    let plain = !cell.contains([',', ';', '"', '\'', '\t', '\r', '\n']) && cell.trim() == cell;
    if plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests;
