//! Opening the state file: for writing, for reading, and for reading where nothing may be written beside it.
//!
//! The file is in WAL mode, and SQLite reads such a file only where it may write two files beside it. On a disk that is
//! mounted read-only, or in somebody else's folder, the file is read into memory instead, and only if it is whole: with a
//! write-ahead log beside it, the newest links and holds would be missing, and a hold that is not seen is a person who is
//! not left alone.

use super::Journal;
use crate::clock::Written;
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The migrations, in order: the state has as many as its `user_version` says.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../../assets/sql/001-links-and-holds.sql"),
    include_str!("../../../assets/sql/002-runs.sql"),
    include_str!("../../../assets/sql/003-decisions.sql"),
];

/// How often a file that changes while it is read is read again.
const TRIES: usize = 3;

/// What an open journal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written; a file that is not there is an empty one.
    Read,
    /// The file is made if it is not there.
    Write,
}

/// What became of opening.
enum Wrong {
    Io(io::Error),
    Sqlite(rusqlite::Error),
    /// Changes lie in the write-ahead log only.
    Unfinished,
    Newer(usize),
    NotOurs,
}

impl From<rusqlite::Error> for Wrong {
    fn from(e: rusqlite::Error) -> Self {
        Wrong::Sqlite(e)
    }
}

impl From<io::Error> for Wrong {
    fn from(e: io::Error) -> Self {
        Wrong::Io(e)
    }
}

impl Journal {
    /// Opens the state file.
    ///
    /// # Errors
    /// Where it can't be opened, is not ours, or was written by a newer version.
    pub fn open(path: &Path, mode: Mode) -> Result<Self> {
        let opened = match mode {
            Mode::Read => to_read(path),
            Mode::Write => to_write(path).map(|connection| (connection, None)),
        };
        let (connection, copy_of) = opened.map_err(|e| told(&e, path, mode))?;
        Ok(Journal { connection, path: path.to_owned(), memory: None, copy_of })
    }

    /// True for a copy of a file that nobody has written since: to open the file again would only make the same copy once more.
    #[must_use]
    pub fn is_copy_of_what_is_there(&self) -> bool {
        self.copy_of.as_ref().is_some_and(|then| Stamp::of(&self.path).is_ok_and(|now| now == *then))
    }

    /// A journal that is forgotten when it is dropped.
    ///
    /// # Errors
    /// Where SQLite can't be used at all.
    pub fn in_memory() -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = PathBuf::from(":memory:");
        let name = format!("file:rosterm-{}?mode=memory&cache=shared", NUMBER.fetch_add(1, Ordering::Relaxed));
        let open = || -> std::result::Result<Connection, Wrong> {
            let mut connection = Connection::open(&name)?;
            migrate(&mut connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|e| told(&e, &path, Mode::Write))?;
        Ok(Journal { connection, path, memory: Some(name.into()), copy_of: None })
    }

    /// A state as the first version wrote it, at this path.
    #[cfg(test)]
    pub(crate) fn write_older(path: &Path) -> rusqlite::Result<()> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch(MIGRATIONS[0])?;
        connection.pragma_update(None, "user_version", 1)
    }

    /// Where this journal can be looked at by somebody else, also while it is written.
    #[must_use]
    pub fn door(&self) -> Door {
        Door(self.memory.as_ref().map_or_else(|| Way::File(self.path.clone()), |name| Way::Memory(Arc::clone(name))))
    }
}

/// A way to a journal that somebody else has open.
#[derive(Debug, Clone)]
pub struct Door(Way);

#[derive(Debug, Clone)]
enum Way {
    File(PathBuf),
    /// As long as somebody has it open.
    Memory(Arc<str>),
}

impl Door {
    /// Opens the journal to be looked at; nobody who writes waits for that.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub fn open(&self) -> Result<Journal> {
        let name = match &self.0 {
            Way::File(path) => return Journal::open(path, Mode::Read),
            Way::Memory(name) => name,
        };
        let path = PathBuf::from(":memory:");
        let open = || -> std::result::Result<Connection, Wrong> {
            let connection = Connection::open(&**name)?;
            // Memory that is shared has locks on tables in place of a log: without them whoever looks would refuse whoever
            // writes. What is looked at may be taken back with the transaction that it is from, and is only told.
            connection.pragma_update(None, "read_uncommitted", true)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        let connection = open().map_err(|e| told(&e, &path, Mode::Read))?;
        Ok(Journal { connection, path, memory: Some(Arc::clone(name)), copy_of: None })
    }
}

