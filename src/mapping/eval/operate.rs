//! What is done with values once they are there: conversions that a parameter allows, comparison, parts.

use super::super::functions::{self, Eager, LIMIT, Prepared, Takes, quoted, text, too_long};
use super::super::value::{Context, Value};
use super::{MOST, Node, Outcome, wrong};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A function of one text, on each value of a list. Values for which it yields nothing drop out.
pub(super) fn each<'a>(
    run: Eager,
    list: Vec<Cow<'a, str>>,
    rest: &[Value<'a>],
    prepared: &'a Prepared,
    cx: &Context,
) -> Result<Value<'a>, String> {
    let mut out = Vec::with_capacity(list.len());
    let mut size = 0;
    for item in list {
        let mut values = [const { Value::Missing }; MOST];
        values[0] = Value::Text(item);
        values[1..=rest.len()].clone_from_slice(rest);
        if let Value::Text(text) = run(&mut values[..=rest.len()], prepared, cx)? {
            if let Cow::Owned(text) = &text {
                size += text.len();
                if size > LIMIT {
                    return Err(too_long());
                }
            }
            out.push(text);
        }
    }
    Ok(Value::List(out))
}

/// Makes `value` what the parameter takes.
#[inline]
pub(super) fn fit(value: &mut Value<'_>, takes: Takes) -> Result<(), String> {
    let wanted = match (takes, &mut *value) {
        (Takes::Any | Takes::Pattern, _)
        | (Takes::Text, Value::Text(_))
        | (Takes::Int | Takes::Number, Value::Int(_))
        | (Takes::List, Value::List(_)) => return Ok(()),
        (Takes::Text, Value::Int(n)) => {
            *value = Value::Text(Cow::Owned(n.to_string()));
            return Ok(());
        }
        (Takes::Number, Value::Text(text)) => {
            *value = Value::Int(text.trim().parse().map_err(|_| format!("{} is not a whole number", quoted(text)))?);
            return Ok(());
        }
        (Takes::List, Value::Text(text)) => {
            *value = Value::List(vec![std::mem::take(text)]);
            return Ok(());
        }
        (Takes::Text, _) => "a text",
        (Takes::Int | Takes::Number, _) => "a number",
        (Takes::List, _) => "a list",
    };
    Err(format!("{wanted} is wanted here, this is {}", value.kind()))
}

fn unlike(a: &Value<'_>, b: &Value<'_>) -> String {
    format!("{} cannot be compared with {} this way", a.kind(), b.kind())
}

pub(super) fn equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool, String> {
    if std::mem::discriminant(a) == std::mem::discriminant(b) { Ok(a == b) } else { Err(unlike(a, b)) }
}

pub(super) fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering, String> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        _ => Err(unlike(a, b)),
    }
}

pub(super) fn contains(whole: &Value<'_>, part: &Value<'_>) -> Result<bool, String> {
    match (whole, part) {
        (Value::Text(whole), Value::Text(part)) => Ok(whole.contains(&**part)),
        (Value::List(list), Value::Text(part)) => Ok(list.contains(part)),
        _ => Err(unlike(part, whole)),
    }
}

/// A place counted from the start or, negative, from the end, cut to `0..=length`.
fn place(n: i64, length: usize) -> usize {
    let distance = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    if n < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

pub(super) fn index<'a>(node: &Node, subject: Value<'a>, n: i64) -> Outcome<'a> {
    let outside = |length: usize| usize::try_from(n.unsigned_abs()).map_or(true, |d| if n < 0 { d > length } else { d >= length });
    Ok(match subject {
        Value::Text(text) => {
            let length = text::length(&text);
            if outside(length) {
                return Ok(Value::Missing);
            }
            let at = place(n, length);
            Value::Text(functions::part(text, |t| text::byte_of(t, at)..text::byte_of(t, at + 1)))
        }
        Value::List(mut list) => {
            if outside(list.len()) {
                return Ok(Value::Missing);
            }
            let at = place(n, list.len());
            Value::Text(list.swap_remove(at))
        }
        other => return wrong(&node.span, format!("{} has no parts", other.kind())),
    })
}

pub(super) fn slice<'a>(node: &Node, subject: Value<'a>, [from, to]: [Option<i64>; 2]) -> Outcome<'a> {
    let bounds = |length: usize| {
        let from = from.map_or(0, |n| place(n, length));
        from..to.map_or(length, |n| place(n, length)).max(from)
    };
    Ok(match subject {
        Value::Text(text) => Value::Text(functions::part(text, |t| {
            let range = bounds(text::length(t));
            text::byte_of(t, range.start)..text::byte_of(t, range.end)
        })),
        Value::List(mut list) => {
            let range = bounds(list.len());
            list.truncate(range.end);
            list.drain(..range.start);
            Value::List(list)
        }
        other => return wrong(&node.span, format!("{} has no parts", other.kind())),
    })
}
