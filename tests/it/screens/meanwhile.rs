//! What changes between a question and its answer, and between a run and what is done about it: nobody is decided about whom the
//! question did not name.

use super::decide::{read_again, show};
use super::desk::Desk;
use super::setting;
use crate::support;
use rosterm::config::Config;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan};
use rosterm::engine::Running;
use rosterm::model::Action;
use rosterm::tui::{Effect, Setting};
use std::path::PathBuf;
use std::sync::Arc;

/// Screens on a configuration file of a lifelike world.
struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
    text: String,
    desk: Desk,
}

impl Place {
    fn new() -> Place {
        let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rosterm.toml");
        let world = world::make(plan);
        let runtime = support::runtime();
        let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
        let text = world::config_text(plan, service.base_url(), "(in memory)");
        std::fs::write(&file, &text).unwrap();
        let setting = Setting { file: Some(file.clone()), ..setting() };
        let desk = Desk::with(runtime, service, None, &world, plan, setting, |channel| {
            *channel = Config::read(&file).unwrap().channels.remove(0);
        });
        Place { _folder: folder, file, text, desk }
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

#[test]
fn where_the_directory_gave_nobody_everybody_who_would_be_enabled_is_counted_and_typed() {
    let mut place = Place::new();
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
