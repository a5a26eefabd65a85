//! What a screen sees: both sides and every verdict as they were at one moment, read without locks while the work goes on.
//!
//! A snapshot never changes. A user is known by a [`Subject`], which stays the same from one snapshot to the next, so that a
//! cursor or a mark stays with its person however rows come and go. Lines and cards are evaluated when they are asked for:
//! what a frame costs depends on the rows that it shows, never on how many there are.

mod card;
mod line;

pub use card::{Card, FieldLine, Mark};
pub use line::Line;

use super::Picture;
use super::approvals::Named;
use crate::clock::Instant;
use crate::config::{Channel, RuleConfig};
use crate::identity::value::key_form;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, ProblemCode, Reason, SideState, Situation, Subject};
use crate::source::Facts as SourceFacts;
use std::sync::Arc;

/// Where one side stands.
#[derive(Debug, Clone, Default)]
pub struct SideLine {
    /// How its last read ended, or that none has.
    pub state: SideState,
    /// It is being read now.
    pub reading: bool,
    /// How many users it has by now.
    pub users: usize,
    /// How many there are by the side's own word, if it says so.
    pub total: Option<usize>,
    /// When the last read ended.
    pub read_at: Option<Instant>,
    /// How many of the people that the last reading ended with are disabled.
    pub disabled: Option<usize>,
}

/// How many users are in each class; over everybody, not only those that a view shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// By situation, in the order of [`Situation::ALL`].
    pub situations: [usize; 12],
    /// By action, in the order of [`Action::ALL`].
    pub actions: [usize; 7],
    /// By reason, in the order of [`Reason::ALL`].
    pub reasons: Vec<usize>,
    /// By kind of problem, in the order of [`ProblemCode::ALL`].
    pub problems: Vec<usize>,
    /// Users for whom a field differs, by the place of its rule.
    pub fields: Vec<usize>,
}

impl Facets {
    /// How many are in a situation.
    #[must_use]
    pub fn of(&self, situation: Situation) -> usize {
        self.situations[Situation::ALL.iter().position(|s| *s == situation).unwrap_or(0)]
    }

    /// For how many an action is proposed.
    #[must_use]
    pub fn for_action(&self, action: Action) -> usize {
        self.actions[Action::ALL.iter().position(|a| *a == action).unwrap_or(0)]
    }

    /// For how many a reason is given.
    #[must_use]
    pub fn for_reason(&self, reason: Reason) -> usize {
        Reason::ALL.iter().position(|r| *r == reason).and_then(|i| self.reasons.get(i)).copied().unwrap_or(0)
    }

    /// How many have a kind of problem.
    #[must_use]
    pub fn with_problem(&self, code: ProblemCode) -> usize {
        ProblemCode::ALL.iter().position(|c| *c == code).and_then(|i| self.problems.get(i)).copied().unwrap_or(0)
    }

    /// Everybody who has a row.
    #[must_use]
    pub fn all(&self) -> usize {
        self.situations.iter().sum()
    }
}

/// What it goes by that is not what is configured.
#[derive(Clone, Copy, Default)]
pub(super) struct Trial {
    /// Rules that are being edited.
    pub rules: bool,
    /// A policy that is only tried.
    pub policy: bool,
}

/// The moment that somebody has looked at: what they decide is about whoever was seen in it. Equal is only the very same one.
#[derive(Clone)]
pub struct Seen(pub Arc<Snapshot>);

impl PartialEq for Seen {
    fn eq(&self, other: &Seen) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Seen {}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen({})", self.0.generation)
    }
}

/// Both sides, and the verdict on everybody, at one moment.
pub struct Snapshot {
    pub(super) generation: u64,
    pub(super) era: u64,
    pub(super) channel: Arc<Channel>,
    pub(super) picture: Picture,
    pub(super) source: SideLine,
    pub(super) target: SideLine,
    pub(super) facets: Facets,
    pub(super) busy: bool,
    /// An edit of the rules is not through: some are judged by it, and others are not yet.
    pub(super) half: bool,
    pub(super) trial: Trial,
    pub(super) asking: Option<(usize, usize)>,
    pub(super) waiting: Option<std::time::Duration>,
    pub(super) notes: Arc<Vec<String>>,
}

impl Snapshot {
    /// Grows with every change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The generation with which the present numbering began. Links or ends that changed outside begin a new one: a
    /// [`Subject`] of an earlier snapshot, also one in a list, means nobody then.
    #[must_use]
    pub fn era(&self) -> u64 {
        self.era
    }

