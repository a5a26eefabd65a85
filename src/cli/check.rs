//! `rosterm check`: everything that a plan needs, tried step by step, read-only. Each step is told as it is done.

use super::print::{self, Format};
use super::progress::{Doing, Watch};
use super::table::{paragraph, table};
use super::{Common, report};
use crate::clock::Instant;
use crate::config::{Channel, Config, paths};
use crate::engine::check::{self, Opened, Side, worse};
use crate::error::{Error, Result, exit};
use crate::journal::{Journal, Mode};
use crate::model::step::{Step, StepVerdict};
use crate::telemetry::redacted;
use crate::text::{counted, pad};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// What was found about one channel, or about the file before there was one.
struct Report<'a> {
    options: &'a Options,
    style: report::Style,
    /// The side whose heading was printed last.
    heading: Option<Side>,
    steps: Vec<(Side, Step)>,
}

/// How a channel came out.
struct Outcome {
    code: u8,
    document: Value,
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let mut file = Report::new(options, common);
    let config = match common.configuration().and_then(|config| chosen(&config, common).map(|channels| (config, channels))) {
        Ok((config, channels)) => {
            file.tell(Side::Configuration, Step::good("file", config.path.display().to_string()));
            (config, channels)
        }
        Err(error) => {
            let outcome = file.broken("file", &error)?;
            return finish(options, vec![outcome]);
        }
    };
    let (config, channels) = config;
    let several = channels.len() > 1;
    let mut outcomes = Vec::new();
    for channel in &channels {
        if several {
            file.say(|out| writeln!(out, "\n{}", file.style.bold(&channel.name)))?;
        }
        if !channel.active && common.channel.is_none() {
            file.say(|out| writeln!(out, "parked (active = false), not checked"))?;
            outcomes.push(Outcome {
                code: exit::DONE,
                document: json!({"channel": channel.name, "active": false, "verdict": null, "steps": []}),
            });
            continue;
        }
        let mut steps = Report::new(options, common);
        if !several {
            steps.heading = file.heading;
            steps.steps.clone_from(&file.steps);
        }
        outcomes.push(steps.channel(&config, channel, common, now, several).await?);
    }
    if several && options.format == Format::Text {
        let bad: Vec<&str> = channels.iter().zip(&outcomes).filter(|(_, o)| o.code != exit::DONE).map(|(c, _)| c.name.as_str()).collect();
        let sentence = if bad.is_empty() {
            "Every active channel is good.".to_owned()
        } else {
            format!("{} of {} can't be used as they are: {}.", bad.len(), counted(channels.len(), "channel"), bad.join(", "))
        };
        file.say(|out| writeln!(out).and_then(|()| paragraph(out, 0, print::width(), &sentence)))?;
    }
    finish(options, outcomes)
}

/// The channels to check: the one that was named, or all of them, parked ones too.
pub(super) fn chosen(config: &Config, common: &Common) -> Result<Vec<Channel>> {
    if let Some(name) = &common.channel {
        return Ok(vec![config.channel(Some(name))?.clone()]);
    }
    if config.channels.iter().all(|c| !c.active) {
        // Tells that every channel is parked.
        config.channel(None)?;
    }
    Ok(config.channels.clone())
}

fn finish(options: &Options, outcomes: Vec<Outcome>) -> Result<u8> {
    let code = outcomes.iter().fold(exit::DONE, |code, outcome| exit::worst(code, outcome.code));
    if options.format == Format::Json {
        let channels: Vec<Value> = outcomes.into_iter().map(|o| o.document).collect();
        print::json(&json!({"format": "rosterm-check/1", "good": code == exit::DONE, "channels": channels}))?;
    }
    Ok(code)
}

/// The options that the next command needs too, as one would type them.
fn given(common: &Common, channel: Option<&Channel>) -> String {
    let quoted = |text: &str| {
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "/._-+@:,".contains(c));
        if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
    };
    let mut given = String::new();
    for (option, value) in [
        ("--config", common.config.as_ref().map(|p| p.display().to_string())),
        ("--state", common.state.as_ref().map(|p| p.display().to_string())),
        ("--channel", channel.map(|c| c.name.clone()).or_else(|| common.channel.clone())),
    ] {
        if let Some(value) = value {
            for part in [" ", option, " ", &quoted(&value)] {
                given.push_str(part);
            }
        }
    }
    given
}

impl<'a> Report<'a> {
    fn new(options: &'a Options, common: &Common) -> Self {
        Report { options, style: report::Style::of(common.color), heading: None, steps: Vec::new() }
    }

    /// Writes to stdout, if this is for people.
    fn say(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
        if self.options.format == Format::Text { print::data(write) } else { Ok(()) }
    }

