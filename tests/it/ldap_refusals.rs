//! What keeps a connection from being made, a group from being read, or a look-up from an answer: told, and never guessed.

use super::fake_ldap::*;
use super::ldap_hostile::{Answer, BASE, PATIENT, open, read_from};
use rosterm::identity::EntryId;
use rosterm::model::EntryEvidence;
use rosterm::source::Source;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type GroupAnswer = fn(&Request) -> Vec<u8>;

#[tokio::test]
async fn a_look_up_never_says_gone_without_a_success() {
    let ids = [EntryId::new("id-ann"), EntryId::new("id-gone")];
    let cases: [(Answer, Option<&str>); 9] = [
        (|id| Reply::Send([person(id, "ann"), done(id, 0, "")].concat()), None),
        (|id| Reply::Send(done(id, 53, "no")), Some("result 53 (unwilling to perform): no")),
        (|id| Reply::Send(done(id, 32, "")), Some("result 32 (no such object)")),
        (|id| Reply::Send([person(id, "ann"), done(id, 4, "")].concat()), Some("result 4 (size limit exceeded)")),
        (|id| Reply::SendAndClose(person(id, "ann")), Some("the server closed the connection")),
        (|id| Reply::Send(entry(id, &[0xff], &[])), Some("an entry whose DN is not UTF-8 text")),
        (
            |id| Reply::Send([person(id, "other"), done(id, 0, "")].concat()),
            Some("uid=other,dc=x came back without an id that was asked for"),
        ),
        (
            |id| Reply::Send([person(id, "ann"), person(id, "ann"), done(id, 0, "")].concat()),
            Some("two entries have the id of uid=ann,dc=x"),
        ),
        (|_| Reply::Send(Vec::new()), Some("no answer for 1 s")),
    ];
    for (answer, cause) in cases {
        let url = serve_read(true, move |request| answer(request.id));
        let mut source = open(&url, BASE, if cause == Some("no answer for 1 s") { 1 } else { PATIENT }).await.unwrap();
        let told = source.find(&ids).await;
        if let Some(cause) = cause {
            let unknown = EntryEvidence::Unknown { cause: cause.to_owned() };
            assert_eq!(told, [(ids[0].clone(), unknown.clone()), (ids[1].clone(), unknown)]);
        } else {
            assert!(matches!(&told[0].1, EntryEvidence::Found { dn, verdicts, .. } if dn == "uid=ann,dc=x" && verdicts.in_scope()));
            assert_eq!(told[1].1, EntryEvidence::NotFound { base: "dc=x".to_owned() });
        }
    }
    // A part of the tree that is on another server may hold whom we did not find here.
    let url = serve_read(true, |r| Reply::Send([person(r.id, "ann"), reference(r.id, "ldap://b/ou=far,dc=x"), done(r.id, 0, "")].concat()));
    let told = open(&url, BASE, PATIENT).await.unwrap().find(&ids).await;
    assert!(matches!(&told[0].1, EntryEvidence::Found { .. }));
    assert!(matches!(&told[1].1, EntryEvidence::Unknown { cause } if cause.contains("ldap://b/ou=far,dc=x")));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    // Each connection answers its first search and leaves with the second.
    let url = serve(|connection, request| match (connection, request.scope) {
        (0, 0) if request.base == "dc=x" => Reply::SendAndClose(known(request, true)),
        (_, 0) => Reply::Send(known(request, true)),
        _ => Reply::Send([person(request.id, "ann"), page_done(request.id, b"")].concat()),
    });
    assert_eq!(read_from(&url, PATIENT).await.told(), "complete");
}

#[tokio::test]
async fn ranges_of_members_are_followed_to_their_end_or_the_group_is_unread() {
    let location = "base_dn = \"dc=x\"\ngroup_dn = \"cn=g,dc=x\"";
    let cases: [(GroupAnswer, &str, usize); 5] = [
        (
            |r| {
                let (name, value): (&str, &[u8]) = if r.contains("member;range=1-*") {
                    ("member;range=1-*", b"UID=bob, DC=x")
                } else {
                    ("member;range=0-0", b"uid=ann,dc=x")
                };
                [entry(r.id, b"cn=g,dc=x", &[("member", &[]), (name, &[value])]), done(r.id, 0, "")].concat()
            },
            "complete",
            2,
        ),
        (
            |r| [entry(r.id, b"cn=g,dc=x", &[("member;range=0-0", &[b"uid=ann,dc=x"])]), done(r.id, 0, "")].concat(),
            "group_unread: cn=g,dc=x: a range of members that does not go on",
            0,
        ),
        (
            |r| [entry(r.id, b"cn=g,dc=x", &[]), entry(r.id, b"cn=h,dc=x", &[])].concat(),
            "group_unread: cn=g,dc=x: several entries where there can be one",
            0,
        ),
        (|r| done(r.id, 32, ""), "group_unread: cn=g,dc=x: result 32 (no such object)", 0),
        (|r| done(r.id, 0, ""), "group_unread: cn=g,dc=x: it cannot be read", 0),
    ];
    for (answer, told, rows) in cases {
        let url = serve(move |_, request| match request.scope {
            0 if request.contains("uniqueMember") || request.contains(";range=") => Reply::Send(answer(request)),
            0 => Reply::Send(known(request, true)),
            _ => {
                let people = ["ann", "bob", "cat"].map(|uid| person(request.id, uid)).concat();
                Reply::Send([people, page_done(request.id, b"")].concat())
            }
        });
        let got = read(&mut open(&url, location, PATIENT).await.unwrap(), &["uid"]).await;
        assert_eq!((got.told().as_str(), got.people.len()), (told, rows));
    }
}

