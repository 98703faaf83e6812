//! From a tree of groups to MSPs and policies.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::msp::{Msp, MspVersion, Msps, Rejection};
use crate::policy::{AccessControl, BadPolicy, PolicyTree};
use crate::wire::{
    Acls, Capabilities, Config, ConfigGroup, Consenter, MspConfig, Orderers, Shaped, decode,
};

/// Why a configuration cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// There is no root group.
    #[error("the configuration has no channel group")]
    NoChannelGroup,
    /// A value does not parse.
    #[error("the value {0} does not parse")]
    Malformed(String),
    /// An MSP is of a kind that we do not know.
    #[error("the MSP of {0} is of the kind {1}, only 0 is supported")]
    MspType(String, i32),
    /// An MSP has no ID.
    #[error("the MSP of {0} has no ID")]
    EmptyMspId(String),
    /// Two organizations define one MSP differently.
    #[error("the MSP `{0}` is defined twice, differently")]
    MspConflict(String),
    /// An MSP cannot be set up.
    #[error("the MSP of {0} cannot be set up: {1}")]
    MspSetup(String, Rejection),
    /// A policy cannot be loaded.
    #[error("the policy {0} cannot be loaded: {1}")]
    Policy(String, BadPolicy),
}

impl ChannelError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoChannelGroup => "no-channel-group",
            Self::Malformed(_) => "malformed",
            Self::MspType(..) => "msp-type",
            Self::EmptyMspId(_) => "empty-msp-id",
            Self::MspConflict(_) => "msp-conflict",
            Self::MspSetup(..) => "msp-setup",
            Self::Policy(..) => "policy",
        }
    }
}

/// What judges in a channel: its MSPs and its policies, as of one configuration. What else a node
/// demands of a configuration is not looked at here.
#[derive(Debug, Clone)]
pub struct Channel {
    version: MspVersion,
    msps: Msps,
    policies: PolicyTree,
    /// Who may sign blocks by number; only with the capability `V3_0`.
    consenters: Option<Vec<Consenter>>,
    access: AccessControl,
    /// The groups of `Application` by MSP ID.
    application_orgs: BTreeMap<String, String>,
}

impl Channel {
    /// Loads a configuration. `now` is used for one thing: whether a signing identity in an MSP has
    /// expired.
    ///
    /// # Errors
    /// When a value, an MSP or a policy is wrong, with the path of the first.
    pub fn load(config: &Config, now: Timestamp) -> Result<Self, ChannelError> {
        let root = config.channel_group.as_ref().ok_or(ChannelError::NoChannelGroup)?;
        let capabilities: Capabilities = value(root, "/Channel", "Capabilities")?;
        let names = || capabilities.capabilities.keys().map(String::as_str);
        let version = MspVersion::of_capabilities(names());
        let mut loader = Loader { version, now, defined: BTreeMap::new() };
        let (mut orderers, mut acls) = (Orderers::default(), Acls::default());
        let mut application_orgs = BTreeMap::new();
        for (name, group) in &root.groups {
            let path = format!("/Channel/{name}");
            match name.as_str() {
                "Orderer" => {
                    orderers = value(group, &path, "Orderers")?;
                    loader.orgs(group, &path)?;
                }
                "Application" => {
                    acls = value(group, &path, "ACLs")?;
                    for (msp_id, org) in loader.orgs(group, &path)? {
                        application_orgs.insert(msp_id, org);
                    }
                }
                "Consortiums" => {
                    for (name, consortium) in &group.groups {
                        loader.orgs(consortium, &format!("{path}/{name}"))?;
                    }
                }
                _ => {}
            }
        }
        let policies =
            PolicyTree::load(root).map_err(|(path, bad)| ChannelError::Policy(path, bad))?;
        let numbers_count = names().any(|name| name == "V3_0");
        Ok(Self {
            version,
            msps: loader.defined.into_values().map(|(_, msp)| msp).collect(),
            policies,
            consenters: numbers_count.then_some(orderers.consenter_mapping),
            access: AccessControl::new(&acls),
            application_orgs,
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

    /// Who may sign blocks by number, when anyone may.
    pub fn consenters(&self) -> Option<&[Consenter]> {
        self.consenters.as_deref()
    }

    /// What resources ask for.
    pub fn access(&self) -> &AccessControl {
        &self.access
    }

    /// The group below `/Channel/Application` of the organization with this MSP ID.
    pub fn application_org(&self, msp_id: &str) -> Option<&str> {
        self.application_orgs.get(msp_id).map(String::as_str)
    }
}

/// A value of a group; one that is absent reads as the empty message.
fn value<M: Shaped>(group: &ConfigGroup, path: &str, name: &str) -> Result<M, ChannelError> {
    let octets = group.values.get(name).map_or(&[][..], |value| &value.value);
    decode(octets).map_err(|_| ChannelError::Malformed(format!("{path}/{name}")))
}

struct Loader {
    version: MspVersion,
    now: Timestamp,
    defined: BTreeMap<String, (MspConfig, Msp)>,
}

impl Loader {
    /// Sets up the MSPs of the organizations below a group; gives their IDs and groups.
    fn orgs(
        &mut self,
        group: &ConfigGroup,
        path: &str,
    ) -> Result<Vec<(String, String)>, ChannelError> {
        let mut orgs = Vec::new();
        for (name, org) in &group.groups {
            let path = format!("{path}/{name}");
            let config: MspConfig = value(org, &path, "MSP")?;
            orgs.push((self.define(config, path)?, name.clone()));
        }
        Ok(orgs)
    }

    fn define(&mut self, config: MspConfig, path: String) -> Result<String, ChannelError> {
        use crate::wire::Message as _;

        if config.r#type != 0 {
            return Err(ChannelError::MspType(path, config.r#type));
        }
        // One organization may stand in several places: it is set up once.
        if let Some((id, _)) = self.defined.iter().find(|(_, (known, _))| *known == config) {
            return Ok(id.clone());
        }
        let msp = Msp::new(&config.encode_to_vec(), self.version, self.now)
            .map_err(|rejection| ChannelError::MspSetup(path.clone(), rejection))?;
        let id = msp.id().to_owned();
        if id.is_empty() {
            return Err(ChannelError::EmptyMspId(path));
        }
        if self.defined.contains_key(&id) {
            return Err(ChannelError::MspConflict(id));
        }
        self.defined.insert(id.clone(), (config, msp));
        Ok(id)
    }
}
