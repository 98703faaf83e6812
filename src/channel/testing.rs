//! Trees made up for tests, and members whose every answer is known.

use std::sync::LazyLock;

use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::clock::Timestamp;
use crate::policy::{Described, Members, Named, language, parse_implicit, to_envelope};
use crate::wire::{
    BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities, Capability, Config,
    ConfigGroup, ConfigPolicy, ConfigValue, ConsensusType, FabricMspConfig, FabricNodeOus,
    FabricOuIdentifier, HashingAlgorithm, Message, MspConfig, MspPrincipal, Policy, PolicyType,
};

/// Identities are spelled as the policy language spells roles, with more behind a slash: `Org1MSP.admin/2`. Each is a
/// member of its organization; a signature is good when it says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelled;

impl Members for Spelled {
    type Identity = String;
    type Rejection = &'static str;

    fn identity(&self, serialized: &[u8]) -> Result<String, &'static str> {
        let text = std::str::from_utf8(serialized).map_err(|_| "no text")?;
        role(text).map(|_| text.to_owned()).ok_or("no role")
    }

    fn key(identity: &String) -> (&str, &[u8]) {
        ("", identity.as_bytes())
    }

    fn verify(&self, _: &String, _: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        if signature == b"good" { Ok(()) } else { Err("bad signature") }
    }

    fn satisfies(&self, identity: &String, principal: &MspPrincipal) -> Result<(), &'static str> {
        let own = role(identity).ok_or("no role")?;
        let Described::Role(asked) = Described::of(principal) else { return Err("no role") };
        let is_member = asked.role.word() == "member" && asked.msp_id == own.msp_id;
        if asked == own || is_member { Ok(()) } else { Err("another") }
    }
}

fn role(text: &str) -> Option<Named> {
    Named::parse(text.split_once('/').map_or(text, |(role, _)| role))
}

