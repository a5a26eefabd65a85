//! What decides where people come from, who of them is in scope, and what becomes of them, one by one: how each is written,
//! and what it says.

mod names;
mod says;

pub use says::may_bind;

use super::source::{SourceConfig, SourceKind, StatusRule, status_rules};
use super::{Channel, Policy};
use crate::config::reader::Document;
use crate::error::{Error, Result as Checked};
use toml_edit::Value;

/// Where people come from, and what becomes of them: what clauses are about.
#[derive(Debug, Clone)]
pub struct Site {
    /// The source and its location.
    pub source: SourceConfig,
    /// The policy.
    pub policy: Policy,
}

impl Site {
    /// That of a channel.
    #[must_use]
    pub fn of(channel: &Channel) -> Self {
        Site { source: channel.source.clone(), policy: channel.policy.clone() }
    }

    /// Whether its parts go together: each may be right by itself.
    ///
    /// # Errors
    /// A usage error without a place.
    pub fn check(&self) -> Checked<()> {
        if let SourceKind::Ldap(ldap) = &self.source.kind {
            ldap.check()?;
        }
        self.policy.check()
    }
}

/// One clause of a source, of its location or the settings beside it, or of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The file that people are read from.
    Path,
    /// The addresses of the directory.
    Url,
    /// Whether TLS is asked for on a plain connection.
    StartTls,
    /// The authority of the directory's certificate.
    Authority,
    /// Who we are there.
    BindDn,
    /// Where our password is kept; never the password.
    Password,
    /// Entries a page.
    PageSize,
    /// Seconds without an answer after which a connection counts as lost.
    Timeout,
    /// The product.
    Vendor,
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
    /// The attribute with the lasting id.
    Id,
    /// Where a missing entry is looked up.
    LookUp,
    /// The attribute of a group that names its members.
    Members,
    /// The attribute of a person that names the groups.
    MemberOf,
    /// The object classes of groups.
    Groups,
    /// The object class of people, where there is no filter.
    People,
    /// The attribute that tells when an entry was changed.
    Time,
    /// Whether accounts are created.
    Create,
    /// Whether they are changed and enabled.
    Update,
    /// Whether they are disabled or deleted.
    Deprovision,
    /// Whether somebody who is disabled gets an inactive account.
    ProvisionDisabled,
    /// What happens to the account of somebody who left.
    Removal,
    /// The user names whose accounts are never touched.
    Protect,
    /// How many accounts may be disabled or deleted in a run.
    Removals,
    /// How many may be created.
    Creates,
    /// How many may be changed.
    Updates,
    /// How many may lose a value of one field.
    Clears,
    /// How much smaller than at the last run the source may be.
    Shrink,
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
    fn whole(message: impl Into<String>) -> Self {
        Wrong { message: message.into(), column: None }
    }
}

impl From<Error> for Wrong {
    /// With what to write instead.
    fn from(error: Error) -> Self {
        let hint = error.hint_text().map(|hint| format!("; {hint}")).unwrap_or_default();
        Wrong::whole(format!("{}{hint}", error.message()))
    }
}

impl Clause {
    /// How the directory is reached.
    pub const SERVER: [Clause; 8] = [
        Clause::Url,
        Clause::StartTls,
        Clause::Authority,
        Clause::BindDn,
        Clause::Password,
        Clause::PageSize,
        Clause::Timeout,
        Clause::Vendor,
    ];
    /// The clauses of the location, in the order in which they narrow.
    pub const LOCATION: [Clause; 5] = [Clause::Base, Clause::Scope, Clause::Filter, Clause::Group, Clause::Nested];
    /// What the product says where nothing else is set: who is disabled, and how entries and groups are made.
    pub const SETTINGS: [Clause; 9] = [
        Clause::Status,
        Clause::DefaultStatus,
        Clause::Id,
        Clause::LookUp,
        Clause::Members,
        Clause::MemberOf,
        Clause::Groups,
        Clause::People,
        Clause::Time,
    ];
    /// The lines of the policy that decide about people.
    pub const POLICY: [Clause; 11] = [
        Clause::Create,
        Clause::Update,
        Clause::Deprovision,
        Clause::ProvisionDisabled,
        Clause::Removal,
        Clause::Protect,
        Clause::Removals,
        Clause::Creates,
        Clause::Updates,
        Clause::Clears,
        Clause::Shrink,
    ];

