//! Everybody on both sides, who belongs to whom, and the verdict on each: what every row is made from.
//!
//! Desired values are never stored: a verdict needs only whether something differs, and a row is evaluated when it is
//! shown. What must stay true: a verdict and its row are made by the same code from the same facts.

mod notes;
mod odd;
mod questions;
mod references;
mod rows;
mod verdict;

use super::ends::Ends as OpenEnds;
use crate::config::{Channel, Policy};
use crate::identity::population::{Batch, Population, Row as StoredRow, RowIx};
use crate::identity::value::{Datum, key_form, key_hash};
use crate::identity::{AccountId, EntryId};
use crate::mapping::{Context, Desired as Wanted, Rules};
use crate::matching::{AccountPairing, Contests, EntryPairing, Matcher};
use crate::model::{AccountEvidence, Action, EntryEvidence, Hold, HoldOn, Link, Reason, SideState, Situation, Subject};
use crate::plan::Row;
use crate::plan::classify::{Sides, Verdict, classify};
use crate::plan::file::Counts;
use crate::source::Facts as SourceFacts;
use crate::target::Columns;
use odd::Odd;
use references::References;
use std::collections::{HashMap, HashSet};

/// An answer to a question of matching.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// Where an entry is.
    Entry(EntryId, EntryEvidence),
    /// Whether an account exists.
    Account(AccountId, AccountEvidence),
    /// Whether an account exists that could be that of an entry, by its user name or `externalId`.
    Named(RowIx, AccountEvidence),
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

/// Both sides of a channel as they were read, and what follows from them.
pub struct Picture {
    channel: String,
    /// The service leaves inactive accounts out of its listing.
    hides_inactive: bool,
    fingerprint: String,
    connector: (String, String),
    base_url: String,
    source: SourceFacts,
    policy: Policy,
    rules: Rules,
    columns: Columns,
    context: Context,
    entries: Population,
    accounts: Population,
    sides: Sides,
    matcher: Matcher,
    contests: Contests,
    links: Vec<Link>,
    links_by_entry: HashMap<EntryId, u32>,
    links_by_account: HashMap<AccountId, u32>,
    /// Links whose entry ids are of another kind than ours.
    foreign_links: HashSet<u32>,
    holds: HashMap<HoldOn, Hold>,
    protected: HashSet<String>,
    entry_evidence: HashMap<EntryId, EntryEvidence>,
    account_evidence: HashMap<AccountId, AccountEvidence>,
    /// What a look-up by name said about those who would be new.
    named_evidence: HashMap<RowIx, AccountEvidence>,
    /// Leavers who are in the scope of another channel, and which.
    claims: HashMap<EntryId, String>,
    references: References,
    odd: Odd,
    /// The channels of the configuration.
    channels: HashSet<String>,
    /// Other channels that lead to the same service.
    siblings: Vec<String>,
    /// Accounts that nobody belongs to, by their e-mail addresses.
    mails: HashMap<u64, RowIx>,
    /// Sentences of the ends about themselves.
    remarks: Vec<String>,
    users: Vec<User>,
    counts: Counts,
    salt: [u8; 16],
}

impl Picture {
    pub(super) fn new(
        channel: &Channel,
        ends: &OpenEnds,
        columns: Columns,
        entries: Population,
        accounts: Population,
        context: Context,
    ) -> Self {
        let rules = ends.rules.clone();
        let protected = channel.policy.protect.iter().map(|name| key_form(name).into_owned()).collect();
        let mut picture = Picture {
            channel: channel.name.clone(),
            hides_inactive: !ends.connector.lists_inactive,
            fingerprint: channel.fingerprint.clone(),
            connector: (ends.connector.name.clone(), ends.connector.title.clone()),
            base_url: ends.target.base_url().to_owned(),
            source: ends.source.facts().clone(),
            policy: channel.policy.clone(),
            rules,
            columns,
            context,
            entries,
            accounts,
            sides: Sides { source: SideState::Reading, target: SideState::Reading, source_empty: false },
            matcher: Matcher::new(),
            contests: Contests::default(),
            links: Vec::new(),
            links_by_entry: HashMap::new(),
            links_by_account: HashMap::new(),
            foreign_links: HashSet::new(),
            holds: HashMap::new(),
            protected,
            entry_evidence: HashMap::new(),
            account_evidence: HashMap::new(),
            named_evidence: HashMap::new(),
            claims: HashMap::new(),
            references: References::default(),
            odd: Odd::default(),
            channels: HashSet::from([channel.name.clone()]),
            siblings: Vec::new(),
            mails: HashMap::new(),
            remarks: Vec::new(),
            users: Vec::new(),
            counts: Counts::default(),
            salt: random_salt(),
        };
        picture.match_up();
        picture
    }

    fn match_up(&mut self) {
        for row in self.entries.rows() {
            let entry = self.entries.row(row);
            let key = self.rules.key(entry, &self.context).ok().flatten();
            let external = self.external_of(entry);
            self.matcher.set_entry(row, key.as_deref(), external.then_some(entry.id()));
        }
        for row in self.accounts.rows() {
            let account = self.accounts.row(row);
            let key = self.account_key(account);
            self.matcher.set_account(row, key.as_deref(), account.first(self.columns.external_id));
        }
    }

