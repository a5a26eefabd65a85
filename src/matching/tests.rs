use super::*;
use crate::identity::value::key_hash;
use proptest::prelude::*;

/// Entries `(key, external)`, accounts `(key, external)`, links `(entry, account)`.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a [(u32, Option<u32>)]);

fn matcher((entries, accounts, links): Case<'_>) -> Matcher {
    let mut matcher = Matcher::new();
    let some = |text: &str| (!text.is_empty()).then(|| key_hash(text));
    for (row, (key, external)) in entries.iter().enumerate() {
        // An entry whose key is "-" is remembered by a link, but not in scope.
        if *key != "-" {
            matcher.set_entry(RowIx(narrow(row)), some(key), some(external));
        }
    }
    for (row, (key, external)) in accounts.iter().enumerate() {
        matcher.set_account(RowIx(narrow(row)), some(key), some(external));
    }
    for (entry, account) in links {
        matcher.add_link(Some(RowIx(*entry)), account.map(RowIx));
    }
    matcher
}

#[test]
fn pairing_follows_links_then_external_ids_then_keys() {
    use AccountPairing as A;
    use EntryPairing as E;
    use Reason::{DuplicateInSource, DuplicateInTarget, LinkedElsewhere, RenameCollision};
    let r = RowIx;
    let table: &[(&str, Case<'_>, &[EntryPairing], &[AccountPairing])] = &[
        ("a key that both have once", (&[("a", "")], &[("a", "")], &[]), &[E::ByKey(r(0))], &[A::Paired(r(0))]),
        ("different keys", (&[("a", "")], &[("b", "")], &[]), &[E::Alone], &[A::Alone]),
        ("empty keys pair with nothing", (&[("", ""), ("", "")], &[("", ""), ("", "")], &[]), &[E::Alone, E::Alone], &[A::Alone, A::Alone]),
        ("two entries, one account", (&[("a", ""), ("a", "")], &[("a", "")], &[]), &[E::Ambiguous(DuplicateInSource); 2], &[A::Contested]),
        ("two entries, no account", (&[("a", ""), ("a", "")], &[], &[]), &[E::Ambiguous(DuplicateInSource); 2], &[]),
        ("one entry, two accounts", (&[("a", "")], &[("a", ""), ("a", "")], &[]), &[E::Ambiguous(DuplicateInTarget)], &[A::Contested; 2]),
        ("no entry, two accounts", (&[], &[("a", ""), ("a", "")], &[]), &[], &[A::Alone, A::Alone]),
        ("a link beats a key", (&[("a", "")], &[("a", ""), ("b", "")], &[(0, Some(0))]), &[E::Linked(r(0))], &[A::Paired(r(0)), A::Alone]),
        ("a rename is not a new person", (&[("new", "")], &[("old", "")], &[(0, Some(0))]), &[E::Linked(r(0))], &[A::Paired(r(0))]),
        (
            "a rename to a name that a free account has",
            (&[("b", "")], &[("a", ""), ("b", "")], &[(0, Some(0))]),
            &[E::Ambiguous(RenameCollision)],
            &[A::Paired(r(0)), A::Contested],
        ),
        (
            "a rename to a name that a linked account has",
            (&[("b", ""), ("b", "")], &[("a", ""), ("b", "")], &[(0, Some(0)), (1, Some(1))]),
            &[E::Ambiguous(RenameCollision), E::Linked(r(1))],
            &[A::Paired(r(0)), A::Paired(r(1))],
        ),
        (
            "two renames to one name",
            (&[("c", ""), ("c", "")], &[("a", ""), ("b", "")], &[(0, Some(0)), (1, Some(1))]),
            &[E::Ambiguous(RenameCollision); 2],
            &[A::Paired(r(0)), A::Paired(r(1))],
        ),
        (
            "a newcomer with the key of a linked account",
            (&[("a", ""), ("a", "")], &[("a", "")], &[(0, Some(0))]),
            &[E::Linked(r(0)), E::Ambiguous(LinkedElsewhere)],
            &[A::Paired(r(0))],
        ),
        (
            "a person deleted and created anew",
            (&[("-", ""), ("a", "")], &[("a", "")], &[(0, Some(0))]),
            &[E::Alone, E::Ambiguous(LinkedElsewhere)],
            &[A::LinkedElsewhere(0)],
        ),
        (
            "a newcomer with the key that a linked entry is renamed to",
            (&[("b", ""), ("b", "")], &[("a", "")], &[(0, Some(0))]),
            &[E::Linked(r(0)), E::Ambiguous(DuplicateInSource)],
            &[A::Paired(r(0))],
        ),
        ("a linked account that is not listed", (&[("a", "")], &[], &[(0, None)]), &[E::LinkedUnlisted(0)], &[]),
        (
            "nobody else gets the key of one whose account is not listed",
            (&[("a", ""), ("a", "")], &[("a", "")], &[(0, None)]),
            &[E::LinkedUnlisted(0), E::Ambiguous(DuplicateInSource)],
            &[A::Contested],
        ),
        (
            "an externalId beats a key",
            (&[("a", "id0")], &[("x", "id0"), ("b", "")], &[]),
            &[E::ByExternalId(r(0))],
            &[A::Paired(r(0)), A::Alone],
        ),
        (
            "an externalId against a key",
            (&[("a", "id0")], &[("x", "id0"), ("a", "")], &[]),
            &[E::Ambiguous(DuplicateInTarget)],
            &[A::Paired(r(0)), A::Contested],
        ),
        (
            "two accounts with one externalId",
            (&[("a", "id0")], &[("x", "id0"), ("y", "id0")], &[]),
            &[E::Ambiguous(DuplicateInTarget)],
            &[A::Contested; 2],
        ),
        (
            "an externalId that is on an account linked to somebody else",
            (&[("a", "id0"), ("b", "")], &[("b", "id0"), ("a", "")], &[(1, Some(0))]),
            &[E::Ambiguous(LinkedElsewhere), E::Linked(r(0))],
            &[A::Paired(r(1)), A::Contested],
        ),
        ("an externalId that names nobody", (&[("a", "id0")], &[("a", "other")], &[]), &[E::ByKey(r(0))], &[A::Paired(r(0))]),
    ];
    for (name, case, entries, accounts) in table {
        let matcher = matcher(*case);
        let got: Vec<_> = (0..narrow(entries.len())).map(|e| matcher.entry(r(e))).collect();
        assert_eq!(got, *entries, "entries: {name}");
        let got: Vec<_> = (0..narrow(accounts.len())).map(|a| matcher.account(r(a))).collect();
        assert_eq!(got, *accounts, "accounts: {name}");
    }
}

#[test]
fn a_key_that_enters_or_leaves_a_great_group_touches_few() {
    let mut matcher = Matcher::new();
    let shared = Some(7);
    for row in 0..2000 {
        matcher.set_entry(RowIx(row), shared, None);
    }
    for row in 0..2000 {
        matcher.set_account(RowIx(row), Some(9), None);
    }
    let few = |matcher: &mut Matcher| {
        let touched = matcher.take_touched();
        assert!(touched.entries.len() + touched.accounts.len() < 8 && touched.entries_of.is_empty() && touched.accounts_of.is_empty());
    };
    matcher.take_touched();
    matcher.set_entry(RowIx(2000), shared, None);
    few(&mut matcher);
    matcher.set_entry(RowIx(5), Some(8), None);
    few(&mut matcher);
    matcher.set_account(RowIx(5), Some(8), None);
    few(&mut matcher);
    matcher.set_account(RowIx(2000), shared, None);
    few(&mut matcher);
    // The first entry with the key of two thousand free accounts makes all of them contested: they are found by the key.
    matcher.set_entry(RowIx(2001), Some(9), None);
    assert_eq!(matcher.take_touched().accounts_of, [9]);
}

#[test]
fn an_entry_whose_account_is_gone_is_paired_anew() {
    let mut matcher = matcher((&[("a", "")], &[("a", "")], &[(0, None)]));
    assert_eq!(matcher.entry(RowIx(0)), EntryPairing::LinkedUnlisted(0));
    assert_eq!(matcher.account(RowIx(0)), AccountPairing::Alone);
    matcher.set_account_gone(0);
    assert!(matcher.lost_account(RowIx(0)));
    assert_eq!(matcher.entry(RowIx(0)), EntryPairing::ByKey(RowIx(0)));
}

#[test]
fn candidates_name_everybody_who_is_contested() {
    let matcher = matcher((&[("a", ""), ("a", ""), ("b", "")], &[("a", ""), ("b", "")], &[]));
    let contests = matcher.contests(&ambiguous_of(&matcher));
    assert_eq!(matcher.candidates(&contests, RowIx(0)), (vec![RowIx(1)], vec![RowIx(0)]));
    assert_eq!(matcher.candidates(&contests, RowIx(2)), (vec![], vec![]));
}

#[derive(Debug, Clone)]
enum Event {
    Entry(u32, Option<(u8, bool)>),
    Account(u32, Option<(u8, u8)>),
    Link(u32, u32),
    Unlink(u8),
    Gone(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0u32..8, prop::option::of((0u8..4, any::<bool>()))).prop_map(|(r, s)| Event::Entry(r, s)),
        (0u32..8, prop::option::of((0u8..4, 0u8..12))).prop_map(|(r, s)| Event::Account(r, s)),
        (0u32..8, 0u32..10).prop_map(|(e, a)| Event::Link(e, a)),
        any::<u8>().prop_map(Event::Unlink),
        any::<u8>().prop_map(Event::Gone),
    ]
}

