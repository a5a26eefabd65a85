//! The binary as an operator runs it: what it prints, what it complains about, and its exit code.

use crate::support::runtime;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub struct Desk {
    pub folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Runs the binary with nothing of this machine's environment in it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rosterm"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("USER", "op")
            .env("TOKEN", "s3cret-token")
            .env("LDAP_PASSWORD", "reader-secret")
            .args(arguments)
            .output()
            .unwrap()
    }

    pub fn rosterm(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.run(&[arguments, &["--config", "rosterm.toml", "--state", "state.db"]].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

const LDIF: &str = "\
dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\n\
dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
dn: uid=ann,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: ann\nsn: Lee\ngivenName: Ann\nmail: ann@example.com\nentryUUID: e-ann\n\n\
dn: uid=bob,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: bob\nsn: Ray\ngivenName: Bob\nmail: bob@example.com\nentryUUID: e-bob\n\n\
dn: uid=cat,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: cat\nsn: Fox\ngivenName: Cat\nmail: cat@example.com\nentryUUID: e-cat\n";

fn accounts() -> Vec<serde_json::Value> {
    let user = |id: &str, name: &str, given: &str, family: &str| {
        serde_json::json!({"id": id, "userName": name, "active": true, "name": {"givenName": given, "familyName": family},
            "emails": [{"value": format!("{name}@example.com"), "type": "work"}]})
    };
    vec![user("a1", "ANN", "Ann", "Lee"), user("a2", "bob", "Bob", "Rey"), user("a3", "svc-backup", "Service", "Account")]
}

fn config(base_url: &str) -> String {
    format!(
        "format = 1\n[channels.test.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n\
         [channels.test.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\n\
         [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"{base_url}\"\ntoken = {{ env = \"TOKEN\" }}\n\
         [channels.test.mapping]\nuserName = \"uid | lower\"\ngivenName = \"givenName\"\nfamilyName = \"sn\"\nemail = \"mail\"\n"
    )
}

fn with_service(accounts: Vec<serde_json::Value>, faults: &Faults, test: impl FnOnce(&Desk, &Service)) {
    let runtime = runtime();
    let service = runtime.block_on(Service::start(accounts, Faults { token: Some("s3cret-token".into()), ..faults.clone() })).unwrap();
    let desk = Desk::new();
    desk.write("people.ldif", LDIF);
    desk.write("rosterm.toml", &config(service.base_url()));
    test(&desk, &service);
}

#[test]
fn a_plan_is_printed_for_people() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let (code, out, talk) = desk.rosterm(&["plan"]);
        let out = out.replace(service.base_url(), "URL").replace(&desk.folder.path().display().to_string(), "DESK");
        assert_eq!(
            out,
            "people            3  complete     people.ldif (openldap)\n\
             accounts          3  complete     SCIM 2.0 at URL\nlinks             0  0 holds\n\
             \n  changed            1  update 1\n  new                1  create 1\n  unmatched          1\n  in sync            1  link 1\n\
             \nchanged (1)\n  bob       update   familyName: Rey → Ray\n\
             \nnew (1)\n  cat       create   uid=cat,ou=people,dc=example,dc=test\n\
             \nunmatched (1)\n  svc-backup  ·        nobody in scope has this user name\n\
             \nin sync (1)\n  ann       link\n"
        );
        assert_eq!((code, talk.as_str()), (3, ""));
    });
}

#[test]
fn a_plan_document_has_every_field_of_its_format() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let (code, out, _) = desk.rosterm(&["plan", "--format", "json", "--out", "plan.json"]);
        assert_eq!(code, 3);
        let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(plan["format"], "rosterm-plan/1");
        assert_eq!(plan["channel"], "test");
        assert_eq!(plan["counts"]["changed"], 1);
        assert_eq!(plan["target"]["base_url"], service.base_url());
        assert_eq!(plan["source"]["naming_context"], "dc=example,dc=test");
        let row = plan["rows"].as_array().unwrap().iter().find(|r| r["user_name"] == "bob").unwrap();
        assert_eq!(
            *row,
            serde_json::json!({"situation": "changed", "reason": null, "user_name": "bob", "action": "update", "approved": true,
                "entry": {"id": "e-bob", "dn": "uid=bob,ou=people,dc=example,dc=test"},
                "account": {"id": "a2", "user_name": "bob", "active": true, "version": null},
                "changes": [{"field": "familyName", "from": "Rey", "to": "Ray"}], "candidates": [], "problems": [],
                "hold": null, "would_be": null, "last_failure": null})
        );
        let saved: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(desk.path("plan.json")).unwrap()).unwrap();
        assert_eq!(saved["rows"], plan["rows"]);
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(desk.path("plan.json")).unwrap().permissions()) & 0o777,
            0o600
        );
    });
}

