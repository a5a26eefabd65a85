//! Membership on a real OpenLDAP: back links, uids, members elsewhere; and parts of the tree on another server.

use super::fake_ldap::{NOW, configured, read};
use super::lab::Server;
use rosterm::identity::EntryId;
use rosterm::model::{EntryEvidence, Identified};
use rosterm::source::Source;

const PEOPLE: &str = "ou=people,dc=example,dc=test";
const ROOT: &str = "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n";

fn uuid(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn ou(dn: &str) -> String {
    format!("dn: ou={dn},dc=example,dc=test\nobjectClass: organizationalUnit\nou: {}\n\n", dn.split(',').next().unwrap())
}

fn person(n: usize, folder: &str, more: &str) -> String {
    format!("dn: uid=u{n},{folder}\nobjectClass: inetOrgPerson\ncn: c{n}\nsn: s{n}\nuid: u{n}\nentryUUID: {}\n{more}\n", uuid(n))
}

fn group(cn: &str, lines: &str) -> String {
    format!("dn: cn={cn},ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: {cn}\n{lines}\n")
}

/// Groups whose lists and back links disagree on purpose, which only an offline load can make.
fn world() -> String {
    let of = |cn: &str| format!("memberOf: cn={cn},ou=groups,dc=example,dc=test\n");
    [
        ROOT.to_owned(),
        ["people", "groups", "others"].map(ou).concat(),
        person(1, PEOPLE, &of("outer")),
        person(2, PEOPLE, &of("inner")),
        person(3, PEOPLE, &of("else")),
        person(4, "ou=others,dc=example,dc=test", &of("outer")),
        group("outer", &format!("member: uid=u3,{PEOPLE}\nmember: uid=u4,ou=others,dc=example,dc=test\nmember: uid=gone,{PEOPLE}\n")),
        group("inner", &format!("member: uid=u2,{PEOPLE}\nmemberOf: cn=outer,ou=groups,dc=example,dc=test\n")),
        group("empty", "member: cn=empty,ou=groups,dc=example,dc=test\n"),
        "dn: cn=posix,ou=groups,dc=example,dc=test\nobjectClass: posixGroup\ncn: posix\ngidNumber: 7\nmemberUid: U1\nmemberUid: u4\n\n"
            .to_owned(),
    ]
    .concat()
}

async fn open(lab: &Server, who: &str, more: &str, settings: &str) -> Source {
    let config = configured(&lab.source(&lab.text("ldap"), who), &format!("base_dn = \"{PEOPLE}\"\n{more}"), settings);
    Source::open(&config, NOW).await.map_err(|e| e.to_string()).unwrap()
}

fn in_group(cn: &str, nested: bool) -> String {
    format!("group_dn = \"cn={cn},ou=groups,dc=example,dc=test\"\nnested_groups = {nested}")
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn the_groups_own_list_decides_unless_people_are_to_tell_and_what_is_hidden_is_not_empty() {
    let lab = Server::slapd(&world());
    let by_people = "member_of_attribute = \"memberOf\"";
    let hidden = "its members are told by memberOf, but nobody that we can see has it: bind_dn may not be allowed to read it, or the directory does not keep it";
    let outside = "1 member of the group lies outside of the base";
    let gone = "1 member of the group was not among the people read: they do not match the filter, or do not exist any more";
    let lists = "membership is what the group itself names";
    let links = "membership is by memberOf, which people carry themselves";
    for (who, cn, nested, settings, told, rows, notes) in [
        ("reader", "outer", true, "", "complete", "u3", vec![outside, gone]),
        ("partial", "outer", true, "", "complete", "u3", vec![outside, gone]),
        ("reader", "outer", false, by_people, "complete", "u1", vec![links]),
        ("reader", "outer", true, by_people, "complete", "u1 u2", vec![links, "groups in the group: 1, found by memberOf", outside]),
        ("partial", "outer", true, by_people, hidden, "", vec![]),
        ("reader", "empty", true, by_people, "complete", "", vec![links, "groups in the group: 0, found by memberOf"]),
        ("reader", "posix", false, "", "complete", "u1", vec![gone]),
        ("reader", "posix", false, "member_attribute = \"member\"", "complete", "", vec![]),
    ] {
        let mut source = open(&lab, who, &in_group(cn, nested), settings).await;
        let got = read(&mut source, &["sn"]).await;
        let names: Vec<&str> = got.names().iter().map(|dn| &dn[4..6]).collect();
        let ends = if told == "complete" { told.to_owned() } else { format!("group_unread: cn={cn},ou=groups,dc=example,dc=test: {told}") };
        assert_eq!((got.told(), names.join(" ").as_str()), (ends, rows), "{who} {cn} {nested} {settings}");
        if let Some(usual) = source.notes().iter().find(|n| n.starts_with(lists)) {
            panic!("the usual way is no news: {usual}");
        }
        for note in notes {
            assert!(source.notes().iter().any(|n| n.starts_with(note)), "{note}: {:?}", source.notes());
        }
        // A look-up judges by the same members.
        let found = source.find(&[EntryId::new(uuid(1)), EntryId::new(uuid(3))]).await;
        for ((_, evidence), uid) in found.iter().zip(["u1", "u3"]) {
            match evidence {
                EntryEvidence::Found { verdicts, .. } => assert_eq!(verdicts.group, Some(rows.contains(uid)), "{who} {cn} {uid}"),
                EntryEvidence::Unknown { cause } => assert!(told == hidden && cause.contains(hidden), "{cause}"),
                EntryEvidence::NotFound { .. } => panic!("{evidence:?}"),
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn a_part_on_another_server_makes_read_group_and_look_up_say_so() {
    let far = |folder: &str| {
        format!(
            "dn: ou=far,{folder}\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\nref: ldap://127.0.0.1:9/ou=far,{folder}\n\n"
        )
    };
    let inside = Server::slapd(&format!("{}{}", world(), far(PEOPLE)));
    let mut source = open(&inside, "reader", "", "").await;
    let got = read(&mut source, &["uid"]).await;
    assert_eq!((got.told().as_str(), got.people.len()), ("reference: ldap://127.0.0.1:9/ou=far,ou=people,dc=example,dc=test??sub", 3));
    let found = source.find(&[EntryId::new(uuid(1)), EntryId::new(uuid(9))]).await;
    assert!(matches!(&found[0].1, EntryEvidence::Found { .. }));
    let cause = "a part of dc=example,dc=test is on another server: ldap://127.0.0.1:9/ou=far,ou=people,dc=example,dc=test??sub";
    assert_eq!(found[1].1, EntryEvidence::Unknown { cause: cause.to_owned() });
    let got = read(&mut open(&inside, "reader", &in_group("outer", true), "").await, &["uid"]).await;
    assert!(got.told().contains("groups on another server, ldap://127.0.0.1:9/ou=far,ou=people"), "{}", got.told());
    let managers = source
        .identify(&[format!("uid=boss,ou=far,{PEOPLE}"), "uid=u4,ou=others,dc=example,dc=test".to_owned(), format!("uid=x,{PEOPLE}")])
        .await;
    assert!(
        matches!(&managers[0].1, Identified::Unknown { cause } if cause.contains("it is on another server") && cause.contains("ldap://127.0.0.1:9/")),
        "{managers:?}"
    );
    assert_eq!(managers[1].1, Identified::Entry(EntryId::new(uuid(4))));
    assert_eq!(managers[2].1, Identified::NotFound);

    // Beside the base it does not count for the read, and does for "not found anywhere".
    let beside = Server::slapd(&format!("{}{}", world(), far("ou=others,dc=example,dc=test")));
    let mut source = open(&beside, "reader", "", "").await;
    assert_eq!(read(&mut source, &["uid"]).await.told(), "complete");
    assert!(matches!(&source.find(&[EntryId::new(uuid(9))]).await[0].1, EntryEvidence::Unknown { .. }));
    let mut source = open(&beside, "reader", "", &format!("lookup_base = \"{PEOPLE}\"")).await;
    assert_eq!(source.find(&[EntryId::new(uuid(9))]).await[0].1, EntryEvidence::NotFound { base: PEOPLE.to_owned() });
}
