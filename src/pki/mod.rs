//! DER, CSR, certificate, CRL, chain, signature check, lints, drafts.
//!
//! Invariant: nothing here reads a clock, a file or a log, and nothing waits. What octets from
//! outside may cost is bounded before they are looked at.

mod algorithm;
mod alternative;
mod asn1;
mod attribute;
mod calendar;
mod certificate;
mod chain;
mod crl;
mod csr;
mod draft;
mod draft_certificate;
mod draft_crl;
mod draft_request;
mod extension;
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod lint;
mod name;
pub mod pem;
pub mod profile;
mod reason;
pub mod signature;
mod tbs;
#[cfg(test)]
mod testing;
mod write_certificate;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use alternative::{AlternativeName, AlternativeNameError, MAX_ALTERNATIVE_NAMES};
pub use asn1::Malformed;
pub(crate) use asn1::{Element, next_element};
pub use attribute::{ATTRIBUTES_OID, Attributes, AttributesError};
pub use certificate::{Certificate, MAX_CERTIFICATE};
pub use chain::{Budget, ChainError, Path, chain};
pub use crl::{Crl, CrlError, CrlHead, MAX_CRL, Revoked};
pub use csr::{Csr, CsrError, MAX_CSR};
pub use draft::{Draft, SealError, Sealable};
pub use draft_certificate::{Order, ProfileError};
pub use draft_crl::{CrlEntries, DraftCrlError, draft_crl};
pub use draft_request::{Asking, draft_request};
pub use extension::{Extension, Purpose, Usage};
pub use key::{KeyError, PublicKey};
pub use lint::{Demand, Finding, lint_certificate, lint_crl};
pub use name::{Field, Subject, SubjectError};
pub use profile::{BadProfile, Options as ProfileOptions, Profile};
pub use reason::{Reason, UnknownReason};
pub use signature::SignatureError;
pub use tbs::{CertificateError, TbsCertificate};
pub use x509_cert::ext::pkix::KeyUsage;
