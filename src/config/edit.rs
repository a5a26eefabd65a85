//! Rules and clauses of the location changed in the file: everything else of it stays as somebody wrote it, comments included.

mod rules;

pub use rules::with_rules;

use super::{Channel, Clause, Config, RuleEdit};
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use toml_edit::{DocumentMut, Item, Table, Value};

/// A text as a TOML string.
#[must_use]
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The text of a configuration with other clauses in a channel's source. What is empty is taken out.
///
/// # Errors
/// Where it is no TOML, or has no such channel.
pub fn with_clauses(text: &str, channel: &str, edits: &[(Clause, String)]) -> Result<String> {
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| Error::usage(e.message().trim().replace('\n', ", ")))?;
    let source = ["channels", channel, "source"]
        .into_iter()
        .try_fold(document.as_item_mut(), |item, key| item.as_table_like_mut()?.get_mut(key))
        .and_then(Item::as_table_like_mut);
    let source = source.ok_or_else(|| Error::usage(format!("the file has no source for the channel {channel}")))?;
    for (clause, text) in edits {
        let value = match clause {
            Clause::Nested => Value::from(text == "true"),
            Clause::Status => {
                let list = text.trim().trim_start_matches('[').trim_end_matches(']');
                format!("[{list}]").parse().map_err(|_| Error::usage("the status rules are no TOML"))?
            }
            _ => Value::from(text.as_str()),
        };
        // Neither table need be there.
        let location = source.entry(clause.table()).or_insert_with(|| Item::Table(Table::new()));
        let location = location.as_table_like_mut().ok_or_else(|| Error::usage(format!("{} is no table", clause.table())))?;
        match location.get_mut(clause.key()) {
            Some(_) if text.is_empty() => drop(location.remove(clause.key())),
            Some(Item::Value(before)) => {
                let around = before.decor().clone();
                *before = value;
                *before.decor_mut() = around;
            }
            _ if text.is_empty() => {}
            _ => drop(location.insert(clause.key(), Item::Value(value))),
        }
    }
    Ok(document.to_string())
}

/// Changes rules in the file at `path`, if the channel in it still has this fingerprint and `check` finds nothing wrong with what
/// it would be then. Gives what is in the file then.
///
/// # Errors
/// Where somebody else changed the channel meanwhile, or the file can't be read or written; what `check` says.
pub fn save(
    path: &Path,
    channel: &str,
    fingerprint: &str,
    edits: &[(String, RuleEdit)],
    check: impl FnOnce(&Channel) -> Result<()>,
) -> Result<Config> {
    rewrite(path, channel, fingerprint, |text| with_rules(text, channel, edits), check)
}

/// Changes clauses of the location in the same way.
///
/// # Errors
/// As [`save`].
pub fn save_clauses(path: &Path, channel: &str, fingerprint: &str, edits: &[(Clause, String)]) -> Result<Config> {
    rewrite(path, channel, fingerprint, |text| with_clauses(text, channel, edits), |_| Ok(()))
}

fn rewrite(
    path: &Path,
    channel: &str,
    fingerprint: &str,
    change: impl FnOnce(&str) -> Result<String>,
    check: impl FnOnce(&Channel) -> Result<()>,
) -> Result<Config> {
    let broken = |e: io::Error| Error::failure(format!("{} cannot be written: {e}", path.display())).hint("nothing was changed");
    // A link stays one; what stands in the file is relative to the folder that it was named by.
    let named = path;
    let path = &path.canonicalize().map_err(broken)?;
    let text = std::fs::read_to_string(path).map_err(broken)?;
    let before = Config::parse(named, &text)?;
    if before.channel(Some(channel))?.fingerprint != fingerprint {
        return Err(Error::failure(format!("{} was changed by somebody else meanwhile", path.display()))
            .hint("nothing was written; start rosterm again to work with the file as it is now"));
    }
    let text = change(&text)?;
    let after = Config::parse(named, &text)?;
    check(after.channel(Some(channel))?)?;
    replace(path, &text).map_err(broken)?;
    Ok(after)
}

/// The file is there whole, as it was or as it is to be; who may read it stays.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    beside(path, text, |file, beside| {
        file.set_permissions(std::fs::metadata(path)?.permissions())?;
        file.sync_all()?;
        std::fs::rename(beside, path)
    })
}

