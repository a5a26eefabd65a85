//! What is told of a plan as a whole, above its rows.

use crate::commands::Desk;
use crate::support::runtime;
use rosterm::demo::service::{Faults, Hiding, Service};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::{Journal, Mode};
use rosterm::model::{Hold, HoldOn, Link, LinkOrigin};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// So many people, p0, p1 …, none of whom is disabled or has a department.
fn people(n: usize) -> String {
    let mut ldif = "dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\n".to_owned();
    for i in 0..n {
        write!(
            ldif,
            "dn: uid=p{i},dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: p{i}\nsn: Lee\nmail: p{i}@example.com\nentryUUID: e{i}\n\n"
        )
        .unwrap();
    }
    ldif
}

fn account(id: &str, name: &str, mail: &str, active: bool) -> Value {
    json!({"id": id, "userName": name, "active": active, "name": {"familyName": "Lee"}, "emails": [{"value": mail, "type": "work"}]})
}

fn with(accounts: Vec<Value>, faults: Faults, connector: &str, mapping: &str, test: impl FnOnce(&Desk, &Service)) {
    let runtime = runtime();
    let service = runtime.block_on(Service::start(accounts, faults)).unwrap();
    let desk = Desk::new();
    desk.write("people.ldif", &people(12));
    desk.write(
        "hiding.toml",
        &include_str!("../../assets/connectors/scim2.toml").replace("lists_inactive = true", "lists_inactive = false"),
    );
    desk.write(
        "rosterm.toml",
        &format!(
            "[channels.test.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n[channels.test.source.location]\nbase_dn = \"dc=example,dc=test\"\n\
             [channels.test.target]\nconnector = \"{connector}\"\nbase_url = \"{}\"\nauth = \"none\"\n\
             [channels.test.mapping]\nuserName = \"uid\"\nfamilyName = \"sn\"\nemail = \"mail\"\n{mapping}",
            service.base_url()
        ),
    );
    test(&desk, &service);
}

fn plan(desk: &Desk) -> Value {
    let (_, out, talk) = desk.rosterm(&["plan", "--all", "--format", "json"]);
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e} {out} {talk}"))
}

fn row<'p>(plan: &'p Value, name: &str) -> &'p Value {
    plan["rows"].as_array().unwrap().iter().find(|r| r["user_name"] == name).unwrap_or_else(|| panic!("no row of {name}"))
}

#[test]
fn attributes_that_nobody_shows_are_told() {
    let department = "department = { value = \"departmnt\", default = \"Unassigned\" }\n";
    with(vec![account("a1", "p1", "p1@example.com", true)], Faults::default(), "scim2", department, |desk, _| {
        let (_, out, _) = desk.rosterm(&["plan"]);
        let nobody = "Note: Nobody in scope shows the attribute departmnt, which the mapping uses for department: is it misspelt";
        let status = "Note: Nobody in scope shows pwdAccountLockedTime, which marks disabled people, so everybody counts as enabled.";
        assert!(out.contains(nobody) && out.contains(status), "{out}");
        assert!(!out.contains("attribute sn") && !out.contains("attribute mail"), "{out}");
        let (_, page, _) = desk.rosterm(&["plan", "--format", "html"]);
        assert!(page.contains("departmnt") && page.contains("marks disabled people"));
    });
}

#[test]
fn somebody_new_with_the_address_of_an_account_is_told_with_that_account() {
    let accounts = vec![account("a1", "p1", "p1@example.com", true), account("a2", "other.name", "P2@example.com", true)];
    with(accounts, Faults::default(), "scim2", "", |desk, _| {
        let (_, out, _) = desk.rosterm(&["plan"]);
        let note = "Note: 1 person who is new has the e-mail address of an account with another user name: p2 and account a2 (other.name).";
        assert!(out.contains(note), "{out}");
        let plan = plan(desk);
        assert_eq!(row(&plan, "p2")["candidates"], json!([{"kind": "account", "id": "a2", "name": "other.name"}]));
        assert_eq!(row(&plan, "p3")["candidates"], json!([]));
        assert_eq!(row(&plan, "p2")["situation"], "new");
    });
}

#[test]
fn a_hold_and_a_protection_count_for_accounts_that_the_listing_hides() {
    let hides = Some(Hiding { shown_by_id: false, shown_by_filter: false });
    let accounts: Vec<Value> = (1..=3).map(|i| account(&format!("a{i}"), &format!("p{i}"), &format!("p{i}@example.com"), false)).collect();
    let policy = "[channels.test.policy]\nprotect = [\"was-p3\"]\n";
    with(accounts, Faults { hides_inactive: hides, ..Faults::default() }, "hiding.toml", policy, |desk, service| {
        let mut journal = Journal::open(&desk.path("state.db"), Mode::Write).unwrap();
        let link = |i: usize| Link {
            entry: EntryId::new(format!("e{i}")),
            account: AccountId::new(format!("a{i}")),
            channel: "test".into(),
            origin: LinkOrigin::Created,
            since: crate::support::NOW,
            remembered: vec![format!("was-p{i}")],
            last_active: false,
        };
        journal.add_links(service.base_url(), &[link(1), link(2), link(3)]).unwrap();
        let hold = Hold { reason: "asked for".into(), author: "op".into(), since: crate::support::NOW, until: None };
        journal.set_hold(service.base_url(), &HoldOn::Account(AccountId::new("a2")), &hold).unwrap();
        drop(journal);
        let plan = plan(desk);
        let told = |name: &str| {
            let row = row(&plan, name);
            (row["situation"].as_str().unwrap().to_owned(), row["action"].as_str().unwrap().to_owned())
        };
        assert_eq!(told("p1"), ("returning".into(), "enable".into()));
        assert_eq!(told("p2"), ("held".into(), "none".into()));
        assert_eq!(told("p3"), ("returning".into(), "none".into()));
        assert_eq!(row(&plan, "p3")["problems"][0]["code"], "protected");
        // Of a hidden account no value is known: only that it is made active again is proposed.
        assert_eq!(row(&plan, "p1")["changes"], json!([{"field": "active", "from": false, "to": true}]));
    });
}

