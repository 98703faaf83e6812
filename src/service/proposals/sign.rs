//! A signature of a proposal is taken.

use aws_lc_rs::digest::{Context, SHA256};
use tracing::info;

use super::shapes::Proposal;
use super::stored::{check_length, creator_of, read_update};
use crate::msp::Identity;
use crate::policy::Members as _;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind};
use crate::service::office::Office;
use crate::store::{Change, ProposalSignature, ProposalState, Write};

/// The most signatures of a proposal.
const MAX_SIGNATURES: usize = 1_000;

impl Office {
    /// Takes a signature of a proposal, and applies it when its signatures are enough. Whoever sends it, what counts is
    /// whose it is: a valid member of the channel, who signs once.
    ///
    /// # Errors
    /// [`Kind::Malformed`] when the signature is none of such a member over this update; [`Kind::Conflict`] when the proposal is
    /// not open, or they have signed.
    pub async fn sign_proposal(
        &self,
        id: &str,
        header: Vec<u8>,
        signature: Vec<u8>,
    ) -> Result<Proposal, Error> {
        check_length(&header, &signature)?;
        let row = self.find_proposal(id).await?;
        if row.state != ProposalState::Open {
            return Err(Error::new(Kind::Conflict, format!("the proposal is {}", row.state)));
        }
        let membership = self.membership().await?;
        membership.known(row.channel.as_str())?;
        if self.store().read().proposal_signatures(id).await?.len() >= MAX_SIGNATURES {
            return Err(Error::new(Kind::Conflict, "the proposal has too many signatures"));
        }

        let gate = self.gate_of(id).await?;
        if let Some(gate) = &gate {
            gate.check_open(self.clock().now())?;
        }

        // 1. It is that of a valid member, over this very update.
        let title = row.title.clone();
        let judged = on_cores(move || {
            let known = membership.known(row.channel.as_str())?;
            let creator = creator_of(&header)?;
            let members = membership.members(Some(known));
            let identity = members
                .identity(&creator)
                .and_then(|identity| members.validate(&identity).map(|()| identity))
                .map_err(|why| Error::malformed(format!("`header`: not a valid member: {why}")))?;
            let update = read_update(&row, &[])?;
            identity
                .verify(&update.to_be_signed(&header), &signature)
                .map_err(|why| Error::malformed(format!("`signature`: {why}")))?;
            Ok::<_, Error>((identity, header, signature))
        });
        let (identity, header, signature) = judged.await??;

        // 2. It is kept before it counts.
        let authority = self.any_authority()?;
        let at = authority.clock().now();
        let who = format!("{} {}", identity.msp_id(), hex::encode(identity.identifier()));
        let approves = gate.is_some_and(|gate| gate.is_approved_by(&header));
        let deed = if approves { "approve-application" } else { "sign-proposal" };
        let entry = authority.entry(&who, deed, id, title);
        let signer = signer(&identity, approves);
        let signature = ProposalSignature { signer, at, header, signature };
        let sign = Change::SignProposal { id: id.to_owned(), signature };
        authority.store.write(Write::new(sign, entry)).await.map_err(|error| {
            let why = "the member has signed already, or the proposal is not open";
            Error::from_lost(error, "signature", why)
        })?;
        info!(proposal.id = id, msp.id = identity.msp_id(), "took a signature of proposal {id}");

        // 3. When it was the last that was missing, the update is in force with this answer.
        self.settle(id).await?;
        self.proposal(id).await
    }
}

/// What tells a signer from others. Not the identity as it was sent: a certificate in PEM has as many dressings as one likes.
/// Who has signed an update without approving the application may still do so.
fn signer(identity: &Identity, approves: bool) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let purpose: &[u8] = if approves { b"approval" } else { b"" };
    for part in [identity.msp_id().as_bytes(), identity.identifier(), purpose] {
        // With the length before each, no two pairs make the same octets.
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut signer = [0; 32];
    signer.copy_from_slice(context.finish().as_ref());
    signer
}
