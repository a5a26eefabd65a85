//! What happens when something happens: a message goes in, the model changes, and what is to be done outside comes out.
//!
//! Pure but for the model: no clock, no terminal, no engine. A key that means nothing changes nothing.

mod anew;
mod decide;
mod detail;
mod holding;
mod leaving;
mod list;
mod mapping;
mod marks;
mod news;
mod pairing;
mod pointer;
mod source;
mod typing;

use super::action::{self, Scope, Verb, scope_of};
use super::keymap::Chord;
use super::model::{Model, Pane, Tone};
use super::msg::{Effect, Msg};
use super::overlay::Overlay;
use super::widget::picker::Picker;
use crate::text::clean;
use ratatui::crossterm::event::KeyEvent;

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = take(model, msg);
    effects.extend(detail::ask(model));
    effects
}

fn take(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => return press(model, &key),
        Msg::Mouse(event) => {
            model.changed = true;
            return pointer::point(model, event);
        }
        Msg::Paste(text) => return typing::paste(model, &text),
        Msg::Resize(width, height) => model.size = (width, height),
        Msg::News(news) => {
            model.changed = true;
            return news::hear(model, news);
        }
        Msg::Resumed => {
            model.changed = true;
            return vec![Effect::Redraw];
        }
        Msg::Seek => return list::seek_on(model),
        Msg::End(code) => return vec![Effect::End(code)],
    }
    model.changed = true;
    Vec::new()
}

fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let chord = Chord::of(key);
    // Whoever presses a key has read the sentence, and does not want to be carried off by a search that goes on.
    let had = model.notice.take().is_some() | model.seek.take().is_some();
    model.changed |= had;
    if model.overlay.is_some() {
        return typing::in_overlay(model, key, chord);
    }
    if model.mapping.typing.is_some() {
        return mapping::in_typing(model, key, chord);
    }
    if model.source.typing.is_some() {
        return source::in_typing(model, key, chord);
    }
    if model.search.is_some() {
        return typing::in_search(model, key, chord);
    }
    match model.setting.keymap.verb(scope_of(model.focus), chord) {
        Some(verb) => perform(model, verb),
        None => Vec::new(),
    }
}

