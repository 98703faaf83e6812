//! What a verdict costs beside what it cannot do without: verifications of P-256 signatures by aws-lc.
//!
//! Prints ratios of one run, the limit and ours in turns. `cached` is with identities that were read before (a peer
//! meets the same endorsers all day); each verdict still verifies the signatures that it needs.
//!
//! `cargo bench --bench policy [-- ROUNDS [WORK]]`; WORK is a part of a name, for looking at one alone.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench has nobody to tell but us")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use chancery::clock::Timestamp;
use chancery::msp::{Epoch, Msp, MspVersion, Msps};
use chancery::policy::language::read;
use chancery::policy::{
    Members, PolicyTree, SignaturePolicy, Signatures, SignedData, parse_implicit, to_envelope,
};
use chancery::wire::{
    ConfigGroup, ConfigPolicy, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, Message as _,
    MspConfig, Policy, PolicyType, SerializedIdentity,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The size of an endorsed proposal response.
const MESSAGE: [u8; 600] = [7; 600];
/// How long a turn takes: so short that some turns are not disturbed by what else the machine does.
const TURN: Duration = Duration::from_millis(1);
const ORGANIZATIONS: usize = 9;

type Work<'a> = (&'static str, Option<f64>, Box<dyn Fn() + 'a>);

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let rounds = arguments.next().map_or(300_u32, |rounds| rounds.parse().unwrap());
    let only = arguments.next().unwrap_or_default();
    let organizations: Vec<Organization> = (0..ORGANIZATIONS).map(Organization::new).collect();
    let msps: Msps = organizations.iter().map(|organization| organization.msp.clone()).collect();
    let epoch = Epoch::new(msps.clone(), 100);
    let signed = |count: usize| -> Vec<SignedData<'_>> {
        organizations.iter().take(count).map(Organization::signed).collect()
    };
    let (two, three, nine) = (signed(2), signed(3), signed(ORGANIZATIONS));
    let (two_of_three, five_of_nine) = (out_of(2, 3), out_of(5, 9));
    let majority = majority_of(4);
    let bare = Bare::new();
    let works: [Work<'_>; 7] = [
        ("bare verification", None, Box::new(|| bare.verify())),
        (
            "2 of 3, 2 signatures, cached",
            Some(2.1),
            Box::new(|| judge(&two_of_three, &epoch, &two)),
        ),
        (
            "5 of 9, 9 signatures, cached",
            Some(5.4),
            Box::new(|| judge(&five_of_nine, &epoch, &nine)),
        ),
        (
            "MAJORITY of 4, 3 signatures, cached",
            Some(3.2),
            Box::new(|| judge_tree(&majority, &epoch, &three)),
        ),
        (
            "MAJORITY of 4, 3 signatures, uncached",
            Some(9.0),
            Box::new(|| judge_tree(&majority, &msps, &three)),
        ),
        ("2 of 3, 2 signatures, uncached", None, Box::new(|| judge(&two_of_three, &msps, &two))),
        ("reading a policy of 9 principals", None, Box::new(|| drop(read(&text(5, 9)).unwrap()))),
    ];
    // The best of all turns: what others do on the machine only ever adds.
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for _ in 0..rounds {
        for (name, _, work) in works.iter().filter(|(name, ..)| name.contains(only.as_str())) {
            let (start, mut calls) = (Instant::now(), 0);
            while calls == 0 || start.elapsed() < TURN {
                work();
                calls += 1;
            }
            let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(calls);
            let kept = best.entry(name).or_insert(each);
            *kept = kept.min(each);
        }
    }
    let unit = best.get("bare verification").copied().unwrap_or(f64::NAN);
    for (name, goal, _) in &works {
        let Some(each) = best.get(name) else { continue };
        let goal = goal.map_or(String::new(), |goal| format!("  goal {goal}"));
        println!("{name:<40} {each:>9.3} us  {:>7.4}{goal}", each / unit);
    }
}

