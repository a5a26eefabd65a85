//! One user, page by page: fields, the requests that would be sent, and what was done before.

use super::desk::{Desk, hostile};
use super::{decide, pointer, same_as_before, setting};
use crate::support;
use rosterm::demo::service::Faults;
use rosterm::demo::world::{self, Plan};
use rosterm::engine::Running;
use rosterm::text;
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{Effect, Setting};

/// The page whose name is in brackets.
fn page(desk: &mut Desk, width: u16, height: u16) -> &'static str {
    let frame = desk.frame(width, height);
    let shown = |name: &&&str| frame.contains(&format!("[{name}]"));
    ["Fields", "Requests", "History"].iter().find(shown).expect(&frame)
}

#[test]
fn the_pages_of_a_user_look_as_before_in_three_sizes_and_without_colour() {
    let mut desk = Desk::small(setting());
    desk.frame(160, 48);
    desk.press("f");
    desk.type_in("situation changed");
    desk.press("enter enter tab");
    for (name, width, height) in [("requests-80x24", 80, 24), ("requests-160x48", 160, 48)] {
        let frame = desk.frame(width, height);
        assert!(frame.contains("[Requests]") && frame.contains("this would be sent, once it is approved"), "{frame}");
        same_as_before(name, &frame);
    }
    let [Effect::Copy(text)] = &desk.press("y")[..] else { panic!() };
    assert!(text.starts_with("# GET http://") && text.contains("\n# # ") && text.ends_with("\n#   ]\n# }\n"), "{text}");
    assert!(text.lines().all(|line| line == "#" || line.starts_with("# ")), "a shell would run it: {text}");
    desk.press("]");
    desk.until_shown("nothing was sent for this user before");
    assert_eq!(desk.press("y"), [Effect::Copy("# nothing was sent for this user before\n".into())]);
    desk.press("j");
    for (name, width, height) in [("history-80x24", 80, 24), ("history-200x60", 200, 60)] {
        same_as_before(name, &desk.frame(width, height));
    }
    let plain = Setting { theme: Theme::named("none", Glyphs::Ascii).unwrap(), ..setting() };
    let mut desk = Desk::small(plain);
    desk.press("tab tab tab tab tab tab enter tab");
    same_as_before("requests-ascii-120x40", &desk.frame(120, 40));
}

#[test]
fn keys_and_the_mouse_turn_pages_and_the_list_moves_on_under_them() {
    for (width, height) in [(80, 24), (160, 48)] {
        let mut desk = Desk::small(setting());
        desk.frame(width, height);
        desk.press("enter");
        for (keys, shown) in [
            ("tab", "Requests"),
            ("right", "History"),
            ("l", "Fields"),
            ("]", "Requests"),
            ("left", "Fields"),
            ("tab", "Requests"),
            ("tab", "History"),
            ("backtab", "Requests"),
            ("[", "Fields"),
            ("tab J", "Requests"),
            ("j k g G pagedown pageup", "Requests"),
        ] {
            desk.press(keys);
            assert_eq!(page(&mut desk, width, height), shown, "{keys}");
        }
        for name in ["History", "Fields", "Requests"] {
            let frame = desk.frame(width, height);
            assert!(pointer::click(&mut desk, &frame, name, 0).is_empty());
            assert_eq!(page(&mut desk, width, height), name);
        }
        // From the first page it is back to the list, and the page stays for whoever is looked at next.
        desk.press("h h");
        assert!(desk.frame(width, height).contains("A approve all shown"), "{}", desk.frame(width, height));
        desk.press("enter tab esc j enter");
        assert_eq!(page(&mut desk, width, height), "Requests");
    }
}

#[test]
fn what_was_done_is_looked_for_when_somebody_is_shown_and_only_then() {
    let mut desk = Desk::small(setting());
    // Below 120 columns the list is shown alone: nobody's past is looked for.
    desk.frame(80, 24);
    desk.asked.clear();
    desk.press("j j j");
    assert_eq!(desk.asked, []);
    desk.press("enter");
    assert_eq!(desk.asked, [desk.model.cursor().unwrap()]);
    // Pages of one who is known ask nothing.
    desk.press("tab tab tab j k esc enter");
    assert_eq!(desk.asked.len(), 1);
    // Beside the list it is whoever the cursor is on.
    desk.press("esc");
    desk.frame(160, 48);
    desk.press("j");
    assert_eq!(desk.asked[1..], [desk.model.cursor().unwrap()]);
    desk.press("5 j");
    assert_eq!(desk.asked.len(), 2, "the runs stand in their place");
}

#[test]
fn what_a_run_did_is_told_below_the_fields_and_on_the_page_of_history() {
    let plan = Plan { lifelike: true, ..support::plan(300, 1) };
    let mut desk = Desk::open(&world::make(plan), plan, Faults::default(), setting());
    desk.frame(160, 48);
    desk.press("f");
    desk.type_in("situation changed");
    desk.press("enter space");
    let user = desk.model.cursor().unwrap();
    desk.until(|m| m.approvals().has(user));
    desk.press("enter tab");
    assert!(desk.frame(160, 48).contains("approved: this goes with the next run"));
    let called = desk.snapshot.line(user).unwrap().user_name;
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    decide::read_again(&mut desk);
    desk.answer();
    desk.press("3 esc /");
    desk.type_in(&called);
    desk.press("enter enter");
    assert_eq!(page(&mut desk, 160, 48), "Requests");
    assert!(desk.frame(160, 48).contains("nothing would be sent for this user"));
    desk.press("left");
    // The list may show them once more while the reading comes to its end: what is waited for is what is shown.
    while !desk.frame(160, 48).contains("1 entry in history") {
        desk.next();
    }
    let frame = desk.frame(160, 48);
    assert!(frame.contains("last update by ") && frame.contains(" · key "), "{frame}");
    desk.press("tab tab");
    for (width, height) in [(80, 24), (160, 48)] {
        assert!(desk.frame(width, height).contains(", run 1: done"), "{}", desk.frame(width, height));
    }
}

#[test]
fn hostile_values_come_out_clean_on_every_page_and_a_long_one_scrolls_to_its_end() {
    let (world, plan) = hostile(60);
    let mut desk = Desk::open(&world, plan, Faults::default(), setting());
    desk.press("enter");
    for _ in 0..20 {
        for keys in ["tab", "G", "g", "tab", "tab J"] {
            desk.press(keys);
            for (width, height) in [(60, 15), (80, 24), (121, 25), (200, 60)] {
                // The frame itself looks at every cell.
                assert!(desk.frame(width, height).lines().all(|l| text::width(l) <= usize::from(width)));
            }
        }
    }
    let mut desk = Desk::small(setting());
    desk.press("f");
    desk.type_in("action create");
    desk.press("enter enter tab");
    assert!(desk.frame(60, 15).contains("more below"), "{}", desk.frame(60, 15));
    desk.press("G");
    let frame = desk.frame(60, 15);
    assert!(!frame.contains("more below") && frame.lines().any(|l| l.trim() == "}"), "{frame}");
}
