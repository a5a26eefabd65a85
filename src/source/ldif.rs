//! LDIF content files (RFC 2849): parse and print.
//!
//! Only content is read; a file of changes is refused, because applying it here would mean nothing. Values that are not
//! UTF-8 stay bytes. An error names the line.

use crate::error::{Error, Position, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(Box<str>),
    /// Bytes that are not UTF-8.
    Binary(Box<[u8]>),
}

impl Value {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Value::Text(text) => text.as_bytes(),
            Value::Binary(bytes) => bytes,
        }
    }

    /// Text where it is UTF-8.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Value::Text(text.into()),
            Err(e) => Value::Binary(e.into_bytes().into()),
        }
    }
}

/// One entry: its DN, and its attributes in the order in which they stand; an attribute may come several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The DN.
    pub dn: String,
    /// Name and value, one pair a value.
    pub attributes: Vec<(Box<str>, Value)>,
}

/// Parses the content of an LDIF file; `file` is for messages.
///
/// # Errors
/// A usage error that names the line.
pub fn parse(file: &str, text: &[u8]) -> Result<Vec<Record>> {
    if let Some(last) = text.last().filter(|b| **b != b'\n') {
        let line = memchr::memchr_iter(b'\n', text).count() + 1;
        return Err(Error::usage(format!("the file ends in the middle of a line (after byte {last:#04x}): it may have been cut off"))
            .at(Position { file: file.to_owned(), line, column: 1 })
            .hint("export it again; if it is whole, end its last line"));
    }
    let mut records = Vec::new();
    let mut current: Option<Record> = None;
    for line in Lines::new(text) {
        let wrong = |message: String| Error::usage(message).at(Position { file: file.to_owned(), line: line.number, column: 1 });
        if line.text.is_empty() {
            records.extend(current.take());
            continue;
        }
        let Some(colon) = line.text.iter().position(|b| *b == b':') else {
            return Err(wrong("a line without a colon".to_owned()).hint("each line is name: value; a continued line begins with a blank"));
        };
        let name = std::str::from_utf8(&line.text[..colon])
            .ok()
            .filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';' | b'_')));
        let Some(name) = name else { return Err(wrong("this is not an attribute's name".to_owned())) };
        let value = match &line.text[colon + 1..] {
            [b':', encoded @ ..] => {
                let encoded: Vec<u8> = encoded.iter().copied().filter(|b| *b != b' ').collect();
                STANDARD.decode(encoded).map_err(|e| wrong(format!("the value of {name} is not base64: {e}")))?
            }
            [b'<', ..] => {
                return Err(wrong(format!("the value of {name} is in another file")).hint("only values in the file itself are read"));
            }
            plain => plain.iter().copied().skip_while(|b| *b == b' ').collect(),
        };
        let value = Value::of(value);
        // Keywords are spelt in any letter case (RFC 2849 by way of RFC 2234).
        let keyword = name.to_ascii_lowercase();
        match (&mut current, keyword.as_str()) {
            (None, "version") if records.is_empty() => {
                if value.bytes() != b"1" {
                    return Err(wrong("only version 1 of LDIF is known".to_owned()));
                }
            }
            (None, "dn") => match value {
                Value::Text(dn) if crate::identity::dn::parse(&dn).is_some() => {
                    current = Some(Record { dn: dn.into(), attributes: Vec::new() });
                }
                Value::Text(dn) => return Err(wrong(format!("\"{dn}\" is not a distinguished name"))),
                Value::Binary(_) => return Err(wrong("the DN is not UTF-8".to_owned())),
            },
            (None, _) => {
                return Err(
                    wrong(format!("{name} stands outside of an entry")).hint("an entry begins with dn: and ends with an empty line")
                );
            }
            (Some(_), "dn") => return Err(wrong("a second dn in one entry".to_owned()).hint("end the entry before it with an empty line")),
            (Some(_), "changetype") if value.bytes() == b"add" => {}
            (Some(_), "changetype" | "control") => {
                return Err(wrong("the file holds changes, not entries".to_owned()).hint("export the entries: ldapsearch -LLL ..."));
            }
            (Some(record), _) => record.attributes.push((name.into(), value)),
        }
    }
    records.extend(current);
    Ok(records)
}

struct Line {
    number: usize,
    text: Vec<u8>,
}

