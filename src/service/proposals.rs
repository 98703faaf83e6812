//! Updates of channels on their way: proposed, signed where the keys are, applied when the signatures are
//! enough.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tracing::{info, warn};

use crate::channel::{
    Current, Demand, Edit, RebaseError, Update, compute_update, diff, edit, effects, outlooks,
    rebase,
};
use crate::clock::Timestamp;
use crate::id::ChannelId;
use crate::msp::Rejection;
use crate::policy::{Described, Explanation, Members as _, minimal_sets};
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::membership::{KnownChannel, Membership};
use crate::service::office::Office;
use crate::store::{Change, ChannelRow, ProposalRow, ProposalSignature, ProposalState, Write};
use crate::wire::{
    Config, ConfigGroup, ConfigSignature, Message as _, SignatureHeader, canonical, decode,
};

/// The longest title, in characters.
const MAX_TITLE: usize = 200;
/// The largest signature with its header, in octets.
const MAX_SIGNATURE: usize = 64 << 10;
/// The most signatures of a proposal.
const MAX_SIGNATURES: usize = 1_000;
/// Sets of signers that are told for each policy.
const MAX_SETS: usize = 20;

/// What shall be changed.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// These changes, one after another.
    Edits(Vec<Edit>),
    /// This configuration instead: a `common.Config`.
    Config(Config),
    /// What this `common.ConfigUpdate` asks for.
    Update(Vec<u8>),
}

/// An update to be proposed.
#[derive(Debug, Clone)]
pub struct Propose {
    /// The channel.
    pub channel: String,
    /// What people shall call it.
    pub title: String,
    /// What it changes.
    pub wanted: Wanted,
}

/// A proposal, and how it stands today.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// As it was made.
    pub row: ProposalRow,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// What that means for who decides, in words.
    pub effects: Vec<String>,
    /// What whoever signs should know: policies that nobody could satisfy any more, elements that nobody could change.
    pub warnings: Vec<String>,
    /// The policies that its signatures must satisfy, and how they fare.
    pub demands: Vec<Demanded>,
    /// Its signatures, and why one does not count.
    pub signatures: Vec<(ProposalSignature, Signed)>,
    /// Why it cannot be applied any more as it is; it may be rebased.
    pub conflict: Option<String>,
    /// Whether its signatures are enough, and what it leads to is good.
    pub is_ready: bool,
}

/// A policy that signatures must satisfy.
#[derive(Debug, Clone)]
pub struct Demanded {
    /// Its path.
    pub policy: String,
    /// What it guards of what is changed.
    pub elements: Vec<String>,
    /// Whether it is satisfied.
    pub satisfied: bool,
    /// What is still needed, in words.
    pub needs: Option<String>,
    /// The smallest sets of signers, in words.
    pub sets: Vec<String>,
}

/// Who signed.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The ID of the MSP, when the identity reads.
    pub msp_id: Option<String>,
    /// The hash of the certificate.
    pub certificate: Option<Vec<u8>>,
    /// Why the signature does not count today.
    pub refused: Option<String>,
}

impl Office {
    /// Proposes an update of a channel.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], [`Kind::UnknownChannel`]; [`Kind::Malformed`] with what is wrong: a change that cannot be made, an
    /// update that would be refused whoever signs it, a configuration that nodes would not take.
    pub async fn propose(&self, caller: &Caller, request: Propose) -> Result<Proposal, Error> {
        let authority = self.channel_manager(caller, "refused-propose", &request.channel).await?;
        let membership = self.membership().await?;
        let known = membership.known(&request.channel)?;
        let title: String = request.title.trim().to_owned();
        if title.is_empty() || title.chars().count() > MAX_TITLE || title.contains(char::is_control)
        {
            let why = format!("`title` is not one line of 1 to {MAX_TITLE} characters");
            return Err(Error::malformed(why));
        }
        let update = known.update(request.wanted)?;
        let row = self.row(known, title, &update, caller)?;
        known.check(&update, row.at)?;
        self.keep(authority, caller, row, None).await
    }

