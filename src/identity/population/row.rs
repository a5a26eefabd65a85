//! How a row lies in its chunk: a header and the values behind it, in one piece of text.
//!
//! Whoever looks a user up waits for memory, not for the processor: so what a value needs lies together, and a row's
//! place is eight bytes. The header is ASCII, so that header and values are one text and no value has to be validated again
//! when it is read. What must stay true: every byte of a header is below 128, and a chunk ends with [`PADDING`].
//!
//! Header, in bytes: form (0 narrow, 1 wide); presence bits and several-values bits, seven to a byte; then numbers, seven
//! bits to a byte with the low ones first, two bytes each (narrow) or five (wide): where the id begins, where it ends, where the
//! name ends, and for each present column where its value ends; a column with several values has their count first. Places
//! count from the beginning of the header.

use super::narrow32;

/// Numbers of a header before those of the columns: where the id begins and ends, and where the name ends.
pub(super) const FIXED: usize = 3;
/// Bytes of a number in the narrow form, and in the wide one.
const WIDTH: (usize, usize) = (2, 5);
/// A row that is so long has the wide form.
pub(super) const LONG: usize = 1 << 14;
/// Columns of which one word tells whether they are present.
const NEAR: u16 = 56;
/// Zeroes behind the last row of a chunk: the bits of any row can be read eight bytes at a time.
pub(super) const PADDING: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The bytes of so many bits.
pub(super) fn bytes_of_bits(columns: u16) -> usize {
    usize::from(columns).div_ceil(7)
}

/// The place of a column's bit among those of [`NEAR`] columns.
#[inline]
fn near_bit(column: u16) -> u64 {
    1 << (column / 7 * 8 + column % 7)
}

/// Adds a number to a header.
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(super) fn put(header: &mut Vec<u8>, wide: bool, mut n: u32) {
    for _ in 0..if wide { WIDTH.1 } else { WIDTH.0 } {
        header.push(n as u8 & 0x7F);
        n >>= 7;
    }
}

/// The length of a header with so many numbers.
pub(super) fn header_len(columns: u16, numbers: usize, wide: bool) -> usize {
    1 + 2 * bytes_of_bits(columns) + numbers * if wide { WIDTH.1 } else { WIDTH.0 }
}

/// Rows that lie together.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    columns: u16,
    /// How many bytes of a word are presence bits.
    mask: u64,
    text: String,
}

impl Chunk {
    pub(super) fn new(columns: u16, text: String) -> Self {
        debug_assert!(text.ends_with(PADDING), "a chunk is padded");
        let bytes = bytes_of_bits(columns).min(8);
        Chunk { columns, mask: if bytes == 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 }, text }
    }

    /// One without rows.
    pub(super) const fn nothing() -> Self {
        Chunk { columns: 0, mask: 0, text: String::new() }
    }

    /// One for rows of the same columns.
    pub(super) fn empty(&self) -> Self {
        Chunk::new(self.columns, PADDING.to_owned())
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds a row that was one elsewhere; gives its place.
    pub(super) fn add(&mut self, row: &str) -> u32 {
        self.text.truncate(self.text.len() - PADDING.len());
        let at = narrow32(self.text.len());
        self.text.push_str(row);
        self.text.push_str(PADDING);
        at
    }

    #[inline]
    pub(super) fn row(&self, at: RowRef) -> Row<'_> {
        let from = at.at() as usize;
        let bits = bytes_of_bits(self.columns);
        let bytes = self.text.as_bytes();
        let word = |from: usize| {
            let bytes = bytes.get(from..from + 8).and_then(|b| b.try_into().ok());
            u64::from_le_bytes(bytes.expect("a chunk is padded")) & self.mask
        };
        let (present, several) = (word(from + 1), word(from + 1 + bits));
        let numbers = from + 1 + 2 * bits;
        Row { text: &self.text, from, numbers, columns: self.columns, off: at.is_off(), wide: bytes[from] == 1, present, several }
    }

    /// Reads a byte of each of the first lines of memory that a row takes.
    #[inline]
    pub(super) fn touch(&self, at: RowRef, lines: usize) -> u8 {
        let (bytes, from) = (self.text.as_bytes(), at.at() as usize);
        (0..lines).fold(0, |sum, line| sum ^ bytes.get(from + 64 * line).copied().unwrap_or(0))
    }
}

/// Where a row is, and whether its user is there and on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RowRef {
    chunk: u32,
    at: u32,
}

/// The user is disabled or inactive.
const OFF: u32 = 1 << 31;
/// The user is not there any more; the number stays with the id.
const GONE: u32 = 1 << 30;

impl RowRef {
    /// A row of a chunk that has no number yet.
    pub(super) fn new(at: u32, off: bool) -> Self {
        RowRef { chunk: if off { OFF } else { 0 }, at }
    }

    #[inline]
    pub(super) fn chunk(self) -> usize {
        (self.chunk & !(OFF | GONE)) as usize
    }

