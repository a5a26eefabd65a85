//! What an explanation asks for beyond what was read: the directory about one entry, and the journal about one user.

use super::approvals::Named;
use super::picture::Ownerless;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::explain::history::MOST;
use crate::explain::{Answer, Event, Found, Looked, Might, Past, Whose, events};
use crate::identity::EntryId;
use crate::identity::population::Schema;
use crate::journal::Journal;
use crate::model::{EntryEvidence, Identified};
use crate::source::Source;

/// A part of an explanation that came later.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// Whose.
    pub of: Named,
    /// What.
    pub part: Part,
}

/// What came later.
#[derive(Debug, Clone)]
pub enum Part {
    /// What the directory says.
    Looked(Looked),
    /// Whose the account is.
    Whose(Whose),
    /// What was done before, or why that can't be told.
    Past(std::result::Result<Vec<Event>, String>),
    /// Who it might be.
    Near(Vec<Might>),
}

/// Asks the directory for one entry: where it is, which clauses it meets, and what status rules look at.
pub async fn ask(source: &mut Source, id: &EntryId, now: Instant) -> Looked {
    let settings = source.facts().settings.clone();
    let schema = Schema::new(settings.status.iter().map(|rule| rule.attribute.clone()).chain([settings.time_attribute.clone()]));
    let (answers, values) = source.reread(&schema, std::slice::from_ref(id)).await;
    let Some((_, evidence)) = answers.into_iter().next() else { return Looked::Failed("it gave no answer".to_owned()) };
    let row = values.iter().next();
    let first = |name: &str| row.and_then(|row| schema.column(name).and_then(|c| row.first(c))).map(str::to_owned);
    let value = |rule: &crate::config::StatusRule| first(rule.attribute.as_str()).map(|v| (rule.attribute.to_string(), v));
    Looked::Answer(Box::new(Answer {
        values: settings.status.iter().filter_map(value).collect(),
        changed: first(settings.time_attribute.as_str()),
        evidence,
        at: now,
    }))
}

/// Asks the directory whose an account is that nobody in scope has: by the id that it carries, and by what it is matched by.
pub async fn whose(source: &mut Source, account: &Ownerless, now: Instant) -> Whose {
    let schema = account.picture().entries().schema().clone();
    let mut found = Found { owners: Vec::new(), failed: None, at: now };
    let is_same = |a: &EntryId, b: &EntryId| a.as_str().eq_ignore_ascii_case(b.as_str());
    // A server may refuse what is no id in its eyes: that says nothing about the others.
    let by_id: Vec<EntryId> = account.external.iter().cloned().collect();
    let mut by_name = Vec::new();
    if let Some(name) = &account.called {
        match source.named(name).await {
            Ok(named) => by_name.extend(named.into_iter().map(|(id, _)| id).filter(|id| !by_id.iter().any(|known| is_same(known, id)))),
            Err(cause) => found.failed = Some(cause),
        }
    }
    for ids in [by_id, by_name].iter().filter(|ids| !ids.is_empty()) {
        let (answers, rows) = source.reread(&schema, ids).await;
        for (id, evidence) in answers {
            if let EntryEvidence::Unknown { cause } = &evidence {
                found.failed = Some(cause.clone());
            }
            let row = rows.iter().find(|row| row.id().eq_ignore_ascii_case(id.as_str()));
            found.owners.extend(account.owner(&id, &evidence, row));
        }
    }
    Whose::Answer(Box::new(found))
}

/// Who in the directory is meant by a DN, a lasting id, a user name, an e-mail address or a common name: ids and DNs.
///
/// # Errors
/// Why it can't be told.
pub async fn find(source: &mut Source, name: &str) -> Result<Vec<(EntryId, String)>> {
    let failed = |cause: String| Error::failure(format!("{name} could not be looked up in the directory: {cause}"));
    if crate::identity::dn::parse(name).is_some_and(|rdns| !rdns.is_empty()) {
        return match source.identify(&[name.to_owned()]).await.into_iter().next().map(|(_, who)| who) {
            Some(Identified::Entry(id)) => Ok(vec![(id, name.to_owned())]),
            Some(Identified::Unknown { cause }) => Err(failed(cause)),
            Some(Identified::NotFound) | None => Ok(Vec::new()),
        };
    }
    // A server may refuse what is no id in its eyes: then it is none.
    if let Some((id, EntryEvidence::Found { dn, .. })) = source.find(&[EntryId::new(name)]).await.into_iter().next() {
        return Ok(vec![(id, dn)]);
    }
    source.named(name).await.map_err(failed)
}

/// What was done about a user before.
///
/// # Errors
/// Where the journal can't be read.
pub fn past(journal: &Journal, service: &str, user: &Named) -> Result<Vec<Event>> {
    let (entry, account) = (user.entry.as_ref(), user.account.as_ref());
    let mut rows = Vec::new();
    for (run, row) in journal.rows_of(service, entry, account, MOST)? {
        let Some(run) = journal.run(run)? else { continue };
        let cause = journal.steps(run.id, row.n)?.into_iter().filter_map(|s| s.outcome?.cause).next_back();
        rows.push(Past { run, row, cause });
    }
    Ok(events(&rows, &journal.decisions_of(service, entry, account, MOST)?))
}
