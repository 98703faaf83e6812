//! The part of a certificate that is signed: read before the signature is made, and after.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::Decode;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
};

use super::algorithm::SignatureAlgorithm;
use super::alternative::{self, AlternativeName, AlternativeNameError};
use super::asn1::{self, Malformed, Reader};
use super::attribute::{ATTRIBUTES_OID, Attributes};
use super::extension::{self, Extension};
use super::key::{KeyError, PublicKey};
use super::name::{self, Field, Subject};
use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};

/// Why octets or text are no certificate of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text holds no PEM block, or one that is no certificate.
    #[error("the text is no PEM certificate")]
    NotPem,
    /// More certificates than wanted.
    #[error("there are more than {0} certificates")]
    TooMany(usize),
    /// Larger than 64 KiB.
    #[error("the certificate is larger than 65536 octets")]
    TooLarge,
    /// Not the DER that it should be.
    #[error("{0} of the certificate")]
    Malformed(#[from] Malformed),
    /// Its key is none that we speak.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Something that we do not speak, such as a signature with SHA-1.
    #[error("the certificate has {0}")]
    Unsupported(&'static str),
}

/// A `TBSCertificate` of version 3.
/// [RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TbsCertificate {
    der: Vec<u8>,
    serial: SerialNumber,
    algorithm: SignatureAlgorithm,
    issuer: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    subject: Vec<u8>,
    common_name: Option<String>,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usages: Option<Vec<ObjectIdentifier>>,
    subject_key_id: Option<KeyId>,
    authority_key_id: Option<KeyId>,
}

impl TbsCertificate {
    /// Reads DER. Bounds are the caller's.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let mut reader = Reader::inside(der, asn1::SEQUENCE, "the signed part")?;
        let mut version = reader.enter(asn1::constructed(0), "the version")?;
        if version.number()? != 2 {
            return Err(CertificateError::Unsupported("another version than 3"));
        }
        version.end()?;
        let serial = SerialNumber::from_octets(reader.unsigned()?)
            .map_err(|_| Malformed("the serial number"))?;
        let algorithm =
            SignatureAlgorithm::from_identifier_der(reader.expect(asn1::SEQUENCE)?.whole)
                .ok_or(CertificateError::Unsupported("a signature algorithm that is not known"))?;
        let issuer = reader.expect(asn1::SEQUENCE)?.whole;
        name::attributes(issuer)?;
        let mut validity = reader.enter(asn1::SEQUENCE, "the validity")?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        validity.end()?;
        let subject = reader.expect(asn1::SEQUENCE)?.whole;
        let common_name = common_name(subject)?;
        let public_key = PublicKey::from_spki(reader.expect(asn1::SEQUENCE)?.whole)?;
        // Unique identifiers of version 2; nobody reads them.
        reader.optional(asn1::primitive(1))?;
        reader.optional(asn1::primitive(2))?;
        let extensions = match reader.optional(asn1::constructed(3))? {
            Some(list) => extension::read(list.content)?,
            None => Vec::new(),
        };
        reader.end()?;

