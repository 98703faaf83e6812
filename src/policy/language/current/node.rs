//! Expressions as trees.

use std::collections::BTreeMap;

use super::super::value::Value;

#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A literal.
    Value(Value),
    Name(String),
    /// `#`, `#acc`, `#index` inside a predicate.
    Pointer(String),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Conditional(Box<Node>, Box<Node>, Box<Node>),
    Let(String, Box<Node>, Box<Node>),
    Sequence(Vec<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// Of what, which, and whether nil is let pass.
    Member(Box<Node>, Box<Node>, bool),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    Call(Box<Node>, Vec<Node>),
    /// A function of the language, or one over a predicate.
    Builtin(String, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

impl Binary {
    /// The operator of a spelling and how tightly it binds.
    pub(super) fn of(text: &str) -> Option<(Self, u16)> {
        Some(match text {
            "||" | "or" => (Self::Or, 10),
            "&&" | "and" => (Self::And, 15),
            "==" => (Self::Equal, 20),
            "!=" => (Self::NotEqual, 20),
            "<" => (Self::Less, 20),
            ">" => (Self::Greater, 20),
            "<=" => (Self::LessOrEqual, 20),
            ">=" => (Self::GreaterOrEqual, 20),
            "in" => (Self::In, 20),
            "matches" => (Self::Matches, 20),
            "contains" => (Self::Contains, 20),
            "startsWith" => (Self::StartsWith, 20),
            "endsWith" => (Self::EndsWith, 20),
            ".." => (Self::Range, 25),
            "+" => (Self::Add, 30),
            "-" => (Self::Subtract, 30),
            "*" => (Self::Multiply, 60),
            "/" => (Self::Divide, 60),
            "%" => (Self::Modulo, 60),
            "**" | "^" => (Self::Power, 100),
            "??" => (Self::Coalesce, 500),
            _ => return None,
        })
    }

    pub(super) fn is_comparison(self) -> bool {
        matches!(self, Self::Less | Self::Greater | Self::LessOrEqual | Self::GreaterOrEqual)
    }

    /// Whether `not` may stand before it.
    pub(super) fn takes_not(self) -> bool {
        matches!(
            self,
            Self::In | Self::Matches | Self::Contains | Self::StartsWith | Self::EndsWith
        )
    }
}

/// The names that `let` and predicates have given, innermost last.
#[derive(Debug, Default)]
pub(super) struct Scope<T> {
    pub(super) names: Vec<(String, T)>,
    /// What `#` and its like stand for.
    pub(super) pointers: Vec<BTreeMap<&'static str, T>>,
}

impl<T> Scope<T> {
    pub(super) fn new() -> Self {
        Self { names: Vec::new(), pointers: Vec::new() }
    }

    pub(super) fn name(&self, name: &str) -> Option<&T> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn pointer(&self, name: &str) -> Option<&T> {
        self.pointers.last().and_then(|pointers| pointers.get(name))
    }
}
