//! The accounts of a crowd, and what was done to them: only edits are stored.
//!
//! What must stay true: the listing keeps its order whatever is done (who is replaced keeps the place, who is new stands
//! last), and every look-up by id or name takes the same time however large the crowd is.

use crate::demo::crowd::Crowd;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Why an edit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no account with this id.
    Unknown,
    /// Somebody else has this user name.
    Taken,
    /// It has no user name.
    Nameless,
}

/// What an account can be looked up by with `eq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// `id`.
    Id,
    /// `userName`, in any letter case.
    UserName,
    /// `externalId`.
    ExternalId,
    /// `emails.value`, in any letter case.
    Email,
}

/// The accounts of a crowd, with the edits made to them.
pub struct Accounts {
    crowd: Crowd,
    edits: RwLock<Edits>,
}

#[derive(Default)]
struct Edits {
    /// What replaced somebody of the crowd.
    replaced: HashMap<usize, Value>,
    /// Places in the crowd's own listing that are empty now, in order.
    removed: Vec<usize>,
    /// Who is new; empty where they were removed again.
    added: Vec<Option<Value>>,
    /// Whose accounts that were edited have a name.
    named: HashMap<(By, String), Vec<Who>>,
}

/// Whose account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Crowd(usize),
    Added(usize),
}

impl Edits {
    fn get(&self, who: Who) -> Option<&Value> {
        match who {
            Who::Crowd(n) => self.replaced.get(&n),
            Who::Added(n) => self.added.get(n)?.as_ref(),
        }
    }

    fn name(&mut self, who: Who) {
        let Some(account) = self.get(who) else { return };
        for name in names(account) {
            self.named.entry(name).or_default().push(who);
        }
    }

    fn unname(&mut self, who: Who) {
        let Some(account) = self.get(who) else { return };
        for name in names(account) {
            if let Some(list) = self.named.get_mut(&name) {
                list.retain(|w| *w != who);
            }
        }
    }

    /// The place in the crowd's listing of whoever is the `place`-th of those who are still there.
    fn place_in_crowd(&self, place: usize) -> usize {
        let (mut low, mut high) = (0, self.removed.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.removed[middle] - middle <= place { low = middle + 1 } else { high = middle }
        }
        place + low
    }

    fn is_removed(&self, crowd: &Crowd, n: usize) -> bool {
        !self.removed.is_empty() && crowd.place_of(n).is_some_and(|place| self.removed.binary_search(&place).is_ok())
    }
}

/// What an account can be looked up by.
fn names(account: &Value) -> Vec<(By, String)> {
    let text = |name: &str| account.get(name).and_then(Value::as_str);
    let emails = account.get("emails").and_then(Value::as_array).into_iter().flatten();
    let emails = emails.filter_map(|e| e.get("value").and_then(Value::as_str)).map(|e| (By::Email, folded(By::Email, e)));
    let user_name = text("userName").map(|name| (By::UserName, folded(By::UserName, name)));
    let external = text("externalId").map(|id| (By::ExternalId, id.to_owned()));
    user_name.into_iter().chain(external).chain(emails).collect()
}

fn folded(by: By, value: &str) -> String {
    if matches!(by, By::UserName | By::Email) { value.to_lowercase() } else { value.to_owned() }
}

impl Accounts {
    /// The accounts of a crowd, as they are made.
    #[must_use]
    pub fn new(crowd: Crowd) -> Self {
        Accounts { crowd, edits: RwLock::default() }
    }

