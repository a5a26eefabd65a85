//! What changes between a question and its answer, and between a run and what is done about it: nobody is decided about whom the
//! question did not name.

use super::decide::{lifelike, read_again, show, under_cursor};
use super::desk::Desk;
use super::setting;
use crate::support;
use rosterm::config::Config;
use rosterm::demo::service::{Faults, Service, Writing};
use rosterm::demo::world::{self, Plan};
use rosterm::engine::{Running, Seen, Who};
use rosterm::model::{Action, Subject};
use rosterm::tui::{Effect, Setting};
use std::path::PathBuf;
use std::sync::Arc;

/// Screens on a configuration file of a lifelike world, and the services beside it that it can name.
struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
    text: String,
    desk: Desk,
    service: Arc<Service>,
    other: Arc<Service>,
    _runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new(writing: Writing, linked: bool) -> Place {
        let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rosterm.toml");
        let mut world = world::make(plan);
        if !linked {
            // What is remembered keeps a channel from another service: this is one where nothing is remembered yet.
            (world.links, world.holds) = (Vec::new(), Vec::new());
        }
        let (runtime, aside) = (support::runtime(), support::runtime());
        let faults = Faults { writing: Box::new(writing), ..Faults::default() };
        let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), faults)).unwrap());
        let other = Arc::new(aside.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
        let text = world::config_text(plan, service.base_url(), "(in memory)");
        std::fs::write(&file, &text).unwrap();
        let setting = Setting { file: Some(file.clone()), ..setting() };
        let desk = Desk::with(runtime, Arc::clone(&service), None, &world, plan, setting, |channel| {
            *channel = Config::read(&file).unwrap().channels.remove(0);
        });
        Place { _folder: folder, file, text, desk, service, other, _runtime: aside }
    }

    /// Has other words written into the file and goes by it, whatever is asked meanwhile, until another numbering has begun.
    fn renumber(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}");
        std::fs::write(&self.file, self.text.replace(from, to)).unwrap();
        let era = self.desk.snapshot.era();
        let fingerprint = Config::read(&self.file).unwrap().channels[0].fingerprint.clone();
        self.desk.live.reload(self.file.clone(), fingerprint);
        while self.desk.snapshot.era() == era {
            self.desk.next();
        }
    }

    /// Has other words written into the file, and goes by it until both ends were read.
    fn go_by(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}");
        std::fs::write(&self.file, self.text.replace(from, to)).unwrap();
        self.desk.press("F");
        self.desk.until(|model| model.question().is_some());
        let era = self.desk.snapshot.era();
        self.desk.press("enter");
        while self.desk.snapshot.era() == era || self.desk.snapshot.is_busy() || self.desk.snapshot.facets().all() == 0 {
            self.desk.next();
        }
    }
}

/// Sends what is approved; the number is typed.
fn send(desk: &mut Desk, number: &str) {
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.type_in(number);
    assert!(matches!(desk.press("enter")[..], [Effect::Send(_)]), "{}", desk.frame(120, 40));
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(desk);
}

/// Reads both ends to their end.
fn refresh(desk: &mut Desk) {
    desk.live.refresh();
    while !desk.snapshot.is_reading() {
        desk.next();
    }
    while desk.snapshot.is_busy() {
        desk.next();
    }
}

#[test]
fn where_the_directory_gave_nobody_everybody_who_would_be_enabled_is_counted_and_typed() {
    let mut place = Place::new(Writing::default(), true);
    show(&mut place.desk, "action disable");
    place.desk.press("space j space j space");
    place.desk.until(|m| m.approvals().of(Action::Disable) == 3);
    send(&mut place.desk, "3");
    place.go_by("(&(objectClass=inetOrgPerson)(!(employeeType=external)))", "(uid=nobody-is-called-so)");
    place.desk.press("5 u");
    place.desk.until(|m| m.question().is_some());
    let asked = place.desk.frame(120, 40);
    for told in ["3 accounts will be enabled again: ", "At most 3 of those who are enabled again", "Type 3 to confirm"] {
        assert!(asked.contains(told), "{told}: {asked}");
    }
    assert!(asked.contains("The directory was not read to its end, or gave nobody"), "{asked}");
    assert_eq!(place.desk.press("enter"), []);
}

