//! `[channels.NAME.source]`: where people come from, and who of them is in scope.

mod server;
mod table;

pub(super) use server::is_loopback;
pub use server::{LdapConfig, LdapUrl};
pub use table::CsvConfig;

use super::reader::{Located, Section};
use crate::error::Result;
use crate::identity::AttributeName;
use std::path::{Path, PathBuf};

/// A source and its location.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// What it is.
    pub kind: SourceKind,
    /// Who is in scope.
    pub location: Location,
    /// What overrides the vendor's settings.
    pub settings: SettingsConfig,
}

impl SourceConfig {
    /// Where people come from, for a line that has little room: the first host, or the file's name. Not cleaned.
    #[must_use]
    pub fn short_name(&self) -> String {
        let file = |path: &Path| path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        match &self.kind {
            SourceKind::Ldap(ldap) => ldap.urls.first().map_or_else(|| "the directory".to_owned(), |u| u.host.clone()),
            SourceKind::Ldif { path } => file(path),
            SourceKind::Csv(csv) => file(&csv.path),
        }
    }
}

/// The kinds of source.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// A directory server.
    Ldap(Box<LdapConfig>),
    /// A file in LDIF (RFC 2849).
    Ldif {
        /// The file.
        path: PathBuf,
    },
    /// A table in a text file (RFC 4180).
    Csv(CsvConfig),
}

/// Which entries are in scope: under the base AND matching the filter AND member of the group, as far as each is given.
#[derive(Debug, Clone)]
pub struct Location {
    /// The base.
    pub base_dn: Located<String>,
    /// How far below the base.
    pub scope: Scope,
    /// RFC 4515.
    pub filter: Option<Located<String>>,
    /// The group.
    pub group_dn: Option<Located<String>>,
    /// Whether members of groups in the group count.
    pub nested_groups: bool,
}

/// How far below the base (RFC 4511 section 4.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The base and everything below it.
    #[default]
    Subtree,
    /// Directly below the base.
    OneLevel,
}

impl Scope {
    /// True if so many entries in scope, of any kind, are none but the base itself; false too where there may be more.
    #[must_use]
    pub fn shows_nothing(self, (n, is_all): (u64, bool)) -> bool {
        is_all && n <= u64::from(self == Scope::Subtree)
    }
}

/// What the configuration sets itself instead of taking it from the vendor.
#[derive(Debug, Clone, Default)]
pub struct SettingsConfig {
    /// The attribute with the lasting id.
    pub id_attribute: Option<AttributeName>,
    /// What makes an entry disabled.
    pub status: Option<Vec<StatusRule>>,
    /// What holds where no status attribute says anything: true for enabled.
    pub default_enabled: Option<bool>,
    /// The object class of people.
    pub user_class: Option<String>,
    /// The object classes of groups.
    pub group_class: Option<Vec<String>>,
    /// The attribute that tells when an entry was changed.
    pub time_attribute: Option<AttributeName>,
    /// Where a missing entry is looked up.
    pub lookup_base: Option<String>,
    /// The attribute of a group that names its members.
    pub member_attribute: Option<AttributeName>,
    /// The attribute of a person that names the groups.
    pub member_of_attribute: Option<AttributeName>,
}

/// One test on one attribute; if it says so, the entry is disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRule {
    /// The attribute.
    pub attribute: AttributeName,
    /// The test.
    pub test: StatusTest,
    /// True if the test says "enabled": then an entry that has the attribute and fails the test is disabled.
    pub enables: bool,
}

/// What is asked of an attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusTest {
    /// It equals this text, in any letter case.
    Equals(String),
    /// It is a number in which all of these bits are set.
    Bits(u64),
    /// It has a value.
    Present,
    /// It is a time (generalized or Windows file time) that has passed.
    Past,
}

impl SourceConfig {
    pub(super) fn read(section: &mut Section<'_>, folder: &Path) -> Result<Self> {
        let kind = section.word("type", &["ldap", "ldif", "csv"])?.ok_or_else(|| {
            let error = section.error(format!("{} needs a type", section.path())).hint("type = \"ldap\", \"ldif\" or \"csv\"");
            section.missing("type", error)
        })?;
        let kind = match kind.value {
            0 => SourceKind::Ldap(Box::new(LdapConfig::read(section, folder)?)),
            1 => SourceKind::Ldif { path: folder.join(section.required_string("path")?.value) },
            _ => return Self::read_csv(section, folder),
        };
        let location = Location::read(&mut section.required_section("location")?)?;
        let settings = match section.section("settings")? {
            Some(mut s) => SettingsConfig::read(&mut s)?,
            None => SettingsConfig::default(),
        };
        section.finish()?;
        Ok(SourceConfig { kind, location, settings })
    }
}