/// A signature policy in the policy language.
pub(super) fn signature_policy(text: &str) -> Policy {
    let envelope = to_envelope(&language::read(text).unwrap());
    Policy { r#type: PolicyType::Signature.into(), value: envelope.encode_to_vec() }
}

/// An implicit policy, e.g. `MAJORITY Admins`.
pub(super) fn implicit_policy(text: &str) -> Policy {
    let policy = parse_implicit(text).unwrap();
    Policy { r#type: PolicyType::ImplicitMeta.into(), value: policy.encode_to_vec() }
}

/// A policy of either language that anyone with the mod policy `Admins` may change.
pub(super) fn policy(text: &str) -> ConfigPolicy {
    let policy = if text.contains('(') { signature_policy(text) } else { implicit_policy(text) };
    ConfigPolicy { version: 0, policy: Some(policy), mod_policy: "Admins".into() }
}

/// Policies that hold for all, for one, for none.
const POLICIES: [&str; 4] =
    ["OutOf(0, 'X.member')", "OR('X.admin')", "OutOf(2, 'X.admin')", "MAJORITY Admins"];
const MOD_POLICIES: [&str; 7] =
    ["Admins", "Admins", "/Channel/Admins", "A/Admins", "", "a_b", "/Channel"];

fn mod_policies() -> impl Strategy<Value = String> {
    proptest::sample::select(&MOD_POLICIES[..]).prop_map(str::to_owned)
}

/// Trees of two names a kind and up to three levels.
pub(super) fn trees() -> impl Strategy<Value = ConfigGroup> {
    let leaf = members(Just(Vec::new()).boxed());
    leaf.prop_recursive(2, 12, 2, |below| {
        let named =
            proptest::collection::vec((proptest::sample::select(&["A", "B"][..]), below), 0..3);
        members(named.boxed())
    })
}

type Below = Vec<(&'static str, ConfigGroup)>;

fn members(groups: BoxedStrategy<Below>) -> BoxedStrategy<ConfigGroup> {
    let value = (0..3_u64, proptest::collection::vec(0..3_u8, 0..2), mod_policies());
    let value =
        value.prop_map(|(version, value, mod_policy)| ConfigValue { version, value, mod_policy });
    let values =
        proptest::collection::vec((proptest::sample::select(&["V", "W"][..]), value), 0..3);
    let policy = (0..3_u64, proptest::sample::select(&POLICIES[..]), mod_policies());
    let policy = policy.prop_map(|(version, text, mod_policy)| ConfigPolicy {
        version,
        mod_policy,
        ..policy_of(text)
    });
    let policies =
        proptest::collection::vec((proptest::sample::select(&["Admins", "P"][..]), policy), 0..3);
    (0..3_u64, groups, values, policies, mod_policies())
        .prop_map(|(version, groups, values, policies, mod_policy)| ConfigGroup {
            version,
            groups: groups.into_iter().map(|(name, group)| (name.to_owned(), group)).collect(),
            values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            policies: policies.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            mod_policy,
        })
        .boxed()
}

fn policy_of(text: &str) -> ConfigPolicy {
    policy(text)
}

/// Without versions: what a tree says.
pub(super) fn without_versions(group: &ConfigGroup) -> ConfigGroup {
    let mut group = group.clone();
    group.version = 0;
    group.values.values_mut().for_each(|value| value.version = 0);
    group.policies.values_mut().for_each(|policy| policy.version = 0);
    group.groups.values_mut().for_each(|below| *below = without_versions(below));
    group
}

/// The present of these tests.
pub(super) fn now() -> Timestamp {
    Timestamp::from_unix(1_800_000_000)
}

/// A CA of an organization.
pub(super) struct Ca {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) pem: Vec<u8>,
}

pub(super) fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_after = rcgen::date_time_ymd(2060, 1, 1);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem().into_bytes();
    Ca { issuer: Issuer::new(params, key), pem }
}

/// An MSP that tells roles apart.
pub(super) fn msp(id: &str, ca: &Ca) -> FabricMspConfig {
    let unit = |name: &str| {
        let organizational_unit_identifier = name.to_owned();
        Some(FabricOuIdentifier { certificate: Vec::new(), organizational_unit_identifier })
    };
    FabricMspConfig {
        name: id.to_owned(),
        root_certs: vec![ca.pem.clone()],
        fabric_node_ous: Some(FabricNodeOus {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..FabricMspConfig::default()
    }
}

pub(super) fn value(message: &impl Message) -> ConfigValue {
    ConfigValue { version: 0, value: message.encode_to_vec(), mod_policy: "Admins".into() }
}

pub(super) fn msp_value(config: &FabricMspConfig) -> ConfigValue {
    value(&MspConfig { r#type: 0, config: config.encode_to_vec() })
}

pub(super) fn capabilities(name: &str) -> ConfigValue {
    value(&Capabilities { capabilities: [(name.to_owned(), Capability {})].into() })
}

/// A group with these policies.
pub(super) fn group(policies: &[(&str, &str)]) -> ConfigGroup {
    let policies = policies.iter().map(|(name, text)| ((*name).to_owned(), policy(text)));
    ConfigGroup { policies: policies.collect(), mod_policy: "Admins".into(), ..Default::default() }
}

/// An organization with the usual policies.
pub(super) fn org(config: &FabricMspConfig) -> ConfigGroup {
    let id = &config.name;
    let mut org = group(&[
        ("Readers", &format!("OR('{id}.member')")),
        ("Writers", &format!("OR('{id}.member')")),
        ("Admins", &format!("OR('{id}.admin')")),
        ("Endorsement", &format!("OR('{id}.peer')")),
    ]);
    org.values.insert("MSP".into(), msp_value(config));
    org
}

/// The CAs of four organizations, made once.
pub(super) static CAS: LazyLock<[Ca; 4]> =
    LazyLock::new(|| ["ca.org1", "ca.org2", "ca.org3", "ca.orderer"].map(ca));

/// Two organizations and their orderer, with the usual policies.
pub(super) fn network() -> Config {
    let implicit =
        [("Readers", "ANY Readers"), ("Writers", "ANY Writers"), ("Admins", "MAJORITY Admins")];
    let mut application = group(&implicit);
    application.policies.insert("Endorsement".into(), policy("MAJORITY Endorsement"));
    for (at, name) in ["Org1", "Org2"].into_iter().enumerate() {
        application.groups.insert(name.into(), org(&msp(&format!("{name}MSP"), &CAS[at])));
    }
    application.values.insert("Capabilities".into(), capabilities("V2_5"));
    let mut orderer = group(&implicit);
    orderer.policies.insert("BlockValidation".into(), policy("ANY Writers"));
    orderer.groups.insert("Orderers".into(), org(&msp("OrdererMSP", &CAS[3])));
    let size =
        BatchSize { max_message_count: 10, absolute_max_bytes: 1000, preferred_max_bytes: 500 };
    orderer.values = [
        ("Capabilities".to_owned(), capabilities("V2_0")),
        ("BatchSize".to_owned(), value(&size)),
        ("BatchTimeout".to_owned(), value(&BatchTimeout { timeout: "2s".into() })),
        (
            "ConsensusType".to_owned(),
            value(&ConsensusType { r#type: "solo".into(), ..Default::default() }),
        ),
    ]
    .into();
    let mut root = group(&implicit);
    root.groups = [("Application".to_owned(), application), ("Orderer".to_owned(), orderer)].into();
    let algorithm = HashingAlgorithm { name: "SHA256".into() };
    root.values = [
        ("Capabilities".to_owned(), capabilities("V2_0")),
        ("HashingAlgorithm".to_owned(), value(&algorithm)),
        (
            "BlockDataHashingStructure".to_owned(),
            value(&BlockDataHashingStructure { width: u32::MAX }),
        ),
    ]
    .into();
    Config { sequence: 7, channel_group: Some(root) }
}

/// The network, changed.
pub(super) fn changed(config: &Config, change: impl FnOnce(&mut ConfigGroup)) -> Config {
    let mut config = config.clone();
    change(config.channel_group.as_mut().unwrap());
    config
}

/// The group at this way from the root.
pub(super) fn at<'g>(root: &'g mut ConfigGroup, way: &[&str]) -> &'g mut ConfigGroup {
    way.iter().fold(root, |group, name| group.groups.get_mut(*name).unwrap())
}
