//! The words before the configuration file is gone by anew: what it says by now, whom links could mean then, and what is
//! forgotten by it.

use super::question::{Answer, Question, Then};
use crate::config::differs::{Difference, Part};
use crate::engine::anew::Anew;
use crate::telemetry::redacted;
use crate::tui::theme::Role;

/// Asks whether the file is to be gone by. `forgotten` is what was edited here and is in no file.
#[must_use]
pub fn question(anew: &Anew, forgotten: &[String], approved: usize) -> Question {
    let mut words = vec![(Role::Text, format!("{} says by now:", anew.file.display()))];
    words.extend(anew.warnings.iter().map(|text| (Role::Bad, text.clone())));
    let unset = |text: &str| if text.is_empty() { "not set".to_owned() } else { text.to_owned() };
    let said = |Difference { part, name, was, now }: &Difference| match part {
        Part::Mapping if was.is_empty() && !name.contains(',') => format!("mapping · {name}: a new rule, {now}"),
        Part::Mapping if now.is_empty() && !name.contains(',') => format!("mapping · {name}: no rule any more ({was})"),
        _ => format!("{} · {name}: {} → {}", part.word(), unset(was), unset(now)),
    };
    words.extend(anew.differences.iter().map(|difference| (Role::Strong, redacted(&said(difference)))));
    if anew.differences.is_empty() {
        words.push((Role::Text, "Nothing that decides about people is another one: only how it is written.".to_owned()));
    }
    for text in forgotten {
        words.push((Role::Warn, format!("Forgotten by that, it is in no file: {text}")));
    }
    if approved > 0 {
        let text = "Approvals stay only for rows that come to the same by it, and for none at another service or directory.";
        words.push((Role::Text, text.to_owned()));
    }
    let text =
        "Both ends are opened and read by it, without a restart. Nothing is sent, nothing is approved and nothing is written by that.";
    words.push((Role::Quiet, text.to_owned()));
    Question::new(
        "Go by the configuration file as it is now",
        words,
        Answer::Yes,
        Then::Reload(anew.file.clone(), anew.fingerprint.clone()),
    )
}
