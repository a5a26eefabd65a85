//! The parts of the page in their order, and what the situations mean: every user is in exactly one part.

use super::Wanted;
use super::row::Columns;
use crate::model::{Action, Situation};

/// A part of the page.
pub(super) struct Part {
    pub title: &'static str,
    pub about: &'static str,
    pub wanted: Wanted,
    /// What is said about its rows.
    pub columns: Columns,
}

/// True for what takes access away.
pub(super) const fn is_loss(action: Action) -> bool {
    matches!(action, Action::Disable | Action::Delete)
}

/// The parts: what takes access away, what else would be sent, what waits for a person, what is fine.
pub(super) const PARTS: [Part; 13] = [
    Part {
        title: "Would lose access",
        about: "Nothing of this is done unless it is approved, by name.",
        wanted: |_, a| is_loss(a),
        columns: Columns::Reason,
    },
    Part {
        title: "Would get access back",
        about: "The person is enabled in the directory, the account is not active.",
        wanted: |_, a| matches!(a, Action::Enable),
        columns: Columns::Changes,
    },
    Part {
        title: "Would be changed",
        about: "The account differs from what the directory says.",
        wanted: |_, a| matches!(a, Action::Update),
        columns: Columns::Changes,
    },
    Part {
        title: "Would be created",
        about: "A person without an account.",
        wanted: |_, a| matches!(a, Action::Create),
        columns: Columns::Changes,
    },
    Part {
        title: "Blocked",
        about: "What this rests on was not read completely, so nothing is proposed.",
        wanted: |s, a| s == Situation::Blocked && a == Action::None,
        columns: Columns::Reason,
    },
    Part {
        title: "Ambiguous: somebody has to say who belongs to whom",
        about: "More than one person or account fits. A person has to say which; until then nothing is done.",
        wanted: |s, a| s == Situation::Ambiguous && a == Action::None,
        columns: Columns::Reason,
    },
    Part {
        title: "Invalid: the directory or the mapping has to be mended",
        about: "The service would refuse this, so nothing is sent.",
        wanted: |s, a| s == Situation::Invalid && a == Action::None,
        columns: Columns::Reason,
    },
    Part {
        title: "Would lose access, but is not touched",
        about: "The policy protects the account or switches deprovisions off.",
        wanted: |s, a| s == Situation::Leaving && a == Action::None,
        columns: Columns::Reason,
    },
    Part {
        title: "Differs, but is not touched",
        about: "The policy protects the account or switches this off.",
        wanted: |s, a| matches!(s, Situation::New | Situation::Changed | Situation::Returning) && a == Action::None,
        columns: Columns::Changes,
    },
    Part {
        title: "Accounts that nobody in scope belongs to",
        about: "Nothing is done. A person may link, hold, disable or delete them by hand.",
        wanted: |s, a| s == Situation::Unmatched && a == Action::None,
        columns: Columns::Reason,
    },
    Part {
        title: "Held",
        about: "Somebody decided to leave these users alone.",
        wanted: |s, a| s == Situation::Held && a == Action::None,
        columns: Columns::Reason,
    },
    Part {
        title: "Would be remembered as belonging together",
        about: "Person and account have the same user name. Nothing is sent to the service.",
        wanted: |_, a| matches!(a, Action::Link),
        columns: Columns::Reason,
    },
    Part {
        title: "Nothing to do",
        about: "In sync, already left, or disabled without an account.",
        wanted: |s, a| matches!(s, Situation::InSync | Situation::Left | Situation::Skipped) && a == Action::None,
        columns: Columns::Reason,
    },
];

/// What a situation means, in a sentence.
pub(super) fn meaning(situation: Situation) -> &'static str {
    match situation {
        Situation::New => "A person without an account.",
        Situation::Changed => "The account differs from what the directory says.",
        Situation::Returning => "The person is enabled, the account is not active.",
        Situation::Leaving => "The person is gone, disabled or out of scope, and the account is still active.",
        Situation::Left => "The person is gone, disabled or out of scope, and the account is inactive already.",
        Situation::InSync => "Person and account agree.",
        Situation::Skipped => "A disabled person without an account, who gets none.",
        Situation::Unmatched => "An account that nobody in scope belongs to.",
        Situation::Ambiguous => "More than one person or account fits; a person has to say which.",
        Situation::Invalid => "The directory or the mapping does not give what the service needs.",
        Situation::Held => "Somebody decided to leave this user alone.",
        Situation::Blocked => "It rests on something that was not read completely.",
    }
}

/// The order of the table of situations: as the parts stand.
pub(super) const ORDER: [Situation; 12] = [
    Situation::Leaving,
    Situation::Returning,
    Situation::Changed,
    Situation::New,
    Situation::Blocked,
    Situation::Ambiguous,
    Situation::Invalid,
    Situation::Unmatched,
    Situation::Held,
    Situation::InSync,
    Situation::Left,
    Situation::Skipped,
];
