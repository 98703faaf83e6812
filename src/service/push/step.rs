//! One organization, one channel, one matter: what is to be done next.

use tracing::{info, warn};

use super::lacking::{Kinds, Lacking};
use super::room::{Room, room};
use crate::channel::{Edit, Update};
use crate::clock::Timestamp;
use crate::service::administrator::Matter;
use crate::service::authority::Authority;
use crate::service::deputy::Deputy as _;
use crate::service::error::{Error, Kind};
use crate::service::membership::KnownChannel;
use crate::service::office::Office;
use crate::service::organizations::Organization;
use crate::service::proposals::{Proposal, Wanted, read_update, superseded};
use crate::store::{
    Change, Error as StoreError, ProposalRow, ProposalState, PushRow, PushState, Write,
};
use crate::wire::{Message as _, SignatureHeader, decode};

/// Who proposes what nobody asked for.
const PROPOSER: &str = "chancery";
/// The first pause after a failure, in seconds; it doubles with each further one.
const FIRST_PAUSE: i64 = 5;
/// The longest pause, in seconds.
const LONGEST_PAUSE: i64 = 600;
/// What orderers took is in a block within so many seconds, or it is counted as failed.
const IN_A_BLOCK_WITHIN: i64 = 60;
/// Octets for headers and signatures around an update.
const ROOM_FOR_SIGNATURES: usize = 64 << 10;

/// A matter of an organization in a channel, as it is looked at.
pub(super) struct Step<'a> {
    pub(super) office: &'a Office,
    pub(super) organization: &'a Organization,
    pub(super) known: &'a KnownChannel,
    pub(super) matter: Matter,
    /// How it stood before.
    pub(super) row: Option<PushRow>,
    pub(super) now: Timestamp,
}

/// How it stands after a step.
struct Stands {
    state: PushState,
    detail: String,
    proposal: String,
    since: Timestamp,
}

