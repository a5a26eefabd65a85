//! The one integration-test binary.
//!
//! Tests that need a real server are marked `#[ignore = "needs real servers: tests/run"]`: plain `cargo test` names them as
//! ignored, `tests/run` runs them, and there a missing server is a failure.

mod apply;
mod apply_faults;
mod apply_killed;
mod apply_real;
mod apply_refusals;
mod bad_ends;
mod channels;
mod checks;
mod commands;
mod crowds;
mod decisions;
mod dialects;
mod doctor;
mod explain;
mod fake_ldap;
mod house;
mod incomplete;
mod init;
mod lab;
mod ldap_check;
mod ldap_groups;
mod ldap_hostile;
mod ldap_membership;
mod ldap_real;
mod ldap_refusals;
mod listing;
mod lists;
mod lookups;
mod notes;
mod plan_files;
mod provoked;
mod real_world;
mod remembered;
mod schema;
mod scim_real;
mod screens;
mod secrecy;
mod secrets;
mod shells;
mod stands;
mod story;
mod support;
mod tables;
mod target_desk;
mod terminals;
mod unapproved;
mod wire;
mod worlds;
