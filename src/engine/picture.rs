//! Everybody on both sides, who belongs to whom, and the verdict on each: what every row is made from.
//!
//! Desired values are never stored: a verdict needs only whether something differs, and a row is evaluated when it is
//! shown. A copy of a picture is a snapshot and nearly free: everything large in it is shared. What must stay true: a verdict
//! and its row are made by the same code from the same facts; nothing here needs the matcher, so that a snapshot can be read
//! while matching goes on.

pub mod cell;
mod lessons;
mod links;
pub mod near;
mod notes;
mod odd;
pub mod pairing;
mod questions;
mod references;
mod rows;
mod tally;
mod verdict;
mod whose;
mod why;

pub use lessons::Lessons;
pub use links::LinkBook;
pub use tally::Tally;
pub(in crate::engine) use verdict::Pair;
pub use whose::Ownerless;

use super::ends::Ends as OpenEnds;
use crate::apply::Wiring;
use crate::config::{Channel, Location, Policy};
use crate::identity::paged::Paged;
use crate::identity::population::{Population, Row as StoredRow, RowIx, Schema};
use crate::identity::value::{Datum, key_form, key_hash};
use crate::identity::{AccountId, AttributeName, EntryId};
use crate::mapping::{Context, Desired as Wanted, Rules};
use crate::model::field::Field;
use crate::model::{AccountEvidence, Action, EntryEvidence, Hold, HoldOn, Reason, SideState, Situation, Subject};
use crate::plan::Row;
use crate::plan::classify::{Sides, Verdict};
use crate::plan::file::Counts;
use crate::source::Facts as SourceFacts;
use crate::target::{Columns, Sought};
use cell::{Bond, Cell};
use odd::Odd;
use references::References;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// An answer to a question of matching.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// Where an entry is.
    Entry(EntryId, EntryEvidence),
    /// Whether an account exists.
    Account(AccountId, AccountEvidence),
    /// Whether an account exists that could be that of an entry, by its user name or `externalId`.
    Named(RowIx, Sought, AccountEvidence),
    /// An entry is in the scope of another channel to the same service.
    Claimed(EntryId, String),
    /// Which entry a DN is, or why that is not known.
    Reference(String, Result<EntryId, String>),
}

/// One user: whose row it is, and the verdict.
#[derive(Debug, Clone)]
pub struct User {
    /// The entry whose row it is, if it is an entry's.
    pub entry: Option<RowIx>,
    /// The account that the row names.
    pub account: Option<RowIx>,
    /// The verdict.
    pub verdict: Verdict,
}

/// What is the same for everybody and hardly ever changes.
#[derive(Clone)]
pub(super) struct About {
    channel: String,
    /// The service leaves inactive accounts out of its listing.
    pub hides_inactive: bool,
    fingerprint: String,
    connector: (String, String),
    base_url: String,
    /// How the service would be written to.
    wiring: Wiring,
    source: SourceFacts,
    /// Who is in scope.
    location: Location,
    pub policy: Policy,
    /// As it is configured, where another one is tried.
    configured: Policy,
    pub columns: Columns,
    /// The fields that a rule could fill.
    offered: Vec<Field>,
    protected: HashSet<String>,
    /// The channels of the configuration.
    channels: HashSet<String>,
    /// Other channels that lead to the same service.
    siblings: Vec<String>,
    /// Sentences of the ends about themselves.
    remarks: Vec<String>,
    salt: [u8; 16],
}

/// What is known beyond what was read.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub entries: HashMap<EntryId, EntryEvidence>,
    pub accounts: HashMap<AccountId, AccountEvidence>,
    /// What a look-up by name said about those who would be new.
    pub named: HashMap<RowIx, (Sought, AccountEvidence)>,
    /// Leavers who are in the scope of another channel, and which.
    pub claims: HashMap<EntryId, String>,
    pub holds_on_entries: HashMap<EntryId, Hold>,
    pub holds_on_accounts: HashMap<AccountId, Hold>,
    /// What earlier runs taught.
    pub lessons: Lessons,
}

/// Entries and accounts, as rows, that a row could be about.
type Candidates = (Vec<RowIx>, Vec<RowIx>);

