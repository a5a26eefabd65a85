//! Whose an account may be that nobody in scope has: by what it shows of itself, against what is remembered and was looked up.
//!
//! Nothing follows from it. An account is linked by what is matched and by hand alone, and nobody's removal is proposed by this: it is
//! said to whoever decides.

use super::{Picture, User};
use crate::explain::{Owner, Shown};
use crate::identity::EntryId;
use crate::identity::population::Row;
use crate::model::{EntryEvidence, Verdicts};

/// What the directory is asked about an account that nobody in scope has.
#[derive(Clone)]
pub struct Ownerless {
    picture: Picture,
    /// The id that it carries.
    pub external: Option<EntryId>,
    /// What it is matched by, as it shows it.
    pub called: Option<String>,
}

impl Picture {
    /// What could tell whose an account is; nothing where it is linked, or belongs to somebody, or shows nothing of that kind.
    #[must_use]
    pub fn ownerless(&self, user: &User) -> Option<Ownerless> {
        let account = user.account.filter(|_| user.entry.is_none() && self.any_link(user).is_none())?;
        let row = self.accounts.row(account);
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        // What is masked is asked of nobody.
        let masked = |rule: Option<usize>| rule.is_some_and(|rule| self.rules.rules()[rule].masked);
        let external = text(row.first(self.about.columns.external_id)).filter(|_| !masked(self.rules.external_id())).map(EntryId::new);
        let called = text(self.match_text(row)).filter(|_| !masked(Some(self.rules.match_rule())));
        (external.is_some() || called.is_some()).then(|| Ownerless { picture: self.clone(), external, called })
    }

    /// Whose it is by the id that it carries, as far as that is known without asking anybody.
    #[must_use]
    pub fn owner(&self, user: &User) -> Option<Owner> {
        let id = self.ownerless(user)?.external?;
        let owner = self.owner_of(&id, Shown::Id, self.known.entries.get(&id));
        (owner.dn.is_some() || owner.account.is_some()).then_some(owner)
    }

    /// What is known about an entry, whoever it is.
    fn owner_of(&self, id: &EntryId, by: Shown, evidence: Option<&EntryEvidence>) -> Owner {
        let read = self.entries.by_id(id.as_str());
        let link = self.links.by_entry(id.as_str());
        let paired = read.and_then(|row| self.people.at(row.index()).account()).map(|account| self.accounts.row(account).id().to_owned());
        let (dn, disabled, verdicts) = match evidence {
            Some(EntryEvidence::Found { dn, disabled, verdicts }) => (Some(dn.clone()), *disabled, Some(*verdicts)),
            _ => (
                read.map(|row| self.entries.row(row).name().to_owned()),
                read.is_some_and(|row| self.entries.is_off(row)),
                None::<Verdicts>,
            ),
        };
        Owner {
            id: id.to_string(),
            dn,
            disabled,
            verdicts,
            is_read: read.is_some(),
            account: link.map(|link| self.links.account(link).to_owned()).or(paired),
            by,
        }
    }
}

impl Ownerless {
    /// What was read, and the rules.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Somebody who was found, if the account is theirs by its id or by its key; `row` has their values.
    #[must_use]
    pub fn owner(&self, id: &EntryId, evidence: &EntryEvidence, row: Option<Row<'_>>) -> Option<Owner> {
        let Picture { rules, context, .. } = &self.picture;
        if !matches!(evidence, EntryEvidence::Found { .. }) {
            return None;
        }
        let key = self.called.as_deref().and_then(|text| rules.form(text));
        let has_key = || row.is_some_and(|row| rules.key(row, context).is_ok_and(|theirs| theirs.is_some() && theirs == key));
        let by = match (self.external.as_ref() == Some(id), has_key()) {
            (true, true) => Shown::Both,
            (true, false) => Shown::Id,
            (false, true) => Shown::Key,
            (false, false) => return None,
        };
        Some(self.picture.owner_of(id, by, Some(evidence)))
    }
}
