//! The table itself. Its order is that of the help: what one does most first, then what moves, pane by pane.

use super::Twin::{As, Moves, Without};
use super::when::{
    a_field_left, a_rule_edited, a_run, a_site, a_snapshot, always, looking, may_apply, may_apply_one, may_approve, may_approve_all,
    may_change, may_count, may_decide, may_default, may_leave, may_pair, may_release, may_relocate, may_remove, may_reread, may_save,
    may_take_clauses_back, may_undo, movers, not_reading, running, somebody, something_approved, something_failed, something_set,
};
use super::{Entry, Scope, Verb};

/// A row is: verb, name in a keymap, place in the footer (the most wanted first; 0 for none), two words for the footer, whether it can
/// be done now, which command does the same; below that the line for the help.
macro_rules! table {
    ($($scope:ident {
        $($verb:ident, $name:literal, $footer:literal, $short:literal, $when:ident, $twin:ident $(($line:literal))?: $help:literal;)*
    })*) => {
        /// Everything that can be done.
        pub const TABLE: &[Entry] = &[$($(Entry {
            verb: Verb::$verb,
            name: $name,
            scope: Scope::$scope,
            short: $short,
            help: $help,
            footer: $footer,
            when: $when,
            twin: $twin $(($line))?,
        },)*)*];
    };
}

