//! Who is in the group: the members that it names and, where groups in it count, the members of those.
//!
//! The rule is that of [`crate::source::scope`]. Everything here ends in [`Cause::GroupUnread`] on any doubt: half a group is
//! no group, and "nobody is in it" takes everybody's access away.

mod ask;
mod back_link;
mod domain;

use super::connection::Query;
use super::failure::{Failure, NO_SUCH_OBJECT};
use super::session::Session;
use crate::identity::dn::DnKey;
use crate::model::Cause;
use crate::source::guard::{MAX_GROUP_MESSAGE, MAX_MESSAGE};
use crate::source::scope::{Members, Named, member_dn, names_uids};
use crate::source::vendor::Settings;
use std::collections::HashMap;

/// The most members and groups that are kept: several hundred megabytes.
const MOST: usize = 4_000_000;

/// What is asked.
pub struct Asked<'a> {
    /// The group's DN.
    pub group: &'a str,
    /// Whether members of groups in the group count.
    pub nested: bool,
    /// The settings of the source.
    pub settings: &'a Settings,
    /// The naming context of the base: people and groups are looked for below it.
    pub context: &'a str,
    /// The naming context of the group: groups are looked for below it too, if it is another one.
    pub group_context: &'a str,
    /// Entries a page.
    pub page: u32,
}

/// Everyone in the group.
///
/// # Errors
/// [`Cause::GroupUnread`], whatever happened.
pub async fn members(session: &mut Session, asked: &Asked<'_>) -> Result<Members, Failure> {
    session.connection.set_limit(MAX_GROUP_MESSAGE);
    let found = if asked.settings.by_back_links { back_link::members(session, asked).await } else { named(session, asked).await };
    session.connection.set_limit(MAX_MESSAGE);
    found.map_err(|failure| Failure { detail: format!("{}: {}", asked.group, failure.detail), cause: Cause::GroupUnread, ..failure })
}

/// By what the groups name themselves.
async fn named(session: &mut Session, asked: &Asked<'_>) -> Result<Members, Failure> {
    let settings = asked.settings;
    let key = DnKey::of(asked.group);
    let within = if asked.nested { groups_within(session, asked).await? } else { Within::default() };
    let mut graph: HashMap<DnKey, Named> = HashMap::new();
    let mut total = 0;
    let (mut by_rule, mut empty, mut rids) = (Vec::new(), Vec::new(), Vec::new());
    let mut waiting = vec![(key.clone(), asked.group.to_owned())];
    while let Some((group_key, dn)) = waiting.pop() {
        if graph.contains_key(&group_key) {
            continue;
        }
        let group = match direct(session, &dn, settings).await {
            Ok(group) => group,
            // Deleted meanwhile, or renamed: its members may well be in scope still.
            Err(failure) if failure.code == Some(NO_SUCH_OBJECT) && group_key != key => {
                return Err(Failure::new(Cause::GroupUnread, format!("the group {dn} went away while it was read")));
            }
            Err(failure) => return Err(failure),
        };
        total += group.named.dns.len() + group.named.uids.len();
        enough(total)?;
        if session.root.is_domain_controller() {
            rids.push(domain::rid(&dn, group.sid.as_deref())?);
        }
        if group.named == Named::default() {
            if group.dynamic { by_rule.push(dn) } else { empty.push(dn) }
        }
        let mut named = group.named;
        if group_key == key {
            named.dns.extend(within.in_chain.iter().cloned());
        }
        waiting.extend(named.dns.iter().filter_map(|m| within.groups.get(m).map(|dn| (m.clone(), dn.clone()))));
        graph.insert(group_key, named);
    }
    back_link::are_really_empty(session, asked, &empty).await?;
    let mut members = Members::of(&key, asked.nested, &graph);
    let lists: Vec<&str> = settings.member_attributes.iter().map(crate::identity::AttributeName::as_str).collect();
    members.usual.push(format!("membership is what the group itself names ({})", lists.join(", ")));
    if asked.nested {
        members.usual.push(format!("groups in the group: {}, {}", graph.len() - 1, within.how));
    }
    if !by_rule.is_empty() {
        back_link::of_dynamic_groups(session, asked, &by_rule, &mut members).await?;
    }
    domain::add_primary(session, asked, &rids, &mut members).await?;
    Ok(members)
}

