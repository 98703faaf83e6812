//! PEM: the text around DER. [RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)
//!
//! Reading is as forgiving as Go's `encoding/pem`, whose clients send lines of any length, text
//! before the block and headers inside it; writing has one form, lines of 64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One block: what its label says it is, and its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The label, e.g. `CERTIFICATE REQUEST`.
    pub label: String,
    /// The octets inside.
    pub der: Vec<u8>,
}

/// Writes one block, with a line feed at its end.
pub fn encode(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 2 * label.len() + 40);
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// The blocks of a text, in order. What is no whole block is passed over.
pub fn blocks(text: &str) -> impl Iterator<Item = Block> + '_ {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?.trim_end();
            let begun =
                line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
            let Some(label) = begun else { continue };
            let mut ahead = lines.clone();
            if let Some(der) = body(&mut ahead, label) {
                lines = ahead;
                return Some(Block { label: label.to_owned(), der });
            }
        }
    })
}

/// The octets up to the END line of this label.
fn body<'a>(lines: &mut impl Iterator<Item = &'a str>, begun: &str) -> Option<Vec<u8>> {
    let mut base64 = String::new();
    for line in lines {
        let line = line.trim();
        if line.starts_with("-----") {
            let ended = line.strip_prefix("-----END ")?.strip_suffix("-----")?;
            return if ended == begun { STANDARD.decode(base64).ok() } else { None };
        }
        // A header of RFC 1421, `name: value`; base64 has no colon.
        if !line.contains(':') {
            base64.extend(line.chars().filter(|c| !c.is_ascii_whitespace()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_headers_and_broken_blocks_are_passed_over() {
        let good = encode("A", b"hello");
        let text = format!(
            "Subject: x\n-----BEGIN B-----\n!!!\n-----END B-----\n-----BEGIN C-----\nAAAA\n{good}\
             -----BEGIN D-----\nX-Name: y\n\naG Vs\r\nbG8=\r\n-----END D-----\r\nrest"
        );
        let found: Vec<_> = blocks(&text).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].label.as_str(), found[0].der.as_slice()), ("A", &b"hello"[..]));
        assert_eq!((found[1].label.as_str(), found[1].der.as_slice()), ("D", &b"hello"[..]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(der: Vec<u8>, label in "[A-Z0-9 ]{0,20}") {
            let text = encode(&label, &der);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            let found: Vec<_> = blocks(&text).collect();
            prop_assert_eq!(found, vec![Block { label, der }]);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(-----BEGIN A-----\n|-----END A-----|[=: a-z\n-]){0,40}") {
            let _ = blocks(&text).count();
        }
    }
}