/// Writes a text next to a place, for its owner alone, and has it `put` there; nothing is left behind.
pub(super) fn beside(path: &Path, text: &str, put: impl FnOnce(&File, &Path) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?.to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let done = file.write_all(text.as_bytes()).and_then(|()| put(&file, &beside));
    // Where it was put by renaming it is not there any more.
    let _ = std::fs::remove_file(&beside);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_changed_taken_out_and_added_and_everything_else_stays() {
        let text = "# mine\n[channels.a.source]\ntype = \"ldap\"\n\n[channels.a.source.location]  # who\n# the tree\nbase_dn = \"ou=p,dc=x\" # all of it\nfilter = \"(a=b)\"\ngroup_dn = 'cn=g,dc=x'  # Lucid\n\n# next\n[channels.a.mapping]\nuserName = \"uid\"\n";
        let edits = [(Clause::Base, "ou=q,dc=x"), (Clause::Filter, ""), (Clause::Group, "cn=\"h\",dc=x"), (Clause::Nested, "true")];
        let edits = edits.map(|(clause, text)| (clause, text.to_owned()));
        let changed = with_clauses(text, "a", &edits).unwrap();
        let expected = text
            .replace("\"ou=p,dc=x\"", "\"ou=q,dc=x\"")
            .replace("filter = \"(a=b)\"\n", "")
            .replace("'cn=g,dc=x'  # Lucid\n", "'cn=\"h\",dc=x'  # Lucid\nnested_groups = true\n");
        assert_eq!(changed, expected);
        // Back again, but for where a line stands.
        let back = [(Clause::Base, "ou=p,dc=x"), (Clause::Group, "cn=g,dc=x")].map(|(clause, text)| (clause, text.to_owned()));
        assert!(with_clauses(&changed, "a", &back).unwrap().contains("base_dn = \"ou=p,dc=x\" # all of it"));
        assert!(with_clauses(text, "b", &edits).is_err());
        // A setting goes into its own table.
        let status = "{ attribute = \"x\", disabled_when = { present = true } }";
        let set = with_clauses(text, "a", &[(Clause::Status, status.to_owned()), (Clause::MemberOf, "memberOf".to_owned())]).unwrap();
        let parsed: DocumentMut = set.parse().unwrap();
        let settings = &parsed["channels"]["a"]["source"]["settings"];
        assert_eq!(settings["status"][0]["attribute"].as_str(), Some("x"));
        assert_eq!(settings["member_of_attribute"].as_str(), Some("memberOf"));
        // A table of a file without a location gets one.
        let csv = "[channels.a.source]\ntype = \"csv\"\n[channels.a.mapping]\nuserName = \"uid\"\n";
        let added = with_clauses(csv, "a", &[(Clause::Filter, "(a=b)".to_owned())]).unwrap();
        let parsed: DocumentMut = added.parse().unwrap();
        assert_eq!(parsed["channels"]["a"]["source"]["location"]["filter"].as_str(), Some("(a=b)"));
    }

    #[test]
    fn what_is_wrong_as_a_whole_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.toml");
        let text = "[channels.a.source]\ntype = \"ldif\"\npath = \"x\"\nlocation = { base_dn = \"dc=x\" }\n[channels.a.target]\nconnector = \"scim2\"\nbase_url = \"http://localhost\"\nauth = \"none\"\n[channels.a.mapping]\nuserName = \"uid\"\n";
        std::fs::write(&path, text).unwrap();
        let fingerprint = Config::read(&path).unwrap().channels[0].fingerprint.clone();
        let save = |edit: RuleEdit, good: bool| {
            let check = |_: &Channel| if good { Ok(()) } else { Err(Error::usage("no")) };
            super::save(&path, "a", &fingerprint, &[("userName".to_owned(), edit)], check)
        };
        let rule = |text: &str| RuleEdit::Write(crate::config::RuleText { value: Some(text.to_owned()), ..Default::default() });
        for (edit, good) in [(rule("cn"), false), (RuleEdit::Remove, true), (rule(" = "), false)] {
            assert!(save(edit.clone(), good).is_err(), "{edit:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(save(rule("cn"), true).unwrap().channels[0].mapping[0].value.as_ref().unwrap().value, "cn");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
