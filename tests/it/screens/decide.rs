//! Deciding on the screens: approvals, what is asked before anything is sent, a run, holds, and what --read-only forbids.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use crate::support;
use rosterm::demo::service::{Faults, Service, Writing};
use rosterm::demo::world::{self, Plan};
use rosterm::engine::{Approved, Going, News, Running};
use rosterm::error::{Error, Kind};
use rosterm::model::{Action, Situation, Subject};
use rosterm::tui::{Effect, Msg, Setting, update};
use std::sync::Arc;

/// Most people are in sync: the limits allow those who leave.
fn lifelike(writing: Writing) -> Desk {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    Desk::open(&world::make(plan), plan, Faults { writing: Box::new(writing), ..Faults::default() }, setting())
}

/// Shows whom an action would be done for.
fn show(desk: &mut Desk, what: &str) {
    desk.press("esc f");
    desk.type_in(what);
    desk.press("enter g");
}

/// Waits for the reading that follows a run.
fn read_again(desk: &mut Desk) {
    while !desk.snapshot.is_busy() {
        desk.next();
    }
    while desk.snapshot.is_busy() || desk.snapshot.facets().all() == 0 {
        desk.next();
    }
}

fn under_cursor(desk: &Desk) -> (Subject, rosterm::engine::snapshot::Line) {
    let subject = desk.model.cursor().unwrap();
    (subject, desk.snapshot.line(subject).unwrap())
}

#[test]
fn space_approves_and_takes_back_and_says_why_where_nothing_can_be_approved() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "situation leaving");
    let (subject, line) = under_cursor(&desk);
    assert_eq!(line.action, Action::Disable);
    desk.press("space");
    desk.until(|m| m.approvals().has(subject));
    desk.press("j space");
    desk.until(|m| m.approvals().total() == 2);
    for (width, height) in [(80, 24), (160, 48)] {
        let frame = desk.frame(width, height);
        assert!(frame.contains("approved: 2 disable") && frame.contains("▌✓"), "{frame}");
        same_as_before(&format!("approved-{width}x{height}"), &frame);
    }
    desk.press("enter");
    assert!(desk.frame(80, 24).contains("approved  yes; P shows what would be sent"));
    // In the details the same key does the same.
    desk.press("space");
    desk.until(|m| m.approvals().total() == 1);
    desk.press("esc");
    show(&mut desk, "situation ambiguous");
    assert_eq!(desk.press("space"), []);
    assert!(desk.notice().contains("is ambiguous: say who belongs to whom"), "{}", desk.notice());
    show(&mut desk, "action link");
    assert_eq!(desk.press("space"), []);
    assert!(desk.notice().contains("needs no approval"), "{}", desk.notice());
    // While the next list is not there yet, nothing is decided about whoever is under the cursor still.
    update::update(&mut desk.model, Msg::Key(event("tab")));
    assert_eq!(update::update(&mut desk.model, Msg::Key(event("space"))), []);
    assert!(desk.notice().contains("the list is still being made"), "{}", desk.notice());
}

#[test]
fn a_list_is_approved_once_its_number_is_shown_and_typed_where_somebody_loses_access() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "action update");
    desk.press("A");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("accounts would be updated") && frame.contains("enter does it"), "{frame}");
    desk.press("y");
    desk.until(|m| m.approvals().total() > 0);
    let updates = desk.snapshot.facets().for_action(Action::Update);
    assert_eq!(desk.model.approvals().total(), updates);
    assert!(desk.notice().contains("approved; nothing is sent yet"), "{}", desk.notice());
    desk.press("esc A");
    desk.until(|m| m.question().is_some());
    same_as_before("approve-all-120x40", &desk.frame(120, 40));
    same_as_before("approve-all-60x15", &desk.frame(60, 15));
    let removals = desk.snapshot.facets().for_action(Action::Disable);
    assert_eq!(desk.press("enter"), []);
    assert!(desk.frame(80, 24).contains(&format!("type {removals} first")));
    desk.type_in(&(removals + 1).to_string());
    assert_eq!(desk.press("enter"), []);
    desk.press("ctrl-w");
    desk.type_in(&removals.to_string());
    assert!(matches!(&desk.press("enter")[..], [Effect::Approve(..)]));
    desk.until(|m| m.approvals().of(Action::Disable) == removals);
    // Taken back where the list shows them, and nowhere else.
    show(&mut desk, "action update");
    desk.press("U");
    desk.until(|m| m.approvals().of(Action::Update) == 0);
    assert_eq!(desk.model.approvals().of(Action::Disable), removals);
    // What is closed does nothing.
    desk.press("A");
    desk.until(|m| m.question().is_some());
    assert_eq!(desk.press("esc"), []);
    assert!(desk.model.question().is_none() && desk.model.approvals().of(Action::Update) == 0);
}

