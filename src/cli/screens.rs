//! Opening the screens: what they need from the command line, the configuration and the state. The screens themselves are
//! another face; `main` brings the two together.

use super::{Color, Common, demo};
use crate::config::create::{self, Standing};
use crate::config::{Channel, paths};
use crate::engine::location::OpenSource;
use crate::engine::{self, Errand, Live, Memory, News, Seat};
use crate::error::{Error, Result};
use crate::journal::Mode;
use crate::source::Source;
use clap::Args;
use std::io::IsTerminal;
use std::path::PathBuf;
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
    /// Click on rows and panes, scroll with the wheel; the terminal selects text with Shift then
    #[arg(long)]
    mouse: bool,
}

impl Looks {
    /// These, where they say something, else the others: options may stand before the command and after it.
    pub(super) fn or(&self, others: &Looks) -> Looks {
        Looks {
            theme: self.theme.clone().or_else(|| others.theme.clone()),
            ascii: self.ascii || others.ascii,
            mouse: self.mouse || others.mouse,
        }
    }

    /// The theme that was asked for, else the usual one.
    fn theme_name(&self, common: &Common) -> String {
        let colourless = match common.color {
            Color::Never => true,
            Color::Always => false,
            Color::Auto => paths::variable("NO_COLOR").is_some_and(|v| !v.is_empty()),
        };
        let usual = if colourless { "none" } else { "dark" };
        self.theme.clone().unwrap_or_else(|| usual.to_owned())
    }
}

/// Where the engine tells its news.
type Tell = Box<dyn Fn(News) + Send + Sync>;
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
    /// The mouse is ours.
    pub mouse: bool,
    /// Nothing may be sent or remembered.
    pub read_only: bool,
    /// The configuration file; none in the demo.
    pub file: Option<PathBuf>,
    /// The operator's own keys: the file, and its text or why it cannot be read.
    pub keys: Option<(PathBuf, std::io::Result<String>)>,
    /// How many channels the configuration has.
    pub channels: usize,
    /// Runs everything that waits for servers.
    pub runtime: Runtime,
    /// Starts the engine.
    pub start: Start,
}

impl Opening {
    fn of(looks: &Looks, common: &Common, runtime: Runtime, names: [String; 3], start: Start) -> Self {
        let theme = looks.theme_name(common);
        let [channel, source, target] = names;
        Opening {
            channel,
            source,
            target,
            theme,
            ascii: looks.ascii,
            mouse: looks.mouse,
            read_only: common.read_only,
            file: None,
            keys: keys(),
            channels: 1,
            runtime,
            start,
        }
    }
}

/// The operator's own keys, if there is a file with them.
fn keys() -> Option<(PathBuf, std::io::Result<String>)> {
    let path = paths::keymap_file().ok()?;
    let text = std::fs::read_to_string(&path);
    (!text.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)).then_some((path, text))
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

/// The first screen, ready to be opened: there is no configuration, or none with a channel in it.
pub struct First {
    /// Where the configuration will be.
    pub path: PathBuf,
    /// What the channel is to be called, if that was said.
    pub name: Option<String>,
    /// The theme's name.
    pub theme: String,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// The mouse is ours.
    pub mouse: bool,
    /// Runs everything that waits for servers.
    pub runtime: Runtime,
    looks: Looks,
    common: Common,
}

impl First {
    /// The screens on the configuration that was written.
    ///
    /// # Errors
    /// Where it can't be used after all.
    pub fn open(self) -> Result<Opening> {
        configured(&self.looks, &self.common, self.runtime)
    }
}

/// Several channels, to be chosen from.
pub struct Several {
    /// The one that was named.
    pub named: Option<String>,
    /// The theme's name.
    pub theme: String,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// The mouse is ours.
    pub mouse: bool,
    /// Runs what belongs to no channel.
    pub runtime: Runtime,
    looks: Looks,
    common: Common,
}

/// A channel in a list: name, source, target, whether it is active.
pub type Listed = (String, String, String, bool);

