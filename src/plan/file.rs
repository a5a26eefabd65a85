//! The plan as a document: `rosterm-plan/1`, one row a line, so that a million rows stream through.

use super::Row;
use crate::model::Situation;
use crate::text;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The name of the format.
pub const FORMAT: &str = "rosterm-plan/1";

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
}

/// The source in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseHead {
    /// The cause's code.
    pub code: &'static str,
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

/// The content id: a hash over everything but `approved`, so that approving rows does not make another plan of it.
#[must_use]
pub fn id(header: &Header, rows: impl Iterator<Item = Row>) -> String {
    let mut hash = Sha256::new();
    let plain = |value: Value| serde_json::to_vec(&value).expect("a JSON value is always printable");
    hash.update(plain(serde_json::to_value(header).expect("a header is plain data")));
    for row in rows {
        hash.update(b"\n");
        hash.update(plain(serde_json::to_value(Row { approved: false, ..row }).expect("a row is plain data")));
    }
    crate::config::hex(&hash.finalize()[..16])
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

/// Writes the document. `rows` is asked twice for the same rows: once for the id, once to write them.
///
/// # Errors
/// Where `out` can't be written to.
pub fn write<I: Iterator<Item = Row>>(out: &mut dyn Write, header: &Header, rows: impl Fn() -> I) -> io::Result<String> {
    let id = id(header, rows());
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
    for (i, row) in rows().enumerate() {
        out.write_all(if i == 0 { b"\n  " } else { b",\n  " })?;
        let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Plain);
        row.serialize(&mut serializer).map_err(io::Error::from)?;
    }
    out.write_all(b"\n ]}\n")?;
    Ok(id)
}
