//! What earlier runs taught: whom we disabled ourselves, what a service keeps of its own, what failed last.

use crate::error::Result;
use crate::identity::AccountId;
use crate::identity::value::Datum;
use crate::journal::Journal;
use std::collections::{HashMap, HashSet};

/// What earlier runs taught about the accounts of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lessons {
    /// Accounts that we made inactive.
    pub disabled: HashSet<AccountId>,
    /// Values that the service does not take as they are sent: by account, the field, what was sent and what it shows.
    pub kept: HashMap<AccountId, Vec<(String, Datum, Datum)>>,
    /// The last failure, by the entry's id, else the account's.
    pub failures: HashMap<String, String>,
}

impl Lessons {
    /// Reads them.
    ///
    /// # Errors
    /// Where the state can't be read.
    pub fn of(journal: &Journal, service: &str) -> Result<Self> {
        let mut lessons = Lessons { disabled: journal.disabled(service)?.into_iter().collect(), ..Lessons::default() };
        for kept in journal.kept(service)? {
            let read = |text: &str| serde_json::from_str::<Datum>(text).ok();
            // Unreadable is nothing learnt: then it is sent once more.
            if let (Some(sent), Some(shows)) = (read(&kept.sent), read(&kept.shows)) {
                lessons.kept.entry(kept.account).or_default().push((kept.field, sent, shows));
            }
        }
        for owed in journal.owed(service)? {
            lessons.failures.insert(owed.subject, owed.cause);
        }
        Ok(lessons)
    }

    /// True if the service is known not to take this value for this field, and shows what it showed then.
    pub fn is_kept(&self, account: &str, field: &str, wanted: &Datum, shows: &Datum) -> bool {
        self.kept.get(account).is_some_and(|list| list.iter().any(|(f, sent, showed)| f == field && sent == wanted && showed == shows))
    }
}
