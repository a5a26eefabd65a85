//! `rosterm apply`: sends what was approved, from a saved plan or from one that is made now.
//!
//! What it is about to do is said in plain words before anything leaves, who loses access by name. An interrupted run is finished
//! first. The exit code says what is left: 0 nothing, 6 some rows failed or were stale, 7 somebody has to approve, 4 a guard.

use super::progress::{Doing, Watch};
use super::{Common, plan as plan_command, print, report};
use crate::apply::choose::{Permits, Selection, is_approved};
use crate::apply::undo::lasting;
use crate::apply::{Control, Finished, Meter, Report};
use crate::clock::Instant;
use crate::config::{Channel, Config, paths};
use crate::engine::run::{Desk, Planned, Prepared, Runner, check_fit, prepare};
use crate::engine::{self, Job};
use crate::error::{Error, Kind, Result, exit};
use crate::journal::Mode;
use crate::journal::run::Owed;
use crate::journal::run::{Ending, RowState};
use crate::model::{Action, Situation};
use crate::plan::decision::Name;
use crate::plan::file::PlanFile;
use crate::plan::guard::Lifted;
use crate::text::count;
use clap::Args;
use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// A plan that rosterm plan --out FILE has saved; without one, a plan is made now
    plan: Option<PathBuf>,
    /// Send every selected row without asking, but for those that take access away
    #[arg(long)]
    yes: bool,
    /// Only rows of this situation; may be given several times
    #[arg(long, value_name = "SITUATION", value_parser = plan_command::situation)]
    only: Vec<Situation>,
    /// Only this user: user name, lasting id, DN or account id; may be given several times
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,
    /// Disable or delete the N accounts that were seen in PLAN, or in the last plan of the channel, whatever the limit
    #[arg(long, value_name = "N")]
    allow_deprovisions: Option<usize>,
    /// Create N accounts, whatever the limit
    #[arg(long, value_name = "N")]
    allow_creates: Option<usize>,
    /// Change or enable N accounts, whatever the limit
    #[arg(long, value_name = "N")]
    allow_updates: Option<usize>,
    /// Take a value away from N accounts, whatever the limit
    #[arg(long, value_name = "N")]
    allow_clears: Option<usize>,
    /// Believe that the directory shows N people, however many there were before
    #[arg(long, value_name = "N")]
    accept_source: Option<usize>,
    /// Send nothing: play the plan against a copy of the service in this process, and show what would be left afterwards
    #[arg(long)]
    rehearse: bool,
    /// How to print the report
    #[arg(long, default_value = "text")]
    format: print::Format,
    /// What is owed, if only that is meant: whom, and what was to be sent.
    #[arg(skip)]
    owed: BTreeMap<String, Action>,
}

impl Options {
    /// The same for what is owed alone: of those whom the options name, where they name somebody.
    pub(super) fn only_for(&self, owed: &[Owed]) -> Self {
        Options { owed: owed.iter().map(|o| (o.subject.clone(), o.action)).collect(), ..self.clone() }
    }

    fn permits(&self) -> Permits {
        Permits {
            yes: self.yes,
            lifted: Lifted {
                deprovisions: self.allow_deprovisions,
                creates: self.allow_creates,
                updates: self.allow_updates,
                clears: self.allow_clears,
                source: self.accept_source,
            },
        }
    }

