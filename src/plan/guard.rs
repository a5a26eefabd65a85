//! Limits that refuse a run (design: section 5). Pure: counts go in, what fired comes out.
//!
//! What must stay true: a guard that fires stops the whole run before anything is sent; it is lifted only by the number that it
//! is about, said by somebody who has seen it.

use super::Row;
use super::file::Counts;
use crate::config::{Limit, Policy};
use crate::model::{Action, Situation};
use crate::text::count;
use std::collections::BTreeMap;

/// What a run would do, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    actions: [usize; Action::ALL.len()],
    /// Accounts that would lose a value, by field.
    pub clears: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts a row that would be sent.
    pub fn add(&mut self, row: &Row) {
        self.actions[row.action as usize] += 1;
        let is_change = matches!(row.action, Action::Update | Action::Enable);
        for change in row.changes.iter().filter(|c| is_change && c.to.is_unassigned() && !c.from.is_unassigned()) {
            *self.clears.entry(change.field.clone()).or_default() += 1;
        }
    }

    /// How many of an action.
    #[must_use]
    pub fn of(&self, action: Action) -> usize {
        self.actions[action as usize]
    }

    /// Accounts that would be disabled or deleted.
    #[must_use]
    pub fn deprovisions(&self) -> usize {
        self.of(Action::Disable) + self.of(Action::Delete)
    }

    /// Accounts that would be changed or enabled.
    #[must_use]
    pub fn updates(&self) -> usize {
        self.of(Action::Update) + self.of(Action::Enable)
    }

    /// The most accounts that would lose a value of one field.
    #[must_use]
    pub fn most_clears(&self) -> usize {
        self.clears.values().copied().max().unwrap_or(0)
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> usize {
        self.actions.iter().sum()
    }
}

/// What a run is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Pairs: what a percentage is of.
    pub pairs: usize,
    /// Entries in scope by now.
    pub entries: usize,
    /// Entries in scope at the last read that was believed.
    pub before: Option<usize>,
}

/// How many pairs a plan with these counts has.
#[must_use]
pub fn pairs(counts: &Counts) -> usize {
    use Situation::{Changed, InSync, Leaving, Left, Returning};
    [Changed, InSync, Leaving, Left, Returning].into_iter().map(|s| counts.of(s)).sum()
}

/// Numbers that an operator has named; each lifts the guard that is about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifted {
    /// Accounts to be disabled or deleted.
    pub deprovisions: Option<usize>,
    /// Accounts to be created.
    pub creates: Option<usize>,
    /// Accounts to be changed or enabled.
    pub updates: Option<usize>,
    /// The most accounts that lose a value of one field.
    pub clears: Option<usize>,
    /// Entries in scope.
    pub source: Option<usize>,
}

impl Lifted {
    /// Both; a number of `more` takes the place of one that is there.
    #[must_use]
    pub fn and(self, more: Lifted) -> Self {
        Lifted {
            deprovisions: more.deprovisions.or(self.deprovisions),
            creates: more.creates.or(self.creates),
            updates: more.updates.or(self.updates),
            clears: more.clears.or(self.clears),
            source: more.source.or(self.source),
        }
    }
}

/// A guard that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// What is too much.
    pub message: String,
    /// The option that lifts it, with its number.
    pub lifted_by: String,
    /// The number.
    pub number: usize,
    /// This number, named.
    pub lifts: Lifted,
}

impl Fired {
    /// What helps beside the number. Fewer approvals don't make more people.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        if self.lifts.source.is_some() {
            "look at base, filter and group of the source location: approving fewer does not help while anything is taken away"
        } else {
            "approve fewer"
        }
    }

    /// What has to be right before the number is named.
    #[must_use]
    pub fn proviso(&self) -> &'static str {
        if self.lifts.source.is_some() { "if so few people are right" } else { "or look at the rows, and if they are right" }
    }
}

/// How many a limit allows, of so many pairs; nothing where there is no limit.
#[must_use]
pub fn allowed(limit: Limit, pairs: usize) -> Option<usize> {
    // A share of few is never below one: otherwise nothing could ever be done.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a count is one")]
    let share = limit.percent.map(|percent| ((pairs as f64 * percent / 100.0).floor() as usize).max(1));
    let fixed = limit.count.map(|n| n as usize);
    [share, fixed].into_iter().flatten().min()
}

