//! Which policies a transaction has to satisfy, and policies of chaincodes, collections and keys.

use super::ast::{Named, Role, Rule};
use super::block::consenter_identity;
use super::compile::{BadPolicy, SignaturePolicy, to_wire};
use super::evaluate::Verdict;
use super::language::Written;
use super::members::Members;
use super::signatures::Signatures;
use super::tree::PolicyTree;
use crate::wire::{
    ApplicationPolicy, ApplicationPolicyType, Consenter, Message as _, MspPrincipal,
    PrincipalClassification, SignaturePolicyEnvelope, decode,
};

/// What holds for a chaincode without a policy of its own.
pub const DEFAULT_ENDORSEMENT: &str = "/Channel/Application/Endorsement";
/// What the definition of a chaincode has to satisfy.
pub const LIFECYCLE_ENDORSEMENT: &str = "/Channel/Application/LifecycleEndorsement";

/// Why an endorsement cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EndorsementError {
    /// The policy is neither a signature policy nor a reference.
    #[error("the policy is neither a signature policy nor a reference")]
    PolicyType,
    /// The policy cannot be loaded.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
    /// An earlier transaction of the block changed the policy of a key that this one writes.
    #[error("an earlier transaction of the block changed the policy of a key")]
    ChangedInBlock,
}

impl EndorsementError {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::PolicyType => "policy-type",
            Self::Policy(bad) => bad.word(),
            Self::ChangedInBlock => "changed-in-block",
        }
    }
}

impl PolicyTree {
    /// Judges the policy of a chaincode or a collection: a signature policy, or a reference that is
    /// looked up from the root.
    ///
    /// # Errors
    /// When the policy does not parse, is of no kind, or cannot be loaded.
    pub fn evaluate_application<M: Members>(
        &self,
        policy: &[u8],
        signatures: &Signatures<'_, M>,
    ) -> Result<Verdict, EndorsementError> {
        let policy: ApplicationPolicy = decode(policy).map_err(BadPolicy::from)?;
        match policy.kind.ok_or(EndorsementError::PolicyType)? {
            ApplicationPolicyType::SignaturePolicy(envelope) => {
                Ok(SignaturePolicy::from_envelope(&envelope)?.evaluate(signatures))
            }
            ApplicationPolicyType::ChannelConfigPolicyReference(path) => {
                Ok(self.evaluate(&path, signatures))
            }
        }
    }
}

/// A key that a transaction writes in a namespace: its value, its hash or its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyWrite<'a> {
    /// The collection that it is in.
    pub collection: Option<&'a str>,
    /// Its own policy, as it was committed: the octets of a signature policy.
    pub own_policy: Option<&'a [u8]>,
    /// Whether an earlier valid transaction of the same block changed that policy.
    pub changed_in_block: bool,
}

/// A policy that endorsements have to satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequiredPolicy<'a> {
    /// That of a key.
    Key(&'a [u8]),
    /// That of a collection.
    Collection(&'a str),
    /// That of the organization with this MSP ID, whose implicit collection is written.
    Organization(&'a str),
    /// That of the chaincode.
    Chaincode,
}

/// Which policies the endorsements of a transaction have to satisfy in a namespace, each once.
/// `has_policy` tells whether a collection has one of its own.
///
/// # Errors
/// When the policy of a key was changed earlier in the block: the transaction is invalid.
pub fn required_policies<'a>(
    writes: &[KeyWrite<'a>],
    has_policy: impl Fn(&str) -> bool,
) -> Result<Vec<RequiredPolicy<'a>>, EndorsementError> {
    let mut required = std::collections::BTreeSet::new();
    for write in writes {
        if write.changed_in_block {
            return Err(EndorsementError::ChangedInBlock);
        }
        required.insert(match (write.own_policy, write.collection) {
            (Some(policy), _) => RequiredPolicy::Key(policy),
            (None, Some(name)) => match super::collection::implicit_msp(name) {
                Some(msp_id) => RequiredPolicy::Organization(msp_id),
                None if has_policy(name) => RequiredPolicy::Collection(name),
                None => RequiredPolicy::Chaincode,
            },
            (None, None) => RequiredPolicy::Chaincode,
        });
    }
    if required.is_empty() {
        required.insert(RequiredPolicy::Chaincode);
    }
    Ok(required.into_iter().collect())
}

/// What the definition of a chaincode has to satisfy in a channel without
/// [`LIFECYCLE_ENDORSEMENT`]: members of more than half of the organizations.
pub fn implicit_lifecycle<'a>(msp_ids: impl IntoIterator<Item = &'a str>) -> Written {
    let mut msp_ids: Vec<&str> = msp_ids.into_iter().collect();
    msp_ids.sort_unstable();
    let member = |msp_id: &&str| Named { msp_id: (*msp_id).to_owned(), role: Role::Member };
    let principals: Vec<Named> = msp_ids.iter().map(member).collect();
    let majority = principals.len() / 2 + 1;
    let rules = (0..).take(principals.len()).map(Rule::SignedBy).collect();
    Written {
        rule: Rule::OutOf { n: i32::try_from(majority).unwrap_or(i32::MAX), rules },
        principals,
    }
}

