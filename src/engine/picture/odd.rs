//! Items of the listing that are accounts of somebody, but cannot be addressed: they have no id, and a look-up by name gave
//! none. Nobody whose account one of them may be is created or paired with another one.

use super::Picture;
use crate::identity::population::RowIx;
use crate::target::OddItem;
use std::collections::HashSet;
use std::sync::Arc;

/// What is known of such items.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Odd {
    pub count: usize,
    /// What the first one shows, for a message.
    pub first: Option<String>,
    /// Their match values, in comparison form.
    keys: HashSet<String>,
    /// Their `externalId`s.
    externals: HashSet<String>,
}

impl Picture {
    /// Notes an item. False if it does not show what people are matched by: then it could be anybody's.
    pub(in crate::engine) fn add_odd(&mut self, item: &OddItem) -> bool {
        let shows_names = self.shows_names();
        let by_name = self.rules.rules()[self.rules.match_rule()].field.path.eq_ignore_ascii_case("userName");
        let key = item.user_name.as_deref().filter(|_| by_name).and_then(|name| self.rules.form(name)).map(std::borrow::Cow::into_owned);
        let external = item.external_id.clone().filter(|_| self.rules.external_id().is_some());
        // An id alone tells whose it is only if that person is here.
        let known = key.is_some() || external.as_deref().is_some_and(|id| self.entries.by_id(id).is_some());
        let odd = Arc::make_mut(&mut self.odd);
        odd.count += 1;
        let name = item.user_name.as_ref().filter(|_| shows_names);
        odd.first.get_or_insert_with(|| name.map_or_else(|| item.sample.clone(), |name| format!("\"{name}\"")));
        odd.keys.extend(key);
        odd.externals.extend(external);
        known
    }

    /// True if one of the items could be the account of this entry.
    pub(super) fn may_be_odd(&self, entry: RowIx) -> bool {
        if self.odd.count == 0 {
            return false;
        }
        let row = self.entries.row(entry);
        self.odd.externals.contains(row.id())
            || self.rules.key(row, &self.context).ok().flatten().is_some_and(|key| self.odd.keys.contains(key.as_ref()))
    }
}
