//! What an operator should know of a picture as a whole: sentences that stand above the rows.

use super::Picture;
use crate::matching::EntryPairing;
use crate::text::count;
use std::collections::BTreeMap;

/// With fewer on a side, nobody being paired says nothing about the match rule.
const ENOUGH: usize = 10;

impl Picture {
    /// Sentences about the picture as a whole, each with what to do about it. Nothing in them is cleaned.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.remarks.clone();
        notes.extend(self.note_on_odd_items());
        notes.extend(self.notes_on_lost_channels());
        notes.extend(self.note_on_the_match_rule());
        notes
    }

    /// Links of a channel that this configuration does not have: its accounts are left alone, also by mistake.
    fn notes_on_lost_channels(&self) -> Vec<String> {
        let mut lost: BTreeMap<&str, usize> = BTreeMap::new();
        for link in &self.links {
            if !self.channels.contains(&link.channel) {
                *lost.entry(&link.channel).or_default() += 1;
            }
        }
        let note = |(channel, n): (&str, usize)| {
            let accounts = if n == 1 { "1 account is".to_owned() } else { format!("{} accounts are", count(n)) };
            format!(
                "{accounts} linked by channel {channel}, which is not in this configuration, and left alone. If that channel was \
                 renamed, give it its name back."
            )
        };
        lost.into_iter().map(note).collect()
    }

    /// Items of the listing that are no accounts.
    fn note_on_odd_items(&self) -> Option<String> {
        let first = self.odd.first.as_ref()?;
        let items = if self.odd.count == 1 {
            "1 item of the listing has".to_owned()
        } else {
            format!("{} items of the listing have", count(self.odd.count))
        };
        Some(format!("{items} no id, and a look-up by name gave none: a person with that name is blocked. For one: {first}"))
    }

    /// A match rule that pairs nobody is most likely the wrong one: everybody would be created a second time.
    fn note_on_the_match_rule(&self) -> Option<String> {
        let complete = self.sides.source.is_complete() && self.sides.target.is_complete();
        if !complete || self.entries.len() < ENOUGH || self.accounts.len() < ENOUGH {
            return None;
        }
        let paired = |row| !matches!(self.matcher.entry(row), EntryPairing::Alone | EntryPairing::LinkedUnlisted(_));
        if self.entries.rows().any(paired) {
            return None;
        }
        let field = &self.rules.rules()[self.rules.match_rule()].field.name;
        let example = self.accounts.rows().next().map(|a| self.accounts.row(a).name().to_owned()).unwrap_or_default();
        let wanted = self.entries.rows().find_map(|e| self.user_name(Some(e), None)).unwrap_or_default();
        Some(format!(
            "Nobody in the directory has the {field} of any account: is the match rule right? The first account has \"{example}\", the \
             first person would have \"{wanted}\"."
        ))
    }
}
