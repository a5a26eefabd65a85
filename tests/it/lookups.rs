//! Single look-ups by id and by name, and the check of a target: what is found, what is not, and what can't be told.

use crate::support::runtime;
use crate::target_desk::{channel, columns, connector, open, people};
use rosterm::demo::service::{Clients, Envelope, Faults, Filtering, Hiding, Service, Throttle};
use rosterm::identity::AccountId;
use rosterm::model::AccountEvidence;
use rosterm::model::step::{Step, StepVerdict};
use rosterm::target::{Sought, Target};
use std::cell::RefCell;

fn by_name(name: &str) -> Sought {
    Sought { user_name: Some(name.into()), external_id: None, matched: None }
}

fn by_both(name: &str, external_id: &str) -> Sought {
    Sought { user_name: Some(name.into()), external_id: Some(external_id.into()), matched: None }
}

/// `+` found active, `-` found inactive, `0` not there, else why it can't be told.
fn words(evidence: &AccountEvidence) -> String {
    match evidence {
        AccountEvidence::Found { active: true } => "+".into(),
        AccountEvidence::Found { active: false } => "-".into(),
        AccountEvidence::NotFound => "0".into(),
        AccountEvidence::Unknown { cause } => cause.clone(),
    }
}

#[test]
fn somebody_is_found_by_name_only_if_it_is_really_them() {
    let none = Faults::default;
    let hidden = |shown_by_filter| Faults { hides_inactive: Some(Hiding { shown_by_id: true, shown_by_filter }), ..none() };
    let ignored = Faults { filtering: Filtering::Ignored, ..none() };
    let refused = Faults { filtering: Filtering::Refused, ..none() };
    let refuses = "the service refuses to look accounts up by userName: HTTP 400: invalidFilter: filters are not for you";
    let ignores = "the service answers a look-up by userName with 10 other accounts: it seems to ignore filters";
    let names_only = "filter = [\"userName\"]";
    for (what, keys, faults, sought, told, rows) in [
        ("as it is", "", none(), by_name("User3@example.com"), "+", &["a3"][..]),
        ("in another case", "", none(), by_name("USER3@example.com "), "0", &[]),
        ("in another case, without a blank", "", none(), by_name("USER3@example.com"), "+", &["a3"]),
        ("inactive", "", none(), by_name("User10@example.com"), "-", &["a10"]),
        ("nobody", "", none(), by_name("nobody"), "0", &[]),
        ("by externalId alone", "", none(), Sought { user_name: None, external_id: Some("x4".into()), matched: None }, "+", &["a4"]),
        ("by a wrong externalId", "", none(), Sought { user_name: None, external_id: Some("X4".into()), matched: None }, "0", &[]),
        ("renamed, by externalId", "", none(), by_both("new.name", "x5"), "+", &["a5"]),
        ("both name the same", "", none(), by_both("User5@example.com", "x5"), "+", &["a5"]),
        ("they name two", "", none(), by_both("User5@example.com", "x10"), "+", &["a5", "a10"]),
        ("neither is there", "", none(), by_both("nobody", "none"), "0", &[]),
        ("hidden, and shown by filters", "", hidden(true), by_name("User10@example.com"), "-", &["a10"]),
        ("hidden, also from filters", "", hidden(false), by_name("User10@example.com"), "0", &[]),
        ("letter case counts there", "", Faults { filtering: Filtering::CaseExact, ..none() }, by_name("user3@example.com"), "0", &[]),
        ("filters are ignored, but the page has them", "", ignored.clone(), by_name("User3@example.com"), "+", &["a3"]),
        ("filters are ignored", "", ignored, by_name("User33@example.com"), ignores, &[]),
        ("filters are refused", "", refused, by_name("User3@example.com"), refuses, &[]),
        ("in SCIM 1.1", "version = \"1.1\"", Faults { version_1: true, ..none() }, by_name("User3@example.com"), "+", &["a3"]),
        ("externalId is not asked for", names_only, none(), by_both("nobody", "x5"), "0", &[]),
        (
            "userName can't be asked for",
            "filter = [\"externalId\"]",
            none(),
            by_both("User5@example.com", "none"),
            "the service cannot look accounts up by userName",
            &[],
        ),
        ("userName can't be asked for, but externalId finds", "filter = \"externalId\"", none(), by_both("q", "x5"), "+", &["a5"]),
        ("no name at all", "", none(), Sought::default(), "there is no name to look up that the service can filter by", &[]),
        ("an empty name", "", none(), by_name(" "), "there is no name to look up that the service can filter by", &[]),
    ] {
        runtime().block_on(async {
            let service = Service::start(people(40), faults).await.unwrap();
            let target = open(service.base_url(), "", &connector(keys)).await.unwrap();
            let (answers, found) = target.find_named(&[sought], |_| ()).await;
            assert_eq!(answers.iter().map(words).collect::<Vec<_>>(), [told], "{what}");
            assert_eq!(found.iter().map(|r| r.id().to_owned()).collect::<Vec<_>>(), rows, "{what}");
        });
    }
}

