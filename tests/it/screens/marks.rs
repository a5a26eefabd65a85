//! Marked users and held ones: whom a key is about, and who is left alone.

use super::decide::{lifelike, read_again, show, under_cursor};
use super::desk::Desk;
use super::same_as_before;
use rosterm::demo::service::Writing;
use rosterm::engine::view::SortBy;
use rosterm::model::{Situation, Subject};

#[test]
fn marks_stay_over_filters_and_what_is_decided_is_about_them_alone() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "action update");
    let changed = desk.model.shown().to_vec();
    desk.press("m m");
    show(&mut desk, "situation leaving");
    let leaving = desk.model.shown().to_vec();
    assert!(leaving.len() > 6 && changed.len() > 2);
    // A range of three, from its end.
    desk.press("j j j v k k v");
    let frame = desk.frame(120, 40);
    assert!(frame.contains("5 marked"), "{frame}");
    same_as_before("marked-80x24", &desk.frame(80, 24));
    desk.press("space");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    for told in ["2 accounts would be updated", "3 accounts would be DISABLED", "Access is lost by u240, ", "Type 3 to confirm"] {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    desk.type_in("3");
    desk.press("enter");
    desk.until(|m| m.approvals().total() == 5);
    assert!(leaving[1..4].iter().chain(&changed[..2]).all(|s| desk.model.approvals().has(*s)));
    // They are still marked: what was approved is taken back in the same way.
    desk.press("U");
    desk.until(|m| m.approvals().total() == 0);
    // Everybody here has a mark, then nobody here; the two in the other list keep theirs.
    desk.press("M");
    assert!(desk.frame(120, 40).contains(&format!("{} marked", leaving.len() + 2)));
    desk.press("M");
    assert!(desk.frame(120, 40).contains("2 marked"));
    // A reading keeps them.
    desk.live.refresh();
    read_again(&mut desk);
    assert!(desk.frame(120, 40).contains("2 marked"));
    // A hold for both, that ends by itself.
    desk.press("h");
    desk.type_in("new building until 2001-01-31");
    desk.press("enter");
    desk.until(|m| m.question().is_some());
    // What was typed is still there, to be mended; what is no day is not taken for a reason without an end.
    let frame = desk.frame(120, 40);
    for told in ["is not a day to come", "Type a reason: new building until 2001-01-31", "This is about "] {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    desk.press("backspace");
    desk.type_in("x");
    assert_eq!(desk.press("enter"), []);
    let frame = desk.frame(120, 40);
    assert!(frame.contains("until what day? write until 2027-01-31") && frame.contains("until 2001-01-3x"), "{frame}");
    desk.press("ctrl-u");
    desk.type_in("new building until 2999-01-31");
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.contains("2 marked users are left alone from now on, until 2999-01-31")));
    while !changed[..2].iter().all(|s| desk.snapshot.line(*s).unwrap().held) {
        desk.next();
    }
    desk.press("H");
    while changed[..2].iter().any(|s| desk.snapshot.line(*s).unwrap().held) {
        desk.next();
    }
    // Esc takes away what narrows the list first, and only then the marks.
    desk.press("esc");
    assert!(desk.frame(120, 40).contains("2 marked") && desk.model.spec().filter.is_open());
    desk.press("esc");
    assert!(!desk.frame(120, 40).contains("marked"));
}

#[test]
fn what_is_done_to_marked_users_who_are_not_seen_says_so_before_it_is_done() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "action update");
    let footer = |desk: &mut Desk| desk.frame(120, 40).lines().last().unwrap().to_owned();
    assert!(footer(&mut desk).contains("space approve   "), "{}", footer(&mut desk));
    let (marked, called) = under_cursor(&desk);
    desk.press("m");
    let (seen, seen_called) = under_cursor(&desk);
    assert_ne!(marked, seen);
    desk.press("/");
    desk.type_in(&seen_called.user_name);
    desk.press("enter");
    assert!(desk.model.shown().contains(&seen) && !desk.model.shown().contains(&marked));
    assert_eq!(desk.model.cursor(), Some(seen));
    let told = footer(&mut desk);
    for what in ["space approve 1 marked", "h hold 1 marked", "H release 1 marked"] {
        assert!(told.contains(what), "{what}: {told}");
    }
    let about = format!("This is about {}.", called.user_name);
    let other = format!("THE USER UNDER THE CURSOR IS NOT AMONG THEM: {}", seen_called.user_name);
    desk.press("space");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains(&about) && frame.contains(&other), "{frame}");
    same_as_before("marked-not-seen-80x24", &desk.frame(80, 24));
    desk.press("esc h");
    let frame = desk.frame(120, 40);
    assert!(frame.contains(&about) && frame.contains(&other), "{frame}");
    desk.press("esc space");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.approvals().has(marked));
    assert!(!desk.model.approvals().has(seen));
    desk.press("g");
    assert!(footer(&mut desk).contains("U unapprove 1 marked"), "{}", footer(&mut desk));
    // On the marked one itself nothing is in capitals.
    desk.press("U");
    desk.until(|m| m.approvals().total() == 0);
    desk.press("/ ctrl-u");
    desk.type_in(&called.user_name);
    desk.press("enter g space");
    assert_eq!(desk.model.cursor(), Some(marked));
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains(&about) && !frame.contains("NOT AMONG"), "{frame}");
}

