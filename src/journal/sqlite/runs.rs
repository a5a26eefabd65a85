//! Runs in the file: frozen rows, intents, outcomes.

use super::Journal;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::identity::{AccountId, EntryId};
use crate::journal::run::{Ending, FrozenRow, Intent, NewRun, Outcome, RowEnd, RowState, Run, RunId, Step, StepKind, StepResult};
use crate::model::Action;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, TransactionBehavior, params};

/// A text that names nothing that we know: written by another version.
fn foreign(column: usize, text: &str) -> rusqlite::Error {
    let told = format!("`{text}` is not a word of this version");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, told.into())
}

pub(super) fn word<T>(row: &Row<'_>, column: usize, of: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    of(&text).ok_or_else(|| foreign(column, &text))
}

pub(super) fn action_of(code: &str) -> Option<Action> {
    Action::ALL.into_iter().find(|a| a.code() == code)
}

impl Journal {
    pub(super) fn unwritten(&self, e: &rusqlite::Error) -> Error {
        Error::failure(format!("the journal in {} cannot be written: {e}", self.path.display()))
            .hint("check the disk and the file's owner; what is not in the journal is not sent")
    }

    /// The level of durability: 2 is FULL (SQLite documentation, PRAGMA synchronous).
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn durability(&self) -> Result<u32> {
        self.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(|e| self.wrong(&e))
    }

