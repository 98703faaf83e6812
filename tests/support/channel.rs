//! A channel of organizations of a server of ours, as nodes would take it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chancery::pki::Crl;
use chancery::policy::{language, parse_implicit, to_envelope};
use chancery::wire::{
    AclResource, Acls, BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities,
    Capability, Config, ConfigGroup, ConfigPolicy, ConfigValue, FabricMspConfig, HashingAlgorithm,
    Message, MspConfig, Policy,
};

use super::club::{Club, done};
use super::tools::chancery;

/// Writes the `MSPConfig` of an organization; gives its file.
pub(crate) fn msp(club: &Club, org: &str) -> PathBuf {
    let file = club.path(&format!("{org}.mspconfig"));
    let mut export = chancery();
    export.args(["msp", "export", &format!("{org}MSP"), "--url", club.server.url()]);
    done(export.arg("--config").arg(&file));
    file
}

/// Writes the configuration of a channel of these organizations, whose orderer is the first one's; gives its
/// file. Administrators of more than half of them may change it; `peer/Propose` asks for writers of all.
pub(crate) fn write(club: &Club, orgs: &[&str], sequence: u64) -> PathBuf {
    let mut members = BTreeMap::new();
    for org in orgs {
        let octets = std::fs::read(msp(club, org)).unwrap();
        let policies = [
            ("Readers", format!("OR('{org}MSP.member')")),
            ("Writers", format!("OR('{org}MSP.client', '{org}MSP.admin')")),
            ("Admins", format!("OR('{org}MSP.admin')")),
            ("Endorsement", format!("OR('{org}MSP.peer')")),
        ];
        members.insert((*org).to_owned(), group([], [("MSP", octets)], &policies));
    }
    let usual =
        [("Readers", "ANY Readers"), ("Writers", "ANY Writers"), ("Admins", "MAJORITY Admins")];
    let orderers = members.iter().take(1).map(|(org, group)| (org.clone(), group.clone()));
    let orderer = group(
        orderers.collect::<Vec<_>>(),
        [
            ("Capabilities", capability("V2_0")),
            ("BatchTimeout", BatchTimeout { timeout: "2s".to_owned() }.encode_to_vec()),
            (
                "BatchSize",
                BatchSize {
                    max_message_count: 500,
                    absolute_max_bytes: 10 << 20,
                    preferred_max_bytes: 2 << 20,
                }
                .encode_to_vec(),
            ),
        ],
        &[&usual[..], &[("BlockValidation", "ANY Writers")]].concat(),
    );
    let acls = Acls {
        acls: [("peer/Propose".to_owned(), AclResource { policy_ref: "Both".to_owned() })].into(),
    };
    let application = group(
        members,
        [("Capabilities", capability("V2_0")), ("ACLs", acls.encode_to_vec())],
        &[&usual[..], &[("Both", "ALL Writers"), ("Endorsement", "MAJORITY Endorsement")]].concat(),
    );
    let root = group(
        [("Application".to_owned(), application), ("Orderer".to_owned(), orderer)],
        [
            ("Capabilities", capability("V2_0")),
            ("HashingAlgorithm", HashingAlgorithm { name: "SHA256".to_owned() }.encode_to_vec()),
            (
                "BlockDataHashingStructure",
                BlockDataHashingStructure { width: u32::MAX }.encode_to_vec(),
            ),
        ],
        &usual,
    );
    let config = Config { sequence, channel_group: Some(root) };
    let file = club.path(&format!("channel-{sequence}.pb"));
    std::fs::write(&file, config.encode_to_vec()).unwrap();
    file
}

fn capability(name: &str) -> Vec<u8> {
    Capabilities { capabilities: [(name.to_owned(), Capability {})].into() }.encode_to_vec()
}

fn group<'a, R: AsRef<str> + 'a>(
    groups: impl IntoIterator<Item = (String, ConfigGroup)>,
    values: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
    policies: &[(&str, R)],
) -> ConfigGroup {
    let admins = || "Admins".to_owned();
    let value = |value: Vec<u8>| ConfigValue { version: 0, value, mod_policy: admins() };
    ConfigGroup {
        version: 0,
        groups: groups.into_iter().collect(),
        values: values.into_iter().map(|(name, octets)| (name.to_owned(), value(octets))).collect(),
        policies: policies
            .iter()
            .map(|(name, text)| ((*name).to_owned(), policy(text.as_ref())))
            .collect(),
        mod_policy: admins(),
    }
}

/// A policy from its text: an implicit rule, or one of signatures.
fn policy(text: &str) -> ConfigPolicy {
    let policy = if let Ok(implicit) = parse_implicit(text) {
        Policy { r#type: 3, value: implicit.encode_to_vec() }
    } else {
        let envelope = to_envelope(&language::read(text).unwrap());
        Policy { r#type: 1, value: envelope.encode_to_vec() }
    };
    ConfigPolicy { version: 0, policy: Some(policy), mod_policy: "Admins".to_owned() }
}

/// How many certificates are on the lists of an MSP in a configuration.
pub(crate) fn listed(config: &[u8], msp_id: &str) -> usize {
    let config = Config::decode(config).unwrap();
    let root = config.channel_group.unwrap();
    let octets = chancery::channel::msp_in_place(&root, msp_id).unwrap();
    let outer = MspConfig::decode(octets).unwrap();
    let msp = FabricMspConfig::decode(outer.config.as_slice()).unwrap();
    let lists = msp
        .revocation_list
        .iter()
        .map(|pem| Crl::from_pem(std::str::from_utf8(pem).unwrap()).unwrap().len());
    lists.sum()
}
