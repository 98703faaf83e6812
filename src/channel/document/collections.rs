//! Private data: the collections of chaincodes as a document.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::at::At;
use super::error::{DocumentError, read, shown};
use super::members::Members;
use super::options::is_zero;
use crate::channel::load::Channel;
use crate::policy::{BadCollection, Role, any_of_role, check_package, language, to_envelope};
use crate::wire::{
    ApplicationPolicy, ApplicationPolicyType, CollectionConfig, CollectionConfigPackage,
    CollectionPayload, CollectionPolicyConfig, CollectionPolicyPayload, SignaturePolicyEnvelope,
    StaticCollectionConfig,
};

/// The collections of chaincodes: whose private data is kept where, and who may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CollectionsDocument {
    kind: CollectionsKind,
    /// The document of the channel, beside this one; so that its organizations are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<At<String>>,
    /// Collections by the name of the chaincode.
    chaincodes: BTreeMap<String, Vec<At<CollectionText>>>,
}

/// `collections`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum CollectionsKind {
    /// It is about collections.
    Collections,
}

/// A collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "service", schemars(rename = "Collection"))]
#[serde(deny_unknown_fields)]
struct CollectionText {
    /// Its name: letters, digits, `-` and, but for its first character, `_`.
    name: At<String>,
    /// Whose data it is: MSP IDs, or a policy that is a choice, e.g. `OR('Org1MSP.member', 'Org2MSP.peer')`.
    members: At<Members>,
    /// Peers of other members that must have the data before an endorsement is given; 0 unless it is said.
    #[serde(default)]
    required_peer_count: At<i32>,
    /// Peers of other members that are tried.
    max_peer_count: At<i32>,
    /// Blocks after which the data is purged; 0, as usual, for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    block_to_live: u64,
    /// Whether only members read; yes unless it is said.
    #[serde(default = "yes")]
    member_only_read: bool,
    /// Whether only members write; yes unless it is said.
    #[serde(default = "yes")]
    member_only_write: bool,
    /// Who endorses writes: a policy, or the path of one of the channel; that of the chaincode unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endorsement: Option<At<String>>,
}

fn yes() -> bool {
    true
}

/// What a document of collections comes to.
#[derive(Debug, Clone)]
pub struct Collections {
    /// The path of the channel's document that it names.
    pub channel: Option<String>,
    /// By chaincode.
    pub chaincodes: BTreeMap<String, CollectionConfigPackage>,
}

impl Collections {
    /// A collection by its name, and by its chaincode where two have one of that name.
    pub fn find(
        &self,
        chaincode: Option<&str>,
        name: &str,
    ) -> Vec<(&str, &StaticCollectionConfig)> {
        let chosen = self
            .chaincodes
            .iter()
            .filter(|(known, _)| chaincode.is_none_or(|chaincode| chaincode == known.as_str()));
        let configs = chosen.flat_map(|(chaincode, package)| {
            package.config.iter().filter_map(move |config| match config.payload.as_ref()? {
                CollectionPayload::StaticCollectionConfig(config) => {
                    Some((chaincode.as_str(), config))
                }
            })
        });
        configs.filter(|(_, config)| config.name == name).collect()
    }
}

/// Reads a document of the kind `collections`, and judges it as a peer does when a chaincode's definition brings it. Where no channel
/// is given, its organizations are taken to be those that are named.
///
/// # Errors
/// When it is no such document, or a collection may not be: with line and path.
pub fn compile_collections(
    text: &str,
    channel: Option<&Channel>,
) -> Result<Collections, DocumentError> {
    let document: CollectionsDocument = read(text)?;
    let mut chaincodes = BTreeMap::new();
    for (chaincode, texts) in &document.chaincodes {
        let mut package = CollectionConfigPackage::default();
        let mut names = BTreeSet::new();
        for (number, at) in texts.iter().enumerate() {
            let path = format!("chaincodes.{chaincode}[{number}]");
            if !names.insert(at.value.name.value.as_str()) {
                let why = BadCollection::Duplicate.to_string();
                return Err(DocumentError::at(&at.value.name, format!("{path}.name"), why));
            }
            let config = collection(&at.value, &path, channel)?;
            let payload = Some(CollectionPayload::StaticCollectionConfig(config));
            let one = CollectionConfig { payload };
            judge(&one, &at.value, &path, channel)?;
            package.config.push(one);
        }
        chaincodes.insert(chaincode.clone(), package);
    }
    Ok(Collections { channel: document.channel.map(|at| at.value), chaincodes })
}

