//! What waits to be written while both ends are read: taken back by its own key, and nothing that is edited meanwhile is lost.

use super::desk::Desk;
use super::server::{edit, mark, said, settled};
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

#[test]
fn what_is_edited_while_another_clause_waits_stays_and_is_tried_and_saved_by_itself() {
    let mut place = Place::new();
    place.asked("creating");
    let gate = Arc::clone(&place.gate);
    let held = gate.lock().unwrap();
    place.read();
    place.desk.press("enter");
    edit(&mut place.desk, "protected", "nobody@x, somebody@x");
    mark(&mut place.desk, "removals");
    place.desk.press("e");
    place.desk.type_in("7");
    let era = place.desk.snapshot.era();
    drop(held);
    place.desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    assert!(place.desk.notice().contains("was edited since"), "{}", place.desk.notice());
    while place.desk.snapshot.era() == era || place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    let text = place.written();
    assert!(text.contains("create = false") && !text.contains("protect"), "{text}");
    assert!(place.desk.model.is_source_edited() && said(&mut place.desk).contains("editing"), "{}", said(&mut place.desk));
    place.desk.press("esc");
    place.confirm();
    let asked = place.desk.frame(200, 60);
    assert!(asked.contains("protect: ") && asked.contains("somebody@x") && !asked.contains("create: true"), "{asked}");
    let era = place.desk.snapshot.era();
    place.desk.press("enter");
    while place.desk.snapshot.era() == era || place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    let text = place.written();
    assert!(text.contains("create = false") && text.contains("somebody@x"), "{text}");
    assert!(!place.desk.model.is_source_edited() && !place.desk.notice().contains("since"), "{}", place.desk.notice());
}

#[test]
fn a_policy_and_rules_that_are_tried_while_a_clause_waits_are_tried_once_it_is_written() {
    let mut place = Place::new();
    let title = place.desk.snapshot.fields().position(|field| field == "title").unwrap();
    assert!(place.desk.snapshot.facets().fields[title] > 0);
    place.asked("nested");
    let gate = Arc::clone(&place.gate);
    let held = gate.lock().unwrap();
    place.read();
    place.desk.press("enter");
    mark(&mut place.desk, "removing");
    place.desk.press("e");
    place.remove("title");
    let era = place.desk.snapshot.era();
    drop(held);
    // Nobody has a title that differs where no rule is for it.
    let is_tried = |desk: &Desk| desk.snapshot.facets().fields[title] == 0 && desk.snapshot.is_by_other_policy();
    while place.desk.snapshot.era() == era || place.desk.snapshot.is_busy() || !is_tried(&place.desk) {
        place.desk.next();
    }
    place.desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(place.desk.model.is_mapping_edited() && place.desk.model.is_source_edited());
    let text = place.written();
    assert!(text.contains("nested_groups = false") && text.contains("\ntitle = ") && !text.contains("deprovision"), "{text}");
    // Before it was written others were in scope.
    place.desk.press("1 R");
    while place.desk.snapshot.is_by_other_policy() || place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    place.desk.press("2 ctrl-s");
    let asked = place.desk.frame(160, 48);
    assert!(asked.contains("Whom it moves is not known"), "{asked}");
}

#[test]
fn a_clause_that_is_as_before_again_while_it_waits_is_an_edit_of_what_was_written() {
    let mut place = Place::new();
    place.asked("creating");
    let gate = Arc::clone(&place.gate);
    let held = gate.lock().unwrap();
    place.read();
    place.desk.press("enter");
    mark(&mut place.desk, "creating");
    place.desk.press("e");
    assert!(!place.desk.model.is_source_edited());
    drop(held);
    place.desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    while place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    assert!(place.written().contains("create = false"));
    assert!(place.desk.model.is_source_edited());
    place.confirm();
    let asked = place.desk.frame(200, 60);
    assert!(asked.contains("create: false → true"), "{asked}");
}

#[test]
fn what_waits_is_taken_back_by_the_key_that_was_named_although_every_edit_was_by_hand_before() {
    for is_clause in [true, false] {
        let mut place = Place::new();
        if is_clause {
            place.asked("nested");
        }
        let gate = Arc::clone(&place.gate);
        let held = gate.lock().unwrap();
        place.read();
        if is_clause {
            place.desk.press("enter");
            mark(&mut place.desk, "nested");
            place.desk.press("e");
        } else {
            place.save_without("title");
            place.remove("title");
        }
        assert!(!place.desk.model.is_source_edited());
        place.desk.press("R");
        assert!(place.desk.notice().contains("as in the configuration again"), "{}", place.desk.notice());
        drop(held);
        place.through();
        assert_eq!(place.written(), place.text);
    }
}