    /// True if the mapping sends this entry's lasting id as `externalId`.
    fn external_of(&self, entry: StoredRow<'_>) -> bool {
        self.rules
            .external_id()
            .is_some_and(|i| matches!(self.rules.desired(i, entry, &self.context), Wanted::Value(Datum::Text(id)) if id == entry.id()))
    }

    /// The value of the match field at an account, in its comparison form.
    fn account_key(&self, account: StoredRow<'_>) -> Option<String> {
        let field = &self.rules.rules()[self.rules.match_rule()].field;
        let text = if field.path.eq_ignore_ascii_case("userName") {
            Some(account.name())
        } else {
            u16::try_from(self.rules.match_rule()).ok().and_then(|c| account.first(c))
        };
        text.and_then(|t| self.rules.form(t)).map(std::borrow::Cow::into_owned)
    }

    pub(super) fn set_ends(&mut self, source: SideState, target: SideState) {
        self.sides = Sides { source_empty: source.is_complete() && self.entries.is_empty(), source, target };
    }

    /// The other channels of the configuration, and what the ends have to say about themselves.
    pub(super) fn set_surroundings(&mut self, others: &[Channel], remarks: Vec<String>) {
        self.channels.extend(others.iter().map(|c| c.name.clone()));
        self.siblings = others.iter().filter(|c| c.target.base_url.value == self.base_url).map(|c| c.name.clone()).collect();
        self.remarks = remarks;
    }

    pub(super) fn set_source(&mut self, source: SideState) {
        self.sides.source = source;
    }

    /// The remembered pairs of the service. Those of `foreign` channels name entries by ids of another kind, or of another
    /// directory: their accounts are taken, and their entries are nobody's here.
    pub(super) fn remember(&mut self, links: Vec<Link>, holds: Vec<(HoldOn, Hold)>, foreign: &HashSet<String>) {
        for link in &links {
            let is_foreign = foreign.contains(&link.channel);
            let entry = self.entries.by_id(link.entry.as_str()).filter(|_| !is_foreign);
            let number = self.matcher.add_link(entry, self.accounts.by_id(link.account.as_str()));
            if is_foreign {
                self.foreign_links.insert(number);
            } else {
                self.links_by_entry.insert(link.entry.clone(), number);
            }
            self.links_by_account.insert(link.account.clone(), number);
        }
        self.links = links;
        self.holds = holds.into_iter().collect();
    }

    pub(super) fn learn(&mut self, evidence: Evidence) {
        match evidence {
            Evidence::Entry(id, evidence) => {
                self.entry_evidence.insert(id, evidence);
            }
            Evidence::Account(id, evidence) => {
                if matches!(evidence, AccountEvidence::NotFound)
                    && let Some(link) = self.links_by_account.get(&id)
                {
                    if self.hides_inactive && !self.links[*link as usize].last_active {
                        // Some services deny what they hide: the account was inactive when it was last seen.
                        self.account_evidence.insert(id, AccountEvidence::Found { active: false });
                        return;
                    }
                    self.matcher.set_account_gone(*link);
                }
                self.account_evidence.insert(id, evidence);
            }
            Evidence::Named(entry, evidence) => {
                self.named_evidence.insert(entry, evidence);
            }
            Evidence::Claimed(id, channel) => {
                self.claims.insert(id, channel);
            }
            Evidence::Reference(dn, who) => self.learn_reference(&dn, who),
        }
    }

    /// Accounts that a look-up found although the listing does not show them: from here on they are as good as listed.
    pub(super) fn add_found(&mut self, found: &Batch) {
        let mut rows = Vec::new();
        self.accounts.absorb(found, |told| rows.push(told.row()));
        for row in rows {
            let account = self.accounts.row(row);
            let key = self.account_key(account);
            self.matcher.set_account(row, key.as_deref(), account.first(self.columns.external_id));
            if let Some(link) = self.links_by_account.get(account.id()) {
                self.matcher.set_link_account(*link, row);
            }
        }
    }

    pub(super) fn link(&self, number: u32) -> &Link {
        &self.links[number as usize]
    }

    /// True if another channel made the link, and its entry is none of ours.
    pub(super) fn is_of_other_channel(&self, number: u32) -> bool {
        let link = self.link(number);
        link.channel != self.channel && (self.foreign_links.contains(&number) || self.entries.by_id(link.entry.as_str()).is_none())
    }

