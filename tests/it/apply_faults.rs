//! Bad days of an apply, through the binary: whatever happens, nothing is sent twice, nothing is forgotten, nobody is removed
//! wrongly, and every row's fate is known and said.

use crate::commands::{Desk, with_service};
use rosterm::demo::service::{Effect, Faults, Service, Writing};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// People p0, p1 … of whom the first `accounts` have an account, each with another title.
pub fn people(n: usize, disabled: &[usize]) -> String {
    let mut ldif = "dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\ndn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n".to_owned();
    for i in 0..n {
        let off = if disabled.contains(&i) { "pwdAccountLockedTime: 000001010000Z\n" } else { "" };
        let _ = writeln!(
            ldif,
            "\ndn: uid=p{i},ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: p{i}\nsn: Family{i}\ngivenName: Given\ntitle: Title {i}\nmail: p{i}@example.com\nentryUUID: e-{i}\n{off}"
        );
    }
    ldif
}

pub fn account(i: usize) -> Value {
    json!({"id": format!("a{i}"), "userName": format!("p{i}"), "active": true, "title": "Old", "name": {"familyName": format!("Family{i}")},
        "emails": [{"value": format!("p{i}@example.com"), "type": "work", "primary": true}], "nickName": "kept",
        "meta": {"resourceType": "User", "version": "W/\"1\""}})
}

/// A desk with `n` people of whom `accounts` have an account; `extra` goes into the target's configuration.
pub fn with_people(n: usize, accounts: usize, writing: Writing, extra: &str, test: impl FnOnce(&Desk, &Service)) {
    with_faults(n, accounts, &Faults { writing: Box::new(writing), ..Faults::default() }, extra, test);
}

pub fn with_faults(n: usize, accounts: usize, faults: &Faults, extra: &str, test: impl FnOnce(&Desk, &Service)) {
    with_service((0..accounts).map(account).collect(), faults, |desk, service| {
        desk.write("people.ldif", &people(n, &[]));
        desk.write(
            "rosterm.toml",
            &format!(
                "format = 1\n[channels.test.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n\
                 [channels.test.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\n\
                 [channels.test.source.settings]\nid_attribute = \"entryUUID\"\nstatus = [{{ attribute = \"pwdAccountLockedTime\", disabled_when = {{ equals = \"000001010000Z\" }} }}]\n\
                 [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\ntimeout = 5\n{extra}\n\
                 [channels.test.mapping]\nuserName = \"uid | lower\"\nfamilyName = \"sn\"\ntitle = \"title\"\nemail = \"mail\"\n\
                 [channels.test.policy]\nlimits = {{ deprovision = \"none\", clear = \"none\" }}\nmax_source_shrink = \"100%\"\n",
                service.base_url()
            ),
        );
        test(desk, service);
    });
}

pub fn report(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|e| panic!("{e}: {out}"))
}

/// How many rows of a report are in a state.
pub fn rows(report: &Value, state: &str) -> u64 {
    report["counts"].as_array().unwrap().iter().filter(|c| c["state"] == state).map(|c| c["rows"].as_u64().unwrap()).sum()
}

/// Whom something happened to, how often, by what.
pub fn by_user(effects: &[Effect]) -> BTreeMap<(String, String), usize> {
    let mut by_user = BTreeMap::new();
    for effect in effects {
        *by_user.entry((effect.user_name.clone(), effect.method.clone())).or_default() += 1;
    }
    by_user
}

