//! Text on its way to the screen: the only door, so that nothing from outside gets there uncleaned or wider than its room.

use crate::text::{clean, cut, width};
use crate::tui::theme::{Glyphs, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::borrow::Cow;

/// A buffer that is written on in the styles of a theme.
pub struct Ink<'f> {
    buffer: &'f mut Buffer,
    theme: &'f Theme,
}

impl<'f> Ink<'f> {
    /// Writes on this buffer.
    pub fn new(buffer: &'f mut Buffer, theme: &'f Theme) -> Self {
        Ink { buffer, theme }
    }

    /// With which characters lines are drawn.
    #[must_use]
    pub fn glyphs(&self) -> Glyphs {
        self.theme.glyphs()
    }

    /// Writes a text into at most `room` cells of the line `y` from `x` on; cleaned, cut with a mark. Gives the cells it took.
    pub fn put(&mut self, x: u16, y: u16, room: u16, text: &str, role: Role) -> u16 {
        let style = self.theme.style(role);
        self.put_styled(x, y, room, text, style)
    }

    /// The same over what is there already: only the text and what the style says change.
    fn put_styled(&mut self, x: u16, y: u16, room: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if x < area.left() || x >= area.right() || y < area.top() || y >= area.bottom() || room == 0 {
            return 0;
        }
        let room = room.min(area.right() - x);
        let text = shown(text, usize::from(room), self.theme.glyphs());
        let (end, _) = self.buffer.set_stringn(x, y, &text, usize::from(room), style);
        end.saturating_sub(x)
    }

    /// Writes several texts one behind the other; gives the cells they took.
    pub fn line(&mut self, x: u16, y: u16, room: u16, spans: &[(Role, Cow<'_, str>)]) -> u16 {
        let mut used = 0;
        for (role, text) in spans {
            used += self.put(x + used, y, room.saturating_sub(used), text, *role);
        }
        used
    }

    /// Gives everything in an area the style of a role, on top of what it has.
    pub fn style(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        // Most themes leave plain text as the terminal has it: then there is nothing to do for every cell.
        if style != Style::default() {
            self.buffer.set_style(area.intersection(self.buffer.area), style);
        }
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        self.style(area, Role::Text);
    }

    /// A line across with a title in it; a heavy one where keys go to.
    pub fn rule(&mut self, x: u16, y: u16, room: u16, title: &[(Role, Cow<'_, str>)], focused: bool) {
        let role = if focused { Role::TitleFocus } else { Role::Title };
        let stroke = match (self.theme.glyphs(), focused) {
            (Glyphs::Lines, true) => "━",
            (Glyphs::Lines, false) => "─",
            (Glyphs::Ascii, true) => "=",
            (Glyphs::Ascii, false) => "-",
        };
        let mut used = self.put(x, y, room, stroke, role);
        if !title.is_empty() {
            used += self.put(x + used, y, room.saturating_sub(used), " ", role);
            used += self.line(x + used, y, room.saturating_sub(used + 2), title);
            used += self.put(x + used, y, room.saturating_sub(used), " ", role);
        }
        let rest = stroke.repeat(usize::from(room.saturating_sub(used)));
        self.put(x + used, y, room.saturating_sub(used), &rest, role);
    }

    /// A box, emptied; gives what is inside of it.
    pub fn frame(&mut self, area: Rect, title: &str, foot: &str) -> Rect {
        self.clear(area);
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let [corner_a, corner_b, corner_c, corner_d, side] = match self.theme.glyphs() {
            Glyphs::Lines => ["┌", "┐", "└", "┘", "│"],
            Glyphs::Ascii => ["+", "+", "+", "+", "|"],
        };
        let (left, right, bottom) = (area.x, area.right() - 1, area.bottom() - 1);
        let strong = |text: &str| if text.is_empty() { Vec::new() } else { vec![(Role::TitleFocus, Cow::Owned(text.to_owned()))] };
        self.rule(left + 1, area.y, area.width - 2, &strong(title), false);
        let foot = if foot.is_empty() { Vec::new() } else { vec![(Role::Quiet, Cow::Owned(foot.to_owned()))] };
        self.rule(left + 1, bottom, area.width - 2, &foot, false);
        for (x, y, glyph) in [(left, area.y, corner_a), (right, area.y, corner_b), (left, bottom, corner_c), (right, bottom, corner_d)] {
            self.put(x, y, 1, glyph, Role::Title);
        }
        for y in area.y + 1..bottom {
            self.put(left, y, 1, side, Role::Title);
            self.put(right, y, 1, side, Role::Title);
        }
        Rect { x: left + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
    }
}

/// A count of cells or lines as a terminal counts them.
#[must_use]
pub fn cells(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// What is shown of a value in so many cells: cleaned, cut with a mark, and with ASCII for our own signs where that is wanted.
///
/// However long the value is, only about as much as fits is looked at.
#[must_use]
pub fn shown(value: &str, cells: usize, glyphs: Glyphs) -> Cow<'_, str> {
    // Four characters a cell leave room for marks that are written above and below a letter, and end a tower of them.
    let head = value.char_indices().nth(cells * 4 + 16).map_or(value, |(end, _)| &value[..end]);
    let longer = head.len() < value.len();
    let mut text = clean(head);
    if glyphs == Glyphs::Ascii && text.contains(['→', '·', '…', '—']) {
        text = Cow::Owned(text.replace('→', "->").replace('·', "-").replace('…', "...").replace('—', "-"));
    }
    if !longer && (text.len() <= cells || width(&text) <= cells) {
        return text;
    }
    if longer {
        // So that the mark is set also where what was cut off takes no room.
        text.to_mut().push_str("   ");
    }
    let mut short = cut(&text, cells).into_owned();
    if glyphs == Glyphs::Ascii && short.ends_with('…') {
        short.pop();
        short.push('~');
    }
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_shown_fits_is_clean_and_says_that_it_was_cut() {
        let tower = format!("a{}", "\u{301}".repeat(10_000));
        for (value, cells, glyphs, told) in [
            ("abc", 3, Glyphs::Lines, "abc"),
            ("abcd", 3, Glyphs::Lines, "ab…"),
            ("abcd", 3, Glyphs::Ascii, "ab~"),
            ("a → b · c", 20, Glyphs::Ascii, "a -> b - c"),
            ("\u{1b}[2J\u{202e}x", 20, Glyphs::Lines, "\u{fffd}[2J\u{fffd}x"),
            ("小明王", 5, Glyphs::Lines, "小明…"),
        ] {
            assert_eq!(shown(value, cells, glyphs), told);
        }
        assert!(shown(&tower, 10, Glyphs::Lines).chars().count() < 80);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(value in "\\PC{0,60}|[\\x00-\\x1f\u{301}\u{200d}a-z😀]{0,200}", cells in 1usize..40) {
            for glyphs in [Glyphs::Lines, Glyphs::Ascii] {
                prop_assert!(width(&shown(&value, cells, glyphs)) <= cells);
            }
        }
    }
}
