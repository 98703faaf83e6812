//! The request of one of our issuers to a server above it, or of a member's key.

use const_oid::db::{rfc5280, rfc5912};
use der::Encode as _;
use x509_cert::ext::pkix::BasicConstraints;

use super::alternative::{self, AlternativeName};
use super::asn1;
use super::csr::Csr;
use super::draft::Draft;
use super::extension::{self, Extension, Usage};
use super::key::PublicKey;
use super::name::{Subject, SubjectError};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking<'a> {
    /// The certificate of a member, with these alternative names.
    Member(&'a [AlternativeName]),
    /// The certificate of a CA, perhaps with a path length.
    Authority(Option<u8>),
}

/// Drafts a PKCS#10 request, which its own key is to sign.
/// [RFC 2986](https://www.rfc-editor.org/rfc/rfc2986)
///
/// # Errors
/// When the subject cannot be written.
pub fn draft_request(
    key: &PublicKey,
    subject: &Subject,
    asking: Asking<'_>,
) -> Result<Draft<Csr>, SubjectError> {
    let subject = subject.write(false)?;
    let extensions = match asking {
        Asking::Member([]) => Vec::new(),
        Asking::Member(names) => vec![Extension {
            oid: rfc5280::ID_CE_SUBJECT_ALT_NAME,
            critical: false,
            value: alternative::write(names),
        }],
        Asking::Authority(path_length) => {
            let constraints = BasicConstraints { ca: true, path_len_constraint: path_length };
            let usage = Usage::set(&[Usage::KeyCertSign, Usage::CrlSign]);
            vec![
                // Neither encoding can fail: both are a few octets.
                Extension {
                    oid: rfc5280::ID_CE_KEY_USAGE,
                    critical: true,
                    value: usage.to_der().unwrap_or_default(),
                },
                Extension {
                    oid: rfc5280::ID_CE_BASIC_CONSTRAINTS,
                    critical: true,
                    value: constraints.to_der().unwrap_or_default(),
                },
            ]
        }
    };
    let attribute = if extensions.is_empty() {
        Vec::new()
    } else {
        let values = asn1::wrap(asn1::SET, &[&extension::write(&extensions)]);
        asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(rfc5912::ID_EXTENSION_REQ), &values])
    };
    let info = asn1::wrap(
        asn1::SEQUENCE,
        &[
            &[asn1::INTEGER, 1, 0],
            &subject,
            key.spki_der(),
            &asn1::wrap(asn1::constructed(0), &[&attribute]),
        ],
    );
    Ok(Draft::new(info, key.clone(), ()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::testing::Key;

    #[test]
    fn a_request_is_read_as_it_was_asked() {
        let key = Key::generate();
        let subject = Subject::named("ica.example.com");
        for (asking, constraints) in [
            (Asking::Authority(Some(0)), Some((true, Some(0)))),
            (Asking::Authority(None), Some((true, None))),
            (Asking::Member(&[]), None),
        ] {
            let csr = key.request(&subject, asking);
            assert_eq!(csr.subject(), &subject);
            assert_eq!(csr.basic_constraints(), constraints);
            assert_eq!(csr.public_key(), &key.public());
        }
        let names = [AlternativeName::Dns("a.example.com".into())];
        let csr = key.request(&subject, Asking::Member(&names));
        assert_eq!(csr.alternative_names(), names);
        assert!(draft_request(&key.public(), &Subject::default(), Asking::Member(&[])).is_err());
    }
}
