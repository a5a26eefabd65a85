//! Decisions on rows of a saved plan: who is meant by a name, what may be approved, what may be done by hand.
//!
//! Pure: nothing is read or written here. What must stay true: a row that sends nothing is never approved, a deprovision is
//! only approved by name, and by hand only an account is taken away that nobody was ever linked to.

use super::Row;
use crate::identity::dn::DnKey;
use crate::identity::value::{Datum, key_form};
use crate::model::{Action, Change, Reason, Situation};
use std::collections::HashSet;

/// A user as an operator names one: user name, entry id, DN or account id.
#[derive(Debug, Clone)]
pub struct Name {
    text: String,
    key: String,
    dn: Option<DnKey>,
}

impl Name {
    /// The name as it was given.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let dn = text.contains('=').then(|| DnKey::of(text));
        Name { text: text.to_owned(), key: key_form(text).into_owned(), dn }
    }

    /// As it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if this row is the user's.
    #[must_use]
    pub fn fits(&self, row: &Row) -> bool {
        let key = |name: &Option<String>| name.as_deref().is_some_and(|n| !self.key.is_empty() && key_form(n) == self.key.as_str());
        let entry = row.entry.as_ref();
        let account = row.account.as_ref();
        key(&row.user_name)
            || entry.is_some_and(|e| e.id == self.text)
            || account.is_some_and(|a| a.id == self.text || key(&a.user_name))
            || self.dn.as_ref().is_some_and(|dn| entry.and_then(|e| e.dn.as_ref()).is_some_and(|known| DnKey::of(known) == *dn))
    }
}

/// Why a row cannot be approved at all, if it cannot.
///
/// # Errors
/// The reason, for an operator.
pub fn approvable(row: &Row) -> Result<(), String> {
    if row.action != Action::None {
        return Ok(());
    }
    let why = match row.situation {
        Situation::Blocked => format!("is blocked ({}): nothing is sent", row.reason.map_or("not read completely", Reason::words)),
        Situation::Held => "is held: take the hold back with rosterm release, then make a new plan".to_owned(),
        Situation::Unmatched if row.reason == Some(Reason::OtherChannel) => "belongs to another channel: nothing is sent".to_owned(),
        Situation::Unmatched => "is unmatched: choose what is to be done first, with rosterm act".to_owned(),
        Situation::Ambiguous => "is ambiguous: say who belongs to whom with rosterm link, then make a new plan".to_owned(),
        Situation::Invalid => "is invalid: mend the mapping or the directory, then make a new plan".to_owned(),
        other => match row.problems.iter().find(|p| p.field.is_none()) {
            Some(problem) => format!("is {}, but nothing is sent: {}", other.words(), problem.message),
            None => format!("is {}: there is nothing to send", other.words()),
        },
    };
    Err(format!("{} {why}", row.called()))
}

/// What an action by hand has to respect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a term of its own")]
pub struct Terms {
    /// Other channels to the same service.
    pub siblings: Vec<String>,
    /// The service can delete accounts.
    pub can_delete: bool,
    /// The policy allows deprovisions.
    pub deprovision: bool,
    /// User names that the policy protects, in their comparison form.
    pub protected: HashSet<String>,
    /// A hold is set on the account by now.
    pub held: bool,
    /// The account is linked by now.
    pub linked: bool,
}

