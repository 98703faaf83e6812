//! The path of a request target: where it leads, and what its escapes mean.

use axum::http::Uri;
use chancery::fabric::fuzzing::{route, segment};

pub fn law(octets: &[u8]) {
    let Ok(uri) = Uri::try_from(octets) else { return };
    match route(&uri) {
        ("moved", to) => {
            let to = Uri::try_from(to.as_str()).expect("a move leads to a target");
            assert_ne!(route(&to).0, "moved", "one move is enough");
            assert_eq!(to.query(), uri.query());
        }
        ("named", name) => leads_back(&name),
        _ => {}
    }
}

/// A name as a segment of a path is that name again.
pub fn leads_back(name: &str) {
    // Dots stay as they are when Go escapes a segment, so these two names cannot be told in a path.
    if !matches!(name, "" | "." | "..") {
        let uri = format!("/api/v1/identities/{}", segment(name));
        let uri = Uri::try_from(uri).expect("an escaped name is a path");
        assert_eq!(route(&uri), ("named", name.to_owned()));
    }
}
