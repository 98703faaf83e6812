//! A configuration to its document.

use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::build::{build, kind_of_rule};
use super::compile::config_of;
use super::error::{DocumentError, read};
use super::exact::tell;
use super::msp::Msp;
use super::msp_out::parts_of;
use super::places::Places;
use super::shape::{
    Capabilities, ChannelDocument, ChannelKind, GroupPolicies, Organization, Policies, Section,
};
use super::write_orderer::{addresses_of, message, orderer_of};
use crate::policy::{Rule, SignaturePolicy, language, parse_implicit, print_implicit, to_envelope};
use crate::wire::{
    Acls, AnchorPeers, Config, ConfigGroup, ConfigPolicy, Consortium, ImplicitMetaPolicy,
    Message as _, PolicyType, canonical, decode,
};

/// Why a configuration cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// There is nothing to write.
    #[error("the configuration has no channel group")]
    NoChannelGroup,
    /// The document would say something else. Nodes do not load such a configuration: two elements share a place.
    #[error("a document cannot say it: {0}")]
    Other(String),
}

/// Writes a configuration that nodes load as a document: [`compile`](super::compile) gives the same octets again.
///
/// # Errors
/// When it is none that nodes load.
pub fn write(channel_id: &str, config: &Config) -> Result<String, WriteError> {
    let root = config.channel_group.as_ref().ok_or(WriteError::NoChannelGroup)?;
    let mut document = words(channel_id, config.sequence, root);
    let other = |why: DocumentError| WriteError::Other(why.to_string());
    let none = BTreeMap::new();
    let mut built = build(&document, &none, &mut Places::default());
    if built.is_err() {
        // How they agree is the one part whose words have rules of their own; its octets have none.
        if let Some(at) = &mut document.orderer {
            at.value.forget_consensus();
        }
        built = build(&document, &none, &mut Places::default());
    }
    let built = built.map_err(other)?;
    document.without.clear();
    tell(&mut document, &built.channel_group, root);
    let text = text_of(&document)?;
    // Nothing may be lost, so it is looked at.
    let again: ChannelDocument = read(&text).map_err(other)?;
    let (again, _) = config_of(&again, &none, &mut Places::default()).map_err(other)?;
    if canonical(&again) != canonical(config) {
        return Err(WriteError::Other("two of its elements cannot be told apart".to_owned()));
    }
    Ok(text)
}

fn text_of(document: &ChannelDocument) -> Result<String, WriteError> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_saphyr::to_string_with_options(document, options);
    text.map_err(|why| WriteError::Other(why.to_string()))
}

/// What has words.
fn words(channel_id: &str, sequence: u64, root: &ConfigGroup) -> ChannelDocument {
    let none = ConfigGroup::default();
    let group = |name: &str| root.groups.get(name).unwrap_or(&none);
    let (application, orderer) = (group("Application"), group("Orderer"));
    let capabilities = Capabilities {
        channel: capabilities_of(root),
        orderer: capabilities_of(orderer),
        application: capabilities_of(application),
    };
    let acls = message::<Acls>(application, "ACLs").unwrap_or_default().acls;
    let acls = acls.into_iter().map(|(name, entry)| (name, At::new(entry.policy_ref)));
    let consortium: Option<Consortium> = message(root, "Consortium");
    ChannelDocument {
        kind: ChannelKind::Channel,
        id: At::new(channel_id.to_owned()),
        sequence,
        orderer: root.groups.contains_key("Orderer").then(|| {
            let addresses = addresses_of(root, "OrdererAddresses");
            At::new(orderer_of(orderer, addresses, &capabilities.channel))
        }),
        capabilities,
        policies: GroupPolicies {
            channel: policies_of(root),
            orderer: policies_of(orderer),
            application: policies_of(application),
        },
        acls: acls.collect(),
        organizations: organizations(application, orderer),
        consortium: consortium.map(|it| it.name).filter(|name| !name.is_empty()),
        mod_policies: BTreeMap::new(),
        without: ["Application", "Orderer"]
            .into_iter()
            .filter(|name| !root.groups.contains_key(*name))
            .map(|name| At::new(format!("group /Channel/{name}")))
            .collect(),
        raw: BTreeMap::new(),
        versions: BTreeMap::new(),
    }
}

