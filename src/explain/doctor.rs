//! What is wrong with a channel, each with what to do about it. Pure: what was tried and read goes in, findings come out.
//!
//! Where [`super::explain`] says why one user is where they are, this says what many have in common. A finding is wrong if
//! somebody is not provisioned as they should be because of it, or a run would be refused; the rest is worth knowing.

use crate::error::Error;
use crate::journal::run::RowState;
use crate::journal::run::Run;
use crate::model::step::{Step, StepVerdict};
use crate::model::{Cause, ProblemCode, Reason, SideState};
use crate::plan::guard::Fired;
use crate::text::{count, counted};
use serde::Serialize;

/// The format of the document.
pub const FORMAT: &str = "rosterm-doctor/1";

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// It keeps somebody from being provisioned, or a run from being begun.
    Wrong,
    /// It is worth knowing.
    Notice,
}

/// Something that was found. Nothing in it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave.
    pub grade: Grade,
    /// What it is about.
    pub about: &'static str,
    /// What.
    pub text: String,
    /// Some of those whom it concerns.
    pub users: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Some users with the same trouble.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// How many.
    pub n: usize,
    /// The first of them.
    pub users: Vec<String>,
}

impl Users {
    /// One more.
    pub fn add(&mut self, user: &str) {
        /// So many are named.
        const NAMED: usize = 3;
        self.n += 1;
        if self.users.len() < NAMED && !self.users.iter().any(|u| u == user) {
            self.users.push(user.to_owned());
        }
    }
}

/// What a reading showed.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// How the readings ended: directory and service.
    pub sides: (SideState, SideState),
    /// How many people and accounts were read.
    pub counts: (usize, usize),
    /// Whoever can't be told or looked up, by why.
    pub reasons: Vec<(Reason, Users)>,
    /// What is wrong with fields, by field and kind.
    pub problems: Vec<(String, ProblemCode, Users)>,
    /// Limits that would refuse a run of everything.
    pub fired: Vec<Fired>,
    /// Sentences about the picture as a whole.
    pub notes: Vec<String>,
    /// Links of which neither end is there any more.
    pub dead_links: usize,
    /// The run that has not ended.
    pub unended: Option<Run>,
    /// Rows that failed or are in doubt.
    pub owed: Users,
}

