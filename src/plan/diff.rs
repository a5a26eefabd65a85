//! What differs between what an account should have and what it has.
//!
//! Only mapped fields are compared. `""`, null, `[]` and absent are one state. User names and e-mail addresses compare by
//! their key form, booleans and numbers by value, several values as a set, everything else exactly, after trimming.

use crate::identity::value::{Datum, is_same_key, key_form, trimmed, truth};
use crate::model::field::{Field, FieldFormat, FieldKind};

/// True if the two values of a field are the same to the target.
#[must_use]
pub fn same(field: &Field, case_exact: Option<bool>, a: &Datum, b: &Datum) -> bool {
    let folded = !case_exact.unwrap_or(field.case_exact);
    match (a, b) {
        (Datum::Unassigned, Datum::Unassigned) => true,
        // An inactive account and one that does not say are told apart by `active` itself, never by a mapped boolean:
        // a boolean that is absent is one that is false to no service that we know, so it differs.
        (Datum::Unassigned, _) | (_, Datum::Unassigned) => false,
        (Datum::Many(a), Datum::Many(b)) => {
            let set = |values: &[String]| {
                let mut set: Vec<String> = values.iter().map(|v| form(v, folded)).collect();
                set.sort();
                set.dedup();
                set
            };
            set(a) == set(b)
        }
        (a, b) => form(&a.plain(), folded) == form(&b.plain(), folded),
    }
}

/// True if two texts of a field are the same to the target: [`same`] on texts, without building what is compared.
#[must_use]
pub fn alike(a: &str, b: &str, folded: bool) -> bool {
    if folded { is_same_key(a, b) } else { trimmed(a) == trimmed(b) }
}

fn form(text: &str, folded: bool) -> String {
    if folded { key_form(text).into_owned() } else { text.trim().to_owned() }
}

/// What a target's value is: its text in the type that the field has. Booleans may arrive as text (RFC 7643 says boolean,
/// services say `"True"`).
#[must_use]
pub fn typed<'v>(field: &Field, mut values: impl Iterator<Item = &'v str>) -> Datum {
    if field.multi {
        let all: Vec<String> = values.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()).collect();
        return if all.is_empty() { Datum::Unassigned } else { Datum::Many(all) };
    }
    let Some(first) = values.next() else { return Datum::Unassigned };
    match field.kind {
        FieldKind::Bool => truth(first).map_or_else(|| Datum::text(first), Datum::Bool),
        FieldKind::Int => first.trim().parse().map_or_else(|_| Datum::text(first), Datum::Int),
        FieldKind::Text | FieldKind::Reference => Datum::text(first),
    }
}

/// What is wrong with a value by the rules of its field; nothing is wrong with none.
///
/// # Errors
/// What is wrong, for an operator.
pub fn check(field: &Field, value: &Datum) -> Result<(), String> {
    let texts: Vec<&str> = match value {
        Datum::Text(text) => vec![text],
        Datum::Many(values) => values.iter().map(String::as_str).collect(),
        _ => return Ok(()),
    };
    texts.into_iter().find(|text| !fits(field, text)).map_or(Ok(()), |text| Err(misfit(field, text)))
}

/// True if a text keeps the rules of its field.
#[must_use]
pub fn fits(field: &Field, text: &str) -> bool {
    // No text has more characters than bytes.
    field.max_length.is_none_or(|longest| text.len() <= longest || text.chars().count() <= longest)
        && field.min_length.is_none_or(|shortest| text.chars().count() >= shortest)
        && (field.choices.is_empty() || field.choices.iter().any(|c| c == text))
        && match field.format {
            None => true,
            Some(FieldFormat::Email) => is_email(text),
            Some(FieldFormat::Url) => text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()),
            Some(FieldFormat::Country) => text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()),
        }
}

/// The first rule of a field that a text breaks, for an operator.
fn misfit(field: &Field, text: &str) -> String {
    let (name, length) = (&field.name, text.chars().count());
    if let Some(longest) = field.max_length
        && length > longest
    {
        return format!("{name} takes at most {longest} characters, this has {length}");
    }
    if let Some(shortest) = field.min_length
        && length < shortest
    {
        return format!("{name} takes at least {shortest} characters, this has {length}");
    }
    if !field.choices.is_empty() && !field.choices.iter().any(|c| c == text) {
        return format!("{name} takes {}, not \"{text}\"", field.choices.join(", "));
    }
    let what = match field.format {
        None | Some(FieldFormat::Email) => "an e-mail address",
        Some(FieldFormat::Url) => "a URL",
        Some(FieldFormat::Country) => "a country of two letters (ISO 3166-1)",
    };
    format!("{name} takes {what}, not \"{text}\"")
}

