//! What slapd cannot do: Active Directory's in-chain rule and primary groups, attributes in parts, groups by rule.

use super::fake_ldap::*;
use super::ldap_hostile::{BASE, PATIENT, open};
use rosterm::model::Identified;
use rosterm::source::Source;

const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";
const DOMAIN: &[u8] = b"1.2.840.113556.1.4.800";

/// An Active Directory with the group `cn=g` (ann, and the groups `cn=inner` with bob and `cn=second` with eve), in which cat is
/// by her primary group.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a server may refuse")]
struct Domain {
    /// What the in-chain rule is answered with.
    in_chain: fn(u8) -> Vec<u8>,
    /// What the walk over all groups is answered with.
    walk: fn(u8) -> Vec<u8>,
    /// The members that `cn=inner` shows.
    of_inner: &'static [&'static [u8]],
    /// Whether anybody shows primaryGroupID.
    shows_primary: bool,
    shows_sid: bool,
    /// Whether the rest of a long list comes when it is asked for.
    second_part: bool,
    /// Whether it is a domain controller; else it is AD LDS.
    controller: bool,
}

const DOMAIN_OF_GOOD_WILL: Domain = Domain {
    in_chain: |id| [entry(id, b"CN=inner,DC=x", &[]), done(id, 0, "")].concat(),
    walk: |id| {
        [["cn=g,dc=x", "cn=inner,dc=x", "cn=second,dc=x"].map(|dn| entry(id, dn.as_bytes(), &[])).concat(), done(id, 0, "")].concat()
    },
    of_inner: &[b"uid=bob,dc=x"],
    shows_primary: true,
    shows_sid: true,
    second_part: true,
    controller: true,
};

impl Domain {
    fn answer(self, r: &Request) -> Vec<u8> {
        let id = r.id;
        let sid: &[u8] = &[1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 0x01, 0x02, 0, 0];
        let sids: &[&[u8]] = if self.shows_sid { &[sid] } else { &[] };
        let found = match (r.scope, r.base.as_str()) {
            (0, "") => {
                let capability: &[&[u8]] = if self.controller { &[DOMAIN] } else { &[b"1.2.840.113556.1.4.1851"] };
                entry(id, b"", &[("namingContexts", &[b"dc=x"]), ("supportedCapabilities", capability)])
            }
            (0, "cn=g,dc=x") => {
                let members: &[&[u8]] = &[b"uid=ann,dc=x", b"CN=inner,DC=x", b"cn=second,dc=x", b"uid=far,dc=x"];
                entry(id, b"cn=g,dc=x", &[("objectClass", &[b"group"]), ("member", members), ("objectSid", sids)])
            }
            (0, dn) if dn.eq_ignore_ascii_case("cn=inner,dc=x") => {
                entry(id, b"cn=inner,dc=x", &[("objectClass", &[b"group"]), ("member", self.of_inner), ("objectSid", sids)])
            }
            (0, "cn=second,dc=x") => {
                // In two parts.
                let member: (&str, &[&[u8]]) = match (r.contains("member;range=1-*"), self.second_part) {
                    (false, _) => ("member;range=0-0", &[b"uid=gone,dc=x"]),
                    (true, true) => ("member;range=1-*", &[b"uid=eve,dc=x"]),
                    (true, false) => ("cn", &[b"second"]),
                };
                entry(id, b"cn=second,dc=x", &[("objectClass", &[b"group"]), member, ("objectSid", sids)])
            }
            (0, dn) => entry(id, dn.as_bytes(), &[("objectClass", &[b"top"])]),
            _ if r.contains(IN_CHAIN) => return (self.in_chain)(id),
            // Present, and equal to 513.
            _ if r.contains("primaryGroupID") && r.contains("513") && self.shows_primary => person(id, "cat"),
            _ if r.contains("primaryGroupID") && !r.contains("513") && self.shows_primary => {
                return [person(id, "dog"), done(id, 4, "")].concat();
            }
            _ if r.contains("primaryGroupID") => Vec::new(),
            _ if r.contains("memberOf") => person(id, "bob"),
            // The walk over all groups.
            _ if !r.contains("objectCategory") => return (self.walk)(id),
            _ => ["ann", "bob", "cat", "dog", "eve"].map(|uid| person(id, uid)).concat(),
        };
        [found, done(id, 0, "")].concat()
    }
}

