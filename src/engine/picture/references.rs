//! Who a reference means: from the DN in the directory to the account's id in the service (design: section 3).
//!
//! DN -> entry -> account, by the link or, where both sides were read completely, by the pair that would be linked. A
//! reference that leads nowhere is a problem of the row and the value at the target is kept; the row goes on.

use super::Picture;
use super::cell::Bond;
use crate::identity::EntryId;
use crate::identity::dn::{self, DnKey};
use crate::identity::population::RowIx;
use crate::mapping::Desired as Wanted;
use crate::model::field::FieldKind;
use std::collections::HashMap;
use std::sync::Arc;

/// Whom the references of a picture mean.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct References {
    known: HashMap<DnKey, Meaning>,
    /// Whose values name somebody: to be looked at again when that one is paired otherwise, or their account changes.
    named_by: HashMap<DnKey, Vec<RowIx>>,
    /// The DN by which an entry in scope is named.
    entries: HashMap<RowIx, DnKey>,
    /// The DN by which an entry out of scope is named.
    outside: HashMap<EntryId, DnKey>,
}

#[derive(Debug, Clone)]
pub(in crate::engine) enum Meaning {
    /// An entry in scope.
    Entry(RowIx),
    /// An entry out of scope.
    Outside(EntryId),
    /// Nobody, and why.
    Nobody(String),
}

impl References {
    fn know(&mut self, key: DnKey, meaning: Meaning) {
        match &meaning {
            Meaning::Entry(row) => drop(self.entries.insert(*row, key.clone())),
            Meaning::Outside(id) => drop(self.outside.insert(id.clone(), key.clone())),
            Meaning::Nobody(_) => {}
        }
        self.known.insert(key, meaning);
    }

    fn named_by(&self, key: Option<&DnKey>) -> &[RowIx] {
        key.and_then(|key| self.named_by.get(key)).map_or(&[], Vec::as_slice)
    }
}

impl Picture {
    /// Finds out which entries the references name. Gives the DNs of those that are not in scope, to be looked up.
    pub(in crate::engine) fn find_references(&mut self) -> Vec<String> {
        let rules: Vec<usize> =
            (0..self.rules.rules().len()).filter(|i| self.rules.rules()[*i].field.kind == FieldKind::Reference).collect();
        if rules.is_empty() {
            return Vec::new();
        }
        let mut named: HashMap<DnKey, String> = HashMap::new();
        let mut references = References::default();
        for row in self.entries.rows() {
            for rule in &rules {
                if let Wanted::Value(value) = self.rules.desired(*rule, self.entries.row(row), &self.context) {
                    let text = value.plain();
                    if dn::parse(&text).is_some() {
                        let key = DnKey::of(&text);
                        references.named_by.entry(key.clone()).or_default().push(row);
                        named.entry(key).or_insert_with(|| text.into_owned());
                    }
                }
            }
        }
        for row in self.entries.rows() {
            let key = DnKey::of(self.entries.row(row).name());
            if named.remove(&key).is_some() {
                references.entries.insert(row, key.clone());
                references.known.insert(key, Meaning::Entry(row));
            }
        }
        // Who was looked up before stays known: the answer is as old as it is, and is asked for again.
        for (key, meaning) in &self.references.known {
            if named.contains_key(key) && !matches!(meaning, Meaning::Entry(_)) {
                references.know(key.clone(), meaning.clone());
            }
        }
        self.references = Arc::new(references);
        let mut outside: Vec<String> = named.into_values().collect();
        outside.sort_unstable();
        outside
    }

    pub(in crate::engine) fn learn_reference(&mut self, dn: &str, who: Result<EntryId, String>) {
        let meaning = match who {
            Ok(id) => Meaning::Outside(id),
            Err(why) => Meaning::Nobody(why),
        };
        Arc::make_mut(&mut self.references).know(DnKey::of(dn), meaning);
    }

    /// True if the mapping has references.
    pub(in crate::engine) fn has_references(&self) -> bool {
        self.rules.rules().iter().any(|r| r.field.kind == FieldKind::Reference)
    }

    /// Whose values name this entry.
    pub(in crate::engine) fn named_by(&self, entry: RowIx) -> &[RowIx] {
        self.references.named_by(self.references.entries.get(&entry))
    }

