//! Dialects, proofs and tokens: what each service wants to see, and what it may never see.

use crate::support::runtime;
use crate::target_desk::{channel, connector, open, people, take};
use rosterm::demo::service::{Clients, Envelope, Faults, Service, Throttle};
use rosterm::identity::AttributeName;
use rosterm::model::Cause;
use rosterm::target::Connector;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const TOKEN: &str = "token = { command = [\"echo\", \"s3cret-token\"] }";

#[test]
fn a_service_of_1_1_is_read_with_its_managers() {
    for (name, faults) in [
        ("scim1", Faults { version_1: true, ..Faults::default() }),
        ("workplace1", Faults { version_1: true, token: Some("s3cret-token".into()), ..Faults::default() }),
        ("scim2", Faults::default()),
    ] {
        runtime().block_on(async {
            let token = if faults.token.is_some() { TOKEN } else { "" };
            let service = Service::start(people(120), Faults { page_cap: Some(10), ..faults.clone() }).await.unwrap();
            let connector = Connector::built_in_of(name).unwrap().unwrap();
            let mut target = open(service.base_url(), &format!("connector = \"{name}\"\n{token}"), &connector).await.unwrap();
            let manager = connector.field("manager").unwrap().path;
            let column = target.columns().schema().column(AttributeName::new(manager.clone()).as_str()).unwrap();
            let taken = take(&mut target).await;
            assert_eq!((taken.cause(), taken.accounts.len()), (None, 120), "{name}: {:?}", taken.end);
            let row = taken.accounts.row(taken.accounts.by_id("a7").unwrap());
            assert_eq!((row.name(), row.first(column)), ("User7@example.com", Some("a1")), "{name}: {manager}");
            let inactive = taken.accounts.rows().filter(|r| taken.accounts.row(*r).is_off()).count();
            assert_eq!(inactive, 12, "{name}");
        });
    }
}

#[test]
fn a_manager_that_is_a_json_number_is_read_as_text() {
    runtime().block_on(async {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let users = vec![
            serde_json::json!({"id": 100_012_764_418_780_u64, "userName": "boss@example.com"}),
            serde_json::json!({"id": "2", "externalId": "x2", urn: {"manager": {"managerId": 100_012_764_418_780_u64, "displayName": "Boss"}}}),
        ];
        let service = Service::start(users, Faults::default()).await.unwrap();
        let connector = Connector::built_in_of("workplace").unwrap().unwrap();
        let mut target = open(service.base_url(), "connector = \"workplace\"", &connector).await.unwrap();
        let column = target.columns().schema().column(&connector.field("manager").unwrap().path).unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.ids()), (None, vec!["100012764418780", "2"]));
        let nameless = taken.accounts.row(taken.accounts.by_id("2").unwrap());
        assert_eq!((nameless.name(), nameless.first(column)), ("", Some("100012764418780")));
    });
}

#[test]
fn every_shape_of_an_error_is_told_where_the_listing_breaks_off() {
    for (envelope, told) in [
        (Envelope::Dialect, "HTTP 403: something is broken here"),
        (Envelope::Graph, "HTTP 403: something is broken here"),
        (Envelope::Plain, "HTTP 403: something is broken here"),
        (Envelope::Html, "HTTP 403: a web page (something is broken here)"),
        (Envelope::Text, "HTTP 403: something is broken here"),
        (Envelope::Empty, "HTTP 403: an empty answer"),
    ] {
        for version_1 in [false, true] {
            runtime().block_on(async {
                let faults = Faults { envelope, version_1, fail_from: Some((11, 403)), page_cap: Some(10), ..Faults::default() };
                let service = Service::start(people(30), faults).await.unwrap();
                let keys = if version_1 { "version = \"1.1\"" } else { "" };
                let mut target = open(service.base_url(), "", &connector(keys)).await.unwrap();
                let taken = take(&mut target).await;
                assert_eq!((taken.cause(), taken.accounts.len()), (Some(Cause::PageMissing), 10));
                assert_eq!(taken.detail(), format!("accounts from number 11 on: {told}"));
            });
        }
    }
}

