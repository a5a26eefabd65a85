//! What is remembered between two starts: links and holds, in one SQLite file that an operator can look into.
//!
//! The file is made when something is first remembered; reading from one that is not there finds nothing. It is readable
//! by its owner only, and one that a newer rosterm wrote is refused. The whole of it leaves and enters as a [`Document`].

pub mod document;
pub mod merge;
mod sqlite;

pub use document::Document;
pub use sqlite::{Journal, Mode};

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
