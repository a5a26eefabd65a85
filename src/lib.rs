//! rosterm: the roster, in your terminal.
//!
//! ```text
//! source ──► mapping ──► matching ──► plan ──► apply ──► journal
//!  entries    desired      pairs       rows     runs      intents, outcomes, links, holds
//! target ──────────────────▲                      │
//!  accounts                └──────── re-read ◄────┘
//! ```
//!
//! Everything left of `apply` is pure: data in, data out, no I/O, no clock. The modules stand in the order in which data
//! flows; `tests/it/house.rs` keeps who may import whom.

pub mod apply;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engine;
pub mod error;
pub mod explain;
pub mod filter;
pub mod identity;
pub mod journal;
pub mod mapping;
pub mod matching;
pub mod model;
pub mod plan;
pub mod source;
pub mod target;
pub mod telemetry;
pub mod text;
pub mod tls;
pub mod tui;

/// Reading a directory is half allocation: see tests/bench/README.md for what this one is worth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Asks the system for small pages of memory, once, before anything is read. Huge ones are no faster here, and of those that are
/// half empty between two readings a million users leave a fifth more (tests/bench/README.md).
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    // Where it is refused, more memory is used, and that is all.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
