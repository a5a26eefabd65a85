//! Saved plans from the command line: printed as a table or a page, approved, acted on, described by a schema.

use crate::commands::{Desk, accounts, with_service};
use crate::schema;
use rosterm::demo::service::Faults;
use serde_json::{Value, json};

fn plan(desk: &Desk) -> Value {
    serde_json::from_str(&std::fs::read_to_string(desk.path("plan.json")).unwrap()).unwrap()
}

fn row<'p>(plan: &'p Value, name: &str) -> &'p Value {
    let mut of_it = plan["rows"].as_array().unwrap().iter().filter(|r| r["user_name"] == name);
    let row = of_it.next().unwrap();
    assert!(of_it.next().is_none());
    row
}

/// The world of `commands`, with somebody who leaves (cat, disabled by hand at the directory's side) and a second account
/// that nobody belongs to.
fn desk(test: impl FnOnce(&Desk)) {
    let mut users = accounts();
    users.push(json!({"id": "a4", "userName": "old-robot", "active": false}));
    users.push(json!({"id": "a5", "userName": "cat", "active": true, "name": {"givenName": "Cat", "familyName": "Fox"},
        "emails": [{"value": "cat@example.com", "type": "work"}]}));
    with_service(users, &Faults::default(), |desk, _| {
        let people = std::fs::read_to_string(desk.path("people.ldif")).unwrap();
        desk.write("people.ldif", &people.replace("entryUUID: e-cat\n", "entryUUID: e-cat\npwdAccountLockedTime: 000001010000Z\n"));
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        test(desk);
    });
}

#[test]
fn rows_are_approved_by_situation_and_deprovisions_by_name_only() {
    desk(|desk| {
        let before = plan(desk);
        assert_eq!((&row(&before, "cat")["action"], &row(&before, "cat")["approved"]), (&json!("disable"), &json!(false)));
        let (code, out, talk) = desk.rosterm(&["approve", "plan.json", "--only", "leaving"]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(talk.contains("by name only, nobody was approved") && talk.contains("--user NAME"), "{talk}");
        assert_eq!(plan(desk), before);

        let (code, _, talk) = desk.rosterm(&["unapprove", "plan.json", "--only", "changed", "--only", "in sync"]);
        assert_eq!(code, 0);
        assert_eq!(talk, "1 update and 1 link not approved any more, 0 approved in all; nothing is sent before rosterm apply\n");
        let (_, _, talk) = desk.rosterm(&["approve", "plan.json", "--only", "changed", "--only", "unmatched"]);
        assert_eq!(talk, "1 update approved (2 with nothing to send), 1 approved in all; nothing is sent before rosterm apply\n");
        let (_, _, talk) = desk.rosterm(&["approve", "plan.json", "--only", "changed"]);
        assert_eq!(talk, "nothing approved (1 approved already), 1 approved in all; nothing is sent before rosterm apply\n");

        for (name, code) in
            [("CAT", 0), ("e-cat", 0), ("uid=cat, ou=People,dc=example,dc=test", 0), ("a5", 0), ("cats", 2), ("svc-backup", 2)]
        {
            desk.rosterm(&["unapprove", "plan.json", "--user", "cat"]);
            let (got, _, talk) = desk.rosterm(&["approve", "plan.json", "--user", "ann", "--user", name]);
            assert_eq!(got, code, "{name}: {talk}");
            assert_eq!(row(&plan(desk), "cat")["approved"], json!(code == 0), "{name}");
        }
        let (_, _, talk) = desk.rosterm(&["approve", "plan.json", "--user", "cat"]);
        assert!(talk.starts_with("approved: disable cat (person e-cat, account a5)\n1 disable approved, "), "{talk}");
        let after = plan(desk);
        assert_eq!(after["id"], before["id"], "approving makes no other plan");
        let names = |plan: &Value| plan["rows"].as_array().unwrap().iter().map(|r| r["user_name"].clone()).collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before));
        let text = std::fs::read_to_string(desk.path("plan.json")).unwrap();
        assert_eq!(text.lines().count(), 6 + names(&after).len(), "one row a line");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(desk.path("plan.json")).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let left: Vec<_> = std::fs::read_dir(desk.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(!left.iter().any(|n| n.to_string_lossy().starts_with(".plan")), "{left:?}");
    });
}

