//! One press of a key with what is held down: read from a keymap, shown in the help, compared with what a terminal sends.
//!
//! A terminal sends a capital letter with or without shift, and shift-tab under a name of its own: both are brought into one form.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// A key and what is held down with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    held: KeyModifiers,
}

/// The keys that have a name.
const NAMED: [(&str, KeyCode); 17] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("minus", KeyCode::Char('-')),
];

impl Chord {
    /// What a terminal sent.
    #[must_use]
    pub fn of(key: &KeyEvent) -> Self {
        let mut held = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        let code = match key.code {
            // With ctrl held down terminals do not tell capitals.
            KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::Char(c.to_uppercase().next().unwrap_or(c)),
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            KeyCode::Char(c) => KeyCode::Char(c),
            other => {
                held |= key.modifiers & KeyModifiers::SHIFT;
                other
            }
        };
        let held = if code == KeyCode::BackTab { held - KeyModifiers::SHIFT } else { held };
        Chord { code, held }
    }

    /// The chord that a keymap names; nothing for one that there is not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut held = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, name) = match rest.split_once('-') {
                Some(("ctrl", name)) => (KeyModifiers::CONTROL, name),
                Some(("alt", name)) => (KeyModifiers::ALT, name),
                Some(("shift", name)) => (KeyModifiers::SHIFT, name),
                _ => break,
            };
            held |= modifier;
            rest = name;
        }
        let function = || rest.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n)).map(KeyCode::F);
        let single = || {
            let mut chars = rest.chars();
            chars.next().filter(|c| chars.next().is_none() && !c.is_whitespace() && !c.is_control()).map(KeyCode::Char)
        };
        let code = NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code).or_else(function).or_else(single)?;
        Some(Chord::of(&KeyEvent::new(code, held)))
    }

    /// True if ctrl or alt is held down: it writes nothing, so it may mean something while one types.
    #[must_use]
    pub fn writes_nothing(self) -> bool {
        !self.held.is_empty() || matches!(self.code, KeyCode::F(_))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")] {
            if self.held.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some(("backtab", _)), _) => f.write_str("shift-tab"),
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_keymap_names_is_what_a_terminal_sends() {
        let (none, shift, ctrl, alt) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL, KeyModifiers::ALT);
        for (text, code, held, shown) in [
            ("j", KeyCode::Char('j'), none, "j"),
            ("G", KeyCode::Char('G'), shift, "G"),
            ("G", KeyCode::Char('g'), shift, "G"),
            ("G", KeyCode::Char('G'), none, "G"),
            ("?", KeyCode::Char('?'), shift, "?"),
            ("ctrl-c", KeyCode::Char('c'), ctrl, "ctrl-c"),
            ("ctrl-c", KeyCode::Char('C'), ctrl | shift, "ctrl-c"),
            ("alt-x", KeyCode::Char('x'), alt, "alt-x"),
            ("backtab", KeyCode::BackTab, shift, "shift-tab"),
            ("shift-tab", KeyCode::Tab, shift, "shift-tab"),
            ("f12", KeyCode::F(12), none, "f12"),
            ("space", KeyCode::Char(' '), none, "space"),
            ("ctrl-minus", KeyCode::Char('-'), ctrl, "ctrl-minus"),
            ("-", KeyCode::Char('-'), none, "minus"),
            ("shift-up", KeyCode::Up, shift, "shift-up"),
            ("ö", KeyCode::Char('ö'), none, "ö"),
        ] {
            let chord = Chord::parse(text).unwrap();
            assert_eq!(chord, Chord::of(&KeyEvent::new(code, held)), "{text}");
            assert_eq!(chord.to_string(), shown);
            assert_eq!(Chord::parse(shown), Some(chord));
        }
        for text in ["", "f13", "f0", "ctrl-", "entr", "jj", "hyper-x", "\u{1b}"] {
            assert_eq!(Chord::parse(text), None, "{text}");
        }
    }
}
