//! Trees made up for tests, and members whose every answer is known.

use proptest::prelude::*;

use crate::policy::{Described, Members, Named, language, parse_implicit, to_envelope};
use crate::wire::{
    ConfigGroup, ConfigPolicy, ConfigValue, Message as _, MspPrincipal, Policy, PolicyType,
};

/// Identities are spelled as the policy language spells roles, with more behind a slash: `Org1MSP.admin/2`. Each is a
/// member of its organization; a signature is good when it says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelled;

impl Members for Spelled {
    type Identity = String;
    type Rejection = &'static str;

    fn identity(&self, serialized: &[u8]) -> Result<String, &'static str> {
        let text = std::str::from_utf8(serialized).map_err(|_| "no text")?;
        role(text).map(|_| text.to_owned()).ok_or("no role")
    }

    fn key(identity: &String) -> (&str, &[u8]) {
        ("", identity.as_bytes())
    }

    fn verify(&self, _: &String, _: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        if signature == b"good" { Ok(()) } else { Err("bad signature") }
    }

    fn satisfies(&self, identity: &String, principal: &MspPrincipal) -> Result<(), &'static str> {
        let own = role(identity).ok_or("no role")?;
        let Described::Role(asked) = Described::of(principal) else { return Err("no role") };
        let is_member = asked.role.word() == "member" && asked.msp_id == own.msp_id;
        if asked == own || is_member { Ok(()) } else { Err("another") }
    }
}

fn role(text: &str) -> Option<Named> {
    Named::parse(text.split_once('/').map_or(text, |(role, _)| role))
}

/// A signature policy in the policy language.
pub(super) fn signature_policy(text: &str) -> Policy {
    let envelope = to_envelope(&language::read(text).unwrap());
    Policy { r#type: PolicyType::Signature.into(), value: envelope.encode_to_vec() }
}

/// An implicit policy, e.g. `MAJORITY Admins`.
pub(super) fn implicit_policy(text: &str) -> Policy {
    let policy = parse_implicit(text).unwrap();
    Policy { r#type: PolicyType::ImplicitMeta.into(), value: policy.encode_to_vec() }
}

/// A policy of either language that anyone with the mod policy `Admins` may change.
pub(super) fn policy(text: &str) -> ConfigPolicy {
    let policy = if text.contains('(') { signature_policy(text) } else { implicit_policy(text) };
    ConfigPolicy { version: 0, policy: Some(policy), mod_policy: "Admins".into() }
}

/// Policies that hold for all, for one, for none.
const POLICIES: [&str; 4] =
    ["OutOf(0, 'X.member')", "OR('X.admin')", "OutOf(2, 'X.admin')", "MAJORITY Admins"];
const MOD_POLICIES: [&str; 7] =
    ["Admins", "Admins", "/Channel/Admins", "A/Admins", "", "a_b", "/Channel"];

fn mod_policies() -> impl Strategy<Value = String> {
    proptest::sample::select(&MOD_POLICIES[..]).prop_map(str::to_owned)
}

/// Trees of two names a kind and up to three levels.
pub(super) fn trees() -> impl Strategy<Value = ConfigGroup> {
    let leaf = members(Just(Vec::new()).boxed());
    leaf.prop_recursive(2, 12, 2, |below| {
        let named =
            proptest::collection::vec((proptest::sample::select(&["A", "B"][..]), below), 0..3);
        members(named.boxed())
    })
}

type Below = Vec<(&'static str, ConfigGroup)>;

fn members(groups: BoxedStrategy<Below>) -> BoxedStrategy<ConfigGroup> {
    let value = (0..3_u64, proptest::collection::vec(0..3_u8, 0..2), mod_policies());
    let value =
        value.prop_map(|(version, value, mod_policy)| ConfigValue { version, value, mod_policy });
    let values =
        proptest::collection::vec((proptest::sample::select(&["V", "W"][..]), value), 0..3);
    let policy = (0..3_u64, proptest::sample::select(&POLICIES[..]), mod_policies());
    let policy = policy.prop_map(|(version, text, mod_policy)| ConfigPolicy {
        version,
        mod_policy,
        ..policy_of(text)
    });
    let policies =
        proptest::collection::vec((proptest::sample::select(&["Admins", "P"][..]), policy), 0..3);
    (0..3_u64, groups, values, policies, mod_policies())
        .prop_map(|(version, groups, values, policies, mod_policy)| ConfigGroup {
            version,
            groups: groups.into_iter().map(|(name, group)| (name.to_owned(), group)).collect(),
            values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            policies: policies.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            mod_policy,
        })
        .boxed()
}

fn policy_of(text: &str) -> ConfigPolicy {
    policy(text)
}

/// Without versions: what a tree says.
pub(super) fn without_versions(group: &ConfigGroup) -> ConfigGroup {
    let mut group = group.clone();
    group.version = 0;
    group.values.values_mut().for_each(|value| value.version = 0);
    group.policies.values_mut().for_each(|policy| policy.version = 0);
    group.groups.values_mut().for_each(|below| *below = without_versions(below));
    group
}