/// What can be found without reading anybody: steps that failed or warn, each behind its side.
#[must_use]
pub fn of_steps(steps: &[(&'static str, Step)]) -> Vec<Finding> {
    let of = |(side, step): &(&'static str, Step)| {
        let grade = match step.verdict {
            StepVerdict::Failed => Grade::Wrong,
            StepVerdict::Warning => Grade::Notice,
            StepVerdict::Good | StepVerdict::Skipped => return None,
        };
        let text = format!("{}: {}", step.name, step.detail);
        Some(Finding { grade, about: side, text, users: Vec::new(), hint: step.hint.clone() })
    };
    steps.iter().filter_map(of).collect()
}

/// A configuration that can't be used.
#[must_use]
pub fn of_error(about: &'static str, error: &Error) -> Finding {
    Finding { grade: Grade::Wrong, about, text: error.message().to_owned(), users: Vec::new(), hint: error.hint_text().map(str::to_owned) }
}

/// What a reading shows, the gravest first.
#[must_use]
pub fn of_census(census: &Census) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(incomplete("directory", "the directory", &census.sides.0, census.counts.0));
    findings.extend(incomplete("accounts", "the listing of accounts", &census.sides.1, census.counts.1));
    findings.extend(census.reasons.iter().filter_map(|(reason, users)| of_reason(*reason, users)));
    findings.extend(census.problems.iter().map(|(field, code, users)| of_problem(field, *code, users)));
    let plain = |grade, about, text: String, hint: &str| Finding {
        grade,
        about,
        text,
        users: Vec::new(),
        hint: Some(hint.to_owned()).filter(|h| !h.is_empty()),
    };
    findings.extend(census.fired.iter().map(|fired| {
        let hint = format!("{}; {}: rosterm apply {}", fired.advice(), fired.proviso(), fired.lifted_by);
        plain(Grade::Wrong, "limits", format!("a run of everything would be refused: {}", fired.message), &hint)
    }));
    if let Some(run) = &census.unended {
        let (left, total) = (run.of(RowState::Waiting), run.total());
        let text = format!("run {} by {} has not ended: {} of {} rows are left", run.id, run.what.author, count(left), count(total));
        findings.push(plain(Grade::Wrong, "state", text, "rosterm apply finishes it, unless somebody is at it"));
    }
    if census.owed.n > 0 {
        let text = format!("{} failed or {} in doubt", counted(census.owed.n, "row"), if census.owed.n == 1 { "is" } else { "are" });
        let hint = "rosterm owed shows why; owed retry tries again".to_owned();
        findings.push(Finding { grade: Grade::Wrong, about: "state", text, users: census.owed.users.clone(), hint: Some(hint) });
    }
    if census.dead_links > 0 {
        let text = format!("{} of people and accounts that are both gone", counted(census.dead_links, "link"));
        findings.push(plain(Grade::Notice, "state", text, "they do no harm; rosterm unlink forgets one"));
    }
    findings.extend(census.notes.iter().map(|note| plain(Grade::Notice, "note", note.clone(), "")));
    findings.sort_by_key(|finding| finding.grade);
    findings
}

fn incomplete(about: &'static str, what: &str, state: &SideState, n: usize) -> Option<Finding> {
    let SideState::Ended(end) = state else { return None };
    let why = end.cause()?;
    let hint = match why.cause {
        Cause::SizeLimit | Cause::TimeLimit => "raise the limits of the account that reads (bind_dn), or lower page_size",
        Cause::ConnectionLost | Cause::ServerRefused => "try again; if it stays so, ask whoever runs the server",
        Cause::Reference => "point url at a server that holds all of the base, or narrow base_dn",
        Cause::IdMissing => "let the reader see the id attribute, or set settings.id_attribute to one that everybody has",
        Cause::GroupUnread => "let the reader see the group's members, or check group_dn",
        Cause::IdsRepeated if about == "directory" => "set settings.id_attribute to one that is unique",
        _ => "read again when nobody is changing accounts; see rosterm check",
    };
    Some(Finding {
        grade: Grade::Wrong,
        about,
        text: format!("{what} was not read completely ({} so far): {}. {}", count(n), why.cause.words(), why.detail),
        users: Vec::new(),
        hint: Some(hint.to_owned()),
    })
}

fn of_reason(reason: Reason, users: &Users) -> Option<Finding> {
    let n = count(users.n);
    let (about, text, hint) = match reason {
        Reason::DuplicateInSource => (
            "keys",
            format!("{n} people have a key that somebody else has too"),
            "give each a key of their own in the directory, match by another field (target.match), or link them by hand",
        ),
        Reason::DuplicateInTarget => (
            "keys",
            format!("for {n} people several accounts have the key"),
            "rename or remove one of the accounts, or link the right one by hand",
        ),
        Reason::LinkedElsewhere => (
            "keys",
            format!("{n} people have the key of an account that is linked to somebody else"),
            "the same person anew: unlink the account and link it; else give one of them another key",
        ),
        Reason::RenameCollision => {
            ("keys", format!("{n} people would get a user name that another account has"), "rename the other account, or the person")
        }
        Reason::LinkSuspect => (
            "links",
            format!("{n} linked accounts show nothing of what was remembered of them"),
            "rosterm explain shows each; if it is somebody else's account, rosterm unlink",
        ),
        Reason::SourceEmpty => (
            "scope",
            "nobody is in scope".to_owned(),
            "check what the reader (bind_dn) sees under base_dn, then filter and group_dn, one by one: rosterm check counts each",
        ),
        Reason::LookupFailed => ("look-ups", format!("{n} users could not be looked up"), "rosterm explain shows why for each"),
        _ => return None,
    };
    Some(Finding { grade: Grade::Wrong, about, text, users: users.users.clone(), hint: Some(hint.to_owned()) })
}

fn of_problem(field: &str, code: ProblemCode, users: &Users) -> Finding {
    let n = count(users.n);
    let (grade, text, hint) = match code {
        ProblemCode::MissingRequired => (
            Grade::Wrong,
            format!("{field} is required, and empty for {n}"),
            "fill the attribute in the directory, or give the rule a default",
        ),
        ProblemCode::MappingError => {
            (Grade::Wrong, format!("the rule of {field} fails for {n}"), "rosterm explain shows the message; mend the rule or the value")
        }
        ProblemCode::InvalidValue => {
            (Grade::Wrong, format!("{field} does not take the value of {n}"), "mend the value in the directory, or the rule")
        }
        ProblemCode::SeveralValues => (
            Grade::Wrong,
            format!("{field} has several values for {n}"),
            "say which one counts, for example with | first or | pick_prefix(...)",
        ),
        ProblemCode::ImmutableChanged => (
            Grade::Notice,
            format!("{field} differs for {n} and can't be changed any more"),
            "map it create_only, or change it at the service",
        ),
        ProblemCode::Unresolved => (
            Grade::Notice,
            format!("{field} names somebody without account for {n}"),
            "it is set once that person has one; what is there is kept",
        ),
        ProblemCode::KeptByTarget => {
            (Grade::Notice, format!("the service keeps a {field} of its own for {n}"), "map what the service makes of it, or drop the rule")
        }
        ProblemCode::PolicyOff => {
            (Grade::Notice, format!("the policy switched off what {n} would get"), "switch it on in the policy if that is not meant")
        }
        ProblemCode::Protected => (Grade::Notice, format!("the policy protects {n}"), "that is as it should be, unless somebody left"),
        ProblemCode::LookupFailed => (Grade::Wrong, format!("a look-up failed for {n}"), "rosterm explain shows why"),
    };
    Finding { grade, about: "mapping", text, users: users.users.clone(), hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReadEnd;

    #[test]
    fn everything_that_is_found_is_told_with_what_to_do_and_the_gravest_comes_first() {
        let users = |n| Users { n, users: vec!["ann".to_owned()] };
        let census = Census {
            sides: (SideState::Ended(ReadEnd::incomplete(Cause::SizeLimit, "4")), SideState::Ended(ReadEnd::Complete)),
            counts: (10, 5),
            reasons: Reason::ALL.iter().map(|r| (*r, users(2))).collect(),
            problems: ProblemCode::ALL.iter().map(|c| ("email".to_owned(), *c, users(3))).collect(),
            fired: vec![Fired {
                message: "9 accounts would be disabled".into(),
                lifted_by: "--allow-deprovisions 9".into(),
                number: 9,
                lifts: crate::plan::guard::Lifted::default(),
            }],
            notes: vec!["a note".into()],
            dead_links: 2,
            unended: None,
            owed: users(1),
        };
        let found = of_census(&census);
        assert!(found.is_sorted_by_key(|f| f.grade) && found.iter().any(|f| f.grade == Grade::Notice));
        assert!(
            found.iter().all(|f| f.hint.as_ref().is_none_or(|h| !h.is_empty()) && (f.hint.is_some() || f.about == "note")),
            "{found:?}"
        );
        for (about, part) in [
            ("directory", "was not read completely (10 so far): the directory stopped at its size limit. 4"),
            ("keys", "2 people have a key that somebody else has too"),
            ("links", "2 linked accounts show nothing"),
            ("scope", "nobody is in scope"),
            ("mapping", "email is required, and empty for 3"),
            ("limits", "a run of everything would be refused: 9 accounts would be disabled"),
            ("state", "1 row failed or is in doubt"),
            ("state", "2 links of people and accounts that are both gone"),
        ] {
            assert!(found.iter().any(|f| f.about == about && f.text.contains(part)), "{about}: {part}: {found:#?}");
        }
        assert_eq!(
            of_census(&Census { sides: (SideState::Ended(ReadEnd::Complete), SideState::Ended(ReadEnd::Complete)), ..Census::default() }),
            []
        );
    }
}
