//! What only the configuration file could change before: the verbs of the policy, who is protected, and the file that people are
//! read from.

use super::decide::show;
use super::desk::Desk;
use super::server::{back, desk_with, edit, goes_by_it, mark, said, settled};
use super::{same_as_before, setting};
use crate::support;
use rosterm::config::{Channel, Clause, Config, RemoveAction};
use rosterm::demo::service::{Faults, Hiding, Service};
use rosterm::demo::world::{self, Dialect, Inactive, Plan, World};
use rosterm::engine::{Seen, Who, needs_approval};
use rosterm::model::{Action, Reason, Situation, Subject};
use rosterm::tui::{Effect, Msg, Setting};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Screens by a file with this policy in it.
fn by_policy(policy: &str, world: &World) -> (tempfile::TempDir, PathBuf, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let text = |base_url: &str| {
        format!("{}\n[channels.demo.policy]\n{policy}", world::config_text(support::plan(150, 1), base_url, "(in memory)"))
    };
    let desk = desk_with(world, Setting { file: Some(file.clone()), ..setting() }, |channel: &mut Channel| {
        let text = text(&channel.target.base_url.value);
        std::fs::write(&file, &text).unwrap();
        *channel = Config::parse(Path::new("demo.toml"), &text).unwrap().channels.remove(0);
    });
    (folder, file, desk)
}

/// The question before the edits are written.
fn asked(desk: &mut Desk) -> String {
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    desk.frame(200, 60)
}

/// Has them written, and both ends read by them.
fn save(desk: &mut Desk) {
    let era = desk.snapshot.era();
    desk.press("enter");
    while desk.snapshot.era() == era || desk.snapshot.is_busy() {
        desk.next();
    }
}

#[test]
fn a_verb_is_switched_off_and_on_judged_asked_about_and_gone_by() {
    let world = world::make(support::plan(150, 1));
    let (_folder, file, mut desk) = by_policy("create = true # joiners\n", &world);
    let facets = desk.snapshot.facets().clone();
    let (creates, disables) = (facets.for_action(Action::Create), facets.for_action(Action::Disable));
    let changes = (facets.for_action(Action::Update), facets.for_action(Action::Enable));
    assert!(creates > 0 && disables > 0 && changes.0 > 0 && changes.1 > 0);
    for (label, clause, told, words) in [
        ("creating", Clause::Create, format!("{creates} create → nothing"), "no account is EVER CREATED"),
        (
            "changing",
            Clause::Update,
            format!("{} update → nothing, {} enable → nothing", changes.0, changes.1),
            "none is EVER CHANGED OR ENABLED",
        ),
        ("removing", Clause::Deprovision, format!("{disables} disable → nothing"), "none is EVER DISABLED OR DELETED"),
    ] {
        mark(&mut desk, label);
        let effects = desk.press("e");
        let edits = vec![(clause, "false".to_owned())];
        assert!(matches!(&effects[..], [Effect::Preview(_, e), Effect::TryPolicy(t)] if *e == edits && *t == edits), "{effects:?}");
        settled(&mut desk);
        let pane = said(&mut desk);
        assert!(pane.contains(&told) && pane.contains(words), "{told}: {pane}");
        desk.press("R");
        assert_eq!(desk.notice(), "the policy is as in the configuration again");
        back(&mut desk);
        assert_eq!(desk.snapshot.facets(), &facets, "everybody is as before");
    }
    mark(&mut desk, "creating");
    desk.press("e");
    mark(&mut desk, "removing");
    desk.press("e");
    let question = asked(&mut desk);
    for told in ["create: true → false", "deprovision: true → false", &format!("{creates} create → nothing, {disables} disable → nothing")]
    {
        assert!(question.contains(told), "{told}: {question}");
    }
    save(&mut desk);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("create = false # joiners\n") && text.contains("deprovision = false\n"), "{text}");
    let after = desk.snapshot.facets().clone();
    assert_eq!((after.for_action(Action::Create), after.for_action(Action::Disable)), (0, 0));
    // On again: what is proposed then is told, and nothing of it is approved.
    mark(&mut desk, "removing");
    desk.press("e");
    settled(&mut desk);
    assert!(said(&mut desk).contains(&format!("{disables} nothing → disable")), "{}", said(&mut desk));
    asked(&mut desk);
    save(&mut desk);
    assert_eq!(desk.snapshot.facets().for_action(Action::Disable), disables);
    assert_eq!(desk.model.approvals().total(), 0);
}

