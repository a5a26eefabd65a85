//! Rules that are added and taken away on the screens, and what holds where one gives nothing.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use crate::support;
use rosterm::config::{Channel, RuleConfig, RuleEdit, RuleText, WhenMissing};
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world;
use rosterm::engine::News;
use rosterm::engine::draft::{Draft, Tried};
use rosterm::engine::snapshot::Facets;
use rosterm::identity::AttributeName;
use rosterm::model::Situation;
use rosterm::tui::{Effect, Msg, Setting, update};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that the engine may say of what is tried.
pub fn some_answer(dice: u8) -> Tried {
    match dice % 4 {
        0 => Tried::Works,
        1 => Tried::Unlisted(vec!["\u{1b}[31mnickName".to_owned(); usize::from(dice / 4)]),
        2 => Tried::Unread(vec![AttributeName::new("\u{1b}x"); usize::from(dice / 4)]),
        _ => Tried::Wrong { message: "\u{1b}[2J".into(), hint: Some("x".repeat(900)), column: Some(usize::from(dice)) },
    }
}

/// The mapping of a small world, with the mark on a field's rule.
pub fn on(field: &str, setting: Setting) -> Desk {
    let mut desk = Desk::small(setting);
    desk.frame(120, 40);
    desk.press("2");
    go_to(&mut desk, field);
    desk
}

fn go_to(desk: &mut Desk, field: &str) {
    let place = desk.snapshot.configured().iter().position(|rule| rule.field.value == field).unwrap();
    (0..30).for_each(|_| drop(desk.press("k")));
    (0..place).for_each(|_| drop(desk.press("j")));
}

/// What everybody comes to, once everything has come through: the counts, and for whom each field differs, but for those that no
/// rule fills.
pub fn counts(desk: &mut Desk) -> (Facets, BTreeMap<String, usize>) {
    while desk.snapshot.is_busy() {
        desk.next();
    }
    let facets = desk.snapshot.facets().clone();
    let fields = desk.snapshot.fields().map(str::to_owned).zip(facets.fields.iter().copied()).filter(|(_, n)| *n > 0).collect();
    (Facets { fields: Vec::new(), ..facets }, fields)
}

/// The same, with the list of that moment on the screen.
pub fn settled(desk: &mut Desk) -> (Facets, BTreeMap<String, usize>) {
    let counts = counts(desk);
    desk.live.look(desk.model.spec().clone());
    desk.answer();
    counts
}

/// What the same world comes to where the configuration says it.
fn as_configured(change: impl FnOnce(&mut Channel)) -> (Facets, BTreeMap<String, usize>) {
    counts(&mut with(change))
}

/// The same small world by another configuration.
fn with(change: impl FnOnce(&mut Channel)) -> Desk {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    Desk::with(runtime, service, None, &world, plan, setting(), change)
}

fn rule<'c>(channel: &'c mut Channel, field: &str) -> &'c mut RuleConfig {
    channel.mapping.iter_mut().find(|rule| rule.field.value == field).unwrap()
}

/// Chooses a field that has no rule, and types one.
fn add(desk: &mut Desk, field: &str, expression: &str) {
    desk.press("a");
    desk.type_in(field);
    desk.press("enter");
    desk.type_in(expression);
    desk.until_shown("the list goes by it");
}

