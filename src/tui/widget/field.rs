//! A line of text that is typed: a cursor, words, paste. What is pasted is cleaned; a line end becomes a blank. What does not fit
//! is not taken at all: half a list of those who are protected is worse than none, if nobody knows.

use super::ink::{Ink, cells};
use crate::config::secret::address::hidden;
use crate::config::secret::typed::may_be_shown;
use crate::text::{clean, count, width, width_of_chars};
use crate::tui::theme::Role;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

/// The longest text that is typed, in characters: a list of a thousand addresses.
const LONGEST: usize = 20_000;

/// A field in which the place of a secret is typed, as it may be seen: what is none of the places may be the secret, and is stars.
#[must_use]
pub fn typed_secret(field: &Field) -> Field {
    if may_be_shown(&field.text) { field.clone() } else { Field::of(&"*".repeat(field.text.chars().count())) }
}

/// A field in which an address may be typed, as it may be seen: what stands before its @, and secrets in its query, are stars.
#[must_use]
pub fn typed_address(field: &Field, is_address: bool) -> Field {
    let hidden = hidden(&field.text, is_address);
    let mut shown = Field::default();
    for (i, c) in field.text.char_indices() {
        if i == field.cursor {
            shown.cursor = shown.text.len();
        }
        shown.text.push(if hidden.iter().any(|range| range.contains(&i)) { '*' } else { c });
    }
    if field.cursor == field.text.len() {
        shown.cursor = shown.text.len();
    }
    shown
}

/// A line of text and the cursor in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// A byte offset on a character boundary.
    cursor: usize,
    /// Characters that did not fit, until a key that removes something is pressed.
    left_out: usize,
}

