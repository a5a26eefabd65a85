//! Who comes to another action by another policy: everybody as they were read last is judged once more, and nobody's verdict
//! changes by it.

use super::preview::Baseline;
use crate::clock::Instant;
use crate::config::Policy;
use crate::engine::picture::cell::Bond;
use crate::engine::picture::{Picture, key_forms};
use crate::identity::population::RowIx;
use crate::identity::value::key_form;
use crate::model::{Action, ReadEnd, SideState, Subject};
use crate::plan::guard::allowed;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Users that are told by name.
const NAMED: usize = 12;

/// What another policy comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// When source and target were read, whose rows were judged.
    pub read_at: (Option<Instant>, Option<Instant>),
    /// So many rows come to another action: from which, to which.
    pub moves: Vec<(Action, Action, usize)>,
    /// The first of those whose account would be deleted and was not to be before, by name. Not cleaned.
    pub deleted: Vec<String>,
    /// The service hides inactive accounts: it would have to be asked about more of them first, so there may be more.
    pub at_least: bool,
    /// So many rows are to be disabled or deleted then, and so many may be in one run; nothing where there is no limit.
    pub removals: (usize, Option<usize>),
    /// Names that are not protected any more, each with what is proposed then for whoever has it; with nothing in it nobody has.
    /// Not cleaned.
    pub unprotected: Vec<(String, Vec<Action>)>,
    /// Names that are protected then and were not before, and that nobody has who was read. Not cleaned.
    pub nobody: Vec<String>,
}

impl Judged {
    /// So many rows come to another action.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.moves.iter().map(|(.., n)| n).sum()
    }

    /// So many accounts are proposed to be deleted that were not before.
    #[must_use]
    pub fn deletions(&self) -> usize {
        self.moves.iter().filter(|(_, to, _)| *to == Action::Delete).map(|(.., n)| n).sum()
    }
}

/// Judges everybody by another policy.
///
/// # Errors
/// Why that is not known.
pub(super) fn judge(baseline: Option<&Baseline>, policy: &Policy) -> Result<Judged, String> {
    let Some(baseline) = baseline else { return Err("nothing was read before".to_owned()) };
    let picture = &baseline.picture;
    let is_whole = |side: &SideState| matches!(side, SideState::Ended(ReadEnd::Complete));
    if !is_whole(picture.source_state()) || !is_whole(picture.target_state()) {
        return Err("the last reading of both ends was not complete".to_owned());
    }
    Ok(Judged { read_at: (baseline.read_at, baseline.target_read_at), ..picture.judged_by(&baseline.policy, policy) })
}

impl Picture {
    /// What comes of another policy than the configured one; that everybody goes by at the moment may be a third.
    fn judged_by(&self, was: &Policy, policy: &Policy) -> Judged {
        let (mut configured, mut other) = (self.clone(), self.clone());
        let is_configured = self.about.policy.judges_like(was);
        Arc::make_mut(&mut configured.about).set_policy(was);
        Arc::make_mut(&mut other.about).set_policy(policy);
        let still = key_forms(&policy.protect);
        let taken: Vec<&String> = was.protect.iter().filter(|name| !still.contains(key_form(name).as_ref())).collect();
        let taken_forms: HashSet<String> = taken.iter().map(|name| key_form(name).into_owned()).collect();
        let before = key_forms(&was.protect);
        let added: Vec<&String> = policy.protect.iter().filter(|name| !before.contains(key_form(name).as_ref())).collect();
        let mut missing: HashSet<String> = added.iter().map(|name| key_form(name).into_owned()).collect();
        let mut proposed: HashMap<String, Vec<Action>> = HashMap::new();
        let mut moves: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let (mut removals, mut deleted) = (0, Vec::new());
        let mut note = |from: Action, to: Action, subject: Subject| {
            removals += usize::from(to.is_deprovision());
            if !taken_forms.is_empty()
                && let Some(user) = self.user_of(subject)
                && let Some(name) = self.goes_by(user.entry, user.account, &taken_forms)
            {
                let proposed = proposed.entry(name).or_default();
                if !proposed.contains(&to) {
                    proposed.push(to);
                }
            }
            // An account and its person may have two of them.
            if !missing.is_empty()
                && let Some(user) = self.user_of(subject)
            {
                while let Some(name) = self.goes_by(user.entry, user.account, &missing) {
                    missing.remove(&name);
                }
            }
            if from == to {
                return;
            }
            *moves.entry((from as usize, to as usize)).or_default() += 1;
            if to == Action::Delete && deleted.len() < NAMED {
                deleted.extend(self.user_of(subject).map(|user| self.row(&user).called().to_owned()));
            }
        };
        for (row, before) in (0u32..).map(RowIx).zip(other.people.iter()).filter(|(_, cell)| cell.bond != Bond::Absent) {
            let (mut was, mut cell, mask) = (*before, *before, other.masks.at(row.index()));
            if !is_configured {
                configured.judge_person(row, &mut was, mask);
            }
            other.judge_person(row, &mut cell, mask);
            note(was.verdict.action, cell.verdict.action, Subject::of_entry(row));
        }
        for (row, before) in (0u32..).map(RowIx).zip(other.others.iter()).filter(|(_, cell)| cell.is_own_row()) {
            let (mut was, mut cell) = (*before, *before);
            if !is_configured {
                configured.judge_account(row, &mut was);
            }
            other.judge_account(row, &mut cell);
            note(was.verdict.action, cell.verdict.action, Subject::of_account(row));
        }
        let nobody = added.into_iter().filter(|name| missing.contains(key_form(name).as_ref())).cloned().collect();
        let asks = (was.remove_action, was.provision_disabled) != (policy.remove_action, policy.provision_disabled);
        Judged {
            moves: moves.into_iter().map(|((from, to), n)| (Action::ALL[from], Action::ALL[to], n)).collect(),
            deleted,
            at_least: asks && self.about.hides_inactive,
            unprotected: taken
                .into_iter()
                .map(|name| (name.clone(), proposed.get(key_form(name).as_ref()).cloned().unwrap_or_default()))
                .collect(),
            nobody,
            removals: (removals, allowed(policy.limits.deprovision, crate::plan::guard::pairs(&self.counts()))),
            ..Judged::default()
        }
    }
}