#[test]
fn what_is_approved_is_shown_confirmed_and_sent_and_the_diff_shows_the_truth_afterwards() {
    let mut desk = lifelike(Writing { delay: 20, ..Writing::default() });
    show(&mut desk, "situation in sync");
    desk.press("j j j");
    let stays = under_cursor(&desk).1.user_name;
    desk.press("esc A");
    desk.until(|m| m.question().is_some());
    let removals = desk.snapshot.facets().for_action(Action::Disable).to_string();
    desk.type_in(&removals);
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    for (width, height) in [(60, 15), (80, 24), (160, 48)] {
        same_as_before(&format!("apply-{width}x{height}"), &desk.frame(width, height));
    }
    assert_eq!(desk.press("enter"), []);
    desk.type_in(&removals);
    assert!(matches!(desk.press("enter")[..], [Effect::Send(_)]));
    // It is watched, waits and goes on.
    assert!(desk.frame(80, 24).contains("A run is being prepared"));
    desk.until(|m| matches!(m.running(), Running::Going(going) if going.done() > 0));
    let frame = desk.frame(160, 48);
    assert!(frame.contains("/s") && frame.contains("on their way") && frame.contains("sent "), "{frame}");
    assert_eq!(desk.press("space"), [Effect::Pause(true)]);
    assert!(desk.frame(80, 24).contains("paused: no further row is begun; space goes on"));
    // Nothing else is begun, and whoever ends is asked.
    assert_eq!(desk.press("P"), []);
    assert!(desk.notice().contains("a run is under way"), "{}", desk.notice());
    assert_eq!(desk.press("q"), []);
    assert!(desk.model.question().is_some());
    assert_eq!(desk.press("esc"), []);
    assert_eq!(desk.press("space"), [Effect::Pause(false)]);
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    let Running::Ended(ended) = desk.model.running() else { panic!() };
    assert!(ended.report.groups.is_empty() && ended.again.is_empty(), "{:?}", ended.report);
    desk.until(|m| m.approvals().total() == 0);
    // Both ends are read again by itself.
    let before = desk.snapshot.target().read_at;
    let era = desk.snapshot.era();
    while desk.snapshot.is_busy() || desk.snapshot.era() == era || desk.snapshot.facets().all() == 0 {
        desk.next();
    }
    assert!(desk.snapshot.target().read_at >= before);
    assert_eq!(desk.snapshot.facets().of(Situation::New) + desk.snapshot.facets().of(Situation::Leaving), 0);
    desk.answer();
    assert_eq!(under_cursor(&desk).1.user_name, stays);
    for (width, height) in [(60, 15), (80, 24), (160, 48)] {
        assert!(desk.frame(width, height).contains("run 1: done"));
    }
    // The rows of the run, and the way back.
    desk.press("5 enter");
    desk.until_shown("─ Run 1 ─");
    desk.press("esc u");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(120, 40).contains("Take run 1 back"), "{}", desk.frame(120, 40));
}

#[test]
fn a_limit_that_fires_is_shown_with_its_reason_and_nothing_can_be_sent() {
    let mut desk = Desk::small(setting());
    desk.press("A");
    desk.until(|m| m.question().is_some());
    let removals = desk.snapshot.facets().for_action(Action::Disable).to_string();
    desk.type_in(&removals);
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("REFUSED: ") && frame.contains("the limit is") && frame.contains("esc closes"), "{frame}");
    desk.type_in(&removals);
    assert_eq!(desk.press("enter"), []);
    assert!(desk.model.question().is_none() && matches!(desk.model.running(), Running::None));
}

