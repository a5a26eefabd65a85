//! The words before another source location, server or policy is written: what changes, who leaves by name, what is not used any
//! more, and what would be proposed then.

use super::confirm::people;
use super::question::{Answer, Question, Then};
use crate::config::Clause;
use crate::engine::location::{Counts, Judged, Mover, Preview, Unbound};
use crate::engine::query::so_much;
use crate::model::Action;
use crate::text::{count, counted};
use crate::tui::pane::source::or_unset;
use crate::tui::theme::Role;
use std::path::Path;

/// People of each list that are told by name.
const NAMES: usize = 12;

type Words = Vec<(Role, String)>;

/// Asks whether other clauses are to be written, by what was read and judged by them, and whether accounts are deleted as it is.
#[must_use]
pub fn question(
    file: &Path,
    changes: Vec<(Clause, String, String)>,
    preview: Option<&Preview>,
    (judged, is_deleting): (Option<Result<&Judged, &str>>, bool),
    read_at: Option<String>,
) -> Question {
    let mut words = vec![(Role::Text, format!("In {}, comments and everything else stay:", file.display()))];
    let deletes = changes.iter().any(|(clause, _, now)| *clause == Clause::Removal && now == "delete");
    let removal = changes.iter().any(|(clause, ..)| *clause == Clause::Removal);
    let is_policy = changes.iter().all(|(clause, ..)| clause.is_policy());
    for (clause, was, now) in changes {
        words.push((Role::Strong, format!("{}: {} → {}", clause.name(), or_unset(clause, was), or_unset(clause, now))));
    }
    if let Some(unbound) = preview.and_then(|p| p.unbound.as_ref()) {
        words.push((Role::Bad, not_used(unbound)));
    }
    if let Some(preview) = preview {
        moves(&mut words, preview, read_at);
        // Where that is another one too, it is judged below.
        let lost = preview.against.as_ref().map_or(0, |against| against.leave + against.disable);
        if is_deleting && !removal && lost > 0 {
            let accounts = if lost == 1 { "ACCOUNT" } else { "ACCOUNTS" };
            let text =
                format!("UP TO {} {accounts} WILL BE PROPOSED FOR DELETION: remove_action is delete. None of it is approved.", count(lost));
            words.push((Role::Bad, text));
        }
    }
    match judged {
        None => {}
        Some(Ok(judged)) => {
            actions(&mut words, judged, deletes);
            let more = preview.filter(|_| deletes).and_then(more_deletions);
            words.extend(more.map(|text| (Role::Bad, text)));
        }
        Some(Err(why)) => {
            if deletes {
                words.push((Role::Bad, format!("HOW MANY ACCOUNTS WILL BE PROPOSED FOR DELETION IS NOT KNOWN: {why}.")));
            } else {
                words.push((Role::Warn, format!("How many rows come to another action is not known: {why}.")));
            }
        }
    }
    words.push((Role::Quiet, "Nothing is sent and nothing is approved by that. Both ends are read again by it.".to_owned()));
    let title = if is_policy { "Save the policy" } else { "Save the source location" };
    Question::new(title, words, Answer::Yes, Then::Relocate)
}

/// What becomes of links and holds that were made for something else.
pub(in crate::tui) fn not_used(unbound: &Unbound) -> String {
    let much = so_much(unbound.links, unbound.holds).to_uppercase();
    let are = if unbound.links + unbound.holds == 1 { "IS" } else { "ARE" };
    format!(
        "{much} {are} NOT USED THEN: {}. Nothing is read or sent until somebody who knows that these are the same people says so: rosterm link --migrate.",
        unbound.differs
    )
}

/// Where both are other ones, who comes to be deleted: those who were read last are judged by the policy, and those who leave or
/// become disabled by the other clauses come to them.
pub(in crate::tui) fn more_deletions(preview: &Preview) -> Option<String> {
    let Ok(against) = &preview.against else {
        return Some("HOW MANY MORE COME TO THEM by the other clauses is not known.".to_owned());
    };
    let n = against.leave + against.disable;
    (n > 0).then(|| format!("UP TO {} MORE, of those who leave or become disabled by the other clauses.", count(n)))
}

