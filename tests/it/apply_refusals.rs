//! What an apply does not send: rows that are not what they were when they were approved, and whole runs that a limit or another run
//! refuses. Through the binary.

use crate::apply_faults::{account, people, report, rows, with_faults, with_people};
use rosterm::demo::service::{Faults, Hiding, Writing};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_name_that_is_taken_meanwhile_is_never_taken_over() {
    // By somebody who can be seen, and by somebody who is inactive and hidden.
    let hidden = Faults { hides_inactive: Some(Hiding { shown_by_id: false, shown_by_filter: false }), ..Faults::default() };
    for (faults, active, told) in [(Faults::default(), true, "rosterm link"), (hidden, false, "cannot be seen")] {
        with_faults(3, 0, &faults, "", |desk, service| {
            assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
            let mut other = account(1);
            (other["id"], other["active"]) = ("foreign".into(), active.into());
            service.edit(|users| users.push(other.clone()));
            let (code, out, _) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
            let report = report(&out);
            assert_eq!((code, rows(&report, "done"), rows(&report, "failed")), (6, 2, 1), "{out}");
            assert!(report["groups"][0]["cause"].as_str().unwrap().contains(told), "{out}");
            assert_eq!(service.users().iter().find(|u| u["id"] == "foreign"), Some(&other), "it is as it was");
            let (_, out, _) = desk.rosterm(&["state", "export"]);
            assert!(!out.contains("foreign"), "it is not linked: {out}");
        });
    }
}

#[test]
fn what_somebody_else_changed_meanwhile_is_stale_and_the_rest_is_sent() {
    for versions in [false, true] {
        with_people(4, 4, Writing { versions, ..Writing::default() }, "", |desk, service| {
            assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
            service.edit(|users| {
                users[0]["title"] = "By somebody else".into();
                users[0]["meta"] = json!({"version": "W/\"77\""});
                users[1]["active"] = false.into();
                users[1]["meta"] = json!({"version": "W/\"77\""});
                users[2]["title"] = "Title 2".into();
                // What the row does not name does not matter.
                users[3]["nickName"] = "other".into();
            });
            let (code, out, _) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
            let report = report(&out);
            assert_eq!((code, rows(&report, "stale"), rows(&report, "done")), (6, 2, 2), "{out}");
            let causes: Vec<&str> = report["groups"].as_array().unwrap().iter().map(|g| g["cause"].as_str().unwrap()).collect();
            assert!(causes.iter().any(|c| c.contains("title is") || c.contains("changed by somebody else")), "{causes:?}");
            assert_eq!(service.users()[0]["title"], "By somebody else");
            assert_eq!(service.users()[3]["title"], "Title 3");
            assert!(service.effects().iter().all(|e| e.user_name == "p3" || (versions && e.user_name == "p2")), "{:?}", service.effects());
        });
    }
}

#[test]
fn whoever_is_back_before_their_removal_is_sent_is_not_removed() {
    with_people(4, 4, Writing::default(), "", |desk, service| {
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        let before = service.effects().len();
        // p0 is deleted, p1 disabled, p2 moved away.
        let gone = |ldif: &str| {
            ldif.replace("uid=p2,ou=people,", "uid=p2,ou=former,").replace(
                "\ndn: ou=people",
                "\ndn: ou=former,dc=example,dc=test\nobjectClass: organizationalUnit\nou: former\n\ndn: ou=people",
            )
        };
        let (head, tail) = people(4, &[1]).split_once("\ndn: uid=p0,").map(|(h, t)| (h.to_owned(), t.to_owned())).unwrap();
        let without_p0 = format!("{head}\ndn: {}", tail.split_once("\ndn: ").unwrap().1);
        desk.write("people.ldif", &gone(&without_p0));
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        for user in ["p0", "p1", "p2"] {
            assert_eq!(desk.rosterm(&["approve", "plan.json", "--user", user]).0, 0, "{user}");
        }
        // Everybody is back.
        desk.write("people.ldif", &people(4, &[]));
        let (code, out, talk) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
        assert!(!out.is_empty(), "{code} {talk}");
        assert_eq!((code, rows(&report(&out), "stale"), rows(&report(&out), "done")), (6, 3, 0), "{out}");
        assert!(report(&out)["groups"][0]["cause"].as_str().unwrap().contains("is back"), "{out}");
        // And gone again: told apart, and removed as approved.
        desk.write("people.ldif", &gone(&without_p0));
        let (_, out, _) = desk.rosterm(&["plan", "--format", "json"]);
        let plan = report(&out);
        let reasons: BTreeMap<&str, &str> = plan["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["account"]["user_name"].as_str().unwrap(), r["reason"].as_str().unwrap()))
            .collect();
        assert_eq!(reasons, BTreeMap::from([("p0", "deleted"), ("p1", "disabled"), ("p2", "out_of_scope")]));
        let (code, out, _) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "done")), (0, 3), "{out}");
        let after = service.effects();
        assert!(after[before..].iter().all(|e| e.body.to_string().contains("false")) && after.len() == before + 3, "{after:?}");
        let active: Vec<bool> = service.users().iter().map(|u| u["active"].as_bool().unwrap()).collect();
        assert_eq!(active, [false, false, false, true]);
    });
}

