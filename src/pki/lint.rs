//! What a relying party would refuse, asked before signing, and again of what was signed.
//!
//! Most of what a certificate may not be cannot be written or read here at all: a weak key, a serial
//! number of more than 20 octets, an extension that stands twice, DER that is not strict.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;

use super::attribute::{ATTRIBUTES_OID, Attributes};
use super::crl::CrlHead;
use super::name::{self, Field};
use super::tbs::TbsCertificate;
use crate::clock::Timestamp;

/// Fabric's rules, as its nodes apply them when they set up an MSP and validate identities.
const FABRIC: &str = "Fabric MSP";

/// The OUs by which Fabric's nodes know a member's role.
const ROLES: [&str; 4] = ["client", "peer", "admin", "orderer"];

/// One thing that a relying party would refuse or stumble over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, e.g. `authority-key-id`.
    pub code: &'static str,
    /// Whose rule it is: an RFC and its section, or Fabric.
    pub source: &'static str,
    /// What was found.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code, self.detail, self.source)
    }
}

/// What is asked of a certificate beyond what is asked of every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It is valid at this instant or earlier.
    StartedBy(Timestamp),
    /// It is still valid at this instant.
    LastsUntil(Timestamp),
    /// It has alternative names, as TLS needs them.
    AlternativeNames,
    /// Its names have the forms of RFC 5280: host names, mailboxes, URIs of a host; a printable
    /// serial number of the subject.
    ProperNames,
    /// Exactly one of its OUs is a role.
    OneRole,
    /// It is for TLS servers, if it says at all what it is for.
    ServerAuth,
}

/// Lints a certificate, or what is to become one, against its issuer; a root is its own.
pub fn lint_certificate(
    certificate: &TbsCertificate,
    issuer: &TbsCertificate,
    demands: &[Demand],
) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    lint_frame(certificate, issuer, &mut found);
    lint_key_ids(certificate, issuer, &mut found);
    lint_usages(certificate, &mut found);
    lint_names(certificate, &mut found);
    for demand in demands {
        lint_demand(certificate, *demand, &mut found);
    }
    found.0
}

/// Lints a CRL, or what is to become one, against its issuer.
pub fn lint_crl(crl: &CrlHead, issuer: &TbsCertificate) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    found.when(crl.issuer != issuer.subject_der(), "issuer-name", "RFC 5280 5.1.2.3", || {
        "the CRL's issuer is not the subject of its issuer's certificate".into()
    });
    // One CRL without it makes every identity of an MSP invalid.
    found.when(crl.authority_key_id.is_none(), "authority-key-id", FABRIC, || {
        "the CRL has no authority key identifier".into()
    });
    let other = crl.authority_key_id.as_ref().is_some_and(|id| *id != issuer.issuing_key_id());
    found.when(other, "authority-key-id", "RFC 5280 5.2.1", || {
        "the CRL's authority key identifier is not its issuer's key".into()
    });
    let reversed = crl.next_update.is_none_or(|next| next <= crl.this_update);
    found.when(reversed, "next-update", "RFC 5280 5.1.2.5", || {
        "the CRL has no next update later than this one".into()
    });
    let may_not = issuer.key_usage().is_some_and(|usage| !usage.crl_sign());
    found.when(may_not, "issuer-usage", "RFC 5280 4.2.1.3", || {
        "the issuer's key is not for signing CRLs".into()
    });
    found.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn when(
        &mut self,
        wrong: bool,
        code: &'static str,
        source: &'static str,
        detail: impl FnOnce() -> String,
    ) {
        if wrong {
            self.0.push(Finding { code, source, detail: detail() });
        }
    }
}

