//! Calls: which function is meant, and whether the arguments are such as it takes.

use super::super::ast::{Ast, Expr};
use super::super::functions::{self, Function, Prepared, Run, Syntax, Takes, quoted};
use super::super::parse::CompileError;
use super::super::table::Table;
use super::super::value::{Type, Value};
use super::{Checked, Compiler, Node, Op};
use std::ops::Range;
use std::sync::Arc;

impl Compiler<'_> {
    /// A call by its row of the function table.
    pub(super) fn call(&mut self, name: &str, span: &Range<usize>, args: &[Ast]) -> Result<(Op, Type), CompileError> {
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
            Run::Table(_) => self.table(function, span, args),
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

    /// A function over a file: it is read here, once.
    fn table(&mut self, function: &'static Function, span: &Range<usize>, args: &[Ast]) -> Result<(Op, Type), CompileError> {
        let Expr::Text(name) = &args[1].expr else {
            return Err(CompileError::new(args[1].span.clone(), "the file has to be written in quotes"));
        };
        let told = |why: String| CompileError::new(args[1].span.clone(), why);
        let text = (self.files)(name)
            .map_err(|why| told(format!("cannot read {}: {why}", quoted(name))).hint("a path is relative to the configuration's folder"))?;
        let table = Table::parse(name, &text).map_err(told)?;
        let (Op::Call { function, args: found, .. }, mut kind) = self.eager(function, &args[..2])? else {
            return Err(CompileError::new(span.clone(), format!("write {}", function.signature())));
        };
        let call = Op::Call { function, args: found, prepared: Prepared::Table(Arc::new(table)) };
        let Some(otherwise) = args.get(2) else { return Ok((call, kind)) };
        // What takes its place is evaluated only then, and may itself be missing.
        let (otherwise, other) = self.node(otherwise, false)?;
        kind = kind.or(other);
        Ok((Op::Coalesce([Node { op: call, span: args[0].span.start.min(span.start)..args[1].span.end }, otherwise].into()), kind))
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
