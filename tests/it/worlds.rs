//! Whole worlds through the real engine, held against the truth that their generator wrote.

use crate::support::{check, look_at, plan, runtime};
use rosterm::demo::service::Faults;
use rosterm::demo::world;
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