fn told(wrong: &Wrong, path: &Path, mode: Mode) -> Error {
    let place = path.display();
    let unusable = |e: &dyn std::fmt::Display| Error::failure(format!("the state in {place} cannot be {}: {e}", verb(mode)));
    let folder = || path.parent().filter(|f| !f.as_os_str().is_empty()).map_or_else(|| ".".to_owned(), |f| f.display().to_string());
    match wrong {
        Wrong::Io(e) if matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            unusable(e).hint("run as the user that it belongs to, or name another place with --state PATH")
        }
        Wrong::Sqlite(e) if mode == Mode::Write && is_barred(e) => unusable(&"files beside it cannot be written")
            .hint(format!("let this user write in the folder {}, or name another place with --state PATH", folder())),
        Wrong::Sqlite(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            unusable(e).hint("another rosterm is writing to it; try again when it is done")
        }
        Wrong::Io(_) | Wrong::Sqlite(_) => {
            let words = match wrong {
                Wrong::Io(e) => e.to_string(),
                Wrong::Sqlite(e) => e.to_string(),
                _ => String::new(),
            };
            unusable(&words).hint("name another place with --state PATH, or check the file's owner and the disk")
        }
        Wrong::Unfinished => unusable(&format!("its newest changes lie in {place}-wal, and nothing can be written beside it"))
            .hint(format!("let the user that it belongs to run rosterm once, or let this user write in the folder {}", folder())),
        Wrong::Newer(n) => Error::usage(format!(
            "the state in {place} was written by a newer rosterm (version {n} of it; this one knows {})",
            MIGRATIONS.len()
        ))
        .hint("use that version, or name another place with --state PATH"),
        Wrong::NotOurs => Error::usage(format!("the state in {place} has no tables of ours")).hint("name another place with --state PATH"),
    }
}

fn verb(mode: Mode) -> &'static str {
    match mode {
        Mode::Read => "read",
        Mode::Write => "written",
    }
}

/// SQLite may not write beside the file, or not at all.
fn is_barred(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied))
}

fn empty() -> std::result::Result<Connection, Wrong> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn to_write(path: &Path) -> std::result::Result<Connection, Wrong> {
    private_file(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    version(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A run uses more statements than are remembered otherwise.
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection)?;
    Ok(connection)
}

/// A connection to read by; for a copy of the file in memory with how the file was before it was made.
fn to_read(path: &Path) -> std::result::Result<(Connection, Option<Stamp>), Wrong> {
    // Not being allowed to look is not the same as nothing being there.
    if !path.try_exists()? {
        return Ok((empty()?, None));
    }
    let stamp = Stamp::of(path)?;
    // SQLite's own word for a file that may not be read is no help.
    if std::fs::File::open(path)?.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    let open = || -> std::result::Result<(Connection, usize), Wrong> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let found = version(&connection)?;
        Ok((connection, found))
    };
    let (mut connection, found, is_copy) = match open() {
        Err(Wrong::Sqlite(e)) if is_barred(&e) => {
            let connection = into_memory(path)?;
            let found = version(&connection)?;
            (connection, found, true)
        }
        other => other.map(|(connection, found)| (connection, found, false))?,
    };
    // An empty file was made and never written.
    if found == 0 {
        return Ok((empty()?, None));
    }
    if found < MIGRATIONS.len() {
        return Ok((brought_up_to_date(&mut connection)?, Some(stamp)));
    }
    Ok((connection, is_copy.then_some(stamp)))
}

/// How a file was, and the write-ahead log beside it: how long each is, and when it was written last. A log that is empty is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    file: (u64, Written),
    log: Option<(u64, Written)>,
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let look = |path: &Path| std::fs::metadata(path).and_then(|found| Ok((found.len(), found.modified()?)));
        let log = match look(&log_of(path)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            found => Some(found?).filter(|(length, _)| *length > 0),
        };
        Ok(Stamp { file: look(path)?, log })
    }
}

