//! The one situation that each user falls in, by the table of the design (section 3): the first line that holds wins.
//!
//! Two steps. First what the user *would be*, if everything that was read were complete; then whether that rests on
//! something that was not. A wrong answer here locks a person out, so the function is pure, total, and tested as a table.

use crate::config::{Policy, RemoveAction};
use crate::model::{Action, Problem, ProblemCode, Reason, SideState, Situation};

/// What binds an entry and an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// A remembered link.
    Link,
    /// The account's `externalId` or its key: not remembered yet.
    Match,
}

/// What a single look-up said, for a link of which one end is not in the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<T> {
    /// Not asked or not answered yet.
    Pending,
    /// Refused or failed.
    Failed,
    /// This.
    Known(T),
}

/// Where the entry of a linked account is, when it is not in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// Not found anywhere this reader can see.
    Deleted,
    /// Found, disabled.
    Disabled,
    /// Found, enabled, outside of the location.
    OutOfScope,
}

/// The two ends of a user, as far as they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// An entry in scope and its account.
    Pair {
        /// What binds them.
        tie: Tie,
        /// Whether the entry is disabled.
        disabled: bool,
        /// Whether the account is active.
        active: bool,
    },
    /// An entry in scope without account.
    Entry {
        /// Whether it is disabled.
        disabled: bool,
        /// The account that it was linked to was looked up and is gone.
        lost_account: bool,
        /// Where the service hides inactive accounts: whether it is settled that none of them is this entry's.
        hidden: Answer<()>,
    },
    /// An entry in scope that is linked to an account which the listing does not show.
    Unlisted {
        /// Whether the entry is disabled.
        disabled: bool,
        /// Whether the account is active, if it was found (one that is not found makes this an `Entry`).
        active: Answer<bool>,
    },
    /// An account that is linked to an entry which is not in scope.
    Leaver {
        /// Where that entry is.
        whereabouts: Answer<Whereabouts>,
        /// Whether the account is active.
        active: bool,
    },
    /// An account without entry.
    Account {
        /// Another channel to the same service has it.
        other_channel: bool,
    },
}

/// What the mapping says about a user, and what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Desired {
    /// Why the user can't be provisioned as the mapping stands.
    pub invalid: Option<Reason>,
    /// A field differs that can be sent.
    pub changed: bool,
    /// A field differs that can't be changed.
    pub immutable_changed: bool,
}

/// Everything that decides about one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Who is there.
    pub ends: Ends,
    /// Why it can't be told who belongs to whom, if it can't.
    pub ambiguous: Option<Reason>,
    /// What the mapping says.
    pub desired: Desired,
    /// A hold is set.
    pub held: bool,
    /// The policy protects the account.
    pub protected: bool,
}

/// How far both sides can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The source.
    pub source: SideState,
    /// The target.
    pub target: SideState,
    /// The source gave nobody.
    pub source_empty: bool,
}

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The class.
    pub situation: Situation,
    /// Why.
    pub reason: Option<Reason>,
    /// What would be sent.
    pub action: Action,
    /// What a held or blocked user would be.
    pub would_be: Option<Situation>,
    /// What the policy switched off.
    pub withheld: Option<ProblemCode>,
}

/// The verdict on one user.
#[must_use]
pub fn classify(facts: &Facts, sides: &Sides, policy: &Policy) -> Verdict {
    let would = would_be(facts, policy);
    let mut verdict = match blocked_by(facts, would, sides) {
        Some(reason) => {
            Verdict { situation: Situation::Blocked, reason: Some(reason), action: Action::None, would_be: Some(would.0), withheld: None }
        }
        None => Verdict { situation: would.0, reason: would.1, action: would.2, would_be: None, withheld: None },
    };
    if facts.held {
        let would_be = if verdict.situation == Situation::Blocked { Situation::Blocked } else { would.0 };
        return Verdict {
            situation: Situation::Held,
            reason: verdict.reason,
            action: Action::None,
            would_be: Some(would_be),
            withheld: None,
        };
    }
    let off = match verdict.action {
        Action::Create => !policy.create,
        Action::Update | Action::Enable => !policy.update,
        Action::Disable | Action::Delete => !policy.deprovision,
        Action::Link | Action::None => false,
    };
    if facts.protected && !matches!(verdict.action, Action::None | Action::Link) {
        verdict.action = Action::None;
        verdict.withheld = Some(ProblemCode::Protected);
    } else if off {
        verdict.action = Action::None;
        verdict.withheld = Some(ProblemCode::PolicyOff);
    }
    verdict
}

type Would = (Situation, Option<Reason>, Action);

