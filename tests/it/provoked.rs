//! One user of each kind, and every way in which a read can end: the cause, and exactly who is blocked by it.

use crate::commands::Desk;
use crate::fake_ldap::{Reply, Request, done, entry, page_done, reference, result, serve};
use crate::support::{NOW, runtime};
use rosterm::demo::service::{Envelope, Faults, Service};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::{Journal, Mode};
use rosterm::model::{Cause, Hold, HoldOn, Link, LinkOrigin};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// uid, given name, lasting id, whether disabled.
const PEOPLE: [(&str, &str, &str, bool); 13] = [
    ("sync", "A", "id-sync", false),
    ("changed", "New", "id-changed", false),
    ("keyed", "A", "id-keyed", false),
    ("keychanged", "New", "id-keychanged", false),
    ("fresh", "A", "id-fresh", false),
    ("lost", "A", "id-lost", false),
    ("back", "A", "id-back", false),
    ("off", "A", "id-off", true),
    ("skip", "A", "id-skip", true),
    ("twin", "A", "id-twin1", false),
    ("TWIN", "A", "id-twin2", false),
    ("bad", "", "id-bad", false),
    ("held", "New", "id-held", false),
];
const ACCOUNTS: [&str; 9] = ["sync", "changed", "keyed", "keychanged", "back", "off", "gone", "nobody", "held"];
const LINKED: [&str; 7] = ["sync", "changed", "lost", "back", "off", "gone", "held"];

type Counts = BTreeMap<&'static str, u64>;

