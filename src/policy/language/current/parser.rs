//! Tokens to a tree.

use super::super::error::{LanguageError, shortened, syntax};
use super::lexer::{Token, tokens};
use super::node::{Binary, Node, Unary};

/// The most nodes of a tree, as Fabric's evaluator has it.
const MAX_NODES: usize = 10_000;
/// The deepest nesting. Fabric's evaluator has no such limit.
const MAX_DEPTH: usize = 100;
/// The most operators that may lean on what stands to their left, one on the other: trees grow as deep.
const MAX_CHAIN: usize = 400;

pub(super) fn parse(text: &str) -> Result<Node, LanguageError> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        nodes: 0,
        chain: 0,
        depth: 0,
        in_predicate: 0,
    };
    let node = parser.expression(0)?;
    let node = parser.sequence_after(node, &Token::End)?;
    match parser.peek() {
        Token::End => Ok(node),
        other => Err(unexpected(other)),
    }
}

pub(super) struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    nodes: usize,
    chain: usize,
    depth: usize,
    pub(super) in_predicate: usize,
}

pub(super) fn unexpected(token: &Token) -> LanguageError {
    syntax(match token {
        Token::End => "the text ends too early".to_owned(),
        Token::Name(word) | Token::Number(word) | Token::Operator(word) => {
            format!("`{}` is not expected here", shortened(word))
        }
        Token::Text(word) => format!("the text `{}` is not expected here", shortened(word)),
        Token::Octets(_) => "octets are not expected here".to_owned(),
        Token::Bracket(bracket) => format!("`{bracket}` is not expected here"),
    })
}

pub(super) type Parsed = Result<Node, LanguageError>;

impl Parser {
    pub(super) fn peek(&mut self) -> &Token {
        self.tokens.peek().unwrap_or(&Token::End)
    }

