//! Folders of the platform, and the one place that reads the environment.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The value of an environment variable, if it is set to text.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A file as somebody types it: relative to where they are, with their home folder for `~`.
#[must_use]
pub fn typed_file(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), variable("HOME")) {
        (Some(below), Some(home)) => Path::new(&home).join(below),
        _ => std::env::current_dir().unwrap_or_default().join(typed),
    }
}

/// Who is at the keyboard, for holds and the journal: who became root, else what the session says, else whose process this
/// is. It is a help for people, not a proof: anybody can set a variable.
#[must_use]
pub fn operator() -> String {
    let said = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"];
    said.iter().find_map(|name| variable(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())).unwrap_or_else(process_owner)
}

/// The name of the user that this process runs as; `uid 1000` where the platform has no name for it.
#[cfg(unix)]
fn process_owner() -> String {
    let uid = rustix::process::getuid().as_raw();
    let local = std::fs::read_to_string("/etc/passwd").ok().and_then(|text| name_in(&text, uid));
    local.or_else(|| id_says(uid)).unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(not(unix))]
fn process_owner() -> String {
    "unknown".to_owned()
}

/// The name of a uid in the text of a passwd(5) file.
#[cfg(unix)]
fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next().filter(|n| !n.is_empty() && !n.starts_with(['#', '+', '-']))?;
        (parts.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// What id(1) says: it also knows users of a directory. Its place is fixed, so that nobody's PATH decides what is run.
#[cfg(unix)]
fn id_says(uid: u32) -> Option<String> {
    let output =
        std::process::Command::new("/usr/bin/id").args(["-un", &uid.to_string()]).stdin(std::process::Stdio::null()).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    let name = name.trim();
    (output.status.success() && !name.is_empty()).then(|| name.to_owned())
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

/// The operator's own keys: `keymap.toml` in the platform's configuration folder, wherever the configuration itself is.
///
/// # Errors
/// Where the platform names no folder.
pub fn keymap_file() -> Result<PathBuf> {
    Ok(folders()?.config_dir().join("keymap.toml"))
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_uid_has_the_name_that_the_platform_gives_it() {
        let passwd = "# comment\nroot:x:0:0:root:/root:/bin/sh\n+::::::\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\nann2:x:1000:1:::\n";
        for (uid, name) in [(0, Some("root")), (1000, Some("ann")), (7, None)] {
            assert_eq!(name_in(passwd, uid).as_deref(), name, "{uid}");
        }
        assert_eq!(id_says(0).as_deref(), Some("root"));
        assert_eq!(id_says(4_294_000_001), None);
    }
}
