//! The source location on the screens: what each clause comes to, who would enter and leave by another one, and saving it.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use crate::support;
use rosterm::config::{Clause, Config, RuleEdit, RuleText, Site};
use rosterm::demo::service::Faults;
use rosterm::demo::world;
use rosterm::engine::News;
use rosterm::engine::location::{self, Against, Counted, Counts, Edits, Judged, Mover, Preview, Previewed, Remover, Unbound};
use rosterm::error::Error;
use rosterm::identity::population::{Batch, Schema};
use rosterm::model::{Action, ReadEnd};
use rosterm::source::ldif::{Record, Value};
use rosterm::source::memory::Directory;
use rosterm::source::{Amount, vendor};
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{Effect, Msg, Setting, update};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Keys from anywhere to a clause.
const BASE: &str = "1 k k k k k k k k j";
const FILTER: &str = "1 k k k k k k k k j j j";
const GROUP: &str = "1 k k k k k k k k j j j j";
const STATUS: &str = "1 k k k k k k k k k k j j j j j j j";
const NESTED: &str = "1 k k k k k k k k j j j j j";

/// Types another text for the marked clause, up to Enter, and waits for what comes of it.
fn edit(desk: &mut Desk, keys: &str, text: &str) {
    desk.press(keys);
    desk.press("e");
    clear(desk);
    desk.type_in(text);
    desk.press("enter");
    settled(desk);
}

fn clear(desk: &mut Desk) {
    for _ in 0..30 {
        desk.press("ctrl-w");
    }
}

/// Waits until nothing is looked at.
fn settled(desk: &mut Desk) {
    while desk.frame(110, 40).contains("reading the directory by this") {
        desk.next();
    }
}

#[test]
fn clauses_are_shown_counted_and_edited_in_three_sizes_and_without_colour() {
    let mut desk = Desk::small(setting());
    desk.frame(120, 40);
    desk.press("1");
    same_as_before("source-160x48", &desk.frame(160, 48));
    desk.press("n");
    desk.until_shown("counted at");
    same_as_before("source-counted-120x40", &desk.frame(120, 40));
    edit(&mut desk, FILTER, "(employeeType=external)");
    same_as_before("source-edited-80x24", &desk.frame(80, 24));
    same_as_before("source-edited-200x60", &desk.frame(200, 60));
    desk.press("m");
    same_as_before("source-who-120x40", &desk.frame(120, 40));
    let plain = Setting { theme: Theme::named("none", Glyphs::Ascii).unwrap(), ..setting() };
    let mut desk = Desk::small(plain);
    desk.press("1");
    same_as_before("source-ascii-120x40", &desk.frame(120, 40));
}

/// The ids of everybody in scope of a world, with some clauses in place of its own.
fn ids(desk: &Desk, records: &[Record], edits: &[(Clause, &str)]) -> BTreeSet<String> {
    people(desk, records, edits).into_keys().collect()
}

/// The same with whether they are disabled.
fn people(desk: &Desk, records: &[Record], edits: &[(Clause, &str)]) -> BTreeMap<String, bool> {
    let edits: Edits = edits.iter().map(|(clause, text)| (*clause, (*text).to_owned())).collect();
    let config = Config::parse(Path::new("x.toml"), &desk.config).unwrap();
    let source = location::with_edits(&Site::of(&config.channels[0]), &edits).unwrap().source;
    let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
    vendor::override_with(&mut settings, &source.settings);
    let mut directory = Directory::new("memory", String::new(), records.to_vec(), settings, &source.location, support::NOW).unwrap();
    support::runtime().block_on(async {
        let (send, mut receive) = tokio::sync::mpsc::channel::<Batch>(2);
        let schema = Schema::default();
        let mut people = BTreeMap::new();
        let take = async {
            while let Some(batch) = receive.recv().await {
                people.extend(batch.iter().map(|row| (row.id().to_owned(), row.is_off())));
            }
        };
        let (end, ()) = tokio::join!(directory.read(&schema, send), take);
        assert_eq!(end, ReadEnd::Complete);
        people
    })
}

