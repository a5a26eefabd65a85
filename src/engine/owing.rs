//! What a run did not do, held against what both ends say by now: for whom there is still something to approve.
//!
//! What must stay true: nobody is counted as still to be approved who would not be approved, and nobody is approved for anything
//! but what was approved before; who needs nothing any more is told apart from who can't be helped by an approval.

use super::approvals::{Named, needs_approval};
use super::snapshot::Snapshot;
use crate::apply::Group;
use crate::model::{Action, Situation, Subject};
use crate::text::{count, counted};
use std::collections::HashMap;
use std::sync::Arc;

/// The cause of those who were left when a run ended early, and of those whose cause nobody knows.
const NO_GROUP: u16 = u16::MAX;

/// Those for whom a run did not do what was approved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// Who.
    pub who: Arc<Vec<Named>>,
    /// What was approved for each.
    actions: Arc<Vec<Action>>,
    /// The place of the cause of each in the report's groups.
    groups: Arc<Vec<u16>>,
}

impl Undone {
    /// Of rows with their numbers in the run, and the causes that its report tells.
    pub(super) fn of(rows: Vec<(u32, Action, Named)>, groups: &[Group]) -> Self {
        let known: HashMap<u32, u16> =
            groups.iter().zip(0..NO_GROUP).flat_map(|(group, at)| group.at.iter().map(move |n| (*n, at))).collect();
        let causes = rows.iter().map(|(n, ..)| known.get(n).copied().unwrap_or(NO_GROUP)).collect();
        let actions = rows.iter().map(|(_, action, _)| *action).collect();
        let who = rows.into_iter().map(|(.., named)| named).collect();
        Undone { who: Arc::new(who), actions: Arc::new(actions), groups: Arc::new(causes) }
    }

    /// Each of them with what was approved.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Named, Action)> {
        self.who.iter().zip(self.actions.iter().copied())
    }
}

/// Where those stand by now for whom a run did not do what was approved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owing {
    /// There is something to approve for them.
    pub open: usize,
    /// The same by the place of the cause in the report's groups, beside how many there are of that cause.
    pub by_group: Vec<(usize, usize)>,
    /// Nothing would be sent for them any more.
    pub settled: usize,
    /// Something else would be done for them by now: that is approved by whoever has seen it.
    pub other: usize,
    /// Something keeps it from being sent: they are held, blocked, invalid, or it has to be said who they are.
    pub kept: usize,
    /// They were to be created, and have an account by now: whose it is a person has to say.
    pub taken: usize,
    /// They have no row any more.
    pub gone: usize,
}

impl Owing {
    /// As of a snapshot.
    pub(super) fn count(undone: &Undone, snapshot: &Snapshot) -> Self {
        let mut owing = Owing::default();
        for ((named, action), group) in undone.iter().zip(undone.groups.iter()) {
            let open = owing.take(snapshot, named, action).is_some();
            if *group != NO_GROUP {
                let at = usize::from(*group);
                if owing.by_group.len() <= at {
                    owing.by_group.resize(at + 1, (0, 0));
                }
                owing.by_group[at].0 += usize::from(open);
                owing.by_group[at].1 += 1;
            }
        }
        owing
    }

    /// Counts one for whom an action was approved. Gives their number if the same is to be approved for them by now.
    pub(super) fn take(&mut self, snapshot: &Snapshot, named: &Named, action: Action) -> Option<Subject> {
        if named.account.is_none() && snapshot.has_account(named) {
            self.taken += 1;
            return None;
        }
        let subject = snapshot.subject_of(named);
        let Some((subject, user)) = subject.and_then(|s| Some((s, snapshot.picture().user_of(s)?))) else {
            self.gone += 1;
            return None;
        };
        let verdict = &user.verdict;
        if verdict.action == action {
            self.open += 1;
            return Some(subject);
        }
        if needs_approval(verdict.action) {
            self.other += 1;
            return None;
        }
        let settled =
            verdict.action == Action::Link || matches!(verdict.situation, Situation::InSync | Situation::Left | Situation::Skipped);
        *(if settled { &mut self.settled } else { &mut self.kept }) += 1;
        None
    }

    /// What became of those for whom there is nothing to approve, in words; nothing where there is nobody like that.
    #[must_use]
    pub fn rest(&self) -> Vec<String> {
        let verb = |n: usize, one: &str, many: &str| format!("{} {}", count(n), if n == 1 { one } else { many });
        [
            (
                self.other,
                verb(
                    self.other,
                    "comes to something else by now: look at it in the list",
                    "come to something else by now: look at them in the list",
                ),
            ),
            (self.settled, verb(self.settled, "needs nothing any more", "need nothing any more")),
            (self.kept, verb(self.kept, "is held, blocked or unclear", "are held, blocked or unclear")),
            (
                self.taken,
                verb(
                    self.taken,
                    "has an account by now: link it by hand if it is theirs",
                    "have an account by now: link those that are theirs by hand",
                ),
            ),
            (self.gone, verb(self.gone, "is at neither end any more", "are at neither end any more")),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(_, words)| words)
        .collect()
    }

    /// What approving them came to, in a sentence: `n` were not approved before.
    pub(super) fn approved(&self, n: usize) -> String {
        let before = self.open.saturating_sub(n);
        let before = (before > 0)
            .then(|| format!("{} approved before", if before == 1 { "1 was".to_owned() } else { format!("{} were", count(before)) }));
        let parts: Vec<String> = before.into_iter().chain(self.rest()).collect();
        let rest = if parts.is_empty() { String::new() } else { format!("; {}", parts.join("; ")) };
        format!("{} approved, nothing is sent yet{rest}", counted(n, "row"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_approved_and_what_needs_nothing_is_said_in_one_sentence() {
        let owing = |open, settled, kept, taken, gone| Owing { open, settled, kept, taken, gone, ..Owing::default() };
        let other = Owing { open: 1, other: 1, ..Owing::default() };
        for (owing, n, said) in [
            (owing(3, 0, 0, 0, 0), 3, "3 rows approved, nothing is sent yet"),
            (other, 1, "1 row approved, nothing is sent yet; 1 comes to something else by now: look at it in the list"),
            (owing(1, 2, 0, 0, 0), 1, "1 row approved, nothing is sent yet; 2 need nothing any more"),
            (owing(2, 1, 0, 0, 0), 0, "0 rows approved, nothing is sent yet; 2 were approved before; 1 needs nothing any more"),
            (
                owing(0, 0, 1, 1, 1),
                0,
                "0 rows approved, nothing is sent yet; 1 is held, blocked or unclear; 1 has an account by now: link it by hand if it is theirs; 1 is at neither end any more",
            ),
        ] {
            assert_eq!(owing.approved(n), said);
        }
    }
}
