use super::*;
use crate::channel::testing::{at, capabilities, changed, network, now, policy, value};
use crate::wire::{Config, ConsensusType, Orderers};

fn current(config: &Config) -> Current {
    Current::load("channel", config.clone(), now()).unwrap()
}

fn consensus(config: &Config, kind: &str, state: i32, metadata: &[u8]) -> Config {
    let consensus = ConsensusType { r#type: kind.into(), metadata: metadata.to_vec(), state };
    changed(config, |root| {
        at(root, &["Orderer"]).values.insert("ConsensusType".into(), value(&consensus));
    })
}

fn step(from: &Config, to: &Config) -> Result<(), &'static str> {
    current(from).check_at_orderer(&current(to), now()).map_err(|why| why.word())
}

#[test]
fn maintenance_comes_and_goes_alone() {
    let network = network();
    let maintenance = consensus(&network, "solo", 1, b"");
    assert_eq!(step(&network, &maintenance), Ok(()));
    assert_eq!(step(&maintenance, &network), Ok(()));
    let more = changed(&maintenance, |root| root.mod_policy = "/Channel/Admins".into());
    assert_eq!(step(&network, &more), Err("maintenance-alone"));
    assert_eq!(step(&network, &consensus(&network, "solo", 1, b"x")), Err("maintenance-alone"));
    let old = |config: &Config| {
        changed(config, |root| {
            at(root, &["Orderer"]).values.insert("Capabilities".into(), capabilities("V1_1"));
        })
    };
    assert_eq!(step(&old(&network), &old(&maintenance)), Err("migration-disabled"));
}

#[test]
fn the_kind_changes_in_maintenance_from_raft_to_bft_alone() {
    let network = network();
    assert_eq!(step(&network, &consensus(&network, "BFT", 0, b"")), Err("not-in-maintenance"));
    let maintenance = consensus(&network, "solo", 1, b"");
    assert_eq!(step(&maintenance, &consensus(&network, "BFT", 1, b"")), Err("migration"));
    let raft = consensus(&network, "etcdraft", 1, b"");
    // Nobody takes part in either, but nobody may do BFT yet.
    assert_eq!(step(&raft, &consensus(&network, "BFT", 1, b"")), Err("bft-capability"));
    let stranger = changed(&consensus(&network, "BFT", 1, b""), |root| {
        let consenter = Consenter { id: 1, host: "a".into(), port: 7, ..Consenter::default() };
        let orderers = Orderers { consenter_mapping: vec![consenter] };
        at(root, &["Orderer"]).values.insert("Orderers".into(), value(&orderers));
    });
    assert_eq!(step(&raft, &stranger), Err("other-consenters"));
    assert_eq!(step(&network, &network), Ok(()));
    assert_eq!(step(&raft, &raft), Err("raft-options"));
}

#[test]
fn bft_has_the_policy_of_its_consenters() {
    use crate::wire::{Message as _, OrdererAddresses, Policy};

    let consenter = Consenter { id: 1, host: "a".into(), port: 7, ..Consenter::default() };
    let consenters = vec![consenter];
    let bft = changed(&consensus(&network(), "BFT", 0, b""), |root| {
        root.values.insert("Capabilities".into(), capabilities("V3_0"));
        let orderer = at(root, &["Orderer"]);
        let orderers = Orderers { consenter_mapping: consenters.clone() };
        orderer.values.insert("Orderers".into(), value(&orderers));
        let value = bft_policy(&consenters).encode_to_vec();
        let blocks = orderer.policies.get_mut("BlockValidation").unwrap();
        blocks.policy = Some(Policy { r#type: 1, value });
        let endpoints = OrdererAddresses { addresses: vec!["a:7".into()] };
        let org = at(orderer, &["Orderers"]);
        org.values.insert("Endpoints".into(), crate::channel::testing::value(&endpoints));
    });
    assert_eq!(step(&bft, &bft), Ok(()));
    let any = changed(&bft, |root| {
        at(root, &["Orderer"]).policies.insert("BlockValidation".into(), policy("ANY Writers"));
    });
    assert_eq!(step(&bft, &any), Err("block-validation"));
    let turns = BftOptions { leader_rotation: 2, ..BftOptions::default() }.encode_to_vec();
    assert_eq!(step(&bft, &consensus(&bft, "BFT", 0, &turns)), Err("leader-rotation"));
}
