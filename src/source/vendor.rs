//! What differs between directory products, as data: `assets/vendors/*.toml`.
//!
//! A preset is a pre-fill, never a silent truth: what the configuration sets wins, and the settings in use are shown
//! wherever they matter. Facts and their sources: the vendors' documentation, and servers that were run.

mod id;
mod shown;

pub use id::IdForm;
pub use shown::{CSV, Origin};

use crate::config::reader::{Document, did_you_mean};
use crate::config::{Located, SettingsConfig, StatusRule, status_rules};
use crate::error::{Error, Result};
use crate::identity::AttributeName;
use std::sync::OnceLock;

/// Everything about a directory that is not its address.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The preset's name.
    pub vendor: String,
    /// The attribute with the lasting id.
    pub id_attribute: AttributeName,
    /// How it is written.
    pub id_form: IdForm,
    /// What makes an entry disabled; any one does.
    pub status: Vec<StatusRule>,
    /// What holds where no rule says anything.
    pub default_enabled: bool,
    /// The filter for people where the location has none (RFC 4515).
    pub user_filter: String,
    /// The object classes of groups.
    pub group_class: Vec<String>,
    /// The object classes of groups whose members a rule chooses: such a group may name nobody.
    pub dynamic_group_class: Vec<String>,
    /// The attributes of a group that name its members: by DN, `memberUid` (RFC 2307) by uid.
    pub member_attributes: Vec<AttributeName>,
    /// The attribute of a person that names the groups.
    pub member_of_attribute: Option<AttributeName>,
    /// The attribute that tells when an entry was changed.
    pub time_attribute: AttributeName,
    /// Where a missing entry is looked up, if not the naming context.
    pub lookup_base: Option<String>,
    /// True if people say themselves which groups they are in: `member_of_attribute` is configured, `member_attribute` is not.
    pub by_back_links: bool,
    /// Where the preset's name comes from.
    pub vendor_origin: Origin,
    /// The keys that the configuration sets.
    pub configured: Vec<&'static str>,
}

// What tells more comes first: Samba says that it is Active Directory too, FreeIPA that it is 389, ODSEE that it is of Oracle.
const FILES: [(&str, &str); 14] = [
    ("samba", include_str!("../../assets/vendors/samba.toml")),
    ("active-directory", include_str!("../../assets/vendors/active-directory.toml")),
    ("ad-lds", include_str!("../../assets/vendors/ad-lds.toml")),
    ("openldap", include_str!("../../assets/vendors/openldap.toml")),
    ("freeipa", include_str!("../../assets/vendors/freeipa.toml")),
    ("389ds", include_str!("../../assets/vendors/389ds.toml")),
    ("pingdirectory", include_str!("../../assets/vendors/pingdirectory.toml")),
    ("opendj", include_str!("../../assets/vendors/opendj.toml")),
    ("odsee", include_str!("../../assets/vendors/odsee.toml")),
    ("oid", include_str!("../../assets/vendors/oid.toml")),
    ("oracle", include_str!("../../assets/vendors/oracle.toml")),
    ("edirectory", include_str!("../../assets/vendors/edirectory.toml")),
    ("ibm", include_str!("../../assets/vendors/ibm.toml")),
    ("generic", include_str!("../../assets/vendors/generic.toml")),
];

/// The presets, in the order in which detection tries them.
#[must_use]
pub fn presets() -> &'static [(Settings, Detect)] {
    static PRESETS: OnceLock<Vec<(Settings, Detect)>> = OnceLock::new();
    PRESETS.get_or_init(|| {
        FILES.iter().map(|(name, text)| parse(name, text).expect("the presets are part of the program and tested")).collect()
    })
}

/// What a root DSE (RFC 4512 section 5.1) shows that tells a vendor: attribute and a part of its value, in any letter case.
pub type Detect = Vec<(String, String)>;

