use super::*;
use crate::config::Config;
use crate::engine::picture::cell::Cell;
use crate::engine::{self, Ends};
use crate::identity::population::{BatchBuilder, Draft};
use crate::mapping::{Context, Rules};
use crate::model::{Cause, EntryEvidence, LinkOrigin, Verdicts};
use crate::source::{Source, ldif, memory, vendor};
use crate::target::{Columns, Target};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

const NOW: Instant = Instant(1_790_000_000);

const MAPPING: [&str; 12] = [
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title | upper\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title\" }\nemail = \"mail | upper\"\nmanager = \"manager\"",
    "userName = \"mail | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    "userName = \"uid | lower\"\nexternalId = \"'x' ~ uid\"\ntitle = { value = \"title\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"'t1'\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"'t2'\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    // The last fields have no rule, and one in between manages nothing.
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title\", required = true }\nemail = \"mail\"",
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title\", required = true }",
    "userName = \"uid | lower\"",
    // Two that read the same, which nobody's account has.
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title ~ 'x'\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
    "userName = \"uid | lower\"\nexternalId = \"entry_id\"\ntitle = { value = \"title ~ 'xy' ~ entry_id\", required = true }\nemail = \"mail\"\nmanager = \"manager\"",
];

fn config(mapping: &str, base_url: &str) -> Config {
    let text = include_str!("../../../assets/demo/rosterm.toml").replace("BASE_URL", base_url).replace("DIRECTORY", "x.ldif");
    let head = text.split("[channels.demo.mapping]").next().unwrap();
    let head = head.lines().filter(|l| !l.starts_with("group_dn") && !l.starts_with("nested")).collect::<Vec<_>>().join("\n");
    Config::parse(Path::new("t.toml"), &format!("{head}\n[channels.demo.mapping]\n{mapping}\n")).unwrap()
}

/// A picture with nobody in it, and the rules of each mapping over its columns.
type Start = (Picture, Vec<Rules>);

/// With managers, and without: whom a reference means hangs on everything else, so an edit redoes more where there are any.
static START: LazyLock<[Start; 2]> =
    LazyLock::new(|| [MAPPING.map(|m| m.replace("\nmanager = \"manager\"", "")), MAPPING.map(str::to_owned)].map(|m| start(&m)));

/// The service is asked once, to be opened.
fn start(mappings: &[String]) -> Start {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let service = crate::demo::service::Service::start(Vec::new(), crate::demo::service::Faults::default()).await.unwrap();
        let channel = config(&mappings[0], service.base_url()).channels[0].clone();
        let (connector, compiled) = engine::compile(&channel).unwrap();
        let over = |m: &String| engine::compile_over(&config(m, service.base_url()).channels[0], compiled.schema().clone()).unwrap().1;
        let rules: Vec<Rules> = mappings.iter().map(over).collect();
        let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
        vendor::override_with(&mut settings, &channel.source.settings);
        let records = ldif::parse("x", b"dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n").unwrap();
        let directory = memory::Directory::new("memory", "x".into(), records, settings, &channel.source.location, NOW).unwrap();
        let columns = Columns::new(compiled.rules().iter().map(|r| &r.field));
        let target = Target::open(&channel.target, &connector, columns).await.unwrap();
        let ends = Ends { source: Source::Memory(Box::new(directory)), target, connector, rules: compiled };
        let schema = ends.rules.schema().clone();
        (Picture::new(&channel, &ends, schema, Context { now: NOW }), rules)
    })
}

/// A person: uid, title, mail, manager, disabled.
type Person = (u8, u8, u8, u8, bool);
/// An account: user name, title, mail, externalId, inactive.
type Account = (u8, u8, u8, u8, bool);

#[derive(Debug, Clone, Default)]
struct Truth {
    people: BTreeMap<u8, Person>,
    accounts: BTreeMap<u8, Account>,
}

