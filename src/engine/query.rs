//! From a channel to a picture: open, read both sides at once, match, ask, match again.

use super::desk::Desk;
use super::ends::Ends;
use super::evidence;
use super::picture::{Lessons, Picture};
use super::progress::Progress;
use super::store::{Absorbed, Store};
use crate::clock::{self, Instant};
use crate::config::Channel;
use crate::error::Result;
use crate::identity::population::{Batch, Schema};
use crate::journal::{Belonging, Journal};
use crate::mapping::Context;
use crate::model::{Cause, Hold, HoldOn, Link, ReadEnd};
use crate::source::attributes_to_ask;
use crate::target::OddItem;
use crate::target::scim::Listed;
use crate::text::counted;
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// After so many batches in a row without anybody new, a source repeats itself.
const STALE_BATCHES: usize = 3;
/// How many batches may wait to be stored.
const WAITING: usize = 2;

/// What is looked at, and who watches.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// The other channels of the same configuration: some may lead to the same service.
    pub others: &'a [Channel],
    /// The moment that is "now" for the whole job.
    pub now: Instant,
    /// How far it has come.
    pub progress: &'a Progress,
}

/// Reads both ends, matches and classifies everybody.
///
/// # Errors
/// Where the state can't be read, or its links belong to something else.
pub async fn look(job: &Job<'_>, ends: &mut Ends, journal: &Journal) -> Result<Picture> {
    let mut store = set_up(job, ends, journal)?;
    read(job, ends, &mut store).await;
    store.picture_mut().list();
    Ok(store.into_picture())
}

/// A store for both ends, with what is remembered about them.
///
/// # Errors
/// Where the state can't be read, or its links belong to something else.
pub(super) fn set_up(job: &Job<'_>, ends: &Ends, journal: &Journal) -> Result<Store> {
    let Job { channel, now, .. } = *job;
    let Recalled { links, holds, lessons } = remembered(job, ends, journal)?;
    let foreign = foreign_channels(journal, &links, &belonging_of(ends))?;
    ends.target.learn(journal.habits(ends.target.base_url())?.as_deref());
    let mut store = Store::new(Picture::new(channel, ends, asked_of(ends), Context { now }));
    store.remember(&links, holds, &foreign);
    store.heed(lessons);
    Ok(store)
}

/// Holds, and what they are set on.
type Holds = Vec<(HoldOn, Hold)>;

/// What is remembered about both ends of a channel.
pub(super) struct Recalled {
    pub links: Vec<Link>,
    pub holds: Holds,
    pub lessons: Lessons,
}

/// What is remembered about both ends by now.
///
/// # Errors
/// Where the state can't be read, or its links belong to something else.
pub(super) fn remembered(job: &Job<'_>, ends: &Ends, journal: &Journal) -> Result<Recalled> {
    let belonging = belonging_of(ends);
    journal.check_belonging(&job.channel.name, &belonging)?;
    Ok(Recalled {
        links: journal.links(&belonging.base_url)?,
        holds: journal.holds(&belonging.base_url, job.now)?,
        lessons: Lessons::of(journal, &belonging.base_url)?,
    })
}

/// What links of these ends belong to.
pub(super) fn belonging_of(ends: &Ends) -> Belonging {
    Belonging {
        base_url: ends.target.base_url().to_owned(),
        naming_context: ends.source.facts().naming_context.clone(),
        id_attribute: ends.source.facts().settings.id_attribute.to_string(),
    }
}

/// The same of ends that were read.
pub(super) fn belonging_in(picture: &Picture) -> Belonging {
    let facts = picture.source();
    Belonging {
        base_url: picture.base_url().to_owned(),
        naming_context: facts.naming_context.clone(),
        id_attribute: facts.settings.id_attribute.to_string(),
    }
}

/// The attributes that are read of entries. The rules' columns come first, so a rule's slot is the population's column.
pub(super) fn asked_of(ends: &Ends) -> Schema {
    let schema = Schema::new(attributes_to_ask(ends.rules.schema(), &ends.source.facts().settings));
    debug_assert!(schema.columns().starts_with(ends.rules.schema().columns()));
    schema
}

