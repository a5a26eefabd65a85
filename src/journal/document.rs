//! What is remembered, as one document: `rosterm-state/1`, described by `assets/schemas/rosterm-state-1.schema.json`.
//!
//! It carries links, holds, who linked and parted whom by hand, and what the links of each channel belong to, one a line, in a
//! fixed order: two exports of one state differ in `created` only. It is read strictly. An unknown key, an empty id, or a pair
//! that is there twice is an error with its place, because a link that is lost or doubled in here is a person who is taken for
//! somebody else.

use crate::clock::Instant;
use crate::error::{Error, Position, Result};
use crate::model::LinkOrigin;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashSet;
use std::io::{self, Write};

/// The name of the format.
pub const FORMAT: &str = "rosterm-state/1";

/// The longest id, name or reason that is taken, in bytes.
const LONGEST: usize = 8 * 1024;

/// Everything that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`FORMAT`].
    pub format: String,
    /// When it was exported.
    #[serde(deserialize_with = "moment")]
    pub created: Instant,
    /// What the links of each channel belong to, by name.
    pub channels: Vec<ChannelLine>,
    /// The links, by service and entry.
    pub links: Vec<LinkLine>,
    /// The holds, by service and what they are on. Those that have ended are in it too.
    pub holds: Vec<HoldLine>,
    /// Who decided by hand that two belong together, or do not, in the order of time; a document without any does not name them.
    #[serde(default)]
    pub decisions: Vec<DecisionLine>,
}

/// What the links of a channel belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelLine {
    /// The channel.
    pub name: String,
    /// The target's base URL.
    pub base_url: String,
    /// The naming context of the source.
    pub naming_context: String,
    /// The attribute with the lasting id.
    pub id_attribute: String,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkLine {
    /// The target's base URL.
    pub service: String,
    /// The entry's lasting id.
    pub entry: String,
    /// The account's id.
    pub account: String,
    /// The channel that made it.
    pub channel: String,
    /// How it came about.
    pub origin: LinkOrigin,
    /// When.
    #[serde(deserialize_with = "moment")]
    pub since: Instant,
    /// What the account showed when it was last seen: userName, externalId, e-mail.
    pub remembered: Vec<String>,
    /// Whether the account was active then.
    pub last_active: bool,
}

/// What somebody decided by hand. It only tells: what follows from it are the links.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionLine {
    /// The target's base URL.
    pub service: String,
    /// When.
    #[serde(deserialize_with = "moment")]
    pub at: Instant,
    /// Who decided.
    pub author: String,
    /// That they belong together; else that they do not.
    pub linked: bool,
    /// The entry's lasting id.
    pub entry: String,
    /// The account's id.
    pub account: String,
}

/// What a hold is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// An entry.
    Entry,
    /// An account.
    Account,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldLine {
    /// The target's base URL.
    pub service: String,
    /// Whether `id` is an entry's or an account's.
    pub on: On,
    /// The lasting id of the entry, or the account's id.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// When.
    #[serde(deserialize_with = "moment")]
    pub since: Instant,
    /// Until when, if not for ever.
    #[serde(deserialize_with = "maybe_moment")]
    pub until: Option<Instant>,
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Instant, D::Error> {
    let text = String::deserialize(from)?;
    parse_moment(&text).ok_or_else(|| serde::de::Error::custom(format!("{text} is not a moment such as 2026-11-22T02:40:22Z")))
}

fn maybe_moment<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Instant>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let moment =
        parse_moment(&text).ok_or_else(|| serde::de::Error::custom(format!("{text} is not a moment such as 2026-11-22T02:40:22Z")))?;
    Ok(Some(moment))
}

fn parse_moment(text: &str) -> Option<Instant> {
    // A plain day would be a guess.
    if text.len() > 10 { Instant::parse(text) } else { None }
}

impl Document {
    /// Nothing remembered.
    #[must_use]
    pub fn empty(created: Instant) -> Self {
        Document { format: FORMAT.to_owned(), created, channels: Vec::new(), links: Vec::new(), holds: Vec::new(), decisions: Vec::new() }
    }