/// Everybody is as the directory has them, each touched once, and nothing is left.
pub fn all_is_well(desk: &Desk, service: &Service, n: usize) {
    let users = service.users();
    assert_eq!(users.len(), n);
    for user in &users {
        let name = user["userName"].as_str().unwrap();
        assert_eq!(user["title"], format!("Title {}", &name[1..]), "{user}");
    }
    let twice: Vec<_> = by_user(&service.effects()).into_iter().filter(|(_, times)| *times > 1).collect();
    assert_eq!(twice, [], "nothing is sent twice");
    let (code, out, _) = desk.rosterm(&["plan", "--format", "json"]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_lost_answer_is_looked_into_and_nothing_is_sent_twice() {
    // One after the other where requests are lost, so that it is never the same person's again and again.
    for (writing, extra) in [
        (Writing { lose_answer: Some(3), ..Writing::default() }, ""),
        (Writing { lose_request: Some(3), ..Writing::default() }, "concurrency = 1"),
        (Writing { lose_answer: Some(4), lose_request: Some(5), ..Writing::default() }, "concurrency = 1"),
    ] {
        with_people(30, 15, writing, extra, |desk, service| {
            let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
            let report = report(&out);
            assert_eq!((code, rows(&report, "done")), (0, 30), "{out}{talk}");
            all_is_well(desk, service, 30);
            // What had been an account keeps what nobody maps.
            assert!(service.users().iter().filter(|u| u["id"].as_str().unwrap().starts_with('a')).all(|u| u["nickName"] == "kept"));
        });
    }
}

#[test]
fn being_turned_away_is_waited_out_however_it_is_said() {
    for (name, text) in [("retry-after", "0"), ("x-retry-after", "1"), ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), ("x-other", "1")] {
        with_people(12, 6, Writing { throttle: Some((5, name, text)), ..Writing::default() }, "", |desk, service| {
            let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
            assert_eq!((code, rows(&report(&out), "done")), (0, 12), "{name}: {out}{talk}");
            all_is_well(desk, service, 12);
        });
    }
}

#[test]
fn a_service_without_patch_or_with_another_media_type_is_written_to_all_the_same_and_that_is_remembered() {
    for writing in [
        Writing { no_patch: true, ..Writing::default() },
        Writing { media_type: Some("application/json"), ..Writing::default() },
        Writing { silent_patch: true, ..Writing::default() },
        Writing { versions: true, ..Writing::default() },
        Writing { delay: 30, ..Writing::default() },
    ] {
        with_people(20, 10, writing.clone(), "concurrency = 1", |desk, service| {
            let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
            assert_eq!((code, rows(&report(&out), "done")), (0, 20), "{writing:?}: {out}{talk}");
            all_is_well(desk, service, 20);
            assert!(service.users().iter().filter(|u| u["id"].as_str().unwrap().starts_with('a')).all(|u| u["nickName"] == "kept"));
            // The next run knows it from the beginning: one request for the change, one before and, without a body in the answer, one after it.
            service.edit(|users| users[3]["title"] = "Other".into());
            let before = service.requests();
            assert_eq!(desk.rosterm(&["apply", "--yes", "--only", "changed"]).0, 0);
            let asked = service.requests() - before - 5;
            assert!(asked <= if writing.silent_patch { 3 } else { 2 }, "{writing:?}: {asked} requests for one change");
        });
    }
}

#[test]
fn one_user_who_fails_does_not_stop_the_others_and_is_owed() {
    with_people(30, 15, Writing { fail: Some(("p7", 500)), ..Writing::default() }, "", |desk, service| {
        let (code, out, _) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
        let told = report(&out);
        assert_eq!((code, rows(&told, "done"), rows(&told, "failed")), (6, 29, 1), "{out}");
        assert_eq!(told["groups"][0]["users"], json!(["p7"]));
        assert!(told["groups"][0]["advice"].as_str().unwrap().contains("retry later"), "{out}");
        let (code, out, _) = desk.rosterm(&["owed", "--format", "json"]);
        assert_eq!((code, report(&out)[0]["user_name"].as_str(), report(&out)[0]["attempts"].as_u64()), (3, Some("p7"), Some(1)));
        // The plan shows it, with what went wrong.
        let (_, out, _) = desk.rosterm(&["plan", "--format", "json"]);
        assert!(report(&out)["rows"][0]["last_failure"].as_str().unwrap().contains("HTTP 500"), "{out}");
        let (code, out, _) = desk.rosterm(&["owed", "retry", "--yes", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "failed")), (6, 1), "{out}");
        assert_eq!(report(&desk.rosterm(&["owed", "--format", "json"]).1)[0]["attempts"], 2);
        assert_eq!(desk.rosterm(&["owed", "forget", "P7"]).0, 0);
        assert_eq!(desk.rosterm(&["owed"]).0, 0);
        assert!(!service.effects().iter().any(|e| e.user_name == "p7"));
        let (code, out, _) = desk.rosterm(&["history", "1", "--failed"]);
        assert!(code == 0 && out.contains("p7") && out.contains("HTTP 500") && !out.contains("p8"), "{out}");
    });
}