    fn selection(&self) -> Selection {
        Selection { only: self.only.clone(), users: self.user.iter().map(|n| Name::new(n)).collect(), owed: self.owed.clone() }
    }
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    if common.read_only && !options.rehearse {
        return Err(Error::new(Kind::Refused, "--read-only: nothing is sent").hint("look at what would be sent with rosterm plan"));
    }
    let mut file = options.plan.as_deref().map(PlanFile::open).transpose()?;
    let config = common.configuration()?;
    let channel = channel_of(common, &config, file.as_mut())?;
    let watch = watch(&channel, common);
    let mut ends = engine::open(&channel, now).await?;
    if let Some(file) = &mut file {
        check_fit(&file.scan(|_| Ok(()))?.header, &channel, &ends)?;
    }
    if options.rehearse {
        let journal = common.journal(&config, Mode::Read)?;
        let others = config.others(&channel);
        watch.now(Doing::Reading);
        let job = Job { channel: &channel, others: &others, now, progress: watch.progress() };
        let rehearsal =
            Box::pin(engine::rehearsal::rehearse(&job, &mut ends, &journal, file.as_mut(), &options.selection(), options.permits())).await;
        drop(watch);
        return told_rehearsal(&rehearsal?, options);
    }
    let journal = common.journal(&config, Mode::Write)?;
    let author = paths::operator();
    let mut runner = Runner::take(&channel, &mut ends, journal, &author, now).await?;
    let mut before = exit::DONE;
    if let Some(interrupted) = runner.interrupted()? {
        watch.aside(|| {
            report::talk(&format!(
                "run {} was interrupted: {} of {} rows are left, {} requests of which it is not known what came of them; it is finished first",
                interrupted.id,
                count(interrupted.of(RowState::Waiting)),
                count(interrupted.total()),
                count(interrupted.open)
            ));
        });
        let sent = watched(&watch, &author, async |desk: Desk<'_>| runner.resume(&interrupted, desk).await).await;
        // A plan that was interrupted is finished by that, and so is a command without one.
        let is_this = if let Some(file) = &mut file { file.scan(|_| Ok(()))?.id == interrupted.what.plan } else { true };
        let sent = sent?;
        if is_this {
            drop(watch);
            let left = if file.is_none() { "make a new plan to see where everybody stands now" } else { "" };
            let code = told(&sent, options)?;
            if !left.is_empty() {
                report::talk(left);
            }
            return Ok(code);
        }
        // The report of the plan that was asked for is the one on stdout.
        watch.aside(|| report::talk(&lines_of(&sent)));
        before = code(&sent);
    }
    let picture;
    let mut planned = if let Some(file) = &mut file {
        Planned::File(file)
    } else {
        watch.now(Doing::Reading);
        let others = config.others(&channel);
        let job = Job { channel: &channel, others: &others, now, progress: watch.progress() };
        let journal = common.journal(&config, Mode::Read)?;
        picture = engine::look(&job, runner.ends(), &journal).await?;
        Planned::Fresh(&picture, now)
    };
    let (selection, permits) = (options.selection(), options.permits());
    let prepared = prepare(&mut planned, runner.journal()?, &channel, &selection, permits)?;
    let words = watch.aside(|| words(&mut planned, &prepared, &selection, permits, &channel))?;
    if let Some(code) = watch.aside(|| refused(&prepared, &words, options, file_given(options)))? {
        return Ok(exit::worst(before, code));
    }
    let report = if prepared.overview.approved.total() == 0 {
        None
    } else {
        watch.now(Doing::Applying);
        let sent =
            watched(&watch, &author, async |desk: Desk<'_>| runner.send(&mut planned, &prepared, &selection, permits, desk).await).await?;
        Some(sent)
    };
    drop(watch);
    Ok(exit::worst(before, finish(report.as_ref(), &prepared, options)?))
}

fn file_given(options: &Options) -> bool {
    options.plan.is_some()
}

fn watch(channel: &Channel, common: &Common) -> Watch {
    let (source, target) = (channel.source.short_name(), channel.target.short_name());
    Watch::start(&source, &target, Doing::Opening, common.shows_progress())
}

/// The channel of a saved plan, or the one that is named.
pub(super) fn channel_of(common: &Common, config: &Config, file: Option<&mut PlanFile>) -> Result<Channel> {
    let Some(file) = file else { return Ok(config.channel(common.channel.as_deref())?.clone()) };
    let name = file.scan(|_| Ok(()))?.header.channel;
    if common.channel.as_ref().is_some_and(|c| *c != name) {
        return Err(Error::usage(format!("the plan is one of channel {name}")).hint("leave --channel out"));
    }
    Ok(config.channel(Some(&name))?.clone())
}

/// Sends something while somebody watches, who can stop it: once, so that what is on its way comes to its end, and twice.
pub(super) async fn watched<F>(watch: &Watch, author: &str, send: F) -> Result<Report>
where
    F: AsyncFnOnce(Desk<'_>) -> Result<Report>,
{
    let control = Arc::new(Control::default());
    let meter: Arc<Meter> = watch.meter();
    let stopper = Arc::clone(&control);
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.cancel();
            report::talk("stopping: what is on its way is finished; press Ctrl-C again to end at once, the next apply picks it up");
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    watch.now(Doing::Applying);
    let tell = |_: &Finished| ();
    let told = send(Desk { author, control: &control, meter: &meter, tell: &tell }).await;
    interrupt.abort();
    told
}

/// What is about to happen, in plain words: a line each.
fn words(
    planned: &mut Planned<'_>,
    prepared: &Prepared,
    selection: &Selection,
    permits: Permits,
    channel: &Channel,
) -> Result<Vec<String>> {
    const NAMED: usize = 12;
    let mut fields: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    planned.each(|row| {
        if row.action == Action::None || !selection.has(row) || !is_approved(row, permits) {
            return Ok(());
        }
        if row.action == Action::Update {
            for change in &row.changes {
                *fields.entry(change.field.clone()).or_default() += 1;
            }
        }
        if row.action.is_deprovision() {
            let list = names.entry(row.action.code()).or_default();
            if list.len() <= NAMED {
                list.push(row.called().to_owned());
            }
        }
        Ok(())
    })?;
    let approved = &prepared.overview.approved;
    let people = |n: usize, one: &str, many: &str| format!("{} {}", count(n), if n == 1 { one } else { many });
    let mut lines = Vec::new();
    for action in [Action::Link, Action::Enable, Action::Create, Action::Update, Action::Disable, Action::Delete] {
        let n = approved.of(action);
        if n == 0 {
            continue;
        }
        let what = match action {
            Action::Create => people(n, "account will be created", "accounts will be created"),
            Action::Update => {
                let list: Vec<String> = fields.iter().map(|(field, n)| format!("{field} {}", count(*n))).collect();
                format!("{}: {}", people(n, "account will be updated", "accounts will be updated"), list.join(", "))
            }
            Action::Enable => people(n, "account will be enabled again", "accounts will be enabled again"),
            Action::Link => {
                people(n, "pair will be remembered; nothing is sent for it", "pairs will be remembered; nothing is sent for them")
            }
            Action::Disable | Action::Delete => {
                let list = names.get(action.code()).map_or(&[][..], Vec::as_slice);
                let more = n.saturating_sub(NAMED);
                let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
                let verb = if action == Action::Delete { "DELETED, for good" } else { "DISABLED" };
                let will = if n == 1 { "account will be" } else { "accounts will be" };
                format!("{} {will} {verb}: {}{more}", count(n), list[..list.len().min(NAMED)].join(", "))
            }
            Action::None => continue,
        };
        lines.push(match lasting(action) {
            Some(why) => format!("{what}. This cannot be undone: {why}"),
            None => what,
        });
    }
    if lines.is_empty() {
        lines.push("nothing is approved to be sent".to_owned());
    }
    let waiting = prepared.overview.unapproved();
    if waiting > 0 {
        let removals = prepared.overview.selected.deprovisions() - approved.deprovisions();
        let of = if removals > 0 { format!(", {} of them would lose access", count(removals)) } else { String::new() };
        lines.push(format!("{} not approved{of}", people(waiting, "row is", "rows are")));
    }
    if let Some(undo) = prepared.header.undo_of {
        lines.insert(0, format!("this takes run {undo} of channel {} back", channel.name));
    }
    Ok(lines)
}

/// Says what is about to happen, and whether something forbids it.
fn refused(prepared: &Prepared, words: &[String], options: &Options, from_file: bool) -> Result<Option<u8>> {
    report::talk(&format!("to {}:", prepared.header.target.base_url));
    for line in words {
        report::talk(&format!("  {line}"));
    }
    if !prepared.fired.is_empty() {
        for fired in &prepared.fired {
            report::talk(&format!("refused: {}; nothing was sent", fired.message));
            report::talk(&format!("  hint: look at the rows; if they are right, say so with {}", fired.lifted_by));
        }
        return Ok(Some(exit::REFUSED));
    }
    if let Some(why) = &prepared.number {
        report::talk(&format!("--allow-deprovisions is not believed: {why}; nothing was sent"));
        report::talk("  hint: look at them with rosterm plan --only leaving, then name their number");
        return Ok(Some(exit::APPROVAL));
    }
    if from_file || options.yes || prepared.overview.approved.total() == 0 {
        return Ok(None);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        report::talk("nothing was sent: say --yes, or save the plan with rosterm plan --out FILE and apply that");
        return Ok(Some(exit::APPROVAL));
    }
    let wanted = prepared.overview.approved.total().to_string();
    let _ = write!(io::stderr(), "Type {wanted} to send these rows, anything else to send nothing: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|e| Error::failure(format!("the answer cannot be read: {e}")))?;
    if answer.trim() == wanted {
        return Ok(None);
    }
    report::talk("nothing was sent");
    Ok(Some(exit::APPROVAL))
}

/// Prints the report, and gives the exit code.
fn finish(sent: Option<&Report>, prepared: &Prepared, options: &Options) -> Result<u8> {
    let mut code = if let Some(sent) = sent {
        told(sent, options)?
    } else {
        if matches!(options.format, print::Format::Json) {
            print::json(&serde_json::json!({
                "run": null, "ending": null, "why": "nothing is approved to be sent",
                "counts": [], "groups": [], "kept": {}, "seconds": 0.0
            }))?;
        }
        exit::DONE
    };
    if !prepared.header.source.complete || !prepared.header.target.complete {
        code = exit::worst(code, exit::INCOMPLETE);
    }
    if prepared.overview.unapproved() > 0 {
        code = exit::worst(code, exit::APPROVAL);
    }
    if prepared.unselected > 0 {
        code = exit::worst(code, exit::PENDING);
    }
    Ok(code)
}

/// Prints a report.
pub(super) fn told(sent: &Report, options: &Options) -> Result<u8> {
    match options.format {
        print::Format::Json => print::json(sent)?,
        print::Format::Text => print::data(|out| text(out, sent))?,
    }
    Ok(code(sent))
}

pub(super) fn code(sent: &Report) -> u8 {
    let unwell = sent.counts.iter().any(|c| matches!(c.state, RowState::Failed | RowState::Stale | RowState::Doubt));
    let partly = if unwell { exit::PARTLY } else { exit::DONE };
    match sent.ending {
        Ending::Done => partly,
        Ending::Cancelled | Ending::Stopped => exit::worst(exit::FAILURE, partly),
    }
}

/// The same, as one text.
fn lines_of(sent: &Report) -> String {
    let mut out = Vec::new();
    let _ = text(&mut out, sent);
    String::from_utf8_lossy(&out).trim_end().to_owned()
}

/// A report for people.
pub(super) fn text(out: &mut dyn Write, sent: &Report) -> io::Result<()> {
    let how = match (sent.ending, &sent.why) {
        (Ending::Done, _) => "done".to_owned(),
        (ending, why) => format!("{}: {}", ending.code(), why.as_deref().unwrap_or("it is not known why")),
    };
    writeln!(out, "run {}: {} ({:.1} s)", sent.run, crate::text::clean(&how), sent.seconds)?;
    let of = |action: Action, state: RowState| {
        sent.counts.iter().filter(|c| c.action == action && c.state == state).map(|c| c.rows).sum::<usize>()
    };
    for action in Action::ALL {
        let parts: Vec<String> = [RowState::Done, RowState::Failed, RowState::Stale, RowState::Doubt]
            .into_iter()
            .map(|state| (of(action, state), state))
            .filter(|(n, _)| *n > 0)
            .map(|(n, state)| format!("{} {}", count(n), state.words()))
            .collect();
        if !parts.is_empty() {
            writeln!(out, "  {:<8} {}", action.code(), parts.join(", "))?;
        }
    }
    for group in &sent.groups {
        let more = group.rows.saturating_sub(group.users.len());
        let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
        writeln!(
            out,
            "\n{} {}: {}",
            count(group.rows),
            group.state.words(),
            crate::text::clean(&crate::telemetry::redacted(&group.cause))
        )?;
        writeln!(out, "  {} {}{more}", group.action.code(), crate::text::clean(&group.users.join(", ")))?;
        writeln!(out, "  -> {}", group.advice)?;
    }
    for (field, n) in &sent.kept {
        writeln!(
            out,
            "\nthe service keeps its own {} for {} accounts; it is shown so from now on, and not sent again",
            crate::text::clean(field),
            count(*n)
        )?;
    }
    Ok(())
}

fn told_rehearsal(rehearsal: &engine::rehearsal::Rehearsal, options: &Options) -> Result<u8> {
    match options.format {
        print::Format::Json => print::json(rehearsal)?,
        print::Format::Text => print::data(|out| {
            writeln!(out, "a rehearsal, on a copy of the service in this process; nothing was sent")?;
            text(out, &rehearsal.report)?;
            let left = rehearsal.left.len();
            if left == 0 {
                return writeln!(out, "\nafterwards a plan would have nothing left of what was applied");
            }
            writeln!(out, "\nafterwards a plan would still have {} rows of those that were applied:", count(left))?;
            for row in rehearsal.left.iter().take(20) {
                writeln!(out, "  {} {}: {}", row.action.code(), crate::text::clean(&row.user), crate::text::clean(&row.why))?;
            }
            Ok(())
        })?,
    }
    let unwell = code(&rehearsal.report);
    Ok(if rehearsal.left.is_empty() { unwell } else { exit::worst(unwell, exit::PARTLY) })
}
