//! One law per kind of octets that come from outside: whatever they are, reading them ends, panics
//! nowhere, and what is read keeps its promises (what was parsed prints back, what was accepted
//! verifies with another implementation). `fuzz_targets/` gives them to libFuzzer, and
//! `tests/corpora.rs` replays `corpus/` through them without it.

mod admission;
mod authorization;
mod body;
mod certificate;
mod certify;
mod chain;
mod channel;
mod config;
mod configtx;
mod crl;
mod csr;
mod document;
mod material;
mod membership;
mod name;
mod orderer;
mod path;
mod pem;
mod policy;
mod profile;
mod query;
mod service_end;
mod signer_end;
mod tlv;
mod update;
mod uri;
mod verdict;
mod words;

/// A target: its name, which is that of its folder under `corpus/`, and its law.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 35] = [
    ("csr", csr::law),
    ("certify", certify::law),
    ("authorization", authorization::law),
    ("enroll_body", body::enroll),
    ("register_body", body::register),
    ("revoke_body", body::revoke),
    ("gencrl_body", body::gencrl),
    ("affiliation_body", body::affiliation),
    ("query", query::law),
    ("path", path::law),
    ("signer_end", signer_end::law),
    ("service_end", service_end::law),
    ("certificate", certificate::law),
    ("crl", crl::law),
    ("chain", chain::law),
    ("name", name::law),
    ("config", config::law),
    ("profile", profile::law),
    ("uri", uri::law),
    ("pem", pem::law),
    ("words", words::law),
    ("serialized_identity", membership::serialized_identity),
    ("msp_config", membership::msp_config),
    ("msp_folder", membership::msp_folder),
    ("policy_language", policy::language),
    ("policy_envelope", policy::envelope),
    ("channel_config", channel::law),
    ("message_signature", verdict::message_signature),
    ("verify_body", verdict::verify_body),
    ("channel_rules", update::configuration),
    ("config_update", update::update),
    ("configtx", configtx::law),
    ("orderer_answers", orderer::law),
    ("admission", admission::law),
    ("document", document::law),
];

/// Checks the law of a target.
///
/// # Panics
/// When the law is broken, or there is no such target.
pub fn check(name: &str, octets: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    let (_, law) = target.unwrap_or_else(|| panic!("there is no target `{name}`"));
    law(octets);
}
