//! Expressions changed in the file: everything else of it stays as somebody wrote it, comments included.

use super::Config;
use crate::error::{Error, Result};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use toml_edit::{DocumentMut, Item, Value};

/// The text of a configuration with other expressions for some fields of a channel's mapping.
///
/// # Errors
/// Where it is no TOML, or has no rule for a field.
pub fn with_expressions(text: &str, channel: &str, edits: &[(String, String)]) -> Result<String> {
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| Error::usage(e.message().trim().replace('\n', ", ")))?;
    for (field, expression) in edits {
        let rule = ["channels", channel, "mapping", field.as_str()]
            .into_iter()
            .try_fold(document.as_item_mut(), |item, key| item.as_table_like_mut()?.get_mut(key));
        let rule = rule.ok_or_else(|| Error::usage(format!("the file has no rule for {field} in the channel {channel}")))?;
        match rule {
            Item::Value(value) if value.is_str() => put(value, expression),
            other => {
                let table =
                    other.as_table_like_mut().ok_or_else(|| Error::usage(format!("the rule for {field} is no text and no table")))?;
                match table.get_mut("value") {
                    Some(Item::Value(value)) => put(value, expression),
                    _ => drop(table.insert("value", toml_edit::value(expression.as_str()))),
                }
            }
        }
    }
    Ok(document.to_string())
}

/// A text as a TOML string.
#[must_use]
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Another value with what stands around the one before.
fn put(value: &mut Value, text: &str) {
    let around = value.decor().clone();
    *value = Value::from(text);
    *value.decor_mut() = around;
}

/// Changes expressions in the file at `path`, if the channel in it still has this fingerprint. Gives the new one.
///
/// # Errors
/// Where somebody else changed the channel meanwhile, or the file can't be read or written.
pub fn save(path: &Path, channel: &str, fingerprint: &str, edits: &[(String, String)]) -> Result<String> {
    let broken = |e: io::Error| Error::failure(format!("{} cannot be written: {e}", path.display())).hint("nothing was changed");
    // A link stays one.
    let path = &path.canonicalize().map_err(broken)?;
    let text = std::fs::read_to_string(path).map_err(broken)?;
    let before = Config::parse(path, &text)?;
    if before.channel(Some(channel))?.fingerprint != fingerprint {
        return Err(Error::failure(format!("{} was changed by somebody else meanwhile", path.display()))
            .hint("nothing was written; start rosterm again to work with the file as it is now"));
    }
    let text = with_expressions(&text, channel, edits)?;
    let after = Config::parse(path, &text)?.channel(Some(channel))?.fingerprint.clone();
    replace(path, &text).map_err(broken)?;
    Ok(after)
}

/// The file is there whole, as it was or as it is to be; who may read it stays.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let done = file
        .write_all(text.as_bytes())
        .and_then(|()| file.set_permissions(std::fs::metadata(path)?.permissions()))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_changed_and_everything_else_stays() {
        let text = "# mine\n[channels.a.mapping]\nuserName = \"uid\"  # the key\n\n# titles\ntitle = { value = \"title\", default = \"x\" } # why\n'emails' = 'mail'\n";
        let edits =
            [("userName", "uid | lower"), ("title", "'a\"b'"), ("emails", "mail | lower")].map(|(f, e)| (f.to_owned(), e.to_owned()));
        let changed = with_expressions(text, "a", &edits).unwrap();
        let parsed: DocumentMut = changed.parse().unwrap();
        let mapping = &parsed["channels"]["a"]["mapping"];
        assert_eq!(mapping["userName"].as_str(), Some("uid | lower"));
        assert_eq!(mapping["title"]["value"].as_str(), Some("'a\"b'"));
        assert_eq!(mapping["title"]["default"].as_str(), Some("x"));
        for kept in ["# mine\n", "userName = \"uid | lower\"  # the key\n\n# titles\n", "} # why\n", "'emails' = "] {
            assert!(changed.contains(kept), "{kept}: {changed}");
        }
        assert!(with_expressions(text, "a", &[("nick".to_owned(), "x".to_owned())]).is_err());
    }
}
