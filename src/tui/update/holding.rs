//! Holds: who is left alone, why, and where the cursor goes then.

use super::decide;
use crate::engine::{Named, Seen};
use crate::error::Error;
use crate::identity::{AccountId, EntryId};
use crate::model::HoldOn;
use crate::plan::Row;
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::question::{Answer, Question, Then};
use crate::tui::theme::Role;
use crate::tui::widget::field::Field;

/// What a hold is set on, and taken back from: the person where there is one, then the account.
fn held_by(row: &Row) -> Vec<HoldOn> {
    let entry = row.entry.as_ref().map(|e| HoldOn::Entry(EntryId::new(e.id.as_str())));
    let account = row.account.as_ref().map(|a| HoldOn::Account(AccountId::new(a.id.as_str())));
    entry.into_iter().chain(account).collect()
}

/// Asks why these are to be left alone.
fn question(on: Vec<Vec<HoldOn>>, called: String, seen: Seen) -> Question {
    let words = vec![
        (Role::Text, "Nothing is sent until the hold is taken back. Everybody who looks sees the reason.".to_owned()),
        (Role::Quiet, "A reason that ends with: until 2027-01-31 makes it end by itself on that day.".to_owned()),
    ];
    Question::new(&format!("Leave {called} alone"), words, Answer::Text("a reason"), Then::Hold(on, called, seen))
}

/// Asks why whoever is marked, or under the cursor, is to be left alone.
pub(super) fn hold(model: &mut Model) {
    let Some(seen) = decide::seen(model) else { return };
    let mut asked = if model.list.marks.is_empty() {
        let Some((_, row)) = decide::row(model) else { return };
        let mut asked = question(vec![held_by(&row)], row.called().to_owned(), seen);
        let there = row.hold.as_ref().map(|hold| (Role::Warn, format!("The hold that is there is replaced: {}", hold.words())));
        asked.words.extend(there);
        asked
    } else {
        let (on, called) = super::marks::named(model);
        question(on, called, seen)
    };
    asked.words.splice(0..0, super::marks::held(model));
    model.overlay = Some(Overlay::Question(Box::new(asked)));
}

/// Sets the hold. Whoever is held goes elsewhere in the list: the cursor does not go with them but to the next one, with whom it stays,
/// so that the key that comes next is about somebody who was seen beside them.
pub(super) fn set(model: &mut Model, on: Vec<Vec<HoldOn>>, called: String, seen: Seen, typed: &str) -> Vec<Effect> {
    let under = model.list.subject.and_then(|subject| model.card(subject)).map(|card| held_by(&card.row));
    if under.is_some_and(|under| on == [under]) {
        let is_last = model.list.index + 1 >= model.list.len();
        super::list::go(model, if is_last { -1 } else { 1 });
    }
    vec![Effect::Hold { on, called, reason: Some(typed.trim().to_owned()), seen }]
}

/// A hold was not set: it is asked for once more, with what was typed, and the cursor is on whom it was about.
pub(super) fn refused(model: &mut Model, (on, called, seen): (Vec<Vec<HoldOn>>, String, Seen), reason: &str, error: &Error) {
    if let [one] = on.as_slice() {
        let mut named = Named { entry: None, account: None };
        for on in one {
            match on {
                HoldOn::Entry(id) => named.entry = Some(id.clone()),
                HoldOn::Account(id) => named.account = Some(id.clone()),
            }
        }
        let subject = model.snapshot.as_ref().and_then(|s| s.subject_of(&named));
        let place = subject.and_then(|subject| model.list.view.as_ref()?.place(subject, model.list.index));
        if let Some(place) = place {
            model.go_to(place);
        }
    }
    let about = if super::marks::named(model).0 == on { super::marks::held(model) } else { Vec::new() };
    let mut asked = question(on, called, seen);
    asked.words.splice(0..0, about);
    asked.words.extend(decide::why_refused(model, error));
    asked.field = Field::of(reason);
    (model.notice, model.search) = (None, None);
    model.overlay = Some(Overlay::Question(Box::new(asked)));
}

/// Takes the hold of whoever is under the cursor back.
pub(super) fn release(model: &mut Model) -> Vec<Effect> {
    let (Some((_, row)), Some(seen)) = (decide::row(model), decide::seen(model)) else { return Vec::new() };
    vec![Effect::Hold { on: vec![held_by(&row)], called: row.called().to_owned(), reason: None, seen }]
}
