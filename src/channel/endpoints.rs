//! Where the orderers of a channel are, by its configuration.

use super::values::OrdererValues;
use crate::pki::pem;
use crate::wire::{
    ConfigGroup, FabricMspConfig, MspConfig, OrdererAddresses, RaftMetadata, Shaped, decode,
};

/// Where an orderer is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdererEndpoint {
    /// Host and port, as the configuration has them.
    pub address: String,
    /// Whose it is, when the configuration says so: the name of the organization's group.
    pub organization: Option<String>,
    /// The TLS certificates that vouch for it, in DER: of its organization, or of all organizations of orderers.
    pub tls_roots: Vec<Vec<u8>>,
}

struct Organization {
    name: String,
    msp_id: String,
    endpoints: Vec<String>,
    tls_roots: Vec<Vec<u8>>,
}

/// Where the orderers are: the endpoints of their organizations; in a channel without these its own `OrdererAddresses`;
/// without these where its consenters listen. Each address once.
pub fn orderer_endpoints(root: &ConfigGroup) -> Vec<OrdererEndpoint> {
    let Some(group) = root.groups.get("Orderer") else { return Vec::new() };
    let organizations: Vec<Organization> = group.groups.iter().map(organization).collect();
    let all_roots: Vec<Vec<u8>> =
        organizations.iter().flat_map(|one| one.tls_roots.iter().cloned()).collect();
    let mut found: Vec<OrdererEndpoint> = Vec::new();
    let mut add = |address: String, of: Option<&Organization>| {
        if found.iter().any(|known| known.address == address) {
            return;
        }
        let organization = of.map(|one| one.name.clone());
        let tls_roots = of.map_or_else(|| all_roots.clone(), |one| one.tls_roots.clone());
        found.push(OrdererEndpoint { address, organization, tls_roots });
    };
    for one in &organizations {
        for address in &one.endpoints {
            add(address.clone(), Some(one));
        }
    }
    if organizations.iter().all(|one| one.endpoints.is_empty()) {
        let own: OrdererAddresses = value(root, "OrdererAddresses");
        let consenters = if own.addresses.is_empty() { consenters(group) } else { Vec::new() };
        for address in own.addresses {
            add(address, None);
        }
        for (address, msp_id) in consenters {
            add(address, organizations.iter().find(|one| Some(&one.msp_id) == msp_id.as_ref()));
        }
    }
    found
}

fn value<M: Shaped>(group: &ConfigGroup, name: &str) -> M {
    group.values.get(name).and_then(|value| decode(&value.value).ok()).unwrap_or_default()
}

fn organization((name, group): (&String, &ConfigGroup)) -> Organization {
    let msp: MspConfig = value(group, "MSP");
    let msp: FabricMspConfig = decode(&msp.config).unwrap_or_default();
    // Nodes put both into one pool, so that an intermediate one vouches by itself.
    let pems = msp.tls_root_certs.iter().chain(&msp.tls_intermediate_certs);
    let endpoints: OrdererAddresses = value(group, "Endpoints");
    Organization {
        name: name.clone(),
        msp_id: msp.name.clone(),
        endpoints: endpoints.addresses,
        tls_roots: pems.flat_map(|pem| certificates(pem)).collect(),
    }
}

fn certificates(octets: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(octets);
    let blocks = pem::blocks(&text).filter(|block| block.label == "CERTIFICATE");
    blocks.map(|block| block.der).collect()
}

/// Where those listen who agree on blocks, and the MSP ID where it is told. They listen there for each other; many an
/// orderer listens there for everybody.
fn consenters(group: &ConfigGroup) -> Vec<(String, Option<String>)> {
    let Ok(values) = OrdererValues::read(group, "") else { return Vec::new() };
    let mapped = values.orderers.consenter_mapping.into_iter().map(|one| {
        let msp_id = Some(one.msp_id).filter(|id| !id.is_empty());
        (address(&one.host, one.port), msp_id)
    });
    let raft: RaftMetadata = match values.consensus.r#type.as_str() {
        "etcdraft" => decode(&values.consensus.metadata).unwrap_or_default(),
        _ => RaftMetadata::default(),
    };
    let raft = raft.consenters.into_iter().map(|one| (address(&one.host, one.port), None));
    mapped.chain(raft).collect()
}

