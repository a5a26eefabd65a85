//! `rosterm state`: what is remembered, as a whole: shown, exported, imported, reset. No end is ever contacted.
//!
//! What must stay true: nothing is lost that was not named before, and what is lost lies in a backup beside the state file.

use super::{Common, print, report, save};
use crate::clock::Instant;
use crate::config::{Config, paths};
use crate::error::{Error, Kind, Result, exit};
use crate::journal::document::FORMAT;
use crate::journal::merge::{How, Reset, to_forget};
use crate::journal::{Document, Journal, Mode};
use crate::text::{clean, counted};
use clap::{Args, Subcommand};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// A state document is never larger than this, in bytes.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Print everything that is remembered as one document (rosterm-state/1)
    Export(ExportOptions),
    /// Take a document in, all of it or nothing
    Import(ImportOptions),
    /// Forget a channel (--channel NAME), a user, or everything
    Reset(ResetOptions),
}

#[derive(Debug, Clone, Args)]
struct ExportOptions {
    /// Save it in this file, readable by you only
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
struct ImportOptions {
    /// The document; - is stdin
    file: PathBuf,
    /// Where the document and the state differ, the document wins; what it does not name stays
    #[arg(long, conflicts_with = "replace")]
    merge: bool,
    /// The document is the whole state afterwards: what it does not name is forgotten
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Args)]
struct ResetOptions {
    /// One user: entry id, account id, or a user name or e-mail that the account had
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    user: Option<String>,
    /// Everything
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let path = place(common)?;
    match &options.what {
        None => show(&path, common, now),
        Some(What::Export(options)) => export(options, &path, common, now),
        Some(What::Import(options)) => import(options, &path, common, now),
        Some(What::Reset(options)) => reset(options, &path, common, now),
    }
}

/// The state file: with --state no configuration is needed, and one that can't be used is no reason to lose the state.
fn place(common: &Common) -> Result<PathBuf> {
    if common.state.is_some() {
        return paths::state_file(common.state.as_deref());
    }
    let config = paths::config_file(common.config.as_deref())?;
    let state = if common.config.is_some() || config.exists() { Config::read(&config)?.state } else { None };
    paths::state_file(state.as_deref())
}

fn may_write(common: &Common) -> Result<()> {
    if common.read_only {
        return Err(Error::new(Kind::Refused, "--read-only: nothing is changed, not even what is remembered"));
    }
    Ok(())
}

fn whole_only(common: &Common) -> Result<()> {
    if common.channel.is_some() {
        return Err(Error::usage("--channel has no meaning here: a document is always the whole state").hint("leave --channel out"));
    }
    Ok(())
}

fn show(path: &Path, common: &Common, now: Instant) -> Result<u8> {
    whole_only(common)?;
    let there = path.exists();
    let document = Journal::open(path, Mode::Read)?.export(now)?;
    print::data(|out| {
        writeln!(out, "state   {}{}", clean(&path.display().to_string()), if there { "" } else { " (not there yet)" })?;
        writeln!(out, "all     {}", document.words())?;
        for channel in &document.channels {
            let links = document.links.iter().filter(|l| l.channel == channel.name).count();
            writeln!(out, "\n{}: {}", clean(&channel.name), counted(links, "link"))?;
            let rows =
                [("people", format!("{} by {}", channel.naming_context, channel.id_attribute)), ("accounts", channel.base_url.clone())];
            let rows: Vec<Vec<String>> = rows.into_iter().map(|(what, text)| vec![what.to_owned(), text]).collect();
            super::table::table(out, 2, print::width(), &rows)?;
        }
        Ok(())
    })?;
    Ok(exit::DONE)
}

fn export(options: &ExportOptions, path: &Path, common: &Common, now: Instant) -> Result<u8> {
    whole_only(common)?;
    let document = Journal::open(path, Mode::Read)?.export(now)?;
    match &options.out {
        None => print::data(|out| document.write(out))?,
        Some(file) => {
            if file.as_os_str() == "-" {
                return Err(Error::usage("--out saves in a file").hint("without --out the document goes to stdout"));
            }
            save::put(file, |out| Ok(document.write(out)?))?;
            report::talk(&format!("exported {} to {}", document.words(), file.display()));
        }
    }
    if document.is_empty() {
        report::talk(&format!("nothing is remembered in {}", path.display()));
    }
    Ok(exit::DONE)
}

fn import(options: &ImportOptions, path: &Path, common: &Common, now: Instant) -> Result<u8> {
    whole_only(common)?;
    may_write(common)?;
    let (name, text) = read(&options.file)?;
    let document = Document::parse(&name, &text)?;
    let how = match (options.merge, options.replace) {
        (true, _) => How::Merge,
        (_, true) => How::Replace,
        _ => How::Refuse,
    };
    let mut journal = Journal::open(path, Mode::Write)?;
    let state = if how == How::Replace { None } else { Some(journal.export(now)?) };
    document.check_channels(&name, state.as_ref())?;
    let merged = journal.import(&document, how, |before| {
        let kept = backup(path, before, now)?;
        report::talk(&format!("the state as it was is kept in {}", kept.display()));
        Ok(())
    })?;
    report::talk(&format!("imported {}: {}", document.words(), merged.words()));
    Ok(exit::DONE)
}

