//! The functions of the language, as a table: one row each with its parameters, one line of help and an example that is run
//! as a test.
//!
//! A filter and a call are the same function: the piped value is the first argument. Except for the few that the compiler
//! turns into nodes of their own (`Run::Syntax`), a function sees no missing value: a missing argument makes the call
//! missing before it is run. A function of one text that yields a text works on each value of a list.

mod choice;
mod convert;
mod directory;
mod letters;
mod list;
pub(super) mod text;
mod time;

use super::table::Table;
use super::value::{Context, Type, Value};
use crate::identity::dn::DnKey;
use std::borrow::Cow;
use std::sync::Arc;

/// A function that expressions can call.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// One line: what it yields.
    pub doc: &'static str,
    /// How it is used.
    pub example: Example,
    pub(super) params: &'static [Param],
    pub(super) result: Type,
    pub(super) run: Run,
}

/// A use of a function with its result.
#[derive(Debug)]
pub struct Example {
    /// The expression.
    pub expression: &'static str,
    /// The entry's attributes.
    pub attributes: &'static [(&'static str, &'static [&'static str])],
    /// The result as a trace shows it, or the error.
    pub result: &'static str,
}

/// What an argument has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A text; a number is written out.
    Text,
    /// A number.
    Int,
    /// A number, or a text that reads as one.
    Number,
    /// Several values; a bare attribute name gives all of its values.
    List,
    /// A pattern in quotes.
    Pattern,
    /// Anything.
    Any,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Param {
    pub name: &'static str,
    pub takes: Takes,
    pub optional: bool,
    /// May be given several times; only the last one.
    pub repeated: bool,
}

impl Param {
    const fn new(name: &'static str, takes: Takes) -> Self {
        Param { name, takes, optional: false, repeated: false }
    }

    const fn or_none(self) -> Self {
        Param { optional: true, ..self }
    }

    const fn and_more(self) -> Self {
        Param { repeated: true, ..self }
    }
}

const fn text(name: &'static str) -> Param {
    Param::new(name, Takes::Text)
}

/// The parameters of a function on one text.
const TEXT: &[Param] = &[text("text")];

const fn int(name: &'static str) -> Param {
    Param::new(name, Takes::Int)
}

const fn list(name: &'static str) -> Param {
    Param::new(name, Takes::List)
}

const fn any(name: &'static str) -> Param {
    Param::new(name, Takes::Any)
}

/// What the compiler worked out from literal arguments.
#[derive(Debug, Clone)]
pub(super) enum Prepared {
    Nothing,
    /// The function is `lower`: its text may be folded where it lies.
    Lower,
    /// The function yields a part of its one text, nearly always by this.
    Cut(Cut),
    Pattern(regex::Regex),
    Dn(DnKey),
    Bits(i64),
    Table(Arc<Table>),
}

/// The part of a text that a function yields.
pub(super) type Cut = fn(&str) -> Found<'_>;

/// What can be told of a value at a glance, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    Text(&'a str),
    Missing,
    /// Only the evaluation itself can tell.
    Unknown,
}

impl<'a> From<Option<&'a str>> for Found<'a> {
    #[inline]
    fn from(found: Option<&'a str>) -> Self {
        found.map_or(Found::Missing, Found::Text)
    }
}

/// How a function is run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    /// The arguments as the parameters ask for them; the prepared part; what is the same for all.
    Eager(Eager),
    /// The same, with a look at literal arguments at compile time.
    Checked(Check, Eager),
    /// Over a table that the second argument names and that is read at compile time; a third one takes the place of what is not found.
    Table(Eager),
    /// A node of its own.
    Syntax(Syntax),
}

pub(super) type Eager = for<'a> fn(&mut [Value<'a>], &'a Prepared, &Context) -> Answer<'a>;
pub(super) type Answer<'a> = Result<Value<'a>, String>;
/// Gets the arguments that are literals; an error names the argument and may carry a hint.
pub(super) type Check = fn(&[Option<Value<'_>>]) -> Result<Prepared, (usize, String, Option<String>)>;

/// Functions that decide themselves which arguments are evaluated, or that may see missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    All,
    Coalesce,
    If,
    Switch,
    Present,
    Empty,
    Require,
    Keep,
    Clear,
}

impl Function {
    /// How it is called: `pad(text, width, fill?)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let params = self.params.iter().map(|p| match (p.optional, p.repeated) {
            (false, true) => format!("{}, ...", p.name),
            (true, false) => format!("{}?", p.name),
            _ => p.name.to_owned(),
        });
        format!("{}({})", self.name, params.collect::<Vec<_>>().join(", "))
    }

    /// The least and the greatest number of arguments.
    pub(super) fn arity(&self) -> (usize, usize) {
        let least = self.params.iter().filter(|p| !p.optional).count();
        let most = if self.params.last().is_some_and(|p| p.repeated) { usize::MAX } else { self.params.len() };
        (least, most)
    }

    /// The parameter that argument `index` is for.
    pub(super) fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.params.last())
    }

    /// True if it works on each value of a list.
    pub(super) fn maps(&self) -> bool {
        self.result == Type::Text && self.params.first().is_some_and(|p| p.takes == Takes::Text)
    }
}

