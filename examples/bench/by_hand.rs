//! The floor of the store's figures: what code written for this one mapping does over the same rows.

use hashbrown::HashTable;
use rayon::prelude::*;
use rosterm::engine::Picture;
use rosterm::identity::population::{Row, RowIx, TOGETHER};
use rosterm::identity::value::{key_form, key_hash};
use rosterm::model::Subject;

/// The places of the attributes on both sides, by the name of the field.
pub struct Columns {
    of: Vec<(&'static str, Vec<u16>, u16)>,
}

const FIELDS: [(&str, &[&str]); 15] = [
    ("userName", &["uid"]),
    ("givenName", &["givenName"]),
    ("familyName", &["sn"]),
    ("displayName", &["givenName", "sn"]),
    ("email", &["mail"]),
    ("title", &["title"]),
    ("department", &["department"]),
    ("employeeNumber", &["employeeNumber"]),
    ("costCenter", &["departmentNumber"]),
    ("workPhone", &["telephoneNumber"]),
    ("mobilePhone", &["mobile"]),
    ("locality", &["l"]),
    ("country", &["c"]),
    ("language", &["preferredLanguage"]),
    ("managerName", &["manager"]),
];

impl Columns {
    pub fn of(picture: &Picture) -> Self {
        let schema = picture.entries().schema();
        let column = |name: &&str| schema.column(name).unwrap_or(u16::MAX);
        let rule = |name: &str| picture.rules().rules().iter().position(|r| r.field.name == name).and_then(|i| u16::try_from(i).ok());
        let of = FIELDS.iter().map(|(field, from)| (*field, from.iter().map(column).collect(), rule(field).unwrap_or(u16::MAX)));
        Columns { of: of.collect() }
    }
}

/// The value that a field should have, into a buffer; false where it can't be told.
fn wanted(field: usize, from: &[u16], entry: Row<'_>, out: &mut String) -> bool {
    out.clear();
    let first = |at: usize| entry.first(from[at]);
    match field {
        3 => {
            if let (Some(given), Some(sn)) = (first(0), first(1)) {
                out.push_str(given);
                out.push(' ');
                out.push_str(sn);
            }
        }
        0 | 4 => {
            if let Some(text) = first(0) {
                if text.is_ascii() {
                    out.push_str(text);
                    out.make_ascii_lowercase();
                } else {
                    out.push_str(&text.to_lowercase());
                }
            }
        }
        6 => out.push_str(first(0).unwrap_or("Unassigned")),
        7 => {
            use std::fmt::Write as _;
            match first(0).map(str::parse::<i64>) {
                Some(Ok(n)) => drop(write!(out, "E{n}")),
                Some(Err(_)) => return false,
                None => {}
            }
        }
        8 => {
            if let Some(text) = first(0) {
                out.push_str("CC-");
                out.push_str(text);
            }
        }
        12 => {
            out.push_str(first(0).unwrap_or_default());
            out.make_ascii_uppercase();
        }
        14 => {
            // The value of the first part of a DN; these have no escapes.
            let dn = first(0).unwrap_or_default();
            let part = dn.split(',').next().unwrap_or_default();
            out.push_str(part.split_once('=').map_or("", |(_, value)| value));
        }
        _ => out.push_str(first(0).unwrap_or_default()),
    }
    field != 4 || out.contains('@')
}

fn same(field: usize, wanted: &str, has: &str) -> bool {
    if field == 0 || field == 4 {
        wanted == has || (wanted.is_ascii() && wanted.eq_ignore_ascii_case(has)) || key_form(wanted) == key_form(has)
    } else {
        wanted.trim() == has.trim()
    }
}

/// Entries with their accounts.
pub struct Pairs(Vec<(RowIx, RowIx)>);

const STEP: usize = 16 * 1024;

impl Pairs {
    /// As the store has them.
    pub fn of(picture: &Picture) -> Self {
        let pair = |entry: RowIx| Some((entry, picture.user_of(Subject::of_entry(entry))?.account?));
        Pairs(picture.entries().rows().filter_map(pair).collect())
    }

    /// By keys of one's own: folded, hashed, joined in one table.
    pub fn join(picture: &Picture, columns: &Columns) -> Self {
        let (entries, accounts) = (picture.entries(), picture.accounts());
        let key = |text: &str| key_hash(&key_form(text));
        let keys = |rows: Vec<RowIx>, of: &(dyn Fn(RowIx) -> u64 + Sync)| -> Vec<(u64, RowIx)> {
            rows.par_chunks(STEP).flat_map_iter(|part| part.iter().map(|row| (of(*row), *row))).collect()
        };
        let uid = columns.of[0].1[0];
        let ours = keys(entries.rows().collect(), &|row| key(entries.row(row).first(uid).unwrap_or_default()));
        let theirs = keys(accounts.rows().collect(), &|row| key(accounts.row(row).name()));
        let mut table: HashTable<u32> = HashTable::with_capacity(theirs.len());
        for (at, (hash, _)) in (0u32..).zip(&theirs) {
            table.insert_unique(*hash, at, |i| theirs[*i as usize].0);
        }
        let pairs = ours.par_chunks(STEP).flat_map_iter(|part| {
            part.iter().filter_map(|(hash, row)| {
                let found = table.find(*hash, |i| theirs[*i as usize].0 == *hash)?;
                Some((*row, theirs[*found as usize].1))
            })
        });
        Pairs(pairs.collect())
    }

    /// How many differ in some field.
    pub fn differing(&self, picture: &Picture, columns: &Columns) -> usize {
        let differing = |part: &[(RowIx, RowIx)]| {
            let mut out = String::new();
            let mut n = 0;
            let (mut people, mut others) = (Vec::new(), Vec::new());
            for (at, _) in part.iter().enumerate() {
                if at % TOGETHER == 0 {
                    let ahead = &part[at..part.len().min(at + TOGETHER)];
                    let (entries, accounts): (Vec<RowIx>, Vec<RowIx>) = ahead.iter().copied().unzip();
                    people.clear();
                    others.clear();
                    picture.entries().fetch(&entries, 6, &mut people);
                    picture.accounts().fetch(&accounts, 6, &mut others);
                }
                let (entry, account): (Row<'_>, Row<'_>) = (people[at % TOGETHER], others[at % TOGETHER]);
                let mut mask = 0u32;
                for (field, (_, from, to)) in columns.of.iter().enumerate() {
                    if !wanted(field, from, entry, &mut out) {
                        continue;
                    }
                    let has = if field == 0 { account.name() } else { account.first(*to).unwrap_or_default() };
                    if !same(field, &out, has) {
                        mask |= 1 << field;
                    }
                }
                n += usize::from(std::hint::black_box(mask) != 0);
            }
            n
        };
        self.0.par_chunks(STEP).map(differing).sum()
    }

    /// The same by what the store found.
    pub fn differing_by_verdict(&self, picture: &Picture) -> usize {
        self.0.iter().filter(|(entry, _)| picture.has_changes(*entry)).count()
    }

    /// Somebody on whom the two do not agree.
    pub fn disputed(&self, picture: &Picture, columns: &Columns) -> Option<String> {
        let pair = self.0.iter().find(|pair| {
            let one = Pairs(vec![**pair]);
            (one.differing(picture, columns) == 1) != picture.has_changes(pair.0)
        })?;
        let row = picture.row(&picture.user_of(Subject::of_entry(pair.0))?);
        Some(format!("{row:?}"))
    }
}
