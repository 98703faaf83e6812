//! The query of a request target, and the times in it.

use chancery::clock::Timestamp;
use chancery::fabric::fuzzing::{certificate_query, query};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub fn law(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let pairs = query(&text);
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let written: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    assert_eq!(query(&written.join("&")), pairs, "names and values read back");
    for now in [Timestamp::EARLIEST, Timestamp::from_unix(1_893_456_020), Timestamp::NO_EXPIRY] {
        let _ = certificate_query(&text, now);
    }
}
