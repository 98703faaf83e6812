//! Fixtures of the rules' tests.

use crate::clock::Timestamp;
use crate::id::Affiliation;
use crate::store::{Attribute, Identity};

/// `name=value` items between spaces, `_` for a space in a value, `!` at the end for the flag.
pub(super) fn attributes(text: &str) -> Vec<Attribute> {
    text.split_whitespace()
        .map(|item| {
            let (item, ecert) = item.strip_suffix('!').map_or((item, false), |item| (item, true));
            let (name, value) = item.split_once('=').unwrap();
            Attribute { name: name.into(), value: value.replace('_', " "), ecert }
        })
        .collect()
}

pub(super) fn affiliation(text: &str) -> Affiliation {
    text.parse().unwrap()
}

/// An identity of type `client`.
pub(super) fn identity(at: &str, holding: &str) -> Identity {
    Identity {
        ca: "ca".parse().unwrap(),
        id: "someone".parse().unwrap(),
        kind: "client".into(),
        affiliation: affiliation(at),
        attributes: attributes(holding),
        secret: String::new(),
        max_enrollments: -1,
        enrollments: 0,
        revoked_at: None,
        version: 1,
        created_at: Timestamp::default(),
    }
}
