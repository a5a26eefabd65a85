//! Who is a member of a group: membership as a set of DNs and uids, followed through nested groups.
//!
//! Groups name members by DN or by uid, may contain each other, in circles too, and may name entries that are not there any
//! more. People may name their groups as well (`memberOf` and its kin). The rule, for directories and files alike:
//!
//! 1. What a group names itself decides, also where a back link disagrees: the list is what administrators edit, back
//!    links are derived from it, late or not at all.
//! 2. Back links are used where a group names nobody because a rule chooses its members (`groupOfURLs`), and where the
//!    configuration sets `member_of_attribute` but no `member_attribute`.
//! 3. A back link that nobody at all shows proves nothing: it may be hidden from us. Then the group counts as unread. So it does
//!    where a group names nobody and others name it: its list is hidden, or was not exported.
//! 4. Which members are groups is decided by class or by what they name, whichever says yes; a member that is taken for a
//!    person would leave its own members out.
//!
//! A POSIX group's *primary* members (people with its `gidNumber`) are not members here: every account has one, and it says
//! nothing about what somebody may use. Active Directory's primary group is different: it takes the place of membership.

use crate::config::Scope;
use crate::identity::dn::DnKey;
use std::collections::{HashMap, HashSet};

/// What one group names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Members by DN: people and groups.
    pub dns: Vec<DnKey>,
    /// Members by uid, as spelt.
    pub uids: Vec<String>,
}

/// Everyone in a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    dns: HashSet<DnKey>,
    uids: HashSet<String>,
    groups: HashSet<DnKey>,
    /// False where groups in the group count as members like any other.
    nested: bool,
    /// How membership was determined, as sentences for people.
    pub how: Vec<String>,
    /// The same, where it is the usual way: told by a check, not after each read.
    pub usual: Vec<String>,
}

impl Members {
    /// Nobody yet; `nested` tells whether groups in the group are followed.
    #[must_use]
    pub fn new(nested: bool) -> Self {
        Members { nested, ..Members::default() }
    }

    /// Everyone in `group`: its members, and with `nested` the members of groups in it. `named_by` knows what each group
    /// names; a DN that it does not know is a person.
    #[must_use]
    pub fn of(group: &DnKey, nested: bool, named_by: &HashMap<DnKey, Named>) -> Self {
        let mut members = Members::new(nested);
        let mut waiting = vec![group];
        members.groups.insert(group.clone());
        while let Some(group) = waiting.pop() {
            let Some(named) = named_by.get(group) else { continue };
            members.uids.extend(named.uids.iter().map(|uid| folded(uid)));
            for member in &named.dns {
                members.dns.insert(member.clone());
                if named_by.contains_key(member) && members.groups.insert(member.clone()) && nested {
                    waiting.push(member);
                }
            }
        }
        members
    }

    /// Adds people by DN; tells how many are new.
    pub fn add(&mut self, people: impl IntoIterator<Item = DnKey>) -> usize {
        people.into_iter().filter(|dn| !self.groups.contains(dn)).map(|dn| usize::from(self.dns.insert(dn))).sum()
    }

    /// Says that these are groups, not people.
    pub fn add_groups(&mut self, groups: impl IntoIterator<Item = DnKey>) {
        self.groups.extend(groups);
    }

    /// Whether the entry is a member; its uid is asked for only where members are named by uid.
    pub fn contains<'v>(&self, dn: &DnKey, uid: impl FnOnce() -> Option<&'v str>) -> bool {
        self.dns.contains(dn) || (self.by_uid() && uid().is_some_and(|uid| self.uids.contains(&folded(uid))))
    }

    /// True where members are named by uid, so that people's uid must be read.
    #[must_use]
    pub fn by_uid(&self) -> bool {
        !self.uids.is_empty()
    }

    /// How many people it names, by DN and by uid; some may not exist.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people().count() + self.uids.len()
    }

    /// True if it names nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The groups that were followed.
    pub fn groups(&self) -> impl Iterator<Item = &DnKey> {
        self.groups.iter()
    }

    /// How membership was determined, a sentence each.
    pub fn ways(&self) -> impl Iterator<Item = &str> {
        self.usual.iter().chain(&self.how).map(String::as_str)
    }

    fn people(&self) -> impl Iterator<Item = &DnKey> {
        self.dns.iter().filter(|dn| !self.groups.contains(dn))
    }

    /// How many of those that are named by DN lie outside of the base and its scope.
    #[must_use]
    pub fn outside(&self, base: &DnKey, scope: Scope) -> usize {
        self.people().filter(|dn| !in_base(dn, base, scope)).count()
    }

    /// What to tell after a read that ended complete and took `seen` members: who is named and was not among the people read.
    #[must_use]
    pub fn notes(&self, base: &DnKey, scope: Scope, seen: usize) -> Vec<String> {
        let mut notes = self.how.clone();
        let outside = self.outside(base, scope);
        let perhaps_groups = if self.nested { "" } else { " (groups among them: nested_groups is off)" };
        match outside {
            0 => {}
            1 => notes.push(format!(
                "1 member of the group lies outside of the base{}",
                perhaps_groups.replace("groups among them", "it may be a group")
            )),
            n => notes.push(format!("{} members of the group lie outside of the base{perhaps_groups}", crate::text::count(n))),
        }
        let missing = (self.len() - outside).saturating_sub(seen);
        if missing > 0 {
            let who = if missing == 1 {
                "1 member of the group was".to_owned()
            } else {
                format!("{} members of the group were", crate::text::count(missing))
            };
            notes.push(format!("{who} not among the people read: they do not match the filter, or do not exist any more"));
        }
        notes
    }
}

