//! A certificate: read strictly, within bounds, with what Fabric reads out of it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use super::algorithm::SignatureAlgorithm;
use super::asn1::{self, Malformed, Reader};
use super::key::{PublicKey, sha256};
use super::pem;
use super::signature::{self, SignatureError};
use super::tbs::{CertificateError, TbsCertificate};

/// The largest certificate that is read, in octets.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

/// The PEM label of a certificate.
const LABEL: &str = "CERTIFICATE";

/// An X.509 certificate of version 3. Whether it is valid, and whose it is, is not its matter. It
/// shows the fields of its [`TbsCertificate`] as its own. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    tbs: TbsCertificate,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// When it is larger than 64 KiB, malformed, or holds a key or signature that we do not speak.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLarge);
        }
        let mut reader = Reader::inside(der, asn1::SEQUENCE, "the frame")?;
        let tbs = reader.expect(asn1::SEQUENCE)?.whole;
        let identifier = reader.expect(asn1::SEQUENCE)?.whole;
        let signature = reader.bits()?.to_vec();
        reader.end()?;

        let tbs = TbsCertificate::from_der(tbs)?;
        // RFC 5280 section 4.1.1.2: the algorithm outside the signature is that inside of it.
        let algorithm = tbs.algorithm();
        if identifier != algorithm.identifier_der() {
            return Err(Malformed("the signature algorithm").into());
        }
        Ok(Self(Arc::new(Inner { der: der.to_vec(), tbs, algorithm, signature })))
    }

    /// Reads text that holds exactly one PEM block, a certificate; text around it does not matter.
    ///
    /// # Errors
    /// When it does not, or as [`Certificate::from_der`].
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let mut chain = Self::chain_from_pem(text, 1)?;
        chain.pop().ok_or(CertificateError::NotPem)
    }

    /// Reads text that holds one to `max` PEM blocks, all certificates, in their order.
    ///
    /// # Errors
    /// When it does not, or as [`Certificate::from_der`].
    pub fn chain_from_pem(text: &str, max: usize) -> Result<Vec<Self>, CertificateError> {
        // base64 and line feeds make of three octets a little more than four.
        if text.len() > max.saturating_mul(2 * MAX_CERTIFICATE) {
            return Err(CertificateError::TooLarge);
        }
        let mut chain = Vec::new();
        for block in pem::blocks(text) {
            if block.label != LABEL {
                return Err(CertificateError::NotPem);
            }
            if chain.len() == max {
                return Err(CertificateError::TooMany(max));
            }
            chain.push(Self::from_der(&block.der)?);
        }
        if chain.is_empty() { Err(CertificateError::NotPem) } else { Ok(chain) }
    }

    /// The whole certificate.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as PEM, with a line feed at its end.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, self.der())
    }

    /// The part that is signed.
    pub fn tbs(&self) -> &TbsCertificate {
        &self.0.tbs
    }

    /// How it was signed.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm
    }

    /// The signature's octets; of ECDSA a DER `ECDSA-Sig-Value`.
    pub fn signature(&self) -> &[u8] {
        &self.0.signature
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(self.der())
    }

    /// Checks the signature under a key.
    ///
    /// # Errors
    /// When it is not that of the key.
    pub fn verify_signed_by(&self, key: &PublicKey) -> Result<(), SignatureError> {
        signature::verify(key, self.0.algorithm, self.0.tbs.der(), &self.0.signature)
    }
}

/// The fields of the part that is signed read as the certificate's own.
impl Deref for Certificate {
    type Target = TbsCertificate;

