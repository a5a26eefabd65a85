//! The journal behind a screen: kept in this process, or opened each time that it is needed.

use crate::error::{Error, Result};
use crate::journal::{Journal, Mode};

/// Where what is remembered comes from.
pub enum Memory {
    /// It is nowhere else.
    Kept(Option<Journal>),
    /// Opened each time: somebody else may have changed it.
    Opened(Box<dyn Fn(Mode) -> Result<Journal> + Send>),
}

impl Memory {
    /// Lets what is remembered be looked at.
    pub(super) fn read<R>(&self, look: impl FnOnce(&Journal) -> Result<R>) -> Result<R> {
        match self {
            Memory::Kept(journal) => look(journal.as_ref().ok_or_else(lost)?),
            Memory::Opened(open) => look(&open(Mode::Read)?),
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
