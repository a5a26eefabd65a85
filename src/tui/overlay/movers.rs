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
        (if mover.has_account { Role::Bad } else { Role::Quiet }, account.into()),
        (Role::Text, cell(&mover.name, NAME).into()),
        (Role::Quiet, clean(&cut(&mover.dn, 400)).into_owned().into()),
    ]
}

fn parts(preview: &Preview) -> Vec<Part<'_>> {
    let Ok(against) = &preview.against else { return Vec::new() };
    let with = match against.with_account {
        0 => String::new(),
        n => format!(", {} with an active account", count(n)),
    };
    let part = |n: usize, one: &str, many: &str, more: &str, role: Role, list| {
        let heading = format!("{} {}{more}", count(n), if n == 1 { one } else { many });
        Part { heading: plain(if n > 0 { role } else { Role::Quiet }, heading), list, more: n - list.len() }
    };
    let mut parts = vec![part(against.leave, "person leaves", "people leave", &with, Role::Bad, &against.leaving)];
    if against.disable > 0 {
        parts.push(part(against.disable, "person becomes disabled", "people become disabled", "", Role::Bad, &against.disabling));
    }
    parts.push(part(against.enter, "person enters", "people enter", "", Role::Strong, &against.entering));
    if against.enable > 0 {
        parts.push(part(against.enable, "person becomes enabled", "people become enabled", "", Role::Strong, &against.enabling));
    }
    parts
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
