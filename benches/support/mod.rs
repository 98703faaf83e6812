//! What several benches share: the limit, an organization, and measuring in turns.

#![allow(dead_code, reason = "no bench has to use all of it")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use chancery::clock::Timestamp;
use chancery::msp::{Identity, Msp, MspVersion};
use chancery::wire::{
    FabricMspConfig, FabricNodeOus, FabricOuIdentifier, Message as _, MspConfig,
    SerializedIdentity, decode,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    date_time_ymd,
};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The size of a certificate's signed part, and of an endorsed proposal response.
pub(crate) const MESSAGE: [u8; 600] = [7; 600];
/// How long a turn takes: so short that some turns are not disturbed by what else the machine does.
const TURN: Duration = Duration::from_millis(1);

/// What is measured: its name, the goal of its ratio, and one call.
pub(crate) type Work<'a> = (&'static str, Option<f64>, Box<dyn Fn() + 'a>);

/// Measures all works in turns, so many each, and prints them beside the first, which is the limit.
/// With `only`, the limit and those whose name holds it.
///
/// The best of all turns is told: what others do on the machine only ever adds.
pub(crate) fn in_turns(works: &[Work<'_>], rounds: u32, only: &str) {
    let limit = works.first().map(|(name, ..)| *name);
    let is_chosen = |name: &&str| Some(*name) == limit || name.contains(only);
    let chosen = || works.iter().filter(|(name, ..)| is_chosen(name));
    let calls: BTreeMap<&str, u32> = chosen().map(|(name, _, work)| (*name, fit(work))).collect();
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for _ in 0..rounds {
        for (name, _, work) in chosen() {
            // Not counted: what another work left in the caches is not this one's cost.
            work();
            let calls = calls.get(name).copied().unwrap_or(1);
            let each = timed(work, calls).as_secs_f64() * 1e6 / f64::from(calls);
            let kept = best.entry(name).or_insert(each);
            *kept = kept.min(each);
        }
    }
    let unit = limit.and_then(|limit| best.get(limit).copied());
    for (name, goal, _) in chosen() {
        let each = best.get(name).copied().unwrap_or(f64::NAN);
        let goal = goal.map_or(String::new(), |goal| format!("  goal {goal}"));
        println!("{name:<40} {each:>9.3} us  {:>7.4}{goal}", each / unit.unwrap_or(f64::NAN));
    }
}

/// How many calls fill a turn.
fn fit(work: &dyn Fn()) -> u32 {
    let mut calls = 1;
    while calls < 1 << 20 && timed(work, calls) < TURN / 2 {
        calls *= 2;
    }
    calls
}

fn timed(work: &dyn Fn(), calls: u32) -> Duration {
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed()
}

/// The limit: a verification of a P-256 signature by aws-lc.
pub(crate) struct Bare {
    key: ParsedPublicKey,
    signature: Vec<u8>,
}

impl Bare {
    /// With a key of its own.
    pub(crate) fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let signature = key.sign(&SystemRandom::new(), &MESSAGE).unwrap().as_ref().to_vec();
        let public = key.public_key().as_ref();
        Self { key: ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public).unwrap(), signature }
    }

    /// Verifies once.
    pub(crate) fn verify(&self) {
        self.key.verify_sig(&MESSAGE, &self.signature).unwrap();
    }
}

/// An organization with a CA and one member.
pub(crate) struct Organization {
    /// Its `MSPConfig`.
    pub(crate) config: MspConfig,
    /// Its MSP.
    pub(crate) msp: Msp,
    /// The member, as a `SerializedIdentity`.
    pub(crate) identity: Vec<u8>,
    known: Identity,
    signer: EcdsaKeyPair,
    root: Issuer<'static, KeyPair>,
}

impl Organization {
    /// With a member in this role, issued by the root or by an intermediate CA.
    pub(crate) fn new(id: &str, role: &str, has_intermediate: bool) -> Self {
        let (root, root_pem) = ca("root", None);
        let intermediate = has_intermediate.then(|| ca("intermediate", Some(&root)));
        let issuer = intermediate.as_ref().map_or(&root, |(issuer, _)| issuer);
        let key = KeyPair::generate().unwrap();
        let member = params("member0", role).signed_by(&key, issuer).unwrap();
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
        let config = MspConfig { r#type: 0, config: config.encode_to_vec() };
        let now = Timestamp::from_unix(1_800_000_000);
        let msp = Msp::new(&config.encode_to_vec(), MspVersion::V3_0, now).unwrap();
        let id_bytes = member.pem().into_bytes();
        let identity = SerializedIdentity { mspid: id.to_owned(), id_bytes }.encode_to_vec();
        let known = msp.identity(&identity).unwrap();
        let pkcs8 = key.serialize_der();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
        Self { config, msp, identity, known, signer, root }
    }

    /// Its `MSPConfig` with the root for TLS too, and with a list of so many certificates that the root has revoked.
    pub(crate) fn config_with_list(&self, revoked: u64) -> MspConfig {
        let mut config: FabricMspConfig = decode(&self.config.config).unwrap();
        config.tls_root_certs.clone_from(&config.root_certs);
        if revoked > 0 {
            let entry = |serial: u64| RevokedCertParams {
                serial_number: SerialNumber::from(serial << 20),
                revocation_time: date_time_ymd(2026, 1, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let list = CertificateRevocationListParams {
                this_update: date_time_ymd(2026, 1, 1),
                next_update: date_time_ymd(2050, 1, 1),
                crl_number: SerialNumber::from(1_u64),
                issuing_distribution_point: None,
                revoked_certs: (1..=revoked).map(entry).collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            let list = list.signed_by(&self.root).unwrap().pem().unwrap();
            config.revocation_list.push(list.into_bytes());
        }
        MspConfig { r#type: 0, config: config.encode_to_vec() }
    }

    /// The member's signature over `data`, with the low S.
    pub(crate) fn sign(&self, data: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let sign = || self.signer.sign(&random, data).unwrap().as_ref().to_vec();
        // Every second signature has the low S.
        std::iter::repeat_with(sign).find(|it| self.known.verify(data, it).is_ok()).unwrap()
    }

    /// Verifies a signature of the member.
    pub(crate) fn verify(&self, data: &[u8], signature: &[u8]) {
        self.known.verify(data, signature).unwrap();
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
    params.use_authority_key_identifier_extension = true;
    params
}
