//! A proposal whose signatures are enough comes into force.

use tracing::{info, warn};

use super::stored::read_update;
use crate::service::cores::on_cores;
use crate::service::error::Error;
use crate::service::office::Office;
use crate::store::{self, Change, ChannelRow, ProposalState, Write};
use crate::wire::canonical;

impl Office {
    /// Applies what was signed enough but not applied: a process may have ended between the two.
    ///
    /// # Errors
    /// Of the store.
    pub async fn settle_proposals(&self) -> Result<(), Error> {
        for id in self.store().read().open_proposals().await? {
            if let Err(error) = self.settle(&id).await {
                warn!(%error, proposal.id = id, "could not settle a proposal; it is tried again");
            }
        }
        Ok(())
    }

    /// Applies a proposal when its signatures are enough and this server decides over the channel. Done twice, it is done
    /// once: the channel moves on from the sequence that was looked at, together with the proposal, or not at all.
    pub(in crate::service) async fn settle(&self, id: &str) -> Result<(), Error> {
        let row = self.find_proposal(id).await?;
        if row.state != ProposalState::Open {
            return Ok(());
        }
        let membership = self.membership().await?;
        let known = membership.known(row.channel.as_str())?;
        if !known.governed_here {
            return Ok(());
        }
        let (channel, follows) = (known.id.clone(), known.sequence);
        let signatures = self.store().read().proposal_signatures(id).await?;
        let authority = self.any_authority()?;
        let at = authority.clock().now();
        let next = on_cores(move || {
            let known = membership.known(row.channel.as_str())?;
            let update = read_update(&row, &signatures)?;
            let next = known.current.apply(&update, &membership.members(Some(known)), at);
            let next = next.ok().map(|next| {
                let config = next.as_current().config();
                (config.sequence, canonical(config))
            });
            Ok::<_, Error>(next)
        });
        let Some((sequence, config)) = next.await?? else { return Ok(()) };
        let row = ChannelRow { id: channel.clone(), sequence, at, governed_here: true, config };
        let keep = Change::KeepChannel { row, follows: Some(follows) };
        let close = Change::CloseProposal {
            id: id.to_owned(),
            state: ProposalState::Applied,
            outcome: sequence.to_string(),
            at,
        };
        let subject = format!("{channel} at sequence {sequence}");
        let entry = authority.entry("chancery", "apply-proposal", subject, id);
        match authority.store.write(Write::new(keep, entry).then(close)).await {
            Ok(_) => {
                info!(proposal.id = id, channel.id = %channel, "applied proposal {id}");
                Ok(())
            }
            // Another process was first, or the channel moved on: the next look tells which.
            Err(store::Error::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
