//! The compact store for one side: every user of a source or a target, as rows of text.
//!
//! A map of strings per user costs nine times its data. Here the text of many rows lies in one sealed chunk; a row is a
//! small header (which columns are present, where each value ends) and its values one after another. Rows point into
//! chunks, so a reader's batch is taken over without copying, a changed user is a new row in a new chunk, and a snapshot
//! is a clone of the page tables. What must stay true: chunks never change once sealed, ids are unique, and a row's
//! number stays with its id for the life of the population.
//!
//! Header of a row, in bytes: form (0 narrow, 1 wide), presence bits, several-values bits, then per present column the end
//! of its value relative to the row's text; a column with several values has their count first. Ends and counts are
//! little-endian `u16` (narrow) or `u32` (wide).

mod build;

pub use build::{BatchBuilder, Draft};

use super::AttributeName;
use super::value::key_hash;
use hashbrown::HashTable;
use std::sync::Arc;

/// The columns of a population, in order. The id and the name of a row are not columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    columns: Vec<AttributeName>,
}

impl Schema {
    /// A schema with these columns; a repeated name is kept once.
    pub fn new(names: impl IntoIterator<Item = AttributeName>) -> Self {
        let mut schema = Schema::default();
        for name in names {
            schema.intern(name);
        }
        schema
    }

    /// The column of `name`, added at the end if it is new.
    ///
    /// # Panics
    /// With more than 65,535 columns.
    pub fn intern(&mut self, name: AttributeName) -> u16 {
        self.column(name.as_str()).unwrap_or_else(|| {
            self.columns.push(name);
            u16::try_from(self.columns.len() - 1).expect("fewer than 65,536 attributes are asked for")
        })
    }

    /// The column of `name`, in any letter case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<u16> {
        self.columns.iter().position(|c| c.is(name)).and_then(|i| u16::try_from(i).ok())
    }

    /// The columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[AttributeName] {
        &self.columns
    }
}

/// The number of a row in its population; it stays with the row's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowIx(pub u32);

impl RowIx {
    /// As an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
struct Chunk {
    columns: u16,
    meta: Box<[u8]>,
    text: Box<str>,
}

#[derive(Debug, Clone, Copy)]
struct RowRef {
    chunk: u32,
    meta: u32,
    text: u32,
    off: bool,
}

/// Rows that belong together on their way from a reader to the store: one sealed chunk.
#[derive(Debug)]
pub struct Batch {
    chunk: Arc<Chunk>,
    rows: Vec<RowRef>,
}

impl Batch {
    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its rows.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|r| Row { chunk: &self.chunk, at: *r })
    }
}

fn narrow32(n: usize) -> u32 {
    u32::try_from(n).expect("a batch is sealed long before it holds 4 GiB")
}

/// One user, borrowed from the store.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    chunk: &'a Chunk,
    at: RowRef,
}

impl<'a> Row<'a> {
    fn wide(self) -> bool {
        self.chunk.meta[self.at.meta as usize] == 1
    }

    /// The number at place `slot` after the presence bits.
    fn number(self, slot: usize) -> usize {
        let bits = usize::from(self.chunk.columns).div_ceil(8);
        let base = self.at.meta as usize + 1 + 2 * bits;
        let m = &self.chunk.meta;
        if self.wide() {
            let i = base + slot * 4;
            u32::from_le_bytes([m[i], m[i + 1], m[i + 2], m[i + 3]]) as usize
        } else {
            let i = base + slot * 2;
            usize::from(u16::from_le_bytes([m[i], m[i + 1]]))
        }
    }

