//! CAs and organizations made up for tests.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, date_time_ymd,
};

use super::provider::Msp;
use super::version::MspVersion;
use crate::clock::Timestamp;
use crate::wire::{
    FabricMspConfig, FabricNodeOus, FabricOuIdentifier, Message as _, MspConfig, SerializedIdentity,
};

/// The present of tests: 15 January 2027.
pub(super) const NOW: i64 = 1_800_000_000;

/// A CA, good from 2020 to 2040 unless said otherwise.
pub(super) struct Ca {
    pub(super) params: CertificateParams,
    pub(super) key: KeyPair,
    pub(super) pem: String,
}

impl Ca {
    pub(super) fn root(name: &str) -> Self {
        Self::root_of(ca_params(name))
    }

    /// A root that ends with the year before this one.
    pub(super) fn root_until(name: &str, year: i32) -> Self {
        let mut params = ca_params(name);
        params.not_after = date_time_ymd(year, 1, 1);
        Self::root_of(params)
    }

    fn root_of(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { params, key, pem }
    }

    pub(super) fn intermediate(&self, name: &str) -> Self {
        self.intermediate_until(name, 2040)
    }

    pub(super) fn intermediate_until(&self, name: &str, year: i32) -> Self {
        let (mut params, key) = (ca_params(name), KeyPair::generate().unwrap());
        params.not_after = date_time_ymd(year, 1, 1);
        let pem = params.signed_by(&key, &self.issuer()).unwrap().pem();
        Self { params, key, pem }
    }

    /// Another certificate of the same CA, with its name and key.
    pub(super) fn renewed_until(&self, year: i32) -> Self {
        let mut params = self.params.clone();
        params.not_after = date_time_ymd(year, 1, 1);
        let pem = params.self_signed(&self.key).unwrap().pem();
        Self { params, key: KeyPair::from_pem(&self.key.serialize_pem()).unwrap(), pem }
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    pub(super) fn pem(&self) -> Vec<u8> {
        self.pem.clone().into_bytes()
    }

    /// A member's certificate with these units.
    pub(super) fn certificate(&self, units: &[&str]) -> String {
        let key = KeyPair::generate().unwrap();
        params("somebody", units).signed_by(&key, &self.issuer()).unwrap().pem()
    }

    /// A member's certificate that ends with the year before this one.
    pub(super) fn certificate_until(&self, units: &[&str], year: i32) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let mut params = params("somebody", units);
        params.not_after = date_time_ymd(year, 1, 1);
        params.signed_by(&key, &self.issuer()).unwrap().pem().into_bytes()
    }

    /// A revocation list of nobody, to be replaced in this month of a year.
    pub(super) fn list(&self, next: (i32, u8)) -> Vec<u8> {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(next.0, next.1, 1),
            crl_number: 1_u64.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::<RevokedCertParams>::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer()).unwrap().pem().unwrap().into_bytes()
    }

    /// An MSP of this root alone.
    pub(super) fn config(&self) -> FabricMspConfig {
        FabricMspConfig {
            name: "Org1MSP".to_owned(),
            root_certs: vec![self.pem()],
            ..FabricMspConfig::default()
        }
    }
}

/// A unit, bound to a CA or to none.
pub(super) fn unit(name: &str, bound: Option<&Ca>) -> FabricOuIdentifier {
    FabricOuIdentifier {
        certificate: bound.map(Ca::pem).unwrap_or_default(),
        organizational_unit_identifier: name.to_owned(),
    }
}

pub(super) fn set_up(config: &FabricMspConfig, version: MspVersion) -> Msp {
    let octets = MspConfig { r#type: 0, config: config.encode_to_vec() }.encode_to_vec();
    Msp::new(&octets, version, Timestamp::from_unix(NOW)).unwrap()
}

pub(super) struct Organization {
    id: String,
    ca: Ca,
    with_roles: bool,
}

impl Organization {
    pub(super) fn new(id: &str, with_roles: bool) -> Self {
        Self { id: id.to_owned(), ca: Ca::root(&format!("ca.{id}")), with_roles }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn certificate(&self, units: &[&str]) -> String {
        self.ca.certificate(units)
    }

    /// A certificate, its key in PEM, and its point.
    pub(super) fn signer(&self) -> (String, String, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            params("node", &["peer"]).signed_by(&key, &self.ca.issuer()).unwrap().pem();
        (certificate, key.serialize_pem(), key.public_key_raw().to_vec())
    }

    pub(super) fn identity(&self, units: &[&str]) -> Vec<u8> {
        self.identity_as(&self.id, units)
    }

    /// A certificate of this organization that claims to be of another MSP.
    pub(super) fn identity_as(&self, id: &str, units: &[&str]) -> Vec<u8> {
        let id_bytes = self.certificate(units).into_bytes();
        SerializedIdentity { mspid: id.to_owned(), id_bytes }.encode_to_vec()
    }

    pub(super) fn config(&self) -> FabricMspConfig {
        let roles = FabricNodeOus {
            enable: true,
            client_ou_identifier: Some(unit("client", None)),
            peer_ou_identifier: Some(unit("peer", None)),
            admin_ou_identifier: Some(unit("admin", None)),
            orderer_ou_identifier: None,
        };
        FabricMspConfig {
            name: self.id.clone(),
            admins: vec![self.certificate(&["client"]).into_bytes()],
            fabric_node_ous: self.with_roles.then_some(roles),
            ..self.ca.config()
        }
    }

    pub(super) fn msp(&self) -> Msp {
        set_up(&self.config(), MspVersion::V1_4_3)
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params
}

fn params(name: &str, units: &[&str]) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    // The names are kept by type, so that a second unit needs another spelling of the type.
    let types = [DnType::OrganizationalUnitName, DnType::CustomDnType(vec![2, 5, 4, 11])];
    for (unit, kind) in units.iter().zip(types) {
        subject.push(kind, *unit);
    }
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = subject;
    (params.not_before, params.not_after) = (date_time_ymd(2021, 1, 1), date_time_ymd(4096, 1, 1));
    params
}
