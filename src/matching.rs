//! Who belongs to whom: links first, then the entry's id in `externalId`, then keys.
//!
//! The matcher knows, for every key, how many free entries and accounts have it and, by an exclusive or of their row
//! numbers, who the only one is. So a pairing is looked up in constant time, a change touches a constant number of rows
//! however many share a key, and nothing depends on the order in which users arrived: `incremental = full` holds because
//! there is nothing remembered but counts.
//!
//! A key is matched by its 64-bit hash and then confirmed by its text: two people whose keys merely hash alike are not a
//! pair. Nothing here decides what happens to a user; see `plan::classify`.

mod contests;

pub use contests::Contests;

use crate::identity::population::RowIx;
use crate::identity::value::key_hash;
use crate::model::Reason;
use hashbrown::HashMap;

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

#[derive(Debug, Clone, Default)]
struct Side {
    present: bool,
    key: Option<Box<str>>,
    /// For an entry: its own id, where the mapping sends it as `externalId`. For an account: its `externalId`.
    external: Option<Box<str>>,
    /// The link that holds it, if that link is in force.
    link: Option<u32>,
    /// An entry whose linked account was looked up and is gone.
    lost: bool,
    /// Where it is counted now.
    place: Place,
}

/// In which count of which key's slot a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Nowhere,
    Free(u64),
    Taken(u64),
    Renamed(u64),
    Reserved(u64),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Group {
    count: u32,
    xor: u32,
}

impl Group {
    fn add(&mut self, row: u32, sign: Sign) {
        match sign {
            Sign::In => self.count += 1,
            Sign::Out => self.count -= 1,
        }
        self.xor ^= row;
    }

    fn only(self) -> Option<u32> {
        (self.count == 1).then_some(self.xor)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    In,
    Out,
}

/// What is known about one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Slot {
    free_entries: Group,
    free_accounts: Group,
    /// Accounts that are taken (by a link or an `externalId`) and have this key.
    taken_accounts: u32,
    /// Taken entries whose account has another key: they are to be renamed to this one.
    renamed_entries: u32,
    /// Entries linked to an account that is not listed: nobody else may get their key.
    reserved: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct LinkEnds {
    entry: Option<u32>,
    account: Option<u32>,
    gone: bool,
    removed: bool,
}

/// Rows whose pairing may hang on a change.
#[derive(Default)]
struct Affected {
    entries: Vec<u32>,
    accounts: Vec<u32>,
}

/// Keeps who belongs to whom while entries, accounts and links come and go.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    entries: Vec<Side>,
    accounts: Vec<Side>,
    links: Vec<LinkEnds>,
    slots: HashMap<u64, Slot>,
    /// Accounts without link by their `externalId`. Few ids come twice, so the first is kept without a list.
    accounts_by_external: HashMap<u64, (u32, Vec<u32>)>,
    /// How many linked accounts carry an `externalId`.
    linked_externals: HashMap<u64, u32>,
    /// Entries by their own id, where it is sent as `externalId`.
    entries_by_external: HashMap<u64, u32>,
}

impl Matcher {
    /// An empty matcher.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An entry is in scope, with this key in its comparison form (if it has one). `external` is its id, where the mapping
    /// sends it as `externalId`.
    pub fn set_entry(&mut self, row: RowIx, key: Option<&str>, external: Option<&str>) {
        self.change_entry(row.0, true, key, external);
    }

    /// An entry is not in scope any more.
    pub fn remove_entry(&mut self, row: RowIx) {
        self.change_entry(row.0, false, None, None);
    }

    /// An account is listed, with this key in its comparison form and this `externalId` (if it has them).
    pub fn set_account(&mut self, row: RowIx, key: Option<&str>, external: Option<&str>) {
        self.change_account(row.0, true, key, external);
    }

    /// An account is not listed any more.
    pub fn remove_account(&mut self, row: RowIx) {
        self.change_account(row.0, false, None, None);
    }

    /// A remembered pair, by the rows of its ends as far as they have one. Gives its number.
    pub fn add_link(&mut self, entry: Option<RowIx>, account: Option<RowIx>) -> u32 {
        let link = u32::try_from(self.links.len()).expect("fewer than 4 billion links");
        self.links.push(LinkEnds::default());
        self.change_link(link, |l| *l = LinkEnds { entry: entry.map(|r| r.0), account: account.map(|r| r.0), ..LinkEnds::default() });
        link
    }

