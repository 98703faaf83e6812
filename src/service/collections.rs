//! Private data: the collections that are written down for a channel, and what somebody may do with each today.

use std::sync::Arc;

use crate::channel::document::compile_collections;
use crate::policy::{
    Collection, CollectionStanding, Members as _, implicit_collection, implicit_msp, member_orgs,
};
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind};
use crate::service::membership::{KnownChannel, Membership};
use crate::service::office::Office;
use crate::store::DocumentRow;
use crate::wire::{CollectionPayload, StaticCollectionConfig};

/// The kind of the documents that hold collections.
pub(super) const COLLECTIONS: &str = "collections";
/// The most collections that are asked about by name.
const MAX_NAMES: usize = 1_000;

/// A collection of a chaincode.
#[derive(Debug, Clone)]
pub struct KnownCollection {
    /// The chaincode; none for an organization's own, which every chaincode has.
    pub chaincode: Option<String>,
    /// What it is.
    pub collection: Collection,
    /// The MSPs of the channel whose peers keep its data.
    pub stored_by: Vec<String>,
}

/// The collections of a channel.
#[derive(Debug, Clone)]
pub struct ChannelCollections {
    /// The sequence of the channel's configuration.
    pub sequence: u64,
    /// By chaincode, in the order of the document.
    pub collections: Vec<KnownCollection>,
}

/// What somebody may do with a collection.
#[derive(Debug, Clone)]
pub struct CollectionAccess {
    /// The collection.
    pub known: KnownCollection,
    /// What they are to it.
    pub standing: CollectionStanding,
    /// Whether peers of their MSP keep its data.
    pub stored: bool,
}

/// Somebody before the collections of a channel.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The sequence of the channel's configuration.
    pub sequence: u64,
    /// The ID of their MSP, when the channel knows them.
    pub msp_id: Option<String>,
    /// Why they are no valid member today, in a stable word and in words; such a one may nothing.
    pub refused: Option<(String, String)>,
    /// What they may do, in the order of the names, or of the document.
    pub access: Vec<CollectionAccess>,
}

impl Office {
    /// The collections that are written down for a channel; none when nothing is.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`]; of the store.
    pub async fn collections(&self, channel: &str) -> Result<ChannelCollections, Error> {
        let (membership, row) = self.kept_collections(channel).await?;
        let id = channel.to_owned();
        on_cores(move || {
            let known = membership.known(&id)?;
            let collections = read(known, row)?;
            Ok(ChannelCollections { sequence: known.sequence, collections })
        })
        .await?
    }

    /// What the holder of an identity may do today with collections: those of these names (`CHAINCODE/NAME`, `NAME`, or
    /// `_implicit_org_MSPID`), or all that are written down. Whoever is revoked may nothing, from the moment in which the
    /// revocation was answered.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`]; [`Kind::Malformed`] for a name that no collection has; of the store.
    pub async fn collection_access(
        &self,
        channel: &str,
        identity: Vec<u8>,
        names: Vec<String>,
    ) -> Result<Presented, Error> {
        let (membership, row) = self.kept_collections(channel).await?;
        let id = channel.to_owned();
        on_cores(move || {
            let known = membership.known(&id)?;
            let all = read(known, row)?;
            let asked = if names.is_empty() { all } else { named(known, &all, &names)? };
            Ok(present(&membership, known, &identity, asked))
        })
        .await?
    }

    /// The membership of this moment, and the channel's document.
    async fn kept_collections(
        &self,
        channel: &str,
    ) -> Result<(Arc<Membership>, Option<DocumentRow>), Error> {
        let membership = self.membership().await?;
        let id = &membership.known(channel)?.id;
        let row = self.store().read().channel_document(id, COLLECTIONS).await?;
        Ok((membership, row))
    }
}

/// Read as it was when it was kept: an organization that has left since is no member, and needs no error.
fn read(known: &KnownChannel, row: Option<DocumentRow>) -> Result<Vec<KnownCollection>, Error> {
    let Some(DocumentRow { content, .. }) = row else { return Ok(Vec::new()) };
    let broken = |why: String| Error::new(Kind::Internal, format!("a kept document: {why}"));
    let text = std::str::from_utf8(&content).map_err(|why| broken(why.to_string()))?;
    let compiled = compile_collections(text, None).map_err(|why| broken(why.to_string()))?;
    let mut all = Vec::new();
    for (chaincode, package) in compiled.chaincodes {
        for config in package.config {
            if let Some(CollectionPayload::StaticCollectionConfig(config)) = config.payload {
                all.push(known_collection(known, Some(chaincode.clone()), config)?);
            }
        }
    }
    Ok(all)
}

fn known_collection(
    known: &KnownChannel,
    chaincode: Option<String>,
    config: StaticCollectionConfig,
) -> Result<KnownCollection, Error> {
    let orgs = member_orgs(&config, known.channel().msps()).into_iter();
    let stored_by = orgs.filter(|id| known.channel().application_org(id).is_some()).collect();
    let collection = Collection::load(config)
        .map_err(|why| Error::malformed(format!("a node would not load a collection: {why}")))?;
    Ok(KnownCollection { chaincode, collection, stored_by })
}

fn named(
    known: &KnownChannel,
    all: &[KnownCollection],
    names: &[String],
) -> Result<Vec<KnownCollection>, Error> {
    if names.len() > MAX_NAMES {
        return Err(Error::malformed(format!("`collections` has more than {MAX_NAMES} elements")));
    }
    let mut found = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let before = found.len();
        let (chaincode, bare) = match name.split_once('/') {
            Some((chaincode, bare)) => (Some(chaincode), bare),
            None => (None, name.as_str()),
        };
        let own = implicit_msp(bare).filter(|id| known.channel().application_org(id).is_some());
        if let Some(id) = own {
            let chaincode = chaincode.map(str::to_owned);
            found.push(known_collection(known, chaincode, implicit_collection(id))?);
        }
        let is_meant = |one: &&KnownCollection| {
            one.collection.config().name == bare
                && (chaincode.is_none() || one.chaincode.as_deref() == chaincode)
        };
        found.extend(all.iter().filter(is_meant).cloned());
        if found.len() == before {
            let name: String = name.chars().take(128).collect();
            let why = format!("`collections[{place}]`: the channel has no collection `{name}`");
            return Err(Error::malformed(why));
        }
    }
    Ok(found)
}

fn present(
    membership: &Membership,
    known: &KnownChannel,
    identity: &[u8],
    asked: Vec<KnownCollection>,
) -> Presented {
    let members = membership.members(Some(known));
    let who = members.identity(identity);
    let msp_id = who.as_ref().ok().map(|who| who.msp_id().to_owned());
    let refused = who.and_then(|who| members.validate(&who)).err();
    let access = asked.into_iter().map(|one| {
        let mut standing = one.collection.standing_of(&members, identity);
        if refused.is_some() {
            // Flags open a collection to other members of the channel, not to nobody.
            standing = CollectionStanding::default();
        }
        let stored = msp_id.as_ref().is_some_and(|id| one.stored_by.contains(id));
        CollectionAccess { known: one, standing, stored }
    });
    Presented {
        sequence: known.sequence,
        access: access.collect(),
        msp_id,
        refused: refused.map(|why| (why.category().to_string(), why.to_string())),
    }
}
