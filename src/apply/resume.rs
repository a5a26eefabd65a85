//! Picking a run up that was interrupted: what may have been sent is looked into first.
//!
//! A request that left just before the end may still be on its way, and a service that has it may take as long as it takes to
//! answer. So nobody is asked what came of a request before the time that any request may take has passed since it left.

use super::executor::{Ends, Order, bench_of};
use super::report::Counting;
use super::row::{Bench, Finished, Item};
use crate::clock;
use crate::error::{Error, Result};
use crate::journal::{Begun, Remembered, Writer};
use crate::plan::Row;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::time::Duration;

/// No request is waited for longer than this.
const LONGEST: Duration = Duration::from_secs(120);
/// Requests that are looked into side by side.
const MOST: usize = 32;

/// What looking into an interrupted run came to.
#[derive(Debug, Default)]
pub struct Settled {
    /// Rows of which it is known now what came of them.
    pub counting: Counting,
    /// Rows that are to be sent: the number of their next request, and whether an earlier one may have arrived in part.
    pub begun: HashMap<u32, (u32, bool)>,
}

/// How long until it can be told what came of the requests of an interrupted run.
#[must_use]
pub fn wait(begun: &[Begun], timeout: Duration) -> Duration {
    let last = begun.iter().filter(|b| !b.had_no_effect).map(|b| b.intent.begun).max();
    let now = clock::now_in_millis();
    // A clock that was set back must not make us wait for ever.
    let since = last.map(|last| Duration::from_millis(u64::try_from(now - last).unwrap_or(0)));
    since.map_or(Duration::ZERO, |since| timeout.min(LONGEST).saturating_sub(since))
}

/// Looks into every request of which it is not known what came of it, and notes what it finds. Unless it `may_send`, it only reads.
///
/// # Errors
/// Where the journal can't be read or written, or the service refuses us.
pub async fn settle(
    order: &Order<'_>,
    ends: Ends<'_>,
    journal: &Writer,
    may_send: bool,
    tell: &(dyn Fn(&Finished) + Sync),
) -> Result<Settled> {
    let run = order.run;
    let begun = journal.with(move |journal| journal.begun_rows(run)).await??;
    tokio::time::sleep(wait(&begun, ends.target.timeout())).await;
    let bench = bench_of(order, ends, journal, None);
    let mut settled = Settled::default();
    let (unsent, open): (Vec<Begun>, Vec<Begun>) = begun.into_iter().partition(|b| b.had_no_effect);
    settled.begun.extend(unsent.iter().map(|b| (b.row.n, (b.intent.step + 1, false))));
    // Side by side: a run that was killed has as many open as it had under way.
    let looks = open.into_iter().map(|begun| look_into(&bench, order, journal, begun, may_send));
    let mut looks = futures_util::stream::iter(looks).buffer_unordered(MOST);
    while let Some(looked) = looks.next().await {
        bench.gate.went_well();
        match looked? {
            (_, _, Some(finished)) => {
                settled.counting.add(&finished);
                tell(&finished);
            }
            (n, step, None) => drop(settled.begun.insert(n, (step + 1, true))),
        }
    }
    drop(looks);
    Ok(settled)
}

/// Looks into one request. Gives the row's number and that of the request, and what came of the row if that is known now.
async fn look_into(
    bench: &Bench<'_>,
    order: &Order<'_>,
    journal: &Writer,
    begun: Begun,
    may_send: bool,
) -> Result<(u32, u32, Option<Finished>)> {
    let Begun { row: frozen, intent, .. } = begun;
    let row: Row = serde_json::from_str(&frozen.content)
        .map_err(|e| Error::failure(format!("row {} of run {} in the journal is not readable: {e}", frozen.n, order.run)))?;
    let (service, entry, account) = (order.service.to_owned(), frozen.entry.clone(), frozen.account.clone());
    let memory = journal.with(move |journal| {
        let user = (entry.as_ref().map(crate::identity::EntryId::as_str), account.as_ref().map(crate::identity::AccountId::as_str));
        journal.remembered_of(&service, clock::now(), &[user])
    });
    let memory: Remembered = memory.await??.pop().unwrap_or_default();
    let item = Item { frozen, row, memory, entry: None, lost_before: true, step: intent.step };
    let finished = bench.settle(&item, &intent, may_send).await?;
    Ok((intent.n, intent.step, finished))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::run::{FrozenRow, Intent, RowState, RunId, StepKind};
    use crate::model::Action;

    fn begun(at: i64, had_no_effect: bool) -> Begun {
        let row = FrozenRow {
            n: 0,
            action: Action::Create,
            user_name: None,
            entry: None,
            account: None,
            state: RowState::Waiting,
            content: "{}".into(),
        };
        let intent = Intent { run: RunId(1), n: 0, step: 0, kind: StepKind::Create, begun: at, request: String::new(), before: None };
        Begun { row, intent, had_no_effect }
    }

    #[test]
    fn nobody_is_asked_before_a_request_can_be_under_way_no_longer_whatever_the_clock_does() {
        let (now, timeout) = (clock::now_in_millis(), Duration::from_secs(60));
        let about = |wait: Duration, seconds: u64| {
            wait <= Duration::from_secs(seconds) && wait + Duration::from_secs(2) > Duration::from_secs(seconds)
        };
        assert_eq!(wait(&[], timeout), Duration::ZERO);
        assert_eq!(wait(&[begun(now, true)], timeout), Duration::ZERO, "it is known that it had no effect");
        assert!(about(wait(&[begun(now - 20_000, false), begun(now - 50_000, false)], timeout), 40));
        assert_eq!(wait(&[begun(now - 61_000, false)], timeout), Duration::ZERO);
        // The clock was set back by a year since: as long as any request may take, and no longer.
        assert!(about(wait(&[begun(now + 31_536_000_000, false)], timeout), 60));
        // It was set forward: that it is late is believed.
        assert_eq!(wait(&[begun(0, false)], timeout), Duration::ZERO);
        assert!(about(wait(&[begun(now, false)], Duration::from_secs(9_999)), 120), "no request takes longer than that");
    }
}