fn key(k: u8) -> Option<u64> {
    (k > 0).then(|| key_hash(&format!("k{k}")))
}

fn id(n: u32) -> u64 {
    key_hash(&format!("id{n}"))
}

/// The pairing of every row.
fn pairings(matcher: &Matcher) -> (Vec<EntryPairing>, Vec<AccountPairing>) {
    ((0..8).map(|e| matcher.entry(RowIx(e))).collect(), (0..8).map(|a| matcher.account(RowIx(a))).collect())
}

type Entries = std::collections::BTreeMap<u32, (u8, bool)>;
type Accounts = std::collections::BTreeMap<u32, (u8, u8)>;

fn put(matcher: &mut Matcher, entries: &Entries, accounts: &Accounts, links: &[(u32, u32, bool)], backwards: bool) {
    type Step = Box<dyn Fn(&mut Matcher)>;
    let mut steps: Vec<Step> = Vec::new();
    for (row, (k, external)) in entries.clone() {
        steps.push(Box::new(move |m| m.set_entry(RowIx(row), key(k), external.then(|| id(row)))));
    }
    for (row, (k, x)) in accounts.clone() {
        steps.push(Box::new(move |m| m.set_account(RowIx(row), key(k), (x < 8).then(|| id(u32::from(x))))));
    }
    for (entry, account, gone) in links.iter().copied() {
        steps.push(Box::new(move |m| {
            let link = m.add_link(Some(RowIx(entry)), (account < 8).then_some(RowIx(account)));
            if gone {
                m.set_account_gone(link);
            }
        }));
    }
    if backwards {
        steps.reverse();
    }
    for step in &steps {
        step(matcher);
    }
}

