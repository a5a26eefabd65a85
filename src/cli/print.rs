//! Data on its way to stdout: whoever reads may stop at any time, and no value can steer a terminal.
//!
//! A broken pipe is no failure (`rosterm functions | head`): the command ends with its own exit code and says nothing.
//! Anything else that keeps data from being written is an error, because half a document must not look like a whole one.

use crate::error::{Error, Result};
use clap::ValueEnum;
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal, Write};

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    // No line of help each: it would blow every help page up to twice its length.
    Text,
    Json,
}

/// Writes data to stdout.
///
/// # Errors
/// Where it can't be written, but for a reader that has seen enough.
pub(super) fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    told(write(&mut out).and_then(|()| out.flush()))
}

/// What became of writing to stdout.
pub(super) fn told(result: io::Result<()>) -> Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::failure(format!("stdout cannot be written: {e}"))),
    }
}

/// Writes one document to stdout, indented, with a line end.
///
/// # Errors
/// As [`data`].
pub(super) fn json(document: &impl Serialize) -> Result<()> {
    data(|out| {
        let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
        writeln!(out, "{}", crate::text::harmless_json(&text))
    })
}

/// How many cells a line on stdout may have: the terminal's, at most 120; 80 where there is none.
pub(super) fn width() -> usize {
    if !io::stdout().is_terminal() {
        return 80;
    }
    let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns.clamp(40, 120) }
}
