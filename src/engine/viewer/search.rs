//! Finding people by words: the folded text of what they are known by, a piece of text for each few hundred rows.
//!
//! A piece is made anew when its rows are not the same any more, which a comparison of pointers tells; so after a reading
//! that changed little, little is done. A search runs over whole pieces at the speed of memory. What must stay true: what is
//! found is exactly who would be found if every row were folded and looked through by itself.

use crate::engine::picture::Picture;
use crate::engine::snapshot::Snapshot;
use crate::identity::population::{Population, Row, RowIx, Version};
use crate::identity::value::key_form;
use crate::mapping::functions::plain_letters as plain;
use crate::model::Subject;
use memchr::memmem;
use rayon::prelude::*;

/// What is searched for: every word must be there.
pub(super) struct Words(Vec<String>);

impl Words {
    /// The words of a text, in comparison form.
    pub(super) fn of(text: &str) -> Self {
        Words(text.split_whitespace().map(|word| key_form(word).into_owned()).filter(|word| !word.is_empty()).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The longest word: the rarest, most likely.
    fn rarest(&self) -> &str {
        self.0.iter().max_by_key(|word| word.len()).map_or("", String::as_str)
    }

    /// True if everything else than `found` is in the text of a row too.
    fn rest_is_in(&self, found: &str, text: &str) -> bool {
        self.0.iter().filter(|word| *word != found).all(|word| text.contains(word.as_str()))
    }
}

/// The text of some rows that follow one another.
struct Piece {
    version: Version,
    /// Whose rows these are: of accounts only those count that have a row of their own, a bit each.
    own: Own,
    text: String,
    /// Where the text of each row ends; nobody's text is empty.
    ends: Vec<u32>,
}

/// A bit for each row of a piece.
type Own = [u64; 4];

const ALL: Own = [u64::MAX; 4];

/// The text of everybody.
#[derive(Default)]
pub(super) struct Book {
    people: Vec<Piece>,
    others: Vec<Piece>,
    /// Which values people are known by: other ones make all pieces stale.
    columns: (Vec<u16>, Vec<u16>),
    /// The snapshot that it fits.
    generation: Option<u64>,
}

/// What people are known by: fields, without what they are of.
const KNOWN_BY: [&str; 9] = [
    "username",
    "displayname",
    "name.givenname",
    "name.familyname",
    "name.formatted",
    "emails",
    "department",
    "employeenumber",
    "nickname",
];

/// The columns of the values that people are known by, on both sides.
fn columns(picture: &Picture) -> (Vec<u16>, Vec<u16>) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (index, rule) in (0u16..).zip(picture.rules().rules()) {
        let path = rule.field.path.to_ascii_lowercase();
        let last = path.rsplit_once(':').map_or(path.as_str(), |(_, last)| last);
        if !KNOWN_BY.iter().any(|known| last.starts_with(known)) || rule.masked {
            continue;
        }
        theirs.push(index);
        ours.extend(rule.program.iter().flat_map(|p| p.attributes().iter().copied()));
    }
    ours.sort_unstable();
    ours.dedup();
    (ours, theirs)
}

/// Adds the folded form of a value to the text of a row, which begins at `start`. What is a part of what is there already (a
/// first name, of an address) is found there.
fn add(text: &mut String, start: usize, value: &str) {
    let from = text.len();
    if value.is_ascii() {
        text.push_str(value);
        text[from..].make_ascii_lowercase();
    } else {
        let folded = key_form(value);
        text.push_str(&folded);
        // Whoever has no such keyboard finds them too.
        if let Some(plain) = plain(&folded) {
            text.push('\n');
            text.push_str(&plain);
        }
    }
    let (before, new) = text.as_bytes()[start..].split_at(from - start);
    if new.is_empty() || memmem::find(before, new).is_some() {
        text.truncate(from);
    } else {
        // No word has one: nothing is found across two values.
        text.push('\n');
    }
}

fn piece(
    version: Version,
    population: &Population,
    rows: std::ops::Range<u32>,
    columns: &[u16],
    own: Own,
    with_name: bool,
    text: &mut String,
) -> Piece {
    text.clear();
    let mut ends = Vec::with_capacity(rows.len());
    let mut values: Vec<&str> = Vec::new();
    for (at, row) in rows.enumerate() {
        if own[at / 64 % 4] & 1 << (at % 64) != 0 {
            let stored: Row<'_> = population.row(RowIx(row));
            values.clear();
            values.extend(Some(stored.name()).filter(|_| with_name));
            values.extend(columns.iter().filter_map(|column| stored.first(*column)));
            values.sort_by_key(|value| std::cmp::Reverse(value.len()));
            let start = text.len();
            for value in &values {
                add(text, start, value);
            }
        }
        ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
    }
    // An exact copy: an allocator keeps the room that a grown text has left.
    Piece { version, own, text: text.as_str().to_owned(), ends }
}

/// Which accounts of a piece have a row of their own.
fn own_rows(picture: &Picture, rows: std::ops::Range<u32>) -> Own {
    let mut own = [0; 4];
    for (at, row) in rows.enumerate() {
        if picture.others.at(row as usize).is_own_row() {
            own[at / 64 % 4] |= 1 << (at % 64);
        }
    }
    own
}

/// Makes those pieces anew whose rows are not the same any more.
fn renew(
    pieces: &mut Vec<Piece>,
    population: &Population,
    columns: &[u16],
    own: impl Fn(std::ops::Range<u32>) -> Own + Sync,
    with_name: bool,
    is_stale: &(dyn Fn() -> bool + Sync),
) {
    let versions: Vec<(Version, std::ops::Range<u32>)> = population.versions().collect();
    pieces.truncate(versions.len());
    let versions: Vec<(Version, std::ops::Range<u32>, Own)> =
        versions.into_par_iter().with_min_len(256).map(|(version, rows)| (version, rows.clone(), own(rows))).collect();
    let is_old = |i: &usize| pieces.get(*i).is_none_or(|p| p.version != versions[*i].0 || p.own != versions[*i].2);
    let old: Vec<usize> = (0..versions.len()).filter(is_old).collect();
    for part in old.chunks(64) {
        if is_stale() {
            return;
        }
        let made: Vec<Piece> = part
            .par_iter()
            .map_init(String::new, |text, i| {
                let (version, rows, own) = &versions[*i];
                piece(version.clone(), population, rows.clone(), columns, *own, with_name, text)
            })
            .collect();
        for (i, made) in part.iter().zip(made) {
            match pieces.get_mut(*i) {
                Some(place) => *place = made,
                None => pieces.push(made),
            }
        }
    }
}

impl Book {
    /// Makes the text fit a snapshot.
    pub(super) fn catch_up(&mut self, snapshot: &Snapshot, is_stale: &(dyn Fn() -> bool + Sync)) {
        if self.generation == Some(snapshot.generation()) {
            return;
        }
        self.generation = None;
        let picture = &snapshot.picture;
        let columns = columns(picture);
        if columns != self.columns {
            *self = Book { columns, ..Book::default() };
        }
        let shows_names = picture.shows_names();
        renew(&mut self.people, picture.entries(), &self.columns.0, |_| ALL, false, is_stale);
        renew(&mut self.others, picture.accounts(), &self.columns.1, |rows| own_rows(picture, rows), shows_names, is_stale);
        if !is_stale() {
            self.generation = Some(snapshot.generation());
        }
    }

