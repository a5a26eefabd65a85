//! Who moves from which situation to which by the rules that are edited.

use super::desk::Desk;
use super::rules::{counts, on, settled};
use super::{same_as_before, setting};
use rosterm::engine::moves::Moves;
use rosterm::engine::{News, Snapshot};
use rosterm::model::{Situation, Subject};
use rosterm::tui::{Effect, Msg, update};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Asks who moves by what is tried, and hears it.
fn compared(desk: &mut Desk, before: &Arc<Snapshot>) -> Arc<Moves> {
    desk.live.compare(Arc::clone(before), Arc::clone(&desk.snapshot));
    loop {
        if let News::Moved(moves) = desk.inbox.recv_timeout(Duration::from_secs(60)).unwrap() {
            desk.tell(Msg::News(News::Moved(Arc::clone(&moves))));
            return moves;
        }
    }
}

/// Everybody in the list, and the situation of each.
fn everybody(desk: &Desk) -> HashMap<Subject, Situation> {
    let situation = |subject: &Subject| desk.snapshot.picture().user_of(*subject).unwrap().verdict.situation;
    desk.model.shown().iter().map(|subject| (*subject, situation(subject))).collect()
}

#[test]
fn who_moves_from_which_situation_to_which_is_what_everybody_alone_would_say() {
    for (field, typed) in [("title", " | upper"), ("userName", " ~ '1'"), ("email", " if sn > 'm'")] {
        let mut desk = on(field, setting());
        counts(&mut desk);
        let before = Arc::clone(&desk.snapshot);
        let old = everybody(&desk);
        desk.press("e");
        desk.type_in(typed);
        desk.until_shown("the list goes by it: ");
        let after = settled(&mut desk);
        let moves = compared(&mut desk, &before);
        let new = everybody(&desk);
        assert!(moves.all() > 0 && new.len() == after.0.all() && old.len() == before.facets().all());
        let all = || Situation::ALL.into_iter().map(Some).chain([None]);
        let everybody: HashSet<_> = old.keys().chain(new.keys()).copied().collect();
        for (from, to) in all().flat_map(|from| all().map(move |to| (from, to))) {
            let n = everybody.iter().filter(|s| old.get(s).copied() == from && new.get(s).copied() == to).count();
            if from == to {
                assert!(from.is_none_or(|s| moves.stay(s, before.facets()) == n), "{field}: {from:?}");
            } else {
                assert_eq!(moves.of(from, to), n, "{field}: {from:?} {to:?}");
            }
        }
        let frame = desk.frame(200, 60);
        assert!(frame.contains("before → after"), "{frame}");
        if field == "title" {
            same_as_before("rules-moves-160x48", &desk.frame(160, 48));
            same_as_before("rules-moves-80x24", &desk.frame(80, 24));
            // Where there is no room for it, the line says which situations grow and shrink.
            let narrow = desk.frame(120, 30);
            assert!(!narrow.contains("before → after") && narrow.contains("the list goes by it: "), "{narrow}");
            // Kept, it stays; taken back, it goes.
            desk.press("enter");
            assert!(desk.frame(160, 48).contains("before → after"), "{}", desk.frame(160, 48));
            desk.press("R");
            desk.until(|m| !m.is_mapping_edited());
            counts(&mut desk);
            assert!(!desk.frame(160, 48).contains("before → after"), "{}", desk.frame(160, 48));
        }
    }
}

#[test]
fn what_was_read_once_more_is_not_compared_with_what_was_before() {
    let mut desk = on("title", setting());
    counts(&mut desk);
    let ask = |desk: &mut Desk| update::update(&mut desk.model, Msg::News(News::Snapshot(Arc::clone(&desk.snapshot))));
    assert!(!ask(&mut desk).contains(&Effect::Compare), "nothing is tried");
    let before = Arc::clone(&desk.snapshot);
    desk.press("d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    counts(&mut desk);
    assert!(Moves::can_be_told(&before, &desk.snapshot));
    let (title, _) = (counts(&mut desk), compared(&mut desk, &before));
    assert!(desk.frame(160, 60).contains("before → after"), "{}", desk.frame(160, 60));
    desk.live.refresh();
    while !desk.snapshot.is_busy() {
        desk.next();
    }
    assert_eq!(counts(&mut desk), title);
    assert!(!ask(&mut desk).contains(&Effect::Compare));
    assert!(!desk.frame(160, 60).contains("before → after"), "{}", desk.frame(160, 60));
}
