//! What the journal keeps of runs: the rows as they were approved, each request before it leaves, what came of it.

use crate::clock::Instant;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, Link};
use serde::Serialize;

/// The number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A run that is about to be frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// The channel.
    pub channel: String,
    /// The target's base URL.
    pub service: String,
    /// The content id of the plan.
    pub plan: String,
    /// The run that this one takes back.
    pub undo_of: Option<RunId>,
    /// Who.
    pub author: String,
    /// When.
    pub started: Instant,
    /// Which limits were lifted, and with which numbers: JSON.
    pub terms: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every row was come to.
    Done,
    /// An operator stopped it.
    Cancelled,
    /// Something stopped it that concerns every row: a token that is not good any more, too many failures.
    Stopped,
}

impl Ending {
    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Ending::Done => "done",
            Ending::Cancelled => "cancelled",
            Ending::Stopped => "stopped",
        }
    }

    /// The ending of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        [Ending::Done, Ending::Cancelled, Ending::Stopped].into_iter().find(|e| e.code() == code)
    }
}

/// A run, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// What it is.
    pub what: NewRun,
    /// All of its rows are kept.
    pub frozen: bool,
    /// When and how it ended; nothing while it is under way, or was interrupted.
    pub ended: Option<(Instant, Ending)>,
    /// What stopped it.
    pub why: Option<String>,
    /// How many rows are in each state, in the order of [`RowState::ALL`].
    pub rows: [usize; RowState::ALL.len()],
    /// How many requests left of which it is not known what came of them.
    pub open: usize,
}

impl Run {
    /// How many rows are in a state.
    #[must_use]
    pub fn of(&self, state: RowState) -> usize {
        self.rows[state as usize]
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> usize {
        self.rows.iter().sum()
    }
}

/// Where a row of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// Nothing was sent for it yet, or it is not known what came of what was.
    Waiting,
    /// It took effect.
    Done,
    /// It was refused, or failed.
    Failed,
    /// Something is otherwise than when it was approved: nothing was sent.
    Stale,
    /// The run ended before its turn.
    Left,
    /// It was sent, and it could not be found out what came of it.
    Doubt,
}

impl RowState {
    /// Every state.
    pub const ALL: [RowState; 6] = [RowState::Waiting, RowState::Done, RowState::Failed, RowState::Stale, RowState::Left, RowState::Doubt];

    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            RowState::Waiting => "waiting",
            RowState::Done => "done",
            RowState::Failed => "failed",
            RowState::Stale => "stale",
            RowState::Left => "left",
            RowState::Doubt => "doubt",
        }
    }

    /// The word an operator reads.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            RowState::Left => "not reached",
            RowState::Doubt => "in doubt",
            other => other.code(),
        }
    }

    /// The state of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        RowState::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// A row that was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenRow {
    /// Its number in the run.
    pub n: u32,
    /// What is sent.
    pub action: Action,
    /// The user name.
    pub user_name: Option<String>,
    /// The entry's id.
    pub entry: Option<EntryId>,
    /// The account's id.
    pub account: Option<AccountId>,
    /// Where it stands.
    pub state: RowState,
    /// The row of the plan, JSON.
    pub content: String,
}

/// What one request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Creates the account.
    Create,
    /// Changes fields; of an enable or a disable `active` among them.
    Fields,
    /// Changes `active` alone.
    Active,
    /// Deletes the account.
    Delete,
}

impl StepKind {
    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            StepKind::Create => "create",
            StepKind::Fields => "fields",
            StepKind::Active => "active",
            StepKind::Delete => "delete",
        }
    }

    /// The kind of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        [StepKind::Create, StepKind::Fields, StepKind::Active, StepKind::Delete].into_iter().find(|k| k.code() == code)
    }
}

/// A request that is about to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The run.
    pub run: RunId,
    /// The row.
    pub n: u32,
    /// Which request of the row: 0, 1 …
    pub step: u32,
    /// What it does.
    pub kind: StepKind,
    /// Milliseconds since 1970.
    pub begun: i64,
    /// Method and path.
    pub request: String,
    /// What the account had of what is changed, JSON.
    pub before: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// It took effect.
    Done,
    /// It was refused, or failed for good.
    Failed,
    /// It never left, or is known to have had no effect: it may be sent again.
    Unsent,
}

impl StepResult {
    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            StepResult::Done => "done",
            StepResult::Failed => "failed",
            StepResult::Unsent => "unsent",
        }
    }

    /// The result of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        [StepResult::Done, StepResult::Failed, StepResult::Unsent].into_iter().find(|r| r.code() == code)
    }
}

/// The end of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which one.
    pub run: RunId,
    /// The row.
    pub n: u32,
    /// Which request of the row.
    pub step: u32,
    /// Milliseconds since 1970.
    pub ended: i64,
    /// What came of it.
    pub result: StepResult,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// Why, or what is worth knowing.
    pub cause: Option<String>,
    /// What the service calls the request.
    pub request_id: Option<String>,
    /// What the account had afterwards, JSON.
    pub after: Option<String>,
}

/// A request, and what came of it as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Before it left.
    pub intent: Intent,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// The end of a row, with everything that is remembered by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEnd {
    /// The run.
    pub run: RunId,
    /// The row.
    pub n: u32,
    /// Where it stands now.
    pub state: RowState,
    /// The account that was made.
    pub account: Option<AccountId>,
    /// What is remembered.
    pub learnt: Vec<Learnt>,
}

/// Something that is remembered with the end of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learnt {
    /// These two belong together.
    Link(Box<Link>),
    /// A linked account shows this by now.
    Shows {
        /// The account.
        account: AccountId,
        /// `userName`, `externalId` and e-mail.
        remembered: Vec<String>,
        /// Whether it is active.
        active: bool,
    },
    /// We made an account inactive.
    Disabled(AccountId),
    /// An account is active again, or gone.
    NotDisabled(AccountId),
    /// The link of an account that is deleted is not remembered.
    Unlink(AccountId),
    /// It failed, or is in doubt.
    Owed {
        /// The entry's id, else the account's.
        subject: String,
        /// The user name.
        user_name: Option<String>,
        /// What was to be sent.
        action: Action,
        /// Why it was not.
        cause: String,
    },
    /// Nothing is owed to this user any more.
    Settled(String),
    /// The service does not take a value as it was sent.
    Kept(Kept),
    /// It takes the values of this field.
    NotKept(AccountId, String),
}

/// A value that a service does not take as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The account.
    pub account: AccountId,
    /// The field.
    pub field: String,
    /// What was sent, JSON.
    pub sent: String,
    /// What it shows, JSON.
    pub shows: String,
}

/// Something that is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// The entry's id, else the account's.
    pub subject: String,
    /// The channel.
    pub channel: String,
    /// The user name.
    pub user_name: Option<String>,
    /// What was to be sent.
    pub action: Action,
    /// The last run.
    pub run: RunId,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was not done.
    pub cause: String,
    /// When it was tried last.
    pub at: Instant,
}

/// Whom the last plan of a channel would remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPlan {
    /// The content id.
    pub plan: String,
    /// When it was made.
    pub at: Instant,
    /// How many accounts.
    pub removals: usize,
    /// A fingerprint of accounts and verbs.
    pub fingerprint: String,
}

/// How many people a channel had at a read that was believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// Entries in scope.
    pub entries: usize,
    /// When.
    pub at: Instant,
}