fn would_be(facts: &Facts, policy: &Policy) -> Would {
    // A link that its account contradicts is not believed at all, least of all to take somebody's access away.
    if facts.ambiguous == Some(Reason::LinkSuspect) {
        return (Situation::Ambiguous, facts.ambiguous, Action::None);
    }
    let leaving = |reason, active, tie| {
        // A pair that was never linked is only ever disabled, never deleted.
        let delete = policy.remove_action == RemoveAction::Delete && tie == Tie::Link;
        match (delete, active) {
            (true, _) => (Situation::Leaving, reason, Action::Delete),
            (false, true) => (Situation::Leaving, reason, Action::Disable),
            (false, false) => (Situation::Left, reason, if tie == Tie::Link { Action::None } else { Action::Link }),
        }
    };
    match facts.ends {
        Ends::Leaver { whereabouts, active } => {
            let reason = match whereabouts {
                Answer::Known(Whereabouts::Deleted) => Some(Reason::Deleted),
                Answer::Known(Whereabouts::Disabled) => Some(Reason::Disabled),
                Answer::Known(Whereabouts::OutOfScope) => Some(Reason::OutOfScope),
                Answer::Pending | Answer::Failed => None,
            };
            leaving(reason, active, Tie::Link)
        }
        // Whose account a match means must be clear before it is taken away; a link means what it says.
        Ends::Pair { tie: Tie::Match, .. } if facts.ambiguous.is_some() => (Situation::Ambiguous, facts.ambiguous, Action::None),
        Ends::Pair { tie, disabled: true, active } => leaving(Some(Reason::Disabled), active, tie),
        Ends::Unlisted { disabled: true, active } => leaving(Some(Reason::Disabled), active == Answer::Known(true), Tie::Link),
        _ if facts.ambiguous.is_some() => (Situation::Ambiguous, facts.ambiguous, Action::None),
        Ends::Pair { .. } | Ends::Unlisted { .. } | Ends::Entry { .. } if facts.desired.invalid.is_some() => {
            (Situation::Invalid, facts.desired.invalid, Action::None)
        }
        Ends::Pair { active: false, .. } => (Situation::Returning, None, Action::Enable),
        Ends::Unlisted { active, .. } if active != Answer::Known(true) => (Situation::Returning, None, Action::Enable),
        Ends::Pair { .. } | Ends::Unlisted { .. } if facts.desired.changed => (Situation::Changed, None, Action::Update),
        Ends::Pair { .. } | Ends::Unlisted { .. } if facts.desired.immutable_changed => {
            (Situation::Invalid, Some(Reason::ImmutableChanged), Action::None)
        }
        Ends::Pair { tie, .. } => (Situation::InSync, None, if tie == Tie::Link { Action::None } else { Action::Link }),
        Ends::Unlisted { .. } => (Situation::InSync, None, Action::None),
        Ends::Entry { disabled: true, .. } if !policy.provision_disabled => (Situation::Skipped, Some(Reason::Disabled), Action::None),
        Ends::Entry { disabled: true, .. } => (Situation::New, Some(Reason::Disabled), Action::Create),
        Ends::Entry { lost_account: true, .. } => (Situation::New, Some(Reason::AccountGone), Action::Create),
        Ends::Entry { .. } => (Situation::New, Some(Reason::FirstSeen), Action::Create),
        Ends::Account { other_channel } => {
            (Situation::Unmatched, Some(if other_channel { Reason::OtherChannel } else { Reason::NeverLinked }), Action::None)
        }
    }
}

/// What a verdict rests on that was not read completely.
fn blocked_by(facts: &Facts, would: Would, sides: &Sides) -> Option<Reason> {
    let source = (!sides.source.is_complete()).then_some(Reason::SourceIncomplete);
    let target = (!sides.target.is_complete()).then_some(Reason::TargetIncomplete);
    let provisional = matches!(facts.ends, Ends::Pair { tie: Tie::Match, .. });
    let unanswered = match facts.ends {
        Ends::Leaver { whereabouts: Answer::Pending, .. }
        | Ends::Unlisted { active: Answer::Pending, .. }
        | Ends::Entry { hidden: Answer::Pending, .. } => Some(Reason::LookupPending),
        Ends::Leaver { whereabouts: Answer::Failed, .. }
        | Ends::Unlisted { active: Answer::Failed, .. }
        | Ends::Entry { hidden: Answer::Failed, .. } => Some(Reason::LookupFailed),
        _ => None,
    };
    let unlisted = matches!(facts.ends, Ends::Unlisted { .. });
    match would.0 {
        // Nothing is proposed for these, and what they say is about what was read.
        Situation::Ambiguous | Situation::Invalid | Situation::Held | Situation::Blocked => None,
        Situation::Leaving | Situation::Left => {
            let empty = sides.source_empty.then_some(Reason::SourceEmpty);
            source.or(empty).or(if provisional || unlisted { target } else { None }).or(unanswered)
        }
        Situation::Returning | Situation::New => source.or(target).or(unanswered),
        Situation::Changed | Situation::InSync if provisional => source.or(target),
        Situation::Changed | Situation::InSync => unanswered,
        Situation::Skipped => target,
        Situation::Unmatched => source,
    }
}

/// The problem that tells why an action is withheld.
#[must_use]
pub fn withheld_problem(code: ProblemCode, would_send: &str) -> Problem {
    let message = match code {
        ProblemCode::Protected => "the policy protects this account".to_owned(),
        _ => format!("the policy switches {would_send} off"),
    };
    Problem { field: None, code, message }
}

#[cfg(test)]
mod tests;