    /// Puts a proposal whose channel has moved on where it fits again; it has to be signed anew. The old one is closed.
    ///
    /// # Errors
    /// [`Kind::Conflict`] with the element that has changed meanwhile, or when the proposal is not open.
    pub async fn rebase_proposal(&self, caller: &Caller, id: &str) -> Result<Proposal, Error> {
        let old = self.find(id).await?;
        let authority =
            self.channel_manager(caller, "refused-rebase", old.channel.as_str()).await?;
        let membership = self.membership().await?;
        let known = membership.known(old.channel.as_str())?;
        let conflict = |why: &str| Error::new(Kind::Conflict, why);
        if old.state != ProposalState::Open {
            return Err(conflict("the proposal is not open"));
        }
        if old.sequence == known.sequence {
            return Err(conflict("the channel has not moved on"));
        }
        let base = base_of(&old)?;
        let update = read_update(&old, Vec::new())?;
        let rebased = rebase(&update, &base, &known.current).map_err(|why| match why {
            RebaseError::NotOfOld(_) | RebaseError::Moved(_) | RebaseError::Nothing(_) => {
                conflict(&why.to_string())
            }
        })?;
        let update = Update::unsigned(rebased.update);
        let row = self.row(known, old.title.clone(), &update, caller)?;
        known.check(&update, row.at)?;
        self.keep(authority, caller, row, Some(&old)).await
    }

    /// Takes a proposal back.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], [`Kind::UnknownProposal`], [`Kind::Conflict`] when it is not open.
    pub async fn withdraw_proposal(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let row = self.find(id).await?;
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

    /// A proposal as it stands today.
    ///
    /// # Errors
    /// [`Kind::UnknownProposal`]; of the store.
    pub async fn proposal(&self, id: &str) -> Result<Proposal, Error> {
        let row = self.find(id).await?;
        let membership = self.membership().await?;
        self.look(&membership, row).await
    }

    /// The latest proposals of a channel, without how they stand.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`]; of the store.
    pub async fn proposals(&self, channel: &str, open: bool) -> Result<Vec<ProposalRow>, Error> {
        let id: ChannelId = self.membership().await?.known(channel)?.id.clone();
        Ok(self.store().read().proposals(&id, open, 100).await?)
    }

    /// Takes a signature of a proposal, and applies it when its signatures are enough. Whoever sends it, what counts is
    /// whose it is: a valid member of the channel.
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
        if header.len() + signature.len() > MAX_SIGNATURE {
            let why = format!("`header` and `signature` have more than {MAX_SIGNATURE} octets");
            return Err(Error::malformed(why));
        }
        let row = self.find(id).await?;
        if row.state != ProposalState::Open {
            return Err(Error::new(Kind::Conflict, format!("the proposal is {}", row.state)));
        }
        let membership = self.membership().await?;
        let known = membership.known(row.channel.as_str())?;
        if self.store().read().proposal_signatures(id).await?.len() >= MAX_SIGNATURES {
            return Err(Error::new(Kind::Conflict, "the proposal has too many signatures"));
        }

        // 1. It is that of a valid member, over this very update.
        let creator = creator_of(&header)?;
        let members = membership.members(Some(known));
        let identity = members
            .identity(&creator)
            .and_then(|identity| members.validate(&identity).map(|()| identity))
            .map_err(|why| Error::malformed(format!("`header`: not a valid member: {why}")))?;
        let update = read_update(&row, Vec::new())?;
        identity
            .verify(&update.to_be_signed(&header), &signature)
            .map_err(|why| Error::malformed(format!("`signature`: {why}")))?;

        // 2. It is kept before it counts.
        let mut signer = [0; 32];
        signer.copy_from_slice(digest(&SHA256, &creator).as_ref());
        let authority = self.any_authority()?;
        let at = authority.clock().now();
        let who = format!("{} {}", identity.msp_id(), hex::encode(identity.identifier()));
        let entry = authority.entry(&who, "sign-proposal", id, row.title.as_str());
        let signature = ProposalSignature { signer, at, header, signature };
        let sign = Change::SignProposal { id: id.to_owned(), signature };
        authority.store.write(Write::new(sign, entry)).await.map_err(|error| match error {
            crate::store::Error::Lost("signature") => Error::new(
                Kind::Conflict,
                "the member has signed already, or the proposal is not open",
            ),
            other @ (crate::store::Error::Lost(_)
            | crate::store::Error::Busy
            | crate::store::Error::Unavailable { .. }
            | crate::store::Error::Corrupt { .. }
            | crate::store::Error::InUse { .. }
            | crate::store::Error::BadUrl(_)) => other.into(),
        })?;
        info!(proposal.id = id, msp.id = identity.msp_id(), "took a signature of proposal {id}");

        // 3. When it was the last that was missing, the update is in force with this answer.
        self.settle(id).await?;
        self.proposal(id).await
    }

