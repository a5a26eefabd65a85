//! The accounts of a small service: a list that keeps its order, with the place of each id.

use super::accounts::Refused;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Accounts that are held one by one.
#[derive(Default)]
pub(super) struct Held {
    pub users: Vec<Value>,
    by_id: HashMap<String, usize>,
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
    }

    pub fn get(&self, id: &str) -> Option<&Value> {
        self.users.get(*self.by_id.get(id)?)
    }

    /// True if another account than the one with this id has the user name, or with `by_mail` one of the addresses.
    fn is_taken(&self, account: &Value, but: Option<&str>, by_mail: bool) -> bool {
        let name = |u: &Value| u.get("userName").and_then(Value::as_str).map(str::to_lowercase);
        let mails = |u: &Value| -> Vec<String> {
            let list = u.get("emails").and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|e| e.get("value").and_then(Value::as_str)).map(str::to_lowercase).collect()
        };
        let (ours, our_mails) = (name(account), mails(account));
        self.users
            .iter()
            .filter(|u| u.get("id").and_then(Value::as_str) != but)
            .any(|u| (ours.is_some() && name(u) == ours) || (by_mail && mails(u).iter().any(|m| our_mails.contains(m))))
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
