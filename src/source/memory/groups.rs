//! Membership among entries in memory, by the rule of [`crate::source::scope`].

use crate::error::{Error, Result};
use crate::filter::Entry as _;
use crate::identity::AttributeName;
use crate::identity::dn::DnKey;
use crate::source::ldif::{Record, Value};
use crate::source::scope::{Members, Named, member_dn, names_uids, rid};
use crate::source::vendor::Settings;
use std::collections::{HashMap, HashSet};

/// Everyone in the group.
///
/// # Errors
/// Where it is not there, is no group, or its members can't be told; without a place.
pub fn members(entries: &[(DnKey, Record)], settings: &Settings, group: &str, nested: bool) -> Result<Members> {
    let key = DnKey::of(group);
    let there = entries.iter().any(|(k, _)| *k == key);
    let wrong = |why: &str| Error::usage(format!("the group {group} {why}"));
    if !there {
        return Err(wrong("does not exist").hint("check group_dn, and settings.group_class and member_attribute"));
    }
    let is_of = |record: &Record, classes: &[String]| {
        record.any_value("objectClass", &mut |class| classes.iter().any(|g| g.eq_ignore_ascii_case(class)))
    };
    let lists = |record: &Record| record.attributes.iter().any(|(n, _)| settings.member_attributes.iter().any(|m| m.is(n)));
    let is_group = |record: &Record| is_of(record, &settings.group_class) || is_of(record, &settings.dynamic_group_class) || lists(record);
    if settings.by_back_links {
        let Some(attribute) = &settings.member_of_attribute else { return Err(wrong("has no member_of_attribute to go by")) };
        let mut groups = HashSet::from([key]);
        let mut before = 0;
        while nested && groups.len() > before {
            before = groups.len();
            // Their own lists count too: the back link may be missing on groups where people have it.
            let listed: HashSet<DnKey> =
                entries.iter().filter(|(k, _)| groups.contains(k)).flat_map(|(_, r)| named(r, settings).dns).collect();
            let within = entries.iter().filter(|(k, r)| is_group(r) && (listed.contains(k) || names(r, attribute, &groups)));
            let within: Vec<DnKey> = within.map(|(k, _)| k.clone()).collect();
            groups.extend(within);
        }
        let mut members = Members::new(nested);
        members.add_groups(groups.iter().cloned());
        add_by_back_link(entries, attribute, &groups, &mut members).map_err(|why| wrong(&why))?;
        members.how.push(format!("membership is by {attribute}, which people carry themselves"));
        return Ok(members);
    }

    let records: HashMap<&DnKey, &Record> = entries.iter().filter(|(_, r)| is_group(r)).map(|(k, r)| (k, r)).collect();
    if !records.contains_key(&key) {
        return Err(wrong("is not a group: none of its attributes names members")
            .hint("check group_dn, and settings.group_class and member_attribute"));
    }
    let graph: HashMap<DnKey, Named> = records.iter().map(|(k, r)| ((*k).clone(), named(r, settings))).collect();
    let mut members = Members::of(&key, nested, &graph);
    let attributes: Vec<&str> = settings.member_attributes.iter().map(AttributeName::as_str).collect();
    members.usual.push(format!("membership is what the group itself names ({})", attributes.join(", ")));
    let expanded: Vec<DnKey> = if nested { members.groups().cloned().collect() } else { vec![key] };
    let names_nobody = expanded.iter().filter(|k| graph.get(k).is_some_and(|n| *n == Named::default())).cloned();
    let is_by_rule = |k: &DnKey| records.get(k).is_some_and(|r| is_of(r, &settings.dynamic_group_class));
    let (by_rule, empty): (HashSet<DnKey>, HashSet<DnKey>) = names_nobody.partition(is_by_rule);
    if let Some(attribute) = &settings.member_of_attribute
        && entries.iter().any(|(_, r)| names(r, attribute, &empty))
    {
        let why = format!("or a group in it names nobody, but others name it by {attribute}");
        return Err(wrong(&why).hint(format!("export the members of groups too ({})", attributes.join(", "))));
    }
    if !by_rule.is_empty() {
        let Some(attribute) = &settings.member_of_attribute else {
            return Err(wrong("has members that a rule chooses, and no member_of_attribute is set by which people tell"));
        };
        add_by_back_link(entries, attribute, &by_rule, &mut members).map_err(|why| wrong(&why))?;
        members.how.push(format!("a rule chooses the members of {} of its groups: membership there is by {attribute}", by_rule.len()));
    }
    // Active Directory's primary group (MS-ADTS section 3.1.1.3.4): people name it by the last part of its objectSid.
    let rid_of = |k: &DnKey| rid(records.get(k)?.first("objectSid")?.bytes());
    let rids: HashSet<u32> = expanded.iter().filter_map(rid_of).collect();
    let anybody_has_one = entries.iter().any(|(_, r)| r.first("primaryGroupID").is_some());
    // AD LDS has the same lasting id and no primary groups; its people have this attribute instead of userAccountControl.
    let is_lds = !anybody_has_one && entries.iter().any(|(_, r)| r.first("msDS-UserAccountDisabled").is_some());
    let is_domain = !is_lds && ["active-directory", "samba"].contains(&settings.vendor.as_str());
    let is_of_domain = |k: &DnKey| is_domain || (anybody_has_one && records.get(k).is_some_and(|r| is_of(r, &["group".to_owned()])));
    if let Some((_, record)) = expanded.iter().filter(|k| is_of_domain(k) && rid_of(k).is_none()).find_map(|k| records.get_key_value(k)) {
        return Err(wrong(&format!("may have people whose primary group it is, and {} has no objectSid to tell by", record.dn))
            .hint("export objectSid of groups too"));
    }
    if !rids.is_empty() && !anybody_has_one && !is_lds {
        return Err(wrong("may have people whose primary group it is, but nobody in the file has primaryGroupID")
            .hint("export primaryGroupID of people too (of AD LDS, which has no primary groups, msDS-UserAccountDisabled)"));
    }
    let primary =
        |r: &Record| matches!(r.first("primaryGroupID"), Some(Value::Text(id)) if id.trim().parse().is_ok_and(|id| rids.contains(&id)));
    let added = members.add(entries.iter().filter(|(_, r)| primary(r)).map(|(k, _)| k.clone()));
    if added > 0 {
        members.how.push(format!("{} more are members because it is their primary group", crate::text::count(added)));
    }
    Ok(members)
}

