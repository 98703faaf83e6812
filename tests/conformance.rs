//! Signature vectors of Project Wycheproof get the right verdicts from the verification that the
//! product uses, through the example that answers them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::support::tools::{python, root, run};

#[path = "../examples/conformance/verdict.rs"]
mod verdict;

use verdict::{LowS, answer};

#[derive(Deserialize)]
struct Vector {
    id: String,
    alg: String,
    sig: String,
    result: String,
}

const HALF_P256: &str = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";
const HALF_P384: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96ef\
                         ac0d06d9245853bd76760cb5666294b9";

/// Whether a signature that is good otherwise has S above half the order of its curve. The reading
/// is as simple as can be: what is good is strict DER.
fn is_high(vector: &Vector) -> bool {
    let half = match vector.alg.as_str() {
        "ES256" | "P256-SHA512" => HALF_P256,
        "ES384" | "P384-SHA256" | "P384-SHA512" => HALF_P384,
        _ => return false,
    };
    let octets = hex::decode(&vector.sig).unwrap();
    let r_length = usize::from(octets[3]);
    let s = hex::encode(&octets[6 + r_length..]);
    let s = s.trim_start_matches("00");
    (s.len(), s) > (half.len(), half)
}

fn vectors() -> String {
    let unpack = "import lzma, sys; sys.stdout.write(lzma.open(sys.argv[1], 'rt').read())";
    let file = root().join("tests/vectors/wycheproof/wycheproof-sig.ndjson.xz");
    run(python("python").args(["-c", unpack]).arg(file))
}

#[test]
fn wycheproof_vectors_get_the_right_verdicts() {
    let lines = vectors();
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    let (mut high, mut wrong) = (0, Vec::new());
    for line in lines.lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        let good = vector.result == "valid";
        assert!(good || vector.result == "invalid", "{}: {}", vector.id, vector.result);
        let is_high = good && is_high(&vector);
        high += usize::from(is_high);
        for (low_s, expected) in [(LowS::Demanded, good && !is_high), (LowS::NotAsked, good)] {
            let word = if expected { "ACCEPT" } else { "REJECT" };
            let line = answer(line, low_s);
            if line.split('\t').nth(1) != Some(word) {
                wrong.push(format!("{line}: {word} with S {low_s:?}"));
            }
        }
        *judged.entry(vector.alg).or_default() += 1;
    }
    println!("{judged:?}, {high} of them good but for a high S");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(judged.values().sum::<usize>(), 2707);
    assert_eq!(judged.len(), 6);
    assert!(high > 100);
}

#[test]
fn what_is_no_case_is_told_so() {
    assert!(answer("{", LowS::Demanded).starts_with("?\tSKIP\t"));
    let line = r#"{"id": "1", "alg": "ES256K", "pub": "", "msg": "", "sig": ""}"#;
    assert_eq!(answer(line, LowS::Demanded), "1\tSKIP\tunknown algorithm `ES256K`");
    let line = r#"{"id": "2", "alg": "ES256", "pub": "0", "msg": "", "sig": ""}"#;
    assert!(answer(line, LowS::Demanded).starts_with("2\tREJECT\t`pub`: "));
}
