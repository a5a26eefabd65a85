//! `rosterm link | unlink | hold | release`: decisions about one user, remembered in the journal.

use super::{Common, report};
use crate::clock::Instant;
use crate::config::paths;
use crate::engine::{Picture, User};
use crate::error::{Error, Kind, Result, exit};
use crate::identity::value::key_form;
use crate::identity::{AccountId, EntryId};
use crate::journal::{Belonging, Mode};
use crate::model::{EntryEvidence, Hold, HoldOn, Link, LinkOrigin};
use crate::plan::Row;
use clap::Args;

#[derive(Debug, Clone, Args)]
pub(super) struct UserOptions {
    /// The user: user name, lasting id, DN or account id
    user: String,
}

#[derive(Debug, Clone, Args)]
pub(super) struct LinkOptions {
    /// The person: user name, lasting id or DN
    #[arg(required_unless_present = "migrate")]
    user: Option<String>,
    /// The account's id; without it, the only account with the person's user name
    account_id: Option<String>,
    /// The links belong to these ends from now on: the same people and accounts under another address
    #[arg(long, conflicts_with = "user")]
    migrate: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct HoldOptions {
    /// The user: user name, lasting id, DN or account id
    user: String,
    /// Why
    reason: String,
    /// Until this day (2027-01-31) or moment (RFC 3339)
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

pub(super) async fn link(options: &LinkOptions, common: &Common, now: Instant) -> Result<u8> {
    if options.migrate {
        return migrate(common, now).await;
    }
    let name = options.user.as_deref().unwrap_or_default();
    let (channel, mut journal, picture) = common.look(now, Mode::Write).await?;
    let user = find(&picture, name, By::Entry, |row, _| row.entry.is_some())?;
    let row = picture.row(user);
    let entry = user
        .entry
        .ok_or_else(|| Error::usage(format!("{name} is not in scope")).hint("only people in scope are linked; see rosterm plan --all"))?;
    let entry = picture.entries().row(entry);
    let by_id = |id: &str| {
        picture.accounts().by_id(id).ok_or_else(|| {
            Error::usage(format!("the service lists no account with the id {id}"))
                .hint("the ids are in rosterm plan --format json --all, under account")
        })
    };
    let account = match (&options.account_id, user.account) {
        (Some(id), _) => by_id(id)?,
        (None, Some(account)) => account,
        (None, None) => {
            let candidates: Vec<String> =
                row.candidates.iter().filter(|c| c.kind == "account").map(|c| format!("{} ({})", c.id, c.name)).collect();
            let hint =
                if candidates.is_empty() { "name the account's id".to_owned() } else { format!("name one of: {}", candidates.join(", ")) };
            return Err(Error::usage(format!("it is not clear which account is {name}'s")).hint(hint));
        }
    };
    let account_row = picture.accounts().row(account);
    journal.set_belonging(&channel.name, &belonging(&picture))?;
    let link = Link {
        entry: EntryId::new(entry.id()),
        account: AccountId::new(account_row.id()),
        channel: channel.name.clone(),
        origin: LinkOrigin::ByHand,
        since: now,
        remembered: picture.to_remember(account),
        last_active: !account_row.is_off(),
    };
    journal.link_by_hand(picture.base_url(), &link, &paths::operator())?;
    report::talk(&format!("linked {} to account {} ({})", entry.name(), account_row.id(), account_row.name()));
    Ok(exit::DONE)
}

async fn migrate(common: &Common, now: Instant) -> Result<u8> {
    let (config, channel) = common.channel()?;
    let mut journal = common.journal(&config, Mode::Write)?;
    let mut ends = crate::engine::open(&channel, now).await?;
    let facts = ends.source.facts().clone();
    let belonging = Belonging {
        base_url: ends.target.base_url().to_owned(),
        naming_context: facts.naming_context.clone(),
        id_attribute: facts.settings.id_attribute.to_string(),
    };
    if let Some(before) = journal.belonging(&channel.name)? {
        // The same people must be there under the same ids: otherwise every link would point to nobody, and everybody leave.
        let ids: Vec<EntryId> =
            journal.links(&before.base_url)?.into_iter().filter(|l| l.channel == channel.name).map(|l| l.entry).collect();
        let found = ends.source.find(&ids).await.into_iter().filter(|(_, e)| matches!(e, EntryEvidence::Found { .. })).count();
        if found * 10 < ids.len() * 9 {
            return Err(Error::new(
                Kind::Refused,
                format!(
                    "of {} linked people only {found} are found by {} under {}: these are not the same people",
                    ids.len(),
                    belonging.id_attribute,
                    belonging.naming_context
                ),
            )
            .hint("keep the id attribute that the links were made with, or take the links back with rosterm unlink"));
        }
    }
    journal.migrate(&channel.name, &belonging)?;
    let n = journal.links(&belonging.base_url)?.len();
    report::talk(&format!("{n} links belong to {} and {} from now on", belonging.naming_context, belonging.base_url));
    Ok(exit::DONE)
}

pub(super) async fn unlink(options: &UserOptions, common: &Common, now: Instant) -> Result<u8> {
    let (_, mut journal, picture) = common.look(now, Mode::Write).await?;
    let name = &options.user;
    let known = |id: &str| picture.links().iter().find(|l| l.entry.as_str() == id || l.account.as_str() == id);
    let fitting: Vec<Link> = picture.links().iter().filter(|l| l.entry.as_str() == name || l.account.as_str() == name).collect();
    let link = if let [one] = &fitting[..] {
        one.clone()
    } else if fitting.len() > 1 {
        let pairs: Vec<String> = fitting.iter().map(|l| format!("entry {} with account {}", l.entry, l.account)).collect();
        return Err(
            Error::usage(format!("{} links fit {name}: {}", fitting.len(), pairs.join("; "))).hint("name one by the other id of its pair")
        );
    } else {
        let user = find(&picture, name, By::Either, |row, _| row.entry.as_ref().is_some_and(|e| known(&e.id).is_some()))?;
        let row = picture.row(user);
        row.entry.and_then(|e| known(&e.id)).ok_or_else(|| Error::usage(format!("{name} is not linked")))?
    };
    if !journal.unlink_by_hand(picture.base_url(), &link.entry, &link.account, &paths::operator(), now)? {
        return Err(Error::failure(format!("entry {} and account {} are not linked any more", link.entry, link.account)));
    }
    report::talk(&format!("entry {} and account {} are not linked any more", link.entry, link.account));
    Ok(exit::DONE)
}

pub(super) async fn hold(options: &HoldOptions, common: &Common, now: Instant) -> Result<u8> {
    if options.reason.trim().is_empty() {
        return Err(Error::usage("a hold needs a reason").hint("whoever finds it later wants to know why"));
    }
    // On the screens a reason ends with it: here it would be a hold that never ends, without a sign.
    if options.until.is_none() && !matches!(Hold::parted(&options.reason), Ok((_, None))) {
        return Err(Error::usage("the hold would not end: its day is not a part of the reason")
            .hint("write --until and a day such as 2027-01-31, or leave the word until out of the reason"));
    }
    let until = options
        .until
        .as_ref()
        .map(|text| {
            Instant::parse(text)
                .filter(|t| *t > now)
                .ok_or_else(|| Error::usage(format!("{text} is not a moment to come")).hint("write a day such as 2027-01-31, or RFC 3339"))
        })
        .transpose()?;
    let (channel, mut journal, picture) = common.look(now, Mode::Write).await?;
    let user = find(&picture, &options.user, By::Either, |_, _| true)?;
    let on = hold_on(&picture, user)?;
    journal.set_belonging(&channel.name, &belonging(&picture))?;
    let hold = Hold { reason: options.reason.clone(), author: paths::operator(), since: now, until };
    if let Some(before) = journal.set_hold(picture.base_url(), &on, &hold)? {
        let ended = before.until.filter(|until| *until <= now).map(|until| format!(", until {}", day(until))).unwrap_or_default();
        report::talk(&format!(
            "{} was held by {} since {}{ended}: {}; that is replaced",
            options.user,
            before.author,
            day(before.since),
            before.reason
        ));
    }
    let end = until.map(|until| format!(" until {}", day(until))).unwrap_or_default();
    report::talk(&format!("{} is left alone{end}: {}", options.user, options.reason));
    Ok(exit::DONE)
}

pub(super) async fn release(options: &UserOptions, common: &Common, now: Instant) -> Result<u8> {
    let (_, mut journal, picture) = common.look(now, Mode::Write).await?;
    let user = find(&picture, &options.user, By::Either, |row, _| row.hold.is_some())?;
    let row = picture.row(user);
    let on_entry = row.entry.as_ref().map(|e| HoldOn::Entry(EntryId::new(e.id.as_str())));
    let on_account = row.account.as_ref().map(|a| HoldOn::Account(AccountId::new(a.id.as_str())));
    let mut released = false;
    for on in [on_entry, on_account].into_iter().flatten() {
        released |= journal.remove_hold(picture.base_url(), &on)?;
    }
    if !released {
        return Err(Error::usage(format!("{} is not held", options.user)));
    }
    report::talk(&format!("{} is not held any more", options.user));
    Ok(exit::DONE)
}

/// The day of a moment, UTC.
fn day(moment: Instant) -> String {
    moment.rfc3339().chars().take(10).collect()
}

/// A hold lasts on the person where there is one, else on the account.
fn hold_on(picture: &Picture, user: &User) -> Result<HoldOn> {
    let row = picture.row(user);
    match (&row.entry, &row.account) {
        (Some(entry), _) => Ok(HoldOn::Entry(EntryId::new(entry.id.as_str()))),
        (None, Some(account)) => Ok(HoldOn::Account(AccountId::new(account.id.as_str()))),
        (None, None) => Err(Error::failure("the user has neither an entry nor an account")),
    }
}

/// What a user may be named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// User name, lasting id or DN: a person.
    Entry,
    /// These, or an account's id.
    Either,
}

/// The one user of this name: user name in its comparison form, lasting id, DN, account id. A name that is one user's id and
/// another's user name is nobody's: the operator says which. Where several have the name, `prefer` decides if it leaves one.
fn find<'p>(picture: &'p Picture, name: &str, by: By, prefer: impl Fn(&Row, &User) -> bool) -> Result<&'p User> {
    let entries = picture.entries();
    let accounts = picture.accounts();
    let dn = name.contains('=').then(|| crate::identity::dn::DnKey::of(name));
    let key = key_form(name);
    let named = |user: &&User| {
        let entry = user.entry.map(|e| entries.row(e));
        let account = user.account.map(|a| accounts.row(a));
        entry.is_some_and(|e| e.id() == name || dn.as_ref().is_some_and(|dn| crate::identity::dn::DnKey::of(e.name()) == *dn))
            || account.is_some_and(|a| key_form(a.name()) == key || (by == By::Either && a.id() == name))
            || (entry.is_some() && picture.user_name_of(user).is_some_and(|n| key_form(&n) == key))
    };
    let found: Vec<&User> = picture.users().iter().filter(named).collect();
    let preferred: Vec<&User> = found.iter().copied().filter(|u| prefer(&picture.row(u), u)).collect();
    match (found.as_slice(), preferred.as_slice()) {
        ([], _) => Err(nobody(picture, name)),
        ([one], _) => Ok(one),
        (several, [one]) if several.iter().all(|u| !is_id(picture, u, name)) => Ok(one),
        (several, _) => {
            let who: Vec<String> = several
                .iter()
                .map(|u| {
                    let row = picture.row(u);
                    row.entry.map(|e| e.id).or(row.account.map(|a| a.id)).unwrap_or_default()
                })
                .collect();
            Err(Error::usage(format!("{} users have the name {name}", several.len())).hint(format!("name one by id: {}", who.join(", "))))
        }
    }
}

/// Nobody has this name.
pub(super) fn nobody(picture: &Picture, name: &str) -> Error {
    let names: Vec<String> =
        picture.users().iter().filter_map(|u| u.account.map(|a| picture.accounts().row(a).name().to_owned())).collect();
    let error = Error::usage(format!("there is no user {name}"));
    match crate::text::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("name a user name, a lasting id, a DN or an account id; see rosterm plan --all"),
    }
}

/// True if the name is an id of this user, not a user name.
fn is_id(picture: &Picture, user: &User, name: &str) -> bool {
    user.entry.is_some_and(|e| picture.entries().row(e).id() == name)
        || user.account.is_some_and(|a| picture.accounts().row(a).id() == name)
}

fn belonging(picture: &Picture) -> Belonging {
    let source = picture.source();
    Belonging {
        base_url: picture.base_url().to_owned(),
        naming_context: source.naming_context.clone(),
        id_attribute: source.settings.id_attribute.to_string(),
    }
}
