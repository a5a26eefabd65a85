//! What differs between the services that a world's accounts are for: names, schemas, what is fixed, what is shown.

use super::Plan;
use super::people::Person;
use serde_json::{Map, Value, json};

/// The kind of service that a world's accounts are for, named as its connector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The demo's own.
    #[default]
    Demo,
    /// `scim2`.
    Scim2,
    /// `lucidchart`: user names are addresses and can't be changed.
    Lucid,
    /// `workplace`: user names are addresses, a manager is a number.
    Workplace,
    /// `scim1`.
    Scim1,
}

/// Where a service shows inactive accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Inactive {
    /// In its listing, like all others.
    #[default]
    Listed,
    /// Only where they are filtered for by name, or asked for by id.
    Filtered,
    /// Only where they are asked for by id.
    ById,
    /// Nowhere: asked for by id it says that there is none.
    Nowhere,
}

const ENTERPRISE_2: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ENTERPRISE_1: &str = "urn:scim:schemas:extension:enterprise:1.0";

impl Dialect {
    /// The connector's name in a configuration.
    #[must_use]
    pub fn connector(self) -> &'static str {
        match self {
            Dialect::Demo => "demo",
            Dialect::Scim2 => "scim2",
            Dialect::Lucid => "lucidchart",
            Dialect::Workplace => "workplace",
            Dialect::Scim1 => "scim1",
        }
    }

    fn names_are_addresses(self) -> bool {
        matches!(self, Dialect::Lucid | Dialect::Workplace)
    }

    /// The user name of an account can't be changed.
    pub(super) fn fixes_names(self) -> bool {
        self == Dialect::Lucid
    }

    /// The employee number of an account can't be changed.
    pub(super) fn fixes_numbers(self) -> bool {
        self == Dialect::Demo
    }

    /// The user name that the mapping makes of a `uid`.
    pub(super) fn name(self, uid: &str) -> String {
        if self.names_are_addresses() { format!("{uid}@example.com") } else { uid.to_owned() }
    }

    fn enterprise(self) -> &'static str {
        if self == Dialect::Scim1 { ENTERPRISE_1 } else { ENTERPRISE_2 }
    }

    /// The mapping of the demo, as this service needs it.
    pub(super) fn mapping(self, demo: &str) -> String {
        let mut text = demo.replace("connector = \"demo\"", &format!("connector = \"{}\"", self.connector()));
        if self != Dialect::Demo {
            text = text.replace("email = \"mail | lower\"", "email = { value = \"mail | lower\", required = true }");
        }
        if self.names_are_addresses() {
            text = text.replace("\"uid | lower\"", "\"(uid | lower) ~ '@example.com'\"");
        }
        if self == Dialect::Lucid {
            text = text.replace("employeeNumber = ", "costCenter = ");
        }
        text
    }

    /// The account that is right for a person, but for its id.
    pub(super) fn account(self, person: &Person) -> Map<String, Value> {
        let mut account = Map::new();
        let core = if self == Dialect::Scim1 { "urn:scim:schemas:core:1.0" } else { "urn:ietf:params:scim:schemas:core:2.0:User" };
        let number = if self == Dialect::Lucid { "costCenter" } else { "employeeNumber" };
        let mut put = |name: &str, value: Value| account.insert(name.to_owned(), value);
        put("schemas", json!([core, self.enterprise()]));
        put("userName", json!(self.name(&person.uid)));
        put("externalId", json!(person.id));
        put("name", json!({"givenName": person.given, "familyName": person.family}));
        put("displayName", json!(format!("{} {}", person.given, person.family)));
        put("emails", json!([{"value": person.mail, "type": "work", "primary": true}]));
        if let Some(title) = &person.title {
            put("title", json!(title));
        }
        put("active", json!(true));
        let department = person.department.unwrap_or("Unassigned");
        put(self.enterprise(), json!({"department": department, number: format!("E{}", person.number)}));
        account
    }

    /// Sets whom an account shows as its manager.
    pub(super) fn set_manager(self, account: &mut Map<String, Value>, manager: &str) {
        let value = match self {
            // A JSON number there, as long as the id is one.
            Dialect::Workplace => json!({"managerId": manager.parse::<u64>().map_or_else(|_| json!(manager), |n| json!(n))}),
            Dialect::Scim1 => json!({"managerId": manager}),
            // The reference is optional (RFC 7643 section 4.3), and some services want it.
            _ => json!({"value": manager, "$ref": format!("../Users/{manager}")}),
        };
        if let Some(extension) = account.get_mut(self.enterprise()).and_then(Value::as_object_mut) {
            extension.insert("manager".to_owned(), value);
        }
    }

    /// Whom an account shows as its manager.
    #[must_use]
    pub fn manager(self, account: &mut Map<String, Value>) -> Option<&mut Value> {
        let manager = account.get_mut(self.enterprise())?.get_mut("manager")?;
        manager.get_mut(if matches!(self, Dialect::Workplace | Dialect::Scim1) { "managerId" } else { "value" })
    }

    /// The ids of accounts, as this service would choose them.
    pub(super) fn id(self, n: usize) -> String {
        match self {
            Dialect::Workplace => format!("{}", 100_012_764_000_000 + n),
            Dialect::Lucid => format!("lucid-{n:06}"),
            _ => format!("acc-{n:06}"),
        }
    }
}

impl Plan {
    /// A plan with every case equally often, for the demo's own service.
    #[must_use]
    pub fn of(users: usize, seed: u64) -> Self {
        Plan {
            users,
            seed,
            lifelike: false,
            twin_accounts: true,
            external_ids: true,
            managers: true,
            dialect: Dialect::Demo,
            inactive: Inactive::Listed,
        }
    }
}