    /// Whose accounts they are.
    #[must_use]
    pub fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    fn read(&self) -> RwLockReadGuard<'_, Edits> {
        self.edits.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Edits> {
        self.edits.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let edits = self.read();
        self.crowd.accounts() - edits.removed.len() + edits.added.iter().flatten().count()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds `count` accounts from this place of the listing on to `out`, as JSON with commas between them; tells how many.
    pub fn page(&self, from: usize, count: usize, out: &mut String) -> usize {
        let edits = self.read();
        let of_crowd = self.crowd.accounts() - edits.removed.len();
        let begun = out.len();
        let comma = |out: &mut String| {
            if out.len() > begun {
                out.push(',');
            }
        };
        let end = from.saturating_add(count).min(of_crowd);
        let mut written = 0;
        for place in from..end {
            comma(out);
            self.write_one(&edits, self.crowd.listed_at(edits.place_in_crowd(place)), out);
            written += 1;
        }
        let left = count - written;
        for account in edits.added.iter().flatten().skip((from + written).saturating_sub(of_crowd)).take(left) {
            comma(out);
            out.push_str(&account.to_string());
            written += 1;
        }
        written
    }

    fn write_one(&self, edits: &Edits, n: usize, out: &mut String) {
        match edits.replaced.get(&n) {
            Some(account) => out.push_str(&account.to_string()),
            None => {
                self.crowd.write_account(n, out);
            }
        }
    }

    /// The account with this value, as JSON.
    #[must_use]
    pub fn find(&self, by: By, value: &str) -> Vec<String> {
        let edits = self.read();
        self.who(&edits, by, value)
            .into_iter()
            .filter_map(|who| match (edits.get(who), who) {
                (Some(account), _) => Some(account.to_string()),
                (None, Who::Crowd(n)) => {
                    let mut out = String::new();
                    self.crowd.write_account(n, &mut out).then_some(out)
                }
                (None, Who::Added(_)) => None,
            })
            .collect()
    }

    fn who(&self, edits: &Edits, by: By, value: &str) -> Vec<Who> {
        let of_crowd = match by {
            By::Id => self.crowd.of_account_id(value),
            By::UserName => self.crowd.of_user_name(value),
            By::ExternalId => self.crowd.of_external_id(value),
            By::Email => self.crowd.of_mail(value),
        };
        let of_crowd = of_crowd.filter(|n| !edits.is_removed(&self.crowd, *n));
        if by == By::Id {
            let added = value.strip_prefix('n').and_then(|n| n.parse().ok()).filter(|n| edits.get(Who::Added(*n)).is_some());
            return of_crowd.map(Who::Crowd).or(added.map(Who::Added)).into_iter().collect();
        }
        // Whoever was replaced has the names of what replaced them.
        let unedited = of_crowd.filter(|n| !edits.replaced.contains_key(n));
        let edited = edits.named.get(&(by, folded(by, value))).into_iter().flatten().copied();
        unedited.map(Who::Crowd).into_iter().chain(edited).collect()
    }

    /// Whether somebody else than `but` has the user name of an account.
    fn is_taken(&self, edits: &Edits, account: &Value, but: Option<Who>) -> Result<(), Refused> {
        let name = account.get("userName").and_then(Value::as_str).ok_or(Refused::Nameless)?;
        let taken = self.who(edits, By::UserName, name).into_iter().any(|who| Some(who) != but);
        if taken { Err(Refused::Taken) } else { Ok(()) }
    }

    /// Adds an account at the end of the listing; gives the id that it gets.
    ///
    /// # Errors
    /// Where it has no user name, or one that is taken.
    pub fn insert(&self, mut account: Value) -> Result<String, Refused> {
        let mut edits = self.write();
        self.is_taken(&edits, &account, None)?;
        let n = edits.added.len();
        let id = format!("n{n}");
        if let Some(object) = account.as_object_mut() {
            object.insert("id".to_owned(), id.clone().into());
        }
        edits.added.push(Some(account));
        edits.name(Who::Added(n));
        Ok(id)
    }

    /// Puts another account in the place of the one with this id; it keeps the id.
    ///
    /// # Errors
    /// Where there is none, or the user name is missing or taken.
    pub fn replace(&self, id: &str, mut account: Value) -> Result<(), Refused> {
        let mut edits = self.write();
        let who = self.who(&edits, By::Id, id).pop().ok_or(Refused::Unknown)?;
        self.is_taken(&edits, &account, Some(who))?;
        if let Some(object) = account.as_object_mut() {
            object.insert("id".to_owned(), id.into());
        }
        edits.unname(who);
        match who {
            Who::Crowd(n) => drop(edits.replaced.insert(n, account)),
            Who::Added(n) => edits.added[n] = Some(account),
        }
        edits.name(who);
        Ok(())
    }

    /// Removes the account with this id.
    ///
    /// # Errors
    /// Where there is none.
    pub fn remove(&self, id: &str) -> Result<(), Refused> {
        let mut edits = self.write();
        let who = self.who(&edits, By::Id, id).pop().ok_or(Refused::Unknown)?;
        edits.unname(who);
        match who {
            Who::Crowd(n) => {
                edits.replaced.remove(&n);
                let place = self.crowd.place_of(n).ok_or(Refused::Unknown)?;
                let at = edits.removed.partition_point(|p| *p < place);
                edits.removed.insert(at, place);
            }
            Who::Added(n) => edits.added[n] = None,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::crowd::Linked;
    use proptest::prelude::*;
    use serde_json::json;

    fn listed(accounts: &Accounts, page: usize) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let mut text = String::from("[");
            let n = accounts.page(all.len(), page, &mut text);
            text.push(']');
            let list: Vec<Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(list.len(), n);
            if n == 0 {
                return all;
            }
            all.extend(list);
        }
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Insert(usize),
        Replace(usize, usize),
        Remove(usize),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            (0usize..30).prop_map(Edit::Insert),
            (any::<prop::sample::Index>(), 0usize..30).prop_map(|(i, name)| Edit::Replace(i.index(1_000_000), name)),
            any::<prop::sample::Index>().prop_map(|i| Edit::Remove(i.index(1_000_000))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// A plain list, edited the same way, is the oracle.
        #[test]
        fn a_crowd_with_edits_is_a_list_with_edits(edits in prop::collection::vec(edit(), 0..25), page in 1usize..400) {
            let accounts = Accounts::new(Crowd::new(1_234, 3, Linked::Nobody));
            let mut list = listed(&accounts, 1000);
            let name = |n: usize| format!("Name-{n}");
            let is_taken = |list: &[Value], name: &str, but: usize| {
                list.iter().enumerate().any(|(i, a)| i != but && a["userName"].as_str().unwrap().eq_ignore_ascii_case(name))
            };
            for edit in edits {
                match edit {
                    Edit::Insert(n) => {
                        let mut account = json!({"userName": name(n), "externalId": "x"});
                        let told = accounts.insert(account.clone());
                        prop_assert_eq!(told.is_err(), is_taken(&list, &name(n), usize::MAX));
                        if let Ok(id) = told {
                            account["id"] = id.into();
                            list.push(account);
                        }
                    }
                    Edit::Replace(i, n) => {
                        let i = i % list.len();
                        let id = list[i]["id"].as_str().unwrap().to_owned();
                        let told = accounts.replace(&id, json!({"userName": name(n)}));
                        prop_assert_eq!(told.is_err(), is_taken(&list, &name(n), i));
                        if told.is_ok() {
                            list[i] = json!({"userName": name(n), "id": id});
                        }
                    }
                    Edit::Remove(i) => {
                        let gone = list.remove(i % list.len());
                        let id = gone["id"].as_str().unwrap();
                        prop_assert_eq!(accounts.remove(id), Ok(()));
                        prop_assert_eq!(accounts.remove(id), Err(Refused::Unknown));
                        prop_assert!(accounts.find(By::Id, id).is_empty());
                        prop_assert!(accounts.find(By::UserName, gone["userName"].as_str().unwrap()).is_empty());
                    }
                }
            }
            prop_assert_eq!(accounts.len(), list.len());
            prop_assert_eq!(&listed(&accounts, page), &list);
            for account in list.iter().step_by(7).chain(list.iter().rev().take(30)) {
                for (by, value) in [(By::Id, &account["id"]), (By::UserName, &account["userName"]), (By::Email, &account["emails"][0]["value"])] {
                    let Some(value) = value.as_str() else { continue };
                    let found: Vec<Value> = accounts.find(by, value).iter().map(|a| serde_json::from_str(a).unwrap()).collect();
                    prop_assert_eq!(found, vec![account.clone()]);
                }
                if let Some(id) = account["externalId"].as_str().filter(|id| *id != "x") {
                    prop_assert_eq!(accounts.find(By::ExternalId, id).len(), 1);
                }
            }
        }
    }
}
