//! The rows of a run, and what came of each.

use crate::engine::RunRow;
use crate::journal::run::RowState;
use crate::telemetry::redacted;
use crate::text::{clean, pad};
use crate::tui::theme::Role;
use crate::tui::widget::page::Line;

/// The lines, cut where they are drawn.
pub(super) fn lines(rows: &[RunRow]) -> Vec<Line> {
    let line = |row: &RunRow| {
        let role = match row.state {
            RowState::Done => Role::Good,
            RowState::Waiting | RowState::Left => Role::Quiet,
            RowState::Failed | RowState::Stale | RowState::Doubt => Role::Bad,
        };
        let called = crate::text::cut(&clean(&row.called), 24).into_owned();
        vec![
            (role, format!("{:<12}", row.state.words()).into()),
            (Role::Text, format!("{:<8}", row.action.code()).into()),
            (Role::Strong, format!("{} ", pad(&called, 24)).into()),
            (Role::Text, redacted(&crate::text::cut(&row.what, 400)).into()),
        ]
    };
    if rows.is_empty() {
        return vec![vec![(Role::Quiet, "it has no rows".into())]];
    }
    rows.iter().map(line).collect()
}
