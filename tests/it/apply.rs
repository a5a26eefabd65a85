//! Applying on the embedded pair: what was approved is sent, what was sent is there, and then there is nothing left to do.

use crate::support::{NOW, plan, remember, runtime};
use rosterm::apply::choose::{Permits, Selection};
use rosterm::apply::{Control, Meter, Report};
use rosterm::config::Channel;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan, World};
use rosterm::engine::run::{Desk, Planned, Prepared, Runner, prepare};
use rosterm::engine::{self, Ends, Job, Picture, Progress};
use rosterm::journal::Journal;
use rosterm::journal::run::{Ending, RowState};
use rosterm::model::Action;
use rosterm::plan::Row;
use rosterm::plan::guard::Lifted;
use rosterm::source::memory::Directory;
use rosterm::source::{Source, vendor};
use rosterm::target::{Columns, Target};
use std::path::Path;

/// An embedded pair, and what is remembered about it.
pub struct Pair {
    pub world: World,
    pub service: Service,
    pub channel: Channel,
    pub journal: Option<Journal>,
}

pub async fn ends(channel: &Channel, world: &World) -> Ends {
    let (connector, rules) = engine::compile(channel).unwrap();
    let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
    vendor::override_with(&mut settings, &channel.source.settings);
    let directory = Directory::new("memory", "memory".into(), world.records.clone(), settings, &channel.source.location, NOW).unwrap();
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let target = Target::open(&channel.target, &connector, columns).await.unwrap();
    Ends { source: Source::Memory(Box::new(directory)), target, connector, rules }
}

impl Pair {
    pub async fn new(plan: Plan, faults: Faults) -> Self {
        let world = world::make(plan);
        let service = Service::start(world.accounts.clone(), faults).await.unwrap();
        let channel = world::channel(plan, service.base_url(), Path::new("(in memory)")).unwrap();
        let journal = remember(&world, service.base_url(), &ends(&channel, &world).await.source);
        Pair { world, service, channel, journal: Some(journal) }
    }

    pub async fn look(&self) -> Picture {
        let mut ends = ends(&self.channel, &self.world).await;
        let job = Job { channel: &self.channel, others: &[], now: NOW, progress: &Progress::default() };
        engine::look(&job, &mut ends, self.journal.as_ref().unwrap()).await.unwrap()
    }

    /// Plans, and applies what is approved.
    pub async fn apply(&mut self, selection: &Selection, permits: Permits) -> (Prepared, Report) {
        let picture = self.look().await;
        let mut ends = ends(&self.channel, &self.world).await;
        let journal = self.journal.take().unwrap();
        let mut planned = Planned::Fresh(&picture, NOW);
        let prepared = prepare(&mut planned, &journal, &self.channel, selection, permits).unwrap();
        assert_eq!((&prepared.fired[..], &prepared.number), (&[][..], &None));
        let mut runner = Runner::take(&self.channel, &mut ends, journal, "op", NOW).await.unwrap();
        let (control, meter) = (Control::default(), Meter::default());
        let desk = Desk { author: "op", control: &control, meter: &meter, tell: &|_| () };
        let report = runner.send(&mut planned, &prepared, selection, permits, desk).await.unwrap();
        self.journal = Some(runner.into_journal().unwrap());
        (prepared, report)
    }
}

/// Everything, deprovisions too.
pub fn everything(removals: usize) -> Permits {
    Permits { yes: true, lifted: Lifted { deprovisions: Some(removals), ..Lifted::default() } }
}

pub fn actions(picture: &Picture) -> Vec<Row> {
    picture.rows(false).filter(|r| r.action != Action::None).collect()
}

pub fn count(report: &Report, state: RowState) -> usize {
    report.counts.iter().filter(|c| c.state == state).map(|c| c.rows).sum()
}

#[test]
fn what_is_applied_is_there_and_then_nothing_is_left() {
    runtime().block_on(async {
        for seed in [1, 2, 3, 5] {
            let mut pair = Pair::new(plan(400, seed), Faults::default()).await;
            let before = pair.look().await;
            let removals = actions(&before).iter().filter(|r| r.action.is_deprovision()).count();
            engine::run::remember_plan(pair.journal.as_mut().unwrap(), &before, NOW).unwrap();
            let planned = actions(&before).len();
            let (_, report) = pair.apply(&Selection::default(), everything(removals)).await;
            assert_eq!(report.ending, Ending::Done);
            assert_eq!(report.groups, [], "seed {seed}");
            assert_eq!(count(&report, RowState::Done), planned, "seed {seed}");
            // Whoever is in sync and reports to somebody who got an account just now shows with the next plan.
            let left: Vec<Row> = actions(&pair.look().await);
            let is_managers = |r: &Row| r.changes.iter().all(|c| c.field == "manager" && c.to.plain().starts_with('n'));
            assert!(left.iter().all(is_managers), "seed {seed}: {left:?}");
            let (_, report) = pair.apply(&Selection::default(), everything(0)).await;
            assert_eq!((count(&report, RowState::Done), &report.groups[..]), (left.len(), &[][..]));
            assert_eq!(actions(&pair.look().await), [], "seed {seed}");
            // Every effect was asked for by one row, and no row by two.
            let mut effects: Vec<(String, String)> = pair.service.effects().into_iter().map(|e| (e.method, e.id)).collect();
            let n = effects.len();
            effects.sort();
            effects.dedup();
            assert!(n - effects.len() <= left.len() + planned / 4, "seed {seed}: {n} effects, {} different", effects.len());
        }
    });
}
