//! The commands: one file each, over the same engine as the screens. Data goes to stdout, talk to stderr.

mod apply;
mod approve;
mod channels;
mod check;
mod connectors;
mod decide;
mod demo;
mod doctor;
mod explain;
mod fields;
mod functions;
mod help;
mod history;
mod init;
mod plan;
mod print;
mod progress;
mod report;
mod save;
mod screens;
mod shell;
mod state;
mod table;

use crate::clock::{self, Instant};
use crate::config::{Channel, Config, paths};
use crate::engine::{self, Job, Picture};
use crate::error::{Error, Kind, Result, exit};
use crate::journal::{Journal, Lock, Mode};
use crate::telemetry;
use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use progress::{Doing, Watch};
pub use screens::{First, Listed, Opening, Several};
use std::path::PathBuf;

/// The roster, in your terminal: people in a directory, accounts in a service, and what would change.
#[derive(Debug, Parser)]
#[command(name = "rosterm", version, about)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    looks: screens::Looks,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// The configuration (default: rosterm.toml in the platform's configuration folder)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The channel, where the configuration has several
    #[arg(long, global = true, value_name = "NAME")]
    channel: Option<String>,
    /// The file or folder for links, holds and the journal (default: the platform's state folder)
    #[arg(long, global = true, value_name = "PATH")]
    state: Option<PathBuf>,
    /// Change nothing, not even what is remembered
    #[arg(long, global = true)]
    read_only: bool,
    /// Write a log to this file; secrets are never in it
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Log more: -v each request, -vv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// When to use colour; auto is on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Show no progress on stderr while something is read
    #[arg(long, global = true)]
    no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: an embedded directory and service, no configuration
    Demo(demo::Options),
    /// Write a first configuration, by questions or by options
    Init(Box<init::Options>),
    /// Try both ends of a channel step by step, read-only
    Check(check::Options),
    /// Print who matches, who does not, what would change and why
    Plan(plan::Options),
    /// Send what was approved
    Apply(apply::Options),
    /// Say why one user is where they are, step by step
    Explain(explain::Options),
    /// Say what is wrong with a channel, and what to do about it
    Doctor(doctor::Options),
    /// Show what was sent, and what came of it
    History(history::HistoryOptions),
    /// Make a plan that takes a run back
    Undo(history::UndoOptions),
    /// List what failed or is in doubt; retry or forget it
    Owed(history::OwedOptions),
    /// Approve rows of a saved plan; nothing is sent by that
    Approve(approve::ApproveOptions),
    /// Take approvals back
    Unapprove(approve::ApproveOptions),
    /// Disable or delete an account of nobody's, in a saved plan
    Act(approve::ActOptions),
    /// Remember that a person and an account belong together
    Link(decide::LinkOptions),
    /// Forget that they do
    Unlink(decide::UserOptions),
    /// Leave a user alone until further notice
    Hold(decide::HoldOptions),
    /// Take a hold back
    Release(decide::UserOptions),
    /// List the channels of the configuration
    Channels(channels::Options),
    /// List the kinds of service that are built in
    Connectors(connectors::Options),
    /// List the fields of the service, and which of them are mapped
    Fields(fields::Options),
    /// List the functions of mapping rules, or explain one
    Functions(functions::Options),
    /// Export, import or reset what is remembered: links and holds
    State(state::Options),
    /// Print completions for a shell
    Completions(shell::CompletionOptions),
    /// Print the manual page, or write all of them
    Man(shell::ManOptions),
}

/// What the command line comes to.
pub enum Next {
    /// It is done, with this exit code.
    Done(u8),
    /// The screens are to be opened.
    Screens(Box<Opening>),
    /// There are several channels to choose from.
    Several(Box<Several>),
    /// There is no configuration yet: the first screen asks for one.
    First(Box<First>),
}

