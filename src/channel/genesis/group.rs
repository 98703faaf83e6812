//! The groups of a channel that is to begin.

use std::collections::BTreeMap;

use super::consensus::Consensus;
use super::elements::{
    ADMINS, ORDERER_ADMINS, capabilities, policies, signature_policy, value, value_of,
};
use super::error::GenesisError;
use super::organization::{Organizations, Part};
use crate::channel::configtx::{Application, Orderer, Organization, Profile};
use crate::channel::duration::print_nanoseconds;
use crate::msp::Folder;
use crate::policy::language::Written;
use crate::policy::{Rule, bft_policy, to_envelope};
use crate::wire::{
    AclResource, Acls, BatchSize, BatchTimeout, BlockDataHashingStructure, ChannelRestrictions,
    ConfigGroup, ConfigPolicy, ConfigValue, Consortium, HashingAlgorithm, ImplicitMetaPolicy,
    ImplicitRule, Message as _, OrdererAddresses, Orderers, Policy, PolicyType,
};

/// What a profile comes to, and what in its folders has no effect though somebody may have meant it to.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The root group.
    pub channel_group: ConfigGroup,
    /// What was passed over, in words.
    pub warnings: Vec<String>,
}

/// Makes the root group of a channel from a profile; paths in it are relative to `files`.
///
/// That nodes take it is another matter: names, capabilities and MSPs are not checked here, as Fabric's tools do not.
/// [`Channel::load`](crate::channel::Channel::load) does.
///
/// # Errors
/// When Fabric's tools would make no block of it: with the line and the reason.
pub fn generate(profile: &Profile, files: &impl Folder) -> Result<Generated, GenesisError> {
    let consensus = profile.orderer.as_ref().map(Consensus::check).transpose()?;
    refuse_foreign(profile)?;
    let mut organizations = Organizations::new(files);
    let mut root = channel(profile)?;
    let (Some(orderer), Some(consensus)) = (&profile.orderer, consensus) else {
        return Err(GenesisError::NoOrderer(profile.origin.clone()));
    };
    let group = orderers(orderer, consensus, profile, &mut organizations, files)?;
    root.groups.insert("Orderer".to_owned(), group);
    if let Some(section) = &profile.application {
        let group = application(section, &mut organizations)?;
        root.groups.insert("Application".to_owned(), group);
    }
    match &profile.consortiums {
        Some(named) => {
            let group = consortiums(named, &mut organizations)?;
            root.groups.insert("Consortiums".to_owned(), group);
        }
        None if profile.application.is_none() => {
            return Err(GenesisError::NoApplication(profile.origin.clone()));
        }
        None => {}
    }
    let unused = profile.unused_variables.iter().map(|name| {
        format!(
            "the variable {} has no effect: the file does not mention its key, or does in a list",
            name.escape_debug()
        )
    });
    let warnings = unused.chain(organizations.warnings).collect();
    Ok(Generated { channel_group: root, warnings })
}

fn refuse_foreign(profile: &Profile) -> Result<(), GenesisError> {
    let orderers = profile.orderer.iter().flat_map(|section| &section.organizations);
    let members = profile.application.iter().flat_map(|section| &section.organizations);
    let founders = profile.consortiums.iter().flat_map(BTreeMap::values).flatten();
    match orderers.chain(members).chain(founders).find(|organization| organization.is_foreign) {
        Some(foreign) => Err(GenesisError::Foreign(foreign.origin.clone())),
        None => Ok(()),
    }
}

