//! Rules of admission, before a small channel and an application.

use chancery::channel::{AdmissionApplication, AdmissionRules, Circumstances};

use super::material::now;
use super::update::first;

/// The rules, and after an octet of zeros an application.
pub fn law(octets: &[u8]) {
    let (rules, application) = match octets.iter().position(|octet| *octet == 0) {
        Some(at) => (&octets[..at], &octets[at + 1..]),
        None => (octets, &b"{}"[..]),
    };
    let Ok(rules) = AdmissionRules::read(rules) else { return };
    let Ok(application) = AdmissionApplication::read(application) else { return };
    // What is written again reads as the same.
    let written = serde_json::to_vec(&application).expect("an application is JSON");
    assert_eq!(AdmissionApplication::read(&written).as_ref(), Ok(&application));
    let current = first();
    let id = current.channel_id();
    let (once, twice) = (
        rules.compile(id, current.channel(), now()).map(drop),
        rules.compile(id, current.channel(), now()).map(drop),
    );
    assert_eq!(once, twice);
    let judge = |custody_is_proven| {
        let met = Circumstances { channel: current.channel(), custody_is_proven };
        rules.judge(&application, met, now())
    };
    let (unproven, proven) = (judge(false), judge(true));
    assert!(proven.len() <= unproven.len(), "proof takes shortcomings away");
    for lack in &unproven {
        assert!(!lack.text.contains('\n') && !lack.text.is_empty(), "{lack:?}");
    }
}
