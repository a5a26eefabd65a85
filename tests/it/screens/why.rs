//! Why, and linking by hand, on the real engine: what is told, what fills in, what is asked, and what comes of it.

use super::desk::{Desk, hostile};
use super::{same_as_before, setting};
use crate::lab::Server;
use crate::support;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Truth, World};
use rosterm::engine::view::{SortBy, Spec};
use rosterm::engine::{News, Seen};
use rosterm::identity::{AccountId, EntryId};
use rosterm::model::{Action, LinkOrigin, Situation, Subject};
use rosterm::text;
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{Effect, Msg, Setting, update};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A world with every case, and the screens on it.
fn small() -> (World, Desk) {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    let desk = Desk::open(&world, plan, Faults::default(), setting());
    (world, desk)
}

fn case<'w>(world: &'w World, case: &str) -> &'w Truth {
    world.truth.iter().find(|t| t.case == case).unwrap()
}

fn subject(desk: &Desk, truth: &Truth) -> Subject {
    let named =
        rosterm::engine::Named { entry: truth.entry.as_deref().map(EntryId::new), account: truth.account.as_deref().map(AccountId::new) };
    desk.snapshot.subject_of(&named).unwrap()
}

/// Puts the cursor on somebody, in the list of everybody.
fn go_to(desk: &mut Desk, subject: Subject) {
    desk.press("g");
    for _ in 0..500 {
        if desk.model.cursor() == Some(subject) {
            return;
        }
        desk.press("j");
    }
    panic!("the list has them");
}

/// Waits until everything that was asked for has come.
fn told(desk: &mut Desk) {
    loop {
        desk.frame(120, 40);
        let why = desk.model.why().unwrap();
        if !why.plain().contains(" …") {
            return;
        }
        desk.next();
    }
}

/// Times of day and of the day: as if it were always the same one.
fn moments(frame: &str) -> String {
    let mut out = String::new();
    let mut rest = frame;
    while let Some(at) = rest.find("asked 20") {
        out.push_str(&rest[..at]);
        out.push_str("asked 2026-11-22 12:00 UTC");
        rest = &rest[at + 26..];
    }
    // Ports are told in every request.
    let mut parts = (out + rest).split("127.0.0.1:").map(str::to_owned).collect::<Vec<_>>();
    for part in parts.iter_mut().skip(1) {
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        part.replace_range(..digits, &"9".repeat(digits));
    }
    parts.join("127.0.0.1:")
}

#[test]
fn why_looks_as_before_in_three_sizes_and_without_colour() {
    let (world, mut desk) = small();
    for (name, of, width, height) in [
        ("why-group-80x24", "left the group", 80, 24),
        ("why-group-120x40", "left the group", 120, 40),
        ("why-new-200x60", "new", 200, 60),
        ("why-ambiguous-120x40", "two accounts with one user name", 120, 40),
    ] {
        let of = subject(&desk, case(&world, of));
        go_to(&mut desk, of);
        assert_eq!(desk.press("w"), [Effect::Why(of)]);
        told(&mut desk);
        same_as_before(name, &moments(&desk.frame(width, height)));
        desk.press("esc");
        assert!(desk.model.why().is_none());
    }
    let plan = support::plan(150, 1);
    let plain = Setting { theme: Theme::named("none", Glyphs::Ascii).unwrap(), ..setting() };
    let mut desk = Desk::open(&world, plan, Faults::default(), plain);
    let of = subject(&desk, case(&world, "left the group"));
    go_to(&mut desk, of);
    desk.press("w");
    told(&mut desk);
    let frame = moments(&desk.frame(120, 40));
    same_as_before("why-ascii-120x40", &frame);
    assert!(frame.contains("leaving (left the group) -> disable") && frame.contains(" NO"), "{frame}");
}

