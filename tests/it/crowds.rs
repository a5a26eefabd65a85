//! A crowd through the real engine, held against the truth that it tells about each of its people.

use crate::support::{NOW, check, fill, look, runtime};
use crate::target_desk::{connector, open};
use rosterm::demo::crowd::{self, Crowd, Linked};
use rosterm::demo::service::{Accounts, By, Faults, Service};
use rosterm::demo::world::World;
use rosterm::engine::{self, Ends, Picture};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::Journal;
use rosterm::model::{AccountEvidence, EntryEvidence, Identified, Situation};
use rosterm::source::memory::Directory;
use rosterm::source::{Source, vendor};
use rosterm::target::{Columns, Sought, Target};
use serde_json::json;
use std::sync::Arc;

/// The directory of a crowd, as its channel asks.
fn directory(crowd: Crowd, location: &str) -> rosterm::error::Result<Directory> {
    let text = crowd::config_text("type = \"ldif\"\npath = \"x\"", "http://127.0.0.1:9/scim/v2").replace("ou=people,", location);
    let config = rosterm::config::Config::parse(std::path::Path::new("demo.toml"), &text)?;
    let channel = config.channel(None)?;
    let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
    vendor::override_with(&mut settings, &channel.source.settings);
    Directory::of_roll(Box::new(crowd), "memory".into(), settings, &channel.source.location, NOW)
}

async fn look_at(accounts: &Arc<Accounts>, faults: Faults) -> Picture {
    let crowd = *accounts.crowd();
    let service = Service::start_crowd(Arc::clone(accounts), faults).await.unwrap();
    let channel = crowd::channel(service.base_url()).unwrap();
    let (connector, rules) = engine::compile(&channel).unwrap();
    let source = Source::Memory(Box::new(directory(crowd, "ou=people,").unwrap()));
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let target = Target::open(&channel.target, &connector, columns).await.unwrap();
    let mut journal = Journal::in_memory().unwrap();
    fill(&mut journal, &remembered(&crowd), service.base_url(), &source);
    look(&channel, Ends { source, target, connector, rules }, &journal).await.unwrap()
}

/// What a crowd says about itself, as a world.
fn remembered(crowd: &Crowd) -> World {
    World {
        records: Vec::new(),
        accounts: Vec::new(),
        links: crowd.links().collect(),
        holds: crowd.holds().collect(),
        truth: (0..crowd.users()).map(|n| crowd.truth(n)).collect(),
    }
}

#[test]
fn every_user_of_a_crowd_is_what_the_crowd_says_however_many_are_linked() {
    runtime().block_on(async {
        for (seed, linked, least) in [(1, Linked::Nobody, 12), (2, Linked::OneIn(3), 15), (3, Linked::Everybody, 12)] {
            let accounts = Arc::new(Accounts::new(Crowd::new(5_300, seed, linked)));
            let picture = look_at(&accounts, Faults::default()).await;
            assert!(picture.source_state().is_complete() && picture.target_state().is_complete(), "{:?}", picture.target_state());
            let cases = check(&picture, &remembered(accounts.crowd()), str::to_owned);
            assert!(cases.len() >= least, "{linked:?} {cases:?}");
            assert_eq!(cases.values().sum::<usize>(), 5_300);
        }
    });
}

#[test]
fn small_pages_and_a_slow_service_show_the_same_crowd() {
    runtime().block_on(async {
        let accounts = Arc::new(Accounts::new(Crowd::new(2_100, 4, Linked::OneIn(2))));
        let picture = look_at(&accounts, Faults { page_cap: Some(70), delay: 1, ..Faults::default() }).await;
        check(&picture, &remembered(accounts.crowd()), str::to_owned);
    });
}

