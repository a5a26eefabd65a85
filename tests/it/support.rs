//! What tests share: a picture of an embedded world, and the binary.

use rosterm::clock::Instant;
use rosterm::config::Channel;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan, Truth, World};
use rosterm::engine::{self, Ends, Job, Picture, Progress};
use rosterm::journal::{Belonging, Journal};
use rosterm::source::memory::Directory;
use rosterm::source::{Source, vendor};
use rosterm::target::{Columns, Target};
use std::collections::BTreeMap;
use std::path::Path;

pub const NOW: Instant = Instant(1_795_315_222);

pub fn plan(users: usize, seed: u64) -> Plan {
    Plan { external_ids: !seed.is_multiple_of(3), managers: !seed.is_multiple_of(5), ..Plan::of(users, seed) }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Reads an embedded world through the real engine.
pub async fn look_at(world: &World, plan: Plan, faults: Faults) -> rosterm::error::Result<Picture> {
    let service = Service::start(world.accounts.clone(), faults).await?;
    let channel = world::channel(plan, service.base_url(), Path::new("(in memory)"))?;
    let (connector, rules) = engine::compile(&channel)?;
    let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
    vendor::override_with(&mut settings, &channel.source.settings);
    let directory = Directory::new("memory", "memory".into(), world.records.clone(), settings, &channel.source.location, NOW)?;
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let target = Target::open(&channel.target, &connector, columns).await?;
    let ends = Ends { source: Source::Memory(Box::new(directory)), target, connector, rules };
    let journal = remember(world, service.base_url(), &ends.source);
    look(&channel, ends, &journal).await
}

/// The picture of a channel that is alone in its configuration.
pub async fn look(channel: &Channel, mut ends: Ends, journal: &Journal) -> rosterm::error::Result<Picture> {
    Box::pin(engine::look(&Job { channel, others: &[], now: NOW, progress: &Progress::default() }, &mut ends, journal)).await
}

/// A journal with the links and holds of a world.
pub fn remember(world: &World, base_url: &str, source: &Source) -> Journal {
    let mut journal = Journal::in_memory().unwrap();
    fill(&mut journal, world, base_url, source);
    journal
}

pub fn fill(journal: &mut Journal, world: &World, base_url: &str, source: &Source) {
    let facts = source.facts();
    let belonging = Belonging {
        base_url: base_url.into(),
        naming_context: facts.naming_context.clone(),
        id_attribute: facts.settings.id_attribute.to_string(),
    };
    journal.set_belonging("demo", &belonging).unwrap();
    journal.add_links(base_url, &world.links).unwrap();
    for (on, hold) in &world.holds {
        journal.set_hold(base_url, on, hold).unwrap();
    }
}

/// Holds a picture against the truth: every user in the situation, with the reason and the action that the truth says, and
/// nobody else. Gives how many there were of each case. Accounts are told by `account_name`, since real services choose ids.
pub fn check(picture: &Picture, world: &World, account_name: impl Fn(&str) -> String) -> BTreeMap<&'static str, usize> {
    let mut by_entry: BTreeMap<&str, &Truth> = BTreeMap::new();
    let mut by_account: BTreeMap<String, &Truth> = BTreeMap::new();
    for truth in &world.truth {
        match (&truth.entry, &truth.account) {
            (Some(id), _) => assert!(by_entry.insert(id, truth).is_none()),
            (None, Some(id)) => assert!(by_account.insert(account_name(id), truth).is_none()),
            (None, None) => panic!("a truth about nobody"),
        }
    }
    let mut cases = BTreeMap::new();
    let mut wrong = Vec::new();
    for user in picture.users() {
        let truth = match (user.entry, user.account) {
            (Some(entry), _) => by_entry.remove(picture.entries().row(entry).id()),
            (None, Some(account)) => by_account.remove(picture.accounts().row(account).id()),
            (None, None) => None,
        };
        let verdict = &user.verdict;
        match truth {
            Some(t) if (t.situation, t.reason, t.action) == (verdict.situation, verdict.reason, verdict.action) => {
                *cases.entry(t.case).or_default() += 1;
            }
            other => wrong.push(format!("{:?}\n  truth {other:?}\n  row   {:?}", verdict, picture.row(user))),
        }
    }
    assert!(wrong.is_empty(), "{} wrong, for example\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(by_entry.is_empty() && by_account.is_empty(), "without a row: {:?} {:?}", by_entry.values().next(), by_account.values().next());
    cases
}