#[test]
fn whose_an_account_may_be_that_nobody_in_scope_has_fills_in_and_nothing_is_proposed_by_it() {
    let plan = support::plan(150, 1);
    let mut world = world::make(plan);
    // Nobody remembers any more whose these accounts are.
    let of = ["left the group", "deleted"].map(|of| case(&world, of).clone());
    world.links.retain(|link| of.iter().all(|truth| Some(link.account.as_str()) != truth.account.as_deref()));
    // And somebody who has left seems to have a second one.
    let former = case(&world, "disabled and moved away").clone();
    let mut twin = world.accounts.iter().find(|a| Some(&a["id"]) == former.account.clone().map(Into::into).as_ref()).unwrap().clone();
    (twin["id"], twin["userName"]) = ("twin-1".into(), "a-twin".into());
    world.accounts.push(twin);
    let mut desk = Desk::open(&world, plan, Faults::default(), setting());
    let (left, deleted) = (Truth { entry: None, ..of[0].clone() }, Truth { entry: None, ..of[1].clone() });
    for (truth, name) in [(&left, Some("why-whose")), (&deleted, None)] {
        let subject = subject(&desk, truth);
        let user = desk.snapshot.picture().user_of(subject).unwrap();
        assert_eq!((user.verdict.situation, user.verdict.action), (Situation::Unmatched, Action::None));
        go_to(&mut desk, subject);
        assert_eq!(desk.press("w"), [Effect::Why(subject)]);
        told(&mut desk);
        let text = desk.model.why().unwrap().plain();
        match name {
            Some(name) => {
                assert!(text.contains("it is that of") && text.contains("is not in the group"), "{text}");
                for (width, height) in [(80, 24), (120, 40)] {
                    same_as_before(&format!("{name}-{width}x{height}"), &moments(&desk.frame(width, height)));
                }
            }
            None => assert!(text.contains("nobody is found in the directory"), "{text}"),
        }
        desk.press("esc");
        assert_eq!(desk.snapshot.picture().user_of(subject).map(|u| u.verdict), Some(user.verdict), "nothing follows from it");
    }
    // What is known without asking stands in the details.
    let twin = subject(&desk, &Truth { entry: None, account: Some("twin-1".to_owned()), ..former.clone() });
    go_to(&mut desk, twin);
    let card = desk.snapshot.picture().card(twin).unwrap();
    assert!(card.bond.contains("its externalId is that of") && card.bond.contains(&former.account.unwrap()), "{}", card.bond);
}

#[test]
fn why_is_answered_while_both_ends_are_being_read_and_a_newer_question_overtakes_one_that_gets_no_answer() {
    let (world, mut desk) = small();
    let gate = Arc::clone(&desk.gate);
    let held = gate.lock().unwrap();
    desk.live.refresh();
    while !desk.snapshot.is_busy() {
        desk.next();
    }
    // The clerk waits for both ends; the answer does not.
    let group = subject(&desk, case(&world, "left the group"));
    go_to(&mut desk, group);
    desk.press("w");
    told(&mut desk);
    assert!(desk.snapshot.is_busy());
    let frame = desk.frame(120, 40);
    assert!(frame.contains("has no value, so enabled") && frame.contains("nothing was sent for this user before"), "{frame}");
    desk.press("esc");
    // One gets no answer at all: the next one does not wait for it.
    desk.silent.store(true, Ordering::SeqCst);
    desk.press("w");
    desk.until_shown("nothing was sent for this user before");
    assert!(desk.frame(110, 40).contains("asking the directory …"));
    desk.press("esc");
    let new = subject(&desk, case(&world, "new"));
    go_to(&mut desk, new);
    desk.silent.store(false, Ordering::SeqCst);
    desk.press("w");
    told(&mut desk);
    assert!(desk.snapshot.is_busy());
    desk.press("esc");
    // Whoever leaves waits for no answer.
    desk.silent.store(true, Ordering::SeqCst);
    desk.press("w");
    desk.until_shown("nothing was sent for this user before");
    drop(held);
}

