//! What an operator should know of a picture as a whole: sentences that stand above the rows.

use super::Picture;
use super::cell::Bond;
use crate::identity::population::RowIx;
use crate::mapping::Rule;
use crate::model::{Reason, Situation};
use crate::text::count;
use std::collections::BTreeMap;

/// With fewer on a side, nobody being paired says nothing about the match rule.
const ENOUGH: usize = 10;

impl Picture {
    /// Sentences about the picture as a whole, each with what to do about it. Nothing in them is cleaned.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.about.remarks.clone();
        notes.extend(self.note_on_odd_items());
        notes.extend(self.notes_on_lost_channels());
        notes.extend(self.note_on_the_match_rule());
        notes.extend(self.notes_on_attributes());
        notes.extend(self.note_on_twins());
        notes.extend(self.note_on_siblings());
        notes
    }

    /// Links of a channel that this configuration does not have: its accounts are left alone, also by mistake.
    fn notes_on_lost_channels(&self) -> Vec<String> {
        let mut lost: BTreeMap<&str, usize> = BTreeMap::new();
        for link in self.links.numbers() {
            let channel = self.links.channel(link);
            if !self.about.channels.contains(channel) {
                *lost.entry(channel).or_default() += 1;
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

    /// Attributes that nobody has: misspelt, or hidden from the reader. A rule on one gives everybody its default, or clears
    /// the field; a status rule on one takes everybody for enabled.
    fn notes_on_attributes(&self) -> Vec<String> {
        if !self.ended.0.is_complete() || self.entries.len() < ENOUGH {
            return Vec::new();
        }
        let has = |column: u16| self.entries.rows().any(|row| self.entries.row(row).first(column).is_some());
        let mut notes = Vec::new();
        for column in (0u16..).take(self.rules.schema().columns().len()) {
            let uses = |r: &&Rule| r.program.as_ref().is_some_and(|p| p.attributes().contains(&column));
            let fields: Vec<&str> = self.rules.rules().iter().filter(uses).map(|r| r.field.name.as_str()).collect();
            if !fields.is_empty() && !has(column) {
                notes.push(format!(
                    "Nobody in scope shows the attribute {}, which the mapping uses for {}: is it misspelt, or may the reader not see it?",
                    self.rules.schema().columns()[usize::from(column)],
                    fields.join(", ")
                ));
            }
        }
        let status: Vec<&str> = self.about.source.settings.status.iter().map(|r| r.attribute.as_str()).collect();
        let shown = |name: &&str| self.entries.schema().column(name).is_some_and(has);
        if !status.is_empty() && !status.iter().any(shown) {
            notes.push(format!(
                "Nobody in scope shows {}, which marks disabled people, so everybody counts as enabled. If some are disabled, the reader \
                 may not see it.",
                status.join(" or ")
            ));
        }
        notes
    }

    /// People who would get a second account: one with their e-mail address is there under another user name.
    fn note_on_twins(&self) -> Option<String> {
        let mut twins = (0u32..).zip(self.people.iter()).filter(|(_, c)| c.verdict.situation == Situation::New).filter_map(|(row, _)| {
            let account = self.same_mail(RowIx(row))?;
            Some((self.user_name(Some(RowIx(row)), None).unwrap_or_default(), account))
        });
        let (name, account) = twins.next()?;
        let n = 1 + twins.count();
        let who = if n == 1 { "1 person who is new has" } else { "people who are new have" };
        let who = if n == 1 { who.to_owned() } else { format!("{} {who}", count(n)) };
        let example = if self.shows_names() {
            format!(": {name} and account {} ({})", self.accounts.row(account).id(), self.accounts.row(account).name())
        } else {
            String::new()
        };
        Some(format!(
            "{who} the e-mail address of an account with another user name{example}. If it is the same person, link them instead of \
             creating a second account."
        ))
    }

    /// Accounts of nobody here may be people of another channel who are not linked yet.
    fn note_on_siblings(&self) -> Option<String> {
        let unmatched = self.tally.for_reason(Reason::NeverLinked);
        if self.about.siblings.is_empty() || unmatched == 0 {
            return None;
        }
        let accounts = if unmatched == 1 { "1 unmatched account".to_owned() } else { format!("{} unmatched accounts", count(unmatched)) };
        Some(format!(
            "{accounts} may belong to people of {}, who use the same service and are not linked yet.",
            self.about.siblings.join(", ")
        ))
    }

    /// A match rule that pairs nobody is most likely the wrong one: everybody would be created a second time.
    fn note_on_the_match_rule(&self) -> Option<String> {
        let complete = self.ended.0.is_complete() && self.ended.1.is_complete();
        if !complete || self.entries.len() < ENOUGH || self.accounts.len() < ENOUGH {
            return None;
        }
        if self.people.iter().any(|cell| !matches!(cell.bond, Bond::Absent | Bond::Alone | Bond::Unlisted)) {
            return None;
        }
        let rule = &self.rules.rules()[self.rules.match_rule()];
        let field = &rule.field.name;
        let asked = format!("Nobody in the directory has the {field} of any account: is the match rule right?");
        if rule.masked || !self.shows_names() || !rule.field.path.eq_ignore_ascii_case("userName") {
            return Some(asked);
        }
        let example = self.accounts.rows().next().map(|a| self.accounts.row(a).name().to_owned()).unwrap_or_default();
        let wanted = self.entries.rows().find_map(|e| self.user_name(Some(e), None)).unwrap_or_default();
        Some(format!("{asked} The first account has \"{example}\", the first person would have \"{wanted}\"."))
    }
}
