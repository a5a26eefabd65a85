//! A rule is edited: what has to be done again, and for whom first.

use super::Store;
use super::marks::Marks;
use super::pass::What;
use crate::engine::picture::cell::field_bit;
use crate::identity::AttributeName;
use crate::identity::population::{RowIx, Upsert};
use crate::mapping::Rules;
use crate::model::Subject;
use crate::model::field::FieldKind;
use std::sync::Arc;

/// What an edit of the rules dirties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dirty {
    /// The rules that are others, a bit each as in a mask of fields; all bits for every rule.
    fields: u64,
    /// Accounts are known by one of them.
    telling: bool,
    /// Who belongs to whom is another question.
    key: bool,
}

impl Dirty {
    /// Nothing: the rules are the same.
    pub const NOTHING: Dirty = Dirty { fields: 0, telling: false, key: false };

    /// Both.
    #[must_use]
    pub fn and(self, other: Dirty) -> Dirty {
        Dirty { fields: self.fields | other.fields, telling: self.telling | other.telling, key: self.key | other.key }
    }

    /// What a pass has to do about it.
    fn what(self) -> What {
        // From so many rules on it is sooner done to ask all of them.
        const MANY: u32 = 4;
        if self.fields.count_ones() > MANY { What::Evaluate } else { What::Rules { fields: self.fields, telling: self.telling } }
    }
}

/// An edit that is under way.
pub(super) struct Editing {
    /// The rules that everybody was evaluated by before, where that is sure.
    pub old: Option<Arc<Rules>>,
    /// Who was evaluated by the new ones already.
    pub ahead: Vec<RowIx>,
}

impl Editing {
    /// The old rules of fields, where nothing but the expression is new.
    fn only_expressions(old: Arc<Rules>, new: &Rules, fields: u64) -> Option<Arc<Rules>> {
        let same = |i: usize| {
            let (a, b) = (&old.rules()[i], &new.rules()[i]);
            // What is sent with a create alone may be anything by now.
            a.is_same_around(b) && !b.create_only
        };
        let all = (0..new.rules().len()).filter(|i| fields & field_bit(*i) != 0).all(same);
        all.then_some(old)
    }

    /// Notes who was evaluated by the new rules.
    pub(super) fn went_ahead(&mut self, rows: &[RowIx]) {
        /// With more it is not worth to know who they are.
        const MOST: usize = 16 * 1024;
        self.ahead.extend(rows);
        if self.ahead.len() > MOST {
            (self.old, self.ahead) = (None, Vec::new());
        }
    }
}

/// When more than one of so many people belongs with another account, everybody's rules are asked, and when more than one differs,
/// what every account has is looked at beforehand: that is done faster for everybody than for most.
const FEW: usize = 8;

/// Why rules can't take the place of the present ones: they are for other fields, or name attributes that were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError {
    /// What would have to be read first.
    pub unread: Vec<AttributeName>,
}

