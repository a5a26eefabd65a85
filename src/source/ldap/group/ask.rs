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
use crate::source::vendor::Settings;
use ldap3::Scope;

/// How many values one filter asks for.
pub const BATCH: usize = 100;

/// A filter for entries with one of these values.
pub fn any<T: AsRef<str>>(attribute: &str, values: &[T]) -> String {
    let each: Vec<String> = values.iter().map(|v| format!("({attribute}={})", escape(v.as_ref()))).collect();
    format!("(|{})", each.concat())
}

/// A filter for groups: by class, or because it names members. A group of a class of one's own is a group.
fn is_group(settings: &Settings) -> String {
    let classes = settings.group_class.iter().chain(&settings.dynamic_group_class);
    let classes: Vec<String> = classes.map(|class| format!("(objectClass={})", escape(class))).collect();
    let lists: Vec<String> = settings.member_attributes.iter().map(|name| format!("({name}=*)")).collect();
    format!("(|{}{})", classes.concat(), lists.concat())
}

/// The DNs of all groups that also match `filter` (empty: all), in the naming context of the base and in that of the group.
pub async fn groups(session: &mut Session, asked: &Asked<'_>, filter: &str) -> Result<Vec<String>, Failure> {
    let filter = format!("(&{}{filter})", is_group(asked.settings));
    let mut found = dns(session, asked, &filter).await?;
    if let Some(elsewhere) = elsewhere(asked) {
        found.extend(dns(session, &elsewhere, &filter).await?);
        enough(found.len())?;
    }
    Ok(found)
}

/// Whether any group that we can see matches `filter`.
pub async fn finds_group(session: &mut Session, asked: &Asked<'_>, filter: &str) -> Result<bool, Failure> {
    let filter = format!("(&{}{filter})", is_group(asked.settings));
    let mut found = finds_anybody(session, asked, &filter).await?;
    if !found && let Some(elsewhere) = elsewhere(asked) {
        found = finds_anybody(session, &elsewhere, &filter).await?;
    }
    Ok(found)
}

/// The same question in the naming context of the group, if that is another one.
fn elsewhere<'a>(asked: &Asked<'a>) -> Option<Asked<'a>> {
    let other = DnKey::of(asked.group_context) != DnKey::of(asked.context);
    other.then_some(Asked { context: asked.group_context, ..*asked })
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