#[test]
fn who_is_not_protected_any_more_is_told_with_what_is_proposed_for_them_and_comments_stay() {
    let world = world::make(support::plan(150, 1));
    // Somebody who would be disabled, and somebody for whom there is nothing to do.
    let plain = desk_with(&world, setting(), |_| ());
    let name_of = |situation: Situation, action: Action| {
        let picture = plain.snapshot.picture();
        let people = picture.entries().rows().map(Subject::of_entry).chain(picture.accounts().rows().map(Subject::of_account));
        let mut lines = people.filter_map(|subject| plain.snapshot.line(subject));
        lines.find(|line| line.situation == situation && line.action == action).unwrap().user_name
    };
    let leaver = name_of(Situation::Leaving, Action::Disable);
    let settled_one = name_of(Situation::InSync, Action::None);
    let list = format!("protect = [\n  \"{leaver}\", # on leave\n  \"{settled_one}\", # the boss\n  \"nobody@x\",\n] # never\n");
    let (_folder, file, mut desk) = by_policy(&list, &world);
    let disables = desk.snapshot.facets().for_action(Action::Disable);
    assert_eq!(disables + 1, plain.snapshot.facets().for_action(Action::Disable));
    // One more: nothing is told but who comes to another action.
    edit(&mut desk, "protected", &format!("{leaver}, {settled_one}, nobody@x, \"Smith, Ann\""));
    settled(&mut desk);
    assert!(said(&mut desk).contains("0 rows come to another action"), "{}", said(&mut desk));
    assert!(!said(&mut desk).contains("not protected any more"), "{}", said(&mut desk));
    assert!(said(&mut desk).contains("nobody who was read is called Smith, Ann: it protects nobody"), "{}", said(&mut desk));
    // All three go.
    edit(&mut desk, "protected", "");
    settled(&mut desk);
    let pane = said(&mut desk);
    for told in [
        format!("{leaver} is not protected any more: DISABLE IS PROPOSED FOR IT, not approved"),
        format!("{settled_one} is not protected any more: nothing is proposed for it by now"),
        "nobody@x is not protected any more: nobody who was read has this name".to_owned(),
        "1 nothing → disable".to_owned(),
    ] {
        assert!(pane.contains(&told), "{told}: {pane}");
    }
    edit(&mut desk, "protected", &format!("{settled_one}, nobody@x, Root"));
    settled(&mut desk);
    goes_by_it(&mut desk);
    let question = asked(&mut desk);
    let told = format!("{leaver} is not protected any more: DISABLE IS PROPOSED FOR IT, not approved");
    assert!(question.contains(&told) && question.contains(&format!("protect: {leaver}, {settled_one}, nobody@x → ")), "{question}");
    let name = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    same_as_before("policy-protect-200x60", &question.replace(&name, &"x".repeat(name.len())));
    save(&mut desk);
    let text = std::fs::read_to_string(&file).unwrap();
    let list = format!("protect = [\n  \"{settled_one}\", # the boss\n  \"nobody@x\",\n  \"Root\",\n] # never\n");
    assert!(text.contains(&list), "{text}");
    assert_eq!(desk.snapshot.facets().for_action(Action::Disable), disables + 1);
    assert_eq!(desk.model.approvals().total(), 0);
    // Nobody: the list stays, and what stands around it.
    edit(&mut desk, "protected", "");
    asked(&mut desk);
    save(&mut desk);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("protect = [\n] # never\n"), "{text}");
    assert!(said(&mut desk).contains("(nobody: any account may be touched)"), "{}", said(&mut desk));
}

