//! A certification request: one whose signature proved that the sender has the key.
//! [RFC 2986](https://www.rfc-editor.org/rfc/rfc2986)

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc5912};
use der::Decode as _;
use x509_cert::ext::pkix::BasicConstraints;

use super::algorithm::SignatureAlgorithm;
use super::alternative::{self, AlternativeName, AlternativeNameError};
use super::asn1::{self, Malformed, Reader};
use super::extension;
use super::key::{KeyError, PublicKey};
use super::name::Subject;
use super::pem;
use super::signature::{self, SignatureError};

/// The largest request that is read, in octets of DER.
pub const MAX_CSR: usize = 64 * 1024;

/// The most attributes of a request.
const MAX_ATTRIBUTES: usize = 16;

/// The PEM label that we write; the second is an old one that some clients send.
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// Why text is no request that can be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// No PEM block at all.
    #[error("the certificate request is no PEM")]
    NotPem,
    /// A block of another label.
    #[error("the PEM block is no certificate request")]
    Label,
    /// Larger than 64 KiB.
    #[error("the certificate request is larger than 65536 octets")]
    TooLarge,
    /// Not the DER that it should be.
    #[error("{0} in the certificate request")]
    Malformed(#[from] Malformed),
    /// Its basic constraints are not the DER that they should be.
    #[error("the basic constraints of the certificate request are malformed")]
    BasicConstraints,
    /// Its alternative names are malformed, or too many.
    #[error(transparent)]
    AlternativeNames(AlternativeNameError),
    /// A signature that we do not speak, such as one with SHA-1.
    #[error("the certificate request has a signature algorithm that is not accepted: {0}")]
    Algorithm(ObjectIdentifier),
    /// Its key is weak or none that we speak.
    #[error(transparent)]
    WeakKey(#[from] KeyError),
    /// The signature is not that of its key: the sender has not proved to have it.
    #[error("the signature of the certificate request does not verify")]
    BadSignature,
}

/// A PKCS#10 request whose signature verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Csr {
    der: Vec<u8>,
    info: Vec<u8>,
    subject: Subject,
    public_key: PublicKey,
    alternative_names: Vec<AlternativeName>,
    basic_constraints: Option<(bool, Option<u8>)>,
}

impl Csr {
    /// Reads the first PEM block of a text.
    ///
    /// # Errors
    /// When there is none, it is no request, something in it is malformed, beyond its bounds, weak,
    /// or its signature does not verify.
    pub fn from_pem(text: &str) -> Result<Self, CsrError> {
        if text.len() > 2 * MAX_CSR {
            return Err(CsrError::TooLarge);
        }
        let block = pem::blocks(text).next().ok_or(CsrError::NotPem)?;
        if !LABELS.contains(&block.label.as_str()) {
            return Err(CsrError::Label);
        }
        Self::from_der(&block.der)
    }

    /// Reads DER.
    ///
    /// # Errors
    /// As [`Csr::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > MAX_CSR {
            return Err(CsrError::TooLarge);
        }
        let mut reader = Reader::inside(der, asn1::SEQUENCE, "the frame")?;
        let info = reader.expect(asn1::SEQUENCE)?.whole;
        let algorithm = algorithm(reader.enter(asn1::SEQUENCE, "the signature algorithm")?)?;
        let signature = reader.bits()?;
        reader.end()?;

        let csr = Self::read_info(der, info)?;
        match signature::verify(&csr.public_key, algorithm, info, signature) {
            Ok(()) => Ok(csr),
            Err(SignatureError::WrongKind) => Err(CsrError::Algorithm(algorithm.oid())),
            Err(SignatureError::Wrong | SignatureError::Malformed) => Err(CsrError::BadSignature),
        }
    }

    fn read_info(der: &[u8], info: &[u8]) -> Result<Self, CsrError> {
        let mut reader = Reader::inside(info, asn1::SEQUENCE, "the signed part")?;
        if reader.number()? != 0 {
            return reader.fail()?;
        }
        let subject = Subject::read(reader.expect(asn1::SEQUENCE)?.whole)?;
        let public_key = PublicKey::from_spki(reader.expect(asn1::SEQUENCE)?.whole)?;
        let mut csr = Self {
            der: der.to_vec(),
            info: info.to_vec(),
            subject,
            public_key,
            alternative_names: Vec::new(),
            basic_constraints: None,
        };
        // RFC 2986 wants the attributes even when there are none; some clients leave them out.
        if let Some(attributes) = reader.optional(asn1::constructed(0))? {
            csr.read_attributes(Reader::new(attributes.content, "an attribute"))?;
        }
        reader.end()?;
        Ok(csr)
    }

    fn read_attributes(&mut self, mut attributes: Reader<'_>) -> Result<(), CsrError> {
        let mut count = 0;
        let mut extensions = None;
        while !attributes.is_empty() {
            count += 1;
            if count > MAX_ATTRIBUTES {
                return attributes.fail()?;
            }
            let mut attribute = attributes.enter(asn1::SEQUENCE, "an attribute")?;
            let oid = attribute.oid()?;
            let mut values = attribute.enter(asn1::SET, "an attribute")?;
            attribute.end()?;
            if oid != rfc5912::ID_EXTENSION_REQ {
                continue;
            }
            let list = values.expect(asn1::SEQUENCE)?.whole;
            values.end()?;
            if extensions.replace(list).is_some() {
                return attributes.fail()?;
            }
        }
        // Only these two are heeded; what else a request asks for is the profile's to give.
        for extension in extensions.map_or(Ok(Vec::new()), extension::read)? {
            match extension.oid {
                rfc5280::ID_CE_SUBJECT_ALT_NAME => {
                    self.alternative_names =
                        alternative::read(&extension.value).map_err(CsrError::AlternativeNames)?;
                }
                rfc5280::ID_CE_BASIC_CONSTRAINTS => {
                    let found = BasicConstraints::from_der(&extension.value)
                        .map_err(|_| CsrError::BasicConstraints)?;
                    self.basic_constraints = Some((found.ca, found.path_len_constraint));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The whole request.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The request as PEM, with a line feed at its end.
    pub fn to_pem(&self) -> String {
        pem::encode(LABELS[0], &self.der)
    }

    /// The part that is signed, a `CertificationRequestInfo`.
    pub(super) fn info(&self) -> &[u8] {
        &self.info
    }

    /// The subject that it asks for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The key, which the sender has.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The alternative names that it asks for.
    pub fn alternative_names(&self) -> &[AlternativeName] {
        &self.alternative_names
    }

    /// The basic constraints that it asks for: CA, and path length.
    pub fn basic_constraints(&self) -> Option<(bool, Option<u8>)> {
        self.basic_constraints
    }

    /// Whether it asks for the certificate of a CA.
    pub fn asks_for_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|(ca, _)| ca)
    }
}

impl fmt::Debug for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Csr({:?}, {:?})", self.subject, self.public_key)
    }
}

/// An `AlgorithmIdentifier`. Clients differ over absent and NULL parameters, which mean the same.
fn algorithm(mut identifier: Reader<'_>) -> Result<SignatureAlgorithm, CsrError> {
    let oid = identifier.oid()?;
    if !identifier.is_empty() && identifier.any()?.whole != [5, 0] {
        return identifier.fail()?;
    }
    identifier.end()?;
    SignatureAlgorithm::from_oid(oid).ok_or(CsrError::Algorithm(oid))
}

#[cfg(test)]
#[path = "csr_tests.rs"]
mod tests;
