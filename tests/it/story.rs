//! One whole story on a terminal, with OpenLDAP and scim2-server behind it: a rule is mended and the list follows, three lose
//! access and one is left alone, the run is watched, and taken back.

use crate::apply_real::{Case, Outside, configuration, dn, ldapmodify, ldif, linked, name};
use crate::commands::Desk;
use crate::lab::Server;
use crate::terminals::Terminal;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const CASE: Case = Case { profile: "full", knobs: &[], connector: ("scim2", "title", "title"), keeps_names: false };

/// Both servers, and a configuration by which everybody has an account.
struct Stage {
    directory: Server,
    service: Server,
    desk: Desk,
    file: PathBuf,
}

/// Sets them up; `title` is the line of that rule in the file.
fn stage(title: &str) -> Stage {
    let directory = Server::slapd(&ldif());
    let service = Server::scim_with(CASE.profile, CASE.knobs);
    let desk = Desk::new();
    let text = configuration(&CASE, &directory, &service, &desk, "").replace("title = \"title\"", title);
    let file = desk.write("rosterm.toml", &text);
    let (code, out, talk) = desk.rosterm(&["apply", "--yes"]);
    assert_eq!(code, 0, "{out}{talk}");
    Stage { directory, service, desk, file }
}

/// The screens on them.
fn open(desk: &Desk, file: &Path) -> Terminal {
    let state = desk.path("state.db");
    let options = ["--config", file.to_str().unwrap(), "--state", state.to_str().unwrap()];
    let home = desk.folder.path().to_str().unwrap();
    Terminal::open(160, 48, env!("CARGO_BIN_EXE_rosterm"), &options, &[("HOME", home), ("USER", "op")])
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_mapping_is_mended_three_are_disabled_one_is_held_and_the_run_is_taken_back() {
    let Stage { directory, service, desk, file } = stage("title = \"title\" # HR");
    let outside = Outside(&service);
    let leave = |n| format!("\ndn: {}\nchangetype: modify\nadd: employeeType\nemployeeType: inactive\n", dn(n));
    ldapmodify(&directory, &(0..4).map(leave).collect::<String>(), &desk);
    let ids = linked(&desk);
    let active = || (0..4).map(|n| outside.account(&ids[&name(n)])["active"] == json!(true)).collect::<Vec<bool>>();

    let mut terminal = open(&desk, &file);
    terminal.wait_for("leaving 4 ");
    terminal.wait_for("in sync 56");

    // The rule for titles is another one: the list follows while it is typed.
    terminal.type_in("2jjjje");
    terminal.wait_for("editing title");
    terminal.type_in(" | upper");
    terminal.wait_for("changed 56");
    terminal.type_in("\x13");
    terminal.wait_for("title: title → title | upper");
    terminal.type_in("\r");
    terminal.wait_for("saved: what is shown and sent goes by these rules");
    assert!(std::fs::read_to_string(&file).unwrap().contains("title = \"title | upper\" # HR\n"));

    // Three of the four who left are approved by hand, the fourth is left alone.
    terminal.type_in("3\t");
    // What is decided is about the list that is shown: it is waited for.
    terminal.wait_for("4 of 60 users · leaving");
    terminal.type_in(" ");
    terminal.wait_for("approved: 1 disable");
    terminal.type_in("j ");
    terminal.wait_for("approved: 2 disable");
    terminal.type_in("j ");
    terminal.wait_for("approved: 3 disable");
    terminal.type_in("jh");
    terminal.wait_for("Leave p03@example.com alone");
    terminal.type_in("on leave until 2999-01-31\r");
    terminal.wait_for("[leaving 3]");
    terminal.wait_for("held 1");
    assert_eq!(active(), [true; 4]);

    // What happens is read first; it is more than the limit allows, and their number is typed for that and once more for them.
    terminal.type_in("P");
    terminal.wait_for("3 accounts will be DISABLED: p00@example.com, p01@example.com, p02@example.com");
    terminal.wait_for("REFUSED: 3 accounts would be disabled or deleted, the limit is 2");
    terminal.type_in("2\r");
    terminal.wait_for("2 is not 3");
    terminal.type_in("\x7f3\r");
    terminal.wait_for("A limit is lifted for this run alone.");
    terminal.type_in("3\r");
    terminal.wait_for("has ended: done");
    assert_eq!(active(), [false, false, false, true]);
    terminal.wait_for("left 3");

    // It is taken back as it was done, once the reading that follows a run is over: the last line names the keys that work.
    terminal.type_in("5");
    terminal.wait_for("5 Activity");
    terminal.wait_for("u undo run");
    terminal.type_in("u");
    terminal.wait_for("Take run 2 back");
    terminal.wait_for("3 accounts will be enabled again: p0");
    // The directory says that they have left: their number is typed for that, too.
    terminal.wait_for("THEY GET ACCESS BACK");
    terminal.wait_for("Type 3 to confirm");
    terminal.type_in("3\r");
    terminal.wait_for("run 3 has ended: done");
    assert_eq!(active(), [true; 4]);
    // Nobody else's title was sent, the new rule or not.
    assert_eq!(outside.account(&ids[&name(9)])["title"], json!("Title 9"));
    // What was done stands with the user, and why asks the directory over a connection of its own.
    terminal.type_in("3");
    terminal.wait_for("[leaving 3]");
    terminal.type_in("g");
    terminal.wait_for("p00@example.com · Given0 Family0");
    terminal.type_in("4");
    terminal.wait_for("last enable by op, ");
    terminal.type_in("\t\t");
    for told in ["[History]", "enable by op, run 3: done", "disable by op, run 2: done", "create by op, run 1: done"] {
        terminal.wait_for(told);
    }
    terminal.type_in("w");
    terminal.wait_for("Why is p00@example.com leaving?");
    terminal.wait_for("asked 20");
    terminal.type_in("\x1b");
    terminal.until(|t| !t.contents().contains("Why is p00@example.com leaving?"));
    terminal.type_in("q");
    let (status, _) = terminal.ended();
    assert!(status.success());
    let (code, out, talk) = desk.rosterm(&["history"]);
    let mut told = String::new();
    write!(told, "{out}{talk}").unwrap();
    assert!(code == 0 && told.contains("by op"), "{told}");
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_rule_is_added_and_sent_and_a_rule_is_taken_out_of_the_file() {
    let Stage { directory: _directory, service, desk, file } = stage("# HR\ntitle = \"title\" # theirs");
    let outside = Outside(&service);
    let ids = linked(&desk);
    let before = std::fs::read_to_string(&file).unwrap();
    let mut terminal = open(&desk, &file);
    terminal.wait_for("in sync 60");

    // A field that was not read yet: it is, and what is typed is tried as soon as that is done.
    terminal.type_in("2anick");
    terminal.wait_for("not mapped");
    terminal.wait_for("takes a text");
    terminal.type_in("\r");
    terminal.wait_for("editing nickName");
    terminal.type_in("title | upper");
    terminal.wait_for("changed 60");
    terminal.wait_for("before → after");
    terminal.wait_for("the list goes by it: 60 rows move");
    terminal.type_in("\x13");
    terminal.wait_for("nickName: a new rule, title | upper");
    terminal.type_in("\r");
    terminal.wait_for("saved: what is shown and sent goes by these rules");
    let added = std::fs::read_to_string(&file).unwrap();
    assert!(added.contains("\nnickName = \"title | upper\"\n") && added.replace("nickName = \"title | upper\"\n", "") == before, "{added}");
    terminal.type_in("3A");
    terminal.wait_for("Approve");
    terminal.type_in("y");
    terminal.wait_for("approved: 60 update");
    terminal.type_in("P");
    terminal.wait_for("60 accounts will be updated");
    terminal.type_in("\r");
    terminal.wait_for("has ended: done");
    terminal.wait_for("in sync 60");
    terminal.until(|t| !t.contents().contains("reading"));
    let account = outside.account(&ids[&name(9)]);
    assert_eq!((&account["nickName"], &account["title"]), (&json!("TITLE 9"), &json!("Title 9")));

    // Another expression, to see who moves; and then no rule at all: what the service has stays.
    terminal.type_in("2e");
    terminal.wait_for("editing nickName");
    terminal.type_in(" ~ '!'");
    terminal.wait_for("before → after");
    terminal.wait_for("the list goes by it: 60 rows move");
    terminal.type_in("\x1b");
    terminal.until(|t| !t.contents().contains("editing nickName"));
    terminal.wait_for("in sync 60");
    terminal.type_in("d");
    terminal.wait_for("removed, not saved");
    terminal.type_in("\x13");
    terminal.wait_for("nickName: the rule is taken out");
    terminal.type_in("\r");
    terminal.wait_for("saved: what is shown and sent goes by these rules");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    terminal.until(|t| !t.contents().contains("nickName"));
    assert_eq!(outside.account(&ids[&name(9)])["nickName"], json!("TITLE 9"));
    terminal.type_in("q");
    let (status, _) = terminal.ended();
    assert!(status.success());
}
