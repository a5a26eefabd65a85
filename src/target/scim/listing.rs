//! The whole listing, read to a proven end.
//!
//! Pages are followed by what was received, never by what a service says it sends. By index, the end is an empty page, a
//! page without a new account, or a refusal after the total was reached: always one request past the apparent end, because
//! totals lie. By cursor (RFC 9865) it is a page without `nextCursor`. The next page is asked for before this one is stored;
//! where a service keeps its order, several are asked for at once, by guessing where they begin: a guess that turns out
//! wrong is thrown away, so that the proof is the same. Ids that come again, or a total that moves, mean that the listing
//! changed meanwhile: it is read once more, one page after the other, and if that happens again it is incomplete.

use super::page::{Fetch, Page, PageError, Place};
use super::tally::{OddItem, Taken, Tally};
use super::{Sought, Target};
use crate::identity::population::Batch;
use crate::identity::value::key_hash;
use crate::model::{AccountEvidence, Cause, ReadEnd};
use std::collections::{HashSet, VecDeque};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// More pages than this are not a listing.
const MAX_PAGES: usize = 1_000_000;
/// The longest that one reading of a listing may take: whoever sends new accounts for ever is not believed for ever.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);
/// So many pages in a row without anybody new, and more cursors to follow, are not a listing either.
const MAX_STALE: usize = 10;

/// What a listing sends while it is read.
#[derive(Debug)]
pub enum Listed {
    /// How many accounts there are, by the service's own word.
    Total(usize),
    /// Accounts.
    Accounts(Batch),
    /// Somebody is there of whom we know a name, but not which account it is: nothing may be done about whoever has it.
    Odd(OddItem),
    /// What was sent so far does not count: the listing is read once more.
    Again,
}

/// How one reading went.
struct Read {
    end: ReadEnd,
    tally: Tally,
    /// Reading once more may help.
    again: bool,
}

impl Read {
    fn ended(end: ReadEnd, tally: Tally) -> Self {
        let again = matches!(&end, ReadEnd::Incomplete(why) if why.cause == Cause::IdsRepeated);
        Read { end, tally, again }
    }
}

fn nobody_waits() -> ReadEnd {
    ReadEnd::incomplete(Cause::ConnectionLost, "nobody waits for the rest")
}

impl Target {
    /// Reads the whole listing into batches.
    pub async fn read(&mut self, listed: mpsc::Sender<Listed>) -> ReadEnd {
        let mut read = self.read_once(&listed, self.stable_order).await;
        if read.again {
            tracing::info!(target: "rosterm", why = ?read.end, "the listing is read once more");
            if listed.send(Listed::Again).await.is_err() {
                return nobody_waits();
            }
            read = self.read_once(&listed, false).await;
        }
        self.settle(read, &listed).await
    }

    /// Looks odd items up by their names, and tells what is left of them.
    async fn settle(&self, read: Read, listed: &mpsc::Sender<Listed>) -> ReadEnd {
        let Read { end, tally, .. } = read;
        let can_ask = self.can_filter("userName") || self.can_filter("externalId");
        if end != ReadEnd::Complete || tally.odd.is_empty() || !can_ask {
            return if tell_odd(&tally.odd, listed).await { end } else { nobody_waits() };
        }
        let names = |item: &OddItem| Sought { user_name: item.user_name.clone(), external_id: item.external_id.clone(), matched: None };
        let sought: Vec<Sought> = tally.odd.iter().map(names).collect();
        let (answers, found) = self.find_named(&sought, |_| ()).await;
        let new = found.iter().map(|row| key_hash(row.id())).filter(|id| !tally.has(*id)).collect::<HashSet<_>>().len();
        let is_left = |answer: &AccountEvidence| !matches!(answer, AccountEvidence::Found { .. });
        let left: Vec<OddItem> = tally.odd.iter().zip(&answers).filter(|(_, a)| is_left(a)).map(|(item, _)| item.clone()).collect();
        if !found.is_empty() && listed.send(Listed::Accounts(found)).await.is_err() {
            return nobody_waits();
        }
        if !tell_odd(&left, listed).await {
            return nobody_waits();
        }
        // An item stands for one account at most, and for none that was listed anyway.
        tally.end_with(left.len() + new.min(answers.len() - left.len()))
    }

