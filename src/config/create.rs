//! A first configuration: written whole or not at all, for its owner only, and never over one that is there.

use super::Config;
use crate::error::{Error, Result};
use std::io;
use std::path::Path;
use toml_edit::{DocumentMut, Item};

/// What stands at the place of a configuration that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A file without a channel: its text stays, the new channel is written below it.
    WithoutChannel(String),
    /// Something that is left alone.
    Taken,
}

/// Looks what stands there.
#[must_use]
pub fn standing(path: &Path) -> Standing {
    match std::fs::read_to_string(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && std::fs::symlink_metadata(path).is_err() => Standing::Nothing,
        Err(_) => Standing::Taken,
        Ok(text) => {
            let Ok(document) = text.parse::<DocumentMut>() else { return Standing::Taken };
            let has_channel = match document.get("channels") {
                None => false,
                Some(Item::Table(table)) => !table.is_empty(),
                Some(_) => true,
            };
            if has_channel { Standing::Taken } else { Standing::WithoutChannel(text) }
        }
    }
}

/// What the file will be: the new text, below what stands there already.
#[must_use]
pub fn whole(path: &Path, text: &str) -> String {
    match standing(path) {
        Standing::WithoutChannel(before) if !before.trim().is_empty() => {
            let has_format = before.parse::<DocumentMut>().is_ok_and(|d| d.get("format").is_some());
            // A key of the top level below a table would be one of that table.
            let text: String = text.split_inclusive('\n').filter(|l| !has_format || !l.starts_with("format = ")).collect();
            format!("{}\n\n{text}", before.trim_end())
        }
        _ => text.to_owned(),
    }
}

/// Writes a first configuration.
///
/// # Errors
/// Where one is there already, the text is no configuration, or the disk refuses: then nothing was written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let before = standing(path);
    if before == Standing::Taken {
        return Err(Error::usage(format!("{} is there already and is left as it is", path.display()))
            .hint("name another file with --file, or move that one away"));
    }
    let text = whole(path, text);
    Config::parse(path, &text)?;
    let broken = |e: io::Error| Error::failure(format!("{} cannot be written: {e}", path.display())).hint("nothing was written");
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(broken)?;
    }
    if matches!(before, Standing::WithoutChannel(_)) {
        let path = path.canonicalize().map_err(broken)?;
        return super::edit::replace(&path, &text).map_err(broken);
    }
    new(path, &text).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => Error::usage(format!("{} is there by now and is left as it is", path.display())),
        _ => broken(e),
    })
}

/// Beside its place first; a hard link never replaces what has come there meanwhile.
fn new(path: &Path, text: &str) -> io::Result<()> {
    super::edit::beside(path, text, |file, beside| {
        file.sync_all()?;
        std::fs::hard_link(beside, path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: &str = "format = 1\n[channels.c.source]\ntype = \"ldif\"\npath = \"p\"\n[channels.c.source.location]\nbase_dn = \"dc=x\"\n\
        [channels.c.target]\nconnector = \"scim2\"\nbase_url = \"https://x\"\nauth = \"none\"\n[channels.c.mapping]\nuserName = \"uid\"\n";

    #[test]
    fn a_first_configuration_is_for_its_owner_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/rosterm.toml");
        write(&path, CHANNEL).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), CHANNEL);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let error = write(&path, CHANNEL).unwrap_err();
        assert!(error.message().contains("is left as it is"), "{error}");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(write(&folder.path().join("b.toml"), "format = 1\n").is_err() && !folder.path().join("b.toml").exists());
        // Not even what is no configuration at all, or a link to nowhere.
        let other = folder.path().join("other.toml");
        std::fs::write(&other, "[[[").unwrap();
        assert!(write(&other, CHANNEL).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "[[[");
    }

    #[test]
    fn what_stands_in_a_file_without_a_channel_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.toml");
        std::fs::write(&path, "# mine\nformat = 1\nstate = \"here\"\n").unwrap();
        write(&path, CHANNEL).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\nformat = 1\nstate = \"here\"\n\n[channels.c.source]"), "{text}");
        assert_eq!(Config::read(&path).unwrap().channels.len(), 1);
    }
}
