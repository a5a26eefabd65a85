//! What differs between directory products, as data: `assets/vendors/*.toml`.
//!
//! A preset is a pre-fill, never a silent truth: what the configuration sets wins, and the settings in use are shown
//! wherever they matter. Facts and their sources: the vendors' documentation, and servers that were run.

use crate::config::reader::{Document, did_you_mean};
use crate::config::{Located, SettingsConfig, StatusRule, status_rules};
use crate::error::Result;
use crate::identity::AttributeName;
use std::sync::OnceLock;

/// How the lasting id is written in the directory, and so how it becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// Text.
    Text,
    /// 16 bytes, the first three fields little-endian (AD's objectGUID).
    GuidLittleEndian,
    /// Bytes, shown as hex (eDirectory's GUID).
    Hex,
}

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
    /// The attributes of a group that name its members by DN.
    pub member_attributes: Vec<AttributeName>,
    /// The attribute of a person that names the groups.
    pub member_of_attribute: Option<AttributeName>,
    /// The attribute that tells when an entry was changed.
    pub time_attribute: AttributeName,
    /// Where a missing entry is looked up, if not the naming context.
    pub lookup_base: Option<String>,
}

const FILES: [(&str, &str); 8] = [
    ("active-directory", include_str!("../../assets/vendors/active-directory.toml")),
    ("openldap", include_str!("../../assets/vendors/openldap.toml")),
    ("389ds", include_str!("../../assets/vendors/389ds.toml")),
    ("pingdirectory", include_str!("../../assets/vendors/pingdirectory.toml")),
    ("oracle", include_str!("../../assets/vendors/oracle.toml")),
    ("edirectory", include_str!("../../assets/vendors/edirectory.toml")),
    ("freeipa", include_str!("../../assets/vendors/freeipa.toml")),
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
        member_attributes: names(root.strings("member_attributes")?).into_iter().map(AttributeName::new).collect(),
        member_of_attribute: root.string("member_of_attribute")?.map(|s| AttributeName::new(s.value)),
        time_attribute: AttributeName::new(root.required_string("time_attribute")?.value),
        lookup_base: None,
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
        let fits = |detect: &Detect| detect.iter().any(|(attribute, part)| root_dse(attribute, part));
        presets.iter().find(|(_, detect)| fits(detect)).map_or(generic, |(settings, _)| settings).clone()
    } else {
        let known = presets.iter().map(|(s, _)| s.vendor.as_str());
        presets.iter().find(|(s, _)| s.vendor == vendor.value).map(|(s, _)| s.clone()).ok_or_else(|| {
            vendor.error(format!("there is no vendor {}", vendor.value)).hint(did_you_mean(
                &vendor.value,
                known,
                "it is \"auto\" or one of: ",
            ))
        })?
    };
    override_with(&mut settings, overrides);
    Ok(settings)
}

/// Applies what the configuration sets itself.
pub fn override_with(settings: &mut Settings, overrides: &SettingsConfig) {
    if let Some(name) = &overrides.id_attribute {
        if !settings.id_attribute.is(name.as_str()) {
            settings.id_form = match name.as_str().to_ascii_lowercase().as_str() {
                "objectguid" => IdForm::GuidLittleEndian,
                "guid" => IdForm::Hex,
                _ => IdForm::Text,
            };
        }
        settings.id_attribute = name.clone();
    }
    if let Some(status) = &overrides.status {
        settings.status.clone_from(status);
    }
    if let Some(enabled) = overrides.default_enabled {
        settings.default_enabled = enabled;
    }
    if let Some(class) = &overrides.user_class {
        settings.user_filter = format!("(objectClass={})", crate::filter::escape(class));
    }
    if let Some(class) = &overrides.group_class {
        settings.group_class.clone_from(class);
    }
    if let Some(name) = &overrides.member_attribute {
        settings.member_attributes = vec![name.clone()];
    }
    if let Some(name) = &overrides.member_of_attribute {
        settings.member_of_attribute = Some(name.clone());
    }
    if let Some(name) = &overrides.time_attribute {
        settings.time_attribute = name.clone();
    }
    settings.lookup_base.clone_from(&overrides.lookup_base);
}

impl IdForm {
    /// The id as text; `None` where the bytes do not fit the form.
    ///
    /// ```
    /// use rosterm::source::vendor::IdForm;
    /// let bytes = [0xf4, 0x3c, 0xae, 0xd6, 0xb9, 0x9e, 0x30, 0x4c, 0xb5, 0x3c, 0xe3, 0x8b, 0x94, 0xd4, 0x48, 0x3b];
    /// assert_eq!(IdForm::GuidLittleEndian.text(&bytes).unwrap(), "d6ae3cf4-9eb9-4c30-b53c-e38b94d4483b");
    /// ```
    #[must_use]
    pub fn text(self, bytes: &[u8]) -> Option<String> {
        match self {
            IdForm::Text => std::str::from_utf8(bytes).ok().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()),
            IdForm::Hex => (!bytes.is_empty()).then(|| hex(bytes)),
            IdForm::GuidLittleEndian => {
                let b: [u8; 16] = bytes.try_into().ok()?;
                let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
                let digits = hex(&order.map(|i| b[i]));
                Some(format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]))
            }
        }
    }

    /// The id as an assertion value of a filter: escaped text, or the stored bytes escaped one by one.
    #[must_use]
    pub fn assertion(self, id: &str) -> String {
        let bytes = || -> Option<Vec<u8>> {
            let digits: String = id.chars().filter(|c| *c != '-').collect();
            (0..digits.len() / 2).map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()).collect()
        };
        let escaped = |bytes: Vec<u8>| bytes.iter().flat_map(|b| ['\\', hex_digit(b >> 4), hex_digit(b & 15)]).collect();
        match self {
            IdForm::Text => crate::filter::escape(id),
            IdForm::Hex => bytes().map_or_else(|| crate::filter::escape(id), escaped),
            IdForm::GuidLittleEndian => match bytes() {
                Some(b) if b.len() == 16 => escaped([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].iter().map(|i| b[*i]).collect()),
                _ => crate::filter::escape(id),
            },
        }
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [hex_digit(b >> 4), hex_digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_complete_and_its_filter_is_one() {
        for (settings, _) in presets() {
            assert!(!settings.member_attributes.is_empty() && !settings.group_class.is_empty(), "{}", settings.vendor);
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
        for (attribute, value, vendor) in [
            ("objectClass", "openldaprootdse", "openldap"),
            ("supportedCapabilities", "1.2.840.113556.1.4.800", "active-directory"),
            ("vendorName", "389 project", "389ds"),
            ("vendorName", "ping identity corporation", "pingdirectory"),
            ("vendorName", "oracle corporation", "oracle"),
            ("vendorName", "netiq corporation", "edirectory"),
            ("vendorName", "acme", "generic"),
        ] {
            let found =
                settings(&auto, &SettingsConfig::default(), |a, part| a.eq_ignore_ascii_case(attribute) && value.contains(part)).unwrap();
            assert_eq!(found.vendor, vendor);
        }
    }

    #[test]
    fn a_guid_goes_back_into_a_filter_in_its_stored_order() {
        assert_eq!(
            IdForm::GuidLittleEndian.assertion("d6ae3cf4-9eb9-4c30-b53c-e38b94d4483b"),
            r"\f4\3c\ae\d6\b9\9e\30\4c\b5\3c\e3\8b\94\d4\48\3b"
        );
        assert_eq!(IdForm::Text.assertion("a*b"), r"a\2ab");
    }
}
