//! Whether a row is still what was approved: what was read again just before, held against the row. Pure.
//!
//! What must stay true: what is sent is what was approved. A row of which anything that decides is otherwise by now is not sent;
//! what the row does not name does not matter.

use crate::identity::population::Row as Values;
use crate::identity::value::{Datum, is_same_key, key_form};
use crate::journal::Remembered;
use crate::mapping::{Context, Desired, Rule, Rules};
use crate::model::field::FieldKind;
use crate::model::{Action, Change, EntryEvidence, Reason, Situation};
use crate::plan::{Row, diff};
use crate::target::Resource;
use std::collections::HashSet;

/// The name of the change of `active`.
pub const ACTIVE: &str = "active";

/// Why a row is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Not {
    /// Something is otherwise by now.
    Stale(String),
    /// It could not be found out.
    Unknown(String),
    /// The service takes no request of ours any more.
    Refused(String),
    /// There is nothing left to do: what was to be reached is so already.
    Needless(String),
}

fn stale(what: impl Into<String>) -> Result<(), Not> {
    Err(Not::Stale(what.into()))
}

/// What the policy says by now.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Accounts may be created.
    pub create: bool,
    /// Accounts may be changed and enabled.
    pub update: bool,
    /// Accounts may be disabled or deleted.
    pub deprovision: bool,
    /// User names that are never touched, in comparison form.
    pub protected: HashSet<String>,
}

/// Held against what is remembered and allowed: nothing is asked for it.
///
/// # Errors
/// Why it is not sent.
pub fn against_memory(row: &Row, memory: &Remembered, allowed: &Allowed) -> Result<(), Not> {
    if memory.held {
        return stale("a hold was set on this user");
    }
    let may = match row.action {
        Action::Create => allowed.create,
        Action::Update | Action::Enable => allowed.update,
        Action::Disable | Action::Delete => allowed.deprovision,
        Action::Link | Action::None => true,
    };
    if !may {
        return stale(format!("the policy switches {} off by now", row.action.code()));
    }
    let names = [row.user_name.as_deref(), row.account.as_ref().and_then(|a| a.user_name.as_deref())];
    if row.action != Action::Link && names.into_iter().flatten().any(|n| allowed.protected.contains(key_form(n).as_ref())) {
        return stale("the policy protects this account by now");
    }
    let (entry, account) = (row.entry.as_ref().map(|e| e.id.as_str()), row.account.as_ref().map(|a| a.id.as_str()));
    if let (Some(linked), Some(account)) = (&memory.account_of_entry, account)
        && linked != account
    {
        return stale(format!("the person is linked to another account by now ({linked})"));
    }
    // Whose account is gone is linked to that one still; that it is gone is asked once more.
    if row.action == Action::Create && memory.account_of_entry.is_some() && row.reason != Some(Reason::AccountGone) {
        return stale("the person is linked to an account by now");
    }
    if let Some(linked) = &memory.entry_of_account
        && entry != Some(linked)
    {
        return stale(format!("the account is linked to {} by now", if entry.is_some() { "another person" } else { "a person" }));
    }
    Ok(())
}

/// Held against the entry as it is now. `references` gives the account of the person whom a value names, where that is known.
///
/// # Errors
/// Why it is not sent.
pub fn against_entry(
    row: &Row,
    evidence: &EntryEvidence,
    values: Option<Values<'_>>,
    rules: &Rules,
    cx: &Context,
    references: &dyn Fn(&str) -> Option<String>,
) -> Result<(), Not> {
    let is_leaver = row.situation == Situation::Leaving || row.action.is_deprovision();
    let (disabled, in_scope) = match evidence {
        EntryEvidence::Unknown { cause } => return Err(Not::Unknown(format!("the person could not be looked up: {cause}"))),
        EntryEvidence::NotFound { .. } if is_leaver => return Ok(()),
        EntryEvidence::NotFound { .. } => return stale("the person was not found in the directory"),
        EntryEvidence::Found { disabled, verdicts, .. } => (*disabled, verdicts.in_scope()),
    };
    if is_leaver {
        return if in_scope && !disabled { stale("the person is back: enabled, and in the source location") } else { Ok(()) };
    }
    if !in_scope {
        return stale("the person left the source location");
    }
    let wants_inactive = row.action == Action::Create && row.changes.iter().any(|c| c.field == ACTIVE && c.to == Datum::Bool(false));
    if disabled != wants_inactive {
        return stale(if disabled {
            "the person is disabled in the directory by now"
        } else {
            "the person is enabled in the directory by now"
        });
    }
    let Some(values) = values else {
        return Err(Not::Unknown("the person's values could not be read again".to_owned()));
    };
    for change in row.changes.iter().filter(|c| c.field != ACTIVE) {
        let Some((index, rule)) = rule_of(rules, &change.field) else {
            return stale(format!("{} is not mapped any more", change.field));
        };
        against_desired(change, rule, rules.desired(index, values, cx), references)?;
    }
    Ok(())
}

