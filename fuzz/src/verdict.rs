//! Our own API: the signature of a request, and the body of `verify`.

use chancery::api::v2::VerifyRequest;
use chancery::http::fuzzing::{questions, signature};

/// Lines: the target, then headers as `name: value`; after an empty line the body.
pub fn message_signature(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let target = lines.next().unwrap_or_default();
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let Ok((base, nonce)) = signature("POST", target, &headers, body.as_bytes()) else { return };
    assert!(base.contains("\"@method\": POST\n"), "the method is signed");
    let path = base.contains("\"@path\": ") || base.contains("\"@request-target\": ");
    assert!(path, "where it goes to is signed");
    assert!(body.is_empty() || base.contains("\"content-digest\": "), "the body is signed");
    let last = base.lines().last().unwrap();
    assert!(last.starts_with("\"@signature-params\": ("), "what is signed is signed");
    assert!(last.contains(&format!("nonce=\"{}\"", escaped(&nonce))), "the nonce is signed");
    let again = signature("POST", target, &headers, body.as_bytes());
    assert_eq!(again, Ok((base, nonce)), "one request, one base");
}

/// A text as structured fields write it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

pub fn verify_body(body: &[u8]) {
    let Ok(count) = questions(body) else { return };
    let request: VerifyRequest<'_> = serde_json::from_slice(body).unwrap();
    assert_eq!(request.items.len(), count);
    let again = serde_json::to_vec(&request).unwrap();
    assert_eq!(questions(&again), Ok(count), "what is written reads the same");
    assert_eq!(serde_json::from_slice::<VerifyRequest<'_>>(&again).unwrap(), request);
}
