//! What an expression may be worth.

use std::collections::BTreeMap;

use crate::policy::ast::Rule;

/// What a name stands for during a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Or,
    OutOf,
    /// `outof` of the second pass.
    Context,
    /// `outof` of the third pass.
    Build,
}

/// A value, as both expression languages know them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Octets(Vec<u8>),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    Function(Function),
    /// What the last pass numbers principals with.
    Context,
    Policy(Rule),
}

impl Value {
    /// What the value is called when it is refused.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Octets(_) => "octets",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Function(_) => "a function",
            Self::Context => "the context",
            Self::Policy(_) => "a gate",
        }
    }

    /// As a number with a fraction.
    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "as Go converts int to float64")]
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }
}

/// Go's conversion of a `float64` to `int` on 64-bit machines: toward zero; what does not fit, and
/// what is no number, is the smallest integer.
pub(super) fn to_integer(number: f64) -> i64 {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&number) {
        #[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
        return number as i64;
    }
    i64::MIN
}
