//! A user as a row of the plan, and the head of its document: evaluated when they are asked for.

use super::cell::Bond;
use super::{Picture, User};
use crate::apply::Wire;
use crate::clock::Instant;
use crate::identity::population::{Population, RowIx};
use crate::identity::value::Datum;
use crate::model::{Action, Change, EntryEvidence, Problem, ProblemCode, Reason, SideState, Situation, Subject};
use crate::plan::classify::withheld_problem;
use crate::plan::file::{CauseHead, Header, SourceHead, TargetHead};
use crate::plan::{AccountRef, Candidate, EntryRef, Row, starts_approved};

impl Picture {
    /// The user name that a row would show.
    #[must_use]
    pub fn user_name_of(&self, user: &User) -> Option<String> {
        self.user_name(user.entry, user.account)
    }

    /// What would go over the wire for a row, in its order; the token is hidden.
    #[must_use]
    pub fn wires(&self, row: &Row) -> Vec<Wire> {
        self.about.wiring.wires(&self.rules, row)
    }

    /// The row of a user, evaluated now.
    #[must_use]
    pub fn row(&self, user: &User) -> Row {
        let verdict = &user.verdict;
        let mut detail = self.detail(user.entry, user.account);
        let lessons = &self.known.lessons;
        let linked = user.entry.is_none_or(|e| matches!(self.people.at(e.index()).bond, Bond::Linked | Bond::Unlisted));
        let active = |from: bool, to: bool| Change { field: "active".to_owned(), from: Datum::Bool(from), to: Datum::Bool(to) };
        let changes = match verdict.action {
            Action::Create => {
                let mut changes = detail.changes;
                if user.entry.is_some_and(|e| self.entries.row(e).is_off()) {
                    changes.push(Change { field: "active".to_owned(), from: Datum::Unassigned, to: Datum::Bool(false) });
                }
                changes
            }
            Action::Update => detail.changes,
            Action::Enable => {
                if user.account.is_none() {
                    // A hidden account's values are not known: what differs shows when it is active again.
                    detail.changes.clear();
                }
                detail.changes.insert(0, active(false, true));
                detail.changes
            }
            Action::Disable => vec![active(true, false)],
            Action::Delete | Action::Link | Action::None => match verdict.situation {
                // What would change is worth seeing where only the policy or a hold keeps it from being sent.
                Situation::New | Situation::Changed | Situation::Returning => detail.changes,
                _ => Vec::new(),
            },
        };
        let mut problems = match verdict.situation {
            Situation::Leaving | Situation::Left | Situation::Unmatched => Vec::new(),
            _ => detail.problems,
        };
        if verdict.reason == Some(Reason::LookupFailed)
            && let Some(message) = self.failed_lookup(user.entry, user.account)
        {
            problems.push(Problem { field: None, code: ProblemCode::LookupFailed, message });
        }
        problems.extend(verdict.withheld.map(|code| {
            let verb = match verdict.situation {
                Situation::New => "create",
                Situation::Leaving => "deprovision",
                _ => "update",
            };
            withheld_problem(code, verb)
        }));
        // Also where somebody leaves: an account that is contested with theirs has no other row to be seen in.
        // And where somebody is gone, but a person with the same user name is there.
        // And where somebody new has the e-mail address of an account.
        let contested = |e: RowIx| self.people.at(e.index()).bond == Bond::Ambiguous;
        let candidates =
            if verdict.situation == Situation::New || user.entry.is_none_or(contested) { self.candidates(user) } else { Vec::new() };
        let (entry, account) = (self.entry_ref(user), self.account_ref(user));
        let by_us = account.as_ref().is_some_and(|a| lessons.disabled.contains(a.id.as_str()));
        let owed = entry.as_ref().and_then(|e| lessons.failures.get(&e.id));
        let owed = owed.or_else(|| account.as_ref().and_then(|a| lessons.failures.get(&a.id)));
        Row {
            situation: verdict.situation,
            reason: verdict.reason,
            user_name: detail.user_name.take(),
            action: verdict.action,
            approved: starts_approved(verdict.action, linked, &changes, by_us),
            last_failure: owed.cloned(),
            entry,
            account,
            changes,
            candidates,
            problems,
            hold: self.hold(user.entry, user.account).cloned(),
            would_be: verdict.would_be,
        }
    }

    fn entry_ref(&self, user: &User) -> Option<EntryRef> {
        if let Some(entry) = user.entry {
            let row = self.entries.row(entry);
            return Some(EntryRef { id: row.id().to_owned(), dn: Some(row.name().to_owned()) });
        }
        let link = self.others.at(user.account?.index()).link()?;
        let id = self.links.entry(link);
        let dn = match self.known.entries.get(id) {
            Some(EntryEvidence::Found { dn, .. }) => Some(dn.clone()),
            _ => None,
        };
        Some(EntryRef { id: id.to_owned(), dn })
    }

    fn account_ref(&self, user: &User) -> Option<AccountRef> {
        if let Some(account) = user.account {
            let row = self.accounts.row(account);
            return Some(AccountRef {
                id: row.id().to_owned(),
                user_name: Some(row.name().to_owned()).filter(|n| !n.is_empty() && self.shows_names()),
                active: !row.is_off(),
                version: row.first(self.about.columns.version).map(str::to_owned),
            });
        }
        let link = self.people.at(user.entry?.index()).link()?;
        Some(AccountRef { id: self.links.account(link).to_owned(), user_name: None, active: self.links.last_active(link), version: None })
    }

    fn candidates(&self, user: &User) -> Vec<Candidate> {
        let (entries, accounts) = match (user.entry, user.account) {
            (Some(entry), None) if user.verdict.situation == Situation::New => (Vec::new(), self.same_mail(entry).into_iter().collect()),
            (Some(entry), _) => self.candidates.get(&Subject::of_entry(entry)).cloned().unwrap_or_default(),
            (None, Some(account)) => self.candidates.get(&Subject::of_account(account)).cloned().unwrap_or_default(),
            (None, None) => return Vec::new(),
        };
        let of = |kind, population: &Population, row: RowIx| {
            let row = population.row(row);
            let name = if kind == "account" && !self.shows_names() { row.id() } else { row.name() };
            Candidate { kind, id: row.id().to_owned(), name: name.to_owned() }
        };
        let accounts = accounts.into_iter().filter(|a| Some(*a) != user.account);
        entries.into_iter().map(|e| of("entry", &self.entries, e)).chain(accounts.map(|a| of("account", &self.accounts, a))).collect()
    }

    /// The head of a document.
    #[must_use]
    pub fn header(&self, created: Instant) -> Header {
        let end = |state: &SideState| match state {
            SideState::Ended(end) => end.cause().map(|why| CauseHead { code: why.cause.code(), detail: why.detail.clone() }),
            SideState::Reading => Some(CauseHead { code: "reading", detail: String::new() }),
        };
        Header {
            channel: self.about.channel.clone(),
            created: created.rfc3339(),
            config: self.about.fingerprint.clone(),
            source: SourceHead {
                kind: self.about.source.kind.to_owned(),
                naming_context: self.about.source.naming_context.clone(),
                entries: self.entries.len(),
                complete: self.ended.0.is_complete(),
                cause: end(&self.ended.0),
            },
            target: TargetHead {
                connector: self.about.connector.0.clone(),
                base_url: self.about.base_url.clone(),
                accounts: self.accounts.len(),
                complete: self.ended.1.is_complete(),
                cause: end(&self.ended.1),
            },
            counts: self.tally.counts(),
            undo_of: None,
        }
    }
}
