//! Where accounts are: a service that speaks SCIM, read into batches, and single look-ups by account id.
//!
//! Like a source, a target proves how its listing ended. What differs between services is data in a connector's file. Only
//! `apply` sends what changes something.

pub mod connector;
pub mod http;
pub mod path;
pub mod scim;

pub use connector::Connector;
pub use scim::{Columns, Dialect, Habits, Listed, OddItem, Resource, Seen, Set, Sought, Target, Write};
