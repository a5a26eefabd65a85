//! `rosterm plan`: the diff, as text, as a document, as a table or as a page.
//!
//! The schema of the document is an option of this command and no command of its own, because it belongs to what this
//! command writes, of this version.

use super::{Common, report, save};
use crate::apply::Wire;
use crate::apply::choose::Selection;
use crate::clock::Instant;
use crate::engine::run::remember_plan;
use crate::engine::{Picture, User};
use crate::error::{Error, Result, exit};
use crate::journal::{Journal, Mode};
use crate::model::{Action, Situation};
use crate::plan::csv as sheet;
use crate::plan::decision::Name;
use crate::plan::page::{self, Page, Tally, Wanted};
use crate::plan::{Row, file};
use crate::text::clean;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How to print it
    #[arg(long, default_value = "text")]
    pub format: Format,
    /// Save the plan as a document in this file, readable by you only. A name that ends in .csv or .html gets that, with the
    /// --format of the same name; such a file is for reading and cannot be applied
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print everybody, also those who are fine
    #[arg(long)]
    pub all: bool,
    /// Only this situation; may be given several times
    #[arg(long, value_name = "SITUATION", value_parser = situation)]
    pub only: Vec<Situation>,
    /// Only this user: user name, lasting id, DN or account id; may be given several times
    #[arg(long, value_name = "NAME")]
    pub user: Vec<String>,
    /// Print the requests that would be sent for each row, the token hidden; as text or JSON
    #[arg(long, conflicts_with_all = ["out", "all"])]
    pub wire: bool,
    /// Print the JSON Schema of the plan document, and nothing else
    #[arg(long)]
    pub schema: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One document, one row a line
    Json,
    /// For a spreadsheet: one line a user; what could run as a formula has an apostrophe in front
    Csv,
    /// One web page to read, send on and print
    Html,
}

/// A situation by its code, or by the words that are on the screen.
pub(super) fn situation(word: &str) -> std::result::Result<Situation, String> {
    let code = word.trim().to_lowercase().replace([' ', '-'], "_");
    Situation::ALL.into_iter().find(|s| s.code() == code).ok_or_else(|| {
        let known = || Situation::ALL.into_iter().map(Situation::code);
        crate::text::nearest(&code, known())
            .map_or_else(|| format!("it is one of: {}", known().collect::<Vec<_>>().join(", ")), |near| format!("did you mean {near}?"))
    })
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    if options.schema {
        return schema();
    }
    // Before anybody is read: what can't be saved there is told at once.
    place(options)?;
    if options.wire && !matches!(options.format, Format::Text | Format::Json) {
        return Err(Error::usage("--wire prints text or JSON").hint("leave --format out, or say --format json"));
    }
    let (_, journal, picture) = common.look_closely(now, Mode::Read, options.wire).await?;
    remember(common, &journal, &picture, now);
    print(options, common, &picture, now)
}

/// Remembers whom this plan would take access from, so that their number is believed by `apply`. A state that can't be written
/// costs only that.
fn remember(common: &Common, journal: &Journal, picture: &Picture, now: Instant) {
    let removals = [Action::Disable, Action::Delete].into_iter().map(|a| picture.tally().for_action(a)).sum::<usize>();
    let knows = journal.last_plan(picture.channel()).ok().flatten().is_some();
    if common.read_only || (removals == 0 && !knows) {
        return;
    }
    let config = common.configuration();
    let kept = config.and_then(|config| common.journal(&config, Mode::Write)).and_then(|mut j| remember_plan(&mut j, picture, now));
    if let Err(error) = kept {
        tracing::info!(target: "rosterm", error = error.message(), "the plan's removals are not remembered");
    }
}

fn schema() -> Result<u8> {
    stdout(|out| out.write_all(file::SCHEMA.as_bytes())).map(|()| exit::DONE)
}

/// What `--out` gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The document, beside what is printed.
    Document,
    /// What would be printed otherwise.
    Printed,
}

fn place(options: &Options) -> Result<Place> {
    let Some(path) = &options.out else { return Ok(Place::Document) };
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let (named, flag) = match ending.as_deref() {
        Some("csv") => (Format::Csv, "csv"),
        Some("html" | "htm") => (Format::Html, "html"),
        _ => return Ok(Place::Document),
    };
    if options.format == named {
        return Ok(Place::Printed);
    }
    Err(Error::usage(format!("--out saves the plan as a JSON document, and {} is named like something else", path.display()))
        .hint(format!("save the plan in plan.json, or add --format {flag}")))
}

