//! The group of an organization.

use std::collections::BTreeMap;

use super::elements::{ADMINS, policies, value};
use super::error::GenesisError;
use crate::channel::configtx::{MspSource, Organization};
use crate::msp::{Folder, Subfolder, read_folder};
use crate::wire::{
    AnchorPeer, AnchorPeers, ConfigGroup, Message as _, MspConfig, OrdererAddresses,
};

/// As what an organization belongs to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It runs peers.
    Application,
    /// It runs orderers.
    Orderer {
        /// It has to say where they are.
        names_endpoints: bool,
    },
    /// It may found channels.
    Consortium,
}

/// Makes groups of organizations, and keeps what was passed over in their folders.
#[derive(Debug)]
pub(super) struct Organizations<'a, F> {
    files: &'a F,
    pub(super) warnings: Vec<String>,
}

impl<'a, F: Folder> Organizations<'a, F> {
    pub(super) fn new(files: &'a F) -> Self {
        Self { files, warnings: Vec::new() }
    }

    /// The groups by name; of two with one name the later one stays.
    pub(super) fn groups(
        &mut self,
        organizations: &[Organization],
        part: Part,
    ) -> Result<BTreeMap<String, ConfigGroup>, GenesisError> {
        let mut groups = BTreeMap::new();
        for organization in organizations {
            let group = self.group(organization, part)?;
            if groups.insert(organization.name.clone(), group).is_some() {
                self.warnings.push(format!(
                    "{}: there was an organization with the Name `{}` before, which has no effect",
                    organization.origin,
                    organization.name.escape_debug()
                ));
            }
        }
        Ok(groups)
    }

    fn group(
        &mut self,
        organization: &Organization,
        part: Part,
    ) -> Result<ConfigGroup, GenesisError> {
        let origin = &organization.origin;
        let msp = self.msp(organization)?;
        let policies = policies(&organization.policies, origin, &[])?;
        let mut group =
            ConfigGroup { policies, mod_policy: ADMINS.to_owned(), ..ConfigGroup::default() };
        group.values.insert("MSP".to_owned(), value(&msp));
        match part {
            Part::Orderer { names_endpoints } => {
                let addresses = organization.orderer_endpoints.clone();
                if !addresses.is_empty() {
                    let endpoints = value(&OrdererAddresses { addresses });
                    group.values.insert("Endpoints".to_owned(), endpoints);
                } else if names_endpoints {
                    return Err(GenesisError::EndpointsMissing(origin.clone()));
                }
            }
            Part::Application => {
                let peers = organization.anchor_peers.iter();
                let peers =
                    peers.map(|(host, port)| AnchorPeer { host: host.clone(), port: *port });
                let anchor_peers: Vec<AnchorPeer> = peers.collect();
                if !anchor_peers.is_empty() {
                    let peers = value(&AnchorPeers { anchor_peers });
                    group.values.insert("AnchorPeers".to_owned(), peers);
                }
            }
            Part::Consortium => {}
        }
        Ok(group)
    }

    fn msp(&mut self, organization: &Organization) -> Result<MspConfig, GenesisError> {
        if !matches!(organization.msp_type.as_str(), "" | "bccsp") {
            let shown = organization.msp_type.chars().take(60).collect();
            return Err(GenesisError::MspType(organization.origin.clone(), shown));
        }
        let msp_dir = match &organization.msp {
            MspSource::Given(config) => return Ok(config.clone()),
            MspSource::Folder(path) => path,
        };
        let folder = Subfolder::new(self.files, msp_dir);
        let contents = read_folder(&folder, &organization.msp_id, false).map_err(|why| {
            GenesisError::MspFolder {
                origin: organization.origin.clone(),
                folder: msp_dir.clone(),
                why,
            }
        })?;
        for warning in contents.warnings {
            let told = format!("{}: {warning}", msp_dir.escape_debug());
            // An organization may stand in several groups.
            if !self.warnings.contains(&told) {
                self.warnings.push(told);
            }
        }
        Ok(MspConfig { r#type: 0, config: contents.config.encode_to_vec() })
    }
}
