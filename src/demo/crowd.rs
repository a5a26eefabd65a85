//! A crowd: a world of any size that is nowhere. Every entry and every account is made from the seed and its number whenever
//! somebody asks for it, in constant time, so a directory of two million people takes no memory and no time to start.
//!
//! People come in blocks of a thousand. In each block the same number is new, changed, leaving and so on; who they are is
//! scattered anew for each block. So the truth about everybody is known without asking anybody, and so is which account
//! stands where in the listing, and whose an id or a user name is. What must stay true: a number tells a person for ever,
//! and nothing about one person hangs on more than two others.
//!
//! Everybody is in scope by base and filter: a group with a million members would measure the group.

mod account;
mod found;
mod names;
mod order;
mod person;
mod truth;

pub use person::ATTRIBUTES;

use super::world::BASE;
use crate::config::{Channel, Config};
use crate::error::Result;
use crate::source::ldif::{Record, Value as LdifValue};
use order::{Shuffle, hidden, scattered};
use person::Person;
use serde_json::Value;
use std::path::Path;

const PEOPLE: &str = "ou=people,dc=example,dc=test";
/// How many people repeat the same cases.
const BLOCK: usize = 1000;
/// So many of a block have no account: they stand last.
const WITHOUT_ACCOUNT: usize = 35;
/// Twins, and before them those whose user name they have.
const TWINS: usize = 5;
/// Walks a block from place to place; coprime to its length.
const STEP: usize = 387;
/// What undoes the step: 387 × 323 = 125 × 1000 + 1.
const STEP_BACK: usize = 323;

/// Which accounts have a remembered link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// None.
    Nobody,
    /// About one in so many.
    OneIn(u64),
    /// Everybody's that ever had an entry.
    Everybody,
}

/// How a crowd is made.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    users: usize,
    seed: u64,
    linked: Linked,
    listing: Shuffle,
}

/// What happened to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: in sync.
    Fine,
    /// The account differs in one field or two.
    Drifted,
    /// The entry was deleted; the account is there.
    Gone,
    /// An account of nobody's.
    Robot,
    /// The same, and held.
    HeldRobot,
    /// The entry is disabled, the account is active.
    Disabled,
    /// The same, and held.
    Held,
    /// The entry is disabled and so is the account.
    Left,
    /// The account is inactive, the entry is not disabled.
    Returning,
    /// A rule fails.
    Broken,
    /// A required field is empty.
    NoMail,
    /// Fine, but for somebody with the same user name.
    Twinned,
    /// Somebody with the user name of another one, and no account.
    Twin,
    /// No account yet.
    New,
}

impl Kind {
    /// By the place in a block.
    fn of(slot: usize) -> Self {
        match slot {
            0..20 => Kind::Gone,
            20..29 => Kind::Robot,
            29 => Kind::HeldRobot,
            30..80 => Kind::Drifted,
            80..89 => Kind::Disabled,
            89 => Kind::Held,
            90..100 => Kind::Left,
            100..102 => Kind::Returning,
            102..104 => Kind::Broken,
            104 => Kind::NoMail,
            105..110 => Kind::Twinned,
            965..995 => Kind::New,
            995.. => Kind::Twin,
            _ => Kind::Fine,
        }
    }

    fn has_entry(self) -> bool {
        !matches!(self, Kind::Gone | Kind::Robot | Kind::HeldRobot)
    }

    fn has_account(self) -> bool {
        !matches!(self, Kind::New | Kind::Twin)
    }

    fn is_disabled(self) -> bool {
        matches!(self, Kind::Disabled | Kind::Held | Kind::Left)
    }

    fn is_active(self) -> bool {
        !matches!(self, Kind::Left | Kind::Returning)
    }
}

impl Crowd {
    /// A crowd of so many people. Those behind the last whole thousand are all fine.
    #[must_use]
    pub fn new(users: usize, seed: u64, linked: Linked) -> Self {
        let accounts = users - users / BLOCK * WITHOUT_ACCOUNT;
        Crowd { users, seed: scattered(seed), linked, listing: Shuffle::new(accounts, seed) }
    }

