//! Freezing a run: the approved rows, values included, into the journal, before anything is sent.

use super::choose::{Permits, Selection, is_approved};
use crate::error::{Error, Result};
use crate::identity::{AccountId, EntryId};
use crate::journal::Journal;
use crate::journal::run::{FrozenRow, NewRun, RowState, RunId};
use crate::model::Action;
use crate::plan::Row;

/// Rows that are written together.
const TOGETHER: usize = 1000;
/// Rows of one action, at most.
const MOST: u32 = 1 << 28;

/// In which order actions are sent: what takes access away comes last.
fn phase(action: Action) -> u32 {
    match action {
        Action::Link => 0,
        Action::Enable => 1,
        Action::Create => 2,
        Action::Update => 3,
        Action::Disable => 4,
        Action::Delete => 5,
        Action::None => 6,
    }
}

/// A run that is being frozen.
pub struct Freezer<'j> {
    journal: &'j mut Journal,
    run: RunId,
    selection: &'j Selection,
    permits: Permits,
    next: [u32; 7],
    waiting: Vec<FrozenRow>,
}

impl<'j> Freezer<'j> {
    /// Begins a run.
    ///
    /// # Errors
    /// Where the journal can't be written.
    pub fn begin(journal: &'j mut Journal, run: &NewRun, selection: &'j Selection, permits: Permits) -> Result<Self> {
        journal.drop_unfrozen(&run.service)?;
        let run = journal.begin_run(run)?;
        Ok(Freezer { journal, run, selection, permits, next: [0; 7], waiting: Vec::with_capacity(TOGETHER) })
    }

    /// Takes a row, if it is selected and approved.
    ///
    /// # Errors
    /// Where the journal can't be written.
    pub fn add(&mut self, row: &Row) -> Result<()> {
        if !self.selection.has(row) || !is_approved(row, self.permits) {
            return Ok(());
        }
        let phase = phase(row.action);
        let next = &mut self.next[phase as usize];
        if *next >= MOST {
            return Err(Error::usage("the plan has more rows than a run can have").hint("apply a part of it with --only or --user"));
        }
        let content = serde_json::to_string(row).map_err(|e| Error::failure(format!("a row cannot be kept: {e}")))?;
        self.waiting.push(FrozenRow {
            n: phase * MOST + *next,
            action: row.action,
            user_name: Some(row.called().to_owned()),
            entry: row.entry.as_ref().map(|e| EntryId::new(e.id.as_str())),
            account: row.account.as_ref().map(|a| AccountId::new(a.id.as_str())),
            state: RowState::Waiting,
            content,
        });
        *next += 1;
        if self.waiting.len() >= TOGETHER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.journal.add_rows(self.run, &self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    /// All rows were added: from here on the run can be sent. Gives its number, and how many rows it has.
    ///
    /// # Errors
    /// Where the journal can't be written.
    pub fn end(mut self) -> Result<(RunId, usize)> {
        self.flush()?;
        self.journal.freeze(self.run)?;
        Ok((self.run, self.next.iter().map(|n| *n as usize).sum()))
    }
}
