//! The questions of matching, asked at the doors: what became of an account that the listing does not show, whether
//! somebody new exists hidden, where the entry of a leaver is now, whether another channel has them, and who a reference
//! means.
//!
//! The target is asked first: an account that only a look-up finds may be linked to an entry whose whereabouts are the next
//! question. Nothing is asked of a side whose read was incomplete: the answers could not change anything.

use super::desk::Desk;
use super::ends::Ends;
use super::picture::Evidence;
use super::query::Job;
use super::store::Store;
use crate::config::Channel;
use crate::identity::EntryId;
use crate::model::{Cause, EntryEvidence, Identified, ReadEnd, SideState};
use crate::source::Source;
use crate::target::Sought;

/// Asks everything that the picture wants to know.
pub(super) async fn ask(job: &Job<'_>, desk: &mut impl Desk, ends: &mut Ends) -> Option<()> {
    if desk.with(|s| s.picture().target_state().is_complete()).await? {
        ask_target(job, desk, ends).await?;
    }
    if desk.with(|s| s.picture().source_state().is_complete() && !s.picture().entries().is_empty()).await? {
        ask_source(job, desk, ends).await?;
    }
    ask_references(desk, ends).await
}

async fn ask_target(job: &Job<'_>, desk: &mut impl Desk, ends: &mut Ends) -> Option<()> {
    let unlisted = desk.with(|s| s.picture().questions_to_target()).await?;
    job.progress.to_ask.set(unlisted.len());
    let (answers, found) = ends.target.find(&unlisted, |n| job.progress.asked.set(n)).await;
    let answers: Vec<Evidence> = answers.into_iter().map(|(id, evidence)| Evidence::Account(id, evidence)).collect();
    desk.with(move |s| {
        s.add_found(&found);
        s.learn(answers);
    })
    .await?;
    // Whose linked account is gone may have another one, also a hidden one: so this comes second.
    let hidden = desk.with(|s| s.picture().questions_by_name()).await?;
    if hidden.is_empty() {
        return Some(());
    }
    let before = unlisted.len();
    job.progress.to_ask.set(before + hidden.len());
    let sought: Vec<Sought> = hidden.iter().map(|(_, sought)| sought.clone()).collect();
    let (answers, found) = ends.target.find_named(&sought, |n| job.progress.asked.set(before + n)).await;
    let answers = hidden.into_iter().zip(answers).map(|((entry, sought), evidence)| Evidence::Named(entry, sought, evidence)).collect();
    desk.with(move |s| {
        s.add_found(&found);
        s.learn(answers);
    })
    .await
}

async fn ask_source(job: &Job<'_>, desk: &mut impl Desk, ends: &mut Ends) -> Option<()> {
    let gone = desk.with(|s| s.picture().questions_to_source()).await?;
    if gone.is_empty() {
        return Some(());
    }
    let mut moved = Vec::new();
    let mut answers = Vec::new();
    for (id, evidence) in ends.source.find(&gone).await {
        if let EntryEvidence::Found { verdicts, dn, .. } = &evidence
            && verdicts.in_scope()
        {
            moved.push(dn.clone());
        }
        answers.push(Evidence::Entry(id, evidence));
    }
    let base_url = ends.target.base_url().to_owned();
    for other in job.others.iter().filter(|c| c.target.base_url.value == base_url) {
        answers.extend(ask_other(job, other, ends, &gone).await);
    }
    desk.with(move |s| {
        s.learn(answers);
        if let Some(first) = moved.first() {
            let detail = format!("{} of the entries were looked up and are in scope, for one {first}", moved.len());
            s.set_source(SideState::Ended(ReadEnd::incomplete(Cause::MovedDuringRead, detail)));
        }
    })
    .await
}

/// Whoever is in the scope of another channel to the same service is not leaving. A parked channel counts too: whoever
/// parks one does not mean to lock its people out.
async fn ask_other(job: &Job<'_>, other: &Channel, ends: &Ends, gone: &[EntryId]) -> Vec<Evidence> {
    let unknown = |cause: String| {
        let cause = format!("whether channel {} has this person: {cause}", other.name);
        gone.iter().map(|id| Evidence::Entry(id.clone(), EntryEvidence::Unknown { cause: cause.clone() })).collect()
    };
    let mut source = match Source::open(&other.source, job.now).await {
        Ok(source) => source,
        Err(error) => return unknown(error.message().to_owned()),
    };
    let (ours, theirs) = (ends.source.facts(), source.facts());
    let same_context = ours.naming_context == theirs.naming_context;
    if same_context && ours.settings.id_attribute != theirs.settings.id_attribute {
        return unknown(format!("it tells people by {} and this one by {}", theirs.settings.id_attribute, ours.settings.id_attribute));
    }
    // In another directory a number that is found there too is somebody else's. An id that is unique everywhere is not:
    // people who move between the domains of a forest keep theirs.
    let asked: Vec<EntryId> = gone.iter().filter(|id| same_context || is_universal(id)).cloned().collect();
    let mut answers = Vec::new();
    for (id, evidence) in source.find(&asked).await {
        match evidence {
            EntryEvidence::Found { verdicts, .. } if verdicts.in_scope() => answers.push(Evidence::Claimed(id, other.name.clone())),
            EntryEvidence::Found { .. } | EntryEvidence::NotFound { .. } => {}
            EntryEvidence::Unknown { cause } => {
                let cause = format!("whether channel {} has this person: {cause}", other.name);
                answers.push(Evidence::Entry(id, EntryEvidence::Unknown { cause }));
            }
        }
    }
    answers
}

/// True for a UUID, an objectGUID, an nsUniqueId: 32 hex digits, whatever stands between them (RFC 9562).
fn is_universal(id: &EntryId) -> bool {
    let mut digits = id.as_str().chars().filter(|c| *c != '-');
    digits.clone().count() == 32 && digits.all(|c| c.is_ascii_hexdigit())
}

async fn ask_references(desk: &mut impl Desk, ends: &mut Ends) -> Option<()> {
    let outside = desk.with(Store::find_references).await?;
    if outside.is_empty() {
        return Some(());
    }
    let answer = |(dn, who)| match who {
        Identified::Entry(id) => Evidence::Reference(dn, Ok(id)),
        Identified::NotFound => Evidence::Reference(dn, Err("is not in the directory".to_owned())),
        Identified::Unknown { cause } => Evidence::Reference(dn, Err(format!("could not be looked up: {cause}"))),
    };
    let answers = ends.source.identify(&outside).await.into_iter().map(answer).collect();
    desk.with(move |s| s.learn(answers)).await
}