#[test]
fn the_cursor_does_not_go_with_whoever_is_held_but_to_the_next_one_and_stays_there() {
    let mut desk = lifelike(Writing::default());
    let sorted = |desk: &Desk| desk.model.spec().sort == SortBy::Situation;
    while !sorted(&desk) {
        desk.press("s");
    }
    desk.press("g");
    let at = |desk: &Desk| desk.model.shown().iter().position(|s| Some(*s) == desk.model.cursor()).unwrap();
    let leaving = |s: &Subject, desk: &Desk| desk.snapshot.line(*s).unwrap().situation == Situation::Leaving;
    while !leaving(&desk.model.cursor().unwrap(), &desk) {
        desk.press("j");
    }
    let (held, next) = (at(&desk), desk.model.shown()[at(&desk) + 1]);
    let subject = desk.model.shown()[held];
    let called = under_cursor(&desk).1.user_name;
    desk.press("h");
    // A hold that is refused leaves the cursor where it was.
    desk.type_in("x until 2001-01-31");
    desk.press("enter");
    desk.until(|m| m.question().is_some());
    assert_eq!(desk.model.cursor(), Some(subject));
    assert!(desk.frame(80, 24).contains("x until 2001-01-31"), "{}", desk.frame(80, 24));
    desk.press("ctrl-u");
    desk.type_in("on leave");
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.contains("is left alone from now on")));
    assert!(desk.notice().contains(&called), "{}", desk.notice());
    desk.until(|m| m.shown().get(held) != Some(&subject));
    assert_eq!(desk.model.cursor(), Some(next));
    assert!(desk.snapshot.line(subject).unwrap().held && !desk.snapshot.line(next).unwrap().held);
    desk.press("space");
    desk.until(|m| m.approvals().has(next));
    // The same where others are marked, and the hold is from the explanation of the one under the cursor.
    let after = desk.model.shown()[at(&desk) + 1];
    desk.press("j m k k w h");
    assert_eq!(desk.model.cursor(), Some(next));
    desk.type_in("on leave");
    desk.press("enter");
    while !desk.snapshot.line(next).unwrap().held {
        desk.next();
    }
    desk.until(|m| m.shown().get(held) != Some(&next));
    assert_eq!(desk.model.cursor(), Some(after));
    assert!(!desk.snapshot.line(after).unwrap().held);
}

#[test]
fn one_user_is_applied_alone_held_and_released() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "action update");
    assert_eq!(desk.press("X"), []);
    assert!(desk.notice().contains("the user under the cursor is not approved"), "{}", desk.notice());
    let (subject, line) = under_cursor(&desk);
    desk.press("space");
    desk.until(|m| m.approvals().has(subject));
    desk.press("X");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("1 account will be updated") && !frame.contains("pairs will be remembered"), "{frame}");
    desk.press("esc h");
    same_as_before("hold-80x24", &desk.frame(80, 24));
    assert_eq!(desk.press("enter"), []);
    desk.type_in("on sick leave");
    desk.press("enter");
    // What is held has no action: the approval is gone with it.
    desk.until(|m| m.approvals().total() == 0);
    while !desk.snapshot.line(subject).unwrap().held {
        desk.next();
    }
    let now = desk.snapshot.line(subject).unwrap();
    assert!(now.situation == Situation::Held && now.what.contains("on sick leave"), "{now:?}");
    show(&mut desk, "situation held");
    desk.press("/");
    desk.type_in(&line.user_name);
    desk.press("enter g");
    desk.frame(80, 24);
    desk.press("H");
    while desk.snapshot.line(subject).unwrap().held {
        desk.next();
    }
}
