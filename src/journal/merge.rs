//! Two states, compared: what a document would add, what it would take the place of, and which lines a reset would forget.
//!
//! Pure. A link and a hold are the same only if everything about them is the same: a link with another memory of its account
//! answers the question "is this still the same account" differently.

use super::document::{ChannelLine, DecisionLine, Document, HoldLine, LinkLine, On};
use crate::error::{Error, Kind, Result};
use crate::identity::value::key_form;
use crate::text::count;
use std::collections::{HashMap, HashSet};

/// What happens where a document and the state differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing is imported.
    Refuse,
    /// The document wins; what it does not name stays.
    Merge,
    /// The document is the whole state afterwards.
    Replace,
}

/// What an import does, in lines of all kinds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Lines that were not there.
    pub added: usize,
    /// Lines that are there already, just so.
    pub same: usize,
    /// Lines of the state that something else takes the place of.
    pub replaced: usize,
    /// Lines of the state that are forgotten.
    pub removed: usize,
}

impl Merged {
    /// True if the state loses a line.
    #[must_use]
    pub fn loses_something(self) -> bool {
        self.replaced + self.removed > 0
    }

    /// `12 added, 400 there already, 1 replaced, 3 removed`, without what is nothing.
    #[must_use]
    pub fn words(self) -> String {
        let parts = [(self.added, "added"), (self.same, "there already"), (self.replaced, "replaced"), (self.removed, "removed")];
        let parts: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n))).collect();
        if parts.is_empty() { "nothing to import".to_owned() } else { parts.join(", ") }
    }
}

/// What importing `document` over `current` does.
///
/// # Errors
/// With [`How::Refuse`], where the two differ: how many lines, and the first of them. With [`How::Merge`], where a channel would
/// belong to other ends than the links or holds that stay.
pub fn merge(current: &Document, document: &Document, how: How) -> Result<Merged> {
    let mut merged = Merged::default();
    let mut first = None;
    // Lines of the state that the document names or displaces; the others stay, or go with a replacement of everything.
    let mut touched = 0;
    let mut differs = |merged: &mut Merged, n: usize, what: &dyn Fn() -> String| {
        merged.replaced += n;
        first.get_or_insert_with(what);
        n
    };

    let channels: HashMap<&str, &ChannelLine> = current.channels.iter().map(|c| (c.name.as_str(), c)).collect();
    for line in &document.channels {
        match channels.get(line.name.as_str()) {
            None => merged.added += 1,
            Some(known) if *known == line => {
                merged.same += 1;
                touched += 1;
            }
            Some(known) if how == How::Merge && remembers(current, known) => return Err(other_ends(known, line)),
            Some(known) => {
                let what = || format!("channel {} belongs to {} and {} here", line.name, known.naming_context, known.base_url);
                touched += differs(&mut merged, 1, &what);
            }
        }
    }

    let by_entry: HashMap<(&str, &str), &LinkLine> = current.links.iter().map(|l| ((l.service.as_str(), l.entry.as_str()), l)).collect();
    let by_account: HashMap<(&str, &str), &LinkLine> =
        current.links.iter().map(|l| ((l.service.as_str(), l.account.as_str()), l)).collect();
    let mut displaced: HashSet<(&str, &str)> = HashSet::new();
    for line in &document.links {
        let service = line.service.as_str();
        match (by_entry.get(&(service, line.entry.as_str())), by_account.get(&(service, line.account.as_str()))) {
            (None, None) => merged.added += 1,
            (Some(known), _) if *known == line => {
                merged.same += 1;
                touched += usize::from(displaced.insert((service, known.entry.as_str())));
            }
            (a, b) => {
                let before = merged.replaced;
                for known in [a, b].into_iter().flatten() {
                    if displaced.insert((service, known.entry.as_str())) {
                        let what = || {
                            let pair = format!("entry {} is linked to account {}", known.entry, known.account);
                            if (&known.entry, &known.account) == (&line.entry, &line.account) {
                                format!("{pair} in another way")
                            } else {
                                pair
                            }
                        };
                        touched += differs(&mut merged, 1, &what);
                    }
                }
                // What is in its way is counted already.
                merged.added += usize::from(merged.replaced == before);
            }
        }
    }

    let holds: HashMap<(&str, On, &str), &HoldLine> =
        current.holds.iter().map(|h| ((h.service.as_str(), h.on, h.id.as_str()), h)).collect();
    for line in &document.holds {
        match holds.get(&(line.service.as_str(), line.on, line.id.as_str())) {
            None => merged.added += 1,
            Some(known) if *known == line => {
                merged.same += 1;
                touched += 1;
            }
            Some(known) => {
                let what = || format!("{} is held by {}: {}", known.id, known.author, known.reason);
                touched += differs(&mut merged, 1, &what);
            }
        }
    }

    // What was decided is told of, whatever else is imported: it is added to, never replaced or forgotten.
    let decisions: HashSet<&DecisionLine> = current.decisions.iter().collect();
    for line in &document.decisions {
        *(if decisions.contains(line) { &mut merged.same } else { &mut merged.added }) += 1;
    }

    let all = current.channels.len() + current.links.len() + current.holds.len();
    if how == How::Replace {
        merged.removed = all.saturating_sub(touched);
    }
    match first {
        Some(first) if how == How::Refuse => Err(Error::new(
            Kind::Refused,
            format!(
                "the state differs from the document in {} of its lines, for one {first}; nothing was imported",
                count(merged.replaced)
            ),
        )
        .hint("--merge lets the document win where they differ; --replace forgets everything that is not in the document")),
        _ => Ok(merged),
    }
}

