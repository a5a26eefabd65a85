//! A step of a check: what was tried, and how it went.

use crate::error::Error;
use serde::Serialize;

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// It works.
    Good,
    /// It works, and something about it is worth knowing.
    Warning,
    /// It does not work.
    Failed,
    /// It was not tried, because an earlier step failed or the configuration does not ask for it.
    Skipped,
}

/// One step of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was tried: `resolve`, `TLS`, `bind`, `base`, …
    pub name: &'static str,
    /// How it went.
    pub verdict: StepVerdict,
    /// What was seen (not cleaned: it may quote a server).
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Step {
    /// A step that went well.
    pub fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Step { name, verdict: StepVerdict::Good, detail: detail.into(), hint: None }
    }

    /// A step that went well but for something that is worth knowing.
    pub fn warning(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Step { name, verdict: StepVerdict::Warning, detail: detail.into(), hint: Some(hint.into()) }
    }

    /// A step that was not tried.
    pub fn skipped(name: &'static str, detail: impl Into<String>) -> Self {
        Step { name, verdict: StepVerdict::Skipped, detail: detail.into(), hint: None }
    }

    /// A step that failed with an error.
    #[must_use]
    pub fn failed(name: &'static str, error: &Error) -> Self {
        Step { name, verdict: StepVerdict::Failed, detail: error.message().to_owned(), hint: error.hint_text().map(str::to_owned) }
    }
}
