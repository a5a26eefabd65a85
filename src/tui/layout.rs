//! Where things are: a size goes in, rectangles come out.
//!
//! From 120 columns on two columns stand side by side: on the left what decides (where people come from, over the rules), on the right
//! what follows from it (the list, over one user or the runs). Below that one pane is shown at a time. Below 60x15 there is one
//! sentence.

use super::model::Pane;
use ratatui::layout::Rect;

/// The narrowest and lowest terminal that anything is drawn on.
pub const LEAST: (u16, u16) = (60, 15);

/// True where there is room to show something.
#[must_use]
pub const fn fits(width: u16, height: u16) -> bool {
    width >= LEAST.0 && height >= LEAST.1
}
/// From this size on both columns are shown.
const WIDE: (u16, u16) = (120, 24);
/// The left column has so many of a hundred cells, within these bounds: the list needs more room than what it comes from.
const LEFT: (u16, u16, u16) = (36, 42, 72);
/// The least height of a pane that shares its column.
const PANE: u16 = 6;

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Channel and both sides.
    pub top: Rect,
    /// What has to be known first.
    pub banner: Rect,
    /// The panes' names, where only one is shown.
    pub tabs: Option<Rect>,
    /// Where people come from.
    pub source: Option<Rect>,
    /// The rules.
    pub mapping: Option<Rect>,
    /// The line between the columns.
    pub seam: Option<Rect>,
    /// The list.
    pub diff: Option<Rect>,
    /// One user.
    pub detail: Option<Rect>,
    /// What is sent, and what was.
    pub activity: Option<Rect>,
    /// Keys, a sentence, or what is being typed.
    pub bottom: Rect,
}

/// What decides about the layout beside the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Lines of the top.
    pub top: u16,
    /// Lines of the banner.
    pub banner: u16,
    /// Lines that the source location would like to have.
    pub source: u16,
    /// Lines that the details, or the runs, would like to have.
    pub lower: u16,
    /// The pane that keys go to.
    pub focus: Pane,
    /// Something is being sent: that is seen wherever there is room for it.
    pub is_sending: bool,
}

impl Wants {
    /// True if the runs are shown in place of the details.
    #[must_use]
    pub fn activity(&self) -> bool {
        self.focus == Pane::Activity || (self.is_sending && self.focus != Pane::Detail)
    }
}

/// True if both columns are shown in this size.
#[must_use]
pub fn is_wide(area: Rect) -> bool {
    area.width >= WIDE.0 && area.height >= WIDE.1
}

/// Where things are in this area; nothing where it is too small.
#[must_use]
pub fn layout(area: Rect, wants: Wants) -> Option<Layout> {
    if !fits(area.width, area.height) {
        return None;
    }
    let mut y = area.y;
    let mut take = |lines: u16| {
        let lines = lines.min(area.bottom().saturating_sub(y));
        let rect = Rect { y, height: lines, ..area };
        y += lines;
        rect
    };
    let top = take(wants.top.clamp(1, 2));
    // However much there is to say, the list stays.
    let banner = take(wants.banner.min(area.height / 4));
    let wide = is_wide(area);
    let tabs = (!wide).then(|| take(1));
    let body = take(area.bottom() - 1 - top.height - banner.height - tabs.map_or(0, |t| t.height) - area.y);
    let bottom = take(1);
    let none = Layout { top, banner, tabs, bottom, source: None, mapping: None, seam: None, diff: None, detail: None, activity: None };
    if !wide {
        let body = Some(body);
        return Some(match wants.focus {
            Pane::Source => Layout { source: body, ..none },
            Pane::Mapping => Layout { mapping: body, ..none },
            Pane::Diff => Layout { diff: body, ..none },
            Pane::Detail => Layout { detail: body, ..none },
            Pane::Activity => Layout { activity: body, ..none },
        });
    }
    let (share, least, most) = LEFT;
    let left = Rect { width: (area.width * share / 100).clamp(least, most), ..body };
    let seam = Rect { x: left.right(), width: 1, ..body };
    let right = Rect { x: seam.right(), width: area.right() - seam.right(), ..body };
    // Whoever is in the mapping sees what a rule does; of the source the clauses that decide stand first.
    let most = if wants.focus == Pane::Source { body.height / 2 } else { body.height * 2 / 5 };
    let (source, mapping) = split(left, wants.source.clamp(PANE, most.max(PANE)));
    let lower = wants.lower.clamp(8, (body.height * 45 / 100).max(8));
    let (diff, lower) = split(right, body.height.saturating_sub(lower));
    let (detail, activity) = if wants.activity() { (None, Some(lower)) } else { (Some(lower), None) };
    Some(Layout { source: Some(source), mapping: Some(mapping), seam: Some(seam), diff: Some(diff), detail, activity, ..none })
}

/// The first so many lines of an area, and the others.
fn split(area: Rect, upper: u16) -> (Rect, Rect) {
    let upper = upper.min(area.height);
    (Rect { height: upper, ..area }, Rect { y: area.y + upper, height: area.height - upper, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANES: [Pane; 5] = [Pane::Source, Pane::Mapping, Pane::Diff, Pane::Detail, Pane::Activity];

    fn parts(l: &Layout) -> Vec<Rect> {
        [Some(l.top), Some(l.banner), l.tabs, l.source, l.mapping, l.seam, l.diff, l.detail, l.activity, Some(l.bottom)]
            .into_iter()
            .flatten()
            .collect()
    }

    #[test]
    fn panes_cover_the_area_without_overlap_and_each_keeps_room() {
        for width in [1, 59, 60, 80, 119, 120, 200, 400] {
            for height in [1, 14, 15, 16, 23, 24, 40, 60, 200] {
                for (banner, lines) in [(0, 1), (1, 12), (3, 18), (50, 90)] {
                    for focus in PANES {
                        let area = Rect::new(0, 0, width, height);
                        let wants = Wants { top: 2, banner, source: lines, lower: lines, focus, is_sending: lines == 12 };
                        let Some(l) = layout(area, wants) else {
                            assert!(width < 60 || height < 15);
                            continue;
                        };
                        let parts = parts(&l);
                        let covered: u32 = parts.iter().map(|r| r.area()).sum();
                        assert_eq!(covered, area.area(), "{width}x{height} {l:?}");
                        for (i, part) in parts.iter().enumerate() {
                            assert!(area.intersection(*part) == *part && parts[..i].iter().all(|o| o.intersection(*part).area() == 0));
                        }
                        let panes = [l.source, l.mapping, l.diff, l.detail, l.activity];
                        assert!(panes.iter().flatten().all(|r| r.height >= 6 && r.width >= 42), "{width}x{height} {l:?}");
                        let shown = [l.source, l.mapping, l.diff, l.detail, l.activity][PANES.iter().position(|p| *p == focus).unwrap()];
                        assert!(shown.is_some(), "the pane that keys go to is shown: {l:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_runs_take_the_lower_right_when_chosen_or_while_something_is_sent() {
        for (focus, is_sending, runs) in [
            (Pane::Diff, false, false),
            (Pane::Activity, false, true),
            (Pane::Diff, true, true),
            (Pane::Source, true, true),
            (Pane::Detail, true, false),
        ] {
            let wants = Wants { top: 1, banner: 0, source: 12, lower: 18, focus, is_sending };
            let l = layout(Rect::new(0, 0, 160, 48), wants).unwrap();
            assert_eq!((l.activity.is_some(), l.detail.is_some()), (runs, !runs), "{focus:?}");
        }
    }
}
