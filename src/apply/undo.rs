//! Taking a run back: the other way round, from what each account had before and has since. Pure.
//!
//! What must stay true: nothing is proposed that the journal does not prove, and what can't be taken back is said with the
//! reason. A plan that takes a run back is looked at, approved and applied like any other; that an account still is as the run
//! left it is asked again before anything is sent.

use super::check::ACTIVE;
use crate::identity::value::Datum;
use crate::journal::run::{FrozenRow, RowState, Step, StepResult};
use crate::model::{Action, Change};
use crate::plan::{AccountRef, Row};
use serde_json::Value;

/// Why a row can't be taken back.
pub type Lasting = &'static str;

/// What of an action can't be taken back; nothing where it can. Said before a run, and again when it is to be undone.
#[must_use]
pub fn lasting(action: Action) -> Option<Lasting> {
    match action {
        Action::Delete => Some("an account that is deleted is gone; rosterm cannot bring it back"),
        Action::Link => Some("a pair stays remembered until rosterm unlink"),
        _ => None,
    }
}

/// The row that takes a row back.
///
/// # Errors
/// Why it can't be, for an operator.
pub fn reverse(frozen: &FrozenRow, row: &Row, steps: &[Step]) -> Result<Row, String> {
    let done = |s: &&Step| s.outcome.as_ref().is_some_and(|o| o.result == StepResult::Done);
    // A row whose second request failed has done something; only a create is known to be as its first request left it.
    let is_partly = row.action == Action::Create && steps.iter().any(|s| done(&s));
    if frozen.state != RowState::Done && !is_partly {
        return Err(format!("it is {}: there is nothing to take back", frozen.state.words()));
    }
    if let Some(why) = lasting(row.action) {
        return Err(why.to_owned());
    }
    let Some(last) = steps.iter().rev().find(done).and_then(|s| s.outcome.as_ref()) else {
        return Err("nothing was sent for it: the account was so already".to_owned());
    };
    let Some(id) = frozen.account.as_ref() else { return Err("it is not known which account it was".to_owned()) };
    let after: Option<Value> = last.after.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let shows = |field: &str| -> Option<Datum> { serde_json::from_value(after.as_ref()?.get("fields")?.get(field)?.clone()).ok() };
    let active_now = after.as_ref().and_then(|a| a.get("active")).and_then(Value::as_bool);
    let active = |from: bool, to: bool| Change { field: ACTIVE.to_owned(), from: Datum::Bool(from), to: Datum::Bool(to) };
    let mut fields = Vec::new();
    for change in row.changes.iter().filter(|c| c.field != ACTIVE && row.action != Action::Create) {
        let is_masked = |value: &Datum| matches!(value, Datum::Text(text) if text.starts_with("masked:"));
        if is_masked(&change.from) || is_masked(&change.to) {
            return Err(format!("{} is masked: what it was is not kept", change.field));
        }
        fields.push(Change {
            field: change.field.clone(),
            from: shows(&change.field).unwrap_or_else(|| change.to.clone()),
            to: change.from.clone(),
        });
    }
    // What the service kept of its own needs no restoring.
    fields.retain(|c| c.from != c.to);
    let (action, changes, is_active) = match row.action {
        Action::Create if active_now == Some(false) => {
            return Err("the account was created inactive: there is nothing to disable".to_owned());
        }
        Action::Create => (Action::Disable, vec![active(true, false)], true),
        Action::Update if fields.is_empty() => return Err("nothing of it was changed".to_owned()),
        Action::Update => (Action::Update, fields, active_now.or(row.account.as_ref().map(|a| a.active)).unwrap_or(true)),
        Action::Enable => {
            fields.insert(0, active(true, false));
            (Action::Disable, fields, true)
        }
        Action::Disable => {
            fields.insert(0, active(false, true));
            (Action::Enable, fields, false)
        }
        Action::Delete | Action::Link | Action::None => return Err("there is nothing to take back".to_owned()),
    };
    let user_name = row.account.as_ref().and_then(|a| a.user_name.clone()).or_else(|| row.user_name.clone());
    Ok(Row {
        action,
        approved: !action.is_deprovision(),
        account: Some(AccountRef { id: id.as_str().to_owned(), user_name, active: is_active, version: None }),
        changes,
        candidates: Vec::new(),
        problems: Vec::new(),
        hold: None,
        would_be: None,
        last_failure: None,
        ..row.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::AccountId;
    use crate::journal::run::{Intent, Outcome, RunId, StepKind};
    use crate::model::Situation;
    use crate::plan::EntryRef;

    fn row(action: Action, changes: &[(&str, Datum, Datum)]) -> Row {
        Row {
            situation: Situation::Changed,
            reason: None,
            user_name: Some("ann".into()),
            action,
            approved: true,
            entry: Some(EntryRef { id: "e".into(), dn: None }),
            account: (action != Action::Create).then(|| AccountRef {
                id: "a".into(),
                user_name: Some("ann".into()),
                active: action != Action::Enable,
                version: None,
            }),
            changes: changes.iter().map(|(f, from, to)| Change { field: (*f).into(), from: from.clone(), to: to.clone() }).collect(),
            candidates: Vec::new(),
            problems: Vec::new(),
            hold: None,
            would_be: None,
            last_failure: None,
        }
    }

    fn frozen(action: Action, state: RowState) -> FrozenRow {
        FrozenRow { n: 0, action, user_name: None, entry: None, account: Some(AccountId::new("a")), state, content: String::new() }
    }

    fn steps(after: &str) -> Vec<Step> {
        let intent = Intent { run: RunId(1), n: 0, step: 0, kind: StepKind::Fields, begun: 0, request: String::new(), before: None };
        let outcome = Outcome {
            run: RunId(1),
            n: 0,
            step: 0,
            ended: 1,
            result: StepResult::Done,
            status: Some(200),
            cause: None,
            request_id: None,
            after: Some(after.to_owned()),
        };
        vec![Step { intent, outcome: Some(outcome) }]
    }

    #[test]
    fn each_action_goes_the_other_way_and_deprovisions_are_not_approved() {
        let text = |t: &str| Datum::Text(t.into());
        let (on, off) = (Datum::Bool(true), Datum::Bool(false));
        for (action, changes, after, wanted, back) in [
            (
                Action::Create,
                vec![("title", Datum::Unassigned, text("T"))],
                r#"{"active":true,"fields":{}}"#,
                Action::Disable,
                vec![("active", on.clone(), off.clone())],
            ),
            (
                Action::Update,
                vec![("title", text("old"), text("new"))],
                r#"{"active":true,"fields":{"title":"new"}}"#,
                Action::Update,
                vec![("title", text("new"), text("old"))],
            ),
            // What the service made of it is what is there.
            (
                Action::Update,
                vec![("title", text("old"), text("new"))],
                r#"{"active":true,"fields":{"title":"NEW"}}"#,
                Action::Update,
                vec![("title", text("NEW"), text("old"))],
            ),
            (
                Action::Update,
                vec![("title", text("old"), Datum::Unassigned)],
                r#"{"active":true,"fields":{"title":null}}"#,
                Action::Update,
                vec![("title", Datum::Unassigned, text("old"))],
            ),
            (
                Action::Enable,
                vec![("active", off.clone(), on.clone()), ("title", text("old"), text("new"))],
                r#"{"active":true,"fields":{"title":"new"}}"#,
                Action::Disable,
                vec![("active", on.clone(), off.clone()), ("title", text("new"), text("old"))],
            ),
            (
                Action::Disable,
                vec![("active", on.clone(), off.clone())],
                r#"{"active":false,"fields":{}}"#,
                Action::Enable,
                vec![("active", off.clone(), on.clone())],
            ),
        ] {
            let reversed = reverse(&frozen(action, RowState::Done), &row(action, &changes), &steps(after)).unwrap();
            assert_eq!(reversed.action, wanted);
            let told: Vec<(&str, Datum, Datum)> =
                reversed.changes.iter().map(|c| (c.field.as_str(), c.from.clone(), c.to.clone())).collect();
            assert_eq!(told, back, "{action:?}");
            assert_eq!(reversed.approved, wanted != Action::Disable);
            assert_eq!(reversed.account.unwrap().active, wanted != Action::Enable);
        }
    }

    #[test]
    fn what_cannot_be_taken_back_is_said() {
        let plain = r#"{"active":true,"fields":{"title":"old"}}"#;
        for (action, state, changes, after, told) in [
            (Action::Delete, RowState::Done, vec![], plain, "is gone"),
            (Action::Link, RowState::Done, vec![], plain, "rosterm unlink"),
            (Action::Update, RowState::Failed, vec![], plain, "failed"),
            (Action::Update, RowState::Stale, vec![], plain, "stale"),
            (Action::Create, RowState::Done, vec![], r#"{"active":false,"fields":{}}"#, "created inactive"),
            (
                Action::Update,
                RowState::Done,
                vec![("title", Datum::Text("old".into()), Datum::Text("new".into()))],
                plain,
                "nothing of it was changed",
            ),
            (
                Action::Update,
                RowState::Done,
                vec![("pin", Datum::Text("masked:1".into()), Datum::Text("masked:2".into()))],
                plain,
                "masked",
            ),
        ] {
            let why = reverse(&frozen(action, state), &row(action, &changes), &steps(after)).unwrap_err();
            assert!(why.contains(told), "{action:?} {state:?}: {why}");
        }
        let why = reverse(&frozen(Action::Update, RowState::Done), &row(Action::Update, &[]), &[]).unwrap_err();
        assert!(why.contains("nothing was sent"), "{why}");
    }
}
