//! What the engine tells: a newer snapshot, a list, or that an end can't be opened.
//!
//! What must stay true: the cursor stays with its user. Whoever leaves the list is said to have left it, and only then does
//! the cursor stand for somebody else.

use crate::clock::Instant;
use crate::engine::{News, Snapshot, View};
use crate::tui::model::{Model, Tone};
use std::sync::Arc;

pub(super) fn hear(model: &mut Model, news: News) {
    match news {
        // Rules are edited on a screen that is not there yet.
        News::Edited { .. } => {}
        News::Snapshot(snapshot) => {
            // What failed has been mended once a side has been read since.
            if model.failed.is_some() && model.failed_at != ends(&snapshot) {
                model.failed = None;
            }
            model.asked = false;
            if model.snapshot.as_ref().is_some_and(|before| before.era() != snapshot.era()) {
                // Everybody has another number: the cursor and the list are about nobody.
                (model.list.subject, model.list.moved, model.list.view) = (None, false, None);
            }
            model.snapshot = Some(snapshot);
        }
        News::View(view) => show(model, view),
        News::Failed(error) => {
            model.asked = false;
            model.failed_at = model.snapshot.as_deref().map_or((None, None), ends);
            model.failed = Some(error);
        }
        // There is nothing on the screens yet that asks for these.
        _ => {}
    }
}

/// When the sides were read to some end last.
fn ends(snapshot: &Snapshot) -> (Option<Instant>, Option<Instant>) {
    (snapshot.source().read_at, snapshot.target().read_at)
}

/// Puts a list in place of the one before.
fn show(model: &mut Model, view: Arc<View>) {
    let is_old = model.snapshot.as_ref().is_some_and(|s| view.generation < s.era());
    if view.spec != model.list.spec || is_old {
        // Something else was asked for since, or everybody has another number.
        return;
    }
    let list = &mut model.list;
    let same = list.view.as_ref().is_some_and(|before| before.spec == view.spec);
    let (index, top) = (list.index, list.top);
    let last = view.rows.len().saturating_sub(1);
    // Until somebody moves it the cursor is on the first one, whoever that is.
    if !list.moved {
        list.subject = None;
    }
    let place = list.subject.and_then(|subject| view.place(subject, index));
    let gone = list.subject.is_some() && place.is_none();
    if !same || list.view.as_ref().is_some_and(|before| before.rows.len() < model.page.height) {
        model.page.grew = true;
    }
    match place {
        Some(place) => {
            list.index = place;
            // The line that the cursor is on stays where it is on the screen.
            list.top = if same { (top + place).saturating_sub(index) } else { top };
        }
        // The first ones of a list that is still being made: the user may be among the rest.
        None if gone && !view.complete => {
            list.index = index.min(last);
        }
        None => {
            list.index = if same && list.moved { index.min(last) } else { 0 };
            list.top = if same && list.moved { top } else { 0 };
        }
    }
    let subject = match place {
        Some(_) => list.subject,
        None if gone && !view.complete => list.subject,
        None => view.rows.get(list.index).copied(),
    };
    let left = list.subject.filter(|_| gone && same && view.complete);
    list.subject = subject;
    list.view = Some(view);
    if let Some(left) = left {
        model.detail.scroll = 0;
        let now = model.snapshot.as_ref().and_then(|s| s.line(left)).map(|l| l.situation.words());
        let called = std::mem::take(&mut model.list.called);
        let text = match now {
            Some(now) => format!("{called} is {now} now and no longer in this list"),
            None => format!("{called} has no row any more"),
        };
        model.say(Tone::Warn, text);
    }
}
