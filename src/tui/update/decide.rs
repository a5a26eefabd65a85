//! What an operator decides: approvals, holds, what is sent, and what is done about a run.

use crate::engine::proposal::NAMED;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::{Approved, Ended, Named, Owing, Proposal, Running, Seen, Snapshot, Weighed, Who, needs_approval};
use crate::error::Error;
use crate::journal::run::RunId;
use crate::model::{Action, Subject};
use crate::plan::Row;
use crate::plan::decision::approvable;
use crate::telemetry::redacted;
use crate::text::{count, counted};
use crate::tui::action::Verb;
use crate::tui::model::{Model, Pane, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::question::{Answer, Question, Then};
use crate::tui::overlay::{Overlay, confirm};
use crate::tui::theme::Role;
use std::sync::Arc;

/// The row of the user under the cursor, who stays there from now on: what is decided next is about the same user.
pub(super) fn row(model: &mut Model) -> Option<(Subject, Row)> {
    let subject = model.list.subject?;
    model.list.moved = true;
    Some((subject, model.card(subject)?.row.clone()))
}

/// Approves whoever is under the cursor, or takes it back; says why not where nothing can be approved.
pub(super) fn approve(model: &mut Model) -> Vec<Effect> {
    let Some((subject, row)) = row(model) else { return Vec::new() };
    if model.approvals.has(subject) {
        return seen(model).map(|seen| Effect::Withdraw(Who::One(subject), seen)).into_iter().collect();
    }
    if row.action == Action::Link {
        model.say(Tone::Plain, format!("{}: a pair is remembered with the next run; that needs no approval", row.called()));
    } else if row.hold.is_some() {
        let key = model.setting.keymap.key(Verb::Release);
        model.say(Tone::Warn, format!("{} is held: {key} in the list releases", row.called()));
    } else if !needs_approval(row.action) {
        model.say(Tone::Warn, approvable(&row).err().unwrap_or_else(|| format!("there is nothing to send for {}", row.called())));
    } else {
        return seen(model).map(|seen| Effect::Approve(Who::One(subject), seen)).into_iter().collect();
    }
    Vec::new()
}

/// What is shown now: what is decided by a key is about that, whatever is told before it is done.
pub(super) fn seen(model: &Model) -> Option<Seen> {
    model.snapshot.clone().map(Seen)
}

/// The whole list, if it is there.
pub(super) fn list(model: &mut Model) -> Option<Arc<Vec<Subject>>> {
    let view = model.list.view.clone().filter(|v| v.complete && model.list.is_answered());
    if view.is_none() {
        model.say(Tone::Warn, "the list is still being made");
    }
    view.map(|v| Arc::clone(&v.rows))
}

/// Asks what approving everybody who is shown would come to.
pub(super) fn approve_all(model: &mut Model) -> Vec<Effect> {
    list(model).map(|rows| Effect::Weigh(Who::These(rows))).into_iter().collect()
}

pub(super) fn withdraw_all(model: &mut Model) -> Vec<Effect> {
    let Some(rows) = list(model) else { return Vec::new() };
    seen(model).map(|seen| Effect::Withdraw(Who::These(rows), seen)).into_iter().collect()
}

/// The first of those of a list for whom such an action is proposed, by name. Of a list that begins with a great many others they are
/// only counted.
pub(super) fn first_of(snapshot: &Snapshot, rows: &[Subject], n: usize, wanted: fn(Action) -> bool) -> Vec<String> {
    /// Rows that are looked at: a few milliseconds.
    const LOOKED_AT: usize = 20_000;
    if n == 0 {
        return Vec::new();
    }
    let picture = snapshot.picture();
    let is_it = |subject: &&Subject| picture.user_of(**subject).is_some_and(|user| wanted(user.verdict.action));
    let found = rows.iter().take(LOOKED_AT).filter(is_it).take(NAMED);
    found.filter_map(|subject| Some(snapshot.line(*subject)?.user_name)).collect()
}

/// What approving them comes to is known: it is asked about. What a run did not do was asked about before: it is approved again
/// without a question, unless somebody would lose access or more than one would get it back.
///
/// It is asked about whoever was weighed, by the snapshot in which they were: what is shown by now can be a later one.
pub(super) fn weighed(model: &mut Model, weighed: Weighed) -> Vec<Effect> {
    let Weighed { who, rows, weight, seen } = &weighed;
    let is_again = matches!((&model.activity.running, who), (Running::Ended(ended), Who::Again(again)) if ended.again == *again);
    let is_list = matches!(who, Who::These(_));
    let is_marked = is_list && rows.len() == model.list.marks.len() && rows.iter().all(|s| model.list.marks.has(*s));
    let is_shown = is_list && model.list.view.as_ref().is_some_and(|v| Arc::ptr_eq(&v.rows, rows) || v.rows == *rows);
    if model.overlay.is_some() || !(is_again || is_marked || is_shown) {
        return Vec::new();
    }
    let why_not = if model.snapshot.as_ref().is_none_or(|now| now.era() != seen.0.era()) {
        Some((Tone::Warn, "the rows have changed meanwhile; look again".to_owned()))
    } else if model.is_policy_tried() {
        Some((Tone::Warn, "not now: the policy was changed and not saved".to_owned()))
    } else if weight.total() == 0 && is_list {
        let nobody = if is_marked { "nobody of the marked has anything to approve" } else { "nobody in this list has anything to approve" };
        let linked = match weight.of(Action::Link) {
            0 => String::new(),
            1 => ": 1 pair is linked with the next run, without an approval".to_owned(),
            n => format!(": {} pairs are linked with the next run, without an approval", count(n)),
        };
        Some((Tone::Plain, format!("{nobody}{linked}")))
    } else {
        None
    };
    if let Some((tone, why)) = why_not {
        model.say(tone, why);
        return Vec::new();
    }
    if is_again && weight.grave() == 0 {
        return vec![Effect::Approve(who.clone(), seen.clone())];
    }
    model.search = None;
    let lose = first_of(&seen.0, rows, weight.deprovisions(), Action::is_deprovision);
    let back = first_of(&seen.0, rows, weight.returns(), |action| action == Action::Enable);
    let about = if is_marked { super::marks::about(model, &seen.0, rows, weight) } else { Vec::new() };
    let mut question = confirm::approve_all(weighed, &lose, &back);
    question.words.splice(0..0, about);
    model.overlay = Some(Overlay::Question(Box::new(question)));
    Vec::new()
}

/// What is approved by now.
pub(super) fn approved(model: &mut Model, approved: Approved) {
    model.approvals = approved.approvals;
    if approved.dropped > 0 {
        let (n, why) = (approved.dropped, approved.remark);
        let text = match (n, why) {
            (1, None) => "1 approval was dropped: the row changed".to_owned(),
            (_, None) => format!("{} approvals were dropped: the rows changed", count(n)),
            (1, Some(why)) => format!("1 approval was dropped: {why}"),
            (_, Some(why)) => format!("{} approvals were dropped: {why}", count(n)),
        };
        model.say(Tone::Warn, text);
    } else if let Some(remark) = approved.remark {
        model.say(Tone::Plain, remark);
    }
}

/// Asks what would be sent.
pub(super) fn apply(model: &mut Model, only: Option<Subject>) -> Vec<Effect> {
    model.say(Tone::Plain, "looking at what would be sent …");
    vec![Effect::Propose(only)]
}

/// What would be sent is known: it is asked about.
pub(super) fn proposed(model: &mut Model, proposal: Box<Proposal>) {
    // What was edited while it was looked at comes to something else.
    if model.mapping.is_edited() {
        return model.say(Tone::Warn, "not now: the mapping was changed and not saved");
    }
    if model.is_policy_tried() {
        return model.say(Tone::Warn, "not now: the policy was changed and not saved");
    }
    model.notice = None;
    model.search = None;
    model.overlay = Some(Overlay::Question(Box::new(confirm::apply(&proposal, &model.setting.keymap.key(Verb::Reread)))));
    model.proposal = Some(proposal);
}

/// What a rehearsal came to: it is asked about once more.
pub(super) fn rehearsed(model: &mut Model, number: u64, rehearsal: &Rehearsal) {
    let Some(proposal) = model.proposal.as_ref().filter(|p| p.number == number) else { return };
    if model.overlay.is_some() || model.mapping.is_edited() || model.is_policy_tried() {
        let key = model.setting.keymap.key(Verb::Apply);
        return model.say(Tone::Plain, format!("the rehearsal has ended: {key} and r show it once more"));
    }
    let question = confirm::rehearsed(proposal, rehearsal, &model.setting.keymap.key(Verb::Reread));
    (model.notice, model.search) = (None, None);
    model.overlay = Some(Overlay::Question(Box::new(question)));
}

/// Lets the run wait, or go on.
pub(super) fn pause(model: &mut Model) -> Vec<Effect> {
    let Running::Going(going) = &mut model.activity.running else { return Vec::new() };
    going.paused = !going.paused;
    vec![Effect::Pause(going.paused)]
}

/// Approves again what was not done: once it is known what that comes to, because more than one could get access back by it.
pub(super) fn retry(model: &mut Model) -> Vec<Effect> {
    let Running::Ended(Ended { again, .. }) = &model.activity.running else { return Vec::new() };
    vec![Effect::Weigh(Who::Again(again.clone()))]
}

/// Moves the mark in the runs.
pub(super) fn mark(model: &mut Model, by: isize) {
    let last = model.activity.history.len().saturating_sub(1);
    model.activity.at = model.activity.at.saturating_add_signed(by).min(last);
}

/// A run goes on, or has ended.
pub(super) fn ran(model: &mut Model, running: Running) {
    if let Running::Ended(ended) = &running {
        let not_done = ended.report.groups.iter().map(|g| g.rows).sum::<usize>();
        let key = model.setting.keymap.key(Verb::Activity);
        let text = format!("run {} has ended: {}", ended.report.run, ended.report.ending.code());
        if not_done > 0 {
            model.say(Tone::Warn, format!("{text}, {} not done; {key} shows why", counted(not_done, "row")));
        } else {
            model.say(Tone::Plain, text);
        }
    }
    model.activity.owing = None;
    model.activity.running = running;
}

/// It is known for whom of those that the last run did nothing for there is still something to approve.
pub(super) fn owing(model: &mut Model, run: RunId, owing: Box<Owing>) {
    if matches!(&model.activity.running, Running::Ended(ended) if ended.report.run == run) {
        model.activity.owing = Some(owing);
    }
}

/// Something was not done.
pub(super) fn refused(model: &mut Model, error: &Error) {
    let words = why_refused(model, error);
    model.notice = None;
    super::source::refused(model, error);
    model.overlay = Some(Overlay::Question(Box::new(Question::new("It was not done", words, Answer::Nothing, Then::Close))));
}

/// Why something was not done, and what to do about it.
pub(super) fn why_refused(model: &Model, error: &Error) -> Vec<(Role, String)> {
    let place = error.position().map(|at| format!("{at}: ")).unwrap_or_default();
    let mut words = vec![(Role::Bad, redacted(&format!("{place}{}", error.message())))];
    words.extend(error.hint_text().map(|hint| (Role::Text, redacted(hint))));
    words.extend(super::anew::key_for(model, error).map(|text| (Role::Text, text)));
    words
}

/// Does what was asked about.
pub(super) fn answered(model: &mut Model, question: Question) -> Vec<Effect> {
    match question.then {
        Then::Approve(who, seen) => vec![Effect::Approve(who, seen)],
        Then::Send(number) => {
            start(model);
            vec![Effect::Send(number)]
        }
        Then::Lift(number, lifted) => vec![Effect::Lift(number, lifted)],
        Then::Rehearse(number) => {
            model.say(Tone::Plain, "rehearsing on a copy of the service; nothing is sent …");
            vec![Effect::Rehearse(number)]
        }
        Then::Resume => {
            start(model);
            vec![Effect::Resume]
        }
        Then::Hold(on, called, seen) => super::holding::set(model, on, called, seen, question.field.text()),
        Then::Pair { entry, account, linked, seen } => vec![Effect::Pair { entry, account, linked, seen }],
        Then::SaveMapping => super::mapping::saving::save(model),
        Then::Relocate => super::source::save(model),
        Then::Reload(file, fingerprint) => super::anew::go_by(model, file, fingerprint),
        Then::End => vec![Effect::End(crate::error::exit::DONE)],
        Then::Channels => vec![Effect::Channels],
        Then::Close => Vec::new(),
    }
}

/// What is sent is watched from its beginning, and not confirmed twice.
fn start(model: &mut Model) {
    model.focus = Pane::Activity;
    model.activity.top = 0;
    model.activity.at = 0;
    model.activity.running = Running::Going(crate::engine::Going::default());
}

/// Who the cursor is on, by ids that stay when everybody gets another number.
pub(super) fn named(model: &Model) -> Option<Named> {
    model.snapshot.as_ref()?.named(model.list.subject?)
}