/// The write-ahead log beside a file.
fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// A state of an earlier version, in memory and as this version has it: who only reads changes no file.
fn brought_up_to_date(connection: &mut Connection) -> std::result::Result<Connection, Wrong> {
    let mut bytes = connection.serialize("main")?.to_vec();
    // As in `into_memory`: memory has no write-ahead log, and what lay in one is part of what was serialised.
    bytes[18..20].fill(1);
    let mut memory = Connection::open_in_memory()?;
    let length = bytes.len();
    memory.deserialize_read_exact("main", bytes.as_slice(), length, false)?;
    migrate(&mut memory)?;
    Ok(memory)
}

/// The file as it stands, in memory.
fn into_memory(path: &Path) -> std::result::Result<Connection, Wrong> {
    for _ in 0..TRIES {
        let before = Stamp::of(path)?;
        if before.log.is_some() {
            return Err(Wrong::Unfinished);
        }
        let mut bytes = std::fs::read(path)?;
        if Stamp::of(path)? != before {
            continue;
        }
        if !bytes.starts_with(b"SQLite format 3\0") || bytes.len() < 100 {
            return if bytes.is_empty() { empty() } else { Err(Wrong::NotOurs) };
        }
        // The format's version bytes say WAL, which memory does not have (sqlite3_deserialize, "WAL mode").
        bytes[18..20].fill(1);
        let mut connection = Connection::open_in_memory()?;
        let length = bytes.len();
        connection.deserialize_read_exact("main", bytes.as_slice(), length, true)?;
        return Ok(connection);
    }
    Err(Wrong::Unfinished)
}

/// The version of the state, refused if it is not ours or newer.
fn version(connection: &Connection) -> std::result::Result<usize, Wrong> {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))? as usize;
    if version > MIGRATIONS.len() {
        return Err(Wrong::Newer(version));
    }
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if version == 0 && tables > 0 {
        return Err(Wrong::NotOurs);
    }
    Ok(version)
}

fn migrate(connection: &mut Connection) -> std::result::Result<(), Wrong> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Somebody else may have been faster.
    let version = version(&transaction)?;
    for (i, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", u32::try_from(i + 1).unwrap_or(u32::MAX))?;
    }
    transaction.commit()?;
    Ok(())
}

