//! Several orderers of a channel, asked one after another.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;

use super::error::{Error, Kind};
use super::remote::Orderer;
use crate::wire::{Block, Envelope};

/// Several orderers. The one that answered last is asked first.
#[derive(Debug)]
pub struct Several<O> {
    orderers: Vec<O>,
    first: AtomicUsize,
}

impl<O: Orderer> Several<O> {
    /// These orderers, which are reached with the same certificate.
    pub fn new(orderers: Vec<O>) -> Self {
        Self { orderers, first: AtomicUsize::new(0) }
    }

    /// They.
    pub fn orderers(&self) -> &[O] {
        &self.orderers
    }

    /// Asks another orderer first from now on.
    pub fn move_on(&self) {
        self.first.fetch_add(1, Ordering::Relaxed);
    }

    async fn each<'a, T>(
        &'a self,
        ask: impl Fn(&'a O) -> BoxFuture<'a, Result<T, Error>>,
    ) -> Result<T, Error> {
        let count = self.orderers.len();
        let first = self.first.load(Ordering::Relaxed);
        let (mut last, mut may_be_done) = (None, false);
        for turn in 0..count {
            let at = first.wrapping_add(turn) % count;
            let Some(orderer) = self.orderers.get(at) else { break };
            match ask(orderer).await {
                Ok(done) => {
                    self.first.store(at, Ordering::Relaxed);
                    return Ok(done);
                }
                Err(error) => {
                    may_be_done |= error.may_be_done();
                    let goes_on = error.is_for_another();
                    last = Some(error);
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        let none = || Error::new(Kind::Unavailable, &"none", "is known");
        let error = last.unwrap_or_else(none);
        Err(if may_be_done { error.perhaps() } else { error })
    }
}

impl<O: Orderer> Orderer for Several<O> {
    fn name(&self) -> String {
        let names: Vec<String> = self.orderers.iter().map(Orderer::name).collect();
        names.join(", ")
    }

    fn client_hash(&self) -> Vec<u8> {
        self.orderers.first().map(Orderer::client_hash).unwrap_or_default()
    }

    /// An envelope that may have been taken by one is handed to the next all the same: orderers take a config update
    /// once, as its versions fit once.
    fn broadcast(&self, envelope: Envelope) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move { self.each(|orderer| orderer.broadcast(envelope.clone())).await })
    }

    fn block(&self, seek: Envelope) -> BoxFuture<'_, Result<Block, Error>> {
        Box::pin(async move { self.each(|orderer| orderer.block(seek.clone())).await })
    }
}