/// Prints a picture as the options say, and gives the exit code.
pub(super) fn print(options: &Options, common: &Common, picture: &Picture, now: Instant) -> Result<u8> {
    if options.schema {
        return schema();
    }
    let style = report::Style::of(common.color);
    if options.wire {
        stdout(|out| wires(out, options, picture))?;
        return Ok(code(picture));
    }
    if let Some(path) = &options.out {
        if place(options)? == Place::Printed {
            save::put(path, |out| Ok(shape(out, options, style, picture, now)?))?;
            report::talk(&format!("wrote {}, for reading; to apply a plan, save it with --out plan.json", path.display()));
            return Ok(code(picture));
        }
        let id = save::put(path, |out| Ok(file::write(out, &picture.header(now), || picture.rows(options.all))?))?;
        report::talk(&format!("saved plan {id} in {}", path.display()));
    }
    stdout(|out| shape(out, options, style, picture, now))?;
    Ok(code(picture))
}

/// Writes to stdout; whoever stops reading has seen enough.
fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::failure(format!("the plan cannot be printed: {e}"))),
    }
}

fn shape(out: &mut dyn Write, options: &Options, style: report::Style, picture: &Picture, now: Instant) -> io::Result<()> {
    match options.format {
        Format::Json => file::write(out, &picture.header(now), || rows(options, picture)).map(|_| ()),
        Format::Csv => sheet::write(out, rows(options, picture)),
        Format::Html => html(out, options, picture, now),
        Format::Text => {
            let length = if options.all || !options.only.is_empty() { report::Length::Whole } else { report::Length::Short };
            report::text(out, picture, style, length, || rows(options, picture))
        }
    }
}

fn html(out: &mut dyn Write, options: &Options, picture: &Picture, now: Instant) -> io::Result<()> {
    let (mut everybody, mut listed) = (Tally::default(), Tally::default());
    for user in picture.users() {
        everybody.add(user.verdict.situation, user.verdict.action);
        if chosen(options, user) {
            listed.add(user.verdict.situation, user.verdict.action);
        }
    }
    let rows = |wanted: Wanted| -> Box<dyn Iterator<Item = Row> + '_> {
        let users = picture.users().iter();
        let names = names(options);
        let rows = users.filter(move |u| wanted(u.verdict.situation, u.verdict.action) && chosen(options, u)).map(|u| picture.row(u));
        Box::new(rows.filter(move |row| names.has(row)))
    };
    let source = format!("{} ({})", picture.source().place, picture.source().settings.vendor);
    let header = picture.header(now);
    let notes: Vec<String> = picture.notes().iter().map(|n| crate::telemetry::redacted(n)).collect();
    page::write(
        out,
        &Page { header: &header, source: &source, target: picture.target_title(), notes: &notes, everybody, listed, rows: &rows },
    )
}

fn chosen(options: &Options, user: &User) -> bool {
    if options.only.is_empty() {
        options.all || !options.user.is_empty() || user.is_worth_a_row()
    } else {
        options.only.contains(&user.verdict.situation)
    }
}

fn rows<'p>(options: &'p Options, picture: &'p Picture) -> impl Iterator<Item = Row> + 'p {
    let names = names(options);
    picture.users().iter().filter(|u| chosen(options, u)).map(|u| picture.row(u)).filter(move |row| names.has(row))
}

/// The users that were named; everybody where nobody was.
fn names(options: &Options) -> Selection {
    Selection { only: Vec::new(), users: options.user.iter().map(|name| Name::new(name)).collect(), ..Selection::default() }
}

/// What would be sent for whom.
#[derive(Serialize)]
struct Sending<'r> {
    user_name: Option<&'r str>,
    action: Action,
    approved: bool,
    requests: Vec<Wire>,
}

/// The requests of every row that has one: for JSON a document a line.
fn wires(out: &mut dyn Write, options: &Options, picture: &Picture) -> io::Result<()> {
    let mut any = false;
    for row in rows(options, picture).filter(|row| !matches!(row.action, Action::None | Action::Link)) {
        let sending =
            Sending { user_name: row.user_name.as_deref(), action: row.action, approved: row.approved, requests: picture.wires(&row) };
        if options.format == Format::Json {
            serde_json::to_writer(&mut *out, &sending)?;
            writeln!(out)?;
            continue;
        }
        if std::mem::replace(&mut any, true) {
            writeln!(out)?;
        }
        writeln!(out, "{} ({}{})", clean(row.called()), row.action.code(), if row.approved { "" } else { ", not approved" })?;
        for wire in &sending.requests {
            writeln!(out, "  {} {}", wire.method, clean(&wire.url))?;
            for (name, value) in &wire.headers {
                writeln!(out, "  {name}: {}", clean(value))?;
            }
            if let Some(note) = wire.note {
                writeln!(out, "  # {note}")?;
            }
            if let Some(body) = &wire.body {
                for line in serde_json::to_string_pretty(body)?.lines() {
                    writeln!(out, "  {}", clean(line))?;
                }
            }
        }
    }
    Ok(())
}

/// Changes are pending, or a read was incomplete, or there is nothing to do.
fn code(picture: &Picture) -> u8 {
    let pending = picture.users().iter().any(|u| u.verdict.action != Action::None);
    let complete = picture.source_state().is_complete() && picture.target_state().is_complete();
    let code = if pending { exit::PENDING } else { exit::DONE };
    if complete { code } else { exit::worst(code, exit::INCOMPLETE) }
}