/// The policy of block validation that a channel with these consenters has to carry, whose order
/// counts: so many that two such sets have an honest one in common.
pub fn bft_policy(consenters: &[Consenter]) -> SignaturePolicyEnvelope {
    let count = consenters.len();
    let faulty = count.saturating_sub(1) / 3;
    let quorum = (count + faulty + 1).div_ceil(2);
    let identities = consenters.iter().map(|consenter| MspPrincipal {
        principal_classification: PrincipalClassification::Identity.into(),
        principal: consenter_identity(consenter).encode_to_vec(),
    });
    let rules = (0..).take(count).map(Rule::SignedBy).collect();
    let rule = Rule::OutOf { n: i32::try_from(quorum).unwrap_or(i32::MAX), rules };
    SignaturePolicyEnvelope {
        version: 0,
        rule: Some(to_wire(&rule)),
        identities: identities.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_is_required_once() {
        let write =
            |collection, own_policy| KeyWrite { collection, own_policy, changed_in_block: false };
        let writes = [
            write(None, Some(&b"own"[..])),
            write(Some("a"), Some(b"own")),
            write(Some("a"), None),
            write(Some("b"), None),
            write(None, None),
            write(Some("_implicit_org_Org1MSP"), None),
        ];
        let required = required_policies(&writes, |name| name == "a").unwrap();
        let expected = [
            RequiredPolicy::Key(b"own"),
            RequiredPolicy::Collection("a"),
            RequiredPolicy::Organization("Org1MSP"),
            RequiredPolicy::Chaincode,
        ];
        assert_eq!(required, expected);
        let only_keys = required_policies(&writes[..2], |_| false).unwrap();
        assert_eq!(only_keys, [RequiredPolicy::Key(b"own")]);
        assert_eq!(required_policies(&[], |_| true).unwrap(), [RequiredPolicy::Chaincode]);
        let changed = KeyWrite { changed_in_block: true, ..writes[4] };
        assert_eq!(required_policies(&[changed], |_| true), Err(EndorsementError::ChangedInBlock));
    }

    #[test]
    fn quorums_overlap_in_an_honest_consenter() {
        let quorum = |count: usize| match bft_policy(&vec![Consenter::default(); count]).rule {
            Some(rule) => match rule.kind {
                Some(crate::wire::SignaturePolicyType::NOutOf(gate)) => gate.n,
                other => panic!("{other:?}"),
            },
            None => panic!("no rule"),
        };
        assert_eq!([1, 4, 5, 6, 7, 10].map(quorum), [1, 3, 4, 4, 5, 7]);
    }

    #[test]
    fn a_definition_takes_more_than_half() {
        let written = implicit_lifecycle(["B", "A"]);
        assert_eq!(super::super::language::print(&written).unwrap(), "AND('A.member', 'B.member')");
    }
}
