//! What is written down for a channel is set and read: its rules of admission, its collections.

use tracing::info;

use crate::channel::document::compile_collections;
use crate::channel::{AdmissionRules, MAX_ADMISSION};
use crate::clock::Timestamp;
use crate::service::caller::Caller;
use crate::service::collections::COLLECTIONS;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind};
use crate::service::membership::KnownChannel;
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
        let judge = match kind {
            ADMISSION => judge_rules,
            COLLECTIONS => judge_collections,
            _ => {
                let kind: String = kind.chars().take(64).collect();
                let why = format!(
                    "channels have no documents of the kind `{kind}`; there are `{ADMISSION}` and `{COLLECTIONS}`"
                );
                return Err(Error::new(Kind::UnknownDocument, why));
            }
        };
        let at = self.clock().now();
        let (of, text) = (id.clone(), content.clone());
        let judged = on_cores(move || {
            let known = membership.known(of.as_str())?;
            judge(known, &text, at).map_err(|why| Error::malformed(format!("`content`: {why}")))
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
        info!(channel.id = %id, "kept the document `{kind}` of channel `{id}`");
        Ok(row)
    }
}

fn judge_rules(known: &KnownChannel, text: &[u8], at: Timestamp) -> Result<(), String> {
    AdmissionRules::read(text)
        .and_then(|rules| rules.compile(known.id.as_str(), known.channel(), at))
        .map(drop)
        .map_err(|why| why.to_string())
}

/// As peers judge what a chaincode's definition brings.
fn judge_collections(known: &KnownChannel, text: &[u8], _: Timestamp) -> Result<(), String> {
    if text.len() > MAX_ADMISSION {
        return Err(format!("it is longer than {MAX_ADMISSION} octets"));
    }
    let text = std::str::from_utf8(text).map_err(|_| "it is no text".to_owned())?;
    compile_collections(text, Some(known.channel())).map(drop).map_err(|why| why.to_string())
}
