//! What expressions read and yield.
//!
//! A value borrows from the entry or from the program wherever it is a part of one; only built text is owned.

use crate::clock::Instant;
use crate::identity::AttributeName;
use crate::identity::population::{Row, Schema};
use std::borrow::Cow;

/// The attributes that an expression may read; a slot is a column of the schema.
///
/// Implemented by things that are as cheap to copy as a reference: what is read lives as long as the entry, not as long as
/// the handle.
pub trait Attributes<'a>: Copy {
    /// The first value of a column.
    fn first(self, slot: u16) -> Option<&'a str>;
    /// Every value of a column.
    fn all(self, slot: u16) -> impl Iterator<Item = &'a str>;
    /// How many values a column has.
    fn count(self, slot: u16) -> usize;
    /// The lasting id.
    fn id(self) -> &'a str;
    /// The distinguished name.
    fn dn(self) -> &'a str;
}

impl<'a> Attributes<'a> for Row<'a> {
    #[inline]
    fn first(self, slot: u16) -> Option<&'a str> {
        Row::first(self, slot)
    }

    #[inline]
    fn all(self, slot: u16) -> impl Iterator<Item = &'a str> {
        Row::all(self, slot)
    }

    #[inline]
    fn count(self, slot: u16) -> usize {
        Row::count(self, slot)
    }

    #[inline]
    fn id(self) -> &'a str {
        Row::id(self)
    }

    #[inline]
    fn dn(self) -> &'a str {
        Row::name(self)
    }
}

/// An entry written by hand: for the examples of functions, for trying an expression, for tests.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// The lasting id.
    pub id: String,
    /// The distinguished name.
    pub dn: String,
    values: Vec<Vec<String>>,
}

impl Sample {
    /// An entry with these values; its attributes are added to `schema`.
    pub fn new(schema: &mut Schema, attributes: &[(&str, &[&str])]) -> Self {
        let mut sample = Sample::default();
        for (name, values) in attributes {
            let slot = usize::from(schema.intern(AttributeName::new(*name)));
            if sample.values.len() <= slot {
                sample.values.resize(slot + 1, Vec::new());
            }
            sample.values[slot].extend(values.iter().map(|v| (*v).to_owned()));
        }
        sample
    }

    fn of(&self, slot: u16) -> &[String] {
        self.values.get(usize::from(slot)).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Attributes<'a> for &'a Sample {
    fn first(self, slot: u16) -> Option<&'a str> {
        self.of(slot).first().map(String::as_str)
    }

    fn all(self, slot: u16) -> impl Iterator<Item = &'a str> {
        self.of(slot).iter().map(String::as_str)
    }

    fn count(self, slot: u16) -> usize {
        self.of(slot).len()
    }

    fn id(self) -> &'a str {
        &self.id
    }

    fn dn(self) -> &'a str {
        &self.dn
    }
}

/// What is the same for every user of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The moment that `now()` yields: frozen, so that every user and every repetition sees the same.
    pub now: Instant,
}

/// What an expression yields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value<'a> {
    /// No value: the source has none, or the expression found none.
    #[default]
    Missing,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text, which may be empty.
    Text(Cow<'a, str>),
    /// Several texts, which may be none.
    List(Vec<Cow<'a, str>>),
    /// Leave the account's value as it is.
    Keep,
    /// Remove the account's value.
    Clear,
}

impl Value<'_> {
    /// What sort of value it is, as errors name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Missing => "missing",
            Value::Bool(_) => Type::Bool.name(),
            Value::Int(_) => Type::Int.name(),
            Value::Text(_) => Type::Text.name(),
            Value::List(_) => Type::List.name(),
            Value::Keep => "keep()",
            Value::Clear => "clear()",
        }
    }

    /// True for what counts as no value in `coalesce`, `default`, `present`, `empty` and `require`.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Value::Missing => true,
            Value::Text(text) => text.trim().is_empty(),
            Value::List(list) => list.iter().all(|v| v.trim().is_empty()),
            _ => false,
        }
    }

    /// The value as a trace shows it: texts in quotes, `missing` for none.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Value::Missing => "missing".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Text(text) => format!("'{text}'"),
            Value::List(list) => format!("[{}]", list.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", ")),
            Value::Keep => "keep".to_owned(),
            Value::Clear => "clear".to_owned(),
        }
    }
}

/// What is known of a value before any entry was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Only the entry can tell, or a value that fits everywhere (`none`, `keep()`).
    Any,
    /// A truth value, or missing.
    Bool,
    /// A whole number, or missing.
    Int,
    /// A text, or missing.
    Text,
    /// A list.
    List,
}

impl Type {
    /// As errors name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Any => "a value",
            Type::Bool => "true or false",
            Type::Int => "a number",
            Type::Text => "a text",
            Type::List => "a list",
        }
    }

    /// What is known of a value that is one of two.
    pub(super) fn or(self, other: Type) -> Type {
        if self == other { self } else { Type::Any }
    }
}
