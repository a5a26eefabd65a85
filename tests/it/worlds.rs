//! Whole worlds through the real engine, held against the truth that their generator wrote.

use crate::support::{check, look_at, plan, runtime};
use rosterm::demo::service::{Cursors, Faults, Filtering, Hiding};
use rosterm::demo::world::{self, Dialect, Inactive, Plan};
use rosterm::model::{Reason, Situation};
use std::collections::BTreeMap;

#[test]
fn every_user_of_twenty_worlds_is_what_the_truth_says() {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    runtime().block_on(async {
        for seed in 1..=20 {
            let plan = plan(5_000, seed);
            let made = world::make(plan);
            let picture = look_at(&made, plan, Faults::default()).await.unwrap();
            assert!(picture.source_state().is_complete() && picture.target_state().is_complete());
            for (case, n) in check(&picture, &made, str::to_owned) {
                *all.entry(case).or_default() += n;
            }
        }
    });
    // Shown with --nocapture: how many users each line of the table got.
    for (case, n) in &all {
        println!("{n:>7}  {case}");
    }
    assert!(all.len() >= 40 && all.values().all(|n| *n >= 1_000), "every case often: {all:?}");
}

#[test]
fn the_order_in_which_users_arrive_never_matters() {
    runtime().block_on(async {
        let plan = plan(1_000, 4);
        let made = world::make(plan);
        let first = look_at(&made, plan, Faults::default()).await.unwrap();
        let mut turned = world::make(plan);
        turned.accounts.reverse();
        turned.records.reverse();
        turned.links.reverse();
        let second = look_at(&turned, plan, Faults::default()).await.unwrap();
        let rows = |p: &rosterm::engine::Picture| {
            p.rows(true)
                .map(|mut r| {
                    r.candidates.sort_by(|a, b| a.id.cmp(&b.id));
                    serde_json::to_string(&r).unwrap()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&first), rows(&second));
    });
}

#[test]
fn small_pages_show_the_same_accounts() {
    runtime().block_on(async {
        let plan = plan(700, 5);
        let made = world::make(plan);
        for cap in [1, 7, 100] {
            let picture = look_at(&made, plan, Faults { page_cap: Some(cap), ..Faults::default() }).await.unwrap();
            check(&picture, &made, str::to_owned);
        }
    });
}

/// What the embedded service must be like for a world of this dialect.
fn faults_for(plan: Plan) -> Faults {
    let hiding = |shown_by_filter, shown_by_id| Some(Hiding { shown_by_id, shown_by_filter });
    Faults {
        version_1: plan.dialect == Dialect::Scim1,
        page_cap: Some(100),
        hides_inactive: match plan.inactive {
            Inactive::Listed => None,
            Inactive::Filtered => hiding(true, true),
            Inactive::ById => hiding(false, true),
            Inactive::Nowhere => hiding(false, false),
        },
        ..Faults::default()
    }
}

#[test]
fn every_dialect_gives_the_world_that_the_truth_says() {
    for (dialect, inactive, least) in [
        (Dialect::Scim2, Inactive::Listed, 44),
        (Dialect::Scim1, Inactive::Listed, 44),
        (Dialect::Workplace, Inactive::Listed, 44),
        (Dialect::Lucid, Inactive::Listed, 44),
        (Dialect::Lucid, Inactive::Filtered, 43),
        (Dialect::Lucid, Inactive::ById, 43),
        (Dialect::Lucid, Inactive::Nowhere, 43),
    ] {
        for seed in [31, 32] {
            let plan = Plan { dialect, inactive, external_ids: seed == 31, ..Plan::of(1_500, seed) };
            let made = world::make(plan);
            runtime().block_on(async {
                let picture = look_at(&made, plan, faults_for(plan)).await.unwrap();
                let complete = picture.source_state().is_complete() && picture.target_state().is_complete();
                assert!(complete, "{dialect:?} {inactive:?} {:?}", picture.target_state());
                let cases = check(&picture, &made, str::to_owned);
                assert!(cases.len() >= least, "{dialect:?} {inactive:?} {} {cases:?}", cases.len());
            });
        }
    }
}

#[test]
fn pages_by_cursor_and_packed_answers_give_the_same_world() {
    let plan = Plan { dialect: Dialect::Scim2, ..Plan::of(1_200, 33) };
    let made = world::make(plan);
    let cursors = Some(Cursors { only: true, ..Cursors::default() });
    for faults in
        [Faults { cursors, ..faults_for(plan) }, Faults { gzip: true, ..faults_for(plan) }, Faults { lower_case: true, ..faults_for(plan) }]
    {
        runtime().block_on(async {
            let picture = look_at(&made, plan, faults).await.unwrap();
            check(&picture, &made, str::to_owned);
        });
    }
}

#[test]
fn where_inactive_accounts_are_hidden_nobody_is_new_before_a_look_up_said_so() {
    let plan = Plan { dialect: Dialect::Lucid, inactive: Inactive::Filtered, ..Plan::of(800, 34) };
    let made = world::make(plan);
    let would_be_new = made.truth.iter().filter(|t| t.situation == Situation::New || t.case == "back, by key").count();
    for filtering in [Filtering::Refused, Filtering::Ignored] {
        runtime().block_on(async {
            let picture = look_at(&made, plan, Faults { filtering, ..faults_for(plan) }).await.unwrap();
            assert!(picture.target_state().is_complete());
            assert_eq!(picture.counts().of(Situation::New), 0, "{filtering:?}");
            let blocked: Vec<_> = picture.users().iter().filter(|u| u.verdict.situation == Situation::Blocked).collect();
            assert!(blocked.iter().all(|u| u.verdict.reason == Some(Reason::LookupFailed)));
            assert_eq!(blocked.len(), would_be_new, "{filtering:?}");
            let told = &picture.row(blocked[0]).problems;
            assert!(told.iter().any(|p| !p.message.is_empty()), "{told:?}");
        });
    }
}
