//! What matching wants to know that was not in either read.

use super::Picture;
use crate::config::RemoveAction;
use crate::identity::population::RowIx;
use crate::identity::{AccountId, EntryId};
use crate::mapping::Desired as Wanted;
use crate::matching::{AccountPairing, EntryPairing};
use crate::target::Sought;

impl Picture {
    /// Entries of linked accounts that are not in scope: where are they?
    pub(in crate::engine) fn questions_to_source(&self) -> Vec<EntryId> {
        let leaver = |row| match self.matcher.account(row) {
            AccountPairing::LinkedElsewhere(link) => {
                Some(link).filter(|l| !self.is_of_other_channel(*l)).map(|l| self.link(l).entry.clone())
            }
            _ => None,
        };
        self.accounts.rows().filter_map(leaver).collect()
    }

    /// Linked accounts that the listing does not show: do they exist?
    pub(in crate::engine) fn questions_to_target(&self) -> Vec<AccountId> {
        let unlisted = |row| match self.matcher.entry(row) {
            EntryPairing::LinkedUnlisted(link) => Some(self.link(link).account.clone()),
            _ => None,
        };
        let mut ids: Vec<AccountId> = self.entries.rows().filter_map(unlisted).collect();
        if self.hides_inactive && self.policy.remove_action == RemoveAction::Delete {
            // Somebody who left and is hidden already is still to be deleted.
            let neither = |l: &&crate::model::Link| {
                self.entries.by_id(l.entry.as_str()).is_none() && self.accounts.by_id(l.account.as_str()).is_none()
            };
            ids.extend(self.links.iter().filter(neither).map(|l| l.account.clone()));
        }
        ids
    }

    /// People who would be created where the service hides inactive accounts: does one exist that only a look-up shows?
    pub(in crate::engine) fn questions_by_name(&self) -> Vec<(RowIx, Sought)> {
        if !self.hides_inactive {
            return Vec::new();
        }
        let mut questions = Vec::new();
        for row in self.entries.rows() {
            let entry = self.entries.row(row);
            let skipped = entry.is_off() && !self.policy.provision_disabled;
            if skipped || self.matcher.entry(row) != EntryPairing::Alone || self.detail(Some(row), None).desired.invalid.is_some() {
                continue;
            }
            let text = |rule: Option<usize>| match self.rules.desired(rule?, entry, &self.context) {
                Wanted::Value(value) => Some(value.plain().into_owned()),
                _ => None,
            };
            let key = &self.rules.rules()[self.rules.match_rule()].field.path;
            let by_name = key.eq_ignore_ascii_case("userName");
            let matched = text(Some(self.rules.match_rule())).filter(|_| !by_name).map(|value| (key.clone(), value));
            let sought = Sought { user_name: text(self.rules.user_name()), external_id: text(self.rules.external_id()), matched };
            questions.push((row, sought));
        }
        questions
    }
}