    /// Begins a run; its rows follow.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn begin_run(&mut self, run: &NewRun) -> Result<RunId> {
        let sql = "INSERT INTO runs (channel, service, plan, undo_of, author, started, terms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![run.channel, run.service, run.plan, run.undo_of.map(|r| r.0), run.author, run.started.0, run.terms];
        self.connection.execute(sql, values).map_err(|e| self.unwritten(&e))?;
        Ok(RunId(self.connection.last_insert_rowid()))
    }

    /// Adds rows to a run that is not frozen yet.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn add_rows(&mut self, run: RunId, rows: &[FrozenRow]) -> Result<()> {
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut statement = transaction.prepare_cached(
                    "INSERT INTO run_rows (run, n, action, user_name, entry, account, state, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?;
                for row in rows {
                    statement.execute(params![
                        run.0,
                        row.n,
                        row.action.code(),
                        row.user_name,
                        row.entry.as_ref().map(EntryId::as_str),
                        row.account.as_ref().map(AccountId::as_str),
                        row.state.code(),
                        row.content
                    ])?;
                }
            }
            transaction.commit()
        };
        write(&mut self.connection).map_err(|e| self.unwritten(&e))
    }

    /// All rows of a run are there: from here on it may be sent.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn freeze(&mut self, run: RunId) -> Result<()> {
        let done = self.connection.execute("UPDATE runs SET frozen = 1 WHERE id = ?1", [run.0]);
        done.map(|_| ()).map_err(|e| self.unwritten(&e))
    }

    /// Takes back runs of a service of which not all rows are there: nothing was sent for them.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn drop_unfrozen(&mut self, service: &str) -> Result<()> {
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM run_rows WHERE run IN (SELECT id FROM runs WHERE service = ?1 AND frozen = 0)", [service])?;
            transaction.execute("DELETE FROM runs WHERE service = ?1 AND frozen = 0", [service])?;
            transaction.commit()
        };
        write(&mut self.connection).map_err(|e| self.unwritten(&e))
    }

    /// The rows of a run from number `from` on that are in this state (in any, without one), at most so many.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn rows(&self, run: RunId, state: Option<RowState>, from: u32, most: usize) -> Result<Vec<FrozenRow>> {
        let read = || -> rusqlite::Result<Vec<FrozenRow>> {
            let sql = "SELECT n, action, user_name, entry, account, state, content FROM run_rows WHERE run = ?1 AND n >= ?2 AND (?3 IS NULL OR state = ?3) ORDER BY n LIMIT ?4";
            let mut statement = self.connection.prepare_cached(sql)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![run.0, from, state.map(RowState::code), most], row_of)?;
            rows.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// The accounts that a run has made so far, by the ids of their entries.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn created_in(&self, run: RunId) -> Result<Vec<(String, String)>> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let sql =
                "SELECT entry, account FROM run_rows WHERE run = ?1 AND action = 'create' AND entry IS NOT NULL AND account IS NOT NULL";
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map([run.0], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// Rows of a run that are done and name somebody who had no account when it was planned, from number `from` on.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn rows_with_open_references(&self, run: RunId, from: u32, most: usize) -> Result<Vec<FrozenRow>> {
        let read = || -> rusqlite::Result<Vec<FrozenRow>> {
            let sql = "SELECT n, action, user_name, entry, account, state, content FROM run_rows \
                       WHERE run = ?1 AND n >= ?2 AND state = 'done' AND content LIKE '%\"code\":\"unresolved\"%' ORDER BY n LIMIT ?3";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map(params![run.0, from, i64::try_from(most).unwrap_or(i64::MAX)], row_of)?.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// Rows of a run that are to be sent and of which a request was noted before: the last one, and whether it is not known what
    /// came of it, or something is left to do after it.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn begun_rows(&self, run: RunId) -> Result<Vec<Begun>> {
        let read = || -> rusqlite::Result<Vec<Begun>> {
            let sql = "SELECT r.n, r.action, r.user_name, r.entry, r.account, r.state, r.content, s.run, s.n, s.step, s.kind, s.begun, s.request, s.before, s.result \
                       FROM steps s JOIN run_rows r ON r.run = s.run AND r.n = s.n WHERE s.run = ?1 AND r.state = 'waiting' \
                       AND s.step = (SELECT max(step) FROM steps t WHERE t.run = s.run AND t.n = s.n) ORDER BY s.n";
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([run.0], |row| {
                let result: Option<String> = row.get(14)?;
                let had_no_effect = result.as_deref() == Some(StepResult::Unsent.code());
                Ok(Begun { row: row_of(row)?, intent: intent_of(row, 7)?, had_no_effect })
            })?;
            rows.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// Every request of one row.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn steps(&self, run: RunId, n: u32) -> Result<Vec<Step>> {
        let read = || -> rusqlite::Result<Vec<Step>> {
            let sql = "SELECT run, n, step, kind, begun, request, before, ended, result, status, cause, request_id, after FROM steps WHERE run = ?1 AND n = ?2 ORDER BY step";
            let mut statement = self.connection.prepare_cached(sql)?;
            let steps = statement.query_map(params![run.0, n], |row| {
                let intent = intent_of(row, 0)?;
                let ended: Option<i64> = row.get(7)?;
                let outcome = match ended {
                    None => None,
                    Some(ended) => Some(Outcome {
                        run: intent.run,
                        n: intent.n,
                        step: intent.step,
                        ended,
                        result: word(row, 8, StepResult::of)?,
                        status: row.get(9)?,
                        cause: row.get(10)?,
                        request_id: row.get(11)?,
                        after: row.get(12)?,
                    }),
                };
                Ok(Step { intent, outcome })
            })?;
            steps.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// The run has ended. Rows that were not come to are left, unless it is to go on later.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn end_run(&mut self, run: RunId, at: Instant, ending: Ending, why: Option<&str>) -> Result<()> {
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("UPDATE run_rows SET state = 'left' WHERE run = ?1 AND state = 'waiting'", [run.0])?;
            transaction
                .execute("UPDATE runs SET ended = ?2, ending = ?3, why = ?4 WHERE id = ?1", params![run.0, at.0, ending.code(), why])?;
            transaction.commit()
        };
        write(&mut self.connection).map_err(|e| self.unwritten(&e))
    }

    /// A run.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn run(&self, id: RunId) -> Result<Option<Run>> {
        Ok(self.select_runs("id = ?1", &id.0.to_string(), 1)?.pop())
    }

    /// The last runs of a channel, the newest first.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn runs(&self, channel: &str, most: usize) -> Result<Vec<Run>> {
        self.select_runs("channel = ?1", channel, most)
    }

    /// The run of a service that has not ended: it is under way, or was interrupted.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn unended(&self, service: &str) -> Result<Option<Run>> {
        Ok(self.select_runs("service = ?1 AND ended IS NULL AND frozen = 1", service, 1)?.pop())
    }

    fn select_runs(&self, which: &str, value: &str, most: usize) -> Result<Vec<Run>> {
        let read = || -> rusqlite::Result<Vec<Run>> {
            let sql = format!(
                "SELECT id, channel, service, plan, undo_of, author, started, terms, frozen, ended, ending, why FROM runs WHERE {which} ORDER BY id DESC LIMIT ?2"
            );
            let mut statement = self.connection.prepare(&sql)?;
            let runs = statement.query_map(params![value, i64::try_from(most).unwrap_or(i64::MAX)], run_of)?;
            let mut runs: Vec<Run> = runs.collect::<rusqlite::Result<_>>()?;
            for run in &mut runs {
                let mut counts = self.connection.prepare_cached("SELECT state, count(*) FROM run_rows WHERE run = ?1 GROUP BY state")?;
                let counted = counts.query_map([run.id.0], |row| Ok((word(row, 0, RowState::of)?, row.get::<_, i64>(1)?)))?;
                for state in counted {
                    let (state, n) = state?;
                    run.rows[state as usize] = usize::try_from(n).unwrap_or(0);
                }
                let open = "SELECT count(*) FROM steps WHERE run = ?1 AND ended IS NULL";
                let open: i64 = self.connection.query_row(open, [run.id.0], |row| row.get(0))?;
                run.open = usize::try_from(open).unwrap_or(0);
            }
            Ok(runs)
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// The rows of runs that a user had, the newest first.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn rows_of(
        &self,
        service: &str,
        entry: Option<&EntryId>,
        account: Option<&AccountId>,
        most: usize,
    ) -> Result<Vec<(RunId, FrozenRow)>> {
        let read = || -> rusqlite::Result<Vec<(RunId, FrozenRow)>> {
            let sql = "SELECT n, action, user_name, entry, account, state, content, run FROM run_rows \
                       WHERE (entry = ?1 OR account = ?2) AND run IN (SELECT id FROM runs WHERE service = ?4) ORDER BY run DESC, n LIMIT ?3";
            let mut statement = self.connection.prepare(sql)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let values = params![entry.map(EntryId::as_str), account.map(AccountId::as_str), most, service];
            let rows = statement.query_map(values, |row| Ok((RunId(row.get(7)?), row_of(row)?)))?;
            rows.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }
}

/// A row of which a request was noted, and that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The row.
    pub row: FrozenRow,
    /// Its last request.
    pub intent: Intent,
    /// It is known that the request had no effect.
    pub had_no_effect: bool,
}

