//! The keys and signatures that we speak, and their object identifiers.

use std::fmt;

use aws_lc_rs::signature as aws;
use aws_lc_rs::signature::VerificationAlgorithm;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;
use const_oid::db::rfc8410;
use serde::{Deserialize, Serialize};

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
    /// Ed25519. [RFC 8410](https://www.rfc-editor.org/rfc/rfc8410)
    Ed25519,
    /// RSA, with PKCS#1 v1.5 signatures.
    Rsa {
        /// The length of the modulus: 2048 to 8192.
        bits: u32,
    },
}

impl KeyAlgorithm {
    /// The octets of one coordinate or scalar; `None` for what is no curve of ECDSA.
    pub fn field_octets(self) -> Option<usize> {
        match self {
            Self::P256 => Some(32),
            Self::P384 => Some(48),
            Self::Ed25519 | Self::Rsa { .. } => None,
        }
    }

    /// The named curve's identifier. [RFC 5480 section 2.1.1.1](https://www.rfc-editor.org/rfc/rfc5480#section-2.1.1.1)
    pub(crate) fn curve(self) -> Option<ObjectIdentifier> {
        match self {
            Self::P256 => Some(rfc5912::SECP_256_R_1),
            Self::P384 => Some(rfc5912::SECP_384_R_1),
            Self::Ed25519 | Self::Rsa { .. } => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
        }
    }
}

/// How a signature was made. Our issuers use those of [`SignatureAlgorithm::for_key`]; requests and
/// the certificates of others may use any. SHA-1 is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignatureAlgorithm {
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RsaSha384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RsaSha512,
    /// Ed25519, which hashes by itself.
    Ed25519,
}

impl SignatureAlgorithm {
    /// What an issuer with such a key signs with.
    pub fn for_key(key: KeyAlgorithm) -> Self {
        match key {
            KeyAlgorithm::P256 => Self::EcdsaSha256,
            KeyAlgorithm::P384 => Self::EcdsaSha384,
            KeyAlgorithm::Ed25519 => Self::Ed25519,
            KeyAlgorithm::Rsa { .. } => Self::RsaSha256,
        }
    }

    /// The algorithm of this identifier, when it is one of ours.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.oid() == oid)
    }

    /// Its identifier. [RFC 5758 section 3.2](https://www.rfc-editor.org/rfc/rfc5758#section-3.2),
    /// [RFC 4055 section 5](https://www.rfc-editor.org/rfc/rfc4055#section-5)
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::EcdsaSha256 => rfc5912::ECDSA_WITH_SHA_256,
            Self::EcdsaSha384 => rfc5912::ECDSA_WITH_SHA_384,
            Self::EcdsaSha512 => rfc5912::ECDSA_WITH_SHA_512,
            Self::RsaSha256 => rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            Self::RsaSha384 => rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
            Self::RsaSha512 => rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
            Self::Ed25519 => rfc8410::ID_ED_25519,
        }
    }

    /// The DER of its `AlgorithmIdentifier`: parameters NULL for RSA, absent for the others.
    pub fn identifier_der(self) -> &'static [u8] {
        match self {
            Self::EcdsaSha256 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            Self::EcdsaSha384 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
            Self::EcdsaSha512 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04",
            Self::RsaSha256 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
            Self::RsaSha384 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00",
            Self::RsaSha512 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00",
            Self::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
        }
    }

    /// The algorithm whose `AlgorithmIdentifier` has exactly this DER.
    pub fn from_identifier_der(der: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.identifier_der() == der)
    }

    const ALL: [Self; 7] = [
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::Ed25519,
    ];
}

/// What verifies signatures of this algorithm under a key of this kind; `None` when they do not go
/// together.
pub(super) fn verifier(
    key: KeyAlgorithm,
    algorithm: SignatureAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    use SignatureAlgorithm as S;
    Some(match (key, algorithm) {
        (KeyAlgorithm::P256, S::EcdsaSha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (KeyAlgorithm::P256, S::EcdsaSha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (KeyAlgorithm::P256, S::EcdsaSha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (KeyAlgorithm::P384, S::EcdsaSha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (KeyAlgorithm::P384, S::EcdsaSha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (KeyAlgorithm::P384, S::EcdsaSha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (KeyAlgorithm::Ed25519, S::Ed25519) => &aws::ED25519,
        (KeyAlgorithm::Rsa { .. }, S::RsaSha256) => &aws::RSA_PKCS1_2048_8192_SHA256,
        (KeyAlgorithm::Rsa { .. }, S::RsaSha384) => &aws::RSA_PKCS1_2048_8192_SHA384,
        (KeyAlgorithm::Rsa { .. }, S::RsaSha512) => &aws::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::{Decode as _, Encode as _};
    use spki::AlgorithmIdentifierOwned;

    #[test]
    fn identifiers_are_written_as_they_are_named() {
        for algorithm in SignatureAlgorithm::ALL {
            let der = algorithm.identifier_der();
            let parsed = AlgorithmIdentifierOwned::from_der(der).unwrap();
            assert_eq!(parsed.oid, algorithm.oid());
            assert_eq!(parsed.to_der().unwrap(), der);
            assert_eq!(SignatureAlgorithm::from_oid(parsed.oid), Some(algorithm));
            assert_eq!(SignatureAlgorithm::from_identifier_der(der), Some(algorithm));
        }
        assert_eq!(SignatureAlgorithm::from_oid(rfc5912::SHA_1_WITH_RSA_ENCRYPTION), None);
    }
}