#[test]
fn every_request_says_who_we_are_and_carries_what_the_connector_sets() {
    runtime().block_on(async {
        let service = Service::start(people(30), Faults { user_agent: true, gzip: true, ..Faults::default() }).await.unwrap();
        let mut target = open(service.base_url(), "", &connector("")).await.unwrap();
        assert_eq!(take(&mut target).await.cause(), None);
        let service = Service::start(people(1), Faults { user_agent: true, ..Faults::default() }).await.unwrap();
        let bare = reqwest::Client::new().get(format!("{}/Users", service.base_url())).send().await.unwrap();
        assert_eq!(bare.status().as_u16(), 400, "the service does look");
    });
    let (port, server) = raw_server(|_| "HTTP/1.0 200 OK\r\n\r\n{\"totalResults\":0,\"Resources\":[]}".into(), 1);
    runtime().block_on(async {
        let keys = "paging = \"index\"\n[headers]\nX-Tenant = \"one\"";
        assert!(open(&format!("http://127.0.0.1:{port}/scim"), TOKEN, &connector(keys)).await.is_ok());
    });
    let seen = server.join().unwrap().to_ascii_lowercase();
    for wanted in
        ["user-agent: rosterm/", "x-tenant: one\r\n", "accept: application/scim+json, application/json\r\n", "accept-encoding: gzip"]
    {
        assert!(seen.contains(wanted), "{wanted}: {seen}");
    }
}

/// A server that answers `times` connections with what `answer` makes of the request, and gives all that it read.
fn raw_server(answer: impl Fn(usize) -> String + Send + 'static, times: usize) -> (u16, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut seen = String::new();
        for number in 0..times {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 1024];
            while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                match stream.read(&mut piece).unwrap() {
                    0 => break,
                    n => request.extend_from_slice(&piece[..n]),
                }
            }
            seen.push_str(&String::from_utf8_lossy(&request));
            stream.write_all(answer(number).as_bytes()).unwrap();
        }
        seen
    });
    (port, server)
}

#[test]
fn an_http_1_0_server_that_closes_after_each_answer_is_read() {
    let pages = [
        r#"{"totalResults":2,"Resources":[{"id":"1","userName":"a"}]}"#,
        r#"{"totalResults":2,"Resources":[{"id":"1","userName":"a"}]}"#,
        r#"{"totalResults":2,"Resources":[{"id":"2","userName":"b"}]}"#,
        r#"{"totalResults":2}"#,
    ];
    let (port, server) = raw_server(move |n| format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}", pages[n]), pages.len());
    runtime().block_on(async {
        let mut target = open(&format!("http://127.0.0.1:{port}/scim"), "", &connector("paging = \"index\"")).await.unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.ids()), (None, vec!["1", "2"]), "{:?}", taken.end);
    });
    let seen = server.join().unwrap();
    assert!(seen.contains("GET /scim/Users?startIndex=3&count=100 HTTP/1.1\r\n"), "{seen}");
}

#[test]
fn a_proof_of_the_app_secret_is_on_every_request_and_nowhere_else() {
    let faults =
        || Faults { token: Some("s3cret-token".into()), app_secret: Some("app-s3cret".into()), page_cap: Some(10), ..Faults::default() };
    let workplace = || Connector::built_in_of("workplace").unwrap().unwrap();
    let lines = |secret: &str| format!("connector = \"workplace\"\n{TOKEN}\napp_secret = {{ command = [\"echo\", \"{secret}\"] }}");
    runtime().block_on(async {
        let service = Service::start(people(35), faults()).await.unwrap();
        let mut target = open(service.base_url(), &lines("app-s3cret"), &workplace()).await.unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.accounts.len()), (None, 35), "{:?}", taken.end);
        for lines in [lines("wrong-s3cret"), format!("connector = \"workplace\"\n{TOKEN}")] {
            let error = open(service.base_url(), &lines, &workplace()).await.err().unwrap().to_string();
            assert!(error.contains("require an appsecret_proof"), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("appsecret_proof="), "{error}");
        }
        // A URL that can't be reached is told without what is behind its question mark.
        let error = open("http://127.0.0.1:9", &lines("app-s3cret"), &workplace()).await.err().unwrap().to_string();
        assert!(error.contains("127.0.0.1:9 cannot be reached") && !error.contains("appsecret"), "{error}");
        let error = open(service.base_url(), &lines("app-s3cret"), &connector("")).await.err().unwrap().to_string();
        assert!(error.contains("Own knows no app_secret"), "{error}");
    });
    let error = channel("https://x", "app_secret = { env = \"X\" }").unwrap_err();
    assert!(error.contains("app_secret needs a token"), "{error}");
}