#[test]
fn a_hold_a_link_or_a_protection_that_came_meanwhile_keeps_a_row_from_being_sent() {
    with_people(4, 4, Writing::default(), "", |desk, service| {
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        assert_eq!(desk.rosterm(&["hold", "p0", "on leave"]).0, 0);
        let mut journal = rosterm::journal::Journal::open(&desk.path("state.db"), rosterm::journal::Mode::Write).unwrap();
        let link = rosterm::model::Link {
            entry: rosterm::identity::EntryId::new("somebody-else"),
            account: rosterm::identity::AccountId::new("a1"),
            channel: "test".into(),
            origin: rosterm::model::LinkOrigin::ByHand,
            since: crate::support::NOW,
            remembered: Vec::new(),
            last_active: true,
        };
        journal.add_links(service.base_url(), &[link]).unwrap();
        drop(journal);
        let text = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &text.replace("[channels.test.policy]\n", "[channels.test.policy]\nprotect = [\"P2\"]\n"));
        let (code, out, _) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
        let report = report(&out);
        assert_eq!((code, rows(&report, "stale"), rows(&report, "done")), (6, 3, 1), "{out}");
        assert_eq!(service.effects().iter().map(|e| e.user_name.as_str()).collect::<Vec<_>>(), ["p3"]);
    });
}

#[test]
fn what_waited_for_the_service_is_checked_again_before_it_is_sent() {
    // The service keeps us waiting for longer than what was checked is good for.
    let writing = Writing { throttle: Some((2, "retry-after", "32")), ..Writing::default() };
    with_people(4, 4, writing, "concurrency = 1", |desk, service| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while service.effects().is_empty() {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                // By now the others were looked at, and one of them was turned away.
                std::thread::sleep(std::time::Duration::from_secs(3));
                let first = service.effects()[0].id.clone();
                service.edit(|users| users.iter_mut().filter(|u| u["id"] != *first).for_each(|u| u["title"] = "By somebody else".into()));
            });
            let (code, out, _) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
            assert_eq!((code, rows(&report(&out), "done"), rows(&report(&out), "stale")), (6, 1, 3), "{out}");
        });
        assert_eq!(service.effects().len(), 1);
    });
}

#[test]
fn a_retry_is_of_whom_it_names_and_takes_nobodys_account_over() {
    with_people(30, 0, Writing::default(), "", |desk, service| {
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        // Three of them are there meanwhile.
        service.edit(|users| users.extend([1, 2, 3].map(account)));
        let (code, out, _) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "failed")), (6, 3), "{out}");
        let before = service.effects().len();
        let (code, out, talk) = desk.rosterm(&["owed", "retry", "--yes", "--format", "json"]);
        assert_eq!((code, service.effects().len()), (3, before), "{out}{talk}");
        assert_eq!(report(&out)["run"], Value::Null);
        // The accounts go away again: then one of them is created, the one that is named.
        service.edit(|users| users.retain(|u| !["a1", "a2", "a3"].contains(&u["id"].as_str().unwrap())));
        let (code, out, talk) = desk.rosterm(&["owed", "retry", "--yes", "--user", "p2", "--format", "json"]);
        assert_eq!((code, rows(&report(&out), "done")), (3, 1), "{out}{talk}");
        assert_eq!(service.effects().last().unwrap().user_name, "p2");
    });
}

