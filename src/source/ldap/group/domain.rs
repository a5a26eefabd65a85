//! Groups of an Active Directory domain: groups in the group by one question, and members by primary group.

use super::{Asked, ask};
use crate::filter::{IN_CHAIN, escape};
use crate::identity::dn::DnKey;
use crate::model::Cause;
use crate::source::ldap::connection::Query;
use crate::source::ldap::failure::Failure;
use crate::source::ldap::session::Session;
use crate::source::scope::{self, Members};

/// The groups in the group, directly or through others, by the in-chain rule (MS-ADTS section 3.1.1.3.4.4.3); or why it was
/// refused. It says nothing of groups whose memberOf is hidden from us, so it is never the only way.
///
/// # Errors
/// Where the connection is of no more use.
pub async fn groups_in_chain(session: &mut Session, asked: &Asked<'_>) -> Result<Result<Vec<String>, String>, Failure> {
    let filter = format!("(&(objectCategory=group)(memberOf:{IN_CHAIN}:={}))", escape(asked.group));
    match ask::dns(session, asked, &filter).await {
        Ok(groups) => Ok(Ok(groups)),
        Err(failure) if failure.code.is_some() => Ok(Err(format!("the in-chain rule was refused: {}", failure.detail))),
        Err(failure) => Err(failure),
    }
}

/// The last part of a group's objectSid, by which accounts name their primary group (MS-DTYP section 2.4.2.2).
///
/// # Errors
/// Where it has none that can be read: then nobody knows whose primary group it is.
pub fn rid(group: &str, sid: Option<&[u8]>) -> Result<u32, Failure> {
    let unread =
        |why: &str| Failure::new(Cause::GroupUnread, format!("the objectSid of {group} {why}, and by it people name their primary group"));
    let sid = sid.ok_or_else(|| unread("cannot be read"))?;
    scope::rid(sid).ok_or_else(|| unread("is not one"))
}

/// The same for several groups; nothing where the server is no domain controller.
pub async fn rids(session: &mut Session, groups: &[String]) -> Result<Vec<u32>, Failure> {
    let mut rids = Vec::new();
    if !session.root.is_domain_controller() {
        return Ok(rids);
    }
    for group in groups {
        let mut sid = None;
        let read = session.connection.all(Query::one(group, &["objectSid"]), |entry| {
            sid = entry.first("objectSid").map(<[u8]>::to_vec);
            Ok(())
        });
        read.await?;
        rids.push(rid(group, sid.as_deref())?);
    }
    Ok(rids)
}

/// Adds the people whose primary group is one of these: no list names them, and they have no back link to it.
pub async fn add_primary(session: &mut Session, asked: &Asked<'_>, rids: &[u32], members: &mut Members) -> Result<(), Failure> {
    let rids: Vec<String> = rids.iter().map(u32::to_string).collect();
    let mut found = Vec::new();
    for batch in rids.chunks(ask::BATCH) {
        found.extend(ask::dns(session, asked, &ask::any("primaryGroupID", batch)).await?);
    }
    // Every account of a domain has a primary group: if nobody shows one, it is hidden from us.
    if found.is_empty() && !rids.is_empty() && !ask::finds_anybody(session, asked, "(primaryGroupID=*)").await? {
        let why = "nobody that we can see shows primaryGroupID: bind_dn may not be allowed to read it";
        return Err(Failure::new(Cause::GroupUnread, why));
    }
    let added = members.add(found.iter().map(|dn| DnKey::of(dn)));
    if added > 0 {
        members.how.push(format!("{} more are members because it is their primary group", crate::text::count(added)));
    }
    Ok(())
}
