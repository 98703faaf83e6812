//! Octets in JSON: base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The octets of a field.
///
/// # Errors
/// A sentence that names the field.
pub(super) fn octets(field: &str, text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("{field}: no base64: {error}"))
}
