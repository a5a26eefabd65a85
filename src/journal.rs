//! What is remembered between two starts, in one SQLite file that an operator can look into: links and holds, and everything
//! about runs.
//!
//! The file is made when something is first remembered; reading from one that is not there finds nothing. It is readable
//! by its owner only, and one that a newer rosterm wrote is refused. Links and holds leave and enter as a [`Document`]. What must
//! stay true: a request is in the file, durably, before it leaves.

pub mod document;
mod lock;
pub mod merge;
pub mod run;
mod sqlite;
mod writer;

use crate::clock::Instant;
use crate::identity::{AccountId, EntryId};
pub use document::Document;
pub use lock::Lock;
pub use sqlite::{Begun, Door, Journal, Mode, Note, Remembered};
pub use writer::Writer;

/// What somebody decided by hand about who belongs to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Instant,
    /// Who decided.
    pub author: String,
    /// That they belong together; else that they do not.
    pub linked: bool,
    /// The entry.
    pub entry: EntryId,
    /// The account.
    pub account: AccountId,
}

/// What the links of a channel belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// The target's base URL.
    pub base_url: String,
    /// The naming context of the source.
    pub naming_context: String,
    /// The attribute with the lasting id.
    pub id_attribute: String,
}
