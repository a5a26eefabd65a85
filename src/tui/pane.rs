//! The parts of the screen that keys go to.

pub mod activity;
pub mod detail;
pub mod diff;
pub mod mapping;
pub mod source;
