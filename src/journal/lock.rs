//! One run at a time for a service: a lock that the system takes back when its holder ends, however that happens.
//!
//! It is a file of its own beside the state, one for each service, because a lock on the state file itself is SQLite's. What
//! stands in it is for people: who has it, and since when.

use super::Journal;
use crate::clock::Instant;
use crate::error::{Error, Kind, Result};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Nothing for a journal in memory: nobody else has it.
    _file: Option<File>,
}

/// The lock file of a service beside a state file.
fn place(state: &Path, service: &str) -> PathBuf {
    let hash = Sha256::digest(service.as_bytes());
    let mut name = state.as_os_str().to_owned();
    name.push(format!("-{}.lock", crate::config::hex(&hash[..6])));
    PathBuf::from(name)
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Where somebody else has it: who, and since when; where the file can't be made.
    pub fn take(journal: &Journal, service: &str, who: &str, now: Instant) -> Result<Self> {
        let Some(state) = journal.file() else { return Ok(Lock { _file: None }) };
        let path = place(state, service);
        let wrong = |e: &std::io::Error| {
            Error::failure(format!("the lock {} cannot be taken: {e}", path.display())).hint("check the folder's owner and the disk")
        };
        let mut options = OpenOptions::new();
        options.create(true).read(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(|e| wrong(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another rosterm".to_owned() } else { holder.trim().to_owned() };
                return Err(Error::new(Kind::Refused, format!("a run for {service} is under way: {holder}"))
                    .hint("wait until it has ended; nothing was sent"));
            }
            Err(TryLockError::Error(e)) => return Err(wrong(&e)),
        }
        let told = format!("{who}, process {}, since {}", std::process::id(), now.rfc3339());
        let write = |file: &mut File| -> std::io::Result<()> {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(told.as_bytes())
        };
        write(&mut file).map_err(|e| wrong(&e))?;
        Ok(Lock { _file: Some(file) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Mode;

    #[test]
    fn a_service_has_one_run_at_a_time_and_another_service_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("rosterm.db"), Mode::Write).unwrap();
        let first = Lock::take(&journal, "https://a", "ann", Instant(0)).unwrap();
        let refused = Lock::take(&journal, "https://a", "ben", Instant(1)).unwrap_err();
        assert_eq!(refused.kind(), Kind::Refused);
        assert!(refused.message().contains("ann, process ") && refused.message().contains("1970-01-01T00:00:00Z"), "{refused}");
        Lock::take(&journal, "https://b", "ben", Instant(1)).unwrap();
        drop(first);
        Lock::take(&journal, "https://a", "ben", Instant(1)).unwrap();
    }
}
