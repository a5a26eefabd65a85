//! Search results, taken apart without trusting them.
//!
//! The library's own decoding guesses by UTF-8 what is text, keeps one of two equal attributes and panics on what it does
//! not expect. Here an entry is checked once and then read in place; what is not an entry is a defect with a name.

use ldap3::asn1::{PL, StructureTag, TagClass};

/// What is wrong with a result.
pub type Defect = &'static str;

/// A search result entry (RFC 4511 section 4.5.2), checked.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'t> {
    /// The DN, as the server spells it.
    pub dn: &'t str,
    attributes: &'t [StructureTag],
}

/// An attribute of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'t> {
    /// The name without options: `member` for `member;range=0-1499`.
    pub name: &'t str,
    /// The options, without the semicolon in front: `range=0-1499`.
    pub options: &'t str,
    values: &'t [StructureTag],
}

/// An attribute by its name and options as the server writes them.
#[derive(Debug, Clone, Copy)]
pub struct Spelt<'t> {
    /// `member;range=0-1499`.
    pub spelling: &'t [u8],
    values: &'t [StructureTag],
}

fn children(tag: &StructureTag, id: u64) -> Option<&[StructureTag]> {
    match &tag.payload {
        PL::C(children) if tag.class == TagClass::Universal && tag.id == id => Some(children),
        _ => None,
    }
}

fn octets(tag: &StructureTag) -> Option<&[u8]> {
    match &tag.payload {
        PL::P(bytes) if tag.class == TagClass::Universal && tag.id == 4 => Some(bytes),
        _ => None,
    }
}

fn text(tag: &StructureTag) -> Option<&str> {
    std::str::from_utf8(octets(tag)?).ok()
}

const SEQUENCE: u64 = 16;
const SET: u64 = 17;

impl<'t> Entry<'t> {
    /// Checks a whole entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(tag: &'t StructureTag) -> Result<Self, Defect> {
        let PL::C(parts) = &tag.payload else { return Err("an entry without parts") };
        let [dn, attributes] = parts.as_slice() else { return Err("an entry without a DN and attributes") };
        let dn = text(dn).ok_or("an entry whose DN is not UTF-8 text")?;
        let attributes = children(attributes, SEQUENCE).ok_or("an entry without a list of attributes")?;
        for attribute in attributes {
            let Some([name, values]) = children(attribute, SEQUENCE) else { return Err("an attribute that is none") };
            // A sequence instead of the set is what some servers send.
            let values = children(values, SET).or_else(|| children(values, SEQUENCE)).ok_or("an attribute without its values")?;
            if !octets(name).is_some_and(|n| n.is_ascii() && !n.is_empty()) {
                return Err("an attribute whose name is not ASCII text");
            }
            if values.iter().any(|v| octets(v).is_none()) {
                return Err("a value that is no string of octets");
            }
        }
        Ok(Entry { dn, attributes })
    }

    /// Its attributes, in the server's order. One may come several times, with different options.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'t>> {
        self.spelt().filter_map(Spelt::parsed)
    }

    /// The same as they are spelt, options and all: for those who know the spelling already.
    pub fn spelt(self) -> impl Iterator<Item = Spelt<'t>> {
        self.attributes.iter().filter_map(|attribute| {
            let [name, values] = children(attribute, SEQUENCE)? else { return None };
            let PL::C(values) = &values.payload else { return None };
            Some(Spelt { spelling: octets(name)?, values })
        })
    }

    /// The first value of an attribute, its name in any letter case.
    pub fn first(self, name: &str) -> Option<&'t [u8]> {
        let is = |spelling: &[u8]| {
            spelling
                .split_at_checked(name.len())
                .is_some_and(|(begins, rest)| matches!(rest, [] | [b';', ..]) && begins.eq_ignore_ascii_case(name.as_bytes()))
        };
        self.spelt().filter(|a| is(a.spelling)).find_map(|a| a.values().next())
    }
}

impl<'t> Spelt<'t> {
    /// Its values.
    pub fn values(self) -> impl Iterator<Item = &'t [u8]> {
        self.values.iter().filter_map(octets)
    }

    /// Its name and options told apart.
    pub fn parsed(self) -> Option<Attribute<'t>> {
        let name = std::str::from_utf8(self.spelling).ok()?;
        let (name, options) = name.split_once(';').unwrap_or((name, ""));
        Some(Attribute { name, options, values: self.values })
    }
}

impl<'t> Attribute<'t> {
    /// Its values.
    pub fn values(self) -> impl Iterator<Item = &'t [u8]> {
        self.values.iter().filter_map(octets)
    }

    /// True for the attribute itself, in the transfer form or the range that a server chose: not for one with other options.
    #[must_use]
    pub fn is_plain(self) -> bool {
        let transfer =
            |o: &str| o.is_empty() || o.eq_ignore_ascii_case("binary") || o.get(..6).is_some_and(|p| p.eq_ignore_ascii_case("range="));
        self.options.split(';').all(transfer)
    }

    /// With Active Directory's ranged retrieval, the index of the last value that is here, if it is not the last of all
    /// (MS-ADTS section 3.1.1.3.1.3.3): 1499 for `range=0-1499`, `None` for `range=1500-*`.
    ///
    /// # Errors
    /// Where the range is none.
    pub fn range_end(self) -> Result<Option<u64>, Defect> {
        let Some(range) = self.options.split(';').find_map(|o| o.get(..6).filter(|p| p.eq_ignore_ascii_case("range=")).map(|_| &o[6..]))
        else {
            return Ok(None);
        };
        match range.split_once('-') {
            Some((_, "*")) => Ok(None),
            Some((_, last)) => last.parse().map(Some).map_err(|_| "a range of values that is none"),
            None => Err("a range of values that is none"),
        }
    }
}

