//! What linking two by hand would come to, or parting a pair: from the same facts and by the same code as every other row.

use super::cell::{Bond, Cell};
use super::{Picture, User};
use crate::identity::population::RowIx;
use crate::identity::value::is_same_key;
use crate::matching::EntryPairing;
use crate::model::{Change, Reason, Situation, Subject};
use crate::plan::classify::Verdict;

/// What a pair would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The verdict on it.
    pub verdict: Verdict,
    /// What differs between the two.
    pub changes: Vec<Change>,
    /// The account is active now.
    pub active: bool,
}

impl Picture {
    /// What a person and an account would come to as a linked pair.
    #[must_use]
    pub fn preview(&self, entry: RowIx, account: RowIx) -> Preview {
        let mut cell = Cell::default();
        cell.bind_entry(EntryPairing::Linked(account), None, true, false);
        cell.note_off(self.entries.is_off(entry), self.accounts.is_off(account));
        if self.would_collide(entry, account) {
            cell.ambiguous = Some(Reason::RenameCollision);
        }
        let findings = self.findings(entry, &self.pair(entry, &cell), &cell);
        cell.take(&findings);
        self.judge_person(entry, &mut cell, findings.mask);
        let changes = self.detail(Some(entry), Some(account)).changes;
        Preview { verdict: cell.verdict, changes, active: !self.accounts.is_off(account) }
    }

    /// True if another account has the key that a person linked to this one would be renamed to.
    fn would_collide(&self, entry: RowIx, account: RowIx) -> bool {
        let Some(key) = self.rules.key(self.entries.row(entry), &self.context).ok().flatten() else { return false };
        let has_key = |a: RowIx| self.match_text(self.accounts.row(a)).and_then(|text| self.rules.form(text)).as_deref() == Some(&*key);
        if has_key(account) {
            return false;
        }
        let contested = self.candidates.get(&Subject::of_entry(entry)).map_or(&[][..], |c| &c.1);
        let own = self.people.at(entry.index()).account();
        contested.iter().copied().chain(own).any(|a| a != account && has_key(a))
    }

    /// The number of the link that one of a user's ends is in, whatever became of the other end.
    #[must_use]
    pub fn any_link(&self, user: &User) -> Option<u32> {
        match (user.entry, user.account) {
            (Some(entry), _) => self.links.by_entry(self.entries.row(entry).id()),
            (None, Some(account)) => self.links.by_account(self.accounts.row(account).id()),
            (None, None) => None,
        }
    }

    /// Why a user can't be linked to anybody, if so.
    ///
    /// # Errors
    /// The reason, in a sentence's end: "… is linked already".
    pub fn may_link(&self, user: &User) -> Result<(), String> {
        if user.account.filter(|_| user.entry.is_none()).is_some_and(|a| self.others.at(a.index()).bond == Bond::Paired) {
            return Err("belongs to somebody".to_owned());
        }
        match self.any_link(user) {
            Some(link) if user.entry.is_none() && self.is_of_other_channel(link) => {
                Err(format!("is linked by channel {}", self.links.channel(link)))
            }
            Some(_) => Err("is linked already".to_owned()),
            None => Ok(()),
        }
    }

    /// An account by its user name and id, by its id alone where the mapping masks names.
    #[must_use]
    pub fn shown_name(&self, account: RowIx) -> String {
        let row = self.accounts.row(account);
        let name = Some(row.name()).filter(|name| self.shows_names() && !name.is_empty() && *name != row.id());
        name.map_or_else(|| row.id().to_owned(), |name| format!("{name} ({})", row.id()))
    }

    /// What binds the two of a link beside it: they are paired again by that as soon as it is gone. Nothing if nothing does.
    #[must_use]
    pub fn binds_without_link(&self, link: u32) -> Option<String> {
        let (entry, account) = (self.entries.by_id(self.links.entry(link))?, self.accounts.by_id(self.links.account(link))?);
        let (person, other) = (self.entries.row(entry), self.accounts.row(account));
        if self.external_of(person) && other.first(self.about.columns.external_id) == Some(person.id()) {
            return Some("the account carries the person's id as externalId".to_owned());
        }
        let rule = &self.rules.rules()[self.rules.match_rule()];
        let key = self.rules.key(person, &self.context).ok().flatten()?;
        let has = self.match_text(other)?;
        (is_same_key(&key, has)).then(|| {
            if rule.masked { format!("both have the same {}", rule.field.name) } else { format!("both have the {} {has}", rule.field.name) }
        })
    }
}

impl Preview {
    /// What would happen to the account after that, in a sentence; nothing but a link is sent by linking.
    #[must_use]
    pub fn consequence(&self) -> String {
        let n = self.changes.len();
        let fields = match n {
            0 => "no field differs".to_owned(),
            1 => "1 field would change".to_owned(),
            n => format!("{} fields would change", crate::text::count(n)),
        };
        match self.verdict.situation {
            Situation::Leaving => "the person is disabled: the account would be disabled, once that is approved".to_owned(),
            Situation::Left => "the person is disabled, and the account is inactive already: nothing would be sent".to_owned(),
            Situation::Returning => format!("the account is inactive and would be made active, once that is approved; {fields}"),
            Situation::Invalid => format!("the mapping does not give what the service needs for this person; {fields}"),
            Situation::Blocked => format!("nothing is sent while a side is not read completely; {fields} after that"),
            Situation::Held => format!("one of the two is held, and stays so; {fields} after that"),
            Situation::Ambiguous if self.verdict.reason == Some(Reason::RenameCollision) => {
                format!("another account has the user name that this one would get, so nothing is sent before that is mended; {fields}")
            }
            Situation::Ambiguous => format!("it still is not clear whose it is, so nothing is sent; {fields}"),
            _ if n == 0 => "the account keeps everything that it has: no field differs".to_owned(),
            _ => format!("the account keeps its id and what is not mapped; {fields}, once that is approved"),
        }
    }
}
