//! A plan is played against a copy of the service, made of its listing, in this process: what it would do, and whether a second
//! plan would then have nothing left.
//!
//! The copy knows of each account what was listed: the mapped fields, the name, the status. It speaks the dialect of the
//! connector, so requests are those that would leave. What the real service would refuse, it cannot know.

use super::ends::Ends;
use super::picture::Picture;
use super::query::{Job, look};
use super::run::{Desk, Planned, Runner, prepare};
use crate::apply::choose::{Permits, Selection, is_approved};
use crate::apply::{Control, Meter, Report};
use crate::config::{Auth, Channel, Rate};
use crate::demo::service::{Faults, Hiding, Service, Writing};
use crate::error::{Error, Kind, Result};
use crate::journal::Journal;
use crate::mapping::Rules;
use crate::model::Action;
use crate::plan::file::PlanFile;
use crate::target::connector::{Put, Version};
use crate::target::{Columns, Dialect, Set, Target, Write};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashSet;

/// What a rehearsal came to.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// The run on the copy.
    pub report: Report,
    /// Rows of those that were applied, that a second plan still has.
    pub left: Vec<Left>,
}

/// A row that a second plan still has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Whose.
    pub user: String,
    /// What would be sent once more.
    pub action: Action,
    /// What differs.
    pub why: String,
}

/// Plays a plan: a saved one, or the one that is made now. Reads both ends, and sends nothing to them.
///
/// # Errors
/// Where an end can't be read, or a guard refuses the plan.
pub async fn rehearse(
    job: &Job<'_>,
    ends: &mut Ends,
    journal: &Journal,
    file: Option<&mut PlanFile>,
    selection: &Selection,
    permits: Permits,
) -> Result<Rehearsal> {
    let picture = look(job, ends, journal).await?;
    let mut planned = match file {
        Some(file) => Planned::File(file),
        None => Planned::Fresh(&picture, job.now),
    };
    play(job, ends, journal, &picture, &mut planned, selection, permits).await
}

/// Plays a plan on a copy of what was listed. Sends nothing to the ends.
///
/// # Errors
/// Where the source can't be read, or a guard refuses the plan.
pub async fn play(
    job: &Job<'_>,
    ends: &mut Ends,
    journal: &Journal,
    picture: &Picture,
    planned: &mut Planned<'_>,
    selection: &Selection,
    permits: Permits,
) -> Result<Rehearsal> {
    let dialect = ends.connector.dialect();
    let accounts = accounts_of(picture, &ends.rules, &dialect);
    let writing = Box::new(Writing { merges: dialect.put == Put::Merges, ..Writing::default() });
    // What the real listing leaves out, the copy leaves out too.
    let hides_inactive = (!ends.connector.lists_inactive).then_some(Hiding { shown_by_id: true, shown_by_filter: true });
    let faults = Faults { version_1: dialect.version == Version::V1, hides_inactive, writing, ..Faults::default() };
    let service = Service::start(accounts, faults).await?;
    // The same channel, on the copy.
    let mut channel: Channel = job.channel.clone();
    channel.target.base_url.value = service.base_url().to_owned();
    channel.target.auth = Auth::None;
    channel.target.app_secret = None;
    channel.target.rate = Rate::Auto;
    let columns = Columns::new(ends.rules.rules().iter().map(|r| &r.field));
    let real = std::mem::replace(&mut ends.target, Target::open(&channel.target, &ends.connector, columns).await?);
    let played = played(job, &channel, ends, journal, real.base_url(), planned, selection, permits).await;
    ends.target = real;
    played
}

#[expect(clippy::too_many_arguments, reason = "what a rehearsal is made of")]
async fn played(
    job: &Job<'_>,
    channel: &Channel,
    ends: &mut Ends,
    journal: &Journal,
    real: &str,
    planned: &mut Planned<'_>,
    selection: &Selection,
    permits: Permits,
) -> Result<Rehearsal> {
    let mut copy = Journal::in_memory()?;
    copy.set_belonging(&channel.name, &super::query::belonging_of(ends))?;
    copy.add_links(channel.target.base_url.value.as_str(), &journal.links(real)?)?;
    for (on, hold) in journal.holds(real, job.now)? {
        copy.set_hold(&channel.target.base_url.value, &on, &hold)?;
    }
    let prepared = prepare(planned, journal, job.channel, selection, permits)?;
    if !prepared.fired.is_empty() {
        let (what, how): (Vec<&str>, Vec<&str>) = prepared.fired.iter().map(|f| (f.message.as_str(), f.lifted_by.as_str())).unzip();
        return Err(Error::new(Kind::Refused, what.join("; ")).hint(format!("lift it with {}", how.join(" "))));
    }
    if let Some(why) = &prepared.number {
        return Err(Error::new(Kind::Approval, format!("--allow-deprovisions is not believed: {why}"))
            .hint("look at them with rosterm plan --only leaving, then name their number"));
    }
    let mut applied: HashSet<(Option<String>, Option<String>)> = HashSet::new();
    planned.each(|row| {
        if selection.has(row) && is_approved(row, permits) {
            applied.insert((row.entry.as_ref().map(|e| e.id.clone()), row.account.as_ref().map(|a| a.id.clone())));
        }
        Ok(())
    })?;
    let mut runner = Runner::take(channel, ends, copy, "rehearsal", job.now).await?;
    let (control, meter) = (Control::default(), Meter::default());
    let desk = Desk { author: "rehearsal", control: &control, meter: &meter, tell: &|_| () };
    let report = runner.send(planned, &prepared, selection, permits, desk).await?;
    let copy = runner.into_journal()?;
    let second = Job { channel, ..*job };
    let after = look(&second, ends, &copy).await?;
    let was_applied = |row: &crate::plan::Row| {
        let (entry, account) = (row.entry.as_ref().map(|e| &e.id), row.account.as_ref().map(|a| &a.id));
        applied.iter().any(|(e, a)| (entry.is_some() && e.as_ref() == entry) || (entry.is_none() && a.is_some() && a.as_ref() == account))
    };
    let left = after.rows(false).filter(|row| row.action != Action::None && was_applied(row)).map(|row| Left {
        user: row.called().to_owned(),
        action: row.action,
        why: row.changes.iter().map(|c| format!("{}: {} -> {}", c.field, c.from.plain(), c.to.plain())).collect::<Vec<_>>().join(", "),
    });
    Ok(Rehearsal { report, left: left.collect() })
}

/// The accounts of a listing as resources: what was listed of each.
fn accounts_of(picture: &Picture, rules: &Rules, dialect: &Dialect) -> Vec<Value> {
    let accounts = picture.accounts();
    accounts
        .rows()
        .map(|row| {
            let stored = accounts.row(row);
            let fields: Vec<Set<'_>> = rules
                .rules()
                .iter()
                .enumerate()
                .map(|(index, rule)| Set { field: &rule.field, value: picture.stored(row, index) })
                .collect();
            let request = dialect.request(&Write::Create { fields: &fields, active: !stored.is_off() });
            let body = request.and_then(|r| r.body).unwrap_or_default();
            let mut account: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
            account["id"] = json!(stored.id());
            if account.get("userName").is_none() && !stored.name().is_empty() {
                account["userName"] = json!(stored.name());
            }
            account
        })
        .collect()
}
