//! What a proposal would tell, without making one.

use super::look::look;
use super::shapes::{Proposal, Wanted};
use crate::service::caller::Caller;
use crate::service::cores::on_cores;
use crate::service::error::Error;
use crate::service::office::Office;

impl Office {
    /// Tells of an update what a proposal of it would tell. Nothing is kept, and nobody needs a right for it.
    ///
    /// # Errors
    /// As [`Office::propose`], but for the right.
    pub async fn simulate(
        &self,
        caller: &Caller,
        channel: String,
        wanted: Wanted,
    ) -> Result<Proposal, Error> {
        let membership = self.membership().await?;
        let (who, at) = (caller.id().to_owned(), self.clock().now());
        let told = on_cores(move || {
            let known = membership.known(&channel)?;
            let update = known.update(wanted)?;
            known.check(&update, at)?;
            let row = known.proposal_row(String::new(), &update, who, at)?;
            look(&membership, row, Vec::new(), None, at)
        });
        told.await?
    }
}
