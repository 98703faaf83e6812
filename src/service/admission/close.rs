//! An application ends without an admission by this server: declined, withdrawn, over, or overtaken.

use tracing::{info, warn};

use super::shapes::Withdrawal;
use crate::channel::{AdmissionApplication, applicant, withdrawal_of};
use crate::clock::Timestamp;
use crate::msp::{Msp, MspVersion};
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind, one_line};
use crate::service::office::Office;
use crate::service::proposals::check_length;
use crate::store::{self, ApplicationRow, ApplicationState, Change, ProposalState, Write};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;

impl Office {
    /// Declines an application.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], [`Kind::UnknownApplication`]; [`Kind::Malformed`] without a reason; [`Kind::Conflict`] when it is
    /// not open.
    pub async fn decline_application(
        &self,
        caller: &Caller,
        id: &str,
        reason: &str,
    ) -> Result<(), Error> {
        let row = self.find_application(id).await?;
        let authority =
            self.channel_manager(caller, "refused-decline", row.channel.as_str()).await?;
        let reason = one_line("reason", reason, MAX_REASON)?;
        let end = End { state: ApplicationState::Declined, outcome: reason.to_owned() };
        let write = end.write(authority, &row, caller.id(), "decline-application");
        authority.store.write(caller.once(write)).await.map_err(Error::from_spent)?;
        info!(application.id = id, "declined application {id}");
        Ok(())
    }

    /// Takes an application back. Whoever sends it, what counts is who signed it: an administrator of the applicant.
    ///
    /// # Errors
    /// [`Kind::UnknownApplication`]; [`Kind::Malformed`] when the signature is none of such a one; [`Kind::Conflict`] when the
    /// application is not open.
    pub async fn withdraw_application(&self, id: &str, asked: Withdrawal) -> Result<(), Error> {
        check_length(&asked.header, &asked.signature)?;
        let row = self.find_application(id).await?;
        if row.state != ApplicationState::Open {
            return Err(Error::new(Kind::Conflict, format!("the application is {}", row.state)));
        }
        let membership = self.membership().await?;
        let at = self.clock().now();
        let version =
            membership.channel(row.channel.as_str()).map(|known| known.channel().version());
        let (content, digest) = (row.content.clone(), row.digest);
        let who = on_cores(move || {
            let application = AdmissionApplication::read(&content).map_err(Error::internal)?;
            let msp = application.msp_config().unwrap_or_default();
            let msp = Msp::new(&msp, version.unwrap_or(MspVersion::V3_0), at)
                .map_err(|why| Error::malformed(format!("the MSP that was submitted: {why}")))?;
            let message = withdrawal_of(&digest);
            let who = applicant(&msp, &asked.header, &message, &asked.signature, at)
                .map_err(Error::malformed)?;
            Ok::<_, Error>(format!("{} {}", who.msp_id(), hex::encode(who.identifier())))
        });
        let who = who.await??;
        let authority = self.any_authority()?;
        let end =
            End { state: ApplicationState::Withdrawn, outcome: "by the applicant".to_owned() };
        let write = end.write(authority, &row, &who, "withdraw-application");
        authority.store.write(write).await?;
        info!(application.id = id, "withdrew application {id}");
        Ok(())
    }

    /// Closes applications whose time is over, and those whose organization came into the channel by another way, as when its
    /// orderers decide.
    ///
    /// # Errors
    /// Of the store.
    pub async fn settle_applications(&self) -> Result<(), Error> {
        for id in self.store().read().open_applications().await? {
            if let Err(error) = self.settle_application(&id).await {
                warn!(%error, application.id = id, "could not settle an application; it is tried again");
            }
        }
        Ok(())
    }

    async fn settle_application(&self, id: &str) -> Result<(), Error> {
        let row = self.find_application(id).await?;
        let Some(end) = self.end_of(&row, self.clock().now()).await? else { return Ok(()) };
        let authority = self.any_authority()?;
        // The proposal may be closed by now: whoever learned of the configuration did it.
        let proposal = self.store().read().proposal(&row.proposal).await?;
        let is_open = proposal.is_some_and(|proposal| proposal.state == ProposalState::Open);
        let write = if is_open {
            end.write(authority, &row, "chancery", "close-application")
        } else {
            end.write_alone(authority, &row, "chancery", "close-application")
        };
        match authority.store.write(write).await {
            Ok(_) => {
                info!(application.id = id, "application {id} is {}", end.state);
                Ok(())
            }
            // Another process was first: the next look tells.
            Err(store::Error::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How an open application has ended, if it has.
    async fn end_of(&self, row: &ApplicationRow, at: Timestamp) -> Result<Option<End>, Error> {
        if row.state != ApplicationState::Open {
            return Ok(None);
        }
        let membership = self.membership().await?;
        if let Some(known) = membership.channel(row.channel.as_str()) {
            let orgs = known.channel().application().map(|application| &application.orgs);
            let by_name = orgs.and_then(|orgs| orgs.get(&row.organization));
            if by_name.is_some_and(|msp_id| *msp_id == row.msp_id) {
                let outcome = known.sequence.to_string();
                return Ok(Some(End { state: ApplicationState::Admitted, outcome }));
            }
            if by_name.is_some() || known.channel().application_org(&row.msp_id).is_some() {
                let outcome = format!("as of sequence {}", known.sequence);
                return Ok(Some(End { state: ApplicationState::Superseded, outcome }));
            }
        }
        let is_over = row.expires_at <= at;
        Ok(is_over
            .then(|| End { state: ApplicationState::Expired, outcome: row.expires_at.to_string() }))
    }
}

/// How an application ends.
struct End {
    state: ApplicationState,
    outcome: String,
}

impl End {
    /// Closes the application and its proposal in one.
    fn write(
        &self,
        authority: &Authority,
        row: &ApplicationRow,
        actor: &str,
        deed: &'static str,
    ) -> Write {
        let (state, outcome) = match self.state {
            ApplicationState::Admitted => (ProposalState::Applied, self.outcome.clone()),
            ApplicationState::Open
            | ApplicationState::Declined
            | ApplicationState::Withdrawn
            | ApplicationState::Expired
            | ApplicationState::Superseded => {
                (ProposalState::Withdrawn, format!("the application is {}", self.state))
            }
        };
        let at = authority.clock().now();
        let close = Change::CloseProposal { id: row.proposal.clone(), state, outcome, at };
        self.write_alone(authority, row, actor, deed).then(close)
    }

    /// Closes the application alone.
    fn write_alone(
        &self,
        authority: &Authority,
        row: &ApplicationRow,
        actor: &str,
        deed: &'static str,
    ) -> Write {
        let subject = format!("{} ({}) for {}", row.organization, row.msp_id, row.channel);
        let reason = format!("{}: {}", self.state, self.outcome);
        let entry = authority.entry(actor, deed, format!("{} of {subject}", row.id), reason);
        let close = Change::CloseApplication {
            id: row.id.clone(),
            state: self.state,
            outcome: self.outcome.clone(),
            at: entry.at,
        };
        Write::new(close, entry)
    }
}
