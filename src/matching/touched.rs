//! Whose pairing may have changed.

use crate::identity::population::RowIx;

/// Whose pairing may have changed. Rows can be named more than once.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Entries.
    pub entries: Vec<RowIx>,
    /// Accounts.
    pub accounts: Vec<RowIx>,
    /// Keys of which every entry is affected.
    pub entries_of: Vec<u64>,
    /// Keys of which every account is affected.
    pub accounts_of: Vec<u64>,
}

impl Touched {
    /// True if nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.accounts.is_empty() && self.entries_of.is_empty() && self.accounts_of.is_empty()
    }
}