/// Link numbers depend on the order of events, so they are left out of the comparison.
fn picture(matcher: &Matcher) -> Vec<String> {
    let entries = (0..8).map(|e| match matcher.entry(RowIx(e)) {
        EntryPairing::LinkedUnlisted(link) => format!("unlisted {:?}", matcher.link_ends(link)),
        other => format!("{other:?} {}", matcher.lost_account(RowIx(e))),
    });
    let accounts = (0..8).map(|a| match matcher.account(RowIx(a)) {
        AccountPairing::LinkedElsewhere(link) => format!("elsewhere {:?}", matcher.link_ends(link)),
        other => format!("{other:?}"),
    });
    entries.chain(accounts).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn incremental_equals_full_and_order_never_matters(events in prop::collection::vec(event(), 0..40)) {
        let mut matcher = Matcher::new();
        let (mut entries, mut accounts) = (Entries::new(), Accounts::new());
        let mut links: Vec<(u32, u32, bool, u32)> = Vec::new();
        for event in events {
            let before = pairings(&matcher);
            matcher.take_touched();
            match event {
                Event::Entry(row, Some((k, external))) => {
                    entries.insert(row, (k, external));
                    matcher.set_entry(RowIx(row), key(k), external.then(|| id(row)));
                }
                Event::Entry(row, None) => {
                    entries.remove(&row);
                    matcher.remove_entry(RowIx(row));
                }
                Event::Account(row, Some((k, x))) => {
                    accounts.insert(row, (k, x));
                    matcher.set_account(RowIx(row), key(k), (x < 8).then(|| id(u32::from(x))));
                }
                Event::Account(row, None) => {
                    accounts.remove(&row);
                    matcher.remove_account(RowIx(row));
                }
                // The journal lets an entry and an account be in one link only.
                Event::Link(e, a) if links.iter().all(|l| l.0 != e && (l.1 != a || a >= 8)) => {
                    let link = matcher.add_link(Some(RowIx(e)), (a < 8).then_some(RowIx(a)));
                    links.push((e, a, false, link));
                }
                Event::Link(..) => {}
                Event::Unlink(i) => {
                    if !links.is_empty() {
                        let link = links.remove(usize::from(i) % links.len());
                        matcher.remove_link(link.3);
                    }
                }
                Event::Gone(i) => {
                    let n = links.len().max(1);
                    if let Some(link) = links.get_mut(usize::from(i) % n) {
                        link.2 = true;
                        matcher.set_account_gone(link.3);
                    }
                }
            }
            // Whoever is not noted as touched has the same pairing as before.
            let touched = matcher.take_touched();
            let of = |keys: &[u64], row, with: &dyn Fn(u64) -> Vec<RowIx>| keys.iter().any(|k| with(*k).contains(&row));
            let after = pairings(&matcher);
            for row in 0..8 {
                let ix = RowIx(narrow(row));
                let noted = touched.entries.contains(&ix) || of(&touched.entries_of, ix, &|k| matcher.entries_with(k).collect());
                prop_assert!(noted || before.0[row] == after.0[row], "entry {}: {:?} then {:?}", row, before.0[row], after.0[row]);
                let noted = touched.accounts.contains(&ix) || of(&touched.accounts_of, ix, &|k| matcher.accounts_with(k).collect());
                prop_assert!(noted || before.1[row] == after.1[row], "account {}: {:?} then {:?}", row, before.1[row], after.1[row]);
            }
        }
        let links: Vec<_> = links.into_iter().map(|l| (l.0, l.1, l.2)).collect();
        for backwards in [false, true] {
            let mut full = Matcher::new();
            put(&mut full, &entries, &accounts, &links, backwards);
            prop_assert_eq!(picture(&matcher), picture(&full));
        }
        // Counting everybody at once is the same as one after the other.
        let keys: Vec<Option<u64>> = (0..8).map(|row| entries.get(&row).and_then(|e| key(e.0))).collect();
        let mut again = matcher.clone();
        again.set_entry_keys(&keys.iter().map(|k| k.map(|k| k ^ 1)).collect::<Vec<_>>());
        again.set_entry_keys(&keys);
        prop_assert_eq!(picture(&again), picture(&matcher));
        // Everybody is in exactly one row: an account is named by one entry's row, or has its own, or is a candidate.
        let contests = matcher.contests(&ambiguous_of(&matcher));
        let mut named = std::collections::BTreeMap::<u32, Vec<String>>::new();
        for e in entries.keys() {
            match matcher.entry(RowIx(*e)) {
                EntryPairing::Linked(a) | EntryPairing::ByExternalId(a) | EntryPairing::ByKey(a) => named.entry(a.0).or_default().push(format!("row of {e}")),
                EntryPairing::Ambiguous(_) => {
                    for a in matcher.candidates(&contests, RowIx(*e)).1 {
                        named.entry(a.0).or_default().push("candidate".to_owned());
                    }
                }
                _ => {}
            }
        }
        for a in accounts.keys() {
            let rows = named.get(a).map_or(&[][..], Vec::as_slice);
            let of_entries = rows.iter().filter(|r| r.starts_with("row")).count();
            prop_assert!(of_entries <= 1);
            match matcher.account(RowIx(*a)) {
                AccountPairing::Paired(e) => prop_assert!(entries.contains_key(&e.0) && !rows.is_empty()),
                AccountPairing::Contested => prop_assert!(of_entries == 0 && !rows.is_empty(), "account {} is contested by nobody", a),
                AccountPairing::Alone | AccountPairing::LinkedElsewhere(_) => prop_assert_eq!(of_entries, 0),
            }
        }
    }
}

/// The entries of which it can't be told who they belong with.
fn ambiguous_of(matcher: &Matcher) -> Vec<RowIx> {
    let rows = (0..narrow(matcher.entries.len())).map(RowIx);
    rows.filter(|row| matches!(matcher.entry(*row), EntryPairing::Ambiguous(_))).collect()
}
