//! What an explanation says, wrapped beside a label, with what each line means in a word at its right: in the box and in the pane.

use super::page::{Line, wrap};
use crate::explain::{self, Said};
use crate::telemetry::redacted;
use crate::text::width;
use crate::tui::theme::Role;

/// The widest word behind a line, and the gap.
pub const WORD: usize = 12;

/// The lines, with a label of so many cells before the first one. `word` cells at the right are kept free for words.
pub fn put(lines: &mut Vec<Line>, said: &[explain::Line], (label, cells): (&str, usize), word: usize, room: usize) {
    let texts = room.saturating_sub(cells + word).max(16);
    for (i, line) in said.iter().enumerate() {
        let role = match line.verdict {
            Said::Bad(_) => Role::Warn,
            Said::Open(_) => Role::Quiet,
            Said::Good(_) | Said::Nothing => Role::Text,
        };
        for (j, text) in wrap(&redacted(&line.text), texts).into_iter().enumerate() {
            let label = if i + j == 0 { label } else { "" };
            let gap = texts.saturating_sub(width(&text)) + 1;
            let mut spans: Line = vec![(Role::Quiet, format!("{label:<cells$}").into()), (role, text.into())];
            if j == 0 && line.verdict != Said::Nothing {
                spans.push((Role::Text, " ".repeat(gap).into()));
                spans.push((verdict(line.verdict), line.verdict.word().into()));
            }
            lines.push(spans);
        }
    }
}

fn verdict(said: Said) -> Role {
    match said {
        Said::Good(_) => Role::Good,
        Said::Bad(_) => Role::Bad,
        Said::Open(_) => Role::Accent,
        Said::Nothing => Role::Text,
    }
}