#[test]
fn a_preview_says_who_enters_and_leaves_and_changes_nothing() {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    let mut desk = Desk::open(&world, plan, Faults::default(), setting());
    desk.frame(110, 40);
    let (generation, facets) = (desk.snapshot.generation(), desk.snapshot.facets().clone());
    let before = ids(&desk, &world.records, &[]);
    let filter = "(&(objectClass=inetOrgPerson)(|(employeeType=external)(sn=*e*)))";
    for (keys, clause, text) in [
        (FILTER, Clause::Filter, filter),
        (GROUP, Clause::Group, ""),
        (BASE, Clause::Base, "ou=staff,ou=people,dc=example,dc=test"),
        (GROUP, Clause::Group, "CN=team-a, ou=groups,dc=example,dc=test"),
    ] {
        edit(&mut desk, keys, text);
        let after = ids(&desk, &world.records, &[(clause, text)]);
        let told = format!("{} enter, {} leave", after.difference(&before).count(), before.difference(&after).count());
        let frame = desk.frame(110, 40);
        assert!(frame.contains(&told) && frame.contains(&format!("{} in scope", after.len())), "{clause:?} {told}: {frame}");
        assert!(frame.contains("edited, not saved") && desk.model.is_source_edited());
        desk.press("R");
        assert!(!desk.model.is_source_edited() && !desk.frame(110, 40).contains(" leave"));
    }
    // What tells who is disabled moves nobody in or out, and takes people their accounts all the same.
    let status = "{ attribute = \"sn\", disabled_when = { equals = \"Okafor\" } }";
    let (was, then) = (people(&desk, &world.records, &[]), people(&desk, &world.records, &[(Clause::Status, status)]));
    let become_off = |now: bool| then.iter().filter(|(id, off)| was[*id] != **off && **off == now).count();
    edit(&mut desk, STATUS, status);
    let frame = desk.frame(110, 40);
    let told = format!("{} become disabled, {} enabled", become_off(true), become_off(false));
    assert!(become_off(true) > 0 && frame.contains("0 enter, 0 leave") && frame.contains(&told), "{told}: {frame}");
    desk.press("m");
    let frame = desk.frame(120, 40);
    assert!(frame.contains("become disabled") && frame.contains("Okafor"), "{frame}");
    desk.press("esc R");
    // One of two is the other one by one key, and back.
    assert_eq!(desk.press(&format!("{NESTED} e")), [Effect::Preview(6, vec![(Clause::Nested, "false".into())])]);
    settled(&mut desk);
    let after = ids(&desk, &world.records, &[(Clause::Nested, "false")]);
    assert!(desk.frame(110, 40).contains(&format!("0 enter, {} leave", before.difference(&after).count())));
    assert_eq!(desk.press("e"), [Effect::StopLooking]);
    assert!(!desk.model.is_source_edited());
    // Nothing was published, nobody's verdict changed, nothing is approved. What was done before for
    // whoever is shown is told when it is known.
    assert_eq!((desk.snapshot.generation(), desk.snapshot.facets()), (generation, &facets));
    assert!(desk.inbox.try_iter().all(|news| matches!(news, News::View(_) | News::Learnt(_))));
    assert_eq!(desk.model.approvals().total(), 0);
}

