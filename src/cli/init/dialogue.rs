//! The dialogue: a question on a line, its answer on the next, what came of it on the one behind. Plain text without
//! movement, so that a screen reader, a slow line and a script can follow it.

use super::given::{Given, draft, must_be_said};
use super::{Common, Options, hidden};
use crate::clock::Instant;
use crate::config::create;
use crate::config::secret::typed::{may_be_shown, shown};
use crate::engine::setup::{self, Ask, Desk, Draft, Found, Question, Test, answer, asks, question, test_of, worth_telling};
use crate::error::{Error, Result};
use crate::model::step::{Step, StepVerdict};
use crate::telemetry::redacted;
use crate::text::{clean, counted};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// Choices that are listed without being asked for.
const LISTED: usize = 12;

/// A conversation with whoever sets up.
pub(super) struct Dialogue {
    draft: Draft,
    found: Found,
    desk: Desk,
    given: Given,
    /// Nobody is there to be asked: everything was given, or stdin has ended.
    quiet: bool,
    /// What was asked, to go back to.
    asked: Vec<Ask>,
    path: PathBuf,
    now: Instant,
}

/// What an operator said.
enum Said {
    Text(String),
    Back,
    Nobody,
}

impl Dialogue {
    /// A dialogue about a file at this path.
    ///
    /// # Errors
    /// Where an option is wrong by itself.
    pub fn new(options: &Options, common: &Common, path: PathBuf, now: Instant) -> Result<Self> {
        let given = Given::of(options, common);
        let quiet = given.is_enough();
        Ok(Dialogue { draft: draft(options)?, found: Found::default(), desk: Desk::default(), given, quiet, asked: Vec::new(), path, now })
    }

    /// Asks until there is a configuration; nothing if it is not to be written.
    ///
    /// # Errors
    /// Where something is wrong and nobody is there to say it better.
    pub async fn hold(&mut self) -> Result<Option<(Draft, Found)>> {
        if !self.quiet {
            say("Each question has its usual answer in brackets: Enter takes it. ? helps, < goes back, ctrl-c ends with nothing written.");
        }
        let mut ask = Ask::Kind;
        loop {
            let (typed, was_given) = match self.said(ask).await? {
                (Said::Text(typed), was_given) => (typed, was_given),
                (Said::Back, _) => {
                    ask = self.asked.pop().unwrap_or(Ask::Kind);
                    continue;
                }
                (Said::Nobody, _) => (self.unasked(ask)?, false),
            };
            if ask == Ask::File {
                let yes = ["y", "yes"].contains(&typed.to_lowercase().as_str());
                return Ok(yes.then(|| (self.draft.clone(), self.found.clone())));
            }
            let went_on = self.take(ask, &typed, was_given).await?;
            let list = asks(&self.draft, &self.found);
            let at = list.iter().position(|a| *a == ask).unwrap_or(0);
            let next = list.get(at + 1).copied().unwrap_or(Ask::File);
            // An authority is asked for where its lack was the trouble.
            if went_on || matches!(next, Ask::Authority | Ask::ServiceAuthority) {
                if !was_given && !self.quiet {
                    self.asked.push(ask);
                }
                ask = next;
            }
        }
    }

    /// The answer of an option, or of a person.
    async fn said(&mut self, ask: Ask) -> Result<(Said, bool)> {
        if let Some(text) = self.given.get(ask) {
            return Ok((Said::Text(text.to_owned()), true));
        }
        if self.quiet {
            return Ok((Said::Nobody, false));
        }
        if ask == Ask::File {
            self.show();
        }
        let mut helped = false;
        loop {
            let question = question(ask, &self.draft, &self.found);
            if !std::mem::take(&mut helped) {
                put(&question, false);
            }
            let Some(line) = read_line(&question)? else {
                self.quiet = true;
                return Ok((Said::Nobody, false));
            };
            match line.trim() {
                "<" => return Ok((Said::Back, false)),
                "?" => {
                    put(&question, true);
                    helped = true;
                }
                "-" if question.empty.is_some() => return Ok((Said::Text(String::new()), false)),
                "" if question.usual.is_empty() && question.empty.is_none() => say("This needs an answer."),
                "" => return Ok((Said::Text(question.usual), false)),
                typed => {
                    let chosen = typed.parse::<usize>().ok().and_then(|n| question.choices.get(n.checked_sub(1)?));
                    let typed = chosen.map_or_else(|| typed.to_owned(), |c| c.value.clone());
                    if ask == Ask::Group && !typed.contains('=') {
                        self.seek(&typed).await;
                        continue;
                    }
                    return Ok((Said::Text(typed), false));
                }
            }
        }
    }

    async fn seek(&mut self, word: &str) {
        match self.desk.seek_groups(&self.draft, &mut self.found, word, self.now).await {
            Ok(false) => say(&format!("No group is called anything like {word}.")),
            Ok(true) => say(&format!("{} with {word} in their names.", counted(self.found.groups.list.len(), "group"))),
            Err(error) => say_error(&error),
        }
    }

    /// What is taken where nobody answers.
    fn unasked(&self, ask: Ask) -> Result<String> {
        let question = question(ask, &self.draft, &self.found);
        let Question { usual, flag, empty, words, .. } = question;
        let missing = must_be_said(ask) || (usual.is_empty() && empty.is_none());
        if !missing {
            return Ok(usual);
        }
        let flag = match ask {
            Ask::Rule(i) => format!("--map {}=RULE", self.draft.rules.get(i).map_or("FIELD", |r| &r.field)),
            Ask::Place => "--url, --ldif or --csv".to_owned(),
            _ => flag.to_owned(),
        };
        Err(Error::usage(format!("{words} Nobody is there to answer")).hint(format!("say it with {flag}")))
    }

