//! Listings of every kind, sequential, side by side and by cursor: how each ends, and what is kept.

use crate::support::runtime;
use crate::target_desk::{connector, open, people, take};
use rosterm::demo::service::{Cursors, Faults, Filtering, Hiding, Service};
use rosterm::model::Cause;

const COUNT: usize = 250;

/// A service with 250 people that gives 50 at most.
async fn service(faults: Faults) -> Service {
    Service::start(people(COUNT), Faults { page_cap: Some(50), ..faults }).await.unwrap()
}

#[test]
fn a_listing_by_index_ends_as_it_is_and_side_by_side_the_same() {
    let hiding = Hiding { shown_by_id: false, shown_by_filter: false };
    let none = Faults::default;
    for (what, faults, cause, kept, again, odd) in [
        ("all is well", none(), None, 250, 0, 0),
        ("a page is missing", Faults { fail_from: Some((101, 404)), ..none() }, Some(Cause::PageMissing), 100, 0, 0),
        ("a page is refused", Faults { fail_from: Some((201, 403)), ..none() }, Some(Cause::PageMissing), 200, 0, 0),
        ("the total is too high", Faults { total_off_by: 3, ..none() }, Some(Cause::TotalNotReached), 250, 0, 0),
        ("the total is too low", Faults { total_off_by: -200, ..none() }, None, 250, 0, 0),
        ("there is no total", Faults { no_total: true, ..none() }, Some(Cause::TotalNotReached), 250, 0, 0),
        ("the first page comes for ever", Faults { ignore_start: true, ..none() }, Some(Cause::NoProgress), 50, 0, 0),
        ("the first page comes again past the end", Faults { repeat_past_end: true, ..none() }, None, 250, 0, 0),
        (
            "the total is too high and the first page comes again",
            Faults { total_off_by: 3, repeat_past_end: true, ..none() },
            Some(Cause::NoProgress),
            250,
            0,
            0,
        ),
        ("past the end comes 400", Faults { refuse_past_end: true, ..none() }, None, 250, 0, 0),
        (
            "past the end comes 400, before the total",
            Faults { refuse_past_end: true, total_off_by: 1, ..none() },
            Some(Cause::PageMissing),
            250,
            0,
            0,
        ),
        ("the total shrinks, twice", Faults { total_shrinks: true, ..none() }, Some(Cause::IdsRepeated), 250, 1, 0),
        ("the listing moves, twice", Faults { shift: Some(10_000), ..none() }, Some(Cause::IdsRepeated), 250, 1, 0),
        ("the listing moves once", Faults { shift: Some(5), ..none() }, None, 250, 1, 0),
        ("names are in lower case", Faults { lower_case: true, ..none() }, None, 250, 0, 0),
        ("JSON comes as a web page", Faults { content_type: Some("text/html"), ..none() }, None, 250, 0, 0),
        ("it is packed", Faults { gzip: true, ..none() }, None, 250, 0, 0),
        ("a count of 100 is refused", Faults { refuse_count_above: Some(70), ..none() }, None, 250, 0, 0),
        ("inactive accounts are hidden", Faults { hides_inactive: Some(hiding), ..none() }, None, 225, 0, 0),
        ("two without id are found by name", Faults { without_id: &["a7", "a107"], ..none() }, None, 250, 0, 0),
        ("one without id is not found", Faults { without_id: &["a7"], filtering: Filtering::Blind, ..none() }, None, 249, 0, 1),
        ("filters are ignored", Faults { without_id: &["a207"], filtering: Filtering::Ignored, ..none() }, None, 249, 0, 1),
        ("filters are refused", Faults { without_id: &["a7"], filtering: Filtering::Refused, ..none() }, None, 249, 0, 1),
        ("one has neither id nor name", Faults { nameless: &["a7"], ..none() }, Some(Cause::PageMissing), 249, 0, 0),
        (
            "one has no id, and the total is too high",
            Faults { without_id: &["a7"], total_off_by: 1, ..none() },
            Some(Cause::TotalNotReached),
            249,
            0,
            1,
        ),
    ] {
        for keys in ["paging = \"index\"", "paging = \"index\"\nstable_order = true"] {
            runtime().block_on(async {
                let service = service(faults.clone()).await;
                let mut target = open(service.base_url(), "", &connector(keys)).await.unwrap();
                let taken = take(&mut target).await;
                let what = format!("{what}, {keys}");
                assert_eq!(taken.cause(), cause, "{what}: {:?}", taken.end);
                assert_eq!((taken.accounts.len(), taken.again, taken.odd.len()), (kept, again, odd), "{what}");
                assert!(!taken.totals.is_empty() || faults.no_total, "{what}");
            });
        }
    }
}