table! {
    Diff {
        Search, "search", 6, "search", a_snapshot, As("rosterm plan --user USER"):
            "search as you type: words of names, or a field (title:chief), situation: action: reason: problem: differs: dn: id:, with - for the others; enter keeps it";
        Facets, "facets", 8, "facets", a_snapshot, As("rosterm plan --only SITUATION"):
            "choose by situation, action, reason, field or problem, with counts";
        NextFacet, "next_facet", 7, "situation", a_snapshot, As("rosterm plan --only SITUATION"):
            "only the next situation, the worst one first; after the last one everybody";
        PreviousFacet, "previous_facet", 0, "situation before", a_snapshot, As("rosterm plan --only SITUATION"):
            "only the situation before";
        NextProblem, "next_problem", 9, "next problem", somebody, As("rosterm plan --only invalid --only ambiguous --only blocked"):
            "to the next user with a problem";
        PreviousProblem, "previous_problem", 0, "problem before", somebody, As("rosterm plan --only invalid --only ambiguous --only blocked"):
            "to the user with a problem before this one";
        Approve, "approve", 2, "approve", may_approve, As("rosterm approve PLAN --user USER"):
            "approve what would be done for the user under the cursor, or take it back; nothing is sent by that";
        ApproveAll, "approve_all", 3, "approve all shown", may_approve_all, As("rosterm approve PLAN --only SITUATION"):
            "approve everybody in this list; their number is shown first, and typed where somebody loses access";
        WithdrawAll, "withdraw_all", 12, "unapprove all", something_approved, As("rosterm unapprove PLAN --only SITUATION"):
            "take the approvals of everybody in this list back";
        Mark, "mark", 0, "mark", may_decide, Without("a command takes several users, each with --user"):
            "mark the user under the cursor, or take the mark away; approve, hold and release are about the marked";
        MarkRange, "mark_range", 0, "range", may_decide, Without("a command takes several users, each with --user"):
            "begin a range of marks; the same key at its other end marks everybody in between";
        MarkAll, "mark_all", 0, "mark all", may_decide, Without("a command takes several users, each with --user"):
            "mark everybody who is shown, or take their marks away; marks stay while the list shows others";
        Hold, "hold", 7, "hold", may_decide, As("rosterm hold USER REASON"):
            "leave the user under the cursor alone, for a reason that is typed";
        Release, "release", 13, "release", may_release, As("rosterm release USER"):
            "take the hold of the user under the cursor back";
        ApplyOne, "apply_one", 14, "apply this one", may_apply_one, As("rosterm apply --user USER"):
            "show what sending comes to for the user under the cursor alone; enter there sends it";
        Look, "look", 5, "details", somebody, As("rosterm explain USER"):
            "into the details of the user under the cursor";
        Clear, "clear", 1, "show everybody", something_set, As("rosterm plan"):
            "take search and filter away, and then the marks";
        Sort, "sort", 11, "sort", a_snapshot, Without("a plan has one order; plan --format csv goes into any sheet"):
            "sort by the next of: as read, user, name, situation, action";
        Reverse, "reverse", 0, "reverse", a_snapshot, Without("a plan has one order; plan --format csv goes into any sheet"):
            "sort the other way round";
        Down, "down", 0, "down", somebody, Moves:
            "one user down";
        Up, "up", 0, "up", somebody, Moves:
            "one user up";
        PageDown, "page_down", 0, "page down", somebody, Moves:
            "one screen down";
        PageUp, "page_up", 0, "page up", somebody, Moves:
            "one screen up";
        Top, "top", 0, "first", somebody, Moves:
            "to the first user";
        Bottom, "bottom", 0, "last", somebody, Moves:
            "to the last user";
    }
    Everywhere {
        Why, "why", 5, "why", somebody, As("rosterm explain USER"):
            "why this user is where they are, step by step: found, in scope, enabled, matched, and what follows";
        Link, "link", 25, "link", may_pair, As("rosterm link USER ACCOUNT_ID"):
            "say by hand which account is this person's, or whose this account is; it is asked about first";
        Unlink, "unlink", 26, "unlink", may_pair, As("rosterm unlink USER"):
            "take the link of this pair back; it is asked about first, and nothing is sent by it";
        Apply, "apply", 4, "apply approved", may_apply, As("rosterm apply PLAN"):
            "show what sending everything that is approved comes to; enter there sends it";
        Refresh, "refresh", 21, "read again", not_reading, As("rosterm plan"):
            "read both ends again; what is shown stays until then";
        Reread, "reread", 27, "read the file anew", may_reread, Without("a command reads the file each time it runs"):
            "read the configuration file anew, without a restart: what it says by now is told first; enter there reads both ends by it";
        Copy, "copy", 20, "copy", somebody, Without("what a command prints is copied as any text"):
            "copy the shown user's DN, or id, or the page of requests or history, to the clipboard (OSC 52: the terminal must allow it)";
        About, "about", 22, "both ends", a_snapshot, As("rosterm check"):
            "what is known about the directory and the service, and every note about them";
        Source, "source", 0, "source", always, As("rosterm check"):
            "where people come from, and who of them is in scope";
        Mapping, "mapping", 0, "mapping", always, As("rosterm fields"):
            "the rules, and what they make of the user under the cursor";
        DiffPane, "diff_pane", 0, "diff", always, As("rosterm plan"):
            "to the list";
        DetailPane, "detail_pane", 0, "detail", somebody, As("rosterm explain USER"):
            "to the details";
        Activity, "activity", 23, "runs", always, As("rosterm history"):
            "what is being sent, what came of it, and earlier runs";
        Channels, "channels", 25, "channels", may_leave, As("rosterm channels"):
            "to the channels of this configuration; it is asked about where approvals would be forgotten";
        Help, "help", 0, "all keys", always, As("rosterm help"):
            "every key and every word, to search through and to run";
        Redraw, "redraw", 0, "redraw", always, Moves:
            "draw everything anew, where something else wrote on the terminal";
        Suspend, "suspend", 0, "suspend", always, Moves:
            "back to the shell; fg comes back here";
        Quit, "quit", 24, "quit", always, Moves:
            "end; it is asked about where approvals would be forgotten or a run is under way";
    }
    Detail {
        ApproveHere, "approve_here", 2, "approve", may_approve, As("rosterm approve PLAN --user USER"):
            "approve what would be done for this user, or take it back";
        NextPage, "next_page", 3, "next page", somebody, As("rosterm explain USER"):
            "the next page: fields, the requests that would be sent, what was done before";
        PreviousPage, "previous_page", 0, "page before", somebody, As("rosterm explain USER"):
            "the page before; from the first one back to the list";
        NextUser, "next_user", 5, "next user", somebody, Moves:
            "the next user of the list, without leaving the details";
        PreviousUser, "previous_user", 6, "user before", somebody, Moves:
            "the user before";
        NextField, "next_field", 0, "field down", somebody, Moves:
            "one field down; how its value came about is told beside it";
        PreviousField, "previous_field", 0, "field up", somebody, Moves:
            "one field up";
        FirstField, "first_field", 0, "first field", somebody, Moves:
            "to the first field";
        LastField, "last_field", 0, "last field", somebody, Moves:
            "to the last field";
        ScrollDown, "scroll_down", 7, "scroll", somebody, Moves:
            "scroll what is said about the user down";
        ScrollUp, "scroll_up", 0, "scroll up", somebody, Moves:
            "scroll it up";
        Back, "back", 1, "back", always, Moves:
            "back to the list";
    }
    Source {
        EditClause, "edit_clause", 1, "edit", a_site, As("rosterm plan --config OTHER --read-only"):
            "type another text for the line; enter looks who would enter and leave by it, which changes nothing";
        CountClauses, "count_clauses", 3, "count", may_count, As("rosterm check"):
            "ask the directory what each clause comes to";
        StopLooking, "stop_looking", 1, "stop", looking, Without("Ctrl-C ends a command that only reads"):
            "give up what is counted or looked at";
        WhoMoves, "who_moves", 2, "who", movers, As("rosterm plan --config OTHER --read-only --only new --only leaving"):
            "who would enter and who would leave, by name";
        SaveSource, "save_source", 2, "save", may_relocate, Without("edit the configuration file"):
            "show what comes of the edits; enter there writes them into the configuration file, and both ends are read by them";
        RevertSource, "revert_source", 3, "take edits back", may_take_clauses_back, Without("a command keeps no edits"):
            "every clause as in the configuration again";
        NextClause, "next_clause", 0, "clause down", always, Moves:
            "one clause down";
        PreviousClause, "previous_clause", 0, "clause up", always, Moves:
            "one clause up";
        LeaveSource, "leave_source", 9, "back", always, Moves:
            "back to the list";
    }
    Mapping {
        EditRule, "edit_rule", 1, "edit", a_snapshot, As("rosterm plan --config OTHER --read-only"):
            "type another expression: the list follows; enter keeps it while rosterm runs, esc takes it back";
        AddRule, "add_rule", 4, "add", a_field_left, As("rosterm fields"):
            "choose a field of the service that has no rule, and type one; both ends are read again with it";
        RemoveRule, "remove_rule", 5, "remove", may_remove, As("rosterm plan --config OTHER --read-only"):
            "take the marked rule away: the field is left as it is in the service; the same key takes that back";
        EditDefault, "edit_default", 6, "default", may_default, As("rosterm plan --config OTHER --read-only"):
            "type what is sent where the expression of the marked rule gives nothing; empty for nothing";
        ClearOrKeep, "clear_or_keep", 7, "clear or keep", may_change, As("rosterm plan --config OTHER --read-only"):
            "where the marked rule gives nothing: remove what the service has, or leave it";
        SaveMapping, "save_mapping", 2, "save", may_save, Without("edit the configuration file"):
            "show what would be written into the configuration file; enter there writes it";
        Revert, "revert", 3, "take edits back", a_rule_edited, Without("a command keeps no edits"):
            "every rule as in the configuration again";
        CountRules, "count_rules", 8, "count", a_snapshot, As("rosterm doctor"):
            "count for how many people each rule has a value, and for how many it is wrong";
        NextRule, "next_rule", 0, "rule down", a_snapshot, Moves:
            "one rule down";
        PreviousRule, "previous_rule", 0, "rule up", a_snapshot, Moves:
            "one rule up";
        LeaveMapping, "leave_mapping", 9, "back", always, Moves:
            "back to the list";
    }
    Activity {
        Pause, "pause", 1, "pause or go on", running, Without("Ctrl-C stops rosterm apply; the next one goes on"):
            "begin no further row until it is pressed again";
        Cancel, "cancel", 2, "cancel", running, Without("Ctrl-C stops rosterm apply in the same good order"):
            "begin no further row; what is on its way comes to its end";
        Retry, "retry", 3, "retry these", something_failed, As("rosterm owed retry"):
            "approve again what the last run did not do, as it stands by now";
        RunRows, "run_rows", 5, "rows", a_run, As("rosterm history RUN"):
            "the rows of the marked run, and what came of each";
        Undo, "undo", 6, "undo run", may_undo, As("rosterm undo RUN --out PLAN"):
            "show what taking the marked run back comes to; enter there sends it";
        NextRun, "next_run", 0, "run down", a_run, Moves:
            "one run down";
        PreviousRun, "previous_run", 0, "run up", a_run, Moves:
            "one run up";
        Leave, "leave", 7, "back", always, Moves:
            "back to the list";
    }
    Overlay {
        Choose, "choose", 1, "choose", always, Moves:
            "do what is marked";
        Close, "close", 2, "close", always, Moves:
            "close it";
        ListDown, "list_down", 0, "down", always, Moves:
            "one line down";
        ListUp, "list_up", 0, "up", always, Moves:
            "one line up";
        ListPageDown, "list_page_down", 0, "page down", always, Moves:
            "one screen down";
        ListPageUp, "list_page_up", 0, "page up", always, Moves:
            "one screen up";
    }
}
