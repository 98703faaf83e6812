//! What a proposal would tell, without making one.

use crate::service::caller::Caller;
use crate::service::error::Error;
use crate::service::office::Office;
use crate::service::proposals::{Proposal, Wanted};

impl Office {
    /// Tells of an update what a proposal of it would tell. Nothing is kept, and nobody needs a right for it.
    ///
    /// # Errors
    /// As [`Office::propose`], but for the right.
    pub async fn simulate(
        &self,
        caller: &Caller,
        channel: &str,
        wanted: Wanted,
    ) -> Result<Proposal, Error> {
        let membership = self.membership().await?;
        let known = membership.known(channel)?;
        let update = known.update(wanted)?;
        let row = self.row(known, String::new(), &update, caller)?;
        known.check(&update, row.at)?;
        self.look(&membership, row).await
    }
}
