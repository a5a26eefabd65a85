//! The whole state out of the file and into it, each in one transaction: nothing is ever half imported or half reset.

use super::{Journal, hold_of, link_of, origin_text};
use crate::clock::Instant;
use crate::error::{Error, Kind, Result};
use crate::journal::document::{ChannelLine, DecisionLine, Document, HoldLine, LinkLine, On};
use crate::journal::merge::{How, Merged, merge};
use rusqlite::{Connection, TransactionBehavior, params};

impl Journal {
    /// Everything that is remembered, as it is at one moment.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn export(&mut self, now: Instant) -> Result<Document> {
        let read = |connection: &mut Connection| -> rusqlite::Result<Document> {
            let transaction = connection.transaction()?;
            everything(&transaction, now)
        };
        read(&mut self.connection).map_err(|e| self.wrong(&e))
    }

    /// Takes a document in, all of it or nothing. `before` gets the state as it was if something of it would be lost, and
    /// nothing is written if it fails.
    ///
    /// # Errors
    /// Where the two differ and `how` does not say who wins; where `before` fails; where the file can't be written.
    pub fn import(&mut self, document: &Document, how: How, before: impl FnOnce(&Document) -> Result<()>) -> Result<Merged> {
        let path = self.path.clone();
        let wrong = |e: rusqlite::Error| {
            Error::failure(format!("the state in {} cannot be written: {e}", path.display())).hint("nothing was changed; check the disk")
        };
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
        let current = everything(&transaction, document.created).map_err(wrong)?;
        let merged = merge(&current, document, how)?;
        if merged.loses_something() {
            before(&current)?;
        }
        write(&transaction, document, how).map_err(wrong)?;
        transaction.commit().map_err(wrong)?;
        Ok(merged)
    }

    /// Forgets these lines, all of them or none, and what runs have taught about them: what is owed, what a service keeps of its
    /// own, whom we disabled, how many people there were. The history of runs stays: it says what was done.
    ///
    /// # Errors
    /// Where one of them is not there any more as it is in the document, a run is not finished, or the file can't be written.
    pub fn forget(&mut self, lines: &Document) -> Result<()> {
        let path = self.path.clone();
        let wrong = |e: rusqlite::Error| {
            Error::failure(format!("the state in {} cannot be written: {e}", path.display())).hint("nothing was changed; check the disk")
        };
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
        let current = everything(&transaction, lines.created).map_err(wrong)?;
        // Comparing is what an import does; every line has to be there, just so.
        let known = merge(&current, lines, How::Merge);
        if known.map_or(true, |known| known.loses_something() || known.added > 0) {
            return Err(Error::new(Kind::Refused, "the state was changed by somebody else in the meantime; nothing was forgotten")
                .hint("look again, then try again"));
        }
        let mut services = lines.links.iter().map(|l| &l.service).chain(lines.channels.iter().map(|c| &c.base_url));
        let is_open = "SELECT EXISTS (SELECT 1 FROM runs WHERE service = ?1 AND frozen = 1 AND ended IS NULL)";
        let is_open = |service: &String| transaction.query_row(is_open, [service], |row| row.get::<_, bool>(0));
        if services.try_fold(false, |any, service| Ok(any || is_open(service)?)).map_err(wrong)? {
            return Err(Error::new(Kind::Refused, "a run is not finished; nothing was forgotten")
                .hint("finish it with rosterm apply: it needs to know who is linked to whom"));
        }
        for l in &lines.links {
            for sql in [
                "DELETE FROM kept WHERE service = ?1 AND account = ?2",
                "DELETE FROM disabled WHERE service = ?1 AND account = ?2",
                "DELETE FROM owed WHERE service = ?1 AND subject = ?2",
            ] {
                transaction.execute(sql, [&l.service, &l.account]).map_err(wrong)?;
            }
            transaction.execute("DELETE FROM owed WHERE service = ?1 AND subject = ?2", [&l.service, &l.entry]).map_err(wrong)?;
            transaction.execute("DELETE FROM links WHERE service = ?1 AND entry = ?2", [&l.service, &l.entry]).map_err(wrong)?;
        }
        for h in &lines.holds {
            transaction
                .execute("DELETE FROM holds WHERE service = ?1 AND held = ?2 AND id = ?3", [h.service.as_str(), held_text(h.on), &h.id])
                .map_err(wrong)?;
        }
        for c in &lines.channels {
            for sql in [
                "DELETE FROM channels WHERE name = ?1",
                "DELETE FROM baselines WHERE channel = ?1",
                "DELETE FROM last_plans WHERE channel = ?1",
                "DELETE FROM owed WHERE channel = ?1",
            ] {
                transaction.execute(sql, [&c.name]).map_err(wrong)?;
            }
            let habits = "DELETE FROM habits WHERE service = ?1 AND NOT EXISTS (SELECT 1 FROM channels WHERE base_url = ?1)";
            transaction.execute(habits, [&c.base_url]).map_err(wrong)?;
        }
        transaction.commit().map_err(wrong)
    }
}