    /// How many people: every number below this is one of them, in the directory, in the service, or in both.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users
    }

    /// How many accounts the service has.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.users - self.users / BLOCK * WITHOUT_ACCOUNT
    }

    /// How many entries the directory has.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.users - self.users / BLOCK * (0..BLOCK).filter(|slot| !Kind::of(*slot).has_entry()).count()
    }

    /// Somebody's entry, if the directory has them.
    #[must_use]
    pub fn person(&self, n: usize) -> Option<Record> {
        self.is_entry(n).then(|| Person::new(self, n).record())
    }

    /// Whether the directory has somebody.
    #[must_use]
    pub fn is_entry(&self, n: usize) -> bool {
        n < self.users && self.kind(n).has_entry()
    }

    /// Tells somebody's DN and then the attributes whose bits are set in `wanted`, by their places in [`ATTRIBUTES`], without
    /// making an entry of them; `None` where the directory does not have them.
    pub fn tell(&self, n: usize, wanted: u32, scratch: &mut String, mut told: impl FnMut(Told, &str)) -> Option<()> {
        let person = self.is_entry(n).then(|| Person::new(self, n))?;
        scratch.clear();
        person.push_dn(scratch);
        told(Told::Dn, scratch);
        person.tell(wanted, scratch, &mut |at, value| told(Told::Attribute(at), value));
        Some(())
    }

    /// Adds somebody's account to `out`, as JSON; false where they have none.
    pub fn write_account(&self, n: usize, out: &mut String) -> bool {
        let is_there = n < self.users && self.kind(n).has_account();
        if is_there {
            account::write(&Person::new(self, n), out);
        }
        is_there
    }

    /// Somebody's account.
    ///
    /// # Panics
    /// Never, unless a word in it has to be escaped.
    #[must_use]
    pub fn account(&self, n: usize) -> Option<Value> {
        let mut text = String::new();
        self.write_account(n, &mut text).then(|| serde_json::from_str(&text).expect("what is written is JSON"))
    }

    /// Whose account stands at this place of the listing, which is below the number of accounts.
    #[must_use]
    pub fn listed_at(&self, place: usize) -> usize {
        let rank = self.listing.at(place);
        let (blocks, with) = (self.users / BLOCK, BLOCK - WITHOUT_ACCOUNT);
        if rank < blocks * with {
            place_of_slot(self.turn(rank / with), rank % with) + rank / with * BLOCK
        } else {
            rank + blocks * WITHOUT_ACCOUNT
        }
    }

    /// Where somebody's account stands in the listing.
    #[must_use]
    pub fn place_of(&self, n: usize) -> Option<usize> {
        let there = n < self.users && self.kind(n).has_account();
        let (block, with) = (n / BLOCK, BLOCK - WITHOUT_ACCOUNT);
        let rank = if block < self.users / BLOCK { block * with + self.slot(n) } else { n - block * WITHOUT_ACCOUNT };
        there.then(|| self.listing.place_of(rank))
    }

    /// The lasting id that somebody's entry has, or had.
    #[must_use]
    pub fn entry_id(&self, n: usize) -> String {
        Person::new(self, n).text(Person::push_id)
    }

    /// The id of somebody's account.
    #[must_use]
    pub fn account_id(&self, n: usize) -> String {
        let mut id = String::with_capacity(13);
        self.push_account_id(n, &mut id);
        id
    }

    /// The user name of somebody's account, and the `uid` of their entry.
    #[must_use]
    pub fn user_name(&self, n: usize) -> String {
        Person::new(self, n).text(Person::push_uid)
    }

    fn is_linked(&self, n: usize) -> bool {
        if !self.kind(n).has_account() || matches!(self.kind(n), Kind::Robot | Kind::HeldRobot) {
            return false;
        }
        match self.linked {
            Linked::Nobody => false,
            Linked::OneIn(so_many) => scattered(self.bits(n) ^ 1).is_multiple_of(so_many.max(1)),
            Linked::Everybody => true,
        }
    }

    fn bits(&self, n: usize) -> u64 {
        scattered(self.seed ^ n as u64)
    }

    /// How far a block is turned.
    fn turn(&self, block: usize) -> usize {
        usize::try_from(scattered(self.seed ^ !(block as u64)) % BLOCK as u64).expect("it is below a thousand")
    }

    /// The place of somebody in a whole block, which says what happened to them.
    fn slot(&self, n: usize) -> usize {
        (n % BLOCK * STEP + self.turn(n / BLOCK)) % BLOCK
    }

    fn kind(&self, n: usize) -> Kind {
        if n / BLOCK < self.users / BLOCK { Kind::of(self.slot(n)) } else { Kind::Fine }
    }

    /// Whose user name a twin has.
    fn twin_of(&self, n: usize) -> usize {
        let slot = 105 + (self.slot(n) + TWINS - BLOCK);
        n / BLOCK * BLOCK + place_of_slot(self.turn(n / BLOCK), slot)
    }

    fn push_account_id(&self, n: usize, out: &mut String) {
        out.push('u');
        person::push_hex::<12>(out, hidden(n as u64, self.account_key()));
    }

    fn entry_key(&self) -> u64 {
        scattered(self.seed ^ 0xe)
    }

    fn account_key(&self) -> u64 {
        scattered(self.seed ^ 0xa)
    }
}

/// What [`Crowd::tell`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The DN.
    Dn,
    /// A value of the attribute at this place in [`ATTRIBUTES`].
    Attribute(usize),
}

/// Where in a block that is turned so far somebody with this slot is.
fn place_of_slot(turn: usize, slot: usize) -> usize {
    (slot + BLOCK - turn) * STEP_BACK % BLOCK
}

/// The configuration of a crowd's channel: `source` is the lines that say where its directory is, `base_url` its service.
#[must_use]
pub fn config_text(source: &str, base_url: &str) -> String {
    include_str!("../../assets/demo/crowd.toml")
        .replace("\nSOURCE\n", &format!("\n{source}\n"))
        .replace("\"BASE_URL\"", &format!("\"{base_url}\""))
}

/// The channel of a crowd that is in this process.
///
/// # Errors
/// None, unless the demo's own configuration is broken.
pub fn channel(base_url: &str) -> Result<Channel> {
    let text = config_text("type = \"ldif\"\npath = \"(in memory)\"", base_url);
    Config::parse(Path::new("demo.toml"), &text)?.channel(None).cloned()
}

/// The entries above the people: the suffix and the units, which no filter for people takes.
#[must_use]
pub fn units() -> Vec<Record> {
    let record = |dn: String, class: &str, name: &str, value: &str| {
        let text = |name: &str, value: &str| (name.into(), LdifValue::Text(value.into()));
        Record { dn, attributes: vec![text("objectClass", class), text(name, value)] }
    };
    let root = record(BASE.to_owned(), "domain", "dc", "example");
    let people = record(PEOPLE.to_owned(), "organizationalUnit", "ou", "people");
    let sites = names::SITES.iter().map(|s| record(format!("ou={},{PEOPLE}", s.unit), "organizationalUnit", "ou", s.unit));
    [root, people].into_iter().chain(sites).collect()
}

#[cfg(test)]
mod tests;
