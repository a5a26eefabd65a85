//! From a syntax tree to a program: names become columns, calls become rows of the function table, and whatever can be
//! known before an entry is read is checked here: names, numbers and types of arguments, patterns, comparisons.

use super::functions::{self, Function, Prepared, Run, Syntax, Takes, quoted};
use super::parse::{Ast, Comparison, CompileError, Expr, Operator, parse};
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
        let ast = parse(source)?;
        let mut compiler = Compiler { source, schema: schema.clone(), attributes: Vec::new() };
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

    fn call(&mut self, name: &str, span: &Range<usize>, args: &[Ast]) -> Result<(Op, Type), CompileError> {
        let Some(function) = functions::find(name) else { return Err(unknown(name, span)) };
        let (least, most) = function.arity();
        if !(least..=most).contains(&args.len()) {
            return Err(CompileError::new(span.clone(), format!("`{name}` is called with {} arguments", args.len())).hint(format!(
                "write {}{}",
                function.signature(),
                if args.is_empty() { "" } else { "; a piped value is the first argument" }
            )));
        }
        match function.run {
            Run::Syntax(syntax) => self.syntax(function, syntax, args),
            Run::Eager(_) | Run::Checked(..) => self.eager(function, args),
        }
    }

    fn eager(&mut self, function: &'static Function, args: &[Ast]) -> Result<(Op, Type), CompileError> {
        let mut nodes = Vec::with_capacity(args.len());
        let mut prepared = Prepared::Nothing;
        let mut result = function.result;
        for (i, arg) in args.iter().enumerate() {
            let Some(param) = function.param(i) else { break };
            let (node, kind) = self.argument(arg, param.takes)?;
            if param.takes == Takes::Pattern {
                prepared = Prepared::Pattern(pattern(arg)?);
            }
            let fits = match param.takes {
                Takes::Text => matches!(kind, Type::Text | Type::Int | Type::Any) || (kind == Type::List && i == 0 && function.maps()),
                Takes::Int => matches!(kind, Type::Int | Type::Any),
                Takes::Number => matches!(kind, Type::Int | Type::Text | Type::Any),
                Takes::List => matches!(kind, Type::List | Type::Text | Type::Any),
                Takes::Pattern | Takes::Any => true,
            };
            if !fits {
                let error =
                    CompileError::new(arg.span.clone(), format!("`{}` of {} cannot be {}", param.name, function.signature(), kind.name()));
                return Err(match (kind, param.takes) {
                    (Type::List, _) => error.hint("choose one value with first(x), or make one text with join(x, ', ')"),
                    (Type::Text, Takes::Int) => error.hint("write a number without quotes, or to_int(x)"),
                    _ => error,
                });
            }
            if i == 0 && function.maps() {
                match kind {
                    Type::List => result = Type::List,
                    Type::Any => result = Type::Any,
                    _ => {}
                }
            }
            nodes.push(node);
        }
        if let Run::Checked(check, _) = function.run {
            let literals: Vec<_> = nodes.iter().map(|n| if let Op::Const(value) = &n.op { Some(value.clone()) } else { None }).collect();
            prepared = check(&literals).map_err(|(arg, message, hint)| {
                let span = args.get(arg).map_or(0..0, |a| a.span.clone());
                CompileError { span, message, hint }
            })?;
        }
        Ok((Op::Call { function, args: nodes.into(), prepared }, result))
    }

    /// An argument; a bare attribute where several values are wanted means all of them.
    fn argument(&mut self, arg: &Ast, takes: Takes) -> Checked {
        let (node, kind) = self.node(arg, false)?;
        match node.op {
            Op::Attr(slot) if takes == Takes::List => Ok((Node { op: Op::All(slot), span: node.span }, Type::List)),
            _ => Ok((node, kind)),
        }
    }

    fn syntax(&mut self, function: &'static Function, syntax: Syntax, args: &[Ast]) -> Result<(Op, Type), CompileError> {
        Ok(match (syntax, args) {
            (Syntax::All, [arg]) => {
                let name = match &arg.expr {
                    Expr::Text(name) | Expr::Name(name) | Expr::Attr(name) if !name.trim().is_empty() => name,
                    _ => return Err(CompileError::new(arg.span.clone(), "`all` wants the name of an attribute").hint("write all('mail')")),
                };
                (Op::All(self.slot(name)), Type::List)
            }
            (Syntax::If, [condition, then, rest @ ..]) => self.choice(condition, then, rest.first())?,
            (Syntax::Coalesce, _) => {
                let mut kind = None;
                let mut nodes = Vec::with_capacity(args.len());
                for arg in args {
                    let (node, this) = self.node(arg, false)?;
                    kind = Some(kind.map_or(this, |k: Type| k.or(this)));
                    nodes.push(node);
                }
                (Op::Coalesce(nodes.into()), kind.unwrap_or(Type::Any))
            }
            (Syntax::Present | Syntax::Empty, [arg]) => {
                let inner = Box::new(self.node(arg, false)?.0);
                (Op::Blank { inner, wanted: syntax == Syntax::Empty }, Type::Bool)
            }
            (Syntax::Require, [value, rest @ ..]) => {
                let (value, kind) = self.node(value, false)?;
                let message = rest.first().map(|m| self.node(m, false).map(|(node, _)| Box::new(node))).transpose()?;
                (Op::Require(Box::new(value), message), kind)
            }
            (Syntax::Switch, [subject, cases @ ..]) => self.switch(subject, cases)?,
            (Syntax::Keep, []) => (Op::Const(Value::Keep), Type::Any),
            (Syntax::Clear, []) => (Op::Const(Value::Clear), Type::Any),
            // The number of arguments was checked before.
            _ => return Err(CompileError::new(0..self.source.len(), format!("write {}", function.signature()))),
        })
    }

    fn switch(&mut self, subject: &Ast, cases: &[Ast]) -> Result<(Op, Type), CompileError> {
        let (subject_node, subject_kind) = self.node(subject, false)?;
        let mut kind = None;
        let mut pairs = Vec::with_capacity(cases.len() / 2);
        let mut result = |this: Type| kind = Some(kind.map_or(this, |k: Type| k.or(this)));
        for pair in cases.chunks_exact(2) {
            let (key, key_kind) = self.node(&pair[0], false)?;
            if key_kind != subject_kind && key_kind != Type::Any && subject_kind != Type::Any {
                let message = format!("this key is {}, but what is looked for is {}", key_kind.name(), subject_kind.name());
                return Err(CompileError::new(pair[0].span.clone(), message));
            }
            let (value, value_kind) = self.node(&pair[1], false)?;
            result(value_kind);
            pairs.push([key, value]);
        }
        let otherwise = match cases.chunks_exact(2).remainder() {
            [last] => {
                let (node, last_kind) = self.node(last, false)?;
                result(last_kind);
                Some(Box::new(node))
            }
            _ => None,
        };
        Ok((Op::Switch { subject: Box::new(subject_node), cases: pairs.into(), otherwise }, kind.unwrap_or(Type::Any)))
    }
}

