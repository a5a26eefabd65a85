//! Lines of text in styles, wrapped: what is said about a user, about both ends, in a banner.

use super::ink::Ink;
use crate::text::{clean, width};
use crate::tui::theme::Role;
use ratatui::layout::Rect;
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// The most lines that one text gets; what is longer is counted.
const MOST: usize = 12;

/// One line: pieces of text, each with its role.
pub type Line = Vec<(Role, Cow<'static, str>)>;

/// A line of one piece.
#[must_use]
pub fn plain(role: Role, text: impl Into<Cow<'static, str>>) -> Line {
    vec![(role, text.into())]
}

/// A label and a text that is wrapped beside it.
pub fn labelled(lines: &mut Vec<Line>, label: &str, room: usize, role: Role, text: &str) {
    const LABEL: usize = 10;
    let wrapped = wrap(text, room.saturating_sub(LABEL).max(8));
    for (i, part) in wrapped.into_iter().enumerate() {
        let label = if i == 0 { format!("{label:<LABEL$}") } else { " ".repeat(LABEL) };
        lines.push(vec![(Role::Quiet, label.into()), (role, part.into())]);
    }
}

/// A text in lines of at most `room` cells, broken between words where that is possible; cleaned. What needs more than
/// 12 lines is cut, and the rest is counted.
#[must_use]
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let enough = MOST * room;
    let head = text.char_indices().nth(enough).map_or(text, |(end, _)| &text[..end]);
    let more = text[head.len()..].chars().count();
    let text = clean(head);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width(word);
        if used > 0 && used + 1 + wide > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        if wide <= room {
            line.push_str(word);
            used += wide;
            continue;
        }
        for c in word.chars() {
            let cells = c.width().unwrap_or(0);
            if used + cells > room && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += cells;
        }
    }
    lines.push(line);
    let cut = lines.len() > MOST;
    lines.truncate(MOST);
    if more > 0 || cut {
        let last = lines.len() - 1;
        lines[last] = if more > 0 { format!("… and {} more characters", crate::text::count(more)) } else { "…".to_owned() };
    }
    lines
}

/// Draws the lines from `top` on; says in the corner how many lie below.
pub fn draw(ink: &mut Ink<'_>, area: Rect, lines: &[Line], top: usize) {
    draw_by(ink, area, lines, top, "");
}

/// As [`draw`], with the key that shows what lies below.
pub fn draw_by(ink: &mut Ink<'_>, area: Rect, lines: &[Line], top: usize, key: &str) {
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
        ink.line(area.x, y, area.width, line);
    }
    let below = lines.len().saturating_sub(top + usize::from(area.height));
    if below > 0 && area.height > 0 && area.width > 16 {
        let text = if key.is_empty() { format!(" {below} more below ") } else { format!(" {below} more below: {key} ") };
        let wide = super::ink::cells(text.len());
        ink.put(area.right() - wide, area.bottom() - 1, wide, &text, Role::Chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_broken_between_words_and_long_words_within() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("a\nb", 4), ["a b"]);
        let long = wrap(&"x".repeat(10_000), 10);
        assert_eq!((long.len(), long[11].as_str()), (12, "… and 9,880 more characters"));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room_but_for_one_wide_letter(text in "\\PC{0,200}", room in 2usize..40) {
            for line in wrap(&text, room) {
                prop_assert!(width(&line) <= room || line.starts_with('…'), "{line:?}");
            }
        }
    }
}