/// Logical lines: continued lines joined, comments left out, an empty line where entries end.
struct Lines<'t> {
    rest: &'t [u8],
    number: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Lines { rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text), number: 0 }
    }

    fn physical(&mut self) -> Option<&'t [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or(&[]);
        self.number += 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let first = self.physical()?;
            let number = self.number;
            let mut text = first.to_vec();
            while self.rest.first() == Some(&b' ') && !text.is_empty() {
                text.extend_from_slice(&self.physical()?[1..]);
            }
            if text.first() != Some(&b'#') {
                return Some(Line { number, text });
            }
        }
    }
}

/// Writes entries as LDIF, without folding lines, and without `version: 1`: slapadd takes a version line of its own for an entry.
#[must_use]
pub fn print<'r>(records: impl IntoIterator<Item = &'r Record>) -> String {
    let mut out = String::new();
    for record in records {
        if !out.is_empty() {
            out.push('\n');
        }
        put(&mut out, "dn", record.dn.as_bytes());
        for (name, value) in &record.attributes {
            put(&mut out, name, value.bytes());
        }
    }
    out
}

fn put(out: &mut String, name: &str, value: &[u8]) {
    // SAFE-STRING of RFC 2849; a blank at the end would be lost by tools.
    let safe =
        value.iter().all(|b| (32..127).contains(b)) && !matches!(value.first(), Some(b' ' | b':' | b'<')) && value.last() != Some(&b' ');
    let _ = match std::str::from_utf8(value) {
        Ok(text) if safe => writeln!(out, "{name}: {text}"),
        _ => writeln!(out, "{name}:: {}", STANDARD.encode(value)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_reads_into_its_entries() {
        let text = b"version: 1\r\n# people\n dn of nobody\ndn: uid=ann,dc=x\ncn: Ann\n  Lee\nsn:: w5xsZQ==\njpegPhoto:: /9j/\nempty:\n\n\ndn:: dWlkPWLDtmIsZGM9eA==\nchangeType: add\ncn: x\n";
        let records = parse("a.ldif", text).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].attributes[0], ("cn".into(), Value::Text("Ann Lee".into())));
        assert_eq!(records[0].attributes[1].1, Value::Text("Üle".into()));
        assert_eq!(records[0].attributes[2].1, Value::Binary([0xff, 0xd8, 0xff].into()));
        assert_eq!(records[1].dn, "uid=böb,dc=x");
    }

    #[test]
    fn a_defect_is_told_with_its_line() {
        for (text, told) in [
            ("dn: uid=a,dc=x\nno colon here\n", "a.ldif:2:1: a line without a colon"),
            ("dn: uid=a,dc=x\n\ncn: lost\n", "a.ldif:3:1: cn stands outside of an entry"),
            ("dn: uid=a,dc=x\nsn:: %%%\n", "a.ldif:2:1: the value of sn is not base64"),
            ("dn: uid=a,dc=x\nchangetype: modify\n", "a.ldif:2:1: the file holds changes, not entries"),
            ("dn: nonsense\n", "a.ldif:1:1: \"nonsense\" is not a distinguished name"),
            ("dn: uid=a,dc=x\njpegPhoto:< file:///etc/passwd\n", "a.ldif:2:1: the value of jpegPhoto is in another file"),
            ("dn: uid=a,dc=x\nchangeType: delete\n", "a.ldif:2:1: the file holds changes, not entries"),
            ("dn: uid=a,dc=x\ncn: a\nDN: uid=b,dc=x\n", "a.ldif:3:1: a second dn in one entry"),
            ("dn: uid=a,dc=x\nobjectClass: inet", "a.ldif:2:1: the file ends in the middle of a line"),
            ("version: 2\n", "a.ldif:1:1: only version 1 of LDIF is known"),
            ("dn: uid=a,dc=x\ncn: a\ndn: uid=b,dc=x\n", "a.ldif:3:1: a second dn in one entry"),
        ] {
            let error = parse("a.ldif", text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(entries in prop::collection::vec(prop::collection::vec(("[a-zA-Z][a-zA-Z0-9-]{0,5}", prop::collection::vec(any::<u8>(), 0..12)), 0..6), 0..6)) {
            let records: Vec<Record> = entries.into_iter().enumerate().map(|(i, attributes)| Record {
                dn: format!("uid={i},dc=x"),
                attributes: attributes.into_iter()
                    .filter(|(n, _)| !["dn", "changetype", "control"].contains(&n.to_ascii_lowercase().as_str()))
                    .map(|(n, v)| (n.into(), Value::of(v))).collect(),
            }).collect();
            prop_assert_eq!(parse("x", print(&records).as_bytes()).unwrap(), records);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse("x", &bytes);
        }
    }
}
