//! What the hot paths cost, each beside its floor in the same run.
//!
//!     cargo run --release --example bench -- eval|scim|ldap|store|frame|apply [--users N] [--rounds K]
//!
//! One line a figure, with tabs between its parts: name, ours, floor, ratio, goal. Ours and the floor take turns, so that
//! whatever else the machine does falls on both; each figure is the median of its rounds. A floor is what hand-written code
//! for this one case costs over the same data. All of them in one table: tests/bench/run.

mod apply;
mod by_hand;
mod eval;
mod frame;
mod ldap;
mod measure;
mod scim;
mod store;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rosterm::use_small_pages();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| -> Result<Option<usize>, std::num::ParseIntError> {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|at| arguments.get(at + 1)).map(|n| n.parse()).transpose()
    };
    let (users, rounds) = (number("--users")?, number("--rounds")?.unwrap_or(5));
    match arguments.first().map_or("", String::as_str) {
        "eval" => eval::run(users.unwrap_or(1_000_000)),
        "scim" => {
            scim::run(users.unwrap_or(100_000).min(100_000));
            Ok(())
        }
        "ldap" => ldap::run(users.unwrap_or(100_000).min(100_000)),
        "frame" => frame::run(users.unwrap_or(1_000_000)),
        "apply" => apply::run(users.unwrap_or(10_000).min(10_000), rounds),
        "store" => store::run(users.unwrap_or(1_000_000), rounds),
        _ => Err("eval|scim|ldap|store|frame|apply [--users N] [--rounds K]".into()),
    }
}
