//! What a directory server that is broken, overloaded or hostile can do to a read: end it, with a reason. Nothing else.

use super::fake_ldap::*;
use rosterm::identity::EntryId;
use rosterm::identity::population::Schema;
use rosterm::model::EntryEvidence;
use rosterm::source::Source;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

const BASE: &str = "base_dn = \"dc=x\"";

async fn open(url: &str, location: &str) -> rosterm::error::Result<Source> {
    let source = format!("url = [\"{url}\"]\nvendor = \"openldap\"\npage_size = 2\ntimeout = 1");
    Source::open(&configured(&source, location, ""), NOW).await
}

async fn read_from(url: &str) -> Read1 {
    let mut source = open(url, BASE).await.unwrap();
    read(&mut source, &["uid", "member"]).await
}

fn nested(levels: usize) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| tlv(0x30, &inner))
}

#[tokio::test]
async fn each_bad_end_of_a_read_is_told_as_what_it_was() {
    type Answer = fn(u8) -> Reply;
    let cases: &[(&str, usize, Answer, &str)] = &[
        ("the end of the last page", 2, |id| Reply::Send([person(id, "ann"), person(id, "bob"), page_done(id, b"")].concat()), "complete"),
        ("a server without the control", 1, |id| Reply::Send([person(id, "ann"), done(id, 0, "")].concat()), "complete"),
        ("deep nesting", 0, |_| Reply::Send(nested(20_000)), "malformed: elements nested too deep after 0 entries"),
        (
            "two gigabytes announced",
            0,
            |_| Reply::Send(vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
            "malformed: a message of 2147483653 bytes, and 8388608 is the most that is accepted after 0 entries",
        ),
        (
            "more than eight megabytes",
            1,
            |id| Reply::Send([person(id, "ann"), entry(id, b"cn=big,dc=x", &[("uid", &[&vec![b'x'; 9 << 20]])])].concat()),
            "malformed: a message of 9437241 bytes, and 8388608 is the most that is accepted after 1 entries",
        ),
        (
            "an element longer than its parent",
            1,
            |id| Reply::Send([person(id, "ann"), vec![0x30, 0x05, 0x02, 0x01, id, 0x64, 0x7f]].concat()),
            "malformed: an element longer than its parent after 1 entries",
        ),
        (
            "a DN that is not text",
            1,
            |id| Reply::Send([person(id, "ann"), entry(id, &[0xff, 0xfe], &[])].concat()),
            "malformed: an entry whose DN is not UTF-8 text after 2 entries",
        ),
        (
            "an attribute's name that is not text",
            0,
            |id| {
                let attribute = tlv(0x30, &[tlv(4, &[0xff]), tlv(0x31, b"")].concat());
                Reply::Send(message(id, &tlv(0x64, &[tlv(4, b"dc=x"), tlv(0x30, &attribute)].concat())))
            },
            "malformed: an attribute whose name is not ASCII text after 1 entries",
        ),
        (
            "an operation of another kind",
            0,
            |id| Reply::Send(result(id, 0x61, 0, "")),
            "malformed: an answer of another kind than the question after 0 entries",
        ),
        (
            "an operation that clients send",
            0,
            |id| Reply::Send(message(id, &tlv(0x63, b""))),
            "malformed: an operation that a server does not send after 0 entries",
        ),
        (
            "an answer to something else",
            0,
            |_| Reply::Send(person(99, "ann")),
            "malformed: an answer that nobody asked for after 0 entries",
        ),
        (
            "a cookie that is none",
            0,
            |id| {
                let control = tlv(0x30, &[tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, &[0x30, 0x7f])].concat());
                let op = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
                Reply::Send(message(id, &[op, tlv(0xa0, &control)].concat()))
            },
            "malformed: a page without a valid cookie after 0 entries",
        ),
        (
            "a control without value",
            0,
            |id| {
                let control = tlv(0x30, &tlv(4, b"1.2.840.113556.1.4.319"));
                let op = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
                Reply::Send(message(id, &[op, tlv(0xa0, &control)].concat()))
            },
            "malformed: a page without a valid cookie after 0 entries",
        ),
        (
            "a close in the middle of a page",
            1,
            |id| Reply::SendAndClose(person(id, "ann")),
            "connection_lost: the server closed the connection after 1 entries",
        ),
        (
            "a close in the middle of a message",
            1,
            |id| {
                let mut bytes = [person(id, "ann"), person(id, "bob")].concat();
                bytes.truncate(bytes.len() - 3);
                Reply::SendAndClose(bytes)
            },
            "connection_lost: the server closed the connection after 1 entries",
        ),
        (
            "a notice of disconnection",
            1,
            |id| {
                let notice = [tlv(10, &[52]), tlv(4, b""), tlv(4, b"going down"), tlv(0x8a, b"1.3.6.1.4.1.1466.20036")].concat();
                Reply::Send([person(id, "ann"), message(0, &tlv(0x78, &notice))].concat())
            },
            "connection_lost: the server took its leave: result 52, going down after 1 entries",
        ),
        (
            "a notice as Active Directory writes it",
            0,
            |_| {
                let op = tlv(0x78, &[tlv(10, &[52]), tlv(4, b""), tlv(4, b"idle")].concat());
                Reply::Send(message(0, &[op, tlv(0x8a, b"1.3.6.1.4.1.1466.20036")].concat()))
            },
            "connection_lost: the server took its leave: result 52, idle after 0 entries",
        ),
        (
            "the size limit",
            2,
            |id| Reply::Send([person(id, "ann"), person(id, "bob"), done(id, 4, "")].concat()),
            "size_limit: result 4 (size limit exceeded) after 2 entries",
        ),
        (
            "the time limit",
            1,
            |id| Reply::Send([person(id, "ann"), done(id, 3, "")].concat()),
            "time_limit: result 3 (time limit exceeded) after 1 entries",
        ),
        (
            "unwilling",
            1,
            |id| Reply::Send([person(id, "ann"), done(id, 53, "cookie is invalid")].concat()),
            "server_refused: result 53 (unwilling to perform): cookie is invalid after 1 entries",
        ),
        ("busy", 0, |id| Reply::Send(done(id, 51, "")), "server_refused: result 51 (busy) after 0 entries"),
        (
            "the administrative limit",
            0,
            |id| Reply::Send(done(id, 11, "")),
            "server_refused: result 11 (administrative limit exceeded) after 0 entries",
        ),
        (
            "a reference into the base",
            1,
            |id| Reply::Send([person(id, "ann"), reference(id, "ldap://b.example/ou=far,dc=x??sub"), page_done(id, b"")].concat()),
            "reference: ldap://b.example/ou=far,dc=x??sub",
        ),
        (
            "a reference to elsewhere",
            1,
            |id| Reply::Send([person(id, "ann"), reference(id, "ldap://b.example/dc=y"), page_done(id, b"")].concat()),
            "complete",
        ),
        ("a reference that is none", 0, |id| Reply::Send(message(id, &tlv(0x73, b""))), "malformed: a reference without URLs after 1 entries"),
        (
            "an intermediate message",
            1,
            |id| Reply::Send([message(id, &tlv(0x79, b"")), person(id, "ann"), page_done(id, b"")].concat()),
            "complete",
        ),
        (
            "an entry without id",
            1,
            |id| Reply::Send([person(id, "ann"), entry(id, b"uid=bob,dc=x", &[("uid", &[b"bob"])]), page_done(id, b"")].concat()),
            "id_missing: 1 of the entries have no entryUUID, for one uid=bob,dc=x",
        ),
        (
            "a wanted attribute in part",
            1,
            |id| {
                let ann = entry(id, b"uid=ann,dc=x", &[("entryUUID", &[b"1"]), ("member;range=0-1", &[b"a", b"b"])]);
                Reply::Send([ann, page_done(id, b"")].concat())
            },
            "range_unfinished: member of uid=ann,dc=x",
        ),
        ("silence", 0, |_| Reply::Send(Vec::new()), "time_limit: no answer for 1 s after 0 entries"),
        (
            "silence after a while",
            1,
            |id| Reply::Send(person(id, "ann")),
            "time_limit: no answer for 1 s after 1 entries",
        ),
        (
            "a byte now and then",
            0,
            |id| Reply::Drip(person(id, "ann"), Duration::from_millis(200)),
            "time_limit: no answer for 1 s after 0 entries",
        ),
    ];
    let reads = cases.iter().map(|(what, rows, answer, told)| async move {
        let answer = *answer;
        let got = read_from(&serve_read(true, move |request| answer(request.id))).await;
        assert_eq!(got.told(), *told, "{what}");
        assert_eq!(got.people.len(), *rows, "{what}");
    });
    side_by_side(reads).await;
}

