//! The plan as a document: `rosterm-plan/1`, one row a line, so that a million rows stream through.
//!
//! The id of a document is a hash over everything in it but `approved`: approving rows keeps the plan, any other change
//! makes another one of it, or is found out when the document is read (`read`). It is no signature: whoever can
//! write the file can also compute it, so a plan is as trustworthy as the folder that it lies in.

mod read;

pub use read::{Document, Head, PlanFile, read};

use super::{Row, Word};
use crate::model::{Cause, Situation};
use crate::text;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The name of the format.
pub const FORMAT: &str = "rosterm-plan/1";

/// The JSON Schema of the format (draft 2020-12).
pub const SCHEMA: &str = include_str!("../../assets/schemas/rosterm-plan-1.json");

/// Everything but the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The channel.
    pub channel: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// The fingerprint of the channel's configuration.
    pub config: String,
    /// The source.
    pub source: SourceHead,
    /// The target.
    pub target: TargetHead,
    /// How many users are in each situation, whether their rows are in the document or only counted.
    pub counts: Counts,
    /// The run that this plan takes back, if it is one of those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_of: Option<i64>,
}

/// The source in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceHead {
    /// `ldap`, `ldif` or `memory`.
    pub kind: String,
    /// What the links of the entries belong to.
    pub naming_context: String,
    /// Entries in scope.
    pub entries: usize,
    /// Whether all of them were read.
    pub complete: bool,
    /// Why not, if not.
    pub cause: Option<CauseHead>,
}

/// The target in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetHead {
    /// The connector.
    pub connector: String,
    /// The service.
    pub base_url: String,
    /// Accounts.
    pub accounts: usize,
    /// Whether all of them were read.
    pub complete: bool,
    /// Why not, if not.
    pub cause: Option<CauseHead>,
}

/// Why a read is incomplete, in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseHead {
    /// The cause's code.
    #[serde(deserialize_with = "cause_code")]
    pub code: Word,
    /// What was seen.
    pub detail: String,
}

/// Users per situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([usize; Situation::ALL.len()]);

impl Counts {
    /// One more.
    pub fn add(&mut self, situation: Situation) {
        self.0[situation as usize] += 1;
    }

    /// Says how many.
    pub fn set(&mut self, situation: Situation, n: usize) {
        self.0[situation as usize] = n;
    }

    /// How many.
    #[must_use]
    pub fn of(&self, situation: Situation) -> usize {
        self.0[situation as usize]
    }

    /// All users.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Situation::ALL.iter().map(|s| (s.code(), self.of(*s))))
    }
}

impl<'de> Deserialize<'de> for Counts {
    /// Every situation once, and nothing else.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Counts;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of users in each situation")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Counts, A::Error> {
                use serde::de::Error as _;
                let mut counts = [None; Situation::ALL.len()];
                while let Some(situation) = map.next_key::<Situation>()? {
                    if counts[situation as usize].replace(map.next_value()?).is_some() {
                        return Err(A::Error::custom(format_args!("`{}` is counted twice", situation.code())));
                    }
                }
                let of = |s: Situation| counts[s as usize].ok_or_else(|| A::Error::custom(format_args!("`{}` is not counted", s.code())));
                let mut all = Counts::default();
                for situation in Situation::ALL {
                    all.0[situation as usize] = of(situation)?;
                }
                Ok(all)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The code of a side that was still being read when the document was made.
const READING: &str = "reading";

fn cause_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    let code = String::deserialize(deserializer)?;
    let mut known = Cause::ALL.iter().map(|c| c.code()).chain([READING]);
    known.find(|c| *c == code).ok_or_else(|| serde::de::Error::custom(format_args!("there is no cause `{code}`")))
}

/// The content id, row by row.
pub struct Fingerprint {
    hash: Sha256,
    line: Vec<u8>,
}

impl Fingerprint {
    /// Of a document with this head.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let mut fingerprint = Fingerprint { hash: Sha256::new(), line: Vec::new() };
        fingerprint.feed(header);
        fingerprint
    }

    fn feed(&mut self, part: &impl Serialize) {
        self.line.clear();
        serde_json::to_writer(&mut self.line, part).expect("plain data is always printable");
        self.hash.update(&self.line);
    }

    /// The next row. It is unchanged afterwards.
    pub fn row(&mut self, row: &mut Row) {
        let approved = std::mem::take(&mut row.approved);
        self.hash.update(b"\n");
        self.feed(row);
        row.approved = approved;
    }

    /// The id.
    #[must_use]
    pub fn id(self) -> String {
        crate::config::hex(&self.hash.finalize()[..16])
    }
}

/// The content id: a hash over everything but `approved`, so that approving rows does not make another plan of it.
#[must_use]
pub fn id(header: &Header, rows: impl Iterator<Item = Row>) -> String {
    let mut fingerprint = Fingerprint::new(header);
    for mut row in rows {
        fingerprint.row(&mut row);
    }
    fingerprint.id()
}

/// JSON in which no value can steer a terminal: what `text::clean` hides is written as an escape, and the value is the same.
struct Plain;

impl serde_json::ser::Formatter for Plain {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| text::is_unsafe(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

/// A document that is being written: head, rows, end.
pub struct Writer<'o> {
    out: &'o mut dyn Write,
    rows: usize,
}

impl<'o> Writer<'o> {
    /// Writes the head.
    ///
    /// # Errors
    /// Where `out` can't be written to.
    pub fn new(out: &'o mut dyn Write, header: &Header, id: &str) -> io::Result<Self> {
        let Value::Object(fields) = serde_json::to_value(header).map_err(io::Error::other)? else {
            return Err(io::Error::other("a header is an object"));
        };
        write!(out, "{{\"format\":\"{FORMAT}\",\"id\":\"{id}\"")?;
        for (name, value) in fields {
            let line = if matches!(name.as_str(), "source" | "target" | "counts") { "\n " } else { "" };
            write!(out, ",{line}{}:", Value::String(name))?;
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Plain)).map_err(io::Error::from)?;
        }
        out.write_all(b",\n \"rows\":[")?;
        Ok(Writer { out, rows: 0 })
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.out.write_all(if self.rows == 0 { b"\n  " } else { b",\n  " })?;
        self.rows += 1;
        row.serialize(&mut serde_json::Serializer::with_formatter(&mut *self.out, Plain)).map_err(io::Error::from)
    }

    /// Writes the end.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn end(self) -> io::Result<()> {
        self.out.write_all(b"\n ]}\n")
    }
}

/// Writes the document. `rows` is asked twice for the same rows: once for the id, once to write them.
///
/// # Errors
/// Where `out` can't be written to.
pub fn write<I: Iterator<Item = Row>>(out: &mut dyn Write, header: &Header, rows: impl Fn() -> I) -> io::Result<String> {
    let id = id(header, rows());
    let mut writer = Writer::new(out, header, &id)?;
    for row in rows() {
        writer.row(&row)?;
    }
    writer.end()?;
    Ok(id)
}

#[cfg(test)]
mod tests;
