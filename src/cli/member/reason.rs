//! Revocation reasons as a Fabric CA reads them.

use crate::cli::exit::Failure;

/// RFC 5280's reasons in its order and spelling. A Fabric CA takes them in lower case and records
/// anything else as `unspecified` without saying so; hence they are checked here.
/// [RFC 5280 section 5.3.1](https://www.rfc-editor.org/rfc/rfc5280#section-5.3.1)
const REASONS: [&str; 10] = [
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "removeFromCRL",
    "privilegeWithdrawn",
    "aACompromise",
];

/// The reason as it travels.
///
/// # Errors
/// A usage failure that lists the reasons there are.
pub(super) fn to_wire(text: &str) -> Result<String, Failure> {
    REASONS
        .iter()
        .find(|reason| reason.eq_ignore_ascii_case(text))
        .map(|reason| reason.to_ascii_lowercase())
        .ok_or_else(|| {
            Failure::usage(format!("`{text}` is no reason to revoke"))
                .hint(format!("choose one of {}", REASONS.join(", ")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_sent_in_lower_case_and_never_guessed() {
        assert_eq!(to_wire("keyCompromise").unwrap(), "keycompromise");
        assert_eq!(to_wire("affiliationchanged").unwrap(), "affiliationchanged");
        assert!(to_wire("affiliationchange").is_err());
        assert!(to_wire("").is_err());
    }
}
