//! Who a user might be: the unpaired of the other side, by what they have in common, or by words that are typed.

use super::cell::Bond;
use super::{Picture, User};
use crate::explain::Might;
use crate::identity::population::RowIx;
use crate::identity::value::key_form;
use crate::mapping::Desired as Wanted;
use crate::matching::near::{Compared, Known, Sign, weight};
use crate::model::field::FieldKind;
use rayon::prelude::*;

/// Somebody of the other side whom a user could be paired with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The row on the other side.
    pub row: RowIx,
    /// The lasting id.
    pub id: String,
    /// The user name.
    pub user_name: String,
    /// The person's name.
    pub name: String,
    /// The first e-mail address.
    pub mail: String,
    /// The DN of a person, the id of an account.
    pub place: String,
    /// In what the two are alike.
    pub signs: Vec<Sign>,
}

/// The rules that tell who somebody is.
struct Telling {
    mails: Vec<usize>,
    numbers: Vec<usize>,
    names: [Option<usize>; 4],
}

/// Rows that one thread looks at in one go.
const STEP: usize = 4096;

impl Picture {
    /// The unpaired of the other side that a user could be paired with: those alike first, then the others, as far as they show every
    /// word that is typed. At most so many; nothing once nobody waits for it any more.
    #[must_use]
    pub fn choices(&self, user: &User, typed: &str, most: usize, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Choice>> {
        let telling = self.telling();
        let form = key_form(typed).into_owned();
        let words: Vec<&str> = form.split_whitespace().collect();
        let own = Compared::of(&self.known_of(user, &telling));
        let wants_account = user.entry.is_some();
        // A pair that is matched and not linked yet can be linked as it is.
        let own_account = user.account.filter(|_| wants_account && self.any_link(user).is_none());
        let goes_on = |_: &RowIx| !is_stale();
        let rows: Vec<RowIx> = if wants_account {
            self.free_accounts().take_while(goes_on).chain(own_account).collect()
        } else {
            self.free_people().take_while(goes_on).collect()
        };
        let choice = |row: &RowIx| {
            let other = if wants_account {
                User { entry: None, account: Some(*row), verdict: user.verdict }
            } else {
                User { entry: Some(*row), account: None, verdict: user.verdict }
            };
            let known = self.known_of(&other, &telling);
            let id = if wants_account { self.accounts.row(*row).id() } else { self.entries.row(*row).id() };
            let mail = known.mails.first().cloned().unwrap_or_default();
            let place = if wants_account { id } else { self.entries.row(*row).name() }.to_owned();
            if !words.is_empty() {
                let all = format!("{} {} {mail} {place}", known.user_name, known.name);
                let all = key_form(&all);
                if !words.iter().all(|w| all.contains(w)) {
                    return None;
                }
            }
            let signs = own.signs(&Compared::of(&known));
            Some(Choice { row: *row, id: id.to_owned(), user_name: known.user_name, name: known.name, mail, place, signs })
        };
        let steps = rows.par_iter().with_min_len(STEP).map(|row| (!is_stale()).then(|| choice(row)));
        let mut found: Vec<Choice> = steps.while_some().filter_map(|choice| choice).collect();
        if is_stale() {
            return None;
        }
        // Of those alike the most alike first; then by name, never by the order in which they came.
        let order = |c: &Choice| (std::cmp::Reverse(weight(&c.signs)), key_form(&c.user_name).into_owned(), c.id.clone());
        if found.len() > most {
            found.select_nth_unstable_by_key(most, order);
            found.truncate(most);
        }
        found.sort_by_cached_key(order);
        Some(found)
    }

    /// Those alike, for an explanation; nothing once nobody waits for it any more.
    #[must_use]
    pub fn might_be(&self, user: &User, most: usize, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Might>> {
        let wants_account = user.entry.is_some();
        let might = |c: Choice| {
            let called = if !wants_account {
                self.entries.row(c.row).name().to_owned()
            } else if self.shows_names() {
                self.accounts.row(c.row).name().to_owned()
            } else {
                c.id.clone()
            };
            Might { kind: if wants_account { "account" } else { "person" }, id: c.id, called, signs: c.signs }
        };
        let choices = self.choices(user, "", most, is_stale)?;
        Some(choices.into_iter().filter(|c| !c.signs.is_empty()).map(might).collect())
    }

    /// The e-mail addresses that a user shows, or would show.
    #[must_use]
    pub fn mails_of(&self, user: &User) -> Vec<String> {
        let telling = self.telling();
        let mut mails = self.known_of(user, &telling).mails;
        if let (Some(_), Some(account)) = (user.entry, user.account) {
            mails.extend(self.about.columns.emails(self.accounts.row(account)).map(str::to_owned));
        }
        mails
    }

    /// Accounts that could be linked to somebody: nobody is linked to them, in no channel.
    fn free_accounts(&self) -> impl Iterator<Item = RowIx> + '_ {
        let free = |cell: &super::Cell| matches!(cell.bond, Bond::Alone | Bond::Contested);
        let all = (0u32..).zip(self.others.iter()).filter(move |(_, cell)| free(cell)).map(|(row, _)| RowIx(row));
        all.filter(|row| self.links.by_account(self.accounts.row(*row).id()).is_none())
    }

    /// People in scope who could be linked to an account.
    fn free_people(&self) -> impl Iterator<Item = RowIx> + '_ {
        let free = |cell: &super::Cell| matches!(cell.bond, Bond::Alone | Bond::Ambiguous) && cell.account().is_none();
        let all = (0u32..).zip(self.people.iter()).filter(move |(_, cell)| free(cell)).map(|(row, _)| RowIx(row));
        all.filter(|row| self.links.by_entry(self.entries.row(*row).id()).is_none())
    }

    fn telling(&self) -> Telling {
        let rules = self.rules.rules();
        let places = |fits: &dyn Fn(&str) -> bool| {
            let plain = |i: &usize| !rules[*i].masked && rules[*i].field.kind != FieldKind::Reference;
            (0..rules.len()).filter(plain).filter(|i| fits(&rules[*i].field.path.to_ascii_lowercase())).collect::<Vec<_>>()
        };
        Telling {
            mails: places(&|path| path.starts_with("emails")),
            numbers: places(&|path| path == "externalid" || path.ends_with("employeenumber")),
            names: self.name_rules(),
        }
    }

    /// What a person would be known by at the service, or an account is.
    fn known_of(&self, user: &User, telling: &Telling) -> Known {
        let value = |rule: usize| match (user.entry, user.account) {
            (Some(entry), _) => match self.rules.desired(rule, self.entries.row(entry), &self.context) {
                Wanted::Value(datum) => datum.plain().into_owned(),
                _ => String::new(),
            },
            (None, Some(account)) => self.stored(account, rule).plain().into_owned(),
            (None, None) => String::new(),
        };
        let values = |rules: &[usize]| rules.iter().map(|r| value(*r)).filter(|v| !v.is_empty()).collect::<Vec<_>>();
        let mut mails = values(&telling.mails);
        if let (None, Some(account)) = (user.entry, user.account) {
            mails.extend(self.about.columns.emails(self.accounts.row(account)).map(str::to_owned));
            mails.dedup();
        }
        Known {
            user_name: self.user_name(user.entry, user.account).unwrap_or_default(),
            mails,
            numbers: values(&telling.numbers),
            name: self.name_by(telling.names, user),
        }
    }
}