#[test]
fn links_and_holds_are_made_taken_back_and_read_by_the_plan() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        let row = |name: &str| {
            let (_, out, _) = desk.rosterm(&["plan", "--format", "json", "--all"]);
            let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
            let rows = plan["rows"].as_array().unwrap();
            rows.iter().find(|r| r["user_name"] == name || r["account"]["user_name"] == name).unwrap().clone()
        };
        assert_eq!(
            desk.rosterm(&["link", "ann"]),
            (0, String::new(), "linked uid=ann,ou=people,dc=example,dc=test to account a1 (ANN)\n".into())
        );
        assert_eq!(row("ann")["action"], "none");
        let (code, _, talk) = desk.rosterm(&["link", "cat", "a1"]);
        assert_eq!(
            (code, talk.as_str()),
            (2, "rosterm: entry e-ann is linked to account a1 already\n  hint: take that link back first with rosterm unlink\n")
        );
        assert_eq!(desk.rosterm(&["link", "cat", "a3"]).0, 0);
        assert_eq!((row("cat")["situation"].as_str(), row("cat")["changes"][0]["from"].as_str()), (Some("changed"), Some("svc-backup")));
        assert_eq!(desk.rosterm(&["unlink", "cat"]).0, 0);
        assert_eq!(row("cat")["situation"], "new");
        assert_eq!(desk.rosterm(&["hold", "svc-backup", "service account", "--until", "2099-01-31"]).0, 0);
        assert_eq!((row("svc-backup")["situation"].as_str(), row("svc-backup")["hold"]["author"].as_str()), (Some("held"), Some("op")));
        assert_eq!(desk.rosterm(&["release", "svc-backup"]).0, 0);
        assert_eq!(row("svc-backup")["situation"], "unmatched");
        let (code, _, talk) = desk.rosterm(&["--read-only", "hold", "ann", "why"]);
        assert_eq!((code, talk.as_str()), (4, "rosterm: --read-only: nothing is changed, not even what is remembered\n"));
        let (code, _, talk) = desk.rosterm(&["hold", "svc-bakup", "x"]);
        assert_eq!((code, talk.as_str()), (2, "rosterm: there is no user svc-bakup\n  hint: did you mean svc-backup?\n"));
    });
}

#[test]
fn links_are_not_used_for_other_ends_until_somebody_says_they_are_the_same() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["link", "ann"]).0, 0);
        let ldif = LDIF.replace("dc=test", "dc=moved");
        desk.write("people.ldif", &ldif);
        desk.write("rosterm.toml", &std::fs::read_to_string(desk.path("rosterm.toml")).unwrap().replace("dc=test", "dc=moved"));
        let (code, _, talk) = desk.rosterm(&["plan"]);
        assert_eq!(code, 2);
        assert_eq!(
            talk,
            "rosterm: the links and holds of channel test were made for another pair of ends: the naming context was dc=example,dc=test and is now dc=example,dc=moved\n  hint: if these are the same people and accounts, say so with: rosterm link --migrate\n"
        );
        assert_eq!(desk.rosterm(&["link", "--migrate"]).0, 0);
        assert_eq!(desk.rosterm(&["plan"]).0, 3);
    });
}

#[test]
fn an_incomplete_read_is_told_on_top_and_in_the_exit_code() {
    with_service(accounts(), &Faults { total_off_by: 2, ..Faults::default() }, |desk, _| {
        let (code, out, _) = desk.rosterm(&["plan"]);
        assert_eq!(code, 5);
        assert!(out.contains("The service was not read completely: the listing ended before its own total. 3 of 5 accounts\nWhat rests on it is blocked: nobody is removed or created, nobody is newly linked, nobody is enabled.\n"), "{out}");
        assert!(out.contains("\nNothing to do.\n"), "{out}");
    });
}

