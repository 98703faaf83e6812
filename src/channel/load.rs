//! From a tree of groups to MSPs and policies, with everything that a node demands of a configuration.

use std::collections::BTreeMap;

use super::bad::{ChannelError, Setting};
use super::capabilities::{Section, has_acls, has_bft, has_org_endpoints};
use super::duration::parse_duration;
use super::flat::check_names;
use super::names::ROOT;
use super::organizations::{Defined, Definer, OrgKind};
use super::values::{ApplicationValues, ChannelValues, OrdererValues, consortium_values};
use crate::clock::Timestamp;
use crate::msp::{MspVersion, Msps};
use crate::policy::{AccessControl, PolicyTree};
use crate::wire::{Capabilities, Config, ConfigGroup, Consenter};

/// The groups of organizations of a section and their MSP IDs.
pub type Orgs = BTreeMap<String, String>;

/// What a node makes of a configuration: its MSPs, its policies, and how it is run. A loaded one is one that Fabric's
/// nodes load.
#[derive(Debug, Clone)]
pub struct Channel {
    version: MspVersion,
    capabilities: Capabilities,
    defined: Defined,
    msps: Msps,
    policies: PolicyTree,
    orderer: Option<Orderer>,
    application: Option<Application>,
    /// By name of the consortium.
    consortiums: Option<BTreeMap<String, Orgs>>,
}

/// The group `Orderer`.
#[derive(Debug, Clone)]
pub struct Orderer {
    /// Its values.
    pub values: OrdererValues,
    /// Its organizations.
    pub orgs: Orgs,
}

/// The group `Application`.
#[derive(Debug, Clone)]
pub struct Application {
    /// What its nodes must be able to do.
    pub capabilities: Capabilities,
    /// What resources ask for.
    pub access: AccessControl,
    /// Its organizations.
    pub orgs: Orgs,
}

impl Channel {
    /// Loads a configuration. `now` is used for one thing: whether a signing identity in an MSP has
    /// expired.
    ///
    /// # Errors
    /// When Fabric's nodes would not load it; with the path of what is wrong.
    pub fn load(config: &Config, now: Timestamp) -> Result<Self, ChannelError> {
        Self::load_with(config, now, None)
    }

    /// Loads the configuration that follows this one: as [`Channel::load`], but organizations whose MSPs stay as they
    /// are are not set up anew.
    ///
    /// # Errors
    /// As [`Channel::load`].
    pub fn load_next(&self, config: &Config, now: Timestamp) -> Result<Self, ChannelError> {
        Self::load_with(config, now, Some(&self.defined))
    }

    fn load_with(
        config: &Config,
        now: Timestamp,
        before: Option<&Defined>,
    ) -> Result<Self, ChannelError> {
        let root = config.channel_group.as_ref().ok_or(ChannelError::NoChannelGroup)?;
        check_order(root)?;
        let values = ChannelValues::read(root)?;
        let can = &values.capabilities;
        check_channel(&values)?;
        let version = MspVersion::of_capabilities(can.capabilities.keys().map(String::as_str));
        let mut definer = Definer::new(version, now, before);
        let (mut orderer, mut application, mut consortiums) = (None, None, None);
        for (name, group) in &root.groups {
            match name.as_str() {
                "Application" => application = Some(load_application(group, &mut definer)?),
                "Orderer" => orderer = Some(load_orderer(group, can, &mut definer)?),
                "Consortiums" => consortiums = Some(load_consortiums(group, &mut definer)?),
                other => return Err(ChannelError::UnexpectedGroup(path(other))),
            }
        }
        let policies =
            PolicyTree::load(root).map_err(|(path, bad)| ChannelError::Policy(path, bad))?;
        check_names(root).map_err(ChannelError::IllegalKey)?;
        let (msps, defined) = definer.finish();
        Ok(Self {
            version,
            capabilities: values.capabilities,
            defined,
            msps,
            policies,
            orderer,
            application,
            consortiums,
        })
    }

    /// The version of the rules that its MSPs follow.
    pub fn version(&self) -> MspVersion {
        self.version
    }

    /// Its MSPs.
    pub fn msps(&self) -> &Msps {
        &self.msps
    }

    /// Its policies.
    pub fn policies(&self) -> &PolicyTree {
        &self.policies
    }

    /// What all nodes must be able to do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The group `Orderer`, when there is one.
    pub fn orderer(&self) -> Option<&Orderer> {
        self.orderer.as_ref()
    }

    /// The group `Application`, when there is one.
    pub fn application(&self) -> Option<&Application> {
        self.application.as_ref()
    }

    /// The consortiums of a system channel, when there are any.
    pub fn consortiums(&self) -> Option<&BTreeMap<String, Orgs>> {
        self.consortiums.as_ref()
    }

    /// Who may sign blocks by number, when anyone may.
    pub fn consenters(&self) -> Option<&[Consenter]> {
        let numbers_count = has_bft(&self.capabilities);
        let consenters = self.orderer.as_ref().map(|orderer| &orderer.values.orderers);
        numbers_count.then(|| consenters.map_or(&[][..], |all| &all.consenter_mapping))
    }

