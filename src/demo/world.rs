//! People, accounts, links and holds from a seed: every line of the table of situations, and the truth about each.

mod cases;
mod dialect;
mod people;

pub use dialect::{Dialect, Inactive};

use crate::clock::Instant;
use crate::config::{Channel, Config};
use crate::error::Result;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, Hold, HoldOn, Link, LinkOrigin, Reason, Situation};
use crate::source::ldif::{Record, Value as LdifValue};
use fastrand::Rng;
use people::Person;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::Path;

/// The naming context of every embedded directory.
pub const BASE: &str = "dc=example,dc=test";

/// How a world is made.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a knob of its own")]
pub struct Plan {
    /// About how many people.
    pub users: usize,
    /// The same seed makes the same world.
    pub seed: u64,
    /// Most people are fine and only some are not, as in an organisation; otherwise all cases come equally often.
    pub lifelike: bool,
    /// The service can hold two accounts with user names that differ in letter case only. Real ones rarely can.
    pub twin_accounts: bool,
    /// The mapping sends the lasting id as `externalId`.
    pub external_ids: bool,
    /// The mapping sends managers.
    pub managers: bool,
    /// What kind of service it is for.
    pub dialect: Dialect,
    /// Where the service shows inactive accounts.
    pub inactive: Inactive,
}

/// A world.
#[derive(Debug)]
pub struct World {
    /// What the directory holds.
    pub records: Vec<Record>,
    /// What the service holds: SCIM resources, with ids.
    pub accounts: Vec<Value>,
    /// What is remembered.
    pub links: Vec<Link>,
    /// What is held.
    pub holds: Vec<(HoldOn, Hold)>,
    /// What is true, one a row.
    pub truth: Vec<Truth>,
}

/// What is true about one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The case that the generator made.
    pub case: &'static str,
    /// The lasting id of the entry in scope whose row it is.
    pub entry: Option<String>,
    /// The id of the account whose row it is, where there is no entry in scope.
    pub account: Option<String>,
    /// The situation.
    pub situation: Situation,
    /// The reason.
    pub reason: Option<Reason>,
    /// The action.
    pub action: Action,
}

/// The configuration of a world's channel, with a service at `base_url` and a directory in the file `directory`.
#[must_use]
pub fn config_text(plan: Plan, base_url: &str, directory: &str) -> String {
    let mut text = plan.dialect.mapping(include_str!("../../assets/demo/rosterm.toml"));
    text = text.replace("BASE_URL", base_url).replace("DIRECTORY", directory);
    for (wanted, rule) in [(plan.external_ids, "externalId ="), (plan.managers, "manager =")] {
        if !wanted {
            text = text.replace(rule, &format!("# {rule}"));
        }
    }
    text
}

/// The channel of a world, with a service at `base_url` and a directory in the file `directory`.
///
/// # Errors
/// None, unless the demo's own configuration is broken.
pub fn channel(plan: Plan, base_url: &str, directory: &Path) -> Result<Channel> {
    let config = Config::parse(Path::new("demo.toml"), &config_text(plan, base_url, &directory.display().to_string()))?;
    config.channel(None).cloned()
}

struct Maker {
    rng: Rng,
    world: World,
    members: Vec<String>,
    team: Vec<String>,
    next: usize,
    /// Which index the accounts have that were added, for ids.
    account_ids: usize,
    /// The ids of inactive accounts.
    inactive: HashSet<String>,
    plan: Plan,
}

/// Makes a world.
#[must_use]
pub fn make(plan: Plan) -> World {
    let mut maker = Maker {
        rng: Rng::with_seed(plan.seed),
        world: World { records: Vec::new(), accounts: Vec::new(), links: Vec::new(), holds: Vec::new(), truth: Vec::new() },
        members: Vec::new(),
        team: Vec::new(),
        next: 0,
        account_ids: 0,
        inactive: HashSet::new(),
        plan,
    };
    maker.frame();
    let (mut turn, mut made) = (0, 0);
    while maker.next < plan.users {
        if plan.lifelike && made % 20 > 0 {
            maker.in_sync(maker.linked_by_seed(made));
        } else {
            cases::CASES[turn % cases::CASES.len()](&mut maker);
            turn += 1;
        }
        made += 1;
    }
    maker.groups();
    // The service lists accounts in an order of its own.
    maker.rng.shuffle(&mut maker.world.accounts);
    maker.world
}

impl Maker {
    fn frame(&mut self) {
        let mut unit = |dn: String, ou: &str| {
            let attributes = vec![text("objectClass", "organizationalUnit"), text("ou", ou)];
            self.world.records.push(Record { dn, attributes });
        };
        unit(format!("ou=people,{BASE}"), "people");
        unit(format!("ou=staff,ou=people,{BASE}"), "staff");
        unit(format!("ou=former,{BASE}"), "former");
        unit(format!("ou=groups,{BASE}"), "groups");
        let root = vec![text("objectClass", "dcObject"), text("objectClass", "organization"), text("o", "Example"), text("dc", "example")];
        self.world.records.insert(0, Record { dn: BASE.to_owned(), attributes: root });
    }

