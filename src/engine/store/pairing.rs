//! A pair is linked by hand, or parted: only whom it concerns is matched anew, and everybody keeps their number.

use super::Store;
use crate::identity::EntryId;
use crate::identity::population::RowIx;
use crate::model::Link;
use std::sync::Arc;

impl Store {
    /// These two are linked from now on. Nothing changes where one of them is linked already.
    pub fn link(&mut self, link: &Link) {
        let links = &self.picture.links;
        if links.by_entry(link.entry.as_str()).is_some() || links.by_account(link.account.as_str()).is_some() {
            return;
        }
        let number = Arc::make_mut(&mut self.picture.links).add(link);
        let (entry, account) = self.ends_of(link);
        if self.matcher.has_link(number) {
            self.matcher.set_link(number, entry, account);
        } else {
            let added = self.matcher.add_link(entry, account);
            debug_assert_eq!(added, number, "links are numbered alike in the book and in the matcher");
        }
        self.judge_ends(entry, account);
    }

    /// The entry is not linked any more.
    pub fn unlink(&mut self, entry: &EntryId) {
        let Some(number) = self.picture.links.by_entry(entry.as_str()) else { return };
        let link = self.picture.links.link(number);
        Arc::make_mut(&mut self.picture.links).remove(number);
        self.matcher.remove_link(number);
        let (entry, account) = self.ends_of(&link);
        self.judge_ends(entry, account);
    }

    fn ends_of(&self, link: &Link) -> (Option<RowIx>, Option<RowIx>) {
        let entry = self.picture.entries.by_id(link.entry.as_str()).filter(|row| self.picture.entries.has(*row));
        let account = self.picture.accounts.by_id(link.account.as_str()).filter(|row| self.picture.accounts.has(*row));
        (entry, account)
    }

    fn judge_ends(&mut self, entry: Option<RowIx>, account: Option<RowIx>) {
        self.pending.evaluate.extend(entry);
        self.pending.accounts.extend(account);
        self.update();
        // Who is contested with whom, and whose address somebody new has, is another question now.
        self.conclude();
    }
}
