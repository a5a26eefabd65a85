//! Who belongs to whom: links first, then the entry's id in `externalId`, then keys.
//!
//! The matcher knows, for every key, how many free entries and accounts have it and, by an exclusive or of their row
//! numbers, who the only one is. So a pairing is looked up in constant time, a change touches a constant number of rows
//! however many share a key, and nothing depends on the order in which users arrived: `incremental = full` holds because
//! there is nothing remembered but counts.
//!
//! Keys are known by their 64-bit hash here. Whoever acts on a pairing by key or `externalId` confirms the texts: two people
//! whose keys merely hash alike are not a pair. Nothing here decides what happens to a user; see `plan::classify`.
//!
//! Whose pairing may have changed is noted as it happens ([`Matcher::take_touched`]): the rows themselves, the only member of a
//! key's group where that is enough, and the key where every member of a group is affected.

mod change;
mod contests;
pub mod near;
mod slots;
mod touched;

pub use contests::Contests;
pub use touched::Touched;

use crate::identity::population::RowIx;
use crate::model::Reason;
use hashbrown::{HashMap, HashTable};
use rayon::prelude::*;
use slots::{Place, Slots};

/// Who an entry belongs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPairing {
    /// An account, by a remembered link.
    Linked(RowIx),
    /// A linked account that the listing does not show: the number of the link.
    LinkedUnlisted(u32),
    /// An account that carries the entry's id as its `externalId`.
    ByExternalId(RowIx),
    /// The only free account with the entry's key, which no other entry has.
    ByKey(RowIx),
    /// It can't be told.
    Ambiguous(Reason),
    /// Nobody.
    Alone,
}

/// Who an account belongs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountPairing {
    /// An entry in scope: the entry's row names the account.
    Paired(RowIx),
    /// A link to an entry that is not in scope: the number of the link.
    LinkedElsewhere(u32),
    /// An ambiguous row names it as a candidate.
    Contested,
    /// Nobody.
    Alone,
}

/// The hash of a key or an id; 0 stands for none.
type Hash = u64;

fn some(hash: Option<u64>) -> Hash {
    // A hash that happens to be 0 is as good as 1.
    hash.map_or(0, |h| h.max(1))
}

/// No link, no row.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Side {
    key: Hash,
    /// For an entry: its own id, where the mapping sends it as `externalId`. For an account: its `externalId`.
    external: Hash,
    /// The link that holds it, if that link is in force.
    link: u32,
    present: bool,
    /// An entry whose linked account was looked up and is gone.
    lost: bool,
    /// Where it is counted now.
    place: Place,
}

impl Default for Side {
    fn default() -> Self {
        Side { key: 0, external: 0, link: NONE, present: false, lost: false, place: Place::Nowhere }
    }
}

impl Side {
    fn link(&self) -> Option<u32> {
        (self.link != NONE).then_some(self.link)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct LinkEnds {
    entry: Option<u32>,
    account: Option<u32>,
    gone: bool,
    removed: bool,
}

/// Keeps who belongs to whom while entries, accounts and links come and go.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    entries: Vec<Side>,
    accounts: Vec<Side>,
    links: Vec<LinkEnds>,
    slots: Slots,
    /// The first account without link that has an `externalId`.
    accounts_by_external: HashTable<u32>,
    /// The others that have the same one.
    more_by_external: HashMap<Hash, Vec<u32>>,
    /// How many linked accounts carry an `externalId`.
    linked_externals: HashMap<Hash, u32>,
    /// Entries by their own id, where it is sent as `externalId`.
    entries_by_external: HashTable<u32>,
    touched: Touched,
}

impl Matcher {
    /// An empty matcher.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An entry is in scope, with the hash of its key in its comparison form (if it has one). `external` is the hash of its
    /// id, where the mapping sends it as `externalId`.
    pub fn set_entry(&mut self, row: RowIx, key: Option<u64>, external: Option<u64>) {
        self.change_entry(row.0, true, some(key), some(external));
    }

    /// An entry is not in scope any more.
    pub fn remove_entry(&mut self, row: RowIx) {
        self.change_entry(row.0, false, 0, 0);
    }

    /// An account is listed, with the hashes of its key in its comparison form and of its `externalId` (if it has them).
    pub fn set_account(&mut self, row: RowIx, key: Option<u64>, external: Option<u64>) {
        self.change_account(row.0, true, some(key), some(external));
    }

    /// An account is not listed any more.
    pub fn remove_account(&mut self, row: RowIx) {
        self.change_account(row.0, false, 0, 0);
    }

    /// A remembered pair, by the rows of its ends as far as they have one. Gives its number.
    pub fn add_link(&mut self, entry: Option<RowIx>, account: Option<RowIx>) -> u32 {
        let link = u32::try_from(self.links.len()).expect("fewer than 4 billion links");
        self.links.push(LinkEnds::default());
        self.change_link(link, |l| *l = LinkEnds { entry: entry.map(|r| r.0), account: account.map(|r| r.0), ..LinkEnds::default() });
        link
    }

