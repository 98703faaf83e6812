//! What differs between two values of one name.

use std::collections::BTreeSet;

use super::change::What;
use crate::wire::{
    Acls, AnchorPeers, BatchSize, BatchTimeout, BftOptions, BlockDataHashingStructure,
    Capabilities, ChannelRestrictions, ConfigPolicy, ConsensusType, Consenter, Consortium,
    HashingAlgorithm, KafkaBrokers, OrdererAddresses, Orderers, Policy, RaftConsenter,
    RaftMetadata, Shaped, decode,
};

/// What differs; never nothing, for the octets do.
pub(super) fn value_changes(name: &str, before: &[u8], after: &[u8]) -> Vec<What> {
    let told = match name {
        "Capabilities" => told(before, after, capabilities),
        "ACLs" => told(before, after, acls),
        "AnchorPeers" => told(before, after, anchor_peers),
        "OrdererAddresses" => told(before, after, |a: &OrdererAddresses, b| {
            list("orderer addresses", a.addresses.clone(), b.addresses.clone())
        }),
        "Endpoints" => told(before, after, |a: &OrdererAddresses, b| {
            list("endpoints", a.addresses.clone(), b.addresses.clone())
        }),
        "KafkaBrokers" => told(before, after, |a: &KafkaBrokers, b| {
            list("brokers", a.brokers.clone(), b.brokers.clone())
        }),
        "Orderers" => told(before, after, orderers),
        "ConsensusType" => told(before, after, consensus),
        "BatchSize" => told(before, after, batch_size),
        "BatchTimeout" => told(before, after, |a: &BatchTimeout, b| {
            setting("the batch timeout", &a.timeout, &b.timeout)
        }),
        "HashingAlgorithm" => {
            told(before, after, |a: &HashingAlgorithm, b| setting("the hash", &a.name, &b.name))
        }
        "BlockDataHashingStructure" => told(before, after, |a: &BlockDataHashingStructure, b| {
            setting("the width of hashing", a.width, b.width)
        }),
        "Consortium" => {
            told(before, after, |a: &Consortium, b| setting("the consortium", &a.name, &b.name))
        }
        "ChannelRestrictions" => told(before, after, |a: &ChannelRestrictions, b| {
            setting("the largest number of channels", a.max_count, b.max_count)
        }),
        "ChannelCreationPolicy" => told(before, after, creation_policy),
        _ => None,
    };
    told.unwrap_or_else(|| vec![What::Contents])
}

/// What two messages say differently; nothing when one of them does not parse.
fn told<M: Shaped + PartialEq>(
    before: &[u8],
    after: &[u8],
    tell: impl FnOnce(&M, &M) -> Vec<What>,
) -> Option<Vec<What>> {
    let (before, after) = (decode::<M>(before).ok()?, decode::<M>(after).ok()?);
    if before == after {
        return Some(vec![What::Rewritten]);
    }
    let told = tell(&before, &after);
    // The order of a list, say.
    Some(if told.is_empty() { vec![What::Contents] } else { told })
}

/// A setting whose value may differ.
pub(super) fn setting<T: ToString + PartialEq>(name: &str, from: T, to: T) -> Vec<What> {
    if from == to {
        return Vec::new();
    }
    let said = |value: T| Some(value.to_string()).filter(|text| !text.is_empty());
    vec![What::Setting { name: name.to_owned(), from: said(from), to: said(to) }]
}

/// Entries that came or went, each told once.
pub(super) fn list(of: &'static str, before: Vec<String>, after: Vec<String>) -> Vec<What> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (before.into_iter().collect(), after.into_iter().collect());
    let added: Vec<String> = after.difference(&before).cloned().collect();
    let removed: Vec<String> = before.difference(&after).cloned().collect();
    if added.is_empty() && removed.is_empty() {
        return Vec::new();
    }
    vec![What::List { of, added, removed }]
}

fn capabilities(before: &Capabilities, after: &Capabilities) -> Vec<What> {
    let names = |them: &Capabilities| them.capabilities.keys().cloned().collect();
    list("capabilities", names(before), names(after))
}

fn anchor_peers(before: &AnchorPeers, after: &AnchorPeers) -> Vec<What> {
    let names = |them: &AnchorPeers| {
        them.anchor_peers.iter().map(|peer| format!("{}:{}", peer.host, peer.port)).collect()
    };
    list("anchor peers", names(before), names(after))
}

fn acls(before: &Acls, after: &Acls) -> Vec<What> {
    let resources: BTreeSet<&String> = before.acls.keys().chain(after.acls.keys()).collect();
    let mut changes = Vec::new();
    for resource in resources {
        let policy = |acls: &Acls| acls.acls.get(resource).map(|entry| entry.policy_ref.clone());
        let (from, to) = (policy(before), policy(after));
        if from != to {
            let name = format!("access to {}", resource.escape_debug());
            changes.push(What::Setting { name, from, to });
        }
    }
    changes
}

fn batch_size(before: &BatchSize, after: &BatchSize) -> Vec<What> {
    [
        setting("max_message_count", before.max_message_count, after.max_message_count),
        setting("absolute_max_bytes", before.absolute_max_bytes, after.absolute_max_bytes),
        setting("preferred_max_bytes", before.preferred_max_bytes, after.preferred_max_bytes),
    ]
    .concat()
}