    /// Everybody with all the words who may be kept, in the order in which they were read. `told` hears after each part who was
    /// found so far, and says whether to go on; nothing if not.
    pub(super) fn find(
        &self,
        words: &Words,
        keep: &(impl Fn(Subject) -> bool + Sync),
        told: &mut dyn FnMut(&[Subject]) -> bool,
    ) -> Option<Vec<Subject>> {
        let finder = memmem::Finder::new(words.rarest());
        let mut found = Vec::new();
        for (pieces, subject) in [(&self.people, Subject::of_entry as fn(RowIx) -> Subject), (&self.others, Subject::of_account)] {
            let starts = pieces.iter().scan(0u32, |next, piece| {
                let start = *next;
                *next += u32::try_from(piece.ends.len()).unwrap_or(0);
                Some(start)
            });
            let starts: Vec<u32> = starts.collect();
            for part in pieces.chunks(128).zip(starts.chunks(128)) {
                let rows: Vec<Vec<Subject>> = part
                    .0
                    .par_iter()
                    .zip(part.1)
                    .map(|(piece, start)| {
                        let mut rows = Vec::new();
                        piece.find(words, &finder, |row| {
                            let subject = subject(RowIx(start + row));
                            if keep(subject) {
                                rows.push(subject);
                            }
                        });
                        rows
                    })
                    .collect();
                for part in &rows {
                    found.extend_from_slice(part);
                }
                if !told(&found) {
                    return None;
                }
            }
        }
        Some(found)
    }
}

impl Piece {
    fn find(&self, words: &Words, finder: &memmem::Finder<'_>, mut told: impl FnMut(u32)) {
        let bytes = self.text.as_bytes();
        let (mut row, mut from) = (0, 0);
        // A single letter is found nearly everywhere: what counts is to begin anew at little cost.
        let single = if let [letter] = finder.needle() { Some(*letter) } else { None };
        let next = |rest: &[u8]| match single {
            Some(letter) => memchr::memchr(letter, rest),
            None => finder.find(rest),
        };
        while let Some(hit) = bytes.get(from..).and_then(next) {
            let hit = from + hit;
            // Mostly it is one of the next few rows.
            let near = self.ends[row..].iter().take(8).position(|end| *end as usize > hit);
            row += near.unwrap_or_else(|| self.ends[row..].partition_point(|end| *end as usize <= hit));
            let (start, end) = (if row == 0 { 0 } else { self.ends[row - 1] as usize }, self.ends[row] as usize);
            if words.0.len() == 1 || words.rest_is_in(words.rarest(), &self.text[start..end]) {
                told(u32::try_from(row).unwrap_or(u32::MAX));
            }
            from = end;
            row += 1;
            if row == self.ends.len() {
                return;
            }
        }
    }
}