    pub(super) fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token::End)
    }

    pub(super) fn at_operator(&mut self, text: &str) -> bool {
        matches!(self.peek(), Token::Operator(found) if found == text)
    }

    pub(super) fn at_bracket(&mut self, bracket: char) -> bool {
        *self.peek() == Token::Bracket(bracket)
    }

    pub(super) fn take_operator(&mut self, text: &str) -> bool {
        let found = self.at_operator(text);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn take_bracket(&mut self, bracket: char) -> bool {
        let found = self.at_bracket(bracket);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn operator(&mut self, text: &str) -> Result<(), LanguageError> {
        if self.take_operator(text) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    pub(super) fn bracket(&mut self, bracket: char) -> Result<(), LanguageError> {
        if self.take_bracket(bracket) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    pub(super) fn name(&mut self) -> Result<String, LanguageError> {
        match self.next() {
            Token::Name(name) => Ok(name),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) fn count(&mut self, node: Node) -> Parsed {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(syntax(format!("the expression has more than {MAX_NODES} parts")));
        }
        Ok(node)
    }

    /// One more operator on top of what was read.
    pub(super) fn link(&mut self) -> Result<(), LanguageError> {
        self.chain += 1;
        if self.chain > MAX_CHAIN {
            return Err(syntax(format!("the expression has more than {MAX_CHAIN} operators")));
        }
        Ok(())
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(syntax(format!("the expression is nested deeper than {MAX_DEPTH}")));
        }
        let node = read(self);
        self.depth -= 1;
        node
    }

    /// `first; second; …`: the last one counts.
    pub(super) fn sequence(&mut self, end: char) -> Parsed {
        let first = self.expression(0)?;
        self.sequence_after(first, &Token::Bracket(end))
    }

    fn sequence_after(&mut self, first: Node, end: &Token) -> Parsed {
        let mut nodes = vec![first];
        while self.take_operator(";") {
            if *self.peek() == *end && *end == Token::End {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        match nodes.pop() {
            Some(only) if nodes.is_empty() => Ok(only),
            last => {
                nodes.extend(last);
                self.count(Node::Sequence(nodes))
            }
        }
    }

    pub(super) fn expression(&mut self, precedence: u16) -> Parsed {
        self.deeper(|parser| parser.expression_here(precedence))
    }

    fn expression_here(&mut self, precedence: u16) -> Parsed {
        if precedence == 0 && self.take_operator("let") {
            return self.declaration();
        }
        if precedence == 0 && self.take_operator("if") {
            return self.if_else();
        }
        let mut left = self.primary()?;
        let mut after_coalesce = false;
        while let Token::Operator(text) = self.peek() {
            let text = text.clone();
            if text == "|" {
                if precedence > 0 {
                    break;
                }
                self.link()?;
                self.next();
                left = self.pipe(left)?;
                after_coalesce = false;
                continue;
            }
            if text == "not" {
                // `not` only ends an operand when a word such as `in` follows, which binds at 20.
                if precedence > 20 {
                    break;
                }
                self.next();
                let Token::Operator(word) = self.next() else {
                    return Err(syntax("`not` is not expected here"));
                };
                let Some((operator, binds)) =
                    Binary::of(&word).filter(|(operator, _)| operator.takes_not())
                else {
                    return Err(unexpected(&Token::Operator(word)));
                };
                self.link()?;
                let right = self.expression(binds + 1)?;
                left = self.count(Node::Binary(operator, left.into(), right.into()))?;
                left = self.count(Node::Unary(Unary::Not, left.into()))?;
                continue;
            }
            let Some((operator, binds)) = Binary::of(&text) else { break };
            if binds < precedence {
                break;
            }
            if after_coalesce && operator != Binary::Coalesce {
                return Err(syntax("`??` beside another operator needs parentheses"));
            }
            self.next();
            self.link()?;
            left = if operator.is_comparison() {
                self.comparison(left, operator, binds)?
            } else {
                let right_associative = operator == Binary::Power;
                let right = self.expression(if right_associative { binds } else { binds + 1 })?;
                self.count(Node::Binary(operator, left.into(), right.into()))?
            };
            after_coalesce = operator == Binary::Coalesce;
        }
        if precedence == 0 { self.conditional(left) } else { Ok(left) }
    }

    /// `a < b < c` is `a < b && b < c`.
    fn comparison(&mut self, first: Node, operator: Binary, binds: u16) -> Parsed {
        let mut right = self.expression(binds + 1)?;
        let mut whole = self.count(Node::Binary(operator, first.into(), right.clone().into()))?;
        loop {
            let Token::Operator(text) = self.peek() else { return Ok(whole) };
            let Some((operator, _)) = Binary::of(text).filter(|(op, _)| op.is_comparison()) else {
                return Ok(whole);
            };
            self.next();
            self.link()?;
            let next = self.expression(binds + 1)?;
            let second = self.count(Node::Binary(operator, right.into(), next.clone().into()))?;
            whole = self.count(Node::Binary(Binary::And, whole.into(), second.into()))?;
            right = next;
        }
    }

    fn declaration(&mut self) -> Parsed {
        let name = self.name()?;
        self.operator("=")?;
        let value = self.expression(0)?;
        self.operator(";")?;
        let first = self.expression(0)?;
        let body = self.sequence_after(first, &Token::End)?;
        self.count(Node::Let(name, value.into(), body.into()))
    }

    fn if_else(&mut self) -> Parsed {
        let condition = self.expression(0)?;
        self.bracket('{')?;
        let then = self.sequence('}')?;
        self.bracket('}')?;
        self.operator("else")?;
        let otherwise = if self.take_operator("if") {
            self.deeper(Self::if_else)?
        } else {
            self.bracket('{')?;
            let otherwise = self.sequence('}')?;
            self.bracket('}')?;
            otherwise
        };
        self.count(Node::Conditional(condition.into(), then.into(), otherwise.into()))
    }

    fn conditional(&mut self, mut node: Node) -> Parsed {
        while self.take_operator("?") {
            self.link()?;
            let then = if self.at_operator(":") { node.clone() } else { self.expression(0)? };
            self.operator(":")?;
            let otherwise = self.expression(0)?;
            node = self.count(Node::Conditional(node.into(), then.into(), otherwise.into()))?;
        }
        Ok(node)
    }

    fn pipe(&mut self, left: Node) -> Parsed {
        let name = self.name()?;
        if !self.at_bracket('(') {
            return Err(unexpected(self.peek()));
        }
        let call = self.call(name, vec![left])?;
        self.postfix(call)
    }
}
