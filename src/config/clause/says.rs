//! What a clause says, and letting it say something else.

use super::names::{names, names_text};
use super::{Clause, Site, Wrong, status, status_text};
use crate::config::paths::typed_file;
use crate::config::reader::Located;
use crate::config::secret::SecretRef;
use crate::config::source::{CsvConfig, LdapConfig, LdapUrl, Scope, SourceConfig, SourceKind};
use crate::config::{Limit, Policy, RemoveAction};
use crate::identity::{AttributeName, dn};

/// Entries a page, where nothing else is set.
const PAGE: u32 = 1000;
/// Seconds without an answer, where nothing else is set.
const TIMEOUT: u64 = 60;

impl Clause {
    /// What it says, as it is typed here; empty where it is not set, or sources of this kind have no such clause.
    #[must_use]
    pub fn text(self, site: &Site) -> String {
        if self.is_policy() { self.of_policy(&site.policy) } else { self.of_source(&site.source) }
    }

    /// The same of a clause that is no line of the policy.
    pub(in crate::config) fn of_source(self, source: &SourceConfig) -> String {
        match &source.kind {
            SourceKind::Ldap(ldap) if Clause::SERVER.contains(&self) => self.of_server(ldap),
            SourceKind::Ldif { path } | SourceKind::Csv(CsvConfig { path, .. }) if self == Clause::Path => path.display().to_string(),
            _ => self.of_location(source),
        }
    }

    fn of_server(self, ldap: &LdapConfig) -> String {
        match self {
            Clause::Url => ldap.urls.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(", "),
            Clause::StartTls => ldap.start_tls.to_string(),
            Clause::Authority => ldap.ca_file.as_ref().map(|f| f.display().to_string()).unwrap_or_default(),
            Clause::BindDn => ldap.bind_dn.clone().unwrap_or_default(),
            Clause::Password => ldap.password.as_ref().map(SecretRef::typed).unwrap_or_default(),
            Clause::PageSize => ldap.page_size.to_string(),
            Clause::Timeout => ldap.timeout.to_string(),
            _ => ldap.vendor.value.clone(),
        }
    }

    fn of_policy(self, policy: &Policy) -> String {
        match self {
            Clause::Create => policy.create.to_string(),
            Clause::Update => policy.update.to_string(),
            Clause::Deprovision => policy.deprovision.to_string(),
            Clause::ProvisionDisabled => policy.provision_disabled.to_string(),
            Clause::Protect => names_text(&policy.protect),
            Clause::Removal => if policy.remove_action == RemoveAction::Delete { "delete" } else { "disable" }.to_owned(),
            Clause::Removals => policy.limits.deprovision.to_string(),
            Clause::Creates => policy.limits.create.to_string(),
            Clause::Updates => policy.limits.update.to_string(),
            Clause::Clears => policy.limits.clear.to_string(),
            _ => policy.max_source_shrink.to_string(),
        }
    }

