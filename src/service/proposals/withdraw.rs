//! A proposal is taken back.

use tracing::info;

use crate::service::caller::Caller;
use crate::service::error::Error;
use crate::service::office::Office;
use crate::store::{Change, ProposalState, Write};

impl Office {
    /// Takes a proposal back.
    ///
    /// # Errors
    /// [`Kind::Forbidden`](crate::service::Kind::Forbidden), [`Kind::UnknownProposal`](crate::service::Kind::UnknownProposal),
    /// [`Kind::Conflict`](crate::service::Kind::Conflict) when it is not open.
    pub async fn withdraw_proposal(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let row = self.find_proposal(id).await?;
        let authority =
            self.channel_manager(caller, "refused-withdraw", row.channel.as_str()).await?;
        let entry = authority.entry(caller.id(), "withdraw-proposal", id, row.title.as_str());
        let close = Change::CloseProposal {
            id: id.to_owned(),
            state: ProposalState::Withdrawn,
            outcome: caller.id().to_owned(),
            at: entry.at,
        };
        let write = caller.once(Write::new(close, entry));
        authority.store.write(write).await.map_err(Error::from_spent)?;
        info!(proposal.id = id, channel.id = %row.channel, "withdrew proposal {id}");
        Ok(())
    }
}
