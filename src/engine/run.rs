//! From a plan to a run: what would be sent, what forbids it, sending it, and picking it up.
//!
//! Commands and screens both come here. What must stay true: guards are asked before anything is frozen, nothing is sent that is
//! not frozen, and a service has one run at a time.

use super::approvals::Approvals;
use super::ends::Ends;
use super::picture::{Picture, User};
use super::query::{asked_of, belonging_of};
use crate::apply::choose::{Overview, Permits, Removals, Selection, check_removals};
use crate::apply::{self, Control, Counting, Finished, Freezer, Meter, Order, Report};
use crate::clock::Instant;
use crate::config::Channel;
use crate::error::{Error, Kind, Result};
use crate::journal::run::{Baseline, LastPlan, NewRun, Run, RunId};
use crate::journal::{Journal, Lock, Writer};
use crate::mapping::Context;
use crate::model::{Action, Subject};
use crate::plan::Row;
use crate::plan::file::{Fingerprint, Header, PlanFile};
use crate::plan::guard::{self, Basis, Fired};
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// A plan that is to be applied.
pub enum Planned<'p> {
    /// One that was just made.
    Fresh(&'p Picture, Instant),
    /// A saved one.
    File(&'p mut PlanFile),
    /// Rows that somebody has chosen.
    Rows(&'p Header, &'p [Row]),
    /// What somebody has approved on a screen, and the links with it if the last is true: rows are made as they are needed.
    Chosen(&'p Picture, &'p Approvals, Instant, bool),
}

impl Planned<'_> {
    /// Every row, and the head with the content id. What `visit` was given may only be used once this has ended well.
    ///
    /// # Errors
    /// Where a saved plan can't be read, or is none; the error of `visit`.
    pub fn each(&mut self, mut visit: impl FnMut(&Row) -> Result<()>) -> Result<(Header, String)> {
        let counted = |header: Header, rows: &mut dyn Iterator<Item = Row>, visit: &mut dyn FnMut(&Row) -> Result<()>| {
            let mut fingerprint = Fingerprint::new(&header);
            for mut row in rows {
                fingerprint.row(&mut row);
                visit(&row)?;
            }
            Ok((header, fingerprint.id()))
        };
        match self {
            Planned::Fresh(picture, now) => counted(picture.header(*now), &mut picture.rows(false), &mut visit),
            Planned::Chosen(picture, approvals, now, links) => {
                counted(picture.header(*now), &mut chosen(picture, approvals, *links), &mut visit)
            }
            Planned::Rows(header, rows) => counted((*header).clone(), &mut rows.iter().cloned(), &mut visit),
            Planned::File(file) => {
                let head = file.scan(|row| visit(&row))?;
                Ok((head.header, head.id))
            }
        }
    }
}

/// The rows that were approved, and links, in the order of the numbers.
fn chosen<'p>(picture: &'p Picture, approvals: &'p Approvals, links: bool) -> impl Iterator<Item = Row> + 'p {
    let is_link = |subject: &Subject| picture.user_of(*subject).is_some_and(|u| u.verdict.action == Action::Link);
    let linked = links.then(|| picture.subjects().filter(is_link)).into_iter().flatten();
    let row = move |user: User| Row { approved: true, ..picture.row(&user) };
    linked.filter_map(|s| picture.user_of(s)).map(row).chain(approved(picture, approvals))
}

/// The rows that were approved, without links.
pub(super) fn approved<'p>(picture: &'p Picture, approvals: &'p Approvals) -> impl Iterator<Item = Row> + 'p {
    approvals.subjects().filter_map(|s| picture.user_of(s)).map(|user| Row { approved: true, ..picture.row(&user) })
}

/// What applying a plan would come to.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The content id of the plan.
    pub id: String,
    /// Its head.
    pub header: Header,
    /// What is selected, and what of it is approved.
    pub overview: Overview,
    /// Rows with an action that are not selected.
    pub unselected: usize,
    /// Pairs that a percentage is of.
    pub pairs: usize,
    /// Guards that refuse it.
    pub fired: Vec<Fired>,
    /// Why the number of deprovisions that was named is not believed.
    pub number: Option<String>,
}

/// What applying a plan would come to. Nothing is written and nobody is asked.
///
/// # Errors
/// Where the plan or the journal can't be read.
pub fn prepare(
    planned: &mut Planned<'_>,
    journal: &Journal,
    channel: &Channel,
    selection: &Selection,
    permits: Permits,
) -> Result<Prepared> {
    let mut overview = Overview::default();
    let mut unselected = 0;
    let is_file = matches!(planned, Planned::File(_) | Planned::Rows(..) | Planned::Chosen(..));
    let (header, id) = planned.each(|row| {
        overview.add(row, selection, permits);
        unselected += usize::from(row.action != Action::None && !selection.has(row));
        Ok(())
    })?;
    let basis = Basis {
        pairs: match header.undo_of {
            // Such a plan lists nobody but those whom it is about.
            Some(_) => journal.links(&header.target.base_url)?.len().max(guard::pairs(&header.counts)),
            None => guard::pairs(&header.counts),
        },
        entries: header.source.entries,
        // A plan that takes a run back says nothing about the directory.
        before: journal.baseline(&channel.name)?.map(|b| b.entries).filter(|_| header.undo_of.is_none()),
    };
    let fired = guard::fired(&overview.approved, basis, &channel.policy, permits.lifted);
    let seen = if is_file {
        Some(overview.removals.clone())
    } else {
        journal.last_plan(&channel.name)?.and_then(|plan| Removals::of_text(&plan.fingerprint))
    };
    let number = check_removals(&overview.removals, permits.lifted.deprovisions, seen.as_ref()).err();
    Ok(Prepared { id, header, overview, unselected, pairs: basis.pairs, fired, number })
}

