//! The list of channels, and the way back to it.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use rosterm::tui::channels::{Effect, Line, Model, draw};
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{self, Setting};

fn model(theme: &str, marked: Option<&str>, wrong: Option<String>) -> Model {
    let line =
        |name: &str, source: &str, target: &str, active| Line { name: name.into(), source: source.into(), target: target.into(), active };
    let lines = vec![
        line("cloud", "dc1.example.com", "SCIM 2.0 at app.example.com", true),
        line("lucid", "dc1.example.com", "Lucidchart at users.lucid.app", true),
        line("old\u{1b}[2J", "people.ldif", "SCIM 1.1 at old.example.com", false),
    ];
    let glyphs = if theme == "none" { Glyphs::Ascii } else { Glyphs::Lines };
    Model::new(Theme::named(theme, glyphs).unwrap(), lines, marked, wrong)
}

fn frame(model: &mut Model, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_channel_is_chosen_by_its_place_or_by_what_is_typed() {
    for (marked, keys, expected) in [
        (None, "enter", Some(Effect::Open("cloud".into()))),
        (Some("lucid"), "enter", Some(Effect::Open("lucid".into()))),
        (None, "down down down up enter", Some(Effect::Open("lucid".into()))),
        (None, "l u c enter", Some(Effect::Open("lucid".into()))),
        (None, "z z enter", None),
        (None, "z esc enter", Some(Effect::Open("cloud".into()))),
        (None, "esc", Some(Effect::End)),
        (None, "q", None),
        (None, "ctrl-c", Some(Effect::End)),
        (None, "ctrl-z", Some(Effect::Suspend)),
    ] {
        let mut model = model("dark", marked, None);
        let effects: Vec<Effect> = keys.split_whitespace().filter_map(|key| model.press(&event(key))).collect();
        assert_eq!(effects, expected.into_iter().collect::<Vec<_>>(), "{keys}");
    }
}

#[test]
fn the_list_looks_as_before_and_says_why_a_channel_was_not_opened() {
    same_as_before("channels-80x24", &frame(&mut model("dark", Some("lucid"), None), 80, 24));
    same_as_before(
        "channels-160x48",
        &frame(&mut model("dark", None, Some("rosterm.toml:7:1: there is no connector lucit".into())), 160, 48),
    );
    let mut plain = model("none", None, None);
    plain.press(&event("z"));
    same_as_before("channels-ascii-80x24", &frame(&mut plain, 80, 24));
    for (width, height) in [(1, 1), (59, 15), (60, 15), (300, 90)] {
        frame(&mut plain, width, height);
    }
}

#[test]
fn the_screens_go_back_to_the_list_only_where_there_is_one_and_nothing_runs() {
    let mut desk = Desk::small(setting());
    desk.frame(120, 40);
    assert!(desk.press("C").is_empty() && desk.model.notice().unwrap().contains("no other channel"));
    let mut desk = Desk::small(Setting { channels: 2, ..setting() });
    desk.frame(120, 40);
    assert_eq!(desk.press("C"), [tui::Effect::Channels]);
}

#[test]
fn whoever_leaves_with_approvals_is_asked_once() {
    let mut desk = Desk::small(Setting { channels: 2, ..setting() });
    desk.frame(80, 24);
    desk.press("/");
    desk.type_in("situation:changed");
    desk.press("enter space");
    desk.until(|m| m.approvals().total() == 1);
    assert_eq!(desk.press("q"), []);
    let frame = desk.frame(80, 24);
    assert!(frame.contains("1 approval is forgotten: 1 update. Enter ends."), "{frame}");
    same_as_before("end-with-approvals-80x24", &frame);
    assert_eq!(desk.press("esc"), []);
    assert!(desk.model.question().is_none() && desk.model.approvals().total() == 1);
    desk.press("j space");
    desk.until(|m| m.approvals().total() == 2);
    for (key, end) in [("q", tui::Effect::End(0)), ("C", tui::Effect::Channels)] {
        assert_eq!(desk.press(key), []);
        assert!(desk.frame(80, 24).contains("2 approvals are forgotten: 2 update."));
        assert_eq!(desk.press("enter"), [end]);
    }
    // Who is in a hurry is not asked for ever.
    assert_eq!(desk.press("ctrl-c"), []);
    assert_eq!(desk.press("ctrl-c"), [tui::Effect::End(0)]);
}
