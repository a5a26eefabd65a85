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
mod ids;
mod upkeep;

pub use build::{BatchBuilder, Draft};
pub use upkeep::Seen;

use super::AttributeName;
use super::paged::Paged;
use super::value::key_hash;
use ids::Ids;
use std::sync::Arc;
use upkeep::Upkeep;

/// Bytes of text in the open chunk, to which changed rows go: small enough to be copied where a snapshot holds it.
const TAIL: usize = 8 * 1024;

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
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Default)]
struct Chunk {
    columns: u16,
    meta: Vec<u8>,
    text: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct RowRef {
    chunk: u32,
    meta: u32,
    text: u32,
    off: bool,
    /// The user is not there any more; the number stays with the id.
    gone: bool,
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

    /// How many bytes of values.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.chunk.text.len()
    }

    /// True if it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its rows.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|r| Row::new(&self.chunk, *r))
    }
}

fn narrow32(n: usize) -> u32 {
    u32::try_from(n).expect("a batch is sealed long before it holds 4 GiB")
}

/// Zeroes behind the last header of a chunk: the bits of any row can be read eight bytes at a time.
const PADDING: usize = 16;

/// One user, borrowed from the store.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    chunk: &'a Chunk,
    at: RowRef,
    /// Which of the first 64 columns have a value.
    present: u64,
    /// Which of them have several.
    several: u64,
    wide: bool,
    /// Where the ends begin.
    ends: usize,
}

impl<'a> Row<'a> {
    #[inline]
    fn new(chunk: &'a Chunk, at: RowRef) -> Self {
        let meta = at.meta as usize;
        let bits = usize::from(chunk.columns).div_ceil(8);
        let mask = if chunk.columns < 64 { (1u64 << chunk.columns) - 1 } else { u64::MAX };
        let word = |from: usize| {
            let bytes = chunk.meta.get(from..from + 8).and_then(|b| b.try_into().ok());
            u64::from_le_bytes(bytes.expect("a chunk is padded")) & mask
        };
        let (present, several) = (word(meta + 1), word(meta + 1 + bits));
        Row { chunk, at, present, several, wide: chunk.meta[meta] == 1, ends: meta + 1 + 2 * bits }
    }

    /// The number at place `slot` after the presence bits.
    #[inline]
    fn number(self, slot: usize) -> usize {
        let m = &self.chunk.meta;
        if self.wide {
            let i = self.ends + slot * 4;
            u32::from_le_bytes([m[i], m[i + 1], m[i + 2], m[i + 3]]) as usize
        } else {
            let i = self.ends + slot * 2;
            usize::from(u16::from_le_bytes([m[i], m[i + 1]]))
        }
    }

    #[inline]
    fn text(self, start: usize, end: usize) -> &'a str {
        let base = self.at.text as usize;
        &self.chunk.text[base + start..base + end]
    }

    /// The lasting id.
    #[inline]
    #[must_use]
    pub fn id(self) -> &'a str {
        self.text(0, self.number(0))
    }

    /// The DN of an entry, the `userName` of an account.
    #[inline]
    #[must_use]
    pub fn name(self) -> &'a str {
        self.text(self.number(0), self.number(1))
    }

    /// True for a disabled entry or an inactive account.
    #[inline]
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
    #[inline]
    fn locate(self, column: u16) -> Option<(usize, usize, usize)> {
        if column >= 64 {
            return self.locate_far(column);
        }
        let bit = 1u64 << column;
        if self.present & bit == 0 {
            return None;
        }
        if self.several & (bit - 1) != 0 {
            return self.locate_far(column);
        }
        let slot = 2 + (self.present & (bit - 1)).count_ones() as usize;
        let start = self.number(slot - 1);
        Some(if self.several & bit == 0 { (slot, start, 1) } else { (slot + 1, start, self.number(slot)) })
    }

    /// The same for a column behind others that have several values, or one of many.
    #[inline(never)]
    fn locate_far(self, column: u16) -> Option<(usize, usize, usize)> {
        if column >= self.chunk.columns || !self.bit(column, 0) {
            return None;
        }
        let mut slot = 2;
        for earlier in 0..column {
            if self.bit(earlier, 0) {
                slot += if self.bit(earlier, 1) { 1 + self.number(slot) } else { 1 };
            }
        }
        // The end before this column's first value is the number before it: an end in every case, also after a run.
        let start = self.number(slot - 1);
        Some(if self.bit(column, 1) { (slot + 1, start, self.number(slot)) } else { (slot, start, 1) })
    }

    /// The first value of a column.
    #[inline]
    #[must_use]
    pub fn first(self, column: u16) -> Option<&'a str> {
        let (slot, start, _) = self.locate(column)?;
        Some(self.text(start, self.number(slot)))
    }

    /// Every value of a column, in the order in which they were read.
    #[inline]
    pub fn all(self, column: u16) -> impl Iterator<Item = &'a str> {
        let (slot, mut start, count) = self.locate(column).unwrap_or((0, 0, 0));
        (0..count).map(move |i| {
            let end = self.number(slot + i);
            self.text(std::mem::replace(&mut start, end), end)
        })
    }

    /// How many values a column has.
    #[inline]
    #[must_use]
    pub fn count(self, column: u16) -> usize {
        self.locate(column).map_or(0, |l| l.2)
    }

    fn content(self) -> (&'a [u8], &'a str, bool) {
        let (meta, text) = self.bytes();
        (meta, text, self.at.off)
    }

    /// The bytes of its header and of its values.
    fn bytes(self) -> (&'a [u8], &'a str) {
        let columns = self.chunk.columns;
        let slots = 2 + (0..columns).filter(|c| self.bit(*c, 0)).fold(0, |n, c| n + self.count(c) + usize::from(self.bit(c, 1)));
        let size = self.ends - self.at.meta as usize + slots * if self.wide { 4 } else { 2 };
        (&self.chunk.meta[self.at.meta as usize..][..size], self.text(0, self.number(slots - 1)))
    }
}

