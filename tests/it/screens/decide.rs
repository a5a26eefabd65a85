//! Deciding on the screens: approvals, what is asked before anything is sent, a run, holds, and what --read-only forbids.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use crate::support;
use rosterm::demo::service::{Faults, Service, Writing};
use rosterm::demo::world::{self, Plan};
use rosterm::engine::{Approved, Going, News, Running};
use rosterm::error::{Error, Kind};
use rosterm::journal::run::{Baseline, RunId};
use rosterm::journal::{Journal, Mode};
use rosterm::model::{Action, Situation, Subject};
use rosterm::text;
use rosterm::tui::{Effect, Msg, Setting, update};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Most people are in sync: the limits allow those who leave.
pub fn lifelike(writing: Writing) -> Desk {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    Desk::open(&world::make(plan), plan, Faults { writing: Box::new(writing), ..Faults::default() }, setting())
}

/// Shows whom an action would be done for.
pub fn show(desk: &mut Desk, what: &str) {
    desk.press("esc f");
    desk.type_in(what);
    desk.press("enter g");
}

/// Approves and sends whoever an action would be done for: one that takes nobody's access away, and gives nobody's back.
pub fn send_all(desk: &mut Desk, what: &str) {
    show(desk, what);
    desk.press("A");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
}

/// Waits for the reading that follows a run.
pub fn read_again(desk: &mut Desk) {
    while !desk.snapshot.is_busy() {
        desk.next();
    }
    while desk.snapshot.is_busy() || desk.snapshot.facets().all() == 0 {
        desk.next();
    }
}

pub fn under_cursor(desk: &Desk) -> (Subject, rosterm::engine::snapshot::Line) {
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
    // All of them are not nothing either: a run writes them down.
    let links = text::count(desk.snapshot.facets().for_action(Action::Link));
    desk.press("A");
    desk.until(|m| m.notice().is_some_and(|n| n.contains("nobody in this list")));
    let told = format!("nobody in this list has anything to approve: {links} pairs are linked with the next run, without an approval");
    assert_eq!(desk.notice(), told);
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
    assert!(desk.frame(60, 15).contains("Access is lost by "), "{}", desk.frame(60, 15));
    // Whoever loses access and whoever gets it back are counted together.
    let (removals, returns) = (desk.snapshot.facets().for_action(Action::Disable), desk.snapshot.facets().for_action(Action::Enable));
    assert!(removals > 0 && returns > 1);
    let frame = desk.frame(120, 40);
    assert!(frame.contains(&format!("{removals} lose access, {returns} get it back: {} in all.", removals + returns)), "{frame}");
    assert_eq!(desk.press("enter"), []);
    assert!(desk.frame(80, 24).contains(&format!("type {} first", removals + returns)));
    for wrong in [removals, returns, removals + returns + 1] {
        desk.type_in(&wrong.to_string());
        assert_eq!(desk.press("enter"), []);
        desk.press("ctrl-w");
    }
    desk.type_in(&(removals + returns).to_string());
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
    let facets = desk.snapshot.facets();
    let (removals, returns) = (facets.for_action(Action::Disable), facets.for_action(Action::Enable));
    desk.type_in(&(removals + returns).to_string());
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(160, 48).contains(&format!("{returns} people get access back.")), "{}", desk.frame(160, 48));
    let removals = removals.to_string();
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
    assert!(ended.report.groups.is_empty() && ended.again.who.is_empty(), "{:?}", ended.report);
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
fn what_is_only_looked_at_waits_neither_for_a_run_nor_for_the_journal_that_it_writes() {
    // No write is answered while this looks.
    let held = Arc::new(Semaphore::new(0));
    let mut desk = lifelike(Writing { held: Some(Arc::clone(&held)), ..Writing::default() });
    show(&mut desk, "action update");
    desk.frame(110, 40);
    desk.press("space");
    let user = desk.model.cursor().unwrap();
    desk.until(|m| m.approvals().has(user));
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Going(going) if going.total > 0));
    desk.live.rows(RunId(1));
    desk.until_shown("─ Run 1 ─");
    desk.press("esc 3 w");
    let told = |desk: &mut Desk| {
        desk.frame(110, 40);
        desk.model.why().unwrap().plain()
    };
    while !told(&mut desk).contains(", run 1: waiting") || !told(&mut desk).contains("asked 20") {
        desk.next();
    }
    desk.press("esc 4 tab tab");
    desk.until_shown(", run 1: waiting");
    assert!(matches!(desk.model.running(), Running::Going(_)));
    held.add_permits(1);
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    let Running::Ended(ended) = desk.model.running() else { panic!() };
    assert!(ended.report.groups.is_empty() && ended.again.who.is_empty(), "{:?}", ended.report);
}

