//! The classes that users fall in, why, and what would be sent: codes for exports, words for people.

use serde::{Deserialize, Serialize};

/// The one class that each user falls in (design: section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// An entry without account: would be created.
    New,
    /// A mapped field differs.
    Changed,
    /// The entry is enabled, the account is not.
    Returning,
    /// The entry is gone, disabled or out of scope; the account is still active.
    Leaving,
    /// The same, and the account is already inactive.
    Left,
    /// Nothing differs.
    InSync,
    /// A disabled entry without account, which is not to be created.
    Skipped,
    /// An account without entry.
    Unmatched,
    /// Who belongs to whom is for a human to say.
    Ambiguous,
    /// The mapping does not give what the target needs.
    Invalid,
    /// An operator decided to leave this user alone.
    Held,
    /// It rests on something that was not read completely.
    Blocked,
}

impl Situation {
    /// Every situation, in the order of the plan document.
    pub const ALL: [Situation; 12] = [
        Situation::New,
        Situation::Changed,
        Situation::Returning,
        Situation::Leaving,
        Situation::Left,
        Situation::InSync,
        Situation::Skipped,
        Situation::Unmatched,
        Situation::Ambiguous,
        Situation::Invalid,
        Situation::Held,
        Situation::Blocked,
    ];

    /// Every situation in the order in which they are told: what needs a person first, what needs nobody last.
    pub const WORST_FIRST: [Situation; 12] = [
        Situation::Blocked,
        Situation::Leaving,
        Situation::Ambiguous,
        Situation::Invalid,
        Situation::Returning,
        Situation::Changed,
        Situation::New,
        Situation::Unmatched,
        Situation::Held,
        Situation::Left,
        Situation::Skipped,
        Situation::InSync,
    ];

    /// The code for exports and the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Situation::New => "new",
            Situation::Changed => "changed",
            Situation::Returning => "returning",
            Situation::Leaving => "leaving",
            Situation::Left => "left",
            Situation::InSync => "in_sync",
            Situation::Skipped => "skipped",
            Situation::Unmatched => "unmatched",
            Situation::Ambiguous => "ambiguous",
            Situation::Invalid => "invalid",
            Situation::Held => "held",
            Situation::Blocked => "blocked",
        }
    }

    /// The word an operator reads.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Situation::InSync => "in sync",
            other => other.code(),
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $code:literal $words:literal;)*) => {
        /// Why a row is in its situation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];

            /// The code for exports.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// The operator's words.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Reason::$name => $words,)* }
            }
        }
    };
}

reasons! {
    /// The entry was not found anywhere this reader can see.
    Deleted "deleted" "not found anywhere this reader can see";
    /// The entry is disabled.
    Disabled "disabled" "is disabled in the directory";
    /// The entry is there, but outside the source location.
    OutOfScope "out_of_scope" "left the source location";
    /// Several entries in scope have this key.
    DuplicateInSource "duplicate_in_source" "several people share the key";
    /// Several accounts have this key.
    DuplicateInTarget "duplicate_in_target" "several accounts could be this person's";
    /// The account with this key is linked to someone else.
    LinkedElsewhere "linked_elsewhere" "the account with this key is linked to someone else";
    /// The linked entry's new key is taken.
    RenameCollision "rename_collision" "the new user name is taken";
    /// The linked account shows nothing of what was remembered.
    LinkSuspect "link_suspect" "the linked account looks like someone else's";
    /// A rule failed.
    MappingError "mapping_error" "a rule failed";
    /// A required field is empty.
    MissingRequired "missing_required" "a required field is empty";
    /// A value breaks the field's rule.
    InvalidValue "invalid_value" "a value is not allowed in its field";
    /// The match rule's attribute has several values.
    SeveralValues "several_values" "the match rule gives several values";
    /// The only difference is in a field that can't be changed.
    ImmutableChanged "immutable_changed" "only a field differs that can't be changed";
    /// No account yet, and none before.
    FirstSeen "first_seen" "no account yet";
    /// The linked account is gone.
    AccountGone "account_gone" "the linked account is gone";
    /// Nobody was ever linked to it.
    NeverLinked "never_linked" "nobody in scope has this user name";
    /// Linked by another channel.
    OtherChannel "other_channel" "belongs to another channel";
    /// The source was not read completely.
    SourceIncomplete "source_incomplete" "the directory was not read completely";
    /// The target was not read completely.
    TargetIncomplete "target_incomplete" "the accounts were not read completely";
    /// The source gave nobody.
    SourceEmpty "source_empty" "nobody is in scope";
    /// A look-up has not been answered yet.
    LookupPending "lookup_pending" "is still being looked up";
    /// A look-up was refused or failed.
    LookupFailed "lookup_failed" "could not be looked up";
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        let known = Reason::ALL.iter().copied().find(|r| r.code() == code);
        known.ok_or_else(|| serde::de::Error::custom(format_args!("there is no reason `{code}`")))
    }
}

/// What would be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create the account.
    Create,
    /// Change fields.
    Update,
    /// Make the account active again, and change fields where they differ.
    Enable,
    /// Make the account inactive.
    Disable,
    /// Delete the account.
    Delete,
    /// Remember the pair; nothing is sent.
    Link,
    /// Nothing.
    None,
}

impl Action {
    /// Every action, in the order in which they are told.
    pub const ALL: [Action; 7] =
        [Action::Create, Action::Update, Action::Enable, Action::Disable, Action::Delete, Action::Link, Action::None];

    /// The code for exports, and the operator's word but for `none`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Enable => "enable",
            Action::Disable => "disable",
            Action::Delete => "delete",
            Action::Link => "link",
            Action::None => "none",
        }
    }

    /// True for what takes a person's access away.
    #[must_use]
    pub fn is_deprovision(self) -> bool {
        matches!(self, Action::Disable | Action::Delete)
    }
}