fn named(record: &Record, settings: &Settings) -> Named {
    let mut named = Named::default();
    for (name, value) in &record.attributes {
        match value {
            Value::Text(uid) if names_uids(name) && settings.member_attributes.iter().any(|m| m.is(name)) => {
                named.uids.push(uid.to_string());
            }
            Value::Text(dn) if settings.member_attributes.iter().any(|m| m.is(name)) => named.dns.push(member_dn(dn)),
            _ => {}
        }
    }
    named
}

fn names(record: &Record, attribute: &AttributeName, groups: &HashSet<DnKey>) -> bool {
    record.any_value(attribute.as_str(), &mut |dn| groups.contains(&DnKey::of(dn)))
}

fn add_by_back_link(
    entries: &[(DnKey, Record)],
    attribute: &AttributeName,
    groups: &HashSet<DnKey>,
    members: &mut Members,
) -> std::result::Result<(), String> {
    if !entries.iter().any(|(_, r)| r.first(attribute.as_str()).is_some()) {
        return Err(format!("has members that are told by {attribute}, but nobody in the file has it: export it too"));
    }
    members.add(entries.iter().filter(|(_, r)| names(r, attribute, groups)).map(|(k, _)| k.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ldif;
    use crate::source::vendor::presets;

    const PEOPLE: &str = "dn: uid=ann,dc=x\nuid: ann\nmemberOf: cn=rule,dc=x\nprimaryGroupID: 513\n\n\
        dn: uid=bob,dc=x\nuid: Bob\nmemberOf: cn=inner,dc=x\nprimaryGroupID: 514\n\n\
        dn: cn=rule,dc=x\nobjectClass: groupOfURLs\nmemberURL: ldap:///dc=x??sub?(uid=ann)\n\n\
        dn: cn=inner,dc=x\nobjectClass: groupOfNames\nmemberOf: cn=outer,dc=x\n\n\
        dn: cn=outer,dc=x\nobjectClass: groupOfNames\nmember: cn=rule,dc=x\nmember: CN=inner,DC=x\n\n\
        dn: cn=both,dc=x\nobjectClass: groupOfNames\nmember: cn=rule,dc=x\n\n\
        dn: cn=nosid,dc=x\nobjectClass: group\nmember: uid=ann,dc=x\n\n\
        dn: cn=posix,dc=x\nobjectClass: posixGroup\nmemberUid: BOB\n\n\
        dn: cn=domain,dc=x\nobjectClass: group\nobjectSid:: AQUAAAAAAAUVAAAAAQIDBAUGBwgJCgsMAQIAAA==\n\n";

    #[test]
    fn lists_rules_uids_and_primary_groups_are_followed_in_a_file_too() {
        let entries: Vec<(DnKey, Record)> =
            ldif::parse("x", PEOPLE.as_bytes()).unwrap().into_iter().map(|r| (DnKey::of(&r.dn), r)).collect();
        let lists = presets().iter().find(|p| p.0.vendor == "generic").unwrap().0.clone();
        let back_links = Settings { by_back_links: true, ..lists.clone() };
        let hidden = Settings { member_of_attribute: Some(AttributeName::new("isMemberOf")), ..back_links.clone() };
        for (settings, group, nested, wanted) in [
            (&lists, "cn=rule,dc=x", false, "ann"),
            (&lists, "cn=outer,dc=x", false, ""),
            (&lists, "cn=outer,dc=x", true, "the group cn=outer,dc=x or a group in it names nobody, but others name it by memberOf"),
            (&lists, "cn=both,dc=x", true, "ann"),
            (&back_links, "cn=both,dc=x", true, "ann"),
            (
                &lists,
                "cn=nosid,dc=x",
                false,
                "the group cn=nosid,dc=x may have people whose primary group it is, and cn=nosid,dc=x has no objectSid to tell by",
            ),
            (&lists, "cn=posix,dc=x", false, "bob"),
            (&lists, "cn=domain,dc=x", false, "ann"),
            (&back_links, "cn=outer,dc=x", false, ""),
            (&back_links, "cn=outer,dc=x", true, "ann bob"),
            (
                &hidden,
                "cn=outer,dc=x",
                true,
                "the group cn=outer,dc=x has members that are told by isMemberOf, but nobody in the file has it: export it too",
            ),
            (&lists, "cn=gone,dc=x", true, "the group cn=gone,dc=x does not exist"),
            (&lists, "uid=ann,dc=x", true, "the group uid=ann,dc=x is not a group: none of its attributes names members"),
        ] {
            let told = match members(&entries, settings, group, nested) {
                Ok(members) => {
                    let is_in = |(key, r): &&(DnKey, Record)| {
                        let uid = r.first("uid").and_then(|v| std::str::from_utf8(v.bytes()).ok());
                        uid.is_some() && members.contains(key, || uid)
                    };
                    entries.iter().filter(is_in).map(|(_, r)| r.dn[4..7].to_owned()).collect::<Vec<_>>().join(" ")
                }
                Err(error) => error.message().to_owned(),
            };
            assert_eq!(told, wanted, "{group} {nested}");
        }
    }

    #[test]
    fn a_file_of_a_domain_that_tells_no_primary_groups_is_refused() {
        let sid = "objectSid:: AQUAAAAAAAUVAAAAAQIDBAUGBwgJCgsMAQIAAA==\n";
        let active_directory = &presets().iter().find(|p| p.0.vendor == "active-directory").unwrap().0;
        let people = "the group cn=g may have people whose primary group it is, but nobody in the file has primaryGroupID";
        let group = "the group cn=g may have people whose primary group it is, and cn=g has no objectSid to tell by";
        for (of_person, of_group, told) in [
            ("primaryGroupID: 513\n", sid, "1"),
            ("", sid, people),
            ("primaryGroupID: 513\n", "", group),
            ("", "", group),
            ("msDS-UserAccountDisabled: FALSE\n", sid, "0"),
        ] {
            let text = format!("dn: cn=ann\nobjectClass: user\n{of_person}\ndn: cn=g\nobjectClass: group\n{of_group}\n");
            let entries: Vec<(DnKey, Record)> =
                ldif::parse("x", text.as_bytes()).unwrap().into_iter().map(|r| (DnKey::of(&r.dn), r)).collect();
            let found = members(&entries, active_directory, "cn=g", false);
            assert_eq!(found.map_or_else(|e| e.message().to_owned(), |m| m.len().to_string()), told, "{of_person} {of_group}");
        }
    }
}
