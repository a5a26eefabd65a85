//! Opening the screens: what they need from the command line, the configuration and the state. The screens themselves are
//! another face; `main` brings the two together.

use super::{Color, Common, channels, demo};
use crate::clock::Instant;
use crate::config::paths;
use crate::demo::service::{Faults, Service};
use crate::demo::world;
use crate::engine::{self, Ends, Live, News, Seat};
use crate::error::{Error, Result};
use crate::journal::{Belonging, Journal, Mode};
use crate::source::memory::Directory;
use crate::source::{Source, vendor};
use crate::target::{Columns, Target};
use clap::Args;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};

/// What the screens look like.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The screens")]
pub(super) struct Looks {
    /// dark, light, high-contrast or none (default: dark; none with NO_COLOR or --color never)
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// Draw lines and signs with ASCII only
    #[arg(long)]
    ascii: bool,
}

/// Where the engine tells its news.
type Tell = Box<dyn Fn(News) + Send>;
/// Starts the engine; it may take its time.
type Start = Box<dyn FnOnce(Tell) -> Result<Live> + Send>;

/// The screens, ready to be opened.
pub struct Opening {
    /// The channel's name.
    pub channel: String,
    /// Where people come from, in a word or two.
    pub source: String,
    /// The service, in a word or two.
    pub target: String,
    /// The theme's name.
    pub theme: String,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Runs everything that waits for servers.
    pub runtime: Runtime,
    /// Starts the engine.
    pub start: Start,
}

impl Opening {
    fn of(looks: &Looks, common: &Common, runtime: Runtime, names: [String; 3], start: Start) -> Self {
        let colourless = match common.color {
            Color::Never => true,
            Color::Always => false,
            Color::Auto => paths::variable("NO_COLOR").is_some_and(|v| !v.is_empty()),
        };
        let usual = if colourless { "none" } else { "dark" };
        let theme = looks.theme.clone().unwrap_or_else(|| usual.to_owned());
        let [channel, source, target] = names;
        Opening { channel, source, target, theme, ascii: looks.ascii, runtime, start }
    }
}

/// Both ends of a terminal, and one that can move its cursor.
///
/// # Errors
/// A usage error that names what to do instead.
fn needs_a_terminal(instead: &str) -> Result<()> {
    let missing = if !std::io::stdout().is_terminal() {
        "stdout is not a terminal"
    } else if !std::io::stdin().is_terminal() {
        "stdin is not a terminal"
    } else if paths::variable("TERM").is_none_or(|t| t.is_empty() || t == "dumb") {
        "TERM names a terminal that cannot move its cursor"
    } else {
        return Ok(());
    };
    Err(Error::usage(format!("the screens need a terminal: {missing}")).hint(format!("print the same as lines of text with: {instead}")))
}

/// The screens on the configured channel.
pub(super) fn configured(looks: &Looks, common: &Common, runtime: Runtime) -> Result<Opening> {
    let (config, channel) = common.channel().map_err(|e| match e.hint_text() {
        Some(_) => e,
        None => e.hint("try it without one: rosterm demo"),
    })?;
    needs_a_terminal("rosterm plan")?;
    // What is wrong with the configuration is told before the terminal is taken.
    engine::compile(&channel)?;
    let journal = common.journal(&config, Mode::Read)?;
    let others = config.others(&channel);
    let names = [channel.name.clone(), channels::source_name(&channel.source), channels::target_name(&channel.target)];
    let handle = runtime.handle().clone();
    let start = move |tell: Tell| {
        let opened = channel.clone();
        let open = move |now: Instant| {
            let channel = opened.clone();
            async move { engine::open(&channel, now).await }
        };
        Ok(Live::start(Seat { runtime: handle, channel, others, open, journal }, tell))
    };
    Ok(Opening::of(looks, common, runtime, names, Box::new(start)))
}

/// The screens on the embedded pair.
pub(super) fn embedded(options: &demo::Options, looks: &Looks, common: &Common, runtime: Runtime) -> Result<Opening> {
    needs_a_terminal("rosterm demo --plain")?;
    let plan = options.world();
    let handle = runtime.handle().clone();
    let start = move |tell: Tell| demo_live(plan, &handle, tell);
    let names = ["demo", "the embedded directory", "the embedded service"].map(str::to_owned);
    Ok(Opening::of(looks, common, runtime, names, Box::new(start)))
}

/// Makes the world, starts its service, and the engine on both.
fn demo_live(plan: world::Plan, runtime: &Handle, tell: Tell) -> Result<Live> {
    let world = world::make(plan);
    let service = runtime.block_on(Service::start(world.accounts.clone(), Faults::default()))?;
    let channel = world::channel(plan, service.base_url(), Path::new("(in memory)"))?;
    let mut settings = vendor::presets()
        .iter()
        .find(|(s, _)| s.vendor == "openldap")
        .map(|(s, _)| s.clone())
        .ok_or_else(|| Error::failure("the OpenLDAP preset is missing"))?;
    vendor::override_with(&mut settings, &channel.source.settings);
    let directory = {
        let (location, records) = (channel.source.location.clone(), world.records);
        move |now| Directory::new("memory", "the embedded directory".to_owned(), records.clone(), settings.clone(), &location, now)
    };
    let source = Source::Memory(Box::new(directory(crate::clock::now())?));
    let belonging = Belonging {
        base_url: service.base_url().to_owned(),
        naming_context: source.facts().naming_context.clone(),
        id_attribute: source.facts().settings.id_attribute.to_string(),
    };
    let mut journal = Journal::in_memory()?;
    journal.set_belonging(&channel.name, &belonging)?;
    journal.add_links(service.base_url(), &world.links)?;
    for (on, hold) in &world.holds {
        journal.set_hold(service.base_url(), on, hold)?;
    }
    let (directory, opened) = (Arc::new(directory), channel.clone());
    let open = move |now: Instant| {
        // The service lives as long as this, which may ask it.
        let _alive = &service;
        let (directory, channel) = (Arc::clone(&directory), opened.clone());
        async move {
            let (connector, rules) = engine::compile(&channel)?;
            let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
            let target = Target::open(&channel.target, &connector, columns).await?;
            let source = Source::Memory(Box::new(directory(now)?));
            Ok(Ends { source, target, connector, rules })
        }
    };
    Ok(Live::start(Seat { runtime: runtime.clone(), channel, others: Vec::new(), open, journal }, tell))
}
