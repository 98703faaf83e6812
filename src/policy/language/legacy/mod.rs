//! The expression language under the policy language of releases up to 3.1 and of fabric-config: what
//! `Knetic/govaluate` takes, with its ways: a backslash takes the next character as it is, any quote
//! ends any other, what stands behind a closing parenthesis may go unread. Dates are not known.

mod evaluate;
mod lexer;
mod plan;

pub(super) use evaluate::evaluate;