        let mut tbs = Self {
            der: der.to_vec(),
            serial,
            algorithm,
            issuer: issuer.to_vec(),
            not_before,
            not_after,
            subject: subject.to_vec(),
            common_name,
            public_key,
            extensions,
            basic_constraints: None,
            key_usage: None,
            extended_key_usages: None,
            subject_key_id: None,
            authority_key_id: None,
        };
        tbs.read_extensions()?;
        Ok(tbs)
    }

    fn read_extensions(&mut self) -> Result<(), Malformed> {
        let key_id =
            |octets: &[u8]| KeyId::from_octets(octets).map_err(|_| Malformed("a key identifier"));
        self.basic_constraints =
            self.decode(rfc5280::ID_CE_BASIC_CONSTRAINTS, "the basic constraints")?;
        self.key_usage = self.decode(rfc5280::ID_CE_KEY_USAGE, "the key usage")?;
        self.extended_key_usages = self
            .decode::<ExtendedKeyUsage>(rfc5280::ID_CE_EXT_KEY_USAGE, "the extended key usage")?
            .map(|usages| usages.0);
        self.subject_key_id = self
            .decode::<SubjectKeyIdentifier>(
                rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
                "the subject key identifier",
            )?
            .map(|id| key_id(id.0.as_bytes()))
            .transpose()?;
        self.authority_key_id = self
            .decode::<AuthorityKeyIdentifier>(
                rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
                "the authority key identifier",
            )?
            .and_then(|id| id.key_identifier)
            .map(|id| key_id(id.as_bytes()))
            .transpose()?;
        Ok(())
    }

    fn decode<'a, T: Decode<'a>>(
        &'a self,
        oid: ObjectIdentifier,
        what: &'static str,
    ) -> Result<Option<T>, Malformed> {
        let Some(extension) = self.extension(oid) else { return Ok(None) };
        T::from_der(&extension.value).map(Some).map_err(|_| Malformed(what))
    }

    /// The octets that are signed.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// How it says that it is signed.
    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The issuer's `Name`.
    pub fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// The subject's `Name`.
    pub fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    /// The issuer's name as people read it.
    pub fn issuer_text(&self) -> String {
        name::display(&self.issuer)
    }

    /// The subject's name as people read it.
    pub fn subject_text(&self) -> String {
        name::display(&self.subject)
    }

    /// The subject's common name, of several the last: the enrollment ID.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The fields of the subject that we know.
    ///
    /// # Errors
    /// When one of them is no text or holds a control character.
    pub fn subject(&self) -> Result<Subject, Malformed> {
        Subject::read(&self.subject)
    }

    /// The first instant of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last instant of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether `at` lies within the validity, both ends included.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// The subject's key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The subject key identifier, where there is one.
    pub fn subject_key_id(&self) -> Option<KeyId> {
        self.subject_key_id.clone()
    }

    /// The key identifier of the authority key identifier, where there is one.
    pub fn authority_key_id(&self) -> Option<KeyId> {
        self.authority_key_id.clone()
    }

    /// What certificates and CRLs that this key signs name it by: its subject key identifier, or
    /// SHA-1 of the key bits where it has none.
    pub fn issuing_key_id(&self) -> KeyId {
        self.subject_key_id().unwrap_or_else(|| self.public_key.key_id())
    }

    /// Whether it says that it is a CA's.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.as_ref().is_some_and(|constraints| constraints.ca)
    }

    /// How many CA certificates may stand between this one and a member's; `None` for any number.
    pub fn path_length(&self) -> Option<u8> {
        self.basic_constraints.as_ref().and_then(|constraints| constraints.path_len_constraint)
    }

    /// The basic constraints, where there are any: CA, and path length.
    pub fn basic_constraints(&self) -> Option<(bool, Option<u8>)> {
        self.basic_constraints.as_ref().map(|found| (found.ca, found.path_len_constraint))
    }

    /// What the key is for; `None` for anything.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// What the certificate is for; `None` for anything.
    pub fn extended_key_usages(&self) -> Option<&[ObjectIdentifier]> {
        self.extended_key_usages.as_deref()
    }

    /// The attributes in Fabric's extension; `None` where there is none, or one that is no JSON of
    /// texts.
    pub fn attributes(&self) -> Option<Attributes> {
        Attributes::from_json(&self.extension(ATTRIBUTES_OID)?.value).ok()
    }

    /// The alternative names of the kinds that we certify.
    ///
    /// # Errors
    /// When they are malformed or too many.
    pub fn alternative_names(&self) -> Result<Vec<AlternativeName>, AlternativeNameError> {
        match self.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME) {
            Some(extension) => alternative::read(&extension.value),
            None => Ok(Vec::new()),
        }
    }

    /// Every extension, in the certificate's order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// One extension.
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// A critical extension that we do not act upon; who finds one must refuse the certificate.
    pub fn unknown_critical(&self) -> Option<ObjectIdentifier> {
        const KNOWN: [ObjectIdentifier; 10] = [
            ATTRIBUTES_OID,
            rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
            rfc5280::ID_CE_BASIC_CONSTRAINTS,
            rfc5280::ID_CE_CERTIFICATE_POLICIES,
            rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
            rfc5280::ID_CE_EXT_KEY_USAGE,
            rfc5280::ID_CE_KEY_USAGE,
            rfc5280::ID_CE_SUBJECT_ALT_NAME,
            rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
            rfc5280::ID_PE_AUTHORITY_INFO_ACCESS,
        ];
        let mut critical = self.extensions.iter().filter(|extension| extension.critical);
        critical.find(|extension| !KNOWN.contains(&extension.oid)).map(|extension| extension.oid)
    }
}

fn common_name(subject: &[u8]) -> Result<Option<String>, Malformed> {
    let attributes = name::attributes(subject)?;
    let last = attributes.iter().rev().find(|(oid, _)| *oid == Field::CommonName.oid());
    Ok(last.and_then(|(_, value)| name::text(value)))
}
