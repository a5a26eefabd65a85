//! What the hot paths cost, each beside its floor in the same run.
//!
//!     cargo run --release --example bench -- eval|scim|ldap [SIZE]
//!
//! One line a figure: its name, ours, the floor, the ratio. Ours and the floor take turns, so that whatever else the
//! machine does falls on both; each figure is the median of its rounds. A floor is what hand-written code for this one
//! case costs over the same data.

mod eval;
mod ldap;
mod measure;
mod scim;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let size = arguments.next().map(|n| n.parse()).transpose()?;
    match what.as_str() {
        "eval" => eval::run(size.unwrap_or(1_000_000)),
        "scim" => {
            scim::run(size.unwrap_or(100_000));
            Ok(())
        }
        "ldap" => ldap::run(size.unwrap_or(100_000)),
        _ => Err("eval|scim|ldap [SIZE]".into()),
    }
}
