//! `frame`: what one frame of the screens costs at 200x60, with few users and with many (P8).

use super::measure::{line, percentile};
use super::store::Bench;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rosterm::demo::crowd::Linked;
use rosterm::engine::News;
use rosterm::tui::{Model, Msg, Setting, update, view};
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

const KEYS: [(&str, KeyCode); 6] = [
    ("down", KeyCode::Down),
    ("page down", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("last", KeyCode::End),
    ("page up", KeyCode::PageUp),
    ("first", KeyCode::Home),
];

/// How often each key is pressed.
const TIMES: usize = 200;

/// Runs every figure of this page.
pub fn run(users: usize) -> Result<(), Failure> {
    let few = frames(1000)?;
    let many = frames(users)?;
    let (mut all, mut all_few) = (many.times.concat(), few.times.concat());
    let (p50, p99) = (percentile(&mut all, 50), percentile(&mut all, 99));
    let told = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    line("P8 frame at 200x60, p50", &told(p50), "", "", "");
    line("P8 frame at 200x60, p99", &told(p99), "", "", "<= 2 ms");
    let few_p50 = percentile(&mut all_few, 50);
    let ratio = p50.as_secs_f64() / few_p50.as_secs_f64();
    line(&format!("P8 frame with {users} users against 1,000, p50"), &told(p50), &told(few_p50), &format!("{ratio:.2}"), "<= 1.25");
    for (turn, (name, _)) in KEYS.iter().enumerate() {
        let (rows, rows_few) = (many.rows[turn], few.rows[turn]);
        let more = format!("{}.{:02}", rows / rows_few.max(1), rows * 100 / rows_few.max(1) % 100);
        line(&format!("P8 rows evaluated at most in a frame, key {name}"), &rows.to_string(), &rows_few.to_string(), &more, "<= 1.0");
    }
    Ok(())
}

struct Frames {
    /// By key.
    times: Vec<Vec<Duration>>,
    rows: Vec<usize>,
}

fn frames(users: usize) -> Result<Frames, Failure> {
    let mut bench = Bench::start(users, Linked::Nobody)?;
    let mut model = Model::new(Setting::plain("bench")?);
    let view = bench.list(model.spec())?;
    update::update(&mut model, Msg::News(News::Snapshot(bench.snapshot.clone())));
    update::update(&mut model, Msg::News(News::View(view)));
    // What goes to a terminal is written, to nowhere.
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 200, 60)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(std::io::sink()), options)?;
    let mut frames = Frames { times: Vec::new(), rows: Vec::new() };
    for (_, key) in KEYS {
        // Begin in the middle of what both have: at the ends a key does nothing.
        update::update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Home, KeyModifiers::NONE)));
        terminal.draw(|frame| view::draw(&mut model, frame))?;
        let mut rows = 0;
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let begun = Instant::now();
            update::update(&mut model, Msg::Key(KeyEvent::new(key, KeyModifiers::NONE)));
            terminal.draw(|frame| view::draw(&mut model, frame))?;
            times.push(begun.elapsed());
            rows = rows.max(model.evaluated());
        }
        frames.times.push(times);
        frames.rows.push(rows);
    }
    bench.settle();
    Ok(frames)
}