#[test]
fn an_edit_shows_in_the_next_read_and_in_look_ups() {
    runtime().block_on(async {
        let crowd = Crowd::new(2_000, 5, Linked::Nobody);
        let accounts = Arc::new(Accounts::new(crowd));
        let fine = (0..2_000).find(|n| crowd.truth(*n).case == "in sync").unwrap();
        let new = (0..2_000).find(|n| crowd.truth(*n).case == "new").unwrap();
        accounts.remove(&crowd.account_id(fine)).unwrap();
        let added = accounts.insert(json!({"userName": crowd.user_name(new), "active": true})).unwrap();
        let picture = look_at(&accounts, Faults::default()).await;
        let situation = |n: usize| {
            let entry = picture.entries().by_id(&crowd.entry_id(n)).unwrap();
            let user = picture.users().iter().find(|u| u.entry == Some(entry)).unwrap();
            (user.verdict.situation, user.account.map(|a| picture.accounts().row(a).id().to_owned()))
        };
        assert_eq!(situation(fine), (Situation::New, None));
        assert_eq!(situation(new), (Situation::Changed, Some(added)));
        assert_eq!(accounts.find(By::UserName, &crowd.user_name(fine)), Vec::<String>::new());
    });
}

#[test]
fn a_directory_of_a_crowd_finds_people_by_their_ids_and_their_names() {
    let crowd = Crowd::new(1_000, 6, Linked::Nobody);
    let entry = |n: usize| crowd.person(n).unwrap();
    let there = (0..1_000).find(|n| crowd.truth(*n).case == "disabled").unwrap();
    let gone = (0..1_000).find(|n| crowd.truth(*n).case == "deleted, never linked").unwrap();
    let held = directory(crowd, "ou=people,").unwrap();
    let found = held.find(&[crowd.entry_id(gone), crowd.entry_id(there), "x".to_owned()].map(EntryId::new));
    assert_eq!(found.len(), 3);
    for i in [0, 2] {
        assert!(matches!(&found[i].1, EntryEvidence::NotFound { base } if base == "dc=example,dc=test"), "{found:?}");
    }
    assert!(matches!(&found[1].1, EntryEvidence::Found { dn, disabled: true, verdicts } if *dn == entry(there).dn && verdicts.in_scope()));
    let dns = [entry(there).dn.to_uppercase(), "cn=nobody 5,dc=example".to_owned(), "nothing".to_owned()];
    let who: Vec<Identified> = held.identify(&dns).into_iter().map(|(_, who)| who).collect();
    assert_eq!(who[..2], [Identified::Entry(EntryId::new(crowd.entry_id(there))), Identified::NotFound]);
    assert!(matches!(who[2], Identified::Unknown { .. }));
    for (location, told) in [("ou=elsewhere,", Some("there is nothing at or below the base")), ("ou=tokyo,ou=people,", None), ("", None)] {
        let told_by = directory(crowd, location).err().map(|e| e.message().to_owned());
        assert_eq!(told_by.is_some(), told.is_some(), "{told_by:?}");
        assert!(told_by.unwrap_or_default().contains(told.unwrap_or_default()));
    }
}

#[test]
fn a_service_of_a_crowd_finds_accounts_by_their_ids_and_their_names() {
    let crowd = Crowd::new(1_000, 8, Linked::Nobody);
    let of = |case: &str| (0..1_000).find(|n| crowd.truth(*n).case == case).unwrap();
    let (fine, left, new, gone) = (of("in sync"), of("disabled, account inactive"), of("new"), of("deleted, never linked"));
    let (on, off, none) = (AccountEvidence::Found { active: true }, AccountEvidence::Found { active: false }, AccountEvidence::NotFound);
    runtime().block_on(async {
        let service = Service::start_crowd(Arc::new(Accounts::new(crowd)), Faults::default()).await.unwrap();
        let target = open(service.base_url(), "", &connector("")).await.unwrap();
        let ids = [fine, left, new].map(|n| AccountId::new(crowd.account_id(n)));
        let (answers, found) = target.find(&ids, |_| ()).await;
        assert_eq!(answers.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>(), [on.clone(), off.clone(), none.clone()]);
        assert_eq!(found.len(), 2);
        let name = |n: usize| Sought { user_name: Some(crowd.user_name(n).to_uppercase()), ..Sought::default() };
        let entry = |n: usize| Sought { external_id: Some(crowd.entry_id(n)), ..Sought::default() };
        let sought = [name(fine), name(left), name(new), entry(gone), entry(fine), entry(new)];
        let (answers, found) = target.find_named(&sought, |_| ()).await;
        assert_eq!(answers, [on.clone(), off, none.clone(), on.clone(), on, none]);
        let found: Vec<String> = found.iter().map(|row| row.id().to_owned()).collect();
        for n in [fine, left, gone] {
            assert!(found.contains(&crowd.account_id(n)), "{found:?}");
        }
    });
}
