//! Organizations with keys in memory, and a channel of theirs as nodes would take it.

use std::path::Path;

use chancery::policy::{language, parse_implicit, to_envelope};
use chancery::service::{Deputy, Error};
use chancery::wire::{
    BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities, Capability, Config,
    ConfigGroup, ConfigPolicy, ConfigSignature, ConfigValue, FabricMspConfig, FabricNodeOus,
    FabricOuIdentifier, HashingAlgorithm, Message, MspConfig, OrdererAddresses, Policy,
    SerializedIdentity, SignatureHeader,
};
use futures_util::future::BoxFuture;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};

/// A member with its key.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    msp_id: String,
    pem: Vec<u8>,
    key: SigningKey,
}

impl Member {
    /// The member with this certificate and key.
    pub(crate) fn new(msp_id: &str, pair: &Pair) -> Self {
        let key = SigningKey::from_pkcs8_pem(&pair.key).unwrap();
        Self { msp_id: msp_id.to_owned(), pem: pair.certificate.clone().into_bytes(), key }
    }

    pub(crate) fn creator_octets(&self) -> Vec<u8> {
        let creator = SerializedIdentity { mspid: self.msp_id.clone(), id_bytes: self.pem.clone() };
        creator.encode_to_vec()
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        let header = SignatureHeader { creator: self.creator_octets(), nonce: vec![7; 24] };
        header.encode_to_vec()
    }

    pub(crate) fn sign_octets(&self, octets: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(octets);
        signature.normalize_s().to_der().as_bytes().to_vec()
    }

    /// Its signature of an update.
    pub(crate) fn sign_update(&self, update: &chancery::channel::Update) -> ConfigSignature {
        let header = self.header();
        let signature = self.sign_octets(&update.to_be_signed(&header));
        ConfigSignature { signature_header: header, signature }
    }
}

impl Deputy for Member {
    fn msp_id(&self) -> &str {
        &self.msp_id
    }

    fn creator(&self) -> Vec<u8> {
        self.creator_octets()
    }

    fn sign<'a>(&'a self, octets: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { Ok(self.sign_octets(octets)) })
    }
}

/// An organization: a CA of members and of TLS.
pub(crate) struct Org {
    name: String,
    issuer: Issuer<'static, KeyPair>,
    pub(crate) root: String,
}

/// A certificate with its key, both in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    /// Those of an MSP folder.
    pub(crate) fn of_folder(folder: &Path) -> Self {
        let one = |name: &str| {
            let entry = std::fs::read_dir(folder.join(name)).unwrap().next().unwrap().unwrap();
            std::fs::read_to_string(entry.path()).unwrap()
        };
        Self { certificate: one("signcerts"), key: one("keystore") }
    }
}

impl Org {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("ca.{name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        Self { name: name.to_owned(), issuer: Issuer::new(params, key), root }
    }

    pub(crate) fn msp_id(&self) -> String {
        format!("{}MSP", self.name)
    }