    #[inline]
    pub(super) fn at(self) -> u32 {
        self.at
    }

    #[inline]
    pub(super) fn is_off(self) -> bool {
        self.chunk & OFF != 0
    }

    #[inline]
    pub(super) fn is_gone(self) -> bool {
        self.chunk & GONE != 0
    }

    pub(super) fn set_gone(&mut self) {
        self.chunk |= GONE;
    }

    /// The same user elsewhere.
    pub(super) fn moved(self, chunk: u32, at: u32) -> Self {
        assert!(chunk < GONE, "fewer than a billion chunks");
        RowRef { chunk: chunk | self.chunk & (OFF | GONE), at }
    }
}

/// One user, borrowed from the store.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The text of the chunk.
    text: &'a str,
    /// Where the header begins.
    from: usize,
    /// Where its numbers begin.
    numbers: usize,
    columns: u16,
    off: bool,
    wide: bool,
    /// Which of the first columns have a value.
    present: u64,
    /// Which of them have several.
    several: u64,
}

impl<'a> Row<'a> {
    /// The number at place `slot` of the header.
    #[inline]
    fn number(self, slot: usize) -> usize {
        let bytes = self.text.as_bytes();
        if self.wide {
            let i = self.numbers + slot * WIDTH.1;
            (0..WIDTH.1).rev().fold(0, |n, k| n << 7 | usize::from(bytes[i + k]))
        } else {
            let i = self.numbers + slot * WIDTH.0;
            usize::from(bytes[i]) | usize::from(bytes[i + 1]) << 7
        }
    }

    #[inline]
    fn part(self, start: usize, end: usize) -> &'a str {
        &self.text[self.from + start..self.from + end]
    }

    /// The lasting id.
    #[inline]
    #[must_use]
    pub fn id(self) -> &'a str {
        self.part(self.number(0), self.number(1))
    }

    /// The DN of an entry, the `userName` of an account.
    #[inline]
    #[must_use]
    pub fn name(self) -> &'a str {
        self.part(self.number(1), self.number(2))
    }

    /// True for a disabled entry or an inactive account.
    #[inline]
    #[must_use]
    pub fn is_off(self) -> bool {
        self.off
    }

    fn bit(self, column: u16, plane: usize) -> bool {
        let at = self.from + 1 + plane * bytes_of_bits(self.columns) + usize::from(column / 7);
        self.text.as_bytes()[at] & 1 << (column % 7) != 0
    }

    /// The slot of the first end of `column`, the end before it, and how many values the column has.
    #[inline]
    fn locate(self, column: u16) -> Option<(usize, usize, usize)> {
        if column >= NEAR {
            return self.locate_far(column);
        }
        let bit = near_bit(column);
        if self.present & bit == 0 {
            return None;
        }
        if self.several & (bit - 1) != 0 {
            return self.locate_far(column);
        }
        let slot = FIXED + (self.present & (bit - 1)).count_ones() as usize;
        let start = self.number(slot - 1);
        Some(if self.several & bit == 0 { (slot, start, 1) } else { (slot + 1, start, self.number(slot)) })
    }

    /// The same for a column behind others that have several values, or one of many.
    #[inline(never)]
    fn locate_far(self, column: u16) -> Option<(usize, usize, usize)> {
        if column >= self.columns || !self.bit(column, 0) {
            return None;
        }
        let mut slot = FIXED;
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
        Some(self.part(start, self.number(slot)))
    }

    /// Every value of a column, in the order in which they were read.
    #[inline]
    pub fn all(self, column: u16) -> impl Iterator<Item = &'a str> {
        let (slot, mut start, count) = self.locate(column).unwrap_or((0, 0, 0));
        (0..count).map(move |i| {
            let end = self.number(slot + i);
            self.part(std::mem::replace(&mut start, end), end)
        })
    }

    /// How many values a column has.
    #[inline]
    #[must_use]
    pub fn count(self, column: u16) -> usize {
        self.locate(column).map_or(0, |l| l.2)
    }

    /// Reads a byte of the first value of a column, if there is one: see [`super::Population::fetch`].
    #[inline]
    #[must_use]
    pub fn touch(self, column: u16) -> u8 {
        self.locate(column).map_or(0, |(_, start, _)| self.text.as_bytes()[self.from + start])
    }

    /// Everything that it is: header and values, and whether the user is off. Equal for equal users.
    pub(super) fn content(self) -> (&'a str, bool) {
        let numbers = if self.several == 0 && self.columns <= NEAR {
            FIXED + self.present.count_ones() as usize
        } else {
            let of = |c: u16| self.count(c) + usize::from(self.bit(c, 1));
            FIXED + (0..self.columns).filter(|c| self.bit(*c, 0)).map(of).sum::<usize>()
        };
        (self.part(0, self.number(numbers - 1)), self.off)
    }
}