    /// Takes an answer and tries it; false if the question stays.
    async fn take(&mut self, ask: Ask, typed: &str, was_given: bool) -> Result<bool> {
        let flag = question(ask, &self.draft, &self.found).flag;
        if let Err(error) = answer(ask, typed, &mut self.draft, &mut self.found) {
            if self.quiet || was_given {
                return Err(error.context(flag));
            }
            say_error(&error);
            return Ok(false);
        }
        if let Ask::Rule(i) = ask {
            self.tell_rule(i);
        }
        let Some(test) = test_of(ask, &self.draft) else { return Ok(true) };
        // What else was given belongs to the same test.
        for (of, authority, flag) in
            [(Test::Reach, Ask::Authority, "--ca-file"), (Test::Service, Ask::ServiceAuthority, "--target-ca-file")]
        {
            if test == of
                && ask != authority
                && let Some(given) = self.given.get(authority)
            {
                answer(authority, given, &mut self.draft, &mut self.found).map_err(|e| e.context(flag))?;
            }
        }
        let mut failed = None;
        let good = self
            .desk
            .test(test, &self.draft, &mut self.found, self.now, |step| {
                tell(&step);
                if step.verdict == StepVerdict::Failed {
                    failed = Some(step);
                }
            })
            .await;
        if good {
            if self.found.good[1] && self.draft.rules.is_empty() {
                self.draft.suggest(&self.found).map_err(|e| e.context("--map"))?;
            }
            return Ok(true);
        }
        if self.quiet {
            let what = failed.map_or_else(|| "the test failed".to_owned(), |step| format!("{}: {}", step.name, step.detail));
            return Err(Error::failure(what).hint("nothing was written"));
        }
        say("Answer again, or < to change an answer before this one.");
        self.given.drop(ask);
        Ok(false)
    }

    fn tell_rule(&self, i: usize) {
        let Some(rule) = self.draft.rules.get(i).filter(|r| !r.text.is_empty()) else { return };
        let Ok(connector) = self.draft.connector() else { return };
        let Ok(seen) = setup::preview(&rule.text, &rule.field, &connector, &self.found.samples) else { return };
        let example = seen.examples.first().map(|(_, value)| format!(", for example {value}")).unwrap_or_default();
        let failed = seen.failed.map(|why| format!("; for somebody it fails: {why}")).unwrap_or_default();
        say(&format!("{} = {}: {} of {} have one{example}{failed}", rule.field, rule.text, seen.have, seen.of));
    }

    /// The file, before it is written.
    fn show(&self) {
        let text = create::whole(&self.path, &setup::text(&self.draft, &self.found));
        let mut out = io::stderr().lock();
        for line in text.lines() {
            let _ = writeln!(out, "  {}", clean(line).trim_end());
        }
        let _ = writeln!(out, "This would be {}", clean(&self.path.display().to_string()));
    }
}

/// A sentence on one line, whatever is quoted in it: nothing from outside can look like a line of ours.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "{}", clean(&redacted(sentence)));
}

/// An error, with the mark under what is wrong.
fn say_error(error: &Error) {
    redacted(&error.to_string()).lines().for_each(say);
}

fn tell(step: &Step) {
    let Some(words) = worth_telling(step) else { return };
    say(&match step.verdict {
        StepVerdict::Failed => format!("FAILED {words}"),
        StepVerdict::Warning => format!("warning {words}"),
        _ => format!("ok {words}"),
    });
}

/// Prints a question, and what there is to choose.
fn put(question: &Question, help: bool) {
    if help {
        say(&question.help);
    } else {
        say(&format!("{}: {}", question.title, question.words));
        if question.is_secret {
            say(&question.help);
        }
    }
    let few = if help || question.choices.len() <= LISTED { question.choices.len() } else { 0 };
    for (n, choice) in question.choices.iter().enumerate().take(few) {
        say(format!("  {}  {}  {}", n + 1, choice.value, choice.about).trim_end());
    }
    if few < question.choices.len() {
        say(&format!("  ? lists all {}", question.choices.len()));
    }
}

/// Prints the prompt and reads a line; nothing at the end of stdin.
fn read_line(question: &Question) -> Result<Option<String>> {
    let usual = match (question.usual.as_str(), question.empty) {
        ("", None) => String::new(),
        ("", Some(empty)) => format!(" [{empty}]"),
        (usual, None) => format!(" [{usual}]"),
        (usual, Some(empty)) => format!(" [{usual}; - for {empty}]"),
    };
    let prompt = format!("{}{}: ", question.title, clean(&usual));
    if question.is_secret && io::stdin().is_terminal() {
        match hidden::read(&prompt)? {
            hidden::Said::Line(text) => {
                // What was taken is seen, so that a slip of the finger is.
                if may_be_shown(text.trim()) && text.contains(':') {
                    say(&format!("  {}", shown(text.trim())));
                }
                return Ok(Some(text));
            }
            hidden::Said::End => return Ok(None),
            hidden::Said::NoTerminal => {}
        }
    }
    let mut out = io::stderr().lock();
    let _ = write!(out, "{prompt}").and_then(|()| out.flush());
    drop(out);
    let mut line = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut line).map_err(|e| Error::failure(format!("stdin cannot be read: {e}")))?;
    if read == 0 {
        say("");
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}