/// The URLs of a search result reference (RFC 4511 section 4.5.3).
///
/// # Errors
/// Where it holds none.
pub fn reference(tag: &StructureTag) -> Result<Vec<String>, Defect> {
    let PL::C(urls) = &tag.payload else { return Err("a reference without URLs") };
    if urls.is_empty() {
        return Err("a reference without URLs");
    }
    urls.iter().map(|url| text(url).map(str::to_owned).ok_or("a reference that is not text")).collect()
}

/// The DN in an LDAP URL (RFC 4516), if there is one.
///
/// ```
/// # use rosterm::source::ldap::dn_of_url;
/// assert_eq!(dn_of_url("ldap://b.example/ou=a%20b,dc=x??sub").as_deref(), Some("ou=a b,dc=x"));
/// assert_eq!(dn_of_url("ldap://b.example"), None);
/// ```
#[must_use]
pub fn dn_of_url(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (_, dn) = rest.split_once('/')?;
    let dn = dn.split('?').next().filter(|dn| !dn.is_empty())?;
    let bytes = dn.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(byte) = bytes.get(i) {
        let escaped = (*byte == b'%').then(|| dn.get(i + 1..i + 3).and_then(|two| u8::from_str_radix(two, 16).ok())).flatten();
        out.push(escaped.unwrap_or(*byte));
        i += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn octet(bytes: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
    }

    fn constructed(id: u64, children: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id, payload: PL::C(children) }
    }

    fn attribute(name: &str, values: &[&[u8]]) -> StructureTag {
        constructed(SEQUENCE, vec![octet(name.as_bytes()), constructed(SET, values.iter().map(|v| octet(v)).collect())])
    }

    fn entry(dn: &[u8], attributes: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Application, id: 4, payload: PL::C(vec![octet(dn), constructed(SEQUENCE, attributes)]) }
    }

    #[test]
    fn options_are_stripped_and_ranges_understood() {
        let tag = entry(
            b"cn=a",
            vec![
                attribute("member", &[]),
                attribute("member;range=0-1499", &[b"x"]),
                attribute("member;RANGE=1500-*", &[b"y"]),
                attribute("userCertificate;binary", &[&[0xff]]),
                attribute("cn;lang-en;range=a-b", &[]),
            ],
        );
        let found = Entry::of(&tag).unwrap();
        let told: Vec<_> = found.attributes().map(|a| (a.name, a.range_end(), a.values().count())).collect();
        assert_eq!(
            told,
            [
                ("member", Ok(None), 0),
                ("member", Ok(Some(1499)), 1),
                ("member", Ok(None), 1),
                ("userCertificate", Ok(None), 1),
                ("cn", Err("a range of values that is none"), 0),
            ]
        );
        assert_eq!(found.first("MEMBER"), Some(b"x".as_slice()), "the first that has a value");
    }

    #[test]
    fn what_is_no_entry_is_a_defect() {
        for (tag, told) in [
            (octet(b"x"), "an entry without parts"),
            (constructed(4, vec![octet(b"x")]), "an entry without a DN and attributes"),
            (entry(&[0xff, 0xfe], vec![]), "an entry whose DN is not UTF-8 text"),
            (constructed(4, vec![octet(b"x"), octet(b"y")]), "an entry without a list of attributes"),
            (entry(b"x", vec![octet(b"y")]), "an attribute that is none"),
            (entry(b"x", vec![attribute("ü", &[])]), "an attribute whose name is not ASCII text"),
            (entry(b"x", vec![attribute("", &[])]), "an attribute whose name is not ASCII text"),
            (entry(b"x", vec![constructed(SEQUENCE, vec![octet(b"a"), octet(b"b")])]), "an attribute without its values"),
            (
                entry(b"x", vec![constructed(SEQUENCE, vec![octet(b"a"), constructed(SET, vec![constructed(4, vec![])])])]),
                "a value that is no string of octets",
            ),
        ] {
            assert_eq!(Entry::of(&tag).unwrap_err(), told);
        }
        assert!(reference(&octet(b"x")).is_err());
        assert!(reference(&constructed(19, vec![])).is_err());
        assert!(reference(&constructed(19, vec![octet(&[0xff])])).is_err());
    }

    fn any_tag() -> impl Strategy<Value = StructureTag> {
        let class = prop_oneof![Just(TagClass::Universal), Just(TagClass::Application), Just(TagClass::Context)];
        let id = prop_oneof![Just(4u64), Just(16), Just(17), 0u64..31];
        let leaf = (class, id.clone(), prop::collection::vec(any::<u8>(), 0..4)).prop_map(|(class, id, bytes)| StructureTag {
            class,
            id,
            payload: PL::P(bytes),
        });
        leaf.prop_recursive(5, 40, 4, move |inner| {
            (id.clone(), prop::collection::vec(inner, 0..4)).prop_map(|(id, children)| constructed(id, children))
        })
    }

    proptest! {
        #[test]
        fn no_tree_panics(tag in any_tag()) {
            if let Ok(entry) = Entry::of(&tag) {
                for attribute in entry.attributes() {
                    let _ = attribute.range_end();
                    attribute.values().for_each(drop);
                }
            }
            let _ = reference(&tag);
        }

        #[test]
        fn no_url_panics(url in "\\PC{0,30}") {
            let _ = dn_of_url(&url);
        }
    }
}