/// The mark of a part of a population: equal only while none of its rows has changed.
#[derive(Debug, Clone)]
pub struct Version(Arc<[RowRef]>);

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// All users of one side. See the module's text for the layout. A copy is a snapshot: it shares everything.
#[derive(Debug, Clone, Default)]
pub struct Population {
    schema: Arc<Schema>,
    /// In small leaves: a copy of one counts up as many references.
    chunks: Paged<Option<Arc<Chunk>>, 64>,
    rows: Paged<RowRef>,
    present: usize,
    ids: Ids,
    upkeep: Upkeep,
}

/// What taking over one row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsert {
    /// The id is new, or back again.
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

    /// How many users are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.present
    }

    /// True if there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.present == 0
    }

    /// How many row numbers were given out, also to users that are not there any more.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.rows.len()
    }

    /// The row number of everybody who is there, in the order in which they were first seen.
    pub fn rows(&self) -> impl Iterator<Item = RowIx> + '_ {
        self.rows.iter().enumerate().filter(|(_, at)| !at.gone).map(|(row, _)| RowIx(narrow32(row)))
    }

    /// The rows in parts, each with a mark that stays the same as long as none of its rows changes.
    pub fn versions(&self) -> impl Iterator<Item = (Version, std::ops::Range<u32>)> + '_ {
        self.rows.leaves().map(|(leaf, rows)| (Version(Arc::clone(leaf)), narrow32(rows.start)..narrow32(rows.end)))
    }

    /// True if the user of this row is there.
    #[must_use]
    #[inline]
    pub fn has(&self, row: RowIx) -> bool {
        self.rows.get(row.index()).is_some_and(|at| !at.gone)
    }

    /// The user at `row`, also one who was there last.
    ///
    /// # Panics
    /// If `row` is not of this population.
    #[must_use]
    #[inline]
    pub fn row(&self, row: RowIx) -> Row<'_> {
        let at = *self.rows.get(row.index()).expect("the row is of this population");
        let chunk = self.chunks.get(at.chunk as usize).and_then(Option::as_ref);
        Row::new(chunk.expect("a chunk stays as long as a row points into it"), at)
    }

    /// Reads some bytes of a row, so that the rest of it is near when it is needed. To be called for a few dozen rows in a loop
    /// that does nothing else: then memory is waited for once for all of them.
    #[inline]
    #[must_use]
    pub fn touch(&self, row: RowIx) -> u8 {
        let Some(at) = self.rows.get(row.index()) else { return 0 };
        let Some(Some(chunk)) = self.chunks.get(at.chunk as usize) else { return 0 };
        let (text, from) = (chunk.text.as_bytes(), at.text as usize);
        let line = |n: usize| text.get(from + 64 * n).copied().unwrap_or(0);
        chunk.meta[at.meta as usize] ^ line(0) ^ line(1) ^ line(2) ^ line(3) ^ line(4)
    }

    /// The same for the header of a row alone.
    #[inline]
    #[must_use]
    pub fn touch_header(&self, row: RowIx) -> u8 {
        let Some(at) = self.rows.get(row.index()) else { return 0 };
        let Some(Some(chunk)) = self.chunks.get(at.chunk as usize) else { return 0 };
        chunk.meta[at.meta as usize] ^ chunk.meta.get(at.meta as usize + 48).copied().unwrap_or(0)
    }

    /// True for a disabled entry or an inactive account; reads less than the row does.
    #[inline]
    #[must_use]
    pub fn is_off(&self, row: RowIx) -> bool {
        self.rows.get(row.index()).is_some_and(|at| at.off)
    }

    /// The row of the user with this id, if they are there.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<RowIx> {
        self.slot_of(id, key_hash(id)).filter(|row| self.has(*row))
    }

    /// The row number that an id has, also if its user is not there any more.
    fn slot_of(&self, id: &str, hash: u64) -> Option<RowIx> {
        self.ids.find(hash, |row| self.row(RowIx(row)).id() == id).map(RowIx)
    }

    /// A new reading begins: from here on it is noted who is seen.
    pub fn begin_reading(&mut self) {
        self.upkeep.seen.clear();
    }

    /// The reading proved to be complete: whoever was not seen is not there any more. `told` hears of each.
    pub fn end_reading(&mut self, mut told: impl FnMut(RowIx)) {
        let unseen: Vec<RowIx> = self.rows().filter(|row| !self.upkeep.has_seen(*row)).collect();
        for row in unseen {
            if let Some(at) = self.rows.get_mut(row.index()) {
                at.gone = true;
                self.present -= 1;
            }
            told(row);
        }
    }

    /// Takes over a batch: new ids get new rows, known ids their new values. `told` hears what each row of the batch did, and
    /// whether this reading had the id before. An id that comes twice is one user, with the values that came last.
    pub fn absorb(&mut self, batch: &Batch, mut told: impl FnMut(Upsert, Seen)) {
        let chunk = narrow32(self.chunks.len());
        self.chunks.push(Some(Arc::clone(&batch.chunk)));
        let mut kept: Vec<RowIx> = Vec::with_capacity(batch.rows.len());
        self.upkeep.came(chunk, batch.chunk.text.len());
        for at in &batch.rows {
            let at = RowRef { chunk, ..*at };
            let row = Row::new(&batch.chunk, at);
            let hash = key_hash(row.id());
            let upsert = match self.slot_of(row.id(), hash) {
                None => {
                    let new = RowIx(narrow32(self.rows.len()));
                    self.rows.push(at);
                    self.present += 1;
                    self.ids.insert(hash, new.0);
                    Upsert::Inserted(new)
                }
                Some(known) if !self.has(known) => {
                    self.replace(known, at);
                    self.present += 1;
                    Upsert::Inserted(known)
                }
                Some(known) if self.row(known).content() == row.content() => {
                    self.upkeep.lost(chunk, row.bytes().1.len());
                    Upsert::Same(known)
                }
                Some(known) => {
                    self.replace(known, at);
                    Upsert::Changed(known)
                }
            };
            if !matches!(upsert, Upsert::Same(_)) {
                kept.push(upsert.row());
            }
            told(upsert, self.upkeep.see(upsert.row()));
        }
        if kept.len() * 4 < batch.rows.len() * 3 {
            // Nearly everybody was the same: what is new goes to the others that are, and the batch is let go.
            self.move_to_tail(kept, chunk);
        } else {
            self.upkeep.stays(chunk, kept);
        }
        self.sweep();
    }

    /// A row has new values; its old ones are garbage.
    fn replace(&mut self, row: RowIx, at: RowRef) {
        let old = self.row(row);
        let (chunk, size) = (old.at.chunk, old.content().1.len());
        self.upkeep.lost(chunk, size);
        if let Some(place) = self.rows.get_mut(row.index()) {
            *place = at;
        }
    }

    /// Copies rows out of `from` into the open chunk, and lets go of `from`. Rows that are elsewhere by now are left.
    fn move_to_tail(&mut self, rows: Vec<RowIx>, from: u32) {
        for row in rows {
            let at = *self.rows.get(row.index()).expect("the row is of this population");
            if at.chunk != from {
                continue;
            }
            let source = self.chunks.get(from as usize).and_then(Option::as_ref).map(Arc::clone);
            let source = source.expect("a chunk stays as long as a row points into it");
            let (meta, text) = Row::new(&source, at).bytes();
            let tail = match self.upkeep.tail {
                Some(tail) if self.chunks.get(tail as usize).and_then(Option::as_ref).is_some_and(|c| c.text.len() < TAIL) => tail,
                _ => {
                    let tail = narrow32(self.chunks.len());
                    self.chunks.push(Some(Arc::new(Chunk { columns: source.columns, ..Chunk::default() })));
                    self.upkeep.tail = Some(tail);
                    tail
                }
            };
            let open = self.chunks.get_mut(tail as usize).and_then(Option::as_mut).map(Arc::make_mut);
            let open = open.expect("the open chunk is there");
            open.meta.truncate(open.meta.len().saturating_sub(PADDING));
            let moved = RowRef { chunk: tail, meta: narrow32(open.meta.len()), text: narrow32(open.text.len()), ..at };
            open.meta.extend_from_slice(meta);
            open.meta.extend([0; PADDING]);
            open.text.push_str(text);
            if let Some(place) = self.rows.get_mut(row.index()) {
                *place = moved;
            }
            self.upkeep.moved(tail, row, text.len());
        }
        if let Some(place) = self.chunks.get_mut(from as usize) {
            *place = None;
        }
        self.upkeep.freed(from);
    }

    /// Rewrites chunks of which a quarter is garbage.
    fn sweep(&mut self) {
        while let Some((chunk, members)) = self.upkeep.worst() {
            if self.upkeep.tail == Some(chunk) {
                self.upkeep.tail = None;
            }
            self.move_to_tail(members, chunk);
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
            population.absorb(&builder.seal(), |_, _| ());
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
        population.absorb(&builder.seal(), |_, _| ());
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
            population.absorb(&builder.seal(), |u, _| told.push(u));
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