#[test]
fn an_odd_item_is_told_by_its_names_and_a_sample() {
    runtime().block_on(async {
        let faulty = Faults { without_id: &["a7"], filtering: Filtering::Blind, ..Faults::default() };
        let service = service(faulty).await;
        let mut target = open(service.base_url(), "", &connector("")).await.unwrap();
        let taken = take(&mut target).await;
        let odd = &taken.odd[0];
        assert_eq!((odd.user_name.as_deref(), odd.external_id.as_deref()), (Some("User7@example.com"), Some("x7")));
        assert!(
            odd.sample.contains("userName") && !odd.sample.contains("example.com"),
            "names of attributes, never values: {}",
            odd.sample
        );
    });
    runtime().block_on(async {
        let mut users = people(COUNT);
        users.insert(3, serde_json::json!("not an account"));
        users.insert(60, serde_json::json!(["neither"]));
        let service = Service::start(users, Faults { page_cap: Some(50), ..Faults::default() }).await.unwrap();
        let mut target = open(service.base_url(), "", &connector("")).await.unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.accounts.len()), (Some(Cause::PageMissing), COUNT), "the rest of both pages is kept");
        assert_eq!(taken.detail(), "2 of the items have neither an id nor a name, for one: a text");
    });
}

#[test]
fn a_listing_by_cursor_ends_as_it_is() {
    let none = Faults::default;
    let by_cursor = |faults: Faults, cursors: Cursors| Faults { cursors: Some(cursors), ..faults };
    let only = Cursors { only: true, ..Cursors::default() };
    for (what, keys, faults, cause, kept, again) in [
        ("announced as the only way", "", by_cursor(none(), only), None, 250, 0),
        ("announced beside the index", "", by_cursor(none(), Cursors::default()), None, 250, 0),
        ("set by the connector", "paging = \"cursor\"", by_cursor(none(), Cursors::default()), None, 250, 0),
        ("without total", "", by_cursor(Faults { no_total: true, ..none() }, only), None, 250, 0),
        ("in lower case", "", by_cursor(Faults { lower_case: true, ..none() }, only), None, 250, 0),
        ("with an empty page", "", by_cursor(none(), Cursors { empty_page: true, ..only }), None, 250, 0),
        ("a cursor expires once", "", by_cursor(none(), Cursors { expire: 1, ..only }), None, 250, 1),
        ("cursors expire always", "", by_cursor(none(), Cursors { expire: 1000, ..only }), Some(Cause::PageMissing), 50, 1),
        ("a cursor leads back", "", by_cursor(none(), Cursors { loops: true, ..only }), Some(Cause::NoProgress), 100, 0),
        ("the total is too high", "", by_cursor(Faults { total_off_by: 1, ..none() }, only), Some(Cause::TotalNotReached), 250, 0),
        ("the service knows no cursors", "paging = \"cursor\"", none(), Some(Cause::TotalNotReached), 50, 0),
        (
            "the service knows no cursors and no total",
            "paging = \"cursor\"",
            Faults { no_total: true, ..none() },
            Some(Cause::TotalNotReached),
            50,
            0,
        ),
        ("index is asked for", "paging = \"index\"", by_cursor(none(), Cursors::default()), None, 250, 0),
    ] {
        runtime().block_on(async {
            let service = service(faults).await;
            let mut target = open(service.base_url(), "", &connector(keys)).await.unwrap();
            let taken = take(&mut target).await;
            assert_eq!(taken.cause(), cause, "{what}: {:?}", taken.end);
            assert_eq!((taken.accounts.len(), taken.again), (kept, again), "{what}");
        });
    }
}

