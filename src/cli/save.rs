//! A document on its way into a file: whole or not at all, readable by its owner only.

use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A new file that only its owner may read; never through something that somebody else put there.
///
/// # Errors
/// Where there is one already, or the folder can't be written.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a new file, and removes what there is of it if that fails.
///
/// # Errors
/// As [`private`], and where the disk refuses.
pub(super) fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(private(path)?);
    let done = write(&mut out).and_then(|()| out.into_inner().map_err(io::IntoInnerError::into_error)).and_then(|file| file.sync_all());
    if done.is_err() {
        let _ = std::fs::remove_file(path);
    }
    done
}

/// Writes a file beside its place first, so that a full disk never leaves half a document under its name. A link is
/// followed; a device, a pipe or a folder is never replaced by a file.
///
/// # Errors
/// A usage error for a place that is no file, a failure where it can't be written.
pub(super) fn replace(path: &Path, what: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(Error::usage(format!("{} is not a plain file", path.display())).hint("without --out it goes to stdout"));
    }
    let name = path.file_name().ok_or_else(|| Error::usage(format!("{} is not a file name", path.display())))?;
    let beside = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let done = create(&beside, write).and_then(|()| {
        std::fs::rename(&beside, path).inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })
    });
    done.map_err(|e| Error::failure(format!("the {what} cannot be saved in {}: {e}", path.display())))
}
