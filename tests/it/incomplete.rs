//! Reads that can't be believed: each ends incomplete with its cause; nobody is removed, created, enabled or newly linked.

use crate::support::{look_at, plan, runtime};
use rosterm::demo::service::Faults;
use rosterm::demo::world;
use rosterm::engine::Picture;
use rosterm::model::{Action, Cause, ReadEnd, SideState, Situation};

fn cause(state: &SideState) -> Option<Cause> {
    match state {
        SideState::Ended(ReadEnd::Incomplete(why)) => Some(why.cause),
        _ => None,
    }
}

/// Nothing but updates of linked pairs, and the removal of linked accounts where only the target is incomplete.
fn assert_careful(picture: &Picture, source_complete: bool) {
    for user in picture.users() {
        let action = user.verdict.action;
        let careful = match action {
            Action::None | Action::Update => true,
            Action::Disable | Action::Delete => source_complete,
            _ => false,
        };
        assert!(careful, "{:?}", picture.row(user));
    }
    assert!(picture.counts().of(Situation::Blocked) > 0);
    for situation in [Situation::New, Situation::Returning] {
        assert_eq!(picture.counts().of(situation), 0);
    }
}

#[test]
fn a_listing_that_is_not_proved_whole_creates_and_links_nobody() {
    let plan = plan(1_500, 7);
    let made = world::make(plan);
    let capped = Faults { page_cap: Some(100), ..Faults::default() };
    for (fault, faults, wanted) in [
        ("a page is missing", Faults { fail_from: Some((501, 404)), ..capped.clone() }, Cause::PageMissing),
        ("a page is refused", Faults { fail_from: Some((301, 403)), ..capped.clone() }, Cause::PageMissing),
        ("the connection is cut", Faults { cut_from: Some(501), ..capped.clone() }, Cause::PageMissing),
        ("the total is too high", Faults { total_off_by: 3, ..capped.clone() }, Cause::TotalNotReached),
        (
            "the total is too high, and the first page comes again",
            Faults { total_off_by: 3, repeat_past_end: true, ..capped.clone() },
            Cause::NoProgress,
        ),
        ("the first page comes for ever", Faults { ignore_start: true, ..capped.clone() }, Cause::NoProgress),
        ("there is no total", Faults { no_total: true, ..capped.clone() }, Cause::TotalNotReached),
        (
            "there is no total, and the first page comes for ever",
            Faults { no_total: true, ignore_start: true, ..capped.clone() },
            Cause::NoProgress,
        ),
        ("the total changes on the way, twice", Faults { total_shrinks: true, ..capped.clone() }, Cause::IdsRepeated),
        ("the listing moves, twice", Faults { shift: Some(10_000), ..capped.clone() }, Cause::IdsRepeated),
    ] {
        runtime().block_on(async {
            let picture = look_at(&made, plan, faults).await.unwrap();
            assert_eq!(cause(picture.target_state()), Some(wanted), "{fault}: {:?}", picture.target_state());
            assert!(picture.source_state().is_complete());
            assert_careful(&picture, true);
        });
    }
}

#[test]
fn a_listing_that_is_odd_but_whole_is_believed() {
    let plan = plan(1_500, 7);
    let made = world::make(plan);
    let capped = Faults { page_cap: Some(100), ..Faults::default() };
    for (oddity, faults) in [
        ("the first page comes again past the end", Faults { repeat_past_end: true, ..capped.clone() }),
        ("the total is too low", Faults { total_off_by: -1000, ..capped.clone() }),
        ("pages of this size are refused", Faults { refuse_count_above: Some(70), ..capped.clone() }),
        ("the listing moved once, and was read once more", Faults { shift: Some(9), ..capped.clone() }),
        ("a token is wanted and there is none to want", Faults { ..capped }),
    ] {
        runtime().block_on(async {
            let picture = look_at(&made, plan, faults).await.unwrap();
            assert!(picture.target_state().is_complete(), "{oddity}: {:?}", picture.target_state());
            crate::support::check(&picture, &made, str::to_owned);
        });
    }
}

#[test]
fn an_entry_without_lasting_id_makes_the_source_incomplete() {
    let plan = plan(400, 3);
    let mut made = world::make(plan);
    let victim = made.truth.iter().find(|t| t.case == "in sync, linked").and_then(|t| t.entry.clone()).unwrap();
    for record in &mut made.records {
        let is_victim = record.attributes.iter().any(|(n, v)| &**n == "entryUUID" && v.bytes() == victim.as_bytes());
        if is_victim {
            record.attributes.retain(|(n, _)| &**n != "entryUUID");
        }
    }
    runtime().block_on(async {
        let picture = look_at(&made, plan, Faults::default()).await.unwrap();
        assert_eq!(cause(picture.source_state()), Some(Cause::IdMissing));
        assert_careful(&picture, false);
    });
}

#[test]
fn two_entries_with_one_lasting_id_make_the_source_incomplete() {
    let plan = plan(400, 3);
    let mut made = world::make(plan);
    let ids: Vec<String> = made.truth.iter().filter(|t| t.case == "in sync, linked").filter_map(|t| t.entry.clone()).collect();
    for record in &mut made.records {
        for (name, value) in &mut record.attributes {
            if &**name == "entryUUID" && value.bytes() == ids[0].as_bytes() {
                *value = rosterm::source::ldif::Value::Text(ids[1].as_str().into());
            }
        }
    }
    runtime().block_on(async {
        let picture = look_at(&made, plan, Faults::default()).await.unwrap();
        assert_eq!(cause(picture.source_state()), Some(Cause::IdsRepeated));
        assert_careful(&picture, false);
    });
}

#[test]
fn an_empty_source_removes_nobody() {
    let plan = plan(400, 3);
    let mut made = world::make(plan);
    for record in &mut made.records {
        for (name, value) in &mut record.attributes {
            if &**name == "employeeType" {
                *value = rosterm::source::ldif::Value::Text("external".into());
            }
        }
    }
    runtime().block_on(async {
        let picture = look_at(&made, plan, Faults::default()).await.unwrap();
        assert!(picture.entries().is_empty() && picture.source_state().is_complete());
        assert!(picture.users().iter().all(|u| u.verdict.action == Action::None));
        assert!(picture.users().iter().any(|u| u.verdict.reason == Some(rosterm::model::Reason::SourceEmpty)));
    });
}

#[test]
fn a_refused_look_up_never_guesses() {
    let plan = plan(400, 3);
    let made = world::make(plan);
    runtime().block_on(async {
        let picture = look_at(&made, plan, Faults { lookup_status: Some(403), ..Faults::default() }).await.unwrap();
        let unknown = made.truth.iter().filter(|t| t.case == "the linked account is gone").count();
        let blocked = picture.users().iter().filter(|u| u.verdict.reason == Some(rosterm::model::Reason::LookupFailed)).count();
        assert_eq!((blocked, picture.counts().of(Situation::Blocked)), (unknown, unknown));
        assert!(picture.users().iter().all(|u| u.verdict.reason != Some(rosterm::model::Reason::AccountGone)));
    });
}