/// What every service agrees on: something, one @, a domain with no blanks or empty labels.
fn is_email(text: &str) -> bool {
    let (mut local, mut last) = (None, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'@' if local.is_some() || at == 0 => return false,
            b'@' => local = Some(at),
            b'.' if local.is_some() && matches!(last, b'.' | b'@') => return false,
            b'\t'..=b'\r' | b' ' => return false,
            _ => {}
        }
        last = byte;
    }
    local.is_some() && !matches!(last, b'.' | b'@') && (text.is_ascii() || !text.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind) -> Field {
        Field { kind, ..Field::of_path("x") }
    }

    #[test]
    fn values_compare_by_the_rules_of_their_field() {
        let text = |t: &str| Datum::Text(t.to_owned());
        let many = |v: &[&str]| Datum::Many(v.iter().map(ToString::to_string).collect());
        let exact = field(FieldKind::Text);
        let folded = Field { case_exact: false, ..field(FieldKind::Text) };
        for (f, case_exact, a, b, wanted) in [
            (&exact, None, text("a"), text("A"), false),
            (&exact, Some(false), text("a"), text("A"), true),
            (&folded, None, text("a@X"), text("A@x "), true),
            (&folded, Some(true), text("a"), text("A"), false),
            (&exact, None, text("x "), text("x"), true),
            (&exact, None, Datum::Unassigned, Datum::Unassigned, true),
            (&exact, None, text("x"), Datum::Unassigned, false),
            (&exact, None, many(&["b", "a"]), many(&["a", "b", "a"]), true),
            (&exact, None, many(&["b"]), many(&["a", "b"]), false),
            (&exact, None, Datum::Bool(true), Datum::Bool(true), true),
            (&exact, None, Datum::Int(7), text("7"), true),
        ] {
            assert_eq!(same(f, case_exact, &a, &b), wanted, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_a_target_says_is_read_in_the_type_of_the_field() {
        for (kind, said, wanted) in [
            (FieldKind::Bool, "True", Datum::Bool(true)),
            (FieldKind::Bool, "0", Datum::Bool(false)),
            (FieldKind::Bool, "maybe", Datum::Text("maybe".into())),
            (FieldKind::Int, " 7 ", Datum::Int(7)),
            (FieldKind::Text, "  ", Datum::Unassigned),
        ] {
            assert_eq!(typed(&field(kind), [said].into_iter()), wanted);
        }
        let multi = Field { multi: true, ..field(FieldKind::Text) };
        assert_eq!(typed(&multi, ["a", "", "b"].into_iter()), Datum::Many(vec!["a".into(), "b".into()]));
        assert_eq!(typed(&multi, std::iter::empty()), Datum::Unassigned);
    }

    #[test]
    fn a_value_that_breaks_a_rule_is_told() {
        let email = Field { format: Some(FieldFormat::Email), ..field(FieldKind::Text) };
        let short = Field { max_length: Some(3), ..field(FieldKind::Text) };
        let long = Field { min_length: Some(3), ..field(FieldKind::Text) };
        let chosen = Field { choices: vec!["a".into(), "b".into()], ..field(FieldKind::Text) };
        for (f, value, wrong) in [
            (&email, "a@b.c", false),
            (&email, "a@b", false),
            (&email, "a b@c.d", true),
            (&email, "a\u{a0}b@c.d", true),
            (&email, ".a..b.@c.d", false),
            (&email, "é@ü.d", false),
            (&email, "a@b@c", true),
            (&email, "a@.c", true),
            (&email, "a@c.", true),
            (&email, "a@", true),
            (&email, "a", true),
            (&email, "@c", true),
            (&email, "a@b..c", true),
            (&short, "äöü", false),
            (&short, "abcd", true),
            (&long, "äöü", false),
            (&long, "ab", true),
            (&chosen, "b", false),
            (&chosen, "c", true),
        ] {
            assert_eq!(check(f, &Datum::Text(value.into())).is_err(), wrong, "{value}");
        }
    }
}