#[test]
fn the_list_follows_a_policy_that_is_tried_and_nothing_is_approved_or_sent_by_it() {
    let world = world::make(support::plan(150, 1));
    let (_folder, file, mut desk) = by_policy("create = true\n", &world);
    let was = desk.snapshot.facets().clone();
    let disables = was.for_action(Action::Disable);
    let before = std::fs::read_to_string(&file).unwrap();
    // Somebody is approved before.
    show(&mut desk, "action disable");
    desk.press("space");
    desk.until(|m| m.approvals().of(Action::Disable) == 1);
    let approved = desk.model.approvals().subjects().next().unwrap();
    desk.press("esc");
    mark(&mut desk, "who left");
    desk.press("e");
    goes_by_it(&mut desk);
    settled(&mut desk);
    let facets = desk.snapshot.facets().clone();
    assert!(facets.for_action(Action::Delete) > 0 && facets.for_action(Action::Disable) < disables);
    assert_eq!(facets.situations.iter().sum::<usize>(), was.situations.iter().sum::<usize>());
    // It is what a reading by it comes to, and what was told of it.
    let of_reading = desk_with(&world, setting(), |channel| channel.policy.remove_action = RemoveAction::Delete);
    assert_eq!(&facets, of_reading.snapshot.facets());
    let told = format!("{} disable → delete", disables - facets.for_action(Action::Disable));
    assert!(
        said(&mut desk).contains(&told) && said(&mut desk).contains("it goes by this; nothing is approved or sent"),
        "{told}: {}",
        said(&mut desk)
    );
    // Judged once more over the list that goes by it, it is held against the configuration all the same.
    edit(&mut desk, "removals", "3");
    settled(&mut desk);
    assert!(said(&mut desk).contains(&told), "{told}: {}", said(&mut desk));
    // Somebody else than whom the approval is of.
    desk.press("3 j");
    for keys in ["3 space", "3 A", "P", "3 X", "5 u", "3 L", "3 B"] {
        assert_eq!(desk.press(keys), [], "{keys}");
        assert!(desk.notice().contains("not now"), "{keys}: {}", desk.notice());
    }
    assert!(desk.model.question().is_none());
    // Nor by whoever does not ask the screen.
    let everybody: Vec<Subject> = desk.model.shown().to_vec();
    desk.live.approve(Who::These(Arc::new(everybody)), Seen(Arc::clone(&desk.snapshot)));
    desk.until_shown("nothing was approved: the policy was changed and not saved");
    assert_eq!(desk.model.approvals().total(), 1);
    desk.live.propose(None);
    desk.until_shown("the policy is not that of the configuration");
    desk.press("esc");
    // Both ends are read again meanwhile: the list still goes by it.
    desk.live.refresh();
    while !desk.snapshot.is_reading() {
        desk.next();
    }
    while desk.snapshot.is_busy() {
        desk.next();
    }
    assert!(desk.snapshot.is_by_other_policy());
    assert_eq!(desk.snapshot.facets(), &facets);
    // Taken back everybody is as before, and can be approved.
    desk.press("1 R");
    back(&mut desk);
    assert_eq!(desk.snapshot.facets(), &was);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    // What was approved is still what it would come to.
    desk.press("P");
    desk.until(|model| model.question().is_some());
    assert!(desk.frame(120, 40).contains("1 account will be DISABLED"), "{}", desk.frame(120, 40));
    desk.press("esc");
    assert!(desk.model.approvals().has(approved) && desk.model.approvals().total() == 1);
    // What was told was by the rules before another one was tried: it is looked at once more by the key that the pane names.
    mark(&mut desk, "removing");
    desk.press("e");
    settled(&mut desk);
    desk.press("2 e");
    desk.type_in(" | lower");
    desk.press("esc 1");
    assert!(said(&mut desk).contains("it is not known how many rows come to another action; m looks"), "{}", said(&mut desk));
    assert!(matches!(desk.press("m")[..], [Effect::Preview(..)]));
    settled(&mut desk);
    assert!(said(&mut desk).contains(&format!("{disables} disable → nothing")), "{}", said(&mut desk));
    desk.press("R");
    // A limit moves nobody.
    edit(&mut desk, "removals", "3");
    settled(&mut desk);
    assert!(!desk.snapshot.is_by_other_policy());
}