#[test]
fn who_gets_access_back_is_named_and_their_number_is_typed_where_it_is_more_than_one() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "action enable");
    let back = desk.model.shown().to_vec();
    assert!(back.len() > 2);
    desk.press("A");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    for told in [
        format!("{} accounts would be enabled again", back.len()),
        format!("Access is got back by {}", desk.snapshot.line(back[0]).unwrap().user_name),
        format!("Type {} to confirm", back.len()),
    ] {
        assert!(frame.contains(&told), "{told}: {frame}");
    }
    for wrong in ["", "1"] {
        desk.type_in(wrong);
        assert_eq!(desk.press("enter"), []);
    }
    desk.press("esc");
    assert_eq!(desk.model.approvals().total(), 0);
    // One alone is no crowd; two of the marked are.
    desk.press("m A");
    desk.until(|m| m.question().is_some());
    desk.press("esc");
    desk.press("space");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("1 account would be enabled again") && frame.contains("enter does it"), "{frame}");
    desk.press("esc j m space");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(120, 40).contains("Type 2 to confirm"));
    desk.type_in("2");
    desk.press("enter");
    desk.until(|m| m.approvals().of(Action::Enable) == 2);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("2 accounts will be enabled again: ") && frame.contains("2 people get access back."), "{frame}");
}

#[test]
fn a_source_that_has_shrunk_is_told_before_anybody_approves_and_what_helps_is_told_by_what_refuses() {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let mut desk = Desk::at(runtime, service, Some(&state), &world, plan, setting());
    let people = desk.snapshot.source().users;
    let last_read = |entries| {
        let mut journal = Journal::open(&state, Mode::Write).unwrap();
        journal.set_baseline("demo", Baseline { entries, at: support::NOW }).unwrap();
    };
    assert!(!desk.frame(120, 40).contains("removals are refused"));
    last_read(people * 2);
    desk.live.refresh();
    desk.until_shown(&format!("{people} in scope, {} at the last reading that was applied: removals are refused", people * 2));
    while desk.snapshot.is_busy() {
        desk.next();
    }
    same_as_before("shrunk-120x40", &desk.frame(120, 40));
    let narrow = desk.frame(80, 24);
    assert!(narrow.contains("removals are refused") && narrow.contains("1 shows it"), "{narrow}");
    show(&mut desk, "action disable");
    desk.press("space");
    desk.until(|m| m.question().is_some() || m.approvals().total() > 0);
    if desk.model.question().is_some() {
        desk.type_in("1");
        desk.press("enter");
        desk.until(|m| m.approvals().total() > 0);
    }
    desk.press("P");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    let told = |text: &str| desk.model.question().unwrap().words.iter().any(|(_, word)| word.contains(text));
    assert!(
        told("approving fewer does not help") && !told("approve fewer") && frame.contains(&format!("Type {people} to lift")),
        "{frame}"
    );
    desk.press("esc");
    // As many as before: nothing is refused.
    last_read(people);
    desk.live.refresh();
    while desk.frame(120, 40).contains("removals are refused") {
        desk.next();
    }
}

