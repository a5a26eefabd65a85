//! The operator's own keys on the screens: they hold, and what is wrong with them is said where one looks.

use super::desk::Desk;
use super::{same_as_before, setting};
use rosterm::tui::Effect;
use rosterm::tui::action::TABLE;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn own_keys_hold_and_what_is_wrong_is_said_at_the_start_and_in_the_help() {
    let own = "[diff]\nsort = [\"o\"]\nsrot = [\"x\"]\ndown = [\"n\"]\n";
    let mut desk = Desk::small(setting().with_keys("keymap.toml", own));
    let first = desk.frame(80, 24);
    assert!(first.contains("1 of 2, ? lists all: keymap.toml:3: there is no action"), "{first}");
    same_as_before("own-keys-80x24", &first);
    assert!(matches!(&desk.press("o")[..], [Effect::Look(_)]), "o sorts now");
    assert!(desk.press("s").is_empty() && desk.model.notice().is_none(), "s means nothing any more");
    let before = desk.model.cursor();
    desk.press("n");
    assert_ne!(desk.model.cursor(), before);
    desk.press("?");
    desk.type_in("keymap");
    let help = desk.frame(80, 24);
    assert!(help.contains("keymap.toml:3:") && help.contains("keymap.toml:4: n is down now"), "{help}");
    same_as_before("own-keys-help-80x24", &help);
    // They explain, and do nothing.
    assert!(desk.press("enter").is_empty());
    desk.press("ctrl-u");
    desk.type_in("sort by the next");
    let help = desk.frame(80, 24);
    assert!(help.lines().any(|l| l.contains(" o ") && l.contains("sort by")), "{help}");
}

#[test]
fn the_document_names_the_command_beside_each_key() {
    let keys = setting().keymap;
    let mut table = "| where | key | | command |\n|---|---|---|---|\n".to_owned();
    for entry in TABLE {
        let Some(line) = entry.twin.command() else { continue };
        let chords: Vec<String> = keys.chords(entry.verb).map(|c| format!("`{c}`")).collect();
        let _ = writeln!(table, "| {} | {} | {} | `{line}` |", entry.scope.name(), chords.join(" "), entry.short);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let from = text.find("| where | key | | command |").unwrap();
    let to = from + text[from..].find("\n\n").unwrap() + 1;
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return std::fs::write(&path, format!("{}{table}{}", &text[..from], &text[to..])).unwrap();
    }
    assert!(text[from..to] == table, "docs/screens.md has other keys or commands (UPDATE_SNAPSHOTS=1 writes them):\n{table}");
}

#[test]
fn the_help_tells_which_command_does_what_is_marked_and_finds_it_by_its_name() {
    let mut desk = Desk::small(setting());
    desk.press("?");
    desk.type_in("leave the user");
    let help = desk.frame(80, 24);
    assert!(help.contains("shell: rosterm hold USER REASON"), "{help}");
    same_as_before("help-hold-80x24", &help);
    desk.press("ctrl-u");
    desk.type_in("begin no further row until");
    assert!(desk.frame(120, 40).contains("no command: Ctrl-C stops rosterm apply"));
    desk.press("ctrl-u");
    desk.type_in("rosterm undo");
    assert!(desk.frame(120, 40).contains("what taking the marked run back comes to"));
}
