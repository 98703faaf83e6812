//! Tokens to the operands of operators: literals, names, calls, lists, maps, and what hangs on them.

use super::super::error::{LanguageError, shortened, syntax};
use super::super::value::Value;
use super::builtins;
use super::lexer::Token;
use super::node::{Node, Unary};
use super::parser::{Parsed, Parser, unexpected};
use super::predicates;

/// How tightly `not` binds, and signs.
const NOT: u16 = 50;
const SIGN: u16 = 90;

impl Parser {
    pub(super) fn primary(&mut self) -> Parsed {
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

    pub(super) fn call(&mut self, name: String, mut arguments: Vec<Node>) -> Parsed {
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

    pub(super) fn postfix(&mut self, mut node: Node) -> Parsed {
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