/// A group that administrators change, whose values may be absent.
fn group_of(
    policies: BTreeMap<String, ConfigPolicy>,
    values: impl IntoIterator<Item = (&'static str, Option<ConfigValue>)>,
) -> ConfigGroup {
    let values = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    ConfigGroup {
        policies,
        values: values.collect(),
        mod_policy: ADMINS.to_owned(),
        ..ConfigGroup::default()
    }
}

fn channel(profile: &Profile) -> Result<ConfigGroup, GenesisError> {
    let policies = policies(&profile.policies, &profile.origin, &[])?;
    let addresses = profile.orderer.as_ref().map(|orderer| orderer.addresses.clone());
    let addresses = addresses.filter(|addresses| !addresses.is_empty());
    let addresses =
        addresses.map(|addresses| value_of(&OrdererAddresses { addresses }, ORDERER_ADMINS));
    let consortium = Consortium { name: profile.consortium.clone() };
    let values = [
        ("HashingAlgorithm", Some(value(&HashingAlgorithm { name: "SHA256".to_owned() }))),
        ("BlockDataHashingStructure", Some(value(&BlockDataHashingStructure { width: u32::MAX }))),
        ("OrdererAddresses", addresses),
        ("Consortium", (!consortium.name.is_empty()).then(|| value(&consortium))),
        ("Capabilities", capabilities(&profile.capabilities)),
    ];
    Ok(group_of(policies, values))
}

fn orderers<F: Folder>(
    section: &Orderer,
    consensus: Consensus<'_>,
    profile: &Profile,
    organizations: &mut Organizations<'_, F>,
    files: &F,
) -> Result<ConfigGroup, GenesisError> {
    const BLOCK_VALIDATION: &str = "BlockValidation";
    let origin = &section.origin;
    let has_bft = profile.capabilities.get("V3_0").copied().unwrap_or_default();
    let mut policies = policies(&section.policies, origin, &[BLOCK_VALIDATION])?;
    if matches!(consensus, Consensus::Bft(..)) && !has_bft {
        return Err(GenesisError::BftCapability(origin.clone()));
    }
    if has_bft && !section.addresses.is_empty() {
        return Err(GenesisError::AddressesForbidden(origin.clone()));
    }
    let agreed = consensus.load(section.state, files)?;
    if let Some(consenters) = &agreed.consenters {
        // Whatever is written: their signatures are what blocks need.
        let policy = signature_policy(&bft_policy(consenters), ADMINS);
        policies.insert(BLOCK_VALIDATION.to_owned(), policy);
    }
    let consenters = agreed.consenters;
    let named = consenters.map(|consenter_mapping| value(&Orderers { consenter_mapping }));
    let timeout = match section.batch_timeout {
        0 => 2_000_000_000,
        said => said,
    };
    let values = [
        ("BatchSize", Some(value(&usual_batch(&section.batch_size)))),
        ("BatchTimeout", Some(value(&BatchTimeout { timeout: print_nanoseconds(timeout) }))),
        (
            "ChannelRestrictions",
            Some(value(&ChannelRestrictions { max_count: section.max_channels })),
        ),
        ("Capabilities", capabilities(&section.capabilities)),
        ("Orderers", named),
        ("ConsensusType", Some(value(&agreed.kind))),
    ];
    let mut group = group_of(policies, values);
    let part = Part::Orderer { names_endpoints: has_bft };
    group.groups = organizations.groups(&section.organizations, part)?;
    Ok(group)
}

fn usual_batch(said: &BatchSize) -> BatchSize {
    let or = |said: u32, usual: u32| if said == 0 { usual } else { said };
    BatchSize {
        max_message_count: or(said.max_message_count, 500),
        absolute_max_bytes: or(said.absolute_max_bytes, 10 << 20),
        preferred_max_bytes: or(said.preferred_max_bytes, 2 << 20),
    }
}

fn application<F: Folder>(
    section: &Application,
    organizations: &mut Organizations<'_, F>,
) -> Result<ConfigGroup, GenesisError> {
    let policies = policies(&section.policies, &section.origin, &[])?;
    let resources = section.acls.iter();
    let resources =
        resources.map(|(name, policy)| (name.clone(), AclResource { policy_ref: policy.clone() }));
    let acls = Acls { acls: resources.collect() };
    let values = [
        ("ACLs", (!acls.acls.is_empty()).then(|| value(&acls))),
        ("Capabilities", capabilities(&section.capabilities)),
    ];
    let mut group = group_of(policies, values);
    group.groups = organizations.groups(&section.organizations, Part::Application)?;
    Ok(group)
}

/// Consortiums belong to the orderers, whom the policy there never holds back.
fn consortiums<F: Folder>(
    named: &BTreeMap<String, Vec<Organization>>,
    organizations: &mut Organizations<'_, F>,
) -> Result<ConfigGroup, GenesisError> {
    let anyone = Written { rule: Rule::OutOf { n: 0, rules: Vec::new() }, principals: Vec::new() };
    let anyone = signature_policy(&to_envelope(&anyone), ORDERER_ADMINS);
    let any_admins =
        ImplicitMetaPolicy { sub_policy: ADMINS.to_owned(), rule: ImplicitRule::Any.into() };
    let creation =
        Policy { r#type: PolicyType::ImplicitMeta.into(), value: any_admins.encode_to_vec() };
    let creation = value_of(&creation, ORDERER_ADMINS);
    let mut groups = BTreeMap::new();
    for (name, members) in named {
        let group = ConfigGroup {
            groups: organizations.groups(members, Part::Consortium)?,
            values: BTreeMap::from([("ChannelCreationPolicy".to_owned(), creation.clone())]),
            mod_policy: ORDERER_ADMINS.to_owned(),
            ..ConfigGroup::default()
        };
        groups.insert(name.clone(), group);
    }
    Ok(ConfigGroup {
        groups,
        policies: BTreeMap::from([(ADMINS.to_owned(), anyone)]),
        mod_policy: ORDERER_ADMINS.to_owned(),
        ..ConfigGroup::default()
    })
}
