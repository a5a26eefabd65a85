//! Everybody on both sides, who belongs to whom, and the verdict on each: what every row is made from.
//!
//! Desired values are never stored: a verdict needs only whether something differs, and a row is evaluated when it is
//! shown. What must stay true: a verdict and its row are made by the same code from the same facts.

use super::query::{Ends as OpenEnds, is_gone};
use crate::clock::Instant;
use crate::config::{Channel, Policy};
use crate::identity::population::{Population, Row as StoredRow, RowIx};
use crate::identity::value::{Datum, key_form};
use crate::identity::{AccountId, EntryId};
use crate::mapping::{Context, Desired as Wanted, Rules};
use crate::matching::{AccountPairing, Contests, EntryPairing, Matcher};
use crate::model::{
    AccountEvidence, Action, Change, EntryEvidence, Hold, HoldOn, Link, Problem, ProblemCode, Reason, SideState, Situation,
};
use crate::plan::classify::{Answer, Desired, Ends, Facts, Sides, Tie, Verdict, Whereabouts, classify, withheld_problem};
use crate::plan::file::{CauseHead, Counts, Header, SourceHead, TargetHead};
use crate::plan::{AccountRef, Candidate, EntryRef, Row, diff, starts_approved};
use crate::source::Facts as SourceFacts;
use crate::target::Columns;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// An answer to a question of matching.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// Where an entry is.
    Entry(EntryId, EntryEvidence),
    /// Whether an account exists.
    Account(AccountId, AccountEvidence),
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
    holds: HashMap<HoldOn, Hold>,
    protected: HashSet<String>,
    entry_evidence: HashMap<EntryId, EntryEvidence>,
    account_evidence: HashMap<AccountId, AccountEvidence>,
    users: Vec<User>,
    counts: Counts,
    salt: [u8; 16],
}

/// Everything that is said about one user, before it becomes a row.
struct Detail {
    changes: Vec<Change>,
    problems: Vec<Problem>,
    desired: Desired,
    user_name: Option<String>,
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
        let protected = channel.policy.protect.iter().filter_map(|name| rules.form(name).map(std::borrow::Cow::into_owned)).collect();
        let mut picture = Picture {
            channel: channel.name.clone(),
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
            holds: HashMap::new(),
            protected,
            entry_evidence: HashMap::new(),
            account_evidence: HashMap::new(),
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

    pub(super) fn set_source(&mut self, source: SideState) {
        self.sides.source = source;
    }

    pub(super) fn remember(&mut self, links: Vec<Link>, holds: Vec<(HoldOn, Hold)>) {
        for link in &links {
            let (entry, account) = (self.entries.by_id(link.entry.as_str()), self.accounts.by_id(link.account.as_str()));
            let number = self.matcher.add_link(entry, account);
            self.links_by_entry.insert(link.entry.clone(), number);
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
                if is_gone(&evidence)
                    && let Some(link) = self.links_by_account.get(&id)
                {
                    self.matcher.set_account_gone(*link);
                }
                self.account_evidence.insert(id, evidence);
            }
        }
    }

    pub(super) fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    pub(super) fn link(&self, number: u32) -> &Link {
        &self.links[number as usize]
    }

    /// True if another channel made the link, and its entry is none of ours.
    pub(super) fn is_of_other_channel(&self, link: &Link) -> bool {
        link.channel != self.channel && self.entries.by_id(link.entry.as_str()).is_none()
    }