fn held_text(on: On) -> &'static str {
    match on {
        On::Entry => "entry",
        On::Account => "account",
    }
}

fn everything(connection: &Connection, now: Instant) -> rusqlite::Result<Document> {
    let mut document = Document::empty(now);
    let mut statement = connection.prepare("SELECT name, base_url, naming_context, id_attribute FROM channels ORDER BY name")?;
    let channels = statement.query_map([], |row| {
        Ok(ChannelLine { name: row.get(0)?, base_url: row.get(1)?, naming_context: row.get(2)?, id_attribute: row.get(3)? })
    })?;
    document.channels = channels.collect::<rusqlite::Result<_>>()?;
    let links = "SELECT entry, account, channel, origin, since, remembered, last_active, service FROM links ORDER BY service, entry";
    let mut statement = connection.prepare(links)?;
    let links = statement.query_map([], |row| {
        let link = link_of(row)?;
        Ok(LinkLine {
            service: row.get(7)?,
            entry: link.entry.as_str().to_owned(),
            account: link.account.as_str().to_owned(),
            channel: link.channel,
            origin: link.origin,
            since: link.since,
            remembered: link.remembered,
            last_active: link.last_active,
        })
    })?;
    document.links = links.collect::<rusqlite::Result<_>>()?;
    let holds = "SELECT service, held, id, reason, author, since, until FROM holds ORDER BY service, held DESC, id";
    let mut statement = connection.prepare(holds)?;
    let holds = statement.query_map([], |row| {
        let hold = hold_of(row, 3)?;
        Ok(HoldLine {
            service: row.get(0)?,
            on: if row.get::<_, String>(1)? == "entry" { On::Entry } else { On::Account },
            id: row.get(2)?,
            reason: hold.reason,
            author: hold.author,
            since: hold.since,
            until: hold.until,
        })
    })?;
    document.holds = holds.collect::<rusqlite::Result<_>>()?;
    let decisions = "SELECT service, at, author, linked, entry, account FROM decisions ORDER BY at, id";
    let mut statement = connection.prepare(decisions)?;
    let decisions = statement.query_map([], |row| {
        Ok(DecisionLine {
            service: row.get(0)?,
            at: Instant(row.get(1)?),
            author: row.get(2)?,
            linked: row.get(3)?,
            entry: row.get(4)?,
            account: row.get(5)?,
        })
    })?;
    document.decisions = decisions.collect::<rusqlite::Result<_>>()?;
    Ok(document)
}

/// Writes every line over what is there. A link takes the place of each one that has its entry or its account.
fn write(connection: &Connection, document: &Document, how: How) -> rusqlite::Result<()> {
    if how == How::Replace {
        connection.execute_batch("DELETE FROM links; DELETE FROM holds; DELETE FROM channels;")?;
    }
    let sql = "INSERT OR REPLACE INTO channels (name, base_url, naming_context, id_attribute) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.prepare(sql)?;
    for c in &document.channels {
        statement.execute([&c.name, &c.base_url, &c.naming_context, &c.id_attribute])?;
    }
    let sql = "INSERT OR REPLACE INTO links (service, entry, account, channel, origin, since, remembered, last_active) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut statement = connection.prepare(sql)?;
    for l in &document.links {
        let remembered = serde_json::to_string(&l.remembered).unwrap_or_else(|_| "[]".to_owned());
        statement.execute(params![
            l.service,
            l.entry,
            l.account,
            l.channel,
            origin_text(l.origin),
            l.since.0,
            remembered,
            l.last_active
        ])?;
    }
    let sql = "INSERT OR REPLACE INTO holds (service, held, id, reason, author, since, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut statement = connection.prepare(sql)?;
    for h in &document.holds {
        statement.execute(params![h.service, held_text(h.on), h.id, h.reason, h.author, h.since.0, h.until.map(|u| u.0)])?;
    }
    // They are only ever added to: one that is there is not there twice, and none is forgotten.
    let sql = "INSERT INTO decisions (service, at, author, linked, entry, account) SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS \
               (SELECT 1 FROM decisions WHERE service = ?1 AND entry = ?5 AND account = ?6 AND at = ?2 AND author = ?3 AND linked = ?4)";
    let mut statement = connection.prepare(sql)?;
    for d in &document.decisions {
        statement.execute(params![d.service, d.at.0, d.author, d.linked, d.entry, d.account])?;
    }
    Ok(())
}
