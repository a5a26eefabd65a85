//! What was counted while a listing was read, and what that proves about its end.
//!
//! Complete means: as many different accounts as the last `totalResults` said, and the end was seen. Items that are no
//! account of ours but have a name count as one each (whoever has that name is blocked by the engine); those without a
//! name could be anybody.

use super::columns::text_of;
use super::page::Page;
use crate::identity::population::{Batch, BatchBuilder, Draft, Schema};
use crate::identity::value::key_hash;
use crate::model::{Cause, ReadEnd};
use serde_json::Value;
use std::collections::HashSet;

/// The most attributes that a sample of an item names.
const SAMPLE: usize = 12;
/// More odd items than this are not kept by name: the listing is incomplete then.
const MOST_ODD: usize = 10_000;

/// An item of a listing that has no id: somebody is there, but nobody can say which account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddItem {
    /// Its `userName`, as it came.
    pub user_name: Option<String>,
    /// Its `externalId`, as it came.
    pub external_id: Option<String>,
    /// Which attributes it has, for a message (not cleaned). Never their values: some are masked, and nobody knows which.
    pub sample: String,
}

impl OddItem {
    /// What an item without id tells of itself.
    pub(super) fn of(item: &Value) -> Self {
        let text = |name: &str| item.as_object().and_then(|o| text_of(o, name)).map(str::to_owned);
        OddItem { user_name: text("userName"), external_id: text("externalId"), sample: sample(item) }
    }
}

/// What was new on a page.
#[derive(Debug)]
pub(super) struct Taken {
    /// The accounts that did not come before.
    pub accounts: Batch,
    /// How many items are new.
    pub fresh: usize,
    /// How many came before, or could be anybody.
    pub again: usize,
}

/// Counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    seen: HashSet<u64>,
    odd_seen: HashSet<u64>,
    /// Items without id that have a name.
    pub odd: Vec<OddItem>,
    nameless: usize,
    sample: Option<String>,
    total: Option<usize>,
    moved: bool,
    repeated: usize,
}

impl Tally {
    /// Takes a page.
    pub fn take(&mut self, page: Page, schema: &Schema) -> Taken {
        let received = page.received();
        let is_new: Vec<bool> = page.accounts.iter().map(|row| self.seen.insert(key_hash(row.id()))).collect();
        let new = is_new.iter().filter(|new| **new).count();
        let fresh = new + page.odd.into_iter().map(|item| usize::from(self.take_odd(item))).sum::<usize>();
        let accounts = if new == is_new.len() { page.accounts } else { without_old(&page.accounts, &is_new, schema) };
        Taken { accounts, fresh, again: received - fresh }
    }

    /// Takes an item without id: true if it has a name that did not come before.
    fn take_odd(&mut self, item: OddItem) -> bool {
        if (item.user_name.is_none() && item.external_id.is_none()) || self.odd.len() == MOST_ODD {
            self.nameless += 1;
            self.sample.get_or_insert(item.sample);
            return false;
        }
        let both = format!("{}\u{0}{}", item.user_name.as_deref().unwrap_or(""), item.external_id.as_deref().unwrap_or(""));
        let is_new = self.odd_seen.insert(key_hash(&both));
        if is_new {
            self.odd.push(item);
        }
        is_new
    }

    /// Takes the total of a page: true if it is another one than before.
    pub fn take_total(&mut self, told: Option<usize>) -> bool {
        let Some(told) = told.filter(|t| self.total != Some(*t)) else { return false };
        // Somebody was added or taken away meanwhile: whoever stood between two pages may have slipped through.
        self.moved |= self.total.is_some();
        self.total = Some(told);
        true
    }

    /// So many accounts of a page that also had new ones came before.
    pub fn repeat(&mut self, again: usize) {
        self.repeated += again;
    }

    /// The last total.
    pub fn total(&self) -> Option<usize> {
        self.total
    }

    /// True for an account that was listed, by the hash of its id.
    pub fn has(&self, id: u64) -> bool {
        self.seen.contains(&id)
    }

    /// Accounts and named items so far.
    pub fn counted(&self) -> usize {
        self.seen.len() + self.odd.len()
    }

    fn of_total(&self) -> String {
        let read = self.counted();
        self.total.map_or_else(|| format!("{read} accounts"), |total| format!("{read} of {total} accounts"))
    }

