//! A plan that takes a run back, from what the journal proves.

use super::ends::compile;
use crate::apply::undo;
use crate::clock::Instant;
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::journal::run::{FrozenRow, RowState, Run, RunId};
use crate::plan::Row;
use crate::plan::file::{Counts, Header, SourceHead, TargetHead};
use std::collections::BTreeMap;

/// Rows of a run that are read at once.
const PAGE: usize = 1000;

/// A plan that takes a run back.
#[derive(Debug, Clone)]
pub struct TakenBack {
    /// Its head.
    pub header: Header,
    /// Its rows, the last step first; deprovisions are not approved.
    pub rows: Vec<Row>,
    /// Who can't be taken back, by the reason.
    pub lasting: BTreeMap<String, Vec<String>>,
}

/// A run of a channel.
///
/// # Errors
/// Where there is no such run, or the journal can't be read.
pub fn found(journal: &Journal, run: RunId, channel: &str) -> Result<Run> {
    let found = journal.run(run)?.filter(|run| run.what.channel == channel);
    found.ok_or_else(|| {
        Error::usage(format!("channel {channel} has no run {run}"))
            .hint("list the runs with rosterm history; other channels have their own")
    })
}

/// Every row of a run.
///
/// # Errors
/// Where the journal can't be read; the error of `visit`.
pub fn each_row(journal: &Journal, run: RunId, mut visit: impl FnMut(FrozenRow, Row) -> Result<()>) -> Result<()> {
    let mut from = 0;
    loop {
        let page = journal.rows(run, None, from, PAGE)?;
        let Some(last) = page.last().map(|r| r.n) else { return Ok(()) };
        for row in page {
            let content: Row = serde_json::from_str(&row.content)
                .map_err(|e| Error::failure(format!("row {} of run {run} in the journal is not readable: {e}", row.n)))?;
            visit(row, content)?;
        }
        from = last + 1;
    }
}

/// The plan that takes a run back.
///
/// # Errors
/// Where the run has not ended, or the journal can't be read.
pub fn plan(journal: &Journal, channel: &Channel, run: RunId, now: Instant) -> Result<TakenBack> {
    let run = found(journal, run, &channel.name)?;
    if run.ended.is_none() {
        return Err(Error::usage(format!("run {} has not ended", run.id)).hint("finish it first with rosterm apply"));
    }
    let (mut rows, mut lasting): (Vec<Row>, BTreeMap<String, Vec<String>>) = (Vec::new(), BTreeMap::new());
    each_row(journal, run.id, |frozen, row| {
        match undo::reverse(&frozen, &row, &journal.steps(run.id, frozen.n)?) {
            Ok(reversed) => rows.push(reversed),
            Err(why) if matches!(frozen.state, RowState::Done | RowState::Doubt) => {
                lasting.entry(why).or_default().push(row.called().to_owned());
            }
            // Nothing was done for it.
            Err(_) => {}
        }
        Ok(())
    })?;
    // The last step first.
    rows.reverse();
    Ok(TakenBack { header: header(&run, &rows, channel, journal, now)?, rows, lasting })
}

fn header(run: &Run, rows: &[Row], channel: &Channel, journal: &Journal, now: Instant) -> Result<Header> {
    let mut counts = Counts::default();
    for row in rows {
        counts.add(row.situation);
    }
    let belonging = journal.belonging(&channel.name)?;
    let (connector, _) = compile(channel)?;
    let accounts = rows.len();
    Ok(Header {
        channel: channel.name.clone(),
        created: now.rfc3339(),
        config: channel.fingerprint.clone(),
        source: SourceHead {
            kind: "journal".to_owned(),
            naming_context: belonging.map(|b| b.naming_context).unwrap_or_default(),
            entries: 0,
            complete: true,
            cause: None,
        },
        target: TargetHead { connector: connector.name, base_url: run.what.service.clone(), accounts, complete: true, cause: None },
        counts,
        undo_of: Some(run.id.0),
    })
}
