//! The configuration file: typed, with a position for every complaint (design: section 6).
//!
//! `rosterm.toml` holds one or more channels. It is read here into plain data; nothing is contacted and no secret is
//! fetched. Filters and expressions stay text with a position, because the rooms that understand them lie above this one.
//! Every unknown key is an error that names the nearest known key: a misspelt limit must never be a limit that is not set.

mod clause;
pub mod create;
pub mod differs;
pub mod edit;
pub mod paths;
mod policy;
pub mod reader;
mod rule;
pub mod secret;
mod source;
mod target;

pub use clause::{Clause, Site, Wrong, may_bind, status_text};
pub use policy::{Limit, Limits, Policy, RemoveAction};
pub use reader::Located;
pub use rule::{RuleEdit, RuleText};
pub use source::{
    CsvConfig, LdapConfig, LdapUrl, Location, Scope, SettingsConfig, SourceConfig, SourceKind, StatusRule, StatusTest, status_rules,
};
pub use target::{Auth, ClientCredentials, PageSize, Rate, TargetConfig};

use crate::error::{Error, Kind, Position, Result};
use reader::{Document, Section};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The format of the configuration file that this version writes and the newest that it reads.
pub const FORMAT: i64 = 1;

/// A whole configuration file.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read from.
    pub path: PathBuf,
    /// A folder or file for the state, if the file names one; relative to the file.
    pub state: Option<PathBuf>,
    /// The channels, in the order of the file. At least one.
    pub channels: Vec<Channel>,
}

/// One source location, one mapping, one target, one policy.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name: the key under `channels`.
    pub name: String,
    /// False for a parked channel.
    pub active: bool,
    /// How long after a reading the screens read both ends again by themselves; never, if there is nothing.
    pub refresh: Option<Duration>,
    /// Where people come from.
    pub source: SourceConfig,
    /// Where accounts are.
    pub target: TargetConfig,
    /// The rules, in the order of the file.
    pub mapping: Vec<RuleConfig>,
    /// What may be done, and how much of it.
    pub policy: Policy,
    /// A hash over everything in the channel: a saved plan names it.
    pub fingerprint: String,
}

/// One line of a mapping.
#[derive(Debug, Clone)]
pub struct RuleConfig {
    /// The field: one of the connector's, or a full SCIM path.
    pub field: Located<String>,
    /// The expression, if there is one (a rule may be a default alone).
    pub value: Option<Located<String>>,
    /// What is sent where the expression gives nothing.
    pub default: Option<String>,
    /// What happens where nothing is left to send.
    pub when_missing: WhenMissing,
    /// Overrides the connector's view on whether the field must have a value.
    pub required: Option<bool>,
    /// Sent with a create, never afterwards.
    pub create_only: bool,
    /// Never shown in full.
    pub masked: bool,
    /// Overrides whether letter case matters in comparison.
    pub case_exact: Option<bool>,
}

