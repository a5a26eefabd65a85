//! What has to be known of a reading before anything is decided by it.

use crate::plan::guard::Shrunk;

/// What a screen says for as long as it is so.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Caveats {
    /// So many fewer people are in scope that every removal is refused.
    pub shrunk: Option<Shrunk>,
    /// The configuration file says something else by now than what was read by. Not cleaned.
    pub file: Option<String>,
}
