//! `rosterm demo`: the embedded pair.

use super::Common;
use super::progress::{Doing, Watch};
use crate::clock::Instant;
use crate::demo::service::{Faults, Service};
use crate::demo::world::{self, Plan};
use crate::engine::{self, Ends, Job};
use crate::error::{Error, Result};
use crate::journal::{Belonging, Journal};
use crate::source::memory::Directory;
use crate::source::{Source, vendor};
use crate::target::{Columns, Target};
use clap::Args;
use std::path::Path;

// The plan's options are a group of that name already; clap ends a debug build that has two.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(super) struct Options {
    /// About how many people
    #[arg(long, default_value_t = 2000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    users: u32,
    /// The same seed makes the same people
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Print the plan instead of opening the screens
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    pub(super) looks: super::screens::Looks,
    #[command(flatten)]
    plan: super::plan::Options,
}

impl Options {
    /// True if something is to be printed: asked for, or meant by an option about printing.
    pub(super) fn prints(&self) -> bool {
        let plan = &self.plan;
        self.plain || plan.all || plan.schema || plan.out.is_some() || !plan.only.is_empty() || plan.format != super::plan::Format::Text
    }

    /// The world that is wanted.
    pub(super) fn world(&self) -> Plan {
        Plan { lifelike: true, ..Plan::of(self.users as usize, self.seed) }
    }
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let plan = options.world();
    let world = world::make(plan);
    let service = Service::start(world.accounts, Faults::default()).await?;
    let channel = world::channel(plan, service.base_url(), Path::new("(in memory)"))?;
    let (connector, rules) = engine::compile(&channel)?;
    let mut settings = vendor::presets()
        .iter()
        .find(|(s, _)| s.vendor == "openldap")
        .map(|(s, _)| s.clone())
        .ok_or_else(|| Error::failure("the OpenLDAP preset is missing"))?;
    vendor::override_with(&mut settings, &channel.source.settings);
    let directory = Directory::new("memory", "the embedded directory".to_owned(), world.records, settings, &channel.source.location, now)?;
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let target = Target::open(&channel.target, &connector, columns).await?;
    let ends = Ends { source: Source::Memory(Box::new(directory)), target, connector, rules };
    let mut journal = Journal::in_memory()?;
    let facts = ends.source.facts();
    let belonging = Belonging {
        base_url: service.base_url().to_owned(),
        naming_context: facts.naming_context.clone(),
        id_attribute: facts.settings.id_attribute.to_string(),
    };
    journal.set_belonging(&channel.name, &belonging)?;
    journal.add_links(service.base_url(), &world.links)?;
    for (on, hold) in &world.holds {
        journal.set_hold(service.base_url(), on, hold)?;
    }
    let watch = Watch::start("the embedded directory", "the embedded service", Doing::Reading, common.shows_progress());
    let picture = engine::look(&Job { channel: &channel, others: &[], now, progress: watch.progress() }, ends, &journal).await?;
    drop(watch);
    super::plan::print(&options.plan, common, &picture, now)
}
