//! The binary as an operator runs it: what it prints, what it complains about, and its exit code.

use crate::fake_ldap::{Reply, page_done, person, serve_read};
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

pub const LDIF: &str = "\
dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\n\
dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
dn: uid=ann,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: ann\nsn: Lee\ngivenName: Ann\nmail: ann@example.com\nentryUUID: e-ann\n\n\
dn: uid=bob,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: bob\nsn: Ray\ngivenName: Bob\nmail: bob@example.com\nentryUUID: e-bob\n\n\
dn: uid=cat,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: cat\nsn: Fox\ngivenName: Cat\nmail: cat@example.com\nentryUUID: e-cat\n";

pub fn accounts() -> Vec<serde_json::Value> {
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

pub fn with_service(accounts: Vec<serde_json::Value>, faults: &Faults, test: impl FnOnce(&Desk, &Service)) {
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
fn where_the_reader_sees_nothing_the_filter_is_not_blamed_by_a_command_either() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        for (below, told) in [(0, "NOTHING IS SEEN UNDER THE BASE"), (3, "THE FILTER REMOVES THEM ALL: 4 are under the base")] {
            let url = serve_read(true, move |r| {
                let seen = if r.contains("inetOrgPerson") { 0 } else { below + 1 };
                Reply::Send((0..seen).map(|n| person(r.id, &format!("e{n}"))).chain([page_done(r.id, b"")]).flatten().collect())
            });
            let source = format!("type = \"ldap\"\nurl = \"{url}\"\nvendor = \"openldap\"\n");
            desk.write("rosterm.toml", &config.replace("type = \"ldif\"\npath = \"people.ldif\"\n", &source));
            for command in ["plan", "check", "doctor"] {
                let (_, out, talk) = desk.rosterm(&[command]);
                let said = format!("{out}{talk}").split_whitespace().collect::<Vec<_>>().join(" ");
                let blames_reader = said.contains("NOTHING IS SEEN UNDER THE BASE") || said.contains("nothing is seen below it");
                assert_eq!(blames_reader, below == 0, "{command}: {said}");
                assert!(command != "plan" || said.contains(told), "{said}");
            }
        }
    });
}

#[test]
fn a_refused_user_and_password_are_not_called_a_token() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        let basic = "auth = { basic = { user = \"op\", password = { env = \"LDAP_PASSWORD\" } } }";
        desk.write("rosterm.toml", &config.replace("token = { env = \"TOKEN\" }", basic));
        for command in ["plan", "check", "doctor"] {
            let (code, out, talk) = desk.rosterm(&[command]);
            let said = format!("{out}{talk}").split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(code, 1, "{said}");
            assert!(said.contains("check the user op and the password in $LDAP_PASSWORD"), "{command}: {said}");
            assert!(!said.contains("check the token") && !said.contains("reader-secret"), "{command}: {said}");
        }
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
    // Without a terminal the screens say the same.
    for arguments in [&["plan"][..], &[]] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("there is no configuration yet") && told.contains("rosterm init"), "{told}");
    }
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
    let plan = Plan::of(500, 5);
    let made = world::make(plan);
    let runtime = runtime();
    let service = runtime.block_on(Service::start(made.accounts.clone(), Faults::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.ldif");
    std::fs::write(&file, rosterm::source::ldif::print(&made.records)).unwrap();
    let channel = world::channel(plan, service.base_url(), Path::new(&file)).unwrap();
    runtime.block_on(async {
        let ends = rosterm::engine::open(&channel, crate::support::NOW).await.unwrap();
        let journal = crate::support::remember(&made, service.base_url(), &ends.source);
        let picture = crate::support::look(&channel, ends, &journal).await.unwrap();
        crate::support::check(&picture, &made, str::to_owned);
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