#[test]
fn what_is_asked_for_fills_in_and_keys_of_the_list_work_on_whoever_is_explained() {
    let (world, mut desk) = small();
    let of = subject(&desk, case(&world, "left the group"));
    go_to(&mut desk, of);
    // Before anything has come, what is known is shown, and what is asked for is said to be.
    let mut first = Desk::small(setting());
    go_to(&mut first, of);
    update::update(&mut first.model, Msg::Key(super::event("w")));
    let frame = first.frame(120, 40);
    for said in ["asking the directory …", "looking into the journal …", "member of cn=example-cloud", " NO"] {
        assert!(frame.contains(said), "{said}: {frame}");
    }
    desk.press("w");
    told(&mut desk);
    let frame = desk.frame(120, 40);
    assert!(frame.contains("has no value, so enabled") && frame.contains("PATCH http") && !frame.contains("asking the"), "{frame}");
    // It scrolls, and no further than there is something.
    for key in ["j", "down", "pagedown", "G", "k", "g"] {
        desk.press(key);
        assert!(desk.frame(80, 24).contains("Why is"), "{key}");
    }
    desk.press("space");
    desk.until(|m| m.approvals().has(of));
    assert!(desk.frame(120, 40).contains("approved: it goes with the next run"));
    desk.press("space");
    desk.until(|m| !m.approvals().has(of));
    assert!(desk.frame(120, 40).contains("it waits for an approval"));
    let [Effect::Copy(text)] = &desk.press("y")[..] else { panic!() };
    assert!(text.starts_with("# Why is ") && text.contains("NO          member of cn=example-cloud"), "{text}");
    assert!(text.lines().all(|line| line == "#" || line.starts_with("# ")), "a shell would run it: {text}");
    desk.press("h");
    assert!(desk.model.question().is_some());
    desk.type_in("on leave");
    desk.press("enter");
    while !desk.snapshot.line(of).unwrap().held {
        desk.next();
    }
    // The cursor is on the next user by now.
    assert_ne!(desk.model.cursor(), Some(of));
    go_to(&mut desk, of);
    desk.press("w");
    told(&mut desk);
    assert!(desk.frame(120, 40).contains("on leave"), "{}", desk.frame(120, 40));
    desk.press("w");
    assert!(desk.model.why().is_none());
}

#[test]
fn nothing_is_done_about_somebody_else_when_whoever_is_explained_leaves_the_list() {
    let (world, mut desk) = small();
    let of = subject(&desk, case(&world, "left the group"));
    go_to(&mut desk, of);
    desk.press("w");
    told(&mut desk);
    let others: Vec<Subject> = (0..9).map(|n| Subject::of_entry(rosterm::identity::population::RowIx(n))).collect();
    let generation = desk.snapshot.generation();
    let msg = super::list(&desk, generation, others);
    update::update(&mut desk.model, msg);
    assert_ne!(desk.model.cursor(), Some(of));
    for key in ["space", "h", "L", "B"] {
        assert_eq!(desk.press(key), [], "{key}");
        assert!(desk.model.why().is_some() && desk.notice().contains("not in the list any more"), "{key}: {}", desk.notice());
    }
}

/// Links an account of nobody's with somebody new, through the keys, and gives the two.
fn link(desk: &mut Desk, world: &World) -> (Subject, EntryId, AccountId) {
    let of = subject(desk, case(world, "new"));
    go_to(desk, of);
    desk.press("space");
    desk.until(|m| m.approvals().has(of));
    let nobodys = case(world, "an account of nobody's").account.clone().unwrap();
    let name = desk.snapshot.picture().accounts().by_id(&nobodys).map(|a| desk.snapshot.picture().accounts().row(a).name().to_owned());
    desk.press("L");
    desk.until(|m| m.pick().is_some_and(|p| p.choices.is_some()));
    desk.type_in(&name.unwrap());
    desk.until(|m| m.pick().is_some_and(|p| p.choices.as_ref().is_some_and(|c| c.len() == 1)));
    desk.press("enter");
    let frame = desk.frame(120, 40);
    for said in [
        "Link by hand",
        "No e-mail, number, user name or whole name is alike: look twice.",
        "Nothing is sent by this.",
        "fields would change",
    ] {
        assert!(frame.contains(said), "{said}: {frame}");
    }
    let entry = EntryId::new(case(world, "new").entry.clone().unwrap());
    let account = AccountId::new(nobodys);
    let seen = Seen(Arc::clone(&desk.snapshot));
    assert_eq!(desk.press("enter"), [Effect::Pair { entry: entry.clone(), account: account.clone(), linked: true, seen }]);
    while desk.snapshot.line(of).unwrap().situation != Situation::Changed {
        desk.next();
    }
    desk.until(|m| m.approvals().total() == 0);
    (of, entry, account)
}

