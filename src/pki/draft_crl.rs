//! Drafting a CRL: written straight as DER, since it may have very many entries.

use std::sync::Arc;

use const_oid::db::rfc5280;

use super::algorithm::SignatureAlgorithm;
use super::asn1;
use super::certificate::Certificate;
use super::crl::{Crl, CrlHead, MAX_CRL, REASON_ALONE, Revoked};
use super::draft::Draft;
use super::extension::{self, Extension};
use super::lint::{Finding, lint_crl};
use super::reason::Reason;
use crate::clock::Timestamp;

/// The entries of a CRL as they stand in it: written once, for any number of lists.
#[derive(Debug, Clone)]
pub struct CrlEntries(Arc<[u8]>);

impl CrlEntries {
    /// Writes entries in the order given, with or without their reasons; that of unspecified ones is
    /// left out, as RFC 5280 wants. Fabric CA's lists carry no reasons.
    ///
    /// # Errors
    /// When they are too many for a CRL.
    pub fn write(
        entries: impl Iterator<Item = Revoked>,
        reasons: bool,
    ) -> Result<Self, DraftCrlError> {
        let mut list = Vec::with_capacity(entries.size_hint().0.min(MAX_CRL / 64) * 55);
        for entry in entries {
            push_entry(&mut list, &entry, reasons);
            if list.len() > MAX_CRL {
                return Err(DraftCrlError::TooLarge);
            }
        }
        Ok(Self(list.into()))
    }

    /// How many octets they take.
    pub fn octets(&self) -> usize {
        self.0.len()
    }
}

/// Why there is no draft of a CRL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftCrlError {
    /// The issuer's certificate does not let its key sign CRLs.
    #[error("the issuer's key is not for signing CRLs")]
    Issuer,
    /// It would have more than 64 MiB.
    #[error("the CRL would be larger than 64 MiB")]
    TooLarge,
    /// A relying party would refuse it.
    #[error("a relying party would refuse it: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Lint(Vec<Finding>),
}

/// Drafts a CRL of version 2, with an authority key identifier: Fabric's nodes refuse every identity
/// of an MSP that has a CRL without.
///
/// # Errors
/// When the issuer may not sign CRLs, the times are in the wrong order, or it becomes too large.
pub fn draft_crl(
    issuer: &Certificate,
    entries: &CrlEntries,
    number: Option<u64>,
    this_update: Timestamp,
    next_update: Timestamp,
) -> Result<Draft<Crl>, DraftCrlError> {
    if issuer.key_usage().is_some_and(|usage| !usage.crl_sign()) {
        return Err(DraftCrlError::Issuer);
    }
    let head = CrlHead {
        issuer: issuer.subject_der().to_vec(),
        this_update,
        next_update: Some(next_update),
        number,
        authority_key_id: Some(issuer.issuing_key_id()),
    };
    let findings = lint_crl(&head, issuer);
    if !findings.is_empty() {
        return Err(DraftCrlError::Lint(findings));
    }

    let mut times = Vec::new();
    asn1::push_time(&mut times, this_update);
    asn1::push_time(&mut times, next_update);
    // RFC 5280 section 5.1.2.6: without entries the list itself is absent.
    let mut list_header = Vec::new();
    let list = &entries.0;
    if !list.is_empty() {
        asn1::push_header(&mut list_header, asn1::SEQUENCE, list.len());
    }
    let algorithm = SignatureAlgorithm::for_key(issuer.public_key().algorithm());
    let octets = asn1::wrap(
        asn1::SEQUENCE,
        &[
            &[asn1::INTEGER, 1, 1],
            algorithm.identifier_der(),
            issuer.subject_der(),
            &times,
            &list_header,
            list,
            &asn1::wrap(asn1::constructed(0), &[&extension::write(&extensions(issuer, number))]),
        ],
    );
    Ok(Draft::new(octets, issuer.public_key().clone(), head))
}

fn extensions(issuer: &Certificate, number: Option<u64>) -> Vec<Extension> {
    let mut list = vec![Extension {
        oid: rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
        critical: false,
        value: extension::authority_key_id(&issuer.issuing_key_id()),
    }];
    if let Some(number) = number {
        let mut value = Vec::new();
        asn1::push_unsigned(&mut value, &number.to_be_bytes());
        list.push(Extension { oid: rfc5280::ID_CE_CRL_NUMBER, critical: false, value });
    }
    list
}

