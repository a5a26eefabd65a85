//! What is known about each key: how many of each side have it, and who the only one is.

use super::{Hash, Touched};
use crate::identity::population::RowIx;
use hashbrown::HashTable;

/// In which count of its key's slot a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Nowhere,
    Free,
    Taken,
    Renamed,
    Reserved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    In,
    Out,
}

/// Rows that have a key: how many, and the exclusive or of their numbers, which names the only one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub count: u32,
    xor: u32,
}

impl Group {
    fn add(&mut self, row: u32, sign: Sign) {
        step(&mut self.count, sign);
        self.xor ^= row;
    }

    pub(super) fn only(self) -> Option<u32> {
        (self.count == 1).then_some(self.xor)
    }
}

fn step(n: &mut u32, sign: Sign) {
    match sign {
        Sign::In => *n += 1,
        Sign::Out => *n -= 1,
    }
}

/// What is known about one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Slot {
    hash: Hash,
    pub free_entries: Group,
    pub free_accounts: Group,
    /// Taken entries whose account has another key: they are to be renamed to this one.
    pub renamed_entries: Group,
    /// Accounts that are taken (by a link or an `externalId`) and have this key.
    pub taken_accounts: u32,
    /// Entries linked to an account that is not listed: nobody else may get their key.
    pub reserved: u32,
}

/// What becomes of the free accounts of a slot.
#[derive(PartialEq, Eq)]
enum Fate {
    Alone,
    Paired(u32),
    Contested,
}

impl Slot {
    fn is_empty(&self) -> bool {
        *self == Slot { hash: self.hash, ..Slot::default() }
    }

    /// True if whoever is to be renamed to this key can't be.
    pub(super) fn collides(&self) -> bool {
        self.free_accounts.count > 0 || self.taken_accounts > 0 || self.renamed_entries.count > 1
    }

    /// True if more than one entry would have this key.
    pub(super) fn is_wanted_by_several(&self) -> bool {
        self.free_entries.count > 1 || self.renamed_entries.count > 0 || self.reserved > 0
    }

    /// What the pairing of a free entry follows from; equal for two states of a slot if it is the same in both.
    fn for_entries(&self) -> (bool, bool, u32, u32) {
        let (taken, several) = (self.taken_accounts > 0, self.is_wanted_by_several());
        if taken || several {
            return (taken, several, 0, 0);
        }
        (false, false, self.free_accounts.count.min(2), self.free_accounts.only().unwrap_or(0))
    }

    fn for_accounts(&self) -> Fate {
        if self.renamed_entries.count > 0 {
            return Fate::Contested;
        }
        match (self.free_entries.count, self.free_entries.only()) {
            (0, _) => Fate::Alone,
            (_, Some(entry)) if self.taken_accounts == 0 && self.reserved == 0 && self.free_accounts.count == 1 => Fate::Paired(entry),
            _ => Fate::Contested,
        }
    }

    fn count_entry(&mut self, place: Place, row: u32, sign: Sign) {
        match place {
            Place::Free => self.free_entries.add(row, sign),
            Place::Renamed => self.renamed_entries.add(row, sign),
            Place::Reserved => step(&mut self.reserved, sign),
            Place::Nowhere | Place::Taken => {}
        }
    }

    fn count_account(&mut self, place: Place, row: u32, sign: Sign) {
        match place {
            Place::Free => self.free_accounts.add(row, sign),
            Place::Taken => step(&mut self.taken_accounts, sign),
            Place::Nowhere | Place::Renamed | Place::Reserved => {}
        }
    }
}

/// Tables of slots, by a part of the hash: each grows by itself, and two threads can fill them. Their number is such that a
/// million keys fill them well.
const SHARDS: u64 = 20;

/// Every key's slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    shards: Vec<HashTable<Slot>>,
    /// Slots as they were before the change that is under way.
    before: Vec<Slot>,
}

fn shard(hash: Hash) -> usize {
    usize::try_from(((hash >> 32) * SHARDS) >> 32).expect("it is below the number of shards")
}