async fn open_domain(domain: Domain, nested: bool, settings: &str) -> Source {
    let url = serve(move |_, request| Reply::Send(domain.answer(request)));
    let location = format!("{BASE}\ngroup_dn = \"cn=g,dc=x\"\nnested_groups = {nested}\nfilter = \"(objectCategory=person)\"");
    let config =
        configured(&format!("url = \"{url}\"\ntimeout = {PATIENT}"), &location, &format!("id_attribute = \"entryUUID\"\n{settings}"));
    Source::open(&config, NOW).await.map_err(|e| e.to_string()).unwrap()
}

#[tokio::test]
async fn a_domain_tells_nested_groups_in_two_ways_and_people_by_their_primary_group() {
    let good = DOMAIN_OF_GOOD_WILL;
    let everybody = "ann bob cat eve";
    for (what, domain, nested, told, names, note) in [
        // In-chain finds cn=inner only, and eve is in the other one.
        ("a nested group hides its memberOf", good, true, "complete", everybody, String::new()),
        ("not nested", good, false, "complete", "ann cat", "1 more are members because it is their primary group".to_owned()),
        ("in-chain is refused", Domain { in_chain: |id| done(id, 53, "no"), ..good }, true, "complete", everybody, String::new()),
        ("all groups hide it", Domain { in_chain: |id| done(id, 0, ""), ..good }, true, "complete", everybody, String::new()),
        (
            "in-chain finds what the walk does not",
            Domain { walk: |id| done(id, 0, ""), ..good },
            true,
            "complete",
            "ann bob cat",
            String::new(),
        ),
        (
            "the walk is refused",
            Domain { walk: |id| done(id, 53, "no"), ..good },
            true,
            "group_unread: cn=g,dc=x: result 53 (unwilling to perform): no",
            "",
            String::new(),
        ),
        (
            "the walk is cut",
            Domain { walk: |id| [entry(id, b"cn=inner,dc=x", &[]), done(id, 4, "")].concat(), ..good },
            true,
            "group_unread: cn=g,dc=x: result 4 (size limit exceeded)",
            "",
            String::new(),
        ),
        (
            "a group names nobody, and somebody names it",
            Domain { of_inner: &[], ..good },
            true,
            "group_unread: cn=g,dc=x: cn=inner,dc=x: it names nobody that we can see, but others name it by memberOf: bind_dn may not be allowed to read its members, or a rule chooses them (then set member_of_attribute)",
            "",
            String::new(),
        ),
        (
            "a long list stops",
            Domain { second_part: false, ..good },
            true,
            "group_unread: cn=g,dc=x: the server gave no answer to member;range=1-* of cn=second,dc=x: the list has no end",
            "",
            String::new(),
        ),
        ("AD LDS has no primary groups", Domain { controller: false, ..good }, true, "complete", "ann bob eve", String::new()),
        (
            "primary groups are hidden",
            Domain { shows_primary: false, ..good },
            true,
            "group_unread: cn=g,dc=x: nobody that we can see shows primaryGroupID: bind_dn may not be allowed to read it",
            "",
            String::new(),
        ),
        (
            "the sid is hidden",
            Domain { shows_sid: false, ..good },
            true,
            "group_unread: cn=g,dc=x: the objectSid of cn=g,dc=x cannot be read, and by it people name their primary group",
            "",
            String::new(),
        ),
        (
            "the connection breaks",
            Domain { in_chain: |_| vec![0x30, 0x80], ..good },
            true,
            "group_unread: cn=g,dc=x: a length in a form that LDAP does not allow",
            "",
            String::new(),
        ),
    ] {
        let mut source = open_domain(domain, nested, "").await;
        let got = read(&mut source, &["uid"]).await;
        let seen: Vec<&str> = got.names().iter().map(|dn| &dn[4..7]).collect();
        assert_eq!((got.told().as_str(), seen.join(" ").as_str()), (told, names), "{what}");
        let notes = source.notes();
        assert!(note.is_empty() || notes.contains(&note), "{what}: {notes:?}");
        assert_eq!(notes.is_empty(), told != "complete");
        if names == everybody {
            assert!(notes.last().unwrap().starts_with("2 members of the group were not among the people read"), "{notes:?}");
        }
    }
    assert_eq!(open_domain(good, true, "").await.facts().settings.vendor, "active-directory");
}