    fn text(self, start: usize, end: usize) -> &'a str {
        let base = self.at.text as usize;
        &self.chunk.text[base + start..base + end]
    }

    /// The lasting id.
    #[must_use]
    pub fn id(self) -> &'a str {
        self.text(0, self.number(0))
    }

    /// The DN of an entry, the `userName` of an account.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.text(self.number(0), self.number(1))
    }

    /// True for a disabled entry or an inactive account.
    #[must_use]
    pub fn is_off(self) -> bool {
        self.at.off
    }

    fn bit(self, column: u16, plane: usize) -> bool {
        let bits = usize::from(self.chunk.columns).div_ceil(8);
        let at = self.at.meta as usize + 1 + plane * bits + usize::from(column / 8);
        self.chunk.meta[at] & 1 << (column % 8) != 0
    }

    /// The slot of the first end of `column`, the end before it, and how many values the column has.
    fn locate(self, column: u16) -> Option<(usize, usize, usize)> {
        if column >= self.chunk.columns || !self.bit(column, 0) {
            return None;
        }
        let bits = usize::from(self.chunk.columns).div_ceil(8);
        let presence = &self.chunk.meta[self.at.meta as usize + 1..][..2 * bits];
        let (several, mask) = (&presence[bits..], (1u8 << (column % 8)) - 1);
        let before = usize::from(column / 8);
        let mut slot = 2;
        if several[..before].iter().all(|b| *b == 0) && several[before] & mask == 0 {
            let ones: u32 = presence[..before].iter().map(|b| b.count_ones()).sum::<u32>() + (presence[before] & mask).count_ones();
            slot += ones as usize;
        } else {
            for earlier in 0..column {
                if self.bit(earlier, 0) {
                    slot += if self.bit(earlier, 1) { 1 + self.number(slot) } else { 1 };
                }
            }
        }
        // The end before this column's first value is the number before it: an end in every case, also after a run.
        let start = self.number(slot - 1);
        Some(if self.bit(column, 1) { (slot + 1, start, self.number(slot)) } else { (slot, start, 1) })
    }

    /// The first value of a column.
    #[must_use]
    pub fn first(self, column: u16) -> Option<&'a str> {
        let (slot, start, _) = self.locate(column)?;
        Some(self.text(start, self.number(slot)))
    }

    /// Every value of a column, in the order in which they were read.
    pub fn all(self, column: u16) -> impl Iterator<Item = &'a str> {
        let (slot, mut start, count) = self.locate(column).unwrap_or((0, 0, 0));
        (0..count).map(move |i| {
            let end = self.number(slot + i);
            self.text(std::mem::replace(&mut start, end), end)
        })
    }

    /// How many values a column has.
    #[must_use]
    pub fn count(self, column: u16) -> usize {
        self.locate(column).map_or(0, |l| l.2)
    }

    fn content(self) -> (&'a [u8], &'a str, bool) {
        let columns = self.chunk.columns;
        let bits = usize::from(columns).div_ceil(8);
        let slots = 2 + (0..columns).filter(|c| self.bit(*c, 0)).fold(0, |n, c| n + self.count(c) + usize::from(self.bit(c, 1)));
        let size = 1 + 2 * bits + slots * if self.wide() { 4 } else { 2 };
        (&self.chunk.meta[self.at.meta as usize..][..size], self.text(0, self.number(slots - 1)), self.at.off)
    }
}

const PAGE: usize = 4096;

/// All users of one side. See the module's text for the layout.
#[derive(Debug, Clone, Default)]
pub struct Population {
    schema: Arc<Schema>,
    chunks: Vec<Arc<Chunk>>,
    pages: Vec<Arc<Vec<RowRef>>>,
    len: usize,
    ids: Arc<HashTable<u32>>,
}

/// What taking over one row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsert {
    /// The id is new.
    Inserted(RowIx),
    /// The id was there with other values, or another state.
    Changed(RowIx),
    /// The id was there with the same values.
    Same(RowIx),
}

impl Upsert {
    /// The row that it is about.
    #[must_use]
    pub fn row(self) -> RowIx {
        match self {
            Upsert::Inserted(row) | Upsert::Changed(row) | Upsert::Same(row) => row,
        }
    }
}

