//! From a channel to a picture: open, read both sides at once, match, ask, match again.

use super::ends::Ends;
use super::evidence;
use super::picture::Picture;
use super::progress::Progress;
use crate::clock::Instant;
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::identity::population::{Batch, Population, Schema, Upsert};
use crate::journal::{Belonging, Journal};
use crate::mapping::Context;
use crate::model::{Cause, Link, ReadEnd, SideState};
use crate::source::attributes_to_ask;
use crate::target::OddItem;
use crate::target::scim::Listed;
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
pub async fn look(job: &Job<'_>, mut ends: Ends, journal: &Journal) -> Result<Picture> {
    let Job { channel, now, progress, .. } = *job;
    let belonging = Belonging {
        base_url: ends.target.base_url().to_owned(),
        naming_context: ends.source.facts().naming_context.clone(),
        id_attribute: ends.source.facts().settings.id_attribute.to_string(),
    };
    check_belonging(channel, journal, &belonging)?;
    let links = journal.links(&belonging.base_url)?;
    let holds = journal.holds(&belonging.base_url, now)?;
    let schema = Schema::new(attributes_to_ask(ends.rules.schema(), &ends.source.facts().settings));
    // The rules' columns come first, so a rule's slot is the population's column.
    debug_assert!(schema.columns().starts_with(ends.rules.schema().columns()));

    let (batches, mut from_source) = mpsc::channel::<Batch>(WAITING);
    let (listed, mut from_target) = mpsc::channel::<Listed>(WAITING);
    let mut entries = Population::new(schema.clone());
    let mut accounts = Population::new(ends.target.columns().schema().clone());
    let (source, target) = (&mut ends.source, &mut ends.target);
    let columns = target.columns().clone();
    progress.watch(target.pace());
    let read_source = async {
        let end = source.read(&schema, batches).await;
        progress.source_done.store(true, Ordering::Relaxed);
        end
    };
    let read_target = async {
        let end = target.read(listed).await;
        progress.target_done.store(true, Ordering::Relaxed);
        end
    };
    let (mut repeated, mut stale) = (0, 0);
    let mut first_repeated = None;
    let mut odd: Vec<OddItem> = Vec::new();
    let store = async {
        loop {
            tokio::select! {
                Some(batch) = from_source.recv() => {
                    let mut fresh = 0;
                    entries.absorb(&batch, |told| match told {
                        Upsert::Inserted(_) => fresh += 1,
                        Upsert::Changed(row) | Upsert::Same(row) => {
                            repeated += 1;
                            first_repeated.get_or_insert(row);
                        }
                    });
                    progress.entries.set(entries.len());
                    stale = if fresh == 0 { stale + 1 } else { 0 };
                    if stale == STALE_BATCHES {
                        // It repeats itself for ever: the reader ends when nobody takes its batches.
                        from_source.close();
                    }
                }
                Some(listed) = from_target.recv() => {
                    match listed {
                        Listed::Total(total) => progress.accounts_total.set(total),
                        Listed::Odd(item) => odd.push(item),
                        Listed::Accounts(batch) => accounts.absorb(&batch, |_| ()),
                        Listed::Again => {
                            accounts = Population::new(columns.schema().clone());
                            odd.clear();
                        }
                    }
                    progress.accounts.set(accounts.len());
                }
                else => break,
            }
        }
    };
    let (mut source_end, mut target_end, ()) = tokio::join!(read_source, read_target, store);
    if stale >= STALE_BATCHES {
        source_end = ReadEnd::incomplete(Cause::NoProgress, format!("{} entries, then the same ones again", entries.len()));
    }
    if repeated > 0 && source_end == ReadEnd::Complete {
        // Two entries with one lasting id: whoever is missing instead is not known.
        let example = first_repeated.map(|row| format!(": for one {}", entries.row(row).id())).unwrap_or_default();
        let have = if repeated == 1 { "1 entry has" } else { "entries have" };
        let n = if repeated == 1 { String::new() } else { format!("{repeated} ") };
        source_end = ReadEnd::incomplete(Cause::IdsRepeated, format!("{n}{have} a lasting id that another one has{example}"));
    }
    tracing::info!(target: "rosterm", entries = entries.len(), accounts = accounts.len(), source = ?source_end, target = ?target_end, "read");

    let context = Context { now };
    let mut picture = Picture::new(channel, &ends, columns, entries, accounts, context);
    picture.set_surroundings(job.others, ends.source.notes());
    let anybodys = odd.iter().filter(|item| !picture.add_odd(item)).count();
    if anybodys > 0 && target_end == ReadEnd::Complete {
        let detail = format!("{anybodys} of the items have no id, and do not show what people are matched by");
        target_end = ReadEnd::incomplete(Cause::PageMissing, detail);
    }
    picture.set_ends(SideState::Ended(source_end), SideState::Ended(target_end));
    let foreign = foreign_channels(journal, &links, &belonging)?;
    picture.remember(links, holds, &foreign);
    evidence::ask(job, &mut picture, &mut ends).await;
    picture.classify();
    Ok(picture)
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

/// Links are used only for what they were made for.
fn check_belonging(channel: &Channel, journal: &Journal, now: &Belonging) -> Result<()> {
    let Some(before) = journal.belonging(&channel.name)? else { return Ok(()) };
    let nothing_there = || Ok::<_, Error>(journal.links(&before.base_url)?.is_empty() && !journal.has_holds(&before.base_url)?);
    if before == *now || nothing_there()? {
        return Ok(());
    }
    let mut differs = Vec::new();
    for (what, a, b) in [
        ("the service", &before.base_url, &now.base_url),
        ("the naming context", &before.naming_context, &now.naming_context),
        ("the id attribute", &before.id_attribute, &now.id_attribute),
    ] {
        if a != b {
            differs.push(format!("{what} was {a} and is now {b}"));
        }
    }
    Err(Error::usage(format!("the links and holds of channel {} were made for another pair of ends: {}", channel.name, differs.join("; ")))
        .hint("if these are the same people and accounts, say so with: rosterm link --migrate"))
}
