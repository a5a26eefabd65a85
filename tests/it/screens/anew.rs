//! The configuration file read anew: told first, gone by without a restart, and nothing else changes by looking.

use super::desk::Desk;
use super::server::{edit, mark};
use super::{same_as_before, setting};
use crate::support;
use rosterm::config::Config;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world;
use rosterm::engine::{Going, News, Pairing, Running};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::{Journal, Mode};
use rosterm::tui::{Effect, Setting};
use std::path::PathBuf;
use std::sync::Arc;

/// Screens on a configuration file, which says what they go by; and the folder that it lies in.
struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
    text: String,
    desk: Desk,
}

impl Place {
    fn new() -> Place {
        Place::with(false)
    }

    /// The same; where nothing was ever linked or held, another service can be read by the same channel.
    fn with(is_new: bool) -> Place {
        let plan = support::plan(150, 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rosterm.toml");
        let world = world::make(plan);
        let runtime = support::runtime();
        let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
        let text = world::config_text(plan, service.base_url(), "(in memory)");
        std::fs::write(&file, &text).unwrap();
        let setting = Setting { file: Some(file.clone()), ..setting() };
        let state = is_new.then(|| folder.path().join("state.db"));
        if let Some(path) = &state {
            drop(Journal::open(path, Mode::Write).unwrap());
        }
        let desk = Desk::with(runtime, service, state.as_deref(), &world, plan, setting, |channel| {
            *channel = Config::read(&file).unwrap().channels.remove(0);
        });
        Place { _folder: folder, file, text, desk }
    }

    fn write(&self, change: &[(&str, &str)]) {
        let mut text = self.text.clone();
        for (from, to) in change {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        std::fs::write(&self.file, text).unwrap();
    }

    /// Presses the key, and waits for what it tells.
    fn asked(&mut self) -> Vec<String> {
        assert_eq!(self.desk.press("F"), [Effect::Reread(self.file.clone())]);
        self.desk.until(|model| model.question().is_some());
        self.desk.model.question().unwrap().words.iter().map(|(_, text)| text.clone()).collect()
    }

    /// Confirms it, and waits until both ends were read by it.
    fn go_by(&mut self) {
        let era = self.desk.snapshot.era();
        self.desk.press("enter");
        while self.desk.snapshot.era() == era || self.desk.snapshot.is_busy() {
            self.desk.next();
        }
    }

    /// A frame in which the folder is the same everywhere.
    fn frame(&mut self, width: u16, height: u16) -> String {
        let name = self.file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        self.desk.frame(width, height).replace(&name, &"x".repeat(name.len()))
    }
}

#[test]
fn what_the_file_says_by_now_is_told_clause_by_clause_and_gone_by_without_a_restart() {
    let mut place = Place::new();
    let people = place.desk.snapshot.source().users;
    place.write(&[
        ("(!(employeeType=external))", "(!(employeeType=external))(!(sn=g*))"),
        ("title = \"title\"", "title = \"title | upper\""),
        ("manager = \"manager\"", "costCenter = \"departmentNumber\""),
        ("default = \"Unassigned\"", "default = \"none\""),
        (
            "[channels.demo.mapping]",
            "[channels.demo.policy]\nremove_action = \"delete\"\nlimits = { deprovision = \"3\" }\n[channels.demo.mapping]",
        ),
    ]);
    let words = place.asked();
    for told in [
        "location · filter: (&(objectClass=inetOrgPerson)(!(employeeType=external))) → ",
        "mapping · title: title → title | upper",
        "mapping · department, default: 'Unassigned' → 'none'",
        "mapping · manager: no rule any more (manager)",
        "mapping · costCenter: a new rule, departmentNumber",
        "policy · remove_action: disable → delete",
        "policy · limits.deprovision: 20 or 5% → 3",
        "without a restart",
    ] {
        assert!(words.iter().any(|text| text.contains(told)), "{told}: {words:?}");
    }
    assert!(!words.iter().any(|text| text.contains("ANOTHER") || text.contains("Forgotten")), "{words:?}");
    let (wide, narrow) = (place.frame(160, 48), place.frame(80, 24));
    same_as_before("anew-160x48", &wide);
    same_as_before("anew-80x24", &narrow);
    // Looking changes nothing.
    place.desk.press("esc");
    assert_eq!(place.desk.snapshot.source().users, people);
    place.asked();
    let written = std::fs::read_to_string(&place.file).unwrap();
    place.go_by();
    assert!(place.desk.snapshot.source().users < people && place.desk.snapshot.source().users > 0);
    assert_eq!(place.desk.snapshot.fields().last(), Some("costCenter"));
    assert_eq!(place.desk.snapshot.picture().fingerprint(), Config::read(&place.file).unwrap().channels[0].fingerprint);
    assert_eq!(std::fs::read_to_string(&place.file).unwrap(), written);
    assert_eq!(place.desk.model.approvals().total(), 0);
    // Once more there is nothing to tell, and what is edited from here on is written there.
    place.desk.press("F");
    place.desk.until(|model| model.notice().is_some_and(|text| text.contains("nothing has changed in ")));
}

#[test]
fn a_reading_by_what_the_file_said_before_is_told_for_as_long_as_it_is_so() {
    let mut place = Place::new();
    let told = "says something else by now: what is shown goes by what was read";
    assert!(!place.frame(200, 48).contains("by now"));
    place.write(&[("title = \"title\"", "title = \"cn\"")]);
    place.desk.live.refresh();
    while !place.frame(200, 48).contains(told) {
        place.desk.next();
    }
    let narrow = place.frame(80, 24).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(narrow.contains("F tells what is another one"), "{narrow}");
    // What is taken back is as rosterm has read it, and not as in the file.
    edit(&mut place.desk, "protected", "root");
    place.desk.press("R");
    assert_eq!(place.desk.notice(), "the policy is as rosterm has read it again");
    place.asked();
    place.go_by();
    assert!(!place.frame(200, 48).contains("something else by now"), "{}", place.frame(200, 48));
    // Changed, read, and changed back: whoever asks what is another one is told nothing, and the words go.
    place.write(&[]);
    place.desk.live.refresh();
    place.desk.until_shown("says something else by now");
    place.write(&[("title = \"title\"", "title = \"cn\"")]);
    place.desk.press("F");
    place.desk.until(|model| model.notice().is_some_and(|text| text.contains("nothing has changed in ")));
    assert!(!place.frame(110, 40).contains("something else by now"), "{}", place.frame(110, 40));
}

#[test]
fn where_only_another_channel_has_changed_both_ends_are_read_again() {
    let mut place = Place::new();
    let other = place.text.replace("channels.demo", "channels.other").replace("format = 1\n", "");
    std::fs::write(&place.file, format!("{}\n{other}", place.text)).unwrap();
    place.desk.press("F");
    place.desk.until(|model| model.notice().is_some_and(|text| text.contains("but others have: both ends are read again")));
    while !place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    while place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    assert!(place.desk.model.question().is_none());
    place.desk.press("F");
    place.desk.until(|model| model.notice().is_some_and(|text| text.contains("nothing has changed in ")));
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_place_and_everything_stays() {
    let mut place = Place::new();
    let (generation, fingerprint) = (place.desk.snapshot.generation(), place.desk.snapshot.picture().fingerprint().to_owned());
    for (from, to, told) in [
        ("title = \"title\"", "title = \"titel(\"", "rosterm.toml:30:9: "),
        ("[channels.demo.target]", "[channels.demo.target", "rosterm.toml:18:"),
        ("connector = \"demo\"", "conector = \"demo\"", "rosterm.toml:19:1: there is no key conector"),
        ("[channels.demo.", "[channels.other.", "there is no channel demo"),
        ("format = 1", "format = 1\nstate = \"elsewhere\"", "another place for the state"),
    ] {
        place.write(&[(from, to)]);
        let words = place.asked();
        assert!(words[0].contains(told), "{told}: {words:?}");
        // There is nothing that Enter could do.
        assert_eq!(place.desk.press("enter"), []);
        assert!(place.desk.model.question().is_none());
    }
    std::fs::remove_file(&place.file).unwrap();
    assert!(place.asked()[0].contains("cannot read the configuration"));
    place.desk.press("esc");
    assert_eq!((place.desk.snapshot.generation(), place.desk.snapshot.picture().fingerprint()), (generation, fingerprint.as_str()));
}

#[test]
fn what_was_changed_once_more_since_it_was_shown_is_not_gone_by() {
    let mut place = Place::new();
    place.write(&[("title = \"title\"", "title = \"cn\"")]);
    place.asked();
    place.write(&[("title = \"title\"", "title = \"sn\"")]);
    place.desk.press("enter");
    place.desk.until_shown("was changed once more since it was shown");
    let told = place.frame(110, 40);
    assert!(told.contains("F reads the file anew"), "{told}");
    place.desk.press("esc");
    assert!(place.asked().iter().any(|text| text.contains("title → sn")));
    place.go_by();
}

#[test]
fn another_service_is_told_in_capitals_and_where_it_cannot_be_read_the_way_back_stays_open() {
    let mut place = Place::new();
    let before = place.desk.snapshot.picture().base_url().to_owned();
    place.write(&[(&before, "http://127.0.0.1:9/scim")]);
    let words = place.asked();
    let told = format!("MADE FOR {before} AND ARE NOT USED FOR http://127.0.0.1:9/scim");
    assert!(words.iter().any(|text| text.starts_with("ANOTHER SERVICE: ") && text.contains(&told)), "{words:?}");
    let frame = place.frame(120, 40);
    same_as_before("anew-service-120x40", &frame);
    place.desk.press("enter");
    place.desk.until_failed("FAILED");
    let banner = place.frame(120, 40);
    assert!(banner.contains("F reads the configuration file anew") && banner.contains("what was read before stays"), "{banner}");
    // Nothing of what is still shown is sent by it.
    place.desk.live.propose(None);
    let refused = loop {
        match place.desk.inbox.recv_timeout(std::time::Duration::from_secs(60)).unwrap() {
            News::Refused(error) => break error,
            News::Proposed(_) => panic!("it was proposed"),
            _ => {}
        }
    };
    assert!(refused.message().contains("nothing is sent by it"), "{refused}");
    place.write(&[]);
    let words = place.asked();
    assert!(words.iter().any(|text| text.starts_with("target · base_url: ")), "{words:?}");
    assert!(!words.iter().any(|text| text.contains("ANOTHER SERVICE")), "they were made for this one: {words:?}");
    place.go_by();
    assert_eq!(place.desk.snapshot.picture().base_url(), before);
    assert!(!place.frame(120, 40).contains("FAILED"));
}

#[test]
fn another_directory_and_another_id_are_told_in_capitals() {
    let mut place = Place::new();
    place.write(&[("(in memory)", "elsewhere.ldif")]);
    assert!(place.asked().iter().any(|text| text.starts_with("THIS CAN BE ANOTHER DIRECTORY: ")));
    place.desk.press("esc");
    let base = "base_dn = \"ou=people,dc=example,dc=test\"";
    for (other, is_told) in [("base_dn = \"ou=people,dc=example,dc=other\"", true), ("base_dn = \"dc=example,dc=test\"", false)] {
        place.write(&[(base, other)]);
        assert_eq!(place.asked().iter().any(|text| text.starts_with("THIS CAN BE ANOTHER DIRECTORY: ")), is_told, "{other}");
        place.desk.press("esc");
    }
    place.write(&[("id_attribute = \"entryUUID\"", "id_attribute = \"employeeNumber\"")]);
    assert!(place.asked().iter().any(|text| text.contains(" GO BY entryUUID: ")));
}

#[test]
fn another_login_at_the_service_can_be_another_tenant_and_is_told_in_capitals() {
    let mut place = Place::new();
    let url = place.desk.snapshot.picture().base_url().to_owned();
    let token = |what: &str| format!("token = {{ command = [\"vault\", \"read\", \"{what}\"] }}");
    place.write(&[("auth = \"none\"", &token("production"))]);
    let words = place.asked();
    let told = |words: &[String]| words.iter().any(|text| text.starts_with("THIS CAN BE ANOTHER TENANT: "));
    assert!(told(&words), "{words:?}");
    assert!(!words.iter().any(|text| text.contains("production")), "{words:?}");
    let (wide, narrow) = (place.frame(120, 40), place.frame(80, 24));
    assert!(wide.contains("TENANT") && narrow.contains("TENANT"), "{wide}{narrow}");
    place.desk.press("esc");
    // What is not used is nobody's.
    place.write(&[("auth = \"none\"", &token("production")), (&url, "http://127.0.0.1:9/scim")]);
    let words = place.asked();
    assert!(!told(&words) && words.iter().any(|text| text.starts_with("ANOTHER SERVICE: ")), "{words:?}");
    // Where nothing was ever linked or held, nobody can be meant.
    let mut place = Place::with(true);
    place.write(&[("auth = \"none\"", &token("production"))]);
    let words = place.asked();
    assert!(!told(&words) && words.iter().any(|text| text.starts_with("target · auth: none → a token, command:vault")), "{words:?}");
}

#[test]
fn edits_that_could_not_be_saved_are_told_before_they_are_forgotten() {
    let mut place = Place::new();
    let desk = &mut place.desk;
    desk.press("2");
    let title = desk.snapshot.configured().iter().position(|rule| rule.field.value == "title").unwrap();
    (0..title).for_each(|_| drop(desk.press("j")));
    desk.press("e");
    desk.type_in(" | lower");
    desk.press("enter");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    place.write(&[("employeeNumber = \"'E'", "employeeNumber = \"'F'")]);
    place.desk.press("ctrl-s enter");
    place.desk.until_shown("changed by somebody else");
    assert!(place.frame(110, 40).contains("Esc, then F reads the file anew"), "{}", place.frame(110, 40));
    place.desk.press("esc");
    let words = place.asked();
    assert!(words.iter().any(|text| text == "Forgotten by that, it is in no file: title: title → title | lower"), "{words:?}");
    // Back, and they are still there.
    place.desk.press("esc");
    assert!(place.desk.model.is_mapping_edited());
    place.asked();
    place.go_by();
    place.desk.until(|model| !model.is_mapping_edited());
    assert!(!place.frame(120, 40).contains("not saved"), "{}", place.frame(120, 40));
    let frame = place.frame(120, 40);
    assert!(!frame.contains("title | lower") && frame.contains("'F' ~"), "{frame}");
}

#[test]
fn whoever_was_read_before_is_not_judged_by_rules_that_nobody_was_read_by() {
    let mut place = Place::new();
    let facets = place.desk.snapshot.facets().clone();
    let (url, fingerprint) = (place.desk.snapshot.picture().base_url().to_owned(), place.desk.snapshot.picture().fingerprint().to_owned());
    let desk = &mut place.desk;
    desk.press("2 e");
    desk.type_in(" | lower");
    desk.press("enter");
    desk.until(|m| m.is_mapping_tried() && m.is_mapping_edited());
    // Everybody has another name by it, and no end of it can be opened.
    place.write(&[(&url, "http://127.0.0.1:9/scim"), ("userName = \"", "userName = \"'x' ~ ")]);
    place.asked();
    place.desk.press("enter");
    place.desk.until_failed("FAILED");
    place.desk.until(|model| !model.is_mapping_edited());
    while place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    assert_eq!(place.desk.snapshot.picture().fingerprint(), fingerprint);
    assert_eq!(place.desk.snapshot.facets(), &facets);
    place.desk.press("2");
    assert!(!place.frame(160, 48).contains("unread"), "{}", place.frame(160, 48));
    // What is typed waits for that, too; what is wrong with it is told at once.
    place.desk.press("e");
    place.desk.type_in(" |");
    place.desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(place.frame(160, 48).contains(" wrong "), "{}", place.frame(160, 48));
    place.desk.type_in(" upper");
    place.desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(place.frame(160, 48).contains("who is shown was read by another"), "{}", place.frame(160, 48));
    place.desk.press("esc");
    place.desk.until(rosterm::tui::Model::is_mapping_tried);
    assert_eq!(place.desk.snapshot.facets(), &facets);
    place.write(&[]);
    place.asked();
    place.go_by();
    assert_eq!(place.desk.snapshot.facets(), &facets);
    assert!(!place.desk.snapshot.is_drafted());
}

#[test]
fn a_policy_that_was_tried_before_can_be_tried_again() {
    let mut place = Place::new();
    let is_tried = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::TryPolicy(edits) if edits.len() == 1));
    mark(&mut place.desk, "removing");
    assert!(is_tried(&place.desk.press("e")));
    place.write(&[("title = \"title\"", "title = \"cn\"")]);
    place.asked();
    place.go_by();
    assert!(!place.desk.model.is_policy_tried());
    mark(&mut place.desk, "removing");
    assert!(is_tried(&place.desk.press("e")));
    while !place.desk.snapshot.is_by_other_policy() {
        place.desk.next();
    }
}

#[test]
fn while_both_ends_are_read_it_is_told_at_once_and_gone_by_afterwards() {
    let mut place = Place::new();
    let gate = Arc::clone(&place.desk.gate);
    let held = gate.lock().unwrap();
    place.desk.live.refresh();
    place.desk.until(rosterm::tui::Model::is_reading);
    place.write(&[("title = \"title\"", "title = \"cn\"")]);
    assert!(place.asked().iter().any(|text| text.contains("title → cn")));
    let era = place.desk.snapshot.era();
    place.desk.press("enter");
    assert!(place.desk.notice().contains("once both ends were read"), "{}", place.desk.notice());
    drop(held);
    while place.desk.snapshot.era() == era || place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    assert_eq!(place.desk.snapshot.picture().fingerprint(), Config::read(&place.file).unwrap().channels[0].fingerprint);
}

#[test]
fn whoever_types_when_it_is_known_has_not_confirmed_it() {
    let mut place = Place::new();
    place.write(&[("title = \"title\"", "title = \"cn\"")]);
    place.desk.press("F /");
    place.desk.until(|model| model.notice().is_some_and(|text| text.contains("F shows what")));
    assert!(place.desk.model.question().is_none());
    place.desk.press("esc");
    assert!(place.asked().iter().any(|text| text.contains("title → cn")));
}

#[test]
fn it_is_not_done_in_the_demo_and_not_while_a_run_is_under_way() {
    let mut desk = Desk::small(setting());
    assert_eq!(desk.press("F"), []);
    assert!(desk.notice().contains("the demo has no configuration file"), "{}", desk.notice());
    let mut place = Place::new();
    place.desk.tell(rosterm::tui::Msg::News(News::Run(Box::new(Running::Going(Going::default())))));
    assert_eq!(place.desk.press("F"), []);
    assert!(place.desk.notice().contains("a run is under way"), "{}", place.desk.notice());
}

#[test]
fn a_hold_and_a_link_by_hand_are_not_set_where_another_service_has_come_meanwhile() {
    let mut place = Place::with(true);
    let other_runtime = support::runtime();
    let world = world::make(support::plan(150, 1));
    let other = other_runtime.block_on(Service::start(world.accounts, Faults::default())).unwrap();
    let (before, shown) = (place.desk.snapshot.picture().base_url().to_owned(), Arc::clone(&place.desk.snapshot));
    let gate = Arc::clone(&place.desk.gate);
    let held = gate.lock().unwrap();
    place.desk.live.refresh();
    place.desk.until(rosterm::tui::Model::is_reading);
    place.write(&[(&before, other.base_url())]);
    place.asked();
    place.desk.press("enter");
    // What is shown is still that of the first service; the hold comes after the other one was read.
    place.desk.press("h");
    place.desk.type_in("on leave");
    place.desk.press("enter");
    drop(held);
    place.desk.until(|model| model.question().is_some() || model.notice().is_some_and(|text| text.contains("left alone from now on")));
    let refused = "was not read from where the configuration leads by now";
    assert!(place.frame(160, 40).contains(refused), "{}", place.frame(160, 40));
    place.desk.press("esc");
    while place.desk.snapshot.picture().base_url() == before || place.desk.snapshot.is_busy() {
        place.desk.next();
    }
    let (entry, account) = (EntryId::new("somebody"), AccountId::new("else"));
    for linked in [true, false] {
        let (snapshot, entry, account) = (Arc::clone(&shown), entry.clone(), account.clone());
        place.desk.live.pair(Pairing { snapshot, entry, account, linked });
        place.desk.until(|model| model.question().is_some() || model.notice().is_some_and(|text| text.contains("nothing was sent")));
        assert!(place.frame(160, 40).contains(refused), "{}", place.frame(160, 40));
        place.desk.press("esc");
    }
    // By what is shown now it can be set.
    place.desk.press("h");
    place.desk.type_in("on leave");
    place.desk.press("enter");
    place.desk.until(|model| model.notice().is_some_and(|text| text.contains("left alone from now on")));
}

#[test]
fn a_hold_is_not_set_by_what_was_read_before_where_the_other_service_cannot_be_read() {
    let mut place = Place::new();
    let before = place.desk.snapshot.picture().base_url().to_owned();
    place.write(&[(&before, "http://127.0.0.1:9/scim")]);
    place.asked();
    place.desk.press("enter");
    place.desk.until_failed("FAILED");
    place.desk.press("h");
    place.desk.type_in("on leave");
    place.desk.press("enter");
    place.desk.until(|model| model.question().is_some() || model.notice().is_some_and(|text| text.contains("left alone from now on")));
    assert!(place.frame(160, 40).contains("was not read from where the configuration leads by now"), "{}", place.frame(160, 40));
}