fn push_entry(out: &mut Vec<u8>, entry: &Revoked, reasons: bool) {
    // Serial number, time and reason have at most 22, 17 and 14 octets, so the length has one.
    let start = out.len();
    out.extend([asn1::SEQUENCE, 0]);
    asn1::push_unsigned(out, entry.serial.as_octets());
    asn1::push_time(out, entry.at);
    // RFC 5280 section 5.3.1: removeFromCRL appears in delta CRLs only.
    let told = !matches!(entry.reason, Reason::Unspecified | Reason::RemoveFromCrl);
    if reasons && told {
        out.extend(REASON_ALONE);
        out.push(entry.reason.code());
    }
    let length = out.len() - start - 2;
    if let (Some(octet), Ok(length)) = (out.get_mut(start + 1), u8::try_from(length)) {
        *octet = length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SerialNumber;
    use crate::pki::testing::{now, sealed_root};
    use proptest::prelude::*;

    fn written(entries: &[Revoked], reasons: bool) -> CrlEntries {
        CrlEntries::write(entries.iter().cloned(), reasons).unwrap()
    }

    fn revoked(serial: u8, reason: Reason) -> Revoked {
        Revoked { serial: SerialNumber::from_octets(&[serial]).unwrap(), at: now(), reason }
    }

    #[test]
    fn fabrics_shape_has_nothing_but_the_authority_key_id() {
        let (key, root) = sealed_root();
        let entries = [revoked(0x80, Reason::KeyCompromise), revoked(7, Reason::Unspecified)];
        let next = now().plus(86_400);
        let draft = draft_crl(&root, &written(&entries, false), None, now(), next).unwrap();
        let signature = key.sign(draft.to_be_signed());
        let crl = draft.seal(&signature).unwrap();
        assert_eq!(crl.verify_signed_by(root.public_key()), Ok(()));
        assert_eq!(crl.number(), None);
        assert_eq!(crl.head().authority_key_id, root.subject_key_id());
        assert_eq!(crl.head().next_update, Some(next));
        let found: Vec<_> = crl.entries().collect();
        assert_eq!(found, [revoked(0x80, Reason::Unspecified), revoked(7, Reason::Unspecified)]);
        assert_eq!(Crl::from_pem(&crl.to_pem()).unwrap(), crl);
    }

    #[test]
    fn a_list_without_entries_is_absent() {
        let (key, root) = sealed_root();
        let none = written(&[], true);
        let draft = draft_crl(&root, &none, Some(u64::MAX), now(), now().plus(60)).unwrap();
        let signature = key.sign(draft.to_be_signed());
        let crl = draft.seal(&signature).unwrap();
        assert!(crl.is_empty());
        assert_eq!(crl.number(), Some(u64::MAX));
    }

    #[test]
    fn a_crl_that_is_never_due_again_is_not_drafted() {
        let (_, root) = sealed_root();
        let refused = draft_crl(&root, &written(&[], false), None, now(), now()).unwrap_err();
        assert!(matches!(refused, DraftCrlError::Lint(found) if found[0].code == "next-update"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            entries in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 1..20), 0_i64..253_402_300_800, 0_u8..11), 0..20),
            number: Option<u64>,
        ) {
            let (key, root) = sealed_root();
            let entries: Vec<_> = entries
                .into_iter()
                .filter_map(|(octets, seconds, code)| Some(Revoked {
                    serial: SerialNumber::from_octets(&octets).ok()?,
                    at: Timestamp::from_unix(seconds),
                    reason: Reason::from_code(code).filter(|r| *r != Reason::RemoveFromCrl)?,
                }))
                .collect();
            let list = written(&entries, true);
            let draft = draft_crl(&root, &list, number, now(), now().plus(60)).unwrap();
            let signature = key.sign(draft.to_be_signed());
            let crl = draft.seal(&signature).unwrap();
            prop_assert_eq!(crl.entries().collect::<Vec<_>>(), entries);
            prop_assert_eq!(crl.number(), number);
        }
    }
}