/// What a rule without a value does to a value at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenMissing {
    /// Remove it.
    #[default]
    Clear,
    /// Leave it.
    Keep,
}

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// A usage error with file, line and column for everything that is wrong with it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::usage(format!("cannot read the configuration {}: {e}", path.display()))
                .hint("name another file with --config FILE, or write one with: rosterm init --file FILE")
        })?;
        Self::parse(path, &text)
    }

    /// Checks the text of a configuration file; `path` is for messages and for relative file names.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let document = Document::parse(&path.display().to_string(), text)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut root = document.root();
        if let Some(format) = root.int("format")?
            && format.value != FORMAT
        {
            let newer = if format.value > FORMAT { "a newer rosterm wrote this file" } else { "there is no such format" };
            return Err(format
                .error(format!("format {} is not known to this version", format.value))
                .hint(format!("{newer}; this one reads format = {FORMAT}")));
        }
        let state = root.string("state")?.map(|s| folder.join(s.value));
        let channels_section = root.section("channels")?.ok_or_else(|| {
            Error::new(Kind::Usage, format!("{} has no channel", path.display()))
                .hint("add one with: rosterm init --file FILE; or by hand: [channels.NAME.source], .target and .mapping")
        })?;
        root.finish()?;
        let mut channels = Vec::new();
        for (name, mut section) in channels_section.named_sections()? {
            let mut channel = Channel::read(&name.value, &mut section, &folder)?;
            channel.fingerprint = hex(&Sha256::digest(section.source_text().as_bytes())[..8]);
            section.finish()?;
            channels.push(channel);
        }
        if channels.is_empty() {
            return Err(Error::usage(format!("{} has no channel", path.display())).hint("add [channels.NAME.source], .target and .mapping"));
        }
        Ok(Config { path: path.to_owned(), state, channels })
    }

    /// The channel called `name`, or the only active one.
    ///
    /// # Errors
    /// A usage error that lists the channels.
    pub fn channel(&self, name: Option<&str>) -> Result<&Channel> {
        let names = || self.channels.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(name) = name {
            return self.channels.iter().find(|c| c.name == name).ok_or_else(|| {
                let near = crate::text::nearest(name, self.channels.iter().map(|c| c.name.as_str()));
                let hint = near.map_or_else(
                    || format!("the channels are: {}", names()),
                    |n| format!("did you mean {n}? The channels are: {}", names()),
                );
                Error::usage(format!("there is no channel {name}"))
                    .at(Position { file: self.path.display().to_string(), line: 1, column: 1 })
                    .hint(hint)
            });
        }
        let mut active = self.channels.iter().filter(|c| c.active);
        match (active.next(), active.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => {
                Err(Error::usage("every channel is parked (active = false)").hint(format!("name one with --channel: {}", names())))
            }
            _ => Err(Error::usage("the configuration has several channels").hint(format!("name one with --channel: {}", names()))),
        }
    }
}

impl Config {
    /// Every channel but this one, in the order of the file.
    #[must_use]
    pub fn others(&self, channel: &Channel) -> Vec<Channel> {
        self.channels.iter().filter(|c| c.name != channel.name).cloned().collect()
    }
}

impl Channel {
    fn read(name: &str, section: &mut Section<'_>, folder: &Path) -> Result<Self> {
        let active = section.bool("active")?.is_none_or(|b| b.value);
        let refresh = section.int_in("refresh", 30..=86_400)?.map(|n| Duration::from_secs(n.value.unsigned_abs()));
        let mut source = section.required_section("source")?;
        let mut target = section.required_section("target")?;
        let mapping = section.required_section("mapping")?;
        let rules = mapping.entries().map(|(field, item)| RuleConfig::read(&field, item)).collect::<Result<Vec<_>>>()?;
        if rules.is_empty() {
            return Err(mapping.error("the mapping has no rule").hint("at least the match rule is needed: userName = \"uid\""));
        }
        let policy = match section.section("policy")? {
            Some(mut section) => Policy::read(&mut section)?,
            None => Policy::default(),
        };
        Ok(Channel {
            name: name.to_owned(),
            active,
            refresh,
            source: SourceConfig::read(&mut source, folder)?,
            target: TargetConfig::read(&mut target, folder)?,
            mapping: rules,
            policy,
            fingerprint: String::new(),
        })
    }
}

impl RuleConfig {
    fn read(field: &Located<String>, item: reader::Item<'_>) -> Result<Self> {
        let plain = |value| RuleConfig::plain(field.clone(), value);
        if let Some(text) = item.as_string() {
            return Ok(plain(Some(text)));
        }
        let mut table = item.into_section("a text in quotes, or a table { value = \"...\", default = ... }")?;
        let value = table.string("value")?;
        let default = table.scalar_text("default")?;
        let mut rule = plain(value);
        rule.default = default.map(|d| d.value);
        if let Some(word) = table.word("when_missing", &["clear", "keep"])? {
            rule.when_missing = if word.value == 0 { WhenMissing::Clear } else { WhenMissing::Keep };
        }
        rule.required = table.bool("required")?.map(|b| b.value);
        rule.create_only = table.bool("create_only")?.is_some_and(|b| b.value);
        rule.masked = table.bool("masked")?.is_some_and(|b| b.value);
        rule.case_exact = table.bool("case_exact")?.map(|b| b.value);
        if rule.value.is_none() && rule.default.is_none() {
            return Err(table
                .error(format!("the rule for {} has neither value nor default", field.value))
                .hint("give value = \"an expression\""));
        }
        table.finish()?;
        Ok(rule)
    }
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
