//! What waits to be written into the configuration file, and how it is taken back.
//!
//! Of each kind one thing waits at most: what is saved later says everything that is edited, so that it takes the place of what
//! was to be saved before. What is under way already is not taken back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// Rules of the mapping.
    Mapping,
    /// Clauses of the source location and of the policy.
    Source,
}

/// True once somebody has taken back what waits.
pub(super) type Withdrawn = Arc<AtomicBool>;

/// The last of each kind.
#[derive(Default)]
pub(super) struct Writing([Mutex<Withdrawn>; 2]);

impl Writing {
    /// Something is to be written, and what waited before is not.
    pub(super) fn begin(&self, what: Saving) -> Withdrawn {
        let withdrawn = Withdrawn::default();
        let mut last = self.0[what as usize].lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *last, Arc::clone(&withdrawn)).store(true, Ordering::Release);
        withdrawn
    }

    /// Nothing of this kind is written any more.
    pub(super) fn withdraw(&self, what: Saving) {
        self.0[what as usize].lock().unwrap_or_else(PoisonError::into_inner).store(true, Ordering::Release);
    }

    /// Nothing at all is written any more.
    pub(super) fn withdraw_all(&self) {
        self.withdraw(Saving::Mapping);
        self.withdraw(Saving::Source);
    }
}
