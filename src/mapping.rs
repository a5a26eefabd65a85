//! Rules: from an entry's attributes to the fields an account should have.
//!
//! A rule is an expression in a small language (docs/expressions.md): Jinja's expression syntax over attributes, checked
//! when it is compiled, evaluated over borrowed text. There are no statements, no loops and no I/O, so every evaluation
//! ends; everything is checked before the first entry is read that can be; and evaluation and trace are the same code, so
//! what `explain` shows is what happened.
//!
//! [`parse`] makes a tree, [`compile`] a [`Program`], [`eval`] values; [`functions`] is the table of what can be called.

pub mod ast;
pub mod compile;
pub mod eval;
pub mod functions;
mod lex;
pub mod parse;
pub mod rules;
pub mod table;
pub mod value;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use compile::Program;
pub use eval::{EvalError, Outcome, Seen, Step};
pub use functions::Function;
pub use parse::CompileError;
pub use rules::{Desired, Rule, Rules};
pub use value::{Attributes, Context, Sample, Value};
