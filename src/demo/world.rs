//! People, accounts, links and holds from a seed: every line of the table of situations, and the truth about each.

mod people;

use crate::clock::Instant;
use crate::config::{Channel, Config};
use crate::error::Result;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, Hold, HoldOn, Link, LinkOrigin, Reason, Situation};
use crate::source::ldif::{Record, Value as LdifValue};
use fastrand::Rng;
use people::Person;
use serde_json::{Map, Value, json};
use std::path::Path;

const BASE: &str = "dc=example,dc=test";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// How a world is made.
#[derive(Debug, Clone, Copy)]
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

/// The channel of the demo, with a service at `base_url` and a directory in the file `directory`.
///
/// # Errors
/// None, unless the demo's own configuration is broken.
pub fn channel(base_url: &str, directory: &Path, external_ids: bool) -> Result<Channel> {
    let mut text =
        include_str!("../../assets/demo/rosterm.toml").replace("BASE_URL", base_url).replace("DIRECTORY", &directory.display().to_string());
    if !external_ids {
        text = text.replace("externalId =", "# externalId =");
    }
    let config = Config::parse(Path::new("demo.toml"), &text)?;
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
        plan,
    };
    maker.frame();
    let (mut turn, mut made) = (0, 0);
    while maker.next < plan.users {
        if plan.lifelike && made % 20 > 0 {
            maker.in_sync(maker.linked_by_seed(made));
        } else {
            CASES[turn % CASES.len()](&mut maker);
            turn += 1;
        }
        made += 1;
    }
    maker.groups();
    // The service lists accounts in an order of its own.
    maker.rng.shuffle(&mut maker.world.accounts);
    maker.world
}

type Case = fn(&mut Maker);

