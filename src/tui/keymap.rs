//! Which keys do what: `assets/keymap.toml` against the table of actions.
//!
//! What must stay true: a key has one meaning in a place. What holds everywhere is bound in no pane a second time, so that
//! the same key never does two things depending on where one looks.

mod chord;
mod own;

pub use chord::Chord;

use super::action::{Scope, TABLE, Verb};
use crate::config::reader::{Document, did_you_mean};
use crate::error::Result;
use std::collections::HashMap;

const BUILT_IN: &str = include_str!("../../assets/keymap.toml");

/// Which keys do what.
#[derive(Debug, Clone)]
pub struct Keymap {
    bound: HashMap<(Scope, Chord), Verb>,
    chords: Vec<(Verb, Chord)>,
}

impl Keymap {
    /// The keymap that is built in.
    ///
    /// # Errors
    /// None; a test reads it.
    pub fn built_in() -> Result<Self> {
        Keymap::parse("assets/keymap.toml", BUILT_IN)
    }

    /// A keymap from the text of a file.
    ///
    /// # Errors
    /// A name that is no action, a text that is no key, a key that would mean two things; each with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let document = Document::parse(file, text)?;
        let mut root = document.root();
        let mut map = Keymap { bound: HashMap::new(), chords: Vec::new() };
        for scope in Scope::ALL {
            let Some(mut section) = root.section(scope.name())? else { continue };
            for entry in TABLE.iter().filter(|e| e.scope == *scope) {
                for name in section.strings(entry.name)?.unwrap_or_default() {
                    let Some(chord) = Chord::parse(&name.value) else {
                        return Err(name
                            .error(format!("there is no key `{}`", name.value))
                            .hint("a key is one character, or a name such as enter, pageup or f1, with ctrl- or alt- in front"));
                    };
                    if let Some(other) = map.rival(*scope, chord) {
                        return Err(name
                            .error(format!("the key {chord} is bound twice: to {} and to {}", super::action::of(other).name, entry.name))
                            .hint("a key has one meaning in a place, and what holds everywhere is bound in no pane"));
                    }
                    map.bound.insert((*scope, chord), entry.verb);
                    map.chords.push((entry.verb, chord));
                }
            }
            unknown(&section, *scope)?;
        }
        root.finish()?;
        Ok(map)
    }

    /// What a key means in a place, and whether there or everywhere.
    #[must_use]
    pub fn verb(&self, scope: Scope, chord: Chord) -> Option<Verb> {
        self.bound.get(&(scope, chord)).or_else(|| self.bound.get(&(Scope::Everywhere, chord))).copied()
    }

    /// What a key means while somebody types: only one that writes nothing means anything outside of the overlay.
    #[must_use]
    pub fn verb_while_typing(&self, chord: Chord) -> Option<Verb> {
        let outside = || self.bound.get(&(Scope::Everywhere, chord)).filter(|_| chord.writes_nothing());
        self.bound.get(&(Scope::Overlay, chord)).or_else(outside).copied()
    }

    /// The keys of an action, the first one first.
    pub fn chords(&self, verb: Verb) -> impl Iterator<Item = Chord> {
        self.chords.iter().filter(move |(v, _)| *v == verb).map(|(_, chord)| *chord)
    }

    /// The key of an action that is shown.
    #[must_use]
    pub fn key(&self, verb: Verb) -> String {
        self.chords(verb).next().map(|c| c.to_string()).unwrap_or_default()
    }

    /// The action that already has a key where the two would meet.
    fn rival(&self, scope: Scope, chord: Chord) -> Option<Verb> {
        let meets = |other: Scope| {
            other == scope
                || (scope == Scope::Everywhere && (other != Scope::Overlay || chord.writes_nothing()))
                || (other == Scope::Everywhere && (scope != Scope::Overlay || chord.writes_nothing()))
        };
        Scope::ALL.iter().filter(|s| meets(**s)).find_map(|s| self.bound.get(&(*s, chord)).copied())
    }
}

fn unknown(section: &crate::config::reader::Section<'_>, scope: Scope) -> Result<()> {
    let known = || TABLE.iter().filter(move |e| e.scope == scope).map(|e| e.name);
    match section.entries().find(|(name, _)| !known().any(|k| k == name.value)) {
        Some((name, _)) => Err(name.error(format!("there is no action {} in {}", name.value, scope.name())).hint(did_you_mean(
            &name.value,
            known().collect::<Vec<_>>().into_iter(),
            "the actions here are: ",
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_in_the_built_in_keymap() {
        let map = Keymap::built_in().unwrap();
        for entry in TABLE {
            assert!(map.chords(entry.verb).next().is_some(), "{}", entry.name);
        }
    }

    #[test]
    fn what_is_wrong_in_a_keymap_is_said_with_its_place() {
        for (text, told) in [
            ("[diff]\ndwon = \"j\"", "there is no action dwon in diff"),
            ("[diff]\ndwon = \"j\"", "did you mean down?"),
            ("[diff]\ndown = \"jj\"", "there is no key `jj`"),
            ("[diff]\ndown = \"j\"\nup = \"j\"", "the key j is bound twice: to down and to up"),
            ("[everywhere]\nquit = \"x\"\n[detail]\nback = \"x\"", "the key x is bound twice: to quit and to back"),
            ("[everywhere]\nquit = \"ctrl-x\"\n[overlay]\nclose = \"ctrl-x\"", "bound twice"),
            ("[diff]\nquit = \"x\"", "there is no action quit in diff"),
            ("[dif]\ndown = \"j\"", "there is no key dif"),
            ("[diff]\ndown = 3", "must be a text"),
        ] {
            let error = Keymap::parse("keys.toml", text).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("keys.toml:"), "{text}: {error}");
        }
        // The same key in two panes, or a letter in the overlay that is typed there, is no conflict.
        let map = Keymap::parse("keys.toml", "[everywhere]\nquit = \"x\"\n[diff]\ndown = \"j\"\n[detail]\nnext_field = \"j\"").unwrap();
        let j = Chord::parse("j").unwrap();
        assert_eq!(map.verb(Scope::Diff, j), Some(Verb::Down));
        assert_eq!(map.verb(Scope::Detail, j), Some(Verb::NextField));
        assert_eq!(map.verb_while_typing(Chord::parse("x").unwrap()), None);
    }
}
