//! The one door for both faces: opens both ends, reads them side by side, asks what matching wants to know, and holds the
//! picture from which every row is made.

pub mod picture;
pub mod query;

pub use picture::{Picture, User};
pub use query::{Ends, look, open};