#[test]
fn two_are_linked_by_hand_and_parted_again_and_nobody_is_removed_by_it() {
    let (world, mut desk) = small();
    let era = desk.snapshot.era();
    let before = (desk.snapshot.facets().clone(), desk.snapshot.facets().all());
    let (of, entry, account) = link(&mut desk, &world);
    assert!(desk.notice().contains("1 approval"), "the approval is gone, and that is said: {}", desk.notice());
    // In place: everybody keeps their number, and the cursor its user.
    assert!(desk.snapshot.era() == era && desk.model.cursor() == Some(of));
    let row = desk.snapshot.card(of).unwrap().row;
    assert_eq!((row.action, row.account.map(|a| a.id)), (Action::Update, Some(account.to_string())));
    desk.press("w");
    told(&mut desk);
    assert!(desk.frame(120, 40).contains(", by hand"), "{}", desk.frame(120, 40));
    desk.press("esc L");
    assert!(desk.notice().contains("is linked already; B unlinks"), "{}", desk.notice());
    // And parted: both are as they were.
    desk.press("B");
    let frame = desk.frame(120, 40);
    assert!(frame.contains("Unlink by hand") && frame.contains("nothing disables or deletes it"), "{frame}");
    let seen = Seen(Arc::clone(&desk.snapshot));
    assert_eq!(desk.press("enter"), [Effect::Pair { entry, account: account.clone(), linked: false, seen }]);
    while desk.snapshot.line(of).unwrap().situation != Situation::New {
        desk.next();
    }
    let parted = desk.snapshot.subject_of(&rosterm::engine::Named { entry: None, account: Some(account) }).unwrap();
    let line = desk.snapshot.line(parted).unwrap();
    assert_eq!((line.situation, line.action), (Situation::Unmatched, Action::None));
    assert_eq!((desk.snapshot.facets().clone(), desk.snapshot.facets().all()), before);
    // Read again, it is the same: what was done in place is what a reading makes of it.
    desk.live.refresh();
    super::decide::read_again(&mut desk);
    assert_eq!(desk.snapshot.era(), era);
    assert_eq!(desk.snapshot.facets().clone(), before.0);
}

#[test]
fn who_is_alike_is_looked_for_no_further_once_nobody_waits_for_it() {
    let (_, desk) = small();
    let picture = desk.snapshot.picture();
    let row = |n: usize| rosterm::identity::population::RowIx(u32::try_from(n).unwrap());
    let person = (0..picture.entries().slots()).find_map(|n| picture.user_of(Subject::of_entry(row(n)))).unwrap();
    let account = (0..picture.accounts().slots()).find_map(|n| picture.user_of(Subject::of_account(row(n)))).unwrap();
    for user in [person, account] {
        let asked = AtomicUsize::new(0);
        let whole = picture.might_be(&user, 5, &|| asked.fetch_add(1, Ordering::Relaxed) == usize::MAX);
        let needs = asked.load(Ordering::Relaxed);
        assert!(whole.is_some() && needs > 2, "{needs}");
        for after in [0, 1, needs / 2, needs - 1] {
            let asked = AtomicUsize::new(0);
            assert_eq!(picture.might_be(&user, 5, &|| asked.fetch_add(1, Ordering::Relaxed) >= after), None);
            let asked = asked.load(Ordering::Relaxed);
            assert!(asked <= after + 4, "it went on: {asked} after {after} of {needs}");
        }
    }
}

