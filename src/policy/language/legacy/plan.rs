//! Tokens to a tree, with the order in which operators bind.

use super::super::error::{LanguageError, syntax};
use super::super::value::Function;
use super::super::value::Value;
use super::lexer::Token;

/// The deepest nesting, and the most operators one after the other. Fabric's evaluator has no such limits.
const MAX_DEPTH: usize = 100;
const MAX_CHAIN: usize = 400;

#[derive(Debug)]
pub(super) enum Stage {
    /// What empty parentheses are worth.
    Nothing,
    Value(Value),
    Variable(String),
    /// A name with a dot: nothing of ours has members.
    Accessor(String, Option<Box<Stage>>),
    Prefix(String, Box<Stage>),
    Call(Function, Box<Stage>),
    Binary(String, Box<Stage>, Box<Stage>),
    /// What commas separate, at least two.
    Separate(Vec<Stage>),
}

/// Levels from the loosest to the tightest. Operators of one level bind from the left.
const LEVELS: u8 = 10;

fn level(token: &Token) -> Option<(u8, &str)> {
    let (level, word) = match token {
        Token::Separator => (0, ","),
        Token::Ternary(word) => (1, word.as_str()),
        Token::Logical(word) => (if word == "||" { 2 } else { 3 }, word.as_str()),
        Token::Comparator(word) => (4, word.as_str()),
        Token::Modifier(word) => {
            let level = match word.as_str() {
                "^" | "&" | "|" => 5,
                ">>" | "<<" => 6,
                "+" | "-" => 7,
                "*" | "/" | "%" => 8,
                _ => 9,
            };
            (level, word.as_str())
        }
        _ => return None,
    };
    Some((level, word))
}

type Planned = Result<Stage, LanguageError>;

pub(super) fn plan(tokens: &[Token]) -> Planned {
    Planner { tokens, at: 0, depth: 0, chain: 0 }.tokens()
}

struct Planner<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    chain: usize,
}

impl<'a> Planner<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    fn tokens(&mut self) -> Planned {
        if self.at >= self.tokens.len() {
            return Ok(Stage::Nothing);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(syntax(format!("the expression is nested deeper than {MAX_DEPTH}")));
        }
        let stage = self.level(0);
        self.depth -= 1;
        stage
    }

    fn level(&mut self, wanted: u8) -> Planned {
        if wanted == LEVELS {
            return self.function();
        }
        let mut stage = self.level(wanted + 1)?;
        let mut separated = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            let Some((_, word)) = level(token).filter(|(found, _)| *found == wanted) else { break };
            self.at += 1;
            let right = self.level(wanted + 1)?;
            if wanted == 0 {
                separated.push(right);
                continue;
            }
            self.chain += 1;
            if self.chain > MAX_CHAIN {
                return Err(syntax(format!("the expression has more than {MAX_CHAIN} operators")));
            }
            stage = Stage::Binary(word.to_owned(), stage.into(), right.into());
        }
        // The evaluator steps back at the end of its tokens too, where it had taken none.
        if self.at >= self.tokens.len() {
            self.back();
        }
        if separated.is_empty() {
            return Ok(stage);
        }
        separated.insert(0, stage);
        Ok(Stage::Separate(separated))
    }

    fn function(&mut self) -> Planned {
        match self.next() {
            Some(Token::Function(function)) => {
                let arguments = self.accessor()?;
                Ok(Stage::Call(*function, arguments.into()))
            }
            Some(_) => {
                self.back();
                self.accessor()
            }
            None => Err(syntax("the text ends too early")),
        }
    }

    fn accessor(&mut self) -> Planned {
        let Some(Token::Accessor(name)) = self.tokens.get(self.at) else { return self.value() };
        self.at += 1;
        let arguments = match self.tokens.get(self.at) {
            Some(Token::Open) => Some(Box::new(self.tokens()?)),
            _ => None,
        };
        Ok(Stage::Accessor(name.clone(), arguments))
    }

    fn value(&mut self) -> Planned {
        Ok(match self.next() {
            None | Some(Token::Close) => {
                self.back();
                Stage::Nothing
            }
            Some(Token::Open) => {
                let inner = self.tokens()?;
                // Whatever stands here is taken for the closing parenthesis.
                if self.next().is_none() {
                    return Err(syntax("a parenthesis is not closed"));
                }
                inner
            }
            Some(Token::Variable(name)) => Stage::Variable(name.clone()),
            Some(Token::Number(number)) => Stage::Value(Value::Float(*number)),
            Some(Token::Bool(value)) => Stage::Value(Value::Bool(*value)),
            Some(Token::Text(text)) => Stage::Value(Value::Text(text.clone())),
            Some(Token::Prefix(word)) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(syntax(format!("nested deeper than {MAX_DEPTH}")));
                }
                let operand = self.function()?;
                self.depth -= 1;
                Stage::Prefix(word.clone(), operand.into())
            }
            Some(_) => return Err(syntax("an operator stands where a value should")),
        })
    }
}
