//! The settings in use, each with where it comes from: a preset is a pre-fill, so it must be seen.

use super::Settings;
use crate::config::{StatusRule, StatusTest};
use crate::identity::AttributeName;
use std::fmt;

/// What stands for the vendor of a table.
pub const CSV: &str = "csv";

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The preset of this name.
    Preset(String),
    /// The configuration file.
    Configuration,
    /// The server showed it: how.
    Detected(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Preset(name) => write!(f, "preset {name}"),
            Origin::Configuration => f.write_str("configuration"),
            Origin::Detected(how) => write!(f, "detected: {how}"),
        }
    }
}

impl Settings {
    /// Every setting by its key in the configuration, as it would be written there, and where it comes from.
    ///
    /// ```
    /// use rosterm::source::vendor::{Origin, presets};
    /// let openldap = &presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0;
    /// let shown = openldap.shown();
    /// let id = shown.iter().find(|s| s.0 == "id_attribute").unwrap();
    /// assert_eq!(*id, ("id_attribute", "entryUUID".to_owned(), Origin::Preset("openldap".to_owned())));
    /// ```
    #[must_use]
    pub fn shown(&self) -> Vec<(&'static str, String, Origin)> {
        let names = |list: &[AttributeName]| list.iter().map(AttributeName::as_str).collect::<Vec<_>>().join(", ");
        // A table has neither classes nor groups nor a tree.
        let applies = |key: &str| self.vendor != CSV || ["id_attribute", "status", "default_status"].contains(&key);
        let name_or_none = |name: &Option<AttributeName>| name.as_ref().map_or_else(|| "(none)".to_owned(), ToString::to_string);
        let list = |texts: &[String]| if texts.is_empty() { "(none)".to_owned() } else { texts.join(", ") };
        let status: Vec<String> = self.status.iter().map(ToString::to_string).collect();
        let context = "the naming context of the base";
        let mut shown: Vec<(&'static str, String, Origin)> = [
            ("id_attribute", format!("{}{}", self.id_attribute, if self.id_form.word() == "text" { "" } else { " (binary)" })),
            ("status", list(&status)),
            ("default_status", if self.default_enabled { "enabled" } else { "disabled" }.to_owned()),
            ("user_class", self.user_filter.clone()),
            ("group_class", list(&self.group_class)),
            ("member_attribute", if self.by_back_links { "(not used)".to_owned() } else { names(&self.member_attributes) }),
            ("member_of_attribute", name_or_none(&self.member_of_attribute)),
            ("time_attribute", self.time_attribute.to_string()),
            ("lookup_base", self.lookup_base.clone().unwrap_or_else(|| context.to_owned())),
        ]
        .into_iter()
        .filter(|(key, _)| applies(key))
        .map(|(key, value)| (key, value, self.origin(key)))
        .collect();
        shown.insert(0, ("vendor", self.vendor.clone(), self.vendor_origin.clone()));
        shown
    }

    /// The same in one line, for a check: the vendor first, then each setting with where it comes from.
    #[must_use]
    pub fn words(&self) -> String {
        let shown = self.shown();
        let each = shown.iter().map(|(key, value, origin)| match (*key, origin) {
            ("vendor", _) => format!("{value} ({origin})"),
            // The preset is that of the vendor, which is told first.
            (_, Origin::Preset(_)) => format!("{key} = {value} (preset)"),
            _ => format!("{key} = {value} ({origin})"),
        });
        each.collect::<Vec<_>>().join("; ")
    }

    fn origin(&self, key: &'static str) -> Origin {
        match key {
            _ if self.configured.contains(&key) => Origin::Configuration,
            "lookup_base" => Origin::Detected("the root DSE's namingContexts".to_owned()),
            _ => Origin::Preset(self.vendor.clone()),
        }
    }
}

impl fmt::Display for StatusRule {
    /// As it is written in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.enables { "enabled_when" } else { "disabled_when" };
        let test = match &self.test {
            StatusTest::Equals(text) => format!("equals = {text:?}"),
            StatusTest::Bits(mask) => format!("bits = {mask}"),
            StatusTest::Present => "present = true".to_owned(),
            StatusTest::Past => "past = true".to_owned(),
        };
        write!(f, "{{ attribute = \"{}\", {key} = {{ {test} }} }}", self.attribute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SettingsConfig;
    use crate::source::vendor::{override_with, presets};

    #[test]
    fn each_setting_is_shown_with_where_it_comes_from() {
        let mut settings = presets().iter().find(|p| p.0.vendor == "active-directory").unwrap().0.clone();
        let overrides = SettingsConfig {
            id_attribute: Some(AttributeName::new("employeeID")),
            member_of_attribute: Some(AttributeName::new("memberOf")),
            lookup_base: Some("dc=x".to_owned()),
            ..SettingsConfig::default()
        };
        override_with(&mut settings, &overrides);
        settings.vendor_origin = Origin::Detected("it says so".to_owned());
        let told: Vec<String> = settings.shown().into_iter().map(|(key, value, from)| format!("{key}: {value} [{from}]")).collect();
        assert_eq!(
            told,
            [
                "vendor: active-directory [detected: it says so]",
                "id_attribute: employeeID [configuration]",
                "status: { attribute = \"userAccountControl\", disabled_when = { bits = 2 } }, { attribute = \"accountExpires\", disabled_when = { past = true } } [preset active-directory]",
                "default_status: enabled [preset active-directory]",
                "user_class: (&(objectCategory=person)(objectClass=user)) [preset active-directory]",
                "group_class: group [preset active-directory]",
                "member_attribute: (not used) [preset active-directory]",
                "member_of_attribute: memberOf [configuration]",
                "time_attribute: whenChanged [preset active-directory]",
                "lookup_base: dc=x [configuration]",
            ]
        );
    }
}
