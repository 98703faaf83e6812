//! DER, CSR, certificate, CRL, chain, signature check, lints, drafts.
//!
//! Invariant: nothing here reads a clock, a file or a log, and nothing waits. What octets from
//! outside may cost is bounded before they are looked at.

mod algorithm;
mod alternative;
mod asn1;
mod attribute;
mod certificate;
mod csr;
mod extension;
mod key;
mod name;
pub mod pem;
mod reason;
pub mod signature;
mod tbs;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use alternative::{AlternativeName, AlternativeNameError, MAX_ALTERNATIVE_NAMES};
pub use asn1::Malformed;
pub use attribute::{ATTRIBUTES_OID, Attributes, AttributesError};
pub use certificate::{Certificate, MAX_CERTIFICATE};
pub use csr::{Csr, CsrError, MAX_CSR};
pub use extension::{Extension, Purpose, Usage};
pub use key::{KeyError, PublicKey};
pub use name::{Field, Subject, SubjectError};
pub use reason::{Reason, UnknownReason};
pub use signature::SignatureError;
pub use tbs::{CertificateError, TbsCertificate};
pub use x509_cert::ext::pkix::KeyUsage;
