//! Where the entries of a directory in memory are: held in a list, or made when they are asked for.
//!
//! A list is searched from end to end, as before; a roll answers in constant time, and holds nothing.

use crate::identity::EntryId;
use crate::identity::dn::DnKey;
use crate::source::ldif::Record;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// People who are told by number: each is made whenever somebody asks for them, always the same.
pub trait Roll: Send + Sync {
    /// Everybody's number is below this.
    fn len(&self) -> usize;

    /// True if there is nobody.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The naming context.
    fn suffix(&self) -> &str;

    /// Everybody lies below this.
    fn base(&self) -> &str;

    /// The entry with this number, if there is one.
    fn entry(&self, n: usize) -> Option<Record>;

    /// The number of the entry with this lasting id.
    fn by_id(&self, id: &str) -> Option<usize>;

    /// The number of the entry with this DN, however it is spelt.
    fn by_dn(&self, dn: &str) -> Option<usize>;
}

/// The entries of a directory.
pub(super) enum Entries {
    /// Here.
    Held(Vec<(DnKey, Record)>),
    /// Nowhere.
    Made(Box<dyn Roll>),
}

impl Entries {
    /// How many numbers there are; a few may have no entry.
    pub(super) fn len(&self) -> usize {
        match self {
            Entries::Held(list) => list.len(),
            Entries::Made(roll) => roll.len(),
        }
    }

    /// The entry with this number, and the comparison form of its DN where that is known.
    pub(super) fn at(&self, n: usize) -> Option<(Option<&DnKey>, Cow<'_, Record>)> {
        match self {
            Entries::Held(list) => list.get(n).map(|(key, record)| (Some(key), Cow::Borrowed(record))),
            Entries::Made(roll) => roll.entry(n).map(|record| (None, Cow::Owned(record))),
        }
    }

    /// The entry with each of these DNs.
    pub(super) fn by_dn(&self, dns: &[String]) -> Vec<Option<Cow<'_, Record>>> {
        match self {
            Entries::Held(list) => {
                let wanted: Vec<DnKey> = dns.iter().map(|dn| DnKey::of(dn)).collect();
                let keys: HashSet<&DnKey> = wanted.iter().collect();
                let found: HashMap<&DnKey, &Record> = list.iter().filter(|(key, _)| keys.contains(key)).map(|(k, r)| (k, r)).collect();
                wanted.iter().map(|key| found.get(key).map(|r| Cow::Borrowed(*r))).collect()
            }
            Entries::Made(roll) => dns.iter().map(|dn| roll.entry(roll.by_dn(dn)?).map(Cow::Owned)).collect(),
        }
    }

    /// The entry at or below `base` with each of these lasting ids; `id_of` tells an entry's. Where two have one, the last.
    pub(super) fn by_id(&self, ids: &[EntryId], base: &DnKey, id_of: impl Fn(&Record) -> Option<String>) -> Vec<Option<Cow<'_, Record>>> {
        match self {
            Entries::Held(list) => {
                let wanted: HashSet<&str> = ids.iter().map(EntryId::as_str).collect();
                let mut found: HashMap<String, &Record> = HashMap::new();
                for (key, record) in list {
                    if let Some(id) = id_of(record).filter(|id| wanted.contains(id.as_str()) && key.is_under(base)) {
                        found.insert(id, record);
                    }
                }
                ids.iter().map(|id| found.get(id.as_str()).map(|r| Cow::Borrowed(*r))).collect()
            }
            Entries::Made(roll) => {
                let one = |id: &EntryId| roll.entry(roll.by_id(id.as_str())?).filter(|record| DnKey::of(&record.dn).is_under(base));
                ids.iter().map(|id| one(id).map(Cow::Owned)).collect()
            }
        }
    }
}
