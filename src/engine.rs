//! The one door for both faces: opens both ends, reads them side by side, asks what matching wants to know, and holds the
//! picture from which every row is made.

pub mod anew;
mod approvals;
mod approver;
mod aside;
mod census;
pub mod check;
mod clerk;
pub mod coverage;
mod desk;
pub mod draft;
pub mod ends;
mod evidence;
pub mod live;
pub mod location;
mod memory;
pub mod moves;
mod news;
mod owing;
pub mod picture;
pub mod progress;
pub mod proposal;
pub mod query;
pub mod rehearsal;
mod remote;
pub mod run;
mod seat;

pub mod setup;
pub mod snapshot;
pub mod store;
pub mod undo;
pub mod view;
mod viewer;
mod watch;
pub mod why;
mod worker;
mod writing;

pub use approvals::{Approvals, Named, Weight, Who, needs_approval};
pub use approver::{Approved, Weighed};
pub use clerk::unended;
pub use ends::{Ends, Errand, compile, compile_over, open};
pub use live::Live;
pub use memory::Memory;
pub use news::News;
pub use owing::{Owing, Undone};
pub use picture::near::Choice;
pub use picture::{Picture, User};
pub use progress::Progress;
pub use proposal::Proposal;
pub use query::{Job, look};
pub use seat::{Held, Pairing, Seat};
pub use snapshot::{Seen, Snapshot};
pub use view::{Spec, View};
pub use watch::{Ended, Going, RunRow, Running};
pub use writing::Saving;
