use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::channel::capabilities::Section;
use crate::channel::current::Current;
use crate::channel::edit::{Edit, edit};
use crate::channel::testing::{CAS, at, capabilities, msp, msp_value, network, now, value};
use crate::wire::{BftOptions, Config, FabricMspConfig, RaftOptions};

/// A certificate of the orderers' TLS CA.
fn certificate() -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["orderer.example.com".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2060, 1, 1);
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, &CAS[3].issuer).unwrap().pem().into_bytes()
}

fn consenter(port: u16, identity: Option<ConsenterIdentity>) -> NewConsenter {
    let place = Place { host: "orderer".to_owned(), port };
    NewConsenter { place, client_tls: certificate(), server_tls: certificate(), identity }
}

fn place(port: u16) -> Place {
    Place { host: "orderer".to_owned(), port }
}

fn add(consenter: NewConsenter) -> Edit {
    Edit::Orderer(OrdererEdit::AddConsenter(consenter))
}

/// The network with orderers whose TLS CA is known, with three consenters of raft.
fn raft() -> Config {
    let mut config = network();
    let root = config.channel_group.as_mut().unwrap();
    let orderer = at(root, &["Orderer"]);
    let metadata = RaftMetadata {
        consenters: [1, 2, 3].map(|port| raft_consenter(&consenter(port, None))).to_vec(),
        options: Some(RaftOptions {
            tick_interval: "500ms".into(),
            election_tick: 10,
            heartbeat_tick: 1,
            max_inflight_blocks: 5,
            snapshot_interval_size: 1 << 24,
        }),
    };
    let kind = ConsensusType { r#type: RAFT.into(), metadata: metadata.encode_to_vec(), state: 0 };
    orderer.values.insert("ConsensusType".into(), value(&kind));
    let msp =
        FabricMspConfig { tls_root_certs: vec![CAS[3].pem.clone()], ..msp("OrdererMSP", &CAS[3]) };
    at(orderer, &["Orderers"]).values.insert("MSP".into(), msp_value(&msp));
    config
}

/// The same with BFT and four consenters.
fn bft() -> Config {
    let mut config = raft();
    let root = config.channel_group.as_mut().unwrap();
    root.values.insert("Capabilities".into(), capabilities("V3_0"));
    let orderer = at(root, &["Orderer"]);
    let addresses = OrdererAddresses { addresses: vec!["orderer:7050".into()] };
    at(orderer, &["Orderers"]).values.insert("Endpoints".into(), value(&addresses));
    let kind = ConsensusType {
        r#type: BFT.into(),
        metadata: BftOptions::default().encode_to_vec(),
        state: 0,
    };
    orderer.values.insert("ConsensusType".into(), value(&kind));
    let edits = [1, 2, 3, 4].map(|port| add(consenter(port, Some(identity()))));
    let root = edit(root, &edits).unwrap();
    config.channel_group = Some(root);
    config
}

fn identity() -> ConsenterIdentity {
    ConsenterIdentity { id: None, msp_id: "OrdererMSP".to_owned(), certificate: certificate() }
}

/// Whether nodes and orderers let it follow.
fn follow(config: &Config, edits: &[Edit]) -> Result<Config, String> {
    let current = Current::load("mychannel", config.clone(), now()).unwrap();
    let root = edit(current.root(), edits).map_err(|why| why.to_string())?;
    let next = Config { sequence: config.sequence + 1, channel_group: Some(root) };
    let next = current.follow(next, now()).map_err(|why| why.to_string())?;
    current.check_at_orderer(next.as_current(), now()).map_err(|why| why.to_string())?;
    Ok(next.as_current().config().clone())
}

fn one(edit: OrdererEdit) -> [Edit; 1] {
    [Edit::Orderer(edit)]
}

fn size(config: &Config) -> BatchSize {
    decode(&config.channel_group.as_ref().unwrap().groups["Orderer"].values["BatchSize"].value)
        .unwrap()
}

#[test]
fn batches_are_sized_and_timed() {
    let before = raft();
    let larger = OrdererEdit::BatchSize {
        max_message_count: Some(7),
        absolute_max_bytes: None,
        preferred_max_bytes: Some(600),
    };
    let after = follow(&before, &one(larger)).unwrap();
    let said = (size(&after).max_message_count, size(&after).preferred_max_bytes);
    assert_eq!((said, size(&after).absolute_max_bytes), ((7, 600), 1000));
    let too_large = OrdererEdit::BatchSize {
        max_message_count: None,
        absolute_max_bytes: None,
        preferred_max_bytes: Some(2000),
    };
    assert!(follow(&before, &one(too_large)).unwrap_err().contains("prefers 2000"));
    assert!(follow(&before, &one(OrdererEdit::BatchTimeout("1m".into()))).is_ok());
    let bad = follow(&before, &one(OrdererEdit::BatchTimeout("1 m".into()))).unwrap_err();
    assert!(bad.contains("`1 m`"), "{bad}");
}

#[test]
fn maintenance_is_entered_and_left_alone() {
    let before = raft();
    let inside = follow(&before, &one(OrdererEdit::Maintenance(true))).unwrap();
    let outside = follow(&inside, &one(OrdererEdit::Maintenance(false))).unwrap();
    assert_eq!(outside.channel_group, before.channel_group);
    let with_more = [
        Edit::Orderer(OrdererEdit::Maintenance(true)),
        Edit::Orderer(OrdererEdit::BatchTimeout("9s".into())),
    ];
    let why = follow(&before, &with_more).unwrap_err();
    assert!(why.contains("nothing but ConsensusType.state"), "{why}");
}

#[test]
fn consenters_of_raft_come_go_and_are_exchanged_one_at_a_time() {
    let before = raft();
    let four = follow(&before, &[add(consenter(4, None))]).unwrap();
    let three = follow(&four, &one(OrdererEdit::RemoveConsenter(place(4)))).unwrap();
    assert_eq!(three.channel_group, before.channel_group);
    let exchange = OrdererEdit::ExchangeConsenter(place(2), consenter(9, None));
    let exchanged = follow(&before, &one(exchange)).unwrap();
    let gone = follow(&exchanged, &one(OrdererEdit::RemoveConsenter(place(2)))).unwrap_err();
    assert!(gone.contains("orderer:2"), "{gone}");
    let two = [add(consenter(4, None)), add(consenter(5, None))];
    assert!(follow(&before, &two).unwrap_err().contains("one at a time"));
}

#[test]
fn consenters_of_bft_bring_the_policy_of_blocks_with_them() {
    let before = bft();
    let five = follow(&before, &[add(consenter(5, Some(identity())))]).unwrap();
    let orderer = &five.channel_group.as_ref().unwrap().groups["Orderer"];
    let named: Orderers = decode(&orderer.values["Orderers"].value).unwrap();
    assert_eq!(named.consenter_mapping.iter().map(|it| it.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(follow(&five, &one(OrdererEdit::RemoveConsenter(place(1)))).is_ok());
    let nameless = follow(&before, &[add(consenter(6, None))]).unwrap_err();
    assert!(nameless.contains("BFT"), "{nameless}");
}

#[test]
fn endpoints_and_capabilities_are_set() {
    let before = raft();
    let endpoints = |endpoints: &[&str]| OrdererEdit::Endpoints {
        name: "Orderers".to_owned(),
        endpoints: endpoints.iter().map(|one| (*one).to_owned()).collect(),
    };
    let with = follow(&before, &one(endpoints(&["a:1", "b:2"]))).unwrap();
    assert_eq!(follow(&with, &one(endpoints(&[]))).unwrap().channel_group, before.channel_group);
    let capability =
        |section, name: &str| Edit::SetCapabilities { section, names: vec![name.to_owned()] };
    assert!(follow(&with, &[capability(Section::Channel, "V3_0")]).is_ok());
    // Nobody would say where orderers are.
    assert!(follow(&before, &[capability(Section::Channel, "V3_0")]).is_err());
    assert!(follow(&before, &[capability(Section::Application, "V2_0")]).is_ok());
    let unknown = follow(&before, &[capability(Section::Orderer, "V9")]).unwrap_err();
    assert!(unknown.contains("V9"), "{unknown}");
}

#[test]
fn a_channel_forgets_its_consortium() {
    let mut before = raft();
    let consortium = crate::wire::Consortium { name: "Old".into() };
    let root = before.channel_group.as_mut().unwrap();
    root.values.insert("Consortium".into(), value(&consortium));
    let after = follow(&before, &[Edit::ForgetConsortium]).unwrap();
    assert!(!after.channel_group.as_ref().unwrap().values.contains_key("Consortium"));
    assert!(follow(&after, &[Edit::ForgetConsortium]).is_err());
}
