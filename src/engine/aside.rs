//! What a screen asks about one user beside its list: why they are where they are, who it might be, and that two belong together.
//!
//! Likeness is looked for on a thread of its own: among a million accounts it takes its time, and nobody waits for it.

use super::approvals::Named;
use super::clerk::Work;
use super::live::Live;
use super::news::{News, Tell};
use super::picture::near::Choice;
use super::seat::Pairing;
use super::snapshot::Snapshot;
use super::why::{Learnt, Part};
use crate::identity::{AccountId, EntryId};
use crate::model::Subject;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;

/// Where questions beside the list are answered.
pub(super) struct Aside {
    pub runtime: Handle,
    pub tell: Tell,
    /// Grows with every search: an older one is not begun any more.
    pub latest: Arc<AtomicU64>,
}

/// So many who are alike are told in an explanation.
const ALIKE: usize = 5;
/// So many are offered to choose from.
const OFFERED: usize = 200;

impl Live {
    /// Asks what an explanation of a user needs beyond what was read; the parts come one by one.
    pub fn why(&self, snapshot: Arc<Snapshot>, subject: Subject) {
        let Some(of) = snapshot.named(subject).map(|named| snapshot.whole(subject, named)) else { return };
        self.ask(Work::Ask(Arc::clone(&snapshot), of.clone()));
        let tell = Arc::clone(&self.aside.tell);
        self.aside.runtime.spawn_blocking(move || {
            let picture = snapshot.picture();
            let near = picture.user_of(subject).map(|user| picture.might_be(&user, ALIKE)).unwrap_or_default();
            tell(News::Learnt(Box::new(Learnt { of, part: Part::Near(near) })));
        });
    }

    /// Asks who a user could be paired with, by words that are typed. `number` comes back with the answer.
    pub fn choices(&self, snapshot: Arc<Snapshot>, subject: Subject, typed: String, number: u64) {
        let (tell, latest) = (Arc::clone(&self.aside.tell), Arc::clone(&self.aside.latest));
        latest.store(number, Ordering::Release);
        self.aside.runtime.spawn_blocking(move || {
            if latest.load(Ordering::Acquire) != number {
                return;
            }
            let picture = snapshot.picture();
            let choices: Vec<Choice> = picture.user_of(subject).map(|u| picture.choices(&u, &typed, OFFERED)).unwrap_or_default();
            tell(News::Choices(number, Arc::new(choices)));
        });
    }

    /// Links two by hand, or parts them.
    pub fn pair(&self, pairing: Pairing) {
        self.ask(Work::Pair(Box::new(pairing)));
    }
}

impl Snapshot {
    /// The ids of both ends, also of one that has no row of its own.
    #[must_use]
    pub fn whole(&self, subject: Subject, named: Named) -> Named {
        let picture = self.picture();
        let Some(link) = picture.user_of(subject).and_then(|user| picture.any_link(&user)) else { return named };
        Named {
            entry: named.entry.or_else(|| Some(EntryId::new(picture.links().entry(link)))),
            account: named.account.or_else(|| Some(AccountId::new(picture.links().account(link)))),
        }
    }
}