    /// The group of the channel holds some people itself and the rest through teams; the teams hold each other too.
    fn groups(&mut self) {
        let dn = |name: &str| format!("cn={name},ou=groups,{BASE}");
        let mut group = |name: &str, members: Vec<String>| {
            let mut attributes = vec![text("objectClass", "groupOfNames"), text("cn", name)];
            attributes.extend(members.iter().map(|m| text("member", m)));
            self.world.records.push(Record { dn: dn(name), attributes });
        };
        let mut members = self.members.clone();
        members.push(dn("team-a"));
        members.push(format!("uid=long-gone,ou=people,{BASE}"));
        group("example-cloud", members);
        let (a, b): (Vec<_>, Vec<_>) = self.team.iter().cloned().enumerate().partition(|(i, _)| i % 2 == 0);
        let strip = |list: Vec<(usize, String)>| list.into_iter().map(|(_, dn)| dn).collect::<Vec<_>>();
        group("team-a", strip(a).into_iter().chain([dn("team-b")]).collect());
        group("team-b", strip(b).into_iter().chain([dn("team-a")]).collect());
    }

    /// The user name that the mapping makes of a `uid`.
    fn name(&self, uid: &str) -> String {
        self.plan.dialect.name(uid)
    }

    fn person(&mut self) -> Person {
        let n = self.next;
        self.next += 1;
        Person::make(&mut self.rng, n)
    }

    fn linked_by_seed(&self, n: usize) -> bool {
        // In half of the worlds nearly everybody is linked, in the other half hardly anybody.
        n.is_multiple_of(7) != self.plan.seed.is_multiple_of(2)
    }

    /// Puts a person into the directory; `in_group` also into the channel's group, directly or through a team.
    fn entry(&mut self, person: &Person, in_group: bool) {
        let record = person.record();
        if in_group {
            let list = if self.rng.bool() { &mut self.members } else { &mut self.team };
            list.push(record.dn.clone());
        }
        self.world.records.push(record);
    }

    /// Makes the account that a person should have.
    fn account(&mut self, person: &Person) -> Map<String, Value> {
        self.account_ids += 1;
        let mut resource = self.plan.dialect.account(person);
        if !self.plan.external_ids {
            resource.remove("externalId");
        }
        resource.insert("id".to_owned(), json!(self.plan.dialect.id(self.account_ids)));
        resource
    }

    fn add_account(&mut self, resource: Map<String, Value>) -> String {
        let id = resource["id"].as_str().unwrap_or_default().to_owned();
        if resource.get("active") == Some(&json!(false)) {
            self.inactive.insert(id.clone());
        }
        self.world.accounts.push(Value::Object(resource));
        id
    }

    fn link(&mut self, entry: &str, account: &str, remembered: &[&str]) {
        self.link_of("demo", entry, account, remembered);
    }

    fn link_of(&mut self, channel: &str, entry: &str, account: &str, remembered: &[&str]) {
        self.world.links.push(Link {
            entry: EntryId::new(entry),
            account: AccountId::new(account),
            channel: channel.to_owned(),
            origin: LinkOrigin::Created,
            since: Instant(1_760_000_000),
            remembered: remembered.iter().map(ToString::to_string).collect(),
            // What was seen when the account was still shown.
            last_active: !self.inactive.contains(account),
        });
    }

    fn truth(&mut self, case: &'static str, person: &Person, situation: Situation, reason: Option<Reason>, action: Action) {
        self.world.truth.push(Truth { case, entry: Some(person.id.clone()), account: None, situation, reason, action });
    }

    fn truth_of_account(&mut self, case: &'static str, account: &str, situation: Situation, reason: Option<Reason>, action: Action) {
        self.world.truth.push(Truth { case, entry: None, account: Some(account.to_owned()), situation, reason, action });
    }

    /// A person in scope with the account that is right, linked or not.
    fn fine(&mut self, linked: bool, change: impl FnOnce(&mut Person, &mut Map<String, Value>)) -> (Person, String) {
        let mut person = self.person();
        let mut resource = self.account(&person);
        change(&mut person, &mut resource);
        self.entry(&person, true);
        let user_name = resource.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
        let account = self.add_account(resource);
        if linked {
            self.link(&person.id, &account, &[&user_name]);
        }
        (person, account)
    }
}

fn text(name: &str, value: &str) -> (Box<str>, LdifValue) {
    (name.into(), LdifValue::Text(value.into()))
}