#[test]
fn a_question_approves_nobody_whom_it_did_not_name() {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let world = world::make(plan);
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let mut desk = Desk::at(runtime, Arc::clone(&service), None, &world, plan, setting());
    let mark = |desk: &mut Desk, what: &str| {
        show(desk, what);
        let (subject, line) = under_cursor(desk);
        let id = desk.snapshot.card(subject).unwrap().row.account.unwrap().id;
        desk.press("m");
        (subject, line.user_name, id)
    };
    let (ann, ben) = (mark(&mut desk, "situation leaving"), mark(&mut desk, "situation left"));
    desk.press("space");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("1 account would be DISABLED") && frame.contains(&format!("Access is lost by {}.", ann.1)), "{frame}");
    // Before it is answered, somebody disables the one who was named and enables the other one: it is still one.
    service.edit(|users| {
        for (id, active) in [(&ann.2, false), (&ben.2, true)] {
            users.iter_mut().find(|u| u["id"] == id.as_str()).unwrap()["active"] = active.into();
        }
    });
    refresh(&mut desk);
    let action = |desk: &Desk, of: Subject| desk.snapshot.line(of).unwrap().action;
    assert_eq!((action(&desk, ann.0), action(&desk, ben.0)), (Action::None, Action::Disable));
    desk.type_in("1");
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.contains("dropped") || n.contains("approved")));
    // What is said last is known once the approver has answered something that was asked after it.
    desk.live.propose(None);
    desk.until(|m| m.question().is_some());
    assert!(!desk.model.approvals().has(ben.0) && desk.model.approvals().total() == 0, "{}", desk.notice());
}

#[test]
fn of_a_list_that_was_weighed_in_another_numbering_nobody_is_approved() {
    let mut place = Place::new(Writing::default(), true);
    let desk = &mut place.desk;
    show(desk, "action update");
    desk.press("m m space");
    desk.until(|m| m.question().is_some());
    // What is gone by anew gives everybody another number; it was asked for before, and waited.
    let era = desk.snapshot.era();
    desk.live.reload(place.file.clone(), {
        std::fs::write(&place.file, place.text.replace("title = \"title\"", "title = \"cn\"")).unwrap();
        Config::read(&place.file).unwrap().channels[0].fingerprint.clone()
    });
    while desk.snapshot.era() == era || desk.snapshot.is_busy() {
        desk.next();
    }
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.contains("approved")));
    assert_eq!(desk.notice(), "nothing was approved: the rows have changed meanwhile; look again");
    assert_eq!(desk.model.approvals().total(), 0);
}

#[test]
fn what_was_decided_before_another_numbering_is_taken_back_in_it_too() {
    let mut place = Place::new(Writing::default(), true);
    show(&mut place.desk, "action disable");
    let ann = under_cursor(&place.desk).0;
    place.desk.press("space j");
    let ben = under_cursor(&place.desk).0;
    place.desk.press("space");
    place.desk.until(|m| m.approvals().total() == 2);
    let before = Arc::clone(&place.desk.snapshot);
    let named = |subject| before.named(subject).unwrap();
    place.renumber("title = \"title\"", "title = \"cn\"");
    // It was decided before, and comes when the approvals wait for both ends to be read.
    place.desk.live.withdraw(Who::These(Arc::new(vec![ann])), Seen(Arc::clone(&before)));
    place.desk.until(|m| m.notice().is_some_and(|n| n.contains("taken back")));
    assert_eq!(place.desk.notice(), "1 approval taken back");
    while place.desk.snapshot.is_busy() || place.desk.snapshot.facets().all() == 0 {
        place.desk.next();
    }
    place.desk.until(|m| m.approvals().total() == 1);
    let now = |desk: &Desk, of: Subject| desk.snapshot.subject_of(&named(of)).unwrap();
    assert!(place.desk.model.approvals().has(now(&place.desk, ben)) && !place.desk.model.approvals().has(now(&place.desk, ann)));
    // And once they have been found again.
    place.desk.live.withdraw(Who::One(ben), Seen(before));
    place.desk.until(|m| m.approvals().total() == 0);
}

#[test]
fn a_hold_that_was_asked_about_at_one_service_is_not_set_at_another() {
    let mut place = Place::new(Writing::default(), false);
    show(&mut place.desk, "action create");
    place.desk.press("h");
    assert!(place.desk.frame(120, 40).contains("Leave "));
    place.desk.type_in("on leave");
    let (from, to) = (place.service.base_url().to_owned(), place.other.base_url().to_owned());
    place.renumber(&from, &to);
    while place.desk.snapshot.is_busy() || place.desk.snapshot.facets().all() == 0 {
        place.desk.next();
    }
    assert_eq!(place.desk.snapshot.picture().base_url(), to);
    assert!(matches!(place.desk.press("enter")[..], [Effect::Hold { .. }]));
    // What was typed is there still, and stays about whoever was seen: it is refused once more.
    for _ in 0..2 {
        place.desk.until_failed("was not read from where the configuration leads");
        assert!(place.desk.frame(120, 40).contains("Type a reason: on leave"), "{}", place.desk.frame(120, 40));
        assert!(matches!(place.desk.press("enter")[..], [Effect::Hold { .. }]));
    }
    place.desk.until_failed("was not read from where the configuration leads");
    assert_eq!(place.desk.snapshot.remembered().1, 0);
}