#[derive(Debug, Clone)]
enum Event {
    Person(u8, Option<Person>),
    Account(u8, Option<Account>),
    /// Changes in a row that are read at once, as single look-ups bring them.
    One(u8),
    ReadSource(usize, bool),
    ReadTarget(usize, bool, bool),
    /// Other rules, and where there are two of them, others again before anything was redone.
    Edit(usize, Option<usize>),
    References,
    Whereabouts(u8, u8),
    Gone(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let person = (0u8..5, 0u8..3, 0u8..4, 0u8..6, prop::bool::weighted(0.2));
    let account = (0u8..5, 0u8..3, 0u8..4, 0u8..9, prop::bool::weighted(0.2));
    prop_oneof![
        4 => (0u8..8, prop::option::weighted(0.8, person)).prop_map(|(n, p)| Event::Person(n, p)),
        4 => (0u8..8, prop::option::weighted(0.8, account)).prop_map(|(n, a)| Event::Account(n, a)),
        2 => (0u8..8).prop_map(Event::One),
        2 => (1usize..9, prop::bool::weighted(0.8)).prop_map(|(n, c)| Event::ReadSource(n, c)),
        2 => (1usize..9, prop::bool::weighted(0.8), prop::bool::weighted(0.2)).prop_map(|(n, c, a)| Event::ReadTarget(n, c, a)),
        3 => (0usize..MAPPING.len(), prop::option::weighted(0.3, 0usize..MAPPING.len())).prop_map(|(a, b)| Event::Edit(a, b)),
        1 => Just(Event::References),
        1 => (0u8..8, 0u8..4).prop_map(|(n, w)| Event::Whereabouts(n, w)),
        1 => (0u8..8).prop_map(Event::Gone),
    ]
}

fn id(n: u8) -> String {
    format!("e{n}")
}

fn dn(n: u8) -> String {
    format!("uid=p{n},ou=people,dc=example,dc=test")
}

fn column(store: &Store, name: &str) -> Option<u16> {
    store.picture.entries.schema().column(name)
}

fn people(store: &Store, of: &[(u8, Person)]) -> Batch {
    let mut builder = BatchBuilder::new(store.picture.entries.schema());
    let mut draft = Draft::default();
    for (n, (uid, title, mail, manager, off)) in of {
        draft.begin(&id(*n), &dn(*n));
        draft.set_off(*off);
        for (name, value) in [
            ("uid", (*uid > 0).then(|| format!("U{uid}"))),
            ("title", (*title > 0).then(|| format!("t{title}"))),
            ("mail", (*mail > 0).then(|| format!("u{mail}@x.test"))),
            ("manager", (*manager > 0).then(|| dn(*manager))),
        ] {
            if let (Some(value), Some(column)) = (value, column(store, name)) {
                draft.push(column, &value);
            }
        }
        builder.push(&mut draft);
    }
    builder.seal()
}

fn accounts(store: &Store, of: &[(u8, Account)]) -> Batch {
    let columns = &store.picture.about.columns;
    let mut builder = BatchBuilder::new(columns.schema());
    let mut draft = Draft::default();
    for (n, (name, title, mail, external, off)) in of {
        let user_name = if *name == 0 { String::new() } else { format!("u{name}") };
        draft.begin(&format!("a{n}"), &user_name);
        draft.set_off(*off);
        let external = (*external < 8).then(|| id(*external));
        // By the place of the rule.
        for (at, value) in
            [(1, external), (2, (*title > 0).then(|| format!("t{title}"))), (3, (*mail > 0).then(|| format!("u{mail}@x.test")))]
        {
            if let Some(value) = value {
                draft.push(at, &value);
            }
        }
        builder.push(&mut draft);
    }
    builder.seal()
}

fn links() -> Vec<Link> {
    let link = |e: u8, a: u8, shown: &str| Link {
        entry: crate::identity::EntryId::new(id(e)),
        account: crate::identity::AccountId::new(format!("a{a}")),
        channel: "demo".into(),
        origin: LinkOrigin::Created,
        since: NOW,
        remembered: vec![shown.to_owned()],
        last_active: true,
    };
    vec![link(1, 1, "u1"), link(2, 3, "u2"), link(6, 7, "u4")]
}

fn store(managers: bool, mapping: usize) -> Store {
    let start = &START[usize::from(managers)];
    let mut store = Store::new(start.0.clone());
    store.remember(&links(), Vec::new(), &HashSet::new());
    store.set_rules(start.1[mapping].clone()).ok().unwrap();
    store
}

fn end(complete: bool) -> ReadEnd {
    if complete { ReadEnd::Complete } else { ReadEnd::incomplete(Cause::SizeLimit, "") }
}

/// Who would be created, enabled or removed.
fn grave(store: &Store) -> HashSet<(Subject, crate::model::Action)> {
    use crate::model::Action::{Link, None, Update};
    let users = store.picture.subjects().filter_map(|s| Some((s, store.picture.user_of(s)?.verdict.action)));
    users.filter(|(_, action)| !matches!(action, Link | None | Update)).collect()
}

fn read_source(store: &mut Store, truth: &Truth, chunk: usize, complete: bool) {
    let all: Vec<(u8, Person)> = truth.people.clone().into_iter().collect();
    let before = grave(store);
    store.begin_source();
    let read = if complete { &all[..] } else { &all[..all.len() / 2] };
    for part in read.chunks(chunk) {
        let batch = people(store, part);
        store.absorb_entries(&batch);
        assert!(grave(store).is_subset(&before), "a reading that has not ended proposes nothing grave");
    }
    store.end_source(end(complete), NOW);
}

fn read_target(store: &mut Store, truth: &Truth, chunk: usize, complete: bool, again: bool) {
    let all: Vec<(u8, Account)> = truth.accounts.clone().into_iter().collect();
    let before = grave(store);
    store.begin_target();
    if again {
        let batch = accounts(store, &all);
        store.absorb_accounts(&batch);
        store.begin_target();
    }
    let read = if complete { &all[..] } else { &all[..all.len() / 2] };
    for part in read.chunks(chunk) {
        let batch = accounts(store, part);
        store.absorb_accounts(&batch);
        // That a linked person has left is known by the directory alone.
        let mut grave = grave(store);
        grave.retain(|(_, action)| !action.is_deprovision());
        assert!(grave.is_subset(&before), "a listing that has not ended creates and enables nobody");
    }
    store.end_target(end(complete), NOW);
}

/// Everything that a full pass over the same users gives.
fn full(store: &Store) -> (Vec<Cell>, Vec<u64>, Vec<Cell>, Tally) {
    let mut other = Store::new(store.picture.clone());
    other.picture.people = crate::identity::paged::Paged::of(store.picture.people.len());
    other.picture.masks = crate::identity::paged::Paged::of(store.picture.masks.len());
    other.picture.others = crate::identity::paged::Paged::of(store.picture.others.len());
    other.picture.tally = Tally::default();
    for link in store.picture.links.numbers() {
        let (entry, account) = (store.picture.links.entry(link), store.picture.links.account(link));
        let number = other.matcher.add_link(store.picture.entries.by_id(entry), store.picture.accounts.by_id(account));
        if store.matcher.is_gone(link) {
            other.matcher.set_account_gone(number);
        }
    }
    for row in store.picture.entries.rows() {
        let (key, external) = store.keys_of_entry(row);
        other.matcher.set_entry(row, key, external);
    }
    for row in store.picture.accounts.rows() {
        other.take_account(Upsert::Changed(row));
    }
    other.bind_all();
    other.evaluate_all();
    state(&other)
}

type State = (Vec<Cell>, Vec<u64>, Vec<Cell>, Tally);

fn state(store: &Store) -> State {
    let picture = &store.picture;
    // What is left in the cell of an account that another row names is nobody's business.
    let own = |cell: &Cell| {
        let mut cell = *cell;
        if !cell.is_own_row() {
            cell.verdict = Cell::default().verdict;
        }
        cell
    };
    let masks = picture.masks.iter().zip(picture.people.iter()).map(|(m, c)| if *c == Cell::default() { 0 } else { *m }).collect();
    (picture.people.iter().copied().collect(), masks, picture.others.iter().map(own).collect(), picture.tally)
}

use crate::engine::picture::Tally;

/// Everybody's row, by their ids: what does not depend on the order in which they came.
fn rows(store: &mut Store) -> Vec<String> {
    store.conclude();
    let picture = store.picture();
    let mut rows: Vec<String> = picture
        .subjects()
        .filter_map(|s| picture.user_of(s))
        .map(|user| {
            let mut row = picture.row(&user);
            row.candidates.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
            serde_json::to_string(&row).unwrap()
        })
        .collect();
    rows.sort();
    rows
}

fn learn(store: &mut Store, known: &[(u8, u8)], gone: &[u8]) {
    let mut answers: Vec<Evidence> = known
        .iter()
        .map(|(n, what)| {
            let evidence = match what {
                0 => EntryEvidence::NotFound { base: "x".into() },
                1 => EntryEvidence::Unknown { cause: "y".into() },
                n => EntryEvidence::Found { dn: "z".into(), disabled: *n == 2, verdicts: Verdicts::default() },
            };
            Evidence::Entry(crate::identity::EntryId::new(id(*n)), evidence)
        })
        .collect();
    let listed = |n: &&u8| store.picture.accounts.by_id(&format!("a{n}")).is_none();
    let account = |n: &u8| Evidence::Account(crate::identity::AccountId::new(format!("a{n}")), AccountEvidence::NotFound);
    answers.extend(gone.iter().filter(listed).map(account));
    store.learn(answers);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn incremental_equals_full_and_a_refresh_equals_a_fresh_read(managers in any::<bool>(), events in prop::collection::vec(event(), 1..40), chunk in 1usize..9) {
        let mut truth = Truth::default();
        let mut store = store(managers, 0);
        let mut mapping = 0;
        let (mut known, mut gone) = (Vec::new(), Vec::new());
        for event in events {
            match event.clone() {
                Event::Person(n, Some(person)) => { truth.people.insert(n, person); }
                Event::Person(n, None) => { truth.people.remove(&n); }
                Event::Account(n, Some(account)) => { truth.accounts.insert(n, account); }
                Event::Account(n, None) => { truth.accounts.remove(&n); }
                Event::One(n) => {
                    if let Some(person) = truth.people.get(&n) {
                        let batch = people(&store, &[(n, *person)]);
                        store.absorb_entries(&batch);
                    }
                    if let Some(account) = truth.accounts.get(&n) {
                        let batch = accounts(&store, &[(n, *account)]);
                        store.absorb_accounts(&batch);
                    }
                }
                Event::ReadSource(chunk, complete) => read_source(&mut store, &truth, chunk, complete),
                Event::ReadTarget(chunk, complete, again) => read_target(&mut store, &truth, chunk, complete, again),
                Event::Edit(other, another) => {
                    let mut dirty = Dirty::NOTHING;
                    for other in [Some(other), another].into_iter().flatten() {
                        mapping = other;
                        dirty = dirty.and(store.set_rules(START[usize::from(managers)].1[other].clone()).ok().unwrap());
                        let seen: Vec<Subject> = store.picture.subjects().take(3).collect();
                        store.redo_first(&seen);
                    }
                    let mut from = 0;
                    while let Some(next) = store.redo(dirty, from) {
                        from = next;
                    }
                }
                Event::References => { store.find_references(); }
                Event::Whereabouts(n, what) => {
                    known.push((n, what));
                    learn(&mut store, &known[known.len() - 1..], &[]);
                }
                Event::Gone(n) => {
                    gone.push(n);
                    learn(&mut store, &[], &gone[gone.len() - 1..]);
                }
            }
            prop_assert_eq!(state(&store), full(&store), "after {:?}", event);
        }
        read_target(&mut store, &truth, 3, true, false);
        read_source(&mut store, &truth, 2, true);
        store.find_references();
        learn(&mut store, &known, &gone);
        prop_assert_eq!(state(&store), full(&store));
        let mut fresh = self::store(managers, mapping);
        read_source(&mut fresh, &truth, chunk, true);
        read_target(&mut fresh, &truth, 9 - chunk, true, false);
        fresh.find_references();
        learn(&mut fresh, &known, &gone);
        prop_assert_eq!(rows(&mut store), rows(&mut fresh));
    }
}

/// Everybody's rules are others: what is left to do is done.
fn edit(store: &mut Store, mapping: usize) {
    let dirty = store.set_rules(START[0].1[mapping].clone()).ok().unwrap();
    let mut from = 0;
    while let Some(next) = store.redo(dirty, from) {
        from = next;
    }
}

#[test]
fn whoever_differs_is_held_against_marks_of_the_accounts_as_they_are_by_now() {
    let mut truth = Truth::default();
    for n in 1..8 {
        truth.people.insert(n, (n, 1, 1, 0, false));
        truth.accounts.insert(n, (n, 1, 1, 8, false));
    }
    let mut store = store(false, 0);
    read_source(&mut store, &truth, 3, true);
    read_target(&mut store, &truth, 3, true, false);
    let title = |store: &Store| store.picture.tally.with_field(2);
    // Everybody wants another one than what the account has, by either rule.
    edit(&mut store, 1);
    assert!(store.marks.is_none(), "nobody differed");
    edit(&mut store, 6);
    assert!(store.marks.is_some(), "everybody differed");
    assert_eq!(state(&store), full(&store));
    let before = title(&store);
    edit(&mut store, 1);
    // Somebody's account has by now what the next rule wants.
    truth.accounts.insert(5, (5, 2, 1, 8, false));
    let batch = accounts(&store, &[(5, truth.accounts[&5])]);
    store.absorb_accounts(&batch);
    edit(&mut store, 6);
    assert_eq!(state(&store), full(&store));
    assert_eq!(title(&store), before - 1);
    edit(&mut store, 0);
    assert_eq!(state(&store), full(&store));
}

/// What the rule of the title reads while it is typed.
const TYPED: [usize; 4] = [0, 1, 10, 11];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_rule_that_is_typed_comes_to_what_a_full_pass_gives_whoever_is_read_meanwhile(
        steps in prop::collection::vec((0usize..TYPED.len(), prop::option::of((1u8..8, 0u8..4, 0u8..4, any::<bool>()))), 1..12),
    ) {
        let mut truth = Truth::default();
        for n in 1..8 {
            truth.people.insert(n, (n, 1, 1, 0, false));
            truth.accounts.insert(n, (n, 2, 1, 8, false));
        }
        let mut store = store(false, 0);
        read_source(&mut store, &truth, 3, true);
        read_target(&mut store, &truth, 3, true, false);
        for (mapping, read) in steps {
            edit(&mut store, TYPED[mapping]);
            prop_assert_eq!(state(&store), full(&store));
            let Some((n, ours, theirs, of_people)) = read else { continue };
            if of_people {
                let batch = people(&store, &[(n, (n, ours, 1, 0, false))]);
                store.absorb_entries(&batch);
            } else {
                let batch = accounts(&store, &[(n, (n, theirs, 1, 8, false))]);
                store.absorb_accounts(&batch);
            }
            prop_assert_eq!(state(&store), full(&store));
        }
    }
}

