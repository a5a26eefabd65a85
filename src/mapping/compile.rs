//! From a syntax tree to a program: names become columns, calls become rows of the function table, and whatever can be
//! known before an entry is read is checked here: names, numbers and types of arguments, patterns, comparisons.

mod call;

use super::ast::{Ast, Comparison, Expr, Operator};
use super::functions::{Function, Prepared};
use super::parse::{CompileError, parse};
use super::table::{Files, no_files};
use super::value::{Type, Value};
use crate::identity::AttributeName;
use crate::identity::population::Schema;
use std::borrow::Cow;
use std::ops::Range;

/// A checked node with its place in the source.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub span: Range<usize>,
    pub op: Op,
}

impl Node {
    fn add_firsts(&self, firsts: &mut Vec<u16>) {
        let mut all = |nodes: &[Node]| nodes.iter().for_each(|n| n.add_firsts(firsts));
        match &self.op {
            Op::Attr(slot) => firsts.push(*slot),
            Op::Const(_) | Op::All(_) | Op::Dn | Op::EntryId => {}
            Op::List(nodes) | Op::Concat(nodes) | Op::Coalesce(nodes) | Op::Call { args: nodes, .. } => all(nodes),
            Op::Not { inner, .. } | Op::Negative(inner) | Op::Blank { inner, .. } => inner.add_firsts(firsts),
            Op::Logic { sides, .. } | Op::Compare { sides, .. } | Op::Arithmetic(_, sides) | Op::Index(sides) => all(&sides[..]),
            Op::Slice(of, from, to) => [Some(of), from.as_ref(), to.as_ref()].into_iter().flatten().for_each(|n| n.add_firsts(firsts)),
            Op::If { condition, then, otherwise } => {
                [Some(condition), Some(then), otherwise.as_ref()].into_iter().flatten().for_each(|n| n.add_firsts(firsts));
            }
            Op::Switch { subject, cases, otherwise } => {
                subject.add_firsts(firsts);
                cases.iter().flatten().chain(otherwise.as_deref()).for_each(|n| n.add_firsts(firsts));
            }
            Op::Require(of, message) => [Some(of), message.as_ref()].into_iter().flatten().for_each(|n| n.add_firsts(firsts)),
        }
    }
}

/// What a node does. `lenient` is set inside conditions, where a missing value is false instead of making all missing.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Const(Value<'static>),
    Attr(u16),
    All(u16),
    Dn,
    EntryId,
    List(Box<[Node]>),
    Concat(Box<[Node]>),
    Not {
        inner: Box<Node>,
        lenient: bool,
    },
    Negative(Box<Node>),
    /// `and` stops at the first false, `or` at the first true.
    Logic {
        stop: bool,
        sides: Box<[Node; 2]>,
        lenient: bool,
    },
    Compare {
        how: Comparison,
        sides: Box<[Node; 2]>,
        lenient: bool,
    },
    Arithmetic(Operator, Box<[Node; 2]>),
    Index(Box<[Node; 2]>),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Switch {
        subject: Box<Node>,
        cases: Box<[[Node; 2]]>,
        otherwise: Option<Box<Node>>,
    },
    Coalesce(Box<[Node]>),
    Blank {
        inner: Box<Node>,
        wanted: bool,
    },
    Require(Box<Node>, Option<Box<Node>>),
    Call {
        function: &'static Function,
        args: Box<[Node]>,
        prepared: Prepared,
    },
}

/// A compiled expression. Cheap to evaluate, the same result for the same entry and context, always ends.
#[derive(Debug, Clone)]
pub struct Program {
    source: String,
    attributes: Vec<u16>,
    firsts: Vec<u16>,
    pub(super) root: Node,
}

impl Program {
    /// Compiles `source`; the attributes that it names become columns of `schema` (which stays as it is if this fails).
    ///
    /// ```
    /// use rosterm::mapping::Program;
    /// let mut schema = rosterm::identity::population::Schema::default();
    /// assert!(Program::compile("givenName ~ ' ' ~ (sn | upper)", &mut schema).is_ok());
    /// let error = Program::compile("sn | uper", &mut schema).unwrap_err();
    /// assert_eq!(error.hint.as_deref(), Some("did you mean `upper`?"));
    /// ```
    pub fn compile(source: &str, schema: &mut Schema) -> Result<Program, CompileError> {
        Program::compile_with(source, schema, &no_files)
    }

    /// The same, with the files that `lookup_file` may name.
    pub fn compile_with(source: &str, schema: &mut Schema, files: Files<'_>) -> Result<Program, CompileError> {
        let ast = parse(source)?;
        let mut compiler = Compiler { source, schema: schema.clone(), attributes: Vec::new(), files };
        let (root, _) = compiler.node(&ast, false)?;
        let Compiler { schema: grown, attributes, .. } = compiler;
        *schema = grown;
        let mut firsts = Vec::new();
        root.add_firsts(&mut firsts);
        Ok(Program { source: source.to_owned(), attributes, firsts, root })
    }

