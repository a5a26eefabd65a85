//! Who is a member of a group: membership as a set of DNs, followed through nested groups.
//!
//! Groups name members by DN, may contain each other, in circles too, and may name entries that are not there any more.

use crate::identity::dn::DnKey;
use std::collections::{HashMap, HashSet};

/// Everyone in `group`: its members, and with `nested` the members of groups in it. `members_of` gives the members of a
/// DN that is a group, and `None` for anything else. The groups themselves are in the set; a person's DN is never one.
pub fn members(group: &DnKey, nested: bool, members_of: &HashMap<DnKey, Vec<DnKey>>) -> HashSet<DnKey> {
    let mut everyone = HashSet::new();
    let mut waiting = vec![group];
    let mut expanded = HashSet::from([group]);
    while let Some(group) = waiting.pop() {
        for member in members_of.get(group).into_iter().flatten() {
            everyone.insert(member.clone());
            if nested && members_of.contains_key(member) && expanded.insert(member) {
                waiting.push(member);
            }
        }
    }
    everyone
}

/// The DN in a member value: a uniqueMember may end in a UID (`#'0101'B`, RFC 4517 section 3.3.21).
#[must_use]
pub fn member_dn(value: &str) -> DnKey {
    let dn = match value.rsplit_once('#') {
        Some((dn, uid)) if uid.starts_with('\'') && uid.ends_with("'B") => dn,
        _ => value,
    };
    DnKey::of(dn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_groups_are_followed_once_and_circles_end() {
        let k = DnKey::of;
        let graph = HashMap::from([
            (k("cn=a"), vec![k("uid=1"), k("cn=b"), k("uid=gone")]),
            (k("cn=b"), vec![k("uid=2"), k("cn=a"), k("cn=c")]),
            (k("cn=c"), vec![k("uid=3"), k("cn=c")]),
        ]);
        let direct = members(&k("cn=a"), false, &graph);
        assert!(direct.contains(&k("uid=1")) && !direct.contains(&k("uid=2")));
        let nested = members(&k("cn=a"), true, &graph);
        for uid in ["uid=1", "uid=2", "uid=3", "uid=gone"] {
            assert!(nested.contains(&k(uid)), "{uid}");
        }
        assert_eq!(member_dn("uid=1#'01'B"), k("UID=1"));
    }
}
