//! What a server's refusal means for the one who asked.

use crate::api::fabric::Message;
use crate::cli::exit::Failure;
use crate::cli::output::printable;

/// Bounds what we repeat of a server's message, in characters: some hold whole requests.
const MESSAGE_CHARS: usize = 600;

/// A refusal as Fabric CA's users know it, `Error Code: 20 - Authentication failure`, with a hint
/// for the common ones.
pub(super) fn refusal(status: u16, error: &Message) -> Failure {
    let message: String = printable(&error.message).chars().take(MESSAGE_CHARS).collect();
    let failure = Failure::refused(format!("Error Code: {} - {message}", error.code));
    match hint(status, error.code) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn hint(status: u16, code: i64) -> Option<&'static str> {
    Some(match code {
        8 => "check serial number and AKI with `chancery certificate list`",
        9 => "the certificate belongs to another identity; leave `--id` out",
        10 => "check the name with `chancery identity list`",
        19 => "`chancery cainfo` without `--ca` tells the name of the server's default CA",
        20 => {
            "check the enrollment ID and its secret; with a certificate: that it is not expired or revoked, and that it was issued by this very CA"
        }
        29 => "the certificate names a CRL or OCSP address that the server could not reach",
        31 => "the certificate request was not understood",
        36 | 37 => "the first instant of a range must not be later than the second",
        56 if status == 403 => "the CA must allow removal, and removing oneself needs `--force`",
        60 if status == 409 => "the affiliation is there already",
        63 => "check the name; an affiliation needs its parent first, or `--force` to make it",
        64 => "the affiliation is in use; `--force` moves its identities along",
        66 => "the certificate is revoked already; nothing is left to do",
        71 => {
            "the caller lacks the right: check its `hf.` attributes (`hf.Registrar.Roles`, `hf.Revoker`, `hf.GenCRL`, `hf.AffiliationMgr`), and that type, affiliation and attributes are within its own"
        }
        73 => {
            "too many wrong secrets; a registrar can set a new one with `chancery identity modify`"
        }
        74 => {
            "the name is taken, revoked ones included; use another, or `chancery identity modify`"
        }
        77 => "the certificate request must carry the enrollment ID as its common name",
        80 => "an enrollment ID and other subject fields have at most 64 octets",
        82 => "use a number up to the CA's own limit; -1 only where the CA has none",
        _ if status == 503 => "the server is busy; try again in a moment",
        _ if status >= 500 => "the cause is in the server's log",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_in_the_go_client() {
        let error = Message { code: 20, message: "Authentication failure".into() };
        let told = refusal(401, &error);
        assert_eq!(told.to_string(), "Error Code: 20 - Authentication failure");
        assert!(told.hint_text().unwrap().contains("secret"));
    }

    #[test]
    fn a_long_or_wild_message_is_tamed() {
        let error = Message { code: 0, message: "\u{1b}[31m".repeat(1000) };
        let told = refusal(500, &error).to_string();
        assert!(told.chars().count() < 700 && !told.contains('\u{1b}'));
    }
}
