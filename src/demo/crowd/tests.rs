use super::*;
use crate::source::memory::Roll;
use std::collections::{HashMap, HashSet};

fn crowd(users: usize, linked: Linked) -> Crowd {
    Crowd::new(users, 7, linked)
}

#[test]
fn every_number_is_found_again_by_each_of_its_names() {
    let crowd = crowd(3_210, Linked::OneIn(3));
    let mut ids = HashSet::new();
    for n in 0..crowd.users() {
        assert_eq!(crowd.of_entry_id(&crowd.entry_id(n)), crowd.is_entry(n).then_some(n));
        let account = crowd.account(n);
        assert_eq!(crowd.of_account_id(&crowd.account_id(n)), account.is_some().then_some(n));
        assert!(ids.insert(crowd.entry_id(n)) && ids.insert(crowd.account_id(n)));
        if let Some(account) = account {
            let name = account["userName"].as_str().unwrap();
            assert_eq!(crowd.of_user_name(&name.to_uppercase()), Some(n), "{name}");
            assert_eq!(crowd.of_mail(account["emails"][0]["value"].as_str().unwrap()), Some(n));
            assert_eq!(account["externalId"], crowd.entry_id(n));
        }
        if let Some(record) = crowd.person(n) {
            assert_eq!(crowd.by_dn(&record.dn.to_uppercase()), Some(n), "{}", record.dn);
        }
    }
    let wrong = |id: &str| (crowd.of_entry_id(id), crowd.of_account_id(id), crowd.of_user_name(id), crowd.of_mail(id), crowd.by_dn(id));
    for id in [
        "",
        "u",
        "u000000000000",
        "x-y",
        "jsmith",
        "jsmith99999999999999999999",
        "cn=nobody 5,ou=tokyo,ou=people,dc=example,dc=test",
        "é5",
        "é5@x",
    ] {
        assert_eq!(wrong(id), (None, None, None, None, None), "{id}");
    }
}

#[test]
fn the_listing_has_every_account_once_and_knows_where() {
    for users in [0, 999, 1_000, 3_210] {
        let crowd = crowd(users, Linked::Nobody);
        let listed: Vec<usize> = (0..crowd.accounts()).map(|place| crowd.listed_at(place)).collect();
        for (place, n) in listed.iter().enumerate() {
            assert_eq!(crowd.place_of(*n), Some(place));
        }
        let there = (0..users).filter(|n| crowd.account(*n).is_some()).count();
        assert_eq!((listed.iter().collect::<HashSet<_>>().len(), listed.len()), (there, there));
        assert_eq!((0..users).filter(|n| crowd.person(*n).is_some()).count(), crowd.entries());
    }
}

#[test]
fn entries_and_accounts_are_as_large_as_real_ones_and_the_shares_are_those_of_an_organisation() {
    let crowd = crowd(10_000, Linked::Nobody);
    let mut cases: HashMap<&str, usize> = HashMap::new();
    let (mut entry_text, mut account_text, mut beyond_ascii) = (0, 0, 0);
    let mut json = String::new();
    for n in 0..crowd.users() {
        *cases.entry(crowd.truth(n).case).or_default() += 1;
        if let Some(record) = crowd.person(n) {
            entry_text += record.dn.len() + record.attributes.iter().map(|(_, v)| v.bytes().len()).sum::<usize>();
            beyond_ascii += usize::from(!record.dn.is_ascii());
            let names: HashSet<&str> = record.attributes.iter().map(|(name, _)| &**name).collect();
            assert!(names.len() >= 15 && names.contains("entryUUID"), "{names:?}");
        }
        json.clear();
        crowd.write_account(n, &mut json);
        account_text += json.len();
    }
    let (entry_text, account_text) = (entry_text / crowd.entries(), account_text / crowd.accounts());
    assert!((330..420).contains(&entry_text), "{entry_text}");
    assert!((1_250..1_450).contains(&account_text), "{account_text}");
    let share = beyond_ascii * 1000 / crowd.entries();
    assert!((110..130).contains(&share), "{share} in a thousand have names beyond ASCII");
    for (case, n) in [
        ("changed", 500),
        ("new", 300),
        ("deleted, never linked", 200),
        ("disabled", 90),
        ("disabled, account inactive", 100),
        ("two people with one user name", 100),
        ("a rule fails", 20),
        ("held, would leave", 10),
    ] {
        assert_eq!(cases.get(case), Some(&n), "{case}");
    }
}

#[test]
fn the_same_seed_makes_the_same_people_and_another_one_others() {
    let person = |seed: u64| Crowd::new(5_000, seed, Linked::Nobody).person(4_321).unwrap();
    assert_eq!(person(3), person(3));
    assert_ne!(person(3), person(4));
}

#[test]
fn what_is_told_is_what_the_entry_has() {
    let crowd = crowd(2_000, Linked::Nobody);
    for n in (0..2_000).filter(|n| crowd.is_entry(*n)) {
        let record = crowd.person(n).unwrap();
        let mut told = Vec::new();
        let mut dn = String::new();
        let wanted = 1 << 1 | 1 << 17;
        crowd.tell(n, wanted, &mut String::new(), |what, value| match what {
            Told::Dn => dn.push_str(value),
            Told::Attribute(at) => told.push((ATTRIBUTES[at], value.to_owned())),
        });
        let all = record.attributes.iter().filter(|(name, _)| **name == *"uid" || **name == *"entryUUID");
        let all: Vec<(&str, String)> = all.map(|(name, v)| (&**name, String::from_utf8(v.bytes().to_vec()).unwrap())).collect();
        assert_eq!((dn, told), (record.dn, all));
    }
}
