//! What differs between two configurations, piece by piece.

use super::names::Element;

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The element that it is about.
    pub element: Element,
    /// What happened to it.
    pub what: What,
}

/// What happened to an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An organization joins a section.
    Joins {
        /// Its MSP ID, when its MSP can be read.
        msp_id: Option<String>,
    },
    /// An organization leaves a section.
    Leaves {
        /// The MSP ID that it had.
        msp_id: Option<String>,
    },
    /// It is new. What a policy says.
    Added {
        /// What it says, where that is short.
        text: Option<String>,
    },
    /// It is gone.
    Removed {
        /// What it said, where that is short.
        text: Option<String>,
    },
    /// Someone else may change it.
    ModPolicy {
        /// The mod policy before.
        from: String,
        /// And after.
        to: String,
    },
    /// A policy says something else.
    Policy {
        /// Its text before.
        from: String,
        /// And after.
        to: String,
    },
    /// A setting has another value.
    Setting {
        /// Its name.
        name: String,
        /// Its value before; nothing when there was none.
        from: Option<String>,
        /// And after.
        to: Option<String>,
    },
    /// Some came to a list, some went.
    List {
        /// What is listed.
        of: &'static str,
        /// Who came.
        added: Vec<String>,
        /// Who went.
        removed: Vec<String>,
    },
    /// Certificates are revoked.
    Revoked(Serials),
    /// Certificates are not listed as revoked any more.
    NotRevoked(Serials),
    /// It says something else, which is not looked into.
    Contents,
    /// It says the same in other octets.
    Rewritten,
}

/// Serial numbers, the first of them by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serials {
    /// How many.
    pub count: usize,
    /// The first, in hexadecimal digits.
    pub first: Vec<String>,
}