#[test]
fn failures_are_grouped_by_cause_and_tried_again() {
    let mut first = lifelike(Writing::default());
    show(&mut first, "action update");
    let name: &'static str = Box::leak(under_cursor(&first).1.user_name.into_boxed_str());
    drop(first.model);
    let mut desk = lifelike(Writing { fail: Some((name, 400)), ..Writing::default() });
    show(&mut desk, "action update");
    desk.press("A");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    let frame = desk.frame(120, 40);
    assert!(frame.contains("done, but not everything") && frame.contains("1 update: HTTP 400") && frame.contains(name), "{frame}");
    desk.until(|m| !m.is_reading());
    desk.until(|m| m.approvals().total() == 0);
    while desk.snapshot.is_busy() || desk.snapshot.facets().all() == 0 {
        desk.next();
    }
    desk.press("f");
    desk.until(|m| m.approvals().of(Action::Update) == 1);
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

#[test]
fn a_run_that_was_cut_off_is_told_of_and_finished_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("rosterm.db");
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let world = world::make(plan);
    let faults = Faults { writing: Box::new(Writing { delay: 600, ..Writing::default() }), ..Faults::default() };
    let alive = support::runtime();
    let service = Arc::new(alive.block_on(Service::start(world.accounts.clone(), faults)).unwrap());
    let open = || Desk::at(support::runtime(), Arc::clone(&service), Some(&state), &world, plan, setting());
    let mut desk = open();
    show(&mut desk, "action update");
    desk.press("A");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Going(going) if going.in_flight > 0));
    // While it runs, somebody else can't.
    let mut other = open();
    other.until_shown("run 1 by");
    show(&mut other, "action update");
    other.press("space P");
    other.until(|m| m.question().is_some());
    assert!(other.frame(120, 40).contains("Finish the run before"), "{}", other.frame(120, 40));
    other.press("enter");
    other.until(|m| m.question().is_some());
    assert!(other.frame(120, 40).contains("is under way: "), "{}", other.frame(120, 40));
    drop(other);
    drop(desk);
    // It was cut off: it is finished first.
    let mut desk = open();
    desk.until_shown("run 1 by");
    show(&mut desk, "situation leaving");
    desk.press("space");
    desk.until(|m| m.approvals().total() == 1);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("Finish the run before") && frame.contains("has not ended"), "{frame}");
    assert_eq!(desk.press("enter"), [Effect::Resume]);
    // A request that left just before the end may still be on its way: until then it is waited, and that is said.
    desk.until(|m| matches!(m.running(), Running::Going(going) if going.total > 0));
    assert!(desk.frame(120, 40).contains("what it had sent is looked into"), "{}", desk.frame(120, 40));
    // What was approved since is not sent with it.
    assert_eq!(desk.model.approvals().of(Action::Disable), 1);
}

#[test]
fn who_is_approved_stays_so_when_a_new_link_gives_everybody_another_number() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "situation leaving");
    let leaver = under_cursor(&desk).1.user_name;
    desk.press("space");
    desk.until(|m| m.approvals().total() == 1);
    show(&mut desk, "action create");
    desk.press("space");
    desk.until(|m| m.approvals().total() == 2);
    desk.press("X");
    desk.until(|m| m.question().is_some());
    let era = desk.snapshot.era();
    assert!(matches!(desk.press("enter")[..], [Effect::Send(_)]));
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(&mut desk);
    desk.until(|m| m.approvals().total() == 1);
    assert!(desk.snapshot.era() > era && desk.model.approvals().of(Action::Disable) == 1);
    let approved = desk.model.approvals().subjects().next().unwrap();
    assert_eq!(desk.snapshot.line(approved).unwrap().user_name, leaver);
}

#[test]
fn approvals_that_do_not_fit_any_more_are_told_and_so_is_what_was_refused() {
    let mut desk = Desk::small(setting());
    for (dropped, told) in [(1, "1 approval was dropped: the row changed"), (2, "2 approvals were dropped: the rows changed")] {
        let approved = Approved { approvals: Arc::default(), dropped, remark: None };
        update::update(&mut desk.model, Msg::News(News::Approved(approved)));
        assert_eq!(desk.notice(), told);
    }
    let error = Error::new(Kind::Refused, "a run for \u{1b}[2Jx is under way: ann, process 7").hint("wait until it has ended");
    update::update(&mut desk.model, Msg::News(News::Run(Box::new(Running::Going(Going::default())))));
    update::update(&mut desk.model, Msg::News(News::Run(Box::new(Running::None))));
    update::update(&mut desk.model, Msg::News(News::Refused(error)));
    let frame = desk.frame(80, 24);
    assert!(frame.contains("is under way: ann, process 7") && frame.contains("wait until it has ended"), "{frame}");
    assert_eq!(desk.press("enter"), []);
    assert!(desk.model.question().is_none());
}

#[test]
fn read_only_forbids_every_decision_and_says_so() {
    let mut desk = Desk::small(Setting { read_only: true, ..setting() });
    for width in [80, 160] {
        let frame = desk.frame(width, 24);
        assert!(frame.contains("read-only"), "{frame}");
    }
    same_as_before("read-only-80x24", &desk.frame(80, 24));
    for key in ["space", "A", "U", "P", "X", "h", "H"] {
        assert_eq!(desk.press(key), [], "{key}");
        assert!(desk.notice().contains("--read-only: nothing can be sent"), "{key}: {}", desk.notice());
    }
    desk.press("5");
    assert_eq!(desk.press("f"), []);
    assert!(desk.notice().contains("--read-only"), "{}", desk.notice());
    assert!(desk.model.question().is_none());
    let desk = Desk::small(setting());
    assert!(!{ desk }.frame(160, 48).contains("read-only"));
}
