//! Rules that are edited on the screens: the list follows, Esc goes back, and nothing is sent by them.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use rosterm::config::{RuleEdit, RuleText};
use rosterm::demo::service::{Faults, Hiding};
use rosterm::demo::world::{self, Dialect, Inactive, Plan};
use rosterm::engine::News;
use rosterm::engine::draft::{Draft, Tried};
use rosterm::engine::snapshot::Facets;
use rosterm::model::{Action, Reason};
use rosterm::tui::{Effect, Msg, Setting, update};
use std::time::Duration;

/// The place of the demo's rule for `title`.
const TITLE: usize = 6;

/// The mapping of a small world, with the mark on the rule for `title`.
fn on_title(setting: Setting) -> Desk {
    let mut desk = Desk::small(setting);
    desk.frame(120, 40);
    desk.press("2 j j j j j j");
    assert_eq!(desk.snapshot.fields().nth(TITLE), Some("title"));
    desk
}

/// The counts, once everything that was typed has come through.
fn counts(desk: &mut Desk) -> Facets {
    while desk.snapshot.is_busy() {
        desk.next();
    }
    desk.snapshot.facets().clone()
}

#[test]
fn a_rule_that_is_edited_moves_the_counts_and_esc_and_revert_bring_them_back() {
    let mut desk = on_title(setting());
    let before = counts(&mut desk);
    desk.press("e");
    desk.type_in(" | upper");
    desk.until_shown("the list goes by it");
    let edited = counts(&mut desk);
    assert!(edited.fields[TITLE] > before.fields[TITLE] && edited.situations != before.situations, "{edited:?}");
    assert_eq!(edited.all(), before.all());
    let mut first = desk.frame(160, 48);
    assert!(first.contains("title | upper") && first.contains("2 Mapping · editing title"), "{first}");
    desk.answer();
    first = desk.frame(160, 48);
    same_as_before("mapping-160x48", &first);
    let narrow = desk.frame(80, 24);
    same_as_before("mapping-80x24", &narrow);
    desk.press("esc");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
    // What is kept stays through a reading, and nothing can be sent by it.
    desk.press("enter");
    desk.type_in(" | upper");
    desk.until_shown("the list goes by it");
    desk.press("enter");
    assert!(desk.notice().contains("not saved"), "{}", desk.notice());
    assert!(desk.frame(160, 48).contains("mapping edited, not saved"));
    assert_eq!(counts(&mut desk), edited);
    assert_eq!(desk.press("P"), []);
    assert!(desk.notice().contains("the mapping was changed and not saved"), "{}", desk.notice());
    // The engine refuses it too, whatever a screen thinks.
    desk.live.propose(None);
    desk.until(|m| m.question().is_some());
    let told = desk.frame(120, 40);
    assert!(told.contains("It was not done") && told.contains("the mapping is not that"), "{told}");
    desk.press("esc");
    desk.live.refresh();
    while !desk.snapshot.is_busy() {
        desk.next();
    }
    assert_eq!(counts(&mut desk), edited);
    desk.press("R");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
    desk.press("P");
    assert!(!desk.notice().contains("mapping"), "{}", desk.notice());
}

#[test]
fn what_does_not_compile_or_was_not_read_is_told_and_changes_nothing() {
    let mut desk = on_title(Setting { read_only: true, ..setting() });
    let before = counts(&mut desk);
    desk.press("e");
    desk.type_in(" | uper");
    desk.until_shown("did you mean");
    assert!(desk.frame(120, 40).contains("· by the rule before"), "{}", desk.frame(120, 40));
    assert!(desk.frame(120, 40).contains("column 9: "), "{}", desk.frame(120, 40));
    assert_eq!(counts(&mut desk), before);
    assert_eq!(desk.press("enter"), []);
    assert!(desk.notice().contains("not kept"), "{}", desk.notice());
    // The whole text is another one now: an attribute that was not read.
    while !desk.press("ctrl-w").is_empty() {}
    desk.type_in("carLicense");
    desk.until_shown("was not read of anybody");
    assert_eq!(counts(&mut desk), before);
    desk.press("esc");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
    // It is read for it, where somebody wants that, and then it is a rule like any other.
    let era = desk.snapshot.era();
    desk.press("e");
    while !desk.press("ctrl-w").is_empty() {}
    desk.type_in("carLicense");
    desk.until_shown("was not read of anybody");
    assert!(matches!(&desk.press("enter")[..], [Effect::ReadAlso(names)] if names.len() == 1));
    assert!(desk.frame(110, 40).contains("both ends are read again, with carLicense"), "{}", desk.frame(110, 40));
    // Whoever is impatient does not have it read twice.
    assert_eq!(desk.press("enter"), []);
    desk.until(|m| m.notice().is_some_and(|n| n.contains("kept while rosterm runs")));
    assert!(desk.snapshot.era() > era);
    let edited = counts(&mut desk);
    assert!(edited.fields[TITLE] != before.fields[TITLE] && edited.all() == before.all(), "{edited:?}");
    desk.press("R");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(counts(&mut desk), before);
}