#[test]
fn what_is_not_a_scim_service_is_told_by_what_it_is() {
    for (answer, told) in [
        ((200, "text/html", "<html><title>Sign in</title></html>"), "does not answer as a SCIM service: a web page (Sign in)"),
        ((200, "application/json", "{}"), "does not answer as a SCIM service: JSON without Resources and totalResults: {}"),
        ((200, "application/json", ""), "does not answer as a SCIM service: an empty answer"),
        ((200, "text/plain", "hello"), "does not answer as a SCIM service: not JSON"),
        ((404, "text/html", "<!doctype html><title>Not Found</title>"), "/Users does not exist: HTTP 404: a web page (Not Found)"),
        ((403, "application/json", "{\"detail\":\"no\"}"), "refuses us: HTTP 403: no"),
    ] {
        with_service(accounts(), &Faults { answer: Some(answer), ..Faults::default() }, |desk, _| {
            let (code, out, talk) = desk.rosterm(&["plan"]);
            assert_eq!((code, out.as_str()), (1, ""));
            assert!(talk.contains(told) && talk.contains("hint: check"), "{talk}");
        });
    }
}

#[test]
fn a_refused_token_is_told_by_its_place_and_never_shown() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap().replace("\"TOKEN\"", "\"LDAP_PASSWORD\"");
        desk.write("rosterm.toml", &config);
        let (code, _, talk) = desk.rosterm(&["plan", "-vv", "--log", "rosterm.log"]);
        assert_eq!(code, 1);
        assert!(talk.contains("refuses us: HTTP 401: the token is not valid\n  hint: check the token in $LDAP_PASSWORD"), "{talk}");
        let log = std::fs::read_to_string(desk.path("rosterm.log")).unwrap();
        assert!(!log.is_empty() && !log.contains("reader-secret") && !talk.contains("reader-secret"), "{log}");
    });
}

#[test]
fn bad_input_is_told_with_its_place_and_a_way_out() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let good = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        for (from, to, code, told) in [
            ("userName = \"uid | lower\"", "userName = \"uid | lowr\"", 2, "rosterm: rosterm.toml:12:12: rule of userName: "),
            (
                "email = \"mail\"",
                "emial = \"mail\"",
                2,
                "rosterm: rosterm.toml:15:1: there is no field emial\n    emial = \"mail\"\n    ^^^^^\n  hint: did you mean email?\n",
            ),
            (
                "ou=people,dc=example",
                "ou=people,dc=exampel",
                2,
                "rosterm: rosterm.toml:6:11: there is nothing at or below the base ou=people,dc=exampel,dc=test\n",
            ),
            (
                "\"TOKEN\"",
                "\"TOKN\"",
                2,
                "rosterm: rosterm.toml:10:9: the environment variable TOKN is not set\n  hint: set it: export TOKN=...\n",
            ),
            ("people.ldif", "peple.ldif", 2, "rosterm: cannot read the LDIF file peple.ldif: "),
            ("connector = \"scim2\"", "connector = \"scmi2\"", 2, "rosterm: rosterm.toml:8:13: there is no connector scmi2\n"),
            (service.base_url(), "http://127.0.0.1:9/scim", 1, "rosterm: 127.0.0.1:9 cannot be reached: "),
            (
                "base_dn = \"ou=people,dc=example,dc=test\"",
                "base_dn = \"ou=people,dc=example,dc=test\"\nfilter = \"(uid=a\"",
                2,
                "rosterm: rosterm.toml:7:10: the filter is not valid: this parenthesis is not closed\n    (uid=a\n    ^\n",
            ),
            (
                "base_dn = \"ou=people,dc=example,dc=test\"",
                "base_dn = \"ou=people,dc=example,dc=test\"\ngroup_dn = \"cn=x,dc=example,dc=test\"",
                2,
                "rosterm: rosterm.toml:7:12: the group cn=x,dc=example,dc=test does not exist\n",
            ),
        ] {
            assert!(good.contains(from), "{from}");
            desk.write("rosterm.toml", &good.replace(from, to));
            let (got, out, talk) = desk.rosterm(&["plan"]);
            assert!(talk.starts_with(told), "{talk}");
            assert!(talk.contains("\n  hint: ") || got == 1 || told.contains("LDIF"), "{talk}");
            assert_eq!((got, out.as_str()), (code, ""));
        }
        desk.write("rosterm.toml", &good);
        desk.write("people.ldif", &format!("{LDIF}\nuid: lost\n"));
        let (code, _, talk) = desk.rosterm(&["plan"]);
        assert_eq!(code, 2);
        assert!(talk.starts_with("rosterm: people.ldif:33:1: uid stands outside of an entry\n"), "{talk}");
    });
}

