//! Who must have signed: policies read, compiled, looked up by path and judged.
//!
//! Invariant: nothing here reads a clock, a file or a log; a verdict depends on its arguments alone,
//! and never on what was asked before. Verdicts are Fabric's: greedy, in the order of the rules.

mod access;
mod advice;
mod assign;
mod ast;
mod block;
mod candidates;
mod collection;
mod compile;
mod endorsement;
mod evaluate;
mod explain;
mod imagined;
mod implicit;
pub mod language;
mod members;
mod outline;
mod principal;
mod reach;
mod satisfy;
mod signatures;
#[cfg(test)]
mod testing;
mod tree;
mod until;
mod words;

pub use access::{AccessControl, LOCAL_RESOURCES, LocalRight, Right};
pub use advice::{Advice, advise, advise_at};
pub use ast::{Named, Role, Rule};
pub use block::{BadBlock, block_signatures, header_octets};
pub use collection::{
    BadCollection, Collection, CollectionRights, CollectionStanding, check_package, check_upgrade,
    implicit_collection, implicit_msp, member_orgs,
};
pub use compile::{BadPolicy, SignaturePolicy, any_of_role, role_principal, to_envelope};
pub use endorsement::{
    DEFAULT_ENDORSEMENT, EndorsementError, KeyWrite, LIFECYCLE_ENDORSEMENT, RequiredPolicy,
    bft_policy, implicit_lifecycle, required_policies,
};
pub use evaluate::{Verdict, Why};
pub use explain::{Dropped, Explanation, Found, Need, Outcome, explain};
pub use implicit::{ImplicitRuleError, parse_implicit, print_implicit};
pub use members::Members;
pub use outline::Outline;
pub use principal::Described;
pub use reach::{Reach, Share};
pub use satisfy::{AnyOf, Choice, MinimalSets, SignerSet, minimal_sets};
pub use signatures::{Signatures, SignedData};
pub use tree::{Lookup, PolicyTree};
pub use until::{Holder, Lasting, Tenures, Until, satisfiable_until};
pub use words::{choice_in_words, set_in_words};