/// The guards that fire.
#[must_use]
pub fn fired(tally: &Tally, basis: Basis, policy: &Policy, lifted: Lifted) -> Vec<Fired> {
    let mut fired = Vec::new();
    let none = Lifted::default();
    let limits = [
        (
            "disabled or deleted",
            tally.deprovisions(),
            policy.limits.deprovision,
            Lifted { deprovisions: Some(tally.deprovisions()), ..none },
            "--allow-deprovisions",
        ),
        (
            "created",
            tally.of(Action::Create),
            policy.limits.create,
            Lifted { creates: Some(tally.of(Action::Create)), ..none },
            "--allow-creates",
        ),
        ("changed or enabled", tally.updates(), policy.limits.update, Lifted { updates: Some(tally.updates()), ..none }, "--allow-updates"),
    ];
    for (verb, n, limit, lifts, option) in limits {
        // Lifted by this very number.
        let is_lifted = lifted.and(lifts) == lifted;
        if let Some(most) = allowed(limit, basis.pairs).filter(|most| n > *most && !is_lifted) {
            fired.push(Fired {
                message: format!(
                    "{} accounts would be {verb}, the limit is {} ({} of {} pairs)",
                    count(n),
                    count(most),
                    limit,
                    count(basis.pairs)
                ),
                lifted_by: format!("{option} {n}"),
                number: n,
                lifts,
            });
        }
    }
    let most_clears = tally.most_clears();
    if let Some(most) = allowed(policy.limits.clear, basis.pairs).filter(|most| most_clears > *most && lifted.clears != Some(most_clears)) {
        let fields: Vec<String> =
            tally.clears.iter().filter(|(_, n)| **n > most).map(|(field, n)| format!("{field} ({})", count(*n))).collect();
        fired.push(Fired {
            message: format!(
                "accounts would lose their {}, the limit is {} a field ({} of {} pairs)",
                fields.join(", "),
                count(most),
                policy.limits.clear,
                count(basis.pairs)
            ),
            lifted_by: format!("--allow-clears {most_clears}"),
            number: most_clears,
            lifts: Lifted { clears: Some(most_clears), ..none },
        });
    }
    // Fewer people explain away nobody: they only forbid what takes something away.
    let takes_away = tally.deprovisions() > 0 || most_clears > 0;
    if takes_away && lifted.source != Some(basis.entries) {
        fired.extend(shrink(basis, policy.max_source_shrink));
    }
    fired
}

/// So many fewer people than before that nothing may be taken away because of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunk {
    /// Entries in scope by now.
    pub entries: usize,
    /// Entries in scope at the last read that was believed.
    pub before: usize,
    /// So many may be missing.
    pub most: usize,
    /// The limit.
    pub limit: Limit,
}

/// Whether a source has shrunk by more than its limit.
#[must_use]
pub fn shrunk(entries: usize, before: Option<usize>, limit: Limit) -> Option<Shrunk> {
    let before = before?;
    let most = allowed(limit, before)?;
    (before.saturating_sub(entries) > most).then_some(Shrunk { entries, before, most, limit })
}

