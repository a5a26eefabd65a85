//! What is remembered at a service and of a channel beside links and holds: what is owed, whom we made inactive, what the service
//! keeps of its own, what a read and a plan came to last.

use super::Journal;
use super::runs::{action_of, word};
use crate::clock::Instant;
use crate::error::Result;
use crate::identity::AccountId;
use crate::journal::run::{Baseline, Kept, LastPlan, Owed, RunId};
use rusqlite::{OptionalExtension, params};

impl Journal {
    /// What is remembered about users by now: whether a hold is set on them that is in force at `now`, and whom their ends are
    /// linked to. One answer each.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn remembered_of(&self, service: &str, now: Instant, users: &[(Option<&str>, Option<&str>)]) -> Result<Vec<Remembered>> {
        let read = || -> rusqlite::Result<Vec<Remembered>> {
            let held = "SELECT EXISTS (SELECT 1 FROM holds WHERE service = ?1 AND (until IS NULL OR until > ?2) \
                        AND ((held = 'entry' AND id = ?3) OR (held = 'account' AND id = ?4)))";
            let mut held = self.connection.prepare_cached(held)?;
            let mut by_entry = self.connection.prepare_cached("SELECT account FROM links WHERE service = ?1 AND entry = ?2")?;
            let mut by_account = self.connection.prepare_cached("SELECT entry FROM links WHERE service = ?1 AND account = ?2")?;
            let one = |(entry, account): &(Option<&str>, Option<&str>)| -> rusqlite::Result<Remembered> {
                let of = |statement: &mut rusqlite::CachedStatement<'_>, id: Option<&str>| match id {
                    None => Ok(None),
                    Some(id) => statement.query_row([service, id], |row| row.get(0)).optional(),
                };
                Ok(Remembered {
                    held: held.query_row(params![service, now.0, entry, account], |row| row.get(0))?,
                    account_of_entry: of(&mut by_entry, *entry)?,
                    entry_of_account: of(&mut by_account, *account)?,
                })
            };
            users.iter().map(one).collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// What is owed at a service.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn owed(&self, service: &str) -> Result<Vec<Owed>> {
        let read = || -> rusqlite::Result<Vec<Owed>> {
            let sql = "SELECT subject, channel, user_name, action, run, attempts, cause, at FROM owed WHERE service = ?1 ORDER BY at DESC, subject";
            let mut statement = self.connection.prepare(sql)?;
            let owed = statement.query_map([service], |row| {
                Ok(Owed {
                    subject: row.get(0)?,
                    channel: row.get(1)?,
                    user_name: row.get(2)?,
                    action: word(row, 3, action_of)?,
                    run: RunId(row.get(4)?),
                    attempts: row.get(5)?,
                    cause: row.get(6)?,
                    at: Instant(row.get(7)?),
                })
            })?;
            owed.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// Forgets what is owed to a user. True if there was something.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn forget_owed(&mut self, service: &str, subject: &str) -> Result<bool> {
        let done = self.connection.execute("DELETE FROM owed WHERE service = ?1 AND subject = ?2", [service, subject]);
        done.map(|n| n > 0).map_err(|e| self.wrong(&e))
    }

    /// The accounts of a service that we made inactive.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn disabled(&self, service: &str) -> Result<Vec<AccountId>> {
        let read = || -> rusqlite::Result<Vec<AccountId>> {
            let mut statement = self.connection.prepare("SELECT account FROM disabled WHERE service = ?1")?;
            statement.query_map([service], |row| Ok(AccountId::new(row.get::<_, String>(0)?)))?.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// The values that a service does not take as they are sent.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn kept(&self, service: &str) -> Result<Vec<Kept>> {
        let read = || -> rusqlite::Result<Vec<Kept>> {
            let mut statement = self.connection.prepare("SELECT account, field, sent, shows FROM kept WHERE service = ?1")?;
            let kept = statement.query_map([service], |row| {
                Ok(Kept { account: AccountId::new(row.get::<_, String>(0)?), field: row.get(1)?, sent: row.get(2)?, shows: row.get(3)? })
            })?;
            kept.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// What a service turned out to want, JSON.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn habits(&self, service: &str) -> Result<Option<String>> {
        let found = self.connection.query_row("SELECT habits FROM habits WHERE service = ?1", [service], |row| row.get(0)).optional();
        found.map_err(|e| self.wrong(&e))
    }

    /// Remembers what a service turned out to want.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn set_habits(&mut self, service: &str, habits: &str) -> Result<()> {
        let done = self.connection.execute("INSERT OR REPLACE INTO habits (service, habits) VALUES (?1, ?2)", [service, habits]);
        done.map(|_| ()).map_err(|e| self.unwritten(&e))
    }

    /// How many people the channel had at the last read that was believed.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn baseline(&self, channel: &str) -> Result<Option<Baseline>> {
        let found = self
            .connection
            .query_row("SELECT entries, at FROM baselines WHERE channel = ?1", [channel], |row| {
                Ok(Baseline { entries: usize::try_from(row.get::<_, i64>(0)?).unwrap_or(0), at: Instant(row.get(1)?) })
            })
            .optional();
        found.map_err(|e| self.wrong(&e))
    }

    /// Believes a read.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn set_baseline(&mut self, channel: &str, baseline: Baseline) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO baselines (channel, entries, at) VALUES (?1, ?2, ?3)";
        let entries = i64::try_from(baseline.entries).unwrap_or(i64::MAX);
        let done = self.connection.execute(sql, params![channel, entries, baseline.at.0]);
        done.map(|_| ()).map_err(|e| self.unwritten(&e))
    }

    /// Whom the last plan of a channel would remove.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn last_plan(&self, channel: &str) -> Result<Option<LastPlan>> {
        let found = self
            .connection
            .query_row("SELECT plan, at, removals, fingerprint FROM last_plans WHERE channel = ?1", [channel], |row| {
                Ok(LastPlan {
                    plan: row.get(0)?,
                    at: Instant(row.get(1)?),
                    removals: usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                    fingerprint: row.get(3)?,
                })
            })
            .optional();
        found.map_err(|e| self.wrong(&e))
    }

    /// Remembers whom a plan would remove.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn set_last_plan(&mut self, channel: &str, plan: &LastPlan) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO last_plans (channel, plan, at, removals, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5)";
        let removals = i64::try_from(plan.removals).unwrap_or(i64::MAX);
        let done = self.connection.execute(sql, params![channel, plan.plan, plan.at.0, removals, plan.fingerprint]);
        done.map(|_| ()).map_err(|e| self.unwritten(&e))
    }
}

/// What is remembered about a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// A hold is set on entry or account.
    pub held: bool,
    /// The account that the entry is linked to.
    pub account_of_entry: Option<String>,
    /// The entry that the account is linked to.
    pub entry_of_account: Option<String>,
}
