//! The expression language under the policy language of today: what `expr-lang/expr` takes, as far as
//! a policy can use it. Dates, regular expressions beyond plain text, and method calls are refused.

mod builtins;
mod check;
mod convert;
mod evaluate;
mod kind;
mod lexer;
mod lists;
mod members;
mod node;
mod operands;
mod operators;
mod parser;
mod predicates;
mod texts;

pub(super) use evaluate::evaluate;