/// Whether an entry lies within the scope of a base.
#[must_use]
pub fn in_base(dn: &DnKey, base: &DnKey, scope: Scope) -> bool {
    match scope {
        Scope::Subtree => dn.is_under(base),
        Scope::OneLevel => dn.is_child_of(base),
    }
}

/// The attribute whose values are uids, not DNs (RFC 2307 section 3).
#[must_use]
pub fn names_uids(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case("memberUid")
}

/// The last part of an objectSid, by which accounts of Active Directory name their primary group (MS-DTYP section 2.4.2.2);
/// `None` where it is not one.
#[must_use]
pub fn rid(sid: &[u8]) -> Option<u32> {
    // Revision, number of parts, six octets of authority, four octets a part, the last part little-endian like the others.
    match sid {
        [1, parts, _, _, _, _, _, _, rest @ ..] if *parts > 0 && rest.len() == usize::from(*parts) * 4 => {
            rest.last_chunk::<4>().map(|last| u32::from_le_bytes(*last))
        }
        _ => None,
    }
}

/// uids are compared without regard to case, as directories do (`uid` is caseIgnoreMatch, RFC 4519 section 2.39).
fn folded(uid: &str) -> String {
    crate::identity::value::key_form(uid).into_owned()
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
        let named = |dns: &[&str]| Named { dns: dns.iter().map(|dn| k(dn)).collect(), uids: Vec::new() };
        let graph = HashMap::from([
            (k("cn=a"), named(&["uid=1", "cn=b", "uid=gone"])),
            (k("cn=b"), named(&["uid=2", "cn=a", "cn=c"])),
            (k("cn=c"), named(&["uid=3", "cn=c"])),
        ]);
        let has = |members: &Members, dn: &str| members.contains(&k(dn), || None);
        let direct = Members::of(&k("cn=a"), false, &graph);
        assert!(has(&direct, "uid=1") && !has(&direct, "uid=2"));
        assert_eq!(direct.len(), 2, "a group is nobody");
        let nested = Members::of(&k("cn=a"), true, &graph);
        for uid in ["uid=1", "uid=2", "uid=3", "uid=gone"] {
            assert!(has(&nested, uid), "{uid}");
        }
        assert_eq!(nested.len(), 4);
        assert_eq!(member_dn("uid=1#'01'B"), k("UID=1"));
    }

    #[test]
    fn the_rid_is_the_last_part_of_a_whole_sid() {
        let users: &[u8] = &[1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x01, 0x02, 0, 0];
        assert_eq!(rid(users), Some(513));
        assert_eq!(rid(&[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0]), Some(544));
        for bad in [&b""[..], &[1, 0, 0, 0, 0, 0, 0, 5], &users[..27], b"S-1-5-32-544"] {
            assert_eq!(rid(bad), None);
        }
    }

    #[test]
    fn who_is_named_and_was_not_read_is_told() {
        let k = DnKey::of;
        let named = Named {
            dns: vec![k("uid=1,ou=p"), k("uid=2,ou=p"), k("uid=3,ou=q"), k("uid=4,ou=x,ou=p")],
            uids: vec!["Ann".into(), "bob".into()],
        };
        let members = Members::of(&k("cn=g"), true, &HashMap::from([(k("cn=g"), named)]));
        assert!(members.contains(&k("uid=zz"), || Some("ANN")) && !members.contains(&k("uid=zz"), || None));
        let base = k("ou=p");
        for (scope, seen, told) in [
            (Scope::Subtree, 5, vec!["1 member of the group lies outside of the base"]),
            (
                Scope::OneLevel,
                3,
                vec![
                    "2 members of the group lie outside of the base",
                    "1 member of the group was not among the people read: they do not match the filter, or do not exist any more",
                ],
            ),
        ] {
            assert_eq!(members.notes(&base, scope, seen), told);
        }
    }
}
