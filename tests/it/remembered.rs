//! `rosterm state`: what is remembered leaves and enters as a whole, and nothing is lost that was not named before.

use crate::commands::{Desk, accounts, with_service};
use crate::schema::violations;
use rosterm::demo::service::Faults;
use serde_json::{Value, json};
use std::path::PathBuf;

const SCHEMA: &str = "rosterm-state-1.schema.json";
const SERVICE: &str = "https://cloud.example.com/scim/v2";

fn link(entry: &str, account: &str, channel: &str) -> Value {
    json!({"service": SERVICE, "entry": entry, "account": account, "channel": channel, "origin": "matched",
        "since": "2026-11-22T02:40:22Z", "remembered": [format!("{entry}@example.com")], "last_active": true})
}

fn hold(on: &str, id: &str) -> Value {
    json!({"service": SERVICE, "on": on, "id": id, "reason": "on leave", "author": "op", "since": "2026-11-22T02:40:22Z", "until": null})
}

fn channel(name: &str) -> Value {
    json!({"name": name, "base_url": SERVICE, "naming_context": "dc=example,dc=com", "id_attribute": "entryUUID"})
}

fn document(channels: &[Value], links: &[Value], holds: &[Value]) -> Value {
    json!({"format": "rosterm-state/1", "created": "2026-11-22T02:40:22Z", "channels": channels, "links": links, "holds": holds})
}

/// A desk whose state has two channels, three links and two holds.
fn desk() -> Desk {
    let desk = Desk::new();
    let all = document(
        &[channel("a"), channel("b")],
        &[link("e1", "a1", "a"), link("e2", "a2", "a"), link("e3", "a3", "b")],
        &[hold("entry", "e1"), hold("account", "a9")],
    );
    desk.write("all.json", &all.to_string());
    assert_eq!(state(&desk, &["import", "all.json"]), (0, "imported 3 links, 2 holds: 7 added\n".into()));
    desk
}

