//! What waits to be written while both ends are read: taken back by its own key.

use super::desk::Desk;
use super::server::{mark, settled};
use super::setting;
use rosterm::engine::News;
use rosterm::journal::run::RunId;
use rosterm::tui::Setting;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Screens by a file.
struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
    text: String,
    gate: Arc<Mutex<()>>,
    desk: Desk,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rosterm.toml");
        let mut desk = Desk::small(Setting { file: Some(file.clone()), ..setting() });
        let text = desk.config.clone();
        std::fs::write(&file, &text).unwrap();
        desk.frame(160, 60);
        Place { _folder: folder, file, text, gate: Arc::clone(&desk.gate), desk }
    }

    fn written(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    /// Begins to read both ends: it goes on for as long as the gate is held.
    fn read(&mut self) {
        self.desk.live.refresh();
        while !self.desk.snapshot.is_reading() {
            self.desk.next();
        }
    }

    /// Edits a clause of two, and is asked whether it is to be written.
    fn asked(&mut self, label: &str) {
        mark(&mut self.desk, label);
        self.desk.press("e");
        self.confirm();
    }

    fn confirm(&mut self) {
        settled(&mut self.desk);
        self.desk.press("ctrl-s");
        self.desk.until(|model| model.question().is_some());
    }

    /// Takes the rule of a field away.
    fn remove(&mut self, field: &str) {
        self.desk.press("2");
        let place = self.desk.snapshot.configured().iter().position(|rule| rule.field.value == field).unwrap();
        (0..30).for_each(|_| drop(self.desk.press("k")));
        (0..place).for_each(|_| drop(self.desk.press("j")));
        self.desk.press("d");
    }

    /// The same, to be written.
    fn save_without(&mut self, field: &str) {
        self.remove(field);
        self.desk.press("ctrl-s enter");
        assert!(self.desk.notice().contains("it is written once both ends were read; R takes it back"), "{}", self.desk.notice());
    }

    /// Waits until everything that was asked for before is done; the screen hears nothing of it.
    fn through(&self) {
        // There is no such run: it is refused.
        self.desk.live.undo(RunId(99));
        while !matches!(self.desk.inbox.recv_timeout(Duration::from_secs(60)).unwrap(), News::Refused(_)) {}
    }
}

#[test]
fn of_a_location_and_rules_that_wait_each_is_taken_back_by_its_own_key() {
    for (back, nested, has_title) in [("1 R", "nested_groups = true", false), ("2 R", "nested_groups = false", true)] {
        let mut place = Place::new();
        place.asked("nested");
        let gate = Arc::clone(&place.gate);
        let held = gate.lock().unwrap();
        place.read();
        place.desk.press("enter");
        assert!(place.desk.notice().contains("R takes it back"), "{}", place.desk.notice());
        place.save_without("title");
        place.desk.press(back);
        drop(held);
        place.through();
        let text = place.written();
        assert!(text.contains(nested), "{back}: {text}");
        assert_eq!(text.contains("\ntitle = "), has_title, "{back}: {text}");
    }
}

#[test]
fn rules_that_were_saved_twice_while_they_wait_are_taken_back_together_or_written_as_shown_last() {
    for takes_back in [true, false] {
        let mut place = Place::new();
        let gate = Arc::clone(&place.gate);
        let held = gate.lock().unwrap();
        place.read();
        place.save_without("title");
        // The first is taken back by hand, and another one is saved.
        place.remove("title");
        place.save_without("displayName");
        if takes_back {
            place.desk.press("R");
        }
        drop(held);
        place.through();
        let text = place.written();
        assert!(text.contains("\ntitle = "), "{text}");
        assert_eq!(text.contains("\ndisplayName = "), takes_back, "{text}");
    }
}

#[test]
fn what_was_saved_before_the_file_was_gone_by_anew_is_not_written_into_it() {
    let mut place = Place::new();
    let gate = Arc::clone(&place.gate);
    let held = gate.lock().unwrap();
    place.read();
    let other = place.text.replace("title = \"title\"", "title = \"cn\"");
    assert_ne!(other, place.text);
    std::fs::write(&place.file, &other).unwrap();
    place.desk.press("F");
    place.desk.until(|model| model.question().is_some());
    place.desk.press("enter");
    // It waits behind that.
    place.save_without("displayName");
    drop(held);
    // However late the screen hears of it.
    place.through();
    assert_eq!(place.written(), other);
}
