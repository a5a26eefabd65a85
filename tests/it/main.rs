//! The one integration-test binary.
//!
//! Tests that need a real server are marked `#[ignore = "needs real servers: tests/run"]`: plain `cargo test` names them as
//! ignored, `tests/run` runs them, and there a missing server is a failure.

mod bad_ends;
mod commands;
mod decisions;
mod dialects;
mod fake_ldap;
mod house;
mod incomplete;
mod lab;
mod ldap_hostile;
mod ldap_real;
mod ldap_refusals;
mod listing;
mod lookups;
mod real_world;
mod scim_real;
mod support;
mod target_desk;
mod worlds;
