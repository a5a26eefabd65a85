//! Columns on a terminal: aligned by cells, the last one wrapped under itself, every cell cleaned.
//!
//! Nothing is ever cut: what is longer than its column moves on to the next line, and a word that is longer than the line
//! (a DN, an address) stays whole, so that it can be copied.

use crate::text::{clean, pad, width};
use std::borrow::Cow;
use std::io::{self, Write};

/// A column is at most this wide; a longer cell gets a line of its own.
const WIDEST: usize = 34;
/// The last column has at least so many cells, even on a narrow terminal.
const NARROWEST: usize = 20;

/// Writes `rows`, two blanks between columns, each line behind `indent` blanks and within `cells` in all.
///
/// # Errors
/// Where `out` can't be written to.
pub(super) fn table(out: &mut dyn Write, indent: usize, cells: usize, rows: &[Vec<String>]) -> io::Result<()> {
    let rows: Vec<Vec<Cow<'_, str>>> = rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let columns = rows.iter().map(|r| r.len().saturating_sub(1)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter_map(|r| r[..r.len() - 1].get(i)).map(|cell| width(cell)).filter(|w| *w <= WIDEST).max().unwrap_or(0))
        .collect();
    let before: usize = widths.iter().map(|w| w + 2).sum::<usize>() + indent;
    let left = cells.saturating_sub(before).max(NARROWEST);
    for row in &rows {
        let Some((last, firsts)) = row.split_last() else { continue };
        let mut line = " ".repeat(indent);
        for (cell, w) in firsts.iter().zip(&widths) {
            if width(cell) > *w {
                writeln!(out, "{line}{cell}")?;
                line = " ".repeat(width(&line) + w + 2);
            } else {
                line.push_str(&pad(cell, w + 2));
            }
        }
        for (i, part) in wrapped(last, left).iter().enumerate() {
            if i > 0 {
                line = " ".repeat(before);
            }
            writeln!(out, "{}", format!("{line}{part}").trim_end())?;
        }
    }
    Ok(())
}

/// `text` in lines of at most `cells` cells, broken at blanks; at least one line.
pub(super) fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let w = width(word);
        if used > 0 && used + 1 + w > cells {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += w;
        }
    }
    lines
}

/// A sentence on lines of its own.
///
/// # Errors
/// Where `out` can't be written to.
pub(super) fn paragraph(out: &mut dyn Write, indent: usize, cells: usize, sentence: &str) -> io::Result<()> {
    for line in wrapped(&clean(sentence), cells.saturating_sub(indent).max(NARROWEST)) {
        writeln!(out, "{}{line}", " ".repeat(indent))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(cells: usize, rows: &[&[&str]]) -> String {
        let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(ToString::to_string).collect()).collect();
        let mut out = Vec::new();
        table(&mut out, 2, cells, &rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_cells_and_the_last_is_wrapped_under_itself() {
        assert_eq!(
            shown(32, &[&["小明", "a b c d e f g h i j k l m"], &["Ann\u{1b}", "x"], &["", ""]]),
            "  小明  a b c d e f g h i j k l\n        m\n  Ann\u{fffd}  x\n\n"
        );
    }

    #[test]
    fn what_is_too_long_for_its_column_moves_on_and_nothing_is_cut() {
        let long = "uid=somebody,ou=people,dc=example,dc=test";
        assert_eq!(shown(40, &[&[long, "x"], &["ann", long]]), format!("  {long}\n       x\n  ann  {long}\n"));
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("one two", 3), ["one", "two"]);
    }
}