#[test]
fn a_wrong_command_line_is_usage() {
    let desk = Desk::new();
    for arguments in [&["plna"][..], &["plan", "--only", "changd"], &["plan", "--format", "xml"], &["hold", "ann"]] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    let output = desk.run(&["plan"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no configuration yet"));
    assert_eq!(desk.run(&["--help"]).status.code(), Some(0));
}

#[test]
fn the_demo_prints_its_plan_without_any_configuration() {
    let desk = Desk::new();
    let output = desk.run(&["demo", "--plain", "--users", "300", "--seed", "7"]);
    assert_eq!(output.status.code(), Some(3));
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.starts_with("people") && out.contains("would lose access; none of that is approved."), "{out}");
    let json = desk.run(&["demo", "--plain", "--users", "300", "--seed", "7", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(plan["rows"].as_array().unwrap().iter().filter(|r| r["situation"] == "leaving").all(|r| r["approved"] == false));
    assert!(!desk.path(".local").exists(), "the demo leaves nothing behind");
}

#[test]
fn an_ldif_world_reads_as_the_one_in_memory() {
    let plan = Plan { users: 500, seed: 5, lifelike: false, twin_accounts: true, external_ids: true };
    let made = world::make(plan);
    let runtime = runtime();
    let service = runtime.block_on(Service::start(made.accounts.clone(), Faults::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.ldif");
    std::fs::write(&file, rosterm::source::ldif::print(&made.records)).unwrap();
    let channel = world::channel(service.base_url(), Path::new(&file), true).unwrap();
    runtime.block_on(async {
        let ends = rosterm::engine::open(&channel, crate::support::NOW).await.unwrap();
        let journal = crate::support::remember(&made, service.base_url(), &ends.source);
        let picture = rosterm::engine::look(&channel, ends, &journal, crate::support::NOW).await.unwrap();
        crate::support::check(&picture, &made, str::to_owned);
    });
}

/// Nobody is removed, created, enabled or newly linked; the exit code and a sentence on top say why.
fn assert_blocked(desk: &Desk, what: &str, sentence: &str) {
    let (code, out, talk) = desk.rosterm(&["plan", "--all"]);
    assert_eq!((code, talk.as_str()), (5, ""), "{what}: {out}");
    assert!(out.contains(sentence), "{what}: {out}");
    assert!(
        out.contains("What rests on it is blocked: nobody is removed or created, nobody is newly linked, nobody is enabled.\n"),
        "{what}: {out}"
    );
    let (code, json, _) = desk.rosterm(&["plan", "--all", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 5);
    assert!(plan["counts"]["blocked"].as_u64().unwrap() >= 1, "{what}: {json}");
    for row in plan["rows"].as_array().unwrap() {
        assert!(matches!(row["action"].as_str(), Some("none" | "update")), "{what}: {row}");
    }
}

#[test]
fn each_bad_end_of_a_directory_read_is_exit_5_with_its_sentence() {
    use crate::fake_ldap::{Reply, done, page_done, person, reference, serve_read};
    type Answer = fn(u8) -> Reply;
    let cases: [(&str, Answer, &str); 6] = [
        (
            "size limit",
            |id| Reply::Send([person(id, "ann"), done(id, 4, "")].concat()),
            "The directory was not read completely: the directory stopped at its size limit. result 4 (size limit exceeded) after 1 entries\n",
        ),
        (
            "time limit",
            |id| Reply::Send([person(id, "ann"), done(id, 3, "")].concat()),
            "The directory was not read completely: the time for the read ran out. result 3 (time limit exceeded) after 1 entries\n",
        ),
        (
            "silence",
            |id| Reply::Send(person(id, "ann")),
            "The directory was not read completely: the time for the read ran out. no answer for 2 s after 1 entries\n",
        ),
        (
            "dropped connection",
            |id| Reply::SendAndClose(person(id, "ann")),
            "The directory was not read completely: the connection was lost. the server closed the connection after 1 entries\n",
        ),
        (
            "busy",
            |id| Reply::Send(done(id, 51, "")),
            "The directory was not read completely: the server ended the read with an error. result 51 (busy) after 0 entries\n",
        ),
        (
            "reference",
            |id| Reply::Send([person(id, "ann"), reference(id, "ldap://b.example/ou=far,dc=x"), page_done(id, b"")].concat()),
            "The directory was not read completely: a part of the base lies on another server and was not read. ldap://b.example/ou=far,dc=x\n",
        ),
    ];
    let runtime = runtime();
    let user = |id: &str, name: &str| serde_json::json!({"id": id, "userName": name, "active": name != "back"});
    let accounts = vec![user("a1", "ann"), user("a2", "gone"), user("a3", "nobody")];
    let service = runtime.block_on(Service::start(accounts, Faults::default())).unwrap();
    for (what, answer, sentence) in cases {
        let desk = Desk::new();
        let url = serve_read(true, move |request| answer(request.id));
        desk.write(
            "rosterm.toml",
            &format!(
                "[channels.test.source]\ntype = \"ldap\"\nurl = [\"{url}\"]\nvendor = \"openldap\"\ntimeout = 2\n\
                 [channels.test.source.location]\nbase_dn = \"dc=x\"\n\
                 [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\nauth = \"none\"\n[channels.test.mapping]\nuserName = \"uid\"\n",
                service.base_url()
            ),
        );
        let mut journal = rosterm::journal::Journal::open(&desk.path("state.db"), rosterm::journal::Mode::Write).unwrap();
        let link = rosterm::model::Link {
            entry: rosterm::identity::EntryId::new("id-gone"),
            account: rosterm::identity::AccountId::new("a2"),
            channel: "test".into(),
            origin: rosterm::model::LinkOrigin::Created,
            since: crate::support::NOW,
            remembered: vec!["gone".into()],
            last_active: true,
        };
        journal.add_links(service.base_url(), &[link]).unwrap();
        drop(journal);
        assert_blocked(&desk, what, sentence);
    }
}

#[test]
fn each_bad_end_of_a_listing_is_exit_5_with_its_sentence() {
    let capped = Faults { page_cap: Some(2), ..Faults::default() };
    for (what, faults, sentence) in [
        (
            "missing page",
            Faults { fail_from: Some((3, 404)), ..capped.clone() },
            "The service was not read completely: a page of the listing is missing. accounts from number 3 on: HTTP 404: something is broken here\n",
        ),
        (
            "wrong total",
            Faults { total_off_by: 2, ..capped.clone() },
            "The service was not read completely: the listing ended before its own total. 3 of 5 accounts\n",
        ),
        (
            "the first page for ever",
            Faults { ignore_start: true, ..capped },
            "The service was not read completely: the listing repeats itself instead of going on. 2 of 3 accounts, then the same ones again\n",
        ),
    ] {
        with_service(accounts(), &faults, |desk, _| assert_blocked(desk, what, sentence));
    }
}

#[test]
fn an_account_that_only_a_look_up_shows_is_treated_as_if_it_were_listed() {
    let mut users = accounts();
    users[1]["userName"] = "eve".into();
    users[1]["emails"] = serde_json::json!([{"value": "eve@example.com"}]);
    for (remembered, situation, reason) in [("bob", "ambiguous", Some("link_suspect")), ("eve", "changed", None)] {
        with_service(users.clone(), &Faults { unlisted: Some("a2"), ..Faults::default() }, |desk, service| {
            let mut journal = rosterm::journal::Journal::open(&desk.path("state.db"), rosterm::journal::Mode::Write).unwrap();
            let link = rosterm::model::Link {
                entry: rosterm::identity::EntryId::new("e-bob"),
                account: rosterm::identity::AccountId::new("a2"),
                channel: "test".into(),
                origin: rosterm::model::LinkOrigin::Created,
                since: crate::support::NOW,
                remembered: vec![remembered.into()],
                last_active: true,
            };
            journal.add_links(service.base_url(), &[link]).unwrap();
            let (_, json, _) = desk.rosterm(&["plan", "--format", "json", "--all"]);
            let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
            let row = plan["rows"].as_array().unwrap().iter().find(|r| r["entry"]["id"] == "e-bob").unwrap();
            assert_eq!((row["situation"].as_str(), row["reason"].as_str()), (Some(situation), reason), "{row}");
            assert_eq!(row["account"]["user_name"], "eve");
        });
    }
}

#[test]
fn links_never_move_to_ids_that_are_not_the_same_people() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["link", "ann"]).0, 0);
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &format!("{config}[channels.test.source.settings]\nid_attribute = \"mail\"\n"));
        assert_eq!(desk.rosterm(&["plan"]).0, 2);
        let (code, _, talk) = desk.rosterm(&["link", "--migrate"]);
        assert_eq!(
            (code, talk.lines().next()),
            (4, Some("rosterm: of 1 linked people only 0 are found by mail under dc=example,dc=test: these are not the same people"))
        );
        desk.write("rosterm.toml", &config);
        assert_eq!(desk.rosterm(&["plan"]).0, 3);
    });
}

