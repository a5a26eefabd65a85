//! In the details: from page to page, from field to field, and asking what was done about whoever is shown.

use crate::engine::Running;
use crate::model::Subject;
use crate::tui::layout::{Wants, layout};
use crate::tui::model::{Model, Pane, Sheet};
use crate::tui::msg::Effect;
use crate::tui::pane;
use ratatui::layout::Rect;

/// Shows another page, from its beginning.
pub(super) fn turn(model: &mut Model, to: Sheet) {
    model.detail.sheet = to;
    model.detail.scroll = 0;
    model.detail.follow = false;
}

/// Shows the page before; from the first one it goes back to the list.
pub(super) fn turn_back(model: &mut Model) {
    match model.detail.sheet.before() {
        Some(before) => turn(model, before),
        None => leave(model),
    }
}

/// Back to the list.
pub(super) fn leave(model: &mut Model) {
    model.focus = Pane::Diff;
    // There, the first field that differs is explained again.
    model.detail.field = None;
}

/// Marks another field; where there are none, scrolls by lines.
pub(super) fn field(model: &mut Model, by: isize) {
    if model.detail.sheet != Sheet::Fields {
        model.detail.scroll = model.detail.scroll.saturating_add_signed(by);
        model.detail.follow = false;
        return;
    }
    let Some(card) = &model.page.card else { return };
    let last = card.fields.len().saturating_sub(1);
    let at = pane::detail::marked(card, model.detail.field.as_deref()).saturating_add_signed(by).min(last);
    model.detail.field = card.fields.get(at).map(|f| f.field.clone());
    model.detail.follow = true;
}

/// Scrolls what is said about the user by almost a screen; where that ends is settled with the frame.
pub(super) fn scroll(model: &mut Model, screens: isize) {
    let by = isize::try_from(model.page.detail.height.saturating_sub(1).max(1)).unwrap_or(1);
    model.detail.scroll = model.detail.scroll.saturating_add_signed(by * screens);
    model.detail.follow = false;
}

/// Whoever is shown in the details, if somebody is and there is room for these.
fn shown(model: &Model) -> Option<Subject> {
    let subject = model.list.subject?;
    let is_sending = matches!(model.activity.running, Running::Going(_));
    let wants = Wants { top: 1, banner: 0, source: 0, lower: 0, focus: model.focus, is_sending };
    layout(Rect::new(0, 0, model.size.0, model.size.1), wants)?.detail.map(|_| subject)
}

/// Asks what was done before about somebody who is shown and of whom that was not asked. Whoever only passes by is not looked
/// for: of several questions the engine answers the last one, once no other has come for a while.
pub(super) fn ask(model: &mut Model) -> Option<Effect> {
    let subject = shown(model)?;
    let snapshot = model.snapshot.as_ref()?;
    let asked = (snapshot.era(), subject);
    if model.detail.asked == Some(asked) {
        return None;
    }
    let of = snapshot.whole(subject, snapshot.named(subject)?);
    model.detail.ask(asked, of);
    Some(Effect::Past(subject))
}
