//! PKCS#11 URIs. [RFC 7512](https://www.rfc-editor.org/rfc/rfc7512)

use chancery::hsm::Uri;

pub fn law(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let Ok(uri) = text.parse::<Uri>() else { return };
    let printed = uri.to_string();
    // Escapes may make it longer than what is read.
    if printed.len() <= 4096 {
        assert_eq!(printed.parse::<Uri>().as_ref(), Ok(&uri), "{printed}");
    }
}