/// Some wait for a time limit.
async fn side_by_side(all: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|f| f.as_mut().poll(cx).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn pages_are_asked_for_until_the_cookie_is_empty() {
    let cookies: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&cookies);
    let url = serve_read(true, move |request| {
        let page = count.fetch_add(1, Ordering::Relaxed);
        assert_eq!(request.contains("cookie-1"), page == 1);
        assert_eq!(request.contains("cookie-2"), page == 2);
        Reply::Send(match page {
            0 => [person(request.id, "ann"), person(request.id, "bob"), page_done(request.id, b"cookie-1")].concat(),
            1 => page_done(request.id, b"cookie-2"),
            _ => [person(request.id, "cat"), page_done(request.id, b"")].concat(),
        })
    });
    let got = read_from(&url).await;
    assert_eq!((got.told().as_str(), got.names()), ("complete", vec!["uid=ann,dc=x", "uid=bob,dc=x", "uid=cat,dc=x"]));
}

#[tokio::test]
async fn a_server_without_paging_is_asked_plainly() {
    let url = serve_read(false, |request| {
        assert!(!request.contains("1.2.840.113556.1.4.319"));
        Reply::Send([person(request.id, "ann"), done(request.id, 0, "")].concat())
    });
    assert_eq!(read_from(&url).await.told(), "complete");
}