fn unknown(name: &str, span: &Range<usize>) -> CompileError {
    /// What the same thing is called elsewhere.
    const ELSEWHERE: [(&str, &str); 13] = [
        ("length", "len"),
        ("concat", "join"),
        ("capitalize", "title"),
        ("last", "nth(x, -1)"),
        ("tolower", "lower"),
        ("toupper", "upper"),
        ("int", "to_int"),
        ("bool", "to_bool"),
        ("substring", "substr"),
        ("iif", "if"),
        ("mid", "substr"),
        ("ifempty", "default"),
        ("defined", "present"),
    ];
    let folded = name.to_lowercase();
    let known = ELSEWHERE.iter().find(|e| e.0 == folded).map(|e| e.1);
    let near = known.or_else(|| crate::text::nearest(name, functions::all().map(|f| f.name)));
    let error = CompileError::new(span.clone(), format!("there is no function `{name}`"));
    error.hint(near.map_or_else(|| "`rosterm functions` lists them".to_owned(), |near| format!("did you mean `{near}`?")))
}

fn pattern(arg: &Ast) -> Result<regex::Regex, CompileError> {
    let Expr::Text(pattern) = &arg.expr else {
        return Err(CompileError::new(arg.span.clone(), "the pattern has to be written in quotes"));
    };
    regex::RegexBuilder::new(pattern).size_limit(1 << 20).dfa_size_limit(1 << 20).build().map_err(|error| {
        let told = error.to_string();
        let why = told.lines().last().unwrap_or("").trim().trim_start_matches("error: ");
        CompileError::new(arg.span.clone(), format!("the pattern {} cannot be used: {why}", quoted(pattern)))
    })
}