/// Remembers whom a plan would remove, so that a number can be believed about these.
///
/// # Errors
/// Where the journal can't be written.
pub fn remember_plan(journal: &mut Journal, picture: &Picture, now: Instant) -> Result<()> {
    let mut removals = Removals::default();
    let mut fingerprint = Fingerprint::new(&picture.header(now));
    let mut add = |mut row: Row| {
        fingerprint.row(&mut row);
        if row.action.is_deprovision() {
            removals.add(&row);
        }
    };
    if picture.users().is_empty() {
        // Behind a screen nobody is listed in the order of names.
        picture.subjects().filter_map(|s| picture.user_of(s)).filter(User::is_worth_a_row).for_each(|u| add(picture.row(&u)));
    } else {
        picture.rows(false).for_each(add);
    }
    let plan = LastPlan { plan: fingerprint.id(), at: now, removals: removals.len(), fingerprint: removals.to_text() };
    journal.set_last_plan(picture.channel(), &plan)
}

/// Refuses a plan that is about other ends than these.
///
/// # Errors
/// A usage error that names what differs.
pub fn check_fit(header: &Header, channel: &Channel, ends: &Ends) -> Result<()> {
    let facts = ends.source.facts();
    for (what, planned, now) in [
        ("channel", header.channel.as_str(), channel.name.as_str()),
        ("service", header.target.base_url.as_str(), ends.target.base_url()),
        ("naming context", header.source.naming_context.as_str(), facts.naming_context.as_str()),
    ] {
        if planned != now {
            return Err(Error::usage(format!("the plan is for the {what} {planned}, and this is {now}"))
                .hint("make a new plan with rosterm plan --out FILE"));
        }
    }
    Ok(())
}

/// Who sends, and from where it is watched.
#[derive(Clone, Copy)]
pub struct Desk<'d> {
    /// Who.
    pub author: &'d str,
    /// Pause and cancel.
    pub control: &'d Control,
    /// How far it has come.
    pub meter: &'d Meter,
    /// Hears of each row.
    pub tell: &'d (dyn Fn(&Finished) + Sync),
}

/// A run on its way: both ends, the journal, and the lock.
pub struct Runner<'r> {
    channel: &'r Channel,
    ends: &'r mut Ends,
    journal: Option<Journal>,
    service: String,
    now: Instant,
    _lock: Lock,
}

impl<'r> Runner<'r> {
    /// Takes the service for a run.
    ///
    /// # Errors
    /// Where somebody else has it, the links and holds of the channel were made for another pair of ends, or the journal can't be
    /// written.
    pub async fn take(channel: &'r Channel, ends: &'r mut Ends, mut journal: Journal, author: &str, now: Instant) -> Result<Self> {
        let service = ends.target.base_url().to_owned();
        let lock = Lock::take(&journal, &service, author, now)?;
        let belonging = belonging_of(ends);
        // Links that were made for other ends are never taken for these by a run: everybody linked would be leaving.
        journal.set_belonging(&channel.name, &belonging)?;
        ends.target.learn(journal.habits(&service)?.as_deref());
        ends.target.ask_what_it_can().await;
        Ok(Runner { channel, ends, journal: Some(journal), service, now, _lock: lock })
    }

    /// The journal.
    ///
    /// # Errors
    /// Where a run before was cut off in the middle.
    pub fn journal(&mut self) -> Result<&mut Journal> {
        self.journal.as_mut().ok_or_else(|| Error::failure("the journal is in use"))
    }

    /// The journal, for good.
    ///
    /// # Errors
    /// Where a run before was cut off in the middle.
    pub fn into_journal(self) -> Result<Journal> {
        self.journal.ok_or_else(|| Error::failure("the journal is in use"))
    }

    /// Both ends.
    pub fn ends(&mut self) -> &mut Ends {
        self.ends
    }

    /// The run that was interrupted, if there is one.
    ///
    /// # Errors
    /// Where the journal can't be read, or it is another channel's.
    pub fn interrupted(&mut self) -> Result<Option<Run>> {
        let (service, name) = (self.service.clone(), self.channel.name.clone());
        let Some(run) = self.journal()?.unended(&service)? else { return Ok(None) };
        if run.what.channel == name {
            return Ok(Some(run));
        }
        Err(Error::new(Kind::Refused, format!("run {} of channel {} was interrupted", run.id, run.what.channel))
            .hint(format!("finish it first with rosterm apply --channel {}", run.what.channel)))
    }