#[test]
fn what_is_read_while_a_policy_is_tried_is_enough_for_the_configured_one() {
    let plan = Plan { dialect: Dialect::Lucid, inactive: Inactive::Filtered, ..support::plan(150, 1) };
    let world = world::make(plan);
    let runtime = support::runtime();
    let hides_inactive = Some(Hiding { shown_by_id: true, shown_by_filter: true });
    let faults = Faults { hides_inactive, page_cap: Some(100), ..Faults::default() };
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), faults)).unwrap());
    // Whoever is disabled is asked about by the one policy, and not by the other.
    for configured in [true, false] {
        let change = |channel: &mut Channel| channel.policy.provision_disabled = configured;
        let mut desk = Desk::with(support::runtime(), Arc::clone(&service), None, &world, plan, setting(), change);
        let was = desk.snapshot.facets().clone();
        mark(&mut desk, "accounts");
        desk.press("e");
        goes_by_it(&mut desk);
        let blocked = desk.snapshot.facets().for_reason(Reason::LookupPending);
        assert_eq!(blocked > 0, !configured, "who was not asked about is blocked");
        desk.live.refresh();
        while !desk.snapshot.is_reading() {
            desk.next();
        }
        while desk.snapshot.is_busy() {
            desk.next();
        }
        assert!(desk.snapshot.is_by_other_policy());
        assert_eq!(desk.snapshot.facets().for_reason(Reason::LookupPending), 0);
        assert_ne!(desk.snapshot.facets(), &was);
        desk.press("R");
        back(&mut desk);
        // Hidden accounts that were found meanwhile belong to somebody, and stay found until the next reading; nothing else is sent.
        let now = desk.snapshot.facets();
        assert_eq!(now.for_reason(Reason::LookupPending), 0, "{configured}");
        for action in Action::ALL.into_iter().filter(|action| needs_approval(*action)) {
            assert_eq!(now.for_action(action), was.for_action(action), "{configured}, {action:?}");
        }
        assert!(!configured || *now == was);
    }
}

#[test]
fn a_mapping_is_not_saved_while_whom_it_removes_is_hidden_by_a_policy_that_is_tried() {
    let world = world::make(support::plan(150, 1));
    let (_folder, file, mut desk) = by_policy("create = true\n", &world);
    let before = std::fs::read_to_string(&file).unwrap();
    mark(&mut desk, "removing");
    desk.press("e");
    goes_by_it(&mut desk);
    desk.press("2 e");
    desk.type_in(" | upper");
    desk.press("enter");
    desk.until(|m| m.is_mapping_tried() && m.is_mapping_edited());
    assert_eq!(desk.press("ctrl-s"), []);
    assert!(desk.model.question().is_none(), "{}", desk.frame(120, 40));
    assert!(desk.notice().contains("the policy was changed too: take it back first"), "{}", desk.notice());
    // Nor the other way round; and no key says that the other one is to be saved first.
    assert_eq!(desk.press("1 ctrl-s"), []);
    assert!(desk.notice().contains("the mapping was changed too: take one of the two back first"), "{}", desk.notice());
    // Typed and saved in one it is kept, not asked about.
    desk.press("2 e ctrl-s");
    assert!(desk.model.question().is_none(), "{}", desk.frame(120, 40));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    // By other readings it can only be held against what everybody was by the policy that was tried.
    desk.live.refresh();
    while !desk.snapshot.is_reading() {
        desk.next();
    }
    while desk.snapshot.is_busy() {
        desk.next();
    }
    desk.press("1 R");
    back(&mut desk);
    while desk.snapshot.is_busy() {
        desk.next();
    }
    desk.press("2 ctrl-s");
    assert!(desk.model.question().is_some(), "{}", desk.notice());
    let asked = desk.frame(120, 40);
    assert!(asked.contains("Whom it moves is not known") && !asked.contains("Nobody is in another situation"), "{asked}");
    assert!(!asked.contains("FOR REMOVAL"), "{asked}");
}

