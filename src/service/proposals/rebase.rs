//! A proposal is put where it fits again.

use super::shapes::Proposal;
use super::stored::{base_of, read_update};
use crate::channel::{RebaseError, Update, rebase};
use crate::service::caller::Caller;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind};
use crate::service::office::Office;
use crate::store::ProposalState;

impl Office {
    /// Puts a proposal whose channel has moved on where it fits again; it has to be signed anew. The old one is closed.
    ///
    /// # Errors
    /// [`Kind::Conflict`] with the element that has changed meanwhile, or when the proposal is not open.
    pub async fn rebase_proposal(&self, caller: &Caller, id: &str) -> Result<Proposal, Error> {
        let old = self.find_proposal(id).await?;
        let authority =
            self.channel_manager(caller, "refused-rebase", old.channel.as_str()).await?;
        let membership = self.membership().await?;
        let conflict = |why: &str| Error::new(Kind::Conflict, why);
        if old.state != ProposalState::Open {
            return Err(conflict("the proposal is not open"));
        }
        if old.sequence == membership.known(old.channel.as_str())?.sequence {
            return Err(conflict("the channel has not moved on"));
        }
        let (proposer, at, before) = (caller.id().to_owned(), self.clock().now(), old.clone());
        let row = on_cores(move || {
            let known = membership.known(before.channel.as_str())?;
            let base = base_of(&before)?;
            let update = read_update(&before, &[])?;
            let rebased = rebase(&update, &base, &known.current).map_err(|why| match why {
                RebaseError::NotOfOld(_) | RebaseError::Moved(_) | RebaseError::Nothing(_) => {
                    conflict(&why.to_string())
                }
            })?;
            let update = Update::unsigned(rebased.update);
            known.check(&update, at)?;
            known.proposal_row(before.title, &update, proposer, at)
        });
        self.keep_proposal(authority, caller, row.await??, Some(&old)).await
    }
}