    /// The linked account, which the listing does not show, was looked up and has a row now.
    pub fn set_link_account(&mut self, link: u32, account: RowIx) {
        self.change_link(link, |l| l.account = Some(account.0));
    }

    /// The linked account was looked up and does not exist: its entry may be paired anew.
    pub fn set_account_gone(&mut self, link: u32) {
        self.change_link(link, |l| l.gone = true);
    }

    /// The pair is not remembered any more.
    pub fn remove_link(&mut self, link: u32) {
        self.change_link(link, |l| l.removed = true);
    }

    /// True if the entry's linked account was looked up and is gone.
    #[must_use]
    pub fn lost_account(&self, entry: RowIx) -> bool {
        self.entries.get(entry.index()).is_some_and(|e| e.lost)
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
        let slot = side.key.as_deref().and_then(|k| self.slots.get(&key_hash(k))).copied().unwrap_or_default();
        if let Some((account, tie)) = self.partner_of_entry(row.0) {
            let taken = matches!(side.place, Place::Renamed(_))
                && (slot.free_accounts.count > 0 || slot.taken_accounts > 0 || slot.renamed_entries > 1);
            return match (tie, taken) {
                (Tie::Link, true) => EntryPairing::Ambiguous(Reason::RenameCollision),
                (Tie::Link, false) => EntryPairing::Linked(RowIx(account)),
                (Tie::External, true) => EntryPairing::Ambiguous(Reason::DuplicateInTarget),
                (Tie::External, false) => EntryPairing::ByExternalId(RowIx(account)),
            };
        }
        if let Some(link) = side.link {
            return EntryPairing::LinkedUnlisted(link);
        }
        if side.external.as_deref().and_then(|id| self.accounts_by_external.get(&key_hash(id))).is_some_and(|g| !g.1.is_empty()) {
            return EntryPairing::Ambiguous(Reason::DuplicateInTarget);
        }
        let claimed = side.external.as_deref().is_some_and(|id| self.linked_externals.contains_key(&key_hash(id)));
        if slot.taken_accounts > 0 || claimed {
            return EntryPairing::Ambiguous(Reason::LinkedElsewhere);
        }
        if slot.free_entries.count > 1 || slot.renamed_entries > 0 || slot.reserved > 0 {
            return EntryPairing::Ambiguous(Reason::DuplicateInSource);
        }
        match (slot.free_accounts.count, slot.free_accounts.only()) {
            (0, _) => EntryPairing::Alone,
            (_, Some(account)) if self.accounts[account as usize].key == side.key => EntryPairing::ByKey(RowIx(account)),
            // The hashes are equal and the texts are not: not the same key.
            (_, Some(_)) => EntryPairing::Alone,
            _ => EntryPairing::Ambiguous(Reason::DuplicateInTarget),
        }
    }

