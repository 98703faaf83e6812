//! The first PEM block of some octets, as Go's `encoding/pem` finds it.
//!
//! Text around the block, any label, headers, CRLF and lines of any length are taken; the END line must carry
//! the label of the last BEGIN line before it, and what stands between must be base64.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr, memchr_iter, memchr3, memrchr};

/// Go's decoder does not look at the unused bits of the last character.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

pub(super) struct Block<'a> {
    pub(super) label: &'a [u8],
    pub(super) der: Vec<u8>,
    /// What follows the END line.
    pub(super) rest: &'a [u8],
}

/// The first block that is whole.
pub(super) fn first(data: &[u8]) -> Option<Block<'_>> {
    let mut rest = data;
    loop {
        // The last BEGIN before the first END, so that a BEGIN without END does no harm.
        let end = find(rest, END)?;
        let after_end = rest.get(end + END.len()..)?;
        match block(rest.get(..end)?, after_end) {
            Found::Whole(block) => return Some(block),
            Found::Broken => rest = after_end,
        }
    }
}

/// Whether there is a block at all.
pub(super) fn is_some(data: &[u8]) -> bool {
    first(data).is_some()
}

enum Found<'a> {
    Whole(Block<'a>),
    Broken,
}

/// `before` ends where the line feed before the END line is, `after` begins behind `-----END `.
fn block<'a>(before: &'a [u8], after: &'a [u8]) -> Found<'a> {
    let Some(begin) = find_last(before, BEGIN) else { return Found::Broken };
    let at_line_start = begin == 0 || before.get(begin - 1) == Some(&b'\n');
    let Some(opened) = before.get(begin + BEGIN.len()..) else { return Found::Broken };
    if !at_line_start {
        return Found::Broken;
    }
    let (line, mut body) = line(opened);
    let Some(label) = line.strip_suffix(DASHES) else { return Found::Broken };
    let mut headers = false;
    // A body of `None` is one that ends with the very line that was read: nothing stands between.
    while let Some(text) = body {
        let (header, next) = self::line(text);
        if !header.contains(&b':') {
            break;
        }
        headers = true;
        body = next;
    }
    if headers && body.is_none() {
        return Found::Broken;
    }
    let Some(closing) = after.strip_prefix(label) else { return Found::Broken };
    let Some(closing) = closing.strip_prefix(DASHES) else { return Found::Broken };
    let (trailing, rest) = self::line(closing);
    if !trailing.is_empty() {
        return Found::Broken;
    }
    let body = body.unwrap_or_default();
    let mut base64 = Vec::with_capacity(body.len());
    if memchr3(b' ', b'\t', b'\r', body).is_none() {
        // Lines are copied whole.
        let mut from = 0;
        for end in memchr_iter(b'\n', body).chain([body.len()]) {
            base64.extend_from_slice(body.get(from..end).unwrap_or_default());
            from = end + 1;
        }
    } else {
        let is_space = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
        base64.extend(body.iter().filter(|octet| !is_space(octet)));
    }
    let Ok(der) = BASE64.decode(base64) else { return Found::Broken };
    Found::Whole(Block { label, der, rest: rest.unwrap_or_default() })
}

/// The next line without its end and without spaces at its end, and what follows; nothing follows a
/// line that is not ended.
fn line(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (line, rest) = match memchr(b'\n', text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    let line = match rest {
        Some(_) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    };
    let kept = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |at| at + 1);
    (line.get(..kept).unwrap_or_default(), rest)
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let (first, tail) = word.split_first()?;
    let mut from = 0;
    loop {
        let at = from + memchr(*first, text.get(from..)?)?;
        if text.get(at + 1..)?.starts_with(tail) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn find_last(text: &[u8], word: &[u8]) -> Option<usize> {
    let (first, tail) = word.split_first()?;
    let mut rest = text;
    loop {
        let at = memrchr(*first, rest)?;
        if text.get(at + 1..)?.starts_with(tail) {
            return Some(at);
        }
        rest = rest.get(..at)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(text: &str) -> Option<Vec<u8>> {
        first(text.as_bytes()).map(|block| block.der)
    }

    #[test]
    fn the_first_whole_block_is_found() {
        let whole = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        assert_eq!(der(whole), Some(vec![1, 2, 3]));
        assert_eq!(der(&format!("text\n{whole}more")), Some(vec![1, 2, 3]));
        assert_eq!(der(&format!("text {whole}")), None);
        assert_eq!(der(&format!("-----BEGIN A-----\nAQI\n{whole}")), Some(vec![1, 2, 3]));
        assert_eq!(der(&whole.replace('\n', "\r\n")), Some(vec![1, 2, 3]));
        assert_eq!(der(&whole.replace("QI", "Q \t\n I")), Some(vec![1, 2, 3]));
        assert_eq!(der("-----BEGIN -----\nAQ==\n-----END -----"), Some(vec![1]));
        assert_eq!(
            der("-----BEGIN A-----\nKey: value\nB: c\n\nAQID\n-----END A-----"),
            Some(vec![1, 2, 3])
        );
    }

    #[test]
    fn what_is_no_block_is_passed_over() {
        assert_eq!(der("-----BEGIN A-----\nAQID\n-----END B-----\n"), None);
        assert_eq!(der("-----BEGIN A-----\nAQID\n-----END A----- x\n"), None);
        assert_eq!(der("-----BEGIN A-----\nAQI\n-----END A-----\n"), None);
        assert_eq!(der("-----BEGIN A\nAQID\n-----END A-----\n"), None);
        assert_eq!(der("-----BEGIN A-----\nKey: value\n-----END A-----"), None);
        let second = "-----BEGIN B-----\nBA==\n-----END B-----\n";
        assert_eq!(der(&format!("-----BEGIN A-----\n!\n-----END A-----\n{second}")), Some(vec![4]));
    }

    #[test]
    fn an_empty_block_is_a_block() {
        assert_eq!(der("-----BEGIN A-----\n-----END A-----\n"), Some(vec![]));
    }

    #[test]
    fn what_follows_is_told() {
        let block = first(b"-----BEGIN A-----\nAQID\n-----END A-----\n\n").unwrap();
        assert_eq!((block.label, block.rest), (&b"A"[..], &b"\n"[..]));
    }
}