    fn of_location(self, source: &SourceConfig) -> String {
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
            Clause::Id => name(&settings.id_attribute),
            Clause::LookUp => settings.lookup_base.clone().unwrap_or_default(),
            Clause::Members => name(&settings.member_attribute),
            Clause::MemberOf => name(&settings.member_of_attribute),
            Clause::Groups => settings.group_class.as_ref().map(|list| list.join(", ")).unwrap_or_default(),
            Clause::People => settings.user_class.clone().unwrap_or_default(),
            Clause::Time => name(&settings.time_attribute),
            _ => String::new(),
        }
    }

    /// Lets it say something else; what is empty is not set. Whether a filter is one, and whether there is such a vendor, is not
    /// looked at here, nor whether it goes with the other clauses.
    ///
    /// # Errors
    /// What is wrong with the text. A secret that was typed is quoted nowhere.
    pub fn set(self, site: &mut Site, text: &str) -> Result<(), Wrong> {
        let text = text.trim();
        self.check(&site.source.kind, text)?;
        match &mut site.source.kind {
            SourceKind::Ldap(ldap) if Clause::SERVER.contains(&self) => self.set_server(ldap, text)?,
            SourceKind::Ldif { path } | SourceKind::Csv(CsvConfig { path, .. }) if self == Clause::Path => *path = typed_file(text),
            _ if self.is_policy() => self.set_policy(&mut site.policy, text)?,
            _ => self.set_location(&mut site.source, text)?,
        }
        Ok(())
    }

    /// A text that it can be, as it is kept: a file by its whole path.
    #[must_use]
    pub fn kept(self, text: &str) -> String {
        let text = text.trim();
        match self {
            Clause::Authority | Clause::Path if !text.is_empty() => typed_file(text).display().to_string(),
            Clause::Url => urls(text).map_or_else(|_| text.to_owned(), |urls| urls.join(", ")),
            Clause::Groups => words(text).join(", "),
            Clause::Vendor if text.is_empty() => "auto".to_owned(),
            Clause::PageSize if text.is_empty() => PAGE.to_string(),
            Clause::Timeout if text.is_empty() => TIMEOUT.to_string(),
            Clause::Protect => names(text).map_or_else(|_| text.to_owned(), |names| names_text(&names)),
            _ if self.limit().is_some() && text.is_empty() => self.of_policy(&Policy::default()),
            _ => text.to_owned(),
        }
    }

    fn set_server(self, ldap: &mut LdapConfig, text: &str) -> Result<(), Wrong> {
        let given = (!text.is_empty()).then(|| text.to_owned());
        match self {
            Clause::Url => ldap.urls = LdapUrl::typed(text)?,
            Clause::StartTls => ldap.start_tls = text == "true",
            Clause::Authority => ldap.ca_file = given.as_deref().map(typed_file),
            Clause::BindDn => ldap.bind_dn = given,
            Clause::Password => ldap.password = given.as_deref().map(SecretRef::of_typed).transpose()?,
            Clause::PageSize => ldap.page_size = text.parse().unwrap_or(PAGE),
            Clause::Timeout => ldap.timeout = text.parse().unwrap_or(TIMEOUT),
            _ => ldap.vendor = ldap.vendor.clone().map(|_| given.unwrap_or_else(|| "auto".to_owned())),
        }
        Ok(())
    }

    fn set_policy(self, policy: &mut Policy, text: &str) -> Result<(), Wrong> {
        match self {
            Clause::Create => policy.create = text == "true",
            Clause::Update => policy.update = text == "true",
            Clause::Deprovision => policy.deprovision = text == "true",
            Clause::ProvisionDisabled => policy.provision_disabled = text == "true",
            Clause::Protect => policy.protect = names(text)?,
            Clause::Removal => policy.remove_action = if text == "delete" { RemoveAction::Delete } else { RemoveAction::Disable },
            _ => {
                let Some(of) = self.limit() else { return Ok(()) };
                let usual = *of(&mut Policy::default());
                let wrong = || Wrong::whole(format!("\"{text}\" is not a limit; {}", Limit::WAYS));
                *of(policy) = if text.is_empty() { usual } else { Limit::parse(text).ok_or_else(wrong)? };
            }
        }
        Ok(())
    }

    /// The limit that it is.
    fn limit(self) -> Option<fn(&mut Policy) -> &mut Limit> {
        Some(match self {
            Clause::Removals => |policy| &mut policy.limits.deprovision,
            Clause::Creates => |policy| &mut policy.limits.create,
            Clause::Updates => |policy| &mut policy.limits.update,
            Clause::Clears => |policy| &mut policy.limits.clear,
            Clause::Shrink => |policy| &mut policy.max_source_shrink,
            _ => return None,
        })
    }

    fn set_location(self, source: &mut SourceConfig, text: &str) -> Result<(), Wrong> {
        let located = |before: Option<&Located<String>>| match before {
            Some(before) => before.clone().map(|_| text.to_owned()),
            None => Located::nowhere(text.to_owned()),
        };
        let given = (!text.is_empty()).then(|| text.to_owned());
        let (location, settings) = (&mut source.location, &mut source.settings);
        match self {
            Clause::Base => location.base_dn = located(Some(&location.base_dn)),
            Clause::Scope => location.scope = if text == "one" { Scope::OneLevel } else { Scope::Subtree },
            Clause::Filter => location.filter = given.map(|_| located(location.filter.as_ref())),
            Clause::Group => location.group_dn = given.map(|_| located(location.group_dn.as_ref())),
            Clause::Nested => location.nested_groups = text == "true",
            Clause::Status => settings.status = given.map(|text| status(&text)).transpose()?,
            Clause::DefaultStatus => settings.default_enabled = Some(text == "enabled"),
            Clause::Id => settings.id_attribute = given.map(AttributeName::new),
            Clause::LookUp => settings.lookup_base = given,
            Clause::Members => settings.member_attribute = given.map(AttributeName::new),
            Clause::MemberOf => settings.member_of_attribute = given.map(AttributeName::new),
            Clause::Groups => settings.group_class = given.map(|text| words(&text)),
            Clause::People => settings.user_class = given,
            Clause::Time => settings.time_attribute = given.map(AttributeName::new),
            _ => {}
        }
        Ok(())
    }

    fn check(self, kind: &SourceKind, text: &str) -> Result<(), Wrong> {
        let is_dn = |text: &str| dn::parse(text).is_some();
        let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-.;_".contains(c));
        let wrong = match self {
            _ if !self.applies(kind) => format!("{} is not for a source of this kind", self.key()),
            _ if !self.choices().is_empty() && !self.choices().contains(&text) => {
                format!("it is one of: {}", self.choices().join(", "))
            }
            Clause::Base if !is_dn(text) => format!("\"{text}\" is not a distinguished name"),
            Clause::Group | Clause::LookUp if !text.is_empty() && !is_dn(text) => format!("\"{text}\" is not a distinguished name"),
            Clause::BindDn if !may_bind(text) => format!("\"{text}\" is not a distinguished name"),
            Clause::PageSize if !text.is_empty() && !text.parse::<u32>().is_ok_and(|n| (1..=100_000).contains(&n)) => {
                format!("\"{text}\" is not a number from 1 to 100,000")
            }
            Clause::Timeout if !text.is_empty() && !text.parse::<u64>().is_ok_and(|n| (1..=3600).contains(&n)) => {
                format!("\"{text}\" is not a number of seconds from 1 to 3,600")
            }
            Clause::Path if text.is_empty() => "it needs a file: people are read from it".to_owned(),
            Clause::Id if text.is_empty() && matches!(kind, SourceKind::Csv(_)) => {
                "a table has to say which column holds the lasting id".to_owned()
            }
            // Of a table it is the name of a column.
            Clause::Id if matches!(kind, SourceKind::Csv(_)) => return Ok(()),
            Clause::Members | Clause::MemberOf | Clause::Id | Clause::Time if !is_name(text) => {
                format!("\"{text}\" is not the name of an attribute")
            }
            Clause::People if !is_name(text) => format!("\"{text}\" is not the name of an object class"),
            Clause::Groups if !words(text).iter().all(|word| is_name(word)) => {
                format!("\"{text}\" is not the name of an object class, or several with commas between them")
            }
            _ => return Ok(()),
        };
        Err(Wrong::whole(wrong))
    }
}

/// True for what one can be in a directory: nobody, a DN, or, in Active Directory, a name like ann@example.com.
#[must_use]
pub fn may_bind(typed: &str) -> bool {
    !typed.contains('=') || dn::parse(typed).is_some()
}

/// What stands between commas or blanks.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Addresses as they are written.
pub(super) fn urls(text: &str) -> Result<Vec<String>, Wrong> {
    Ok(LdapUrl::typed(text)?.into_iter().map(|url| url.text).collect())
}