impl Store {
    /// Other rules take effect; gives what they dirty. Nobody's verdict is new before [`Self::redo`].
    ///
    /// # Errors
    /// Where they are not for the fields that were read, or the first of them, in the same order, read other columns, or name
    /// attributes that were not read: then the ends have to be read again. A value that was not read is not one that is missing.
    pub fn set_rules(&mut self, rules: Rules) -> Result<Dirty, EditError> {
        let old = Arc::clone(&self.picture.rules);
        let read = self.picture.entries.schema().columns();
        let wanted = rules.schema().columns();
        let fields = self.picture.about.columns.fields();
        let same_fields = rules.rules().len() <= fields.len()
            && fields.iter().zip(rules.rules()).all(|(a, b)| a.as_str().eq_ignore_ascii_case(&b.field.path))
            && old.match_rule() == rules.match_rule();
        if !same_fields || wanted.iter().zip(read).any(|(a, b)| a != b) {
            return Err(EditError { unread: Vec::new() });
        }
        let unread = wanted.get(read.len()..).unwrap_or_default().to_vec();
        if !unread.is_empty() {
            return Err(EditError { unread });
        }
        // The last fields may have a rule by the one and none by the other.
        let both = old.rules().len().min(rules.rules().len());
        let longer = if old.rules().len() > both { old.rules() } else { rules.rules() };
        let is_longer = old.rules().len() != rules.rules().len();
        let changed: Vec<usize> = (0..longer.len()).filter(|i| *i >= both || !old.rules()[*i].is_same(&rules.rules()[*i])).collect();
        let telling = changed.iter().any(|i| longer[*i].is_telling());
        let names = |i: &usize| longer[*i].field.kind == FieldKind::Reference;
        // Whether a person is a believable manager hangs on what they are known by; a bit stands for one rule up to the last.
        let every =
            is_longer || changed.iter().any(names) || (telling && self.picture.has_references()) || changed.iter().any(|i| *i >= 63);
        let fields = if every { u64::MAX } else { changed.iter().fold(0, |mask, i| mask | field_bit(*i)) };
        let key = changed.iter().any(|i| *i == rules.match_rule() || [rules.external_id(), old.external_id()].contains(&Some(*i)));
        let mut dirty = Dirty { fields, telling, key };
        let (before, now) = (&old.rules()[old.match_rule()], &rules.rules()[rules.match_rule()]);
        let compares_otherwise = before.case_exact != now.case_exact || before.field.case_exact != now.field.case_exact;
        // Of accounts it is taken up only where the mapping sends it.
        let takes_ids_otherwise = old.external_id().is_some() != rules.external_id().is_some();
        let rules = Arc::new(rules);
        if dirty != Dirty::NOTHING {
            // Over an edit that is not through nobody knows by which rules somebody was evaluated.
            let old = Some(Arc::clone(&old)).filter(|_| self.editing.is_none() && !is_longer);
            let old = old.and_then(|old| Editing::only_expressions(old, &rules, fields));
            self.editing = Some(Editing { old, ahead: Vec::new() });
        }
        self.picture.rules = rules;
        if dirty.key {
            if compares_otherwise || takes_ids_otherwise {
                let rows: Vec<_> = self.picture.accounts.rows().collect();
                for row in rows {
                    self.take_account(Upsert::Changed(row));
                }
            }
            let sends_ids = self.picture.rules.external_id().is_some() || old.external_id().is_some();
            let bound_anew = self.rekey(sends_ids);
            if bound_anew > self.picture.entries.len() / FEW {
                dirty.fields = u64::MAX;
            }
        }
        Ok(dirty)
    }

    /// Everybody gets the key that the rules give now, and whoever belongs to it. Gives for how many people that is somebody else.
    fn rekey(&mut self, sends_ids: bool) -> usize {
        use rayon::prelude::*;
        let slots = u32::try_from(self.picture.entries.slots()).expect("fewer than 4 billion users");
        let keys: Vec<_> = (0..slots).into_par_iter().map(|row| self.keys_of_entry(RowIx(row))).collect();
        if sends_ids {
            for (row, (key, external)) in (0u32..).zip(keys) {
                let row = RowIx(row);
                if self.picture.entries.has(row) {
                    self.matcher.set_entry(row, key, external);
                }
            }
            self.matcher.take_touched();
        } else {
            let keys: Vec<Option<u64>> = keys.into_iter().map(|k| k.0).collect();
            self.matcher.set_entry_keys(&keys);
        }
        self.bind_all()
    }

    /// Brings these users up to date with the rules: those that are looked at come first.
    pub fn redo_first(&mut self, seen: &[Subject]) {
        self.pending.evaluate.extend(seen.iter().filter_map(|s| s.entry()).filter(|row| self.picture.entries.has(*row)));
        self.update();
    }

    /// Marks of what the accounts have, where many people differ and would have to be held against them.
    fn marks_for(&mut self, dirty: Dirty, begins: bool) -> Option<Marks> {
        let What::Rules { fields, .. } = dirty.what() else { return None };
        let many = self.picture.entries.len() / FEW;
        let before = self.marks.take().map(|marks| *marks);
        let mut edited = (0..self.picture.rules.rules().len()).filter(|rule| fields & field_bit(*rule) != 0);
        if before.is_none() && !(begins && edited.any(|rule| self.picture.tally().with_field(rule) > many)) {
            return None;
        }
        Marks::of(&self.picture, fields, before, begins)
    }

    /// A part of the work that an edit leaves: people from `from` on. Gives where to go on, nothing at the end.
    pub fn redo(&mut self, dirty: Dirty, from: usize) -> Option<usize> {
        if dirty == Dirty::NOTHING {
            return None;
        }
        if let Some(editing) = &mut self.editing {
            super::update::unique(&mut editing.ahead);
        }
        let slots = self.picture.entries.slots();
        let end = slots.min(from + PART);
        // Somebody may have been read since the last part.
        self.marks = self.marks_for(dirty, from == 0).map(Box::new);
        self.pass_people(dirty.what(), from..end);
        if end < slots {
            return Some(end);
        }
        self.editing = None;
        if dirty.key {
            self.pass_accounts();
            // Who is contested with whom is another question now.
            self.conclude();
        }
        None
    }
}

/// People that are brought up to date before anybody else is listened to.
const PART: usize = 256 * 1024;
