//! `rosterm check`: each step with its verdict, in reading order, for people and as a document.

use crate::commands::{Desk, accounts, with_service};
use rosterm::demo::service::{Faults, Service};
use serde_json::Value;

/// The lines of one side, without how many there are: the ends decide which steps they take.
fn side<'o>(out: &'o str, name: &str) -> Vec<&'o str> {
    out.lines().skip_while(|l| *l != name).skip(1).take_while(|l| l.starts_with("  ")).collect()
}

fn last(out: &str) -> &str {
    out.trim_end().rsplit("\n\n").next().unwrap()
}

#[test]
fn a_good_channel_is_told_step_by_step_and_what_comes_next() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        let (code, out, talk) = desk.rosterm(&["check"]);
        assert_eq!((code, talk.as_str()), (0, ""));
        assert!(
            out.starts_with("configuration\n  ✓ ok         file        rosterm.toml\n  ✓ ok         connector   SCIM 2.0 (scim2), "),
            "{out}"
        );
        assert!(out.contains("\n  ✓ ok         match rule  people and accounts are paired by userName\nsource\n"), "{out}");
        let order: Vec<usize> = ["configuration\n", "\nsource\n", "\ntarget\n", "\nstate\n"].iter().map(|s| out.find(s).unwrap()).collect();
        assert!(order.is_sorted(), "{out}");
        for end in ["source", "target", "state"] {
            assert!(side(&out, end).iter().any(|l| l.starts_with("  ✓ ok")), "{end}: {out}");
            assert!(!side(&out, end).iter().any(|l| l.contains("FAILED")), "{end}: {out}");
        }
        assert!(last(&out).starts_with("Both ends answer") && last(&out).contains("Next: rosterm plan"), "{out}");
        assert!(!desk.path("state.db").exists(), "a check changes nothing");
    });
}

#[test]
fn a_required_field_without_a_rule_is_a_warning_and_no_failure() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        desk.write("own.toml", "title = \"Own\"\n[fields.userName]\npath = \"userName\"\nrequired = true\n[fields.email]\npath = \"emails.value\"\nrequired = true\n");
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        let (head, _) = config.split_once("givenName").unwrap();
        desk.write("rosterm.toml", &head.replace("\"scim2\"", "\"own.toml\""));
        let (code, out, _) = desk.rosterm(&["check"]);
        assert_eq!(code, 0, "{out}");
        assert!(out.contains("  ! warning    required    required by Own and not mapped: email\n"), "{out}");
        assert!(last(&out).replace('\n', " ").contains("warning"), "{out}");
    });
}

#[test]
fn what_failed_is_named_on_its_side_while_the_other_side_is_checked_too() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let good = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        for (from, to, bad, fine, sentence) in [
            (service.base_url(), "http://127.0.0.1:9/scim", "target", "source", "The directory answers, the service can't be read"),
            ("people.ldif", "none.ldif", "source", "target", "The service answers, the directory can't be read"),
            ("\"TOKEN\"", "\"NO_TOKEN\"", "target", "source", "The directory answers, the service can't be read"),
        ] {
            desk.write("rosterm.toml", &good.replace(from, to));
            let (code, out, talk) = desk.rosterm(&["check"]);
            assert_eq!((code, talk.as_str()), (1, ""), "{out}");
            assert!(side(&out, bad).iter().any(|l| l.starts_with("  ✗ FAILED     ")), "{out}");
            assert!(!side(&out, fine).iter().any(|l| l.contains("FAILED")), "{out}");
            let end = last(&out).replace('\n', " ");
            assert!(end.starts_with(sentence) && end.contains("then: rosterm check"), "{out}");
            let (code, json, _) = desk.rosterm(&["check", "--format", "json"]);
            let json: Value = serde_json::from_str(&json).unwrap();
            assert_eq!((code, &json["format"], &json["good"]), (1, &"rosterm-check/1".into(), &false.into()));
            assert_eq!(json["channels"][0]["verdict"], "failed");
            let steps = json["channels"][0]["steps"].as_array().unwrap();
            assert!(steps.iter().any(|s| s["side"] == bad && s["verdict"] == "failed"), "{json}");
            assert!(!json.to_string().contains("s3cret-token"));
        }
    });
}

