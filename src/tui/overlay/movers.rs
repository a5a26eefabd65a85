//! Who would leave and who would enter by another source location. Only what is visible is composed, however many they are.

use crate::engine::location::{Mover, Preview};
use crate::text::{clean, count, counted, cut, pad};
use crate::tui::theme::Role;
use crate::tui::widget::page::{Line, plain};

/// Cells of the user name and of the person's name.
const CALLED: usize = 20;
const NAME: usize = 24;

/// The lines of the overlay: a heading, then one line a person, first those who leave.
struct Part<'p> {
    heading: Line,
    list: &'p [Mover],
    more: usize,
}

impl Part<'_> {
    fn len(&self) -> usize {
        1 + self.list.len() + usize::from(self.more > 0)
    }

    fn line(&self, n: usize) -> Line {
        match (n.checked_sub(1), n.checked_sub(1).and_then(|n| self.list.get(n))) {
            (None, _) => self.heading.clone(),
            (_, Some(mover)) => line(mover),
            (_, None) => plain(Role::Quiet, format!("  and {} more", count(self.more))),
        }
    }
}

fn line(mover: &Mover) -> Line {
    let cell = |text: &str, cells: usize| format!("{}  ", pad(&cut(&clean(text), cells), cells));
    let account = if mover.has_account { "account  " } else { "·        " };
    vec![
        (Role::Strong, format!("  {}", cell(&mover.called, CALLED)).into()),
        (Role::Text, cell(&mover.name, NAME).into()),
        (if mover.has_account { Role::Bad } else { Role::Quiet }, account.into()),
        (Role::Quiet, clean(&cut(&mover.dn, 400)).into_owned().into()),
    ]
}

fn parts(preview: &Preview) -> Vec<Part<'_>> {
    let Ok(against) = &preview.against else { return Vec::new() };
    let leave = if against.leave == 1 { "person leaves" } else { "people leave" };
    let enter = if against.enter == 1 { "person enters" } else { "people enter" };
    let with = match against.with_account {
        0 => String::new(),
        n => format!(", {} with an active account", count(n)),
    };
    vec![
        Part {
            heading: plain(if against.leave > 0 { Role::Bad } else { Role::Quiet }, format!("{} {leave}{with}", count(against.leave))),
            list: &against.leaving,
            more: against.leave - against.leaving.len(),
        },
        Part {
            heading: plain(if against.enter > 0 { Role::Strong } else { Role::Quiet }, format!("{} {enter}", count(against.enter))),
            list: &against.entering,
            more: against.enter - against.entering.len(),
        },
    ]
}

/// How many lines there are.
pub(super) fn len(preview: &Preview) -> usize {
    parts(preview).iter().map(Part::len).sum()
}

/// So many lines from `top` on.
pub(super) fn lines(preview: &Preview, top: usize, height: usize) -> Vec<Line> {
    let parts = parts(preview);
    let line = |n: usize| {
        let mut n = n;
        for part in &parts {
            match n.checked_sub(part.len()) {
                None => return Some(part.line(n)),
                Some(rest) => n = rest,
            }
        }
        None
    };
    (top..top.saturating_add(height)).map_while(line).collect()
}

/// The title of the overlay.
pub(super) fn title(preview: &Preview) -> String {
    format!("Who enters and who leaves: {} in scope then", counted(preview.in_scope, "user"))
}