fn parse(name: &str, text: &str) -> Result<(Settings, Detect)> {
    let document = Document::parse(&format!("assets/vendors/{name}.toml"), text)?;
    let mut root = document.root();
    let names = |list: Option<Vec<Located<String>>>| -> Vec<String> { list.unwrap_or_default().into_iter().map(|s| s.value).collect() };
    let detect =
        names(root.strings("detect")?).iter().filter_map(|d| d.split_once('=')).map(|(a, v)| (a.to_owned(), v.to_lowercase())).collect();
    let settings = Settings {
        vendor: name.to_owned(),
        id_attribute: AttributeName::new(root.required_string("id_attribute")?.value),
        id_form: match root.word("id_form", &["text", "guid", "hex"])?.map_or(0, |w| w.value) {
            0 => IdForm::Text,
            1 => IdForm::GuidLittleEndian,
            _ => IdForm::Hex,
        },
        status: root.sections("status")?.map(status_rules).transpose()?.unwrap_or_default(),
        default_enabled: true,
        user_filter: root.required_string("user_filter")?.value,
        group_class: names(root.strings("group_class")?),
        dynamic_group_class: names(root.strings("dynamic_group_class")?),
        member_attributes: names(root.strings("member_attributes")?).into_iter().map(AttributeName::new).collect(),
        member_of_attribute: root.string("member_of_attribute")?.map(|s| AttributeName::new(s.value)),
        time_attribute: AttributeName::new(root.required_string("time_attribute")?.value),
        lookup_base: None,
        by_back_links: false,
        vendor_origin: Origin::Configuration,
        configured: Vec::new(),
    };
    root.finish()?;
    Ok((settings, detect))
}

/// The settings for a source: the preset that is named, or the one that `root_dse` fits, with the configuration's overrides.
/// `root_dse` tells whether an attribute of the root DSE has a value that contains a (lower-case) text.
///
/// # Errors
/// Where the configuration names an unknown vendor.
pub fn settings(vendor: &Located<String>, overrides: &SettingsConfig, root_dse: impl Fn(&str, &str) -> bool) -> Result<Settings> {
    let presets = presets();
    let generic = &presets[presets.len() - 1].0;
    let mut settings = if vendor.value == "auto" {
        let fits = |detect: &Detect| detect.iter().find(|(attribute, part)| root_dse(attribute, part)).cloned();
        let found = presets.iter().find_map(|(settings, detect)| fits(detect).map(|why| (settings, why)));
        let (settings, why) = match found {
            Some((settings, (attribute, part))) if part.is_empty() => (settings, format!("the root DSE has {attribute}")),
            Some((settings, (attribute, part))) => (settings, format!("the root DSE's {attribute} contains {part}")),
            None => (generic, "nothing in the root DSE tells a product".to_owned()),
        };
        Settings { vendor_origin: Origin::Detected(why), ..settings.clone() }
    } else {
        let known = presets.iter().map(|(s, _)| s.vendor.as_str());
        let unknown = || vendor.error(format!("there is no vendor {}", vendor.value)).hint(did_you_mean(&vendor.value, known, OR_ONE_OF));
        presets.iter().find(|(s, _)| s.vendor == vendor.value).map(|(s, _)| s.clone()).ok_or_else(unknown)?
    };
    override_with(&mut settings, overrides);
    Ok(settings)
}

const OR_ONE_OF: &str = "it is \"auto\" or one of: ";

/// Whether a text names a vendor, or `auto`.
///
/// # Errors
/// A usage error that names those there are.
pub fn known(text: &str) -> Result<()> {
    let names = || presets().iter().map(|(s, _)| s.vendor.as_str());
    if text == "auto" || names().any(|name| name == text) {
        return Ok(());
    }
    Err(Error::usage(format!("there is no vendor {text}")).hint(did_you_mean(text, names(), OR_ONE_OF)))
}

