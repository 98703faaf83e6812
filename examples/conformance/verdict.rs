//! One line in, one line out. The test `conformance` judges the vectors through it.

use chancery::pki::signature::{verify, verify_low_s};
use chancery::pki::{PublicKey, SignatureAlgorithm};
use serde::Deserialize;

/// Whether S in the upper half of the order makes a signature a wrong one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LowS {
    Demanded,
    NotAsked,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    alg: String,
    #[serde(rename = "pub")]
    key: String,
    msg: String,
    sig: String,
}

/// What is printed for a line.
pub(crate) fn answer(line: &str, low_s: LowS) -> String {
    let case: Case = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => return format!("?\tSKIP\tthe line is no case: {error}"),
    };
    let id = &case.id;
    let Some(algorithm) = algorithm(&case.alg) else {
        return format!("{id}\tSKIP\tunknown algorithm `{}`", case.alg);
    };
    match judge(&case, algorithm, low_s) {
        Ok(()) => format!("{id}\tACCEPT"),
        Err(why) => format!("{id}\tREJECT\t{why}"),
    }
}

fn algorithm(name: &str) -> Option<SignatureAlgorithm> {
    Some(match name {
        "ES256" | "P384-SHA256" => SignatureAlgorithm::EcdsaSha256,
        "ES384" => SignatureAlgorithm::EcdsaSha384,
        "P256-SHA512" | "P384-SHA512" => SignatureAlgorithm::EcdsaSha512,
        "Ed25519" => SignatureAlgorithm::Ed25519,
        _ => return None,
    })
}

fn judge(case: &Case, algorithm: SignatureAlgorithm, low_s: LowS) -> Result<(), String> {
    let octets = |name: &str, text: &str| hex::decode(text).map_err(|e| format!("`{name}`: {e}"));
    let key = octets("pub", &case.key)?;
    let key = PublicKey::from_spki(&key).map_err(|e| e.to_string())?;
    let (message, signature) = (octets("msg", &case.msg)?, octets("sig", &case.sig)?);
    let verify = match low_s {
        LowS::Demanded => verify_low_s,
        LowS::NotAsked => verify,
    };
    verify(&key, algorithm, &message, &signature).map_err(|e| e.to_string())
}