    /// The columns of which it may read the first value alone: with several values, the order of the directory decides.
    #[must_use]
    pub fn firsts(&self) -> &[u16] {
        &self.firsts
    }

    /// The text that it was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The columns that it may read, each once.
    #[must_use]
    pub fn attributes(&self) -> &[u16] {
        &self.attributes
    }

    /// The column, if the expression is nothing but an attribute.
    #[must_use]
    pub fn single_attribute(&self) -> Option<u16> {
        if let Op::Attr(slot) = self.root.op { Some(slot) } else { None }
    }
}

type Checked = Result<(Node, Type), CompileError>;

struct Compiler<'s> {
    source: &'s str,
    schema: Schema,
    attributes: Vec<u16>,
    files: Files<'s>,
}

impl Compiler<'_> {
    fn slot(&mut self, name: &str) -> u16 {
        let slot = self.schema.intern(AttributeName::new(name));
        if !self.attributes.contains(&slot) {
            self.attributes.push(slot);
        }
        slot
    }

    /// `lenient`: inside a condition.
    fn node(&mut self, ast: &Ast, lenient: bool) -> Checked {
        let (op, kind) = match &ast.expr {
            Expr::Missing => (Op::Const(Value::Missing), Type::Any),
            Expr::Bool(b) => (Op::Const(Value::Bool(*b)), Type::Bool),
            Expr::Int(n) => (Op::Const(Value::Int(*n)), Type::Int),
            Expr::Text(text) => (Op::Const(Value::Text(Cow::Owned(text.clone()))), Type::Text),
            Expr::Name(name) => match name.as_str() {
                "dn" => (Op::Dn, Type::Text),
                "entry_id" => (Op::EntryId, Type::Text),
                name => (Op::Attr(self.slot(name)), Type::Text),
            },
            Expr::Attr(name) => (Op::Attr(self.slot(name)), Type::Text),
            Expr::List(items) => (Op::List(self.texts(items, "a list holds texts")?), Type::List),
            Expr::Concat(parts) => (Op::Concat(self.texts(parts, "`~` joins texts")?), Type::Text),
            Expr::Not(inner) => {
                let inner = Box::new(self.truth(inner, lenient, "`not`")?);
                (Op::Not { inner, lenient }, Type::Bool)
            }
            Expr::And(a, b) => {
                let sides = Box::new([self.truth(a, lenient, "`and`")?, self.truth(b, lenient, "`and`")?]);
                (Op::Logic { stop: false, sides, lenient }, Type::Bool)
            }
            Expr::Or(a, b) => {
                let sides = Box::new([self.truth(a, lenient, "`or`")?, self.truth(b, lenient, "`or`")?]);
                (Op::Logic { stop: true, sides, lenient }, Type::Bool)
            }
            Expr::Compare(how, a, b) => self.comparison(ast, *how, a, b, lenient)?,
            Expr::Negative(inner) => {
                let (node, kind) = self.node(inner, false)?;
                self.wants_number(ast, inner, kind)?;
                (Op::Negative(Box::new(node)), Type::Int)
            }
            Expr::Arithmetic(operator, a, b) => self.arithmetic(ast, *operator, a, b)?,
            Expr::Index(subject, index) => {
                let (index_node, kind) = self.node(index, false)?;
                self.wants_number(ast, index, kind)?;
                (Op::Index(Box::new([self.sequence(subject)?.0, index_node])), Type::Text)
            }
            Expr::Slice(subject, from, to) => {
                let (subject, kind) = self.sequence(subject)?;
                let mut bound = |bound: &Option<Box<Ast>>| {
                    let Some(bound) = bound else { return Ok(None) };
                    let (node, kind) = self.node(bound, false)?;
                    self.wants_number(ast, bound, kind)?;
                    Ok(Some(Box::new(node)))
                };
                (Op::Slice(Box::new(subject), bound(from)?, bound(to)?), kind)
            }
            Expr::If(then, condition, otherwise) => self.choice(condition, then, otherwise.as_deref())?,
            Expr::Call(name, span, args) => self.call(name, span, args)?,
        };
        Ok((Node { span: ast.span.clone(), op }, kind))
    }

    /// Parts of a list or of a joined text.
    fn texts(&mut self, parts: &[Ast], rule: &str) -> Result<Box<[Node]>, CompileError> {
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            let (node, kind) = self.node(part, false)?;
            match kind {
                Type::List => {
                    let error = CompileError::new(part.span.clone(), format!("{rule}, this is a list"));
                    return Err(error.hint("choose with first(x), or make one text with join(x, ', '); lists are put together with +"));
                }
                Type::Int | Type::Bool if rule.starts_with("a list") => {
                    return Err(CompileError::new(part.span.clone(), format!("{rule}, this is {}", kind.name())).hint("write it in quotes"));
                }
                _ => nodes.push(node),
            }
        }
        Ok(nodes.into())
    }

    /// Something that is true or false.
    fn truth(&mut self, ast: &Ast, lenient: bool, who: &str) -> Result<Node, CompileError> {
        let (node, kind) = self.node(ast, lenient)?;
        if matches!(kind, Type::Bool | Type::Any) {
            return Ok(node);
        }
        let text = &self.source[ast.span.clone()];
        let error = CompileError::new(ast.span.clone(), format!("{who} wants true or false, this is {}", kind.name()));
        Err(match (who, kind) {
            ("`or`", _) => error.hint("for the first value that is there write coalesce(a, b)"),
            (_, Type::Text | Type::List) if text.len() < 40 => error.hint(format!("write present({text}), or compare it with something")),
            _ => error.hint("compare it with something"),
        })
    }

    fn choice(&mut self, condition: &Ast, then: &Ast, otherwise: Option<&Ast>) -> Result<(Op, Type), CompileError> {
        let condition = Box::new(self.truth(condition, true, "a condition")?);
        let (then, mut kind) = self.node(then, false)?;
        let otherwise = match otherwise {
            Some(ast) => {
                let (node, other) = self.node(ast, false)?;
                kind = kind.or(other);
                Some(Box::new(node))
            }
            None => None,
        };
        Ok((Op::If { condition, then: Box::new(then), otherwise }, kind))
    }

    fn comparison(&mut self, ast: &Ast, how: Comparison, a: &Ast, b: &Ast, lenient: bool) -> Result<(Op, Type), CompileError> {
        let (left, one) = self.node(a, false)?;
        let (right, other) = self.node(b, false)?;
        if !lenient && (a.expr == Expr::Missing || b.expr == Expr::Missing) {
            let value = if a.expr == Expr::Missing { b } else { a };
            return Err(CompileError::new(ast.span.clone(), "a comparison with none is always missing here")
                .hint(format!("write empty({0}) or present({0})", &self.source[value.span.clone()])));
        }
        let fits = match how {
            Comparison::Eq | Comparison::Ne => one == other || one == Type::Any || other == Type::Any,
            Comparison::In | Comparison::NotIn => {
                matches!(one, Type::Text | Type::Any) && matches!(other, Type::Text | Type::List | Type::Any)
            }
            _ => {
                (one == other || one == Type::Any || other == Type::Any)
                    && !matches!(one, Type::Bool | Type::List)
                    && !matches!(other, Type::Bool | Type::List)
            }
        };
        if !fits {
            let error = CompileError::new(ast.span.clone(), format!("{} cannot be compared with {} this way", one.name(), other.name()));
            return Err(match (one, other) {
                (Type::Text, Type::Int) | (Type::Int, Type::Text) => {
                    error.hint("attributes are texts: write the number in quotes, or to_int(x)")
                }
                (Type::Text, Type::Bool) | (Type::Bool, Type::Text) => {
                    error.hint("attributes are texts: write 'TRUE' in quotes, or to_bool(x)")
                }
                (Type::List, _) | (_, Type::List) => error.hint("write `'value' in list`, or choose one value with first(list)"),
                _ => error,
            });
        }
        Ok((Op::Compare { how, sides: Box::new([left, right]), lenient }, Type::Bool))
    }

    fn arithmetic(&mut self, ast: &Ast, operator: Operator, a: &Ast, b: &Ast) -> Result<(Op, Type), CompileError> {
        let (left, one) = self.node(a, false)?;
        let (right, other) = self.node(b, false)?;
        let lists = operator == Operator::Add && matches!(one, Type::List | Type::Any) && matches!(other, Type::List | Type::Any);
        if !lists {
            self.wants_number(ast, a, one)?;
            self.wants_number(ast, b, other)?;
        }
        let kind = match (operator, one, other) {
            (Operator::Add, Type::List, _) | (Operator::Add, _, Type::List) => Type::List,
            (Operator::Add, Type::Any, Type::Any) => Type::Any,
            _ => Type::Int,
        };
        Ok((Op::Arithmetic(operator, Box::new([left, right])), kind))
    }

    fn wants_number(&self, whole: &Ast, ast: &Ast, kind: Type) -> Result<(), CompileError> {
        if matches!(kind, Type::Int | Type::Any) {
            return Ok(());
        }
        // `ms-DS-Guid` reads as two subtractions; what was meant is all of it.
        let text = self.source[whole.span.start..].split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or("");
        let is_name = text.len() >= whole.span.len() && text.starts_with(|c: char| c.is_ascii_alphabetic());
        let error = CompileError::new(ast.span.clone(), format!("a number is wanted here, this is {}", kind.name()));
        Err(match whole.expr {
            Expr::Arithmetic(Operator::Subtract, ..) if is_name => error.hint(format!("for the attribute write attr[\"{text}\"]")),
            Expr::Arithmetic(Operator::Add, ..) if kind == Type::Text => error.hint("write `~` to join texts, to_int(x) to calculate"),
            _ if kind == Type::Text => error.hint("write to_int(x)"),
            _ => error,
        })
    }

    /// What has parts: a text or a list.
    fn sequence(&mut self, ast: &Ast) -> Checked {
        let (node, kind) = self.node(ast, false)?;
        if matches!(kind, Type::Int | Type::Bool) {
            return Err(CompileError::new(ast.span.clone(), format!("{} has no parts", kind.name())));
        }
        Ok((node, kind))
    }
}
