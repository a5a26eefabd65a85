//! What the engine tells a screen: the only way from its threads to a face.

use super::anew::Anew;
use super::approver::{Approved, Weighed};
use super::caveats::Caveats;
use super::coverage::Coverage;
use super::draft::Tried;
use super::location::{Counts, Previewed, Site};
use super::moves::Moves;
use super::owing::Owing;
use super::picture::near::Choice;
use super::proposal::Proposal;
use super::rehearsal::Rehearsal;
use super::snapshot::{Seen, Snapshot};
use super::view::View;
use super::watch::{RunRow, Running};
use super::why::Learnt;
use crate::error::{Error, Result};
use crate::identity::AttributeName;
use crate::journal::run::{Run, RunId};
use crate::model::HoldOn;
use std::sync::Arc;

/// What a screen hears.
pub enum News {
    /// Something is new.
    Snapshot(Arc<Snapshot>),
    /// The list that was asked for, or the same list over a newer snapshot.
    View(Arc<View>),
    /// Rules took effect, or were refused; `unread` are attributes that they name and that were not read.
    Edited {
        /// They took effect.
        accepted: bool,
        /// What has to be read before they can be believed.
        unread: Vec<AttributeName>,
    },
    /// What came of a draft of the mapping, by its number.
    Tried(u64, Tried),
    /// For how many people the rules have a value.
    Covered(Arc<Coverage>),
    /// From which situation everybody moves to which by rules that are tried.
    Moved(Arc<Moves>),
    /// What was edited is in the configuration file, and the channel goes by it from now on.
    Saved,
    /// Where people come from, as it is in effect from now on.
    Site(Arc<Site>),
    /// What the parts of a location come to as far as they are counted, by the number of what was asked; 0 where nobody asked.
    Counted(u64, Result<Counts>),
    /// What came of reading by other clauses, by the number of what was asked.
    Previewed(u64, Previewed),
    /// Other clauses are in the configuration file, and in effect.
    Relocated,
    /// What the configuration file says otherwise by now; nothing has changed by that.
    Anew(Box<Anew>),
    /// The configuration file was read anew, and is in effect; with the words for both ends: source and service.
    Reloaded(String, String),
    /// What is to be known of the last reading, where that is another than before.
    Caveats(Caveats),
    /// An end can't be opened or the state can't be read; what was there stays.
    Failed(Error),
    /// Something is approved, or not any more.
    Approved(Approved),
    /// What approving many would come to, in the snapshot that it was weighed in.
    Weighed(Weighed),
    /// What a run would come to.
    Proposed(Box<Proposal>),
    /// What a run came to on a copy of the service, by the number of the proposal.
    Rehearsed(u64, Box<Rehearsal>),
    /// A run goes on, or has ended.
    Run(Box<Running>),
    /// For whom of those that the last run did nothing for there is still something to approve.
    Owing(RunId, Box<Owing>),
    /// The earlier runs, the last one first.
    History(Arc<Vec<Run>>),
    /// The first rows of a run.
    Rows(RunId, Arc<Vec<RunRow>>),
    /// A part of why a user is where they are.
    Learnt(Box<Learnt>),
    /// Who a user could be paired with, by the number that was asked with.
    Choices(u64, Arc<Vec<Choice>>),
    /// It was done as somebody wished.
    Told(String),
    /// It was not done, and why; nothing else has changed.
    Refused(Error),
    /// A hold was not set, and why: it can be asked for once more with what was typed.
    NotHeld {
        /// What it was to be on, for each user.
        on: Vec<Vec<HoldOn>>,
        /// What they are called.
        called: String,
        /// What was typed.
        reason: String,
        /// Where they were seen: it is about these, also when it is asked for once more.
        seen: Seen,
        /// Why not.
        error: Error,
    },
}

/// Where news is told; called from the engine's threads, and must not block.
pub(super) type Tell = Arc<dyn Fn(News) + Send + Sync>;
