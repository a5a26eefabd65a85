//! Rules of a mapping changed, added and taken out in the text of a file.

use crate::config::{RuleEdit, RuleText, WhenMissing};
use crate::error::{Error, Result};
use std::ops::Range;
use toml_edit::{Document, DocumentMut, InlineTable, Item, TableLike, Value};

/// The text of a configuration with other rules in a channel's mapping. A new rule is a line at the end of the table; a rule that
/// is taken out takes what stands on its own line with it, and nothing else.
///
/// # Errors
/// Where it is no TOML, or has no such mapping, or no rule to be taken out.
pub fn with_rules(text: &str, channel: &str, edits: &[(String, RuleEdit)]) -> Result<String> {
    let mut text = text.to_owned();
    for (field, edit) in edits {
        text = match edit {
            RuleEdit::Write(rule) => with_rule(&text, channel, field, rule)?,
            RuleEdit::Remove => without(&text, channel, field)?,
        };
    }
    Ok(text)
}

fn broken(error: &toml_edit::TomlError) -> Error {
    Error::usage(error.message().trim().replace('\n', ", "))
}

/// The mapping of a channel, to be changed.
fn mapping<'d>(document: &'d mut DocumentMut, channel: &str) -> Result<&'d mut dyn TableLike> {
    let found = ["channels", channel, "mapping"]
        .into_iter()
        .try_fold(document.as_item_mut(), |item, key| item.as_table_like_mut()?.get_mut(key))
        .and_then(Item::as_table_like_mut);
    found.ok_or_else(|| Error::usage(format!("the file has no mapping for the channel {channel}")))
}

fn no_rule(channel: &str, field: &str) -> Error {
    Error::usage(format!("the file has no rule for {field} in the channel {channel}"))
}

fn with_rule(text: &str, channel: &str, field: &str, rule: &RuleText) -> Result<String> {
    let mut document: DocumentMut = text.parse().map_err(|e| broken(&e))?;
    let table = mapping(&mut document, channel)?;
    match table.get_mut(field) {
        None => {
            let item =
                if is_plain(rule) { Value::from(rule.value.as_deref().unwrap_or_default()) } else { Value::InlineTable(whole(rule)) };
            table.insert(field, Item::Value(item));
        }
        Some(Item::Value(value)) if value.is_str() => {
            let new = if is_plain(rule) { Value::from(rule.value.as_deref().unwrap_or_default()) } else { Value::InlineTable(whole(rule)) };
            put(value, new);
        }
        Some(other) => {
            let end = other.as_inline_table().map(end_of);
            let inside = other.as_table_like_mut().ok_or_else(|| Error::usage(format!("the rule for {field} is no text and no table")))?;
            set(inside, "value", rule.value.as_deref());
            set(inside, "default", rule.default.as_deref());
            match rule.when_missing {
                WhenMissing::Keep => set(inside, "when_missing", Some("keep")),
                // It is what holds where nothing is said; whoever says so all the same is left with it.
                WhenMissing::Clear if inside.get("when_missing").and_then(Item::as_str) != Some("clear") => {
                    set(inside, "when_missing", None);
                }
                WhenMissing::Clear => {}
            }
            if let (Item::Value(Value::InlineTable(table)), Some(end)) = (other, end) {
                close(table, &end);
            }
        }
    }
    Ok(document.to_string())
}

/// True for a rule that is an expression and nothing else.
fn is_plain(rule: &RuleText) -> bool {
    rule.default.is_none() && rule.when_missing == WhenMissing::Clear
}

/// A rule as a table on one line.
fn whole(rule: &RuleText) -> InlineTable {
    let mut table = InlineTable::new();
    let keep = (rule.when_missing == WhenMissing::Keep).then_some("keep");
    for (key, text) in [("value", rule.value.as_deref()), ("default", rule.default.as_deref()), ("when_missing", keep)] {
        if let Some(text) = text {
            table.insert(key, Value::from(text));
        }
    }
    table
}

/// Sets a key of a rule, or takes it out. What says the same already stays as it is written.
fn set(table: &mut dyn TableLike, key: &str, text: Option<&str>) {
    let Some(text) = text else {
        table.remove(key);
        return;
    };
    match table.get_mut(key) {
        Some(Item::Value(value)) if says(value, text) => {}
        Some(Item::Value(value)) => put(value, Value::from(text)),
        _ => drop(table.insert(key, toml_edit::value(text))),
    }
}

