//! Who belongs to whom, decided by hand: the link and who decided are written together, or neither is.

use super::{Journal, insert_link};
use crate::clock::Instant;
use crate::error::{Error, Kind, Result};
use crate::identity::{AccountId, EntryId};
use crate::journal::Decision;
use crate::model::Link;
use rusqlite::{Connection, TransactionBehavior, params};

impl Journal {
    /// Remembers a pair that somebody has chosen. When this returns it is durable.
    ///
    /// # Errors
    /// Where one of the ends is linked already, a run is not finished, or the file can't be written.
    pub fn link_by_hand(&mut self, service: &str, link: &Link, author: &str) -> Result<()> {
        self.let_nobody_run(service)?;
        let decision =
            Decision { at: link.since, author: author.to_owned(), linked: true, entry: link.entry.clone(), account: link.account.clone() };
        let write = |connection: &mut Connection| -> rusqlite::Result<bool> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if insert_link(&transaction, service, link)? == 0 {
                return Ok(false);
            }
            note(&transaction, service, &decision)?;
            transaction.commit().map(|()| true)
        };
        match write(&mut self.connection) {
            Ok(true) => Ok(()),
            // It tells who is linked to whom already.
            Ok(false) => self.add_links(service, std::slice::from_ref(link)),
            Err(e) => Err(self.unwritten(&e)),
        }
    }

    /// Forgets a pair. False if these two were not linked, by now. When this returns it is durable.
    ///
    /// # Errors
    /// Where a run is not finished, or the file can't be written.
    pub fn unlink_by_hand(&mut self, service: &str, entry: &EntryId, account: &AccountId, author: &str, at: Instant) -> Result<bool> {
        self.let_nobody_run(service)?;
        let decision = Decision { at, author: author.to_owned(), linked: false, entry: entry.clone(), account: account.clone() };
        let write = |connection: &mut Connection| -> rusqlite::Result<bool> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let sql = "DELETE FROM links WHERE service = ?1 AND entry = ?2 AND account = ?3";
            if transaction.execute(sql, [service, entry.as_str(), account.as_str()])? == 0 {
                return Ok(false);
            }
            note(&transaction, service, &decision)?;
            transaction.commit().map(|()| true)
        };
        write(&mut self.connection).map_err(|e| self.unwritten(&e))
    }

    /// What was decided by hand about a user, the last first.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn decisions_of(&self, service: &str, entry: Option<&EntryId>, account: Option<&AccountId>, most: usize) -> Result<Vec<Decision>> {
        let read = || -> rusqlite::Result<Vec<Decision>> {
            let sql = "SELECT at, author, linked, entry, account FROM decisions WHERE service = ?1 AND (entry = ?2 OR account = ?3) ORDER BY at DESC, id DESC LIMIT ?4";
            let mut statement = self.connection.prepare(sql)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let values = params![service, entry.map(EntryId::as_str), account.map(AccountId::as_str), most];
            let decisions = statement.query_map(values, |row| {
                Ok(Decision {
                    at: Instant(row.get(0)?),
                    author: row.get(1)?,
                    linked: row.get(2)?,
                    entry: EntryId::new(row.get::<_, String>(3)?),
                    account: AccountId::new(row.get::<_, String>(4)?),
                })
            })?;
            decisions.collect()
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// A run that is under way, or was interrupted, knows who is linked to whom from its beginning.
    fn let_nobody_run(&self, service: &str) -> Result<()> {
        match self.unended(service)? {
            None => Ok(()),
            Some(run) => Err(Error::new(Kind::Refused, format!("run {} is not finished: nobody is linked or unlinked before", run.id))
                .hint("wait until it has ended; one that was interrupted is finished by rosterm apply")),
        }
    }
}

fn note(connection: &Connection, service: &str, decision: &Decision) -> rusqlite::Result<()> {
    let Decision { at, author, linked, entry, account } = decision;
    connection.execute(
        "INSERT INTO decisions (service, at, author, linked, entry, account) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![service, at.0, author, linked, entry.as_str(), account.as_str()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Mode;
    use crate::journal::run::{Ending, NewRun};
    use crate::model::LinkOrigin;

    #[test]
    fn a_link_by_hand_and_who_made_it_outlive_the_process_and_nothing_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        let link = |entry: &str, account: &str| Link {
            entry: EntryId::new(entry),
            account: AccountId::new(account),
            channel: "c".into(),
            origin: LinkOrigin::ByHand,
            since: Instant(5),
            remembered: Vec::new(),
            last_active: true,
        };
        let mut journal = Journal::open(&path, Mode::Write).unwrap();
        journal.link_by_hand("s", &link("e1", "a1"), "ann").unwrap();
        let refused = journal.link_by_hand("s", &link("e2", "a1"), "ben").unwrap_err();
        assert!(refused.message().contains("entry e1 is linked to account a1 already"), "{refused}");
        drop(journal);
        let mut journal = Journal::open(&path, Mode::Write).unwrap();
        assert_eq!(journal.links("s").unwrap(), [link("e1", "a1")]);
        let (e1, a1) = (EntryId::new("e1"), AccountId::new("a1"));
        // Whoever wants to part a pair that is another one by now parts nobody.
        assert!(!journal.unlink_by_hand("s", &e1, &AccountId::new("a2"), "ben", Instant(6)).unwrap());
        assert!(journal.unlink_by_hand("s", &e1, &a1, "ben", Instant(7)).unwrap());
        assert!(journal.links("s").unwrap().is_empty());
        let told: Vec<(i64, String, bool)> =
            journal.decisions_of("s", Some(&e1), None, 9).unwrap().into_iter().map(|d| (d.at.0, d.author, d.linked)).collect();
        assert_eq!(told, [(7, "ben".to_owned(), false), (5, "ann".to_owned(), true)]);
        assert_eq!(journal.decisions_of("s", None, Some(&a1), 1).unwrap().len(), 1);
        assert!(journal.decisions_of("other", Some(&e1), Some(&a1), 9).unwrap().is_empty());
        // A run knows who is linked to whom from its beginning: until it has ended nothing of that is changed.
        let run = NewRun {
            channel: "c".into(),
            service: "s".into(),
            plan: String::new(),
            undo_of: None,
            author: "ann".into(),
            started: Instant(8),
            terms: "{}".into(),
        };
        let run = journal.begin_run(&run).unwrap();
        journal.freeze(run).unwrap();
        for refused in [
            journal.link_by_hand("s", &link("e3", "a3"), "ben").unwrap_err(),
            journal.unlink_by_hand("s", &e1, &a1, "ben", Instant(9)).unwrap_err(),
        ] {
            assert!(refused.message().contains("run 1 is not finished") && refused.kind() == Kind::Refused, "{refused}");
        }
        journal.end_run(run, Instant(9), Ending::Done, None).unwrap();
        journal.link_by_hand("s", &link("e3", "a3"), "ben").unwrap();
    }
}