    /// A certificate for a name, with this role as its unit, or as a server or client of TLS at this host.
    pub(crate) fn pair(&self, name: &str, unit: Option<&str>, host: Option<&str>) -> Pair {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(unit) = unit {
            params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.subject_alt_names =
            host.into_iter().map(|host| SanType::DnsName(host.try_into().unwrap())).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }

    /// A member in this role: `admin`, `client`, `peer` or `orderer`.
    pub(crate) fn member(&self, role: &str) -> Member {
        Member::new(&self.msp_id(), &self.pair(role, Some(role), None))
    }

    pub(crate) fn msp(&self) -> Vec<u8> {
        let unit = |name: &str| {
            let organizational_unit_identifier = name.to_owned();
            Some(FabricOuIdentifier { certificate: Vec::new(), organizational_unit_identifier })
        };
        let config = FabricMspConfig {
            name: self.msp_id(),
            root_certs: vec![self.root.clone().into_bytes()],
            tls_root_certs: vec![self.root.clone().into_bytes()],
            fabric_node_ous: Some(FabricNodeOus {
                enable: true,
                client_ou_identifier: unit("client"),
                peer_ou_identifier: unit("peer"),
                admin_ou_identifier: unit("admin"),
                orderer_ou_identifier: unit("orderer"),
            }),
            ..FabricMspConfig::default()
        };
        MspConfig { r#type: 0, config: config.encode_to_vec() }.encode_to_vec()
    }

    fn group(&self) -> ConfigGroup {
        let id = self.msp_id();
        let policies = [
            ("Readers", format!("OR('{id}.member')")),
            ("Writers", format!("OR('{id}.member')")),
            ("Admins", format!("OR('{id}.admin')")),
            ("Endorsement", format!("OR('{id}.peer')")),
        ];
        group([], [("MSP", self.msp())], &policies)
    }
}

/// The application is of `orgs`, the orderers of `orderer`, who listens at `endpoint`.
pub(crate) fn config(orgs: &[&Org], orderer: &Org, endpoint: &str) -> Config {
    let usual =
        [("Readers", "ANY Readers"), ("Writers", "ANY Writers"), ("Admins", "MAJORITY Admins")];
    let mut own = orderer.group();
    own.values.insert("Endpoints".to_owned(), endpoints(&[endpoint]));
    let size =
        BatchSize { max_message_count: 10, absolute_max_bytes: 10 << 20, preferred_max_bytes: 1 };
    let orderers = group(
        [(orderer.name.clone(), own)],
        [
            ("Capabilities", capability("V2_0")),
            ("BatchTimeout", BatchTimeout { timeout: "2s".to_owned() }.encode_to_vec()),
            ("BatchSize", size.encode_to_vec()),
        ],
        &[&usual[..], &[("BlockValidation", "ANY Writers")]].concat(),
    );
    let application = group(
        orgs.iter().map(|org| (org.name.clone(), org.group())),
        [("Capabilities", capability("V2_0"))],
        &[&usual[..], &[("Endorsement", "MAJORITY Endorsement")]].concat(),
    );
    let width = BlockDataHashingStructure { width: u32::MAX };
    let root = group(
        [("Application".to_owned(), application), ("Orderer".to_owned(), orderers)],
        [
            ("Capabilities", capability("V2_0")),
            ("HashingAlgorithm", HashingAlgorithm { name: "SHA256".to_owned() }.encode_to_vec()),
            ("BlockDataHashingStructure", width.encode_to_vec()),
        ],
        &usual,
    );
    Config { sequence: 0, channel_group: Some(root) }
}

/// Where the orderers of an organization are.
pub(crate) fn endpoints(addresses: &[&str]) -> ConfigValue {
    let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
    value(OrdererAddresses { addresses }.encode_to_vec())
}

fn capability(name: &str) -> Vec<u8> {
    Capabilities { capabilities: [(name.to_owned(), Capability {})].into() }.encode_to_vec()
}

fn value(value: Vec<u8>) -> ConfigValue {
    ConfigValue { version: 0, value, mod_policy: "Admins".to_owned() }
}

fn group<'a, R: AsRef<str> + 'a>(
    groups: impl IntoIterator<Item = (String, ConfigGroup)>,
    values: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
    policies: &[(&str, R)],
) -> ConfigGroup {
    let policies = policies.iter().map(|(name, text)| ((*name).to_owned(), policy(text.as_ref())));
    ConfigGroup {
        version: 0,
        groups: groups.into_iter().collect(),
        values: values.into_iter().map(|(name, octets)| (name.to_owned(), value(octets))).collect(),
        policies: policies.collect(),
        mod_policy: "Admins".to_owned(),
    }
}

fn policy(text: &str) -> ConfigPolicy {
    let policy = if let Ok(implicit) = parse_implicit(text) {
        Policy { r#type: 3, value: implicit.encode_to_vec() }
    } else {
        let envelope = to_envelope(&language::read(text).unwrap());
        Policy { r#type: 1, value: envelope.encode_to_vec() }
    };
    ConfigPolicy { version: 0, policy: Some(policy), mod_policy: "Admins".to_owned() }
}
