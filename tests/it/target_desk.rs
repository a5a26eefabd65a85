//! What tests of targets share: a connector of the test's own, a configuration, and a listing taken down.

use rosterm::config::{Channel, Config};
use rosterm::identity::population::Population;
use rosterm::model::field::Field;
use rosterm::model::{Cause, ReadEnd};
use rosterm::target::{Columns, Connector, Listed, OddItem, Target};
use std::path::Path;

/// A channel whose target has these lines; its source is never opened. The connector is `own`, unless a line names one.
pub fn channel(base_url: &str, lines: &str) -> Result<Channel, String> {
    let connector = if lines.contains("connector =") { "" } else { "connector = \"scim2\"\n" };
    let auth = if lines.contains("auth =") || lines.contains("token =") { "" } else { "auth = \"none\"\n" };
    let text = format!(
        "[channels.x.source]\ntype = \"ldif\"\npath = \"x\"\n[channels.x.source.location]\nbase_dn = \"dc=x\"\n\
         [channels.x.target]\nbase_url = \"{base_url}\"\n{connector}{auth}{lines}\n[channels.x.mapping]\nuserName = \"uid\"\n"
    );
    Config::parse(Path::new("rosterm.toml"), &text).and_then(|c| c.channel(None).cloned()).map_err(|e| e.to_string())
}

/// A connector with these keys and four fields.
pub fn connector(keys: &str) -> Connector {
    if keys.contains("filter =") {
        connector_with(keys)
    } else {
        connector_with(&format!("filter = [\"userName\", \"externalId\"]\n{keys}"))
    }
}

/// The same, with the keys as they are.
pub fn connector_with(keys: &str) -> Connector {
    let enterprise = if keys.contains("\"1.1\"") {
        "urn:scim:schemas:extension:enterprise:1.0:manager.managerId"
    } else {
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"
    };
    let text = format!(
        "title = \"Own\"\n{keys}\n[fields.userName]\npath = \"userName\"\n\
         [fields.givenName]\npath = \"name.givenName\"\n[fields.email]\npath = 'emails[type eq \"work\"].value'\n\
         [fields.manager]\npath = \"{enterprise}\"\ntype = \"reference\"\n"
    );
    Connector::parse("own", "own.toml", &text).map_err(|e| e.to_string()).unwrap()
}

/// The columns of every field of a connector that can be mapped.
pub fn columns(connector: &Connector) -> Columns {
    let fields: Vec<&Field> = connector.fields.iter().filter(|f| !f.read_only).collect();
    Columns::new(fields.into_iter())
}

pub async fn open(base_url: &str, lines: &str, connector: &Connector) -> rosterm::error::Result<Target> {
    let channel = channel(base_url, lines).unwrap();
    Target::open(&channel.target, connector, columns(connector)).await
}

/// People of a service: `a1` is `User1@example.com`, every tenth is inactive, everybody's manager is `a1`.
pub fn people(count: usize) -> Vec<serde_json::Value> {
    (1..=count)
        .map(|i| {
            serde_json::json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
                "id": format!("a{i}"), "userName": format!("User{i}@example.com"), "externalId": format!("x{i}"), "active": i % 10 != 0,
                "name": {"givenName": format!("Given{i}"), "familyName": "Family"},
                "emails": [{"value": format!("user{i}@example.com"), "type": "work", "primary": true}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D", "manager": {"value": "a1"}},
            })
        })
        .collect()
}

/// A listing as it was read.
pub struct Taken {
    pub end: ReadEnd,
    pub accounts: Population,
    pub odd: Vec<OddItem>,
    /// How often it was begun anew.
    pub again: usize,
    pub totals: Vec<usize>,
}

impl Taken {
    pub fn cause(&self) -> Option<Cause> {
        self.end.cause().map(|why| why.cause)
    }

    pub fn detail(&self) -> &str {
        self.end.cause().map_or("", |why| why.detail.as_str())
    }

    /// The ids, in the order in which they came.
    pub fn ids(&self) -> Vec<&str> {
        self.accounts.rows().map(|row| self.accounts.row(row).id()).collect()
    }
}

pub async fn take(target: &mut Target) -> Taken {
    let empty = Population::new(target.columns().schema().clone());
    let (send, mut receive) = tokio::sync::mpsc::channel(2);
    let (mut accounts, mut odd, mut again, mut totals) = (empty.clone(), Vec::new(), 0, Vec::new());
    let store = async {
        while let Some(listed) = receive.recv().await {
            match listed {
                Listed::Total(total) => totals.push(total),
                Listed::Accounts(batch) => accounts.absorb(&batch, |_, _| ()),
                Listed::Odd(item) => odd.push(item),
                Listed::Again => {
                    again += 1;
                    accounts = empty.clone();
                    odd.clear();
                }
            }
        }
    };
    let (end, ()) = tokio::join!(target.read(send), store);
    Taken { end, accounts, odd, again, totals }
}
