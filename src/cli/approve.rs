//! `rosterm approve | unapprove | act`: decisions in a saved plan, without a screen. Nothing here talks to a server.
//!
//! The file is read twice and never held in memory: once to check it and to find who is meant, once to write it anew beside
//! its place. A lock keeps two of these from overwriting each other's decisions. Approvals are no part of a plan's id; a
//! deprovision by hand is, so the plan gets a new one. In the document it is recognised by its row: `unmatched`, and yet with
//! an action. Who did it is kept where it is applied, in the journal.

use super::{Common, plan, report, save};
use crate::clock::Instant;
use crate::engine;
use crate::error::{Error, Kind, Result, exit};
use crate::identity::AccountId;
use crate::identity::value::key_form;
use crate::journal::Mode;
use crate::model::{Action, HoldOn, Situation};
use crate::plan::Row;
use crate::plan::decision::{self, Name, Terms};
use crate::plan::file::{Fingerprint, Head, PlanFile, Writer};
use crate::text::count;
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Args)]
pub(super) struct ApproveOptions {
    /// The plan, as rosterm plan --out FILE has saved it
    plan: PathBuf,
    /// Every row of this situation that would be sent; may be given several times. Who would lose access is approved by name only
    #[arg(long, value_name = "SITUATION", value_parser = plan::situation, conflicts_with = "user")]
    only: Vec<Situation>,
    /// This user: user name, lasting id, DN or account id; may be given several times
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ActOptions {
    /// The plan, as rosterm plan --out FILE has saved it
    plan: PathBuf,
    /// The account: user name or account id
    user: String,
    /// What is to be done with it
    action: ByHand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ByHand {
    /// Make it inactive
    Disable,
    /// Delete it, where the service can
    Delete,
}

/// Which way a decision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Approve,
    Unapprove,
}

/// A row that a name fits.
struct Hit {
    at: usize,
    row: Row,
}

impl Hit {
    fn ids(&self) -> String {
        let entry = self.row.entry.as_ref().map(|e| format!("person {}", e.id));
        let account = self.row.account.as_ref().map(|a| format!("account {}", a.id));
        [entry, account].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// `rosterm approve` and `rosterm unapprove`.
pub(super) fn run(options: &ApproveOptions, verb: Verb, common: &Common) -> Result<u8> {
    if options.only.is_empty() && options.user.is_empty() {
        return Err(Error::usage("whose rows?")
            .hint("name users with --user NAME (the only way for who would lose access), or a situation with --only SITUATION"));
    }
    if verb == Verb::Approve && options.only.contains(&Situation::Leaving) {
        return Err(Error::usage("who is leaving is approved by name only, nobody was approved")
            .hint("look at them with rosterm plan --only leaving, then name each with --user NAME"));
    }
    let wanted = verb == Verb::Approve;
    let mut file = open(&options.plan, common)?;
    let names: Vec<Name> = options.user.iter().map(|n| Name::new(n)).collect();
    let mut hits: Vec<Vec<Hit>> = names.iter().map(|_| Vec::new()).collect();
    let mut changed = BTreeSet::new();
    let mut done = Tally::default();
    let (mut at, mut before, mut already, mut nothing, mut by_name) = (0, 0, 0, 0, 0);
    let head = file.scan(|row| {
        before += usize::from(row.approved);
        for (name, hits) in names.iter().zip(&mut hits) {
            if name.fits(&row) {
                hits.push(Hit { at, row: row.clone() });
            }
        }
        if options.only.contains(&row.situation) {
            match row.action {
                Action::None => nothing += 1,
                _ if row.approved == wanted => already += 1,
                action if wanted && action.is_deprovision() => by_name += 1,
                action => {
                    changed.insert(at);
                    done.add(action);
                }
            }
        }
        at += 1;
        Ok(())
    })?;
    for (name, hits) in names.iter().zip(&hits) {
        let hit = only_one(&mut file, &options.plan, name, hits)?;
        if wanted {
            decision::approvable(&hit.row)
                .map_err(|why| Error::usage(format!("{}: {why}", name.text())).hint("nothing was changed in the plan"))?;
        }
        if hit.row.approved == wanted || hit.row.action == Action::None {
            already += 1;
        } else if changed.insert(hit.at) {
            done.add(hit.row.action);
            let not = if wanted { "" } else { "not " };
            let who = format!("{not}approved: {} {} ({})", hit.row.action.code(), hit.row.called(), hit.ids());
            report::talk(&who);
        }
    }
    if !changed.is_empty() {
        rewrite(&options.plan, &mut file, &head, &head.id, |at, row| {
            if changed.contains(&at) {
                row.approved = wanted;
            }
        })?;
    }
    let total = if wanted { before + changed.len() } else { before - changed.len() };
    let what = if wanted { "approved" } else { "not approved any more" };
    let left = [
        (already, if wanted { "approved already" } else { "not approved before" }),
        (by_name, "to be approved by name only, because they take access away"),
        (nothing, "with nothing to send"),
    ];
    let left: Vec<String> = left.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n))).collect();
    let left = if left.is_empty() { String::new() } else { format!(" ({})", left.join(", ")) };
    report::talk(&format!("{} {what}{left}, {} approved in all; nothing is sent before rosterm apply", done.words(), count(total)));
    Ok(exit::DONE)
}