fn enough(n: usize) -> Result<(), Failure> {
    if n > MOST { Err(Failure::new(Cause::GroupUnread, format!("more than {MOST} members or groups"))) } else { Ok(()) }
}

/// Groups that may be in the group.
#[derive(Default)]
struct Within {
    /// Which DNs are groups, as the server spells them.
    groups: HashMap<DnKey, String>,
    /// Those that Active Directory says are in the group, directly or through others.
    in_chain: Vec<DnKey>,
    /// How they were found.
    how: String,
}

/// Which members of a group are groups themselves: every group that can be found. On Active Directory those that the in-chain
/// rule finds are added, and never believed alone: a group that hides its memberOf from us is not among them, and its people
/// would leave.
async fn groups_within(session: &mut Session, asked: &Asked<'_>) -> Result<Within, Failure> {
    let mut how = "found among all groups of the naming context".to_owned();
    let mut in_chain = Vec::new();
    if session.root.knows_in_chain() {
        match domain::groups_in_chain(session, asked).await? {
            Ok(found) => {
                in_chain = found;
                how.push_str(" and by Active Directory's in-chain rule");
            }
            Err(why) => how = format!("{how} ({why})"),
        }
    }
    let groups = in_chain.iter().cloned().chain(ask::groups(session, asked, "").await?).map(|dn| (DnKey::of(&dn), dn)).collect();
    Ok(Within { groups, in_chain: in_chain.iter().map(|dn| DnKey::of(dn)).collect(), how })
}

/// One group.
struct Group {
    named: Named,
    /// A rule chooses its members.
    dynamic: bool,
    /// Its objectSid, as Active Directory has it.
    sid: Option<Vec<u8>>,
}

/// The members that one group names. Active Directory gives them in ranges, which are followed to the end.
async fn direct(session: &mut Session, dn: &str, settings: &Settings) -> Result<Group, Failure> {
    let mut ask: Vec<String> = settings.member_attributes.iter().map(|a| a.as_str().to_owned()).collect();
    ask.push("objectClass".to_owned());
    if session.root.is_domain_controller() {
        ask.push("objectSid".to_owned());
    }
    let mut group = Group { named: Named::default(), dynamic: false, sid: None };
    let mut from = 0u64;
    while !ask.is_empty() {
        let mut more: Vec<String> = Vec::new();
        let mut next = from;
        let mut there = false;
        let mut answered: Vec<String> = Vec::new();
        let names: Vec<&str> = ask.iter().map(String::as_str).collect();
        let references = session
            .connection
            .all(Query::one(dn, &names), |entry| {
                there = true;
                if from == 0 {
                    group.sid = entry.first("objectSid").map(<[u8]>::to_vec);
                    let classes = entry.attributes().filter(|a| a.name.eq_ignore_ascii_case("objectClass"));
                    let is_rule = |class: &[u8]| settings.dynamic_group_class.iter().any(|d| class.eq_ignore_ascii_case(d.as_bytes()));
                    group.dynamic = classes.flat_map(super::entry::Attribute::values).any(is_rule);
                }
                for attribute in entry.attributes() {
                    if !settings.member_attributes.iter().any(|m| m.is(attribute.name)) {
                        continue;
                    }
                    answered.push(attribute.name.to_lowercase());
                    for value in attribute.values() {
                        let value = std::str::from_utf8(value).map_err(|_| Failure::malformed("a member that is not text"))?;
                        if names_uids(attribute.name) {
                            group.named.uids.push(value.to_owned());
                        } else {
                            group.named.dns.push(member_dn(value));
                        }
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
            let elsewhere = |url: &String| format!("it is on another server, {url}");
            let detail = references.first().map_or_else(|| "it cannot be read".to_owned(), elsewhere);
            return Err(Failure::new(Cause::GroupUnread, detail));
        }
        // The rest of a list that is asked for and does not come is not the list's end.
        let goes_on = |asked: &String| asked.split_once(';').is_none_or(|(name, _)| answered.contains(&name.to_lowercase()));
        if let Some(asked) = ask.iter().find(|asked| !goes_on(asked)) {
            return Err(Failure::new(Cause::GroupUnread, format!("the server gave no answer to {asked} of {dn}: the list has no end")));
        }
        enough(group.named.dns.len())?;
        from = next;
        ask = more;
    }
    Ok(group)
}
