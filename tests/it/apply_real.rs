//! Applying on real servers, as an operator does: everybody for the first time, then thirty different changes on both sides,
//! each of them told apart, approved, sent; and then there is nothing left to do.

use crate::commands::Desk;
use crate::lab::Server;
use crate::support::runtime;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

const PEOPLE: usize = 60;

pub fn dn(n: usize) -> String {
    format!("uid=p{n:02},ou=people,dc=example,dc=test")
}

pub fn name(n: usize) -> String {
    format!("p{n:02}@example.com")
}

fn entry(n: usize, more: &str) -> String {
    format!(
        "\ndn: {}\nobjectClass: inetOrgPerson\nuid: p{n:02}\ncn: Given{n} Family{n}\nsn: Family{n}\ngivenName: Given{n}\ntitle: Title {n}\nmail: {}\n{more}",
        dn(n),
        name(n)
    )
}

pub fn ldif() -> String {
    let mut text = "dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\ndn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,dc=example,dc=test\nobjectClass: organizationalUnit\nou: groups\n".to_owned();
    (0..PEOPLE).for_each(|n| text.push_str(&entry(n, "")));
    text.push_str("\ndn: cn=app,ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: app\n");
    (0..PEOPLE).for_each(|n| writeln!(text, "member: {}", dn(n)).unwrap());
    text
}

/// What happens in the directory meanwhile.
fn changes() -> String {
    let mut text = String::new();
    let group = "dn: cn=app,ou=groups,dc=example,dc=test\nchangetype: modify\n";
    let modify = |n: usize, what: &str| format!("\ndn: {}\nchangetype: modify\n{what}", dn(n));
    for n in 0..3 {
        write!(text, "\ndn: {}\nchangetype: delete\n", dn(n)).unwrap();
        write!(text, "\n{group}delete: member\nmember: {}\n", dn(n)).unwrap();
    }
    (3..6).for_each(|n| text.push_str(&modify(n, "add: employeeType\nemployeeType: inactive\n")));
    (6..9).for_each(|n| write!(text, "\n{group}delete: member\nmember: {}\n", dn(n)).unwrap());
    (9..14).for_each(|n| text.push_str(&modify(n, &format!("replace: title\ntitle: New title {n}\n"))));
    (14..17).for_each(|n| text.push_str(&modify(n, &format!("replace: mail\nmail: moved{n}@example.com\n"))));
    (17..20).for_each(|n| text.push_str(&modify(n, "delete: title\n")));
    // 60 to 64 are new, 65 is new and disabled, 66 is not in the group.
    for n in 60..67 {
        let more = if n == 65 { "employeeType: inactive\n" } else { "" };
        text.push_str(&entry(n, more).replacen("objectClass", "changetype: add\nobjectClass", 1));
        if n < 66 {
            write!(text, "\n{group}add: member\nmember: {}\n", dn(n)).unwrap();
        }
    }
    text
}