fn capabilities_of(group: &ConfigGroup) -> Vec<At<String>> {
    let value: Option<crate::wire::Capabilities> = message(group, "Capabilities");
    value.unwrap_or_default().capabilities.into_keys().map(At::new).collect()
}

/// Policies whose text comes to the same octets.
fn policies_of(group: &ConfigGroup) -> Policies {
    let texts = group.policies.iter();
    texts
        .filter_map(|(name, policy)| Some((name.clone(), At::new(text_of_policy(policy)?))))
        .collect()
}

pub(super) fn text_of_policy(policy: &ConfigPolicy) -> Option<String> {
    let policy = policy.policy.as_ref()?;
    match PolicyType::try_from(policy.r#type).ok()? {
        PolicyType::Signature => {
            let written = SignaturePolicy::from_octets(&policy.value).ok()?.written()?;
            if !matches!(written.rule, Rule::OutOf { .. }) {
                return None;
            }
            let text = language::print(&written)?;
            let again = to_envelope(&language::read(&text).ok()?).encode_to_vec();
            (again == policy.value && kind_of_rule(&text) == Ok("Signature")).then_some(text)
        }
        PolicyType::ImplicitMeta => {
            let text = print_implicit(&decode::<ImplicitMetaPolicy>(&policy.value).ok()?)?;
            let again = parse_implicit(&text).ok()?.encode_to_vec();
            (again == policy.value).then_some(text)
        }
        PolicyType::Unknown | PolicyType::Msp => None,
    }
}

/// Those of both sections; one that is the same in both stands once.
fn organizations(application: &ConfigGroup, orderer: &ConfigGroup) -> Vec<At<Organization>> {
    let mut all: Vec<Organization> = Vec::new();
    for (section, groups) in
        [(Section::Application, &application.groups), (Section::Orderer, &orderer.groups)]
    {
        for (name, group) in groups {
            let Some(organization) = organization(name, section, group) else { continue };
            let same = all.iter_mut().find(|known| is_same(known, &organization));
            match same {
                Some(known) => {
                    known.sections.push(section);
                    known.endpoints = organization.endpoints;
                }
                None => all.push(organization),
            }
        }
    }
    all.into_iter().map(At::new).collect()
}

/// Whether one entry can say both: what each section takes of it, the other does not look at.
fn is_same(known: &Organization, other: &Organization) -> bool {
    (&known.name, &known.msp_id, &known.policies, &known.msp)
        == (&other.name, &other.msp_id, &other.policies, &other.msp)
        && known.sections == [Section::Application]
        && names(&known.policies).is_superset(&BTreeSet::from([
            "Admins",
            "Endorsement",
            "Readers",
            "Writers",
        ]))
}

fn names(policies: &Policies) -> BTreeSet<&str> {
    policies.keys().map(String::as_str).collect()
}

/// Nothing where there is no MSP, or another element below: such a group has no words.
fn organization(name: &str, section: Section, group: &ConfigGroup) -> Option<Organization> {
    let octets = &group.values.get("MSP")?.value;
    let (msp_id, msp) = parts_of(octets)?;
    if msp_id.is_empty() || !group.groups.is_empty() {
        return None;
    }
    let anchors: Option<AnchorPeers> = message(group, "AnchorPeers");
    let anchors = anchors.unwrap_or_default().anchor_peers;
    let is_plain = |host: &str, port: i32| !host.is_empty() && u16::try_from(port).is_ok();
    let have_words = anchors.iter().all(|peer| is_plain(&peer.host, peer.port));
    let anchors = anchors.into_iter().filter(|_| have_words && section == Section::Application);
    let endpoints = match section {
        Section::Orderer => addresses_of(group, "Endpoints"),
        Section::Application => Vec::new(),
    };
    Some(Organization {
        name: At::new(name.to_owned()),
        msp_id: At::new(msp_id),
        sections: vec![section],
        policies: policies_of(group),
        anchor_peers: anchors.map(|peer| At::new(format!("{}:{}", peer.host, peer.port))).collect(),
        endpoints,
        msp: At::<Msp>::new(msp),
    })
}
