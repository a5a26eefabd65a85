//! What the loop hears, and what it is asked to do: the only ways in and out of the pure part.

use crate::engine::{News, Spec};
use ratatui::crossterm::event::KeyEvent;

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
}
