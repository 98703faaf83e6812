//! Certificates and CRLs for unit tests, made by `rcgen`.

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::key::MemberKey;
use super::request::RemoteKey;
use crate::api::fabric::{CaInfo, EnrollResponse};

/// A CA for tests, with those above it.
pub(super) struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    /// PEM: its own certificate, then those above it.
    pub(super) chain: String,
}

impl TestCa {
    pub(super) fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = ca_params(name);
        let chain = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), chain }
    }

    pub(super) fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = ca_params(name);
        params.use_authority_key_identifier_extension = true;
        let chain = params.signed_by(&key, &self.issuer).unwrap().pem() + &self.chain;
        Self { issuer: Issuer::new(params, key), chain }
    }

    /// The answer to an enrollment of `id` with this key.
    pub(super) fn answer(&self, id: &str, key: &dyn MemberKey) -> EnrollResponse {
        EnrollResponse {
            certificate: STANDARD.encode(self.certificate(id, key, false)),
            server_info: CaInfo { ca_chain: STANDARD.encode(&self.chain), ..CaInfo::default() },
        }
    }

    pub(super) fn certificate(&self, id: &str, key: &dyn MemberKey, tls: bool) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = name(id);
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        params.not_before = date_time_ymd(2024, 1, 1);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if tls {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }
        let key = RemoteKey { key, refused: RefCell::new(None) };
        params.signed_by(&key, &self.issuer).unwrap().pem()
    }

    /// A CRL with one entry, as an answer carries it.
    pub(super) fn crl(&self) -> String {
        let entry = RevokedCertParams {
            serial_number: SerialNumber::from(7_u64),
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 1, 2),
            next_update: date_time_ymd(2035, 1, 2),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![entry],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        STANDARD.encode(params.signed_by(&self.issuer).unwrap().pem().unwrap())
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2044, 1, 1);
    params
}
