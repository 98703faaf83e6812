//! Revocation reasons as a Fabric CA reads them.

use crate::cli::exit::Failure;
use crate::pki::Reason;

/// The reason as it travels. A Fabric CA takes RFC 5280's names in lower case and records anything
/// else as `unspecified` without saying so; hence they are checked here.
///
/// # Errors
/// A usage failure that lists the reasons there are.
pub(super) fn to_wire(text: &str) -> Result<String, Failure> {
    Reason::ALL
        .iter()
        .map(|reason| reason.as_str())
        .find(|reason| reason.eq_ignore_ascii_case(text))
        .map(str::to_ascii_lowercase)
        .ok_or_else(|| {
            let all = Reason::ALL.map(Reason::as_str).join(", ");
            Failure::usage(format!("`{text}` is no reason to revoke"))
                .hint(format!("choose one of {all}"))
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