    /// True if nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.links.is_empty() && self.holds.is_empty() && self.decisions.is_empty()
    }

    /// `412 links, 3 holds`, with the channels if nothing else is in it, and with decisions by hand if there are any.
    #[must_use]
    pub fn words(&self) -> String {
        use crate::text::counted;
        let mut words = format!("{}, {}", counted(self.links.len(), "link"), counted(self.holds.len(), "hold"));
        if self.links.is_empty() && self.holds.is_empty() && !self.channels.is_empty() {
            words = format!("{words}, {}", counted(self.channels.len(), "channel"));
        }
        if !self.decisions.is_empty() {
            words = format!("{words}, {} by hand", counted(self.decisions.len(), "decision"));
        }
        words
    }

    /// Reads a document strictly.
    ///
    /// # Errors
    /// What is wrong, with line and column or with the line's number in its list.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            format: Option<String>,
        }
        let at = |e: &serde_json::Error| Position { file: file.to_owned(), line: e.line().max(1), column: e.column().max(1) };
        let wrong = |e: serde_json::Error| {
            // serde_json says the place again at the end.
            let message = e.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            Error::usage(format!("not a state document: {message}")).at(at(&e)).hint("make one with: rosterm state export --out FILE")
        };
        let head: Head = serde_json::from_str(text).map_err(wrong)?;
        match head.format.as_deref() {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("rosterm-state/") => {
                return Err(Error::usage(format!("{file} has the format {other}; this rosterm reads {FORMAT}"))
                    .hint("import it with the version that wrote it, or a newer one"));
            }
            other => {
                let found = other.map_or_else(|| "has no format".to_owned(), |o| format!("has the format {o}"));
                return Err(Error::usage(format!("{file} {found}: it is not a state document"))
                    .hint(format!("its first key is \"format\": \"{FORMAT}\"; make one with: rosterm state export --out FILE")));
            }
        }
        let document: Document = serde_json::from_str(text).map_err(wrong)?;
        document.check().map_err(|why| Error::usage(format!("{file}: {why}")).hint("nothing was imported"))?;
        Ok(document)
    }

    /// Each link's channel must have a line, here or in `state`: without one nobody knows what the link belongs to, and it would be
    /// judged by whatever directory is read next. With `How::Replace` there is no other state.
    ///
    /// # Errors
    /// The first link without one, with its number.
    pub fn check_channels(&self, file: &str, state: Option<&Document>) -> Result<()> {
        let lines = self.channels.iter().chain(state.into_iter().flat_map(|s| &s.channels));
        let known: HashSet<&str> = lines.map(|c| c.name.as_str()).collect();
        match self.links.iter().position(|l| !known.contains(l.channel.as_str())) {
            None => Ok(()),
            Some(i) => Err(Error::usage(format!(
                "{file}: links, number {}: the channel {} has no line in channels, neither here nor in the state",
                i + 1,
                self.links[i].channel
            ))
            .hint("nothing was imported; add what the channel belongs to: name, base_url, naming_context, id_attribute")),
        }
    }

    /// What the format's description can't say: ids are there and there once.
    fn check(&self) -> std::result::Result<(), String> {
        let mut seen = HashSet::new();
        for (i, c) in self.channels.iter().enumerate() {
            let place = format!("channels, number {}", i + 1);
            texts(&place, [("name", &c.name), ("naming_context", &c.naming_context), ("id_attribute", &c.id_attribute)])?;
            service(&place, &c.base_url)?;
            if !seen.insert(&c.name) {
                return Err(format!("{place}: the channel {} is there twice", c.name));
            }
        }
        let (mut entries, mut accounts) = (HashSet::new(), HashSet::new());
        for (i, l) in self.links.iter().enumerate() {
            let place = format!("links, number {}", i + 1);
            texts(&place, [("entry", &l.entry), ("account", &l.account), ("channel", &l.channel)])?;
            service(&place, &l.service)?;
            if let Some(long) = l.remembered.iter().find(|r| r.len() > LONGEST) {
                return Err(format!("{place}: remembered is too long ({} bytes)", long.len()));
            }
            if !entries.insert((&l.service, &l.entry)) {
                return Err(format!("{place}: the entry {} is linked twice", l.entry));
            }
            if !accounts.insert((&l.service, &l.account)) {
                return Err(format!("{place}: the account {} is linked twice", l.account));
            }
        }
        let mut held = HashSet::new();
        for (i, h) in self.holds.iter().enumerate() {
            let place = format!("holds, number {}", i + 1);
            texts(&place, [("id", &h.id), ("reason", &h.reason), ("author", &h.author)])?;
            service(&place, &h.service)?;
            if !held.insert((&h.service, h.on, &h.id)) {
                return Err(format!("{place}: {} is held twice", h.id));
            }
        }
        for (i, d) in self.decisions.iter().enumerate() {
            let place = format!("decisions, number {}", i + 1);
            texts(&place, [("entry", &d.entry), ("account", &d.account), ("author", &d.author)])?;
            service(&place, &d.service)?;
        }
        Ok(())
    }

    /// Writes it, one link or hold a line.
    ///
    /// # Errors
    /// Where `out` can't be written to.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\"format\":\"{FORMAT}\",\"created\":\"{}\"", self.created.rfc3339())?;
        list(out, "channels", &self.channels)?;
        list(out, "links", &self.links)?;
        list(out, "holds", &self.holds)?;
        if !self.decisions.is_empty() {
            list(out, "decisions", &self.decisions)?;
        }
        out.write_all(b"}\n")
    }
}

fn list<T: Serialize>(out: &mut dyn Write, name: &str, lines: &[T]) -> io::Result<()> {
    write!(out, ",\n \"{name}\":[")?;
    for (i, line) in lines.iter().enumerate() {
        let text = serde_json::to_string(line).map_err(io::Error::from)?;
        write!(out, "{}{}", if i == 0 { "\n  " } else { ",\n  " }, crate::text::harmless_json(&text))?;
    }
    write!(out, "{}]", if lines.is_empty() { "" } else { "\n " })
}

fn texts<const N: usize>(place: &str, fields: [(&str, &String); N]) -> std::result::Result<(), String> {
    for (name, text) in fields {
        if text.is_empty() {
            return Err(format!("{place}: {name} is empty"));
        }
        if text.len() > LONGEST || text.contains('\0') {
            return Err(format!("{place}: {name} is not usable ({} bytes)", text.len()));
        }
    }
    Ok(())
}

/// Links belong to an address in one spelling: a slash at its end would be another service.
fn service(place: &str, url: &str) -> std::result::Result<(), String> {
    let known = url.starts_with("https://") || url.starts_with("http://");
    if !known || url.ends_with('/') || url.len() > LONGEST {
        return Err(format!("{place}: {url:?} is not a service's base URL as a configuration has it (no slash at its end)"));
    }
    Ok(())
}
