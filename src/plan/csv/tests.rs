//! Whatever a directory or a service holds, the table stays a table and no cell runs.

use super::*;
use crate::model::{Action, Problem, ProblemCode, Situation};
use crate::plan::{AccountRef, Candidate, EntryRef};
use proptest::prelude::*;

/// A reader by RFC 4180, with another separator where a spreadsheet's country has one.
fn parse(text: &str, separator: char) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut cells = vec![String::new()];
    let mut chars = text.strip_prefix('\u{feff}').unwrap().chars().peekable();
    let (mut open, mut fresh) = (false, true);
    while let Some(c) = chars.next() {
        match c {
            '"' if open && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().unwrap().push('"');
            }
            '"' if open => open = false,
            '"' if fresh => open = true,
            '\r' if !open && chars.peek() == Some(&'\n') => {
                chars.next();
                lines.push(std::mem::replace(&mut cells, vec![String::new()]));
                fresh = true;
                continue;
            }
            c if c == separator && !open => {
                cells.push(String::new());
                fresh = true;
                continue;
            }
            c => cells.last_mut().unwrap().push(c),
        }
        fresh = false;
    }
    if separator == ',' {
        assert!(!open && cells == [""], "the text ends with a line");
    } else {
        // Read with the wrong separator, quotes need not match.
        lines.push(cells);
    }
    lines
}

/// As the module's documentation says.
fn undone(cell: &str) -> String {
    regex::Regex::new("(^|[,;])'").unwrap().replace_all(cell, "$1").into_owned()
}

fn row(values: &[String]) -> Row {
    let at = |i: usize| values[i % values.len()].clone();
    Row {
        situation: Situation::Changed,
        reason: None,
        user_name: Some(at(0)),
        action: Action::Update,
        approved: true,
        entry: Some(EntryRef { id: at(1), dn: Some(at(2)) }),
        account: Some(AccountRef { id: at(3), user_name: Some(at(4)), active: true, version: None }),
        changes: vec![Change { field: at(5), from: Datum::Text(at(6)), to: Datum::Many(vec![at(7), at(0)]) }],
        candidates: vec![Candidate { kind: "entry", id: at(1), name: at(2) }],
        problems: vec![Problem { field: None, code: ProblemCode::InvalidValue, message: at(3) }],
        hold: Some(Hold { reason: at(4), author: at(5), since: crate::clock::Instant(0), until: None }),
        would_be: None,
        last_failure: None,
    }
}

fn printed(rows: Vec<Row>) -> String {
    let mut out = Vec::new();
    write(&mut out, rows.into_iter()).unwrap();
    String::from_utf8(out).unwrap()
}

/// Texts that want to be formulas, end cells and lines, or steer a terminal.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        &[
            "=",
            "+",
            "-",
            "@",
            "\t",
            "\r",
            "\n",
            "\"",
            "'",
            ",",
            ";",
            " ",
            "\u{a0}",
            "＝",
            "＠",
            "\u{0}",
            "\u{202e}",
            "\u{feff}",
            "a",
            "é",
            "1+1",
            "cmd|' /C calc'!A0",
            "HYPERLINK(\"x\")",
            "|",
            "\u{3000}",
        ][..],
    );
    prop_oneof![prop::collection::vec(piece, 0..8).prop_map(|p| p.concat()), ".{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_cell_is_a_formula_and_every_row_has_its_cells(values in prop::collection::vec(hostile(), 1..8)) {
        let text = printed(vec![row(&values), row(&values)]);
        let lines = parse(&text, ',');
        prop_assert_eq!(lines.len(), 3);
        for line in &lines {
            prop_assert_eq!(line.len(), COLUMNS.len());
        }
        let steers = text.replace("\r\n", "").contains(['\r', '\n', '\t', '\u{0}', '\u{202e}']);
        prop_assert!(!steers, "{:?}", text);
        // Also where the list separator is a semicolon or a tab.
        for cell in [',', ';', '\t'].into_iter().flat_map(|separator| parse(&text, separator)).flatten() {
            let shown = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\u{FFFD}');
            prop_assert!(!shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{:?}", cell);
        }
        // And nothing is lost by it.
        for (column, value) in [(2, 0), (5, 1), (6, 2), (7, 3), (8, 4)] {
            prop_assert_eq!(undone(&lines[1][column]), clean(&values[value % values.len()]).into_owned());
        }
    }
}

#[test]
fn cells_read_as_they_should() {
    for (value, wanted) in [
        ("ann", "ann"),
        ("Lee, Ann", "\"Lee, Ann\""),
        ("5\" disk", "\"5\"\" disk\""),
        ("=1+1", "\"'=1+1\""),
        ("+498912345", "\"'+498912345\""),
        ("-", "\"'-\""),
        (" @x", "\"' @x\""),
        ("'quoted", "\"''quoted\""),
        ("O'Neil", "\"O'Neil\""),
        ("＝1", "\"'＝1\""),
        ("a; =1", "\"a;' =1\""),
        ("a,-1;b", "\"a,'-1;b\""),
        ("", ""),
    ] {
        assert_eq!(quoted(&defused(&clean(value))), wanted, "{value}");
    }
}
