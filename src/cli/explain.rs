//! `rosterm explain`: why one user is where they are, step by step, read-only.

use super::decide::nobody;
use super::print::{self, Format};
use super::{Common, Seen, report};
use crate::clock::Instant;
use crate::engine::{Picture, User, why};
use crate::error::{Error, Result, exit};
use crate::explain::{Explanation, Facts, Said, explain};
use crate::identity::dn::DnKey;
use crate::identity::value::key_form;
use crate::identity::{AccountId, EntryId};
use crate::journal::Mode;
use crate::model::Subject;
use crate::text::{clean, counted};
use clap::Args;
use std::io::{self, Write};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// The user: user name, e-mail, lasting id, DN or account id, in any letter case; also of somebody who is not in scope
    user: String,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// So many who are alike are told.
pub(super) const ALIKE: usize = 5;

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let mut seen = common.look_and_keep(now, Mode::Read, true).await?;
    let name = options.user.trim();
    let hits = hits(&seen.picture, name);
    let facts = match &hits[..] {
        [one] => facts_of(&mut seen, one, now).await?,
        [] => match somebody_else(&mut seen, name, now).await? {
            Some(facts) => facts,
            None => return Err(nobody(&seen.picture, name)),
        },
        users => return several(&listed(&seen.picture, users), name),
    };
    let told = explain(&facts);
    if options.json || options.format == Format::Json {
        print::json(&told)?;
    } else {
        print::data(|out| text(out, &told, report::Style::of(common.color)))?;
    }
    let complete = seen.picture.source_state().is_complete() && seen.picture.target_state().is_complete();
    Ok(if complete { exit::DONE } else { exit::INCOMPLETE })
}

async fn facts_of(seen: &mut Seen, user: &User, now: Instant) -> Result<Facts> {
    let Seen { journal, picture, ends, .. } = seen;
    let mut facts = picture.facts(user);
    let row = facts.row.as_ref();
    let entry = row.and_then(|r| r.entry.as_ref()).map(|e| EntryId::new(e.id.as_str()));
    let account = row.and_then(|r| r.account.as_ref()).map(|a| AccountId::new(a.id.as_str()));
    if let Some(id) = &entry {
        facts.looked = why::ask(&mut ends.source, id, now).await;
    }
    if let Some(account) = picture.ownerless(user) {
        facts.whose = why::whose(&mut ends.source, &account, now).await;
    }
    facts.near = picture.might_be(user, ALIKE, &|| false);
    facts.past = Some(Ok(why::past(journal, picture.base_url(), &crate::engine::Named { entry, account })?));
    Ok(facts)
}

/// Somebody whom the directory knows by this name; nothing if it knows nobody.
async fn somebody_else(seen: &mut Seen, name: &str, now: Instant) -> Result<Option<Facts>> {
    let found = why::find(&mut seen.ends.source, name).await?;
    let [(id, _)] = &found[..] else {
        if found.is_empty() {
            return Ok(None);
        }
        let rows: Vec<Vec<String>> = found.iter().map(|(id, dn)| vec![id.to_string(), dn.clone()]).collect();
        return several(&rows, name);
    };
    let user = seen.picture.entries().by_id(id.as_str()).and_then(|row| seen.picture.user_of(Subject::of_entry(row)));
    if let Some(user) = user {
        return facts_of(seen, &user, now).await.map(Some);
    }
    let looked = why::ask(&mut seen.ends.source, id, now).await;
    Ok(Some(Facts { looked, ..seen.picture.facts_of_nobody(name) }))
}

/// Several fit: each is listed with an id that is theirs alone.
fn several<T>(rows: &[Vec<String>], name: &str) -> Result<T> {
    print::data(|out| super::table::table(out, 0, print::width(), rows))?;
    Err(Error::usage(format!("{} have the name {name}", counted(rows.len(), "user"))).hint("name one by the id in front"))
}

/// Everybody of this name: user name, e-mail, lasting id, DN or account id.
fn hits(picture: &Picture, name: &str) -> Vec<User> {
    let key = key_form(name).into_owned();
    let dn = name.contains('=').then(|| DnKey::of(name));
    let is = |text: &str| key_form(text) == key;
    let fits = |user: &&User| {
        let entry = user.entry.map(|e| picture.entries().row(e));
        let account = user.account.map(|a| picture.accounts().row(a));
        entry.is_some_and(|e| is(e.id()) || dn.as_ref().is_some_and(|dn| DnKey::of(e.name()) == *dn))
            || account.is_some_and(|a| is(a.id()) || is(a.name()))
            || picture.user_name_of(user).is_some_and(|n| is(&n))
            || picture.any_link(user).is_some_and(|link| is(picture.links().entry(link)) || is(picture.links().account(link)))
            || (name.contains('@') && picture.mails_of(user).iter().any(|mail| is(mail)))
    };
    picture.users().iter().filter(fits).cloned().collect()
}

/// The lines of several users of one name.
fn listed(picture: &Picture, users: &[User]) -> Vec<Vec<String>> {
    let cell = |text: &str| text.to_owned();
    users
        .iter()
        .map(|user| {
            let row = picture.row(user);
            let id = row.entry.as_ref().map(|e| &e.id).or(row.account.as_ref().map(|a| &a.id));
            let place = row.entry.as_ref().and_then(|e| e.dn.as_deref()).unwrap_or("account without a person in scope");
            vec![cell(id.map_or("", String::as_str)), cell(row.called()), cell(row.situation.words()), cell(place)]
        })
        .collect()
}

fn text(out: &mut dyn Write, told: &Explanation, style: report::Style) -> io::Result<()> {
    for (i, line) in told.plain().iter().enumerate() {
        let line = clean(line);
        if i == 0 { writeln!(out, "{}\n", style.bold(&line))? } else { writeln!(out, "{line}")? }
    }
    let open = told.steps.iter().flat_map(|s| &s.lines).any(|l| matches!(l.verdict, Said::Open("asked")));
    debug_assert!(!open, "a command waits for every answer");
    Ok(())
}
