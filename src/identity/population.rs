//! The compact store for one side: every user of a source or a target, as rows of text.
//!
//! A map of strings per user costs nine times its data. Here many rows lie in one sealed chunk of text, each as it is laid out
//! in `row`. Rows point into chunks, so a reader's batch is taken over without copying, a changed user is a new row in a
//! new chunk, and a snapshot is a clone of the page tables. What must stay true: chunks never change once sealed, ids are
//! unique, and a row's number stays with its id for the life of the population.

mod build;
mod ids;
mod row;
mod upkeep;

pub use build::{BatchBuilder, Draft};
pub use row::Row;
pub use upkeep::Seen;

use super::AttributeName;
use super::paged::Paged;
use super::value::key_hash;
use ids::Ids;
use row::{Chunk, RowRef};
use std::sync::Arc;
use upkeep::Upkeep;

/// So many rows are fetched from memory at a time.
pub const TOGETHER: usize = 32;

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

    /// How many bytes it takes.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.chunk.text().len()
    }

    /// True if it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its rows.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|r| self.chunk.row(*r))
    }
}

fn narrow32(n: usize) -> u32 {
    u32::try_from(n).expect("a batch is sealed long before it holds 4 GiB")
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
    rows: Paged<RowRef, 254>,
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
        self.rows.iter().enumerate().filter(|(_, at)| !at.is_gone()).map(|(row, _)| RowIx(narrow32(row)))
    }

    /// The rows in parts, each with a mark that stays the same as long as none of its rows changes.
    pub fn versions(&self) -> impl Iterator<Item = (Version, std::ops::Range<u32>)> + '_ {
        self.rows.leaves().map(|(leaf, rows)| (Version(Arc::clone(leaf)), narrow32(rows.start)..narrow32(rows.end)))
    }

    /// True if the user of this row is there.
    #[must_use]
    #[inline]
    pub fn has(&self, row: RowIx) -> bool {
        self.rows.get(row.index()).is_some_and(|at| !at.is_gone())
    }

    /// The user at `row`, also one who was there last.
    ///
    /// # Panics
    /// If `row` is not of this population.
    #[must_use]
    #[inline]
    pub fn row(&self, row: RowIx) -> Row<'_> {
        let at = *self.rows.get(row.index()).expect("the row is of this population");
        self.chunk(at).row(at)
    }

    /// The users at some rows, fetched from memory together: in loops that do nothing else and name no place that another load has
    /// to tell first, because a processor waits for a dozen places at once as long as for one. Of each the first `lines` lines
    /// of memory are near then. At most [`TOGETHER`] rows.
    ///
    /// # Panics
    /// If one of them is not of this population.
    pub fn fetch<'p>(&'p self, rows: &[RowIx], lines: usize, into: &mut Vec<Row<'p>>) {
        static NOTHING: Chunk = Chunk::nothing();
        let mut refs = [RowRef::default(); TOGETHER];
        let mut chunks = [&NOTHING; TOGETHER];
        for (at, row) in refs.iter_mut().zip(rows) {
            *at = *self.rows.get(row.index()).expect("the row is of this population");
        }
        for (chunk, at) in chunks.iter_mut().zip(&refs[..rows.len()]) {
            *chunk = self.chunk(*at);
        }
        let found = || chunks.iter().zip(refs).take(rows.len());
        std::hint::black_box(found().fold(0, |sum, (chunk, at)| sum ^ chunk.touch(at, lines)));
        into.extend(found().map(|(chunk, at)| chunk.row(at)));
    }

    #[inline]
    fn chunk(&self, at: RowRef) -> &Chunk {
        self.chunks.get(at.chunk()).and_then(Option::as_ref).expect("a chunk stays as long as a row points into it")
    }

    /// True for a disabled entry or an inactive account; reads less than the row does.
    #[inline]
    #[must_use]
    pub fn is_off(&self, row: RowIx) -> bool {
        self.rows.get(row.index()).is_some_and(|at| at.is_off())
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
                at.set_gone();
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
        self.upkeep.came(chunk, batch.chunk.text().len());
        for at in &batch.rows {
            let at = at.moved(chunk, at.at());
            let row = batch.chunk.row(at);
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
                    self.upkeep.lost(chunk, row.content().0.len());
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
        let size = old.content().0.len();
        let chunk = self.rows.at(row.index()).chunk();
        self.upkeep.lost(narrow32(chunk), size);
        if let Some(place) = self.rows.get_mut(row.index()) {
            *place = at;
        }
    }

    /// Copies rows out of `from` into the open chunk, and lets go of `from`. Rows that are elsewhere by now are left.
    fn move_to_tail(&mut self, rows: Vec<RowIx>, from: u32) {
        for row in rows {
            let at = *self.rows.get(row.index()).expect("the row is of this population");
            if at.chunk() != from as usize {
                continue;
            }
            let source = self.chunks.get(from as usize).and_then(Option::as_ref).map(Arc::clone);
            let source = source.expect("a chunk stays as long as a row points into it");
            let content = source.row(at).content().0;
            let tail = match self.upkeep.tail {
                Some(tail) if self.chunks.get(tail as usize).and_then(Option::as_ref).is_some_and(|c| c.text().len() < TAIL) => tail,
                _ => {
                    let tail = narrow32(self.chunks.len());
                    self.chunks.push(Some(Arc::new(source.empty())));
                    self.upkeep.tail = Some(tail);
                    tail
                }
            };
            let open = self.chunks.get_mut(tail as usize).and_then(Option::as_mut).map(Arc::make_mut);
            let place = open.expect("the open chunk is there").add(content);
            if let Some(known) = self.rows.get_mut(row.index()) {
                *known = at.moved(tail, place);
            }
            self.upkeep.moved(tail, row, content.len());
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
            columns in prop_oneof![1usize..40, 50usize..70, 110usize..130],
            users in prop::collection::vec((any::<bool>(), prop::collection::vec((0u16..130, ".{0,12}"), 0..90)), 1..30),
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
