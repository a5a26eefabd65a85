//! The embedded pair: a directory in memory and a SCIM service on loopback, made from a seed at any size, with every
//! situation in it and the truth written beside it.
//!
//! The truth is written by the generator as it makes each person, never taken from our own classifier: the tests hold the
//! classifier against it.

pub mod crowd;
pub mod service;
pub mod world;
