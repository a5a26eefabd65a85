//! Reads that end badly, through the binary: exit code 5, a sentence that says why, and nothing but updates.

use crate::commands::{Desk, accounts, with_service};
use crate::support::runtime;
use rosterm::demo::service::{Faults, Service};

#[test]
fn an_incomplete_read_is_told_on_top_and_in_the_exit_code() {
    with_service(accounts(), &Faults { total_off_by: 2, ..Faults::default() }, |desk, _| {
        let (code, out, _) = desk.rosterm(&["plan"]);
        assert_eq!(code, 5);
        assert!(out.contains("The service was not read completely: the listing ended before its own total. 3 of 5 accounts\nWhat rests on it is blocked: nobody is created, newly linked or enabled. Linked people who left can still be approved for removal.\n"), "{out}");
        assert!(out.contains("\nNothing can be sent: 3 blocked, the service was not read completely.\n"), "{out}");
    });
}

/// Nobody is removed, created, enabled or newly linked; the exit code and a sentence on top say why.
fn assert_blocked(desk: &Desk, what: &str, sentence: &str, consequence: &str) {
    let (code, out, talk) = desk.rosterm(&["plan", "--all"]);
    assert_eq!((code, talk.as_str()), (5, ""), "{what}: {out}");
    assert!(out.contains(sentence), "{what}: {out}");
    assert_eq!(out.matches("What rests on it is blocked: ").count(), 1, "{what}: {out}");
    assert!(out.contains(&format!("What rests on it is blocked: {consequence}\n")), "{what}: {out}");
    assert!(!out.contains("Nothing to do."), "{what}: {out}");
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
        assert_blocked(&desk, what, sentence, "nobody is removed or created, nobody is newly linked, nobody is enabled.");
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
        let consequence = "nobody is created, newly linked or enabled. Linked people who left can still be approved for removal.";
        with_service(accounts(), &faults, |desk, _| assert_blocked(desk, what, sentence, consequence));
    }
}
