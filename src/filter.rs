//! LDAP search filters in their text form (RFC 4515): parse, print, evaluate.
//!
//! A directory evaluates filters itself; LDIF files and the embedded directory need them evaluated here, and so does the
//! explanation of a scope. Evaluation has three values (RFC 4511 section 4.5.1.7): what can't be decided is undefined,
//! and an entry for which the whole filter is undefined does not match.

use crate::error::{Error, Excerpt, Kind};
use crate::identity::AttributeName;
use crate::identity::dn::DnKey;
use crate::identity::value::key_form;
use std::fmt;
use std::ops::Range;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of them. `(&)` is true (RFC 4526).
    And(Vec<Filter>),
    /// At least one of them. `(|)` is false (RFC 4526).
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// The attribute has a value.
    Present(AttributeName),
    /// The attribute has this value. `~=` is read as this too.
    Equals(AttributeName, String),
    /// A value of the attribute has these parts in this order.
    Substring(AttributeName, Vec<Part>),
    /// The attribute has a value that is not below this one.
    AtLeast(AttributeName, String),
    /// The attribute has a value that is not above this one.
    AtMost(AttributeName, String),
    /// `attribute:dn:rule:=value` (RFC 4511 section 4.5.1.7.7).
    Extensible {
        /// The attribute, if there is one.
        attribute: Option<AttributeName>,
        /// Whether the RDNs of the entry count too.
        dn: bool,
        /// The matching rule's OID or name.
        rule: Option<String>,
        /// The value.
        value: String,
    },
}

/// A part of a substring assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// At the beginning.
    Initial(String),
    /// Anywhere after the part before.
    Any(String),
    /// At the end.
    Final(String),
}

/// Why a text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub message: String,
}

impl FilterError {
    /// As an error about `text`, with a caret.
    #[must_use]
    pub fn into_error(self, text: &str) -> Error {
        Error::new(Kind::Usage, format!("the filter is not valid: {}", self.message))
            .excerpt(Excerpt::of_span(text, self.span))
            .hint("filters are written as in RFC 4515: (&(objectClass=person)(department=Sales))")
    }
}

/// The AD rule for "all bits are set".
pub const BIT_AND: &str = "1.2.840.113556.1.4.803";
/// The AD rule for "one of the bits is set".
pub const BIT_OR: &str = "1.2.840.113556.1.4.804";
/// The AD rule for "member, directly or through groups".
pub const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// How deep filters may nest: far beyond any that a person writes.
const MAX_DEPTH: usize = 64;

impl Filter {
    /// Parses a filter. Outer parentheses may be left out, as tools commonly allow.
    ///
    /// # Errors
    /// The span and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { text, at: 0 };
        parser.blanks();
        let filter = if parser.peek() == Some(b'(') { parser.filter(0)? } else { parser.item(text.trim_end().len().max(parser.at))? };
        parser.blanks();
        if parser.at < text.len() {
            return Err(parser.error(parser.at..text.len(), "there is more text after the filter; wrap both in (&...)"));
        }
        Ok(filter)
    }

    /// Whether an entry matches: `Some(false)` where it does not, `None` where that can't be decided.
    pub fn matches<E: Entry + ?Sized>(&self, entry: &E) -> Option<bool> {
        match self {
            Filter::And(parts) => parts
                .iter()
                .try_fold(Some(true), |all, f| match (all, f.matches(entry)) {
                    (_, Some(false)) => Err(()),
                    (all, one) => Ok(all.and(one)),
                })
                .unwrap_or(Some(false)),
            Filter::Or(parts) => parts
                .iter()
                .try_fold(Some(false), |any, f| match (any, f.matches(entry)) {
                    (_, Some(true)) => Err(()),
                    (any, one) => Ok(any.and(one)),
                })
                .unwrap_or(Some(true)),
            Filter::Not(inner) => inner.matches(entry).map(|b| !b),
            Filter::Present(name) => Some(entry.any_value(name.as_str(), &mut |_| true)),
            Filter::Equals(name, wanted) => Some(entry.any_value(name.as_str(), &mut |v| same(v, wanted))),
            Filter::Substring(name, parts) => Some(entry.any_value(name.as_str(), &mut |v| has_parts(v, parts))),
            Filter::AtLeast(name, bound) => Some(entry.any_value(name.as_str(), &mut |v| order(v, bound).is_ge())),
            Filter::AtMost(name, bound) => Some(entry.any_value(name.as_str(), &mut |v| order(v, bound).is_le())),
            Filter::Extensible { attribute: Some(name), rule, value, dn: false } => {
                let bits = |test: fn(u64, u64) -> bool| {
                    let mask = value.parse::<i64>().ok()?.cast_unsigned();
                    Some(entry.any_value(name.as_str(), &mut |v| v.parse::<i64>().is_ok_and(|n| test(n.cast_unsigned(), mask))))
                };
                match rule.as_deref() {
                    Some(BIT_AND) => bits(|n, mask| n & mask == mask),
                    Some(BIT_OR) => bits(|n, mask| n & mask != 0),
                    None | Some("caseIgnoreMatch" | "2.5.13.2") => Some(entry.any_value(name.as_str(), &mut |v| same(v, value))),
                    Some("caseExactMatch" | "2.5.13.5") => Some(entry.any_value(name.as_str(), &mut |v| v.trim() == value.trim())),
                    Some(_) => None,
                }
            }
            Filter::Extensible { .. } => None,
        }
    }
}