/// Every case, in turn.
const CASES: &[Case] = &[
    |m| m.in_sync(true),
    |m| m.in_sync(false),
    Maker::in_sync_but_for_case,
    |m| m.changed(true),
    |m| m.changed(false),
    Maker::cleared,
    Maker::renamed,
    Maker::renamed_by_external_id,
    Maker::new_person,
    Maker::account_gone,
    Maker::skipped,
    |m| m.leaving_disabled(true),
    |m| m.leaving_disabled(false),
    Maker::leaving_with_a_broken_mapping,
    Maker::leaving_deleted,
    Maker::leaving_out_of_group,
    Maker::leaving_out_of_base,
    Maker::leaving_out_of_filter,
    Maker::leaving_disabled_elsewhere,
    |m| m.left_disabled(true),
    |m| m.left_disabled(false),
    Maker::left_deleted,
    |m| m.returning(true),
    |m| m.returning(false),
    Maker::duplicates_in_source,
    Maker::duplicates_in_target,
    Maker::created_anew,
    Maker::twin_of_a_linked_person,
    Maker::rename_collision,
    Maker::link_suspect,
    Maker::mapping_error,
    Maker::missing_required,
    Maker::invalid_value,
    Maker::several_values,
    Maker::immutable_changed,
    Maker::unmatched,
    Maker::other_channel,
    Maker::held_entry,
    Maker::held_account,
    Maker::outside,
];

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
        let mut resource = person.account();
        if !self.plan.external_ids {
            resource.remove("externalId");
        }
        resource.insert("id".to_owned(), json!(format!("acc-{:06}", self.account_ids)));
        resource
    }

    fn add_account(&mut self, resource: Map<String, Value>) -> String {
        let id = resource["id"].as_str().unwrap_or_default().to_owned();
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
            last_active: true,
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

    fn in_sync(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |_, _| ());
        let (case, action) = if linked { ("in sync, linked", Action::None) } else { ("in sync, by key", Action::Link) };
        self.truth(case, &person, Situation::InSync, None, action);
    }

    fn in_sync_but_for_case(&mut self) {
        let (person, _) = self.fine(false, |person, resource| {
            resource.insert("userName".to_owned(), json!(person.uid.to_uppercase()));
            resource.insert("emails".to_owned(), json!([{"value": person.mail.to_uppercase(), "type": "WORK"}, {"value": "home@example.net", "type": "home", "primary": true}]));
            resource.insert("nickName".to_owned(), json!(""));
        });
        self.truth("in sync but for letter case", &person, Situation::InSync, None, Action::Link);
    }

    fn changed(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |person, _| person.title = Some("Chief of Something".to_owned()));
        self.truth(if linked { "changed, linked" } else { "changed, by key" }, &person, Situation::Changed, None, Action::Update);
    }

    fn cleared(&mut self) {
        let (person, _) = self.fine(true, |person, resource| {
            resource.insert("title".to_owned(), json!("Was something"));
            person.title = None;
        });
        self.truth("a value to clear", &person, Situation::Changed, None, Action::Update);
    }

    fn renamed(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.uid = format!("{}-married", person.uid));
        self.truth("renamed, linked", &person, Situation::Changed, None, Action::Update);
    }

    fn renamed_by_external_id(&mut self) {
        if !self.plan.external_ids {
            return self.in_sync(false);
        }
        let (person, _) = self.fine(false, |person, _| person.uid = format!("{}-moved", person.uid));
        self.truth("renamed, found by externalId", &person, Situation::Changed, None, Action::Update);
    }

    fn new_person(&mut self) {
        let person = self.person();
        self.entry(&person, true);
        self.truth("new", &person, Situation::New, Some(Reason::FirstSeen), Action::Create);
    }

    fn account_gone(&mut self) {
        let person = self.person();
        self.entry(&person, true);
        self.account_ids += 1;
        let gone = format!("gone-{}", self.account_ids);
        self.link(&person.id, &gone, &[&person.uid.clone()]);
        self.truth("the linked account is gone", &person, Situation::New, Some(Reason::AccountGone), Action::Create);
    }

    fn skipped(&mut self) {
        let mut person = self.person();
        person.disabled = true;
        self.entry(&person, true);
        self.truth("disabled, no account", &person, Situation::Skipped, Some(Reason::Disabled), Action::None);
    }

    fn leaving_disabled(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |person, _| person.disabled = true);
        self.truth(
            if linked { "disabled, linked" } else { "disabled, by key" },
            &person,
            Situation::Leaving,
            Some(Reason::Disabled),
            Action::Disable,
        );
    }

    fn leaving_with_a_broken_mapping(&mut self) {
        let (person, _) = self.fine(true, |person, _| {
            person.disabled = true;
            person.number = "none".to_owned();
            person.mail = String::new();
        });
        self.truth("disabled, mapping broken", &person, Situation::Leaving, Some(Reason::Disabled), Action::Disable);
    }

    /// Somebody with a linked account who is not in scope; `change` says where they are, `None` that they are nowhere.
    fn leaver(&mut self, case: &'static str, reason: Reason, active: bool, change: Option<fn(&mut Person) -> bool>) {
        let mut person = self.person();
        let mut resource = self.account(&person);
        if !active {
            resource.insert("active".to_owned(), json!(false));
        }
        let account = self.add_account(resource);
        self.link(&person.id, &account, &[&person.uid.clone(), &person.mail.clone()]);
        if let Some(change) = change {
            let in_group = change(&mut person);
            self.entry(&person, in_group);
        }
        let (situation, action) = if active { (Situation::Leaving, Action::Disable) } else { (Situation::Left, Action::None) };
        self.truth_of_account(case, &account, situation, Some(reason), action);
    }

    fn leaving_deleted(&mut self) {
        self.leaver("deleted", Reason::Deleted, true, None);
    }

    fn leaving_out_of_group(&mut self) {
        self.leaver("left the group", Reason::OutOfScope, true, Some(|_| false));
    }

    fn leaving_out_of_base(&mut self) {
        self.leaver(
            "moved out of the base",
            Reason::OutOfScope,
            true,
            Some(|p| {
                p.unit = "ou=former";
                true
            }),
        );
    }

    fn leaving_out_of_filter(&mut self) {
        self.leaver(
            "does not match the filter any more",
            Reason::OutOfScope,
            true,
            Some(|p| {
                p.external = true;
                true
            }),
        );
    }

    fn leaving_disabled_elsewhere(&mut self) {
        self.leaver(
            "disabled and moved away",
            Reason::Disabled,
            true,
            Some(|p| {
                p.unit = "ou=former";
                p.disabled = true;
                false
            }),
        );
    }

    fn left_deleted(&mut self) {
        self.leaver("deleted, account inactive", Reason::Deleted, false, None);
    }

    fn left_disabled(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |person, resource| {
            person.disabled = true;
            resource.insert("active".to_owned(), json!(false));
        });
        let action = if linked { Action::None } else { Action::Link };
        self.truth(
            if linked { "disabled, account inactive" } else { "disabled, account inactive, by key" },
            &person,
            Situation::Left,
            Some(Reason::Disabled),
            action,
        );
    }

    fn returning(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |_, resource| {
            resource.insert("active".to_owned(), json!(false));
        });
        self.truth(if linked { "back, linked" } else { "back, by key" }, &person, Situation::Returning, None, Action::Enable);
    }

    fn duplicates_in_source(&mut self) {
        let first = self.person();
        let mut second = self.person();
        second.uid = first.uid.to_uppercase();
        // With an account that has neither's id, nobody can say whose it is.
        if self.rng.bool() {
            let mut resource = self.account(&first);
            resource.remove("externalId");
            self.add_account(resource);
        }
        for person in [&first, &second] {
            self.entry(person, true);
            self.truth("two people with one user name", person, Situation::Ambiguous, Some(Reason::DuplicateInSource), Action::None);
        }
    }

    fn duplicates_in_target(&mut self) {
        let person = self.person();
        if !self.plan.twin_accounts {
            self.entry(&person, true);
            self.truth("new", &person, Situation::New, Some(Reason::FirstSeen), Action::Create);
            return;
        }
        for name in [person.uid.clone(), person.uid.to_uppercase()] {
            let mut resource = self.account(&person);
            resource.remove("externalId");
            resource.insert("userName".to_owned(), json!(name));
            self.add_account(resource);
        }
        self.entry(&person, true);
        self.truth("two accounts with one user name", &person, Situation::Ambiguous, Some(Reason::DuplicateInTarget), Action::None);
    }

    fn created_anew(&mut self) {
        let before = self.person();
        let resource = self.account(&before);
        let account = self.add_account(resource);
        self.link(&before.id, &account, &[&before.uid.clone()]);
        self.truth_of_account(
            "deleted and created anew: the account",
            &account,
            Situation::Leaving,
            Some(Reason::Deleted),
            Action::Disable,
        );
        let mut after = self.person();
        after.uid.clone_from(&before.uid);
        self.entry(&after, true);
        self.truth("deleted and created anew", &after, Situation::Ambiguous, Some(Reason::LinkedElsewhere), Action::None);
    }

    fn twin_of_a_linked_person(&mut self) {
        let (person, _) = self.fine(true, |_, _| ());
        self.truth("in sync, linked, has a twin", &person, Situation::InSync, None, Action::None);
        let mut twin = self.person();
        twin.uid.clone_from(&person.uid);
        self.entry(&twin, true);
        self.truth("twin of a linked person", &twin, Situation::Ambiguous, Some(Reason::LinkedElsewhere), Action::None);
    }

    fn rename_collision(&mut self) {
        let stranger = self.person();
        let mut resource = self.account(&stranger);
        resource.remove("externalId");
        self.add_account(resource);
        let (person, _) = self.fine(true, |person, _| person.uid.clone_from(&stranger.uid));
        self.truth("renamed to a name that is taken", &person, Situation::Ambiguous, Some(Reason::RenameCollision), Action::None);
    }

    fn link_suspect(&mut self) {
        let person = self.person();
        let mut resource = self.account(&person);
        resource.insert("userName".to_owned(), json!(format!("stranger-{}", person.number)));
        resource.insert("emails".to_owned(), json!([{"value": format!("stranger-{}@example.net", person.number), "type": "work"}]));
        resource.remove("externalId");
        let account = self.add_account(resource);
        self.link(&person.id, &account, &[&person.uid.clone(), &person.mail.clone()]);
        self.entry(&person, true);
        self.truth("the linked account is somebody else's", &person, Situation::Ambiguous, Some(Reason::LinkSuspect), Action::None);
    }

    fn mapping_error(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.number = "n/a".to_owned());
        self.truth("a rule fails", &person, Situation::Invalid, Some(Reason::MappingError), Action::None);
    }

    fn missing_required(&mut self) {
        let mut person = self.person();
        person.mail = String::new();
        self.entry(&person, true);
        self.truth("no e-mail address", &person, Situation::Invalid, Some(Reason::MissingRequired), Action::None);
    }

    fn invalid_value(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.mail = "not an address".to_owned());
        self.truth("an e-mail address that is none", &person, Situation::Invalid, Some(Reason::InvalidValue), Action::None);
    }

    fn several_values(&mut self) {
        let mut person = self.person();
        person.second_uid = Some(format!("{}-2", person.uid));
        self.entry(&person, true);
        self.truth("two values of the match attribute", &person, Situation::Invalid, Some(Reason::SeveralValues), Action::None);
    }

    fn immutable_changed(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.number = format!("9{}", person.number));
        self.truth("only a field differs that can't change", &person, Situation::Invalid, Some(Reason::ImmutableChanged), Action::None);
    }

    fn unmatched(&mut self) {
        let person = self.person();
        let mut resource = self.account(&person);
        resource.insert("userName".to_owned(), json!(format!("svc-{}", person.uid)));
        let account = self.add_account(resource);
        self.truth_of_account("an account of nobody's", &account, Situation::Unmatched, Some(Reason::NeverLinked), Action::None);
    }

    fn other_channel(&mut self) {
        let person = self.person();
        let resource = self.account(&person);
        let account = self.add_account(resource);
        self.link_of("contractors", &person.id, &account, &[&person.uid.clone()]);
        self.truth_of_account("another channel's account", &account, Situation::Unmatched, Some(Reason::OtherChannel), Action::None);
    }

    fn hold(&mut self, on: HoldOn) {
        let hold = Hold { reason: "asked for by HR".to_owned(), author: "op".to_owned(), since: Instant(1_760_000_000), until: None };
        self.world.holds.push((on, hold));
    }

    fn held_entry(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.disabled = true);
        self.hold(HoldOn::Entry(EntryId::new(person.id.as_str())));
        self.truth("held, would leave", &person, Situation::Held, Some(Reason::Disabled), Action::None);
    }

    fn held_account(&mut self) {
        let person = self.person();
        let mut resource = self.account(&person);
        resource.insert("userName".to_owned(), json!(format!("svc-{}", person.uid)));
        let account = self.add_account(resource);
        self.hold(HoldOn::Account(AccountId::new(account.as_str())));
        self.truth_of_account("held, unmatched", &account, Situation::Held, Some(Reason::NeverLinked), Action::None);
    }

    /// Somebody who never was in scope: no row at all.
    fn outside(&mut self) {
        let mut person = self.person();
        person.external = self.rng.bool();
        let in_group = person.external;
        self.entry(&person, in_group);
    }
}

fn text(name: &str, value: &str) -> (Box<str>, LdifValue) {
    (name.into(), LdifValue::Text(value.into()))
}
