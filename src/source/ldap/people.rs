//! The read: every entry in scope into batches, and the proof that it was every entry.

use super::connection::{Item, Query};
use super::entry::{Entry, dn_of_url};
use super::failure::Failure;
use super::session::Session;
use crate::clock::Instant;
use crate::config::Scope;
use crate::identity::dn::DnKey;
use crate::identity::population::{Batch, BatchBuilder, Draft, Schema};
use crate::model::{Cause, ReadEnd};
use crate::source::memory::{id_missing, push_value};
use crate::source::vendor::Settings;
use crate::source::{attributes_to_ask, status};
use std::collections::HashSet;
use tokio::sync::mpsc;

/// How many bytes of text a batch holds before it is sent.
const BATCH_TEXT: usize = 256 * 1024;

/// What is read.
pub struct Wanted<'w> {
    /// The base.
    pub base: &'w str,
    /// How deep.
    pub scope: Scope,
    /// The filter, as the client library reads filters.
    pub filter: &'w str,
    /// The settings of the source.
    pub settings: &'w Settings,
    /// The members of the group, if there is one.
    pub members: Option<&'w HashSet<DnKey>>,
    /// Entries a page.
    pub page: u32,
    /// The moment that "passed" is measured from.
    pub now: Instant,
}

/// How the read ended; `Err` also if nobody waits for the rest.
pub async fn read(session: &mut Session, wanted: &Wanted<'_>, schema: &Schema, batches: &mpsc::Sender<Batch>) -> ReadEnd {
    let base = DnKey::of(wanted.base);
    let elsewhere = session.root.contexts_below(&base);
    let query = Query {
        base: wanted.base.to_owned(),
        scope: wanted.scope.into(),
        filter: wanted.filter.to_owned(),
        attributes: attributes_to_ask(schema, wanted.settings).iter().map(|a| a.as_str().to_owned()).collect(),
        page: session.page(wanted.page),
        domain_scope: session.domain_scope(),
        names_only: false,
    };
    let mut rows = Rows::new(wanted, schema);
    let mut search = match session.connection.search(query).await {
        Ok(search) => search,
        Err(failure) => return failure.into_end(),
    };
    let mut reference = None;
    let failure = loop {
        let item = tokio::select! {
            biased;
            item = search.next() => item,
            () = batches.closed() => {
                search.abandon().await;
                return nobody_waits();
            }
        };
        match item {
            Ok(None) => break None,
            Err(failure) => break Some(failure),
            Ok(Some(Item::Entry(tag))) => {
                if let Err(defect) = Entry::of(&tag).map(|entry| rows.take(entry)) {
                    break Some(Failure::malformed(defect));
                }
            }
            Ok(Some(Item::Reference(urls))) => {
                reference = reference.or_else(|| urls.into_iter().find(|url| is_inside(url, &base, &elsewhere)));
            }
        }
        if rows.builder.text_len() >= BATCH_TEXT && batches.send(rows.builder.seal()).await.is_err() {
            search.abandon().await;
            return nobody_waits();
        }
    };
    let seen = search.seen();
    if matches!(failure, Some(Failure { code: None, .. })) {
        search.abandon().await;
    }
    // What was read is true, however the read ended.
    if !rows.builder.is_empty() && batches.send(rows.builder.seal()).await.is_err() {
        return nobody_waits();
    }
    match (failure, reference) {
        (Some(failure), _) => ReadEnd::incomplete(failure.cause, format!("{} after {seen} entries", failure.detail)),
        (None, Some(url)) => ReadEnd::incomplete(Cause::Reference, url),
        (None, None) => rows.end(),
    }
}

fn nobody_waits() -> ReadEnd {
    ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest")
}

/// Whether a reference leads to a part of what was asked for. One that does not say where it leads counts.
pub(super) fn is_inside(url: &str, base: &DnKey, elsewhere: &[DnKey]) -> bool {
    dn_of_url(url).is_none_or(|dn| {
        let dn = DnKey::of(&dn);
        dn.is_under(base) && !elsewhere.iter().any(|context| dn.is_under(context))
    })
}

/// Puts entries into rows.
struct Rows<'w> {
    wanted: &'w Wanted<'w>,
    schema: &'w Schema,
    builder: BatchBuilder,
    draft: Draft,
    /// The DN of the first entry without id, and an empty text for each other one.
    without_id: Vec<Box<str>>,
    unfinished: Option<String>,
}

impl<'w> Rows<'w> {
    fn new(wanted: &'w Wanted<'w>, schema: &'w Schema) -> Self {
        let builder = BatchBuilder::new(schema);
        Rows { wanted, schema, builder, draft: Draft::default(), without_id: Vec::new(), unfinished: None }
    }

    fn take(&mut self, entry: Entry<'_>) {
        let settings = self.wanted.settings;
        if self.wanted.members.is_some_and(|members| !members.contains(&DnKey::of(entry.dn))) {
            return;
        }
        let id_attribute = settings.id_attribute.as_str();
        let Some(id) = entry.first(id_attribute).and_then(|bytes| settings.id_form.text(bytes)) else {
            self.without_id.push(if self.without_id.is_empty() { entry.dn.into() } else { Box::default() });
            return;
        };
        self.draft.begin(&id, entry.dn);
        let first = |name: &str| entry.first(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.draft.set_off(status::is_disabled(settings, self.wanted.now, first));
        for attribute in entry.attributes() {
            let Some(column) = self.schema.column(attribute.name) else { continue };
            // `;lang-ja` and the like are other attributes (RFC 4512 section 2.5.2); which one came first must not matter.
            if !attribute.is_plain() {
                continue;
            }
            if !attribute.options.is_empty() && attribute.range_end() != Ok(None) && self.unfinished.is_none() {
                self.unfinished = Some(format!("{} of {}", attribute.name, entry.dn));
            }
            let as_id = settings.id_attribute.is(attribute.name).then_some(id.as_str());
            for value in attribute.values() {
                push_value(&mut self.draft, column, value, as_id);
            }
        }
        self.builder.push(&mut self.draft);
    }

    fn end(self) -> ReadEnd {
        match self.unfinished {
            Some(attribute) => ReadEnd::incomplete(Cause::RangeUnfinished, attribute),
            None => id_missing(&self.wanted.settings.id_attribute, &self.without_id),
        }
    }
}

impl From<Scope> for ldap3::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Subtree => ldap3::Scope::Subtree,
            Scope::OneLevel => ldap3::Scope::OneLevel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_counts_only_where_it_leads_into_the_base() {
        let base = DnKey::of("dc=example,dc=test");
        let elsewhere = [DnKey::of("dc=zones,dc=example,dc=test")];
        for (url, inside) in [
            ("ldap://b/ou=far,dc=example,dc=test??sub", true),
            ("ldap://b/ou=f%61r,DC=Example,dc=test", true),
            ("ldap://b/dc=other", false),
            ("ldap://b/dc=zones,dc=example,dc=test", false),
            ("ldap://b/ou=x,dc=zones,dc=example,dc=test", false),
            ("ldap://b", true),
            ("nonsense", true),
        ] {
            assert_eq!(is_inside(url, &base, &elsewhere), inside, "{url}");
        }
    }
}