    async fn read_once(&self, listed: &mpsc::Sender<Listed>, side_by_side: bool) -> Read {
        let mut tally = Tally::default();
        let mut ahead = Ahead { pages: VecDeque::new(), stride: None, side_by_side };
        let mut place = Place::first(self.by_cursor);
        let mut cursors: HashSet<u64> = HashSet::new();
        let mut stale = 0;
        let begun = Instant::now();
        for number in 0..MAX_PAGES {
            if begun.elapsed() > LONGEST {
                let detail = format!("{} accounts in {} hours, and no end", tally.counted(), LONGEST.as_secs() / 3600);
                return Read::ended(ReadEnd::incomplete(Cause::TimeLimit, detail), tally);
            }
            let page = match ahead.take(self, &place).await {
                Ok(page) => page,
                Err(error) if is_past_the_end(&error, &place, &tally) => Page::empty(&self.columns),
                Err(error) => {
                    let detail = format!("accounts from number {} on: {}", tally.counted() + 1, error.words());
                    let again = is_lost_cursor(&error, &place);
                    return Read { end: ReadEnd::incomplete(Cause::PageMissing, detail), tally, again };
                }
            };
            let received = page.received();
            if tally.take_total(page.total)
                && let Some(total) = tally.total()
                && listed.send(Listed::Total(total)).await.is_err()
            {
                return Read::ended(nobody_waits(), tally);
            }
            let next = match (&place, page.next.clone()) {
                (Place::Start(start), _) => (received > 0).then_some(Place::Start(start + received)),
                (Place::Cursor(_), next) => next.map(Place::Cursor),
            };
            if let Some(next) = &next {
                ahead.start(self, next, received, tally.total());
            }
            let Taken { accounts, fresh, again } = tally.take(page, self.columns.schema());
            if !accounts.is_empty() && listed.send(Listed::Accounts(accounts)).await.is_err() {
                return Read::ended(nobody_waits(), tally);
            }
            if fresh > 0 || self.by_cursor {
                tally.repeat(again);
            }
            stale = if fresh == 0 { stale + 1 } else { 0 };
            match next {
                None if self.by_cursor => {
                    let end = tally.end_of_cursor(number > 0 || self.announces_cursors);
                    return Read::ended(end, tally);
                }
                Some(Place::Start(_)) | None if fresh == 0 => {
                    let end = tally.end_of_index(received);
                    return Read::ended(end, tally);
                }
                Some(Place::Cursor(cursor)) if !cursors.insert(key_hash(&cursor)) || stale == MAX_STALE => {
                    let detail = format!("{} accounts, then the same cursors again", tally.counted());
                    return Read::ended(ReadEnd::incomplete(Cause::NoProgress, detail), tally);
                }
                Some(next) => place = next,
                // A page by index with somebody new on it has a place behind it.
                None => return Read::ended(tally.end_of_index(received), tally),
            }
        }
        Read::ended(ReadEnd::incomplete(Cause::NoProgress, format!("more than {MAX_PAGES} pages")), tally)
    }
}

/// Tells of odd items; false if nobody waits for them.
async fn tell_odd(items: &[OddItem], listed: &mpsc::Sender<Listed>) -> bool {
    for item in items {
        if listed.send(Listed::Odd(item.clone())).await.is_err() {
            return false;
        }
    }
    true
}

/// Past the end some refuse, after the total was reached.
fn is_past_the_end(error: &PageError, place: &Place, tally: &Tally) -> bool {
    matches!((error, place), (PageError::Refused(answer), Place::Start(_)) if answer.status == 400)
        && tally.total().is_some_and(|total| tally.counted() >= total)
}

/// A cursor that is not known any more (RFC 9865: invalidCursor, expiredCursor): from the beginning, once.
fn is_lost_cursor(error: &PageError, place: &Place) -> bool {
    matches!((error, place), (PageError::Refused(answer), Place::Cursor(cursor))
        if !cursor.is_empty() && matches!(answer.status, 400 | 404 | 410))
}

/// Pages that were asked for before they are needed.
struct Ahead {
    pages: VecDeque<(Place, Fetch)>,
    /// How many accounts a page has, where that can be relied on to guess the next ones.
    stride: Option<usize>,
    side_by_side: bool,
}

impl Ahead {
    /// The page that begins at `place`: one that is on its way, else asked for now.
    async fn take(&mut self, target: &Target, place: &Place) -> Result<Page, PageError> {
        match self.pages.pop_front() {
            Some((guessed, page)) if guessed == *place => page.await,
            guessed => {
                // A page was shorter than the ones before: every guess was wrong.
                if guessed.is_some() {
                    self.side_by_side = false;
                }
                self.pages.clear();
                Fetch::start(&target.http, &target.columns, place.clone(), target.page_size).await
            }
        }
    }

    /// Asks for the page at `next`, and for those behind it where their places can be told: the order is stable and the total
    /// is known. At most as many as may be in flight, and none but one past the total.
    fn start(&mut self, target: &Target, next: &Place, received: usize, total: Option<usize>) {
        let ask = |pages: &mut VecDeque<(Place, Fetch)>, place: Place| {
            pages.push_back((place.clone(), Fetch::start(&target.http, &target.columns, place, target.page_size)));
        };
        let stride = *self.stride.get_or_insert(received);
        let (Place::Start(next), Some(total), true) = (next, total, self.side_by_side) else {
            if self.pages.is_empty() {
                ask(&mut self.pages, next.clone());
            }
            return;
        };
        if self.pages.front().is_some_and(|(place, _)| *place != Place::Start(*next)) {
            self.pages.clear();
            self.side_by_side = false;
            return ask(&mut self.pages, Place::Start(*next));
        }
        let mut start = match self.pages.back() {
            Some((Place::Start(last), _)) => last.saturating_add(stride),
            _ => *next,
        };
        // Behind the last account is the place where the end is proved. A total is only the service's word: any number.
        let behind = total.saturating_add(1);
        while self.pages.len() < target.concurrency && (start <= behind || self.pages.is_empty()) {
            ask(&mut self.pages, Place::Start(start));
            if start >= behind {
                break;
            }
            start = start.saturating_add(stride).min(behind);
        }
    }
}