    /// Whose values are this DN.
    pub(in crate::engine) fn naming_dn(&self, dn: &str) -> &[RowIx] {
        self.references.named_by(Some(&DnKey::of(dn)))
    }

    /// Whose values name the entry that this account belongs to, in scope or not.
    pub(in crate::engine) fn named_by_owner(&self, account: RowIx, owner: Option<RowIx>) -> impl Iterator<Item = RowIx> {
        let is_used = !self.references.named_by.is_empty();
        let link = Some(account).filter(|_| is_used).and_then(|a| self.links.by_account(self.accounts.row(a).id()));
        let outside = link.and_then(|l| self.references.outside.get(self.links.entry(l)));
        let inside = owner.and_then(|entry| self.references.entries.get(&entry));
        self.references.named_by(outside).iter().chain(self.references.named_by(inside)).copied()
    }

    /// Everybody whose values name somebody.
    pub(in crate::engine) fn naming(&self) -> impl Iterator<Item = RowIx> {
        self.references.named_by.values().flatten().copied()
    }

    /// An entry has new values: it may name others than before.
    pub(in crate::engine) fn note_reference(&mut self, row: RowIx) {
        if self.references.known.is_empty() {
            return;
        }
        for rule in 0..self.rules.rules().len() {
            if self.rules.rules()[rule].field.kind == FieldKind::Reference
                && let Wanted::Value(value) = self.rules.desired(rule, self.entries.row(row), &self.context)
                && dn::parse(&value.plain()).is_some()
            {
                let key = DnKey::of(&value.plain());
                if self.references.named_by(Some(&key)).contains(&row) {
                    continue;
                }
                Arc::make_mut(&mut self.references).named_by.entry(key).or_default().push(row);
            }
        }
    }

    /// The id of the account that a reference means.
    ///
    /// # Errors
    /// Why there is none, as the end of a sentence that begins with the DN.
    pub(in crate::engine) fn resolve(&self, dn: &str) -> Result<String, String> {
        if dn::parse(dn).is_none() {
            return Err("is not the DN of anybody".to_owned());
        }
        match self.references.known.get(&DnKey::of(dn)) {
            None => Err("has not been looked up".to_owned()),
            Some(Meaning::Nobody(why)) => Err(why.clone()),
            Some(Meaning::Outside(id)) => {
                let link = self.links.by_entry(id.as_str());
                let account = link.and_then(|l| Some((l, self.accounts.by_id(self.links.account(l))?)));
                match account {
                    Some((link, row)) if !self.is_suspect(link, None, row) => Ok(self.links.account(link).to_owned()),
                    Some(_) => Err("is linked to an account that looks like someone else's".to_owned()),
                    None => Err("is not in scope and has no linked account that is listed".to_owned()),
                }
            }
            Some(Meaning::Entry(row)) => {
                let believed = self.sides.source.is_complete() && self.sides.target.is_complete();
                let cell = self.people.at(row.index());
                let account = cell.account();
                match (cell.bond, account) {
                    (Bond::Linked, Some(a))
                        if self.links.by_entry(self.entries.row(*row).id()).is_some_and(|l| self.is_suspect(l, Some(*row), a)) =>
                    {
                        Err("is linked to an account that looks like someone else's".to_owned())
                    }
                    (Bond::Linked, Some(a)) => Ok(self.accounts.row(a).id().to_owned()),
                    (Bond::Unlisted, _) => Ok(cell.link().map(|l| self.links.account(l).to_owned()).unwrap_or_default()),
                    (Bond::ByExternalId | Bond::ByKey, _) if self.may_be_odd(*row) || cell.ambiguous.is_some() => {
                        Err("has no account that is clearly theirs".to_owned())
                    }
                    (Bond::ByExternalId | Bond::ByKey, Some(a)) if believed => Ok(self.accounts.row(a).id().to_owned()),
                    (Bond::ByExternalId | Bond::ByKey, _) => {
                        Err("has an account that is not linked, and not everything was read".to_owned())
                    }
                    (Bond::Ambiguous, _) => Err("has no account that is clearly theirs".to_owned()),
                    _ => Err("has no account yet".to_owned()),
                }
            }
        }
    }
}
