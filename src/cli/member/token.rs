//! The header by which a certificate's owner proves itself to a Fabric CA, version 2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{MemberKey, sha256};
use crate::cli::exit::Failure;

/// Makes the value of the `Authorization` header: `b64(certificate).b64(signature)`.
///
/// `target` is the request target exactly as it is sent, `body` the octets of the body.
///
/// # Errors
/// When the key cannot sign.
pub(in crate::cli) fn authorization(
    method: &str,
    target: &str,
    body: &[u8],
    certificate_pem: &str,
    key: &dyn MemberKey,
) -> Result<String, Failure> {
    let text = signed_text(method, target, body, certificate_pem);
    // The hash is the server's configured one, SHA-256, also for keys on P-384.
    let signature = key.sign_digest(&sha256(text.as_bytes()))?;
    Ok(format!("{}.{}", STANDARD.encode(certificate_pem), STANDARD.encode(signature)))
}

/// What is signed: `METHOD.b64(URI).b64(body).b64(certificate)`.
fn signed_text(method: &str, target: &str, body: &[u8], certificate_pem: &str) -> String {
    format!(
        "{method}.{}.{}.{}",
        STANDARD.encode(target),
        STANDARD.encode(body),
        STANDARD.encode(certificate_pem)
    )
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::hazmat::PrehashVerifier as _;

    use super::*;
    use crate::cli::member::key::{Curve, FileKey};

    #[test]
    fn the_signed_text_is_octet_for_octet_that_of_version_2() {
        assert_eq!(
            signed_text("GET", "/api/v1/identities/a%2Fb?ca=x", b"", "PEM\n"),
            "GET.L2FwaS92MS9pZGVudGl0aWVzL2ElMkZiP2NhPXg=..UEVNCg=="
        );
        assert_eq!(
            signed_text("POST", "/reenroll", b"{}", "PEM\n"),
            "POST.L3JlZW5yb2xs.e30=.UEVNCg=="
        );
    }

    #[test]
    fn the_signature_covers_the_text() {
        let key = FileKey::generate(Curve::P256).unwrap();
        let token = authorization("POST", "/revoke", b"{}", "PEM\n", &key).unwrap();
        let (certificate, signature) = token.split_once('.').unwrap();
        assert_eq!(STANDARD.decode(certificate).unwrap(), b"PEM\n");
        let signature =
            p256::ecdsa::Signature::from_der(&STANDARD.decode(signature).unwrap()).unwrap();
        let text = signed_text("POST", "/revoke", b"{}", "PEM\n");
        p256::ecdsa::VerifyingKey::from_sec1_bytes(key.point())
            .unwrap()
            .verify_prehash(&sha256(text.as_bytes()), &signature)
            .unwrap();
    }
}
