//! Evaluation. One code for the value and for the trace: generic over a tracer, whose no-op form compiles to nothing.
//!
//! What must stay true: evaluation always ends, never panics, never builds a text beyond the limit, and borrows whatever is
//! a part of the entry or of the program.

mod built;
mod operate;

use super::ast::{Comparison, Operator};
use super::compile::{Node, Op, Program};
use super::functions::{Function, LIMIT, Prepared, Run, Takes, too_long};
use super::value::{Attributes, Context, Value};
pub use built::Seen;
use operate::{contains, each, equal, fit, index, order, slice};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::Range;

/// Why an expression yields nothing for a user, and where in the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// The bytes of the source that it is about.
    pub span: Range<usize>,
    /// What went wrong; it may quote a value.
    pub message: String,
}

/// One step of an evaluation, inner ones first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The bytes of the source that were evaluated.
    pub span: Range<usize>,
    /// That part of the source.
    pub text: String,
    /// What it yielded: the value, `missing`, or the error.
    pub value: String,
}

impl Program {
    /// The value for one entry.
    pub fn eval<'a>(&'a self, attrs: impl Attributes<'a>, cx: &'a Context) -> Outcome<'a> {
        Evaluation { attrs, cx, tracer: () }.node(&self.root)
    }

    /// The value for one entry, and how it came about. What was not evaluated (the branch not taken) is not a step, and
    /// neither is what stands literally in the source.
    pub fn trace<'a>(&'a self, attrs: impl Attributes<'a>, cx: &'a Context) -> (Outcome<'a>, Vec<Step>) {
        let mut evaluation = Evaluation { attrs, cx, tracer: Steps { source: self.source(), steps: Vec::new() } };
        let result = evaluation.node(&self.root);
        (result, evaluation.tracer.steps)
    }
}

/// A value, or why there is none.
pub type Outcome<'a> = Result<Value<'a>, EvalError>;

trait Tracer {
    fn step(&mut self, node: &Node, outcome: &Outcome<'_>);
}

impl Tracer for () {
    #[inline]
    fn step(&mut self, _: &Node, _: &Outcome<'_>) {}
}

struct Steps<'s> {
    source: &'s str,
    steps: Vec<Step>,
}

impl Tracer for Steps<'_> {
    fn step(&mut self, node: &Node, outcome: &Outcome<'_>) {
        if matches!(node.op, Op::Const(_)) {
            return;
        }
        let value = match outcome {
            Ok(value) => value.shown(),
            Err(error) => format!("error: {}", error.message),
        };
        self.steps.push(Step { span: node.span.clone(), text: self.source[node.span.clone()].to_owned(), value });
    }
}

struct Evaluation<'a, A, T> {
    attrs: A,
    cx: &'a Context,
    tracer: T,
}

/// The greatest number of arguments of a function that is no node of its own; a test keeps it.
pub(super) const MOST: usize = 3;

#[cold]
fn wrong<T>(span: &Range<usize>, message: impl Into<String>) -> Result<T, EvalError> {
    Err(EvalError { span: span.clone(), message: message.into() })
}

/// True for what makes the whole of a strict expression the same.
fn spreads(value: &Value<'_>) -> bool {
    matches!(value, Value::Missing | Value::Keep | Value::Clear)
}

fn is_blank(text: &str) -> bool {
    // Nearly every value begins with something to see.
    text.as_bytes().first().is_none_or(|b| !b.is_ascii_graphic()) && text.trim().is_empty()
}

/// Evaluates, and returns from here if the value makes the whole the same.
macro_rules! strict {
    ($self:ident, $node:expr) => {{
        let value = $self.node($node)?;
        if spreads(&value) {
            return Ok(value);
        }
        value
    }};
}

