//! From which situation people move to which by the rules that are edited, as a table, where there is room for it.

use crate::engine::moves::Moves;
use crate::engine::snapshot::Facets;
use crate::model::Situation;
use crate::text::{count, width};
use crate::tui::model::Model;
use crate::tui::theme::{Glyphs, Role};
use crate::tui::widget::page::Line;

/// Cells of the situation before.
const BEFORE: usize = 16;
/// Blanks between two columns.
const GAP: usize = 2;

/// What is known about who moves, and the counts before; nothing where it is not counted, or not any more.
pub(super) fn known(model: &Model) -> Option<(&Moves, &Facets)> {
    let (moves, before, now) = (model.mapping.moves.as_ref()?, model.mapping.configured.as_ref()?, model.snapshot.as_ref()?);
    let is_of = moves.before == before.generation() && moves.after == now.generation();
    is_of.then(|| (&**moves, before.facets()))
}

/// A situation in words; an account whose person has a row has none of its own.
fn words(situation: Option<Situation>) -> &'static str {
    situation.map_or("no row", Situation::words)
}

/// The table in at most so many cells and lines; nothing where it does not fit, or nobody moves.
pub(super) fn table(moves: &Moves, before: &Facets, room: usize, height: usize, glyphs: Glyphs) -> Option<Vec<Line>> {
    let all = || Situation::WORST_FIRST.into_iter().map(Some).chain([None]);
    let rows: Vec<Option<Situation>> = all().filter(|s| moves.leave(*s) > 0).collect();
    // How many stay is told beside those who go, where there is room for that too.
    let only_moves: Vec<Option<Situation>> = all().filter(|s| moves.come(*s) > 0).collect();
    let with_those_who_stay: Vec<Option<Situation>> = all().filter(|s| moves.come(*s) > 0 || (s.is_some() && rows.contains(s))).collect();
    let number = |from: Option<Situation>, to: Option<Situation>| match from {
        Some(situation) if from == to => moves.stay(situation, before),
        _ => moves.of(from, to),
    };
    let cell = |n: usize| if n == 0 { if glyphs == Glyphs::Ascii { "-" } else { "·" }.to_owned() } else { count(n) };
    let wide =
        |to: Option<Situation>| rows.iter().map(|from| width(&cell(number(*from, to)))).max().unwrap_or(0).max(width(words(to))) + GAP;
    let fits = |columns: &[Option<Situation>]| BEFORE + columns.iter().map(|to| wide(*to)).sum::<usize>() <= room;
    if rows.is_empty() || rows.len() + 1 > height {
        return None;
    }
    let columns = [with_those_who_stay, only_moves].into_iter().find(|columns| fits(columns))?;
    let arrow = if glyphs == Glyphs::Ascii { "before -> after" } else { "before → after" };
    let mut heading: Line = vec![(Role::Quiet, format!("{arrow:<BEFORE$}").into())];
    heading.extend(columns.iter().map(|to| (Role::Quiet, format!("{:>1$}", words(*to), wide(*to)).into())));
    let mut lines = vec![heading];
    for from in &rows {
        let mut line: Line = vec![(Role::Text, format!("{:<BEFORE$}", words(*from)).into())];
        for to in &columns {
            let n = number(*from, *to);
            let role = if from == to || n == 0 { Role::Quiet } else { Role::Strong };
            line.push((role, format!("{:>1$}", cell(n), wide(*to)).into()));
        }
        lines.push(line);
    }
    Some(lines)
}
