//! The accounts of a small service: a list that keeps its order, with the place of each id.

use super::accounts::Refused;
use serde_json::{Value, json};
use std::collections::HashMap;

fn name_of(account: &Value) -> Option<String> {
    account.get("userName").and_then(Value::as_str).map(str::to_lowercase)
}

/// Accounts that are held one by one.
#[derive(Default)]
pub(super) struct Held {
    pub users: Vec<Value>,
    by_id: HashMap<String, usize>,
    /// How many accounts have a user name, in small letters.
    names: HashMap<String, usize>,
    created: usize,
}

impl Held {
    pub fn new(users: Vec<Value>) -> Self {
        let mut held = Held::default();
        held.set(users);
        held
    }

    pub fn set(&mut self, users: Vec<Value>) {
        self.users = users;
        self.index();
    }

    fn index(&mut self) {
        let id = |u: &Value| u.get("id").and_then(Value::as_str).map(str::to_owned);
        self.by_id = self.users.iter().enumerate().filter_map(|(i, u)| Some((id(u)?, i))).collect();
        self.names.clear();
        for name in self.users.iter().filter_map(name_of) {
            *self.names.entry(name).or_default() += 1;
        }
    }

    pub fn get(&self, id: &str) -> Option<&Value> {
        self.users.get(*self.by_id.get(id)?)
    }

    /// True if another account than the one with this id has the user name, or with `by_mail` one of the addresses.
    fn is_taken(&self, account: &Value, but: Option<&str>, by_mail: bool) -> bool {
        let ours = name_of(account);
        let own = but.and_then(|id| self.get(id)).and_then(name_of);
        let others = ours.as_ref().map_or(0, |name| self.names.get(name).copied().unwrap_or(0) - usize::from(own == ours));
        if others > 0 || !by_mail {
            return others > 0;
        }
        let mails = |u: &Value| -> Vec<String> {
            let list = u.get("emails").and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|e| e.get("value").and_then(Value::as_str)).map(str::to_lowercase).collect()
        };
        let our_mails = mails(account);
        self.users.iter().filter(|u| u.get("id").and_then(Value::as_str) != but).any(|u| mails(u).iter().any(|m| our_mails.contains(m)))
    }

    /// Adds an account; gives its id.
    pub fn insert(&mut self, mut account: Value, by_mail: bool, twins: bool) -> Result<String, Refused> {
        account.get("userName").and_then(Value::as_str).ok_or(Refused::Nameless)?;
        if !twins && self.is_taken(&account, None, by_mail) {
            return Err(Refused::Taken);
        }
        let id = format!("n{}", self.created);
        self.created += 1;
        account["id"] = json!(id);
        self.by_id.insert(id.clone(), self.users.len());
        if let Some(name) = name_of(&account) {
            *self.names.entry(name).or_default() += 1;
        }
        self.users.push(account);
        Ok(id)
    }

    pub fn replace(&mut self, id: &str, mut account: Value, by_mail: bool) -> Result<(), Refused> {
        let at = *self.by_id.get(id).ok_or(Refused::Unknown)?;
        account.get("userName").and_then(Value::as_str).ok_or(Refused::Nameless)?;
        if self.is_taken(&account, Some(id), by_mail) {
            return Err(Refused::Taken);
        }
        account["id"] = json!(id);
        if let Some(count) = name_of(&self.users[at]).and_then(|name| self.names.get_mut(&name)) {
            *count -= 1;
        }
        if let Some(name) = name_of(&account) {
            *self.names.entry(name).or_default() += 1;
        }
        self.users[at] = account;
        Ok(())
    }

    pub fn remove(&mut self, id: &str) -> Result<(), Refused> {
        let at = *self.by_id.get(id).ok_or(Refused::Unknown)?;
        self.users.remove(at);
        self.index();
        Ok(())
    }
}
