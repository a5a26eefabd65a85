//! Membership as people carry it themselves: `memberOf`, `isMemberOf`, `groupMembership`.
//!
//! Groups in the group are those that carry the back link themselves *and* those that the group names in its own list: the back
//! link of groups may be hidden from us, or not be kept, where that of people is not. If neither gives any, that is believed
//! only if some group at all shows the back link or a list, or if there is no other group: otherwise both may be hidden.

use super::{Asked, ask, direct, domain};
use crate::identity::dn::DnKey;
use crate::model::Cause;
use crate::source::ldap::failure::Failure;
use crate::source::ldap::session::Session;
use crate::source::scope::Members;
use std::collections::HashMap;

/// Everyone who names the group, and with nested groups everyone who names one of those.
pub async fn members(session: &mut Session, asked: &Asked<'_>) -> Result<Members, Failure> {
    let attribute = attribute(asked)?;
    let mut groups: HashMap<DnKey, String> = HashMap::from([(DnKey::of(asked.group), asked.group.to_owned())]);
    if asked.nested {
        let known: HashMap<DnKey, String> = ask::groups(session, asked, "").await?.into_iter().map(|dn| (DnKey::of(&dn), dn)).collect();
        let mut newest = vec![asked.group.to_owned()];
        while !newest.is_empty() {
            let mut next = Vec::new();
            for batch in newest.chunks(ask::BATCH) {
                let mut within = ask::groups(session, asked, &ask::any(attribute, batch)).await?;
                for group in batch {
                    let named = direct(session, group, asked.settings).await?.named;
                    within.extend(named.dns.iter().filter_map(|dn| known.get(dn).cloned()));
                }
                for dn in within {
                    if groups.insert(DnKey::of(&dn), dn.clone()).is_none() {
                        next.push(dn);
                    }
                }
            }
            newest = next;
        }
        if groups.len() == 1 && known.keys().any(|k| !groups.contains_key(k)) {
            nested_can_be_seen(session, asked, attribute).await?;
        }
    }
    let names: Vec<String> = groups.values().cloned().collect();
    let mut members = Members::new(asked.nested);
    members.add_groups(groups.into_keys());
    let people = naming(session, asked, attribute, &names).await?;
    members.add(people.iter().map(|dn| DnKey::of(dn)));
    members.how.push(format!("membership is by {attribute}, which people carry themselves"));
    if asked.nested {
        members.how.push(format!("groups in the group: {}, found by {attribute}", names.len() - 1));
    }
    let rids = domain::rids(session, &names).await?;
    domain::add_primary(session, asked, &rids, &mut members).await?;
    Ok(members)
}

/// Adds the members of groups that name nobody because a rule chooses their members.
pub async fn of_dynamic_groups(session: &mut Session, asked: &Asked<'_>, groups: &[String], members: &mut Members) -> Result<(), Failure> {
    let attribute = attribute(asked).map_err(|_| {
        let why = "a rule chooses its members, and no member_of_attribute is set by which people tell";
        Failure::new(Cause::GroupUnread, format!("{}: {why}", groups[0]))
    })?;
    let people = naming(session, asked, attribute, groups).await?;
    members.add(people.iter().map(|dn| DnKey::of(dn)));
    members.how.push(format!("a rule chooses the members of {}: membership there is by {attribute}", groups.join("; ")));
    Ok(())
}

/// That no group is in the group is believed only if groups show what would tell.
async fn nested_can_be_seen(session: &mut Session, asked: &Asked<'_>, attribute: &str) -> Result<(), Failure> {
    let lists: Vec<String> = asked.settings.member_attributes.iter().map(|name| format!("({name}=*)")).collect();
    if ask::finds_group(session, asked, &format!("(|({attribute}=*){})", lists.concat())).await? {
        return Ok(());
    }
    let why = format!("no group shows {attribute} or a list of members: bind_dn may not be allowed to read them");
    Err(Failure::new(Cause::GroupUnread, format!("whether groups are in it can't be told: {why}; or set nested_groups = false")))
}

/// Groups that name nobody are empty only if nobody that we can see names them: otherwise their lists are hidden from us.
pub async fn are_really_empty(session: &mut Session, asked: &Asked<'_>, groups: &[String]) -> Result<(), Failure> {
    let Some(attribute) = asked.settings.member_of_attribute.as_ref().map(crate::identity::AttributeName::as_str) else { return Ok(()) };
    for batch in groups.chunks(ask::BATCH) {
        if !ask::finds_anybody(session, asked, &ask::any(attribute, batch)).await? {
            continue;
        }
        let mut hidden = &batch[0];
        for group in batch {
            if ask::finds_anybody(session, asked, &ask::any(attribute, &[group])).await? {
                hidden = group;
                break;
            }
        }
        let why = "bind_dn may not be allowed to read its members, or a rule chooses them (then set member_of_attribute)";
        let told = format!("{hidden}: it names nobody that we can see, but others name it by {attribute}: {why}");
        return Err(Failure::new(Cause::GroupUnread, told));
    }
    Ok(())
}

fn attribute<'a>(asked: &'a Asked<'_>) -> Result<&'a str, Failure> {
    let attribute = asked.settings.member_of_attribute.as_ref();
    attribute.map(crate::identity::AttributeName::as_str).ok_or_else(|| Failure::new(Cause::GroupUnread, "no member_of_attribute is set"))
}

/// Everyone whose back link names one of these groups. Nobody is believed only if somebody shows the back link at all: where
/// it is hidden from us, or not kept, a search for it finds nobody and ends with success.
async fn naming(session: &mut Session, asked: &Asked<'_>, attribute: &str, groups: &[String]) -> Result<Vec<String>, Failure> {
    let mut people = Vec::new();
    for batch in groups.chunks(ask::BATCH) {
        people.extend(ask::dns(session, asked, &ask::any(attribute, batch)).await?);
    }
    if people.is_empty() && !ask::finds_anybody(session, asked, &format!("({attribute}=*)")).await? {
        let why = "nobody that we can see has it: bind_dn may not be allowed to read it, or the directory does not keep it";
        return Err(Failure::new(Cause::GroupUnread, format!("its members are told by {attribute}, but {why}")));
    }
    Ok(people)
}