/// Does something, if it can be done now; says why not otherwise.
pub fn perform(model: &mut Model, verb: Verb) -> Vec<Effect> {
    model.changed = true;
    let entry = action::of(verb);
    if let Err(why) = (entry.when)(model) {
        // Nobody who moves in an empty list wants a sermon.
        if entry.footer > 0 {
            model.say(Tone::Warn, format!("{}: not now, {why}", entry.short));
        }
        return Vec::new();
    }
    let page = isize::try_from(model.page.height.saturating_sub(1).max(1)).unwrap_or(1);
    match verb {
        Verb::Quit => return leaving::quit(model),
        Verb::Channels => return leaving::channels(model),
        Verb::Suspend => return vec![Effect::Suspend],
        Verb::Redraw => return vec![Effect::Redraw],
        Verb::Help => model.overlay = Some(Overlay::Help(Picker::default())),
        Verb::Facets => model.overlay = Some(Overlay::Facets(Picker::default())),
        Verb::About => model.overlay = Some(Overlay::About(0)),
        Verb::Refresh => {
            model.asked = true;
            model.failed = None;
            return vec![Effect::Refresh];
        }
        Verb::Reread => return anew::read(model),
        Verb::Copy => return copy(model),
        Verb::Why => return pairing::why(model),
        Verb::Link => return pairing::link(model),
        Verb::Unlink => pairing::unlink(model),
        Verb::DiffPane | Verb::Back | Verb::Leave | Verb::LeaveMapping | Verb::LeaveSource => detail::leave(model),
        Verb::DetailPane | Verb::Look => model.focus = Pane::Detail,
        Verb::Down | Verb::NextUser => list::go(model, 1),
        Verb::Up | Verb::PreviousUser => list::go(model, -1),
        Verb::PageDown => list::go(model, page),
        Verb::PageUp => list::go(model, -page),
        Verb::Top => model.go_to(0),
        Verb::Bottom => model.go_to(usize::MAX),
        Verb::Search => typing::open_search(model),
        Verb::NextFacet => return list::step_facet(model, 1),
        Verb::PreviousFacet => return list::step_facet(model, -1),
        Verb::Clear if marks::clear(model) => {}
        Verb::Clear => return list::clear(model),
        Verb::Sort => return list::sort(model),
        Verb::Reverse => {
            model.list.spec.descending = !model.list.spec.descending;
            return list::ask(model);
        }
        Verb::NextProblem => return list::seek(model, true),
        Verb::PreviousProblem => return list::seek(model, false),
        Verb::NextField => detail::field(model, 1),
        Verb::PreviousField => detail::field(model, -1),
        Verb::FirstField => detail::field(model, isize::MIN),
        Verb::LastField => detail::field(model, isize::MAX),
        Verb::NextPage => detail::turn(model, model.detail.sheet.next()),
        Verb::PreviousPage => detail::turn_back(model),
        Verb::ScrollDown => detail::scroll(model, 1),
        Verb::ScrollUp => detail::scroll(model, -1),
        Verb::Mark => marks::mark(model),
        Verb::MarkRange => marks::range(model),
        Verb::MarkAll => marks::all(model),
        Verb::Approve if !model.list.marks.is_empty() => return marks::approve(model),
        Verb::Approve | Verb::ApproveHere => return decide::approve(model),
        Verb::ApproveAll => return decide::approve_all(model),
        Verb::WithdrawAll if !model.list.marks.is_empty() => return marks::withdraw(model),
        Verb::WithdrawAll => return decide::withdraw_all(model),
        Verb::Apply => return decide::apply(model, None),
        Verb::ApplyOne => return decide::apply(model, model.list.subject),
        Verb::Hold => holding::hold(model),
        Verb::Release if !model.list.marks.is_empty() => return marks::release(model),
        Verb::Release => return holding::release(model),
        Verb::Source => model.focus = Pane::Source,
        Verb::Mapping => model.focus = Pane::Mapping,
        Verb::NextRule => mapping::mark(model, 1),
        Verb::PreviousRule => mapping::mark(model, -1),
        Verb::EditRule => mapping::edit(model),
        Verb::AddRule => mapping::rules::choose(model),
        Verb::RemoveRule => return mapping::rules::remove(model),
        Verb::EditDefault => mapping::edit_default(model),
        Verb::ClearOrKeep => return mapping::rules::clear_or_keep(model),
        Verb::CountRules => {
            model.say(Tone::Plain, format!("{} …", mapping::COUNTING));
            return vec![Effect::Cover];
        }
        Verb::SaveMapping => mapping::saving::ask_to_save(model),
        Verb::Revert => return mapping::revert(model),
        Verb::NextClause => source::mark(model, 1),
        Verb::PreviousClause => source::mark(model, -1),
        Verb::EditClause => return source::edit(model),
        Verb::CountClauses => return source::count(model),
        Verb::StopLooking => return source::stop(model),
        Verb::WhoMoves => return source::who(model),
        Verb::SaveSource => return source::ask_to_save(model),
        Verb::RevertSource => return source::revert(model),
        Verb::Activity => model.focus = Pane::Activity,
        Verb::Pause => return decide::pause(model),
        Verb::Cancel => return vec![Effect::Cancel],
        Verb::Retry => return decide::retry(model),
        Verb::NextRun => decide::mark(model, 1),
        Verb::PreviousRun => decide::mark(model, -1),
        Verb::RunRows => return model.activity.marked().map(|run| Effect::Rows(run.id)).into_iter().collect(),
        Verb::Undo => return model.activity.marked().map(|run| Effect::Undo(run.id)).into_iter().collect(),
        Verb::Choose | Verb::Close | Verb::ListDown | Verb::ListUp | Verb::ListPageDown | Verb::ListPageUp => {}
    }
    Vec::new()
}

/// Who is shown, for another program: the DN, else the lasting id, else the account's id.
fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(subject) = model.list.subject else { return Vec::new() };
    let Some(card) = model.card(subject) else {
        model.say(Tone::Warn, "there is nobody to copy any more");
        return Vec::new();
    };
    if let Some(text) = super::pane::detail::text(model, &card).filter(|_| model.focus == Pane::Detail) {
        model.say(Tone::Plain, "the page was copied, if the terminal allows it");
        return vec![Effect::Copy(as_comment(&text))];
    }
    let entry = card.row.entry.as_ref().map(|e| e.dn.as_ref().unwrap_or(&e.id));
    let Some(text) = entry.or(card.row.account.as_ref().map(|a| &a.id)) else { return Vec::new() };
    // It may be pasted into a shell: without a line end nothing runs there before somebody presses Enter.
    let text = clean(text).into_owned();
    model.say(Tone::Plain, format!("copied, if the terminal allows it: {text}"));
    vec![Effect::Copy(text)]
}

/// A text of lines for another program. Values from outside are in it as they are, and a shell that is not told where a paste ends
/// runs each line: there each is a comment (in zsh only by `interactive_comments`; but zsh is told).
fn as_comment(text: &str) -> String {
    text.lines().map(|line| format!("# {}", clean(line)).trim_end().to_owned() + "\n").collect()
}

/// The scope that a verb of the help is done in: some belong to another pane than the one that keys go to.
fn bring_to(model: &mut Model, verb: Verb) {
    match action::of(verb).scope {
        Scope::Source => model.focus = Pane::Source,
        Scope::Diff => model.focus = Pane::Diff,
        Scope::Detail => model.focus = Pane::Detail,
        Scope::Mapping => model.focus = Pane::Mapping,
        Scope::Activity => model.focus = Pane::Activity,
        Scope::Everywhere | Scope::Overlay => {}
    }
}
