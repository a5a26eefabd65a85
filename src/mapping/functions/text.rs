//! Functions on one text. What is cut out of the input is borrowed from it; places count characters, from 1.

use super::letters::{slug, title, to_lower, to_upper, unaccent};
use super::{Answer, Example, Function, LIMIT, Param, Prepared, Run, TEXT, Takes, changed, int, number, part, taken, text, too_long};
use crate::mapping::value::{Type, Value};
use std::borrow::Cow;

/// The byte at which character `n` begins, or the end.
pub(in crate::mapping) fn byte_of(text: &str, n: usize) -> usize {
    if text.is_ascii() { n.min(text.len()) } else { text.char_indices().nth(n).map_or(text.len(), |(at, _)| at) }
}

pub(in crate::mapping) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

fn pad<'a>(text: Cow<'a, str>, width: i64, fill: &str) -> Answer<'a> {
    let mut fills = fill.chars();
    let (Some(fill), None) = (fills.next(), fills.next()) else { return Err("the fill has to be one character".to_owned()) };
    let wanted = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    let missing = wanted.saturating_sub(length(&text));
    if missing == 0 {
        return Ok(Value::Text(text));
    }
    if missing.saturating_mul(fill.len_utf8()).saturating_add(text.len()) > LIMIT {
        return Err(too_long());
    }
    let filling: String = std::iter::repeat_n(fill, missing).collect();
    Ok(Value::Text(Cow::Owned(if width < 0 { format!("{text}{filling}") } else { format!("{filling}{text}") })))
}

fn replace<'a>(text: Cow<'a, str>, from: &str, to: &str) -> Answer<'a> {
    if from.is_empty() {
        return Err("there is nothing to look for".to_owned());
    }
    let found = text.matches(from).count();
    if found == 0 {
        return Ok(Value::Text(text));
    }
    if text.len().saturating_add(found.saturating_mul(to.len())) > LIMIT + found * from.len() {
        return Err(too_long());
    }
    Ok(Value::Text(Cow::Owned(text.replace(from, to))))
}

/// A place that counts from 1, counted from 0.
pub(super) fn from_one(n: i64) -> Result<i64, String> {
    match n {
        0 => Err("places count from 1 (or from -1 at the end)".to_owned()),
        n if n > 0 => Ok(n - 1),
        n => Ok(n),
    }
}

fn not_negative(n: i64) -> Result<usize, String> {
    usize::try_from(n).map_err(|_| format!("{n} is no count of characters"))
}

/// Where the character at a place counted from 0, or from the end, begins.
fn place(text: &str, n: i64) -> usize {
    let n = if n < 0 {
        length(text).saturating_sub(usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(n).unwrap_or(usize::MAX)
    };
    byte_of(text, n)
}

fn substr<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let start = from_one(number(&args[1]))?;
    let count = args.get(2).map(|n| not_negative(number(n))).transpose()?;
    Ok(Value::Text(part(taken(&mut args[0]), |t| {
        let from = place(t, start);
        from..count.map_or(t.len(), |n| from + byte_of(&t[from..], n))
    })))
}

fn word<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let n = from_one(number(&args[1]))?;
    let separators = args.get_mut(2).map(taken);
    let between = |c: char| separators.as_ref().map_or(c.is_whitespace(), |s| s.contains(c));
    let subject = taken(&mut args[0]);
    let find = |t: &str| {
        let mut words = t.split(between).filter(|w| !w.is_empty());
        let word = match usize::try_from(n) {
            Ok(n) => words.nth(n),
            Err(_) => words.nth_back(usize::try_from(n.unsigned_abs()).ok()?.checked_sub(1)?),
        }?;
        let from = word.as_ptr().addr() - t.as_ptr().addr();
        Some(from..from + word.len())
    };
    Ok(find(&subject).map_or(Value::Missing, |range| Value::Text(part(subject, |_| range))))
}

fn extract<'a>(subject: Cow<'a, str>, pattern: &regex::Regex) -> Value<'a> {
    let Some(found) = pattern.captures(&subject) else { return Value::Missing };
    // The first group if there is one; a group that took no part yields nothing.
    let Some(range) = found.get(usize::from(pattern.captures_len() > 1)).map(|m| m.range()) else { return Value::Missing };
    drop(found);
    Value::Text(part(subject, |_| range))
}

fn pattern(prepared: &Prepared) -> Result<&regex::Regex, String> {
    if let Prepared::Pattern(pattern) = prepared { Ok(pattern) } else { Err("the pattern is missing".to_owned()) }
}

