//! What a rule of the mapping says, as far as it can be edited on a screen: its expression, and what holds where that gives
//! nothing. Everything else of a rule stays as it stands in the file.

use super::{Located, RuleConfig, WhenMissing};

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleText {
    /// The expression, if there is one.
    pub value: Option<String>,
    /// What is sent where the expression gives nothing.
    pub default: Option<String>,
    /// What happens where nothing is left to send.
    pub when_missing: WhenMissing,
}

/// What becomes of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleEdit {
    /// It says this from now on; a field without a rule gets one.
    Write(RuleText),
    /// There is none any more: the field is not managed.
    Remove,
}

impl RuleText {
    /// As it stands in the file.
    #[must_use]
    pub fn of(rule: &RuleConfig) -> Self {
        RuleText { value: rule.value.as_ref().map(|v| v.value.clone()), default: rule.default.clone(), when_missing: rule.when_missing }
    }

    /// True if it says nothing: neither what to send nor what instead.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_none() && self.default.is_none()
    }
}

impl RuleConfig {
    /// A rule that says nothing but an expression.
    pub(super) fn plain(field: Located<String>, value: Option<Located<String>>) -> Self {
        RuleConfig {
            field,
            value,
            default: None,
            when_missing: WhenMissing::default(),
            required: None,
            create_only: false,
            masked: false,
            case_exact: None,
        }
    }

    /// A rule for a field that is in no file yet.
    #[must_use]
    pub fn new(field: &str, text: &RuleText) -> Self {
        let mut rule = RuleConfig::plain(Located::nowhere(field.to_owned()), None);
        rule.put(text);
        rule
    }

    /// In place of a rule that is not there: whatever an account has in the field stays, and is compared with nothing.
    #[must_use]
    pub fn unmanaged(field: &str) -> Self {
        let text = RuleText { when_missing: WhenMissing::Keep, ..RuleText::default() };
        RuleConfig { value: None, required: Some(false), ..RuleConfig::new(field, &text) }
    }

    /// Lets it say something else. What says nothing is an empty expression, and told as such.
    pub fn put(&mut self, text: &RuleText) {
        let value = text.value.clone().or_else(|| text.is_empty().then(String::new));
        self.value = value.map(|value| self.value.as_ref().map_or_else(|| Located::nowhere(String::new()), Clone::clone).map(|_| value));
        self.default.clone_from(&text.default);
        self.when_missing = text.when_missing;
    }

    /// True if this is what the mapping calls the field, or its path.
    #[must_use]
    pub fn is_for(&self, name: &str) -> bool {
        self.field.value.eq_ignore_ascii_case(name)
    }
}