#[test]
fn a_name_that_is_ones_id_and_anothers_user_name_is_nobodys() {
    let mut users = accounts();
    users[2]["userName"] = "a1".into();
    with_service(users, &Faults::default(), |desk, _| {
        let (code, _, talk) = desk.rosterm(&["hold", "a1", "who?"]);
        assert_eq!(code, 2);
        assert!(talk.starts_with("rosterm: 2 users have the name a1\n"), "{talk}");
    });
}

#[test]
fn json_and_text_never_steer_a_terminal() {
    let mut users = accounts();
    users[2]["userName"] = "evil\u{1b}[2J\u{9b}31m\u{202e}name".into();
    with_service(users, &Faults::default(), |desk, _| {
        for format in ["text", "json"] {
            let (_, out, _) = desk.rosterm(&["plan", "--all", "--format", format]);
            assert!(out.contains("evil") && !out.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{out:?}");
        }
    });
}

#[test]
fn a_create_needs_a_user_name_whatever_the_rule_says() {
    with_service(Vec::new(), &Faults::default(), |desk, _| {
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &config.replace("\"uid | lower\"", "\"uid if uid == 'ann' else keep()\""));
        let (_, json, _) = desk.rosterm(&["plan", "--format", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((plan["counts"]["new"].as_u64(), plan["counts"]["invalid"].as_u64()), (Some(1), Some(2)), "{}", plan["counts"]);
    });
}

#[test]
fn a_plan_is_saved_in_plain_files_only_and_through_links() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        std::fs::create_dir(desk.path("folder")).unwrap();
        desk.write("target.json", "old");
        std::os::unix::fs::symlink(desk.path("target.json"), desk.path("link.json")).unwrap();
        for place in ["folder", "-", "/dev/null", "none/plan.json"] {
            let (code, out, talk) = desk.rosterm(&["plan", "--out", place]);
            assert!(matches!(code, 1 | 2) && out.is_empty() && !talk.is_empty(), "{place}: {talk}");
        }
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(desk.rosterm(&["plan", "--out", "link.json"]).0, 3);
        assert!(std::fs::symlink_metadata(desk.path("link.json")).unwrap().is_symlink());
        assert!(std::fs::read_to_string(desk.path("target.json")).unwrap().contains("rosterm-plan/1"));
    });
}

#[test]
fn somebody_gone_is_shown_with_the_person_who_has_the_name_now() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["link", "bob"]).0, 0);
        desk.write("people.ldif", &LDIF.replace("e-bob", "e-bob-anew"));
        let (_, json, _) = desk.rosterm(&["plan", "--format", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
        let row = plan["rows"].as_array().unwrap().iter().find(|r| r["situation"] == "leaving").unwrap();
        assert_eq!(
            (row["reason"].as_str(), row["approved"].as_bool(), row["candidates"][0]["id"].as_str()),
            (Some("deleted"), Some(false), Some("e-bob-anew"))
        );
    });
}
