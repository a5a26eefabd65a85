//! The clauses of a source location, one by one: how each is written, and what it says.

use super::reader::Located;
use super::source::{Location, Scope, SourceConfig, SourceKind};

/// One clause of a source location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The base.
    Base,
    /// How far below it.
    Scope,
    /// The filter.
    Filter,
    /// The group.
    Group,
    /// Whether members of groups in the group count.
    Nested,
}

impl Clause {
    /// Every clause, in the order in which they narrow.
    pub const ALL: [Clause; 5] = [Clause::Base, Clause::Scope, Clause::Filter, Clause::Group, Clause::Nested];

    /// Its key in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Clause::Base => "base_dn",
            Clause::Scope => "scope",
            Clause::Filter => "filter",
            Clause::Group => "group_dn",
            Clause::Nested => "nested_groups",
        }
    }

    /// True if sources of this kind have it: a table has neither a tree nor groups.
    #[must_use]
    pub fn applies(self, kind: &SourceKind) -> bool {
        self == Clause::Filter || !matches!(kind, SourceKind::Csv(_))
    }

    /// The only texts that it can be; none where any text may do.
    #[must_use]
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Clause::Scope => &["sub", "one"],
            Clause::Nested => &["true", "false"],
            Clause::Base | Clause::Filter | Clause::Group => &[],
        }
    }

    /// What it says, as it is written in the configuration; empty where it is not set.
    #[must_use]
    pub fn text(self, location: &Location) -> String {
        let of = |text: &Option<Located<String>>| text.as_ref().map(|t| t.value.clone()).unwrap_or_default();
        match self {
            Clause::Base => location.base_dn.value.clone(),
            Clause::Scope => if location.scope == Scope::OneLevel { "one" } else { "sub" }.to_owned(),
            Clause::Filter => of(&location.filter),
            Clause::Group => of(&location.group_dn),
            Clause::Nested => location.nested_groups.to_string(),
        }
    }

    /// Lets it say something else; an empty filter or group is none. Whether a filter is one is not looked at here.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn set(self, source: &mut SourceConfig, text: &str) -> Result<(), String> {
        let text = text.trim();
        let is_dn = |text: &str| crate::identity::dn::parse(text).is_some();
        let located = |before: Option<&Located<String>>| match before {
            Some(before) => before.clone().map(|_| text.to_owned()),
            None => Located::nowhere(text.to_owned()),
        };
        let location = &mut source.location;
        match self {
            Clause::Base if !is_dn(text) => return Err(format!("\"{text}\" is not a distinguished name")),
            Clause::Group if !text.is_empty() && !is_dn(text) => return Err(format!("\"{text}\" is not a distinguished name")),
            Clause::Scope | Clause::Nested if !self.choices().contains(&text) => {
                return Err(format!("it is one of: {}", self.choices().join(", ")));
            }
            Clause::Base => location.base_dn = located(Some(&location.base_dn)),
            Clause::Scope => location.scope = if text == "one" { Scope::OneLevel } else { Scope::Subtree },
            Clause::Filter => location.filter = (!text.is_empty()).then(|| located(location.filter.as_ref())),
            Clause::Group => location.group_dn = (!text.is_empty()).then(|| located(location.group_dn.as_ref())),
            Clause::Nested => location.nested_groups = text == "true",
        }
        Ok(())
    }
}
