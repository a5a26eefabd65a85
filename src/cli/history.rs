//! `rosterm history`: the journal. `rosterm undo`: a plan that takes a run back. `rosterm owed`: what is left of all of it.

use super::{Common, apply, print, report, save};
use crate::clock::Instant;
use crate::engine::undo::{self, TakenBack, each_row, found};
use crate::error::{Error, Result, exit};
use crate::journal::Journal;
use crate::journal::Mode;
use crate::journal::run::{FrozenRow, Owed, RowState, Run, RunId, Step};
use crate::plan::Row;
use crate::plan::file;
use crate::text::{clean, count};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

/// Runs that are listed.
const RUNS: usize = 20;

#[derive(Debug, Clone, Args)]
pub(super) struct HistoryOptions {
    /// A run by its number: its rows, and what was sent
    run: Option<i64>,
    /// Only rows of this user, of all runs: user name, lasting id or account id
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    user: Option<String>,
    /// Only rows that were not done
    #[arg(long)]
    failed: bool,
    /// How to print it
    #[arg(long, default_value = "text")]
    format: print::Format,
}

#[derive(Debug, Clone, Args)]
pub(super) struct UndoOptions {
    /// The run, by its number
    run: i64,
    /// Save the plan in this file, to be approved and applied
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct OwedOptions {
    #[command(subcommand)]
    what: Option<OwedWhat>,
    /// How to print it
    #[arg(long, default_value = "text")]
    format: print::Format,
}

#[derive(Debug, Clone, Subcommand)]
enum OwedWhat {
    /// Plan again for those users alone, and send what is approved
    Retry(apply::Options),
    /// Forget what is owed to a user
    Forget {
        /// User name, lasting id or account id
        user: String,
    },
}

#[derive(Serialize)]
struct RunLine {
    run: RunId,
    channel: String,
    service: String,
    plan: String,
    undo_of: Option<RunId>,
    author: String,
    started: Instant,
    ended: Option<Instant>,
    ending: Option<&'static str>,
    why: Option<String>,
    terms: serde_json::Value,
    rows: BTreeMap<&'static str, usize>,
    open_requests: usize,
}

impl RunLine {
    fn of(run: &Run) -> Self {
        RunLine {
            run: run.id,
            channel: run.what.channel.clone(),
            service: run.what.service.clone(),
            plan: run.what.plan.clone(),
            undo_of: run.what.undo_of,
            author: run.what.author.clone(),
            started: run.what.started,
            ended: run.ended.map(|(at, _)| at),
            ending: run.ended.map(|(_, ending)| ending.code()),
            why: run.why.clone(),
            terms: serde_json::from_str(&run.what.terms).unwrap_or_default(),
            rows: RowState::ALL.into_iter().map(|s| (s.code(), run.of(s))).filter(|(_, n)| *n > 0).collect(),
            open_requests: run.open,
        }
    }
}

#[derive(Serialize)]
struct RowLine {
    run: RunId,
    state: RowState,
    row: Row,
    requests: Vec<RequestLine>,
}

#[derive(Serialize)]
struct RequestLine {
    request: String,
    begun: i64,
    milliseconds: Option<i64>,
    result: Option<&'static str>,
    status: Option<u16>,
    cause: Option<String>,
    request_id: Option<String>,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
}

impl RequestLine {
    fn of(step: &Step) -> Self {
        let json = |text: &Option<String>| text.as_deref().and_then(|t| serde_json::from_str(t).ok());
        let outcome = step.outcome.as_ref();
        RequestLine {
            request: step.intent.request.clone(),
            begun: step.intent.begun,
            milliseconds: outcome.map(|o| o.ended - step.intent.begun),
            result: outcome.map(|o| o.result.code()),
            status: outcome.and_then(|o| o.status),
            cause: outcome.and_then(|o| o.cause.clone()),
            request_id: outcome.and_then(|o| o.request_id.clone()),
            before: json(&step.intent.before),
            after: outcome.and_then(|o| json(&o.after)),
        }
    }
}

pub(super) fn history(options: &HistoryOptions, common: &Common) -> Result<u8> {
    let (config, channel) = common.channel()?;
    let journal = common.journal(&config, Mode::Read)?;
    if options.run.is_none() && options.user.is_none() {
        let runs = journal.runs(&channel.name, RUNS)?;
        match options.format {
            print::Format::Json => print::json(&runs.iter().map(RunLine::of).collect::<Vec<_>>())?,
            print::Format::Text => print::data(|out| list(out, &runs, &channel.name))?,
        }
        return Ok(exit::DONE);
    }
    let mut lines = Vec::new();
    let mut head = None;
    if let Some(number) = options.run {
        let run = found(&journal, RunId(number), &channel.name)?;
        each_row(&journal, run.id, |row, content| {
            if !options.failed || row.state != RowState::Done {
                lines.push(line(&journal, run.id, &row, content)?);
            }
            Ok(())
        })?;
        head = Some(run);
    } else if let Some(name) = &options.user {
        let name = crate::plan::decision::Name::new(name);
        for run in journal.runs(&channel.name, usize::MAX)? {
            each_row(&journal, run.id, |row, content| {
                if (name.fits(&content) || row.account.as_ref().is_some_and(|a| a.as_str() == name.text()))
                    && (!options.failed || row.state != RowState::Done)
                {
                    lines.push(line(&journal, run.id, &row, content)?);
                }
                Ok(())
            })?;
        }
    }
    match options.format {
        print::Format::Json => print::json(&lines)?,
        print::Format::Text => print::data(|out| rows(out, head.as_ref(), &lines))?,
    }
    Ok(exit::DONE)
}

fn line(journal: &Journal, run: RunId, row: &FrozenRow, content: Row) -> Result<RowLine> {
    let requests = journal.steps(run, row.n)?.iter().map(RequestLine::of).collect();
    Ok(RowLine { run, state: row.state, row: content, requests })
}

fn list(out: &mut dyn Write, runs: &[Run], channel: &str) -> io::Result<()> {
    if runs.is_empty() {
        return writeln!(out, "channel {} has not sent anything yet", clean(channel));
    }
    for run in runs {
        let rows: Vec<String> =
            RowState::ALL.into_iter().filter(|s| run.of(*s) > 0).map(|s| format!("{} {}", count(run.of(s)), s.words())).collect();
        let how = match (run.ended, run.frozen) {
            (Some((_, ending)), _) => ending.code(),
            (None, true) => "interrupted",
            (None, false) => "not begun",
        };
        let undo = run.what.undo_of.map(|of| format!(", takes run {of} back")).unwrap_or_default();
        writeln!(
            out,
            "run {:<5} {}  {:<11} {}  by {}{undo}",
            run.id.to_string(),
            run.what.started.rfc3339(),
            how,
            rows.join(", "),
            clean(&run.what.author)
        )?;
        if let Some(why) = &run.why {
            writeln!(out, "          {}", clean(&crate::telemetry::redacted(why)))?;
        }
        if run.ended.is_none() && run.frozen {
            writeln!(out, "          {} requests of which it is not known what came of them; rosterm apply finishes it", count(run.open))?;
        }
    }
    Ok(())
}

fn rows(out: &mut dyn Write, head: Option<&Run>, lines: &[RowLine]) -> io::Result<()> {
    if let Some(run) = head {
        list(out, std::slice::from_ref(run), &run.what.channel)?;
    }
    for line in lines {
        let who = line.row.called();
        let run = if head.is_none() { format!("run {:<5} ", line.run.to_string()) } else { String::new() };
        writeln!(out, "{run}{:<8} {:<24} {}", line.row.action.code(), clean(who), line.state.words())?;
        for change in &line.row.changes {
            let shown =
                |d: &crate::identity::value::Datum| if d.is_unassigned() { "nothing".to_owned() } else { clean(&d.plain()).into_owned() };
            writeln!(out, "           {}: {} -> {}", clean(&change.field), shown(&change.from), shown(&change.to))?;
        }
        for request in &line.requests {
            let took = request.milliseconds.map(|ms| format!(", {ms} ms")).unwrap_or_default();
            let status = request.status.map(|s| format!(", HTTP {s}")).unwrap_or_default();
            let id = request.request_id.as_ref().map(|id| format!(", request {}", clean(id))).unwrap_or_default();
            let result = request.result.unwrap_or("it is not known what came of it");
            writeln!(out, "           {}: {result}{status}{took}{id}", clean(&request.request))?;
            if let Some(cause) = &request.cause {
                writeln!(out, "             {}", clean(&crate::telemetry::redacted(cause)))?;
            }
        }
    }
    if lines.is_empty() {
        writeln!(out, "there are no such rows")?;
    }
    Ok(())
}

pub(super) fn undo(options: &UndoOptions, common: &Common, now: Instant) -> Result<u8> {
    let (config, channel) = common.channel()?;
    let journal = common.journal(&config, Mode::Read)?;
    let TakenBack { header, rows, lasting } = undo::plan(&journal, &channel, RunId(options.run), now)?;
    let run = RunId(options.run);
    if let Some(path) = &options.out {
        let id = save::put(path, |out| Ok(file::write(out, &header, || rows.iter().cloned())?))?;
        report::talk(&format!("saved plan {id} in {}", path.display()));
    }
    print::data(|out| {
        writeln!(out, "taking run {} of channel {} back: {} rows", run, clean(&channel.name), count(rows.len()))?;
        for row in &rows {
            let what: Vec<String> = row
                .changes
                .iter()
                .map(|c| {
                    let shown =
                        |d: &crate::identity::value::Datum| if d.is_unassigned() { "nothing".to_owned() } else { d.plain().into_owned() };
                    format!("{}: {} -> {}", c.field, shown(&c.from), shown(&c.to))
                })
                .collect();
            let approved = if row.approved { "" } else { " · not approved" };
            writeln!(out, "  {:<8} {:<24} {}{approved}", row.action.code(), clean(row.called()), clean(&what.join(", ")))?;
        }
        for (why, users) in &lasting {
            let more = users.len().saturating_sub(10);
            let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
            writeln!(out, "\ncannot be taken back ({}): {}", count(users.len()), clean(why))?;
            writeln!(out, "  {}{more}", clean(&users[..users.len().min(10)].join(", ")))?;
        }
        Ok(())
    })?;
    if options.out.is_none() && !rows.is_empty() {
        report::talk(
            "save it with --out FILE, approve who would lose access with rosterm approve FILE --user NAME, then rosterm apply FILE",
        );
    }
    Ok(if rows.is_empty() { exit::DONE } else { exit::PENDING })
}

pub(super) async fn owed(options: &OwedOptions, common: &Common, now: Instant) -> Result<u8> {
    let (config, channel) = common.channel()?;
    let service = &channel.target.base_url.value;
    let ours = |owed: &Owed| owed.channel == channel.name;
    match &options.what {
        None => {
            let owed: Vec<Owed> = common.journal(&config, Mode::Read)?.owed(service)?.into_iter().filter(ours).collect();
            match options.format {
                print::Format::Json => print::json(&owed)?,
                print::Format::Text => print::data(|out| owed_lines(out, &owed))?,
            }
            Ok(if owed.is_empty() { exit::DONE } else { exit::PENDING })
        }
        Some(OwedWhat::Forget { user }) => {
            let mut journal = common.journal(&config, Mode::Write)?;
            let key = crate::identity::value::key_form(user).into_owned();
            let named = |o: &&Owed| o.subject == *user || o.user_name.as_ref().is_some_and(|n| crate::identity::value::key_form(n) == key);
            let owed: Vec<Owed> = journal.owed(service)?.into_iter().filter(ours).collect();
            let Some(one) = owed.iter().find(named) else {
                return Err(Error::usage(format!("nothing is owed to {user}")).hint("list what is owed with rosterm owed"));
            };
            journal.forget_owed(service, &one.subject)?;
            report::talk(&format!("forgotten: {} of {}", one.action.code(), one.user_name.as_deref().unwrap_or(&one.subject)));
            Ok(exit::DONE)
        }
        Some(OwedWhat::Retry(retry)) => {
            let owed: Vec<Owed> = common.journal(&config, Mode::Read)?.owed(service)?.into_iter().filter(ours).collect();
            if owed.is_empty() {
                report::talk("nothing is owed");
                return Ok(exit::DONE);
            }
            Box::pin(apply::run(&retry.only_for(&owed), common, now)).await
        }
    }
}

fn owed_lines(out: &mut dyn Write, owed: &[Owed]) -> io::Result<()> {
    if owed.is_empty() {
        return writeln!(out, "nothing is owed");
    }
    for one in owed {
        let times = if one.attempts == 1 { "tried once".to_owned() } else { format!("tried {} times", one.attempts) };
        writeln!(
            out,
            "{:<8} {:<24} run {}, {times}, last {}",
            one.action.code(),
            clean(one.user_name.as_deref().unwrap_or(&one.subject)),
            one.run,
            one.at.rfc3339()
        )?;
        writeln!(out, "           {}", clean(&crate::telemetry::redacted(&one.cause)))?;
    }
    writeln!(out, "\nretry them with rosterm owed retry, forget one with rosterm owed forget USER")
}