/// Something for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A request is about to leave.
    Intent(Intent),
    /// What came of it.
    Outcome(Outcome),
    /// A row has come to its end, at this moment.
    End(RowEnd, Instant),
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<FrozenRow> {
    Ok(FrozenRow {
        n: row.get(0)?,
        action: word(row, 1, action_of)?,
        user_name: row.get(2)?,
        entry: row.get::<_, Option<String>>(3)?.map(EntryId::new),
        account: row.get::<_, Option<String>>(4)?.map(AccountId::new),
        state: word(row, 5, RowState::of)?,
        content: row.get(6)?,
    })
}

fn intent_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Intent> {
    Ok(Intent {
        run: RunId(row.get(first)?),
        n: row.get(first + 1)?,
        step: row.get(first + 2)?,
        kind: word(row, first + 3, StepKind::of)?,
        begun: row.get(first + 4)?,
        request: row.get(first + 5)?,
        before: row.get(first + 6)?,
    })
}

fn run_of(row: &Row<'_>) -> rusqlite::Result<Run> {
    let ended: Option<i64> = row.get(9)?;
    Ok(Run {
        id: RunId(row.get(0)?),
        what: NewRun {
            channel: row.get(1)?,
            service: row.get(2)?,
            plan: row.get(3)?,
            undo_of: row.get::<_, Option<i64>>(4)?.map(RunId),
            author: row.get(5)?,
            started: Instant(row.get(6)?),
            terms: row.get(7)?,
        },
        frozen: row.get(8)?,
        ended: match ended {
            None => None,
            Some(at) => Some((Instant(at), word(row, 10, Ending::of)?)),
        },
        why: row.get(11)?,
        rows: [0; RowState::ALL.len()],
        open: 0,
    })
}