async fn refused(url: &str) -> String {
    open(url, BASE, PATIENT).await.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn what_keeps_a_connection_from_being_made_is_told_with_the_server() {
    let start_tls = |answer: fn(u8) -> Vec<u8>| serve(move |_, request| Reply::Send(answer(request.id)));
    for (answer, told) in [
        (
            (|id| [result(id, 0x78, 0, ""), b"0\x0c\x02\x01\x01a\x07".to_vec()].concat()) as fn(u8) -> Vec<u8>,
            "the server sent more than its response before the handshake; somebody may have put it there",
        ),
        (|id| result(id, 0x78, 2, "no TLS here"), "result 2 (protocol error): no TLS here"),
        (|id| result(id, 0x61, 0, ""), "an answer of another kind than the question"),
        (|_| vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], "a response of 2147483653 bytes"),
        (|_| vec![0x30, 0x80], "a length in a form that LDAP does not allow"),
        (|_| Vec::new(), "no answer for 1 s"),
    ] {
        let url = start_tls(answer);
        let timeout = if told.contains("no answer") { 1 } else { PATIENT };
        let source = format!("url = [\"{url}\"]\nstart_tls = true\ntimeout = {timeout}");
        let error = Source::open(&configured(&source, BASE, ""), NOW).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{url}: StartTLS: {told}")), "{error}");
    }

    let url = serve(|_, r| Reply::Send(result(r.id, 0x65, 8, "TLS first")));
    let error = refused(&url).await;
    assert!(error.contains("result 8 (stronger authentication required): TLS first") && error.contains("start_tls = true"), "{error}");
    let error = refused(&serve(|_, _| Reply::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()))).await;
    assert!(error.contains("check that the port speaks LDAP"), "{error}");
    let error = refused(&serve(|_, _| Reply::SendAndClose(Vec::new()))).await;
    assert!(error.contains("the server closed the connection"), "{error}");
    let plain = serve_read(true, |_| Reply::Send(Vec::new())).replace("ldap://", "ldaps://");
    let error = open(&plain, BASE, 1).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("TLS: ") && error.contains("check that the port speaks TLS"), "{error}");
    let error = refused("ldap://no..host").await;
    assert!(error.contains("the name no..host is not known"), "{error}");
}

#[tokio::test]
async fn the_first_server_that_answers_is_used_and_a_wrong_password_is_tried_once() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("ldap://{}", listener.local_addr().unwrap())
    };
    let good = serve_read(true, |r| Reply::Send(page_done(r.id, b"")));
    let source = format!("url = [\"{closed}\", \"{good}\"]");
    let opened = Source::open(&configured(&source, BASE, ""), NOW).await.unwrap();
    assert_eq!((opened.facts().place.as_str(), opened.facts().naming_context.as_str()), (good.as_str(), "dc=x"));

    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "hunter2").unwrap();
    let binds: Arc<AtomicUsize> = Arc::default();
    let wrong = || {
        let count = Arc::clone(&binds);
        serve(move |_, r| {
            count.fetch_add(1, Ordering::Relaxed);
            Reply::Send(result(r.id, 0x61, 49, ""))
        })
    };
    let (first, second) = (wrong(), wrong());
    let password = format!("bind_dn = \"cn=me\"\npassword = {{ file = \"{}\" }}", secret.path().display());
    let source = format!("url = [\"{closed}\", \"{first}\", \"{second}\"]\n{password}");
    let error = Source::open(&configured(&source, BASE, ""), NOW).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("refused the connection") && error.contains("cannot bind as cn=me: result 49 (invalid credentials)"), "{error}");
    assert!(error.contains("hint: check bind_dn") && !error.contains("hunter2"), "{error}");
    assert_eq!(binds.load(Ordering::Relaxed), 1, "each try counts towards the lock-out of the account");
}
