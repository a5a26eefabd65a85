//! What the loop hears, and what it is asked to do: the only ways in and out of the pure part.

use crate::config::RuleEdit;
use crate::engine::draft::Draft;
use crate::engine::location::Edits;
use crate::engine::{News, Saving, Seen, Spec, Who};
use crate::identity::{AccountId, AttributeName, EntryId};
use crate::journal::run::RunId;
use crate::model::{HoldOn, Subject};
use crate::plan::guard::Lifted;
use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use std::path::PathBuf;

/// Something happened.
pub enum Msg {
    /// A key was pressed, or repeats while it is held down.
    Key(KeyEvent),
    /// The mouse was clicked, or its wheel turned.
    Mouse(MouseEvent),
    /// A text was pasted.
    Paste(String),
    /// The terminal has another size now: columns and rows.
    Resize(u16, u16),
    /// The engine has something to tell.
    News(News),
    /// The program goes on after it was stopped: what is on the terminal is not known.
    Resumed,
    /// Go on looking for somebody with a problem.
    Seek,
    /// The terminal went away, or the system asks us to end; with the exit code.
    End(u8),
}

/// Something is to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the engine for another list.
    Look(Spec),
    /// Read both ends again.
    Refresh,
    /// Approve these, as they were seen.
    Approve(Who, Seen),
    /// Take approvals back, of these as they were seen.
    Withdraw(Who, Seen),
    /// Ask what approving these would come to.
    Weigh(Who),
    /// Ask what sending everything that is approved would come to, or what is approved of one user.
    Propose(Option<Subject>),
    /// Send what was proposed, by its number.
    Send(u64),
    /// Finish the run that was interrupted.
    Resume,
    /// Let the run that is under way wait, or go on.
    Pause(bool),
    /// Let it come to its end.
    Cancel,
    /// Set a hold on each of these, or take it back.
    Hold {
        /// What each is on: it is set on the first, and taken back from all.
        on: Vec<Vec<HoldOn>>,
        /// What the user is called.
        called: String,
        /// Why; nothing to take it back.
        reason: Option<String>,
        /// What they were seen in.
        seen: Seen,
    },
    /// Ask why a user is where they are.
    Why(Subject),
    /// Ask what was done about a user before, once the cursor stays with them.
    Past(Subject),
    /// Ask who a user could be linked with; the number comes back with the answer.
    Choices {
        /// The user.
        subject: Subject,
        /// The words that are typed.
        typed: String,
        /// The number.
        number: u64,
    },
    /// Link two by hand, or part them.
    Pair {
        /// The person.
        entry: EntryId,
        /// The account.
        account: AccountId,
        /// Linked; else parted.
        linked: bool,
        /// What they were seen in.
        seen: Seen,
    },
    /// Ask for the rows of a run.
    Rows(RunId),
    /// Ask what taking a run back would come to.
    Undo(RunId),
    /// Say what sending what was proposed comes to with limits lifted.
    Lift(u64, Lifted),
    /// Play what was proposed on a copy of the service.
    Rehearse(u64),
    /// Try other rules in the mapping.
    Try(Draft),
    /// Count for how many people the rules have a value.
    Cover,
    /// Count from which situation everybody moves to which by the rules that are tried.
    Compare,
    /// Read both ends again, with these attributes of people too.
    ReadAlso(Vec<AttributeName>),
    /// Read both ends again, with these fields of accounts too.
    ReadFields(Vec<String>),
    /// Write rules into the configuration file, or take them out, by their fields.
    Save(PathBuf, Vec<(String, RuleEdit)>),
    /// To take back what waits to be written of this kind.
    Unsave(Saving),
    /// Count what the parts of the location with these edits come to, under this number.
    Count(u64, Edits),
    /// Read whoever would be in scope by these edits, under this number.
    Preview(u64, Edits),
    /// To judge everybody by these clauses of the policy, which are in no file; by the configured ones where there are none.
    TryPolicy(Edits),
    /// Give up what is counted or read so.
    StopLooking,
    /// Write clauses into the configuration file, and read both ends by them.
    Relocate(PathBuf, Edits),
    /// Read this configuration file anew and tell what it says; nothing changes by that.
    Reread(PathBuf),
    /// Go by it, if the channel in it has this fingerprint.
    Reload(PathBuf, String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Draw everything, whatever is on the terminal.
    Redraw,
    /// Back to the shell until it brings us back.
    Suspend,
    /// Send [`Msg::Seek`] behind everything that waits already.
    Seek,
    /// End with this exit code.
    End(u8),
    /// To the list of channels.
    Channels,
}