impl Location {
    fn read(section: &mut Section<'_>) -> Result<Self> {
        let base_dn = section.required_string("base_dn")?;
        if crate::identity::dn::parse(&base_dn.value).is_none() {
            return Err(base_dn
                .error(format!("\"{}\" is not a distinguished name", base_dn.value))
                .hint("write it as ou=people,dc=example,dc=com"));
        }
        let scope = match section.word("scope", &["sub", "one"])? {
            Some(word) if word.value == 1 => Scope::OneLevel,
            _ => Scope::Subtree,
        };
        let filter = section.string("filter")?;
        let group_dn = section.string("group_dn")?;
        if let Some(dn) = &group_dn
            && (crate::identity::dn::parse(&dn.value).is_none() || dn.value.trim().is_empty())
        {
            return Err(dn
                .error(format!("\"{}\" is not a distinguished name", dn.value))
                .hint("write it as cn=lucid,ou=groups,dc=example,dc=com"));
        }
        let nested_groups = section.bool("nested_groups")?.is_some_and(|b| b.value);
        section.finish()?;
        Ok(Location { base_dn, scope, filter, group_dn, nested_groups })
    }
}

impl SettingsConfig {
    fn read(section: &mut Section<'_>) -> Result<Self> {
        let mut name =
            |key: &'static str| -> Result<Option<AttributeName>> { Ok(section.string(key)?.map(|s| AttributeName::new(s.value))) };
        let (id_attribute, time_attribute) = (name("id_attribute")?, name("time_attribute")?);
        let (member_attribute, member_of_attribute) = (name("member_attribute")?, name("member_of_attribute")?);
        let settings = SettingsConfig {
            id_attribute,
            status: section.sections("status")?.map(status_rules).transpose()?,
            default_enabled: section.word("default_status", &["disabled", "enabled"])?.map(|w| w.value == 1),
            user_class: section.string("user_class")?.map(|s| s.value),
            group_class: section.strings("group_class")?.map(|list| list.into_iter().map(|s| s.value).collect()),
            time_attribute,
            lookup_base: section.string("lookup_base")?.map(|s| s.value),
            member_attribute,
            member_of_attribute,
        };
        section.finish()?;
        Ok(settings)
    }
}

/// Reads status rules: a table or a list of tables.
///
/// # Errors
/// Where a rule has no test, or two.
pub fn status_rules(sections: Vec<Section<'_>>) -> Result<Vec<StatusRule>> {
    sections
        .into_iter()
        .map(|mut rule| {
            let attribute = AttributeName::new(rule.required_string("attribute")?.value);
            let disabling = rule.section("disabled_when")?;
            let enabling = rule.section("enabled_when")?;
            let enables = enabling.is_some();
            let ((Some(mut test), None) | (None, Some(mut test))) = (disabling, enabling) else {
                let hint = "disabled_when = { bits = 2 }, { equals = \"true\" }, { present = true } or { past = true }";
                let error = rule.error("a status rule needs either disabled_when or enabled_when").hint(hint);
                return Err(rule.missing("disabled_when", rule.missing("enabled_when", error)));
            };
            rule.finish()?;
            let equals = test.scalar_text("equals")?.map(|s| StatusTest::Equals(s.value));
            let bits = test.int_in("bits", 1..=i64::MAX)?.map(|n| StatusTest::Bits(n.value.unsigned_abs()));
            let present = test.bool("present")?.filter(|b| b.value).map(|_| StatusTest::Present);
            let past = test.bool("past")?.filter(|b| b.value).map(|_| StatusTest::Past);
            test.finish()?;
            let mut given = [equals, bits, present, past].into_iter().flatten();
            match (given.next(), given.next()) {
                (Some(test), None) => Ok(StatusRule { attribute, test, enables }),
                _ => Err(test
                    .error("a status rule asks exactly one thing")
                    .hint("{ bits = 2 }, { equals = \"true\" }, { present = true } or { past = true }")),
            }
        })
        .collect()
}
