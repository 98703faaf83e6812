//! One certificate: its octets, and what Go's parser finds in them.

use std::sync::{Arc, OnceLock};

use super::algorithm::SignatureAlgorithm;
use super::der::{BIT_STRING, Der, INTEGER, SEQUENCE, Span, constructed, primitive, push};
use super::extensions::Extensions;
use super::key::Key;
use super::text::{self, Subject};

/// The largest certificate that is read, in octets. Fabric has no bound; its messages have.
const MAX_CERTIFICATE: usize = 1 << 20;

#[derive(Debug)]
pub(in crate::msp) struct Certificate {
    der: Box<[u8]>,
    tbs: Span,
    serial: Span,
    issuer: Span,
    subject: Span,
    key_info: Span,
    signature: Box<[u8]>,
    version: i64,
    pub(in crate::msp) signature_algorithm: SignatureAlgorithm,
    pub(in crate::msp) not_before: i64,
    pub(in crate::msp) not_after: i64,
    pub(in crate::msp) names: Subject,
    key: Arc<Key>,
    pub(super) extensions: Extensions,
    /// Found when it is asked for first.
    is_self_signed: OnceLock<bool>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Certificate {
    /// Reads one certificate and nothing after it.
    ///
    /// # Errors
    /// What Go would not read.
    pub(in crate::msp) fn read(der: Box<[u8]>) -> Result<Self, &'static str> {
        if der.len() > MAX_CERTIFICATE {
            return Err("the certificate is longer than a mebibyte");
        }
        let mut outer = Der(&der);
        let mut parts = outer.enter(SEQUENCE).ok_or("the certificate is no DER")?;
        if !outer.is_empty() {
            return Err("octets follow the certificate");
        }
        let tbs = parts.element(SEQUENCE).ok_or("the signed part is malformed")?;
        let mut fields = Der(tbs.content);

        let version = match fields.optional(constructed(0)).ok_or("the version is malformed")? {
            None => 0,
            Some(version) => {
                let mut version = Der(version);
                let number = version.int64(INTEGER).filter(|_| version.is_empty());
                number.ok_or("the version is malformed")?
            }
        };
        if !(0..=2).contains(&version) {
            return Err("the version is not 1, 2 or 3");
        }
        let serial = fields.integer().ok_or("the serial number is malformed")?;
        if serial.first().is_some_and(|first| first & 0x80 != 0) {
            return Err("the serial number is negative");
        }
        let malformed = "the signature algorithm is malformed";
        let inner = fields.content(SEQUENCE).ok_or(malformed)?;
        if parts.content(SEQUENCE).ok_or(malformed)? != inner {
            return Err("the two signature algorithms differ");
        }
        let signature_algorithm = SignatureAlgorithm::read(inner).ok_or(malformed)?;

        let issuer = fields.element(SEQUENCE).ok_or("the issuer is malformed")?.whole;
        if !text::is_name(issuer) {
            return Err("the issuer is malformed");
        }
        let (not_before, not_after) = validity(&mut fields).ok_or("the validity is malformed")?;
        let subject = fields.element(SEQUENCE).ok_or("the subject is malformed")?.whole;
        let names = Subject::read(subject).ok_or("the subject is malformed")?;
        let key_info = fields.element(SEQUENCE).ok_or("the public key is malformed")?;
        let key =
            Key::read(key_info.content).ok_or("the public key is malformed or unsupported")?;

        let mut extensions = Extensions::default();
        if version > 0 {
            for number in [1, 2] {
                fields.optional(primitive(number)).ok_or("a unique identifier is malformed")?;
            }
        }
        if version == 2 {
            let malformed = "the extensions are malformed";
            if let Some(list) = fields.optional(constructed(3)).ok_or(malformed)? {
                let list = Der(list).content(SEQUENCE).ok_or(malformed)?;
                extensions = Extensions::read(list, &der)?;
            }
        }
        let signature = parts.bits().ok_or("the signature is malformed")?.right_aligned();
        Ok(Self {
            tbs: Span::of(&der, tbs.whole),
            serial: Span::of(&der, serial),
            issuer: Span::of(&der, issuer),
            subject: Span::of(&der, subject),
            key_info: Span::of(&der, key_info.whole),
            signature: signature.into(),
            version,
            signature_algorithm,
            not_before,
            not_after,
            names,
            key: Arc::new(key),
            extensions,
            is_self_signed: OnceLock::new(),
            der,
        })
    }

