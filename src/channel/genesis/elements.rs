//! Values and policies of a group as Fabric's tools write them.

use std::collections::BTreeMap;

use super::error::GenesisError;
use crate::channel::configtx::{Origin, PolicyText, PolicyTexts};
use crate::policy::{language, parse_implicit, to_envelope};
use crate::wire::{
    Capabilities, Capability, ConfigPolicy, ConfigValue, Message as _, Policy, PolicyType, Shaped,
    SignaturePolicyEnvelope, canonical,
};

/// Who changes an element, unless something else is said.
pub(super) const ADMINS: &str = "Admins";
/// Who changes what belongs to the orderers.
pub(super) const ORDERER_ADMINS: &str = "/Channel/Orderer/Admins";

/// A value that its group's administrators change.
pub(super) fn value(message: &impl Shaped) -> ConfigValue {
    value_of(message, ADMINS)
}

pub(super) fn value_of(message: &impl Shaped, mod_policy: &str) -> ConfigValue {
    ConfigValue { version: 0, value: canonical(message), mod_policy: mod_policy.to_owned() }
}

/// A signature policy.
pub(super) fn signature_policy(
    envelope: &SignaturePolicyEnvelope,
    mod_policy: &str,
) -> ConfigPolicy {
    let policy = Policy { r#type: PolicyType::Signature.into(), value: envelope.encode_to_vec() };
    ConfigPolicy { version: 0, policy: Some(policy), mod_policy: mod_policy.to_owned() }
}

/// The capabilities of a group, when any are mentioned; those set to false are left out.
pub(super) fn capabilities(named: &BTreeMap<String, bool>) -> Option<ConfigValue> {
    let wanted = named.iter().filter(|(_, wanted)| **wanted);
    let capabilities = wanted.map(|(name, _)| (name.clone(), Capability {})).collect();
    (!named.is_empty()).then(|| value(&Capabilities { capabilities }))
}

/// The policies of a group, among which those that every group has.
pub(super) fn policies(
    texts: &PolicyTexts,
    group: &Origin,
    also: &[&'static str],
) -> Result<BTreeMap<String, ConfigPolicy>, GenesisError> {
    for name in also.iter().chain(&["Admins", "Readers", "Writers"]) {
        if !texts.contains_key(*name) {
            return Err(GenesisError::PolicyMissing(group.clone(), name));
        }
    }
    texts.iter().map(|(name, text)| Ok((name.clone(), policy(text)?))).collect()
}

fn policy(text: &PolicyText) -> Result<ConfigPolicy, GenesisError> {
    let bad = |why: String| GenesisError::PolicyRule(text.origin.clone(), why);
    let policy = match text.kind.as_str() {
        "Signature" => {
            let written = language::read(&text.rule).map_err(|why| bad(why.to_string()))?;
            return Ok(signature_policy(&to_envelope(&written), ADMINS));
        }
        "ImplicitMeta" => parse_implicit(&text.rule).map_err(|why| bad(why.to_string()))?,
        other => {
            let shown = other.chars().take(60).collect();
            return Err(GenesisError::PolicyType(text.origin.clone(), shown));
        }
    };
    let policy = Policy { r#type: PolicyType::ImplicitMeta.into(), value: policy.encode_to_vec() };
    Ok(ConfigPolicy { version: 0, policy: Some(policy), mod_policy: ADMINS.to_owned() })
}
