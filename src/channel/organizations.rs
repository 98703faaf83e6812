//! The organizations of a configuration: their MSPs, each set up once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::bad::ChannelError;
use super::values::OrgValues;
use crate::clock::Timestamp;
use crate::msp::{Msp, MspVersion, Msps};
use crate::wire::{ConfigGroup, MspConfig};

/// The section that an organization is in, as far as its values go.
#[derive(Debug, Clone, Copy)]
pub(super) enum OrgKind {
    Application,
    Orderer { may_have_endpoints: bool, must_have_endpoints: bool },
    Consortium,
}

/// MSPs by ID, with what they were set up from.
pub(super) type Defined = BTreeMap<String, (Arc<MspConfig>, Msp)>;

/// Sets up MSPs.
pub(super) struct Definer<'b> {
    version: MspVersion,
    now: Timestamp,
    /// Those of the configuration before, by what they were set up from.
    before: Vec<&'b (Arc<MspConfig>, Msp)>,
    defined: Defined,
}

impl<'b> Definer<'b> {
    pub(super) fn new(version: MspVersion, now: Timestamp, before: Option<&'b Defined>) -> Self {
        // Under the same rules the same octets come to the same MSP, unless it holds a signing identity, which expires.
        let stays = |known: &&(Arc<MspConfig>, Msp)| {
            known.1.version() == version && known.1.signer().is_none()
        };
        let mut before: Vec<_> =
            before.into_iter().flat_map(BTreeMap::values).filter(stays).collect();
        before.sort_by(|a, b| order(&a.0).cmp(&order(&b.0)));
        Self { version, now, before, defined: BTreeMap::new() }
    }

    /// Sets up the MSPs of the organizations below a group; gives the groups and their MSP IDs.
    pub(super) fn orgs(
        &mut self,
        group: &ConfigGroup,
        path: &str,
        kind: OrgKind,
    ) -> Result<BTreeMap<String, String>, ChannelError> {
        let mut orgs = BTreeMap::new();
        for (name, org) in &group.groups {
            let msp_id = self.org(org, format_args!("{path}/{}", name.escape_debug()), kind)?;
            orgs.insert(name.clone(), msp_id);
        }
        Ok(orgs)
    }

    fn org(
        &mut self,
        org: &ConfigGroup,
        path: fmt::Arguments<'_>,
        kind: OrgKind,
    ) -> Result<String, ChannelError> {
        if !org.groups.is_empty() {
            return Err(ChannelError::UnexpectedSubgroup(path.to_string()));
        }
        let (with, may, must) = match kind {
            OrgKind::Application => (Some("AnchorPeers"), true, false),
            OrgKind::Orderer { may_have_endpoints, must_have_endpoints } => {
                (Some("Endpoints"), may_have_endpoints, must_have_endpoints)
            }
            OrgKind::Consortium => (None, true, false),
        };
        if !may && org.values.contains_key("Endpoints") {
            return Err(ChannelError::EndpointsWithoutCapability(path.to_string()));
        }
        let values = OrgValues::read(org, path, with)?;
        if must && values.endpoints.addresses.is_empty() {
            return Err(ChannelError::EndpointsMissing(path.to_string()));
        }
        self.define(values.msp, path)
    }

    fn define(
        &mut self,
        config: MspConfig,
        path: fmt::Arguments<'_>,
    ) -> Result<String, ChannelError> {
        match config.r#type {
            0 => {}
            1 => return Err(ChannelError::Idemix(path.to_string())),
            other => return Err(ChannelError::MspType(path.to_string(), other)),
        }
        // One organization may stand in several places: it is set up once.
        if let Some((id, _)) = self.defined.iter().find(|(_, (known, _))| **known == config) {
            return Ok(id.clone());
        }
        let (config, msp) = if let Some(known) = self.known(&config) {
            known
        } else {
            let msp = Msp::of_config(&config, self.version, self.now)
                .map_err(|rejection| ChannelError::MspSetup(path.to_string(), rejection))?;
            (Arc::new(config), msp)
        };
        let id = msp.id().to_owned();
        if self.defined.contains_key(&id) {
            return Err(ChannelError::MspConflict { id, path: path.to_string() });
        }
        if id.is_empty() {
            return Err(ChannelError::EmptyMspId(path.to_string()));
        }
        self.defined.insert(id.clone(), (config, msp));
        Ok(id)
    }

    fn known(&self, config: &MspConfig) -> Option<(Arc<MspConfig>, Msp)> {
        let found = self.before.binary_search_by(|known| order(&known.0).cmp(&order(config)));
        found.ok().and_then(|at| self.before.get(at)).map(|known| (*known).clone())
    }

    pub(super) fn finish(self) -> (Msps, Defined) {
        let msps = self.defined.values().map(|(_, msp)| msp.clone()).collect();
        (msps, self.defined)
    }
}

/// An order in which few octets are compared: lengths differ mostly.
fn order(config: &MspConfig) -> (usize, &[u8], i32) {
    (config.config.len(), &config.config, config.r#type)
}
