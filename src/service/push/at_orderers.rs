//! Where a channel's orderers decide: they are asked what is in force, and are handed what is to be.

use crate::channel::Update;
use crate::orderer::{Orderer, Remote, Several};
use crate::service::administrator::Acting;
use crate::service::alarms::Fork;
use crate::service::catch_up::CaughtUp;
use crate::service::error::{Error, Kind};
use crate::service::membership::KnownChannel;
use crate::service::office::Office;
use crate::service::orderers::{orderers_of, update_envelope};

impl Office {
    /// Whether this server talks to orderers by itself.
    pub(super) fn is_connected(&self) -> bool {
        self.orderers.is_some()
    }

    /// An administrator whose key is in the token and who is in this channel: in whose name its orderers are asked.
    ///
    /// # Errors
    /// Of the token or the store.
    pub(super) async fn reader_of(&self, known: &KnownChannel) -> Result<Option<Acting>, Error> {
        for organization in self.organizations() {
            let is_in = organization.is_in(known.current.root());
            if let Some(administrator) = organization.administrator.as_ref().filter(|_| is_in) {
                return administrator.acting().await.map(Some);
            }
        }
        Ok(None)
    }

    /// Takes what the channel's orderers have that follows what is known.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when none of them shows what is in force. One that contradicts what is known is told of, and does
    /// not keep the others from it.
    pub(super) async fn look_at_orderers(
        &self,
        known: &KnownChannel,
        reader: &Acting,
    ) -> Result<CaughtUp, Error> {
        let (remotes, unusable) = self.remotes_of(known)?;
        let remotes: Vec<&dyn Orderer> = remotes.iter().map(|one| one as &dyn Orderer).collect();
        let told = self.catch_up(known.id.as_str(), reader, &remotes).await?;
        if told.answered == 0 {
            let forks = told.forks.iter().map(ToString::to_string);
            let why: Vec<_> = forks.chain(told.failures).chain(unusable).collect();
            return Err(none(&why));
        }
        Ok(told)
    }

    /// The orderers of a channel, and why some cannot be used.
    fn remotes_of(&self, known: &KnownChannel) -> Result<(Vec<Remote>, Vec<String>), Error> {
        let options = self.orderers.as_ref();
        let options =
            options.ok_or_else(|| Error::new(Kind::Unavailable, "there is no `[orderers]`"))?;
        Ok(orderers_of(known.current.root(), options))
    }

    /// Hands an update with its signatures to the channel's orderers, but to none that contradicts what is known of the
    /// channel. That they took it says not yet that it is in force.
    ///
    /// # Errors
    /// When none took it, or nobody knows.
    pub(super) async fn hand_in(
        &self,
        known: &KnownChannel,
        update: &Update,
        sender: &Acting,
        forks: &[Fork],
    ) -> Result<(), Error> {
        let (mut remotes, unusable) = self.remotes_of(known)?;
        remotes.retain(|remote| !forks.iter().any(|fork| fork.orderer == remote.name()));
        if remotes.is_empty() {
            return Err(none(&unusable));
        }
        let envelope = update_envelope(update, sender).await?;
        let several = Several::new(remotes);
        several.broadcast(envelope).await.map_err(|why| {
            let what = if why.may_be_done() {
                "it is not known whether the orderers have it"
            } else {
                "the orderers did not take it"
            };
            Error::new(Kind::Unavailable, what).because(why)
        })
    }
}

/// There is no orderer to ask, for these reasons.
fn none(why: &[String]) -> Error {
    let why = if why.is_empty() {
        "the configuration names no orderers".to_owned()
    } else {
        why.join("; ")
    };
    Error::new(Kind::Unavailable, why)
}
