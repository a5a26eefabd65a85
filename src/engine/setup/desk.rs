//! Trying what was answered, with the same code as `rosterm check` and `rosterm plan`.

use super::{Draft, Found, Test, file};
use crate::clock::Instant;
use crate::config::{Channel, Config};
use crate::engine::{self, Job, Progress};
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::model::step::{Step, StepVerdict};
use crate::model::{ReadEnd, SideState};
use crate::plan::file::Counts;
use crate::source::Source;
use crate::source::explore::Explorer;
use crate::target::{Columns, Target};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long the people under a base are counted.
const COUNTING: Duration = Duration::from_secs(10);

/// The directory that is looked around in, with the part of the draft that it was opened by.
#[derive(Default)]
pub struct Desk {
    explorer: Option<(String, Explorer)>,
}

impl Desk {
    /// Tries what was answered, tells each step, and notes what was found. True if it goes on from here.
    pub async fn test(&mut self, test: Test, draft: &Draft, found: &mut Found, now: Instant, mut tell: impl FnMut(Step)) -> bool {
        match test {
            Test::Reach => self.reach(draft, found, now, &mut tell).await,
            Test::Source => self.explore(draft, found, now, &mut tell).await,
            Test::Base => self.count(draft, found, now, &mut tell).await,
            Test::Scope => self.scope(draft, found, now, &mut tell).await,
            Test::Service => service(draft, found, &mut tell).await,
        }
    }

    /// Looks for groups by a part of their name; false if there is none: then those that were found before stay.
    ///
    /// # Errors
    /// Why they can't be listed.
    pub async fn seek_groups(&mut self, draft: &Draft, found: &mut Found, word: &str, now: Instant) -> Result<bool> {
        let explorer = self.at(draft, now, &mut |_| ()).await.ok_or_else(|| Error::failure("the directory cannot be reached any more"))?;
        let groups = explorer.groups(&draft.base, word).await.map_err(Error::failure)?;
        let any = !groups.list.is_empty();
        if any {
            found.groups = groups;
        }
        Ok(any)
    }

    /// The directory of the draft: the one that is open, or a new one.
    async fn at(&mut self, draft: &Draft, now: Instant, tell: &mut impl FnMut(Step)) -> Option<&mut Explorer> {
        let text = file::source_alone(&Draft { base: "dc=x".to_owned(), group: String::new(), ..draft.clone() });
        if self.explorer.as_ref().is_none_or(|(opened_by, _)| *opened_by != text) {
            self.explorer = None;
            let config = match channel_of(&Draft { base: "dc=x".to_owned(), group: String::new(), ..draft.clone() }) {
                Ok(channel) => channel.source,
                Err(error) => {
                    tell(Step::failed("prepare", &error));
                    return None;
                }
            };
            let explorer = Explorer::open(&config, now, tell).await?;
            self.explorer = Some((text, explorer));
        }
        self.explorer.as_mut().map(|(_, explorer)| explorer)
    }

    async fn explore(&mut self, draft: &Draft, found: &mut Found, now: Instant, tell: &mut impl FnMut(Step)) -> bool {
        // Whoever asks again wants to see it again.
        self.explorer = None;
        let mut certificate = false;
        let mut watch = |step: Step| {
            certificate |= wants_authority(&step);
            // How it is encrypted was told beside the address.
            if step.name != "TLS" || step.verdict == StepVerdict::Failed {
                tell(step);
            }
        };
        let Some(explorer) = self.at(draft, now, &mut watch).await else {
            found.wants_authority[0] |= certificate;
            return false;
        };
        found.settings = Some(explorer.settings().clone());
        (found.bases, found.base) = explorer.bases().await;
        true
    }

    /// Reaches the directory as nobody. Whoever is let in or turned away at the bind has come through TLS: only who we are is left to
    /// be told.
    async fn reach(&mut self, draft: &Draft, found: &mut Found, now: Instant, tell: &mut impl FnMut(Step)) -> bool {
        self.explorer = None;
        let nobody = Draft { bind_dn: String::new(), password: Default::default(), ..draft.clone() };
        let mut steps = Vec::new();
        let is_open = self.at(&nobody, now, &mut |step| steps.push(step)).await.is_some();
        // One connection at a time is enough for a directory that counts them.
        self.explorer = None;
        let is_there = is_open || steps.iter().any(|step| step.name == "bind");
        let certificate = steps.iter().any(wants_authority);
        for mut step in steps.into_iter().filter(|step| step.name != "bind") {
            match step.verdict {
                // What one of several servers lacks, and what nobody is shown, is in nobody's way yet.
                StepVerdict::Failed if is_there && step.name == "vendor" => continue,
                StepVerdict::Warning if step.name == "vendor" => continue,
                StepVerdict::Failed if is_there => step.verdict = StepVerdict::Warning,
                _ => {}
            }
            tell(step);
        }
        found.wants_authority[0] |= certificate && !is_there;
        is_there
    }