#[test]
fn of_answers_only_the_last_counts_and_enter_waits_for_it() {
    let mut desk = on_title(setting());
    update::update(&mut desk.model, Msg::Key(event("e")));
    let asked = |effects: Vec<Effect>| match &effects[..] {
        [Effect::Try(Draft { number, edits, .. })] => (*number, edits.clone()),
        other => panic!("{other:?}"),
    };
    let (first, _) = asked(update::update(&mut desk.model, Msg::Key(event("x"))));
    let (last, edits) = asked(update::update(&mut desk.model, Msg::Paste("y\n".into())));
    assert_eq!(edits, [("title".to_owned(), RuleEdit::Write(RuleText { value: Some("titlexy".to_owned()), ..RuleText::default() }))]);
    let wrong = Tried::Wrong { message: "\u{1b}[31mno".into(), hint: None, column: Some(1) };
    update::update(&mut desk.model, Msg::News(News::Tried(first, wrong)));
    assert!(!desk.frame(120, 40).contains("[31mno"));
    // A cursor that moves asks for nothing.
    assert_eq!(update::update(&mut desk.model, Msg::Key(event("left"))), []);
    assert_eq!(update::update(&mut desk.model, Msg::Key(event("enter"))), []);
    assert!(desk.frame(120, 40).contains("editing title"));
    update::update(&mut desk.model, Msg::News(News::Tried(last, Tried::Works)));
    let frame = desk.frame(120, 40);
    assert!(!frame.contains("editing title") && frame.contains("edited, not saved") && frame.contains("titlexy"), "{frame}");
    // Typed back to what it was, it is not edited any more.
    update::update(&mut desk.model, Msg::Key(event("e")));
    let back = (0..2).map(|_| asked(update::update(&mut desk.model, Msg::Key(event("backspace"))))).last().unwrap();
    assert_eq!(back.1, []);
    update::update(&mut desk.model, Msg::News(News::Tried(back.0, Tried::Works)));
    update::update(&mut desk.model, Msg::Key(event("enter")));
    assert!(!desk.model.is_mapping_edited());
}

#[test]
fn what_was_kept_is_saved_once_it_is_confirmed_and_comments_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = on_title(Setting { file: Some(file.clone()), ..setting() });
    let text = desk.config.replace("title = \"title\"", "title = \"title\"  # as HR has it");
    std::fs::write(&file, &text).unwrap();
    let before = desk.snapshot.picture().fingerprint().to_owned();
    desk.press("ctrl-s");
    assert!(desk.notice().contains("every rule is as in the file"), "{}", desk.notice());
    desk.press("e");
    desk.type_in(" | upper");
    desk.until_shown("the list goes by it");
    desk.press("enter");
    let edited = counts(&mut desk);
    desk.press("ctrl-s");
    let asked = desk.frame(120, 40);
    assert!(asked.contains("People and accounts: ") && asked.contains("changed 19 → "), "{asked}");
    assert!(asked.contains("title: title → title | upper") && std::fs::read_to_string(&file).unwrap() == text, "{asked}");
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    let saved = std::fs::read_to_string(&file).unwrap();
    assert_eq!(saved, text.replace("title = \"title\"", "title = \"title | upper\""));
    // What is sent goes by it, without starting again.
    while desk.snapshot.picture().fingerprint() == before {
        desk.next();
    }
    assert!(counts(&mut desk) == edited && !desk.frame(120, 40).contains("not saved"));
    desk.press("esc tab tab A y P");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(120, 40).contains("title "), "{}", desk.frame(120, 40));
    desk.press("esc 2 R");
    assert!(desk.notice().contains("every rule is as in the configuration"), "{}", desk.notice());
    // Kept and saved with one key, unless somebody else wrote there.
    desk.press("e");
    (0.." | upper".len()).for_each(|_| drop(desk.press("backspace")));
    desk.press("ctrl-s");
    desk.until(|m| m.question().is_some());
    assert!(desk.frame(120, 40).contains("title: title | upper → title"), "{}", desk.frame(120, 40));
    std::fs::write(&file, saved.replace("sn\"", "sn | upper\"")).unwrap();
    desk.press("enter");
    desk.until_shown("changed by somebody else");
    desk.press("esc");
    std::fs::write(&file, &saved).unwrap();
    desk.press("ctrl-s enter");
    desk.until(|m| !m.is_mapping_edited());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    for (setting, why) in [(setting(), "the demo has no configuration file"), (Setting { read_only: true, ..setting() }, "--read-only")] {
        let mut desk = on_title(setting);
        desk.press("ctrl-s");
        assert!(desk.notice().contains(why), "{}", desk.notice());
    }
}

