//! The SQLite file behind the journal.

use super::Belonging;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::identity::{AccountId, EntryId};
use crate::model::{Hold, HoldOn, Link, LinkOrigin};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The migrations, in order: the state has as many as its `user_version` says.
const MIGRATIONS: [&str; 1] = [include_str!("../../assets/sql/001-links-and-holds.sql")];

/// What an open journal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written; a file that is not there is an empty one.
    Read,
    /// The file is made if it is not there.
    Write,
}

/// An open journal.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
}

impl Journal {
    /// Opens the state file.
    ///
    /// # Errors
    /// Where it can't be opened, is not ours, or was written by a newer version.
    pub fn open(path: &Path, mode: Mode) -> Result<Self> {
        let wrong = |e: &dyn std::fmt::Display| {
            Error::failure(format!("the state in {} cannot be used: {e}", path.display()))
                .hint("name another place with --state PATH, or check the file's owner and the disk")
        };
        // Not being allowed to look is not the same as nothing being there.
        let there = path.try_exists().map_err(|e| wrong(&e))?;
        let connection = match mode {
            Mode::Read if !there => Connection::open_in_memory().map_err(|e| wrong(&e))?,
            Mode::Read => Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| wrong(&e))?,
            Mode::Write => {
                private_file(path).map_err(|e| wrong(&e))?;
                Connection::open(path).map_err(|e| wrong(&e))?
            }
        };
        connection.busy_timeout(Duration::from_secs(10)).map_err(|e| wrong(&e))?;
        let mut journal = Journal { connection, path: path.to_owned() };
        journal.migrate(mode).map_err(|e| match e {
            Migrate::Sqlite(e) => wrong(&e),
            Migrate::Newer(n) => Error::usage(format!(
                "the state in {} was written by a newer rosterm (version {n} of it; this one knows {})",
                path.display(),
                MIGRATIONS.len()
            ))
            .hint("use that version, or name another place with --state PATH"),
            Migrate::Older => {
                Error::usage(format!("the state in {} has no tables of ours", path.display())).hint("name another place with --state PATH")
            }
        })?;
        Ok(journal)
    }

    /// A journal that is forgotten when it is dropped.
    ///
    /// # Errors
    /// Where SQLite can't be used at all.
    pub fn in_memory() -> Result<Self> {
        let connection = Connection::open_in_memory().map_err(|e| Error::failure(format!("SQLite cannot be used: {e}")))?;
        let mut journal = Journal { connection, path: PathBuf::from(":memory:") };
        journal.migrate(Mode::Write).map_err(|_| Error::failure("SQLite cannot be used"))?;
        Ok(journal)
    }

    fn migrate(&mut self, mode: Mode) -> std::result::Result<(), Migrate> {
        let known = MIGRATIONS.len();
        let version: usize = self.connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|v| v as usize)?;
        if version > known {
            return Err(Migrate::Newer(version));
        }
        let tables: u32 = self.connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        if version == 0 && tables > 0 {
            return Err(Migrate::Older);
        }
        let in_memory = self.connection.path().is_none_or(str::is_empty);
        if mode == Mode::Read && !in_memory {
            return if version == known { Ok(()) } else { Err(Migrate::Older) };
        }
        if !in_memory {
            self.connection.pragma_update(None, "journal_mode", "WAL")?;
            self.connection.pragma_update(None, "synchronous", "FULL")?;
        }
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Somebody else may have been faster.
        let version = transaction.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))? as usize;
        for (i, sql) in MIGRATIONS.iter().enumerate().skip(version) {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", u32::try_from(i + 1).unwrap_or(u32::MAX))?;
        }
        transaction.commit()?;
        Ok(())
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
        let insert = "INSERT INTO links (service, entry, account, channel, origin, since, remembered, last_active) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
        let mut statement = transaction.prepare(insert).map_err(|e| wrong(&e))?;
        for link in links {
            let added = statement.execute(params![
                base_url,
                link.entry.as_str(),
                link.account.as_str(),
                link.channel,
                origin_text(link.origin),
                link.since.0,
                serde_json::to_string(&link.remembered).unwrap_or_else(|_| "[]".to_owned()),
                link.last_active
            ]);
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
        drop(statement);
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
                Ok((
                    on,
                    Hold {
                        reason: row.get(2)?,
                        author: row.get(3)?,
                        since: Instant(row.get(4)?),
                        until: row.get::<_, Option<i64>>(5)?.map(Instant),
                    },
                ))
            };
            statement.query_map(params![base_url, now.0], hold)?.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// True if anybody at a service is or was held.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn has_holds(&self, base_url: &str) -> Result<bool> {
        let found = self.connection.query_row("SELECT EXISTS (SELECT 1 FROM holds WHERE service = ?1)", [base_url], |row| row.get(0));
        found.map_err(|e| self.wrong(&e))
    }

    /// Sets a hold; one that is there is replaced.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn set_hold(&mut self, base_url: &str, on: &HoldOn, hold: &Hold) -> Result<()> {
        let (held, id) = held_text(on);
        let sql = "INSERT OR REPLACE INTO holds (service, held, id, reason, author, since, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let done =
            self.connection.execute(sql, params![base_url, held, id, hold.reason, hold.author, hold.since.0, hold.until.map(|u| u.0)]);
        done.map(|_| ()).map_err(|e| self.wrong(&e))
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

    /// What the links of a channel belong to, if that was ever remembered.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn belonging(&self, channel: &str) -> Result<Option<Belonging>> {
        let found = self
            .connection
            .query_row("SELECT base_url, naming_context, id_attribute FROM channels WHERE name = ?1", [channel], |row| {
                Ok(Belonging { base_url: row.get(0)?, naming_context: row.get(1)?, id_attribute: row.get(2)? })
            })
            .optional();
        found.map_err(|e| self.wrong(&e))
    }

    /// Remembers what the links of a channel belong to. Links of the service before move along.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn set_belonging(&mut self, channel: &str, belonging: &Belonging) -> Result<()> {
        let before = self.belonging(channel)?;
        if let Some(old) = before.as_ref().filter(|b| b.base_url != belonging.base_url) {
            let others = "SELECT name FROM channels WHERE base_url = ?1 AND name <> ?2";
            let other: Option<String> =
                self.connection.query_row(others, [&old.base_url, channel], |row| row.get(0)).optional().map_err(|e| self.wrong(&e))?;
            if let Some(other) = other {
                return Err(Error::usage(format!("channel {other} uses the links and holds of {} too", old.base_url))
                    .hint("they can't move with one channel alone: set links and holds of the new address anew"));
            }
        }
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            if let Some(before) = before.filter(|b| b.base_url != belonging.base_url) {
                for table in ["links", "holds"] {
                    transaction
                        .execute(&format!("UPDATE {table} SET service = ?1 WHERE service = ?2"), [&belonging.base_url, &before.base_url])?;
                }
            }
            transaction.execute(
                "INSERT OR REPLACE INTO channels (name, base_url, naming_context, id_attribute) VALUES (?1, ?2, ?3, ?4)",
                [channel, &belonging.base_url, &belonging.naming_context, &belonging.id_attribute],
            )?;
            transaction.commit()
        };
        write(&mut self.connection).map_err(|e| self.wrong(&e))
    }
}

