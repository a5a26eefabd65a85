//! What is known about one user, for an explanation.

use super::cell::Bond as Bound;
use super::{Picture, User};
use crate::explain::{Bond, Facts, Key, Limits, Linked, Looked, Read, Request, Tie, Whose};
use crate::identity::population::RowIx;
use crate::identity::value::trimmed;
use crate::model::{Action, Reason, Situation};
use crate::plan::guard;

impl Picture {
    /// Everything that is known about a user without asking anybody. Who it might be, and what was done before, is left open.
    #[must_use]
    pub fn facts(&self, user: &User) -> Facts {
        let row = self.row(user);
        let read = user.entry.map(|entry| {
            let entry = self.entries.row(entry);
            Read { dn: entry.name().to_owned(), disabled: entry.is_off() }
        });
        let link = self.any_link(user);
        let id = link.map(|l| self.links.entry(l));
        let evidence = id.filter(|_| user.entry.is_none()).and_then(|id| self.known.entries.get(id).cloned());
        let claimed = id.and_then(|id| self.known.claims.get(id).cloned());
        let foreign = link.filter(|l| user.entry.is_none() && self.is_of_other_channel(*l)).map(|l| self.links.channel(l).to_owned());
        let requests = self.wires(&row).into_iter();
        let requests = requests.map(|w| Request { method: w.method, url: w.url, body: w.body, note: w.note }).collect();
        let asks = row.entry.is_some();
        Facts {
            called: row.called().to_owned(),
            read,
            evidence,
            looked: if asks { Looked::Asking } else { Looked::Not },
            bond: Bond {
                tie: self.tie(user, link, row.reason),
                link: link.map(|l| self.linked(l)),
                key: self.key_facts(user),
                other_channel: claimed.or(foreign),
            },
            owner: self.owner(user),
            whose: if self.ownerless(user).is_some() { Whose::Asking } else { Whose::Not },
            row: Some(row),
            requests,
            ..self.facts_of_nobody("")
        }
    }

    /// What is known about somebody who has no row.
    #[must_use]
    pub fn facts_of_nobody(&self, called: &str) -> Facts {
        let about = &self.about;
        let count = |a: Action| self.tally.for_action(a);
        let leaving = count(Action::Disable) + count(Action::Delete);
        Facts {
            channel: about.channel.clone(),
            called: called.to_owned(),
            target: about.connector.1.clone(),
            row: None,
            sides: (self.sides.source.clone(), self.sides.target.clone()),
            counts: (self.entries.len(), self.accounts.len()),
            location: about.location.clone(),
            is_table: about.source.kind == "csv",
            settings: about.source.settings.clone(),
            read: None,
            evidence: None,
            looked: Looked::Not,
            bond: Bond { tie: Tie::Nothing, link: None, key: Key::default(), other_channel: None },
            policy: about.policy.clone(),
            limits: Limits { removals: guard::allowed(about.policy.limits.deprovision, guard::pairs(&self.counts())), leaving },
            owner: None,
            whose: Whose::Not,
            approved: false,
            near: None,
            past: None,
            requests: Vec::new(),
        }
    }

    fn tie(&self, user: &User, link: Option<u32>, reason: Option<Reason>) -> Tie {
        let bound = user.entry.map(|e| self.people.at(e.index()));
        let ambiguous = bound.and_then(|cell| {
            let is_ambiguous = cell.bond == Bound::Ambiguous || matches!(cell.verdict.situation, Situation::Ambiguous);
            cell.ambiguous.or(reason.filter(|_| is_ambiguous)).filter(|_| is_ambiguous)
        });
        if let Some(why) = ambiguous {
            return Tie::Contested(why);
        }
        if link.is_some() {
            return Tie::Link;
        }
        match bound.map(|cell| cell.bond) {
            Some(Bound::ByExternalId) => Tie::ExternalId,
            Some(Bound::ByKey) => Tie::Key,
            _ => Tie::Nothing,
        }
    }

    fn linked(&self, link: u32) -> Linked {
        let remembered = self.links.link(link);
        Linked {
            listed: self.accounts.by_id(remembered.account.as_str()).is_some(),
            account: remembered.account.to_string(),
            since: remembered.since,
            origin: remembered.origin,
            channel: remembered.channel,
        }
    }

    /// The match rule, and what it comes to on both sides.
    fn key_facts(&self, user: &User) -> Key {
        let rule = &self.rules.rules()[self.rules.match_rule()];
        let shown = |text: Option<String>| text.map(|t| trimmed(&t).to_owned()).filter(|t| !t.is_empty() && !rule.masked);
        let account = |a: RowIx| self.match_text(self.accounts.row(a)).map(str::to_owned);
        Key {
            field: rule.field.name.clone(),
            wanted: shown(user.entry.and_then(|e| self.desired_key(e))),
            has: shown(user.account.and_then(account)),
        }
    }

    /// The key as the rule writes it, before it is brought into its comparison form.
    fn desired_key(&self, entry: RowIx) -> Option<String> {
        match self.rules.desired(self.rules.match_rule(), self.entries.row(entry), &self.context) {
            crate::mapping::Desired::Value(value) => Some(value.plain().into_owned()),
            _ => None,
        }
    }
}
