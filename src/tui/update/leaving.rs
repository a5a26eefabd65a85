//! Leaving the screens: what would be lost by it is asked about, once.

use crate::engine::Running;
use crate::error::exit;
use crate::model::Action;
use crate::text::{count, counted};
use crate::tui::action::Verb;
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::question::{Answer, Question, Then};
use crate::tui::theme::Role;

/// Ends, unless a run is under way or something is approved: then it is asked about.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    if !matches!(model.activity.running, Running::Going(_)) {
        return or_ask(model, "End", "ends", Then::End, Effect::End(exit::DONE));
    }
    let words = vec![
        (Role::Warn, "A run is under way. Whoever ends now leaves it where it is.".to_owned()),
        (Role::Text, "Nothing is lost: what was sent is written down, and the next run finishes it first. To stop it in good order, cancel it in the runs.".to_owned()),
    ];
    model.overlay = Some(Overlay::Question(Box::new(Question::new("End", words, Answer::Yes, Then::End))));
    Vec::new()
}

/// Goes to the channels, unless something is approved: then it is asked about.
pub(super) fn channels(model: &mut Model) -> Vec<Effect> {
    or_ask(model, "To the channels", "goes there", Then::Channels, Effect::Channels)
}

/// Does it where nothing is approved, or where just that was asked already: Ctrl-C twice is an answer, too.
fn or_ask(model: &mut Model, title: &str, does: &str, then: Then, effect: Effect) -> Vec<Effect> {
    let approved = model.approvals.total();
    let is_asked = model.question().is_some_and(|q| q.then == then);
    if approved == 0 || is_asked {
        return vec![effect];
    }
    let word = |action: Action| {
        let n = model.approvals.of(action);
        (n > 0).then(|| format!("{} {}", count(n), action.code()))
    };
    let by_action: Vec<String> = Action::ALL.into_iter().filter_map(word).collect();
    let are = if approved == 1 { "is" } else { "are" };
    let key = model.setting.keymap.key(Verb::Apply);
    let words = vec![
        (Role::Warn, format!("{} {are} forgotten: {}. Enter {does}.", counted(approved, "approval"), by_action.join(", "))),
        (Role::Text, format!("Nothing of it was sent. Esc goes back; {key} there shows what sending it comes to.")),
    ];
    model.search = None;
    model.overlay = Some(Overlay::Question(Box::new(Question::new(title, words, Answer::Yes, then))));
    Vec::new()
}
