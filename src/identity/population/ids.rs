//! Which row an id has: tables in shards, so that a new id after a snapshot copies one of them and not all.

use hashbrown::HashTable;
use std::sync::Arc;

/// So many that a million ids, and two, fill them well: a table of 4,096 places takes 3,584.
const SHARDS: u64 = 288;

/// A part of the id's hash, and the row. With the hash at hand a table grows without reading any row.
type Shard = HashTable<(u32, u32)>;

/// Rows by the hash of their id.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids(Arc<Vec<Arc<Shard>>>);

fn shard(hash: u64) -> usize {
    usize::try_from(((hash & 0xFF_FFFF) * SHARDS) >> 24).expect("it is below the number of shards")
}

#[expect(clippy::cast_possible_truncation, reason = "a part of a hash is a hash")]
fn part(hash: u64) -> u32 {
    (hash >> 24) as u32
}

/// Spread again: the table takes its place from the low bits and its tag from the high ones.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Ids {
    /// The row with this hash that `is` the one.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let part = part(hash);
        self.0.get(shard(hash))?.find(spread(part), |(theirs, row)| *theirs == part && is(*row)).map(|found| found.1)
    }

    /// Adds a row that is not there.
    pub(super) fn insert(&mut self, hash: u64, row: u32) {
        let shards = Arc::make_mut(&mut self.0);
        if shards.is_empty() {
            shards.resize_with(usize::try_from(SHARDS).unwrap_or(1), Arc::default);
        }
        let part = part(hash);
        Arc::make_mut(&mut shards[shard(hash)]).insert_unique(spread(part), (part, row), |item| spread(item.0));
    }
}
