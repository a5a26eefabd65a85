//! Secrets by reference: the file says where a secret is, never what it is.
//!
//! A fetched secret is registered with [`crate::telemetry`] before anything else sees it, so that it can't reach a log.

use super::reader::{Item, Located};
use crate::error::{Error, Result};
use crate::telemetry;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// The four ways, for messages.
pub const WAYS: &str = "{ env = \"NAME\" }, { file = \"path\" }, { command = [\"program\", \"argument\"] } or { keyring = \"name\" }";

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    place: SecretPlace,
    at: Located<()>,
}

/// The ways in which a secret can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Env(String),
    /// In a file; one line end at its end is not part of it.
    File(PathBuf),
    /// What a program prints; one line end at its end is not part of it.
    Command(Vec<String>),
    /// In the platform's key ring.
    Keyring(String),
}

impl SecretRef {
    /// Reads a reference; plain text is an error that names the ways.
    pub fn read(item: Item<'_>, folder: &Path) -> Result<Self> {
        let at = item.error("");
        let located = Located {
            value: (),
            at: at.position().cloned().unwrap_or(crate::error::Position { file: String::new(), line: 1, column: 1 }),
            // The line of a secret is never quoted: it may hold the secret.
            excerpt: crate::error::Excerpt { line: String::new(), start: 0, length: 1 },
        };
        let plain = |message: String| Error::usage(message).at(located.at.clone()).hint(format!("say where it is kept: {WAYS}"));
        if !item.is_table() {
            return Err(plain("a secret must not stand in the configuration in plain text".to_owned()));
        }
        let mut table = item.into_section("a table")?;
        let env = table.string("env")?.map(|s| SecretPlace::Env(s.value));
        let file = table.string("file")?.map(|s| SecretPlace::File(folder.join(s.value)));
        let command = table.strings("command")?.map(|words| SecretPlace::Command(words.into_iter().map(|w| w.value).collect()));
        let keyring = table.string("keyring")?.map(|s| SecretPlace::Keyring(s.value));
        table.finish().map_err(|e| plain(e.message().to_owned()))?;
        let mut given = [env, file, command, keyring].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(place), None) => Ok(SecretRef { place, at: located }),
            _ => Err(plain("a secret is kept in exactly one place".to_owned())),
        }
    }

    /// Fetches the secret. It is known to the log's redaction from then on.
    ///
    /// # Errors
    /// Where the variable is not set, the file can't be read, the program fails, or the secret is empty.
    pub fn fetch(&self) -> Result<SecretString> {
        let wrong = |message: String| Error::usage(message).at(self.at.at.clone());
        let text = match &self.place {
            SecretPlace::Env(name) => super::paths::variable(name)
                .ok_or_else(|| wrong(format!("the environment variable {name} is not set")).hint(format!("set it: export {name}=...")))?,
            SecretPlace::File(path) => {
                std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot read the secret file {}: {e}", path.display())))?
            }
            SecretPlace::Command(words) => run(words).map_err(|e| wrong(format!("the command for the secret failed: {e}")))?,
            SecretPlace::Keyring(_) => {
                return Err(wrong("secrets in the key ring are not in this version".to_owned())
                    .hint("keep it in an environment variable, a file, or behind a command"));
            }
        };
        let secret = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
        if secret.is_empty() {
            return Err(wrong(format!("the secret in {} is empty", self.place_words()))
                .hint("an empty password would be an anonymous bind (RFC 4513 section 5.1.2)"));
        }
        telemetry::redact(secret);
        Ok(SecretString::from(secret.to_owned()))
    }

    /// Where it is kept, for a screen: the variable, file or program, never the secret.
    #[must_use]
    pub fn place_words(&self) -> String {
        match &self.place {
            SecretPlace::Env(name) => format!("${name}"),
            SecretPlace::File(path) => path.display().to_string(),
            SecretPlace::Command(words) => {
                format!("the output of {}", words.first().map_or("a command", |w| w.split(' ').next().unwrap_or_default()))
            }
            SecretPlace::Keyring(name) => format!("key ring entry {name}"),
        }
    }
}

fn run(words: &[String]) -> std::result::Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("it names no program")?;
    let output = std::process::Command::new(program).args(arguments).stdin(std::process::Stdio::null()).output().map_err(|e| {
        // What looks like a whole command line may hold the secret.
        let whole = program.contains(' ');
        if whole { format!("{e}; write it as a list: command = [\"program\", \"argument\"]") } else { format!("{program}: {e}") }
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().lines().last().map(|l| format!(": {}", crate::text::cut(l, 120))).unwrap_or_default();
        return Err(format!("{program}: {}{said}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{program} printed something that is not text"))
}
