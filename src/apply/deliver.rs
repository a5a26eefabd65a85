//! One request on its way: what each answer means, what is tried again, and what must be looked into first.
//!
//! What must stay true: a request is repeated only where it is known that it had no effect, or where a second time changes
//! nothing; a create whose answer is lost is looked for before anything else is done.

use super::act::Act;
use super::check::{rule_of, value_of};
use super::control::Leave;
use super::gate::Gate;
use super::row::FRESH;
use crate::identity::value::Datum;
use crate::journal::run::StepResult;
use crate::mapping::Rules;
use crate::plan::diff;
use crate::target::http::{Answer, Method, Sent};
use crate::target::{Resource, Seen, Set, Sought, Target};
use std::time::Duration;
use tokio::time::Instant;

/// How often a request is sent that fails on the way or with a 5xx.
const TRIES: u32 = 4;
/// How long a row waits in all because the service asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The pause before something is tried once more, doubled each time.
const PAUSE: Duration = Duration::from_millis(250);

/// Where a request goes and by whom it is held back.
pub(super) struct Way<'a> {
    pub target: &'a Target,
    pub rules: &'a Rules,
    pub gate: &'a Gate,
    /// The service may not know the account yet: it was created at this moment.
    pub created: Option<Instant>,
    /// An earlier create of this row may have arrived.
    pub lost_before: bool,
    /// What was checked before it is sent, and when: it is not sent on what is older than that. Nothing where nobody asks.
    pub checked: Option<Instant>,
    /// Whether another request may leave; nothing where this one has to.
    pub leave: Option<&'a Leave<'a>>,
    /// What an account of this person would show.
    pub sought: Option<Sought>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub result: StepResult,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// Why it was not done, or what is worth knowing.
    pub cause: Option<String>,
    /// The account afterwards, where it is known.
    pub after: Option<Resource>,
    pub fate: Fate,
    /// An earlier try may have arrived, and nobody can be asked any more.
    pub is_open: bool,
}

/// What follows for the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It took effect.
    Done,
    /// It was refused, or failed.
    Failed,
    /// The account is another one by now.
    Stale,
    /// It may have taken effect.
    Doubt,
    /// Nothing more can be sent at all.
    Stop(String),
    /// The run is not to go on: it was not sent.
    NotNow,
    /// It is to be checked again before it is sent: too much time has passed, or the account has another version. `lost`: an
    /// earlier request may have arrived.
    Again { lost: bool },
}

impl Delivery {
    fn of(fate: Fate, answer: Option<&Answer>, cause: Option<String>) -> Self {
        let result = match fate {
            Fate::Done => StepResult::Done,
            Fate::Failed | Fate::Doubt => StepResult::Failed,
            // Whoever turned it away did so unread.
            Fate::Stale | Fate::Stop(_) | Fate::Again { .. } | Fate::NotNow => StepResult::Unsent,
        };
        Delivery {
            result,
            status: answer.map(|a| a.status),
            request_id: answer.and_then(|a| a.request_id.clone()),
            cause,
            after: None,
            fate,
            is_open: false,
        }
    }

    /// Nothing more can be sent; what was sent before, if something was, may have arrived.
    fn stop(answer: Option<&Answer>, why: String, lost: bool) -> Self {
        let result = if lost { StepResult::Failed } else { StepResult::Unsent };
        Delivery { is_open: lost, result, ..Delivery::of(Fate::Stop(why.clone()), answer, Some(why)) }
    }

    fn done(answer: Option<&Answer>, after: Option<Resource>, note: Option<String>) -> Self {
        Delivery { after, ..Delivery::of(Fate::Done, answer, note) }
    }

    fn failed(answer: &Answer) -> Self {
        Delivery::of(Fate::Failed, Some(answer), Some(answer.complaint()))
    }
}