fn counts(of: &[(&'static str, u64)]) -> Counts {
    of.iter().copied().collect()
}

/// Everything was read, and that is proved.
fn complete() -> Counts {
    counts(&[
        ("in_sync", 2),
        ("changed", 2),
        ("new", 2),
        ("returning", 1),
        ("leaving", 2),
        ("skipped", 1),
        ("ambiguous", 2),
        ("invalid", 1),
        ("unmatched", 1),
        ("held", 1),
    ])
}

/// Everybody came, but that these are all people is not proved.
fn source_in_doubt() -> Counts {
    counts(&[("blocked", 8), ("in_sync", 1), ("changed", 1), ("skipped", 1), ("ambiguous", 2), ("invalid", 1), ("held", 1)])
}

/// Nobody came: whoever has an account is blocked.
fn source_unread() -> Counts {
    counts(&[("blocked", 8), ("held", 1)])
}

/// Every account came, but that these are all accounts is not proved.
fn target_in_doubt() -> Counts {
    counts(&[
        ("blocked", 6),
        ("in_sync", 1),
        ("changed", 1),
        ("leaving", 2),
        ("ambiguous", 2),
        ("invalid", 1),
        ("unmatched", 1),
        ("held", 1),
    ])
}

fn person(message: u8, (uid, given, id, disabled): (&str, &str, &str, bool)) -> Vec<u8> {
    let mut attributes: Vec<(&str, Vec<&[u8]>)> = vec![("uid", vec![uid.as_bytes()])];
    if !given.is_empty() {
        attributes.push(("givenName", vec![given.as_bytes()]));
    }
    if !id.is_empty() {
        attributes.push(("entryUUID", vec![id.as_bytes()]));
    }
    if disabled {
        attributes.push(("pwdAccountLockedTime", vec![b"000001010000Z"]));
    }
    let attributes: Vec<(&str, &[&[u8]])> = attributes.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    entry(message, format!("cn={id}-{uid},dc=x").as_bytes(), &attributes)
}

fn everybody(message: u8) -> Vec<u8> {
    PEOPLE.iter().flat_map(|p| person(message, *p)).collect()
}

/// A directory that is well-behaved but for the read of people and the look-up of whoever is gone.
fn directory(
    mut people: impl FnMut(&Request) -> Reply + Send + 'static,
    mut look_up: impl FnMut(&Request) -> Reply + Send + 'static,
    mut group: impl FnMut(&Request) -> Reply + Send + 'static,
) -> String {
    serve(move |_, request| match (request.op, request.scope, request.base.as_str()) {
        (0x60, _, _) => Reply::Send(result(request.id, 0x61, 0, "")),
        (0x63, 0, "cn=g,dc=x") => group(request),
        (0x63, 0, "cn=ranged,dc=x") => Reply::Send(done(request.id, 51, "")),
        (0x63, 0, _) => Reply::Send(crate::fake_ldap::known(request, true)),
        (0x63, _, _) if request.contains("id-gone") => look_up(request),
        (0x63, _, _) => people(request),
        _ => Reply::Send(Vec::new()),
    })
}

fn nobody(request: &Request) -> Reply {
    Reply::Send(page_done(request.id, b""))
}

fn all_of_them(request: &Request) -> Reply {
    Reply::Send([everybody(request.id), page_done(request.id, b"")].concat())
}

fn no_group(request: &Request) -> Reply {
    Reply::Send(done(request.id, 32, ""))
}

fn desk(url: &str, location: &str, service: &Service) -> Desk {
    let desk = Desk::new();
    desk.write(
        "rosterm.toml",
        &format!(
            "[channels.test.source]\ntype = \"ldap\"\nurl = [\"{url}\"]\nvendor = \"openldap\"\ntimeout = 2\n\
             [channels.test.source.location]\nbase_dn = \"dc=x\"\n{location}\n\
             [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\nauth = \"none\"\n\
             [channels.test.mapping]\nuserName = \"uid\"\ngivenName = {{ value = \"givenName\", required = true }}\n",
            service.base_url()
        ),
    );
    let mut journal = Journal::open(&desk.path("state.db"), Mode::Write).unwrap();
    let links = LINKED.map(|name| Link {
        entry: EntryId::new(format!("id-{name}")),
        account: AccountId::new(format!("a-{name}")),
        channel: "test".into(),
        origin: LinkOrigin::Created,
        since: NOW,
        remembered: vec![name.into()],
        last_active: true,
    });
    journal.add_links(service.base_url(), &links).unwrap();
    let hold = Hold { reason: "asked for".into(), author: "op".into(), since: NOW, until: None };
    journal.set_hold(service.base_url(), &HoldOn::Entry(EntryId::new("id-held")), &hold).unwrap();
    desk
}

fn accounts() -> Vec<Value> {
    let account = |name: &&str| json!({"id": format!("a-{name}"), "userName": name, "active": *name != "back", "name": {"givenName": "A"}});
    ACCOUNTS.iter().map(account).collect()
}

/// What the document says of one side's end, the counts that are not zero, and how many rows have each reason to be blocked.
fn told(desk: &Desk, side: &str) -> (String, Counts, BTreeMap<String, u64>) {
    let (code, out, talk) = desk.rosterm(&["plan", "--all", "--format", "json"]);
    let plan: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e} {out} {talk}"));
    let cause = plan[side]["cause"]["code"].as_str().unwrap_or("complete").to_owned();
    assert_eq!(code == 5, cause != "complete", "{code} {talk}");
    let known =
        ["blocked", "changed", "held", "in_sync", "invalid", "leaving", "left", "new", "returning", "skipped", "ambiguous", "unmatched"];
    let counts = known.into_iter().map(|k| (k, plan["counts"][k].as_u64().unwrap())).filter(|(_, n)| *n > 0).collect();
    let mut reasons = BTreeMap::new();
    for row in plan["rows"].as_array().unwrap() {
        if row["situation"] == "blocked" {
            *reasons.entry(row["reason"].as_str().unwrap().to_owned()).or_default() += 1;
            assert_eq!(row["action"], "none", "{row}");
            assert!(row["would_be"].is_string(), "{row}");
        }
    }
    (cause, counts, reasons)
}

fn reasons(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect()
}

#[test]
fn every_cause_of_an_incomplete_source_blocks_exactly_whom_it_should() {
    type Answer = fn(&Request) -> Reply;
    let in_doubt = source_in_doubt();
    let cases: [(Cause, Answer, Answer, Answer, &str, Counts); 11] = [
        (Cause::SizeLimit, |r| Reply::Send([everybody(r.id), done(r.id, 4, "")].concat()), nobody, no_group, "", in_doubt.clone()),
        (Cause::TimeLimit, |r| Reply::Send([everybody(r.id), done(r.id, 3, "")].concat()), nobody, no_group, "", in_doubt.clone()),
        (Cause::ServerRefused, |r| Reply::Send([everybody(r.id), done(r.id, 51, "")].concat()), nobody, no_group, "", in_doubt.clone()),
        (Cause::ConnectionLost, |r| Reply::SendAndClose(everybody(r.id)), nobody, no_group, "", in_doubt.clone()),
        (
            Cause::Malformed,
            |r| Reply::Send([everybody(r.id), vec![0x30, 0x03, 0x02, 0x09, 0x01]].concat()),
            nobody,
            no_group,
            "",
            in_doubt.clone(),
        ),
        (
            Cause::Reference,
            |r| Reply::Send([everybody(r.id), reference(r.id, "ldap://b/ou=far,dc=x"), page_done(r.id, b"")].concat()),
            nobody,
            no_group,
            "",
            in_doubt.clone(),
        ),
        (
            Cause::IdMissing,
            |r| Reply::Send([everybody(r.id), person(r.id, ("noid", "A", "", false)), page_done(r.id, b"")].concat()),
            nobody,
            no_group,
            "",
            in_doubt.clone(),
        ),
        (
            Cause::IdsRepeated,
            |r| Reply::Send([everybody(r.id), person(r.id, PEOPLE[0]), page_done(r.id, b"")].concat()),
            nobody,
            no_group,
            "",
            in_doubt.clone(),
        ),
        (
            Cause::RangeUnfinished,
            |r| {
                let ranged =
                    entry(r.id, b"cn=ranged,dc=x", &[("givenName;range=0-0", &[b"A"]), ("entryUUID", &[b"id-sync"]), ("uid", &[b"sync"])]);
                let others: Vec<u8> = PEOPLE[1..].iter().flat_map(|p| person(r.id, *p)).collect();
                Reply::Send([others, ranged, page_done(r.id, b"")].concat())
            },
            nobody,
            no_group,
            "",
            // Somebody of whom a part is missing is nobody yet: the account is blocked instead.
            counts(&[("blocked", 9), ("changed", 1), ("skipped", 1), ("ambiguous", 2), ("invalid", 1), ("held", 1)]),
        ),
        (
            Cause::MovedDuringRead,
            all_of_them,
            // Looked up by its id, the one who was not in the read is in scope after all.
            |r| Reply::Send([person(r.id, ("gone", "A", "id-gone", false)), page_done(r.id, b"")].concat()),
            no_group,
            "",
            in_doubt.clone(),
        ),
        (
            Cause::GroupUnread,
            all_of_them,
            nobody,
            |r| {
                // It is there when it is asked for, and its members cannot be read.
                if r.contains("member") { Reply::Send(done(r.id, 51, "")) } else { Reply::Send(crate::fake_ldap::known(r, true)) }
            },
            "group_dn = \"cn=g,dc=x\"",
            source_unread(),
        ),
    ];
    let runtime = runtime();
    let service = runtime.block_on(Service::start(accounts(), Faults::default())).unwrap();
    for (cause, people, look_up, group, location, wanted) in cases {
        let url = directory(people, look_up, group);
        let (code, counts, because) = told(&desk(&url, location, &service), "source");
        assert_eq!((code.as_str(), &counts), (cause.code(), &wanted), "{cause:?}");
        assert_eq!(because, reasons(&[("source_incomplete", wanted["blocked"])]), "{cause:?}");
    }
}

#[test]
fn every_cause_of_an_incomplete_target_blocks_exactly_whom_it_should() {
    let capped = Faults { page_cap: Some(3), ..Faults::default() };
    let runtime = runtime();
    let url = directory(all_of_them, nobody, no_group);
    for (cause, faults) in [
        (Cause::PageMissing, Faults { total_off_by: 3, fail_from: Some((10, 404)), ..capped.clone() }),
        (Cause::TotalNotReached, Faults { total_off_by: 3, ..capped.clone() }),
        (Cause::NoProgress, Faults { total_off_by: 3, repeat_past_end: true, ..capped.clone() }),
        (Cause::IdsRepeated, Faults { total_shrinks: true, ..capped.clone() }),
    ] {
        let service = runtime.block_on(Service::start(accounts(), faults)).unwrap();
        let (code, counts, because) = told(&desk(&url, "", &service), "target");
        assert_eq!((code.as_str(), counts), (cause.code(), target_in_doubt()), "{cause:?}");
        assert_eq!(because, reasons(&[("target_incomplete", 6)]), "{cause:?}");
    }
}

/// A refused page in the middle, in every shape that services give an error: the cause, who is blocked, and the service's words.
#[test]
fn every_error_envelope_of_a_page_is_told_in_its_words_and_blocks_whom_it_should() {
    let runtime = runtime();
    let url = directory(all_of_them, nobody, no_group);
    for (envelope, version_1, told) in [
        (Envelope::Dialect, false, "HTTP 403: something is broken here"),
        (Envelope::Dialect, true, "HTTP 403: something is broken here"),
        (Envelope::Graph, false, "HTTP 403: something is broken here"),
        (Envelope::Plain, false, "HTTP 403: something is broken here"),
        (Envelope::Html, false, "HTTP 403: a web page (something is broken here)"),
        (Envelope::Text, false, "HTTP 403: something is broken here"),
        (Envelope::Empty, false, "HTTP 403: an empty answer"),
    ] {
        // Everybody was sent, and then a page is missing.
        let faults = Faults { page_cap: Some(3), total_off_by: 3, fail_from: Some((10, 403)), envelope, version_1, ..Faults::default() };
        let service = runtime.block_on(Service::start(accounts(), faults)).unwrap();
        let desk = desk(&url, "", &service);
        if version_1 {
            let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
            desk.write("rosterm.toml", &config.replace("\"scim2\"", "\"scim1\""));
        }
        let (code, counts, because) = self::told(&desk, "target");
        assert_eq!((code.as_str(), counts), ("page_missing", target_in_doubt()), "{envelope:?}");
        assert_eq!(because, reasons(&[("target_incomplete", 6)]), "{envelope:?}");
        let (_, out, _) = desk.rosterm(&["plan"]);
        assert!(out.contains(&format!("accounts from number 10 on: {told}")), "{envelope:?}: {out}");
    }
}

#[test]
fn what_is_read_completely_blocks_nobody_and_a_failed_look_up_only_whom_it_is_about() {
    let runtime = runtime();
    let service = runtime.block_on(Service::start(accounts(), Faults::default())).unwrap();
    let url = directory(all_of_them, nobody, no_group);
    assert_eq!(told(&desk(&url, "", &service), "source"), ("complete".into(), complete(), BTreeMap::new()));

    // The one who is gone can't be looked up, then the account that is gone can't be.
    let mut wanted = complete();
    wanted.insert("leaving", 1);
    wanted.insert("blocked", 1);
    let url = directory(all_of_them, |r| Reply::Send(done(r.id, 50, "")), no_group);
    assert_eq!(told(&desk(&url, "", &service), "source"), ("complete".into(), wanted, reasons(&[("lookup_failed", 1)])));
    let mut wanted = complete();
    wanted.insert("new", 1);
    wanted.insert("blocked", 1);
    let refusing = runtime.block_on(Service::start(accounts(), Faults { lookup_status: Some(403), ..Faults::default() })).unwrap();
    let url = directory(all_of_them, nobody, no_group);
    assert_eq!(told(&desk(&url, "", &refusing), "source"), ("complete".into(), wanted, reasons(&[("lookup_failed", 1)])));

    // Nobody is in scope: nobody is removed.
    let url = directory(nobody, nobody, no_group);
    let wanted = counts(&[("blocked", 5), ("held", 1), ("unmatched", 3)]);
    assert_eq!(told(&desk(&url, "", &service), "source"), ("complete".into(), wanted, reasons(&[("source_empty", 5)])));
}

/// Every reason is provoked somewhere: by the worlds, by the tests above, or as a line of the table.
#[test]
fn every_reason_is_provoked() {
    let mut provoked: BTreeSet<&str> = BTreeSet::new();
    for seed in 1..=3 {
        let made = rosterm::demo::world::make(crate::support::plan(1_000, seed));
        provoked.extend(made.truth.iter().filter_map(|t| t.reason).map(rosterm::model::Reason::code));
    }
    provoked.extend(["source_incomplete", "target_incomplete", "lookup_failed", "source_empty"]);
    let all: BTreeSet<&str> = rosterm::model::Reason::ALL.iter().map(|r| r.code()).collect();
    let missing: Vec<_> = all.difference(&provoked).collect();
    // Pending is what everybody is while a read streams; here every question is answered before a row is shown.
    assert_eq!(missing, [&"lookup_pending"]);
}
