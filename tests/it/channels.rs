//! Several channels to one service: whoever is in the scope of another one is not leaving.

use crate::commands::Desk;
use crate::support::{NOW, runtime};
use rosterm::demo::service::{Faults, Service};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::{Belonging, Journal, Mode};
use rosterm::model::{Link, LinkOrigin};
use serde_json::{Value, json};

/// Ann is staff, Bob moved to the contractors, Cat is in neither, Dan is deleted, Eve is disabled among the contractors.
const LDIF: &str = "\
dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\n\
dn: uid=ann,ou=staff,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: ann\nsn: Lee\nentryUUID: e-ann\n\n\
dn: uid=bob,ou=contractors,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: bob\nsn: Ray\nentryUUID: e-bob\n\n\
dn: uid=cat,ou=archive,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: cat\nsn: Fox\nentryUUID: e-cat\n\n\
dn: uid=eve,ou=contractors,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: eve\nsn: Fox\nentryUUID: e-eve\npwdAccountLockedTime: 000001010000Z\n";

const PEOPLE: [&str; 5] = ["ann", "bob", "cat", "dan", "eve"];

fn channel(name: &str, base_url: &str, extra: &str) -> String {
    format!(
        "[channels.{name}]\n{extra}\n[channels.{name}.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n\
         [channels.{name}.source.location]\nbase_dn = \"ou={name},dc=example,dc=test\"\n\
         [channels.{name}.target]\nconnector = \"scim2\"\nbase_url = \"{base_url}\"\nauth = \"none\"\n\
         [channels.{name}.mapping]\nuserName = \"uid\"\nfamilyName = \"sn\"\n"
    )
}

/// Everybody is linked by the channel `staff`. `other` is the contractors' channel.
fn with_two(other: impl Fn(&str) -> String, test: impl FnOnce(&Desk)) {
    let accounts = PEOPLE.map(|name| {
        let family = if matches!(name, "cat" | "eve") {
            "Fox"
        } else if name == "bob" {
            "Ray"
        } else {
            "Lee"
        };
        json!({"id": format!("a-{name}"), "userName": name, "active": true, "name": {"familyName": family}})
    });
    let runtime = runtime();
    let service = runtime.block_on(Service::start(accounts.to_vec(), Faults::default())).unwrap();
    let desk = Desk::new();
    desk.write("people.ldif", LDIF);
    desk.write("rosterm.toml", &format!("format = 1\n{}{}", channel("staff", service.base_url(), ""), other(service.base_url())));
    let mut journal = Journal::open(&desk.path("state.db"), Mode::Write).unwrap();
    let belonging =
        Belonging { base_url: service.base_url().into(), naming_context: "dc=example,dc=test".into(), id_attribute: "entryUUID".into() };
    journal.set_belonging("staff", &belonging).unwrap();
    let links = PEOPLE.map(|name| Link {
        entry: EntryId::new(format!("e-{name}")),
        account: AccountId::new(format!("a-{name}")),
        channel: "staff".into(),
        origin: LinkOrigin::Created,
        since: NOW,
        remembered: vec![name.into()],
        last_active: true,
    });
    journal.add_links(service.base_url(), &links).unwrap();
    drop(journal);
    test(&desk);
}

/// Situation, reason and action of everybody in a channel's plan, and the first problem's message.
fn plan(desk: &Desk, channel: &str) -> Vec<(String, String, String, String)> {
    let (code, out, talk) = desk.rosterm(&["plan", "--channel", channel, "--all", "--format", "json"]);
    assert!(matches!(code, 0 | 3), "{code} {talk}");
    let plan: Value = serde_json::from_str(&out).unwrap();
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let rows = plan["rows"].as_array().unwrap();
    rows.iter()
        .map(|r| {
            let situation = format!("{}/{}", text(&r["situation"]), text(&r["reason"]));
            (text(&r["user_name"]), situation, text(&r["action"]), text(&r["problems"][0]["message"]))
        })
        .collect()
}

fn row(user: &str, situation: &str, action: &str) -> (String, String, String, String) {
    (user.into(), situation.into(), action.into(), String::new())
}

#[test]
fn a_leaver_in_the_scope_of_another_channel_is_not_leaving_and_the_link_passes_on() {
    for parked in ["", "active = false"] {
        with_two(
            |url| channel("contractors", url, parked),
            |desk| {
                assert_eq!(
                    plan(desk, "staff"),
                    [
                        row("ann", "in_sync/", "none"),
                        row("bob", "unmatched/other_channel", "none"),
                        row("cat", "leaving/out_of_scope", "disable"),
                        row("dan", "leaving/deleted", "disable"),
                        // Whether Eve loses her account is for the channel that has her to say.
                        row("eve", "unmatched/other_channel", "none"),
                    ],
                    "{parked}"
                );
                assert_eq!(
                    plan(desk, "contractors"),
                    [
                        row("ann", "unmatched/other_channel", "none"),
                        row("bob", "in_sync/", "none"),
                        row("cat", "unmatched/other_channel", "none"),
                        row("dan", "unmatched/other_channel", "none"),
                        row("eve", "leaving/disabled", "disable"),
                    ],
                    "{parked}"
                );
            },
        );
    }
}

