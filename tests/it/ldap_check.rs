//! `check` of a directory: every step tells what was seen, a failed one what to do, and those after it are not tried.

use super::fake_ldap::*;
use super::lab::Server;
use rosterm::model::step::{Step, StepVerdict};
use rosterm::source::Source;
use std::fmt::Write as _;
use std::net::TcpListener;

const PEOPLE: &str = "ou=people,dc=example,dc=test";

async fn checked(source: &str, location: &str, settings: &str) -> (Vec<Step>, bool) {
    let mut steps = Vec::new();
    let usable = Source::check(&configured(source, location, settings), NOW, |step| steps.push(step)).await.is_some();
    for step in &steps {
        assert!(!step.detail.is_empty(), "{step:?}");
        assert_eq!(step.hint.is_some(), matches!(step.verdict, StepVerdict::Failed | StepVerdict::Warning), "{step:?}");
    }
    (steps, usable)
}

fn told(steps: &[Step]) -> Vec<String> {
    steps.iter().map(|s| format!("{} {:?}: {}", s.name, s.verdict, s.detail)).collect()
}

fn step<'s>(steps: &'s [Step], name: &str) -> &'s Step {
    steps.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no step {name}: {:#?}", told(steps)))
}

fn world(people: usize) -> String {
    let mut text = "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n".to_owned();
    for ou in ["people", "groups"] {
        write!(text, "dn: ou={ou},dc=example,dc=test\nobjectClass: organizationalUnit\nou: {ou}\n\n").unwrap();
    }
    for n in 1..=people {
        let lock = if n == 2 { "pwdAccountLockedTime: 000001010000Z\n" } else { "" };
        let id = format!("00000000-0000-4000-8000-{n:012}");
        write!(text, "dn: uid=u{n},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: c\nsn: s\nuid: u{n}\nentryUUID: {id}\n{lock}\n").unwrap();
    }
    text + &format!(
        "dn: cn=g,ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: g\nmember: uid=u1,{PEOPLE}\nmember: uid=u2,{PEOPLE}\nmember: uid=x,dc=test\n\n"
    )
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn a_good_source_is_told_step_by_step_and_a_failed_step_ends_the_check() {
    let lab = Server::slapd(&world(60));
    let base = format!("base_dn = \"{PEOPLE}\"");
    let group = format!("{base}\ngroup_dn = \"cn=g,ou=groups,dc=example,dc=test\"");
    let tls = format!("{}ca_file = \"{}\"", lab.source(&lab.text("ldaps"), "reader"), lab.text("ca_file"));
    let (steps, usable) = checked(&tls, &group, "").await;
    let seen = told(&steps);
    assert!(usable, "{seen:#?}");
    for (i, wanted) in [
        "prepare Good: the password was read from ",
        "resolve Good: 127.0.0.1 is an address, not a name",
        &format!("connect Good: {}: 127.0.0.1:", lab.text("ldaps")),
        "TLS ",
        "bind Good: as cn=reader,ou=system,dc=example,dc=test",
        "vendor Good: openldap (detected: the root DSE's objectClass contains openldaprootdse)",
        &format!("base Good: {PEOPLE}: 61 entries"),
        "filter Good: (objectClass=inetOrgPerson): 60 entries match",
        "group Good: cn=g,ou=groups,dc=example,dc=test has 3 members; membership is what the group itself names (member, uniqueMember, memberUid); 1 outside of the base",
        "counts Good: under the base 61, match the filter 60, in the group 3, in scope 2, disabled 1",
        "id Good: every one of 2 has entryUUID",
        "status Good: of 2 people: pwdAccountLockedTime on 1",
    ]
    .iter()
    .enumerate()
    {
        assert!(seen[i].starts_with(wanted), "{wanted}\n{seen:#?}");
    }
    assert_eq!(seen.len(), 12);
    let certificate = &step(&steps, "TLS").detail;
    assert!(certificate.starts_with("TLSv1.3; the certificate is for ") && certificate.contains(", and ends on 20"), "{certificate}");

    for (who, location, failed, wanted) in [
        ("stranger", base.as_str(), "base", "the base ou=people,dc=example,dc=test does not exist"),
        ("limited", &base, "counts", "the directory stopped at its size limit: result 4 (size limit exceeded)"),
        ("reader", &format!("{base}\nfilter = \"(uid=*\""), "filter", "this parenthesis is not closed"),
        (
            "reader",
            &format!("{base}\ngroup_dn = \"cn=no,dc=example,dc=test\""),
            "group",
            "the group cn=no,dc=example,dc=test does not exist",
        ),
    ] {
        let (steps, usable) = checked(&lab.source(&lab.text("ldap"), who), location, "").await;
        let at = steps.iter().position(|s| s.verdict == StepVerdict::Failed).unwrap();
        assert!(!usable && steps[at].name == failed && steps[at].detail.contains(wanted), "{:#?}", told(&steps));
        assert!(steps[at + 1..].iter().all(|s| s.detail == format!("not tried: {failed} failed")), "{:#?}", told(&steps));
        assert_eq!(steps.last().unwrap().name, "status");
    }
    let hidden = format!("{group}\n");
    let by_people = "member_of_attribute = \"memberOf\"";
    let (steps, _) = checked(&lab.source(&lab.text("ldap"), "partial"), &hidden, by_people).await;
    let unread = step(&steps, "group");
    assert!(unread.detail.contains("nobody that we can see has it") && unread.verdict == StepVerdict::Failed, "{unread:?}");

    let (steps, usable) = checked(&lab.source(&lab.text("ldap"), "blind"), &base, "").await;
    assert!(usable);
    assert_eq!(step(&steps, "counts").verdict, StepVerdict::Warning);
    assert!(step(&steps, "counts").detail.contains("match the filter 0, in scope 0"));
    let base_step = step(&steps, "base");
    assert_eq!((base_step.verdict, base_step.detail.contains("nothing is seen below it")), (StepVerdict::Warning, true), "{base_step:?}");
    assert!(base_step.hint.as_ref().unwrap().contains("the reader (bind_dn cn=blind,ou=system,dc=example,dc=test) may not see it"));
    let (steps, _) = checked(&lab.source(&lab.text("ldap"), "partial"), &base, "").await;
    let status = step(&steps, "status");
    assert!(status.verdict == StepVerdict::Warning && status.detail.starts_with("nobody shows what tells who is disabled"), "{status:?}");
    let (steps, _) = checked(&lab.source(&lab.text("ldap"), "reader"), &base, "id_attribute = \"employeeNumber\"").await;
    let id = step(&steps, "id");
    assert!(id.verdict == StepVerdict::Failed && id.detail.starts_with("60 of the entries have no employeeNumber"), "{id:?}");
    let wrong = lab.source(&lab.text("ldap"), "reader").replace("cn=reader", "cn=limited");
    let (steps, _) = checked(&wrong, &base, "").await;
    assert!(step(&steps, "bind").detail.contains("result 49 (invalid credentials)"), "{:#?}", told(&steps));
}

#[tokio::test]
#[ignore = "needs real servers: tests/run"]
async fn a_time_limit_is_told_where_the_read_meets_it() {
    // An entry that takes two seconds, before others.
    let slow = format!(
        "dn: uid=slow,{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: errAuxObject\ncn: c\nsn: s\nuid: slow\nentryUUID: 00000000-0000-4000-8000-999999999999\nerrCode: 0\nerrSleepTime: 2\n\n"
    );
    let lab = Server::slapd_with(&world(3).replacen("dn: uid=u1,", &format!("{slow}dn: uid=u1,"), 1), &["--errors"]);
    let (steps, usable) = checked(&lab.source(&lab.text("ldap"), "timed"), &format!("base_dn = \"{PEOPLE}\""), "").await;
    let counts = step(&steps, "counts");
    assert!(!usable && counts.detail.starts_with("the time for the read ran out: result 3 (time limit exceeded)"), "{:#?}", told(&steps));
    // Whatever was counted until then is said to be less than there is.
    let url = serve(|_, r| match r.scope {
        0 => Reply::Send(known(r, true)),
        _ => Reply::Send([person(r.id, "ann"), done(r.id, 3, "")].concat()),
    });
    let (steps, usable) = checked(&format!("url = \"{url}\"\nvendor = \"openldap\""), "base_dn = \"dc=x\"", "").await;
    let counts = step(&steps, "counts");
    assert!(!usable && counts.detail.starts_with("the time for the read ran out: result 3"), "{counts:?}");
    assert!(step(&steps, "filter").detail.ends_with("at least 1 entries match"), "{:#?}", told(&steps));
}

#[tokio::test]
async fn a_reader_that_sees_nothing_is_blamed_and_where_it_sees_something_the_filter_is() {
    // The base itself, so many entries of any kind below it, and nobody by the filter.
    for (below, scope, blames_reader) in [(0, "sub", true), (0, "one", true), (3, "sub", false), (1, "one", false)] {
        let url = serve_read(true, move |r| {
            let itself = u32::from(scope == "sub");
            let seen = if r.contains("inetOrgPerson") { 0 } else { below + itself };
            Reply::Send((0..seen).map(|n| person(r.id, &format!("e{n}"))).chain([page_done(r.id, b"")]).flatten().collect())
        });
        let (steps, usable) =
            checked(&format!("url = \"{url}\"\nvendor = \"openldap\""), &format!("base_dn = \"dc=x\"\nscope = \"{scope}\""), "").await;
        let (base, counts) = (step(&steps, "base"), step(&steps, "counts"));
        assert!(usable && counts.verdict == StepVerdict::Warning, "{:#?}", told(&steps));
        assert_eq!(base.verdict == StepVerdict::Warning, blames_reader, "{below} {scope}: {:#?}", told(&steps));
        let hint = counts.hint.as_deref().unwrap();
        assert_eq!(hint.contains("the filter is not to blame"), blames_reader, "{hint}");
        assert_eq!(hint.contains("check filter and group_dn"), !blames_reader, "{hint}");
        let who = "the reader (nobody: there is no bind_dn) may not see it";
        assert!(!blames_reader || base.hint.as_ref().unwrap().contains(who), "{base:?}");
    }
    // A base that is hidden is told like one that is not there.
    for reply in [0, 32] {
        let url = serve(move |_, r| match (r.op, r.base.as_str()) {
            (0x60, _) => Reply::Send(result(r.id, 0x61, 0, "")),
            (0x63, "dc=x") => Reply::Send(done(r.id, reply, "")),
            (0x63, _) => Reply::Send(known(r, true)),
            _ => Reply::Send(Vec::new()),
        });
        let (steps, _) = checked(&format!("url = \"{url}\"\nvendor = \"openldap\""), "base_dn = \"dc=x\"", "").await;
        let base = step(&steps, "base");
        assert!(
            base.verdict == StepVerdict::Failed && base.detail.contains("the reader (nobody: there is no bind_dn)"),
            "{:#?}",
            told(&steps)
        );
    }
}

#[tokio::test]
async fn every_server_is_tried_and_the_first_that_works_is_used() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("ldap://{}", listener.local_addr().unwrap())
    };
    let good = || serve_read(true, |r| Reply::Send([person(r.id, "ann"), page_done(r.id, b"")].concat()));
    let (first, second) = (good(), good());
    let source = format!("url = [\"{closed}\", \"{first}\", \"{second}\"]\ntimeout = 20");
    let (steps, usable) =
        checked(&source, "base_dn = \"dc=x\"", "status = { attribute = \"uid\", disabled_when = { equals = \"x\" } }").await;
    let seen = told(&steps);
    assert!(usable, "{seen:#?}");
    assert!(seen[2].starts_with(&format!("connect Good: {first}: ")), "{seen:#?}");
    assert_eq!(seen[3], "TLS Skipped: the connection is not encrypted; it does not leave this machine");
    assert!(seen[4].starts_with("bind Good: anonymous, because there is no bind_dn"), "{seen:#?}");
    assert!(
        seen[5].starts_with(&format!("connect Warning: {closed}: "))
            && seen[5].ends_with("refused the connection; another server was used"),
        "{seen:#?}"
    );
    assert_eq!(seen[6], format!("bind Good: {second} can be used too"));
    assert!(seen[7].starts_with("vendor Good: generic (detected: nothing in the root DSE tells a product)"), "{seen:#?}");
    for setting in [
        "; id_attribute = entryUUID (preset); ",
        "; status = { attribute = \"uid\", disabled_when = { equals = \"x\" } } (configuration); ",
        "; member_of_attribute = memberOf (preset); ",
        "; lookup_base = the naming context of the base (detected: the root DSE's namingContexts)",
    ] {
        assert!(seen[7].contains(setting), "{setting}: {}", seen[7]);
    }

    let (steps, usable) = checked(&format!("url = [\"{closed}\", \"ldap://no..host\"]"), "base_dn = \"dc=x\"", "").await;
    let failed: Vec<&str> = steps.iter().filter(|s| s.verdict == StepVerdict::Failed).map(|s| s.name).collect();
    assert_eq!((failed, usable), (vec!["connect", "resolve"], false));
    assert!(step(&steps, "vendor").detail.starts_with("not tried: "));

    let plain = good().replace("ldap://", "ldaps://");
    let (steps, _) = checked(&format!("url = \"{plain}\"\ntimeout = 1"), "base_dn = \"dc=x\"", "").await;
    let tls = step(&steps, "TLS");
    assert!(tls.verdict == StepVerdict::Failed && tls.hint.as_deref().unwrap().contains("check that the port speaks TLS"), "{tls:?}");
    let missing = format!("url = \"{plain}\"\nca_file = \"/no/such/ca.pem\"");
    let (steps, _) = checked(&missing, "base_dn = \"dc=x\"", "").await;
    assert!(steps[0].name == "prepare" && steps[0].detail.contains("/no/such/ca.pem"), "{:#?}", told(&steps));
}
