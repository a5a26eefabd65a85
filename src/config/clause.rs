//! What decides who is in scope and who of them is disabled, one by one: how each is written, and what it says.

use super::reader::{Document, Located};
use super::source::{Scope, SourceConfig, SourceKind, StatusRule, status_rules};
use crate::identity::AttributeName;

/// One clause of a source location, or of the settings beside it.
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
    /// What tells who is disabled.
    Status,
    /// What holds where nothing tells it.
    DefaultStatus,
    /// The attribute of a group that names its members.
    Members,
    /// The attribute of a person that names the groups.
    MemberOf,
    /// The object class of people, where there is no filter.
    People,
}

/// Why a text is not a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong. Not cleaned.
    pub message: String,
    /// Where, from 1.
    pub column: Option<usize>,
}

impl Wrong {
    fn whole(message: String) -> Self {
        Wrong { message, column: None }
    }
}

impl Clause {
    /// The clauses of the location, in the order in which they narrow.
    pub const LOCATION: [Clause; 5] = [Clause::Base, Clause::Scope, Clause::Filter, Clause::Group, Clause::Nested];

    /// Its key in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Clause::Base => "base_dn",
            Clause::Scope => "scope",
            Clause::Filter => "filter",
            Clause::Group => "group_dn",
            Clause::Nested => "nested_groups",
            Clause::Status => "status",
            Clause::DefaultStatus => "default_status",
            Clause::Members => "member_attribute",
            Clause::MemberOf => "member_of_attribute",
            Clause::People => "user_class",
        }
    }

    /// The table of the source that it stands in.
    #[must_use]
    pub fn table(self) -> &'static str {
        if Clause::LOCATION.contains(&self) { "location" } else { "settings" }
    }

    /// True if sources of this kind have it: a table has neither a tree nor groups.
    #[must_use]
    pub fn applies(self, kind: &SourceKind) -> bool {
        matches!(self, Clause::Filter | Clause::Status | Clause::DefaultStatus) || !matches!(kind, SourceKind::Csv(_))
    }

    /// The only texts that it can be; none where any text may do.
    #[must_use]
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Clause::Scope => &["sub", "one"],
            Clause::Nested => &["true", "false"],
            Clause::DefaultStatus => &["enabled", "disabled"],
            _ => &[],
        }
    }

    /// What it says, as it is written in the configuration; empty where it is not set there.
    #[must_use]
    pub fn text(self, source: &SourceConfig) -> String {
        let of = |text: &Option<Located<String>>| text.as_ref().map(|t| t.value.clone()).unwrap_or_default();
        let name = |name: &Option<AttributeName>| name.as_ref().map(ToString::to_string).unwrap_or_default();
        let (location, settings) = (&source.location, &source.settings);
        match self {
            Clause::Base => location.base_dn.value.clone(),
            Clause::Scope => if location.scope == Scope::OneLevel { "one" } else { "sub" }.to_owned(),
            Clause::Filter => of(&location.filter),
            Clause::Group => of(&location.group_dn),
            Clause::Nested => location.nested_groups.to_string(),
            Clause::Status => settings.status.as_deref().map(status_text).unwrap_or_default(),
            // Every preset has it so.
            Clause::DefaultStatus => if settings.default_enabled == Some(false) { "disabled" } else { "enabled" }.to_owned(),
            Clause::Members => name(&settings.member_attribute),
            Clause::MemberOf => name(&settings.member_of_attribute),
            Clause::People => settings.user_class.clone().unwrap_or_default(),
        }
    }

    /// Lets it say something else; what is empty is not set. Whether a filter is one is not looked at here.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn set(self, source: &mut SourceConfig, text: &str) -> Result<(), Wrong> {
        let text = text.trim();
        let located = |before: Option<&Located<String>>| match before {
            Some(before) => before.clone().map(|_| text.to_owned()),
            None => Located::nowhere(text.to_owned()),
        };
        let given = (!text.is_empty()).then(|| text.to_owned());
        self.check(text)?;
        let (location, settings) = (&mut source.location, &mut source.settings);
        match self {
            Clause::Base => location.base_dn = located(Some(&location.base_dn)),
            Clause::Scope => location.scope = if text == "one" { Scope::OneLevel } else { Scope::Subtree },
            Clause::Filter => location.filter = given.map(|_| located(location.filter.as_ref())),
            Clause::Group => location.group_dn = given.map(|_| located(location.group_dn.as_ref())),
            Clause::Nested => location.nested_groups = text == "true",
            Clause::Status => settings.status = given.map(|text| status(&text)).transpose()?,
            Clause::DefaultStatus => settings.default_enabled = Some(text == "enabled"),
            Clause::Members => settings.member_attribute = given.map(AttributeName::new),
            Clause::MemberOf => settings.member_of_attribute = given.map(AttributeName::new),
            Clause::People => settings.user_class = given,
        }
        Ok(())
    }

    fn check(self, text: &str) -> Result<(), Wrong> {
        let is_dn = |text: &str| crate::identity::dn::parse(text).is_some();
        let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-.;".contains(c));
        let wrong = match self {
            _ if !self.choices().is_empty() && !self.choices().contains(&text) => {
                format!("it is one of: {}", self.choices().join(", "))
            }
            Clause::Base if !is_dn(text) => format!("\"{text}\" is not a distinguished name"),
            Clause::Group if !text.is_empty() && !is_dn(text) => format!("\"{text}\" is not a distinguished name"),
            Clause::Members | Clause::MemberOf if !is_name(text) => format!("\"{text}\" is not the name of an attribute"),
            Clause::People if !is_name(text) => format!("\"{text}\" is not the name of an object class"),
            _ => return Ok(()),
        };
        Err(Wrong::whole(wrong))
    }
}