/// Makes the file, and its folder, for the owner alone.
fn private_file(path: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Instant;
    use crate::identity::EntryId;
    use crate::model::{Hold, HoldOn};

    fn hold(journal: &mut Journal) {
        let hold = Hold { reason: "on leave".into(), author: "op".into(), since: Instant(1), until: None };
        journal.set_hold("s", &HoldOn::Entry(EntryId::new("e1")), &hold).unwrap();
    }

    #[test]
    fn a_file_that_nothing_may_be_written_beside_is_read_whole_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        let mut journal = Journal::open(&path, Mode::Write).unwrap();
        hold(&mut journal);
        // Still open: the hold lies in the write-ahead log only, and the file alone would say that nobody is held.
        assert!(matches!(into_memory(&path), Err(Wrong::Unfinished)));
        drop(journal);
        let connection = into_memory(&path).ok().unwrap();
        let journal = Journal { connection, path: path.clone(), memory: None, copy_of: None };
        assert_eq!(journal.holds("s", Instant(2)).unwrap().len(), 1);
        drop(journal);
        let foreign = folder.path().join("notes.txt");
        std::fs::write(&foreign, "notes").unwrap();
        assert!(matches!(into_memory(&foreign), Err(Wrong::NotOurs)));
    }

    #[test]
    fn a_state_of_an_earlier_version_is_read_as_this_one_has_it_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection.execute("INSERT INTO holds VALUES ('s', 'entry', 'e1', 'on leave', 'op', 1, NULL)", []).unwrap();
        // Still in the write-ahead log.
        let journal = Journal::open(&path, Mode::Read).unwrap();
        assert_eq!(journal.holds("s", Instant(2)).unwrap().len(), 1);
        assert_eq!(journal.unended("s").unwrap(), None);
        assert_eq!(version(&connection).ok(), Some(1), "the file is as it was");
        let journal = Journal::open(&path, Mode::Write).unwrap();
        assert_eq!(journal.holds("s", Instant(2)).unwrap().len(), 1);
        assert_eq!(version(&connection).ok(), Some(MIGRATIONS.len()));
    }

    #[test]
    fn a_copy_is_as_good_as_another_until_somebody_writes_the_file_or_the_log_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.db");
        Journal::write_older(&path).unwrap();
        let copy = Journal::open(&path, Mode::Read).unwrap();
        assert!(copy.is_copy_of_what_is_there());
        // That it was read, and is read again, changes nothing.
        assert!(Journal::open(&path, Mode::Read).unwrap().is_copy_of_what_is_there() && copy.is_copy_of_what_is_there());
        let writer = Connection::open(&path).unwrap();
        writer.execute("INSERT INTO holds VALUES ('s', 'entry', 'e1', 'on leave', 'op', 1, NULL)", []).unwrap();
        assert!(log_of(&path).exists() && !copy.is_copy_of_what_is_there(), "it lies in the log only");
        let copy = Journal::open(&path, Mode::Read).unwrap();
        assert!(copy.is_copy_of_what_is_there() && copy.holds("s", Instant(2)).unwrap().len() == 1);
        // The log becomes part of the file.
        drop(writer);
        assert!(!copy.is_copy_of_what_is_there());
        std::fs::remove_file(&path).unwrap();
        assert!(!copy.is_copy_of_what_is_there());
        // What is read in its place is no copy: it is opened each time.
        let journal = Journal::open(&path, Mode::Write).unwrap();
        assert!(!journal.is_copy_of_what_is_there() && !Journal::open(&path, Mode::Read).unwrap().is_copy_of_what_is_there());
        drop(journal);
        assert!(!Journal::open(&path, Mode::Read).unwrap().is_copy_of_what_is_there());
    }

    #[test]
    fn a_journal_is_looked_at_while_it_is_written_in_a_file_and_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        for mut journal in [Journal::in_memory().unwrap(), Journal::open(&folder.path().join("rosterm.db"), Mode::Write).unwrap()] {
            hold(&mut journal);
            let door = journal.door();
            let looks = door.open().unwrap();
            assert_eq!(looks.holds("s", Instant(2)).unwrap().len(), 1);
            // In the middle of a transaction, and of a look: neither is refused.
            let mut statement = looks.connection.prepare("SELECT id FROM holds").unwrap();
            let mut rows = statement.query([]).unwrap();
            assert!(rows.next().unwrap().is_some());
            let transaction = journal.connection.transaction().unwrap();
            transaction.execute("INSERT INTO holds VALUES ('s', 'entry', 'e2', 'on leave', 'op', 1, NULL)", []).unwrap();
            assert!(!door.open().unwrap().holds("s", Instant(2)).unwrap().is_empty());
            transaction.commit().unwrap();
            drop(rows);
            drop(statement);
            assert_eq!(looks.holds("s", Instant(2)).unwrap().len(), 2);
            // Whoever only looks writes nothing.
            assert!(looks.connection.execute("DELETE FROM holds", []).is_err());
            assert!(Journal::in_memory().unwrap().holds("s", Instant(2)).unwrap().is_empty(), "each has a memory of its own");
        }
    }

    #[test]
    fn what_bars_a_state_is_told_with_a_way_out() {
        let path = Path::new("there/rosterm.db");
        for (wrong, mode, told, hint) in [
            (Wrong::Io(io::ErrorKind::PermissionDenied.into()), Mode::Read, "cannot be read: permission denied", "run as the user"),
            (Wrong::Io(io::ErrorKind::ReadOnlyFilesystem.into()), Mode::Write, "cannot be written: read-only", "run as the user"),
            (Wrong::Unfinished, Mode::Read, "its newest changes lie in there/rosterm.db-wal", "the folder there"),
            (Wrong::Newer(9), Mode::Read, "was written by a newer rosterm (version 9", "use that version"),
        ] {
            let error = super::told(&wrong, path, mode);
            assert!(error.message().starts_with("the state in there/rosterm.db ") && error.message().contains(told), "{error}");
            assert!(error.hint_text().unwrap().contains(hint), "{error}");
        }
    }
}
