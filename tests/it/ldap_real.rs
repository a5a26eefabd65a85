//! A real OpenLDAP as the source: `tests/lab/lab slapd`, one server a test.

use super::fake_ldap::{NOW, configured, read};
use super::lab::Server;
use base64::Engine as _;
use rosterm::identity::EntryId;
use rosterm::identity::population::{Population, Schema};
use rosterm::identity::{AttributeName, dn::DnKey};
use rosterm::model::{EntryEvidence, Verdicts};
use rosterm::source::{Amount, Part, Source};
use std::fmt::Write as _;
use std::process::Command;
use tokio::sync::mpsc;

const PEOPLE: &str = "ou=people,dc=example,dc=test";

impl Server {
    async fn open(&self, who: &str, location: &str) -> Source {
        let source = self.source(&self.text("ldap"), who);
        Source::open(&configured(&source, location, ""), NOW).await.map_err(|e| e.to_string()).unwrap()
    }

    async fn refused(&self, source: &str, location: &str) -> String {
        Source::open(&configured(source, location, ""), NOW).await.map(|_| ()).unwrap_err().to_string()
    }
}

fn uuid(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// A person; `rdn` as LDIF wants it.
fn person(n: usize, rdn: &str, more: &str) -> String {
    format!("dn: {rdn},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: c{n}\nsn: s{n}\nuid: u{n}\nentryUUID: {}\n{more}\n", uuid(n))
}

fn group(cn: &str, members: &[&str]) -> String {
    let mut text = format!("dn: cn={cn},ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: {cn}\n");
    for member in members {
        writeln!(text, "member: {member}").unwrap();
    }
    text + "\n"
}

fn folders() -> String {
    let mut text = String::new();
    for ou in ["people", "groups", "leavers"] {
        writeln!(text, "dn: ou={ou},dc=example,dc=test\nobjectClass: organizationalUnit\nou: {ou}\n").unwrap();
    }
    text
}

/// Four people with awkward names, one locked, one locked for a while; groups in a circle with somebody who is gone.
fn small() -> String {
    [
        "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n".to_owned(),
        folders(),
        person(1, "uid=u1", "mail: a@x.test\nmail: b@x.test\njpegPhoto:: /9j/\ngivenName: Ann\n"),
        person(2, "uid=u2", "pwdAccountLockedTime: 000001010000Z\n"),
        person(3, r"cn=c3+uid=u3", "pwdAccountLockedTime: 20260101000000Z\n"),
        person(4, r"cn=Lee\, \22Ann\22 \+ \#1", "cn: Lee, \"Ann\" + #1\n"),
        // dn: cn=Żaneta Müller \3D 明
        {
            let rdn = "cn=Żaneta Müller \\3D 明";
            let dn = format!("{rdn},{PEOPLE}");
            let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
            format!(
                "dn:: {}\nobjectClass: inetOrgPerson\ncn:: {}\nsn: s5\nuid: u5\nentryUUID: {}\n\n",
                encode(&dn),
                encode("Żaneta Müller = 明"),
                uuid(5)
            )
        },
        format!(
            "dn: uid=u6,ou=leavers,dc=example,dc=test\nobjectClass: inetOrgPerson\ncn: c6\nsn: s6\nuid: u6\nentryUUID: {}\n\n",
            uuid(6)
        ),
        group("direct", &["UID=U1, OU=People,dc=example,dc=test", &format!(r"cn=Lee\2C \22Ann\22 \2B \231,{PEOPLE}")]),
        group("outer", &[&format!("uid=u1,{PEOPLE}"), "cn=inner,ou=groups,dc=example,dc=test"]),
        group("inner", &[&format!("uid=u2,{PEOPLE}"), "cn=outer,ou=groups,dc=example,dc=test", &format!("uid=gone,{PEOPLE}")]),
    ]
    .concat()
}

fn location(more: &str) -> String {
    format!("base_dn = \"{PEOPLE}\"\n{more}")
}

fn ids(people: &Population) -> Vec<String> {
    let mut ids: Vec<String> = people.rows().map(|r| people.row(r).id().trim_start_matches(&uuid(0)[..35]).to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn the_same_people_come_over_every_kind_of_connection() {
    let lab = Server::slapd(&small());
    let ca = format!("ca_file = \"{}\"\n", lab.text("ca_file"));
    let mut kinds = vec![
        (lab.text("ldap"), String::new()),
        (lab.text("ldaps"), ca.clone()),
        (lab.text("ldap"), format!("{ca}start_tls = true\n")),
        (lab.text("ldaps").replace("127.0.0.1", "localhost"), ca.clone()),
    ];
    if !lab.text("ldap6").is_empty() {
        kinds.push((lab.text("ldap6"), String::new()));
        kinds.push((lab.text("ldaps6"), ca.clone()));
    }
    for (url, tls) in kinds {
        let config = configured(&format!("{}{tls}", lab.source(&url, "reader")), &location(""), "");
        let mut source = Source::open(&config, NOW).await.map_err(|e| format!("{url}: {e}")).unwrap();
        assert_eq!(source.facts().settings.vendor, "openldap");
        assert_eq!(source.facts().naming_context, "dc=example,dc=test");
        let got = read(&mut source, &["uid"]).await;
        assert_eq!((got.told().as_str(), ids(&got.people)), ("complete", ["1", "2", "3", "4", "5"].map(String::from).to_vec()), "{url}");
    }

    let wrong_ca = format!("ca_file = \"{}\"\n", lab.text("other_ca_file"));
    for (url, more) in [(lab.text("ldaps"), ""), (lab.text("ldap"), "start_tls = true\n")] {
        let error = lab.refused(&format!("{}{wrong_ca}{more}", lab.source(&url, "reader")), &location("")).await;
        assert!(error.starts_with(&format!("{url}: TLS: invalid peer certificate: UnknownIssuer")), "{error}");
        assert!(error.contains("hint: the certificate is not signed by an authority that is trusted here"), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn what_is_wrong_with_account_base_filter_or_group_is_told_where_it_is_written() {
    let lab = Server::slapd(&small());
    let url = lab.text("ldap");
    let reader = lab.source(&url, "reader");
    let wrong = reader.replace("cn=reader", "cn=limited");
    for (source, location, told) in [
        (&wrong, location(""), vec!["cannot bind as cn=limited,ou=system,dc=example,dc=test: result 49 (invalid credentials)"]),
        (
            &reader,
            "base_dn = \"ou=nobody,ou=people,dc=example,dc=test\"".to_owned(),
            vec![
                "/tmp/rosterm.toml:",
                "the base ou=nobody,ou=people,dc=example,dc=test does not exist",
                "the nearest that exists is ou=people,dc=example,dc=test",
                "^^^^",
            ],
        ),
        (&reader, "base_dn = \"dc=other\"".to_owned(), vec!["the base dc=other does not exist"]),
        (&reader, location("filter = \"(uid=*\""), vec!["/tmp/rosterm.toml:", "this parenthesis is not closed", "^"]),
        (
            &reader,
            location("group_dn = \"cn=nobody,ou=groups,dc=example,dc=test\""),
            vec!["/tmp/rosterm.toml:", "the group cn=nobody,ou=groups,dc=example,dc=test does not exist"],
        ),
        (&reader, location(&format!("group_dn = \"uid=u1,{PEOPLE}\"")), vec!["is not a group: none of its attributes names members"]),
        (&lab.source(&url, "stranger"), location(""), vec!["does not exist", "whether bind_dn may see it"]),
    ] {
        let error = lab.refused(source, &location).await;
        for part in told {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    // A success that shows nobody is a success: what follows from an empty source is for the plan to say.
    let got = read(&mut lab.open("blind", &location("")).await, &["uid"]).await;
    assert_eq!((got.told().as_str(), got.people.len()), ("complete", 0));
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn entries_are_read_as_they_are_and_only_lasting_locks_disable() {
    let lab = Server::slapd(&small());
    let mut source = lab.open("reader", &location("")).await;
    let got = read(&mut source, &["UID", "mail", "jpegPhoto", "entryUUID", "cn"]).await;
    let row = |n: usize| got.people.row(got.people.by_id(&uuid(n)).unwrap());
    assert_eq!(row(1).all(1).collect::<Vec<_>>(), ["a@x.test", "b@x.test"]);
    assert_eq!((row(1).first(0), row(1).first(2), row(1).first(3)), (Some("u1"), Some("/9j/"), Some(uuid(1).as_str())));
    assert_eq!([1, 2, 3, 4, 5].map(|n| row(n).is_off()), [false, true, false, false, false]);
    assert_eq!(DnKey::of(row(4).name()), DnKey::of(&format!(r#"cn="Lee, \"Ann\" + #1",{PEOPLE}"#)));
    assert_eq!(DnKey::of(row(5).name()), DnKey::of(&format!("CN=żaneta müller \\= 明,{PEOPLE}")));
    assert_eq!(row(5).all(4).collect::<Vec<_>>(), ["Żaneta Müller = 明"]);
    let one = read(&mut lab.open("reader", "base_dn = \"dc=example,dc=test\"\nscope = \"one\"").await, &["uid"]).await;
    assert_eq!((one.told().as_str(), one.people.len()), ("complete", 0));
    let some = read(&mut lab.open("reader", &location("filter = \"( | (uid=u1) (cn=Lee, \\\"Ann\\\"*) )\"")).await, &["uid"]).await;
    assert_eq!(ids(&some.people), ["1", "4"]);
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn members_are_found_directly_and_through_groups_in_a_circle() {
    let lab = Server::slapd(&small());
    for (cn, nested, wanted) in
        [("direct", false, vec!["1", "4"]), ("outer", false, vec!["1"]), ("outer", true, vec!["1", "2"]), ("inner", true, vec!["1", "2"])]
    {
        let within = location(&format!("group_dn = \"CN={cn}, ou=groups,dc=example,dc=test\"\nnested_groups = {nested}"));
        let got = read(&mut lab.open("reader", &within).await, &["uid"]).await;
        assert_eq!((got.told().as_str(), ids(&got.people)), ("complete", wanted.into_iter().map(String::from).collect()), "{cn} {nested}");
    }
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn each_part_of_a_location_is_counted_by_itself_and_a_dead_server_is_told() {
    let lab = Server::slapd(&small());
    let outer = "group_dn = \"cn=outer,ou=groups,dc=example,dc=test\"\nnested_groups = true\nfilter = \"(uid=u*)\"";
    let mut source = lab.open("reader", &location(outer)).await;
    let all = |n| Ok(Amount { n, is_all: true });
    // The folder itself lies under the base; the group names two who exist, and one who does not.
    assert_eq!(source.count(Part::Base).await, all(6));
    assert_eq!(source.count(Part::Filter).await, all(5));
    assert_eq!(source.count(Part::Group).await, all(3));
    // Counting disturbs no reading, and the other way round.
    assert_eq!(ids(&read(&mut source, &[]).await.people).len(), 2);
    assert_eq!(source.count(Part::Base).await, all(6));
    drop(lab);
    assert!(source.count(Part::Filter).await.is_err());
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn a_limit_or_a_dead_server_makes_the_read_incomplete() {
    let long = "x".repeat(2000);
    let many: String = (1..=2000).map(|n| person(n, &format!("uid=u{n}"), &format!("description: {long}\n"))).collect();
    let lab = Server::slapd(&format!("{}{many}", small().split("dn: uid=u1").next().unwrap()));
    let mut limited = lab.open("limited", &location("")).await;
    let got = read(&mut limited, &["uid"]).await;
    assert!(got.told().starts_with("size_limit: result 4 (size limit exceeded)"), "{}", got.told());
    assert!(got.people.len() <= 50);
    let known = limited.find(&[EntryId::new(uuid(7))]).await;
    assert!(matches!(&known[0].1, EntryEvidence::Found { dn, .. } if dn.starts_with("uid=u7,")), "the connection goes on: {known:?}");

    let mut source = lab.open("reader", &location("")).await;
    let whole = read(&mut source, &["uid", "description"]).await;
    assert_eq!((whole.told().as_str(), whole.people.len()), ("complete", 2000));
    let schema = Schema::new(["uid", "description"].map(AttributeName::new));
    let (send, mut receive) = mpsc::channel(1);
    let reading = tokio::spawn(async move {
        let end = source.read(&schema, send).await;
        (end, source)
    });
    let first = receive.recv().await.unwrap();
    assert!(!first.is_empty());
    let slapd = lab.told["pid"].as_u64().unwrap();
    assert!(Command::new("kill").args(["-9", &slapd.to_string()]).status().unwrap().success());
    let mut rows = first.len();
    while let Some(batch) = receive.recv().await {
        rows += batch.len();
    }
    let (end, mut source) = reading.await.unwrap();
    let cause = end.cause().expect("incomplete");
    assert_eq!(cause.cause.code(), "connection_lost", "{}", cause.detail);
    assert!(rows < 2000, "{rows}");
    let unknown = source.find(&[EntryId::new(uuid(7))]).await;
    assert!(matches!(&unknown[0].1, EntryEvidence::Unknown { cause } if cause.starts_with(&lab.text("ldap"))), "{unknown:?}");
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn a_look_up_tells_where_an_entry_is_and_which_clauses_it_meets() {
    let lab = Server::slapd(&small());
    let within = location("filter = \"(!(uid=u5))\"\ngroup_dn = \"cn=outer,ou=groups,dc=example,dc=test\"\nnested_groups = true");
    let mut source = lab.open("reader", &within).await;
    let asked: Vec<EntryId> = [1, 2, 4, 5, 6, 7].map(|n| EntryId::new(uuid(n))).into_iter().chain([EntryId::new("*)(uid=*")]).collect();
    let told = source.find(&asked).await;
    assert_eq!(told.iter().map(|t| &t.0).collect::<Vec<_>>(), asked.iter().collect::<Vec<_>>());
    let verdicts = |base, filter, group| Verdicts { base: Some(base), filter: Some(filter), group: Some(group) };
    for ((_, evidence), wanted) in told.iter().zip([
        Some((false, verdicts(true, true, true))),
        Some((true, verdicts(true, true, true))),
        Some((false, verdicts(true, true, false))),
        Some((false, verdicts(true, false, false))),
        Some((false, verdicts(false, true, false))),
        None,
        None,
    ]) {
        match (evidence, wanted) {
            (EntryEvidence::Found { disabled, verdicts, .. }, Some(wanted)) => assert_eq!((*disabled, *verdicts), wanted, "{evidence:?}"),
            (EntryEvidence::NotFound { base }, None) => assert_eq!(base, "dc=example,dc=test"),
            _ => panic!("{evidence:?}"),
        }
    }
    let many: Vec<EntryId> = (0..250).map(|n| EntryId::new(uuid(n))).collect();
    let told = source.find(&many).await;
    assert_eq!(told.len(), 250);
    assert_eq!(told.iter().filter(|t| matches!(t.1, EntryEvidence::Found { .. })).count(), 6);
    let config = configured(&lab.source(&lab.text("ldap"), "reader"), &within, "lookup_base = \"ou=nowhere,dc=example,dc=test\"");
    let told = Source::open(&config, NOW).await.unwrap().find(&asked[..1]).await;
    assert!(matches!(&told[0].1, EntryEvidence::Unknown { cause } if cause.contains("result 32 (no such object)")), "{told:?}");
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn somebody_is_found_by_name_and_one_entry_tells_clauses_and_what_status_rules_look_at() {
    use rosterm::engine::why;
    use rosterm::explain::Looked;
    let lab = Server::slapd(&small());
    let mut source = lab.open("reader", &location("")).await;
    for (name, ids) in [
        ("U1", vec![1]),
        ("a@X.test", vec![1]),
        ("c6", vec![6]),
        ("żaneta müller = 明", vec![5]),
        (r#"Lee, "Ann" + #1"#, vec![4]),
        ("u*", vec![]),
        ("x)(uid=*", vec![]),
        (r"\2a", vec![]),
        ("nobody", vec![]),
        ("UID=u6, ou=leavers,dc=example,dc=test", vec![6]),
        ("00000000-0000-4000-8000-000000000006", vec![6]),
    ] {
        let found: Vec<String> = why::find(&mut source, name).await.unwrap().into_iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(found, ids.into_iter().map(uuid).collect::<Vec<_>>(), "{name}");
    }
    for (n, base, disabled, value) in
        [(2, true, true, Some("000001010000Z")), (3, true, false, Some("20260101000000Z")), (6, false, false, None)]
    {
        let Looked::Answer(answer) = why::ask(&mut source, &EntryId::new(uuid(n)), NOW).await else { panic!("{n}") };
        let EntryEvidence::Found { disabled: is_disabled, verdicts, .. } = answer.evidence else { panic!("{n}") };
        assert_eq!((is_disabled, verdicts.base), (disabled, Some(base)), "{n}");
        assert_eq!(answer.values.first().map(|(_, v)| v.as_str()), value, "{n}");
        assert!(answer.changed.is_some(), "when it was changed: {n}");
    }
    let Looked::Answer(answer) = why::ask(&mut source, &EntryId::new(uuid(99)), NOW).await else { panic!() };
    assert!(matches!(answer.evidence, EntryEvidence::NotFound { .. }));
}