#[test]
fn whatever_two_are_linked_it_comes_to_what_was_said_before_and_parting_them_undoes_it() {
    let (_, mut desk) = small();
    let picture = desk.snapshot.picture();
    let people: Vec<Subject> = picture.users().iter().filter_map(rosterm::engine::User::subject).collect();
    assert!(people.is_empty(), "a live picture lists nobody: {}", people.len());
    let subjects: Vec<Subject> = (0..picture.entries().slots())
        .map(|n| Subject::of_entry(rosterm::identity::population::RowIx(u32::try_from(n).unwrap())))
        .collect();
    let mut pairs = Vec::new();
    for subject in subjects {
        let Some(user) = picture.user_of(subject).filter(|u| picture.may_link(u).is_ok()) else { continue };
        // Those alike, and some who are not.
        for choice in picture.choices(&user, "", 200, &|| false).unwrap().into_iter().step_by(3).take(12) {
            let link = rosterm::model::Link {
                entry: EntryId::new(picture.entries().row(user.entry.unwrap()).id()),
                account: AccountId::new(choice.id.as_str()),
                channel: "demo".into(),
                origin: LinkOrigin::ByHand,
                since: support::NOW,
                remembered: picture.to_remember(choice.row),
                last_active: true,
            };
            pairs.push((subject, picture.preview(user.entry.unwrap(), choice.row), link));
        }
    }
    assert!(pairs.len() > 100, "{}", pairs.len());
    let (answer, answered) = std::sync::mpsc::channel();
    desk.live.with(move |store| {
        let everybody = |store: &rosterm::engine::store::Store| {
            let picture = store.picture();
            let entries =
                (0..picture.entries().slots()).map(|n| Subject::of_entry(rosterm::identity::population::RowIx(u32::try_from(n).unwrap())));
            let accounts = (0..picture.accounts().slots())
                .map(|n| Subject::of_account(rosterm::identity::population::RowIx(u32::try_from(n).unwrap())));
            entries.chain(accounts).map(|s| picture.user_of(s).map(|u| format!("{u:?}"))).collect::<Vec<_>>()
        };
        let before = everybody(store);
        let mut wrong = Vec::new();
        for (subject, preview, link) in pairs {
            store.link(&link);
            let user = store.picture().user_of(subject).unwrap();
            if user.verdict != preview.verdict {
                wrong.push(format!("{link:?}: said {:?}, came {:?}", preview.verdict, user.verdict));
            }
            store.unlink(&link.entry);
            if everybody(store) != before {
                wrong.push(format!("{link:?}: parting them does not undo it"));
            }
        }
        answer.send(wrong).unwrap();
    });
    let wrong = answered.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong[..wrong.len().min(4)].join("\n"));
    desk.frame(80, 24);
}

#[test]
fn the_account_of_nobodys_finds_its_person_and_those_alike_come_first() {
    let (world, mut desk) = small();
    let of = subject(&desk, case(&world, "an account of nobody's"));
    go_to(&mut desk, of);
    desk.press("L");
    desk.until(|m| m.pick().is_some_and(|p| p.choices.is_some()));
    let choices = desk.model.pick().unwrap().choices.clone().unwrap();
    assert!(choices.len() > 3 && choices.iter().is_sorted_by_key(|c| std::cmp::Reverse(rosterm::matching::near::weight(&c.signs))));
    for (width, height) in [(60, 15), (80, 24), (160, 48)] {
        assert!(desk.frame(width, height).contains("Whose account is"), "{}", desk.frame(width, height));
    }
    desk.type_in("zzzzzz");
    desk.until(|m| m.pick().is_some_and(|p| p.choices.as_ref().is_some_and(|c| c.is_empty())));
    assert!(desk.frame(80, 24).contains("Nobody like that in scope"), "{}", desk.frame(80, 24));
    // Nobody is chosen by that, and a late answer to an older question is not taken.
    assert_eq!(desk.press("enter"), []);
    assert!(desk.model.question().is_none());
    update::update(&mut desk.model, Msg::News(News::Choices(0, choices)));
    assert!(desk.model.pick().unwrap().choices.as_ref().unwrap().is_empty());
    // Two accounts of one person: each is told with why.
    desk.press("esc");
    let of = subject(&desk, case(&world, "two accounts with one user name"));
    go_to(&mut desk, of);
    desk.press("L");
    desk.until(|m| m.pick().is_some_and(|p| p.choices.is_some()));
    same_as_before("pick-120x40", &desk.frame(120, 40));
    assert_eq!(desk.press("enter"), []);
    same_as_before("link-80x24", &desk.frame(80, 24));
    desk.press("enter");
    while desk.snapshot.line(of).unwrap().situation == Situation::Ambiguous {
        desk.next();
    }
    // The other account is nobody's from then on, and left alone.
    assert_eq!(desk.snapshot.facets().for_action(Action::Delete), 0);
}