#[test]
fn a_name_that_several_have_or_nobody_has_changes_nothing() {
    desk(|desk| {
        let text = std::fs::read_to_string(desk.path("plan.json")).unwrap();
        // An account whose id is another one's user name.
        let mut users = accounts();
        users[2]["id"] = json!("bob");
        with_service(users, &Faults::default(), |desk, _| {
            assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
            let (code, _, talk) = desk.rosterm(&["approve", "plan.json", "--user", "bob"]);
            assert_eq!(code, 2);
            assert!(
                talk.contains("2 rows have the name bob") && talk.contains("person e-bob, account a2") && talk.contains("account bob"),
                "{talk}"
            );
        });
        let (code, _, talk) = desk.rosterm(&["approve", "plan.json", "--user", "bbo"]);
        assert_eq!(code, 2);
        assert!(talk.contains("has no row of bbo\n  hint: did you mean bob?"), "{talk}");
        for arguments in [
            &["approve", "plan.json"][..],
            &["approve", "plan.json", "--only", "new", "--user", "x"],
            &["act", "plan.json", "ann", "create"],
        ] {
            assert_eq!(desk.rosterm(arguments).0, 2, "{arguments:?}");
        }
        let (code, _, talk) = desk.rosterm(&["--read-only", "approve", "plan.json", "--only", "new"]);
        assert_eq!((code, talk.contains("--read-only")), (4, true));
        assert_eq!(std::fs::read_to_string(desk.path("plan.json")).unwrap(), text);
    });
}

#[test]
fn an_unmatched_account_is_taken_away_by_hand_and_nobody_else() {
    desk(|desk| {
        let before = plan(desk);
        for (user, action, told) in [
            ("cat", "disable", "cat is leaving: disable is planned already"),
            ("bob", "delete", "bob is changed; by hand only unmatched accounts"),
            ("ann", "disable", "ann is in sync; by hand only unmatched accounts"),
            ("old-robot", "disable", "inactive already"),
        ] {
            let (code, _, talk) = desk.rosterm(&["act", "plan.json", user, action]);
            assert_eq!(code, 2);
            assert!(talk.contains(told) && talk.contains("nothing was changed") && talk.contains("hint: "), "{talk}");
        }
        assert_eq!(plan(desk), before);
        let (code, out, talk) = desk.rosterm(&["act", "plan.json", "SVC-Backup", "disable"]);
        assert_eq!((code, out.as_str()), (0, ""));
        assert!(talk.starts_with("by hand, approved: disable svc-backup (account a3)\nthis makes another plan of it: "), "{talk}");
        let after = plan(desk);
        assert_ne!(after["id"], before["id"]);
        let acted = row(&after, "svc-backup");
        assert_eq!((&acted["situation"], &acted["action"], &acted["approved"]), (&json!("unmatched"), &json!("disable"), &json!(true)));
        assert_eq!(acted["changes"], json!([{"field": "active", "from": true, "to": false}]));
        // The plan is still one: it can be changed again, the other way round too.
        let (_, _, talk) = desk.rosterm(&["unapprove", "plan.json", "--only", "unmatched"]);
        assert!(talk.starts_with("1 disable not approved any more (1 with nothing to send), "), "{talk}");
        let (_, _, talk) = desk.rosterm(&["approve", "plan.json", "--only", "unmatched"]);
        assert!(talk.starts_with("nothing approved (1 to be approved by name only"), "{talk}");
        assert_eq!(desk.rosterm(&["act", "plan.json", "a3", "delete"]).0, 0);
        assert_eq!((&row(&plan(desk), "svc-backup")["action"], &row(&plan(desk), "svc-backup")["changes"]), (&json!("delete"), &json!([])));
        schema::check(&plan(desk));
    });
}

#[test]
fn what_changed_since_the_plan_was_made_stops_a_deprovision_by_hand() {
    desk(|desk| {
        let before = plan(desk);
        desk.rosterm(&["hold", "svc-backup", "asking the owner"]);
        let (code, _, talk) = desk.rosterm(&["act", "plan.json", "svc-backup", "disable"]);
        assert_eq!((code, talk.contains("a hold was set on svc-backup since the plan was made")), (2, true), "{talk}");
        desk.rosterm(&["release", "svc-backup"]);
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &format!("{config}[channels.test.policy]\nprotect = [\"Svc-Backup\"]\n"));
        let (code, _, talk) = desk.rosterm(&["act", "plan.json", "svc-backup", "disable"]);
        assert_eq!((code, talk.contains("the configuration of channel test has changed")), (2, true), "{talk}");
        assert_eq!(plan(desk), before);
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        let (code, _, talk) = desk.rosterm(&["act", "plan.json", "svc-backup", "disable"]);
        assert_eq!((code, talk.contains("the policy protects svc-backup")), (2, true), "{talk}");
    });
}

#[test]
fn a_plan_that_was_edited_by_hand_is_refused() {
    desk(|desk| {
        let text = std::fs::read_to_string(desk.path("plan.json")).unwrap().replace("\"Ray\"", "\"Roy\"");
        desk.write("plan.json", &text);
        for arguments in [&["approve", "plan.json", "--only", "changed"][..], &["act", "plan.json", "svc-backup", "disable"]] {
            let (code, _, talk) = desk.rosterm(arguments);
            assert_eq!(code, 2);
            assert!(talk.contains("plan.json was changed after it was saved") && talk.contains("hint: "), "{talk}");
        }
        assert_eq!(std::fs::read_to_string(desk.path("plan.json")).unwrap(), text);
    });
}

