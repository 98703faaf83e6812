//! Every octet string that fuzzing found worth keeping still obeys the law of its target: `fuzz/corpus/`
//! is replayed without libFuzzer, and so is what once broke a law, in `fuzz/crashes/`.

use std::path::{Path, PathBuf};

use crate::laws::{TARGETS, check};
use crate::support::tools::root;

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let corpus = files(&root().join("fuzz/corpus").join(name));
    assert!(corpus.len() >= 3, "`{name}` has {} inputs", corpus.len());
    let crashes = files(&root().join("fuzz/crashes").join(name));
    for path in corpus.iter().chain(&crashes) {
        let octets = std::fs::read(path).unwrap();
        let outcome = std::panic::catch_unwind(|| check(name, &octets));
        assert!(outcome.is_ok(), "{} breaks the law", path.display());
    }
}

/// One test each, so that they run side by side and are told apart.
macro_rules! replays {
    ($($name:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { replay(stringify!($name)); })*
    };
}

replays! {
    csr certify authorization enroll_body register_body revoke_body gencrl_body affiliation_body query path
    signer_end service_end certificate crl chain name config profile uri pem words serialized_identity
    msp_config msp_folder policy_language policy_envelope channel_config message_signature verify_body
    channel_rules config_update configtx orderer_answers admission document
}

#[test]
fn every_target_is_replayed_and_built() {
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, REPLAYED);
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let target = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(std::fs::read_to_string(target).unwrap().contains(&format!("check(\"{name}\"")));
    }
    assert_eq!(files(&root().join("fuzz/fuzz_targets")).len(), REPLAYED.len());
}

#[test]
fn the_corpus_is_small() {
    let sizes = REPLAYED.iter().flat_map(|name| files(&root().join("fuzz/corpus").join(name)));
    let total: u64 = sizes.map(|path| path.metadata().unwrap().len()).sum();
    assert!(total < 1 << 20, "{total} octets");
}
