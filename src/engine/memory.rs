//! The journal behind a screen: kept in this process, or opened each time that it is needed.

use crate::error::{Error, Result};
use crate::journal::{Journal, Mode};
use std::sync::Arc;

/// Where what is remembered comes from.
pub enum Memory {
    /// It is nowhere else.
    Kept(Option<Journal>),
    /// Opened each time: somebody else may have changed it.
    Opened(Arc<dyn Fn(Mode) -> Result<Journal> + Send + Sync>),
}

/// Opens what is remembered once more, to be looked at: nobody who writes waits for it.
pub(super) type Glance = Arc<dyn Fn() -> Result<Journal> + Send + Sync>;

impl Memory {
    /// Lets what is remembered be looked at.
    pub(super) fn read<R>(&self, look: impl FnOnce(&Journal) -> Result<R>) -> Result<R> {
        match self {
            Memory::Kept(journal) => look(journal.as_ref().ok_or_else(lost)?),
            Memory::Opened(open) => look(&open(Mode::Read)?),
        }
    }

    /// The way to look beside whoever writes.
    pub(super) fn glance(&self) -> Glance {
        match self {
            Memory::Kept(Some(journal)) => {
                let door = journal.door();
                Arc::new(move || door.open())
            }
            Memory::Kept(None) => Arc::new(|| Err(lost())),
            Memory::Opened(open) => {
                let open = Arc::clone(open);
                Arc::new(move || open(Mode::Read))
            }
        }
    }

    /// The journal, to be written; it is to be given back.
    pub(super) fn write(&mut self) -> Result<Journal> {
        match self {
            Memory::Kept(journal) => journal.take().ok_or_else(lost),
            Memory::Opened(open) => open(Mode::Write),
        }
    }

    /// The journal, to be looked at for longer; it is to be given back.
    pub(super) fn lend(&mut self) -> Result<Journal> {
        match self {
            Memory::Kept(journal) => journal.take().ok_or_else(lost),
            Memory::Opened(open) => open(Mode::Read),
        }
    }

    pub(super) fn give_back(&mut self, journal: Journal) {
        if let Memory::Kept(kept) = self {
            *kept = Some(journal);
        }
    }
}

fn lost() -> Error {
    Error::failure("what was remembered in this process is lost").hint("end rosterm, and start it again")
}
