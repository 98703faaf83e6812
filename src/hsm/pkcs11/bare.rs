//! The token with nothing around it: what a signature through the signer is held against.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use serde::{Deserialize, Serialize};

use super::bind::bind;
use super::device::Pkcs11Device;
use super::epoch::OpenEpoch;
use crate::hsm::digest::sha256;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::{Binding, KeyInfo};
use crate::pki::signature;

const OPERATION: &str = "measure the token";

/// As long as what is signed of a certificate, in octets.
const MESSAGE: [u8; 700] = [7; 700];

/// What is done again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BareTurn {
    /// `C_Sign` with ECDSA over a digest, and nothing with what comes of it.
    Sign,
    /// The same, made DER with low S, and verified: what the signer owes for each signature.
    SignAndVerify,
    /// `C_Sign` with HMAC-SHA256 over a short message.
    Mac,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BareFigure {
    /// How many turns.
    pub turns: u64,
    /// How long they took, in seconds.
    pub seconds: f64,
    /// Processor time by the caller's own meter, in its unit.
    pub used: f64,
}

impl Pkcs11Device {
    /// Opens an epoch and lets so many threads, each with a session that has found the key already,
    /// do turns for `length`. The `meter` tells the processor time used so far.
    ///
    /// # Errors
    /// When the token refuses, or a signature does not verify.
    pub fn bare(
        &self,
        key: &KeyInfo,
        turn: BareTurn,
        threads: usize,
        length: Duration,
        meter: &dyn Fn() -> f64,
    ) -> Result<BareFigure, Fault> {
        let unusable = |error| Fault::new(Class::Request, OPERATION, format!("{error}"));
        let binding = Binding::new(key.clone()).map_err(unusable)?;
        self.with_epoch(|epoch| {
            let ready = Barrier::new(threads + 1);
            thread::scope(|scope| {
                let workers: Vec<_> = (0..threads)
                    .map(|_| scope.spawn(|| work(epoch, &binding, turn, &ready, length)))
                    .collect();
                ready.wait();
                let (used, began) = (meter(), Instant::now());
                ready.wait();
                let mut turns = 0;
                for worker in workers {
                    let died = |_| Fault::new(Class::Device, OPERATION, "a thread died");
                    turns += worker.join().map_err(died)??;
                }
                let seconds = began.elapsed().as_secs_f64();
                Ok(BareFigure { turns, seconds, used: meter() - used })
            })
        })?
    }
}

/// One thread: everybody waits until all have found the key, whether they did or not.
fn work(
    epoch: &OpenEpoch<'_>,
    binding: &Binding,
    turn: BareTurn,
    ready: &Barrier,
    length: Duration,
) -> Result<u64, Fault> {
    let opened = epoch.open_session(false).and_then(|session| {
        let key = bind(epoch, &session, &epoch.token, binding)?.raw(epoch);
        once(&session, key, binding, turn, &sha256(&MESSAGE))?;
        Ok((session, key))
    });
    ready.wait();
    ready.wait();
    let (session, key) = opened?;
    let digest = sha256(&MESSAGE);
    let until = Instant::now() + length;
    let mut turns = 0;
    while Instant::now() < until {
        once(&session, key, binding, turn, &digest)?;
        turns += 1;
    }
    Ok(turns)
}

fn once(
    session: &Session,
    key: ObjectHandle,
    binding: &Binding,
    turn: BareTurn,
    digest: &[u8; 32],
) -> Result<(), Fault> {
    let mechanism = match turn {
        BareTurn::Sign | BareTurn::SignAndVerify => Mechanism::Ecdsa,
        BareTurn::Mac => Mechanism::Sha256Hmac,
    };
    let raw = session.sign(&mechanism, key, digest).map_err(Fault::at(OPERATION))?;
    if turn == BareTurn::SignAndVerify {
        let wrong = |error| Fault::new(Class::Alarm, OPERATION, format!("{error}"));
        let public = binding.public.as_ref();
        let public = public.ok_or_else(|| Fault::new(Class::Request, OPERATION, "a secret key"))?;
        let der = signature::ecdsa_der_low_s(public.algorithm(), &raw).map_err(wrong)?;
        signature::verify_digest(public, digest, &der).map_err(wrong)?;
    }
    Ok(())
}
