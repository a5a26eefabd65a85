//! Functions on several values. A bare attribute name given to one of these means all of its values.

use super::{Answer, Example, Function, LIMIT, Prepared, Run, any, int, items, list, number, part, quoted, taken, text, too_long};
use crate::identity::dn::DnKey;
use crate::mapping::value::{Type, Value};
use std::borrow::Cow;

fn some(value: Option<Cow<'_, str>>) -> Value<'_> {
    value.map_or(Value::Missing, Value::Text)
}

fn nth<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let n = super::text::from_one(number(&args[1]))?;
    let mut values = items(&mut args[0]);
    let at = if n < 0 { i64::try_from(values.len()).unwrap_or(i64::MAX).checked_add(n) } else { Some(n) };
    let at = at.and_then(|n| usize::try_from(n).ok()).filter(|n| *n < values.len());
    Ok(some(at.map(|n| values.swap_remove(n))))
}

fn only<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let mut values = items(&mut args[0]);
    match values.len() {
        0 | 1 => Ok(some(values.pop())),
        n => Err(format!("there are {n} values, one at most is allowed: {}, {} ...", quoted(&values[0]), quoted(&values[1]))),
    }
}

fn unique<'a>(args: &mut [Value<'a>]) -> Value<'a> {
    let mut values = items(&mut args[0]);
    let mut seen = std::collections::HashSet::with_capacity(values.len());
    values.retain(|v| seen.insert(v.clone()));
    Value::List(values)
}

fn join<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let separator = args.get_mut(1).map(taken).unwrap_or_default();
    let mut values = items(&mut args[0]);
    values.retain(|v| !v.trim().is_empty());
    if values.len() <= 1 {
        return Ok(some(values.pop()));
    }
    let size: usize = values.iter().map(|v| v.len() + separator.len()).sum();
    if size > LIMIT { Err(too_long()) } else { Ok(Value::Text(Cow::Owned(values.join(&*separator)))) }
}

fn split<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let separator = taken(&mut args[1]);
    if separator.is_empty() {
        return Err("there is no separator".to_owned());
    }
    Ok(Value::List(match taken(&mut args[0]) {
        Cow::Borrowed(text) => text.split(&*separator).map(|p| Cow::Borrowed(p.trim())).filter(|p| !p.is_empty()).collect(),
        Cow::Owned(text) => text.split(&*separator).map(str::trim).filter(|p| !p.is_empty()).map(|p| Cow::Owned(p.to_owned())).collect(),
    }))
}

fn pick_prefix<'a>(args: &mut [Value<'a>]) -> Value<'a> {
    let prefix = taken(&mut args[1]);
    let found = items(&mut args[0]).into_iter().find(|v| v.starts_with(&*prefix));
    some(found.map(|v| part(v, |t| prefix.len()..t.len())))
}

/// True if `dn` is spelt so plainly that two such DNs are the same only if their letters are.
fn is_plain(dn: &str) -> bool {
    let beside_blank = |b: u8| matches!(b, b',' | b'=' | b' ');
    let bytes = dn.as_bytes();
    bytes.iter().all(|b| (b.is_ascii_graphic() || *b == b' ') && !matches!(b, b'\\' | b'"' | b'+' | b';'))
        && bytes.windows(2).all(|w| !(w[0] == b' ' && beside_blank(w[1]) || w[1] == b' ' && beside_blank(w[0])))
        && dn.trim().len() == dn.len()
}