/// What a filter asks an entry.
pub trait Entry {
    /// True if a value of the attribute passes the test. `name` comes in any letter case.
    fn any_value(&self, name: &str, test: &mut dyn FnMut(&str) -> bool) -> bool;
}

fn squeezed(text: &str) -> String {
    key_form(text).split(' ').filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Case-ignoring equality (RFC 4517 section 4.2.11), or equality as DNs where both look like one.
fn same(value: &str, wanted: &str) -> bool {
    squeezed(value) == squeezed(wanted) || (value.contains('=') && wanted.contains('=') && DnKey::of(value) == DnKey::of(wanted))
}

fn order(value: &str, bound: &str) -> std::cmp::Ordering {
    match (value.trim().parse::<i64>(), bound.trim().parse::<i64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => squeezed(value).cmp(&squeezed(bound)),
    }
}

fn has_parts(value: &str, parts: &[Part]) -> bool {
    // Inner blanks of a part count, so parts are folded but not squeezed.
    let whole = key_form(value).into_owned();
    let fold = |part: &str| {
        let marked = format!("\u{1}{part}\u{1}");
        key_form(&marked).trim_matches('\u{1}').to_owned()
    };
    let mut rest = whole.as_str();
    for part in parts {
        match part {
            Part::Initial(p) => match rest.strip_prefix(fold(p).as_str()) {
                Some(after) => rest = after,
                None => return false,
            },
            Part::Any(p) => {
                let p = fold(p);
                match rest.find(p.as_str()) {
                    Some(i) => rest = &rest[i + p.len()..],
                    None => return false,
                }
            }
            Part::Final(p) => return rest.ends_with(fold(p).as_str()),
        }
    }
    true
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    #[expect(clippy::unused_self, reason = "reads as the parser's complaint")]
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> FilterError {
        FilterError { span, message: message.into() }
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
        self.blanks();
        let open = self.at;
        if self.peek() != Some(b'(') {
            return Err(self.error(open..open + 1, "a parenthesis ( is missing here"));
        }
        if depth == MAX_DEPTH {
            return Err(self.error(open..open + 1, format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        self.at += 1;
        self.blanks();
        let filter = match self.peek() {
            Some(b'&') => Filter::And(self.list(depth)?),
            Some(b'|') => Filter::Or(self.list(depth)?),
            Some(b'!') => {
                self.at += 1;
                Filter::Not(Box::new(self.filter(depth + 1)?))
            }
            _ => {
                let end = memchr::memchr2(b'(', b')', &self.text.as_bytes()[self.at..]).map_or(self.text.len(), |i| self.at + i);
                self.item(end)?
            }
        };
        self.blanks();
        if self.peek() != Some(b')') {
            return Err(self.error(open..open + 1, "this parenthesis is not closed"));
        }
        self.at += 1;
        Ok(filter)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, FilterError> {
        self.at += 1;
        let mut parts = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(b')') | None => return Ok(parts),
                _ => parts.push(self.filter(depth + 1)?),
            }
        }
    }

    fn item(&mut self, end: usize) -> Result<Filter, FilterError> {
        let start = self.at;
        let text = &self.text[start..end];
        let Some(equals) = text.find('=') else {
            return Err(self.error(start..end.max(start + 1), "a comparison such as attribute=value is wanted here"));
        };
        self.at = end;
        let (left, value, value_at) = (&text[..equals], &text[equals + 1..], start + equals + 1);
        let (left, operator) = match left.as_bytes().last() {
            Some(b'>' | b'<' | b'~' | b':') => left.split_at(left.len() - 1),
            _ => (left, ""),
        };
        let left = left.trim();
        if operator == ":" {
            return self.extensible(left, value, start, value_at);
        }
        let name = self.attribute(left, start)?;
        Ok(match operator {
            ">" => Filter::AtLeast(name, self.unescape(value, value_at)?),
            "<" => Filter::AtMost(name, self.unescape(value, value_at)?),
            "~" => Filter::Equals(name, self.unescape(value, value_at)?),
            _ if value == "*" => Filter::Present(name),
            _ if value.contains('*') => {
                let mut parts = Vec::new();
                let pieces: Vec<&str> = value.split('*').collect();
                let mut at = value_at;
                for (i, piece) in pieces.iter().enumerate() {
                    let text = self.unescape(piece, at)?;
                    at += piece.len() + 1;
                    match (i, text.is_empty()) {
                        (0, false) => parts.push(Part::Initial(text)),
                        (i, false) if i + 1 == pieces.len() => parts.push(Part::Final(text)),
                        (0, true) => {}
                        (i, true) if i + 1 == pieces.len() => {}
                        (_, true) => return Err(self.error(at - 2..at, "two stars follow each other")),
                        (_, false) => parts.push(Part::Any(text)),
                    }
                }
                Filter::Substring(name, parts)
            }
            _ => Filter::Equals(name, self.unescape(value, value_at)?),
        })
    }

    fn extensible(&self, left: &str, value: &str, start: usize, value_at: usize) -> Result<Filter, FilterError> {
        let mut pieces = left.split(':');
        let attribute = match pieces.next().unwrap_or("") {
            "" => None,
            name => Some(self.attribute(name, start)?),
        };
        let mut dn = false;
        let mut rule = None;
        for piece in pieces {
            if piece.eq_ignore_ascii_case("dn") && !dn && rule.is_none() {
                dn = true;
            } else if rule.is_none() && !piece.is_empty() {
                rule = Some(piece.to_owned());
            } else {
                return Err(self.error(start..start + left.len(), "this is not attribute:dn:rule"));
            }
        }
        if attribute.is_none() && rule.is_none() {
            return Err(self.error(start..start + left.len().max(1), "an attribute or a matching rule is missing"));
        }
        Ok(Filter::Extensible { attribute, dn, rule, value: self.unescape(value, value_at)? })
    }

    fn attribute(&self, name: &str, at: usize) -> Result<AttributeName, FilterError> {
        let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';' | b'_'));
        if valid { Ok(AttributeName::new(name)) } else { Err(self.error(at..at + name.len().max(1), "this is not an attribute's name")) }
    }

    fn unescape(&self, value: &str, at: usize) -> Result<String, FilterError> {
        if !value.contains('\\') {
            return Ok(value.to_owned());
        }
        let bytes = value.as_bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut i = 0;
        while i < bytes.len() {
            if bytes[i] == b'\\' {
                let hex =
                    bytes.get(i + 1..i + 3).and_then(|two| std::str::from_utf8(two).ok()).and_then(|two| u8::from_str_radix(two, 16).ok());
                let Some(byte) = hex else {
                    return Err(
                        self.error(at + i..at + i + 1, "a backslash must be followed by two hex digits (RFC 4515): \\2a for a star")
                    );
                };
                out.push(byte);
                i += 3;
            } else {
                out.push(bytes[i]);
                i += 1;
            }
        }
        // Binary assertion values (objectGUID) stay escaped: they are only ever sent on.
        Ok(String::from_utf8(out).unwrap_or_else(|_| value.to_owned()))
    }
}

/// `value` with everything escaped that has a meaning in a filter (RFC 4515 section 3).
///
/// ```
/// assert_eq!(rosterm::filter::escape("a*(b)\\"), r"a\2a\28b\29\5c");
/// ```
#[must_use]
pub fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '*' => out.push_str("\\2a"),
            '(' => out.push_str("\\28"),
            ')' => out.push_str("\\29"),
            '\\' => out.push_str("\\5c"),
            '\0' => out.push_str("\\00"),
            c => out.push(c),
        }
    }
    out
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::And(parts) | Filter::Or(parts) => {
                f.write_str(if matches!(self, Filter::And(_)) { "(&" } else { "(|" })?;
                parts.iter().try_for_each(|p| p.fmt(f))?;
                f.write_str(")")
            }
            Filter::Not(inner) => write!(f, "(!{inner})"),
            Filter::Present(name) => write!(f, "({name}=*)"),
            Filter::Equals(name, value) => write!(f, "({name}={})", escape(value)),
            Filter::AtLeast(name, value) => write!(f, "({name}>={})", escape(value)),
            Filter::AtMost(name, value) => write!(f, "({name}<={})", escape(value)),
            Filter::Substring(name, parts) => {
                write!(f, "({name}=")?;
                if !matches!(parts.first(), Some(Part::Initial(_))) {
                    f.write_str("*")?;
                }
                for part in parts {
                    match part {
                        Part::Initial(p) | Part::Any(p) => write!(f, "{}*", escape(p))?,
                        Part::Final(p) => f.write_str(&escape(p))?,
                    }
                }
                f.write_str(")")
            }
            Filter::Extensible { attribute, dn, rule, value } => {
                write!(f, "({}", attribute.as_ref().map_or("", AttributeName::as_str))?;
                if *dn {
                    f.write_str(":dn")?;
                }
                if let Some(rule) = rule {
                    write!(f, ":{rule}")?;
                }
                write!(f, ":={})", escape(value))
            }
        }
    }
}

#[cfg(test)]
mod tests;
