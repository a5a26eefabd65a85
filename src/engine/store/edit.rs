//! A rule is edited: what has to be done again, and for whom first.

use super::Store;
use super::pass::What;
use crate::identity::AttributeName;
use crate::identity::population::Upsert;
use crate::mapping::Rules;
use crate::model::Subject;
use crate::model::field::FieldKind;
use std::sync::Arc;

/// What an edit of the rules dirties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dirty {
    /// Nothing: the rules are the same.
    Nothing,
    /// One field of everybody.
    Field(usize),
    /// Every field.
    Fields,
    /// Who belongs to whom, and every field.
    Key,
}

/// Why rules can't take the place of the present ones: they are for other fields, or name attributes that were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError {
    /// What would have to be read first.
    pub unread: Vec<AttributeName>,
}

impl Store {
    /// Other rules for the same fields take effect; gives what they dirty. Nobody's verdict is new before [`Self::redo`].
    ///
    /// # Errors
    /// Where they are not for the same fields in the same order, read other columns, or name attributes that were not read:
    /// then the ends have to be read again. A value that was not read is not one that is missing.
    pub fn set_rules(&mut self, rules: Rules) -> Result<Dirty, EditError> {
        let old = Arc::clone(&self.picture.rules);
        let read = self.picture.entries.schema().columns();
        let wanted = rules.schema().columns();
        let same_fields = old.rules().len() == rules.rules().len()
            && old.rules().iter().zip(rules.rules()).all(|(a, b)| a.field.path == b.field.path)
            && old.match_rule() == rules.match_rule();
        if !same_fields || wanted.iter().zip(read).any(|(a, b)| a != b) {
            return Err(EditError { unread: Vec::new() });
        }
        let unread = wanted.get(read.len()..).unwrap_or_default().to_vec();
        if !unread.is_empty() {
            return Err(EditError { unread });
        }
        let changed: Vec<usize> = (0..rules.rules().len()).filter(|i| !old.rules()[*i].is_same(&rules.rules()[*i])).collect();
        let keys = |i: &usize| *i == rules.match_rule() || Some(*i) == rules.external_id();
        // What a link is believed by, and what the policy protects, hangs on these too.
        let telling = |i: usize| {
            let path = rules.rules()[i].field.path.to_ascii_lowercase();
            path == "username" || path == "externalid" || path.starts_with("emails") || old.rules()[i].field.kind == FieldKind::Reference
        };
        let dirty = match changed[..] {
            [] => Dirty::Nothing,
            _ if changed.iter().any(keys) => Dirty::Key,
            [one] if one < 63 && !telling(one) => Dirty::Field(one),
            _ => Dirty::Fields,
        };
        let (before, now) = (&old.rules()[old.match_rule()], &rules.rules()[rules.match_rule()]);
        let compares_otherwise = before.case_exact != now.case_exact || before.field.case_exact != now.field.case_exact;
        self.picture.rules = Arc::new(rules);
        if dirty == Dirty::Key {
            if compares_otherwise {
                let rows: Vec<_> = self.picture.accounts.rows().collect();
                for row in rows {
                    self.take_account(Upsert::Changed(row));
                }
            }
            self.rekey();
        }
        Ok(dirty)
    }

    /// Everybody gets the key that the rules give now, and whoever belongs to it.
    fn rekey(&mut self) {
        use rayon::prelude::*;
        let slots = u32::try_from(self.picture.entries.slots()).expect("fewer than 4 billion users");
        let sends_ids = self.picture.rules.external_id().is_some();
        let keys: Vec<_> = (0..slots).into_par_iter().map(|row| self.keys_of_entry(crate::identity::population::RowIx(row))).collect();
        if sends_ids {
            for (row, (key, external)) in (0u32..).zip(keys) {
                let row = crate::identity::population::RowIx(row);
                if self.picture.entries.has(row) {
                    self.matcher.set_entry(row, key, external);
                }
            }
            self.matcher.take_touched();
        } else {
            let keys: Vec<Option<u64>> = keys.into_iter().map(|k| k.0).collect();
            self.matcher.set_entry_keys(&keys);
        }
        self.bind_all();
    }

    /// Brings these users up to date with the rules: those that are looked at come first.
    pub fn redo_first(&mut self, seen: &[Subject]) {
        self.pending.evaluate.extend(seen.iter().filter_map(|s| s.entry()).filter(|row| self.picture.entries.has(*row)));
        self.update();
    }

    /// A part of the work that an edit leaves: people from `from` on. Gives where to go on, nothing at the end.
    pub fn redo(&mut self, dirty: Dirty, from: usize) -> Option<usize> {
        let what = match dirty {
            Dirty::Nothing => return None,
            Dirty::Field(rule) => What::OneRule(rule),
            Dirty::Fields | Dirty::Key => What::Evaluate,
        };
        let slots = self.picture.entries.slots();
        let end = slots.min(from + PART);
        self.pass_people(what, from..end);
        if end < slots {
            return Some(end);
        }
        if dirty == Dirty::Key {
            self.pass_accounts();
            // Who is contested with whom is another question now.
            self.conclude();
        }
        None
    }
}

/// People that are brought up to date before anybody else is listened to.
const PART: usize = 256 * 1024;
