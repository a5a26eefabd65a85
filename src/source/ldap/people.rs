//! The read: every entry in scope into batches, and the proof that it was every entry.

use super::connection::{Item, Query};
use super::entry::{Entry, dn_of_url};
use super::failure::Failure;
use super::ranges;
use super::rows::{Rows, UID};
use super::session::Session;
use crate::clock::Instant;
use crate::config::Scope;
use crate::identity::dn::DnKey;
use crate::identity::population::{Batch, Schema};
use crate::model::{Cause, ReadEnd};
use crate::source::attributes_to_ask;
use crate::source::memory::id_missing;
use crate::source::scope::Members;
use crate::source::vendor::Settings;
use tokio::sync::mpsc;

/// How many bytes of text a batch holds before it is sent.
const BATCH_TEXT: usize = 256 * 1024;

/// How many people with attributes in parts are read by themselves. On Active Directory parts begin at 1,500 values, and
/// such people are few.
const MOST_RANGED: usize = 1000;

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
    pub members: Option<&'w Members>,
    /// Entries a page.
    pub page: u32,
    /// The moment that "passed" is measured from.
    pub now: Instant,
}

impl Wanted<'_> {
    /// What the read asks for: the columns, the id, what the status rules look at, and the uid where the group goes by it.
    fn attributes(&self, schema: &Schema) -> Vec<String> {
        let mut ask: Vec<String> = attributes_to_ask(schema, self.settings).iter().map(|a| a.as_str().to_owned()).collect();
        if self.members.is_some_and(Members::by_uid) && !ask.iter().any(|a| a.eq_ignore_ascii_case(UID)) {
            ask.push(UID.to_owned());
        }
        ask
    }
}

/// How the read ended, and how many members of the group it met. Incomplete also if nobody waits for the rest.
pub async fn read(session: &mut Session, wanted: &Wanted<'_>, schema: &Schema, batches: &mpsc::Sender<Batch>) -> (ReadEnd, usize) {
    let mut rows = Rows::new(wanted.settings, wanted.members, wanted.now, schema);
    let end = read_into(session, wanted, &mut rows, batches).await;
    (end, rows.members)
}

async fn read_into(session: &mut Session, wanted: &Wanted<'_>, rows: &mut Rows<'_>, batches: &mpsc::Sender<Batch>) -> ReadEnd {
    let base = DnKey::of(wanted.base);
    let elsewhere = session.root.contexts_below(&base);
    let query = Query {
        base: wanted.base.to_owned(),
        scope: wanted.scope.into(),
        filter: wanted.filter.to_owned(),
        attributes: wanted.attributes(rows.schema()),
        page: session.page(wanted.page),
        domain_scope: session.domain_scope(),
        names_only: false,
        most: 0,
    };
    let attributes = query.attributes.clone();
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
        (None, None) => {
            if let Err(unfinished) = read_ranged(session, rows, &attributes).await {
                return unfinished;
            }
            if !rows.builder.is_empty() && batches.send(rows.builder.seal()).await.is_err() {
                return nobody_waits();
            }
            id_missing(&wanted.settings.id_attribute, &rows.without_id)
        }
    }
}

/// Reads the people that came with a part of an attribute, each by itself and to its end.
async fn read_ranged(session: &mut Session, rows: &mut Rows<'_>, attributes: &[String]) -> Result<(), ReadEnd> {
    let ranged = std::mem::take(&mut rows.ranged);
    if ranged.len() > MOST_RANGED {
        let (attribute, dn) = &ranged[0];
        let more = ranged.len() - 1;
        return Err(ReadEnd::incomplete(
            Cause::RangeUnfinished,
            format!("{attribute} of {dn}, and so for {more} more; too many to follow"),
        ));
    }
    for (attribute, dn) in &ranged {
        let whole = ranges::whole(session, dn, attributes).await;
        let whole = whole.map_err(|f| ReadEnd::incomplete(Cause::RangeUnfinished, format!("{attribute} of {dn}: {}", f.detail)))?;
        rows.take_whole(&whole);
    }
    Ok(())
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