/// Applies what the configuration sets itself.
pub fn override_with(settings: &mut Settings, overrides: &SettingsConfig) {
    let mut set = Vec::new();
    if let Some(name) = &overrides.id_attribute {
        if !settings.id_attribute.is(name.as_str()) {
            settings.id_form = IdForm::of_attribute(name.as_str());
        }
        settings.id_attribute = name.clone();
        set.push("id_attribute");
    }
    if let Some(status) = &overrides.status {
        settings.status.clone_from(status);
        set.push("status");
    }
    if let Some(enabled) = overrides.default_enabled {
        settings.default_enabled = enabled;
        set.push("default_status");
    }
    if let Some(class) = &overrides.user_class {
        settings.user_filter = format!("(objectClass={})", crate::filter::escape(class));
        set.push("user_class");
    }
    if let Some(class) = &overrides.group_class {
        settings.group_class.clone_from(class);
        set.push("group_class");
    }
    if let Some(name) = &overrides.member_attribute {
        settings.member_attributes = vec![name.clone()];
        set.push("member_attribute");
    }
    if let Some(name) = &overrides.member_of_attribute {
        settings.member_of_attribute = Some(name.clone());
        set.push("member_of_attribute");
    }
    if let Some(name) = &overrides.time_attribute {
        settings.time_attribute = name.clone();
        set.push("time_attribute");
    }
    if let Some(base) = &overrides.lookup_base {
        settings.lookup_base = Some(base.clone());
        set.push("lookup_base");
    }
    settings.by_back_links = overrides.member_of_attribute.is_some() && overrides.member_attribute.is_none();
    settings.configured = set;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_complete_and_its_filter_is_one() {
        for (settings, _) in presets() {
            assert!(!settings.member_attributes.is_empty() && !settings.group_class.is_empty(), "{}", settings.vendor);
            assert!(!settings.status.is_empty() || settings.vendor == "generic", "{}", settings.vendor);
            crate::filter::Filter::parse(&settings.user_filter).unwrap();
        }
    }

    #[test]
    fn a_root_dse_tells_the_vendor() {
        let auto = Located {
            value: "auto".to_owned(),
            at: crate::error::Position { file: String::new(), line: 1, column: 1 },
            excerpt: crate::error::Excerpt { line: String::new(), start: 0, length: 1 },
        };
        for (root, vendor, why) in [
            (&[("objectClass", "openldaprootdse")][..], "openldap", "the root DSE's objectClass contains openldaprootdse"),
            (&[("supportedCapabilities", "1.2.840.113556.1.4.800")], "active-directory", "contains 1.2.840.113556.1.4.800"),
            (&[("supportedCapabilities", "1.2.840.113556.1.4.1851")], "ad-lds", "contains 1.2.840.113556.1.4.1851"),
            (&[("supportedCapabilities", "1.2.840.113556.1.4.800"), ("vendorName", "samba team (https://samba.org)")], "samba", "samba"),
            (&[("vendorName", "389 project")], "389ds", "vendorName contains 389 project"),
            (&[("vendorName", "389 project"), ("ipadomainlevel", "1")], "freeipa", "the root DSE has ipaDomainLevel"),
            (&[("vendorName", "ping identity corporation")], "pingdirectory", "ping identity"),
            (&[("vendorName", "forgerock as.")], "opendj", "forgerock"),
            (&[("vendorName", "oracle corporation"), ("vendorVersion", "oracle unified directory 12.2.1.4.0")], "oracle", "oracle"),
            (&[("vendorName", "oracle corporation"), ("vendorVersion", "sun-directory-server/11.1.1.7.0")], "odsee", "sun-directory"),
            (&[("vendorName", "oracle corporation"), ("orcldirectoryversion", "oid 12.2.1.4.0")], "oid", "has orclDirectoryVersion"),
            (&[("vendorName", "netiq corporation")], "edirectory", "netiq"),
            (&[("vendorName", "international business machines (ibm)")], "ibm", "international"),
            (&[("vendorName", "acme")], "generic", "nothing in the root DSE tells a product"),
        ] {
            let shows = |a: &str, part: &str| root.iter().any(|(name, value)| a.eq_ignore_ascii_case(name) && value.contains(part));
            let found = settings(&auto, &SettingsConfig::default(), shows).unwrap();
            let Origin::Detected(told) = &found.vendor_origin else { panic!("{vendor} was detected") };
            assert!(told.contains(why), "{told}");
            assert_eq!(found.vendor, vendor);
        }
    }
}
