//! A list to choose from, narrowed by typing: help and facets.

use super::field::Field;
use super::grid::window;
use super::ink::{Ink, cells};
use super::page::wrap;
use crate::identity::value::key_form;
use crate::text::width;
use crate::tui::theme::Role;
use ratatui::layout::Rect;

/// Lines below the list in which the words of the marked line stand whole.
pub const WHOLE: u16 = 2;

/// What is typed and where one is.
#[derive(Debug, Clone, Default)]
pub struct Picker {
    /// What narrows the list.
    pub field: Field,
    /// The marked line, counted over those that fit.
    pub at: usize,
    /// The first visible line.
    pub top: usize,
    /// Lines that were visible in the last frame.
    pub height: usize,
}

/// A line to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What sort of thing it is.
    pub group: String,
    /// The words.
    pub words: String,
    /// Keys, or a count.
    pub aside: String,
    /// Why it can't be chosen now.
    pub refused: Option<String>,
    /// It is chosen already.
    pub chosen: bool,
    /// One line more that is told of it while it is marked; empty for none.
    pub more: String,
}

/// Lines below the list: those for the words of the marked line, and one where some line has more to tell.
#[must_use]
pub fn below(items: &[Item]) -> u16 {
    WHOLE + u16::from(items.iter().any(|i| !i.more.is_empty()))
}

impl Picker {
    /// The places of the items that what is typed leaves.
    #[must_use]
    pub fn fitting(&self, items: &[Item]) -> Vec<usize> {
        let text = key_form(self.field.text()).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let fits = |item: &Item| {
            let all = key_form(&format!("{} {} {} {}", item.group, item.words, item.aside, item.more)).into_owned();
            words.iter().all(|w| all.contains(w))
        };
        (0..items.len()).filter(|i| fits(&items[*i])).collect()
    }

    /// Moves the mark by some lines.
    pub fn go(&mut self, by: isize, fitting: usize) {
        self.at = self.at.saturating_add_signed(by).min(fitting.saturating_sub(1));
    }

    /// Brings the mark into the list and the window to the mark.
    pub fn settle(&mut self, fitting: usize, height: usize) {
        self.at = self.at.min(fitting.saturating_sub(1));
        self.height = height;
        self.top = window(self.top, self.at, height, fitting);
    }

    /// Draws what is typed and the list; gives the cursor's place. The top must be settled.
    pub fn draw(&self, ink: &mut Ink<'_>, area: Rect, items: &[Item], nothing: &str) -> (u16, u16) {
        let column = if let Some(wrong) = self.field.wrong() {
            area.x + ink.put(area.x, area.y, area.width, &wrong, Role::Bad).min(area.width.saturating_sub(1))
        } else {
            let prompt = ink.put(area.x, area.y, area.width, "type to find: ", Role::Quiet);
            self.field.draw(ink, Rect { x: area.x + prompt, width: area.width.saturating_sub(prompt), height: 1, ..area })
        };
        let fitting = self.fitting(items);
        let widest = |part: fn(&Item) -> &str, most: usize| cells(items.iter().map(|i| width(part(i))).max().unwrap_or(0).min(most));
        let (group, aside) = (widest(|i| &i.group, 12), widest(|i| &i.aside, usize::from(area.width / 3).max(18)));
        let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below(items)), ..area };
        if let Some(item) = fitting.get(self.at).map(|place| &items[*place]) {
            let why = item.refused.as_ref().map(|why| format!(" (not now: {why})")).unwrap_or_default();
            let lines = wrap(&format!("{}{why}", item.words), usize::from(area.width));
            for (y, line) in (list.bottom()..(list.bottom() + WHOLE).min(area.bottom())).zip(lines) {
                ink.put(area.x, y, area.width, &line, Role::Accent);
            }
            if !item.more.is_empty() {
                ink.put(area.x, area.bottom().saturating_sub(1), area.width, &item.more, Role::Quiet);
            }
        }
        if fitting.is_empty() {
            ink.put(list.x, list.y, list.width, nothing, Role::Quiet);
        }
        for (y, place) in (list.y..list.bottom()).zip(fitting.iter().skip(self.top)) {
            let item = &items[*place];
            let role = if item.refused.is_some() { Role::Quiet } else { Role::Text };
            let mark = if item.chosen { "*" } else { " " };
            let mut x = list.x + ink.put(list.x, y, 2, mark, Role::Accent).max(1) + 1;
            ink.put(x, y, group, &item.group, Role::Quiet);
            x += group + 2;
            ink.put(x, y, aside, &item.aside, Role::Key);
            x += aside + 2;
            let room = list.right().saturating_sub(x);
            let used = ink.put(x, y, room, &item.words, role);
            if let Some(why) = &item.refused {
                ink.put(x + used + 1, y, room.saturating_sub(used + 1), &format!("(not now: {why})"), Role::Quiet);
            }
            if fitting.get(self.at) == Some(place) {
                ink.style(Rect { y, height: 1, ..list }, Role::Cursor);
            }
        }
        (column, area.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_typed_must_be_somewhere_in_the_line_in_any_letter_case() {
        let item = |group: &str, words: &str| Item {
            group: group.into(),
            words: words.into(),
            aside: "12".into(),
            refused: None,
            chosen: false,
            more: String::new(),
        };
        let items = [item("situation", "Leaving"), item("reason", "left the source"), item("action", "disable")];
        for (typed, expected) in
            [("", vec![0, 1, 2]), ("LE", vec![0, 1, 2]), ("leav", vec![0]), ("son lef", vec![1]), ("zzz", vec![]), ("12 action", vec![2])]
        {
            let picker = Picker { field: Field::of(typed), ..Picker::default() };
            assert_eq!(picker.fitting(&items), expected, "{typed}");
        }
    }
}
