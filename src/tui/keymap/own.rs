//! The operator's own keys, over those that are built in.
//!
//! What is wrong in the file is said with its place and left out; everything else of it holds. A key that is taken from an
//! action that had it is said too: nothing changes its meaning silently.

use super::super::action::{Scope, TABLE, Verb, of};
use super::{Chord, Keymap};
use crate::config::reader::{Document, Located, did_you_mean};
use crate::error::Error;

/// What can't be done without its key: whoever had none could not get on, or not out.
const NEEDED: [Verb; 4] = [Verb::Quit, Verb::Help, Verb::Choose, Verb::Close];

/// The keys of an action, as the file has them.
struct Own {
    scope: Scope,
    verb: Verb,
    keys: Vec<(Located<String>, Chord)>,
}

impl Keymap {
    /// This keymap with the keys of a file over it, and what was wrong in that, each with its place (not cleaned).
    #[must_use]
    pub fn with(mut self, file: &str, text: &str) -> (Self, Vec<String>) {
        let mut wrong = Vec::new();
        let own = read(file, text, &mut |error| wrong.push(words(&error)));
        for o in &own {
            self.unbind(o.verb);
        }
        for Own { scope, verb, keys } in &own {
            for (name, chord) in keys {
                let Some(other) = self.rival(*scope, *chord) else {
                    self.bind(*scope, *chord, *verb);
                    continue;
                };
                if other == *verb {
                    continue;
                }
                if own.iter().any(|o| o.verb == other) {
                    wrong.push(words(&name.error(format!(
                        "{chord} is bound twice: to {}, and to {}, which does not get it",
                        of(other).name,
                        of(*verb).name
                    ))));
                    continue;
                }
                wrong.push(words(&name.error(format!("{chord} is {} now; {} has it no more", of(*verb).name, of(other).name))));
                self.release(*scope, *chord);
                self.bind(*scope, *chord, *verb);
            }
        }
        self.keep_what_is_needed(file, &mut wrong);
        (self, wrong)
    }

    fn bind(&mut self, scope: Scope, chord: Chord, verb: Verb) {
        self.bound.insert((scope, chord), verb);
        self.chords.push((verb, chord));
    }

    fn unbind(&mut self, verb: Verb) {
        self.bound.retain(|_, v| *v != verb);
        self.chords.retain(|(v, _)| *v != verb);
    }

    /// Takes a key from every action that would meet with it here.
    fn release(&mut self, scope: Scope, chord: Chord) {
        while let Some(other) = self.rival(scope, chord) {
            self.bound.retain(|(_, c), v| !(*c == chord && *v == other));
            self.chords.retain(|(v, c)| !(*c == chord && *v == other));
        }
    }

    fn keep_what_is_needed(&mut self, file: &str, wrong: &mut Vec<String>) {
        let Ok(before) = Keymap::built_in() else { return };
        for verb in NEEDED {
            if self.chords(verb).next().is_some() {
                continue;
            }
            let entry = of(verb);
            for chord in before.chords(verb) {
                self.release(entry.scope, chord);
                self.bind(entry.scope, chord, verb);
            }
            wrong.push(format!("{file}: {} needs a key: it keeps {}", entry.name, self.key(verb)));
        }
    }
}

fn words(error: &Error) -> String {
    let place = error.position().map(|p| format!("{}:{}: ", p.file, p.line)).unwrap_or_default();
    let hint = error.hint_text().map(|h| format!("; {h}")).unwrap_or_default();
    format!("{place}{}{hint}", error.message())
}

