//! The `Authorization` header: a password, or a token of either version.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery::fabric::fuzzing::{password, token};
use chancery::pki::{Certificate, pem};

pub fn law(header: &[u8]) {
    if let Some((id, secret)) = password(header) {
        assert!(!id.contains(':'), "the name ends at the first colon");
        let again = format!("bAsIc {}", STANDARD.encode(format!("{id}:{secret}")));
        assert_eq!(password(again.as_bytes()), Some((id, secret)));
    }
    let (target, body) = ("/api/v1/revoke?ca=x", b"{}");
    if let Some(parts) = token(header, "POST", target, body) {
        assert!(password(header).is_none(), "no header is both");
        let encoded = header.split(|octet| *octet == b'.').next().unwrap();
        let encoded = std::str::from_utf8(encoded).unwrap();
        let (to, what) = (STANDARD.encode(target), STANDARD.encode(body));
        assert_eq!(parts.message, format!("POST.{to}.{what}.{encoded}").into_bytes());
        assert_eq!(parts.message_v1, format!("{what}.{encoded}").into_bytes());
        let certificate = STANDARD.encode(pem::encode("CERTIFICATE", &parts.certificate));
        let again = format!("{certificate}.{}", STANDARD.encode(&parts.signature));
        let again = token(again.as_bytes(), "POST", target, body).unwrap();
        assert_eq!(
            (again.certificate, again.signature),
            (parts.certificate.clone(), parts.signature)
        );
        let _ = Certificate::from_der(&parts.certificate);
    }
}
