//! A policy as people read it.

use crate::policy::{Described, Rule, SignaturePolicy, language, print_implicit};
use crate::wire::{ConfigPolicy, ImplicitMetaPolicy, MspPrincipal, PolicyType, decode};

/// The longest text of a policy that is shown.
const MAX_TEXT: usize = 2_000;

/// The policy's text: as the policy language writes it, where that can say it.
pub(super) fn policy_text(policy: &ConfigPolicy) -> String {
    let Some(policy) = &policy.policy else { return "no policy".to_owned() };
    let text = match PolicyType::try_from(policy.r#type) {
        Ok(PolicyType::Signature) => match SignaturePolicy::from_octets(&policy.value) {
            Ok(policy) => signature_text(&policy),
            Err(why) => format!("a policy that does not load: {why}"),
        },
        Ok(PolicyType::ImplicitMeta) => match decode::<ImplicitMetaPolicy>(&policy.value) {
            Ok(policy) => print_implicit(&policy)
                .unwrap_or_else(|| format!("rule {} of `{}`", policy.rule, policy.sub_policy)),
            Err(why) => format!("a policy that does not load: {why}"),
        },
        Ok(PolicyType::Unknown | PolicyType::Msp) | Err(_) => {
            format!("a policy of the unknown kind {}", policy.r#type)
        }
    };
    if text.len() <= MAX_TEXT {
        return text;
    }
    text.chars().take(MAX_TEXT).chain("...".chars()).collect()
}

fn signature_text(policy: &SignaturePolicy) -> String {
    if let Some(text) = policy.written().and_then(|written| language::print(&written)) {
        return text;
    }
    let mut text = String::new();
    push(policy.rule(), policy.principals(), &mut text);
    text
}

fn push(rule: &Rule, principals: &[MspPrincipal], text: &mut String) {
    match rule {
        Rule::SignedBy(number) => {
            let named = usize::try_from(*number).ok().and_then(|number| principals.get(number));
            text.push_str(&named.map_or_else(String::new, |who| Described::of(who).to_string()));
        }
        Rule::OutOf { n, rules } => {
            text.push_str("OutOf(");
            text.push_str(&n.to_string());
            for rule in rules {
                if text.len() > MAX_TEXT {
                    return;
                }
                text.push_str(", ");
                push(rule, principals, text);
            }
            text.push(')');
        }
    }
}

/// Whether two policies say the same in other octets.
pub(super) fn is_same_policy(a: &ConfigPolicy, b: &ConfigPolicy) -> bool {
    let read = |policy: &ConfigPolicy| {
        let policy = policy.policy.as_ref()?;
        Some((policy.r#type, policy.value.clone()))
    };
    let (Some((a_kind, a)), Some((b_kind, b))) = (read(a), read(b)) else { return false };
    match PolicyType::try_from(a_kind) {
        Ok(PolicyType::Signature) if a_kind == b_kind => {
            let read = |octets: &[u8]| SignaturePolicy::from_octets(octets).ok();
            read(&a).is_some_and(|a| read(&b) == Some(a))
        }
        Ok(PolicyType::ImplicitMeta) if a_kind == b_kind => {
            let read = |octets: &[u8]| decode::<ImplicitMetaPolicy>(octets).ok();
            read(&a).is_some_and(|a| read(&b) == Some(a))
        }
        Ok(_) | Err(_) => false,
    }
}
