//! Who a user is to be linked with: those alike first, the others by typing.

use crate::engine::{Choice, Named};
use crate::model::Subject;
use crate::tui::widget::picker::{Item, Picker};
use std::sync::Arc;

/// A choice that is being made.
#[derive(Debug, Clone)]
pub struct Pick {
    /// Whom it is for, by ids that stay when everybody gets another number.
    pub named: Named,
    /// Their number when it was opened.
    pub subject: Subject,
    /// What they are called. Not cleaned.
    pub called: String,
    /// An account is chosen for a person; else a person for an account.
    pub wants_account: bool,
    /// What is typed, and where one is.
    pub picker: Picker,
    /// The number of the last search.
    pub number: u64,
    /// Who was found; nothing before the first answer.
    pub choices: Option<Arc<Vec<Choice>>>,
}

impl Pick {
    /// The title of the box.
    #[must_use]
    pub fn title(&self) -> String {
        if self.wants_account { format!("Which account is {}'s?", self.called) } else { format!("Whose account is {}?", self.called) }
    }

    /// What is said where there is nobody to choose.
    #[must_use]
    pub fn nothing(&self) -> &'static str {
        match (&self.choices, self.wants_account) {
            (None, _) => "looking for who is alike …",
            (Some(_), true) => "No account like that is free: those that are linked have to be unlinked first.",
            (Some(_), false) => "Nobody like that in scope is without an account.",
        }
    }

    /// The lines.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        let item = |choice: &Choice| {
            let signs: Vec<&str> = choice.signs.iter().map(|s| s.words()).collect();
            let parts = [choice.name.as_str(), &choice.mail, &choice.place];
            let mut words: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
            let alike = signs.join(", ");
            words.extend(Some(alike.as_str()).filter(|a| !a.is_empty()));
            Item {
                group: if signs.is_empty() { "" } else { "alike" }.to_owned(),
                words: words.join(" · "),
                aside: choice.user_name.clone(),
                refused: None,
                chosen: false,
                more: String::new(),
            }
        };
        self.choices.iter().flat_map(|c| c.iter()).map(item).collect()
    }
}