    async fn channel(mut self, config: &Config, channel: &Channel, common: &Common, now: Instant, several: bool) -> Result<Outcome> {
        let mut told = Vec::new();
        let prepared = match check::configuration(channel, |step| told.push(step)) {
            Ok(prepared) => prepared,
            Err(error) => return self.broken_channel(channel, "mapping", &error),
        };
        for step in told {
            self.tell(Side::Configuration, step);
        }
        let opened = {
            let (source, target) = (channel.source.short_name(), channel.target.short_name());
            let watch = Watch::start(&source, &target, Doing::Checking, common.shows_progress());
            check::ends(channel, &prepared, now, |side, step| watch.aside(|| self.tell(side, step))).await
        };
        let path = paths::state_file(common.state.as_deref().or(config.state.as_deref()))?;
        let journal = Journal::open(&path, Mode::Read);
        let mut step = check::state(channel, &opened, &journal, now);
        if step.verdict == StepVerdict::Good {
            step.detail = format!("{} in {}", step.detail, path.display());
        }
        self.tell(Side::State, step);
        self.end(channel, &opened, &given(common, several.then_some(channel)))
    }

    /// Keeps a step, and prints it if this is for people. A reader that is gone does not end the check: its exit code counts.
    fn tell(&mut self, side: Side, step: Step) {
        let step = Step { detail: redacted(&step.detail), hint: step.hint.map(|h| redacted(&h)), ..step };
        let heading = self.heading.replace(side) != Some(side);
        let style = self.style;
        let _ = self.say(|out| {
            if heading {
                writeln!(out, "{}", side.words())?;
            }
            let verdict = verdict(step.verdict);
            let mut rows = vec![vec![pad(verdict, 11), pad(step.name, 10), step.detail.clone()]];
            if let Some(hint) = &step.hint {
                rows.push(vec![String::new(), String::new(), format!("hint: {hint}")]);
            }
            let mut text = Vec::new();
            table(&mut text, 2, print::width(), &rows)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let bad = matches!(step.verdict, StepVerdict::Failed | StepVerdict::Warning);
            let text = if bad { text.replacen(verdict, &style.warn(verdict), 1) } else { text };
            write!(out, "{text}")
        });
        self.steps.push((side, step));
    }

    /// A configuration that can't be used: told with its place and its line.
    fn broken(mut self, name: &'static str, error: &Error) -> Result<Outcome> {
        self.broken_text(name, error)?;
        let document = self.document(None);
        Ok(Outcome { code: exit::USAGE, document })
    }

    fn broken_channel(mut self, channel: &Channel, name: &'static str, error: &Error) -> Result<Outcome> {
        self.broken_text(name, error)?;
        let document = self.document(Some(channel));
        Ok(Outcome { code: error.kind().exit_code(), document })
    }

    fn broken_text(&mut self, name: &'static str, error: &Error) -> Result<()> {
        let heading = self.heading.replace(Side::Configuration) != Some(Side::Configuration);
        let style = self.style;
        self.say(|out| {
            if heading {
                writeln!(out, "{}", Side::Configuration.words())?;
            }
            let verdict = verdict(StepVerdict::Failed);
            writeln!(out, "  {}  {name}", style.warn(&pad(verdict, 11)))?;
            for line in redacted(&error.to_string()).lines() {
                writeln!(out, "    {line}")?;
            }
            writeln!(out, "\nThe configuration can't be used as it is. Mend it, then: rosterm check")
        })?;
        let place = error.position().map(|p| format!("{p}: ")).unwrap_or_default();
        let step = Step { detail: redacted(&format!("{place}{}", error.message())), ..Step::failed(name, error) };
        self.steps.push((Side::Configuration, step));
        Ok(())
    }

    fn end(self, channel: &Channel, opened: &Opened, more: &str) -> Result<Outcome> {
        let count = |wanted| self.steps.iter().filter(|(_, s)| s.verdict == wanted).count();
        let (failed, warnings) = (count(StepVerdict::Failed), count(StepVerdict::Warning));
        let noted = if warnings == 0 { String::new() } else { format!(", with {}", counted(warnings, "warning")) };
        let ends = match (&opened.source, &opened.target) {
            (Some(_), Some(_)) => "Both ends answer",
            (None, Some(_)) => "The service answers, the directory can't be read",
            (Some(_), None) => "The directory answers, the service can't be read",
            (None, None) => "Neither end can be read",
        };
        let sentence = if failed == 0 {
            format!("{ends}{noted}. Next: rosterm plan{more}")
        } else {
            format!("{ends}{noted}. Mend what FAILED, the first of them first, then: rosterm check{more}")
        };
        self.say(|out| writeln!(out).and_then(|()| paragraph(out, 0, print::width(), &sentence)))?;
        let code = if failed == 0 { exit::DONE } else { exit::FAILURE };
        let document = self.document(Some(channel));
        Ok(Outcome { code, document })
    }

    fn document(&self, channel: Option<&Channel>) -> Value {
        #[derive(Serialize)]
        struct Line<'s> {
            side: Side,
            #[serde(flatten)]
            step: &'s Step,
        }
        let steps: Vec<Line<'_>> = self.steps.iter().map(|(side, step)| Line { side: *side, step }).collect();
        let verdict = self.steps.iter().map(|(_, s)| s.verdict).reduce(worse);
        json!({"channel": channel.map(|c| &c.name), "active": channel.map(|c| c.active), "verdict": verdict, "steps": steps})
    }
}

/// A mark and a word: neither needs colour.
fn verdict(verdict: StepVerdict) -> &'static str {
    match verdict {
        StepVerdict::Good => "✓ ok",
        StepVerdict::Warning => "! warning",
        StepVerdict::Failed => "✗ FAILED",
        StepVerdict::Skipped => "· not tried",
    }
}