impl Several {
    /// The channels, as the file has them by now.
    ///
    /// # Errors
    /// Where it can't be read any more.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let config = self.common.configuration()?;
        let listed = |c: &Channel| (c.name.clone(), c.source.short_name(), c.target.short_name(), c.active);
        Ok(config.channels.iter().map(listed).collect())
    }

    /// The screens on one of them.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(&self, name: &str) -> Result<Opening> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|e| Error::failure(format!("the runtime cannot be set up: {e}")))?;
        let common = Common { channel: Some(name.to_owned()), ..self.common.clone() };
        configured(&self.looks, &common, runtime)
    }
}

/// True if there is a configuration with several channels, and somebody at a terminal.
pub(super) fn has_several(common: &Common) -> bool {
    let several = || common.configuration().is_ok_and(|config| config.channels.len() > 1);
    needs_a_terminal("").is_ok() && several()
}

/// The list of channels.
pub(super) fn several(looks: &Looks, common: &Common, runtime: Runtime) -> Several {
    // Where all but one are parked, that one is meant, as everywhere.
    let only = || common.channel().ok().map(|(_, channel)| channel.name);
    let (named, theme) = (common.channel.clone().or_else(only), looks.theme_name(common));
    Several { named, theme, ascii: looks.ascii, mouse: looks.mouse, runtime, looks: looks.clone(), common: common.clone() }
}

/// True if the first screen is to be opened: nothing is there to be shown, and somebody at a terminal could change that.
pub(super) fn is_first(common: &Common) -> bool {
    let Ok(path) = paths::config_file(common.config.as_deref()) else { return false };
    let is_empty = match create::standing(&path) {
        // Whoever names a file that is not there has misspelt it.
        Standing::Nothing => common.config.is_none(),
        Standing::WithoutChannel(_) => true,
        Standing::Taken => false,
    };
    is_empty && !common.read_only && needs_a_terminal("").is_ok()
}

/// The first screen.
pub(super) fn first(looks: &Looks, common: &Common, runtime: Runtime) -> Result<First> {
    let path = paths::config_file(common.config.as_deref())?;
    let (theme, ascii, mouse) = (looks.theme_name(common), looks.ascii, looks.mouse);
    Ok(First { path, name: common.channel.clone(), theme, ascii, mouse, runtime, looks: looks.clone(), common: common.clone() })
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
    // What is wrong with the state is told before, too; it is opened again for each reading.
    common.journal(&config, Mode::Read)?;
    let (common_then, config_then) = (common.clone(), config.clone());
    let memory = Memory::Opened(Arc::new(move |mode| common_then.journal(&config_then, mode)));
    let others = config.others(&channel);
    let names = [channel.name.clone(), channel.source.short_name(), channel.target.short_name()];
    let (handle, file, state) = (runtime.handle().clone(), config.path.clone(), config.state.clone());
    let may_write = !common.read_only;
    let start = move |tell: Tell| {
        let open = |errand: Errand| async move { errand.open().await };
        let open_source: OpenSource = Arc::new(|config, now| Box::pin(async move { Source::open(&config, now).await }));
        let channel = Arc::new(channel);
        Ok(Live::start(Seat { runtime: handle, channel, file: Some(file), state, others, open, open_source, memory, may_write }, tell))
    };
    Ok(Opening {
        file: Some(config.path.clone()),
        channels: config.channels.len(),
        ..Opening::of(looks, common, runtime, names, Box::new(start))
    })
}

/// The screens on the embedded pair.
pub(super) fn embedded(options: &demo::Options, looks: &Looks, common: &Common, runtime: Runtime) -> Result<Opening> {
    needs_a_terminal("rosterm demo --plain")?;
    let (options, may_write) = (options.clone(), !common.read_only);
    let handle = runtime.handle().clone();
    let start = move |tell: Tell| demo_live(&options, may_write, &handle, tell);
    let names = ["demo", "the embedded directory", "the embedded service"].map(str::to_owned);
    Ok(Opening::of(looks, common, runtime, names, Box::new(start)))
}

/// Makes the people, starts their service, and the engine on both.
fn demo_live(options: &demo::Options, may_write: bool, runtime: &Handle, tell: Tell) -> Result<Live> {
    let demo::Pair { channel, journal, open, open_source } = runtime.block_on(demo::pair(options))?;
    let memory = Memory::Kept(Some(journal));
    let channel = Arc::new(channel);
    Ok(Live::start(
        Seat { runtime: runtime.clone(), channel, file: None, state: None, others: Vec::new(), open, open_source, memory, may_write },
        tell,
    ))
}
