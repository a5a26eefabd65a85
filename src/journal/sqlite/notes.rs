//! Notes into the file: what is about to be sent, what came of it, and what a row's end teaches; each group of them in one
//! transaction.

use super::{Journal, insert_link};
use crate::clock::Instant;
use crate::error::Result;
use crate::identity::AccountId;
use crate::journal::Note;
use crate::journal::run::{Intent, Learnt, Outcome, RowEnd, RunId};
use rusqlite::{Connection, TransactionBehavior, params};

impl Journal {
    /// Writes intents, outcomes and ends of rows, all of them or none, in this order. When this returns they are durable.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn note(&mut self, service: &str, channel: &str, notes: &[Note]) -> Result<()> {
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Looked at once a group, not once a row: there is hardly ever anything to forget.
            let mut has = Has::in_file(&transaction)?;
            for note in notes {
                match note {
                    Note::Intent(intent) => write_intent(&transaction, intent)?,
                    Note::Outcome(outcome) => write_outcome(&transaction, outcome)?,
                    Note::End(end, at) => write_end(&transaction, service, channel, end, *at, &mut has)?,
                }
            }
            transaction.commit()
        };
        write(&mut self.connection).map_err(|e| self.unwritten(&e))
    }
}

fn write_intent(connection: &Connection, intent: &Intent) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO steps (run, n, step, kind, begun, request, before) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    statement.execute(params![intent.run.0, intent.n, intent.step, intent.kind.code(), intent.begun, intent.request, intent.before])?;
    Ok(())
}

fn write_outcome(connection: &Connection, outcome: &Outcome) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE steps SET ended = ?4, result = ?5, status = ?6, cause = ?7, request_id = ?8, after = ?9 WHERE run = ?1 AND n = ?2 AND step = ?3",
    )?;
    statement.execute(params![
        outcome.run.0,
        outcome.n,
        outcome.step,
        outcome.ended,
        outcome.result.code(),
        outcome.status,
        outcome.cause,
        outcome.request_id,
        outcome.after
    ])?;
    Ok(())
}

/// Whether there is anything that a row's end could take away.
struct Has {
    owed: bool,
    kept: bool,
    disabled: bool,
}

impl Has {
    fn in_file(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT EXISTS (SELECT 1 FROM owed), EXISTS (SELECT 1 FROM kept), EXISTS (SELECT 1 FROM disabled)";
        connection.prepare_cached(sql)?.query_row([], |row| Ok(Has { owed: row.get(0)?, kept: row.get(1)?, disabled: row.get(2)? }))
    }

    /// True if there is nothing to do about it.
    fn is_needless(&mut self, learnt: &Learnt) -> bool {
        match learnt {
            Learnt::Owed { .. } => self.owed = true,
            Learnt::Kept(_) => self.kept = true,
            Learnt::Disabled(_) => self.disabled = true,
            Learnt::Settled(_) => return !self.owed,
            Learnt::NotKept(..) => return !self.kept,
            Learnt::NotDisabled(_) => return !self.disabled,
            Learnt::Link(_) | Learnt::Shows { .. } | Learnt::Unlink(_) => {}
        }
        false
    }
}

fn write_end(connection: &Connection, service: &str, channel: &str, end: &RowEnd, at: Instant, has: &mut Has) -> rusqlite::Result<()> {
    let sql = "UPDATE run_rows SET state = ?3, account = coalesce(?4, account) WHERE run = ?1 AND n = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![end.run.0, end.n, end.state.code(), end.account.as_ref().map(AccountId::as_str)])?;
    for learnt in end.learnt.iter().filter(|learnt| !has.is_needless(learnt)) {
        write_learnt(connection, service, channel, end.run, learnt, at)?;
    }
    Ok(())
}

fn write_learnt(connection: &Connection, service: &str, channel: &str, run: RunId, learnt: &Learnt, at: Instant) -> rusqlite::Result<()> {
    match learnt {
        Learnt::Link(link) => {
            // Whoever is linked already stays so: a link is never taken over silently.
            insert_link(connection, service, link)?;
        }
        Learnt::Shows { account, remembered, active } => {
            let sql = "UPDATE links SET remembered = ?3, last_active = ?4 WHERE service = ?1 AND account = ?2";
            let remembered = serde_json::to_string(remembered).unwrap_or_else(|_| "[]".to_owned());
            connection.prepare_cached(sql)?.execute(params![service, account.as_str(), remembered, active])?;
        }
        Learnt::Unlink(account) => {
            connection.prepare_cached("DELETE FROM links WHERE service = ?1 AND account = ?2")?.execute([service, account.as_str()])?;
        }
        Learnt::Disabled(account) => {
            let sql = "INSERT OR REPLACE INTO disabled (service, account, run, at) VALUES (?1, ?2, ?3, ?4)";
            connection.prepare_cached(sql)?.execute(params![service, account.as_str(), run.0, at.0])?;
        }
        Learnt::NotDisabled(account) => {
            connection.prepare_cached("DELETE FROM disabled WHERE service = ?1 AND account = ?2")?.execute([service, account.as_str()])?;
        }
        Learnt::Owed { subject, user_name, action, cause } => {
            let sql = "INSERT INTO owed (service, subject, channel, user_name, action, run, attempts, cause, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8) \
                       ON CONFLICT (service, subject) DO UPDATE SET channel = ?3, user_name = ?4, action = ?5, \
                       attempts = attempts + (run <> ?6), run = ?6, cause = ?7, at = ?8";
            connection.prepare_cached(sql)?.execute(params![service, subject, channel, user_name, action.code(), run.0, cause, at.0])?;
        }
        Learnt::Settled(subject) => {
            connection.prepare_cached("DELETE FROM owed WHERE service = ?1 AND subject = ?2")?.execute([service, subject])?;
        }
        Learnt::Kept(kept) => {
            let sql = "INSERT OR REPLACE INTO kept (service, account, field, sent, shows, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            connection.prepare_cached(sql)?.execute(params![service, kept.account.as_str(), kept.field, kept.sent, kept.shows, at.0])?;
        }
        Learnt::NotKept(account, field) => {
            let sql = "DELETE FROM kept WHERE service = ?1 AND account = ?2 AND field = ?3";
            connection.prepare_cached(sql)?.execute([service, account.as_str(), field])?;
        }
    }
    Ok(())
}