#[test]
fn a_limit_that_fires_is_shown_with_its_reason_and_lifted_by_its_exact_number_alone() {
    let mut desk = Desk::small(setting());
    show(&mut desk, "action disable");
    desk.press("A");
    desk.until(|m| m.question().is_some());
    let removals = desk.snapshot.facets().for_action(Action::Disable);
    let typed = removals.to_string();
    desk.type_in(&typed);
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("REFUSED: ") && frame.contains("the limit is") && frame.contains(&format!("Type {typed} to lift")), "{frame}");
    same_as_before("limit-80x24", &desk.frame(80, 24));
    // Neither Enter nor another number does.
    for wrong in ["", "1"] {
        desk.type_in(wrong);
        assert_eq!(desk.press("enter"), []);
        assert!(desk.model.question().is_some());
    }
    desk.press("backspace");
    desk.type_in(&typed);
    let effects = desk.press("enter");
    assert!(matches!(effects[..], [Effect::Lift(..)]), "{effects:?}");
    // Whoever is asked about is shown once more, and confirmed by their number once more.
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("A limit is lifted for this run alone.") && frame.contains(&format!("Type {typed} to confirm")), "{frame}");
    assert_eq!(desk.press("enter"), []);
    desk.type_in(&typed);
    assert!(matches!(desk.press("enter")[..], [Effect::Send(_)]));
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    assert!(matches!(desk.model.running(), Running::Ended(e) if e.report.counts.iter().map(|c| c.rows).sum::<usize>() >= removals));
    // The next run has its limit.
    read_again(&mut desk);
    desk.press("5 u");
    desk.until(|m| m.question().is_some());
    assert!(!desk.frame(120, 40).contains("lifted for this run"), "{}", desk.frame(120, 40));
}

#[test]
fn taken_back_is_what_is_left_of_a_run_and_the_number_is_of_those_alone() {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let world = world::make(plan);
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let mut desk = Desk::at(runtime, Arc::clone(&service), None, &world, plan, setting());
    show(&mut desk, "action disable");
    let leaving: Vec<Subject> = desk.model.shown()[..4].to_vec();
    let of = |subject: &Subject| {
        (desk.snapshot.line(*subject).unwrap().user_name, desk.snapshot.card(*subject).unwrap().row.account.unwrap().id)
    };
    let [active, gone, ..] = &leaving.iter().map(of).collect::<Vec<_>>()[..] else { panic!("four leave") };
    desk.press("space j space j space j space");
    desk.until(|m| m.approvals().of(Action::Disable) == 4);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.type_in("4");
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(&mut desk);
    let ask = |desk: &mut Desk| {
        desk.press("5 u");
        desk.until(|m| m.question().is_some());
        desk.frame(120, 40)
    };
    let asked = ask(&mut desk);
    assert!(asked.contains("4 accounts will be enabled again") && asked.contains("Type 4 to confirm"), "{asked}");
    assert!(!asked.contains("At most") && !asked.contains("Left out"), "{asked}");
    desk.press("esc");
    // Somebody enables one of them at the service, and another one is not in its list any more.
    service.edit(|users| {
        users.iter_mut().find(|u| u["id"] == active.1.as_str()).unwrap()["active"] = true.into();
        users.retain(|u| u["id"] != gone.1.as_str());
    });
    desk.live.refresh();
    while !desk.snapshot.is_reading() {
        desk.next();
    }
    while desk.snapshot.is_busy() {
        desk.next();
    }
    let asked = ask(&mut desk);
    for told in [
        "At most 3 accounts will be enabled again: ",
        "At most 3 of those who are enabled again are disabled",
        "Left out, nothing is sent for it: the account is active by now, as it was read last:",
        &format!("│ {} ", active.0),
        "Type 3 to confirm",
    ] {
        assert!(asked.contains(told), "{told}: {asked}");
    }
    desk.type_in("4");
    assert_eq!(desk.press("enter"), []);
    desk.press("ctrl-w");
    desk.type_in("3");
    assert!(matches!(desk.press("enter")[..], [Effect::Send(_)]));
    desk.until(|m| matches!(m.running(), Running::Ended(e) if e.undo_of.is_some()));
    let Running::Ended(ended) = desk.model.running() else { panic!("it has not ended") };
    assert_eq!(ended.report.counts.iter().map(|c| c.rows).sum::<usize>(), 3, "nobody else is in it: {:?}", ended.report.counts);
}

