//! The SQLite file behind the journal.

mod belonging;
mod decisions;
mod notes;
mod open;
mod remembered;
mod runs;
mod state;

pub use open::{Door, Mode};
pub use remembered::Remembered;
pub use runs::{Begun, Note};

use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::identity::{AccountId, EntryId};
use crate::model::{Hold, HoldOn, Link, LinkOrigin};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::PathBuf;
use std::sync::Arc;

/// An open journal.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    /// What a journal in memory is called in this process; nothing for a file.
    memory: Option<Arc<str>>,
    /// How the file was when this copy of it was made; nothing for a journal that is none.
    copy_of: Option<open::Stamp>,
}

impl Journal {
    /// The file; nothing for a journal in memory.
    #[must_use]
    pub fn file(&self) -> Option<&std::path::Path> {
        (self.path.as_os_str() != ":memory:").then_some(&self.path)
    }

    fn wrong(&self, e: &rusqlite::Error) -> Error {
        Error::failure(format!("the state in {} cannot be used: {e}", self.path.display()))
            .hint("check the disk and the file's owner; nothing was changed")
    }

    /// Every link to a service.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn links(&self, base_url: &str) -> Result<Vec<Link>> {
        let read = || -> rusqlite::Result<Vec<Link>> {
            let mut statement = self.connection.prepare(
                "SELECT entry, account, channel, origin, since, remembered, last_active FROM links WHERE service = ?1 ORDER BY entry",
            )?;
            statement.query_map([base_url], link_of)?.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// Remembers pairs, all or none of them. An entry or account that is linked already is refused.
    ///
    /// # Errors
    /// A usage error that names the one that is linked, or a failure.
    pub fn add_links(&mut self, base_url: &str, links: &[Link]) -> Result<()> {
        let path = self.path.clone();
        let wrong = |e: &rusqlite::Error| {
            Error::failure(format!("the state in {} cannot be written: {e}", path.display()))
                .hint("check the disk and the file's owner; nothing was changed")
        };
        let transaction = self.connection.transaction().map_err(|e| wrong(&e))?;
        for link in links {
            let added = insert_link(&transaction, base_url, link);
            if added.map_err(|e| wrong(&e))? == 0 {
                let (entry, account): (String, String) = transaction
                    .query_row(
                        "SELECT entry, account FROM links WHERE service = ?1 AND (entry = ?2 OR account = ?3)",
                        params![base_url, link.entry.as_str(), link.account.as_str()],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )
                    .map_err(|e| wrong(&e))?;
                return Err(Error::usage(format!("entry {entry} is linked to account {account} already"))
                    .hint("take that link back first with rosterm unlink"));
            }
        }
        transaction.commit().map_err(|e| wrong(&e))
    }

    /// Forgets the link of an entry. True if there was one.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn remove_link(&mut self, base_url: &str, entry: &EntryId) -> Result<bool> {
        let done = self.connection.execute("DELETE FROM links WHERE service = ?1 AND entry = ?2", params![base_url, entry.as_str()]);
        done.map(|n| n > 0).map_err(|e| self.wrong(&e))
    }

