//! Rules and clauses of the location changed in the file: everything else of it stays as somebody wrote it, comments included.

mod list;
mod rules;

pub use rules::with_rules;

use super::{Channel, Clause, Config, RuleEdit, Site};
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// What to do where the file is not what it was; a screen says by which key.
pub const ANEW: &str = "read the file anew";

/// A text as a TOML string.
#[must_use]
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The text of a configuration with other clauses in a channel. What is empty is taken out.
///
/// # Errors
/// Where it is no TOML, has no such channel, or a text can't be the clause.
pub fn with_clauses(text: &str, channel: &str, edits: &[(Clause, String)]) -> Result<String> {
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| Error::usage(e.message().trim().replace('\n', ", ")))?;
    let inside = ["channels", channel]
        .into_iter()
        .try_fold(document.as_item_mut(), |item, key| item.as_table_like_mut()?.get_mut(key))
        .and_then(Item::as_table_like_mut);
    let inside = inside.filter(|channel| channel.contains_key("source"));
    let inside = inside.ok_or_else(|| Error::usage(format!("the file has no source for the channel {channel}")))?;
    for (clause, text) in edits {
        let mut table: &mut dyn TableLike = inside;
        for (depth, name) in clause.tables().iter().enumerate() {
            // None of them need be there; the limits stand in one line.
            let inline = depth > 0 && *name == "limits";
            let new = || if inline { Item::Value(InlineTable::new().into()) } else { Item::Table(Table::new()) };
            let next = table.entry(name).or_insert_with(new);
            table = next.as_table_like_mut().ok_or_else(|| Error::usage(format!("{name} is no table")))?;
        }
        if *clause == Clause::Protect
            && let Some(Item::Value(Value::Array(names))) = table.get_mut(clause.key())
        {
            // Each may have a comment of its own.
            list::with_names(names, &clause.value(text)?);
            continue;
        }
        if text.is_empty() {
            table.remove(clause.key());
            continue;
        }
        let value = clause.value(text)?;
        match table.get_mut(clause.key()) {
            Some(Item::Value(before)) => {
                let around = before.decor().clone();
                *before = value;
                *before.decor_mut() = around;
            }
            // A list of tables, each under a heading of its own.
            Some(other) => *other = Item::Value(value),
            None => drop(table.insert(clause.key(), Item::Value(value))),
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

/// Changes clauses in the same way; `check` sees the channel as it would be, and may refuse it.
///
/// # Errors
/// As [`save`], and where the file would not say what was asked for.
pub fn save_clauses(
    path: &Path,
    channel: &str,
    fingerprint: &str,
    edits: &[(Clause, String)],
    check: impl FnOnce(&Channel) -> Result<()>,
) -> Result<Config> {
    let says = |written: &Channel| {
        let mut site = Site::of(written);
        for (clause, text) in edits {
            let is = clause.text(&site);
            clause.set(&mut site, text).map_err(|wrong| Error::usage(wrong.message))?;
            if !clause.is_same(&clause.text(&site), &is) {
                return Err(Error::failure(format!("{} cannot be changed in this file", clause.name())).hint("nothing was written"));
            }
        }
        check(written)
    };
    rewrite(path, channel, fingerprint, |text| with_clauses(text, channel, edits), says)
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
            .hint(format!("nothing was written; {ANEW} to work with it as it is now")));
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

    #[test]
    fn the_server_and_the_policy_are_changed_too_and_what_was_written_is_read_back() {
        let text = "# mine\n[channels.a.source]\ntype = \"ldap\"\nurl = [\"ldaps://dc1\", \"ldaps://dc2\"]  # in order\nbind_dn = \"cn=r\"\npassword = { env = \"OLD\" } # old\n\n[channels.a.source.location]\nbase_dn = \"dc=x\"\n\n[channels.a.target]\nconnector = \"scim2\"\nbase_url = \"https://x\"\nauth = \"none\"\n[channels.a.mapping]\nuserName = \"uid\" # the key\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rosterm.toml");
        std::fs::write(&path, text).unwrap();
        let fingerprint = |path: &Path| Config::read(path).unwrap().channels[0].fingerprint.clone();
        let edits = [
            (Clause::Url, "ldap://dc3"),
            (Clause::StartTls, "true"),
            (Clause::Authority, "/etc/ca.pem"),
            (Clause::Password, "command:pass show 'x'"),
            (Clause::PageSize, "500"),
            (Clause::Vendor, "389ds"),
            (Clause::Groups, "group, posixGroup"),
            (Clause::Removal, "delete"),
            (Clause::Removals, "3 or 1%"),
            (Clause::Clears, "none"),
            (Clause::Shrink, "10%"),
        ]
        .map(|(clause, text)| (clause, text.to_owned()));
        // What somebody who looks at the whole refuses is not written.
        let error = save_clauses(&path, "a", &fingerprint(&path), &edits, |_| Err(Error::usage("no"))).unwrap_err();
        assert_eq!((error.message(), std::fs::read_to_string(&path).unwrap().as_str()), ("no", text));
        let config = save_clauses(&path, "a", &fingerprint(&path), &edits, |_| Ok(())).unwrap();
        let site = Site::of(&config.channels[0]);
        for (clause, text) in &edits {
            let shown = if *clause == Clause::Password { "command:pass …" } else { text };
            assert_eq!(clause.text(&site), shown);
        }
        let written = std::fs::read_to_string(&path).unwrap();
        for kept in [
            "url = \"ldap://dc3\"  # in order\n",
            "password = { command = [\"pass\", \"show\", \"'x'\"] } # old\n",
            "limits = { deprovision = \"3 or 1%\", clear = \"none\" }\n",
            "userName = \"uid\" # the key\n",
        ] {
            assert!(written.contains(kept), "{kept}: {written}");
        }
        // What does not go together is not written either: each of them is right by itself.
        for (edit, told) in [((Clause::ProvisionDisabled, "true"), "again and again"), ((Clause::Password, ""), "bind_dn needs a password")]
        {
            let edits = [(edit.0, edit.1.to_owned())];
            let error = save_clauses(&path, "a", &fingerprint(&path), &edits, |_| Ok(())).unwrap_err();
            assert!(error.message().contains(told), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
        }
        // Taken out, it is as it is by itself.
        let back = [Clause::Removals, Clause::Clears, Clause::PageSize, Clause::Vendor, Clause::Authority].map(|c| (c, String::new()));
        let config = save_clauses(&path, "a", &fingerprint(&path), &back, |_| Ok(())).unwrap();
        let site = Site::of(&config.channels[0]);
        assert_eq!((Clause::Removals.text(&site), Clause::PageSize.text(&site)), ("20 or 5%".to_owned(), "1000".to_owned()));
        let secret = [(Clause::Password, "hunter2".to_owned())];
        let error = save_clauses(&path, "a", &fingerprint(&path), &secret, |_| Ok(())).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }

    #[test]
    fn tables_in_one_line_dotted_keys_and_lists_of_tables_are_changed_too() {
        const REST: &str = "[channels.a.target]\nconnector = \"scim2\"\nbase_url = \"https://x\"\nauth = \"none\"\n[channels.a.mapping]\nuserName = \"uid\"\n";
        let edits = [
            (Clause::DefaultStatus, "disabled"),
            (Clause::Status, "{ attribute = \"x\", disabled_when = { present = true } }"),
            (Clause::Filter, "(a=b)"),
            (Clause::Removal, "delete"),
            (Clause::Updates, "7"),
        ]
        .map(|(clause, text)| (clause, text.to_owned()));
        for (text, kept) in [
            (
                "[channels.a]\nsource = { type = \"ldif\", path = \"p\", location = { base_dn = \"dc=x\" } }\npolicy = { create = false }\n",
                "create = false",
            ),
            (
                "[channels.a]\nsource.type = \"ldif\"\nsource.path = \"p\"\nsource.location.base_dn = \"dc=x\" # tree\npolicy.limits.clear = \"1%\"\n",
                "# tree",
            ),
            (
                "[channels.a.source]\ntype = \"ldif\"\npath = \"p\"\nlocation.base_dn = \"dc=x\"\n[[channels.a.source.settings.status]]\nattribute = \"y\"\ndisabled_when = { present = true }\n[channels.a.policy.limits]\nupdate = \"3\" # few\n",
                "# few",
            ),
        ] {
            let changed = with_clauses(&format!("{text}{REST}"), "a", &edits).unwrap();
            let config = Config::parse(Path::new("x.toml"), &changed).map_err(|e| format!("{e}: {changed}")).unwrap();
            let site = Site::of(&config.channels[0]);
            for (clause, text) in &edits {
                assert_eq!(clause.text(&site), *text, "{changed}");
            }
            assert!(changed.contains(kept), "{changed}");
        }
    }
}