#[test]
fn a_configuration_that_cannot_be_used_is_told_with_its_place() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        let good = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        for (from, to, told) in [
            ("uid | lower", "uid | lowr", "  ✗ FAILED     mapping\n    rosterm.toml:12:12: rule of userName: "),
            ("[channels.test.source]", "[channels.test.source", "  ✗ FAILED     file\n    rosterm.toml:2:"),
        ] {
            desk.write("rosterm.toml", &good.replace(from, to));
            let (code, out, talk) = desk.rosterm(&["check"]);
            assert_eq!((code, talk.as_str()), (2, ""));
            assert!(out.contains(told) && out.contains("\n    "), "{out}");
            assert!(out.ends_with("Mend it, then: rosterm check\n"), "{out}");
            let (code, json, _) = desk.rosterm(&["check", "--format", "json"]);
            let json: Value = serde_json::from_str(&json).unwrap();
            assert_eq!((code, &json["good"]), (2, &false.into()));
        }
    });
    let desk = Desk::new();
    let output = desk.run(&["check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout).unwrap().contains("there is no configuration yet"));
}

#[test]
fn every_active_channel_is_checked_and_a_parked_one_is_said() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let one = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        let channels = one.split_once('\n').unwrap().1;
        let second = channels.replace("channels.test", "channels.broken").replace(service.base_url(), "http://127.0.0.1:9");
        let third = format!("[channels.parked]\nactive = false\n{}", channels.replace("channels.test", "channels.parked"));
        desk.write("rosterm.toml", &format!("format = 1\n{channels}{second}{third}"));
        let (code, out, _) = desk.rosterm(&["check"]);
        assert_eq!(code, 1, "{out}");
        assert!(out.contains("\ntest\nconfiguration\n") && out.contains("\nbroken\nconfiguration\n"), "{out}");
        assert!(out.contains("\nparked\nparked (active = false), not checked\n"), "{out}");
        let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Next: rosterm plan --config rosterm.toml --state state.db --channel test"), "{out}");
        assert!(out.ends_with("\n1 of 3 channels can't be used as they are: broken.\n"), "{out}");
        let (code, out, _) = desk.rosterm(&["check", "--channel", "parked"]);
        assert!(code == 0 && out.contains("Both ends answer"), "{out}");
        let (_, json, _) = desk.rosterm(&["check", "--format", "json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        let all: Vec<_> =
            json["channels"].as_array().unwrap().iter().map(|c| (c["channel"].as_str().unwrap(), c["active"].as_bool())).collect();
        assert_eq!(all, [("test", Some(true)), ("broken", Some(true)), ("parked", Some(false))]);
    });
}

#[test]
fn links_that_were_made_for_other_ends_fail_the_check() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["link", "ann"]).0, 0);
        let (_, out, _) = desk.rosterm(&["check"]);
        assert!(out.contains("remembered  1 link and 0 holds in state.db"), "{out}");
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &format!("{config}[channels.test.source.settings]\nid_attribute = \"mail\"\n"));
        let (code, out, _) = desk.rosterm(&["check"]);
        assert_eq!(code, 1);
        assert!(out.contains("made for other ends") && out.contains("rosterm link --migrate"), "{out}");
    });
}

#[test]
fn a_service_never_steers_the_terminal_of_a_check() {
    let answer = Some((403, "application/json", "{\"detail\":\"no \\u001b[2J \\u202e s3cret-token\"}"));
    let runtime = crate::support::runtime();
    let service = runtime.block_on(Service::start(accounts(), Faults { answer, ..Faults::default() })).unwrap();
    with_service(accounts(), &Faults::default(), |desk, good| {
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &config.replace(good.base_url(), service.base_url()));
        for format in ["text", "json"] {
            let (code, out, _) = desk.rosterm(&["check", "--format", format]);
            assert_eq!(code, 1);
            assert!(!out.contains(['\u{1b}', '\u{202e}']) && !out.contains("s3cret-token"), "{out:?}");
        }
    });
}