#[test]
fn what_was_not_read_to_its_end_previews_nothing_and_a_base_that_is_not_there_is_told() {
    let plan = support::plan(150, 1);
    let mut world = world::make(plan);
    let text = |name: &str, value: &str| (name.into(), Value::Text(value.into()));
    let attributes = vec![text("objectClass", "inetOrgPerson"), text("cn", "No Id")];
    world.records.push(Record { dn: "cn=No Id,ou=former,dc=example,dc=test".to_owned(), attributes });
    let attributes = vec![text("objectClass", "inetOrgPerson"), text("cn", "Far Away"), text("entryUUID", "f-1")];
    world.records.push(Record { dn: "cn=Far Away,dc=elsewhere".to_owned(), attributes });
    let mut desk = Desk::open(&world, plan, Faults::default(), setting());
    desk.frame(110, 40);
    edit(&mut desk, GROUP, "");
    // Links belong to a naming context: by another one nobody can be compared.
    edit(&mut desk, BASE, "dc=elsewhere");
    let frame = desk.frame(110, 40);
    assert!(frame.contains("1 in scope; who enters and leaves is not known: it lies in another naming context"), "{frame}");
    edit(&mut desk, BASE, "dc=example,dc=test");
    let frame = desk.frame(110, 40);
    assert!(frame.contains("INCOMPLETE, so it is not known who enters and leaves") && !frame.contains(" leave,"), "{frame}");
    // It can be looked at once more, and is not saved by guess.
    assert!(matches!(desk.press("m")[..], [Effect::Preview(..)]));
    desk.press("m");
    assert!(desk.notice().contains("it is not known yet"), "{}", desk.notice());
    settled(&mut desk);
    edit(&mut desk, BASE, "ou=nowhere,dc=example,dc=test");
    let frame = desk.frame(110, 40);
    assert!(frame.contains("it cannot be read: there is nothing at or below the base ou=nowhere"), "{frame}");
}

#[test]
fn what_is_no_clause_is_told_with_its_column_and_nothing_is_asked_of_the_directory() {
    let mut desk = Desk::small(setting());
    desk.frame(110, 40);
    for (keys, text, told) in [
        (FILTER, "(&(a=b)(c))", "column 9: "),
        (BASE, "nonsense", "\"nonsense\" is not a distinguished name"),
        (STATUS, "{ attribute = \"x\" }", "a status rule needs either disabled_when or enabled_when"),
        (GROUP, "cn=a,,", "\"cn=a,,\" is not a distinguished name"),
    ] {
        desk.press(keys);
        desk.press("e");
        clear(&mut desk);
        desk.type_in(text);
        assert_eq!(desk.press("enter"), []);
        let frame = desk.frame(110, 40);
        assert!(frame.contains(told) && frame.contains(" · editing"), "{told}: {frame}");
        assert_eq!(desk.press("esc"), []);
        assert!(!desk.model.is_source_edited());
    }
    // A letter is a letter there, a paste is text, and what is typed back is no edit.
    desk.press(&format!("{GROUP} e"));
    assert_eq!(desk.press("q n c"), []);
    desk.tell(Msg::Paste("\u{1b}[2J\n".into()));
    assert!(desk.frame(110, 40).contains("dc=testqnc"));
    desk.press("esc e");
    assert_eq!(desk.press("enter"), []);
    assert!(!desk.model.is_source_edited());
    // What is not edited here says why.
    desk.press("1 k k k k k k k k k k k k e");
    assert!(desk.notice().contains("the people of the demo are in no file"), "{}", desk.notice());
    desk.press("m");
    assert!(desk.notice().contains("no clause was edited"), "{}", desk.notice());
}

