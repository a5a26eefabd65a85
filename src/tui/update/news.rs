//! What the engine tells: a newer snapshot, a list, or that an end can't be opened.
//!
//! What must stay true: the cursor stays with its user. Whoever leaves the list is said to have left it, and only then does
//! the cursor stand for somebody else.

use super::{anew, decide, holding, mapping, pairing, source};
use crate::clock::Instant;
use crate::engine::{News, Running, Snapshot, View};
use crate::journal::run::Run;
use crate::tui::action::Verb;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use std::sync::Arc;

pub(super) fn hear(model: &mut Model, news: News) -> Vec<Effect> {
    match news {
        // Here rules are tried as drafts.
        News::Edited { .. } => {}
        News::Snapshot(snapshot) => {
            // What failed has been mended once a side has been read since.
            if model.failed.is_some() && model.failed_at != ends(&snapshot) {
                model.failed = None;
            }
            model.asked = false;
            if model.snapshot.as_ref().is_some_and(|before| before.era() != snapshot.era()) {
                // Everybody has another number: the cursor and the list are about nobody.
                model.list.sought = decide::named(model).filter(|_| model.list.moved).or_else(|| model.list.sought.take());
                (model.list.subject, model.list.moved, model.list.view) = (None, false, None);
                if let Some(before) = model.snapshot.clone() {
                    if snapshot.has_ends_of(&before) {
                        model.list.marks.lose(&before);
                    } else {
                        elsewhere(model);
                    }
                }
            }
            let gone = model.list.marks.find(&snapshot);
            if gone > 0 {
                model.say(Tone::Warn, format!("{} of the marked users are not there any more", crate::text::count(gone)));
            }
            model.snapshot = Some(snapshot);
            source::follow(model);
            let mut effects = mapping::compare(model);
            effects.extend(mapping::cover(model));
            return effects;
        }
        News::Moved(moves) => model.mapping.moves = Some(moves),
        News::Covered(coverage) => {
            // What was said while it was counted is over.
            model.notice = model.notice.take().filter(|(_, text)| !text.starts_with(mapping::COUNTING));
            model.mapping.coverage = Some(coverage);
        }
        News::View(view) => show(model, view),
        News::Failed(error) => {
            model.asked = false;
            model.failed_at = model.snapshot.as_deref().map_or((None, None), ends);
            model.failed = Some(error);
            // Whoever waits for what was to be read can ask for it once more.
            if let Some(typing) = &mut model.mapping.typing {
                typing.closing = false;
            }
        }
        News::Approved(approved) => decide::approved(model, approved),
        News::Tried(number, told) => return mapping::tried(model, number, told),
        News::Saved => return mapping::saving::saved(model),
        News::Site(site) => source::sited(model, site),
        News::Counted(number, counts) => source::counted(model, number, counts),
        News::Previewed(number, previewed) => source::previewed(model, number, previewed),
        News::Relocated => return source::relocated(model),
        News::Anew(told) => anew::told(model, &told),
        News::Caveats(caveats) => model.caveats = caveats,
        News::Reloaded(source, target) => return anew::reloaded(model, source, target),
        News::Weighed(weighed) => return decide::weighed(model, weighed),
        News::Proposed(proposal) => decide::proposed(model, proposal),
        News::Rehearsed(number, rehearsal) => decide::rehearsed(model, number, &rehearsal),
        News::Run(running) => decide::ran(model, *running),
        News::Owing(run, owing) => decide::owing(model, run, owing),
        News::History(runs) => remember(model, runs),
        News::Rows(run, rows) => {
            // Where something else was opened meanwhile, nobody waits for them any more.
            if matches!(model.overlay, None | Some(Overlay::Rows(..))) {
                model.overlay = Some(Overlay::Rows(run, rows, 0));
            }
        }
        News::Learnt(part) => pairing::learnt(model, *part),
        News::Choices(number, choices) => pairing::found(model, number, choices),
        News::Told(text) => {
            // Two may have been linked or parted by hand.
            model.detail.asked = None;
            model.say(Tone::Plain, text);
        }
        News::NotHeld { on, called, reason, seen, error } => holding::refused(model, (on, called, seen), &reason, &error),
        News::Refused(error) => decide::refused(model, &error),
    }
    Vec::new()
}

/// What was sent before is known; a run that has not ended is told of.
fn remember(model: &mut Model, runs: Arc<Vec<Run>>) {
    let is_first = model.activity.history.is_empty();
    model.activity.history = runs;
    // Somebody may have sent something for whoever is shown.
    model.detail.asked = None;
    let key = model.setting.keymap.key(Verb::Apply);
    if let Some(run) = model.activity.unended().filter(|_| is_first && !model.setting.read_only) {
        let text = format!("run {} by {} has not ended: {key} finishes it, unless somebody is at it", run.id, run.what.author);
        model.say(Tone::Warn, text);
    }
}

/// Another service or directory is shown from here on: nobody who was marked at the one before is, and what a run did not do there is
/// not done here.
fn elsewhere(model: &mut Model) {
    model.list.marks.clear();
    model.list.sought = None;
    if matches!(model.activity.running, Running::Ended(_)) {
        (model.activity.running, model.activity.owing) = (Running::None, None);
    }
}

/// When the sides were read to some end last.
fn ends(snapshot: &Snapshot) -> (Option<Instant>, Option<Instant>) {
    (snapshot.source().read_at, snapshot.target().read_at)
}

/// Whoever the cursor was on before everybody got another number is looked for until both ends were read.
fn seek_again(model: &mut Model, view: &View) {
    let (Some(named), Some(snapshot)) = (&model.list.sought, &model.snapshot) else { return };
    if let Some(subject) = snapshot.subject_of(named).filter(|s| view.place(*s, model.list.index).is_some()) {
        (model.list.subject, model.list.moved, model.list.sought) = (Some(subject), true, None);
    } else if view.complete && !snapshot.is_busy() {
        model.list.sought = None;
    }
}

/// Where the account under the cursor was found to belong to a person, the cursor goes to the row of both; true if it was so.
fn follow(model: &mut Model) -> bool {
    let (Some(before), true, Some(snapshot)) = (model.list.subject, model.list.moved, &model.snapshot) else { return false };
    let now = snapshot.row_of(before).filter(|now| *now != before);
    model.list.subject = now.or(Some(before));
    now.is_some()
}

/// Puts a list in place of the one before.
fn show(model: &mut Model, view: Arc<View>) {
    let is_old = model.snapshot.as_ref().is_some_and(|s| view.generation < s.era());
    if view.spec != model.list.spec || is_old {
        // Something else was asked for since, or everybody has another number.
        return;
    }
    seek_again(model, &view);
    let paired = follow(model);
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
            Some(now) if paired => format!("{called} and a person are one row now: {now}, and not in this list"),
            Some(now) => format!("{called} is {now} now and no longer in this list"),
            None => format!("{called} has no row any more"),
        };
        model.say(Tone::Warn, text);
    }
}
