//! Who a reference means: from the DN in the directory to the account's id in the service (design: section 3).
//!
//! DN -> entry -> account, by the link or, where both sides were read completely, by the pair that would be linked. A
//! reference that leads nowhere is a problem of the row and the value at the target is kept; the row goes on.

use super::Picture;
use crate::identity::EntryId;
use crate::identity::dn::{self, DnKey};
use crate::identity::population::RowIx;
use crate::mapping::Desired as Wanted;
use crate::matching::EntryPairing;
use crate::model::field::FieldKind;
use std::collections::HashMap;

/// Whom the references of a picture mean.
#[derive(Debug, Default)]
pub(super) struct References {
    known: HashMap<DnKey, Meaning>,
}

#[derive(Debug, Clone)]
enum Meaning {
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
        for row in self.entries.rows() {
            for rule in &rules {
                if let Wanted::Value(value) = self.rules.desired(*rule, self.entries.row(row), &self.context) {
                    let text = value.plain();
                    if dn::parse(&text).is_some() {
                        named.entry(DnKey::of(&text)).or_insert_with(|| text.into_owned());
                    }
                }
            }
        }
        for row in self.entries.rows() {
            let key = DnKey::of(self.entries.row(row).name());
            if named.remove(&key).is_some() {
                self.references.known.insert(key, Meaning::Entry(row));
            }
        }
        let mut outside: Vec<String> = named.into_values().collect();
        outside.sort_unstable();
        outside
    }

    pub(super) fn learn_reference(&mut self, dn: &str, who: Result<EntryId, String>) {
        let meaning = match who {
            Ok(id) => Meaning::Outside(id),
            Err(why) => Meaning::Nobody(why),
        };
        self.references.known.insert(DnKey::of(dn), meaning);
    }

    fn links_by_entry_row(&self, entry: RowIx) -> Option<&crate::model::Link> {
        self.links_by_entry.get(self.entries.row(entry).id()).map(|number| self.link(*number))
    }

    /// The id of the account that a reference means.
    ///
    /// # Errors
    /// Why there is none, as the end of a sentence that begins with the DN.
    pub(super) fn resolve(&self, dn: &str) -> Result<String, String> {
        if dn::parse(dn).is_none() {
            return Err("is not the DN of anybody".to_owned());
        }
        match self.references.known.get(&DnKey::of(dn)) {
            None => Err("has not been looked up".to_owned()),
            Some(Meaning::Nobody(why)) => Err(why.clone()),
            Some(Meaning::Outside(id)) => {
                let link = self.links_by_entry.get(id).map(|number| self.link(*number));
                let account = link.and_then(|l| Some((l, self.accounts.by_id(l.account.as_str())?)));
                match account {
                    Some((link, row)) if !self.is_suspect(link, None, row) => Ok(link.account.as_str().to_owned()),
                    Some(_) => Err("is linked to an account that looks like someone else's".to_owned()),
                    None => Err("is not in scope and has no linked account that is listed".to_owned()),
                }
            }
            Some(Meaning::Entry(row)) => {
                let believed = self.sides.source.is_complete() && self.sides.target.is_complete();
                match self.matcher.entry(*row) {
                    EntryPairing::Linked(a) if self.links_by_entry_row(*row).is_some_and(|l| self.is_suspect(l, Some(*row), a)) => {
                        Err("is linked to an account that looks like someone else's".to_owned())
                    }
                    EntryPairing::Linked(a) => Ok(self.accounts.row(a).id().to_owned()),
                    EntryPairing::LinkedUnlisted(l) => Ok(self.link(l).account.as_str().to_owned()),
                    EntryPairing::ByExternalId(_) | EntryPairing::ByKey(_) if self.may_be_odd(*row) => {
                        Err("has no account that is clearly theirs".to_owned())
                    }
                    EntryPairing::ByExternalId(a) | EntryPairing::ByKey(a) if believed => Ok(self.accounts.row(a).id().to_owned()),
                    EntryPairing::ByExternalId(_) | EntryPairing::ByKey(_) => {
                        Err("has an account that is not linked, and not everything was read".to_owned())
                    }
                    EntryPairing::Ambiguous(_) => Err("has no account that is clearly theirs".to_owned()),
                    EntryPairing::Alone => Err("has no account yet".to_owned()),
                }
            }
        }
    }
}
