//! What Fabric's own code answered, asked of ours: the vectors in `../shared/vectors/msp`, or in the folder
//! that `CHANCERY_MSP_VECTORS` names.
//!
//! `cargo test --test main vectors`; every verdict must be right, and 95 of 100 categories.

mod channels;
mod documents;
mod frame;
mod genesis;
mod language;
mod membership;
mod policies;

use std::io::Write as _;

use frame::{Family, Tally, folder};

/// All families. Each prepares its tables once, and answers its cases one by one.
const FAMILIES: &[Family] = &[
    ("msp-setup", membership::msp_setup),
    ("msp-identity", membership::msp_identity),
    ("principals", membership::principals),
    ("signature", membership::signature),
    ("msp-folder", membership::msp_folder),
    ("policy-dsl", language::policy_dsl),
    ("implicit-meta-rule", language::implicit_meta_rule),
    ("signature-policy", policies::signature_policy),
    ("implicit-meta", policies::implicit_meta),
    ("collection", policies::collection),
    ("application-policy", policies::application_policy),
    ("block-signature", policies::block_signature),
    ("channel-config", channels::channel_config),
    ("config-update", channels::config_update),
    ("compute-update", channels::compute),
    ("config-validate", channels::config_validate),
    ("genesis", genesis::genesis),
];

#[test]
fn vectors() {
    // Not by `println!`, which is shown for failed tests only.
    let mut out = std::io::stdout();
    let Some(folder) = folder() else {
        writeln!(out, "vectors: skipped, there is no folder of vectors").unwrap();
        return;
    };
    let only = std::env::var("CHANCERY_MSP_FAMILY").ok();
    let mut all = Tally::default();
    for (name, prepare) in FAMILIES {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let tally = frame::run(&folder, name, *prepare);
        for line in &tally.findings {
            writeln!(out, "  {line}").unwrap();
        }
        writeln!(out, "{name}: {tally}").unwrap();
        all.add(&tally);
    }
    writeln!(out, "{} passed, {} failed", all.passed, all.failed).unwrap();
    assert_eq!(all.failed, 0, "wrong verdicts");
    assert!(all.categories_right * 100 >= all.categories * 95, "{all}");
}
