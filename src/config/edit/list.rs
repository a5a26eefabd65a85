//! A list of names changed in the text of a file: who stays keeps the comment, and who goes takes the own one along.

use toml_edit::{Array, RawString, Value};

/// Takes out of a list who is not among `wanted`, a list too, and adds who is missing, at the end.
pub(super) fn with_names(list: &mut Array, wanted: &Value) {
    let wanted: Vec<&str> = wanted.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_wanted = |value: &Value| value.as_str().is_some_and(|name| wanted.contains(&name));
    for at in (0..list.len()).rev() {
        if !list.get(at).is_some_and(is_wanted) {
            take_out(list, at);
        }
    }
    for name in wanted {
        if !list.iter().any(|value| value.as_str() == Some(name)) {
            add(list, name);
        }
    }
}

fn text(raw: Option<&RawString>) -> String {
    raw.and_then(RawString::as_str).unwrap_or_default().to_owned()
}

/// What stands between a name and the one before it: a comment behind the comma there is about the one before.
fn before(list: &Array, at: usize) -> String {
    match list.get(at) {
        Some(value) => text(value.decor().prefix()),
        None => text(Some(list.trailing())),
    }
}

fn set_before(list: &mut Array, at: usize, text: &str) {
    match list.get_mut(at) {
        Some(value) => value.decor_mut().set_prefix(text),
        None => list.set_trailing(text),
    }
}

/// Where no comma stands behind the last name, what does is moved to where it would stand behind one.
fn move_end(list: &mut Array) {
    let last = list.len().saturating_sub(1);
    let Some(value) = list.get_mut(last) else { return };
    let end = text(value.decor().suffix());
    value.decor_mut().set_suffix("");
    let trailing = format!("{end}{}", text(Some(list.trailing())));
    list.set_trailing(trailing);
}

fn take_out(list: &mut Array, at: usize) {
    move_end(list);
    let (own, next) = (before(list, at), before(list, at + 1));
    list.remove(at);
    // What stood behind the name goes with it, up to the end of its line.
    let joined = match next.find('\n') {
        Some(line) => format!("{}{}", own.trim_end(), &next[line..]),
        // A comment about the one before ends with its line; what closes the list would be in it.
        None if at == list.len() && own.contains('#') => format!("{}\n{next}", own.trim_end()),
        None if at == list.len() => next,
        None => own,
    };
    set_before(list, at, &joined);
    if list.is_empty() {
        list.set_trailing_comma(false);
    }
}