/// Makes a deprovision by hand of an unmatched account's row, approved.
///
/// # Errors
/// Why not, for an operator: what is wrong, and what to do instead.
pub fn act(row: &mut Row, action: Action, terms: &Terms) -> Result<(), (String, Option<String>)> {
    let refuse = |why: String, hint: &str| Err((why, Some(hint.to_owned())));
    let who = row.called().to_owned();
    if row.situation != Situation::Unmatched {
        return match (row.situation, row.action) {
            (Situation::Leaving, Action::Disable | Action::Delete) => refuse(
                format!("{who} is leaving: {} is planned already", row.action.code()),
                "approve it with rosterm approve PLAN --user NAME",
            ),
            (Situation::Held, _) => refuse(format!("{who} is held"), "take the hold back with rosterm release, then make a new plan"),
            (Situation::Blocked, _) => refuse(
                format!("{who} is blocked: {}", row.reason.map_or("not read completely", Reason::words)),
                "make a new plan once both sides are read completely",
            ),
            (other, _) => refuse(
                format!("{who} is {}; by hand only unmatched accounts are disabled or deleted", other.words()),
                "somebody who is in scope is disabled in the directory, not here",
            ),
        };
    }
    if row.reason != Some(Reason::NeverLinked) {
        return refuse(format!("{who} belongs to another channel"), "act in a plan of that channel");
    }
    let Some(account) = &row.account else { return refuse(format!("{who} has no account"), "make a new plan") };
    let names = [row.user_name.as_deref(), account.user_name.as_deref()];
    if names.into_iter().flatten().any(|n| terms.protected.contains(key_form(n).as_ref())) {
        return refuse(format!("the policy protects {who}"), "take it out of protect in the policy, and make a new plan");
    }
    if terms.held {
        return refuse(format!("a hold was set on {who} since the plan was made"), "take the hold back with rosterm release");
    }
    if terms.linked {
        return refuse(format!("{who} was linked to a person since the plan was made"), "make a new plan");
    }
    if !terms.deprovision {
        return refuse("the policy switches deprovisions off".to_owned(), "set deprovision = true in the policy, and make a new plan");
    }
    let changes = match action {
        Action::Disable if !account.active => {
            return refuse(format!("the account of {who} is inactive already"), "nothing needs to be done");
        }
        Action::Disable => vec![Change { field: "active".to_owned(), from: Datum::Bool(true), to: Datum::Bool(false) }],
        Action::Delete if !terms.can_delete => return refuse("this service cannot delete accounts".to_owned(), "disable it instead"),
        Action::Delete => Vec::new(),
        other => return refuse(format!("{} is not done by hand", other.code()), "write disable or delete"),
    };
    row.action = action;
    row.changes = changes;
    row.approved = true;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AccountRef, EntryRef};

    fn row(situation: Situation, reason: Option<Reason>, action: Action) -> Row {
        Row {
            situation,
            reason,
            user_name: Some("Svc-Backup".into()),
            action,
            approved: false,
            entry: None,
            account: Some(AccountRef { id: "a3".into(), user_name: Some("svc-backup".into()), active: true, version: None }),
            changes: Vec::new(),
            candidates: Vec::new(),
            problems: Vec::new(),
            hold: None,
            would_be: None,
            last_failure: None,
        }
    }

    #[test]
    fn a_user_is_named_by_user_name_entry_id_dn_or_account_id() {
        let mut one = row(Situation::Changed, None, Action::Update);
        one.entry = Some(EntryRef { id: "e-1".into(), dn: Some("cn=Lee\\, Ann,dc=x".into()) });
        for (name, fits) in [
            ("SVC-backup", true),
            (" svc-backup ", true),
            ("e-1", true),
            ("E-1", false),
            ("a3", true),
            ("A3", false),
            ("CN=Lee\\2c Ann, DC=x", true),
            ("cn=lee,dc=x", false),
            ("", false),
            ("svc", false),
        ] {
            assert_eq!(Name::new(name).fits(&one), fits, "{name}");
        }
    }

    #[test]
    fn by_hand_only_an_account_that_nobody_was_linked_to_is_taken_away() {
        let free = Terms { can_delete: true, deprovision: true, ..Terms::default() };
        let protected = Terms { protected: ["svc-backup".to_owned()].into(), ..free.clone() };
        let held = Terms { held: true, ..free.clone() };
        let linked = Terms { linked: true, ..free.clone() };
        let off = Terms { deprovision: false, ..free.clone() };
        let undeletable = Terms { can_delete: false, ..free.clone() };
        let never = Some(Reason::NeverLinked);
        for (situation, reason, action, terms, told) in [
            (Situation::Unmatched, never, Action::Disable, &free, ""),
            (Situation::Unmatched, never, Action::Delete, &free, ""),
            (Situation::Unmatched, never, Action::Disable, &undeletable, ""),
            (Situation::Unmatched, never, Action::Delete, &undeletable, "cannot delete"),
            (Situation::Unmatched, never, Action::Disable, &protected, "protects"),
            (Situation::Unmatched, never, Action::Disable, &held, "hold"),
            (Situation::Unmatched, never, Action::Disable, &linked, "was linked"),
            (Situation::Unmatched, never, Action::Delete, &off, "switches deprovisions off"),
            (Situation::Unmatched, never, Action::Create, &free, "not done by hand"),
            (Situation::Unmatched, Some(Reason::OtherChannel), Action::Disable, &free, "another channel"),
            (Situation::Unmatched, None, Action::Disable, &free, "another channel"),
            (Situation::Blocked, Some(Reason::SourceIncomplete), Action::Disable, &free, "blocked"),
            (Situation::Held, None, Action::Delete, &free, "held"),
            (Situation::Changed, None, Action::Disable, &free, "only unmatched"),
            (Situation::InSync, None, Action::Disable, &free, "only unmatched"),
        ] {
            let mut subject = row(situation, reason, Action::None);
            match act(&mut subject, action, terms) {
                Ok(()) => {
                    assert_eq!(told, "");
                    assert!(subject.approved && subject.action == action);
                    assert_eq!(subject.changes.len(), usize::from(action == Action::Disable));
                }
                Err((why, _)) => {
                    assert!(!told.is_empty() && why.contains(told), "{situation:?} {action:?}: {why}");
                    assert_eq!(subject, row(situation, reason, Action::None), "a refused row stays as it is");
                }
            }
        }
        let mut inactive = row(Situation::Unmatched, never, Action::None);
        inactive.account.as_mut().unwrap().active = false;
        assert!(act(&mut inactive, Action::Disable, &free).unwrap_err().0.contains("inactive already"));
        assert!(act(&mut inactive, Action::Delete, &free).is_ok());
    }

    #[test]
    fn what_sends_nothing_is_not_approved_and_says_why() {
        for situation in Situation::ALL {
            let told = approvable(&row(situation, Some(Reason::NeverLinked), Action::None)).unwrap_err();
            assert!(told.starts_with("Svc-Backup is ") && told.contains(situation.words()), "{told}");
            assert!(approvable(&row(situation, None, Action::Disable)).is_ok());
        }
    }
}