/// Status rules as they are written in a list.
#[must_use]
pub fn status_text(rules: &[StatusRule]) -> String {
    rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Status rules from the text between the brackets of a list.
fn status(text: &str) -> Result<Vec<StatusRule>, Wrong> {
    const BEFORE: &str = "status = [";
    let wrong = |error: crate::error::Error| Wrong {
        message: error.message().to_owned(),
        column: error.position().map(|at| at.column.saturating_sub(BEFORE.len()).max(1)),
    };
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let document = Document::parse("status", &format!("{BEFORE}{text}]")).map_err(wrong)?;
    let mut root = document.root();
    let rules = root.sections("status").map_err(wrong)?.map(status_rules).transpose().map_err(wrong)?.unwrap_or_default();
    root.finish().map_err(wrong)?;
    if rules.is_empty() { Err(Wrong::whole("there is no rule in it".to_owned())) } else { Ok(rules) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    #[test]
    fn status_rules_are_typed_as_in_the_file_and_told_where_they_are_wrong() {
        let text = "[channels.a.source]\ntype = \"ldif\"\npath = \"x\"\nlocation = { base_dn = \"dc=x\" }\n[channels.a.target]\nconnector = \"scim2\"\nbase_url = \"http://localhost\"\nauth = \"none\"\n[channels.a.mapping]\nuserName = \"uid\"\n";
        let mut source = Config::parse(Path::new("x.toml"), text).unwrap().channels[0].source.clone();
        let rules = "{ attribute = \"uac\", disabled_when = { bits = 2 } }, { attribute = \"status\", enabled_when = { equals = \"on\" } }";
        for typed in [rules.to_owned(), format!("[{rules}]")] {
            Clause::Status.set(&mut source, &typed).unwrap();
            assert_eq!(Clause::Status.text(&source), rules);
        }
        for (typed, column) in
            [("{ attribute = \"uac\" }", Some(1)), ("{ attribute = uac }", Some(15)), ("nonsense", None), ("{}, ", Some(1))]
        {
            let wrong = Clause::Status.set(&mut source, typed).unwrap_err();
            assert!(column.is_none() || wrong.column == column, "{typed}: {wrong:?}");
            assert_eq!(Clause::Status.text(&source), rules, "the old one stays");
        }
        Clause::Status.set(&mut source, " ").unwrap();
        assert_eq!((Clause::Status.text(&source), Clause::DefaultStatus.text(&source)), (String::new(), "enabled".to_owned()));
        assert!(Clause::Members.set(&mut source, "two words").is_err() && Clause::People.set(&mut source, "(x)").is_err());
        assert!(Clause::DefaultStatus.set(&mut source, "perhaps").is_err());
    }
}
