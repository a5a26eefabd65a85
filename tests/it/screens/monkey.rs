//! Somebody's cat on the keyboard: any keys in any order, on the real engine and a service that does what it is told. Nothing falls
//! over, every frame is clean, and nobody loses access: that takes a number, and a cat knows none.

use super::decide::{read_again, send_all, show};
use super::desk::{Desk, event};
use super::setting;
use crate::support;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world;
use rosterm::engine::{News, Running};
use rosterm::tui::{self, Effect, Msg, update};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What is pressed; what decides comes more often, as it would never come to anything otherwise.
const KEYS: &str = "j j k g G tab tab backtab f f ? i s S / n N esc esc esc esc enter enter enter enter enter enter enter up down left \
    right pagedown pageup home end backspace ctrl-w ctrl-u ctrl-s 1 2 3 3 4 5 5 J K y r a a e e o n space space space \
    space space A A+enter A+enter A+enter U P P+enter P+enter P+enter X X+enter X+enter h H c u u+enter 5+u+enter R w m v M M L L+enter B B+enter d t F l i q ' ( | = : é x y";

/// Numbers that look like dice and are the same each time (Knuth, The Art of Computer Programming 2, 3.3.4: MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// The accounts that can log in.
fn active(service: &Service) -> BTreeSet<String> {
    let users = service.users();
    let on = users.iter().filter(|u| u["active"] != Value::Bool(false));
    on.filter_map(|u| u["id"].as_str().map(str::to_owned)).collect()
}

/// Several are created, so that a run can be taken back, and some who leave are approved: a number is all that is missing.
fn begin(desk: &mut Desk) {
    send_all(desk, "action create");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(desk);
    show(desk, "action disable");
    desk.press("space");
    desk.until(|m| m.approvals().total() == 1);
    desk.press("esc");
}

fn walk(seed: u64, keys: usize) {
    let mut dice = Dice(seed);
    let alphabet: Vec<&str> = KEYS.split(' ').collect();
    let plan = support::plan(150, seed);
    let world = world::make(plan);
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let mut desk = Desk::at(runtime, Arc::clone(&service), None, &world, plan, setting());
    begin(&mut desk);
    let made = service.effects();
    assert!(made.len() > 1 && made.iter().all(|e| e.method == "POST"), "seed {seed}");
    let mut could = active(&service);
    let mut pressed = Vec::new();
    for _ in 0..keys {
        for mut key in alphabet[dice.below(alphabet.len())].split('+') {
            // A digit in a question could be the number that is asked for.
            if desk.model.question().is_some() && key.chars().all(|c| c.is_ascii_digit()) {
                key = "enter";
            }
            pressed.push(key);
            let todo = update::update(&mut desk.model, Msg::Key(event(key)));
            obey(&mut desk, todo);
            // Sometimes the cat looks at what came of it; mostly the next key is faster than any answer.
            let patience = Duration::from_millis([0, 0, 4, 100][dice.below(4)]);
            while let Ok(news) = desk.inbox.recv_timeout(patience) {
                if let News::Snapshot(snapshot) = &news {
                    desk.snapshot = Arc::clone(snapshot);
                }
                let todo = update::update(&mut desk.model, Msg::News(news));
                obey(&mut desk, todo);
            }
        }
        let (width, height) = [(80, 24), (160, 48), (60, 15), (120, 24), (200, 60), (40, 10)][dice.below(6)];
        desk.frame(width, height);
        let can = active(&service);
        let lost: Vec<&String> = could.difference(&can).collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?} lost access by {}", pressed.join(" "));
        could = can;
    }
    assert!(!service.effects().iter().any(|e| e.method == "DELETE"), "seed {seed}");
}

/// Does what a message leads to.
fn obey(desk: &mut Desk, mut todo: Vec<Effect>) {
    while let Some(effect) = todo.pop() {
        match effect {
            Effect::Seek => todo.extend(update::update(&mut desk.model, Msg::Seek)),
            Effect::Look(spec) => desk.live.look(spec),
            other => tui::order(&desk.live, &desk.model, other),
        }
    }
}

#[test]
fn no_keys_without_a_number_take_access_away_and_none_make_it_fall_over() {
    for seed in [2, 6, 7] {
        walk(seed, 300);
    }
}
