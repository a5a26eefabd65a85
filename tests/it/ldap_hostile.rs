//! What a directory server that is broken, overloaded or hostile can do to a read: end it, with a reason. Nothing else.

use super::fake_ldap::*;
use rosterm::identity::population::Schema;
use rosterm::source::Source;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

pub type Answer = fn(u8) -> Reply;

pub const BASE: &str = "base_dn = \"dc=x\"";

/// A server that is to answer has as long as a loaded machine may take; one that says nothing is waited for a second.
pub const PATIENT: u32 = 20;

pub async fn open(url: &str, location: &str, timeout: u32) -> rosterm::error::Result<Source> {
    let source = format!("url = [\"{url}\"]\nvendor = \"openldap\"\npage_size = 2\ntimeout = {timeout}");
    Source::open(&configured(&source, location, ""), NOW).await
}

pub async fn read_from(url: &str, timeout: u32) -> Read1 {
    let mut source = open(url, BASE, timeout).await.unwrap();
    read(&mut source, &["uid", "member"]).await
}

fn nested(levels: usize) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| tlv(0x30, &inner))
}

#[tokio::test]
async fn each_bad_end_of_a_read_is_told_as_what_it_was() {
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
        (
            "a reference that is none",
            0,
            |id| Reply::Send(message(id, &tlv(0x73, b""))),
            "malformed: a reference without URLs after 1 entries",
        ),
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
        ("silence", 0, |_| Reply::Send(Vec::new()), "time_limit: no answer for 1 s after 0 entries"),
        ("silence after a while", 1, |id| Reply::Send(person(id, "ann")), "time_limit: no answer for 1 s after 1 entries"),
        (
            "a byte now and then",
            0,
            |id| Reply::Drip(person(id, "ann"), Duration::from_millis(200)),
            "time_limit: no answer for 1 s after 0 entries",
        ),
    ];
    let reads = cases.iter().map(|(what, rows, answer, told)| async move {
        let answer = *answer;
        let timeout = if told.contains("no answer for 1 s") { 1 } else { PATIENT };
        let got = read_from(&serve_read(true, move |request| answer(request.id)), timeout).await;
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
    let got = read_from(&url, PATIENT).await;
    assert_eq!((got.told().as_str(), got.names()), ("complete", vec!["uid=ann,dc=x", "uid=bob,dc=x", "uid=cat,dc=x"]));
}

#[tokio::test]
async fn a_server_without_paging_is_asked_plainly() {
    let url = serve_read(false, |request| {
        assert!(!request.contains("1.2.840.113556.1.4.319"));
        Reply::Send([person(request.id, "ann"), done(request.id, 0, "")].concat())
    });
    assert_eq!(read_from(&url, PATIENT).await.told(), "complete");
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
    let mut source = open(&url, BASE, 1).await.unwrap();
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
    let mut source = open(&url, BASE, PATIENT).await.unwrap();
    let (send, receive) = mpsc::channel(1);
    drop(receive);
    let end = source.read(&Schema::default(), send).await;
    assert_eq!(end.cause().unwrap().detail, "nobody waits for the rest");
    let again = read(&mut source, &["uid"]).await;
    assert_eq!((again.told().as_str(), again.people.len()), ("complete", 1));
    assert_eq!(abandoned.load(Ordering::Relaxed), 1);
}
