//! Secrets by reference: the file says where a secret is, never what it is.
//!
//! A fetched secret is registered with [`crate::telemetry`] before anything else sees it, so that it can't reach a log.

pub mod address;
mod program;
pub mod typed;

use super::reader::{Document, Item, Located};
use crate::error::{Error, Result};
use crate::telemetry;
use program::Trouble;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// The four ways, for messages.
pub const WAYS: &str = "{ env = \"NAME\" }, { file = \"path\" }, { command = [\"program\", \"argument\"] } or { keyring = \"name\" }";

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    pub(super) place: SecretPlace,
    at: Located<()>,
}

/// The ways in which a secret can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Env(String),
    /// In a file; one line end at its end is not part of it.
    File(PathBuf),
    /// What a program prints within a minute, without input; one line end at its end is not part of it.
    Command(Vec<String>),
    /// In the platform's key ring: `ACCOUNT` of the service `rosterm`, or `SERVICE/ACCOUNT`.
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
            SecretPlace::Keyring(entry) => {
                let tool = &program::KEYRING;
                program::from_keyring(tool, entry).map_err(|trouble| match trouble {
                    Trouble::NotStarted(e) => wrong(format!("the key ring cannot be read: {}: {e}", tool.program)).hint(tool.install),
                    Trouble::Failed(why) => wrong(format!("the key ring gives no secret for {entry}: {why}"))
                        .hint(format!("unlock the key ring, or store the secret: {}", tool.store)),
                })?
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

    /// A reference as somebody types it: `env:NAME`, `file:PATH`, `command:PROGRAM ARGUMENT`, `keyring:NAME`.
    ///
    /// # Errors
    /// A usage error for what is no reference; it never quotes what was typed.
    pub fn of_typed(text: &str) -> Result<Self> {
        let document = Document::parse("password", &format!("password = {}", typed::reference(text)?))?;
        let mut root = document.root();
        let item = root.any("password").ok_or_else(|| Error::usage("a secret is kept in exactly one place"))?;
        SecretRef::read(item, Path::new(""))
    }

    /// The same the other way round. Of a program only its name: what stands behind it may be the secret.
    #[must_use]
    pub fn typed(&self) -> String {
        match &self.place {
            SecretPlace::Env(name) => format!("env:{name}"),
            SecretPlace::File(path) => format!("file:{}", path.display()),
            SecretPlace::Command(words) => {
                let program = words.first().map_or("", |w| w.split(' ').next().unwrap_or_default());
                format!("command:{program}{}", if words.len() > 1 || words.iter().any(|w| w.contains(' ')) { typed::MORE } else { "" })
            }
            SecretPlace::Keyring(name) => format!("keyring:{name}"),
        }
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
    let (name, arguments) = words.split_first().ok_or("it names no program")?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    program::output(name, &arguments).map_err(|trouble| match trouble {
        // What looks like a whole command line may hold the secret.
        Trouble::NotStarted(e) if name.contains(' ') => format!("{e}; write it as a list: command = [\"program\", \"argument\"]"),
        Trouble::NotStarted(e) => format!("{name}: {e}"),
        Trouble::Failed(why) => why,
    })
}