#[tokio::test]
async fn a_group_by_rule_is_told_by_its_people_or_is_unread() {
    for (shows, told, names) in [
        (true, "complete", 1),
        (
            false,
            "group_unread: cn=dyn,dc=x: its members are told by memberOf, but nobody that we can see has it: bind_dn may not be allowed to read it, or the directory does not keep it",
            0,
        ),
    ] {
        let url = serve(move |_, r| {
            let found = match (r.scope, r.base.as_str()) {
                (0, "cn=dyn,dc=x") => entry(r.id, b"cn=dyn,dc=x", &[("objectClass", &[b"groupOfURLs"]), ("memberURL", &[b"ldap:///"])]),
                (0, _) => return Reply::Send(known(r, false)),
                _ if r.contains("memberOf") && shows => person(r.id, "ann"),
                _ if r.contains("memberOf") => Vec::new(),
                _ => [person(r.id, "ann"), person(r.id, "bob")].concat(),
            };
            Reply::Send([found, done(r.id, 0, "")].concat())
        });
        let mut source = open(&url, &format!("{BASE}\ngroup_dn = \"cn=dyn,dc=x\""), PATIENT).await.unwrap();
        let got = read(&mut source, &["uid"]).await;
        assert_eq!((got.told().as_str(), got.people.len()), (told, names));
        if shows {
            assert!(source.notes().contains(&"a rule chooses the members of cn=dyn,dc=x: membership there is by memberOf".to_owned()));
        }
    }
}

/// Back links: ann names cn=g, bob cn=inner. What the walk, the groups' lists and the groups' own back links show is the case's.
#[tokio::test]
async fn groups_that_hide_their_back_link_are_found_by_the_lists_or_the_group_is_unread() {
    let unseen = "group_unread: cn=g,dc=x: whether groups are in it can't be told: no group shows isMemberOf or a list of members: bind_dn may not be allowed to read them; or set nested_groups = false";
    for (what, walk, listed, some_list, told, names) in [
        ("by the list", vec!["cn=g,dc=x", "cn=inner,dc=x"], true, true, "complete", "ann bob"),
        ("no nested group", vec!["cn=g,dc=x", "cn=inner,dc=x"], false, true, "complete", "ann"),
        ("all hidden", vec!["cn=g,dc=x", "cn=inner,dc=x"], false, false, unseen, ""),
        ("no other group", vec!["cn=g,dc=x"], false, false, "complete", "ann"),
    ] {
        let url = serve(move |_, r| {
            let id = r.id;
            let found = match (r.scope, r.base.as_str()) {
                (0, "cn=g,dc=x") if listed => entry(id, b"cn=g,dc=x", &[("member", &[b"cn=inner,dc=x"])]),
                (0, _) => return Reply::Send(known(r, false)),
                // Among groups: by the back link, by anything that tells, all.
                _ if r.contains("groupOfNames") && r.contains("isMemberOfcn=") => Vec::new(),
                _ if r.contains("groupOfNames") && r.contains("isMemberOf") => {
                    if some_list {
                        entry(id, b"cn=other,dc=x", &[])
                    } else {
                        Vec::new()
                    }
                }
                _ if r.contains("groupOfNames") => walk.iter().map(|dn| entry(id, dn.as_bytes(), &[])).collect::<Vec<_>>().concat(),
                _ if r.contains("isMemberOf") => {
                    ["ann", "bob"].iter().filter(|uid| **uid == "ann" || r.contains("cn=inner")).flat_map(|uid| person(id, uid)).collect()
                }
                _ => [person(id, "ann"), person(id, "bob")].concat(),
            };
            Reply::Send([found, done(id, 0, "")].concat())
        });
        let location = format!("{BASE}\ngroup_dn = \"cn=g,dc=x\"\nnested_groups = true");
        let settings = "id_attribute = \"entryUUID\"\nmember_of_attribute = \"isMemberOf\"";
        let config = configured(&format!("url = \"{url}\"\ntimeout = {PATIENT}"), &location, settings);
        let mut source = Source::open(&config, NOW).await.map_err(|e| e.to_string()).unwrap();
        let got = read(&mut source, &["uid"]).await;
        let seen: Vec<&str> = got.names().iter().map(|dn| &dn[4..7]).collect();
        assert_eq!((got.told().as_str(), seen.join(" ").as_str()), (told, names), "{what}");
    }
}

