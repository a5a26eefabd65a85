//! Rounds in turns, and their medians.
//!
//! The time is the thread's own on a processor where the system tells it (Linux): other work on the machine must not be
//! taken for ours. It is told in steps of some milliseconds, so a round has to be longer.

use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

/// How a figure is told.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Nanoseconds for one.
    Nanos,
    /// How many in a second; the ratio stays that of the times.
    PerSecond,
}

/// Measures ours and the floor over `count` of something, and prints the line. Both give a number that must be the same in
/// every round; it is returned, ours first.
pub fn versus(name: &str, unit: Unit, count: usize, mut ours: impl FnMut() -> u64, mut floor: impl FnMut() -> u64) -> (u64, u64) {
    let (mut our_times, mut floor_times) = (Vec::new(), Vec::new());
    // One round of each to warm up.
    let sums = (ours(), floor());
    for _ in 0..ROUNDS {
        our_times.push(timed(&mut ours, sums.0));
        floor_times.push(timed(&mut floor, sums.1));
    }
    let (ours, floor) = (median(our_times), median(floor_times));
    let told = |time: f64| match (unit, u32::try_from(count)) {
        (Unit::Nanos, Ok(count)) => format!("{:.1} ns", time * 1e9 / f64::from(count)),
        (Unit::PerSecond, Ok(count)) => format!("{:.0}/s", f64::from(count) / time),
        (_, Err(_)) => format!("{time:.3} s"),
    };
    line(name, &told(ours), &told(floor), &format!("{:.2}", ours / floor), "");
    sums
}

fn timed(work: &mut impl FnMut() -> u64, wanted: u64) -> f64 {
    let (begun, before) = (Instant::now(), on_processor());
    let sum = black_box(work());
    let time = match (before, on_processor()) {
        (Some(before), Some(after)) => after - before,
        _ => begun.elapsed().as_secs_f64(),
    };
    assert_eq!(sum, wanted, "every round comes to the same");
    time
}

/// How long this thread has been on a processor, in seconds.
fn on_processor() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanos / 1e9)
}

/// A figure, as tests/bench/run takes it.
#[expect(clippy::print_stdout, reason = "it is what this program is for")]
pub fn line(name: &str, ours: &str, floor: &str, ratio: &str, goal: &str) {
    println!("{name}\t{ours}\t{floor}\t{ratio}\t{goal}");
}

/// The value in the middle.
pub fn middle(times: &mut [Duration]) -> Duration {
    percentile(times, 50)
}

/// The value below which so many in a hundred lie.
pub fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
