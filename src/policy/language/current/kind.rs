//! Kinds of values.

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
}
