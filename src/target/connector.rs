//! A connector: the description of one kind of target, as data (`assets/connectors/*.toml`, or a file of the user's own).

use super::path::Path as FieldPath;
use crate::config::Located;
use crate::config::reader::{Document, Section, did_you_mean};
use crate::error::{Error, Result};
use crate::model::field::{Field, FieldFormat, FieldKind};
use crate::text::nearest;
use std::path::Path;

/// What is known about a kind of target.
#[derive(Debug, Clone)]
pub struct Connector {
    /// Its name in a configuration.
    pub name: String,
    /// Its name on a screen.
    pub title: String,
    /// Accounts to ask for in a page.
    pub page_size: u32,
    /// Whether accounts can be deleted.
    pub can_delete: bool,
    /// Whether the listing shows inactive accounts.
    pub lists_inactive: bool,
    /// What an account has, in the order of the file.
    pub fields: Vec<Field>,
}

const BUILT_IN: [(&str, &str); 2] =
    [("scim2", include_str!("../../assets/connectors/scim2.toml")), ("demo", include_str!("../../assets/connectors/demo.toml"))];

impl Connector {
    /// The names of the connectors that are built in, but for the demo's own.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).filter(|name| *name != "demo")
    }

    /// The connector that a configuration names: a built-in one, or a file (relative to the configuration's folder).
    ///
    /// # Errors
    /// Where there is none of this name, or the file has a defect (with its place).
    pub fn load(name: &Located<String>, folder: &Path) -> Result<Self> {
        if let Some((built_in, text)) = BUILT_IN.iter().find(|(n, _)| *n == name.value) {
            return Self::parse(built_in, &format!("assets/connectors/{built_in}.toml"), text);
        }
        let is_file = Path::new(&name.value).extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
        if !is_file {
            let known = BUILT_IN.iter().map(|(n, _)| *n);
            return Err(name
                .error(format!("there is no connector {}", name.value))
                .hint(format!("{}; a file of your own ends in .toml", did_you_mean(&name.value, known, "the connectors are: "))));
        }
        let path = folder.join(&name.value);
        let text = std::fs::read_to_string(&path).map_err(|e| name.error(format!("cannot read the connector {}: {e}", path.display())))?;
        Self::parse(&name.value, &path.display().to_string(), &text)
    }

    fn parse(name: &str, file: &str, text: &str) -> Result<Self> {
        let document = Document::parse(file, text)?;
        let mut root = document.root();
        let title = root.required_string("title")?.value;
        if let Some(version) = root.string("version")?
            && version.value != "2.0"
        {
            return Err(version.error(format!("SCIM {} is not known to this version", version.value)).hint("it is \"2.0\""));
        }
        let page_size = root.int_in("page_size", 1..=100_000)?.and_then(|n| u32::try_from(n.value).ok()).unwrap_or(100);
        let can_delete = root.bool("can_delete")?.is_none_or(|b| b.value);
        let lists_inactive = root.bool("lists_inactive")?;
        if let Some(hides) = lists_inactive.as_ref().filter(|b| !b.value) {
            // A missing account would prove nothing there, and everybody who is new would have to be looked up first.
            return Err(hides.error("services that leave inactive accounts out of their listing are not supported by this version"));
        }
        let lists_inactive = lists_inactive.is_none_or(|b| b.value);
        let fields_section = root.required_section("fields")?;
        root.finish()?;
        let fields = fields_section
            .named_sections()?
            .into_iter()
            .map(|(name, mut section)| read_field(&name.value, &mut section))
            .collect::<Result<Vec<_>>>()?;
        Ok(Connector { name: name.to_owned(), title, page_size, can_delete, lists_inactive, fields })
    }

    /// The field of a name (in any letter case), or one of the user's own by its full path.
    ///
    /// # Errors
    /// A hint: the nearest known name, or what is wrong with the path.
    pub fn field(&self, name: &str) -> std::result::Result<Field, String> {
        if let Some(field) = self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name) || f.path.eq_ignore_ascii_case(name)) {
            return Ok(field.clone());
        }
        if name.contains(['.', ':', '[']) {
            return FieldPath::parse(name).map(|_| Field::of_path(name));
        }
        let known = || self.fields.iter().map(|f| f.name.as_str());
        Err(nearest(name, known()).map_or_else(
            || {
                format!(
                    "{} has: {}; any other is named by its full SCIM path in quotes",
                    self.title,
                    known().collect::<Vec<_>>().join(", ")
                )
            },
            |near| format!("did you mean {near}?"),
        ))
    }
}

fn read_field(name: &str, section: &mut Section<'_>) -> Result<Field> {
    let path = section.required_string("path")?;
    FieldPath::parse(&path.value).map_err(|why| path.error(why))?;
    let flag = |found: Option<Located<bool>>| found.is_some_and(|b| b.value);
    let field = Field {
        name: name.to_owned(),
        path: path.value,
        about: section.string("about")?.map(|s| s.value).unwrap_or_default(),
        required: flag(section.bool("required")?),
        immutable: flag(section.bool("immutable")?),
        case_exact: section.bool("case_exact")?.is_none_or(|b| b.value),
        multi: flag(section.bool("multi")?),
        kind: match section.word("type", &["text", "boolean", "integer", "reference"])?.map_or(0, |w| w.value) {
            1 => FieldKind::Bool,
            2 => FieldKind::Int,
            3 => FieldKind::Reference,
            _ => FieldKind::Text,
        },
        format: section.word("format", &["email", "url", "country"])?.map(|w| match w.value {
            0 => FieldFormat::Email,
            1 => FieldFormat::Url,
            _ => FieldFormat::Country,
        }),
        choices: section.strings("choices")?.unwrap_or_default().into_iter().map(|s| s.value).collect(),
        max_length: section.int_in("max_length", 1..=1_000_000)?.and_then(|n| usize::try_from(n.value).ok()),
    };
    section.finish()?;
    Ok(field)
}

impl Connector {
    /// Refuses a policy that this kind of target can't follow.
    ///
    /// # Errors
    /// A usage error.
    pub fn check_policy(&self, policy: &crate::config::Policy) -> Result<()> {
        if policy.remove_action == crate::config::RemoveAction::Delete && !self.can_delete {
            return Err(
                Error::usage(format!("{} cannot delete accounts", self.title)).hint("set remove_action = \"disable\" in the policy")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_connector_is_complete() {
        for (name, text) in BUILT_IN {
            let connector = Connector::parse(name, name, text).unwrap();
            assert!(connector.fields.iter().any(|f| f.name == "userName" && f.required));
            assert!(connector.fields.iter().all(|f| !f.about.is_empty()), "every field has a line for people");
        }
    }

    #[test]
    fn a_field_is_found_by_name_or_path_and_a_slip_is_told() {
        let connector = Connector::parse("scim2", "scim2", BUILT_IN[0].1).unwrap();
        assert_eq!(connector.field("GIVENNAME").unwrap().path, "name.givenName");
        assert_eq!(connector.field("urn:example:2.0:User:badge").unwrap().name, "urn:example:2.0:User:badge");
        assert_eq!(connector.field("givenNam").unwrap_err(), "did you mean givenName?");
        assert!(connector.field("name..x").is_err());
    }
}
