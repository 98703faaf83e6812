//! Kinds of values, as far as they are known before an expression is worked out.

use super::super::value::Value;

/// What is known of a value before it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Nil,
    Bool,
    Int,
    Float,
    Text,
    Octets,
    List,
    Map,
    Function,
}

impl Kind {
    pub(super) fn is(self, wanted: &[Self]) -> bool {
        self == Self::Any || wanted.contains(&self)
    }

    pub(super) fn is_number(self) -> bool {
        self.is(&[Self::Int, Self::Float])
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Float(_) => Self::Float,
            Value::Text(_) => Self::Text,
            Value::Octets(_) => Self::Octets,
            Value::List(_) => Self::List,
            Value::Map(_) => Self::Map,
            Value::Function(_) => Self::Function,
            Value::Context | Value::Policy(_) => Self::Any,
        }
    }
}
