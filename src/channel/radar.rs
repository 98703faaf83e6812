//! Every certificate inside a configuration, and when it ends. Nodes tolerate ends in most places and stop at others
//! (their own certificate at start, TLS), so whoever runs a channel wants to know beforehand.

use std::fmt;

use super::names::{Element, Kind};
use crate::clock::Timestamp;
use crate::pki::Certificate;
use crate::wire::{
    ConfigGroup, ConsensusType, FabricMspConfig, MspConfig, Orderers, RaftMetadata, decode,
};

/// What a certificate is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// A root CA of members.
    Root,
    /// An intermediate CA of members.
    Intermediate,
    /// An administrator who is listed by certificate.
    Admin,
    /// A root CA of TLS.
    TlsRoot,
    /// An intermediate CA of TLS.
    TlsIntermediate,
    /// A consenter's identity.
    Consenter,
    /// A consenter's TLS certificate.
    ConsenterTls,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root CA",
            Self::Intermediate => "intermediate CA",
            Self::Admin => "administrator",
            Self::TlsRoot => "root CA of TLS",
            Self::TlsIntermediate => "intermediate CA of TLS",
            Self::Consenter => "consenter",
            Self::ConsenterTls => "consenter's TLS",
        })
    }
}

/// A certificate of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// The value that holds it.
    pub element: Element,
    /// What it is there for.
    pub held: Held,
    /// Its subject; what is wrong with it when it cannot be read.
    pub name: String,
    /// Its last instant, when it can be read.
    pub not_after: Option<Timestamp>,
}

/// Certificates of one value that are looked at; nodes have no bound, but their messages do.
const MAX_OF_VALUE: usize = 1_000;

/// The certificates of a configuration, those first that end first; those that cannot be read last.
pub fn certificates(root: &ConfigGroup) -> Vec<Dated> {
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), &mut found);
    found.sort_by(|a, b| {
        let key = |dated: &Dated| (dated.not_after.is_none(), dated.not_after.map(Timestamp::unix));
        key(a).cmp(&key(b)).then_with(|| (&a.element, a.held).cmp(&(&b.element, b.held)))
    });
    found
}

fn walk<'g>(group: &'g ConfigGroup, way: &mut Vec<&'g str>, found: &mut Vec<Dated>) {
    for (name, value) in &group.values {
        let all = match name.as_str() {
            "MSP" => of_msp(&value.value),
            "ConsensusType" => of_consensus(&value.value),
            "Orderers" => of_orderers(&value.value),
            _ => continue,
        };
        let element = Element::new(Kind::Value, way, Some(name));
        found.extend(
            all.into_iter().take(MAX_OF_VALUE).map(|(held, pem)| dated(&element, held, &pem)),
        );
    }
    for (name, below) in &group.groups {
        way.push(name);
        walk(below, way, found);
        way.pop();
    }
}

fn of_msp(octets: &[u8]) -> Vec<(Held, Vec<u8>)> {
    let outer: Option<MspConfig> = decode(octets).ok();
    let config: Option<FabricMspConfig> = outer.and_then(|outer| decode(&outer.config).ok());
    let Some(config) = config else { return Vec::new() };
    let lists = [
        (Held::Root, config.root_certs),
        (Held::Intermediate, config.intermediate_certs),
        (Held::Admin, config.admins),
        (Held::TlsRoot, config.tls_root_certs),
        (Held::TlsIntermediate, config.tls_intermediate_certs),
    ];
    let all =
        lists.into_iter().flat_map(|(held, list)| list.into_iter().map(move |pem| (held, pem)));
    all.collect()
}