#[test]
fn another_file_or_table_is_read_aside_told_and_saved() {
    let runtime = support::runtime();
    let service = runtime.block_on(Service::start(Vec::new(), Faults::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let person =
        |n: usize| format!("dn: uid=u{n},ou=people,dc=x\nobjectClass: inetOrgPerson\nuid: u{n}\ncn: c\nsn: s\nentryUUID: id-{n}\n\n");
    let people = |of: std::ops::Range<usize>| of.map(person).collect::<String>();
    let head = "dn: dc=x\nobjectClass: domain\ndc: x\nentryUUID: id-x\n\n";
    std::fs::write(at("one.ldif"), format!("{head}{}", people(0..5))).unwrap();
    std::fs::write(at("two.ldif"), format!("{head}{}", people(3..10))).unwrap();
    std::fs::write(at("one.csv"), "uid;nr\nu1;1\nu2;2\n").unwrap();
    std::fs::write(at("two.csv"), "uid;nr\nu2;2\nu3;3\nu4;4\n").unwrap();
    let target = format!("[channels.a.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\nauth = \"none\"\n", service.base_url());
    let ldif = format!(
        "[channels.a.source]\ntype = \"ldif\"\npath = '{}' # of the night\nlocation = {{ base_dn = \"dc=x\" }}\n{target}[channels.a.mapping]\nuserName = \"uid\"\n",
        at("one.ldif").display()
    );
    let csv = format!(
        "[channels.a.source]\ntype = \"csv\"\npath = '{}' # of the night\nsettings = {{ id_attribute = \"nr\" }}\n{target}[channels.a.mapping]\nuserName = \"uid\"\n",
        at("one.csv").display()
    );
    for (config, other, told, people) in [
        (ldif, "two.ldif", "5 enter, 3 leave", 7),
        (csv, "two.csv", "3 in scope; who enters and leaves is not known: links belong to the table", 3),
    ] {
        let file = at("rosterm.toml");
        std::fs::write(&file, &config).unwrap();
        let mut desk = Desk::real(support::runtime(), config.clone(), Setting { file: Some(file.clone()), ..setting() });
        assert_eq!(edit(&mut desk, "file", ""), []);
        assert!(said(&mut desk).contains("it needs a file"), "{}", said(&mut desk));
        desk.press("esc");
        edit(&mut desk, "file", &at("none.ldif").display().to_string());
        settled(&mut desk);
        assert!(said(&mut desk).contains("it cannot be read"), "{}", said(&mut desk));
        desk.press("ctrl-s");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), config);
        desk.press("R");
        let path = at(other).display().to_string();
        edit(&mut desk, "file", &path);
        settled(&mut desk);
        assert!(said(&mut desk).contains(told), "{told}: {}", said(&mut desk));
        let question = asked(&mut desk);
        assert!(question.contains("path: ") && question.contains("3 people leave: u0, u1, u2") == (people == 7), "{question}");
        save(&mut desk);
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.contains(&format!("path = \"{path}\" # of the night\n")), "{written}");
        assert_eq!(desk.snapshot.source().users, people);
    }
}

#[test]
fn what_is_looked_at_is_not_written_in_the_demo_and_with_read_only() {
    for (setting, why) in [(setting(), "the demo has no configuration file"), (Setting { read_only: true, ..setting() }, "--read-only")] {
        let mut desk = Desk::small(setting);
        mark(&mut desk, "removing");
        desk.press("e");
        settled(&mut desk);
        assert!(said(&mut desk).contains("disable → nothing"), "{}", said(&mut desk));
        assert_eq!(desk.press("ctrl-s"), []);
        assert!(desk.notice().contains(why), "{}", desk.notice());
        desk.press("R");
        mark(&mut desk, "server");
        assert_eq!(desk.press("e"), []);
        assert!(desk.notice().contains("the people of the demo are in no file"), "{}", desk.notice());
    }
}

