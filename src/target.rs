//! Where accounts are: a service that speaks SCIM, read into batches, and single look-ups by account id.
//!
//! Like a source, a target proves how its listing ended. What differs between services is data in a connector's file. Nothing in this version writes to a service.

pub mod connector;
pub mod http;
pub mod path;
pub mod scim;

pub use connector::Connector;
pub use scim::{Columns, Listed, OddItem, Sought, Target};
