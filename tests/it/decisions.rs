//! Links and holds through the binary: made, taken back, read by the plan, and never used for somebody else.

use crate::commands::{LDIF, accounts, with_service};
use rosterm::demo::service::Faults;

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
        // A day that only stands in the reason would end nothing.
        for reason in ["on leave until 2099-01-31", "on leave until tomorrow"] {
            let (code, _, talk) = desk.rosterm(&["hold", "ann", reason]);
            assert!(code == 2 && talk.contains("write --until and a day such as 2027-01-31"), "{code} {talk}");
        }
        let (code, _, talk) = desk.rosterm(&["hold", "svc-bakup", "x"]);
        assert_eq!((code, talk.as_str()), (2, "rosterm: there is no user svc-bakup\n  hint: did you mean svc-backup?\n"));
    });
}

#[test]
fn unlink_refuses_an_id_that_is_one_links_entry_and_another_ones_account() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let mut journal = rosterm::journal::Journal::open(&desk.path("state.db"), rosterm::journal::Mode::Write).unwrap();
        let link = |entry: &str, account: &str| rosterm::model::Link {
            entry: rosterm::identity::EntryId::new(entry),
            account: rosterm::identity::AccountId::new(account),
            channel: "test".into(),
            origin: rosterm::model::LinkOrigin::ByHand,
            since: crate::support::NOW,
            remembered: Vec::new(),
            last_active: true,
        };
        journal.add_links(service.base_url(), &[link("a1", "a2"), link("e-ann", "a1")]).unwrap();
        drop(journal);
        let told = "rosterm: 2 links fit a1: entry a1 with account a2; entry e-ann with account a1\n  hint: name one by the other id of its pair\n";
        assert_eq!(desk.rosterm(&["unlink", "a1"]), (2, String::new(), told.to_owned()));
        assert_eq!(desk.rosterm(&["unlink", "e-ann"]).2, "entry e-ann and account a1 are not linked any more\n");
        assert_eq!(desk.rosterm(&["unlink", "a1"]).2, "entry a1 and account a2 are not linked any more\n");
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
        // A run does not say so either: everybody linked would be leaving.
        for command in [&["apply", "--yes"][..], &["apply"]] {
            let (code, _, told) = desk.rosterm(command);
            assert_eq!((code, told.as_str()), (2, talk.as_str()), "{command:?}");
        }
        assert_eq!(desk.rosterm(&["plan"]), (2, String::new(), talk));
        assert_eq!(desk.rosterm(&["link", "--migrate"]).0, 0);
        assert_eq!(desk.rosterm(&["plan"]).0, 3);
    });
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
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 2);
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
