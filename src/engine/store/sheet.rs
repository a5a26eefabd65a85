//! The values that one rule reads of everybody, laid together.
//!
//! A person's values lie among everything else that was read of them, so that each is a wait for memory, and a rule that is typed is
//! asked for everybody with each key. Here they lie one behind the other. What must stay true: whoever is here has the values that
//! the entry has; all else that an expression may ask for, it asks of the entry.

use crate::identity::population::{Population, Row, RowIx, TOGETHER, Version};
use crate::mapping::Attributes;
use rayon::prelude::*;

/// The values of some columns. See the module's text.
pub(super) struct Sheet {
    columns: Vec<u16>,
    /// The parts of the population that the values were taken from.
    parts: Vec<Version>,
    steps: Vec<Step>,
}

/// The values of [`STEP`] people.
#[derive(Default)]
struct Step {
    text: String,
    /// Of each person and column, where its value ends.
    ends: Vec<u32>,
}

/// People of a step.
const STEP: usize = 16 * 1024;
/// Bytes of a step: with so much text the rest of its people are left out.
const MOST: usize = 96 * STEP;
/// A longer value is left out.
const LONG: usize = 256;
/// A rule that reads more columns has no sheet.
const FEW: usize = 4;
/// There is no value.
const MISSING: u32 = 1 << 31;
/// The person has a value that is not here.
const ELSEWHERE: u32 = 1 << 30;
const PLACE: u32 = ELSEWHERE - 1;

impl Sheet {
    /// The values of these columns; nothing where they are too many.
    pub(super) fn of(people: &Population, columns: &[u16]) -> Option<Self> {
        if columns.is_empty() || columns.len() > FEW {
            return None;
        }
        let slots = u32::try_from(people.slots()).expect("fewer than 4 billion users");
        let froms: Vec<u32> = (0..slots).step_by(STEP).collect();
        let step = |from: u32| {
            let mut step = Step::default();
            let rows: Vec<RowIx> = (from..slots).take(STEP).map(RowIx).collect();
            let mut fetched = Vec::with_capacity(TOGETHER);
            for rows in rows.chunks(TOGETHER) {
                fetched.clear();
                people.fetch(rows, 1, &mut fetched);
                let touch = |row: &Row<'_>| columns.iter().fold(0, |sum, column| sum ^ row.touch(*column));
                std::hint::black_box(fetched.iter().fold(0, |sum, row| sum ^ touch(row)));
                for row in &fetched {
                    step.add(*row, columns);
                }
            }
            step
        };
        let steps = froms.into_par_iter().map(step).collect();
        Some(Sheet { columns: columns.to_vec(), parts: people.versions().map(|v| v.0).collect(), steps })
    }

    /// True if everybody has the values still that are here.
    pub(super) fn is_of(&self, people: &Population) -> bool {
        let mut parts = self.parts.iter();
        people.versions().all(|(part, _)| parts.next() == Some(&part)) && parts.next().is_none()
    }

    /// The values of a person, if they are here.
    #[inline]
    pub(super) fn of_person<'s>(&'s self, people: &'s Population, row: RowIx) -> Option<Laid<'s>> {
        let step = self.steps.get(row.index() / STEP)?;
        let at = row.index() % STEP * self.columns.len();
        let ends = step.ends.get(at..at + self.columns.len())?;
        let from = at.checked_sub(1).map_or(0, |before| step.ends[before] & PLACE);
        let is_here = ends.iter().all(|end| end & ELSEWHERE == 0);
        is_here.then_some(Laid { columns: &self.columns, text: &step.text, from, ends, people, row })
    }
}

impl Step {
    fn add(&mut self, row: Row<'_>, columns: &[u16]) {
        for column in columns {
            let mark = match row.first(*column) {
                None => MISSING,
                Some(value) if row.count(*column) == 1 && value.len() <= LONG && self.text.len() < MOST => {
                    self.text.push_str(value);
                    0
                }
                Some(_) => ELSEWHERE,
            };
            let place = u32::try_from(self.text.len()).expect("a step is less than a gigabyte");
            self.ends.push(place | mark);
        }
    }
}

/// The values of one person.
#[derive(Clone, Copy)]
pub(super) struct Laid<'s> {
    columns: &'s [u16],
    text: &'s str,
    from: u32,
    ends: &'s [u32],
    people: &'s Population,
    row: RowIx,
}

impl<'s> Attributes<'s> for Laid<'s> {
    #[inline]
    fn first(self, slot: u16) -> Option<&'s str> {
        let Some(place) = self.columns.iter().position(|column| *column == slot) else {
            return self.people.row(self.row).first(slot);
        };
        let end = self.ends[place];
        let from = place.checked_sub(1).map_or(self.from, |before| self.ends[before] & PLACE);
        (end & MISSING == 0).then(|| &self.text[from as usize..(end & PLACE) as usize])
    }

    fn all(self, slot: u16) -> impl Iterator<Item = &'s str> {
        self.people.row(self.row).all(slot)
    }

    fn count(self, slot: u16) -> usize {
        self.people.row(self.row).count(slot)
    }

    fn id(self) -> &'s str {
        self.people.row(self.row).id()
    }

    fn dn(self) -> &'s str {
        self.people.row(self.row).name()
    }
}
