//! The two kinds of question about groups: whom does a filter find, and does it find anybody.

use super::{Asked, enough};
use crate::filter::escape;
use crate::identity::dn::DnKey;
use crate::model::Cause;
use crate::source::ldap::connection::{Item, Query};
use crate::source::ldap::entry::Entry;
use crate::source::ldap::failure::{Failure, SIZE_LIMIT};
use crate::source::ldap::people::is_inside;
use crate::source::ldap::session::Session;
use ldap3::Scope;

/// How many values one filter asks for.
pub const BATCH: usize = 100;

/// A filter for entries with one of these values.
pub fn any<T: AsRef<str>>(attribute: &str, values: &[T]) -> String {
    let each: Vec<String> = values.iter().map(|v| format!("({attribute}={})", escape(v.as_ref()))).collect();
    format!("(|{})", each.concat())
}

fn query(session: &Session, asked: &Asked<'_>, filter: &str) -> Query {
    Query {
        base: asked.context.to_owned(),
        scope: Scope::Subtree,
        filter: filter.to_owned(),
        attributes: vec!["1.1".to_owned()],
        page: session.page(asked.page),
        domain_scope: session.domain_scope(),
        names_only: false,
        most: 0,
    }
}

/// The DNs of all entries of the naming context that a filter finds.
pub async fn dns(session: &mut Session, asked: &Asked<'_>, filter: &str) -> Result<Vec<String>, Failure> {
    let inside = DnKey::of(asked.context);
    let elsewhere = session.root.contexts_below(&inside);
    let mut search = session.connection.search(query(session, asked, filter)).await?;
    let mut found = Vec::new();
    while let Some(item) = search.next().await? {
        match item {
            Item::Entry(tag) => {
                found.push(Entry::of(&tag).map_err(Failure::malformed)?.dn.to_owned());
                enough(found.len())?;
            }
            // What lies on another server may be a group with members that are in the base.
            Item::Reference(urls) => {
                if let Some(url) = urls.iter().find(|url| is_inside(url, &inside, &elsewhere)) {
                    return Err(Failure::new(Cause::GroupUnread, format!("groups on another server, {url}")));
                }
            }
        }
    }
    Ok(found)
}

/// Whether a filter finds anybody in the naming context that we can see.
pub async fn finds_anybody(session: &mut Session, asked: &Asked<'_>, filter: &str) -> Result<bool, Failure> {
    let query = Query { page: None, most: 1, ..query(session, asked, filter) };
    let mut found = false;
    let read = session.connection.all(query, |_| {
        found = true;
        Ok(())
    });
    match read.await {
        Ok(_) => Ok(found),
        // One was asked for and there are more.
        Err(failure) if failure.code == Some(SIZE_LIMIT) && found => Ok(true),
        Err(failure) => Err(failure),
    }
}
