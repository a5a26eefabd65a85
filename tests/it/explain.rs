//! Why: for every case of the demo's world the steps say what is true of it; and as a command.

#[allow(unused)]
use crate::commands::{LDIF, accounts, with_service};
use crate::support::{self, NOW};
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan, Truth, World};
use rosterm::engine::{self, Ends, Job, Named, Picture, Progress, User, why};
use rosterm::explain::{Explanation, Facts, explain};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::Journal;
use rosterm::source::memory::Directory;
use rosterm::source::{Source, vendor};
use rosterm::target::{Columns, Target};
use std::collections::BTreeMap;
use std::path::Path;

struct Desk {
    picture: Picture,
    ends: Ends,
    journal: Journal,
    _service: Service,
}

impl Desk {
    async fn at(world: &World, plan: Plan) -> Desk {
        let service = Service::start(world.accounts.clone(), Faults::default()).await.unwrap();
        let channel = world::channel(plan, service.base_url(), Path::new("(in memory)")).unwrap();
        let (connector, rules) = engine::compile(&channel).unwrap();
        let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
        vendor::override_with(&mut settings, &channel.source.settings);
        let directory =
            Directory::new("memory", "memory".into(), world.records.clone(), settings, &channel.source.location, NOW).unwrap();
        let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
        let target = Target::open(&channel.target, &connector, columns).await.unwrap();
        let mut ends = Ends { source: Source::Memory(Box::new(directory)), target, connector, rules };
        let journal = support::remember(world, service.base_url(), &ends.source);
        let job = Job { channel: &channel, others: &[], now: NOW, progress: &Progress::default() };
        let picture = Box::pin(engine::look(&job, &mut ends, &journal)).await.unwrap();
        Desk { picture, ends, journal, _service: service }
    }

    fn user(&self, truth: &Truth) -> User {
        let is = |user: &&User| match (&truth.entry, &truth.account) {
            (Some(id), _) => user.entry.is_some_and(|e| self.picture.entries().row(e).id() == id),
            (None, Some(id)) => user.entry.is_none() && user.account.is_some_and(|a| self.picture.accounts().row(a).id() == id),
            (None, None) => false,
        };
        self.picture.users().iter().find(is).unwrap().clone()
    }

    async fn why(&mut self, user: &User) -> (Facts, Explanation) {
        let mut facts = self.picture.facts(user);
        let row = facts.row.clone().unwrap();
        let entry = row.entry.map(|e| EntryId::new(e.id));
        if let Some(id) = &entry {
            facts.looked = why::ask(&mut self.ends.source, id, NOW).await;
        }
        let named = Named { entry, account: row.account.map(|a| AccountId::new(a.id)) };
        facts.past = Some(why::past(&self.journal, self.picture.base_url(), &named).unwrap());
        facts.near = Some(self.picture.might_be(user, 5));
        let told = explain(&facts);
        (facts, told)
    }
}

#[test]
fn dump() {
    let runtime = support::runtime();
    runtime.block_on(async {
        let plan = support::plan(150, 1);
        let world = world::make(plan);
        let mut desk = Box::pin(Desk::at(&world, plan)).await;
        let mut seen = BTreeMap::new();
        for truth in &world.truth {
            if seen.insert(truth.case, ()).is_some() { continue; }
            let user = desk.user(truth);
            let (_, told) = desk.why(&user).await;
            println!("=== {}\n{}\n", truth.case, told.plain().join("\n"));
        }
    });
}