/// The base is in one naming context, the group in another, and so is the group in it, which is of a class of its own.
#[tokio::test]
async fn groups_are_looked_for_in_the_naming_context_of_the_group_too_and_by_what_they_name() {
    let url = serve(|_, r| {
        let id = r.id;
        let found = match (r.scope, r.base.as_str()) {
            (0, "") => entry(id, b"", &[("namingContexts", &[b"dc=x", b"dc=groups"])]),
            (0, "cn=g,dc=groups") => entry(id, b"cn=g,dc=groups", &[("member", &[b"cn=inner,dc=groups"])]),
            (0, "cn=inner,dc=groups") => entry(id, b"cn=inner,dc=groups", &[("objectClass", &[b"team"]), ("member", &[b"uid=bob,dc=x"])]),
            (0, _) => return Reply::Send(known(r, false)),
            // A presence filter for lists (RFC 4511 section 4.5.1: tag 7).
            (_, "dc=groups") if r.body.windows(8).any(|w| w == b"\x87\x06member") => entry(id, b"cn=inner,dc=groups", &[]),
            (_, "dc=groups") => Vec::new(),
            _ if r.contains("groupOfNames") => Vec::new(),
            _ => [person(id, "ann"), person(id, "bob")].concat(),
        };
        Reply::Send([found, done(id, 0, "")].concat())
    });
    let mut source = open(&url, &format!("{BASE}\ngroup_dn = \"cn=g,dc=groups\"\nnested_groups = true"), PATIENT).await.unwrap();
    let got = read(&mut source, &["uid"]).await;
    assert_eq!((got.told().as_str(), got.names()), ("complete", vec!["uid=bob,dc=x"]));
}

type Parts = fn(&Request) -> Vec<u8>;

#[tokio::test]
async fn attributes_in_parts_are_read_to_their_end_or_the_person_is_no_row() {
    let id = |r: &Request| r.id;
    let cases: [(Parts, &str, &str); 6] = [
        (
            |r| {
                let more: (&str, &[&[u8]]) =
                    if r.contains("mail;range=2-*") { ("mail;range=2-*", &[b"c"]) } else { ("mail;range=0-1", &[b"a", b"b"]) };
                [entry(r.id, b"uid=ann,dc=x", &[("entryUUID", &[b"id-ann"]), ("uid", &[b"ann"]), more]), done(r.id, 0, "")].concat()
            },
            "complete",
            "bob: ann: a b c",
        ),
        (
            |r| [entry(r.id, b"uid=ann,dc=x", &[("entryUUID", &[b"id-ann"]), ("mail", &[b"a"])]), done(r.id, 0, "")].concat(),
            "complete",
            "bob: ann: a",
        ),
        (
            |r| {
                [entry(r.id, b"uid=ann,dc=x", &[("entryUUID", &[b"id-ann"]), ("mail;range=0-1", &[b"a", b"b"])]), done(r.id, 0, "")]
                    .concat()
            },
            "range_unfinished: mail of uid=ann,dc=x: a range of values that does not go on",
            "bob:",
        ),
        (
            |r| {
                let more: &[(&str, &[&[u8]])] = if r.contains("mail;range=2-*") { &[] } else { &[("mail;range=0-1", &[b"a", b"b"])] };
                [entry(r.id, b"uid=ann,dc=x", more), done(r.id, 0, "")].concat()
            },
            "range_unfinished: mail of uid=ann,dc=x: the server gave no answer to the rest of mail",
            "bob:",
        ),
        (|r| done(r.id, 32, ""), "range_unfinished: mail of uid=ann,dc=x: result 32 (no such object)", "bob:"),
        (|r| done(r.id, 0, ""), "range_unfinished: mail of uid=ann,dc=x: the entry cannot be read by itself", "bob:"),
    ];
    for (parts, told, rows) in cases {
        let url = serve(move |_, r| match (r.scope, r.base.as_str()) {
            (0, "uid=ann,dc=x") => Reply::Send(parts(r)),
            (0, _) => Reply::Send(known(r, true)),
            _ => {
                let ann = entry(id(r), b"uid=ann,dc=x", &[("entryUUID", &[b"id-ann"]), ("mail;range=0-1", &[b"a", b"b"])]);
                Reply::Send([ann, person(id(r), "bob"), page_done(id(r), b"")].concat())
            }
        });
        let got = read(&mut open(&url, BASE, PATIENT).await.unwrap(), &["mail"]).await;
        let row = |r| format!("{}: {}", &got.people.row(r).id()[3..], got.people.row(r).all(0).collect::<Vec<_>>().join(" "));
        let seen = got.people.rows().map(row).collect::<Vec<_>>().join(" ");
        assert_eq!((got.told().as_str(), seen.trim().replace("  ", " ").as_str()), (told, rows));
    }
}