    /// The update with its signatures, for the channel's orderers: an `Envelope` that its sender has yet to sign, with the
    /// sender's `SignatureHeader`.
    ///
    /// # Errors
    /// [`Kind::UnknownProposal`]; of the store.
    pub async fn proposal_envelope(&self, id: &str, header: Vec<u8>) -> Result<Vec<u8>, Error> {
        let row = self.find(id).await?;
        let signatures = self.store().read().proposal_signatures(id).await?;
        let update = read_update(&row, signatures.iter().map(as_config_signature).collect())?;
        Ok(update.to_envelope(header).encode_to_vec())
    }

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
    async fn settle(&self, id: &str) -> Result<(), Error> {
        let row = self.find(id).await?;
        if row.state != ProposalState::Open {
            return Ok(());
        }
        let membership = self.membership().await?;
        let known = membership.known(row.channel.as_str())?;
        if !known.governed_here {
            return Ok(());
        }
        let signatures = self.store().read().proposal_signatures(id).await?;
        let update = read_update(&row, signatures.iter().map(as_config_signature).collect())?;
        let authority = self.any_authority()?;
        let at = authority.clock().now();
        let Ok(next) = known.current.apply(&update, &membership.members(Some(known)), at) else {
            return Ok(());
        };
        let config = next.as_current().config();
        let sequence = config.sequence;
        let channel = ChannelRow {
            id: row.channel.clone(),
            sequence,
            at,
            governed_here: true,
            config: canonical(config),
        };
        let keep = Change::KeepChannel { row: channel, follows: Some(known.sequence) };
        let close = Change::CloseProposal {
            id: id.to_owned(),
            state: ProposalState::Applied,
            outcome: sequence.to_string(),
            at,
        };
        let subject = format!("{} at sequence {sequence}", row.channel);
        let entry = authority.entry("chancery", "apply-proposal", subject, id);
        match authority.store.write(Write::new(keep, entry).then(close)).await {
            Ok(_) => {
                info!(proposal.id = id, channel.id = %row.channel, "applied proposal {id}");
                Ok(())
            }
            // Another process was first, or the channel moved on: the next look tells which.
            Err(crate::store::Error::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a proposal, in the place of another where there is one.
    async fn keep(
        &self,
        authority: &Arc<Authority>,
        caller: &Caller,
        row: ProposalRow,
        instead_of: Option<&ProposalRow>,
    ) -> Result<Proposal, Error> {
        let subject = format!("{} for {}", row.id, row.channel);
        let entry = authority.entry(caller.id(), "propose", subject, row.title.as_str());
        let mut write = Write::new(Change::AddProposal(row.clone()), entry);
        if let Some(old) = instead_of {
            write = write.then(Change::CloseProposal {
                id: old.id.clone(),
                state: ProposalState::Superseded,
                outcome: row.id.clone(),
                at: row.at,
            });
        }
        authority.store.write(caller.once(write)).await.map_err(Error::from_spent)?;
        info!(proposal.id = row.id, channel.id = %row.channel, "proposed {}", row.id);
        // An update that nobody has to sign is in force at once.
        self.settle(&row.id).await?;
        self.proposal(&row.id).await
    }

    pub(super) fn row(
        &self,
        known: &KnownChannel,
        title: String,
        update: &Update,
        caller: &Caller,
    ) -> Result<ProposalRow, Error> {
        let id = crate::secret::random::<8>().map_err(Error::internal)?;
        Ok(ProposalRow {
            id: hex::encode(id),
            channel: known.id.clone(),
            title,
            state: ProposalState::Open,
            sequence: known.sequence,
            base: canonical(known.current.config()),
            content: update.octets().to_vec(),
            proposer: caller.id().to_owned(),
            at: self.clock().now(),
            closed_at: None,
            outcome: String::new(),
        })
    }

    async fn find(&self, id: &str) -> Result<ProposalRow, Error> {
        let found = self.store().read().proposal(id).await?;
        found.ok_or_else(|| {
            let id: String = id.chars().take(64).collect();
            Error::new(Kind::UnknownProposal, format!("there is no proposal `{id}`"))
        })
    }

    pub(super) async fn look(
        &self,
        membership: &Membership,
        row: ProposalRow,
    ) -> Result<Proposal, Error> {
        let at = self.clock().now();
        let rows = self.store().read().proposal_signatures(&row.id).await?;
        let update = read_update(&row, rows.iter().map(as_config_signature).collect())?;
        let base = base_of(&row)?;
        let result = base.result_of(&update);
        let root = result.channel_group.clone().unwrap_or_default();
        let changes = diff(base.root(), &root).iter().map(ToString::to_string).collect();
        let next = base.follow(result, at);
        let (mut told, mut warnings) = (Vec::new(), Vec::new());
        if let Ok(next) = &next {
            let (before, after) =
                (base.channel().policies(), next.as_current().channel().policies());
            told.extend(effects(before, after).iter().map(ToString::to_string));
            let outlooks = outlooks(next.as_current().channel(), next.as_current().root(), at);
            warnings.extend(outlooks.locked().map(ToString::to_string));
            warnings.extend(outlooks.frozen.iter().map(ToString::to_string));
        }

        let known = membership.channel(row.channel.as_str());
        let (mut demands, mut conflict, mut is_ready) = (Vec::new(), None, false);
        let mut signatures = Vec::new();
        if let Some(known) = known {
            let members = membership.members(Some(known));
            signatures.extend(rows.into_iter().map(|row| {
                let signed = who_signed(&members, &update, &row);
                (row, signed)
            }));
            if row.state == ProposalState::Open {
                match known.current.explain(&update, &members) {
                    Ok(explained) => demands = grouped(known, explained),
                    Err(why) => conflict = Some(why.to_string()),
                }
                is_ready = conflict.is_none() && known.current.apply(&update, &members, at).is_ok();
            }
        }
        let effects = told;
        Ok(Proposal { row, changes, effects, warnings, demands, signatures, conflict, is_ready })
    }
}

impl KnownChannel {
    /// The update that leads to what is wanted.
    pub(super) fn update(&self, wanted: Wanted) -> Result<Update, Error> {
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
    pub(super) fn check(&self, update: &Update, at: Timestamp) -> Result<(), Error> {
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
}

fn base_of(row: &ProposalRow) -> Result<Current, Error> {
    let config: Config = decode(&row.base).map_err(Error::internal)?;
    Current::load(row.channel.as_str(), config, row.at).map_err(Error::internal)
}

fn read_update(row: &ProposalRow, signatures: Vec<ConfigSignature>) -> Result<Update, Error> {
    Update::new(row.content.clone(), signatures).map_err(Error::internal)
}

fn as_config_signature(row: &ProposalSignature) -> ConfigSignature {
    ConfigSignature { signature_header: row.header.clone(), signature: row.signature.clone() }
}

fn creator_of(header: &[u8]) -> Result<Vec<u8>, Error> {
    let header: SignatureHeader = decode(header)
        .map_err(|why| Error::malformed(format!("`header` is no SignatureHeader: {why}")))?;
    Ok(header.creator)
}

fn who_signed(
    members: &crate::service::membership::MembersOfToday<'_>,
    update: &Update,
    row: &ProposalSignature,
) -> Signed {
    let read = creator_of(&row.header).ok().map(|creator| members.identity(&creator));
    let Some(Ok(identity)) = read else {
        let refused = Some("the channel does not know the identity any more".to_owned());
        return Signed { msp_id: None, certificate: None, refused };
    };
    let good = members
        .validate(&identity)
        .and_then(|()| identity.verify(&update.to_be_signed(&row.header), &row.signature));
    Signed {
        msp_id: Some(identity.msp_id().to_owned()),
        certificate: Some(identity.identifier().to_vec()),
        refused: good.err().map(|why| why.to_string()),
    }
}

/// The policies that signatures must satisfy, each once, with what it guards.
fn grouped(
    known: &KnownChannel,
    explained: Vec<(Demand, Explanation<Rejection>)>,
) -> Vec<Demanded> {
    let mut all: Vec<Demanded> = Vec::new();
    for (demand, explanation) in explained {
        let element = demand.element.to_string();
        if let Some(known) = all.iter_mut().find(|known| known.policy == demand.policy) {
            known.elements.push(element);
            continue;
        }
        let sets = minimal_sets(known.channel().policies(), demand.found);
        all.push(Demanded {
            policy: demand.policy,
            elements: vec![element],
            satisfied: explanation.is_satisfied,
            needs: explanation.found.need().map(|need| need.to_string()),
            sets: sets.sets.iter().take(MAX_SETS).map(set_in_words).collect(),
        });
    }
    all
}

fn set_in_words(set: &std::collections::BTreeMap<Described, usize>) -> String {
    let who = set.iter().map(|(who, count)| match count {
        1 => who.to_string(),
        count => format!("{count} x {who}"),
    });
    let who: Vec<String> = who.collect();
    if who.is_empty() { "nobody has to sign".to_owned() } else { who.join(" + ") }
}