#[test]
fn a_plan_is_printed_as_a_table_and_as_a_page() {
    desk(|desk| {
        let (code, csv, talk) = desk.rosterm(&["plan", "--format", "csv"]);
        assert_eq!((code, talk.as_str()), (3, ""));
        let lines: Vec<&str> = csv.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").collect();
        assert_eq!(lines[0], rosterm::plan::csv::COLUMNS.join(","));
        assert_eq!(lines.len(), 1 + plan(desk)["rows"].as_array().unwrap().len());
        assert!(
            lines.contains(
                &"changed,,bob,update,true,e-bob,\"uid=bob,ou=people,dc=example,dc=test\",a2,bob,true,familyName: Rey -> Ray,,,,"
            ),
            "{csv}"
        );
        let (code, html, _) = desk.rosterm(&["plan", "--format", "html"]);
        assert_eq!(code, 3);
        assert!(
            html.starts_with("<!doctype html>") && html.contains("<b>familyName</b> <del><bdi>Rey</bdi></del> → <ins><bdi>Ray</bdi></ins>")
        );
        assert!(html.contains("<strong>1 person would lose access</strong>"), "{html}");

        let (_, in_sync, _) = desk.rosterm(&["plan", "--format", "csv", "--only", "in sync", "--all"]);
        assert_eq!(in_sync.matches("\r\n").count(), 2);
    });
}

#[test]
fn a_file_gets_what_its_name_says_and_only_a_document_is_a_plan() {
    desk(|desk| {
        for (arguments, code, out, told) in [
            (&["--format", "csv", "--out", "x.csv"][..], 3, "", "wrote x.csv, for reading"),
            (&["--format", "html", "--out", "x.HTML"], 3, "", "wrote x.HTML, for reading"),
            (&["--format", "csv", "--out", "x.json"], 3, "\u{feff}situation", "saved plan "),
            (&["--format", "html", "--out", "x"], 3, "<!doctype", "saved plan "),
            (&["--out", "bad.csv"], 2, "", "add --format csv"),
            (&["--format", "csv", "--out", "bad.html"], 2, "", "add --format html"),
        ] {
            let (got, stdout, talk) = desk.rosterm(&[&["plan"], arguments].concat());
            assert_eq!(got, code, "{talk}");
            assert!(stdout.starts_with(out) && stdout.is_empty() == out.is_empty() && talk.contains(told), "{arguments:?} {talk}");
        }
        for (file, begins) in [("x.csv", "\u{feff}situation"), ("x.HTML", "<!doctype"), ("x.json", "{\"format\""), ("x", "{\"format\"")] {
            assert!(std::fs::read_to_string(desk.path(file)).unwrap().starts_with(begins), "{file}");
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(desk.path(file)).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        assert!(!desk.path("bad.csv").exists() && !desk.path("bad.html").exists());
        let (code, _, talk) = desk.rosterm(&["approve", "x.csv", "--only", "new"]);
        assert_eq!(code, 2);
        assert!(talk.starts_with("rosterm: x.csv:1:1: this is not a plan"), "{talk}");
    });
}

#[test]
fn a_rule_looks_values_up_in_a_file_beside_the_configuration() {
    desk(|desk| {
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &config.replace("familyName = \"sn\"", "familyName = \"sn | lookup_file('names.csv', sn | upper)\""));
        desk.write("names.csv", "Lee,Lee\nRay,Ray-Bold\n");
        let (_, out, _) = desk.rosterm(&["plan"]);
        assert!(out.contains("familyName: Rey → Ray-Bold"), "{out}");
        desk.write("names.csv", "Lee,Lee\nRay,\n");
        let (_, out, _) = desk.rosterm(&["plan"]);
        assert!(out.contains("familyName: Rey → RAY"), "{out}");
        desk.write("names.csv", "Lee,Lee\n\nLee,Li\n");
        let (code, out, talk) = desk.rosterm(&["plan"]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(talk.starts_with("rosterm: rosterm.toml:14:14: rule of familyName: names.csv, line 3: the key 'Lee' is there twice, first in line 1\n    sn | lookup_file('names.csv', sn | upper)\n                     ^^^^^^^^^^^\n"), "{talk}");
        std::fs::remove_file(desk.path("names.csv")).unwrap();
        let (code, _, talk) = desk.rosterm(&["plan"]);
        assert_eq!(code, 2);
        assert!(talk.contains("cannot read 'names.csv': ") && talk.contains("relative to the configuration's folder"), "{talk}");
    });
}
