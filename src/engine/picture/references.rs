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
    /// Whose values name an entry in scope: to be looked at again when that one is paired otherwise.
    named_by: HashMap<RowIx, Vec<RowIx>>,
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

impl Picture {
    /// Finds out which entries the references name. Gives the DNs of those that are not in scope, to be looked up.
    pub(in crate::engine) fn find_references(&mut self) -> Vec<String> {
        let rules: Vec<usize> =
            (0..self.rules.rules().len()).filter(|i| self.rules.rules()[*i].field.kind == FieldKind::Reference).collect();
        if rules.is_empty() {
            return Vec::new();
        }
        let mut named: HashMap<DnKey, String> = HashMap::new();
        let mut names: Vec<(DnKey, RowIx)> = Vec::new();
        for row in self.entries.rows() {
            for rule in &rules {
                if let Wanted::Value(value) = self.rules.desired(*rule, self.entries.row(row), &self.context) {
                    let text = value.plain();
                    if dn::parse(&text).is_some() {
                        let key = DnKey::of(&text);
                        names.push((key.clone(), row));
                        named.entry(key).or_insert_with(|| text.into_owned());
                    }
                }
            }
        }
        let mut references = References::default();
        for row in self.entries.rows() {
            let key = DnKey::of(self.entries.row(row).name());
            if named.remove(&key).is_some() {
                references.known.insert(key, Meaning::Entry(row));
            }
        }
        for (key, by) in names {
            if let Some(Meaning::Entry(row)) = references.known.get(&key) {
                references.named_by.entry(*row).or_default().push(by);
            }
        }
        // Who was looked up before stays known: the answer is as old as it is, and is asked for again.
        for (key, meaning) in &self.references.known {
            if named.contains_key(key) {
                references.known.insert(key.clone(), meaning.clone());
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
        Arc::make_mut(&mut self.references).known.insert(DnKey::of(dn), meaning);
    }

    /// True if the mapping has references.
    pub(in crate::engine) fn has_references(&self) -> bool {
        self.rules.rules().iter().any(|r| r.field.kind == FieldKind::Reference)
    }

    /// Whose values name this entry.
    pub(in crate::engine) fn named_by(&self, entry: RowIx) -> &[RowIx] {
        self.references.named_by.get(&entry).map_or(&[], Vec::as_slice)
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
