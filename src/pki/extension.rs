//! Extensions of certificates, requests and CRLs: reading the list, and the usages of keys.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::flagset::FlagSet;
use serde::{Deserialize, Serialize};
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::asn1::{self, Malformed, Reader};
use crate::id::KeyId;

/// The most extensions that are read.
const MAX_EXTENSIONS: usize = 32;

/// One extension as it stands. [RFC 5280 section 4.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.2)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What it is.
    pub oid: ObjectIdentifier,
    /// Whether one who does not know it must refuse the certificate.
    pub critical: bool,
    /// The octets inside its OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    pub(super) fn write(&self) -> Vec<u8> {
        let critical: &[u8] = if self.critical { &[asn1::BOOLEAN, 1, 0xff] } else { &[] };
        let value = asn1::wrap(asn1::OCTET_STRING, &[&self.value]);
        asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(self.oid), critical, &value])
    }
}

/// Reads an `Extensions` list: at most 32, each kind once.
pub(super) fn read(list: &[u8]) -> Result<Vec<Extension>, Malformed> {
    let mut reader = Reader::inside(list, asn1::SEQUENCE, "the list of extensions")?;
    let mut found: Vec<Extension> = Vec::new();
    while !reader.is_empty() {
        let mut inner = reader.enter(asn1::SEQUENCE, "an extension")?;
        let oid = inner.oid()?;
        // An explicit FALSE is no DER, but Go and OpenSSL take it, and so do Fabric's nodes.
        let critical = if inner.peek() == asn1::BOOLEAN { inner.boolean()? } else { false };
        let value = inner.expect(asn1::OCTET_STRING)?.content.to_vec();
        inner.end()?;
        if found.len() == MAX_EXTENSIONS || found.iter().any(|other| other.oid == oid) {
            return reader.fail();
        }
        found.push(Extension { oid, critical, value });
    }
    Ok(found)
}

/// Writes an `Extensions` list.
pub(super) fn write(extensions: &[Extension]) -> Vec<u8> {
    let mut content = Vec::new();
    for extension in extensions {
        content.extend(extension.write());
    }
    asn1::wrap(asn1::SEQUENCE, &[&content])
}

/// An `AuthorityKeyIdentifier` of a key identifier and nothing else.
pub(super) fn authority_key_id(id: &KeyId) -> Vec<u8> {
    let id = asn1::wrap(asn1::primitive(0), &[id.as_octets()]);
    asn1::wrap(asn1::SEQUENCE, &[&id])
}

/// What a key is for, in the standard's words.
/// [RFC 5280 section 4.2.1.3](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Usage {
    /// Signatures other than those on certificates and CRLs.
    DigitalSignature,
    /// Signatures that the signer shall not deny.
    NonRepudiation,
    /// Enciphering keys, with RSA.
    KeyEncipherment,
    /// Enciphering data.
    DataEncipherment,
    /// Agreeing on a key.
    KeyAgreement,
    /// Signatures on certificates.
    KeyCertSign,
    /// Signatures on CRLs.
    #[serde(rename = "cRLSign")]
    CrlSign,
}

impl Usage {
    pub(super) fn flag(self) -> KeyUsages {
        match self {
            Self::DigitalSignature => KeyUsages::DigitalSignature,
            Self::NonRepudiation => KeyUsages::NonRepudiation,
            Self::KeyEncipherment => KeyUsages::KeyEncipherment,
            Self::DataEncipherment => KeyUsages::DataEncipherment,
            Self::KeyAgreement => KeyUsages::KeyAgreement,
            Self::KeyCertSign => KeyUsages::KeyCertSign,
            Self::CrlSign => KeyUsages::CRLSign,
        }
    }

    pub(super) fn set(usages: &[Self]) -> KeyUsage {
        KeyUsage(usages.iter().fold(FlagSet::default(), |set, usage| set | usage.flag()))
    }
}

/// What a certificate is for beyond its key usage.
/// [RFC 5280 section 4.2.1.12](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// A TLS server.
    ServerAuth,
    /// A TLS client.
    ClientAuth,
    /// Signing code.
    CodeSigning,
    /// Protecting mail.
    EmailProtection,
    /// Signing time stamps.
    TimeStamping,
    /// Signing OCSP answers.
    #[serde(rename = "OCSPSigning")]
    OcspSigning,
}

impl Purpose {
    /// Its identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::ServerAuth => rfc5280::ID_KP_SERVER_AUTH,
            Self::ClientAuth => rfc5280::ID_KP_CLIENT_AUTH,
            Self::CodeSigning => rfc5280::ID_KP_CODE_SIGNING,
            Self::EmailProtection => rfc5280::ID_KP_EMAIL_PROTECTION,
            Self::TimeStamping => rfc5280::ID_KP_TIME_STAMPING,
            Self::OcspSigning => rfc5280::ID_KP_OCSP_SIGNING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode as _;
    use proptest::prelude::*;

    #[test]
    fn an_extension_stands_once_in_the_list() {
        let one = Extension { oid: rfc5280::ID_CE_KEY_USAGE, critical: true, value: vec![] };
        let twice = [one.clone(), one];
        assert_eq!(read(&write(&twice[1..])).unwrap(), twice[1..]);
        assert!(read(&write(&twice)).is_err());
    }

    #[test]
    fn usages_are_written_as_the_standard_says() {
        let usages = [Usage::KeyCertSign, Usage::CrlSign];
        assert_eq!(Usage::set(&usages).to_der().unwrap(), [3, 2, 1, 6]);
        assert_eq!(Usage::set(&[Usage::DigitalSignature]).to_der().unwrap(), [3, 2, 7, 0x80]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(critical: bool, value: Vec<u8>) {
            let list = [Extension { oid: rfc5280::ID_CE_KEY_USAGE, critical, value }];
            prop_assert_eq!(read(&write(&list)).unwrap(), list);
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets: Vec<u8>) {
            let _ = read(&asn1::wrap(asn1::SEQUENCE, &[&octets]));
        }
    }
}
