//! What a verdict costs beside what it cannot do without: verifications of P-256 signatures by aws-lc.
//!
//! Prints ratios of one run, the limit and ours in turns. `cached` is with identities that were read before (a peer
//! meets the same endorsers all day); each verdict still verifies the signatures that it needs.
//!
//! `cargo bench --bench policy [-- ROUNDS [WORK]]`; WORK is a part of a name, for looking at one alone.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench has nobody to tell but us")]

mod support;

use chancery::msp::{Epoch, Msps};
use chancery::policy::language::read;
use chancery::policy::{
    Members, PolicyTree, SignaturePolicy, Signatures, SignedData, parse_implicit, to_envelope,
};
use chancery::wire::{ConfigGroup, ConfigPolicy, Message as _, Policy, PolicyType};

use support::{Bare, MESSAGE, Organization, Work, in_turns};

const ORGANIZATIONS: usize = 9;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let rounds = arguments.next().map_or(300_u32, |rounds| rounds.parse().unwrap());
    let only = arguments.next().unwrap_or_default();
    let organizations: Vec<Organization> = (0..ORGANIZATIONS)
        .map(|index| Organization::new(&format!("Org{index}"), "peer", false))
        .collect();
    let signatures: Vec<Vec<u8>> = organizations.iter().map(|org| org.sign(&MESSAGE)).collect();
    let msps: Msps = organizations.iter().map(|organization| organization.msp.clone()).collect();
    let epoch = Epoch::new(msps.clone(), 100);
    let signed = |count: usize| -> Vec<SignedData<'_>> {
        let signed = organizations.iter().zip(&signatures).take(count);
        signed.map(|(organization, signature)| entry(organization, signature)).collect()
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
    in_turns(&works, rounds, &only);
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

fn entry<'a>(organization: &'a Organization, signature: &'a [u8]) -> SignedData<'a> {
    SignedData {
        identity: organization.identity.as_slice().into(),
        data: MESSAGE.as_slice().into(),
        signature: signature.into(),
    }
}
