//! The configuration file read anew: asked for by a key, told, and gone by once that was confirmed.

use super::{list, mapping, source};
use crate::config::edit::ANEW;
use crate::engine::anew::Anew;
use crate::error::Error;
use crate::tui::action::Verb;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::{Overlay, anew};
use std::path::PathBuf;

/// Has it read; nothing changes by that.
pub(super) fn read(model: &mut Model) -> Vec<Effect> {
    let Some(file) = model.setting.file.clone() else { return Vec::new() };
    model.say(Tone::Plain, format!("{} is read …", file.display()));
    vec![Effect::Reread(file)]
}

/// What it says is known: it is asked about. Whoever types meanwhile has not pressed Enter for that.
pub(super) fn told(model: &mut Model, told: &Anew) {
    let is_typing = model.search.is_some() || model.mapping.typing.is_some() || model.source.typing.is_some();
    if is_typing || model.overlay.is_some() {
        let key = model.setting.keymap.key(Verb::Reread);
        return model.say(Tone::Warn, format!("the configuration file says something else by now: {key} shows what"));
    }
    model.notice = None;
    let forgotten = mapping::saving::unsaved(model).into_iter().chain(source::unsaved(model)).collect::<Vec<_>>();
    model.overlay = Some(Overlay::Question(Box::new(anew::question(told, &forgotten, model.approvals.total()))));
}

/// Has it gone by, after whatever is under way.
pub(super) fn go_by(model: &mut Model, file: PathBuf, fingerprint: String) -> Vec<Effect> {
    if model.is_reading() {
        model.say(Tone::Plain, "the file is gone by once both ends were read");
    }
    vec![Effect::Reload(file, fingerprint)]
}

/// It is gone by from now on: whatever was edited was an edit of something else.
pub(super) fn reloaded(model: &mut Model, source: String, target: String) -> Vec<Effect> {
    (model.setting.source, model.setting.target) = (source, target);
    let mut effects = mapping::forget(model);
    model.source.edits.clear();
    model.source.saving.clear();
    // Everybody is judged by what it says.
    model.source.tried.clear();
    model.source.typing = None;
    model.source.forget();
    model.proposal = None;
    (model.asked, model.failed) = (true, None);
    effects.push(Effect::StopLooking);
    // A filter names a field by its place, and by now another one may stand there.
    if model.list.spec.filter.field.take().is_some() {
        effects.extend(list::ask(model));
    }
    model.say(Tone::Plain, "what the configuration file says now is in effect; both ends are opened and read by it");
    effects
}

/// By which key that can be done which an error asks for.
pub(super) fn key_for(model: &Model, error: &Error) -> Option<String> {
    let wants = error.hint_text().is_some_and(|hint| hint.contains(ANEW)) && model.setting.file.is_some();
    wants.then(|| {
        format!(
            "Esc, then {} reads the file anew and tells what is another one; nothing has to be started again.",
            model.setting.keymap.key(Verb::Reread)
        )
    })
}
