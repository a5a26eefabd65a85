//! Folders of the platform, and the one place that reads the environment.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The value of an environment variable, if it is set to text.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Who is at the keyboard, for holds and the journal.
#[must_use]
pub fn operator() -> String {
    ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|n| variable(n).filter(|v| !v.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn folders() -> Result<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "rosterm")
        .ok_or_else(|| Error::usage("the platform names no home folder").hint("name the files with --config FILE and --state PATH"))
}

/// The configuration file: the one that was named, or `rosterm.toml` in the platform's configuration folder.
///
/// # Errors
/// Where the platform names no folder.
pub fn config_file(named: Option<&Path>) -> Result<PathBuf> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => Ok(folders()?.config_dir().join("rosterm.toml")),
    }
}

/// The state file: the one that was named (a folder gets `rosterm.db` in it), or the one in the platform's state folder.
///
/// # Errors
/// Where the platform names no folder.
pub fn state_file(named: Option<&Path>) -> Result<PathBuf> {
    let path = if let Some(path) = named {
        path.to_owned()
    } else {
        let folders = folders()?;
        folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_owned()
    };
    // A name without an ending that is not an existing file is a folder.
    if path.is_dir() || (path.extension().is_none() && !path.is_file()) { Ok(path.join("rosterm.db")) } else { Ok(path) }
}
