//! What an identity costs beside what it cannot do without: one verification of a P-256 signature by aws-lc.
//!
//! Prints ratios of one run, the limit and ours in turns: reading and validating an identity that is seen for the
//! first time, issued by a root (one signature to verify) and by an intermediate CA (two), and one that is remembered.
//!
//! `cargo bench --bench membership [-- ROUNDS]`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench has nobody to tell but us")]

use std::collections::BTreeMap;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use chancery::clock::Timestamp;
use chancery::msp::{Epoch, Msp, MspVersion, Msps};
use chancery::wire::{
    FabricMspConfig, FabricNodeOus, FabricOuIdentifier, Message as _, MspConfig, MspPrincipal,
    MspRole, SerializedIdentity,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The size of a certificate's signed part.
const MESSAGE: [u8; 600] = [7; 600];
/// Calls a turn: so few that a turn often ends before the processor is given to somebody else.
const CALLS: u32 = 20;

/// What is measured: its name, the goal of its ratio, and one call.
type Work<'a> = (&'static str, Option<f64>, Box<dyn Fn() + 'a>);

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(400_u32);
    let bare = Bare::new();
    let direct = Organization::new(false);
    let below = Organization::new(true);
    let epoch = |organization: &Organization| {
        let msps: Msps = [organization.msp.clone()].into_iter().collect();
        Epoch::new(msps, 100)
    };
    let (direct_epoch, below_epoch) = (epoch(&direct), epoch(&below));
    let member = direct.member();
    let remembered = || {
        let identity = direct_epoch.identity(&direct.identity).unwrap();
        identity.validate().unwrap();
    };
    let satisfied = || {
        let identity = below_epoch.identity(&below.identity).unwrap();
        identity.satisfies(&member).unwrap_err();
    };
    let signed = || {
        let identity = direct_epoch.identity(&direct.identity).unwrap();
        identity.satisfies(&member).unwrap();
        identity.verify(&MESSAGE, &direct.signature).unwrap();
    };
    let works: [Work<'_>; 7] = [
        ("bare verification", None, Box::new(|| bare.verify())),
        ("identity cold, root-issued", Some(1.7), Box::new(|| direct.judge())),
        ("identity cold, one intermediate", Some(2.9), Box::new(|| below.judge())),
        ("identity cached", Some(0.02), Box::new(remembered)),
        ("principal cached, another MSP's", None, Box::new(satisfied)),
        ("identity cached, principal, signature", None, Box::new(signed)),
        ("signature of a known identity", None, Box::new(|| direct.verify())),
    ];
    // The best of all turns: what others do on the machine only ever adds.
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for _ in 0..rounds {
        for (name, _, work) in &works {
            let cheap = name.contains("cached") && !name.contains("signature");
            let calls = if cheap { CALLS * 20 } else { CALLS };
            let start = Instant::now();
            (0..calls).for_each(|_| work());
            let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(calls);
            let kept = best.entry(name).or_insert(each);
            *kept = kept.min(each);
        }
    }
    let unit = best.get("bare verification").copied().unwrap();
    for (name, goal, _) in &works {
        let each = best.get(name).copied().unwrap();
        let goal = goal.map_or(String::new(), |goal| format!("  goal {goal}"));
        println!("{name:<40} {each:>9.3} us  {:>7.4}{goal}", each / unit);
    }
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

struct Organization {
    msp: Msp,
    identity: Vec<u8>,
    known: chancery::msp::Identity,
    signature: Vec<u8>,
}

impl Organization {
    fn new(with_intermediate: bool) -> Self {
        let (root, root_pem) = ca("root", None);
        let intermediate = with_intermediate.then(|| ca("intermediate", Some(&root)));
        let issuer = intermediate.as_ref().map_or(&root, |(issuer, _)| issuer);
        let key = KeyPair::generate().unwrap();
        let id_bytes = params("peer0", "peer").signed_by(&key, issuer).unwrap().pem().into_bytes();
        let id = if with_intermediate { "Below" } else { "Direct" };
        let unit = |name: &str| {
            let organizational_unit_identifier = name.to_owned();
            Some(FabricOuIdentifier { certificate: Vec::new(), organizational_unit_identifier })
        };
        let config = FabricMspConfig {
            name: id.to_owned(),
            root_certs: vec![root_pem],
            intermediate_certs: intermediate.iter().map(|(_, pem)| pem.clone()).collect(),
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
        let identity = SerializedIdentity { mspid: id.to_owned(), id_bytes }.encode_to_vec();
        let known = msp.identity(&identity).unwrap();
        let pkcs8 = key.serialize_der();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
        let random = SystemRandom::new();
        let sign = || signer.sign(&random, &MESSAGE).unwrap().as_ref().to_vec();
        // Every second signature has the low S.
        let signature =
            std::iter::repeat_with(sign).find(|it| known.verify(&MESSAGE, it).is_ok()).unwrap();
        Self { msp, identity, known, signature }
    }

    /// Reads and validates the identity as if it had never been seen.
    fn judge(&self) {
        self.msp.identity(&self.identity).unwrap().validate().unwrap();
    }

    fn verify(&self) {
        self.known.verify(&MESSAGE, &self.signature).unwrap();
    }

    fn member(&self) -> MspPrincipal {
        let role = MspRole { msp_identifier: self.msp.id().to_owned(), role: 0 };
        MspPrincipal { principal_classification: 0, principal: role.encode_to_vec() }
    }
}

fn ca(name: &str, issuer: Option<&Issuer<'_, KeyPair>>) -> (Issuer<'static, KeyPair>, Vec<u8>) {
    let mut params = params(name, "ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (Issuer::new(params, key), certificate.pem().into_bytes())
}

fn params(name: &str, unit: &str) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, "US");
    subject.push(DnType::OrganizationName, "Hyperledger");
    subject.push(DnType::OrganizationalUnitName, unit);
    subject.push(DnType::CommonName, name);
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = subject;
    params
}
