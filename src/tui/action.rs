//! Everything that an operator can do here, once, as data: footer, help and keymap are derived from this table.
//!
//! An action that can't be done now stays in the table and says why. What changes anything at a service is never one key: it
//! is approved first, and shown in plain words before it is confirmed.

mod table;
mod when;

use super::model::{Model, Pane};
pub use table::TABLE;

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
    /// Read the configuration file anew.
    Reread;
    /// Copy who is shown.
    Copy;
    /// Say why the user under the cursor is where they are.
    Why;
    /// Link the user under the cursor by hand.
    Link;
    /// Take the link of the user under the cursor back.
    Unlink;
    /// To the list.
    DiffPane;
    /// To the details.
    DetailPane;
    /// Draw everything anew.
    Redraw;
    /// Back to the shell for a while.
    Suspend;
    /// To the list of channels.
    Channels;
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
    /// The next page of the details.
    NextPage;
    /// The page before, or back to the list.
    PreviousPage;
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
    /// Mark the user under the cursor, or take the mark away.
    Mark;
    /// Begin or end a range of marks.
    MarkRange;
    /// Mark everybody who is shown.
    MarkAll;
    /// Approve the user under the cursor, or take it back.
    Approve;
    /// The same in the details.
    ApproveHere;
    /// Approve everybody who is shown.
    ApproveAll;
    /// Take the approvals of everybody who is shown back.
    WithdrawAll;
    /// Show what sending everything that is approved comes to.
    Apply;
    /// The same of the user under the cursor alone.
    ApplyOne;
    /// Leave the user under the cursor alone.
    Hold;
    /// Take the hold back.
    Release;
    /// To the rules.
    Mapping;
    /// One rule down.
    NextRule;
    /// One rule up.
    PreviousRule;
    /// Type another expression.
    EditRule;
    /// Choose a field that has no rule, and type one.
    AddRule;
    /// Take a rule away, or take that back.
    RemoveRule;
    /// Type what is sent where a rule gives nothing.
    EditDefault;
    /// Where a rule gives nothing: remove what is there, or leave it.
    ClearOrKeep;
    /// Count for how many people the rules have a value.
    CountRules;
    /// Write what was kept into the configuration file.
    SaveMapping;
    /// Take every edit back.
    Revert;
    /// From the rules back to the list.
    LeaveMapping;
    /// To the source location.
    Source;
    /// One clause down.
    NextClause;
    /// One clause up.
    PreviousClause;
    /// Type another text for the clause.
    EditClause;
    /// Count what each clause comes to.
    CountClauses;
    /// Give up what is counted or looked at.
    StopLooking;
    /// Show who would enter and leave.
    WhoMoves;
    /// Write what was kept into the configuration file.
    SaveSource;
    /// Take every edit of a clause back.
    RevertSource;
    /// From there back to the list.
    LeaveSource;
    /// To the runs.
    Activity;
    /// Let the run wait, or go on.
    Pause;
    /// Let the run come to its end.
    Cancel;
    /// Approve again what was not done.
    Retry;
    /// One run down.
    NextRun;
    /// One run up.
    PreviousRun;
    /// The rows of the marked run.
    RunRows;
    /// Take the marked run back.
    Undo;
    /// From the runs back to the list.
    Leave;
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
    /// In the source location.
    Source,
    /// In the list.
    Diff,
    /// In the details.
    Detail,
    /// In the rules.
    Mapping,
    /// In the runs.
    Activity,
    /// In what lies over the panes.
    Overlay,
}

impl Scope {
    /// Every scope.
    pub const ALL: &[Scope] =
        &[Scope::Everywhere, Scope::Diff, Scope::Detail, Scope::Source, Scope::Mapping, Scope::Activity, Scope::Overlay];

    /// Its name in a keymap and in the help.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scope::Everywhere => "everywhere",
            Scope::Source => "source",
            Scope::Diff => "diff",
            Scope::Detail => "detail",
            Scope::Mapping => "mapping",
            Scope::Activity => "activity",
            Scope::Overlay => "overlay",
        }
    }
}

/// Whether something can be done now; if not, why.
type When = fn(&Model) -> Result<(), &'static str>;

/// What does the same without the screens. A word in capitals stands for what the operator puts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// This command line.
    As(&'static str),
    /// None, and why.
    Without(&'static str),
    /// None: it changes and tells nothing, it only moves, opens or closes.
    Moves,
}

impl Twin {
    /// The command line, if there is one.
    #[must_use]
    pub fn command(self) -> Option<&'static str> {
        if let Twin::As(line) = self { Some(line) } else { None }
    }

    /// A line for the help; empty where there is nothing to say.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Twin::As(line) => format!("shell: {line}"),
            Twin::Without(why) => format!("no command: {why}"),
            Twin::Moves => String::new(),
        }
    }
}

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
    /// Which command does the same.
    pub twin: Twin,
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
        Pane::Source => Scope::Source,
        Pane::Diff => Scope::Diff,
        Pane::Detail => Scope::Detail,
        Pane::Mapping => Scope::Mapping,
        Pane::Activity => Scope::Activity,
    }
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

    #[test]
    fn whatever_changes_or_tells_something_names_its_command_or_why_there_is_none() {
        use Verb as V;
        let moves =
            [V::Down, V::Up, V::PageDown, V::PageUp, V::Top, V::Bottom, V::NextField, V::PreviousField, V::FirstField, V::LastField]
                .into_iter()
                .chain([V::NextUser, V::PreviousUser, V::ScrollDown, V::ScrollUp, V::NextRule, V::PreviousRule, V::NextClause])
                .chain([
                    V::PreviousClause,
                    V::NextRun,
                    V::PreviousRun,
                    V::Back,
                    V::LeaveMapping,
                    V::LeaveSource,
                    V::Leave,
                    V::Choose,
                    V::Close,
                ])
                .chain([V::ListDown, V::ListUp, V::ListPageDown, V::ListPageUp, V::Redraw, V::Suspend, V::Quit]);
        let moves: Vec<Verb> = moves.collect();
        for entry in TABLE {
            assert_eq!(entry.twin == Twin::Moves, moves.contains(&entry.verb), "{:?}", entry.verb);
            if let Twin::As(text) | Twin::Without(text) = entry.twin {
                assert!(!text.is_empty() && entry.twin.words().len() <= 74, "{text}");
            }
        }
    }

    #[test]
    fn what_is_done_in_one_place_stands_together_in_the_help() {
        let mut scopes: Vec<Scope> = TABLE.iter().map(|e| e.scope).collect();
        scopes.dedup();
        assert_eq!(scopes.len(), Scope::ALL.len(), "{scopes:?}");
    }
}