fn of_consensus(octets: &[u8]) -> Vec<(Held, Vec<u8>)> {
    let consensus: Option<ConsensusType> = decode(octets).ok();
    let raft = consensus.filter(|consensus| consensus.r#type == "etcdraft");
    let metadata: Option<RaftMetadata> = raft.and_then(|raft| decode(&raft.metadata).ok());
    let consenters = metadata.map(|metadata| metadata.consenters).unwrap_or_default();
    let both = consenters.into_iter().flat_map(|one| [one.client_tls_cert, one.server_tls_cert]);
    each_once(both.map(|pem| (Held::ConsenterTls, pem)))
}

fn of_orderers(octets: &[u8]) -> Vec<(Held, Vec<u8>)> {
    let orderers: Orderers = decode(octets).unwrap_or_default();
    let all = orderers.consenter_mapping.into_iter().flat_map(|one| {
        [
            (Held::Consenter, one.identity),
            (Held::ConsenterTls, one.client_tls_cert),
            (Held::ConsenterTls, one.server_tls_cert),
        ]
    });
    each_once(all)
}

/// A node's client and server certificate are one more often than not.
fn each_once(all: impl Iterator<Item = (Held, Vec<u8>)>) -> Vec<(Held, Vec<u8>)> {
    let mut once: Vec<(Held, Vec<u8>)> = Vec::new();
    for one in all {
        if !one.1.is_empty() && !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn dated(element: &Element, held: Held, pem: &[u8]) -> Dated {
    let read = String::from_utf8_lossy(pem);
    let (name, not_after) = match Certificate::from_pem(&read) {
        Ok(certificate) => (certificate.subject_text(), Some(certificate.not_after())),
        Err(why) => (format!("a certificate that cannot be read: {why}"), None),
    };
    Dated { element: element.clone(), held, name, not_after }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;
    use crate::wire::{ConfigValue, Consenter, Message as _, RaftConsenter};

    fn pem(name: &str, end: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(end, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem().into_bytes()
    }

    #[test]
    fn every_certificate_is_found_and_the_first_to_end_comes_first() {
        let config = FabricMspConfig {
            name: "Org1MSP".to_owned(),
            root_certs: vec![pem("root", 2040)],
            intermediate_certs: vec![pem("issuing", 2030)],
            admins: vec![pem("boss", 2027)],
            tls_root_certs: vec![pem("tls", 2041)],
            tls_intermediate_certs: vec![b"no certificate".to_vec()],
            ..FabricMspConfig::default()
        };
        let node = pem("orderer0", 2028);
        let raft = RaftMetadata {
            consenters: vec![RaftConsenter {
                client_tls_cert: node.clone(),
                server_tls_cert: node,
                ..RaftConsenter::default()
            }],
            ..RaftMetadata::default()
        };
        let consensus = ConsensusType {
            r#type: "etcdraft".to_owned(),
            metadata: raft.encode_to_vec(),
            ..ConsensusType::default()
        };
        let bft = Orderers {
            consenter_mapping: vec![Consenter {
                identity: pem("orderer1", 2029),
                ..Consenter::default()
            }],
        };
        let value = |value: Vec<u8>| ConfigValue { value, ..ConfigValue::default() };
        let group = |values: Vec<(&str, Vec<u8>)>, groups: Vec<(&str, ConfigGroup)>| ConfigGroup {
            values: values
                .into_iter()
                .map(|(name, octets)| (name.to_owned(), value(octets)))
                .collect(),
            groups: groups.into_iter().map(|(name, group)| (name.to_owned(), group)).collect(),
            ..ConfigGroup::default()
        };
        let orderer = group(
            vec![("ConsensusType", consensus.encode_to_vec()), ("Orderers", bft.encode_to_vec())],
            vec![("Org1", group(vec![("MSP", config.to_msp_config())], vec![]))],
        );
        let found = certificates(&group(vec![], vec![("Orderer", orderer)]));
        let told: Vec<_> = found
            .iter()
            .map(|dated| format!("{} {}", dated.held, dated.name.trim_start_matches("CN=")))
            .collect();
        assert_eq!(
            told[..6],
            [
                "administrator boss",
                "consenter's TLS orderer0",
                "consenter orderer1",
                "intermediate CA issuing",
                "root CA root",
                "root CA of TLS tls"
            ]
        );
        assert!(told[6].contains("cannot be read") && found[6].not_after.is_none(), "{told:?}");
        assert_eq!(found[0].element.path, "/Channel/Orderer/Org1/MSP");
    }
}