impl Slots {
    /// The slot of a key; an empty one for a key that nobody has, and for no key.
    pub(super) fn get(&self, hash: Hash) -> Slot {
        let found = self.shards.get(shard(hash)).and_then(|table| table.find(hash, |s| s.hash == hash));
        found.copied().filter(|_| hash != 0).unwrap_or_default()
    }

    pub(super) fn count_entry(&mut self, hash: Hash, place: Place, row: u32, sign: Sign) {
        if place != Place::Nowhere && hash != 0 {
            self.change(hash, |slot| slot.count_entry(place, row, sign));
        }
    }

    pub(super) fn count_account(&mut self, hash: Hash, place: Place, row: u32, sign: Sign) {
        if place != Place::Nowhere && hash != 0 {
            self.change(hash, |slot| slot.count_account(place, row, sign));
        }
    }

    fn change(&mut self, hash: Hash, change: impl FnOnce(&mut Slot)) {
        if self.shards.is_empty() {
            self.shards.resize_with(usize::try_from(SHARDS).unwrap_or(1), HashTable::default);
        }
        let table = &mut self.shards[shard(hash)];
        let mut entry = table.entry(hash, |s| s.hash == hash, |s| s.hash).or_insert(Slot { hash, ..Slot::default() });
        let slot = entry.get_mut();
        if !self.before.iter().any(|b| b.hash == hash) {
            self.before.push(*slot);
        }
        change(slot);
        if slot.is_empty() {
            entry.remove();
        }
    }

    /// A change is through: notes the members of every slot in which it made a difference to others.
    pub(super) fn compare(&mut self, touched: &mut Touched) {
        for before in std::mem::take(&mut self.before) {
            let after = self.get(before.hash);
            let after = Slot { hash: before.hash, ..after };
            let rows = |group: [Group; 2]| group.into_iter().filter_map(Group::only).map(RowIx);
            if before.for_entries() != after.for_entries() {
                touched.entries.extend(rows([before.free_entries, after.free_entries]));
                if before.free_entries.count > 1 && after.free_entries.count > 1 {
                    touched.entries_of.push(before.hash);
                }
            }
            if before.collides() != after.collides() {
                touched.entries.extend(rows([before.renamed_entries, after.renamed_entries]));
            }
            if before.for_accounts() != after.for_accounts() {
                touched.accounts.extend(rows([before.free_accounts, after.free_accounts]));
                if before.free_accounts.count > 1 && after.free_accounts.count > 1 {
                    touched.accounts_of.push(before.hash);
                }
            }
        }
    }

    /// Counts everybody anew: `(key, place)` of every entry and of every account.
    pub(super) fn count_all(&mut self, entries: &[(Hash, Place)], accounts: &[(Hash, Place)]) {
        self.before.clear();
        let mut shards: Vec<HashTable<Slot>> = std::mem::take(&mut self.shards);
        shards.resize_with(usize::try_from(SHARDS).unwrap_or(1), HashTable::default);
        let fill = |first: usize, tables: &mut [HashTable<Slot>]| {
            tables.iter_mut().for_each(HashTable::clear);
            let last = first + tables.len();
            let mut put = |hash: Hash, row: usize, count: &dyn Fn(&mut Slot, u32)| {
                if hash != 0 && (first..last).contains(&shard(hash)) {
                    let table = &mut tables[shard(hash) - first];
                    let slot = table.entry(hash, |s| s.hash == hash, |s| s.hash).or_insert(Slot { hash, ..Slot::default() });
                    count(slot.into_mut(), super::narrow(row));
                }
            };
            for (row, (hash, place)) in entries.iter().enumerate() {
                if *place != Place::Nowhere {
                    put(*hash, row, &|slot, row| slot.count_entry(*place, row, Sign::In));
                }
            }
            for (row, (hash, place)) in accounts.iter().enumerate() {
                if *place != Place::Nowhere {
                    put(*hash, row, &|slot, row| slot.count_account(*place, row, Sign::In));
                }
            }
        };
        let half = shards.len() / 2;
        let (low, high) = shards.split_at_mut(half);
        rayon::join(|| fill(0, low), || fill(half, high));
        self.shards = shards;
    }
}
