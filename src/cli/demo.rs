//! `rosterm demo`: the embedded pair.
//!
//! Up to 20,000 people it is the world of cases, with every situation in it; above, a crowd, which takes no memory.

use super::Common;
use super::progress::{Doing, Watch};
use crate::clock::Instant;
use crate::config::{Channel, SourceConfig};
use crate::demo::crowd::{self, Crowd, Linked};
use crate::demo::service::{Accounts, Faults, Service};
use crate::demo::world::{self, Plan, World};
use crate::engine::location::OpenSource;
use crate::engine::{self, Ends, Errand, Job};
use crate::error::{Error, Result};
use crate::journal::{Belonging, Journal};
use crate::model::{Hold, HoldOn, Link};
use crate::source::memory::Directory;
use crate::source::vendor::{self, Settings};
use crate::source::{Source, ldif::Record};
use crate::target::{Columns, Target};
use clap::Args;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// The largest world of cases: above, a crowd is made at once and takes no memory.
const LARGEST_WORLD: u32 = 20_000;
/// About how many links a crowd has, so that both kinds of pairs are there and the state stays small.
const LINKS_OF_A_CROWD: u32 = 5_000;
const PLACE: &str = "the embedded directory";

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
}

/// Both ends of the demo on their way to be opened.
pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Ends>> + Send>>;

/// The embedded pair: what a job or a screen needs to look at it, as often as it likes.
pub(super) struct Pair<O> {
    /// The channel.
    pub channel: Channel,
    /// A state with the links and holds of the demo.
    pub journal: Journal,
    /// Opens both ends; each call gives new ones to the same directory and service, which stay as long as this does.
    pub open: O,
    /// Opens the directory alone, by any location.
    pub open_source: OpenSource,
}

/// Who is in the directory.
enum People {
    World(Vec<Record>),
    Crowd(Crowd),
}

/// Makes the people, starts the service and fills the state. Must be awaited within a tokio runtime, which it does not hold
/// up: the largest world of cases takes a good part of a second, on a thread of its own; a crowd is there at once.
pub(super) async fn pair(options: &Options) -> Result<Pair<impl Fn(Errand) -> Opening + Send + Sync + 'static + use<>>> {
    if options.users > LARGEST_WORLD {
        let linked = Linked::OneIn(u64::from(options.users / LINKS_OF_A_CROWD));
        let crowd = Crowd::new(options.users as usize, options.seed, linked);
        let service = Service::start_crowd(Arc::new(Accounts::new(crowd)), Faults::default()).await?;
        let channel = crowd::channel(service.base_url())?;
        let (links, holds): (Vec<Link>, Vec<_>) = (crowd.links().collect(), crowd.holds().collect());
        return paired(channel, service, People::Crowd(crowd), &links, &holds);
    }
    let plan = Plan { lifelike: true, ..Plan::of(options.users as usize, options.seed) };
    let made = tokio::task::spawn_blocking(move || world::make(plan)).await;
    let World { records, accounts, links, holds, .. } =
        made.map_err(|e| Error::failure(format!("the demo's people were not made: {e}")))?;
    let service = Service::start(accounts, Faults::default()).await?;
    let channel = world::channel(plan, service.base_url(), Path::new("(in memory)"))?;
    paired(channel, service, People::World(records), &links, &holds)
}

fn paired(
    channel: Channel,
    service: Service,
    people: People,
    links: &[Link],
    holds: &[(HoldOn, Hold)],
) -> Result<Pair<impl Fn(Errand) -> Opening + Send + Sync + 'static + use<>>> {
    let settings = settings(&channel.source)?;
    let base_url = service.base_url().to_owned();
    let belonging =
        Belonging { base_url: base_url.clone(), naming_context: world::BASE.to_owned(), id_attribute: settings.id_attribute.to_string() };
    let mut journal = Journal::in_memory()?;
    journal.set_belonging(&channel.name, &belonging)?;
    journal.add_links(&base_url, links)?;
    for (on, hold) in holds {
        journal.set_hold(&base_url, on, hold)?;
    }
    // The service stays as long as somebody may ask it.
    let shared = Arc::new((people, service));
    let looked_at = Arc::clone(&shared);
    let open_source: OpenSource = Arc::new(move |config, now| {
        let shared = Arc::clone(&looked_at);
        Box::pin(async move { Ok(Source::Memory(Box::new(directory(&config, &shared.0, now)?))) })
    });
    let open = move |errand: Errand| -> Opening {
        let shared = Arc::clone(&shared);
        Box::pin(async move { open(&errand, &shared.0).await })
    };
    Ok(Pair { channel, journal, open, open_source })
}

async fn open(errand: &Errand, people: &People) -> Result<Ends> {
    let (connector, rules) = errand.compile()?;
    let channel = &errand.channel;
    let directory = directory(&channel.source, people, errand.now)?;
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let target = Target::open(&channel.target, &connector, columns).await?;
    Ok(Ends { source: Source::Memory(Box::new(directory)), target, connector, rules })
}

fn directory(config: &SourceConfig, people: &People, now: Instant) -> Result<Directory> {
    let (location, settings) = (&config.location, settings(config)?);
    match people {
        People::World(records) => Directory::new("memory", PLACE.to_owned(), records.clone(), settings, location, now),
        People::Crowd(crowd) => Directory::of_roll(Box::new(*crowd), PLACE.to_owned(), settings, location, now),
    }
}

/// The settings of the directory: OpenLDAP's, with what the channel says otherwise.
fn settings(config: &SourceConfig) -> Result<Settings> {
    let preset = vendor::presets().iter().map(|p| &p.0).find(|p| p.vendor == "openldap");
    let mut settings = preset.cloned().ok_or_else(|| Error::failure("the OpenLDAP preset is missing"))?;
    vendor::override_with(&mut settings, &config.settings);
    Ok(settings)
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let Pair { channel, journal, open, .. } = pair(options).await?;
    let watch = Watch::start(PLACE, "the embedded service", Doing::Reading, common.shows_progress());
    let channel = Arc::new(channel);
    let job = Job { channel: &channel, others: &[], now, progress: watch.progress() };
    let picture = engine::look(&job, &mut open(Errand::of(&channel, now)).await?, &journal).await?;
    drop(watch);
    super::plan::print(&options.plan, common, &picture, now)
}
