//! What a run would come to, as it is shown before anything is sent: how many people, which fields, who loses access by name.

use super::run::Prepared;
use super::snapshot::Snapshot;
use crate::apply::undo::lasting;
use crate::config::Channel;
use crate::journal::run::{RowState, Run};
use crate::model::Action;
use crate::plan::Row;
use crate::plan::guard::{self, Fired, Lifted, Tally};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many of those who lose access are named.
pub const NAMED: usize = 12;

/// What a run would come to.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Which one: what is confirmed is named by it.
    pub number: u64,
    /// The service. Not cleaned.
    pub service: String,
    /// What would be sent.
    pub tally: Tally,
    /// Fields of updates, and for how many accounts.
    pub fields: Vec<(String, usize)>,
    /// Fields that are changed beside accounts that are enabled.
    pub beside: Vec<(String, usize)>,
    /// The first of those who lose access or get it back, by what would be done. Not cleaned.
    pub names: Vec<(Action, Vec<String>)>,
    /// Leaving rows that nobody has approved.
    pub waiting: usize,
    /// Limits that forbid it.
    pub fired: Vec<Fired>,
    /// Numbers that lift limits for this run.
    pub lifted: Lifted,
    /// How long it may take, and at how many rows a second: as fast as the last run.
    pub takes: Option<(Duration, f64)>,
    /// How many removals the limit allows; nothing where there is none.
    pub most_removals: Option<usize>,
    /// What is to be known of the configuration file: it says something else by now. Not cleaned.
    pub file: Option<String>,
    /// What of it can't be taken back.
    pub lasting: Vec<String>,
    /// A run that has not ended: it is finished first.
    pub interrupted: Option<Run>,
    /// The run that this one takes back.
    pub undo_of: Option<i64>,
    /// How many of those who are enabled again have no right to it, by what was read last: disabled, or not in scope, or not known.
    pub unentitled: usize,
    /// The directory was not read to its end, or gave nobody: all of them are counted, and fewer may have no right to it.
    pub is_unsure: bool,
    /// Who loses access by taking a run back although they are in scope and enabled by what was read last: their number, and the first
    /// of them. Not cleaned.
    pub locked_out: (usize, Vec<String>),
    /// Of whom nothing is left to be taken back, and why. Not cleaned.
    pub left_out: Vec<String>,
    /// Some of those who lose access or get it back may be so already, so that fewer do.
    pub at_most: bool,
}

impl Proposal {
    /// The number that has to be typed, unless it is 0: how many lose access, and how many get it back who have no right to it.
    #[must_use]
    pub fn grave(&self) -> usize {
        self.removals() + self.unentitled
    }

    /// How many accounts would be disabled or deleted.
    #[must_use]
    pub fn removals(&self) -> usize {
        self.tally.deprovisions()
    }

    /// True if nothing forbids it and there is something to send.
    #[must_use]
    pub fn can_be_sent(&self) -> bool {
        self.fired.is_empty() && self.interrupted.is_none() && self.tally.total() > 0
    }
}

/// What a run before sent a second, of the newest that had enough to send to tell.
pub(super) fn pace(runs: &[Run]) -> Option<f64> {
    /// Fewer say little.
    const ENOUGH: usize = 20;
    let of = |run: &Run| {
        let (ended, _) = run.ended?;
        let sent = run.of(RowState::Done) + run.of(RowState::Failed);
        let seconds = u32::try_from(ended.0 - run.what.started.0).ok().filter(|s| *s > 0)?;
        (sent >= ENOUGH).then(|| f64::from(u32::try_from(sent).unwrap_or(u32::MAX)) / f64::from(seconds))
    };
    runs.iter().find_map(of)
}

pub(super) fn propose(
    (number, lifted): (u64, Lifted),
    pace: Option<f64>,
    approved: impl Iterator<Item = Row>,
    prepared: Prepared,
    channel: &Channel,
    snapshot: Option<&Snapshot>,
    interrupted: Option<Run>,
) -> Proposal {
    let mut fields: BTreeMap<Action, BTreeMap<String, usize>> = BTreeMap::new();
    let mut names: BTreeMap<&str, (Action, Vec<String>)> = BTreeMap::new();
    for row in approved {
        if matches!(row.action, Action::Update | Action::Enable) {
            let fields = fields.entry(row.action).or_default();
            // That an account becomes active is what enabling is.
            for change in row.changes.iter().filter(|c| row.action != Action::Enable || c.field != "active") {
                *fields.entry(change.field.clone()).or_default() += 1;
            }
        }
        if row.action.is_deprovision() || row.action == Action::Enable {
            let (_, list) = names.entry(row.action.code()).or_insert_with(|| (row.action, Vec::new()));
            if list.len() < NAMED {
                list.push(row.called().to_owned());
            }
        }
    }
    let mut most_first = |action: Action| {
        let mut fields: Vec<(String, usize)> = fields.remove(&action).unwrap_or_default().into_iter().collect();
        fields.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        fields
    };
    let (beside, fields) = (most_first(Action::Enable), most_first(Action::Update));
    let tally = prepared.overview.approved;
    let removed = tally.deprovisions();
    let leaving = snapshot.map_or(0, |s| [Action::Disable, Action::Delete].into_iter().map(|a| s.facets().for_action(a)).sum());
    // Links are written down, not sent.
    let to_send = u32::try_from(tally.total() - tally.of(Action::Link)).unwrap_or(u32::MAX);
    let takes = pace.map(|pace| (Duration::from_secs_f64(f64::from(to_send) / pace), pace)).filter(|_| to_send > 0);
    let kept = Action::ALL.into_iter().filter(|a| tally.of(*a) > 0);
    Proposal {
        number,
        service: prepared.header.target.base_url.clone(),
        most_removals: guard::allowed(channel.policy.limits.deprovision, prepared.pairs),
        lasting: kept.filter_map(|a| lasting(a).map(str::to_owned)).collect(),
        undo_of: prepared.header.undo_of,
        lifted,
        takes,
        fired: prepared.fired,
        waiting: leaving.saturating_sub(removed),
        names: names.into_values().collect(),
        unentitled: 0,
        is_unsure: false,
        locked_out: (0, Vec::new()),
        left_out: Vec::new(),
        at_most: false,
        file: None,
        beside,
        fields,
        tally,
        interrupted,
    }
}