fn add(list: &mut Array, name: &str) {
    move_end(list);
    let (last, end) = (list.len().checked_sub(1), before(list, list.len()));
    let mut value = Value::from(name);
    let indent = last.map(|last| before(list, last)).and_then(|prefix| prefix.rfind('\n').map(|line| prefix[line..].to_owned()));
    match (end.find('\n'), last) {
        // A line of its own, like those before.
        (Some(line), _) => {
            let indent = indent.unwrap_or_else(|| "\n  ".to_owned());
            // What stands alone below the last name stays above this one.
            let (behind, below) = (end[..line].to_owned(), end[line..].trim_end());
            value.decor_mut().set_prefix(format!("{behind}{below}{indent}"));
            let close = end.rfind('\n').unwrap_or(line);
            let close = end[close..].to_owned();
            list.push_formatted(value);
            list.set_trailing(close);
        }
        (None, Some(_)) => {
            value.decor_mut().set_prefix(" ");
            list.push_formatted(value);
            list.set_trailing(end);
        }
        (None, None) => list.push_formatted(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml_edit::DocumentMut;

    #[test]
    fn who_stays_keeps_the_comment_and_who_goes_takes_it_along() {
        let lines =
            "[\n  # who may never be touched\n  'root',  # the machine\n  \"admin@x\", # the token\n  # by hand\n  \"bob\", # left\n]";
        let last = "[\n  \"root\",  # the machine\n  \"bob\" # left\n  # end\n]";
        for (before, wanted, after) in [
            (lines, &["root", "admin@x", "bob"][..], lines.to_owned()),
            (lines, &["bob", "root"], lines.replace("  \"admin@x\", # the token\n", "")),
            (lines, &["admin@x", "bob"], lines.replace("  'root',  # the machine\n", "")),
            (lines, &["root", "admin@x"], lines.replace("  \"bob\", # left\n", "")),
            (lines, &["root", "admin@x", "bob", "eve"], lines.replace("# left\n", "# left\n  \"eve\",\n")),
            (lines, &[], "[\n  # who may never be touched\n  # by hand\n]".to_owned()),
            (last, &["root"], "[\n  \"root\"  # the machine\n  # end\n]".to_owned()),
            (last, &["bob"], "[\n  \"bob\" # left\n  # end\n]".to_owned()),
            (last, &["root", "bob", "eve"], "[\n  \"root\",  # the machine\n  \"bob\", # left\n  # end\n  \"eve\"\n]".to_owned()),
            // Who stays on the line above keeps the comment where nothing ends the line of who goes.
            ("[\n  \"root\",  # the machine\n  \"bob\"]", &["root"], "[\n  \"root\"  # the machine\n]".to_owned()),
            ("[\n  \"root\",  # the machine\n  \"bob\",]", &["root"], "[\n  \"root\",  # the machine\n]".to_owned()),
            ("[\n  \"root\",  # the machine\n  \"bob\" ]", &["root"], "[\n  \"root\"  # the machine\n ]".to_owned()),
            ("[\n  \"root\",  # the machine\n  \"bob\", ]", &["root"], "[\n  \"root\",  # the machine\n ]".to_owned()),
            ("[\n  \"root\",  # the machine\n  \"bob\"\n]", &["root"], "[\n  \"root\"  # the machine\n]".to_owned()),
            ("[\n  \"root\",  # the machine\n  \"bob\",\n]", &["root"], "[\n  \"root\",  # the machine\n]".to_owned()),
            ("[ # who\n  \"bob\"]", &[], "[ # who\n]".to_owned()),
            ("[\n  \"root\", # a\n  # b\n  \"bob\"]", &["root"], "[\n  \"root\" # a\n  # b\n]".to_owned()),
            ("[\n  \"root\",\n  \"bob\"]", &["root"], "[\n  \"root\"]".to_owned()),
            ("[\"root\",  # the machine\n  \"bob\", \"eve\"]", &["eve"], "[\n  \"eve\"]".to_owned()),
            ("[\"root\",  # the machine\n  \"bob\", \"eve\"]", &["root"], "[\"root\"  # the machine\n]".to_owned()),
            ("[\"root\",  # the machine\n  \"bob\", \"eve\"]", &["root", "eve"], "[\"root\",  # the machine\n  \"eve\"]".to_owned()),
            ("[\n  \"root\", # the machine\n  \"bob\", \"eve\", # both left\n]", &["root"], "[\n  \"root\", # the machine\n]".to_owned()),
            // What is added to a list that ends so does not end up in a comment.
            ("[\n  \"root\",  # the machine\n  \"bob\"]", &["root", "eve"], "[\n  \"root\",  # the machine\n  \"eve\"\n]".to_owned()),
            ("[\"a\", 'b', \"c\"]", &["b", "c"], "['b', \"c\"]".to_owned()),
            ("[\"a\", 'b', \"c\"]", &["a", "c"], "[\"a\", \"c\"]".to_owned()),
            ("[ \"a\", 'b' ]", &["a"], "[ \"a\" ]".to_owned()),
            ("[\"a\"]", &["a", "o\"b"], "[\"a\", 'o\"b']".to_owned()),
            ("[\"a\"]", &[], "[]".to_owned()),
            ("[]", &["a", "b"], "[\"a\", \"b\"]".to_owned()),
            ("[\n]", &["a"], "[\n  \"a\"\n]".to_owned()),
        ] {
            let mut document: DocumentMut = format!("# mine\nprotect = {before} # why\n").parse().unwrap();
            let wanted: Value = wanted.iter().copied().collect();
            with_names(document["protect"].as_array_mut().unwrap(), &wanted);
            assert_eq!(document.to_string(), format!("# mine\nprotect = {after} # why\n"), "{before} {wanted}");
            let parsed: DocumentMut = document.to_string().parse().unwrap();
            assert_eq!(parsed["protect"].as_array().unwrap().len(), wanted.as_array().unwrap().len());
        }
    }
}
