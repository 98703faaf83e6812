//! What a channel costs beside what it cannot do without: verifications of P-256 signatures by aws-lc.
//!
//! Prints ratios of one run, the limit and ours in turns. Updates are read from their envelopes and judged to the
//! configuration that they lead to; identities were read before, as a node has them. Loading begins with the octets of
//! a configuration and sets up every MSP anew, unless it says otherwise.
//!
//! `cargo bench --bench channel [-- ROUNDS [WORK]]`; WORK is a part of a name, for looking at one alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench has nobody to tell but us"
)]

mod support;

use std::cell::LazyCell;
use std::time::Instant;

use chancery::channel::{Current, Update, compute_update};
use chancery::clock::Timestamp;
use chancery::msp::Epoch;
use chancery::policy::language::read;
use chancery::policy::{Signatures, SignedData, parse_implicit, to_envelope};
use chancery::wire::{
    AnchorPeer, AnchorPeers, BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities,
    Capability, Config, ConfigGroup, ConfigPolicy, ConfigSignature, ConfigValue, ConsensusType,
    Envelope, HashingAlgorithm, Message as _, MspConfig, Policy, PolicyType, SignatureHeader,
    decode,
};

use support::{Bare, MESSAGE, Organization, Work, in_turns};

const NOW: i64 = 1_800_000_000;
/// The large channel.
const MANY: usize = 200;
const REVOKED: u64 = 50_000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let rounds = arguments.next().map_or(1000_u32, |rounds| rounds.parse().unwrap());
    let only = arguments.next().unwrap_or_default();
    let organizations = organizations(5);
    let (orderer, members) = organizations.split_last().unwrap();
    let config = network(members, orderer, 0);
    let octets = config.encode_to_vec();
    let current = Current::load("channel", config, now()).unwrap();
    let epoch = Epoch::new(current.channel().msps().clone(), 100);

    let newcomer = Organization::new("Org9", "admin", false);
    let admission = changed(&current, |root| {
        let application = root.groups.get_mut("Application").unwrap();
        application.groups.insert("Org9".into(), org("Org9", &newcomer.config_with_list(0)));
    });
    let anchor_peer = changed(&current, |root| {
        let application = root.groups.get_mut("Application").unwrap();
        let peer = AnchorPeer { host: "peer9.org0.example.com".into(), port: 7051 };
        let peers = AnchorPeers { anchor_peers: vec![peer] };
        let org = application.groups.get_mut("Org0").unwrap();
        org.values.insert("AnchorPeers".into(), value(&peers));
    });
    let three = signed(admission, &members[..3]);
    let one = signed(anchor_peer, &members[..1]);

    let bare = Bare::new();
    let limit = || ("bare verification", None, Box::new(|| bare.verify()) as Box<dyn Fn()>);
    let works: [Work<'_>; 5] = [
        limit(),
        (
            "admit an organization, 3 signatures",
            Some(4.5),
            Box::new(|| judge(&current, &epoch, &three)),
        ),
        ("anchor peer, 1 signature", Some(1.6), Box::new(|| judge(&current, &epoch, &one))),
        ("load 5 organizations", Some(6.0), Box::new(|| load(&octets))),
        ("load the next of 5, MSPs as before", None, Box::new(|| load_next(&current, &octets))),
    ];
    in_turns(&works, rounds, &only);

    // Made when it is asked for, and after the small one was measured: it takes a while, and the caches.
    let large = LazyCell::new(Large::new);
    let works: [Work<'_>; 3] = [
        limit(),
        ("1 signature in the large channel", None, Box::new(|| large.judge(&large.epoch))),
        ("the same, nobody known before", None, Box::new(|| large.judge_cold())),
    ];
    in_turns(&works, rounds, &only);

    let name = "load the large channel";
    if !name.contains(only.as_str()) {
        return;
    }
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        load(&large.octets);
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    let octets = large.octets.len();
    println!("{name:<40} {best:>9.3} ms  goal 1000");
    println!("({MANY} organizations, {REVOKED} revoked certificates, {octets} octets)");
}

fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

fn judge(current: &Current, epoch: &Epoch, envelope: &Envelope) {
    let update = Update::from_envelope(envelope).unwrap();
    drop(current.propose(&update, epoch).unwrap());
}

fn load(octets: &[u8]) {
    let config: Config = decode(octets).unwrap();
    drop(Current::load("channel", config, now()).unwrap());
}

fn load_next(current: &Current, octets: &[u8]) {
    let config: Config = decode(octets).unwrap();
    drop(current.follow(config, now()).unwrap());
}

fn organizations(count: usize) -> Vec<Organization> {
    (0..count).map(|index| Organization::new(&format!("Org{index}"), "admin", false)).collect()
}

/// An update to the configuration that `change` makes.
fn changed(current: &Current, change: impl FnOnce(&mut ConfigGroup)) -> Update {
    let mut config = current.config().clone();
    change(config.channel_group.as_mut().unwrap());
    Update::unsigned(compute_update("channel", current.config(), &config).unwrap())
}

fn signed(mut update: Update, signers: &[Organization]) -> Envelope {
    for signer in signers {
        let header = SignatureHeader { creator: signer.identity.clone(), nonce: vec![7; 24] };
        let signature_header = header.encode_to_vec();
        let signature = signer.sign(&update.to_be_signed(&signature_header));
        update.sign(ConfigSignature { signature_header, signature });
    }
    update.to_envelope(Vec::new())
}

