//! Entries held in memory: the content of an LDIF file, and the embedded directory of the demo.
//!
//! It answers as a directory would: same scope, same groups, same status rules, same look-ups.

mod entries;
mod groups;

pub use entries::Roll;

use super::ldif::{Record, Value};
use super::scope::Members;
use super::vendor::{self, IdForm, Settings};
use super::{Amount, Facts, NAMED_BY, NAMED_MOST, Part, ldif, scope, status};
use crate::clock::Instant;
use crate::config::reader::did_you_mean;
use crate::config::{CsvConfig, Located, Location, Scope, SourceConfig};
use crate::error::{Error, Result};
use crate::filter::{Entry, Filter};
use crate::identity::dn::DnKey;
use crate::identity::population::{Batch, BatchBuilder, Draft, Schema};
use crate::identity::{AttributeName, EntryId};
use crate::model::{Cause, EntryEvidence, Identified, ReadEnd, Verdicts};
use base64::Engine as _;
use entries::Entries;
use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};
use tokio::sync::mpsc;

/// How many bytes of text a batch holds before it is sent.
const BATCH_TEXT: usize = 256 * 1024;

/// The vendors that an attribute with the lasting id tells in a file; others share theirs with one of these.
const TOLD_BY_ID: [&str; 6] = ["active-directory", "openldap", "389ds", "edirectory", "ibm", "oid"];

/// Where members are named by uid, the attribute with it.
const UID: &str = "uid";

/// A directory in memory.
pub struct Directory {
    facts: Facts,
    entries: Entries,
    clauses: Clauses,
    notes: Vec<String>,
    now: Instant,
}

struct Clauses {
    base: DnKey,
    scope: Scope,
    filter: Filter,
    members: Option<Members>,
    /// Nobody can lie outside of the base.
    holds_all: bool,
}