impl<'a, A: Attributes<'a>, T: Tracer> Evaluation<'a, A, T> {
    #[inline]
    fn node(&mut self, node: &'a Node) -> Outcome<'a> {
        // Most nodes are an attribute or a literal: not worth the frame of the great match.
        let outcome = match &node.op {
            Op::Attr(slot) => Ok(self.first(*slot)),
            Op::Const(Value::Text(text)) => Ok(Value::Text(Cow::Borrowed(text))),
            _ => self.value(node),
        };
        self.tracer.step(node, &outcome);
        outcome
    }

    fn first(&self, slot: u16) -> Value<'a> {
        match self.attrs.first(slot) {
            None => Value::Missing,
            Some(value) if !is_blank(value) => Value::Text(Cow::Borrowed(value)),
            Some(_) => self.attrs.all(slot).find(|v| !is_blank(v)).map_or(Value::Missing, |v| Value::Text(Cow::Borrowed(v))),
        }
    }

    fn value(&mut self, node: &'a Node) -> Outcome<'a> {
        Ok(match &node.op {
            Op::Attr(slot) => self.first(*slot),
            Op::Const(value) => value.clone(),
            Op::All(slot) => Value::List(self.attrs.all(*slot).filter(|v| !is_blank(v)).map(Cow::Borrowed).collect()),
            Op::Dn => Some(self.attrs.dn()).filter(|v| !is_blank(v)).map_or(Value::Missing, |v| Value::Text(Cow::Borrowed(v))),
            Op::EntryId => Some(self.attrs.id()).filter(|v| !is_blank(v)).map_or(Value::Missing, |v| Value::Text(Cow::Borrowed(v))),
            Op::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    match strict!(self, item) {
                        Value::Text(text) => list.push(text),
                        other => return wrong(&item.span, format!("a list holds texts, this is {}", other.kind())),
                    }
                }
                Value::List(list)
            }
            Op::Concat(parts) => return self.concat(node, parts),
            Op::Not { inner, lenient } => match self.truth(inner, *lenient)? {
                Ok(truth) => Value::Bool(!truth),
                Err(spread) => spread,
            },
            Op::Logic { stop, sides, lenient } => {
                for side in sides.iter() {
                    match self.truth(side, *lenient)? {
                        Ok(truth) if truth == *stop => return Ok(Value::Bool(truth)),
                        Ok(_) => {}
                        Err(spread) => return Ok(spread),
                    }
                }
                Value::Bool(!stop)
            }
            Op::Compare { how, sides, lenient } => return self.comparison(node, *how, sides, *lenient),
            Op::Negative(inner) => match strict!(self, inner) {
                Value::Int(n) => match n.checked_neg() {
                    Some(n) => Value::Int(n),
                    None => return wrong(&node.span, "the number is too large"),
                },
                other => return wrong(&inner.span, format!("a number is wanted here, this is {}", other.kind())),
            },
            Op::Arithmetic(operator, sides) => return self.arithmetic(node, *operator, sides),
            Op::Index(sides) => {
                let subject = strict!(self, &sides[0]);
                let Value::Int(n) = strict!(self, &sides[1]) else { return wrong(&sides[1].span, "an index has to be a number") };
                return index(&sides[0], subject, n);
            }
            Op::Slice(subject, from, to) => {
                let value = strict!(self, subject);
                let mut bounds = [None, None];
                for (bound, given) in bounds.iter_mut().zip([from, to]) {
                    if let Some(given) = given {
                        let Value::Int(n) = strict!(self, given) else { return wrong(&given.span, "a place has to be a number") };
                        *bound = Some(n);
                    }
                }
                return slice(subject, value, bounds);
            }
            Op::If { condition, then, otherwise } => match self.truth(condition, true)? {
                Ok(true) => return self.node(then),
                Ok(false) => return otherwise.as_ref().map_or(Ok(Value::Missing), |node| self.node(node)),
                Err(other) => return wrong(&condition.span, format!("a condition cannot be {}", other.kind())),
            },
            Op::Switch { subject, cases, otherwise } => {
                let wanted = strict!(self, subject);
                for [key, value] in cases {
                    let this = self.node(key)?;
                    if !spreads(&this) && equal(&wanted, &this).map_err(|message| EvalError { span: key.span.clone(), message })? {
                        return self.node(value);
                    }
                }
                return otherwise.as_ref().map_or(Ok(Value::Missing), |node| self.node(node));
            }
            Op::Coalesce(values) => {
                for value in values {
                    let value = self.node(value)?;
                    if !value.is_blank() {
                        return Ok(value);
                    }
                }
                Value::Missing
            }
            Op::Blank { inner, wanted } => Value::Bool(self.node(inner)?.is_blank() == *wanted),
            Op::Require(inner, message) => {
                let value = self.node(inner)?;
                if value.is_blank() {
                    let message = match message {
                        Some(message) => self.node(message)?,
                        None => Value::Missing,
                    };
                    let Value::Text(message) = message else { return wrong(&node.span, "a required value is missing") };
                    return wrong(&node.span, message.into_owned());
                }
                value
            }
            Op::Call { function, args, prepared } => {
                // An array of the right size costs less than the largest; none has more arguments that are evaluated up front.
                return match args.len() {
                    0 | 1 => self.call::<1>(node, function, args, prepared),
                    2 => self.call::<2>(node, function, args, prepared),
                    _ => self.call::<MOST>(node, function, args, prepared),
                };
            }
        })
    }

    /// The truth of a condition; the error side is a value that makes the whole the same.
    fn truth(&mut self, node: &'a Node, lenient: bool) -> Result<Result<bool, Value<'a>>, EvalError> {
        match self.node(node)? {
            Value::Bool(truth) => Ok(Ok(truth)),
            Value::Missing if lenient => Ok(Ok(false)),
            value if spreads(&value) => Ok(Err(value)),
            other => wrong(&node.span, format!("true or false is wanted here, this is {}", other.kind())),
        }
    }

    fn concat(&mut self, node: &'a Node, parts: &'a [Node]) -> Outcome<'a> {
        let mut out = String::with_capacity(32);
        for part in parts {
            match strict!(self, part) {
                Value::Text(text) => out.push_str(&text),
                Value::Int(n) => {
                    let _ = write!(out, "{n}");
                }
                Value::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
                other => return wrong(&part.span, format!("`~` joins texts, this is {}", other.kind())),
            }
            if out.len() > LIMIT {
                return wrong(&node.span, too_long());
            }
        }
        Ok(Value::Text(Cow::Owned(out)))
    }

    fn comparison(&mut self, node: &'a Node, how: Comparison, sides: &'a [Node; 2], lenient: bool) -> Outcome<'a> {
        let left = self.node(&sides[0])?;
        if !lenient && spreads(&left) {
            return Ok(left);
        }
        let right = self.node(&sides[1])?;
        if spreads(&left) || spreads(&right) {
            if !lenient {
                return Ok(right);
            }
            // In a condition nothing equals a missing value but another one.
            return Ok(Value::Bool(match how {
                Comparison::Eq => left == right,
                Comparison::Ne => left != right,
                Comparison::NotIn => true,
                _ => false,
            }));
        }
        let answer = match how {
            Comparison::Eq => equal(&left, &right),
            Comparison::Ne => equal(&left, &right).map(|same| !same),
            Comparison::Lt => order(&left, &right).map(Ordering::is_lt),
            Comparison::Le => order(&left, &right).map(Ordering::is_le),
            Comparison::Gt => order(&left, &right).map(Ordering::is_gt),
            Comparison::Ge => order(&left, &right).map(Ordering::is_ge),
            Comparison::In => contains(&right, &left),
            Comparison::NotIn => contains(&right, &left).map(|found| !found),
        };
        answer.map(Value::Bool).map_err(|message| EvalError { span: node.span.clone(), message })
    }

    fn arithmetic(&mut self, node: &'a Node, operator: Operator, sides: &'a [Node; 2]) -> Outcome<'a> {
        let left = strict!(self, &sides[0]);
        let right = strict!(self, &sides[1]);
        let result = match (operator, left, right) {
            (Operator::Add, Value::List(mut list), Value::List(more)) => {
                list.extend(more);
                return Ok(Value::List(list));
            }
            (Operator::Add, Value::Int(a), Value::Int(b)) => a.checked_add(b),
            (Operator::Subtract, Value::Int(a), Value::Int(b)) => a.checked_sub(b),
            (Operator::Multiply, Value::Int(a), Value::Int(b)) => a.checked_mul(b),
            (_, a, b) => {
                let (side, other) = if matches!(a, Value::Int(_)) { (&sides[1], b) } else { (&sides[0], a) };
                return wrong(&side.span, format!("a number is wanted here, this is {}", other.kind()));
            }
        };
        result.map_or_else(|| wrong(&node.span, "the number is too large"), |n| Ok(Value::Int(n)))
    }

    fn call<const N: usize>(
        &mut self,
        node: &'a Node,
        function: &'static Function,
        args: &'a [Node],
        prepared: &'a Prepared,
    ) -> Outcome<'a> {
        let (Run::Eager(run) | Run::Checked(_, run) | Run::Table(run)) = function.run else {
            return wrong(&node.span, "this is no function");
        };
        let maps = function.maps();
        let mut values = [const { Value::Missing }; N];
        for (i, (arg, value)) in args.iter().zip(&mut values).enumerate() {
            *value = strict!(self, arg);
            if i == 0 && maps && matches!(value, Value::List(_)) {
                continue;
            }
            let takes = function.params.get(i).map_or(Takes::Any, |p| p.takes);
            fit(value, takes).map_err(|message| EvalError { span: arg.span.clone(), message })?;
        }
        let values = &mut values[..args.len().min(N)];
        let answer = match values.first_mut() {
            Some(Value::List(list)) if maps => each(run, std::mem::take(list), &values[1..], prepared, self.cx),
            _ => run(values, prepared, self.cx),
        };
        match answer {
            Ok(Value::Text(Cow::Owned(text))) if text.len() > LIMIT => wrong(&node.span, too_long()),
            Ok(value) => Ok(value),
            Err(message) => wrong(&node.span, message),
        }
    }
}