#[test]
fn one_page_without_total_and_cursor_is_whole_only_if_cursors_are_announced() {
    let only = Some(Cursors { only: true, ..Cursors::default() });
    for (keys, cursors, cause) in [
        ("paging = \"auto\"", only, None),
        ("paging = \"cursor\"", only, None),
        ("paging = \"cursor\"", None, Some(Cause::TotalNotReached)),
        ("paging = \"index\"", only, Some(Cause::TotalNotReached)),
    ] {
        runtime().block_on(async {
            let service = Service::start(people(5), Faults { no_total: true, cursors, ..Faults::default() }).await.unwrap();
            let mut target = open(service.base_url(), "", &connector(keys)).await.unwrap();
            let taken = take(&mut target).await;
            assert_eq!((taken.cause(), taken.accounts.len()), (cause, 5), "{keys} {cursors:?}: {:?}", taken.end);
        });
    }
}

#[test]
fn pages_are_read_side_by_side_only_where_that_is_allowed_and_come_in_order() {
    for (lines, keys, least, most) in [
        ("", "paging = \"index\"", 1, 1),
        ("concurrency = 3", "paging = \"index\"\nstable_order = true", 2, 3),
        ("concurrency = 1", "paging = \"index\"\nstable_order = true", 1, 1),
    ] {
        runtime().block_on(async {
            let service = service(Faults { delay: 20, page_cap: Some(10), ..Faults::default() }).await;
            let mut target = open(service.base_url(), &format!("page_size = 10\n{lines}"), &connector(keys)).await.unwrap();
            let taken = take(&mut target).await;
            assert_eq!(taken.cause(), None, "{:?}", taken.end);
            let wanted: Vec<String> = (1..=COUNT).map(|i| format!("a{i}")).collect();
            assert_eq!(taken.ids(), wanted, "in the order of the listing");
            assert!((least..=most).contains(&service.at_once()), "{keys} {lines}: {} at once", service.at_once());
            // One page on opening, 25 with somebody on them, one past the end.
            assert_eq!(service.requests(), 27, "{keys} {lines}");
        });
    }
}

#[test]
fn a_page_that_is_shorter_than_the_others_spoils_no_reading_side_by_side() {
    // 10 a page is asked for, 50 of them guessed from the first; the fault makes every later page begin one early.
    runtime().block_on(async {
        let service = service(Faults { shift: Some(7), ..Faults::default() }).await;
        let mut target = open(service.base_url(), "page_size = 10", &connector("stable_order = true\npaging = \"index\"")).await.unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.accounts.len(), taken.again), (None, COUNT, 1), "{:?}", taken.end);
    });
}

#[test]
fn a_service_that_fails_at_any_count_is_asked_for_none() {
    runtime().block_on(async {
        let service = service(Faults { refuse_any_count: true, ..Faults::default() }).await;
        let mut target = open(service.base_url(), "", &connector("paging = \"index\"")).await.unwrap();
        let taken = take(&mut target).await;
        assert_eq!((taken.cause(), taken.accounts.len()), (None, COUNT));
        let asked = service.requests();
        let mut told = open(service.base_url(), "page_size = \"none\"", &connector("paging = \"index\"")).await.unwrap();
        assert_eq!(service.requests(), asked + 1, "nothing is tried first");
        assert_eq!(take(&mut told).await.cause(), None);
    });
}

#[test]
fn a_listing_that_nobody_waits_for_stops() {
    runtime().block_on(async {
        let service = service(Faults::default()).await;
        let mut target = open(service.base_url(), "", &connector("")).await.unwrap();
        let (send, receive) = tokio::sync::mpsc::channel(1);
        drop(receive);
        let end = target.read(send).await;
        assert_eq!(end.cause().map(|why| why.cause), Some(Cause::ConnectionLost));
        assert!(service.requests() <= 4, "{}", service.requests());
    });
}