#[test]
fn an_account_that_became_one_row_with_a_person_is_not_said_to_have_none() {
    for only in [false, true] {
        let (world, mut desk) = small();
        let of = subject(&desk, case(&world, "an account of nobody's"));
        let person = subject(&desk, case(&world, "new"));
        if only {
            desk.press("f");
            desk.type_in("situation unmatched");
            desk.press("enter g");
        }
        while desk.model.cursor() != Some(of) {
            desk.press("j");
        }
        desk.frame(120, 40);
        let picture = desk.snapshot.picture();
        let named = desk.snapshot.named(person).unwrap().entry.unwrap();
        let row = picture.entries().by_id(named.as_str()).unwrap();
        let name = picture.entries().row(row).name().to_owned();
        desk.press("L");
        desk.until(|m| m.pick().is_some_and(|p| p.choices.is_some()));
        desk.type_in(&name);
        desk.until(|m| m.pick().is_some_and(|p| p.choices.as_ref().is_some_and(|c| c.len() == 1)));
        desk.press("enter");
        assert!(matches!(desk.press("enter")[..], [Effect::Pair { linked: true, .. }]));
        while desk.snapshot.line(of).is_some() {
            desk.next();
        }
        desk.until(|m| m.cursor() != Some(of));
        if only {
            assert!(!desk.model.shown().contains(&person));
            let told = desk.notice();
            assert!(told.contains("and a person are one row now: ") && told.contains("not in this list"), "{told}");
        } else {
            assert_eq!(desk.model.cursor(), Some(person));
            assert!(!desk.model.notice().is_some_and(|n| n.contains("no row")), "{}", desk.notice());
        }
    }
}

#[test]
fn a_link_by_hand_outlives_the_screens_and_so_does_one_that_was_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("rosterm.db");
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    let alive = support::runtime();
    let service = Arc::new(alive.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let open = || Desk::at(support::runtime(), Arc::clone(&service), Some(&state), &world, plan, setting());
    let mut desk = open();
    let (_, entry, account) = link(&mut desk, &world);
    drop(desk);
    let mut desk = open();
    let of = subject(&desk, case(&world, "new"));
    let picture = desk.snapshot.picture();
    let number = picture.links().by_entry(entry.as_str()).unwrap();
    let kept = picture.links().link(number);
    assert_eq!((kept.account, kept.origin), (account, LinkOrigin::ByHand));
    assert_eq!(desk.snapshot.line(of).unwrap().situation, Situation::Changed);
    go_to(&mut desk, of);
    desk.press("B enter");
    while desk.snapshot.line(of).unwrap().situation != Situation::New {
        desk.next();
    }
    drop(desk);
    let desk = open();
    assert!(desk.snapshot.picture().links().by_entry(entry.as_str()).is_none());
}

#[test]
fn nobody_is_linked_where_nothing_may_be_decided_and_it_is_said_why() {
    let mut desk = Desk::small(Setting { read_only: true, ..setting() });
    desk.frame(80, 24);
    for key in ["L", "B"] {
        assert_eq!(desk.press(key), [], "{key}");
        assert!(desk.notice().contains("--read-only: nothing can be sent"), "{key}: {}", desk.notice());
    }
    // To look is allowed.
    assert!(matches!(desk.press("w")[..], [Effect::Why(_)]));
    told(&mut desk);
    desk.press("L");
    assert!(desk.model.why().is_some() && desk.notice().contains("--read-only"), "{}", desk.notice());
    let (world, mut desk) = small();
    let of = subject(&desk, case(&world, "another channel's account"));
    go_to(&mut desk, of);
    desk.press("L");
    assert!(desk.notice().contains("is linked by channel contractors"), "{}", desk.notice());
    desk.press("B");
    assert!(desk.notice().contains("by another channel: unlink it there") && desk.model.question().is_none(), "{}", desk.notice());
}

