//! The questions of matching, asked at the doors: what became of an account that the listing does not show, whether
//! somebody new exists hidden, where the entry of a leaver is now, whether another channel has them, and who a reference
//! means.
//!
//! The target is asked first: an account that only a look-up finds may be linked to an entry whose whereabouts are the next
//! question. Nothing is asked of a side whose read was incomplete: the answers could not change anything.

use super::ends::Ends;
use super::picture::{Evidence, Picture};
use super::query::Job;
use crate::config::Channel;
use crate::identity::EntryId;
use crate::model::{Cause, EntryEvidence, Identified, ReadEnd, SideState};
use crate::source::Source;
use crate::target::Sought;

/// Asks everything that the picture wants to know.
pub(super) async fn ask(job: &Job<'_>, picture: &mut Picture, ends: &mut Ends) {
    if picture.target_state().is_complete() {
        ask_target(job, picture, ends).await;
    }
    if picture.source_state().is_complete() && !picture.entries().is_empty() {
        ask_source(job, picture, ends).await;
    }
    ask_references(picture, ends).await;
}

async fn ask_target(job: &Job<'_>, picture: &mut Picture, ends: &mut Ends) {
    let unlisted = picture.questions_to_target();
    job.progress.to_ask.set(unlisted.len());
    let (answers, found) = ends.target.find(&unlisted, |n| job.progress.asked.set(n)).await;
    picture.add_found(&found);
    for (id, evidence) in answers {
        picture.learn(Evidence::Account(id, evidence));
    }
    // Whose linked account is gone may have another one, also a hidden one: so this comes second.
    let hidden = picture.questions_by_name();
    if hidden.is_empty() {
        return;
    }
    let before = unlisted.len();
    job.progress.to_ask.set(before + hidden.len());
    let sought: Vec<Sought> = hidden.iter().map(|(_, sought)| sought.clone()).collect();
    let (answers, found) = ends.target.find_named(&sought, |n| job.progress.asked.set(before + n)).await;
    picture.add_found(&found);
    for ((entry, _), evidence) in hidden.into_iter().zip(answers) {
        picture.learn(Evidence::Named(entry, evidence));
    }
}

async fn ask_source(job: &Job<'_>, picture: &mut Picture, ends: &mut Ends) {
    let gone = picture.questions_to_source();
    if gone.is_empty() {
        return;
    }
    let mut moved = Vec::new();
    for (id, evidence) in ends.source.find(&gone).await {
        if let EntryEvidence::Found { verdicts, dn, .. } = &evidence
            && verdicts.in_scope()
        {
            moved.push(dn.clone());
        }
        picture.learn(Evidence::Entry(id, evidence));
    }
    if let Some(first) = moved.first() {
        let detail = format!("{} of the entries were looked up and are in scope, for one {first}", moved.len());
        picture.set_source(SideState::Ended(ReadEnd::incomplete(Cause::MovedDuringRead, detail)));
    }
    let base_url = ends.target.base_url().to_owned();
    for other in job.others.iter().filter(|c| c.target.base_url.value == base_url) {
        ask_other(job, other, picture, ends, &gone).await;
    }
}

/// Whoever is in the scope of another channel to the same service is not leaving. A parked channel counts too: whoever
/// parks one does not mean to lock its people out.
async fn ask_other(job: &Job<'_>, other: &Channel, picture: &mut Picture, ends: &Ends, gone: &[EntryId]) {
    let unknown = |picture: &mut Picture, cause: String| {
        for id in gone {
            let cause = format!("whether channel {} has this person: {cause}", other.name);
            picture.learn(Evidence::Entry(id.clone(), EntryEvidence::Unknown { cause }));
        }
    };
    let mut source = match Source::open(&other.source, job.now).await {
        Ok(source) => source,
        Err(error) => return unknown(picture, error.message().to_owned()),
    };
    let (ours, theirs) = (ends.source.facts(), source.facts());
    let same_context = ours.naming_context == theirs.naming_context;
    if same_context && ours.settings.id_attribute != theirs.settings.id_attribute {
        let cause = format!("it tells people by {} and this one by {}", theirs.settings.id_attribute, ours.settings.id_attribute);
        return unknown(picture, cause);
    }
    // In another directory a number that is found there too is somebody else's. An id that is unique everywhere is not:
    // people who move between the domains of a forest keep theirs.
    let asked: Vec<EntryId> = gone.iter().filter(|id| same_context || is_universal(id)).cloned().collect();
    for (id, evidence) in source.find(&asked).await {
        match evidence {
            EntryEvidence::Found { verdicts, .. } if verdicts.in_scope() => {
                picture.learn(Evidence::Claimed(id, other.name.clone()));
            }
            EntryEvidence::Found { .. } | EntryEvidence::NotFound { .. } => {}
            EntryEvidence::Unknown { cause } => {
                let cause = format!("whether channel {} has this person: {cause}", other.name);
                picture.learn(Evidence::Entry(id, EntryEvidence::Unknown { cause }));
            }
        }
    }
}

/// True for a UUID, an objectGUID, an nsUniqueId: 32 hex digits, whatever stands between them (RFC 9562).
fn is_universal(id: &EntryId) -> bool {
    let mut digits = id.as_str().chars().filter(|c| *c != '-');
    digits.clone().count() == 32 && digits.all(|c| c.is_ascii_hexdigit())
}

async fn ask_references(picture: &mut Picture, ends: &mut Ends) {
    let outside = picture.find_references();
    if outside.is_empty() {
        return;
    }
    for (dn, who) in ends.source.identify(&outside).await {
        picture.learn(match who {
            Identified::Entry(id) => Evidence::Reference(dn, Ok(id)),
            Identified::NotFound => Evidence::Reference(dn, Err("is not in the directory".to_owned())),
            Identified::Unknown { cause } => Evidence::Reference(dn, Err(format!("could not be looked up: {cause}"))),
        });
    }
}
