//! What a frame shows. First it is settled which rows are visible and what is said about them, then it is drawn, which only
//! reads.
//!
//! What must stay true: nothing in a frame depends on how many users there are, and no size makes it panic.

mod bottom;
mod top;

pub(super) use top::tab_at;

use super::layout::{LEAST, Wants, layout};
use super::model::Model;
use super::overlay;
use super::pane::{activity, detail, diff, mapping, source};
use super::theme::{Glyphs, Role};
use super::widget::grid::window;
use super::widget::ink::{Ink, cells};
use crate::engine::Running;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Settles and draws a frame.
pub fn draw(model: &mut Model, frame: &mut Frame<'_>) {
    settle(model, frame.area());
    view(model, frame);
}

/// Decides what is visible in an area, and evaluates exactly that.
pub fn settle(model: &mut Model, area: Rect) {
    model.size = (area.width, area.height);
    model.cache.drawn = 0;
    model.page.banner = top::banner(model, usize::from(area.width.saturating_sub(2)));
    let head = top::lines(model, area.width);
    let fields = model.page.card.as_ref().map_or(12, |c| c.fields.len());
    let wants = Wants {
        top: cells(head.len()),
        banner: cells(model.page.banner.len()),
        source: cells(source::height(model)),
        lower: 0,
        focus: model.focus,
        is_sending: matches!(model.activity.running, Running::Going(_)),
    };
    // Its title, its heading, a line more, what stays below; and room to say why.
    let lower = if wants.activity() { model.activity.page.lines.len().max(14) + 2 } else { fields.max(14) + 4 };
    let wants = Wants { lower: cells(lower), ..wants };
    model.page.head = head;
    model.page.layout = layout(area, wants);
    let Some(layout) = model.page.layout else { return };
    let other = layout.detail.or(layout.mapping).or(layout.source).or(layout.activity);
    settle_list(model, layout.diff.unwrap_or(Rect { height: other.map_or(0, |d| d.height), ..area }), layout.diff.is_some());
    let card = layout.detail.or(layout.mapping).and(model.list.subject).and_then(|s| model.card(s));
    model.page.card = card;
    if let (Some(rect), Some(card)) = (layout.detail, model.page.card.clone()) {
        model.page.detail = detail::compose(model, &card, Rect { height: rect.height.saturating_sub(1), ..rect });
        detail::settle(model);
    }
    if let Some(rect) = layout.activity {
        activity::settle(model, rect);
    }
    if let Some(rect) = layout.mapping {
        mapping::settle(model, rect);
    }
    if let Some(rect) = layout.source {
        source::settle(model, rect);
    }
    overlay::settle(model, area);
}

fn settle_list(model: &mut Model, area: Rect, visible: bool) {
    model.page.facets = diff::facets(model, area.width);
    // Title, facets, heading.
    let height = usize::from(area.height).saturating_sub(2 + model.page.facets.len());
    model.page.height = height;
    model.list.top = window(model.list.top, model.list.index, height, model.list.len());
    model.page.rows.clear();
    let Some(view) = model.list.view.clone() else { return };
    if !visible {
        return;
    }
    let (from, to) = (model.list.top.min(view.rows.len()), (model.list.top + height).min(view.rows.len()));
    for subject in &view.rows[from..to] {
        let line = model.line(*subject);
        if model.list.subject == Some(*subject)
            && let Some(line) = &line
        {
            model.list.called.clone_from(&line.user_name);
        }
        model.page.rows.push((*subject, line));
    }
    // Columns stay while one scrolls, unless somebody's name needs more: they are measured when the list or the width is
    // another one.
    let measured = (view.spec.clone(), area.width);
    let columns = diff::measure(&model.page.rows, area.width);
    let needs_more = model.page.columns.iter().zip(&columns).take(2).any(|(have, want)| have < want);
    if model.page.measured.as_ref() != Some(&measured) || model.page.grew || needs_more {
        model.page.columns = columns;
        model.page.measured = (!model.page.rows.is_empty()).then_some(measured);
        model.page.grew = false;
    }
}

/// Draws what was settled.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut ink = Ink::new(frame.buffer_mut(), &model.setting.theme);
    ink.style(area, Role::Text);
    let Some(layout) = model.page.layout else {
        return too_small(&mut ink, area);
    };
    top::draw(model, &mut ink, &layout);
    if let Some(area) = layout.diff {
        diff::draw(model, &mut ink, area);
    }
    if let Some(area) = layout.detail {
        detail::draw(model, &mut ink, area);
    }
    if let Some(area) = layout.activity {
        activity::draw(model, &mut ink, area);
    }
    let edited = layout.mapping.and_then(|area| mapping::draw(model, &mut ink, area));
    let edited = layout.source.and_then(|area| source::draw(model, &mut ink, area)).or(edited);
    if let Some(seam) = layout.seam {
        let stroke = if ink.glyphs() == Glyphs::Ascii { "|" } else { "│" };
        for y in seam.y..seam.bottom() {
            ink.put(seam.x, y, 1, stroke, Role::Title);
        }
    }
    let typed = bottom::draw(model, &mut ink, layout.bottom).or(edited);
    let cursor = overlay::draw(model, &mut ink, area).or(typed);
    if let Some(place) = cursor {
        frame.set_cursor_position(place);
    }
}

pub(super) fn too_small(ink: &mut Ink<'_>, area: Rect) {
    let text = format!(
        "the terminal is {}x{}; rosterm needs {}x{}. Until then no key does anything but ctrl-c, which ends",
        area.width, area.height, LEAST.0, LEAST.1
    );
    for (y, line) in (area.y..area.bottom()).zip(super::widget::page::wrap(&text, usize::from(area.width))) {
        ink.put(area.x, y, area.width, &line, Role::Text);
    }
}
