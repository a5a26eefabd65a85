//! Entries into rows: which attribute fills which column, who is disabled, who has no id.

use super::entry::{Defect, Entry, Spelt};
use super::ranges::Whole;
use crate::clock::Instant;
use crate::identity::dn::DnKey;
use crate::identity::population::{Batch, BatchBuilder, Draft, Schema};
use crate::source::guard::message;
use crate::source::memory::push_value;
use crate::source::scope::Members;
use crate::source::status;
use crate::source::vendor::Settings;
use ldap3::asn1::{PL, parse_tag};

/// Where members are named by uid, the attribute with it.
pub const UID: &str = "uid";

/// Puts entries into rows.
pub(super) struct Rows<'w> {
    settings: &'w Settings,
    members_only: Option<&'w Members>,
    now: Instant,
    schema: &'w Schema,
    /// The rows since it was sealed last.
    pub builder: BatchBuilder,
    draft: Draft,
    names: Names,
    /// The DN of the first entry without id, and an empty text for each other one.
    pub without_id: Vec<Box<str>>,
    /// Who came with a part of an attribute: which, and the DN.
    pub ranged: Vec<(String, String)>,
    /// How many members of the group were met.
    pub members: usize,
}

impl<'w> Rows<'w> {
    /// Rows of `schema`; of the members alone, if there are any. `now` is the moment that "passed" is measured from.
    pub fn new(settings: &'w Settings, members_only: Option<&'w Members>, now: Instant, schema: &'w Schema) -> Self {
        Rows {
            settings,
            members_only,
            now,
            schema,
            builder: BatchBuilder::new(schema),
            draft: Draft::default(),
            names: Names::default(),
            without_id: Vec::new(),
            ranged: Vec::new(),
            members: 0,
        }
    }

