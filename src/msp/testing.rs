//! Organizations made up for tests.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::provider::Msp;
use super::version::MspVersion;
use crate::clock::Timestamp;
use crate::wire::{
    FabricMspConfig, FabricNodeOus, FabricOuIdentifier, Message as _, MspConfig, SerializedIdentity,
};

pub(super) struct Organization {
    id: String,
    root: String,
    issuer: Issuer<'static, KeyPair>,
    with_roles: bool,
}

impl Organization {
    pub(super) fn new(id: &str, with_roles: bool) -> Self {
        let mut params = params(&format!("ca.{id}"), &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        Self { id: id.to_owned(), root, issuer: Issuer::new(params, key), with_roles }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn certificate(&self, units: &[&str]) -> String {
        let key = KeyPair::generate().unwrap();
        params("somebody", units).signed_by(&key, &self.issuer).unwrap().pem()
    }

    /// A certificate, its key in PEM, and its point.
    pub(super) fn signer(&self) -> (String, String, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let certificate = params("node", &["peer"]).signed_by(&key, &self.issuer).unwrap().pem();
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
        let unit = |name: &str| {
            let organizational_unit_identifier = name.to_owned();
            Some(FabricOuIdentifier { certificate: Vec::new(), organizational_unit_identifier })
        };
        let roles = FabricNodeOus {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: None,
        };
        FabricMspConfig {
            name: self.id.clone(),
            root_certs: vec![self.root.clone().into_bytes()],
            admins: vec![self.certificate(&["client"]).into_bytes()],
            fabric_node_ous: self.with_roles.then_some(roles),
            ..FabricMspConfig::default()
        }
    }

    pub(super) fn msp(&self) -> Msp {
        let config = MspConfig { r#type: 0, config: self.config().encode_to_vec() };
        let now = Timestamp::from_unix(1_800_000_000);
        Msp::new(&config.encode_to_vec(), MspVersion::V1_4_3, now).unwrap()
    }
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
    params
}
