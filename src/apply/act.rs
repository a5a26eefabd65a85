//! What is done to one account with one request, and the request that says so.
//!
//! The same code gives the requests of a run and those that are shown beforehand: what is shown is what would be sent.

use super::check::{ACTIVE, rule_of};
use crate::identity::value::Datum;
use crate::journal::run::StepKind;
use crate::mapping::Rules;
use crate::model::Action;
use crate::plan::Row;
use crate::target::http::Request;
use crate::target::{Dialect, Resource, Set, Write};

/// What is done to one account with one request.
#[derive(Debug, Clone)]
pub(super) enum Act<'f> {
    Create { fields: Vec<Set<'f>>, active: bool },
    Change { id: String, fields: Vec<Set<'f>>, active: Option<bool> },
    Delete { id: String },
}

impl<'f> Act<'f> {
    pub fn change(id: &str, fields: Vec<Set<'f>>, active: Option<bool>) -> Self {
        Act::Change { id: id.to_owned(), fields, active }
    }

    pub fn fields(&self) -> &[Set<'f>] {
        match self {
            Act::Create { fields, .. } | Act::Change { fields, .. } => fields,
            Act::Delete { .. } => &[],
        }
    }

    pub fn id(&self) -> Option<&str> {
        match self {
            Act::Create { .. } => None,
            Act::Change { id, .. } | Act::Delete { id } => Some(id),
        }
    }

    /// The request. Nothing where the account would have to be read first.
    pub fn request(&self, dialect: &Dialect, before: Option<&Resource>, version: Option<&str>) -> Option<Request> {
        match self {
            Act::Create { fields, active } => dialect.request(&Write::Create { fields, active: *active }),
            Act::Change { id, fields, active } => {
                let before = before.map(|b| &b.object);
                dialect.request(&Write::Change { id, fields, active: *active, before, version })
            }
            Act::Delete { id } => dialect.request(&Write::Delete { id, version }),
        }
    }

    /// True if the account has to be read before, because parts of it are sent back.
    pub fn needs_before(&self, dialect: &Dialect) -> bool {
        matches!(self, Act::Change { fields, active, .. } if dialect.needs_before(fields, *active))
    }
}

/// The first request of a row, and the fields that go with a second one.
pub(super) fn acts<'f>(dialect: &Dialect, row: &Row, fields: &[Set<'f>]) -> Option<(StepKind, Act<'f>, Vec<Set<'f>>)> {
    let id = row.account.as_ref().map(|a| a.id.as_str()).unwrap_or_default();
    let all = || fields.to_vec();
    Some(match row.action {
        Action::Create => {
            let active = !row.changes.iter().any(|c| c.field == ACTIVE && c.to == Datum::Bool(false));
            (StepKind::Create, Act::Create { fields: all(), active }, Vec::new())
        }
        Action::Update => (StepKind::Fields, Act::change(id, all(), None), Vec::new()),
        // Taking a run back may restore values together with the status.
        Action::Enable | Action::Disable => {
            let active = Some(row.action == Action::Enable);
            if fields.is_empty() {
                (StepKind::Active, Act::change(id, Vec::new(), active), Vec::new())
            } else if dialect.is_one_request() {
                (StepKind::Fields, Act::change(id, all(), active), Vec::new())
            } else {
                (StepKind::Active, Act::change(id, Vec::new(), active), all())
            }
        }
        Action::Delete => (StepKind::Delete, Act::Delete { id: id.to_owned() }, Vec::new()),
        Action::Link | Action::None => return None,
    })
}

/// True where the service itself refuses a request for another version: then nobody need be asked first.
pub(super) fn goes_by_version(dialect: &Dialect, has_versions: bool, rules: &Rules, row: &Row) -> bool {
    let has_version = row.account.as_ref().is_some_and(|a| a.version.is_some());
    if !has_versions || !has_version {
        return false;
    }
    let sets: Vec<Set<'_>> = row
        .changes
        .iter()
        .filter_map(|c| rule_of(rules, &c.field))
        .map(|(_, rule)| Set { field: &rule.field, value: Datum::Unassigned })
        .collect();
    let active = row.changes.iter().any(|c| c.field == ACTIVE).then_some(true);
    row.action == Action::Delete
        || (!dialect.needs_before(&sets, active) && (sets.is_empty() || active.is_none() || dialect.is_one_request()))
}
