//! What a row that was sent teaches: who is linked, what an account shows, what a service keeps of its own, what is owed.

use super::super::check::{self, ACTIVE, rule_of};
use super::super::deliver::not_taken;
use super::{Bench, End, Item, subject};
use crate::clock;
use crate::identity::value::Datum;
use crate::identity::{AccountId, EntryId};
use crate::journal::run::{Kept, Learnt};
use crate::model::{Action, Link, LinkOrigin};
use crate::plan::Row;
use crate::target::{Resource, Set};
use serde_json::{Map, Value, json};

impl Bench<'_> {
    /// What a row that is done teaches.
    pub(super) fn remember(&self, item: &Item, fields: &[Set<'_>], end: &mut End) {
        let row = &item.row;
        end.learnt.push(Learnt::Settled(subject(row)));
        let Some(id) = end.account.clone() else { return };
        let account = AccountId::new(id.as_str());
        match row.action {
            Action::Disable if !self.is_undo => end.learnt.push(Learnt::Disabled(account.clone())),
            Action::Enable | Action::Disable => end.learnt.push(Learnt::NotDisabled(account.clone())),
            Action::Delete => {
                end.learnt.extend([Learnt::NotDisabled(account.clone()), Learnt::Unlink(account)]);
                return;
            }
            Action::Create | Action::Update | Action::Link | Action::None => {}
        }
        self.remember_whose(item, end.after.as_ref(), &mut end.learnt, Some(&id));
        if let Some(after) = &end.after {
            end.learnt.push(Learnt::Shows { account: account.clone(), remembered: shows(after), active: after.is_active() });
            if self.is_undo {
                return;
            }
            let differing = not_taken(self.rules, fields, after);
            for set in fields {
                match differing.iter().find(|(other, _)| other.field.name == set.field.name) {
                    Some((_, shows)) => {
                        end.kept.push(set.field.name.clone());
                        if !self.rules.rules().iter().any(|r| r.masked && r.field.name == set.field.name) {
                            end.learnt.push(Learnt::Kept(Kept {
                                account: account.clone(),
                                field: set.field.name.clone(),
                                sent: json_of(&set.value),
                                shows: json_of(shows),
                            }));
                        }
                    }
                    None => end.learnt.push(Learnt::NotKept(account.clone(), set.field.name.clone())),
                }
            }
        }
    }

    /// Whose the account is.
    pub(super) fn remember_whose(&self, item: &Item, account: Option<&Resource>, learnt: &mut Vec<Learnt>, id: Option<&str>) {
        if item.row.action == Action::Create {
            if let (Some(entry), Some(id), Ok(mut made)) = (&item.row.entry, id, self.made.lock()) {
                made.insert(entry.id.clone(), id.to_owned());
            }
            // The one before it is gone.
            learnt.extend(item.memory.account_of_entry.as_deref().map(|gone| Learnt::Unlink(AccountId::new(gone))));
        }
        learnt.extend(self.link(item, account));
    }

    /// The link that a row brings, unless its ends are linked.
    pub(super) fn link(&self, item: &Item, after: Option<&Resource>) -> Option<Learnt> {
        let row = &item.row;
        let is_linked = item.memory.account_of_entry.is_some() && row.action != Action::Create;
        if self.is_undo || is_linked || item.memory.entry_of_account.is_some() {
            return None;
        }
        let entry = row.entry.as_ref()?;
        let account = after.map(|a| a.id.clone()).or_else(|| row.account.as_ref().map(|a| a.id.clone()))?;
        let remembered = match after {
            Some(after) => shows(after),
            None => row.account.as_ref().and_then(|a| a.user_name.clone()).into_iter().collect(),
        };
        let active = after.map_or_else(|| row.account.as_ref().is_some_and(|a| a.active), Resource::is_active);
        Some(Learnt::Link(Box::new(Link {
            entry: EntryId::new(entry.id.as_str()),
            account: AccountId::new(account.as_str()),
            channel: self.channel.to_owned(),
            origin: if row.action == Action::Create { LinkOrigin::Created } else { LinkOrigin::Matched },
            since: clock::now(),
            remembered,
            last_active: active,
        })))
    }

    pub(super) fn owed(item: &Item, cause: &str) -> Learnt {
        Learnt::Owed {
            subject: subject(&item.row),
            user_name: item.row.user_name.clone(),
            action: item.row.action,
            cause: crate::text::cut(cause, 500).into_owned(),
        }
    }

    /// What an account has of everything that a row changes, as JSON: what is masked is left out.
    pub(super) fn image(&self, row: &Row, account: Option<&Resource>) -> Option<String> {
        let account = account?;
        let mut fields = Map::new();
        for change in row.changes.iter().filter(|c| c.field != ACTIVE) {
            if let Some((_, rule)) = rule_of(self.rules, &change.field).filter(|(_, rule)| !rule.masked) {
                let value = check::value_of(account, rule);
                fields.insert(change.field.clone(), serde_json::to_value(value).unwrap_or(Value::Null));
            }
        }
        Some(json!({"active": account.is_active(), "version": account.version, "fields": fields}).to_string())
    }
}

/// What an account is known by.
fn shows(account: &Resource) -> Vec<String> {
    let mut shown: Vec<String> = std::iter::once(account.user_name().to_owned())
        .chain(account.external_id().map(str::to_owned))
        .chain(account.emails())
        .filter(|v| !v.trim().is_empty())
        .collect();
    shown.dedup();
    shown
}

fn json_of(value: &Datum) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