#[tokio::test]
async fn a_flood_that_nobody_takes_stays_at_the_server() {
    const ENTRIES: usize = 3000;
    let sent: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&sent);
    // 3,000 entries of 64 KiB as one answer, to a search that was not asked for in pages.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut request = [0; 4096];
        for id in 1u8.. {
            if stream.read(&mut request).unwrap_or(0) == 0 {
                return;
            }
            let plain = Request { id, op: 0x63, base: if id == 1 { String::new() } else { "dc=x".to_owned() }, scope: 0, body: vec![] };
            // 1 root DSE, 2 base, 3 the question whether we are alive, 4 the read
            if id < 4 {
                stream.write_all(&known(&plain, false)).unwrap();
                continue;
            }
            let big = vec![b'x'; 64 << 10];
            for i in 0..ENTRIES {
                let uuid = i.to_string();
                let bytes = entry(id, format!("uid={i},dc=x").as_bytes(), &[("entryUUID", &[uuid.as_bytes()]), ("uid", &[&big])]);
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    match stream.write(rest) {
                        Ok(n) => {
                            count.fetch_add(n, Ordering::Relaxed);
                            rest = &rest[n..];
                        }
                        Err(_) if count.load(Ordering::Relaxed) < 32 << 20 => {
                            count.fetch_or(1 << 40, Ordering::Relaxed); // stalled: this is what the test waits for
                            std::thread::sleep(Duration::from_millis(20));
                        }
                        Err(_) => std::thread::sleep(Duration::from_millis(20)),
                    }
                }
            }
            stream.write_all(&done(id, 0, "")).unwrap();
        }
    });
    let mut source = open(&url, BASE).await.unwrap();
    let schema = Schema::new([rosterm::identity::AttributeName::new("uid")]);
    let (send, mut receive) = mpsc::channel(1);
    let reader = tokio::spawn(async move { source.read(&schema, send).await });
    let stalled = async {
        while sent.load(Ordering::Relaxed) < 1 << 40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), stalled).await.expect("the server is held back");
    let taken = sent.load(Ordering::Relaxed) & ((1 << 40) - 1);
    assert!(taken < 24 << 20, "{taken} bytes were taken before anybody wanted them");
    // Longer than the time limit: it is us who make the server wait.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut rows = 0;
    while let Some(batch) = receive.recv().await {
        rows += batch.len();
    }
    assert_eq!((rows, reader.await.unwrap().cause()), (ENTRIES, None));
}