#[test]
fn where_a_run_that_is_taken_back_takes_and_gives_access_both_are_in_the_number() {
    let mut desk = lifelike(Writing::default());
    for (what, n) in [("action create", 1), ("action disable", 3)] {
        show(&mut desk, what);
        desk.press("space j space j space");
        desk.until(|m| m.approvals().total() > n);
    }
    desk.until(|m| m.approvals().of(Action::Create) == 3 && m.approvals().of(Action::Disable) == 3);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.type_in("3");
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(&mut desk);
    desk.press("5 u");
    desk.until(|m| m.question().is_some());
    let asked = desk.frame(120, 40);
    for told in [
        "3 accounts will be enabled again: ",
        "3 accounts will be DISABLED: ",
        "3 lose access, 3 get it back: 6 in all.",
        // They were created by right: nothing else would say that this locks them out.
        "3 LOSE ACCESS ALTHOUGH they are in scope and enabled, by the last reading: ",
        "Type 6 to confirm",
    ] {
        assert!(asked.contains(told), "{told}: {asked}");
    }
    desk.type_in("3");
    assert_eq!(desk.press("enter"), []);
    desk.press("ctrl-w");
    desk.type_in("6");
    assert!(matches!(desk.press("enter")[..], [Effect::Send(_)]));
    desk.until(|m| matches!(m.running(), Running::Ended(e) if e.undo_of.is_some()));
}

#[test]
fn what_is_approved_can_be_rehearsed_first_and_nothing_is_sent_by_that() {
    let mut desk = lifelike(Writing::default());
    show(&mut desk, "situation leaving");
    desk.press("space j space");
    desk.until(|m| m.approvals().total() == 2);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(120, 40).contains("r rehearse first"), "{}", desk.frame(120, 40));
    assert!(matches!(desk.press("r")[..], [Effect::Rehearse(_)]));
    assert!(desk.model.question().is_none() && desk.notice().contains("rehearsing"));
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    let links = desk.snapshot.facets().for_action(Action::Link);
    for told in [
        format!("nothing was sent: {0} of {0} rows would be", text::count(links + 2)),
        "nothing of it would be left to do".into(),
        "Type 2 to confirm".into(),
    ] {
        assert!(frame.contains(&told), "{told}: {frame}");
    }
    // The service still has them, and the journal has no run.
    desk.press("esc 5");
    assert!(desk.frame(120, 40).contains("Nothing was sent yet") || !desk.frame(120, 40).contains("run 1"), "{}", desk.frame(120, 40));
    desk.press("1 P");
    desk.until(|m| m.question().is_some());
    desk.type_in("2");
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
}

#[test]
fn rows_of_a_run_that_come_late_close_nothing_that_was_opened_since() {
    let mut desk = Desk::small(setting());
    let rows = || Msg::News(News::Rows(RunId(7), Arc::default()));
    desk.press("?");
    desk.tell(rows());
    assert!(desk.frame(80, 24).contains("Every key and every word"));
    desk.press("esc");
    desk.tell(rows());
    assert!(desk.frame(80, 24).contains("─ Run 7 ─"));
}

/// How long a run took is never the same.
pub fn no_seconds(frame: &str) -> String {
    let line = |line: &str| match (line.find(" ("), line.find(" s)")) {
        (Some(from), Some(to)) if line.starts_with(" run ") && from < to => format!("{} (1.0 s){}", &line[..from], &line[to + 3..]),
        _ => line.to_owned(),
    };
    frame.lines().map(|l| line(l) + "\n").collect()
}

#[test]
fn what_was_approved_stays_approved_where_the_service_does_not_answer_before_the_first_row() {
    let plan = Plan { lifelike: true, ..support::plan(400, 1) };
    let world = world::make(plan);
    let alive = support::runtime();
    let service = Arc::new(alive.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let mut desk = Desk::at(support::runtime(), service, None, &world, plan, setting());
    show(&mut desk, "situation leaving");
    desk.press("space P");
    desk.until(|m| m.question().is_some());
    drop(alive);
    desk.type_in("1");
    desk.press("enter");
    desk.until_failed("nothing was sent");
    assert_eq!(desk.model.approvals().total(), 1, "{}", desk.frame(120, 40));
}

#[test]
fn a_run_that_was_cut_off_is_told_of_and_finished_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("rosterm.db");
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let world = world::make(plan);
    // So slow that the run is still under way when somebody else has looked at both ends, also on a busy machine.
    let faults = Faults { writing: Box::new(Writing { delay: 600, ..Writing::default() }), ..Faults::default() };
    let alive = support::runtime();
    let service = Arc::new(alive.block_on(Service::start(world.accounts.clone(), faults)).unwrap());
    let open = || Desk::at(support::runtime(), Arc::clone(&service), Some(&state), &world, plan, setting());
    let mut desk = open();
    send_all(&mut desk, "action update");
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
    show(&mut desk, "action update");
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