const fn row(
    name: &'static str,
    doc: &'static str,
    example: Example,
    params: &'static [Param],
    result: Type,
    run: super::Eager,
) -> Function {
    Function { name, doc, example, params, result, run: Run::Eager(run) }
}

const fn example(
    expression: &'static str,
    attributes: &'static [(&'static str, &'static [&'static str])],
    result: &'static str,
) -> Example {
    Example { expression, attributes, result }
}

const PATTERN: Param = Param::new("pattern", Takes::Pattern);

pub(super) const FUNCTIONS: &[Function] = &[
    row(
        "trim",
        "the text without blanks at both ends",
        example("sn | trim", &[("sn", &[" Lee "])], "'Lee'"),
        TEXT,
        Type::Text,
        |args, _, _| {
            Ok(Value::Text(part(taken(&mut args[0]), |t| {
                let from = t.len() - t.trim_start().len();
                from..from + t.trim().len()
            })))
        },
    ),
    Function {
        name: "lower",
        doc: "the text in small letters",
        example: example("mail | lower", &[("mail", &["Ann@Example.com"])], "'ann@example.com'"),
        params: TEXT,
        result: Type::Text,
        run: Run::Checked(|_| Ok(Prepared::Lower), |args, _, _| Ok(changed(taken(&mut args[0]), to_lower))),
    },
    row(
        "upper",
        "the text in capital letters",
        example("sn | upper", &[("sn", &["Müller"])], "'MÜLLER'"),
        TEXT,
        Type::Text,
        |args, _, _| Ok(changed(taken(&mut args[0]), to_upper)),
    ),
    row(
        "title",
        "every word with a capital first letter and small ones behind it",
        example("cn | title", &[("cn", &["ANN-MARIE o'neil"])], "'Ann-Marie O'Neil'"),
        TEXT,
        Type::Text,
        |args, _, _| Ok(changed(taken(&mut args[0]), |t| Some(title(t)))),
    ),
    row(
        "squeeze",
        "the text without blanks at both ends, and with single blanks between its words",
        example("cn | squeeze", &[("cn", &[" Ann   Lee "])], "'Ann Lee'"),
        TEXT,
        Type::Text,
        |args, _, _| {
            Ok(changed(taken(&mut args[0]), |t| {
                let new = t.split_whitespace().collect::<Vec<_>>().join(" ");
                (new != t).then_some(new)
            }))
        },
    ),
    row(
        "remove_spaces",
        "the text without any blanks",
        example("uid | remove_spaces", &[("uid", &["a l e e"])], "'alee'"),
        TEXT,
        Type::Text,
        |args, _, _| {
            Ok(changed(taken(&mut args[0]), |t| {
                t.contains(char::is_whitespace).then(|| t.chars().filter(|c| !c.is_whitespace()).collect())
            }))
        },
    ),
    row(
        "unaccent",
        "the text with plain letters for accented Latin and Greek ones (ü is u: replace it first if you want ue)",
        example("sn | unaccent", &[("sn", &["Jørgensén-Weiß"])], "'Jorgensen-Weiss'"),
        TEXT,
        Type::Text,
        |args, _, _| Ok(changed(taken(&mut args[0]), unaccent)),
    ),
    row(
        "slug",
        "small plain letters and digits with hyphens between the words",
        example("cn | slug", &[("cn", &["Zoë  O'Neil (ext.)"])], "'zoe-o-neil-ext'"),
        TEXT,
        Type::Text,
        |args, _, _| Ok(changed(taken(&mut args[0]), |t| Some(slug(t)))),
    ),
    row(
        "left",
        "the first characters",
        example("givenName | left(1)", &[("givenName", &["Ann"])], "'A'"),
        &[text("text"), int("count")],
        Type::Text,
        |args, _, _| {
            let count = not_negative(number(&args[1]))?;
            Ok(Value::Text(part(taken(&mut args[0]), |t| 0..byte_of(t, count))))
        },
    ),
    row(
        "right",
        "the last characters",
        example("employeeNumber | right(3)", &[("employeeNumber", &["0012345"])], "'345'"),
        &[text("text"), int("count")],
        Type::Text,
        |args, _, _| {
            let count = not_negative(number(&args[1]))?;
            Ok(Value::Text(part(taken(&mut args[0]), |t| byte_of(t, length(t).saturating_sub(count))..t.len())))
        },
    ),
    row(
        "substr",
        "the characters from a place on (the first is 1, -1 the last), so many or all",
        example("employeeNumber | substr(3, 2)", &[("employeeNumber", &["DE4711"])], "'47'"),
        &[text("text"), int("start"), int("count").or_none()],
        Type::Text,
        |args, _, _| substr(args),
    ),
    row(
        "before",
        "what stands before the first marker; all of the text if there is no marker",
        example("cn | before(' (')", &[("cn", &["Ann Lee (ext)"])], "'Ann Lee'"),
        &[text("text"), text("marker")],
        Type::Text,
        |args, _, _| {
            let marker = taken(&mut args[1]);
            Ok(Value::Text(part(taken(&mut args[0]), |t| 0..t.find(&*marker).unwrap_or(t.len()))))
        },
    ),
    row(
        "after",
        "what stands behind the first marker; missing if there is no marker",
        example("cn | after(', ')", &[("cn", &["Lee, Ann"])], "'Ann'"),
        &[text("text"), text("marker")],
        Type::Text,
        |args, _, _| {
            let marker = taken(&mut args[1]);
            let subject = taken(&mut args[0]);
            let from = subject.find(&*marker).map(|at| at + marker.len());
            Ok(from.map_or(Value::Missing, |from| Value::Text(part(subject, |t| from..t.len()))))
        },
    ),
    row(
        "word",
        "a word of the text (the first is 1, -1 the last); the third argument lists the characters between words",
        example("cn | word(-1)", &[("cn", &["Ann Mary Lee"])], "'Lee'"),
        &[text("text"), int("number"), text("separators").or_none()],
        Type::Text,
        |args, _, _| word(args),
    ),
    row(
        "replace",
        "the text with every occurrence of a text replaced by another",
        example("sn | replace('ü', 'ue')", &[("sn", &["Müller"])], "'Mueller'"),
        &[text("text"), text("from"), text("to")],
        Type::Text,
        |args, _, _| {
            let (from, to) = (taken(&mut args[1]), taken(&mut args[2]));
            replace(taken(&mut args[0]), &from, &to)
        },
    ),
    row(
        "pad",
        "the text filled up in front to a width, with blanks or another character (behind, if the width is negative)",
        example("employeeNumber | pad(6, '0')", &[("employeeNumber", &["4711"])], "'004711'"),
        &[text("text"), int("width"), text("fill").or_none()],
        Type::Text,
        |args, _, _| {
            let fill = args.get_mut(2).map_or(Cow::Borrowed(" "), taken);
            pad(taken(&mut args[0]), number(&args[1]), &fill)
        },
    ),
    row(
        "matches",
        "true if the pattern is found in the text; ^ and $ tie it to the ends, (?i) ignores case",
        example("matches(employeeNumber, '^[0-9]+$')", &[("employeeNumber", &["4711"])], "true"),
        &[text("text"), PATTERN],
        Type::Bool,
        |args, prepared, _| Ok(Value::Bool(pattern(prepared)?.is_match(&taken(&mut args[0])))),
    ),
    row(
        "extract",
        "what the pattern's first group (or the pattern, if it has none) takes; missing if it is not found",
        example("extract(description, 'cost centre (\\d+)')", &[("description", &["Sales, cost centre 4711"])], "'4711'"),
        &[text("text"), PATTERN],
        Type::Text,
        |args, prepared, _| Ok(extract(taken(&mut args[0]), pattern(prepared)?)),
    ),
    row(
        "starts",
        "true if the text begins with the other",
        example("starts(telephoneNumber, '+49')", &[("telephoneNumber", &["+4930123"])], "true"),
        &[text("text"), text("part")],
        Type::Bool,
        |args, _, _| Ok(Value::Bool(taken(&mut args[0]).starts_with(&*taken(&mut args[1])))),
    ),
    row(
        "ends",
        "true if the text ends with the other",
        example("ends(mail, '@example.com')", &[("mail", &["ann@example.com"])], "true"),
        &[text("text"), text("part")],
        Type::Bool,
        |args, _, _| Ok(Value::Bool(taken(&mut args[0]).ends_with(&*taken(&mut args[1])))),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_grows_beyond_the_limit() {
        assert_eq!(pad("a".into(), i64::MIN, "x"), Err(too_long()));
        assert_eq!(pad("a".into(), 70_000, "x"), Err(too_long()));
        assert_eq!(replace("a".repeat(1000).into(), "a", &"b".repeat(100)), Err(too_long()));
    }
}
