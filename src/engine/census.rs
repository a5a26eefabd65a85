//! What many users of a picture have in common, and what the journal has to say: the facts behind `rosterm doctor`.

use super::picture::Picture;
use super::picture::cell::Cell;
use crate::error::Result;
use crate::explain::doctor::{Census, Users};
use crate::journal::Journal;
use crate::model::{AccountEvidence, Action, EntryEvidence, Reason};
use crate::plan::guard::{self, Basis, Lifted, Tally};
use std::collections::BTreeMap;

impl Picture {
    /// What a reading showed, and what is remembered.
    ///
    /// # Errors
    /// Where the journal can't be read.
    pub fn census(&self, journal: &Journal) -> Result<Census> {
        let (mut reasons, mut problems) = (BTreeMap::<Reason, Users>::new(), BTreeMap::new());
        let mut tally = Tally::default();
        for user in self.users() {
            let verdict = &user.verdict;
            let cell: Option<Cell> = user.entry.map(|e| self.people.at(e.index()));
            let is_odd = cell.is_some_and(|cell| cell.problems != 0) || verdict.withheld.is_some();
            if verdict.action == Action::None && verdict.reason.is_none() && !is_odd {
                continue;
            }
            let row = self.row(user);
            if let Some(reason) = verdict.reason {
                reasons.entry(reason).or_default().add(row.called());
            }
            if verdict.action != Action::None {
                tally.add(&row);
            }
            for problem in &row.problems {
                let field = problem.field.clone().unwrap_or_else(|| "the user".to_owned());
                problems.entry((field, problem.code as usize)).or_insert_with(|| (problem.code, Users::default())).1.add(row.called());
            }
        }
        let pairs = guard::pairs(&self.counts());
        let before = journal.baseline(self.channel())?.map(|b| b.entries);
        let basis = Basis { pairs, entries: self.entries().len(), before };
        let mut owed = Users::default();
        for one in journal.owed(self.base_url())?.iter().filter(|o| o.channel == self.channel()) {
            owed.add(one.user_name.as_deref().unwrap_or(&one.subject));
        }
        Ok(Census {
            sides: self.ended.clone(),
            counts: (self.entries().len(), self.accounts().len()),
            reasons: reasons.into_iter().collect(),
            problems: problems.into_iter().map(|((field, _), (code, users))| (field, code, users)).collect(),
            fired: guard::fired(&tally, basis, &self.about.policy, Lifted::default()),
            notes: self.notes(),
            dead_links: self.dead_links(),
            unended: journal.unended(self.base_url())?.filter(|run| run.what.channel == self.channel()),
            owed,
        })
    }

    /// Links of ours of which neither end is there, as far as that was looked up or read to the end.
    fn dead_links(&self) -> usize {
        // A service that hides whom it deactivated proves nothing by its listing.
        if self.about.hides_inactive || !self.ended.0.is_complete() || !self.ended.1.is_complete() {
            return 0;
        }
        let is_dead = |link: &u32| {
            let (entry, account) = (self.links.entry(*link), self.links.account(*link));
            let gone =
                |evidence: Option<&EntryEvidence>| !matches!(evidence, Some(EntryEvidence::Found { .. } | EntryEvidence::Unknown { .. }));
            let away = |evidence: Option<&AccountEvidence>| {
                !matches!(evidence, Some(AccountEvidence::Found { .. } | AccountEvidence::Unknown { .. }))
            };
            self.links.channel(*link) == self.channel()
                && self.entries().by_id(entry).is_none()
                && self.accounts().by_id(account).is_none()
                && gone(self.known.entries.get(entry))
                && away(self.known.accounts.get(account))
        };
        self.links.numbers().filter(is_dead).count()
    }
}