fn against_desired(change: &Change, rule: &Rule, desired: Desired, references: &dyn Fn(&str) -> Option<String>) -> Result<(), Not> {
    let field = &change.field;
    let now = match desired {
        Desired::Value(value) => value,
        Desired::Clear => Datum::Unassigned,
        Desired::Keep => return stale(format!("the rule of {field} keeps what is there by now")),
        Desired::Problem(problem) => return stale(format!("the rule of {field} fails by now: {}", problem.message)),
    };
    if rule.masked {
        // What a masked value is, only its hash tells, and that is salted: it is evaluated anew and sent.
        return Ok(());
    }
    if rule.field.kind == FieldKind::Reference && !now.is_unassigned() {
        return match references(&now.plain()) {
            Some(account) if change.to != Datum::Text(account.clone()) => {
                stale(format!("{field} would be another person by now ({account})"))
            }
            _ => Ok(()),
        };
    }
    if diff::same(&rule.field, Some(true), &now, &change.to) {
        return Ok(());
    }
    stale(format!("{field} would be {} by now, not {}", shown(&now), shown(&change.to)))
}

/// Held against the account as it is now. `begun`: a request of this row may have taken effect in part, so what it would reach
/// is as good as what was there.
///
/// # Errors
/// Why it is not sent.
pub fn against_account(row: &Row, account: &Resource, rules: &Rules, begun: bool) -> Result<(), Not> {
    let Some(approved) = &row.account else { return Ok(()) };
    if let Some(name) = &approved.user_name
        && !is_same_key(name, account.user_name())
    {
        return stale(format!("the account is called {} by now, not {name}", account.user_name()));
    }
    let active = account.is_active();
    let wanted = row.changes.iter().find(|c| c.field == ACTIVE).map(|c| c.to == Datum::Bool(true));
    if active != approved.active && !(begun && wanted == Some(active)) {
        let needless = match row.action {
            Action::Disable => !active,
            Action::Enable => active && row.changes.iter().all(|c| c.field == ACTIVE),
            _ => false,
        };
        let told = if active { "the account is active by now" } else { "the account is inactive by now" };
        return Err(if needless { Not::Needless(told.to_owned()) } else { Not::Stale(told.to_owned()) });
    }
    let mut is_so = row.changes.iter().any(|c| c.field != ACTIVE) && row.changes.iter().all(|c| c.field != ACTIVE);
    let mut differs = None;
    for change in row.changes.iter().filter(|c| c.field != ACTIVE) {
        let Some((_, rule)) = rule_of(rules, &change.field) else {
            return stale(format!("{} is not mapped any more", change.field));
        };
        let now = value_of(account, rule);
        is_so &= !rule.masked && diff::same(&rule.field, rule.case_exact, &now, &change.to);
        let is_reached = begun && diff::same(&rule.field, rule.case_exact, &now, &change.to);
        if !rule.masked && !is_reached && !diff::same(&rule.field, Some(true), &now, &change.from) {
            differs.get_or_insert_with(|| format!("{} is {} by now, not {}", change.field, shown(&now), shown(&change.from)));
        }
    }
    match differs {
        Some(_) if is_so => Err(Not::Needless("the account has these values already".to_owned())),
        Some(what) => stale(what),
        None => Ok(()),
    }
}

/// The rule that fills a field, and its place.
#[must_use]
pub fn rule_of<'r>(rules: &'r Rules, field: &str) -> Option<(usize, &'r Rule)> {
    rules.rules().iter().enumerate().find(|(_, r)| r.field.name == field)
}

/// What an account has of a rule's field.
#[must_use]
pub fn value_of(account: &Resource, rule: &Rule) -> Datum {
    if rule.field.path.eq_ignore_ascii_case("userName") {
        return Datum::text(account.user_name());
    }
    diff::typed(&rule.field, account.values(&rule.field).iter().map(String::as_str))
}

/// A value in a sentence.
#[must_use]
pub fn shown(value: &Datum) -> String {
    if value.is_unassigned() { "empty".to_owned() } else { format!("\"{}\"", crate::text::cut(&value.plain(), 80)) }
}