impl Directory {
    /// Reads an LDIF file.
    ///
    /// # Errors
    /// Where the file can't be read, a line is wrong, or base, filter or group are.
    pub fn from_ldif(path: &Path, config: &SourceConfig, now: Instant) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| Error::usage(format!("cannot read the LDIF file {file}: {e}")))?;
        let records = ldif::parse(&file, &bytes)?;
        let preset = vendor::presets().iter().map(|p| &p.0).find(|p| p.vendor == "generic").cloned();
        let mut settings = preset.ok_or_else(|| Error::failure("the generic preset is missing"))?;
        settings.vendor_origin = vendor::Origin::Detected("no entry has the lasting id of a known product".to_owned());
        // A file does not say which product wrote it: the first lasting id that people in it have decides.
        let of_vendor = |name: &&str| vendor::presets().iter().map(|p| &p.0).find(|p| p.vendor == **name);
        let has = |preset: &&Settings| records.iter().any(|r| r.attributes.iter().any(|(n, _)| preset.id_attribute.is(n)));
        if let Some(found) = TOLD_BY_ID.iter().filter_map(of_vendor).find(has) {
            settings = found.clone();
            settings.vendor_origin = vendor::Origin::Detected(format!("entries have {}", settings.id_attribute));
        }
        vendor::override_with(&mut settings, &config.settings);
        Self::new("ldif", file, records, settings, &config.location, now)
    }

    /// A directory that holds `records`.
    ///
    /// # Errors
    /// Where base, filter or group are wrong.
    pub fn new(
        kind: &'static str,
        place: String,
        records: Vec<Record>,
        settings: Settings,
        location: &Location,
        now: Instant,
    ) -> Result<Self> {
        let entries: Vec<(DnKey, Record)> = records.into_iter().map(|r| (DnKey::of(&r.dn), r)).collect();
        let base = DnKey::of(&location.base_dn.value);
        if !entries.iter().any(|(key, _)| key.is_under(&base)) {
            return Err(location
                .base_dn
                .error(format!("there is nothing at or below the base {}", location.base_dn.value))
                .hint("check base_dn against the DNs in the source"));
        }
        let naming_context = entries.iter().filter(|(key, _)| base.is_under(key)).min_by_key(|(key, _)| key.depth());
        let naming_context = naming_context.map_or_else(|| location.base_dn.value.clone(), |(_, r)| r.dn.clone());
        let filter = filter(location, &settings)?;
        let of_group = |group: &Located<String>| {
            groups::members(&entries, &settings, &group.value, location.nested_groups).map_err(|e| {
                let error = group.error(e.message());
                match e.hint_text() {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            })
        };
        let members = location.group_dn.as_ref().map(of_group).transpose()?;
        let facts = Facts { kind, place, naming_context, settings };
        let clauses = Clauses { base, scope: location.scope, filter, members, holds_all: false };
        Ok(Directory { facts, entries: Entries::Held(entries), clauses, notes: Vec::new(), now })
    }

    /// A directory whose entries are made when they are asked for: one that would be too large to hold.
    ///
    /// # Errors
    /// Where the base or the filter is wrong, and where a group is asked for: who is in one, only a list could tell.
    pub fn of_roll(roll: Box<dyn Roll>, place: String, settings: Settings, location: &Location, now: Instant) -> Result<Self> {
        let base = DnKey::of(&location.base_dn.value);
        let people = DnKey::of(roll.base());
        if !people.is_under(&base) && !base.is_under(&people) {
            return Err(location.base_dn.error(format!("there is nothing at or below the base {}", location.base_dn.value)));
        }
        if let Some(group) = &location.group_dn {
            return Err(group.error("the embedded directory has no groups"));
        }
        let filter = filter(location, &settings)?;
        let facts = Facts { kind: "memory", place, naming_context: roll.suffix().to_owned(), settings };
        let holds_all = location.scope == Scope::Subtree && people.is_under(&base);
        let clauses = Clauses { base, scope: location.scope, filter, members: None, holds_all };
        Ok(Directory { facts, entries: Entries::Made(roll), clauses, notes: Vec::new(), now })
    }

    /// Reads a table.
    ///
    /// # Errors
    /// Where the file can't be read, a line is wrong, the filter is, or a column is named that is not there.
    pub fn from_csv(csv: &CsvConfig, config: &SourceConfig, now: Instant) -> Result<Self> {
        let file = csv.path.display().to_string();
        let bytes = std::fs::read(&csv.path).map_err(|e| Error::usage(format!("cannot read the CSV file {file}: {e}")))?;
        let preset = vendor::presets().iter().map(|p| &p.0).find(|p| p.vendor == "generic").cloned();
        let mut settings = preset.ok_or_else(|| Error::failure("the generic preset is missing"))?;
        settings.vendor = vendor::CSV.to_owned();
        settings.user_filter = "(&)".to_owned();
        (settings.group_class, settings.dynamic_group_class, settings.member_attributes) = (Vec::new(), Vec::new(), Vec::new());
        settings.member_of_attribute = None;
        vendor::override_with(&mut settings, &config.settings);
        // Whatever the column is called, what stands in it is the id: nothing in a table is bytes.
        settings.id_form = IdForm::Text;
        let (records, columns) = super::csv::parse(&file, &bytes, csv, &settings.id_attribute)?;
        let filter = filter(&config.location, &settings)?;
        // A misspelt column would silently enable, or choose, everybody or nobody.
        let asked = settings.status.iter().map(|rule| (&rule.attribute, "a status rule"));
        for (name, who) in asked.chain(super::csv::columns_of(&filter).into_iter().map(|name| (name, "the filter"))) {
            if !columns.iter().any(|c| name.is(c)) {
                let near = did_you_mean(name.as_str(), columns.iter().map(|c| &**c), "the columns are: ");
                return Err(Error::usage(format!("{file} has no column {name}, which {who} asks")).hint(near));
            }
        }
        let entries = records.into_iter().map(|r| (DnKey::of(&r.dn), r)).collect();
        let clauses = Clauses { base: DnKey::of(""), scope: Scope::Subtree, filter, members: None, holds_all: true };
        // Links belong to this file in this place: tomorrow's export replaces it and keeps them.
        let naming_context = format!("csv:{}", lasting_path(&csv.path)?.display());
        let facts = Facts { kind: "csv", place: file, naming_context, settings };
        Ok(Directory { facts, entries: Entries::Held(entries), clauses, notes: Vec::new(), now })
    }

    /// What is known about it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    fn verdicts(&self, key: Option<&DnKey>, record: &Record) -> Verdicts {
        let key_of = || key.cloned().unwrap_or_else(|| DnKey::of(&record.dn));
        let clauses = &self.clauses;
        Verdicts {
            base: Some(clauses.holds_all || scope::in_base(&key_of(), &clauses.base, clauses.scope)),
            filter: Some(clauses.filter.matches(record) == Some(true)),
            group: clauses.members.as_ref().map(|m| m.contains(&key_of(), || record.first_text(UID))),
        }
    }

    fn id(&self, record: &Record) -> Option<String> {
        let settings = &self.facts.settings;
        let value = &record.attributes.iter().find(|(n, _)| settings.id_attribute.is(n))?.1;
        id_text(settings.id_form, value.bytes())
    }

    fn disabled(&self, record: &Record) -> bool {
        status::is_disabled(&self.facts.settings, self.now, |name| record.first_text(name))
    }

    /// The members of the group, if there is one.
    #[must_use]
    pub fn members(&self) -> Option<&Members> {
        self.clauses.members.as_ref()
    }

    /// See [`super::Source::count`].
    pub async fn count(&self, part: Part) -> Amount {
        if part == Part::Group {
            return Amount { n: self.clauses.members.as_ref().map_or(0, Members::len), is_all: true };
        }
        let mut n = 0;
        for at in 0..self.entries.len() {
            if at % 4096 == 4095 {
                tokio::task::yield_now().await;
            }
            let Some((key, record)) = self.entries.at(at) else { continue };
            let verdicts = self.verdicts(key, record.as_ref());
            n += usize::from(verdicts.base != Some(false) && (part == Part::Base || verdicts.filter != Some(false)));
        }
        Amount { n, is_all: true }
    }

    /// See [`super::Source::notes`].
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// See [`super::Source::read`].
    pub async fn read(&mut self, schema: &Schema, batches: mpsc::Sender<Batch>) -> ReadEnd {
        let mut builder = BatchBuilder::new(schema);
        let mut draft = Draft::default();
        let mut without_id: Vec<String> = Vec::new();
        let mut members = 0;
        self.notes.clear();
        for n in 0..self.entries.len() {
            let Some((key, record)) = self.entries.at(n) else { continue };
            let record = record.as_ref();
            if !self.verdicts(key, record).in_scope() {
                continue;
            }
            members += 1;
            let Some(id) = self.id(record) else {
                without_id.push(record.dn.clone());
                continue;
            };
            self.fill(&mut draft, schema, &id, record);
            builder.push(&mut draft);
            if builder.text_len() >= BATCH_TEXT {
                if batches.send(builder.seal()).await.is_err() {
                    return ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest");
                }
                // Nothing here waits for a server: others on this thread would never have their turn.
                tokio::task::yield_now().await;
            }
        }
        if !builder.is_empty() && batches.send(builder.seal()).await.is_err() {
            return ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest");
        }
        if let Some(group) = &self.clauses.members {
            self.notes = group.notes(&self.clauses.base, self.clauses.scope, members);
        }
        id_missing(&self.facts.settings.id_attribute, &without_id)
    }

    /// See [`super::Source::identify`].
    #[must_use]
    pub fn identify(&self, dns: &[String]) -> Vec<(String, Identified)> {
        let found = self.entries.by_dn(dns);
        let answer = |(dn, record): (&String, Option<Cow<'_, Record>>)| match record.map(|record| self.id(&record)) {
            Some(Some(id)) => Identified::Entry(EntryId::new(id)),
            Some(None) => Identified::Unknown { cause: format!("it has no {}", self.facts.settings.id_attribute) },
            None if crate::identity::dn::parse(dn).is_none_or(|rdns| rdns.is_empty()) => {
                Identified::Unknown { cause: "it is not a distinguished name".to_owned() }
            }
            None => Identified::NotFound,
        };
        dns.iter().zip(found).map(|(dn, record)| (dn.clone(), answer((dn, record)))).collect()
    }

    /// See [`super::Source::named`].
    ///
    /// # Errors
    /// Where too many are called so.
    pub fn named(&self, name: &str) -> std::result::Result<Vec<(EntryId, String)>, String> {
        use crate::identity::value::key_form;
        let key = key_form(name).into_owned();
        let mut found = Vec::new();
        for n in 0..self.entries.len() {
            let Some((_, record)) = self.entries.at(n) else { continue };
            let is_called = NAMED_BY.iter().any(|attribute| record.any_value(attribute, &mut |value| key_form(value) == key));
            found.extend(self.id(&record).filter(|_| is_called).map(|id| (EntryId::new(id), record.dn.clone())));
        }
        if found.len() > NAMED_MOST as usize { Err(format!("{} are called so", found.len())) } else { Ok(found) }
    }

    /// See [`super::Source::find`].
    #[must_use]
    pub fn find(&self, ids: &[EntryId]) -> Vec<(EntryId, EntryEvidence)> {
        self.reread(&Schema::default(), ids).0
    }

    fn fill(&self, draft: &mut Draft, schema: &Schema, id: &str, record: &Record) {
        draft.begin(id, &record.dn);
        draft.set_off(self.disabled(record));
        for (name, value) in &record.attributes {
            if let Some(column) = schema.column(name) {
                let as_id = self.facts.settings.id_attribute.is(name);
                push_value(draft, column, value.bytes(), as_id.then_some(id));
            }
        }
    }

    /// The same, with the values of those that are found.
    pub fn reread(&self, schema: &Schema, ids: &[EntryId]) -> (Vec<(EntryId, EntryEvidence)>, Batch) {
        let look_in = self.facts.settings.lookup_base.clone().unwrap_or_else(|| self.facts.naming_context.clone());
        let base = if self.facts.kind == "csv" { self.clauses.base.clone() } else { DnKey::of(&look_in) };
        let found = self.entries.by_id(ids, &base, |record| self.id(record));
        let (mut builder, mut draft) = (BatchBuilder::new(schema), Draft::default());
        let answer = |record: Option<Cow<'_, Record>>| match record {
            Some(record) => {
                if let Some(id) = self.id(&record) {
                    self.fill(&mut draft, schema, &id, &record);
                    builder.push(&mut draft);
                }
                let (disabled, verdicts) = (self.disabled(&record), self.verdicts(None, &record));
                EntryEvidence::Found { dn: record.into_owned().dn, disabled, verdicts }
            }
            None => EntryEvidence::NotFound { base: look_in.clone() },
        };
        let answers = ids.iter().cloned().zip(found.into_iter().map(answer)).collect();
        (answers, builder.seal())
    }
}