#[test]
fn what_is_tried_comes_to_what_the_configuration_would() {
    type Change = fn(&mut Channel);
    let cases: [(&str, &str, &str, Change); 6] = [
        ("d", "title", "", |c| c.mapping.retain(|rule| rule.field.value != "title")),
        ("d", "externalId", "", |c| c.mapping.retain(|rule| rule.field.value != "externalId")),
        ("d", "manager", "", |c| c.mapping.retain(|rule| rule.field.value != "manager")),
        ("c", "title", "", |c| rule(c, "title").when_missing = WhenMissing::Keep),
        ("t", "title", "Somebody", |c| rule(c, "title").default = Some("Somebody".to_owned())),
        ("t", "department", "", |c| rule(c, "department").default = None),
    ];
    let mut desk = on("title", setting());
    let before = counts(&mut desk);
    for (key, field, text, change) in cases {
        go_to(&mut desk, field);
        desk.press(key);
        if key == "t" {
            while !desk.press("ctrl-u").is_empty() {}
            desk.type_in(text);
            desk.until_shown("the list goes by it");
            desk.press("enter");
        }
        desk.until(rosterm::tui::Model::is_mapping_tried);
        let tried = counts(&mut desk);
        assert_eq!(tried, as_configured(change), "{key} {field}");
        assert_ne!(tried, before, "{key} {field} changes nothing");
        desk.press("R");
        desk.until(|m| !m.is_mapping_edited());
        assert_eq!(counts(&mut desk), before, "{key} {field}");
    }
    // Fields that are not read yet; the second one is behind the first, wherever that goes.
    let also = |rules: &[(&str, &str)], channel: &mut Channel| {
        for (field, value) in rules {
            let text = RuleText { value: Some((*value).to_owned()), ..RuleText::default() };
            channel.mapping.push(RuleConfig::new(field, &text));
        }
    };
    let (one, two) = (("costCenter", "departmentNumber"), ("workPhone", "employeeNumber"));
    add(&mut desk, one.0, one.1);
    desk.press("enter");
    assert_eq!(counts(&mut desk), as_configured(|c| also(&[one], c)));
    add(&mut desk, two.0, two.1);
    desk.press("enter");
    assert_eq!(counts(&mut desk), as_configured(|c| also(&[one, two], c)));
    desk.press("k d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    assert_eq!(counts(&mut desk), as_configured(|c| also(&[two], c)));
    desk.press("R");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
    // The ends are read with these fields by now, and nobody is the wiser.
    desk.live.refresh();
    while !desk.snapshot.is_busy() {
        desk.next();
    }
    assert_eq!(counts(&mut desk), before);
    assert_eq!(desk.snapshot.fields().count(), desk.snapshot.configured().len());
}

#[test]
fn a_field_without_a_rule_is_chosen_and_typed_and_esc_leaves_it_without_one() {
    let mut desk = on("title", Setting { read_only: true, ..setting() });
    let before = counts(&mut desk);
    (0..30).for_each(|_| drop(desk.press("j")));
    same_as_before("rules-left-160x48", &desk.frame(160, 48));
    for keys in ["d", "t", "c"] {
        desk.press(keys);
        assert!(desk.notice().contains("no rule is marked"), "{}", desk.notice());
    }
    desk.press("enter");
    same_as_before("rules-fields-120x40", &desk.frame(120, 40));
    desk.type_in("mobile");
    same_as_before("rules-fields-80x24", &desk.frame(80, 24));
    desk.type_in(" xyz");
    assert_eq!(desk.press("enter"), []);
    assert!(desk.frame(80, 24).contains("No field like that is without a rule."), "{}", desk.frame(80, 24));
    (0..4).for_each(|_| drop(desk.press("backspace")));
    let era = desk.snapshot.era();
    assert_eq!(desk.press("enter"), [Effect::ReadFields(vec!["mobilePhone".to_owned()])]);
    assert!(desk.frame(110, 40).contains("editing mobilePhone"), "{}", desk.frame(110, 40));
    // Enter with nothing typed keeps nothing.
    assert_eq!(desk.press("enter"), []);
    assert!(desk.notice().contains("nothing is typed yet"), "{}", desk.notice());
    desk.type_in("employeeNumber | uper");
    desk.until_shown("did you mean");
    (0..7).for_each(|_| drop(desk.press("backspace")));
    desk.until_shown("the list goes by it");
    let edited = settled(&mut desk);
    assert!(desk.snapshot.era() > era && edited.1["mobilePhone"] > 20 && edited.0.all() == before.0.all(), "{edited:?}");
    same_as_before("rules-added-160x48", &desk.frame(160, 48));
    same_as_before("rules-added-80x24", &desk.frame(80, 24));
    desk.press("esc");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
    assert!(!desk.frame(160, 48).contains("mobilePhone"), "{}", desk.frame(160, 48));
    // Its values are there by now: nothing is read for it again.
    desk.press("a");
    desk.type_in("mobile");
    assert_eq!(desk.press("enter"), []);
    desk.press("esc");
    assert!(!desk.model.is_mapping_edited());
}

#[test]
fn a_rule_is_taken_away_and_taken_back_but_not_what_nobody_can_be_without() {
    let mut desk = on("userName", setting());
    let before = counts(&mut desk);
    for (field, why) in [("userName", "it is the match rule"), ("familyName", "the field is required"), ("email", "the field is required")]
    {
        go_to(&mut desk, field);
        assert_eq!(desk.press("d"), []);
        assert!(desk.notice().contains(why), "{field}: {}", desk.notice());
    }
    go_to(&mut desk, "title");
    desk.press("d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(before.1.contains_key("title") && !settled(&mut desk).1.contains_key("title"));
    same_as_before("rules-removed-160x48", &desk.frame(160, 48));
    assert!(desk.frame(80, 24).contains("removed, not saved"), "{}", desk.frame(80, 24));
    desk.press("c");
    assert!(desk.notice().contains("the rule is taken away"), "{}", desk.notice());
    assert_eq!(desk.press("P"), []);
    assert!(desk.notice().contains("the mapping was changed and not saved"), "{}", desk.notice());
    desk.press("d");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
    // Typed anew it is a rule again, and as it was it is no edit.
    desk.press("d e");
    desk.type_in("x");
    desk.press("backspace");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    desk.press("enter");
    assert!(!desk.model.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
}

#[test]
fn what_is_sent_instead_is_typed_and_what_is_there_can_be_kept() {
    let mut desk = on("title", setting());
    let before = counts(&mut desk);
    assert!(desk.frame(160, 48).contains("removed in the service · t default, c keep"), "{}", desk.frame(160, 48));
    desk.press("t");
    desk.type_in("Somebody");
    desk.until_shown("the list goes by it");
    settled(&mut desk);
    same_as_before("rules-default-120x40", &desk.frame(120, 40));
    desk.press("enter c");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(desk.frame(200, 60).contains("title   (else 'Somebody')"), "{}", desk.frame(200, 60));
    desk.press("R");
    desk.until(|m| !m.is_mapping_edited());
    desk.press("c");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    let frame = desk.frame(200, 60);
    assert!(frame.contains("title   (else kept)") && frame.contains("kept in the service · t default, c remove"), "{frame}");
    desk.press("c");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
}

#[test]
fn of_a_field_that_was_not_read_the_engine_says_so_and_enter_reads_once() {
    let mut desk = on("title", setting());
    let tell = |desk: &mut Desk, key: &str| update::update(&mut desk.model, Msg::Key(event(key)));
    tell(&mut desk, "a");
    "locality".chars().for_each(|c| drop(tell(&mut desk, &c.to_string())));
    assert_eq!(tell(&mut desk, "enter"), [Effect::ReadFields(vec!["locality".to_owned()])]);
    let effects = tell(&mut desk, "l");
    let [Effect::Try(Draft { number, edits, .. })] = &effects[..] else { panic!("{effects:?}") };
    let text = RuleText { value: Some("l".to_owned()), ..RuleText::default() };
    assert_eq!(edits[..], [("locality".to_owned(), RuleEdit::Write(text))]);
    update::update(&mut desk.model, Msg::News(News::Tried(*number, Tried::Unlisted(vec!["locality".to_owned()]))));
    let frame = desk.frame(110, 40);
    assert!(frame.contains("locality is being read of every account"), "{frame}");
    // It is being read: Enter waits for that.
    assert_eq!(tell(&mut desk, "enter"), []);
    assert_eq!(tell(&mut desk, "enter"), []);
    update::update(&mut desk.model, Msg::News(News::Failed(rosterm::error::Error::failure("no way"))));
    let frame = desk.frame(110, 40);
    assert!(frame.contains("enter reads both ends again with it"), "{frame}");
    assert_eq!(tell(&mut desk, "enter"), [Effect::ReadFields(vec!["locality".to_owned()])]);
    update::update(&mut desk.model, Msg::News(News::Tried(*number, Tried::Works)));
    let frame = desk.frame(110, 40);
    assert!(!frame.contains("editing locality") && frame.contains("edited, not saved"), "{frame}");
    // Taken away again it is no rule that is taken away, but none.
    let effects = tell(&mut desk, "d");
    assert!(matches!(&effects[..], [Effect::Try(Draft { edits, .. })] if edits.is_empty()), "{effects:?}");
}

#[test]
fn what_is_not_tried_yet_is_not_said_to_move_nobody_and_a_filter_does_not_turn_to_another_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = on("displayName", Setting { file: Some(file.clone()), ..setting() });
    std::fs::write(&file, &desk.config).unwrap();
    // Only those for whom the title differs: by the place of its rule.
    desk.press("3 f");
    desk.type_in("differs title");
    desk.press("enter 2");
    let of_title = desk.model.spec().filter.field;
    assert!(of_title.is_some(), "{}", desk.frame(120, 40));
    go_to(&mut desk, "displayName");
    // The engine has not been heard between these keys.
    desk.press("d ctrl-s");
    let asked = desk.frame(120, 40);
    assert!(asked.contains("still being counted") && !asked.contains("Nobody is in another situation"), "{asked}");
    desk.press("esc");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    settled(&mut desk);
    desk.press("ctrl-s");
    assert!(!desk.frame(120, 40).contains("still being counted"), "{}", desk.frame(120, 40));
    assert_eq!(desk.model.spec().filter.field, of_title);
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    assert_eq!(desk.model.spec().filter.field, None);
}

#[test]
fn what_waits_to_be_written_is_told_and_taken_back_by_the_key_that_takes_edits_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = on("title", Setting { file: Some(file.clone()), ..setting() });
    std::fs::write(&file, &desk.config).unwrap();
    let text = desk.config.clone();
    for takes_back in [true, false] {
        // Both ends are being read, for as long as this is held.
        let gate = Arc::clone(&desk.gate);
        let held = gate.lock().unwrap();
        desk.live.refresh();
        while !desk.snapshot.is_reading() {
            desk.next();
        }
        desk.press("d ctrl-s");
        desk.press("enter");
        assert!(desk.notice().contains("it is written once both ends were read; R takes it back"), "{}", desk.notice());
        if takes_back {
            desk.press("R");
        }
        drop(held);
        while desk.snapshot.is_busy() {
            desk.next();
        }
        if takes_back {
            // Whatever is asked of the clerk next is done after what it was taken back from.
            desk.live.propose(None);
            desk.until(|m| m.question().is_some());
            desk.press("esc");
            assert!(!desk.model.is_mapping_edited());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    assert_ne!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn rules_are_saved_as_lines_of_the_file_and_gone_by_without_starting_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = on("title", Setting { file: Some(file.clone()), ..setting() });
    let text =
        desk.config.replace("title = \"title\"", "title = \"title\"  # as HR has it").replace("displayName = ", "# shown\ndisplayName = ");
    std::fs::write(&file, &text).unwrap();
    let gone = "# shown\ndisplayName = \"givenName ~ ' ' ~ sn\"\n";
    assert!(text.contains(gone));
    let fingerprint = desk.snapshot.picture().fingerprint().to_owned();
    // Two things about one rule, one rule less, one more.
    desk.press("t");
    desk.type_in("Some'body");
    desk.until_shown("the list goes by it");
    desk.press("enter");
    go_to(&mut desk, "displayName");
    desk.press("d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    add(&mut desk, "costCenter", "departmentNumber");
    let edited = settled(&mut desk);
    desk.press("ctrl-s");
    desk.until(|m| m.question().is_some());
    let asked = desk.frame(120, 40);
    for told in [
        "title, where that gives nothing: nothing → 'Some'body'",
        "displayName: the rule is taken out, and the field is left as it is in the service",
        "costCenter: a new rule, departmentNumber",
    ] {
        assert!(asked.contains(told), "{told}: {asked}");
    }
    let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    same_as_before("rules-save-120x40", &asked.replace(&name, &"x".repeat(name.len())));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    let saved = std::fs::read_to_string(&file).unwrap();
    let expected = text
        .replace("title = \"title\"  # as", "title = { value = \"title\", default = \"Some'body\" }  # as")
        .replace(gone, "# shown\n")
        .replace("manager = \"manager\"", "manager = \"manager\"\ncostCenter = \"departmentNumber\"");
    assert_eq!(saved, expected);
    while desk.snapshot.picture().fingerprint() == fingerprint || desk.snapshot.is_busy() {
        desk.next();
    }
    assert_eq!(counts(&mut desk), edited);
    assert!(!desk.model.is_mapping_edited() && !desk.frame(120, 40).contains("not saved"));
    assert_eq!(desk.snapshot.fields().last(), Some("costCenter"));
    assert!(!desk.snapshot.fields().any(|field| field == "displayName"));
    // What is sent goes by it.
    desk.press("esc esc tab tab tab tab A y P");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(120, 40).contains("costCenter "), "{}", desk.frame(120, 40));
    assert!(!desk.frame(120, 40).contains("by now"), "{}", desk.frame(120, 40));
    desk.press("esc 2");
    // Somebody else wrote there: nothing is written, and what was kept stays.
    go_to(&mut desk, "title");
    desk.press("d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    let theirs = saved.replace("sn\"", "sn | upper\"");
    std::fs::write(&file, &theirs).unwrap();
    desk.press("ctrl-s enter");
    desk.until_shown("changed by somebody else");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
    desk.press("esc");
    // Nor is it sent unsaid by what the file said before.
    desk.press("R");
    desk.until(|m| !m.is_mapping_edited() && m.is_mapping_tried());
    counts(&mut desk);
    for (text, told) in [(theirs.as_str(), "rosterm.toml says something else by now: "), ("[", "rosterm.toml has an error by now: ")] {
        std::fs::write(&file, text).unwrap();
        desk.live.propose(None);
        desk.until(|m| m.question().is_some());
        let words = &desk.model.question().unwrap().words;
        let is_told = words
            .iter()
            .any(|(_, text)| text.contains(told) && text.ends_with("Esc, then F tells what is another one and goes by the file."));
        assert!(is_told, "{words:?}");
        desk.press("esc");
    }
    desk.press("d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(desk.model.is_mapping_edited());
}

#[test]
fn a_rule_that_is_new_and_saved_is_in_effect_with_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = on("title", Setting { file: Some(file.clone()), ..setting() });
    std::fs::write(&file, &desk.config).unwrap();
    add(&mut desk, "costCenter", "departmentNumber");
    desk.press("enter");
    let edited = counts(&mut desk);
    let era = desk.snapshot.era();
    let fingerprint = desk.snapshot.picture().fingerprint().to_owned();
    desk.press("ctrl-s enter");
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    while desk.snapshot.picture().fingerprint() == fingerprint {
        desk.next();
    }
    assert_eq!(counts(&mut desk), edited);
    assert_eq!(desk.snapshot.era(), era, "nothing had to be read for it");
    // It is a rule like any other.
    desk.press("d");
    desk.until(rosterm::tui::Model::is_mapping_tried);
    assert!(desk.frame(120, 40).contains("removed, not saved"), "{}", desk.frame(120, 40));
}

#[test]
fn a_field_that_says_who_somebody_is_comes_to_the_same_once_it_is_kept() {
    let change = |channel: &mut Channel, also: bool| {
        let text = RuleText { value: Some("manager".to_owned()), ..RuleText::default() };
        channel.mapping.extend(also.then(|| RuleConfig::new("costCenter", &text)));
    };
    // The last one names an attribute that was read anyway: nothing has to be read of anybody but who they mean.
    for (field, expression, also) in [("externalId", "entry_id", false), ("manager", "manager", false), ("manager", "manager", true)] {
        let mut whole = with(|c| change(c, also));
        let expected = counts(&mut whole);
        let mut desk = with(|c| {
            change(c, also);
            c.mapping.retain(|rule| rule.field.value != field);
        });
        desk.frame(120, 40);
        assert_ne!(counts(&mut desk), expected);
        desk.press("2");
        desk.press("a");
        desk.type_in(field);
        let era = desk.snapshot.era();
        desk.press("enter");
        while desk.snapshot.era() == era {
            desk.next();
        }
        counts(&mut desk);
        desk.type_in(expression);
        // An attribute that no rule named before is read by Enter.
        let shown = |desk: &mut Desk| {
            let frame = desk.frame(110, 40);
            frame.contains("the list goes by it") || frame.contains("was not read of anybody")
        };
        while !shown(&mut desk) {
            desk.next();
        }
        desk.press("enter");
        desk.until(|m| m.notice().is_some_and(|n| n.contains("kept while rosterm runs")));
        if field == "manager" {
            // Whom it means is looked up; the loop does what the screen asked for.
            assert!(desk.model.is_reading());
            desk.live.refresh();
        }
        while counts(&mut desk) != expected {
            desk.next();
        }
    }
}

#[test]
fn a_field_that_was_read_for_nothing_does_not_stand_in_the_way_of_a_run() {
    let mut desk = on("title", setting());
    add(&mut desk, "costCenter", "departmentNumber");
    desk.press("esc");
    desk.until(|m| !m.is_mapping_edited());
    settled(&mut desk);
    let changed = desk.snapshot.facets().of(Situation::Changed);
    desk.press("esc");
    while !desk.frame(120, 40).contains("[changed") {
        desk.press("tab");
    }
    desk.press("A");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.approvals().total() > 0);
    desk.press("P");
    desk.until(|m| m.question().is_some());
    assert!(!desk.frame(120, 40).contains("costCenter"), "{}", desk.frame(120, 40));
    desk.press("enter");
    desk.until(|m| matches!(m.running(), rosterm::engine::Running::Ended(_)));
    while desk.snapshot.is_busy() || desk.snapshot.facets().of(Situation::Changed) == changed {
        desk.next();
    }
    assert!(counts(&mut desk).0.of(Situation::Changed) < changed / 2);
    assert_eq!(desk.snapshot.fields().count(), desk.snapshot.configured().len());
}
