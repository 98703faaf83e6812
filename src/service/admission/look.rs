//! Applications are looked at.

use std::collections::BTreeSet;

use super::shapes::ApplicationView;
use crate::channel::{AdmissionApplication, is_approval};
use crate::service::error::{Error, Kind};
use crate::service::office::Office;
use crate::store::ApplicationRow;
use crate::wire::{SerializedIdentity, SignatureHeader, decode};

impl Office {
    /// An application as it stands today.
    ///
    /// # Errors
    /// [`Kind::UnknownApplication`]; of the store.
    pub async fn application(&self, id: &str) -> Result<ApplicationView, Error> {
        let row = self.find_application(id).await?;
        let content = AdmissionApplication::read(&row.content).map_err(Error::internal)?;
        let proposal = self.proposal(&row.proposal).await?;
        let before = self.store().read().superseded_by(&row.channel, &row.proposal).await?;
        let asked_anew = match before {
            Some(before) => {
                let (before, now) = (
                    self.approvers(&before, &row.digest).await?,
                    self.approvers(&row.proposal, &row.digest).await?,
                );
                let missing: BTreeSet<String> =
                    before.difference(&now).map(|(msp_id, _)| msp_id.clone()).collect();
                missing.into_iter().collect()
            }
            None => Vec::new(),
        };
        Ok(ApplicationView { row, content, proposal, asked_anew })
    }

    /// The latest applications to a channel.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`]; of the store.
    pub async fn applications(
        &self,
        channel: &str,
        open: bool,
    ) -> Result<Vec<ApplicationRow>, Error> {
        let id = self.membership().await?.known(channel)?.id.clone();
        Ok(self.store().read().applications(&id, open, 100).await?)
    }

    /// How an application stands, without looking further.
    ///
    /// # Errors
    /// [`Kind::UnknownApplication`]; of the store.
    pub async fn find_application(&self, id: &str) -> Result<ApplicationRow, Error> {
        let found = self.store().read().application(id).await?;
        found.ok_or_else(|| {
            let id: String = id.chars().take(64).collect();
            Error::new(Kind::UnknownApplication, format!("there is no application `{id}`"))
        })
    }

    /// Who has approved by signing a proposal: MSP ID and signer.
    async fn approvers(
        &self,
        proposal: &str,
        digest: &[u8; 32],
    ) -> Result<BTreeSet<(String, [u8; 32])>, Error> {
        let rows = self.store().read().proposal_signatures(proposal).await?;
        let approvals = rows.into_iter().filter(|row| is_approval(&row.header, digest));
        let named = approvals.filter_map(|row| {
            let header: SignatureHeader = decode(&row.header).ok()?;
            let creator: SerializedIdentity = decode(&header.creator).ok()?;
            Some((creator.mspid, row.signer))
        });
        Ok(named.collect())
    }
}
