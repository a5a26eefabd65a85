//! Nobody loses access without an approval, whatever is typed: every command is tried, as the help lists them.

use crate::apply_faults::{people, with_people};
use crate::commands::Desk;
use rosterm::demo::service::{Effect, Service, Writing};
use std::collections::BTreeSet;

fn removals(service: &Service) -> Vec<Effect> {
    let takes_away = |e: &Effect| e.method == "DELETE" || (e.method != "POST" && e.body.to_string().contains("false"));
    service.effects().into_iter().filter(takes_away).collect()
}

/// The commands that the help lists.
fn commands(desk: &Desk) -> BTreeSet<String> {
    let help = String::from_utf8(desk.run(&["--help"]).stdout).unwrap();
    let listed = help.lines().filter(|l| l.starts_with("  ") && l.as_bytes().get(2).is_some_and(u8::is_ascii_lowercase));
    listed.filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect()
}

/// Everything short of an approval, in an order in which each finds what it needs. p1 and p2 are disabled in the directory.
const TRIED: &[&[&str]] = &[
    &["plan", "--out", "plan.json"],
    &["plan", "--only", "leaving", "--wire"],
    &["apply"],
    &["apply", "--yes", "--only", "leaving"],
    &["apply", "--yes", "--user", "p1"],
    &["apply", "--yes", "--user", "p1", "--allow-deprovisions", "2"],
    &["apply", "--yes", "--allow-deprovisions", "1"],
    &["apply", "--yes", "--allow-deprovisions", "3"],
    &["apply", "--yes", "--allow-updates", "2", "--allow-creates", "2", "--allow-clears", "2", "--accept-source", "5"],
    &["apply", "--rehearse", "--yes", "--allow-deprovisions", "2"],
    &["apply", "--yes", "--read-only", "--allow-deprovisions", "2"],
    &["apply", "plan.json"],
    &["apply", "plan.json", "--yes"],
    &["apply", "plan.json", "--yes", "--allow-deprovisions", "1"],
    &["approve", "plan.json", "--only", "leaving"],
    &["apply", "plan.json", "--yes", "--only", "leaving"],
    &["approve", "plan.json", "--user", "p1"],
    &["unapprove", "plan.json", "--user", "p1"],
    &["apply", "plan.json", "--yes"],
    // Somebody who is not unmatched is nobody for `act`.
    &["act", "plan.json", "p1", "disable"],
    &["act", "plan.json", "p1", "delete"],
    &["apply", "plan.json", "--yes"],
    &["unlink", "p1"],
    &["link", "p1", "a1"],
    &["hold", "p1", "looked into"],
    &["release", "p1"],
    &["explain", "p1"],
    &["doctor"],
    &["owed"],
    &["owed", "retry", "--yes"],
    &["history"],
    &["undo", "1", "--out", "undo.json"],
    &["apply", "undo.json", "--yes"],
    &["explain", "p1"],
    &["check"],
    &["channels"],
    &["connectors"],
    &["fields"],
    &["functions"],
    &["state", "export", "--out", "state.json"],
    &["demo", "--plain", "--users", "50"],
    &["completions", "bash"],
    &["man"],
    &["help"],
];

#[test]
fn no_command_takes_access_away_without_an_approval() {
    with_people(5, 5, Writing { versions: true, ..Writing::default() }, "", |desk, service| {
        let tried: BTreeSet<String> = TRIED.iter().map(|words| words[0].to_owned()).collect();
        assert_eq!(commands(desk), tried, "each command of the help is tried");
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        desk.write("people.ldif", &people(5, &[1, 2]));
        for words in TRIED {
            let (code, out, talk) = desk.rosterm(words);
            assert_ne!(code, 101, "{words:?}: {talk}");
            assert_eq!(removals(service), [], "{words:?} with exit {code}: {out}{talk}");
        }
        // Also where the number was not looked at before: another plan was the last one.
        desk.write("people.ldif", &people(5, &[1, 3]));
        let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--allow-deprovisions", "2"]);
        assert_eq!((code, removals(service)), (7, Vec::new()), "{out}{talk}");
        // It is approved by name, and by the number that was looked at.
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        assert_eq!(desk.rosterm(&["approve", "plan.json", "--user", "p1"]).0, 0);
        let (code, out, talk) = desk.rosterm(&["apply", "plan.json"]);
        let gone: Vec<String> = removals(service).into_iter().map(|e| e.user_name).collect();
        assert_eq!((code, &gone[..]), (7, &["p1".to_owned()][..]), "{out}{talk}");
        assert_eq!(desk.rosterm(&["plan"]).0, 3);
        let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--allow-deprovisions", "1"]);
        let gone: Vec<String> = removals(service).into_iter().map(|e| e.user_name).collect();
        assert_eq!((code, &gone[..]), (0, &["p1".to_owned(), "p3".to_owned()][..]), "{out}{talk}");
    });
}
