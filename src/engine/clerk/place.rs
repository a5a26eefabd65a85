//! Another source location: looked at aside, then written and gone by.

use super::Clerk;
use crate::config::edit::ANEW;
use crate::config::{Channel, Clause, Config};
use crate::engine::anew;
use crate::engine::caveats::Caveats;
use crate::engine::ends::{Ends, Errand, compile};
use crate::engine::location::{self, Baseline, Site};
use crate::engine::news::News;
use crate::engine::query::{self, Bound, id_words};
use crate::engine::store::Store;
use crate::engine::worker::Order;
use crate::engine::writing::Writing;
use crate::error::{Error, Kind, Result};
use crate::plan::guard;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

impl<O, F> Clerk<O>
where
    O: Fn(Errand) -> F,
    F: Future<Output = Result<Ends>>,
{
    /// What the channel says with other clauses.
    fn edited(&self, edits: &[(Clause, String)]) -> Result<Site> {
        location::with_edits(&Site::of(&self.seat.channel), edits).map_err(|wrong| Error::usage(wrong.message))
    }

    /// Counts what each clause comes to.
    pub(super) fn count(&self, number: u64, edits: &[(Clause, String)]) -> Result<()> {
        self.looker.count(number, self.edited(edits)?.source);
        Ok(())
    }

    /// Reads whoever would be in scope, to be compared with what is there by now; and who comes to another action by another
    /// policy. Where only that is another one, the directory is not asked.
    pub(super) async fn preview(&self, number: u64, edits: &[(Clause, String)]) -> Result<()> {
        let site = self.edited(edits)?;
        let channel = &self.seat.channel.name;
        let bound = self.seat.memory.read(|journal| query::bound(channel, journal))?;
        id_stays(edits, bound.as_ref())?;
        let policy = self.seat.channel.policy.clone();
        let there = |store: &Store| {
            let (read_at, target_read_at) = store.read_at();
            Baseline { picture: store.picture().clone(), policy, read_at, target_read_at, bound }
        };
        let baseline = self.desk.look(there).await;
        let policy = edits.iter().any(|(clause, _)| clause.is_policy()).then_some(site.policy);
        match policy {
            Some(policy) if edits.iter().all(|(clause, _)| clause.is_policy()) => self.looker.judge(number, policy, baseline),
            policy => self.looker.preview(number, site.source, policy, baseline),
        }
        Ok(())
    }

    /// Where nobody is in scope, it is counted what each clause comes to.
    pub(super) async fn look_why_nobody(&self) {
        let is_nobody = |store: &Store| store.picture().source_state().is_complete() && store.picture().entries().is_empty();
        if self.desk.look(is_nobody).await == Some(true) {
            self.looker.count(0, self.seat.channel.source.clone());
        }
    }

    /// What is to be known of what was read last: by the same measure as a run is refused by.
    pub(super) async fn look_for_caveats(&mut self, file: Option<String>) {
        let in_scope = |store: &Store| store.picture().source_state().is_complete().then(|| store.picture().entries().len());
        let entries = self.desk.look(in_scope).await.flatten();
        let channel = &self.seat.channel;
        // What is wrong with the state was told by the reading.
        let before = self.seat.memory.read(|journal| journal.baseline(&channel.name)).ok().flatten().map(|b| b.entries);
        let shrunk = entries.and_then(|entries| guard::shrunk(entries, before, channel.policy.max_source_shrink));
        self.tell_caveats(Caveats { shrunk, file });
    }

    fn tell_caveats(&mut self, caveats: Caveats) {
        if self.caveats != caveats {
            self.caveats = caveats.clone();
            (self.tell)(News::Caveats(caveats));
        }
    }

    /// Writes clauses into the configuration file, and goes by what is there from then on.
    pub(super) async fn relocate(&mut self, file: &Path, edits: &[(Clause, String)]) -> Result<()> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nothing is written"));
        }
        self.edited(edits)?;
        let channel = &self.seat.channel;
        // What was told when it was typed may not be so any more.
        id_stays(edits, self.seat.memory.read(|journal| query::bound(&channel.name, journal))?.as_ref())?;
        let compiles = |channel: &Channel| compile(channel).map(drop);
        let config = crate::config::edit::save_clauses(file, &channel.name, &channel.fingerprint, edits, compiles)?;
        let channel = Arc::new(config.channel(Some(&channel.name))?.clone());
        self.go_by(&config, channel);
        (self.tell)(News::Relocated);
        self.read().await;
        Ok(())
    }

    /// Goes by the configuration file as it is by now, if the channel in it is the one that was told.
    pub(super) async fn reload(&mut self, file: &Path, fingerprint: &str, writing: &Writing) -> Result<()> {
        let name = &self.seat.channel.name;
        let (config, channel, _) = anew::read(file, name, self.seat.state.as_deref())?;
        if channel.fingerprint != fingerprint {
            return Err(Error::failure(format!("{} was changed once more since it was shown", file.display()))
                .hint(format!("nothing has changed here; {ANEW} to see what it says now")));
        }
        self.go_by(&config, channel);
        // The screen forgets what was edited once it hears of it, which may be late.
        writing.withdraw_all();
        let (source, target) = (&self.seat.channel.source, &self.seat.channel.target);
        (self.tell)(News::Reloaded(source.short_name(), target.short_name()));
        self.read().await;
        self.history();
        Ok(())
    }

    /// This channel is as it was in the file; whoever is in the scope of another one is not leaving, so that they count.
    pub(super) async fn take_others(&mut self, file: &Path, others: Vec<Channel>) {
        let of = |channels: &[Channel]| -> Vec<(String, String)> {
            channels.iter().map(|channel| (channel.name.clone(), channel.fingerprint.clone())).collect()
        };
        if of(&self.seat.others) == of(&others) {
            // It may have been another one when both ends were read.
            self.tell_caveats(Caveats { file: None, ..self.caveats.clone() });
            return (self.tell)(News::Told(format!("nothing has changed in {}", file.display())));
        }
        self.seat.others = others;
        self.pending = None;
        (self.tell)(News::Told("nothing of this channel has changed in the file, but others have: both ends are read again".to_owned()));
        self.read().await;
    }

    /// The channel is another one from now on: what was shown before it is not sent any more, and nobody's verdict outlives it.
    fn go_by(&mut self, config: &Config, channel: Arc<Channel>) {
        (self.pending, self.is_there) = (None, false);
        self.seat.others = config.others(&channel);
        self.seat.channel = Arc::clone(&channel);
        self.configured.set(&channel);
        self.desk.tell(Order::Channel(channel));
        (self.tell)(News::Site(Arc::new(Site::of(&self.seat.channel))));
        // They were about what was before.
        self.tell_caveats(Caveats::default());
    }
}

/// Links and holds name people by their lasting ids: while there are some, it is not made another one here.
fn id_stays(edits: &[(Clause, String)], bound: Option<&Bound>) -> Result<()> {
    match bound.filter(|_| edits.iter().any(|(clause, _)| *clause == Clause::Id)) {
        None => Ok(()),
        Some(bound) => Err(Error::new(Kind::Refused, id_words(&bound.belonging.id_attribute, bound.links, bound.holds))),
    }
}