#[test]
fn hostile_names_come_out_clean_in_why_in_a_choice_and_in_the_question() {
    let (mut world, plan) = hostile(60);
    world.links.truncate(5);
    for account in world.accounts.iter_mut().skip(5) {
        account["userName"] = format!("x{}\u{1b}[2J\u{202e}", account["userName"].as_str().unwrap()).into();
        account.as_object_mut().unwrap().remove("externalId");
    }
    let by_user = Setting { spec: Spec { sort: SortBy::Situation, ..Spec::default() }, ..setting() };
    let mut desk = Desk::open(&world, plan, Faults::default(), by_user);
    for _ in 0..20 {
        for key in ["w", "G", "esc", "L"] {
            desk.press(key);
            for (width, height) in [(60, 15), (80, 24), (200, 60)] {
                // The frame itself looks at every cell.
                assert!(desk.frame(width, height).lines().all(|l| text::width(l) <= usize::from(width)));
            }
        }
        if desk.model.pick().is_some() {
            desk.until(|m| m.pick().is_some_and(|p| p.choices.is_some()));
            desk.frame(120, 40);
            desk.press("enter");
            desk.frame(80, 24);
            desk.press("esc");
        }
        desk.press("esc j");
    }
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn whose_an_account_may_be_is_asked_of_a_real_directory_whatever_the_account_carries() {
    let uuid = |n: usize| format!("00000000-0000-4000-8000-{n:012}");
    let folder = |ou: &str| format!("dn: ou={ou},dc=example,dc=test\nobjectClass: organizationalUnit\nou: {ou}\n\n");
    let person = |n: usize, ou: &str| {
        let lines = format!("objectClass: inetOrgPerson\ncn: c{n}\nsn: s{n}\nuid: u{n}\nentryUUID: {}\n\n", uuid(n));
        format!("dn: uid=u{n},ou={ou},dc=example,dc=test\n{lines}")
    };
    let group =
        "dn: cn=cloud,ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: cloud\nmember: uid=u1,ou=people,dc=example,dc=test\n\n";
    let root = "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n".to_owned();
    let units = ["people", "leavers", "groups"].map(folder).concat();
    let people = [person(1, "people"), person(3, "people"), person(4, "people"), person(5, "leavers")].concat();
    let slapd = Server::slapd(&(root + &units + &people + group));
    let account =
        |id: &str, name: &str, external: &str| serde_json::json!({"id": id, "userName": name, "externalId": external, "active": true});
    let accounts = vec![
        account("a1", "u1", &uuid(1)),
        account("a3", "u3", &uuid(3)),
        account("a4", "U4", "E-4711, no id"),
        account("a5", "somebody", &uuid(5).to_uppercase()),
        account("a9", "*)(uid=*", "*)(uid=*"),
    ];
    let runtime = support::runtime();
    let service = runtime.block_on(Service::start(accounts, Faults::default())).unwrap();
    let config = format!(
        "[channels.lab.source]\ntype = \"ldap\"\n{}[channels.lab.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\n\
        group_dn = \"cn=cloud,ou=groups,dc=example,dc=test\"\n\
        [channels.lab.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\nauth = \"none\"\n[channels.lab.mapping]\nuserName = \"uid\"\n",
        slapd.source(&slapd.text("ldap"), "reader"),
        service.base_url()
    );
    let file = slapd.folder.path().join("rosterm.toml");
    std::fs::write(&file, &config).unwrap();
    let mut desk = Desk::real(runtime, config, Setting { file: Some(file), ..setting() });
    assert_eq!(desk.snapshot.source().users, 1);
    for (account, wanted) in [
        (
            "a3",
            "it is that of uid=u3,ou=people,dc=example,dc=test, by its externalId and its userName: that person is not in the group cn=cloud",
        ),
        ("a4", "it is that of uid=u4,ou=people,dc=example,dc=test, by its userName: that person is not in the group cn=cloud"),
        ("a5", "it is that of uid=u5,ou=leavers,dc=example,dc=test, by its externalId: that person is not under ou=people"),
        ("a9", "nobody is found in the directory who has its externalId or is called like it"),
    ] {
        let named = rosterm::engine::Named { entry: None, account: Some(AccountId::new(account)) };
        let of = desk.snapshot.subject_of(&named).unwrap();
        go_to(&mut desk, of);
        desk.press("w");
        told(&mut desk);
        let text = desk.model.why().unwrap().plain();
        assert!(text.contains(wanted) && !text.contains("could not be looked up"), "{account}: {text}");
        desk.press("esc");
    }
}