fn lint_frame(certificate: &TbsCertificate, issuer: &TbsCertificate, found: &mut Findings) {
    let octets = certificate.serial().as_octets().len();
    found.when(octets < 8, "serial-number", "CA/Browser Forum BR 7.1", || {
        format!("the serial number has {octets} octets, fewer than 8")
    });
    let (start, end) = (certificate.not_before(), certificate.not_after());
    found.when(start >= end, "validity", "RFC 5280 4.1.2.5", || {
        format!("it starts at {start} and ends at {end}")
    });
    let (first, last) = (issuer.not_before(), issuer.not_after());
    // Go checks the issuer at the certificate's own start, so starting early is invalid for ever.
    found.when(start < first || last < end, "validity-nesting", FABRIC, || {
        format!("it is valid from {start} to {end}, its issuer from {first} to {last}")
    });
    let empty = |name: &[u8]| name == [0x30, 0];
    found.when(empty(certificate.issuer_der()), "issuer-name", "RFC 5280 4.1.2.4", || {
        "the issuer's name is empty".into()
    });
    found.when(empty(certificate.subject_der()), "subject-name", "RFC 5280 4.1.2.6", || {
        "the subject's name is empty".into()
    });
    let foreign = certificate.issuer_der() != issuer.subject_der();
    found.when(foreign, "issuer-name", "RFC 5280 6.1.3", || {
        "the issuer's name is not the subject of its certificate".into()
    });
    let usable = issuer.is_ca() && issuer.key_usage().is_none_or(|usage| usage.key_cert_sign());
    found.when(!usable, "issuer-usage", "RFC 5280 6.1.4", || {
        "the issuer is no CA, or its key is not for signing certificates".into()
    });
}

fn lint_key_ids(certificate: &TbsCertificate, issuer: &TbsCertificate, found: &mut Findings) {
    let missing = certificate.is_ca() && certificate.subject_key_id().is_none();
    found.when(missing, "subject-key-id", "RFC 5280 4.2.1.2", || {
        "a CA certificate has no subject key identifier".into()
    });
    let self_issued = certificate.subject_der() == certificate.issuer_der();
    match certificate.authority_key_id() {
        None => found.when(!self_issued, "authority-key-id", "RFC 5280 4.2.1.1", || {
            "it has no authority key identifier".into()
        }),
        Some(id) => {
            let wanted = issuer.issuing_key_id();
            found.when(id != wanted, "authority-key-id", "RFC 5280 4.2.1.1", || {
                format!("its authority key identifier is {id}, its issuer's key is {wanted}")
            });
        }
    }
}

fn lint_usages(certificate: &TbsCertificate, found: &mut Findings) {
    let ca = certificate.is_ca();
    let usage = certificate.key_usage();
    let signs = usage.is_some_and(|usage| usage.key_cert_sign());
    found.when(ca && !signs, "key-usage", "RFC 5280 4.2.1.9", || {
        "a CA certificate's key is not said to sign certificates".into()
    });
    found.when(!ca && signs, "key-usage", "RFC 5280 4.2.1.3", || {
        "a key that signs certificates has no CA certificate".into()
    });
    let empty = usage.is_some_and(|usage| usage.0.is_empty());
    found.when(empty, "key-usage", "RFC 5280 4.2.1.3", || "the key usage names no use".into());
    let path_length = certificate.path_length();
    found.when(!ca && path_length.is_some(), "path-length", "RFC 5280 4.2.1.9", || {
        "a path length stands in no CA certificate".into()
    });
    for (oid, name) in [
        (rfc5280::ID_CE_BASIC_CONSTRAINTS, "the basic constraints"),
        (rfc5280::ID_CE_KEY_USAGE, "the key usage"),
    ] {
        let lax = ca && !certificate.extension(oid).is_some_and(|extension| extension.critical);
        found.when(lax, "criticality", "RFC 5280 4.2.1", || {
            format!("{name} of a CA certificate are missing or not critical")
        });
    }
    let never = [
        rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
        rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
        rfc5280::ID_PE_AUTHORITY_INFO_ACCESS,
    ];
    let strict = certificate.extensions().iter().find(|e| e.critical && never.contains(&e.oid));
    found.when(strict.is_some(), "criticality", "RFC 5280 4.2.1", || {
        "a key identifier or access description is critical".into()
    });
    if let Some(oid) = certificate.unknown_critical() {
        found.when(true, "critical-extension", "RFC 5280 4.2", || {
            format!("the critical extension {oid} is not known to relying parties")
        });
    }
}