    /// The entry of a link has a row now.
    pub fn set_link_entry(&mut self, link: u32, entry: RowIx) {
        if self.links[link as usize].entry != Some(entry.0) {
            self.change_link(link, |l| l.entry = Some(entry.0));
        }
    }

    /// The account of a link has a row now: it was listed, or found by a look-up.
    pub fn set_link_account(&mut self, link: u32, account: RowIx) {
        let ends = self.links[link as usize];
        if ends.account != Some(account.0) || ends.gone {
            self.change_link(link, |l| (l.account, l.gone) = (Some(account.0), false));
        }
    }

    /// The linked account was looked up and does not exist: its entry may be paired anew.
    pub fn set_account_gone(&mut self, link: u32) {
        self.change_link(link, |l| l.gone = true);
    }

    /// What was looked up about the linked account is not believed any more.
    pub fn forget_gone(&mut self, link: u32) {
        if self.links[link as usize].gone {
            self.change_link(link, |l| l.gone = false);
        }
    }

    /// The pair is not remembered any more.
    pub fn remove_link(&mut self, link: u32) {
        self.change_link(link, |l| l.removed = true);
    }

    /// True if there is a link of this number, also one that was taken back.
    #[must_use]
    pub fn has_link(&self, link: u32) -> bool {
        (link as usize) < self.links.len()
    }

    /// The pair is remembered again, by other rows perhaps.
    pub fn set_link(&mut self, link: u32, entry: Option<RowIx>, account: Option<RowIx>) {
        self.change_link(link, |l| *l = LinkEnds { entry: entry.map(|r| r.0), account: account.map(|r| r.0), ..LinkEnds::default() });
    }

    /// Whose pairing may have changed since it was taken last.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// Every present entry with this key. Reads all of them: for groups of which every member is affected.
    pub fn entries_with(&self, key: u64) -> impl Iterator<Item = RowIx> {
        self.entries.iter().enumerate().filter(move |(_, s)| s.present && s.key == key).map(|(row, _)| RowIx(narrow(row)))
    }

    /// Every present account with this key; reads all of them.
    pub fn accounts_with(&self, key: u64) -> impl Iterator<Item = RowIx> {
        self.accounts.iter().enumerate().filter(move |(_, s)| s.present && s.key == key).map(|(row, _)| RowIx(narrow(row)))
    }

    /// True if the entry's linked account was looked up and is gone.
    #[must_use]
    pub fn lost_account(&self, entry: RowIx) -> bool {
        self.entries.get(entry.index()).is_some_and(|e| e.lost)
    }

    /// True if the linked account was looked up and is gone.
    #[must_use]
    pub fn is_gone(&self, link: u32) -> bool {
        self.links.get(link as usize).is_some_and(|l| l.gone)
    }

    /// The link that holds an entry, if it is in force.
    #[must_use]
    pub fn link_of_entry(&self, entry: RowIx) -> Option<u32> {
        self.entries.get(entry.index()).and_then(Side::link)
    }

    /// The rows of a link's ends, as far as they are present.
    #[must_use]
    pub fn link_ends(&self, link: u32) -> (Option<RowIx>, Option<RowIx>) {
        let ends = self.links[link as usize];
        let entry = ends.entry.filter(|e| self.entries[*e as usize].present);
        let account = ends.account.filter(|a| self.accounts[*a as usize].present);
        (entry.map(RowIx), account.map(RowIx))
    }

    /// Who an entry belongs with. A row that is not present is alone.
    #[must_use]
    pub fn entry(&self, row: RowIx) -> EntryPairing {
        let Some(side) = self.entries.get(row.index()).filter(|s| s.present) else { return EntryPairing::Alone };
        let slot = self.slots.get(side.key);
        if let Some((account, tie)) = self.partner_of_entry(row.0) {
            let taken = side.place == Place::Renamed && slot.collides();
            return match (tie, taken) {
                (Tie::Link, true) => EntryPairing::Ambiguous(Reason::RenameCollision),
                (Tie::Link, false) => EntryPairing::Linked(RowIx(account)),
                (Tie::External, true) => EntryPairing::Ambiguous(Reason::DuplicateInTarget),
                (Tie::External, false) => EntryPairing::ByExternalId(RowIx(account)),
            };
        }
        if let Some(link) = side.link() {
            return EntryPairing::LinkedUnlisted(link);
        }
        if side.external != 0 && self.more_by_external.contains_key(&side.external) {
            return EntryPairing::Ambiguous(Reason::DuplicateInTarget);
        }
        let claimed = side.external != 0 && self.linked_externals.contains_key(&side.external);
        if slot.taken_accounts > 0 || claimed {
            return EntryPairing::Ambiguous(Reason::LinkedElsewhere);
        }
        if slot.is_wanted_by_several() {
            return EntryPairing::Ambiguous(Reason::DuplicateInSource);
        }
        match (slot.free_accounts.count, slot.free_accounts.only()) {
            (0, _) => EntryPairing::Alone,
            (_, Some(account)) => EntryPairing::ByKey(RowIx(account)),
            _ => EntryPairing::Ambiguous(Reason::DuplicateInTarget),
        }
    }

