//! A proposal is looked at: what it changes, what that means, who must sign, who has.

use super::shapes::{Demanded, Proposal, Signed};
use super::stored::{base_of, creator_of, read_update};
use crate::channel::{Demand, Update, diff, effects, outlooks};
use crate::clock::Timestamp;
use crate::id::ChannelId;
use crate::msp::Rejection;
use crate::policy::{Explanation, Members as _, minimal_sets, set_in_words};
use crate::service::admission::Gate;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind};
use crate::service::membership::{KnownChannel, MembersOfToday, Membership};
use crate::service::office::Office;
use crate::store::{ProposalRow, ProposalSignature, ProposalState};
use crate::wire::Message as _;

/// Sets of signers that are told for each policy.
const MAX_SETS: usize = 20;

impl Office {
    /// A proposal as it stands today.
    ///
    /// # Errors
    /// [`Kind::UnknownProposal`](crate::service::Kind::UnknownProposal); of the store.
    pub async fn proposal(&self, id: &str) -> Result<Proposal, Error> {
        let row = self.find_proposal(id).await?;
        let membership = self.membership().await?;
        let signatures = self.store().read().proposal_signatures(id).await?;
        let gate = self.gate_of(id).await?;
        let at = self.clock().now();
        on_cores(move || look(&membership, row, signatures, gate.as_ref(), at)).await?
    }

    /// The latest proposals of a channel, without how they stand.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`](crate::service::Kind::UnknownChannel); of the store.
    pub async fn proposals(&self, channel: &str, open: bool) -> Result<Vec<ProposalRow>, Error> {
        let id: ChannelId = self.membership().await?.known(channel)?.id.clone();
        Ok(self.store().read().proposals(&id, open, 100).await?)
    }

    /// The update with its signatures, for the channel's orderers: an `Envelope` that its sender has yet to sign, with the
    /// sender's `SignatureHeader`.
    ///
    /// # Errors
    /// [`Kind::UnknownProposal`](crate::service::Kind::UnknownProposal); [`Kind::Conflict`] while the application that it is of
    /// is not approved; of the store.
    pub async fn proposal_envelope(&self, id: &str, header: Vec<u8>) -> Result<Vec<u8>, Error> {
        let row = self.find_proposal(id).await?;
        let signatures = self.store().read().proposal_signatures(id).await?;
        if let Some(gate) = self.gate_of(id).await? {
            let (membership, at) = (self.membership().await?, self.clock().now());
            let (of, rows) = (row.clone(), signatures.clone());
            let passed = on_cores(move || {
                let known = membership.known(of.channel.as_str())?;
                let (update, members) = (read_update(&of, &rows)?, membership.members(Some(known)));
                Ok::<_, Error>(gate.is_passed(known, &update, &members, at))
            });
            if !passed.await?? {
                let why = "the application that the proposal is of is not approved";
                return Err(Error::new(Kind::Conflict, why));
            }
        }
        let update = read_update(&row, &signatures)?;
        Ok(update.to_envelope(header).encode_to_vec())
    }
}

/// How a proposal stands with these signatures.
pub(super) fn look(
    membership: &Membership,
    row: ProposalRow,
    rows: Vec<ProposalSignature>,
    gate: Option<&Gate>,
    at: Timestamp,
) -> Result<Proposal, Error> {
    let update = read_update(&row, &rows)?;
    let base = base_of(&row)?;
    let result = base.result_of(&update);
    let root = result.channel_group.clone().unwrap_or_default();
    let changes = diff(base.root(), &root).iter().map(ToString::to_string).collect();
    let next = base.follow(result, at);
    let (mut told, mut warnings) = (Vec::new(), Vec::new());
    if let Ok(next) = &next {
        let (before, after) = (base.channel().policies(), next.as_current().channel().policies());
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
            let mut signed = who_signed(&members, &update, &row);
            signed.approves = gate.is_some_and(|gate| gate.is_approved_by(&row.header));
            (row, signed)
        }));
        if row.state == ProposalState::Open {
            match known.current.explain(&update, &members) {
                Ok(explained) => demands = grouped(known, explained),
                Err(why) => conflict = Some(why.to_string()),
            }
            is_ready = conflict.is_none() && known.current.apply(&update, &members, at).is_ok();
            if let Some(gate) = gate {
                demands.push(gate.demand(known, &update, &members, at));
                is_ready &= gate.is_passed(known, &update, &members, at);
            }
        }
    }
    Ok(Proposal {
        row,
        changes,
        effects: told,
        warnings,
        demands,
        application: gate.map(|gate| gate.application.id.clone()),
        signatures,
        conflict,
        is_ready,
    })
}

fn who_signed(members: &MembersOfToday<'_>, update: &Update, row: &ProposalSignature) -> Signed {
    let read = creator_of(&row.header).ok().map(|creator| members.identity(&creator));
    let Some(Ok(identity)) = read else {
        let refused = Some("the channel does not know the identity any more".to_owned());
        return Signed { msp_id: None, certificate: None, approves: false, refused };
    };
    let good = members
        .validate(&identity)
        .and_then(|()| identity.verify(&update.to_be_signed(&row.header), &row.signature));
    Signed {
        msp_id: Some(identity.msp_id().to_owned()),
        certificate: Some(identity.identifier().to_vec()),
        approves: false,
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
