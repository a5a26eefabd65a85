//! Reads the source of a configuration once and tells how many people it gave: for measuring.
//!
//!     cargo run --release --example read_source -- CONFIG CHANNEL [ATTRIBUTE...]

use rosterm::identity::AttributeName;
use rosterm::identity::population::{Batch, Population, Schema};
use rosterm::{clock, config::Config, source::Source};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(channel)) = (arguments.next(), arguments.next()) else { return Err("CONFIG CHANNEL [ATTRIBUTE...]".into()) };
    let schema = Schema::new(arguments.map(AttributeName::new));
    let config = Config::read(Path::new(&path))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (send, mut receive) = tokio::sync::mpsc::channel::<Batch>(2);
    let source = config.channel(Some(&channel))?.source.clone();
    let columns = schema.clone();
    let reader = runtime.spawn(async move {
        let mut source = Source::open(&source, clock::now()).await?;
        rosterm::error::Result::<_>::Ok(source.read(&columns, send).await)
    });
    let mut people = Population::new(schema);
    while let Some(batch) = receive.blocking_recv() {
        people.absorb(&batch, |_, _| ());
    }
    let end = runtime.block_on(reader)??;
    let told = end.cause().map_or_else(|| "complete".to_owned(), |why| format!("{}: {}", why.cause.code(), why.detail));
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("").trim();
    #[expect(clippy::print_stdout, reason = "it is what this program is for")]
    {
        println!("{} people, {told}, peak {peak}", people.len());
    }
    Ok(())
}