    /// Its key in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Clause::Path => "path",
            Clause::Url => "url",
            Clause::StartTls => "start_tls",
            Clause::Authority => "ca_file",
            Clause::BindDn => "bind_dn",
            Clause::Password => "password",
            Clause::PageSize => "page_size",
            Clause::Timeout => "timeout",
            Clause::Vendor => "vendor",
            Clause::Base => "base_dn",
            Clause::Scope => "scope",
            Clause::Filter => "filter",
            Clause::Group => "group_dn",
            Clause::Nested => "nested_groups",
            Clause::Status => "status",
            Clause::DefaultStatus => "default_status",
            Clause::Id => "id_attribute",
            Clause::LookUp => "lookup_base",
            Clause::Members => "member_attribute",
            Clause::MemberOf => "member_of_attribute",
            Clause::Groups => "group_class",
            Clause::People => "user_class",
            Clause::Time => "time_attribute",
            Clause::ProvisionDisabled => "provision_disabled",
            Clause::Removal => "remove_action",
            Clause::Protect => "protect",
            Clause::Deprovision | Clause::Removals => "deprovision",
            Clause::Create | Clause::Creates => "create",
            Clause::Update | Clause::Updates => "update",
            Clause::Clears => "clear",
            Clause::Shrink => "max_source_shrink",
        }
    }

    /// The tables that it stands in, from the channel's on.
    #[must_use]
    pub fn tables(self) -> &'static [&'static str] {
        match self {
            _ if self == Clause::Path || Clause::SERVER.contains(&self) => &["source"],
            _ if Clause::LOCATION.contains(&self) => &["source", "location"],
            Clause::Removals | Clause::Creates | Clause::Updates | Clause::Clears => &["policy", "limits"],
            _ if self.is_policy() => &["policy"],
            _ => &["source", "settings"],
        }
    }

    /// What it is called where it stands alone: a limit's key says a verb, which may be another key of the policy.
    #[must_use]
    pub fn name(self) -> String {
        if self.tables() == ["policy", "limits"] { format!("limits.{}", self.key()) } else { self.key().to_owned() }
    }

    /// True if it is a line of the policy: it moves nobody in or out.
    #[must_use]
    pub fn is_policy(self) -> bool {
        Clause::POLICY.contains(&self)
    }

    /// True if sources of this kind have it: a table has neither a tree nor groups, and a file no server.
    #[must_use]
    pub fn applies(self, kind: &SourceKind) -> bool {
        match kind {
            _ if self.is_policy() => true,
            SourceKind::Ldap(_) => self != Clause::Path,
            SourceKind::Ldif { .. } => !Clause::SERVER.contains(&self),
            SourceKind::Csv(_) => matches!(self, Clause::Path | Clause::Filter | Clause::Status | Clause::DefaultStatus | Clause::Id),
        }
    }

    /// True if it is either so or not.
    fn is_switch(self) -> bool {
        let of_policy = matches!(self, Clause::Create | Clause::Update | Clause::Deprovision | Clause::ProvisionDisabled);
        of_policy || matches!(self, Clause::StartTls | Clause::Nested)
    }

    /// The only texts that it can be; none where any text may do.
    #[must_use]
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Clause::Scope => &["sub", "one"],
            _ if self.is_switch() => &["true", "false"],
            Clause::DefaultStatus => &["enabled", "disabled"],
            Clause::Removal => &["disable", "delete"],
            _ => &[],
        }
    }

    /// Whether two texts that it can be come to the same: in a list of names their order does not matter.
    #[must_use]
    pub fn is_same(self, one: &str, other: &str) -> bool {
        let sorted = |text: &str| {
            let mut names = names::names(text).unwrap_or_default();
            names.sort_unstable();
            names
        };
        one == other || (self == Clause::Protect && sorted(one) == sorted(other))
    }

    /// A text that it can be as the value in the file.
    ///
    /// # Errors
    /// Where it can't be.
    pub(super) fn value(self, text: &str) -> Checked<Value> {
        let text = text.trim();
        let parsed = |written: String| written.parse().map_err(|_| Error::usage(format!("{} is no TOML", self.key())));
        Ok(match self {
            _ if self.is_switch() => Value::from(text == "true"),
            Clause::PageSize | Clause::Timeout => {
                Value::from(text.parse::<i64>().map_err(|_| Error::usage(format!("{} is no number", self.key())))?)
            }
            Clause::Protect => names::names(text).map_err(|wrong| Error::usage(wrong.message))?.into_iter().collect(),
            Clause::Status => parsed(format!("[{}]", text.trim_start_matches('[').trim_end_matches(']')))?,
            Clause::Url => list(says::urls(text).map_err(|wrong| Error::usage(wrong.message))?),
            Clause::Groups => list(says::words(text)),
            Clause::Password => parsed(super::secret::typed::reference(text)?)?,
            _ => Value::from(text),
        })
    }
}

/// One text, or a list of several.
fn list(texts: Vec<String>) -> Value {
    match &texts[..] {
        [one] => Value::from(one.as_str()),
        _ => texts.into_iter().collect(),
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
    let wrong = |error: Error| Wrong {
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
        let mut site = Site::of(&Config::parse(Path::new("x.toml"), text).unwrap().channels[0]);
        let rules = "{ attribute = \"uac\", disabled_when = { bits = 2 } }, { attribute = \"status\", enabled_when = { equals = \"on\" } }";
        for typed in [rules.to_owned(), format!("[{rules}]")] {
            Clause::Status.set(&mut site, &typed).unwrap();
            assert_eq!(Clause::Status.text(&site), rules);
        }
        for (typed, column) in
            [("{ attribute = \"uac\" }", Some(1)), ("{ attribute = uac }", Some(15)), ("nonsense", None), ("{}, ", Some(1))]
        {
            let wrong = Clause::Status.set(&mut site, typed).unwrap_err();
            assert!(column.is_none() || wrong.column == column, "{typed}: {wrong:?}");
            assert_eq!(Clause::Status.text(&site), rules, "the old one stays");
        }
        Clause::Status.set(&mut site, " ").unwrap();
        assert_eq!((Clause::Status.text(&site), Clause::DefaultStatus.text(&site)), (String::new(), "enabled".to_owned()));
        assert!(Clause::Members.set(&mut site, "two words").is_err() && Clause::People.set(&mut site, "(x)").is_err());
        assert!(Clause::DefaultStatus.set(&mut site, "perhaps").is_err());
    }
}