/// Who enters and who leaves.
fn moves(words: &mut Words, preview: &Preview, read_at: Option<String>) {
    if preview.in_scope == 0 {
        let why = preview.counts.as_ref().and_then(Counts::remover).map(|r| format!(". {r}")).unwrap_or_default();
        words.push((Role::Bad, format!("0 IN SCOPE{why}.")));
    }
    let named = |list: &[Mover], n: usize| {
        let names: Vec<&str> = list.iter().take(NAMES).map(|m| m.called.as_str()).collect();
        let more = n.saturating_sub(names.len());
        let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
        if n == 0 { String::new() } else { format!(": {}{more}", names.join(", ")) }
    };
    match &preview.against {
        Ok(against) => {
            let role = if against.leave > 0 { Role::Bad } else { Role::Text };
            let leave = people(against.leave, "person leaves", "people leave");
            words.push((role, format!("{leave}{}", named(&against.leaving, against.leave))));
            if against.with_account > 0 {
                let text = people(
                    against.with_account,
                    "of them has an active account. If it is linked it is leaving then, and waits for an approval.",
                    "of them have an active account. Those that are linked are leaving then, and wait for an approval.",
                );
                words.push((Role::Text, text));
            }
            for (n, one, many, list, role) in [
                (against.disable, "person becomes disabled", "people become disabled", &against.disabling, Role::Bad),
                (against.enable, "person becomes enabled", "people become enabled", &against.enabling, Role::Text),
            ] {
                if n > 0 {
                    words.push((role, format!("{}{}", people(n, one, many), named(list, n))));
                }
            }
            let enter = people(against.enter, "person enters", "people enter");
            words.push((Role::Text, format!("{enter}{}", named(&against.entering, against.enter))));
            let then = read_at.map(|at| format!(" when they were read at {at}")).unwrap_or_default();
            words.push((Role::Quiet, format!("{} in scope; there were {}{then}.", count(preview.in_scope), count(against.before))));
        }
        Err(why) => {
            words.push((Role::Warn, format!("{} in scope. Who enters and who leaves is not known: {}.", count(preview.in_scope), why)));
        }
    }
}

/// Who comes to another action.
fn actions(words: &mut Words, judged: &Judged, deletes: bool) {
    let n = judged.deletions();
    if deletes || n > 0 {
        let names = match judged.deleted.len() {
            0 => String::new(),
            named if named < n => format!(": {} and {} more", judged.deleted.join(", "), count(n - named)),
            _ => format!(": {}", judged.deleted.join(", ")),
        };
        let accounts = deleted(judged).to_uppercase();
        words.push((Role::Bad, format!("{accounts} WILL BE PROPOSED FOR DELETION{names}. None of it is approved.")));
    }
    let text = rows(judged).replacen("at least", "At least", 1);
    words.push((if judged.rows() > 0 { Role::Warn } else { Role::Text }, format!("{text}.")));
    words.extend(removals(judged).map(|(role, text)| (role, format!("{text}."))));
    words.extend(unprotected(judged).into_iter().map(|(role, text)| (role, format!("{text}."))));
}

/// Which accounts are not protected any more, and what is proposed for each of them then; and which names protect nobody.
pub(in crate::tui) fn unprotected(judged: &Judged) -> Words {
    let mut words: Words = Vec::new();
    for (name, actions) in judged.unprotected.iter().take(NAMES) {
        let sent: Vec<&str> = actions.iter().filter(|action| **action != Action::None).map(|action| action.code()).collect();
        let (role, then) = match (actions.is_empty(), sent.is_empty()) {
            (true, _) => (Role::Text, "nobody who was read has this name".to_owned()),
            (false, true) => (Role::Warn, "nothing is proposed for it by now".to_owned()),
            (false, false) if actions.iter().any(|action| action.is_deprovision()) => {
                (Role::Bad, format!("{} IS PROPOSED FOR IT, not approved", sent.join(" and ").to_uppercase()))
            }
            (false, false) => (Role::Warn, format!("{} is proposed for it, not approved", sent.join(" and "))),
        };
        words.push((role, format!("{name} is not protected any more: {then}")));
    }
    let more = judged.unprotected.len().saturating_sub(NAMES);
    if more > 0 {
        words.push((Role::Bad, format!("{} more are not protected any more", count(more))));
    }
    for name in judged.nobody.iter().take(NAMES) {
        words.push((Role::Warn, format!("nobody who was read is called {name}: it protects nobody by now")));
    }
    let more = judged.nobody.len().saturating_sub(NAMES);
    if more > 0 {
        words.push((Role::Warn, format!("nor anybody as {} more", counted(more, "protected name"))));
    }
    words
}

/// How many of those who come to another action would be deleted.
pub(in crate::tui) fn deleted(judged: &Judged) -> String {
    format!("{}{}", at_least(judged), counted(judged.deletions(), "account"))
}

/// How many come to another action, and from which to which.
pub(in crate::tui) fn rows(judged: &Judged) -> String {
    let come = if judged.rows() == 1 { "row comes" } else { "rows come" };
    let each: Vec<String> = judged.moves.iter().map(|(from, to, n)| format!("{} {} → {}", count(*n), said(*from), said(*to))).collect();
    let each = if each.is_empty() { String::new() } else { format!(": {}", each.join(", ")) };
    format!("{}{} {come} to another action{each}", at_least(judged), count(judged.rows()))
}

/// How many would be disabled or deleted, where there is a limit; a warning where it is exceeded.
pub(in crate::tui) fn removals(judged: &Judged) -> Option<(Role, String)> {
    let (removals, most) = judged.removals;
    let most = most?;
    let role = if removals > most { Role::Warn } else { Role::Quiet };
    Some((role, format!("{} to disable or delete; {} may be, in one run", counted(removals, "account"), count(most))))
}

fn at_least(judged: &Judged) -> &'static str {
    if judged.at_least { "at least " } else { "" }
}

/// What would be sent, in a word.
fn said(action: Action) -> &'static str {
    if action == Action::None { "nothing" } else { action.code() }
}