/// A channel of raft orderers with the usual policies.
fn network(members: &[Organization], orderer: &Organization, revoked: u64) -> Config {
    let mut application = group(&["Readers", "Writers", "Admins", "Endorsement"]);
    for member in members {
        let group = org(member.msp.id(), &member.config_with_list(revoked));
        application.groups.insert(member.msp.id().to_owned(), group);
    }
    capabilities(&mut application, "V2_5");
    let mut orderers = group(&["Readers", "Writers", "Admins", "BlockValidation"]);
    let group_of_orderer = org(orderer.msp.id(), &orderer.config_with_list(0));
    orderers.groups.insert(orderer.msp.id().to_owned(), group_of_orderer);
    capabilities(&mut orderers, "V2_0");
    let size = BatchSize {
        max_message_count: 500,
        absolute_max_bytes: 10 << 20,
        preferred_max_bytes: 2 << 20,
    };
    orderers.values.insert("BatchSize".into(), value(&size));
    orderers.values.insert("BatchTimeout".into(), value(&BatchTimeout { timeout: "2s".into() }));
    let consensus = ConsensusType { r#type: "etcdraft".into(), ..ConsensusType::default() };
    orderers.values.insert("ConsensusType".into(), value(&consensus));
    let mut root = group(&["Readers", "Writers", "Admins"]);
    capabilities(&mut root, "V2_0");
    let algorithm = HashingAlgorithm { name: "SHA256".into() };
    root.values.insert("HashingAlgorithm".into(), value(&algorithm));
    let structure = BlockDataHashingStructure { width: u32::MAX };
    root.values.insert("BlockDataHashingStructure".into(), value(&structure));
    root.groups.insert("Application".into(), application);
    root.groups.insert("Orderer".into(), orderers);
    Config { sequence: 1, channel_group: Some(root) }
}

fn value(message: &impl chancery::wire::Message) -> ConfigValue {
    ConfigValue { version: 0, value: message.encode_to_vec(), mod_policy: "Admins".into() }
}

fn capabilities(group: &mut ConfigGroup, name: &str) {
    let capabilities = [(name.to_owned(), Capability {})].into();
    group.values.insert("Capabilities".into(), value(&Capabilities { capabilities }));
}

fn policy(kind: PolicyType, value: Vec<u8>) -> ConfigPolicy {
    let policy = Some(Policy { r#type: kind.into(), value });
    ConfigPolicy { version: 0, policy, mod_policy: "Admins".into() }
}

/// A group with implicit policies: most administrators, any other.
fn group(names: &[&str]) -> ConfigGroup {
    let named = names.iter().map(|name| {
        let rule = if matches!(*name, "Admins" | "Endorsement") { "MAJORITY" } else { "ANY" };
        let of = if *name == "BlockValidation" { "Writers" } else { name };
        let implicit = parse_implicit(&format!("{rule} {of}")).unwrap().encode_to_vec();
        ((*name).to_owned(), policy(PolicyType::ImplicitMeta, implicit))
    });
    ConfigGroup { policies: named.collect(), mod_policy: "Admins".into(), ..ConfigGroup::default() }
}

fn org(id: &str, msp: &MspConfig) -> ConfigGroup {
    let roles = [
        ("Readers", "member"),
        ("Writers", "member"),
        ("Admins", "admin"),
        ("Endorsement", "peer"),
    ];
    let named = roles.map(|(name, role)| {
        let envelope = to_envelope(&read(&format!("OR('{id}.{role}')")).unwrap());
        (name.to_owned(), policy(PolicyType::Signature, envelope.encode_to_vec()))
    });
    ConfigGroup {
        policies: named.into(),
        values: [("MSP".to_owned(), value(msp))].into(),
        mod_policy: "Admins".into(),
        ..ConfigGroup::default()
    }
}

/// A channel of many organizations that have revoked much.
struct Large {
    octets: Vec<u8>,
    current: Current,
    epoch: Epoch,
    identity: Vec<u8>,
    signature: Vec<u8>,
}

impl Large {
    fn new() -> Self {
        let organizations = organizations(MANY + 1);
        let (orderer, members) = organizations.split_last().unwrap();
        let config = network(members, orderer, REVOKED / MANY as u64);
        let octets = config.encode_to_vec();
        let current = Current::load("channel", config, now()).unwrap();
        let epoch = Epoch::new(current.channel().msps().clone(), 100);
        let signer = &members[MANY / 2];
        let (identity, signature) = (signer.identity.clone(), signer.sign(&MESSAGE));
        Self { octets, current, epoch, identity, signature }
    }

    fn judge(&self, epoch: &Epoch) {
        let signed = [SignedData {
            identity: self.identity.as_slice().into(),
            data: MESSAGE.as_slice().into(),
            signature: self.signature.as_slice().into(),
        }];
        let signatures = Signatures::new(epoch, &signed);
        let path = format!("/Channel/Application/Org{}/Admins", MANY / 2);
        let policies = self.current.channel().policies();
        assert!(policies.evaluate(&path, &signatures).is_satisfied());
    }

    fn judge_cold(&self) {
        self.judge(&Epoch::new(self.current.channel().msps().clone(), 1));
    }
}
