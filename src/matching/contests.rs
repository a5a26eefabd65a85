//! Who else it could be: the entries and accounts that share a key with an ambiguous entry.

use super::{Matcher, Side, narrow};
use crate::identity::population::RowIx;
use hashbrown::HashMap;
use rayon::prelude::*;

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

/// Rows of a step.
const STEP: usize = 16 * 1024;

/// Tells quickly of most hashes that they are not among some.
struct Sieve(Box<[u64]>);

/// As many bits as fit into a processor's nearest memory.
const SIEVE: u64 = 128 * 1024;

impl Default for Sieve {
    fn default() -> Self {
        Sieve(vec![0; usize::try_from(SIEVE / 64).unwrap_or(0)].into())
    }
}

impl Sieve {
    fn place(hash: u64) -> (usize, u64) {
        let bit = hash % SIEVE;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn add(&mut self, hash: u64) {
        let (word, bit) = Self::place(hash);
        self.0[word] |= bit;
    }

    fn may_have(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        self.0[word] & bit != 0
    }
}

/// What a row shares with others: the key, and the `externalId`.
fn hashes(side: &Side) -> impl Iterator<Item = u64> {
    [side.key, side.external].into_iter().filter(|hash| *hash != 0)
}

impl Matcher {
    /// Everybody who has a say in the ambiguous rows: entries and accounts by the key that they share, in row order.
    /// One pass over everything; for a listing that names candidates. `ambiguous` are the entries of which it can't be told.
    #[must_use]
    pub fn contests(&self, ambiguous: &[RowIx]) -> Contests {
        let mut wanted: HashMap<u64, Contest> = HashMap::new();
        let mut sieve = Sieve::default();
        for side in ambiguous.iter().filter_map(|entry| self.entries.get(entry.index())) {
            for hash in hashes(side) {
                wanted.entry(hash).or_default();
                sieve.add(hash);
            }
        }
        if wanted.is_empty() {
            return Contests { by_hash: wanted };
        }
        let concerned = |sides: &[Side]| -> Vec<RowIx> {
            let is_concerned = |side: &Side| side.present && hashes(side).any(|hash| sieve.may_have(hash) && wanted.contains_key(&hash));
            let rows = sides.par_iter().enumerate().with_min_len(STEP).filter(|(_, side)| is_concerned(side));
            rows.map(|(row, _)| RowIx(narrow(row))).collect()
        };
        let (entries, accounts) = (concerned(&self.entries), concerned(&self.accounts));
        for (rows, sides, is_entry) in [(entries, &self.entries, true), (accounts, &self.accounts, false)] {
            for row in rows {
                for hash in hashes(&sides[row.index()]) {
                    if let Some(contest) = wanted.get_mut(&hash) {
                        let list = if is_entry { &mut contest.entries } else { &mut contest.accounts };
                        if list.last() != Some(&row) {
                            list.push(row);
                        }
                    }
                }
            }
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
