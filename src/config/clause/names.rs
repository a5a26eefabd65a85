//! Names in a list as they are typed: with commas between them, and in quotes what has a comma itself.

use super::Wrong;
use std::fmt::Write;

/// Names as they are typed.
pub(super) fn names_text(names: &[String]) -> String {
    let is_plain = |name: &str| !name.is_empty() && name.trim() == name && !name.contains([',', '"']) && !name.contains(char::is_control);
    let typed = |name: &String| if is_plain(name) { name.clone() } else { quoted(name) };
    names.iter().map(typed).collect::<Vec<_>>().join(", ")
}

/// A name in quotes, on one line whatever is in it.
fn quoted(name: &str) -> String {
    let mut text = String::from('"');
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => drop(write!(text, "\\u{:04X}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// The names in what is typed, each once.
pub(super) fn names(typed: &str) -> Result<Vec<String>, Wrong> {
    let mut names: Vec<String> = Vec::new();
    let (mut rest, whole) = (typed.trim_start(), typed.chars().count());
    let column = |rest: &str| Some(whole - rest.chars().count() + 1);
    while !rest.is_empty() {
        let (name, after) = if let Some(inside) = rest.strip_prefix('"') {
            let wrong = |message: &str| Wrong { message: message.to_owned(), column: column(rest) };
            let end = end_of_quoted(inside).ok_or_else(|| wrong("the quotes are not closed"))?;
            let name = format!("\"{}\"", &inside[..end]).parse::<toml_edit::Value>().ok().and_then(|v| v.as_str().map(str::to_owned));
            (name.ok_or_else(|| wrong("this is no text in quotes"))?, inside[end + 1..].trim_start())
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim_end().to_owned(), &rest[end..])
        };
        let after = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err(Wrong { message: "a comma is missing before this".to_owned(), column: column(after) }),
        };
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    Ok(names)
}

/// Where the quotes close.
fn end_of_quoted(inside: &str) -> Option<usize> {
    let mut is_escaped = false;
    inside.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_typed_with_commas_and_come_back_as_they_were() {
        for (typed, expected) in [
            ("", &[][..]),
            (" , ,", &[]),
            ("root", &["root"]),
            (" admin@example.com,root , root", &["admin@example.com", "root"]),
            ("Ann Smith, bob", &["Ann Smith", "bob"]),
            (r#""Smith, Ann" , "a\"b", c"#, &["Smith, Ann", "a\"b", "c"]),
            ("o'neil, d\\e", &["o'neil", "d\\e"]),
        ] {
            let read = names(typed).unwrap();
            assert_eq!(read, expected, "{typed}");
            assert_eq!(names(&names_text(&read)).unwrap(), expected, "{typed}");
        }
        for (typed, column) in [("a, \"b", 4), ("\"a\" b", 5), (r#"a, b, "\q""#, 7)] {
            assert_eq!(names(typed).unwrap_err().column, Some(column), "{typed}");
        }
        let odd = ["a\nb".to_owned(), " c ".to_owned(), "tab\t\u{7f}".to_owned()];
        assert_eq!(names(&names_text(&odd)).unwrap(), odd);
    }
}