/// Exit code and talk.
fn state(desk: &Desk, arguments: &[&str]) -> (i32, String) {
    let output = desk.run(&[&["state"], arguments, &["--state", "state.db"]].concat());
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The state without the time of its export.
fn export(desk: &Desk) -> Value {
    let output = desk.run(&["state", "export", "--state", "state.db"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(violations(SCHEMA, &found), [""; 0]);
    found["created"] = Value::Null;
    found
}

fn backups(desk: &Desk) -> Vec<PathBuf> {
    let files = std::fs::read_dir(desk.folder.path()).unwrap().map(|f| f.unwrap().path());
    let mut found: Vec<PathBuf> = files.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("state-before-")).collect();
    found.sort();
    found
}

#[test]
fn what_is_exported_can_be_imported_elsewhere_and_is_the_same() {
    let (one, other) = (desk(), Desk::new());
    let (code, talk) = state(&one, &["export", "--out", "saved.json"]);
    assert_eq!((code, talk.as_str()), (0, "exported 3 links, 2 holds to saved.json\n"));
    let saved = std::fs::metadata(one.path("saved.json")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&saved.permissions()) & 0o777, 0o600);
    other.write("saved.json", &std::fs::read_to_string(one.path("saved.json")).unwrap());
    assert_eq!(state(&other, &["import", "saved.json"]).0, 0);
    assert_eq!(export(&other), export(&one));
    assert_eq!(export(&one)["links"][1], link("e2", "a2", "a"));
    assert_eq!(state(&other, &["import", "saved.json"]), (0, "imported 3 links, 2 holds: 7 there already\n".into()));
    assert!(backups(&other).is_empty(), "nothing was lost");
}

#[test]
fn who_linked_and_parted_whom_by_hand_goes_along_and_is_never_taken_away() {
    let (one, other) = (desk(), desk());
    let decided = |at: &str, author: &str, linked: bool| json!({"service": SERVICE, "at": at, "author": author, "linked": linked, "entry": "e2", "account": "a2"});
    let linked = decided("2026-11-22T02:40:22Z", "ann", true);
    let parted = decided("2026-11-23T02:40:22Z", "ben", false);
    let with = |decisions: &[&Value]| {
        let mut all = document(&[], &[], &[]);
        all["decisions"] = json!(decisions);
        all.to_string()
    };
    one.write("more.json", &with(&[&parted]));
    assert_eq!(state(&one, &["import", "more.json"]), (0, "imported 0 links, 0 holds, 1 decision by hand: 1 added\n".into()));
    // Whatever is told about the same two later on comes earlier in time.
    one.write("more.json", &with(&[&linked, &parted]));
    assert_eq!(
        state(&one, &["import", "more.json"]),
        (0, "imported 0 links, 0 holds, 2 decisions by hand: 1 added, 1 there already\n".into())
    );
    assert_eq!(export(&one)["decisions"], json!([linked, parted]));
    // Elsewhere it is the same; where there are none the document does not name them.
    assert_eq!(export(&other).get("decisions"), None);
    assert_eq!(state(&one, &["export", "--out", "saved.json"]).0, 0);
    other.write("saved.json", &std::fs::read_to_string(one.path("saved.json")).unwrap());
    assert_eq!(state(&other, &["import", "saved.json"]).0, 0);
    assert_eq!(export(&other), export(&one));
    // A document without them takes none away, and neither does a reset.
    other.write("bare.json", &document(&[channel("a")], &[link("e1", "a1", "a")], &[]).to_string());
    assert_eq!(state(&other, &["import", "bare.json", "--replace"]).0, 0);
    assert_eq!(state(&other, &["reset", "--all", "--yes"]).0, 0);
    let left = export(&other);
    assert_eq!((&left["links"], &left["decisions"]), (&json!([]), &json!([linked, parted])));
    // Read as strictly as everything else.
    let mut nobody = parted.clone();
    nobody["author"] = "".into();
    other.write("x.json", &with(&[&nobody]));
    let (code, talk) = state(&other, &["import", "x.json"]);
    assert!(code != 0 && talk.contains("x.json: decisions, number 1: author is empty"), "{talk}");
}

#[test]
fn an_import_never_overwrites_what_differs_unless_it_is_told_to() {
    let desk = desk();
    let before = export(&desk);
    // e1 is another account's, a3 another entry's: both lines of the state are in the way of one new one.
    desk.write("new.json", &document(&[], &[link("e9", "a9", "a"), link("e1", "a3", "a")], &[hold("entry", "e7")]).to_string());
    let (code, talk) = state(&desk, &["import", "new.json"]);
    assert_eq!(code, 4);
    assert_eq!(
        talk,
        "rosterm: the state differs from the document in 2 of its lines, for one entry e1 is linked to account a1; nothing was imported\n  hint: --merge lets the document win where they differ; --replace forgets everything that is not in the document\n"
    );
    assert_eq!(export(&desk), before, "not even the lines that were new");
    let (code, talk) = state(&desk, &["import", "new.json", "--merge"]);
    let kept = &backups(&desk)[0];
    let told = format!(
        "the state as it was is kept in {}\nimported 2 links, 1 hold: 2 added, 2 replaced\n",
        kept.file_name().unwrap().to_string_lossy()
    );
    assert_eq!((code, talk), (0, told));
    let merged = export(&desk);
    assert_eq!(merged["links"], json!([link("e1", "a3", "a"), link("e2", "a2", "a"), link("e9", "a9", "a")]));
    assert_eq!(merged["holds"].as_array().unwrap().len(), 3);
    // The backup is what there was.
    let mut backup: Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    assert_eq!(violations(SCHEMA, &backup), [""; 0]);
    backup["created"] = Value::Null;
    assert_eq!(backup, before);
    let (code, talk) = state(&desk, &["import", kept.file_name().unwrap().to_str().unwrap(), "--replace"]);
    assert!(code == 0 && talk.ends_with("imported 3 links, 2 holds: 1 added, 5 there already, 1 replaced, 2 removed\n"), "{talk}");
    assert_eq!(export(&desk), before);
}

#[test]
fn a_merge_never_moves_a_channel_to_other_ends_under_its_links() {
    let desk = desk();
    let before = export(&desk);
    for (key, value) in [("naming_context", "dc=other"), ("id_attribute", "uid"), ("base_url", "https://other.example.com")] {
        let mut moved = channel("a");
        moved[key] = value.into();
        desk.write("moved.json", &document(&[moved], &[], &[]).to_string());
        let (code, talk) = state(&desk, &["import", "moved.json", "--merge"]);
        assert_eq!(code, 4, "{talk}");
        assert!(talk.contains("and links or holds exist for what it belongs to here") && talk.contains(value), "{talk}");
        assert!(talk.contains("link --migrate --channel a") && talk.contains("state reset --channel a"), "{talk}");
        assert_eq!((export(&desk), backups(&desk).len()), (before.clone(), 0));
    }
    // Without links and holds there is nothing to be taken for somebody else's.
    let fresh = Desk::new();
    fresh.write("old.json", &document(&[channel("a")], &[], &[]).to_string());
    assert_eq!(state(&fresh, &["import", "old.json"]).0, 0);
    fresh.write("moved.json", &std::fs::read_to_string(desk.path("moved.json")).unwrap());
    assert_eq!(state(&fresh, &["import", "moved.json", "--merge"]).0, 0);
    assert_eq!(export(&fresh)["channels"][0]["base_url"], "https://other.example.com");
    // A link needs to know what it belongs to, unless the state knows.
    fresh.write("link.json", &document(&[], &[link("e1", "a1", "a")], &[]).to_string());
    assert_eq!(state(&fresh, &["import", "link.json"]).0, 0);
    assert_eq!(state(&fresh, &["import", "link.json", "--replace"]).0, 2);
}

type Spoil = fn(&mut Value);

#[test]
fn a_document_with_a_defect_is_refused_as_a_whole() {
    let desk = desk();
    let before = export(&desk);
    let good = document(&[channel("c")], &[link("e5", "a5", "c"), link("e6", "a6", "c")], &[hold("entry", "e5")]);
    let cases: [(Spoil, &str); 13] = [
        (|d| d["format"] = "rosterm-state/2".into(), "x.json has the format rosterm-state/2; this rosterm reads rosterm-state/1"),
        (|d| d["format"] = "rosterm-plan/1".into(), "x.json has the format rosterm-plan/1: it is not a state document"),
        (|d| d["extra"] = 1.into(), "not a state document: unknown field `extra`"),
        (|d| d["links"][1]["entry"] = "e5".into(), "x.json: links, number 2: the entry e5 is linked twice"),
        (|d| d["links"][1]["account"] = "a5".into(), "x.json: links, number 2: the account a5 is linked twice"),
        (
            |d| d["links"][1]["channel"] = "zz".into(),
            "x.json: links, number 2: the channel zz has no line in channels, neither here nor in the state",
        ),
        (|d| d["links"][1]["entry"] = "".into(), "x.json: links, number 2: entry is empty"),
        (|d| d["links"][1]["origin"] = "guessed".into(), "not a state document: unknown variant `guessed`"),
        (|d| d["links"][1]["since"] = "2026-11-22".into(), "not a state document: 2026-11-22 is not a moment"),
        (
            |d| d["links"][1]["service"] = "https://cloud.example.com/".into(),
            "x.json: links, number 2: \"https://cloud.example.com/\" is not a",
        ),
        (|d| d["holds"][0]["until"] = 7.into(), "not a state document: invalid type: integer `7`"),
        (|d| d["holds"] = Value::Null, "not a state document: invalid type: null"),
        (|d| d["channels"][0]["name"] = "a\0b".into(), "x.json: channels, number 1: name is not usable"),
    ];
    for (spoil, told) in cases {
        let mut document = good.clone();
        spoil(&mut document);
        desk.write("x.json", &document.to_string());
        for how in [&["import", "x.json"][..], &["import", "x.json", "--merge"], &["import", "x.json", "--replace"]] {
            let (code, talk) = state(&desk, how);
            assert_eq!(code, 2);
            assert!(talk.contains(told) && talk.contains("hint: "), "{told}\n{talk}");
        }
    }
    for (text, told) in
        [("", "x.json:1:1: not a state document: EOF"), ("[1]", "not a state document"), ("{\"format\":\n 1}", "x.json:2:2: not a state")]
    {
        desk.write("x.json", text);
        let (code, talk) = state(&desk, &["import", "x.json"]);
        assert!(code == 2 && talk.contains(told), "{talk}");
    }
    assert_eq!(state(&desk, &["import", "none.json"]).0, 2);
    assert_eq!(export(&desk), before);
    assert!(backups(&desk).is_empty());
}

#[test]
fn a_reset_says_what_is_lost_asks_and_leaves_a_backup() {
    for (arguments, told, links, holds) in [
        (&["--all"][..], "about to forget everything in state.db: 3 links, 2 holds\n", 0, 0),
        (
            &["--channel", "a"],
            "about to forget what channel a remembers: 2 links, 0 holds\n2 holds stay: another channel uses the same service\n",
            1,
            2,
        ),
        (
            &["--user", "e1"],
            "about to forget what is remembered about e1: 1 link, 1 hold\n  e1 would not be held any more: on leave (op)\n",
            2,
            1,
        ),
        (&["--user", "E2@example.com"], "about to forget what is remembered about E2@example.com: 1 link, 0 holds\n", 2, 2),
        (&["--user", "a9", "--channel", "b"], "about to forget what is remembered about a9: 0 links, 1 hold\n", 3, 1),
    ] {
        let desk = desk();
        let before = export(&desk);
        let (code, talk) = state(&desk, &[&["reset"], arguments].concat());
        assert_eq!(code, 7, "{talk}");
        let head = talk
            .replace("  e1 would not be held any more: on leave (op)\n", "")
            .replace("  a9 would not be held any more: on leave (op)\n", "");
        assert!(head.starts_with(&told.replace("  e1 would not be held any more: on leave (op)\n", "")), "{talk}");
        assert!(talk.ends_with("this needs --yes where nobody can be asked\nnothing was changed\n"), "{talk}");
        assert_eq!((export(&desk), backups(&desk).len()), (before.clone(), 0));
        let (code, talk) = state(&desk, &[&["reset", "--yes"], arguments].concat());
        assert!(code == 0 && talk.contains("the state as it was is kept in state-before-"), "{talk}");
        let after = export(&desk);
        assert_eq!((after["links"].as_array().unwrap().len(), after["holds"].as_array().unwrap().len()), (links, holds), "{arguments:?}");
        let mut backup: Value = serde_json::from_str(&std::fs::read_to_string(&backups(&desk)[0]).unwrap()).unwrap();
        backup["created"] = Value::Null;
        assert_eq!(backup, before);
    }
}

#[test]
fn a_reset_of_nothing_or_of_nobody_is_told() {
    let desk = desk();
    for (arguments, code, told) in [
        (&["reset"][..], 2, "rosterm: reset what?\n  hint: name one of --channel NAME, --user NAME and --all\n"),
        (&["reset", "--all", "--channel", "a", "--yes"], 2, "rosterm: --all and --channel say two things\n"),
        (&["reset", "--channel", "zz"], 2, "rosterm: nothing is remembered for a channel zz\n  hint: something is remembered for: a, b\n"),
        (&["reset", "--user", "nobody"], 2, "rosterm: nothing is remembered about nobody\n"),
        (&["reset", "--all", "--yes", "--read-only"], 4, "rosterm: --read-only: nothing is changed"),
        (&["import", "all.json", "--read-only"], 4, "rosterm: --read-only: nothing is changed"),
        (&["import", "all.json", "--merge", "--replace"], 2, "error: the argument '--merge' cannot be used with '--replace'"),
        (&["export", "--channel", "a"], 2, "rosterm: --channel has no meaning here"),
    ] {
        let (got, talk) = state(&desk, arguments);
        assert_eq!(got, code, "{arguments:?}: {talk}");
        assert!(talk.starts_with(told), "{talk}");
    }
    let fresh = Desk::new();
    assert_eq!(state(&fresh, &["reset", "--all", "--yes"]), (0, "nothing is remembered in state.db\n".into()));
    assert!(!fresh.path("state.db").exists(), "looking makes no file");
}

#[test]
fn two_users_who_had_one_name_are_never_taken_for_one() {
    let desk = Desk::new();
    let mut twins = [link("e1", "a1", "a"), link("e2", "a2", "a")];
    twins[1]["remembered"] = json!(["E1@EXAMPLE.COM"]);
    desk.write("all.json", &document(&[channel("a")], &twins, &[]).to_string());
    assert_eq!(state(&desk, &["import", "all.json"]).0, 0);
    let (code, talk) = state(&desk, &["reset", "--user", "e1@example.com", "--yes"]);
    assert_eq!((code, talk.as_str()), (2, "rosterm: 2 users have the name e1@example.com\n  hint: name one by its entry id: e1, e2\n"));
}

#[test]
fn a_state_is_read_where_nothing_can_be_written_beside_it() {
    let desk = desk();
    let before = export(&desk);
    // What SQLite needs beside a file in WAL mode can't be made. (A reader leaves both files behind, empty.)
    for left in ["state.db-shm", "state.db-wal"] {
        let _ = std::fs::remove_file(desk.path(left));
    }
    std::fs::create_dir(desk.path("state.db-shm")).unwrap();
    assert_eq!(export(&desk), before);
    let (code, talk) = state(&desk, &["import", "all.json"]);
    assert_eq!(code, 1);
    assert!(talk.starts_with("rosterm: the state in state.db cannot be written: ") && talk.contains("hint: "), "{talk}");
    std::fs::create_dir(desk.path("folder.db")).unwrap();
    let output = desk.run(&["state", "export", "--state", "folder.db/rosterm.db/x.db"]);
    assert_eq!(output.status.code(), Some(0), "a state that is not there is an empty one");
}

#[test]
fn the_state_is_shown_without_asking_any_end() {
    let desk = desk();
    let output = desk.run(&["state", "--state", "state.db"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "state   state.db\nall     3 links, 2 holds\n\
         \na: 2 links\n  people    dc=example,dc=com by entryUUID\n  accounts  https://cloud.example.com/scim/v2\n\
         \nb: 1 link\n  people    dc=example,dc=com by entryUUID\n  accounts  https://cloud.example.com/scim/v2\n"
    );
}

#[test]
fn a_hold_that_takes_the_place_of_another_says_so() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["hold", "ann", "on leave"]).2, "ann is left alone: on leave\n");
        let (code, _, talk) = desk.rosterm(&["hold", "ann", "works abroad", "--until", "2099-01-31"]);
        let talk = regex::Regex::new("since [0-9]{4}-[0-9]{2}-[0-9]{2}:").unwrap().replace(&talk, "since DAY:").into_owned();
        let told = "ann was held by op since DAY: on leave; that is replaced\nann is left alone until 2099-01-31: works abroad\n";
        assert_eq!((code, talk.as_str()), (0, told));
    });
}
