//! Who is in the group: the members that it names and, where groups in it count, the members of those.

use super::connection::{Item, Query};
use super::entry::Entry;
use super::failure::{Failure, NO_SUCH_OBJECT};
use super::people::is_inside;
use super::session::Session;
use crate::filter::escape;
use crate::identity::dn::DnKey;
use crate::model::Cause;
use crate::source::guard::{MAX_GROUP_MESSAGE, MAX_MESSAGE};
use crate::source::scope;
use crate::source::vendor::Settings;
use ldap3::Scope;
use std::collections::{HashMap, HashSet};

/// The most members and groups that are kept: several hundred megabytes.
const MOST: usize = 4_000_000;

/// Everyone in the group, as [`scope::members`] says.
///
/// # Errors
/// [`Cause::GroupUnread`], whatever happened: half a group is no group.
pub async fn members(
    session: &mut Session,
    group: &str,
    nested: bool,
    settings: &Settings,
    context: &str,
    page: u32,
) -> Result<HashSet<DnKey>, Failure> {
    session.connection.set_limit(MAX_GROUP_MESSAGE);
    let found = follow(session, group, nested, settings, context, page).await;
    session.connection.set_limit(MAX_MESSAGE);
    found.map_err(|failure| Failure { detail: format!("{group}: {}", failure.detail), cause: Cause::GroupUnread, ..failure })
}

async fn follow(
    session: &mut Session,
    group: &str,
    nested: bool,
    settings: &Settings,
    context: &str,
    page: u32,
) -> Result<HashSet<DnKey>, Failure> {
    let key = DnKey::of(group);
    let groups = if nested { all_groups(session, settings, context, page).await? } else { HashMap::new() };
    let mut graph: HashMap<DnKey, Vec<DnKey>> = HashMap::new();
    let mut total = 0;
    let mut waiting = vec![(key.clone(), group.to_owned())];
    while let Some((group_key, dn)) = waiting.pop() {
        if graph.contains_key(&group_key) {
            continue;
        }
        let named = match direct(session, &dn, settings).await {
            Ok(named) => named,
            // Deleted meanwhile, or renamed: its members may well be in scope still.
            Err(failure) if failure.code == Some(NO_SUCH_OBJECT) && group_key != key => {
                return Err(Failure::new(Cause::GroupUnread, format!("the group {dn} went away while it was read")));
            }
            Err(failure) => return Err(failure),
        };
        total += named.len();
        enough(total)?;
        waiting.extend(named.iter().filter_map(|m| groups.get(m).map(|dn| (m.clone(), dn.clone()))));
        graph.insert(group_key, named);
    }
    Ok(scope::members(&key, nested, &graph))
}

fn enough(n: usize) -> Result<(), Failure> {
    if n > MOST { Err(Failure::new(Cause::GroupUnread, format!("more than {MOST} members or groups"))) } else { Ok(()) }
}

/// Every group of the naming context: which members of a group are groups themselves.
async fn all_groups(session: &mut Session, settings: &Settings, context: &str, page: u32) -> Result<HashMap<DnKey, String>, Failure> {
    let classes = settings.group_class.iter().map(|c| format!("(objectClass={})", escape(c))).collect::<Vec<_>>().concat();
    let query = Query {
        base: context.to_owned(),
        scope: Scope::Subtree,
        filter: format!("(|{classes})"),
        attributes: vec!["1.1".to_owned()],
        page: session.page(page),
        domain_scope: session.domain_scope(),
        names_only: false,
    };
    let mut groups = HashMap::new();
    let inside = DnKey::of(context);
    let elsewhere = session.root.contexts_below(&inside);
    let mut search = session.connection.search(query).await?;
    while let Some(item) = search.next().await? {
        match item {
            Item::Entry(tag) => {
                let entry = Entry::of(&tag).map_err(Failure::malformed)?;
                groups.insert(DnKey::of(entry.dn), entry.dn.to_owned());
                enough(groups.len())?;
            }
            // A nested group that lies on another server may have members that are in the base.
            Item::Reference(urls) => {
                if let Some(url) = urls.iter().find(|url| is_inside(url, &inside, &elsewhere)) {
                    return Err(Failure::new(Cause::GroupUnread, format!("groups on another server, {url}")));
                }
            }
        }
    }
    Ok(groups)
}

/// The members that one group names. Active Directory gives them in ranges, which are followed to the end.
async fn direct(session: &mut Session, dn: &str, settings: &Settings) -> Result<Vec<DnKey>, Failure> {
    let mut ask: Vec<String> = settings.member_attributes.iter().map(|a| a.as_str().to_owned()).collect();
    let mut named = Vec::new();
    let mut from = 0u64;
    while !ask.is_empty() {
        let mut more: Vec<String> = Vec::new();
        let mut next = from;
        let mut there = false;
        let names: Vec<&str> = ask.iter().map(String::as_str).collect();
        let reference = session
            .connection
            .all(Query::one(dn, &names), |entry| {
                there = true;
                for attribute in entry.attributes() {
                    if !settings.member_attributes.iter().any(|m| m.is(attribute.name)) {
                        continue;
                    }
                    for value in attribute.values() {
                        let value = std::str::from_utf8(value).map_err(|_| Failure::malformed("a member that is not text"))?;
                        named.push(scope::member_dn(value));
                    }
                    if let Some(last) = attribute.range_end().map_err(Failure::malformed)? {
                        if last < from || more.len() > 1 {
                            return Err(Failure::malformed("a range of members that does not go on"));
                        }
                        next = last.checked_add(1).ok_or_else(|| Failure::malformed("a range of members that is none"))?;
                        more.push(format!("{};range={next}-*", attribute.name));
                    }
                }
                Ok(())
            })
            .await?;
        if !there {
            let detail = reference.map_or_else(|| "it cannot be read".to_owned(), |url| format!("it is on another server, {url}"));
            return Err(Failure::new(Cause::GroupUnread, detail));
        }
        enough(named.len())?;
        from = next;
        ask = more;
    }
    Ok(named)
}
