//! The syntax tree of an expression.

use std::ops::Range;

/// A node of the syntax tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ast {
    /// The bytes of the source that it spans.
    pub span: Range<usize>,
    /// What it is.
    pub expr: Expr,
    /// How many nodes lie on the longest way down, itself included.
    pub(super) depth: usize,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// `none`.
    Missing,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text in quotes.
    Text(String),
    /// `[a, b]`.
    List(Vec<Ast>),
    /// A bare name.
    Name(String),
    /// `attr["name"]`.
    Attr(String),
    /// `a ~ b ~ c`.
    Concat(Vec<Ast>),
    /// `not a`.
    Not(Box<Ast>),
    /// `-a`.
    Negative(Box<Ast>),
    /// `a and b`.
    And(Box<Ast>, Box<Ast>),
    /// `a or b`.
    Or(Box<Ast>, Box<Ast>),
    /// `a == b` and its like, `in` included.
    Compare(Comparison, Box<Ast>, Box<Ast>),
    /// `a + b`, `a - b`, `a * b`.
    Arithmetic(Operator, Box<Ast>, Box<Ast>),
    /// `a[b]`.
    Index(Box<Ast>, Box<Ast>),
    /// `a[b:c]`.
    Slice(Box<Ast>, Option<Box<Ast>>, Option<Box<Ast>>),
    /// `then if condition else otherwise`.
    If(Box<Ast>, Box<Ast>, Option<Box<Ast>>),
    /// `name(args)` or `first | name(rest)`, with the span of the name.
    Call(String, Range<usize>, Vec<Ast>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// What is done with two numbers (`+` also joins lists).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
}

impl Ast {
    /// A node over its children.
    pub(super) fn new(span: Range<usize>, expr: Expr) -> Self {
        let deepest = |list: &[Ast]| list.iter().map(|a| a.depth).max().unwrap_or(0);
        let optional = |ast: &Option<Box<Ast>>| ast.as_ref().map_or(0, |a| a.depth);
        let below = match &expr {
            Expr::Missing | Expr::Bool(_) | Expr::Int(_) | Expr::Text(_) | Expr::Name(_) | Expr::Attr(_) => 0,
            Expr::List(list) | Expr::Concat(list) | Expr::Call(_, _, list) => deepest(list),
            Expr::Not(a) | Expr::Negative(a) => a.depth,
            Expr::And(a, b) | Expr::Or(a, b) | Expr::Compare(_, a, b) | Expr::Arithmetic(_, a, b) | Expr::Index(a, b) => {
                a.depth.max(b.depth)
            }
            Expr::Slice(a, b, c) => a.depth.max(optional(b)).max(optional(c)),
            Expr::If(a, b, c) => a.depth.max(b.depth).max(optional(c)),
        };
        Ast { span, expr, depth: below + 1 }
    }
}
