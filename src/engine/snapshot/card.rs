//! Everything about one user, field by field: both sides next to each other, and how each desired value came about.

use crate::engine::Picture;
use crate::identity::value::Datum;
use crate::mapping::{Desired as Wanted, Step};
use crate::model::Subject;
use crate::model::field::FieldKind;
use crate::plan::Row;

/// What a field's line says at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Both sides have the same.
    Same,
    /// It would be changed.
    Changes,
    /// It would be set, where nothing is.
    Sets,
    /// The value at the target would be removed.
    Clears,
    /// Whatever the target has is kept.
    Keeps,
    /// It differs, and can't be changed or is sent with a create only.
    Fixed,
    /// It can't be told what it should be.
    Problem,
}

/// One field of a user. Nothing in it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldLine {
    /// The field.
    pub field: String,
    /// It is what people and accounts are matched by.
    pub is_match: bool,
    /// At a glance.
    pub mark: Mark,
    /// What the rule makes of the directory's values.
    pub wanted: String,
    /// What the target has.
    pub has: String,
    /// The rule's expression, or its fixed value in quotes.
    pub rule: String,
    /// How the value came about, inner steps first; nothing for a masked field.
    pub trace: Vec<Step>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Everything about one user. Nothing in it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The row as a plan would have it.
    pub row: Row,
    /// The name of the person.
    pub name: String,
    /// Every mapped field, in the order of the mapping.
    pub fields: Vec<FieldLine>,
    /// How the two belong together, in words.
    pub bond: String,
}

impl Picture {
    /// Everything about a user.
    #[must_use]
    pub fn card(&self, subject: Subject) -> Option<Card> {
        let user = self.user_of(subject)?;
        let row = self.row(&user);
        let name = self.line(subject).map(|l| l.name).unwrap_or_default();
        let rules = self.rules().rules();
        // What differs, also where the row does not tell because nothing would be sent.
        let changes = self.detail(user.entry, user.account).changes;
        let fields = (0..rules.len())
            .map(|index| {
                let rule = &rules[index];
                let has = user.account.map_or(Datum::Unassigned, |a| self.stored(a, index));
                let problem = row.problems.iter().find(|p| p.field.as_ref() == Some(&rule.field.name)).map(|p| p.message.clone());
                let wanted = user.entry.map(|e| self.rules().desired(index, self.entries().row(e), self.context()));
                let change = changes.iter().find(|c| c.field == rule.field.name);
                let mark = match (&wanted, &problem, change) {
                    (Some(Wanted::Problem(_)), _, _) | (_, Some(_), None) => Mark::Problem,
                    (_, _, Some(change)) if change.to.is_unassigned() && !change.from.is_unassigned() => Mark::Clears,
                    (_, _, Some(change)) if change.from.is_unassigned() => Mark::Sets,
                    (_, _, Some(_)) => Mark::Changes,
                    (Some(Wanted::Keep) | None, _, _) => Mark::Keeps,
                    (Some(Wanted::Value(value)), _, None) if user.account.is_some() && rule.create_only && *value != has => Mark::Fixed,
                    _ => Mark::Same,
                };
                let hidden = |datum: &Datum| if rule.masked { self.mask(datum) } else { datum.clone() };
                let wanted = match &wanted {
                    // A person is sent as the id of their account.
                    Some(Wanted::Value(value)) if rule.field.kind == FieldKind::Reference && !rule.masked => {
                        self.resolve(&value.plain()).unwrap_or_else(|_| value.plain().into_owned())
                    }
                    Some(Wanted::Value(value)) => hidden(value).plain().into_owned(),
                    _ => String::new(),
                };
                let trace = match (&rule.program, user.entry) {
                    (Some(program), Some(entry)) if !rule.masked => program.trace(self.entries().row(entry), self.context()).1,
                    _ => Vec::new(),
                };
                FieldLine {
                    field: rule.field.name.clone(),
                    is_match: index == self.rules().match_rule(),
                    mark,
                    wanted,
                    has: hidden(&has).plain().into_owned(),
                    rule: rule.program.as_ref().map_or_else(
                        || rule.default.as_ref().map_or_else(String::new, |d| format!("'{}'", d.plain())),
                        |p| p.source().to_owned(),
                    ),
                    trace,
                    problem,
                }
            })
            .collect();
        Some(Card { bond: self.bond(&user), row, name, fields })
    }

    /// How the two belong together.
    fn bond(&self, user: &crate::engine::User) -> String {
        let link = self.link_of(user);
        match (link, user.entry, user.account) {
            (Some(link), _, _) => format!("linked since {}", &self.links().since(link).rfc3339()[..10]),
            (None, Some(_), Some(_)) => "matched, not linked yet".to_owned(),
            (None, Some(_), None) => "no account".to_owned(),
            _ => match self.owner(user) {
                Some(owner) => {
                    let who = owner.dn.unwrap_or(owner.id);
                    let account = owner.account.map(|account| format!(", who has the account {account}")).unwrap_or_default();
                    let read = if owner.is_read { "" } else { ", not in scope" };
                    format!("no entry in scope; its externalId is that of {who}{account}{read}")
                }
                None => "no entry in scope".to_owned(),
            },
        }
    }
}
