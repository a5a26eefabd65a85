//! `[channels.NAME.policy]`: what may be done, and how much of it. The defaults are the careful ones (design: section 5).

use super::reader::{Located, Section};
use crate::error::{Error, Result};
use std::fmt;

/// What may be done.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the configuration with the same name")]
pub struct Policy {
    /// Accounts may be created.
    pub create: bool,
    /// Accounts may be changed and enabled.
    pub update: bool,
    /// Accounts may be disabled or deleted.
    pub deprovision: bool,
    /// A disabled entry without account gets an inactive one.
    pub provision_disabled: bool,
    /// What happens to the account of someone who is leaving.
    pub remove_action: RemoveAction,
    /// User names that are never touched.
    pub protect: Vec<String>,
    /// How much may be done in one run.
    pub limits: Limits,
    /// How much smaller than at the last accepted read the source may be, in percent.
    pub max_source_shrink: Limit,
}

/// What happens to the account of someone who is leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoveAction {
    /// It is made inactive.
    #[default]
    Disable,
    /// It is deleted.
    Delete,
}

/// How much may be done in one run, per verb.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Accounts disabled or deleted.
    pub deprovision: Limit,
    /// Accounts created.
    pub create: Limit,
    /// Accounts updated.
    pub update: Limit,
    /// Accounts that lose a value, per field.
    pub clear: Limit,
}

/// A number, a percentage, or whichever of both is smaller; without either there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limit {
    /// At most so many.
    pub count: Option<u32>,
    /// At most so many percent.
    pub percent: Option<f64>,
}

impl Limit {
    /// Parses `"20"`, `"5%"`, `"20 or 5%"` or `"none"`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() == "none" {
            return Some(Limit::default());
        }
        let mut limit = Limit::default();
        for part in text.split(" or ") {
            let part = part.trim();
            if let Some(percent) = part.strip_suffix('%') {
                let percent: f64 = percent.trim().parse().ok()?;
                if limit.percent.is_some() || !(0.0..=100.0).contains(&percent) {
                    return None;
                }
                limit.percent = Some(percent);
            } else {
                if limit.count.is_some() {
                    return None;
                }
                limit.count = Some(part.parse().ok()?);
            }
        }
        Some(limit)
    }

    /// What can be written, for messages.
    pub const WAYS: &str = "write \"20\", \"5%\", \"20 or 5%\" (the smaller of both) or \"none\"";

    fn read(section: &mut Section<'_>, key: &'static str, default: Limit) -> Result<Self> {
        let Some(text): Option<Located<String>> = section.scalar_text(key)? else { return Ok(default) };
        Limit::parse(&text.value).ok_or_else(|| text.error(format!("\"{}\" is not a limit", text.value)).hint(Limit::WAYS))
    }
}

impl fmt::Display for Limit {
    /// As an operator writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.percent) {
            (Some(n), Some(percent)) => write!(f, "{n} or {percent}%"),
            (Some(n), None) => write!(f, "{n}"),
            (None, Some(percent)) => write!(f, "{percent}%"),
            (None, None) => f.write_str("none"),
        }
    }
}

/// Why two lines of a policy do not go together, and what to write instead.
const AGAIN_AND_AGAIN: (&str, &str) = (
    "provision_disabled with remove_action = \"delete\" would delete people and create them anew, again and again",
    "set provision_disabled = false, or remove_action = \"disable\"",
);

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deprovision: Limit { count: Some(20), percent: Some(5.0) },
            create: Limit::default(),
            update: Limit::default(),
            clear: Limit { count: None, percent: Some(5.0) },
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            create: true,
            update: true,
            deprovision: true,
            provision_disabled: false,
            remove_action: RemoveAction::Disable,
            protect: Vec::new(),
            limits: Limits::default(),
            max_source_shrink: Limit { count: None, percent: Some(30.0) },
        }
    }
}

impl Policy {
    /// Whether its lines go together: each may be right by itself.
    ///
    /// # Errors
    /// A usage error without a place.
    pub fn check(&self) -> Result<()> {
        if self.provision_disabled && self.remove_action == RemoveAction::Delete {
            return Err(Error::usage(AGAIN_AND_AGAIN.0).hint(AGAIN_AND_AGAIN.1));
        }
        Ok(())
    }

    /// True if everybody comes to the same by both: how much may be done in one run is asked when it is sent.
    #[must_use]
    pub fn judges_like(&self, other: &Policy) -> bool {
        let switches = |p: &Policy| (p.create, p.update, p.deprovision, p.provision_disabled, p.remove_action);
        switches(self) == switches(other) && self.protect == other.protect
    }

    pub(super) fn read(section: &mut Section<'_>) -> Result<Self> {
        let base = Policy::default();
        let mut policy = Policy {
            create: section.bool("create")?.is_none_or(|b| b.value),
            update: section.bool("update")?.is_none_or(|b| b.value),
            deprovision: section.bool("deprovision")?.is_none_or(|b| b.value),
            provision_disabled: section.bool("provision_disabled")?.is_some_and(|b| b.value),
            protect: section.strings("protect")?.unwrap_or_default().into_iter().map(|s| s.value).collect(),
            max_source_shrink: Limit::read(section, "max_source_shrink", base.max_source_shrink)?,
            ..base
        };
        let remove = section.word("remove_action", &["disable", "delete"])?;
        if let Some(word) = &remove
            && word.value == 1
        {
            policy.remove_action = RemoveAction::Delete;
            if policy.provision_disabled {
                return Err(word.error(AGAIN_AND_AGAIN.0).hint(AGAIN_AND_AGAIN.1));
            }
        }
        if let Some(mut limits) = section.section("limits")? {
            let base = Limits::default();
            policy.limits = Limits {
                deprovision: Limit::read(&mut limits, "deprovision", base.deprovision)?,
                create: Limit::read(&mut limits, "create", base.create)?,
                update: Limit::read(&mut limits, "update", base.update)?,
                clear: Limit::read(&mut limits, "clear", base.clear)?,
            };
            limits.finish()?;
        }
        section.finish()?;
        Ok(policy)
    }
}
