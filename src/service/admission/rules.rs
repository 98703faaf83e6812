//! The rules of admission of a channel are set and read.

use tracing::info;

use crate::channel::AdmissionRules;
use crate::service::caller::Caller;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind};
use crate::service::office::Office;
use crate::store::{Change, DocumentRow, Write};

/// The kind of the documents that hold rules of admission.
pub(super) const ADMISSION: &str = "admission";

impl Office {
    /// A document of a channel.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`], [`Kind::UnknownDocument`]; of the store.
    pub async fn channel_document(&self, channel: &str, kind: &str) -> Result<DocumentRow, Error> {
        let id = self.membership().await?.known(channel)?.id.clone();
        let found = self.store().read().channel_document(&id, kind).await?;
        found.ok_or_else(|| {
            let kind: String = kind.chars().take(64).collect();
            let why = format!("the channel `{id}` has no document of the kind `{kind}`");
            Error::new(Kind::UnknownDocument, why)
        })
    }

    /// Keeps a document of a channel, in the place of the one that is there.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], [`Kind::UnknownChannel`], [`Kind::UnknownDocument`] for a kind that there is not;
    /// [`Kind::Malformed`] with the line, when it does not read or is not for the channel as it is; [`Kind::Conflict`]
    /// when another is kept meanwhile.
    pub async fn set_channel_document(
        &self,
        caller: &Caller,
        channel: &str,
        kind: &str,
        content: Vec<u8>,
    ) -> Result<DocumentRow, Error> {
        let authority = self.channel_manager(caller, "refused-channel-document", channel).await?;
        let membership = self.membership().await?;
        let id = membership.known(channel)?.id.clone();
        if kind != ADMISSION {
            let kind: String = kind.chars().take(64).collect();
            let why =
                format!("channels have no documents of the kind `{kind}`; there is `{ADMISSION}`");
            return Err(Error::new(Kind::UnknownDocument, why));
        }
        let at = self.clock().now();
        let (of, text) = (id.clone(), content.clone());
        let judged = on_cores(move || {
            let known = membership.known(of.as_str())?;
            AdmissionRules::read(&text)
                .and_then(|rules| rules.compile(of.as_str(), known.channel(), at))
                .map_err(|why| Error::malformed(format!("`content`: {why}")))
        });
        judged.await??;
        let before = self.store().read().channel_document(&id, kind).await?;
        let row = DocumentRow { channel: id.clone(), kind: kind.to_owned(), content, at };
        let entry =
            authority.entry(caller.id(), "set-channel-document", format!("{kind} of {id}"), "");
        let keep =
            Change::KeepDocument { row: row.clone(), follows: before.map(|row| row.content) };
        let write = caller.once(Write::new(keep, entry));
        authority.store.write(write).await.map_err(Error::from_spent)?;
        info!(channel.id = %id, "kept the {kind} rules of channel `{id}`");
        Ok(row)
    }
}