    async fn count(&mut self, draft: &Draft, found: &mut Found, now: Instant, tell: &mut impl FnMut(Step)) -> bool {
        let Some(explorer) = self.at(draft, now, tell).await else { return false };
        let is_directory = matches!(explorer, Explorer::Ldap(_));
        match explorer.people(&draft.base, COUNTING).await {
            Err(why) => {
                tell(Step::failed("base", &Error::failure(why).hint("check the DN, and whether the reader may see it")));
                return false;
            }
            Ok(people) if people.count == 0 && people.whole => {
                let (detail, hint) = match &*draft.bind_dn {
                    _ if !is_directory => (format!("nobody is under {}", draft.base), "another base"),
                    "" => (
                        format!("nobody is seen under {} without a login", draft.base),
                        "another base, or a reader: the server may show nothing to whoever is not logged in",
                    ),
                    reader => (
                        format!("nobody is seen under {} as {reader}", draft.base),
                        "another base, or another reader: this one may lack the right to see them",
                    ),
                };
                tell(Step::warning("base", detail, hint));
            }
            Ok(people) => tell(Step::good("base", format!("{} under {}", people.words(), draft.base))),
        }
        match explorer.groups(&draft.base, "").await {
            Ok(groups) => found.groups = groups,
            Err(why) => tell(Step::warning("groups", format!("groups cannot be listed: {why}"), "type the DN of the group")),
        }
        true
    }

    async fn scope(&mut self, draft: &Draft, found: &mut Found, now: Instant, tell: &mut impl FnMut(Step)) -> bool {
        let channel = match channel_of(draft) {
            Ok(channel) => channel,
            Err(error) => {
                tell(Step::failed("configuration", &error));
                return false;
            }
        };
        // Where it was told already how the directory is reached, only what is new is told.
        let known = ["prepare", "resolve", "connect", "TLS", "bind", "vendor", "base"];
        let had = self.explorer.is_some();
        let Some(explorer) = self.at(draft, now, tell).await else { return false };
        found.settings = Some(explorer.settings().clone());
        match explorer.samples(&draft.base).await {
            Ok(samples) => found.samples = Arc::new(samples),
            Err(why) => tell(Step::warning("samples", format!("nobody can be looked at: {why}"), "the rules have to be typed")),
        }
        // One connection at a time is enough for a directory that counts them.
        self.explorer = None;
        let source = Source::check(&channel.source, now, |step| {
            let is_known = (had || step.name == "vendor") && known.contains(&step.name) && step.verdict == StepVerdict::Good;
            let is_file = step.name == "file" && step.verdict == StepVerdict::Good;
            if !is_known && !is_file && step.verdict != StepVerdict::Skipped {
                tell(step);
            }
        });
        if source.await.is_none() {
            return false;
        }
        found.good[0] = true;
        true
    }
}

async fn service(draft: &Draft, found: &mut Found, tell: &mut impl FnMut(Step)) -> bool {
    let checked = channel_of(draft).and_then(|channel| Ok((draft.connector()?, channel.target)));
    let (connector, config) = match checked {
        Ok(both) => both,
        Err(error) => {
            tell(Step::failed("configuration", &error));
            return false;
        }
    };
    let columns = Columns::new(connector.fields.iter().filter(|f| f.required && !f.read_only));
    let mut certificate = false;
    let target = Target::check(&config, &connector, columns, |step| {
        certificate |= wants_authority(&step);
        // What is listed is compared with the whole mapping when there is one.
        if step.verdict != StepVerdict::Skipped && step.name != "schema" {
            tell(step);
        }
    });
    let Some(mut target) = target.await else {
        found.wants_authority[1] |= certificate;
        return false;
    };
    found.accounts = target.some_names().await;
    found.good[1] = true;
    true
}

/// True for what failed because nobody who is trusted here has signed a certificate.
fn wants_authority(step: &Step) -> bool {
    step.verdict == StepVerdict::Failed && step.hint.as_ref().is_some_and(|hint| hint.contains("ca_file"))
}

/// A channel of what there is, with something in place of what is not answered yet.
fn channel_of(draft: &Draft) -> Result<Channel> {
    let or = |said: &str, other: &str| if said.is_empty() { other.to_owned() } else { said.to_owned() };
    let draft = Draft {
        name: "channel".to_owned(),
        connector: or(&draft.connector, "scim2"),
        service: or(&draft.service, "https://localhost"),
        ..draft.clone()
    };
    let text = format!("{}{}\n[channels.channel.mapping]\nuserName = \"'x'\"\n", file::source_alone(&draft), file::target_alone(&draft));
    let config = Config::parse(Path::new(""), &text).map_err(|e| {
        // There is no file yet: a place in it would only confuse.
        let error = Error::new(e.kind(), e.message());
        match e.hint_text() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    config.channels.into_iter().next().ok_or_else(|| Error::failure("there is no channel"))
}

/// The first numbers: what a plan would say of both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// People in scope.
    pub people: usize,
    /// Accounts.
    pub accounts: usize,
    /// Everybody by situation.
    pub counts: Counts,
    /// Both sides were read to their ends.
    pub complete: bool,
}

/// Reads both ends as a plan would, remembering nothing.
///
/// # Errors
/// Where an end can't be opened.
pub async fn first_numbers(channel: &Channel, now: Instant, progress: &Progress) -> Result<Numbers> {
    let mut ends = engine::open(channel, now).await?;
    let journal = Journal::in_memory()?;
    let picture = Box::pin(engine::look(&Job { channel, others: &[], now, progress }, &mut ends, &journal)).await?;
    let complete = |side: &SideState| matches!(side, SideState::Ended(ReadEnd::Complete));
    Ok(Numbers {
        people: picture.entries().len(),
        accounts: picture.accounts().len(),
        counts: picture.counts(),
        complete: complete(picture.source_state()) && complete(picture.target_state()),
    })
}
