//! What a run did not do: told by cause, held against what both ends say by now, and approved again.

use super::decide::{lifelike, no_seconds, read_again, send_all, show, under_cursor};
use super::desk::Desk;
use super::{same_as_before, setting};
use crate::support;
use rosterm::demo::service::{Faults, Service, Writing};
use rosterm::demo::world::{self, Plan};
use rosterm::engine::Running;
use rosterm::model::Action;
use std::sync::Arc;

#[test]
fn failures_are_grouped_by_cause_and_tried_again() {
    let mut first = lifelike(Writing::default());
    show(&mut first, "action update");
    let name: &'static str = Box::leak(under_cursor(&first).1.user_name.into_boxed_str());
    drop(first.model);
    let mut desk = lifelike(Writing { fail: Some((name, 400)), ..Writing::default() });
    send_all(&mut desk, "action update");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    let frame = desk.frame(120, 40);
    assert!(frame.contains("done, but not everything") && frame.contains("1 update: HTTP 400") && frame.contains(name), "{frame}");
    read_again(&mut desk);
    desk.until(|m| m.approvals().total() == 0);
    // The row says so too, and is among those with a problem.
    show(&mut desk, "action update");
    desk.press("/");
    desk.type_in(&format!("userName:{name}"));
    desk.press("enter");
    let line = under_cursor(&desk).1;
    assert!(line.problem && line.what.starts_with("failed last time: HTTP 400"), "{}", line.what);
    desk.press("5 f");
    desk.until(|m| m.approvals().of(Action::Update) == 1);
}

#[test]
fn of_what_was_not_done_it_is_told_for_whom_there_is_still_something_to_approve() {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let world = world::make(plan);
    let mut first = lifelike(Writing::default());
    show(&mut first, "action update");
    // Three whose title alone would be changed: one fails, two were changed by somebody else before their turn.
    let rows = first.model.shown().iter().filter_map(|s| first.snapshot.card(*s)).map(|card| card.row);
    let titles = rows.filter(|row| row.changes.len() == 1 && row.changes[0].field == "title" && !row.changes[0].to.is_unassigned());
    let picked: Vec<(String, String, String)> = titles
        .map(|row| {
            let (account, change) = (row.account.unwrap(), &row.changes[0]);
            (row.user_name.unwrap(), account.id, change.to.plain().into_owned())
        })
        .take(3)
        .collect();
    drop(first);
    let [fails, others @ ..] = &picked[..] else { panic!() };
    let name: &'static str = Box::leak(fails.0.clone().into_boxed_str());
    let runtime = support::runtime();
    let writing = Box::new(Writing { fail: Some((name, 400)), ..Writing::default() });
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults { writing, ..Faults::default() })).unwrap());
    let mut desk = Desk::at(runtime, Arc::clone(&service), None, &world, plan, setting());
    show(&mut desk, "action update");
    desk.press("A");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    let write = |id: &str, title: &str| {
        service.edit(|users| users.iter_mut().find(|u| u["id"] == id).unwrap()["title"] = title.into());
    };
    for (_, id, _) in others {
        write(id, "Somebody was here");
    }
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    // Before both ends were read again nobody knows.
    // A pane alone: a sentence that is longer than it is wide is in two lines.
    let words = |desk: &mut Desk| desk.frame(110, 60).split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words(&mut desk);
    assert!(
        first.contains("3 rows not done; for whom there is still something to approve is known once both ends were read again"),
        "{first}"
    );
    while !words(&mut desk).contains("3 rows not done: f approves them again, as they stand by now") {
        desk.next();
    }
    // What somebody else has brought to what it is to be needs nothing any more.
    for (_, id, title) in others {
        write(id, title);
    }
    desk.live.refresh();
    while !words(&mut desk).contains("3 rows not done: f approves 1 of them again, as it stands by now; 2 need nothing any more") {
        desk.next();
    }
    same_as_before("owing-80x24", &no_seconds(&desk.frame(80, 24)));
    assert!(words(&mut desk).contains("by now there is nothing left to approve of it"), "{}", words(&mut desk));
    desk.press("f");
    desk.until(|m| m.approvals().of(Action::Update) == 1);
    assert_eq!(desk.notice(), "1 row approved, nothing is sent yet; 2 need nothing any more");
    desk.press("f");
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("0 rows approved, nothing is sent yet; 1 was approved before")));
    // Whoever would have something else done by now is not approved for that: nobody has seen it.
    let activate = |on: bool| {
        service.edit(|users| users.iter_mut().find(|u| u["id"] == others[0].1).unwrap()["active"] = on.into());
    };
    activate(false);
    desk.live.refresh();
    while !words(&mut desk).contains("1 comes to something else by now: look at it in the list; 1 needs nothing any more") {
        desk.next();
    }
    desk.press("f");
    desk.until(|m| m.notice().is_some_and(|n| n.contains("1 comes to something else by now")));
    assert_eq!((desk.model.approvals().total(), desk.model.approvals().of(Action::Enable)), (1, 0));
    activate(true);
    // Once it is mended elsewhere there is nothing left, and that is said before anything is asked for.
    write(&fails.1, &fails.2);
    desk.live.refresh();
    while !words(&mut desk).contains("3 rows not done, and there is nothing left to approve; 3 need nothing any more") {
        desk.next();
    }
    assert_eq!(desk.press("f"), []);
    assert!(desk.notice().contains("there is nothing left to approve of what the last run did not do"), "{}", desk.notice());
}