    /// Gives everybody their verdict, in the order of user names.
    pub(super) fn classify(&mut self) {
        self.contests = self.matcher.contests();
        let mut users: Vec<(String, User)> = Vec::with_capacity(self.entries.len());
        for row in self.entries.rows() {
            let account = match self.matcher.entry(row) {
                EntryPairing::Linked(a) | EntryPairing::ByExternalId(a) | EntryPairing::ByKey(a) => Some(a),
                // A linked account keeps its place in the row of its entry, also where its new name collides.
                EntryPairing::Ambiguous(_) => self.matcher.own_account(row),
                EntryPairing::LinkedUnlisted(_) | EntryPairing::Alone => None,
            };
            users.push(self.user(Some(row), account));
        }
        for row in self.accounts.rows() {
            if matches!(self.matcher.account(row), AccountPairing::Alone | AccountPairing::LinkedElsewhere(_)) {
                users.push(self.user(None, Some(row)));
            }
        }
        users.sort_by(|(a, u), (b, v)| a.cmp(b).then_with(|| self.id_of(u).cmp(&self.id_of(v))));
        self.counts = Counts::default();
        self.users = users.into_iter().map(|(_, user)| user).collect();
        for user in &self.users {
            self.counts.add(user.verdict.situation);
        }
        self.note_mails();
    }

    /// Remembers the e-mail addresses of accounts that nobody belongs to, where somebody would be created.
    fn note_mails(&mut self) {
        self.mails.clear();
        if self.counts.of(Situation::New) == 0 {
            return;
        }
        let nobodys = self.users.iter().filter(|u| u.entry.is_none() && u.verdict.reason == Some(Reason::NeverLinked));
        for row in nobodys.filter_map(|u| u.account) {
            for mail in self.accounts.row(row).all(self.columns.emails) {
                self.mails.insert(key_hash(&key_form(mail)), row);
            }
        }
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
            self.accounts.row(row).all(self.columns.emails).any(|theirs| key_form(theirs) == mail).then_some(row)
        })
    }

    fn id_of(&self, user: &User) -> (String, String) {
        let id = |population: &Population, row: Option<RowIx>| row.map_or(String::new(), |r| population.row(r).id().to_owned());
        (id(&self.entries, user.entry), id(&self.accounts, user.account))
    }

    fn user(&self, entry: Option<RowIx>, account: Option<RowIx>) -> (String, User) {
        let facts = self.facts(entry, account);
        let verdict = classify(&facts, &self.sides, &self.policy);
        let name = self.user_name(entry, account).map_or_else(|| "\u{10FFFF}".to_owned(), |n| key_form(&n).into_owned());
        (name, User { entry, account, verdict })
    }

    /// Everybody, in the order of user names.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The rows of a document: every row with an action, and every row that is not simply fine; with `all` the others too.
    pub fn rows(&self, all: bool) -> impl Iterator<Item = Row> {
        self.users.iter().filter(move |u| all || u.is_worth_a_row()).map(|u| self.row(u))
    }

    /// The number of a user: people are even, accounts of nobody's are odd.
    #[must_use]
    pub fn subject_of(user: &User) -> Option<Subject> {
        match (user.entry, user.account) {
            (Some(entry), _) => Some(Subject(entry.0 * 2)),
            (None, account) => account.map(|a| Subject(a.0 * 2 + 1)),
        }
    }

    /// The user with a number.
    #[must_use]
    pub fn user_of(&self, subject: Subject) -> Option<User> {
        self.users.iter().find(|u| Self::subject_of(u) == Some(subject)).cloned()
    }

    /// The channel's name.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
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

    /// The link that an entry has.
    #[must_use]
    pub fn link_of_entry(&self, entry: RowIx) -> Option<&Link> {
        self.links_by_entry.get(self.entries.row(entry).id()).map(|number| self.link(*number))
    }

    /// The link that an account has.
    #[must_use]
    pub fn link_of_account(&self, account: RowIx) -> Option<&Link> {
        self.links_by_account.get(self.accounts.row(account).id()).map(|number| self.link(*number))
    }

    /// How many users are in each situation.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
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

    /// How far the source can be believed.
    #[must_use]
    pub fn source_state(&self) -> &SideState {
        &self.sides.source
    }

    /// How far the target can be believed.
    #[must_use]
    pub fn target_state(&self) -> &SideState {
        &self.sides.target
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> &SourceFacts {
        &self.source
    }

    /// The connector's name on a screen.
    #[must_use]
    pub fn target_title(&self) -> &str {
        &self.connector.1
    }

    /// The service.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The remembered pairs of the service.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// How many holds are in force.
    #[must_use]
    pub fn holds(&self) -> usize {
        self.holds.len()
    }

    /// What a link to this account would remember of it.
    #[must_use]
    pub fn to_remember(&self, account: RowIx) -> Vec<String> {
        let row = self.accounts.row(account);
        let mut shown: Vec<String> = std::iter::once(row.name())
            .chain(row.all(self.columns.external_id))
            .chain(row.all(self.columns.emails))
            .filter(|v| !v.trim().is_empty())
            .map(str::to_owned)
            .collect();
        shown.dedup();
        shown
    }
}

impl User {
    /// True unless it is only to be counted: in sync, left or skipped, and nothing to do.
    #[must_use]
    pub fn is_worth_a_row(&self) -> bool {
        self.verdict.action != Action::None || !matches!(self.verdict.situation, Situation::InSync | Situation::Left | Situation::Skipped)
    }
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