/// Runs the command line.
#[must_use]
pub fn run() -> Next {
    let cli = match help::command().try_get_matches().and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are data, and no failure.
            let _ = e.print();
            if let Some(tip) = help::tip(&e) {
                report::talk(&format!("hint: {tip}"));
            }
            return Next::Done(if e.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    dispatch(cli).unwrap_or_else(|error| Next::Done(end(Err(error))))
}

/// The exit code of what has ended; an error is told on stderr.
#[must_use]
pub fn end(result: Result<u8>) -> u8 {
    result.unwrap_or_else(|error| {
        report::error(&error);
        error.kind().exit_code()
    })
}

fn dispatch(cli: Cli) -> Result<Next> {
    let common = cli.common;
    if let Some(path) = &common.log {
        telemetry::log_to(path, common.verbose)?;
    }
    let now = clock::now();
    // Sockets only; the work on users is done where it is awaited. A run is thousands of short waits: on one thread nobody has
    // to be woken on another one for each (a quarter more rows a second), and the journal has its own.
    let runtime = match &cli.command {
        Some(Command::Apply(_) | Command::Owed(_)) => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        _ => tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build(),
    };
    let runtime = runtime.map_err(|e| Error::failure(format!("the runtime cannot be set up: {e}")))?;
    match &cli.command {
        None if screens::is_first(&common) => return Ok(Next::First(Box::new(screens::first(&cli.looks, &common, runtime)?))),
        None if screens::has_several(&common) => return Ok(Next::Several(Box::new(screens::several(&cli.looks, &common, runtime)))),
        None => return Ok(Next::Screens(Box::new(screens::configured(&cli.looks, &common, runtime)?))),
        Some(Command::Demo(options)) if !options.prints() => {
            return Ok(Next::Screens(Box::new(screens::embedded(options, &options.looks.or(&cli.looks), &common, runtime)?)));
        }
        Some(_) => {}
    }
    let code = runtime.block_on(async {
        match cli.command {
            Some(Command::Demo(options)) => demo::run(&options, &common, now).await,
            Some(Command::Init(options)) => Box::pin(init::run(&options, &common, now)).await,
            Some(Command::Check(options)) => check::run(&options, &common, now).await,
            Some(Command::Plan(options)) => plan::run(&options, &common, now).await,
            Some(Command::Apply(options)) => Box::pin(apply::run(&options, &common, now)).await,
            Some(Command::Explain(options)) => Box::pin(explain::run(&options, &common, now)).await,
            Some(Command::Doctor(options)) => Box::pin(doctor::run(&options, &common, now)).await,
            Some(Command::History(options)) => history::history(&options, &common),
            Some(Command::Undo(options)) => history::undo(&options, &common, now),
            Some(Command::Owed(options)) => history::owed(&options, &common, now).await,
            Some(Command::Approve(options)) => approve::run(&options, approve::Verb::Approve, &common),
            Some(Command::Unapprove(options)) => approve::run(&options, approve::Verb::Unapprove, &common),
            Some(Command::Act(options)) => approve::act(&options, &common, now),
            Some(Command::Link(options)) => decide::link(&options, &common, now).await,
            Some(Command::Unlink(options)) => decide::unlink(&options, &common, now).await,
            Some(Command::Hold(options)) => decide::hold(&options, &common, now).await,
            Some(Command::Release(options)) => decide::release(&options, &common, now).await,
            Some(Command::Channels(options)) => channels::run(&options, &common),
            Some(Command::Connectors(options)) => connectors::run(&options, &common),
            Some(Command::Fields(options)) => fields::run(&options, &common),
            Some(Command::Functions(options)) => functions::run(&options, &common),
            Some(Command::State(options)) => state::run(&options, &common, now),
            Some(Command::Completions(options)) => shell::completions(&options),
            Some(Command::Man(options)) => shell::man(&options),
            None => Ok(exit::DONE),
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    code.map(Next::Done)
}

/// A channel that was looked at.
struct Seen {
    channel: Channel,
    journal: Journal,
    picture: Picture,
    ends: engine::Ends,
}

impl Common {
    /// The configuration, read and checked.
    fn configuration(&self) -> Result<Config> {
        let path = paths::config_file(self.config.as_deref())?;
        if self.config.is_none() && !path.exists() {
            return Err(Error::usage(format!("there is no configuration yet: {}", path.display()))
                .hint("write one with: rosterm init; name another with --config FILE; or try it without: rosterm demo"));
        }
        Config::read(&path)
    }

    fn channel(&self) -> Result<(Config, Channel)> {
        let config = self.configuration()?;
        let channel = config.channel(self.channel.as_deref())?.clone();
        Ok((config, channel))
    }

    fn shows_progress(&self) -> bool {
        !self.no_progress
    }

    fn journal(&self, config: &Config, mode: Mode) -> Result<Journal> {
        let path = paths::state_file(self.state.as_deref().or(config.state.as_deref()))?;
        if mode == Mode::Write && self.read_only {
            return Err(Error::new(Kind::Refused, "--read-only: nothing is changed, not even what is remembered"));
        }
        Journal::open(&path, mode)
    }

    /// Tells of a run that was interrupted, and finds out by reading what came of what it had sent.
    async fn looked_into(
        &self,
        config: &Config,
        channel: &Channel,
        ends: &mut engine::Ends,
        journal: Journal,
        watch: &Watch,
        now: Instant,
    ) -> Result<Journal> {
        let service = ends.target.base_url().to_owned();
        let Some(run) = journal.unended(&service)?.filter(|run| run.what.channel == channel.name) else { return Ok(journal) };
        let lock = Lock::take(&journal, &service, "a command that reads", now);
        let told = match &lock {
            Err(error) => error.message().to_owned(),
            Ok(_) => format!(
                "run {} was interrupted: {} of {} rows are left; rosterm apply finishes it",
                run.id,
                crate::text::count(run.of(crate::journal::run::RowState::Waiting)),
                crate::text::count(run.total())
            ),
        };
        watch.aside(|| report::talk(&told));
        if lock.is_err() || self.read_only || run.open == 0 {
            return Ok(journal);
        }
        drop(journal);
        watch.now(Doing::Checking);
        engine::run::verify(channel, ends, self.journal(config, Mode::Write)?, &run, now).await
    }

    /// Opens a channel, reads both ends and classifies everybody.
    async fn look(&self, now: Instant, mode: Mode) -> Result<(Channel, Journal, Picture)> {
        self.look_closely(now, mode, false).await
    }

    /// The same; the service is asked what it can where that is shown.
    async fn look_closely(&self, now: Instant, mode: Mode, asks: bool) -> Result<(Channel, Journal, Picture)> {
        let Seen { channel, journal, picture, .. } = self.look_and_keep(now, mode, asks).await?;
        Ok((channel, journal, picture))
    }

    /// The same, with both ends, to ask on.
    async fn look_and_keep(&self, now: Instant, mode: Mode, asks: bool) -> Result<Seen> {
        let (config, channel) = self.channel()?;
        let journal = self.journal(&config, mode)?;
        let (source, target) = (channel.source.short_name(), channel.target.short_name());
        let watch = Watch::start(&source, &target, Doing::Opening, self.shows_progress());
        let mut ends = engine::open(&channel, now).await?;
        let journal = self.looked_into(&config, &channel, &mut ends, journal, &watch, now).await?;
        if asks {
            ends.target.ask_what_it_can().await;
        }
        watch.now(Doing::Reading);
        let others = config.others(&channel);
        let job = Job { channel: &channel, others: &others, now, progress: watch.progress() };
        let picture = engine::look(&job, &mut ends, &journal).await?;
        let is_nobody = picture.source_state().is_complete() && picture.entries().is_empty();
        let why = if is_nobody { engine::location::remover(&mut ends.source, &channel.source).await } else { None };
        drop(watch);
        if let Some(why) = why {
            report::talk(&format!("nobody is in scope: {why}"));
        }
        Ok(Seen { channel, journal, picture, ends })
    }
}
