//! Writing the part of a certificate that is to be signed.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::Encode as _;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};

use super::algorithm::SignatureAlgorithm;
use super::alternative::{self, AlternativeName};
use super::asn1;
use super::attribute::ATTRIBUTES_OID;
use super::extension::{self, Extension, Usage};
use super::key::PublicKey;
use super::profile::{BasicConstraintsRule, Options};
use super::tbs::TbsCertificate;
use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};

/// Who signs, as far as the certificate tells of it.
pub(super) struct Issuer<'a> {
    /// The issuer's `Name`.
    pub(super) name: &'a [u8],
    pub(super) key: &'a PublicKey,
    pub(super) key_id: KeyId,
    /// The certificate; a root has none yet.
    pub(super) certificate: Option<&'a TbsCertificate>,
}

/// Everything that differs from one certificate of a profile to the next.
pub(super) struct Content<'a> {
    pub(super) issuer: Issuer<'a>,
    pub(super) serial: &'a SerialNumber,
    /// The subject's `Name`.
    pub(super) subject: Vec<u8>,
    pub(super) key: &'a PublicKey,
    pub(super) names: Vec<AlternativeName>,
    /// The text of Fabric's extension.
    pub(super) attributes: Option<String>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Content<'_> {
    /// The `TBSCertificate`. [RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)
    pub(super) fn write(&self, options: &Options) -> der::Result<Vec<u8>> {
        let mut serial = Vec::new();
        asn1::push_unsigned(&mut serial, self.serial.as_octets());
        let mut validity = Vec::new();
        asn1::push_time(&mut validity, self.not_before);
        asn1::push_time(&mut validity, self.not_after);
        let algorithm = SignatureAlgorithm::for_key(self.issuer.key.algorithm());
        let extensions = extension::write(&self.extensions(options)?);
        Ok(asn1::wrap(
            asn1::SEQUENCE,
            &[
                &[asn1::constructed(0), 3, asn1::INTEGER, 1, 2],
                &serial,
                algorithm.identifier_der(),
                self.issuer.name,
                &asn1::wrap(asn1::SEQUENCE, &[&validity]),
                &self.subject,
                self.key.spki_der(),
                &asn1::wrap(asn1::constructed(3), &[&extensions]),
            ],
        ))
    }

    /// The extensions, in the order in which Go writes them.
    fn extensions(&self, options: &Options) -> der::Result<Vec<Extension>> {
        let mut list = Vec::new();
        let mut add = |oid: ObjectIdentifier, critical: bool, value: Vec<u8>| {
            list.push(Extension { oid, critical, value });
        };
        add(rfc5280::ID_CE_KEY_USAGE, true, Usage::set(&options.key_usage).to_der()?);
        if !options.extended_key_usage.is_empty() {
            let usages = options.extended_key_usage.iter().map(|purpose| purpose.oid()).collect();
            add(rfc5280::ID_CE_EXT_KEY_USAGE, false, ExtendedKeyUsage(usages).to_der()?);
        }
        let authority = options.authority;
        if authority.is_some() || options.basic_constraints == BasicConstraintsRule::Always {
            let constraints = BasicConstraints {
                ca: authority.is_some(),
                path_len_constraint: authority.map(|authority| authority.path_length),
            };
            add(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, constraints.to_der()?);
        }
        let own = asn1::wrap(asn1::OCTET_STRING, &[self.key.key_id().as_octets()]);
        add(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false, own);
        let issuers = extension::authority_key_id(&self.issuer.key_id);
        add(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false, issuers);
        let access = access(&options.ocsp_urls, &options.issuer_urls);
        if !access.is_empty() {
            let access = asn1::wrap(asn1::SEQUENCE, &[&access]);
            add(rfc5280::ID_PE_AUTHORITY_INFO_ACCESS, false, access);
        }
        if !self.names.is_empty() {
            add(rfc5280::ID_CE_SUBJECT_ALT_NAME, false, alternative::write(&self.names));
        }
        if !options.crl_urls.is_empty() {
            let points = distribution_points(&options.crl_urls);
            add(rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS, false, points);
        }
        if let Some(attributes) = &self.attributes {
            add(ATTRIBUTES_OID, false, attributes.clone().into_bytes());
        }
        Ok(list)
    }
}

/// The content of an `AuthorityInfoAccessSyntax`.
fn access(ocsp: &[String], issuers: &[String]) -> Vec<u8> {
    let ocsp = ocsp.iter().map(|url| (rfc5280::ID_AD_OCSP, url));
    let issuers = issuers.iter().map(|url| (rfc5280::ID_AD_CA_ISSUERS, url));
    let mut content = Vec::new();
    for (oid, url) in ocsp.chain(issuers) {
        let url = asn1::wrap(asn1::primitive(6), &[url.as_bytes()]);
        content.extend(asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(oid), &url]));
    }
    content
}

/// A `CRLDistributionPoints` of one point with every URL.
fn distribution_points(urls: &[String]) -> Vec<u8> {
    let mut names = Vec::new();
    for url in urls {
        asn1::push(&mut names, asn1::primitive(6), url.as_bytes());
    }
    let full_name = asn1::wrap(asn1::constructed(0), &[&names]);
    let point = asn1::wrap(asn1::constructed(0), &[&full_name]);
    asn1::wrap(asn1::SEQUENCE, &[&asn1::wrap(asn1::SEQUENCE, &[&point])])
}