/// What stands before the bracket that ends a table on one line.
fn end_of(table: &InlineTable) -> String {
    let last = table.iter().last().and_then(|(_, value)| value.decor().suffix()?.as_str().map(str::to_owned));
    last.unwrap_or_default()
}

/// Has the same stand there again, whichever value is the last one by now.
fn close(table: &mut InlineTable, end: &str) {
    let last = table.len().saturating_sub(1);
    for (place, (_, value)) in table.iter_mut().enumerate() {
        if place == last {
            value.decor_mut().set_suffix(end);
        } else if value.decor().suffix().and_then(|s| s.as_str()) == Some(end) {
            value.decor_mut().set_suffix("");
        }
    }
}

/// True if a value is this text, or a number or a truth value that is written so.
fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(s) => s.value() == text,
        Value::Integer(n) => n.value().to_string() == text,
        Value::Boolean(b) => b.value().to_string() == text,
        _ => false,
    }
}

/// Another value with what stands around the one before.
fn put(value: &mut Value, new: Value) {
    let around = value.decor().clone();
    *value = new;
    *value.decor_mut() = around;
}

fn without(text: &str, channel: &str, field: &str) -> Result<String> {
    if let Some(line) = own_line(text, channel, field)? {
        let mut text = text.to_owned();
        text.replace_range(line, "");
        return Ok(text);
    }
    let mut document: DocumentMut = text.parse().map_err(|e| broken(&e))?;
    mapping(&mut document, channel)?.remove(field).ok_or_else(|| no_rule(channel, field))?;
    Ok(document.to_string())
}