#[tokio::test]
async fn a_reader_that_left_ends_the_read_and_the_source_goes_on() {
    let searches: Arc<AtomicUsize> = Arc::default();
    let abandoned: Arc<AtomicUsize> = Arc::default();
    let (count, told) = (Arc::clone(&searches), Arc::clone(&abandoned));
    let url = serve(move |_, request| {
        told.fetch_add(usize::from(request.op == 0x50), Ordering::Relaxed);
        match request.scope {
            0 => Reply::Send(if request.op == 0x63 { known(request, true) } else { Vec::new() }),
            _ if count.fetch_add(1, Ordering::Relaxed) == 0 => Reply::Send(person(request.id, "ann")),
            _ => Reply::Send([person(request.id, "ann"), page_done(request.id, b"")].concat()),
        }
    });
    let mut source = open(&url, BASE).await.unwrap();
    let (send, receive) = mpsc::channel(1);
    drop(receive);
    let end = source.read(&Schema::default(), send).await;
    assert_eq!(end.cause().unwrap().detail, "nobody waits for the rest");
    let again = read(&mut source, &["uid"]).await;
    assert_eq!((again.told().as_str(), again.people.len()), ("complete", 1));
    assert_eq!(abandoned.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_look_up_never_says_gone_without_a_success() {
    let ids = [EntryId::new("id-ann"), EntryId::new("id-gone")];
    type Answer = fn(u8) -> Reply;
    let cases: [(Answer, Option<&str>); 8] = [
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
        (|_| Reply::Send(Vec::new()), Some("no answer for 1 s")),
    ];
    for (answer, cause) in cases {
        let url = serve_read(true, move |request| answer(request.id));
        let mut source = open(&url, BASE).await.unwrap();
        let told = source.find(&ids).await;
        match cause {
            Some(cause) => {
                let unknown = EntryEvidence::Unknown { cause: cause.to_owned() };
                assert_eq!(told, [(ids[0].clone(), unknown.clone()), (ids[1].clone(), unknown)]);
            }
            None => {
                assert!(matches!(&told[0].1, EntryEvidence::Found { dn, verdicts, .. } if dn == "uid=ann,dc=x" && verdicts.in_scope()));
                assert_eq!(told[1].1, EntryEvidence::NotFound { base: "dc=x".to_owned() });
            }
        }
    }
    // A part of the tree that is on another server may hold whom we did not find here.
    let url = serve_read(true, |r| Reply::Send([person(r.id, "ann"), reference(r.id, "ldap://b/ou=far,dc=x"), done(r.id, 0, "")].concat()));
    let told = open(&url, BASE).await.unwrap().find(&ids).await;
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
    assert_eq!(read_from(&url).await.told(), "complete");
}

#[tokio::test]
async fn ranges_of_members_are_followed_to_their_end_or_the_group_is_unread() {
    let location = "base_dn = \"dc=x\"\ngroup_dn = \"cn=g,dc=x\"";
    type Answer = fn(&Request) -> Vec<u8>;
    let cases: [(Answer, &str, usize); 4] = [
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
        let got = read(&mut open(&url, location).await.unwrap(), &["uid"]).await;
        assert_eq!((got.told().as_str(), got.people.len()), (told, rows));
    }
}

async fn refused(url: &str) -> String {
    open(url, BASE).await.map(|_| ()).unwrap_err().to_string()
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
        let source = format!("url = [\"{url}\"]\nstart_tls = true\ntimeout = 1");
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
    let error = refused(&plain).await;
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