    /// Gives everybody their verdict, in the order of user names.
    pub(super) fn classify(&mut self) {
        self.contests = self.matcher.contests();
        let mut users: Vec<(String, User)> = Vec::with_capacity(self.entries.len());
        for row in self.entries.rows() {
            let account = match self.matcher.entry(row) {
                EntryPairing::Linked(a) | EntryPairing::ByExternalId(a) | EntryPairing::ByKey(a) => Some(a),
                // A linked account keeps its place in the row of its entry, also where its new name collides.
                EntryPairing::Ambiguous(_) => self.own_account(row),
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
    }

    /// The account that an entry in an ambiguous row is linked to or named by.
    fn own_account(&self, entry: RowIx) -> Option<RowIx> {
        let account = self.links_by_entry.get(self.entries.row(entry).id()).and_then(|l| self.matcher.link_ends(*l).1);
        account.or_else(|| {
            let (_, accounts) = self.matcher.candidates(&self.contests, entry);
            accounts.into_iter().find(|a| self.matcher.account(*a) == AccountPairing::Paired(entry))
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

    fn user_name(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<String> {
        let desired = entry.and_then(|row| match self.rules.desired(self.rules.match_rule(), self.entries.row(row), &self.context) {
            Wanted::Value(datum) => Some(datum.plain().into_owned()),
            _ => None,
        });
        desired.or_else(|| account.map(|row| self.accounts.row(row).name().to_owned()).filter(|n| !n.is_empty()))
    }

    /// Everything that decides about a user.
    fn facts(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Facts {
        let active = account.is_some_and(|a| !self.accounts.row(a).is_off());
        let pairing = entry.map(|e| self.matcher.entry(e));
        let disabled = entry.is_some_and(|e| self.entries.row(e).is_off());
        let mut ambiguous = match pairing {
            Some(EntryPairing::Ambiguous(reason)) => Some(reason),
            _ => None,
        };
        let mut link = None;
        let ends = match (entry, account, pairing) {
            (Some(e), Some(a), pairing) => {
                link =
                    self.links_by_entry.get(self.entries.row(e).id()).copied().filter(|l| self.matcher.link_ends(*l) == (Some(e), Some(a)));
                let tie = if matches!(pairing, Some(EntryPairing::Linked(_))) || link.is_some() { Tie::Link } else { Tie::Match };
                Ends::Pair { tie, disabled, active }
            }
            (Some(_), None, Some(EntryPairing::LinkedUnlisted(l))) => {
                let active = match self.account_evidence.get(&self.link(l).account) {
                    None | Some(AccountEvidence::NotFound) => Answer::Pending,
                    Some(AccountEvidence::Unknown { .. }) => Answer::Failed,
                    Some(AccountEvidence::Found { active, .. }) => Answer::Known(*active),
                };
                Ends::Unlisted { disabled, active }
            }
            (Some(e), None, _) => Ends::Entry { disabled, lost_account: self.matcher.lost_account(e) },
            (None, Some(a), _) => match self.matcher.account(a) {
                AccountPairing::LinkedElsewhere(l) if self.is_of_other_channel(self.link(l)) => Ends::Account { other_channel: true },
                AccountPairing::LinkedElsewhere(l) => {
                    link = Some(l);
                    Ends::Leaver { whereabouts: self.whereabouts(&self.link(l).entry), active }
                }
                _ => Ends::Account { other_channel: false },
            },
            (None, None, _) => Ends::Account { other_channel: false },
        };
        if let (Some(l), Some(a)) = (link, account)
            && self.is_suspect(self.link(l), entry, a)
        {
            ambiguous = Some(Reason::LinkSuspect);
        }
        let needs_mapping = entry.is_some() && !(disabled && account.is_some());
        let desired = if needs_mapping { self.detail(entry, account).desired } else { Desired::default() };
        Facts { ends, ambiguous, desired, held: self.hold(entry, account).is_some(), protected: self.is_protected(entry, account) }
    }

    fn whereabouts(&self, entry: &EntryId) -> Answer<Whereabouts> {
        match self.entry_evidence.get(entry) {
            None => Answer::Pending,
            Some(EntryEvidence::Unknown { .. }) => Answer::Failed,
            Some(EntryEvidence::NotFound { .. }) => Answer::Known(Whereabouts::Deleted),
            Some(EntryEvidence::Found { disabled: true, .. }) => Answer::Known(Whereabouts::Disabled),
            Some(EntryEvidence::Found { .. }) => Answer::Known(Whereabouts::OutOfScope),
        }
    }

    /// A linked account that shows nothing of what was remembered of it, nor of what its entry wants it to show.
    fn is_suspect(&self, link: &Link, entry: Option<RowIx>, account: RowIx) -> bool {
        if link.remembered.is_empty() {
            return false;
        }
        let account = self.accounts.row(account);
        let shown: HashSet<String> = std::iter::once(account.name())
            .chain(account.all(self.columns.external_id))
            .chain(account.all(self.columns.emails))
            .map(|v| key_form(v).into_owned())
            .filter(|v| !v.is_empty())
            .collect();
        if link.remembered.iter().any(|v| shown.contains(key_form(v).as_ref())) {
            return false;
        }
        let wanted = entry.is_some_and(|e| {
            let telling = |path: &str| {
                path.eq_ignore_ascii_case("userName")
                    || path.eq_ignore_ascii_case("externalId")
                    || path.to_ascii_lowercase().starts_with("emails")
            };
            self.rules.rules().iter().enumerate().filter(|(_, r)| telling(&r.field.path)).any(|(i, _)| {
                match self.rules.desired(i, self.entries.row(e), &self.context) {
                    Wanted::Value(datum) => shown.contains(key_form(&datum.plain()).as_ref()),
                    _ => false,
                }
            })
        });
        !wanted
    }

    fn hold(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<&Hold> {
        if self.holds.is_empty() {
            return None;
        }
        let on_entry = entry.map(|e| HoldOn::Entry(EntryId::new(self.entries.row(e).id())));
        // The entry of a linked account can be held although it is not in scope.
        let on_absent = match (entry, account.map(|a| self.matcher.account(a))) {
            (None, Some(AccountPairing::LinkedElsewhere(l))) => Some(HoldOn::Entry(self.link(l).entry.clone())),
            _ => None,
        };
        let on_account = account.map(|a| HoldOn::Account(AccountId::new(self.accounts.row(a).id())));
        [on_entry, on_absent, on_account].into_iter().flatten().find_map(|on| self.holds.get(&on))
    }

    fn is_protected(&self, entry: Option<RowIx>, account: Option<RowIx>) -> bool {
        if self.protected.is_empty() {
            return false;
        }
        let of_account = account.and_then(|a| self.rules.form(self.accounts.row(a).name()).map(|k| self.protected.contains(k.as_ref())));
        let of_entry = entry
            .and_then(|e| self.rules.key(self.entries.row(e), &self.context).ok().flatten().map(|k| self.protected.contains(k.as_ref())));
        of_account == Some(true) || of_entry == Some(true)
    }

    /// Evaluates every rule for a user: what differs, what is wrong.
    fn detail(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Detail {
        let mut detail =
            Detail { changes: Vec::new(), problems: Vec::new(), desired: Desired::default(), user_name: self.user_name(entry, account) };
        let Some(entry) = entry.map(|e| self.entries.row(e)) else { return detail };
        let key_problem = self.rules.key(entry, &self.context).err();
        for (index, rule) in self.rules.rules().iter().enumerate() {
            if account.is_some() && rule.create_only {
                continue;
            }
            let mut problem = |code, message| {
                detail.desired.invalid = detail.desired.invalid.or(ProblemCode::reason(code));
                detail.problems.push(Problem { field: Some(rule.field.name.clone()), code, message });
            };
            if index == self.rules.match_rule()
                && let Some(p) = &key_problem
            {
                problem(p.code, p.message.clone());
                continue;
            }
            let to = match self.rules.desired(index, entry, &self.context) {
                Wanted::Keep => continue,
                Wanted::Problem(p) => {
                    problem(
                        p.code,
                        if rule.masked { "the rule fails for this person (the field is masked)".to_owned() } else { p.message },
                    );
                    continue;
                }
                Wanted::Clear => Datum::Unassigned,
                Wanted::Value(datum) => datum,
            };
            if let Err(why) = diff::check(&rule.field, &to) {
                problem(
                    ProblemCode::InvalidValue,
                    if rule.masked { format!("the value breaks the rule of {} (the field is masked)", rule.field.name) } else { why },
                );
                continue;
            }
            let from = account.map_or(Datum::Unassigned, |a| self.stored(a, index));
            if diff::same(&rule.field, rule.case_exact, &from, &to) {
                continue;
            }
            if account.is_some() && rule.field.immutable {
                detail.desired.immutable_changed = true;
                let message = if rule.masked {
                    format!("{} differs and can't be changed after the create", rule.field.name)
                } else {
                    format!(
                        "{} can't be changed after the create: it is \"{}\" and should be \"{}\"",
                        rule.field.name,
                        from.plain(),
                        to.plain()
                    )
                };
                detail.problems.push(Problem { field: Some(rule.field.name.clone()), code: ProblemCode::ImmutableChanged, message });
                continue;
            }
            detail.desired.changed = true;
            let (from, to) = if rule.masked { (self.mask(&from), self.mask(&to)) } else { (from, to) };
            detail.changes.push(Change { field: rule.field.name.clone(), from, to });
        }
        detail
    }

    /// What the target has for rule number `index`.
    fn stored(&self, account: RowIx, index: usize) -> Datum {
        let account = self.accounts.row(account);
        let field = &self.rules.rules()[index].field;
        if field.path.eq_ignore_ascii_case("userName") {
            return Datum::text(account.name());
        }
        u16::try_from(index).map_or(Datum::Unassigned, |column| diff::typed(field, account.all(column)))
    }

    fn mask(&self, value: &Datum) -> Datum {
        if value.is_unassigned() {
            return Datum::Unassigned;
        }
        let mut hash = Sha256::new();
        hash.update(self.salt);
        hash.update(value.plain().as_bytes());
        Datum::Text(format!("masked:{}", crate::config::hex(&hash.finalize()[..8])))
    }

    /// The row of a user, evaluated now.
    #[must_use]
    pub fn row(&self, user: &User) -> Row {
        let verdict = &user.verdict;
        let mut detail = self.detail(user.entry, user.account);
        let linked = user.entry.is_none_or(|e| matches!(self.matcher.entry(e), EntryPairing::Linked(_) | EntryPairing::LinkedUnlisted(_)));
        let active = |from: bool, to: bool| Change { field: "active".to_owned(), from: Datum::Bool(from), to: Datum::Bool(to) };
        let changes = match verdict.action {
            Action::Create => {
                let mut changes = detail.changes;
                if user.entry.is_some_and(|e| self.entries.row(e).is_off()) {
                    changes.push(Change { field: "active".to_owned(), from: Datum::Unassigned, to: Datum::Bool(false) });
                }
                changes
            }
            Action::Update => detail.changes,
            Action::Enable => {
                detail.changes.insert(0, active(false, true));
                detail.changes
            }
            Action::Disable => vec![active(true, false)],
            Action::Delete | Action::Link | Action::None => match verdict.situation {
                // What would change is worth seeing where only the policy or a hold keeps it from being sent.
                Situation::New | Situation::Changed | Situation::Returning => detail.changes,
                _ => Vec::new(),
            },
        };
        let mut problems = match verdict.situation {
            Situation::Leaving | Situation::Left | Situation::Unmatched => Vec::new(),
            _ => detail.problems,
        };
        problems.extend(verdict.withheld.map(|code| {
            let verb = match verdict.situation {
                Situation::New => "create",
                Situation::Leaving => "deprovision",
                _ => "update",
            };
            withheld_problem(code, verb)
        }));
        let candidates = if verdict.situation == Situation::Ambiguous || verdict.would_be == Some(Situation::Ambiguous) {
            self.candidates(user)
        } else {
            Vec::new()
        };
        Row {
            situation: verdict.situation,
            reason: verdict.reason,
            user_name: detail.user_name.take(),
            action: verdict.action,
            approved: starts_approved(verdict.action, linked, &changes, false),
            entry: self.entry_ref(user),
            account: self.account_ref(user),
            changes,
            candidates,
            problems,
            hold: self.hold(user.entry, user.account).cloned(),
            would_be: verdict.would_be,
            last_failure: None,
        }
    }

    fn entry_ref(&self, user: &User) -> Option<EntryRef> {
        if let Some(entry) = user.entry {
            let row = self.entries.row(entry);
            return Some(EntryRef { id: row.id().to_owned(), dn: Some(row.name().to_owned()) });
        }
        let AccountPairing::LinkedElsewhere(link) = self.matcher.account(user.account?) else { return None };
        let id = &self.link(link).entry;
        let dn = match self.entry_evidence.get(id) {
            Some(EntryEvidence::Found { dn, .. }) => Some(dn.clone()),
            _ => None,
        };
        Some(EntryRef { id: id.as_str().to_owned(), dn })
    }

    fn account_ref(&self, user: &User) -> Option<AccountRef> {
        if let Some(account) = user.account {
            let row = self.accounts.row(account);
            return Some(AccountRef {
                id: row.id().to_owned(),
                user_name: Some(row.name().to_owned()).filter(|n| !n.is_empty()),
                active: !row.is_off(),
                version: row.first(self.columns.version).map(str::to_owned),
            });
        }
        let EntryPairing::LinkedUnlisted(link) = self.matcher.entry(user.entry?) else { return None };
        let id = &self.link(link).account;
        match self.account_evidence.get(id) {
            Some(AccountEvidence::Found { active, user_name }) => {
                Some(AccountRef { id: id.as_str().to_owned(), user_name: user_name.clone(), active: *active, version: None })
            }
            _ => Some(AccountRef { id: id.as_str().to_owned(), user_name: None, active: self.link(link).last_active, version: None }),
        }
    }

    fn candidates(&self, user: &User) -> Vec<Candidate> {
        let Some(entry) = user.entry else { return Vec::new() };
        let (entries, accounts) = self.matcher.candidates(&self.contests, entry);
        let of = |kind, population: &Population, row: RowIx| {
            let row = population.row(row);
            Candidate { kind, id: row.id().to_owned(), name: row.name().to_owned() }
        };
        let accounts = accounts.into_iter().filter(|a| Some(*a) != user.account);
        entries.into_iter().map(|e| of("entry", &self.entries, e)).chain(accounts.map(|a| of("account", &self.accounts, a))).collect()
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

    /// The head of a document.
    #[must_use]
    pub fn header(&self, created: Instant) -> Header {
        let end = |state: &SideState| match state {
            SideState::Ended(end) => end.cause().map(|why| CauseHead { code: why.cause.code(), detail: why.detail.clone() }),
            SideState::Reading => Some(CauseHead { code: "reading", detail: String::new() }),
        };
        Header {
            channel: self.channel.clone(),
            created: created.rfc3339(),
            config: self.fingerprint.clone(),
            source: SourceHead {
                kind: self.source.kind.to_owned(),
                naming_context: self.source.naming_context.clone(),
                entries: self.entries.len(),
                complete: self.sides.source.is_complete(),
                cause: end(&self.sides.source),
            },
            target: TargetHead {
                connector: self.connector.0.clone(),
                base_url: self.base_url.clone(),
                accounts: self.accounts.len(),
                complete: self.sides.target.is_complete(),
                cause: end(&self.sides.target),
            },
            counts: self.counts,
        }
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
