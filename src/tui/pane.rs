//! The parts of the screen that keys go to.

pub mod detail;
pub mod diff;
