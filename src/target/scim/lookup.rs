//! Single look-ups: by account id, and by name through a filter (RFC 7644 section 3.4.2.2).
//!
//! What comes back is believed only if it is what was asked for: some services ignore a filter and return everybody, some
//! read any filter as a search. A service that refuses us, or fails again and again, is not asked for the rest.

use super::super::http::{Answer, encode};
use super::super::path::{Path, get};
use super::Target;
use super::columns::{is_active, text_of};
use crate::error::Result;
use crate::identity::AccountId;
use crate::identity::population::{Batch, BatchBuilder, Draft};
use crate::identity::value::key_form;
use crate::model::AccountEvidence;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use serde_json::{Map, Value};

/// After so many failed look-ups in a row the service is not asked any more.
const FAILURES_IN_A_ROW: usize = 10;
/// How many accounts a look-up by name asks for: one is expected, two are a finding.
const WANTED: u32 = 10;

/// Somebody who is looked up by name: the texts as they would be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sought {
    /// `userName`.
    pub user_name: Option<String>,
    /// `externalId`.
    pub external_id: Option<String>,
    /// The path of the field that people are matched by, if that is not `userName`, and its value.
    pub matched: Option<(String, String)>,
}

/// What one look-up by name found.
pub(super) enum Named {
    /// These accounts, each of which was checked.
    Accounts(Vec<Map<String, Value>>),
    /// It can't be told.
    Unknown { cause: String, refused: bool },
}

/// When to stop asking.
#[derive(Default)]
struct Patience {
    failures: usize,
    given_up: Option<String>,
}

impl Patience {
    fn saw(&mut self, evidence: &AccountEvidence, refused: bool) {
        match evidence {
            AccountEvidence::Unknown { cause } => {
                self.failures += 1;
                if refused || self.failures >= FAILURES_IN_A_ROW {
                    self.given_up.get_or_insert_with(|| cause.clone());
                }
            }
            AccountEvidence::Found { .. } | AccountEvidence::NotFound => self.failures = 0,
        }
    }
}

impl Target {
    /// Looks accounts up by their ids, one answer for each. Those that are found come as rows too, as if the listing showed
    /// them. `told` hears how many were answered so far.
    pub async fn find(&self, ids: &[AccountId], told: impl Fn(usize)) -> (Vec<(AccountId, AccountEvidence)>, Batch) {
        let mut builder = BatchBuilder::new(self.columns.schema());
        let mut draft = Draft::default();
        let mut answers = Vec::with_capacity(ids.len());
        let mut patience = Patience::default();
        let ask = |id: AccountId| async move { self.http.get(&format!("/Users/{}", encode(id.as_str()))).await };
        in_order(ids.iter().map(|id| ask(id.clone())), self.concurrency, |answer| {
            let id = &ids[answers.len()];
            let refused = answer.as_ref().is_ok_and(|a| matches!(a.status, 401 | 403));
            let evidence = self.evidence(id, answer, &mut draft);
            patience.saw(&evidence, refused);
            if matches!(evidence, AccountEvidence::Found { .. }) {
                builder.push(&mut draft);
            }
            answers.push((id.clone(), evidence));
            told(answers.len());
            patience.given_up.is_none()
        })
        .await;
        if let Some(cause) = patience.given_up {
            answers.extend(ids[answers.len()..].iter().map(|id| (id.clone(), AccountEvidence::Unknown { cause: cause.clone() })));
            told(ids.len());
        }
        (answers, builder.seal())
    }

    fn evidence(&self, id: &AccountId, answer: Result<Answer>, draft: &mut Draft) -> AccountEvidence {
        let answer = match answer {
            Err(e) => return AccountEvidence::Unknown { cause: e.message().to_owned() },
            Ok(answer) if answer.status == 404 => return AccountEvidence::NotFound,
            Ok(answer) => answer,
        };
        match answer.object() {
            Ok(user) if answer.is_good() => {
                if self.columns.fill(draft, &user) && draft.id() == id.as_str() {
                    AccountEvidence::Found { active: is_active(&user) }
                } else {
                    AccountEvidence::Unknown { cause: "the service answered with another account".to_owned() }
                }
            }
            _ => AccountEvidence::Unknown { cause: answer.complaint() },
        }
    }

    /// Looks somebody up by `userName`, and by `externalId` too where the service filters by it; one answer for each, in
    /// order. Those that are found come as rows too. `told` hears how many were answered so far.
    ///
    /// `NotFound` means that the service was asked for every name that was given and that it can look up, and said that there
    /// is nobody. Whoever has a `userName` that can't be looked up is `Unknown`.
    pub async fn find_named(&self, sought: &[Sought], told: impl Fn(usize)) -> (Vec<AccountEvidence>, Batch) {
        let mut builder = BatchBuilder::new(self.columns.schema());
        let mut draft = Draft::default();
        let mut answers = Vec::with_capacity(sought.len());
        let mut patience = Patience::default();
        in_order(sought.iter().map(|one| self.named(one)), self.concurrency, |named| {
            let (evidence, refused) = match named {
                Named::Unknown { cause, refused } => (AccountEvidence::Unknown { cause }, refused),
                Named::Accounts(found) if found.is_empty() => (AccountEvidence::NotFound, false),
                Named::Accounts(found) => {
                    for account in &found {
                        if self.columns.fill(&mut draft, account) {
                            builder.push(&mut draft);
                        }
                    }
                    (AccountEvidence::Found { active: found.iter().any(is_active) }, false)
                }
            };
            patience.saw(&evidence, refused);
            answers.push(evidence);
            told(answers.len());
            patience.given_up.is_none()
        })
        .await;
        if let Some(cause) = patience.given_up {
            answers.resize(sought.len(), AccountEvidence::Unknown { cause });
            told(sought.len());
        }
        (answers, builder.seal())
    }