#[test]
fn names_that_are_pasted_line_by_line_are_protected_one_by_one_and_a_name_that_nobody_has_is_told() {
    let world = world::make(support::plan(150, 1));
    let (_folder, _file, mut desk) = by_policy("protect = [\"root\"]\n", &world);
    let picture = desk.snapshot.picture();
    let names: Vec<String> = picture.accounts().rows().take(2).map(|row| picture.accounts().row(row).name().to_owned()).collect();
    mark(&mut desk, "protected");
    desk.press("e");
    desk.tell(Msg::Paste(format!("{}\r\n{}\r\nnobody@x\r\n", names[0], names[1])));
    let effects = desk.press("enter");
    let edits = vec![(Clause::Protect, format!("root, {}, {}, nobody@x", names[0], names[1]))];
    assert!(effects.contains(&Effect::TryPolicy(edits)), "{effects:?}");
    settled(&mut desk);
    let pane = said(&mut desk);
    assert!(pane.contains("nobody who was read is called nobody@x: it protects nobody by now"), "{pane}");
    assert_eq!(pane.matches("nobody who was read").count(), 1, "{pane}");
}

#[test]
fn a_long_list_that_is_pasted_is_protected_whole_or_not_at_all() {
    let world = world::make(support::plan(150, 1));
    let (_folder, file, mut desk) = by_policy("protect = [\"root\"]\n", &world);
    let pasted = |n: usize| (0..n).map(|n| format!(", service.account.{n}@example.com")).collect::<Vec<_>>().concat();
    mark(&mut desk, "protected");
    desk.press("e");
    desk.tell(Msg::Paste(pasted(40)));
    // What would not fit is told, and nothing of it is taken.
    desk.tell(Msg::Paste(pasted(1_000)));
    for (width, height) in [(160, 48), (80, 24)] {
        let frame = desk.frame(width, height);
        assert!(frame.contains("characters do not fit"), "{frame}");
    }
    assert_eq!(desk.press("enter"), []);
    desk.type_in("!");
    assert_eq!(desk.press("enter"), []);
    assert!(desk.frame(160, 48).contains("none was taken"), "{}", desk.frame(160, 48));
    // It removes nothing of what is there.
    desk.press("backspace");
    assert!(desk.frame(160, 48).contains(".com!"), "{}", desk.frame(160, 48));
    desk.press("backspace");
    assert!(!desk.frame(160, 48).contains("none was taken"), "{}", desk.frame(160, 48));
    let effects = desk.press("enter");
    let edits = vec![(Clause::Protect, format!("root{}", pasted(40)))];
    assert!(effects.contains(&Effect::TryPolicy(edits)), "{effects:?}");
    settled(&mut desk);
    asked(&mut desk);
    save(&mut desk);
    let channel = Config::read(&file).unwrap().channels.remove(0);
    assert_eq!((channel.policy.protect.len(), channel.policy.protect[40].as_str()), (41, "service.account.39@example.com"));
}

#[test]
fn what_does_not_fit_is_told_wherever_something_is_typed() {
    let mut desk = Desk::small(setting());
    let long = "x".repeat(30_000);
    for (keys, is_kept) in [("2 e", true), ("3 h", true), ("3 /", false), ("?", false)] {
        for key in keys.split(' ') {
            desk.press(key);
        }
        desk.tell(Msg::Paste(long.clone()));
        for (width, height) in [(160, 48), (80, 24)] {
            assert!(desk.frame(width, height).contains("30,000 characters do not fit"), "{keys}: {}", desk.frame(width, height));
        }
        if is_kept {
            assert_eq!(desk.press("enter"), [], "{keys}");
            assert!(desk.frame(160, 48).contains("30,000 characters do not fit"), "{keys}: {}", desk.frame(160, 48));
        }
        desk.press("esc");
    }
}