#[test]
fn at_another_service_nothing_is_approved_marked_or_tried_again() {
    let mut place = Place::new(Writing::default(), false);
    show(&mut place.desk, "action create");
    place.desk.press("A");
    place.desk.until(|m| m.question().is_some());
    place.desk.press("enter");
    place.desk.until(|m| m.approvals().of(Action::Create) > 0);
    place.desk.press("m m");
    let (from, to) = (place.service.base_url().to_owned(), place.other.base_url().to_owned());
    place.go_by(&from, &to);
    assert!(place.desk.snapshot.facets().for_action(Action::Create) > 0 && place.desk.snapshot.picture().base_url() == to);
    place.desk.live.propose(None);
    place.desk.until(|m| m.question().is_some());
    assert_eq!(place.desk.model.approvals().total(), 0, "they were given for {from}");
    place.desk.press("esc");
    assert!(!place.desk.frame(120, 40).contains("2 marked"));
}

#[test]
fn what_was_not_done_at_one_service_is_not_approved_at_another() {
    let mut first = lifelike(Writing::default());
    show(&mut first, "action create");
    let name: &'static str = Box::leak(under_cursor(&first).1.user_name.into_boxed_str());
    drop(first);
    let mut place = Place::new(Writing { fail: Some((name, 400)), ..Writing::default() }, false);
    show(&mut place.desk, "action create");
    place.desk.press("space");
    place.desk.until(|m| m.approvals().of(Action::Create) == 1);
    // Alone: no pair is remembered with it.
    place.desk.press("X");
    place.desk.until(|m| m.question().is_some());
    place.desk.press("enter");
    place.desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(&mut place.desk);
    assert!(matches!(place.desk.model.running(), Running::Ended(ended) if ended.again.who.len() == 1));
    let (from, to) = (place.service.base_url().to_owned(), place.other.base_url().to_owned());
    place.go_by(&from, &to);
    assert!(matches!(place.desk.model.running(), Running::None));
    assert_eq!(place.desk.press("5 f"), []);
    assert!(place.desk.notice().contains("nothing was sent yet"), "{}", place.desk.notice());
}

#[test]
fn whoever_would_get_access_back_by_trying_again_is_named_and_counted() {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let world = world::make(plan);
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let mut desk = Desk::at(runtime, Arc::clone(&service), None, &world, plan, setting());
    show(&mut desk, "action enable");
    let of = |subject: &Subject| {
        (desk.snapshot.line(*subject).unwrap().user_name, desk.snapshot.card(*subject).unwrap().row.account.unwrap().id)
    };
    let back: Vec<(String, String)> = desk.model.shown()[..2].iter().map(of).collect();
    let write = |title: &str| {
        service.edit(|users| {
            for (_, id) in &back {
                users.iter_mut().find(|u| u["id"] == id.as_str()).unwrap()["title"] = title.into();
            }
        });
    };
    write("A title of before");
    refresh(&mut desk);
    desk.press("g space j space");
    desk.until(|m| m.approvals().of(Action::Enable) == 2);
    // Somebody was at both before their turn: they are left as they are.
    write("Somebody was here");
    desk.press("P");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| matches!(m.running(), Running::Ended(_)));
    read_again(&mut desk);
    // A sentence that is longer than the pane is wide is in two lines.
    let words = |desk: &mut Desk| desk.frame(110, 60).split_whitespace().collect::<Vec<_>>().join(" ");
    while !words(&mut desk).contains("2 rows not done: f approves them again") {
        desk.next();
    }
    assert_eq!(desk.model.approvals().total(), 0);
    desk.press("5 f");
    desk.until(|m| m.question().is_some());
    let frame = desk.frame(120, 40);
    let named = format!("Access is got back by {}, {}.", back[0].0, back[1].0);
    for told in ["2 accounts would be enabled again", &named, "Type 2 to confirm", "Approving sends nothing yet."] {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    assert_eq!(desk.press("enter"), []);
    assert_eq!(desk.model.approvals().total(), 0);
    desk.type_in("2");
    desk.press("enter");
    desk.until(|m| m.approvals().of(Action::Enable) == 2);
    assert_eq!(desk.notice(), "2 rows approved, nothing is sent yet");
}