pub fn ldapmodify(directory: &Server, text: &str, desk: &Desk) {
    let file = desk.write("changes.ldif", text);
    let secret = desk.write("admin", directory.told["identities"]["admin"]["password"].as_str().unwrap());
    let output = Command::new("ldapmodify")
        .args(["-x", "-H", &directory.text("ldap"), "-D", directory.told["identities"]["admin"]["dn"].as_str().unwrap(), "-y"])
        .args([secret.as_os_str(), "-f".as_ref(), file.as_os_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub struct Case {
    pub profile: &'static str,
    pub knobs: &'static [(&'static str, &'static str)],
    /// A built-in connector, and what of it is otherwise with this server.
    pub connector: (&'static str, &'static str, &'static str),
    /// `userName` can't be changed once it is set.
    pub keeps_names: bool,
}

/// The service, seen past rosterm.
pub struct Outside<'s>(pub &'s Server);

impl Outside<'_> {
    fn ask(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        runtime().block_on(async {
            let request = reqwest::Client::new().request(method, format!("{}{path}", self.0.text("base")));
            let mut request = request.bearer_auth(self.0.text("token")).header("content-type", "application/scim+json");
            if let Some(body) = body {
                request = request.body(body.to_string());
            }
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
        })
    }

    pub fn account(&self, id: &str) -> Value {
        self.ask(reqwest::Method::GET, &format!("/Users/{id}"), None).1
    }

    /// Somebody else changes an account: PUT of all of it, which each of the servers can.
    fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut account = self.account(id);
        change(&mut account);
        account.as_object_mut().unwrap().remove("meta");
        let (status, told) = self.ask(reqwest::Method::PUT, &format!("/Users/{id}"), Some(&account));
        assert!(status < 300, "{status} {told}");
    }
}

/// The ids of the accounts that rosterm has linked, by the names that they had when they were last seen.
pub fn linked(desk: &Desk) -> BTreeMap<String, String> {
    let (code, out, talk) = desk.rosterm(&["state", "export"]);
    assert_eq!(code, 0, "{talk}");
    let mut by_name = BTreeMap::new();
    let mut take = |link: &Value| {
        let id = link["account"].as_str().unwrap().to_owned();
        for shown in link["remembered"].as_array().unwrap() {
            by_name.insert(shown.as_str().unwrap().to_lowercase(), id.clone());
        }
    };
    match serde_json::from_str::<Value>(&out) {
        Ok(document) => document["links"].as_array().unwrap().iter().for_each(&mut take),
        Err(e) => panic!("{e}: {out}"),
    }
    by_name
}

fn plan(desk: &Desk, expected: i32) -> Value {
    let (code, out, talk) = desk.rosterm(&["plan", "--all", "--format", "json", "--out", "plan.json"]);
    assert_eq!(code, expected, "{out}{talk}");
    serde_json::from_str(&out).unwrap()
}

pub fn configuration(case: &Case, directory: &Server, service: &Server, desk: &Desk, policy: &str) -> String {
    let token = desk.write("token", &service.text("token"));
    let (name, from, to) = case.connector;
    let text = std::fs::read_to_string(format!("{}/assets/connectors/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(text.contains(from), "{name}");
    desk.write("own.toml", &text.replace(from, to));
    format!(
        "format = 1\n[channels.test.source]\ntype = \"ldap\"\nca_file = \"{}\"\n{}\
         [channels.test.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\nfilter = \"(objectClass=inetOrgPerson)\"\ngroup_dn = \"cn=app,ou=groups,dc=example,dc=test\"\n\
         [channels.test.source.settings]\nstatus = {{ attribute = \"employeeType\", disabled_when = {{ equals = \"inactive\" }} }}\n\
         [channels.test.target]\nconnector = \"own.toml\"\nbase_url = \"{}\"\ntoken = {{ file = \"{}\" }}\n\
         [channels.test.mapping]\nuserName = \"mail\"\nemail = \"mail\"\ngivenName = \"givenName\"\nfamilyName = \"sn\"\ntitle = \"title\"\nexternalId = \"entry_id\"\n\
         [channels.test.policy]\n{policy}",
        directory.text("ca_file"),
        directory.source(&directory.text("ldaps"), "reader"),
        service.text("base"),
        token.display()
    )
}

fn situation_of(plan: &Value) -> BTreeMap<String, (String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let rows = plan["rows"].as_array().unwrap().iter();
    rows.map(|r| (text(&r["user_name"]), (text(&r["situation"]), text(&r["reason"]), text(&r["action"])))).collect()
}

/// The second plan, user by user.
fn expected() -> BTreeMap<String, (String, String, String)> {
    let mut rows = BTreeMap::new();
    let mut put = |n: usize, name: String, situation: &str, reason: &str, action: &str| {
        assert!(rows.insert(name, (situation.to_owned(), reason.to_owned(), action.to_owned())).is_none(), "{n}");
    };
    for n in 0..66 {
        let moved = || format!("moved{n}@example.com");
        match n {
            0..3 => put(n, name(n), "leaving", "deleted", "disable"),
            3..6 => put(n, name(n), "leaving", "disabled", "disable"),
            6..9 => put(n, name(n), "leaving", "out_of_scope", "disable"),
            9..14 | 17..23 => put(n, name(n), "changed", "", "update"),
            14..17 => put(n, moved(), "changed", "", "update"),
            23 | 24 => put(n, name(n), "returning", "", "enable"),
            25 => put(n, name(n), "new", "account_gone", "create"),
            60..65 => put(n, name(n), "new", "first_seen", "create"),
            65 => put(n, name(n), "skipped", "disabled", "none"),
            _ => put(n, name(n), "in_sync", "", "none"),
        }
    }
    rows
}

fn story(case: &Case) {
    let directory = Server::slapd(&ldif());
    let service = Server::scim_with(case.profile, case.knobs);
    let outside = Outside(&service);
    let desk = Desk::new();
    desk.write("rosterm.toml", &configuration(case, &directory, &service, &desk, "limits = { clear = \"10%\" }\n"));
    // Everybody for the first time.
    let (code, out, talk) = desk.rosterm(&["apply", "--yes", "--format", "json"]);
    assert_eq!(code, 0, "{}: {out}{talk}", case.profile);
    let first = plan(&desk, 0);
    assert_eq!(first["counts"]["in_sync"], PEOPLE, "{}: {}", case.profile, first["counts"]);

    // Thirty changes on both sides.
    ldapmodify(&directory, &changes(), &desk);
    let ids = linked(&desk);
    for n in 20..23 {
        outside.edit(&ids[&name(n)], |account| account["title"] = "By somebody else".into());
    }
    for n in 23..25 {
        outside.edit(&ids[&name(n)], |account| account["active"] = false.into());
    }
    if case.knobs.iter().all(|(knob, _)| *knob != "NO_DELETE") {
        assert!(outside.ask(reqwest::Method::DELETE, &format!("/Users/{}", ids[&name(25)]), None).0 < 300);
    }
    let second = plan(&desk, 3);
    assert_eq!(situation_of(&second), expected(), "{}", case.profile);

    // Whoever would lose access is approved by name, who comes back as a group; nobody else is touched.
    let leavers: Vec<String> = (0..9).flat_map(|n| ["--user".to_owned(), name(n)]).collect();
    let words: Vec<&str> = ["approve", "plan.json"].into_iter().chain(leavers.iter().map(String::as_str)).collect();
    assert_eq!(desk.rosterm(&words).0, 0);
    assert_eq!(desk.rosterm(&["approve", "plan.json", "--only", "returning"]).0, 0);
    let (code, _, talk) = desk.rosterm(&["apply", "plan.json"]);
    assert!(code == 4 && talk.contains("9 accounts would be disabled or deleted, the limit is 2"), "{}: {talk}", case.profile);
    let (code, out, talk) = desk.rosterm(&["apply", "plan.json", "--allow-deprovisions", "9", "--format", "json"]);
    assert_eq!(code, 0, "{}: {out}{talk}", case.profile);

    // The service, seen past rosterm.
    let ids = linked(&desk);
    for n in 0..9 {
        assert_eq!(outside.account(&ids[&name(n)])["active"], json!(false), "{} {n}", case.profile);
    }
    for n in (9..66).filter(|n| !(26..60).contains(n) && *n != 65) {
        let is_moved = (14..17).contains(&n);
        let account = outside.account(&ids[&if is_moved { format!("moved{n}@example.com") } else { name(n) }]);
        let title = match n {
            9..14 => json!(format!("New title {n}")),
            17..20 => Value::Null,
            _ => json!(format!("Title {n}")),
        };
        let shown = account.get("title").cloned().unwrap_or(Value::Null);
        assert_eq!((&account["active"], &shown), (&json!(true), &title), "{} {n}: {account}", case.profile);
        let user_name = if is_moved && !case.keeps_names { format!("moved{n}@example.com") } else { name(n) };
        assert_eq!(account["userName"], json!(user_name), "{} {n}", case.profile);
    }
    // Then there is nothing left to do, and everybody's story is told.
    let third = plan(&desk, 0);
    let counts = &third["counts"];
    let (invalid, in_sync) = if case.keeps_names { (3, 53) } else { (0, 56) };
    // Whoever is in neither listing any more has no row: an account that is hidden, of somebody who is gone.
    let hides = case.knobs.iter().any(|(knob, _)| *knob == "HIDE_INACTIVE");
    let left = if hides { 3 } else { 9 };
    assert_eq!((&counts["left"], &counts["in_sync"], &counts["invalid"]), (&json!(left), &json!(in_sync), &json!(invalid)), "{counts}");
    let reasons = situation_of(&third);
    for (n, reason) in [(1, "deleted"), (4, "disabled"), (7, "out_of_scope")].into_iter().filter(|(n, _)| !hides || *n == 4) {
        assert_eq!(reasons[&name(n)], ("left".to_owned(), reason.to_owned(), "none".to_owned()), "{}", case.profile);
    }
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn two_rounds_on_scim2_server() {
    story(&Case { profile: "full", knobs: &[], connector: ("scim2", "title", "title"), keeps_names: false });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn two_rounds_on_scim2_server_as_lucid() {
    story(&Case { profile: "lucid", knobs: &[], connector: ("lucidchart", "lag_seconds = 30", "lag_seconds = 1"), keeps_names: true });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn two_rounds_on_scim2_server_as_workplace() {
    // Its PUT replaces, and it has no PATCH: whole accounts are sent.
    let connector = ("workplace", "put = \"merges\"", "put = \"replaces\"");
    story(&Case { profile: "workplace", knobs: &[], connector, keeps_names: false });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn two_rounds_on_scimmy_that_caps_its_pages() {
    let knobs = &[("MAX_PAGE", "20")];
    story(&Case { profile: "scimmy", knobs, connector: ("scim2", "title", "title"), keeps_names: false });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn two_rounds_on_scimmy_that_hides_inactive_accounts() {
    let knobs = &[("HIDE_INACTIVE", "1"), ("MAX_PAGE", "25")];
    let connector = ("scim2", "lists_inactive = true", "lists_inactive = false");
    story(&Case { profile: "scimmy", knobs, connector, keeps_names: false });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_refused_delete_is_told_and_the_account_stays() {
    let case = Case { profile: "scimmy", knobs: &[("NO_DELETE", "1")], connector: ("scim2", "title", "title"), keeps_names: false };
    let directory = Server::slapd(&ldif());
    let service = Server::scim_with(case.profile, case.knobs);
    let desk = Desk::new();
    desk.write("rosterm.toml", &configuration(&case, &directory, &service, &desk, "remove_action = \"delete\"\n"));
    assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
    ldapmodify(&directory, &format!("dn: {}\nchangetype: delete\n", dn(0)), &desk);
    assert_eq!(situation_of(&plan(&desk, 3))[&name(0)], ("leaving".to_owned(), "deleted".to_owned(), "delete".to_owned()));
    assert_eq!(desk.rosterm(&["approve", "plan.json", "--user", &name(0)]).0, 0);
    let (code, out, talk) = desk.rosterm(&["apply", "plan.json"]);
    assert_eq!(code, 6, "{out}{talk}");
    assert!(
        talk.contains("DELETED") && talk.contains("cannot be undone") && out.contains("delete") && out.contains("failed"),
        "{out}{talk}"
    );
    let ids = linked(&desk);
    assert_eq!(Outside(&service).account(&ids[&name(0)])["active"], json!(true));
    let (code, out, _) = desk.rosterm(&["owed"]);
    assert!(code == 3 && out.contains(&name(0)), "{out}");
}
