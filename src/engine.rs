//! The one door for both faces: opens both ends, reads them side by side, asks what matching wants to know, and holds the
//! picture from which every row is made.

pub mod check;
mod desk;
pub mod ends;
mod evidence;
pub mod live;
pub mod picture;
pub mod progress;
pub mod query;
pub mod rehearsal;
pub mod run;
pub mod snapshot;
pub mod store;
pub mod view;
mod viewer;
mod worker;

pub use ends::{Ends, compile, compile_over, open};
pub use live::{Live, Memory, News, Seat};
pub use picture::{Picture, User};
pub use progress::Progress;
pub use query::{Job, look};
pub use snapshot::Snapshot;
pub use view::{Spec, View};
