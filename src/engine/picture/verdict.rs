//! What decides about one user, drawn from everything that is known: the facts behind a verdict.

use super::Picture;
use super::cell::{Bond, Cell, Findings, field_bit, problem_bit};
use crate::identity::population::{Row, RowIx};
use crate::identity::value::{Datum, key_form};
use crate::mapping::Desired as Wanted;
use crate::model::field::FieldKind;
use crate::model::{AccountEvidence, Change, EntryEvidence, Hold, Problem, ProblemCode, Reason};
use crate::plan::classify::{Answer, Desired, Ends, Facts, Tie, Whereabouts};
use crate::plan::compare::{Outcome, compare};
use crate::plan::diff;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Everything that is said about one user, before it becomes a row.
pub(in crate::engine) struct Detail {
    pub changes: Vec<Change>,
    pub problems: Vec<Problem>,
    pub desired: Desired,
    pub user_name: Option<String>,
}

/// The values of a person, and those of the account that the row names.
pub(in crate::engine) struct Pair<'p> {
    pub person: Row<'p>,
    pub other: Option<Row<'p>>,
}

impl Picture {
    /// The values of an entry whose cell is bound, and those of its account.
    pub(in crate::engine) fn pair(&self, entry: RowIx, cell: &Cell) -> Pair<'_> {
        Pair { person: self.entries.row(entry), other: cell.account().map(|a| self.accounts.row(a)) }
    }

    pub(super) fn user_name(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<String> {
        let desired = entry.and_then(|row| self.desired_name(row));
        desired.or_else(|| {
            account.filter(|_| self.shows_names()).map(|row| self.accounts.row(row).name().to_owned()).filter(|n| !n.is_empty())
        })
    }

    /// False where the mapping masks user names: then those of accounts are not shown either.
    pub(in crate::engine) fn shows_names(&self) -> bool {
        !self.rules.user_name().is_some_and(|rule| self.rules.rules()[rule].masked)
    }

    /// The user name that the mapping wants for an entry.
    fn desired_name(&self, entry: RowIx) -> Option<String> {
        let rule = self.rules.user_name().filter(|i| !self.rules.rules()[*i].masked)?;
        match self.rules.desired(rule, self.entries.row(entry), &self.context) {
            Wanted::Value(datum) => Some(datum.plain().into_owned()),
            _ => None,
        }
    }

    /// Everything that decides about a person, from what was found out about their row.
    pub(in crate::engine) fn facts_of_person(&self, entry: RowIx, cell: &Cell, mask: u64) -> Facts {
        let disabled = cell.is_disabled();
        let account = cell.account();
        let active = account.is_some() && !cell.is_inactive();
        let mut ambiguous = cell.ambiguous;
        let ends = match (account, cell.bond) {
            (Some(_), _) => {
                let tie = if cell.by_link() { Tie::Link } else { Tie::Match };
                if tie == Tie::Match && self.may_be_odd(entry) {
                    ambiguous = ambiguous.or(Some(Reason::DuplicateInTarget));
                }
                if tie == Tie::Link && cell.is_suspect() {
                    ambiguous = Some(Reason::LinkSuspect);
                }
                Ends::Pair { tie, disabled, active }
            }
            (None, Bond::Unlisted) => {
                let account = cell.link().map(|l| self.links.account(l)).unwrap_or_default();
                let active = match self.known.accounts.get(account) {
                    None | Some(AccountEvidence::NotFound) => Answer::Pending,
                    Some(AccountEvidence::Unknown { .. }) => Answer::Failed,
                    Some(AccountEvidence::Found { active, .. }) => Answer::Known(*active),
                };
                Ends::Unlisted { disabled, active }
            }
            (None, _) => Ends::Entry { disabled, lost_account: cell.lost_account(), hidden: self.hidden(entry) },
        };
        let desired = if disabled && account.is_some() {
            Desired::default()
        } else {
            Desired { invalid: cell.invalid, changed: mask != 0, immutable_changed: cell.is_fixed() }
        };
        let user = (Some(entry), account);
        Facts { ends, ambiguous, desired, held: self.hold(user.0, user.1).is_some(), protected: self.is_protected(user.0, user.1) }
    }

    /// Everything that decides about an account that has a row of its own.
    pub(in crate::engine) fn facts_of_account(&self, account: RowIx, cell: &Cell) -> Facts {
        let active = !self.accounts.is_off(account);
        let mut ambiguous = None;
        let ends = match cell.link() {
            Some(l) if self.is_of_other_channel(l) || self.claim(l).is_some() => Ends::Account { other_channel: true },
            Some(l) => {
                if self.is_suspect(l, None, account) {
                    ambiguous = Some(Reason::LinkSuspect);
                }
                Ends::Leaver { whereabouts: self.whereabouts(self.links.entry(l)), active }
            }
            None => Ends::Account { other_channel: false },
        };
        let user = (None, Some(account));
        let desired = Desired::default();
        Facts { ends, ambiguous, desired, held: self.hold(user.0, user.1).is_some(), protected: self.is_protected(user.0, user.1) }
    }

    fn whereabouts(&self, entry: &str) -> Answer<Whereabouts> {
        match self.known.entries.get(entry) {
            None => Answer::Pending,
            Some(EntryEvidence::Unknown { .. }) => Answer::Failed,
            // In scope and not read: where they are is not known.
            Some(EntryEvidence::Found { verdicts, .. }) if verdicts.in_scope() => Answer::Failed,
            Some(EntryEvidence::NotFound { .. }) => Answer::Known(Whereabouts::Deleted),
            Some(EntryEvidence::Found { disabled: true, .. }) => Answer::Known(Whereabouts::Disabled),
            Some(EntryEvidence::Found { .. }) => Answer::Known(Whereabouts::OutOfScope),
        }
    }

    /// The other channel that has the entry of a link in its scope.
    fn claim(&self, link: u32) -> Option<&str> {
        self.known.claims.get(self.links.entry(link)).map(String::as_str)
    }

    /// Whether it is settled that somebody without account has no hidden one either.
    fn hidden(&self, entry: RowIx) -> Answer<()> {
        if self.may_be_odd(entry) {
            return Answer::Failed;
        }
        if !self.about.hides_inactive {
            return Answer::Known(());
        }
        // An answer to another question than would be asked now is none.
        match self.known.named.get(&entry).filter(|(sought, _)| *sought == self.sought(entry)).map(|(_, answer)| answer) {
            None => Answer::Pending,
            Some(AccountEvidence::NotFound) => Answer::Known(()),
            // Found, and yet it pairs with nobody: whose it is, the look-up could not settle.
            Some(AccountEvidence::Found { .. } | AccountEvidence::Unknown { .. }) => Answer::Failed,
        }
    }

    /// Why a look-up that this user's verdict rests on has failed.
    pub(super) fn failed_lookup(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<String> {
        if let Some(row) = entry {
            if self.may_be_odd(row) {
                return Some("the listing has an account of this name without id".to_owned());
            }
            let unlisted = self.people.at(row.index()).link().and_then(|l| self.known.accounts.get(self.links.account(l)));
            return match unlisted.or_else(|| self.known.named.get(&row).map(|(_, answer)| answer)) {
                Some(AccountEvidence::Unknown { cause }) => Some(cause.clone()),
                Some(AccountEvidence::Found { .. }) => Some("a hidden account was found that could be this person's".to_owned()),
                _ => None,
            };
        }
        let link = self.others.at(account?.index()).link()?;
        match self.known.entries.get(self.links.entry(link)) {
            Some(EntryEvidence::Unknown { cause }) => Some(cause.clone()),
            _ => None,
        }
    }

    /// A linked account that shows nothing of what was remembered of it, nor of what its entry wants it to show.
    pub(super) fn is_suspect(&self, link: u32, entry: Option<RowIx>, account: RowIx) -> bool {
        !self.is_familiar(link, account) && !entry.is_some_and(|entry| self.is_wanted(entry, account))
    }

    /// A linked account that shows something of what was remembered of it. Nothing remembered is as good.
    fn is_familiar(&self, link: u32, account: RowIx) -> bool {
        let name = self.accounts.row(account).name();
        // Nearly always the user name is still the one that was remembered.
        let mut remembered = self.links.remembered(link).peekable();
        if remembered.peek().is_none() || remembered.any(|v| !v.is_empty() && v == name) {
            return true;
        }
        let shown = self.shown_by(account);
        self.links.remembered(link).any(|v| shown.contains(key_form(v).as_ref()))
    }

    /// An account that shows something by which its entry would be known.
    fn is_wanted(&self, entry: RowIx, account: RowIx) -> bool {
        let shown = self.shown_by(account);
        self.rules.rules().iter().enumerate().filter(|(_, r)| r.is_telling()).any(|(i, _)| {
            match self.rules.desired(i, self.entries.row(entry), &self.context) {
                Wanted::Value(datum) => shown.contains(key_form(&datum.plain()).as_ref()),
                _ => false,
            }
        })
    }

    /// What an account is known by, in comparison form.
    fn shown_by(&self, account: RowIx) -> HashSet<String> {
        let account = self.accounts.row(account);
        let shown =
            std::iter::once(account.name()).chain(account.all(self.about.columns.external_id)).chain(self.about.columns.emails(account));
        shown.map(|v| key_form(v).into_owned()).filter(|v| !v.is_empty()).collect()
    }

    pub(super) fn hold(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<&Hold> {
        let (on_entries, on_accounts) = (&self.known.holds_on_entries, &self.known.holds_on_accounts);
        if on_entries.is_empty() && on_accounts.is_empty() {
            return None;
        }
        let on_entry = entry.and_then(|e| on_entries.get(self.entries.row(e).id()));
        // The entry of a linked account can be held although it is not in scope.
        let absent = account.filter(|_| entry.is_none()).and_then(|a| self.others.at(a.index()).link());
        let on_absent = absent.and_then(|l| on_entries.get(self.links.entry(l)));
        let on_account = account.and_then(|a| on_accounts.get(self.accounts.row(a).id()));
        // So can an account that the listing does not show.
        let on_unlisted = self.link_without_row(entry, account).and_then(|l| on_accounts.get(self.links.account(l)));
        on_entry.or(on_absent).or(on_account).or(on_unlisted)
    }

    /// The link of an entry whose account has no row: it is hidden, or gone.
    fn link_without_row(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<u32> {
        if account.is_some() {
            return None;
        }
        self.links.by_entry(self.entries.row(entry?).id())
    }

    pub(super) fn is_protected(&self, entry: Option<RowIx>, account: Option<RowIx>) -> bool {
        self.goes_by(entry, account, &self.about.protected).is_some()
    }

    /// The first of some names, in their comparison form, that a user has: on the account, as it was remembered, or by the rules.
    pub(in crate::engine) fn goes_by(&self, entry: Option<RowIx>, account: Option<RowIx>, names: &HashSet<String>) -> Option<String> {
        if names.is_empty() {
            return None;
        }
        let found = |name: &str| names.get(key_form(name).as_ref()).cloned();
        account
            .and_then(|a| found(self.accounts.row(a).name()))
            .or_else(|| self.link_without_row(entry, account).and_then(|link| self.links.remembered(link).find_map(found)))
            .or_else(|| entry.and_then(|e| self.desired_name(e)).and_then(|name| found(&name)))
    }

    /// What the rules of a person come to; the same as [`Self::detail`] says, in bits.
    pub(in crate::engine) fn findings(&self, entry: RowIx, pair: &Pair<'_>, cell: &Cell) -> Findings {
        let (account, bond) = (cell.account(), cell.bond);
        let Pair { person, other } = *pair;
        let resolve = |dn: &str| self.resolve(dn);
        let mut findings = Findings::default();
        for index in 0..self.rules.rules().len() {
            match compare(&self.rules, index, person, other, &self.context, &resolve) {
                Outcome::Left | Outcome::Same => {}
                Outcome::Differs | Outcome::Clears if self.is_kept(pair, index) => {
                    findings.problems |= problem_bit(ProblemCode::KeptByTarget);
                }
                Outcome::Differs | Outcome::Clears => findings.mask |= field_bit(index),
                Outcome::Fixed => {
                    findings.fixed = true;
                    findings.problems |= problem_bit(ProblemCode::ImmutableChanged);
                }
                Outcome::Problem(code) => {
                    findings.invalid = findings.invalid.or(ProblemCode::reason(code));
                    findings.problems |= problem_bit(code);
                }
            }
        }
        // Texts that are equal have equal hashes; the other way round it is looked at where it matters.
        let suspicious = bond == Bond::ByExternalId || findings.mask & field_bit(self.rules.match_rule()) != 0 || findings.problems != 0;
        findings.mismatch = suspicious && account.is_some_and(|a| self.is_mismatch(entry, a, bond));
        if let (true, Some(account)) = (cell.by_link(), account) {
            let link = self.links.by_entry(person.id());
            findings.familiar = link.is_some_and(|link| self.is_familiar(link, account));
            findings.suspect = link.is_some() && !findings.familiar && !self.is_wanted(entry, account);
        }
        findings
    }

    /// Whether one rule differs for a person; nothing where that is not all that there is to say.
    pub(in crate::engine) fn bit_of(&self, pair: &Pair<'_>, rule: usize) -> Option<bool> {
        match compare(&self.rules, rule, pair.person, pair.other, &self.context, &|dn: &str| self.resolve(dn)) {
            Outcome::Left | Outcome::Same => Some(false),
            Outcome::Differs | Outcome::Clears if self.is_kept(pair, rule) => None,
            Outcome::Differs | Outcome::Clears => Some(true),
            Outcome::Fixed | Outcome::Problem(_) => None,
        }
    }

    /// True if the service is known to keep its own value for this field, whatever it is sent.
    fn is_kept(&self, pair: &Pair<'_>, rule: usize) -> bool {
        let lessons = &self.known.lessons;
        let Some(account) = pair.other.filter(|a| !lessons.kept.is_empty() && lessons.kept.contains_key(a.id())) else { return false };
        let wanted = match self.rules.desired(rule, pair.person, &self.context) {
            Wanted::Value(value) if self.rules.rules()[rule].field.kind == FieldKind::Reference => match self.resolve(&value.plain()) {
                Ok(id) => Datum::Text(id),
                Err(_) => return false,
            },
            Wanted::Value(value) => value,
            Wanted::Clear => Datum::Unassigned,
            Wanted::Keep | Wanted::Problem(_) => return false,
        };
        lessons.is_kept(account.id(), &self.rules.rules()[rule].field.name, &wanted, &self.stored_in(account, rule))
    }

    /// True if a pair was made by equal hashes of texts that are not equal.
    fn is_mismatch(&self, entry: RowIx, account: RowIx, bond: Bond) -> bool {
        let (person, other) = (self.entries.row(entry), self.accounts.row(account));
        match bond {
            Bond::ByKey => {
                let key = self.rules.key(person, &self.context).ok().flatten();
                key.as_deref() != self.match_text(other).and_then(|text| self.rules.form(text)).as_deref()
            }
            Bond::ByExternalId => other.first(self.about.columns.external_id) != Some(person.id()),
            _ => false,
        }
    }

    /// Evaluates every rule for a user: what differs, what is wrong.
    pub(in crate::engine) fn detail(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Detail {
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
                problem(
                    p.code,
                    if rule.masked {
                        "the rule gives no single value for this person (the field is masked)".to_owned()
                    } else {
                        p.message.clone()
                    },
                );
                continue;
            }
            let to = match self.rules.desired(index, entry, &self.context) {
                // Nothing is there yet to be kept.
                Wanted::Keep if account.is_none() && rule.required => {
                    problem(
                        ProblemCode::MissingRequired,
                        format!("{} is required, and the rule keeps what is not there yet", rule.field.name),
                    );
                    continue;
                }
                Wanted::Keep => continue,
                Wanted::Problem(p) => {
                    problem(
                        p.code,
                        if rule.masked { "the rule fails for this person (the field is masked)".to_owned() } else { p.message },
                    );
                    continue;
                }
                Wanted::Clear => Datum::Unassigned,
                Wanted::Value(datum) if rule.field.kind == FieldKind::Reference => match self.resolve(&datum.plain()) {
                    Ok(id) => Datum::Text(id),
                    // The value at the target is kept, and the row goes on.
                    Err(why) => {
                        let who = if rule.masked { "the person that it names".to_owned() } else { datum.plain().into_owned() };
                        let message = format!("{}: {who} {why}", rule.field.name);
                        problem(ProblemCode::Unresolved, message);
                        continue;
                    }
                },
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
            let id = account.map(|a| self.accounts.row(a).id()).unwrap_or_default();
            if self.known.lessons.is_kept(id, &rule.field.name, &to, &from) {
                let message = format!(
                    "{} takes \"{}\" for {} and keeps \"{}\": it is not sent again while both stay so",
                    self.about.connector.1,
                    to.plain(),
                    rule.field.name,
                    from.plain()
                );
                detail.problems.push(Problem { field: Some(rule.field.name.clone()), code: ProblemCode::KeptByTarget, message });
                continue;
            }
            detail.desired.changed = true;
            let (from, to) = if rule.masked { (self.mask(&from), self.mask(&to)) } else { (from, to) };
            detail.changes.push(Change { field: rule.field.name.clone(), from, to });
        }
        detail
    }

    /// What the target has for rule number `index`.
    pub(in crate::engine) fn stored(&self, account: RowIx, index: usize) -> Datum {
        self.stored_in(self.accounts.row(account), index)
    }

    fn stored_in(&self, account: Row<'_>, index: usize) -> Datum {
        let field = &self.rules.rules()[index].field;
        if self.rules.user_name() == Some(index) {
            return Datum::text(account.name());
        }
        u16::try_from(index).map_or(Datum::Unassigned, |column| diff::typed(field, account.all(column)))
    }

    pub(in crate::engine) fn mask(&self, value: &Datum) -> Datum {
        if value.is_unassigned() {
            return Datum::Unassigned;
        }
        let mut hash = Sha256::new();
        hash.update(self.about.salt);
        hash.update(value.plain().as_bytes());
        Datum::Text(format!("masked:{}", crate::config::hex(&hash.finalize()[..8])))
    }
}
