//! What an identity costs beside what it cannot do without: one verification of a P-256 signature by aws-lc.
//!
//! Prints ratios of one run, the limit and ours in turns: reading and validating an identity that is seen for the
//! first time, issued by a root (one signature to verify) and by an intermediate CA (two), and one that is remembered.
//!
//! `cargo bench --bench membership [-- ROUNDS [WORK]]`; WORK is a part of a name, for looking at one alone.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench has nobody to tell but us")]

mod support;

use chancery::msp::{Epoch, Msps};
use chancery::wire::{Message as _, MspPrincipal, MspRole};

use support::{Bare, MESSAGE, Organization, Work, in_turns};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let rounds = arguments.next().map_or(400_u32, |rounds| rounds.parse().unwrap());
    let only = arguments.next().unwrap_or_default();
    let bare = Bare::new();
    let direct = Organization::new("Direct", "peer", false);
    let below = Organization::new("Below", "peer", true);
    let signature = direct.sign(&MESSAGE);
    let epoch = |organization: &Organization| {
        let msps: Msps = [organization.msp.clone()].into_iter().collect();
        Epoch::new(msps, 100)
    };
    let (direct_epoch, below_epoch) = (epoch(&direct), epoch(&below));
    let member = member_of(&direct);
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
        identity.verify(&MESSAGE, &signature).unwrap();
    };
    let works: [Work<'_>; 7] = [
        ("bare verification", None, Box::new(|| bare.verify())),
        ("identity cold, root-issued", Some(1.7), Box::new(|| judge(&direct))),
        ("identity cold, one intermediate", Some(2.9), Box::new(|| judge(&below))),
        ("identity cached", Some(0.02), Box::new(remembered)),
        ("principal cached, another MSP's", None, Box::new(satisfied)),
        ("identity cached, principal, signature", None, Box::new(signed)),
        ("signature of a known identity", None, Box::new(|| direct.verify(&MESSAGE, &signature))),
    ];
    in_turns(&works, rounds, &only);
}

/// Reads and validates the identity as if it had never been seen.
fn judge(organization: &Organization) {
    organization.msp.identity(&organization.identity).unwrap().validate().unwrap();
}

fn member_of(organization: &Organization) -> MspPrincipal {
    let role = MspRole { msp_identifier: organization.msp.id().to_owned(), role: 0 };
    MspPrincipal { principal_classification: 0, principal: role.encode_to_vec() }
}