/// `rosterm act`.
pub(super) fn act(options: &ActOptions, common: &Common, now: Instant) -> Result<u8> {
    let mut file = open(&options.plan, common)?;
    let name = Name::new(&options.user);
    let mut hits = Vec::new();
    let (mut at, mut approved) = (0, 0);
    let head = file.scan(|row| {
        approved += usize::from(row.approved);
        if name.fits(&row) {
            hits.push(Hit { at, row });
        }
        at += 1;
        Ok(())
    })?;
    let hit = only_one(&mut file, &options.plan, &name, &hits)?;
    let action = match options.action {
        ByHand::Disable => Action::Disable,
        ByHand::Delete => Action::Delete,
    };
    let terms = terms(common, &head, &hit.row, now)?;
    let mut row = hit.row.clone();
    decision::act(&mut row, action, &terms).map_err(|(why, hint)| {
        let error = Error::usage(format!("{why}; nothing was changed in the plan"));
        hint.into_iter().fold(error, Error::hint)
    })?;
    let set = |at: usize, other: &mut Row| {
        if at == hit.at {
            other.clone_from(&row);
        }
    };
    let mut fingerprint = Fingerprint::new(&head.header);
    let mut at = 0;
    file.scan(|mut row| {
        set(at, &mut row);
        fingerprint.row(&mut row);
        at += 1;
        Ok(())
    })?;
    let id = fingerprint.id();
    rewrite(&options.plan, &mut file, &head, &id, set)?;
    let total = approved + usize::from(!hit.row.approved);
    report::talk(&format!("by hand, approved: {} {} ({})", action.code(), row.called(), hit.ids()));
    if action == Action::Delete {
        report::talk("this cannot be undone: an account that is deleted is gone; rosterm cannot bring it back");
    }
    if !terms.siblings.is_empty() {
        report::talk(&format!(
            "channels to the same service: {}; make sure that it is nobody of theirs who is not linked yet",
            terms.siblings.join(", ")
        ));
    }
    report::talk(&format!(
        "this makes another plan of it: {id} (it was {}), {} approved in all; nothing is sent before rosterm apply",
        head.id,
        count(total)
    ));
    Ok(exit::DONE)
}

/// What the configuration and what is remembered say about a deprovision by hand.
fn terms(common: &Common, head: &Head, row: &Row, now: Instant) -> Result<Terms> {
    let name = &head.header.channel;
    if common.channel.as_ref().is_some_and(|c| c != name) {
        return Err(Error::usage(format!("the plan is one of channel {name}")).hint("leave --channel out"));
    }
    let config = common.configuration()?;
    let channel = config.channel(Some(name))?;
    if channel.fingerprint != head.header.config {
        return Err(Error::usage(format!("the configuration of channel {name} has changed since the plan was made"))
            .hint("make a new plan with rosterm plan --out FILE"));
    }
    let (connector, _) = engine::compile(channel)?;
    let journal = common.journal(&config, Mode::Read)?;
    let base_url = &head.header.target.base_url;
    let account = row.account.as_ref().map(|a| AccountId::new(a.id.as_str()));
    let held = |on: &HoldOn| matches!(on, HoldOn::Account(id) if Some(id) == account.as_ref());
    Ok(Terms {
        can_delete: connector.can_delete(),
        siblings: config.others(channel).into_iter().filter(|c| c.target.base_url.value == *base_url).map(|c| c.name).collect(),
        deprovision: channel.policy.deprovision,
        protected: channel.policy.protect.iter().map(|n| key_form(n).into_owned()).collect(),
        held: journal.holds(base_url, now)?.iter().any(|(on, _)| held(on)),
        linked: journal.links(base_url)?.iter().any(|l| Some(&l.account) == account.as_ref()),
    })
}