    /// Who an account belongs with. A row that is not present is alone.
    #[must_use]
    pub fn account(&self, row: RowIx) -> AccountPairing {
        let Some(side) = self.accounts.get(row.index()).filter(|s| s.present) else { return AccountPairing::Alone };
        if let Some(link) = side.link {
            return match self.links[link as usize].entry.filter(|e| self.entries[*e as usize].present) {
                Some(entry) => AccountPairing::Paired(RowIx(entry)),
                None => AccountPairing::LinkedElsewhere(link),
            };
        }
        if let Some(entry) = self.external_entry(row.0) {
            let paired = self.partner_of_entry(entry) == Some((row.0, Tie::External));
            return if paired { AccountPairing::Paired(RowIx(entry)) } else { AccountPairing::Contested };
        }
        let Some(key) = side.key.as_deref() else { return AccountPairing::Alone };
        let slot = self.slots.get(&key_hash(key)).copied().unwrap_or_default();
        if slot.renamed_entries > 0 {
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

    /// The present account that an entry is taken by.
    fn partner_of_entry(&self, entry: u32) -> Option<(u32, Tie)> {
        let side = self.entries.get(entry as usize).filter(|s| s.present)?;
        if let Some(link) = side.link {
            let account = self.links[link as usize].account?;
            return self.accounts[account as usize].present.then_some((account, Tie::Link));
        }
        let id = side.external.as_deref()?;
        let (account, others) = self.accounts_by_external.get(&key_hash(id))?;
        let account = others.is_empty().then_some(*account)?;
        (self.accounts[account as usize].external.as_deref() == Some(id)).then_some((account, Tie::External))
    }

    /// The entry that an account without link names by its `externalId`; it is taken by that entry, or contested.
    fn external_entry(&self, account: u32) -> Option<u32> {
        let side = &self.accounts[account as usize];
        let id = side.external.as_deref().filter(|_| side.link.is_none())?;
        let entry = *self.entries_by_external.get(&key_hash(id))?;
        let other = &self.entries[entry as usize];
        (other.present && other.link.is_none() && other.external.as_deref() == Some(id)).then_some(entry)
    }

    fn change_entry(&mut self, row: u32, present: bool, key: Option<&str>, external: Option<&str>) {
        grow(&mut self.entries, row);
        let mut affected = Affected { entries: vec![row], accounts: Vec::new() };
        self.add_neighbours(&mut affected);
        let side = &mut self.entries[row as usize];
        side.present = present;
        side.key = key.filter(|k| !k.is_empty()).map(Into::into);
        let old = std::mem::replace(&mut side.external, external.filter(|k| !k.is_empty()).map(Into::into));
        if let Some(id) = old
            && self.entries_by_external.get(&key_hash(&id)) == Some(&row)
        {
            self.entries_by_external.remove(&key_hash(&id));
        }
        if let Some(id) = external.filter(|k| !k.is_empty()) {
            self.entries_by_external.insert(key_hash(id), row);
        }
        self.settle(affected);
    }

    fn change_account(&mut self, row: u32, present: bool, key: Option<&str>, external: Option<&str>) {
        grow(&mut self.accounts, row);
        let mut affected = Affected { entries: Vec::new(), accounts: vec![row] };
        self.add_neighbours(&mut affected);
        self.count_external(row, Sign::Out);
        let side = &mut self.accounts[row as usize];
        side.present = present;
        side.key = key.filter(|k| !k.is_empty()).map(Into::into);
        side.external = external.filter(|k| !k.is_empty()).map(Into::into);
        self.count_external(row, Sign::In);
        self.settle(affected);
    }

    fn change_link(&mut self, link: u32, change: impl FnOnce(&mut LinkEnds)) {
        let before = self.links[link as usize];
        let mut after = before;
        change(&mut after);
        let mut affected = Affected::default();
        for ends in [before, after] {
            affected.entries.extend(ends.entry.inspect(|e| grow(&mut self.entries, *e)));
            affected.accounts.extend(ends.account.inspect(|a| grow(&mut self.accounts, *a)));
        }
        self.add_neighbours(&mut affected);
        let accounts: Vec<u32> = [before.account, after.account].into_iter().flatten().collect();
        let first_only = if accounts.len() == 2 && accounts[0] == accounts[1] { &accounts[..1] } else { &accounts[..] };
        for account in first_only {
            self.count_external(*account, Sign::Out);
        }
        self.links[link as usize] = after;
        let in_force = !after.removed && !after.gone;
        for (ends, held) in [(before, None), (after, in_force.then_some(link))] {
            if let Some(e) = ends.entry {
                self.entries[e as usize].link = held;
                self.entries[e as usize].lost = after.gone && !after.removed;
            }
            if let Some(a) = ends.account {
                self.accounts[a as usize].link = held;
            }
        }
        for account in first_only {
            self.count_external(*account, Sign::In);
        }
        self.settle(affected);
    }

    fn count_external(&mut self, account: u32, sign: Sign) {
        let side = &self.accounts[account as usize];
        if let Some(id) = side.external.as_deref().filter(|_| side.present && side.link.is_some()) {
            let count = self.linked_externals.entry(key_hash(id)).or_default();
            match sign {
                Sign::In => *count += 1,
                Sign::Out => *count -= 1,
            }
            if *count == 0 {
                self.linked_externals.remove(&key_hash(id));
            }
        }
        if let Some(id) = side.external.as_deref().filter(|_| side.present && side.link.is_none()) {
            let hash = key_hash(id);
            match (sign, self.accounts_by_external.get_mut(&hash)) {
                (Sign::In, None) => {
                    self.accounts_by_external.insert(hash, (account, Vec::new()));
                }
                (Sign::In, Some((_, others))) => others.push(account),
                (Sign::Out, Some((first, others))) => {
                    if *first != account {
                        others.retain(|other| *other != account);
                    } else if let Some(next) = others.pop() {
                        *first = next;
                    } else {
                        self.accounts_by_external.remove(&hash);
                    }
                }
                (Sign::Out, None) => {}
            }
        }
    }

    /// Adds everybody whose place may follow from that of the rows given.
    fn add_neighbours(&self, affected: &mut Affected) {
        let (mut entries, mut accounts) = (Vec::new(), Vec::new());
        for entry in &affected.entries {
            let side = &self.entries[*entry as usize];
            accounts.extend(side.link.and_then(|l| self.links[l as usize].account));
            if let Some((first, others)) = side.external.as_deref().and_then(|id| self.accounts_by_external.get(&key_hash(id))) {
                accounts.push(*first);
                accounts.extend(others);
            }
        }
        for account in &affected.accounts {
            let side = &self.accounts[*account as usize];
            entries.extend(side.link.and_then(|l| self.links[l as usize].entry));
            entries.extend(side.external.as_deref().and_then(|id| self.entries_by_external.get(&key_hash(id))));
        }
        affected.entries.extend(entries);
        affected.accounts.extend(accounts);
    }

    /// Counts the affected rows anew, where they belong after a change.
    fn settle(&mut self, mut affected: Affected) {
        self.add_neighbours(&mut affected);
        for list in [&mut affected.entries, &mut affected.accounts] {
            list.sort_unstable();
            list.dedup();
        }
        for entry in affected.entries {
            let new = self.place_of_entry(entry);
            let old = std::mem::replace(&mut self.entries[entry as usize].place, new);
            self.count(old, entry, Sign::Out, |slot| &mut slot.free_entries);
            self.count(new, entry, Sign::In, |slot| &mut slot.free_entries);
        }
        for account in affected.accounts {
            let new = self.place_of_account(account);
            let old = std::mem::replace(&mut self.accounts[account as usize].place, new);
            self.count(old, account, Sign::Out, |slot| &mut slot.free_accounts);
            self.count(new, account, Sign::In, |slot| &mut slot.free_accounts);
        }
    }

    fn place_of_entry(&self, entry: u32) -> Place {
        let side = &self.entries[entry as usize];
        let Some(key) = side.key.as_deref().filter(|_| side.present) else { return Place::Nowhere };
        match self.partner_of_entry(entry) {
            Some((account, _)) if self.accounts[account as usize].key == side.key => Place::Nowhere,
            Some(_) => Place::Renamed(key_hash(key)),
            None if side.link.is_some() => Place::Reserved(key_hash(key)),
            None => Place::Free(key_hash(key)),
        }
    }

    fn place_of_account(&self, account: u32) -> Place {
        let side = &self.accounts[account as usize];
        let Some(key) = side.key.as_deref().filter(|_| side.present) else { return Place::Nowhere };
        if side.link.is_some() || self.external_entry(account).is_some() { Place::Taken(key_hash(key)) } else { Place::Free(key_hash(key)) }
    }

    fn count(&mut self, place: Place, row: u32, sign: Sign, free: impl FnOnce(&mut Slot) -> &mut Group) {
        let (Place::Free(hash) | Place::Taken(hash) | Place::Renamed(hash) | Place::Reserved(hash)) = place else { return };
        let slot = self.slots.entry(hash).or_default();
        let step = |n: &mut u32| match sign {
            Sign::In => *n += 1,
            Sign::Out => *n -= 1,
        };
        match place {
            Place::Nowhere => {}
            Place::Free(_) => free(slot).add(row, sign),
            Place::Taken(_) => step(&mut slot.taken_accounts),
            Place::Renamed(_) => step(&mut slot.renamed_entries),
            Place::Reserved(_) => step(&mut slot.reserved),
        }
        if *slot == Slot::default() {
            self.slots.remove(&hash);
        }
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

fn grow(sides: &mut Vec<Side>, row: u32) {
    if sides.len() <= row as usize {
        sides.resize_with(row as usize + 1, Side::default);
    }
}

#[cfg(test)]
mod tests;