/// Memberships are many and nearly always spelt plainly: only the others are brought to their comparison form.
fn in_group(args: &mut [Value<'_>], prepared: &Prepared) -> bool {
    let name = taken(&mut args[1]);
    let told;
    let group = if let Prepared::Dn(group) = prepared {
        group
    } else {
        told = DnKey::of(&name);
        &told
    };
    let plain = is_plain(&name);
    items(&mut args[0]).iter().any(|dn| dn.eq_ignore_ascii_case(&name) || (!(plain && is_plain(dn)) && DnKey::of(dn) == *group))
}

/// A group named in the rule has to be a DN, and is brought to its comparison form once.
fn check_group(literals: &[Option<Value<'_>>]) -> Result<Prepared, (usize, String, Option<String>)> {
    match literals.get(1) {
        Some(Some(Value::Text(dn))) if crate::identity::dn::parse(dn).is_some_and(|rdns| !rdns.is_empty()) => {
            Ok(Prepared::Dn(DnKey::of(dn)))
        }
        Some(Some(_)) => {
            Err((1, "this is not a DN".to_owned(), Some("write the whole DN of the group: 'cn=staff,ou=groups,dc=example'".to_owned())))
        }
        _ => Ok(Prepared::Nothing),
    }
}

fn check_place(literals: &[Option<Value<'_>>]) -> Result<Prepared, (usize, String, Option<String>)> {
    match literals.get(1) {
        Some(Some(Value::Int(0))) => Err((1, "places count from 1 (or from -1 at the end)".to_owned(), None)),
        _ => Ok(Prepared::Nothing),
    }
}

const MAILS: &[(&str, &[&str])] = &[("proxyAddresses", &["smtp:a.lee@example.com", "SMTP:ann@example.com"])];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "all",
        doc: "every value of an attribute, where a bare name is the first",
        example: Example { expression: "all('mail')", attributes: &[("mail", &["a@x", "b@x"])], result: "['a@x', 'b@x']" },
        params: &[any("attribute")],
        result: Type::List,
        run: Run::Syntax(super::Syntax::All),
    },
    Function {
        name: "first",
        doc: "the first value",
        example: Example { expression: "first(split(cn, ','))", attributes: &[("cn", &["Lee, Ann"])], result: "'Lee'" },
        params: &[list("list")],
        result: Type::Text,
        run: Run::Eager(|args, _, _| Ok(some(items(&mut args[0]).into_iter().next()))),
    },
    Function {
        name: "nth",
        doc: "the value at a place (the first is 1, -1 the last)",
        example: Example { expression: "nth(mail, 2)", attributes: &[("mail", &["a@x", "b@x"])], result: "'b@x'" },
        params: &[list("list"), int("number")],
        result: Type::Text,
        run: Run::Checked(check_place, |args, _, _| nth(args)),
    },
    Function {
        name: "only",
        doc: "the one value; an error if there are several",
        example: Example {
            expression: "only(mail)",
            attributes: &[("mail", &["a@x", "b@x"])],
            result: "error: there are 2 values, one at most is allowed: 'a@x', 'b@x' ...",
        },
        params: &[list("list")],
        result: Type::Text,
        run: Run::Eager(|args, _, _| only(args)),
    },
    Function {
        name: "unique",
        doc: "the values without repetitions",
        example: Example { expression: "all('mail') | lower | unique", attributes: &[("mail", &["a@x", "A@X"])], result: "['a@x']" },
        params: &[list("list")],
        result: Type::List,
        run: Run::Eager(|args, _, _| Ok(unique(args))),
    },
    Function {
        name: "count",
        doc: "how many values there are",
        example: Example { expression: "count(mail)", attributes: &[("mail", &["a@x", "b@x"])], result: "2" },
        params: &[list("list")],
        result: Type::Int,
        run: Run::Eager(|args, _, _| Ok(Value::Int(i64::try_from(items(&mut args[0]).len()).unwrap_or(i64::MAX)))),
    },
    Function {
        name: "join",
        doc: "the values that are not blank as one text, with a separator between them; missing if there are none",
        example: Example {
            expression: "join([givenName, sn], ' ')",
            attributes: &[("givenName", &["Ann"]), ("sn", &["Lee"])],
            result: "'Ann Lee'",
        },
        params: &[list("list"), text("separator").or_none()],
        result: Type::Text,
        run: Run::Eager(|args, _, _| join(args)),
    },
    Function {
        name: "split",
        doc: "the parts of a text between separators, without blanks around them and without empty ones",
        example: Example { expression: "split(roles, ';')", attributes: &[("roles", &["admin; user;"])], result: "['admin', 'user']" },
        params: &[text("text"), text("separator")],
        result: Type::List,
        run: Run::Eager(|args, _, _| split(args)),
    },
    Function {
        name: "pick_prefix",
        doc: "the first value that begins with the prefix, without it",
        example: Example { expression: "pick_prefix(proxyAddresses, 'SMTP:')", attributes: MAILS, result: "'ann@example.com'" },
        params: &[list("list"), text("prefix")],
        result: Type::Text,
        run: Run::Eager(|args, _, _| Ok(pick_prefix(args))),
    },
    Function {
        name: "in_group",
        doc: "true if one of the values is this DN, in any spelling",
        example: Example {
            expression: "in_group(memberOf, 'cn=staff,ou=groups,dc=example')",
            attributes: &[("memberOf", &["CN=all,DC=example", "CN=Staff, OU=Groups, DC=example"])],
            result: "true",
        },
        params: &[list("list"), text("dn")],
        result: Type::Bool,
        run: Run::Checked(check_group, |args, prepared, _| Ok(Value::Bool(in_group(args, prepared)))),
    },
    Function {
        name: "len",
        doc: "how many characters a text, or values a list has",
        example: Example { expression: "len(uid)", attributes: &[("uid", &["zoë"])], result: "3" },
        params: &[any("value")],
        result: Type::Int,
        run: Run::Eager(|args, _, _| {
            let n = match &args[0] {
                Value::Text(text) => super::text::length(text),
                Value::List(list) => list.len(),
                other => return Err(format!("{} has no length", other.kind())),
            };
            Ok(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)))
        }),
    },
    Function {
        name: "contains",
        doc: "true if the text has the other in it, or the list such a value",
        example: Example { expression: "contains(title, 'Manager')", attributes: &[("title", &["Sales Manager"])], result: "true" },
        params: &[any("value"), text("part")],
        result: Type::Bool,
        run: Run::Eager(|args, _, _| {
            let wanted = taken(&mut args[1]);
            match &args[0] {
                Value::Text(text) => Ok(Value::Bool(text.contains(&*wanted))),
                Value::List(list) => Ok(Value::Bool(list.contains(&wanted))),
                other => Err(format!("{} contains nothing", other.kind())),
            }
        }),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_in_every_spelling_of_its_dn() {
        let group = "cn=Staff of Lee,ou=groups,dc=example";
        for (dn, is) in [
            ("CN=STAFF OF LEE,OU=Groups,DC=Example", true),
            ("cn=staff of lee, ou=groups , dc = example", true),
            ("cn=staff  of lee,ou=groups,dc=example", true),
            (r"cn=staff\20of lee,ou=groups,dc=example", true),
            ("cn=\"staff of lee\";ou=groups;dc=example", true),
            ("cn=staff of lee,ou=groups", false),
            ("cn=staff of leé,ou=groups,dc=example", false),
            ("cn=staff+cn=x,ou=groups,dc=example", false),
            ("staff", false),
        ] {
            for prepared in [Prepared::Dn(DnKey::of(group)), Prepared::Nothing] {
                let mut args = [Value::List(vec!["cn=x".into(), dn.into()]), Value::Text(group.into())];
                assert_eq!(in_group(&mut args, &prepared), is, "{dn}");
            }
        }
    }
}