#[test]
fn no_name_gets_out_of_its_quotes() {
    let names = ["o\"brien", "back\\slash", "a&b=c", "per%20cent", "plus+sign", "x\" or userName pr or \"", "Zoë ✓", "tab\there", "#?/"];
    runtime().block_on(async {
        let users = names.iter().enumerate().map(|(i, n)| serde_json::json!({"id": format!("n/{i}"), "userName": n})).collect();
        let service = Service::start(users, Faults::default()).await.unwrap();
        let target = open(service.base_url(), "", &connector("")).await.unwrap();
        let sought: Vec<Sought> = names.iter().map(|n| by_name(n)).collect();
        let (answers, found) = target.find_named(&sought, |_| ()).await;
        assert!(answers.iter().all(|a| words(a) == "+"), "{answers:?}");
        assert_eq!(found.iter().map(|r| r.name().to_owned()).collect::<Vec<_>>(), names);
        let ids: Vec<AccountId> = (0..names.len()).map(|i| AccountId::new(format!("n/{i}"))).collect();
        let (answers, _) = target.find(&ids, |_| ()).await;
        assert!(answers.iter().all(|(_, a)| words(a) == "+"), "an id with a slash is one segment: {answers:?}");
    });
}

#[test]
fn answers_come_in_order_and_are_counted_and_a_service_that_refuses_is_left_alone() {
    let names: Vec<Sought> = (1..=60).map(|i| by_name(&format!("user{i}@example.com"))).collect();
    let ids: Vec<AccountId> = (1..=60).map(|i| AccountId::new(format!("a{i}"))).collect();
    runtime().block_on(async {
        let service = Service::start(people(40), Faults { delay: 1, ..Faults::default() }).await.unwrap();
        let target = open(service.base_url(), "concurrency = 4", &connector("paging = \"index\"")).await.unwrap();
        let told = RefCell::new(Vec::new());
        let (answers, found) = target.find_named(&names, |n| told.borrow_mut().push(n)).await;
        let wanted: Vec<&str> = (1..=60)
            .map(|i| {
                if i > 40 {
                    "0"
                } else if i % 10 == 0 {
                    "-"
                } else {
                    "+"
                }
            })
            .collect();
        assert_eq!(answers.iter().map(words).collect::<Vec<_>>(), wanted);
        assert_eq!(found.len(), 40);
        assert_eq!(told.take(), (1..=60).collect::<Vec<_>>());
        let (answers, found) = target.find(&ids, |n| told.borrow_mut().push(n)).await;
        assert_eq!(answers.iter().map(|(_, a)| words(a)).collect::<Vec<_>>(), wanted);
        assert_eq!((found.len(), told.take().len()), (40, 60));
        assert!((2..=4).contains(&service.at_once()), "{}", service.at_once());
    });
    for (faults, most) in [
        (Faults { filtering: Filtering::Refused, ..Faults::default() }, 10 + 8),
        (Faults { lookup_status: Some(403), ..Faults::default() }, 1 + 8),
        (Faults { lookup_status: Some(409), ..Faults::default() }, 10 + 8),
    ] {
        runtime().block_on(async {
            let by_id = faults.lookup_status.is_some();
            let service = Service::start(people(40), faults).await.unwrap();
            let target = open(service.base_url(), "", &connector("paging = \"index\"\nfilter = \"userName\"")).await.unwrap();
            let last = RefCell::new(0);
            let answers: Vec<AccountEvidence> = if by_id {
                target.find(&ids, |n| *last.borrow_mut() = n).await.0.into_iter().map(|(_, a)| a).collect()
            } else {
                target.find_named(&names, |n| *last.borrow_mut() = n).await.0
            };
            assert_eq!((answers.len(), last.take()), (60, 60));
            assert!(answers.iter().all(|a| matches!(a, AccountEvidence::Unknown { .. })), "nobody is told gone");
            assert!(service.requests() <= 1 + most, "{} requests", service.requests());
        });
    }
}