/// Whether links or holds exist that were made for the ends of this channel as the state knows them.
fn remembers(current: &Document, channel: &ChannelLine) -> bool {
    current.links.iter().any(|l| l.channel == channel.name && l.service == channel.base_url)
        || current.holds.iter().any(|h| h.service == channel.base_url)
}

/// The links that stay would be judged by another directory, which knows none of their people: all of them would leave.
fn other_ends(here: &ChannelLine, there: &ChannelLine) -> Error {
    let ends = |c: &ChannelLine| format!("{} by {} and {}", c.naming_context, c.id_attribute, c.base_url);
    Error::new(
        Kind::Refused,
        format!(
            "channel {} belongs to {} here and to {} in the document, and links or holds exist for what it belongs to here; nothing was \
             imported",
            here.name,
            ends(here),
            ends(there)
        ),
    )
    .hint(format!(
        "if the people are the same, run rosterm link --migrate --channel {0}; else forget the old ones with rosterm state reset \
         --channel {0}, or import with --replace",
        here.name
    ))
}

/// What a reset is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset<'a> {
    /// Everything.
    All,
    /// What one channel made: its links, what they belong to, and the holds at its service if no other channel is there.
    Channel(&'a str),
    /// One user: named by entry id, account id, or something that the account showed when it was last seen; at the service
    /// of one channel, if one is named.
    User(&'a str, Option<&'a str>),
}

/// The lines that a reset forgets, and what stays although one might expect it to go.
///
/// # Errors
/// Where there is no such channel or user, or several users have the name.
pub fn to_forget(current: &Document, reset: &Reset<'_>) -> Result<(Document, Option<String>)> {
    match reset {
        // Who decided what by hand is history, and stays as that of runs does.
        Reset::All => Ok((Document { decisions: Vec::new(), ..current.clone() }, None)),
        Reset::Channel(name) => channel(current, name),
        Reset::User(name, at) => user(current, name, *at).map(|lines| (lines, None)),
    }
}

fn channel(current: &Document, name: &str) -> Result<(Document, Option<String>)> {
    let mut lines = Document::empty(current.created);
    lines.channels = current.channels.iter().filter(|c| c.name == name).cloned().collect();
    lines.links = current.links.iter().filter(|l| l.channel == name).cloned().collect();
    if lines.is_empty() {
        let known: HashSet<&str> =
            current.channels.iter().map(|c| c.name.as_str()).chain(current.links.iter().map(|l| l.channel.as_str())).collect();
        let mut known: Vec<&str> = known.into_iter().collect();
        known.sort_unstable();
        let error = Error::usage(format!("nothing is remembered for a channel {name}"));
        return Err(if known.is_empty() {
            error.hint("nothing is remembered at all")
        } else {
            error.hint(format!("something is remembered for: {}", known.join(", ")))
        });
    }
    let services: HashSet<&str> =
        lines.channels.iter().map(|c| c.base_url.as_str()).chain(lines.links.iter().map(|l| l.service.as_str())).collect();
    let others = |service: &str| {
        current.channels.iter().any(|c| c.name != name && c.base_url == service)
            || current.links.iter().any(|l| l.channel != name && l.service == service)
    };
    let mut stay = 0;
    for hold in current.holds.iter().filter(|h| services.contains(h.service.as_str())) {
        if others(&hold.service) {
            stay += 1;
        } else {
            lines.holds.push(hold.clone());
        }
    }
    let note = (stay > 0).then(|| format!("{} stay: another channel uses the same service", crate::text::counted(stay, "hold")));
    Ok((lines, note))
}

fn user(current: &Document, name: &str, at: Option<&str>) -> Result<Document> {
    let services: Option<HashSet<&str>> = at.map(|channel| {
        let belongs = current.channels.iter().filter(|c| c.name == channel).map(|c| c.base_url.as_str());
        belongs.chain(current.links.iter().filter(|l| l.channel == channel).map(|l| l.service.as_str())).collect()
    });
    let here = |service: &str| services.as_ref().is_none_or(|s| s.contains(service));
    let key = key_form(name);
    let links: Vec<&LinkLine> = current.links.iter().filter(|l| here(&l.service)).collect();
    let by_id: Vec<&LinkLine> = links.iter().copied().filter(|l| l.entry == name || l.account == name).collect();
    let found =
        if by_id.is_empty() { links.into_iter().filter(|l| l.remembered.iter().any(|r| key_form(r) == key)).collect() } else { by_id };
    let entries: HashSet<&str> = found.iter().map(|l| l.entry.as_str()).collect();
    if entries.len() > 1 {
        let mut entries: Vec<&str> = entries.into_iter().collect();
        entries.sort_unstable();
        return Err(Error::usage(format!("{} users have the name {name}", entries.len()))
            .hint(format!("name one by its entry id: {}", entries.join(", "))));
    }
    let mut lines = Document::empty(current.created);
    let is_users = |h: &&HoldLine| {
        here(&h.service)
            && (h.id == name
                || found
                    .iter()
                    .any(|l| l.service == h.service && h.id == if h.on == On::Entry { l.entry.as_str() } else { l.account.as_str() }))
    };
    lines.holds = current.holds.iter().filter(is_users).cloned().collect();
    lines.links = found.into_iter().cloned().collect();
    if lines.is_empty() {
        return Err(Error::usage(format!("nothing is remembered about {name}"))
            .hint("name an entry id, an account id, or a user name or e-mail that the account had; see rosterm state export"));
    }
    Ok(lines)
}
