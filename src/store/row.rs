//! Rows that others hold: identities and certificates.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{Affiliation, CaName, EnrollmentId, KeyId, SerialNumber};

/// An attribute of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name, e.g. `hf.Registrar.Roles`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether a certificate carries it without being asked to.
    #[serde(default)]
    pub ecert: bool,
}

/// A registered identity.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The CA that it is registered at.
    pub ca: CaName,
    /// Its name there.
    pub id: EnrollmentId,
    /// Its type in Fabric's words, e.g. `peer`.
    pub kind: String,
    /// Where it belongs.
    pub affiliation: Affiliation,
    /// In the order in which they were given.
    pub attributes: Vec<Attribute>,
    /// What proves the enrollment secret; opaque here.
    pub secret: String,
    /// How often it may enroll: -1 without limit, 0 never.
    pub max_enrollments: i64,
    /// How often it enrolled. Written by intents alone.
    pub enrollments: i64,
    /// Since when it is revoked. Written by [`RevokeIdentity`](super::Change::RevokeIdentity) alone.
    pub revoked_at: Option<Timestamp>,
    /// Counts the changes; what is written must have been read at this version. Enrolling is no change.
    pub version: i64,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl fmt::Debug for Identity {
    // Without the secret and the attributes' values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("ca", &self.ca)
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("affiliation", &self.affiliation)
            .field("max_enrollments", &self.max_enrollments)
            .field("enrollments", &self.enrollments)
            .field("revoked_at", &self.revoked_at)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// The CA that issued it.
    pub ca: CaName,
    /// The key identifier of the issuer that signed it.
    pub issuer: KeyId,
    /// Its serial number; unique for an issuer.
    pub serial: SerialNumber,
    /// Whose it is; empty when it is the CA's own.
    pub enrollment_id: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why it is revoked. [RFC 5280 section 5.3.1](https://www.rfc-editor.org/rfc/rfc5280#section-5.3.1)
    pub reason_code: Option<i64>,
}

impl CertificateRow {
    /// Where a list goes on after this one.
    pub fn cursor(&self) -> CertificateCursor {
        CertificateCursor { issuer: self.issuer.clone(), serial: self.serial.clone() }
    }
}

/// The last certificate of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateCursor {
    /// Its issuer.
    pub issuer: KeyId,
    /// Its serial number.
    pub serial: SerialNumber,
}