impl Step<'_> {
    /// Does what is to be done next, and keeps how it stands then.
    ///
    /// # Errors
    /// Of the store, when not even that could be kept.
    pub(super) async fn take(self) -> Result<(), Error> {
        let authority = self.organization.ca.as_ref();
        let root = self.known.current.root();
        let lacking = match self.organization.lacking(root, self.matter, self.now).await {
            Ok(None) => return self.complete(authority).await,
            Ok(Some(lacking)) => lacking,
            Err(error) => return self.failed(authority, self.now, &error).await,
        };
        match self.bring(authority, &lacking).await {
            Ok(stands) => self.keep(authority, stands, 0, self.now).await,
            // Another process was first: the next round sees what it did.
            Err(error) if error.kind == Kind::Conflict && lost(&error) => Ok(()),
            Err(error) => self.failed(authority, lacking.since, &error).await,
        }
    }

    /// The channel says what the CA says.
    async fn complete(&self, authority: &Authority) -> Result<(), Error> {
        if self.row.is_none() && self.matter == Matter::Issuers {
            // Nothing was ever lacking: who looks for what is behind need not read it.
            return Ok(());
        }
        let proposal = self.row.as_ref().map(|row| row.proposal.clone()).unwrap_or_default();
        let was = self.row.as_ref().map(|row| (row.state, row.since));
        if let Some((PushState::Effective, _)) = was {
            return Ok(());
        }
        if let Some((_, since)) = was {
            let lag = (self.now.unix() - since.unix()).max(0);
            info!(
                msp.id = %self.organization.msp_id, channel.id = %self.known.id, lag_seconds = lag,
                "{} of {} are in force in `{}`",
                self.matter.as_str(), self.organization.msp_id, self.known.id
            );
        }
        // What was to bring it is not needed any more, if it was brought in another way.
        if let Some(open) = self.open_proposal(&proposal).await? {
            let entry = authority.entry(PROPOSER, "withdraw-proposal", open.id.as_str(), "");
            let close = Change::CloseProposal {
                id: open.id,
                state: ProposalState::Withdrawn,
                outcome: PROPOSER.to_owned(),
                at: self.now,
            };
            match authority.store.write(Write::new(close, entry)).await {
                Ok(_) | Err(StoreError::Lost(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let stands = Stands {
            state: PushState::Effective,
            detail: String::new(),
            proposal,
            since: self.now,
        };
        self.keep(authority, stands, 0, self.now).await
    }

    async fn bring(&self, authority: &Authority, lacking: &Lacking) -> Result<Stands, Error> {
        // 1. The proposal that brings it: the one at hand while it does, else a new one.
        let id = match self.usable_proposal().await? {
            Some(row) => row.id,
            None => self.propose(authority, lacking).await?,
        };
        let stands = |state: PushState, detail: String| Stands {
            state,
            detail,
            proposal: id.clone(),
            since: lacking.since,
        };

        // 2. The administrator's signature, where the key is in the token and may.
        let mut proposal = self.office.proposal(&id).await?;
        let mut unable = None;
        if let Some(administrator) = &self.organization.administrator
            && administrator.signs(self.matter)
            && proposal.row.state == ProposalState::Open
            && proposal.conflict.is_none()
        {
            match self.sign(administrator, &proposal).await {
                Ok(Some(signed)) => proposal = signed,
                Ok(None) => {}
                Err(error) => unable = Some(error),
            }
        }

        // 3. In force here, or handed to the orderers, or waiting for people.
        if proposal.row.state == ProposalState::Applied {
            // The next look finds it in the channel, and whatever was revoked meanwhile.
            return Ok(stands(PushState::Submitted, lacking.what.clone()));
        }
        if proposal.is_ready && !self.known.governed_here {
            let (state, detail) = self.submit(lacking, &id).await?;
            return Ok(stands(state, detail));
        }
        let mut detail = format!("{}: {}", lacking.what, awaited(&proposal));
        if let Some(error) = unable {
            warn!(%error, msp.id = %self.organization.msp_id, "the administrator could not sign");
            detail = format!("{detail}; the administrator in the token could not sign: {error}");
        }
        Ok(stands(PushState::Waiting, detail))
    }

    /// Hands a proposal that is signed enough to the channel's orderers, unless it is under way.
    async fn submit(&self, lacking: &Lacking, id: &str) -> Result<(PushState, String), Error> {
        let what = lacking.what.as_str();
        let by_hand = || (PushState::Waiting, format!("{what}: hand its envelope to the orderers"));
        if !self.office.is_connected() {
            return Ok(by_hand());
        }
        let Some(sender) = self.office.reader_of(self.known).await? else { return Ok(by_hand()) };
        if let Some(row) = self.submitted(id) {
            // They have it; each round asks them for the block first.
            if self.is_under_way(id) {
                return Ok((PushState::Submitted, row.detail.clone()));
            }
            let waited = self.now.unix() - row.at.unix();
            let why = format!("{what}: the orderers took it {waited} s ago, and it is in no block");
            return Err(Error::new(Kind::Unavailable, why));
        }
        // What was handed over by a process that ended, or whose answer was lost, may be in force by now.
        let told = self.office.look_at_orderers(self.known, &sender).await?;
        if !told.taken.is_empty() {
            return Ok((PushState::Submitted, format!("{what}: the channel has moved on")));
        }
        let row = self.office.find_proposal(id).await?;
        let signatures = self.office.store().read().proposal_signatures(id).await?;
        let update = read_update(&row, &signatures)?;
        let note = self.fits(&update)?;
        self.office.hand_in(self.known, &update, &sender, &told.forks).await?;
        let mut detail = format!("{what}: the orderers have it{note}");
        for fork in &told.forks {
            detail = format!("{detail}; {fork}");
        }
        Ok((PushState::Submitted, detail))
    }

    /// The row, when the orderers took this proposal by the last step.
    fn submitted(&self, id: &str) -> Option<&PushRow> {
        let row = self.row.as_ref()?;
        (row.state == PushState::Submitted && row.proposal == id).then_some(row)
    }

    /// Whether the orderers took this proposal not long ago.
    fn is_under_way(&self, id: &str) -> bool {
        let within = |row: &PushRow| self.now.unix() - row.at.unix() < IN_A_BLOCK_WITHIN;
        self.submitted(id).is_some_and(within)
    }

    /// Whether orderers would take messages as large as the update and the configuration that it leads to; a warning when it
    /// is near.
    fn fits(&self, update: &Update) -> Result<String, Error> {
        let Some(orderer) = self.known.channel().orderer() else { return Ok(String::new()) };
        let most = orderer.values.batch_size.absolute_max_bytes;
        let next = self.known.current.result_of(update).encoded_len();
        // The block carries the configuration and the update that led to it.
        let size = next + update.octets().len() + ROOM_FOR_SIGNATURES;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        match room(size, most)? {
            Room::Enough => Ok(String::new()),
            Room::Little => {
                warn!(channel.id = %self.known.id, size, most, "a configuration nears what orderers take");
                Ok(format!("; {size} octets of the {most} that they take"))
            }
        }
    }

    /// The proposal of the last step, if it is open and still brings what the channel lacks, or was signed by people and
    /// still brings some of it.
    async fn usable_proposal(&self) -> Result<Option<ProposalRow>, Error> {
        let Some(row) = &self.row else { return Ok(None) };
        let Some(open) = self.open_proposal(&row.proposal).await? else { return Ok(None) };
        let update = Update::new(open.content.clone(), Vec::new()).map_err(Error::internal)?;
        if self.known.current.demands(&update).is_err() {
            return Ok(None);
        }
        // What the orderers have may be in a block at any moment: whatever else is lacking follows it.
        if self.is_under_way(&open.id) {
            return Ok(Some(open));
        }
        let root = self.known.current.result_of(&update).channel_group.unwrap_or_default();
        if self.organization.lacking(&root, self.matter, self.now).await?.is_none() {
            return Ok(Some(open));
        }
        // People's signatures are not thrown away for what can follow.
        Ok(self.is_signed_by_people(&open.id).await?.then_some(open))
    }

    /// Whether somebody else than the administrator in the token signed it.
    async fn is_signed_by_people(&self, id: &str) -> Result<bool, Error> {
        let own = match &self.organization.administrator {
            Some(administrator) => administrator.creators().await?,
            None => Vec::new(),
        };
        let signatures = self.office.store().read().proposal_signatures(id).await?;
        let is_own = |header: &[u8]| {
            decode::<SignatureHeader>(header).is_ok_and(|header| own.contains(&header.creator))
        };
        Ok(signatures.iter().any(|row| !is_own(&row.header)))
    }

    async fn open_proposal(&self, id: &str) -> Result<Option<ProposalRow>, Error> {
        if id.is_empty() {
            return Ok(None);
        }
        let row = self.office.store().read().proposal(id).await?;
        Ok(row.filter(|row| row.state == ProposalState::Open))
    }

    /// Proposes what brings it, in the place of what the last step proposed; in one commit with how the push stands.
    async fn propose(&self, authority: &Authority, lacking: &Lacking) -> Result<String, Error> {
        let msp = self.organization.supplied(lacking, self.now).await?;
        let update = self.known.update(Wanted::Edits(vec![Edit::ReplaceMsp { msp }]))?;
        self.known.check(&update, self.now)?;
        let what = match lacking.kind {
            Kinds::Lists(_) => "revocation list",
            Kinds::Issuers => "issuers",
        };
        let title = format!("{what} of {}: {}", self.organization.msp_id, lacking.what);
        let row = self.known.proposal_row(title, &update, PROPOSER.to_owned(), self.now)?;
        let before = match &self.row {
            Some(push) => self.open_proposal(&push.proposal).await?,
            None => None,
        };
        let stands = Stands {
            state: PushState::Waiting,
            detail: lacking.what.clone(),
            proposal: row.id.clone(),
            since: lacking.since,
        };
        let push = self.next_row(stands, 0, self.now);
        let subject = format!("{} for {}", row.id, row.channel);
        let entry = authority.entry(PROPOSER, "propose", subject, row.title.as_str());
        let mut write = Write::new(Change::KeepPush(push), entry);
        write = write.then(Change::AddProposal(row.clone()));
        if let Some(before) = before {
            write = write.then(superseded(&before, &row));
        }
        authority.store.write(write).await?;
        info!(proposal.id = row.id, channel.id = %row.channel, "proposed {}: {}", row.id, row.title);
        Ok(row.id)
    }

    /// Signs as the administrator, unless it has.
    async fn sign(
        &self,
        administrator: &crate::service::administrator::Administrator,
        proposal: &Proposal,
    ) -> Result<Option<Proposal>, Error> {
        let acting = administrator.acting().await?;
        let creator = acting.creator();
        let has_signed = proposal.signatures.iter().any(|(row, _)| {
            decode::<SignatureHeader>(&row.header).is_ok_and(|header| header.creator == creator)
        });
        if has_signed {
            return Ok(None);
        }
        let id = proposal.row.id.as_str();
        let nonce = crate::secret::random::<24>().map_err(Error::internal)?;
        let header = SignatureHeader { creator, nonce: nonce.to_vec() }.encode_to_vec();
        let signed = [header.as_slice(), proposal.row.content.as_slice()].concat();
        let signature = acting.sign(&signed).await?;
        self.office.sign_proposal(id, header, signature).await.map(Some)
    }

    async fn failed(
        &self,
        authority: &Authority,
        since: Timestamp,
        error: &Error,
    ) -> Result<(), Error> {
        let attempts = self.row.as_ref().map_or(0, |row| row.attempts) + 1;
        let detail = crate::service::error::causes(error);
        warn!(
            error = detail, msp.id = %self.organization.msp_id, channel.id = %self.known.id, attempts,
            "could not bring {} into `{}`; it is tried again", self.matter.as_str(), self.known.id
        );
        let doublings = u32::try_from(attempts - 1).unwrap_or(u32::MAX).min(16);
        let pause = FIRST_PAUSE.saturating_mul(2_i64.saturating_pow(doublings)).min(LONGEST_PAUSE);
        // This very step may have proposed it.
        let proposal = self.row_now().await?.map(|row| row.proposal).unwrap_or_default();
        let stands = Stands { state: PushState::Failed, detail, proposal, since };
        self.keep(authority, stands, attempts, self.now.plus(pause)).await
    }

    fn next_row(&self, stands: Stands, attempts: i64, next_at: Timestamp) -> PushRow {
        PushRow {
            channel: self.known.id.clone(),
            msp_id: self.organization.msp_id.clone(),
            matter: self.matter.as_str().to_owned(),
            state: stands.state,
            detail: stands.detail,
            proposal: stands.proposal,
            since: stands.since,
            at: self.now,
            attempts,
            next_at,
            version: self.row.as_ref().map_or(0, |row| row.version) + 1,
        }
    }

    /// The row as it is kept by now.
    async fn row_now(&self) -> Result<Option<PushRow>, Error> {
        let rows = self.office.store().read().pushes().await?;
        Ok(rows.into_iter().find(|row| {
            row.channel == self.known.id
                && row.msp_id == self.organization.msp_id
                && row.matter == self.matter.as_str()
        }))
    }

    /// Keeps how it stands, if that is new.
    async fn keep(
        &self,
        authority: &Authority,
        stands: Stands,
        attempts: i64,
        next_at: Timestamp,
    ) -> Result<(), Error> {
        let mut row = self.next_row(stands, attempts, next_at);
        // A proposal of this very step has moved the row on.
        if let Some(old) = self.row_now().await? {
            if attempts == 0
                && (old.state, &old.detail, &old.proposal, old.attempts)
                    == (row.state, &row.detail, &row.proposal, 0)
            {
                return Ok(());
            }
            row.version = old.version + 1;
        }
        let subject = format!("{} of {} in {}", row.matter, row.msp_id, row.channel);
        let entry = authority.entry(PROPOSER, push_deed(row.state), subject, row.detail.as_str());
        match authority.store.write(Write::new(Change::KeepPush(row), entry)).await {
            Ok(_) | Err(StoreError::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

const fn push_deed(state: PushState) -> &'static str {
    match state {
        PushState::Effective => "push-effective",
        PushState::Waiting => "push-waiting",
        PushState::Submitted => "push-submitted",
        PushState::Failed => "push-failed",
    }
}

/// Whose signatures a proposal still needs.
fn awaited(proposal: &Proposal) -> String {
    if let Some(conflict) = &proposal.conflict {
        return format!("the channel has moved on: {conflict}");
    }
    let needs = proposal.demands.iter().filter(|demand| !demand.satisfied).map(|demand| {
        let sets = demand.sets.first().map(|set| format!(" (e.g. {set})")).unwrap_or_default();
        let needs = demand.needs.as_ref();
        let needs = needs.map(|needs| format!("; still needed: {needs}")).unwrap_or_default();
        format!("signatures for {}{sets}{needs}", demand.policy)
    });
    let needs: Vec<String> = needs.collect();
    if needs.is_empty() {
        "it is signed enough".to_owned()
    } else {
        format!("waiting for {}", needs.join(", "))
    }
}

/// Whether a compare and swap found that the world had changed.
fn lost(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<StoreError>())
        .is_some_and(|source| matches!(source, StoreError::Lost(_)))
}