#[tokio::test]
async fn the_lasting_id_of_a_dn_is_told_or_why_it_is_not_known() {
    let url = serve_read_by_dn();
    let mut source = open(&url, BASE, PATIENT).await.unwrap();
    let unknown = |cause: &str| Identified::Unknown { cause: cause.to_owned() };
    let asked = [
        ("uid=ann,dc=x", Identified::Entry(rosterm::identity::EntryId::new("id-ann"))),
        ("UID=Ann, DC=x", Identified::Entry(rosterm::identity::EntryId::new("id-ann"))),
        ("uid=gone,dc=x", Identified::NotFound),
        ("uid=hidden,dc=x", unknown("it cannot be read")),
        ("uid=noid,dc=x", unknown("it has no entryUUID that can be read")),
        ("uid=far,dc=x", unknown("it is on another server: ldap://b/uid=far,dc=x")),
        ("uid=busy,dc=x", unknown("result 51 (busy)")),
        ("uid=ann,dc=other", unknown("it lies in none of the server's naming contexts")),
        ("Ann Lee", unknown("it is not a distinguished name")),
        ("", unknown("it is not a distinguished name")),
    ];
    let dns: Vec<String> = asked.iter().map(|a| a.0.to_owned()).collect();
    let told = source.identify(&dns).await;
    for ((dn, found), (wanted_dn, wanted)) in told.iter().zip(&asked) {
        assert_eq!((dn.as_str(), found), (*wanted_dn, wanted));
    }
    assert_eq!(told.len(), asked.len());
    let many: Vec<String> = (0..2001).map(|_| "Ann".to_owned()).collect();
    assert_eq!(source.identify(&many).await[2000].1, unknown("more than 2000 were asked for at once"));
    assert_eq!(read(&mut source, &["uid"]).await.told(), "complete", "the connection goes on");
    let lost = source.identify(&["uid=close,dc=x".to_owned(), "uid=ann,dc=x".to_owned()]).await;
    assert!(matches!(&lost[0].1, Identified::Unknown { cause } if cause == "the server closed the connection"), "{lost:?}");
}

fn serve_read_by_dn() -> String {
    serve(|_, r| {
        let found = match (r.scope, r.base.to_lowercase().replace(' ', "").as_str()) {
            (0, "uid=ann,dc=x") => person(r.id, "ann"),
            (0, "uid=gone,dc=x") => return Reply::Send(done(r.id, 32, "")),
            (0, "uid=hidden,dc=x") => Vec::new(),
            (0, "uid=noid,dc=x") => entry(r.id, b"uid=noid,dc=x", &[("uid", &[b"noid"])]),
            (0, "uid=far,dc=x") => reference(r.id, "ldap://b/uid=far,dc=x"),
            (0, "uid=busy,dc=x") => return Reply::Send(done(r.id, 51, "")),
            (0, "uid=close,dc=x") => return Reply::SendAndClose(Vec::new()),
            (0, _) => return Reply::Send(known(r, true)),
            _ => return Reply::Send([person(r.id, "ann"), page_done(r.id, b"")].concat()),
        };
        Reply::Send([found, done(r.id, 0, "")].concat())
    })
}