/// The lines that a rule has for itself, with their end: then whatever else stands in the file stays where it is, to the letter.
/// Nothing where it shares a line with something else, or has a table of its own.
fn own_line(text: &str, channel: &str, field: &str) -> Result<Option<Range<usize>>> {
    let document = Document::parse(text).map_err(|e| broken(&e))?;
    let table = ["channels", channel, "mapping"].into_iter().try_fold(document.as_item(), |item, key| item.as_table_like()?.get(key));
    let Some(Item::Table(table)) = table else { return Ok(None) };
    let Some((key, item)) = table.get_key_value(field) else { return Err(no_rule(channel, field)) };
    let (Some(key), Some(value)) = (key.span(), item.as_value().and_then(Value::span)) else { return Ok(None) };
    let from = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[value.end..].find('\n').map_or(text.len(), |at| value.end + at + 1);
    let (before, after) = (&text[from..key.start], text[value.end..to].trim());
    let alone = before.trim().is_empty() && (after.is_empty() || after.starts_with('#')) && key.end <= value.start;
    Ok(alone.then_some(from..to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(value: &str) -> RuleEdit {
        RuleEdit::Write(RuleText { value: Some(value.to_owned()), ..RuleText::default() })
    }

    fn full(value: Option<&str>, default: Option<&str>, when_missing: WhenMissing) -> RuleEdit {
        RuleEdit::Write(RuleText { value: value.map(str::to_owned), default: default.map(str::to_owned), when_missing })
    }

    #[test]
    fn an_expression_is_changed_and_everything_else_stays() {
        let text = "# mine\n[channels.a.mapping]\nuserName = \"uid\"  # the key\n\n# titles\ntitle = { value = \"title\", default = \"x\" } # why\n'emails' = 'mail'\n";
        let edits = [
            ("userName", write("uid | lower")),
            ("title", full(Some("'a\"b'"), Some("x"), WhenMissing::Clear)),
            ("emails", write("mail | lower")),
        ];
        let changed = with_rules(text, "a", &edits.map(|(f, e)| (f.to_owned(), e))).unwrap();
        let parsed: DocumentMut = changed.parse().unwrap();
        let mapping = &parsed["channels"]["a"]["mapping"];
        assert_eq!(mapping["userName"].as_str(), Some("uid | lower"));
        assert_eq!(mapping["title"]["value"].as_str(), Some("'a\"b'"));
        assert_eq!(mapping["title"]["default"].as_str(), Some("x"));
        for kept in ["# mine\n", "userName = \"uid | lower\"  # the key\n\n# titles\n", "} # why\n", "'emails' = "] {
            assert!(changed.contains(kept), "{kept}: {changed}");
        }
        assert!(with_rules(text, "b", &[("title".to_owned(), write("x"))]).is_err());
        assert!(with_rules(text, "a", &[("nick".to_owned(), RuleEdit::Remove)]).is_err());
    }

    #[test]
    fn a_rule_is_written_added_and_taken_out_and_every_other_letter_stays() {
        let head = "format = 1\n[channels.a.source]\ntype = \"ldif\"\n\n[channels.a.mapping]\nuserName = \"uid\"   # the key\n# titles\n";
        let tail = "sn = 'sn'\n\n# next\n[channels.a.policy]\n# nothing\n";
        let keep = WhenMissing::Keep;
        let (none, clear) = (None, WhenMissing::Clear);
        for (before, edit, after) in [
            // A text becomes a table where it has to, and keeps its comment.
            (
                "title = \"title\"  # HR\n",
                full(Some("title"), Some("Staff"), clear),
                "title = { value = \"title\", default = \"Staff\" }  # HR\n",
            ),
            ("title = 'title' # HR\n", full(Some("title"), none, keep), "title = { value = \"title\", when_missing = \"keep\" } # HR\n"),
            ("title = 'title' # HR\n", full(none, Some("a\"b"), clear), "title = { default = 'a\"b' } # HR\n"),
            // What is said already stays as it is written; what is not said any more goes.
            (
                "title = { value = 'title', default = 5, masked = true } # HR\n",
                full(Some("title"), Some("5"), keep),
                "title = { value = 'title', default = 5, masked = true, when_missing = \"keep\" } # HR\n",
            ),
            (
                "title = { value = 'title', default = 5, when_missing = 'keep' } # HR\n",
                full(Some("title"), none, clear),
                "title = { value = 'title' } # HR\n",
            ),
            ("title = { value = 't', when_missing = 'clear' }\n", write("t"), "title = { value = 't', when_missing = 'clear' }\n"),
            // Taken out with its own line, however long that is.
            ("title = \"title\"  # HR\n", RuleEdit::Remove, ""),
            ("title = '''\na\n''' # HR\n", RuleEdit::Remove, ""),
            ("title = { value = 'title' }\n", RuleEdit::Remove, ""),
        ] {
            let text = |rule: &str| format!("{head}{rule}{tail}");
            let changed = with_rules(&text(before), "a", &[("title".to_owned(), edit)]).unwrap();
            assert_eq!(changed, text(after));
        }
        // A new rule is a line at the end of the table, under whatever name.
        let text = format!("{head}{tail}");
        let name = "urn:x:User:costCenter";
        let edits = [("nick".to_owned(), write("cn")), (name.to_owned(), full(Some("c"), none, keep))];
        let expected = format!("sn = 'sn'\nnick = \"cn\"\n\"{name}\" = {{ value = \"c\", when_missing = \"keep\" }}\n\n# next");
        assert_eq!(with_rules(&text, "a", &edits).unwrap(), text.replace("sn = 'sn'\n\n# next", &expected));
    }

    #[test]
    fn a_rule_that_is_no_line_of_its_own_is_taken_out_too() {
        for text in [
            "[channels.a]\nmapping = { userName = \"uid\", title = \"title\" } # all\n",
            "channels.a.mapping.userName = \"uid\"\nchannels.a.mapping.title = \"title\"\n# end\n",
            "[channels.a.mapping]\nuserName = \"uid\" # key\n\n[channels.a.mapping.title]\nvalue = \"title\"\n\n[channels.b]\nx = 1\n",
        ] {
            let changed = with_rules(text, "a", &[("title".to_owned(), RuleEdit::Remove)]).unwrap();
            let parsed: DocumentMut = changed.parse().unwrap();
            let mapping = parsed["channels"]["a"]["mapping"].as_table_like().unwrap();
            assert_eq!(mapping.iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>(), ["userName"], "{changed}");
            let added = with_rules(&changed, "a", &[("title".to_owned(), write("t"))]).unwrap();
            let parsed: DocumentMut = added.parse().unwrap();
            assert_eq!(parsed["channels"]["a"]["mapping"]["title"].as_str(), Some("t"), "{added}");
        }
    }
}