    /// What speaks against this listing, however it ended.
    fn doubt(&self) -> Option<ReadEnd> {
        if self.nameless > 0 {
            let sample = self.sample.as_ref().map(|s| format!(": {s}")).unwrap_or_default();
            let detail = format!("{} of the items have neither an id nor a name, for one{sample}", self.nameless);
            return Some(ReadEnd::incomplete(Cause::PageMissing, detail));
        }
        let of_total = self.of_total();
        // Whoever came twice took the place of somebody who did not come: the listing moved.
        if self.repeated > 0 {
            return Some(ReadEnd::incomplete(Cause::IdsRepeated, format!("{of_total}, and {} came more than once", self.repeated)));
        }
        self.moved.then(|| ReadEnd::incomplete(Cause::IdsRepeated, format!("{of_total}, and the total changed on the way")))
    }

    /// How a listing by index ended whose last page had `received` items, and nobody new among them.
    pub fn end_of_index(&self, received: usize) -> ReadEnd {
        if let Some(doubt) = self.doubt() {
            return doubt;
        }
        let of_total = self.of_total();
        match self.total {
            Some(total) if self.counted() < total && received > 0 => {
                ReadEnd::incomplete(Cause::NoProgress, format!("{of_total}, then the same ones again"))
            }
            Some(total) if self.counted() < total => ReadEnd::incomplete(Cause::TotalNotReached, of_total),
            Some(_) => ReadEnd::Complete,
            // Without a total, a service that repeats itself looks like one that has ended.
            None if received > 0 => {
                ReadEnd::incomplete(Cause::NoProgress, format!("{of_total}, no totalResults, then the same ones again"))
            }
            None => ReadEnd::incomplete(
                Cause::TotalNotReached,
                format!("{of_total}, and the service tells no totalResults to hold them against"),
            ),
        }
    }

    /// How a listing by cursor ended whose last page had no `nextCursor`. `proven`: the service has shown, by a cursor before
    /// or by announcing them, that the absence of one means the end; one that ignores `cursor` looks the same otherwise.
    pub fn end_of_cursor(&self, proven: bool) -> ReadEnd {
        if let Some(doubt) = self.doubt() {
            return doubt;
        }
        let of_total = self.of_total();
        match self.total {
            Some(total) if self.counted() < total => ReadEnd::incomplete(Cause::TotalNotReached, of_total),
            Some(_) => ReadEnd::Complete,
            None if proven => ReadEnd::Complete,
            None => {
                ReadEnd::incomplete(Cause::TotalNotReached, format!("{of_total}, and the service tells neither totalResults nor cursors"))
            }
        }
    }

    /// The end of a complete listing after its odd items were looked up: they stand for so many accounts of their own.
    pub fn end_with(&self, of_their_own: usize) -> ReadEnd {
        let accounts = self.seen.len() + of_their_own;
        match self.total {
            Some(total) if accounts < total => ReadEnd::incomplete(
                Cause::TotalNotReached,
                format!("{accounts} of {total} accounts, others of them came a second time without an id"),
            ),
            _ => ReadEnd::Complete,
        }
    }
}

/// The new ones of a page that also has old ones: there are few such pages, or the listing is not believed.
fn without_old(accounts: &Batch, is_new: &[bool], schema: &Schema) -> Batch {
    let (mut rows, mut draft) = (BatchBuilder::new(schema), Draft::default());
    for (row, _) in accounts.iter().zip(is_new).filter(|(_, new)| **new) {
        draft.begin(row.id(), row.name());
        draft.set_off(row.is_off());
        for column in (0u16..).take(schema.columns().len()) {
            row.all(column).for_each(|value| draft.push(column, value));
        }
        rows.push(&mut draft);
    }
    rows.seal()
}