#[test]
fn for_how_many_people_a_rule_has_a_value_is_what_everybody_alone_would_say() {
    let mut desk = on_title(setting());
    desk.live.cover(std::sync::Arc::clone(&desk.snapshot));
    let coverage = loop {
        if let News::Covered(coverage) = desk.inbox.recv_timeout(Duration::from_secs(60)).unwrap() {
            break coverage;
        }
    };
    let picture = desk.snapshot.picture();
    let cards: Vec<_> = desk.model.shown().iter().filter(|s| s.entry().is_some()).map(|s| desk.snapshot.card(*s).unwrap()).collect();
    assert_eq!(coverage.people, cards.len());
    for (place, name) in desk.snapshot.fields().enumerate() {
        let is_wrong = |f: &rosterm::engine::snapshot::FieldLine| f.problem.is_some() && f.wanted.is_empty();
        let have = cards.iter().filter(|c| !c.fields[place].wanted.is_empty()).count();
        let wrong = cards.iter().filter(|c| is_wrong(&c.fields[place])).count();
        let (counted, invalid) = coverage.of(picture.rules(), place).unwrap();
        assert_eq!(counted, have, "{name}");
        // Of somebody who can't be told apart nothing is said field by field, and the rule is wrong all the same.
        assert!(invalid >= wrong && invalid <= cards.len() - have, "{name}: {invalid} {wrong}");
    }
    desk.tell(Msg::News(News::Covered(std::sync::Arc::clone(&coverage))));
    same_as_before("covered-160x48", &desk.frame(160, 48));
    // A rule that is edited has no number until it is counted anew, and the others keep theirs.
    desk.press("e");
    desk.type_in(" | upper");
    desk.until_shown("the list goes by it: ");
    let edited = desk.snapshot.picture();
    assert!(coverage.of(edited.rules(), TITLE).is_none() && coverage.of(edited.rules(), 0).is_some());
    assert!(desk.frame(160, 48).contains("19 → 50, in sync 30 → 1"), "{}", desk.frame(160, 48));
}

#[test]
fn where_inactive_accounts_are_hidden_a_saved_match_rule_has_everybody_new_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let plan = Plan { dialect: Dialect::Lucid, inactive: Inactive::Filtered, external_ids: false, ..Plan::of(300, 34) };
    let world = world::make(plan);
    let hiding = Hiding { shown_by_id: true, shown_by_filter: true };
    let faults = Faults { hides_inactive: Some(hiding), ..Faults::default() };
    let mut desk = Desk::open(&world, plan, faults, Setting { file: Some(file.clone()), ..setting() });
    std::fs::write(&file, &desk.config).unwrap();
    let pending = |desk: &Desk| desk.snapshot.facets().for_reason(Reason::LookupPending);
    assert_eq!(pending(&desk), 0);
    desk.frame(120, 40);
    desk.press("2 e");
    desk.type_in(" ~ '-new'");
    desk.until_shown("the list goes by it");
    counts(&mut desk);
    assert!(pending(&desk) > 5, "nobody would have another name: {:?}", desk.snapshot.facets());
    // By another name nobody was asked about yet: they are no news to be created.
    assert!(desk.snapshot.facets().for_action(Action::Create) < 10);
    desk.press("ctrl-s");
    desk.until(|m| m.question().is_some());
    desk.press("enter");
    desk.until(|m| m.notice().is_some_and(|n| n.starts_with("saved")));
    while pending(&desk) > 0 || desk.snapshot.is_busy() {
        desk.next();
    }
    assert!(desk.snapshot.facets().for_action(Action::Create) > 10);
}