    /// The columns of its rows.
    pub fn schema(&self) -> &'w Schema {
        self.schema
    }

    /// Takes an entry as it came.
    pub fn take(&mut self, entry: Entry<'_>) {
        let settings = self.settings;
        if let Some(members) = self.members_only {
            let uid = || entry.first(UID).and_then(|bytes| std::str::from_utf8(bytes).ok());
            if !members.contains(&DnKey::of(entry.dn), uid) {
                return;
            }
            self.members += 1;
        }
        let id_attribute = settings.id_attribute.as_str();
        let Some(id) = entry.first(id_attribute).and_then(|bytes| settings.id_form.text(bytes)) else {
            self.miss_id(entry.dn);
            return;
        };
        self.draft.begin(&id, entry.dn);
        let first = |name: &str| entry.first(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.draft.set_off(status::is_disabled(settings, self.now, first));
        self.names.begin();
        for spelt in entry.spelt() {
            let place = self.names.place(spelt.spelling).unwrap_or_else(|| {
                let place = self.place(spelt);
                self.names.learn(spelt.spelling, place);
                place
            });
            match place {
                Place::Nowhere => {}
                Place::Column { column, is_id } => {
                    for value in spelt.values() {
                        push_value(&mut self.draft, column, value, is_id.then_some(id.as_str()));
                    }
                }
                Place::Half => {
                    // Not a row yet: half an attribute would take the other half away from the account.
                    let name = spelt.parsed().map_or("", |a| a.name).to_owned();
                    self.ranged.push((name, entry.dn.to_owned()));
                    return;
                }
            }
        }
        self.builder.push(&mut self.draft);
    }

    /// Where an attribute of this name and these options goes.
    fn place(&self, spelt: Spelt<'_>) -> Place {
        let Some(attribute) = spelt.parsed() else { return Place::Nowhere };
        match self.schema.column(attribute.name) {
            // `;lang-ja` and the like are other attributes (RFC 4512 section 2.5.2); which one came first must not matter.
            None => Place::Nowhere,
            Some(_) if !attribute.is_plain() => Place::Nowhere,
            Some(_) if !attribute.options.is_empty() && attribute.range_end() != Ok(None) => Place::Half,
            Some(column) => Place::Column { column, is_id: self.settings.id_attribute.is(attribute.name) },
        }
    }

    /// A member that was read by itself.
    pub fn take_whole(&mut self, entry: &Whole) {
        let settings = self.settings;
        let Some(id) = entry.first(settings.id_attribute.as_str()).and_then(|bytes| settings.id_form.text(bytes)) else {
            self.miss_id(&entry.dn);
            return;
        };
        self.draft.begin(&id, &entry.dn);
        let first = |name: &str| entry.first(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.draft.set_off(status::is_disabled(settings, self.now, first));
        for (name, values) in &entry.attributes {
            let Some(column) = self.schema.column(name) else { continue };
            let as_id = settings.id_attribute.is(name).then_some(id.as_str());
            for value in values {
                push_value(&mut self.draft, column, value, as_id);
            }
        }
        self.builder.push(&mut self.draft);
    }

    fn miss_id(&mut self, dn: &str) {
        self.without_id.push(if self.without_id.is_empty() { dn.into() } else { Box::default() });
    }
}

/// Where an attribute goes.
#[derive(Debug, Clone, Copy)]
enum Place {
    Column {
        column: u16,
        is_id: bool,
    },
    /// Nobody asked for it.
    Nowhere,
    /// It is a part of an attribute: the entry is read by itself.
    Half,
}

/// The spellings that came so far, and where they go: a server writes the same names in the same order in every entry, so
/// the next one is nearly always the one that came next before.
#[derive(Debug, Default)]
struct Names {
    known: Vec<(Box<[u8]>, Place)>,
    next: usize,
}

impl Names {
    /// More than these are not kept: a server could invent names without end.
    const MOST: usize = 256;

    fn begin(&mut self) {
        self.next = 0;
    }

    /// Where the attribute of this spelling goes; nothing for one that is not known.
    fn place(&mut self, spelling: &[u8]) -> Option<Place> {
        let (before, behind) = self.known.split_at(self.next.min(self.known.len()));
        let at = match behind.iter().position(|(known, _)| **known == *spelling) {
            Some(at) => self.next + at,
            None => before.iter().position(|(known, _)| **known == *spelling)?,
        };
        self.next = at + 1;
        Some(self.known[at].1)
    }

    fn learn(&mut self, spelling: &[u8], place: Place) {
        if self.known.len() < Self::MOST {
            self.known.push((spelling.into(), place));
            self.next = self.known.len();
        }
    }
}

/// Search result entries, as bytes of messages one after another, into rows: the reader's work without a connection, for
/// measuring. Each message is checked, parsed and copied as on its way through the client library.
///
/// # Errors
/// What is wrong with a message.
pub fn rows_of(mut messages: &[u8], schema: &Schema, settings: &Settings, now: Instant) -> Result<Batch, Defect> {
    let mut rows = Rows::new(settings, None, now, schema);
    while let Some(length) = message::length(messages)? {
        let (bytes, rest) = messages.split_at_checked(length).ok_or("a message that is cut off")?;
        message::check(bytes)?;
        let (_, tag) = parse_tag(bytes).map_err(|_| "a message that the library does not parse")?;
        let tag = tag.clone();
        let PL::C(mut parts) = tag.payload else { return Err("a message without parts") };
        rows.take(Entry::of(&parts.pop().ok_or("a message without parts")?)?);
        messages = rest;
    }
    Ok(rows.builder.seal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::AttributeName;
    use ldap3::asn1::{StructureTag, TagClass};

    fn octet(bytes: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
    }

    fn constructed(id: u64, children: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id, payload: PL::C(children) }
    }

    fn entry(dn: &str, attributes: &[(&str, &str)]) -> StructureTag {
        let attribute =
            |(name, value): &(&str, &str)| constructed(16, vec![octet(name.as_bytes()), constructed(17, vec![octet(value.as_bytes())])]);
        constructed(16, vec![octet(dn.as_bytes()), constructed(16, attributes.iter().map(attribute).collect())])
    }

    #[test]
    fn names_that_are_known_go_where_they_went_before_in_any_order_and_spelling() {
        let settings = &crate::source::vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0;
        let schema = Schema::new(["cn", "mail", "entryUUID"].map(AttributeName::new));
        let mut rows = Rows::new(settings, None, Instant(0), &schema);
        for tag in [
            entry("a", &[("entryUUID", " 1 "), ("cn", "A"), ("sn", "?"), ("mail", "a@x")]),
            entry("b", &[("mail", "b@x"), ("cn;lang-de", "?"), ("CN", "B"), ("entryuuid", "2")]),
            entry("c", &[("cn;lang-de", "?"), ("entryUUID", "3"), ("sn", "?"), ("mail;binary", "c@x"), ("mail;range=0-*", "d@x")]),
            entry("d", &[("entryUUID", "4"), ("mail;range=0-1", "half")]),
            entry("e", &[("entryUUID", "5"), ("mail;range=0-1", "half")]),
            entry("f", &[("cn", "F")]),
        ] {
            rows.take(Entry::of(&tag).unwrap());
        }
        let batch = rows.builder.seal();
        let told: Vec<String> = batch
            .iter()
            .map(|row| format!("{} {} {:?}", row.id(), row.name(), (0..3).map(|c| row.all(c).collect::<Vec<_>>()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(told, [r#"1 a [["A"], ["a@x"], ["1"]]"#, r#"2 b [["B"], ["b@x"], ["2"]]"#, r#"3 c [[], ["c@x", "d@x"], ["3"]]"#,]);
        assert_eq!(rows.ranged, [("mail".to_owned(), "d".to_owned()), ("mail".to_owned(), "e".to_owned())]);
        assert_eq!(rows.without_id.len(), 1);
    }

    #[test]
    fn names_without_end_are_not_kept() {
        let mut names = Names::default();
        for n in 0..1000 {
            names.learn(format!("x{n}").as_bytes(), Place::Nowhere);
        }
        assert_eq!(names.known.len(), Names::MOST);
        assert!(names.place(b"x999").is_none() && names.place(b"x0").is_some());
    }
}
