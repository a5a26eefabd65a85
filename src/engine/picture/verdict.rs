//! What decides about one user, drawn from everything that is known: the facts behind a verdict.

use super::Picture;
use crate::identity::population::RowIx;
use crate::identity::value::{Datum, key_form};
use crate::identity::{AccountId, EntryId};
use crate::mapping::Desired as Wanted;
use crate::matching::{AccountPairing, EntryPairing};
use crate::model::field::FieldKind;
use crate::model::{AccountEvidence, Change, EntryEvidence, Hold, HoldOn, Link, Problem, ProblemCode, Reason};
use crate::plan::classify::{Answer, Desired, Ends, Facts, Tie, Whereabouts};
use crate::plan::diff;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Everything that is said about one user, before it becomes a row.
pub(super) struct Detail {
    pub changes: Vec<Change>,
    pub problems: Vec<Problem>,
    pub desired: Desired,
    pub user_name: Option<String>,
}

impl Picture {
    pub(super) fn user_name(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<String> {
        let desired = entry.and_then(|row| self.desired_name(row));
        desired.or_else(|| {
            account.filter(|_| self.shows_names()).map(|row| self.accounts.row(row).name().to_owned()).filter(|n| !n.is_empty())
        })
    }

    /// False where the mapping masks user names: then those of accounts are not shown either.
    pub(super) fn shows_names(&self) -> bool {
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

    /// Everything that decides about a user.
    pub(super) fn facts(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Facts {
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
                if tie == Tie::Match && self.may_be_odd(e) {
                    ambiguous = ambiguous.or(Some(Reason::DuplicateInTarget));
                }
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
            (Some(e), None, _) => Ends::Entry { disabled, lost_account: self.matcher.lost_account(e), hidden: self.hidden(e) },
            (None, Some(a), _) => match self.matcher.account(a) {
                AccountPairing::LinkedElsewhere(l) if self.is_of_other_channel(l) || self.claim(self.link(l)).is_some() => {
                    Ends::Account { other_channel: true }
                }
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

    pub(super) fn whereabouts(&self, entry: &EntryId) -> Answer<Whereabouts> {
        match self.entry_evidence.get(entry) {
            None => Answer::Pending,
            Some(EntryEvidence::Unknown { .. }) => Answer::Failed,
            Some(EntryEvidence::NotFound { .. }) => Answer::Known(Whereabouts::Deleted),
            Some(EntryEvidence::Found { disabled: true, .. }) => Answer::Known(Whereabouts::Disabled),
            Some(EntryEvidence::Found { .. }) => Answer::Known(Whereabouts::OutOfScope),
        }
    }

    /// The other channel that has the entry of a link in its scope.
    pub(super) fn claim(&self, link: &Link) -> Option<&str> {
        self.claims.get(&link.entry).map(String::as_str)
    }

    /// Whether it is settled that somebody without account has no hidden one either.
    fn hidden(&self, entry: RowIx) -> Answer<()> {
        if self.may_be_odd(entry) {
            return Answer::Failed;
        }
        if !self.hides_inactive {
            return Answer::Known(());
        }
        match self.named_evidence.get(&entry) {
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
            let unlisted = match self.matcher.entry(row) {
                EntryPairing::LinkedUnlisted(l) => self.account_evidence.get(&self.link(l).account),
                _ => None,
            };
            return match unlisted.or_else(|| self.named_evidence.get(&row)) {
                Some(AccountEvidence::Unknown { cause }) => Some(cause.clone()),
                Some(AccountEvidence::Found { .. }) => Some("a hidden account was found that could be this person's".to_owned()),
                _ => None,
            };
        }
        let AccountPairing::LinkedElsewhere(link) = self.matcher.account(account?) else { return None };
        match self.entry_evidence.get(&self.link(link).entry) {
            Some(EntryEvidence::Unknown { cause }) => Some(cause.clone()),
            _ => None,
        }
    }

    /// A linked account that shows nothing of what was remembered of it, nor of what its entry wants it to show.
    pub(super) fn is_suspect(&self, link: &Link, entry: Option<RowIx>, account: RowIx) -> bool {
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

    pub(super) fn hold(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<&Hold> {
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
        // So can an account that the listing does not show.
        let on_unlisted = self.link_without_row(entry, account).map(|link| HoldOn::Account(link.account.clone()));
        [on_entry, on_absent, on_account, on_unlisted].into_iter().flatten().find_map(|on| self.holds.get(&on))
    }

    /// The link of an entry whose account has no row: it is hidden, or gone.
    fn link_without_row(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Option<&Link> {
        if account.is_some() {
            return None;
        }
        self.links_by_entry.get(self.entries.row(entry?).id()).map(|number| self.link(*number))
    }

    pub(super) fn is_protected(&self, entry: Option<RowIx>, account: Option<RowIx>) -> bool {
        if self.protected.is_empty() {
            return false;
        }
        let is = |name: &str| self.protected.contains(key_form(name).as_ref());
        account.is_some_and(|a| is(self.accounts.row(a).name()))
            || self.link_without_row(entry, account).is_some_and(|link| link.remembered.iter().any(|name| is(name)))
            || entry.and_then(|e| self.desired_name(e)).is_some_and(|name| is(&name))
    }

    /// Evaluates every rule for a user: what differs, what is wrong.
    pub(super) fn detail(&self, entry: Option<RowIx>, account: Option<RowIx>) -> Detail {
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
            detail.desired.changed = true;
            let (from, to) = if rule.masked { (self.mask(&from), self.mask(&to)) } else { (from, to) };
            detail.changes.push(Change { field: rule.field.name.clone(), from, to });
        }
        detail
    }

    /// What the target has for rule number `index`.
    pub(in crate::engine) fn stored(&self, account: RowIx, index: usize) -> Datum {
        let account = self.accounts.row(account);
        let field = &self.rules.rules()[index].field;
        if field.path.eq_ignore_ascii_case("userName") {
            return Datum::text(account.name());
        }
        u16::try_from(index).map_or(Datum::Unassigned, |column| diff::typed(field, account.all(column)))
    }

    pub(in crate::engine) fn mask(&self, value: &Datum) -> Datum {
        if value.is_unassigned() {
            return Datum::Unassigned;
        }
        let mut hash = Sha256::new();
        hash.update(self.salt);
        hash.update(value.plain().as_bytes());
        Datum::Text(format!("masked:{}", crate::config::hex(&hash.finalize()[..8])))
    }
}