    pub(super) async fn named(&self, sought: &Sought) -> Named {
        let mut found: Vec<Map<String, Value>> = Vec::new();
        let mut trouble = None;
        let mut asked = false;
        let matched = sought.matched.as_ref().map(|(path, text)| (plain_path(path), text));
        let by_key = matched.as_ref().map(|(path, text)| (path.as_str(), Some(*text)));
        let names = [("userName", sought.user_name.as_ref()), ("externalId", sought.external_id.as_ref())];
        for (attribute, text) in names.into_iter().chain(by_key) {
            let Some(text) = text.filter(|t| !t.trim().is_empty()) else { continue };
            if !self.can_filter(attribute) {
                // What tells whose an account is must be looked up; an id is only one more way.
                if attribute != "externalId" {
                    trouble = Some(Named::Unknown { cause: format!("the service cannot look accounts up by {attribute}"), refused: false });
                }
                continue;
            }
            asked = true;
            match self.filtered(attribute, text).await {
                Named::Accounts(accounts) => {
                    let id = |account: &Map<String, Value>| super::columns::id_of(account).map(std::borrow::Cow::into_owned);
                    for account in accounts {
                        if !found.iter().any(|known| id(known) == id(&account)) {
                            found.push(account);
                        }
                    }
                }
                unknown @ Named::Unknown { refused: true, .. } => return unknown,
                unknown @ Named::Unknown { .. } => {
                    trouble.get_or_insert(unknown);
                }
            }
        }
        match trouble {
            // Whoever was found exists, whatever else went wrong.
            _ if !found.is_empty() => Named::Accounts(found),
            Some(trouble) => trouble,
            None if asked => Named::Accounts(Vec::new()),
            None => Named::Unknown { cause: "there is no name to look up that the service can filter by".to_owned(), refused: false },
        }
    }

    /// Asks for the accounts with `attribute eq "text"`; gives those that really are.
    async fn filtered(&self, attribute: &str, text: &str) -> Named {
        let unknown = |cause: String| Named::Unknown { cause, refused: false };
        // A value is written as a JSON string (RFC 7644 section 3.4.2.2).
        let filter = format!("{attribute} eq {}", Value::from(text));
        let count = self.page_size.map(|n| format!("&count={}", n.min(WANTED))).unwrap_or_default();
        let answer = match self.http.get(&format!("/Users?filter={}{count}", encode(&filter))).await {
            Ok(answer) => answer,
            Err(e) => return unknown(e.message().to_owned()),
        };
        if !answer.is_good() {
            let cause = match answer.status {
                400 | 501 => format!("the service refuses to look accounts up by {attribute}: {}", answer.complaint()),
                _ => answer.complaint(),
            };
            return Named::Unknown { cause, refused: matches!(answer.status, 401 | 403) };
        }
        let mut object = match answer.object() {
            Ok(object) => object,
            Err(what) => return unknown(format!("the answer to a look-up by {attribute} is {what}")),
        };
        let total = get(&object, "totalResults").and_then(Value::as_u64);
        let key = object.keys().find(|k| k.eq_ignore_ascii_case("Resources")).cloned();
        let items = match key.and_then(|key| object.swap_remove(&key)) {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null) if total == Some(0) => Vec::new(),
            _ => return unknown(format!("the answer to a look-up by {attribute} is no list of accounts")),
        };
        let received = items.len();
        let mut matching = Vec::new();
        let mut without_id = false;
        for item in items {
            let Value::Object(account) = item else { continue };
            let is_sought = match attribute {
                "externalId" => text_of(&account, attribute) == Some(text),
                "userName" => text_of(&account, attribute).is_some_and(|theirs| key_form(theirs) == key_form(text)),
                path => has_value(&account, path, text),
            };
            if is_sought && super::columns::id_of(&account).is_some() {
                matching.push(account);
            } else {
                without_id |= is_sought;
            }
        }
        if !matching.is_empty() {
            return Named::Accounts(matching);
        }
        if without_id {
            return unknown(format!("the service shows an account with this {attribute}, but without an id"));
        }
        match (received, total) {
            (0, None | Some(0)) => Named::Accounts(Vec::new()),
            (0, Some(total)) => unknown(format!("the service says that {total} accounts have this {attribute}, and shows none of them")),
            _ => {
                unknown(format!("the service answers a look-up by {attribute} with {received} other accounts: it seems to ignore filters"))
            }
        }
    }
}

/// A path as it stands in a filter: `emails[type eq "work"].value` is looked up by `emails.value`.
fn plain_path(path: &str) -> String {
    match (path.find('['), path.find(']')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &path[..open], &path[close + 1..]),
        _ => path.to_owned(),
    }
}

/// True if one of the values at a path is this text, in the comparison form.
fn has_value(account: &Map<String, Value>, path: &str, text: &str) -> bool {
    let mut has = false;
    if let Ok(path) = Path::parse(path) {
        path.values(account, |value| has |= key_form(value) == key_form(text));
    }
    has
}

/// Runs `tasks` with at most `width` at once, and hands their results on in order, until `each` says to stop.
async fn in_order<F: Future>(tasks: impl Iterator<Item = F>, width: usize, mut each: impl FnMut(F::Output) -> bool) {
    let mut tasks = tasks;
    let mut running: FuturesOrdered<F> = tasks.by_ref().take(width.max(1)).collect();
    while let Some(done) = running.next().await {
        if !each(done) {
            return;
        }
        if let Some(next) = tasks.next() {
            running.push_back(next);
        }
    }
}
