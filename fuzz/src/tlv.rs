//! DER by hand, apart from the crate's own reader, so that one checks the other.

/// The parts of a DER element, each whole, if it is constructed and exactly as long as it says.
pub fn children(element: &[u8]) -> Option<Vec<&[u8]>> {
    let (whole, mut content) = take(element)?;
    if whole.len() != element.len() {
        return None;
    }
    let mut parts = Vec::new();
    while !content.is_empty() {
        let (whole, _) = take(content)?;
        parts.push(whole);
        content = &content[whole.len()..];
    }
    Some(parts)
}

/// The content of a DER element.
pub fn content(element: &[u8]) -> Option<&[u8]> {
    take(element).map(|(_, content)| content)
}

/// The first element of some octets: whole, and its content.
fn take(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = usize::from(*octets.get(1)?);
    let (length, start) = if first < 0x80 {
        (first, 2)
    } else {
        let count = first & 0x7f;
        let digits = octets.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), 2 + count)
    };
    let end = start.checked_add(length)?;
    Some((octets.get(..end)?, octets.get(start..end)?))
}

/// An element of this tag around these parts.
pub fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.iter().copied().skip_while(|digit| *digit == 0).collect();
    if content.len() < 0x80 {
        element.push(u8::try_from(content.len()).unwrap());
    } else {
        element.push(0x80 | u8::try_from(digits.len()).unwrap());
        element.extend(digits);
    }
    element.extend(content);
    element
}

/// A BIT STRING of whole octets.
pub fn bits(octets: &[u8]) -> Vec<u8> {
    wrap(3, &[&[0], octets])
}
