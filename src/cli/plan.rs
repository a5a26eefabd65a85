//! `rosterm plan`: the diff, as text or as a document.

use super::{Common, report};
use crate::clock::Instant;
use crate::engine::Picture;
use crate::error::{Error, Result, exit};
use crate::journal::Mode;
use crate::model::{Action, Situation};
use crate::plan::file;
use clap::{Args, ValueEnum};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How to print it
    #[arg(long, default_value = "text")]
    pub format: Format,
    /// Save the plan as a document in this file, readable by you only
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print everybody, also those who are fine
    #[arg(long)]
    pub all: bool,
    /// Only this situation; may be given several times
    #[arg(long, value_name = "SITUATION", value_parser = situation)]
    pub only: Vec<Situation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One document, one row a line
    Json,
}

fn situation(word: &str) -> std::result::Result<Situation, String> {
    Situation::ALL.into_iter().find(|s| s.code() == word).ok_or_else(|| {
        let known = || Situation::ALL.into_iter().map(Situation::code);
        crate::text::nearest(word, known())
            .map_or_else(|| format!("it is one of: {}", known().collect::<Vec<_>>().join(", ")), |near| format!("did you mean {near}?"))
    })
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let (_, _, picture) = common.look(now, Mode::Read).await?;
    print(options, common, &picture, now)
}

/// Prints a picture as the options say, and gives the exit code.
pub(super) fn print(options: &Options, common: &Common, picture: &Picture, now: Instant) -> Result<u8> {
    if let Some(path) = &options.out {
        let id = save(path, picture, options.all, now)?;
        report::talk(&format!("saved plan {id} in {}", path.display()));
    }
    let stdout = io::stdout().lock();
    let style = report::Style::of(common.color);
    let mut out = BufWriter::with_capacity(64 * 1024, stdout);
    let printed = match options.format {
        Format::Json => file::write(&mut out, &picture.header(now), || rows(options, picture)).map(|_| ()),
        Format::Text => {
            let length = if options.all || !options.only.is_empty() { report::Length::Whole } else { report::Length::Short };
            report::text(&mut out, picture, style, length, || rows(options, picture))
        }
    };
    match printed.and_then(|()| out.flush()) {
        Ok(()) => {}
        // Whoever reads has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
        Err(e) => return Err(Error::failure(format!("the plan cannot be printed: {e}"))),
    }
    Ok(code(picture))
}

fn rows<'p>(options: &'p Options, picture: &'p Picture) -> impl Iterator<Item = crate::plan::Row> + 'p {
    let wanted = |s: Situation| options.only.is_empty() || options.only.contains(&s);
    picture
        .users()
        .iter()
        .filter(move |u| wanted(u.verdict.situation) && (options.all || !options.only.is_empty() || u.is_worth_a_row()))
        .map(|u| picture.row(u))
}

/// Changes are pending, or a read was incomplete, or there is nothing to do.
fn code(picture: &Picture) -> u8 {
    let pending = picture.users().iter().any(|u| u.verdict.action != Action::None);
    let complete = picture.source_state().is_complete() && picture.target_state().is_complete();
    let code = if pending { exit::PENDING } else { exit::DONE };
    if complete { code } else { exit::worst(code, exit::INCOMPLETE) }
}

/// Writes the document beside its place first, so that a full disk never leaves half a plan under its name.
fn save(path: &Path, picture: &Picture, all: bool, now: Instant) -> Result<String> {
    let wrong = |e: io::Error| Error::failure(format!("the plan cannot be saved in {}: {e}", path.display()));
    if path.as_os_str() == "-" {
        return Err(Error::usage("--out saves in a file").hint("for stdout there is --format json"));
    }
    // A link is followed; a device, a pipe or a folder is never replaced by a file.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(Error::usage(format!("{} is not a plain file", path.display())).hint("for stdout there is --format json"));
    }
    let name = path.file_name().ok_or_else(|| Error::usage(format!("{} is not a file name", path.display())))?;
    let beside = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    // Never through something that somebody else put there.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || -> io::Result<String> {
        let mut out = BufWriter::new(options.open(&beside)?);
        let id = file::write(&mut out, &picture.header(now), || picture.rows(all))?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&beside, path)?;
        Ok(id)
    };
    write().map_err(|e| {
        if e.kind() != io::ErrorKind::AlreadyExists {
            let _ = std::fs::remove_file(&beside);
        }
        wrong(e)
    })
}