#[test]
fn an_item_without_id_blocks_whoever_may_be_it_and_is_told_without_its_values() {
    use rosterm::demo::service::Filtering;
    let accounts = vec![account("a1", "p1", "p1@example.com", true), account("a2", "p2", "p2@example.com", true)];
    let faults = Faults { without_id: &["a2"], filtering: Filtering::Blind, ..Faults::default() };
    with(accounts, faults, "scim2", "", |desk, _| {
        let plan = plan(desk);
        assert_eq!(plan["target"]["complete"], true, "{}", plan["target"]);
        let p2 = row(&plan, "p2");
        assert_eq!((&p2["situation"], &p2["reason"]), (&json!("blocked"), &json!("lookup_failed")));
        assert_eq!(p2["problems"][0]["message"], "the listing has an account of this name without id");
        assert_eq!((&row(&plan, "p1")["situation"], &row(&plan, "p3")["situation"]), (&json!("in_sync"), &json!("new")));
        let (_, out, _) = desk.rosterm(&["plan"]);
        assert!(out.contains("Note: 1 item of the listing has no id") && out.contains("For one: \"p2\""), "{out}");
    });
}

#[test]
fn who_would_be_new_is_looked_up_by_what_people_are_matched_by() {
    // Hidden, and under another user name: only the address tells whose it is.
    let accounts = vec![account("a1", "old.name", "P1@example.com", false)];
    let hides = Some(Hiding { shown_by_id: true, shown_by_filter: true });
    let by_mail = "hiding.toml\"\nmatch = \"email";
    let filtering_by = |desk: &Desk, attributes: &str| {
        let text = std::fs::read_to_string(desk.path("hiding.toml")).unwrap();
        let line = text.lines().find(|l| l.starts_with("filter = ")).expect("the connector says what can be filtered by");
        desk.write("hiding.toml", &text.replace(line, &format!("filter = [{attributes}]")));
    };
    with(accounts.clone(), Faults { hides_inactive: hides, ..Faults::default() }, by_mail, "", |desk, _| {
        filtering_by(desk, "\"userName\", \"emails.value\"");
        let plan = plan(desk);
        let p1 = row(&plan, "p1");
        assert_eq!((&p1["situation"], &p1["account"]["id"]), (&json!("returning"), &json!("a1")), "{p1}");
        assert_eq!(row(&plan, "p2")["situation"], "new");
    });
    // Where that can't be asked, nobody is called new.
    with(accounts, Faults { hides_inactive: hides, ..Faults::default() }, by_mail, "", |desk, _| {
        filtering_by(desk, "\"userName\", \"externalId\"");
        let plan = plan(desk);
        assert_eq!((plan["counts"]["new"].as_u64(), plan["counts"]["blocked"].as_u64()), (Some(0), Some(12)), "{}", plan["counts"]);
        let told = row(&plan, "p1")["problems"][0]["message"].as_str().unwrap().to_owned();
        assert_eq!(told, "the service cannot look accounts up by emails.value");
    });
}

#[test]
fn a_manager_is_not_taken_from_a_link_that_its_account_contradicts() {
    let accounts: Vec<Value> = (1..=3)
        .map(|i| {
            let mut account = account(&format!("a{i}"), &format!("p{i}"), &format!("p{i}@example.com"), true);
            account["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = json!({"manager": {"value": "a9"}});
            account
        })
        .chain([account("a5", "a-stranger", "stranger@example.net", true)])
        .collect();
    with(accounts, Faults::default(), "scim2", "manager = \"manager\"\n", |desk, service| {
        // p1 reports to p3, whose account is theirs; p2 to p5, whose linked account shows somebody else.
        let ldif = people(12).replace("uid: p1\n", "uid: p1\nmanager: uid=p3,dc=example,dc=test\n");
        desk.write("people.ldif", &ldif.replace("uid: p2\n", "uid: p2\nmanager: UID=p5, dc=Example,dc=test\n"));
        let mut journal = Journal::open(&desk.path("state.db"), Mode::Write).unwrap();
        let link = Link {
            entry: EntryId::new("e5"),
            account: AccountId::new("a5"),
            channel: "test".into(),
            origin: LinkOrigin::Created,
            since: crate::support::NOW,
            remembered: vec!["p5".into()],
            last_active: true,
        };
        journal.add_links(service.base_url(), &[link]).unwrap();
        drop(journal);
        let plan = plan(desk);
        assert_eq!(row(&plan, "p5")["reason"], "link_suspect");
        assert_eq!(row(&plan, "p1")["changes"], json!([{"field": "manager", "from": "a9", "to": "a3"}]));
        let p2 = row(&plan, "p2");
        assert_eq!((&p2["changes"], &p2["problems"][0]["code"]), (&json!([]), &json!("unresolved")), "{p2}");
        let told = p2["problems"][0]["message"].as_str().unwrap();
        assert!(told.ends_with("is linked to an account that looks like someone else's"), "{told}");
    });
}
