//! Another source location: looked at aside, then written and gone by.

use super::Clerk;
use crate::config::Clause;
use crate::engine::ends::{Ends, Errand};
use crate::engine::location::{self, Baseline, Site};
use crate::engine::news::News;
use crate::engine::store::Store;
use crate::engine::worker::Order;
use crate::error::{Error, Kind, Result};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

impl<O, F> Clerk<O>
where
    O: Fn(Errand) -> F,
    F: Future<Output = Result<Ends>>,
{
    /// Counts what each clause comes to.
    pub(super) fn count(&self, number: u64, edits: &[(Clause, String)]) -> Result<()> {
        self.looker.count(number, location::with_edits(&self.seat.channel.source, edits).map_err(|wrong| Error::usage(wrong.message))?);
        Ok(())
    }

    /// Reads whoever would be in scope, to be compared with what is there by now.
    pub(super) async fn preview(&self, number: u64, edits: &[(Clause, String)]) -> Result<()> {
        let config = location::with_edits(&self.seat.channel.source, edits).map_err(|wrong| Error::usage(wrong.message))?;
        let there = |store: &Store| Baseline { picture: store.picture().clone(), read_at: store.read_at().0 };
        let baseline = self.desk.look(there).await;
        self.looker.preview(number, config, baseline);
        Ok(())
    }

    /// Where nobody is in scope, it is counted what each clause comes to.
    pub(super) async fn look_why_nobody(&self) {
        let is_nobody = |store: &Store| store.picture().source_state().is_complete() && store.picture().entries().is_empty();
        if self.desk.look(is_nobody).await == Some(true) {
            self.looker.count(0, self.seat.channel.source.clone());
        }
    }

    /// Writes clauses into the configuration file, and goes by what is there from then on.
    pub(super) async fn relocate(&mut self, file: &Path, edits: &[(Clause, String)]) -> Result<()> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing is written"));
        }
        location::with_edits(&self.seat.channel.source, edits).map_err(|wrong| Error::usage(wrong.message))?;
        let channel = &self.seat.channel;
        let config = crate::config::edit::save_clauses(file, &channel.name, &channel.fingerprint, edits)?;
        let channel = Arc::new(config.channel(Some(&channel.name))?.clone());
        // What was shown before it is not sent any more, and nobody's verdict outlives it.
        (self.pending, self.is_there) = (None, false);
        self.seat.others = config.others(&channel);
        self.seat.channel = Arc::clone(&channel);
        self.configured.set(&channel);
        self.desk.tell(Order::Channel(channel));
        (self.tell)(News::Site(Arc::new(Site::of(&self.seat.channel))));
        (self.tell)(News::Relocated);
        self.read().await;
        Ok(())
    }
}
