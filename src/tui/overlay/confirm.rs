//! The words before something happens: how many people, what happens to them, who loses access by name, what can't be undone.

use super::question::{Answer, Question, Then};
use crate::engine::proposal::NAMED;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::{Proposal, Weighed};
use crate::journal::run::RowState;
use crate::model::Action;
use crate::plan::guard::Lifted;
use crate::telemetry::redacted;
use crate::text::{count, counted};
use crate::tui::pane::activity::duration;
use crate::tui::theme::Role;

/// `1 account`, `3 accounts`: with a verb in the right number.
pub(super) fn people(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// Asks whether all who were weighed are to be approved as they were seen; `lose` and `back` are the first of those who would lose
/// access or get it back.
#[must_use]
pub fn approve_all(weighed: Weighed, lose: &[String], back: &[String]) -> Question {
    let Weighed { who, rows, weight, seen } = weighed;
    let mut words = Vec::new();
    let happens = |words: &mut Vec<(Role, String)>, action: Action, one: &str, many: &str| {
        let n = weight.of(action);
        if n > 0 {
            words.push((if action.is_deprovision() { Role::Bad } else { Role::Text }, people(n, one, many)));
        }
    };
    let named = |words: &mut Vec<(Role, String)>, names: &[String], n: usize, role: Role, what: &str| {
        if !names.is_empty() {
            let more = n.saturating_sub(names.len());
            let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
            words.push((role, format!("{what} {}{more}.", names.join(", "))));
        }
    };
    // Who loses access comes first: on a small terminal what comes last is below the edge.
    happens(&mut words, Action::Delete, "account would be DELETED, for good", "accounts would be DELETED, for good");
    happens(&mut words, Action::Disable, "account would be DISABLED", "accounts would be DISABLED");
    named(&mut words, lose, weight.deprovisions(), Role::Bad, "Access is lost by");
    if weight.deprovisions() > 0 && weight.returns() > 0 {
        words.push((Role::Bad, lose_and_get_back(weight.deprovisions(), weight.returns())));
    }
    happens(&mut words, Action::Enable, "account would be enabled again", "accounts would be enabled again");
    named(&mut words, back, weight.returns(), Role::Warn, "Access is got back by");
    happens(&mut words, Action::Create, "person would be created", "people would be created");
    happens(&mut words, Action::Update, "account would be updated", "accounts would be updated");
    let rest = rows.len().saturating_sub(weight.total());
    if rest > 0 {
        words.push((Role::Quiet, format!("{} of the list need no approval, or there is nothing to send", count(rest))));
    }
    words.push((Role::Quiet, "Approving sends nothing yet.".to_owned()));
    let title = format!("Approve {}", counted(weight.total(), "row"));
    let answer = match weight.grave() {
        0 => Answer::Yes,
        n => Answer::Number(n),
    };
    Question::new(&title, words, answer, Then::Approve(who, seen))
}

/// Both are asked about by one number.
fn lose_and_get_back(lose: usize, back: usize) -> String {
    format!(
        "{}, {}: {} in all.",
        people(lose, "loses access", "lose access"),
        people(back, "gets it back", "get it back"),
        count(lose + back)
    )
}

/// Asks whether what is proposed is to be sent; `anew` is the key that reads the configuration file anew.
#[must_use]
pub fn apply(proposal: &Proposal, anew: &str) -> Question {
    if let Some(run) = &proposal.interrupted {
        let text = format!(
            "Run {} of {} by {} has not ended: {} of {} rows are left, and of {} it is not known what came of them.",
            run.id,
            run.what.started.rfc3339(),
            run.what.author,
            count(run.of(RowState::Waiting)),
            count(run.total()),
            counted(run.open, "request")
        );
        let next = "Finishing it looks first into what may have been sent, and sends the rest as it was approved then. Nothing else is sent before. Whoever wants to give up what is left cancels it once it is under way.";
        let words = vec![(Role::Warn, text), (Role::Text, next.to_owned())];
        return Question::new("Finish the run before", words, Answer::Yes, Then::Resume);
    }
    let title = match proposal.undo_of {
        Some(run) => format!("Take run {run} back at {}", proposal.service),
        None => format!("Apply to {}", proposal.service),
    };
    let mut words = happens(proposal);
    if let Some(file) = &proposal.file {
        let text = format!(
            "{}: this goes by what was read before. Esc, then {anew} tells what is another one and goes by the file.",
            redacted(file)
        );
        words.push((Role::Warn, text));
    }
    for fired in &proposal.fired {
        words.push((Role::Bad, format!("REFUSED: {}", redacted(&fired.message))));
    }
    if let Some(first) = proposal.fired.first() {
        let more = if proposal.fired.len() > 1 { " The limits are asked about one after the other." } else { "" };
        words.push((
            Role::Text,
            format!(
                "Go back and {}; {} name the number {}: the limit stays for every other run.{more}",
                first.advice(),
                first.proviso(),
                count(first.number)
            ),
        ));
    }
    if proposal.tally.total() == 0 {
        words.push((Role::Text, "There is nothing to send.".to_owned()));
    }
    if let Some(first) = proposal.fired.first() {
        return Question::new(&title, words, Answer::Lift(first.number), Then::Lift(proposal.number, first.lifts));
    }
    let answer = match proposal.grave() {
        _ if !proposal.can_be_sent() => Answer::Nothing,
        0 => Answer::Yes,
        n => Answer::Number(n),
    };
    let mut question = Question::new(&title, words, answer, Then::Send(proposal.number));
    if proposal.can_be_sent() && proposal.undo_of.is_none() {
        question.instead = Some(('r', "rehearse first", Then::Rehearse(proposal.number)));
    }
    question
}

/// Asks once more, after it was played on a copy of the service.
#[must_use]
pub fn rehearsed(proposal: &Proposal, rehearsal: &Rehearsal, anew: &str) -> Question {
    let report = &rehearsal.report;
    let done: usize = report.counts.iter().filter(|c| c.state == RowState::Done).map(|c| c.rows).sum();
    let rows: usize = report.counts.iter().map(|c| c.rows).sum();
    let mut words = vec![(
        if done == rows { Role::Good } else { Role::Warn },
        format!("Rehearsed on a copy of the service, nothing was sent: {} of {} would be done.", count(done), counted(rows, "row")),
    )];
    for group in &report.groups {
        let users = group.users.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        words.push((Role::Warn, format!("{} {}: {} ({users})", count(group.rows), group.action.code(), redacted(&group.cause))));
    }
    if rehearsal.left.is_empty() {
        words.push((Role::Text, "Read again afterwards, nothing of it would be left to do.".to_owned()));
    } else {
        let left = rehearsal.left.iter().take(NAMED).map(|l| format!("{} ({})", l.user, l.why)).collect::<Vec<_>>().join(", ");
        words.push((Role::Warn, format!("Afterwards {} would still differ: {left}", counted(rehearsal.left.len(), "row"))));
    }
    words.push((Role::Text, String::new()));
    let mut question = apply(proposal, anew);
    question.instead = None;
    words.append(&mut question.words);
    Question { words, ..question }
}

/// Who loses access by taking a run back, and has a right to it.
fn locked_out(proposal: &Proposal) -> Option<(Role, String)> {
    let (n, names) = &proposal.locked_out;
    let more = n.saturating_sub(names.len());
    let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
    let who = people(*n, "LOSES ACCESS ALTHOUGH it is", "LOSE ACCESS ALTHOUGH they are");
    let most = if proposal.at_most { "At most " } else { "" };
    (*n > 0).then(|| (Role::Bad, format!("{most}{who} in scope and enabled, by the last reading: {}{more}.", names.join(", "))))
}

/// What happens to how many, who loses access first: on a small terminal what comes last is below the edge.
fn happens(proposal: &Proposal) -> Vec<(Role, String)> {
    let tally = &proposal.tally;
    let mut words = Vec::new();
    let say = |words: &mut Vec<(Role, String)>, action: Action, one: &str, many: &str, more: String| {
        let n = tally.of(action);
        if n > 0 {
            // Of accounts that were not listed nobody knows whether it is so already.
            let most = if proposal.at_most && (action.is_deprovision() || action == Action::Enable) { "At most " } else { "" };
            words.push((if action.is_deprovision() { Role::Bad } else { Role::Text }, format!("{most}{}{more}", people(n, one, many))));
        }
    };
    let named = |action: Action| {
        let list = proposal.names.iter().find(|(a, _)| *a == action).map_or(&[][..], |(_, list)| list.as_slice());
        let more = tally.of(action).saturating_sub(list.len());
        let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
        format!(": {}{more}", list.join(", "))
    };
    let fields = |of: &[(String, usize)]| of.iter().map(|(field, n)| format!("{field} {}", count(*n))).collect::<Vec<_>>().join(", ");
    let beside = if proposal.beside.is_empty() { String::new() } else { format!("; also changed: {}", fields(&proposal.beside)) };
    say(&mut words, Action::Delete, "account will be DELETED, for good", "accounts will be DELETED, for good", named(Action::Delete));
    say(&mut words, Action::Disable, "account will be DISABLED", "accounts will be DISABLED", named(Action::Disable));
    words.extend(locked_out(proposal));
    say(
        &mut words,
        Action::Link,
        "pair will be remembered; nothing is sent for it",
        "pairs will be remembered; nothing is sent for them",
        String::new(),
    );
    say(&mut words, Action::Create, "person will be created", "people will be created", String::new());
    let enabled = format!("{}{beside}", named(Action::Enable));
    say(&mut words, Action::Enable, "account will be enabled again", "accounts will be enabled again", enabled);
    say(&mut words, Action::Update, "account will be updated", "accounts will be updated", format!(": {}", fields(&proposal.fields)));
    if !tally.clears.is_empty() {
        let cleared: Vec<String> = tally.clears.iter().map(|(field, n)| format!("{field} for {}", counted(*n, "account"))).collect();
        words.push((Role::Bad, format!("CLEARED, nothing is left there: {}.", cleared.join(", "))));
    }
    if proposal.unentitled > 0 {
        let n = proposal.unentitled;
        let text = people(
            n,
            "of those who are enabled again is disabled in the directory or not in scope, by the last reading: IT GETS ACCESS BACK.",
            "of those who are enabled again are disabled in the directory or not in scope, by the last reading: THEY GET ACCESS BACK.",
        );
        words.push((Role::Bad, if proposal.at_most || proposal.is_unsure { format!("At most {text}") } else { text }));
        if proposal.is_unsure {
            let why =
                "The directory was not read to its end, or gave nobody: who of them has a right to it is not known, so all are counted.";
            words.push((Role::Bad, why.to_owned()));
        }
    }
    if proposal.removals() > 0 && proposal.unentitled > 0 {
        words.push((Role::Bad, lose_and_get_back(proposal.removals(), proposal.unentitled)));
    }
    let back = tally.of(Action::Enable);
    if back > 0 && proposal.unentitled == 0 {
        let most = if proposal.at_most { "At most " } else { "" };
        words.push((Role::Warn, format!("{most}{}", people(back, "person gets access back.", "people get access back."))));
    }
    words.extend(proposal.left_out.iter().map(|why| (Role::Quiet, format!("Left out, nothing is sent for it: {why}"))));
    if tally.of(Action::Delete) == 0 {
        words.push((Role::Quiet, "Nothing will be deleted.".to_owned()));
    }
    if proposal.waiting > 0 {
        words.push((Role::Quiet, people(proposal.waiting, "leaving row is not approved.", "leaving rows are not approved.")));
    }
    if proposal.removals() > 0
        && let Some(most) = proposal.most_removals
    {
        let n = proposal.removals();
        let text = format!("Limits: {} of {}.", count(n), counted(most, "removal"));
        words.push((if n > most { Role::Warn } else { Role::Quiet }, text));
    }
    if proposal.lifted != Lifted::default() {
        words.push((Role::Warn, "A limit is lifted for this run alone.".to_owned()));
    }
    if let Some((time, pace)) = proposal.takes {
        words.push((Role::Quiet, format!("About {} at {pace:.1} a second, as fast as the last run.", duration(time.as_secs().max(1)))));
    }
    words.extend(proposal.lasting.iter().map(|why| (Role::Quiet, format!("Can't be undone: {why}"))));
    words
}