impl Field {
    /// A text with the cursor behind it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = clean(text).into_owned();
        Field { cursor: text.len(), text, left_out: 0 }
    }

    /// What is wrong where something that was typed or pasted did not fit: whoever goes on with the text as it is may believe it is in it.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        let (n, most) = (count(self.left_out), count(LONGEST));
        (self.left_out > 0).then(|| format!("{n} characters do not fit (at most {most}): none was taken; backspace"))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Does what a key means in a line of text; true if it means something there.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char(c) if !ctrl && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if alt || ctrl => self.remove(self.word_before(), self.cursor),
            KeyCode::Char('w' | 'h') if ctrl => self.remove(self.word_before(), self.cursor),
            KeyCode::Backspace => self.remove(self.before(), self.cursor),
            KeyCode::Delete if alt || ctrl => self.remove(self.cursor, self.word_after()),
            KeyCode::Char('d') if alt => self.remove(self.cursor, self.word_after()),
            KeyCode::Delete => self.remove(self.cursor, self.after()),
            KeyCode::Char('u') if ctrl => self.remove(0, self.cursor),
            KeyCode::Char('k') if ctrl => self.remove(self.cursor, self.text.len()),
            KeyCode::Left if alt || ctrl => self.cursor = self.word_before(),
            KeyCode::Char('b') if alt => self.cursor = self.word_before(),
            KeyCode::Right if alt || ctrl => self.cursor = self.word_after(),
            KeyCode::Char('f') if alt => self.cursor = self.word_after(),
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::Char('a') if ctrl => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Char('e') if ctrl => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    /// Puts a text in at the cursor; all of it or, where it does not fit, nothing ([`Field::wrong`]).
    pub fn insert(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text.chars().count());
        let text = clean(text.trim_end_matches(['\n', '\r']));
        let long = text.chars().count();
        if long > room {
            self.left_out += long;
            return;
        }
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
    }

    /// The same for a list of names with commas between them: each line of a text is one or more of them. With blanks between lines
    /// they would be a single name, which nobody has.
    pub fn insert_names(&mut self, text: &str) {
        let is_line_end = ['\n', '\r'];
        if !text.trim().contains(is_line_end) {
            return self.insert(text);
        }
        let lines = text.split(is_line_end).map(|line| line.trim().trim_matches(',').trim()).filter(|line| !line.is_empty());
        let names = lines.collect::<Vec<_>>().join(", ");
        let (before, after) = (self.text[..self.cursor].trim_end(), self.text[self.cursor..].trim_start());
        let apart = |is_apart: bool| if is_apart { "" } else { ", " };
        let (first, last) = (apart(before.is_empty() || before.ends_with(',')), apart(after.is_empty() || after.starts_with(',')));
        self.insert(&format!("{first}{names}{last}"));
    }

    fn remove(&mut self, from: usize, to: usize) {
        // It says that it goes on without them: nothing of what is there is to be lost by that.
        if std::mem::take(&mut self.left_out) > 0 {
            return;
        }
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(i, _)| i)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    /// Where the word before the cursor begins.
    fn word_before(&self) -> usize {
        let words = self.text[..self.cursor].trim_end_matches(|c: char| !c.is_alphanumeric());
        words.trim_end_matches(char::is_alphanumeric).len()
    }

    /// Where the word behind the cursor ends.
    fn word_after(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let word = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        self.text.len() - word.trim_start_matches(char::is_alphanumeric).len()
    }

    /// A place at or before the one from which so many cells are seen up to the cursor, and not far before it.
    fn about(&self, room: usize) -> usize {
        let mut seen = 0;
        // A sign of several characters is narrower than all of them.
        let is_seen = |c: char| {
            seen += width_of_chars(c.encode_utf8(&mut [0; 4]), 1);
            seen <= 16 * (room + 1)
        };
        let before = &self.text[..self.cursor];
        before.trim_end_matches(is_seen).len()
    }

    /// Draws the text so that the cursor is visible; gives the cursor's column.
    pub fn draw(&self, ink: &mut Ink<'_>, area: Rect) -> u16 {
        let room = usize::from(area.width.saturating_sub(1));
        let mut start = self.about(room);
        while width(&self.text[start..self.cursor]) > room {
            start += self.text[start..].chars().next().map_or(1, char::len_utf8);
        }
        ink.put(area.x, area.y, area.width, &self.text[start..], Role::Strong);
        area.x + cells(width(&self.text[start..self.cursor])).min(area.width.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn press(code: KeyCode, held: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, held)
    }

    #[test]
    fn keys_edit_as_in_a_shell() {
        let (none, ctrl, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
        let typed = "ann lee-smith";
        for (keys, text, cursor) in [
            (vec![], "ann lee-smith", 13),
            (vec![(KeyCode::Backspace, none)], "ann lee-smit", 12),
            (vec![(KeyCode::Char('w'), ctrl)], "ann lee-", 8),
            (vec![(KeyCode::Char('w'), ctrl), (KeyCode::Char('w'), ctrl)], "ann ", 4),
            (vec![(KeyCode::Left, ctrl), (KeyCode::Left, alt)], "ann lee-smith", 4),
            (vec![(KeyCode::Home, none), (KeyCode::Right, ctrl)], "ann lee-smith", 3),
            (vec![(KeyCode::Home, none), (KeyCode::Delete, none)], "nn lee-smith", 0),
            (vec![(KeyCode::Char('a'), ctrl), (KeyCode::Char('d'), alt)], " lee-smith", 0),
            (vec![(KeyCode::Char('b'), alt), (KeyCode::Char('k'), ctrl)], "ann lee-", 8),
            (vec![(KeyCode::Char('b'), alt), (KeyCode::Char('u'), ctrl)], "smith", 0),
            (vec![(KeyCode::Left, none), (KeyCode::Char('X'), KeyModifiers::SHIFT)], "ann lee-smitXh", 13),
        ] {
            let mut field = Field::of(typed);
            for (code, held) in keys {
                assert!(field.key(&press(code, held)));
            }
            assert_eq!((field.text(), field.cursor), (text, cursor));
        }
        assert!(!Field::of("x").key(&press(KeyCode::Enter, none)));
        assert!(!Field::of("x").key(&press(KeyCode::F(1), none)));
    }

    #[test]
    fn what_stands_before_the_at_of_an_address_is_stars_and_the_cursor_stays_where_it_is() {
        let mut field = Field::of("https://é:ü@host");
        assert_eq!(typed_address(&field, true), Field::of("https://***@host"));
        for _ in 0..6 {
            field.key(&press(KeyCode::Left, KeyModifiers::NONE));
        }
        let shown = typed_address(&field, true);
        assert_eq!((shown.text(), shown.cursor), ("https://***@host", 10));
    }

    #[test]
    fn what_is_pasted_is_cleaned_and_bounded() {
        let mut field = Field::of("a");
        field.insert("b\nc\u{1b}[2J\r\n");
        assert_eq!(field.text(), "ab c\u{fffd}[2J");
        let long = "é".repeat(LONGEST - field.text().chars().count());
        field.insert(&long);
        assert_eq!((field.text().chars().count(), field.wrong()), (LONGEST, None));
    }

    #[test]
    fn lines_that_are_pasted_into_a_list_become_names_with_commas_between_them() {
        for (before, after, pasted, text) in [
            ("", "", "a@x\nb@x\n", "a@x, b@x"),
            ("", "", "a@x,\r\nb@x,\r\n\r\n", "a@x, b@x"),
            ("root", "", "a@x\rb@x", "root, a@x, b@x"),
            ("root, ", "", "a@x\nb@x", "root, a@x, b@x"),
            ("root, ", "admin", "a@x\nb@x", "root, a@x, b@x, admin"),
            ("root", ", admin", "\n  a@x\n\"Smith, Ann\"", "root, a@x, \"Smith, Ann\", admin"),
            ("ro", "", "ot\n", "root"),
        ] {
            let mut field = Field::of(&format!("{before}{after}"));
            field.cursor = before.len();
            field.insert_names(pasted);
            assert_eq!(field.text(), text, "{before}|{after} {pasted:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_taken_and_told_until_something_is_removed() {
        let mut field = Field::of("a, ");
        field.insert(&"é, ".repeat(10_000));
        assert_eq!((field.text(), field.wrong().is_some()), ("a, ", true));
        field.key(&press(KeyCode::Char('b'), KeyModifiers::NONE));
        assert_eq!(field.wrong().unwrap(), "30,000 characters do not fit (at most 20,000): none was taken; backspace");
        field.key(&press(KeyCode::Backspace, KeyModifiers::NONE));
        assert_eq!((field.text(), field.wrong()), ("a, b", None));
        field.key(&press(KeyCode::Backspace, KeyModifiers::NONE));
        assert_eq!(field.text(), "a, ");
        // What stands in a file may be longer; it is not cut.
        let long = "x".repeat(2 * LONGEST);
        let mut field = Field::of(&long);
        field.key(&press(KeyCode::Char('b'), KeyModifiers::NONE));
        assert!(field.text() == long && field.wrong().is_some());
    }

    proptest! {
        #[test]
        fn no_sequence_of_keys_leaves_the_text(keys in prop::collection::vec((0usize..14, any::<bool>(), any::<bool>()), 0..60), text in "\\PC{0,20}") {
            let codes = [KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::Backspace, KeyCode::Delete,
                KeyCode::Char('w'), KeyCode::Char('é'), KeyCode::Char(' '), KeyCode::Char('u'), KeyCode::Char('k'), KeyCode::Char('d'), KeyCode::Char('b'), KeyCode::Char('f')];
            let mut field = Field::of(&text);
            for (code, ctrl, alt) in keys {
                let mut held = KeyModifiers::NONE;
                held.set(KeyModifiers::CONTROL, ctrl);
                held.set(KeyModifiers::ALT, alt);
                field.key(&press(codes[code], held));
                prop_assert!(field.text.is_char_boundary(field.cursor));
            }
        }
    }
}