fn lint_names(certificate: &TbsCertificate, found: &mut Findings) {
    found.when(certificate.subject().is_err(), "subject-name", "RFC 5280 4.1.2.4", || {
        "a field of the subject is no text".into()
    });
    match certificate.alternative_names() {
        Ok(names) => {
            let present = certificate.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME).is_some();
            found.when(
                present && names.is_empty(),
                "alternative-names",
                "RFC 5280 4.2.1.6",
                || "the list of alternative names is empty".into(),
            );
        }
        Err(error) => {
            let detail = error.to_string();
            found.when(true, "alternative-names", "RFC 5280 4.2.1.6", || detail);
        }
    }
    if let Some(extension) = certificate.extension(ATTRIBUTES_OID) {
        let wrong = Attributes::from_json(&extension.value).is_err();
        found.when(wrong, "attributes", "Fabric attribute manager", || {
            "the attribute extension is no JSON of texts".into()
        });
    }
}

fn lint_demand(certificate: &TbsCertificate, demand: Demand, found: &mut Findings) {
    match demand {
        Demand::StartedBy(at) => {
            let start = certificate.not_before();
            found.when(start > at, "not-yet-valid", "RFC 5280 4.1.2.5", || {
                format!("it starts at {start}, after {at}")
            });
        }
        Demand::LastsUntil(at) => {
            let end = certificate.not_after();
            found.when(end < at, "expired", "RFC 5280 4.1.2.5", || {
                format!("it ends at {end}, before {at}")
            });
        }
        Demand::AlternativeNames => {
            let none = certificate.alternative_names().is_ok_and(|names| names.is_empty());
            found.when(none, "alternative-names", "RFC 9525 2", || {
                "it is for TLS and has no alternative name".into()
            });
        }
        Demand::ProperNames => {
            for alternative in certificate.alternative_names().unwrap_or_default() {
                found.when(
                    !alternative.is_proper(),
                    "alternative-name",
                    "RFC 5280 4.2.1.6",
                    || format!("`{alternative}` is no proper host name, mailbox or URI"),
                );
            }
            let subject = certificate.subject().unwrap_or_default();
            let mut numbers = subject.values(Field::SerialNumber);
            let wrong = numbers.any(|number| !number.bytes().all(name::is_printable));
            found.when(wrong, "subject-name", "RFC 5280 A.1", || {
                "the subject's serialNumber is no PrintableString".into()
            });
        }
        Demand::OneRole => {
            let subject = certificate.subject().unwrap_or_default();
            let units = subject.values(Field::OrganizationalUnit);
            let roles: Vec<_> = units.filter(|unit| ROLES.contains(unit)).collect();
            found.when(roles.len() != 1, "role", FABRIC, || {
                format!("its OUs name {} roles [{}] instead of one", roles.len(), roles.join(", "))
            });
        }
        Demand::ServerAuth => {
            // Go wants it of every certificate in a chain, members' among them.
            const ACCEPTED: [ObjectIdentifier; 2] =
                [rfc5280::ID_KP_SERVER_AUTH, rfc5280::ANY_EXTENDED_KEY_USAGE];
            let usages = certificate.extended_key_usages().unwrap_or_default();
            let wrong = !usages.is_empty() && !usages.iter().any(|oid| ACCEPTED.contains(oid));
            found.when(wrong, "extended-key-usage", FABRIC, || {
                "its extended key usages lack serverAuth, so Fabric's nodes refuse it".into()
            });
        }
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