#[test]
fn of_counts_and_previews_only_the_last_one_counts_and_they_can_be_stopped() {
    let mut desk = Desk::small(setting());
    desk.frame(110, 40);
    let mut press = |key: &str| update::update(&mut desk.model, Msg::Key(event(key)));
    assert_eq!(press("1"), []);
    assert_eq!(press("n"), [Effect::Count(1, Vec::new())]);
    assert_eq!(press("n"), []);
    assert_eq!(press("c"), [Effect::StopLooking]);
    assert_eq!(press("n"), [Effect::Count(2, Vec::new())]);
    let amount = |n| Some(Counted { amount: Ok(Amount { n, is_all: true }), at: support::NOW });
    let counts = |base, filter| Counts { base: amount(base), filter: amount(filter), ..Counts::default() };
    let mut hear = |news| update::update(&mut desk.model, Msg::News(news));
    hear(News::Counted(1, Ok(counts(777_001, 3))));
    hear(News::Counted(2, Ok(counts(888_001, 777_002))));
    let frame = desk.frame(110, 40);
    assert!(frame.contains("888,001") && !frame.contains("777,001") && frame.contains("counting"), "{frame}");
    // A count that nobody asked for does not disturb the one that is under way.
    update::update(&mut desk.model, Msg::News(News::Counted(0, Ok(counts(666_001, 1)))));
    update::update(&mut desk.model, Msg::News(News::Counted(2, Err(Error::failure("\u{1b}[31mno route")))));
    let frame = desk.frame(110, 40);
    assert!(!frame.contains("666,001") && frame.contains("not known: \u{fffd}[31mno route"), "{frame}");
    // An edit takes the place of a count, and an answer to what was edited before is none.
    update::update(&mut desk.model, Msg::Key(event("n")));
    for key in format!("{NESTED} e").split(' ') {
        update::update(&mut desk.model, Msg::Key(event(key)));
    }
    update::update(&mut desk.model, Msg::News(News::Counted(3, Ok(counts(555_001, 1)))));
    update::update(&mut desk.model, Msg::News(News::Previewed(3, Previewed::Incomplete("old".into()))));
    let frame = desk.frame(110, 40);
    assert!(frame.contains("reading the directory by this") && !frame.contains("555,001") && !frame.contains("old"), "{frame}");
    update::update(&mut desk.model, Msg::News(News::Previewed(4, Previewed::Incomplete("it broke off".into()))));
    assert!(desk.frame(110, 40).contains("it broke off"));
}

#[test]
fn who_removes_everybody_is_told() {
    let amount = |n| Some(Counted { amount: Ok(Amount { n, is_all: true }), at: support::NOW });
    for (base, filter, group, remover) in [
        (amount(0), amount(0), None, Some(Remover::Base)),
        (amount(9), amount(0), amount(3), Some(Remover::Filter(9))),
        (None, amount(0), None, Some(Remover::Filter(0))),
        (amount(9), amount(5), amount(0), Some(Remover::EmptyGroup(5))),
        (amount(9), amount(5), amount(3), Some(Remover::Group(5, 3))),
        (amount(9), None, None, None),
        (amount(9), amount(5), None, None),
        (None, None, None, None),
    ] {
        assert_eq!(
            Counts { base: base.clone(), filter: filter.clone(), group: group.clone(), unseen: false, done: true }.remover(),
            remover
        );
        // Where the reader sees nothing, no clause is to blame.
        assert_eq!(Counts { base, filter, group, unseen: true, done: true }.remover(), Some(Remover::Unseen));
    }
    let mut desk = Desk::small(setting());
    desk.frame(110, 40);
    edit(&mut desk, FILTER, "(sn=nobody at all)");
    let frame = desk.frame(110, 40);
    assert!(frame.contains("0 IN SCOPE: THE FILTER REMOVES THEM ALL: 126 are under the base, and none matches it"), "{frame}");
}

