//! Where things are: a size goes in, rectangles come out.
//!
//! From 120 columns on the list stands above the details, or the runs; below that one pane is shown at a time. (The left column with
//! source location and mapping comes with what can be changed there.) Below 60x15 there is one sentence.

use super::model::Pane;
use ratatui::layout::Rect;

/// The narrowest and lowest terminal that anything is drawn on.
pub const LEAST: (u16, u16) = (60, 15);
/// From this size on both panes are shown.
const WIDE: (u16, u16) = (120, 24);

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Channel and both sides.
    pub top: Rect,
    /// What has to be known first.
    pub banner: Rect,
    /// The panes' names, where only one is shown.
    pub tabs: Option<Rect>,
    /// The list.
    pub diff: Option<Rect>,
    /// One user.
    pub detail: Option<Rect>,
    /// The rules.
    pub mapping: Option<Rect>,
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
    /// Lines that the details, or the runs, would like to have.
    pub detail: u16,
    /// The pane that keys go to.
    pub focus: Pane,
}

/// True if both panes are shown in this size.
#[must_use]
pub fn is_wide(area: Rect) -> bool {
    area.width >= WIDE.0 && area.height >= WIDE.1
}

/// Where things are in this area; nothing where it is too small.
#[must_use]
pub fn layout(area: Rect, wants: Wants) -> Option<Layout> {
    if area.width < LEAST.0 || area.height < LEAST.1 {
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
    let (diff, lower) = match (wide, wants.focus) {
        (true, _) => {
            let lower = wants.detail.clamp(8, (body.height * 45 / 100).max(8));
            let upper = body.height.saturating_sub(lower);
            (Some(Rect { height: upper, ..body }), Some(Rect { y: body.y + upper, height: lower, ..body }))
        }
        (false, Pane::Diff) => (Some(body), None),
        (false, Pane::Detail | Pane::Mapping | Pane::Activity) => (None, Some(body)),
    };
    let (detail, mapping, activity) = match wants.focus {
        Pane::Diff | Pane::Detail => (lower, None, None),
        Pane::Mapping => (None, lower, None),
        Pane::Activity => (None, None, lower),
    };
    Some(Layout { top, banner, tabs, diff, detail, mapping, activity, bottom })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_never_overlap_never_leave_the_area_and_the_list_keeps_room() {
        for width in [1, 59, 60, 80, 119, 120, 200, 400] {
            for height in [1, 14, 15, 16, 23, 24, 40, 60, 200] {
                for banner in [0, 1, 3, 50] {
                    for focus in [Pane::Diff, Pane::Detail, Pane::Mapping, Pane::Activity] {
                        let area = Rect::new(0, 0, width, height);
                        let Some(l) = layout(area, Wants { top: 2, banner, detail: 18, focus }) else {
                            assert!(width < 60 || height < 15);
                            continue;
                        };
                        let parts: Vec<Rect> =
                            [Some(l.top), Some(l.banner), l.tabs, l.diff, l.detail, l.mapping, l.activity, Some(l.bottom)]
                                .into_iter()
                                .flatten()
                                .collect();
                        let lines: u16 = parts.iter().map(|r| r.height).sum();
                        assert_eq!(lines, height, "{width}x{height} {l:?}");
                        for pair in parts.windows(2) {
                            assert_eq!(pair[0].bottom(), pair[1].y, "{width}x{height} {l:?}");
                        }
                        assert!(l.diff.or(l.detail).or(l.mapping).or(l.activity).unwrap().height >= 6, "{width}x{height} {l:?}");
                    }
                }
            }
        }
    }
}