/// The filter of the location, or that for people.
fn filter(location: &Location, settings: &Settings) -> Result<Filter> {
    match &location.filter {
        Some(text) => Filter::parse(&text.value).map_err(|e| {
            let error = e.into_error(&text.value);
            error.at(text.at.clone())
        }),
        None => Filter::parse(&settings.user_filter).map_err(|e| e.into_error(&settings.user_filter)),
    }
}

/// The place of a file, however the configuration was named on the command line. Symbolic links are not followed: a link to
/// the newest export is one place, not many.
fn lasting_path(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path).map_err(|e| Error::usage(format!("cannot tell where {} is: {e}", path.display())))?;
    let mut out = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    Ok(out)
}

/// The id of an entry in the vendor's text form. In a file, an id that stands there as text already is taken as it is.
fn id_text(form: IdForm, bytes: &[u8]) -> Option<String> {
    form.text(bytes).or_else(|| IdForm::Text.text(bytes))
}

/// Adds a value of an attribute to a row: text as it is, bytes as base64, the lasting id in its text form.
pub(super) fn push_value(draft: &mut Draft, column: u16, bytes: &[u8], id: Option<&str>) {
    match (id, std::str::from_utf8(bytes)) {
        (Some(id), _) => draft.push(column, id),
        (None, Ok(text)) => draft.push(column, text),
        (None, Err(_)) => draft.push(column, &base64::engine::general_purpose::STANDARD.encode(bytes)),
    }
}

/// How a read ends with regard to entries without id.
pub(super) fn id_missing(attribute: &AttributeName, without_id: &[impl AsRef<str>]) -> ReadEnd {
    match without_id {
        [] => ReadEnd::Complete,
        [first, ..] => ReadEnd::incomplete(
            Cause::IdMissing,
            format!("{} of the entries have no {attribute}, for one {}", without_id.len(), first.as_ref()),
        ),
    }
}

impl Record {
    /// The first value of an attribute, if it is text.
    #[must_use]
    pub fn first_text(&self, name: &str) -> Option<&str> {
        match self.first(name)? {
            Value::Text(text) => Some(text),
            Value::Binary(_) => None,
        }
    }

    /// The first value of an attribute, in any letter case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }
}

impl Entry for Record {
    fn any_value(&self, name: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.attributes.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).any(|(_, value)| match value {
            Value::Text(text) => test(text),
            Value::Binary(_) => test("\u{FFFD}"),
        })
    }
}