    /// Who an account belongs with. A row that is not present is alone.
    #[must_use]
    pub fn account(&self, row: RowIx) -> AccountPairing {
        let Some(side) = self.accounts.get(row.index()).filter(|s| s.present) else { return AccountPairing::Alone };
        if let Some(link) = side.link() {
            return match self.links[link as usize].entry.filter(|e| self.entries[*e as usize].present) {
                Some(entry) => AccountPairing::Paired(RowIx(entry)),
                None => AccountPairing::LinkedElsewhere(link),
            };
        }
        if let Some(entry) = self.external_entry(row.0) {
            let paired = self.partner_of_entry(entry) == Some((row.0, Tie::External));
            return if paired { AccountPairing::Paired(RowIx(entry)) } else { AccountPairing::Contested };
        }
        let slot = self.slots.get(side.key);
        if slot.renamed_entries.count > 0 {
            return AccountPairing::Contested;
        }
        match (slot.free_entries.count, slot.free_entries.only()) {
            (0, _) => AccountPairing::Alone,
            (_, Some(entry)) => match self.entry(RowIx(entry)) {
                EntryPairing::ByKey(account) if account == row => AccountPairing::Paired(RowIx(entry)),
                EntryPairing::Alone => AccountPairing::Alone,
                _ => AccountPairing::Contested,
            },
            _ => AccountPairing::Contested,
        }
    }

    /// The present account that an entry is linked to or named by, whatever else is contested about it.
    #[must_use]
    pub fn own_account(&self, entry: RowIx) -> Option<RowIx> {
        self.partner_of_entry(entry.0).map(|(account, _)| RowIx(account))
    }

    /// Every entry has another key: counts everybody anew, which is much faster than one after the other. `keys` has the hash
    /// of each row's key. Nobody is noted as touched: everybody is.
    pub fn set_entry_keys(&mut self, keys: &[Option<u64>]) {
        for (side, key) in self.entries.iter_mut().zip(keys) {
            side.key = if side.present { some(*key) } else { 0 };
        }
        let entries: Vec<Place> = (0..narrow(self.entries.len())).into_par_iter().map(|e| self.place_of_entry(e)).collect();
        let accounts: Vec<Place> = (0..narrow(self.accounts.len())).into_par_iter().map(|a| self.place_of_account(a)).collect();
        for (side, place) in self.entries.iter_mut().zip(entries) {
            side.place = place;
        }
        for (side, place) in self.accounts.iter_mut().zip(accounts) {
            side.place = place;
        }
        let counted = |sides: &[Side]| sides.iter().map(|s| (s.key, s.place)).collect::<Vec<_>>();
        self.slots.count_all(&counted(&self.entries), &counted(&self.accounts));
        self.touched = Touched::default();
    }

    /// The present account that an entry is taken by.
    fn partner_of_entry(&self, entry: u32) -> Option<(u32, Tie)> {
        let side = self.entries.get(entry as usize).filter(|s| s.present)?;
        if let Some(link) = side.link() {
            let account = self.links[link as usize].account?;
            return self.accounts[account as usize].present.then_some((account, Tie::Link));
        }
        if side.external == 0 || self.more_by_external.contains_key(&side.external) {
            return None;
        }
        self.by_external(side.external).map(|account| (account, Tie::External))
    }

    /// The first account without link that has this `externalId`.
    fn by_external(&self, external: Hash) -> Option<u32> {
        self.accounts_by_external.find(external, |a| self.accounts[*a as usize].external == external).copied()
    }

    /// The entry that an account without link names by its `externalId`; it is taken by that entry, or contested.
    fn external_entry(&self, account: u32) -> Option<u32> {
        let side = &self.accounts[account as usize];
        if side.external == 0 || side.link != NONE {
            return None;
        }
        let entry = *self.entries_by_external.find(side.external, |e| self.entries[*e as usize].external == side.external)?;
        let other = &self.entries[entry as usize];
        (other.present && other.link == NONE).then_some(entry)
    }

    fn place_of_entry(&self, entry: u32) -> Place {
        let side = &self.entries[entry as usize];
        if side.key == 0 || !side.present {
            return Place::Nowhere;
        }
        match self.partner_of_entry(entry) {
            Some((account, _)) if self.accounts[account as usize].key == side.key => Place::Nowhere,
            Some(_) => Place::Renamed,
            None if side.link != NONE => Place::Reserved,
            None => Place::Free,
        }
    }

    fn place_of_account(&self, account: u32) -> Place {
        let side = &self.accounts[account as usize];
        if side.key == 0 || !side.present {
            return Place::Nowhere;
        }
        if side.link != NONE || self.external_entry(account).is_some() { Place::Taken } else { Place::Free }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    Link,
    External,
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 4 billion users")
}

#[cfg(test)]
mod tests;
