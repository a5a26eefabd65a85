//! Everything that an operator can do here, once, as data: footer, help and keymap are derived from this table.
//!
//! An action that can't be done now stays in the table and says why. This version reads and explains; what would change
//! anything at a service is not in the table because it is not in the program.

use super::model::{Model, Pane};

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// Something that an operator can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Verb { $($(#[$doc])* $name,)* }

        impl Verb {
            /// Everything.
            pub const ALL: &[Verb] = &[$(Verb::$name,)*];
        }
    };
}

verbs! {
    /// Show every key and word.
    Help;
    /// Show what is known about both ends.
    About;
    /// Read both ends again.
    Refresh;
    /// Copy who is shown.
    Copy;
    /// To the list.
    FirstPane;
    /// To the details.
    SecondPane;
    /// Draw everything anew.
    Redraw;
    /// Back to the shell for a while.
    Suspend;
    /// End.
    Quit;
    /// One user down.
    Down;
    /// One user up.
    Up;
    /// One screen down.
    PageDown;
    /// One screen up.
    PageUp;
    /// To the first user.
    Top;
    /// To the last user.
    Bottom;
    /// Into the details.
    Look;
    /// Search.
    Search;
    /// The next situation.
    NextFacet;
    /// The situation before.
    PreviousFacet;
    /// Choose by anything that is counted.
    Facets;
    /// Take search and filter away.
    Clear;
    /// The next order.
    Sort;
    /// The other way round.
    Reverse;
    /// To the next user with a problem.
    NextProblem;
    /// To the one before.
    PreviousProblem;
    /// One field down.
    NextField;
    /// One field up.
    PreviousField;
    /// The next user, here.
    NextUser;
    /// The user before, here.
    PreviousUser;
    /// Scroll what is said down.
    ScrollDown;
    /// Scroll it up.
    ScrollUp;
    /// To the first field.
    FirstField;
    /// To the last field.
    LastField;
    /// Back to the list.
    Back;
    /// Do what is marked.
    Choose;
    /// Close it.
    Close;
    /// One line down.
    ListDown;
    /// One line up.
    ListUp;
    /// One screen down.
    ListPageDown;
    /// One screen up.
    ListPageUp;
}

/// Where an action can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In every pane.
    Everywhere,
    /// In the list.
    Diff,
    /// In the details.
    Detail,
    /// In what lies over the panes.
    Overlay,
}

impl Scope {
    /// Every scope.
    pub const ALL: &[Scope] = &[Scope::Everywhere, Scope::Diff, Scope::Detail, Scope::Overlay];

    /// Its name in a keymap and in the help.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scope::Everywhere => "everywhere",
            Scope::Diff => "diff",
            Scope::Detail => "detail",
            Scope::Overlay => "overlay",
        }
    }
}

/// Whether something can be done now; if not, why.
type When = fn(&Model) -> Result<(), &'static str>;

/// A row of the table.
pub struct Entry {
    /// What is done.
    pub verb: Verb,
    /// Its name in a keymap.
    pub name: &'static str,
    /// Where.
    pub scope: Scope,
    /// Two words for the footer.
    pub short: &'static str,
    /// One line for the help.
    pub help: &'static str,
    /// Its place in the footer, the most wanted first; 0 for none.
    pub footer: u8,
    /// Whether it can be done now.
    pub when: When,
}

/// The row of a verb.
#[must_use]
pub fn of(verb: Verb) -> &'static Entry {
    TABLE.iter().find(|e| e.verb == verb).expect("every verb has a row: a test holds that")
}

/// The scope of a pane.
#[must_use]
pub fn scope_of(pane: Pane) -> Scope {
    match pane {
        Pane::Diff => Scope::Diff,
        Pane::Detail => Scope::Detail,
    }
}

const fn row(verb: Verb, name: &'static str, scope: Scope, footer: u8, short: &'static str, help: &'static str, when: When) -> Entry {
    Entry { verb, name, scope, short, help, footer, when }
}

use Scope::{Detail, Diff, Everywhere, Overlay};

