//! Which account is whose, by what; and who it might be where nothing says.

use super::facts::{Facts, Linked, Might, Tie};
use super::{Line, Said, owner};
use crate::identity::value::is_same_key;
use crate::model::{LinkOrigin, Reason, SideState, Situation};
use crate::plan::Row;
use crate::text::count;

/// Step 4.
pub(super) fn pair(facts: &Facts) -> Vec<Line> {
    let Some(row) = &facts.row else { return Vec::new() };
    let account = row.account.as_ref().map(|a| match &a.user_name {
        Some(name) if *name != a.id => format!("account {name} ({})", a.id),
        _ => format!("account {}", a.id),
    });
    let account = account.unwrap_or_else(|| "an account".to_owned());
    let key = &facts.bond.key;
    let wanted = key.wanted.as_deref();
    let mut lines = Vec::new();
    if let Some(link) = &facts.bond.link {
        lines.extend(linked(facts, row, link, &account));
    }
    match &facts.bond.tie {
        Tie::Link => {}
        Tie::ExternalId => lines.push(Line::said(format!("{account} carries the person's id as externalId"), Said::Good("yes"))),
        Tie::Key => lines.push(Line::said(
            format!("{account} has the same {}: {}; nobody else has, and it is not linked yet", key.field, wanted.unwrap_or("(masked)")),
            Said::Good("yes"),
        )),
        Tie::Contested(reason) => lines.extend(contested(facts, *reason)),
        Tie::Nothing => lines.push(nothing(facts)),
    }
    if let Some(account) = row.account.as_ref().filter(|_| row.situation != Situation::New) {
        let state = if account.active { "active" } else { "inactive" };
        lines.push(Line::new(format!("the account is {state}")));
    }
    lines.extend(owner::whose(facts));
    lines.extend(listing(facts));
    lines
}

/// What a link says.
fn linked(facts: &Facts, row: &Row, link: &Linked, account: &str) -> Vec<Line> {
    let is_gone = row.reason == Some(Reason::AccountGone);
    let account = if row.account.is_some() { account.to_owned() } else { format!("account {}", link.account) };
    let how = match link.origin {
        LinkOrigin::Created => "created by rosterm",
        LinkOrigin::Matched => "matched, and accepted by applying it",
        LinkOrigin::ByHand => "by hand",
    };
    let by = if link.channel == facts.channel { String::new() } else { format!(", by channel {}", link.channel) };
    let told = format!("linked to {account} since {}, {how}{by}", &link.since.rfc3339()[..10]);
    let mut lines = vec![Line::said(told, if is_gone { Said::Bad("gone") } else { Said::Good("yes") })];
    if is_gone {
        lines.push(Line::new("the service does not have this account any more"));
    } else if !link.listed {
        lines.push(Line::said("the service does not list it: it is asked for by its id", Said::Open("hidden")));
    }
    let key = &facts.bond.key;
    if let (Some(wanted), Some(has), Tie::Link) = (&key.wanted, &key.has, &facts.bond.tie)
        && !is_same_key(wanted, has)
    {
        lines.push(Line::new(format!("its {} is {has}, the rule gives {wanted} by now: a linked pair stays one", key.field)));
    }
    lines
}

/// Nothing pairs them.
fn nothing(facts: &Facts) -> Line {
    let key = &facts.bond.key;
    let is_person = facts.row.as_ref().is_some_and(|r| r.entry.is_some());
    match (is_person, &key.wanted, &key.has) {
        (true, Some(wanted), _) => Line::said(format!("no account has the {} {wanted}", key.field), Said::Bad("nobody")),
        (true, None, _) => Line::said(format!("the rule of {} gives no key to match by", key.field), Said::Bad("nobody")),
        (false, _, Some(has)) => Line::said(format!("nobody in scope has the {} {has}", key.field), Said::Bad("nobody")),
        (false, _, None) => Line::said(format!("the account has no {} to match by", key.field), Said::Bad("nobody")),
    }
}

/// It can't be told, and between whom.
fn contested(facts: &Facts, reason: Reason) -> Vec<Line> {
    let key = &facts.bond.key;
    let wanted = key.wanted.as_deref().or(key.has.as_deref()).unwrap_or("the key");
    let row = facts.row.as_ref();
    let people = row.map_or(0, |r| r.candidates.iter().filter(|c| c.kind == "entry").count());
    let text = match reason {
        // A row names so many others at most.
        Reason::DuplicateInSource if people >= 20 => format!("more than {people} people have the {} {wanted}", key.field),
        Reason::DuplicateInSource => format!("{} people have the {} {wanted}", count(people + 1), key.field),
        Reason::DuplicateInTarget => format!("several accounts could be this person's by {wanted}"),
        Reason::LinkedElsewhere => format!("the account with the {} {wanted} is linked to somebody else", key.field),
        Reason::RenameCollision => format!("the new {} {wanted} is taken by another account", key.field),
        Reason::LinkSuspect => "the linked account shows none of the names and addresses that were remembered of it".to_owned(),
        other => other.words().to_owned(),
    };
    let mut lines = vec![Line::said(text, Said::Bad("not clear"))];
    for candidate in row.iter().flat_map(|r| &r.candidates) {
        let kind = if candidate.kind == "entry" { "person" } else { "account" };
        lines.push(Line::new(format!("{kind} {} ({})", candidate.name, candidate.id)));
    }
    lines
}

/// Whether the listing of accounts can be believed: told where something rests on who is not in it.
fn listing(facts: &Facts) -> Option<Line> {
    match &facts.sides.1 {
        SideState::Reading => Some(Line::said("the accounts are still being read", Said::Open("reading"))),
        SideState::Ended(end) => end.cause().map(|why| {
            Line::said(
                format!("the listing was INCOMPLETE after {} accounts: {}. {}", count(facts.counts.1), why.cause.words(), why.detail),
                Said::Bad("INCOMPLETE"),
            )
        }),
    }
}

/// Who it might be, where nothing or too much says.
pub(super) fn might_be(facts: &Facts) -> Vec<Line> {
    let is_open = facts.row.as_ref().is_some_and(|r| {
        matches!(r.situation, Situation::New | Situation::Unmatched | Situation::Ambiguous | Situation::Skipped)
            || matches!(r.would_be, Some(Situation::New | Situation::Unmatched))
            || (r.situation == Situation::Leaving && r.reason == Some(Reason::Deleted))
    });
    if !is_open || facts.bond.other_channel.is_some() {
        return Vec::new();
    }
    let line = |might: &Might| {
        let signs: Vec<&str> = might.signs.iter().map(|s| s.words()).collect();
        Line::new(format!("{} {} ({}): {}", might.kind, might.called, might.id, signs.join(", ")))
    };
    match &facts.near {
        None => vec![Line::said("looking for who is alike …", Said::Open("asked"))],
        Some(near) if near.is_empty() => {
            vec![Line::new("nobody who is not paired has this e-mail, number, or a name like it")]
        }
        Some(near) => near.iter().map(line).collect(),
    }
}