#[test]
fn the_words_of_a_service_reach_the_cause_in_whatever_shape() {
    for (envelope, told) in [
        (Envelope::Dialect, "HTTP 403: single accounts are not for you"),
        (Envelope::Graph, "HTTP 403: single accounts are not for you"),
        (Envelope::Plain, "HTTP 403: single accounts are not for you"),
        (Envelope::Text, "HTTP 403: single accounts are not for you"),
        (Envelope::Html, "HTTP 403: a web page (single accounts are not for you)"),
        (Envelope::Empty, "HTTP 403: an empty answer"),
    ] {
        for version_1 in [false, true] {
            runtime().block_on(async {
                let faults = Faults { envelope, version_1, lookup_status: Some(403), ..Faults::default() };
                let service = Service::start(people(3), faults).await.unwrap();
                let keys = if version_1 { "version = \"1.1\"" } else { "" };
                let target = open(service.base_url(), "", &connector(keys)).await.unwrap();
                let (answers, _) = target.find(&[AccountId::new("a1")], |_| ()).await;
                assert_eq!(words(&answers[0].1), told);
            });
        }
    }
}

async fn check(service: &Service, lines: &str, keys: &str) -> (Vec<Step>, bool) {
    let connector = connector(keys);
    let channel = channel(service.base_url(), lines).unwrap();
    let mut steps = Vec::new();
    let target = Target::check(&channel.target, &connector, columns(&connector), |step| steps.push(step)).await;
    (steps, target.is_some())
}

