//! Moving in the list, and asking for another one.

use crate::engine::Spec;
use crate::engine::view::{Filter, SortBy};
use crate::model::Situation;
use crate::text::count;
use crate::tui::model::{Model, Seek, Tone};
use crate::tui::msg::Effect;
use crate::tui::pane::diff::steps;

/// Rows that one step of a search for problems looks at: a few milliseconds.
const STEP: usize = 2_000;

/// Moves the cursor by some rows.
pub(super) fn go(model: &mut Model, by: isize) {
    model.go_to(model.list.index.saturating_add_signed(by));
}

/// Asks for the list that is wanted now.
pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
    vec![Effect::Look(model.list.spec.clone())]
}

/// Everybody again, in the same order.
pub(super) fn clear(model: &mut Model) -> Vec<Effect> {
    model.list.spec = Spec { filter: Filter::default(), search: String::new(), ..model.list.spec.clone() };
    ask(model)
}

/// The next order.
pub(super) fn sort(model: &mut Model) -> Vec<Effect> {
    let at = SortBy::ALL.iter().position(|s| *s == model.list.spec.sort).unwrap_or(0);
    model.list.spec.sort = SortBy::ALL[(at + 1) % SortBy::ALL.len()];
    ask(model)
}

/// Everybody, then each situation that somebody is in, and round again.
pub(super) fn step_facet(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let chosen = model.list.spec.filter.situation;
    let all: Vec<Option<Situation>> = std::iter::once(None).chain(steps(snapshot.facets(), chosen).map(Some)).collect();
    let at = all.iter().position(|s| *s == chosen).unwrap_or(0);
    let next = (at + all.len()).saturating_add_signed(by) % all.len();
    model.list.spec.filter = Filter { situation: all[next], only_open: false, ..model.list.spec.filter.clone() };
    ask(model)
}

/// Begins to look for somebody with a problem.
pub(super) fn seek(model: &mut Model, forward: bool) -> Vec<Effect> {
    let next = if forward { Some(model.list.index + 1) } else { model.list.index.checked_sub(1) };
    model.seek = next.map(|at| Seek { forward, at });
    if next.is_none() {
        model.say(Tone::Plain, "no problem before this one");
    }
    seek_on(model)
}

/// Looks at some more rows. It asks to be called again while there are more, so that keys come in between.
pub(super) fn seek_on(model: &mut Model) -> Vec<Effect> {
    let Some(Seek { forward, mut at }) = model.seek.take() else { return Vec::new() };
    model.changed = true;
    let (Some(view), Some(snapshot)) = (model.list.view.clone(), model.snapshot.clone()) else { return Vec::new() };
    for _ in 0..STEP {
        let Some(subject) = view.rows.get(at) else { break };
        let needs = |s: Situation| matches!(s, Situation::Blocked | Situation::Ambiguous | Situation::Invalid);
        if snapshot.line(*subject).is_some_and(|l| l.problem || needs(l.situation)) {
            model.go_to(at);
            model.notice = None;
            return Vec::new();
        }
        match (forward, at.checked_sub(1)) {
            (true, _) => at += 1,
            (false, Some(before)) => at = before,
            (false, None) => at = usize::MAX,
        }
    }
    if at >= view.rows.len() {
        model.say(Tone::Plain, if forward { "no further problem in this list" } else { "no problem before this one" });
        return Vec::new();
    }
    model.say(Tone::Plain, format!("looking for a problem: row {} of {}; any key stops", count(at + 1), count(view.rows.len())));
    model.seek = Some(Seek { forward, at });
    vec![Effect::Seek]
}
