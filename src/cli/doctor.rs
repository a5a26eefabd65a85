//! `rosterm doctor`: what is wrong with a channel as a whole, and what to do about it, read-only.
//!
//! Everything that `check` tries, and then everybody is read: what many have in common shows only there.

use super::check::chosen;
use super::print::{self, Format};
use super::progress::{Doing, Watch};
use super::table::{paragraph, table};
use super::{Common, report};
use crate::clock::Instant;
use crate::config::{Channel, Config, paths};
use crate::engine::{self, Ends, Job, check};
use crate::error::{Result, exit};
use crate::explain::doctor::{self, Finding, Grade};
use crate::journal::{Journal, Mode};
use crate::model::step::StepVerdict;
use crate::telemetry::redacted;
use crate::text::{count, pad};
use clap::Args;
use serde::Serialize;
use std::io::Write;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// What was found about one channel.
#[derive(Serialize)]
struct Report {
    channel: String,
    /// Everybody was read.
    read: bool,
    findings: Vec<Finding>,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Document<'r> {
    format: &'static str,
    good: bool,
    channels: &'r [Report],
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    // A file that can't be used is an error like everywhere else: there is no channel to say anything about.
    let config = common.configuration()?;
    let mut reports = Vec::new();
    for channel in chosen(&config, common)? {
        if channel.active || common.channel.is_some() {
            reports.push(look_at(&config, &channel, common, now).await?);
        }
    }
    let wrong = reports.iter().flat_map(|r| &r.findings).filter(|f| f.grade == Grade::Wrong).count();
    match options.format {
        Format::Json => print::json(&Document { format: doctor::FORMAT, good: wrong == 0, channels: &reports })?,
        Format::Text => {
            let (several, style) = (reports.len() > 1, report::Style::of(common.color));
            print::data(|out| reports.iter().try_for_each(|r| text(out, r, several, style)))?;
        }
    }
    Ok(if wrong == 0 { exit::DONE } else { exit::FAILURE })
}

async fn look_at(config: &Config, channel: &Channel, common: &Common, now: Instant) -> Result<Report> {
    let report = |read, findings| Report { channel: channel.name.clone(), read, findings };
    let mut steps = Vec::new();
    let prepared = match check::configuration(channel, |step| steps.push((check::Side::Configuration.words(), step))) {
        Ok(prepared) => prepared,
        Err(error) => return Ok(report(false, vec![doctor::of_error(check::Side::Configuration.words(), &error)])),
    };
    let (source, target) = (channel.source.short_name(), channel.target.short_name());
    let watch = Watch::start(&source, &target, Doing::Checking, common.shows_progress());
    let opened = check::ends(channel, &prepared, now, |side, step| steps.push((side.words(), step))).await;
    let journal = Journal::open(&paths::state_file(common.state.as_deref().or(config.state.as_deref()))?, Mode::Read);
    let state = check::state(channel, &opened, &journal, now);
    let is_usable = state.verdict != StepVerdict::Failed;
    steps.push((check::Side::State.words(), state));
    let mut findings = doctor::of_steps(&steps);
    let (Some(source), Some(target), Ok(journal), true) = (opened.source, opened.target, journal, is_usable) else {
        return Ok(report(false, findings));
    };
    watch.now(Doing::Reading);
    let mut ends = Ends { source, target, connector: prepared.connector, rules: prepared.rules };
    let others = config.others(channel);
    let job = Job { channel, others: &others, now, progress: watch.progress() };
    let picture = engine::look(&job, &mut ends, &journal).await?;
    drop(watch);
    findings.extend(doctor::of_census(&picture.census(&journal)?));
    findings.sort_by_key(|finding| finding.grade);
    Ok(report(true, findings))
}

fn text(out: &mut dyn Write, report: &Report, several: bool, style: report::Style) -> std::io::Result<()> {
    if several {
        writeln!(out, "{}", style.bold(&report.channel))?;
    }
    for finding in &report.findings {
        let word = if finding.grade == Grade::Wrong { "WRONG" } else { "notice" };
        let users = if finding.users.is_empty() { String::new() } else { format!("; for one {}", finding.users.join(", ")) };
        let mut rows = vec![vec![pad(word, 6), pad(finding.about, 13), redacted(&format!("{}{users}", finding.text))]];
        rows.extend(finding.hint.as_ref().map(|hint| vec![String::new(), String::new(), format!("hint: {}", redacted(hint))]));
        let mut lines = Vec::new();
        table(&mut lines, 0, print::width(), &rows)?;
        let lines = String::from_utf8_lossy(&lines).into_owned();
        let is_wrong = finding.grade == Grade::Wrong;
        write!(out, "{}", if is_wrong { lines.replacen(word, &style.warn(word), 1) } else { lines })?;
    }
    let of = |grade| report.findings.iter().filter(|f| f.grade == grade).count();
    let sentence = match (of(Grade::Wrong), of(Grade::Notice), report.read) {
        (0, 0, _) => "Nothing is wrong.".to_owned(),
        (0, n, _) => format!("Nothing is wrong; {} worth knowing.", things(n)),
        (n, 0, true) => format!("{} wrong.", things(n)),
        (n, m, true) => format!("{} wrong, {} worth knowing.", things(n), count(m)),
        (n, _, false) => format!("{} wrong. Nobody was read: the rest shows once that is mended.", things(n)),
    };
    paragraph(out, 0, print::width(), &sentence)
}

fn things(n: usize) -> String {
    if n == 1 { "1 thing is".to_owned() } else { format!("{} things are", count(n)) }
}
