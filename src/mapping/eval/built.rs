//! Values to look at and forget: a text that a rule puts together lies in a buffer that is used again, not in a new one.
//!
//! A million users times a dozen rules are compared whenever both sides have been read, and nearly all of the values are
//! thrown away. What must stay true: the value is [`Program::eval`]'s, only its text may lie elsewhere; a property test
//! holds both equal.

use super::super::compile::{Node, Op, Program};
use super::super::functions::{Found, LIMIT, Prepared, too_long};
use super::super::value::{Attributes, Context, Value};
use super::{EvalError, Evaluation, is_blank, spreads, wrong};
use crate::identity::value::trimmed;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;

thread_local! {
    /// Taken while it is in use: whoever evaluates within an evaluation finds an empty one.
    static BUFFER: Cell<String> = const { Cell::new(String::new()) };
}

/// A value that is looked at in passing.
#[derive(Debug)]
pub enum Seen<'b, 'a> {
    /// As [`Program::eval`] yields it.
    Value(Value<'a>),
    /// A text that was put together; `eval` yields it as an owned one.
    Built(&'b str),
}

/// A value, or a text at the end of the buffer.
enum Piece<'a> {
    Value(Value<'a>),
    Built,
}

impl Program {
    /// Evaluates for one entry and hands the value to `then`. Joined texts and ASCII in small letters are not allocated.
    #[inline]
    pub fn view<'a, R>(
        &'a self,
        attrs: impl Attributes<'a>,
        cx: &'a Context,
        then: impl FnOnce(Result<Seen<'_, 'a>, EvalError>) -> R,
    ) -> R {
        let mut evaluation = Evaluation { attrs, cx, tracer: () };
        match evaluation.plain(&self.root) {
            Found::Text(text) => return then(Ok(Seen::Value(borrowed(text)))),
            Found::Missing => return then(Ok(Seen::Value(Value::Missing))),
            Found::Unknown => {}
        }
        let mut buffer = BUFFER.take();
        buffer.clear();
        let seen = evaluation.piece(&self.root, &mut buffer);
        let answer = then(seen.map(|piece| match piece {
            Piece::Value(value) => Seen::Value(value),
            Piece::Built => Seen::Built(&buffer),
        }));
        // One long text must not be kept for good.
        if buffer.capacity() <= LIMIT {
            BUFFER.set(buffer);
        }
        answer
    }
}

#[inline]
fn borrowed(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

impl<'a, A: Attributes<'a>> Evaluation<'a, A, ()> {
    /// What an attribute, a literal text or a choice between such yields: nearly every leaf of nearly every rule.
    #[inline]
    fn plain(&self, node: &'a Node) -> Found<'a> {
        match &node.op {
            Op::Attr(slot) => self.text(*slot).into(),
            Op::Const(Value::Text(text)) => Found::Text(text),
            Op::Coalesce(values) => self.coalesced(values),
            _ => Found::Unknown,
        }
    }

    fn coalesced(&self, values: &'a [Node]) -> Found<'a> {
        for value in values {
            match &value.op {
                Op::Attr(slot) => {
                    if let Some(text) = self.text(*slot) {
                        return Found::Text(text);
                    }
                }
                Op::Const(Value::Text(text)) if !is_blank(text) => return Found::Text(text),
                _ => return Found::Unknown,
            }
        }
        Found::Missing
    }

    #[inline]
    fn text(&self, slot: u16) -> Option<&'a str> {
        match self.attrs.first(slot) {
            Some(text) if is_blank(text) => self.attrs.all(slot).find(|v| !is_blank(v)),
            found => found,
        }
    }

    /// The value of a node; if it is a text that had to be built, it is what was added to `buffer`, which is else as it was.
    fn piece(&mut self, node: &'a Node, buffer: &mut String) -> Result<Piece<'a>, EvalError> {
        match self.plain(node) {
            Found::Text(text) => return Ok(Piece::Value(borrowed(text))),
            Found::Missing => return Ok(Piece::Value(Value::Missing)),
            Found::Unknown => {}
        }
        match &node.op {
            Op::Concat(parts) => self.joined(node, parts, buffer),
            Op::Call { prepared: Prepared::Lower, args, .. } => self.lowered(node, &args[0], buffer),
            Op::Call { prepared: Prepared::Cut(cut), args, .. } => {
                let part = match self.plain(&args[0]) {
                    Found::Text(text) => cut(text),
                    other => other,
                };
                match part {
                    Found::Text(text) => Ok(Piece::Value(borrowed(text))),
                    Found::Missing => Ok(Piece::Value(Value::Missing)),
                    Found::Unknown => self.node(node).map(Piece::Value),
                }
            }
            Op::Call { prepared: Prepared::Bits(bits), args, .. } => match self.flag(*bits, &args[0]) {
                Some(set) => Ok(Piece::Value(Value::Bool(set))),
                None => self.node(node).map(Piece::Value),
            },
            Op::Not { inner, .. } => {
                let set = match &inner.op {
                    Op::Call { prepared: Prepared::Bits(bits), args, .. } => self.flag(*bits, &args[0]),
                    _ => None,
                };
                set.map_or_else(|| self.node(node).map(Piece::Value), |set| Ok(Piece::Value(Value::Bool(!set))))
            }
            Op::Coalesce(values) => {
                let start = buffer.len();
                for value in values {
                    let piece = self.piece(value, buffer)?;
                    let blank = match &piece {
                        Piece::Value(value) => value.is_blank(),
                        Piece::Built => buffer[start..].trim().is_empty(),
                    };
                    if !blank {
                        return Ok(piece);
                    }
                    buffer.truncate(start);
                }
                Ok(Piece::Value(Value::Missing))
            }
            Op::If { condition, then, otherwise } => match self.truth(condition, true)? {
                Ok(true) => self.piece(then, buffer),
                Ok(false) => otherwise.as_ref().map_or(Ok(Piece::Value(Value::Missing)), |node| self.piece(node, buffer)),
                // A condition that is no condition: the one place that words the error is the other one.
                Err(_) => self.node(node).map(Piece::Value),
            },
            _ => self.node(node).map(Piece::Value),
        }
    }

    /// Whether a flag is set in an attribute that is a whole number; `None` for all else.
    fn flag(&self, bits: i64, number: &'a Node) -> Option<bool> {
        let Found::Text(text) = self.plain(number) else { return None };
        Some(trimmed(text).parse::<i64>().ok()? & bits != 0)
    }

    fn joined(&mut self, node: &'a Node, parts: &'a [Node], buffer: &mut String) -> Result<Piece<'a>, EvalError> {
        let start = buffer.len();
        for part in parts {
            match self.plain(part) {
                Found::Text(text) => buffer.push_str(text),
                Found::Missing => {
                    buffer.truncate(start);
                    return Ok(Piece::Value(Value::Missing));
                }
                Found::Unknown => {
                    if let Some(spread) = self.part(part, buffer)? {
                        buffer.truncate(start);
                        return Ok(Piece::Value(spread));
                    }
                }
            }
            if buffer.len() - start > LIMIT {
                return wrong(&node.span, too_long());
            }
        }
        Ok(Piece::Built)
    }

    /// Adds a part of a joined text to `buffer`; a value that makes the whole the same is given back instead.
    fn part(&mut self, part: &'a Node, buffer: &mut String) -> Result<Option<Value<'a>>, EvalError> {
        match self.piece(part, buffer)? {
            Piece::Built => {}
            Piece::Value(Value::Text(text)) => buffer.push_str(&text),
            Piece::Value(Value::Int(n)) => {
                let _ = write!(buffer, "{n}");
            }
            Piece::Value(Value::Bool(truth)) => buffer.push_str(if truth { "true" } else { "false" }),
            Piece::Value(value) if spreads(&value) => return Ok(Some(value)),
            Piece::Value(other) => return wrong(&part.span, format!("`~` joins texts, this is {}", other.kind())),
        }
        Ok(None)
    }

    fn lowered(&mut self, node: &'a Node, arg: &'a Node, buffer: &mut String) -> Result<Piece<'a>, EvalError> {
        let start = buffer.len();
        let piece = match self.plain(arg) {
            Found::Text(text) if text.is_ascii() && text.len() <= LIMIT => {
                // All of them, not the first one: that is a few instructions for sixteen bytes.
                if !text.bytes().fold(false, |found, b| found | b.is_ascii_uppercase()) {
                    return Ok(Piece::Value(borrowed(text)));
                }
                buffer.push_str(text);
                Piece::Built
            }
            Found::Missing => return Ok(Piece::Value(Value::Missing)),
            Found::Text(_) => return self.node(node).map(Piece::Value),
            Found::Unknown => self.piece(arg, buffer)?,
        };
        match piece {
            Piece::Built if buffer[start..].is_ascii() => {
                buffer[start..].make_ascii_lowercase();
                Ok(Piece::Built)
            }
            Piece::Value(value) if spreads(&value) => Ok(Piece::Value(value)),
            // Letters beyond ASCII, lists, numbers: once more, the long way.
            _ => {
                buffer.truncate(start);
                self.node(node).map(Piece::Value)
            }
        }
    }
}