/// The functions by what they are about, in the order in which they are shown.
pub const GROUPS: [(&str, &[Function]); 6] = [
    ("Texts", text::FUNCTIONS),
    ("Several values", list::FUNCTIONS),
    ("Missing values and choices", choice::FUNCTIONS),
    ("Directory", directory::FUNCTIONS),
    ("Conversions", convert::FUNCTIONS),
    ("Times", time::FUNCTIONS),
];

/// Every function.
pub fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.into_iter().flat_map(|(_, functions)| functions)
}

/// The function of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|f| f.name == name)
}

/// Built text may not be longer, in bytes: expressions end, and must not fill the memory before they do.
pub(super) const LIMIT: usize = 64 * 1024;

pub(super) fn too_long() -> String {
    format!("the text would be longer than {} KiB", LIMIT / 1024)
}

/// A value quoted for a message, cut to a readable length.
pub(super) fn quoted(value: &str) -> String {
    format!("'{}'", crate::text::cut(value, 60))
}

/// The text in `value`, which the parameter says is one.
fn taken<'a>(value: &mut Value<'a>) -> Cow<'a, str> {
    match std::mem::take(value) {
        Value::Text(text) => text,
        _ => Cow::Borrowed(""),
    }
}

/// The number in `value`, which the parameter says is one.
fn number(value: &Value<'_>) -> i64 {
    if let Value::Int(n) = value { *n } else { 0 }
}

/// The values in `value`, which the parameter says is a list.
fn items<'a>(value: &mut Value<'a>) -> Vec<Cow<'a, str>> {
    match std::mem::take(value) {
        Value::List(list) => list,
        _ => Vec::new(),
    }
}

/// The part of `text` that `range` chooses, borrowed if `text` is.
pub(super) fn part(text: Cow<'_, str>, range: impl FnOnce(&str) -> std::ops::Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range(text)]),
        Cow::Owned(mut text) => {
            let range = range(&text);
            text.truncate(range.end);
            text.drain(..range.start);
            Cow::Owned(text)
        }
    }
}

/// `text` as it is, or what `change` makes of it.
fn changed(text: Cow<'_, str>, change: impl FnOnce(&str) -> Option<String>) -> Value<'_> {
    let new = change(&text);
    Value::Text(new.map_or(text, Cow::Owned))
}

/// A text without accents and with plain apostrophes; nothing where that is the same.
#[must_use]
pub fn plain_letters(text: &str) -> Option<String> {
    let plain = letters::unaccent(text)?.replace(['\u{2019}', '\u{2018}', '\u{2bc}'], "'");
    (plain != text).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Program, Sample};

    /// The file of the examples.
    fn files(name: &str) -> Result<String, String> {
        if name == "cities.csv" { Ok("BER,Berlin\nLON,London\n".to_owned()) } else { Err(format!("there is no {name}")) }
    }

    use std::fmt::Write as _;

    #[test]
    fn every_example_yields_what_it_says() {
        let cx = Context { now: crate::clock::Instant(1_795_315_222) };
        for function in all() {
            let example = &function.example;
            let mut schema = crate::identity::population::Schema::default();
            let mut sample = Sample::new(&mut schema, example.attributes);
            sample.dn = "cn=Lee\\, Ann,ou=People,dc=example,dc=com".to_owned();
            let program =
                Program::compile_with(example.expression, &mut schema, &files).unwrap_or_else(|e| panic!("{}: {e:?}", function.name));
            let result = match program.eval(&sample, &cx) {
                Ok(value) => value.shown(),
                Err(error) => format!("error: {}", error.message),
            };
            assert_eq!(result, example.result, "{}: {}", function.name, example.expression);
            assert!(example.expression.contains(function.name), "the example of {} uses it", function.name);
        }
    }

    /// The functions' part of docs/expressions.md.
    fn page() -> String {
        let mut out = String::new();
        for (title, functions) in GROUPS {
            let _ = writeln!(out, "### {title}\n\n| function | yields | example | result |\n|---|---|---|---|");
            for function in functions {
                let cell = |text: &str| text.replace('|', "\\|");
                let (example, doc) = (&function.example, cell(function.doc));
                let _ =
                    writeln!(out, "| `{}` | {doc} | `{}` | `{}` |", function.signature(), cell(example.expression), cell(example.result));
            }
            out.push('\n');
        }
        out.truncate(out.trim_end().len() + 1);
        out
    }

    #[test]
    fn none_has_more_arguments_than_are_made_room_for() {
        for function in all().filter(|f| !matches!(f.run, Run::Syntax(_))) {
            assert!(function.arity().1 <= crate::mapping::eval::MOST, "{}", function.name);
        }
    }

    #[test]
    fn names_are_there_once() {
        let mut names: Vec<_> = all().map(|f| f.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_documentation_lists_every_function_as_it_is() {
        let documented = include_str!("../../docs/expressions.md");
        let listed = documented.split_once("<!-- functions -->\n\n").map_or("", |(_, list)| list);
        assert!(listed == page(), "write this into docs/expressions.md:\n{}", page());
    }
}
