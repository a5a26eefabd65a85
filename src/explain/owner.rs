//! Whose an account may be that nobody in scope has.

use super::facts::{Facts, Owner, Shown, Whose};
use super::{Line, Said, directory};

/// What there is to say about it: what is known without asking, and what the directory said.
pub(super) fn whose(facts: &Facts) -> Vec<Line> {
    let mut lines = Vec::new();
    let found: &[Owner] = if let Whose::Answer(answer) = &facts.whose { &answer.owners } else { &[] };
    let known = facts.owner.iter().filter(|known| found.iter().all(|owner| owner.id != known.id));
    for owner in known.chain(found) {
        lines.extend(told(facts, owner));
    }
    if !lines.is_empty() {
        lines.push(Line::new("nobody is linked and nothing is removed because of that: it is said for whoever decides"));
    }
    match &facts.whose {
        Whose::Not => {}
        Whose::Asking => lines.push(Line::said("asking the directory whose it may be …", Said::Open("asked"))),
        Whose::Failed(why) => lines.push(unknown(why)),
        Whose::Answer(answer) => {
            if lines.is_empty() && answer.failed.is_none() {
                let at = directory::moment(answer.at);
                lines.push(Line::new(format!("asked {at}: nobody is found in the directory who has its externalId or is called like it")));
            }
            lines.extend(answer.failed.as_deref().map(unknown));
        }
    }
    lines
}

fn unknown(why: &str) -> Line {
    Line::said(format!("whose it may be could not be looked up: {why}"), Said::Open("not known"))
}

/// By what it is theirs, and where they are.
fn told(facts: &Facts, owner: &Owner) -> Vec<Line> {
    let key = &facts.bond.key;
    let by = match owner.by {
        Shown::Both => format!("its externalId and its {}", key.field),
        Shown::Id => "its externalId".to_owned(),
        Shown::Key => format!("its {}", key.field),
    };
    let who = owner.dn.as_deref().map_or_else(|| format!("the entry with the id {}", owner.id), str::to_owned);
    let missed = missed(facts, owner);
    let (is, word) = match owner.verdicts {
        _ if owner.is_read => ("is in scope".to_owned(), Said::Open("in scope")),
        Some(_) if missed.is_empty() => ("is in scope by now, and was not in the last read: read again".to_owned(), Said::Bad("moved")),
        Some(_) => (missed.join(" and "), Said::Bad("outside")),
        None => ("was not in the last read".to_owned(), Said::Open("not read")),
    };
    let disabled = if owner.disabled { ", and is disabled" } else { "" };
    let mut lines = vec![Line::said(format!("it is that of {who}, by {by}: that person {is}{disabled}"), word)];
    lines.extend(owner.account.as_ref().map(|account| Line::new(format!("and has another account: {account}"))));
    lines
}

/// The clauses that somebody does not meet.
fn missed(facts: &Facts, owner: &Owner) -> Vec<String> {
    let Some(verdicts) = owner.verdicts else { return Vec::new() };
    let location = &facts.location;
    let is_no = |verdict: Option<bool>| verdict == Some(false);
    let filter = location.filter.as_ref().map_or(&facts.settings.user_filter, |f| &f.value);
    let group = location.group_dn.as_ref().map_or("", |g| g.value.as_str());
    [
        is_no(verdicts.base).then(|| format!("is not under {}", location.base_dn.value)),
        is_no(verdicts.filter).then(|| format!("does not match {filter}")),
        is_no(verdicts.group).then(|| format!("is not in the group {group}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}