#[test]
fn a_token_that_is_revoked_in_the_middle_stops_the_run_and_nothing_is_forgotten() {
    with_people(40, 20, Writing { revoke_after: Some(11), ..Writing::default() }, "concurrency = 2", |desk, service| {
        let (code, out, _) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
        let told = report(&out);
        assert_eq!((code, told["ending"].as_str()), (1, Some("stopped")), "{out}");
        assert!(told["why"].as_str().unwrap().contains("the token was revoked"), "{out}");
        assert_eq!(rows(&told, "done"), 11);
        assert_eq!(service.effects().len(), 11);
        let (_, out, _) = desk.rosterm(&["history", "--format", "json"]);
        assert_eq!((report(&out)[0]["rows"]["done"].as_u64(), report(&out)[0]["rows"]["left"].as_u64()), (Some(11), Some(29)), "{out}");
        let (code, out, _) = desk.rosterm(&["plan", "--format", "json"]);
        assert_eq!((code, report(&out)["rows"].as_array().unwrap().iter().filter(|r| r["action"] != "none").count()), (3, 29));
    });
}

#[test]
fn a_service_that_refuses_everything_is_not_asked_to_the_end() {
    with_people(200, 0, Writing { fail: None, media_type: Some("text/none"), ..Writing::default() }, "", |desk, service| {
        let (code, out, _) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
        let told = report(&out);
        assert_eq!((code, told["ending"].as_str()), (1, Some("stopped")), "{out}");
        assert!(told["why"].as_str().unwrap().contains("of the last"), "{out}");
        assert!(rows(&told, "failed") < 60 && service.effects().is_empty(), "{out}");
    });
}

#[test]
fn what_a_service_keeps_of_its_own_is_shown_and_not_sent_again() {
    for writing in [Writing { keeps: Some("title"), ..Writing::default() }, Writing { raises: Some("title"), ..Writing::default() }] {
        with_people(4, 2, writing, "", |desk, service| {
            let (code, out, _) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
            assert_eq!((code, report(&out)["kept"]["title"].as_u64()), (0, Some(4)), "{out}");
            let effects = service.effects().len();
            let (code, out, _) = desk.rosterm(&["plan", "--format", "json", "--all"]);
            let plan = report(&out);
            assert_eq!((code, plan["counts"]["in_sync"].as_u64()), (0, Some(4)), "{out}");
            assert_eq!(plan["rows"][0]["problems"][0]["code"], "kept_by_target");
            assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
            assert_eq!(service.effects().len(), effects, "nothing is sent for it again");
            // Another value is tried.
            desk.write("people.ldif", &people(4, &[]).replace("Title 1", "Boss"));
            assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
            assert_eq!(service.effects().len(), effects + 1);
        });
    }
}

/// A service that lags behind a create, and a connector that knows that it drops `externalId` there.
fn with_late_fields(writing: Writing, test: impl FnOnce(&Desk, &Service)) {
    let writing = Writing { lag: 1500, drops_on_create: Some("externalId"), ..writing };
    let connector = include_str!("../../assets/connectors/scim2.toml")
        .replace("version = \"2.0\"", "version = \"2.0\"\nlag_seconds = 10")
        .replace("[fields.externalId]\npath = \"externalId\"", "[fields.externalId]\nafter_create = true\npath = \"externalId\"");
    with_people(3, 0, writing, "", |desk, service| {
        desk.write("own.toml", &connector);
        let text = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write(
            "rosterm.toml",
            &text.replace("\"scim2\"", "\"own.toml\"").replace("title = \"title\"", "title = \"title\"\nexternalId = \"entry_id\""),
        );
        test(desk, service);
    });
}

#[test]
fn a_service_that_lags_and_forgets_a_field_on_the_create_gets_it_afterwards() {
    with_late_fields(Writing::default(), |desk, service| {
        let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "done")), (0, 3), "{out}{talk}");
        assert!(service.users().iter().all(|u| u["externalId"].as_str().unwrap().starts_with("e-")), "{:?}", service.users());
        assert_eq!(desk.rosterm(&["plan"]).0, 0);
    });
}

#[test]
fn an_account_that_was_made_is_linked_and_can_be_taken_back_whatever_fails_afterwards() {
    with_late_fields(Writing { fail_change: Some(("p1", 400)), ..Writing::default() }, |desk, service| {
        let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
        let told = report(&out);
        assert_eq!((code, rows(&told, "done"), rows(&told, "failed")), (6, 2, 1), "{out}{talk}");
        let id = service.users().iter().find(|u| u["userName"] == "p1").unwrap()["id"].as_str().unwrap().to_owned();
        let (_, out, _) = desk.rosterm(&["state", "export"]);
        assert!(out.contains(&id), "it is linked: {out}");
        let (_, out, _) = desk.rosterm(&["plan", "--user", "p1", "--format", "json"]);
        assert_eq!(report(&out)["rows"][0]["action"], "update", "{out}");
        let (code, out, _) = desk.rosterm(&["undo", "1"]);
        assert!(code == 3 && out.contains("3 rows") && out.contains("p1"), "{out}");
    });
}

