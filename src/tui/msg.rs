//! What the loop hears, and what it is asked to do: the only ways in and out of the pure part.

use crate::engine::draft::Draft;
use crate::engine::{News, Spec, Weight, Who};
use crate::journal::run::RunId;
use crate::model::{HoldOn, Subject};
use ratatui::crossterm::event::KeyEvent;
use std::path::PathBuf;
use std::sync::Arc;

/// Something happened.
pub enum Msg {
    /// A key was pressed, or repeats while it is held down.
    Key(KeyEvent),
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
    /// Approve these; a list only if it still comes to what was shown.
    Approve(Who, Option<Weight>),
    /// Take approvals back.
    Withdraw(Who),
    /// Ask what approving all of a list would come to.
    Weigh(Arc<Vec<Subject>>),
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
    /// Set a hold on the first of these, or take it back from all of them.
    Hold {
        /// What it is on.
        on: Vec<HoldOn>,
        /// What the user is called.
        called: String,
        /// Why; nothing to take it back.
        reason: Option<String>,
    },
    /// Ask for the rows of a run.
    Rows(RunId),
    /// Ask what taking a run back would come to.
    Undo(RunId),
    /// Try other expressions in the mapping.
    Try(Draft),
    /// Write expressions into the configuration file, by the places of their rules.
    Save(PathBuf, Vec<(usize, String)>),
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