/// Everything that can be done.
pub const TABLE: &[Entry] = &[
    row(Verb::Down, "down", Diff, 0, "down", "one user down", somebody),
    row(Verb::Up, "up", Diff, 0, "up", "one user up", somebody),
    row(Verb::PageDown, "page_down", Diff, 0, "page down", "one screen down", somebody),
    row(Verb::PageUp, "page_up", Diff, 0, "page up", "one screen up", somebody),
    row(Verb::Top, "top", Diff, 0, "first", "to the first user", somebody),
    row(Verb::Bottom, "bottom", Diff, 0, "last", "to the last user", somebody),
    row(Verb::Look, "look", Diff, 2, "details", "into the details of the user under the cursor", somebody),
    row(
        Verb::Search,
        "search",
        Diff,
        3,
        "search",
        "search user names and names as you type; enter keeps it, esc takes it away",
        a_snapshot,
    ),
    row(
        Verb::NextFacet,
        "next_facet",
        Diff,
        4,
        "situation",
        "only the next situation, the worst one first; after the last one everybody",
        a_snapshot,
    ),
    row(Verb::PreviousFacet, "previous_facet", Diff, 0, "situation before", "only the situation before", a_snapshot),
    row(Verb::Facets, "facets", Diff, 5, "facets", "choose by situation, action, reason, field or problem, with counts", a_snapshot),
    row(Verb::NextProblem, "next_problem", Diff, 6, "next problem", "to the next user with a problem", somebody),
    row(Verb::PreviousProblem, "previous_problem", Diff, 0, "problem before", "to the user with a problem before this one", somebody),
    row(Verb::Sort, "sort", Diff, 7, "sort", "sort by the next of: as read, user, name, situation, action", a_snapshot),
    row(Verb::Reverse, "reverse", Diff, 0, "reverse", "sort the other way round", a_snapshot),
    row(Verb::Clear, "clear", Diff, 1, "show everybody", "take search and filter away", something_set),
    row(Verb::NextField, "next_field", Detail, 0, "field down", "one field down; how its value came about is told beside it", somebody),
    row(Verb::PreviousField, "previous_field", Detail, 0, "field up", "one field up", somebody),
    row(Verb::FirstField, "first_field", Detail, 0, "first field", "to the first field", somebody),
    row(Verb::LastField, "last_field", Detail, 0, "last field", "to the last field", somebody),
    row(Verb::NextUser, "next_user", Detail, 2, "next user", "the next user of the list, without leaving the details", somebody),
    row(Verb::PreviousUser, "previous_user", Detail, 3, "user before", "the user before", somebody),
    row(Verb::ScrollDown, "scroll_down", Detail, 4, "scroll", "scroll what is said about the user down", somebody),
    row(Verb::ScrollUp, "scroll_up", Detail, 0, "scroll up", "scroll it up", somebody),
    row(Verb::Back, "back", Detail, 1, "back", "back to the list", always),
    row(
        Verb::Copy,
        "copy",
        Everywhere,
        8,
        "copy",
        "copy the shown user's DN, or id, to the clipboard (OSC 52: the terminal must allow it)",
        somebody,
    ),
    row(Verb::Refresh, "refresh", Everywhere, 9, "read again", "read both ends again; what is shown stays until then", not_reading),
    row(
        Verb::About,
        "about",
        Everywhere,
        10,
        "both ends",
        "what is known about the directory and the service, and every note about them",
        a_snapshot,
    ),
    row(Verb::FirstPane, "first_pane", Everywhere, 0, "diff", "to the list", always),
    row(Verb::SecondPane, "second_pane", Everywhere, 0, "detail", "to the details", somebody),
    row(Verb::Redraw, "redraw", Everywhere, 0, "redraw", "draw everything anew, where something else wrote on the terminal", always),
    row(Verb::Suspend, "suspend", Everywhere, 0, "suspend", "back to the shell; fg comes back here", always),
    row(Verb::Help, "help", Everywhere, 0, "all keys", "every key and every word, to search through and to run", always),
    row(Verb::Quit, "quit", Everywhere, 11, "quit", "end; nothing is lost: this version sends nothing", always),
    row(Verb::Choose, "choose", Overlay, 1, "choose", "do what is marked", always),
    row(Verb::Close, "close", Overlay, 2, "close", "close it", always),
    row(Verb::ListDown, "list_down", Overlay, 0, "down", "one line down", always),
    row(Verb::ListUp, "list_up", Overlay, 0, "up", "one line up", always),
    row(Verb::ListPageDown, "list_page_down", Overlay, 0, "page down", "one screen down", always),
    row(Verb::ListPageUp, "list_page_up", Overlay, 0, "page up", "one screen up", always),
];

#[expect(clippy::unnecessary_wraps, reason = "it stands in a table with those that can say no")]
fn always(_: &Model) -> Result<(), &'static str> {
    Ok(())
}

fn a_snapshot(model: &Model) -> Result<(), &'static str> {
    model.snapshot.as_ref().map(|_| ()).ok_or("nothing has been read yet")
}

fn somebody(model: &Model) -> Result<(), &'static str> {
    a_snapshot(model)?;
    model.list.subject.map(|_| ()).ok_or("nobody is in the list")
}

fn something_set(model: &Model) -> Result<(), &'static str> {
    let spec = &model.list.spec;
    if spec.filter.is_open() && spec.search.is_empty() { Err("neither a search nor a filter is set") } else { Ok(()) }
}

fn not_reading(model: &Model) -> Result<(), &'static str> {
    if model.is_reading() { Err("both ends are being read already") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_exactly_one_row_and_every_name_is_unique() {
        for verb in Verb::ALL {
            assert_eq!(TABLE.iter().filter(|e| e.verb == *verb).count(), 1, "{verb:?}");
        }
        for entry in TABLE {
            assert_eq!(TABLE.iter().filter(|e| e.name == entry.name).count(), 1, "{}", entry.name);
            assert!(!entry.help.is_empty() && !entry.short.is_empty());
        }
    }
}
