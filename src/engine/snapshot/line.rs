//! A user in a list.

use crate::engine::Picture;
use crate::identity::value::Datum;
use crate::mapping::Desired as Wanted;
use crate::model::{Action, Reason, SideState, Situation, Subject};
use crate::plan::Row;
use crate::text::cut;

/// A user in a list. Nothing in it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is.
    pub subject: Subject,
    /// The user name, an id where there is none.
    pub user_name: String,
    /// The name of the person, empty where none is mapped.
    pub name: String,
    /// The class.
    pub situation: Situation,
    /// Why.
    pub reason: Option<Reason>,
    /// What a held or blocked user would be.
    pub would_be: Option<Situation>,
    /// What would be sent.
    pub action: Action,
    /// What would change and why, in an operator's words.
    pub what: String,
    /// A hold is set.
    pub held: bool,
    /// Something is wrong.
    pub problem: bool,
}

impl Picture {
    /// The line of a user.
    #[must_use]
    pub fn line(&self, subject: Subject) -> Option<Line> {
        let user = self.user_of(subject)?;
        let row = self.row(&user);
        let name = self.person_name(&user);
        Some(Line {
            subject,
            user_name: row.called().to_owned(),
            name,
            situation: row.situation,
            reason: row.reason,
            would_be: row.would_be,
            action: row.action,
            what: what(&row, self.being_read(row.reason)),
            held: row.hold.is_some(),
            problem: !row.problems.is_empty() || failed(&row).is_some(),
        })
    }

    /// The words for what is only not read yet.
    fn being_read(&self, reason: Option<Reason>) -> Option<&'static str> {
        match reason? {
            Reason::SourceIncomplete if self.sides.source == SideState::Reading => Some("the directory is still being read"),
            Reason::TargetIncomplete if self.sides.target == SideState::Reading => Some("the accounts are still being read"),
            _ => None,
        }
    }

    /// The display name that a person has or would get, else first and last name.
    pub(in crate::engine) fn person_name(&self, user: &crate::engine::User) -> String {
        self.name_by(self.name_rules(), user)
    }

    /// The rules that a person's name comes from: display name, formatted name, first and last name.
    pub(in crate::engine) fn name_rules(&self) -> [Option<usize>; 4] {
        let rule = |path: &str| self.rules().rules().iter().position(|r| r.field.path.eq_ignore_ascii_case(path) && !r.masked);
        ["displayName", "name.formatted", "name.givenName", "name.familyName"].map(rule)
    }

    /// The name of a person by these rules.
    pub(in crate::engine) fn name_by(&self, rules: [Option<usize>; 4], user: &crate::engine::User) -> String {
        let value = |at: usize| -> Option<String> {
            let rule = rules[at]?;
            let text = match (user.entry, user.account) {
                (Some(entry), _) => match self.rules().desired(rule, self.entries().row(entry), self.context()) {
                    Wanted::Value(datum) => datum.plain().into_owned(),
                    _ => return None,
                },
                (None, Some(account)) => self.stored(account, rule).plain().into_owned(),
                (None, None) => return None,
            };
            Some(text).filter(|t| !t.is_empty())
        };
        value(0).or_else(|| value(1)).unwrap_or_else(|| {
            let parts = [value(2), value(3)];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        })
    }
}

/// Why it did not work last time, where it is still to be done.
fn failed(row: &Row) -> Option<&str> {
    row.last_failure.as_deref().filter(|_| row.action != Action::None)
}

/// What would change and why; `reading` takes the place of the reason.
fn what(row: &Row, reading: Option<&'static str>) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(hold) = &row.hold {
        parts.push(hold.words());
    }
    if let Some(would_be) = row.would_be {
        parts.push(format!("would be {}", would_be.words()));
    }
    parts.extend(failed(row).map(|cause| format!("failed last time: {}", cut(cause, 60))));
    if row.action == Action::Create {
        parts.push(format!("{} fields", row.changes.iter().filter(|c| !c.to.is_unassigned()).count()));
    } else {
        parts.extend(row.changes.iter().filter(|c| c.field != "active").map(|change| {
            let shown = |value: &Datum| if value.is_unassigned() { "nothing".to_owned() } else { cut(&value.plain(), 40).into_owned() };
            format!("{}: {} → {}", change.field, shown(&change.from), shown(&change.to))
        }));
    }
    if row.action == Action::Enable {
        parts.push("the account is inactive".to_owned());
    }
    if let Some(reading) = reading {
        parts.push(reading.to_owned());
    } else if let Some(reason) = row.reason {
        let plain = row.situation != Situation::Invalid || row.problems.is_empty();
        if plain && reason != Reason::FirstSeen {
            parts.push(reason.words().to_owned());
        }
    }
    parts.extend(row.problems.iter().map(|p| p.message.clone()));
    if let Some(candidate) = row.candidates.first() {
        let more = row.candidates.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("with {} {}{more}", candidate.kind, candidate.name));
    }
    parts.join(" · ")
}
