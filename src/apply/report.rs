//! What a run came to: counts by action and fate, and failures by their cause, with whom they are about and what to do.

use super::Finished;
use crate::journal::run::{Ending, RowState, RunId};
use crate::model::Action;
use serde::Serialize;
use std::collections::BTreeMap;

/// So many users are named with a cause; the journal has all of them.
const NAMED: usize = 20;
/// So many different causes are told apart.
const CAUSES: usize = 50;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub ending: Ending,
    /// What stopped it.
    pub why: Option<String>,
    /// Rows by action and state.
    pub counts: Vec<Count>,
    /// Failures, stale rows and rows in doubt, by cause.
    pub groups: Vec<Group>,
    /// Fields of which the service keeps values of its own, and for how many accounts.
    pub kept: BTreeMap<String, usize>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How many rows of an action are in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The action.
    pub action: Action,
    /// The state.
    pub state: RowState,
    /// How many.
    pub rows: usize,
}

/// Rows that were not done for one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Where they stand.
    pub state: RowState,
    /// What was to be sent.
    pub action: Action,
    /// The cause, without what is different from one user to the next.
    pub cause: String,
    /// What to do.
    pub advice: &'static str,
    /// How many.
    pub rows: usize,
    /// The first of them.
    pub users: Vec<String>,
    /// Their numbers in the run; while it goes on nobody needs them.
    #[serde(skip)]
    pub at: Vec<u32>,
}

/// The rows that share a cause, some of their users, and what to do about it.
type Alike = (Vec<u32>, Vec<String>, &'static str);

/// Counts while a run goes on.
#[derive(Debug, Clone, Default)]
pub struct Counting {
    counts: BTreeMap<(usize, usize), usize>,
    groups: BTreeMap<(usize, usize, String), Alike>,
    kept: BTreeMap<String, usize>,
}

impl Counting {
    /// Takes a row into account.
    pub fn add(&mut self, row: &Finished) {
        *self.counts.entry((row.action as usize, row.state as usize)).or_default() += 1;
        for field in &row.kept {
            *self.kept.entry(field.clone()).or_default() += 1;
        }
        if !matches!(row.state, RowState::Failed | RowState::Stale | RowState::Doubt) {
            return;
        }
        let told = row.cause.as_deref().unwrap_or("it is not known why");
        let cause = without_names(told, row);
        let key = (row.state as usize, row.action as usize, cause);
        let key =
            if self.groups.len() < CAUSES || self.groups.contains_key(&key) { key } else { (key.0, key.1, "other causes".to_owned()) };
        let group = self.groups.entry(key).or_insert_with(|| (Vec::new(), Vec::new(), advice(row.state, told)));
        group.0.push(row.n);
        if group.1.len() < NAMED {
            group.1.push(row.called.clone());
        }
    }

    /// Takes into account what went wrong with a row afterwards that was counted as done.
    pub fn turned(&mut self, row: &Finished) {
        if let Some(done) = self.counts.get_mut(&(row.action as usize, RowState::Done as usize)) {
            *done = done.saturating_sub(1);
        }
        self.add(row);
    }

    /// How many are in a state.
    #[must_use]
    pub fn of(&self, state: RowState) -> usize {
        self.counts.iter().filter(|((_, s), _)| *s == state as usize).map(|(_, n)| n).sum()
    }

    /// Failures by cause while the run goes on: without the numbers of the rows, which may be a million.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        self.grouped(|_| Vec::new())
    }

    /// The report.
    #[must_use]
    pub fn report(&self, run: RunId, ending: Ending, why: Option<String>, seconds: f64) -> Report {
        let counts = self.counts.iter().map(|((a, s), rows)| Count { action: action(*a), state: state(*s), rows: *rows });
        let (counts, groups) = (counts.collect(), self.grouped(<[u32]>::to_vec));
        Report { run, ending, why, counts, groups, kept: self.kept.clone(), seconds }
    }

    fn grouped(&self, at: impl Fn(&[u32]) -> Vec<u32>) -> Vec<Group> {
        let mut groups: Vec<Group> = self
            .groups
            .iter()
            .map(|((s, a, cause), (rows, users, advice))| Group {
                state: state(*s),
                action: action(*a),
                cause: cause.clone(),
                advice,
                rows: rows.len(),
                users: users.clone(),
                at: at(rows),
            })
            .collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.rows));
        groups
    }
}

