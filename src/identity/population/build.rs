//! Rows being put together: by a reader, in a draft that is used again for every user, and then into a batch.

use super::row::{self, Chunk, FIXED, LONG, PADDING, RowRef};
use super::{Batch, Schema, narrow32};
use std::sync::Arc;

/// A row that a reader is putting together: reused for every user, so that no value is allocated for.
#[derive(Debug, Default)]
pub struct Draft {
    text: String,
    id_end: usize,
    name_end: usize,
    values: Vec<(u16, usize, usize)>,
    off: bool,
}

impl Draft {
    /// Begins a row: `id` is the lasting id, `name` the DN of an entry or the `userName` of an account.
    pub fn begin(&mut self, id: &str, name: &str) {
        self.text.clear();
        self.values.clear();
        self.off = false;
        self.text.push_str(id);
        self.id_end = self.text.len();
        self.text.push_str(name);
        self.name_end = self.text.len();
    }

    /// Adds a value of a column. Several values of a column keep the order in which they are added.
    pub fn push(&mut self, column: u16, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.values.push((column, start, self.text.len()));
    }

    /// Says that the entry is disabled or the account inactive.
    pub fn set_off(&mut self, off: bool) {
        self.off = off;
    }

    /// True if this column has a value already.
    #[must_use]
    pub fn has(&self, column: u16) -> bool {
        self.values.iter().any(|v| v.0 == column)
    }

    /// Takes out values of a column that another column has too.
    pub fn remove_repeated(&mut self, column: u16, other: u16) {
        let Draft { text, values, .. } = self;
        let mut at = 0;
        while let Some(&(this, start, end)) = values.get(at) {
            let repeats = |v: &(u16, usize, usize)| v.0 == other && text[v.1..v.2] == text[start..end];
            if this == column && values.iter().any(repeats) {
                values.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// The values pushed so far for a column.
    pub fn values(&self, column: u16) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |v| v.0 == column).map(|v| &self.text[v.1..v.2])
    }

    /// The id that the row began with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.text[..self.id_end]
    }
}

/// Builds one batch.
#[derive(Debug)]
pub struct BatchBuilder {
    columns: u16,
    /// Of the row that is being added.
    header: Vec<u8>,
    text: String,
    rows: Vec<RowRef>,
}

impl BatchBuilder {
    /// An empty batch of rows of `schema`.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        BatchBuilder {
            columns: u16::try_from(schema.columns.len()).unwrap_or(u16::MAX),
            header: Vec::new(),
            text: String::new(),
            rows: Vec::new(),
        }
    }

    /// Adds the row that `draft` holds. Values of one column are brought together; the order within a column is kept.
    pub fn push(&mut self, draft: &mut Draft) {
        draft.values.sort_by_key(|v| v.0);
        let runs = draft.values.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1).count();
        let numbers = FIXED + draft.values.len() + runs;
        let wide = row::header_len(self.columns, numbers, false) + draft.text.len() >= LONG;
        let header = &mut self.header;
        header.clear();
        header.push(u8::from(wide));
        let bits = row::bytes_of_bits(self.columns);
        header.resize(1 + 2 * bits, 0);
        let mut end = row::header_len(self.columns, numbers, wide);
        let put = |header: &mut Vec<u8>, n: usize| row::put(header, wide, narrow32(n));
        put(header, end);
        put(header, end + draft.id_end);
        end += draft.name_end;
        put(header, end);
        for run in draft.values.chunk_by(|a, b| a.0 == b.0) {
            let (byte, bit) = (1 + usize::from(run[0].0 / 7), 1 << (run[0].0 % 7));
            header[byte] |= bit;
            if run.len() > 1 {
                header[bits + byte] |= bit;
                put(header, run.len());
            }
            for (_, from, to) in run {
                end += to - from;
                put(header, end);
            }
        }
        self.rows.push(RowRef::new(narrow32(self.text.len()), draft.off));
        self.text.push_str(std::str::from_utf8(&self.header).expect("a header is ASCII"));
        self.text.push_str(&draft.text[..draft.name_end]);
        for (_, from, to) in &draft.values {
            self.text.push_str(&draft.text[*from..*to]);
        }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    /// How many rows it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if nothing was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Seals it, and leaves an empty one behind.
    pub fn seal(&mut self) -> Batch {
        // An exact copy: an allocator keeps the room that a grown buffer has left, and there are a thousand of these. The
        // buffer stays for the next batch.
        let mut text = String::with_capacity(self.text.len() + PADDING.len());
        text.push_str(&self.text);
        text.push_str(PADDING);
        self.text.clear();
        Batch { chunk: Arc::new(Chunk::new(self.columns, text)), rows: std::mem::take(&mut self.rows) }
    }
}