#[test]
fn limits_of_an_undo_are_shares_of_all_pairs() {
    with_people(100, 0, Writing::default(), "", |desk, service| {
        let text = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write("rosterm.toml", &text.replace("deprovision = \"none\"", "deprovision = \"20 or 5%\""));
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        assert_eq!(desk.rosterm(&["undo", "1", "--out", "undo.json"]).0, 3);
        for n in 0..6 {
            assert_eq!(desk.rosterm(&["approve", "undo.json", "--user", &format!("p{n}")]).0, 0);
        }
        let (code, _, talk) = desk.rosterm(&["apply", "undo.json"]);
        assert!(code == 4 && talk.contains("the limit is 5 (20 or 5% of 100 pairs)"), "{talk}");
        assert_eq!(desk.rosterm(&["unapprove", "undo.json", "--user", "p0"]).0, 0);
        let (code, _, talk) = desk.rosterm(&["apply", "undo.json"]);
        assert_eq!((code, service.users().iter().filter(|u| u["active"] == false).count()), (7, 5), "{talk}");
    });
}

#[test]
fn two_runs_at_once_are_one_run_and_a_refusal() {
    with_people(3, 0, Writing::default(), "", |desk, service| {
        let journal = rosterm::journal::Journal::open(&desk.path("state.db"), rosterm::journal::Mode::Write).unwrap();
        let lock = rosterm::journal::Lock::take(&journal, service.base_url(), "somebody", crate::support::NOW).unwrap();
        let (code, _, talk) = desk.rosterm(&["apply", "--yes"]);
        assert!(code == 4 && talk.contains("is under way: somebody, process "), "{code} {talk}");
        assert!(service.effects().is_empty());
        drop(lock);
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        assert_eq!(service.effects().len(), 3);
    });
}

#[test]
fn limits_and_a_shrunken_directory_refuse_the_whole_run() {
    with_people(20, 20, Writing::default(), "", |desk, service| {
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        let text = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap().replace("max_source_shrink = \"100%\"\n", "");
        desk.write(
            "rosterm.toml",
            &text.replace("limits = { deprovision = \"none\", clear = \"none\" }", "limits = { deprovision = \"2\", create = \"1\" }"),
        );
        let before = service.effects().len();
        // Three are disabled: above the limit of two. And two are new.
        desk.write("people.ldif", &people(22, &[1, 2, 3]));
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        for user in ["p1", "p2", "p3"] {
            assert_eq!(desk.rosterm(&["approve", "plan.json", "--user", user]).0, 0);
        }
        let (code, _, talk) = desk.rosterm(&["apply", "plan.json"]);
        assert!(code == 4 && talk.contains("--allow-deprovisions 3") && talk.contains("--allow-creates 2"), "{code} {talk}");
        assert_eq!(service.effects().len(), before, "nothing at all was sent");
        let (code, _, talk) = desk.rosterm(&["apply", "plan.json", "--allow-deprovisions", "3", "--allow-creates", "3"]);
        assert!(code == 4 && talk.contains("--allow-creates 2"), "{talk}");
        assert_eq!(desk.rosterm(&["apply", "plan.json", "--allow-deprovisions", "3", "--allow-creates", "2"]).0, 0);
        assert_eq!(service.effects().len(), before + 5);
        // Half of the directory is gone: nobody is removed, whatever was approved.
        desk.write("people.ldif", &people(10, &[1, 2, 3, 5]));
        desk.write("rosterm.toml", &text);
        assert_eq!(desk.rosterm(&["plan", "--out", "half.json"]).0, 3);
        assert_eq!(desk.rosterm(&["approve", "half.json", "--user", "p5"]).0, 0);
        let before = service.effects().len();
        let (code, _, talk) = desk.rosterm(&["apply", "half.json"]);
        assert!(code == 4 && talk.contains("--accept-source 10"), "{code} {talk}");
        assert_eq!(service.effects().len(), before);
        // What takes nothing away goes on.
        service.edit(|users| users[0]["title"] = "Wrong".into());
        let (code, _, talk) = desk.rosterm(&["apply", "--yes", "--only", "changed"]);
        assert!(code == 3 && service.effects().len() == before + 1, "{code} {talk}");
        let (code, _, _) = desk.rosterm(&["apply", "half.json", "--accept-source", "10"]);
        assert_eq!((code, service.effects().len()), (7, before + 2), "the others are not approved");
    });
}