fn action(n: usize) -> Action {
    Action::ALL.into_iter().find(|a| *a as usize == n).unwrap_or(Action::None)
}

fn state(n: usize) -> RowState {
    RowState::ALL[n.min(RowState::ALL.len() - 1)]
}

/// A cause without what names one user: so that a hundred of the same are one group.
fn without_names(cause: &str, row: &Finished) -> String {
    let mut out = cause.to_owned();
    for name in [Some(row.called.as_str()), row.account.as_deref()].into_iter().flatten().filter(|n| n.len() > 2) {
        out = out.replace(name, "…");
    }
    // What a conflict names has an id of its own.
    let found = "account by now (";
    if let Some(from) = out.find(found).map(|at| at + found.len())
        && let Some(end) = out[from..].find(',')
    {
        out.replace_range(from..from + end, "…");
    }
    // Values stand in quotes.
    let mut plain = String::with_capacity(out.len());
    let mut quoted = false;
    for c in out.chars() {
        if c == '"' {
            if !quoted {
                plain.push_str("\"…");
            }
            quoted = !quoted;
        }
        if !quoted {
            plain.push(c);
        }
    }
    crate::text::cut(&plain, 300).into_owned()
}

fn advice(state: RowState, cause: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|w| cause.contains(w));
    match state {
        RowState::Stale => "read both ends again and look: what was approved is not true any more",
        RowState::Doubt => "look at the account in the service; rosterm owed lists them, and the next plan shows where they stand",
        _ if has(&["rosterm link"]) => "look at the account; if it is this person's, link it by hand and plan again",
        _ if has(&["cannot be seen"]) => "find the account in the service's own administration, then link or rename it",
        _ if has(&["HTTP 409"]) => "the name or address is in use: rename one of the two, or link the account",
        _ if has(&["HTTP 403"]) => "the token may not do this: check its rights, or protect the account in the policy",
        _ if has(&["HTTP 400", "HTTP 413", "HTTP 422"]) => {
            "the service does not take these values: mend the mapping or the directory, then retry"
        }
        _ if has(&["HTTP 412"]) => "the service refuses to delete such accounts: use remove_action = \"disable\"",
        _ if has(&["HTTP 424"]) => "a licence is missing in the service: assign it there, then retry",
        _ if has(&["HTTP 5"]) => "the service fails on this one: retry later, then ask its support with the request id",
        _ if has(&["could not be looked up", "could not be read"]) => "check that both ends answer, then retry",
        _ => "retry with rosterm owed retry; history shows what was sent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_kind_are_one_group_whoever_they_are_about() {
        let mut counting = Counting::default();
        for n in 0..100 {
            counting.add(&Finished {
                n,
                action: Action::Create,
                called: format!("user{n}"),
                state: RowState::Failed,
                cause: Some(format!(
                    "HTTP 409: uniqueness: user{n} is taken by \"Ann {n}\"; there is such an account by now (a-{n}, active)"
                )),
                account: None,
                stop: None,
                kept: Vec::new(),
            });
        }
        counting.add(&Finished {
            n: 100,
            action: Action::Update,
            called: "x".into(),
            state: RowState::Done,
            cause: None,
            account: None,
            stop: None,
            kept: vec!["title".into()],
        });
        let report = counting.report(RunId(1), Ending::Done, None, 1.0);
        assert_eq!(report.groups.len(), 1);
        assert!(report.groups[0].at.iter().copied().eq(0..100), "who it is about is known at the end");
        let (going, ended) = (counting.groups(), Group { at: Vec::new(), ..report.groups[0].clone() });
        assert_eq!(going, [ended], "and while it goes on everything but that");
        assert_eq!((report.groups[0].rows, report.groups[0].users.len()), (100, NAMED));
        assert_eq!(report.groups[0].cause, "HTTP 409: uniqueness: … is taken by \"…\"; there is such an account by now (…, active)");
        assert!(report.groups[0].advice.contains("link"));
        assert_eq!(report.kept["title"], 1);
        assert_eq!(counting.of(RowState::Done), 1);
    }
}
