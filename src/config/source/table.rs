//! `type = "csv"`: a table as a source, which has fewer settings than a directory.

use super::{Location, Scope, SettingsConfig, SourceConfig, SourceKind};
use crate::config::reader::{Located, Section};
use crate::error::{Excerpt, Position, Result};
use std::path::{Path, PathBuf};

/// How to read a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvConfig {
    /// The file.
    pub path: PathBuf,
    /// What stands between two cells; found out from the header if it is not said.
    pub separator: Option<u8>,
    /// What stands between two values in one cell, if cells hold several.
    pub multi_separator: Option<String>,
}

impl SourceConfig {
    /// A table has neither a tree nor groups: of the location only the filter applies, and nothing says which column is the id.
    pub(super) fn read_csv(section: &mut Section<'_>, folder: &Path) -> Result<Self> {
        let kind = SourceKind::Csv(CsvConfig::read(section, folder)?);
        let location = section.section("location")?;
        let mut settings = section.section("settings")?.ok_or_else(|| {
            let error = section.error(format!("{} is a CSV file and needs to know its column with the lasting id", section.path()));
            section.missing("settings", error.hint("add [....source.settings] with id_attribute = \"employeeNumber\""))
        })?;
        section.finish()?;
        let mut filter = None;
        if let Some(mut location) = location {
            filter = location.string("filter")?;
            let base = ["base_dn", "scope"].map(|key| (key, "a CSV file has no tree", "drop it; filter chooses the rows"));
            let group = ["group_dn", "nested_groups"].map(|key| (key, "a CSV file has no groups", "drop it; filter on a column instead"));
            for (key, why, hint) in base.into_iter().chain(group) {
                if let Some(item) = location.any(key) {
                    return Err(item.error(format!("{key} is not for CSV: {why}")).hint(hint));
                }
            }
            location.finish()?;
        }
        for key in ["user_class", "group_class", "lookup_base", "member_attribute", "member_of_attribute"] {
            if let Some(item) = settings.any(key) {
                return Err(item
                    .error(format!("{key} is not for CSV"))
                    .hint("of the settings, id_attribute, status and default_status apply"));
            }
        }
        let read = SettingsConfig::read(&mut settings)?;
        if read.id_attribute.is_none() {
            let error = settings.error(format!("{} needs id_attribute: which column holds the lasting id", settings.path()));
            return Err(error.hint("name a column that never changes for a person: id_attribute = \"employeeNumber\""));
        }
        let at = settings.error("").position().cloned().unwrap_or(Position { file: String::new(), line: 1, column: 1 });
        let nowhere = Located { value: String::new(), at, excerpt: Excerpt { line: String::new(), start: 0, length: 1 } };
        let location = Location { base_dn: nowhere, scope: Scope::Subtree, filter, group_dn: None, nested_groups: false };
        Ok(SourceConfig { kind, location, settings: read })
    }
}

impl CsvConfig {
    fn read(section: &mut Section<'_>, folder: &Path) -> Result<Self> {
        let path = folder.join(section.required_string("path")?.value);
        let separator = section.string("separator")?;
        let one_of = |text: Located<String>| {
            let byte = text.value.bytes().next().filter(|b| text.value.len() == 1 && b",;|\t".contains(b));
            let hint = "it is one of \",\", \";\", \"|\" and \"\\t\"; leave it out and the header tells";
            byte.ok_or_else(|| text.error("this is not a separator of cells").hint(hint))
        };
        let separator = separator.map(one_of).transpose()?;
        let multi_separator = section.string("multi_separator")?;
        if let Some(text) = multi_separator.as_ref().filter(|t| t.value.trim().is_empty()) {
            return Err(text.error("multi_separator must not be empty or blank").hint("write what stands between two values, as \"|\""));
        }
        Ok(CsvConfig { path, separator, multi_separator: multi_separator.map(|t| t.value) })
    }
}
