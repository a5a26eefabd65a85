//! The grammar: an expression's text becomes a tree whose every node knows its place in the text.
//!
//! Jinja's expression syntax with Jinja's precedence, weakest first: `if else`, `or`, `and`, `not`, comparisons and `in`,
//! `+ -`, `~`, `*`, unary minus, brackets, filters. What must stay true: no input panics or overflows the stack; every
//! tree is at most [`MAX_DEPTH`] deep, so whoever walks it may recurse.

use super::ast::{Ast, Comparison, Expr, Operator};
use super::lex::{Token, lex};
use crate::error::{Error, Excerpt};
use std::ops::Range;

/// How deep an expression may be nested.
pub const MAX_DEPTH: usize = 64;
/// How long an expression may be, in bytes.
pub const MAX_LENGTH: usize = 10_000;

/// Why a text is not an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// The bytes of the source that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CompileError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        CompileError { span, message: message.into(), hint: None }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as an error for an operator: it names the field and shows the place in `source`.
    #[must_use]
    pub fn into_error(self, source: &str, field: &str) -> Error {
        let error = Error::usage(self.message).context(format_args!("rule of {field}")).excerpt(Excerpt::of_span(source, self.span));
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

const KEYWORDS: [&str; 6] = ["and", "or", "not", "in", "if", "else"];

/// The syntax tree of `source`.
pub fn parse(source: &str) -> Result<Ast, CompileError> {
    if source.len() > MAX_LENGTH {
        return Err(CompileError::new(0..1, format!("the expression is longer than {MAX_LENGTH} bytes")));
    }
    let mut parser = Parser { tokens: lex(source)?, at: 0, nesting: 0 };
    if *parser.token() == Token::End {
        return Err(CompileError::new(0..0, "the expression is empty").hint("write '' for an empty text, none for no value"));
    }
    let ast = parser.expression()?;
    match parser.token() {
        Token::End => Ok(ast),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'s> {
    tokens: Vec<(Token<'s>, Range<usize>)>,
    at: usize,
    nesting: usize,
}

type Parsed = Result<Ast, CompileError>;

impl<'s> Parser<'s> {
    // The last token is the end, and the parser never goes past it.
    fn token(&self) -> &Token<'s> {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].1.clone()
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Where the piece before this one ends.
    fn behind(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |at| self.tokens[at].1.end)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = matches!(self.token(), Token::Sign(s) if *s == sign);
        if found {
            self.advance();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.token(), Token::Name(name) if *name == word)
    }

    fn expect(&mut self, sign: &str) -> Result<(), CompileError> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> CompileError {
        let error = CompileError::new(self.span(), format!("expected {wanted}, found {}", self.token().told()));
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at].0);
        match (before, self.token()) {
            (_, Token::Name("is")) => error.hint("there are no tests; write present(x), empty(x) or a comparison"),
            (Some(Token::Text(_) | Token::Name(_) | Token::Int(_)), Token::Text(_) | Token::Name(_) | Token::Int(_)) => {
                error.hint("write `~` to join texts, quotes around a text")
            }
            (_, Token::Sign("[")) => error.hint("put what stands before it in parentheses"),
            (_, Token::Name("not")) => error.hint("put the negation in parentheses"),
            (_, Token::Sign("==" | "!=" | "<" | "<=" | ">" | ">=")) => error.hint("join two comparisons with `and`"),
            _ => error,
        }
    }

    fn node(&self, start: usize, expr: Expr) -> Parsed {
        let span = start..self.behind();
        let ast = Ast::new(span.clone(), expr);
        if ast.depth > MAX_DEPTH { Err(Self::too_deep(span)) } else { Ok(ast) }
    }

    fn too_deep(span: Range<usize>) -> CompileError {
        CompileError::new(span, format!("the expression is nested more than {MAX_DEPTH} deep")).hint("split it, or use switch or a list")
    }

    /// Guards every way in which the parser calls itself.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.nesting >= MAX_DEPTH {
            return Err(Self::too_deep(self.span()));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn expression(&mut self) -> Parsed {
        self.nested(|parser| {
            let start = parser.span().start;
            let mut ast = parser.or()?;
            while parser.eat_word("if") {
                let condition = parser.or()?;
                let otherwise = if parser.eat_word("else") { Some(Box::new(parser.expression()?)) } else { None };
                ast = parser.node(start, Expr::If(Box::new(ast), Box::new(condition), otherwise))?;
            }
            Ok(ast)
        })
    }

    fn or(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.and()?;
        while self.eat_word("or") {
            let right = self.and()?;
            left = self.node(start, Expr::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.not()?;
        while self.eat_word("and") {
            let right = self.not()?;
            left = self.node(start, Expr::And(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        let start = self.span().start;
        if !self.eat_word("not") {
            return self.comparison();
        }
        let inner = self.nested(Self::not)?;
        self.node(start, Expr::Not(Box::new(inner)))
    }

    fn comparison(&mut self) -> Parsed {
        let start = self.span().start;
        let left = self.sum()?;
        let how = match self.token() {
            Token::Sign("==") => Comparison::Eq,
            Token::Sign("!=") => Comparison::Ne,
            Token::Sign("<") => Comparison::Lt,
            Token::Sign("<=") => Comparison::Le,
            Token::Sign(">") => Comparison::Gt,
            Token::Sign(">=") => Comparison::Ge,
            Token::Name("in") => Comparison::In,
            Token::Name("not") => Comparison::NotIn,
            _ => return Ok(left),
        };
        self.advance();
        if how == Comparison::NotIn && !self.eat_word("in") {
            return Err(self.unexpected("`in`"));
        }
        let right = self.sum()?;
        self.node(start, Expr::Compare(how, Box::new(left), Box::new(right)))
    }

    fn sum(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.concat()?;
        loop {
            let operator = match self.token() {
                Token::Sign("+") => Operator::Add,
                Token::Sign("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.concat()?;
            left = self.node(start, Expr::Arithmetic(operator, Box::new(left), Box::new(right)))?;
        }
    }

    fn concat(&mut self) -> Parsed {
        let start = self.span().start;
        let first = self.product()?;
        if *self.token() != Token::Sign("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat("~") {
            parts.push(self.product()?);
        }
        self.node(start, Expr::Concat(parts))
    }

    fn product(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.filtered()?;
        while self.eat("*") {
            let right = self.filtered()?;
            left = self.node(start, Expr::Arithmetic(Operator::Multiply, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn filtered(&mut self) -> Parsed {
        let start = self.span().start;
        let mut ast = self.signed()?;
        while self.eat("|") {
            let span = self.span();
            let name = match self.token() {
                Token::Name(name) if *name == "if" || !KEYWORDS.contains(name) => (*name).to_owned(),
                _ => return Err(self.unexpected("the name of a function")),
            };
            self.advance();
            let mut args = vec![ast];
            if self.eat("(") {
                self.items(")", &mut args)?;
            }
            ast = self.node(start, Expr::Call(name, span, args))?;
        }
        Ok(ast)
    }

    fn signed(&mut self) -> Parsed {
        let start = self.span().start;
        if !self.eat("-") {
            return self.postfix();
        }
        let inner = self.nested(Self::signed)?;
        let expr = if let Expr::Int(n) = inner.expr { Expr::Int(-n) } else { Expr::Negative(Box::new(inner)) };
        self.node(start, expr)
    }

    fn postfix(&mut self) -> Parsed {
        let start = self.span().start;
        let mut ast = self.primary()?;
        loop {
            if *self.token() == Token::Sign("(") {
                return Err(CompileError::new(ast.span, "only a function can be called"));
            }
            if !self.eat("[") {
                return Ok(ast);
            }
            ast = self.bracket(start, ast)?;
        }
    }

    /// What follows an opening bracket: an index or a slice of `subject`.
    fn bracket(&mut self, start: usize, subject: Ast) -> Parsed {
        let subject = Box::new(subject);
        let from = if *self.token() == Token::Sign(":") { None } else { Some(Box::new(self.expression()?)) };
        if !self.eat(":") {
            self.expect("]")?;
            return match from {
                Some(index) => self.node(start, Expr::Index(subject, index)),
                None => Err(self.unexpected("an index")),
            };
        }
        let to = if *self.token() == Token::Sign("]") { None } else { Some(Box::new(self.expression()?)) };
        if *self.token() == Token::Sign(":") {
            return Err(CompileError::new(self.span(), "a slice has no step").hint("write x[from:to]"));
        }
        self.expect("]")?;
        self.node(start, Expr::Slice(subject, from, to))
    }

    /// Expressions between commas up to the closing sign; a comma before it is fine.
    fn items(&mut self, close: &str, into: &mut Vec<Ast>) -> Result<(), CompileError> {
        while !self.eat(close) {
            into.push(self.expression()?);
            if !self.eat(",") {
                return if self.eat(close) { Ok(()) } else { Err(self.unexpected(&format!("`,` or `{close}`"))) };
            }
        }
        Ok(())
    }

    fn primary(&mut self) -> Parsed {
        let span = self.span();
        let expr = match self.token() {
            Token::Int(n) => Expr::Int(*n),
            Token::Text(text) => Expr::Text(text.clone()),
            Token::Sign("(") => {
                self.advance();
                let mut inner = self.expression()?;
                self.expect(")")?;
                // The parentheses belong to the node: an error or a trace shows what was written.
                inner.span = span.start..self.behind();
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.advance();
                let mut items = Vec::new();
                self.items("]", &mut items)?;
                return self.node(span.start, Expr::List(items));
            }
            Token::Name(name) => {
                let name = *name;
                self.advance();
                return self.named(name, span);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        self.node(span.start, expr)
    }

    /// What begins with a name: a constant, a call, `attr["…"]` or an attribute.
    fn named(&mut self, name: &'s str, span: Range<usize>) -> Parsed {
        if self.eat("(") {
            if name != "if" && KEYWORDS.contains(&name) {
                return Err(CompileError::new(span, format!("expected a value, found `{name}`")));
            }
            let mut args = Vec::new();
            self.items(")", &mut args)?;
            return self.node(span.start, Expr::Call(name.to_owned(), span, args));
        }
        let expr = match name {
            "none" | "None" => Expr::Missing,
            "true" | "True" => Expr::Bool(true),
            "false" | "False" => Expr::Bool(false),
            "attr" => {
                self.expect("[").map_err(|e| e.hint("write attr[\"name\"]"))?;
                let Token::Text(text) = self.token() else {
                    return Err(self.unexpected("the attribute's name in quotes"));
                };
                let text = text.clone();
                if text.trim().is_empty() {
                    return Err(CompileError::new(self.span(), "the attribute's name is empty"));
                }
                self.advance();
                self.expect("]")?;
                Expr::Attr(text)
            }
            keyword if KEYWORDS.contains(&keyword) => {
                return Err(CompileError::new(span, format!("expected a value, found `{keyword}`")));
            }
            name => Expr::Name(name.to_owned()),
        };
        self.node(span.start, expr)
    }
}