impl Population {
    /// An empty population of rows of `schema`.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Population { schema: Arc::new(schema), ..Population::default() }
    }

    /// Its columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every row number, in the order in which users were first seen.
    pub fn rows(&self) -> impl Iterator<Item = RowIx> + use<> {
        (0..narrow32(self.len)).map(RowIx)
    }

    /// The user at `row`.
    ///
    /// # Panics
    /// If `row` is not of this population.
    #[must_use]
    pub fn row(&self, row: RowIx) -> Row<'_> {
        let at = self.pages[row.index() / PAGE][row.index() % PAGE];
        Row { chunk: &self.chunks[at.chunk as usize], at }
    }

    /// The row of the user with this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<RowIx> {
        self.ids.find(key_hash(id), |row| self.row(RowIx(*row)).id() == id).map(|row| RowIx(*row))
    }

    /// Takes over a batch: new ids get new rows, known ids their new values. `told` hears what each row of the batch did.
    /// An id that comes twice is one user, with the values that came last.
    pub fn absorb(&mut self, batch: &Batch, mut told: impl FnMut(Upsert)) {
        let chunk = narrow32(self.chunks.len());
        self.chunks.push(Arc::clone(&batch.chunk));
        for at in &batch.rows {
            let at = RowRef { chunk, ..*at };
            let row = Row { chunk: &batch.chunk, at };
            let known = self.by_id(row.id());
            told(match known {
                None => {
                    let new = RowIx(narrow32(self.len));
                    if self.len.is_multiple_of(PAGE) {
                        self.pages.push(Arc::new(Vec::with_capacity(PAGE)));
                    }
                    let page = self.pages.last_mut().expect("a page was just made if there was none");
                    Arc::make_mut(page).push(at);
                    self.len += 1;
                    let (pages, chunks) = (&self.pages, &self.chunks);
                    let hash_of = |row: &u32| {
                        let at = pages[*row as usize / PAGE][*row as usize % PAGE];
                        key_hash(Row { chunk: &chunks[at.chunk as usize], at }.id())
                    };
                    Arc::make_mut(&mut self.ids).insert_unique(key_hash(row.id()), new.0, hash_of);
                    Upsert::Inserted(new)
                }
                Some(known) if self.row(known).content() == row.content() => Upsert::Same(known),
                Some(known) => {
                    Arc::make_mut(&mut self.pages[known.index() / PAGE])[known.index() % PAGE] = at;
                    Upsert::Changed(known)
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schema(n: usize) -> Schema {
        Schema::new((0..n).map(|i| AttributeName::new(format!("a{i}"))))
    }

    proptest! {
        #[test]
        fn what_was_pushed_is_what_is_read(
            columns in 1usize..40,
            users in prop::collection::vec((any::<bool>(), prop::collection::vec((0u16..40, ".{0,12}"), 0..30)), 1..30),
        ) {
            let schema = schema(columns);
            let mut builder = BatchBuilder::new(&schema);
            let mut draft = Draft::default();
            let users: Vec<_> = users.into_iter().map(|(off, values)| {
                (off, values.into_iter().filter(|v| usize::from(v.0) < columns).collect::<Vec<_>>())
            }).collect();
            for (i, (off, values)) in users.iter().enumerate() {
                draft.begin(&format!("id{i}"), &format!("name {i}"));
                draft.set_off(*off);
                for (column, value) in values {
                    draft.push(*column, value);
                }
                builder.push(&mut draft);
            }
            let mut population = Population::new(schema);
            population.absorb(&builder.seal(), |_| ());
            for (i, (off, values)) in users.iter().enumerate() {
                let row = population.row(population.by_id(&format!("id{i}")).unwrap());
                prop_assert_eq!(row.name(), format!("name {i}"));
                prop_assert_eq!(row.is_off(), *off);
                for column in 0..u16::try_from(columns).unwrap() {
                    let wanted: Vec<&str> = values.iter().filter(|v| v.0 == column).map(|v| v.1.as_str()).collect();
                    prop_assert_eq!(row.all(column).collect::<Vec<_>>(), wanted.clone());
                    prop_assert_eq!(row.first(column), wanted.first().copied());
                }
            }
        }
    }

    #[test]
    fn a_row_longer_than_the_narrow_form_is_kept_whole() {
        let schema = schema(2);
        let mut builder = BatchBuilder::new(&schema);
        let mut draft = Draft::default();
        draft.begin("x", "y");
        let long = "v".repeat(70_000);
        draft.push(1, &long);
        draft.push(0, "short");
        builder.push(&mut draft);
        let mut population = Population::new(schema);
        population.absorb(&builder.seal(), |_| ());
        let row = population.row(RowIx(0));
        assert_eq!(row.first(1), Some(long.as_str()));
        assert_eq!(row.first(0), Some("short"));
    }

    #[test]
    fn a_second_reading_keeps_row_numbers_and_tells_what_changed() {
        let schema = schema(1);
        let mut population = Population::new(schema.clone());
        let read = |population: &mut Population, users: &[(&str, &str)]| {
            let mut builder = BatchBuilder::new(&schema);
            let mut draft = Draft::default();
            for (id, value) in users {
                draft.begin(id, "n");
                draft.push(0, value);
                builder.push(&mut draft);
            }
            let mut told = Vec::new();
            population.absorb(&builder.seal(), |u| told.push(u));
            told
        };
        read(&mut population, &[("a", "1"), ("b", "2")]);
        let before = population.clone();
        let told = read(&mut population, &[("b", "2"), ("a", "9"), ("c", "3")]);
        assert_eq!(told, [Upsert::Same(RowIx(1)), Upsert::Changed(RowIx(0)), Upsert::Inserted(RowIx(2))]);
        assert_eq!(population.row(RowIx(0)).first(0), Some("9"));
        assert_eq!(before.row(RowIx(0)).first(0), Some("1"), "a snapshot does not change");
        assert_eq!(before.len(), 2);
    }
}
