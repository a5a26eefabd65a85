//! What a change does to the counts: whoever hangs on it is taken out of them, the change is made, and they are counted where
//! they belong then. What must stay true: nobody's place is another one between a lift and the settling that follows it.

use super::slots::{Place, Sign};
use super::{Hash, LinkEnds, Matcher, NONE, Side};
use crate::identity::population::RowIx;

/// Rows whose pairing may hang on a change.
#[derive(Default)]
struct Affected {
    entries: Vec<u32>,
    accounts: Vec<u32>,
}

impl Matcher {
    pub(super) fn change_entry(&mut self, row: u32, present: bool, key: Hash, external: Hash) {
        grow(&mut self.entries, row);
        let before = self.entries[row as usize];
        if (before.present, before.key, before.external) == (present, key, external) {
            return;
        }
        let mut affected = Affected { entries: vec![row], accounts: Vec::new() };
        self.lift(&mut affected);
        if before.external != external {
            if before.external != 0
                && let Ok(found) = self.entries_by_external.find_entry(before.external, |e| *e == row)
            {
                found.remove();
            }
            self.entries[row as usize].external = external;
            if external != 0 {
                let entries = &self.entries;
                self.entries_by_external.insert_unique(external, row, |e| entries[*e as usize].external);
            }
        }
        let side = &mut self.entries[row as usize];
        (side.present, side.key) = (present, key);
        self.settle(affected);
    }

    pub(super) fn change_account(&mut self, row: u32, present: bool, key: Hash, external: Hash) {
        grow(&mut self.accounts, row);
        let before = self.accounts[row as usize];
        if (before.present, before.key, before.external) == (present, key, external) {
            return;
        }
        let mut affected = Affected { entries: Vec::new(), accounts: vec![row] };
        self.lift(&mut affected);
        self.count_external(row, Sign::Out);
        let side = &mut self.accounts[row as usize];
        (side.present, side.key, side.external) = (present, key, external);
        self.count_external(row, Sign::In);
        self.settle(affected);
    }

    pub(super) fn change_link(&mut self, link: u32, change: impl FnOnce(&mut LinkEnds)) {
        let before = self.links[link as usize];
        let mut after = before;
        change(&mut after);
        let mut affected = Affected::default();
        for ends in [before, after] {
            affected.entries.extend(ends.entry.inspect(|e| grow(&mut self.entries, *e)));
            affected.accounts.extend(ends.account.inspect(|a| grow(&mut self.accounts, *a)));
        }
        self.lift(&mut affected);
        let accounts: Vec<u32> = [before.account, after.account].into_iter().flatten().collect();
        let first_only = if accounts.len() == 2 && accounts[0] == accounts[1] { &accounts[..1] } else { &accounts[..] };
        for account in first_only {
            self.count_external(*account, Sign::Out);
        }
        self.links[link as usize] = after;
        let in_force = !after.removed && !after.gone;
        for (ends, held) in [(before, NONE), (after, if in_force { link } else { NONE })] {
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
        let Side { external, present, link, .. } = self.accounts[account as usize];
        if external == 0 || !present {
            return;
        }
        if link != NONE {
            let count = self.linked_externals.entry(external).or_default();
            match sign {
                Sign::In => *count += 1,
                Sign::Out => *count -= 1,
            }
            if *count == 0 {
                self.linked_externals.remove(&external);
            }
            return;
        }
        let accounts = &self.accounts;
        match (sign, self.by_external(external)) {
            (Sign::In, None) => {
                self.accounts_by_external.insert_unique(external, account, |a| accounts[*a as usize].external);
            }
            (Sign::In, Some(_)) => self.more_by_external.entry(external).or_default().push(account),
            (Sign::Out, Some(first)) => {
                let others = self.more_by_external.get_mut(&external);
                let next = match others {
                    Some(others) if first == account => others.pop(),
                    Some(others) => {
                        others.retain(|other| *other != account);
                        Some(first)
                    }
                    None => None,
                };
                if self.more_by_external.get(&external).is_some_and(Vec::is_empty) {
                    self.more_by_external.remove(&external);
                }
                if next != Some(first) {
                    if let Ok(found) = self.accounts_by_external.find_entry(external, |a| *a == first) {
                        found.remove();
                    }
                    if let Some(next) = next {
                        self.accounts_by_external.insert_unique(external, next, |a| accounts[*a as usize].external);
                    }
                }
            }
            (Sign::Out, None) => {}
        }
    }

    /// Adds everybody whose place may follow from that of the rows given.
    fn add_neighbours(&self, affected: &mut Affected) {
        let (mut entries, mut accounts) = (Vec::new(), Vec::new());
        for entry in &affected.entries {
            let side = &self.entries[*entry as usize];
            accounts.extend(side.link().and_then(|l| self.links[l as usize].account));
            if side.external != 0 {
                accounts.extend(self.by_external(side.external));
                accounts.extend(self.more_by_external.get(&side.external).into_iter().flatten());
            }
        }
        for account in &affected.accounts {
            let side = &self.accounts[*account as usize];
            entries.extend(side.link().and_then(|l| self.links[l as usize].entry));
            if side.external != 0 {
                entries.extend(self.entries_by_external.find(side.external, |e| self.entries[*e as usize].external == side.external));
            }
        }
        affected.entries.extend(entries);
        affected.accounts.extend(accounts);
    }

    /// Takes the affected rows and their neighbours out of the counts, before something changes.
    fn lift(&mut self, affected: &mut Affected) {
        let before = affected.entries.len();
        self.add_neighbours(affected);
        if affected.entries.len() > before {
            // Whoever shares an `externalId` with an account hangs on the same entry.
            self.add_neighbours(affected);
        }
        for list in [&mut affected.entries, &mut affected.accounts] {
            list.sort_unstable();
            list.dedup();
        }
        for entry in &affected.entries {
            let side = &mut self.entries[*entry as usize];
            let place = std::mem::replace(&mut side.place, Place::Nowhere);
            self.slots.count_entry(side.key, place, *entry, Sign::Out);
        }
        for account in &affected.accounts {
            let side = &mut self.accounts[*account as usize];
            let place = std::mem::replace(&mut side.place, Place::Nowhere);
            self.slots.count_account(side.key, place, *account, Sign::Out);
        }
    }

    /// Counts the affected rows where they belong after a change, and their neighbours.
    fn settle(&mut self, mut affected: Affected) {
        self.lift(&mut affected);
        for entry in affected.entries {
            let place = self.place_of_entry(entry);
            self.entries[entry as usize].place = place;
            self.slots.count_entry(self.entries[entry as usize].key, place, entry, Sign::In);
            self.touched.entries.push(RowIx(entry));
            if place == Place::Free {
                // What keeps an entry from its account may lie elsewhere than in the key.
                let only = self.slots.get(self.entries[entry as usize].key).free_accounts.only();
                self.touched.accounts.extend(only.map(RowIx));
            }
        }
        for account in affected.accounts {
            let place = self.place_of_account(account);
            self.accounts[account as usize].place = place;
            self.slots.count_account(self.accounts[account as usize].key, place, account, Sign::In);
            self.touched.accounts.push(RowIx(account));
        }
        self.slots.compare(&mut self.touched);
    }
}

fn grow(sides: &mut Vec<Side>, row: u32) {
    if sides.len() <= row as usize {
        sides.resize(row as usize + 1, Side::default());
    }
}