fn address(host: &str, port: u32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ConfigValue, ConsensusType, Consenter, Message, Orderers, RaftConsenter};

    fn with<M: Message>(mut group: ConfigGroup, name: &str, message: &M) -> ConfigGroup {
        let value = ConfigValue { value: message.encode_to_vec(), ..ConfigValue::default() };
        group.values.insert(name.to_owned(), value);
        group
    }

    fn msp(id: &str, root: &[u8], intermediate: &[u8]) -> ConfigGroup {
        let pem = |der: &[u8]| format!("a note\n{}", pem::encode("CERTIFICATE", der)).into_bytes();
        let config = FabricMspConfig {
            name: id.to_owned(),
            tls_root_certs: vec![pem(root)],
            tls_intermediate_certs: vec![pem(intermediate)],
            ..FabricMspConfig::default()
        };
        with(
            ConfigGroup::default(),
            "MSP",
            &MspConfig { r#type: 0, config: config.encode_to_vec() },
        )
    }

    fn addresses(all: &[&str]) -> OrdererAddresses {
        OrdererAddresses { addresses: all.iter().map(|it| (*it).to_owned()).collect() }
    }

    fn root(orderer: ConfigGroup) -> ConfigGroup {
        ConfigGroup { groups: [("Orderer".to_owned(), orderer)].into(), ..ConfigGroup::default() }
    }

    fn found(root: &ConfigGroup) -> Vec<(String, Option<String>, usize)> {
        let found = orderer_endpoints(root).into_iter();
        found.map(|one| (one.address, one.organization, one.tls_roots.len())).collect()
    }

    #[test]
    fn endpoints_of_organizations_come_with_their_own_roots_and_go_before_all_else() {
        let one =
            with(msp("OneMSP", b"r1", b"i1"), "Endpoints", &addresses(&["o1:7050", "o2:7050"]));
        let two = with(msp("TwoMSP", b"r2", b"i2"), "Endpoints", &addresses(&["o2:7050", "o3:1"]));
        let orderer = ConfigGroup {
            groups: [("One".to_owned(), one), ("Two".to_owned(), two)].into(),
            ..ConfigGroup::default()
        };
        let root = with(root(orderer), "OrdererAddresses", &addresses(&["old:7050"]));
        let endpoints = orderer_endpoints(&root);
        assert_eq!(endpoints[0].tls_roots, [b"r1".to_vec(), b"i1".to_vec()]);
        let one = || Some("One".to_owned());
        let expected = [
            ("o1:7050".to_owned(), one(), 2),
            ("o2:7050".to_owned(), one(), 2),
            ("o3:1".to_owned(), Some("Two".to_owned()), 2),
        ];
        assert_eq!(found(&root), expected);
    }

    #[test]
    fn older_channels_have_addresses_for_all_and_the_last_resort_is_where_consenters_listen() {
        let orderer = ConfigGroup {
            groups: [
                ("One".to_owned(), msp("OneMSP", b"r1", b"i1")),
                ("Two".to_owned(), msp("TwoMSP", b"r2", b"i2")),
            ]
            .into(),
            ..ConfigGroup::default()
        };
        let old = with(root(orderer.clone()), "OrdererAddresses", &addresses(&["old:7050"]));
        assert_eq!(found(&old), [("old:7050".to_owned(), None, 4)]);

        let consenter =
            RaftConsenter { host: "::1".into(), port: 7050, ..RaftConsenter::default() };
        let metadata = RaftMetadata { consenters: vec![consenter], options: None };
        let raft = ConsensusType {
            r#type: "etcdraft".to_owned(),
            metadata: metadata.encode_to_vec(),
            state: 0,
        };
        let raft = root(with(orderer.clone(), "ConsensusType", &raft));
        assert_eq!(found(&raft), [("[::1]:7050".to_owned(), None, 4)]);

        let consenter = Consenter {
            host: "b1".into(),
            port: 7051,
            msp_id: "TwoMSP".into(),
            ..Consenter::default()
        };
        let bft = root(with(orderer, "Orderers", &Orderers { consenter_mapping: vec![consenter] }));
        assert_eq!(found(&bft), [("b1:7051".to_owned(), Some("Two".to_owned()), 2)]);
        assert_eq!(found(&ConfigGroup::default()), []);
    }
}
