//! Who an id, a name or an address belongs to: each of them tells its number to whoever knows where to look.
//!
//! What was read out of it is only believed if the person with that number has it, letter by letter.

use super::order::revealed;
use super::person::Person;
use super::{Crowd, PEOPLE};
use crate::demo::world::BASE;
use crate::identity::dn::{self, DnKey};
use crate::source::ldif::Record;
use crate::source::memory::Roll;

impl Crowd {
    /// Who has an entry with this lasting id.
    #[must_use]
    pub fn of_entry_id(&self, id: &str) -> Option<usize> {
        let n = self.revealed(id.rsplit('-').next()?, self.entry_key())?;
        (self.is_entry(n) && self.entry_id(n) == id).then_some(n)
    }

    /// Who has an account that tells this `externalId`: the lasting id of an entry that is there, or was.
    #[must_use]
    pub fn of_external_id(&self, id: &str) -> Option<usize> {
        let n = self.revealed(id.rsplit('-').next()?, self.entry_key())?;
        (self.kind(n).has_account() && self.entry_id(n) == id).then_some(n)
    }

    /// Who has an account with this id.
    #[must_use]
    pub fn of_account_id(&self, id: &str) -> Option<usize> {
        let n = self.revealed(id.strip_prefix('u')?, self.account_key())?;
        (self.kind(n).has_account() && self.account_id(n) == id).then_some(n)
    }

    /// Who has an account with this user name, in any letter case.
    #[must_use]
    pub fn of_user_name(&self, name: &str) -> Option<usize> {
        let n = trailing_number(name).filter(|n| *n < self.users && self.kind(*n).has_account())?;
        self.user_name(n).eq_ignore_ascii_case(name).then_some(n)
    }

    /// Who has an account with this address, in any letter case.
    #[must_use]
    pub fn of_mail(&self, mail: &str) -> Option<usize> {
        let n = trailing_number(mail.split('@').next()?).filter(|n| *n < self.users && self.kind(*n).has_account())?;
        Person::new(self, n).text(Person::push_mail).eq_ignore_ascii_case(mail).then_some(n)
    }

    fn revealed(&self, hex: &str, key: u64) -> Option<usize> {
        let hidden = u64::from_str_radix(hex, 16).ok().filter(|h| hex.len() == 12 && *h < 1 << 48)?;
        usize::try_from(revealed(hidden, key)).ok().filter(|n| *n < self.users)
    }
}

fn trailing_number(text: &str) -> Option<usize> {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    text[text.len() - digits..].parse().ok()
}

impl Roll for Crowd {
    fn len(&self) -> usize {
        self.users
    }

    fn suffix(&self) -> &str {
        BASE
    }

    fn base(&self) -> &str {
        PEOPLE
    }

    fn entry(&self, n: usize) -> Option<Record> {
        self.person(n)
    }

    fn by_id(&self, id: &str) -> Option<usize> {
        self.of_entry_id(id)
    }

    fn by_dn(&self, dn: &str) -> Option<usize> {
        let rdns = dn::parse(dn)?;
        let n = trailing_number(&rdns.first()?.first()?.value).filter(|n| self.is_entry(*n))?;
        (DnKey::of(dn) == DnKey::of(&Person::new(self, n).text(Person::push_dn))).then_some(n)
    }
}