    pub(in crate::msp) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn tbs(&self) -> &[u8] {
        self.tbs.get(&self.der)
    }

    /// The content of the serial number's INTEGER.
    pub(in crate::msp) fn serial(&self) -> &[u8] {
        self.serial.get(&self.der)
    }

    /// The serial number for people.
    pub(in crate::msp) fn serial_hex(&self) -> String {
        hex::encode(self.serial())
    }

    pub(super) fn issuer(&self) -> &[u8] {
        self.issuer.get(&self.der)
    }

    pub(super) fn subject(&self) -> &[u8] {
        self.subject.get(&self.der)
    }

    pub(super) fn key_info(&self) -> &[u8] {
        self.key_info.get(&self.der)
    }

    pub(in crate::msp) fn key(&self) -> &Key {
        &self.key
    }

    pub(in crate::msp) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What people call it: its common name, or its serial number.
    pub(in crate::msp) fn called(&self) -> String {
        match self.names.common_name.as_str() {
            "" => format!("certificate {}", self.serial_hex()),
            name => format!("`{}`", name.escape_debug()),
        }
    }

    pub(in crate::msp) fn is_ca(&self) -> bool {
        self.extensions.basic.is_some_and(|(is_ca, _)| is_ca)
    }

    /// The subject key identifier, when there is one; it may be empty.
    pub(in crate::msp) fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.subject_key.map(|span| span.get(&self.der))
    }

    pub(in crate::msp) fn authority_key_id(&self) -> &[u8] {
        self.extensions.authority_key.get(&self.der)
    }

    pub(super) fn alternative_names(&self) -> Option<&[u8]> {
        self.extensions.alternative_names.map(|span| span.get(&self.der))
    }

    /// Whether `parent` may issue certificates, and signed this one.
    pub(in crate::msp) fn is_signed_by(&self, parent: &Self) -> bool {
        parent.may_issue()
            && parent.key().verifies(self.signature_algorithm, self.tbs(), &self.signature, false)
    }

    /// Whether it signed itself, as one that may issue certificates.
    pub(in crate::msp) fn is_self_signed(&self) -> bool {
        *self.is_self_signed.get_or_init(|| self.is_signed_by(self))
    }

    /// Whether it may issue certificates.
    pub(super) fn may_issue(&self) -> bool {
        let is_ca = match self.extensions.basic {
            Some((is_ca, _)) => is_ca,
            // Versions below 3 have no extensions to say so.
            None => self.version < 2,
        };
        is_ca && self.extensions.key_usage.is_none_or(|usage| usage.cert_sign)
    }

    /// Whether it is of the same name and key.
    pub(in crate::msp) fn is_same_ca(&self, other: &Self) -> bool {
        self.subject() == other.subject() && self.key_info() == other.key_info()
    }

    /// The same certificate with another signature.
    ///
    /// # Errors
    /// When it comes to be longer than is read.
    pub(in crate::msp) fn resigned(&self, signature: &[u8]) -> Result<Self, &'static str> {
        let der: Box<[u8]> = self.with_signature(signature).into();
        let tbs = Der(&der).enter(SEQUENCE).and_then(|mut parts| parts.any());
        if tbs.is_none_or(|tbs| Span::of(&der, tbs.whole) != self.tbs) {
            // What is before it got another length.
            return Self::read(der);
        }
        Ok(Self {
            der,
            signature: signature.into(),
            names: self.names.clone(),
            key: Arc::clone(&self.key),
            extensions: self.extensions.clone(),
            is_self_signed: OnceLock::new(),
            ..*self
        })
    }

    fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let mut parts = Der(&self.der).enter(SEQUENCE).unwrap_or(Der(&[]));
        let algorithm = parts.any().and_then(|_| parts.any()).map_or(&[][..], |part| part.whole);
        let mut bits = Vec::with_capacity(signature.len() + 8);
        push(&mut bits, BIT_STRING, &[&[0], signature]);
        let mut whole = Vec::with_capacity(self.der.len() + 8);
        push(&mut whole, SEQUENCE, &[self.tbs(), algorithm, &bits]);
        whole
    }
}

fn validity(fields: &mut Der<'_>) -> Option<(i64, i64)> {
    let mut times = fields.enter(SEQUENCE)?;
    Some((times.time()?, times.time()?))
}