#[test]
fn a_location_is_saved_once_who_leaves_was_confirmed_and_both_ends_are_read_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = Desk::small(Setting { file: Some(file.clone()), ..setting() });
    let text = desk.config.replace("nested_groups = true", "nested_groups = true  # the teams too");
    std::fs::write(&file, &text).unwrap();
    desk.frame(110, 40);
    desk.press("1 ctrl-s");
    assert!(desk.notice().contains("every clause is as in the configuration"), "{}", desk.notice());
    let people = desk.snapshot.source().users;
    desk.press(&format!("{NESTED} e"));
    // It is asked about as soon as it is known.
    desk.press("ctrl-s");
    desk.until(|m| m.question().is_some());
    let asked = desk.frame(120, 40);
    assert!(asked.contains("nested_groups: true → false") && asked.contains("people leave: "), "{asked}");
    let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    same_as_before("source-save-120x40", &asked.replace(&name, &"x".repeat(name.len())));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    // Somebody else wrote there: nothing is overwritten.
    std::fs::write(&file, text.replace("sn\"", "sn | upper\"")).unwrap();
    desk.press("enter");
    desk.until_shown("changed by somebody else");
    desk.press("esc");
    std::fs::write(&file, &text).unwrap();
    desk.press("ctrl-s");
    desk.until(|m| m.question().is_some());
    let era = desk.snapshot.era();
    desk.press("enter");
    while desk.snapshot.era() == era || desk.snapshot.is_busy() {
        desk.next();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text.replace("nested_groups = true", "nested_groups = false"));
    let now = desk.snapshot.source().users;
    assert!(now < people && !desk.model.is_source_edited(), "{now}");
    assert!(desk.frame(110, 40).contains("false: direct members only"));
    // What is sent goes by it, without a restart.
    loop {
        desk.live.propose(None);
        desk.until(|m| m.question().is_some());
        let told = desk.frame(120, 40);
        desk.press("esc");
        // Until the approver has heard of the last snapshot it says so.
        if !told.contains("still being made") {
            assert!(told.contains("Apply to"), "{told}");
            break;
        }
    }
    // Nobody at all: in capitals before, and afterwards which clause it is.
    edit(&mut desk, FILTER, "(sn=nobody at all)");
    desk.press("ctrl-s");
    let asked = desk.frame(120, 40);
    assert!(asked.contains("0 IN SCOPE. THE FILTER REMOVES THEM ALL"), "{asked}");
    desk.press("enter");
    while desk.snapshot.source().users > 0 || desk.snapshot.is_busy() {
        desk.next();
    }
    desk.until_shown("THE FILTER REMOVES THEM ALL");
    // The group is counted last.
    desk.until_shown("  67\n");
    desk.live.look(desk.model.spec().clone());
    desk.answer();
    desk.press("k j");
    same_as_before("source-nobody-120x40", &desk.frame(120, 40));
    let facets = desk.snapshot.facets();
    assert_eq!(facets.of(rosterm::model::Situation::Leaving), 0, "an empty source removes nobody");
}

#[test]
fn who_would_leave_is_looked_at_again_once_another_rule_was_tried() {
    let mut desk = Desk::small(setting());
    desk.frame(110, 40);
    edit(&mut desk, FILTER, "(sn=nobody at all)");
    assert!(desk.frame(110, 40).contains("THE FILTER REMOVES THEM ALL"), "{}", desk.frame(110, 40));
    // What came of it was told by the rules before.
    desk.press("2 j j j e");
    desk.type_in(" | upper");
    desk.press("esc 1");
    let frame = desk.frame(110, 40);
    assert!(frame.contains("(sn=nobody at all)") && !frame.contains("REMOVES THEM ALL"), "{frame}");
}

#[test]
fn what_was_read_by_another_location_is_not_sent_although_a_rule_was_saved_since() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let mut desk = Desk::small(Setting { file: Some(file.clone()), ..setting() });
    std::fs::write(&file, &desk.config).unwrap();
    // Nobody can be read by it: what was read before stays on the screen.
    desk.live.relocate(file.clone(), vec![(Clause::Base, "ou=gone,dc=example,dc=test".to_owned())]);
    desk.until_failed("FAILED");
    let before = desk.snapshot.picture().fingerprint().to_owned();
    let rule = RuleEdit::Write(RuleText { value: Some("title | upper".to_owned()), ..RuleText::default() });
    desk.live.save(file.clone(), vec![("title".to_owned(), rule)]);
    desk.live.refresh();
    // Once it was tried again, whoever approves has heard of what came of the rule.
    loop {
        let news = desk.inbox.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
        if matches!(news, News::Failed(_)) {
            break;
        }
        update::update(&mut desk.model, Msg::News(news));
    }
    loop {
        desk.live.propose(None);
        desk.until_failed("It was not done");
        // Until whoever approves has heard of the last snapshot it says so.
        if !desk.frame(110, 40).contains("still being made") {
            break;
        }
        desk.press("esc");
    }
    let told = desk.frame(110, 40);
    assert!(told.contains("was read by the configuration of before: nothing is sent by it"), "{told}");
    assert!(std::fs::read_to_string(&file).unwrap().contains("title | upper"));
    desk.press("esc");
    // Nor is anything taken back by it.
    desk.live.undo(rosterm::journal::run::RunId(1));
    desk.until_failed("have not been read by the configuration as it is now");
    assert_eq!(desk.snapshot.picture().fingerprint(), before);
}