    fn deref(&self) -> &TbsCertificate {
        &self.0.tbs
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.serial(), self.subject_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use x509_cert::der::{Decode as _, Encode as _};

    /// Issued by Fabric CA 1.5.
    const FABRIC: &str = include_str!("testdata/fabric-member.pem");
    const FABRIC_ROOT: &str = include_str!("testdata/fabric-root.pem");

    #[test]
    fn what_fabric_ca_issued_is_read() {
        let root = Certificate::from_pem(FABRIC_ROOT).unwrap();
        assert!(root.is_ca());
        assert_eq!(root.path_length(), Some(1));
        assert_eq!(root.subject_der(), root.issuer_der());
        assert!(root.key_usage().unwrap().key_cert_sign());
        assert_eq!(root.subject_key_id(), Some(root.public_key().key_id()));
        assert_eq!(root.authority_key_id(), None);
        assert_eq!(root.verify_signed_by(root.public_key()), Ok(()));

        let member = Certificate::from_pem(FABRIC).unwrap();
        assert_eq!(member.serial().to_string(), "3ee207facdc630403c26fa6f4ade31049d5d527a");
        assert_eq!(member.common_name(), Some("c5cd7f-u-zzkfkr"));
        assert_eq!(member.authority_key_id(), root.subject_key_id());
        assert_eq!(member.not_before(), root.not_before());
        assert_eq!(member.not_after().to_string(), "2027-11-22T05:27:00Z");
        assert!(!member.is_ca());
        assert_eq!(member.attributes().unwrap().get("hf.Type"), Some("peer"));
        assert_eq!(member.extended_key_usages(), None);
        assert_eq!(member.alternative_names().unwrap().len(), 5);
        assert_eq!(member.verify_signed_by(root.public_key()), Ok(()));
        assert_eq!(root.verify_signed_by(member.public_key()).unwrap_err(), SignatureError::Wrong);
        assert_eq!(member.to_pem(), FABRIC);
    }

    #[test]
    fn another_parser_reads_the_same() {
        let ours = Certificate::from_pem(FABRIC).unwrap();
        let theirs = x509_cert::Certificate::from_der(ours.der()).unwrap();
        let tbs = theirs.tbs_certificate();
        assert_eq!(tbs.serial_number().as_bytes(), ours.serial().as_octets());
        assert_eq!(tbs.issuer().to_der().unwrap(), ours.issuer_der());
        assert_eq!(tbs.subject().to_der().unwrap(), ours.subject_der());
        assert_eq!(tbs.subject_public_key_info().to_der().unwrap(), ours.public_key().spki_der());
        assert_eq!(tbs.extensions().unwrap().len(), ours.extensions().len());
        assert_eq!(tbs.to_der().unwrap(), ours.tbs().der());
    }

    #[test]
    fn one_certificate_is_exactly_one() {
        assert_eq!(Certificate::from_pem("").unwrap_err(), CertificateError::NotPem);
        let two = format!("{FABRIC}{FABRIC_ROOT}");
        assert_eq!(Certificate::from_pem(&two).unwrap_err(), CertificateError::TooMany(1));
        assert_eq!(Certificate::chain_from_pem(&two, 2).unwrap().len(), 2);
        let other = pem::encode("X509 CRL", &[0x30, 0]);
        assert_eq!(Certificate::from_pem(&other).unwrap_err(), CertificateError::NotPem);
        let large = vec![0; MAX_CERTIFICATE + 1];
        assert_eq!(Certificate::from_der(&large).unwrap_err(), CertificateError::TooLarge);
    }

    proptest! {
        #[test]
        fn mutated_certificates_do_not_make_the_parser_panic(
            changes in proptest::collection::vec((0_usize..900, any::<u8>()), 1..4),
            cut in 0_usize..900,
        ) {
            let mut der = Certificate::from_pem(FABRIC).unwrap().der().to_vec();
            for (position, octet) in changes {
                let position = position % der.len();
                der[position] = octet;
            }
            if let Ok(certificate) = Certificate::from_der(&der) {
                prop_assert_eq!(certificate.der(), &der[..]);
                let _ = certificate.attributes();
                let _ = certificate.alternative_names();
                let _ = certificate.subject();
                let _ = format!("{certificate:?}");
            }
            let _ = Certificate::from_der(&der[..cut.min(der.len())]);
        }
    }
}