fn credentials(service: &Service, secret: &str, more: &str) -> String {
    format!(
        "auth = {{ client_credentials = {{ token_url = \"{}\", client_id = \"me\", client_secret = {{ command = [\"echo\", \"{secret}\"] }}{more} }} }}",
        service.token_url()
    )
}

#[test]
fn a_token_is_granted_once_and_again_when_it_has_to_be() {
    let clients = |seconds, good_for, in_body| Clients { id: "me".into(), secret: "cl!ent s&cret".into(), seconds, in_body, good_for };
    for (what, clients, more, at_least, at_most) in [
        ("for the whole listing", clients(Some(3600), None, false), "", 1, 1),
        ("of unknown life", clients(None, None, false), "", 1, 1),
        ("in the body, with a scope", clients(Some(3600), None, true), ", send = \"body\", scope = \"scim read\"", 1, 1),
        ("for every request, since it lives for no time", clients(Some(0), None, false), "", 5, 9),
        ("again when it is revoked", clients(Some(3600), Some(4), false), "", 2, 2),
    ] {
        runtime().block_on(async {
            let faults = Faults { clients: Some(clients), page_cap: Some(10), ..Faults::default() };
            let service = Service::start(people(35), faults).await.unwrap();
            let lines = credentials(&service, "cl!ent s&cret", more);
            let mut target =
                open(service.base_url(), &lines, &connector("paging = \"index\"")).await.map_err(|e| format!("{what}: {e}")).unwrap();
            let taken = take(&mut target).await;
            assert_eq!((taken.cause(), taken.accounts.len()), (None, 35), "{what}: {:?}", taken.end);
            assert!((at_least..=at_most).contains(&service.granted()), "{what}: {}", service.granted());
        });
    }
}

#[test]
fn a_token_that_is_not_granted_is_told_and_no_secret_leaves_for_another_host() {
    let clients = Clients { id: "me".into(), secret: "r1ght-one".into(), seconds: None, in_body: false, good_for: Some(0) };
    runtime().block_on(async {
        let service = Service::start(people(1), Faults { clients: Some(clients.clone()), ..Faults::default() }).await.unwrap();
        let error = open(service.base_url(), &credentials(&service, "wr0ng-one", ""), &connector("")).await.err().unwrap().to_string();
        assert!(error.contains("grants no token: HTTP 401: invalid_client\n  hint: check client_id"), "{error}");
        assert!(!error.contains("wr0ng"), "{error}");
        // Every token is refused: asked for twice, not for ever.
        let error =
            open(service.base_url(), &credentials(&service, "r1ght-one", ""), &connector("paging = \"index\"")).await.err().unwrap();
        assert!(error.to_string().contains("refuses us: HTTP 401: the token was revoked"), "{error}");
        assert_eq!(service.granted(), 2);
    });
    let (port, elsewhere) = raw_server(|_| String::new(), 0);
    runtime().block_on(async {
        let to: &'static str = format!("http://127.0.0.1:{port}/grab?x=1").leak();
        let service = Service::start(people(1), Faults { clients: Some(clients), redirect: Some(to), ..Faults::default() }).await.unwrap();
        let error = open(service.base_url(), &credentials(&service, "r1ght-one", ""), &connector("")).await.err().unwrap().to_string();
        assert!(error.contains(&format!("grants no token: HTTP 307, to http://127.0.0.1:{port}: ")) && !error.contains("grab"), "{error}");
    });
    assert_eq!(elsewhere.join().unwrap(), "");
    for (lines, told) in [
        ("client_id = \"a\", client_secret = { env = \"X\" }", "needs the key token_url"),
        ("token_url = \"https://x/t\", client_secret = { env = \"X\" }", "needs the key client_id"),
        ("token_url = \"https://x/t\", client_id = \"a\"", "needs a client_secret"),
        ("token_url = \"https://x/t\", client_id = \"a\", client_secret = \"plain\"", "must not stand in the configuration in plain text"),
        ("token_url = \"http://x/t\", client_id = \"a\", client_secret = { env = \"X\" }", "in clear text"),
        ("token_url = \"ftp://x/t\", client_id = \"a\", client_secret = { env = \"X\" }", "must begin with https://"),
        ("token_url = \"https://u:p4ss@x/t\", client_id = \"a\", client_secret = { env = \"X\" }", "may not hold a user"),
        (
            "token_url = \"https://x/t?tenant=1&Client_Secret=p4ss\", client_id = \"a\", client_secret = { env = \"X\" }",
            "the query of the token URL may not hold a secret, and client_secret is one",
        ),
        ("token_url = \"https://x/t\", client_id = \"a\", client_secret = { env = \"X\" }, send = \"both\"", "cannot be \"both\""),
        ("token_url = \"https://x/t\", client_id = \"a\", client_secret = { env = \"X\" }, scpoe = \"x\"", "did you mean scope?"),
    ] {
        let error = channel("https://x", &format!("auth = {{ client_credentials = {{ {lines} }} }}")).unwrap_err();
        assert!(error.contains(told) && !error.contains("p4ss") && !error.contains("plain\""), "{lines}\n{error}");
        assert!(
            error.starts_with("rosterm.toml:8:") || error.starts_with("rosterm.toml:7:") || error.starts_with("rosterm.toml:9:"),
            "{error}"
        );
    }
}

