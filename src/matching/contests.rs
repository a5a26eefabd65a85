//! Who else it could be: the entries and accounts that share a key with an ambiguous entry.

use super::{EntryPairing, Matcher, Side, narrow};
use crate::identity::population::RowIx;
use hashbrown::HashMap;

/// How many of each side a row names: with a match rule that gives everybody the same key, all would name all.
const MOST: usize = 20;

/// Who shares a key with an ambiguous entry.
#[derive(Debug, Default)]
pub struct Contests {
    by_hash: HashMap<u64, Contest>,
}

#[derive(Debug, Default)]
struct Contest {
    entries: Vec<RowIx>,
    accounts: Vec<RowIx>,
}

/// What a row shares with others: the key, and the `externalId`.
fn hashes(side: &Side) -> impl Iterator<Item = u64> {
    [side.key, side.external].into_iter().filter(|hash| *hash != 0)
}

impl Matcher {
    /// Everybody who has a say in the ambiguous rows: entries and accounts by the key that they share, in row order.
    /// One pass over everything; for a listing that names candidates.
    #[must_use]
    pub fn contests(&self) -> Contests {
        let mut wanted: HashMap<u64, Contest> = HashMap::new();
        let ambiguous: Vec<u32> =
            (0..narrow(self.entries.len())).filter(|e| matches!(self.entry(RowIx(*e)), EntryPairing::Ambiguous(_))).collect();
        for entry in &ambiguous {
            let side = &self.entries[*entry as usize];
            for hash in hashes(side) {
                wanted.entry(hash).or_default();
            }
        }
        if wanted.is_empty() {
            return Contests { by_hash: wanted };
        }
        let mut put = |row: u32, side: &Side, is_entry: bool| {
            if side.present {
                for hash in hashes(side) {
                    if let Some(contest) = wanted.get_mut(&hash) {
                        let list = if is_entry { &mut contest.entries } else { &mut contest.accounts };
                        if list.last() != Some(&RowIx(row)) {
                            list.push(RowIx(row));
                        }
                    }
                }
            }
        };
        for (row, side) in self.entries.iter().enumerate() {
            put(narrow(row), side, true);
        }
        for (row, side) in self.accounts.iter().enumerate() {
            put(narrow(row), side, false);
        }
        Contests { by_hash: wanted }
    }

    /// Entries that have the key of an account which is linked to somebody who is not in scope: the same person anew, or
    /// another one.
    #[must_use]
    pub fn claimants(&self, contests: &Contests, account: RowIx) -> Vec<RowIx> {
        let contest = self.accounts.get(account.index()).and_then(|side| contests.by_hash.get(&side.key));
        contest.map_or_else(Vec::new, |c| c.entries.iter().take(MOST).copied().collect())
    }

    /// The other entries and the accounts that an entry's pairing is contested with, the first ones of each.
    #[must_use]
    pub fn candidates(&self, contests: &Contests, entry: RowIx) -> (Vec<RowIx>, Vec<RowIx>) {
        let (mut entries, mut accounts) = (Vec::new(), Vec::new());
        let Some(side) = self.entries.get(entry.index()) else { return (entries, accounts) };
        for hash in hashes(side) {
            if let Some(contest) = contests.by_hash.get(&hash) {
                entries.extend(contest.entries.iter().filter(|e| **e != entry).take(MOST));
                accounts.extend(contest.accounts.iter().take(MOST));
            }
        }
        accounts.extend(self.partner_of_entry(entry.0).map(|(a, _)| RowIx(a)));
        for list in [&mut entries, &mut accounts] {
            list.sort_unstable();
            list.dedup();
        }
        (entries, accounts)
    }
}