fn creation_policy(before: &Policy, after: &Policy) -> Vec<What> {
    let text = |policy: &Policy| {
        let policy = ConfigPolicy { policy: Some(policy.clone()), ..ConfigPolicy::default() };
        super::policy_text::policy_text(&policy)
    };
    setting("the policy of who may create channels", text(before), text(after))
}

fn orderers(before: &Orderers, after: &Orderers) -> Vec<What> {
    let name = |one: &Consenter| format!("{} ({}:{})", one.id, one.host, one.port);
    let names = |them: &Orderers| them.consenter_mapping.iter().map(name).collect();
    let mut changes = list("consenters", names(before), names(after));
    for one in &after.consenter_mapping {
        let same = |other: &&Consenter| name(other) == name(one);
        let Some(other) = before.consenter_mapping.iter().find(same) else { continue };
        changes.extend(setting(
            &format!("the MSP ID of {}", name(one)),
            &other.msp_id,
            &one.msp_id,
        ));
        if (&other.identity, &other.client_tls_cert, &other.server_tls_cert)
            != (&one.identity, &one.client_tls_cert, &one.server_tls_cert)
        {
            changes.push(new_certificates(&name(one)));
        }
    }
    changes
}

fn new_certificates(name: &str) -> What {
    let (from, to) = (Some("others".to_owned()), Some("new ones".to_owned()));
    What::Setting { name: format!("the certificates of {name}"), from, to }
}

fn consensus(before: &ConsensusType, after: &ConsensusType) -> Vec<What> {
    let state = |it: &ConsensusType| match it.state {
        0 => "normal".to_owned(),
        1 => "maintenance".to_owned(),
        other => other.to_string(),
    };
    let mut changes = setting("the kind of consensus", &before.r#type, &after.r#type);
    changes.extend(setting("the state of consensus", state(before), state(after)));
    if before.metadata == after.metadata {
        return changes;
    }
    let kind = (before.r#type == after.r#type).then_some(after.r#type.as_str());
    let metadata = match kind {
        Some("etcdraft") => told(&before.metadata, &after.metadata, raft),
        Some("BFT") => told(&before.metadata, &after.metadata, bft),
        Some(_) | None => None,
    };
    changes.extend(metadata.unwrap_or_else(|| vec![What::Contents]));
    changes
}

fn raft(before: &RaftMetadata, after: &RaftMetadata) -> Vec<What> {
    let name = |one: &RaftConsenter| format!("{}:{}", one.host, one.port);
    let names = |them: &RaftMetadata| them.consenters.iter().map(name).collect();
    let mut changes = list("consenters", names(before), names(after));
    for one in &after.consenters {
        let other = before.consenters.iter().find(|other| name(other) == name(one));
        if other.is_some_and(|other| other != one) {
            changes.push(new_certificates(&name(one)));
        }
    }
    let (a, b) =
        (before.options.clone().unwrap_or_default(), after.options.clone().unwrap_or_default());
    changes.extend(setting("tick_interval", a.tick_interval, b.tick_interval));
    changes.extend(setting("election_tick", a.election_tick, b.election_tick));
    changes.extend(setting("heartbeat_tick", a.heartbeat_tick, b.heartbeat_tick));
    changes.extend(setting("max_inflight_blocks", a.max_inflight_blocks, b.max_inflight_blocks));
    let sizes = (a.snapshot_interval_size, b.snapshot_interval_size);
    changes.extend(setting("snapshot_interval_size", sizes.0, sizes.1));
    changes
}

fn bft(before: &BftOptions, after: &BftOptions) -> Vec<What> {
    let named = bft_settings(before).into_iter().zip(bft_settings(after));
    named.flat_map(|((name, from), (_, to))| setting(name, from, to)).collect()
}

fn bft_settings(it: &BftOptions) -> [(&'static str, String); 18] {
    [
        ("request_batch_max_count", it.request_batch_max_count.to_string()),
        ("request_batch_max_bytes", it.request_batch_max_bytes.to_string()),
        ("request_batch_max_interval", it.request_batch_max_interval.clone()),
        ("incoming_message_buffer_size", it.incoming_message_buffer_size.to_string()),
        ("request_pool_size", it.request_pool_size.to_string()),
        ("request_forward_timeout", it.request_forward_timeout.clone()),
        ("request_complain_timeout", it.request_complain_timeout.clone()),
        ("request_auto_remove_timeout", it.request_auto_remove_timeout.clone()),
        ("request_max_bytes", it.request_max_bytes.to_string()),
        ("view_change_resend_interval", it.view_change_resend_interval.clone()),
        ("view_change_timeout", it.view_change_timeout.clone()),
        ("leader_heartbeat_timeout", it.leader_heartbeat_timeout.clone()),
        ("leader_heartbeat_count", it.leader_heartbeat_count.to_string()),
        ("collect_timeout", it.collect_timeout.clone()),
        ("sync_on_start", it.sync_on_start.to_string()),
        ("speed_up_view_change", it.speed_up_view_change.to_string()),
        ("leader_rotation", it.leader_rotation.to_string()),
        ("decisions_per_leader", it.decisions_per_leader.to_string()),
    ]
}