/// Both sides of a channel as they were read, and what follows from them.
#[derive(Clone)]
pub struct Picture {
    pub(super) about: Arc<About>,
    pub(super) rules: Arc<Rules>,
    pub(super) context: Context,
    pub(super) entries: Population,
    pub(super) accounts: Population,
    /// How far the sides can be believed: one that is being read can't.
    pub(super) sides: Sides,
    /// How the last readings ended.
    pub(super) ended: (SideState, SideState),
    /// By row of the entries.
    pub(super) people: Paged<Cell, 255>,
    /// The fields that differ, by row of the entries.
    pub(super) masks: Paged<u64, 254>,
    /// By row of the accounts.
    pub(super) others: Paged<Cell, 255>,
    pub(super) tally: Tally,
    pub(super) links: Arc<LinkBook>,
    pub(super) known: Arc<Known>,
    pub(super) references: Arc<References>,
    pub(super) odd: Arc<Odd>,
    /// Accounts that nobody belongs to, by their e-mail addresses.
    pub(super) mails: Arc<HashMap<u64, RowIx>>,
    pub(super) candidates: Arc<HashMap<Subject, Candidates>>,
    pub(super) users: Arc<Vec<User>>,
}

/// Names in their comparison form.
pub(super) fn key_forms(names: &[String]) -> HashSet<String> {
    names.iter().map(|name| key_form(name).into_owned()).collect()
}

impl About {
    /// True if it is so by the policy that everybody goes by or by the configured one: whatever either of them hangs on is asked,
    /// so that nobody has to be asked about once the one takes the place of the other again.
    pub fn by_either(&self, is_so: impl Fn(&Policy) -> bool) -> bool {
        is_so(&self.policy) || is_so(&self.configured)
    }

    /// Everybody goes by another policy.
    pub fn set_policy(&mut self, policy: &Policy) {
        (self.policy, self.protected) = (policy.clone(), key_forms(&policy.protect));
    }
}

impl Picture {
    /// A picture with nobody in it. `schema` has the attributes that are read of entries.
    pub(super) fn new(channel: &Channel, ends: &OpenEnds, schema: Schema, context: Context) -> Self {
        let columns = ends.target.columns().clone();
        let about = About {
            channel: channel.name.clone(),
            hides_inactive: !ends.connector.lists_inactive,
            fingerprint: channel.fingerprint.clone(),
            connector: (ends.connector.name.clone(), ends.connector.title.clone()),
            base_url: ends.target.base_url().to_owned(),
            wiring: ends.wiring(),
            source: ends.source.facts().clone(),
            location: channel.source.location.clone(),
            policy: channel.policy.clone(),
            configured: channel.policy.clone(),
            protected: key_forms(&channel.policy.protect),
            channels: HashSet::from([channel.name.clone()]),
            siblings: Vec::new(),
            remarks: Vec::new(),
            salt: random_salt(),
            columns,
            offered: ends.connector.fields.iter().filter(|f| !f.read_only).cloned().collect(),
        };
        Picture {
            rules: Arc::new(ends.rules.clone()),
            context,
            entries: Population::new(schema),
            accounts: Population::new(about.columns.schema().clone()),
            sides: Sides { source: SideState::Reading, target: SideState::Reading, source_empty: false },
            ended: (SideState::Reading, SideState::Reading),
            people: Paged::default(),
            masks: Paged::default(),
            others: Paged::default(),
            tally: Tally::default(),
            links: Arc::default(),
            known: Arc::default(),
            references: Arc::default(),
            odd: Arc::default(),
            mails: Arc::default(),
            candidates: Arc::default(),
            users: Arc::default(),
            about: Arc::new(about),
        }
    }

    /// The channel is configured otherwise from now on, with other rules for the same people.
    pub(super) fn set_configured(&mut self, fingerprint: &str) {
        Arc::make_mut(&mut self.about).fingerprint = fingerprint.to_owned();
    }

