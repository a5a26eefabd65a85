//! Rows being put together: by a reader, in a draft that is used again for every user, and then into a batch.

use super::{Batch, Chunk, RowRef, Schema, narrow32};
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
    meta: Vec<u8>,
    text: String,
    rows: Vec<RowRef>,
}

impl BatchBuilder {
    /// An empty batch of rows of `schema`.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        BatchBuilder {
            columns: u16::try_from(schema.columns.len()).unwrap_or(u16::MAX),
            meta: Vec::new(),
            text: String::new(),
            rows: Vec::new(),
        }
    }

    /// Adds the row that `draft` holds. Values of one column are brought together; the order within a column is kept.
    pub fn push(&mut self, draft: &mut Draft) {
        draft.values.sort_by_key(|v| v.0);
        let wide = draft.text.len() > usize::from(u16::MAX) || draft.values.len() > usize::from(u16::MAX);
        self.rows.push(RowRef { chunk: 0, meta: narrow32(self.meta.len()), text: narrow32(self.text.len()), off: draft.off, gone: false });
        self.meta.push(u8::from(wide));
        let bits = usize::from(self.columns).div_ceil(8);
        let presence = self.meta.len();
        self.meta.resize(presence + 2 * bits, 0);
        let text_start = self.text.len();
        self.text.push_str(&draft.text[..draft.name_end]);
        self.put(wide, draft.id_end);
        self.put(wide, draft.name_end);
        let mut i = 0;
        while let Some(&(column, ..)) = draft.values.get(i) {
            let run = draft.values[i..].iter().take_while(|v| v.0 == column).count();
            let (byte, bit) = (usize::from(column / 8), 1 << (column % 8));
            self.meta[presence + byte] |= bit;
            if run > 1 {
                self.meta[presence + bits + byte] |= bit;
                self.put(wide, run);
            }
            for &(_, start, end) in &draft.values[i..i + run] {
                self.text.push_str(&draft.text[start..end]);
                self.put(wide, self.text.len() - text_start);
            }
            i += run;
        }
    }

    fn put(&mut self, wide: bool, n: usize) {
        let n = narrow32(n);
        let bytes = n.to_le_bytes();
        self.meta.extend_from_slice(if wide { &bytes } else { &bytes[..2] });
    }

    /// How many bytes of text it holds.
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
        // Exact copies: an allocator keeps the room that a grown buffer has left, and there are a thousand of these. The
        // buffers stay for the next batch.
        let mut meta = Vec::with_capacity(self.meta.len() + super::PADDING);
        meta.extend_from_slice(&self.meta);
        meta.extend([0; super::PADDING]);
        let chunk = Chunk { columns: self.columns, meta, text: self.text.as_str().to_owned() };
        self.meta.clear();
        self.text.clear();
        Batch { chunk: Arc::new(chunk), rows: std::mem::take(&mut self.rows) }
    }
}