#[test]
fn where_the_other_channel_cannot_be_asked_nobody_leaves_and_the_cause_is_told() {
    type Other = fn(&str) -> String;
    let cases: [(Other, &str); 2] = [
        (
            |url| channel("contractors", url, "").replace("people.ldif", "gone.ldif"),
            "whether channel contractors has this person: cannot read the LDIF file",
        ),
        (
            |url| channel("contractors", url, "") + "[channels.contractors.source.settings]\nid_attribute = \"uid\"\n",
            "whether channel contractors has this person: it tells people by uid and this one by entryUUID",
        ),
    ];
    for (other, cause) in cases {
        with_two(other, |desk| {
            for (user, situation, action, message) in plan(desk, "staff") {
                let (wanted, told) = if user == "ann" { ("in_sync/", "") } else { ("blocked/lookup_failed", cause) };
                assert_eq!((situation.as_str(), action.as_str()), (wanted, "none"), "{user}");
                assert!(message.starts_with(told), "{user}: {message}");
            }
            // The text tells the cause too.
            let (_, out, _) = desk.rosterm(&["plan", "--channel", "staff"]);
            assert!(out.contains(cause), "{out}");
        });
    }
}

#[test]
fn a_channel_to_another_service_has_no_say() {
    with_two(
        |url| channel("contractors", &format!("{url}/other"), ""),
        |desk| {
            let rows = plan(desk, "staff");
            assert_eq!(rows[1], row("bob", "leaving/out_of_scope", "disable"));
            assert_eq!(rows[4], row("eve", "leaving/disabled", "disable"));
        },
    );
}

#[test]
fn an_id_of_another_directory_is_somebody_else() {
    let account = |name: &str| json!({"id": format!("a-{name}"), "userName": name, "active": true, "name": {"familyName": "Lee"}});
    let runtime = runtime();
    let service = runtime.block_on(Service::start(vec![account("ann"), account("may")], Faults::default())).unwrap();
    let desk = Desk::new();
    let csv = |name: &str| {
        channel(name, service.base_url(), "")
            .replace("type = \"ldif\"\npath = \"people.ldif\"", &format!("type = \"csv\"\npath = \"{name}.csv\""))
            .replace(&format!("base_dn = \"ou={name},dc=example,dc=test\"\n"), "")
            + &format!("[channels.{name}.source.settings]\nid_attribute = \"id\"\n")
    };
    desk.write("rosterm.toml", &format!("format = 1\n{}{}", csv("staff"), csv("temps")));
    desk.write("staff.csv", "id,uid,sn\n1001,ann,Lee\n");
    // Another person, whom another list gives the same number.
    desk.write("temps.csv", "id,uid,sn\n1001,zoe,Day\n");
    let (code, _, talk) = desk.rosterm(&["link", "ann", "--channel", "staff"]);
    assert_eq!(code, 0, "{talk}");
    assert_eq!(plan(&desk, "staff")[0], row("ann", "in_sync/", "none"));
    let temps = plan(&desk, "temps");
    assert_eq!((&temps[0], &temps[2]), (&row("ann", "unmatched/other_channel", "none"), &row("zoe", "new/first_seen", "create")));
    // An id that is unique everywhere is the same person, also in another directory: she has moved, and keeps her account.
    let moved = "id,uid,sn\n6f9619ff-8b86-d011-b42d-00c04fc964ff,may,Lee\n";
    desk.write("staff.csv", &format!("{moved}1001,ann,Lee\n"));
    let (code, _, talk) = desk.rosterm(&["link", "may", "--channel", "staff"]);
    assert_eq!(code, 0, "{talk}");
    desk.write("staff.csv", "id,uid,sn\n1001,ann,Lee\n");
    assert_eq!(plan(&desk, "staff")[1], row("may", "leaving/deleted", "disable"));
    desk.write("temps.csv", moved);
    assert_eq!(plan(&desk, "staff")[1], row("may", "unmatched/other_channel", "none"));
    // There the link is for a human to pass on.
    assert!(plan(&desk, "temps").contains(&row("may", "ambiguous/linked_elsewhere", "none")));
    desk.write("temps.csv", "id,uid,sn\n1001,zoe,Day\n");
    // Ann is gone, and that the other list has her number does not keep her account.
    desk.write("staff.csv", "id,uid,sn\n1002,bob,Ray\n");
    let staff = plan(&desk, "staff");
    assert_eq!(staff[..2], [row("ann", "leaving/deleted", "disable"), row("bob", "new/first_seen", "create")]);
}