#[test]
fn nothing_is_saved_in_the_demo_and_with_read_only_and_both_can_be_looked_at() {
    for (setting, why) in [(setting(), "the demo has no configuration file"), (Setting { read_only: true, ..setting() }, "--read-only")] {
        let mut desk = Desk::small(setting);
        desk.frame(110, 40);
        desk.press(&format!("{NESTED} e"));
        settled(&mut desk);
        assert!(desk.frame(110, 40).contains("0 enter, "));
        assert_eq!(desk.press("ctrl-s"), []);
        assert!(desk.notice().contains(why), "{}", desk.notice());
    }
}

/// Some counts, for whoever does not care which.
pub fn some_counts(n: usize) -> Counts {
    let amount = |n: usize| Some(Counted { amount: Ok(Amount { n, is_all: !n.is_multiple_of(3) }), at: support::NOW });
    let failed = Counted { amount: Err("\u{1b}[2J".repeat(n)), at: support::NOW };
    let group = if n.is_multiple_of(2) { amount(n / 2) } else { Some(failed) };
    Counts { base: amount(n * 1_000_003), filter: amount(n), group, unseen: false, done: n.is_multiple_of(5) }
}

/// What another policy may come to, hostile names in it.
fn some_judged(n: usize) -> Judged {
    let moves = vec![(Action::Disable, Action::Delete, n), (Action::None, Action::Create, n * 1_000_003)];
    let deleted = vec!["\u{202e}漢\n".repeat(n % 40)];
    let unprotected = (0..n % 20).map(|i| ("\u{1b}[2J".repeat(i), vec![Action::ALL[i % 7]; i % 3])).collect();
    Judged { moves, deleted, unprotected, at_least: n.is_multiple_of(2), removals: (n, Some(n / 2)), ..Judged::default() }
}

/// What may come of a preview, hostile names in it.
pub fn some_preview(n: usize) -> Previewed {
    if n.is_multiple_of(7) {
        return Previewed::Failed(Error::failure("\u{202e}x".repeat(n * 10)).hint("y"));
    }
    let mover = |i: usize| Mover {
        called: "\u{1b}[2J漢".repeat(i),
        name: "e\u{301}".repeat(i * 9),
        dn: "cn=x\n".repeat(i),
        has_account: i.is_multiple_of(2),
    };
    let movers: Vec<Mover> = (0..n).map(mover).collect();
    let against = Against { enter: n * 2, leave: n, leaving: movers.clone(), entering: movers, with_account: n / 2, ..Against::default() };
    let against = if n.is_multiple_of(5) { Err("\u{7}not read".to_owned()) } else { Ok(against) };
    let counts = (n < 10).then(|| some_counts(n));
    let unbound = n.is_multiple_of(3).then(|| Unbound { links: n, holds: n / 2, differs: "\u{1b}[2J".repeat(n) });
    let judged = n.is_multiple_of(4).then(|| if n.is_multiple_of(8) { Err("\u{7}".repeat(n)) } else { Ok(some_judged(n)) });
    if n.is_multiple_of(11) {
        return Previewed::Judged(Arc::new(Ok(some_judged(n))));
    }
    Previewed::Read(Arc::new(Preview { in_scope: n.saturating_sub(9), disabled: n, at: support::NOW, against, counts, unbound, judged }))
}
