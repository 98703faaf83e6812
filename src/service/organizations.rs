//! The organizations of this server: whose MSP is made of which of our CAs.

use std::sync::Arc;

use serde::Deserialize;

use crate::channel::msp_in_place;
use crate::clock::Timestamp;
use crate::id::{CaName, MspId};
use crate::msp::{self, Authorities, Msp, MspVersion};
use crate::pki::{Certificate, Crl};
use crate::service::administrator::{Administrator, AdministratorOptions};
use crate::service::authority::Authority;
use crate::service::error::{Error, Kind};
use crate::service::issuer::Issuer;
use crate::wire::ConfigGroup;

/// An `[[organization]]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationOptions {
    /// The ID of its MSP.
    pub msp_id: MspId,
    /// The CA that enrolls its members.
    pub ca: CaName,
    /// The CA that certifies their TLS keys. Default: `ca`.
    pub tls_ca: Option<CaName>,
    /// What it brings into its channels.
    #[serde(default)]
    pub channels: InChannels,
    /// The administrator whose key is in the token. Without it what needs an administrator's signature waits for a person.
    pub administrator: Option<AdministratorOptions>,
}

/// `[organization.channels]`: the lists of revoked certificates that channels carry.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InChannels {
    /// For how many days a list is good. Default 90; with a third of that left it is renewed.
    pub list_days: u16,
    /// Keep certificates on the lists after their end. Nodes do not look at ends: one that is revoked and left out after
    /// its end counts again in policies. Default false.
    pub keep_expired: bool,
}

impl Default for InChannels {
    fn default() -> Self {
        Self { list_days: 90, keep_expired: false }
    }
}

/// An organization whose CAs are ours.
#[derive(Debug)]
pub struct Organization {
    pub(super) msp_id: MspId,
    pub(super) ca: Arc<Authority>,
    tls_ca: Arc<Authority>,
    pub(super) administrator: Option<Administrator>,
    in_channels: InChannels,
    /// Without revocation lists: what we revoked is asked of the CA itself.
    pub(super) msp: Msp,
}

/// The MSP of an organization as of now, ready to be handed out.
#[derive(Debug, Clone)]
pub struct ExportedMsp {
    /// Its ID.
    pub msp_id: MspId,
    /// The `MSPConfig`, encoded.
    pub config: Vec<u8>,
    /// Its CAs and lists of revoked certificates.
    pub authorities: Authorities,
    /// Certificates that were revoked but are on none of the lists yet.
    pub unlisted: usize,
}

impl Organization {
    /// Puts an organization together.
    ///
    /// # Errors
    /// When its CAs make no MSP that a node would load.
    pub(super) fn open(
        options: &OrganizationOptions,
        authorities: &[Arc<Authority>],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let find = |name: &CaName| {
            let found = authorities.iter().find(|authority| authority.name() == name);
            found.cloned().ok_or_else(|| {
                let why = format!("organization `{}`: there is no CA `{name}`", options.msp_id);
                Error::new(Kind::UnknownCa, why)
            })
        };
        let ca = find(&options.ca)?;
        let tls_ca = find(options.tls_ca.as_ref().unwrap_or(&options.ca))?;
        let msp_id = options.msp_id.clone();
        let made = Authorities { issuing: chains(&ca), tls: chains(&tls_ca), crls: Vec::new() };
        let config = msp::compose(options.msp_id.as_str(), &made).to_msp_config();
        let msp = Msp::new(&config, MspVersion::V3_0, now).map_err(|why| {
            let what = format!("organization `{}`: a node would refuse its MSP", options.msp_id);
            Error::new(Kind::Internal, format!("{what}: {why}"))
        })?;
        let administrator = options
            .administrator
            .as_ref()
            .map(|options| Administrator::new(msp_id.clone(), Arc::clone(&ca), options.clone()));
        Ok(Self { msp_id, ca, tls_ca, administrator, in_channels: options.channels, msp })
    }

    /// The ID of its MSP.
    pub fn msp_id(&self) -> &MspId {
        &self.msp_id
    }

    /// The CA that enrolls its members.
    pub fn ca(&self) -> &Authority {
        &self.ca
    }

    /// The CA that certifies their TLS keys.
    pub fn tls_ca(&self) -> &Authority {
        &self.tls_ca
    }

    /// How long its lists in channels are good, in seconds.
    pub(super) fn channel_list_seconds(&self) -> i64 {
        i64::from(self.in_channels.list_days) * 24 * 3600
    }

    /// What ended before is not on them.
    pub(super) fn pruned_at(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.in_channels.keep_expired).then_some(now)
    }

    /// Whether a channel with this configuration carries its MSP.
    pub(super) fn is_in(&self, root: &ConfigGroup) -> bool {
        msp_in_place(root, self.msp_id.as_str()).is_some()
    }

    /// Its CAs, without lists of revoked certificates.
    pub(super) fn authorities(&self) -> Authorities {
        Authorities { issuing: chains(&self.ca), tls: chains(&self.tls_ca), crls: Vec::new() }
    }

    /// Its MSP with the newest lists of revoked certificates. Lists that lack something are made anew.
    ///
    /// # Errors
    /// Of the token or the store.
    pub async fn export(&self) -> Result<ExportedMsp, Error> {
        let mut made = self.authorities();
        let mut unlisted = 0;
        for issuer in self.ca.all_issuers() {
            self.ca.publish_if_due(issuer).await?;
            let reader = self.ca.store.read();
            let revoked = reader.revoked_count(issuer.key_id()).await?;
            let row = reader.latest_crl(issuer.key_id()).await?;
            let crl = row.map(|row| Crl::from_der(row.der)).transpose()?;
            unlisted += revoked.saturating_sub(crl.as_ref().map_or(0, Crl::len));
            made.crls.extend(crl);
        }
        let config = msp::compose(self.msp_id.as_str(), &made).to_msp_config();
        Ok(ExportedMsp { msp_id: self.msp_id.clone(), config, authorities: made, unlisted })
    }
}

/// The issuers of a CA, the active one first, each with those above it.
fn chains(authority: &Authority) -> Vec<Vec<Certificate>> {
    authority.all_issuers().map(Issuer::chain).collect()
}