    /// The holds of a service that have not ended by `now`.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn holds(&self, base_url: &str, now: Instant) -> Result<Vec<(HoldOn, Hold)>> {
        let read = || -> rusqlite::Result<Vec<(HoldOn, Hold)>> {
            let mut statement = self.connection.prepare("SELECT held, id, reason, author, since, until FROM holds WHERE service = ?1 AND (until IS NULL OR until > ?2) ORDER BY held, id")?;
            let hold = |row: &Row<'_>| {
                let id: String = row.get(1)?;
                let on =
                    if row.get::<_, String>(0)? == "entry" { HoldOn::Entry(EntryId::new(id)) } else { HoldOn::Account(AccountId::new(id)) };
                Ok((on, hold_of(row, 2)?))
            };
            statement.query_map(params![base_url, now.0], hold)?.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// How many links a service has, and how many people or accounts are or were held there.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn remembered(&self, base_url: &str) -> Result<(usize, usize)> {
        let counts = "SELECT (SELECT COUNT(*) FROM links WHERE service = ?1), (SELECT COUNT(*) FROM holds WHERE service = ?1)";
        let read = |row: &Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?));
        let found = self.connection.query_row(counts, [base_url], read);
        found.map(|(links, holds)| (links as usize, holds as usize)).map_err(|e| self.wrong(&e))
    }

    /// Sets a hold. One that is there is replaced, and given back so that it can be told.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn set_hold(&mut self, base_url: &str, on: &HoldOn, hold: &Hold) -> Result<Option<Hold>> {
        let (held, id) = held_text(on);
        let write = |connection: &mut Connection| -> rusqlite::Result<Option<Hold>> {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let known = "SELECT reason, author, since, until FROM holds WHERE service = ?1 AND held = ?2 AND id = ?3";
            let before = transaction.query_row(known, params![base_url, held, id], |row| hold_of(row, 0)).optional()?;
            transaction.execute(
                "INSERT OR REPLACE INTO holds (service, held, id, reason, author, since, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![base_url, held, id, hold.reason, hold.author, hold.since.0, hold.until.map(|u| u.0)],
            )?;
            transaction.commit()?;
            Ok(before)
        };
        write(&mut self.connection).map_err(|e| self.wrong(&e))
    }

    /// Takes a hold back. True if there was one.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn remove_hold(&mut self, base_url: &str, on: &HoldOn) -> Result<bool> {
        let (held, id) = held_text(on);
        let done = self.connection.execute("DELETE FROM holds WHERE service = ?1 AND held = ?2 AND id = ?3", params![base_url, held, id]);
        done.map(|n| n > 0).map_err(|e| self.wrong(&e))
    }
}

fn held_text(on: &HoldOn) -> (&'static str, &str) {
    match on {
        HoldOn::Entry(id) => ("entry", id.as_str()),
        HoldOn::Account(id) => ("account", id.as_str()),
    }
}

/// Remembers a pair; gives 0 where one of its ends is linked already: a link is never taken over silently.
fn insert_link(connection: &Connection, service: &str, link: &Link) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO links (service, entry, account, channel, origin, since, remembered, last_active) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![
        service,
        link.entry.as_str(),
        link.account.as_str(),
        link.channel,
        origin_text(link.origin),
        link.since.0,
        serde_json::to_string(&link.remembered).unwrap_or_else(|_| "[]".to_owned()),
        link.last_active
    ])
}

fn origin_text(origin: LinkOrigin) -> &'static str {
    match origin {
        LinkOrigin::Created => "created",
        LinkOrigin::Matched => "matched",
        LinkOrigin::ByHand => "by_hand",
    }
}

/// The hold whose columns reason, author, since, until begin at `first`.
fn hold_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Hold> {
    Ok(Hold {
        reason: row.get(first)?,
        author: row.get(first + 1)?,
        since: Instant(row.get(first + 2)?),
        until: row.get::<_, Option<i64>>(first + 3)?.map(Instant),
    })
}

fn link_of(row: &Row<'_>) -> rusqlite::Result<Link> {
    let remembered: String = row.get(5)?;
    Ok(Link {
        entry: EntryId::new(row.get::<_, String>(0)?),
        account: AccountId::new(row.get::<_, String>(1)?),
        channel: row.get(2)?,
        origin: match row.get::<_, String>(3)?.as_str() {
            "created" => LinkOrigin::Created,
            "by_hand" => LinkOrigin::ByHand,
            _ => LinkOrigin::Matched,
        },
        since: Instant(row.get(4)?),
        // Unreadable is not "nothing": a link that remembers nothing is never doubted.
        remembered: serde_json::from_str(&remembered)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(5, rusqlite::types::Type::Text, Box::new(e)))?,
        last_active: row.get(6)?,
    })
}

#[cfg(test)]
mod tests;
