//! The remembered pairs of a service, compactly: there can be as many as accounts.

use crate::clock::Instant;
use crate::identity::population::{BatchBuilder, Draft, Population, RowIx, Schema};
use crate::identity::value::key_hash;
use crate::identity::{AccountId, AttributeName, EntryId};
use crate::model::{Link, LinkOrigin};
use hashbrown::HashTable;
use std::collections::HashSet;

const CHANNEL: u16 = 0;
const ORIGIN: u16 = 1;
const SINCE: u16 = 2;
const REMEMBERED: u16 = 3;

fn fill(draft: &mut Draft, link: &Link) {
    draft.begin(link.entry.as_str(), link.account.as_str());
    draft.set_off(!link.last_active);
    draft.push(CHANNEL, &link.channel);
    let origin = match link.origin {
        LinkOrigin::Created => "c",
        LinkOrigin::Matched => "m",
        LinkOrigin::ByHand => "h",
    };
    draft.push(ORIGIN, origin);
    draft.push(SINCE, &link.since.0.to_string());
    for value in &link.remembered {
        draft.push(REMEMBERED, value);
    }
}

/// Remembered pairs. A link is known by its number; an entry has one at most, and so has an account.
#[derive(Debug, Clone, Default)]
pub struct LinkBook {
    /// The id is the entry's, the name is the account's id; off is an account that was inactive when it was seen last.
    rows: Population,
    by_account: HashTable<u32>,
    /// Links whose entry ids are of another kind than ours.
    foreign: HashSet<u32>,
    /// Links that were taken back since: their numbers are kept.
    removed: HashSet<u32>,
}

impl LinkBook {
    /// The links of a service. Those of `foreign` channels name entries by ids of another kind, or of another directory.
    pub(in crate::engine) fn new(links: &[Link], foreign: &HashSet<String>) -> Self {
        let schema = Schema::new(["channel", "origin", "since", "remembered"].map(AttributeName::new));
        let mut book = LinkBook { rows: Population::new(schema.clone()), ..LinkBook::default() };
        let mut builder = BatchBuilder::new(&schema);
        let mut draft = Draft::default();
        for part in links.chunks(4096) {
            for link in part {
                fill(&mut draft, link);
                builder.push(&mut draft);
            }
            book.rows.absorb(&builder.seal(), |_, _| ());
        }
        let rows = &book.rows;
        book.by_account.reserve(rows.len(), |n| key_hash(rows.row(RowIx(*n)).name()));
        for row in rows.rows() {
            let stored = rows.row(row);
            book.by_account.insert_unique(key_hash(stored.name()), row.0, |n| key_hash(rows.row(RowIx(*n)).name()));
            if !foreign.is_empty() && stored.first(CHANNEL).is_some_and(|c| foreign.contains(c)) {
                book.foreign.insert(row.0);
            }
        }
        book
    }

    /// Adds a link; neither of its ends may be in one. Gives its number, which may be that of one that was taken back.
    pub(in crate::engine) fn add(&mut self, link: &Link) -> u32 {
        let before = self.rows.by_id(link.entry.as_str());
        if let Some(row) = before {
            let hash = key_hash(self.rows.row(row).name());
            if let Ok(found) = self.by_account.find_entry(hash, |n| *n == row.0) {
                found.remove();
            }
        }
        let mut builder = BatchBuilder::new(self.rows.schema());
        let mut draft = Draft::default();
        fill(&mut draft, link);
        builder.push(&mut draft);
        let mut number = before.map_or(0, |row| row.0);
        self.rows.absorb(&builder.seal(), |upsert, _| number = upsert.row().0);
        self.removed.remove(&number);
        self.foreign.remove(&number);
        let rows = &self.rows;
        self.by_account.insert_unique(key_hash(link.account.as_str()), number, |n| key_hash(rows.row(RowIx(*n)).name()));
        number
    }

    /// Takes a link back. Its number stays its own.
    pub(in crate::engine) fn remove(&mut self, link: u32) {
        self.removed.insert(link);
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() - self.removed.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if exactly this link is remembered.
    #[must_use]
    pub fn has(&self, link: &Link) -> bool {
        self.rows.by_id(link.entry.as_str()).is_some_and(|row| !self.removed.contains(&row.0) && self.link(row.0) == *link)
    }

    /// The link of an entry of ours.
    #[must_use]
    pub fn by_entry(&self, id: &str) -> Option<u32> {
        self.rows.by_id(id).map(|row| row.0).filter(|n| !self.foreign.contains(n) && !self.removed.contains(n))
    }

    /// The link of an account.
    #[must_use]
    pub fn by_account(&self, id: &str) -> Option<u32> {
        self.by_account.find(key_hash(id), |n| self.account(*n) == id && !self.removed.contains(n)).copied()
    }

    /// The id of the entry.
    #[must_use]
    pub fn entry(&self, link: u32) -> &str {
        self.rows.row(RowIx(link)).id()
    }

    /// The id of the account.
    #[must_use]
    pub fn account(&self, link: u32) -> &str {
        self.rows.row(RowIx(link)).name()
    }

    /// The channel that made it.
    #[must_use]
    pub fn channel(&self, link: u32) -> &str {
        self.rows.row(RowIx(link)).first(CHANNEL).unwrap_or_default()
    }

    /// What the account was seen to show.
    pub fn remembered(&self, link: u32) -> impl Iterator<Item = &str> {
        self.rows.row(RowIx(link)).all(REMEMBERED)
    }

    /// Whether the account was active when it was seen last.
    #[must_use]
    pub fn last_active(&self, link: u32) -> bool {
        !self.rows.row(RowIx(link)).is_off()
    }

    /// True if its entry is named by an id of another kind than ours.
    #[must_use]
    pub fn is_foreign(&self, link: u32) -> bool {
        self.foreign.contains(&link)
    }

    /// Since when.
    #[must_use]
    pub fn since(&self, link: u32) -> Instant {
        Instant(self.rows.row(RowIx(link)).first(SINCE).and_then(|s| s.parse().ok()).unwrap_or_default())
    }

    /// All of it.
    #[must_use]
    pub fn link(&self, link: u32) -> Link {
        let row = self.rows.row(RowIx(link));
        let origin = match row.first(ORIGIN) {
            Some("c") => LinkOrigin::Created,
            Some("m") => LinkOrigin::Matched,
            _ => LinkOrigin::ByHand,
        };
        Link {
            entry: EntryId::new(row.id()),
            account: AccountId::new(row.name()),
            channel: self.channel(link).to_owned(),
            origin,
            since: self.since(link),
            remembered: row.all(REMEMBERED).map(str::to_owned).collect(),
            last_active: !row.is_off(),
        }
    }

    /// The number of every link.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows.rows().map(|row| row.0).filter(|n| !self.removed.contains(n))
    }

    /// Every link.
    pub fn iter(&self) -> impl Iterator<Item = Link> + '_ {
        self.numbers().map(|n| self.link(n))
    }
}