/// What the file binds, in the order of the table of actions.
fn read(file: &str, text: &str, complain: &mut impl FnMut(Error)) -> Vec<Own> {
    let mut own = Vec::new();
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(error) => {
            complain(error);
            return own;
        }
    };
    let root = document.root();
    for (name, item) in root.entries() {
        let Some(scope) = Scope::ALL.iter().copied().find(|s| s.name() == name.value) else {
            let known = Scope::ALL.iter().map(|s| s.name());
            complain(name.error(format!("there is no place {}", name.value)).hint(did_you_mean(&name.value, known, "the places are: ")));
            continue;
        };
        let mut section = match item.into_section("a table of actions") {
            Ok(section) => section,
            Err(error) => {
                complain(error);
                continue;
            }
        };
        let known = || TABLE.iter().filter(move |e| e.scope == scope).map(|e| e.name);
        for (name, _) in section.entries().filter(|(name, _)| !known().any(|k| k == name.value)) {
            let hint = did_you_mean(&name.value, known().collect::<Vec<_>>().into_iter(), "the actions here are: ");
            complain(name.error(format!("there is no action {} in {}", name.value, scope.name())).hint(hint));
        }
        for entry in TABLE.iter().filter(|e| e.scope == scope) {
            match section.strings(entry.name) {
                Ok(None) => {}
                Err(error) => complain(error),
                Ok(Some(names)) => {
                    let had = names.len();
                    let mut keys = Vec::new();
                    for name in names {
                        match Chord::parse(&name.value) {
                            Some(chord) => keys.push((name, chord)),
                            None => complain(
                                name.error(format!("there is no key `{}`", name.value))
                                    .hint("a key is one character, or a name such as enter, pageup or f1, with ctrl- or alt- in front"),
                            ),
                        }
                    }
                    // Where none of them is a key, the action keeps what it has.
                    if !keys.is_empty() || had == 0 {
                        own.push(Own { scope, verb: entry.verb, keys });
                    }
                }
            }
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_keys_hold_and_what_is_wrong_is_said_with_its_line() {
        let quiet: [&str; 0] = [];
        for (text, verb, keys, told) in [
            ("[diff]\nsort = [\"o\"]", Verb::Sort, "o", &quiet[..]),
            ("[diff]\ndown = [\"n\"]\nnext_problem = [\"j\"]", Verb::Down, "n", &quiet),
            ("[diff]\nsort = []", Verb::Sort, "", &quiet),
            ("[diff]\nsort = [\"j\"]", Verb::Sort, "j", &["k.toml:2: j is sort now; down has it no more"]),
            ("[diff]\nsort = [\"o\"]\nreverse = [\"o\"]", Verb::Sort, "o", &["k.toml:3: o is bound twice: to sort, and to reverse"]),
            ("[diff]\nsort = [\"q\"]", Verb::Sort, "q", &["k.toml:2: q is sort now; quit has it no more"]),
            (
                "[diff]\nsrot = [\"o\"]\nreverse = \"o\"",
                Verb::Reverse,
                "o",
                &["k.toml:2: there is no action srot in diff; did you mean sort?"],
            ),
            ("[dif]\nsort = [\"o\"]", Verb::Sort, "s", &["k.toml:1: there is no place dif; did you mean diff?"]),
            ("\n[diff]\nsort = [\"jj\"]", Verb::Sort, "s", &["k.toml:3: there is no key `jj`"]),
            ("[diff]\nsort = 3", Verb::Sort, "s", &["k.toml:2: "]),
            ("[diff\n", Verb::Sort, "s", &["k.toml:1: "]),
            ("[overlay]\nclose = []", Verb::Close, "esc", &["k.toml: close needs a key: it keeps esc"]),
            ("[everywhere]\nquit = []\n[diff]\nsort = \"q\"", Verb::Quit, "q ctrl-c", &["k.toml: quit needs a key"]),
        ] {
            let (map, wrong) = Keymap::built_in().unwrap().with("k.toml", text);
            let shown: Vec<String> = map.chords(verb).map(|c| c.to_string()).collect();
            assert_eq!(shown.join(" "), keys, "{text}: {wrong:?}");
            assert_eq!(wrong.len(), told.len(), "{text}: {wrong:?}");
            for (wrong, told) in wrong.iter().zip(told) {
                assert!(wrong.starts_with(told), "{text}: {wrong}");
            }
        }
        // A key that went to another action does there what it says.
        let (map, _) = Keymap::built_in().unwrap().with("k.toml", "[diff]\nsort = [\"q\"]");
        assert_eq!(map.verb(Scope::Diff, Chord::parse("q").unwrap()), Some(Verb::Sort));
        assert_eq!(map.key(Verb::Quit), "ctrl-c");
    }
}