#[test]
fn who_differs_still_is_told_by_values_that_lie_together_as_long_as_they_are_those_of_the_entries() {
    let mut truth = Truth::default();
    for n in 1..8 {
        truth.people.insert(n, (n, 1, 1, 0, false));
        truth.accounts.insert(n, (n, 2, 1, 8, false));
    }
    let mut store = store(false, 0);
    read_source(&mut store, &truth, 3, true);
    read_target(&mut store, &truth, 3, true, false);
    edit(&mut store, 10);
    edit(&mut store, 11);
    let told = |store: &Store| {
        let marks = store.marks.as_ref().unwrap();
        let differs = |row: &RowIx| store.picture.people.at(row.index()).account().is_some_and(|a| marks.differs(&store.picture, *row, a));
        store.picture.entries.rows().filter(differs).count()
    };
    assert!(told(&store) > 4, "whoever has an account has another title");
    // Somebody has the title by now that the account has.
    let batch = people(&store, &[(5, (5, 2, 1, 0, false))]);
    store.absorb_entries(&batch);
    edit(&mut store, 0);
    assert_eq!(state(&store), full(&store));
    let before = store.picture.tally.with_field(2);
    edit(&mut store, 10);
    assert_eq!(state(&store), full(&store));
    assert_eq!(store.picture.tally.with_field(2), before + 1);
}
