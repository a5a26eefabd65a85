//! What matching wants to know that was not in either read.

use super::Picture;
use super::cell::{Bond, Cell};
use crate::config::RemoveAction;
use crate::identity::population::RowIx;
use crate::identity::{AccountId, EntryId};
use crate::mapping::Desired as Wanted;
use crate::target::Sought;

impl Picture {
    /// Entries of linked accounts that are not in scope: where are they?
    pub(in crate::engine) fn questions_to_source(&self) -> Vec<EntryId> {
        let of = |bond: Bond| move |cell: &Cell| cell.link().filter(|_| cell.bond == bond);
        let leavers = self.others.iter().filter_map(of(Bond::LinkedElsewhere)).filter(|l| !self.is_of_other_channel(*l));
        leavers.map(|l| EntryId::new(self.links.entry(l))).collect()
    }

    /// Linked accounts that the listing does not show: do they exist?
    pub(in crate::engine) fn questions_to_target(&self) -> Vec<AccountId> {
        // Of a link whose account was gone it is asked again: it may have come back hidden.
        let unlisted = |(row, cell): (u32, &Cell)| match cell.bond {
            Bond::Unlisted => cell.link(),
            _ if cell.lost_account() => self.links.by_entry(self.entries.row(RowIx(row)).id()),
            _ => None,
        };
        let account = |link| AccountId::new(self.links.account(link));
        let mut ids: Vec<AccountId> = (0u32..).zip(self.people.iter()).filter_map(unlisted).map(account).collect();
        if self.about.hides_inactive && self.about.by_either(|policy| policy.remove_action == RemoveAction::Delete) {
            // Somebody who left and is hidden already is still to be deleted.
            let neither =
                |l: &u32| self.entries.by_id(self.links.entry(*l)).is_none() && self.accounts.by_id(self.links.account(*l)).is_none();
            ids.extend(self.links.numbers().filter(neither).map(account));
        }
        ids
    }

    /// People who would be created where the service hides inactive accounts: does one exist that only a look-up shows?
    pub(in crate::engine) fn questions_by_name(&self) -> Vec<(RowIx, Sought)> {
        if !self.about.hides_inactive {
            return Vec::new();
        }
        let provisions_disabled = self.about.by_either(|policy| policy.provision_disabled);
        let mut questions = Vec::new();
        for row in self.entries.rows() {
            let entry = self.entries.row(row);
            let skipped = entry.is_off() && !provisions_disabled;
            let cell = self.people.at(row.index());
            if skipped || cell.bond != Bond::Alone || cell.invalid.is_some() {
                continue;
            }
            let sought = self.sought(row);
            questions.push((row, sought));
        }
        questions
    }

    /// What an account of this entry would show: asked for by name, and noted with the answer.
    pub(in crate::engine) fn sought(&self, row: RowIx) -> Sought {
        let text = |rule: Option<usize>| match self.rules.desired(rule?, self.entries.row(row), &self.context) {
            Wanted::Value(value) => Some(value.plain().into_owned()),
            _ => None,
        };
        let key = &self.rules.rules()[self.rules.match_rule()].field.path;
        let by_name = key.eq_ignore_ascii_case("userName");
        let matched = text(Some(self.rules.match_rule())).filter(|_| !by_name).map(|value| (key.clone(), value));
        Sought { user_name: text(self.rules.user_name()), external_id: text(self.rules.external_id()), matched }
    }
}