enum Migrate {
    Sqlite(rusqlite::Error),
    Newer(usize),
    Older,
}

impl From<rusqlite::Error> for Migrate {
    fn from(e: rusqlite::Error) -> Self {
        Migrate::Sqlite(e)
    }
}

/// Makes the file, and its folder, for the owner alone.
fn private_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

fn held_text(on: &HoldOn) -> (&'static str, &str) {
    match on {
        HoldOn::Entry(id) => ("entry", id.as_str()),
        HoldOn::Account(id) => ("account", id.as_str()),
    }
}

fn origin_text(origin: LinkOrigin) -> &'static str {
    match origin {
        LinkOrigin::Created => "created",
        LinkOrigin::Matched => "matched",
        LinkOrigin::ByHand => "by_hand",
    }
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
mod tests {
    use super::*;

    fn link(entry: &str, account: &str) -> Link {
        Link {
            entry: EntryId::new(entry),
            account: AccountId::new(account),
            channel: "lucid".into(),
            origin: LinkOrigin::ByHand,
            since: Instant(7),
            remembered: vec!["ann".into()],
            last_active: true,
        }
    }

    #[test]
    fn links_are_kept_between_two_starts_and_no_end_is_linked_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/rosterm.db");
        let mut journal = Journal::open(&path, Mode::Write).unwrap();
        journal.add_links("s", &[link("e1", "a1"), link("e2", "a2")]).unwrap();
        let error = journal.add_links("s", &[link("e3", "a3"), link("e4", "a1")]).unwrap_err().to_string();
        assert!(error.starts_with("entry e1 is linked to account a1 already"), "{error}");
        drop(journal);
        let journal = Journal::open(&path, Mode::Read).unwrap();
        assert_eq!(journal.links("s").unwrap(), [link("e1", "a1"), link("e2", "a2")], "all or none");
        assert_eq!(journal.links("other").unwrap(), []);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_state_that_is_not_there_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("none.db"), Mode::Read).unwrap();
        assert_eq!(journal.links("s").unwrap(), []);
        assert_eq!(journal.holds("s", Instant(0)).unwrap(), []);
        assert_eq!(journal.belonging("x").unwrap(), None);
        assert!(!folder.path().join("none.db").exists());
    }

    #[test]
    fn a_hold_ends_when_it_says() {
        let mut journal = Journal::in_memory().unwrap();
        let on = HoldOn::Account(AccountId::new("a1"));
        let hold = Hold { reason: "service account".into(), author: "op".into(), since: Instant(1), until: Some(Instant(10)) };
        journal.set_hold("s", &on, &hold).unwrap();
        assert_eq!(journal.holds("s", Instant(9)).unwrap(), [(on.clone(), hold)]);
        assert_eq!(journal.holds("s", Instant(10)).unwrap(), []);
        assert!(journal.remove_hold("s", &on).unwrap());
        assert!(!journal.remove_hold("s", &on).unwrap());
    }

    #[test]
    fn links_move_along_with_what_they_belong_to() {
        let mut journal = Journal::in_memory().unwrap();
        let belonging = |url: &str| Belonging { base_url: url.into(), naming_context: "dc=x".into(), id_attribute: "entryUUID".into() };
        journal.set_belonging("lucid", &belonging("old")).unwrap();
        journal.add_links("old", &[link("e1", "a1")]).unwrap();
        journal.set_belonging("lucid", &belonging("new")).unwrap();
        assert_eq!(journal.links("new").unwrap().len(), 1);
        assert_eq!(journal.belonging("lucid").unwrap(), Some(belonging("new")));
    }

    #[test]
    fn a_newer_state_and_a_foreign_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        drop(Journal::open(&path, Mode::Write).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for mode in [Mode::Read, Mode::Write] {
            assert!(Journal::open(&path, mode).err().unwrap().to_string().contains("newer rosterm"));
        }
        let text = folder.path().join("y.db");
        std::fs::write(&text, "not a database, but long enough to be looked at as one by SQLite").unwrap();
        assert!(Journal::open(&text, Mode::Write).is_err());
    }
}
