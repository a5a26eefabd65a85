//! What the memory of a channel belongs to: the service, the directory, and the attribute by which people are told apart.

use super::Journal;
use crate::error::{Error, Kind, Result};
use crate::journal::Belonging;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// Everything that is remembered of a service and is true of it under another address as well. Not its habits: another address can
/// be another version of it.
const OF_A_SERVICE: [&str; 7] = ["links", "holds", "owed", "disabled", "kept", "decisions", "runs"];

impl Journal {
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

    /// Links are used only for what they were made for, and a run is finished where it began.
    ///
    /// # Errors
    /// Where something is remembered that was made for other ends, and where the file can't be read.
    pub fn check_belonging(&self, channel: &str, now: &Belonging) -> Result<()> {
        let Some(before) = self.belonging(channel)? else { return Ok(()) };
        self.check_runs(channel, &before, now)?;
        if before == *now || self.remembered(&before.base_url)? == (0, 0) {
            return Ok(());
        }
        let mut differs = Vec::new();
        for (what, a, b) in [
            ("the service", &before.base_url, &now.base_url),
            ("the naming context", &before.naming_context, &now.naming_context),
            ("the id attribute", &before.id_attribute, &now.id_attribute),
        ] {
            if a != b {
                differs.push(format!("{what} was {a} and is now {b}"));
            }
        }
        Err(Error::usage(format!("the links and holds of channel {channel} were made for another pair of ends: {}", differs.join("; ")))
            .hint("if these are the same people and accounts, say so with: rosterm link --migrate"))
    }

    /// Remembers what the links of a channel belong to.
    ///
    /// # Errors
    /// Where something is remembered that was made for other ends, and where the file can't be written.
    pub fn set_belonging(&mut self, channel: &str, belonging: &Belonging) -> Result<()> {
        self.check_belonging(channel, belonging)?;
        write(&self.connection, channel, belonging).map_err(|e| self.wrong(&e))
    }

    /// Remembers that the ends of a channel are the same as before under other names. What is remembered of the service moves
    /// along: links and holds, what is owed, who was made inactive, what was decided by hand, and the runs.
    ///
    /// # Errors
    /// Where another channel uses the service too, a run to it is not finished, or somebody is linked or held at the new address
    /// already, and where the file can't be written.
    pub fn migrate(&mut self, channel: &str, belonging: &Belonging) -> Result<()> {
        let before = self.belonging(channel)?;
        let Some(before) = before.filter(|b| b.base_url != belonging.base_url) else {
            return write(&self.connection, channel, belonging).map_err(|e| self.wrong(&e));
        };
        self.check_runs(channel, &before, belonging)?;
        let others = "SELECT name FROM channels WHERE base_url = ?1 AND name <> ?2";
        let other: Option<String> =
            self.connection.query_row(others, [&before.base_url, channel], |row| row.get(0)).optional().map_err(|e| self.wrong(&e))?;
        if let Some(other) = other {
            return Err(Error::usage(format!("channel {other} uses the links and holds of {} too", before.base_url))
                .hint("they can't move with one channel alone: set links and holds of the new address anew"));
        }
        if self.remembered(&belonging.base_url)? != (0, 0) {
            return Err(Error::new(Kind::Refused, format!("links or holds of {} are remembered already", belonging.base_url))
                .hint("two memories are not made one: take those of one address away with rosterm state reset"));
        }
        let moved = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for table in OF_A_SERVICE {
                // What lies at the new address without a link or a hold is of accounts that nobody knows.
                let moved = format!("UPDATE OR REPLACE {table} SET service = ?1 WHERE service = ?2");
                transaction.execute(&moved, [&belonging.base_url, &before.base_url])?;
            }
            write(&transaction, channel, belonging)?;
            transaction.commit()
        };
        moved(&mut self.connection).map_err(|e| self.wrong(&e))
    }

    /// A run that was interrupted knows the address to which its requests went: only there can be found out what became of them.
    fn check_runs(&self, channel: &str, before: &Belonging, now: &Belonging) -> Result<()> {
        if before.base_url == now.base_url {
            return Ok(());
        }
        match self.unended(&before.base_url)? {
            None => Ok(()),
            Some(run) => {
                let told = format!(
                    "run {} of channel {channel} to {} is not finished, and the service is now {}",
                    run.id, before.base_url, now.base_url
                );
                Err(Error::new(Kind::Refused, told).hint("configure the address of before once more, and finish it with rosterm apply"))
            }
        }
    }
}

fn write(connection: &Connection, channel: &str, belonging: &Belonging) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO channels (name, base_url, naming_context, id_attribute) VALUES (?1, ?2, ?3, ?4)";
    connection.execute(sql, [channel, &belonging.base_url, &belonging.naming_context, &belonging.id_attribute]).map(|_| ())
}