#[test]
fn a_check_tells_each_step_with_what_to_do_about_it() {
    use StepVerdict::{Failed, Good, Skipped, Warning};
    let none = Faults::default;
    let secret = || Faults { token: Some("r1ght-one".into()), ..Faults::default() };
    let clients = Clients { id: "me".into(), secret: "r1ght-one".into(), seconds: Some(60), in_body: false, good_for: None };
    let wrong_token = "token = { command = [\"echo\", \"wr0ng-one\"] }";
    let granted = "auth = { client_credentials = { token_url = \"TOKEN_URL\", client_id = \"me\", client_secret = { command = [\"echo\", \"wr0ng-one\"] } } }";
    for (what, lines, keys, faults, verdicts, about, told) in [
        ("all is well", "", "", none(), [Good; 6], 4, "40 accounts of 40 in "),
        (
            "all is well in 1.1",
            "",
            "version = \"1.1\"",
            Faults { version_1: true, ..none() },
            [Good, Good, Good, Warning, Good, Good],
            3,
            "does not list manager",
        ),
        ("a wrong token", wrong_token, "", secret(), [Good, Failed, Skipped, Skipped, Skipped, Skipped], 1, "refuses us: HTTP 401"),
        ("no token", "", "", secret(), [Good, Failed, Skipped, Skipped, Skipped, Skipped], 1, "refuses us: HTTP 401"),
        (
            "no token is granted",
            granted,
            "",
            Faults { clients: Some(clients), ..none() },
            [Skipped, Failed, Skipped, Skipped, Skipped, Skipped],
            1,
            "grants no token: HTTP 401: invalid_client",
        ),
        (
            "no discovery",
            "",
            "",
            Faults { silent: true, ..none() },
            [Good; 6],
            2,
            "no /ServiceProviderConfig (HTTP 404: there is no such resource)",
        ),
        (
            "another place",
            "",
            "",
            Faults { redirect: Some("https://elsewhere.example/scim?code=s3cret"), ..none() },
            [Good, Skipped, Good, Good, Failed, Skipped],
            4,
            "points to https://elsewhere.example: HTTP 302",
        ),
        (
            "not a SCIM service",
            "",
            "",
            Faults { answer: Some((200, "text/html", "<html><title>Log in</title>")), ..none() },
            [Good, Skipped, Good, Good, Failed, Skipped],
            4,
            "a web page (Log in)",
        ),
        ("smaller pages", "", "", Faults { refuse_count_above: Some(30), ..none() }, [Good; 6], 4, "25 accounts of 40 in "),
        ("capped pages", "", "", Faults { page_cap: Some(20), ..none() }, [Good; 6], 4, "; 100 asked for"),
        (
            "no total",
            "",
            "paging = \"index\"",
            Faults { no_total: true, ..none() },
            [Good, Good, Good, Good, Warning, Good],
            4,
            "no total told",
        ),
        (
            "an item without id",
            "",
            "",
            Faults { without_id: &["a7"], ..none() },
            [Good, Good, Good, Good, Warning, Good],
            4,
            "1 of them have no id",
        ),
        (
            "filters are refused",
            "",
            "",
            Faults { filtering: Filtering::Refused, ..none() },
            [Good, Good, Good, Good, Good, Warning],
            5,
            "filters are not for you",
        ),
        (
            "filters find nobody",
            "",
            "",
            Faults { filtering: Filtering::Blind, ..none() },
            [Good, Good, Good, Good, Good, Warning],
            5,
            "finds nobody, although",
        ),
        ("no filter", "", "filter = []", none(), [Good, Good, Good, Good, Good, Skipped], 5, "by the connector's word"),
    ] {
        runtime().block_on(async {
            let service = Service::start(people(40), faults).await.unwrap();
            let (steps, can_be_read) = check(&service, &lines.replace("TOKEN_URL", &service.token_url()), keys).await;
            let names: Vec<&str> = steps.iter().map(|s| s.name).collect();
            assert_eq!(names, ["service", "login", "discovery", "schema", "page", "filter"], "{what}");
            assert_eq!(steps.iter().map(|s| s.verdict).collect::<Vec<_>>(), verdicts, "{what}: {steps:#?}");
            assert!(steps[about].detail.contains(told), "{what}: {steps:#?}");
            assert!(steps.iter().filter(|s| matches!(s.verdict, Warning | Failed)).all(|s| s.hint.is_some()), "{what}: {steps:#?}");
            assert!(steps.iter().all(|s| !s.detail.contains("s3cret") && !s.detail.contains("wrong")), "{what}: {steps:#?}");
            assert_eq!(can_be_read, verdicts[4] != Failed && verdicts[1] != Failed, "{what}");
            assert!(service.requests() <= 8, "{what}: {} requests", service.requests());
        });
    }
}

#[test]
fn a_check_of_nothing_tells_where_nothing_is() {
    runtime().block_on(async {
        let connector = connector("");
        for (url, told, hint) in [
            ("http://127.0.0.1:9/scim", "127.0.0.1:9 cannot be reached", "check base_url"),
            ("http://nobody.invalid/scim", "nobody.invalid:80 cannot be reached", "check the host name in base_url"),
        ] {
            let channel = channel(url, "auth = \"none\"").unwrap();
            let mut steps = Vec::new();
            let target = Target::check(&channel.target, &connector, columns(&connector), |step| steps.push(step)).await;
            assert!(target.is_none());
            assert!(steps[0].verdict == StepVerdict::Failed && steps[0].detail.contains(told), "{steps:#?}");
            assert!(steps[0].hint.as_ref().is_some_and(|h| h.contains(hint)), "{steps:#?}");
            assert!(steps.len() == 6 && steps[1..].iter().all(|s| s.verdict == StepVerdict::Skipped));
        }
        // A server that speaks no TLS.
        let service =
            Service::start(people(1), Faults { throttle: Some(Throttle { requests: 0, status: 429, header: None }), ..Faults::default() })
                .await
                .unwrap();
        let channel = channel(&service.base_url().replace("http:", "https:"), "").unwrap();
        let mut steps = Vec::new();
        Target::check(&channel.target, &connector, columns(&connector), |step| steps.push(step)).await;
        assert!(steps[0].detail.contains("cannot be trusted") && steps[0].hint.as_ref().is_some_and(|h| h.contains("TLS")), "{steps:#?}");
    });
}
