//! Tokens to a tree.

use super::super::error::{LanguageError, shortened, syntax};
use super::super::value::Value;
use super::builtins;
use super::lexer::{Token, tokens};
use super::node::{Binary, Node, Unary};
use super::predicates;

/// The most nodes of a tree, as Fabric's evaluator has it.
const MAX_NODES: usize = 10_000;
/// The deepest nesting. Fabric's evaluator has no such limit.
const MAX_DEPTH: usize = 100;
/// The most operators that may lean on what stands to their left, one on the other: trees grow as deep.
const MAX_CHAIN: usize = 400;
/// How tightly `not` binds, and signs.
const NOT: u16 = 50;
const SIGN: u16 = 90;

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

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    nodes: usize,
    chain: usize,
    depth: usize,
    in_predicate: usize,
}

fn unexpected(token: &Token) -> LanguageError {
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

type Parsed = Result<Node, LanguageError>;

impl Parser {
    fn peek(&mut self) -> &Token {
        self.tokens.peek().unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token::End)
    }

    fn at_operator(&mut self, text: &str) -> bool {
        matches!(self.peek(), Token::Operator(found) if found == text)
    }

    fn at_bracket(&mut self, bracket: char) -> bool {
        *self.peek() == Token::Bracket(bracket)
    }

    fn take_operator(&mut self, text: &str) -> bool {
        let found = self.at_operator(text);
        if found {
            self.next();
        }
        found
    }

    fn take_bracket(&mut self, bracket: char) -> bool {
        let found = self.at_bracket(bracket);
        if found {
            self.next();
        }
        found
    }

    fn operator(&mut self, text: &str) -> Result<(), LanguageError> {
        if self.take_operator(text) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn bracket(&mut self, bracket: char) -> Result<(), LanguageError> {
        if self.take_bracket(bracket) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn name(&mut self) -> Result<String, LanguageError> {
        match self.next() {
            Token::Name(name) => Ok(name),
            other => Err(unexpected(&other)),
        }
    }

    fn count(&mut self, node: Node) -> Parsed {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(syntax(format!("the expression has more than {MAX_NODES} parts")));
        }
        Ok(node)
    }

    /// One more operator on top of what was read.
    fn link(&mut self) -> Result<(), LanguageError> {
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
    fn sequence(&mut self, end: char) -> Parsed {
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

    fn expression(&mut self, precedence: u16) -> Parsed {
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

    fn primary(&mut self) -> Parsed {
        if let Token::Operator(text) = self.peek() {
            let unary = match text.as_str() {
                "not" | "!" => Some((Unary::Not, NOT)),
                "-" => Some((Unary::Minus, SIGN)),
                "+" => Some((Unary::Plus, SIGN)),
                _ => None,
            };
            if let Some((operator, binds)) = unary {
                self.next();
                let operand = self.expression(binds)?;
                let node = self.count(Node::Unary(operator, operand.into()))?;
                return self.postfix(node);
            }
        }
        if self.take_bracket('(') {
            let node = self.sequence(')')?;
            self.bracket(')')?;
            return self.postfix(node);
        }
        if self.in_predicate > 0 {
            if self.take_operator("#") {
                let name = match self.peek() {
                    Token::Name(_) => self.name()?,
                    _ => String::new(),
                };
                let node = self.count(Node::Pointer(name))?;
                return self.postfix(node);
            }
            if self.at_operator(".") {
                let node = self.count(Node::Pointer(String::new()))?;
                return self.postfix(node);
            }
        }
        if self.take_operator("::") {
            let name = self.name()?;
            let call = self.call(name, Vec::new())?;
            return self.postfix(call);
        }
        self.operand()
    }

    fn operand(&mut self) -> Parsed {
        let node = match self.next() {
            Token::Name(name) => match name.as_str() {
                "true" | "false" => return self.count(Node::Value(Value::Bool(name == "true"))),
                "nil" => return self.count(Node::Value(Value::Nil)),
                _ if self.at_bracket('(') => self.call(name, Vec::new())?,
                _ => self.count(Node::Name(name))?,
            },
            Token::Number(text) => return self.count(Node::Value(number(&text)?)),
            Token::Text(text) => self.count(Node::Value(Value::Text(text)))?,
            Token::Octets(octets) => self.count(Node::Value(Value::Octets(octets)))?,
            Token::Bracket('[') => {
                let items = self.items(']')?;
                self.count(Node::List(items))?
            }
            Token::Bracket('{') => self.map()?,
            other => return Err(unexpected(&other)),
        };
        self.postfix(node)
    }

    /// What stands between brackets, the closing one taken; a last comma is let pass.
    fn items(&mut self, end: char) -> Result<Vec<Node>, LanguageError> {
        let mut items = Vec::new();
        loop {
            if self.take_bracket(end) {
                return Ok(items);
            }
            if !items.is_empty() {
                self.operator(",")?;
                if self.take_bracket(end) {
                    return Ok(items);
                }
            }
            items.push(self.expression(0)?);
        }
    }

    fn map(&mut self) -> Parsed {
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        loop {
            if self.take_bracket('}') {
                break;
            }
            if !pairs.is_empty() {
                self.operator(",")?;
                if self.take_bracket('}') {
                    break;
                }
            }
            let key = match self.peek() {
                Token::Bracket('(') => self.expression(0)?,
                _ => match self.next() {
                    Token::Number(text) | Token::Text(text) | Token::Name(text) => {
                        self.count(Node::Value(Value::Text(text)))?
                    }
                    other => return Err(unexpected(&other)),
                },
            };
            self.operator(":")?;
            let value = self.expression(0)?;
            pairs.push((key, value));
        }
        self.count(Node::Map(pairs))
    }

    fn call(&mut self, name: String, mut arguments: Vec<Node>) -> Parsed {
        self.bracket('(')?;
        if predicates::is_predicate(&name) {
            self.predicate_arguments(&name, &mut arguments)?;
            return self.count(Node::Builtin(name, arguments));
        }
        arguments.extend(self.items(')')?);
        if builtins::is_builtin(&name) {
            return self.count(Node::Builtin(name, arguments));
        }
        let callee = self.count(Node::Name(name))?;
        self.count(Node::Call(callee.into(), arguments))
    }

    fn predicate_arguments(
        &mut self,
        name: &str,
        arguments: &mut Vec<Node>,
    ) -> Result<(), LanguageError> {
        let (least, most) = predicates::arity(name);
        let piped = arguments.len();
        while !self.at_bracket(')') && arguments.len() < most {
            if arguments.len() > piped {
                self.operator(",")?;
            }
            let node = if arguments.len() == 1 { self.predicate()? } else { self.expression(0)? };
            arguments.push(node);
        }
        if arguments.len() < least {
            return Err(syntax(format!("`{name}` takes at least {least} arguments")));
        }
        self.take_operator(",");
        self.bracket(')')
    }

    fn predicate(&mut self) -> Parsed {
        self.in_predicate += 1;
        let node = if self.take_bracket('{') {
            let node = self.sequence('}')?;
            self.bracket('}')?;
            node
        } else {
            self.expression(0)?
        };
        self.in_predicate -= 1;
        Ok(node)
    }

    fn postfix(&mut self, mut node: Node) -> Parsed {
        loop {
            if self.at_bracket('[') || self.at_operator(".") || self.at_operator("?.") {
                self.link()?;
            }
            let lenient = self.at_operator("?.");
            if lenient || self.at_operator(".") {
                self.next();
                if !(lenient && self.at_bracket('[')) {
                    node = self.field(node, lenient)?;
                    continue;
                }
            }
            if !self.take_bracket('[') {
                return Ok(node);
            }
            node = self.index(node, lenient)?;
        }
    }

    fn field(&mut self, node: Node, lenient: bool) -> Parsed {
        let name = match self.next() {
            Token::Name(name) => name,
            Token::Operator(word) if word.chars().all(char::is_alphabetic) => word,
            other => return Err(unexpected(&other)),
        };
        let property = self.count(Node::Value(Value::Text(name)))?;
        let member = self.count(Node::Member(node.into(), property.into(), lenient))?;
        if self.take_bracket('(') {
            let arguments = self.items(')')?;
            return self.count(Node::Call(member.into(), arguments));
        }
        Ok(member)
    }

    /// `[…]`, the opening bracket taken.
    fn index(&mut self, node: Node, lenient: bool) -> Parsed {
        let from = if self.at_operator(":") { None } else { Some(self.expression(0)?) };
        if self.take_operator(":") {
            let to = if self.at_bracket(']') { None } else { Some(self.expression(0)?) };
            self.bracket(']')?;
            return self.count(Node::Slice(node.into(), from.map(Box::new), to.map(Box::new)));
        }
        self.bracket(']')?;
        match from {
            Some(from) => self.count(Node::Member(node.into(), from.into(), lenient)),
            None => Err(unexpected(&Token::Bracket(']'))),
        }
    }
}

fn number(text: &str) -> Result<Value, LanguageError> {
    let wrong = || syntax(format!("`{}` is no number", shortened(text)));
    let plain = text.replace('_', "").to_ascii_lowercase();
    let radix = |digits: &str, radix| {
        i64::from_str_radix(digits, radix).map(Value::Int).map_err(|_| wrong())
    };
    if let Some(digits) = plain.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if plain.contains(['.', 'e']) {
        let number: f64 = plain.parse().map_err(|_| wrong())?;
        return if number.is_finite() { Ok(Value::Float(number)) } else { Err(wrong()) };
    }
    if let Some(digits) = plain.strip_prefix("0b") {
        return radix(digits, 2);
    }
    if let Some(digits) = plain.strip_prefix("0o") {
        return radix(digits, 8);
    }
    radix(&plain, 10)
}