#[test]
fn a_redirect_is_told_by_its_host_and_not_followed_to_another() {
    let (port, elsewhere) = raw_server(|_| String::new(), 0);
    runtime().block_on(async {
        let to: &'static str = format!("http://127.0.0.1:{port}/log-in?session=s3cret").leak();
        let service = Service::start(people(1), Faults { redirect: Some(to), ..Faults::default() }).await.unwrap();
        let error = open(service.base_url(), TOKEN, &connector("")).await.err().unwrap().to_string();
        assert!(error.contains(&format!("/Users points to http://127.0.0.1:{port}: HTTP 302, to http://127.0.0.1:{port}")), "{error}");
        assert!(!error.contains("session") && error.contains("hint: write the address"), "{error}");
    });
    assert_eq!(elsewhere.join().unwrap(), "", "the token stayed at home");
}

#[test]
fn what_a_service_asks_us_to_wait_is_waited_and_seen_and_no_more_than_is_sane() {
    for (what, status, header, requests, least, most) in [
        ("in seconds", 429, Some(("retry-after", "1")), 1, 1000, 5000),
        ("in a header of its own", 429, Some(("x-retry-after", "1")), 2, 2000, 6000),
        ("unavailable for a while", 503, Some(("retry-after", "1")), 1, 1000, 5000),
        ("without a word", 429, None, 1, 400, 5000),
    ] {
        runtime().block_on(async {
            let throttle = Some(Throttle { requests, status, header });
            let service = Service::start(people(30), Faults { throttle, envelope: Envelope::Plain, ..Faults::default() }).await.unwrap();
            let from = Instant::now();
            let mut target = open(service.base_url(), "", &connector("paging = \"index\"")).await.unwrap();
            let took = from.elapsed().as_millis();
            assert!((least..most).contains(&took), "{what}: {took} ms");
            let pace = target.pace();
            assert!(pace.waited() >= Duration::from_millis(400) && pace.waiting().is_none(), "{what}: {:?}", pace.waited());
            assert_eq!(take(&mut target).await.cause(), None);
        });
    }
    runtime().block_on(async {
        let throttle = Some(Throttle { requests: 1000, status: 429, header: Some(("retry-after", "3600")) });
        let service = Service::start(people(30), Faults { throttle, envelope: Envelope::Plain, ..Faults::default() }).await.unwrap();
        let from = Instant::now();
        let error = open(service.base_url(), "", &connector("paging = \"index\"")).await.err().unwrap().to_string();
        assert!(error.contains("HTTP 429: slow down (asks to wait 3600 s)") && error.contains("come back later"), "{error}");
        assert!(from.elapsed() < Duration::from_secs(5) && service.requests() == 1, "asked once, and not earlier than it wanted");
    });
}

#[test]
fn a_total_beyond_all_numbers_is_only_a_number() {
    let page = |n: usize| match n {
        0 | 1 => r#"{"totalResults":18446744073709551615,"Resources":[{"id":"1","userName":"a"}]}"#,
        _ => r#"{"totalResults":18446744073709551615,"Resources":[]}"#,
    };
    // Pages that were asked for in vain may leave the server waiting: it is left behind.
    let (port, _server) = raw_server(move |n| format!("HTTP/1.0 200 OK\r\n\r\n{}", page(n)), 20);
    runtime().block_on(async {
        let keys = "paging = \"index\"\nstable_order = true";
        let mut target = open(&format!("http://127.0.0.1:{port}/scim"), "", &connector(keys)).await.unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.ids()), (Some(Cause::TotalNotReached), vec!["1"]), "{:?}", taken.end);
    });
}
