//! Marks: whom a key is about, if it is about more than one and fewer than all.

use super::decide::{self, first_of};
use crate::engine::proposal::NAMED;
use crate::engine::{Named, Snapshot, Weight, Who, needs_approval};
use crate::model::{HoldOn, Subject};
use crate::text::{count, counted};
use crate::tui::model::{Marks, Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::theme::Role;
use std::sync::Arc;

/// Marks whoever is under the cursor, or takes the mark away, and goes on to the next one.
pub(super) fn mark(model: &mut Model) {
    let Some(subject) = model.list.subject else { return };
    if model.list.marks.len() >= Marks::MOST && !model.list.marks.has(subject) {
        return too_many(model);
    }
    model.list.marks.toggle(subject);
    super::list::go(model, 1);
}

/// Begins a range at the cursor, or marks everybody from where it began.
pub(super) fn range(model: &mut Model) {
    let Some(subject) = model.list.subject else { return };
    let Some(from) = model.list.marks.from.take() else {
        model.list.marks.from = Some(subject);
        model.list.moved = true;
        return model.say(Tone::Plain, "a range begins here: the same key at its other end marks everybody in between");
    };
    let places = model.list.view.as_ref().and_then(|view| {
        let (a, b) = (view.place(from, model.list.index)?, view.place(subject, model.list.index)?);
        Some((a.min(b), a.max(b), Arc::clone(&view.rows)))
    });
    let Some((a, b, rows)) = places else {
        return model.say(Tone::Warn, "the list does not show where the range began: begin it again");
    };
    if !model.list.marks.add(&rows[a..=b]) {
        too_many(model);
    }
}

/// Marks everybody who is shown, or takes their marks away where all have one.
pub(super) fn all(model: &mut Model) {
    let Some(rows) = decide::list(model) else { return };
    if !model.list.marks.toggle_all(&rows) {
        too_many(model);
    }
}

fn too_many(model: &mut Model) {
    let text = format!("more than {} are not marked: choose them by filter and search, and approve all that is shown", count(Marks::MOST));
    model.say(Tone::Warn, text);
}

/// Takes back a range that was begun; takes marks away where nothing else narrows the list: whoever looks for more people to
/// mark keeps those that there are.
pub(super) fn clear(model: &mut Model) -> bool {
    let spec = &model.list.spec;
    let marks = &mut model.list.marks;
    if marks.from.take().is_some() {
        return true;
    }
    let last = spec.filter.is_open() && spec.search.is_empty() && !marks.is_empty();
    if last {
        marks.clear();
    }
    last
}

fn marked(model: &Model) -> Arc<Vec<Subject>> {
    Arc::new(model.list.marks.all().collect())
}

/// Asks what approving the marked ones would come to.
pub(super) fn approve(model: &mut Model) -> Vec<Effect> {
    vec![Effect::Weigh(Who::These(marked(model)))]
}

pub(super) fn withdraw(model: &mut Model) -> Vec<Effect> {
    decide::seen(model).map(|seen| Effect::Withdraw(Who::These(marked(model)), seen)).into_iter().collect()
}

/// Those who are marked, by what stays, and what they are called together.
pub(super) fn named(model: &Model) -> (Vec<Vec<HoldOn>>, String) {
    let on = |named: Named| named.entry.map(HoldOn::Entry).into_iter().chain(named.account.map(HoldOn::Account)).collect();
    let snapshot = model.snapshot.as_ref();
    let on: Vec<Vec<HoldOn>> = model.list.marks.all().filter_map(|s| snapshot?.named(s)).map(on).collect();
    let called = counted(on.len(), "marked user");
    (on, called)
}

/// Whom an approval of the marked ones is about, by name: the rows that are seen need not be among them.
pub(super) fn about(model: &Model, seen: &Snapshot, rows: &[Subject], weight: &Weight) -> Vec<(Role, String)> {
    let picture = seen.picture();
    let is_one = |s: Subject| rows.contains(&s) && picture.user_of(s).is_some_and(|user| needs_approval(user.verdict.action));
    let names = first_of(seen, rows, weight.total(), needs_approval);
    // Where all of them lose access, or get it back, their names follow with that.
    let are_named = weight.total() == weight.deprovisions() || weight.total() == weight.returns();
    let about = (!are_named).then(|| listed(&names, weight.total()));
    not_among(model, is_one).into_iter().chain(about).collect()
}

/// Whom a hold of the marked ones is about; nothing where nobody is marked.
pub(super) fn held(model: &Model) -> Vec<(Role, String)> {
    let (marks, Some(snapshot)) = (&model.list.marks, &model.snapshot) else { return Vec::new() };
    if marks.is_empty() {
        return Vec::new();
    }
    let there: Vec<Subject> = marks.all().filter(|s| snapshot.picture().user_of(*s).is_some()).collect();
    let names: Vec<String> = there.iter().take(NAMED).filter_map(|s| Some(snapshot.line(*s)?.user_name)).collect();
    not_among(model, |s| marks.has(s)).into_iter().chain([listed(&names, there.len())]).collect()
}

/// The first names, and how many more.
fn listed(names: &[String], all: usize) -> (Role, String) {
    let more = all.saturating_sub(names.len());
    let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
    (Role::Strong, format!("This is about {}{more}.", names.join(", ")))
}

/// Whoever is under the cursor is seen in list and details: it is told where it is not about them.
fn not_among(model: &Model, is_one: impl Fn(Subject) -> bool) -> Option<(Role, String)> {
    let subject = model.list.subject.filter(|s| !is_one(*s))?;
    let name = model.snapshot.as_ref()?.line(subject)?.user_name;
    Some((Role::Warn, format!("THE USER UNDER THE CURSOR IS NOT AMONG THEM: {name}")))
}

/// Takes the holds of the marked ones back.
pub(super) fn release(model: &mut Model) -> Vec<Effect> {
    let (on, called) = named(model);
    decide::seen(model).map(|seen| Effect::Hold { on, called, reason: None, seen }).into_iter().collect()
}
