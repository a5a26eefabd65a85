//! Help and palette in one: every action with its keys, run by Enter, and every situation with what it means.

use crate::model::Situation;
use crate::tui::action::{Scope, TABLE, Verb};
use crate::tui::model::Model;
use crate::tui::widget::picker::Item;

/// What a line of the help does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Verb(Verb),
    /// Shows who is in a situation.
    Situation(Situation),
    /// Nothing: it explains.
    Word,
}

/// Signs and habits that are no action.
const WORDS: [(&str, &str, &str); 12] = [
    ("signs", "✓", "approved: it is sent with everything else that is, once that is confirmed"),
    ("signs", "!", "something is wrong with this user: the details say what"),
    ("signs", "H", "held: somebody decided to leave this user alone"),
    ("signs", "◆ <>", "at a field: people and accounts are matched by it"),
    ("signs", "=", "same on both sides"),
    ("signs", "→ + −", "the field would be changed, set or cleared at the service"),
    ("signs", "~ #", "whatever is there is kept; it differs, but cannot be changed any more"),
    ("signs", "INCOMPLETE", "a side was not read to its end: it proves nothing about who is not in it"),
    ("typing", "ctrl-w alt-d", "delete the word before, behind the cursor"),
    ("typing", "ctrl-u ctrl-k", "delete to the beginning, to the end"),
    ("typing", "ctrl-left", "to the word before; ctrl-right to the word behind"),
    ("plain", "rosterm plan", "the same as lines of text, for scripts and screen readers; rosterm demo --plain"),
];

/// What a situation means, in a line.
#[must_use]
pub fn situation_words(situation: Situation) -> &'static str {
    match situation {
        Situation::New => "a person without account: would be created",
        Situation::Changed => "a mapped field differs: would be updated",
        Situation::Returning => "the person is enabled, the account is not: would be made active again",
        Situation::Leaving => {
            "the person is gone, disabled or out of scope, the account is active: would be disabled or deleted, once approved"
        }
        Situation::Left => "the same, and the account is inactive already: nothing would be sent",
        Situation::InSync => "nothing differs",
        Situation::Skipped => "a disabled person without account: nothing would be sent",
        Situation::Unmatched => "an account that nobody in scope belongs to: nothing would be sent",
        Situation::Ambiguous => "who belongs to whom is for a human to say",
        Situation::Invalid => "the mapping does not give what the service needs",
        Situation::Held => "somebody decided to leave this user alone",
        Situation::Blocked => "it rests on something that was not read completely, or could not be looked up",
    }
}

/// What the lines mean, in their order.
pub(in crate::tui) fn meanings(model: &Model) -> Vec<Meaning> {
    let verbs = TABLE.iter().map(|e| Meaning::Verb(e.verb));
    let complaints = model.setting.complaints.iter().map(|_| Meaning::Word);
    complaints
        .chain(verbs)
        .chain(crate::model::Situation::WORST_FIRST.into_iter().map(Meaning::Situation))
        .chain(WORDS.iter().map(|_| Meaning::Word))
        .collect()
}

/// The lines.
pub(in crate::tui) fn items(model: &Model) -> Vec<Item> {
    let verbs = TABLE.iter().map(|entry| Item {
        group: entry.scope.name().to_owned(),
        words: entry.help.to_owned(),
        aside: model.setting.keymap.chords(entry.verb).map(|c| c.to_string()).collect::<Vec<_>>().join(" "),
        refused: if entry.scope == Scope::Overlay { None } else { (entry.when)(model).err().map(str::to_owned) },
        chosen: false,
        more: entry.twin.words(),
    });
    let plain = |group: &str, aside: &str, words: &str| Item {
        group: group.to_owned(),
        words: words.to_owned(),
        aside: aside.to_owned(),
        refused: None,
        chosen: false,
        more: String::new(),
    };
    let situations = crate::model::Situation::WORST_FIRST.into_iter().map(|s| plain("situation", s.words(), situation_words(s)));
    // What is wrong with the keys stands above them.
    let complaints = model.setting.complaints.iter().map(|text| plain("keymap", "!", text));
    complaints.chain(verbs).chain(situations).chain(WORDS.into_iter().map(|(group, aside, words)| plain(group, aside, words))).collect()
}
