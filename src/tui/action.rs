//! Everything that an operator can do here, once, as data: footer, help and keymap are derived from this table.
//!
//! An action that can't be done now stays in the table and says why. What changes anything at a service is never one key: it
//! is approved first, and shown in plain words before it is confirmed.

mod when;

use super::model::{Model, Pane};
use when::{
    a_clause_edited, a_rule_edited, a_run, a_site, a_snapshot, always, looking, may_apply, may_apply_one, may_count, may_decide, may_leave,
    may_pair, may_release, may_relocate, may_save, may_undo, movers, not_reading, running, somebody, something_approved, something_failed,
    something_set,
};

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
        Pane::Source => Scope::Source,
        Pane::Diff => Scope::Diff,
        Pane::Detail => Scope::Detail,
        Pane::Mapping => Scope::Mapping,
        Pane::Activity => Scope::Activity,
    }
}

const fn row(verb: Verb, name: &'static str, scope: Scope, footer: u8, short: &'static str, help: &'static str, when: When) -> Entry {
    Entry { verb, name, scope, short, help, footer, when }
}

use Scope::{Activity, Detail, Diff, Everywhere, Mapping, Overlay, Source};

/// Everything that can be done.
pub const TABLE: &[Entry] = &[
    row(Verb::Down, "down", Diff, 0, "down", "one user down", somebody),
    row(Verb::Up, "up", Diff, 0, "up", "one user up", somebody),
    row(Verb::PageDown, "page_down", Diff, 0, "page down", "one screen down", somebody),
    row(Verb::PageUp, "page_up", Diff, 0, "page up", "one screen up", somebody),
    row(Verb::Top, "top", Diff, 0, "first", "to the first user", somebody),
    row(Verb::Bottom, "bottom", Diff, 0, "last", "to the last user", somebody),
    row(Verb::Look, "look", Diff, 5, "details", "into the details of the user under the cursor", somebody),
    row(
        Verb::Search,
        "search",
        Diff,
        6,
        "search",
        "search as you type: words of names, or a field (title:chief), situation: action: reason: problem: differs: dn: id:, with - for the others; enter keeps it",
        a_snapshot,
    ),
    row(
        Verb::NextFacet,
        "next_facet",
        Diff,
        7,
        "situation",
        "only the next situation, the worst one first; after the last one everybody",
        a_snapshot,
    ),
    row(Verb::PreviousFacet, "previous_facet", Diff, 0, "situation before", "only the situation before", a_snapshot),
    row(Verb::Facets, "facets", Diff, 8, "facets", "choose by situation, action, reason, field or problem, with counts", a_snapshot),
    row(Verb::NextProblem, "next_problem", Diff, 9, "next problem", "to the next user with a problem", somebody),
    row(Verb::PreviousProblem, "previous_problem", Diff, 0, "problem before", "to the user with a problem before this one", somebody),
    row(Verb::Sort, "sort", Diff, 11, "sort", "sort by the next of: as read, user, name, situation, action", a_snapshot),
    row(Verb::Reverse, "reverse", Diff, 0, "reverse", "sort the other way round", a_snapshot),
    row(Verb::Clear, "clear", Diff, 1, "show everybody", "take search and filter away, and then the marks", something_set),
    row(Verb::NextField, "next_field", Detail, 0, "field down", "one field down; how its value came about is told beside it", somebody),
    row(Verb::PreviousField, "previous_field", Detail, 0, "field up", "one field up", somebody),
    row(Verb::FirstField, "first_field", Detail, 0, "first field", "to the first field", somebody),
    row(Verb::LastField, "last_field", Detail, 0, "last field", "to the last field", somebody),
    row(Verb::NextUser, "next_user", Detail, 5, "next user", "the next user of the list, without leaving the details", somebody),
    row(Verb::PreviousUser, "previous_user", Detail, 6, "user before", "the user before", somebody),
    row(Verb::ScrollDown, "scroll_down", Detail, 7, "scroll", "scroll what is said about the user down", somebody),
    row(Verb::ScrollUp, "scroll_up", Detail, 0, "scroll up", "scroll it up", somebody),
    row(Verb::Back, "back", Detail, 1, "back", "back to the list", always),
    row(
        Verb::Copy,
        "copy",
        Everywhere,
        20,
        "copy",
        "copy the shown user's DN, or id, to the clipboard (OSC 52: the terminal must allow it)",
        somebody,
    ),
    row(
        Verb::Why,
        "why",
        Everywhere,
        5,
        "why",
        "why this user is where they are, step by step: found, in scope, enabled, matched, and what follows",
        somebody,
    ),
    row(
        Verb::Link,
        "link",
        Everywhere,
        25,
        "link",
        "say by hand which account is this person's, or whose this account is; it is asked about first",
        may_pair,
    ),
    row(
        Verb::Unlink,
        "unlink",
        Everywhere,
        26,
        "unlink",
        "take the link of this pair back; it is asked about first, and nothing is sent by it",
        may_pair,
    ),
    row(Verb::Refresh, "refresh", Everywhere, 21, "read again", "read both ends again; what is shown stays until then", not_reading),
    row(
        Verb::About,
        "about",
        Everywhere,
        22,
        "both ends",
        "what is known about the directory and the service, and every note about them",
        a_snapshot,
    ),
    row(
        Verb::Mark,
        "mark",
        Diff,
        0,
        "mark",
        "mark the user under the cursor, or take the mark away; approve, hold and release are about the marked",
        may_decide,
    ),
    row(
        Verb::MarkRange,
        "mark_range",
        Diff,
        0,
        "range",
        "begin a range of marks; the same key at its other end marks everybody in between",
        may_decide,
    ),
    row(
        Verb::MarkAll,
        "mark_all",
        Diff,
        0,
        "mark all",
        "mark everybody who is shown, or take their marks away; marks stay while the list shows others",
        may_decide,
    ),
    row(
        Verb::Approve,
        "approve",
        Diff,
        2,
        "approve",
        "approve what would be done for the user under the cursor, or take it back; nothing is sent by that",
        may_decide,
    ),
    row(
        Verb::ApproveAll,
        "approve_all",
        Diff,
        3,
        "approve all shown",
        "approve everybody in this list; their number is shown first, and typed where somebody loses access",
        may_decide,
    ),
    row(
        Verb::WithdrawAll,
        "withdraw_all",
        Diff,
        12,
        "unapprove all",
        "take the approvals of everybody in this list back",
        something_approved,
    ),
    row(Verb::ApproveHere, "approve_here", Detail, 2, "approve", "approve what would be done for this user, or take it back", may_decide),
    row(Verb::Hold, "hold", Diff, 7, "hold", "leave the user under the cursor alone, for a reason that is typed", may_decide),
    row(Verb::Release, "release", Diff, 13, "release", "take the hold of the user under the cursor back", may_release),
    row(
        Verb::Apply,
        "apply",
        Everywhere,
        4,
        "apply approved",
        "show what sending everything that is approved comes to; enter there sends it",
        may_apply,
    ),
    row(Verb::ApplyOne, "apply_one", Diff, 14, "apply this one", "the same for the user under the cursor alone", may_apply_one),
    row(Verb::Mapping, "mapping", Everywhere, 0, "mapping", "the rules, and what they make of the user under the cursor", always),
    row(Verb::NextRule, "next_rule", Mapping, 0, "rule down", "one rule down", a_snapshot),
    row(Verb::PreviousRule, "previous_rule", Mapping, 0, "rule up", "one rule up", a_snapshot),
    row(
        Verb::EditRule,
        "edit_rule",
        Mapping,
        1,
        "edit",
        "type another expression: the list follows; enter keeps it while rosterm runs, esc takes it back",
        a_snapshot,
    ),
    row(
        Verb::SaveMapping,
        "save_mapping",
        Mapping,
        2,
        "save",
        "show what would be written into the configuration file; enter there writes it",
        may_save,
    ),
    row(Verb::Revert, "revert", Mapping, 3, "take edits back", "every rule as in the configuration again", a_rule_edited),
    row(Verb::LeaveMapping, "leave_mapping", Mapping, 4, "back", "back to the list", always),
    row(Verb::Source, "source", Everywhere, 0, "source", "where people come from, and who of them is in scope", always),
    row(Verb::NextClause, "next_clause", Source, 0, "clause down", "one clause down", always),
    row(Verb::PreviousClause, "previous_clause", Source, 0, "clause up", "one clause up", always),
    row(
        Verb::EditClause,
        "edit_clause",
        Source,
        1,
        "edit",
        "type another clause; enter looks who would enter and leave by it, which changes nothing",
        a_site,
    ),
    row(Verb::CountClauses, "count_clauses", Source, 3, "count", "ask the directory what each clause comes to", may_count),
    row(Verb::StopLooking, "stop_looking", Source, 1, "stop", "give up what is counted or looked at", looking),
    row(Verb::WhoMoves, "who_moves", Source, 2, "who", "who would enter and who would leave, by name", movers),
    row(
        Verb::SaveSource,
        "save_source",
        Source,
        2,
        "save",
        "show who would enter and leave; enter there writes it into the configuration file, and both ends are read by it",
        may_relocate,
    ),
    row(Verb::RevertSource, "revert_source", Source, 3, "take edits back", "every clause as in the configuration again", a_clause_edited),
    row(Verb::LeaveSource, "leave_source", Source, 9, "back", "back to the list", always),
    row(Verb::Activity, "activity", Everywhere, 23, "runs", "what is being sent, what came of it, and earlier runs", always),
    row(Verb::Pause, "pause", Activity, 1, "pause or go on", "begin no further row until it is pressed again", running),
    row(Verb::Cancel, "cancel", Activity, 2, "cancel", "begin no further row; what is on its way comes to its end", running),
    row(
        Verb::Retry,
        "retry",
        Activity,
        3,
        "retry these",
        "approve again what the last run did not do, as it stands by now",
        something_failed,
    ),
    row(Verb::NextRun, "next_run", Activity, 0, "run down", "one run down", a_run),
    row(Verb::PreviousRun, "previous_run", Activity, 0, "run up", "one run up", a_run),
    row(Verb::RunRows, "run_rows", Activity, 5, "rows", "the rows of the marked run, and what came of each", a_run),
    row(Verb::Undo, "undo", Activity, 6, "undo run", "show what taking the marked run back comes to; enter there sends it", may_undo),
    row(Verb::Leave, "leave", Activity, 7, "back", "back to the list", always),
    row(Verb::DiffPane, "diff_pane", Everywhere, 0, "diff", "to the list", always),
    row(Verb::DetailPane, "detail_pane", Everywhere, 0, "detail", "to the details", somebody),
    row(Verb::Redraw, "redraw", Everywhere, 0, "redraw", "draw everything anew, where something else wrote on the terminal", always),
    row(Verb::Suspend, "suspend", Everywhere, 0, "suspend", "back to the shell; fg comes back here", always),
    row(Verb::Help, "help", Everywhere, 0, "all keys", "every key and every word, to search through and to run", always),
    row(
        Verb::Channels,
        "channels",
        Everywhere,
        25,
        "channels",
        "to the channels of this configuration; approvals are forgotten",
        may_leave,
    ),
    row(Verb::Quit, "quit", Everywhere, 24, "quit", "end; approvals are forgotten, and a run that is under way is asked about", always),
    row(Verb::Choose, "choose", Overlay, 1, "choose", "do what is marked", always),
    row(Verb::Close, "close", Overlay, 2, "close", "close it", always),
    row(Verb::ListDown, "list_down", Overlay, 0, "down", "one line down", always),
    row(Verb::ListUp, "list_up", Overlay, 0, "up", "one line up", always),
    row(Verb::ListPageDown, "list_page_down", Overlay, 0, "page down", "one screen down", always),
    row(Verb::ListPageUp, "list_page_up", Overlay, 0, "page up", "one screen up", always),
];

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
