//! A proposal is made: of changes, of a configuration or of an update.

use std::sync::Arc;

use tracing::info;

use super::shapes::{Proposal, Propose, Wanted};
use crate::channel::{Update, compute_update, diff, edit};
use crate::clock::Timestamp;
use crate::service::admission::Gate;
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::cores::on_cores;
use crate::service::error::{Error, one_line};
use crate::service::membership::KnownChannel;
use crate::service::office::Office;
use crate::store::{Change, ProposalRow, ProposalState, Write};
use crate::wire::{Config, ConfigGroup, canonical};

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

impl Office {
    /// Proposes an update of a channel.
    ///
    /// # Errors
    /// [`Kind::Forbidden`](crate::service::Kind::Forbidden), [`Kind::UnknownChannel`](crate::service::Kind::UnknownChannel);
    /// [`Kind::Malformed`](crate::service::Kind::Malformed) with what is wrong: a change that cannot be made, an update that would
    /// be refused whoever signs it, a configuration that nodes would not take.
    pub async fn propose(&self, caller: &Caller, request: Propose) -> Result<Proposal, Error> {
        let authority = self.channel_manager(caller, "refused-propose", &request.channel).await?;
        let membership = self.membership().await?;
        membership.known(&request.channel)?;
        let title = one_line("title", &request.title, MAX_TITLE)?.to_owned();
        let (proposer, at) = (caller.id().to_owned(), self.clock().now());
        let row = on_cores(move || {
            let known = membership.known(&request.channel)?;
            let update = known.update(request.wanted)?;
            known.check(&update, at)?;
            known.proposal_row(title, &update, proposer, at)
        });
        self.keep_proposal(authority, caller, row.await??, None).await
    }

    /// Keeps a proposal, in the place of another where there is one.
    pub(in crate::service) async fn keep_proposal(
        &self,
        authority: &Arc<Authority>,
        caller: &Caller,
        row: ProposalRow,
        instead_of: Option<(&ProposalRow, Option<Gate>)>,
    ) -> Result<Proposal, Error> {
        let subject = format!("{} for {}", row.id, row.channel);
        let entry = authority.entry(caller.id(), "propose", subject, row.title.as_str());
        let mut write = Write::new(Change::AddProposal(row.clone()), entry);
        if let Some((old, gate)) = instead_of {
            write = write.then(superseded(old, &row));
            if gate.is_some() {
                let (from, to) = (old.id.clone(), row.id.clone());
                write = write.then(Change::CarryApplication { from, to });
            }
        }
        authority.store.write(caller.once(write)).await.map_err(Error::from_spent)?;
        info!(proposal.id = row.id, channel.id = %row.channel, "proposed {}", row.id);
        // An update that nobody has to sign is in force at once.
        self.settle(&row.id).await?;
        self.proposal(&row.id).await
    }
}

/// Closes a proposal whose place another takes.
pub(in crate::service) fn superseded(old: &ProposalRow, by: &ProposalRow) -> Change {
    Change::CloseProposal {
        id: old.id.clone(),
        state: ProposalState::Superseded,
        outcome: by.id.clone(),
        at: by.at,
    }
}

impl KnownChannel {
    /// The update that leads to what is wanted.
    pub(in crate::service) fn update(&self, wanted: Wanted) -> Result<Update, Error> {
        let bad = |why: String| Error::malformed(why);
        let target = match wanted {
            Wanted::Update(octets) => {
                let update = Update::new(octets, Vec::new());
                return update.map_err(|why| bad(format!("`update`: {why}")));
            }
            Wanted::Config(config) => config,
            Wanted::Edits(edits) => {
                let root = edit(self.current.root(), &edits);
                let root = root.map_err(|why| bad(format!("`changes`: {why}")))?;
                Config { sequence: 0, channel_group: Some(root) }
            }
        };
        let update = compute_update(self.id.as_str(), self.current.config(), &target);
        Ok(Update::unsigned(update.map_err(|why| bad(why.to_string()))?))
    }

    /// Whether the update could come into force, if everybody signed it.
    pub(in crate::service) fn check(&self, update: &Update, at: Timestamp) -> Result<(), Error> {
        self.current.demands(update).map_err(|why| Error::malformed(why.to_string()))?;
        let result = self.current.result_of(update);
        // Fabric takes an update that only names new elements in groups that it does not touch: nobody has to sign it, and
        // it counts the sequence up.
        let none = ConfigGroup::default();
        if diff(self.current.root(), result.channel_group.as_ref().unwrap_or(&none)).is_empty() {
            return Err(Error::malformed("the update changes nothing"));
        }
        let next = self.current.follow(result, at);
        next.map(drop).map_err(|why| {
            Error::malformed(format!("nodes would not take what it leads to: {why}"))
        })
    }

    /// An open proposal of this update.
    pub(in crate::service) fn proposal_row(
        &self,
        title: String,
        update: &Update,
        proposer: String,
        at: Timestamp,
    ) -> Result<ProposalRow, Error> {
        let id = crate::secret::random::<8>().map_err(Error::internal)?;
        Ok(ProposalRow {
            id: hex::encode(id),
            channel: self.id.clone(),
            title,
            state: ProposalState::Open,
            sequence: self.sequence,
            base: canonical(self.current.config()),
            content: update.octets().to_vec(),
            proposer,
            at,
            closed_at: None,
            outcome: String::new(),
        })
    }
}