fn collection(
    text: &CollectionText,
    path: &str,
    channel: Option<&Channel>,
) -> Result<StaticCollectionConfig, DocumentError> {
    let members = &text.members;
    let envelope = members_of(&members.value);
    let envelope =
        envelope.map_err(|why| DocumentError::at(members, format!("{path}.members"), why))?;
    let payload = Some(CollectionPolicyPayload::SignaturePolicy(envelope));
    let endorsement = text.endorsement.as_ref().map(|at| {
        endorsement(&at.value, channel)
            .map_err(|why| DocumentError::at(at, format!("{path}.endorsement"), why))
    });
    Ok(StaticCollectionConfig {
        name: text.name.value.clone(),
        member_orgs_policy: Some(CollectionPolicyConfig { payload }),
        required_peer_count: text.required_peer_count.value,
        maximum_peer_count: text.max_peer_count.value,
        block_to_live: text.block_to_live,
        member_only_read: text.member_only_read,
        member_only_write: text.member_only_write,
        endorsement_policy: endorsement.transpose()?,
    })
}

fn members_of(members: &Members) -> Result<SignaturePolicyEnvelope, String> {
    match members {
        Members::Organizations(ids) if ids.is_empty() => Err("it names nobody".to_owned()),
        Members::Organizations(ids) => {
            Ok(to_envelope(&any_of_role(ids.iter().map(String::as_str), Role::Member)))
        }
        Members::Policy(rule) => language::read(rule)
            .map(|written| to_envelope(&written))
            .map_err(|why| format!("`{}` is no policy: {why}", shown(rule))),
    }
}

fn endorsement(text: &str, channel: Option<&Channel>) -> Result<ApplicationPolicy, String> {
    let kind = if text.starts_with('/') {
        if let Some(tree) = channel.map(Channel::policies)
            && !tree
                .names(tree.root().unwrap_or_default())
                .iter()
                .any(|name| text == format!("/Channel/{name}"))
        {
            return Err(format!("the channel has no policy `{}`", shown(text)));
        }
        ApplicationPolicyType::ChannelConfigPolicyReference(text.to_owned())
    } else {
        let written = language::read(text)
            .map_err(|why| format!("`{}` is neither a path nor a policy: {why}", shown(text)))?;
        ApplicationPolicyType::SignaturePolicy(to_envelope(&written))
    };
    Ok(ApplicationPolicy { kind: Some(kind) })
}

/// As a peer does.
fn judge(
    one: &CollectionConfig,
    text: &CollectionText,
    path: &str,
    channel: Option<&Channel>,
) -> Result<(), DocumentError> {
    let package = CollectionConfigPackage { config: vec![one.clone()] };
    let none = crate::msp::Msps::default();
    let msps = channel.map_or(&none, Channel::msps);
    let has_org = |id: &str| channel.is_none_or(|channel| channel.application_org(id).is_some());
    let Err(why) = check_package(&package, msps, has_org) else { return Ok(()) };
    let (line, key) = match why {
        BadCollection::Name => (text.name.line, "name"),
        BadCollection::PeerCount => (text.max_peer_count.line, "max_peer_count"),
        BadCollection::Payload
        | BadCollection::Duplicate
        | BadCollection::PolicyMissing
        | BadCollection::Policy(_)
        | BadCollection::NotOr
        | BadCollection::ForeignOrg
        | BadCollection::PrincipalMalformed
        | BadCollection::PrincipalUnsupported
        | BadCollection::Removed
        | BadCollection::BlockToLive => (text.members.line, "members"),
    };
    let mut told = why.to_string();
    if let (BadCollection::ForeignOrg, Some(channel)) = (why, channel) {
        let known: Vec<&str> = channel.msps().iter().map(crate::msp::Msp::id).collect();
        told = format!("{told}: it has {}", known.join(", "));
    }
    Err(DocumentError::new(line, format!("{path}.{key}"), told))
}
