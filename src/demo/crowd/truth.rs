//! What is true about everybody, and what is remembered: links and holds.

use super::person::Person;
use super::{Crowd, Kind};
use crate::clock::Instant;
use crate::demo::world::Truth;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, Hold, HoldOn, Link, LinkOrigin, Reason, Situation};

/// When links and holds were made.
const SINCE: Instant = Instant(1_760_000_000);

impl Crowd {
    /// The links that are remembered.
    pub fn links(&self) -> impl Iterator<Item = Link> {
        (0..self.users).filter(|n| self.is_linked(*n)).map(|n| {
            let person = Person::new(self, n);
            Link {
                entry: EntryId::new(self.entry_id(n)),
                account: AccountId::new(self.account_id(n)),
                channel: "demo".to_owned(),
                origin: LinkOrigin::Created,
                since: SINCE,
                remembered: vec![person.text(Person::push_uid), person.text(Person::push_mail)],
                last_active: person.kind.is_active(),
            }
        })
    }

    /// The holds that are set.
    pub fn holds(&self) -> impl Iterator<Item = (HoldOn, Hold)> {
        let on = |n: usize| match self.kind(n) {
            Kind::Held => Some(HoldOn::Entry(EntryId::new(self.entry_id(n)))),
            Kind::HeldRobot => Some(HoldOn::Account(AccountId::new(self.account_id(n)))),
            _ => None,
        };
        let hold = Hold { reason: "asked for by HR".to_owned(), author: "op".to_owned(), since: SINCE, until: None };
        (0..self.users).filter_map(on).map(move |on| (on, hold.clone()))
    }

    /// What is true about somebody: each has one row.
    #[must_use]
    pub fn truth(&self, n: usize) -> Truth {
        let kind = self.kind(n);
        let linked = self.is_linked(n);
        let by_key = if linked { Action::None } else { Action::Link };
        let (case, situation, reason, action) = match kind {
            Kind::Fine => ("in sync", Situation::InSync, None, by_key),
            Kind::Drifted => ("changed", Situation::Changed, None, Action::Update),
            Kind::Gone if linked => ("deleted", Situation::Leaving, Some(Reason::Deleted), Action::Disable),
            Kind::Gone => ("deleted, never linked", Situation::Unmatched, Some(Reason::NeverLinked), Action::None),
            Kind::Robot => ("an account of nobody's", Situation::Unmatched, Some(Reason::NeverLinked), Action::None),
            Kind::HeldRobot => ("held, unmatched", Situation::Held, Some(Reason::NeverLinked), Action::None),
            Kind::Disabled => ("disabled", Situation::Leaving, Some(Reason::Disabled), Action::Disable),
            Kind::Held => ("held, would leave", Situation::Held, Some(Reason::Disabled), Action::None),
            Kind::Left => ("disabled, account inactive", Situation::Left, Some(Reason::Disabled), by_key),
            Kind::Returning => ("back", Situation::Returning, None, Action::Enable),
            Kind::Broken => ("a rule fails", Situation::Invalid, Some(Reason::MappingError), Action::None),
            Kind::NoMail => ("no e-mail address", Situation::Invalid, Some(Reason::MissingRequired), Action::None),
            Kind::Twinned if linked => ("has a twin", Situation::InSync, None, Action::None),
            Kind::Twin if self.is_linked(self.twin_of(n)) => {
                ("twin of a linked person", Situation::Ambiguous, Some(Reason::LinkedElsewhere), Action::None)
            }
            Kind::Twinned | Kind::Twin => {
                ("two people with one user name", Situation::Ambiguous, Some(Reason::DuplicateInSource), Action::None)
            }
            Kind::New => ("new", Situation::New, Some(Reason::FirstSeen), Action::Create),
        };
        let entry = kind.has_entry().then(|| self.entry_id(n));
        let account = (!kind.has_entry()).then(|| self.account_id(n));
        Truth { case, entry, account, situation, reason, action }
    }
}
