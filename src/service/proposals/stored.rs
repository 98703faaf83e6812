//! Proposals out of the store, as the rules read them.

use crate::channel::{Current, Update};
use crate::service::error::{Error, Kind};
use crate::service::office::Office;
use crate::store::{ProposalRow, ProposalSignature};
use crate::wire::{Config, ConfigSignature, SignatureHeader, decode};

impl Office {
    /// The proposal with this ID.
    pub(in crate::service) async fn find_proposal(&self, id: &str) -> Result<ProposalRow, Error> {
        let found = self.store().read().proposal(id).await?;
        found.ok_or_else(|| {
            let id: String = id.chars().take(64).collect();
            Error::new(Kind::UnknownProposal, format!("there is no proposal `{id}`"))
        })
    }
}

/// The configuration that a proposal was made from.
pub(in crate::service) fn base_of(row: &ProposalRow) -> Result<Current, Error> {
    let config: Config = decode(&row.base).map_err(Error::internal)?;
    Current::load(row.channel.as_str(), config, row.at).map_err(Error::internal)
}

/// The update of a proposal with these of its signatures.
pub(in crate::service) fn read_update(
    row: &ProposalRow,
    signatures: &[ProposalSignature],
) -> Result<Update, Error> {
    let signatures = signatures.iter().map(|row| ConfigSignature {
        signature_header: row.header.clone(),
        signature: row.signature.clone(),
    });
    Update::new(row.content.clone(), signatures.collect()).map_err(Error::internal)
}

/// The largest signature with its header, in octets.
const MAX_SIGNATURE: usize = 64 << 10;

/// A signature as it comes from outside.
///
/// # Errors
/// When it is too long to be one.
pub(in crate::service) fn check_length(header: &[u8], signature: &[u8]) -> Result<(), Error> {
    if header.len() + signature.len() > MAX_SIGNATURE {
        let why = format!("`header` and `signature` have more than {MAX_SIGNATURE} octets");
        return Err(Error::malformed(why));
    }
    Ok(())
}

/// Who a `SignatureHeader` says to have signed.
pub(in crate::service) fn creator_of(header: &[u8]) -> Result<Vec<u8>, Error> {
    let header: SignatureHeader = decode(header)
        .map_err(|why| Error::malformed(format!("`header` is no SignatureHeader: {why}")))?;
    Ok(header.creator)
}
