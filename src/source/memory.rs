//! Entries held in memory: the content of an LDIF file, and the embedded directory of the demo.
//!
//! It answers as a directory would: same scope, same groups, same status rules, same look-ups.

use super::ldif::{Record, Value};
use super::vendor::{self, IdForm, Settings};
use super::{Facts, ldif, scope, status};
use crate::clock::Instant;
use crate::config::{Location, Scope, SourceConfig};
use crate::error::{Error, Result};
use crate::filter::{Entry, Filter};
use crate::identity::dn::DnKey;
use crate::identity::population::{Batch, BatchBuilder, Draft, Schema};
use crate::identity::{AttributeName, EntryId};
use crate::model::{Cause, EntryEvidence, ReadEnd, Verdicts};
use base64::Engine as _;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use tokio::sync::mpsc;

/// How many bytes of text a batch holds before it is sent.
const BATCH_TEXT: usize = 256 * 1024;

/// A directory in memory.
pub struct Directory {
    facts: Facts,
    entries: Vec<(DnKey, Record)>,
    clauses: Clauses,
    now: Instant,
}

struct Clauses {
    base: DnKey,
    scope: Scope,
    filter: Filter,
    members: Option<HashSet<DnKey>>,
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
        // A file does not say which product wrote it: the first lasting id that people in it have decides.
        let ids = vendor::presets().iter().map(|p| &p.0).filter(|p| p.vendor != "freeipa");
        let has = |preset: &&Settings| records.iter().any(|r| r.attributes.iter().any(|(n, _)| preset.id_attribute.is(n)));
        if let Some(found) = ids.filter(|p| p.vendor != "generic" && p.vendor != "pingdirectory").find(has) {
            settings = found.clone();
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
        let filter = match &location.filter {
            Some(text) => Filter::parse(&text.value).map_err(|e| {
                let error = e.into_error(&text.value);
                error.at(text.at.clone())
            })?,
            None => Filter::parse(&settings.user_filter).map_err(|e| e.into_error(&settings.user_filter))?,
        };
        let members = match &location.group_dn {
            None => None,
            Some(group) => {
                let group_key = DnKey::of(&group.value);
                let graph = groups(&entries, &settings);
                if !graph.contains_key(&group_key) {
                    let there = entries.iter().any(|(key, _)| *key == group_key);
                    let why = if there { "is not a group: none of its attributes names members" } else { "does not exist" };
                    return Err(group
                        .error(format!("the group {} {why}", group.value))
                        .hint("check group_dn, and settings.group_class and member_attribute"));
                }
                Some(scope::members(&group_key, location.nested_groups, &graph))
            }
        };
        let facts = Facts { kind, place, naming_context, settings };
        let clauses = Clauses { base, scope: location.scope, filter, members };
        Ok(Directory { facts, entries, clauses, now })
    }

    /// What is known about it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Everything it holds.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.entries.iter().map(|e| &e.1)
    }

    fn verdicts(&self, key: &DnKey, record: &Record) -> Verdicts {
        let base = match self.clauses.scope {
            Scope::Subtree => key.is_under(&self.clauses.base),
            Scope::OneLevel => key.is_child_of(&self.clauses.base),
        };
        Verdicts {
            base: Some(base),
            filter: Some(self.clauses.filter.matches(record) == Some(true)),
            group: self.clauses.members.as_ref().map(|m| m.contains(key)),
        }
    }

    fn id(&self, record: &Record) -> Option<String> {
        let settings = &self.facts.settings;
        let value = &record.attributes.iter().find(|(n, _)| settings.id_attribute.is(n))?.1;
        id_text(settings.id_form, value.bytes())
    }

    fn disabled(&self, record: &Record) -> bool {
        status::is_disabled(&self.facts.settings, self.now, |name| match record.first(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        })
    }

    /// See [`super::Source::read`].
    pub async fn read(&mut self, schema: &Schema, batches: mpsc::Sender<Batch>) -> ReadEnd {
        let mut builder = BatchBuilder::new(schema);
        let mut draft = Draft::default();
        let mut without_id = Vec::new();
        for (key, record) in &self.entries {
            if !self.verdicts(key, record).in_scope() {
                continue;
            }
            let Some(id) = self.id(record) else {
                without_id.push(record.dn.as_str());
                continue;
            };
            draft.begin(&id, &record.dn);
            draft.set_off(self.disabled(record));
            for (name, value) in &record.attributes {
                if let Some(column) = schema.column(name) {
                    let as_id = self.facts.settings.id_attribute.is(name);
                    push_value(&mut draft, column, value.bytes(), as_id.then_some(id.as_str()));
                }
            }
            builder.push(&mut draft);
            if builder.text_len() >= BATCH_TEXT && batches.send(builder.seal()).await.is_err() {
                return ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest");
            }
        }
        if !builder.is_empty() && batches.send(builder.seal()).await.is_err() {
            return ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest");
        }
        id_missing(&self.facts.settings.id_attribute, &without_id)
    }

    /// See [`super::Source::find`].
    #[must_use]
    pub fn find(&self, ids: &[EntryId]) -> Vec<(EntryId, EntryEvidence)> {
        let look_in = self.facts.settings.lookup_base.clone().unwrap_or_else(|| self.facts.naming_context.clone());
        let base = DnKey::of(&look_in);
        let wanted: HashSet<&str> = ids.iter().map(EntryId::as_str).collect();
        let mut found: HashMap<String, EntryEvidence> = HashMap::new();
        for (key, record) in &self.entries {
            if let Some(id) = self.id(record).filter(|id| wanted.contains(id.as_str()) && key.is_under(&base)) {
                let evidence =
                    EntryEvidence::Found { dn: record.dn.clone(), disabled: self.disabled(record), verdicts: self.verdicts(key, record) };
                found.insert(id, evidence);
            }
        }
        let answer = |id: &EntryId| found.remove(id.as_str()).unwrap_or_else(|| EntryEvidence::NotFound { base: look_in.clone() });
        let mut answer = answer;
        ids.iter().map(|id| (id.clone(), answer(id))).collect()
    }
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

fn groups(entries: &[(DnKey, Record)], settings: &Settings) -> HashMap<DnKey, Vec<DnKey>> {
    let is_group = |record: &Record| {
        record.any_value("objectClass", &mut |class| settings.group_class.iter().any(|g| g.eq_ignore_ascii_case(class)))
            || record.attributes.iter().any(|(n, _)| settings.member_attributes.iter().any(|m| m.is(n)))
    };
    entries
        .iter()
        .filter(|(_, record)| is_group(record))
        .map(|(key, record)| {
            let members = record.attributes.iter().filter(|(n, _)| settings.member_attributes.iter().any(|m| m.is(n)));
            let members = members.filter_map(|(_, v)| match v {
                Value::Text(dn) => Some(scope::member_dn(dn)),
                Value::Binary(_) => None,
            });
            (key.clone(), members.collect())
        })
        .collect()
}

impl Record {
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