/// Opens a plan to be changed, and keeps others from changing it meanwhile.
fn open(path: &Path, common: &Common) -> Result<PlanFile> {
    if common.read_only {
        return Err(Error::new(Kind::Refused, "--read-only: nothing is changed, not even a plan"));
    }
    let file = PlanFile::open(path)?;
    let busy = || Error::failure(format!("another rosterm is changing {}", path.display())).hint("try again in a moment");
    file.file().try_lock().map_err(|e| match e {
        std::fs::TryLockError::WouldBlock => busy(),
        std::fs::TryLockError::Error(e) => Error::failure(format!("{} cannot be locked: {e}", path.display())),
    })?;
    // Somebody may have put a new file there between the opening and the lock: then ours is the old one.
    let identity = |meta: std::io::Result<std::fs::Metadata>| {
        use std::os::unix::fs::MetadataExt;
        meta.map(|m| (m.dev(), m.ino())).ok()
    };
    if identity(std::fs::metadata(path)) != identity(file.file().metadata()) {
        return Err(busy());
    }
    Ok(file)
}

/// The one row of a name.
fn only_one<'h>(file: &mut PlanFile, path: &Path, name: &Name, hits: &'h [Hit]) -> Result<&'h Hit> {
    match hits {
        [one] => Ok(one),
        [] => {
            let mut names = Vec::new();
            file.scan(|row| {
                names.extend(row.user_name);
                Ok(())
            })?;
            let error = Error::usage(format!("{} has no row of {}", path.display(), name.text()));
            Err(match crate::text::nearest(name.text(), names.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {near}? Nothing was changed in the plan")),
                None => error.hint("who is in sync has no row, unless the plan was saved with --all; nothing was changed in the plan"),
            })
        }
        several => {
            let who: Vec<String> =
                several.iter().take(10).map(|h| format!("{} ({}, {})", h.row.called(), h.row.situation.words(), h.ids())).collect();
            let more = several.len().saturating_sub(10);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(Error::usage(format!("{} rows have the name {}", several.len(), name.text()))
                .hint(format!("name one by an id that is its own: {}{more}", who.join("; "))))
        }
    }
}

/// Writes the plan anew, with what `set` does to each row (its number comes first), under the same name in one step.
fn rewrite(path: &Path, file: &mut PlanFile, head: &Head, id: &str, set: impl Fn(usize, &mut Row)) -> Result<()> {
    save::put(path, |out| {
        let mut writer = Writer::new(out, &head.header, id)?;
        let mut at = 0;
        let again = file.scan(|mut row| {
            set(at, &mut row);
            at += 1;
            writer.row(&row).map_err(|e| Error::failure(format!("{} cannot be saved: {e}", path.display())))
        })?;
        writer.end()?;
        if again.id != head.id {
            return Err(Error::failure(format!("{} was changed while it was read", path.display())).hint("try again").into());
        }
        Ok(())
    })
}

/// How many of each action.
#[derive(Default)]
struct Tally([usize; Action::ALL.len()]);

impl Tally {
    fn add(&mut self, action: Action) {
        self.0[action as usize] += 1;
    }

    /// `3 updates and 1 create`, or `nothing`.
    fn words(&self) -> String {
        let parts: Vec<String> = Action::ALL
            .into_iter()
            .map(|a| (a, self.0[a as usize]))
            .filter(|(_, n)| *n > 0)
            .map(|(a, n)| format!("{} {}{}", count(n), a.code(), if n == 1 { "" } else { "s" }))
            .collect();
        match parts.as_slice() {
            [] => "nothing".to_owned(),
            [one] => one.clone(),
            [most @ .., last] => format!("{} and {last}", most.join(", ")),
        }
    }
}