fn shrink(basis: Basis, limit: Limit) -> Option<Fired> {
    let Shrunk { entries, before, most, limit } = shrunk(basis.entries, basis.before, limit)?;
    let message = format!(
        "the directory shows {} people, {} fewer than the {} at the last run; at most {} ({}) may be missing where access or values are taken away",
        count(entries),
        count(before - entries),
        count(before),
        count(most),
        limit
    );
    Some(Fired {
        message,
        lifted_by: format!("--accept-source {entries}"),
        number: entries,
        lifts: Lifted { source: Some(entries), ..Lifted::default() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::value::Datum;
    use crate::model::Change;

    fn row(action: Action, clears: &[&str]) -> Row {
        let change = |field: &&str| Change { field: (*field).to_owned(), from: Datum::Text("x".into()), to: Datum::Unassigned };
        Row {
            situation: Situation::Changed,
            reason: None,
            user_name: None,
            action,
            approved: true,
            entry: None,
            account: None,
            changes: clears.iter().map(change).collect(),
            candidates: Vec::new(),
            problems: Vec::new(),
            hold: None,
            would_be: None,
            last_failure: None,
        }
    }

    fn tally(of: &[(Action, usize, &[&str])]) -> Tally {
        let mut tally = Tally::default();
        for (action, n, clears) in of {
            (0..*n).for_each(|_| tally.add(&row(*action, clears)));
        }
        tally
    }

    #[test]
    fn a_limit_is_a_number_a_share_or_the_smaller_of_both() {
        for (limit, pairs, most) in [
            ("20 or 5%", 100, Some(5)),
            ("20 or 5%", 10_000, Some(20)),
            ("20 or 5%", 3, Some(1)),
            ("20", 3, Some(20)),
            ("0", 3, Some(0)),
            ("5%", 19, Some(1)),
            ("5%", 40, Some(2)),
            ("none", 3, None),
        ] {
            assert_eq!(allowed(Limit::parse(limit).unwrap(), pairs), most, "{limit} of {pairs}");
        }
    }

    #[test]
    fn a_guard_fires_above_its_limit_and_is_lifted_by_its_own_number_alone() {
        use Action::{Create, Delete, Disable, Enable, Update};
        let policy = Policy::default();
        let strict = Policy {
            limits: crate::config::Limits {
                create: Limit::parse("2").unwrap(),
                update: Limit::parse("2").unwrap(),
                ..crate::config::Limits::default()
            },
            ..Policy::default()
        };
        let basis = |pairs, entries, before| Basis { pairs, entries, before };
        let some = |deprovisions, creates, updates, clears, source| Lifted { deprovisions, creates, updates, clears, source };
        for (of, basis, policy, lifted, options) in [
            (&[(Disable, 5, &[][..])][..], basis(100, 100, None), &policy, Lifted::default(), &[][..]),
            (&[(Disable, 6, &[])], basis(100, 100, None), &policy, Lifted::default(), &["--allow-deprovisions 6"]),
            (&[(Disable, 3, &[]), (Delete, 3, &[])], basis(100, 100, None), &policy, Lifted::default(), &["--allow-deprovisions 6"]),
            (&[(Disable, 6, &[])], basis(100, 100, None), &policy, some(Some(5), None, None, None, None), &["--allow-deprovisions 6"]),
            (&[(Disable, 6, &[])], basis(100, 100, None), &policy, some(Some(6), None, None, None, None), &[]),
            (
                &[(Disable, 6, &[])],
                basis(100, 100, None),
                &policy,
                some(None, Some(6), Some(6), Some(6), Some(6)),
                &["--allow-deprovisions 6"],
            ),
            (&[(Create, 9_999, &[])], basis(0, 9_999, None), &policy, Lifted::default(), &[]),
            (&[(Create, 3, &[])], basis(100, 100, None), &strict, Lifted::default(), &["--allow-creates 3"]),
            (&[(Update, 2, &[]), (Enable, 1, &[])], basis(100, 100, None), &strict, Lifted::default(), &["--allow-updates 3"]),
            (&[(Update, 5, &["title"])], basis(100, 100, None), &policy, Lifted::default(), &[]),
            (&[(Update, 6, &["title", "mail"])], basis(100, 100, None), &policy, Lifted::default(), &["--allow-clears 6"]),
            // Each field is counted by itself.
            (&[(Update, 4, &["title"]), (Update, 4, &["mail"])], basis(100, 100, None), &policy, Lifted::default(), &[]),
            (&[(Update, 6, &["title"])], basis(100, 100, None), &policy, some(None, None, None, Some(6), None), &[]),
            // A smaller source forbids what takes away, and nothing else.
            (&[(Disable, 1, &[])], basis(100, 69, Some(100)), &policy, Lifted::default(), &["--accept-source 69"]),
            (&[(Update, 1, &["title"])], basis(100, 69, Some(100)), &policy, Lifted::default(), &["--accept-source 69"]),
            (&[(Disable, 1, &[])], basis(100, 70, Some(100)), &policy, Lifted::default(), &[]),
            (&[(Update, 9, &[]), (Create, 9, &[])], basis(100, 1, Some(100)), &policy, Lifted::default(), &[]),
            (&[(Disable, 1, &[])], basis(100, 69, Some(100)), &policy, some(None, None, None, None, Some(69)), &[]),
            (&[(Disable, 1, &[])], basis(100, 69, Some(100)), &policy, some(None, None, None, None, Some(70)), &["--accept-source 69"]),
            (&[(Disable, 1, &[])], basis(100, 200, Some(100)), &policy, Lifted::default(), &[]),
        ] {
            let told: Vec<String> = fired(&tally(of), basis, policy, lifted).into_iter().map(|f| f.lifted_by).collect();
            assert_eq!(told, options, "{of:?} {basis:?} {lifted:?}");
        }
    }

    #[test]
    fn a_create_clears_nothing() {
        assert_eq!(tally(&[(Action::Create, 3, &["title"])]).most_clears(), 0);
    }
}
