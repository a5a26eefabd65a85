//! Distinguished names: parsing and a comparison form (RFC 4514, RFC 4518 as far as case and blanks go).
//!
//! Group members, bases and entries name each other by DN in whatever spelling their author liked. [`DnKey`] is the form
//! in which two spellings of one DN are equal; everything that asks "is this the same entry" or "is this below that base"
//! goes through it. A DN is never the lasting identity of a person: that is the entry id.

use super::value::key_form;
use std::borrow::Cow;

/// One attribute and value of an RDN, as unescaped text. A `#hex` value stays as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ava {
    /// The attribute type as spelt.
    pub attribute: String,
    /// The unescaped value.
    pub value: String,
}

/// Splits a DN into its RDNs, the leftmost first; each RDN has one or more values. `None` if it is not a DN (RFC 4514 section 3).
///
/// ```
/// use rosterm::identity::dn::parse;
/// let rdns = parse(r"CN=Lee\, Ann+uid=ann,OU=People,DC=example").unwrap();
/// assert_eq!(rdns[0][0].value, "Lee, Ann");
/// assert_eq!(rdns.len(), 3);
/// assert!(parse("not a dn").is_none());
/// ```
#[must_use]
pub fn parse(dn: &str) -> Option<Vec<Vec<Ava>>> {
    if dn.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut rdns = vec![Vec::new()];
    let mut rest = dn;
    loop {
        let equals = rest.find('=')?;
        let attribute = rest[..equals].trim();
        let valid = !attribute.is_empty() && attribute.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        if !valid {
            return None;
        }
        let (value, used, separator) = parse_value(&rest[equals + 1..])?;
        rdns.last_mut()?.push(Ava { attribute: attribute.to_owned(), value });
        rest = &rest[equals + 1 + used..];
        match separator {
            None => return Some(rdns),
            Some('+') => {}
            Some(_) => rdns.push(Vec::new()),
        }
    }
}

/// Reads one value: its unescaped text, the bytes used (separator included) and the separator that ended it.
fn parse_value(text: &str) -> Option<(String, usize, Option<char>)> {
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::new();
    let mut kept = 0; // length up to which blanks are not trimmed, because they were escaped
    let mut i = 0;
    let mut separator = None;
    if text.trim_start().starts_with('"') {
        // RFC 1779 quoting, still written by old tools.
        i = text.find('"')? + 1;
        loop {
            match bytes.get(i)? {
                b'"' => break,
                b'\\' => {
                    out.push(*bytes.get(i + 1)?);
                    i += 2;
                }
                b => {
                    out.push(*b);
                    i += 1;
                }
            }
        }
        i += 1;
        kept = out.len();
    }
    while let Some(&b) = bytes.get(i) {
        match b {
            b',' | b';' | b'+' => {
                separator = Some(b as char);
                i += 1;
                break;
            }
            b'\\' => {
                let next = *bytes.get(i + 1)?;
                if let Some(byte) = bytes.get(i + 1..i + 3).and_then(hex_byte) {
                    out.push(byte);
                    i += 3;
                } else {
                    out.push(next);
                    i += 2;
                }
                kept = out.len();
            }
            b => {
                if !(out.is_empty() && b == b' ') {
                    out.push(b);
                }
                i += 1;
            }
        }
    }
    while out.len() > kept && out.last() == Some(&b' ') {
        out.pop();
    }
    Some((String::from_utf8(out).ok()?, i, separator))
}

fn hex_byte(two: &[u8]) -> Option<u8> {
    let digit = |b: u8| (b as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(*two.first()?)? << 4 | digit(*two.get(1)?)?)
}

/// The comparison form of a DN: types and values folded, runs of blanks as one, values of one RDN in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnKey(Box<str>);

/// Between RDNs (and U+0003 within one); it can't be part of a folded value because control characters are replaced below.
const SEPARATOR: char = '\u{1}';

impl DnKey {
    /// The comparison form of `dn`. Text that is not a DN gets a form of its own that equals only the same text.
    #[must_use]
    pub fn of(dn: &str) -> Self {
        let Some(rdns) = parse(dn) else { return DnKey(format!("\u{2}{dn}").into()) };
        let mut out = String::with_capacity(dn.len());
        for (i, rdn) in rdns.iter().enumerate() {
            if i > 0 {
                out.push(SEPARATOR);
            }
            let mut parts: Vec<String> = rdn
                .iter()
                .map(|ava| {
                    let value = key_form(&ava.value);
                    let value = if value.contains("  ") || value.contains(char::is_control) {
                        Cow::Owned(
                            value.split(' ').filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ").replace(char::is_control, "\u{FFFD}"),
                        )
                    } else {
                        value
                    };
                    format!("{}={value}", ava.attribute.to_ascii_lowercase())
                })
                .collect();
            parts.sort();
            out.push_str(&parts.join("\u{3}"));
        }
        DnKey(out.into())
    }

    /// True if this DN is `base` or below it. Everything is below the empty DN.
    #[must_use]
    pub fn is_under(&self, base: &DnKey) -> bool {
        base.0.is_empty() || self == base || self.0.strip_suffix(&*base.0).is_some_and(|rest| rest.ends_with(SEPARATOR))
    }

    /// True if this DN is directly below `base`.
    #[must_use]
    pub fn is_child_of(&self, base: &DnKey) -> bool {
        self.is_under(base) && self.depth() == base.depth() + 1
    }

    /// How many RDNs it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        if self.0.is_empty() { 0 } else { self.0.matches(SEPARATOR).count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_dn_are_equal_and_others_are_not() {
        for (a, b, same) in [
            ("uid=ann,ou=People,dc=example", "UID=Ann, OU=people ,DC=Example", true),
            (r"cn=Lee\, Ann,dc=x", r"cn=Lee\2c Ann,dc=x", true),
            (r#"cn="Lee, Ann",dc=x"#, r"cn=Lee\, Ann,dc=x", true),
            ("cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x", true),
            ("cn=a  b,dc=x", "cn=a b,dc=x", true),
            (r"cn=M\C3\BCller,dc=x", "cn=Müller,dc=x", true),
            ("cn=a,dc=x", "cn=a,dc=y", false),
            ("cn=a,dc=x", "cn=a+dc=x", false),
            (r"cn=a\,dc=x", "cn=a,dc=x", false),
            (r"cn=a\+uid=b", "cn=a+uid=b", false),
        ] {
            assert_eq!(DnKey::of(a) == DnKey::of(b), same, "{a} | {b}");
        }
    }

    #[test]
    fn below_a_base_means_whole_rdns() {
        let base = DnKey::of("dc=example");
        assert!(DnKey::of("ou=people,dc=example").is_under(&base));
        assert!(DnKey::of("dc=example").is_under(&base));
        assert!(!DnKey::of("ou=people,odc=example").is_under(&base));
        assert!(!DnKey::of(r"cn=x\,dc=example").is_under(&base));
        assert!(DnKey::of("ou=people,dc=example").is_child_of(&base));
        assert!(!DnKey::of("uid=a,ou=people,dc=example").is_child_of(&base));
        assert!(DnKey::of("uid=a").is_under(&DnKey::of("")));
    }

    #[test]
    fn what_is_no_dn_is_refused_and_never_panics() {
        for bad in ["x", "=x", "a b=c", r"cn=\", "cn=\"open", ",", "cn=a,", r"cn=\zz\c3"] {
            let _ = DnKey::of(bad);
        }
        assert!(parse("cn=a,").is_none());
    }
}
