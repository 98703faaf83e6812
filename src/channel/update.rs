//! Updates of a configuration: what they ask for, and who signed them.

use super::flat::check_names;
use super::refused::UpdateError;
use crate::policy::SignedData;
use crate::wire::{
    ChannelHeader, ConfigGroup, ConfigSignature, ConfigUpdate, ConfigUpdateEnvelope, Envelope,
    Header, HeaderType, Message as _, Payload, SignatureHeader, canonical, decode,
};

/// An update that could be read.
#[derive(Debug, Clone)]
pub struct Update {
    /// What is signed.
    octets: Vec<u8>,
    message: ConfigUpdate,
    signatures: Vec<ConfigSignature>,
}

impl Update {
    /// Reads an update out of an envelope of the type `CONFIG_UPDATE`. The channel that the envelope says to be for, its
    /// sender and its signature are not looked at.
    ///
    /// # Errors
    /// When there is no update in it.
    pub fn from_envelope(envelope: &Envelope) -> Result<Self, UpdateError> {
        let payload: Payload =
            decode(&envelope.payload).map_err(|_| UpdateError::Envelope("no payload"))?;
        let header = payload.header.ok_or(UpdateError::Envelope("no header"))?;
        let header: ChannelHeader =
            decode(&header.channel_header).map_err(|_| UpdateError::Envelope("no header"))?;
        if header.r#type != i32::from(HeaderType::ConfigUpdate) {
            return Err(UpdateError::Envelope("its header says another type"));
        }
        Self::from_octets(&payload.data)
    }

    /// Reads a `ConfigUpdateEnvelope`.
    ///
    /// # Errors
    /// When it, or the update in it, does not parse.
    pub fn from_octets(octets: &[u8]) -> Result<Self, UpdateError> {
        let envelope: ConfigUpdateEnvelope = decode(octets)
            .map_err(|_| UpdateError::Envelope("no update with signatures in the payload"))?;
        Self::new(envelope.config_update, envelope.signatures)
    }

    /// Reads a `ConfigUpdate` that comes with these signatures.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn new(octets: Vec<u8>, signatures: Vec<ConfigSignature>) -> Result<Self, UpdateError> {
        let message =
            decode(&octets).map_err(|_| UpdateError::Envelope("the update does not parse"))?;
        Ok(Self { octets, message, signatures })
    }

    /// An update that nobody has signed yet.
    pub fn unsigned(message: ConfigUpdate) -> Self {
        Self { octets: canonical(&message), message, signatures: Vec::new() }
    }

    /// What it asks for.
    pub fn message(&self) -> &ConfigUpdate {
        &self.message
    }

    /// The octets of the `ConfigUpdate`, which signatures are over.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Its signatures.
    pub fn signatures(&self) -> &[ConfigSignature] {
        &self.signatures
    }

    /// Adds a signature.
    pub fn sign(&mut self, signature: ConfigSignature) {
        self.signatures.push(signature);
    }

    /// What a signature with this `SignatureHeader` is over.
    pub fn to_be_signed(&self, signature_header: &[u8]) -> Vec<u8> {
        [signature_header, &self.octets].concat()
    }

    /// The envelope for an orderer, which its sender has yet to sign: `signature_header` is the sender's.
    pub fn to_envelope(&self, signature_header: Vec<u8>) -> Envelope {
        let header = ChannelHeader {
            r#type: HeaderType::ConfigUpdate.into(),
            channel_id: self.message.channel_id.clone(),
            ..ChannelHeader::default()
        };
        let envelope = ConfigUpdateEnvelope {
            config_update: self.octets.clone(),
            signatures: self.signatures.clone(),
        };
        let header = Header { channel_header: header.encode_to_vec(), signature_header };
        let payload = Payload { header: Some(header), data: envelope.encode_to_vec() };
        Envelope { payload: payload.encode_to_vec(), signature: Vec::new() }
    }

    /// Who signed what, for the mod policies.
    ///
    /// # Errors
    /// When the header of a signature does not parse.
    pub fn signed(&self) -> Result<Vec<SignedData<'_>>, UpdateError> {
        let read = |signature: &ConfigSignature| {
            let header: SignatureHeader = decode(&signature.signature_header)
                .map_err(|_| UpdateError::Envelope("the header of a signature does not parse"))?;
            Ok(SignedData {
                identity: header.creator.into(),
                data: self.to_be_signed(&signature.signature_header).into(),
                signature: signature.signature.clone().into(),
            })
        };
        self.signatures.iter().map(read).collect()
    }

    /// What it was made from; nothing at all when that is absent.
    pub(super) fn read_set(&self) -> Result<Option<&ConfigGroup>, UpdateError> {
        named(self.message.read_set.as_ref())
    }

    /// What it shall be.
    pub(super) fn write_set(&self) -> Result<Option<&ConfigGroup>, UpdateError> {
        named(self.message.write_set.as_ref())
    }
}

fn named(set: Option<&ConfigGroup>) -> Result<Option<&ConfigGroup>, UpdateError> {
    set.map_or(Ok(()), check_names).map_err(UpdateError::IllegalKey)?;
    Ok(set)
}