fn sample(item: &Value) -> String {
    match item {
        Value::Object(object) if object.is_empty() => "an object without attributes".to_owned(),
        Value::Object(object) => {
            let names: Vec<String> = object.keys().take(SAMPLE).map(|name| name.chars().take(60).collect()).collect();
            format!("an object with {}", names.join(", "))
        }
        Value::Array(_) => "a list".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Columns;
    use super::*;
    use serde_json::json;

    fn page(items: &[Value], columns: &Columns) -> Page {
        let (mut rows, mut draft, mut page) = (BatchBuilder::new(columns.schema()), Draft::default(), Page::empty(columns));
        for item in items {
            if item.as_object().is_some_and(|o| columns.fill(&mut draft, o)) {
                rows.push(&mut draft);
            } else {
                page.odd.push(OddItem::of(item));
            }
        }
        Page { accounts: rows.seal(), ..page }
    }

    fn tally(items: &[Value], total: Option<usize>) -> Tally {
        let columns = Columns::new(std::iter::empty());
        let mut tally = Tally::default();
        tally.take_total(total);
        tally.take(page(items, &columns), columns.schema());
        tally
    }

    #[test]
    fn of_a_page_only_what_is_new_goes_on() {
        let columns = Columns::new(std::iter::empty());
        let mut tally = Tally::default();
        let mut told = |items: &[Value]| {
            let taken = tally.take(page(items, &columns), columns.schema());
            let rows: Vec<String> =
                taken.accounts.iter().map(|r| format!("{} {} {:?}", r.id(), r.name(), r.first(columns.external_id))).collect();
            (rows.join("; "), taken.fresh, taken.again)
        };
        let ann = json!({"id": "1", "userName": "ann", "externalId": "e"});
        assert_eq!(told(&[ann.clone(), json!({"id": "2"}), json!({"userName": "cy"})]), ("1 ann Some(\"e\"); 2  None".into(), 3, 0));
        assert_eq!(told(&[json!({"id": "2"}), ann, json!({"id": "3"}), json!({"id": "3"})]), ("3  None".into(), 1, 3));
        assert_eq!(told(&[json!({"userName": "cy"}), json!(7)]), (String::new(), 0, 2));
    }

    fn cause(end: &ReadEnd) -> Option<Cause> {
        end.cause().map(|why| why.cause)
    }

    #[test]
    fn an_end_proves_what_it_proves_and_no_more() {
        let two = [json!({"id": "1"}), json!({"id": "2"})];
        let named = [json!({"id": "1"}), json!({"userName": "ann"})];
        let nameless = [json!({"id": "1"}), json!({"displayName": "Ann"})];
        for (what, tally, by_index, by_cursor, unproven) in [
            ("whole", tally(&two, Some(2)), None, None, None),
            ("more than told", tally(&two, Some(1)), None, None, None),
            (
                "fewer than told",
                tally(&two, Some(3)),
                Some(Cause::TotalNotReached),
                Some(Cause::TotalNotReached),
                Some(Cause::TotalNotReached),
            ),
            ("no total", tally(&two, None), Some(Cause::TotalNotReached), None, Some(Cause::TotalNotReached)),
            ("a named item without id", tally(&named, Some(2)), None, None, None),
            (
                "an item without anything",
                tally(&nameless, Some(2)),
                Some(Cause::PageMissing),
                Some(Cause::PageMissing),
                Some(Cause::PageMissing),
            ),
            (
                "an item that is no object",
                tally(&[json!(7)], Some(1)),
                Some(Cause::PageMissing),
                Some(Cause::PageMissing),
                Some(Cause::PageMissing),
            ),
        ] {
            assert_eq!(cause(&tally.end_of_index(0)), by_index, "{what}, by index");
            assert_eq!(cause(&tally.end_of_cursor(true)), by_cursor, "{what}, by cursor");
            assert_eq!(cause(&tally.end_of_cursor(false)), unproven, "{what}, by a cursor that proves nothing");
        }
        assert_eq!(cause(&tally(&two, Some(3)).end_of_index(2)), Some(Cause::NoProgress));
        assert_eq!(cause(&tally(&two, None).end_of_index(2)), Some(Cause::NoProgress));
    }

    #[test]
    fn a_total_that_moves_and_accounts_that_come_again_are_one_cause() {
        let mut moved = tally(&[json!({"id": "1"})], Some(1));
        assert!(!moved.take_total(None) && !moved.take_total(Some(1)) && moved.take_total(Some(2)));
        assert_eq!(cause(&moved.end_of_index(0)), Some(Cause::IdsRepeated));
        let mut repeated = tally(&[json!({"id": "1"})], Some(1));
        repeated.repeat(1);
        assert_eq!(cause(&repeated.end_of_cursor(true)), Some(Cause::IdsRepeated));
    }

    #[test]
    fn an_odd_item_that_was_listed_anyway_took_somebodys_place() {
        let tally = tally(&[json!({"id": "1"}), json!({"userName": "ann"}), json!({"userName": "ann"})], Some(2));
        assert_eq!(tally.odd.len(), 1, "the same item twice is one");
        assert_eq!(tally.end_with(1), ReadEnd::Complete);
        assert_eq!(cause(&tally.end_with(0)), Some(Cause::TotalNotReached));
    }
}