/// The request of an act, by what the service is known to want; nothing where the account has to be read first.
impl Way<'_> {
    /// Sends it, until it is known what became of it.
    pub async fn deliver(&self, act: &Act<'_>, mut before: Option<Resource>, version: Option<String>) -> Delivery {
        let (mut tries, mut waited, mut lost) = (0, Duration::ZERO, self.lost_before);
        let mut other_media_type = false;
        let begun = Instant::now();
        loop {
            let Some(request) = act.request(&self.target.dialect(), before.as_ref(), version.as_deref()) else {
                match self.read(act.id().unwrap_or_default()).await {
                    Seen::Found(resource) => before = Some(*resource),
                    Seen::NotFound => return Delivery::of(Fate::Stale, None, Some("the account is gone".to_owned())),
                    Seen::Unknown { cause, refused: true } => return Delivery::stop(None, cause, lost),
                    Seen::Unknown { cause, .. } => return Delivery::of(Fate::Failed, None, Some(cause)),
                }
                continue;
            };
            let sent = {
                // What may have arrived is followed to its end, whatever else stops.
                let pass = match self.leave.filter(|_| !lost) {
                    Some(leave) => leave.pass(self.gate).await,
                    None => Some(self.gate.enter().await),
                };
                let Some(_pass) = pass else {
                    return Delivery::of(Fate::NotNow, None, Some("the run was stopped before it was sent".to_owned()));
                };
                self.target.opened().await;
                if self.checked.is_some_and(|at| at.elapsed() > FRESH) {
                    let why = "it was checked anew, because more than half a minute had passed";
                    return Delivery::of(Fate::Again { lost }, None, Some(why.to_owned()));
                }
                self.target.send(&request).await
            };
            let answer = match sent {
                Sent::Answered(answer) => answer,
                Sent::Unsent(error) => {
                    self.gate.was_too_much();
                    tries += 1;
                    if tries >= TRIES {
                        return Delivery::stop(None, error.message().to_owned(), lost);
                    }
                    tokio::time::sleep(PAUSE * 2u32.pow(tries)).await;
                    continue;
                }
                Sent::Lost(error) => {
                    self.gate.was_too_much();
                    lost = true;
                    tries += 1;
                    match self.looked_into(act, error.message(), tries >= TRIES).await {
                        Some(delivery) => return delivery,
                        None => tokio::time::sleep(PAUSE * 2u32.pow(tries)).await,
                    }
                    continue;
                }
            };
            match answer.status {
                429 | 503 => {
                    self.gate.was_too_much();
                    // How long is waited, the pace of the target knows; here only when to give up.
                    waited += answer.wait.unwrap_or(Duration::from_secs(2));
                    if waited > LONGEST_WAIT || begun.elapsed() > 2 * LONGEST_WAIT {
                        let why = format!("the service asks for a longer pause than is made within a run: {}", answer.complaint());
                        return Delivery::stop(Some(&answer), why, lost);
                    }
                }
                401 => return Delivery::stop(Some(&answer), answer.complaint(), lost),
                415 if !other_media_type && self.target.other_content_type().is_some() => {
                    other_media_type = true;
                    if let Some(other) = self.target.other_content_type() {
                        tracing::info!(target: "rosterm", media_type = other, "the service wants another media type");
                        self.target.habits_mut(|habits| habits.content_type = Some(other.to_owned()));
                    }
                }
                405 | 501 if request.method == Method::Patch => {
                    tracing::info!(target: "rosterm", status = answer.status, "the service knows no PATCH: sending whole accounts");
                    self.target.habits_mut(|habits| habits.no_patch = true);
                }
                404 if self.may_be_too_early(act) => {
                    tokio::time::sleep(PAUSE * 2).await;
                }
                404 if matches!(act, Act::Delete { .. }) || is_disable(act) => {
                    self.gate.went_well();
                    return Delivery::done(Some(&answer), None, Some("the account was gone already".to_owned()));
                }
                404 => return Delivery::of(Fate::Stale, Some(&answer), Some("the account is gone".to_owned())),
                412 if request.if_match.is_some() => {
                    // It may be another version because of what we sent before.
                    if lost
                        && let Some(delivery) = self.looked_into(act, &answer.complaint(), true).await
                        && delivery.fate == Fate::Done
                    {
                        return delivery;
                    }
                    return Delivery::of(Fate::Again { lost }, Some(&answer), Some("the account was changed by somebody else".to_owned()));
                }
                409 if matches!(act, Act::Create { .. }) => {
                    self.gate.went_well();
                    return self.taken(act, &answer, lost).await;
                }
                500..=599 => {
                    tries += 1;
                    lost = true;
                    if tries >= TRIES {
                        // A 500 may have done something.
                        return match self.looked_into(act, &answer.complaint(), true).await {
                            Some(delivery) if delivery.fate == Fate::Done => delivery,
                            _ => Delivery::failed(&answer),
                        };
                    }
                    if matches!(act, Act::Create { .. })
                        && let Some(delivery) = self.looked_into(act, &answer.complaint(), false).await
                    {
                        return delivery;
                    }
                    tokio::time::sleep(PAUSE * 2u32.pow(tries)).await;
                }
                _ if answer.is_good() => {
                    self.gate.went_well();
                    return self.arrived(act, answer).await;
                }
                _ => {
                    self.gate.went_well();
                    return Delivery::failed(&answer);
                }
            }
        }
    }

    async fn read(&self, id: &str) -> Seen {
        let _pass = self.gate.enter().await;
        self.target.account(id).await
    }

    /// True while a service that lags may not know an account that was created a moment ago.
    fn may_be_too_early(&self, act: &Act<'_>) -> bool {
        matches!(act, Act::Change { .. }) && self.created.is_some_and(|at| at.elapsed() < self.target.lag())
    }

    /// It was done: what does the account look like now?
    async fn arrived(&self, act: &Act<'_>, answer: Answer) -> Delivery {
        let id = match act {
            Act::Delete { .. } => return Delivery::done(Some(&answer), None, None),
            Act::Change { id, .. } => Some(id.clone()),
            Act::Create { .. } => None,
        };
        // Some answer without a body, or with another body than the account.
        let shown = Resource::of(&answer).filter(|shown| id.as_ref().is_none_or(|id| *id == shown.id));
        let after = match (shown, id) {
            (Some(shown), _) => Some(shown),
            (None, Some(id)) => match self.read(&id).await {
                Seen::Found(resource) => Some(*resource),
                _ => None,
            },
            (None, None) => match self.made(&answer).await {
                Ok(resource) => Some(resource),
                Err(why) => {
                    let why = format!("created, but its id is not known: {why}");
                    return Delivery { result: StepResult::Done, ..Delivery::of(Fate::Doubt, Some(&answer), Some(why)) };
                }
            },
        };
        if let (Act::Change { active: Some(wanted), .. }, Some(after)) = (act, &after)
            && after.is_active() != *wanted
        {
            let why =
                format!("the service answers {}, and the account is {} still", answer.status, if *wanted { "inactive" } else { "active" });
            return Delivery::of(Fate::Failed, Some(&answer), Some(why));
        }
        Delivery::done(Some(&answer), after, None)
    }

    /// The account of a create whose answer shows none: by `Location`, else by name.
    async fn made(&self, answer: &Answer) -> Result<Resource, String> {
        let id = answer.location.as_ref().and_then(|l| l.rsplit('/').next()).filter(|id| !id.is_empty() && *id != "undefined");
        if let Some(id) = id
            && let Seen::Found(resource) = self.read(&decoded(id)).await
        {
            return Ok(*resource);
        }
        match self.found().await? {
            Some(resource) => Ok(resource),
            None => Err("it cannot be found by its name".to_owned()),
        }
    }

    /// The one account that the person's name finds.
    async fn found(&self) -> Result<Option<Resource>, String> {
        let Some(sought) = &self.sought else { return Ok(None) };
        let _pass = self.gate.enter().await;
        let mut found = self.target.seek(sought).await?;
        match (found.pop(), found.len()) {
            (one, 0) => Ok(one),
            (_, more) => Err(format!("{} accounts have the person's name or id", more + 1)),
        }
    }

    /// The run was interrupted while a request was under way: did it take effect? Nothing where it is known that it did not.
    pub async fn look_into(&self, act: &Act<'_>) -> Option<Delivery> {
        self.looked_into(act, "the run was interrupted", false).await
    }

    /// An answer was lost: did the request take effect? Nothing where it is known that it did not, and it may be sent again.
    async fn looked_into(&self, act: &Act<'_>, why: &str, is_last: bool) -> Option<Delivery> {
        let lost = |fate: Fate, more: &str| Delivery::of(fate, None, Some(format!("no answer ({why}); {more}")));
        let again = |more: &str| is_last.then(|| lost(Fate::Failed, more));
        match act {
            Act::Create { .. } => {
                // A service that lags shows nobody at first.
                let until = Instant::now() + self.target.lag();
                loop {
                    match self.found().await {
                        Err(cause) => {
                            return Some(lost(Fate::Doubt, &format!("and it cannot be told whether the account was created: {cause}")));
                        }
                        Ok(Some(found)) if self.is_what_was_sent(act, &found) => {
                            return Some(Delivery::done(None, Some(found), Some("the answer was lost; the account was found".to_owned())));
                        }
                        Ok(Some(found)) => return Some(lost(Fate::Failed, &exists(&found))),
                        Ok(None) if self.sought.is_none() => {
                            return Some(lost(Fate::Doubt, "and the service cannot look the person up"));
                        }
                        Ok(None) if Instant::now() >= until => return again("the account was not created"),
                        Ok(None) => tokio::time::sleep(PAUSE * 4).await,
                    }
                }
            }
            Act::Change { id, active, .. } => match self.read(id).await {
                Seen::Found(after) => {
                    let is_done = self.is_what_was_sent(act, &after) && active.is_none_or(|on| after.is_active() == on);
                    if is_done {
                        return Some(Delivery::done(None, Some(*after), Some("the answer was lost; the change was found".to_owned())));
                    }
                    again("the account was not changed")
                }
                Seen::NotFound => Some(Delivery::of(Fate::Stale, None, Some("the account is gone".to_owned()))),
                Seen::Unknown { cause, refused: true } => Some(Delivery::stop(None, cause, true)),
                Seen::Unknown { cause, .. } => Some(lost(Fate::Doubt, &format!("and the account cannot be read: {cause}"))),
            },
            Act::Delete { id } => match self.read(id).await {
                Seen::NotFound => Some(Delivery::done(None, None, Some("the answer was lost; the account is gone".to_owned()))),
                Seen::Found(_) => again("the account is still there"),
                Seen::Unknown { cause, refused: true } => Some(Delivery::stop(None, cause, true)),
                Seen::Unknown { cause, .. } => Some(lost(Fate::Doubt, &format!("and the account cannot be read: {cause}"))),
            },
        }
    }

    /// True if an account shows everything that was sent: what does not stick on a create is not held against it.
    fn is_what_was_sent(&self, act: &Act<'_>, account: &Resource) -> bool {
        let is_create = matches!(act, Act::Create { .. });
        act.fields().iter().filter(|set| !(is_create && set.field.after_create || set.field.write_only)).all(|set| {
            rule_of(self.rules, &set.field.name).is_some_and(|(_, rule)| {
                let shows = value_of(account, rule);
                diff::same(&rule.field, rule.case_exact, &shows, &set.value)
            })
        })
    }

    /// The name is taken: by our own create whose answer was lost, or by somebody else.
    async fn taken(&self, act: &Act<'_>, answer: &Answer, lost: bool) -> Delivery {
        match self.found().await {
            Ok(Some(found)) if lost && self.is_what_was_sent(act, &found) => {
                Delivery::done(Some(answer), Some(found), Some("an earlier answer was lost; the account was found".to_owned()))
            }
            Ok(Some(found)) => {
                let why = format!("{}; {}", answer.complaint(), exists(&found));
                Delivery::of(Fate::Failed, Some(answer), Some(why))
            }
            Ok(None) => {
                let why = format!("{}; the user name or an address belongs to an account that cannot be seen", answer.complaint());
                Delivery::of(Fate::Failed, Some(answer), Some(why))
            }
            Err(cause) => Delivery::of(Fate::Failed, Some(answer), Some(format!("{}; {cause}", answer.complaint()))),
        }
    }
}

fn is_disable(act: &Act<'_>) -> bool {
    matches!(act, Act::Change { active: Some(false), .. })
}

fn exists(found: &Resource) -> String {
    let state = if found.is_active() { "active" } else { "inactive" };
    format!("there is such an account by now ({}, {state}): if it is this person's, say so with rosterm link", found.id)
}

/// A segment of a URL without its percent signs.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while i < bytes.len() {
        match (bytes[i], segment.get(i + 1..i + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Fields of an account that are not what was sent: which, what was sent, what it shows.
pub(super) fn not_taken<'s>(rules: &Rules, fields: &'s [Set<'s>], account: &Resource) -> Vec<(&'s Set<'s>, Datum)> {
    fields
        .iter()
        .filter(|set| !set.field.write_only)
        .filter_map(|set| {
            let (_, rule) = rule_of(rules, &set.field.name)?;
            let shows = value_of(account, rule);
            (!diff::same(&rule.field, rule.case_exact, &shows, &set.value)).then_some((set, shows))
        })
        .collect()
}
