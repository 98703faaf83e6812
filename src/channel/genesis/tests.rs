use std::collections::BTreeMap;

use super::block::genesis_block;
use super::error::GenesisError;
use super::group::{Generated, generate};
use super::join::{JoinError, check_join};
use crate::channel::bad::ChannelError;
use crate::channel::configtx::read_profile;
use crate::clock::Timestamp;
use crate::wire::{BatchSize, ConfigGroup, ConsensusType, Message as _, RaftMetadata, decode};

const CA: &[u8] = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

const ORGANIZATIONS: &str = "
Organizations:
  - &Org
    Name: Org1
    ID: Org1MSP
    MSPDir: ./org1/msp
    OrdererEndpoints: ['orderer.org1:7050']
    Policies: &Policies
      Readers: {Type: Signature, Rule: \"OR('Org1MSP.member')\"}
      Writers: {Type: Signature, Rule: \"OR('Org1MSP.member')\"}
      Admins: {Type: Signature, Rule: \"OR('Org1MSP.admin')\"}
";

const IMPLICIT: &str = "&Implicit {Readers: {Type: ImplicitMeta, Rule: ANY Readers}, \
                        Writers: {Type: ImplicitMeta, Rule: ANY Writers}, \
                        Admins: {Type: ImplicitMeta, Rule: MAJORITY Admins}}";

/// A file with one profile, whose sections begin and end so.
fn configtx(channel: &str, orderer: &str, application: &str) -> String {
    format!(
        "{ORGANIZATIONS}\nProfiles:\n  P:\n    Policies: {IMPLICIT}\n{channel}\n    Orderer:\n      Policies:\n        <<: *Implicit\n        \
         BlockValidation: {{Type: ImplicitMeta, Rule: ANY Writers}}\n      Organizations: [*Org]\n{orderer}\n    Application:\n      \
         Policies: *Implicit\n      Organizations: [*Org]\n{application}\n"
    )
}

fn files() -> BTreeMap<String, Vec<u8>> {
    [("org1/msp/cacerts/ca.pem", CA), ("org1/msp/cacerts/ca.der", b"0"), ("tls.pem", b"tls")]
        .map(|(path, octets)| (path.to_owned(), octets.to_vec()))
        .into()
}

fn generated(text: &str) -> Result<Generated, GenesisError> {
    let profile = read_profile(text.as_bytes(), &BTreeMap::new(), "P").unwrap();
    generate(&profile, &files())
}

fn orderer_of(generated: &Generated) -> &ConfigGroup {
    &generated.channel_group.groups["Orderer"]
}

#[test]
fn what_is_not_said_is_as_usual() {
    let generated = generated(&configtx("", "", "")).unwrap();
    let values = &orderer_of(&generated).values;
    assert_eq!(
        decode(&values["BatchSize"].value),
        Ok(BatchSize {
            max_message_count: 500,
            absolute_max_bytes: 10 << 20,
            preferred_max_bytes: 2 << 20
        })
    );
    assert_eq!(values["BatchTimeout"].value, b"\n\x022s");
    let kind: ConsensusType = decode(&values["ConsensusType"].value).unwrap();
    assert_eq!(kind.r#type, "solo");
    assert!(!values.contains_key("Capabilities"));
    assert_eq!(generated.warnings, ["./org1/msp: `cacerts/ca.der` holds no PEM and has no effect"]);
}

#[test]
fn raft_takes_its_options_one_by_one() {
    let raft = "      OrdererType: etcdraft\n      EtcdRaft: {Options: {ElectionTick: 20}, \
                Consenters: [{Host: o, Port: 7050, ClientTLSCert: a/../tls.pem, ServerTLSCert: ./tls.pem}]}";
    let generated = generated(&configtx("", raft, "")).unwrap();
    let kind: ConsensusType =
        decode(&orderer_of(&generated).values["ConsensusType"].value).unwrap();
    let metadata: RaftMetadata = decode(&kind.metadata).unwrap();
    let options = metadata.options.unwrap();
    assert_eq!((options.tick_interval.as_str(), options.election_tick), ("500ms", 20));
    assert_eq!(options.snapshot_interval_size, 16 << 20);
    assert_eq!(metadata.consenters[0].client_tls_cert, b"tls");
}

#[test]
fn what_lacks_is_told() {
    let raft = |rest: &str| format!("      OrdererType: etcdraft\n      EtcdRaft: {{{rest}}}");
    let consenter = |rest: &str| raft(&format!("Consenters: [{{Host: o, Port: 1, {rest}}}]"));
    let bft = "      OrdererType: BFT\n      ConsenterMapping: [{ID: 1, Host: o, Port: 1, MSPID: M, Identity: tls.pem, \
               ClientTLSCert: tls.pem, ServerTLSCert: tls.pem}]";
    let v3 = "    Capabilities: {V3_0: true}";
    for (channel, orderer, word) in [
        ("", "      OrdererType: kafka", "orderer-type"),
        ("", "      OrdererType: Solo", "orderer-type"),
        ("", "      OrdererType: etcdraft", "raft-missing"),
        ("", &raft(""), "no-consenters"),
        ("", &raft("Consenters: [{Host: o}], Options: {TickInterval: soon}"), "raft-options"),
        ("", &raft("Consenters: [{Host: o}], Options: {ElectionTick: 1}"), "raft-options"),
        ("", &raft("Consenters: [{Host: o}]"), "consenter"),
        ("", &consenter("ClientTLSCert: tls.pem"), "consenter"),
        ("", &consenter("ClientTLSCert: none, ServerTLSCert: tls.pem"), "file"),
        ("", &consenter("ClientTLSCert: '', ServerTLSCert: tls.pem"), "file"),
        ("", bft, "bft-without-capability"),
        (v3, "      OrdererType: BFT", "no-consenters"),
        (v3, "      Addresses: [a]", "orderer-addresses-forbidden"),
    ] {
        let why = generated(&configtx(channel, orderer, "")).unwrap_err();
        assert_eq!(why.word(), word, "{why}");
        assert!(why.to_string().contains("line "), "{why}");
    }
    assert!(generated(&configtx(v3, bft, "")).is_ok());
}

#[test]
fn mistakes_of_organizations_are_told() {
    let good = configtx("", "", "");
    for (from, to, word) in [
        ("ID: Org1MSP", "SkipAsForeign: true", "foreign-org"),
        ("ID: Org1MSP", "MSPType: idemix", "msp-type"),
        ("./org1/msp", "org2", "msp-folder"),
        ("      Writers: {Type: Signature", "      Others: {Type: Signature", "policy-missing"),
        ("OR('Org1MSP.admin')", "OR('Org1MSP.chief')", "policy-rule"),
        ("ANY Readers", "SOME Readers", "policy-rule"),
        ("Type: ImplicitMeta, Rule: ANY Writers", "Type: implicitmeta, Rule: a", "policy-type"),
        ("BlockValidation:", "Other:", "policy-missing"),
    ] {
        assert!(good.contains(from), "{from}");
        let why = generated(&good.replace(from, to)).unwrap_err();
        assert_eq!(why.word(), word, "{why}");
        assert!(why.to_string().contains("line "), "{why}");
    }
    let endpoints = good.replace("    OrdererEndpoints: ['orderer.org1:7050']\n", "");
    let v3 = endpoints.replace("    Orderer:\n", "    Capabilities: {V3_0: true}\n    Orderer:\n");
    assert_eq!(generated(&v3).unwrap_err().word(), "org-endpoints-missing");
    assert!(generated(&endpoints).is_ok());
    let none = good.replace("    Application:\n", "    Application: ~\n    Other:\n");
    let none: String = none.split("    Other:").next().unwrap().to_owned();
    assert_eq!(generated(&none).unwrap_err().word(), "no-application-section");
    let system = none.replace("    Application: ~\n", "    Consortiums: {}\n");
    assert!(generated(&system).unwrap().channel_group.groups.contains_key("Consortiums"));
}

#[test]
fn of_two_with_one_name_the_later_stays() {
    let two = configtx("", "", "").replacen("[*Org]", "[*Org, {<<: *Org, ID: Other}]", 1);
    let generated = generated(&two).unwrap();
    let org = &orderer_of(&generated).groups["Org1"];
    assert!(org.values["MSP"].value.windows(5).any(|window| window == b"Other"));
    assert!(generated.warnings.iter().any(|told| told.contains("`Org1` before")));
}

#[test]
fn a_block_that_cannot_be_joined_by_is_refused() {
    let group = generated(&configtx("", "", "")).unwrap().channel_group;
    let at = Timestamp::from_unix(1_700_000_000);
    let block = genesis_block("mychannel", group, at, [7; 24]);
    let octets = block.encode_to_vec();
    // Its CA is none, so it does not load; before that it has no addresses.
    let why = check_join(&octets, at).unwrap_err();
    assert_eq!(why, JoinError::Channel(ChannelError::AddressesMissing));
    let mut bare = block.clone();
    bare.metadata = None;
    assert_eq!(check_join(&bare.encode_to_vec(), at).unwrap_err(), JoinError::NoMetadata);
    let mut other = block;
    other.data.as_mut().unwrap().data[0].push(0);
    assert_eq!(check_join(&other.encode_to_vec(), at).unwrap_err().word(), "malformed");
    assert_eq!(check_join(b"", at).unwrap_err().word(), "malformed");
}