fn read(file: &Path) -> Result<(String, String)> {
    let name = if file.as_os_str() == "-" { "stdin".to_owned() } else { file.display().to_string() };
    let open = || -> io::Result<Box<dyn Read>> {
        Ok(if file.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(std::fs::File::open(file)?) })
    };
    let mut text = String::new();
    open().and_then(|from| from.take(LARGEST).read_to_string(&mut text)).map_err(|e| {
        Error::usage(format!("cannot read the document {name}: {e}"))
            .hint(format!("it is a {FORMAT} document, made by rosterm state export"))
    })?;
    Ok((name, text))
}

fn reset(options: &ResetOptions, path: &Path, common: &Common, now: Instant) -> Result<u8> {
    may_write(common)?;
    let channel = common.channel.as_deref();
    let (what, word) = match (options.all, options.user.as_deref(), channel) {
        (true, _, Some(_)) => return Err(Error::usage("--all and --channel say two things").hint("leave one of them out")),
        (true, _, None) => (Reset::All, None),
        (_, Some(user), channel) => (Reset::User(user, channel), Some(user)),
        (_, None, Some(channel)) => (Reset::Channel(channel), Some(channel)),
        (_, None, None) => {
            return Err(Error::usage("reset what?").hint("name one of --channel NAME, --user NAME and --all"));
        }
    };
    // Reading first: a reset that is not confirmed must not even make the file.
    let all = Journal::open(path, Mode::Read)?.export(now)?;
    let (lines, note) = to_forget(&all, &what)?;
    if lines.is_empty() {
        report::talk(&format!("nothing is remembered in {}", path.display()));
        return Ok(exit::DONE);
    }
    let of = match &what {
        Reset::All => format!("everything in {}", path.display()),
        Reset::Channel(name) => format!("what channel {name} remembers"),
        Reset::User(name, _) => format!("what is remembered about {name}"),
    };
    report::talk(&format!("about to forget {of}: {}", lines.words()));
    for hold in lines.holds.iter().take(10) {
        report::talk(&format!("  {} would not be held any more: {} ({})", hold.id, hold.reason, hold.author));
    }
    if lines.holds.len() > 10 {
        report::talk(&format!("  … and {} more", counted(lines.holds.len() - 10, "hold")));
    }
    if let Some(note) = note {
        report::talk(&note);
    }
    let expected = word.map_or_else(|| (lines.links.len() + lines.holds.len()).to_string(), str::to_owned);
    if !options.yes && !confirmed(&expected, if word.is_some() { "its name" } else { "the number of links and holds together" })? {
        report::talk("nothing was changed");
        return Ok(exit::APPROVAL);
    }
    let mut journal = Journal::open(path, Mode::Write)?;
    let kept = backup(path, &all, now)?;
    journal.forget(&lines)?;
    report::talk(&format!("forgot {}; the state as it was is kept in {}; the history of runs stays", lines.words(), kept.display()));
    Ok(exit::DONE)
}

/// Has somebody who sees the question type the word. Where nobody does, says how to go on.
fn confirmed(expected: &str, what: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        report::talk("this needs --yes where nobody can be asked");
        return Ok(false);
    }
    let _ = write!(io::stderr(), "Type {what} ({}) to go on: ", clean(expected));
    let _ = io::stderr().flush();
    typed(&mut io::stdin().lock(), expected).map_err(|e| Error::failure(format!("the answer cannot be read: {e}")))
}

fn typed(from: &mut dyn BufRead, expected: &str) -> io::Result<bool> {
    let mut line = String::new();
    from.take(64 * 1024).read_line(&mut line)?;
    Ok(line.trim() == expected.trim())
}

/// Exports the state beside its file, under a name that is not taken.
fn backup(path: &Path, document: &Document, now: Instant) -> Result<PathBuf> {
    let stamp: String = now.rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
    let stem = path.file_stem().map_or_else(|| "rosterm".to_owned(), |s| s.to_string_lossy().into_owned());
    for n in 1..100 {
        let more = if n == 1 { String::new() } else { format!("-{n}") };
        let place = path.with_file_name(format!("{stem}-before-{stamp}{more}.json"));
        match save::create(&place, |out| document.write(out)) {
            Ok(()) => return Ok(place),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => {
                return Err(Error::failure(format!("no backup can be written in {}: {e}", place.display())).hint("nothing was changed"));
            }
        }
    }
    Err(Error::failure(format!("there are too many backups beside {}", path.display())).hint("move them away; nothing was changed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_word_is_a_confirmation() {
        for (answer, expected, yes) in
            [("412\n", "412", true), (" lucid \r\n", "lucid", true), ("y\n", "412", false), ("", "412", false), ("41\n", "412", false)]
        {
            assert_eq!(typed(&mut answer.as_bytes(), expected).unwrap(), yes, "{answer:?}");
        }
    }

    #[test]
    fn a_backup_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        let document = Document::empty(Instant(1_795_315_222));
        let names: Vec<String> = (0..2)
            .map(|_| backup(&path, &document, document.created).unwrap().file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["rosterm-before-20261122T024022Z.json", "rosterm-before-20261122T024022Z-2.json"]);
    }
}
