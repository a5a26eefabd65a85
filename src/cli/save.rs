//! Saving a file: beside its place first, so that a full disk never leaves half of one under its name; readable by the
//! operator only.

use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file could not be written.
pub(super) enum Broken {
    /// The disk.
    Io(io::Error),
    /// What was to be written.
    Told(Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Io(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Broken::Told(error)
    }
}

/// A new file that only its owner may read; never through something that somebody else put there.
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
/// Where there is one already, the folder can't be written, or the disk refuses.
pub(super) fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(private(path)?);
    let done = write(&mut out).and_then(|()| out.into_inner().map_err(io::IntoInnerError::into_error)).and_then(|file| file.sync_all());
    if done.is_err() {
        let _ = std::fs::remove_file(path);
    }
    done
}

/// Writes a file in one step: it is there whole, or what was there before still is.
///
/// # Errors
/// A usage error for what is no plain file, a failure of the disk, or the error of `write`.
pub(super) fn put<T>(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::result::Result<T, Broken>) -> Result<T> {
    let path = &place(path)?;
    let name = path.file_name().ok_or_else(|| Error::usage(format!("{} is not a file name", path.display())))?;
    let beside = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let put = || -> std::result::Result<T, Broken> {
        let mut out = BufWriter::with_capacity(64 * 1024, private(&beside)?);
        let written = write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&beside, path)?;
        Ok(written)
    };
    put().map_err(|broken| {
        if !matches!(&broken, Broken::Io(e) if e.kind() == io::ErrorKind::AlreadyExists) {
            let _ = std::fs::remove_file(&beside);
        }
        match broken {
            Broken::Io(e) => Error::failure(format!("{} cannot be saved: {e}", path.display())),
            Broken::Told(error) => error,
        }
    })
}

/// Where a file really lies: a link is followed; a device, a pipe or a folder is never replaced by a file.
fn place(path: &Path) -> Result<PathBuf> {
    if path.as_os_str() == "-" {
        return Err(Error::usage("--out saves in a file").hint("for stdout there is --format"));
    }
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(&path).is_ok_and(|m| !m.is_file()) {
        return Err(Error::usage(format!("{} is not a plain file", path.display())).hint("for stdout there is --format"));
    }
    Ok(path)
}
