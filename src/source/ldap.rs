//! A directory server as a source.

use super::Facts;
use crate::clock::Instant;
use crate::config::{LdapConfig, SourceConfig};
use crate::error::{Error, Result};
use crate::identity::EntryId;
use crate::identity::population::{Batch, Schema};
use crate::model::{EntryEvidence, ReadEnd};
use tokio::sync::mpsc;

/// An open directory.
pub struct Ldap {
    facts: Facts,
}

impl Ldap {
    /// Connects, binds, reads the root DSE, checks base and group.
    #[expect(clippy::unused_async, reason = "in work")]
    pub async fn open(_ldap: &LdapConfig, _config: &SourceConfig, _now: Instant) -> Result<Self> {
        Err(Error::failure("in work"))
    }

    /// What is known about it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Reads every entry in scope.
    #[expect(clippy::unused_async, reason = "in work")]
    pub async fn read(&mut self, _schema: &Schema, _batches: mpsc::Sender<Batch>) -> ReadEnd {
        ReadEnd::Complete
    }

    /// Looks entries up by id.
    #[expect(clippy::unused_async, reason = "in work")]
    pub async fn find(&mut self, _ids: &[EntryId]) -> Vec<(EntryId, EntryEvidence)> {
        Vec::new()
    }
}
