//! Sending what was approved: exactly that, once, in an order that makes sense, with everything noted before it leaves.
//!
//! A run is frozen first: its approved rows lie in the journal, values included, and are read from there. Each is checked just
//! before its turn against what both ends say now; its request is in the journal before it leaves, and what came of it
//! afterwards. So a run that is killed at any moment is picked up where it was: what may have been sent is looked into, never
//! repeated blindly. What must stay true: nothing is sent that is not in the journal, nothing that was not approved, and every
//! row's fate is known or said to be in doubt.

mod act;
mod breaker;
pub mod check;
pub mod choose;
mod control;
mod deliver;
mod executor;
mod freeze;
mod gate;
mod report;
pub mod resume;
mod row;
pub mod undo;
mod wire;

pub use control::{Control, Meter};
pub use executor::{Ends, Order, execute};
pub use freeze::Freezer;
pub use report::{Count, Counting, Group, Report};
pub use row::Finished;
pub use wire::{Wire, Wiring};