    /// Both sides and every verdict.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// True if the other one is of the same service, and of a directory with the same naming context and ids: only there what was decided
    /// about somebody is about them.
    #[must_use]
    pub fn has_ends_of(&self, other: &Snapshot) -> bool {
        let (ours, theirs) = (self.picture.source(), other.picture.source());
        self.picture.base_url() == other.picture.base_url()
            && key_form(&ours.naming_context) == key_form(&theirs.naming_context)
            && ours.settings.id_attribute.is(theirs.settings.id_attribute.as_str())
    }

    /// The rules as they are configured, in the order of the file.
    #[must_use]
    pub fn configured(&self) -> &[RuleConfig] {
        &self.channel.mapping
    }

    /// The channel's name.
    #[must_use]
    pub fn channel(&self) -> &str {
        self.picture.channel()
    }

    /// How many links of this channel are remembered, and how many holds are in force.
    #[must_use]
    pub fn remembered(&self) -> (usize, usize) {
        self.picture.remembered()
    }

    /// What is known about the source.
    #[must_use]
    pub fn source_facts(&self) -> &SourceFacts {
        self.picture.source()
    }

    /// The connector's name on a screen, and the service's URL.
    #[must_use]
    pub fn target_facts(&self) -> (&str, &str) {
        (self.picture.target_title(), self.picture.base_url())
    }

    /// The directory's side.
    #[must_use]
    pub fn source(&self) -> &SideLine {
        &self.source
    }

    /// The service's side.
    #[must_use]
    pub fn target(&self) -> &SideLine {
        &self.target
    }

    /// True while one of the sides is being read.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.source.reading || self.target.reading
    }

    /// True while anything is under way: readings, look-ups, an edit that is not through.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// True where it goes by rules or by a policy that are tried.
    #[must_use]
    pub fn is_drafted(&self) -> bool {
        self.trial.rules || self.trial.policy
    }

    /// True where it goes by a policy that is tried.
    #[must_use]
    pub fn is_by_other_policy(&self) -> bool {
        self.trial.policy
    }

    /// Look-ups answered, and to be answered, while some are under way.
    #[must_use]
    pub fn asking(&self) -> Option<(usize, usize)> {
        self.asking
    }

    /// For how long requests wait because the service asked for it, as of this snapshot.
    #[must_use]
    pub fn waiting(&self) -> Option<std::time::Duration> {
        self.waiting
    }

    /// How many are in each class.
    #[must_use]
    pub fn facets(&self) -> &Facets {
        &self.facets
    }

    /// The fields that are mapped, in the order of the mapping: what [`Facets::fields`] counts.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.picture.rules().rules().iter().map(|r| r.field.name.as_str())
    }

    /// The lasting ids of a user; nothing for one who has no row (any more).
    #[must_use]
    pub fn named(&self, subject: Subject) -> Option<Named> {
        let user = self.picture.user_of(subject)?;
        let entry = user.entry.map(|row| EntryId::new(self.picture.entries.row(row).id()));
        Some(Named { entry, account: user.account.map(|row| AccountId::new(self.picture.accounts.row(row).id())) })
    }

    /// Whose row tells of a user by now: another one's, where the account and a person were found to belong together since.
    #[must_use]
    pub fn row_of(&self, subject: Subject) -> Option<Subject> {
        let has_row = |subject: &Subject| self.picture.user_of(*subject).is_some();
        Some(subject).filter(has_row).or_else(|| {
            let paired = self.picture.others.get(subject.account()?.index())?.entry().map(Subject::of_entry);
            paired.filter(has_row)
        })
    }

    /// The number of a user with lasting ids; nothing if nobody here has them.
    #[must_use]
    pub fn subject_of(&self, named: &Named) -> Option<Subject> {
        let picture = &self.picture;
        let entry = named.entry.as_ref().and_then(|id| picture.entries.by_id(id.as_str())).map(Subject::of_entry);
        let account = || named.account.as_ref().and_then(|id| picture.accounts.by_id(id.as_str()));
        let has_row = |subject: &Subject| picture.user_of(*subject).is_some();
        entry.filter(has_row).or_else(|| {
            let account = account()?;
            // An account that an entry's row names is found by that.
            let paired = picture.others.at(account.index()).entry().map(Subject::of_entry);
            paired.or(Some(Subject::of_account(account))).filter(has_row)
        })
    }

    /// True if a user has an account by now.
    pub(super) fn has_account(&self, named: &Named) -> bool {
        self.subject_of(named).and_then(|subject| self.picture.user_of(subject)).is_some_and(|user| user.account.is_some())
    }

    /// Sentences about the picture as a whole, each with what to do about it. Not cleaned.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The line of a user in a list; nothing for one who has no row (any more).
    #[must_use]
    pub fn line(&self, subject: Subject) -> Option<Line> {
        self.picture.line(subject)
    }

    /// Everything about a user; nothing for one who has no row (any more).
    #[must_use]
    pub fn card(&self, subject: Subject) -> Option<Card> {
        self.picture.card(subject)
    }
}