    /// What resources ask for: what is usual, when there is no group `Application`.
    pub fn access(&self) -> &AccessControl {
        const USUAL: &AccessControl = &AccessControl::usual();
        self.application.as_ref().map_or(USUAL, |application| &application.access)
    }

    /// The group below `/Channel/Application` of the organization with this MSP ID.
    pub fn application_org(&self, msp_id: &str) -> Option<&str> {
        let orgs = &self.application.as_ref()?.orgs;
        orgs.iter().find(|(_, id)| *id == msp_id).map(|(name, _)| name.as_str())
    }

    /// The first capability that Fabric's nodes do not know, and so refuse to go on.
    ///
    /// # Errors
    /// With its name and its section.
    pub fn check_capabilities(&self) -> Result<(), ChannelError> {
        let orderer = self.orderer.as_ref().map(|orderer| &orderer.values.capabilities);
        let application = self.application.as_ref().map(|application| &application.capabilities);
        let sections = [
            (Section::Channel, Some(&self.capabilities)),
            (Section::Orderer, orderer),
            (Section::Application, application),
        ];
        for (section, capabilities) in sections {
            if let Some(name) = capabilities.and_then(|them| section.unknown(them)) {
                return Err(ChannelError::UnsupportedCapability(section, name.to_owned()));
            }
        }
        Ok(())
    }
}

fn path(name: &str) -> String {
    format!("/{ROOT}/{}", name.escape_debug())
}

/// Orderers must understand capabilities before others may have any.
fn check_order(root: &ConfigGroup) -> Result<(), ChannelError> {
    let has = |group: &ConfigGroup| group.values.contains_key("Capabilities");
    let Some(orderer) = root.groups.get("Orderer") else { return Ok(()) };
    if has(orderer) {
        return Ok(());
    }
    if has(root) {
        return Err(ChannelError::CapabilityOrder(Section::Channel));
    }
    if root.groups.get("Application").is_some_and(has) {
        return Err(ChannelError::CapabilityOrder(Section::Application));
    }
    Ok(())
}

fn check_channel(values: &ChannelValues) -> Result<(), ChannelError> {
    let algorithm = &values.hashing_algorithm.name;
    if !matches!(algorithm.as_str(), "SHA256" | "SHA3_256") {
        return Err(ChannelError::HashingAlgorithm(algorithm.clone()));
    }
    let width = values.hashing_structure.width;
    if width != u32::MAX {
        return Err(ChannelError::HashingWidth(width));
    }
    let has_addresses = !values.orderer_addresses.addresses.is_empty();
    if !has_org_endpoints(&values.capabilities) && !has_addresses {
        return Err(ChannelError::AddressesMissing);
    }
    if has_bft(&values.capabilities) && has_addresses {
        return Err(ChannelError::AddressesForbidden);
    }
    Ok(())
}

fn load_application(
    group: &ConfigGroup,
    definer: &mut Definer<'_>,
) -> Result<Application, ChannelError> {
    let path = path("Application");
    let values = ApplicationValues::read(group, &path)?;
    if group.values.contains_key("ACLs") && !has_acls(&values.capabilities) {
        return Err(ChannelError::AclsWithoutCapability);
    }
    let orgs = definer.orgs(group, &path, OrgKind::Application)?;
    let access = AccessControl::new(&values.acls);
    Ok(Application { capabilities: values.capabilities, access, orgs })
}

fn load_orderer(
    group: &ConfigGroup,
    channel: &Capabilities,
    definer: &mut Definer<'_>,
) -> Result<Orderer, ChannelError> {
    let path = path("Orderer");
    let values = OrdererValues::read(group, &path)?;
    let batch = &values.batch_size;
    for (setting, number) in [
        (Setting::MaxMessageCount, batch.max_message_count),
        (Setting::AbsoluteMaxBytes, batch.absolute_max_bytes),
        (Setting::PreferredMaxBytes, batch.preferred_max_bytes),
    ] {
        if number == 0 {
            return Err(ChannelError::BatchSizeZero(setting));
        }
    }
    if batch.preferred_max_bytes > batch.absolute_max_bytes {
        let (preferred, absolute) = (batch.preferred_max_bytes, batch.absolute_max_bytes);
        return Err(ChannelError::BatchSizePreferred { preferred, absolute });
    }
    if parse_duration(&values.batch_timeout.timeout).is_none_or(|timeout| timeout.is_zero()) {
        return Err(ChannelError::BatchTimeout(values.batch_timeout.timeout));
    }
    let may = has_org_endpoints(channel);
    let kind = OrgKind::Orderer { may_have_endpoints: may, must_have_endpoints: has_bft(channel) };
    let orgs = definer.orgs(group, &path, kind)?;
    Ok(Orderer { values, orgs })
}

/// Values and policies of the group itself are not looked at.
fn load_consortiums(
    group: &ConfigGroup,
    definer: &mut Definer<'_>,
) -> Result<BTreeMap<String, Orgs>, ChannelError> {
    let mut consortiums = BTreeMap::new();
    for (name, consortium) in &group.groups {
        let path = format!("{}/{}", path("Consortiums"), name.escape_debug());
        consortium_values(consortium, &path)?;
        let orgs = definer.orgs(consortium, &path, OrgKind::Consortium)?;
        consortiums.insert(name.clone(), orgs);
    }
    Ok(consortiums)
}
