//! The pictures of the tour, drawn from the real screens: a test compares them, so they never show what is not there any more.

use super::desk::Desk;
use crate::support;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use rosterm::demo::service::Faults;
use rosterm::demo::world::{self, Plan};
use rosterm::engine::Spec;
use rosterm::engine::view::SortBy;
use rosterm::tui::Setting;
use std::fmt::Write as _;
use std::path::Path;

const CELL: (f32, f32) = (8.0, 17.0);
const INK: &str = "#d0d4da";
const PAPER: &str = "#14171c";

fn colour(colour: Color, otherwise: &'static str) -> String {
    let named = match colour {
        Color::Black => "#1d2026",
        Color::Red | Color::LightRed => "#f2777a",
        Color::Green | Color::LightGreen => "#99cc99",
        Color::Yellow | Color::LightYellow => "#ffcc66",
        Color::Blue | Color::LightBlue => "#6fa8dc",
        Color::Magenta | Color::LightMagenta => "#cc99cc",
        Color::Cyan | Color::LightCyan => "#66cccc",
        Color::Gray => "#a0a5ad",
        Color::DarkGray => "#7d838d",
        Color::White => "#f0f2f5",
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(_) | Color::Reset => otherwise,
    };
    named.to_owned()
}

/// The cells of a line, with times of day and ports left out.
fn line(buffer: &Buffer, y: u16) -> Vec<String> {
    let mut cells: Vec<String> = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol().to_owned()).collect();
    let firsts: String = cells.iter().map(|c| c.chars().next().unwrap_or(' ')).collect();
    for (cell, (was, is)) in cells.iter_mut().zip(firsts.chars().zip(super::timeless(&firsts).chars())) {
        if was != is {
            *cell = is.to_string();
        }
    }
    cells
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn svg(buffer: &Buffer, about: &str) -> String {
    let (width, height) = (f32::from(buffer.area.width) * CELL.0, f32::from(buffer.area.height) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"13\">\n<title>{about}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..buffer.area.height {
        let cells = line(buffer, y);
        let mut x = 0;
        while x < buffer.area.width {
            let style = buffer[(x, y)].style();
            let from = x;
            let mut text = String::new();
            while x < buffer.area.width && buffer[(x, y)].style() == style {
                text.push_str(&cells[usize::from(x)]);
                x += 1;
            }
            let is = |modifier: Modifier| style.add_modifier.contains(modifier);
            let (mut ink, mut paper) = (colour(style.fg.unwrap_or_default(), INK), colour(style.bg.unwrap_or_default(), PAPER));
            if is(Modifier::REVERSED) {
                std::mem::swap(&mut ink, &mut paper);
            }
            let (left, top, long) = (f32::from(from) * CELL.0, f32::from(y) * CELL.1, f32::from(x - from) * CELL.0);
            if paper != PAPER {
                let _ = writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{long}\" height=\"{}\" fill=\"{paper}\"/>", CELL.1);
            }
            if text.trim().is_empty() {
                continue;
            }
            let weight = if is(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let faint = if is(Modifier::DIM) { " opacity=\"0.65\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{left}\" y=\"{}\" fill=\"{ink}\"{weight}{faint} textLength=\"{long}\" xml:space=\"preserve\">{}</text>",
                top + 13.0,
                escaped(&text)
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

/// What is done before a picture is taken.
type Steps<'s> = &'s dyn Fn(&mut Desk);

#[test]
fn the_pictures_of_the_tour_show_what_the_screens_show() {
    let plan = Plan { lifelike: true, ..support::plan(2000, 1) };
    let setting = Setting { spec: Spec { sort: SortBy::Situation, ..Spec::default() }, ..Setting::plain("demo").unwrap() };
    let mut desk = Desk::open(&world::make(plan), plan, Faults::default(), setting);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let removals = |desk: &mut Desk| {
        desk.press("esc esc tab A");
        desk.until(|m| m.question().is_some());
        desk.press("1 8 enter");
        desk.until(|m| m.approvals().total() > 0);
        desk.press("P");
        desk.until(|m| m.question().is_some());
    };
    let rule = |desk: &mut Desk| {
        desk.press("esc 2 j j j j j j e");
        desk.type_in(" | upper");
        desk.until_shown("the list goes by it: ");
        desk.answer();
    };
    let why = |desk: &mut Desk| {
        desk.press("esc g w");
        desk.until_shown("nothing was sent for this user before");
    };
    let pictures: [(&str, &str, Steps<'_>); 5] = [
        ("diff", "Everybody with situation, action and reason; below, the person under the cursor field by field", &|desk| {
            desk.press("g");
        }),
        ("changed", "Only those whom something differs of, and how the new value came about", &|desk| {
            desk.press("tab tab tab tab enter");
        }),
        ("apply", "Before something is sent: what happens to how many people, and who loses access", &removals),
        ("why", "Why somebody is leaving, step by step", &why),
        ("rule", "A rule is typed, and the list follows", &rule),
    ];
    for (name, about, steps) in pictures {
        steps(&mut desk);
        let picture = svg(&desk.buffer(132, 36), about);
        let path = folder.join(format!("{name}.svg"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, picture).unwrap();
            continue;
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == picture,
            "docs/pictures/{name}.svg shows something else than the screen does now (UPDATE_SNAPSHOTS=1 draws it anew)"
        );
    }
}
