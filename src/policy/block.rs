//! Who signed a block, and what.

use super::signatures::SignedData;
use crate::wire::{
    BlockHeader, BlockMetadata, Consenter, IdentifierHeader, Message as _, Metadata, MetadataSlot,
    SerializedIdentity, SignatureHeader, decode,
};

/// Why a block's signatures cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadBlock {
    /// The metadata has no place for signatures.
    #[error("the block has no metadata for signatures")]
    NoMetadata,
    /// The metadata of signatures does not parse.
    #[error("the block's metadata of signatures does not parse")]
    Metadata,
    /// The header of a signature does not parse.
    #[error("the header of a signature does not parse")]
    Header,
}

impl BadBlock {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoMetadata => "no-metadata",
            Self::Metadata => "malformed",
            Self::Header => "header-malformed",
        }
    }
}

/// The octets of a header that are signed and hashed: DER of number, previous hash and data hash.
pub fn header_octets(header: &BlockHeader) -> Vec<u8> {
    let mut number = header.number.to_be_bytes().to_vec();
    let zeros = number.iter().take_while(|octet| **octet == 0).count().min(7);
    number.drain(..zeros);
    // A leading bit would make it negative.
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        number.insert(0, 0);
    }
    let mut content = Vec::new();
    push(&mut content, 0x02, &number);
    push(&mut content, 0x04, &header.previous_hash);
    push(&mut content, 0x04, &header.data_hash);
    let mut octets = Vec::new();
    push(&mut octets, 0x30, &content);
    octets
}

fn push(octets: &mut Vec<u8>, tag: u8, content: &[u8]) {
    octets.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => octets.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|octet| **octet == 0).count();
            let length = length.get(zeros..).unwrap_or_default();
            octets.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
            octets.extend_from_slice(length);
        }
    }
    octets.extend_from_slice(content);
}

/// The signatures of a block, for the policy `/Channel/Orderer/BlockValidation`. With `consenters`
/// (of a channel with the capability `V3_0`) a signer may be named by number; those whose number
/// nobody has are passed over.
///
/// # Errors
/// When there is no metadata for signatures, or it or a header in it does not parse.
pub fn block_signatures(
    header: &BlockHeader,
    metadata: &BlockMetadata,
    consenters: Option<&[Consenter]>,
) -> Result<Vec<SignedData<'static>>, BadBlock> {
    let slot = metadata.metadata.get(MetadataSlot::Signatures as usize);
    let metadata: Metadata =
        decode(slot.ok_or(BadBlock::NoMetadata)?).map_err(|_| BadBlock::Metadata)?;
    let header = header_octets(header);
    let mut signed = Vec::with_capacity(metadata.signatures.len());
    for signature in metadata.signatures {
        let by_number =
            signature.signature_header.is_empty() && !signature.identifier_header.is_empty();
        let (identity, signed_header) = match consenters {
            Some(consenters) if by_number => {
                let named: IdentifierHeader =
                    decode(&signature.identifier_header).map_err(|_| BadBlock::Header)?;
                let found = consenters.iter().find(|known| known.id == named.identifier);
                let identity = found.map(|known| consenter_identity(known).encode_to_vec());
                match identity.filter(|identity| !identity.is_empty()) {
                    Some(identity) => (identity, signature.identifier_header),
                    None => continue,
                }
            }
            _ => {
                let named: SignatureHeader =
                    decode(&signature.signature_header).map_err(|_| BadBlock::Header)?;
                (named.creator, signature.signature_header)
            }
        };
        let data = [metadata.value.as_slice(), &signed_header, &header].concat();
        signed.push(SignedData {
            identity: identity.into(),
            data: data.into(),
            signature: signature.signature.into(),
        });
    }
    Ok(signed)
}

/// The identity of a consenter, as it signs.
pub(super) fn consenter_identity(consenter: &Consenter) -> SerializedIdentity {
    let (mspid, id_bytes) = (consenter.msp_id.clone(), consenter.identity.clone());
    SerializedIdentity { mspid, id_bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::asn1::{OctetString, Uint};
    use der::{Encode as _, Sequence};
    use proptest::prelude::*;

    #[derive(Sequence)]
    struct Der {
        number: Uint,
        previous_hash: OctetString,
        data_hash: OctetString,
    }

    proptest! {
        #[test]
        fn header_octets_are_der(
            number: u64,
            shift in 0_u32..64,
            previous_hash in proptest::collection::vec(any::<u8>(), 0..300),
            data_hash in proptest::collection::vec(any::<u8>(), 0..140),
        ) {
            let number = number >> shift;
            let der = Der {
                number: Uint::new(&number.to_be_bytes()).unwrap(),
                previous_hash: OctetString::new(previous_hash.clone()).unwrap(),
                data_hash: OctetString::new(data_hash.clone()).unwrap(),
            };
            let header = BlockHeader { number, previous_hash, data_hash };
            prop_assert_eq!(header_octets(&header), der.to_der().unwrap());
        }
    }
}
