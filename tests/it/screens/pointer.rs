//! The mouse points, chooses and scrolls; it never decides.

use super::desk::Desk;
use super::setting;
use crate::support;
use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rosterm::engine::News;
use rosterm::journal::run::{Ending, NewRun, RowState, Run, RunId};
use rosterm::model::Situation;
use rosterm::tui::{Effect, Msg};
use std::sync::Arc;

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

fn mouse(kind: MouseEventKind, (column, row): (u16, u16)) -> Msg {
    Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

/// Where a text begins in a frame; from some column on.
fn find(frame: &str, text: &str, from: usize) -> (u16, u16) {
    let lines = frame.lines().map(|l| l.chars().collect::<Vec<_>>());
    let wanted: Vec<char> = text.chars().collect();
    for (y, line) in lines.enumerate() {
        if let Some(x) = (from..line.len()).find(|x| line[*x..].starts_with(&wanted)) {
            return (u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
        }
    }
    panic!("{text} is not in\n{frame}");
}

pub fn click(desk: &mut Desk, frame: &str, text: &str, from: usize) -> Vec<Effect> {
    desk.tell(mouse(CLICK, find(frame, text, from)))
}

/// The line on which the cursor of the list is.
fn here(frame: &str) -> &str {
    let list = frame.lines().take_while(|l| !l.contains("4 Detail"));
    list.into_iter().find(|l| l.chars().skip(43).any(|c| c == '▌')).unwrap_or_default()
}

#[test]
fn a_click_goes_to_the_pane_and_to_the_row() {
    let mut desk = Desk::small(setting());
    let frame = desk.frame(160, 48);
    let third = desk.model.shown()[2];
    let (_, top) = find(&frame, "what and why", 60);
    assert_eq!(desk.tell(mouse(CLICK, (100, top + 3))), []);
    assert_eq!(desk.model.cursor(), Some(third));
    assert!(click(&mut desk, &frame, "givenName", 0).is_empty());
    let frame = desk.frame(160, 48);
    assert!(frame.contains("e edit") && frame.lines().any(|l| l.contains("▌givenName") || l.contains("▌ givenName")), "{frame}");
    assert!(click(&mut desk, &frame, "filter", 0).is_empty());
    let frame = desk.frame(160, 48);
    assert!(frame.lines().any(|l| l.contains("▌filter")) && desk.model.cursor() == Some(third), "{frame}");
    assert!(click(&mut desk, &frame, "4 Detail", 60).is_empty());
    assert!(desk.frame(160, 48).contains("esc back"));
    // Where nothing is, nothing happens.
    assert_eq!(desk.tell(mouse(CLICK, (500, 500))), []);
    assert_eq!(desk.tell(mouse(MouseEventKind::Moved, (100, top + 1))), []);
    assert_eq!(desk.model.cursor(), Some(third));
}

#[test]
fn a_click_on_a_count_shows_who_is_behind_it_and_one_on_a_tab_the_pane() {
    let mut desk = Desk::small(setting());
    for (width, height) in [(80, 24), (160, 48)] {
        let frame = desk.frame(width, height);
        let from = if width > 100 { 50 } else { 0 };
        let effects = click(&mut desk, &frame, "leaving ", from);
        assert!(matches!(&effects[..], [Effect::Look(spec)] if spec.filter.situation == Some(Situation::Leaving)), "{effects:?}");
        let frame = desk.frame(width, height);
        assert!(frame.contains("[leaving "), "{frame}");
        let effects = click(&mut desk, &frame, "all ", from);
        assert!(matches!(&effects[..], [Effect::Look(spec)] if spec.filter.is_open()), "{effects:?}");
    }
    for (name, chosen) in
        [("2 Map", "[2 Map]"), ("5 Runs", "[5 Runs]"), ("1 Source", "[1 Source]"), ("4 Detail", "[4 Detail]"), ("3 Diff", "[3 Diff]")]
    {
        let frame = desk.frame(80, 24);
        click(&mut desk, &frame, name, 0);
        assert!(desk.frame(80, 24).contains(chosen), "{name}");
    }
}

#[test]
fn the_wheel_moves_what_is_under_it_and_the_cursor_stays_in_sight() {
    let mut desk = Desk::small(setting());
    let frame = desk.frame(120, 40);
    let (_, top) = find(&frame, "what and why", 50);
    let first = desk.model.cursor();
    desk.press("j j j j");
    let fifth = desk.model.cursor();
    desk.tell(mouse(MouseEventKind::ScrollDown, (100, top + 2)));
    let frame = desk.frame(120, 40);
    assert!(desk.model.cursor() == fifth && !here(&frame).is_empty(), "it is still visible: {frame}");
    for _ in 0..100 {
        desk.tell(mouse(MouseEventKind::ScrollDown, (100, top + 2)));
        assert!(!here(&desk.frame(120, 40)).is_empty());
    }
    assert_ne!(desk.model.cursor(), fifth);
    for _ in 0..100 {
        desk.tell(mouse(MouseEventKind::ScrollUp, (100, top + 2)));
        desk.frame(120, 40);
    }
    assert_ne!(desk.model.cursor(), first, "the cursor is moved no further than it must");
    // Over the panes: what lies on top.
    desk.press("?");
    let before = desk.frame(120, 40);
    desk.tell(mouse(MouseEventKind::ScrollDown, (60, 20)));
    assert_ne!(desk.frame(120, 40), before);
}

/// A run that was done, for the history.
fn run(number: i64) -> Run {
    let what = NewRun {
        channel: "demo".into(),
        service: "http://127.0.0.1".into(),
        plan: "a plan".into(),
        undo_of: None,
        author: "somebody".into(),
        started: support::NOW,
        terms: "{}".into(),
    };
    let ended = Some((support::NOW, Ending::Done));
    Run { id: RunId(number), what, frozen: true, ended, why: Some("so much".into()), rows: [1; RowState::ALL.len()], open: 0 }
}

#[test]
fn a_click_marks_the_run_under_it() {
    let mut desk = Desk::small(setting());
    desk.tell(Msg::News(News::History(Arc::new((1..=5).rev().map(run).collect()))));
    desk.press("5");
    for number in [3, 1, 5] {
        let frame = desk.frame(120, 40);
        assert_eq!(click(&mut desk, &frame, &format!("  run {number} "), 44), []);
        desk.frame(120, 40);
        assert_eq!(desk.press("enter"), [Effect::Rows(RunId(number))]);
    }
}

#[test]
fn no_click_anywhere_decides_answers_or_closes_anything() {
    let mut desk = Desk::small(setting());
    for (width, height) in [(80, 24), (120, 40)] {
        for keys in ["A", "?", "f", "i", "h"] {
            desk.press(keys);
            if keys == "A" {
                desk.until(|m| m.question().is_some());
            }
            let before = desk.frame(width, height);
            for place in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                assert_eq!(desk.tell(mouse(CLICK, place)), [], "{place:?}");
            }
            assert_eq!(desk.frame(width, height), before, "{keys}");
            desk.press("esc");
            assert_ne!(desk.frame(width, height), before, "a key closes it");
        }
    }
    for (width, height) in [(80, 24), (120, 40)] {
        for keys in ["1", "2", "3", "4", "5", "3 /", "esc 2 e", "esc 3"] {
            desk.press(keys);
            desk.frame(width, height);
            for place in (0..width).step_by(3).flat_map(|x| (0..height).map(move |y| (x, y))) {
                let effects = rosterm::tui::update::update(&mut desk.model, mouse(CLICK, place));
                // What was done about whoever is shown then is looked for.
                assert!(effects.iter().all(|e| matches!(e, Effect::Look(_) | Effect::Past(_))), "{place:?} {effects:?}");
                assert!(desk.model.question().is_none() && desk.model.approvals().total() == 0);
            }
        }
    }
}
