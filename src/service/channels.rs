//! The channels of this server: taken from configurations, shown, forgotten.

use std::sync::Arc;

use tracing::info;

use crate::channel::Update;
use crate::id::ChannelId;
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::membership::KnownChannel;
use crate::service::office::Office;
use crate::service::rules::{CHANNEL_MANAGER, may_manage_channels};
use crate::store::{Change, ChannelRow, Write};
use crate::wire::{Config, decode};

/// The largest configuration that is kept, in octets. Fabric's own messages end at 100 MiB.
const MAX_CONFIG: usize = 32 << 20;

/// A configuration to be kept.
#[derive(Debug, Clone)]
pub struct ImportChannel {
    /// The channel.
    pub id: ChannelId,
    /// Its configuration: a `common.Config`.
    pub config: Vec<u8>,
    /// The update that led to it, when it is told: open proposals of the same update are applied by it.
    pub last_update: Option<Update>,
    /// Whether this server shall decide over it, and not the channel's orderers; no unless it is said.
    pub govern_here: Option<bool>,
}

impl Office {
    /// Keeps the configuration of a channel, a new one or one that this server knows; of the latter
    /// only a later configuration is taken, and the same one again changes nothing.
    ///
    /// Whoever imports vouches for it: that the channel's orderers agreed on it is not proven here.
    ///
    /// # Errors
    /// [`Kind::Forbidden`]; [`Kind::Malformed`] with what a node would not load; [`Kind::Conflict`] for
    /// a configuration that is not later than the one that is known, and for a channel that this server decides
    /// over: such a one is changed by proposals.
    pub async fn import_channel(
        &self,
        caller: &Caller,
        request: ImportChannel,
    ) -> Result<Arc<KnownChannel>, Error> {
        let id = request.id.as_str();
        let authority = self.channel_manager(caller, "refused-import-channel", id).await?;
        if request.config.len() > MAX_CONFIG {
            let why = format!("`config` is longer than {MAX_CONFIG} octets");
            return Err(Error::malformed(why));
        }
        let config: Config = decode(&request.config)
            .map_err(|why| Error::malformed(format!("`config` does not parse: {why}")))?;
        let membership = self.membership().await?;
        let before = membership.channel(request.id.as_str());
        if before.is_some_and(|known| known.governed_here) {
            // Whoever may import would otherwise decide alone what others must sign.
            let why = "this server decides over the channel by signatures: propose the change";
            return Err(Error::new(Kind::Conflict, why));
        }
        let row = ChannelRow {
            id: request.id,
            sequence: config.sequence,
            at: authority.clock().now(),
            governed_here: request.govern_here.unwrap_or(false),
            config: request.config,
        };
        let known = Arc::new(KnownChannel::load(&row)?);
        let follows = before.map(|known| known.sequence);
        if let Some(follows) = follows
            && follows >= row.sequence
        {
            let why = format!(
                "the channel is known as of sequence {follows}, which is not before {}",
                row.sequence
            );
            return Err(Error::new(Kind::Conflict, why));
        }
        let subject = format!("{} at sequence {}", row.id, row.sequence);
        let entry = authority.entry(caller.id(), "import-channel", subject, "");
        let (id, sequence) = (row.id.clone(), row.sequence);
        let keep = self.keep_channel(row, follows, request.last_update.as_ref()).await?;
        let write = caller.once(keep.into_write(entry));
        authority.store.write(write).await.map_err(Error::from_spent)?;
        info!(channel.id = %id, channel.sequence = sequence, "imported channel `{id}`");
        Ok(known)
    }

    /// Forgets a channel; the audit trail does not.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], [`Kind::UnknownChannel`], [`Kind::Conflict`] when it changes meanwhile.
    pub async fn forget_channel(&self, caller: &Caller, id: &ChannelId) -> Result<(), Error> {
        let authority = self.channel_manager(caller, "refused-forget-channel", id.as_str()).await?;
        let sequence = self.membership().await?.known(id.as_str())?.sequence;
        let subject = format!("{id} at sequence {sequence}");
        let entry = authority.entry(caller.id(), "forget-channel", subject, "");
        let forget = Change::ForgetChannel { id: id.clone(), sequence };
        authority
            .store
            .write(caller.once(Write::new(forget, entry)))
            .await
            .map_err(Error::from_spent)?;
        info!(channel.id = %id, "forgot channel `{id}`");
        Ok(())
    }

    /// The CA of a caller who may change what this server knows of channels; the refusal of others is written down.
    pub(super) async fn channel_manager(
        &self,
        caller: &Caller,
        deed: &'static str,
        subject: &str,
    ) -> Result<&Arc<Authority>, Error> {
        let authority = self.authority_of(caller)?;
        let done = if may_manage_channels(&caller.identity) {
            Ok(())
        } else {
            Err(Error::forbidden(format!("the caller lacks `{CHANNEL_MANAGER}`")))
        };
        authority.audited(caller, deed, subject, done).await?;
        Ok(authority)
    }
}
