//! What the owner of a population keeps about it and a snapshot does not need: who was seen, and where garbage lies.

use super::RowIx;

/// Whether a reading had an id before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// For the first time in this reading.
    First,
    /// Once more.
    Again,
}

/// A quarter of a chunk's text may be garbage, and in any chunk so many bytes.
const LITTLE: usize = 4 * 1024;

#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// A bit a row.
    pub seen: Vec<u64>,
    pub tail: Option<u32>,
    chunks: Vec<Content>,
    /// Chunks that had much garbage when it was counted last.
    full: Vec<u32>,
}

#[derive(Debug, Default)]
struct Content {
    text: usize,
    garbage: usize,
    /// Rows that were put here; some may be elsewhere by now.
    members: Vec<RowIx>,
}

impl Clone for Upkeep {
    /// A snapshot is never changed: it needs none of this.
    fn clone(&self) -> Self {
        Upkeep::default()
    }
}

impl Upkeep {
    pub(super) fn has_seen(&self, row: RowIx) -> bool {
        self.seen.get(row.index() / 64).is_some_and(|word| word & 1 << (row.index() % 64) != 0)
    }

    pub(super) fn see(&mut self, row: RowIx) -> Seen {
        let (word, bit) = (row.index() / 64, 1 << (row.index() % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        let before = self.seen[word] & bit != 0;
        self.seen[word] |= bit;
        if before { Seen::Again } else { Seen::First }
    }

    fn content(&mut self, chunk: u32) -> &mut Content {
        let chunk = chunk as usize;
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, Content::default);
        }
        &mut self.chunks[chunk]
    }

    /// A chunk of a reader is here.
    pub(super) fn came(&mut self, chunk: u32, text: usize) {
        self.content(chunk).text = text;
    }

    /// These rows of it are the ones that count.
    pub(super) fn stays(&mut self, chunk: u32, mut rows: Vec<RowIx>) {
        rows.shrink_to_fit();
        self.content(chunk).members = rows;
    }

    /// A row went into the open chunk.
    pub(super) fn moved(&mut self, tail: u32, row: RowIx, text: usize) {
        let content = self.content(tail);
        content.text += text;
        content.members.push(row);
    }

    /// So many bytes of a chunk are garbage.
    pub(super) fn lost(&mut self, chunk: u32, text: usize) {
        let content = self.content(chunk);
        content.garbage += text;
        if content.garbage > LITTLE && content.garbage * 4 > content.text {
            self.full.push(chunk);
        }
    }

    pub(super) fn freed(&mut self, chunk: u32) {
        *self.content(chunk) = Content::default();
    }

    /// A chunk that is to be rewritten, with the rows that may be in it.
    pub(super) fn worst(&mut self) -> Option<(u32, Vec<RowIx>)> {
        while let Some(chunk) = self.full.pop() {
            let content = self.content(chunk);
            // It may have been rewritten since; and a batch may still be on its way in.
            if content.garbage * 4 > content.text && !content.members.is_empty() {
                return Some((chunk, std::mem::take(&mut content.members)));
            }
        }
        None
    }
}