/// Reads both ends into the store and asks what matching wants to know: everything but what takes a journal.
pub(super) async fn read(job: &Job<'_>, ends: &mut Ends, desk: &mut impl Desk) -> Option<()> {
    let progress = job.progress;
    let schema = asked_of(ends);
    let (batches, mut from_source) = mpsc::channel::<Batch>(WAITING);
    let (listed, mut from_target) = mpsc::channel::<Listed>(WAITING);
    let (source, target) = (&mut ends.source, &mut ends.target);
    progress.watch(target.pace());
    desk.with(|store| {
        store.begin_source();
        store.begin_target();
    })
    .await?;
    progress.begun.store(true, Ordering::Relaxed);
    let (mut from, mut listing) = (FromSource::default(), FromTarget::default());
    {
        let mut read_source = std::pin::pin!(source.read(&schema, batches));
        let mut read_target = std::pin::pin!(target.read(listed));
        while !(from.told && listing.told) {
            tokio::select! {
                end = &mut read_source, if from.end.is_none() => from.end = Some(end),
                end = &mut read_target, if listing.end.is_none() => listing.end = Some(end),
                batch = from_source.recv(), if !from.drained => match batch {
                    None => from.drained = true,
                    Some(batch) => {
                        from.take(desk.with(move |store| store.absorb_entries(&batch)).await?);
                        progress.entries.set(from.users);
                        if from.stale == STALE_BATCHES {
                            // It repeats itself for ever: the reader ends when nobody takes its batches.
                            from_source.close();
                        }
                    }
                },
                item = from_target.recv(), if !listing.drained => match item {
                    None => listing.drained = true,
                    Some(Listed::Total(total)) => progress.accounts_total.set(total),
                    Some(Listed::Odd(item)) => listing.odd.push(item),
                    Some(Listed::Accounts(batch)) => {
                        progress.accounts.set(desk.with(move |store| store.absorb_accounts(&batch)).await?);
                    }
                    Some(Listed::Again) => {
                        listing.odd.clear();
                        desk.with(Store::begin_target).await?;
                    }
                },
            }
            // A side ends as soon as everything of it is stored: its rows need not wait for the other side.
            if from.drained
                && !from.told
                && let Some(end) = from.end.clone()
            {
                let end = from.judge(end);
                tracing::info!(target: "rosterm", entries = from.users, end = ?end, "the source was read");
                let at = clock::now();
                desk.with(move |store| store.end_source(end, at)).await?;
                progress.source_done.store(true, Ordering::Relaxed);
                from.told = true;
            }
            // Whose an odd item may be is known once everybody in scope is.
            if listing.drained
                && !listing.told
                && (listing.odd.is_empty() || from.told)
                && let Some(end) = listing.end.clone()
            {
                tracing::info!(target: "rosterm", accounts = progress.accounts.get(), end = ?end, "the target was listed");
                let odd = std::mem::take(&mut listing.odd);
                let at = clock::now();
                desk.with(move |store| end_target(store, end, &odd, at)).await?;
                progress.target_done.store(true, Ordering::Relaxed);
                listing.told = true;
            }
        }
    }
    let others = job.others.to_vec();
    let remarks = ends.source.notes();
    desk.with(move |store| store.picture_mut().set_surroundings(&others, remarks)).await?;
    evidence::ask(job, desk, ends).await?;
    desk.with(Store::conclude).await
}

/// How far a source has come.
#[derive(Default)]
struct FromSource {
    users: usize,
    repeated: usize,
    first_repeated: Option<String>,
    /// So many batches in a row had nobody new.
    stale: usize,
    end: Option<ReadEnd>,
    /// Nothing more comes.
    drained: bool,
    /// The store knows how it ended.
    told: bool,
}

impl FromSource {
    fn take(&mut self, absorbed: Absorbed) {
        self.repeated += absorbed.again;
        self.first_repeated = self.first_repeated.take().or(absorbed.first_again);
        self.users = absorbed.users;
        self.stale = if absorbed.fresh == 0 { self.stale + 1 } else { 0 };
    }

    /// How the read ended, by what was seen of it.
    fn judge(&self, end: ReadEnd) -> ReadEnd {
        if self.stale >= STALE_BATCHES {
            return ReadEnd::incomplete(Cause::NoProgress, format!("{} entries, then the same ones again", self.users));
        }
        if self.repeated == 0 || end != ReadEnd::Complete {
            return end;
        }
        // Two entries with one lasting id: whoever is missing instead is not known.
        let example = self.first_repeated.as_ref().map(|id| format!(": for one {id}")).unwrap_or_default();
        let have = if self.repeated == 1 { "1 entry has" } else { "entries have" };
        let n = if self.repeated == 1 { String::new() } else { format!("{} ", self.repeated) };
        ReadEnd::incomplete(Cause::IdsRepeated, format!("{n}{have} a lasting id that another one has{example}"))
    }
}

/// How far a listing has come.
#[derive(Default)]
struct FromTarget {
    odd: Vec<OddItem>,
    end: Option<ReadEnd>,
    drained: bool,
    told: bool,
}

fn end_target(store: &mut Store, mut end: ReadEnd, odd: &[OddItem], at: Instant) {
    let anybodys = store.set_odd(odd);
    if anybodys > 0 && end == ReadEnd::Complete {
        let detail = format!("{anybodys} of the items have no id, and do not show what people are matched by");
        end = ReadEnd::incomplete(Cause::PageMissing, detail);
    }
    store.end_target(end, at);
}

/// The channels whose links tell entries by other ids than this one: the same id means somebody else there.
fn foreign_channels(journal: &Journal, links: &[Link], ours: &Belonging) -> Result<HashSet<String>> {
    let channels: HashSet<&str> = links.iter().map(|l| l.channel.as_str()).collect();
    let mut foreign = HashSet::new();
    for channel in channels {
        let theirs = journal.belonging(channel)?;
        if theirs.is_some_and(|b| b.naming_context != ours.naming_context || b.id_attribute != ours.id_attribute) {
            foreign.insert(channel.to_owned());
        }
    }
    Ok(foreign)
}

/// What is remembered for a channel, and what that belongs to.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub belonging: Belonging,
    pub links: usize,
    pub holds: usize,
}

/// So many links, so many holds.
#[must_use]
pub fn so_much(links: usize, holds: usize) -> String {
    let each = [(links, "link"), (holds, "hold")].into_iter().filter(|(n, _)| *n > 0);
    each.map(|(n, what)| counted(n, what)).collect::<Vec<_>>().join(" and ")
}

/// Why the lasting id is not made another one while something goes by it, and how it is done.
#[must_use]
pub fn id_words(id: &str, links: usize, holds: usize) -> String {
    let go = if links + holds == 1 { "goes" } else { "go" };
    format!("{} {go} by {id}: change it in the configuration file, then rosterm link --migrate", so_much(links, holds))
}

/// What is remembered for a channel; nothing where nothing is.
///
/// # Errors
/// Where the state can't be read.
pub(super) fn bound(channel: &str, journal: &Journal) -> Result<Option<Bound>> {
    let Some(belonging) = journal.belonging(channel)? else { return Ok(None) };
    let (links, holds) = journal.remembered(&belonging.base_url)?;
    Ok((links + holds > 0).then_some(Bound { belonging, links, holds }))
}
