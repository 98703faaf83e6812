//! Asking orderers in the name of a member.

use std::sync::Arc;

use crate::channel::{Trail, TrailError, Update, Wanted, orderer_endpoints};
use crate::clock::Clock;
use crate::orderer::{self, Options, Orderer, Remote, Security, Seek, seek_payload};
use crate::secret::random;
use crate::service::deputy::Deputy;
use crate::service::error::Error;
use crate::wire::{ConfigGroup, Envelope, Message as _, SignatureHeader};

/// Why an orderer's blocks could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// It did not give them.
    #[error(transparent)]
    Orderer(#[from] orderer::Error),
    /// They are not what was asked for, or not to be believed.
    #[error("the orderer gave a bad answer: {0}")]
    Blocks(#[from] TrailError),
    /// The member did not sign what was to be asked.
    #[error("the question to the orderer could not be signed: {0}")]
    Deputy(#[from] Error),
}

impl ReadFailure {
    /// Whether what was sent contradicts what is known of the channel: an alarm, and no mishap.
    pub fn is_fork(&self) -> bool {
        match self {
            Self::Blocks(TrailError::Forked(_)) => true,
            Self::Blocks(
                TrailError::Block(_)
                | TrailError::Number { .. }
                | TrailError::Sequence { .. }
                | TrailError::TooFar,
            )
            | Self::Orderer(_)
            | Self::Deputy(_) => false,
        }
    }
}

/// The orderers of a configuration. Where `options` has no TLS roots, those count that the configuration has for each.
/// Endpoints that cannot be used are told instead.
pub fn orderers_of(root: &ConfigGroup, options: &Options) -> (Vec<Remote>, Vec<String>) {
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    for endpoint in orderer_endpoints(root) {
        let mut options = options.clone();
        if let Security::Tls { roots, .. } = &mut options.security
            && roots.is_empty()
        {
            *roots = endpoint.tls_roots;
        }
        let named = || endpoint.address.escape_debug().to_string();
        match endpoint.address.parse() {
            Ok(address) => match Remote::new(address, Arc::new(options)) {
                Ok(remote) => usable.push(remote),
                Err(why) => unusable.push(format!("`{}`: {why}", named())),
            },
            Err(why) => unusable.push(format!("`{}`: {why}", named())),
        }
    }
    (usable, unusable)
}

/// Gives a trail the blocks that it asks for.
///
/// # Errors
/// When the orderer does not give them, or gives others.
pub async fn follow_trail(
    trail: &mut Trail,
    channel: &str,
    deputy: &dyn Deputy,
    orderer: &dyn Orderer,
    clock: &Clock,
) -> Result<(), ReadFailure> {
    while let Some(wanted) = trail.wanted() {
        let seek = match wanted {
            Wanted::Newest => Seek::Newest,
            Wanted::Config(number) | Wanted::Telling(number) => Seek::Number(number),
        };
        let header = signature_header(deputy)?;
        let payload = seek_payload(channel, seek, header, orderer.client_hash(), clock.now());
        let seek = signed(payload, deputy).await?;
        trail.take(orderer.block(seek).await?)?;
    }
    Ok(())
}

/// The envelope in which a member hands an update with its signatures to the orderers.
///
/// # Errors
/// When the member does not sign it.
pub async fn update_envelope(update: &Update, deputy: &dyn Deputy) -> Result<Envelope, Error> {
    let envelope = update.to_envelope(signature_header(deputy)?);
    signed(envelope.payload, deputy).await
}

async fn signed(payload: Vec<u8>, deputy: &dyn Deputy) -> Result<Envelope, Error> {
    let signature = deputy.sign(&payload).await?;
    Ok(Envelope { payload, signature })
}

/// Who sends, and a nonce.
fn signature_header(deputy: &dyn Deputy) -> Result<Vec<u8>, Error> {
    let nonce = random::<24>().map_err(Error::internal)?;
    let header = SignatureHeader { creator: deputy.creator(), nonce: nonce.to_vec() };
    Ok(header.encode_to_vec())
}