    /// The fingerprint of the channel's configuration that everything here goes by.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.about.fingerprint
    }

    /// Every field of the service that a rule could fill, in the connector's order.
    #[must_use]
    pub fn offered(&self) -> &[Field] {
        &self.about.offered
    }

    /// The paths of the fields that are read of accounts, whether a rule fills them or not.
    #[must_use]
    pub fn fields_read(&self) -> &[AttributeName] {
        self.about.columns.fields()
    }

    /// The other channels of the configuration, and what the ends have to say about themselves.
    pub(super) fn set_surroundings(&mut self, others: &[Channel], remarks: Vec<String>) {
        let about = Arc::make_mut(&mut self.about);
        about.channels.extend(others.iter().map(|c| c.name.clone()));
        about.siblings = others.iter().filter(|c| c.target.base_url.value == about.base_url).map(|c| c.name.clone()).collect();
        about.remarks = remarks;
    }

    /// The holds that are in force from now on. Gives the ids of entries and accounts for which something is different.
    pub(super) fn hold_all(&mut self, holds: Vec<(HoldOn, Hold)>) -> (Vec<EntryId>, Vec<AccountId>) {
        let known = Arc::make_mut(&mut self.known);
        let before = (std::mem::take(&mut known.holds_on_entries), std::mem::take(&mut known.holds_on_accounts));
        for (on, hold) in holds {
            match on {
                HoldOn::Entry(id) => known.holds_on_entries.insert(id, hold),
                HoldOn::Account(id) => known.holds_on_accounts.insert(id, hold),
            };
        }
        let entries = before.0.keys().chain(known.holds_on_entries.keys());
        let accounts = before.1.keys().chain(known.holds_on_accounts.keys());
        let differs = |id: &&EntryId| before.0.get(*id) != known.holds_on_entries.get(*id);
        let other = |id: &&AccountId| before.1.get(*id) != known.holds_on_accounts.get(*id);
        (entries.filter(differs).cloned().collect(), accounts.filter(other).cloned().collect())
    }

    /// The value of the match field at an account.
    pub(super) fn match_text<'p>(&self, account: StoredRow<'p>) -> Option<&'p str> {
        if self.rules.user_name() == Some(self.rules.match_rule()) {
            Some(account.name())
        } else {
            u16::try_from(self.rules.match_rule()).ok().and_then(|c| account.first(c))
        }
    }

    /// True if the mapping sends this entry's lasting id as `externalId`.
    pub(super) fn external_of(&self, entry: StoredRow<'_>) -> bool {
        self.rules
            .external_id()
            .is_some_and(|i| matches!(self.rules.desired(i, entry, &self.context), Wanted::Value(Datum::Text(id)) if id == entry.id()))
    }

    /// True if another channel made the link, and its entry is none of ours.
    pub(super) fn is_of_other_channel(&self, link: u32) -> bool {
        self.links.channel(link) != self.about.channel
            && (self.links.is_foreign(link) || self.entries.by_id(self.links.entry(link)).is_none())
    }

    /// How many links this channel made, and how many holds are in force at its service.
    pub(super) fn remembered(&self) -> (usize, usize) {
        let links = self.links.numbers().filter(|link| self.links.channel(*link) == self.about.channel).count();
        (links, self.known.holds_on_entries.len() + self.known.holds_on_accounts.len())
    }

    /// Lists everybody, in the order of user names.
    pub(super) fn list(&mut self) {
        let mut users: Vec<(String, User)> = Vec::with_capacity(self.tally.all());
        let named = |user: User| {
            let name = self.user_name(user.entry, user.account).map_or_else(|| "\u{10FFFF}".to_owned(), |n| key_form(&n).into_owned());
            (name, user)
        };
        users.extend(self.subjects().filter_map(|s| self.user_of(s)).map(named));
        users.sort_by(|(a, u), (b, v)| a.cmp(b).then_with(|| self.id_of(u).cmp(&self.id_of(v))));
        self.users = Arc::new(users.into_iter().map(|(_, user)| user).collect());
    }

    /// Everybody who has a row.
    pub(super) fn subjects(&self) -> impl Iterator<Item = Subject> + '_ {
        let people =
            (0u32..).zip(self.people.iter()).filter(|(_, cell)| cell.bond != Bond::Absent).map(|(row, _)| Subject::of_entry(RowIx(row)));
        let others = (0u32..).zip(self.others.iter()).filter(|(_, cell)| cell.is_own_row()).map(|(row, _)| Subject::of_account(RowIx(row)));
        people.chain(others)
    }

    /// Remembers the e-mail addresses of accounts that nobody belongs to, where somebody would be created.
    pub(super) fn note_mails(&mut self) {
        let mut mails = HashMap::new();
        if self.tally.of(Situation::New) > 0 {
            let nobodys = (0u32..).zip(self.others.iter()).filter(|(_, c)| c.is_own_row() && c.verdict.reason == Some(Reason::NeverLinked));
            for row in nobodys.map(|(row, _)| RowIx(row)) {
                for mail in self.about.columns.emails(self.accounts.row(row)) {
                    // Of several the first by id: never by the order in which they came.
                    let known = mails.entry(key_hash(&key_form(mail))).or_insert(row);
                    if self.accounts.row(row).id() < self.accounts.row(*known).id() {
                        *known = row;
                    }
                }
            }
        }
        self.mails = Arc::new(mails);
    }

    /// An account that nobody belongs to and that has the e-mail address which the mapping wants for an entry.
    pub(super) fn same_mail(&self, entry: RowIx) -> Option<RowIx> {
        if self.mails.is_empty() {
            return None;
        }
        let rules = self.rules.rules();
        let of_mail = |i: &usize| rules[*i].field.path.to_ascii_lowercase().starts_with("emails") && !rules[*i].masked;
        (0..rules.len()).filter(of_mail).find_map(|i| {
            let Wanted::Value(mail) = self.rules.desired(i, self.entries.row(entry), &self.context) else { return None };
            let mail = key_form(&mail.plain()).into_owned();
            let row = *self.mails.get(&key_hash(&mail))?;
            let shows = self.about.columns.emails(self.accounts.row(row)).any(|theirs| key_form(theirs) == mail);
            (shows && self.others.at(row.index()).is_own_row()).then_some(row)
        })
    }

    fn id_of(&self, user: &User) -> (String, String) {
        let id = |population: &Population, row: Option<RowIx>| row.map_or(String::new(), |r| population.row(r).id().to_owned());
        (id(&self.entries, user.entry), id(&self.accounts, user.account))
    }

    /// Everybody, in the order of user names; of a picture that was read to its end.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The rows of a document: every row with an action, and every row that is not simply fine; with `all` the others too.
    pub fn rows(&self, all: bool) -> impl Iterator<Item = Row> {
        self.users.iter().filter(move |u| all || u.is_worth_a_row()).map(|u| self.row(u))
    }

    /// The user with a number; nothing for one who has no row (any more).
    #[must_use]
    pub fn user_of(&self, subject: Subject) -> Option<User> {
        if let Some(entry) = subject.entry() {
            let cell = self.people.get(entry.index()).filter(|c| c.bond != Bond::Absent)?;
            return Some(User { entry: Some(entry), account: cell.account(), verdict: cell.verdict });
        }
        let account = subject.account()?;
        let cell = self.others.get(account.index()).filter(|c| c.is_own_row())?;
        Some(User { entry: None, account: Some(account), verdict: cell.verdict })
    }

    /// True if a field of an entry's account differs from what it should be.
    #[must_use]
    pub fn has_changes(&self, entry: RowIx) -> bool {
        let cell = self.people.at(entry.index());
        cell.account().is_some() && (self.masks.at(entry.index()) != 0 || cell.is_fixed())
    }

    /// The channel's name.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.about.channel
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What is the same for every user.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The number of the link that a user has.
    #[must_use]
    pub fn link_of(&self, user: &User) -> Option<u32> {
        match (user.entry, user.account) {
            (Some(entry), _) => {
                let cell = self.people.at(entry.index());
                if cell.by_link() { cell.link().or_else(|| self.links.by_entry(self.entries.row(entry).id())) } else { None }
            }
            (None, Some(account)) => self.others.at(account.index()).link(),
            (None, None) => None,
        }
    }

    /// How many users are in each situation.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// How many users are in each class.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &Population {
        &self.entries
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &Population {
        &self.accounts
    }

    /// How the last reading of the source ended.
    #[must_use]
    pub fn source_state(&self) -> &SideState {
        &self.ended.0
    }

    /// How the last reading of the target ended.
    #[must_use]
    pub fn target_state(&self) -> &SideState {
        &self.ended.1
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> &SourceFacts {
        &self.about.source
    }

    /// The connector's name on a screen.
    #[must_use]
    pub fn target_title(&self) -> &str {
        &self.about.connector.1
    }

    /// The service.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.about.base_url
    }

    /// The remembered pairs of the service.
    #[must_use]
    pub fn links(&self) -> &LinkBook {
        &self.links
    }

    /// How many holds are in force.
    #[must_use]
    pub fn holds(&self) -> usize {
        self.known.holds_on_entries.len() + self.known.holds_on_accounts.len()
    }

    /// What a link to this account would remember of it.
    #[must_use]
    pub fn to_remember(&self, account: RowIx) -> Vec<String> {
        let row = self.accounts.row(account);
        let mut shown: Vec<String> = std::iter::once(row.name())
            .chain(row.all(self.about.columns.external_id))
            .chain(self.about.columns.emails(row))
            .filter(|v| !v.trim().is_empty())
            .map(str::to_owned)
            .collect();
        shown.dedup();
        shown
    }
}

impl User {
    /// The user's number.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        self.entry.map(Subject::of_entry).or(self.account.map(Subject::of_account))
    }

    /// True unless it is only to be counted: in sync, left or skipped, and nothing to do.
    #[must_use]
    pub fn is_worth_a_row(&self) -> bool {
        is_open(&self.verdict)
    }
}

/// True unless somebody with this verdict is only to be counted.
#[must_use]
pub fn is_open(verdict: &Verdict) -> bool {
    verdict.action != Action::None || !matches!(verdict.situation, Situation::InSync | Situation::Left | Situation::Skipped)
}

/// A salt for masked values: of no use but to keep two documents from being compared.
fn random_salt() -> [u8; 16] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let half = || RandomState::new().build_hasher().finish().to_le_bytes();
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&half());
    salt[8..].copy_from_slice(&half());
    salt
}