#[test]
fn a_token_that_reads_nothing_any_more_stops_the_run_too() {
    let writing = Writing { revoke_after: Some(5), revoke_reads: true, ..Writing::default() };
    with_people(60, 60, writing, "concurrency = 1", |desk, service| {
        let (code, out, _) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
        let told = report(&out);
        assert_eq!((code, told["ending"].as_str(), rows(&told, "done"), rows(&told, "failed")), (1, Some("stopped"), 5, 0), "{out}");
        assert_eq!(service.effects().len(), 5);
        let (_, out, _) = desk.rosterm(&["owed", "--format", "json"]);
        assert_eq!(report(&out), json!([]), "nobody has failed");
    });
}

#[test]
fn an_intent_is_in_the_journal_before_its_request_arrives() {
    use std::sync::{Arc, Mutex};
    let state = Arc::new(Mutex::new(None::<std::path::PathBuf>));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (at, told) = (Arc::clone(&state), Arc::clone(&seen));
    let hook = move |method: &str, path: &str, _: &Value| {
        let journal = rosterm::journal::Journal::open(at.lock().unwrap().as_ref().unwrap(), rosterm::journal::Mode::Read).unwrap();
        let run = journal.runs("test", 1).unwrap().pop().unwrap();
        assert!(run.frozen);
        let open = journal.begun_rows(run.id).unwrap();
        let wanted = format!("{method} {path}");
        told.lock().unwrap().push(open.iter().any(|b| b.intent.request == wanted && !b.had_no_effect));
    };
    let writing = Writing { hook: Some(rosterm::demo::service::Hook(Arc::new(hook))), ..Writing::default() };
    with_people(40, 20, writing, "", |desk, _| {
        *state.lock().unwrap() = Some(desk.path("state.db"));
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
    });
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), seen.iter().all(|found| *found)), (40, true));
}

#[test]
fn a_run_is_taken_back_and_applied_again() {
    with_people(6, 4, Writing::default(), "", |desk, service| {
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        let (code, out, _) = desk.rosterm(&["undo", "1", "--out", "undo.json"]);
        assert!(code == 3 && out.contains("title: Title 0 -> Old") && out.contains("disable  p5"), "{code} {out}");
        // What would take access away is approved by name, here too.
        let (code, out, _) = desk.rosterm(&["apply", "undo.json", "--yes", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "done")), (7, 4), "{out}");
        assert!(service.users().iter().take(4).all(|u| u["title"] == "Old" && u["active"] == true));
        for user in ["p4", "p5"] {
            assert_eq!(desk.rosterm(&["approve", "undo.json", "--user", user]).0, 0);
        }
        // What was taken back already has these values; the rest is sent.
        let (code, out, _) = desk.rosterm(&["apply", "undo.json", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "done")), (0, 6), "{out}");
        assert!(service.users().iter().skip(4).all(|u| u["active"] == false));
        // The directory still wants them as they were: the next plan says so.
        let (code, out, _) = desk.rosterm(&["plan", "--format", "json"]);
        let plan = report(&out);
        assert_eq!((code, plan["counts"]["changed"].as_u64(), plan["counts"]["returning"].as_u64()), (3, Some(4), Some(2)), "{out}");
    });
}

#[test]
fn a_full_disk_stops_the_run_before_anything_leaves_that_is_not_in_the_journal() {
    with_people(400, 0, Writing::default(), "", |desk, service| {
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        // A run needs more than the file may have: writing fails in the middle, as on a full disk.
        let script = format!(
            "trap '' XFSZ; ulimit -f 900; exec {} apply plan.json --config rosterm.toml --state state.db",
            env!("CARGO_BIN_EXE_rosterm")
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(desk.folder.path())
            .env_clear()
            .env("HOME", desk.folder.path())
            .env("TOKEN", "s3cret-token")
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{talk}");
        assert!(talk.contains("cannot be written") && talk.contains("check the disk"), "{talk}");
        let sent = service.effects().len();
        assert!(sent < 400, "{sent}");
        // With room again it is finished: what was sent is found, the rest is sent, each once.
        let (code, out, talk) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
        assert_eq!(code, 0, "{out}{talk}");
        all_is_well(desk, service, 400);
    });
}
