//! Values to look at and forget: a text that a rule puts together lies in a buffer that is used again, not in a new one.
//!
//! A million users times a dozen rules are compared whenever both sides have been read, and nearly all of the values are
//! thrown away. What must stay true: the value is [`Program::eval`]'s, only its text may lie elsewhere; a property test
//! holds both equal.

use super::super::compile::{Node, Op, Program};
use super::super::functions::{LIMIT, Prepared, too_long};
use super::super::value::{Attributes, Context, Value};
use super::{EvalError, Evaluation, Outcome, spreads, wrong};
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
        if !builds(&self.root) {
            return then(evaluation.node(&self.root).map(Seen::Value));
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

/// Whether a node may leave its value in the buffer.
fn builds(node: &Node) -> bool {
    matches!(node.op, Op::Concat(_) | Op::Coalesce(_) | Op::If { .. } | Op::Call { prepared: Prepared::Lower, .. })
}

impl<'a, A: Attributes<'a>> Evaluation<'a, A, ()> {
    /// The value of a node; if it is a text that had to be built, it is what was added to `buffer`, which is else as it was.
    fn piece(&mut self, node: &'a Node, buffer: &mut String) -> Result<Piece<'a>, EvalError> {
        match &node.op {
            Op::Concat(parts) => self.joined(node, parts, buffer),
            Op::Call { prepared: Prepared::Lower, args, .. } => self.lowered(node, &args[0], buffer),
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

    fn joined(&mut self, node: &'a Node, parts: &'a [Node], buffer: &mut String) -> Result<Piece<'a>, EvalError> {
        let start = buffer.len();
        for part in parts {
            match self.piece(part, buffer)? {
                Piece::Built => {}
                Piece::Value(Value::Text(text)) => buffer.push_str(&text),
                Piece::Value(Value::Int(n)) => {
                    let _ = write!(buffer, "{n}");
                }
                Piece::Value(Value::Bool(truth)) => buffer.push_str(if truth { "true" } else { "false" }),
                Piece::Value(value) if spreads(&value) => {
                    buffer.truncate(start);
                    return Ok(Piece::Value(value));
                }
                Piece::Value(other) => return wrong(&part.span, format!("`~` joins texts, this is {}", other.kind())),
            }
            if buffer.len() - start > LIMIT {
                return wrong(&node.span, too_long());
            }
        }
        Ok(Piece::Built)
    }

    fn lowered(&mut self, node: &'a Node, arg: &'a Node, buffer: &mut String) -> Result<Piece<'a>, EvalError> {
        let start = buffer.len();
        match self.piece(arg, buffer)? {
            Piece::Value(Value::Text(Cow::Borrowed(text))) if text.is_ascii() && text.len() <= LIMIT => {
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    buffer.push_str(text);
                    buffer[start..].make_ascii_lowercase();
                    return Ok(Piece::Built);
                }
                Ok(Piece::Value(Value::Text(Cow::Borrowed(text))))
            }
            Piece::Built if buffer[start..].is_ascii() => {
                buffer[start..].make_ascii_lowercase();
                Ok(Piece::Built)
            }
            Piece::Value(value) if spreads(&value) => Ok(Piece::Value(value)),
            // Letters beyond ASCII, lists, numbers: once more, the long way.
            _ => {
                buffer.truncate(start);
                let outcome: Outcome<'a> = self.node(node);
                outcome.map(Piece::Value)
            }
        }
    }
}