    /// Picks an interrupted run up: looks into what may have been sent, and sends the rest.
    ///
    /// # Errors
    /// Where the journal can't be written, or the service refuses us.
    pub async fn resume(&mut self, run: &Run, desk: Desk<'_>) -> Result<Report> {
        desk.meter.total.store(run.total(), Ordering::Relaxed);
        self.work(run.id, run.what.undo_of.is_some(), true, desk).await
    }

    /// Freezes what is selected and approved, and sends it.
    ///
    /// # Errors
    /// Where the journal can't be written.
    pub async fn send(
        &mut self,
        planned: &mut Planned<'_>,
        prepared: &Prepared,
        selection: &Selection,
        permits: Permits,
        desk: Desk<'_>,
    ) -> Result<Report> {
        let lifted = permits.lifted;
        let terms = serde_json::json!({
            "yes": permits.yes,
            "allow_deprovisions": lifted.deprovisions,
            "allow_creates": lifted.creates,
            "allow_updates": lifted.updates,
            "allow_clears": lifted.clears,
            "accept_source": lifted.source,
        });
        let new = NewRun {
            channel: self.channel.name.clone(),
            service: self.service.clone(),
            plan: prepared.id.clone(),
            undo_of: prepared.header.undo_of.map(RunId),
            author: desk.author.to_owned(),
            started: self.now,
            terms: terms.to_string(),
        };
        for (place, action) in Action::ALL.into_iter().enumerate() {
            desk.meter.planned[place].store(prepared.overview.approved.of(action), Ordering::Relaxed);
        }
        let mut freezer = Freezer::begin(self.journal()?, &new, selection, permits)?;
        let (_, id) = planned.each(|row| freezer.add(row))?;
        if id != prepared.id {
            return Err(Error::failure("the plan was changed while it was read").hint("try again; nothing was sent"));
        }
        let (run, total) = freezer.end()?;
        desk.meter.total.store(total, Ordering::Relaxed);
        let report = self.work(run, new.undo_of.is_some(), false, desk).await?;
        if prepared.header.source.complete && new.undo_of.is_none() {
            let (name, at) = (self.channel.name.clone(), self.now);
            let baseline = Baseline { entries: prepared.header.source.entries, at };
            // A shrunken source that nobody has accepted is no measure for the next one.
            let before = self.journal()?.baseline(&name)?;
            let is_believed = lifted.source == Some(baseline.entries)
                || guard::shrunk(baseline.entries, before.map(|b| b.entries), self.channel.policy.max_source_shrink).is_none();
            if is_believed {
                self.journal()?.set_baseline(&name, baseline)?;
            }
        }
        Ok(report)
    }

    async fn work(&mut self, run: RunId, is_undo: bool, was_begun: bool, desk: Desk<'_>) -> Result<Report> {
        let journal = self.journal.take().ok_or_else(|| Error::failure("the journal is in use"))?;
        let writer = Writer::start(journal, &self.service, &self.channel.name)?;
        let told = self.worked(run, is_undo, was_begun, &writer, desk).await;
        self.journal = Some(writer.finish()?);
        told
    }

    async fn worked(&mut self, run: RunId, is_undo: bool, was_begun: bool, writer: &Writer, desk: Desk<'_>) -> Result<Report> {
        let schema = asked_of(self.ends);
        let cx = Context { now: self.now };
        let (mut counting, mut begun) = (Counting::default(), HashMap::new());
        if was_begun {
            let order =
                Order { run, service: &self.service, channel: &self.channel.name, policy: &self.channel.policy, is_undo, begun: &begun };
            let ends = ends_of(self.ends, &schema, cx.clone());
            let settled = apply::resume::settle(&order, ends, writer, true, desk.tell).await?;
            (counting, begun) = (settled.counting, settled.begun);
        }
        let order =
            Order { run, service: &self.service, channel: &self.channel.name, policy: &self.channel.policy, is_undo, begun: &begun };
        let ends = ends_of(self.ends, &schema, cx);
        apply::execute(&order, ends, writer, counting, desk.control, desk.meter, desk.tell).await
    }
}

/// Looks into what an interrupted run may have sent, by reading alone.
///
/// # Errors
/// Where the journal can't be written, or the service refuses us.
pub async fn verify(channel: &Channel, ends: &mut Ends, journal: Journal, run: &Run, now: Instant) -> Result<Journal> {
    let service = ends.target.base_url().to_owned();
    let schema = asked_of(ends);
    let writer = Writer::start(journal, &service, &channel.name)?;
    let begun = HashMap::new();
    let order = Order {
        run: run.id,
        service: &service,
        channel: &channel.name,
        policy: &channel.policy,
        is_undo: run.what.undo_of.is_some(),
        begun: &begun,
    };
    let told = apply::resume::settle(&order, ends_of(ends, &schema, Context { now }), &writer, false, &|_| ()).await;
    let journal = writer.finish()?;
    told.map(|_| journal)
}

fn ends_of<'e>(ends: &'e mut Ends, schema: &'e crate::identity::population::Schema, cx: Context) -> apply::Ends<'e> {
    apply::Ends { source: &mut ends.source, target: &ends.target, rules: &ends.rules, schema, cx }
}
