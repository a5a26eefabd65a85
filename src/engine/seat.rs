//! What a face gives the engine to work with, and what it asks of it in more than a word.

use super::location::OpenSource;
use super::memory::Memory;
use super::snapshot::Snapshot;
use crate::config::Channel;
use crate::identity::{AccountId, EntryId};
use crate::model::HoldOn;
use std::path::PathBuf;
use std::sync::Arc;

/// What a live channel needs.
pub struct Seat<O> {
    /// Where the work that waits for servers runs.
    pub runtime: tokio::runtime::Handle,
    /// The channel.
    pub channel: Arc<Channel>,
    /// The file of the configuration, if there is one.
    pub file: Option<PathBuf>,
    /// Where that file has the state, if it says so.
    pub state: Option<PathBuf>,
    /// The other channels of the same configuration.
    pub others: Vec<Channel>,
    /// Opens both ends; called for each reading.
    pub open: O,
    /// Opens the source alone, by a location that is tried out.
    pub open_source: OpenSource,
    /// What is remembered.
    pub memory: Memory,
    /// Whether anything may be sent or remembered.
    pub may_write: bool,
}

/// A hold that is to be set, or taken back.
pub struct Held {
    /// What the user was seen in.
    pub snapshot: Arc<Snapshot>,
    /// What it is on, for each user; a hold is set on the first, and taken back from all.
    pub on: Vec<Vec<HoldOn>>,
    /// What the user is called, or all of them are.
    pub called: String,
    /// Why, and until when ([`crate::model::Hold::parted`]); nothing to take it back.
    pub reason: Option<String>,
}

/// A pair that is to be linked, or parted.
pub struct Pairing {
    /// What it was seen in.
    pub snapshot: Arc<Snapshot>,
    /// The person.
    pub entry: EntryId,
    /// The account.
    pub account: AccountId,
    /// They belong together from now on; else they do not any more.
    pub linked: bool,
}