fn judge<M: Members>(policy: &SignaturePolicy, members: &M, signed: &[SignedData<'_>]) {
    assert!(policy.evaluate(&Signatures::new(members, signed)).is_satisfied());
}

fn judge_tree<M: Members>(tree: &PolicyTree, members: &M, signed: &[SignedData<'_>]) {
    let signatures = Signatures::new(members, signed);
    assert!(tree.evaluate("/Channel/Endorsement", &signatures).is_satisfied());
}

fn text(n: usize, of: usize) -> String {
    let peers: Vec<String> = (0..of).map(|index| format!("'Org{index}.peer'")).collect();
    format!("OutOf({n}, {})", peers.join(", "))
}

fn out_of(n: usize, of: usize) -> SignaturePolicy {
    SignaturePolicy::from_written(&read(&text(n, of)).unwrap())
}

/// The policy of more than half of so many organizations, each of which asks for one of its peers.
fn majority_of(count: usize) -> PolicyTree {
    let policy = |kind: PolicyType, value| {
        let policy = Some(Policy { r#type: kind.into(), value });
        ConfigPolicy { policy, ..ConfigPolicy::default() }
    };
    let mut root = ConfigGroup::default();
    for index in 0..count {
        let peer = to_envelope(&read(&format!("OR('Org{index}.peer')")).unwrap()).encode_to_vec();
        let mut group = ConfigGroup::default();
        group.policies.insert("Endorsement".into(), policy(PolicyType::Signature, peer));
        root.groups.insert(format!("Org{index}"), group);
    }
    let majority = parse_implicit("MAJORITY Endorsement").unwrap().encode_to_vec();
    root.policies.insert("Endorsement".into(), policy(PolicyType::ImplicitMeta, majority));
    PolicyTree::load(&root).unwrap()
}

struct Bare {
    key: ParsedPublicKey,
    signature: Vec<u8>,
}

impl Bare {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let signature = key.sign(&SystemRandom::new(), &MESSAGE).unwrap().as_ref().to_vec();
        let public = key.public_key().as_ref();
        Self { key: ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public).unwrap(), signature }
    }

    fn verify(&self) {
        self.key.verify_sig(&MESSAGE, &self.signature).unwrap();
    }
}

/// An organization with a root CA, and the signature of a peer of it.
struct Organization {
    msp: Msp,
    identity: Vec<u8>,
    signature: Vec<u8>,
}

impl Organization {
    fn new(index: usize) -> Self {
        let id = format!("Org{index}");
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = params("ca", None);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = ca.self_signed(&ca_key).unwrap().pem().into_bytes();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let certificate = params("peer0", Some("peer")).signed_by(&key, &issuer).unwrap();
        let unit = |name: &str| {
            let organizational_unit_identifier = name.to_owned();
            Some(FabricOuIdentifier { certificate: Vec::new(), organizational_unit_identifier })
        };
        let config = FabricMspConfig {
            name: id.clone(),
            root_certs: vec![root],
            fabric_node_ous: Some(FabricNodeOus {
                enable: true,
                client_ou_identifier: unit("client"),
                peer_ou_identifier: unit("peer"),
                admin_ou_identifier: unit("admin"),
                orderer_ou_identifier: unit("orderer"),
            }),
            ..FabricMspConfig::default()
        };
        let config = MspConfig { r#type: 0, config: config.encode_to_vec() }.encode_to_vec();
        let now = Timestamp::from_unix(1_800_000_000);
        let msp = Msp::new(&config, MspVersion::V3_0, now).unwrap();
        let id_bytes = certificate.pem().into_bytes();
        let identity = SerializedIdentity { mspid: id, id_bytes }.encode_to_vec();
        let known = msp.identity(&identity).unwrap();
        let pkcs8 = key.serialize_der();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
        let random = SystemRandom::new();
        let sign = || signer.sign(&random, &MESSAGE).unwrap().as_ref().to_vec();
        // Every second signature has the low S.
        let signature =
            std::iter::repeat_with(sign).find(|it| known.verify(&MESSAGE, it).is_ok()).unwrap();
        Self { msp, identity, signature }
    }

    fn signed(&self) -> SignedData<'_> {
        SignedData {
            identity: self.identity.as_slice().into(),
            data: MESSAGE.as_slice().into(),
            signature: self.signature.as_slice().into(),
        }
    }
}

fn params(common_name: &str, unit: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    if let Some(unit) = unit {
        params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
    }
    params.use_authority_key_identifier_extension = true;
    params
}
